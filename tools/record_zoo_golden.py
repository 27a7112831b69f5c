#!/usr/bin/env python3
"""Records what torchvision computes for each architecture of the zoo: src/learn/testdata/zoo_golden.json.

Run with Debian's Python (python3-torch, python3-torchvision): /usr/bin/python3 tools/record_zoo_golden.py
Weights and images are a formula of their names (formula() here, formula_tensor() in network_test.cpp), so that nothing large is
recorded, in double precision so that rounding hides nothing: logits in inference, then one training step's loss and, for each parameter, the norm of its gradient and the
gradient's product with a formula vector.
"""
import hashlib
import json
import pathlib

import numpy
import torch
import torchvision

LABELS = 7
GOLDEN = numpy.uint64(0x9E3779B97F4A7C15)
NETWORKS = {
    "resnet18": (64, 4, lambda: torchvision.models.resnet18(num_classes=LABELS)),
    "resnet34": (64, 4, lambda: torchvision.models.resnet34(num_classes=LABELS)),
    "resnet50": (64, 4, lambda: torchvision.models.resnet50(num_classes=LABELS)),
    "mobilenetv2_100": (64, 4, lambda: torchvision.models.mobilenet_v2(num_classes=LABELS)),
    "mobilenetv2_035": (96, 4, lambda: torchvision.models.mobilenet_v2(num_classes=LABELS, width_mult=0.35)),
    "inception_v3": (299, 2, lambda: torchvision.models.inception_v3(num_classes=LABELS, init_weights=False)),
}


def mix(x):
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return x ^ (x >> numpy.uint64(31))


def formula(name, shape, low, high):
    """SplitMix64 from the first eight bytes of SHA-256(name), as base/random.h draws uniform(low, high)."""
    seed = numpy.frombuffer(hashlib.sha256(name.encode()).digest()[:8], dtype="<u8")[0]
    count = int(numpy.prod(shape))
    with numpy.errstate(over="ignore"):
        bits = mix(seed + GOLDEN * numpy.arange(1, count + 1, dtype=numpy.uint64))
    unit = (bits >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
    return torch.from_numpy((low + (high - low) * unit).astype(numpy.float32).reshape(shape))


def formula_weight(name, shape):
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
        return formula(name, shape, 0.5, 1.5)
    if len(shape) == 1:
        return formula(name, shape, -0.1, 0.1)
    bound = (6.0 / float(numpy.prod(shape[1:]))) ** 0.5
    return formula(name, shape, -bound, bound)


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def record(name, size, batch, make):
    model = without_dropout(make()).double()
    state = {key: formula_weight(key, value.shape) for key, value in model.state_dict().items() if value.dim() > 0}
    model.load_state_dict(state, strict=False)
    images = formula(f"images of {name}", (batch, 3, size, size), -1, 1).double()
    labels = torch.arange(batch) % LABELS
    model.eval()
    with torch.no_grad():
        logits = model(images)
    model.train()
    out = model(images)
    main, auxiliary = (out.logits, out.aux_logits) if name == "inception_v3" else (out, None)
    loss = torch.nn.functional.cross_entropy(main, labels)
    if auxiliary is not None:
        loss = loss + 0.4 * torch.nn.functional.cross_entropy(auxiliary, labels)
    loss.backward()
    gradients = {
        key: [value.grad.norm().item(), (value.grad * formula("probe of " + key, value.shape, -1, 1).double()).sum().item()]
        for key, value in model.named_parameters()
    }
    return {"size": size, "batch": batch, "logits": logits.flatten().tolist(), "loss": loss.item(), "gradients": gradients}


def main():
    torch.manual_seed(0)
    golden = {name: record(name, *rest) for name, rest in NETWORKS.items()}
    path = pathlib.Path(__file__).parent.parent / "src/learn/testdata/zoo_golden.json"
    path.parent.mkdir(exist_ok=True)

    def shorten(value):
        if isinstance(value, float):
            return float(f"{value:.9g}")
        if isinstance(value, list):
            return [shorten(item) for item in value]
        if isinstance(value, dict):
            return {key: shorten(item) for key, item in value.items()}
        return value

    path.write_text("{\n" + ",\n".join(f'"{name}": {json.dumps(shorten(entry))}' for name, entry in golden.items()) + "\n}\n")


if __name__ == "__main__":
    main()
