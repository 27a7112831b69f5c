#!/usr/bin/python3
"""The same seed gives the same numbers; another seed gives others."""
import subprocess
import unittest

import support
from support import SMALL, backbone, images


class Reproducible(support.ProductTest):
    def train(self, name, *arguments):
        """The bytes of the weights that a run ends with."""
        out = self.folder / name
        self.succeed("train", "--train", images(), *arguments, "--out", out)
        return (out / "model.safetensors").read_bytes()

    def test_scratch_repeats_itself(self):
        settings = ("--mode", "scratch", *SMALL, "--epochs", 3, "--augment", "strong", "--mixup", 0.2, "--average", 0.9)
        first = self.train("first", *settings, "--seed", 5)
        self.assertEqual(first, self.train("again", *settings, "--seed", 5))
        self.assertNotEqual(first, self.train("other", *settings, "--seed", 6))

    def test_head_repeats_itself_with_the_cache_and_without(self):
        settings = ("--from", backbone(), "--cache")
        first = self.train("first", *settings, self.folder / "cache")
        self.assertTrue(list((self.folder / "cache").iterdir()))
        self.assertEqual(first, self.train("cached", *settings, self.folder / "cache"))
        self.assertEqual(first, self.train("again", *settings, self.folder / "another cache"))

    def test_a_cache_that_was_damaged_changes_nothing(self):
        settings = ("--from", backbone(), "--cache", self.folder / "cache")
        first = self.train("first", *settings)
        for features in (self.folder / "cache").iterdir():
            content = bytearray(features.read_bytes())
            for position in range(100, len(content), 1000):
                content[position] ^= 0xFF
            features.write_bytes(content[:-7])
        self.assertEqual(first, self.train("damaged", *settings))

    def test_two_runs_at_once_share_a_cache(self):
        cache = self.folder / "cache"
        both = [subprocess.Popen(support.command("train", "--train", images(), "--from", backbone(), "--cache", cache,
                                                 "--out", self.folder / name), stderr=subprocess.PIPE, text=True,
                                 stdout=subprocess.DEVNULL) for name in ("one", "two")]
        for process in both:
            self.assertEqual((process.wait(), process.communicate()[1]), (0, ""))
        alone = self.train("alone", "--from", backbone())
        for name in ("one", "two"):
            self.assertEqual((self.folder / name / "model.safetensors").read_bytes(), alone)

    def test_augmented_views_and_a_hidden_layer_repeat_themselves(self):
        settings = ("--from", backbone(), "--views", 2, "--hidden", 16, "--epochs", 5)
        first = self.train("first", *settings)
        self.assertEqual(first, self.train("again", *settings))
        self.assertNotEqual(first, self.train("other", *settings, "--seed", 2))

    def test_finetune_repeats_itself(self):
        settings = ("--mode", "finetune", "--from", backbone(), "--epochs", 3)
        self.assertEqual(self.train("first", *settings), self.train("again", *settings))


if __name__ == "__main__":
    unittest.main()
