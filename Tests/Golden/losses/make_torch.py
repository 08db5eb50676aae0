"""Write values.json: losses, penalties, Adam on schedules and gradient clipping by PyTorch in float64.

- `losses`: for each kind the logits `real` and `fake`, the losses `d` and `g` of discriminator and generator, their
  gradients `d_real`, `d_fake`, `g_real` and `g_fake` by the logits, and the second derivatives `dd_real`, `dd_fake` and
  `gg_fake`: the gradient of sum(d_real) by the real logits, and so on.
- `penalties`: of the discriminator tanh(x w1 + b1) w2, without their weights. `real`, `fake` and `noise` are [4, 6],
  `share` [4, 1], `w1` [6, 5], `b1` [5] and `w2` [5, 1]. For each kind its `value` and its gradients by w1, b1 and w2.
- `adam`: the `weights` after each update of one scalar, with the `gradients` and the values of `lr` and `beta2` given.
  By torch.optim.Adam, whose epsilon is divided by sqrt(1 - beta2^t), as Keras's needs.
- `clip`: gradients `given` to torch.nn.utils.clip_grad_norm_, and their `values` after it. PyTorch adds 1e-6 to the
  norm, which changes them by 1e-7 of their size.

All tensors are flat lists.

    pip install numpy==2.4.6 torch==2.15.0
    python make_torch.py
"""

import json
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def cross_entropy(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def half_square(logits, target):
    return F.mse_loss(logits, torch.full_like(logits, target)) / 2


def softplus(x):
    """log(1 + e^x), which PyTorch's softplus rounds to x above 20."""
    return -F.logsigmoid(-x)


LOSSES = {
    # kind: the discriminator's loss and the generator's, of real and fake logits
    "minimax": (lambda r, f: cross_entropy(r, 1) + cross_entropy(f, 0), lambda r, f: -cross_entropy(f, 0)),
    "non-saturating": (lambda r, f: cross_entropy(r, 1) + cross_entropy(f, 0), lambda r, f: cross_entropy(f, 1)),
    "least-squares": (lambda r, f: half_square(r, 1) + half_square(f, 0), lambda r, f: half_square(f, 1)),
    "hinge": (lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(), lambda r, f: -f.mean()),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "relativistic": (lambda r, f: softplus(f - r).mean(), lambda r, f: softplus(r - f).mean()),
}


def slope(y, x):
    """Return the gradient of sum(y) by x, to be differentiated again; zeros where y does not depend on x."""
    if not y.requires_grad:
        return torch.zeros_like(x)
    return torch.autograd.grad(y.sum(), x, create_graph=True, materialize_grads=True)[0]


def flat(x):
    """Return a tensor's numbers as a list; 0 for -0."""
    return (x.detach().numpy().ravel() + 0.0).tolist()


def losses(numbers):
    """Both losses of each kind with their derivatives."""
    # Large logits of both signs, small ones, and some on both sides of the hinge's kinks at 1 and -1.
    real = np.concatenate([[40, -35, 1e-3], numbers.uniform(-4, 4, 2), [0.75, 1.25]])
    fake = np.concatenate([[-30, 40, -2e-3], numbers.uniform(-4, 4, 1), [-0.75, -35, -1.25]])
    found = {}
    for kind, (discriminator, generator) in LOSSES.items():
        r, f = (torch.tensor(a, requires_grad=True) for a in (real, fake))
        d, g = discriminator(r, f), generator(r, f)
        row = {"d_real": slope(d, r), "d_fake": slope(d, f), "g_real": slope(g, r), "g_fake": slope(g, f)}
        row |= {"dd_real": slope(row["d_real"], r), "dd_fake": slope(row["d_fake"], f)}
        row |= {"gg_fake": slope(row["g_fake"], f)}
        found[kind] = {"real": flat(r), "fake": flat(f), "d": d.item(), "g": g.item()}
        found[kind] |= {name: flat(value) for name, value in row.items()}
    return found


def penalties(numbers):
    """Each penalty of a small discriminator, and its gradients by the discriminator's weights."""
    shapes = {"real": (4, 6), "fake": (4, 6), "w1": (6, 5), "b1": (5,), "w2": (5, 1)}
    given = {name: torch.tensor(numbers.uniform(-1, 1, shape)) for name, shape in shapes.items()}
    for name, shape in (("share", (4, 1)), ("noise", (4, 6))):
        given[name] = torch.tensor(numbers.uniform(0, 1, shape))
    real, fake, share, noise = (given[name] for name in ("real", "fake", "share", "noise"))
    weights = {name: given[name].requires_grad_() for name in ("w1", "b1", "w2")}

    def squared_norms(images):
        images = images.clone().requires_grad_()
        logits = torch.tanh(images @ weights["w1"] + weights["b1"]) @ weights["w2"]
        return slope(logits, images).square().sum(dim=1)

    def unit(images):
        return ((squared_norms(images) + 1e-12).sqrt() - 1).square().mean()

    kinds = {
        "r1": squared_norms(real).mean() / 2,
        "r2": squared_norms(fake).mean() / 2,
        "gradient-penalty": unit(torch.lerp(fake, real, share)),
        "dragan": unit(real + share * noise * torch.std(real, correction=0) / 2),
    }
    found = {name: flat(value) for name, value in given.items()}
    for kind, value in kinds.items():
        gradients = torch.autograd.grad(value, list(weights.values()))
        found[kind] = {"value": value.item()}
        found[kind] |= {name: flat(gradient) for name, gradient in zip(weights, gradients, strict=True)}
    return found


def adam():
    """Six updates, with beta2 from 0.9 to 0.99 over the steps 1..<5 and lr from 0.1 to 0.02 over the steps 2..<6."""
    gradients = [0.5, -2, 0.1, 1.5, -0.3, 0.8]
    beta_1, epsilon = 0.5, 1e-7
    finished = np.arange(len(gradients))
    beta_2 = np.interp(finished, [1, 5], [0.9, 0.99]).tolist()
    rates = np.interp(finished, [2, 6], [0.1, 0.02]).tolist()
    weight = torch.ones(1)
    optimizer = torch.optim.Adam([weight])
    weights = []
    for t, (gradient, second, rate) in enumerate(zip(gradients, beta_2, rates, strict=True), start=1):
        epsilon_here = epsilon / (1 - second**t) ** 0.5
        optimizer.param_groups[0].update(lr=rate, betas=(beta_1, second), eps=epsilon_here)
        weight.grad = torch.tensor([float(gradient)])
        optimizer.step()
        weights.append(weight.item())
    return {"gradients": gradients, "beta2": beta_2, "lr": rates, "weights": weights}


def clip():
    """Gradients of norm 13, which is above one limit and below the other."""
    given = [[3.0, -4.0], [12.0]]
    found = []
    for limit in (5.0, 20.0):
        parameters = [torch.zeros(len(row)) for row in given]
        for parameter, row in zip(parameters, given, strict=True):
            parameter.grad = torch.tensor(row)
        torch.nn.utils.clip_grad_norm_(parameters, limit)
        found.append({"max_norm": limit, "given": given, "values": [p.grad.tolist() for p in parameters]})
    return found


def main():
    numbers = np.random.default_rng(20260302)
    results = {"losses": losses(numbers), "penalties": penalties(numbers), "adam": adam(), "clip": clip()}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "values.json"), "w") as file:
        json.dump(results, file, indent=2, allow_nan=False)
        file.write("\n")


if __name__ == "__main__":
    main()
