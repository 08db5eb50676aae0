"""Checks that the peers' networks are one network, with one gradient.

Keras's weights go to JAX and to PyTorch in both layouts; each then computes
the losses and gradients of either network, with the generator in training
mode, and of the same labels where there are any. The discriminator's loss has
the penalty, if there is one. Dropout and ReLUs become tanh: masks differ, and
values next to a kink would be rounded to either side of it.

    check.py [PRESET ...]
"""

import sys
from dataclasses import replace

import numpy as np

from peers import limit_threads

limit_threads(2)

import jax  # noqa: E402
import tensorflow as tf  # noqa: E402
import torch  # noqa: E402

import jax_peer  # noqa: E402
import keras_peer  # noqa: E402
import systems  # noqa: E402
import tf_peer  # noqa: E402
import torch_peer  # noqa: E402

BATCH, TARGET = 4, 0.9
TRAINED = {"batch_norm": 2, "class_embedding": 1, "class_projection": 3}


def smooth(items):
    return [systems.TANH if item.kind in ("dropout", "relu", "leaky_relu")
            else item for item in items]


def in_keras(system, nets, noise, real, labels):
    gen, disc = nets
    noise, real, *labels = map(tf.constant, (noise, real, *labels))

    def judge(images):
        return disc(tf_peer.given(images, *labels))

    with tf.GradientTape(persistent=True) as tape:
        fakes = gen(tf_peer.given(noise, *labels), training=True)
        g_loss = tf_peer.cross_entropy(judge(fakes), 1)
        with tf.GradientTape() as inner:
            inner.watch(real)
            logits = judge(real)
        d_loss = tf_peer.cross_entropy(logits, TARGET)
        if system.penalty:
            d_loss += tf_peer.r1(system, inner, logits, real)
    return [(loss.numpy(), [g.numpy() for g in tape.gradient(
        loss, [w.value for w in net.trainable_weights])])
        for loss, net in ((g_loss, gen), (d_loss, disc))]


def for_jax(items, shape, arrays):
    """Keras's trained arrays as JAX's list of lists."""
    arrays, result = iter(arrays), []
    for item, _ in systems.placed(items, shape):
        mine = []
        if hasattr(item, "units"):
            kernel = next(arrays)
            if item.kind == "conv_transpose":  # JAX does not turn it.
                kernel = kernel[::-1, ::-1].swapaxes(2, 3)
            mine = [kernel] + ([next(arrays)] if item.bias else [])
        elif item.kind in TRAINED:
            mine = [next(arrays) for _ in range(TRAINED[item.kind])]
        result.append(mine)
    return result


def in_jax(system, weights, noise, real, labels):
    moving = jax_peer.initial(system.generator, system.noise)[1]
    none = [()] * len(system.discriminator)

    def judge(disc, images, patches=False):
        return jax_peer.forward(system.discriminator, disc, none, images,
                                None, False, *labels, patches=patches)[0]

    def g_loss(gen):
        images, _ = jax_peer.forward(
            system.generator, gen, moving, noise, None, True, *labels)
        return jax_peer.cross_entropy(judge(weights[1], images), 1)

    def d_loss(disc):
        logits, pull = jax.vjp(
            lambda x: judge(disc, x, bool(system.penalty)), real)
        loss = jax_peer.cross_entropy(logits, TARGET)
        return loss + (jax_peer.r1(system, logits, pull)
                       if system.penalty else 0)

    return [jax.value_and_grad(g_loss)(weights[0]),
            jax.value_and_grad(d_loss)(weights[1])]


def for_torch(items, shape, arrays, last):
    """Keras's trained arrays as PyTorch's, mirrored, in the order of `last`.

    Vectors that are images unrolled take the image's order.
    """
    arrays, result = iter(arrays), []
    images = [item.shape for item in items if item.kind == "reshape"]
    images += [at for item, at in systems.placed(items, shape)
               if item.kind == "flatten"]

    def mirrored(x, axis):
        for image in images:
            if x.shape[axis] == np.prod(image):
                x = np.moveaxis(x, axis, 0)
                rest = x.shape[1:]
                x = x.reshape(*image, *rest)[::-1, ::-1]
                x = x if last else np.moveaxis(x, 2, 0)
                return np.moveaxis(x.reshape(-1, *rest), 0, axis)
        return x

    for item, at in systems.placed(items, shape):
        if item.kind == "dense":
            result.append(mirrored(mirrored(next(arrays), 0), 1).T)
        elif hasattr(item, "units"):
            result.append(next(arrays)[::-1, ::-1].transpose(3, 2, 0, 1))
        elif item.kind == "batch_norm":
            result += [mirrored(next(arrays), 0) if len(at) == 1
                       else next(arrays) for _ in range(2)]
        elif item.kind == "class_embedding":
            result.append(next(arrays))
        elif item.kind == "class_projection":
            result += [mirrored(next(arrays), 0).T, next(arrays),
                       mirrored(next(arrays), 1)]
        if getattr(item, "bias", False):
            result.append(mirrored(next(arrays), 0) if item.kind == "dense"
                          else next(arrays))
    return result


def in_torch(system, weights, noise, real, labels, last):
    nets = torch_peer.networks(system, last)
    for net, arrays in zip(nets, weights):
        for p, w in zip(net.parameters(), arrays, strict=True):
            p.data.copy_(torch.from_numpy(w.copy()))
    gen, disc = nets

    def mirror(x):
        if x.ndim == 4:
            x = x[:, ::-1, ::-1].transpose(0, 3, 1, 2)
        return torch.from_numpy(x.copy())

    labels = [torch.from_numpy(x).long() for x in labels]
    g_loss = torch_peer.cross_entropy(
        disc(gen(mirror(noise), *labels), *labels), torch.ones(1))
    real = mirror(real).requires_grad_()
    logits = disc(real, *labels)
    d_loss = torch_peer.cross_entropy(logits, torch.tensor([TARGET]))
    if system.penalty:
        d_loss = d_loss + torch_peer.r1(system, logits, real)
    return [(loss.item(), [g.numpy() for g in torch.autograd.grad(
        loss, list(net.parameters()))])
        for loss, net in ((g_loss, gen), (d_loss, disc))]


def difference(expected, found):
    """The largest of all arrays, in parts of the largest gradient."""
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(
        jax.tree.leaves(expected), jax.tree.leaves(found), strict=True)]
    scale = max(abs(a).max() for a, _ in pairs[1:])
    return max(abs(a - b).max() for a, b in pairs) / scale


def check(name, system):
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((BATCH, *system.noise)).astype(np.float32)
    real = rng.uniform(-1, 1, (BATCH, *systems.IMAGE)).astype(np.float32)
    labels = [rng.integers(0, system.classes, BATCH, np.int32)
              for _ in range(bool(system.classes))]
    sides = ((system.generator, system.noise),
             (system.discriminator, systems.IMAGE))
    nets = keras_peer.networks(system)
    weights = [[w.numpy() for w in net.trainable_weights] for net in nets]
    result = in_keras(system, nets, noise, real, labels)

    def expected(convert, *options):
        return [(loss, convert(*side, gradient, *options))
                for side, (loss, gradient) in zip(sides, result)]

    def converted(convert, *options):
        return [convert(*side, arrays, *options)
                for side, arrays in zip(sides, weights)]

    found = {"jax": (expected(for_jax), in_jax(
        system, converted(for_jax), noise, real, labels))}
    for peer, last in (("torch", False), ("torch-channels-last", True)):
        found[peer] = expected(for_torch, last), in_torch(
            system, converted(for_torch, last), noise, real, labels, last)
    for peer, pair in found.items():
        parts = [difference(a, b) for a, b in zip(*pair)]
        print(f"{name:20}{peer:20}" + "".join(f"{x:12.1e}" for x in parts))
        assert max(parts) < 1e-4


if __name__ == "__main__":
    for name in sys.argv[1:] or systems.SYSTEMS:
        system = systems.SYSTEMS[name]
        check(name, replace(
            system, generator=smooth(system.generator),
            discriminator=smooth(system.discriminator)))
