"""Running a learner's code: quietly, without lasting effects, and with its errors told usefully."""

import ast
import contextlib
import io
import linecache
import random
import re
import traceback
import warnings

import numpy as np


class Crash(Exception):
    """An exception inside the learner's code. `str()` says what and where."""

    def __init__(self, error, told):
        super().__init__(told)
        self.error = error


class NotDone(Exception):
    """The learner's code is an unfilled TODO."""


@contextlib.contextmanager
def undisturbed():
    """Let code run without output, warnings, or a trace in the random states."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    errors = np.geterr()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            np.seterr(all="ignore")
            yield
    finally:
        np.seterr(**errors)
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def call(function, *args, axes=None, sizes=None):
    """Call a learner's function.

    Args:
        function: what the learner wrote.
        args: its arguments.
        axes: for the report, the meaning of shapes by argument name, such as `{"x": "(N, D)"}`.
        sizes: for the report, the sizes of axes by letter.

    Raises:
        NotDone: it raises `NotImplementedError`.
        Crash: it raises anything else.
    """
    try:
        return function(*args)
    except NotImplementedError as error:
        raise NotDone(str(error)) from error
    except (Exception, SystemExit) as error:
        raise Crash(error, tell(error, function, axes or {}, sizes or {})) from error


def tell(error, function, axes, sizes):
    """An exception in words: its kind and message, the learner's line, the shapes in that line."""
    told = f"{type(error).__name__}: {_stable(str(error))}".rstrip(": ")
    frame, line = _learners_frame(error, function)
    if frame is None:
        return f"Calling it fails with {told}."
    code = frame.f_code
    place = f"line {line - code.co_firstlineno + 1} of `{code.co_name}`"
    source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    said = f"It stops in {place}" + (f", `{source}`," if source else "") + f" with {told}."
    shapes = _shapes(source, frame, axes, sizes)
    said += f" There, {'; '.join(shapes)}." if shapes else ""
    return said + _misfit(source, frame)


def _stable(message):
    """An error message without what changes from run to run, on one line."""
    message = re.sub(r"0x[0-9a-fA-F]+", "0x...", " ".join(message.split()))
    return message if len(message) <= 300 else message[:300] + " ..."


def _learners_frame(error, function):
    """The innermost frame whose code lives where the function lives, and its line."""
    home = globals_of(function)
    frames = [(f, line) for f, line in traceback.walk_tb(error.__traceback__)
              if f.f_globals is home]
    return frames[-1] if frames else (None, None)


def globals_of(function):
    """The namespace a function was defined in, `{}` where there is none to see."""
    inner = innermost(function)
    if not hasattr(inner, "__globals__"):  # an object that can be called
        inner = innermost(vars(type(inner)).get("__call__", inner))
    return getattr(inner, "__globals__", {})


def innermost(function):
    """The function behind bound methods, `functools.partial` and `functools.wraps`."""
    for _ in range(100):
        for attribute in ("__func__", "__wrapped__", "func"):
            if hasattr(function, attribute):
                function = getattr(function, attribute)
                break
        else:
            break
    return function


def calls(function):
    """The names of all functions and attributes that a function's code uses."""
    code = getattr(innermost(function), "__code__", None)
    names, codes = set(), [code] if code else []
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [c for c in code.co_consts if isinstance(c, type(code))]
    return names


def _shapes(source, frame, axes, sizes):
    """The shapes of the arrays named in a line, with their meaning where it can be known."""
    names = dict.fromkeys(_names_in(source) if source else frame.f_code.co_varnames)
    said = []
    for name in names:
        value = frame.f_locals.get(name)
        if isinstance(value, np.ndarray) and value.ndim:
            meaning = _known_meaning(axes.get(name), value.shape, sizes) or \
                _meaning(value.shape, sizes)
            said.append(f"`{name}` has shape {meaning + ' = ' if meaning else ''}{value.shape}")
    return said


def _known_meaning(letters, shape, sizes):
    """The letters of an argument's axes, unless a variable of its name has another shape."""
    words = letters.strip("(),").split(", ") if letters else []
    fits = [size == int(word[:-1] or 1) * sizes.get(word[-1], 0)
            for word, size in zip(words, shape) if word[:-1].isdigit() or len(word) == 1]
    return letters if letters and len(fits) == len(shape) and all(fits) else None


def _meaning(shape, sizes):
    """A shape in letters, such as "(T, N, H)", None where a size is not that of one letter only."""
    known = {letter: size for letter, size in sizes.items()}
    known.update({f"4{letter}": 4 * size for letter, size in sizes.items() if letter == "H"})
    words = [[letter for letter, size in known.items() if size == length] for length in shape]
    if any(len(word) != 1 for word in words):
        return None
    return f"({', '.join(word[0] for word in words)}{',' if len(words) == 1 else ''})"


def _misfit(source, frame):
    """Of a matrix product that does not fit, say which transpose would fit."""
    for left, right in _products(source):
        a, b = _value(left, frame), _value(right, frame)
        if a is None or b is None or a.shape[1] == b.shape[0]:
            continue
        said = f" `{ast.unparse(left)} @ {ast.unparse(right)}` does not fit: the last axis of " \
               "the first factor has to be as long as the first axis of the second."
        if a.shape[1] == b.shape[1]:
            return said + f" With `{_transposed(right)}` it would fit."
        if a.shape[0] == b.shape[0]:
            return said + f" With `{_transposed(left)}` it would fit."
        if b.shape[1] == a.shape[0]:
            return said + " With the two factors swapped it would fit."
        return said
    return ""


def _products(source):
    """The pairs of factors of all matrix products in a line."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield node.left, node.right
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) \
                and node.func.attr in ("dot", "matmul"):
            factors = node.args if len(node.args) == 2 else [node.func.value, *node.args]
            if len(factors) == 2:
                yield factors


def _value(node, frame):
    """The matrix that an expression such as `da`, `Wx.T` or `cache["Wx"]` stands for, or None."""
    value = _lookup(node, frame)
    return value if isinstance(value, np.ndarray) and value.ndim == 2 else None


def _lookup(node, frame):
    """The value of a name, of its `.T` or `.params`, or of an entry of it; None for all else."""
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id)
    if isinstance(node, ast.Attribute) and node.attr in ("T", "params"):
        return getattr(_lookup(node.value, frame), node.attr, None)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        inner = _lookup(node.value, frame)
        if isinstance(inner, (dict, list, tuple)):
            return dict(enumerate(inner)).get(node.slice.value) \
                if not isinstance(inner, dict) else inner.get(node.slice.value)
    return None


def _transposed(node):
    source = ast.unparse(node)
    return source[:-2] if source.endswith(".T") else source + ".T"


def _names_in(source):
    """The names in a line of code, which may be one of several lines of a statement."""
    for text in (source, source.rstrip(":,") + (":\n pass" if source.endswith(":") else "")):
        try:
            return [n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)]
        except SyntaxError:
            continue
    return re.findall(r"\b[A-Za-z_]\w*", source)
