"""What the cold starts share: the command line, the weights, the picture."""

import struct
import sys
import zlib

import numpy as np

from peers import limit_threads

SIDE, COUNT = 28, 64

limit_threads(2)


def arguments():
    """The checkpoint's path and the picture's."""
    return sys.argv[1:3]


def noise():
    return np.random.default_rng(0).standard_normal(
        (COUNT, 100), dtype=np.float32)


def arrays(file, items):
    """A generator's arrays as the checkpoint names them, layer by layer."""
    names = {"dense": ("weight", "bias"),
             "batch_norm": ("gamma", "beta", "moving_mean",
                            "moving_variance")}
    counts = dict.fromkeys(names, 0)
    for item in items:
        if item.kind in names:
            counts[item.kind] += 1
            layer = f"generator.{item.kind}{counts[item.kind]}"
            yield [file.get_tensor(f"{layer}.{name}")
                   for name in names[item.kind]]


def write(path, images):
    """A grid of 8 by 8 images from -1 to 1 as a grey PNG."""
    pixels = np.clip((images + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    grid = pixels.reshape(8, 8, SIDE, SIDE).swapaxes(1, 2)
    rows = grid.reshape(8 * SIDE, 8 * SIDE)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", *rows.shape, 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(lines)),
                           (b"IEND", b"")):
            file.write(struct.pack(">I", len(data)) + kind + data
                       + struct.pack(">I", zlib.crc32(kind + data)))
