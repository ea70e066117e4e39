"""Exercises that are methods of a captioner.

What is checked is the plain function, attached to a fresh subclass of the package's model, or the
method of the learner's own class. Neither the package's class nor the learner's is changed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import cs231n.classifiers.rnn
from cs231n.feedback.cases import Case
from cs231n.feedback.compare import unchanged
from cs231n.feedback.exercise import Attempt, Exercise
from cs231n.feedback.guard import call
from cs231n.feedback.outcomes import Wrong
from cs231n.feedback.reference import CaptioningRNN
from cs231n.feedback.report import OWN, PASSED, SEVERITY, WRONG, Report

ORDINARY = {"N": 5, "T": 8, "D": 7, "W": 4, "H": 6, "V": 11}
SPECIAL = ["<NULL>", "<START>", "<END>", "<UNK>"]
PARAMS = ["W_embed", "W_proj", "b_proj", "Wx", "Wh", "b", "W_vocab", "b_vocab"]
PARAM_SHAPES = {"W_embed": "V W", "W_proj": "D H", "b_proj": "H", "Wx": "W H", "Wh": "H H",
                "b": "H", "W_vocab": "H V", "b_vocab": "V"}
GATES = {"Wx": "W 4H", "Wh": "H 4H", "b": "4H"}
LSTM_SHAPES = {**PARAM_SHAPES, **GATES}


@dataclass(frozen=True)
class Captioner:
    """A kind of captioner whose methods are exercises.

    Attributes:
        prefix: how the names of its exercises begin: that of `loss` is `attention_loss`, say.
        course: the package's class, from which a learner's is derived.
        reference: the private copy of it.
        methods: those that are exercises.
        shapes: the axes of its parameters by name; for an LSTM, `GATES` come in their place.
        features: the axes of what it takes for pictures.
        sizes: a function of the parameters that gives the arguments of the class.
    """

    prefix: str
    course: type
    reference: type
    methods: tuple
    shapes: dict
    features: str
    sizes: Callable

    def param_shapes(self, cell_type):
        """The axes of the parameters for a type of cell, None if it has none."""
        return {**self.shapes, **(GATES if cell_type == "lstm" else {})}

    def model(self, kind, given, cell_type, dtype):
        """A model of a class derived from it, of the sizes of a case."""
        options = {} if cell_type is None else {"cell_type": cell_type}
        return kind(dict(given["word_to_idx"]), **self.sizes(given), **options, dtype=dtype)


def _rnn_sizes(params):
    (D, H), W = params["W_proj"].shape, params["W_embed"].shape[1]
    return {"input_dim": D, "wordvec_dim": W, "hidden_dim": H}


RNN = Captioner(
    prefix="", course=cs231n.classifiers.rnn.CaptioningRNN, reference=CaptioningRNN,
    methods=("cell", "first_state", "loss", "next_scores", "sample"), shapes=PARAM_SHAPES,
    features="N D", sizes=_rnn_sizes)


class MethodExercise(Exercise):
    """A method of a captioner.

    Args:
        method: its name; `name` may differ, as for `lstm_loss`.
        cell_type: of the models it is checked with, None for captioners without a cell.
        captioner: the kind of captioner.
        The rest is as for `Exercise`; `reference` takes the model first.
    """

    def __init__(self, name, *, method, cell_type, shapes, captioner=RNN, **rest):
        self.method, self.cell_type, self.captioner = method, cell_type, captioner
        self.params = list(captioner.shapes)
        super().__init__(name, shapes={**captioner.param_shapes(cell_type), **shapes},
                         reference=getattr(captioner.reference, method), **rest)

    def body(self, function):
        return getattr(function, self.method, None) if isinstance(function, type) else function

    def is_own(self, function):
        return super().is_own(self.body(function))

    def with_course_helpers(self, function):
        if not isinstance(function, type):
            return super().with_course_helpers(function)
        body = super().with_course_helpers(self.body(function))
        return body and type(function.__name__, (function,), {self.method: body})

    def with_course_methods(self, function):
        """`(name, class)` of a learner's class with one of its other methods replaced, for each."""
        if not isinstance(function, type):
            return []
        others = [name for name in self.captioner.methods
                  if name != self.method and hasattr(function, name)]
        return [(name, type(function.__name__, (function,),
                            {name: getattr(self.captioner.reference, name)}))
                for name in others]

    def attempt(self, function, case, model=None):
        """Run the method on copies of the arguments, on a model of its own unless one is given."""
        model = model or self.model(function, case)
        given = {name: self.prepared(case.given[name]) for name in self.arguments}
        result = call(getattr(model, self.method), *given.values(), axes=self.axes(self.arguments),
                      sizes=case.sizes)
        changed = self.changed(given, case) + self.changed_params(model, case)
        return Attempt(self.unpack(result, case=case), changed)

    def changed_params(self, model, case):
        """The parameters of a model that differ from those of the case."""
        return [f'self.params["{name}"]' for name in self.params
                if not unchanged(model.params.get(name), case.given[name])]

    def check_repeated(self, function, case):
        """Two calls on one model, and one with other arguments, give what is right for each."""
        super().check_repeated(function, case)
        model = self.model(function, case)
        turned = {name: _turned(case.given[name]) for name in self.arguments}
        other = Case("", {**case.given, **turned}, case.sizes, case.dtype)
        for now in (case, case, other):
            attempt = self.attempt(function, now, model)
            wrong = [name for name, ok in self.right(attempt, now).items() if not ok]
            if wrong:
                raise Wrong(f"It is right on a new model, but a second call on the same model "
                            f"gives a wrong `{wrong[0]}`: something is kept on the model (in an "
                            "attribute of `self`) from one call to the next. Each call starts "
                            "anew, from its arguments and `self.params`.")

    def unpack(self, result, case):
        return super().unpack(result)[0]

    def reference_outputs(self, given):
        model = self.model(self.captioner.reference,
                           Case("", given, {}, given["W_embed"].dtype.type))
        result = getattr(model, self.method)(*(self.prepared(given[n]) for n in self.arguments))
        return self.unpack(result, case=None)

    def model(self, function, case):
        """A model of the learner's, with the parameters of a case."""
        if isinstance(function, type):
            kind = function
        else:
            reference = self.captioner.reference
            kind = type(reference.__name__, (reference,), {self.method: function})
        try:
            model = self.captioner.model(kind, case.given, self.cell_type, self.dtype(case))
        except Exception as error:
            raise Wrong(f"Making a model of the class {kind.__name__} fails with "
                        f"{type(error).__name__}: {error}.") from error
        model.params = {name: self.prepared(case.given[name]) for name in self.params}
        return model

    def dtype(self, case):
        """The type of the parameters, as the model's class takes it."""
        return case.dtype


def _turned(value):
    """The same argument with the examples in reverse order."""
    if isinstance(value, list):
        return [_turned(array) for array in value]
    return value[::-1].copy() if np.ndim(value) else value


class BothCells:
    """An exercise that has to be right for an LSTM and for a vanilla RNN.

    Args:
        name: the exercise.
        exercises: the same exercise for each cell type.
        notebook: as for `Exercise`.
    """

    def __init__(self, name, exercises, notebook=None):
        self.name, self.exercises, self.notebook = name, exercises, notebook
        self.method, self.mistakes = exercises[0].method, exercises[0].mistakes
        self.captioner = exercises[0].captioner

    def parts(self):
        return self.exercises

    def merge(self, function, reports):
        """One report of those for the cell types: the worst, with what is said there."""
        worst = max(reports, key=lambda report: SEVERITY.index(report.state))
        if worst.state in (PASSED, OWN):
            return Report(self.name, worst.state, reports[0].hints + reports[1].hints)
        exercise = self.exercises[reports.index(worst)]
        others = [r for r in reports if r.passed and r is not worst]
        hints = [f"This is for a model with `cell_type` \"{exercise.cell_type}\"; for the "
                 "other cell type it is right."] if others and worst.state == WRONG else []
        return Report(self.name, worst.state, worst.hints + hints)


def vocabulary(V):
    """A `word_to_idx` of V words."""
    return {word: i for i, word in enumerate(SPECIAL + [f"word{i}" for i in range(4, V)])}


def draw_params(rng, cell_type, sizes, scale=1.0, captioner=RNN):
    """Parameters large enough that every one of them matters."""
    shapes = captioner.param_shapes(cell_type)
    return {name: scale * rng.randn(*[int(axis[:-1] or 1) * sizes[axis[-1]]
                                      for axis in axes.split()])
            for name, axes in shapes.items()}


def draw_captions(rng, N, T, V):
    """Captions (N, T + 1) of different lengths, the first of them without padding."""
    captions = np.zeros((N, T + 1), dtype=np.int64)
    captions[:, 0] = 1
    for n in range(N):
        words = max(0, T - 1 - 2 * n)
        captions[n, 1 : 1 + words] = rng.randint(3, V, size=words)
        captions[n, 1 + words] = 2
    return captions


def cast(given, dtype):
    """Real numbers in another dtype."""
    return {name: value.astype(dtype) if getattr(value, "dtype", None) == np.float64 else
            [array.astype(dtype) for array in value] if isinstance(value, list) else value
            for name, value in given.items()}
