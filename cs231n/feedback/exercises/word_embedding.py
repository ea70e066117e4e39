"""The exercises `word_embedding_forward` and `word_embedding_backward`."""

import numpy as np

from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers

NOTEBOOK = "RNN_Captioning"


def case(label, rng, words, V=7, D=3, dtype=np.float64, integers=np.int64):
    """A case for given words (N, T)."""
    x = np.array(words, dtype=integers)
    N, T = x.shape
    given = {"x": x, "W": rng.randn(V, D).astype(dtype), "dout": rng.randn(N, T, D).astype(dtype)}
    return Case(label, given, {"N": N, "T": T, "V": V, "D": D}, dtype)


def cases():
    rng = np.random.RandomState(0)
    repeated = [[0, 3, 3, 1], [3, 5, 2, 6], [1, 1, 3, 0], [2, 3, 6, 6], [5, 1, 6, 0]]
    return [
        case("", rng, repeated),  # N = 5, T = 4; word 4 does not occur
        case("captions in which no word occurs twice", rng, [[3, 1], [0, 2], [6, 4]]),
        case("captions without the last word of the vocabulary", rng, [[0, 2, 2], [4, 1, 0]]),
        case("one example only (N = 1)", rng, [[2, 0, 2, 5]]),
        case("one time step only (T = 1)", rng, [[2], [0], [2], [6]]),
        case("vectors of one number (D = 1)", rng, [[2, 0], [0, 4], [1, 2]], D=1),
        case("a caption of one word repeated", rng, [[2] * 9]),
        case("words as int32, as in the data set", rng, repeated, integers=np.int32),
        case(SQUARE, rng, [[0, 3, 3, 1], [3, 2, 2, 0], [1, 1, 3, 0], [2, 3, 1, 0]], V=4, D=4),
        case("float32 arguments", rng, repeated, dtype=np.float32),
    ]


class Forward(Equations):
    PLACES = {"out": "which numbers of `W` are taken, and in which order"}

    def out(q):
        return q.W[q.x]


FORWARD_MISTAKES = [
    Mistake("index-minus-one",
            "Word x gets row x - 1 of `W`: an index is off by one. Words are numbered from 0, as "
            "the rows of `W` are.",
            out=lambda q: q.W[q.x - 1]),
    Mistake("index-plus-one",
            "Word x gets row x + 1 of `W`: an index is off by one. Words are numbered from 0, as "
            "the rows of `W` are.",
            out=lambda q: q.W[(q.x + 1) % len(q.W)]),
    Mistake("columns",
            "`W[:, x]` picks columns of `W`. Each word's vector is a row: `W` is (V, D), and word "
            "v has row v.",
            out=lambda q: q.W[:, q.x]),
    Mistake("columns-moved",
            "The vectors are made of columns of `W`, as if it were transposed. Each word's vector "
            "is a row: `W` is (V, D), and word v has row v.",
            out=lambda q: q.W.T[q.x]),
    Mistake("time-axis-first",
            "`out` has shape (T, N, D): `x` is transposed. Expected is (N, T, D).",
            out=lambda q: q.W[q.x.T]),
    Mistake("reshaped-from-time-first",
            "Examples and time steps are mixed: the vectors are in the order of `x.T` (or of "
            "(T, N)), reshaped to (N, T, D). A reshape keeps the order of the numbers.",
            out=lambda q: q.W[q.x.T].reshape(*q.x.shape, -1)),
    Mistake("vector-axis-second",
            "`out` has shape (N, D, T). Expected is (N, T, D): the vector is the last axis.",
            out=lambda q: q.W[q.x].transpose(0, 2, 1)),
    Mistake("time-and-vector-mixed",
            "`out` has the right numbers in the wrong places: its last two axes were swapped and "
            "reshaped back.",
            out=lambda q: q.W[q.x].transpose(0, 2, 1).reshape(*q.x.shape, -1)),
    Mistake("flat",
            "`out` has shape (N * T, D). Expected is (N, T, D): index with `x` as it is, or "
            "reshape in the end.",
            out=lambda q: q.W[q.x.reshape(-1)]),
    Mistake("side-by-side",
            "`out` has shape (N, T * D). Expected is (N, T, D).",
            out=lambda q: q.W[q.x].reshape(len(q.x), -1)),
    Mistake("first-word-only",
            "Only the first word of each caption is looked up.",
            out=lambda q: np.repeat(q.W[q.x[:, :1]], q.x.shape[1], axis=1)),
    Mistake("last-word-only",
            "Every time step has the vector of the caption's last word: all of `out[n]` is "
            "overwritten in each round. Write `out[n, t]`.",
            out=lambda q: np.repeat(q.W[q.x[:, -1:]], q.x.shape[1], axis=1)),
    Mistake("first-caption-only",
            "Only the first caption is looked up and repeated for the others.",
            out=lambda q: np.repeat(q.W[q.x[:1]], len(q.x), axis=0)),
    Mistake("summed-over-time",
            "The vectors of a caption are added up, shape (N, D). Each time step keeps its own: "
            "(N, T, D).",
            out=lambda q: q.W[q.x].sum(axis=1)),
    Mistake("averaged-over-time",
            "The vectors of a caption are averaged, shape (N, D). Each time step keeps its own: "
            "(N, T, D).",
            out=lambda q: q.W[q.x].mean(axis=1)),
    Mistake("one-hot",
            "One-hot rows of length V are returned. The vectors are the rows of `W` that they "
            "pick: one-hot @ `W`.",
            out=lambda q: np.eye(len(q.W))[q.x]),
    Mistake("position-for-word",
            "Row t of `W` is used at time step t. The row is that of the word, `x[n, t]`.",
            out=lambda q: np.broadcast_to(q.W[np.arange(q.x.shape[1])],
                                          (*q.x.shape, q.W.shape[1]))),
    Mistake("example-for-word",
            "Row n of `W` is used for example n. The row is that of the word, `x[n, t]`.",
            out=lambda q: np.broadcast_to(q.W[np.arange(len(q.x))][:, None],
                                          (*q.x.shape, q.W.shape[1]))),
    Mistake("null-is-zero",
            "Word 0 gets zeros. `<NULL>` has a vector like every word; that padding does not count "
            "is the matter of the loss and its mask.",
            out=lambda q: q.W[q.x] * (q.x != 0)[..., None]),
    Mistake("times-index",
            "The vectors are multiplied by the word numbers. A word number says which row to take, "
            "nothing more.",
            out=lambda q: q.W[q.x] * q.x[..., None]),
    Mistake("product-with-numbers",
            "The word numbers are multiplied with `W` as if they were features. A word number says "
            "which row of `W` to take.",
            out=lambda q: q.x @ q.W),
    Mistake("scaled",
            "The vectors are multiplied by the square root of D (as a Transformer does). They are "
            "rows of `W` as they are.",
            out=lambda q: q.W[q.x] * np.sqrt(q.W.shape[1])),
    Mistake("normalised",
            "The vectors are scaled to length 1. They are rows of `W` as they are.",
            out=lambda q: q.W[q.x] / np.linalg.norm(q.W[q.x], axis=-1, keepdims=True)),
    Mistake("tanh", "The vectors go through a tanh. They are rows of `W` as they are.",
            out=lambda q: np.tanh(q.W[q.x])),
    Mistake("reversed",
            "The words of each caption are in reverse order.",
            out=lambda q: q.W[q.x[:, ::-1]]),
    Mistake("integers",
            "The vectors pass through an array of integers (`np.zeros_like(x)`, say), which cuts "
            "off everything behind the decimal point: make it with the dtype of `W`.",
            out=lambda q: np.trunc(q.W[q.x])),
]

FORWARD = Exercise(
    "word_embedding_forward",
    notebook=NOTEBOOK,
    shapes={"x": "N T", "W": "V D", "out": "N T D"},
    arguments=["x", "W"],
    outputs=["out"],
    cache=True,
    equations=Forward,
    reference=layers.word_embedding_forward,
    mistakes=FORWARD_MISTAKES,
    cases=cases,
)


class Backward(Forward):
    PLACES = {"dW": "which rows of `dW` receive which part of `dout`"}

    def V(q):
        return len(q.W)

    def dW(q):
        dW = np.zeros((q.V, q.W.shape[1]))
        np.add.at(dW, q.x, q.dout)
        return dW


def assigned(q):
    dW = np.zeros_like(q.W)
    dW[q.x] = q.dout
    return dW


def assigned_rows(q, n):
    dW = np.zeros_like(q.W)
    dW[q.x[n]] = q.dout[n]
    return dW


def assigned_columns(q, t):
    dW = np.zeros_like(q.W)
    dW[q.x[:, t]] = q.dout[:, t]
    return dW


def added(q, x=None, dout=None, start=0):
    """The gradients of all occurrences added up, on top of `start`."""
    dW = np.zeros_like(q.W) + start
    np.add.at(dW, q.x if x is None else x, q.dout if dout is None else dout)
    return dW


def first_kept(q):
    """Of a word's gradients the one of its first occurrence."""
    dW = np.zeros_like(q.W)
    dW[q.x.reshape(-1)[::-1]] = q.dout.reshape(-1, q.dout.shape[-1])[::-1]
    return dW


def counts(q):
    """How often each word occurs (V, 1)."""
    return np.bincount(q.x.reshape(-1), minlength=q.V)[:, None]


BACKWARD_MISTAKES = [
    Mistake("repeated-words-once",
            "A word that occurs more than once keeps only one of its gradients. `dW[x] = dout` and "
            "`dW[x] += dout` write each row once, so the gradients of repeated words are lost; "
            "those of all occurrences have to be added up (`np.add.at`, or a loop over all words).",
            dW=assigned),
    Mistake("first-occurrence-only",
            "A word that occurs more than once keeps only the gradient of its first occurrence. "
            "Those of all occurrences have to be added up.",
            dW=first_kept),
    Mistake("averaged-over-occurrences",
            "The gradients of a repeated word are averaged. They have to be added up: each "
            "occurrence acts on the loss.",
            dW=lambda q: q.usual.dW / np.maximum(counts(q), 1)),
    Mistake("averaged-over-examples",
            "`dW` is divided by N. If the loss is an average over the examples, `dout` has the "
            "1 / N already.",
            dW=lambda q: q.usual.dW / len(q.x)),
    Mistake("averaged-over-words",
            "`dW` is divided by N * T, the number of words. If the loss is an average, `dout` has "
            "the factor already.",
            dW=lambda q: q.usual.dW / q.x.size),
    Mistake("averaged-over-time",
            "`dW` is divided by T. The gradients of the time steps add up.",
            dW=lambda q: q.usual.dW / q.x.shape[1]),
    Mistake("repeated-within-caption",
            "A word that occurs more than once in a caption counts only once there (`dW[x[n]] += "
            "dout[n]` writes each row once). All occurrences have to be added up.",
            dW=lambda q: sum(assigned_rows(q, n) for n in range(len(q.x)))),
    Mistake("repeated-within-time-step",
            "A word that occurs in more than one caption at the same time step counts only once "
            "there (`dW[x[:, t]] += dout[:, t]` writes each row once). All occurrences have to be "
            "added up.",
            dW=lambda q: sum(assigned_columns(q, t) for t in range(q.x.shape[1]))),
    Mistake("last-caption-only",
            "`dW` has the gradients of the last caption only: it is made anew in each round.",
            dW=lambda q: added(q, q.x[-1:], q.dout[-1:])),
    Mistake("first-caption-only",
            "`dW` has the gradients of the first caption only. Those of all words of all captions "
            "add up.",
            dW=lambda q: added(q, q.x[:1], q.dout[:1])),
    Mistake("last-time-step-only",
            "`dW` has the gradients of the last time step only. Those of all time steps add up.",
            dW=lambda q: added(q, q.x[:, -1:], q.dout[:, -1:])),
    Mistake("first-time-step-only",
            "`dW` has the gradients of the first time step only. Those of all time steps add up.",
            dW=lambda q: added(q, q.x[:, :1], q.dout[:, :1])),
    Mistake("last-time-step-missing",
            "`dW` misses the gradients of the last time step. There are T of them.",
            dW=lambda q: added(q, q.x[:, :-1], q.dout[:, :-1])),
    Mistake("first-time-step-missing",
            "`dW` misses the gradients of the first time step. There are T of them.",
            dW=lambda q: added(q, q.x[:, 1:], q.dout[:, 1:])),
    Mistake("axes-mixed",
            "Words and gradients don't belong together: one is in the order (N, T), the other in "
            "the order (T, N). Word `x[n, t]` receives `dout[n, t]`.",
            dW=lambda q: added(q, q.x.T.reshape(-1), q.dout.reshape(-1, q.dout.shape[-1]))),
    Mistake("starts-from-W",
            "The gradients are added onto `W` itself (a copy of it). `dW` starts from zeros.",
            dW=lambda q: added(q, start=q.W)),
    Mistake("starts-from-ones",
            "The gradients are added onto ones. `dW` starts from zeros.",
            dW=lambda q: added(q, start=1)),
    Mistake("negative",
            "`dW` has the wrong sign: the gradients are subtracted. They are added.",
            dW=lambda q: -q.usual.dW),
    Mistake("counts",
            "`dW` counts how often a word occurs. It has to add up the gradients `dout` of the "
            "occurrences.",
            dW=lambda q: counts(q) * np.ones_like(q.W)),
    Mistake("times-W",
            "The gradients are multiplied by `W`. A lookup copies a row, so its gradient is `dout` "
            "as it is.",
            dW=lambda q: q.usual.dW * q.W),
    Mistake("times-count",
            "The gradients of a word are multiplied by how often it occurs (added up more than "
            "once). Each occurrence adds its gradient once.",
            dW=lambda q: q.usual.dW * counts(q)),
    Mistake("assigned-times-count",
            "One gradient of a word is multiplied by the number of its occurrences. Each "
            "occurrence has a gradient of its own; they are added up.",
            dW=lambda q: assigned(q) * counts(q)),
    Mistake("null-left-out",
            "Word 0 gets no gradient. `<NULL>` is a word like every other here; that padding does "
            "not count is the matter of the mask, which has made `dout` zero where needed.",
            dW=lambda q: q.usual.dW * (np.arange(q.V) > 0)[:, None]),
    Mistake("too-few-rows",
            "`dW` has as many rows as the largest word number in `x` asks for (`x.max() + 1`). It "
            "has the shape of `W` (V, D): keep that shape in the cache.",
            dW=lambda q: q.usual.dW[: q.x.max() + 1]),
    Mistake("transposed",
            "`dW` is transposed, shape (D, V). It has the shape of `W`, (V, D).",
            dW=lambda q: q.usual.dW.T),
    Mistake("reversed",
            "The words of each caption are matched with the gradients in reverse order.",
            dW=lambda q: added(q, q.x[:, ::-1])),
    Mistake("row-of-example",
            "The gradients are added to row n, the number of the example. They belong to the row "
            "of the word, `x[n, t]`.",
            dW=lambda q: added(q, np.repeat(np.arange(len(q.x))[:, None] % q.V, q.x.shape[1], 1))),
    Mistake("row-of-time-step",
            "The gradients are added to row t, the number of the time step. They belong to the "
            "row of the word, `x[n, t]`.",
            dW=lambda q: added(q, np.repeat(np.arange(q.x.shape[1])[None] % q.V, len(q.x), 0))),
    Mistake("one-row-late",
            "The gradients of word v are in row v + 1: an index is off by one.",
            dW=lambda q: np.roll(q.usual.dW, 1, axis=0)),
    Mistake("one-row-early",
            "The gradients of word v are in row v - 1: an index is off by one.",
            dW=lambda q: np.roll(q.usual.dW, -1, axis=0)),
    Mistake("gradients-looked-up",
            "`dout` itself is returned, shape (N, T, D). The gradients have to be gathered in the "
            "rows of their words, in an array of the shape of `W` (V, D).",
            dW=lambda q: q.dout),
    Mistake("summed-over-vector",
            "The gradients are summed over the D axis, so all numbers of a row are the same.",
            dW=lambda q: np.repeat(q.usual.dW.sum(axis=1, keepdims=True), q.W.shape[1], axis=1)),
    Mistake("integers",
            "The gradients pass through an array of integers (`np.zeros_like(x)`, say), which cuts "
            "off everything behind the decimal point.",
            dW=lambda q: added(q, dout=np.trunc(q.dout))),
    Mistake("sum-cut-to-integers",
            "`dW` passes through an array of integers, which cuts off everything behind the "
            "decimal point.",
            dW=lambda q: np.trunc(q.usual.dW)),
]


BACKWARD = BackwardExercise(
    "word_embedding_backward",
    notebook=NOTEBOOK,
    forward=FORWARD,
    gradients=["dout"],
    needs=["x"],
    shapes={"dout": "N T D", "dW": "V D"},
    outputs=["dW"],
    equations=Backward,
    reference=layers.word_embedding_backward,
    mistakes=BACKWARD_MISTAKES,
    cases=cases,
)

EXERCISES = [FORWARD, BACKWARD]
