"""How the time of an image grows with the batch and with the images' side.

Ours alone, by `ganymede bench`, for `dcgan` and `dense`. The time is divided
by the multiply-adds of an image (taps inside the image only), and relative to
the smallest batch or side: a curve that rises above 1 means that the time
grows faster than the multiply-adds.
Writes docs/images/scale.svg and its part of docs/benchmarks.md.
"""

import argparse
import datetime
import functools
import json
import subprocess
from math import prod

import figures
import lines

PRESETS = ("dcgan", "dense")
BATCHES = (16, 32, 64, 128, 256, 512, 1024)
SIDES = (28, 32, 48, 64, 96, 128)
# The batch while the side varies, and the side while the batch varies. `dcgan`
# takes 16 images to save time. `dense` takes a batch in which its matrix
# products cost more than its optimizer, whose cost is the same for any batch.
USUAL_BATCH, USUAL_SIDE = {"dcgan": 16, "dense": 128}, 28
PICTURE = "images/scale.svg"


def taps(image, window, stride):
    """Pairs of an output position and a tap inside the image, on one axis of
    a window with "same" padding: zeros around the image cost nothing."""
    places = -(-image // stride)
    before = max((places - 1) * stride + window - image, 0) // 2
    return sum(0 <= place * stride + tap - before < image
               for place in range(places) for tap in range(window))


def layers_of(network):
    """Multiply-adds per image of each layer that has weights."""
    shape, found = network["input"], []
    for layer in network["layers"]:
        kind = layer["kind"]
        if kind == "dense":
            found.append(prod(shape) * layer["units"])
            shape = [layer["units"]]
        elif kind in ("conv2d", "conv2d_transpose"):
            *side, width = shape
            strides = layer["strides"]
            if kind == "conv2d":  # Only "same" in the presets measured here.
                after = [-(-n // s) for n, s in zip(side, strides)]
                image = side
            else:
                after = image = [n * s for n, s in zip(side, strides)]
            found.append(width * layer["filters"] * prod(
                map(taps, image, layer["kernel_size"], strides)))
            shape = [*after, layer["filters"]]
        elif kind == "reshape":
            shape = layer["shape"]
        elif kind == "flatten":
            shape = [prod(shape)]
    return found


@functools.cache
def multiply_adds(preset, side):
    """Multiply-adds of a training step per image, from the networks' layers.

    A layer costs the same in the forward pass, for the gradient of its weights
    and for that of its input. A network's input needs no gradient, except for
    the fakes that train the generator.
    """
    done = subprocess.run(
        [figures.GANYMEDE, "train", "--preset", preset, "--size", str(side),
         "--dry-run"], capture_output=True, text=True, check=True)
    gan = json.loads(done.stdout)["gan"]
    made, judged = layers_of(gan["generator"]), layers_of(gan["discriminator"])

    def training(layers):
        return 3 * sum(layers) - layers[0]

    steps = 2 * training(judged) + training(made)
    if gan["schedule"] == "simultaneous":
        # One forward and backward pass of fakes for both losses, which also
        # computes the gradient of the images.
        return steps + judged[0]
    return steps + sum(made) + 2 * sum(judged)


def bench(preset, batch, side, threads, seconds, expected):
    """Measures a point for about `seconds`, at `expected` ms per step."""
    steps = min(max(int(seconds * 1000 / expected), 3), 400)
    result, reason = figures.run(
        [figures.GANYMEDE, "bench", "--preset", preset, "--batch", batch,
         "--size", side, "--threads", threads, "--steps", steps,
         "--precision", "f32", "--json"], 240)
    if result is None:
        raise SystemExit(f"{preset}, batch {batch}, side {side}: {reason}")
    return result


def curve(preset, points, threads, seconds):
    """Measures the points, from the smallest to the largest."""
    found, rate = [], None
    for batch, side in points:
        work = multiply_adds(preset, side)
        expected = batch * work / rate if rate else 100
        result = bench(preset, batch, side, threads, seconds, expected)
        median = result["median_ms"]
        rate = batch * work / median
        found.append({
            "batch": batch, "side": side, "median_ms": median,
            "min_ms": result["min_ms"], "steps": result["steps"],
            "us_per_image": median * 1000 / batch, "multiply_adds": work})
        point, first = found[-1], found[0]
        point["relative"] = (point["us_per_image"] / work) / (
            first["us_per_image"] / first["multiply_adds"])
        print(f"{preset}  {threads} threads  batch {batch}  side {side}  "
              f"{median:.2f} ms  {point['relative']:.2f}", flush=True)
    return found


def measure(args):
    curves = []
    for preset in args.presets:
        for axis, points in (
                ("batch", [(n, USUAL_SIDE) for n in BATCHES]),
                ("side", [(USUAL_BATCH[preset], n) for n in SIDES])):
            for threads in args.threads:
                curves.append({
                    "preset": preset, "axis": axis, "threads": threads,
                    "points": curve(preset, points, threads, args.seconds)})
    return curves


def page(figure):
    text = [f"Measured on {figure['date']}: {figure['machine']}; ganymede "
            f"{figure['version']}, 32-bit floats.",
            f"![Time by batch and by side]({PICTURE})"]
    for axis in ("batch", "side"):
        for preset in dict.fromkeys(x["preset"] for x in figure["curves"]):
            other = (f"side {USUAL_SIDE}" if axis == "batch" else
                     f"batch {USUAL_BATCH[preset]}")
            text.append(table(preset, axis, other, [
                x for x in figure["curves"]
                if (x["preset"], x["axis"]) == (preset, axis)]))
    return "\n\n".join(text)


def table(preset, axis, other, curves):
    """Rows are batches or sides; each number of threads has two columns."""
    head = [f"`{preset}`, {axis} ({other})", "million multiply-adds an image"]
    for x in curves:
        threads = f"{x['threads']} thread" + "s" * (x["threads"] > 1)
        head += [f"µs an image, {threads}", "to the smallest, by multiply-add"]
    rows = []
    for index, point in enumerate(curves[0]["points"]):
        row = [str(point[axis]), f"{point['multiply_adds'] / 1e6:.1f}"]
        for x in curves:
            here = x["points"][index]
            row += [f"{here['us_per_image']:,.0f}", f"{here['relative']:.2f}"]
        rows.append(row)
    return figures.table(head, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", default=PRESETS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=1.5,
                        help="how long a point is measured, some 3 steps at "
                        "least")
    args = parser.parse_args()
    # Curves of presets that are not measured now are kept.
    others = [x for x in figures.known().get("scale", {}).get("curves", [])
              if x["preset"] not in args.presets]
    figure = {"date": str(datetime.date.today()), "machine": figures.machine(),
              "version": figures.version(), "curves": others + measure(args)}
    picture = figures.PAGE.parent / PICTURE
    picture.write_text(lines.picture(figure["curves"]))
    figures.write("scale", figure, "scale", page(figure))


if __name__ == "__main__":
    main()
