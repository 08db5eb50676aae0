"""The seven presets as data: all that the peers need to build a step.

What they are in prose, and why, is in the documents of the presets. Shapes
have the channels last, as in Keras.
"""

from dataclasses import dataclass
from math import prod
from types import SimpleNamespace

IMAGE = (28, 28, 1)


def layer(kind, **options):
    return SimpleNamespace(kind=kind, **options)


def dense(units, bias=True):
    return layer("dense", units=units, bias=bias)


def conv(units, stride=1, kernel=5, padding="same"):
    return layer("conv", units=units, kernel=kernel, stride=stride,
                 padding=padding, bias=True)


def conv_transpose(units, stride=1, bias=False, kernel=5):
    return layer("conv_transpose", units=units, kernel=kernel, stride=stride,
                 padding="same", bias=bias)


def class_embedding(classes, width):
    """Appends the vector of each sample's class."""
    return layer("class_embedding", classes=classes, width=width)


def class_projection(classes):
    """A logit: a dense one, and the product with the vector of the class."""
    return layer("class_projection", classes=classes)


def batch_norm(momentum=0.99):
    """The momentum multiplies the old statistic, as in Keras."""
    return layer("batch_norm", momentum=momentum, epsilon=1e-3)


def leaky_relu(slope=0.3):
    return layer("leaky_relu", slope=slope)


def dropout(rate):
    return layer("dropout", rate=rate)


def reshape(*shape):
    return layer("reshape", shape=shape)


FLATTEN, UP_SAMPLING, RELU, TANH, SIGMOID = map(layer, (
    "flatten", "up_sampling", "relu", "tanh", "sigmoid"))
CONDITIONAL = ("class_embedding", "class_projection")  # They take labels.


def adam(rate, beta1=0.9, beta2=0.999):
    return SimpleNamespace(kind="adam", rate=rate, beta1=beta1, beta2=beta2,
                           epsilon=1e-7)


def rmsprop(rate, decay):
    return SimpleNamespace(kind="rmsprop", rate=rate, decay=decay, rho=0.9,
                           epsilon=1e-7, clip=1.0)


@dataclass(frozen=True)
class System:
    """Two networks, the discriminator's ending in a logit, and a schedule."""

    noise: tuple
    generator: list
    discriminator: list
    parameters: tuple  # of either network, moving statistics included
    schedule: str  # "separate", "concatenated" or "simultaneous"
    optimizers: tuple  # of the generator and of the discriminator
    batch: int = 128
    real_target: float = 1.0
    uniform_noise: bool = False
    unit_pixels: bool = False  # from 0, not from -1, to 1
    classes: int = 0  # Fakes take the labels of the real batch.
    penalty: float = 0.0  # gamma of R1, for "simultaneous"
    average: float = 0.0  # the decay of the generator's moving average

    @property
    def convolutional(self):
        return any("conv" in layer.kind
                   for layer in self.generator + self.discriminator)


def placed(layers, shape):
    """Each layer with the shape of what it takes, without the batch."""
    for item in layers:
        yield item, shape
        if item.kind == "reshape":
            shape = item.shape
        elif item.kind in ("dense", "flatten"):
            shape = (getattr(item, "units", prod(shape)),)
        elif item.kind == "class_embedding":
            shape = (shape[0] + item.width,)
        elif item.kind == "class_projection":
            shape = (1,)
        elif item.kind == "up_sampling":
            shape = (2 * shape[0], 2 * shape[1], shape[2])
        elif item.kind == "conv_transpose":
            shape = (*(n * item.stride for n in shape[:2]), item.units)
        elif item.kind == "conv":
            lost = item.kernel - 1 if item.padding == "valid" else 0
            shape = (*(-(-(n - lost) // item.stride) for n in shape[:2]),
                     item.units)


def mlp():
    generator, discriminator = [], [FLATTEN]
    for units in (256, 512, 1024):
        generator += [dense(units), leaky_relu(0.2), batch_norm(0.8)]
    for units in (512, 256):
        discriminator += [dense(units), leaky_relu(0.2)]
    return System(
        noise=(100,), batch=32, schedule="separate",
        generator=generator + [dense(784), TANH, reshape(*IMAGE)],
        discriminator=discriminator + [dense(1)],
        parameters=(1_493_520, 533_505),
        optimizers=(adam(2e-4, 0.5), adam(2e-4, 0.5)))


def transposed_tail():
    """How `dcgan` and `all-conv` get from 7x7 to an image."""
    return [batch_norm(), leaky_relu(),
            conv_transpose(128), batch_norm(), leaky_relu(),
            conv_transpose(64, 2), batch_norm(), leaky_relu(),
            conv_transpose(1, 2), TANH]


def dcgan():
    head, *tail = transposed_tail()
    discriminator = []
    for units in (64, 128):
        discriminator += [conv(units, 2), leaky_relu(), dropout(0.3)]
    return System(
        noise=(100,), schedule="simultaneous",
        generator=[dense(7 * 7 * 256, bias=False), head, tail[0],
                   reshape(7, 7, 256), *tail[1:]],
        discriminator=discriminator + [FLATTEN, dense(1)],
        parameters=(2_330_944, 212_865),
        optimizers=(adam(1e-4), adam(1e-4)))


DENSE_GENERATOR = [
    dense(256), leaky_relu(0.2), dense(512), leaky_relu(0.2),
    dense(1024), leaky_relu(0.2), dense(784), TANH, reshape(*IMAGE)]
DENSE_DISCRIMINATOR = [
    FLATTEN, dense(1024), leaky_relu(0.2), dropout(0.3),
    dense(512), leaky_relu(0.2), dropout(0.3),
    dense(256), leaky_relu(0.2), dense(1)]
THREE_CONVOLUTIONS = [
    conv(64, 2), leaky_relu(0.2), conv(128, 2), leaky_relu(0.2),
    conv(64, 2), leaky_relu(0.2), FLATTEN, dense(1)]


def course(noise, generator, discriminator, parameters):
    """The three systems which differ in nothing but their networks."""
    return System(
        noise=noise, generator=generator, discriminator=discriminator,
        parameters=parameters, schedule="concatenated", real_target=0.9,
        optimizers=(adam(1e-3), adam(2e-4, 0.5)))


def forger():
    generator = [dense(7 * 7 * 64), batch_norm(0.9), RELU,
                 reshape(7, 7, 64), dropout(0.4)]
    for units, grows in ((32, True), (16, True), (8, False)):
        generator += [UP_SAMPLING] * grows + [
            conv_transpose(units, bias=True), batch_norm(0.9), RELU]
    discriminator = []
    for units, stride in ((64, 2), (128, 2), (256, 2), (512, 1)):
        discriminator += [conv(units, stride), RELU, dropout(0.4)]
    return System(
        noise=(32,), schedule="concatenated", uniform_noise=True,
        unit_pixels=True, generator=generator + [conv(1), SIGMOID],
        discriminator=discriminator + [FLATTEN, dense(1)],
        parameters=(183_713, 4_311_553),
        optimizers=(rmsprop(4e-4, 3e-8), rmsprop(8e-4, 6e-8)))


def flagship():
    """Its learning rate is constant here, as in its first 3,500 steps."""
    generator = [class_embedding(10, 16), dense(7 * 7 * 64, bias=False),
                 reshape(7, 7, 64), batch_norm(0.9), leaky_relu(0.2),
                 conv_transpose(64, 2, kernel=4), batch_norm(0.9),
                 leaky_relu(0.2), conv_transpose(1, 2, bias=True, kernel=4)]
    discriminator = []
    for units, kernel in ((32, 4), (64, 4), (128, 3)):
        discriminator += [conv(units, 2, kernel), leaky_relu(0.2)]
    return System(
        noise=(64,), batch=64, schedule="simultaneous", classes=10,
        generator=generator + [TANH],
        discriminator=discriminator + [FLATTEN, class_projection(10)],
        parameters=(318_113, 129_761),
        optimizers=(adam(1e-3, 0.0, 0.99), adam(1e-3, 0.0, 0.99)),
        penalty=1.0, average=0.998)


SYSTEMS = {
    "mlp": mlp(),
    "dcgan": dcgan(),
    "dense": course((64,), DENSE_GENERATOR, DENSE_DISCRIMINATOR,
                    (1_477_136, 1_460_225)),
    "conv-discriminator": course((64,), DENSE_GENERATOR, THREE_CONVOLUTIONS,
                                 (1_477_136, 412_481)),
    "all-conv": course((8, 8, 1),
                       [conv(64, kernel=2, padding="valid"),
                        *transposed_tail()],
                       THREE_CONVOLUTIONS, (412_544, 412_481)),
    "forger": forger(),
    "flagship": flagship(),
}


def check_parameters(system, counts):
    """Every peer calls this: none may time another network."""
    assert tuple(counts) == system.parameters, (counts, system.parameters)
