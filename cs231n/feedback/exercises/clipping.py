"""The exercise `clip_gradients`, which takes and returns a dictionary of gradients."""

import inspect

import numpy as np

from cs231n import captioning_solver
from cs231n.feedback.cases import Case
from cs231n.feedback.compare import snapshot
from cs231n.feedback.exercise import Attempt, Exercise
from cs231n.feedback.guard import call
from cs231n.feedback.outcomes import Nothing, Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy
from cs231n.feedback.wording import number_of_values

SHAPES = {"Wx": "D H", "Wh": "H H", "b": "H"}
SIZES = {"D": 3, "H": 4}


def clipped(name):
    return f'the clipped grads["{name}"]'


class ClipExercise(Exercise):
    """`clip_gradients(grads, clip_norm)` -> `grads, norm`; each gradient is an output of its own.

    A case gives the gradients one by one, under the names of their parameters.
    """

    def attempt(self, function, case):
        given = {name: snapshot(case.given[name]) for name in self.arguments}
        grads = {name: given[name] for name in SHAPES}
        result = call(function, grads, given["clip_norm"], sizes=case.sizes)
        return Attempt(self.unpack(result), self.changed(given, case))

    def unpack(self, result):
        if result is None:
            raise Nothing
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            count = len(result) if isinstance(result, (tuple, list)) else 1
            raise Wrong(number_of_values(count, ["grads", "norm"]))
        grads, norm = result
        if grads is None and norm is None:
            raise Nothing
        if isinstance(norm, dict):
            raise Wrong("The values are returned in another order: expected are first the "
                        "gradients, then `norm`.")
        if not isinstance(grads, dict):
            raise Wrong("The gradients have to be a dictionary, with the names of the one that "
                        f"came in. They are of type {type(grads).__name__}.")
        missing = [name for name in SHAPES if grads.get(name) is None]
        if missing:
            raise Wrong(f"In the dictionary that is returned, {', '.join(map(repr, missing))} "
                        f"{'is' if len(missing) == 1 else 'are'} missing. It has the same names "
                        "as the one that came in.")
        return {**{clipped(name): grads[name] for name in SHAPES}, "norm": norm}

    def reference_outputs(self, given):
        return self.unpack(self.reference({name: given[name] for name in SHAPES},
                                          given["clip_norm"]))

    def examine_more(self, function, cases):
        """The caller's dictionary keeps its arrays."""
        grads = {name: cases[0].given[name].copy() for name in SHAPES}
        before = dict(grads)
        call(function, grads, cases[0].given["clip_norm"])
        if all(grads.get(name) is array for name, array in before.items()):
            return []
        return ["Right. One remark: the dictionary of the caller is changed. Put the new arrays "
                "into a dictionary of your own."]


def clip_cases():
    rng = np.random.RandomState(6)

    def case(label, clip_norm, scale=1.0, dtype=np.float64):
        given = {name: (scale * rng.randn(*(SIZES[axis] for axis in axes.split()))).astype(dtype)
                 for name, axes in SHAPES.items()}
        return Case(label, {**given, "clip_norm": clip_norm}, SIZES, dtype)

    return [
        case("", 2.0),
        case("gradients that are short enough", 20.0),
        case("gradients a thousand times as long as they may be", 1.0, scale=200.0),
        case("a limit below 1", 0.25),
        case("float32 arguments", 2.0, dtype=np.float32),
    ]


class Clipping(Equations):
    PLACES = {"norm": "the length of all gradients together", "factor": "the factor",
              "each": "how one array is scaled", "returned": "the `norm` that is returned"}

    def squares(q):
        return sum(np.sum(q.given[name] ** 2) for name in SHAPES)

    def norm(q):
        return np.sqrt(q.squares)

    def returned(q):
        return q.norm

    def factor(q):
        return min(1.0, q.clip_norm / q.norm)

    def each(q):
        return lambda grad: grad * q.factor

    def dWx(q):
        return q.each(q.Wx)

    def dWh(q):
        return q.each(q.Wh)

    def db(q):
        return q.each(q.b)


def lengths(q):
    return [np.linalg.norm(q.given[name]) for name in SHAPES]


MISTAKES = [
    Mistake("each-on-its-own",
            "Each array is shortened by its own length. All gradients together are one vector: "
            "one length, one factor, so that its direction stays.",
            each=lambda q: lambda grad: grad * min(1.0, q.clip_norm / np.linalg.norm(grad))),
    Mistake("entries-clipped",
            "Each entry is cut off at the limit (`np.clip`). That turns the vector into another "
            "direction. Multiply all entries by the same factor.",
            each=lambda q: lambda grad: np.clip(grad, -q.clip_norm, q.clip_norm)),
    Mistake("root-missing",
            "The length is taken without its square root: it is the sum of squares.",
            norm=lambda q: q.squares),
    Mistake("lengths-added",
            "The lengths of the arrays are added up. The length of a vector is the root of the sum "
            "of the *squares* of its parts.",
            norm=lambda q: sum(lengths(q))),
    Mistake("longest-array-only",
            "The length of the longest array is taken. All arrays together are one vector.",
            norm=lambda q: max(lengths(q))),
    Mistake("absolute-values-added",
            "The absolute values of all entries are added up. The length is the root of the sum of "
            "squares.",
            norm=lambda q: sum(np.abs(q.given[name]).sum() for name in SHAPES)),
    Mistake("largest-entry",
            "The largest entry is taken for the length.",
            norm=lambda q: max(np.abs(q.given[name]).max() for name in SHAPES)),
    Mistake("mean-square",
            "The length is made of the mean of the squares. It is the root of their sum.",
            norm=lambda q: np.sqrt(q.squares / sum(q.given[name].size for name in SHAPES))),
    Mistake("short-ones-lengthened",
            "Gradients that are short enough are lengthened to the limit. They stay as they are.",
            factor=lambda q: q.clip_norm / q.norm),
    Mistake("factor-upside-down",
            "The factor is upside down: long gradients become longer.",
            factor=lambda q: max(1.0, q.norm / q.clip_norm)),
    Mistake("factor-without-length",
            "Long gradients are multiplied by `clip_norm`. Divide by their length too: then the "
            "new length is `clip_norm`.",
            factor=lambda q: q.clip_norm if q.norm > q.clip_norm else 1.0),
    Mistake("unit-length",
            "Long gradients are divided by their length, which makes them 1 long. They may be "
            "`clip_norm` long.",
            factor=lambda q: 1 / q.norm if q.norm > q.clip_norm else 1.0),
    Mistake("not-clipped",
            "Nothing is shortened: the gradients come back as they were.",
            factor=lambda q: 1.0),
    Mistake("length-after-clipping",
            "`norm` is the length after clipping. How long the gradients were before is what one "
            "wants to see.",
            returned=lambda q: min(q.norm, q.clip_norm)),
    Mistake("squares-returned",
            "`norm` is the sum of squares, though the factor is right. It is the root of that.",
            returned=lambda q: q.squares),
]

CLIP = ClipExercise(
    "clip_gradients",
    notebook="RNN_Captioning",
    shapes={**SHAPES, **{clipped(name): axes for name, axes in SHAPES.items()}, "norm": ""},
    arguments=[*SHAPES, "clip_norm"],
    outputs=[*map(clipped, SHAPES), "norm"],
    computed_as={**{clipped(name): f"d{name}" for name in SHAPES}, "norm": "returned"},
    equations=Clipping,
    reference=inspect.unwrap(private_copy(captioning_solver).clip_gradients),
    mistakes=MISTAKES,
    cases=clip_cases,
)

EXERCISES = [CLIP]
