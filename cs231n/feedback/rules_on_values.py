"""Rules on exceptions where a value is of the wrong sort: nothing, a tuple, real numbers, a number.

Each rule is a function of a `Scene` that returns a sentence, or None where it does not apply.
"""

import ast
import difflib
import inspect
import re

import numpy as np

from cs231n.feedback.inspection import innermost
from cs231n.feedback.scene import (
    array_of,
    assigned_by,
    has_axis,
    is_call,
    is_real,
    last_name,
    loaded_names,
    local,
    name_of,
    sources,
)
from cs231n.feedback.wording import RETURN_NOTHING

NOT_INTEGERS = "expected integers|must be (of|an|a)? ?integer|only integers"


def none_from_a_method(scene):
    """A name that is None because a method of the learner's, called further up, returns nothing."""
    if "NoneType" not in scene.message:
        return None
    for name in loaded_names(scene):
        if local(scene, name) is not None:
            continue
        for source in sources(scene, name):
            if isinstance(source, ast.Call) and name_of(source).startswith("self."):
                return (f"`{name}` is None: `{name_of(source)}` returns nothing. Its `return` is "
                        "missing, or it is still to be filled in.")
            if isinstance(source, ast.Call) and last_name(source) in RETURN_NOTHING:
                return f"`{name}` is None: `{name_of(source)}` {RETURN_NOTHING[last_name(source)]}"
    return None


def nothing_from_call(scene):
    """`a, b = f(x)` or `f(x)[0]` where f returns None."""
    if "NoneType" not in scene.message:
        return None
    for node in scene.calls():
        name = last_name(node)
        known = scene.frame.f_globals.get(name)
        if isinstance(node.func, ast.Attribute) and name in RETURN_NOTHING:
            return f"`{name_of(node)}` {RETURN_NOTHING[name]}"
        if callable(known) or isinstance(node.func, ast.Attribute) and \
                ast.unparse(node.func.value) == "self":
            return (f"`{name_of(node)}` returns nothing (None) there: its `return` is missing, or "
                    "it is still to be filled in.")
    return None


def functions_called(scene):
    if "required positional argument" not in scene.message:
        return None
    empty = [n for n in scene.calls() if not n.args and not n.keywords
             and last_name(n).endswith(("_forward", "_backward"))]
    if empty:
        return (f"`{ast.unparse(empty[0])}` calls the function. It has to be returned itself: its "
                "name without parentheses.")
    return None


def tuple_not_unpacked(scene):
    """`h = rnn_step_forward(...)`: output and cache in one name."""
    if not re.search("tuple|inhomogeneous|sequence|broadcast", scene.message):
        return None
    for name in loaded_names(scene):
        if not isinstance(local(scene, name), tuple):
            continue
        for source in sources(scene, name):
            called = last_name(source) if isinstance(source, ast.Call) else ""
            second = "cache" if called.endswith("_forward") else "state"
            if called.endswith("_forward") or called == "next_scores":
                return (f"`{name}` holds all that `{called}` returns, a tuple of "
                        f"{len(local(scene, name))}: its output and its {second}. Give each a name "
                        f"of its own (`{name}, {second} = ...`).")
    return None


def unique_without_inverse(scene):
    """`used, index = np.unique(words)`."""
    if "unpack" not in scene.message or not scene.fails_here:
        return None
    for node in scene.calls():
        if is_call(node, "unique") and not any(k.arg.startswith("return_")
                                                for k in node.keywords if k.arg):
            return (f"`{name_of(node)}` returns one array, the different values, where two names "
                    "stand on the left. `return_inverse=True` makes it return a second one: for "
                    "each entry, its place among them.")
    return None


def number_of_results(scene):
    """`a, b = f(...)` where f, which the learner knows, returns another number of values."""
    found = re.search(r"(too many|not enough) values to unpack \(expected (\d+)", scene.message)
    statement = scene.statement
    if not found or not scene.fails_here or not isinstance(statement, ast.Assign) or \
            not isinstance(statement.value, ast.Call):
        return None
    name, expected = last_name(statement.value), found.group(2)
    if not name.endswith(("_forward", "_backward", "next_scores", "first_state", "cell")):
        return None
    got = re.search(r"got (\d+)", scene.message)
    returned = got.group(1) if got else f"more than {expected}"
    returns = {"lstm_step_forward": " It returns `next_h`, `next_c` and its cache."}
    return (f"`{name}` returns {returned} values, and {expected} names stand on the left."
            + returns.get(name, ""))


def cache_of_all_steps(scene):
    """`rnn_step_backward(dh[:, t], cache)` with the cache of the whole sequence."""
    for node in scene.calls():
        if not last_name(node).endswith("_step_backward") or not node.args:
            continue
        cache = scene.value(node.args[-1])
        if isinstance(cache, (list, tuple)) and cache and \
                all(isinstance(entry, (list, tuple, dict)) for entry in cache):
            return (f"`{ast.unparse(node.args[-1])}` is the list of the caches of all time steps, "
                    f"and `{last_name(node)}` takes that of one time step.")
    return None


def text_joined(scene):
    if "unhashable type: 'list'" in scene.message:
        return ("A list cannot be a key of a dictionary or a Counter, since it may change: make "
                "each of them a tuple (`tuple(...)`), or join its words to one text.")
    return None


def math_function(scene):
    for node in scene.calls():
        if name_of(node).startswith("math.") and isinstance(scene.error, TypeError):
            name = last_name(node)
            return (f"`math.{name}` takes a single number. For a whole array, use NumPy's: "
                    f"`np.{name}`.")
    return None


def set_in_a_branch(scene):
    """A variable that only some branches of an `if` set."""
    if not isinstance(scene.error, UnboundLocalError) or scene.tree is None:
        return None
    found = re.search(r"variable '(\w+)'", str(scene.error))
    name = found and found.group(1)
    inside = {id(n) for branch in ast.walk(scene.tree) if isinstance(branch, ast.If)
              for n in ast.walk(branch) if _sets(n, name)}
    everywhere = [n for n in ast.walk(scene.tree) if _sets(n, name)]
    if name and everywhere and all(id(n) in inside for n in everywhere):
        return (f"`{name}` is set only inside an `if`, and here no branch that sets it is taken: "
                "a case is missing, or its condition is wrong. Do not set it to zeros before: "
                "that would only hide which case is missing.")
    return None


def used_before_it_is_set(scene):
    """A variable that the function sets only later."""
    found = re.search(r"variable '(\w+)'", str(scene.error))
    if not isinstance(scene.error, UnboundLocalError) or not found:
        return None
    return (f"`{found.group(1)}` is used before it has a value: set it before the loop, for "
            "instance to zeros.")


def _sets(node, name):
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)


def max_for_argmax(scene):
    """The best score, a real number, where the number of a word is needed."""
    if not re.search(NOT_INTEGERS, scene.message):
        return None
    for name in loaded_names(scene):
        for source in sources(scene, name):
            call = next((n for n in ast.walk(source) if is_call(n, "max", "amax")), None)
            value = local(scene, name)
            if call is not None and is_real(value):
                return (f"`{name}` holds the best scores themselves: `max` gives the largest "
                        "value, `argmax` the place where it stands, which is the number of the "
                        "word.")
    return None


def sort_for_argsort(scene):
    """The sorted values, where their places are needed."""
    if not re.search(NOT_INTEGERS, scene.message):
        return None
    for name in loaded_names(scene):
        value = local(scene, name)
        if not is_real(value):
            continue
        if any(is_call(n, "sort", "sorted") for source in sources(scene, name)
               for n in ast.walk(source)):
            return (f"`{name}` holds the sorted values: that is what `sort` gives. Their places, "
                    "which can be used to index, are what `argsort` gives.")
    return None


def floats_handed_on(scene):
    """Words as real numbers, handed to a function that looks them up."""
    if not re.search(NOT_INTEGERS, scene.message):
        return None
    for name in [n.id for call in scene.calls() for n in call.args if isinstance(n, ast.Name)]:
        value = scene.frame.f_locals.get(name)
        if is_real(value) and re.search("word|capt|idx|index|start|token|cur|prev|x$",
                                           name):
            return (f"`{name}` has dtype {value.dtype}, and words are integers: `np.zeros` and "
                    "`np.ones` make real numbers (float64) unless you say `dtype=int`.")
    return None


def words_as_floats(scene):
    if not re.search("must be of integer|only integers, slices|arrays used as indices|"
                     "expected integers", scene.message):
        return None
    places = [node.slice for node in scene.nodes(ast.Subscript)]
    places += [argument for call in scene.calls() for argument in call.args]
    for place in places:
        for index in ast.walk(place):
            value = scene.value(index) if isinstance(index, (ast.Name, ast.Attribute)) else None
            if isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f" \
                    and np.array_equal(value, np.round(value)):
                return (f"`{ast.unparse(index)}` has dtype {value.dtype}, but words are integers, "
                        "since they are used to index: `np.zeros` and `np.ones` make real numbers "
                        "unless you say `dtype=int`.")
    return None


def fraction_as_index(scene):
    if not re.search("slice indices must be integers|cannot be interpreted as an integer|"
                     "only integers, slices|must be integers", scene.message):
        return None
    divided = assigned_by(scene, lambda value: isinstance(value, ast.BinOp)
                           and isinstance(value.op, ast.Div))
    names = {n.id for n in scene.nodes(ast.Name)}
    for name in divided:
        if name in names and isinstance(scene.frame.f_locals.get(name), float):
            return (f"`{name}` comes from a division by `/`, which gives a real number "
                    f"({scene.frame.f_locals[name]}). An index or a size has to be an integer: "
                    "`//`, or read it from a shape.")
    if any(isinstance(n.op, ast.Div) for n in scene.nodes(ast.BinOp)):
        return ("`/` gives a real number, and an index or a size has to be an integer: use `//`.")
    return None


def table_before_words(scene):
    """`word_embedding_forward(W_embed, words)`."""
    for node in scene.calls():
        if last_name(node) == "word_embedding_forward" and len(node.args) == 2:
            first, second = (scene.value(n) for n in node.args)
            if is_real(first) and getattr(second, "ndim", 0) and not is_real(second):
                return ("The arguments of `word_embedding_forward` are in another order: first "
                        "come the words (integers), then the table of their vectors.")
    return None


def add_at_arguments(scene):
    for node in scene.calls():
        if name_of(node).endswith("add.at") and len(node.args) == 3:
            index, rows = (array_of(scene, n) for n in node.args[1:])
            if index is not None and index.dtype.kind == "f" and \
                    rows is not None and rows.dtype.kind in "iu":
                return ("The arguments of `np.add.at` are in another order: first the array that "
                        "is added to, then the index (integers), then what is added.")
    return None


def named_in_another_order(scene):
    """`rnn_step_forward(x, Wx, h, Wh, b)`: an argument bears the name of another parameter."""
    for node in scene.calls():
        if not last_name(node).endswith(("_forward", "_backward", "next_scores")) or node.keywords:
            continue
        function = scene.frame.f_globals.get(last_name(node))
        if name_of(node).startswith("self.") and "self" in scene.frame.f_locals:
            function = getattr(local(scene, "self"), last_name(node), None)
        code = getattr(innermost(function), "__code__", None)
        if code is None:
            continue
        wanted = [name for name in code.co_varnames[: code.co_argcount] if name != "self"]
        given = [_key(n) for n in node.args]
        if any(name in wanted and place < len(wanted) and wanted[place] != name
               for place, name in enumerate(given)):
            return (f"The arguments of `{last_name(node)}` are in another order than it takes "
                    f"them: `{', '.join(wanted)}`.")
    return None


def _key(node):
    """The name of an argument: of `p["Wx"]` and `self.params["Wx"]`, "Wx"."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value
    return node.id if isinstance(node, ast.Name) else None


def number_to_count_to(scene):
    """`for t in max_length`."""
    if "is not iterable" not in scene.message or not isinstance(scene.statement, ast.For):
        return None
    counted = scene.value(scene.statement.iter)
    if isinstance(counted, (int, np.integer)):
        text = ast.unparse(scene.statement.iter)
        return f"`{text}` is a number: `range({text})` counts up to it."
    return None


def no_such_entry(scene):
    """A key that a dictionary does not have."""
    if not isinstance(scene.error, KeyError) or not scene.fails_here:
        return None
    for node in scene.nodes(ast.Subscript):
        held = scene.value(node.value)
        if isinstance(held, dict) and len(held) <= 20 and scene.error.args[0] not in held:
            names = ", ".join(map(repr, held)) or "none at all"
            return (f"`{ast.unparse(node.value)}` has no entry {scene.error.args[0]!r}. Its "
                    f"entries are: {names}.")
    return None


def no_such_attribute(scene):
    """`x.shape` of a list."""
    found = re.search(r"'(\w+)' object has no attribute '(\w+)'", scene.message)
    if not found or not scene.fails_here:
        return None
    for node in scene.nodes(ast.Attribute):
        held = scene.value(node.value)
        if node.attr == found.group(2) and type(held).__name__ == found.group(1) and \
                isinstance(held, (int, float, list, tuple)):
            if hasattr(str, node.attr) and isinstance(held, (list, tuple)):
                return (f"`{ast.unparse(node.value)}` is a {type(held).__name__}, and "
                        f"`{node.attr}` is for a text (a caption): go through its entries one by "
                        "one.")
            what = "a number" if isinstance(held, (int, float)) else f"a {type(held).__name__}"
            return f"`{ast.unparse(node.value)}` is {what} there, not an array."
    return None


def no_such_function(scene):
    """`np.tahn`."""
    found = re.search(r"module '(\w+)' has no attribute '(\w+)'", scene.message)
    if not found or not scene.fails_here:
        return None
    for node in scene.nodes(ast.Attribute):
        module = scene.value(node.value)
        if node.attr == found.group(2) and inspect.ismodule(module):
            near = difflib.get_close_matches(node.attr, dir(module), n=5)
            near.sort(key=lambda name: sorted(name) != sorted(node.attr))  # "tahn" is "tanh"
            meant = f" Is `{ast.unparse(node.value)}.{near[0]}` meant?" if near else ""
            return (f"`{ast.unparse(node)}` does not exist: the name is misspelt, or belongs to "
                    f"another module.{meant}")
    return None


def best_of_everything(scene):
    """`argmax` without an axis gives one place for the whole array."""
    without = assigned_by(scene, lambda v: isinstance(v, ast.Call) and last_name(v) == "argmax"
                           and not has_axis(v))
    names = {n.id for n in scene.nodes(ast.Name)}
    here = [n for n in scene.calls() if last_name(n) == "argmax" and not has_axis(n)]
    if here or names & set(without):
        return ("`argmax` without an axis gives one place in the whole array, counted through. "
                "The best word of each row is `argmax(axis=1)`.")
    return None
