#!/usr/bin/python3
"""What only real photographs and published weights show. Skipped where the data hub is not there."""
import json
import unittest

import support
from support import HUB

KERAS = HUB / "keras-mobilenetv2-035"


@unittest.skipUnless(KERAS.is_dir(), "there is no data hub")
class Hub(support.ProductTest):
    def test_keras_model_answers_as_keras_does(self):
        expected = json.loads((KERAS / "golden" / "expected.json").read_text())
        labels = [line.split(maxsplit=1)[1] for line in (KERAS / "labels.txt").read_text().splitlines()]
        bundle = self.folder / "model"
        self.succeed("import", KERAS / "keras_model.h5", "--out", bundle)
        files = [KERAS / "golden" / name for name in expected]
        lines = self.succeed("predict", bundle, *files, "--json").stdout.splitlines()
        self.assertEqual(len(lines), len(files))
        for line, (name, golden) in zip(lines, expected.items()):
            answer = {each["label"]: each["probability"] for each in json.loads(line)["predictions"]}
            for label, probability in zip(labels, golden["probabilities"]):
                self.assertAlmostEqual(answer[label], probability, delta=1e-4, msg=name)

    def test_ants_and_bees_by_a_head_on_frozen_features(self):
        result = self.json_of("train", "--train", HUB / "hymenoptera", "--from", KERAS / "keras_model.h5", "--out",
                              self.folder / "model")
        self.assertEqual(result["split"], "validation")
        self.assertGreaterEqual(result["accuracy"], 0.90)


if __name__ == "__main__":
    unittest.main()
