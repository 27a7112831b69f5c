#!/usr/bin/python3
"""Writes a network of the zoo as ONNX, from torchvision's definition with random weights.

    /usr/bin/python3 bench/export_onnx.py resnet18|resnet50|mobilenetv2_100|inception_v3 FILE
"""
import sys

import torch
import torchvision

NETWORKS = {
    "resnet18": (torchvision.models.resnet18, {}, 224),
    "resnet50": (torchvision.models.resnet50, {}, 224),
    "mobilenetv2_100": (torchvision.models.mobilenet_v2, {}, 224),
    "inception_v3": (torchvision.models.inception_v3, {"init_weights": False}, 299),
}


def main():
    name, path = sys.argv[1:]
    build, options, size = NETWORKS[name]
    torch.onnx.export(build(**options).eval(), torch.randn(1, 3, size, size), path, opset_version=13,
                      input_names=["images"], output_names=["logits"], dynamic_axes={"images": {0: "batch"}})


if __name__ == "__main__":
    main()
