"""Trains the presets to their documents' length and says how good they are.

Each run has a folder of its own (by default in runs/quality). Interrupted runs
are resumed; finished runs and existing evaluations are kept: the script can be
restarted at any time. Writes docs/quality.md between its markers, a row of
samples of each preset, and the README's pictures of it.
"""

import argparse
import datetime
import functools
import json
import pathlib
import shutil
import statistics
import subprocess
import time

import figures
import precision

PAGE = figures.ROOT / "docs/quality.md"
PICTURE = "images/quality.png"
DATASETS = ("mnist", "fashion-mnist")
SEEDS = (0, 1, 2)
# Presets and the seeds of the page; `--full` takes all seeds of all.
PLAN = {"mlp": SEEDS, "dense": SEEDS, "conv-discriminator": SEEDS,
        "all-conv": SEEDS[:1], "dcgan": SEEDS[:1], "forger": SEEDS[:1]}
# Steps of presets whose document's length takes too long: `forger` takes
# hours. `--full` has no limits.
STEPS = {"forger": 3000}
COLUMNS = ("fid", "kid", "score", "precision", "recall", "density", "coverage",
           "modes", "mode_kl", "memorisation", "memorisation_error",
           "copies")
# Metrics whose real samples in place of generated ones are training images.
OF_TRAINING = ("memorisation", "memorisation_ratio", "memorisation_error",
               "gan_train")


def spent(run):
    """Minutes that the run's processes have taken so far."""
    file = run / "minutes"
    return float(file.read_text()) if file.exists() else 0.0


def steps(run):
    """Finished and requested steps."""
    journal = run / "journal.jsonl"
    lines = journal.read_text().splitlines() if journal.exists() else []
    wanted = json.loads((run / "config.json").read_text())["steps"]
    return (json.loads(lines[-1])["step"] if lines else 0), wanted


def train(run, preset, seed, limit):
    """Starts or resumes a run, until the limit or its preset's last step."""
    started = (run / "config.json").exists()
    if started and steps(run)[0] >= (limit or steps(run)[1]):
        return
    command = (["resume", run] if started else
               ["train", "--preset", preset, "--seed", str(seed),
                # The minutes count training only.
                "--metrics-every", "0", "--out", run])
    if limit:
        command += ["--steps", str(limit)]
    # The evaluation of a shorter run.
    (run / "evaluation.json").unlink(missing_ok=True)
    begin, before = time.monotonic(), spent(run)
    process = subprocess.Popen([figures.GANYMEDE, *command])
    while process.poll() is None:
        time.sleep(0.5)
        minutes = before + (time.monotonic() - begin) / 60
        if run.exists():
            (run / "minutes").write_text(f"{minutes:.2f}\n")
    if process.returncode:
        raise SystemExit(f"{run}: ended with {process.returncode}")


@functools.cache
def evaluators():
    """The command's list of its evaluators, with their hashes."""
    return subprocess.run([figures.GANYMEDE, "evaluator", "list"], check=True,
                          capture_output=True, text=True).stdout


def evaluate(source, file, *options):
    """The output of `ganymede evaluate` for a run or a dataset, with the date
    and the time it took. Cached in `file` until the evaluator changes."""
    if file.exists():
        found = json.loads(file.read_text())
        evaluator = found.get("evaluator")  # Older files lack it.
        if evaluator and evaluator["sha256"] in evaluators():
            return found
    begin = time.monotonic()
    done = subprocess.run(
        [figures.GANYMEDE, "evaluate", source, "--json", *options],
        stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    found["seconds"] = round(time.monotonic() - begin, 1)
    found["measured"] = (f"{datetime.date.today()}: {figures.machine()}; "
                         f"{figures.version()}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found))
    return found


def head(all_found):
    """When and where the figures of a table were measured."""
    stamps = sorted({found["measured"] for found in all_found})
    return "\n".join(f"Measured on {x}." for x in stamps)


def grid(run, preset):
    """The README's picture of a preset, made by the command beside it."""
    subprocess.run(
        [figures.GANYMEDE, "generate", run, "--seeds", "0-47", "--grid", "3x16",
         "-o", PAGE.parent / f"images/{preset}.png"],
        check=True, stdout=subprocess.DEVNULL)
    if preset == "mlp":
        shutil.copy(run / "milestones.png", PAGE.parent / "images")


def text(number):
    if number is None:
        return "-"
    return f"{number:.0f}" if number == int(number) else f"{number:.3g}"


def cell(figure):
    """A figure with its spread."""
    spread = figure.get("spread")
    return text(figure.get("value")) + (f" ± {text(spread)}" if spread else "")


def floors(folder, with_gan_train):
    """Real images against real images: the best that a generator can do."""
    columns, stamped = [], []
    listed = subprocess.run([figures.GANYMEDE, "data", "list"], check=True,
                            capture_output=True, text=True).stdout
    for data in DATASETS:
        if f"data fetch {data}" in listed:
            print(f"{data} is not here: ganymede data fetch {data}")
            continue
        stamped.append(evaluate(data, folder / f"{data}.json"))
        found = dict(stamped[-1]["metrics"])
        file = folder / f"{data}-gan-train.json"
        if with_gan_train or file.exists():
            stamped.append(evaluate(data, file, "--metrics", "gan_train",
                                    "--sets", "1"))
            found |= stamped[-1]["metrics"]
        columns.append((f"{data}: test", {
            name: "-" if name in OF_TRAINING else text(figure["real"])
            for name, figure in found.items()}))
        columns.append((f"{data}: training", {
            name: cell(figure) for name, figure in found.items()}))
    names = list(dict.fromkeys(name for _, found in columns for name in found))
    rows = [[f"`{name}`"] + [found.get(name, "-") for _, found in columns]
            for name in sorted(names)]
    table = figures.table(["against training images", *(x for x, _ in columns)],
                          rows)
    return f"{head(stamped)}\n\n{table}"


def over_seeds(preset, all_found):
    """A row of means and standard deviations over a preset's runs."""
    row = [f"`{preset}`", "all", "", "", ""]
    for name in COLUMNS:
        values = [found["metrics"].get(name, {}).get("value")
                  for found in all_found]
        if None in values:
            row.append("-")
            continue
        row.append(f"{text(statistics.mean(values))} ± "
                   f"{text(statistics.stdev(values))}")
    return [f"**{x}**" if x else x for x in row] + [""]


def runs(folder, presets, limits):
    """Trains what is missing, and writes the table after every run."""
    for preset, seeds in presets.items():
        for seed in seeds:
            run = folder / f"{preset}-{seed}"
            train(run, preset, seed, limits.get(preset))
            evaluate(run, run / "evaluation.json")
            write(folder)


def write(folder):
    """The table and the pictures of all runs that were evaluated."""
    rows, lines, stamped = [], [], []
    for preset in PLAN:
        all_found = []
        for seed in SEEDS:
            run = folder / f"{preset}-{seed}"
            if not (run / "evaluation.json").exists():
                continue
            found = evaluate(run, run / "evaluation.json")
            all_found.append(found)
            stamped.append(found)
            rows.append([f"`{preset}`", str(seed), f"{steps(run)[0]:,}",
                         f"{spent(run):.1f}", text(found["seconds"])]
                        + [cell(found["metrics"].get(x, {})) for x in COLUMNS]
                        + [f"`{figures.digest(run)}`"])
            if seed == SEEDS[0]:
                lines += [b"\xff" * len(lines[0])] * 8 if lines else []
                lines += precision.row(run)
                grid(run, preset)
        if len(all_found) > 1:
            rows.append(over_seeds(preset, all_found))
    precision.png(PAGE.parent / PICTURE, lines)
    table = figures.table(["preset", "seed", "steps", "minutes",
                           "evaluated in, s", *COLUMNS, "weights"], rows)
    figures.between(PAGE, "runs", f"{head(stamped)}\n\n{table}\n\n"
                    f"![A row of samples of each]({PICTURE})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=pathlib.Path,
                        default=figures.ROOT / "runs/quality")
    parser.add_argument("--presets", nargs="+", choices=PLAN, default=PLAN)
    parser.add_argument("--full", action="store_true",
                        help="three seeds of every preset, to its document's "
                        "length: some fifteen hours more on two cores")
    parser.add_argument("--only", choices=("floors", "runs"))
    parser.add_argument("--gan-train", action="store_true",
                        help="among the floors, which takes minutes")
    args = parser.parse_args()
    if args.only != "runs":
        figures.between(PAGE, "floors", floors(args.into, args.gan_train))
    if args.only != "floors":
        plan = {x: SEEDS if args.full else PLAN[x] for x in args.presets}
        runs(args.into, plan, {} if args.full else STEPS)


if __name__ == "__main__":
    main()
