#!/usr/bin/python3
"""SageMaker's API of `graft up`, with boto3 as anybody uses it: from images to predictions, and what is refused."""
import functools
import gzip
import json
import shutil
import time
import unittest

import botocore.exceptions

import support
from platforms import REGION, ROLE, Platform

IMAGE = "433757028032.dkr.ecr.us-west-2.amazonaws.com/image-classification:1"
# As small as a training can be.
SETTINGS = {"epochs": "1", "mini_batch_size": "16", "arch": "resnet10_025", "size": "32", "mode": "scratch",
            "precision": "fp32"}
QUICK = {"Delay": 1, "MaxAttempts": 120}
BUCKET = "bucket"
UNTIL_SECONDS = 90


@functools.cache
def pictures():
    """(key, bytes) of the drawn images' training and validation splits."""
    root = support.images()
    return [(str(path.relative_to(root)), path.read_bytes())
            for split in ("train", "validation") for path in sorted((root / split).rglob("*.jpg"))]


def channel(name, uri):
    return {"ChannelName": name, "ContentType": "application/x-image", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}}}


def training_request(name, **settings):
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [channel("train", f"s3://{BUCKET}/images/train"),
                            channel("validation", f"s3://{BUCKET}/images/validation")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": SETTINGS,
    }
    request.update(settings)
    return request


def variant(name, model, weight):
    return {"VariantName": name, "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
            "InitialVariantWeight": weight}


class PlatformTest(support.ProductTest):
    """One platform and one trained model for all tests: they are what takes time."""

    @classmethod
    def setUpClass(cls):
        cls.data = support.scratch_folder() / "platform"
        cls.platform = Platform(cls.data)
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        cls.addClassCleanup(cls.platform.__exit__)
        cls.s3, cls.sm = cls.platform.client("s3"), cls.platform.client("sagemaker")
        cls.runtime, cls.logs = cls.platform.client("sagemaker-runtime"), cls.platform.client("logs")
        cls.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for key, content in pictures():
            cls.s3.put_object(Bucket=BUCKET, Key=f"images/{key}", Body=content)
        cls.sm.create_training_job(**training_request("first", Tags=[{"Key": "team", "Value": "fruit"}]))
        cls.sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="first", WaiterConfig=QUICK)
        cls.job = cls.sm.describe_training_job(TrainingJobName="first")
        cls.artifact = cls.job["ModelArtifacts"]["S3ModelArtifacts"]

    def refused(self, code, message, call, **request):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**request)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        self.assertIn(message, error["Message"])

    def until(self, condition):
        deadline = time.monotonic() + UNTIL_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it takes too long")
            time.sleep(0.1)

    def make_model(self, name):
        self.sm.create_model(ModelName=name, ExecutionRoleArn=ROLE,
                             PrimaryContainer={"Image": IMAGE, "ModelDataUrl": self.artifact})
        self.addCleanup(self.sm.delete_model, ModelName=name)

    def make_endpoint(self, name, variants):
        self.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        self.addCleanup(self.sm.delete_endpoint_config, EndpointConfigName=name)
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.sm.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=QUICK)

    def test_a_job_tells_all_of_its_life(self):
        self.assertEqual(self.job["TrainingJobStatus"], "Completed", self.job.get("FailureReason"))
        self.assertEqual(self.artifact, f"s3://{BUCKET}/out/first/output/model.tar.gz")
        self.s3.head_object(Bucket=BUCKET, Key="out/first/output/model.tar.gz")
        statuses = [one["Status"] for one in self.job["SecondaryStatusTransitions"]]
        self.assertEqual([one for one in dict.fromkeys(statuses) if one != "Pending"],
                         ["Starting", "Downloading", "Training", "Uploading", "Completed"])
        final = {one["MetricName"]: one["Value"] for one in self.job["FinalMetricDataList"]}
        self.assertIn("validation:accuracy", final)
        self.assertGreaterEqual(self.job["TrainingTimeInSeconds"], 1)
        tags = self.sm.list_tags(ResourceArn=self.job["TrainingJobArn"])["Tags"]
        self.assertEqual(tags, [{"Key": "team", "Value": "fruit"}])
        listed = self.sm.list_training_jobs(StatusEquals="Completed", NameContains="first")["TrainingJobSummaries"]
        self.assertEqual([one["TrainingJobName"] for one in listed], ["first"])

    def test_its_log_and_metrics_are_where_clients_look(self):
        group = "/aws/sagemaker/TrainingJobs"
        streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="first/")["logStreams"]
        self.assertRegex(streams[0]["logStreamName"], r"^first/algo-1-\d+$")
        events = self.logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"],
                                          startFromHead=True)["events"]
        self.assertTrue([one for one in events if "Validation-accuracy=" in one["message"]], events)
        metric = self.platform.client("cloudwatch").get_metric_statistics(
            Namespace=group, MetricName="validation:accuracy", Dimensions=[{"Name": "TrainingJobName", "Value": "first"}],
            StartTime=self.job["TrainingStartTime"].timestamp() - 120, EndTime=self.job["TrainingEndTime"].timestamp() + 120,
            Period=60, Statistics=["Average"])
        self.assertTrue(metric["Datapoints"])

    def test_an_endpoint_answers_shifts_and_goes(self):
        for name in ("left", "right"):
            self.make_model(name)
        self.make_endpoint("fruit", [variant("a", "left", 1), variant("b", "right", 1)])
        key, picture = pictures()[0]
        invoke = functools.partial(self.runtime.invoke_endpoint, EndpointName="fruit")
        answer = invoke(ContentType="image/jpeg", Body=picture)
        self.assertIn(answer["InvokedProductionVariant"], ("a", "b"))
        # As the built-in algorithm of this image answers.
        self.assertEqual(answer["ContentType"], "application/json")
        probabilities = json.loads(answer["Body"].read())
        self.assertTrue(all(isinstance(one, float) for one in probabilities), probabilities)
        self.assertEqual((len(probabilities), round(sum(probabilities), 3)), (len(support.LABELS), 1))
        self.assertEqual(invoke(ContentType="image/jpeg", Body=picture, TargetVariant="b")["InvokedProductionVariant"], "b")
        named = invoke(ContentType="text/plain", Body=f"s3://{BUCKET}/images/{key}")
        self.assertTrue(named["Body"].read())
        with self.assertRaises(self.runtime.exceptions.ModelError) as caught:
            invoke(ContentType="image/jpeg", Body=b"no picture")
        self.assertEqual(caught.exception.response["OriginalStatusCode"], 400)

        self.sm.update_endpoint_weights_and_capacities(
            EndpointName="fruit", DesiredWeightsAndCapacities=[{"VariantName": "a", "DesiredWeight": 0},
                                                               {"VariantName": "b", "DesiredWeight": 1}])
        self.sm.get_waiter("endpoint_in_service").wait(EndpointName="fruit", WaiterConfig=QUICK)
        chosen = {invoke(ContentType="image/jpeg", Body=picture)["InvokedProductionVariant"] for _ in range(8)}
        self.assertEqual(chosen, {"b"})
        described = self.sm.describe_endpoint(EndpointName="fruit")
        self.assertEqual([one["CurrentWeight"] for one in described["ProductionVariants"]], [0, 1])

        self.sm.delete_endpoint(EndpointName="fruit")
        self.sm.get_waiter("endpoint_deleted").wait(EndpointName="fruit", WaiterConfig=QUICK)
        self.refused("ValidationError", "Endpoint fruit of account", invoke, ContentType="image/jpeg", Body=picture)

    def test_a_batch_is_transformed(self):
        self.make_model("batch")
        self.sm.create_transform_job(
            TransformJobName="batch", ModelName="batch",
            TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
                                                            "S3Uri": f"s3://{BUCKET}/images/validation/disc"}},
                            "ContentType": "image/jpeg"},
            TransformOutput={"S3OutputPath": f"s3://{BUCKET}/answers", "Accept": "application/jsonlines"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
        self.sm.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName="batch", WaiterConfig=QUICK)
        job = self.sm.describe_transform_job(TransformJobName="batch")
        self.assertEqual(job["TransformJobStatus"], "Completed", job.get("FailureReason"))
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="answers/")["Contents"]
        expected = [key for key, _ in pictures() if key.startswith("validation/disc/")]
        self.assertEqual([one["Key"] for one in listed],
                         [f"answers/{key.removeprefix('validation/disc/')}.out" for key in expected])
        body = self.s3.get_object(Bucket=BUCKET, Key=listed[0]["Key"])["Body"].read()
        self.assertEqual(len(json.loads(body)["prediction"]), len(support.LABELS))

    def test_lines_are_joined_with_their_answers(self):
        """Lines that name pictures, packed, named by a manifest: the answers come with what the lines say else."""
        keys = [key for key, _ in pictures() if key.startswith("validation/disc/")][:3]
        lines = [json.dumps({"id": number, "picture": {"s3": f"s3://{BUCKET}/images/{key}"}}) for number, key in enumerate(keys)]
        self.s3.put_object(Bucket=BUCKET, Key="lines/a.jsonl.gz", Body=gzip.compress("\n".join(lines).encode()))
        self.s3.put_object(Bucket=BUCKET, Key="lists/one.json", Body=json.dumps([{"prefix": f"s3://{BUCKET}/lines/"}, "a.jsonl.gz"]))
        self.make_model("joined")
        self.sm.create_transform_job(
            TransformJobName="joined", ModelName="joined",
            TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/lists/one.json"}},
                            "ContentType": "application/jsonlines", "CompressionType": "Gzip", "SplitType": "Line"},
            TransformOutput={"S3OutputPath": f"s3://{BUCKET}/joined", "AssembleWith": "Line"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
            DataProcessing={"InputFilter": "$.picture", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"})
        self.sm.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName="joined", WaiterConfig=QUICK)
        job = self.sm.describe_transform_job(TransformJobName="joined")
        self.assertEqual(job["TransformJobStatus"], "Completed", job.get("FailureReason"))
        body = self.s3.get_object(Bucket=BUCKET, Key="joined/a.jsonl.gz.out")["Body"].read().decode()
        answers = [json.loads(line) for line in body.splitlines()]
        self.assertEqual([answer["id"] for answer in answers], [0, 1, 2])
        for answer in answers:
            self.assertEqual(len(answer["SageMakerOutput"]["prediction"]), len(support.LABELS))

    def test_a_job_is_stopped_and_deleted(self):
        self.sm.create_training_job(**training_request("long", HyperParameters={**SETTINGS, "epochs": "100000"}))
        self.until(lambda: self.sm.describe_training_job(TrainingJobName="long")["SecondaryStatus"] == "Training")
        status, answer = self.platform.call("DeleteTrainingJob", TrainingJobName="long")
        self.assertEqual((status, answer["__type"]), (400, "ResourceInUse"), answer)
        self.sm.stop_training_job(TrainingJobName="long")
        self.sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="long", WaiterConfig=QUICK)
        self.assertEqual(self.sm.describe_training_job(TrainingJobName="long")["TrainingJobStatus"], "Stopped")
        self.assertEqual(self.platform.call("DeleteTrainingJob", TrainingJobName="long")[0], 200)
        self.refused("ValidationException", "Requested resource not found.", self.sm.describe_training_job,
                     TrainingJobName="long")

    def test_hyperband_ends_jobs_by_what_they_log(self):
        """Jobs that would go on for ever are ended by what they say of the objective: at the third time, or sooner."""
        job = training_request("x", HyperParameters={})
        definition = {name: job[name] for name in ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig",
                                                   "ResourceConfig", "StoppingCondition")}
        name = {"HyperParameterTuningJobName": "band"}
        status, answer = self.platform.call(
            "CreateHyperParameterTuningJob", **name,
            HyperParameterTuningJobConfig={
                "Strategy": "Hyperband", "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 3}},
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
                "ParameterRanges": {"ContinuousParameterRanges": [
                    {"Name": "learning_rate", "MinValue": "0.001", "MaxValue": "0.1"}]}},
            TrainingJobDefinition={**definition, "StaticHyperParameters": {**SETTINGS, "epochs": "100000"}})
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.platform.call("DeleteHyperParameterTuningJob", **name)[1]["__type"], "ResourceInUse")

        def described():
            return self.sm.describe_hyper_parameter_tuning_job(**name)
        self.until(lambda: described()["HyperParameterTuningJobStatus"] != "InProgress")
        answer = described()
        self.assertEqual(answer["HyperParameterTuningJobStatus"], "Completed", answer)
        self.assertEqual(answer["TrainingJobStatusCounters"]["Stopped"], 2)
        self.assertEqual(answer["ObjectiveStatusCounters"]["Succeeded"], 2)
        self.assertEqual(self.platform.call("DeleteHyperParameterTuningJob", **name)[0], 200)
        self.refused("ResourceNotFound", "can't find a tuning job", self.sm.describe_hyper_parameter_tuning_job, **name)

    def test_a_failed_job_says_why(self):
        self.sm.create_training_job(**training_request("wrong", HyperParameters={**SETTINGS, "colour": "blue"}))
        self.until(lambda: self.sm.describe_training_job(TrainingJobName="wrong")["TrainingJobStatus"] == "Failed")
        job = self.sm.describe_training_job(TrainingJobName="wrong")
        self.assertIn("AlgorithmError", job["FailureReason"])
        self.assertIn("colour", job["FailureReason"])

    def test_the_errors_are_those_that_clients_compare(self):
        account = self.job["TrainingJobArn"].split(":")[4]
        arn = f"arn:aws:sagemaker:{REGION}:{account}"
        self.refused("ResourceInUse", "Training job names must be unique within an AWS account and region",
                     self.sm.create_training_job, **training_request("first"))
        self.refused("ValidationException", 'No S3 objects found under S3 URL "s3://bucket/none" given in input data source',
                     self.sm.create_training_job,
                     **training_request("none", InputDataConfig=[channel("train", "s3://bucket/none")]))
        self.refused("ValidationException", "1 validation error detected: Value 'bad name!' at 'modelName'",
                     self.sm.create_model, ModelName="bad name!", ExecutionRoleArn=ROLE,
                     PrimaryContainer={"Image": IMAGE, "ModelDataUrl": self.artifact})
        self.refused("ValidationException", "Could not find model data at s3://bucket/none.tar.gz.", self.sm.create_model,
                     ModelName="m", ExecutionRoleArn=ROLE,
                     PrimaryContainer={"Image": IMAGE, "ModelDataUrl": "s3://bucket/none.tar.gz"})
        self.refused("ValidationException", f'Could not find model "{arn}:model/none".', self.sm.describe_model,
                     ModelName="none")
        self.refused("ValidationException", f'Could not find endpoint "{arn}:endpoint/none".', self.sm.describe_endpoint,
                     EndpointName="none")
        self.refused("ValidationException", f'Could not find endpoint configuration "{arn}:endpoint-config/none".',
                     self.sm.describe_endpoint_config, EndpointConfigName="none")
        self.refused("ResourceNotFound", "can't find a tuning job", self.sm.describe_hyper_parameter_tuning_job,
                     HyperParameterTuningJobName="none")
        self.refused("ValidationException", "The request was rejected because the training job is in status Completed.",
                     self.sm.stop_training_job, TrainingJobName="first")
        self.refused("ValidationError", f"Endpoint none of account {account} not found.", self.runtime.invoke_endpoint,
                     EndpointName="none", Body=b"x")


if __name__ == "__main__":
    unittest.main()
