"""A cluster of Slurm on this machine: two nodes, with its own key, ports and folders, for as long as a test."""
import contextlib
import os
import shutil
import signal
import subprocess
import time

import engines
import support

HERE = os.uname().nodename
NEEDS = "Slurm starts here only as root, with slurmctld, slurmd, slurm-client and munge"
CONFIGURATION = """
ClusterName=test
SlurmctldHost={here}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/linear
SwitchType=switch/none
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
MailProg=/bin/true
NodeName=n1 NodeHostname=n1 NodeAddr=127.0.0.1 Port={ports[1]} CPUs={cpus}
NodeName=n2 NodeHostname=n2 NodeAddr=127.0.0.1 Port={ports[2]} CPUs={cpus}
PartitionName=all Nodes=ALL Default=YES State=UP MaxTime=INFINITE
"""


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Cluster:
    """munged, slurmctld and two slurmd, each node with a name of its own that leads to this machine."""

    def __init__(self, folder, cpus=1):
        self.folder = folder
        self.daemons = []
        for name in ("munge", "state", "spool-n1", "spool-n2"):
            (folder / name).mkdir()
        key = folder / "munge/key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        configuration = CONFIGURATION.format(here=HERE, folder=folder, ports=[support.free_port() for _ in range(3)], cpus=cpus)
        (folder / "slurm.conf").write_text(configuration)
        (folder / "hosts").write_text(f"127.0.0.1 localhost {HERE} n1 n2\n")
        self.environment = engines.variables(SLURM_CONF=folder / "slurm.conf")

    def start(self):
        munge = self.folder / "munge"
        self.daemon("munged", "--force", "--foreground", "--socket", munge / "socket", "--key-file", munge / "key",
                    "--log-file", munge / "log", "--pid-file", munge / "pid", "--seed-file", munge / "seed")
        self.wait_for((munge / "socket").exists, "munged")
        self.daemon("slurmctld", "-D", "-i")
        for node in ("n1", "n2"):
            self.daemon("slurmd", "-D", "-N", node, node=node)
        self.wait_for(lambda: self.states() == ["idle", "idle"], "slurmd")

    def daemon(self, name, *arguments, node=None):
        command = [program(name), *map(str, arguments)]
        with (self.folder / f"{name}-{node}.log").open("w") as log:
            self.daemons.append(subprocess.Popen(self.on(node, command) if node else command, env=self.environment,
                                                 cwd=self.folder, stdout=log, stderr=log))

    def on(self, node, command):
        """The command where hosts are called as the cluster calls them."""
        script = 'mount --bind "$0" /etc/hosts && hostname "$1" && shift && exec "$@"'
        return ["unshare", "--uts", "--mount", "sh", "-c", script, str(self.folder / "hosts"), node, *map(str, command)]

    def answer(self, *command):
        return subprocess.run(command, env=self.environment, text=True, capture_output=True).stdout

    def states(self):
        return self.answer("sinfo", "--noheader", "--Node", "--format=%T").split()

    def wait_for(self, condition, what):
        end = time.monotonic() + 30
        while not condition():
            if time.monotonic() > end:
                said = "\n".join(log.read_text()[-1000:] for log in self.folder.glob("*.log"))
                raise RuntimeError(f"{what} does not start: {said}")
            time.sleep(0.1)

    def stop(self):
        # A step that cannot tell slurmctld of its end would stay to try again.
        with contextlib.suppress(RuntimeError):
            self.wait_for(lambda: not self.answer("squeue", "--noheader") and self.states() == ["idle", "idle"], "idle")
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def can_start():
    """A slurmd needs root here, as only root gives a node its name."""
    return engines.can_make_hosts() and all(map(program, ("munged", "slurmctld", "slurmd", "srun")))
