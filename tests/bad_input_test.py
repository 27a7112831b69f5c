#!/usr/bin/python3
"""What is wrong outside is a clear error or a listed skip, and leaves nothing that looks like a model."""
import json
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import unittest
import zlib

import support
from support import LABELS, SMALL, backbone, draw, images


def png_header(width, height):
    """A PNG that claims to be this large and holds one row's worth of zeros."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(3 * width))) + chunk(
        b"IEND", b"")


def write_safetensors(path, shapes):
    tensors, end = {}, 0
    for name, shape in shapes.items():
        begin, size = end, 4
        for each in shape:
            size *= each
        end = begin + size
        tensors[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    header = json.dumps(tensors).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(end))


class BadImages(support.ProductTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "model"

    def refuse_training(self, data, names):
        sentence = self.refuse("train", "--train", data, "--from", backbone(), "--out", self.out, names=names)
        self.assert_no_bundle(self.out)
        return sentence

    def findings(self, data):
        return {each["what"]: each for each in self.json_of("dataset", "scan", data)["findings"]}

    def trains_on_the_rest(self, spoil, what, names):
        """An image that cannot be used is listed by the scan and the report, and left out; one of each label's 8."""
        data = draw(self.folder / "images", 8)
        spoil(data / "disc" / "spoilt.jpg")
        finding = self.findings(data)[what]
        self.assertEqual(finding["count"], 1)
        for name in ("disc/spoilt.jpg", *names):
            self.assertIn(name, finding["examples"][0])
        done = self.succeed("train", "--train", data, "--from", backbone(), "--out", self.out, "--json")
        self.assertIn(finding["sentence"], done.stderr)
        report = json.loads((self.out / "report.json").read_text())
        self.assertEqual(report["splits"]["train"] + report["splits"]["validation"], 8 * len(LABELS))
        self.assertIn("disc/spoilt.jpg", json.dumps(report["scan"]))
        self.refuse("predict", self.out, data / "disc" / "spoilt.jpg", names=["spoilt.jpg"])

    def test_an_empty_folder(self):
        (self.folder / "empty").mkdir()
        self.refuse_training(self.folder / "empty", names=[self.folder / "empty", "no images"])

    def test_a_folder_that_is_not_there(self):
        self.refuse_training(self.folder / "nowhere", names=[self.folder / "nowhere"])

    def test_images_without_labels(self):
        draw(self.folder, 3, labels=["disc"])
        self.refuse_training(self.folder / "disc", names=[self.folder / "disc", "label"])

    def test_one_label_only(self):
        data = draw(self.folder / "images", 4, labels=["disc"])
        self.refuse_training(data, names=[data, "disc", "two labels"])

    def test_a_label_with_one_image(self):
        data = draw(self.folder / "images", 8, labels=["disc", "square"])
        draw(data, 1, labels=["stripe"])
        self.assertIn("stripe: 1 image", self.findings(data)["one_image"]["examples"])
        done = self.succeed("train", "--train", data, "--from", backbone(), "--out", self.out)
        self.assertRegex(done.stderr, "warning: .*stripe")
        self.assertEqual(self.json_of("inspect", self.out)["labels"], list(LABELS))

    def test_every_label_with_one_image(self):
        self.refuse_training(draw(self.folder / "images", 1), names=["validat"])

    def test_a_text_file_named_jpg(self):
        self.trains_on_the_rest(lambda path: path.write_text("These are my notes.\n" * 50), "no_image", [])

    def test_a_file_of_no_bytes(self):
        self.trains_on_the_rest(lambda path: path.write_bytes(b""), "no_image", [])

    def test_a_truncated_jpeg(self):
        def spoil(path):
            support.picture("disc", 77, 120).save(path)
            path.write_bytes(path.read_bytes()[:-800])
        self.trains_on_the_rest(spoil, "damaged", [])

    def test_a_png_of_3600_million_pixels(self):
        self.trains_on_the_rest(lambda path: path.write_bytes(png_header(60_000, 60_000)), "too_large", ["60000"])

    def test_no_image_that_can_be_read(self):
        for label in LABELS:
            (self.folder / "images" / label).mkdir(parents=True)
            (self.folder / "images" / label / "notes.jpg").write_text(f"notes on {label}")
        self.refuse_training(self.folder / "images", names=["disc", "read"])

    def test_an_image_in_two_splits(self):
        data = support.draw_splits(self.folder / "images")
        shutil.copy(data / "test" / "disc" / "200.jpg", data / "train" / "disc" / "leaked.jpg")
        sentence = self.refuse_training(data, names=["1 image", "200.jpg", "leaked.jpg", "--allow-leak"])
        self.assertNotIn("1 images", sentence)
        scan = support.graft("dataset", "scan", data)
        self.assertEqual(scan.returncode, 1)
        self.assertIn("leaked.jpg", scan.stdout)
        self.succeed("train", "--train", data, "--from", backbone(), "--allow-leak", "--out", self.out)

    def test_a_label_that_the_model_does_not_know(self):
        data = draw(self.folder / "images", 3, labels=["disc", "spiral"])
        self.refuse("evaluate", backbone(), "--data", data, names=["spiral", data])


class BadModels(support.ProductTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "model"

    def refuse_parent(self, parent, names, *more):
        self.refuse("train", "--train", images(), "--from", parent, *more, "--out", self.out, names=names)
        self.assert_no_bundle(self.out)

    def test_weights_of_another_architecture(self):
        self.refuse_parent(backbone(), ["resnet10_025", "resnet18"], "--arch", "resnet18")
        weights = backbone() / "model.safetensors"
        self.refuse("import", weights, "--arch", "resnet18", "--out", self.out, names=[weights, "resnet18"])
        self.assert_no_bundle(self.out)

    def test_weights_of_no_architecture(self):
        weights = self.folder / "other.safetensors"
        write_safetensors(weights, {"encoder.weight": [4, 3], "encoder.bias": [4]})
        self.refuse_parent(weights, [weights])
        self.refuse("import", weights, "--out", self.out, names=[weights])

    def test_an_architecture_that_does_not_exist(self):
        self.refuse("train", "--mode", "scratch", "--arch", "resnet19", "--train", images(), "--out", self.out,
                    names=["resnet19", "resnet18"])
        self.assert_no_bundle(self.out)

    def test_weights_that_are_text(self):
        for name in ("notes.safetensors", "notes.pth", "notes.h5", "notes"):
            weights = self.folder / name
            weights.write_text("These are my notes.\n" * 50)
            with self.subTest(name):
                self.refuse_parent(weights, [weights])

    def test_a_parent_that_is_not_there(self):
        self.refuse_parent(self.folder / "nowhere", [self.folder / "nowhere"])

    def test_a_bundle_that_was_cut(self):
        for name in ("graft.json", "graph.json", "model.safetensors"):
            bundle = self.folder / f"cut {name}"
            shutil.copytree(backbone(), bundle)
            size = (bundle / name).stat().st_size
            for kept in (0, size // 2, size - 40):
                os.truncate(bundle / name, kept)
                with self.subTest(name, kept=kept):
                    picture = images() / "test" / "disc" / "200.jpg"
                    self.refuse("predict", bundle, picture, names=[bundle / name])
                    self.refuse("evaluate", bundle, "--data", images() / "test", names=[bundle / name])
                    self.refuse("inspect", bundle, names=[bundle / name])
                (bundle / name).write_bytes((backbone() / name).read_bytes())

    def test_a_bundle_without_weights(self):
        bundle = self.folder / "bundle"
        shutil.copytree(backbone(), bundle)
        (bundle / "model.safetensors").unlink()
        self.refuse("predict", bundle, images() / "test" / "disc" / "200.jpg", names=[bundle / "model.safetensors"])

    def test_a_bundle_is_not_overwritten(self):
        before = (backbone() / "model.safetensors").read_bytes()
        self.refuse("train", "--train", images(), "--from", backbone(), "--out", backbone(),
                    names=[backbone(), "--out"])
        self.assertEqual((backbone() / "model.safetensors").read_bytes(), before)


class BadOutput(support.ProductTest):
    HEAD, SCRATCH = 0, 1

    def arguments(self, kind, out):
        settings = ("--mode", "scratch", *SMALL, "--epochs", 2) if kind == self.SCRATCH else ("--from", backbone())
        return ("train", "--train", images(), *settings, "--out", out)

    def test_a_file_in_the_way(self):
        (self.folder / "file").write_text("in the way")
        for out in (self.folder / "file", self.folder / "file" / "model"):
            self.refuse(*self.arguments(self.HEAD, out), names=[out])
        self.assertEqual((self.folder / "file").read_text(), "in the way")

    def test_a_folder_that_takes_no_files(self):
        out = pathlib.Path("/proc/graft")
        self.refuse(*self.arguments(self.HEAD, out), names=[out])
        self.refuse("import", backbone() / "model.safetensors", "--arch", "resnet10_025", "--out", out, names=[out])

    def test_an_output_is_refused_before_any_work(self):
        self.refuse("train", "--train", self.folder / "nowhere", "--from", backbone(), "--out", "/proc/graft",
                    names=["/proc/graft"])

    def test_a_disk_that_is_full(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk], capture_output=True).returncode:
            self.skipTest("only root can mount a small disk")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        for kind in (self.HEAD, self.SCRATCH):
            out = disk / f"model {kind}"
            self.refuse(*self.arguments(kind, out), names=[out, "No space left"])
            self.assert_no_bundle(out)
            shutil.rmtree(out)

    def test_a_file_that_may_not_grow(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        for kind in (self.HEAD, self.SCRATCH):
            out = self.folder / f"model {kind}"
            self.refuse(*self.arguments(kind, out), names=[out, "File too large"], preexec_fn=limit)
            self.assert_no_bundle(out)

    def test_a_cache_on_a_full_disk_is_done_without(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", disk], capture_output=True).returncode:
            self.skipTest("only root can mount a small disk")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        done = self.succeed(*self.arguments(self.HEAD, self.folder / "model"), "--cache", disk / "cache")
        self.assertIn("warning: the feature cache is not kept", done.stderr)

    def test_a_cache_that_cannot_be_made_is_done_without(self):
        done = self.succeed(*self.arguments(self.HEAD, self.folder / "model"), "--cache", "/proc/graft")
        self.assertIn("warning: the feature cache is not kept", done.stderr)

    def test_standard_output_that_is_full(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(support.command("inspect", backbone()), stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        self.assertEqual(done.returncode, 1)
        self.sentence_of(done, ["cannot write the result", "No space left"])


class WrongUsage(support.ProductTest):
    def wrong(self, *arguments, names=()):
        with self.subTest(arguments):
            done = support.graft(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stdout, "")
            self.sentence_of(done, names)

    def test_exits_2(self):
        out = ("--from", backbone(), "--out", self.folder / "model")
        self.wrong()
        self.wrong("improve", names=["improve"])
        self.wrong("train", *out, names=["--train"])
        self.wrong("train", "--train", images(), names=["--out"])
        self.wrong("train", "--train", images(), *out, "--mode", "magic", names=["--mode", "magic"])
        self.wrong("train", "--train", images(), *out, "--epochs", "many", names=["--epochs", "many"])
        self.wrong("train", "--train", images(), *out, "--epochs", 2.5, names=["--epochs", "2.5"])
        self.wrong("train", "--train", images(), *out, "--epochs", 0, names=["--epochs"])
        self.wrong("train", "--train", images(), *out, "--seed", "-1", names=["--seed"])
        self.wrong("train", "--train", images(), *out, "--fast", names=["--fast"])
        self.wrong("train", "--train", images(), "--out", self.folder / "model", names=["--from", "--mode scratch"])
        self.wrong("train", "--train", images(), *out, "--mode", "scratch", names=["--from", "scratch"])
        self.wrong("train", "--train", images(), *out, "--batch", 8, names=["--batch", "head"])
        self.wrong("train", "--train", images(), *out, "--freeze-to", "layer1", names=["--freeze-to", "head"])
        self.wrong("evaluate", backbone(), names=["--data"])
        self.wrong("predict", backbone(), names=["file"])
        self.wrong("predict", backbone(), "x.jpg", "--top", 0, names=["--top"])
        self.wrong("dataset")
        self.assertFalse((self.folder / "model").exists())

    def test_help_and_version_are_no_errors(self):
        for arguments in (["--help"], ["--version"], ["train", "--help"], ["dataset", "scan", "--help"]):
            done = self.succeed(*arguments)
            self.assertTrue(done.stdout)
            self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
