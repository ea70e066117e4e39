"""Rules on exceptions where shapes or axes do not meet.

Each rule is a function of a `Scene` that returns a sentence, or None where it does not apply.
"""

import ast
import re

import numpy as np

from cs231n.feedback.scene import (
    array_of,
    is_call,
    is_matrix,
    last_name,
    loaded_names,
    local,
    name_of,
    parts_of,
    products,
    shape_of,
    sources,
)
from cs231n.feedback.wording import SQUEEZED

SIZES_DIFFER = "broadcast|not aligned|mismatch|same shape|same size|dimension|could not be"


def cache_in_another_order(scene):
    """`x, Wx, prev_h, ... = cache`, where the cache holds `x, prev_h, Wx, ...`."""
    if scene.tree is None or not re.search(SIZES_DIFFER, scene.message):
        return None
    unpacked = [n.id for a in ast.walk(scene.tree) if isinstance(a, ast.Assign)
                and isinstance(a.value, ast.Name) and "cache" in a.value.id
                for target in a.targets for n in parts_of(target) if isinstance(n, ast.Name)]
    wrong = [name for name in unpacked if name in loaded_names(scene) and _misshapen(scene, name)]
    if len(wrong) < 2:
        return None
    listed = " and ".join(f"`{name}`, shape {np.shape(local(scene, name))}," for name in wrong[:2])
    return (f"{listed} are not what went in under these names: the cache is unpacked in another "
            "order than the forward function packed it.")


def _misshapen(scene, name):
    """Whether a variable named like an argument has another shape than that argument."""
    axes = scene.axes.get(name, "").strip("()").replace(",", " ").split()
    sizes = [int(axis[:-1] or 1) * scene.sizes.get(axis[-1], 0) for axis in axes
             if axis[:-1].isdigit() or len(axis) == 1]
    return bool(sizes) and len(sizes) == len(axes) and \
        np.shape(local(scene, name)) != tuple(sizes)


def shape_in_another_order(scene):
    """`T, N, D = x.shape` of an argument (N, T, D)."""
    for target, name in shapes_taken(scene.tree):
        letters = scene.axes.get(name, "").strip("(),").replace(",", "").split()
        if sorted(target) == sorted(letters) and target != letters:
            return (f"`{', '.join(target)} = {name}.shape` takes the axes in another order: "
                    f"`{name}` has shape {scene.axes[name]}.")
    return None


def shapes_taken(tree):
    """`(names, array)` of each `N, T, D = x.shape` in a function."""
    for node in ast.walk(tree) if tree is not None else []:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and \
                node.value.attr == "shape" and isinstance(node.value.value, ast.Name) and \
                isinstance(node.targets[0], ast.Tuple):
            yield [getattr(n, "id", "") for n in node.targets[0].elts], node.value.value.id


def vanilla_in_lstm(scene):
    for node in scene.calls():
        name = last_name(node)
        if name not in ("rnn_step_forward", "rnn_forward"):
            continue
        arrays = [scene.value(a) for a in node.args]
        matrices = [a for a in arrays if is_matrix(a)]
        H = scene.sizes.get("H")
        if H and any(m.shape[1] == 4 * H for m in matrices):
            return (f"`{name}` is the vanilla RNN's, but this model is an LSTM: its `Wx`, `Wh` and "
                    f"`b` have 4H = {4 * H} columns, H for each gate. Use the functions of the "
                    "model's own cell type, which `self.cell()` returns.")
    return None


def vanilla_before(scene):
    """4H columns that a vanilla step, called further up, made of an LSTM's weights."""
    H = scene.sizes.get("H")
    if not H or scene.tree is None or not re.search(SIZES_DIFFER, scene.message):
        return None
    used = [n for n in ast.walk(scene.tree) if is_call(n, "rnn_step_forward", "rnn_forward")]
    if used and any(np.shape(local(scene, name))[-1:] == (4 * H,) for name in loaded_names(scene)
                    if isinstance(local(scene, name), np.ndarray)):
        return (f"`{last_name(used[0])}` is the vanilla RNN's, but this model is an LSTM: its "
                f"`Wx`, `Wh` and `b` have 4H = {4 * H} columns, H for each gate, and so has all "
                "that comes of them. Use the functions of the model's own cell type, which "
                "`self.cell()` returns (`lstm_step_forward`).")
    return None


def affine_over_time(scene):
    for node in scene.calls():
        name = last_name(node)
        first = scene.value(node.args[0]) if node.args else None
        if name in ("affine_forward", "affine_backward") and isinstance(first, np.ndarray) \
                and first.ndim == 3:
            what = ast.unparse(node.args[0])
            return (f"`{what}` has three axes, one of them for time, and `{name}` takes all axes "
                    f"behind the first for one: here `temporal_{name}` is needed, which applies "
                    "the layer at every time step.")
    return None


def joined_along_the_first_axis(scene):
    """Four gates below each other, where they belong side by side."""
    if not re.search(SIZES_DIFFER, scene.message):
        return None
    for name in loaded_names(scene):
        for source in sources(scene, name):
            if not is_call(source, "concatenate", "vstack", "stack"):
                continue
            wide, high = 4 * scene.sizes.get("H", 0), 4 * scene.sizes.get("N", 0)
            shape = np.shape(local(scene, name))
            if len(shape) == 2 and high and shape[0] == high != shape[1] != wide:
                return (f"`{name_of(source)}` puts the four gates below each other here, shape "
                        f"{shape}. Side by side, (N, 4H), is axis 1: `axis=1`, or `np.hstack`.")
    return None


def split_along_the_first_axis(scene):
    if not re.search(SIZES_DIFFER, scene.message):
        return None
    for name in loaded_names(scene):
        for source in sources(scene, name):
            if is_call(source, "split") and name_of(source).startswith("np.") and \
                    len(source.args) == 2 and not source.keywords:
                return (f"`{name_of(source)}` without an axis splits along axis 0, the examples. "
                        "The gates lie side by side, along axis 1: `axis=1`.")
    return None


def shape_as_arguments(scene):
    for node in scene.calls():
        if last_name(node) in ("zeros", "ones", "empty") and len(node.args) > 1 and \
                not isinstance(node.args[0], (ast.Tuple, ast.List)) and \
                re.search("data type|interpret", scene.message):
            sizes = ", ".join(map(ast.unparse, node.args))
            return (f"`{name_of(node)}` takes the shape as one tuple, in parentheses of its own: "
                    f"`{name_of(node)}(({sizes}))`. A second argument is taken for the dtype.")
    return None


def array_of_a_cache(scene):
    for node in scene.calls():
        if name_of(node) in ("np.copy", "np.array", "np.asarray", "numpy.copy", "copy") \
                and node.args and isinstance(scene.value(node.args[0]), (tuple, list)) \
                and re.search("inhomogeneous|broadcast|setting an array", scene.message):
            return (f"`{ast.unparse(node)}` tries to make one array of a "
                    f"{type(scene.value(node.args[0])).__name__} whose entries have different "
                    "shapes. Take its entries one by one; the tuple itself needs no copy.")
    return None


def axis_too_high(scene):
    """`sum(axis=2)` of a matrix."""
    found = re.search(r"axis (-?\d+) is out of bounds for array of dimension (\d+)", scene.message)
    if not found:
        return None
    axis, count = found.groups()
    axes = " and ".join(map(str, range(int(count)))) or "none"
    return (f"There is no axis {axis}: the array has {count} {'axis' if count == '1' else 'axes'}, "
            f"counted from 0 ({axes}).")


def reshape_that_does_not_fit(scene):
    found = re.search(r"cannot reshape array of size (\d+) into shape (\([\d, ]*\))",
                      scene.message)
    if not found:
        return None
    return (f"A reshape keeps all entries: {found.group(1)} of them do not go into the shape "
            f"{found.group(2)}. The sizes in the new shape have to multiply to that number.")


def concatenate_arguments(scene):
    """`np.concatenate(a, b)`."""
    for node in scene.calls():
        if not is_call(node, "concatenate", "stack", "vstack", "hstack") or len(node.args) < 2 or \
                not isinstance(scene.error, TypeError):
            continue
        second = scene.value(node.args[1])
        if isinstance(second, (np.ndarray, list, tuple)) or \
                second is None and isinstance(node.args[1], (ast.Subscript, ast.BinOp, ast.Call)):
            return (f"`{name_of(node)}` takes the arrays as one argument, a list or tuple: "
                    "`np.concatenate([a, b])`. The second argument is taken for the axis.")
    return None


def joined_along_another_axis(scene):
    """`np.concatenate([x, prev_h], axis=0)`, where only the rows agree."""
    if "concatenation axis must match" not in scene.message:
        return None
    for node in scene.calls():
        if not is_call(node, "concatenate", "vstack", "hstack") or not node.args or \
                not isinstance(node.args[0], (ast.List, ast.Tuple)):
            continue
        names = [ast.unparse(part) for part in node.args[0].elts]
        shapes = [np.shape(scene.value(part)) for part in node.args[0].elts]
        if len({len(shape) for shape in shapes}) != 1 or not shapes[0]:
            continue
        agree = [axis for axis, sizes in enumerate(zip(*shapes)) if len(set(sizes)) == 1]
        if len(shapes[0]) == 2 and len(agree) == 1:
            told = " and ".join(f"`{n}` {s}" for n, s in zip(names, shapes))
            return (f"{told} have axis {agree[0]} in common, so they can be joined along axis "
                    f"{1 - agree[0]} only: `np.concatenate([...], axis={1 - agree[0]})`.")
    return None


def stack_of_different_lengths(scene):
    if "same shape" not in scene.message and "inhomogeneous" not in scene.message:
        return None
    for node in scene.calls():
        if is_call(node, "stack", "array", "asarray"):
            return (f"`{name_of(node)}` needs parts of one shape, and these have different "
                    "lengths. To put them one after the other, use `np.concatenate`.")
    return None


def time_axis_gone(scene):
    """`temporal_affine_forward(h[:, -1], ...)`: one time step where a sequence is needed."""
    over_time = ("temporal_affine_forward", "temporal_softmax_loss", "rnn_forward", "lstm_forward")
    for node in scene.calls():
        first = array_of(scene, node.args[0]) if node.args else None
        if last_name(node) in over_time and first is not None and first.ndim == 2:
            return (f"`{last_name(node)}` takes whole sequences, (N, T, ...), and "
                    f"`{ast.unparse(node.args[0])}` has shape {first.shape}: it has no axis for "
                    "time. Was it made of one time step only, such as the last (`[:, -1]`)? Every "
                    "time step counts.")
    return None


def lost_axis(scene):
    """A sum or maximum without `keepdims` does not fit what it is taken from."""
    if "broadcast" not in scene.message:
        return None
    for node in scene.nodes(ast.BinOp):
        for side in (node.right, node.left):
            source = _reduction(scene, side)
            if source:
                return (f"`{ast.unparse(source)}` has one axis less than what it is combined with: "
                        "the axis that it runs over is gone. Keep it, with length 1: "
                        "`keepdims=True`.")
    for node in scene.nodes(ast.AugAssign):
        source = _reduction(scene, node.value)
        if source:
            return (f"`{ast.unparse(source)}` has one axis less than `{ast.unparse(node.target)}`: "
                    "the axis that it runs over is gone. Keep it, with length 1: `keepdims=True`.")
    return None


def _reduction(scene, node):
    """The call of `sum`, `max` or `mean` over an axis, without keepdims, behind an expression."""
    for value in (node, *_assigned_to(scene, node)):
        for call in ast.walk(value):
            if isinstance(call, ast.Call) and last_name(call) in ("sum", "max", "mean", "amax") \
                    and not any(k.arg == "keepdims" for k in call.keywords) \
                    and (any(k.arg == "axis" for k in call.keywords) or len(call.args) in (1, 2)
                         and isinstance(call.args[-1], (ast.Constant, ast.UnaryOp))):
                return call
    return None


def _assigned_to(scene, node):
    """The expressions that a name was set to in the function."""
    if not isinstance(node, ast.Name) or scene.tree is None:
        return []
    return [a.value for a in ast.walk(scene.tree) if isinstance(a, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == node.id for t in a.targets)]


def squeezed(scene):
    if scene.tree is None or not _uses(scene.tree, "squeeze"):
        return None
    if re.search("dimension|axes|axis|unpack|indices|broadcast|matmul|shape|size", scene.message):
        return SQUEEZED
    return None


def _uses(tree, name):
    return any(isinstance(n, ast.Attribute) and n.attr == name for n in ast.walk(tree))


def product_for_elementwise(scene):
    for left, right in products(scene):
        a, b = shape_of(left, scene.frame), shape_of(right, scene.frame)
        if a and a == b and len(a) == 2 and a[0] != a[1]:
            return (f"`{ast.unparse(left)}` and `{ast.unparse(right)}` have the same shape, {a}, "
                    "and each number belongs to the one in its place: multiply element by element, "
                    "with `*`. `@` and `dot` are matrix products.")
    return None


def star_for_a_product(scene):
    """`features * W_proj`: element by element, where a matrix product was meant."""
    if "broadcast" not in scene.message:
        return None
    for node in scene.nodes(ast.BinOp):
        if not isinstance(node.op, ast.Mult):
            continue
        left, right = matrix_of(scene, node.left), matrix_of(scene, node.right)
        if left is None or right is None or right.ndim != 2 or left.shape == right.shape or \
                left.shape[-1] != right.shape[0]:
            continue
        return (f"`{ast.unparse(node)}` multiplies element by element, and the shapes "
                f"{left.shape} and {right.shape} do not fit for that. A matrix product is "
                "written `@` (or `np.dot`).")
    return None


def matrix_of(scene, node):
    """The array that an expression stands for; of `np.eye(V)[x]`, one of the right shape."""
    array = array_of(scene, node)
    if array is None and isinstance(node, ast.Subscript) and is_call(node.value, "eye"):
        index, rows = scene.value(node.slice), node.value.args[0]
        size = scene.value(rows)
        if size is None and is_call(rows, "len") and scene.value(rows.args[0]) is not None:
            size = len(scene.value(rows.args[0]))
        if isinstance(index, np.ndarray) and isinstance(size, int):
            return np.zeros((*index.shape, size))
    return array if array is not None and array.ndim >= 2 else None


def axis_missing(scene):
    """`scores *= weights`, (M, V) and (M,): NumPy lines up the last axes."""
    if "broadcast" not in scene.message:
        return None
    pairs = [(n.left, n.right) for n in scene.nodes(ast.BinOp) if not isinstance(n.op, ast.MatMult)]
    pairs += [(n.target, n.value) for n in scene.nodes(ast.AugAssign)]
    for nodes in pairs:
        arrays = [array_of(scene, node) for node in nodes]
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


def best_along_another_axis(scene):
    """`argmax` over an axis of length 1, so that the axis of the words is still there."""
    for name in loaded_names(scene):
        for source in sources(scene, name):
            if not is_call(source, "argmax"):
                continue
            scores = source.args[0] if name_of(source) == "np.argmax" and source.args else \
                getattr(source.func, "value", None)
            array = array_of(scene, scores) if scores is not None else None
            if array is not None and array.ndim == 3:
                return (f"`{ast.unparse(scores)}` has three axes, {array.shape}: the words of the "
                        "vocabulary are its last one, and `argmax` goes along another. Take the "
                        "best along `axis=-1`, and drop the axis of time, which has length 1.")
    return None
