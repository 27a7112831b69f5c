#!/usr/bin/python3
"""Endpoints of `graft up` while things change and break: updates under load, alarms, killed processes, sleep."""
import concurrent.futures
import contextlib
import ctypes
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import threading
import time
import unittest
import unittest.mock

import support
from platforms import REGION, ROLE, Platform
from support import LABELS, images, trained_head

IMAGE = "123456789012.dkr.ecr.us-west-2.amazonaws.com/graft:latest"
BUCKET = "models"
QUICK = {"Delay": 1, "MaxAttempts": 120}
UNTIL_SECONDS = 90
BUNDLE = ("graph.json", "model.safetensors", "graft.json")

LANDLOCK_CREATE_RULESET = 444
PROBE = """#!/usr/bin/python3
import http.server, json, os, pathlib, sys

def opens(path):
    try:
        os.close(os.open(path, os.O_RDONLY))
        return True
    except OSError:
        return False

def signals():
    try:
        os.kill(PLATFORM, 0)
        return True
    except OSError:
        return False

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({
            "own": sorted(path.name for path in pathlib.Path(sys.argv[2]).iterdir() if opens(path)),
            "others": [path for path in (pathlib.Path(__file__).parent / "others").read_text().split() if opens(path)],
            "signals": signals()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"serving {sys.argv[2]} at http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


def landlock_version():
    return ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)


@functools.cache
def picture():
    return sorted((images() / "test" / LABELS[0]).iterdir())[0].read_bytes()


def archive(folder, name, prefix="", head=False):
    """The trained model, with labels that begin so; with its head alone beside it where asked."""
    bundle = folder / name
    bundle.mkdir()
    for file in BUNDLE + (("head.safetensors",) if head else ()):
        shutil.copy(trained_head()[0] / file, bundle / file)
    description = json.loads((bundle / "graft.json").read_text())
    description["labels"] = [prefix + label for label in description["labels"]]
    (bundle / "graft.json").write_text(json.dumps(description))
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as tar:
        for file in sorted(bundle.iterdir()):
            tar.add(file, file.name)
    return folder / f"{name}.tar.gz"


class HostingTest(support.ProductTest):
    @classmethod
    def setUpClass(cls):
        data = support.scratch_folder() / "hosting"
        cls.platform = Platform(data)
        cls.addClassCleanup(shutil.rmtree, data, ignore_errors=True)
        cls.addClassCleanup(cls.platform.__exit__)
        cls.s3, cls.sm = cls.platform.client("s3"), cls.platform.client("sagemaker")
        cls.cloudwatch, cls.runtime = cls.platform.client("cloudwatch"), cls.platform.client("sagemaker-runtime")
        cls.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        folder = support.scratch_folder() / "archives"
        folder.mkdir()
        for name, settings in {"old": {}, "new": {"prefix": "new "}, "head": {"head": True}}.items():
            cls.s3.upload_file(str(archive(folder, name, **settings)), BUCKET, f"{name}.tar.gz")
            cls.make_model(name, name)
        cls.s3.put_object(Bucket=BUCKET, Key="bad.tar.gz", Body=b"no archive")
        cls.make_model("bad", "bad")

    @classmethod
    def make_model(cls, name, archive_name, **container):
        cls.sm.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/{archive_name}.tar.gz", **container})

    def config(self, name, model, instances=1, **settings):
        self.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{
            "VariantName": "v", "ModelName": model, "InitialInstanceCount": instances, "InstanceType": "ml.m5.large",
            "InitialVariantWeight": 1}], **settings)

    def endpoint(self, name, model, **settings):
        self.config(name, model, **settings)
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.addCleanup(self.remove, name)
        self.wait(name)

    def remove(self, name):
        with contextlib.suppress(self.sm.exceptions.ClientError):  # it may be gone
            self.sm.delete_endpoint(EndpointName=name)

    def wait(self, name):
        self.sm.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=QUICK)
        return self.sm.describe_endpoint(EndpointName=name)

    def until(self, condition):
        deadline = time.monotonic() + UNTIL_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it takes too long")
            time.sleep(0.1)

    def label(self, name, runtime=None):
        answer = (runtime or self.runtime).invoke_endpoint(EndpointName=name, ContentType="image/jpeg", Body=picture())
        return json.loads(answer["Body"].read())["predictions"][0]["label"]

    @contextlib.contextmanager
    def load(self, name, clients=3):
        """Asks without a pause meanwhile; gives the labels that were answered, and fails with any request."""
        stop, labels = threading.Event(), []

        def client():
            runtime = self.platform.client("sagemaker-runtime")
            while not stop.is_set():
                labels.append(self.label(name, runtime))

        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            tasks = [pool.submit(client) for _ in range(clients)]
            try:
                yield labels
            finally:
                stop.set()
            for task in tasks:
                task.result()

    def serving(self):
        """The platform's `graft serve` processes, by id."""
        found = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
                if int(parent) == self.platform.process.pid and b"serve" in words:
                    found[int(folder.name)] = words
        return found

    def test_updates_under_load_drop_nothing(self):
        self.endpoint("updated", "old")
        for number, model in enumerate(("new", "old", "new")):
            self.config(f"updated-{number}", model)
        with self.load("updated") as labels:
            for number in range(3):
                self.sm.update_endpoint(EndpointName="updated", EndpointConfigName=f"updated-{number}")
                self.assertEqual(self.wait("updated")["EndpointConfigName"], f"updated-{number}")
        self.assertGreater(len(labels), 3)
        self.assertTrue(any(label.startswith("new ") for label in labels))
        self.assertTrue(self.label("updated").startswith("new "))

    def test_what_does_not_come_up_is_rolled_back(self):
        self.endpoint("kept", "old")
        self.config("kept-bad", "bad")
        with self.load("kept"):
            self.sm.update_endpoint(EndpointName="kept", EndpointConfigName="kept-bad")
            described = self.wait("kept")
        self.assertEqual(described["EndpointConfigName"], "kept")
        self.assertIn(f"s3://{BUCKET}/bad.tar.gz", described["FailureReason"])

    def test_an_alarm_rolls_back(self):
        self.endpoint("watched", "old")
        self.config("watched-new", "new")
        with self.load("watched") as labels:
            self.update_by_half("watched")
            self.until(lambda: any(label.startswith("new ") for label in labels))
            self.cloudwatch.put_metric_data(Namespace="test", MetricData=[{"MetricName": "watched", "Value": 5}])
            described = self.wait("watched")
        self.assertEqual(described["EndpointConfigName"], "watched")
        self.assertIn("watched", described["FailureReason"])
        self.assertFalse(self.label("watched").startswith("new "))

    def update_by_half(self, name):
        """To NAME-new, for as long as nobody puts a 5 into the metric NAME, which rolls it back."""
        self.cloudwatch.put_metric_alarm(AlarmName=name, Namespace="test", MetricName=name, Statistic="Sum",
                                         Period=10, EvaluationPeriods=1, Threshold=1,
                                         ComparisonOperator="GreaterThanOrEqualToThreshold")
        self.sm.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-new", DeploymentConfig={
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {
                "Type": "CANARY", "WaitIntervalInSeconds": 600,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]}})

    def until_both_answer(self, name):
        seen = set()
        self.until(lambda: seen.add(self.label(name).startswith("new ")) or len(seen) == 2)

    def test_a_platform_killed_during_an_update_goes_on_with_it(self):
        self.endpoint("shifted", "old")
        self.config("shifted-new", "new")
        self.update_by_half("shifted")
        self.until_both_answer("shifted")
        self.platform.kill()
        self.platform.start()
        self.assertIn(self.label("shifted"), LABELS)
        self.until_both_answer("shifted")
        self.cloudwatch.put_metric_data(Namespace="test", MetricData=[{"MetricName": "shifted", "Value": 5}])
        self.assertEqual(self.wait("shifted")["EndpointConfigName"], "shifted")
        self.assertFalse(self.label("shifted").startswith("new "))

    def test_deleted_during_an_update_it_leaves_no_process(self):
        before = set(self.serving())
        self.endpoint("dropped", "old")
        self.config("dropped-new", "new")
        self.update_by_half("dropped")
        self.until_both_answer("dropped")
        self.assertEqual(len(set(self.serving()) - before), 2)
        self.sm.delete_endpoint(EndpointName="dropped")
        self.until(lambda: not set(self.serving()) - before)

    def test_a_killed_process_is_started_again_and_no_request_fails(self):
        before = set(self.serving())
        self.endpoint("killed", "old", instances=2)
        mine = set(self.serving()) - before
        self.assertEqual(len(mine), 2)
        with self.load("killed"):
            for process in mine:
                time.sleep(0.5)
                os.kill(process, signal.SIGKILL)
            self.until(lambda: self.sm.describe_endpoint(EndpointName="killed")["ProductionVariants"][0][
                "CurrentInstanceCount"] == 2)
        self.assertFalse(mine & set(self.serving()))

    def test_sleeps_and_wakes(self):
        before = set(self.serving())
        self.make_model("tired", "old", Environment={"GRAFT_IDLE_SECONDS": "2"})
        self.endpoint("tired", "tired")
        self.until(lambda: not set(self.serving()) - before)
        self.assertEqual(self.sm.describe_endpoint(EndpointName="tired")["EndpointStatus"], "InService")
        self.assertIn(self.label("tired"), LABELS)

    def test_capture_is_read_back(self):
        self.endpoint("kept-data", "old", DataCaptureConfig={
            "EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": f"s3://{BUCKET}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]})
        label = self.label("kept-data")
        self.until(lambda: self.s3.list_objects_v2(Bucket=BUCKET, Prefix="captured/")["KeyCount"])
        [listed] = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="captured/")["Contents"]
        self.assertRegex(listed["Key"], r"^captured/kept-data/v/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[-0-9a-f]{36}\.jsonl$")
        line = json.loads(self.s3.get_object(Bucket=BUCKET, Key=listed["Key"])["Body"].read())
        self.assertEqual(line["captureData"]["endpointInput"]["observedContentType"], "image/jpeg")
        self.assertIn(label, line["captureData"]["endpointOutput"]["data"])

    def test_heads_share_a_process(self):
        before = set(self.serving())
        self.endpoint("head-1", "head")
        self.endpoint("head-2", "head")
        self.assertEqual(len(set(self.serving()) - before), 1)
        self.assertEqual(self.label("head-1"), self.label("head-2"))
        self.sm.delete_endpoint(EndpointName="head-1")
        self.assertIn(self.label("head-2"), LABELS)
        self.sm.delete_endpoint(EndpointName="head-2")
        self.until(lambda: not set(self.serving()) - before)

    def test_many_models_behind_one_endpoint(self):
        self.sm.create_model(ModelName="many", ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": f"s3://{BUCKET}/"})
        self.endpoint("many", "many")
        for name, prefix in (("old", ""), ("new", "new "), ("old", "")):
            answer = self.runtime.invoke_endpoint(EndpointName="many", ContentType="image/jpeg", Body=picture(),
                                                  TargetModel=f"{name}.tar.gz")
            label = json.loads(answer["Body"].read())["predictions"][0]["label"]
            self.assertTrue(label.startswith(prefix) and label.removeprefix(prefix) in LABELS, label)
        with self.assertRaises(self.runtime.exceptions.ClientError) as caught:
            self.runtime.invoke_endpoint(EndpointName="many", Body=picture(), TargetModel="none.tar.gz")
        self.assertEqual(caught.exception.response["Error"]["Code"], "ValidationError")

    def test_its_status_is_asked_of_no_proxy(self):
        nobody = "http://127.0.0.1:1"
        done = subprocess.run(support.command("status", "--data", self.platform.folder, "--json"), text=True,
                              capture_output=True, env={**support.environment(), "http_proxy": nobody,
                                                        "all_proxy": nobody})
        self.assertEqual(json.loads(done.stdout)["status"], "ok", done.stderr)

    @unittest.skipUnless(landlock_version() > 0, "this kernel has no Landlock")
    def test_what_serves_a_model_sees_no_more_of_the_platform(self):
        programs = self.folder / "bin"
        programs.mkdir()
        shutil.copy(support.BIN / "graft", programs / "graft")
        with unittest.mock.patch.object(support, "BIN", programs), Platform(self.folder / "data") as platform:
            s3, sagemaker = platform.client("s3"), platform.client("sagemaker")
            s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
            s3.upload_file(str(archive(self.folder, "own")), BUCKET, "own.tar.gz")
            files = [path for path in platform.folder.rglob("*") if path.is_file()]
            for part in ("identity", "objects"):
                self.assertTrue(any(path.is_relative_to(platform.folder / part) for path in files), part)
            # In the place of the program that serves: one that looks around, as who has taken that one over could.
            (programs / "others").write_text("\n".join(map(str, files)))
            (programs / "probe").write_text(PROBE.replace("PLATFORM", str(platform.process.pid)))
            (programs / "probe").chmod(0o755)
            (programs / "probe").rename(programs / "graft")
            sagemaker.create_model(ModelName="own", ExecutionRoleArn=ROLE, PrimaryContainer={
                "Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/own.tar.gz"})
            sagemaker.create_endpoint_config(EndpointConfigName="own", ProductionVariants=[{
                "VariantName": "v", "ModelName": "own", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
            sagemaker.create_endpoint(EndpointName="own", EndpointConfigName="own")
            sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="own", WaiterConfig=QUICK)
            answer = platform.client("sagemaker-runtime").invoke_endpoint(EndpointName="own", Body=b"")
            self.assertEqual(json.loads(answer["Body"].read()),
                             {"own": sorted(BUNDLE), "others": [], "signals": landlock_version() < 6})


if __name__ == "__main__":
    unittest.main()
