"""The ten systems as data; what they are in prose is in README.md.

A network is a list of layers, input side first. A layer's options have the
same names in all systems, so that the two frameworks read them alike.
"""

import math
from dataclasses import dataclass
from types import SimpleNamespace

STEPS = 10


def layer(kind, **options):
    return SimpleNamespace(kind=kind, **options)


def dense(width, bias=True):
    return layer("dense", width=width, bias=bias)


def conv(width, stride, kernel=5, padding="same", bias=True):
    return layer(
        "conv2d",
        width=width,
        kernel=kernel,
        stride=stride,
        padding=padding,
        bias=bias,
    )


def transposed(width, stride, kernel=5, bias=True):
    """A transposed convolution; all are padded to 'same'."""
    return layer(
        "conv2d_transpose",
        width=width,
        kernel=kernel,
        stride=stride,
        bias=bias,
    )


def batch_norm(momentum=0.99, epsilon=1e-3):
    return layer("batch_norm", momentum=momentum, epsilon=epsilon)


def leaky_relu(slope):
    return layer("leaky_relu", slope=slope)


def dropout(rate):
    return layer("dropout", rate=rate)


def reshape(*shape):
    return layer("reshape", shape=shape)


def up_sampling(factor):
    return layer("up_sampling2d", factor=factor)


def class_embedding(classes, width):
    """Append a vector of the sample's class to a list of numbers."""
    return layer("class_embedding", classes=classes, width=width)


def class_projection(classes):
    """Make one logit of a list of features and the sample's class."""
    return layer("class_projection", classes=classes)


RELU, TANH, SIGMOID, FLATTEN = map(
    layer, ("relu", "tanh", "sigmoid", "flatten")
)


def adam(rate, beta_1, beta_2=0.999, epsilon=1e-7, fall=None):
    """Adam; the rate falls to 0 from `fall[0]` to `fall[1]` updates."""
    return SimpleNamespace(
        kind="adam",
        rate=rate,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
        fall=fall,
    )


def rmsprop(rate, decay, rho=0.9, epsilon=1e-7, clip=1e-3):
    return SimpleNamespace(
        kind="rmsprop",
        rate=rate,
        decay=decay,
        rho=rho,
        epsilon=epsilon,
        clip=clip,
    )


@dataclass(frozen=True)
class System:
    """A generator, a discriminator, and how they are trained."""

    generator: list
    discriminator: list
    generator_optimizer: SimpleNamespace
    discriminator_optimizer: SimpleNamespace
    schedule: str  # "separate", "concatenated" or "simultaneous"
    real_target: float = 1.0
    batch: int = 8
    noise: tuple = (16,)
    noise_distribution: str = "normal"  # or "uniform", in [-1, 1]
    image: tuple = (12, 12, 1)
    image_minimum: float = -1.0  # the maximum is 1
    classes: int | None = None
    loss: str = "cross-entropy"  # or "relativistic"
    # Weight of the penalty at real images; or its first and last value, and the
    # steps of the half period of a cosine between them.
    r1: float | tuple | None = None
    r2: bool = False  # whether fakes have the same penalty
    average_decay: float | None = None  # of the generator's average
    seed: int = 20240229


def penalty_weight(system, step):
    """Return the weight of the penalty after `step` steps."""
    if not isinstance(system.r1, tuple):
        return system.r1
    first, last, steps = system.r1
    done = min(step / steps, 1.0)
    return last + (first - last) * (1.0 + math.cos(math.pi * done)) / 2.0


def mlp():
    generator = []
    for width in (32, 48, 64):
        generator += [dense(width), leaky_relu(0.2), batch_norm(momentum=0.8)]
    discriminator = [FLATTEN]
    for width in (32, 16):
        discriminator += [dense(width), leaky_relu(0.2), dropout(0.3)]
    return System(
        generator=generator + [dense(64), TANH, reshape(8, 8, 1)],
        discriminator=discriminator + [dense(1)],
        generator_optimizer=adam(2e-3, 0.5),
        discriminator_optimizer=adam(2e-3, 0.5),
        schedule="separate",
        batch=16,
        image=(8, 8, 1),
    )


def dcgan():
    generator = [dense(288, bias=False), batch_norm(), leaky_relu(0.3)]
    generator += [reshape(3, 3, 32)]
    for width, stride in ((32, 1), (16, 2)):
        generator += [transposed(width, stride, bias=False)]
        generator += [batch_norm(), leaky_relu(0.3)]
    discriminator = []
    for width in (16, 32):
        discriminator += [conv(width, 2), leaky_relu(0.3), dropout(0.3)]
    return System(
        generator=generator + [transposed(1, 2, bias=False), TANH],
        discriminator=discriminator + [FLATTEN, dense(1)],
        generator_optimizer=adam(2e-3, 0.9),
        discriminator_optimizer=adam(2e-3, 0.9),
        schedule="simultaneous",
    )


DENSE_GENERATOR = [
    *(dense(32), leaky_relu(0.2)),
    *(dense(48), leaky_relu(0.2)),
    *(dense(64), leaky_relu(0.2)),
    *(dense(144), TANH, reshape(12, 12, 1)),
]
DENSE_DISCRIMINATOR = [
    FLATTEN,
    *(dense(64), leaky_relu(0.2), dropout(0.3)),
    *(dense(48), leaky_relu(0.2), dropout(0.3)),
    *(dense(32), leaky_relu(0.2)),
    dense(1),
]
CONV_DISCRIMINATOR = [
    *(conv(16, 2), leaky_relu(0.2)),
    *(conv(32, 2), leaky_relu(0.2)),
    *(conv(16, 2), leaky_relu(0.2)),
    *(FLATTEN, dense(1)),
]
ALL_CONV_GENERATOR = [
    conv(16, 1, kernel=2, padding="valid"),
    *(batch_norm(), leaky_relu(0.3)),
    transposed(32, 1, bias=False),
    *(batch_norm(), leaky_relu(0.3)),
    transposed(16, 2, bias=False),
    *(batch_norm(), leaky_relu(0.3)),
    *(transposed(1, 2, bias=False), TANH),
]


def dense_family(generator, discriminator, noise=(16,)):
    """The three systems which differ in nothing but their networks."""
    return System(
        generator=generator,
        discriminator=discriminator,
        generator_optimizer=adam(1e-3, 0.9),
        discriminator_optimizer=adam(2e-3, 0.5),
        schedule="concatenated",
        real_target=0.9,
        noise=noise,
    )


def forger():
    generator = [dense(288), batch_norm(0.9), RELU]
    generator += [reshape(3, 3, 32), dropout(0.4)]
    generator += [up_sampling(2), transposed(16, 1), batch_norm(0.9), RELU]
    generator += [up_sampling(2), transposed(16, 1), batch_norm(0.9), RELU]
    generator += [transposed(8, 1), batch_norm(0.9), RELU]
    discriminator = []
    for width, stride in ((16, 2), (16, 2), (16, 2), (32, 1)):
        discriminator += [conv(width, stride), RELU, dropout(0.4)]
    return System(
        generator=generator + [conv(1, 1), SIGMOID],
        discriminator=discriminator + [FLATTEN, dense(1)],
        generator_optimizer=rmsprop(4e-4, decay=3e-3),
        discriminator_optimizer=rmsprop(8e-4, decay=6e-3),
        schedule="concatenated",
        noise_distribution="uniform",
        image_minimum=0.0,
        # In ten steps no input of a ReLU is nearer to its kink than float32
        # can tell: 1e-6 of the layer's largest. Of the first ten seeds the
        # only one.
        seed=10,
    )


def toy():
    """Points of the plane in place of images."""
    generator, discriminator = [], []
    for _ in range(3):
        generator += [dense(32), RELU, batch_norm(momentum=0.9)]
        discriminator += [dense(32), leaky_relu(0.2)]
    return System(
        generator=generator + [dense(2)],
        discriminator=discriminator + [dense(1)],
        generator_optimizer=adam(2e-3, 0.5),
        discriminator_optimizer=adam(2e-3, 0.5),
        schedule="separate",
        batch=16,
        noise=(2,),
        image=(2,),
    )


def modern_generator(channels):
    generator = [dense(72, bias=False)]
    generator += [reshape(3, 3, 8), batch_norm(0.9), leaky_relu(0.2)]
    generator += [transposed(8, 2, kernel=4, bias=False)]
    generator += [batch_norm(0.9), leaky_relu(0.2)]
    return generator + [transposed(channels, 2, kernel=4), TANH]


def modern_features(*widths):
    discriminator = []
    for width, kernel in zip(widths, (4, 4, 3), strict=True):
        discriminator += [conv(width, 2, kernel=kernel), leaky_relu(0.2)]
    return discriminator + [FLATTEN]


def flagship():
    optimizer = adam(2e-3, 0.0, beta_2=0.99, fall=(5, 12))
    return System(
        generator=[class_embedding(3, 4)] + modern_generator(1),
        discriminator=modern_features(16, 32, 16) + [class_projection(3)],
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        schedule="simultaneous",
        batch=9,
        classes=3,
        r1=1.0,
        average_decay=0.9,
        # Of the first forty seeds the one whose inputs of a LeakyReLU stay
        # farthest from its kink: 4e-6 of the layer's largest. At 1e-6 rounding
        # to float32 can choose the other slope, and Adam without momentum
        # makes much of that.
        seed=35,
    )


def stacked():
    """As flagship, without classes, in colour."""
    return System(
        generator=modern_generator(3),
        discriminator=modern_features(8, 16, 16) + [dense(1)],
        generator_optimizer=adam(1e-3, 0.0, beta_2=0.99, fall=(5, 12)),
        discriminator_optimizer=adam(2e-3, 0.0, beta_2=0.99, fall=(5, 12)),
        schedule="simultaneous",
        image=(12, 12, 3),
        r1=0.2,
        average_decay=0.9,
        seed=STACKED_SEED,
    )


def points_system():
    """Points of the plane by relativistic pairing, with two penalties."""
    generator, discriminator = [], []
    for _ in range(3):
        generator += [dense(32), RELU]
        discriminator += [dense(32), leaky_relu(0.2)]
    optimizer = adam(2e-3, 0.0, beta_2=0.99, fall=(5, 12))
    return System(
        generator=generator + [dense(2)],
        discriminator=discriminator + [dense(1)],
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        schedule="simultaneous",
        batch=16,
        noise=(2,),
        image=(2,),
        loss="relativistic",
        r1=(0.3, 0.01, 8),
        r2=True,
        average_decay=0.9,
        seed=POINTS_SEED,
    )


# Seeds as flagship's: of the first forty those whose inputs of a rectifier
# stay farthest from its kink.
STACKED_SEED, POINTS_SEED = 10, 1

SYSTEMS = {
    "mlp": mlp(),
    "dcgan": dcgan(),
    "dense": dense_family(DENSE_GENERATOR, DENSE_DISCRIMINATOR),
    "conv-discriminator": dense_family(DENSE_GENERATOR, CONV_DISCRIMINATOR),
    "all-conv": dense_family(
        ALL_CONV_GENERATOR, CONV_DISCRIMINATOR, noise=(4, 4, 1)
    ),
    "forger": forger(),
    "toy": toy(),
    "flagship": flagship(),
    "stacked": stacked(),
    "points": points_system(),
}
