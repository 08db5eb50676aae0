"""Trains recipes side by side on one CUDA device and appends a line of JSON for each to a file.

python3 search.py RECIPES.json RESULTS.jsonl --slots 8 --seconds 300
RECIPES.json is a list of objects with the fields of `Recipe`; the others keep their defaults.
"""

import argparse
import dataclasses
import json
import time

import torch

from recipe import Evaluator, Metrics, Recipe, Training, mnist, stacked


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recipes")
    parser.add_argument("results")
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--part", default="0/1", help="i/n: every n-th recipe from the i-th")
    arguments = parser.parse_args()
    start = time.time()
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    device = torch.device("cuda")
    images, labels = mnist(device)
    evaluator = Evaluator(device)
    metrics = Metrics(evaluator, images)
    part, parts = map(int, arguments.part.split("/"))
    waiting = json.load(open(arguments.recipes))[part::parts]
    waiting = [Recipe(**{k: tuple(v) if isinstance(v, list) else v for k, v in r.items()}) for r in waiting]
    running = []
    out = open(arguments.results, "a")
    rounds = 0
    while (waiting or running) and time.time() - start < arguments.seconds:
        while waiting and len(running) < arguments.slots:
            torch.cuda.synchronize()
            training = Training(waiting.pop(0), images, labels)
            training.capture()
            training.done = 4
            running.append(training)
        for training in running:
            training.launch()
            training.done += 1
        rounds += 1
        if rounds % 20 == 0:
            torch.cuda.synchronize()
        for training in [t for t in running if t.done >= t.r.steps]:
            torch.cuda.synchronize()
            running.remove(training)
            if training.r.data == "stacked-mnist":
                found = stacked(evaluator, training.samples(26000))
            else:
                found = metrics(training.samples(10000))
            record = dict(found, seconds=round(time.time() - start, 1), **dataclasses.asdict(training.r))
            out.write(json.dumps(record) + "\n")
            out.flush()
            del training
    print("rounds", rounds, "seconds", time.time() - start, "left", len(waiting) + len(running))


main()
