#!/usr/bin/python3
"""`graft up` is killed (SIGKILL) at random moments during a mixed load. What it acknowledged is there afterwards, and
every job ends in a true state.

GRAFT_KILLS says how often; some are enough for each change, and fifty are what the issue asks for.
"""
import hashlib
import os
import random
import threading
import time
import unittest

import botocore.exceptions

import support
import training_jobs
from platforms import ROLE, Platform
from training_jobs import BUCKET

KILLS = int(os.environ.get("GRAFT_KILLS", 6))
SIZES = (0, 1, 900, 40_000, 300_000, 3_000_000)
BROKEN = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)


class Load:
    """Writers, a maker of jobs and one who asks an endpoint, until told to stop; remembers what was acknowledged."""

    def __init__(self, platform, picture):
        self.platform, self.picture = platform, picture
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.acknowledged, self.attempted, self.jobs, self.wrong = {}, {}, [], []
        self.answers = 0
        self.threads = [threading.Thread(target=self.write, args=(number,)) for number in range(3)]
        self.threads += [threading.Thread(target=self.make_jobs), threading.Thread(target=self.ask)]
        for thread in self.threads:
            thread.start()

    def write(self, writer):
        chance = random.Random(writer)
        s3 = self.platform.client("s3", read_timeout=20)
        while not self.stopping.is_set():
            key = f"{writer}/{chance.randrange(40)}"  # some are written over
            body = chance.randbytes(chance.choice(SIZES))
            digest = hashlib.sha256(body).hexdigest()
            with self.lock:
                self.attempted.setdefault(key, set()).add(digest)
            try:
                if chance.random() < 0.2 and self.delete(s3, key):
                    continue
                s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            except BROKEN:
                time.sleep(0.05)
                continue
            with self.lock:
                self.acknowledged[key] = digest
                self.attempted[key] = {digest}

    def delete(self, s3, key):
        with self.lock:
            self.attempted[key].add(None)
        s3.delete_object(Bucket=BUCKET, Key=key)
        with self.lock:
            self.acknowledged[key] = None
            self.attempted[key] = {None}
        return True

    def make_jobs(self):
        sagemaker = self.platform.client("sagemaker", read_timeout=20)
        number = 0
        while not self.stopping.is_set():
            name = f"crash-{number}"
            try:
                sagemaker.create_training_job(**training_jobs.request(name))
            except BROKEN as error:
                if "already exists" not in str(error):
                    time.sleep(0.1)
                    continue
            with self.lock:
                self.jobs.append(name)
            number += 1
            self.stopping.wait(4)

    def ask(self):
        runtime = self.platform.client("sagemaker-runtime", read_timeout=60)
        while not self.stopping.is_set():
            try:
                runtime.invoke_endpoint(EndpointName="crash", ContentType="image/jpeg", Body=self.picture)
                self.answers += 1
            except BROKEN:
                time.sleep(0.1)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Crash(training_jobs.JobsTest):
    def test_nothing_acknowledged_is_lost(self):
        picture = sorted((support.images() / "test" / "disc").iterdir())[0].read_bytes()
        with Platform(self.folder / "data") as platform:
            self.platform = platform
            self.prepare(platform)
            load = Load(platform, picture)
            chance = random.Random(4)
            try:
                for _ in range(KILLS):
                    time.sleep(chance.uniform(0.3, 4))
                    platform.kill()
                    platform.start()
                time.sleep(2)
            finally:
                load.stop()
            self.check_objects(platform.client("s3"), load)
            self.check_jobs(load)
            self.assertGreater(load.answers, 0)

    def prepare(self, platform):
        training_jobs.prepare(platform)
        sagemaker = platform.client("sagemaker")
        sagemaker.create_training_job(**training_jobs.request("first"))
        sagemaker.get_waiter("training_job_completed_or_stopped").wait(
            TrainingJobName="first", WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        data = sagemaker.describe_training_job(TrainingJobName="first")["ModelArtifacts"]["S3ModelArtifacts"]
        sagemaker.create_model(ModelName="crash", ExecutionRoleArn=ROLE,
                               PrimaryContainer={"Image": "graft:latest", "ModelDataUrl": data})
        sagemaker.create_endpoint_config(EndpointConfigName="crash", ProductionVariants=[
            {"VariantName": "all", "ModelName": "crash", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
        sagemaker.create_endpoint(EndpointName="crash", EndpointConfigName="crash")
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="crash",
                                                         WaiterConfig={"Delay": 1, "MaxAttempts": 120})

    def check_objects(self, s3, load):
        self.assertGreater(len(load.acknowledged), 20)
        for key, wanted in sorted(load.acknowledged.items()):
            try:
                found = hashlib.sha256(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()).hexdigest()
            except s3.exceptions.NoSuchKey:
                found = None
            # What was under way when it was killed may be there or not; nothing else may.
            self.assertIn(found, load.attempted[key] | {wanted}, key)

    def check_jobs(self, load):
        self.assertGreater(len(load.jobs), 1)
        for name in load.jobs:
            self.assert_model(name)


if __name__ == "__main__":
    unittest.main()
