#!/usr/bin/env python3
"""Writes the small checkpoints that the tests of src/zoo read: by PyTorch and h5py, one of them malicious.

Run with a Python that has torch and h5py: tools/record_checkpoint_golden.py [FOLDER]
"""
import collections
import io
import json
import os
import pickle
import sys
import zipfile

import h5py
import numpy
import torch

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 1)
        self.bn = torch.nn.BatchNorm2d(2)
        self.sizes = [1, 2]
        with torch.no_grad():
            for i, parameter in enumerate(self.parameters()):
                parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) + 10 * i)

    def forward(self, x):
        return self.bn(self.conv(x))


class Attack:
    def __reduce__(self):
        return os.system, ("echo attacked",)


def tensors():
    base = torch.arange(12, dtype=torch.float32)
    return collections.OrderedDict(
        f64=torch.tensor([0.5, -2.0], dtype=torch.float64),
        f16=torch.tensor([0.5, -2.0], dtype=torch.float16),
        bf16=torch.tensor([0.5, -2.0], dtype=torch.bfloat16),
        i64=torch.tensor(7),
        u8=torch.tensor([1, 255], dtype=torch.uint8),
        boolean=torch.tensor([True, False]),
        empty=torch.zeros(0, 3),
        whole=base.reshape(3, 4),
        transposed=base.reshape(3, 4).t(),
        part=base[4:8],
        every_other=base[1::2],
        parameter=torch.nn.Parameter(torch.tensor([3.0])),
    )


# One file of an archive, without the time of writing, so that recording again changes nothing.
def put(archive, name, content, compression=zipfile.ZIP_STORED):
    archive.writestr(zipfile.ZipInfo(name), content, compression)


# The archive as torch.save lays it out, around any pickle.
def write_archive(path, content, extra=None):
    with zipfile.ZipFile(path, "w") as archive:
        put(archive, "archive/data.pkl", content)
        for name, data in (extra or {}).items():
            put(archive, "archive/" + name, data)


# The pickle of {"w": tensor of this offset, size and stride in a float storage "0" of `elements`}.
def view_pickle(offset, size, stride, elements):
    class Id:
        pass

    class Rebuilt:
        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Id(), offset, size, stride, False, collections.OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", torch.FloatStorage, "0", "cpu", elements) if isinstance(value, Id) else None

    out = io.BytesIO()
    Pickler(out, 2).dump({"w": Rebuilt()})
    return out.getvalue()


# Without the source of the network, which is most of such a file and nothing to the reader.
def record_script(path):
    torch.jit.script(Small().eval()).save(path)
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if "/code/" not in name}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in kept.items():
            put(archive, name, content)


def record_pytorch(folder):
    def at(name):
        return os.path.join(folder, name)

    for protocol in (2, 3, 4, 5):
        torch.save(tensors() if protocol == 2 else {"w": torch.ones(2)}, at(f"protocol{protocol}.pth"),
                   pickle_protocol=protocol)
    state = {"module." + name: value for name, value in Small().state_dict().items()}
    torch.save({"epoch": 3, "loss": 0.25, "best": None, "name": "small", "state_dict": state}, at("nested.pth"))
    torch.save({}, at("legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save({"w": torch.ones(1), "attack": Attack()}, at("malicious.pth"))
    record_script(at("script.pt"))
    four = numpy.arange(4, dtype="<f4").tobytes()
    views = {
        "beyond": (2, (3,), (1,), 4),
        "overflow": (0, (2, 2), (2**62, 2**62), 4),
        "huge": (0, (2**40, 2**40), (0, 0), 4),
        "expanded": (0, (5,), (0,), 4),
        "negative": (-1, (2,), (1,), 4),
        "missized": (0, (2,), (1,), 5),
        "ranks": (0, (2,), (1, 1), 4),
    }
    for name, view in views.items():
        write_archive(at(f"bad_{name}.pth"), view_pickle(*view), {"data/0": four})
    good = view_pickle(0, (2, 2), (1, 2), 4)
    write_archive(at("bad_no_storage.pth"), good)
    write_archive(at("bad_big_endian.pth"), good, {"data/0": four, "byteorder": "big"})
    write_archive(at("bad_no_tensors.pth"), pickle.dumps({"epoch": 1}, 2))
    with zipfile.ZipFile(at("bad_compressed.pth"), "w") as archive:
        put(archive, "archive/data.pkl", bytes(100_000), zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(at("bad_not_pytorch.zip"), "w") as archive:
        put(archive, "readme.txt", "hello")


def layer(kind, name, **config):
    return {"class_name": kind, "config": dict(name=name, **config)}


def sequential(*layers):
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": list(layers)}}


# A few layers of a MobileNetV2 with its head, each value different.
def keras_arrays():
    def values(*shape):
        return numpy.arange(numpy.prod(shape), dtype="<f4").reshape(shape)

    return {
        "Conv1/kernel:0": values(2, 1, 3, 2),
        "bn_Conv1/gamma:0": values(2),
        "bn_Conv1/moving_variance:0": values(2) + 1,
        "expanded_conv_depthwise/depthwise_kernel:0": values(1, 2, 2, 1),
        "block_3_project/kernel:0": values(1, 1, 2, 3),
        "block_16_depthwise_BN/beta:0": values(3).astype(">f8"),
        "Conv_1/kernel:0": values(1, 1, 2, 1),
        "first/kernel:0": values(2, 3),
        "first/bias:0": values(3),
        "last/kernel:0": values(3, 2),
    }


def write_keras(path, model, arrays, prefix="model_weights/trunk/", edit=None, variable=False):
    with h5py.File(path, "w", libver="latest") as file:
        if model:
            text = json.dumps(model)
            file.attrs["model_config"] = text if variable else numpy.bytes_(text)
        for name, values in arrays.items():
            file[prefix + name] = values
        if edit:
            edit(file)


def record_keras(folder):
    def at(name):
        return os.path.join(folder, name)

    head = (layer("Dense", "first", activation="relu"), layer("Dense", "last", activation="softmax"))
    trunk = layer("InputLayer", "input", batch_input_shape=[None, 96, 96, 3]), layer("Conv2D", "Conv1")
    norm = layer("BatchNormalization", "bn_Conv1", epsilon=1e-3)
    model = sequential(sequential(*trunk, norm), sequential(*head))
    write_keras(at("small.h5"), model, keras_arrays())
    conv = {"Conv1/kernel:0": numpy.zeros((1, 1, 3, 1), "<f4")}
    write_keras(at("weights_only.h5"), None, conv, prefix="Conv1/")
    write_keras(at("bad_layer.h5"), None, {"dense_7/kernel:0": numpy.zeros((1, 1), "<f4")})
    write_keras(at("bad_integers.h5"), None, {"Conv1/kernel:0": numpy.zeros((1, 1, 3, 1), "<i4")})
    write_keras(at("bad_class.h5"), sequential(*trunk, layer("Rescaling", "rescaling")), conv, variable=True)
    write_keras(at("bad_epsilon.h5"), sequential(layer("BatchNormalization", "bn", epsilon=1e-5)), conv)
    write_keras(at("bad_activation.h5"), sequential(layer("Dense", "last", activation="sigmoid")), conv)
    write_keras(at("bad_config.h5"), {"class_name": "Sequential"}, conv)

    def link_outside(file):
        file["model_weights/Conv2"] = h5py.ExternalLink("/etc/passwd", "/")

    def link_to_itself(file):
        file["model_weights/again"] = file["model_weights"]

    def claim_much(file):
        file.create_dataset("model_weights/Conv1/bias:0", (2**40,), "<f4", chunks=(1024,))

    def store_elsewhere(file):
        space = h5py.h5s.create_simple((4,))
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_external(b"/etc/passwd", 0, 16)
        h5py.h5d.create(file.id, b"Conv1", h5py.h5t.IEEE_F32LE, space, properties)

    for name, edit in (("link", link_outside), ("circle", link_to_itself), ("claim", claim_much),
                       ("external", store_elsewhere)):
        write_keras(at(f"bad_{name}.h5"), None, conv, edit=edit)


def seed(fuzzer, name, content):
    folder = os.path.join(ROOT, "corpus", fuzzer)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def record_seeds(folder):
    for name in ("protocol2.pth", "protocol4.pth", "nested.pth", "malicious.pth", "script.pt"):
        with zipfile.ZipFile(os.path.join(folder, name)) as archive:
            entry = next(entry for entry in archive.namelist() if entry.endswith("/data.pkl"))
            seed("pickle_fuzz", name.replace(".", "_"), archive.read(entry))
    for name in ("bad_beyond.pth", "bad_compressed.pth", "bad_not_pytorch.zip"):
        with open(os.path.join(folder, name), "rb") as file:
            seed("zip_fuzz", name.replace(".", "_"), file.read())


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "src", "zoo", "testdata")
    os.makedirs(folder, exist_ok=True)
    record_pytorch(folder)
    record_keras(folder)
    record_seeds(folder)


if __name__ == "__main__":
    main()
