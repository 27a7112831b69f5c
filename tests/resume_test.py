#!/usr/bin/python3
"""A run that is killed at any moment and resumed ends as if it had never been killed."""
import contextlib
import json
import random
import shutil
import subprocess
import time
import unittest

import support
from support import SMALL, backbone, images

TIMED = {"images_per_second", "ranks"}
EPOCHS = 12


class Run:
    """`graft train --resume` with these arguments into `out`, to be killed."""

    def __init__(self, out, arguments, data=None):
        self.out = out
        self.arguments = ("train", "--train", data or images(), *arguments, "--epochs", EPOCHS, "--out", out,
                          "--resume")

    def start(self):
        return subprocess.Popen(support.command(*self.arguments), env=support.environment(),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def checkpoint(self):
        """Changes whenever a checkpoint is written; None before the first."""
        times = []
        for file in (self.out / "run").glob("*/checkpoints/*.safetensors"):
            with contextlib.suppress(FileNotFoundError):  # an old one goes when there is a new one
                times.append(file.stat().st_mtime_ns)
        return max(times, default=None)

    def weights(self):
        return (self.out / "model.safetensors").read_bytes()

    def metrics(self):
        [file] = (self.out / "run").glob("*/metrics.jsonl")
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        return [{name: value for name, value in line.items() if name not in TIMED} for line in lines]


def kill(process):
    """Whether it was still running."""
    running = process.poll() is None
    process.kill()
    process.wait()
    return running


class Resume(support.ProductTest):
    def uninterrupted(self, arguments):
        run = Run(self.folder / "whole", arguments)
        start = time.monotonic()
        self.succeed(*run.arguments)
        return run, time.monotonic() - start

    def finish(self, run, whole):
        self.succeed(*run.arguments)
        self.assertEqual(run.weights(), whole.weights())
        self.assertEqual(run.metrics(), whole.metrics())

    def kill_at_random_moments(self, arguments):
        whole, seconds = self.uninterrupted(arguments)
        run = Run(self.folder / "killed", arguments)
        moments, kills = random.Random(3), 0
        for _ in range(4):
            process = run.start()
            time.sleep(moments.uniform(0.4, 0.9) * seconds)
            kills += kill(process)
        self.assertGreater(kills, 0)
        self.finish(run, whole)

    def test_scratch_killed_at_random_moments(self):
        self.kill_at_random_moments(("--mode", "scratch", *SMALL, "--average", 0.9))

    def test_finetune_killed_at_random_moments(self):
        self.kill_at_random_moments(("--mode", "finetune", "--from", backbone()))

    def test_scratch_killed_the_moment_a_checkpoint_is_there(self):
        arguments = ("--mode", "scratch", *SMALL)
        whole, _ = self.uninterrupted(arguments)
        run = Run(self.folder / "killed", arguments)
        for _ in range(5):
            process, before = run.start(), run.checkpoint()
            while run.checkpoint() == before and process.poll() is None:
                time.sleep(0.0002)
            kill(process)
        self.finish(run, whole)

    def killed_at_its_first_checkpoint(self):
        run = Run(self.folder / "killed", ("--mode", "scratch", *SMALL))
        process = run.start()
        while run.checkpoint() is None and process.poll() is None:
            time.sleep(0.001)
        self.assertTrue(kill(process))
        return run

    def test_other_settings_are_not_resumed(self):
        run = self.killed_at_its_first_checkpoint()
        self.refuse(*run.arguments, "--learning-rate", 0.5, names=["checkpoint", "other settings", "--resume"])
        self.finish(run, self.uninterrupted(("--mode", "scratch", *SMALL))[0])

    def test_other_images_are_not_resumed(self):
        run = self.killed_at_its_first_checkpoint()
        others = self.folder / "others"
        shutil.copytree(images(), others)
        support.picture("disc", 999, 40).save(others / "train" / "disc" / "000.jpg")
        again = Run(run.out, ("--mode", "scratch", *SMALL), others)
        self.refuse(*again.arguments, names=["checkpoint", "--resume"])

    def test_a_finished_run_has_nothing_to_resume(self):
        run, _ = self.uninterrupted(("--mode", "scratch", *SMALL))
        before = run.weights()
        self.assertIn("finished", self.succeed(*run.arguments).stderr)
        self.assertEqual(run.weights(), before)


if __name__ == "__main__":
    unittest.main()
