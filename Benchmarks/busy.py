"""Steps beside a process that never sleeps: two threads against one, in turns.

Prints the median of the ratios of each preset. On more than two processors
bind it to two of them: taskset -c 0,1 python3 Benchmarks/busy.py
"""

import argparse
import json
import statistics
import subprocess
import sys

import figures

STEPS = {"mlp": 300, "dense": 60, "dcgan": 10}


def milliseconds(preset, threads):
    command = [figures.GANYMEDE, "bench", "--preset", preset, "--steps",
               str(STEPS[preset]), "--threads", str(threads), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["median_ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="*", default=list(STEPS),
                        choices=list(STEPS))
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        for preset in args.presets:
            pairs = [(milliseconds(preset, 1), milliseconds(preset, 2))
                     for _ in range(args.rounds)]
            one, two = (statistics.median(x) for x in zip(*pairs))
            ratios = [y / x for x, y in pairs]
            print(f"{preset}: one thread {one:.2f} ms, two {two:.2f} ms, "
                  f"ratio {statistics.median(ratios):.2f} "
                  f"({min(ratios):.2f} to {max(ratios):.2f})", flush=True)
    finally:
        busy.kill()


if __name__ == "__main__":
    main()
