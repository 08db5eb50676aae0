"""Cold start: time and memory to a picture of 64 digits of the mlp preset.

Ours, Keras and PyTorch in turns load the generator of one checkpoint in a new
process and write a PNG. Files are in the system's cache.
"""

import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import figures

ROUNDS = 7


def spent(command):
    """Wall-clock seconds and peak MiB of a process."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(list(map(str, command)), stderr=errors,
                                   stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            raise SystemExit(errors.read().decode(errors="replace"))
    return seconds, usage.ru_maxrss / 1024


def contenders(folder):
    run, python = folder / "run", sys.executable
    checkpoint = run / "checkpoints/step-000001.safetensors"
    return {"ganymede": [figures.GANYMEDE, "generate", run, "--seeds", "0-63",
                         "-o", folder / "ganymede.png"],
            **{name: [python, figures.PEERS / f"cold_{name}.py", checkpoint,
                      folder / f"{name}.png"] for name in ("keras", "torch")}}


def measure():
    """Measures, and writes the section of the figures and of the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([figures.GANYMEDE, "train", "--preset", "mlp",
                        "--steps", "1", "--quiet", "--out", folder / "run"],
                       check=True)
        commands = contenders(folder)
        found = {peer: [] for peer in commands}
        for turn in range(ROUNDS + 1):
            for peer, command in commands.items():
                taken = spent(command)
                print(f"cold {peer}  {taken[0]:.3f} s", flush=True)
                if turn:  # The first round fills the system's cache.
                    found[peer].append(taken)
    rows = {peer: {"seconds": statistics.median(x[0] for x in taken),
                   "fastest_s": min(x[0] for x in taken),
                   "slowest_s": max(x[0] for x in taken),
                   "peak_rss_mib": statistics.median(x[1] for x in taken)}
            for peer, taken in found.items()}
    result = {"date": str(datetime.date.today()),
              "machine": figures.machine(), "version": figures.version(),
              "runs": ROUNDS, "rows": rows}
    figures.write("cold_start", result, "cold start", page(result))


def page(result):
    rows = result["rows"]
    ours = rows["ganymede"]
    lines = [[peer, f"{x['seconds']:.3f} ({x['fastest_s']:.3f} to "
              f"{x['slowest_s']:.3f})",
              f"{x['seconds'] / ours['seconds']:.1f}",
              f"{x['peak_rss_mib']:.0f}",
              f"{x['peak_rss_mib'] / ours['peak_rss_mib']:.1f}"]
             for peer, x in rows.items()]
    return (f"Measured on {result['date']}: {result['machine']}; medians of "
            f"{result['runs']} processes each, in turns.\n\n"
            + figures.table(["64 digits of `mlp`", "seconds", "to ours",
                             "peak memory, MiB", "to ours"], lines))


if __name__ == "__main__":
    measure()
