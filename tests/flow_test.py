#!/usr/bin/python3
"""From an empty machine to a prediction, as a person does it with AWS's own tools: the AWS CLI and the newest boto3, with
AWS_ENDPOINT_URL set and nothing else. Photographs of ants and bees, and a network that ImageNet taught."""
import json
import subprocess
import time
import unittest

import support
from platforms import ROLE, Platform
from support import HUB

PYTHON = support.ROOT / "build/python/bin"
KERAS = HUB / "keras-mobilenetv2-035/keras_model.h5"
BUCKET = "ants-and-bees"

FLOW = '''
import json, sys, time
import boto3

bucket, role, picture = sys.argv[1:]
sagemaker, runtime, logs, s3 = (boto3.client(name) for name in ("sagemaker", "sagemaker-runtime", "logs", "s3"))
seen, instance = {}, "ml.m5.xlarge"


def channel(name, prefix):
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{prefix}"}}}


start = time.time()
sagemaker.create_training_job(
    TrainingJobName="ants", RoleArn=role, AlgorithmSpecification={"TrainingImage": "graft", "TrainingInputMode": "File"},
    HyperParameters={"mode": "head"}, OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out"},
    InputDataConfig=[channel("train", "images/train"), channel("validation", "images/validation"), channel("model", "network")],
    ResourceConfig={"InstanceType": instance, "InstanceCount": 1, "VolumeSizeInGB": 10},
    StoppingCondition={"MaxRuntimeInSeconds": 600})
sagemaker.get_waiter("training_job_completed_or_stopped").wait(
    TrainingJobName="ants", WaiterConfig={"Delay": 1, "MaxAttempts": 300})
job = sagemaker.describe_training_job(TrainingJobName="ants")
seen["status"], seen["failure"] = job["TrainingJobStatus"], job.get("FailureReason")
seen["phases"] = {each["Status"]: round((each.get("EndTime", each["StartTime"]) - each["StartTime"]).total_seconds(), 2)
                  for each in job["SecondaryStatusTransitions"]}
group = "/aws/sagemaker/TrainingJobs"
stream = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="ants/")["logStreams"][0]["logStreamName"]
seen["log"] = [each["message"] for each in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]
for name in ("one", "two"):
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={
        "Image": "graft", "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]})
sagemaker.create_endpoint_config(EndpointConfigName="ants", ProductionVariants=[
    {"VariantName": name, "ModelName": name, "InitialInstanceCount": 1, "InstanceType": instance, "InitialVariantWeight": weight}
    for name, weight in (("one", 3), ("two", 1))])
sagemaker.create_endpoint(EndpointName="ants", EndpointConfigName="ants")
sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="ants", WaiterConfig={"Delay": 1, "MaxAttempts": 120})
variants = []
for _ in range(8):
    answer = runtime.invoke_endpoint(EndpointName="ants", ContentType="image/jpeg", Body=open(picture, "rb").read())
    variants.append(answer["InvokedProductionVariant"])
    seen["answer"] = json.loads(answer["Body"].read())
seen["seconds"] = round(time.time() - start, 2)
seen["variants"] = {name: variants.count(name) for name in ("one", "two")}
key = s3.list_objects_v2(Bucket=bucket, Prefix="images/validation/bees/")["Contents"][0]["Key"]
answer = runtime.invoke_endpoint(EndpointName="ants", ContentType="text/plain", Body=f"s3://{bucket}/{key}")
seen["by_url"] = json.loads(answer["Body"].read())
sagemaker.update_endpoint_weights_and_capacities(EndpointName="ants", DesiredWeightsAndCapacities=[
    {"VariantName": "one", "DesiredWeight": 0}, {"VariantName": "two", "DesiredWeight": 1}])
sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="ants", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
seen["after"] = sorted({runtime.invoke_endpoint(EndpointName="ants", ContentType="image/jpeg", Body=open(picture, "rb").read())
                        ["InvokedProductionVariant"] for _ in range(5)})
sagemaker.delete_endpoint_config(EndpointConfigName="ants")
sagemaker.delete_endpoint(EndpointName="ants")
for name in ("one", "two"):
    sagemaker.delete_model(ModelName=name)
seen["left"] = [sagemaker.list_models()["Models"], sagemaker.list_endpoints()["Endpoints"]]
print(json.dumps(seen, default=str))
'''


@unittest.skipUnless(KERAS.exists() and (PYTHON / "aws").exists(), "there is no data hub, or ./run test did not prepare it")
class Flow(support.ProductTest):
    def test_from_an_empty_machine_to_a_prediction(self):
        begin = time.monotonic()
        picture = sorted((HUB / "hymenoptera/validation/ants").iterdir())[0]
        with Platform(self.folder / "data") as platform:
            self.run_in(platform, PYTHON / "aws", "s3", "mb", f"s3://{BUCKET}")
            self.run_in(platform, PYTHON / "aws", "s3", "sync", "--quiet", HUB / "hymenoptera", f"s3://{BUCKET}/images")
            self.run_in(platform, PYTHON / "aws", "s3", "cp", "--quiet", KERAS, f"s3://{BUCKET}/network/keras_model.h5")
            seen = json.loads(self.run_in(platform, PYTHON / "python", "-c", FLOW, BUCKET, ROLE, picture).splitlines()[-1])
        print(f"{time.monotonic() - begin:.1f} s in all, {seen['seconds']} s from job to answer, phases {seen['phases']}")
        self.assertEqual(seen["status"], "Completed", seen["failure"])
        self.assertTrue([line for line in seen["log"] if "validation:accuracy=" in line], seen["log"])
        self.assertEqual(seen["variants"], {"one": 6, "two": 2})
        self.assertEqual(seen["after"], ["two"])
        self.assertEqual(seen["left"], [[], []])
        self.assertIn("ants", json.dumps(seen["answer"]))
        self.assertIn("bees", json.dumps(seen["by_url"]))

    def run_in(self, platform, *command):
        done = subprocess.run(list(map(str, command)), env=platform.environment(), capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout


if __name__ == "__main__":
    unittest.main()
