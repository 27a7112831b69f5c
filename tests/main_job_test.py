#!/usr/bin/python3
"""The main job: images become a model, and the model is measured, asked, looked into and moved."""
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import support
from support import LABELS, backbone, images


class MainJob(support.ProductTest):
    @classmethod
    def setUpClass(cls):
        cls.bundle, cls.result = support.trained_head()

    def test_training_says_what_it_reached(self):
        self.assertEqual(self.result["bundle"], str(self.bundle))
        self.assertEqual(self.result["split"], "test")
        self.assertGreater(self.result["accuracy"], 0.8)
        low, high = self.result["interval"]
        self.assertTrue(0 <= low <= self.result["accuracy"] <= high <= 1, self.result)

    def test_evaluate_measures_what_training_reported(self):
        measured = self.json_of("evaluate", self.bundle, "--data", images() / "test")
        self.assertAlmostEqual(measured["accuracy"], self.result["accuracy"])
        self.assertEqual(measured["top5"], 1.0)
        self.assertEqual(measured["images"], 30)
        self.assertEqual(list(measured["labels"]), list(LABELS))
        recalls = [label["recall"] for label in measured["labels"].values()]
        self.assertAlmostEqual(sum(recalls) / len(recalls), measured["accuracy"])

    def test_evaluate_for_people(self):
        self.assertIn("of 30 images", self.succeed("evaluate", self.bundle, "--data", images() / "test").stdout)

    def test_predict_gives_an_object_for_each_file(self):
        files = sorted((images() / "test").rglob("*.jpg"))
        lines = self.succeed("predict", self.bundle, *files, "--json").stdout.splitlines()
        answers = [json.loads(line) for line in lines]
        self.assertEqual([answer["file"] for answer in answers], list(map(str, files)))
        for answer in answers:
            probabilities = [each["probability"] for each in answer["predictions"]]
            self.assertEqual(probabilities, sorted(probabilities, reverse=True))
            self.assertAlmostEqual(sum(probabilities), 1, places=4)
            self.assertEqual({each["label"] for each in answer["predictions"]}, set(LABELS))
        right = sum(answer["predictions"][0]["label"] == pathlib.Path(answer["file"]).parent.name for answer in answers)
        self.assertAlmostEqual(right / len(files), self.result["accuracy"])

    def test_predict_top(self):
        file = next((images() / "test" / "disc").iterdir())
        answer = json.loads(self.succeed("predict", self.bundle, file, "--top", 1, "--json").stdout)
        self.assertEqual(len(answer["predictions"]), 1)

    def test_predict_goes_on_after_a_file_that_is_no_picture(self):
        good, bad = images() / "test" / "disc" / "200.jpg", self.folder / "notes.jpg"
        bad.write_text("no picture")
        done = support.graft("predict", self.bundle, bad, good, "--json")
        self.assertEqual(done.returncode, 1)
        self.sentence_of(done, [bad])
        self.assertEqual(json.loads(done.stdout)["file"], str(good))

    def test_inspect(self):
        description = self.json_of("inspect", self.bundle)
        self.assertEqual(description["architecture"], "resnet10_025")
        self.assertEqual(description["labels"], list(LABELS))
        self.assertEqual(description["preprocess"]["width"], 32)
        self.assertEqual(description["metrics"]["test"]["accuracy"], self.result["accuracy"])
        self.assertIn("resnet10_025", self.succeed("inspect", self.bundle).stdout)
        weights = self.json_of("inspect", self.bundle / "model.safetensors")
        self.assertIn("head.output.weight", weights["tensors"])

    def test_heads_of_one_backbone_say_so(self):
        """A bundle whose backbone stayed as it was also has its head by itself."""
        def notes(bundle):
            content = (bundle / "head.safetensors").read_bytes()
            return json.loads(content[8:8 + int.from_bytes(content[:8], "little")])["__metadata__"]
        other, tuned = self.folder / "other", self.folder / "tuned"
        support.draw(self.folder / "two", 12, LABELS[:2])
        self.succeed("train", "--train", self.folder / "two", "--from", self.bundle, "--hidden", 8, "--out", other)
        self.assertEqual(json.loads(notes(self.bundle)["labels"]), list(LABELS))
        self.assertEqual(json.loads(notes(other)["labels"]), list(LABELS[:2]))
        self.assertEqual(notes(self.bundle)["backbone"], notes(other)["backbone"])
        self.succeed("train", "--mode", "finetune", "--epochs", 1, "--train", images(), "--from", self.bundle, "--out",
                     tuned)
        self.assertFalse((tuned / "head.safetensors").exists())

    def test_a_bundle_works_wherever_it_is_moved(self):
        moved = self.folder / "elsewhere" / "model"
        moved.mkdir(parents=True)
        for name in ("graft.json", "graph.json", "model.safetensors"):
            shutil.copy(self.bundle / name, moved)
        here = self.json_of("evaluate", self.bundle, "--data", images() / "test")
        there = self.json_of("evaluate", moved, "--data", images() / "test")
        self.assertEqual(here, there)
        self.assertNotIn(str(support.scratch_folder()), (moved / "graft.json").read_text())

    def test_the_report_is_one_page_that_loads_nothing(self):
        page = (self.bundle / "report.html").read_text()
        loads = re.findall(r"""(?:src|href|action)\s*=\s*["']?(?!data:|#)[^"'> ]+|url\((?!["']?data:)[^)]*\)""", page)
        self.assertEqual(loads, [])
        self.assertNotRegex(page, r"<link|@import|<script[^>]*src")
        self.assertNotRegex(page.replace("http://www.w3.org/2000/svg", ""), r"https?://")
        self.assertIn("<svg", page)
        for label in LABELS:
            self.assertIn(label, page)

    def test_the_report_as_data_agrees_with_the_result(self):
        report = json.loads((self.bundle / "report.json").read_text())
        self.assertEqual(report["reported_split"], "test")
        self.assertEqual(report["splits"], {"train": 48, "validation": 24, "test": 30})
        self.assertEqual(report["runs"][0]["accuracies"], [self.result["accuracy"]])
        self.assertEqual(sum(map(sum, report["confusion"])), 30)

    def test_the_result_does_not_need_the_images_to_stay(self):
        moved = self.folder / "images"
        shutil.copytree(images() / "train", moved)
        bundle = self.folder / "model"
        self.succeed("train", "--train", moved, "--from", backbone(), "--out", bundle)
        shutil.rmtree(moved)
        self.succeed("predict", bundle, images() / "test" / "disc" / "200.jpg")

    def test_a_list_names_the_same_images_as_a_folder(self):
        with open(self.folder / "train.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["file", "label"])
            rows.writerows([path, path.parent.name] for path in sorted((images() / "train").rglob("*.jpg")))
        result = self.json_of("train", "--train", self.folder / "train.csv", "--validation", images() / "validation",
                              "--test", images() / "test", "--from", backbone(), "--out", self.folder / "model")
        self.assertEqual(result["accuracy"], self.result["accuracy"])

    def test_tensorboard_reads_the_curve(self):
        python = os.environ.get("GRAFT_TENSORBOARD_PYTHON")
        if not python:
            self.skipTest("GRAFT_TENSORBOARD_PYTHON names no Python that has tensorboard")
        reader = pathlib.Path(__file__).parent / "tensorboard_read.py"
        run = self.bundle / "run" / "transfer"
        scalars = json.loads(subprocess.run([python, reader, run], check=True, capture_output=True).stdout)
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        self.assertEqual([step for step, _ in scalars["validation/accuracy"]], [line["step"] for line in lines])


class Scratch(support.ProductTest):
    def test_what_it_learns_shows_in_inference_mode(self):
        """Batch norm's running statistics must have caught up with the weights after a short run, in both flavours."""
        for architecture in ("mobilenetv2_035", "tf_mobilenetv2_035"):
            with self.subTest(architecture):
                result = self.json_of("train", "--mode", "scratch", "--arch", architecture, "--size", 64, "--augment",
                                      "none", "--mixed-precision", "off", "--epochs", 40, "--precision", "fp32",
                                      "--train", images(), "--out", self.folder / architecture)
                self.assertGreater(result["accuracy"], 0.85)


class Comparison(support.ProductTest):
    def test_sets_transfer_beside_training_from_scratch(self):
        bundle = self.folder / "model"
        few = support.draw_splits(self.folder / "images", train=4, validation=4, test=10)
        result = self.json_of("train", "--train", few, "--from", backbone(), "--compare", "--out", bundle)
        transfer, scratch = result["runs"]
        self.assertEqual((transfer["name"], scratch["name"]), ("transfer", "from scratch"))
        self.assertEqual(len(scratch["accuracies"]), 3)
        for run in result["runs"]:
            self.assertTrue(0 <= run["interval"][0] <= run["accuracy"] <= run["interval"][1] <= 1, run)
        report = json.loads((bundle / "report.json").read_text())
        self.assertEqual(len(report["runs"][1]["curves"]), 3)
        curves = sorted(path.parent.name for path in (bundle / "run").glob("*/metrics.jsonl"))
        self.assertEqual(curves, ["scratch-1", "scratch-2", "scratch-3", "transfer"])


if __name__ == "__main__":
    unittest.main()
