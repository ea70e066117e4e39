"""The arguments that layers are checked with."""

import zlib

import numpy as np

from cs231n.feedback.diagnosis import SQUARE
from cs231n.feedback.exercise import Case

ORDINARY = {"N": 4, "T": 5, "D": 3, "H": 6}
UNUSUAL = [
    ("one example only (N = 1)", {"N": 1}, 1, np.float64),
    ("one time step only (T = 1)", {"T": 1}, 1, np.float64),
    ("inputs and hidden states of one number (D = H = 1)", {"D": 1, "H": 1}, 1, np.float64),
    (SQUARE, {"N": 4, "T": 4, "D": 4, "H": 4}, 1, np.float64),
    ("large numbers (up to about 1000)", {}, 300, np.float64),
    ("float32 arguments", {}, 1, np.float32),
]


# With four gates, 4H is as long as the others.
UNUSUAL_WITH_GATES = [(label, {"N": 8, "T": 8, "D": 8, "H": 2}, scale, dtype)
                      if label == SQUARE else (label, sizes, scale, dtype)
                      for label, sizes, scale, dtype in UNUSUAL]


def layer_cases(shapes, unusual=None):
    """Cases with random arguments of the given shapes.

    Args:
        shapes: the axes of each argument, such as `{"x": "N D", "b": "4H"}`.
        unusual: `(label, sizes that differ, scale of the arguments, dtype)` of the other cases;
            those whose sizes no shape has are left out. Usually `UNUSUAL`.

    Returns:
        A function without arguments that returns a list of `Case`, always the same.
    """
    used = " ".join(shapes.values())
    unusual = unusual or (UNUSUAL_WITH_GATES if "4H" in used else UNUSUAL)

    def draw(label, changed, scale, dtype):
        sizes = {**ORDINARY, **changed}
        rng = np.random.RandomState(zlib.crc32(label.encode("ascii")))
        given = {name: (scale * rng.randn(*shape_of(axes, sizes))).astype(dtype)
                 for name, axes in shapes.items()}
        return Case(label, given, sizes, dtype)

    def cases():
        return [draw("", {}, 1, np.float64)] + [
            draw(*case) for case in unusual if not case[1] or any(k in used for k in case[1])]

    return cases


def shape_of(axes, sizes):
    """The shape of an array: `shape_of("N 4H", {"N": 2, "H": 5})` is `(2, 20)`."""
    return tuple(int(axis[:-1] or 1) * sizes[axis[-1]] for axis in axes.split())
