"""The place of an exception in a learner's code: its frame, its statement, what the names hold."""

import ast
import linecache
import re
import traceback

import numpy as np

from cs231n.feedback.inspection import globals_of, statement_at, tree_of


class Scene:
    """The place in the learner's code where an exception came out of.

    Attributes:
        error, message: the exception and its text.
        fails_here: whether it is this statement that fails, not one in a function that it calls.
        frame, line: the innermost frame of the learner's code and its line; None if there is none.
        source: the text of that line, "" if it is not known.
        statement: its syntax tree (of the whole statement, where that has several lines), or None.
        tree: the syntax tree of the whole function, or None.
    """

    def __init__(self, crash, place=None):
        self.error, self.message = crash.error, _stable(str(crash.error))
        self.axes, self.sizes = crash.axes, crash.sizes
        innermost = ([(None, None)] + places(crash))[-1]
        self.frame, self.line = place or innermost
        self.fails_here = self.frame is innermost[0]
        self.source, self.tree, self.statement = "", None, None
        if self.frame is not None:
            code = self.frame.f_code
            self.source = linecache.getline(code.co_filename, self.line,
                                            self.frame.f_globals).strip()
            self.tree = tree_of(code, self.frame.f_globals)
            self.statement = statement_at(self.tree, self.line) if self.tree else None
            self.statement = self.statement or _parsed(self.source)

    def nodes(self, kind):
        """The nodes of a kind in the failing statement; of a compound one, in its head only."""
        return [node for part in _heads(self.statement) for node in ast.walk(part)
                if isinstance(node, kind)]

    def calls(self):
        return self.nodes(ast.Call)

    def value(self, node):
        """What an expression stands for where it failed; None where that is not known."""
        return lookup(node, self.frame)


def places(crash):
    """The frames whose code lives where the function lives, the innermost last, and their lines."""
    home = globals_of(crash.function)
    return [(frame, line) for frame, line in traceback.walk_tb(crash.error.__traceback__)
            if frame.f_globals is home]


def _stable(message):
    """An error message without what changes from run to run, on one line."""
    message = re.sub(r"0x[0-9a-fA-F]+", "0x...", " ".join(message.split()))
    return message if len(message) <= 300 else message[:300] + " ..."


def _parsed(source):
    """The syntax tree of a line of code, which may be one of several lines of a statement."""
    if not source:
        return None
    for text in (source, source.rstrip(":,") + (":\n pass" if source.endswith(":") else "")):
        try:
            return ast.parse(text)
        except SyntaxError:
            continue
    return None


def _heads(statement):
    """A statement without the blocks in it."""
    if statement is None:
        return []
    if isinstance(statement, (ast.For, ast.While, ast.If, ast.With)):
        return [child for name in ("target", "iter", "test", "items")
                for child in _as_list(getattr(statement, name, []))]
    return [statement]


def _as_list(value):
    return value if isinstance(value, list) else [value]


def lookup(node, frame):
    """The value of a name, of its `.T`, `.params` or other plain attribute, or of an entry of it.

    Nothing of the learner's is called. None for all else.
    """
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id))
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Attribute):
        inner = lookup(node.value, frame)
        if is_array(inner):
            return getattr(inner, node.attr) if node.attr in ("T", "shape") else None
        return getattr(inner, "__dict__", {}).get(node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        inner = lookup(node.value, frame)
        if isinstance(inner, dict):
            return inner.get(node.slice.value)
        if isinstance(inner, (list, tuple)):
            return dict(enumerate(inner)).get(node.slice.value)
    return None


ELEMENTWISE = {"tanh", "exp", "log", "sqrt", "square", "sigmoid", "abs", "copy", "array"}


def shape_of(node, frame):
    """The shape of an expression of arrays, worked out from those of its names; None if unknown."""
    value = lookup(node, frame)
    if is_array(value) or isinstance(value, (int, float)):
        return tuple(getattr(value, "shape", ()))
    if isinstance(node, ast.UnaryOp):
        return shape_of(node.operand, frame)
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords and \
            ast.unparse(node.func).rpartition(".")[2] in ELEMENTWISE:
        return shape_of(node.args[0], frame)
    if isinstance(node, ast.BinOp):
        left, right = shape_of(node.left, frame), shape_of(node.right, frame)
        try:
            if left is None or right is None:
                return None
            if isinstance(node.op, ast.MatMult):
                return (np.zeros(left) @ np.zeros(right)).shape
            return np.broadcast_shapes(left, right)
        except ValueError:
            return None
    return None


# ---- Reading a statement ------------------------------------------------------------------------


def name_of(call):
    """What is called, as text: "np.zeros", "self.cell"."""
    return ast.unparse(call.func)


def last_name(call):
    return name_of(call).rpartition(".")[2]


def is_call(node, *names):
    return isinstance(node, ast.Call) and last_name(node) in names


def sources(scene, name):
    """The expressions that the function sets a name to, alone or as one of several."""
    if scene.tree is None:
        return []
    return [a.value for a in ast.walk(scene.tree) if isinstance(a, ast.Assign)
            and any(isinstance(n, ast.Name) and n.id == name
                    for target in a.targets for n in parts_of(target))]


def assigned_by(scene, fits):
    """The names that the function sets to an expression that fits."""
    if scene.tree is None:
        return []
    return [t.id for a in ast.walk(scene.tree) if isinstance(a, ast.Assign) and fits(a.value)
            for t in a.targets if isinstance(t, ast.Name)]


def parts_of(target):
    return target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]


def loaded_names(scene):
    """The names in the failing statement that hold something there."""
    found = dict.fromkeys(n.id for n in scene.nodes(ast.Name) if isinstance(n.ctx, ast.Load))
    return [name for name in found if name in scene.frame.f_locals]


def local(scene, name):
    return scene.frame.f_locals[name]


def array_of(scene, node):
    """The array that an expression stands for, None where it is another thing or not known."""
    value = scene.value(node)
    return value if isinstance(value, np.ndarray) else None


def is_real(value):
    """Whether it is an array of real numbers, or one such number of NumPy's."""
    return isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f"


def is_array(value):
    """Whether it is an array of NumPy's, or a tensor of PyTorch's (which need not be there)."""
    return isinstance(value, np.ndarray) or type(value).__module__.startswith("torch") and \
        hasattr(value, "requires_grad")


def is_matrix(value):
    return is_array(value) and value.ndim == 2


def products(scene):
    """The pairs of factors of all matrix products in the failing statement."""
    for node in scene.nodes((ast.BinOp, ast.Call)):
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.MatMult):
                yield node.left, node.right
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("dot", "matmul"):
            factors = node.args if len(node.args) == 2 else [node.func.value, *node.args]
            if len(factors) == 2:
                yield factors


def has_axis(call):
    method = not name_of(call).startswith(("np.", "numpy."))
    return bool(call.keywords) or len(call.args) >= (1 if method else 2)
