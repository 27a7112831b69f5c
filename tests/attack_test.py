#!/usr/bin/python3
"""What a stranger may send to `graft up`: it is refused, recorded, and nothing leaks. tests/identity_test.py has the
signatures."""
import contextlib
import http.client
import io
import json
import pathlib
import socket
import tarfile
import time
import unittest

import boto3
import botocore
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions

import support
from platforms import REGION, ROLE, Platform

BUCKET = "treasure"
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e SYSTEM "file:///etc/passwd">]>
<Delete><Object><Key>&d;&e;</Key></Object></Delete>"""


def archive(names):
    """A model.tar.gz with these members: (name, content, target of a link or nothing)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content, target in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if target:
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, target, 0
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


class Attack(support.ProductTest):
    @classmethod
    def setUpClass(cls):
        cls.root = support.scratch_folder() / "attack"
        cls.platform = cls.enterClassContext(Platform(cls.root / "data"))
        cls.s3 = cls.platform.client("s3")
        cls.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        cls.s3.put_object(Bucket=BUCKET, Key="gold", Body=b"secret gold")

    def code(self, call, *names, **arguments):
        """The error's code, when it is one of a client."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(*names, **arguments)
        self.assertLess(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 500)
        return caught.exception.response["Error"]["Code"]

    def raw(self, method, target, body=b"", headers=(), signed=True):
        """One request whose target is sent as it is. (status, body)."""
        url = self.platform.url + target
        request = botocore.awsrequest.AWSRequest(method, url, data=body, headers=dict(headers))
        if signed:
            keys = botocore.credentials.Credentials(*(self.platform.keys[name] for name in
                                                      ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")))
            botocore.auth.S3SigV4Auth(keys, "s3", REGION).add_auth(request)
        connection = http.client.HTTPConnection("127.0.0.1", self.platform.port, timeout=30)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if "Content-Length" not in request.headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        with contextlib.closing(connection):
            answer = connection.getresponse()
            return answer.status, answer.read()

    def other_account(self):
        done = support.graft("user", "add", "mallory", "--data", self.platform.folder, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        key = json.loads(done.stdout)
        return {"AWS_ACCESS_KEY_ID": key["access_key"], "AWS_SECRET_ACCESS_KEY": key["secret_key"]}

    def test_another_account_sees_nothing(self):
        keys = self.other_account()
        s3, sagemaker = (self.platform.client(name, keys=keys) for name in ("s3", "sagemaker"))
        self.assertEqual(s3.list_buckets()["Buckets"], [])
        for call, arguments in ((s3.get_object, {"Key": "gold"}), (s3.put_object, {"Key": "x", "Body": b""}),
                                (s3.list_objects_v2, {}), (s3.delete_object, {"Key": "gold"}), (s3.delete_bucket, {}),
                                (s3.create_multipart_upload, {"Key": "gold"}), (s3.get_bucket_acl, {}),
                                (s3.delete_objects, {"Delete": {"Objects": [{"Key": "gold"}]}})):
            self.assertEqual(self.code(call, Bucket=BUCKET, **arguments), "AccessDenied", call)
        s3.create_bucket(Bucket="mallorys", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.assertEqual(self.code(s3.copy_object, Bucket="mallorys", Key="x", CopySource=f"{BUCKET}/gold"), "AccessDenied")
        ours = self.platform.client("sagemaker")
        ours.create_model(ModelName="ours", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "graft"})
        self.addCleanup(ours.delete_model, ModelName="ours")
        self.assertEqual(sagemaker.list_models()["Models"], [])
        self.assertEqual(self.code(sagemaker.describe_model, ModelName="ours"), "ValidationException")
        self.assertEqual(self.code(sagemaker.delete_model, ModelName="ours"), "ValidationException")
        self.assertEqual(self.s3.get_object(Bucket=BUCKET, Key="gold")["Body"].read(), b"secret gold")

    def test_who_gives_no_signature_gets_nothing(self):
        for method, target in (("GET", f"/{BUCKET}/gold"), ("GET", f"/{BUCKET}"), ("PUT", f"/{BUCKET}/x"),
                               ("DELETE", f"/{BUCKET}/gold"), ("POST", "/endpoints/x/invocations")):
            status, body = self.raw(method, target, signed=False)
            self.assertIn(status, (403, 501), (method, target, body))  # no operation of S3 has this form
            self.assertNotIn(b"secret", body)

    def test_keys_are_never_paths(self):
        names = "graft-was-here", "up", "absolute", "b"
        for target in (f"/{BUCKET}/../../../../tmp/graft-was-here", f"/{BUCKET}/%2e%2e/%2e%2e/%2e%2e/tmp/graft-was-here",
                       f"/{BUCKET}//etc/graft-was-here", f"/{BUCKET}/a/%2e%2e%2f%2e%2e%2fgraft-was-here"):
            status, body = self.raw("PUT", target, b"x")
            self.assertIn(status, (200, 400, 403), body)
        for key in ("../up", "/absolute", "a/../../b", ".", "..", "a/../graft-was-here"):
            for size in (1, 100_000):  # in the index, and in a file
                with self.subTest(key, size=size):
                    content = (key * size).encode()
                    self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
                    self.assertEqual(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), content)
        self.assertFalse([path for path in self.root.parent.rglob("*") if path.name in names])
        self.assertFalse([path for name in names for folder in ("/", "/tmp", "/etc")
                          if (path := pathlib.Path(folder, name)).exists()])

    def test_an_xml_bomb_is_no_request(self):
        start = time.monotonic()
        status, body = self.raw("POST", f"/{BUCKET}?delete", BOMB, {"Content-MD5": ""})
        self.assertEqual(status, 400, body)
        self.assertNotIn(b"root:", body)
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(self.raw("POST", f"/{BUCKET}?delete", b"<Delete>" * 100_000)[0], 400)

    def test_what_is_too_large_is_refused_at_once(self):
        self.assertIn(self.raw("GET", f"/{BUCKET}/gold", headers={"x-amz-meta-a": "x" * 200_000})[0], (400, 431))
        sagemaker = self.platform.client("sagemaker")
        code = self.code(sagemaker.create_model, ModelName="x", ExecutionRoleArn=ROLE,
                         PrimaryContainer={"Image": "graft", "Environment": {"A": "x" * 9_000_000}})
        self.assertIn(code, ("ValidationException", "413", "EntityTooLarge", "RequestEntityTooLarge"))
        with socket.create_connection(("127.0.0.1", self.platform.port), timeout=30) as client:
            client.sendall(f"PUT /{BUCKET}/x HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 60}\r\n\r\n".encode())
            self.assertRegex(client.recv(4096), rb"HTTP/1.1 4\d\d ")

    def test_a_strangers_archive_stays_in_its_folder(self):
        for number, members in enumerate(([("../../../graft-was-here", b"x", None)], [("/tmp/graft-was-here", b"x", None)],
                                          [("link", b"", "/tmp"), ("link/graft-was-here", b"x", None)])):
            self.s3.put_object(Bucket=BUCKET, Key=f"{number}/model.tar.gz", Body=archive(members))
            self.assertTrue(self.failure_of_endpoint(f"bad{number}", f"s3://{BUCKET}/{number}/model.tar.gz"))
        self.assertFalse(list(self.root.rglob("*graft-was-here*")) or pathlib.Path("/tmp/graft-was-here").exists())

    def failure_of_endpoint(self, name, data):
        sagemaker = self.platform.client("sagemaker")
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE,
                               PrimaryContainer={"Image": "graft", "ModelDataUrl": data})
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[
            {"VariantName": "a", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        for _ in range(300):
            state = sagemaker.describe_endpoint(EndpointName=name)
            if state["EndpointStatus"] not in ("Creating", "Updating"):
                break
            time.sleep(0.1)
        self.assertEqual(state["EndpointStatus"], "Failed", state)
        sagemaker.delete_endpoint(EndpointName=name)
        return state["FailureReason"]

    def make_endpoint(self, name, **settings):
        sagemaker = self.platform.client("sagemaker")
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[
            {"VariantName": "a", "ModelName": "net", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
        arn = sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, **settings)["EndpointArn"]
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 90})
        return arn

    def test_a_public_endpoint_answers_everybody_and_nothing_else_does(self):
        bundle = io.BytesIO()
        with tarfile.open(fileobj=bundle, mode="w:gz") as tar:
            for name in ("graph.json", "model.safetensors", "graft.json"):
                tar.add(support.trained_head()[0] / name, name)
        self.s3.put_object(Bucket=BUCKET, Key="net/model.tar.gz", Body=bundle.getvalue())
        ours = self.platform.client("sagemaker")
        ours.create_model(ModelName="net", ExecutionRoleArn=ROLE, PrimaryContainer={
            "Image": "graft", "ModelDataUrl": f"s3://{BUCKET}/net/model.tar.gz"})
        public = [{"Key": "graft:public", "Value": "true"}]
        arn = self.make_endpoint("open", Tags=public)
        self.make_endpoint("closed")
        account = arn.split(":")[4]
        picture = next((support.images() / "test" / "disc").iterdir()).read_bytes()
        nobody = boto3.client("sagemaker-runtime", endpoint_url=self.platform.url, region_name=REGION,
                              config=botocore.config.Config(signature_version=botocore.UNSIGNED))
        other = self.platform.client("sagemaker-runtime", keys=self.other_account())
        for client in (nobody, other, self.platform.client("sagemaker-runtime")):
            answer = client.invoke_endpoint(EndpointName=f"{account}.open", ContentType="image/jpeg", Body=picture)
            self.assertIn(b"predictions", answer["Body"].read())
        for name in ("open", "closed", f"{account}.closed", f"{account}.none", f"{account}.transform_x", "000000000000.open"):
            self.assertEqual(self.code(nobody.invoke_endpoint, EndpointName=name, Body=picture), "MissingAuthenticationToken")
            self.assertEqual(self.code(other.invoke_endpoint, EndpointName=name, Body=picture), "ValidationError")
        self.assertEqual(self.code(nobody.invoke_endpoint, EndpointName=f"{account}.open", Body=b"x" * 6_300_000),
                         "ValidationError")
        for method, target in (("GET", f"/endpoints/{account}.open/invocations"), ("DELETE", f"/endpoints/{account}.open"),
                               ("PUT", f"/endpoints/{account}.open/invocations"), ("GET", f"/{BUCKET}/net/model.tar.gz"),
                               ("POST", f"/endpoints/{account}.open/invocations/../../x")):
            status, body = self.raw(method, target, signed=False)
            self.assertIn(status, (400, 403, 404, 501), (method, target, body))
        for operation in ("DescribeEndpoint", "DeleteEndpoint", "ListEndpoints", "UpdateEndpoint", "ListTags"):
            status, body = self.raw("POST", "/", b'{"EndpointName": "open"}', {"X-Amz-Target": f"SageMaker.{operation}"},
                                    signed=False)
            self.assertIn(b"MissingAuthenticationToken", body, operation)
        ours.delete_tags(ResourceArn=arn, TagKeys=["graft:public"])
        self.assertEqual(self.code(nobody.invoke_endpoint, EndpointName=f"{account}.open", Body=picture),
                         "MissingAuthenticationToken")
        self.assertEqual(self.code(ours.create_model, ModelName="x", ExecutionRoleArn=ROLE, Tags=public,
                                   PrimaryContainer={"Image": "graft"}), "ValidationException")

    def test_what_was_refused_is_on_record(self):
        stranger = {"AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA", "AWS_SECRET_ACCESS_KEY": "x" * 40}
        self.assertEqual(self.code(self.platform.client("s3", keys=stranger).get_object, Bucket=BUCKET, Key="gold"),
                         "InvalidAccessKeyId")
        self.assertTrue(self.platform.audit(lambda line: line.get("code") == "InvalidAccessKeyId"))


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # botocore leaves the closing of its sockets to the collector
