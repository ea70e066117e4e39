"""The exercises `word_embedding_forward` and `word_embedding_backward`."""

import numpy as np

from cs231n.feedback.diagnosis import SQUARE
from cs231n.feedback.exercise import BackwardExercise, Case, Exercise
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
    def out(q):
        return q.W[q.x]


FORWARD_MISTAKES = []

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


BACKWARD_MISTAKES = [
    Mistake("repeated-words-once",
            "A word that occurs more than once keeps only one of its gradients. `dW[x] = dout` and "
            "`dW[x] += dout` write each row once, so earlier occurrences are lost; the gradients "
            "of all occurrences have to be added up (`np.add.at`, or a loop over all words).",
            dW=assigned),
]

BACKWARD = BackwardExercise(
    "word_embedding_backward",
    notebook=NOTEBOOK,
    forward=FORWARD,
    gradients=["dout"],
    shapes={"dout": "N T D", "dW": "V D"},
    outputs=["dW"],
    equations=Backward,
    reference=layers.word_embedding_backward,
    mistakes=BACKWARD_MISTAKES,
    cases=cases,
)

EXERCISES = [FORWARD, BACKWARD]
