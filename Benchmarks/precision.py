"""Trains a preset in both precisions from three seeds, and shows what differs.

Writes docs/precision.md between its markers: the mean of losses and
accuracies over the last tenth of the steps, and a picture with a row of the
same seeds' images for each run. The runs' folder is temporary.
"""

import argparse
import datetime
import json
import pathlib
import statistics
import struct
import subprocess
import tempfile
import zlib

import figures

DOCS = figures.ROOT / "docs"
PAGE = DOCS / "precision.md"
FIELDS = ["d_loss", "g_loss", "d_acc_real", "d_acc_fake", "g_acc"]
COLUMNS = 16


def train(folder, preset, steps, seed, precision):
    """Trains a run and returns its path."""
    run = pathlib.Path(folder) / f"{precision}-{seed}"
    subprocess.run(
        [figures.GANYMEDE, "train", "--preset", preset, "--steps", str(steps),
         "--seed", str(seed), "--precision", precision, "--quiet",
         "--sample-every", str(steps), "--metrics-every", "0", "--out", run],
        check=True)
    return run


def means(run):
    """The means of FIELDS over the last tenth of the journal."""
    lines = (run / "journal.jsonl").read_text().splitlines()
    last = [json.loads(line) for line in lines[-max(len(lines) // 10, 1):]]
    return {x: statistics.mean(line[x] for line in last) for x in FIELDS}


def row(run):
    """A row of images side by side, as the bytes of each line of pixels."""
    file = run / "row.idx"
    subprocess.run([figures.GANYMEDE, "generate", run, "--seeds",
                    f"0-{COLUMNS - 1}", "-o", file],
                   check=True, stdout=subprocess.DEVNULL)
    data = file.read_bytes()
    count, height, width = struct.unpack(">III", data[4:16])
    images = data[16:]
    return [b"".join(images[(n * height + y) * width:][:width]
                     for n in range(count)) for y in range(height)]


def png(path, lines):
    """Writes lines of pixels as an 8-bit greyscale PNG."""
    def chunk(kind, data):
        body = kind + data
        return (struct.pack(">I", len(data)) + body
                + struct.pack(">I", zlib.crc32(body)))
    header = struct.pack(">IIBBBBB", len(lines[0]), len(lines), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + x for x in lines), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def section(preset, steps, seeds):
    rows = ["| seed | precision | " + " | ".join(FIELDS) + " | weights |",
            "|" + " --- |" * (len(FIELDS) + 3)]
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(seeds):
            for precision in ("f32", "bf16"):
                run = train(folder, preset, steps, seed, precision)
                found = means(run)
                print(preset, seed, precision, found, flush=True)
                rows.append(f"| {seed} | {precision} | " + " | ".join(
                    f"{found[x]:.3f}" for x in FIELDS)
                            + f" | `{figures.digest(run)}` |")
                if lines:
                    gap = 2 if precision == "bf16" else 8
                    lines += [b"\xff" * len(lines[0])] * gap
                lines += row(run)
    picture = f"images/precision-{preset}.png"
    png(DOCS / picture, lines)
    return "\n".join([
        f"`ganymede train --preset {preset} --steps {steps} --seed SEED "
        "--precision PRECISION`, checked by `ganymede verify RUN`:", "", *rows, "",
        f"![{preset} in both precisions]({picture})"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", nargs="+",
                        default=["mlp:6000", "conv-discriminator:600"],
                        help="PRESET:STEPS")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    parts = []
    for run in args.runs:
        preset, steps = run.split(":")
        parts.append(section(preset, int(steps), args.seeds))
    figures.between(PAGE, "precision", "\n\n".join(
        [f"Measured on {datetime.date.today()}: {figures.machine()}; "
         f"{figures.version()}.", *parts]))


if __name__ == "__main__":
    main()
