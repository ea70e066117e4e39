"""Exceptions in a learner's code, in words: where, with which shapes; and what else goes unsaid.

What lies behind an exception, `crash_rules` tells from the failing statement; `general_advice` has
only the exception's message to go by.
"""

import ast
import re

from cs231n.feedback.inspection import globals_of, innermost, tree_of
from cs231n.feedback.scene import Scene, is_array, is_matrix, last_name, name_of, places, products
from cs231n.feedback.wording import RETURN_NOTHING, SQUEEZED


def tell(crash):
    """An exception in words: its kind and message, the learner's line, the shapes in that line."""
    scene = Scene(crash)
    told = f"{type(scene.error).__name__}: {scene.message}".rstrip(": ")
    if scene.frame is None:
        return f"Calling it fails with {told}."
    code = scene.frame.f_code
    place = f"line {scene.line - code.co_firstlineno + 1} of `{code.co_name}`"
    said = f"It stops in {place}" + (f", `{scene.source}`," if scene.source else "") + \
        f" with {told}."
    shapes = _shapes(scene)
    said += f" There, {'; '.join(shapes)}." if shapes else ""
    return said + _misfit(scene) + _called_from(crash)


def _called_from(crash):
    """The line of the checked function itself, where another one of the learner's fails in it."""
    outer = [Scene(crash, place) for place in places(crash)[:-1]]
    if not outer or not outer[0].source:
        return ""
    code = outer[0].frame.f_code
    return (f" (It was called in line {outer[0].line - code.co_firstlineno + 1} of "
            f"`{code.co_name}`, `{outer[0].source}`.)")


# ---- Shapes -------------------------------------------------------------------------------------


def _shapes(scene):
    """The shapes of the arrays named in a line, with their meaning where it can be known."""
    names = dict.fromkeys(node.id for node in scene.nodes(ast.Name)) if scene.statement else \
        dict.fromkeys(scene.frame.f_code.co_varnames)
    said = []
    for name in names:
        value = scene.frame.f_locals.get(name)
        if is_array(value) and value.ndim:
            shape = tuple(value.shape)
            meaning = _known_meaning(scene.axes.get(name), shape, scene.sizes) or \
                _meaning(shape, scene.sizes)
            said.append(f"`{name}` has shape {meaning + ' = ' if meaning else ''}{shape}")
    return said


def _known_meaning(letters, shape, sizes):
    """The letters of an argument's axes, unless a variable of its name has another shape."""
    words = letters.strip("(),").split(", ") if letters else []
    if len(words) != len(shape):
        return None
    fits = [size == int(word[:-1] or 1) * sizes.get(word[-1], 0)
            for word, size in zip(words, shape) if word[:-1].isdigit() or len(word) == 1]
    return letters if len(fits) == len(shape) and all(fits) else None


def _meaning(shape, sizes):
    """A shape in letters, such as "(T, N, H)", None where a size is not that of one letter only."""
    known = {letter: size for letter, size in sizes.items()}
    known.update({f"4{letter}": 4 * size for letter, size in sizes.items() if letter == "H"})
    words = [[letter for letter, size in known.items() if size == length] for length in shape]
    if any(len(word) != 1 for word in words):
        return None
    return f"({', '.join(word[0] for word in words)}{',' if len(words) == 1 else ''})"


def _misfit(scene):
    """Of a matrix product that does not fit, say which transpose would fit."""
    for left, right in products(scene):
        a, b = scene.value(left), scene.value(right)
        if not (is_matrix(a) and is_matrix(b)) or a.shape[1] == b.shape[0] \
                or a.shape == b.shape:
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


def _transposed(node):
    source = ast.unparse(node)
    return source[:-2] if source.endswith(".T") else source + ".T"


# ---- Without an exception -----------------------------------------------------------------------


def nothing_returned(function):
    """On a function that computes, but returns None."""
    said = "It returns nothing (None): a `return` with the results is missing at its end."
    code = getattr(innermost(function), "__code__", None)
    tree = tree_of(code, globals_of(function)) if code else None
    returns = [n for n in ast.walk(tree) if isinstance(n, ast.Return)] if tree else []
    for node in returns:
        if isinstance(node.value, ast.Call) and last_name(node.value) in RETURN_NOTHING:
            name = last_name(node.value)
            return f"It returns nothing (None): `{name_of(node.value)}` {RETURN_NOTHING[name]}"
    if returns and any(n.value is not None for n in returns):
        return ("It returns nothing (None): what it returns was never computed, or a branch has no "
                "`return`.")
    return said


def suspicions(function, case, attempt):
    """What in the text of a function explains a wrong result, without an exception."""
    code = getattr(innermost(function), "__code__", None)
    if code and any(value is None for value in attempt.outputs.values()):
        return _set_to_nothing(code, globals_of(function))
    if code and {"dot", "matmul"} & set(code.co_names):
        of_three = _product_of_three(code, globals_of(function))
        if of_three:
            return of_three
    if not code or 1 not in case.sizes.values() or "squeeze" not in code.co_names:
        return []
    return [SQUEEZED]


def _product_of_three(code, space):
    """`np.dot(a, b, c)`, which computes `a @ b` and writes it into c."""
    tree = tree_of(code, space)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)] if tree else []
    return [f"`{name_of(call)}` multiplies two arrays; a third one is where the result is written, "
            "not one more factor or summand." for call in calls
            if name_of(call) in ("np.dot", "np.matmul") and len(call.args) == 3][:1]


def _set_to_nothing(code, space):
    """Of `order = lengths.sort()`: what the call returns."""
    tree = tree_of(code, space)
    values = [n.value for n in ast.walk(tree) if isinstance(n, ast.Assign)] if tree else []
    return [f"`{name_of(value)}` {RETURN_NOTHING[last_name(value)]}" for value in values
            if isinstance(value, ast.Call) and last_name(value) in RETURN_NOTHING][:1]


# ---- What the message alone tells ---------------------------------------------------------------


ADVICE = [
    ("not subscriptable|NoneType", "Something is None there: a line above it is still to be filled "
     "in, or a function forgets its `return`."),
    ("name '.*' is not defined", "The name is misspelt, or the cell that defines it has not been "
     "run."),
    ("before assignment|not associated with a value", "The variable is used before it has a value: "
     "set it before the loop, for instance to zeros."),
    ("read-only|immutable|does not support item assignment", "Make an array to write into first, "
     "for instance with `np.zeros`."),
    ("values to unpack", "A function returns another number of values than the names on the left "
     "side. For a cache: unpack it in the order in which the forward function packed it."),
    ("positional argument|keyword argument", "The arguments do not fit the function's signature: "
     "keep the signature that the exercise gives."),
    ("only .* arrays can be converted|setting an array element", "An array stands where one number "
     "is needed."),
    ("cannot unpack non-iterable", "Two names stand where one value comes at a time: in a loop, "
     "`enumerate(...)` and `zip(...)` give two."),
    ("out of bounds|out of range", "An index runs past the end of its axis (the message says which "
     "axis, and how long it is): positions go from 0 to the length minus 1. Does it belong to "
     "that axis?"),
    ("broadcast|matmul|not aligned|shapes|dimension", "The shapes do not fit: write the shape of "
     "every factor beside the line, and look which axis has to go away in the product."),
    ("truth value", "An array stands where one True or False is needed: handle each row on its own "
     "(`np.where`, a mask), or use `.all()` / `.any()`."),
    ("Cannot cast ufunc", "An array of integers stands where real numbers are added: it was made "
     "with an integer dtype, for instance by `np.zeros_like` of integers or `dtype=int`."),
    ("recursion", "The function calls itself without end."),
]


def general_advice(crash, of_exercise):
    """What usually lies behind an exception, as a list of one sentence or none."""
    known = [*of_exercise, *ADVICE]
    return [sentence for pattern, sentence in known if re.search(pattern, str(crash.error))][:1]
