"""Whether an evaluator that learned without labels ranks known degradations: noise, blur, lost modes, copies.

python3 Benchmarks/degradations.py [--ganymede PATH] [--work FOLDER]
It trains one on MNIST with its labels hidden and one on a folder of colour pictures, degrades real images step by step,
and prints each metric that has to rise or fall with the steps. It needs numpy. A few minutes on two cores.
"""

import argparse
import json
import pathlib
import subprocess

import numpy

import figures
import pictures


def shapes(count, seed, kinds=pictures.SHAPES, size=32):
    import random

    rng = random.Random(seed)
    made = [pictures.picture(rng, size, kinds) for _ in range(count)]
    return numpy.frombuffer(b"".join(made), numpy.uint8).reshape(count, size, size, 3)


def blurred(images, passes):
    x = images.astype(numpy.float64)
    for _ in range(passes):
        for axis in (1, 2):
            x = 0.25 * numpy.roll(x, 1, axis) + 0.5 * x + 0.25 * numpy.roll(x, -1, axis)
    return x.round().astype(numpy.uint8)


def noisy(images, sigma, rng):
    return (images + rng.normal(0, sigma, images.shape)).round().clip(0, 255).astype(numpy.uint8)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ganymede", default=str(figures.GANYMEDE))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/degradations"))
    parser.add_argument("--only", choices=["mnist", "colour"])
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    rng = numpy.random.default_rng(0)

    def evaluate(images, data, evaluator, samples):
        path = arguments.work / "set.npy"
        numpy.save(path, images)
        text = subprocess.run(
            [arguments.ganymede, "evaluate", str(path), "--data", data, "--evaluator", str(evaluator),
             "--samples", str(samples), "--sets", "1", "--json"],
            capture_output=True, text=True, check=True).stdout
        return {k: v["value"] for k, v in json.loads(text)["metrics"].items()}

    def study(name, data, options, real, fewer, training, samples, copies):
        evaluator = arguments.work / f"{name}.safetensors"
        if not evaluator.exists():
            subprocess.run([arguments.ganymede, "evaluator", "train", "--data", data, "--no-labels", "--quiet",
                            "-o", str(evaluator), *options], check=True)
        print(f"\n## {name}", flush=True)
        good = True
        for kind, sets, metric, rises in [
            ("noise", [real] + [noisy(real, s, rng) for s in (8, 16, 32, 64)], "fid", True),
            ("blur", [real] + [blurred(real, n) for n in (1, 2, 4, 8)], "fid", True),
            ("lost modes", [real] + fewer, "fid", True),
            ("lost modes", [real] + fewer, "recall", False),
            ("lost modes", [real] + fewer, "coverage", False),
            ("copies of training images", [
                numpy.concatenate([training[: int(len(real) * s)], real[int(len(real) * s) :]])
                for s in (0, 0.25, 0.5, 1)], *copies),
        ]:
            values = [evaluate(images, data, evaluator, samples)[metric] for images in sets]
            steps = list(zip(values, values[1:]))
            ordered = all(b > a for a, b in steps) if rises else all(b < a for a, b in steps)
            good = good and ordered
            print(f"| {kind} | {metric} | {' '.join(f'{v:.4g}' for v in values)} | "
                  f"{'in order' if ordered else 'NOT in order'} |", flush=True)
        return good

    import gzip

    folder = figures.ROOT / "Sources" / "CResources" / "mnist"

    def idx(name, rank, size):
        raw = gzip.decompress((folder / f"{name}-ubyte.gz").read_bytes())[4 + 4 * rank :]
        return numpy.frombuffer(raw, numpy.uint8).reshape(-1, *size)

    test, labels = idx("t10k-images-idx3", 3, (28, 28)), idx("t10k-labels-idx1", 1, ())
    order = rng.permutation(len(test))
    test, labels = test[order], labels[order]

    def only(classes, count):
        found = test[numpy.isin(labels, classes)]
        return found[rng.integers(0, len(found), count)]

    count = 4000
    good = arguments.only == "colour" or study(
        "mnist", "mnist", [], test[:count], [only(range(n), count) for n in (8, 5, 2)],
        idx("train-images-idx3", 3, (28, 28))[:count], count, ("memorisation_ratio", False))
    if arguments.only == "mnist":
        raise SystemExit(0 if good else "a degradation is not ranked")
    colour = arguments.work / "colour"
    if not colour.exists():
        pictures.make(colour, 4000, 32, 1)
    real = shapes(2000, 2)  # Half of the folder is one side of each comparison, and half the other.
    good &= study(
        "colour", str(colour), ["--size", "32", "--channels", "3"], real,
        [shapes(2000, 3, kinds) for kinds in (("disc", "square", "ring"), ("disc", "ring"), ("disc",))],
        shapes(2000, 1), 2000, ("copies", True))  # Without a test split, copies are counted.
    raise SystemExit(0 if good else "a degradation is not ranked")


main()
