"""How often `ganymede doctor` is right: twelve runs that are broken on purpose and twelve healthy ones.

python3 Benchmarks/health.py [--ganymede PATH] [--work FOLDER] [--only NAME ...] writes FOLDER/health.json; with --table
it prints the tables of docs/health.md from that file. The limits of the verdicts were chosen by other runs than these:
seeds here are 11 and up.
"""

import argparse
import gzip
import json
import pathlib
import shutil
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
MNIST = ROOT / "Sources" / "CResources" / "mnist"

# name: (the ailment, what was done, options of train)
BROKEN = {
    "saturated-1": ("saturated-discriminator", "the original minimax loss, generator 1000 times slower",
                    "--preset dcgan --loss minimax --learning-rate 1e-6,1e-3 --batch 64 --steps 800 --seed 11"),
    "saturated-2": ("saturated-discriminator", "the original minimax loss, generator 500 times slower",
                    "--preset mlp --loss minimax --learning-rate 2e-6,1e-3 --steps 4000 --seed 12"),
    "collapse-1": ("mode-collapse", "a class vector of 64 values, as long as the noise",
                   "--preset flagship --set gan.generator.layers.0.output_dim=64 --learning-rate 5e-4 --steps 2500 --seed 13"),
    "collapse-2": ("mode-collapse", "generator 50 times faster than the discriminator",
                   "--preset mlp --learning-rate 5e-3,1e-4 --steps 4000 --seed 14"),
    "rotation-1": ("rotating-modes", "the course's convolutional discriminator, without a penalty",
                   "--preset conv-discriminator --steps 1500 --seed 15"),
    "rotation-2": ("rotating-modes", "the same, another seed",
                   "--preset conv-discriminator --steps 1500 --seed 16"),
    "divergence-1": ("divergence", "the Wasserstein loss without a penalty",
                     "--preset dense --loss wasserstein --steps 2000 --seed 17"),
    "divergence-2": ("non-finite", "plain gradient descent with a learning rate of 50",
                     "--preset dense --optimizer sgd --learning-rate 50 --steps 2000 --seed 18"),
    "memorization-1": ("memorization", "200 labelled training images, the hinge loss, no augmentation, no penalty",
                       "--preset flagship --loss hinge --data FEW --batch 50 --set augmentation=[] --set regularizers=[] --steps 4000 --seed 19"),
    "memorization-2": ("memorization", "200 training images, no augmentation, no penalty",
                       "--preset flagship --no-labels --data FEW --batch 50 --set augmentation=[] --set regularizers=[] --steps 4000 --seed 20"),
    "stuck-1": ("stuck-generator", "a generator's learning rate of 1e-8",
                "--preset mlp --learning-rate 1e-8,2e-4 --steps 4000 --seed 21"),
    "stuck-2": ("stuck-generator", "a generator's learning rate of 1e-7",
                "--preset flagship --learning-rate 1e-7,1e-3 --steps 2500 --seed 22"),
}
HEALTHY = {
    "flagship-1": "--preset flagship --steps 4000 --seed 31",
    "flagship-2": "--preset flagship --steps 2000 --batch 128 --seed 32",
    "flagship-hinge": "--preset flagship --loss hinge --steps 3000 --seed 33",
    "flagship-no-labels": "--preset flagship --no-labels --steps 4000 --seed 34",
    "flagship-few": "--preset flagship --no-labels --data FEW --batch 50 --steps 3000 --seed 35",
    "mlp-1": "--preset mlp --steps 8000 --seed 36",
    "mlp-2": "--preset mlp --batch 64 --steps 6000 --seed 37",
    "dcgan": "--preset dcgan --steps 1200 --batch 128 --seed 38",
    "forger": "--preset forger --steps 500 --batch 64 --seed 39",
    "points": "--preset points --data grid25 --steps 10000 --seed 40",
    "stacked": "--preset stacked --data stacked-mnist --steps 2500 --seed 41",
    "relativistic": "--preset flagship --loss relativistic --steps 3000 --seed 42",
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
    words = [str(work / "few") if word == "FEW" else word for word in options.split()]
    start = time.time()
    subprocess.run([ganymede, "train", *words, "--metrics-every", "0", "--quiet", "--out", str(out)],
                   capture_output=True, text=True)
    found = json.loads(subprocess.run([ganymede, "doctor", str(out), "--json"], capture_output=True,
                                      text=True, check=True).stdout)
    found["seconds"] = round(time.time() - start, 1)
    return found


def table(results):
    found = missed = alarms = 0
    print("| broken run | what was done | found | all verdicts at the end |\n|---|---|---|---|")
    for name, (ailment, done, options) in BROKEN.items():
        current = [f["verdict"]["ailment"] for f in results[name]["findings"] if f["is_current"]]
        hit = ailment in current
        found, missed = found + hit, missed + (not hit)
        print(f"| `{options}` | {done} | {'yes' if hit else 'no'} | {', '.join(current) or 'none'} |")
    print("\n| healthy run | verdicts at the end |\n|---|---|")
    for name, options in HEALTHY.items():
        current = [f["verdict"]["ailment"] for f in results[name]["findings"] if f["is_current"]]
        alarms += bool(current)
        print(f"| `{options}` | {', '.join(current) or 'none'} |")
    print(f"\nFound {found} of {found + missed}, missed {missed}; false alarms in {alarms} of {len(HEALTHY)}.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ganymede", default=str(ROOT / ".build" / "release" / "ganymede"))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/health"))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    path = arguments.work / "health.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    if not arguments.table:
        few(arguments.work / "few")
        runs = {**{n: o for n, (_, _, o) in BROKEN.items()}, **HEALTHY}
        for name, options in runs.items():
            if arguments.only is None or name in arguments.only:
                results[name] = run(arguments.ganymede, arguments.work, name, options)
                verdicts = [f["verdict"]["ailment"] for f in results[name]["findings"] if f["is_current"]]
                print(name, f"{results[name]['seconds']} s", verdicts, flush=True)
                path.write_text(json.dumps(results, indent=1))
    if all(name in results for name in [*BROKEN, *HEALTHY]):
        table(results)


main()
