"""Write NAME-inputs.safetensors: initial tensors and what steps are fed."""

import math

import numpy as np

import common
from systems import STEPS

# The discriminator's passes with dropout in one step, in batches each.
PASSES = {
    "separate": {"real": 1, "fake": 1, "generator": 1},
    "concatenated": {"discriminator": 2, "generator": 1},
    "simultaneous": {"real": 1, "fake": 1},
}


def initial_tensor(rng, name, shape):
    """Return the initial value of the tensor called `name`.

    Nothing starts at its customary 0 or 1, so that a gamma, a bias or a
    moving statistic which is left out or taken twice shows in the results.
    """
    kind = name.split(".")[-1]
    if kind in ("weight", "class_weight"):  # Glorot uniform
        fans = math.prod(shape[:-2]) * (shape[-2] + shape[-1])
        limit = np.sqrt(6.0 / fans)
        return rng.uniform(-limit, limit, shape)
    centre, spread = {
        "bias": (0.0, 0.05),
        "beta": (0.0, 0.05),
        "gamma": (1.0, 0.1),
        "moving_mean": (0.0, 0.1),
        "moving_variance": (1.0, 0.1),
    }[kind]
    return rng.uniform(centre - spread, centre + spread, shape)


def blobs(rng, system):
    """Return images, with a grainy Gaussian blob in each channel."""
    side, _, channels = system.image
    rows, columns = np.mgrid[0:side, 0:side]
    images = []
    for _ in range(system.batch * channels):
        row, column = rng.uniform(side * 0.25, side * 0.625, 2)
        radius = rng.uniform(side * 0.125, side * 0.3125)
        distance = (rows - row) ** 2 + (columns - column) ** 2
        blob = np.exp(-distance / (2.0 * radius**2))
        grain = rng.uniform(-0.1, 0.1, blob.shape)
        images.append(np.clip(2.0 * blob - 1.0 + grain, -1.0, 1.0))
    images = np.stack(images).reshape(system.batch, channels, side, side)
    images = np.moveaxis(images, 1, -1)
    if system.image_minimum == 0.0:
        images = (images + 1.0) / 2.0
    return images


def points(rng, system):
    """Return a batch of points around the corners of a square."""
    corners = rng.choice([-0.5, 0.5], (system.batch, *system.image))
    return corners + rng.normal(0.0, 0.05, corners.shape)


def noise(rng, system):
    """Return a batch of the generator's input."""
    shape = (system.batch, *system.noise)
    if system.noise_distribution == "uniform":
        return rng.uniform(-1.0, 1.0, shape)
    return rng.standard_normal(shape)


def dropout_masks(rng, system, network, batches):
    """Return {layer: mask}; a mask is 1 to keep and 0 to drop."""
    masks = {}
    for placed in common.placed_layers(system, network):
        if placed.layer.kind == "dropout":
            shape = (batches * system.batch, *placed.output)
            kept = rng.random(shape) >= placed.layer.rate
            masks[placed.name] = kept.astype(np.float32)
    return masks


def make_step(rng, system):
    """Return what one step is fed with."""
    real = points if system.image == (2,) else blobs
    feeds = {"real": real(rng, system)}
    if system.schedule != "simultaneous":
        feeds["noise/discriminator"] = noise(rng, system)
    feeds["noise/generator"] = noise(rng, system)
    for use, batches in PASSES[system.schedule].items():
        masks = dropout_masks(rng, system, "discriminator", batches)
        for name, mask in masks.items():
            feeds[f"{use}/discriminator/{name}"] = mask
    for name, mask in dropout_masks(rng, system, "generator", 1).items():
        feeds[f"generator/generator/{name}"] = mask
    if system.classes is not None:
        labels = rng.integers(0, system.classes, system.batch)
        feeds["labels"] = labels.astype(np.float64)
    return feeds


def main():
    for name, system in common.chosen_systems().items():
        rng = np.random.default_rng(system.seed)
        arrays = {}
        for network in ("generator", "discriminator"):
            for tensor, shape in common.tensors(system, network).items():
                value = initial_tensor(rng, tensor, shape)
                arrays[f"initial.{tensor}"] = value
        for step in range(STEPS):
            for feed, value in make_step(rng, system).items():
                arrays[f"step{step}.{feed}"] = value
        common.save(f"{name}-inputs", arrays)


if __name__ == "__main__":
    main()
