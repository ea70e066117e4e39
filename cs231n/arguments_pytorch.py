"""Checks of arguments for functions of tensors, in the words of `cs231n.arguments`."""

import functools
import inspect

import numpy as np

from cs231n import arguments
from cs231n.import_pytorch import torch


def takes(**specs):
    """Check the tensors that a function is called with, as `cs231n.arguments.takes` checks arrays.

    Args:
        specs: what each argument has to be, in the language of `cs231n.arguments.takes`.

    Raises:
        TypeError: an argument is no tensor, or its dtype is of the wrong sort.
        ValueError: a shape does not fit, or an index is out of range.
    """

    def decorate(function):
        names = tuple(inspect.signature(function).parameters)
        specs_of_tensors = {name for name, spec in specs.items() if isinstance(spec, str)}

        @functools.wraps(function)
        def checked(*args, **kwargs):
            if torch.compiler.is_compiling():  # nothing there that could be looked at
                return function(*args, **kwargs)
            given = {**dict(zip(names, args)), **kwargs}
            stand_ins = {name: _stand_in(f"{function.__name__}: {name}", value, specs[name])
                         if name in specs_of_tensors else value for name, value in given.items()}
            arguments.check_call(function.__name__, stand_ins, specs)
            return function(*args, **kwargs)

        return checked

    return decorate


def _stand_in(where, value, spec):
    """An array with what is checked of a tensor: its shape, its sort and, of indices, the range.

    Real numbers are not copied, whichever device they are on.
    """
    if isinstance(value, np.ndarray):
        raise TypeError(f"{where} is a NumPy array, expected a tensor: torch.from_numpy(...) makes "
                        "one")
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{where} is {arguments.say(value)}, expected a tensor")
    kind = "float64" if value.is_floating_point() else "bool" if value.dtype == torch.bool else \
        "complex128" if value.is_complex() else "int64"
    if "<" in spec and kind == "int64" and not value.is_meta:  # a meta tensor has no numbers
        return value.detach().cpu().numpy()
    return np.broadcast_to(np.zeros((), kind), tuple(value.shape))
