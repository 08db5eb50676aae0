"""Times one training step of the preset `mlp` in other frameworks, on CPU.

Every peer does in f32 what a step of `ganymede bench --preset mlp` does: an
Adam update of the discriminator on real images, one on fakes that the
generator made in inference mode, and one of the generator in training mode
through the frozen discriminator. The time includes gathering and scaling the
batch and reading both losses back. README.md has the commands.
"""

import argparse
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
    """Keep to `threads` CPUs; frameworks look when they are imported."""
    if hasattr(os, "sched_setaffinity"):  # What bounds XLA's thread pool.
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

    def generate(layers, kept, key, training):
        """Images, and the moving means and variances after them."""
        x, moved = jax.random.normal(key, (BATCH, NOISE)), []
        for (weight, bias, gamma, beta), old in zip(layers, kept):
            x = jax.nn.leaky_relu(x @ weight + bias, SLOPE)
            mean, var = (x.mean(0), x.var(0)) if training else old
            x = (x - mean) * jax.lax.rsqrt(var + BN_EPSILON) * gamma + beta
            moved.append([BN_MOMENTUM * a + (1 - BN_MOMENTUM) * b
                          for a, b in zip(old, (mean, var))])
        return jnp.tanh(x @ layers[-1][0] + layers[-1][1]), moved

    def disc_loss(layers, x, sign):
        """Cross entropy with real for sign -1, with fake for 1."""
        for weight, bias in layers[:-1]:
            x = jax.nn.leaky_relu(x @ weight + bias, SLOPE)
        x = x @ layers[-1][0] + layers[-1][1]
        return jax.nn.softplus(sign * x).mean(), None

    def gen_loss(layers, kept, key, disc):
        images, moved = generate(layers, kept, key, True)
        return disc_loss(disc, images, -1)[0], moved

    def minimize(network, t, loss, *inputs):
        """The network after Adam's update `t`, and what `loss` returns."""
        w, m, v = network
        value, dw = jax.value_and_grad(loss, has_aux=True)(w, *inputs)
        m = jax.tree.map(lambda m, g: m + (1 - BETA1) * (g - m), m, dw)
        v = jax.tree.map(lambda v, g: v + (1 - BETA2) * (g * g - v), v, dw)
        rate = RATE * jnp.sqrt(1 - BETA2 ** t) / (1 - BETA1 ** t)
        w = jax.tree.map(lambda w, m, v: w - rate * m / (
            jnp.sqrt(v) + ADAM_EPSILON), w, m, v)
        return (w, m, v), *value

    def train(state, real):
        gen, disc, kept, t, key = state
        key, key1, key2 = jax.random.split(key, 3)
        fakes, _ = generate(gen[0], kept, key1, False)
        disc, on_real, _ = minimize(disc, 2 * t + 1, disc_loss, real, -1)
        disc, on_fake, _ = minimize(disc, 2 * t + 2, disc_loss, fakes, 1)
        gen, g_loss, kept = minimize(gen, t + 1, gen_loss, kept, key2, disc[0])
        return (gen, disc, kept, t + 1, key), ((on_real + on_fake) / 2, g_loss)

    def network(units, *rest):
        """Layers, each a weight and vectors full of `rest`, and slots."""
        layers = [[np.random.uniform(-1, 1, (n, m)) * math.sqrt(6 / (n + m)),
                   *[np.full(m, x) for x in rest]]
                  for n, m in zip(units, units[1:])]
        del layers[-1][2:]  # The last one is not normalized.
        slots = [jax.tree.map(np.zeros_like, layers) for _ in "mv"]
        return jax.tree.map(jnp.float32, (layers, *slots))

    state = (network((NOISE, *GEN, PIXELS), 0, 1, 0),
             network((PIXELS, *DISC, 1), 0),
             [[jnp.zeros(n), jnp.ones(n)] for n in GEN],
             jnp.float32(0), jax.random.key(0))
    train = jax.jit(train, donate_argnums=0)

    def step(real):
        nonlocal state
        state, losses = train(state, real)
        return jax.device_get(losses)

    return jax.__version__, step


def keras_networks():
    """Generator and discriminator; the latter gives logits."""
    from keras import Input, Sequential, layers
    gen, disc = [Input((NOISE,))], [Input(IMAGE), layers.Flatten()]
    for n in GEN:
        gen += [layers.Dense(n), layers.LeakyReLU(SLOPE),
                layers.BatchNormalization(momentum=BN_MOMENTUM)]
    for n in DISC:
        disc += [layers.Dense(n), layers.LeakyReLU(SLOPE)]
    gen += [layers.Dense(PIXELS, "tanh"), layers.Reshape(IMAGE)]
    return Sequential(gen), Sequential([*disc, layers.Dense(1)])


def tensorflow_peer(args):
    """TensorFlow: the whole step is one tf.function, with XLA or without."""
    import tensorflow as tf
    gen, disc = networks = keras_networks()
    weights = [[w.value for w in net.trainable_weights] for net in networks]
    slots = [[[tf.Variable(tf.zeros_like(w)) for _ in "mv"] for w in network]
             for network in weights]
    n = tf.Variable(0)

    def noise(stream):
        return tf.random.stateless_normal((BATCH, NOISE), [stream, n])

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

    @tf.function(jit_compile=args.peer == "tensorflow")
    def train(real):
        fakes = gen(noise(0), training=False)
        images = tf.reshape(real, (BATCH, *IMAGE))
        on_real = minimize(1, 2 * n + 1, lambda: images, -1)
        on_fake = minimize(1, 2 * n + 2, lambda: fakes, 1)
        g_loss = minimize(0, n + 1, lambda: gen(noise(1), training=True), -1)
        n.assign_add(1)
        return (on_real + on_fake) / 2, g_loss

    return tf.__version__, lambda real: [x.numpy() for x in train(real)]


def keras_peer(_):
    """Keras on TensorFlow: the classic example, call by call."""
    import keras
    gen, disc = keras_networks()
    disc.add(keras.layers.Activation("sigmoid"))
    disc.compile(keras.optimizers.Adam(RATE, BETA1), "binary_crossentropy",
                 metrics=["accuracy"])
    ones, zeros = np.ones((BATCH, 1)), np.zeros((BATCH, 1))
    # Keras 3 heeds `trainable` when it traces, not when it compiles: without
    # this call, on the types of the later ones, it would never be trained.
    disc.train_on_batch(np.zeros((BATCH, *IMAGE), np.float32), ones)
    disc.trainable = False
    noise = keras.Input((NOISE,))
    combined = keras.Model(noise, disc(gen(noise)))
    combined.compile(keras.optimizers.Adam(RATE, BETA1), "binary_crossentropy")

    def step(real):
        noise = np.random.normal(0, 1, (2, BATCH, NOISE))
        fakes = gen.predict(noise[0], verbose=0)
        on_real = disc.train_on_batch(real.reshape(BATCH, *IMAGE), ones)
        on_fake = disc.train_on_batch(fakes, zeros)
        g_loss = combined.train_on_batch(noise[1], ones)
        return (on_real[0] + on_fake[0]) / 2, g_loss

    return keras.__version__, step


def torch_peer(args):
    """PyTorch: eager, or each pass and its gradient by torch.compile."""
    import torch
    from torch import nn
    torch.set_num_threads(args.threads)
    gen, disc = nn.Sequential(), nn.Sequential()
    for n, m in zip((NOISE, *GEN), GEN):
        gen.extend([nn.Linear(n, m), nn.LeakyReLU(SLOPE),
                    nn.BatchNorm1d(m, BN_EPSILON, 1 - BN_MOMENTUM)])
    gen.extend([nn.Linear(GEN[-1], PIXELS), nn.Tanh()])
    for n, m in zip((PIXELS, *DISC), DISC):
        disc.extend([nn.Linear(n, m), nn.LeakyReLU(SLOPE)])
    disc.append(nn.Linear(DISC[-1], 1))
    gen_adam, disc_adam = [
        torch.optim.Adam(network.parameters(), RATE, (BETA1, BETA2),
                         ADAM_EPSILON, fused=True) for network in (gen, disc)]
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    cross_entropy = nn.functional.binary_cross_entropy_with_logits
    generate, disc_loss, gen_loss = [
        torch.compile(f, disable=args.peer == "torch") for f in (
            gen.forward, lambda x, target: cross_entropy(disc(x), target),
            lambda noise: cross_entropy(disc(gen(noise)), ones))]

    def minimize(adam, loss):
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        return loss.item()

    def step(real):
        gen.eval()
        with torch.no_grad():
            fakes = generate(torch.randn(BATCH, NOISE))
        gen.train()
        on_real = minimize(disc_adam, disc_loss(torch.from_numpy(real), ones))
        on_fake = minimize(disc_adam, disc_loss(fakes, zeros))
        disc.requires_grad_(False)
        g_loss = minimize(gen_adam, gen_loss(torch.randn(BATCH, NOISE)))
        disc.requires_grad_(True)
        return (on_real + on_fake) / 2, g_loss

    return torch.__version__, step


PEERS = {"jax": jax_peer, "keras": keras_peer,
         "tensorflow": tensorflow_peer, "tensorflow-graph": tensorflow_peer,
         "torch": torch_peer, "torch-compile": torch_peer}


def main():
    """Time the peer that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, choices=PEERS)
    for name, default in ("steps", 300), ("warmup", 30), ("threads", 2):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    limit_threads(args.threads)
    version, step = PEERS[args.peer](args)
    data = np.random.randint(0, 256, (60_000, PIXELS), np.uint8)
    order = np.random.permutation(len(data)).reshape(-1, BATCH)
    times = []
    for index in range(args.warmup + args.steps):
        start = time.perf_counter()
        images = data[order[index % len(order)]]
        losses = step(images / np.float32(127.5) - np.float32(1))
        times.append((time.perf_counter() - start) * 1000)
        assert all(map(math.isfinite, losses)), losses
    times = [round(ms, 4) for ms in sorted(times[args.warmup:])]
    print(json.dumps({
        "peer": args.peer, "version": version, "batch": BATCH,
        "steps": args.steps, "median_ms": times[len(times) // 2],
        "min_ms": times[0], "p95_ms": times[int(len(times) * 0.95)]}))


if __name__ == "__main__":
    main()
