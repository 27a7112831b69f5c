#!/usr/bin/python3
"""Training jobs of `graft up` that are disturbed: processes are killed, disks are full, and programs look around."""
import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tarfile
import unittest

import support
import training_jobs
from containers import IMAGE, Podman
from platforms import Platform
from training_jobs import BUCKET, LONG, channel

LANDLOCK_CREATE_RULESET = 444
PROBE = """
import os, sys
own, *others = sys.argv[1:]
for path in others:
    try:
        os.close(os.open(path, os.O_RDONLY))
        print("opens", path)
    except OSError:
        pass
open(own + "/found", "w").write("works here")
try:
    os.kill(PLATFORM, 0)
    print("signals the platform")
except OSError:
    pass
"""


def has_landlock():
    import ctypes
    return ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1) > 0


def can_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


def ended(process):
    """Whether there is no such process, not even one whose parent has not been told yet."""
    return not pathlib.Path(f"/proc/{process}").exists()


def processes_below(folder):
    """Those whose instance's folder is in this job's folder, by the number and the name of the program."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes()
            if f"GRAFT_OPT_ML={folder}/".encode() in variables:
                found[int(process.name)] = (process / "comm").read_text().strip()
        except OSError:
            continue
    return found


def upload(platform, file, size):
    with file.open("wb") as out:
        out.truncate(size)
    platform.client("s3").upload_file(str(file), BUCKET, file.name)


class Jobs(training_jobs.JobsTest):
    @classmethod
    def setUpClass(cls):
        cls.platform = Platform(support.scratch_folder() / "data")
        cls.addClassCleanup(shutil.rmtree, cls.platform.folder, ignore_errors=True)
        cls.addClassCleanup(cls.platform.__exit__)
        training_jobs.prepare(cls.platform)

    def job_folder(self, name):
        [folder] = (self.platform.folder / "sagemaker/jobs").glob(f"*/{name}")
        return folder

    def supervisor(self, name):
        attempts = sorted(self.job_folder(name).glob("run/*/algo-1/started.json"))
        return json.loads(attempts[-1].read_text())["supervisor"]["pid"]

    def running(self, name, **how):
        """A job in the middle of its training: its supervisor, and its processes."""
        self.create(name, epochs=LONG, **how)
        self.trains(name)
        return self.supervisor(name), processes_below(self.job_folder(name))

    def epochs(self, name):
        """Those that it has said to have trained."""
        return [int(found[1]) for found in map(re.compile("epoch=([0-9]+);").match, self.lines(name)) if found]

    def assert_nothing_left(self, name):
        folder = self.job_folder(name)
        self.until(lambda: not processes_below(folder), f"{name} has left {processes_below(folder)}")

    def test_a_killed_supervisor(self):
        supervisor, _ = self.running("supervisor")
        os.kill(supervisor, signal.SIGKILL)
        reason = self.end_of("supervisor", "Failed")["FailureReason"]
        self.assertIn("the process that watches over the training program of algo-1 was killed", reason)
        self.assert_nothing_left("supervisor")

    def test_a_killed_program(self):
        _, programs = self.running("program")
        [outer] = [process for process, program in programs.items() if program == "graft"]
        os.kill(outer, signal.SIGKILL)
        self.assertIn("the program was ended by signal 9", self.end_of("program", "Failed")["FailureReason"])
        self.assert_nothing_left("program")

    def test_a_killed_training(self):
        _, programs = self.running("training")
        for process, program in programs.items():
            if program == "graft-learn":
                os.kill(process, signal.SIGKILL)
        self.assertIn("training was ended by signal 9", self.end_of("training", "Failed")["FailureReason"])
        self.assert_nothing_left("training")

    def test_all_killed_at_once(self):
        supervisor, programs = self.running("both")
        for process in (supervisor, *programs):
            os.kill(process, signal.SIGKILL)
        self.assertIn("was killed", self.end_of("both", "Failed")["FailureReason"])
        self.assert_nothing_left("both")

    def test_with_the_platform_killed_too_it_goes_on_from_its_checkpoint(self):
        self.create("again", epochs="60")
        self.until(lambda: len(self.epochs("again")) > 3, "it does not train")
        self.platform.kill()
        os.kill(self.supervisor("again"), signal.SIGKILL)
        self.platform.start()
        self.assert_model("again")
        self.assertIn("Restarting", [one["Status"] for one in self.state("again")["SecondaryStatusTransitions"]])
        self.assertEqual(set(self.epochs("again")), set(range(1, 61)))
        # What was said before is said again; what is trained again takes another time.
        times = {line for line in self.lines("again") if "Time cost=" in line}
        self.assertLess(len(times), 60 + 3, "what was in the checkpoint was trained again")
        self.assert_nothing_left("again")

    def test_a_stop_of_a_large_download(self):
        self.upload("large", 200 << 20)
        for name, source in (("prefix", {}), ("sharded", {"S3DataDistributionType": "ShardedByS3Key"})):
            channels = [channel(f"c{number}", f"s3://{BUCKET}/large", **source) for number in range(10)]
            self.create(name, channels=channels, instances=1 if name == "prefix" else 2)
            self.come_to(name, "Downloading")
            self.sagemaker.stop_training_job(TrainingJobName=name)
            self.assertEqual(self.state(name)["SecondaryStatus"], "Stopping")
            statuses = [one["Status"] for one in self.end_of(name, "Stopped")["SecondaryStatusTransitions"]]
            self.assertEqual([one for one in dict.fromkeys(statuses) if one != "Pending"],
                             ["Starting", "Downloading", "Stopping", "Stopped"])

    def upload(self, key, size):
        upload(self.platform, self.folder / key, size)

    @unittest.skipUnless(has_landlock(), "this kernel has no Landlock")
    def test_a_program_sees_its_own_folder_only(self):
        self.running("seen")
        [command] = self.job_folder("seen").glob("run/1/algo-1/command.json")
        self.assertEqual(json.loads(command.read_text())["hidden"], str(self.platform.folder))
        others = [path for path in self.platform.folder.rglob("*") if path.is_file()]
        for part in ("identity", "objects", "sagemaker/jobs"):
            self.assertTrue(any(path.is_relative_to(self.platform.folder / part) for path in others), part)
        self.assertIn("opens", self.probe("open", others, hidden=""))
        self.assertEqual(self.probe("confined", others, hidden=str(self.platform.folder)), "")
        self.sagemaker.stop_training_job(TrainingJobName="seen")
        self.end_of("seen", "Stopped")

    def probe(self, name, others, hidden):
        """What a program of this job says that tries to open the others' files."""
        run = self.platform.folder / f"sagemaker/jobs/123456789012/{name}/run/1/algo-1"
        own = run.parents[2] / "algo-1"
        for folder in (run, own):
            folder.mkdir(parents=True)
        program = PROBE.replace("PLATFORM", str(self.platform.process.pid))
        (run / "command.json").write_text(json.dumps({
            "arguments": ["/usr/bin/python3", "-c", program, str(own), *map(str, others)], "environment": {},
            "folder": str(own), "hidden": hidden, "cores": [], "memory": 0, "deadline": 0, "patience": 5, "after": [],
            "inherited": []}))
        subprocess.run(support.command("job-supervise", run), check=True)
        self.assertEqual((own / "found").read_text(), "works here")
        self.assertEqual(json.loads((run / "end.json").read_text())["status"], 0)
        return (run / "log").read_text()


@unittest.skipUnless(can_mount(), "a small disk is mounted here only as root")
class FullDisk(training_jobs.JobsTest):
    @classmethod
    def setUpClass(cls):
        cls.disk = support.scratch_folder() / "disk"
        cls.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "graft-test", cls.disk], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", "--lazy", cls.disk], check=True)
        cls.platform = Platform(cls.disk / "data")
        cls.addClassCleanup(cls.platform.__exit__)
        training_jobs.prepare(cls.platform)

    def test_a_download_that_fills_the_disk(self):
        upload(self.platform, self.folder / "large", 12 << 20)
        self.create("download", channels=[channel(f"c{number}", f"s3://{BUCKET}/large") for number in range(6)])
        reason = self.end_of("download", "Failed")["FailureReason"]
        self.assertIn("the disk of the platform is full: Data download failed: ", reason)
        self.platform.client("s3").delete_object(Bucket=BUCKET, Key="large")
        self.create("after-download")
        self.assert_model("after-download")

    def test_a_model_without_room(self):
        self.create("model", epochs=LONG)
        self.trains("model")
        programs = processes_below(self.disk)
        ballast = self.disk / "ballast"
        with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
            while True:
                out.write(bytes(1 << 16))
        # Its next checkpoint has no room.
        self.until(lambda: all(map(ended, programs)), "the program goes on")
        ballast.unlink()
        self.assertIn("the disk of the platform is full", self.end_of("model", "Failed")["FailureReason"])
        self.create("after-model")
        self.assert_model("after-model")


class Containers(training_jobs.JobsTest):
    """Of an image that is not graft's."""

    @classmethod
    def setUpClass(cls):
        cls.podman = Podman(support.scratch_folder() / "podman")
        cls.addClassCleanup(cls.podman.end)
        cls.platform = Platform(support.scratch_folder() / "containers")
        cls.addClassCleanup(cls.platform.__exit__)
        training_jobs.prepare(cls.platform)

    def create_foreign(self, name, image, instances=1, **algorithm):
        request = training_jobs.request(name, instances=instances)
        request["AlgorithmSpecification"] = {"TrainingImage": image, "TrainingInputMode": "File", **algorithm}
        self.sagemaker.create_training_job(**request)

    def test_instances_reach_each_other_by_name(self):
        port = support.free_port()
        script = f"""set -e
        case $CURRENT_HOST in
          algo-1) nc -l -p {port} -e /bin/echo hello ;;
          algo-2) until nc algo-1 {port} > /opt/ml/model/heard; do sleep 0.1; done ;;
        esac
        cat /opt/ml/input/config/resourceconfig.json > /opt/ml/model/$CURRENT_HOST"""
        self.platform.client("s3").put_object(Bucket=BUCKET, Key="images/train/run.sh", Body=script.encode())
        self.create_foreign("pair", IMAGE, instances=2,
                            ContainerEntrypoint=["/bin/sh", "/opt/ml/input/data/train/run.sh"])
        self.end_of("pair", "Completed")
        body = self.platform.client("s3").get_object(Bucket=BUCKET, Key="out/pair/output/model.tar.gz")["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            model = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
        self.assertEqual(model["heard"], b"hello\n")
        for host in ("algo-1", "algo-2"):
            config = json.loads(model[host])
            self.assertEqual((config["current_host"], config["hosts"]), (host, ["algo-1", "algo-2"]))

    def test_an_image_that_is_nowhere(self):
        self.create_foreign("nowhere", "localhost/nowhere:1")
        reason = self.end_of("nowhere", "Failed")["FailureReason"]
        self.assertIn("ClientError: the image localhost/nowhere:1 cannot be run: ", reason)


if __name__ == "__main__":
    unittest.main()
