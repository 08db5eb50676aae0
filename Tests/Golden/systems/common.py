"""What the scripts share: layers' names and shapes, and the tensor files."""

import math
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from safetensors.numpy import load_file, save as to_bytes

from systems import SYSTEMS

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Placed:
    """A layer in its network: its name there, its shapes without a batch."""

    name: str
    layer: SimpleNamespace
    output: tuple
    tensors: dict  # shapes of what it keeps between steps, by tensor


def output_shape(layer, shape):
    """Return the shape that `layer` makes of `shape`."""
    match layer.kind:
        case "dense":
            return (layer.width,)
        case "conv2d":
            cut = layer.kernel - 1 if layer.padding == "valid" else 0
            sides = [-(-(n - cut) // layer.stride) for n in shape[:2]]
            return (*sides, layer.width)
        case "conv2d_transpose":
            return (*(n * layer.stride for n in shape[:2]), layer.width)
        case "up_sampling2d":
            return (*(n * layer.factor for n in shape[:2]), shape[2])
        case "flatten":
            return (math.prod(shape),)
        case "reshape":
            return layer.shape
        case "class_embedding":
            return (shape[0] + layer.width,)
        case "class_projection":
            return (1,)
        case _:
            return shape


def tensor_shapes(layer, shape):
    """Return the shapes of the layer's tensors in Keras's order of axes."""
    if layer.kind == "batch_norm":
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        return dict.fromkeys(names, (shape[-1],))
    match layer.kind:
        case "class_embedding":
            return {"weight": (layer.classes, layer.width)}
        case "class_projection":
            return {
                "weight": (shape[0], 1),
                "bias": (1,),
                "class_weight": (layer.classes, shape[0]),
            }
        case "dense":
            weight = (shape[-1], layer.width)
        case "conv2d":
            weight = (layer.kernel, layer.kernel, shape[-1], layer.width)
        case "conv2d_transpose":
            weight = (layer.kernel, layer.kernel, layer.width, shape[-1])
        case _:
            return {}
    bias = {"bias": (layer.width,)} if layer.bias else {}
    return {"weight": weight, **bias}


def placed_layers(system, network):
    """Name the network's layers by kind and count, and infer their shapes."""
    shape = system.noise if network == "generator" else system.image
    counts = Counter()
    result = []
    for layer in getattr(system, network):
        counts[layer.kind] += 1
        tensors = tensor_shapes(layer, shape)
        shape = output_shape(layer, shape)
        name = f"{layer.kind}{counts[layer.kind]}"
        result.append(Placed(name, layer, shape, tensors))
    expected = system.image if network == "generator" else (1,)
    if shape != expected:
        raise ValueError(f"the {network} makes {shape}, not {expected}")
    return result


def tensors(system, network):
    """Return the network's tensors as {name: shape}, trained ones first."""
    every = {
        f"{network}.{placed.name}.{tensor}": shape
        for placed in placed_layers(system, network)
        for tensor, shape in placed.tensors.items()
    }
    return dict(sorted(every.items(), key=lambda item: "moving" in item[0]))


def trained(system, network):
    """Return the names of the tensors that the optimizer updates."""
    return [n for n in tensors(system, network) if "moving" not in n]


def averaged(name):
    """Return the name of the moving average of the tensor called `name`."""
    network, rest = name.split(".", 1)
    return f"{network}.ema.{rest}"


def chosen_systems():
    """Return {name: system} for the command line's names, or for all."""
    names = sys.argv[1:] or list(SYSTEMS)
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown:
        sys.exit(f"no system {unknown}; there are {list(SYSTEMS)}")
    return {name: SYSTEMS[name] for name in names}


def load(name):
    """Read `<name>.safetensors` as a dictionary of float64 arrays."""
    arrays = load_file(HERE / f"{name}.safetensors")
    return {key: array.astype(np.float64) for key, array in arrays.items()}


def save(name, arrays):
    """Write `<name>.safetensors`, insisting on float64 (masks: float32)."""
    checked = {}
    for key, array in arrays.items():
        array = np.asarray(array)
        wanted = np.float32 if "/dropout" in key else np.float64
        if array.dtype != wanted:
            raise TypeError(f"{key} is {array.dtype}, not {wanted}")
        checked[key] = np.ascontiguousarray(array)
    content = to_bytes(checked)
    (HERE / f"{name}.safetensors").write_bytes(content)
    print(f"{name}: {len(checked)} tensors, {len(content):,} bytes")
