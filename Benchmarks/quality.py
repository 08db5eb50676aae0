"""Trains the presets to their documents' length and says how good they are.

Each run has a folder of its own (in runs/quality unless said). A run that was
cut goes on where it stopped, one that is done is left alone, and so is an
evaluation that is there: start the script as often as it takes. Writes
docs/quality.md between its markers, a row of samples of each preset, and the
README's pictures of it.
"""

import argparse
import datetime
import json
import pathlib
import shutil
import signal
import statistics
import subprocess
import time

import figures
import precision

PAGE = figures.ROOT / "docs/quality.md"
PICTURE = "images/quality.png"
DATASETS = ("mnist", "fashion-mnist")
# Presets and their seeds.
PLAN = {"mlp": (0, 1, 2), "dense": (0, 1, 2), "conv-discriminator": (0, 1, 2),
        "all-conv": (0,), "dcgan": (0,), "forger": (0,)}
# Where not to the length of the document, which takes `forger` hours.
MINUTES = {"forger": 30}
COLUMNS = ("fid", "kid", "score", "precision", "recall", "density", "coverage",
           "modes", "mode_kl", "memorisation", "copies")
# Where real samples in place of generated ones are training images.
OF_TRAINING = ("memorisation", "memorisation_ratio", "gan_train")


def spent(run):
    """Minutes that the run's processes took."""
    file = run / "minutes"
    return float(file.read_text()) if file.exists() else 0.0


def steps(run):
    """Finished steps, and those wanted."""
    journal = run / "journal.jsonl"
    lines = journal.read_text().splitlines() if journal.exists() else []
    wanted = json.loads((run / "config.json").read_text())["steps"]
    return (json.loads(lines[-1])["step"] if lines else 0), wanted


def train(run, preset, seed):
    """Starts or goes on, until all steps are made or the time is up."""
    limit = MINUTES.get(preset)
    started = (run / "config.json").exists()
    if started and (steps(run)[0] >= steps(run)[1]
                    or limit and spent(run) >= limit):
        return
    command = (["resume", run] if started else
               ["train", "--preset", preset, "--seed", str(seed),
                # The minutes are of training alone.
                "--metrics-every", "0", "--out", run])
    begin, before = time.monotonic(), spent(run)
    process = subprocess.Popen([figures.GANYMEDE, *command])
    while process.poll() is None:
        time.sleep(0.5)
        minutes = before + (time.monotonic() - begin) / 60
        if run.exists():
            (run / "minutes").write_text(f"{minutes:.2f}\n")
        if limit and minutes >= limit:
            process.send_signal(signal.SIGINT)  # Saves, and ends with 130.
            process.wait()
    if process.returncode not in (0, 130) or process.returncode and not limit:
        raise SystemExit(f"{run}: ended with {process.returncode}")


def evaluate(source, file, *options):
    """What `ganymede evaluate` says of a run or a dataset, asked once."""
    if not file.exists():
        done = subprocess.run(
            [figures.GANYMEDE, "evaluate", source, "--json", *options],
            stdout=subprocess.PIPE, check=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(done.stdout)
    return json.loads(file.read_text())


def grid(run, preset):
    """The picture of a preset in the README, by the command beside it."""
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
    columns = []
    listed = subprocess.run([figures.GANYMEDE, "data", "list"], check=True,
                            capture_output=True, text=True).stdout
    for data in DATASETS:
        if f"data fetch {data}" in listed:
            print(f"{data} is not here: ganymede data fetch {data}")
            continue
        found = evaluate(data, folder / f"{data}.json")["metrics"]
        file = folder / f"{data}-gan-train.json"
        if with_gan_train or file.exists():
            found |= evaluate(data, file, "--metrics", "gan_train", "--sets",
                              "1")["metrics"]
        columns.append((f"{data}: test", {
            name: "-" if name in OF_TRAINING else text(figure["real"])
            for name, figure in found.items()}))
        columns.append((f"{data}: training", {
            name: cell(figure) for name, figure in found.items()}))
    names = list(dict.fromkeys(name for _, found in columns for name in found))
    rows = [[f"`{name}`"] + [found.get(name, "-") for _, found in columns]
            for name in sorted(names)]
    return figures.table(["against training images", *(x for x, _ in columns)],
                         rows)


def over_seeds(preset, all_found):
    """A row of the mean over a preset's runs, and the deviation between them."""
    row = [f"`{preset}`", "all", "", ""]
    for name in COLUMNS:
        values = [found["metrics"].get(name, {}).get("value")
                  for found in all_found]
        if None in values:
            row.append("-")
            continue
        row.append(f"{text(statistics.mean(values))} ± "
                   f"{text(statistics.stdev(values))}")
    return [f"**{x}**" if x else x for x in row]


def runs(folder, presets, head):
    """Trains what is missing, and writes the table after every run."""
    for preset in presets:
        for seed in PLAN[preset]:
            run = folder / f"{preset}-{seed}"
            train(run, preset, seed)
            evaluate(run, run / "evaluation.json")
            write(folder, head)


def write(folder, head):
    """The table and the pictures of all runs that were evaluated."""
    rows, lines = [], []
    for preset, seeds in PLAN.items():
        all_found = []
        for seed in seeds:
            run = folder / f"{preset}-{seed}"
            if not (run / "evaluation.json").exists():
                continue
            found = evaluate(run, run / "evaluation.json")
            all_found.append(found)
            rows.append([f"`{preset}`", str(seed), f"{steps(run)[0]:,}",
                         f"{spent(run):.1f}"]
                        + [cell(found["metrics"].get(x, {})) for x in COLUMNS])
            if seed == seeds[0]:
                lines += [b"\xff" * len(lines[0])] * 8 if lines else []
                lines += precision.row(run)
                grid(run, preset)
        if len(all_found) > 1:
            rows.append(over_seeds(preset, all_found))
    precision.png(PAGE.parent / PICTURE, lines)
    table = figures.table(["preset", "seed", "steps", "minutes", *COLUMNS], rows)
    figures.between(PAGE, "runs", f"{head}\n\n{table}\n\n"
                    f"![A row of samples of each]({PICTURE})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=pathlib.Path,
                        default=figures.ROOT / "runs/quality")
    parser.add_argument("--presets", nargs="+", choices=PLAN, default=PLAN)
    parser.add_argument("--only", choices=("floors", "runs"))
    parser.add_argument("--gan-train", action="store_true",
                        help="among the floors, which takes minutes")
    args = parser.parse_args()
    head = (f"Measured on {datetime.date.today()}: {figures.machine()}; "
            f"{figures.version()}.")
    if args.only != "runs":
        figures.between(PAGE, "floors", f"{head}\n\n{floors(args.into, args.gan_train)}")
    if args.only != "floors":
        runs(args.into, args.presets, head)


if __name__ == "__main__":
    main()
