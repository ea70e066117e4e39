"""The arguments that exercises are checked with."""

import numpy as np

PRECISION = {np.float64: 1e-9, np.float32: 1e-4}  # how close to the reference is right


class Label(str):
    """What is special about a case, in words; `square` and `extreme` are as for `Case`."""

    square = extreme = False

    def __new__(cls, text, square=False, extreme=False):
        label = super().__new__(cls, text)
        label.square, label.extreme = square, extreme
        return label


SQUARE = Label("arrays of equal sizes", square=True)
LARGE = Label("large numbers (up to about 1000)", extreme=True)


class Case:
    """One set of arguments.

    Args:
        label: what is special about it, to end the sentence "it is wrong for ..."; "" if nothing.
        given: arguments by name.
        sizes: the sizes of the axes by letter.
        dtype: of the arguments that are real numbers.

    Attributes:
        square: whether all sizes are equal, so that a product with a transposed matrix runs
            through (the label is `SQUARE`).
        extreme: whether the numbers are so large that an honest computation may overflow (the
            label is `LARGE`). What is right everywhere else is almost right.
    """

    def __init__(self, label, given, sizes, dtype=np.float64):
        self.label, self.given, self.sizes, self.dtype = label, given, sizes, dtype
        self.square = getattr(label, "square", False)
        self.extreme = getattr(label, "extreme", False)
        self.computed = {}  # what the reference (None) and each mistake give, once computed

    @property
    def tolerance(self):
        return PRECISION[self.dtype]


ORDINARY = {"N": 4, "T": 5, "D": 3, "H": 6}
UNUSUAL = [
    ("one example only (N = 1)", {"N": 1}, 1, np.float64),
    ("one time step only (T = 1)", {"T": 1}, 1, np.float64),
    ("inputs and hidden states of one number (D = H = 1)", {"D": 1, "H": 1}, 1, np.float64),
    (SQUARE, {"N": 4, "T": 4, "D": 4, "H": 4}, 1, np.float64),
    (LARGE, {}, 300, np.float64),
    ("float32 arguments", {}, 1, np.float32),
]


# With four gates, 4H is as long as the others.
UNUSUAL_WITH_GATES = [(label, {"N": 8, "T": 8, "D": 8, "H": 2}, scale, dtype)
                      if label is SQUARE else (label, sizes, scale, dtype)
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

    def draw(seed, label, changed, scale, dtype):
        sizes = {**ORDINARY, **changed}
        rng = np.random.RandomState(seed)
        given = {name: (scale * rng.randn(*shape_of(axes, sizes))).astype(dtype)
                 for name, axes in shapes.items()}
        return Case(label, given, sizes, dtype)

    def cases():
        return [draw(100, "", {}, 1, np.float64)] + [
            draw(101 + i, *case) for i, case in enumerate(unusual)
            if not case[1] or any(k in used for k in case[1])]

    return cases


def shape_of(axes, sizes):
    """The shape of an array: `shape_of("N 4H", {"N": 2, "H": 5})` is `(2, 20)`."""
    return tuple(int(axis[:-1] or 1) * sizes[axis[-1]] for axis in axes.split())
