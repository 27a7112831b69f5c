#!/usr/bin/python3
"""s3:// paths in graft's commands, against `graft up`, and against moto where it is installed."""
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import tarfile
import time
import unittest

import boto3

import support
from platforms import Platform
from support import LABELS, backbone, images, trained_head

MOTO = support.ROOT / "build/python/bin/moto_server"


class Store:
    """A store with an empty bucket, and graft's commands as its users type them."""

    def __init__(self, url, keys, environment):
        self.url, self.environment = url, environment
        self.client = boto3.client("s3", endpoint_url=url, region_name="us-east-1",
                                   aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
                                   aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"])
        self.client.create_bucket(Bucket="bucket")

    def keys(self, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def put_folder(self, folder, prefix):
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.is_file():
                self.client.upload_file(str(path), "bucket", f"{prefix}{path.relative_to(folder)}")

    def graft(self, *arguments):
        return subprocess.run(support.command(*arguments), text=True, capture_output=True, timeout=support.TIMEOUT,
                              env=self.environment)


@contextlib.contextmanager
def platform_store(folder):
    with Platform(folder / "platform") as platform:
        yield Store(platform.url, platform.keys, platform.environment())


@contextlib.contextmanager
def moto_store(folder):
    port, keys = support.free_port(), {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    url = f"http://127.0.0.1:{port}"
    with open(folder / "moto.log", "wb") as log:
        server = subprocess.Popen([MOTO, "-p", str(port)], stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield Store(url, keys, {**support.environment(), **keys, "AWS_ENDPOINT_URL": url,
                                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
                                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"})
    finally:
        server.terminate()
        server.wait()


class Remote:
    """What holds for every store."""

    def setUp(self):
        super().setUp()
        self.store = self.enterContext(self.open_store(self.folder))
        self.addCleanup(self.store.client.close)

    def succeed(self, *arguments):
        done = self.store.graft(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refuse(self, *arguments, names):
        done = self.store.graft(*arguments)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return self.sentence_of(done, names)

    def test_push_and_pull(self):
        bundle, _ = trained_head()
        self.succeed("push", bundle, "s3://bucket/models/model.tar.gz")
        self.succeed("push", bundle, "s3://bucket/models/")
        self.assertIn("models/model.tar.gz", self.store.keys())
        self.assertIn(f"models/{bundle.name}/graft.json", self.store.keys())
        for source, target in (("models/model.tar.gz", "a"), (f"models/{bundle.name}", "b")):
            self.succeed("pull", f"s3://bucket/{source}", self.folder / target)
            self.assertEqual((self.folder / target / "model.safetensors").read_bytes(),
                             (bundle / "model.safetensors").read_bytes())
        again = json.loads(self.succeed("push", bundle, "s3://bucket/models/", "--json").stdout)
        self.assertEqual(again, {"uri": f"s3://bucket/models/{bundle.name}", "bytes": 0})
        self.refuse("pull", "s3://bucket/models/model.tar.gz", self.folder / "a", names=["is not an empty folder"])
        self.refuse("pull", "s3://bucket/nothing", self.folder / "c", names=["there is nothing at s3://bucket/nothing"])
        self.refuse("pull", "s3://no-such-bucket/x", self.folder / "c", names=["NoSuchBucket"])

    def test_train_from_and_to_the_store(self):
        self.store.put_folder(images(), "images/")
        self.succeed("push", backbone(), "s3://bucket/general/model.tar.gz")
        done = self.succeed("train", "--train", "s3://bucket/images/", "--from", "s3://bucket/general/model.tar.gz",
                            "--out", "s3://bucket/mine/model.tar.gz", "--json")
        self.assertEqual(json.loads(done.stdout)["bundle"], "s3://bucket/mine/model.tar.gz")
        self.assertIn("mine/model.tar.gz", self.store.keys())
        measured = json.loads(self.succeed("evaluate", "s3://bucket/mine/model.tar.gz", "--data",
                                           "s3://bucket/images/test/", "--json").stdout)
        self.assertEqual(measured["images"], 30)
        predicted = self.succeed("predict", "s3://bucket/mine/model.tar.gz", f"s3://bucket/images/test/{LABELS[0]}/",
                                 "s3://bucket/images/test/disc/200.jpg", "--json").stdout.splitlines()
        files = [json.loads(line)["file"] for line in predicted]
        self.assertEqual(len(files), 11)
        self.assertEqual(files[0], f"s3://bucket/images/test/{LABELS[0]}/200.jpg")
        self.assertEqual(files[0], files[-1])

    def test_a_changed_object_is_fetched_again_and_a_deleted_one_is_gone(self):
        self.store.put_folder(images() / "train", "set/")
        count = lambda: json.loads(self.succeed("dataset", "scan", "s3://bucket/set/", "--json").stdout)["images"]
        before = count()
        self.store.client.delete_object(Bucket="bucket", Key=self.store.keys("set/")[0])
        self.assertEqual(count(), before - 1)

    def test_the_archive_of_a_stranger_is_refused(self):
        archive = self.folder / "evil.tar.gz"
        (self.folder / "file").write_text("x")
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(self.folder / "file", arcname="../../evil")
        self.store.client.upload_file(str(archive), "bucket", "evil.tar.gz")
        self.refuse("pull", "s3://bucket/evil.tar.gz", self.folder / "out", names=["evil"])
        self.refuse("inspect", "s3://bucket/evil.tar.gz", names=["evil"])
        self.assertFalse((self.folder / "out").exists())

    def test_wrong_credentials_are_said_so(self):
        self.store.environment = {**self.store.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}
        self.refuse("pull", "s3://bucket/x", self.folder / "out", names=["403"])

    def test_a_store_that_is_not_there(self):
        done = self.store.graft("pull", "s3://bucket/x", self.folder / "out", "--s3-endpoint",
                                f"http://127.0.0.1:{support.free_port()}")
        self.assertEqual(done.returncode, 1)
        self.sentence_of(done, ["s3://bucket/x", "6 times"])


class PlatformStore(Remote, support.ProductTest):
    open_store = staticmethod(platform_store)

    def test_a_stopped_run_goes_on(self):
        self.store.put_folder(images(), "images/")
        train = ("train", "--mode", "scratch", *support.SMALL, "--epochs", "60", "--train", "s3://bucket/images/",
                 "--out", "s3://bucket/mine/")
        copies = pathlib.Path(self.store.environment["GRAFT_CACHE"]) / "s3"
        with subprocess.Popen(support.command(*train), env=self.store.environment, stderr=subprocess.PIPE,
                              text=True) as process:
            while not list(copies.glob("*/output/**/checkpoints/*")) and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("--resume goes on with it", said)
        self.assertEqual(self.store.keys("mine/"), [])
        self.succeed(*train, "--resume")
        self.assertIn("mine/graft.json", self.store.keys("mine/"))
        self.assertEqual(list(copies.glob("*/output")), [])

    def test_two_ranks_write_one_bundle(self):
        self.store.put_folder(images(), "images/")
        self.succeed("train", "--mode", "scratch", *support.SMALL, "--epochs", "2", "--ranks", "2", "--train",
                     "s3://bucket/images/", "--out", "s3://bucket/two/")
        self.assertIn("two/graft.json", self.store.keys("two/"))

    def test_serve_and_inspect(self):
        self.succeed("push", trained_head()[0], "s3://bucket/model.tar.gz")
        labels = json.loads(self.succeed("inspect", "s3://bucket/model.tar.gz", "--json").stdout)["labels"]
        self.assertEqual(sorted(labels), sorted(LABELS))
        with subprocess.Popen(support.command("serve", "s3://bucket/model.tar.gz", "--port", 0), text=True,
                              env=self.store.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            self.assertIn("serving s3://bucket/model.tar.gz at http://", server.stdout.readline())
            server.terminate()
            self.assertEqual(server.wait(timeout=30), 0)

    def test_a_set_is_divided_in_the_store(self):
        self.store.put_folder(images() / "train", "set/")
        done = self.succeed("dataset", "split", "s3://bucket/set/", "--out", "s3://bucket/divided")
        self.assertIn("in s3://bucket/divided", done.stdout)
        self.assertEqual(len(self.store.keys("divided/")), len(self.store.keys("set/")))
        self.refuse("dataset", "split", "s3://bucket/set/", "--out", "s3://bucket/lists", "--as", "lists",
                    names=["pass --as copies"])


@unittest.skipUnless(MOTO.exists(), "moto is not installed into build/python")
class MotoStore(Remote, support.ProductTest):
    open_store = staticmethod(moto_store)

    # moto checks no signatures.
    test_wrong_credentials_are_said_so = None


if __name__ == "__main__":
    unittest.main()
