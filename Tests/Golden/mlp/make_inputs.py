"""Write inputs.safetensors: initial weights, images, noise, dropout masks."""

import numpy as np

import common

SEED = 20240229


def initial_tensor(rng, name):
    """Return the initial value of the tensor called `name`.

    Nothing starts at its customary 0 or 1, so that a gamma, a bias or a
    moving statistic which is left out or taken twice shows in the results.
    """
    network, layer, kind = name.split(".")
    widths = (
        common.GENERATOR if network == "generator" else common.DISCRIMINATOR
    )
    index = int(layer[-1])
    fan_in, fan_out = widths[index - 1], widths[index]
    if kind == "weight":  # Glorot uniform, [in, out]
        limit = np.sqrt(6.0 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, (fan_in, fan_out))
    centre, spread = {
        "bias": (0.0, 0.05),
        "beta": (0.0, 0.05),
        "gamma": (1.0, 0.1),
        "moving_mean": (0.0, 0.1),
        "moving_variance": (1.0, 0.1),
    }[kind]
    return rng.uniform(centre - spread, centre + spread, fan_out)


def blobs(rng):
    """Return a batch of images in [-1, 1], one Gaussian blob in each."""
    height, width, _ = common.IMAGE
    rows, columns = np.mgrid[0:height, 0:width]
    images = []
    for _ in range(common.BATCH):
        row, column = rng.uniform(2.0, 5.0, 2)
        radius = rng.uniform(1.0, 2.5)
        distance = (rows - row) ** 2 + (columns - column) ** 2
        blob = np.exp(-distance / (2.0 * radius**2))
        grain = rng.uniform(-0.1, 0.1, blob.shape)
        images.append(np.clip(2.0 * blob - 1.0 + grain, -1.0, 1.0))
    return np.stack(images).reshape(common.BATCH, *common.IMAGE)


def dropout_mask(rng, width):
    """Return a mask which is 1 where a unit is kept and 0 where dropped."""
    kept = rng.random((common.BATCH, width)) >= common.DROPOUT
    return kept.astype(np.float64)


def main():
    rng = np.random.default_rng(SEED)
    tensors = {"learning_rate": np.array([common.LEARNING_RATE])}
    for name in common.all_names():
        tensors[f"initial.{name}"] = initial_tensor(rng, name)
    for step in range(common.STEPS):
        tensors[f"step{step}.real"] = blobs(rng)
        for network in ("discriminator", "generator"):
            tensors[f"step{step}.noise/{network}"] = rng.standard_normal(
                (common.BATCH, common.NOISE)
            )
        for use in ("real", "fake", "generator"):
            for i, width in enumerate(common.DISCRIMINATOR[1:-1], start=1):
                key = f"step{step}.{use}/discriminator/dropout{i}"
                tensors[key] = dropout_mask(rng, width)
    common.save("inputs", tensors)


if __name__ == "__main__":
    main()
