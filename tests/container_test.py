#!/usr/bin/python3
"""`graft train` as Amazon SageMaker starts it: a job laid out in /opt/ml, and nothing on the command line."""
import io
import json
import os
import re
import signal
import struct
import subprocess
import tarfile
import threading
import time
import unittest

import engines
import support
from support import LABELS, backbone, images

SMALL = {"arch": "resnet10_025", "size": "32", "batch": "16", "precision": "fp32"}
# What docs/sagemaker.md gives, and what the built-in algorithm's metrics are read by.
EXPRESSIONS = {
    "validation:accuracy": r"validation:accuracy=([0-9.]+)",
    "train:loss": r"train:loss=([0-9.]+)",
    "built-in validation": r"Epoch\S+ Validation-accuracy=(\S+)",
    "built-in train": r"Epoch\S+ Train-accuracy=(\S+)",
    "built-in time": r"Epoch\S+ Time cost=(\S+)",
}


def part(data):
    framed = struct.pack("<II", 0xced7230a, len(data)) + data
    return framed + bytes(-len(framed) % 4)


def pictures(folder):
    """(number of the label, path), label by label."""
    return [(number, path) for number, label in enumerate(LABELS) for path in sorted((folder / label).iterdir())]


def records(folder):
    """An image set as a .rec file, as MXNet's tools write it."""
    header = struct.Struct("<IfQQ")
    return b"".join(part(header.pack(0, number, i, 0) + path.read_bytes())
                    for i, (number, path) in enumerate(pictures(folder)))


def pairs(folder):
    """The same as an augmented manifest comes through a pipe."""
    return b"".join(part(path.read_bytes()) + part(str(number).encode()) for number, path in pictures(folder))


class Job:
    """A job's folders, and `graft train` on them."""

    def __init__(self, root, parameters, channels, hosts=("algo-1",), host="algo-1"):
        self.root = root
        for name in ("input/config", "input/data", "model", "output", "checkpoints"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self.write("hyperparameters.json", {name: str(value) for name, value in parameters.items()})
        self.write("inputdataconfig.json", {name: {"TrainingInputMode": "File", **channel}
                                            for name, channel in channels.items()})
        self.write("resourceconfig.json", {"current_host": host, "hosts": list(hosts),
                                           "network_interface_name": "eth0"})

    def write(self, name, content):
        (self.root / "input/config" / name).write_text(json.dumps(content))

    def channel(self, name, source):
        """The channel is this folder or file of the image set."""
        (self.root / "input/data" / name).symlink_to(source)
        (self.root / "input/data" / f"{name}-manifest").write_text("[]")  # beside real ones, and none itself
        return self

    def environment(self, **own):
        kept = {name: value for name, value in engines.variables().items() if name != "GRAFT_CACHE"}
        return {**kept, "GRAFT_OPT_ML": str(self.root), **own}

    def run(self, **own):
        return subprocess.run(support.command("train"), text=True, capture_output=True, timeout=300,
                              env=self.environment(**own))

    def start(self, command=None, **own):
        return subprocess.Popen(command or support.command("train"), text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=self.environment(**own))

    def model(self):
        return sorted(path.name for path in (self.root / "model").iterdir())

    def failure(self):
        file = self.root / "output/failure"
        return file.read_text() if file.exists() else None

    def checkpoint(self):
        return max(self.root.glob("checkpoints/*/checkpoints/*.safetensors"), default=None)


class Container(support.ProductTest):
    def job(self, parameters, channels, name="ml", **hosts):
        return Job(self.folder / name, parameters, channels, **hosts)

    def succeed_in(self, job, **own):
        done = job.run(**own)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertIsNone(job.failure())
        self.assertIn("graft.json", job.model())
        self.assertFalse([name for name in job.model() if not name.endswith((".json", ".safetensors"))])
        self.assertTrue((job.root / "output/data/report.html").exists())
        return done.stdout

    def fail_in(self, job, *words, **own):
        done = job.run(**own)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(job.model(), [])
        for word in words:
            self.assertIn(word, job.failure())
        return done

    def found(self, name, text):
        return [float(value) for value in re.findall(EXPRESSIONS[name], text)]

    def labels(self, job):
        return json.loads((job.root / "model/graft.json").read_text())["labels"]

    def test_folders_and_metric_lines(self):
        job = self.job({**SMALL, "epochs": 3, "num_classes": 3, "num_training_samples": 48, "optimizer": "\"adam\"",
                        "_tuning_objective_metric": "validation:accuracy", "sagemaker_region": "\"here\""},
                       {"train": {"ContentType": "application/x-image"}, "validation": {}, "test": {}})
        for split in ("train", "validation", "test"):
            job.channel(split, images() / split)
        said = self.succeed_in(job)
        for name in ("built-in validation", "built-in train", "built-in time"):
            self.assertEqual(len(self.found(name, said)), 3, said)
        ours = self.found("validation:accuracy", said)
        self.assertEqual(ours[:3], self.found("built-in validation", said))
        self.assertEqual(ours[3:], [max(ours[:3])])  # what is kept is said last
        self.assertEqual(len(re.findall(r"test:accuracy=([0-9.]+)", said)), 1)
        self.assertEqual(self.labels(job), sorted(LABELS))
        self.succeed("evaluate", job.root / "model", "--data", images() / "test")

    def test_lists(self):
        job = self.job({**SMALL, "epochs": 1}, {"train": {}, "train_lst": {}, "validation": {}, "validation_lst": {}})
        for split in ("train", "validation"):
            lists = self.folder / f"{split}_lst"
            lists.mkdir()
            lines = [f"{i}\t{number}\t{path.relative_to(images() / split)}\n"
                     for i, (number, path) in enumerate(pictures(images() / split))]
            (lists / f"{split}.lst").write_text("".join(lines))
            job.channel(split, images() / split).channel(f"{split}_lst", lists)
        self.succeed_in(job)
        self.assertEqual(self.labels(job), ["0", "1", "2"])

    def test_a_list_leads_out_of_the_channels(self):
        """Jobs of several owners share a machine."""
        own = next((images() / "train" / LABELS[0]).iterdir())
        for i, name in enumerate((str(own), "../../../../" + own.name)):
            with self.subTest(name):
                lists = self.folder / f"list-{i}"
                lists.mkdir()
                (lists / "inside.jpg").write_bytes(own.read_bytes())
                (lists / "train.csv").write_text(f"image,label\ninside.jpg,a\n{name},b\n")
                job = self.job(SMALL, {"train": {}}, f"outside-{i}").channel("train", lists)
                self.fail_in(job, "a list names", own.name, "outside of the channels")

    def test_records_in_files(self):
        recordio = {"ContentType": "application/x-recordio"}
        job = self.job({**SMALL, "epochs": 1, "num_training_samples": 48}, {"train": recordio, "validation": recordio})
        for split in ("train", "validation"):
            folder = self.folder / f"{split}_rec"
            folder.mkdir()
            (folder / f"{split}.rec").write_bytes(records(images() / split))
            job.channel(split, folder)
        self.succeed_in(job)
        self.assertEqual(self.labels(job), ["0", "1", "2"])

    def pipe(self, job, split, content):
        fifo = job.root / f"input/data/{split}_0"
        os.mkfifo(fifo)
        writer = threading.Thread(target=lambda: fifo.write_bytes(content), daemon=True)
        writer.start()
        return writer

    def through_pipes(self, form, **channel):
        piped = {"TrainingInputMode": "Pipe", "ContentType": "application/x-recordio", **channel}
        job = self.job({**SMALL, "epochs": 1}, {"train": piped, "validation": piped})
        writers = [self.pipe(job, split, form(images() / split)) for split in ("train", "validation")]
        self.succeed_in(job)
        for writer in writers:
            writer.join(10)
            self.assertFalse(writer.is_alive())
        self.assertEqual(self.labels(job), ["0", "1", "2"])

    def test_records_through_pipes(self):
        self.through_pipes(records)

    def test_an_augmented_manifest(self):
        self.through_pipes(pairs, RecordWrapperType="RecordIO")

    def test_a_model_to_start_from(self):
        archive = self.folder / "channel"
        archive.mkdir()
        with tarfile.open(archive / "model.tar.gz", "w:gz") as tar:
            for path in sorted(backbone().iterdir()):
                tar.add(path, "./" + path.name)
        model = {"model": {"ContentType": "application/x-sagemaker-model"}}
        job = self.job({"mode": "head", "precision": "fp32"}, {"train": {}, **model})
        job.channel("train", images() / "train").channel("model", archive)
        self.assertTrue(self.found("validation:accuracy", self.succeed_in(job)))
        tuned = self.job({"epochs": 1, "precision": "fp32", "use_pretrained_model": 1, "learning_rate": 0.001},
                         {"train": {}, **model}, "tuned")
        tuned.channel("train", images() / "train").channel("model", backbone())
        self.assertEqual(len(self.found("built-in validation", self.succeed_in(tuned))), 1)

    def test_weights_in_the_image(self):
        job = self.job({"precision": "fp32"}, {"train": {}}).channel("train", images() / "train")
        self.assertIn("--mode=head", self.succeed_in(job, GRAFT_PRETRAINED=str(backbone())))

    def test_an_archive_that_reaches_out(self):
        archive = self.folder / "channel"
        archive.mkdir()
        with tarfile.open(archive / "model.tar.gz", "w:gz") as tar:
            tar.addfile(tarfile.TarInfo("../../escaped"), io.BytesIO())
        job = self.job({"mode": "head"}, {"train": {}, "model": {}})
        job.channel("train", images() / "train").channel("model", archive)
        self.fail_in(job, "leads out of the archive")

    def test_wrong_hyper_parameters(self):
        for parameters, words in (({"epoch": 3}, ["no hyper-parameter epoch", "epochs"]),
                                  ({"learning_rate": "fast"}, ["learning_rate=fast"]),
                                  ({"multi_label": 1}, ["multi_label=1"]),
                                  ({"num_classes": 4}, ["num_classes=4", "3 labels"]),
                                  ({"num_training_samples": 5}, ["num_training_samples=5", "48 images"]),
                                  ({"arch": "resnet19"}, ["resnet19"]),
                                  ({"schedule": "slowly"}, ["--schedule"])):
            with self.subTest(parameters):
                job = self.job({**SMALL, **parameters}, {"train": {}}, f"ml-{next(iter(parameters))}")
                job.channel("train", images() / "train")
                self.fail_in(job, *words)

    def test_images_that_cannot_be_learned_from(self):
        job = self.job(SMALL, {"train": {}, "validation": {}})
        job.channel("train", images() / "train").channel("validation", images() / "train")
        done = self.fail_in(job, "more than one split")
        self.assertIn("error: " + job.failure(), done.stderr)
        self.fail_in(self.job(SMALL, {"validation": {}}, "none"), "no channel train")

    def test_without_a_job_it_is_the_command(self):
        done = support.graft("train")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--out is required", done.stderr)

    def wait_for(self, condition, process):
        end = time.monotonic() + 120
        while not condition():
            self.assertIsNone(process.poll(), "it ended")
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def test_a_stop_keeps_the_best_until_then(self):
        self.stop({**SMALL, "epochs": 100000})

    def test_a_stop_of_several_ranks(self):
        self.stop({**SMALL, "epochs": 100000, "ranks": 2})

    def stop(self, parameters):
        job = self.job(parameters, {"train": {}}).channel("train", images() / "train")
        process = job.start()
        self.wait_for(job.checkpoint, process)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=110)
        self.assertEqual(process.returncode, 0, said)
        self.assertTrue(self.found("validation:accuracy", said), said)
        self.succeed("evaluate", job.root / "model", "--data", images() / "test")

    def test_a_stop_before_there_is_anything(self):
        job = self.job(SMALL, {"train": {"TrainingInputMode": "Pipe", "ContentType": "application/x-recordio"}})
        os.mkfifo(job.root / "input/data/train_0")
        process = job.start()
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, said)
        self.assertIn("stopped before there was a model", job.failure())

    def test_a_spot_instance_goes_on_where_another_was_taken_away(self):
        parameters = {**SMALL, "epochs": 12}
        first = self.job(parameters, {"train": {}}).channel("train", images() / "train")
        process = first.start()
        self.wait_for(first.checkpoint, process)
        process.kill()
        process.communicate()
        second = self.job(parameters, {"train": {}}, "second").channel("train", images() / "train")
        (second.root / "checkpoints").rmdir()
        (first.root / "checkpoints").rename(second.root / "checkpoints")
        said = self.succeed_in(second)
        epochs = [int(epoch) for epoch in re.findall(r"Epoch\[(\d+)\] Validation", said)]
        self.assertGreater(epochs[0], 0)
        self.assertEqual(epochs, list(range(epochs[0], 12)))
        whole = self.job(parameters, {"train": {}}, "whole").channel("train", images() / "train")
        self.succeed_in(whole)
        weights = [(job.root / "model/model.safetensors").read_bytes() for job in (second, whole)]
        self.assertEqual(weights[0], weights[1])

    @unittest.skipUnless(engines.can_make_hosts(), "only root makes network namespaces")
    def test_two_hosts(self):
        hosts = engines.Hosts(2)
        self.addCleanup(hosts.remove)
        parameters = {**SMALL, "epochs": 2, "sync_batch_norm": "true"}
        jobs = [self.job(parameters, {"train": {}}, host, hosts=hosts.names, host=host).channel("train",
                                                                                              images() / "train")
                for host in hosts.names]
        processes = [job.start(hosts.on(host, *support.command("train"))) for job, host in zip(jobs, hosts.names)]
        for process in processes:
            said, _ = process.communicate(timeout=200)
            self.assertEqual(process.returncode, 0, said)
        self.assertIn("graft.json", jobs[0].model())
        self.assertEqual(jobs[1].model(), [])
        metrics = (jobs[0].root / "output/data/run/scratch/metrics.jsonl").read_text().splitlines()
        self.assertEqual([rank["host"] for rank in json.loads(metrics[-1])["ranks"]], hosts.names)


if __name__ == "__main__":
    unittest.main()
