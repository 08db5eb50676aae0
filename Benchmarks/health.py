"""How often `ganymede doctor` is right: fourteen runs that are broken on purpose and twelve healthy ones.

python3 Benchmarks/health.py [--ganymede PATH] [--work FOLDER] [--only NAME ...] writes FOLDER/health.json, and with it the
tables of docs/health.md; with --table it only writes the tables. The limits of the verdicts were chosen by other runs than
these, which were listed before the first of them was trained.
"""

import argparse
import datetime
import gzip
import json
import pathlib
import shutil
import struct
import subprocess
import time

import figures

PAGE = figures.ROOT / "docs/health.md"
MNIST = figures.ROOT / "Sources" / "CResources" / "mnist"

# name: (the ailment, what was done, options of train)
BROKEN = {
    "saturated-1": ("saturated-discriminator", "the original minimax loss, generator 1000 times slower",
                    "--preset dense --loss minimax --learning-rate 1e-6,1e-3 --steps 2000 --seed 51"),
    "saturated-2": ("saturated-discriminator", "the same without a penalty, in other networks",
                    "--preset stacked --data mnist --loss minimax --set regularizers=[] --learning-rate 1e-6,1e-3 "
                    "--steps 1500 --seed 52"),
    "collapse-1": ("mode-collapse", "no penalty, generator 50 times faster than the discriminator",
                   "--preset flagship --no-labels --set regularizers=[] --learning-rate 5e-3,1e-4 --steps 2500 --seed 53"),
    "collapse-2": ("mode-collapse", "generator 50 times faster than the discriminator",
                   "--preset dense --learning-rate 5e-3,1e-4 --steps 2000 --seed 54"),
    "rotation-1": ("rotating-modes", "the course's convolutional discriminator, smaller batches",
                   "--preset conv-discriminator --batch 64 --steps 2000 --seed 55"),
    "rotation-2": ("rotating-modes", "the same with the hinge loss",
                   "--preset conv-discriminator --loss hinge --steps 1500 --seed 56"),
    "divergence-1": ("divergence", "the Wasserstein loss without a penalty",
                     "--preset mlp --loss wasserstein --steps 4000 --seed 57"),
    "divergence-2": ("divergence", "the same in convolutions",
                     "--preset flagship --loss wasserstein --set regularizers=[] --steps 2500 --seed 58"),
    "non-finite-1": ("non-finite", "plain gradient descent with a learning rate of 100",
                     "--preset mlp --optimizer sgd --learning-rate 100 --steps 2000 --seed 59"),
    "non-finite-2": ("non-finite", "plain gradient descent with a learning rate of 50 beside a penalty",
                     "--preset flagship --optimizer sgd --learning-rate 50 --steps 2000 --seed 60"),
    "memorization-1": ("memorization", "200 labelled training images, the relativistic loss, no augmentation, no penalty",
                       "--preset flagship --loss relativistic --data FEW --batch 40 --set augmentation=[] "
                       "--set regularizers=[] --steps 4000 --seed 61"),
    "memorization-2": ("memorization", "200 training images, a wide discriminator without a penalty",
                       "--preset stacked --data FEW --batch 50 --set regularizers=[] --steps 2500 --seed 62"),
    "stuck-1": ("stuck-generator", "a generator's learning rate of 1e-8",
                "--preset dense --learning-rate 1e-8,2e-4 --steps 2000 --seed 63"),
    "stuck-2": ("stuck-generator", "a generator's learning rate of 1e-7",
                "--preset stacked --data mnist --learning-rate 1e-7,1e-3 --steps 1500 --seed 64"),
}
HEALTHY = {
    "flagship": "--preset flagship --seed 71",
    "least-squares": "--preset flagship --loss least-squares --steps 3000 --seed 72",
    "no-labels": "--preset flagship --no-labels --batch 128 --steps 2500 --seed 73",
    "32-pixels": "--preset flagship --size 32 --steps 3000 --seed 74",
    "few": "--preset flagship --data FEW --batch 50 --steps 3000 --seed 75",
    "mlp": "--preset mlp --steps 12000 --seed 76",
    "dense": "--preset dense --steps 3000 --seed 77",
    "forger": "--preset forger --batch 32 --steps 800 --seed 78",
    "points": "--preset points --data ring8 --steps 8000 --seed 79",
    "stacked": "--preset stacked --data mnist --steps 2500 --seed 80",
    "wasserstein": '--preset flagship --loss wasserstein --set regularizers=[{"kind":"gradient-penalty"}] '
                   "--steps 3000 --seed 81",
    "slower": "--preset flagship --learning-rate 5e-4 --steps 5000 --seed 82",
}


def few(folder):
    """A folder of 200 training images and the whole test split, as IDX files."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, rank in (("images", 3), ("labels", 1)):
        raw = gzip.decompress((MNIST / f"train-{kind}-idx{rank}-ubyte.gz").read_bytes())
        header = 4 + 4 * rank
        size = 784 if rank == 3 else 1
        cut = raw[:4] + struct.pack(">I", 200) + raw[8:header] + raw[header : header + 200 * size]
        (folder / f"train-{kind}-idx{rank}-ubyte").write_bytes(cut)
        shutil.copy(MNIST / f"t10k-{kind}-idx{rank}-ubyte.gz", folder)


def run(ganymede, work, name, options):
    out = work / name
    shutil.rmtree(out, ignore_errors=True)
    words = [str(work / "digits-200") if word == "FEW" else word for word in options.split()]
    start = time.time()
    subprocess.run([ganymede, "train", *words, "--metrics-every", "0", "--quiet", "--out", str(out)],
                   capture_output=True, text=True)
    found = json.loads(subprocess.run([ganymede, "doctor", str(out), "--json"], capture_output=True,
                                      text=True, check=True).stdout)
    found["seconds"] = round(time.time() - start, 1)
    found["weights"] = figures.digest(out)
    return found


def tables(results):
    found = missed = alarms = 0
    broken, healthy = [], []
    for name, (ailment, done, options) in BROKEN.items():
        current = [f["verdict"]["ailment"] for f in results[name]["findings"] if f["is_current"]]
        hit = ailment in current
        found, missed = found + hit, missed + (not hit)
        broken.append([f"`{options}`", done, "yes" if hit else "no", ", ".join(current) or "none",
                       f"`{results[name]['weights']}`"])
    for name, options in HEALTHY.items():
        current = [f["verdict"]["ailment"] for f in results[name]["findings"] if f["is_current"]]
        alarms += bool(current)
        healthy.append([f"`{options}`", ", ".join(current) or "none", f"`{results[name]['weights']}`"])
    return "\n\n".join([
        f"Measured on {datetime.date.today()}: {figures.machine()}; {figures.version()}.",
        figures.table(["broken run", "what was done", "found", "all verdicts at the end", "weights"], broken),
        figures.table(["healthy run", "verdicts at the end", "weights"], healthy),
        f"Found {found} of {found + missed}, missed {missed}; false alarms in {alarms} of {len(HEALTHY)}."])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ganymede", default=str(figures.GANYMEDE))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/health"))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    path = arguments.work / "health.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    if not arguments.table:
        few(arguments.work / "digits-200")
        runs = {**{n: o for n, (_, _, o) in BROKEN.items()}, **HEALTHY}
        for name, options in runs.items():
            if arguments.only is None or name in arguments.only:
                results[name] = run(arguments.ganymede, arguments.work, name, options)
                verdicts = [f["verdict"]["ailment"] for f in results[name]["findings"] if f["is_current"]]
                print(name, f"{results[name]['seconds']} s", verdicts, flush=True)
                path.write_text(json.dumps(results, indent=1))
    if all(name in results for name in [*BROKEN, *HEALTHY]):
        figures.between(PAGE, "health", tables(results))


main()
