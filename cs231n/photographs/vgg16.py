"""VGG-16 in NumPy: from a photograph to layer fc7 (Simonyan and Zisserman 2014, configuration D).

Thirteen convolutions of 3 x 3, each followed by a ReLU, in five blocks that each end in max pooling
(224 x 224 becomes 7 x 7), then two fully connected layers. A picture takes 15.5 billion multiplies
and adds, nearly all in the products of patches and filters. The layers are those that the notebook
Picture_Features builds.
"""

import numpy as np

from cs231n.photographs.preparing import Preparation
from cs231n.photographs.vgg16_weights import read_weights
from cs231n.picture_layers import conv_forward, max_pool, relu

# Patches that are written out at once: they are nine times as large as what they are taken from,
# and what does not stay in the processor's cache is slow.
PATCHES = 4096


class Vgg16:
    """The network, with its weights and the way in which pictures are prepared for it.

    Args:
        weights: a `Vgg16Weights`.
        preparation: a `Preparation`.
    """

    layer = "fc7"
    part = 16  # pictures that are done between two savings, and at once in the last layers

    def __init__(self, weights, preparation=None):
        self.weights = weights
        self.preparation = preparation or Preparation()
        self.width = weights.width

    @classmethod
    def from_file(cls, path, preparation=None):
        """The network whose weights lie in a file; see `read_weights`."""
        return cls(read_weights(path), preparation)

    def describe(self):
        """What must be the same for features to be the same; JSON can hold it."""
        return {"network": "vgg16", "layer": self.layer, "width": self.width,
                "weights": self.weights.fingerprint(), "preparation": self.preparation.describe()}

    def prepare(self, picture):
        """uint8 RGB pixels (H, W, 3) -> what `features` reads, float32 (side, side, 3)."""
        return self.preparation.apply(picture, self.weights.side)

    def features(self, prepared):
        """Layer fc7 of prepared pictures: N arrays (side, side, 3) -> float32 (N, D)."""
        hidden = np.stack([self.pooled(x).reshape(-1) for x in prepared])  # (N, cells * channels)
        for W, b in self.weights.dense:
            hidden = relu(hidden @ W + b)
        return hidden

    def pooled(self, x):
        """What the convolutions make of one picture: (side, side, 3) -> (side/32, side/32, F)."""
        for block in self.weights.blocks:
            for W, b in block:
                x = _convolved(x, W, b)
            x = max_pool(x[None])[0]
        return x


def _convolved(x, W, b):
    """A convolution that keeps rows and columns, and its ReLU: (h, w, C) -> (h, w, F).

    It goes through the picture in stripes of some rows, which keeps the patches small.
    """
    h, w, _ = x.shape
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    out = np.empty((h, w, len(b)), np.float32)
    rows = max(1, PATCHES // w)
    for top in range(0, h, rows):
        stripe = padded[None, top : top + rows + 2]  # the rows themselves, one above, one below
        out[top : top + rows] = relu(conv_forward(stripe, W, b))[0]
    return out
