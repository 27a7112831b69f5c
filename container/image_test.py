#!/usr/bin/python3
"""The container's images: built here, they train and answer with /opt/ml laid out as SageMaker does it.

`./run container` runs it. GRAFT_BIN is the folder of the programs that go into the images.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

CONTAINER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(CONTAINER.parent / "tests"))
import support  # noqa: E402

MEGABYTE = 1_000_000
MOST = 150  # megabytes of the serving image
BUILD_TIME = 1800  # seconds


def script(name, *arguments, **options):
    return subprocess.run([CONTAINER / name, *map(str, arguments)], text=True, capture_output=True, **options)


def buildah(*arguments):
    done = subprocess.run(["buildah", *arguments], text=True, capture_output=True, check=True)
    return done.stdout.strip()


def is_ready():
    try:
        with urllib.request.urlopen("http://localhost:8080/ping", timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.HTTPError):
        return False


def stop(server):
    """The server's exit code."""
    server.send_signal(signal.SIGTERM)
    return server.wait(timeout=30)


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([CONTAINER / "build", "--programs", support.BIN], check=True, timeout=BUILD_TIME)
        cls.opt_ml = support.scratch_folder() / "opt_ml"
        config = cls.opt_ml / "input/config"
        config.mkdir(parents=True)
        channels = {"train": "application/x-image", "validation": "application/x-image",
                    "model": "application/x-sagemaker-model"}
        (config / "inputdataconfig.json").write_text(json.dumps(
            {name: {"ContentType": type, "RecordWrapperType": "None", "S3DistributionType": "FullyReplicated",
                    "TrainingInputMode": "File"} for name, type in channels.items()}))
        (config / "resourceconfig.json").write_text(json.dumps(
            {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}))
        (config / "hyperparameters.json").write_text("{}")
        for name in ("train", "validation"):
            shutil.copytree(support.images() / name, cls.opt_ml / "input/data" / name)
        shutil.copytree(support.backbone(), cls.opt_ml / "input/data/model")

    def test_1_the_serving_image_is_small_and_has_no_libtorch(self):
        container = buildah("from", "--pull-never", "graft-serving")
        self.addCleanup(buildah, "rm", container)
        root = pathlib.Path(buildah("mount", container))
        size = int(subprocess.check_output(["du", "-s", "--block-size=1", "--apparent-size", root]).split()[0])
        print(f"graft-serving: {size / MEGABYTE:.0f} MB", file=sys.stderr)
        self.assertLess(size, MOST * MEGABYTE)
        self.assertEqual(list(root.rglob("libtorch*")), [])
        self.assertFalse((root / "usr/local/bin/graft-learn").exists())

    def test_2_the_images_say_what_sagemaker_looks_for(self):
        for image in ("graft-serving", "graft-training"):
            config = json.loads(buildah("inspect", "--type", "image", image))["OCIv1"]["config"]
            self.assertEqual(config["Entrypoint"], ["graft"])
            self.assertEqual(config["Labels"]["com.amazonaws.sagemaker.capabilities.multi-models"], "true")
            self.assertEqual(config["Labels"]["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"], "true")

    def test_3_trains(self):
        done = script("local_train", self.opt_ml, timeout=support.TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertTrue((self.opt_ml / "model/graft.json").exists(), done.stderr + done.stdout)
        self.assertFalse((self.opt_ml / "output/failure").exists())

    def test_4_says_why_it_failed(self):
        broken = support.scratch_folder() / "broken"
        shutil.copytree(self.opt_ml / "input/config", broken / "input/config")
        done = script("local_train", broken, timeout=support.TIMEOUT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("channel", (broken / "output/failure").read_text())

    def test_5_serves_what_it_trained(self):
        picture = next((support.images() / "test/disc").iterdir())
        expected = json.loads(support.graft("predict", self.opt_ml / "model", picture, "--json").stdout)
        server = subprocess.Popen([CONTAINER / "local_serve", self.opt_ml], text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        self.addCleanup(server.stdout.close)
        self.addCleanup(stop, server)
        deadline = time.monotonic() + 60
        while not is_ready() and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        done = script("predict", picture)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        likeliest, answer = expected["predictions"][0], json.loads(done.stdout)["predictions"][0]
        self.assertEqual(answer["label"], likeliest["label"])
        self.assertAlmostEqual(answer["probability"], likeliest["probability"], places=4)
        self.assertEqual(stop(server), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
