"""Compare NAME-keras.safetensors with NAME-torch.safetensors.

A difference is relative to the tensor's largest magnitude. One kind of tensor
has no magnitude to compare with: the gradient of a bias which goes straight
into a batch normalization is zero but for rounding, and is checked as such.
"""

import sys
from itertools import pairwise

import numpy as np

import common

TOLERANCE = 1e-10


def vanishing_gradients(system):
    """Return the biases which the batch's mean takes out again."""
    layers = common.placed_layers(system, "generator")
    return {
        f"gradient.generator.generator.{before.name}.bias"
        for before, after in pairwise(layers)
        if "bias" in before.tensors and after.layer.kind == "batch_norm"
    }


def clipped_shares(results, limit):
    """Return the share of gradient entries beyond the limit, by network."""
    shares = {}
    for use in ("discriminator", "generator"):
        entries = np.concatenate(
            [g.ravel() for k, g in results.items() if f"gradient.{use}." in k]
        )
        shares[use] = np.mean(np.abs(entries) > limit)
    return shares


def compare(name, system):
    """Print how well both agree; return what is wrong, if anything."""
    ours, theirs = (common.load(f"{name}-{f}") for f in ("keras", "torch"))
    if ours.keys() != theirs.keys():
        return f"tensor names differ: {sorted(ours.keys() ^ theirs.keys())}"
    scale = max(np.abs(g).max() for k, g in ours.items() if "gradient" in k)
    vanishing = vanishing_gradients(system)
    errors = []
    for key, a in ours.items():
        b = theirs[key]
        if a.shape != b.shape or not np.all(np.isfinite([a, b])):
            return f"{key}: shapes {a.shape}, {b.shape}, or not finite"
        size = np.abs([a, b]).max()
        if key in vanishing:
            print(f"  {key} is zero but for rounding: {size:.1e}")
            errors.append((size / scale, key))
        else:
            # The last bias under relativistic pairing has a gradient of 0.
            error = np.abs(a - b).max() / size if size else 0.0
            errors.append((error, key))
    print("  largest relative difference {:.1e} ({})".format(*max(errors)))
    if max(errors)[0] > TOLERANCE:
        return f"the difference is more than {TOLERANCE:g}"
    limit = getattr(system.discriminator_optimizer, "clip", None)
    if limit is not None:
        for network, share in clipped_shares(ours, limit).items():
            print(f"  {share:.1%} of the {network}'s gradient is clipped")
            if not 0.0 < share < 1.0:
                return "clipping acts on none or on all"
    return None


def main():
    complaints = []
    for name, system in common.chosen_systems().items():
        print(name)
        complaint = compare(name, system)
        if complaint:
            complaints.append(f"{name}: {complaint}")
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
