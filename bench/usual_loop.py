#!/usr/bin/python3
"""The usual way to transfer: PyTorch, a frozen backbone in eval mode, every image through it in every epoch.

    /usr/bin/python3 bench/usual_loop.py TRUNK IMAGES [--epochs N] [--bf16]

TRUNK is the bundle that `graft import` makes of the Keras MobileNetV2: the weights are the ones that graft trains on.
IMAGES holds train/ and test/. Prints {"seconds": ..., "epoch_seconds": [...], "accuracy": ...}: the seconds from
opening the folder to the end of the last epoch, and the accuracy on test/ then, which is not in the seconds. Two
threads. fp32, or with --bf16 under bf16 autocast with channels last, the fast form of the same.
"""
import argparse
import json
import pathlib
import struct
import time

import torch
from torchvision import datasets, models, transforms

BATCH = 32
THREADS = 2
SIZE = 224


def read_safetensors(path):
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    weights = {}
    for name, tensor in header.items():
        begin, end = (start + offset for offset in tensor["data_offsets"])
        weights[name] = torch.frombuffer(bytearray(content[begin:end]), dtype=torch.float32).reshape(tensor["shape"])
    return weights


def keras_mobilenet_v2(weights, labels):
    """torchvision's network with Keras's padding (one pixel below and right, where the stride is 2) and epsilon."""
    network = models.mobilenet_v2(width_mult=0.35, num_classes=labels)
    features = {name: tensor for name, tensor in weights.items() if name.startswith("features.")}
    missing = network.load_state_dict(features, strict=False).missing_keys
    assert missing == ["classifier.1.weight", "classifier.1.bias"], missing
    for module in list(network.modules()):
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3
        for name, child in module.named_children():
            if isinstance(child, torch.nn.Conv2d) and child.stride == (2, 2):
                child.padding = (0, 0)
                setattr(module, name, torch.nn.Sequential(torch.nn.ZeroPad2d((0, 1, 0, 1)), child))
    return network


def loader(folder, shuffle):
    transform = transforms.Compose([transforms.Resize((SIZE, SIZE)), transforms.ToTensor(),
                                    transforms.Normalize([0.5] * 3, [0.5] * 3)])
    images = datasets.ImageFolder(folder, transform)
    return torch.utils.data.DataLoader(images, BATCH, shuffle, num_workers=THREADS)


def train(network, images, epochs, bf16):
    """The seconds of each epoch."""
    optimizer = torch.optim.Adam(network.classifier.parameters(), lr=1e-3)
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        for pixels, labels in images:
            optimizer.zero_grad()
            if bf16:
                with torch.no_grad(), torch.cpu.amp.autocast():
                    features = network.features(pixels.contiguous(memory_format=torch.channels_last))
                logits = network.classifier(features.float().mean([2, 3]))
            else:
                logits = network(pixels)
            torch.nn.functional.cross_entropy(logits, labels).backward()
            optimizer.step()
        seconds.append(round(time.perf_counter() - start, 2))
    return seconds


@torch.no_grad()
def accuracy(network, images):
    right = sum((network(pixels).argmax(1) == labels).sum().item() for pixels, labels in images)
    return right / len(images.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("trunk", type=pathlib.Path)
    parser.add_argument("images", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--bf16", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    start = time.perf_counter()
    images = loader(arguments.images / "train", shuffle=True)
    weights = read_safetensors(arguments.trunk / "model.safetensors")
    network = keras_mobilenet_v2(weights, len(images.dataset.classes)).eval()
    for parameter in network.features.parameters():
        parameter.requires_grad = False
    if arguments.bf16:
        network = network.to(memory_format=torch.channels_last)
    epoch_seconds = train(network, images, arguments.epochs, arguments.bf16)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": round(seconds, 2), "epoch_seconds": epoch_seconds,
                      "accuracy": accuracy(network, loader(arguments.images / "test", shuffle=False))}))


if __name__ == "__main__":
    main()
