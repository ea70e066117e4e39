"""Checks by numbers: numeric gradients, relative errors, and verdicts on them."""

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
    return _gradient(f, x, h, lambda index, low, high: np.sum((high - low) * df) / (2 * h))


def _gradient(f, x, h, slope):
    """Perturb each entry of `x` in place, by h to both sides, and put it back."""
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        raise TypeError("a numeric gradient needs a NumPy array of floats for x: "
                        f"got {getattr(x, 'dtype', type(x).__name__)}")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        before = x[index]
        try:
            x[index] = before + h
            high = np.array(f(x))  # a copy: f may return x itself, or a view of it
            x[index] = before - h
            low = np.array(f(x))
        finally:
            x[index] = before
        gradient[index] = slope(index, low, high)
    return gradient


def rel_error(x, y):
    """The largest relative error between two arrays: `|x - y| / max(1e-8, |x| + |y|)`."""
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"rel_error compares arrays of one shape, got {x.shape} and {y.shape}")
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
    passed = bool((at_most is None or value <= at_most) and (at_least is None or value >= at_least))
    passed = passed and bool(np.isfinite(value))
    said = " and ".join(f"{words} {bound:g}{unit and ' ' + unit}"
                        for words, bound in bounds.items() if bound is not None)
    print(f"{label}: {value:.3g}{unit and ' ' + unit} ({said}) {'PASS' if passed else 'FAIL'}")
