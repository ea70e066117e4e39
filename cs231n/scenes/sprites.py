"""The atlas: every kind of object in three sizes, rendered once from Noto Color Emoji.

`sprites.png` holds the pictures side by side, `sprites.json` says where:
`{"dog": {"small": [left, top, width, height], ...}, ...}`. `datasets/emoji_scenes/rebuild.py`
makes both. Sizes are known without opening the picture, since judging needs only them.
"""

import json
from functools import cache
from pathlib import Path

import imageio.v3 as iio
import numpy as np

FOLDER = Path(__file__).parent


@cache
def _places():
    return json.loads((FOLDER / "sprites.json").read_text(encoding="utf-8"))


@cache
def _atlas():
    return np.asarray(iio.imread(FOLDER / "sprites.png"))  # (rows, columns, 4) uint8


def sprite_size(kind, size):
    """Width and height in pixels of one object of this kind and size."""
    _, _, width, height = _places()[kind][size]
    return width, height


@cache
def sprite(kind, size):
    """Colours (h, w, 3) and opacity (h, w, 1) of one object, both uint32 in 0..255."""
    left, top, width, height = _places()[kind][size]
    pixels = _atlas()[top:top + height, left:left + width].astype(np.uint32)
    return pixels[..., :3], pixels[..., 3:]
