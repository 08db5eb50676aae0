"""64 digits of a checkpoint of `mlp` as a PNG, by Keras on TensorFlow."""

import cold_common  # Before the frameworks, which look at the threads it sets.

import keras  # noqa: E402
from safetensors import safe_open  # noqa: E402

import keras_peer  # noqa: E402
import systems  # noqa: E402

checkpoint, picture = cold_common.arguments()
system = systems.mlp()
generator = keras.Sequential([keras.Input(system.noise),
                              *map(keras_peer.layer, system.generator)])
with safe_open(checkpoint, "numpy") as file:
    generator.set_weights([array for layer in cold_common.arrays(
        file, system.generator) for array in layer])
images = generator(cold_common.noise(), training=False)
cold_common.write(picture, images.numpy())
