"""The weights of VGG-16, read from the HDF5 file in which Keras publishes those of the authors.

The file has a group for each layer, `block1_conv1` to `block5_conv3`, `fc1` and `fc2` (these are
fc6 and fc7), with a kernel and a bias, whose names differ from edition to edition. A network with
fewer channels, or for smaller pictures, can lie in a file of the same layout.
"""

import hashlib
import re
from dataclasses import dataclass

import h5py
import numpy as np

ADDRESS = ("https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
           "vgg16_weights_tf_dim_ordering_tf_kernels.h5")
MD5 = "64373286793e3c8b2b4e3219cbf3544b"
BYTES = 553_467_096
BLOCKS = (2, 2, 3, 3, 3)  # convolutions; after each block, the picture is halved
SHRINKING = 2 ** len(BLOCKS)
KERNEL = re.compile(r"(^|/)(kernel|\w+_W(_\d+)?)(:0)?$")
BIAS = re.compile(r"(^|/)(bias|\w+_b(_\d+)?)(:0)?$")


class WeightsError(ValueError):
    """A file of weights that cannot be used; the text says why."""


@dataclass(frozen=True)
class Vgg16Weights:
    """All that the network has learned, float32.

    blocks: for each of five blocks, a list of `(W, b)`: filters (3, 3, C, F), biases (F,).
    dense: `(W, b)` of fc6 and of fc7: (D, M) and (M,).
    side: how many rows and columns a picture has that fits.
    """

    blocks: list
    dense: list
    side: int

    @property
    def width(self):
        """How many numbers describe a picture."""
        return len(self.dense[-1][1])

    def fingerprint(self):
        """Eight bytes as text, the same only for the same weights (of the small arrays)."""
        arrays = [array for block in self.blocks for layer in block for array in layer]
        return fingerprint(arrays + [array for layer in self.dense for array in layer])


def fingerprint(arrays):
    """Eight bytes as text, from the small arrays among these: biases, and the first filters."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        if array.size <= 1 << 16:
            digest.update(f"{array.shape}".encode())
            digest.update(np.ascontiguousarray(array, np.float32).tobytes())
    return digest.hexdigest()


def read_weights(path):
    """Read a file of weights, and check that they fit together.

    Raises:
        FileNotFoundError: there is no such file.
        WeightsError: it is no file of this layout, or something in it does not fit.
    """
    try:
        with h5py.File(path, "r") as file:
            layers = file.get("model_weights", file)  # so the file of a whole model has it
            blocks = [[_read_layer(path, layers, f"block{b}_conv{i}", 4)
                       for i in range(1, count + 1)] for b, count in enumerate(BLOCKS, start=1)]
            dense = [_read_layer(path, layers, name, 2) for name in ("fc1", "fc2")]
    except (FileNotFoundError, PermissionError, IsADirectoryError, WeightsError):
        raise
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path}: cannot be read as an HDF5 file of weights; it is damaged, cut "
                           f"off, or something else ({error})") from error
    return Vgg16Weights(blocks, dense, _check(path, blocks, dense))


def _read_layer(path, file, name, axes):
    """The kernel and the bias of a layer."""
    group = file.get(name)
    if not isinstance(group, h5py.Group):
        raise WeightsError(f"{path}: has no layer {name}; expected the weights of VGG-16 with its "
                           "fully connected layers, as Keras publishes them (not 'notop')")
    found = {}
    group.visititems(lambda place, item: found.update({place: item})
                     if isinstance(item, h5py.Dataset) else None)
    arrays = []
    for what, pattern, wanted in (("kernel", KERNEL, axes), ("bias", BIAS, 1)):
        named = [item for place, item in found.items() if pattern.search(place)]
        if len(named) != 1 or named[0].ndim != wanted or named[0].dtype.kind != "f":
            raise WeightsError(f"{path}: layer {name} should hold one {what} with {wanted} axes, "
                               f"but holds {', '.join(sorted(found)) or 'nothing'}")
        array = named[0][()].astype(np.float32, copy=False)
        if not np.isfinite(array).all():
            raise WeightsError(f"{path}: the {what} of layer {name} is not all finite numbers")
        arrays.append(array)
    return tuple(arrays)


def _check(path, blocks, dense):
    """Check that each layer fits the one before; return the side of a picture that fits all."""
    channels = 3
    for b, block in enumerate(blocks, start=1):
        for i, (W, bias) in enumerate(block, start=1):
            expected = (3, 3, channels, len(bias))
            if W.shape != expected:
                raise WeightsError(f"{path}: the kernel of block{b}_conv{i} has shape {W.shape}, "
                                   f"expected {expected}")
            channels = len(bias)
    (W6, b6), (W7, b7) = dense
    cells = round((len(W6) / channels) ** 0.5)
    if cells < 1 or cells * cells * channels != len(W6):
        raise WeightsError(f"{path}: fc1 reads {len(W6)} numbers, which is no square of cells with "
                           f"{channels} channels each")
    if W6.shape[1] != len(b6) or W7.shape != (len(b6), len(b7)):
        raise WeightsError(f"{path}: fc1 gives {W6.shape[1]} numbers, but fc2 has the shape "
                           f"{W7.shape} and the biases {len(b6)} and {len(b7)}")
    return cells * SHRINKING
