"""Figures that published assignments on attention give for their layers, as arrays.

Those assignments draw inputs, weights and dropout masks with PyTorch. Here all of them are arrays,
so that a layer of NumPy can be held against the same figures. Names are paths; weights are for
`x @ W + b`.

| arrays | from | bound there |
|---|---|---|
| `mha/2024/*`, with dropout 0.1 by the masks `keep_*` | CS231n, Transformer notebook of 2021 to \
2024: multi-head attention | 1e-3 |
| `mha/2025/*` | the same, 2025 | 1e-3 (`two`: 7e-3) |
| `pe/*` | positional encoding, both editions | 1e-3 |
| `scores/2024/*` | scores of the whole captioner, 2021 to 2024; the large masks are packed bits | \
1e-5 |
| `layer/2025/*` | a decoder layer, 2025 | 1e-6 |

Those of Michigan's EECS 498-007, assignment 5, start from evenly spaced numbers, and need no file.
"""

import functools
from pathlib import Path

import numpy as np

from cs231n.attention_layers import PARTS, PROJECTIONS
from cs231n.rnn_layers import temporal_affine_forward

FILE = Path(__file__).with_name("published_checks.npz")


@functools.cache
def published_checks():
    """All arrays by name; see the module's docstring. They are read-only."""
    with np.load(FILE) as file:
        arrays = {name: file[name] for name in file.files}
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


def published_attention(path):
    """The parameters of `multi_head_attention_forward` that stand under a path, such as "mha"."""
    arrays = published_checks()
    return {f"{kind}_{name}": arrays[f"{path}/{'proj' if name == 'out' else name}/{kind}"]
            for name in PROJECTIONS for kind in "Wb"}


def published_decoder_layer():
    """The parameters of `decoder_layer_forward` in the check of 2025."""
    arrays, params = published_checks(), {}
    for part in ("self", "cross"):
        params |= {f"{part}_{name}": value for name, value
                   in published_attention(f"layer/2025/{part}").items()}
    params |= {f"feed_{kind}{i}": arrays[f"layer/2025/ff{i}/{kind}"]
               for kind in "Wb" for i in (1, 2)}
    size = len(params["self_b_out"])
    for part in PARTS:
        params |= {f"{part}_gamma": np.ones(size), f"{part}_beta": np.zeros(size)}
    return params


def scores_of_2024(multi_head_attention_forward, layer_norm_forward, positional_encoding,
                   causal_mask):
    """The scores of the whole captioner in the check of 2021 to 2024, made of given layers.

    Two layers, each part with dropout and a norm after the sum; one vector a picture to look at.
    Every parameter runs in even steps from -1.4 to 1.3. What is to come out is
    `published_checks()["scores/2024/expected"]`.

    Args:
        multi_head_attention_forward, layer_norm_forward, positional_encoding, causal_mask: as in
            `attention_layers`.

    Returns:
        scores: (4, 3, 3).
    """
    N, D, E, T, F, V = 4, 20, 30, 3, 2048, 3
    masks = iter(range(13))

    def dropped(x):
        keep = published_checks()[f"scores/2024/keep{next(masks)}"]
        keep = np.unpackbits(keep) if keep.dtype == np.uint8 else keep
        return x * keep.reshape(x.shape) / 0.9

    def matrix(rows, columns):  # steps run along (columns, rows): weights there are for W @ x
        return _steps(-1.4, 1.3, columns, rows).T

    def vector(size):
        return _steps(-1.4, 1.3, size)

    def affine(x, size):
        return temporal_affine_forward(x, matrix(x.shape[-1], size), vector(size))[0]

    attention = {f"{kind}_{name}": matrix(E, E) if kind == "W" else vector(E)
                 for name in PROJECTIONS for kind in "Wb"}

    def look(x, source, mask=None):
        factors = dropped(np.ones((2 * N, x.shape[1], source.shape[1])))
        found, _ = multi_head_attention_forward(x, source, attention, 2, mask, factors)
        return norm(x + dropped(found))

    def norm(x):
        return layer_norm_forward(x, vector(E), vector(E))[0]

    memory = affine(_steps(-1.5, 0.3, N, 1, D), E)  # (N, 1, E)
    words = (np.arange(N * T) % V).reshape(N, T)
    x = dropped(_steps(-1.4, 1.3, V, E)[words] + positional_encoding(T, E))
    for _ in range(2):
        x = look(x, x, causal_mask(T))
        x = look(x, memory)
        found = affine(dropped(np.maximum(affine(x, F), 0)), E)
        x = norm(x + dropped(found))
    return affine(x, V)


def _steps(low, high, *shape):
    """Evenly spaced numbers."""
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape)
