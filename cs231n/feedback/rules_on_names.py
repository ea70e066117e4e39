"""Rules on exceptions where a name stands for something else than it was taken for.

Each rule is a function of a `Scene` that returns a sentence, or None where it does not apply.
"""

import ast
import re

import numpy as np

from cs231n.feedback.scene import assigned_by, local

# What PyTorch calls a method of a tensor, and how NumPy writes it.
OF_TORCH = {
    "mm": "`a @ b`", "matmul": "`a @ b`", "bmm": "`a @ b`", "mv": "`a @ b`", "t": "`.T`",
    "permute": "`.transpose(...)`", "view": "`.reshape(...)`", "unsqueeze": "`a[:, None]`",
    "clone": "`.copy()`", "detach": "the array itself", "numpy": "the array itself",
    "cpu": "the array itself", "contiguous": "the array itself", "expand": "broadcasting",
    "exp": "`np.exp(a)`", "log": "`np.log(a)`", "tanh": "`np.tanh(a)`", "sqrt": "`np.sqrt(a)`",
    "abs": "`np.abs(a)`", "pow": "`a**n`", "add": "`a + b`", "sub": "`a - b`", "mul": "`a * b`",
    "div": "`a / b`", "norm": "`np.linalg.norm(a)`", "long": "`.astype(int)`",
    "float": "`.astype(...)`", "double": "`.astype(...)`", "where": "`np.where(...)`",
    "maximum": "`np.maximum(a, b)`", "chunk": "`np.split(...)`", "split": "`np.split(...)`",
    "zero_": "`a[...] = 0`", "add_": "`a += b`", "sub_": "`a -= b`", "mul_": "`a *= b`",
    "gather": "`a[np.arange(N), y]`", "append": "`np.append`, or a list that is stacked at the end",
    "sigmoid": "`1 / (1 + np.exp(-a))`", "relu": "`np.maximum(0, a)`", "dim": "`.ndim`",
}


def method_of_torch(scene):
    """`dY.mm(W.t())` on arrays of NumPy."""
    found = re.search(r"'numpy.ndarray' object has no attribute '(\w+)'", scene.message)
    if not found or not scene.fails_here or found.group(1) not in OF_TORCH:
        return None
    name = found.group(1)
    origin = "" if name == "append" else " (PyTorch's tensors have one)"
    return f"NumPy's arrays have no `.{name}`{origin}. In NumPy it is {OF_TORCH[name]}."


def tensors_expected(scene):
    """`torch.tanh(a)`, where `a` is an array."""
    if "must be Tensor, not numpy" not in scene.message:
        return None
    return ("A function of PyTorch's is used on a NumPy array. If this is written for tensors, it "
            "is checked by `from cs231n.feedback.check_pytorch import check`; everything here is "
            "written in NumPy (`np`).")


def torch_in_words(scene):
    """`x.sum(dim=1, keepdim=True)`, `x.size(0)`, `torch.exp(x)`."""
    found = re.search(r"unexpected keyword argument '(dim|keepdim)'|argument '(dim|keepdim)'",
                      scene.message)
    if found and scene.fails_here and any(k.arg in ("dim", "keepdim") for c in scene.calls()
                                          for k in c.keywords):
        return ("PyTorch says `dim` and `keepdim`; in NumPy they are `axis` and `keepdims`.")
    if isinstance(scene.error, NameError) and getattr(scene.error, "name", "") in ("torch", "F"):
        return ("That is PyTorch. Everything here is written in NumPy (`np`), with arrays in place "
                "of tensors.")
    sizes = [n.func for n in scene.calls() if isinstance(n.func, ast.Attribute)
             and n.func.attr == "size" and isinstance(scene.value(n.func.value), np.ndarray)]
    if sizes and "not callable" in scene.message:
        text = ast.unparse(sizes[0].value)
        return (f"`{text}.size` is the number of all entries, not a function as in PyTorch. The "
                f"length of each axis is in `{text}.shape`.")
    return None


def not_a_function(scene):
    """`f = f(x)` and then `f(x + h)`; `words(t)` for `words[t]`; `x.shape(0)`."""
    if "object is not callable" not in scene.message or not scene.fails_here:
        return None
    for node in scene.calls():
        held = scene.value(node.func)
        if held is None or callable(held):
            continue
        text, kind = ast.unparse(node.func), _kind(held)
        if text in _set_here(scene):
            return (f"`{text}` is {kind} there: a line above sets that name to a value, and so "
                    f"hides the function `{text}`. Give the value another name.")
        if isinstance(held, (np.ndarray, list, tuple, dict)):
            return (f"`{text}` is {kind}, and parentheses call a function. To take a part of it, "
                    "use square brackets.")
        return (f"`{text}` is {kind}, not a function, and parentheses call a function. For a "
                "product, write `*`.")
    return None


def _set_here(scene):
    """The names that the function sets to the result of a call, `f = f(x)`."""
    return assigned_by(scene, lambda value: isinstance(value, ast.Call))


def _kind(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "a number" if isinstance(value, (int, float, np.number)) \
        else f"a value of type {type(value).__name__}"


def keys_for_values(scene):
    """`for g in grads: g**2`, where `grads` is a dictionary."""
    if not re.search("str|dtype|ufunc|string|index|unpack", scene.message) or scene.tree is None:
        return None
    for loop in _loops(scene.tree):
        over, target = loop.iter, loop.target
        if isinstance(target, ast.Tuple) and isinstance(scene.value(over), dict):
            text = ast.unparse(over)
            return (f"A loop over a dictionary gives its names alone, and `{ast.unparse(target)}` "
                    f"takes the letters of a name apart. `{text}.items()` gives names and values.")
        if not isinstance(target, ast.Name) or not isinstance(
                scene.frame.f_locals.get(target.id), str):
            continue
        if isinstance(scene.value(over), dict) and _uses(scene, target.id):
            text = ast.unparse(over)
            return (f"A loop over a dictionary gives its names: `{target.id}` is the text "
                    f"{local(scene, target.id)!r} there. The array is `{text}[{target.id}]`; "
                    f"`{text}.values()` gives the arrays, `{text}.items()` both.")
    return None


def _loops(tree):
    return [node for node in ast.walk(tree) if isinstance(node, (ast.For, ast.comprehension))]


def _uses(scene, name):
    """Whether the failing statement computes with a name, not only indexes with it."""
    indices = {id(n) for s in scene.nodes(ast.Subscript) for n in ast.walk(s.slice)}
    return any(n.id == name and id(n) not in indices for n in scene.nodes(ast.Name))


def attribute_without_self(scene):
    """`cell_type` for `self.cell_type`, `W_proj` for `self.params["W_proj"]`."""
    if not isinstance(scene.error, NameError) or "self" not in scene.frame.f_locals:
        return None
    name, model = getattr(scene.error, "name", None), local(scene, "self")
    if name is None:
        return None
    if name in getattr(model, "params", {}):
        return f"`{name}` is a parameter of the model: it is `self.params[\"{name}\"]`."
    for attribute in (name, f"_{name}"):
        if attribute in vars(model) or hasattr(type(model), attribute):
            return (f"`{name}` is no name of its own: it belongs to the model, and is "
                    f"`self.{attribute}`.")
    return None


def argument_under_another_name(scene):
    """A name that the function does not know, but for its case one of its own: `w1` for `W1`."""
    if not isinstance(scene.error, NameError) or not scene.fails_here:
        return None
    name = getattr(scene.error, "name", None) or ""
    close = [known for known in scene.frame.f_locals
             if known != name and known.replace("_", "").lower() == name.replace("_", "").lower()]
    return (f"`{name}` has not been set. Is `{close[0]}` meant? Python tells capital letters from "
            "small ones.") if close else None


def entry_as_attribute(scene):
    """`self.params.Wx` for `self.params["Wx"]`."""
    found = re.search(r"'dict' object has no attribute '(\w+)'", scene.message)
    if not found or not scene.fails_here:
        return None
    for node in scene.nodes(ast.Attribute):
        held = scene.value(node.value)
        if node.attr == found.group(1) and isinstance(held, dict) and node.attr in held:
            text = ast.unparse(node.value)
            return (f"`{text}` is a dictionary: its entries are in square brackets, "
                    f"`{text}[\"{node.attr}\"]`.")
    return None


def method_not_called(scene):
    """`step, forward, backward = self.cell`, without parentheses."""
    if "method" not in scene.message:
        return None
    called = {id(node.func) for node in scene.calls()}
    for node in scene.nodes(ast.Attribute):
        if id(node) not in called and isinstance(node.value, ast.Name) and \
                node.value.id == "self" and callable(
                    getattr(type(scene.frame.f_locals.get("self")), node.attr, None)):
            return (f"`{ast.unparse(node)}` is the method itself: parentheses are "
                    f"missing that call it, `{ast.unparse(node)}(...)`.")
    return None
