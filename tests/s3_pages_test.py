#!/usr/bin/python3
"""The object store of `graft up` as web pages of other origins and strangers meet it: CORS, presigned URLs, forms, public
buckets, and what a bucket without versions says."""
import json
import shutil
import sys
import unittest
import urllib.error
import urllib.request

import boto3
import botocore
import botocore.config

import support
from platforms import REGION, Platform


class OtherPages(support.ProductTest):
    """What a browser asks for a page of another origin, and what anybody may read."""

    PAGE = "https://app.example.org"

    @classmethod
    def setUpClass(cls):
        cls.data = support.scratch_folder() / "pages"
        cls.platform = Platform(cls.data)
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        cls.addClassCleanup(cls.platform.__exit__)
        cls.s3 = cls.platform.client("s3")

    def bucket(self, name):
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def ask(self, method, url, body=None, **headers):
        """(status, headers, body), unsigned but for what the URL says."""
        request = urllib.request.Request(url if "://" in url else self.platform.url + url, method=method, data=body,
                                         headers={name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def test_a_page_puts_and_gets_by_presigned_urls(self):
        bucket = self.bucket("pages")
        url = self.s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a/b.jpg",
                                                                   "ContentType": "image/jpeg"})
        asked = {"Origin": self.PAGE, "Access_Control_Request_Method": "PUT",
                 "Access_Control_Request_Headers": "content-type"}
        self.assertEqual(self.ask("OPTIONS", url, **asked)[0], 403)
        rule = {"ID": "app", "AllowedOrigins": ["https://*.example.org"], "AllowedMethods": ["GET", "PUT", "POST"],
                "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 600}
        self.s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
        self.assertEqual(self.s3.get_bucket_cors(Bucket=bucket)["CORSRules"], [rule])
        status, headers, _ = self.ask("OPTIONS", url, **asked)
        self.assertEqual((status, headers["Access-Control-Allow-Origin"], headers["Access-Control-Allow-Headers"]),
                         (200, self.PAGE, "content-type"))
        self.assertIn("PUT", headers["Access-Control-Allow-Methods"])
        status, headers, _ = self.ask("PUT", url, b"picture", Origin=self.PAGE, Content_Type="image/jpeg")
        self.assertEqual((status, headers["Access-Control-Allow-Origin"], headers["Access-Control-Expose-Headers"]),
                         (200, self.PAGE, "ETag"))
        url = self.s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a/b.jpg"})
        status, headers, body = self.ask("GET", url, Origin=self.PAGE)
        self.assertEqual((status, headers["Access-Control-Allow-Origin"], body), (200, self.PAGE, b"picture"))
        # A page must be able to read why it was refused.
        status, headers, body = self.ask("GET", url + "0", Origin=self.PAGE)
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (403, self.PAGE))
        self.assertIn(b"SignatureDoesNotMatch", body)
        self.assertNotIn("Access-Control-Allow-Origin", self.ask("GET", url, Origin="https://evil.example.net")[1])
        self.s3.delete_bucket_cors(Bucket=bucket)
        with self.assertRaises(self.s3.exceptions.ClientError) as caught:
            self.s3.get_bucket_cors(Bucket=bucket)
        self.assertEqual(caught.exception.response["Error"]["Code"], "NoSuchCORSConfiguration")

    def test_a_form_is_audited_by_its_signer(self):
        bucket = self.bucket("forms")
        form = self.s3.generate_presigned_post(bucket, "by-a-form")
        words = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                 for name, value in form["fields"].items()]
        body = "".join(words) + '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ncontent\r\n--x--\r\n'
        status, _, answer = self.ask("POST", form["url"], body.encode(), Content_Type="multipart/form-data; boundary=x")
        self.assertEqual(status, 204, answer)
        [event] = self.platform.audit(lambda line: line["operation"] == "PostObject")
        self.assertEqual((event["user"], event["access_key"], event["status"]),
                         ("admin", self.platform.keys["AWS_ACCESS_KEY_ID"], 204))

    def test_what_a_policy_makes_public(self):
        bucket = self.bucket("public")
        for key in ("pictures/1", "secret"):
            self.s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        anyone = boto3.client("s3", endpoint_url=self.platform.url, region_name=REGION,
                              config=botocore.config.Config(signature_version=botocore.UNSIGNED))

        def may(call, **arguments):
            try:
                call(Bucket=bucket, **arguments)
                return True
            except anyone.exceptions.ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "AccessDenied")
                return False

        def allow(action, resource):
            statement = {"Effect": "Allow", "Principal": "*", "Action": action,
                         "Resource": f"arn:aws:s3:::{bucket}{resource}"}
            self.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

        def seen():
            return (may(anyone.get_object, Key="pictures/1"), may(anyone.get_object, Key="secret"),
                    may(anyone.list_objects_v2), may(anyone.put_object, Key="new"))

        self.assertEqual(seen(), (False, False, False, False))
        allow("s3:GetObject", "/pictures/*")
        self.assertEqual(seen(), (True, False, False, False))
        self.assertTrue(self.s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"])
        allow(["s3:ListBucket"], "")
        self.assertEqual(seen(), (False, False, True, False))
        allow("s3:GetObject", "/*")
        block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
        self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
        self.assertEqual(self.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"], block)
        self.assertEqual(seen(), (False, False, False, False))
        self.s3.delete_public_access_block(Bucket=bucket)
        self.assertEqual(seen(), (True, True, False, False))
        self.s3.delete_bucket_policy(Bucket=bucket)
        self.assertEqual(seen(), (False, False, False, False))

    def test_a_bucket_without_versions(self):
        bucket = self.bucket("versions")
        self.s3.put_object(Bucket=bucket, Key="key", Body=b"x")
        self.assertNotIn("Status", self.s3.get_bucket_versioning(Bucket=bucket))
        version, = self.s3.list_object_versions(Bucket=bucket)["Versions"]
        self.assertEqual((version["Key"], version["VersionId"], version["IsLatest"]), ("key", "null", True))
        self.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key", "VersionId": version["VersionId"]}]})
        self.assertNotIn("Versions", self.s3.list_object_versions(Bucket=bucket))


if __name__ == "__main__":
    sys.exit(unittest.main())
