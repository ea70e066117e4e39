"""Features of a picture: a small convolutional network in NumPy, then PCA.

Five convolutions turn a picture into 8 x 10 cells; of each cell, an affine layer says which kind of
object covers it (or none) and how big it is; two more layers, which look along the row, say how
many there are of it. What the captioner gets is a summary of these cells (`described`), reduced to
512 numbers.

The weights were trained by `datasets/emoji_scenes/train_network.py` on the training scenes. Arrays
of pictures are laid out (N, rows, columns, channels).
"""

from functools import cache
from pathlib import Path

import numpy as np

from cs231n.picture_layers import conv_forward, conv_network, max_pool, pca_apply, relu
from cs231n.scenes.names import KINDS, SETTINGS, SIZES
from cs231n.scenes.scene import HEIGHT
from cs231n.scenes.scene import WIDTH as PICTURE_WIDTH

FILE = Path(__file__).parent / "features.npz"
WIDTH = 512  # numbers in a feature vector
BATCH = 16  # pictures at a time: what they need stays in the cache

CONVOLUTIONS = (  # channels, kernel size, stride, padding; each is followed by ReLU
    (24, 6, 4, 1),  # (120, 160) -> (30, 40)
    (48, 3, 2, 1),  # -> (15, 20)
    (64, 3, 1, 1),
    (112, 3, 2, 1),  # -> (8, 10)
    (128, 3, 1, 1),
)
NUM_KINDS = len(KINDS)
CELL_OUTPUTS = NUM_KINDS + 1 + len(SIZES)  # the one is "nothing here"
NARROW = 32  # channels of the layers that count
NOISE = 0.1  # an average over cells that hold hardly anything fades to zero
ROW = (3, 9)  # cells, rows by columns, that counting looks at: three objects side by side


def extract_features(images):
    """The features of pictures: uint8 (N, 120, 160, 3) -> float32 (N, 512).

    One picture (120, 160, 3) counts as N = 1.
    """
    images = pictures_of(images, "extract_features")
    weights = load_weights()
    found = np.zeros((len(images), WIDTH), np.float32)
    for start in range(0, len(images), BATCH):
        batch = slice(start, start + BATCH)
        found[batch] = pca_apply(described(images[batch], weights), weights["mean"],
                                 weights["directions"])
    return found


def pictures_of(images, function):
    """Verify pictures as `draw` gives them: uint8 (N, 120, 160, 3); one alone becomes N = 1."""
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[None]
    if images.shape[1:] != (HEIGHT, PICTURE_WIDTH, 3) or images.dtype != np.uint8:
        raise ValueError(f"{function}: images must be uint8 of shape (N, {HEIGHT}, "
                         f"{PICTURE_WIDTH}, 3), as draw() gives them, not {images.dtype} of shape "
                         f"{images.shape}")
    return images


def described(images, weights):
    """What the network sees, before PCA: (N, 120, 160, 3) -> (N, D).

    Some parts say what there is, others where; the factors weigh them against each other. Sizes and
    counts are told twice, of each kind and of each place: a captioner that meets a big sheep for
    the first time may have met something big in that place before.
    """
    kinds, sizes, counts, setting, _ = look(images, weights)
    n = len(images)
    places = max_pool(kinds)  # (N, 4, 5, K)
    there = kinds.max(axis=(1, 2))  # (N, K)
    parts = [0.5 * places, 2 * there, 4 * setting]
    for shares in (sizes, counts):
        by_kind = of_kinds(kinds, shares)  # (N, K, 3)
        parts += [5 * by_kind * there[:, :, None], 3 * by_kind.sum(axis=1),
                  2 * of_places(kinds, shares)]
    return np.concatenate([part.reshape(n, -1) for part in parts], axis=1)


def of_kinds(kinds, shares):
    """Sizes or counts (N, 8, 10, 3), averaged over the cells of each kind: (N, K, 3)."""
    n = len(kinds)
    weight = kinds.reshape(n, 80, NUM_KINDS).transpose(0, 2, 1) ** 2  # (N, K, 80)
    return weight @ shares.reshape(n, 80, 3) / (weight.sum(axis=2, keepdims=True) + NOISE)


def of_places(kinds, shares):
    """Sizes or counts (N, 8, 10, 3) of whatever is there: air and ground, 5 columns each."""
    weight = kinds.sum(axis=3, keepdims=True) ** 2  # (N, 8, 10, 1)
    halves = []
    for rows in (slice(0, 5), slice(5, 8)):
        total, whole = (x[:, rows].reshape(len(x), -1, 5, 2, x.shape[3]).sum(axis=(1, 3))
                        for x in (weight * shares, weight))
        halves.append(total / (whole + NOISE))  # (N, 5, 3)
    return np.stack(halves, axis=1)


def look(images, weights):
    """Probabilities for each cell and for the picture.

    Returns kinds (N, 8, 10, K), sizes (N, 8, 10, 3), counts (N, 8, 10, 3), setting (N, 8), and the
    last hidden layer (N, 8, 10, 128).
    """
    hidden = conv_network(prepared(images), convolutions(weights))
    kinds, sizes = np.split(affine(hidden, weights, "cells"), [NUM_KINDS + 1], axis=-1)
    narrow = relu(affine(hidden, weights, "narrow"))  # (N, 8, 10, 32)
    W, b = weights_of("_row", weights)
    row = relu(conv_forward(narrow, W, b, stride=1, pad=(ROW[0] // 2, ROW[1] // 2)))
    counts = affine(row, weights, "counts")
    setting = affine(hidden.mean(axis=(1, 2)), weights, "setting")
    return softmax(kinds)[..., :-1], softmax(sizes), softmax(counts), softmax(setting), hidden


def convolutions(weights):
    """The five convolutions of the network: (W, b, stride, pad) each, as `conv_network` wants."""
    return [(*weights_of(i, weights), stride, (pad, pad))
            for i, (_, _, stride, pad) in enumerate(CONVOLUTIONS)]


def prepared(images):
    """uint8 pictures -> float32 between -1 and 1."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def affine(x, weights, name):
    """One affine layer along the last axis: (..., C) -> (..., F)."""
    W, b = weights_of(f"_{name}", weights)
    return x @ W + b


def weights_of(layer, weights):
    """Weights and bias of a layer; new ones come in half precision, to be stored."""
    return weights[f"W{layer}"].astype(np.float32), weights[f"b{layer}"].astype(np.float32)


def softmax(scores):
    """Scores to probabilities along the last axis."""
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def recognized(images, weights=None):
    """What the network takes each picture for: (setting, {(kind, size, count), ...}) each."""
    weights = load_weights() if weights is None else weights
    seen = []
    for start in range(0, len(images), BATCH):
        kinds, sizes, counts, setting, _ = look(images[start:start + BATCH], weights)
        for n in range(len(kinds)):
            found = set()
            for k in np.flatnonzero(kinds[n].max(axis=(0, 1)) > 0.5):
                cell = np.unravel_index(kinds[n, :, :, k].argmax(), kinds.shape[1:3])
                found.add((list(KINDS)[k], list(SIZES)[sizes[n][cell].argmax()],
                           int(counts[n][cell].argmax()) + 1))
            seen.append((SETTINGS[setting[n].argmax()], found))
    return seen


def save_weights(weights):
    """Store the weights beside this module."""
    np.savez_compressed(FILE, **weights)
    load_weights.cache_clear()


@cache
def load_weights():
    """The network's weights and the PCA, as float32."""
    with np.load(FILE, allow_pickle=False) as file:
        return {name: file[name].astype(np.float32) for name in file.files}
