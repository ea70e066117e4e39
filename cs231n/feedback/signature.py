"""What a function takes and returns, read where it is written: its signature and its docstring."""

import inspect
import re

from cs231n.feedback.inspection import innermost

_ENTRY = re.compile(r"^    (\w+): (.*(?:\n      .*)*)", re.MULTILINE)
_SHAPE = re.compile(r"\((\d*[A-Z](?:, \d*[A-Z])*),?\)")


def arguments_of(function):
    """The names of a function's arguments that have no default value, in order."""
    inner = innermost(function)
    names = inner.__code__.co_varnames[: inner.__code__.co_argcount]
    return list(names[: len(names) - len(inner.__defaults__ or ())])


def outputs_of(function):
    """The names in the part "Returns:" of a docstring, in order; a cache is among them."""
    _, _, returns = (inspect.getdoc(function) or "").partition("Returns:\n")
    return [name for name, _ in _ENTRY.findall(returns)]


def shapes_of(*functions):
    """The axes of arguments and results, as docstrings give them.

    Args:
        functions: any number of them; "x: inputs of this time step (N, D)." gives `{"x": "N D"}`.
    """
    shapes = {}
    for function in functions:
        for name, text in _ENTRY.findall(inspect.getdoc(function) or ""):
            found = _SHAPE.search(text)
            if found:
                shapes[name] = found.group(1).replace(",", "")
    return shapes
