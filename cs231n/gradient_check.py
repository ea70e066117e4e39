"""Checks by numbers: numeric gradients, relative errors, and verdicts on them."""

import numbers

import numpy as np


def eval_numerical_gradient(f, x, verbose=True, h=1e-5):
    """The gradient of a function with one number as its result, by central differences.

    Args:
        f: a function of `x`. It may also ignore its argument and read the array `x` that the
            caller gave, since that array is perturbed in place.
        x: a float array, the point at which the gradient is taken. It is as before afterwards.
        verbose: whether to print each entry of the gradient.
        h: how far to step to each side.

    Returns:
        An array of the shape of `x`.
    """

    def slope(index, low, high):
        if low.size != 1:
            raise ValueError(f"eval_numerical_gradient: f gives an array of shape {low.shape}, "
                             "expected one number (eval_numerical_gradient_array takes arrays)")
        derivative = (high - low) / (2 * h)
        if verbose:
            print(index, derivative)
        return derivative

    return _gradient(f, x, h, slope)


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """The gradient through a function with an array as its result, by central differences.

    Args:
        f: a function of `x` with an array as its result; it may ignore its argument, as above.
        x: a float array, the point at which the gradient is taken. It is as before afterwards.
        df: the gradient of the loss with respect to the result, of the result's shape.
        h: how far to step to each side.

    Returns:
        The gradient of the loss with respect to `x`, of its shape.
    """

    def slope(index, low, high):
        if low.shape != np.shape(df):  # which NumPy might stretch to fit
            raise ValueError(f"eval_numerical_gradient_array: df has shape {np.shape(df)}, "
                             f"expected that of the result of f, {low.shape}")
        return np.sum((high - low) * df) / (2 * h)

    return _gradient(f, x, h, slope)


def _gradient(f, x, h, slope):
    """Perturb each entry of `x` in place, by h to both sides, and put it back."""
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        raise TypeError("a numeric gradient needs a NumPy array of floats for x: "
                        f"got {getattr(x, 'dtype', type(x).__name__)}")
    if not isinstance(h, numbers.Real) or not 0 < h < np.inf:
        raise ValueError(f"a numeric gradient needs a step h above 0: got {h!r}")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        before = x[index]
        try:
            x[index] = before + h
            high = np.asarray(f(x)).copy()  # since f may return x itself, or a view of it
            x[index] = before - h
            low = np.asarray(f(x)).copy()
        finally:
            x[index] = before
        gradient[index] = slope(index, low, high)
    return gradient


def rel_error(x, y):
    """The largest relative error between two arrays: `|x - y| / max(1e-8, |x| + |y|)`."""
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"rel_error compares arrays of one shape, got {x.shape} and {y.shape}")
    if x.size == 0:
        raise ValueError(f"rel_error compares numbers, got none: arrays of shape {x.shape}")
    if x.dtype.kind in "bu" or y.dtype.kind in "bu":  # a difference below zero would be huge there
        x, y = x.astype(float), y.astype(float)
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))


def verdict(label, value, at_most=None, at_least=None, unit=""):
    """Print a measured figure, its bound, and whether it holds.

    `next_h error: 6.29e-09 (at most 1e-08) PASS`

    Args:
        label: what was measured.
        value: the figure. Not a number never passes.
        at_most: its upper bound, if it has one.
        at_least: its lower bound, if it has one.
        unit: what stands behind the figures, such as "%".
    """
    bounds = {"at least": at_least, "at most": at_most}
    if at_least is None and at_most is None:
        raise ValueError(f"verdict: {label!r} has no bound, expected at_most or at_least")
    passed = bool((at_most is None or value <= at_most) and (at_least is None or value >= at_least))
    passed = passed and bool(np.isfinite(value))
    said = " and ".join(f"{words} {bound:g}{unit and ' ' + unit}"
                        for words, bound in bounds.items() if bound is not None)
    print(f"{label}: {value:.3g}{unit and ' ' + unit} ({said}) {'PASS' if passed else 'FAIL'}")
