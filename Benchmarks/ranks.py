"""What several ranks cost and bring: measured on this machine, and predicted for networks.

A step of N ranks takes (C - S) / N + S + M: C is the step of one rank on one core, S the part of it that every rank does
(the optimizers), M its messages. A message of b bytes takes 2 log2(N) a + 2 (N - 1) / N b / w, with latency a and bandwidth w
(Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH", 2005). Here a and w
are fitted to the messages of two presets, and the rest are predicted and measured. Writes docs/many-machines.md between its
markers. Needs Open MPI and an idle machine: make scale-ranks.
"""

import argparse
import datetime
import json
import math
import os
import re
import statistics
import subprocess

import figures

PAGE = figures.ROOT / "docs/many-machines.md"
STEPS = {"mlp": 300, "dense": 80, "conv-discriminator": 25, "all-conv": 20,
         "dcgan": 12, "flagship": 200}
FITTED = ("mlp", "dcgan")
# Latency in seconds and bytes a second of one process, as such networks
# usually reach with MPI.
NETWORKS = {"10 Gb Ethernet": (25e-6, 1.1e9), "25 Gb Ethernet": (15e-6, 2.8e9),
            "100 Gb InfiniBand": (2e-6, 11e9)}
RANKS = (2, 4, 8, 16, 64, 256, 1000)
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1",
               "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
# One core each. A single process is bound in the same way.
TWO = ["mpirun.openmpi", "-n", "2", "--bind-to", "core"]
ONE = ["taskset", "-c", "0"]


def bench(launcher, preset, *options):
    command = [*launcher, figures.GANYMEDE, "bench", "--preset", preset,
               "--steps", STEPS[preset], *options]
    return subprocess.run(list(map(str, command)), check=True, text=True,
                          capture_output=True, env=ENVIRONMENT).stdout


def step(launcher, preset, *options):
    text = bench(launcher, preset, "--json", *options)
    line = [x for x in text.splitlines() if x.startswith("{")][-1]
    return json.loads(line)["median_ms"]


def profile(launcher, preset):
    """(milliseconds, kernel, node) of every kernel."""
    rows = []
    for line in bench(launcher, preset, "--profile").splitlines():
        found = re.match(r"\s*([\d.]+)\s+[\d.]+%.*?(\S+)\s+(%\S+ = .*)", line)
        if found:
            rows.append((float(found[1]), found[2], found[3]))
    return rows


def size(node):
    """Bytes of an all-reduce, from the types of its results."""
    shapes = re.findall(r"f32\[([\d,]*)\]", node.partition(" : ")[2])
    return 4 * sum(math.prod(int(x) for x in s.split(",") if x)
                   for s in shapes)


def messages(rows):
    return [(size(node), ms / 1000) for ms, kernel, node in rows
            if kernel == "ganymede:allReduce"]


def fit(points):
    """Latency and bandwidth by least squares of relative errors, N = 2."""
    best = None
    for a in (x * 1e-7 for x in range(1, 1000, 2)):
        for w in (x * 1e8 for x in range(2, 200)):
            error = sum((math.log((2 * a + b / w) / t)) ** 2 for b, t in points)
            if best is None or error < best[0]:
                best = (error, a, w)
    return best[1:]


def cost(sizes, ranks, latency, bandwidth):
    """Seconds of a step's messages."""
    return sum(2 * math.log2(ranks) * latency
               + 2 * (ranks - 1) / ranks * b / bandwidth for b in sizes)


def measure(rounds):
    found = {}
    for preset in STEPS:
        times = [(step(ONE, preset, "--threads", "1"), step(TWO, preset),
                  step([], preset, "--threads", "2")) for _ in range(rounds)]
        one, two, threads = (statistics.median(x) for x in zip(*times))
        rows = profile(ONE, preset)
        shared = sum(ms for ms, kernel, _ in rows if kernel == "ganymede:adam")
        sent = messages(profile(TWO, preset))
        found[preset] = {"one": one, "two": two, "threads": threads,
                         "shared": shared, "messages": sent}
        print(preset, {k: v for k, v in found[preset].items()
                       if k != "messages"}, len(sent),
              sum(t for _, t in sent) * 1000, flush=True)
    return found


def page(found):
    latency, bandwidth = fit([x for p in FITTED for x in found[p]["messages"]])
    rows, predicted = [], []
    for preset, x in found.items():
        sizes = [b for b, _ in x["messages"]]
        waited = sum(t for _, t in x["messages"]) * 1000

        def time(ranks, network):
            return ((x["one"] - x["shared"]) / ranks + x["shared"]
                    + cost(sizes, ranks, *network) * 1000)
        rows.append([
            f"`{preset}`", f"{x['one']:.2f}", f"{x['threads']:.2f}",
            f"{x['two']:.2f}", f"{time(2, (latency, bandwidth)):.2f}",
            f"{x['two'] / x['threads']:.2f}", f"{len(sizes)}",
            f"{sum(sizes) / 1e6:.1f}", f"{waited / x['two'] * 100:.1f} %"])
        for name, network in NETWORKS.items():
            predicted.append(
                [f"`{preset}`", name]
                + [f"{x['one'] / time(n, network):.1f}" for n in RANKS])
    return "\n\n".join([
        f"Measured on {datetime.date.today()}: {figures.machine()}; "
        f"{figures.version()}; {mpi()}. Milliseconds a step, medians. A rank has a core of its own.",
        figures.table(["preset", "one rank, one thread", "two threads",
                       "two ranks", "two ranks, predicted",
                       "two ranks to two threads", "messages a step",
                       "MB a step", "messages and waiting"], rows),
        f"Within this machine a message's latency is {latency * 1e6:.1f} µs and the bandwidth {bandwidth / 1e9:.1f} GB/s, fitted to "
        f"the messages of {' and '.join(f'`{x}`' for x in FITTED)}.",
        "How many times as fast as one core, predicted for N ranks of one core each that share the preset's batch:",
        figures.table(["preset", "network", *(f"N = {n:,}" for n in RANKS)],
                      predicted)])


def mpi():
    text = subprocess.run(["mpirun.openmpi", "--version"], text=True,
                          capture_output=True, check=True).stdout
    return "Open MPI " + re.search(r"[\d.]{3,}", text)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    figures.between(PAGE, "ranks", page(measure(args.rounds)))


if __name__ == "__main__":
    main()
