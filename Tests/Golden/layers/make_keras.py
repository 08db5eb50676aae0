"""Write keras.safetensors: Keras's layers applied to random numbers in float64, and their gradients.

For each case NAME: `NAME.x`, `NAME.cotangent` and `NAME.weights.TENSOR` go in; `NAME.y`, the gradients of
sum(cotangent * y), `NAME.gradient.x` and `NAME.gradient.TENSOR`, and where training moves a statistic
`NAME.moved.TENSOR` come out. Options that are not given are Keras's defaults.

    pip install numpy==2.4.6 safetensors==0.8.0 keras==3.15.1 tensorflow-cpu==2.21.0
    python make_keras.py
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers as k  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

keras.config.set_floatx("float64")


class LeakyReLU(k.LeakyReLU):
    """Keras's layer, which on TensorFlow would round its slope to float32."""

    def call(self, inputs):
        return tf.where(inputs >= 0, inputs, self.negative_slope * inputs)


CASES = {
    # name: layer, shape of a batch, whether it is training
    "dense": (k.Dense(4), (5, 3), True),
    "conv": (k.Conv2D(3, 3), (2, 6, 5, 2), True),
    "conv_same": (k.Conv2D(4, (3, 2), (2, 1), "same", use_bias=False), (2, 6, 5, 3), True),
    "conv_transpose": (k.Conv2DTranspose(3, 3, 2), (2, 3, 4, 2), True),
    "conv_transpose_gaps": (k.Conv2DTranspose(2, (2, 1), (3, 2)), (2, 3, 4, 2), True),
    "conv_transpose_same": (
        k.Conv2DTranspose(3, (5, 4), (2, 3), "same", use_bias=False),
        (2, 3, 4, 2),
        True,
    ),
    "max_pool": (k.MaxPooling2D(), (2, 5, 6, 3), True),
    "max_pool_same": (k.MaxPooling2D(3, 2, "same"), (2, 6, 5, 3), True),
    "average_pool": (k.AveragePooling2D(2), (2, 5, 6, 3), True),
    "average_pool_same": (k.AveragePooling2D((3, 2), (2, 1), "same"), (2, 6, 5, 3), True),
    "up_sampling": (k.UpSampling2D(), (2, 3, 2, 3), True),
    "up_sampling_uneven": (k.UpSampling2D((2, 3)), (2, 3, 2, 3), True),
    "zero_padding": (k.ZeroPadding2D(), (2, 3, 2, 3), True),
    "zero_padding_uneven": (k.ZeroPadding2D(((1, 2), (0, 3))), (2, 3, 2, 3), True),
    "layer_norm": (k.LayerNormalization(), (4, 7), True),
    "layer_norm_image": (k.LayerNormalization(), (2, 3, 2, 5), True),
    "batch_norm": (k.BatchNormalization(), (3, 2, 4, 5), True),
    "batch_norm_inference": (k.BatchNormalization(), (3, 2, 4, 5), False),
    "leaky_relu": (LeakyReLU(), (3, 7), True),
    "embedding": (k.Embedding(6, 4), (5, 3), True),
}


def tensors(layer):
    """Return the layer's variables by our names."""
    return {v.name.replace("kernel", "weight").replace("embeddings", "weight"): v for v in layer.variables}


def run(name, layer, shape, training, numbers):
    """Return what goes in and comes out of a layer."""
    is_embedding = isinstance(layer, k.Embedding)
    x = numbers.integers(0, 6, shape).astype(np.float64) if is_embedding else numbers.uniform(-1, 1, shape)
    if "norm" in name:
        x *= 0.1  # small beside the epsilon, so that it shows
    x = tf.constant(x)
    layer(x)
    variables = tensors(layer)
    for tensor, variable in variables.items():
        low = 0.01 if tensor in ("gamma", "moving_variance") else -1
        variable.assign(numbers.uniform(low, 1, variable.shape))
    found = {f"{name}.weights.{t}": v.numpy() for t, v in variables.items()}
    by = {t: v.value for t, v in variables.items() if v.trainable} | ({} if is_embedding else {"x": x})
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=training) if "norm" in name else layer(x)
        cotangent = numbers.uniform(-1, 1, y.shape)
        objective = tf.reduce_sum(y * cotangent)
    for tensor, gradient in zip(by, tape.gradient(objective, list(by.values())), strict=True):
        found[f"{name}.gradient.{tensor}"] = tf.convert_to_tensor(gradient).numpy()
    if training:
        found |= {f"{name}.moved.{t}": v.numpy() for t, v in variables.items() if not v.trainable}
    return found | {f"{name}.x": x.numpy(), f"{name}.cotangent": cotangent, f"{name}.y": y.numpy()}


def main():
    numbers = np.random.default_rng(20240229)
    found = {}
    for name, case in CASES.items():
        found |= run(name, *case, numbers)
    for value in found.values():
        assert value.dtype == np.float64 and np.isfinite(value).all()
    save_file(found, os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras.safetensors"))


if __name__ == "__main__":
    main()
