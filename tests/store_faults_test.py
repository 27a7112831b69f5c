#!/usr/bin/python3
"""The object store of `graft up` on a disk that is full, or that loses what it was given: what it refuses, what it goes
on serving, and that it works again when there is room."""
import os
import random
import subprocess
import sys
import unittest

import botocore.exceptions

import support
from platforms import REGION, Platform

MB = 1 << 20


def mount(folder, size):
    """A file system in memory, if we may."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True)
    return done.returncode == 0


def noise(size, seed=0):
    return random.Random(seed).randbytes(size)


def error_of(call, **arguments):
    """(code, status) of what the store refuses; ("", 200) of what it does."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "", 200


FULL = ("StorageFull", 507)


class FullDisk(support.ProductTest):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        if not mount(self.disk, "48m"):
            self.skipTest("mounting a tmpfs needs root's rights")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.platform = Platform(self.disk / "data")
        self.addCleanup(self.platform.__exit__)
        self.platform.log = self.folder / "log"
        self.s3 = self.platform.client("s3")
        self.s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})

    def put(self, key, body):
        return error_of(self.s3.put_object, Bucket="bucket", Key=key, Body=body)

    def get(self, key):
        return self.s3.get_object(Bucket="bucket", Key=key)["Body"].read()

    def keys(self):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="bucket")
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def files(self):
        return sorted(path.name for path in (self.disk / "data/objects/objects").rglob("*") if path.is_file())

    def fill(self, size):
        """Puts objects of this size until one does not fit; the keys that did."""
        for number in range(10_000):
            answer = self.put(f"{size}/{number}", noise(size, number))
            if answer != ("", 200):
                self.assertEqual(answer, FULL)
                return [f"{size}/{before}" for before in range(number)]
        self.fail("the disk does not become full")

    def test_large_objects(self):
        self.put("small", b"here")
        kept = self.fill(3 * MB)
        self.assertTrue(kept)
        files = self.files()
        self.assertEqual(len(files), len(kept), "what did not fit left something behind")
        self.assertEqual(self.put("huge", noise(60 * MB)), FULL)
        self.assertEqual(self.put("small", noise(4 * MB)), FULL)
        self.assertEqual(self.get("small"), b"here", "who does not fit replaces nothing")
        upload = error_of(self.s3.upload_part, Bucket="bucket", Key="parts", PartNumber=1, Body=noise(6 * MB),
                          UploadId=self.s3.create_multipart_upload(Bucket="bucket", Key="parts")["UploadId"])
        self.assertEqual(upload, FULL)
        self.assertEqual(self.files(), files)
        for number, key in enumerate(kept):
            self.assertEqual(self.get(key), noise(3 * MB, number))
        self.assertEqual(sorted(self.keys()), sorted([*kept, "small"]))
        for key in kept[:3]:
            self.assertEqual(error_of(self.s3.delete_object, Bucket="bucket", Key=key), ("", 200))
        self.assertEqual(self.put("again", noise(3 * MB, 77)), ("", 200))
        self.assertEqual(self.get("again"), noise(3 * MB, 77))

    def test_small_objects_in_the_index(self):
        kept = self.fill(20_000)
        self.assertGreater(len(kept), 100)
        self.assertEqual(self.get(kept[0]), noise(20_000, 0))
        for key in kept[:len(kept) // 2]:
            self.assertEqual(error_of(self.s3.delete_object, Bucket="bucket", Key=key), ("", 200))
        for number in range(50):
            self.assertEqual(self.put(f"again/{number}", noise(20_000, number)), ("", 200))
        self.assertEqual(self.get("again/49"), noise(20_000, 49))
        self.assertEqual(self.get(kept[-1]), noise(20_000, len(kept) - 1))

    def test_somebody_else_fills_it_to_the_last_byte(self):
        self.put("large", noise(2 * MB))
        self.put("small", b"here")
        ballast = self.disk / "ballast"
        with open(ballast, "wb") as file, self.assertRaises(OSError):
            while True:
                os.write(file.fileno(), bytes(4096))
        self.assertEqual(self.put("small", b"new"), FULL)
        self.assertEqual(self.put("more", noise(100_000)), FULL)
        self.assertEqual((self.get("large"), self.get("small")), (noise(2 * MB), b"here"))
        self.assertEqual(sorted(self.keys()), ["large", "small"])
        self.platform.kill()
        ballast.unlink()
        self.platform.start()
        self.assertEqual(self.put("small", b"new"), ("", 200))
        self.assertEqual((self.get("large"), self.get("small")), (noise(2 * MB), b"new"))


class BrokenDisk(support.ProductTest):
    def test_a_file_that_is_lost_or_damaged_is_an_error_and_nothing_else_suffers(self):
        with Platform(self.folder / "data") as platform:
            s3 = platform.client("s3")
            s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
            for key in ("damaged", "missing", "good"):
                s3.put_object(Bucket="bucket", Key=key, Body=noise(MB, key))
            files = [path for path in (platform.folder / "objects/objects").rglob("*") if path.is_file()]
            for path in files:
                content = path.read_bytes()
                if content == noise(MB, "missing"):
                    path.unlink()
                elif content == noise(MB, "damaged"):
                    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            for key in ("damaged", "missing"):
                self.assertEqual(error_of(s3.get_object, Bucket="bucket", Key=key), ("InternalError", 500), key)
            self.assertEqual(s3.get_object(Bucket="bucket", Key="good")["Body"].read(), noise(MB, "good"))
            for key in ("damaged", "missing"):
                s3.put_object(Bucket="bucket", Key=key, Body=b"new")
                self.assertEqual(s3.get_object(Bucket="bucket", Key=key)["Body"].read(), b"new")
            log = platform.log.read_text()
            self.assertIn("damaged on the disk", log)
            self.assertIn("is missing", log)


if __name__ == "__main__":
    sys.exit(unittest.main())
