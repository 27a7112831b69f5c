#!/usr/bin/python3
"""Precisions from training to answering: chosen by a check, recorded, and refused with the numbers."""
import json
import os
import shutil
import unittest
from unittest import mock

import support
from support import HUB, backbone, images

KERAS = HUB / "keras-mobilenetv2-035" / "keras_model.h5"
FASTEST_FIRST = ("int8", "bf16", "fp32")


def passes(check):
    """The rule of docs/bundle_format.md."""
    def in_images(share):
        return round(share * check["images"])

    allowed = max(1, int(0.005 * check["images"] + 1e-6)) if check["images"] >= 50 else 0
    return (in_images(1 - check["agreement"]) <= allowed and
            in_images(check["fp32_accuracy"] - check["accuracy"]) <= allowed)


class PrecisionTest(support.ProductTest):
    def description(self, bundle):
        return json.loads((bundle / "graft.json").read_text())

    def available(self, bundle):
        """The precisions that this processor has, of a bundle that is calibrated."""
        picture = images() / "test" / "disc" / "200.jpg"
        return [precision for precision in FASTEST_FIRST
                if support.graft("evaluate", bundle, "--data", picture.parents[1], "--precision",
                                 precision).returncode == 0]

    def edited(self, bundle, change):
        """A copy of the bundle whose graft.json `change` has changed."""
        copy = self.folder / "edited"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(bundle, copy)
        description = self.description(copy)
        change(description)
        (copy / "graft.json").write_text(json.dumps(description))
        return copy

    def assert_is_what_the_checks_allow(self, description):
        checks = description.get("precision_checks", [])
        *failed, last = checks or [None]
        self.assertFalse([check for check in failed if passes(check)])
        if last and passes(last):
            self.assertEqual(description["precision"], last["precision"])
        else:
            self.assertEqual(description["precision"], "fp32")


class Head(PrecisionTest):
    @classmethod
    def setUpClass(cls):
        cls.bundle, cls.result = support.trained_head()

    def test_training_records_what_it_checked(self):
        description = self.description(self.bundle)
        self.assert_is_what_the_checks_allow(description)
        for check in description.get("precision_checks", []):
            self.assertEqual(check["images"], 24)
        self.assertEqual(self.result["precision"], description["precision"])
        report = json.loads((self.bundle / "report.json").read_text())
        for place in (self.result, report, self.json_of("inspect", self.bundle)):
            self.assertEqual(place["precision"], description["precision"])
            self.assertEqual(place["precision_checks"], description.get("precision_checks", []))
        if report["precision_checks"]:
            self.assertIn("Same label as fp32", (self.bundle / "report.html").read_text())

    def test_the_model_answers_in_the_precision_it_was_measured_in(self):
        measured = self.json_of("evaluate", self.bundle, "--data", images() / "test")
        self.assertEqual(measured["precision"], self.result["precision"])
        self.assertAlmostEqual(measured["accuracy"], self.result["accuracy"])
        picture = images() / "test" / "disc" / "200.jpg"
        self.assertEqual(self.json_of("predict", self.bundle, picture)["precision"], self.result["precision"])

    def test_evaluates_in_every_precision(self):
        for precision in self.available(self.bundle):
            measured = self.json_of("evaluate", self.bundle, "--data", images() / "test", "--precision", precision)
            self.assertEqual(measured["precision"], precision)
            self.assertGreater(measured["accuracy"], 0.8)
            said = self.succeed("evaluate", self.bundle, "--data", images() / "test", "--precision", precision).stdout
            self.assertIn(f"computed in {precision}", said)

    def test_fp32_needs_no_check(self):
        self.succeed("train", "--train", images(), "--from", backbone(), "--precision", "fp32", "--out",
                     self.folder / "model")
        description = self.description(self.folder / "model")
        self.assertEqual(description["precision"], "fp32")
        self.assertNotIn("precision_checks", description)

    def test_a_head_with_a_hidden_layer_is_calibrated_too(self):
        if "int8" not in self.available(self.bundle):
            self.skipTest("this processor has no int8 arithmetic")
        out = self.folder / "model"
        result = self.json_of("train", "--train", images(), "--from", backbone(), "--hidden", 16, "--epochs", 10,
                              "--out", out)
        self.assert_is_what_the_checks_allow(self.description(out))
        measured = self.json_of("evaluate", out, "--data", images() / "test", "--precision", result["precision"])
        self.assertAlmostEqual(measured["accuracy"], result["accuracy"])
        self.json_of("evaluate", out, "--data", images() / "test", "--precision", "int8")

    def test_a_second_run_finds_its_features(self):
        settings = ("train", "--train", images(), "--from", backbone(), "--cache", self.folder / "cache", "--out")
        self.succeed(*settings, self.folder / "first")
        sizes = {path.name: path.stat().st_size for path in (self.folder / "cache").iterdir()}
        self.succeed(*settings, self.folder / "second")
        self.assertEqual(sizes, {path.name: path.stat().st_size for path in (self.folder / "cache").iterdir()})

    def test_a_precision_whose_check_fails_is_not_answered_in(self):
        def damage(description):
            description["precision"] = "fp32"
            description["precision_checks"] = [{"precision": "bf16", "images": 500, "agreement": 0.95,
                                                "accuracy": 0.91, "fp32_accuracy": 0.94}]

        bundle = self.edited(self.bundle, damage)
        picture = images() / "test" / "disc" / "200.jpg"
        self.assertEqual(self.json_of("predict", bundle, picture)["precision"], "fp32")
        if "bf16" in self.available(self.bundle):
            self.refuse("predict", bundle, picture, "--precision", "bf16", names=["bf16", "95.00 %", "500", "91.00 %"])
            self.json_of("evaluate", bundle, "--data", images() / "test", "--precision", "bf16")

        def claim(description):
            damage(description)
            description["precision"] = "bf16"

        self.refuse("predict", self.edited(self.bundle, claim), picture, names=["edited", "bf16", "95.00 %"])

    def test_ranges_that_are_damaged_are_refused(self):
        picture = images() / "test" / "disc" / "200.jpg"
        for ranges, names in (({"conv1": [1, 2]}, ["conv1", "1 to 2"]), ({"nowhere": [0, 1]}, ["nowhere"]),
                              ([1], ["activation_ranges"])):
            bundle = self.edited(self.bundle, lambda description: description.update(activation_ranges=ranges))
            self.refuse("predict", bundle, picture, names=names)

    def test_int8_needs_calibration(self):
        if "int8" not in self.available(self.bundle):
            self.skipTest("this processor has no int8 arithmetic")

        def forget(description):
            description.pop("activation_ranges")
            description.pop("precision_checks")
            description["precision"] = "fp32"

        bundle = self.edited(self.bundle, forget)
        self.refuse("predict", bundle, images() / "test" / "disc" / "200.jpg", "--precision", "int8",
                    names=["calibrated", "int8"])


@mock.patch.dict(os.environ, ONEDNN_MAX_CPU_ISA="AVX2")
class OlderProcessor(PrecisionTest):
    """One without any arithmetic but fp32."""

    def test_a_precision_it_lacks_is_refused_before_any_work(self):
        for precision in ("bf16", "int8"):
            out = self.folder / precision
            self.refuse("train", "--train", self.folder / "nowhere", "--from", backbone(), "--precision", precision,
                        "--out", out, names=["processor", precision])
            self.assertFalse(out.exists())
            self.refuse("evaluate", backbone(), "--data", images() / "test", "--precision", precision,
                        names=["processor", precision])

    def test_answers_in_what_it_has(self):
        def claim(description):
            description["precision"] = "bf16"
            description["precision_checks"] = [{"precision": "bf16", "images": 500, "agreement": 1, "accuracy": 1,
                                                "fp32_accuracy": 1}]

        bundle = self.edited(backbone(), claim)
        self.assertEqual(self.json_of("evaluate", bundle, "--data", images() / "test")["precision"], "fp32")

    def test_auto_is_fp32(self):
        result = self.json_of("train", "--train", images(), "--from", backbone(), "--out", self.folder / "model")
        self.assertEqual((result["precision"], result["precision_checks"]), ("fp32", []))


class WholeNetwork(PrecisionTest):
    def test_a_network_that_was_trained_is_checked_too(self):
        for mode in (("--mode", "finetune", "--from", backbone()), ("--mode", "scratch", *support.SMALL)):
            out = self.folder / mode[1]
            result = self.json_of("train", *mode, "--epochs", 3, "--train", images(), "--out", out)
            self.assert_is_what_the_checks_allow(self.description(out))
            measured = self.json_of("evaluate", out, "--data", images() / "test")
            self.assertAlmostEqual(measured["accuracy"], result["accuracy"])


@unittest.skipUnless(KERAS.is_file(), "there is no data hub")
class Hub(PrecisionTest):
    def test_ants_and_bees_in_every_precision(self):
        bundle = self.folder / "auto"
        result = self.json_of("train", "--train", HUB / "hymenoptera", "--from", KERAS, "--out", bundle)
        self.assert_is_what_the_checks_allow(self.description(bundle))
        data = HUB / "hymenoptera" / "validation"
        exact = self.json_of("evaluate", bundle, "--data", data, "--precision", "fp32")["accuracy"]
        for precision in self.available(bundle):
            near = self.json_of("evaluate", bundle, "--data", data, "--precision", precision)["accuracy"]
            self.assertAlmostEqual(near, exact, delta=0.02)
        self.assertAlmostEqual(self.json_of("evaluate", bundle, "--data", data)["accuracy"], result["accuracy"])

    def test_a_precision_that_is_asked_for_is_kept_or_refused_with_the_numbers(self):
        for precision in ("bf16", "int8"):
            out = self.folder / precision
            done = support.graft("train", "--train", HUB / "hymenoptera", "--from", KERAS, "--precision", precision,
                                 "--out", out, "--json")
            if done.returncode == 0:
                [check] = self.description(out)["precision_checks"]
                self.assertEqual(check["precision"], precision)
                self.assertTrue(passes(check))
            else:
                self.sentence_of(done, [precision])
                self.assert_no_bundle(out)


if __name__ == "__main__":
    unittest.main()
