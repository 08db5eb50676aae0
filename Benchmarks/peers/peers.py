"""Times one training step of a preset in another framework, on CPU.

A step is what a step of `ganymede bench` is: a batch gathered and scaled
from bytes, a round of the preset's schedule, both losses read back.
README.md has the commands and says what each peer is.
"""

import argparse
import importlib
import json
import math
import os
import resource
import sys
import time

import numpy as np

from systems import IMAGE, SYSTEMS

MODULES = {"torch": "torch_peer", "torch-channels-last": "torch_peer",
           "torch-compile": "torch_peer", "tf-graph": "tf_peer",
           "tf-xla": "tf_peer", "jax": "jax_peer", "keras": "keras_peer"}


def limit_threads(threads):
    """Keep to `threads` CPUs; frameworks look when they are imported.

    One task at a time runs on them all: inter-op pools get one thread.
    """
    if hasattr(os, "sched_setaffinity"):  # What bounds XLA's thread pool.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "PJRT_NPROC",
                 "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(threads)
    os.environ.update(TF_NUM_INTEROP_THREADS="1", CUDA_VISIBLE_DEVICES="",
                      JAX_PLATFORMS="cpu", KERAS_BACKEND="tensorflow",
                      TF_CPP_MIN_LOG_LEVEL="3")


def random_data(system):
    """As many images as MNIST's, and labels if the preset takes them."""
    data = np.random.randint(0, 256, (60_000, *IMAGE), np.uint8)
    labels = [np.random.randint(0, system.classes, len(data), np.int32)
              for _ in range(bool(system.classes))]
    return data, *labels


def batches(system, size, data, *labels):
    """Batches without end, in shuffled epochs, scaled as the preset does.

    Each is a tuple: of the images, and of labels if the preset takes them.
    """
    while True:
        order = np.random.permutation(len(data))
        for start in range(0, len(data) - size + 1, size):
            picked = order[start:start + size]
            images = data[picked]
            if system.unit_pixels:
                images = images / np.float32(255)
            else:
                images = images / np.float32(127.5) - np.float32(1)
            yield images, *(x[picked] for x in labels)


def timed(step, images):
    """Milliseconds of one step, its batch included."""
    start = time.perf_counter()
    losses = step(*next(images))
    taken = (time.perf_counter() - start) * 1000
    assert all(map(math.isfinite, losses)), losses
    return taken, losses


def several(step, images, steps, seconds, least):
    """Steps' times and losses: `steps` of them, or what `seconds` allow."""
    end, found = time.perf_counter() + seconds, []
    while len(found) < least or (
            len(found) < steps and time.perf_counter() < end):
        found.append(timed(step, images))
    return zip(*found)


def measure(step, images, args):
    """Steps' times in order of length, the last losses, the first's time.

    A budget of seconds also bounds the warm-up, but for its first steps:
    frameworks compile in these.
    """
    first, _ = timed(step, images)
    print(f"first step after {first / 1000:.1f} s", file=sys.stderr,
          flush=True)
    several(step, images, args.warmup, args.seconds / 4, 2)
    times, losses = several(step, images, args.steps, args.seconds, 3)
    return sorted(times), losses[-1], first


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", required=True, choices=SYSTEMS)
    parser.add_argument("--peer", required=True, choices=MODULES)
    parser.add_argument("--batch", type=int, help="default: the preset's, "
                        "for dcgan 128")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=math.inf, help=
                        "stop with the steps that so many seconds allow")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if min(args.steps, args.threads) < 1 or args.warmup < 5:
        parser.error("at least one step, one thread and 5 steps of warm-up")
    return args


def skipped(system, peer):
    """Why there is nothing to time, if so."""
    if peer == "torch-channels-last" and not system.convolutional:
        return "no convolutions: the same as torch"
    if peer == "keras" and system.schedule == "simultaneous":
        return ("train_on_batch cannot update both networks from one pass: "
                "that step is tf-graph's")


def main():
    """Time the peer that the command line names."""
    args = arguments()
    system = SYSTEMS[args.preset]
    if reason := skipped(system, args.peer):
        print(f"{args.preset} {args.peer} skipped: {reason}",
              file=sys.stderr)
        return
    batch = args.batch or system.batch
    limit_threads(args.threads)
    version, step = importlib.import_module(MODULES[args.peer]).make(
        system, args.peer, batch, args.threads, args.precision == "bf16")
    times, losses, first = measure(
        step, batches(system, batch, *random_data(system)), args)
    median = times[len(times) // 2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "preset": args.preset, "peer": args.peer,
        "precision": args.precision, "batch": batch,
        "threads": args.threads, "steps": len(times),
        "median_ms": round(median, 4), "min_ms": round(times[0], 4),
        "mean_ms": round(sum(times) / len(times), 4),
        "p95_ms": round(times[int(len(times) * 0.95)], 4),
        "images_per_second": round(batch / median * 1000, 1),
        "peak_rss_mib": round(peak, 1), "first_step_ms": round(first, 1),
        "version": version,
        "losses": [round(float(loss), 4) for loss in losses]}
    if args.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{k:>18} {v}" for k, v in result.items()))


if __name__ == "__main__":
    main()
