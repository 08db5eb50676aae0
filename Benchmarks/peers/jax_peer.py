"""JAX: the whole step is one jitted function that donates its state."""

from math import prod, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import systems

NHWC = ("NHWC", "HWIO", "NHWC")


def initial(layers, shape):
    """Weights and moving statistics, a list of arrays for each layer."""
    weights, statistics = [], []

    def glorot(*shape):
        *window, width, units = shape
        fans = (width + units) * prod(window)
        return np.random.uniform(-1, 1, shape) * sqrt(6 / fans)

    for layer, (*size, width) in systems.placed(layers, shape):
        arrays, moving = [], []
        if hasattr(layer, "units"):
            window = [layer.kernel] * 2 if size else []
            arrays = [glorot(*window, width, layer.units)]
            arrays += [np.zeros(layer.units)] * layer.bias
        elif layer.kind == "class_embedding":
            arrays = [np.random.normal(0, 1, (layer.classes, layer.width))]
        elif layer.kind == "class_projection":
            arrays = [glorot(width, 1), np.zeros(1),
                      np.random.normal(0, 0.02, (layer.classes, width))]
        elif layer.kind == "batch_norm":
            arrays = [np.ones(width), np.zeros(width)]
            moving = [np.zeros(width), np.ones(width)]
        weights.append(arrays)
        statistics.append(moving)
    return jax.tree.map(jnp.float32, (weights, statistics))


def normalize(layer, x, weights, moving, training):
    """Batch normalization in f32, and the statistics after it."""
    y, axes = x.astype(jnp.float32), tuple(range(x.ndim - 1))
    if training:
        mean, var = now = y.mean(axes), y.var(axes)
        moving = [layer.momentum * a + (1 - layer.momentum) * b
                  for a, b in zip(moving, now)]
    else:
        mean, var = moving
    scale = weights[0] * lax.rsqrt(var + layer.epsilon)
    return ((y - mean) * scale + weights[1]).astype(x.dtype), moving


def conv_by_patches(layer, x, kernel):
    """A 'same' convolution as a product with patches.

    Where the output is smaller than the kernel, and in second derivatives,
    XLA's CPU back end leaves its fast kernels for convolutions, and is 5 to
    100 times slower.
    """
    size, side, stride = x.shape[1], layer.kernel, layer.stride
    last = (-(-size // stride) - 1) * stride
    lost = last + side - size
    pad = lost // 2, lost - lost // 2
    x = jnp.pad(x, ((0, 0), pad, pad, (0, 0)))
    patches = [x[:, i:i + last + 1:stride, j:j + last + 1:stride]
               for i in range(side) for j in range(side)]
    return jnp.concatenate(patches, -1) @ kernel.reshape(-1, layer.units)


def affine(layer, x, weights, patches=False):
    """A product or a convolution in the precision of `x`."""
    kernel, *bias = [w.astype(x.dtype) for w in weights]
    match layer.kind:
        case "dense":
            x = x @ kernel
        case "conv" if (patches or
                        x.shape[1] <= (layer.kernel - 1) * layer.stride):
            x = conv_by_patches(layer, x, kernel)
        case "conv":
            x = lax.conv_general_dilated(
                x, kernel, [layer.stride] * 2, layer.padding.upper(),
                dimension_numbers=NHWC)
        case "conv_transpose":
            x = lax.conv_transpose(
                x, kernel, [layer.stride] * 2, layer.padding.upper(),
                dimension_numbers=NHWC)
    return x + bias[0] if bias else x


def conditioned(layer, x, weights, labels):
    """By products: their gradients are products, too, and not scatters."""
    weights = [w.astype(x.dtype) for w in weights]
    hot = jax.nn.one_hot(labels, layer.classes, dtype=x.dtype)
    if layer.kind == "class_embedding":
        return jnp.concatenate([x, hot @ weights[0]], 1)
    kernel, bias, vectors = weights
    return x @ kernel + bias + (hot * (x @ vectors.T)).sum(1, keepdims=True)


def forward(layers, weights, statistics, x, key, training, labels=None,
            patches=False):
    """What the network makes of `x`, and its statistics after it."""
    after = []
    for i, (layer, w, moving) in enumerate(zip(layers, weights, statistics)):
        match layer.kind:
            case "dense" | "conv" | "conv_transpose":
                x = affine(layer, x, w, patches)
            case "class_embedding" | "class_projection":
                x = conditioned(layer, x, w, labels)
            case "batch_norm":
                x, moving = normalize(layer, x, w, moving, training)
            case "leaky_relu":
                x = jax.nn.leaky_relu(x, layer.slope)
            case "dropout":
                if training:
                    kept = jax.random.bernoulli(
                        jax.random.fold_in(key, i), 1 - layer.rate, x.shape)
                    x = jnp.where(kept, x / (1 - layer.rate), 0)
            case "up_sampling":
                x = x.repeat(2, 1).repeat(2, 2)
            case "reshape":
                x = x.reshape(-1, *layer.shape)
            case "flatten":
                x = x.reshape(len(x), -1)
            case kind:
                x = {"relu": jax.nn.relu, "tanh": jnp.tanh,
                     "sigmoid": jax.nn.sigmoid}[kind](x)
        after.append(moving)
    return x, after


def update(optimizer, t, weights, slots, gradient):
    """The weights and slots after update `t`, counted from 0."""
    o, tree = optimizer, jax.tree.map
    if o.kind == "adam":
        m, v = slots
        m = tree(lambda m, g: m + (1 - o.beta1) * (g - m), m, gradient)
        v = tree(lambda v, g: v + (1 - o.beta2) * (g * g - v), v, gradient)
        rate = o.rate * jnp.sqrt(1 - o.beta2 ** (t + 1)) / (
            1 - o.beta1 ** (t + 1))
        return tree(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + o.epsilon),
                    weights, m, v), (m, v)
    gradient = tree(lambda g: jnp.clip(g, -o.clip, o.clip), gradient)
    v = tree(lambda v, g: v + (1 - o.rho) * (g * g - v), slots[0], gradient)
    rate = o.rate / (1 + o.decay * t)
    return tree(lambda w, g, v: w - rate * g * lax.rsqrt(v + o.epsilon),
                weights, gradient, v), (v,)


def cross_entropy(logits, target):
    """In f32, whatever the logits are in."""
    logits = logits.astype(jnp.float32)
    return (jax.nn.softplus(logits) - target * logits).mean()


def r1(system, logits, pull):
    """gamma / 2 times the mean of |grad D(x)|^2. Samples do not mix: the
    gradient of the sum of logits is that of each by its own image."""
    gradient, = pull(jnp.ones_like(logits))
    return system.penalty / 2 * (gradient ** 2).sum((1, 2, 3)).mean()


def averaged(decay, t, mean, now):
    """The moving average after step `t`, counted from 0."""
    share = 1 - jnp.minimum(decay, (1 + t) / (10 + t))
    return jax.tree.map(lambda a, b: a + share * (b - a), mean, now)


class Rounds:
    """The three schedules, as functions from a state to the next."""

    def __init__(self, system, batch, dtype):
        self.system, self.batch, self.dtype = system, batch, dtype

    def generate(self, weights, statistics, key, training, labels=None):
        noise, dropout = jax.random.split(key)
        shape = (self.batch, *self.system.noise)
        z = (jax.random.uniform(noise, shape, minval=-1, maxval=1)
             if self.system.uniform_noise
             else jax.random.normal(noise, shape)).astype(self.dtype)
        return forward(self.system.generator, weights, statistics, z,
                       dropout, training, labels)

    def judge(self, weights, images, key, labels=None, patches=False):
        layers = self.system.discriminator
        return forward(layers, weights, [()] * len(layers),
                       images.astype(self.dtype), key, True, labels,
                       patches)[0]

    def disc_loss(self, weights, images, target, key):
        return cross_entropy(self.judge(weights, images, key), target)

    def real_loss(self, weights, real, labels, key):
        """With the penalty, if there is one, of the same pass."""
        if not self.system.penalty:
            return cross_entropy(self.judge(weights, real, key, labels), 1)
        logits, pull = jax.vjp(
            lambda x: self.judge(weights, x, key, labels, True), real)
        return cross_entropy(logits, 1) + r1(self.system, logits, pull)

    def gen_loss(self, weights, statistics, disc, key):
        images, moved = self.generate(weights, statistics, key, True)
        return self.disc_loss(disc, images, 1, key), moved

    def minimize(self, index, network, t, gradient):
        return update(self.system.optimizers[index], t, *network, gradient)

    def train_disc(self, disc, t, *inputs):
        loss, gradient = jax.value_and_grad(self.disc_loss)(disc[0], *inputs)
        return self.minimize(1, disc, t, gradient), loss

    def train_gen(self, gen, moving, t, disc, key):
        (loss, moving), gradient = jax.value_and_grad(
            self.gen_loss, has_aux=True)(gen[0], moving, disc[0], key)
        return self.minimize(0, gen, t, gradient), moving, loss

    def separate(self, gen, disc, moving, t, keys, real):
        fakes, _ = self.generate(gen[0], moving, keys[0], False)
        disc, on_real = self.train_disc(disc, 2 * t, real, 1, keys[1])
        disc, on_fake = self.train_disc(disc, 2 * t + 1, fakes, 0, keys[2])
        gen, moving, g_loss = self.train_gen(gen, moving, t, disc, keys[3])
        return gen, disc, moving, ((on_real + on_fake) / 2, g_loss)

    def concatenated(self, gen, disc, moving, t, keys, real):
        fakes, _ = self.generate(gen[0], moving, keys[0], False)
        images = jnp.concatenate([real.astype(self.dtype), fakes])
        target = jnp.repeat(jnp.array([self.system.real_target, 0]),
                            self.batch)[:, None]
        disc, d_loss = self.train_disc(disc, t, images, target, keys[1])
        gen, moving, g_loss = self.train_gen(gen, moving, t, disc, keys[2])
        return gen, disc, moving, (d_loss, g_loss)

    def simultaneous(self, gen, disc, moving, t, keys, real, labels=None):
        """Both gradients pull back through one pass of fakes."""
        fakes, pull_gen, after = jax.vjp(
            lambda w: self.generate(w, moving, keys[0], True, labels), gen[0],
            has_aux=True)
        logits, pull_fake = jax.vjp(
            lambda w, x: self.judge(w, x, keys[1], labels), disc[0], fakes)
        g_loss, slope = jax.value_and_grad(cross_entropy)(logits, 1)
        gen_gradient, = pull_gen(pull_fake(slope)[1])
        on_fake, slope = jax.value_and_grad(cross_entropy)(logits, 0)
        on_real, gradient = jax.value_and_grad(self.real_loss)(
            disc[0], real, labels, keys[2])
        gradient = jax.tree.map(jnp.add, gradient, pull_fake(slope)[0])
        gen = self.minimize(0, gen, t, gen_gradient)
        disc = self.minimize(1, disc, t, gradient)
        return gen, disc, after, (on_real + on_fake, g_loss)


def make(system, peer, batch, threads, bf16):
    rounds = Rounds(system, batch, jnp.bfloat16 if bf16 else jnp.float32)
    schedule = getattr(rounds, system.schedule)
    built = [initial(system.generator, system.noise),
             initial(system.discriminator, systems.IMAGE)]
    systems.check_parameters(system, [
        sum(x.size for x in jax.tree.leaves(network)) for network in built])

    def network(index):
        """Weights and slots: no buffer may be donated twice."""
        slots = 2 if system.optimizers[index].kind == "adam" else 1
        weights = built[index][0]
        return weights, tuple(jax.tree.map(jnp.zeros_like, weights)
                              for _ in range(slots))

    def train(state, *batch):
        gen, disc, moving, mean, t, key = state
        key, *keys = jax.random.split(key, 5)
        gen, disc, moving, losses = schedule(
            gen, disc, moving, t, keys, *batch)
        if system.average:
            mean = averaged(system.average, t, mean, (gen[0], moving))
        return (gen, disc, moving, mean, t + 1, key), losses

    mean = jax.tree.map(jnp.copy, built[0]) if system.average else ()
    # "rbg" draws large masks faster than the default.
    state = (network(0), network(1), built[0][1], mean, jnp.float32(0),
             jax.random.key(0, impl="rbg"))
    train = jax.jit(train, donate_argnums=0)

    def step(*batch):
        nonlocal state
        state, losses = train(state, *batch)
        return jax.device_get(losses)

    return jax.__version__, step
