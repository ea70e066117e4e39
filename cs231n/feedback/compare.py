"""Comparing and copying the values that implementations take and return."""

import numbers

import numpy as np


def same(got, right, tolerance=1e-6):
    """Whether two results have the same shape and, up to a tolerance, the same values.

    Args:
        got, right: arrays or numbers.
        tolerance: relative to the largest number in `right`, or absolute where that is below 1.
    """
    got, right = as_numbers(got), as_numbers(right)
    if got is None or right is None or got.shape != right.shape:
        return False
    difference = np.abs(got - right)
    if np.isfinite(difference).all():  # the usual case, in a hurry
        return bool((difference <= tolerance * max(1.0, np.abs(right).max(initial=0))).all())
    if not np.array_equal(np.isfinite(got), np.isfinite(right)):
        return False
    finite = np.isfinite(right)
    scale = max(1.0, np.abs(right[finite]).max(initial=0))
    return bool(np.all(np.abs(got[finite] - right[finite]) <= tolerance * scale))


def as_numbers(value):
    """A result as a float64 array, None where it is not made of real numbers."""
    if type(value) is np.ndarray and value.dtype == np.float64:
        return value
    if isinstance(value, numbers.Real):  # a Fraction, too
        value = float(value)
    try:
        array = np.asarray(value)
    except ValueError:  # a ragged list
        return None
    return array.astype(np.float64) if array.dtype.kind in "fiub" else None


KINDS = {"i": "integers", "u": "integers", "b": "booleans", "f": "real numbers",
         "U": "words (strings)", "S": "words (strings)", "c": "complex numbers"}


def kind_of(value):
    """What sort of numbers a result is made of, "O" where it is no array of numbers."""
    return KINDS.get(np.asarray(value).dtype.kind, "O") if not isinstance(value, (list, dict)) \
        else "O"


def wrong_kind(got, right):
    """Whether an output is of the wrong sort of number: integers for reals or the reverse.

    Where one number is expected, any kind of number will do.
    """
    if np.ndim(right) == 0 and np.ndim(got) == 0 and as_numbers(got) is not None:
        return False
    return kind_of(got) != kind_of(right)


def snapshot(value):
    """A copy that later changes in place do not reach."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(map(snapshot, value))
    if isinstance(value, dict):
        return {key: snapshot(entry) for key, entry in value.items()}
    return value


def unchanged(value, original):
    """Whether a value is what it was: the same numbers, dtype, length."""
    if isinstance(value, (list, tuple)):
        return len(value) == len(original) and all(map(unchanged, value, original))
    if isinstance(value, dict):
        return value.keys() == original.keys() and all(
            unchanged(entry, original[key]) for key, entry in value.items())
    if isinstance(value, np.ndarray):
        return value.dtype == original.dtype and np.array_equal(value, original,
                                                               equal_nan=value.dtype.kind == "f")
    return value is original or value == original


def arrays_in(value, depth=6):
    """All arrays in a cache, whatever it is made of: tuples, lists, dicts, objects."""
    if isinstance(value, np.ndarray):
        return [value]
    if depth == 0 or isinstance(value, (str, bytes)):
        return []
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        value = getattr(value, "__dict__", {}).values()
    return [array for entry in value for array in arrays_in(entry, depth - 1)]
