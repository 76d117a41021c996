"""What Pillow makes of small images: python3 test/golden/pictures.py writes pictures.json. Images are formulas (`value`)."""

import json
import os
import struct

from PIL import Image, ImageEnhance, ImageOps

WIDTH, HEIGHT = 13, 9


def value(x, y, c):
    return (x * 37 + y * 53 + c * 91 + x * y * 7 + (x * x * 3) % 29) % 256


def image(kind):
    """"full" has all values, "dull" those from 40 to 199, "few" four."""
    pixels = [[value(x, y, c) for c in range(3)] for y in range(HEIGHT) for x in range(WIDTH)]
    if kind == "dull":
        pixels = [[40 + v * 160 // 256 for v in p] for p in pixels]
    if kind == "few":
        pixels = [[60 * (v // 64) for v in p] for p in pixels]
    out = Image.new("RGB", (WIDTH, HEIGHT))
    out.putdata([tuple(p) for p in pixels])
    return out


def turn_hue(picture, turn):
    """torchvision's adjust_hue: int(turn * 255) added to H modulo 256."""
    h, s, v = picture.convert("HSV").split()
    h = h.point([(i + int(turn * 255)) % 256 for i in range(256)])
    return Image.merge("HSV", (h, s, v)).convert("RGB")


FILL = (10, 200, 77)


def affine(picture, matrix, how):
    return picture.transform(picture.size, Image.Transform.AFFINE, matrix, resample=how, fillcolor=FILL)


NEAREST, BILINEAR = Image.Resampling.NEAREST, Image.Resampling.BILINEAR

OPS = [
    *[["brightness", f, lambda p, f: ImageEnhance.Brightness(p).enhance(f)] for f in (0.1, 0.55, 1.9)],
    *[["contrast", f, lambda p, f: ImageEnhance.Contrast(p).enhance(f)] for f in (0.1, 0.64, 1.46)],
    *[["saturation", f, lambda p, f: ImageEnhance.Color(p).enhance(f)] for f in (0.1, 0.7, 1.9)],
    *[["sharpness", f, lambda p, f: ImageEnhance.Sharpness(p).enhance(f)] for f in (0.1, 1.9)],
    *[["hue", f, turn_hue] for f in (-0.3, 0.1, 0.5)],
    ["invert", 0, lambda p, _: ImageOps.invert(p)],
    *[["posterize", b, lambda p, b: ImageOps.posterize(p, b)] for b in (1, 3)],
    *[["solarize", t, lambda p, t: ImageOps.solarize(p, t)] for t in (0, 100, 256)],
    ["autoContrast", 0, lambda p, _: ImageOps.autocontrast(p)],
    ["equalize", 0, lambda p, _: ImageOps.equalize(p)],
    *[["shearX", f, lambda p, f: affine(p, (1, f, 0, 0, 1, 0), BILINEAR)] for f in (0.3, -0.17)],
    ["shearY", 0.25, lambda p, f: affine(p, (1, 0, 0, f, 1, 0), BILINEAR)],
    ["translateX", -3.3, lambda p, f: affine(p, (1, 0, f, 0, 1, 0), BILINEAR)],
    ["translateY", 2.6, lambda p, f: affine(p, (1, 0, 0, 0, 1, f), BILINEAR)],
    *[["rotate", d, lambda p, d: p.rotate(d, BILINEAR, fillcolor=FILL)] for d in (27, -9.5)],
    ["shearX nearest", 0.3, lambda p, f: affine(p, (1, f, 0, 0, 1, 0), NEAREST)],
    ["rotate nearest", -21, lambda p, d: p.rotate(d, NEAREST, fillcolor=FILL)],
]

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# filter, box (left, top, right, bottom), size: smaller, larger, both, the same.
SIZES = [
    ["bilinear", (0, 0, 13, 9), (5, 4)],
    ["bicubic", (0, 0, 13, 9), (5, 4)],
    ["bilinear", (2, 1, 11, 8), (8, 8)],
    ["bicubic", (2, 1, 11, 8), (8, 8)],
    ["bilinear", (1, 0, 5, 9), (7, 3)],
    ["bicubic", (3, 3, 4, 4), (2, 3)],
    ["bicubic", (0, 0, 13, 9), (13, 9)],
]


def resized(filter, box, size):
    """A channel in "F" mode, cut and then scaled, as little-endian float32 in hex."""
    plane = Image.new("F", (WIDTH, HEIGHT))
    plane.putdata([float(value(x, y, 0)) for y in range(HEIGHT) for x in range(WIDTH)])
    return struct.pack(f"<{size[0] * size[1]}f", *plane.crop(box).resize(size, FILTERS[filter]).getdata()).hex()


def main():
    ops = []
    for name, strength, change in OPS:
        kinds = ["dull"] if name == "autoContrast" else ["few"] if name == "equalize" else ["full"]
        ops += [{"op": name, "strength": strength, "image": k, "pixels": change(image(k), strength).tobytes().hex()} for k in kinds]
    resizes = [{"filter": f, "box": b, "size": s, "values": resized(f, b, s)} for f, b, s in SIZES]
    bytes_resized = [
        {"filter": f, "box": b, "size": s, "pixels": image("full").crop(b).resize(s, FILTERS[f]).tobytes().hex()} for f, b, s in SIZES[:4]
    ]
    with open(os.path.join(os.path.dirname(__file__), "pictures.json"), "w") as file:
        lines = ",\n".join(f'"{k}": [\n' + ",\n".join(map(json.dumps, v)) + "\n]" for k, v in
                           {"ops": ops, "resizes": resizes, "byteResizes": bytes_resized}.items())
        file.write("{\n" + lines + "\n}\n")


main()
