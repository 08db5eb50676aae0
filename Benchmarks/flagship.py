"""Trains what docs/quality.md promises of the flagship presets, and measures it: `make flagship`.

python3 Benchmarks/flagship.py [--only NAME ...] [--seeds 0,1,2] [--work FOLDER] [--write]
Runs that are there already are kept. Each line has the command, the metrics and the SHA-256 of the samples, so that whoever has
the same kind of processor can compare the bits. With PyTorch installed, labelled digits are also shown to a classifier that
is not Ganymede's. Some hours for everything; --write puts the tables into docs/quality.md.
"""

import argparse
import datetime
import hashlib
import json
import pathlib
import shutil
import subprocess

import figures
import pictures

QUALITY = figures.ROOT / "docs" / "quality.md"

# name: (task, options of train, options of evaluate, seeds, goals by metric: (at least | at most, value))
TASKS = {
    "mnist-60s": ("MNIST, 60 s of training", "--preset flagship", "", 3,
                  {"fid": (-1, 4), "score": (1, 9.6), "precision": (1, 0.8), "coverage": (1, 0.65)}),
    "mnist-5min": ("MNIST, 5 min", "--preset flagship --steps 33000", "", 3,
                   {"fid": (-1, 1.5), "precision": (1, 0.8), "recall": (1, 0.6), "coverage": (1, 0.85)}),
    "mnist-15min": ("MNIST, 15 min", "--preset flagship --steps 90000", "", 3,
                    {"fid": (-1, 0.8), "precision": (1, 0.8), "recall": (1, 0.8), "coverage": (1, 0.92)}),
    "stacked": ("StackedMNIST, 15 min", "--preset stacked --data stacked-mnist --steps 45000", "", 3,
                {"modes": (1, 1000), "mode_kl_uniform": (-1, 0.06)}),
    "stacked-long": ("StackedMNIST, twice as long", "--preset stacked --data stacked-mnist --steps 90000", "", 1,
                     {"modes": (1, 1000), "mode_kl_uniform": (-1, 0.03)}),
    "grid25": ("25 Gaussians, under 60 s", "--preset points --data grid25", "--sets 3", 10,
               {"modes": (1, 25), "high_quality": (1, 0.97)}),
    "mnist-labels": ("conditional MNIST, 20 min", "--preset flagship --steps 90000",
                     "--metrics fid,gan_test,gan_train", 3, {"gan_train": (1, 0.98), "gan_test": (1, 0.985)}),
    "fashion-labels": ("conditional Fashion-MNIST, 40 min",
                       "--preset flagship --data fashion-mnist --steps 100000",
                       "--metrics fid,gan_test,gan_train", 3, {"gan_train": (1, 0.85)}),
}

# Options of the runs on 300 colour pictures.
COLOUR = "--preset flagship --size 32 --channels 3 --no-labels --steps 20000"

# folder of a run: what of it docs/quality.md shows
PICTURES = {
    "mnist-15min-0": "--class 0-9 --seeds 0-19",
    "fashion-labels-0": "--class 0-9 --seeds 0-19",
    "stacked-0": "--seeds 0-99 --grid 5x20",
    "grid25-0": "--seeds 0-2499",
    "colour-with-0": "--seeds 0-99 --grid 5x20",
}


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def measure(ganymede, run, options):
    text = subprocess.run([ganymede, "evaluate", str(run), "--json", *(options or "--sets 1").split()],
                          capture_output=True, text=True, check=True).stdout
    return {name: figure["value"] for name, figure in json.loads(text)["metrics"].items()}


def train(ganymede, run, options, seed, extra=()):
    """Seconds of training, from the journal."""
    if not (run / "report.html").exists():
        subprocess.run([ganymede, "train", *options.split(), *extra, "--seed", str(seed), "--metrics-every", "0",
                        "--quiet", "--out", str(run)], check=True)
    last = (run / "journal.jsonl").read_bytes().rstrip().rsplit(b"\n", 1)[-1]
    return json.loads(last)["seconds"]


def samples(ganymede, run):
    path = run / "samples.npy"
    subprocess.run([ganymede, "generate", str(run), "--seeds", "0-9999", "-o", str(path)], check=True)
    return sha256(path)


def outside_accuracy(run):
    """The share of samples that a small PyTorch network, trained on real digits, finds to be of the class that was asked for."""
    try:
        import outside
    except ImportError:
        return None
    return outside.accuracy(run / "samples.npy")


def holds(value, goal):
    sign, bound = goal
    return sign * value >= sign * bound


def folder(ganymede, work):
    """300 colour pictures, with and without augmentation."""
    data = work / "colour-300"
    if not data.exists():
        pictures.make(data, 300, 32, 0)
    more = work / "colour-more"
    if not more.exists():
        pictures.make(more, 4000, 32, 1)
    evaluator = work / "colour.safetensors"
    if not evaluator.exists():
        subprocess.run([ganymede, "evaluator", "train", "--data", str(more), "--no-labels", "--size", "32",
                        "--channels", "3", "--quiet", "-o", str(evaluator)], check=True)
    found = {}
    for seed in range(3):
        for name, extra in (("with", []), ("without", ["--set", "augmentation=[]"])):
            run = work / f"colour-{name}-{seed}"
            seconds = train(ganymede, run, f"{COLOUR} --data {data}", seed, extra)
            doctor = json.loads(subprocess.run([ganymede, "doctor", str(run), "--json"], capture_output=True,
                                               text=True, check=True).stdout)
            measured = measure(ganymede, run, f"--data {more} --evaluator {evaluator} --samples 2000 --sets 1")
            copies = measure(ganymede, run, f"--data {data} --evaluator {evaluator} --samples 150 --sets 1")
            found[f"{name}-{seed}"] = dict(
                seconds=seconds, healthy=doctor["healthy"], recall=measured["recall"],
                precision=measured["precision"], coverage=measured["coverage"], fid=measured["fid"],
                copies=copies["copies"], sha256=samples(ganymede, run),
                weights=figures.digest(run))
            print("300 colour pictures,", name, "augmentation, seed", seed, found[f"{name}-{seed}"], flush=True)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ganymede", default=str(figures.GANYMEDE))
    parser.add_argument("--work", type=pathlib.Path, default=figures.ROOT / "runs" / "flagship")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seeds")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    path = arguments.work / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for name, (task, options, evaluation, seeds, goals) in TASKS.items():
        if arguments.only and name not in arguments.only:
            continue
        wanted = map(int, arguments.seeds.split(",")) if arguments.seeds else range(seeds)
        for seed in wanted:
            key, command = f"{name}-{seed}", f"ganymede train {options} --seed {seed}"
            if key in results and results[key]["command"] == command:
                continue
            # The run with labels is the one of fifteen minutes.
            folder_name = f"mnist-15min-{seed}" if name == "mnist-labels" else key
            run = arguments.work / folder_name
            if key in results and folder_name == key:
                shutil.rmtree(run, ignore_errors=True)  # By an earlier command.
            seconds = train(arguments.ganymede, run, options, seed)
            measured = measure(arguments.ganymede, run, evaluation)
            record = dict(task=task, seed=seed, command=command, seconds=seconds,
                          metrics=measured, sha256=samples(arguments.ganymede, run),
                          weights=figures.digest(run),
                          met={metric: holds(measured[metric], goal) for metric, goal in goals.items()})
            if name.startswith("mnist"):
                record["outside"] = outside_accuracy(run)
            results[key] = record
            path.write_text(json.dumps(results, indent=1))
            print(key, f"{seconds:.0f} s", {m: round(measured[m], 4) for m in goals}, record["met"], flush=True)
    if not arguments.only or "colour" in arguments.only:
        if "colour" not in results:
            results["colour"] = folder(arguments.ganymede, arguments.work)
            path.write_text(json.dumps(results, indent=1))
    if arguments.write:
        write(results, grids(arguments.ganymede, arguments.work))


def grids(ganymede, work):
    """Pictures of runs, with the command that made each."""
    rows = []
    for name, options in PICTURES.items():
        if (work / name / "report.html").exists():
            image = f"images/quality-{name}.png"
            subprocess.run([ganymede, "generate", str(work / name), *options.split(), "-o", str(QUALITY.parent / image)],
                           check=True)
            rows += ["", f"`ganymede generate {name} {options} -o {name}.png`:", f"![{name}]({image})"]
    return rows


def colour_rows(runs):
    """Their table, with the means of the seeds."""
    rows = ["| 300 colour pictures | seed | seconds | doctor | copies | fid | precision | coverage | recall | samples | weights |",
            "|---|---|---|---|---|---|---|---|---|---|---|"]
    metrics = ("fid", "precision", "coverage", "recall")
    for name in ("with", "without"):
        seeds = [run for key, run in runs.items() if key.rsplit("-", 1)[0] == name]
        for seed, run in enumerate(seeds):
            rows.append(f"| {name} augmentation | {seed} | {run['seconds']:.0f} | "
                        f"{'no complaint' if run['healthy'] else 'complains'} | {run['copies']} | "
                        + " | ".join(f"{run[m]:.3g}" for m in metrics) + f" | `{run['sha256'][:16]}` | `{run['weights']}` |")
        means = " | ".join(f"**{sum(run[m] for run in seeds) / len(seeds):.3g}**" for m in metrics)
        rows.append(f"| {name} augmentation | mean | | | | {means} | | |")
    return rows


def write(results, grids):
    """Puts the table into docs/quality.md."""
    rows = ["| task | seed | seconds | figures | goals | samples | weights |", "|---|---|---|---|---|---|---|"]
    order = list(TASKS)
    keys = [key for key in results if key != "colour"]
    for key in sorted(keys, key=lambda key: (order.index(key.rsplit("-", 1)[0]), int(key.rsplit("-", 1)[1]))):
        record = results[key]
        goals = TASKS[key.rsplit("-", 1)[0]][4]
        usual = ["fid", "score", "precision", "recall", "coverage"] if "fid" in record["metrics"] else []
        shown = [m for m in dict.fromkeys([*usual, *goals]) if m in record["metrics"]]
        text = ", ".join(f"{m} {record['metrics'][m]:.4g}" for m in shown)
        if record.get("outside"):
            text += f", accuracy by another classifier {record['outside']:.4f}"
        missed = [m for m in goals if not record["met"][m]]
        rows.append(f"| {record['task']} | {record['seed']} | {record['seconds']:.0f} | {text} | "
                    f"{'met' if not missed else 'missed: ' + ', '.join(missed)} | `{record['sha256'][:16]}` | `{record['weights']}` |")
    if "colour" in results:
        rows.append("")
        rows += colour_rows(results["colour"])
    rows += ["", "`samples` and `weights` begin the SHA-256 of 10,000 samples and of what `ganymede verify RUN` compares. The commands;",
             "the whole figures are in [flagship.json](flagship.json):", "", "```sh"]
    rows += dict.fromkeys(results[key]["command"].rsplit(" --seed", 1)[0] + " --seed SEED" for key in keys)
    if "colour" in results:
        rows += [f"ganymede train {COLOUR} --data colour-300 --seed SEED{extra}"
                 for extra in ("", " --set augmentation=[]")]
    rows += ["ganymede generate RUN --seeds 0-9999 -o samples.npy", "ganymede verify RUN", "```"]
    figures.replace(QUALITY.parent / "flagship.json", json.dumps(results, indent=1, sort_keys=True) + "\n")
    stamp = f"Measured on {datetime.date.today()}: {figures.machine()}.\n\n"
    figures.between(QUALITY, "flagship", stamp + "\n".join(rows + grids))


if __name__ == "__main__":
    main()
