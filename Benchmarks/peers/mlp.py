"""Times one training step of the preset `mlp` in other frameworks, on CPU.

Every peer does what a step of `ganymede bench --preset mlp` does, in f32:

1. fakes from the generator, its batch normalization in inference mode;
2. an Adam update of the discriminator on a batch of real images;
3. one on the fakes, at the weights that 2 left;
4. an Adam update of the generator through the frozen discriminator, on new
   noise, in training mode: the moving statistics move too.

The time includes gathering and scaling the batch, and reading back d_loss
(half the sum of 2 and 3) and g_loss. README.md has the commands.
"""
import argparse
import functools
import json
import math
import os
import shutil
import sys
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


def initial_state():
    """Layers of generator and discriminator, and moving statistics.

    A layer is weight and bias, and gamma and beta where it is normalized.
    """
    def dense(n, m):
        bound = math.sqrt(6 / (n + m))
        return [np.random.uniform(-bound, bound, (n, m)), np.zeros(m)]

    gen = [dense(*pair) for pair in zip((NOISE, *GEN), (*GEN, PIXELS))]
    disc = [dense(*pair) for pair in zip((PIXELS, *DISC), (*DISC, 1))]
    for layer, n in zip(gen, GEN):
        layer += [np.ones(n), np.zeros(n)]
    return gen, disc, [[np.zeros(n), np.ones(n)] for n in GEN]


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

    def loss(layers, x, sign):
        """Cross entropy with real for sign -1, with fake for 1."""
        for weight, bias in layers[:-1]:
            x = jax.nn.leaky_relu(x @ weight + bias, SLOPE)
        x = x @ layers[-1][0] + layers[-1][1]
        return jax.nn.softplus(sign * x).mean()

    def gen_loss(layers, moving, key, disc):
        images, moved = generate(layers, moving, key, True)
        return loss(disc, images, -1), moved

    def adam(w, m, v, slopes, t):
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, slopes)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g,
                         v, slopes)
        rate = RATE * jnp.sqrt(1 - BETA2 ** t) / (1 - BETA1 ** t)
        w = jax.tree.map(lambda w, m, v: w - rate * m / (
            jnp.sqrt(v) + ADAM_EPSILON), w, m, v)
        return w, m, v

    def train(state, real):
        gen, disc, moving, done = state
        keys = jax.random.split(jax.random.fold_in(jax.random.key(0), done))
        t = done.astype(jnp.float32)
        fakes, _ = generate(gen[0], moving, keys[0], False)
        on_real, slopes = jax.value_and_grad(loss)(disc[0], real, -1)
        disc = adam(*disc, slopes, 2 * t + 1)
        on_fake, slopes = jax.value_and_grad(loss)(disc[0], fakes, 1)
        disc = adam(*disc, slopes, 2 * t + 2)
        (g_loss, moving), slopes = jax.value_and_grad(gen_loss, has_aux=True)(
            gen[0], moving, keys[1], disc[0])
        gen = adam(*gen, slopes, t + 1)
        return (gen, disc, moving, done + 1), ((on_real + on_fake) / 2, g_loss)

    def with_slots(w):
        return w, *[jax.tree.map(jnp.zeros_like, w) for _ in "mv"]

    gen, disc, moving = jax.tree.map(jnp.float32, initial_state())
    state = with_slots(gen), with_slots(disc), moving, jnp.uint32(0)
    train = jax.jit(train, donate_argnums=0)

    def step(real):
        nonlocal state
        state, losses = train(state, real)
        return jax.device_get(losses)

    return jax.__version__, step


def tensorflow_peer(_, xla=True):
    """TensorFlow: the whole step is one tf.function, with XLA or without."""
    import tensorflow as tf

    gen, disc, moving = tf.nest.map_structure(
        lambda x: tf.Variable(x, dtype=tf.float32), initial_state())
    done = tf.Variable(0)

    def dense(x, weight, bias):
        return tf.nn.bias_add(tf.matmul(x, weight), bias)

    def generate(stream, training):
        x = tf.random.stateless_normal((BATCH, NOISE), [stream, done])
        for (weight, bias, gamma, beta), kept in zip(gen, moving):
            x = tf.nn.leaky_relu(dense(x, weight, bias), SLOPE)
            stats = tf.nn.moments(x, 0) if training else kept
            x = tf.nn.batch_normalization(x, *stats, beta, gamma, BN_EPSILON)
            for old, new in zip(kept, stats) if training else ():
                old.assign_sub((1 - BN_MOMENTUM) * (old - new))
        return tf.tanh(dense(x, *gen[-1]))

    def loss(x, sign):
        for layer in disc[:-1]:
            x = tf.nn.leaky_relu(dense(x, *layer), SLOPE)
        return tf.reduce_mean(tf.nn.softplus(sign * dense(x, *disc[-1])))

    def adam(network):
        weights = tf.nest.flatten(network)
        slots = [[tf.Variable(tf.zeros_like(w)) for _ in "mv"]
                 for w in weights]

        def minimize(compute, update):
            with tf.GradientTape() as tape:
                value = compute()
            t = tf.cast(update, tf.float32)
            for w, (m, v), slope in zip(
                    weights, slots, tape.gradient(value, weights)):
                tf.raw_ops.ResourceApplyAdam(
                    var=w.handle, m=m.handle, v=v.handle, grad=slope,
                    beta1_power=BETA1 ** t, beta2_power=BETA2 ** t, lr=RATE,
                    beta1=BETA1, beta2=BETA2, epsilon=ADAM_EPSILON)
            return value

        return minimize

    gen_adam, disc_adam = adam(gen), adam(disc)

    @tf.function(jit_compile=xla,
                 input_signature=[tf.TensorSpec((BATCH, PIXELS))])
    def train(real):
        fakes = generate(0, training=False)
        on_real = disc_adam(lambda: loss(real, -1.), 2 * done + 1)
        on_fake = disc_adam(lambda: loss(fakes, 1.), 2 * done + 2)
        g_loss = gen_adam(lambda: loss(generate(1, True), -1.), done + 1)
        done.assign_add(1)
        return (on_real + on_fake) / 2, g_loss

    return tf.__version__, lambda real: [x.numpy() for x in train(real)]


def torch_peer(threads, compiled=False):
    """PyTorch: eager, or each pass and its gradient by torch.compile."""
    import torch
    from torch import nn

    if compiled and not shutil.which(os.environ.get("CXX", "g++")):
        sys.exit("torch-compile: there is no C++ compiler: g++, or $CXX")
    torch.set_num_threads(threads)

    def network(n, hidden, out, normalized):
        net = nn.Sequential()
        for m in hidden:
            net.extend([nn.Linear(n, m), nn.LeakyReLU(SLOPE)])
            if normalized:
                net.append(nn.BatchNorm1d(m, BN_EPSILON, 1 - BN_MOMENTUM))
            n = m
        return net.append(nn.Linear(n, out))

    def adam(net):
        return torch.optim.Adam(net.parameters(), RATE, (BETA1, BETA2),
                                ADAM_EPSILON, fused=True)

    def disc_loss(images, target):
        return nn.functional.binary_cross_entropy_with_logits(
            disc(images), target)

    def gen_loss(noise):
        return disc_loss(gen(noise), ones)

    def minimize(adam, loss):
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        return loss.detach()

    def step(real):
        gen.eval()
        with torch.no_grad():
            fakes = generate(torch.randn(BATCH, NOISE))
        gen.train()
        on_real = minimize(disc_adam, on_images(torch.from_numpy(real), ones))
        on_fake = minimize(disc_adam, on_images(fakes, zeros))
        disc.requires_grad_(False)
        g_loss = minimize(gen_adam, on_noise(torch.randn(BATCH, NOISE)))
        disc.requires_grad_(True)
        return ((on_real + on_fake) / 2).item(), g_loss.item()

    gen = network(NOISE, GEN, PIXELS, True).append(nn.Tanh())
    disc = network(PIXELS, DISC, 1, False)
    gen_adam, disc_adam = adam(gen), adam(disc)
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    generate, on_images, on_noise = [
        torch.compile(f, disable=not compiled)
        for f in (gen.forward, disc_loss, gen_loss)]
    return torch.__version__, step


def keras_peer(_):
    """Keras on TensorFlow: the classic example, call by call."""
    import keras
    from keras import layers

    def network(inputs, hidden, normalized, *last):
        net = keras.Sequential([keras.Input(inputs), layers.Flatten()])
        for n in hidden:
            net.add(layers.Dense(n))
            net.add(layers.LeakyReLU(SLOPE))
            if normalized:
                net.add(layers.BatchNormalization(momentum=BN_MOMENTUM))
        for layer in last:
            net.add(layer)
        return net

    loss = "binary_crossentropy"
    gen = network((NOISE,), GEN, True, layers.Dense(PIXELS, "tanh"),
                  layers.Reshape(IMAGE))
    disc = network(IMAGE, DISC, False, layers.Dense(1, "sigmoid"))
    disc.compile(keras.optimizers.Adam(RATE, BETA1), loss, ["accuracy"])
    ones, zeros = np.ones((BATCH, 1)), np.zeros((BATCH, 1))
    # Keras 3 heeds `trainable` when it traces a model, not when it compiles
    # one: without this call the discriminator would stay as it is.
    disc.train_on_batch(np.zeros((BATCH, *IMAGE)), ones)
    disc.trainable = False
    noise = keras.Input((NOISE,))
    combined = keras.Model(noise, disc(gen(noise)))
    combined.compile(keras.optimizers.Adam(RATE, BETA1), loss)

    def step(real):
        noise = np.random.normal(0, 1, (BATCH, NOISE))
        images = gen.predict(noise, verbose=0)
        on_real = disc.train_on_batch(real.reshape(BATCH, *IMAGE), ones)
        on_fake = disc.train_on_batch(images, zeros)
        noise = np.random.normal(0, 1, (BATCH, NOISE))
        g_loss = combined.train_on_batch(noise, ones)
        return 0.5 * (on_real[0] + on_fake[0]), g_loss

    return keras.__version__, step


PEERS = {
    "jax": jax_peer,
    "tensorflow": tensorflow_peer,
    "tensorflow-graph": functools.partial(tensorflow_peer, xla=False),
    "torch": torch_peer,
    "torch-compile": functools.partial(torch_peer, compiled=True),
    "keras": keras_peer,
}


def main():
    parser = argparse.ArgumentParser(
        description="Times the step of the mlp GAN in another framework.")
    parser.add_argument("--peer", required=True, choices=PEERS)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--warmup", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    limit_threads(args.threads)
    version, step = PEERS[args.peer](args.threads)
    data = np.random.randint(0, 256, (60_000, PIXELS), np.uint8)
    order = np.random.permutation(len(data))
    times = []
    for index in range(args.warmup + args.steps):
        start = time.perf_counter()
        rows = order.take(range(index * BATCH, (index + 1) * BATCH), mode="wrap")
        losses = step(data[rows] / np.float32(127.5) - np.float32(1))
        times.append((time.perf_counter() - start) * 1000)
        if not all(map(math.isfinite, losses)):
            sys.exit(f"{args.peer}: step {index + 1}: the losses are {losses}")
    times = sorted(times[args.warmup:])
    print(json.dumps({
        "peer": args.peer, "version": version, "batch": BATCH,
        "steps": args.steps, "median_ms": round(times[len(times) // 2], 4),
        "min_ms": round(times[0], 4),
        "p95_ms": round(times[int(len(times) * 0.95)], 4)}))


if __name__ == "__main__":
    main()
