"""The exercises `loss` and `lstm_loss`."""

import numpy as np

from cs231n.feedback import diagnosis
from cs231n.feedback.diagnosis import SQUARE
from cs231n.feedback.exercise import Case, NotDone, Wrong
from cs231n.feedback.methods import (
    LSTM_SHAPES, ORDINARY, PARAM_SHAPES, PARAMS, MethodExercise, cast, draw_captions, draw_params,
    vocabulary,
)
from cs231n.feedback.recipe import Equations, Mistake, Quantities
from cs231n.feedback.reference import layers


def gradient_name(param):
    return f'grads["{param}"]'


class LossExercise(MethodExercise):
    """`loss(features, captions)` -> `value, grads`; each gradient is an output of its own."""

    def __init__(self, name, cell_type, **rest):
        params = PARAM_SHAPES if cell_type == "rnn" else LSTM_SHAPES
        super().__init__(
            name, method="loss", cell_type=cell_type, arguments=["features", "captions"],
            outputs=["loss", *map(gradient_name, PARAMS)],
            shapes={"features": "N D", "captions": "N T+1", "loss": "",
                    **{gradient_name(p): axes for p, axes in params.items()}}, **rest)

    def unpack(self, result, case):
        if result is None:
            raise NotDone("it returns None")
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            count = len(result) if isinstance(result, (tuple, list)) else 1
            raise Wrong(diagnosis.number_of_values(count, ["loss", "grads"]))
        value, grads = result
        if value is None and not grads:
            raise NotDone("it returns None")
        if not isinstance(grads, dict):
            raise Wrong("`grads` has to be a dictionary: the gradient of each parameter under the "
                        f"name it has in `self.params`. It is of type {type(grads).__name__}.")
        missing = [name for name in PARAMS if grads.get(name) is None]
        if missing:
            raise Wrong(_missing(missing, grads))
        return {"loss": value, **{gradient_name(name): grads[name] for name in PARAMS}}

    def mistaken(self, mistake, case):
        q = Quantities(self.equations, case.given, mistake.changes)
        try:
            return {"loss": q.value,
                    **{gradient_name(name): getattr(q, f"d{name}") for name in PARAMS}}
        except (ValueError, IndexError, TypeError):
            return None


def _missing(names, grads):
    listed = ", ".join(gradient_name(name) for name in names)
    said = (f"No gradient for {', '.join(f'`{name}`' for name in names)}: {listed} "
            f"{'is' if len(names) == 1 else 'are'} missing. A parameter without a gradient never "
            "learns; each entry of `self.params` needs one under the same name.")
    extra = [key for key in grads if key not in PARAMS]
    if extra:
        said += f" (There is {', '.join(map(repr, extra))}, which is no parameter's name.)"
    return said


class Loss(Equations):
    def words_in(q):
        return q.captions[:, :-1]

    def words_out(q):
        return q.captions[:, 1:]

    def mask(q):
        return q.words_out != 0

    def h0(q):
        return q.features @ q.W_proj + q.b_proj

    def x(q):
        return q.W_embed[q.words_in]

    def run(q):
        return q.cell[0](q.x, q.h0, q.Wx, q.Wh, q.b)

    def h(q):
        return q.run[0]

    def scores(q):
        return q.h @ q.W_vocab + q.b_vocab

    def softmax(q):
        return layers.temporal_softmax_loss(q.scores, q.words_out, q.mask)

    def value(q):
        return q.softmax[0]

    def dscores(q):
        return q.softmax[1]

    def dh(q):
        return q.dscores @ q.W_vocab.T

    def dW_vocab(q):
        return np.einsum("nth,ntv->hv", q.h, q.dscores)

    def db_vocab(q):
        return q.dscores.sum(axis=(0, 1))

    def back(q):
        return q.cell[1](q.dh, q.run[1])

    def dx(q):
        return q.back[0]

    def dh0(q):
        return q.back[1]

    def dWx(q):
        return q.back[2]

    def dWh(q):
        return q.back[3]

    def db(q):
        return q.back[4]

    def dW_embed(q):
        dW = np.zeros_like(q.W_embed)
        np.add.at(dW, q.words_in, q.dx)
        return dW

    def dW_proj(q):
        return q.features.T @ q.dh0

    def db_proj(q):
        return q.dh0.sum(axis=0)


class RnnLoss(Loss):
    def cell(q):
        return layers.rnn_forward, layers.rnn_backward


def loss_cases(cell_type):
    def draw(label, seed, sizes=None, dtype=np.float64, scale=1.0):
        sizes = {**ORDINARY, **(sizes or {})}
        N, T, D, V = (sizes[letter] for letter in "NTDV")
        rng = np.random.RandomState(seed)
        given = {"features": scale * rng.randn(N, D), "captions": draw_captions(rng, N, T, V),
                 "word_to_idx": vocabulary(V), **draw_params(rng, cell_type, sizes)}
        return Case(label, cast(given, dtype), sizes, dtype)

    def cases():
        return [
            draw("", 1),
            draw("one example only (N = 1)", 2, {"N": 1}),
            draw("captions of one word (T = 1)", 3, {"T": 1}),
            draw(SQUARE, 4, {"N": 5, "T": 5, "D": 5, "W": 5, "H": 5, "V": 5}),
            draw("large features (up to about 1000)", 5, scale=300.0),
            draw("float32 arguments", 6, dtype=np.float32),
            _without_start(draw("a vocabulary without <START> and <END>", 7)),
        ]

    return cases


def _without_start(case):
    words = case.given["word_to_idx"]
    case.given["word_to_idx"] = {w.replace("<START>", "a").replace("<END>", "b"): i
                                 for w, i in words.items()}
    return case


MISTAKES = [
    Mistake("mask-missing",
            "Padding counts in the loss: the mask is missing. `<NULL>` only fills up short "
            "captions; the mask has to be False where the word to predict is `<NULL>`.",
            mask=lambda q: np.ones_like(q.words_out, dtype=bool)),
]

LOSS = LossExercise("loss", "rnn", equations=RnnLoss, mistakes=MISTAKES, cases=loss_cases("rnn"),
                    notebook="RNN_Captioning")


class LstmLoss(Loss):
    def cell(q):
        return layers.lstm_forward, layers.lstm_backward


LSTM_LOSS = LossExercise("lstm_loss", "lstm", equations=LstmLoss, mistakes=MISTAKES,
                         cases=loss_cases("lstm"))

EXERCISES = [LOSS, LSTM_LOSS]
