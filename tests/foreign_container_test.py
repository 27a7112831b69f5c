#!/usr/bin/python3
"""Jobs and endpoints of `graft up` with an image that is not graft's, in a container engine: podman."""
import contextlib
import datetime
import functools
import io
import json
import shutil
import tarfile
import time
import unittest

import support
from containers import IMAGE, Podman
from platforms import REGION, ROLE, Platform

BUCKET = "bucket"
QUICK = {"Delay": 1, "MaxAttempts": 60}
UNTIL_SECONDS = 60
TRAINED = b"one\ntwo\n"


class ForeignContainerTest(support.ProductTest):
    @classmethod
    def setUpClass(cls):
        cls.podman = Podman(support.scratch_folder() / "podman")
        cls.addClassCleanup(cls.podman.end)
        cls.platform = Platform(support.scratch_folder() / "platform")
        cls.addClassCleanup(shutil.rmtree, cls.platform.folder, ignore_errors=True)
        cls.addClassCleanup(cls.platform.__exit__)
        cls.s3, cls.sm = cls.platform.client("s3"), cls.platform.client("sagemaker")
        cls.runtime, cls.logs = cls.platform.client("sagemaker-runtime"), cls.platform.client("logs")
        cls.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for name, content in (("a", b"one\n"), ("b", b"two\n")):
            cls.s3.put_object(Bucket=BUCKET, Key=f"data/{name}", Body=content)

    def until(self, condition, what):
        deadline = time.monotonic() + UNTIL_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}; {self.platform.log.read_text()[-3000:]}")
            time.sleep(0.1)

    @staticmethod
    def job_request(name, behave):
        return {"TrainingJobName": name, "RoleArn": ROLE, "HyperParameters": {"behave": behave},
                "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": [
                    {"Name": "loss", "Regex": "loss=([0-9.]+)"}]},
                "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": {
                    "S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/"}}}],
                "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
                "StoppingCondition": {"MaxRuntimeInSeconds": 600}}

    def start_job(self, name, behave):
        self.sm.create_training_job(**self.job_request(name, behave))

    def job_end(self, name):
        self.sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=QUICK)
        return self.sm.describe_training_job(TrainingJobName=name)

    def log_of(self, group, begin):
        with contextlib.suppress(self.logs.exceptions.ResourceNotFoundException):
            streams = self.logs.describe_log_streams(logGroupName=f"/aws/sagemaker/{group}")["logStreams"]
            return [event["message"] for stream in streams if stream["logStreamName"].startswith(begin)
                    for event in self.logs.get_log_events(logGroupName=f"/aws/sagemaker/{group}", startFromHead=True,
                                                     logStreamName=stream["logStreamName"])["events"]]
        return []

    def model_of(self, job):
        bucket, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").split("/", 1)
        content = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}

    def train(self, name):
        self.start_job(name, "well")
        with contextlib.suppress(Exception):
            return self.job_end(name)
        self.fail(self.sm.describe_training_job(TrainingJobName=name)["FailureReason"])

    def test_trains(self):
        job = self.train("trained")
        self.assertEqual(job["TrainingJobStatus"], "Completed")
        self.assertEqual(self.model_of(job), {"x": TRAINED})
        self.assertEqual([metric["Value"] for metric in job["FinalMetricDataList"]], [0.25])
        self.until(lambda: "loss=0.25" in self.log_of("TrainingJobs", "trained/"), "its lines are not logged")
        self.assertIn("trains as trained with", self.log_of("TrainingJobs", "trained/")[0])
        self.assertEqual([name for name in self.podman.containers() if "trained" in name], [])

    def test_says_why_it_failed(self):
        self.start_job("failing", "fail")
        self.until(lambda: self.sm.describe_training_job(TrainingJobName="failing")["TrainingJobStatus"] == "Failed",
                   "it does not fail")
        reason = self.sm.describe_training_job(TrainingJobName="failing")["FailureReason"]
        self.assertEqual(reason, "AlgorithmError: the colours are wrong, exit code: 3")

    def test_is_stopped_by_a_platform_that_was_killed_meanwhile(self):
        self.start_job("stopped", "wait")
        self.until(lambda: "waits" in self.log_of("TrainingJobs", "stopped/"), "it does not begin")
        self.assertEqual(len([name for name in self.podman.containers() if "stopped" in name]), 1)
        self.platform.kill()
        self.platform.start()
        self.sm.stop_training_job(TrainingJobName="stopped")
        job = self.job_end("stopped")
        self.assertEqual(job["TrainingJobStatus"], "Stopped")
        self.assertEqual(self.model_of(job), {"x": b"kept\n"})
        self.assertIn("is told to stop", self.log_of("TrainingJobs", "stopped/"))
        self.assertEqual([name for name in self.podman.containers() if "stopped" in name], [])

    def make_model(self, name, job):
        self.sm.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": IMAGE, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
            "Environment": {"GREETING": "hello = there"}})

    def test_transforms_columns_of_rows(self):
        self.make_model("rows", self.train("rows"))
        self.s3.put_object(Bucket=BUCKET, Key="rows/a.csv", Body=b'7,"a,b",1\r\n8,c,2\r\n')
        self.sm.create_transform_job(
            TransformJobName="rows", ModelName="rows",
            TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/rows/"}},
                            "ContentType": "text/csv", "SplitType": "Line"},
            TransformOutput={"S3OutputPath": f"s3://{BUCKET}/seen", "Accept": "text/csv", "AssembleWith": "Line"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
            DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,4:]"},
            DataCaptureConfig={"DestinationS3Uri": f"s3://{BUCKET}/captured"})
        self.sm.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName="rows", WaiterConfig=QUICK)
        self.assertEqual(self.content("seen/a.csv.out"), '7,1,"seen, well"\n8,2,"seen, well"\n')
        start = self.sm.describe_transform_job(TransformJobName="rows")["TransformStartTime"]
        hour = start.astimezone(datetime.timezone.utc).strftime("%Y/%m/%d/%H")
        self.assertEqual(json.loads(self.content(f"captured/output/{hour}/rows.json")),
                         [{"prefix": f"s3://{BUCKET}/seen/"}, "a.csv.out"])

    def content(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()

    def tune(self, name, behave, count, **more):
        """Loss is 0.25 where all is well."""
        job = self.job_request(None, behave)
        del job["TrainingJobName"]
        job["StaticHyperParameters"] = job.pop("HyperParameters")
        self.sm.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name, TrainingJobDefinition=job,
            HyperParameterTuningJobConfig={
                "Strategy": "Bayesian",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": count, "MaxParallelTrainingJobs": count},
                "ParameterRanges": {"ContinuousParameterRanges": [
                    {"Name": "rate", "MinValue": "0.1", "MaxValue": "1"}]}}, **more)
        final = {"Completed", "Failed", "Stopped"}
        describe = functools.partial(self.sm.describe_hyper_parameter_tuning_job, HyperParameterTuningJobName=name)
        self.until(lambda: describe()["HyperParameterTuningJobStatus"] in final, f"{name} does not end")
        return describe()

    def test_tunes_on_from_what_another_job_has_found(self):
        parent = self.tune("parent", "well", 2)
        self.assertEqual(parent["HyperParameterTuningJobStatus"], "Completed")
        warm = {"WarmStartType": "IdenticalDataAndAlgorithm",
                "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "parent"}]}
        child = self.tune("child", "fail", 1, WarmStartConfig=warm)
        self.assertEqual(child["HyperParameterTuningJobStatus"], "Failed")
        self.assertEqual(child["WarmStartConfig"], warm)
        best = child["OverallBestTrainingJob"]
        self.assertEqual(best["TrainingJobName"], parent["BestTrainingJob"]["TrainingJobName"])
        self.assertEqual(best["TuningJobName"], "parent")

    def test_an_image_that_is_not_there_is_named(self):
        self.sm.create_model(ModelName="none", ExecutionRoleArn=ROLE,
                             PrimaryContainer={"Image": "localhost/none:1"})
        self.make_endpoint("none", "none")
        self.until(lambda: self.sm.describe_endpoint(EndpointName="none")["EndpointStatus"] == "Failed",
                   "it does not fail")
        self.assertIn("localhost/none:1", self.sm.describe_endpoint(EndpointName="none")["FailureReason"])

    def make_endpoint(self, name, model):
        self.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{
            "VariantName": "v", "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
            "InitialVariantWeight": 1}])
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.addCleanup(self.remove, name)

    def remove(self, name):
        with contextlib.suppress(self.sm.exceptions.ClientError):  # it may be gone
            self.sm.delete_endpoint(EndpointName=name)

    def in_service(self, name):
        self.sm.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=QUICK)

    def ask(self, name, body=b"picture"):
        answer = self.runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", CustomAttributes="me",
                                              Body=body)
        self.assertEqual(answer["ContentType"], "text/plain")
        return answer["Body"].read().decode()

    def test_serves_what_it_trained_also_after_a_crash(self):
        job = self.train("served")
        self.make_model("served", job)
        self.make_endpoint("served", "served")
        self.in_service("served")
        said = "POST /invocations: picture of text/csv for me, hello = there, by one\ntwo"
        self.assertEqual(self.ask("served"), said)
        with self.assertRaises(self.runtime.exceptions.ModelError) as refused:
            self.ask("served", b"refuse")
        self.assertEqual(refused.exception.response["OriginalStatusCode"], 415)
        self.until(lambda: "serves one" in self.log_of("Endpoints/served", "v/"), "its lines are not logged")
        [before] = self.podman.containers()

        self.platform.kill()
        self.platform.start()
        self.in_service("served")
        self.assertEqual(self.ask("served"), said)
        [after] = self.podman.containers()
        self.assertNotEqual(before, after)

        self.podman("kill", after)
        self.until(lambda: self.podman.containers().get(after, {}).get("State") == "running", "it is not started again")
        self.assertEqual(self.ask("served"), said)

        self.sm.delete_endpoint(EndpointName="served")
        self.until(lambda: not self.podman.containers(), "a container is left")


if __name__ == "__main__":
    unittest.main()
