"""The exercises `sample` and `lstm_sample`."""

import numpy as np

from cs231n.feedback.compare import as_numbers
from cs231n.feedback.exercise import Case
from cs231n.feedback.methods import MethodExercise, cast, draw_params, vocabulary
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers

NULL, START, END = 0, 1, 2
SIZES = {"N": 6, "D": 7, "W": 4, "H": 6, "V": 11}


class Sample(Equations):
    def T(q):
        return q.max_length

    def h0(q):
        return q.features @ q.W_proj + q.b_proj

    def first_state(q):
        return [q.h0] if q.cell_type == "rnn" else [q.h0, np.zeros_like(q.h0)]

    def word_in(q, t):  # what is fed at step t
        return q.word_out(t - 1) if t > 0 else np.full(len(q.features), START)

    def state_in(q, t):
        return q.state_out(t - 1) if t > 0 else q.first_state

    def x(q, t):
        return q.W_embed[q.word_in(t)]

    def step(q, t):
        step = layers.rnn_step_forward if q.cell_type == "rnn" else layers.lstm_step_forward
        return list(step(q.x(t), *q.state_in(t), q.Wx, q.Wh, q.b)[:-1])

    def state_out(q, t):
        return q.step(t)

    def scores(q, t):
        return q.step(t)[0] @ q.W_vocab + q.b_vocab

    def choice(q, t):
        return q.scores(t).argmax(axis=1)

    def ended(q, t):  # rows that have written <END> before step t
        return q.ended(t - 1) | (q.word_out(t - 1) == END) if t > 0 else \
            np.zeros(len(q.features), dtype=bool)

    def word_out(q, t):
        return np.where(q.ended(t), NULL, q.choice(t))

    def captions(q):
        return np.stack([q.word_out(t) for t in range(q.T)], axis=1)


class SampleExercise(MethodExercise):
    """`sample(features, max_length)` -> captions (N, max_length)."""

    def __init__(self, name, cell_type, **rest):
        super().__init__(name, method="sample", cell_type=cell_type,
                         arguments=["features", "max_length"], outputs=["captions"],
                         equations=Sample, shapes={"features": "N D", "captions": "N T"},
                         cases=sample_cases(cell_type), **rest)

    def alike(self, got, other, name, tolerance=0):
        """Equal up to the first `<END>` of each row of `other`."""
        got = as_numbers(got)
        if got is None or got.shape != other.shape:
            return False
        return bool(np.all((got == other) | after_end(other)))


def after_end(captions):
    """Where a caption is already over (N, T)."""
    return np.cumsum(captions == END, axis=1) - (captions == END) > 0


# Models whose captions end at different lengths, use many words, and leave no room for doubt: the
# best word leads by at least 0.04. Found by trying seeds.
SEEDS = {"rnn": 692, "lstm": 2471}
SCALES = {"rnn": {}, "lstm": {"W_embed": 2, "W_proj": 0.5, "W_vocab": 2, "b_vocab": 0.4}}


def sample_cases(cell_type):
    def draw(label, seed, N=6, max_length=12, dtype=np.float64):
        sizes = {**SIZES, "N": N, "T": max_length}
        rng = np.random.RandomState(seed)
        given = {"features": rng.randn(6, sizes["D"])[:N], "max_length": max_length,
                 "cell_type": cell_type, "word_to_idx": vocabulary(sizes["V"]),
                 **draw_params(rng, cell_type, sizes)}
        for name, scale in SCALES[cell_type].items():
            given[name] *= scale
        given["b_vocab"][[NULL, START]] -= 8  # as in a trained model, they are never chosen
        return Case(label, cast(given, dtype), sizes, dtype)

    def cases():
        seed = SEEDS[cell_type]
        return [
            draw("", seed),
            draw("one picture only (N = 1)", seed, N=1),
            draw("one word only (max_length = 1)", seed, max_length=1),
            draw("another max_length", seed, max_length=7),
            draw("a float32 model", seed, dtype=np.float32),
        ]

    return cases


MISTAKES = [
    Mistake("starts-from-null",
            "The first word that is fed is `<NULL>`. A caption starts with `<START>`: feed "
            "`self._start` at the first time step.",
            word_in=lambda q, t: q.usual.word_in(t) if t else np.full(len(q.features), NULL)),
]

SAMPLE = SampleExercise("sample", "rnn", mistakes=MISTAKES, notebook="RNN_Captioning")
LSTM_SAMPLE = SampleExercise("lstm_sample", "lstm", mistakes=MISTAKES)

EXERCISES = [SAMPLE, LSTM_SAMPLE]
