"""Exceptions in a learner's code, in words: where, with which shapes, and what lies behind them.

`telling_advice` looks at the failing statement itself: which operator, which call, what the names
in it stand for. `general_advice` has only the exception's message to go by.
"""

import ast
import linecache
import re
import traceback

import numpy as np

from cs231n.feedback.inspection import globals_of, innermost, statement_at, tree_of


class Scene:
    """The place in the learner's code where an exception came out of.

    Attributes:
        error, message: the exception and its text.
        frame, line: the innermost frame of the learner's code and its line; None if there is none.
        source: the text of that line, "" if it is not known.
        statement: its syntax tree (of the whole statement, where that has several lines), or None.
        tree: the syntax tree of the whole function, or None.
    """

    def __init__(self, crash):
        self.error, self.message = crash.error, _stable(str(crash.error))
        self.axes, self.sizes = crash.axes, crash.sizes
        self.frame, self.line = _learners_frame(crash.error, crash.function)
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
    return said + _misfit(scene)


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
        if isinstance(inner, np.ndarray):
            return getattr(inner, node.attr) if node.attr in ("T", "shape") else None
        return getattr(inner, "__dict__", {}).get(node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        inner = lookup(node.value, frame)
        if isinstance(inner, dict):
            return inner.get(node.slice.value)
        if isinstance(inner, (list, tuple)):
            return dict(enumerate(inner)).get(node.slice.value)
    return None


def shape_of(node, frame):
    """The shape of an expression of arrays, worked out from those of its names; None if unknown."""
    value = lookup(node, frame)
    if isinstance(value, (np.ndarray, int, float)):
        return np.shape(value)
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


ELEMENTWISE = {"tanh", "exp", "log", "sqrt", "square", "sigmoid", "abs", "copy", "array"}


# ---- Shapes -------------------------------------------------------------------------------------


def _shapes(scene):
    """The shapes of the arrays named in a line, with their meaning where it can be known."""
    names = dict.fromkeys(node.id for node in scene.nodes(ast.Name)) if scene.statement else \
        dict.fromkeys(scene.frame.f_code.co_varnames)
    said = []
    for name in names:
        value = scene.frame.f_locals.get(name)
        if isinstance(value, np.ndarray) and value.ndim:
            meaning = _known_meaning(scene.axes.get(name), value.shape, scene.sizes) or \
                _meaning(value.shape, scene.sizes)
            said.append(f"`{name}` has shape {meaning + ' = ' if meaning else ''}{value.shape}")
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


def _products(scene):
    """The pairs of factors of all matrix products in the failing statement."""
    for node in scene.nodes((ast.BinOp, ast.Call)):
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.MatMult):
                yield node.left, node.right
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("dot", "matmul"):
            factors = node.args if len(node.args) == 2 else [node.func.value, *node.args]
            if len(factors) == 2:
                yield factors


def _misfit(scene):
    """Of a matrix product that does not fit, say which transpose would fit."""
    for left, right in _products(scene):
        a, b = scene.value(left), scene.value(right)
        if not (_is_matrix(a) and _is_matrix(b)) or a.shape[1] == b.shape[0] \
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


def _is_matrix(value):
    return isinstance(value, np.ndarray) and value.ndim == 2


def _transposed(node):
    source = ast.unparse(node)
    return source[:-2] if source.endswith(".T") else source + ".T"


# ---- What the failing statement tells -----------------------------------------------------------


def telling_advice(crash):
    """The sentence on what is behind an exception, where the failing statement tells it.

    Returns:
        A list with one sentence, or with none.
    """
    scene = Scene(crash)
    if scene.statement is None:
        return []
    for rule in RULES:
        said = rule(scene)
        if said:
            return [said]
    return []


def _name_of(call):
    """What is called, as text: "np.zeros", "self.cell"."""
    return ast.unparse(call.func)


def _last_name(call):
    return _name_of(call).rpartition(".")[2]


def _nothing_from_call(scene):
    """`a, b = f(x)` or `f(x)[0]` where f returns None."""
    if "NoneType" not in scene.message:
        return None
    for node in scene.calls():
        name = _last_name(node)
        known = scene.frame.f_globals.get(name)
        if isinstance(node.func, ast.Attribute) and name in RETURN_NOTHING:
            return f"`{_name_of(node)}` {RETURN_NOTHING[name]}"
        if callable(known) or isinstance(node.func, ast.Attribute) and \
                ast.unparse(node.func.value) == "self":
            return (f"`{_name_of(node)}` returns nothing (None) there: its `return` is missing, or "
                    "it is still to be filled in.")
    return None


def _functions_called(scene):
    if "required positional argument" not in scene.message:
        return None
    empty = [n for n in scene.calls() if not n.args and not n.keywords
             and _last_name(n).endswith(("_forward", "_backward"))]
    if empty:
        return (f"`{ast.unparse(empty[0])}` calls the function. It has to be returned itself: its "
                "name without parentheses.")
    return None


def _shape_as_arguments(scene):
    for node in scene.calls():
        if _last_name(node) in ("zeros", "ones", "empty") and len(node.args) > 1 and \
                isinstance(scene.error, TypeError):
            sizes = ", ".join(map(ast.unparse, node.args))
            return (f"`{_name_of(node)}` takes the shape as one tuple, in parentheses of its own: "
                    f"`{_name_of(node)}(({sizes}))`. A second argument is taken for the dtype.")
    return None


def _math_function(scene):
    for node in scene.calls():
        if _name_of(node).startswith("math.") and isinstance(scene.error, TypeError):
            name = _last_name(node)
            return (f"`math.{name}` takes a single number. For a whole array, use NumPy's: "
                    f"`np.{name}`.")
    return None


def _array_of_a_cache(scene):
    for node in scene.calls():
        if _name_of(node) in ("np.copy", "np.array", "np.asarray", "numpy.copy", "copy") \
                and node.args and isinstance(scene.value(node.args[0]), (tuple, list)) \
                and re.search("inhomogeneous|broadcast|setting an array", scene.message):
            return (f"`{ast.unparse(node)}` tries to make one array of a "
                    f"{type(scene.value(node.args[0])).__name__} whose entries have different "
                    "shapes. Take its entries one by one; the tuple itself needs no copy.")
    return None


def _fraction_as_index(scene):
    if not re.search("slice indices must be integers|cannot be interpreted as an integer|"
                     "only integers, slices|must be integers", scene.message):
        return None
    divided = _assigned_by(scene, lambda value: isinstance(value, ast.BinOp)
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


def _words_as_floats(scene):
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


def _vanilla_in_lstm(scene):
    for node in scene.calls():
        name = _last_name(node)
        if name not in ("rnn_step_forward", "rnn_forward"):
            continue
        arrays = [scene.value(a) for a in node.args]
        matrices = [a for a in arrays if _is_matrix(a)]
        H = scene.sizes.get("H")
        if H and any(m.shape[1] == 4 * H for m in matrices):
            return (f"`{name}` is the vanilla RNN's, but this model is an LSTM: its `Wx`, `Wh` and "
                    f"`b` have 4H = {4 * H} columns, H for each gate. Use the functions of the "
                    "model's own cell type, which `self.cell()` returns.")
    return None


def _affine_over_time(scene):
    for node in scene.calls():
        name = _last_name(node)
        first = scene.value(node.args[0]) if node.args else None
        if name in ("affine_forward", "affine_backward") and isinstance(first, np.ndarray) \
                and first.ndim == 3:
            what = ast.unparse(node.args[0])
            return (f"`{what}` has three axes, one of them for time, and `{name}` takes all axes "
                    f"behind the first for one: here `temporal_{name}` is needed, which applies "
                    "the layer at every time step.")
    return None


def _product_for_elementwise(scene):
    for left, right in _products(scene):
        a, b = shape_of(left, scene.frame), shape_of(right, scene.frame)
        if a and a == b and len(a) == 2 and a[0] != a[1]:
            return (f"`{ast.unparse(left)}` and `{ast.unparse(right)}` have the same shape, {a}, "
                    "and each number belongs to the one in its place: multiply element by element, "
                    "with `*`. `@` and `dot` are matrix products.")
    return None


def _lost_axis(scene):
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
    for value in (node, *_assignments(scene, node)):
        for call in ast.walk(value):
            if isinstance(call, ast.Call) and _last_name(call) in ("sum", "max", "mean", "amax") \
                    and not any(k.arg == "keepdims" for k in call.keywords) \
                    and (any(k.arg == "axis" for k in call.keywords) or len(call.args) in (1, 2)
                         and isinstance(call.args[-1], (ast.Constant, ast.UnaryOp))):
                return call
    return None


def _assignments(scene, node):
    """The expressions that a name was set to in the function."""
    if not isinstance(node, ast.Name) or scene.tree is None:
        return []
    return [a.value for a in ast.walk(scene.tree) if isinstance(a, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == node.id for t in a.targets)]


def _assigned_by(scene, fits):
    """The names that the function sets to an expression that fits."""
    if scene.tree is None:
        return []
    return [t.id for a in ast.walk(scene.tree) if isinstance(a, ast.Assign) and fits(a.value)
            for t in a.targets if isinstance(t, ast.Name)]


def _best_of_everything(scene):
    """`argmax` without an axis gives one place for the whole array."""
    without = _assigned_by(scene, lambda v: isinstance(v, ast.Call) and _last_name(v) == "argmax"
                           and not _has_axis(v))
    names = {n.id for n in scene.nodes(ast.Name)}
    here = [n for n in scene.calls() if _last_name(n) == "argmax" and not _has_axis(n)]
    if here or names & set(without):
        return ("`argmax` without an axis gives one place in the whole array, counted through. "
                "The best word of each row is `argmax(axis=1)`.")
    return None


def _has_axis(call):
    method = not _name_of(call).startswith(("np.", "numpy."))
    return bool(call.keywords) or len(call.args) >= (1 if method else 2)


def _squeezed(scene):
    if scene.tree is None or not _uses(scene.tree, "squeeze"):
        return None
    if re.search("dimension|axes|axis|unpack|indices|broadcast|matmul|shape|size", scene.message):
        return SQUEEZED
    return None


def _uses(tree, name):
    return any(isinstance(n, ast.Attribute) and n.attr == name for n in ast.walk(tree))


def _set_in_a_branch(scene):
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


def _sets(node, name):
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)


SQUEEZED = ("`squeeze` drops every axis of length 1, also the one that happens to be 1 here (one "
            "example, N = 1, say). Name the axis: `squeeze(axis=...)`, or index it away.")
RETURN_NOTHING = {
    "append": "returns None: it changes the list itself. Write it on a line of its own.",
    "extend": "returns None: it changes the list itself. Write it on a line of its own.",
    "insert": "returns None: it changes the list itself. Write it on a line of its own.",
    "reverse": "returns None: it changes the list itself. Use `[::-1]` or `reversed`.",
    "sort": "returns None: it sorts the array itself. Use `np.sort` or `sorted`.",
    "at": "returns None: it adds into its first argument. Write it on a line of its own, and "
          "return that array.",
    "fill": "returns None: it fills the array itself.",
    "update": "returns None: it changes the dictionary itself.",
    "copyto": "returns None: it writes into its first argument.",
}
RULES = [_nothing_from_call, _functions_called, _shape_as_arguments, _math_function,
         _array_of_a_cache, _fraction_as_index, _words_as_floats, _set_in_a_branch,
         _vanilla_in_lstm, _affine_over_time, _lost_axis, _squeezed, _product_for_elementwise,
         _best_of_everything]


def nothing_returned(function):
    """On a function that computes, but returns None."""
    said = "It returns nothing (None): a `return` with the results is missing at its end."
    code = getattr(innermost(function), "__code__", None)
    tree = tree_of(code, globals_of(function)) if code else None
    returns = [n for n in ast.walk(tree) if isinstance(n, ast.Return)] if tree else []
    for node in returns:
        if isinstance(node.value, ast.Call) and _last_name(node.value) in RETURN_NOTHING:
            name = _last_name(node.value)
            return f"It returns nothing (None): `{_name_of(node.value)}` {RETURN_NOTHING[name]}"
    if returns and any(n.value is not None for n in returns):
        return ("It returns nothing (None): what it returns was never computed, or a branch has no "
                "`return`.")
    return said


def suspicions(function, case, attempt):
    """What in the text of a function explains a result of the wrong shape, without an exception."""
    code = getattr(innermost(function), "__code__", None)
    if not code or 1 not in case.sizes.values() or "squeeze" not in code.co_names:
        return []
    return [SQUEEZED]


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
    ("out of bounds|out of range", "An index runs past the end: time steps go from 0 to T - 1, "
     "words from 0 to V - 1."),
    ("broadcast|matmul|not aligned|shapes|dimension", "The shapes do not fit: write the shape of "
     "every factor beside the line, and look which axis has to go away in the product."),
    ("truth value", "An array stands where one True or False is needed: handle each row on its own "
     "(`np.where`, a mask), or use `.all()` / `.any()`."),
    ("only .* arrays can be converted|setting an array element", "An array stands where one number "
     "is needed."),
    ("Cannot cast ufunc", "An array of integers stands where real numbers are added: it was made "
     "with an integer dtype, for instance by `np.zeros_like` of integers or `dtype=int`."),
    ("recursion", "The function calls itself without end."),
]


def general_advice(crash, of_exercise):
    """What usually lies behind an exception, as a list of one sentence or none."""
    known = [*of_exercise, *ADVICE]
    return [sentence for pattern, sentence in known if re.search(pattern, str(crash.error))][:1]
