"""Makes the pictures beside this file: one picture in every form that a folder of images may hold.

8x8 pixels in four quarters: red, green / blue, grey 128. In `over-white` the green quarter is transparent, and
comes out white. Needs Pillow: python make.py
"""
import os
import struct
import zlib

from PIL import Image

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)]


def colour(x, y):
    return COLOURS[(y // 4) * 2 + x // 4]


def picture():
    image = Image.new("RGB", (8, 8))
    for y in range(8):
        for x in range(8):
            image.putpixel((x, y), colour(x, y))
    return image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, depth, kind, rows, extra=b"", interlaced=0):
    header = struct.pack(">IIBBBBB", 8, 8, depth, kind, 0, 0, interlaced)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra)
        file.write(chunk(b"IDAT", data) + chunk(b"IEND", b""))


def rows(pixel, xs=range(8), ys=range(8)):
    return [b"".join(pixel(x, y) for x in xs) for y in ys]


def wide(x, y):
    """16 bits a channel, whose lower 8 are dropped."""
    return b"".join(bytes([value, 0x77]) for value in colour(x, y))


def passes():
    """Adam7."""
    starts = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    for x, y, dx, dy in starts:
        yield from rows(lambda x, y: bytes(colour(x, y)), range(x, 8, dx), range(y, 8, dy))


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    for folder in ["opaque", "over-white", "unreadable"]:
        os.makedirs(folder, exist_ok=True)
    image = picture()
    palette = image.quantize(4)
    image.save("opaque/rgb.png")
    palette.save("opaque/palette.png")
    png("opaque/rgb16.png", 16, 2, rows(wide))
    png("opaque/interlaced.png", 8, 2, passes(), interlaced=1)
    palette.save("opaque/still.gif")
    palette.save("opaque/animated.gif", save_all=True, append_images=[Image.new("RGB", (8, 8)).quantize(4)])
    image.save("opaque/lossless.webp", lossless=True)
    jpeg = {"quality": 100, "subsampling": 0}
    image.save("opaque/rgb.jpg", **jpeg)
    image.save("opaque/progressive.jpeg", "JPEG", progressive=True, **jpeg)
    image.convert("CMYK").save("opaque/cmyk.jpg", **jpeg)
    # The content counts, not the ending.
    image.save("opaque/really-a-png.jpg", "PNG")

    clear = image.convert("RGBA")
    for y in range(4):
        for x in range(4, 8):
            clear.putpixel((x, y), (0, 255, 0, 0))
    clear.save("over-white/alpha.png")
    clear.save("over-white/alpha.webp", lossless=True, exact=True)
    green = palette.getpixel((7, 0))
    palette.save("over-white/palette.png", transparency=green)
    palette.save("over-white/still.gif", transparency=green)
    key = chunk(b"tRNS", b"\0\0\0\xff\0\0")
    png("over-white/key.png", 8, 2, rows(lambda x, y: bytes(colour(x, y))), key)

    image.save("unreadable/animated.webp", save_all=True, append_images=[Image.new("RGB", (8, 8))], lossless=True)


main()
