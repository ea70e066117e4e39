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

from cs231n.attention_layers import PROJECTIONS

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
    for part in ("self", "cross", "feed"):
        params |= {f"{part}_gamma": np.ones(size), f"{part}_beta": np.zeros(size)}
    return params
