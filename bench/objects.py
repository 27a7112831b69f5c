"""The object store beside nginx, which serves and accepts the same files, and beside s3rver, an S3 server in Node: PUT
and GET over loopback by wrk, with presigned URLs where there is a signature to check.

nginx neither looks at signatures nor computes the MD5 that is an object's ETag, and answers before a file is on disk.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
import botocore.config

from serve import free_port

SIZES = {"4 KB": 4 << 10, "1 MB": 1 << 20, "100 MB": 100 << 20}
CONNECTIONS = [1, 8, 64]
SECONDS, SECONDS_OF_LARGE = 3, 15
KEYS = 64  # that are written over again and again
REGION = "us-east-1"

NGINX = """
worker_processes 2; daemon off; pid {root}/nginx.pid; error_log {root}/error.log;
load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path {root}/temporary; client_max_body_size 0; client_body_buffer_size 128k;
  server {{ listen 127.0.0.1:{port} reuseport; root {root}/files; location / {{ dav_methods PUT; }} }}
}}
"""

# Goes through the paths, each with the whole body.
SCRIPT = """
local paths = {{}}
for line in io.lines("{paths}") do paths[#paths + 1] = line end
local body
if "{body}" ~= "" then
  local file = assert(io.open("{body}", "rb"))
  body = file:read("*a")
end
local turn = math.random(#paths)
request = function()
  turn = turn % #paths + 1
  return wrk.format(body and "PUT" or "GET", paths[turn], nil, body)
end
"""


@contextlib.contextmanager
def server(command, port, path="/", **options):
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL, **options)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()


def keys_of(log):
    """Of a first `graft up`: it says them when it listens already."""
    while len(keys := re.findall(r"export AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY)=(\S+)\n", log.read_text())) < 2:
        time.sleep(0.01)
    return keys


def client(port, access_key, secret_key):
    return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name=REGION, aws_access_key_id=access_key,
                        aws_secret_access_key=secret_key, config=botocore.config.Config(signature_version="s3v4"))


def presigned(s3, operation, keys, bucket="bench"):
    urls = [s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key}, ExpiresIn=86400) for key in keys]
    return [url.split("/", 3)[3].join(["/", ""]) for url in urls]


def loopback_bytes():
    [line] = [line for line in pathlib.Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:")]
    return int(line.split()[1])


def rate(port, paths, body, connections):
    """Requests a second. Of large ones that are written, by what went through: many at a time all end at once."""
    is_large = body and body.stat().st_size > 50e6
    seconds = SECONDS_OF_LARGE if is_large else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        listed = pathlib.Path(folder) / "paths"
        listed.write_text("\n".join(paths) + "\n")
        script = pathlib.Path(folder) / "script.lua"
        script.write_text(SCRIPT.format(paths=listed, body=body or ""))
        before = loopback_bytes()
        text = subprocess.run(["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s",
                               "--timeout", "60s", "--script", script, f"http://127.0.0.1:{port}/"], check=True,
                              capture_output=True, text=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if failed:
        raise RuntimeError(f"{failed[0]} of {paths[0]}")
    if is_large:
        return (loopback_bytes() - before) / body.stat().st_size / seconds
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


class Graft:
    def __init__(self, stack, root, graft):
        self.port = free_port()
        process = stack.enter_context(server([graft, "up", "--data", root / "graft", "--port", self.port], self.port,
                                             "/_/health", stdout=open(root / "graft.log", "w")))
        assert process.poll() is None
        self.s3 = client(self.port, *keys_of(root / "graft.log"))
        self.s3.create_bucket(Bucket="bench")

    def paths(self, operation, keys):
        return presigned(self.s3, operation, keys)


class S3rver(Graft):
    """npm's s3rver."""

    def __init__(self, stack, root, node):
        self.port = free_port()
        (root / "s3rver").mkdir()
        stack.enter_context(server(["node", node / "node_modules/s3rver/bin/s3rver.js", "-d", root / "s3rver", "-a",
                                    "127.0.0.1", "-p", self.port, "-s"], self.port, stdout=subprocess.DEVNULL))
        self.s3 = client(self.port, "S3RVER", "S3RVER")
        self.s3.create_bucket(Bucket="bench")


class Nginx:
    def __init__(self, stack, root):
        self.port = free_port()
        root = root / "nginx"
        (root / "files/bench").mkdir(parents=True)
        os.chmod(root / "files/bench", 0o777)
        (root / "nginx.conf").write_text("user root;\n" * (os.getuid() == 0) + NGINX.format(root=root, port=self.port))
        stack.enter_context(server(["nginx", "-c", root / "nginx.conf", "-p", root], self.port, stdout=subprocess.DEVNULL))

    def paths(self, _, keys):
        return [f"/bench/{key}" for key in keys]


def measure(graft, node, root):
    """{(verb, size, connections): {server: requests a second}}, the servers turn about."""
    found = {}
    with contextlib.ExitStack() as stack:
        servers = {"graft": Graft(stack, root, graft), "nginx": Nginx(stack, root)}
        if node:
            servers["s3rver"] = S3rver(stack, root, node)
        for size, length in SIZES.items():
            body = root / "body"
            body.write_bytes(os.urandom(length))
            keys = [f"{length}-{number}" for number in range(KEYS if length < 10 << 20 else 4)]
            for verb in ("PUT", "GET"):
                for connections in CONNECTIONS:
                    if verb == "PUT" and connections == 1:
                        for each in servers.values():  # so that all keys are there to be read
                            rate(each.port, each.paths("put_object", keys), body, 4)
                    operation = {"PUT": "put_object", "GET": "get_object"}[verb]
                    found[verb, size, connections] = {
                        name: rate(each.port, each.paths(operation, keys), body if verb == "PUT" else None, connections)
                        for name, each in servers.items()}
    return found


def rows(found):
    for (verb, size, connections), rates in found.items():
        megabytes = SIZES[size] / 1e6
        for other in [name for name in rates if name != "graft"]:
            yield {"what": f"{verb} of {size}, {connections} connections",
                   "graft": f"{rates['graft']:.0f}/s, {rates['graft'] * megabytes:.0f} MB/s",
                   "usual": f"{rates[other]:.0f}/s, {rates[other] * megabytes:.0f} MB/s {other}",
                   "ratio": rates["graft"] / rates[other] if rates[other] else None,  # none was done in the time
                   "wanted": "0.67 x" if other == "nginx" and SIZES[size] > 50e6 else ""}


if __name__ == "__main__":
    GRAFT, NODE, ROOT = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    for row in rows(measure(GRAFT, pathlib.Path(NODE) if NODE != "-" else None, ROOT.resolve())):
        print(json.dumps(row))
