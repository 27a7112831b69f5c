#!/usr/bin/python3
"""The SageMaker Python SDK, v2 and unchanged, against `graft up`: sdk_flow.py is what its user writes."""
import json
import subprocess
import unittest

import support
from platforms import ROLE, Platform

PYTHON = support.ROOT / "build/python/bin/python"
# As a machine's owner writes it once: no question to AWS's own STS, no telemetry (docs/platform.md).
CONFIG = """SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session: {DefaultS3Bucket: sdk-bucket}
"""


@unittest.skipUnless(PYTHON.exists(), "./run test installs the SDK")
class SageMakerSdk(support.ProductTest):
    def test_trains_serves_transforms_and_tunes(self):
        config = self.folder / "config.yaml"
        config.write_text(CONFIG)
        picture = sorted((support.images() / "test" / "disc").iterdir())[0]
        with Platform(self.folder / "data") as platform:
            platform.client("s3").create_bucket(Bucket="sdk-bucket",
                                                CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
            done = subprocess.run(
                [PYTHON, support.ROOT / "tests/sdk_flow.py", "sdk-bucket", ROLE, "graft:latest", support.images(), picture],
                env={**platform.environment(), "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
                     "SAGEMAKER_SUPPRESS_V2_WARNING": "1", "HOME": str(self.folder)},
                capture_output=True, text=True, timeout=540)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        seen = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(seen["described"], "Completed")
        self.assertEqual(seen["model_data"], f"s3://sdk-bucket/out/{seen['job']}/output/model.tar.gz")
        self.assertEqual(seen["attached"], seen["model_data"])
        self.assertEqual(seen["metrics"], ["validation:accuracy"])
        self.assertEqual(len(seen["answer"]), 3, "one probability for each label, as the built-in algorithm answers")
        self.assertEqual(seen["model_error"], 400)
        self.assertEqual(seen["transformed"], 24)
        self.assertRegex(seen["best"], r"-00[12]-")
        self.assertIn("Failed. Reason: ClientError: the image 123456789012.dkr.ecr.us-west-2.amazonaws.com/somebody-elses:1 ",
                      seen["other_image"])
        self.assertIn("validation:accuracy=", done.stdout, "the job's log was shown")


if __name__ == "__main__":
    unittest.main()
