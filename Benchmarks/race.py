"""Runs every preset here and in the other frameworks, in turns.

Writes the table between the markers of docs/benchmarks.md, and all figures
to docs/benchmarks.json. Needs the frameworks: `make race` installs them.
"""

import argparse
import datetime
import json
import pathlib
import platform
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
GANYMEDE = ROOT / ".build/release/ganymede"
PAGE, FIGURES = ROOT / "docs/benchmarks.md", ROOT / "docs/benchmarks.json"
MARKERS = "<!-- race -->", "<!-- end of race -->"

# Steps that take some seconds, and the batches of the issue of speed.
STEPS = {"mlp": 300, "dense": 100, "dcgan": 16, "conv-discriminator": 24,
         "all-conv": 16, "forger": 8}
BATCH = {"mlp": 32}
PEERS = ("jax", "tf-graph", "tf-xla", "torch", "torch-channels-last",
         "torch-compile", "keras")


def run(command):
    """The JSON that a command prints last, or None."""
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [x for x in done.stdout.splitlines() if x.startswith("{")]
    if not lines:
        print(f"  nothing from {command[1:]}: {done.stderr[-300:]}")
        return None
    return json.loads(lines[-1])


def command(preset, peer, precision, threads):
    options = ["--preset", preset, "--batch", str(BATCH.get(preset, 128)),
               "--steps", str(STEPS[preset]), "--threads", str(threads),
               "--precision", precision, "--json"]
    if peer == "ganymede":
        return [str(GANYMEDE), "bench", *options]
    script = ROOT / "Benchmarks/peers/peers.py"
    return [sys.executable, str(script), "--peer", peer, *options]


def measure(args):
    """Every contender's runs by preset; ours runs before each other."""
    runs = []
    for preset in args.presets:
        rivals = [(peer, precision) for precision in args.precisions
                  for peer in args.peers]
        for _ in range(args.rounds):
            for rival in list(rivals):
                for peer, precision in [("ganymede", "f32"), rival]:
                    print(preset, peer, precision, flush=True)
                    result = run(command(preset, peer, precision,
                                         args.threads))
                    if result is None:
                        rivals.remove(rival)
                        continue
                    runs.append({**result, "peer": peer})
                    print(f"  {result['median_ms']:.2f} ms", flush=True)
    return runs


def summary(runs):
    """Medians of medians by preset, peer and precision."""
    table = {}
    for x in runs:
        table.setdefault(
            (x["preset"], x["peer"], x["precision"]), []).append(x)
    rows = []
    for (preset, peer, precision), found in table.items():
        times = sorted(x["median_ms"] for x in found)
        rows.append({
            "preset": preset, "peer": peer, "precision": precision,
            "batch": found[0]["batch"], "runs": len(times),
            "median_ms": statistics.median(times),
            "fastest_ms": times[0], "slowest_ms": times[-1],
            "peak_rss_mib": max(x["peak_rss_mib"] for x in found),
            "version": found[0].get("version", "")})
    for row in rows:
        ours = next(x for x in rows if x["preset"] == row["preset"]
                    and x["peer"] == "ganymede")
        row["ratio"] = row["median_ms"] / ours["median_ms"]
    return sorted(rows, key=lambda x: (list(STEPS).index(x["preset"]),
                                       x["median_ms"]))


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    names = re.findall(r"model name\s*:\s*(.*)", text)
    flags = "avx512_bf16" if "avx512_bf16" in text else "no avx512_bf16"
    name = names[0] if names else platform.machine()
    return f"{name}, {len(names)} processors, {flags}"


def known_runs():
    """The runs of an earlier race on this machine."""
    if not FIGURES.exists():
        return []
    known = json.loads(FIGURES.read_text())
    return known["runs"] if known["machine"] == machine() else []


def page(rows, args):
    lines = [f"Measured on {datetime.date.today()}: {machine()}; "
             f"{args.threads} threads; in turns, medians of the runs' median "
             "steps.", "",
             "| preset | batch | | ms a step | fastest and slowest run | "
             "ratio | peak memory, MiB |", "|---|---|---|---|---|---|---|"]
    for x in rows:
        name = f"{x['peer']} {x['version']} {x['precision']}"
        name = " ".join(name.split())
        if x["peer"] == "ganymede":
            name = f"**{name}**"
        lines.append(
            f"| `{x['preset']}` | {x['batch']} | {name} | "
            f"{x['median_ms']:.2f} | {x['fastest_ms']:.2f} to "
            f"{x['slowest_ms']:.2f} ({x['runs']}) | {x['ratio']:.2f} | "
            f"{x['peak_rss_mib']:.0f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", default=list(STEPS))
    parser.add_argument("--peers", nargs="+", default=PEERS)
    parser.add_argument("--precisions", nargs="+", default=["f32", "bf16"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    runs = [x for x in known_runs() if x["preset"] not in args.presets]
    runs += measure(args)
    rows = summary(runs)
    FIGURES.write_text(json.dumps({"machine": machine(), "rows": rows,
                                   "runs": runs}, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(MARKERS[0])
    after = rest.partition(MARKERS[1])[2]
    PAGE.write_text(before + MARKERS[0] + "\n" + page(rows, args) + "\n"
                    + MARKERS[1] + after)
    print(page(rows, args))


if __name__ == "__main__":
    main()
