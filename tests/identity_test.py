#!/usr/bin/python3
"""Who may do what on `graft up`, asked by boto3 and the AWS CLI: signatures of every kind, forged, late and stolen ones,
other accounts, sessions, keys that are taken back, TLS; and the commands around it."""
import contextlib
import datetime
import json
import re
import shutil
import socket
import subprocess
import sys
import types
import unittest
import urllib.error
import urllib.request
from unittest import mock

import botocore.exceptions

import support
from platforms import Platform

NEWEST = support.ROOT / "build/python/bin/python"
CLI = "/usr/bin/aws"


def code_of(call, **arguments):
    """The code of the error that a client raises."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


def fetch(url, method="GET", body=None, **headers):
    """(status, body)"""
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@contextlib.contextmanager
def clock_moved(seconds):
    """botocore signs as if it were so much later, by itself or by the AWS common runtime where that is installed."""
    class Moved(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)

    clock = types.SimpleNamespace(datetime=Moved, timezone=datetime.timezone, timedelta=datetime.timedelta)
    with contextlib.ExitStack() as stack:
        for module in ("botocore.auth", "botocore.crt.auth"):
            if module in sys.modules:
                stack.enter_context(mock.patch.object(sys.modules[module], "datetime", clock))
        yield


class PlatformTest(support.ProductTest):
    @classmethod
    def setUpClass(cls):
        cls.data = support.scratch_folder() / cls.__name__
        cls.platform = cls.enterClassContext(Platform(cls.data))
        cls.s3 = cls.platform.client("s3")
        cls.s3.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        cls.s3.put_object(Bucket="mine", Key="a key", Body=b"hello")

    def keys_of(self, *arguments):
        made = self.json_of("user", "add", *arguments, "--data", self.data)
        return {"AWS_ACCESS_KEY_ID": made["access_key"], "AWS_SECRET_ACCESS_KEY": made["secret_key"]}, made


class Signatures(PlatformTest):
    def test_old_boto3(self):
        self.assertEqual([bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]], ["mine"])
        self.assertEqual(self.s3.get_object(Bucket="mine", Key="a key")["Body"].read(), b"hello")

    def test_presigned_addresses_of_both_versions(self):
        old = self.platform.client("s3", region="us-east-1")
        new = self.platform.client("s3", signature_version="s3v4")
        for client, mark in ((old, "AWSAccessKeyId="), (new, "X-Amz-Signature=")):
            url = client.generate_presigned_url("get_object", Params={"Bucket": "mine", "Key": "a key"})
            self.assertIn(mark, url)
            self.assertEqual(fetch(url), (200, b"hello"))
            self.assertEqual(fetch(url, "DELETE")[0], 403)
            self.assertEqual(fetch(url.replace("a%20key", "b"))[0], 403)
            self.assertEqual(fetch(url, **{"X-Amz-Copy-Source": "mine/a"})[0], 403)
            put = client.generate_presigned_url("put_object", Params={"Bucket": "mine", "Key": "put/ü"})
            self.assertEqual(fetch(put, "PUT", mark.encode(), **{"Content-Type": ""})[0], 200)
            self.assertEqual(self.s3.get_object(Bucket="mine", Key="put/ü")["Body"].read(), mark.encode())

    def test_presigned_addresses_expire(self):
        late = self.platform.client("s3", region="us-east-1").generate_presigned_url(
            "get_object", Params={"Bucket": "mine", "Key": "a key"}, ExpiresIn=-1)
        with clock_moved(-100):
            late_too = self.platform.client("s3", signature_version="s3v4").generate_presigned_url(
                "get_object", Params={"Bucket": "mine", "Key": "a key"}, ExpiresIn=99)
        for url in (late, late_too):
            status, body = fetch(url)
            self.assertEqual(status, 403)
            self.assertIn(b"<Code>AccessDenied</Code><Message>Request has expired", body)
            self.assertEqual(fetch(url.replace("Expires=99", "Expires=9999"))[0], 403)

    def test_another_secret_and_another_key(self):
        forged = {**self.platform.keys, "AWS_SECRET_ACCESS_KEY": "x" * 40}
        unknown = {**self.platform.keys, "AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA"}
        for keys, s3, json_code, query in ((forged, "SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch"),
                                           (unknown, "InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId")):
            self.assertEqual(code_of(self.platform.client("s3", keys=keys).list_buckets), s3)
            self.assertEqual(code_of(self.platform.client("s3", keys=keys).put_object, Bucket="mine", Key="k", Body=b"x"), s3)
            self.assertEqual(code_of(self.platform.client("sagemaker", keys=keys).list_models), json_code)
            self.assertEqual(code_of(self.platform.client("sts", keys=keys).get_caller_identity), query)
            self.assertEqual(code_of(self.platform.client("sagemaker-runtime", keys=keys).invoke_endpoint,
                                     EndpointName="e", Body=b"x"), json_code)
        refused = self.platform.audit(lambda line: (line.get("code"), line.get("service")) == ("SignatureDoesNotMatch", "sagemaker"))
        self.assertEqual(refused[-1]["status"], 403 if refused[-1]["operation"] == "POST" else 400)
        self.assertEqual(self.s3.list_objects_v2(Bucket="mine", Prefix="k").get("KeyCount"), 0)

    def test_a_clock_that_is_wrong(self):
        for seconds in (-1000, 1000):
            with clock_moved(seconds):
                self.assertEqual(code_of(self.platform.client("s3").list_buckets), "RequestTimeTooSkewed")
                self.assertEqual(code_of(self.platform.client("logs").describe_log_groups), "InvalidSignatureException")
        with clock_moved(-800):
            self.platform.client("s3").list_buckets()

    def test_a_body_that_was_changed_on_its_way(self):
        def change(request, **_):
            request.body = b"HELLO"

        client = self.platform.client("s3")
        client.meta.events.register("before-send.s3.PutObject", change)
        # botocore sends the digest of another body, and its MD5 in the older one.
        self.assertIn(code_of(client.put_object, Bucket="mine", Key="changed", Body=b"hello"),
                      ("XAmzContentSHA256Mismatch", "BadDigest"))
        self.assertEqual(code_of(self.s3.head_object, Bucket="mine", Key="changed"), "404")
        changed = self.platform.client("sts")
        changed.meta.events.register("before-send.sts", lambda request, **_: setattr(request, "body", request.body[::-1]))
        self.assertEqual(code_of(changed.get_caller_identity), "SignatureDoesNotMatch")

    def test_nobody_gets_nothing(self):
        for method, path in (("GET", "/"), ("GET", "/mine"), ("GET", "/mine/a%20key"), ("PUT", "/mine/k"), ("DELETE", "/mine"),
                             ("POST", "/endpoints/e/invocations")):
            self.assertIn(fetch(self.platform.url + path, method)[0], (401, 403), path)
        status, body = fetch(self.platform.url + "/", "POST", b"{}", **{"X-Amz-Target": "SageMaker.ListModels"})
        self.assertEqual(status, 400)
        self.assertIn("MissingAuthenticationToken", json.loads(body)["__type"])
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(fetch(self.platform.url + "/", "POST", b"Action=ListUsers&Version=2010-05-08", **form)[0], 403)

    def test_a_broken_header(self):
        status, body = fetch(self.platform.url + "/mine", Authorization="AWS4-HMAC-SHA256 Credential=x")
        self.assertEqual((status, b"<Code>AuthorizationHeaderMalformed</Code>" in body), (400, True), body)
        status, body = fetch(self.platform.url + "/mine", Authorization="AWS AKIAAAAAAAAAAAAAAAAA:c2lnbmF0dXJl")
        self.assertIn(b"Signature Version 2 in a header is not built", body)

    def test_the_command_line(self):
        def aws(*arguments, **variables):
            done = subprocess.run([CLI, "--endpoint-url", self.platform.url, *arguments], text=True, capture_output=True,
                                  timeout=120, env={**self.platform.environment(), **variables})
            return done.returncode, done.stdout, done.stderr

        self.assertIn("mine", aws("s3", "ls")[1])
        account = json.loads(aws("sts", "get-caller-identity")[1])["Account"]
        self.assertRegex(account, r"^\d{12}$")
        url = aws("s3", "presign", "s3://mine/a key")[1].strip()
        self.assertEqual(fetch(url), (200, b"hello"))
        self.assertIn("SignatureDoesNotMatch", aws("s3", "ls", AWS_SECRET_ACCESS_KEY="x")[2])
        code, out, _ = aws("iam", "create-role", "--role-name", "cli", "--assume-role-policy-document", "{}")
        self.assertEqual(json.loads(out)["Role"]["Arn"], f"arn:aws:iam::{account}:role/cli")
        self.assertIn("NoSuchEntity", aws("iam", "get-role", "--role-name", "none")[2])
        self.assertEqual(json.loads(aws("ecr", "create-repository", "--repository-name", "graft")[1])["repository"]["repositoryName"], "graft")
        self.assertTrue(aws("ecr", "get-login-password")[1].strip())

    @unittest.skipUnless(NEWEST.exists(), "./run test installs it")
    def test_newest_boto3(self):
        script = ("import boto3; s = boto3.client('s3'); s.put_object(Bucket='mine', Key='new', Body=b'new');"
                  "print(s.get_object(Bucket='mine', Key='new')['Body'].read().decode(),"
                  "boto3.client('sts').get_caller_identity()['Arn'])")
        done = subprocess.run([NEWEST, "-c", script], text=True, capture_output=True, timeout=120,
                              env=self.platform.environment())
        self.assertRegex(done.stdout, r"^new arn:aws:iam::\d{12}:user/admin$", done.stderr)


class Accounts(PlatformTest):
    def test_another_accounts_everything(self):
        bob, made = self.keys_of("bob")
        account = self.platform.client("sts").get_caller_identity()["Account"]
        self.assertNotEqual(made["account"], account)
        s3 = self.platform.client("s3", keys=bob)
        self.assertEqual(s3.list_buckets()["Buckets"], [])
        for call, arguments in ((s3.get_object, {"Key": "a key"}), (s3.put_object, {"Key": "a key", "Body": b""}),
                                (s3.delete_object, {"Key": "a key"}), (s3.list_objects_v2, {}), (s3.delete_bucket, {}),
                                (s3.get_bucket_location, {}), (s3.create_multipart_upload, {"Key": "k"})):
            self.assertEqual(code_of(call, Bucket="mine", **arguments), "AccessDenied", call)
        self.assertEqual(code_of(s3.head_bucket, Bucket="mine"), "403")
        self.assertIn(code_of(s3.create_bucket, Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}),
                      ("BucketAlreadyExists",))
        self.assertEqual(self.s3.get_object(Bucket="mine", Key="a key")["Body"].read(), b"hello")
        iam, mine = self.platform.client("iam", keys=bob), self.platform.client("iam")
        mine.create_role(RoleName="trainer", AssumeRolePolicyDocument="{}")
        self.assertEqual(iam.list_roles()["Roles"], [])
        self.assertEqual(code_of(iam.get_role, RoleName="trainer"), "NoSuchEntity")
        self.assertEqual(code_of(iam.delete_access_key, AccessKeyId=self.platform.keys["AWS_ACCESS_KEY_ID"]), "NoSuchEntity")
        self.assertEqual(code_of(self.platform.client("sts", keys=bob).assume_role, RoleSessionName="bob",
                                 RoleArn=f"arn:aws:iam::{account}:role/trainer"), "AccessDenied")
        [denied] = self.platform.audit(lambda line: (line["account"], line["operation"]) == (made["account"], "GetObject"))
        self.assertEqual((denied["resource"], denied["status"], denied["user"], denied["code"]),
                         ("mine/a key", 403, "bob", "AccessDenied"))

    def test_what_an_account_changes_is_written_down(self):
        s3 = self.platform.client("s3")
        s3.put_object(Bucket="mine", Key="logged", Body=b"x")
        s3.get_object(Bucket="mine", Key="logged")
        s3.delete_object(Bucket="mine", Key="logged")
        self.assertTrue(self.platform.audit(lambda line: (line["operation"], line["resource"]) == ("DeleteObject", "mine/logged")))
        lines = self.platform.audit(lambda line: line["resource"] == "mine/logged")
        self.assertCountEqual([line["operation"] for line in lines], ["PutObject", "DeleteObject"])

    def test_a_colleague_and_his_key_taken_back(self):
        account = self.platform.client("sts").get_caller_identity()["Account"]
        cat, made = self.keys_of("cat", "--account", account)
        s3 = self.platform.client("s3", keys=cat)
        self.assertEqual(s3.get_object(Bucket="mine", Key="a key")["Body"].read(), b"hello")
        session = self.platform.client("sts", keys=cat).get_session_token()["Credentials"]
        listed = self.succeed("user", "list", "--data", self.data).stdout
        self.assertIn(made["access_key"], listed)
        self.assertNotIn(made["secret_key"], listed)
        self.succeed("user", "revoke", made["access_key"], "--data", self.data)
        self.assertEqual(code_of(s3.list_buckets), "InvalidAccessKeyId")
        self.assertEqual(code_of(self.session("s3", session).list_buckets), "InvalidAccessKeyId")
        self.assertIn("revoked", self.succeed("user", "list", "--data", self.data).stdout)
        self.refuse("user", "revoke", "AKIAAAAAAAAAAAAAAAAA", "--data", self.data, names=["AKIAAAAAAAAAAAAAAAAA"])

    def session(self, service, credentials, token=None):
        import boto3
        return boto3.client(service, endpoint_url=self.platform.url, region_name="us-west-2",
                            aws_access_key_id=credentials["AccessKeyId"],
                            aws_secret_access_key=credentials["SecretAccessKey"],
                            aws_session_token=token or credentials["SessionToken"])

    def test_sessions_of_roles(self):
        account = self.platform.client("sts").get_caller_identity()["Account"]
        made = self.platform.client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/any", RoleSessionName="build")
        credentials = made["Credentials"]
        self.assertEqual(self.session("sts", credentials).get_caller_identity()["Arn"],
                         f"arn:aws:sts::{account}:assumed-role/any/build")
        self.assertEqual(self.session("s3", credentials).get_object(Bucket="mine", Key="a key")["Body"].read(), b"hello")
        self.assertEqual(code_of(self.session("s3", credentials, token="x").list_buckets), "InvalidToken")
        for version in ("s3", "s3v4"):
            client = self.session("s3", credentials)
            url = client.generate_presigned_url("get_object", Params={"Bucket": "mine", "Key": "a key"})
            self.assertEqual(fetch(url), (200, b"hello"), version)

    def test_numbers_for_prometheus(self):
        text = fetch(self.platform.url + "/_/metrics")[1].decode()
        self.assertRegex(text, r'graft_requests_total\{service="s3",status="200"\} \d')
        self.assertEqual(fetch(self.platform.url + "/_/metrics", Authorization="Basic eDp5")[0], 401)


class Commands(support.ProductTest):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        self.addCleanup(support.graft, "down", "--data", self.data)

    def up(self, *arguments):
        done = self.succeed("up", "--data", self.data, "--port", support.free_port(), "--detach", *arguments)
        return dict(re.findall(r"export (AWS_\w+)=(\S+)", done.stdout))

    def test_up_status_and_down(self):
        self.assertEqual(support.graft("status", "--data", self.data).returncode, 1)
        first = self.up()
        self.assertEqual(set(first), {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"})
        status = self.json_of("status", "--data", self.data)
        self.assertEqual((status["status"], status["url"]), ("ok", first["AWS_ENDPOINT_URL"]))
        self.refuse("up", "--data", self.data, "--port", 0, names=[self.data, first["AWS_ENDPOINT_URL"]])
        self.succeed("down", "--data", self.data)
        with self.assertRaises(urllib.error.URLError):
            fetch(first["AWS_ENDPOINT_URL"] + "/_/health")
        self.assertEqual(support.graft("status", "--data", self.data).returncode, 1)
        self.succeed("down", "--data", self.data)
        self.assertEqual(self.up(), {})  # the second time nobody else's screen shows the secret
        admin = self.data / "identity" / "admin.env"
        self.assertIn(first["AWS_SECRET_ACCESS_KEY"], admin.read_text())
        self.assertEqual(admin.stat().st_mode & 0o777, 0o600)
        self.assertEqual(admin.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual(self.data.stat().st_mode & 0o777, 0o700)

    def test_a_config_file(self):
        config, port = self.folder / "graft.conf", support.free_port()
        config.write_text(f"# of a test\n\n port={port}\r\ncores = 1\n")
        self.succeed("up", "--data", self.data, "--config", config, "--detach")
        self.assertIn(f":{port}", self.json_of("status", "--data", self.data)["url"])
        self.succeed("down", "--data", self.data)
        for lines, names in (("cores = 1\n\nprot = 1\n", (f"{config}:3: ", "prot")), ("port = many\n", (f"{config}:1: ", "many")),
                             ("# x\nport\n", (f"{config}:2: ", "NAME = VALUE")), ("detach = 1\n", (f"{config}:1: ", "detach")),
                             ("port =\n", (f"{config}:1: ", "port")), ("cores = 1\ncores = 2\n", (f"{config}:2: ", "line 1")),
                             ("cert = /etc/cert.pem\n", (config, "key"))):
            config.write_text(lines)
            self.refuse("up", "--data", self.data, "--config", config, names=names)

    def test_a_service_manager_is_told_when_it_is_ready(self):
        told = self.folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(told))
            manager.settimeout(60)
            process = subprocess.Popen(support.command("up", "--data", self.data, "--port", support.free_port()),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**support.environment(), "NOTIFY_SOCKET": str(told)})
            self.assertEqual(manager.recv(100), b"READY=1")
            self.assertEqual(self.json_of("status", "--data", self.data)["status"], "ok")
            process.terminate()
            self.assertEqual(manager.recv(100), b"STOPPING=1")
            self.assertEqual(process.wait(timeout=60), 0)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_the_unit_is_one(self):
        unit = self.folder / "graft.service"
        shipped = (support.ROOT / "docs/graft.service").read_text()
        self.assertIn("ExecStart=/usr/local/bin/graft up ", shipped)
        unit.write_text(shipped.replace("/usr/local/bin/graft", str(support.BIN / "graft")))
        done = subprocess.run(["systemd-analyze", "verify", unit], text=True, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, [line for line in done.stderr.splitlines() if "graft" in line]), (0, []))

    def test_an_address_that_is_taken(self):
        first = self.up()
        port = first["AWS_ENDPOINT_URL"].rsplit(":", 1)[1]
        self.refuse("up", "--data", self.folder / "other", "--port", port, names=[port])

    @unittest.skipUnless(NEWEST.exists(), "./run test installs it")
    def test_tls(self):
        """Over https the newest boto3 sends AWS's chunks with a checksum behind them."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
                       cwd=self.folder, check=True, capture_output=True)
        keys = self.up("--cert", self.folder / "cert.pem", "--key", self.folder / "key.pem")
        self.assertTrue(keys["AWS_ENDPOINT_URL"].startswith("https://"))
        self.assertEqual(self.json_of("status", "--data", self.data)["status"], "ok")
        script = ("import boto3; s = boto3.client('s3'); s.create_bucket(Bucket='tls');"
                  "sent = []; s.meta.events.register('before-send.s3.PutObject', lambda request, **_: sent.append(request.headers));"
                  "s.put_object(Bucket='tls', Key='k', Body=b'x' * 3000000);"
                  "print(sent[0]['X-Amz-Content-SHA256'], len(s.get_object(Bucket='tls', Key='k')['Body'].read()))")
        done = subprocess.run([NEWEST, "-c", script], text=True, capture_output=True, timeout=120, env={
            **support.environment(), **keys, "AWS_CA_BUNDLE": str(self.folder / "cert.pem"),
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"})
        self.assertRegex(done.stdout, r"STREAMING-UNSIGNED-PAYLOAD-TRAILER'? 3000000", done.stderr)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # botocore leaves the closing of its sockets to the collector
