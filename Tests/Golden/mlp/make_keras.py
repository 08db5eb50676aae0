"""Write keras.safetensors: ten GAN steps by Keras 3 in float64 (TensorFlow).

Two roundings to float32 inside Keras on TensorFlow are worked around:
`tf.nn.leaky_relu` keeps its slope as a float32 attribute (see `LeakyReLU`),
and Adam casts its betas, if Python floats, by way of float32 (see `adam`).
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import common  # noqa: E402

ATTRIBUTES = {"weight": "kernel"}  # Keras's name where it is not ours


class LeakyReLU(keras.layers.LeakyReLU):
    """Keras's layer, its slope in the dtype of its input."""

    def call(self, inputs):
        return tf.where(inputs >= 0, inputs, self.negative_slope * inputs)


class MaskedDropout(keras.layers.Layer):
    """Dropout whose binary mask (1 keeps, 0 drops) is fed."""

    def call(self, inputs, mask_fed):
        return inputs * mask_fed / (1.0 - common.DROPOUT)


def make_generator():
    x = noise = keras.Input((common.NOISE,))
    last = len(common.GENERATOR) - 1
    for i, units in enumerate(common.GENERATOR[1:-1], start=1):
        x = keras.layers.Dense(units, name=f"dense{i}")(x)
        x = LeakyReLU(negative_slope=common.SLOPE)(x)
        x = keras.layers.BatchNormalization(
            momentum=common.MOMENTUM,
            epsilon=common.BN_EPSILON,
            name=f"batch_norm{i}",
        )(x)
    x = keras.layers.Dense(
        common.PIXELS, activation="tanh", name=f"dense{last}"
    )(x)
    x = keras.layers.Reshape(common.IMAGE)(x)
    return keras.Model(noise, x, name="generator")


def make_discriminator():
    image = keras.Input(common.IMAGE)
    masks = []
    x = keras.layers.Flatten()(image)
    last = len(common.DISCRIMINATOR) - 1
    for i, units in enumerate(common.DISCRIMINATOR[1:-1], start=1):
        x = keras.layers.Dense(units, name=f"dense{i}")(x)
        x = LeakyReLU(negative_slope=common.SLOPE)(x)
        masks.append(keras.Input((units,)))
        x = MaskedDropout(name=f"dropout{i}")(x, masks[-1])
    x = keras.layers.Dense(1, name=f"dense{last}")(x)
    return keras.Model([image, *masks], x, name="discriminator")


def adam():
    """Return Keras's Adam, with betas which a cast leaves in float64."""
    return keras.optimizers.Adam(
        learning_rate=common.LEARNING_RATE,
        beta_1=np.float64(common.BETA_1),
        beta_2=np.float64(common.BETA_2),
        epsilon=common.ADAM_EPSILON,
    )


def main():
    keras.config.set_floatx("float64")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    inputs = {k: tf.constant(v) for k, v in common.load("inputs").items()}
    models = {m.name: m for m in (make_generator(), make_discriminator())}
    generator, discriminator = models["generator"], models["discriminator"]

    def variable(name):
        network, layer, kind = name.split(".")
        layer = models[network].get_layer(layer)
        return getattr(layer, ATTRIBUTES.get(kind, kind))

    for name in common.all_names():
        variable(name).assign(inputs[f"initial.{name}"])

    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    results = {"d_loss": [], "g_loss": []}

    def update(optimizer, names, use, step, make_images, label):
        """Take one update of the tensors `names`; return the loss."""
        masks = [
            inputs[f"step{step}.{use}/discriminator/dropout{i}"]
            for i in range(1, len(common.DISCRIMINATOR) - 1)
        ]
        variables = [variable(name) for name in names]
        with tf.GradientTape() as tape:
            logits = discriminator([make_images(), *masks], training=True)
            loss = cross_entropy(tf.fill(logits.shape, label), logits)
        gradients = tape.gradient(loss, [v.value for v in variables])
        optimizer.apply(gradients, variables)
        if step == 0:
            for name, gradient in zip(names, gradients, strict=True):
                results[f"gradient.{use}.{name}"] = gradient.numpy()
        return loss.numpy()

    one, zero = tf.ones((), tf.float64), tf.zeros((), tf.float64)
    d_names, g_names = common.discriminator_names(), common.generator_names()
    d_adam, g_adam = adam(), adam()
    for step in range(common.STEPS):
        real = inputs[f"step{step}.real"]
        d_noise = inputs[f"step{step}.noise/discriminator"]
        g_noise = inputs[f"step{step}.noise/generator"]
        fakes = generator(d_noise, training=False)
        on_real = update(d_adam, d_names, "real", step, lambda: real, one)
        on_fake = update(d_adam, d_names, "fake", step, lambda: fakes, zero)
        results["d_loss"].append((on_real + on_fake) / 2)
        g_loss = update(
            g_adam, g_names, "generator", step,
            lambda: generator(g_noise, training=True), one,
        )  # fmt: skip
        results["g_loss"].append(g_loss)

    for name in common.all_names():
        results[f"final.{name}"] = variable(name).numpy()
    common.save("keras", results)


if __name__ == "__main__":
    main()
