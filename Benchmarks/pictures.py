"""Makes a folder of small colour pictures without labels: one shape each, on a ground of two colours.

python3 Benchmarks/pictures.py FOLDER [--count 300] [--size 32] [--seed 0] [--shapes disc,square,triangle,ring]
The same arguments make the same bytes. Only Python's own modules are needed.
"""

import argparse
import colorsys
import math
import pathlib
import random
import struct
import zlib

SHAPES = ("disc", "square", "triangle", "ring")


def inside(shape, x, y):
    """Whether a point is inside a shape of radius 1 around the origin."""
    if shape == "disc":
        return x * x + y * y <= 1
    if shape == "ring":
        return 0.3 <= x * x + y * y <= 1
    if shape == "square":
        return max(abs(x), abs(y)) <= 0.8
    return y <= 0.6 and abs(x) * 1.7 <= y + 1


def picture(rng, size, shapes):
    """RGB bytes of one picture."""
    shape = rng.choice(shapes)
    hue = rng.random()
    bright = colorsys.hsv_to_rgb(hue, rng.uniform(0.7, 1), rng.uniform(0.8, 1))
    ground = [colorsys.hsv_to_rgb((hue + rng.uniform(0.3, 0.7)) % 1, rng.uniform(0.1, 0.5), v)
              for v in (rng.uniform(0.1, 0.3), rng.uniform(0.3, 0.6))]
    radius = size * rng.uniform(0.2, 0.38)
    cx, cy = (rng.uniform(radius, size - radius) for _ in range(2))
    angle = rng.uniform(-math.pi / 8, math.pi / 8)
    cosine, sine = math.cos(angle), math.sin(angle)
    pixels = bytearray()
    for row in range(size):
        share = row / (size - 1)
        back = [a + (b - a) * share for a, b in zip(*ground)]
        for column in range(size):
            hits = 0
            for dy in (0.25, 0.75):
                for dx in (0.25, 0.75):
                    x, y = (column + dx - cx) / radius, (row + dy - cy) / radius
                    hits += inside(shape, cosine * x + sine * y, cosine * y - sine * x)
            cover = hits / 4
            pixels += bytes(round(255 * (b + (f - b) * cover)) for b, f in zip(back, bright))
    return bytes(pixels)


def png(pixels, size):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + pixels[i * size * 3 : (i + 1) * size * 3] for i in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9))
            + chunk(b"IEND", b""))


def make(folder, count, size, seed, shapes=SHAPES):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    for index in range(count):
        (folder / f"{index:05d}.png").write_bytes(png(picture(rng, size, shapes), size))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    arguments = parser.parse_args()
    make(arguments.folder, arguments.count, arguments.size, arguments.seed,
         arguments.shapes.split(","))


if __name__ == "__main__":
    main()
