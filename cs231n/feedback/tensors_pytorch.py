"""Exercises on tensors: how a case's arrays become tensors, and what is asked of what comes back.

The right values and the mistakes in them are those of the NumPy edition. What only PyTorch knows is
examined here: whether the result is a tensor of the arguments' dtype, whether gradients find the
way back, and whether the function would run on another device.
"""

import dataclasses

import numpy as np

from cs231n.feedback import rules_pytorch
from cs231n.feedback.compare import same, unchanged
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.graph_pytorch import cut, graph_is_recorded, hard_coded_device
from cs231n.feedback.guard import call as call_quietly
from cs231n.feedback.methods import RNN, MethodExercise
from cs231n.feedback.outcomes import Crash, Hint, NotDone, Wrong
from cs231n.feedback.reference_pytorch import CaptioningRNN, course_model
from cs231n.feedback.wording import listed
from cs231n.feedback.wording_pytorch import in_torch
from cs231n.import_pytorch import torch

DTYPES = {np.float64: torch.float64, np.float32: torch.float32}
NARROW = (np.float32, np.float16)
BEHIND = "The values are right. What is wrong is the way back: which gradients arrive."


def as_tensor(value, leaf=True):
    """A copy of an array as a tensor; one of real numbers requires a gradient, if `leaf` says so.

    A list of arrays becomes a list of tensors; anything else stays as it is.
    """
    if isinstance(value, list):
        return [as_tensor(entry, leaf) for entry in value]
    if not isinstance(value, np.ndarray):
        return value
    tensor = torch.from_numpy(value.copy())
    return tensor.requires_grad_() if leaf and tensor.is_floating_point() else tensor


def as_array(value):
    """A tensor's numbers as an array; anything else as it is."""
    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach().cpu()
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()


class OnTensors:
    """What an exercise on tensors does otherwise than one on arrays; a mixin of `Exercise`."""

    RULES = rules_pytorch.RULES

    def prepared(self, value):
        return as_tensor(value)

    def worded(self, sentence):
        return in_torch(sentence)

    def changed(self, given, case):
        return super().changed({name: as_array(value) for name, value in given.items()}, case)

    def reference_outputs(self, given):
        return {name: as_array(value) for name, value in super().reference_outputs(given).items()}

    def attempt(self, function, case, *model):
        with_torch_errors(function)
        try:
            return super().attempt(function, case, *model)
        except NotDone as reason:
            raise _crash_of_torch(reason, function, self, case) or reason from None

    # ---- What comes back ------------------------------------------------------------------------

    def unpack(self, result, **options):
        """The outputs as arrays. What is no tensor is said so at once."""
        several = isinstance(result, (tuple, list)) and len(result) > 1
        if several and len(result) == len(self.outputs) + 1 and isinstance(result, tuple):
            raise Wrong(f"{len(result)} values are returned, expected {len(self.outputs)}: "
                        f"`{', '.join(self.outputs)}`. A cache is not needed here: what the way "
                        "back needs, autograd has kept.")
        for name, value in self._named(result):
            _check_tensor(name, value)
        found = super().unpack(result, **options)
        outputs = found[0] if isinstance(found, tuple) else found
        outputs |= {name: as_array(value) for name, value in outputs.items()}
        return found

    def _named(self, result):
        if len(self.outputs) == 1:
            return [(self.outputs[0], result)]
        return zip(self.outputs, result) if isinstance(result, (tuple, list)) else []

    def check_structure(self, function, case, attempt):
        """Float64 that became float32 on the way, as an array made without a dtype does it."""
        super().check_structure(function, case, attempt)
        for name, value in attempt.outputs.items():
            if case.dtype == np.float64 and getattr(value, "dtype", None) in NARROW \
                    and same(value, self.expected(case)[name], 1e-2):
                raise Wrong(Hint(
                    f"`{name}` is {value.dtype} for float64 arguments: the dtype is lost. It is "
                    "fixed somewhere (`.float()`, `dtype=torch.float32`), or a tensor is made "
                    "without one, as `torch.zeros(N, H)` is, which is float32. Take it from an "
                    "argument: `dtype=x.dtype`, `torch.zeros_like`, `x.new_zeros`.",
                    f"`{name}` is right to a few digits only. Look at its dtype."))

    # ---- The way back ---------------------------------------------------------------------------

    def run(self, function, case, leaf=True):
        """Call the function as it is called in training.

        Returns:
            outputs: a list of tensors.
            leaves: the tensors by name whose gradients training needs.
        """
        given = {name: as_tensor(case.given[name], leaf) for name in self.arguments}
        result = call_quietly(function, *given.values())
        return _as_list(result), {n: t for n, t in given.items()
                                  if isinstance(t, torch.Tensor) and t.is_floating_point()}

    def check_gradients(self, function, cases):
        """Raise `Wrong` unless autograd's gradients are right for every case but extreme ones."""
        if not self._has_gradients(cases[0]):
            return
        for case in cases:
            if not case.extreme:
                self._check_gradients(function, case)
        _, leaves = self.run(function, cases[0], leaf=False)
        asked = [name for name, tensor in leaves.items() if tensor.requires_grad]
        if asked:
            raise Wrong(Hint(
                f"`requires_grad` of {listed(asked)} is turned on in here. What requires a "
                "gradient is decided by whoever trains: a function takes tensors as they are.",
                BEHIND))

    def _has_gradients(self, case):
        return all(np.asarray(value).dtype.kind == "f" for value in self.expected(case).values())

    def _check_gradients(self, function, case):
        body = self.body(function)
        outputs, leaves = self.run(function, case)
        if any(tensor.grad is not None for tensor in leaves.values()):
            raise Wrong(Hint(
                "`backward()` is called in here. It belongs to whoever trains: called twice, the "
                "gradients of both calls add up in `.grad`. Return the tensor, and no more.",
                BEHIND))
        if not all(output.requires_grad for output in outputs):
            name = self.outputs[[output.requires_grad for output in outputs].index(False)]
            raise Wrong(Hint(
                f"`{name}` is right, but cut off from the graph: its `requires_grad` is False, so "
                f"`backward()` has nowhere to go. {cut(body)}", BEHIND))
        got = _gradients(outputs, leaves, body)
        expected = self._expected_gradients(case)
        missing = [name for name in leaves if got[name] is None and np.any(expected[name])]
        if missing:
            raise Wrong(Hint(
                f"{_outputs(self.outputs)} right, but no gradient reaches {listed(missing)}: the "
                f"way back is cut there, and training would leave it as it is. {cut(body)}",
                BEHIND))
        wrong = [name for name in leaves if got[name] is not None
                 and not same(got[name], expected[name], 10 * case.tolerance)]
        if wrong:
            where = f" for {case.label}" if case.label else ""
            raise Wrong(Hint(
                f"{_outputs(self.outputs)} right, but the gradient that autograd finds for "
                f"{listed(wrong)} is not{where}: a part of the way back is cut. {cut(body)}",
                BEHIND))

    def _expected_gradients(self, case):
        """The right gradients by name, of the same weighted sum of the outputs."""
        if "gradients" not in case.computed:
            outputs, leaves = self.run(self.course_function(), case)
            case.computed["gradients"] = _gradients(outputs, leaves, None)
        return case.computed["gradients"]

    def course_function(self):
        """The right function, as it is handed to `run`."""
        return self.reference

    # ---- Other devices --------------------------------------------------------------------------

    def examine_more(self, function, cases):
        """A device that is fixed is wrong; one that is forgotten, a remark."""
        return super().examine_more(function, cases) + self._on_another_device(function, cases[0])

    def _on_another_device(self, function, case):
        """Run it on `meta`, a device of shapes without numbers, which every PyTorch has."""
        if not self._has_gradients(case):  # word numbers may well come back to the CPU
            return []
        said = hard_coded_device(self.body(function))
        try:
            with torch.device("cpu"):
                self.run_on(function, case, "meta")
        except Elsewhere:
            pass
        except Exception as error:  # whatever a function does that needs numbers cannot be told
            cause = error.__cause__ or error
            if not any(words in str(cause) for words in ("out of meta tensor", "same device",
                                                         "different devices")):
                return []
        else:
            return []
        if said:
            raise Wrong(said)
        return ["Right. One remark: a tensor that is made in it is on the CPU whatever the "
                "arguments are on, so on a GPU it fails. Say where: `device=x.device`, or "
                "`torch.zeros_like`, `x.new_zeros`, which take device and dtype from another."]

    def run_on(self, function, case, device):
        """Call the function with tensors on a device; raise `Elsewhere` if others come back."""
        given = [as_tensor(case.given[name], leaf=False) for name in self.arguments]
        given = [value.to(device) if isinstance(value, torch.Tensor) else value for value in given]
        if any(out.device.type != device for out in _as_list(function(*given))):
            raise Elsewhere


class Elsewhere(Exception):
    """The result is on another device than the arguments."""


class TensorExercise(OnTensors, Exercise):
    """A function on tensors; the arguments are those of `Exercise`."""


CAPTIONER = dataclasses.replace(RNN, course=course_model, reference=CaptioningRNN)


class TensorMethodExercise(OnTensors, MethodExercise):
    """A method of the PyTorch edition's captioner; the arguments are those of `MethodExercise`."""

    def __init__(self, name, **rest):
        super().__init__(name, captioner=CAPTIONER, **rest)

    def dtype(self, case):
        return DTYPES[case.dtype]

    def changed_params(self, model, case):
        return [f'self.params["{name}"]' for name in self.params
                if not unchanged(as_array(model.params.get(name)), case.given[name])]

    def course_function(self):
        return self.captioner.reference

    def run(self, function, case, leaf=True):
        model = self.model(function, case)
        if not leaf:
            model.params = {name: value.detach() for name, value in model.params.items()}
        given = [as_tensor(case.given[name], leaf=False) for name in self.arguments]
        result = call_quietly(getattr(model, self.method), *given)
        return _as_list(result), {f'self.params["{n}"]': model.params[n] for n in self.params}

    def run_on(self, function, case, device):
        model = self.model(function, case)
        model.params = {name: value.detach().to(device) for name, value in model.params.items()}
        given = [as_tensor(case.given[name], leaf=False) for name in self.arguments]
        given = [value.to(device) if isinstance(value, torch.Tensor) else value for value in given]
        if any(out.device.type != device for out in _as_list(getattr(model, self.method)(*given))):
            raise Elsewhere

    def graph_remark(self, function, case):
        """A remark where a result that has no gradients leaves a graph behind all the same."""
        if not graph_is_recorded(lambda: self.run(function, case)):
            return []
        return ["Right. One remark: while the parameters require gradients, it records a graph of "
                "every step, for a way back that nobody goes. `with torch.no_grad():` around it "
                "saves the memory and the time."]


# ---- Pieces -------------------------------------------------------------------------------------


def _as_list(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _outputs(names):
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def _gradients(outputs, leaves, body):
    """The gradients of a weighted sum of outputs, as arrays by name; None where none arrives."""
    random = np.random.RandomState(7)
    weights = [torch.from_numpy(np.asarray(random.randn(*out.shape))).to(out.dtype)
               for out in outputs]
    try:
        found = torch.autograd.grad(outputs, list(leaves.values()), weights, allow_unused=True)
    except RuntimeError as error:
        raise Wrong(Hint(rules_pytorch.on_the_way_back(error, cut(body)), BEHIND)) from error
    return {name: None if gradient is None else as_array(gradient)
            for name, gradient in zip(leaves, found)}


def _check_tensor(name, value):
    """Raise `Wrong` where a result is something else than a tensor (None is said elsewhere)."""
    if value is None or isinstance(value, torch.Tensor):
        return
    if isinstance(value, np.ndarray):
        raise Wrong(Hint(
            f"`{name}` is a NumPy array: `.numpy()` (or a function of NumPy's) leaves PyTorch, and "
            "autograd cannot follow. Return a tensor, made by PyTorch's functions alone.",
            f"`{name}` is not a tensor."))
    if isinstance(value, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in value):
        raise Wrong(Hint(
            f"`{name}` is a {type(value).__name__} of {len(value)} tensors, expected one tensor. "
            "`torch.stack` joins tensors along a new axis (`dim=` says which), and gradients pass "
            "through it.", f"`{name}` is not a tensor."))
    if isinstance(value, (bool, int, float, np.number)):
        raise Wrong(Hint(
            f"`{name}` is a plain number: `.item()` (or `float`) takes it out of the graph, so "
            f"`{name}.backward()` is gone. Return the tensor; whoever prints it calls `.item()`.",
            f"`{name}` is not a tensor."))
    raise Wrong(Hint(f"`{name}` is of type {type(value).__name__}, expected a tensor.", ""))


def with_torch_errors(function):
    """Raise `Wrong` for the NumPy edition's own function, which looks right by its name."""
    module = getattr(function, "__module__", None) or ""
    if module in ("cs231n.rnn_layers", "cs231n.classifiers.rnn"):
        raise Wrong(f"This is the function of the NumPy edition ({module}). That of this edition "
                    f"is in {module}_pytorch.")


def _crash_of_torch(reason, function, exercise, case):
    """PyTorch raises `NotImplementedError`, too: where it cannot compute with some dtype."""
    error = reason.__cause__
    if error is None or not any(words in str(error) for words in ("not implemented for", "aten::",
                                                                  "meta tensor")):
        return None
    return Crash(error, exercise.body(function), exercise.axes(exercise.arguments), case.sizes)
