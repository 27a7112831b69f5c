// What a program with @aws-sdk/client-s3 does with an object store; prints one object of what it saw.
import {
  CreateBucketCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

const Bucket = process.argv[2];
const s3 = new S3Client({ endpoint: process.env.AWS_ENDPOINT_URL, region: process.env.AWS_DEFAULT_REGION,
                          forcePathStyle: process.argv[3] !== "virtual" });
const seen = {};
if (process.argv[3] !== "virtual") await s3.send(new CreateBucketCommand({ Bucket }));
const keys = ["a/1 ä.txt", "a/2.txt", "b.txt"];
for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: "of " + Key, Metadata: { who: "me" } }));
const list = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: "/" }));
seen.keys = list.Contents.map((item) => item.Key);
seen.groups = list.CommonPrefixes.map((item) => item.Prefix);
const got = await s3.send(new GetObjectCommand({ Bucket, Key: keys[0], ChecksumMode: "ENABLED" }));
seen.content = await got.Body.transformToString();
seen.metadata = got.Metadata;
const range = await s3.send(new GetObjectCommand({ Bucket, Key: keys[0], Range: "bytes=3-5" }));
seen.range = await range.Body.transformToString();
seen.missing = await s3.send(new HeadObjectCommand({ Bucket, Key: "missing" })).catch((error) => error.name);
const deleted = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
seen.deleted = deleted.Deleted.length;
console.log(JSON.stringify(seen));
