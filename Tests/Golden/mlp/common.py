"""What the golden-data scripts share: the architecture and the tensor files.

Every file is written beside the scripts and holds float64 tensors only.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save as to_bytes

HERE = Path(__file__).resolve().parent

STEPS = 10
BATCH = 16
NOISE = 16
IMAGE = (8, 8, 1)
PIXELS = 64

# Layer widths, input first.
GENERATOR = (NOISE, 32, 48, 64, PIXELS)
DISCRIMINATOR = (PIXELS, 32, 16, 1)

SLOPE = 0.2
DROPOUT = 0.3
MOMENTUM = 0.8
BN_EPSILON = 1e-3

LEARNING_RATE = 2e-3
BETA_1 = 0.5
BETA_2 = 0.999
ADAM_EPSILON = 1e-7


def discriminator_names():
    """Names of the discriminator's trainable tensors, input side first."""
    return [
        f"discriminator.dense{i}.{kind}"
        for i in range(1, len(DISCRIMINATOR))
        for kind in ("weight", "bias")
    ]


def generator_names():
    """Names of the generator's trainable tensors, input side first."""
    names = []
    last = len(GENERATOR) - 1
    for i in range(1, last + 1):
        names += [f"generator.dense{i}.{kind}" for kind in ("weight", "bias")]
        if i < last:
            names += [
                f"generator.batch_norm{i}.{kind}" for kind in ("gamma", "beta")
            ]
    return names


def moving_names():
    """Names of the generator's moving statistics, input side first."""
    return [
        f"generator.batch_norm{i}.{kind}"
        for i in range(1, len(GENERATOR) - 1)
        for kind in ("moving_mean", "moving_variance")
    ]


def all_names():
    """Names of every tensor that the system keeps between steps."""
    return generator_names() + moving_names() + discriminator_names()


def load(name):
    """Read `<name>.safetensors` as a dictionary of arrays."""
    return load_file(HERE / f"{name}.safetensors")


def save(name, tensors):
    """Write `<name>.safetensors`, insisting that every tensor is float64."""
    arrays = {}
    for key, value in tensors.items():
        value = np.asarray(value)
        if value.dtype != np.float64:
            raise TypeError(f"{key} is {value.dtype}, not float64")
        arrays[key] = np.ascontiguousarray(value)
    (HERE / f"{name}.safetensors").write_bytes(to_bytes(arrays))
    print(f"{name}.safetensors: {len(arrays)} tensors")
