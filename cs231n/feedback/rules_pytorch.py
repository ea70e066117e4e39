"""Rules on exceptions in code on tensors: what lies behind them, by message and statement."""

import re

from cs231n.feedback import rules_on_names as names
from cs231n.feedback import rules_on_values as values

IN_PLACE = (
    "A tensor is changed in place (`h[:, t] = ...`, `+=`, `.add_()`, `.tanh_()`) after a step has "
    "used it, and the way back needs it as it was. Make a new tensor at each step, keep them in a "
    "list, and join them at the end: `torch.stack(states, dim=1)`.")

# A pattern in the message (or in the failing line, after a bar of its own) and the sentence.
SAID = [
    (r"expected a NumPy array",
     "A function of the NumPy edition is called, which takes arrays. Those for tensors are in "
     "`cs231n.rnn_layers_pytorch`."),
    (r"a view of a leaf Variable that requires grad is being used in an in-place",
     "The tensor to be filled is told to require a gradient itself (or it is an argument, which "
     "must stay as it is). Make it without `requires_grad=True`: what is written into it brings "
     "its history along."),
    (r"a leaf Variable that requires grad .*in-place",
     "An argument is changed in place (`+=`, `.add_()`, `[...] =`). Training needs it as it is, "
     "and so does the way back: compute a new tensor."),
    (r"modified by an inplace operation", IN_PLACE),
    (r"not compiled with CUDA|NVIDIA driver|CUDA GPUs|cuda.*not available",
     "The device is fixed in it, and there is no such device here. Take it from an argument "
     "(`device=x.device`); tensors made from others are where those are."),
    (r"only one element tensors|only integer tensors of a single|only 0-dim|"
     r"can't convert .* to Python scalar|a Tensor with \d+ elements cannot be converted",
     "`torch.tensor([...])` makes a tensor of plain numbers, and would cut their history if it "
     "could. A list of tensors becomes one tensor by `torch.stack(states, dim=1)`."),
    (r"same dtype|expected scalar type (Float|Double)|Found dtype|but got: (float|double)|"
     r"dtype.*(float|double) != (float|double)",
     "Float32 and float64 meet: a dtype is fixed somewhere (`.float()`, `dtype=torch.float32`), or "
     "a tensor is made without one, which gives float32. Take it from an argument: "
     "`dtype=x.dtype`, `torch.zeros_like`, `x.new_zeros`."),
    (r"tensors used as indices must be|argument #1 'indices'.*scalar types",
     "Words are used as an index, and are real numbers there. Leave them integers: no `.float()`, "
     "no array of zeros without `dtype=torch.long`."),
    (r"Expected target size|Expected input batch_size|expected scalar type Long|"
     r"0D or 1D target|target.*not supported",
     "`cross_entropy` takes scores (rows, V) and one whole number a row: flatten both, "
     "`scores.reshape(-1, V)` and `words_out.reshape(-1)`."),
    (r"view size is not compatible",
     "`.view` asks for numbers that lie side by side in memory, which a slice's do not. "
     "`.reshape` copies where it has to."),
    (r"1D tensors expected",
     "`torch.dot` is for two vectors. The product of two matrices is `@`."),
    (r"return_types|'(torch\.)?return_types\.\w+' object|named ?tuple",
     "`max(dim=...)` gives two things, values and indices. `.amax(dim=...)` gives the values, "
     "`.argmax(dim=...)` the indices."),
    (r"'Tensor' object has no attribute '(astype|copy)'",
     "That is a method of NumPy's arrays. A tensor has `.to(dtype)` and `.clone()`."),
    (r"'numpy\.ndarray' object has no attribute|must be Tensor, not numpy",
     "A NumPy array has come in between: something above calls `.numpy()` or a function of "
     "NumPy's. Autograd cannot follow it; stay with tensors."),
    (r"Trying to backward through the graph a second time",
     "`backward()` was called in it already, or a tensor of an earlier call is kept and used "
     "again. Each call computes its own."),
    (r"does not require grad and does not have a grad_fn",
     "`backward()` is called in it, and nothing there requires a gradient. It belongs to whoever "
     "trains: return the loss as a tensor."),
    (r"module 'torch' has no attribute '(array|asarray_like|append|copy)'",
     "That is a function of NumPy's. PyTorch joins tensors by `torch.stack` and `torch.cat`."),
]


def known_message(scene):
    """What PyTorch's own words stand for."""
    return next((said for pattern, said in SAID if re.search(pattern, scene.message)), None)


def numpy_on_tensors(scene):
    """`np.tanh(x @ Wx)`, `h.numpy()`: NumPy asks a tensor with a history for its numbers."""
    if "Can't call numpy() on Tensor" not in scene.message:
        return None
    called = re.search(r"\bnp\.([\w.]+)|\bnumpy\.([\w.]+)", scene.source)
    if called:
        name = called.group(1) or called.group(2)
        return (f"NumPy's `{name}` is used on a tensor. Autograd cannot follow NumPy, and "
                "`.detach()`, which the message proposes, would cut the way back for good. PyTorch "
                "has functions of its own, most of them under the same name.")
    return ("`.numpy()` takes a tensor out of PyTorch, where autograd cannot follow, and "
            "`.detach()`, which the message proposes, would cut the way back for good. Stay with "
            "tensors.")


def torch_not_imported(scene):
    """`torch` or `F` without its import."""
    missing = getattr(scene.error, "name", "") if isinstance(scene.error, NameError) else ""
    if missing == "F":
        return "`F` is not known here: `import torch.nn.functional as F`."
    return "`torch` is not known here: `import torch`." if missing == "torch" else None


def on_the_way_back(error, cut):
    """A sentence on an exception that came up in `backward()`."""
    message = str(error)
    if "inplace" in message or "in-place" in message:
        return ("The values are right, but `backward()` fails. " + IN_PLACE)
    if "second time" in message:
        return ("The values are right, but `backward()` fails: a part of the graph has been gone "
                "through already. `backward()` was called in it, or a tensor of an earlier call is "
                "kept and used again.")
    return f"The values are right, but `backward()` fails with {message.splitlines()[0]} {cut}"


RULES = [
    numpy_on_tensors,
    torch_not_imported,
    known_message,
    names.not_a_function,
    names.entry_as_attribute,
    names.attribute_without_self,
    names.argument_under_another_name,
    names.method_not_called,
    values.tuple_not_unpacked,
    values.number_of_results,
    values.set_in_a_branch,
    values.used_before_it_is_set,
]
