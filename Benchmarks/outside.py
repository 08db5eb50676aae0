"""A classifier of digits that is not Ganymede's: a small convolutional network in PyTorch, trained once on MNIST."""

import gzip
import pathlib

import numpy
import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[1]
MNIST = ROOT / "Sources" / "CResources" / "mnist"
WEIGHTS = ROOT / "runs" / "outside.pt"


def idx(name, header, size):
    raw = gzip.decompress((MNIST / f"{name}-ubyte.gz").read_bytes())[header:]
    return torch.tensor(numpy.frombuffer(raw, numpy.uint8).reshape(-1, *size).copy())


def network():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Linear(128, 10))


def trained():
    model = network()
    if WEIGHTS.exists():
        model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
        return model.eval()
    torch.manual_seed(0)
    images = idx("train-images-idx3", 16, (1, 28, 28)).float() / 255
    labels = idx("train-labels-idx1", 8, ()).long()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for epoch in range(4):
        for part in torch.randperm(len(images)).split(128):
            loss = nn.functional.cross_entropy(model(images[part]), labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    WEIGHTS.parent.mkdir(exist_ok=True)
    torch.save(model.state_dict(), WEIGHTS)
    test, truth = idx("t10k-images-idx3", 16, (1, 28, 28)).float() / 255, idx("t10k-labels-idx1", 8, ()).long()
    with torch.no_grad():
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in zip(test.split(500), truth.split(500)))
    print(f"another classifier: {right / len(test):.4f} of the test images")
    return model


def accuracy(path):
    """The share of samples of the seeds 0, 1, ... that are of their class, which is the seed's last digit."""
    images = torch.tensor(numpy.load(path)).reshape(-1, 1, 28, 28).float() / 255
    model = trained()
    with torch.no_grad():
        found = torch.cat([model(x).argmax(1) for x in images.split(500)])
    return float((found == torch.arange(len(found)) % 10).float().mean())
