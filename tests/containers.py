"""A container image for tests, made of busybox alone, and the podman that runs it.

The image trains and serves by shell scripts: what it is asked for is in its hyperparameters and requests, what it saw
in what it says. Images and containers lie in a folder of the test's own, so nothing of the machine's is touched.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import unittest

IMAGE = "localhost/registry/tiny:1"
SECONDS = 60  # of one command of podman
APPLETS = ("sh", "cat", "head", "nc", "printf", "sed", "sleep", "echo", "env")

TRAIN = r"""#!/bin/sh
set -e
settings=/opt/ml/input/config/hyperparameters.json
echo "trains as $TRAINING_JOB_NAME with $(cat $settings)"
case $(sed 's/.*"behave": *"\([a-z]*\)".*/\1/' $settings) in
  fail) printf 'the colours are wrong' > /opt/ml/output/failure; exit 3 ;;
  wait) echo kept > /opt/ml/model/x
        trap 'echo "is told to stop"; exit 0' TERM
        echo waits
        while :; do sleep 0.1; done ;;
esac
cat /opt/ml/input/data/train/* > /opt/ml/model/x
echo "loss=0.25"
"""

SERVE = r"""#!/bin/sh
echo "serves $(cat /opt/ml/model/x)"
trap 'exit 0' TERM
nc -ll -p 8080 -e /bin/answer &
wait
"""

# One connection: an HTTP request on its standard input.
ANSWER = r"""#!/bin/sh
length=0
read -r method target version
while read -r line; do
  line=${line%?}
  [ -z "$line" ] && break
  case $line in
    Content-Length:*) length=${line#*: } ;;
    X-Amzn-SageMaker-Custom-Attributes:*) attributes=${line#*: } ;;
    Content-Type:*) type=${line#*: } ;;
    Accept:*) accept=${line#*: } ;;
  esac
done
body=$(head -c "$length")
status=200
[ "$body" = refuse ] && status=415
say="$method $target: $body of $type for $attributes, $GREETING, by $(cat /opt/ml/model/x)"
# Of rows, as many.
[ "$accept" = text/csv ] && say=$(printf '%s\n' "$body" | sed 's/$/,"seen, well"/')
printf 'HTTP/1.1 %s Said\r\nContent-Type: text/plain\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
  $status "${#say}" "$say"
"""

# A process without CAP_SYS_RESOURCE may not raise limits, and the engine's defaults do.
RUNTIME = """#!{python}
import json, os, sys
words = sys.argv[1:]
if "--bundle" in words:
    file = os.path.join(words[words.index("--bundle") + 1], "config.json")
    with open(file) as opened:
        config = json.load(opened)
    config["process"].pop("rlimits", None)
    with open(file, "w") as opened:
        json.dump(config, opened)
os.execv({runc!r}, [{runc!r}, *words])
"""


class Podman:
    """Its settings are in this process's environment, for whom it starts, until end()."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.before = {name: os.environ.get(name) for name in ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF")}
        self.folder.mkdir(parents=True)
        storage = self.folder / "storage.conf"
        storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{self.folder}/images"\n'
                           f'runroot = "{self.folder}/run"\n')
        os.environ["CONTAINERS_STORAGE_CONF"] = str(storage)
        try:
            self.prepare()
        except BaseException:
            self.end()
            raise

    def prepare(self):
        for program in ("podman", "busybox"):
            if not shutil.which(program):
                raise unittest.SkipTest(f"there is no {program}")
        self.succeed("import", "--change", "ENV PATH=/bin", self.image(), IMAGE)
        if self.tries() and shutil.which("runc", path="/usr/sbin:/usr/bin"):
            self.use_quiet_runtime(shutil.which("runc", path="/usr/sbin:/usr/bin"))
        problem = self.tries()
        if problem:
            raise unittest.SkipTest(f"podman runs no container here: {problem}")

    def image(self):
        """The file system, as a tar."""
        root = self.folder / "root"
        (root / "bin").mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), root / "bin/busybox")
        for name in APPLETS:
            (root / "bin" / name).symlink_to("busybox")
        for name, script in {"train": TRAIN, "serve": SERVE, "answer": ANSWER}.items():
            (root / "bin" / name).write_text(script)
            (root / "bin" / name).chmod(0o755)
        with tarfile.open(self.folder / "root.tar", "w") as tar:
            tar.add(root, ".")
        return self.folder / "root.tar"

    def use_quiet_runtime(self, runc):
        runtime, settings = self.folder / "runtime", self.folder / "containers.conf"
        runtime.write_text(RUNTIME.format(python=sys.executable, runc=runc))
        runtime.chmod(0o755)
        settings.write_text(f'[engine]\nruntime = "quiet"\n[engine.runtimes]\nquiet = ["{runtime}"]\n')
        os.environ["CONTAINERS_CONF"] = str(settings)

    def tries(self):
        """Why it does not run a container as the platform starts them; empty: it does."""
        done = self("run", "--rm", "--publish", "127.0.0.1::8080", "--memory", "1g", IMAGE, "echo", "well")
        return "" if done.stdout == "well\n" else done.stderr[-500:] or "it says nothing"

    def __call__(self, *arguments):
        return subprocess.run(["podman", *map(str, arguments)], text=True, capture_output=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL)

    def succeed(self, *arguments):
        done = self(*arguments)
        if done.returncode != 0:
            raise unittest.SkipTest(f"podman {arguments[0]} fails here: {done.stderr[-500:]}")
        return done.stdout

    def containers(self):
        """Of all states, by name."""
        return {each["Names"][0]: each for each in json.loads(self("ps", "--all", "--format", "json").stdout or "[]")}

    def end(self):
        if (self.folder / "images").exists():
            self("rm", "--all", "--force", "--time", "0")
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(self.folder, ignore_errors=True)
