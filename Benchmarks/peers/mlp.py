"""Times one training step of the preset `mlp` in other frameworks, on CPU.

Every peer does in f32 what a step of `ganymede bench --preset mlp` does: an
Adam update of the discriminator on real images, one on fakes that the
generator made in inference mode, and one of the generator in training mode
through the frozen discriminator. The time includes gathering and scaling the
batch and reading both losses back. README.md has the commands.
"""

import argparse
import functools
import json
import math
import os
import time

import numpy as np

BATCH, NOISE, IMAGE = 32, 100, (28, 28, 1)
PIXELS = math.prod(IMAGE)
GEN, DISC = (256, 512, 1024), (512, 256)  # hidden units
SLOPE, BN_MOMENTUM, BN_EPSILON = 0.2, 0.8, 1e-3
RATE, BETA1, BETA2, ADAM_EPSILON = 2e-4, 0.5, 0.999, 1e-7


def limit_threads(threads):
    """Keep to `threads` CPUs; a framework looks when it is imported.

    The affinity bounds the thread pools of XLA, the variables the others.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "PJRT_NPROC",
                 "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(threads)
    os.environ.update(CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu",
                      KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")


def jax_peer(_):
    """JAX: the whole step is one jitted function that donates its state."""
    import jax
    import jax.numpy as jnp

    def generate(layers, moving, key, training):
        x, moved = jax.random.normal(key, (BATCH, NOISE)), []
        for (weight, bias, gamma, beta), kept in zip(layers, moving):
            x = jax.nn.leaky_relu(x @ weight + bias, SLOPE)
            mean, var = (x.mean(0), x.var(0)) if training else kept
            x = (x - mean) * jax.lax.rsqrt(var + BN_EPSILON) * gamma + beta
            moved.append([BN_MOMENTUM * old + (1 - BN_MOMENTUM) * new
                          for old, new in zip(kept, (mean, var))])
        return jnp.tanh(x @ layers[-1][0] + layers[-1][1]), moved

    def disc_loss(layers, x, sign):
        """Cross entropy with real for sign -1, with fake for 1."""
        for weight, bias in layers[:-1]:
            x = jax.nn.leaky_relu(x @ weight + bias, SLOPE)
        x = x @ layers[-1][0] + layers[-1][1]
        return jax.nn.softplus(sign * x).mean(), None

    def gen_loss(layers, moving, key, disc):
        images, moved = generate(layers, moving, key, True)
        return disc_loss(disc, images, -1)[0], moved

    def minimize(network, t, loss, *inputs):
        """The network after Adam's update `t`, the loss and its extra."""
        w, m, v = network
        value, dw = jax.value_and_grad(loss, has_aux=True)(w, *inputs)
        m = jax.tree.map(lambda m, g: m + (1 - BETA1) * (g - m), m, dw)
        v = jax.tree.map(lambda v, g: v + (1 - BETA2) * (g * g - v), v, dw)
        rate = RATE * jnp.sqrt(1 - BETA2 ** t) / (1 - BETA1 ** t)
        w = jax.tree.map(lambda w, m, v: w - rate * m / (
            jnp.sqrt(v) + ADAM_EPSILON), w, m, v)
        return (w, m, v), *value

    @functools.partial(jax.jit, donate_argnums=0)
    def train(state, real):
        gen, disc, moving, t, key = state
        key, key1, key2 = jax.random.split(key, 3)
        fakes, _ = generate(gen[0], moving, key1, False)
        disc, on_real, _ = minimize(disc, 2 * t + 1, disc_loss, real, -1)
        disc, on_fake, _ = minimize(disc, 2 * t + 2, disc_loss, fakes, 1)
        gen, g_loss, moving = minimize(
            gen, t + 1, gen_loss, moving, key2, disc[0])
        losses = (on_real + on_fake) / 2, g_loss
        return (gen, disc, moving, t + 1, key), losses

    def network(units, normalized):
        layers = []
        for n, m in zip(units, units[1:]):
            bound = math.sqrt(6 / (n + m))
            weight = np.random.uniform(-bound, bound, (n, m))
            norm = [np.ones(m), np.zeros(m)] if normalized else []
            layers.append([weight, np.zeros(m), *norm])
        del layers[-1][2:]
        slots = [jax.tree.map(np.zeros_like, layers) for _ in "mv"]
        return jax.tree.map(jnp.float32, (layers, *slots))

    state = (network((NOISE, *GEN, PIXELS), True),
             network((PIXELS, *DISC, 1), False),
             [[jnp.zeros(n), jnp.ones(n)] for n in GEN],
             jnp.float32(0), jax.random.key(0))

    def step(real):
        nonlocal state
        state, losses = train(state, real)
        return jax.device_get(losses)

    return jax.__version__, step


def keras_networks():
    """Generator and discriminator; the latter gives logits."""
    import keras
    from keras import layers

    gen = keras.Sequential([keras.Input((NOISE,))])
    disc = keras.Sequential([keras.Input(IMAGE), layers.Flatten()])
    for network, hidden in (gen, GEN), (disc, DISC):
        for units in hidden:
            network.add(layers.Dense(units))
            network.add(layers.LeakyReLU(SLOPE))
            if network is gen:
                gen.add(layers.BatchNormalization(momentum=BN_MOMENTUM))
    gen.add(layers.Dense(PIXELS, "tanh"))
    gen.add(layers.Reshape(IMAGE))
    disc.add(layers.Dense(1))
    return gen, disc


def tensorflow_peer(_, xla=True):
    """TensorFlow: the whole step is one tf.function, with XLA or without."""
    import tensorflow as tf
    networks = keras_networks()
    gen, disc = networks
    weights = [[w.value for w in net.trainable_weights] for net in networks]
    slots = [[[tf.Variable(tf.zeros_like(w)) for _ in "mv"] for w in network]
             for network in weights]
    done = tf.Variable(0)

    def noise(stream):
        return tf.random.stateless_normal((BATCH, NOISE), [stream, done])

    def minimize(index, update, images, sign):
        """Adam's update of network `index`; sign as in JAX's disc_loss."""
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(sign * disc(images())))
        slopes = tape.gradient(loss, weights[index])
        t = tf.cast(update, tf.float32)
        for w, (m, v), slope in zip(weights[index], slots[index], slopes):
            tf.raw_ops.ResourceApplyAdam(
                var=w.handle, m=m.handle, v=v.handle, grad=slope,
                beta1_power=BETA1 ** t, beta2_power=BETA2 ** t, lr=RATE,
                beta1=BETA1, beta2=BETA2, epsilon=ADAM_EPSILON)
        return loss

    @tf.function(jit_compile=xla)
    def train(real):
        fakes = gen(noise(0), training=False)
        on_real = minimize(1, 2 * done + 1, lambda: real, -1)
        on_fake = minimize(1, 2 * done + 2, lambda: fakes, 1)
        g_loss = minimize(
            0, done + 1, lambda: gen(noise(1), training=True), -1)
        done.assign_add(1)
        return (on_real + on_fake) / 2, g_loss

    def step(real):
        losses = train(tf.constant(real.reshape(BATCH, *IMAGE)))
        return [loss.numpy() for loss in losses]

    return tf.__version__, step


def keras_peer(_):
    """Keras on TensorFlow: the classic example, call by call."""
    import keras
    gen, disc = keras_networks()
    disc.add(keras.layers.Activation("sigmoid"))
    disc.compile(keras.optimizers.Adam(RATE, BETA1), "binary_crossentropy",
                 metrics=["accuracy"])
    ones, zeros = np.ones((BATCH, 1)), np.zeros((BATCH, 1))
    # Keras 3 heeds `trainable` when it traces a model, not when it compiles
    # one: without this call the discriminator would stay as it is.
    disc.train_on_batch(np.zeros((BATCH, *IMAGE)), ones)
    disc.trainable = False
    noise = keras.Input((NOISE,))
    combined = keras.Model(noise, disc(gen(noise)))
    combined.compile(keras.optimizers.Adam(RATE, BETA1),
                     "binary_crossentropy")

    def step(real):
        noise = np.random.normal(0, 1, (2, BATCH, NOISE))
        fakes = gen.predict(noise[0], verbose=0)
        on_real = disc.train_on_batch(real.reshape(BATCH, *IMAGE), ones)
        on_fake = disc.train_on_batch(fakes, zeros)
        g_loss = combined.train_on_batch(noise[1], ones)
        return 0.5 * (on_real[0] + on_fake[0]), g_loss

    return keras.__version__, step


def torch_peer(threads, compiled=False):
    """PyTorch: eager, or each pass and its gradient by torch.compile."""
    import torch
    from torch import nn
    torch.set_num_threads(threads)
    gen, disc = nn.Sequential(), nn.Sequential()
    for n, m in zip((NOISE, *GEN), GEN):
        gen.extend([nn.Linear(n, m), nn.LeakyReLU(SLOPE),
                    nn.BatchNorm1d(m, BN_EPSILON, 1 - BN_MOMENTUM)])
    gen.extend([nn.Linear(GEN[-1], PIXELS), nn.Tanh()])
    for n, m in zip((PIXELS, *DISC), DISC):
        disc.extend([nn.Linear(n, m), nn.LeakyReLU(SLOPE)])
    disc.append(nn.Linear(DISC[-1], 1))
    adams = [torch.optim.Adam(net.parameters(), RATE, (BETA1, BETA2),
                              ADAM_EPSILON, fused=True) for net in (gen, disc)]
    targets = torch.zeros(BATCH, 1), torch.ones(BATCH, 1)

    def disc_loss(images, target):
        return nn.functional.binary_cross_entropy_with_logits(
            disc(images), target)

    generate, disc_loss, gen_loss = [
        torch.compile(f, disable=not compiled) for f in (
            gen.forward, disc_loss,
            lambda noise, target: disc_loss(gen(noise), target))]

    def minimize(adam, loss):
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        return loss.detach()
