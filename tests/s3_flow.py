"""What a program with boto3 does with an object store; prints one object of what it saw. Run with any boto3:

    python s3_flow.py BUCKET

AWS_ENDPOINT_URL (which old ones do not know, so it is an argument of theirs), keys and region are in the environment."""
import concurrent.futures
import hashlib
import http.client
import io
import json
import os
import sys
import urllib.parse
import urllib.request

import boto3
import botocore.exceptions
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

BUCKET = sys.argv[1]
MB = 1 << 20


def client(**settings):
    return boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(**settings))


def code_of(call, **request):
    try:
        call(**request)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


def content(size, seed=0):
    block = hashlib.sha512(str(seed).encode()).digest() * 1024
    return (block * (size // len(block) + 1))[:size]


def multipart(s3, seen):
    data = content(100 * MB)
    settings = TransferConfig(multipart_threshold=8 * MB, multipart_chunksize=8 * MB, max_concurrency=8)
    s3.upload_fileobj(io.BytesIO(data), BUCKET, "large", Config=settings,
                      ExtraArgs={"ContentType": "application/x-tar", "Metadata": {"who": "me"}})
    head = s3.head_object(Bucket=BUCKET, Key="large")
    seen["large"] = [head["ContentLength"], head["ContentType"], head["Metadata"], head["ETag"][-4:-1]]
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "large", back, Config=settings)
    seen["large_back"] = back.getvalue() == data
    seen["range"] = s3.get_object(Bucket=BUCKET, Key="large", Range="bytes=8388600-8388617")["Body"].read() == \
        data[8388600:8388618]
    s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "copy", Config=settings)
    seen["copy"] = hashlib.md5(s3.get_object(Bucket=BUCKET, Key="copy")["Body"].read()).hexdigest() == \
        hashlib.md5(data).hexdigest()


def many(s3, seen):
    keys = [f"many/{number % 7}/{number:04} ä+&.jpg" for number in range(250)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode()), keys))
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="many/", PaginationConfig={"PageSize": 60})
    seen["listed"] = [item["Key"] for page in pages for item in page.get("Contents", [])] == sorted(keys)
    pages = s3.get_paginator("list_objects").paginate(Bucket=BUCKET, Prefix="many/", Delimiter="/",
                                                      PaginationConfig={"PageSize": 3})
    seen["groups"] = [group["Prefix"] for page in pages for group in page.get("CommonPrefixes", [])]
    seen["same"] = all(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode() for key in keys[:20])
    bucket = boto3.resource("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).Bucket(BUCKET)
    deleted = bucket.objects.filter(Prefix="many/").delete()
    seen["deleted"] = sum(len(answer.get("Deleted", [])) for answer in deleted)
    seen["left"] = s3.list_objects_v2(Bucket=BUCKET, Prefix="many/")["KeyCount"]


def presigned(s3, seen):
    s3.put_object(Bucket=BUCKET, Key="signed name", Body=b"presigned")
    for name, signer in (("default", s3), ("v4", client(signature_version="s3v4"))):
        url = signer.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "signed name"}, ExpiresIn=60)
        seen["presigned " + name] = urllib.request.urlopen(url).read().decode()
        url = signer.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "sent"}, ExpiresIn=60)
        put_plainly(url, b"sent " + name.encode())
        seen["sent " + name] = s3.get_object(Bucket=BUCKET, Key="sent")["Body"].read().decode()
        form = signer.generate_presigned_post(BUCKET, "form/${filename}", ExpiresIn=60)
        seen["form " + name] = post_form(form)
    seen["form content"] = s3.get_object(Bucket=BUCKET, Key="form/a.bin")["Body"].read() == content(200_000)


def put_plainly(url, body):
    """Without a Content-Type, which V2 signs and urllib adds."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("PUT", f"{parts.path}?{parts.query}", body)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()


def post_form(form):
    boundary = "----graft"
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in form["fields"].items()]
    parts += [f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'.encode(),
              content(200_000), f"\r\n--{boundary}--\r\n".encode()]
    request = urllib.request.Request(form["url"], b"".join(parts), method="POST",
                                     headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
    return urllib.request.urlopen(request).status


def conditions(s3, seen):
    etag = s3.put_object(Bucket=BUCKET, Key="condition", Body=b"1")["ETag"]
    seen["if_match"] = code_of(s3.get_object, Bucket=BUCKET, Key="condition", IfMatch='"other"')
    seen["if_none_match"] = code_of(s3.get_object, Bucket=BUCKET, Key="condition", IfNoneMatch=etag)
    seen["range error"] = code_of(s3.get_object, Bucket=BUCKET, Key="condition", Range="bytes=5-9")
    seen["missing"] = code_of(s3.get_object, Bucket=BUCKET, Key="missing")
    seen["missing head"] = code_of(s3.head_object, Bucket=BUCKET, Key="missing")
    seen["not built"] = code_of(s3.put_bucket_versioning, Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


def tags_and_checksums(s3, seen):
    s3.put_object(Bucket=BUCKET, Key="tagged", Body=b"x", Tagging="a=b%20c")
    seen["tags"] = s3.get_object_tagging(Bucket=BUCKET, Key="tagged")["TagSet"]
    s3.put_object_tagging(Bucket=BUCKET, Key="tagged", Tagging={"TagSet": [{"Key": "ä", "Value": "ö"}]})
    seen["new tags"] = s3.get_object_tagging(Bucket=BUCKET, Key="tagged")["TagSet"]
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        s3.put_object(Bucket=BUCKET, Key="summed", Body=b"hello", ChecksumAlgorithm=algorithm)
        got = s3.get_object(Bucket=BUCKET, Key="summed", ChecksumMode="ENABLED")
        seen[algorithm] = got["Checksum" + algorithm]
        got["Body"].read()


def main():
    s3 = client()
    region = s3.meta.region_name
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})
    seen = {"version": boto3.__version__, "buckets": BUCKET in [b["Name"] for b in s3.list_buckets()["Buckets"]],
            "location": s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == region}
    for part in (multipart, many, presigned, conditions, tags_and_checksums):
        part(s3, seen)
    print(json.dumps(seen))


main()
