"""Keras on TensorFlow, call by call, as the student projects do it."""

import keras
import numpy as np
from keras import layers, ops

import systems


class ClassEmbedding(layers.Layer):
    """Appends the vector of each sample's class."""

    def __init__(self, classes, width):
        super().__init__()
        self.classes, self.width = classes, width

    def build(self, _):
        self.vectors = self.add_weight(
            (self.classes, self.width),
            keras.initializers.RandomNormal(stddev=1.0))

    def call(self, inputs):
        x, labels = inputs
        hot = ops.one_hot(labels, self.classes, dtype=x.dtype)
        return ops.concatenate([x, hot @ self.vectors], -1)


class ClassProjection(layers.Layer):
    """A logit: a dense one, and the product with the class's vector."""

    def __init__(self, classes):
        super().__init__()
        self.classes = classes

    def build(self, shapes):
        width = shapes[0][-1]
        self.kernel = self.add_weight((width, 1), "glorot_uniform")
        self.bias = self.add_weight((1,), "zeros")
        self.vectors = self.add_weight(
            (self.classes, width),
            keras.initializers.RandomNormal(stddev=0.02))

    def call(self, inputs):
        x, labels = inputs
        hot = ops.one_hot(labels, self.classes, dtype=x.dtype)
        own = ops.sum(hot * (x @ ops.transpose(self.vectors)), -1, True)
        return x @ self.kernel + self.bias + own


def layer(item):
    """The Keras layer for one of ours."""
    match item.kind:
        case "dense":
            return layers.Dense(item.units, use_bias=item.bias)
        case "conv" | "conv_transpose":
            kind = (layers.Conv2D if item.kind == "conv"
                    else layers.Conv2DTranspose)
            return kind(item.units, item.kernel, item.stride, item.padding,
                        use_bias=item.bias)
        case "batch_norm":
            return layers.BatchNormalization(
                momentum=item.momentum, epsilon=item.epsilon)
        case "leaky_relu":
            return layers.LeakyReLU(item.slope)
        case "dropout":
            return layers.Dropout(item.rate)
        case "up_sampling":
            return layers.UpSampling2D()
        case "reshape":
            return layers.Reshape(item.shape)
        case "flatten":
            return layers.Flatten()
        case "class_embedding":
            return ClassEmbedding(item.classes, item.width)
        case "class_projection":
            return ClassProjection(item.classes)
        case kind:
            return layers.Activation(kind)


def conditional(items, shape):
    """A network of images or noise, and labels."""
    inputs = [keras.Input(shape), keras.Input((), dtype="int32")]
    x, labels = inputs
    for item in items:
        x = layer(item)(
            [x, labels] if item.kind in systems.CONDITIONAL else x)
    return keras.Model(inputs, x)


def networks(system, bf16=False):
    """Generator and discriminator; the latter gives logits."""
    policy = "mixed_bfloat16" if bf16 else "float32"
    keras.config.set_dtype_policy(policy)
    pair = [conditional(items, shape) if system.classes else
            keras.Sequential([keras.Input(shape), *map(layer, items)])
            for shape, items in ((system.noise, system.generator),
                                 (systems.IMAGE, system.discriminator))]
    systems.check_parameters(system, [net.count_params() for net in pair])
    return pair


def optimizer(settings):
    """Keras's Adam or RMSprop with the preset's settings."""
    if settings.kind == "adam":
        return keras.optimizers.Adam(
            settings.rate, settings.beta1, settings.beta2, settings.epsilon)
    rate = keras.optimizers.schedules.InverseTimeDecay(
        settings.rate, 1, settings.decay)
    return keras.optimizers.RMSprop(
        rate, settings.rho, epsilon=settings.epsilon, clipvalue=settings.clip)


def make(system, peer, batch, threads, bf16):
    gen, disc = networks(system, bf16)
    disc.add(layers.Activation("sigmoid", dtype="float32"))
    disc.compile(optimizer(system.optimizers[1]), "binary_crossentropy",
                 metrics=["accuracy"])
    ones, zeros = np.ones((batch, 1)), np.zeros((batch, 1))
    both = np.concatenate([system.real_target * ones, zeros])
    # Keras 3 heeds `trainable` when it traces, not when it compiles: without
    # this call, on the types of the later ones, it would never be trained.
    first = ones if system.schedule == "separate" else both
    disc.train_on_batch(
        np.zeros((len(first), *systems.IMAGE), np.float32), first)
    disc.trainable = False
    noise = keras.Input(system.noise)
    combined = keras.Model(noise, disc(gen(noise)))
    combined.compile(optimizer(system.optimizers[0]), "binary_crossentropy")

    def draw():
        shape = (batch, *system.noise)
        if system.uniform_noise:
            return np.random.uniform(-1, 1, shape)
        return np.random.normal(0, 1, shape)

    def predict():
        """Always f32: another type would make Keras trace anew."""
        return gen.predict(draw(), verbose=0).astype(np.float32, copy=False)

    def separate(real):
        fakes = predict()
        on_real = disc.train_on_batch(real, ones)
        on_fake = disc.train_on_batch(fakes, zeros)
        return (on_real[0] + on_fake[0]) / 2

    def concatenated(real):
        images = np.concatenate([real, predict()])
        return disc.train_on_batch(images, both)[0]

    def step(real):
        schedule = separate if system.schedule == "separate" else concatenated
        return schedule(real), combined.train_on_batch(draw(), ones)

    return keras.__version__, step
