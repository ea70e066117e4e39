"""How a wrong array differs from the right one: by sign, factor, axis, time step, row or gate."""

import numpy as np

from cs231n.feedback.compare import as_numbers, same

GATES = ["input gate (i)", "forget gate (f)", "output gate (o)", "block input (g)"]


def describe(name, got, right, axes, sizes):
    """One or two sentences on the difference.

    Args:
        name: of the output.
        got, right: the learner's result and the right one.
        axes: the letters of its axes, such as `"N T H"`.
        sizes: the sizes by letter.
    """
    dtype = getattr(got, "dtype", None)
    got, right = as_numbers(got), as_numbers(right)
    letters = axes.split()
    if got is None:
        return f"`{name}` is not an array of real numbers{f' (dtype {dtype})' if dtype else ''}."
    if dtype == np.float16 and same(got, right, 1e-2):
        return (f"`{name}` has dtype float16, which keeps three digits only. Leave the dtype of "
                "the arguments.")
    for attempt in (_shape, _not_finite, _low_precision, _constant, _multiple, _rearranged,
                    _clipped, _time_steps, _gates, _permuted, _rows):
        said = attempt(name, got, right, letters, sizes)
        if said:
            return said
    return _largest_difference(name, got, right)


def _shape(name, got, right, letters, sizes):
    if got.shape == right.shape:
        return None
    if got.ndim == 0 and right.ndim == 0:
        return None
    wanted = f"({', '.join(letters)}{',' if len(letters) == 1 else ''})"
    said = f"`{name}` has shape {got.shape}, expected {wanted} = {right.shape}."
    return said + _shape_reason(got, right, letters)


def _shape_reason(got, right, letters):
    if got.ndim == 2 and same(got.T, right):
        return " Its numbers are right, only transposed: the two factors of the product are " \
               "swapped."
    for axis in range(got.ndim):
        if got.ndim == right.ndim + 1 and got.shape[axis] == 1 and got.size == right.size:
            return f" Axis {axis}, of length 1, is one too many."
        if got.ndim == right.ndim + 1 and same(got.sum(axis=axis), right):
            return f" A sum over axis {axis} is missing."
    if got.ndim == right.ndim + 1 and got.shape[0] == got.shape[1] \
            and same(np.moveaxis(np.diagonal(got), -1, 0), right):
        return (" Every row is looked up at the indices of every row, as by `array[:, index]`. "
                "Pair each row with its own indices: give the numbers of the rows as the first "
                "index, or use `np.take_along_axis`.")
    if got.ndim == 0:
        return " One number is returned: something is summed (or averaged) over all axes."
    if got.size == right.size and same(got.reshape(right.shape), right):
        return " Its numbers are right, only in another shape."
    for axes in ((0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)):
        if got.ndim == 3 and same(got.transpose(axes), right):
            return " Its numbers are right, only with the axes in another order."
    if right.ndim == got.ndim + 1:
        return f" An axis is missing; expected one for each of {', '.join(letters)}."
    return ""


def _not_finite(name, got, right, letters, sizes):
    if np.isfinite(got).all():
        return None
    return (f"`{name}` holds {'nan' if np.isnan(got).any() else 'inf'}. Something overflows or is "
            "divided by zero: `np.exp` of a large number gives inf, and inf / inf or inf - inf "
            "gives nan. Use a form that is safe for large numbers (`np.tanh`, `sigmoid`).")


def _low_precision(name, got, right, letters, sizes):
    if not same(got, right, 1e-5):
        return None
    return (f"`{name}` is right to a few digits only. Somewhere the numbers pass through float32 "
            "(a buffer with `dtype=np.float32`, an `astype`) or through an approximation, although "
            "the arguments are float64: make buffers with the dtype of the arguments.")


def _constant(name, got, right, letters, sizes):
    if not got.any() and right.any():
        return f"`{name}` is all zeros: it is never filled, or filled with a product with zero."
    return None


def _multiple(name, got, right, letters, sizes):
    if got.size == 0 or not right.any():
        return None
    factor = float((got * right).sum() / (right * right).sum())
    if factor == 0 or not same(got / factor, right):
        return None
    for base in (2, 10):
        if np.isclose(factor, 1 / np.log(base)):
            return (f"`{name}` is taken with logarithms of base {base} (`np.log{base}`). The "
                    "natural logarithm, `np.log`, belongs there.")
    if right.ndim == 0 and not (np.isclose(factor, -1) or "=" in _factor(factor, sizes)):
        return None  # one number is always some multiple of another
    if np.isclose(factor, -1):
        return f"`{name}` has the wrong sign everywhere: it is the right result times -1."
    return (f"`{name}` is the right result times {_factor(factor, sizes)} everywhere: a factor is "
            "missing or one too many, as when something is averaged that has to be summed.")


def _factor(factor, sizes):
    named = {"N": sizes.get("N"), "T": sizes.get("T"), "H": sizes.get("H"), "D": sizes.get("D")}
    if sizes.get("N") and sizes.get("T"):
        named["(N * T)"] = sizes["N"] * sizes["T"]
    for text, size in named.items():
        if size and size > 1 and np.isclose(factor, size):
            return f"{text} = {size}"
        if size and size > 1 and np.isclose(factor, 1 / size):
            return f"1 / {text} = 1 / {size}"
    return f"{factor:.4g}"


def _rearranged(name, got, right, letters, sizes):
    if len(letters) != got.ndim:  # axes that are not all known, such as "M ..."
        return None
    if got.ndim == 2 and got.shape[0] == got.shape[1] and same(got.T, right):
        return f"`{name}` is transposed: the two factors of the product are swapped."
    for axis, letter in enumerate(letters):
        if same(np.flip(got, axis), right):
            what = "in reverse time order" if letter == "T" else f"reversed along the {letter} axis"
            return f"`{name}` is right, but {what}."
        if letter == "T" and got.shape[axis] > 1:
            rest = np.moveaxis(got, axis, 0), np.moveaxis(right, axis, 0)
            if same(rest[0][1:], rest[1][:-1]):
                return f"`{name}` comes one time step late: what belongs to step t is at t + 1."
            if same(rest[0][:-1], rest[1][1:]):
                return f"`{name}` comes one time step early: what belongs to step t is at t - 1."
    return None


def _clipped(name, got, right, letters, sizes):
    """Several numbers at one limit of either sign, which the right ones go beyond."""
    limit = np.abs(got).max(initial=0)
    if not limit or np.abs(right).max() <= limit or round(limit, 3) != limit:
        return None
    if min(np.sum(got == limit), np.sum(got == -limit)) < 1 or np.sum(np.abs(got) == limit) < 3:
        return None
    return (f"`{name}` has several numbers of exactly {limit:g} and {-limit:g}, and none beyond: "
            "a value is clipped on the way.")


def _time_steps(name, got, right, letters, sizes):
    if "T" not in letters:
        return None
    axis = letters.index("T")
    steps = [same(g, r) for g, r in zip(np.moveaxis(got, axis, 0), np.moveaxis(right, axis, 0))]
    if not any(steps) or len(steps) == 1:
        return None
    if not all(steps[:steps.index(False)]) or steps == sorted(steps, reverse=True):
        first = steps.index(False)
        return (f"`{name}` is right up to time step {first - 1} and wrong from step {first} on: "
                "look at what one time step hands to the next.")
    if steps == sorted(steps):
        last = len(steps) - 1 - steps[::-1].index(False)
        return (f"`{name}` is wrong up to time step {last} and right after it: going backward in "
                "time, the error sets in there. Look at what a time step receives from the next "
                "one.")
    wrong = [str(t) for t, right_step in enumerate(steps) if not right_step]
    return f"`{name}` is wrong at time step {', '.join(wrong)} only."


def _gates(name, got, right, letters, sizes):
    if not letters or letters[-1] != "4H":
        return None
    parts = zip(np.split(got, 4, axis=-1), np.split(right, 4, axis=-1))
    wrong = [gate for gate, (g, r) in zip(GATES, parts) if not same(g, r)]
    if not 0 < len(wrong) < 4:
        return None
    return f"`{name}` is wrong in the columns of the {' and the '.join(wrong)} only."


def _permuted(name, got, right, letters, sizes):
    if len(letters) != got.ndim:
        return None
    for axis, letter in enumerate(letters):
        if got.shape[axis] > 2 and same(np.sort(got, axis), np.sort(right, axis)):
            return (f"`{name}` holds the right numbers, but in another order along its {letter} "
                    "axis.")
    return None


def _rows(name, got, right, letters, sizes):
    if got.ndim < 2 or len(got) < 2:
        return None
    wrong = [i for i, (g, r) in enumerate(zip(got, right)) if not same(g, r)]
    if len(wrong) == len(got):
        return None
    what = {"N": "example", "V": "word"}.get(letters[0], "row")
    listed = ", ".join(map(str, wrong))
    return f"`{name}` is wrong for {what} {listed} only (along its {letters[0]} axis)."


def _largest_difference(name, got, right):
    if got.ndim == 0:
        return f"`{name}` is {float(got):.5g}, expected {float(right):.5g}."
    where = np.unravel_index(np.argmax(np.abs(got - right)), got.shape)
    index = ", ".join(map(str, where))
    return (f"`{name}` has wrong values; the largest difference is at [{index}]: "
            f"{got[where]:.4g}, expected {right[where]:.4g}.")
