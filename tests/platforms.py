"""A platform (`graft up`) for tests: started, killed and started again on the same folder, and clients of it."""
import json
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.httpsession

import support

REGION = "us-west-2"
ROLE = "arn:aws:iam::123456789012:role/graft"
START_SECONDS = 30


class Platform:
    """Ends with the `with` block. `keys` are those that the first start printed."""

    def __init__(self, folder, *options):
        self.folder, self.options, self.port = pathlib.Path(folder), options, support.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.folder.parent / f"{self.folder.name}.log"
        self.keys = {}
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                support.command("up", "--data", self.folder, "--port", self.port, *self.options), stdout=log,
                stderr=subprocess.STDOUT, env=support.environment())
        deadline = time.monotonic() + START_SECONDS
        while not self.healthy() or not self.has_keys():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"graft up does not come up: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def has_keys(self):
        if "AWS_DEFAULT_REGION" not in self.keys:  # the last that the first start prints
            self.keys = dict(re.findall(r"export (AWS_\w+)=(\S+)\n", self.log.read_text()))
        return "AWS_DEFAULT_REGION" in self.keys

    def audit(self, fits):
        """The audit log's lines that fit, the first of which may be written only after its answer."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            lines = (self.folder / "identity/audit.jsonl").read_text().splitlines()
            found = [line for line in map(json.loads, lines) if fits(line)]
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.02)

    def healthy(self):
        try:
            with urllib.request.urlopen(self.url + "/_/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)

    def environment(self):
        """For clients that are processes; what the machine's owner has set up for AWS is not looked at."""
        return {**support.environment(), **self.keys, "AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

    def client(self, service, region=REGION, keys=None, **settings):
        keys = keys or self.keys
        settings.setdefault("retries", {"max_attempts": 1})
        return boto3.client(service, endpoint_url=self.url, region_name=region,
                            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
                            config=botocore.config.Config(**settings))

    def call(self, operation, **fields):
        """An operation of SageMaker that Debian's boto3 is too old to know: (status, what it answers)."""
        request = botocore.awsrequest.AWSRequest("POST", self.url + "/", data=json.dumps(fields), headers={
            "X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1"})
        keys = botocore.credentials.Credentials(self.keys["AWS_ACCESS_KEY_ID"], self.keys["AWS_SECRET_ACCESS_KEY"])
        botocore.auth.SigV4Auth(keys, "sagemaker", REGION).add_auth(request)
        answer = botocore.httpsession.URLLib3Session().send(request.prepare())
        return answer.status_code, json.loads(answer.content or b"{}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
