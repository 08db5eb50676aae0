"""Shared by the benchmarks: commands, the machine, the page, the figures."""

import hashlib
import json
import os
import pathlib
import platform
import re
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
GANYMEDE = ROOT / ".build/release/ganymede"
PEERS = ROOT / "Benchmarks/peers"
PAGE, FIGURES = ROOT / "docs/benchmarks.md", ROOT / "docs/benchmarks.json"


def run(command, limit, **environment):
    """The last JSON line that a command prints, or None and the reason."""
    process = subprocess.Popen(
        list(map(str, command)), text=True,
        # Not a session of its own: Linux shares processors between sessions,
        # and a busy process beside would get half of the machine.
        process_group=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **environment})
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        errors = stop(process)
        if "first step after" in errors:
            return None, f"steps too long to measure some in {limit:.0f} s"
        return None, f"no first step in {limit:.0f} s: it was still compiling"
    except BaseException:
        stop(process)
        raise
    lines = [x for x in output.splitlines() if x.startswith("{")]
    if lines and process.returncode == 0:
        return json.loads(lines[-1]), None
    reason = (errors.strip().splitlines() or ["no output"])[-1]
    reason = re.sub(r"(?<![\w.])/[\w./+-]+", "(path)", reason)
    return None, reason.removeprefix("ganymede: ")[:300]


def stop(process):
    """Kills a command and its children (compilers); returns its stderr."""
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()[1]


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    names = re.findall(r"model name\s*:\s*(.*)", text)
    found = [x for x in ("avx512_bf16", "amx_bf16") if x in text]
    flags = " and ".join(found) or "no avx512_bf16"
    name = names[0] if names else platform.machine()
    return f"{name}, {len(names)} processors, {flags}"


def version(**environment):
    done = subprocess.run([GANYMEDE, "--version"], capture_output=True,
                          text=True, check=True,
                          env={**os.environ, **environment})
    return done.stdout.strip()


def digest(run, whole=False):
    """The start of the SHA-256 of the last checkpoint's weights, statistics
    and optimizer state, as `ganymede verify RUN` prints it."""
    newest = max((pathlib.Path(run) / "checkpoints").glob("step-*.safetensors"))
    content = newest.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    total = hashlib.sha256()
    for name in sorted(header):
        if name != "__metadata__" and not name.startswith("health."):
            start, end = header[name]["data_offsets"]
            total.update(content[8 + length + start:8 + length + end])
    return total.hexdigest()[:None if whole else 16]


def known():
    """The figures so far."""
    return json.loads(FIGURES.read_text()) if FIGURES.exists() else {}


def write(section, figures, marker, text):
    """Replaces a section of the figures, and the page between its markers.

    Each file is replaced atomically: an interruption leaves it old or new.
    """
    everything = {**known(), section: figures}
    replace(FIGURES, json.dumps(everything, indent=1) + "\n")
    between(PAGE, marker, text)


def between(page, marker, text):
    """Replaces the text of a page between a pair of markers."""
    start, end = f"<!-- {marker} -->", f"<!-- end of {marker} -->"
    before, found, rest = page.read_text().partition(start)
    if not found:
        before, rest = before.rstrip() + "\n\n", end + "\n"
    after = rest.partition(end)[2]
    replace(page, f"{before}{start}\n{text}\n{end}{after}")


def replace(path, text):
    other = path.with_suffix(".new")
    other.write_text(text)
    other.replace(path)


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
