"""A bucket of a million objects beside one of a thousand, in one store, asked over HTTP: put, get, and pages of keys and
of folders must not take twice as long.
"""
import contextlib
import os
import random
import sqlite3
import statistics
import time

from objects import client, keys_of, presigned, rate, server
from serve import free_port

COUNTS = {"thousand": 1_000, "million": 1_000_000}
ASKED = 10_000  # objects of a bucket that are read and written, by chance
CONNECTIONS = [1, 8]
PAGES = 30
OBJECT = 4096
PREFIX = "images/"


def key(number):
    """As of a folder of pictures, in a thousand folders."""
    return f"{PREFIX}{number % 1000:03}/{number}.jpg"


def copy_object(index, bucket, count):
    """Makes `count` of the bucket's one object. A million puts would take minutes; rows are what they leave."""
    [row] = index.execute("select o.* from objects o join buckets b on b.id = o.bucket where b.name = ?", (bucket,))
    columns = [name for _, name, *_ in index.execute("pragma table_info(objects)")]
    row = dict(zip(columns, row))
    [(content,)] = index.execute("select bytes from contents where id = ?", (row["content"],))
    [(last,)] = index.execute("select max(id) from contents")
    numbers = random.Random(count).sample(range(count), count)
    ids = range(last + 1, last + 1 + count)
    index.executemany("insert into contents (id, bytes) values (?, ?)", ((each, content) for each in ids))
    index.executemany(f"insert into objects ({', '.join(columns)}) values ({', '.join(':' + name for name in columns)})",
                      ({**row, "key": key(number).encode(), "content": each} for number, each in zip(numbers, ids)))


def fill(folder):
    with contextlib.closing(sqlite3.connect(next(folder.rglob("objects.db")))) as index:
        for bucket, count in COUNTS.items():
            copy_object(index, bucket, count)
        index.commit()
        index.execute("pragma wal_checkpoint(truncate)")


def milliseconds_of_page(s3, bucket, chance, **page):
    times = []
    for _ in range(PAGES):
        after = key(chance.randrange(400))[:-len(".jpg")]
        start = time.perf_counter()
        s3.list_objects_v2(Bucket=bucket, Prefix=PREFIX, MaxKeys=500, **(page or {"StartAfter": after}))
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def measure(graft, root):
    """{what: {bucket: figure}}: requests a second, or of pages milliseconds."""
    def up(stack):
        log = open(root / "graft.log", "a")
        stack.enter_context(server([graft, "up", "--data", root / "data", "--port", port], port, "/_/health", stdout=log))
    port, chance, found = free_port(), random.Random(1), {}
    with contextlib.ExitStack() as stack:
        up(stack)
        s3 = client(port, *keys_of(root / "graft.log"))
        for bucket in COUNTS:
            s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key="first", Body=os.urandom(OBJECT), ContentType="image/jpeg")
    fill(root / "data")
    body = root / "body"
    body.write_bytes(os.urandom(OBJECT))
    with contextlib.ExitStack() as stack:
        up(stack)
        for verb, operation in (("GET", "get_object"), ("PUT", "put_object")):
            paths = {bucket: presigned(s3, operation, [key(chance.randrange(count)) for _ in range(min(count, ASKED))],
                                       bucket) for bucket, count in COUNTS.items()}
            for connections in CONNECTIONS:
                found[f"{verb} of 4 KB, {connections} connections"] = {
                    bucket: rate(port, paths[bucket], body if verb == "PUT" else None, connections) for bucket in COUNTS}
        found["page of 500 keys"] = {bucket: milliseconds_of_page(s3, bucket, chance) for bucket in COUNTS}
        found["page of 500 folders"] = {bucket: milliseconds_of_page(s3, bucket, chance, Delimiter="/") for bucket in COUNTS}
    return found


def rows(found):
    for what, figures in found.items():
        is_time, many, few = what.startswith("page"), figures["million"], figures["thousand"]
        unit = " ms" if is_time else "/s"
        yield {"what": what, "graft": f"{many:.{1 if is_time else 0}f}{unit}", "usual": f"{few:.{1 if is_time else 0}f}{unit}",
               "ratio": few / many if is_time else many / few, "wanted": "0.5 x"}
