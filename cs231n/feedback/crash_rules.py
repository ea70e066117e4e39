"""What lies behind an exception, told from the failing statement: its operators, calls and names.

Each rule is a function of a `Scene` that returns a sentence, or None where it does not apply. The
first that applies is the one that is said.
"""

import ast
import re

import numpy as np

from cs231n.feedback.crashes import RETURN_NOTHING, RULES, Scene, places
from cs231n.feedback.inspection import innermost

SIZES_DIFFER = "broadcast|not aligned|mismatch|same shape|same size|dimension|could not be"
NOT_INTEGERS = "expected integers|must be of integer|only integers|must be integers"


def telling_advice(crash):
    """The sentence on what is behind an exception, where a statement of the learner's tells it.

    The function that is checked comes first, then those that it calls: that they are right by
    themselves is known already.

    Returns:
        A list with one sentence, or with none.
    """
    scenes = [scene for scene in (Scene(crash, place) for place in places(crash))
              if scene.statement is not None]
    said = (rule(scene) for scene in scenes for rule in [*FIRST, *RULES, *LAST])
    return [sentence for sentence in said if sentence][:1]


# ---- Reading a statement ------------------------------------------------------------------------


def _called(call):
    """What is called, as text: "np.zeros", "self.cell"."""
    return ast.unparse(call.func)


def _last(call):
    return _called(call).rpartition(".")[2]


def _is_call(node, *names):
    return isinstance(node, ast.Call) and _last(node) in names


def _sources(scene, name):
    """The expressions that the function sets a name to, alone or as one of several."""
    if scene.tree is None:
        return []
    return [a.value for a in ast.walk(scene.tree) if isinstance(a, ast.Assign)
            and any(isinstance(n, ast.Name) and n.id == name
                    for target in a.targets for n in _parts(target))]


def _parts(target):
    return target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]


def _names(scene):
    """The names in the failing statement that hold something there."""
    found = dict.fromkeys(n.id for n in scene.nodes(ast.Name) if isinstance(n.ctx, ast.Load))
    return [name for name in found if name in scene.frame.f_locals]


def _local(scene, name):
    return scene.frame.f_locals[name]


def _array(scene, node):
    """The array that an expression stands for, None where it is another thing or not known."""
    value = scene.value(node)
    return value if isinstance(value, np.ndarray) else None


def _shape_word(array):
    return f"{array.shape}"


# ---- Nothing, or a tuple, where an array is needed ----------------------------------------------


def _none_from_a_method(scene):
    """A name that is None because a method of the learner's, called further up, returns nothing."""
    if "NoneType" not in scene.message:
        return None
    for name in _names(scene):
        if _local(scene, name) is not None:
            continue
        for source in _sources(scene, name):
            if isinstance(source, ast.Call) and _called(source).startswith("self."):
                return (f"`{name}` is None: `{_called(source)}` returns nothing. Its `return` is "
                        "missing, or it is still to be filled in.")
            if isinstance(source, ast.Call) and _last(source) in RETURN_NOTHING:
                return f"`{name}` is None: `{_called(source)}` {RETURN_NOTHING[_last(source)]}"
    return None


def _tuple_not_unpacked(scene):
    """`h = rnn_step_forward(...)`: output and cache in one name."""
    if not re.search("tuple|inhomogeneous|sequence|broadcast", scene.message):
        return None
    for name in _names(scene):
        if not isinstance(_local(scene, name), tuple):
            continue
        for source in _sources(scene, name):
            if isinstance(source, ast.Call) and _last(source).endswith("_forward"):
                return (f"`{name}` holds all that `{_last(source)}` returns, a tuple of "
                        f"{len(_local(scene, name))}: its output and its cache. Give each a name "
                        f"of its own (`{name}, cache = ...`).")
    return None


def _unique_without_inverse(scene):
    """`used, index = np.unique(words)`."""
    if "unpack" not in scene.message or not scene.fails_here:
        return None
    for node in scene.calls():
        if _is_call(node, "unique") and not any(k.arg.startswith("return_")
                                                for k in node.keywords if k.arg):
            return (f"`{_called(node)}` returns one array, the different values, where two names "
                    "stand on the left. `return_inverse=True` makes it return a second one: for "
                    "each entry, its place among them.")
    return None


def _number_of_results(scene):
    """`a, b = f(...)` where f, which the learner knows, returns another number of values."""
    found = re.search(r"(too many|not enough) values to unpack \(expected (\d+)", scene.message)
    statement = scene.statement
    if not found or not scene.fails_here or not isinstance(statement, ast.Assign) or \
            not isinstance(statement.value, ast.Call):
        return None
    name, expected = _last(statement.value), found.group(2)
    if not name.endswith(("_forward", "_backward", "next_scores", "first_state", "cell")):
        return None
    got = re.search(r"got (\d+)", scene.message)
    returned = got.group(1) if got else f"more than {expected}"
    returns = {"lstm_step_forward": " It returns `next_h`, `next_c` and its cache."}
    return (f"`{name}` returns {returned} values, and {expected} names stand on the left."
            + returns.get(name, ""))


def _cache_of_all_steps(scene):
    """`rnn_step_backward(dh[:, t], cache)` with the cache of the whole sequence."""
    for node in scene.calls():
        if not _last(node).endswith("_step_backward") or not node.args:
            continue
        cache = scene.value(node.args[-1])
        if isinstance(cache, (list, tuple)) and cache and \
                all(isinstance(entry, (list, tuple, dict)) for entry in cache):
            return (f"`{ast.unparse(node.args[-1])}` is the list of the caches of all time steps, "
                    f"and `{_last(node)}` takes that of one time step.")
    return None


def _cache_in_another_order(scene):
    """`x, Wx, prev_h, ... = cache`, where the cache holds `x, prev_h, Wx, ...`."""
    if scene.tree is None or not re.search(SIZES_DIFFER, scene.message):
        return None
    unpacked = [n.id for a in ast.walk(scene.tree) if isinstance(a, ast.Assign)
                and isinstance(a.value, ast.Name) and "cache" in a.value.id
                for target in a.targets for n in _parts(target) if isinstance(n, ast.Name)]
    wrong = [name for name in unpacked if name in _names(scene) and _misshapen(scene, name)]
    if len(wrong) < 2:
        return None
    listed = " and ".join(f"`{name}`, shape {np.shape(_local(scene, name))}," for name in wrong[:2])
    return (f"{listed} are not what went in under these names: the cache is unpacked in another "
            "order than the forward function packed it.")


def _misshapen(scene, name):
    """Whether a variable named like an argument has another shape than that argument."""
    axes = scene.axes.get(name, "").strip("()").replace(",", " ").split()
    sizes = [int(axis[:-1] or 1) * scene.sizes.get(axis[-1], 0) for axis in axes
             if axis[:-1].isdigit() or len(axis) == 1]
    return bool(sizes) and len(sizes) == len(axes) and \
        np.shape(_local(scene, name)) != tuple(sizes)


def _text_joined(scene):
    if "unhashable type: 'list'" in scene.message:
        return ("A list cannot be a key of a dictionary or a Counter, since it may change: make "
                "each of them a tuple (`tuple(...)`), or join its words to one text.")
    return None


# ---- The wrong function -------------------------------------------------------------------------


def _max_for_argmax(scene):
    """The best score, a real number, where the number of a word is needed."""
    if not re.search(NOT_INTEGERS, scene.message):
        return None
    for name in _names(scene):
        for source in _sources(scene, name):
            call = next((n for n in ast.walk(source) if _is_call(n, "max", "amax")), None)
            value = _local(scene, name)
            if call is not None and getattr(value, "dtype", np.dtype(int)).kind == "f":
                return (f"`{name}` holds the best scores themselves: `max` gives the largest "
                        "value, `argmax` the place where it stands, which is the number of the "
                        "word.")
    return None


def _floats_handed_on(scene):
    """Words as real numbers, handed to a function that looks them up."""
    if not re.search(NOT_INTEGERS, scene.message):
        return None
    for name in [n.id for call in scene.calls() for n in call.args if isinstance(n, ast.Name)]:
        value = scene.frame.f_locals.get(name)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and \
                re.search("word|capt|idx|index|start|token|cur|prev|x$", name):
            return (f"`{name}` has dtype {value.dtype}, and words are integers: `np.zeros` and "
                    "`np.ones` make real numbers (float64) unless you say `dtype=int`.")
    return None


def _add_at_arguments(scene):
    for node in scene.calls():
        if _called(node).endswith("add.at") and len(node.args) == 3:
            index, rows = (_array(scene, n) for n in node.args[1:])
            if index is not None and index.dtype.kind == "f" and \
                    rows is not None and rows.dtype.kind in "iu":
                return ("The arguments of `np.add.at` are in another order: first the array that "
                        "is added to, then the index (integers), then what is added.")
    return None


def _named_in_another_order(scene):
    """`rnn_step_forward(x, Wx, h, Wh, b)`: an argument bears the name of another parameter."""
    for node in scene.calls():
        if not _last(node).endswith(("_forward", "_backward")) or node.keywords:
            continue
        function = scene.frame.f_globals.get(_last(node))
        code = getattr(innermost(function), "__code__", None)
        if code is None:
            continue
        wanted = list(code.co_varnames[: code.co_argcount])
        given = [_key(n) for n in node.args]
        if any(name in wanted and place < len(wanted) and wanted[place] != name
               for place, name in enumerate(given)):
            return (f"The arguments of `{_last(node)}` are in another order than it takes them: "
                    f"`{', '.join(wanted)}`.")
    return None


def _key(node):
    """The name of an argument: of `p["Wx"]` and `self.params["Wx"]`, "Wx"."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value
    return node.id if isinstance(node, ast.Name) else None


def _vanilla_before(scene):
    """4H columns that a vanilla step, called further up, made of an LSTM's weights."""
    H = scene.sizes.get("H")
    if not H or scene.tree is None or not re.search(SIZES_DIFFER, scene.message):
        return None
    used = [n for n in ast.walk(scene.tree) if _is_call(n, "rnn_step_forward", "rnn_forward")]
    if used and any(np.shape(_local(scene, name))[-1:] == (4 * H,) for name in _names(scene)
                    if isinstance(_local(scene, name), np.ndarray)):
        return (f"`{_last(used[0])}` is the vanilla RNN's, but this model is an LSTM: its `Wx`, "
                f"`Wh` and `b` have 4H = {4 * H} columns, H for each gate, and so has all that "
                "comes of them. Use the functions of the model's own cell type, which "
                "`self.cell()` returns (`lstm_step_forward`).")
    return None


def _joined_along_the_first_axis(scene):
    """Four gates below each other, where they belong side by side."""
    if not re.search(SIZES_DIFFER, scene.message):
        return None
    for name in _names(scene):
        for source in _sources(scene, name):
            if not _is_call(source, "concatenate", "vstack", "stack"):
                continue
            wide, high = 4 * scene.sizes.get("H", 0), 4 * scene.sizes.get("N", 0)
            shape = np.shape(_local(scene, name))
            if len(shape) == 2 and high and shape[0] == high != shape[1] != wide:
                return (f"`{_called(source)}` puts the four gates below each other here, shape "
                        f"{shape}. Side by side, (N, 4H), is axis 1: `axis=1`, or `np.hstack`.")
    return None


def _split_along_the_first_axis(scene):
    for name in _names(scene):
        for source in _sources(scene, name):
            if _is_call(source, "split") and len(source.args) == 2 and not source.keywords:
                return (f"`{_called(source)}` without an axis splits along axis 0, the examples. "
                        "The gates lie side by side, along axis 1: `axis=1`.")
    return None


# ---- Shapes that do not meet --------------------------------------------------------------------


def _concatenate_arguments(scene):
    for node in scene.calls():
        if _is_call(node, "concatenate", "stack", "vstack", "hstack") and len(node.args) >= 2 \
                and scene.value(node.args[1]) is not None \
                and not isinstance(scene.value(node.args[1]), int) \
                or _is_call(node, "concatenate") and len(node.args) >= 2 \
                and not isinstance(node.args[1], (ast.Constant, ast.UnaryOp)):
            return (f"`{_called(node)}` takes the arrays as one argument, a list or tuple: "
                    "`np.concatenate([a, b])`. The second argument is taken for the axis.")
    return None


def _stack_of_different_lengths(scene):
    if "same shape" not in scene.message and "inhomogeneous" not in scene.message:
        return None
    for node in scene.calls():
        if _is_call(node, "stack", "array", "asarray"):
            return (f"`{_called(node)}` needs parts of one shape, and these have different "
                    "lengths. To put them one after the other, use `np.concatenate`.")
    return None


def _star_for_a_product(scene):
    """`features * W_proj`: element by element, where a matrix product was meant."""
    if "broadcast" not in scene.message:
        return None
    for node in scene.nodes(ast.BinOp):
        if not isinstance(node.op, ast.Mult):
            continue
        left, right = _matrix(scene, node.left), _matrix(scene, node.right)
        if left is None or right is None or right.ndim != 2 or left.shape == right.shape or \
                left.shape[-1] != right.shape[0]:
            continue
        return (f"`{ast.unparse(node)}` multiplies element by element, and the shapes "
                f"{left.shape} and {right.shape} do not fit for that. A matrix product is "
                "written `@` (or `np.dot`).")
    return None


def _matrix(scene, node):
    """The array that an expression stands for; of `np.eye(V)[x]`, one of the right shape."""
    array = _array(scene, node)
    if array is None and isinstance(node, ast.Subscript) and _is_call(node.value, "eye"):
        index, rows = scene.value(node.slice), node.value.args[0]
        size = scene.value(rows)
        if size is None and _is_call(rows, "len") and scene.value(rows.args[0]) is not None:
            size = len(scene.value(rows.args[0]))
        if isinstance(index, np.ndarray) and isinstance(size, int):
            return np.zeros((*index.shape, size))
    return array if array is not None and array.ndim >= 2 else None


def _axis_missing(scene):
    """`scores *= weights`, (M, V) and (M,): NumPy lines up the last axes."""
    if "broadcast" not in scene.message:
        return None
    pairs = [(n.left, n.right) for n in scene.nodes(ast.BinOp) if not isinstance(n.op, ast.MatMult)]
    pairs += [(n.target, n.value) for n in scene.nodes(ast.AugAssign)]
    for nodes in pairs:
        arrays = [_array(scene, node) for node in nodes]
        if any(array is None for array in arrays):
            continue
        (small, node), (large, _) = sorted(zip(arrays, nodes), key=lambda pair: pair[0].ndim)
        if 0 < small.ndim < large.ndim and large.shape[: small.ndim] == small.shape:
            text = ast.unparse(node)
            colons = ", ".join(":" * small.ndim)
            return (f"`{text}` has shape {small.shape}, and the other array {large.shape}: NumPy "
                    f"lines up their *last* axes. `{text}` belongs to the first ones, so it needs "
                    f"an axis of length 1 behind: `{text}[{colons}, None]`.")
    return None


def _best_along_another_axis(scene):
    """`argmax` over an axis of length 1, so that the axis of the words is still there."""
    for name in _names(scene):
        for source in _sources(scene, name):
            if not _is_call(source, "argmax"):
                continue
            scores = source.args[0] if _called(source) == "np.argmax" and source.args else \
                getattr(source.func, "value", None)
            array = _array(scene, scores) if scores is not None else None
            if array is not None and array.ndim == 3:
                return (f"`{ast.unparse(scores)}` has three axes, {array.shape}: the words of the "
                        "vocabulary are its last one, and `argmax` goes along another. Take the "
                        "best along `axis=-1`, and drop the axis of time, which has length 1.")
    return None


FIRST = [_none_from_a_method, _tuple_not_unpacked, _unique_without_inverse, _text_joined,
         _cache_of_all_steps, _number_of_results, _cache_in_another_order, _max_for_argmax,
         _floats_handed_on, _add_at_arguments, _vanilla_before, _named_in_another_order,
         _joined_along_the_first_axis, _split_along_the_first_axis, _concatenate_arguments,
         _stack_of_different_lengths]
LAST = [_star_for_a_product, _axis_missing, _best_along_another_axis]
