#!/usr/bin/python3
"""Training on a folder of any size stays under 2 GiB."""
import io
import os
import subprocess
import unittest

import support
from support import LABELS, backbone

LIMIT_MIB = 2048
IMAGES, WIDTH, HEIGHT = 2400, 1024, 768  # 5.7 GB when decoded


def write_large_images(folder):
    """The same three pictures again and again, each file with a comment of its own so that none is a duplicate."""
    for label in LABELS:
        (folder / label).mkdir(parents=True)
        content = io.BytesIO()
        support.picture(label, 0, 32).resize((WIDTH, HEIGHT)).save(content, "jpeg", quality=90)
        start, rest = content.getvalue()[:2], content.getvalue()[2:]
        for number in range(IMAGES // len(LABELS)):
            comment = b"\xff\xfe\x00\x08%06d" % number
            (folder / label / f"{number:05}.jpg").write_bytes(start + comment + rest)


class Memory(support.ProductTest):
    def test_stays_under_two_gibibytes(self):
        write_large_images(self.folder / "images")
        with open(self.folder / "messages", "w+") as messages:
            process = subprocess.Popen(
                support.command("train", "--train", self.folder / "images", "--from", backbone(), "--out",
                                self.folder / "model"), env=support.environment(), stdout=messages, stderr=messages)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            messages.seek(0)
            self.assertEqual(process.returncode, 0, messages.read())
        self.assertLess(usage.ru_maxrss / 1024, LIMIT_MIB)
        print(f"{IMAGES} images of {WIDTH} x {HEIGHT}: {usage.ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    unittest.main()
