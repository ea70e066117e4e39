"""Features of a picture: a small convolutional network in NumPy, then PCA.

Five convolutions turn a picture into 8 x 10 cells; of each cell, one affine layer says which kind
of object covers it (or none), how big it is and how many there are of it. What the captioner gets
is a summary of these cells (`described`), reduced to 512 numbers.

The weights were trained by `datasets/emoji_scenes/train_network.py` on the training scenes. Arrays
of pictures are laid out (N, rows, columns, channels).
"""

from functools import cache
from pathlib import Path

import numpy as np

from cs231n.scenes.names import KINDS, SETTINGS, SIZES
from cs231n.scenes.scene import HEIGHT, MAX_COUNT
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
CELL_OUTPUTS = NUM_KINDS + 1 + len(SIZES) + MAX_COUNT  # the one is "nothing here"


def extract_features(images):
    """The features of pictures: uint8 (N, 120, 160, 3) -> float32 (N, 512).

    One picture (120, 160, 3) counts as N = 1.
    """
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[None]
    if images.shape[1:] != (HEIGHT, PICTURE_WIDTH, 3) or images.dtype != np.uint8:
        raise ValueError(f"extract_features: images must be uint8 of shape (N, {HEIGHT}, "
                         f"{PICTURE_WIDTH}, 3), as draw() gives them, not {images.dtype} of shape "
                         f"{images.shape}")
    weights = load_weights()
    found = np.zeros((len(images), WIDTH), np.float32)
    for start in range(0, len(images), BATCH):
        batch = slice(start, start + BATCH)
        found[batch] = (described(images[batch], weights) - weights["mean"]) @ weights["directions"]
    return found


def described(images, weights):
    """What the network sees, before PCA: (N, 120, 160, 3) -> (N, D)."""
    kinds, sizes, counts, setting, hidden = look(images, weights)
    n = len(images)
    quarters = kinds.reshape(n, 4, 2, 5, 2, NUM_KINDS).max(axis=(2, 4))  # (N, 4, 5, K)
    kinds, sizes, counts = (x.reshape(n, 80, -1) for x in (kinds, sizes, counts))
    by_size = (kinds[..., None] * sizes[:, :, None, :]).max(axis=1)  # (N, K, 3)
    by_count = (kinds[..., None] * counts[:, :, None, :]).max(axis=1)  # (N, K, 3)
    parts = (quarters, 1.5 * kinds.max(axis=1), 1.5 * by_size, 1.5 * by_count, setting,
             0.3 * hidden.mean(axis=(1, 2)))
    return np.concatenate([part.reshape(n, -1) for part in parts], axis=1)


def look(images, weights):
    """Probabilities for each cell and for the picture.

    Returns kinds (N, 8, 10, K), sizes (N, 8, 10, 3), counts (N, 8, 10, 3), setting (N, 8), and the
    last hidden layer (N, 8, 10, 128).
    """
    hidden = prepared(images)
    for i, (_, _, stride, pad) in enumerate(CONVOLUTIONS):
        hidden = np.maximum(convolve(hidden, weights[f"W{i}"], weights[f"b{i}"], stride, pad), 0)
    scores = hidden @ np.float32(weights["W_cells"]) + weights["b_cells"]  # (N, 8, 10, outputs)
    kinds, sizes, counts = np.split(scores, [NUM_KINDS + 1, NUM_KINDS + 1 + len(SIZES)], axis=-1)
    setting = hidden.mean(axis=(1, 2)) @ np.float32(weights["W_setting"]) + weights["b_setting"]
    return softmax(kinds)[..., :-1], softmax(sizes), softmax(counts), softmax(setting), hidden


def prepared(images):
    """uint8 pictures -> float32 between -1 and 1."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1)


def convolve(x, W, b, stride, pad):
    """A convolution as one matrix product: (N, h, w, C), (k, k, C, F), (F,) -> (N, h', w', F)."""
    size, channels = W.shape[0], W.shape[2]
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    windows = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)  # (N, h', w', k, k, C)
    columns = windows.reshape(*windows.shape[:3], size * size * channels)
    return columns @ W.reshape(-1, W.shape[3]).astype(np.float32) + b.astype(np.float32)


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
