"""Write torch.safetensors: layers by PyTorch's functions on random numbers in float64, and their gradients.

For each case NAME: `NAME.x`, `NAME.cotangent`, `NAME.weights.TENSOR` and, where the layer reads classes, one-hot rows
`NAME.classes` [N, K] go in; `NAME.y`, the gradients of sum(cotangent * y), `NAME.gradient.x` and
`NAME.gradient.TENSOR`, and where training moves a statistic `NAME.moved.TENSOR` come out. Images are [N, H, W, C],
weights of convolutions [rows, columns, inputs, outputs] and of dense layers [inputs, outputs].

Group and batch normalization have Keras's epsilon and momentum. The moving variance is written out, because PyTorch
keeps the sample's and not the population's. Spectral normalization is torch.nn.utils.spectral_norm: one power iteration
from `u`, by Miyato et al.

    pip install numpy==2.4.6 safetensors==0.8.0 torch==2.15.0
    python make_torch.py
"""

import os
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from torch.func import functional_call

EPSILON, MOMENTUM = 1e-3, 0.99
STATISTICS = ("u", "moving_mean", "moving_variance")

torch.set_default_dtype(torch.float64)


def channels_first(x):
    """Return images, or lists as they are, in PyTorch's order of axes."""
    return x.movedim(-1, 1)


def channels_last(x):
    """Return images, or lists as they are, in the files' order of axes."""
    return x.movedim(1, -1)


def per_sample(table, classes, x):
    """Return the row of a table for each sample's class, to broadcast over the pixels of x."""
    rows = F.embedding(classes, table)
    return rows.reshape(len(x), *[1] * (x.ndim - 2), -1)


def group_norm(groups):
    def apply(x, w, classes, moved):
        return channels_last(F.group_norm(channels_first(x), groups, w["gamma"], w["beta"], EPSILON))

    return apply


def minibatch_std_dev(size):
    """The channel for groups of `size` samples, which divides the batch."""

    def apply(x, w, classes, moved):
        groups = len(x) // size
        means = [(torch.var(x[i::groups], dim=0, correction=0) + 1e-8).sqrt().mean() for i in range(groups)]
        planes = [torch.full_like(x[i, ..., :1], 1) * means[i % groups] for i in range(len(x))]
        return torch.cat([x, torch.stack(planes)], dim=-1)

    return apply


def bilinear_up(x, w, classes, moved):
    return channels_last(F.interpolate(channels_first(x), scale_factor=2, mode="bilinear", align_corners=False))


def bilinear_down(x, w, classes, moved):
    row = torch.tensor([1.0, 3, 3, 1]) / 8
    filters = torch.outer(row, row).expand(x.shape[-1], 1, 4, 4)
    padded = F.pad(channels_first(x), (1, 1, 1, 1), mode="replicate")
    return channels_last(F.conv2d(padded, filters, stride=2, groups=x.shape[-1]))


def residual(x, w, classes, moved):
    made = F.conv2d(channels_first(x), w["weight"].permute(3, 2, 0, 1), w["bias"], padding="same")
    return x + 0.5 * channels_last(F.leaky_relu(made, 0.2))


def spectral_norm(x, w, classes, moved):
    """A convolution of images, a dense layer of lists."""
    inputs, outputs = w["weight"].shape[-2:]
    is_image = x.ndim == 4
    layer = torch.nn.Conv2d(inputs, outputs, 3, padding="same") if is_image else torch.nn.Linear(inputs, outputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the newer one starts its iteration from v
        layer = torch.nn.utils.spectral_norm(layer)
    moved["u"] = w["u"].clone()  # the layer moves it in place
    weight = w["weight"].permute(3, 2, 0, 1) if is_image else w["weight"].T
    given = {"weight_orig": weight, "bias": w["bias"], "weight_u": moved["u"]}
    return channels_last(functional_call(layer, given, channels_first(x)))


def class_embedding(x, w, classes, moved):
    return torch.cat([x, F.embedding(classes, w["weight"])], dim=1)


def class_channels(x, w, classes, moved):
    planes = F.one_hot(classes, 3).to(x.dtype)[:, None, None].expand(*x.shape[:3], 3)
    return torch.cat([x, planes], dim=-1)


def class_projection(x, w, classes, moved):
    projection = (F.embedding(classes, w["class_weight"]) * x).sum(dim=1, keepdim=True)
    return F.linear(x, w["weight"].T, w["bias"]) + projection


def conditional_batch_norm(training):
    def apply(x, w, classes, moved):
        old = {"moving_mean": w["moving_mean"], "moving_variance": w["moving_variance"]}
        if training:
            variance, mean = torch.var_mean(x, dim=tuple(range(x.ndim - 1)), correction=0)
            for name, batch in (("moving_mean", mean), ("moving_variance", variance)):
                moved[name] = MOMENTUM * old[name] + (1 - MOMENTUM) * batch.detach()
        copies = [old[name].clone() for name in old]  # PyTorch moves them in place
        normalized = channels_last(F.batch_norm(channels_first(x), *copies, training=training, eps=EPSILON))
        return normalized * per_sample(w["gamma"], classes, x) + per_sample(w["beta"], classes, x)

    return apply


NORM = {"gamma": (3, 5), "beta": (3, 5), "moving_mean": (5,), "moving_variance": (5,)}

CASES = {
    # name: function, shape of a batch, shapes of the weights, number of classes
    "group_norm": (group_norm(3), (2, 4, 3, 6), {"gamma": (6,), "beta": (6,)}, None),
    "group_norm_list": (group_norm(2), (4, 6), {"gamma": (6,), "beta": (6,)}, None),
    "minibatch_std_dev": (minibatch_std_dev(4), (8, 3, 2, 2), {}, None),
    "minibatch_std_dev_small": (minibatch_std_dev(3), (6, 5), {}, None),  # 3, where 4 does not divide the batch
    "bilinear_up": (bilinear_up, (2, 3, 2, 3), {}, None),
    "bilinear_down": (bilinear_down, (2, 4, 6, 3), {}, None),
    "residual": (residual, (2, 4, 4, 3), {"weight": (3, 3, 3, 3), "bias": (3,)}, None),
    "spectral_norm": (spectral_norm, (2, 5, 4, 3), {"weight": (3, 3, 3, 4), "bias": (4,), "u": (4,)}, None),
    "spectral_norm_dense": (spectral_norm, (3, 5), {"weight": (5, 4), "bias": (4,), "u": (4,)}, None),
    "class_embedding": (class_embedding, (5, 2), {"weight": (3, 4)}, 3),
    "class_channels": (class_channels, (2, 3, 2, 2), {}, 3),
    "class_projection": (class_projection, (5, 7), {"weight": (7, 1), "bias": (1,), "class_weight": (3, 7)}, 3),
    "conditional_batch_norm": (conditional_batch_norm(True), (4, 2, 3, 5), NORM, 3),
    "conditional_batch_norm_inference": (conditional_batch_norm(False), (4, 2, 3, 5), NORM, 3),
}


def run(name, function, shape, shapes, class_count, numbers):
    """Return what goes in and comes out of a layer."""
    x = torch.tensor(numbers.uniform(-1, 1, shape))
    if name.startswith(("group_norm", "minibatch", "conditional")):
        x *= 0.1  # small beside the epsilon, so that it shows
    x.requires_grad_()
    weights = {}
    for tensor, extents in shapes.items():
        low = 0.01 if tensor in ("gamma", "moving_variance") else -1
        weights[tensor] = torch.tensor(numbers.uniform(low, 1, extents), requires_grad=tensor not in STATISTICS)
    classes = None
    if class_count:
        classes = torch.tensor(numbers.permutation(np.arange(shape[0]) % class_count))
    moved = {}
    y = function(x, weights, classes, moved)
    cotangent = torch.tensor(numbers.uniform(-1, 1, y.shape))
    by = {t: w for t, w in weights.items() if w.requires_grad} | {"x": x}
    slopes = dict(zip(by, torch.autograd.grad((y * cotangent).sum(), list(by.values())), strict=True))
    found = {"x": x, "cotangent": cotangent, "y": y} | {f"weights.{t}": w for t, w in weights.items()}
    found |= {f"gradient.{t}": g for t, g in slopes.items()} | {f"moved.{t}": v for t, v in moved.items()}
    if class_count:
        found["classes"] = F.one_hot(classes, class_count).to(x.dtype)
    return {f"{name}.{part}": np.ascontiguousarray(value.detach().numpy()) for part, value in found.items()}


def main():
    numbers = np.random.default_rng(20260301)
    found = {}
    for name, case in CASES.items():
        found |= run(name, *case, numbers)
    for value in found.values():
        assert value.dtype == np.float64 and np.isfinite(value).all()
    save_file(found, os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch.safetensors"))


if __name__ == "__main__":
    main()
