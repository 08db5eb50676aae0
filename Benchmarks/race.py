"""Runs presets here and in the other frameworks, in turns.

Every measurement is written to docs/benchmarks.json at once, and replaces an
earlier race of the preset under the same conditions. tables.py makes
docs/benchmarks.md from it. Needs the frameworks: `make race` installs them.
"""

import argparse
import contextlib
import datetime
import functools
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile

import cold
import figures
import tables

sys.path.append(str(figures.PEERS))

from peers import skipped  # noqa: E402
from systems import SYSTEMS  # noqa: E402

BATCH = {"mlp": 32, "dense": 128, "dcgan": 128, "conv-discriminator": 128,
         "all-conv": 128, "forger": 128, "flagship": 64}
DEFAULT = [x for x in BATCH if x != "forger"]
PEERS = ("jax", "tf-graph", "tf-xla", "torch", "torch-channels-last",
         "torch-compile", "keras")
# How every library is told to use no more than AVX2. Not all of XLA listens:
# see avx2_only.
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
# Peers within this factor of the best one run in the later rounds, too.
CLOSE = 1.1


class Race:
    """One preset's measurements."""

    def __init__(self, preset, args, condition, busy):
        if "amx" in figures.machine():
            condition = tables.WITH_AMX.get(condition, condition)
        self.preset, self.args, self.condition = preset, args, condition
        self.busy = busy  # The process beside, or None.
        self.environment = avx2_only() if condition == "avx2" else {}
        # bf16 needs AVX-512.
        fits = (condition != "avx2"
                and not figures.machine().endswith("no avx512_bf16"))
        self.precisions = [x for x in args.precisions if x == "f32" or fits]
        self.runs, self.missing, self.steps = [], [], {}
        self.alone, self.turns = {x: [] for x in self.precisions}, 0

    def command(self, peer, precision):
        options = ["--preset", self.preset, "--batch", BATCH[self.preset],
                   "--threads", self.args.threads, "--precision", precision,
                   "--json"]
        if peer == "ganymede":  # Its warm-up is a tenth of its steps.
            steps = self.steps.get(precision, 5)
            return [figures.GANYMEDE, "bench", *options, "--steps", steps]
        seconds = self.args.seconds
        return [sys.executable, figures.PEERS / "peers.py", "--peer", peer,
                *options, "--steps", 1_000_000, "--warmup", 1_000_000,
                "--seconds", seconds]

    def measure(self, peer, precision):
        """Measures a peer; returns whether there is a figure."""
        if any((x["peer"], x["precision"]) == (peer, precision)
               for x in self.missing):
            return False
        if peer == "ganymede" and precision not in self.steps:
            found, _ = figures.run(self.command(peer, precision), 60,
                                   **self.environment)
            self.steps[precision] = self.fitting(found)
        print(f"{self.preset} {peer} {precision}", end="  ", flush=True)
        result, reason = figures.run(
            self.command(peer, precision),
            self.args.limit + 2 * self.args.seconds, **self.environment)
        if result is None:
            self.lack(peer, precision, reason)
        else:
            print(f"{result['median_ms']:.2f} ms", flush=True)
            self.runs.append({**result, "peer": peer, "precision": precision})
            if peer == "ganymede":
                self.steps[precision] = self.fitting(result)
        self.save()
        return result is not None

    def fitting(self, result):
        """The steps of ours that take half as long as a peer's measurement.

        Ours runs before every peer.
        """
        if result is None:
            return 5
        return max(int(self.args.seconds * 500 / result["median_ms"]), 5)

    def lack(self, peer, precision, reason):
        print(reason, flush=True)
        self.missing.append({"peer": peer, "precision": precision,
                             "reason": reason})

    def turn(self, rival):
        """Ours in each precision, then the rival."""
        if reason := skipped(SYSTEMS[self.preset], rival[0]):
            self.lack(*rival, reason)
            return False
        for precision in self.precisions:
            if self.busy and self.turns % 3 == 0:
                self.measure_alone(precision)
            self.measure("ganymede", precision)
        self.turns += 1
        return self.measure(*rival)

    def measure_alone(self, precision):
        """Ours while the process beside is stopped."""
        self.busy.send_signal(signal.SIGSTOP)
        try:
            found, _ = figures.run(self.command("ganymede", precision),
                                   self.args.limit, **self.environment)
        finally:
            self.busy.send_signal(signal.SIGCONT)
        if found:
            self.alone[precision].append(found["mean_ms"])

    def go(self):
        """A round of all peers, then rounds of those near the best."""
        rivals = [(peer, precision) for peer in self.args.peers
                  for precision in self.precisions]
        rivals = [rival for rival in rivals if self.turn(rival)]
        for _ in range(self.args.rounds - 1):
            for rival in self.leaders(rivals):
                self.turn(rival)

    def leaders(self, rivals):
        """The rivals near the best in f32, or near the best of all."""
        times = {rival: statistics.median(
            x["median_ms"] for x in self.runs
            if (x["peer"], x["precision"]) == rival) for rival in rivals}
        f32 = [times[rival] for rival in rivals if rival[1] == "f32"]
        return [rival for rival in rivals
                if times[rival] <= CLOSE * min(times.values())
                or rival[1] == "f32" and times[rival] <= CLOSE * min(f32)]

    def save(self):
        """Saves the race in place of an earlier one of the preset."""
        section = tables.SECTIONS[self.condition]
        races = figures.known().get(section, {})
        races[self.preset] = {
            "date": str(datetime.date.today()), "machine": figures.machine(),
            "version": figures.version(**self.environment),
            "threads": self.args.threads, "batch": BATCH[self.preset],
            "rows": tables.rows(self.runs, tables.TIMES[self.condition]),
            "missing": self.missing, "alone": self.alone,
            "runs": self.runs}
        races = {x: races[x] for x in BATCH if x in races}
        figures.write(section, races, tables.MARKERS[self.condition],
                      tables.page(races, self.condition))


@functools.cache
def avx2_only():
    """The environment of a process that sees no more than AVX2."""
    if "avx512f" not in pathlib.Path("/proc/cpuinfo").read_text():
        return AVX2
    library = pathlib.Path(tempfile.gettempdir(), "ganymede-avx2-only.so")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library,
                    figures.PEERS / "avx2_only.c"], check=True)
    return {**AVX2, "LD_PRELOAD": str(library)}


@contextlib.contextmanager
def neighbour(condition):
    """A process that never sleeps, if the condition is `busy`."""
    if condition != "busy":
        yield None
        return
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield busy
    finally:
        busy.kill()
        busy.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="*", default=DEFAULT,
                        choices=list(BATCH))
    parser.add_argument("--peers", nargs="+", default=PEERS, choices=PEERS)
    parser.add_argument("--precisions", nargs="+", default=["f32", "bf16"],
                        choices=["f32", "bf16"])
    parser.add_argument("--conditions", nargs="+", default=["idle"],
                        choices=["idle", "avx2", "busy"], help="idle; avx2: "
                        "without AVX-512; busy: beside a process that never "
                        "sleeps")
    parser.add_argument("--rounds", type=int, default=3, help="the first is "
                        "of all peers, the later of those near the best")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4,
                        help="how long a peer's measurement is, after its "
                        "warm-up; one of ours is half as long")
    parser.add_argument("--limit", type=float, default=180, help="seconds "
                        "after which a peer that still compiles is left out")
    parser.add_argument("--no-cold", action="store_true",
                        help="leave out the cold starts")
    args = parser.parse_args()
    for condition in args.conditions:
        with neighbour(condition) as busy:
            for preset in args.presets:
                Race(preset, args, condition, busy).go()
    if not args.no_cold:
        cold.measure()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped: what was measured is in docs/benchmarks.json.")
