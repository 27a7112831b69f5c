#!/usr/bin/python3
"""The usual way: Pillow decodes, torchvision resizes, crops and normalises. One thread.

    /usr/bin/python3 bench/pillow_preprocess.py FOLDER [--make N] [--rounds N]

Prints {"images": ..., "images_per_second": ..., "milliseconds": ...} for the JPEGs in FOLDER: the median of the rounds, in
time of the processor. Files are read into memory first, so that the disk is not measured. --make writes that many
500x375 JPEGs with the detail of photographs into FOLDER before. graft's side, on the same files:

    GRAFT_BENCH_IMAGES=FOLDER graft_image_bench --benchmark_filter=decode_and_preprocess
"""
import argparse
import io
import json
import pathlib
import statistics
import time

import numpy
import torch
from PIL import Image
from torchvision import transforms

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--rounds", type=int, default=9)
parser.add_argument("--make", type=int, default=0)
arguments = parser.parse_args()


def photograph(number, width=500, height=375):
    """Shapes whose detail falls off with its frequency: as a JPEG, about as large as a photograph of this size."""
    random = numpy.random.default_rng(number)
    frequency = numpy.hypot(*numpy.meshgrid(numpy.fft.fftfreq(width), numpy.fft.fftfreq(height)))
    amplitude = numpy.maximum(frequency, 1 / width) ** -1.45
    noise = [numpy.fft.ifft2(numpy.fft.fft2(random.normal(size=(height, width))) * amplitude).real for _ in range(4)]
    channels = numpy.stack([2 * noise[0] + noise[c] for c in (1, 2, 3)], axis=2)
    pixels = 128 + 50 * (channels - channels.mean()) / channels.std()
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


if arguments.make:
    arguments.folder.mkdir(parents=True, exist_ok=True)
for i in range(arguments.make):
    photograph(i).save(arguments.folder / f"{i:03}.jpg", quality=90)

torch.set_num_threads(1)
files = [path.read_bytes() for path in sorted(arguments.folder.rglob("*.jpg"))]
if not files:
    parser.error(f"{arguments.folder} holds no .jpg files")
transform = transforms.Compose([
    transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])


def seconds_of_a_round():
    begin = time.process_time()
    for content in files:
        transform(Image.open(io.BytesIO(content)).convert("RGB"))
    return time.process_time() - begin


seconds_of_a_round()
seconds = statistics.median(seconds_of_a_round() for _ in range(arguments.rounds))
print(json.dumps({"images": len(files), "images_per_second": round(len(files) / seconds, 1),
                  "milliseconds": round(1000 * seconds / len(files), 4)}))
