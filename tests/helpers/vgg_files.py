"""Files of weights in the layout of the published one, with random numbers and few channels."""

import h5py
import numpy as np

from cs231n.photographs.vgg16_weights import BLOCKS, SHRINKING

NARROW = (4, 6, 8, 8, 8)  # channels of the five blocks; the real ones are 64 to 512
REAL = (64, 128, 256, 512, 512)


def random_layers(channels=NARROW, hidden=24, width=16, side=64, seed=0):
    """Kernels and biases by layer, such that signals neither vanish nor explode."""
    rng = np.random.default_rng(seed)
    layers, inputs = {}, 3
    for b, (count, outputs) in enumerate(zip(BLOCKS, channels), start=1):
        for i in range(1, count + 1):
            layers[f"block{b}_conv{i}"] = _layer(rng, (3, 3, inputs, outputs), 9 * inputs)
            inputs = outputs
    inputs *= (side // SHRINKING) ** 2
    layers["fc1"] = _layer(rng, (inputs, hidden), inputs)
    layers["fc2"] = _layer(rng, (hidden, width), hidden)
    return layers


def _layer(rng, shape, inputs):
    W = rng.standard_normal(shape, dtype=np.float32) * np.float32((2 / inputs) ** 0.5)
    return W, rng.standard_normal(shape[-1], dtype=np.float32) * np.float32(0.1)


def write_weights(path, layers, naming="early"):
    """Write layers as Keras has done it: early files (`fc1_W_1:0`), or later ones (`kernel:0`)."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, (W, b) in layers.items():
            kernel, bias = ((f"{name}_W_1:0", f"{name}_b_1:0") if naming == "early"
                            else (f"{name}/kernel:0", f"{name}/bias:0"))
            group = file.create_group(name)
            group.attrs["weight_names"] = [kernel.encode(), bias.encode()]
            group[kernel], group[bias] = W, b
    return path
