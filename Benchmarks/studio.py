"""What an open page of the studio costs the run that it shows.

One run trains; for some seconds at a time a page is open, then it is closed.
The rate is that of the journal's own clock, which counts the time of steps
and not of pictures and checkpoints. Where other work makes rates vary by more
than a page costs, the processors' time tells more: that of the browser and of
the run's threads that do not train, as a share of all processors. `page`:
Chromium on the same machine, at the top of the page. `stream`: the server's
part alone. Needs Chromium and Selenium: `make test-studio` installs both, and
.build/browser/bin/python runs this.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile
import time

import figures


def page(address):
    """A browser that shows the page; returns what closes it."""
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(flag)
    driver = webdriver.Chrome(
        options=options,
        service=webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.get(address)
    return driver.quit


def stream(address):
    """A client that reads the stream of events alone."""
    process = subprocess.Popen(["curl", "-sN", address + "events"],
                               stdout=subprocess.DEVNULL)
    return process.terminate


def rate(journal, seconds):
    """Steps a second of training by the run's clock, over some seconds from now on."""
    def last():
        text = journal.read_bytes()
        line = json.loads(text[:text.rindex(b"\n")].rsplit(b"\n", 1)[-1])
        return line["step"], line["seconds"]
    first = last()
    time.sleep(seconds)
    then = last()
    return (then[0] - first[0]) / (then[1] - first[1])


def processor_seconds(run):
    """Of the browser, and of the run's threads besides the team."""
    def seconds(folder):
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    threads = sorted((seconds(task) for task in pathlib.Path(f"/proc/{run.pid}/task").iterdir()), reverse=True)
    total = sum(threads[os.cpu_count():])
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if b"chromium" in (process / "cmdline").read_bytes():
                total += seconds(process)
        except OSError:  # It has ended.
            pass
    return total


def measure(preset, viewer, args):
    """The rates with a page, each as a share of those without before and after it, and the processors' time."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        command = [figures.GANYMEDE, "train", "--preset", preset, "--steps",
                   "10000000", "--metrics-every", "0", "--set",
                   "health_every=0", "--studio", "--no-open", "--port", "0",
                   "--out", "run"]
        with open(log, "wb") as output:
            run = subprocess.Popen(command, cwd=folder, stdout=output,
                                   stderr=subprocess.STDOUT)
        try:
            while not (found := re.search(r"^Studio: (\S+/)$", log.read_text(),
                                          re.MULTILINE)):
                time.sleep(0.1)
            journal = pathlib.Path(folder) / "run" / "journal.jsonl"
            time.sleep(args.seconds)
            without, beside, busy = [], [], []
            for _ in range(args.rounds):
                without.append(rate(journal, args.seconds))
                close = viewer(found[1])
                time.sleep(4)
                start, before = time.monotonic(), processor_seconds(run)
                beside.append(rate(journal, args.seconds))
                busy.append((processor_seconds(run) - before) / (time.monotonic() - start) / os.cpu_count())
                close()
                time.sleep(1)
            without.append(rate(journal, args.seconds))
        finally:
            run.send_signal(signal.SIGINT)
            run.wait()
    return [2 * b / (x + y) for b, x, y in zip(beside, without, without[1:])], busy


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", default=["dcgan", "flagship"])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    for preset in args.presets:
        for viewer in (stream, page):
            shares, busy = measure(preset, viewer, args)
            print(f"{preset}, {viewer.__name__}: steps a second "
                  f"{statistics.median(shares):.3f} times those without "
                  f"({min(shares):.3f} to {max(shares):.3f}; {len(shares)}), "
                  f"{100 * statistics.median(busy):.1f} % of the processors' time",
                  flush=True)


if __name__ == "__main__":
    main()
