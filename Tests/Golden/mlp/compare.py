"""Compare keras.safetensors with torch.safetensors, tensor by tensor.

A difference is relative to the tensor's largest magnitude; the largest
element-by-element relative difference is printed as well.
"""

import sys

import numpy as np

import common

TOLERANCE = 1e-10


def main():
    ours, theirs = common.load("keras"), common.load("torch")
    if ours.keys() != theirs.keys():
        sys.exit(f"tensor names differ: {sorted(ours.keys() ^ theirs.keys())}")
    by_tensor, by_element = [], []
    for name, a in ours.items():
        b = theirs[name]
        if a.shape != b.shape or not np.all(np.isfinite([a, b])):
            sys.exit(f"{name}: shapes {a.shape}, {b.shape}, or not finite")
        difference = np.abs(a - b)
        size = np.maximum(np.abs(a), np.abs(b))
        by_tensor.append((difference.max() / size.max(), name))
        size[size == 0.0] = 1.0  # both are zero, and so is the difference
        by_element.append(((difference / size).max(), name))
    print(f"{len(by_tensor)} tensors")
    print("largest relative difference: {:.3e} ({})".format(*max(by_tensor)))
    print("largest element by element:  {:.3e} ({})".format(*max(by_element)))
    if max(by_tensor)[0] > TOLERANCE:
        sys.exit(f"more than {TOLERANCE:g}")


if __name__ == "__main__":
    main()
