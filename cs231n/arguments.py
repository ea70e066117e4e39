"""Checks of arguments, kept out of the functions that learners read.

`takes` states the shapes that a function takes, in the letters of its docstring::

    @takes(x="N D", prev_h="N H", Wx="D H", Wh="H H", b="H")
    def rnn_step_forward(x, prev_h, Wx, Wh, b): ...

A call whose arrays do not fit ends in one error that names the argument, what came, what was
expected, and which argument the expected sizes were read from. Nothing has been computed by then.
"""

import functools
import inspect
import numbers
import re

import numpy as np

_AXIS = re.compile(r"(?P<times>\d*)(?P<letter>[A-Za-z]+)(?P<plus>\+\d+)?(?P<row>\?)?"
                   r"(?P<rest>\.\.\.)?")
_JOINED = re.compile(r"[A-Za-z]+\.[A-Za-z]")


def takes(**specs):
    """Check the arguments of a function against `specs` before it runs.

    A spec is one of

    - a text with one word an axis: a letter (`"N D"`), a multiple (`"4H"`), a sum (`"T+1"`), or
      `"D..."` for all remaining axes, whose product is D. The first array that has a letter fixes
      its size for the others; a model (`self`) fixes those in its `sizes`. Sizes are at least 1.
      `"N? D"` also takes a single row, (1, D) or (D,), which NumPy broadcasts; `"... D"` takes any
      axes before the last, the same ones in each argument; `"N.T M"` takes (N, T, M), or (N T, M)
      where N and T are known from an argument before it. `"N T < V"` asks for integers from 0 to
      V - 1; in `"... < V"` they may also be a list or one number;
    - a tuple of specs, for a cache: a tuple with one entry for each;
    - a list `["T", spec]`: T entries. The first is held against `spec`, for them all;
    - a function `(where, value)` that raises what it objects to;
    - None: anything.

    Raises:
        TypeError: an argument is no array, or its dtype is of the wrong sort.
        ValueError: a shape does not fit, or an index is out of range.
    """

    def decorate(function):
        names = tuple(inspect.signature(function).parameters)

        @functools.wraps(function)
        def checked(*args, **kwargs):
            # Too many, too few or unknown ones: Python itself says so in the call below.
            check_call(function.__name__, {**dict(zip(names, args)), **kwargs}, specs)
            return function(*args, **kwargs)

        return checked

    return decorate


def at_least(smallest):
    """A spec for whole numbers that are not below `smallest`."""

    def check(where, value):
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise TypeError(f"{where} is {value!r}, expected a whole number")
        if value < smallest:
            raise ValueError(f"{where} is {value}, expected at least {smallest}")

    return check


def finite(where, value):
    """A spec for arrays of numbers that are neither NaN nor infinite."""
    # The smallest of all is NaN where one is, and this needs no memory of the array's size.
    if value.size and not (np.isfinite(value.min()) and np.isfinite(value.max())):
        place = np.argwhere(~np.isfinite(value))[0].tolist()
        raise ValueError(f"{where} is {value[tuple(place)]} at {place}, expected finite numbers")


def a_text(where, value):
    """A spec for texts."""
    if not isinstance(value, str):
        raise TypeError(f"{where} is of type {type(value).__name__}, expected a text")


def check_call(function_name, arguments, specs):
    """Hold the arguments of a call, by name, against their specs."""
    sizes = {}  # letter -> (size, the argument that fixed it)
    if hasattr(arguments.get("self"), "sizes"):
        sizes = {letter: (size, "the model") for letter, size in arguments["self"].sizes.items()}
    indices = []
    for name, spec in specs.items():
        if name in arguments:
            _match(f"{function_name}: {name}", name, arguments[name], spec, sizes, indices)
    # Ranges come last: the argument that says how large V is may stand behind the indices.
    for where, array, letter in indices:
        _check_range(where, array, letter, sizes)


def _match(where, name, value, spec, sizes, indices):
    """Hold one value against its spec; note array arguments of indices in `indices`."""
    if callable(spec):
        spec(where, value)
    elif isinstance(spec, str):
        shape_spec, limit = _split(spec)
        if shape_spec == "...":
            value = _as_indices(value)
        _check_array(where, value, "iu" if limit else "fiub")
        shape = value.shape
        if _JOINED.match(shape_spec):
            shape_spec, shape = _apart(shape_spec, shape, sizes)
        _check_shape(where, name, shape, shape_spec, sizes)
        if limit:
            indices.append((where, value, limit))
    elif isinstance(spec, tuple):
        if not isinstance(value, tuple) or len(value) != len(spec):
            raise TypeError(f"{where} is not what the forward function returned: {say(value)}, "
                            f"expected a tuple of {len(spec)}")
        for i, (entry, entry_spec) in enumerate(zip(value, spec)):
            _match(f"{where}[{i}]", name, entry, entry_spec, sizes, indices)
    elif isinstance(spec, list):
        letter, entry_spec = spec
        if not isinstance(value, list):
            raise TypeError(f"{where} is {say(value)}, expected a list")
        _check_shape(f"{where} (its length)", name, (len(value),), letter, sizes)
        _match(f"{where}[0]", name, value[0], entry_spec, sizes, indices)


@functools.cache
def _split(spec):
    """The shape in a spec, and the letter below which its indices must stay, if it has one."""
    shape_spec, _, limit = spec.partition("<")
    return shape_spec.strip(), limit.strip()


@functools.cache
def _parse(shape_spec):
    """What a text asks for.

    Returns:
        A (letter, times, plus) for each axis; whether the last one stands for all the rest; whether
        others may stand before the first; whether the first may be 1 or missing.
    """
    words = shape_spec.split()
    leading = words[0] == "..."
    axes = [_AXIS.fullmatch(word) for word in words[leading:]]
    parsed = [(axis["letter"], int(axis["times"] or 1), int(axis["plus"] or 0)) for axis in axes]
    return parsed, bool(axes and axes[-1]["rest"]), leading, bool(axes and axes[0]["row"])


def _apart(shape_spec, shape, sizes):
    """For "N.T M": the spec "N T M", and a shape (N T, M) as (N, T, M)."""
    spec = shape_spec.replace(".", " ", 1)
    first, second, *_ = spec.split()
    if len(shape) == len(spec.split()) - 1 and first in sizes and second in sizes:
        N, T = sizes[first][0], sizes[second][0]
        shape = (N, T, *shape[1:]) if shape[0] == N * T else shape
    return spec, shape


def _as_indices(value):
    """A list of integers, or a single one, as an array; anything else as it is."""
    if isinstance(value, (list, numbers.Integral)):
        try:
            return np.asarray(value)
        except ValueError:  # lists of different lengths
            return value
    return value


def _check_array(where, value, kinds):
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{where} is {say(value)}, expected a NumPy array")
    if value.dtype.kind not in kinds:
        expected = "integers" if kinds == "iu" else "real numbers"
        raise TypeError(f"{where} has dtype {value.dtype}, expected {expected}")


def _check_shape(where, name, shape, spec, sizes):
    axes, has_rest, leading, row = _parse(spec)
    expected_axes, given = axes, shape
    found = {}
    if has_rest and len(shape) >= len(axes):
        given = shape[: len(axes) - 1] + (int(np.prod(shape[len(axes) - 1 :])),)
    if leading:
        count = max(0, len(shape) - len(axes))
        before, given = shape[:count], shape[count:]
        fits = sizes.get("...", (before,))[0] == before
        found["..."] = before
    else:
        fits = True
    if row and (len(given) == len(axes) - 1 or given[:1] == (1,)):  # a row that broadcasts
        given, axes = given[len(given) - len(axes) + 1 :], axes[1:]
    fits = fits and len(given) == len(axes)
    for (letter, times, plus), size in zip(axes, given):
        inner = (size - plus) // times
        expected = sizes[letter][0] if letter in sizes else found.setdefault(letter, inner)
        fits = fits and inner == expected and inner >= 1 and inner * times + plus == size
    if not fits:
        raise ValueError(f"{where} has shape {shape}, {_expectation(spec, expected_axes, sizes)}")
    for letter, size in found.items():
        sizes.setdefault(letter, (size, name))


def _expectation(spec, axes, sizes):
    letters = list(dict.fromkeys(letter for letter, _, _ in axes))
    known = [f"{a} = {sizes[a][0]} from {sizes[a][1]}" for a in letters if a in sizes]
    unknown = [a for a in letters if a not in sizes]
    if unknown:
        known.append(f"{' and '.join(unknown)} at least 1")
    words = [word.replace("?", "") for word in spec.split()]
    if words[0] == "..." and "..." in sizes:
        words[0] = ", ".join(map(str, sizes["..."][0]))
    comma = "," if len(words) == 1 else ""
    return f"expected ({', '.join(filter(None, words))}{comma}) with {', '.join(known)}"


def _check_range(where, array, letter, sizes):
    size, source = sizes[letter]
    low, high = array.min(), array.max()
    if low < 0 or high >= size:
        worst = low if low < 0 else high
        raise ValueError(f"{where} holds the index {worst}, expected 0 to {size - 1} "
                         f"({letter} = {size} from {source})")


def say(value):
    """What a value is, for a message: "a list of 3", "None", "of type str"."""
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return "None" if value is None else f"of type {type(value).__name__}"
