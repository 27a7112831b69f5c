#!/usr/bin/python3
"""The object store of `graft up` as its clients use it: boto3 old and new, the AWS CLI v1 and v2, s3cmd, rclone and
@aws-sdk/client-s3; and what a kill leaves of writes."""
import filecmp
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time
import unittest

import support
from platforms import REGION, Platform

TESTS = pathlib.Path(__file__).parent
NEW_PYTHON = support.ROOT / "build/python/bin/python"
NEW_AWS = support.ROOT / "build/python/bin/aws"
NODE_MODULES = support.ROOT / "build/node/node_modules"
MB = 1 << 20


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=240, **options)


class Clients(support.ProductTest):
    @classmethod
    def setUpClass(cls):
        cls.data = support.scratch_folder() / "s3"
        cls.platform = Platform(cls.data)
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        cls.addClassCleanup(cls.platform.__exit__)
        cls.pictures = support.images() / "train"

    def run_client(self, *words, **options):
        environment = {**self.platform.environment(), "HOME": str(self.folder)}
        environment.pop("AWS_CA_BUNDLE", None)  # rclone does not start with one
        done = run(*words, env=environment, **options)
        self.assertEqual(done.returncode, 0, f"{words[:4]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def assert_same_folders(self, one, other):
        names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
        self.assertEqual(names, sorted(str(path.relative_to(other)) for path in other.rglob("*") if path.is_file()))
        self.assertEqual(filecmp.cmpfiles(one, other, names, shallow=False)[0], names)

    def boto3_flow(self, python, bucket):
        seen = json.loads(self.run_client(python, TESTS / "s3_flow.py", bucket).splitlines()[-1])
        version = seen.pop("version")
        self.assertEqual(seen, {
            "buckets": True, "location": True,
            "large": [100 * MB, "application/x-tar", {"who": "me"}, "-13"], "large_back": True, "range": True, "copy": True,
            "listed": True, "groups": [f"many/{number}/" for number in range(7)], "same": True, "deleted": 250, "left": 0,
            "presigned default": "presigned", "sent default": "sent default", "form default": 204,
            "presigned v4": "presigned", "sent v4": "sent v4", "form v4": 204, "form content": True,
            "if_match": "PreconditionFailed", "if_none_match": "304", "range error": "InvalidRange",
            "missing": "NoSuchKey", "missing head": "404", "not built": "NotImplemented",
            "tags": [{"Key": "a", "Value": "b c"}], "new tags": [{"Key": "ä", "Value": "ö"}],
            "CRC32": "NhCmhg==", "SHA1": "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
            "SHA256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}, f"boto3 {version}")

    def test_boto3_of_debian(self):
        self.boto3_flow("/usr/bin/python3", "debian-boto3")

    @unittest.skipUnless(NEW_PYTHON.exists(), "./run test installs the newest boto3")
    def test_boto3_of_today(self):
        self.boto3_flow(NEW_PYTHON, "new-boto3")

    def aws_cli(self, program, bucket):
        def aws(*words):
            return self.run_client(program, "--endpoint-url", self.platform.url, *words)

        aws("s3", "mb", f"s3://{bucket}")
        aws("s3", "sync", self.pictures, f"s3://{bucket}/images/train")
        self.assertEqual(aws("s3", "sync", self.pictures, f"s3://{bucket}/images/train"), "", "nothing is left to sync")
        back = self.folder / "back"
        aws("s3", "sync", f"s3://{bucket}/images/train", back)
        self.assert_same_folders(self.pictures, back)
        large = self.folder / "large"
        large.write_bytes(random.Random(1).randbytes(20 * MB + 5))
        aws("s3", "cp", large, f"s3://{bucket}/large")
        aws("s3", "cp", f"s3://{bucket}/large", f"s3://{bucket}/again")
        aws("s3", "mv", f"s3://{bucket}/again", f"s3://{bucket}/moved")
        aws("s3", "cp", f"s3://{bucket}/moved", self.folder / "moved")
        self.assertEqual((self.folder / "moved").read_bytes(), large.read_bytes())
        self.assertIn("PRE images/", aws("s3", "ls", f"s3://{bucket}/"))
        self.assertNotIn("again", aws("s3", "ls", f"s3://{bucket}/"))
        url = aws("s3", "presign", f"s3://{bucket}/large").strip()
        self.assertEqual(hashlib.md5(run_bytes("curl", "-sf", url)).digest(), hashlib.md5(large.read_bytes()).digest())
        aws("s3", "rm", "--recursive", f"s3://{bucket}/")
        aws("s3", "rb", f"s3://{bucket}")

    @unittest.skipUnless(os.path.exists("/usr/bin/aws"), "needs the AWS CLI v2")
    def test_aws_cli_2(self):
        self.aws_cli("/usr/bin/aws", "aws-cli-2")

    @unittest.skipUnless(NEW_AWS.exists(), "./run test installs the AWS CLI v1")
    def test_aws_cli_1(self):
        self.aws_cli(NEW_AWS, "aws-cli-1")

    @unittest.skipUnless(shutil.which("s3cmd"), "needs s3cmd")
    def test_s3cmd(self):
        keys = self.platform.keys
        host = self.platform.url.removeprefix("http://")
        config = self.folder / "s3cfg"
        config.write_text(f"[default]\naccess_key = {keys['AWS_ACCESS_KEY_ID']}\nsecret_key = "
                          f"{keys['AWS_SECRET_ACCESS_KEY']}\nhost_base = {host}\nhost_bucket = {host}\nuse_https = False\n"
                          f"bucket_location = {REGION}\n")

        def s3cmd(*words):
            return self.run_client("s3cmd", "-c", config, "--no-progress", *words)

        s3cmd("mb", "s3://s3cmd")
        s3cmd("sync", f"{self.pictures}/", "s3://s3cmd/train/")
        back = self.folder / "back"
        back.mkdir()
        s3cmd("sync", "s3://s3cmd/train/", f"{back}/")
        self.assert_same_folders(self.pictures, back)
        large = self.folder / "large"
        large.write_bytes(random.Random(2).randbytes(20 * MB))
        s3cmd("put", "--multipart-chunk-size-mb=5", large, "s3://s3cmd/large")
        s3cmd("get", "s3://s3cmd/large", self.folder / "large.back")
        self.assertEqual((self.folder / "large.back").read_bytes(), large.read_bytes())
        s3cmd("cp", "s3://s3cmd/large", "s3://s3cmd/copy")
        self.assertIn("s3://s3cmd/copy", s3cmd("ls", "s3://s3cmd/"))
        s3cmd("info", "s3://s3cmd/copy")
        s3cmd("del", "--recursive", "--force", "s3://s3cmd/")
        s3cmd("rb", "s3://s3cmd")

    @unittest.skipUnless(shutil.which("rclone"), "needs rclone")
    def test_rclone(self):
        remote = f":s3,provider=Other,env_auth,endpoint='{self.platform.url}',region={REGION},force_path_style:rclone-test"

        def rclone(*words):
            return self.run_client("rclone", "--config", "/dev/null", *words)

        rclone("mkdir", remote)
        rclone("sync", self.pictures, f"{remote}/train")
        rclone("check", self.pictures, f"{remote}/train")
        large = self.folder / "up" / "large"
        large.parent.mkdir()
        large.write_bytes(random.Random(3).randbytes(20 * MB))
        rclone("copy", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", large, remote)
        rclone("copy", f"{remote}/large", self.folder / "down")
        self.assertEqual((self.folder / "down" / "large").read_bytes(), large.read_bytes())
        self.assertEqual(len(rclone("lsf", "-R", "--files-only", f"{remote}/train").splitlines()),
                         sum(path.is_file() for path in self.pictures.rglob("*")))
        rclone("purge", remote)

    @unittest.skipUnless((NODE_MODULES / "@aws-sdk/client-s3").is_dir(), "needs @aws-sdk/client-s3")
    def test_javascript(self):
        script = NODE_MODULES.parent / "s3_client.mjs"
        shutil.copyfile(TESTS / "s3_client.mjs", script)
        seen = json.loads(self.run_client("node", script, "javascript").splitlines()[-1])
        self.assertEqual(seen, {"keys": ["b.txt"], "groups": ["a/"], "content": "of a/1 ä.txt", "metadata": {"who": "me"},
                                "range": "a/1", "missing": "NotFound", "deleted": 3})

    def test_another_account_sees_nothing(self):
        added = support.graft("user", "add", "stranger", "--data", self.data)
        keys = dict(line.removeprefix("export ").split("=", 1) for line in added.stdout.splitlines() if "export AWS_" in line)
        self.assertIn("AWS_SECRET_ACCESS_KEY", keys, added.stdout + added.stderr)
        owner, stranger = self.platform.client("s3"), self.platform.client("s3", keys=keys)
        owner.create_bucket(Bucket="private", CreateBucketConfiguration={"LocationConstraint": REGION})
        owner.put_object(Bucket="private", Key="key", Body=b"secret")
        for call in (lambda: stranger.get_object(Bucket="private", Key="key"),
                     lambda: stranger.list_objects_v2(Bucket="private"),
                     lambda: stranger.put_object(Bucket="private", Key="key", Body=b"x"),
                     lambda: stranger.delete_object(Bucket="private", Key="key")):
            with self.assertRaises(stranger.exceptions.ClientError) as caught:
                call()
            self.assertEqual(caught.exception.response["Error"]["Code"], "AccessDenied")
        self.assertEqual(stranger.list_buckets()["Buckets"], [])


def run_bytes(*words):
    return subprocess.run(words, capture_output=True, timeout=60).stdout


class Writer(threading.Thread):
    """Writes objects until the store is gone; remembers what was acknowledged, and what was on its way."""

    def __init__(self, s3, number):
        super().__init__()
        self.s3, self.number, self.acknowledged, self.pending = s3, number, {}, {}

    def run(self):
        chance = random.Random(self.number)
        step = 0
        while True:
            key = f"{self.number}/{chance.randrange(20)}"
            size = chance.choice((10, 4000, 40_000, 1_000_000, 6 * MB))
            body = hashlib.sha256(f"{self.number} {step}".encode()).digest() * (size // 32 + 1)
            digest = hashlib.md5(body).hexdigest()
            self.pending = {key: digest}
            try:
                if size == 6 * MB:
                    self.put_parts(key, body)
                else:
                    self.s3.put_object(Bucket="bucket", Key=key, Body=body)
            except Exception:  # of any kind: the store was killed
                return
            self.acknowledged[key] = digest
            self.pending = {}
            step += 1

    def put_parts(self, key, body):
        upload = self.s3.create_multipart_upload(Bucket="bucket", Key=key)["UploadId"]
        parts = [{"PartNumber": number + 1, "ETag": self.s3.upload_part(
            Bucket="bucket", Key=key, UploadId=upload, PartNumber=number + 1,
            Body=body[number * 5 * MB:(number + 1) * 5 * MB])["ETag"]} for number in range(2)]
        self.s3.complete_multipart_upload(Bucket="bucket", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


class Kill(support.ProductTest):
    def test_what_was_acknowledged_reads_back_right(self):
        kills = int(os.environ.get("GRAFT_S3_KILLS", "5"))
        with Platform(self.folder / "data") as platform:
            platform.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
            expected = {}
            for round_number in range(kills):
                writers = [Writer(platform.client("s3", max_pool_connections=2), 100 * round_number + i) for i in range(4)]
                for writer in writers:
                    writer.start()
                time.sleep(random.Random(round_number).uniform(0.3, 2))
                platform.kill()
                for writer in writers:
                    writer.join()
                    expected.update({key: {digest} for key, digest in writer.acknowledged.items()})
                    for key, digest in writer.pending.items():
                        expected.setdefault(key, {None}).add(digest)
                platform.start()
                self.check(platform.client("s3"), expected)
            self.assertTrue(expected)
            self.check_files(platform)

    def check(self, s3, expected):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket")
        there = {item["Key"] for page in pages for item in page.get("Contents", [])}
        for key, allowed in expected.items():
            digest = None
            if key in there:
                digest = hashlib.md5(s3.get_object(Bucket="bucket", Key=key)["Body"].read()).hexdigest()
            self.assertIn(digest, allowed, f"{key} is torn or lost")

    def check_files(self, platform):
        """After a start nothing is left of what was on its way but the parts of unfinished uploads."""
        s3 = platform.client("s3")
        for upload in s3.list_multipart_uploads(Bucket="bucket").get("Uploads", []):
            s3.abort_multipart_upload(Bucket="bucket", Key=upload["Key"], UploadId=upload["UploadId"])
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket")
        large = sum(item["Size"] > 32 << 10 for page in pages for item in page.get("Contents", []))
        folder = platform.folder / "objects" / "objects"
        deadline = time.monotonic() + 20
        while sum(path.is_file() for path in folder.rglob("*")) != large:
            self.assertLess(time.monotonic(), deadline, "files that nothing names are left")
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(unittest.main())
