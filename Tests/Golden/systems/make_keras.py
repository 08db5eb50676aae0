"""Write NAME-keras.safetensors: ten GAN steps by Keras 3 in float64.

Roundings to float32 inside Keras on TensorFlow are worked around:
`tf.nn.leaky_relu` keeps its slope as a float32 attribute (see `LeakyReLU`),
Adam casts its betas by way of float32 if they are Python floats, and a
learning-rate schedule computes in float32 from Python floats (for both, see
`make_optimizer`).

Keras has no layers that read classes (they are put together from its
`Embedding` and `Dense`), no penalty on a discriminator's gradient and no
average with a warm-up that includes moving statistics; see `ClassEmbedding`,
`ClassProjection`, `Run.penalty` and `Run.move_average`.
"""

import os
from functools import partial

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import common  # noqa: E402
from systems import STEPS, penalty_weight  # noqa: E402

ATTRIBUTES = {"weight": "kernel"}  # Keras's name where it is not ours


class LeakyReLU(keras.layers.LeakyReLU):
    """Keras's layer, its slope in the dtype of its input."""

    def call(self, inputs):
        return tf.where(inputs >= 0, inputs, self.negative_slope * inputs)


class MaskedDropout(keras.layers.Layer):
    """Dropout whose binary mask (1 keeps, 0 drops) is fed, if training."""

    def __init__(self, rate, find_mask):
        super().__init__()
        self.rate = rate
        self.find_mask = find_mask

    def call(self, inputs, training):
        if not training:
            return inputs
        return inputs * self.find_mask() / (1.0 - self.rate)


class ClassEmbedding(keras.layers.Layer):
    """Appends the vector of the sample's class, which is fed."""

    def __init__(self, classes, width, find_labels):
        super().__init__()
        self.vectors = keras.layers.Embedding(classes, width)
        self.find_labels = find_labels

    def call(self, inputs):
        return tf.concat([inputs, self.vectors(self.find_labels())], 1)

    @property
    def kernel(self):
        return self.vectors.embeddings


class ClassProjection(keras.layers.Layer):
    """A dense logit and the product with the vector of the sample's class."""

    def __init__(self, classes, features, find_labels):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.vectors = keras.layers.Embedding(classes, features)
        self.find_labels = find_labels

    def call(self, inputs):
        vectors = self.vectors(self.find_labels())
        product = tf.reduce_sum(vectors * inputs, 1, keepdims=True)
        return self.dense(inputs) + product

    @property
    def kernel(self):
        return self.dense.kernel

    @property
    def bias(self):
        return self.dense.bias

    @property
    def class_weight(self):
        return self.vectors.embeddings


def make_layer(placed, find_mask, find_labels):
    """Return Keras's own layer, except for dropout and classes."""
    k = keras.layers
    layer = placed.layer
    match layer.kind:
        case "dense":
            return k.Dense(layer.width, use_bias=layer.bias)
        case "conv2d":
            return k.Conv2D(
                layer.width,
                layer.kernel,
                layer.stride,
                layer.padding,
                use_bias=layer.bias,
            )
        case "conv2d_transpose":
            return k.Conv2DTranspose(
                layer.width,
                layer.kernel,
                layer.stride,
                "same",
                use_bias=layer.bias,
            )
        case "up_sampling2d":
            return k.UpSampling2D(layer.factor, interpolation="nearest")
        case "batch_norm":
            return k.BatchNormalization(
                momentum=layer.momentum, epsilon=layer.epsilon
            )
        case "leaky_relu":
            return LeakyReLU(negative_slope=layer.slope)
        case "dropout":
            return MaskedDropout(layer.rate, find_mask)
        case "flatten":
            return k.Flatten()
        case "reshape":
            return k.Reshape(layer.shape)
        case "class_embedding":
            return ClassEmbedding(layer.classes, layer.width, find_labels)
        case "class_projection":
            features = placed.tensors["weight"][0]
            return ClassProjection(layer.classes, features, find_labels)
        case _:
            return k.Activation(layer.kind)


class LateDecay(keras.optimizers.schedules.PolynomialDecay):
    """Keras's linear schedule, but it begins after `start` steps."""

    def __init__(self, rate, start, end):
        zero = np.float64(0.0)
        super().__init__(np.float64(rate), end - start, zero)
        self.start = start

    def __call__(self, step):
        return super().__call__(tf.maximum(step - self.start, 0))


def make_optimizer(settings):
    """Return Keras's optimizer; np.float64 keeps a cast from rounding."""
    if settings.kind == "adam":
        rate = settings.rate
        if settings.fall is not None:
            rate = LateDecay(rate, *settings.fall)
        return keras.optimizers.Adam(
            rate,
            beta_1=np.float64(settings.beta_1),
            beta_2=np.float64(settings.beta_2),
            epsilon=settings.epsilon,
        )
    rate = keras.optimizers.schedules.InverseTimeDecay(
        np.float64(settings.rate), 1, np.float64(settings.decay)
    )
    return keras.optimizers.RMSprop(
        rate,
        rho=settings.rho,
        epsilon=settings.epsilon,
        clipvalue=settings.clip,
    )


class Network:
    """A list of Keras layers, their variables by our names, an optimizer."""

    def __init__(self, system, name, inputs):
        self.masks = {}  # of the pass under way, by layer
        self.labels = tf.zeros((1,), tf.float64)  # of the batch
        self.layers = []
        placed_layers = common.placed_layers(system, name)
        for p in placed_layers:
            find_mask = partial(self.find_mask, p.name)
            self.layers.append(make_layer(p, find_mask, self.find_labels))
        shape = system.noise if name == "generator" else system.image
        self(tf.zeros((1, *shape), tf.float64), training=False)

        by_name = {
            p.name: layer
            for p, layer in zip(placed_layers, self.layers, strict=True)
        }
        self.variables = {}
        for key in common.tensors(system, name):
            _, layer, tensor = key.split(".")
            tensor = ATTRIBUTES.get(tensor, tensor)
            self.variables[key] = getattr(by_name[layer], tensor)
            self.variables[key].assign(inputs[f"initial.{key}"])
        self.trained = {
            key: self.variables[key] for key in common.trained(system, name)
        }
        settings = getattr(system, f"{name}_optimizer")
        self.optimizer = make_optimizer(settings)

    def find_mask(self, layer):
        return self.masks[layer]

    def find_labels(self):
        return self.labels

    def __call__(self, x, training):
        for layer in self.layers:
            x = layer(x, training=training)
        return x


class Run:
    """The state of both networks, what a step is fed with, the results."""

    def __init__(self, system, inputs):
        self.inputs = inputs
        self.generator = Network(system, "generator", inputs)
        self.discriminator = Network(system, "discriminator", inputs)
        self.cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.real_target = system.real_target
        self.system = system
        self.average_decay = system.average_decay
        self.average = {}
        if self.average_decay is not None:
            self.average = {
                key: variable.numpy()
                for key, variable in self.generator.variables.items()
            }
        self.step = 0
        self.feeds = {}
        self.results = {"d_loss": [], "g_loss": []}

    def begin(self, step):
        self.step = step
        prefix = f"step{step}."
        self.feeds = {
            key.removeprefix(prefix): value
            for key, value in self.inputs.items()
            if key.startswith(prefix)
        }
        for network in (self.generator, self.discriminator):
            network.labels = self.feeds.get("labels")

    def set_masks(self, network, use):
        prefix = f"{use}/{network}/"
        getattr(self, network).masks = {
            key.removeprefix(prefix): value
            for key, value in self.feeds.items()
            if key.startswith(prefix)
        }

    def fakes(self):
        """Return images for the discriminator's step, in inference mode."""
        return self.generator(self.feeds["noise/discriminator"], False)

    def images(self):
        """Return images for the generator's step, in training mode."""
        self.set_masks("generator", "generator")
        return self.generator(self.feeds["noise/generator"], True)

    def judge(self, images, use):
        """Return logits, dropout active, with the masks of the pass `use`."""
        self.set_masks("discriminator", use)
        return self.discriminator(images, True)

    def loss(self, logits, *targets):
        """Return the mean loss; the targets share the rows equally."""
        rows = logits.shape[0] // len(targets)
        labels = [tf.fill((rows, 1), np.float64(t)) for t in targets]
        return self.cross_entropy(tf.concat(labels, 0), logits)

    def apply(self, network, use, gradients):
        """Update `network`; keep the gradients, if its first in `use`."""
        # Those of an embedding have a row for each sample. Adam would square
        # the rows before it adds those of a class.
        gradients = [tf.convert_to_tensor(g) for g in gradients]
        network.optimizer.apply(gradients, list(network.trained.values()))
        for key, gradient in zip(network.trained, gradients, strict=True):
            key = f"gradient.{use}.{key}"
            self.results.setdefault(key, gradient.numpy())

    def update(self, network, use, find_loss):
        """Take one update of `network` alone; return the loss."""
        with tf.GradientTape() as tape:
            loss = find_loss()
        variables = [v.value for v in network.trained.values()]
        self.apply(network, use, tape.gradient(loss, variables))
        return loss.numpy()

    def update_discriminator(self, use, images, *targets):
        return self.update(
            self.discriminator,
            use,
            lambda: self.loss(self.judge(images, use), *targets),
        )

    def update_generator(self):
        return self.update(
            self.generator,
            "generator",
            lambda: self.loss(self.judge(self.images(), "generator"), 1.0),
        )

    def separate(self):
        """Real and fake batch one after the other, then the generator."""
        fakes, target = self.fakes(), self.real_target
        on_real = self.update_discriminator("real", self.feeds["real"], target)
        on_fake = self.update_discriminator("fake", fakes, 0.0)
        return (on_real + on_fake) / 2, self.update_generator()

    def concatenated(self):
        """Real and fake images as one batch, then the generator."""
        batch = tf.concat([self.feeds["real"], self.fakes()], 0)
        d_loss = self.update_discriminator(
            "discriminator", batch, self.real_target, 0.0
        )
        return d_loss, self.update_generator()

    def penalty(self, use, images):
        """Return the penalty's term of the discriminator's loss."""
        images = tf.stop_gradient(images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = self.judge(images, use)
        # Samples do not mix: each image has the gradient of its own logit.
        slopes = tape.gradient(logits, images)
        squares = tf.reduce_sum(tf.square(slopes), range(1, slopes.ndim))
        weight = np.float64(penalty_weight(self.system, self.step))
        return weight * 0.5 * tf.reduce_mean(squares)

    def losses(self, on_real, on_fake):
        """Return both networks' losses from one forward pass."""
        if self.system.loss == "relativistic":
            return {
                "discriminator": tf.reduce_mean(
                    tf.math.softplus(on_fake - on_real)
                ),
                "generator": tf.reduce_mean(
                    tf.math.softplus(on_real - on_fake)
                ),
            }
        return {
            "discriminator": self.loss(on_real, self.real_target)
            + self.loss(on_fake, 0.0),
            "generator": self.loss(on_fake, 1.0),
        }

    def move_average(self, step):
        """Move the generator's average, `step` steps having gone before."""
        decay = min(self.average_decay, (1 + step) / (10 + step))
        for key, variable in self.generator.variables.items():
            old, new = self.average[key], variable.numpy()
            self.average[key] = decay * old + (1 - decay) * new

    def simultaneous(self):
        """Both networks from one forward pass at the old weights."""
        networks = {
            "discriminator": self.discriminator,
            "generator": self.generator,
        }
        with tf.GradientTape(persistent=True) as tape:
            images = self.images()
            on_real = self.judge(self.feeds["real"], "real")
            on_fake = self.judge(images, "fake")
            losses = self.losses(on_real, on_fake)
            minimized = dict(losses)
            if self.system.r1 is not None:
                term = self.penalty("real", self.feeds["real"])
                minimized["discriminator"] += term
            if self.system.r2:
                minimized["discriminator"] += self.penalty("fake", images)
        gradients = {
            name: tape.gradient(
                minimized[name], [v.value for v in network.trained.values()]
            )
            for name, network in networks.items()
        }
        for name, network in networks.items():
            self.apply(network, name, gradients[name])
        return losses["discriminator"].numpy(), losses["generator"].numpy()


def main():
    keras.config.set_floatx("float64")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    for name, system in common.chosen_systems().items():
        inputs = common.load(f"{name}-inputs")
        run = Run(system, {k: tf.constant(v) for k, v in inputs.items()})
        take_step = getattr(run, system.schedule)
        for step in range(STEPS):
            run.begin(step)
            d_loss, g_loss = take_step()
            run.results["d_loss"].append(d_loss)
            run.results["g_loss"].append(g_loss)
            if system.average_decay is not None:
                run.move_average(step)
        for network in (run.generator, run.discriminator):
            for key, variable in network.variables.items():
                run.results[f"final.{key}"] = variable.numpy()
        for key, value in run.average.items():
            run.results[f"final.{common.averaged(key)}"] = value
        common.save(f"{name}-keras", run.results)


if __name__ == "__main__":
    main()
