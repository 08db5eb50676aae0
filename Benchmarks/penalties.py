"""What a step costs with each form of the R1 penalty, beside the same step without one, in turns.

python3 Benchmarks/penalties.py [--presets NAME ...] [--rounds 9] [--write]
The ratios are medians over the rounds; --write puts the table into docs/benchmarks.md.
"""

import argparse
import json
import statistics
import subprocess

import figures

FORMS = {
    "none": "regularizers=[]",
    "exact": 'regularizers=[{"kind":"r1","weight":1,"method":"exact"}]',
    "random direction": 'regularizers=[{"kind":"r1","weight":1,"method":"random"}]',
    "along the gradient": 'regularizers=[{"kind":"r1","weight":1,"method":"directional"}]',
}


def milliseconds(preset, form, steps):
    command = [figures.GANYMEDE, "bench", "--preset", preset, "--steps", str(steps), "--set", FORMS[form], "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["median_ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="*", default=["flagship", "stacked"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows = []
    for preset in arguments.presets:
        rounds = [{form: milliseconds(preset, form, arguments.steps) for form in FORMS}
                  for _ in range(arguments.rounds)]
        for form in FORMS:
            ratios = [each[form] / each["none"] for each in rounds]
            rows.append([preset, form, f"{statistics.median(each[form] for each in rounds):.2f}",
                         f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"])
            print(*rows[-1], sep=" | ", flush=True)
    if arguments.write:
        head = f"Measured with {figures.version()}: {figures.machine()}. Medians of {arguments.rounds} rounds.\n\n"
        figures.between(figures.PAGE, "penalties", head + figures.table(
            ["preset", "R1 penalty", "ms a step", "beside none", "all rounds"], rows))


if __name__ == "__main__":
    main()
