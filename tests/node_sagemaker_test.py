#!/usr/bin/python3
"""AWS's SDK for JavaScript against `graft up`: sagemaker_client.mjs is what its user writes."""
import json
import shutil
import subprocess
import unittest

import support
from platforms import REGION, ROLE, Platform

NODE_MODULES = support.ROOT / "build/node/node_modules"
SETTINGS = {"epochs": "1", "mini_batch_size": "16", "arch": "resnet10_025", "size": "32", "mode": "scratch",
            "precision": "fp32"}


@unittest.skipUnless((NODE_MODULES / "@aws-sdk/client-sagemaker").exists(), "./run test installs the SDK")
class NodeSageMaker(support.ProductTest):
    def test_trains_and_serves(self):
        script = NODE_MODULES.parent / "sagemaker_client.mjs"  # it finds the modules beside itself
        shutil.copyfile(support.ROOT / "tests" / script.name, script)
        root = support.images()
        with Platform(self.folder / "data") as platform:
            s3 = platform.client("s3")
            s3.create_bucket(Bucket="fruit", CreateBucketConfiguration={"LocationConstraint": REGION})
            for path in sorted(path for split in ("train", "validation") for path in (root / split).rglob("*.jpg")):
                s3.upload_file(str(path), "fruit", str(path.relative_to(root)))
            picture = next((root / "test" / "disc").iterdir())
            done = subprocess.run(["node", script, ROLE, "s3://fruit", picture, json.dumps(SETTINGS)],
                                  env=platform.environment(), capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        seen = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual((seen["waited"], seen["status"]), ("SUCCESS", "Completed"), seen.get("failure"))
        self.assertGreater(seen["seconds"], 0)
        self.assertEqual(seen["tags"], [{"Key": "team", "Value": "fruit"}])
        self.assertTrue([line for line in seen["log"] if "validation:accuracy=" in line], seen["log"])
        self.assertEqual(seen["variant"], "all")
        self.assertEqual((len(seen["answer"]), round(sum(seen["answer"]), 3)), (len(support.LABELS), 1))
        self.assertEqual(seen["modelError"], ["ModelError", 400])
        self.assertEqual(seen["missing"], "ValidationError")
        self.assertEqual((seen["deleted"], seen["left"]), ("SUCCESS", []))


if __name__ == "__main__":
    unittest.main()
