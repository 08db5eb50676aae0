"""Seconds to quality: the recipe of the flagship, trained by Ganymede and by PyTorch, the same on the same machine.

Benchmarks/peers/venv/bin/python Benchmarks/seconds.py [--seed 0] [--modes torch-compile/bf16 ...] [--write]
Both train on the embedded MNIST with the same networks, penalty, updates, schedule and average of weights. Both clocks
count training steps alone: starting, compiling, samples and evaluation are left out. At the same steps 10,000 samples of
the averaged weights, with the same shares of classes, are measured by `ganymede evaluate`. Without --modes, all modes of
PyTorch are timed, and the fastest of each precision trains. Runs and evaluations that are there already are kept. --write
puts the table into README.md. Some ten minutes on two idle cores.
"""

import argparse
import datetime
import json
import multiprocessing
import pathlib
import subprocess
import sys
import time

import figures

sys.path.append(str(figures.PEERS))

STEPS, SAMPLES = 7_000, 10_000
METRICS = ("fid", "score", "precision", "recall", "coverage")
PEERS = ("torch", "torch-channels-last", "torch-compile")
# What is to be reached, by metric: (at least | at most, value).
GOALS = {"fid at most 10": {"fid": (-1, 10)}, "fid at most 4": {"fid": (-1, 4)}, "fid at most 1": {"fid": (-1, 1)},
         "fid at most 4, score at least 9.6, precision 0.8, coverage 0.65":
             {"fid": (-1, 4), "score": (1, 9.6), "precision": (1, 0.8), "coverage": (1, 0.65)}}


def fastest(arguments):
    """PyTorch's fastest mode in each precision, by the steps that `make race` times."""
    for precision in ("f32", "bf16"):
        times = {}
        for peer in PEERS:
            result, reason = figures.run(
                [sys.executable, figures.PEERS / "peers.py", "--preset", "flagship", "--peer", peer, "--precision",
                 precision, "--threads", arguments.threads, "--steps", 10**6, "--warmup", 10**6, "--seconds", 5,
                 "--json"], 300)
            print(f"{peer}/{precision}:", f"{result['median_ms']:.2f} ms a step" if result else reason, flush=True)
            if result:
                times[f"{peer}/{precision}"] = result["median_ms"]
        if times:
            yield min(times, key=times.get)


def ganymede(folder, arguments):
    """Trains with Ganymede. Returns the seconds and the checkpoint of each measured step."""
    if not (folder / "report.html").exists():
        subprocess.run([arguments.ganymede, "train", "--preset", "flagship", "--seed", str(arguments.seed), "--steps",
                        str(arguments.steps), "--threads", str(arguments.threads), "--metrics-every", "0",
                        "--checkpoint-every", str(arguments.every), "--quiet", "--out", str(folder)], check=True)
    lines = map(json.loads, (folder / "journal.jsonl").read_text().splitlines())
    seconds = {line["step"]: line["seconds"] for line in lines}
    return {step: (seconds[step], folder / "checkpoints" / f"step-{step:06}.safetensors")
            for step in measured(arguments)}


def measured(arguments):
    return [step for step in range(1, arguments.steps + 1) if step % arguments.every == 0 or step == arguments.steps]


def pytorch(mode, folder, arguments):
    """Trains with PyTorch, in a process of its own. Returns the seconds and the samples of each measured step."""
    path = folder / "seconds.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        process = multiprocessing.get_context("spawn").Process(target=train, args=(mode, folder, arguments))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(f"{mode} ended with {process.exitcode}")
    seconds = json.loads(path.read_text())["seconds"]
    return {step: (seconds[str(step)], folder / f"step-{step:06}.npy") for step in measured(arguments)}


def train(mode, folder, arguments):
    """The whole recipe in PyTorch: 7,000 steps of 64, the learning rate falling to 0 in the second half."""
    import peers
    peers.limit_threads(arguments.threads)  # Before PyTorch is imported.
    import numpy
    import torch

    import outside
    import systems
    import torch_peer

    numpy.random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)
    system = systems.SYSTEMS["flagship"]
    peer, precision = mode.split("/")
    built = torch_peer.build(system, peer, system.batch, arguments.threads, precision == "bf16")
    images = outside.idx("train-images-idx3", 16, systems.IMAGE).numpy()
    labels = outside.idx("train-labels-idx1", 8, ()).numpy().astype(numpy.int32)
    batches = peers.batches(system, system.batch, images, labels)

    start = time.perf_counter()
    built.prepare(*next(batches))
    preparation = time.perf_counter() - start

    # The same noise and classes at each measured step. The classes come as often as in the data, as in an evaluation of
    # a run: see Sampler.classOf.
    noise = torch.randn(SAMPLES, *system.noise, generator=torch.Generator().manual_seed(0))
    ends = numpy.cumsum(numpy.bincount(labels) / len(labels))
    classes = numpy.searchsorted(ends, numpy.arange(SAMPLES) * 0.6180339887498949 % 1, "right").clip(0, 9)

    @torch.no_grad()
    def samples():
        network = built.average.averaged_network()
        made = torch.cat([network(z, c) for z, c in zip(noise.split(500), torch.from_numpy(classes).split(500))])
        return ((made + 1) * 127.5).round().clamp(0, 255).byte().reshape(-1, *systems.IMAGE).numpy()

    rate, begin = system.optimizers[0].rate, round(arguments.steps / 2)
    clock, seconds, wanted = 0.0, {}, set(measured(arguments))
    for step in range(arguments.steps):
        start = time.perf_counter()
        built.set_rate(rate * min(1, (arguments.steps - step) / (arguments.steps - begin)))
        losses = built.step(*next(batches))
        clock += time.perf_counter() - start
        if not numpy.isfinite(losses).all():
            sys.exit(f"step {step + 1}: the losses are {losses}")
        if step + 1 in wanted:
            seconds[step + 1] = round(clock, 3)
            numpy.save(folder / f"step-{step + 1:06}.npy", samples())
            print(f"{mode} step {step + 1}: {clock:.1f} s, losses {losses[0]:.3f} {losses[1]:.3f}", flush=True)
    record = dict(version=torch.__version__, preparation=round(preparation, 1), seconds=seconds)
    (folder / "seconds.json").write_text(json.dumps(record, indent=1))


def evaluate(arguments, source):
    text = subprocess.run([arguments.ganymede, "evaluate", str(source), "--data", "mnist", "--samples",
                           str(SAMPLES), "--sets", "1", "--threads", str(arguments.threads), "--metrics",
                           ",".join(METRICS), "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = json.loads(text)["metrics"]
    return {name: found[name]["value"] for name in METRICS}


def reached(rows, goals):
    """Seconds of the first measured step that meets all goals; None if there is none."""
    return next((row["seconds"] for _, row in sorted(rows.items(), key=lambda pair: int(pair[0]))
                 if all(sign * row[name] >= sign * bound for name, (sign, bound) in goals.items())), None)


def table(results):
    """When each goal was reached, and how many times as long PyTorch's fastest takes."""
    rows, shown = [], lambda x: "not reached" if x is None else f"{x:.1f}"
    for name, goals in GOALS.items():
        ours, *theirs = [reached(run, goals) for run in results["runs"].values()]
        known = [x for x in theirs if x is not None]
        ratio = f"**{min(known) / ours:.1f}**" if known and ours else ""
        rows.append([name, shown(ours), *map(shown, theirs), ratio])
    names = [f"PyTorch, `{name}`" for name in results["runs"] if name != "ganymede"]
    return figures.table(["reached", "Ganymede, s", *(f"{name}, s" for name in names), "ratio to the fastest"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ganymede", default=str(figures.GANYMEDE))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS, help="fewer are for a trial")
    parser.add_argument("--every", type=int, default=500, help="steps between measurements")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--modes", nargs="+", choices=[f"{x}/{y}" for x in PEERS for y in ("f32", "bf16")],
                        help="PyTorch's (default: the fastest of each precision)")
    parser.add_argument("--work", type=pathlib.Path, default=figures.ROOT / "runs" / "seconds")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    suffix = f"{arguments.steps}-{arguments.every}-{arguments.seed}"
    path = arguments.work / f"results-{suffix}.json"
    results = json.loads(path.read_text()) if path.exists() else dict(runs={})
    modes = arguments.modes or results.get("fastest") or list(fastest(arguments))
    if not arguments.modes:
        results["fastest"] = modes
    for name in ("ganymede", *modes):
        folder = arguments.work / f"{name.replace('/', '-')}-{suffix}"
        found = ganymede(folder, arguments) if name == "ganymede" else pytorch(name, folder, arguments)
        rows = results["runs"].setdefault(name, {})
        for step, (seconds, source) in found.items():
            if str(step) not in rows:
                rows[str(step)] = dict(seconds=seconds, **evaluate(arguments, source))
                path.write_text(json.dumps(results, indent=1))
            print(f"{name:24} step {step:6}", *(f"{k} {v:.4g}" for k, v in rows[str(step)].items()), flush=True)
    results.update(date=str(datetime.date.today()), machine=figures.machine(), threads=arguments.threads,
                   seed=arguments.seed,
                   reached={name: {run: reached(rows, goals) for run, rows in results["runs"].items()}
                            for name, goals in GOALS.items()})
    path.write_text(json.dumps(results, indent=1))
    print(table(results))
    if arguments.write:
        figures.between(figures.ROOT / "README.md", "seconds", caption(results, arguments) + table(results))


def caption(results, arguments):
    return (f"Seconds of training until a measurement, each {arguments.every} steps, first meets the goal: "
            f"seed {results['seed']}, {results['machine']}, {results['threads']} threads, {results['date']}. Starting, "
            "compiling and the measurements are not counted.\n\n")


if __name__ == "__main__":
    main()
