"""Trains every exercise of docs/lessons with several seeds, and with seed 0 for each kind of processor that this one can stand in for.

python3 Benchmarks/lessons.py [--ganymede PATH] [--work FOLDER] [--only NAME ...] [--seeds 0 1 2] [--table] writes the figures into
docs/lessons/figures.md, the weights into docs/lessons/digests.json (which the command embeds: build it again), and what the check of
seed 0 prints into each lesson's page. Finished runs are kept. A run that `ganymede lesson check` refuses makes it fail.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import struct
import subprocess
import sys

import figures

LESSONS = figures.ROOT / "docs/lessons"
# Below the processor's own: what ONEDNN_MAX_CPU_ISA takes.
LOWER = (["AVX512_CORE", "AVX2"]
         if "avx512f" in pathlib.Path("/proc/cpuinfo").read_text() else [])


def train(ganymede, out, name, seed, isa):
    environment = dict(os.environ, **({"ONEDNN_MAX_CPU_ISA": isa} if isa else {}))
    if not (out / "report.html").exists():
        subprocess.run([ganymede, "train", "--config", LESSONS / f"{name}.yaml", "--seed", str(seed), "--out", out,
                        "--quiet"], check=True, env=environment)
    done = subprocess.run([ganymede, "lesson", "check", name[0], out.name], cwd=out.parent, capture_output=True,
                          text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return done.stdout


def record(out, name, seed):
    """What the bits of a run's last checkpoint depend on, and their SHA-256."""
    newest = max((out / "checkpoints").glob("step-*.safetensors"))
    with open(newest, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))["__metadata__"]
    (only,) = json.loads(header["conditions"])
    conditions = {key: only[key] for key in ("threads", "isa", "onednn", "ganymede")}
    return {"exercise": name, "sha256": figures.digest(out, whole=True),
            "conditions": {**conditions, "seed": seed, "precision": json.loads(header["plan"])["precision"]}}


def row(out, name, seed, text, weights):
    journal = (out / "journal.jsonl").read_text().splitlines()
    found = re.findall(r"^(ok|WRONG) +([a-z_-]+) +(\S.*)$", text, re.M)
    shown = [f"{name} {'yes' if 'gives' in rest else 'no'}" if "doctor" in rest
             else f"{name} {rest.split(',')[0]}" for _, name, rest in found
             if name not in ("options", "steps", "events", "bits")]
    conditions = weights["conditions"]
    return [f"`{name}`", str(seed), f"{conditions['isa']}, {conditions['precision']}",
            f"{json.loads(journal[-1])['seconds']:.0f}", ", ".join(shown),
            "yes" if "This is the run" in text else "**no**", f"`{weights['sha256'][:16]}`"]


def show(checks):
    """Writes what the checks print into the lessons' pages, with the folders' names that the pages give."""
    for page in sorted(LESSONS.glob("?-*.md")):
        folders = re.findall(r"--config (\S+)\.yaml --out (\S+)", page.read_text())
        shown = [checks[name].replace(f"{name}-0", folder, 1) for name, folder in folders if name in checks]
        if len(shown) == len(folders) and shown:
            figures.between(page, "check", "\nIt prints, with the seed 0:\n\n```\n" + "\n".join(shown).strip() + "\n```\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ganymede", default=str(figures.GANYMEDE), type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/lessons"))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--table", action="store_true", help="of the runs that are there")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    rows, weights, wrong, checks = [], [], [], {}
    for path in sorted(LESSONS.glob("?-*.yaml")):
        name = path.stem
        if arguments.only and name not in arguments.only:
            continue
        for seed, isa in [(seed, None) for seed in arguments.seeds] + [(0, isa) for isa in LOWER]:
            out = arguments.work / f"{name}-{seed}{'-' + isa.lower() if isa else ''}"
            if arguments.table and not (out / "report.html").exists():
                continue
            text = train(arguments.ganymede, out, name, seed, isa)
            weights.append(record(out, name, seed))
            rows.append(row(out, name, seed, text, weights[-1]))
            print(*rows[-1], flush=True)
            if seed == 0 and isa is None:
                checks[name] = text
            if "This is the run" not in text:
                wrong.append(f"{out}:\n{text}")
    if not arguments.only:
        text = (f"Measured on {datetime.date.today()}: {figures.machine()}; Ganymede {figures.version()}.\n\n" + figures.table(
            ["exercise", "seed", "kernels", "seconds", "figures", "as asked for", "weights"], rows))
        figures.between(LESSONS / "figures.md", "figures", text)
        figures.replace(LESSONS / "digests.json", json.dumps(weights, indent=1) + "\n")
        show(checks)
    if wrong:
        sys.exit("\n".join(wrong))


main()
