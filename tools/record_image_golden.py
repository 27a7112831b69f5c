#!/usr/bin/python3
"""Writes src/image/testdata: tiny pictures of every kind, and what Pillow and torchvision make of them.

    /usr/bin/python3 tools/record_image_golden.py src/image/testdata

formats.json lists files with the RGB pixels (hex) that decoding must give. transforms.json holds results of resizing,
preprocessing and colour on the picture of the formula in pattern(), which image_testing.h repeats.
"""
import json
import pathlib
import struct
import sys
import zlib

import numpy
import torchvision.transforms as transforms
import torchvision.transforms.functional as functional
from PIL import Image, ImageOps

OUT = pathlib.Path(sys.argv[1])
formats = []


def pattern(width, height):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return ((x * 7 + y * 13 + c * 50 + x * y % 31 * 5) % 256).astype(numpy.uint8)


def smooth(width, height):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return (40 + x * 150 // width * (c != 1) + y * 60 // height * (c != 0)).astype(numpy.uint8)


def over_white(rgba):
    colour, alpha = rgba[..., :3].astype(int), rgba[..., 3:].astype(int)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(numpy.uint8)


def expect(name, pixels):
    pixels = numpy.asarray(pixels)
    formats.append({"file": name, "width": pixels.shape[1], "height": pixels.shape[0], "pixels": pixels.tobytes().hex()})


def save(name, image, **options):
    image.save(OUT / name, **options)
    expect(name, ImageOps.exif_transpose(Image.open(OUT / name)).convert("RGB"))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def write_png(name, width, height, bits, kind, rows, interlaced=False):
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, int(interlaced))
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    (OUT / name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def adam7(pixels):
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [pixels[y::dy, x::dx] for x, y, dx, dy in passes]
    return [row.tobytes() for part in parts if part.size for row in part]


def write_bmp(name, width, height, bits, rows, palette=b"", masks=b"", compression=0):
    stride = (width * bits + 31) // 32 * 4
    data = b"".join(row.ljust(stride, b"\0") for row in rows)
    offset = 14 + 40 + len(masks) + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, len(palette) // 4, 0)
    file_header = b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset)
    (OUT / name).write_bytes(file_header + header + masks + palette + data)


def jpegs():
    picture = Image.fromarray(smooth(16, 8))
    save("plain.jpg", picture, quality=90)
    save("progressive.jpg", picture, quality=90, progressive=True)
    save("gray.jpg", picture.convert("L"), quality=90)
    save("cmyk.jpg", picture.convert("CMYK"), quality=90)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"orientation_{orientation}.jpg", picture, quality=90, subsampling=0, exif=exif)


def pngs():
    colours = pattern(13, 9)
    save("plain.png", Image.fromarray(colours))
    save("gray.png", Image.fromarray(colours[..., 0]))
    save("bits_1.png", Image.fromarray(colours[..., 0]).convert("1"))
    save("palette.png", Image.fromarray(colours).quantize(11))
    rgba = numpy.dstack([colours, colours[..., 0]])
    Image.fromarray(rgba).save(OUT / "alpha.png")
    expect("alpha.png", over_white(rgba))
    indexed = Image.fromarray(colours).quantize(11)
    indexed.save(OUT / "palette_alpha.png", transparency=bytes(range(0, 242, 22)))
    expect("palette_alpha.png", over_white(numpy.asarray(Image.open(OUT / "palette_alpha.png").convert("RGBA"))))
    wide = colours.astype(">u2") * 256 + colours[::-1]
    write_png("bits_16.png", 13, 9, 16, 2, [row.astype(">u2").tobytes() for row in wide])
    expect("bits_16.png", colours)
    write_png("gray_16.png", 13, 9, 16, 0, [row[:, 1].astype(">u2").tobytes() for row in wide])
    expect("gray_16.png", numpy.repeat(colours[..., 1:2], 3, 2))
    write_png("interlaced.png", 13, 9, 8, 2, adam7(colours), interlaced=True)
    expect("interlaced.png", colours)


def others():
    frames = [Image.fromarray(pattern(12, 8)[..., i]).convert("P") for i in range(3)]
    save("animated.gif", frames[0], save_all=True, append_images=frames[1:])
    save("plain.gif", frames[1])
    save("interlaced.gif", frames[2], interlace=1)
    rgba = numpy.dstack([pattern(12, 8), numpy.tile(numpy.arange(0, 240, 20, dtype=numpy.uint8), (8, 1))])
    Image.fromarray(rgba).save(OUT / "alpha.webp", lossless=True, exact=True)
    expect("alpha.webp", over_white(rgba))
    save("plain.webp", Image.fromarray(smooth(12, 8)), quality=80)
    animation = [Image.fromarray(pattern(12, 8)), Image.fromarray(smooth(12, 8))]
    save("animated.webp", animation[0], save_all=True, append_images=animation[1:], lossless=True)


def bmps():
    colours = pattern(13, 9)
    save("plain.bmp", Image.fromarray(colours))
    save("palette.bmp", Image.fromarray(colours).quantize(11))
    save("bits_1.bmp", Image.fromarray(colours[..., 0]).convert("1"))
    swapped = numpy.ascontiguousarray(colours[..., ::-1])
    write_bmp("top_down.bmp", 13, -9, 24, [row.tobytes() for row in swapped])
    expect("top_down.bmp", colours)
    padded = numpy.dstack([swapped, swapped[..., 0]])
    write_bmp("bits_32.bmp", 13, 9, 32, [row.tobytes() for row in padded[::-1]])
    expect("bits_32.bmp", colours)
    masks = struct.pack("<III", 0x000000FF, 0x0000FF00, 0x00FF0000)
    write_bmp("masks.bmp", 13, 9, 32, [row.tobytes() for row in padded[::-1]], masks=masks, compression=3)
    expect("masks.bmp", swapped)
    palette = pattern(16, 1).reshape(16, 3)
    index = colours[..., 0] % 16
    high = numpy.pad(index, ((0, 0), (0, 1))).reshape(9, 7, 2)
    nibbles = (high[..., 0] * 16 + high[..., 1]).astype(numpy.uint8)
    entries = b"".join(entry[::-1].tobytes() + b"\0" for entry in palette)
    write_bmp("bits_4.bmp", 13, 9, 4, [row.tobytes() for row in nibbles[::-1]], palette=entries)
    expect("bits_4.bmp", palette[index])


def resizes():
    filters = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
    cases = [((61, 47), (9, 8), None), ((20, 15), (27, 17), None), ((61, 47), (11, 7), (10.25, 3.5, 50.75, 40)),
             ((7, 5), (3, 6), None), ((300, 2), (6, 3), None), ((1, 1), (4, 2), None)]
    for size, target, box in cases:
        for name, kind in filters.items():
            result = Image.fromarray(pattern(*size)).resize(target, kind, box=box)
            yield {"size": size, "target": target, "box": box or [0, 0, *size], "interpolation": name,
                   "pixels": result.tobytes().hex()}


def crops():
    for size in [(61, 47), (47, 61), (50, 37), (16, 16), (90, 11)]:
        pipeline = transforms.Compose([transforms.Resize(16), transforms.CenterCrop(14)])
        yield {"size": size, "pixels": pipeline(Image.fromarray(pattern(*size))).tobytes().hex()}


def colours():
    image = Image.fromarray(pattern(9, 7))
    steps = [("brightness", 0.6, functional.adjust_brightness), ("brightness", 1.4, functional.adjust_brightness),
             ("contrast", 0.6, functional.adjust_contrast), ("contrast", 1.4, functional.adjust_contrast),
             ("saturation", 0.3, functional.adjust_saturation), ("saturation", 1.7, functional.adjust_saturation),
             ("hue", 0.1, functional.adjust_hue), ("hue", -0.3, functional.adjust_hue)]
    for name, factor, function in steps:
        yield {"name": name, "factor": factor, "pixels": function(image, factor).tobytes().hex()}


def rotations():
    for degrees in (10, -35, 90):
        result = Image.fromarray(smooth(17, 17)).rotate(degrees, Image.BILINEAR, fillcolor=(128, 128, 128))
        yield {"degrees": degrees, "pixels": result.tobytes().hex()}


def write(name, groups):
    """One entry a line, so that a change of the recording can be read."""
    parts = [f'"{key}": [\n' + ",\n".join(map(json.dumps, entries)) + "\n]" for key, entries in groups.items()]
    (OUT / name).write_text("{\n" + ",\n".join(parts) + "\n}\n")


OUT.mkdir(parents=True, exist_ok=True)
jpegs()
pngs()
others()
bmps()
write("formats.json", {"files": formats})
write("transforms.json", {"resize": list(resizes()), "crop": list(crops()), "colour": list(colours()),
                          "rotate": list(rotations())})
