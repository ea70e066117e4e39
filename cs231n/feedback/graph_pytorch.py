"""Looking for what cuts a function off from the graph, and for devices written into it."""

import types

from cs231n.feedback.inspection import calls, globals_of, innermost
from cs231n.feedback.outcomes import Hint
from cs231n.import_pytorch import torch

# What cuts the way back, by the names in a function's code; the most likely to be meant first.
CUTS = [
    (("no_grad", "inference_mode", "set_grad_enabled"),
     "`torch.no_grad()` is on in it, so nothing is recorded. It belongs around what needs no "
     "gradient, such as writing captions, not around what is trained."),
    (("item", "tolist"),
     "`.item()` (or `.tolist()`) gives plain numbers, which know nothing of how they were "
     "computed. Stay with tensors."),
    (("detach", "detach_"),
     "`.detach()` gives the same numbers without their history: to autograd they are constants. "
     "Leave it out; it belongs where numbers are shown or stored."),
    (("data",),
     "`.data` gives the same numbers without their history: to autograd they are constants. Use "
     "the tensor itself."),
    (("numpy", "from_numpy"),
     "`.numpy()` leaves PyTorch, and what comes back by `torch.from_numpy` has no history. Use "
     "PyTorch's functions all the way."),
    (("tensor", "Tensor", "FloatTensor", "DoubleTensor"),
     "`torch.tensor(...)` of a tensor copies its numbers into a new leaf, which knows nothing of "
     "where they came from. Use the tensor itself; `torch.stack` and `torch.cat` join several."),
    (("requires_grad_", "requires_grad", "Parameter", "Variable"),
     "A tensor that is made anew and told to require a gradient is a new leaf: gradients end "
     "there. Results of a computation have theirs by themselves."),
    (("Function", "apply", "register_hook"),
     "An `autograd.Function` of your own, or a hook, says what the gradient is: look at its "
     "`backward`."),
]
NUMPY = ("A function of NumPy's is used on a tensor. Autograd cannot follow NumPy; PyTorch has the "
         "same function under the same or a like name.")
UNKNOWN = ("Look for what gives numbers without their history (`.detach()`, `.data`, `.numpy()`, "
           "`torch.tensor(...)`, `torch.no_grad()`), or for what has no slope (rounding, `argmax`, "
           "a comparison).")


def cut(function):
    """A sentence on what cuts the way back through a function, as its code tells."""
    used = calls(function) if function is not None else set()
    found = [sentence for names, sentence in CUTS if used.intersection(names)]
    if not found and _calls_numpy(function, used):
        return NUMPY
    return " ".join(found[:2]) if found else UNKNOWN


def _calls_numpy(function, used):
    home = globals_of(function)
    return any(getattr(home.get(name), "__name__", "") == "numpy" for name in used)


def hard_coded_device(function):
    """A hint where a function's code names a device, None where it does not."""
    used, words = calls(function), set(_words(getattr(innermost(function), "__code__", None)))
    for device in ("cuda", "cpu"):
        if device in used or any(word.split(":")[0] == device for word in words):
            return Hint(
                f"The device is fixed in it: `.{device}()` or `\"{device}\"`. A tensor on another "
                "device then meets one that is not, which PyTorch refuses. Take the device from an "
                "argument (`device=x.device`), and leave `.to(...)` to whoever trains.",
                "The values are right here. Would it run on another device?")
    return None


def _words(code):
    """The texts in a function's code, those of functions inside it included."""
    for constant in code.co_consts if code else ():
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, types.CodeType):
            yield from _words(constant)


def graph_is_recorded(run):
    """Whether a call keeps any tensor for a way back."""
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(1) or tensor,
                                                  lambda tensor: tensor):
        run()
    return bool(kept)
