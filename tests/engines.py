"""What the tests share that start ranks as clusters do: jobs that are watched and disturbed, and hosts to run them on.

A host is a network namespace with a name of its own (gethostname) and a cable to a bridge, which is the only way to the
others: Hosts needs root. All of it goes when the test is over.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time

import support
from support import SMALL, images

NAMED_WITHIN = 15  # seconds
FEW_STEPS = ("--train", images(), "--mode", "scratch", *SMALL, "--mixed-precision", "off", "--precision", "fp32")
SAME = (*FEW_STEPS, "--epochs", 3, "--batch", 16, "--learning-rate", 0.001, "--sync-batch-norm")
WITHOUT_END = (*FEW_STEPS, "--epochs", 100000, "--batch", 16)


def ranks_of(out, variable):
    """The processes that train into `out`, by what the variable says of their rank."""
    ranks = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if str(out).encode() not in words or b"graft" not in words[0]:
                continue
            variables = dict(v.split(b"=", 1) for v in (folder / "environ").read_bytes().split(b"\0") if b"=" in v)
            ranks[int(variables[variable.encode()])] = int(folder.name)
        except (OSError, KeyError):
            continue
    return ranks


def variables(**own):
    """An environment in which nothing else says where a process stands."""
    kept = {name: value for name, value in support.environment().items()
            if not name.startswith(("OMPI_", "SLURM_", "PMIX_", "MASTER_")) and name not in ("RANK", "WORLD_SIZE")}
    return {**kept, **{name: str(value) for name, value in own.items()}}


class Job:
    """A process, and what it has said."""

    def __init__(self, command, log, environment):
        self.log = log
        with log.open("w") as file:
            self.process = subprocess.Popen(list(map(str, command)), stdout=file, stderr=file, stdin=subprocess.DEVNULL,
                                            env=environment)

    def said(self):
        return self.log.read_text()

    def ended(self):
        return self.process.poll() is not None


class EngineTest(support.ProductTest):
    def setUp(self):
        super().setUp()
        self.jobs = []
        self.out = self.folder / "m"
        self.addCleanup(self.end_all)

    def start(self, command, **environment):
        job = Job(command, self.folder / f"log-{len(self.jobs)}", variables(**environment))
        self.jobs.append(job)
        return job

    def end_all(self):
        for job in self.jobs:
            if not job.ended():
                job.process.kill()
            job.process.wait()

    def wait_until(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            said = "\n".join(job.said()[-1500:] for job in self.jobs)
            self.assertLess(time.monotonic(), end, f"{what}: {said}")
            time.sleep(0.05)

    def metrics(self, out):
        file = out / "run/scratch/metrics.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def wait_for_epochs(self, count):
        self.wait_until(lambda: len(self.metrics(self.out)) >= count, f"it does not come to epoch {count}")

    def finish(self, job, seconds=120):
        self.wait_until(job.ended, "it does not end", seconds)
        self.assertEqual(job.process.returncode, 0, job.said())

    def assert_same_as_one_rank(self, out):
        """The weights that SAME gives one process, but for the order of sums."""
        self.succeed("train", *SAME, "--out", self.folder / "one")
        one, ours = self.metrics(self.folder / "one"), self.metrics(out)
        self.assertEqual(len(one), len(ours))
        for a, b in zip(one, ours):
            for name in ("train/loss", "validation/loss"):
                self.assertAlmostEqual(a[name], b[name], delta=1e-3 * a[name])
        self.succeed("evaluate", out, "--data", images() / "test")


def run(*command):
    subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)


def can_make_hosts():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--net", "--uts", "--mount", "true"],
                                                capture_output=True).returncode == 0


class Hosts:
    """h1, h2, ... at 10.77.0.1, .2, ...: each with `rate` to a bridge and from it, and `delay` where the kernel can."""

    def __init__(self, count, rate="1gbit", delay="0.5ms"):
        self.names = [f"h{i + 1}" for i in range(count)]
        self.prefix = f"graft{os.getpid()}-"
        self.rate, self.delay = rate, delay
        self.folder = tempfile.TemporaryDirectory(prefix="graft-hosts-")
        self.hosts_file = pathlib.Path(self.folder.name) / "hosts"
        self.hosts_file.write_text("127.0.0.1 localhost\n" + "".join(f"{self.address(h)} {h}\n" for h in self.names))
        self.made = []
        try:
            self.make()
        except subprocess.CalledProcessError as error:
            self.remove()
            raise RuntimeError(f"{error.cmd}: {error.stderr}") from error

    def address(self, host):
        return f"10.77.0.{self.names.index(host) + 1}"

    def make(self):
        switch = self.space("switch")
        run("ip", "-n", switch, "link", "add", "name", "br0", "type", "bridge")
        run("ip", "-n", switch, "link", "set", "br0", "up")
        for host in self.names:
            space = self.space(host)
            run("ip", "-n", space, "link", "add", "name", "eth0", "type", "veth", "peer", "name", host, "netns", switch)
            run("ip", "-n", space, "addr", "add", self.address(host) + "/24", "dev", "eth0")
            run("ip", "-n", switch, "link", "set", host, "master", "br0", "up")
            for device in ("lo", "eth0"):
                run("ip", "-n", space, "link", "set", device, "up")
            self.shape(space, "eth0")
            self.shape(switch, host, delay=None)

    def space(self, name):
        run("ip", "netns", "add", self.prefix + name)
        self.made.append(self.prefix + name)
        return self.made[-1]

    def shape(self, space, device, delay=""):
        """netem holds packets back; a kernel without it limits the rate only."""
        add = ("tc", "-n", space, "qdisc", "add", "dev", device, "root")
        if delay is not None and self.delay:
            try:
                return run(*add, "netem", "delay", self.delay, "rate", self.rate)
            except subprocess.CalledProcessError:
                self.delay = None
        run(*add, "tbf", "rate", self.rate, "burst", "256kb", "latency", "50ms")

    def on(self, host, *command):
        """The command as it runs on the host: the process that is started becomes it."""
        script = 'mount --bind "$0" /etc/hosts && hostname "$1" && shift && exec "$@"'
        return ["ip", "netns", "exec", self.prefix + host, "unshare", "--uts", "--mount", "sh", "-c", script,
                str(self.hosts_file), host, *map(str, command)]

    def inside(self, host, *command):
        return subprocess.run(["ip", "netns", "exec", self.prefix + host, *command], check=True, capture_output=True,
                              text=True).stdout

    def connections(self, host, port):
        """What ss says of those to this port of the host."""
        return self.inside(host, "ss", "-Htn", "state", "established", f"sport = :{port}")

    def sent(self, host):
        """Bytes that have left it."""
        [device] = json.loads(self.inside(host, "ip", "-json", "-stats", "link", "show", "eth0"))
        return device["stats64"]["tx"]["bytes"]

    def cut(self, host):
        run("ip", "-n", self.prefix + host, "link", "set", "eth0", "down")

    def remove(self):
        for space in self.made:
            with contextlib.suppress(subprocess.CalledProcessError):
                run("ip", "netns", "del", space)
        self.folder.cleanup()
