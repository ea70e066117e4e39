"""Exercises that are methods of the captioner.

What is checked is the plain function, attached to a fresh subclass of the package's model, or the
method of the learner's own class. Neither the package's class nor the learner's is changed.
"""

import numpy as np

from cs231n.feedback.compare import snapshot
from cs231n.feedback.exercise import Attempt, Case, Exercise, NotDone, Wrong, unchanged
from cs231n.feedback.guard import call
from cs231n.feedback.reference import CaptioningRNN

ORDINARY = {"N": 5, "T": 8, "D": 7, "W": 4, "H": 6, "V": 11}
METHODS = ["cell", "first_state", "loss", "next_scores", "sample"]
SPECIAL = ["<NULL>", "<START>", "<END>", "<UNK>"]
PARAMS = ["W_embed", "W_proj", "b_proj", "Wx", "Wh", "b", "W_vocab", "b_vocab"]
PARAM_SHAPES = {"W_embed": "V W", "W_proj": "D H", "b_proj": "H", "Wx": "W H", "Wh": "H H",
                "b": "H", "W_vocab": "H V", "b_vocab": "V"}
LSTM_SHAPES = {**PARAM_SHAPES, "Wx": "W 4H", "Wh": "H 4H", "b": "4H"}


class MethodExercise(Exercise):
    """A method of the captioner.

    Args:
        method: its name; `name` may differ, as for `lstm_loss`.
        cell_type: of the models it is checked with.
        The rest is as for `Exercise`; `reference` takes the model first.
    """

    def __init__(self, name, *, method, cell_type, shapes, **rest):
        self.method, self.cell_type = method, cell_type
        params = PARAM_SHAPES if cell_type == "rnn" else LSTM_SHAPES
        super().__init__(name, shapes={**params, **shapes},
                         reference=getattr(CaptioningRNN, method), **rest)

    def body(self, function):
        return getattr(function, self.method, None) if isinstance(function, type) else function

    def is_own(self, function):
        return super().is_own(self.body(function))

    def hints_for(self, function):
        try:
            return super().hints_for(function)
        except Wrong as wrong:
            others = self.wrong_methods(function) if isinstance(function, type) else []
            if not others:
                raise
            listed = ", ".join(f"`{name}`" for name in others)
            raise Wrong(f"`{self.method}` itself is right: with the course's own {listed} it "
                        f"passes. Check {listed} of the class.", *wrong.hints) from wrong

    def wrong_methods(self, kind):
        """The other methods of a learner's class whose replacement makes this one right."""
        for name in METHODS:
            if name != self.method and hasattr(kind, name):
                mended = type(kind.__name__, (kind,), {name: getattr(CaptioningRNN, name)})
                try:
                    super().hints_for(mended)
                    return [name]
                except (Wrong, NotDone):
                    continue
        return []

    def attempt(self, function, case):
        model = self.model(function, case)
        given = {name: snapshot(case.given[name]) for name in self.arguments}
        result = call(getattr(model, self.method), *given.values(), axes=self.axes(self.arguments),
                      sizes=case.sizes)
        changed = self.changed(given, case) + [
            f'self.params["{name}"]' for name in PARAMS
            if not unchanged(model.params.get(name), case.given[name])]
        return Attempt(self.unpack(result, case=case), changed)

    def unpack(self, result, case):
        return super().unpack(result)[0]

    def reference_outputs(self, given):
        model = self.model(CaptioningRNN, Case("", given, {}, given["W_embed"].dtype.type))
        result = getattr(model, self.method)(*(snapshot(given[n]) for n in self.arguments))
        return self.unpack(result, case=None)

    def model(self, function, case):
        """A model of the learner's, with the parameters of a case."""
        if isinstance(function, type):
            kind = function
        else:
            kind = type("CaptioningRNN", (CaptioningRNN,), {self.method: function})
        V, W = case.given["W_embed"].shape
        D, H = case.given["W_proj"].shape
        try:
            model = kind(dict(case.given["word_to_idx"]), input_dim=D, wordvec_dim=W, hidden_dim=H,
                         cell_type=self.cell_type, dtype=case.dtype)
        except Exception as error:
            raise Wrong(f"Making a model of the class {kind.__name__} fails with "
                        f"{type(error).__name__}: {error}.") from error
        model.params = {name: case.given[name].copy() for name in PARAMS}
        return model


def vocabulary(V):
    """A `word_to_idx` of V words."""
    return {word: i for i, word in enumerate(SPECIAL + [f"word{i}" for i in range(4, V)])}


def draw_params(rng, cell_type, sizes, scale=1.0):
    """Parameters large enough that every one of them matters."""
    shapes = PARAM_SHAPES if cell_type == "rnn" else LSTM_SHAPES
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
