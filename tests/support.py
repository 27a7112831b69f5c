"""What the product tests share: the program, and image sets small enough to train on in a second.

GRAFT_BIN is the folder of graft and graft-learn; ctest sets it, and the dev preset's is taken otherwise:

    /usr/bin/python3 tests/main_job_test.py MainJob.test_inspect
"""
import colorsys
import contextlib
import functools
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import unittest

from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("GRAFT_BIN", ROOT / "build/dev/bin")).resolve()
HUB = (ROOT / "../shared/hub").resolve()
LABELS = ("disc", "square", "stripe")
SMALL = ("--arch", "resnet10_025", "--size", 32)
TIMEOUT = 150  # seconds, of one command


def command(*arguments):
    return [str(BIN / "graft"), *map(str, arguments)]


def environment():
    """The caller's, with a cache of features of this process alone."""
    return {**os.environ, "GRAFT_CACHE": str(scratch_folder() / "cache")}


def graft(*arguments, **options):
    """Runs graft to its end, whatever that is."""
    return subprocess.run(command(*arguments), text=True, capture_output=True, timeout=TIMEOUT, env=environment(),
                          **options)


@functools.cache
def scratch_folder():
    """A folder that lives as long as this process."""
    holder = tempfile.TemporaryDirectory(prefix="graft-test-")
    scratch_folder.holder = holder
    return pathlib.Path(holder.name)


def free_port():
    """None of those that the system gives to connections by itself: it could do so before somebody listens there."""
    for port in random.SystemRandom().sample(range(10_000, 32_000), 100):
        with socket.socket() as holder, contextlib.suppress(OSError):
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def picture(label, number, size):
    """A white shape on noise of the label's colour; the same arguments draw the same picture."""
    chance = random.Random(f"{label} {number}")
    hue = LABELS.index(label) / len(LABELS) if label in LABELS else 0.5
    colour = [int(255 * c) for c in colorsys.hsv_to_rgb(hue + chance.uniform(0, 0.1), 0.6, 0.6)]
    noise = Image.frombytes("RGB", (size, size), chance.randbytes(3 * size * size))
    image = Image.blend(Image.new("RGB", (size, size), tuple(colour)), noise, 0.2)
    left, top = (chance.randrange(size // 3) for _ in range(2))
    box = (left, top, left + size // 2, top + size // 2)
    pen = ImageDraw.Draw(image)
    if label == "disc":
        pen.ellipse(box, fill="white")
    elif label == "stripe":
        pen.line(box, fill="white", width=size // 6)
    else:
        pen.rectangle(box, fill="white")
    return image


def draw(folder, images, labels=LABELS, first=0, size=40):
    """Writes `images` pictures of each label, numbered from `first`, into folder/<label>/."""
    for label in labels:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + images):
            picture(label, number, size).save(folder / label / f"{number:03}.jpg", quality=90)
    return folder


def draw_splits(folder, train=16, validation=8, test=10):
    draw(folder / "train", train)
    draw(folder / "validation", validation, first=100)
    draw(folder / "test", test, first=200)
    return folder


@functools.cache
def images():
    """An image set with all three splits, for tests that do not change it."""
    return draw_splits(scratch_folder() / "images")


@functools.cache
def backbone():
    """A network trained for a moment on the drawn images: something to transfer from without any download."""
    bundle = scratch_folder() / "backbone"
    done = graft("train", "--mode", "scratch", *SMALL, "--epochs", 2, "--train", images(), "--out", bundle)
    assert done.returncode == 0, done.stderr
    return bundle


@functools.cache
def trained_head():
    """A model of the drawn images on that network, and what `graft train --json` said of it."""
    bundle = scratch_folder() / "model"
    done = graft("train", "--train", images(), "--from", backbone(), "--out", bundle, "--json")
    assert done.returncode == 0, done.stderr
    return bundle, json.loads(done.stdout)


class ProductTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch_folder()))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def succeed(self, *arguments, **options):
        done = graft(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def json_of(self, *arguments):
        """What a command prints with --json: one object, and nothing else on standard output."""
        return json.loads(self.succeed(*arguments, "--json").stdout)

    def refuse(self, *arguments, names, code=1, **options):
        """The command fails with one sentence that has all of `names` in it. Returns the sentence."""
        done = graft(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return self.sentence_of(done, names)

    def sentence_of(self, done, names):
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, done.stderr)
        others = [line for line in done.stderr.splitlines() if not line.startswith(("error: ", "warning: ", "info: "))]
        self.assertIn(others, ([], ["run with --help for more"]), done.stderr)
        for name in names:
            self.assertIn(str(name), errors[0])
        return errors[0]

    def assert_no_bundle(self, folder):
        """Nothing that a later command could take for a model, and no half-written file."""
        left = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
        self.assertFalse([path for path in left if path.name == "graft.json"], left)
        self.assertFalse([path for path in left if path.name.startswith(".graft-") or len(path.suffix) == 7], left)
