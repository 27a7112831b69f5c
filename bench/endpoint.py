"""What InvokeEndpoint of `graft up` adds to a call of the serving process behind it: both asked in turn, one request at a
time on a connection that is kept, the signatures made beforehand."""
import contextlib
import http.client
import io
import pathlib
import statistics
import subprocess
import tarfile
import time

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials

from objects import REGION, client, keys_of, server
from serve import free_port

ROLE = "arn:aws:iam::123456789012:role/graft"
ROUNDS = 400


def packed(bundle):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        tar.add(bundle, arcname=".")
    return out.getvalue()


def listening_port(pid):
    """Of the process: the port of 127.0.0.1 that it listens on."""
    sockets = {link for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir() for link in [str(fd.readlink())]}
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
            return int(fields[1].split(":")[1], 16)
    raise RuntimeError(f"process {pid} listens nowhere")


def serving_process(platform):
    children = subprocess.run(["pgrep", "-P", str(platform), "-f", "serve"], capture_output=True, text=True).stdout.split()
    return int(children[0])


class Caller:
    def __init__(self, port, path, body, keys=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.port, self.path, self.body, self.keys = port, path, body, keys

    def request(self, number):
        """Its headers. Each has something of its own, as no signature is taken twice."""
        request = botocore.awsrequest.AWSRequest("POST", f"http://127.0.0.1:{self.port}{self.path}", data=self.body, headers={
            "Content-Type": "image/jpeg", "Accept": "application/json", "X-Amzn-SageMaker-Inference-Id": str(number)})
        if self.keys:
            botocore.auth.SigV4Auth(self.keys, "sagemaker", REGION).add_auth(request)
        return dict(request.headers.items())

    def seconds(self, headers):
        start = time.perf_counter()
        self.connection.request("POST", self.path, self.body, headers)
        answer = self.connection.getresponse()
        answer.read()
        elapsed = time.perf_counter() - start
        if answer.status != 200:
            raise RuntimeError(f"{self.path} answers {answer.status}")
        return elapsed


def measure(graft, bundle, picture, root):
    """Milliseconds of the middle request: direct, through the platform."""
    with contextlib.ExitStack() as stack:
        port = free_port()
        log = root / "graft.log"
        process = stack.enter_context(server([graft, "up", "--data", root / "data", "--port", port], port, "/_/health",
                                             stdout=open(log, "w")))
        access, secret = keys_of(log)
        s3 = client(port, access, secret)
        s3.create_bucket(Bucket="bench")
        s3.put_object(Bucket="bench", Key="model.tar.gz", Body=packed(bundle))
        sagemaker = boto3.client("sagemaker", endpoint_url=f"http://127.0.0.1:{port}", region_name=REGION,
                                 aws_access_key_id=access, aws_secret_access_key=secret)
        sagemaker.create_model(ModelName="bench", ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": "graft", "ModelDataUrl": "s3://bench/model.tar.gz"})
        sagemaker.create_endpoint_config(EndpointConfigName="bench", ProductionVariants=[
            {"VariantName": "all", "ModelName": "bench", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
        sagemaker.create_endpoint(EndpointName="bench", EndpointConfigName="bench")
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="bench", WaiterConfig={"Delay": 1})
        body = pathlib.Path(picture).read_bytes()
        direct = Caller(listening_port(serving_process(process.pid)), "/invocations", body)
        through = Caller(port, "/endpoints/bench/invocations", body, botocore.credentials.Credentials(access, secret))
        times = [(direct.seconds(direct.request(number)), through.seconds(through.request(number)))
                 for number in range(ROUNDS)]
    return [1000 * statistics.median(column) for column in zip(*times[ROUNDS // 10:])]
