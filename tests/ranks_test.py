#!/usr/bin/python3
"""`graft train --ranks`: the same model as one process makes, and no failure without a name, in any phase."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import support
from support import SMALL, backbone, draw, images

NAMED_WITHIN = 15  # seconds
SCRATCH = ("--mode", "scratch", *SMALL, "--mixed-precision", "off")


def children(process):
    """The ranks of a launcher, by number."""
    ranks = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            if int(stat[1]) != process.pid:
                continue
            variables = (folder / "environ").read_bytes().split(b"\0")
            [rank] = [int(v[5:]) for v in variables if v.startswith(b"RANK=")]
            ranks[rank] = int(folder.name)
        except (OSError, ValueError):
            continue
    return ranks


class Ranks(support.ProductTest):
    def metrics(self, out):
        [file] = (out / "run").glob("*/metrics.jsonl")
        return [json.loads(line) for line in file.read_text().splitlines()]

    def start(self, *arguments):
        """A job on ranks that the test will disturb. It is ended with the test."""
        self.log = self.folder / "log"
        with self.log.open("w") as log:
            process = subprocess.Popen(support.command("train", *arguments), env=support.environment(),
                                       stdout=subprocess.DEVNULL, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_until(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"{what}: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def rank_of(self, process, rank):
        self.wait_until(lambda: rank in children(process), f"rank {rank} did not start")
        return children(process)[rank]

    def epochs(self, out):
        files = list((out / "run").glob("*/metrics.jsonl"))
        return len(files[0].read_text().splitlines()) if files else 0

    # What a job learns

    def test_two_ranks_learn_what_one_does(self):
        common = ("train", "--train", images(), *SCRATCH, "--epochs", 4, "--batch", 16, "--learning-rate", 0.001,
                  "--sync-batch-norm")
        self.succeed(*common, "--out", self.folder / "one")
        self.succeed(*common, "--ranks", 2, "--out", self.folder / "two")
        one, two = (self.metrics(self.folder / name) for name in ("one", "two"))
        self.assertEqual(len(one), len(two))
        for a, b in zip(one, two):
            for name in ("train/loss", "validation/loss"):
                self.assertAlmostEqual(a[name], b[name], delta=1e-3 * a[name])
        self.assertEqual([rank["rank"] for rank in two[-1]["ranks"]], [0, 1])
        report = json.loads((self.folder / "two" / "report.json").read_text())["scaling"]
        self.assertGreater(report["images_per_second"], 0)
        self.assertIn("Ranks", (self.folder / "two" / "report.html").read_text())

    def test_each_way_of_training_runs_on_ranks(self):
        for name, arguments in (("head", ()), ("views", ("--views", 1)),
                                ("finetune", ("--mode", "finetune", "--epochs", 2))):
            alone = self.json_of("train", "--train", images(), "--from", backbone(), *arguments, "--out",
                                 self.folder / name)
            ranks = self.json_of("train", "--train", images(), "--from", backbone(), *arguments, "--ranks", 2, "--out",
                                 self.folder / (name + "-2"))
            self.assertEqual(ranks["split"], alone["split"])
            self.assertGreaterEqual(ranks["accuracy"], alone["accuracy"] - 0.2)
            self.succeed("evaluate", self.folder / (name + "-2"), "--data", images() / "test")

    def test_another_number_of_ranks_resumes(self):
        out = self.folder / "m"
        common = ("--train", images(), *SCRATCH, "--epochs", 300, "--batch", 16, "--sync-batch-norm", "--out", out)
        process = self.start(*common, "--ranks", 2)
        self.wait_until(lambda: self.epochs(out) >= 3, "no epochs")
        process.kill()
        process.wait()
        done = self.epochs(out)
        again = self.start(*common, "--ranks", 3, "--resume")
        self.wait_until(lambda: self.epochs(out) >= done + 3, "it does not go on")
        again.kill()
        steps = [line["step"] for line in self.metrics(out)]
        self.assertEqual(steps, sorted(set(steps)), "an epoch was done twice or left out")

    # What a user does wrong

    def test_bad_usage(self):
        out = self.folder / "m"
        self.refuse("train", "--train", images(), *SCRATCH, "--ranks", 2, "--min-ranks", 3, "--out", out,
                    names=["--min-ranks 3", "2 ranks"])
        self.refuse("train", "--train", images(), *SCRATCH, "--ranks", 4, "--batch", 6, "--out", out,
                    names=["--batch 6", "4 ranks"])
        self.refuse("train", "--train", self.folder / "none", *SCRATCH, "--ranks", 2, "--out", out, names=["none"])

    def test_a_gpu_that_is_not_there(self):
        if pathlib.Path("/dev/nvidia0").exists():
            self.skipTest("there is a GPU")
        self.refuse("train", "--train", images(), *SCRATCH, "--device", "cuda", "--out", self.folder / "m",
                    names=["GPU", "--device cpu"])

    # Failures

    def disturb(self, phase, number, rank, arguments, ready):
        """Sends a signal to a rank when ready() is true; it is named within 15 s, and none is left behind."""
        shutil.rmtree(self.folder / "m", ignore_errors=True)
        process = self.start("--ranks", 2, "--out", self.folder / "m", *arguments)
        try:
            self.disturb_running(process, phase, number, rank, ready)
        finally:
            process.kill()
            process.wait()

    def disturb_running(self, process, phase, number, rank, ready):
        victim = self.rank_of(process, rank)
        self.wait_until(ready, f"never in {phase}")
        os.kill(victim, number)
        self.wait_until(lambda: "error: " in self.log.read_text(), "no one names it", NAMED_WITHIN)
        self.assertNotEqual(process.wait(30), 0)
        [sentence] = [line for line in self.log.read_text().splitlines() if line.startswith("error: ")]
        for word in (f"rank {rank} on {os.uname().nodename}", "--resume"):
            self.assertIn(word, sentence)
        self.assertRegex(sentence, phase)
        self.assertEqual(children(process), {}, "a rank was left behind")

    def disturb_each(self, phase, arguments, ready):
        for number, rank in ((signal.SIGKILL, 1), (signal.SIGSTOP, 1), (signal.SIGSTOP, 0)):
            with self.subTest(phase=phase, signal=number, rank=rank):
                self.disturb(phase, number, rank, arguments, ready)

    def test_in_training(self):
        few = draw(self.folder / "few", 1, first=900)
        out = self.folder / "m"
        # Its epochs are short, and have all phases.
        self.disturb_each("training|validation|checkpoint", ("--train", images() / "train", "--validation", few, *SCRATCH, "--epochs", 100000),
                          lambda: self.epochs(out) >= 2)

    def test_in_validation(self):
        out = self.folder / "m"
        self.disturb_each("validation", ("--train", images() / "train", "--validation", self.many(), "--allow-leak",
                                         *SCRATCH, "--epochs", 100000), lambda: self.validating(out))

    def validating(self, out):
        """Behind the first epoch's end come a few steps of training, and then a long validation."""
        if self.epochs(out) == 0:
            return False
        time.sleep(1.5)
        return True

    def test_in_the_scan(self):
        self.disturb_each("scan", ("--train", self.many(1000), *SCRATCH), lambda: "scan " in self.log.read_text())

    def test_in_a_checkpoint(self):
        checkpoints = self.folder / "m/run/scratch/checkpoints"
        # A checkpoint after each step, of a network whose state takes longer to write than the step does.
        self.disturb_each("checkpoint|training",
                          ("--train", images(), "--mode", "scratch", "--arch", "resnet18", "--size", 32, "--epochs",
                           100000, "--batch", 16, "--checkpoint-minutes", 1e-6),
                          lambda: any(file.suffix != ".safetensors" for file in checkpoints.glob("*")))

    def many(self, names=100):
        """Images that take long to read: large ones, each under many names."""
        many = self.folder / "many"
        if not many.exists():
            draw(many, 2, first=800, size=1500)
            for file in list(many.glob("*/*.jpg")):
                for number in range(names):
                    os.link(file, file.with_name(f"{file.stem}-{number}.jpg"))
        return many

    def test_a_run_that_may_lose_ranks_begins_anew_when_the_scan_loses_one(self):
        out = self.folder / "m"
        process = self.start("--train", self.many(400), *SCRATCH, "--ranks", 3, "--min-ranks", 2, "--out", out)
        self.wait_until(lambda: "scan " in self.log.read_text(), "never in the scan")
        os.kill(self.rank_of(process, 1), signal.SIGKILL)
        self.wait_until(lambda: "beginning anew" in self.log.read_text(), "those left do not begin anew")
        self.wait_until(lambda: "scratch " in self.log.read_text(), "they do not train", 120)
        process.send_signal(signal.SIGTERM)
        process.wait()

    def test_a_run_that_may_lose_ranks_goes_on_and_takes_one_back(self):
        out = self.folder / "m"
        process = self.start("--train", images(), *SCRATCH, "--epochs", 400, "--batch", 16, "--ranks", 3, "--min-ranks",
                             2, "--checkpoint-minutes", 0.02, "--out", out)
        self.wait_until(lambda: self.epochs(out) >= 3, "no epochs")
        victim = self.rank_of(process, 1)
        os.kill(victim, signal.SIGKILL)
        self.wait_until(lambda: "going on from step" in self.log.read_text(), "those left do not go on")
        self.wait_until(lambda: "3 ranks train from step" in self.log.read_text(), "it was not taken back")
        process.send_signal(signal.SIGTERM)
        process.wait()
        counts = [len(line["ranks"]) for line in self.metrics(out)]
        self.assertIn(2, counts)
        self.assertEqual(counts[0], 3)
        self.assertEqual(children(process), {})


if __name__ == "__main__":
    unittest.main()
