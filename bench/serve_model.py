#!/usr/bin/python3
"""Writes a network with one set of random weights, torchvision's, for every server that is compared: FOLDER/NETWORK.pth
and FOLDER/NETWORK.onnx.

    /usr/bin/python3 bench/serve_model.py resnet50|mobilenetv2_100 FOLDER
"""
import pathlib
import sys

import torch
import torchvision

NETWORKS = {"resnet50": torchvision.models.resnet50, "mobilenetv2_100": torchvision.models.mobilenet_v2}


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    torch.manual_seed(1)
    network = NETWORKS[name]()
    # Batch norm that has seen something: otherwise the answer is the same for every picture.
    with torch.no_grad():
        for _ in range(10):
            network(torch.randn(16, 3, 224, 224))
    network.eval()
    torch.save(network.state_dict(), folder / f"{name}.pth")
    torch.onnx.export(network, torch.randn(1, 3, 224, 224), str(folder / f"{name}.onnx"), opset_version=13,
                      input_names=["images"], output_names=["logits"], dynamic_axes={"images": {0: "batch"}})


if __name__ == "__main__":
    main()
