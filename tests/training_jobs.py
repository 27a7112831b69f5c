"""Training jobs of a platform for tests: as small as they can be, on the drawn images in a bucket."""
import functools
import time

import support
from platforms import REGION, ROLE

BUCKET = "jobs"
FINAL = {"Completed", "Failed", "Stopped"}
# As small as a training can be.
SETTINGS = {"mode": "scratch", "arch": "resnet10_025", "size": "32", "epochs": "1", "precision": "fp32"}
LONG = "100000"  # epochs that nobody waits for
UNTIL_SECONDS = 120


def prepare(platform):
    s3 = platform.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    root = support.images() / "train"
    for path in sorted(root.rglob("*.jpg")):
        s3.put_object(Bucket=BUCKET, Key=f"images/train/{path.relative_to(root)}", Body=path.read_bytes())


def channel(name, uri, **source):
    return {"ChannelName": name,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, **source}}}


def request(name, instances=1, channels=(), **parameters):
    """For CreateTrainingJob; `parameters` are hyper-parameters."""
    return {"TrainingJobName": name, "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": "graft:latest", "TrainingInputMode": "File"},
            "HyperParameters": {**SETTINGS, **parameters},
            "InputDataConfig": [channel("train", f"s3://{BUCKET}/images/train"), *channels],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": instances, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600}}


class JobsTest(support.ProductTest):
    """Of a class with a `platform`."""

    @functools.cached_property
    def sagemaker(self):
        return self.platform.client("sagemaker")

    @functools.cached_property
    def logs(self):
        return self.platform.client("logs")

    def create(self, name, **how):
        self.sagemaker.create_training_job(**request(name, **how))

    def until(self, condition, what):
        deadline = time.monotonic() + UNTIL_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}; {self.platform.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def state(self, name):
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def come_to(self, name, *secondary):
        self.until(lambda: self.state(name)["SecondaryStatus"] in secondary, f"{name} does not come to {secondary}")

    def lines(self, name, host="algo-1"):
        group = "/aws/sagemaker/TrainingJobs"
        try:
            streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/{host}")
        except self.logs.exceptions.ResourceNotFoundException:
            return []  # no job has said anything
        return [event["message"] for stream in streams["logStreams"] for event in self.logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]]

    def trains(self, name):
        """Until its first epoch is over."""
        self.until(lambda: any("train:loss=" in line or line.startswith("epoch") for line in self.lines(name)),
                   f"{name} does not train: {self.lines(name)}")

    def end_of(self, name, status):
        self.until(lambda: self.state(name)["TrainingJobStatus"] in FINAL, f"{name} never ends")
        state = self.state(name)
        self.assertEqual(state["TrainingJobStatus"], status, state.get("FailureReason"))
        return state

    def assert_model(self, name):
        state = self.end_of(name, "Completed")
        self.assertEqual(state["ModelArtifacts"]["S3ModelArtifacts"], f"s3://{BUCKET}/out/{name}/output/model.tar.gz")
        size = self.platform.client("s3").head_object(Bucket=BUCKET, Key=f"out/{name}/output/model.tar.gz")
        self.assertGreater(size["ContentLength"], 1000)
