"""From a picture to numbers: patches, convolution, ReLU, max pooling, and PCA.

The notebook Picture_Features builds these; `scenes/features.py` puts them together to the network
that reads Emoji Scenes. All go forward only: the networks are trained elsewhere.

Sizes:

- N: pictures in a minibatch
- h, w: rows and columns of a picture, or of what a layer made of it; h', w' those that go out
- C, F: channels that come in (3 of a colour picture), and filters, which are the channels that go
  out
- k, l: rows and columns of a kernel, the window that a filter looks through
- D: numbers that describe a picture; K: how many are left of them after PCA

Channels are the last axis. The dtype of the pictures is kept.
"""

import functools

import numpy as np

from cs231n.arguments import at_least, takes

__all__ = ["image_patches", "conv_forward", "relu", "conv_network", "max_pool", "pca_fit",
           "pca_apply"]


def _pair(smallest):
    """A spec for two whole numbers, of rows and of columns."""

    def check(where, value):
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise TypeError(f"{where} is {value!r}, expected two whole numbers: (rows, columns)")
        for number in value:
            at_least(smallest)(where, number)

    return check


def _fits(function):
    """Refuse a kernel that is larger than the padded picture."""

    @functools.wraps(function)
    def checked(x, kernel, stride=1, pad=(0, 0)):
        padded = tuple(size + 2 * added for size, added in zip(x.shape[1:3], pad))
        if kernel[0] > padded[0] or kernel[1] > padded[1]:
            raise ValueError(f"image_patches: kernel is {tuple(kernel)}, but with its padding the "
                             f"picture has only {padded} rows and columns")
        return function(x, kernel, stride, pad)

    return checked


def _enough(function):
    """Refuse to look for more directions than there can be."""

    @functools.wraps(function)
    def checked(x, num_components):
        if num_components > min(x.shape):
            raise ValueError(f"pca_fit: num_components is {num_components}, but {x.shape[0]} rows "
                             f"of {x.shape[1]} numbers have at most {min(x.shape)} directions")
        return function(x, num_components)

    return checked


@takes(x="N h w C", kernel=_pair(1), stride=at_least(1), pad=_pair(0))
@_fits
def image_patches(x, kernel, stride=1, pad=(0, 0)):
    """All the patches of pictures that a kernel looks at, each written as one row.

    Args:
        x: pictures (N, h, w, C).
        kernel: rows and columns of a patch, `(k, l)`.
        stride: how far it is from one patch to the next, in both directions.
        pad: zeros added around each picture, `(rows, columns)`: so many rows above
            and as many below, so many columns on the left and as many on the right.

    Returns:
        patches: (N, h', w', k * l * C). The patch in row r and column s of the output
            begins at row `r * stride` and column `s * stride` of the padded picture.
            Its numbers run through the rows of the patch, in each row through its
            columns, in each column through its channels. A patch that would reach
            over the edge is left out.
    """
    rows, columns = pad
    x = np.pad(x, ((0, 0), (rows, rows), (columns, columns), (0, 0)))
    # (N, all rows, all columns, C, k, l): a view, nothing is copied yet
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2))
    windows = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], -1)


@takes(x="N h w C", W="k l C F", b="F", stride=at_least(1), pad=_pair(0))
def conv_forward(x, W, b, stride=1, pad=(0, 0)):
    """A convolution: the same affine layer at every place of a picture.

    Args:
        x: pictures (N, h, w, C).
        W: F filters (k, l, C, F). They are laid on the patches as they are, not
            turned around.
        b: biases (F,).
        stride: how far it is from one patch to the next.
        pad: zeros added around each picture, `(rows, columns)`.

    Returns:
        out: (N, h', w', F), at each place how strongly each filter answers.
    """
    patches = image_patches(x, W.shape[:2], stride, pad)  # (N, h', w', k * l * C)
    return patches @ W.reshape(-1, W.shape[3]) + b


def relu(x):
    """Replace what is below zero by zero.

    Args:
        x: numbers, of any shape (...). They stay as they are.

    Returns:
        out: an array of the same shape (...).
    """
    return np.maximum(x, 0)


def conv_network(x, layers):
    """Convolutions one after the other, each followed by a ReLU.

    Args:
        x: pictures (N, h, w, C).
        layers: a tuple `(W, b, stride, pad)` for each convolution, the first layer
            first.

    Returns:
        hidden: what the last layer says of each place (N, h', w', F).
    """
    hidden = x
    for W, b, stride, pad in layers:
        hidden = relu(conv_forward(hidden, W, b, stride, pad))
    return hidden


@takes(x="N h w C", size=at_least(1), stride=at_least(1))
def max_pool(x, size=2, stride=2):
    """The largest number in each window, of each channel by itself.

    Args:
        x: maps (N, h, w, C).
        size: rows and columns of a window, which is square.
        stride: how far it is from one window to the next. Windows overlap if it is
            smaller than `size`.

    Returns:
        out: (N, h', w', C). A window that would reach over the edge is left out.
    """
    patches = image_patches(x, (size, size), stride)
    windows = patches.reshape(*patches.shape[:3], size * size, x.shape[3])
    return windows.max(axis=3)


@takes(x="N D", num_components=at_least(1))
@_enough
def pca_fit(x, num_components):
    """Find the directions along which the rows of `x` differ most.

    Args:
        x: descriptions, one a row (N, D).
        num_components: how many directions are wanted, K.

    Returns:
        mean: the mean row (D,).
        directions: the K directions, one a column (D, K). Each has length 1 and is at
            right angles to the others; the one along which the rows differ most comes
            first. Each may point either way.
        variances: how much the rows differ along each direction (K,): the mean square
            of their distances from the mean row, measured along it.
    """
    mean = x.mean(axis=0)
    # Rows of Vt are directions; s belongs to them, the largest first.
    _, s, Vt = np.linalg.svd(x - mean, full_matrices=False)
    return mean, Vt[:num_components].T, s[:num_components] ** 2 / len(x)


@takes(x="N D", mean="D", directions="D K")
def pca_apply(x, mean, directions):
    """Where descriptions lie along the directions of a PCA.

    Args:
        x: descriptions (N, D), not necessarily those that the PCA was fitted on.
        mean: the mean row of those (D,).
        directions: the directions, one a column (D, K).

    Returns:
        projected: (N, K).
    """
    return (x - mean) @ directions
