"""The optional exercise `orthogonal`: many results are right, so a property is what is checked."""

import inspect

import numpy as np

from cs231n import more_cells
from cs231n.feedback.cases import Case
from cs231n.feedback.compare import same, wrong_kind
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.outcomes import Wrong
from cs231n.feedback.recipe import Mistake
from cs231n.feedback.reference import private_copy

_cells = private_copy(more_cells)


def cases():
    def case(label, H, scale=1.0, dtype=np.float64):
        matrix = scale * np.random.RandomState(H).randn(H, H)
        return Case(label, {"matrix": matrix.astype(dtype)}, {"H": H}, dtype)

    return [case("", 5), case("a matrix of one number (H = 1)", 1), case("H = 32", 32),
            case("large numbers (up to about 1000)", 6, scale=300),
            case("a float32 argument", 5, dtype=np.float32)]


def lengths(matrix):
    return np.linalg.norm(matrix, axis=0)


MISTAKES = [
    Mistake("unchanged",
            "The matrix is returned as it is. Its columns have other lengths than 1, and do not "
            "stand at right angles.",
            Q=lambda q: q.matrix.copy()),
    Mistake("triangle",
            "This is the other factor of the decomposition, the triangular one. The orthogonal one "
            "is asked for.",
            Q=lambda q: np.linalg.qr(q.matrix)[1]),
    Mistake("lengths-only",
            "The columns have length 1, but they do not stand at right angles to each other.",
            Q=lambda q: q.matrix / lengths(q.matrix)),
    Mistake("rows-only",
            "The rows have length 1, but they do not stand at right angles to each other.",
            Q=lambda q: q.matrix / np.linalg.norm(q.matrix, axis=1, keepdims=True)),
    Mistake("largest-singular-value",
            "The matrix is divided by its largest singular value. Then no vector gets longer, but "
            "nearly all get shorter; every singular value has to be 1.",
            Q=lambda q: q.matrix / np.linalg.norm(q.matrix, 2)),
    Mistake("norm",
            "The matrix is divided by the length of all its entries together. Its columns have to "
            "have length 1 and stand at right angles.",
            Q=lambda q: q.matrix / np.linalg.norm(q.matrix)),
    Mistake("symmetric",
            "This is the symmetric part of the matrix, `(A + A.T) / 2`, which is not orthogonal.",
            Q=lambda q: (q.matrix + q.matrix.T) / 2),
]


class OrthogonalExercise(Exercise):
    """Any orthogonal matrix is right, if another matrix gives another one."""

    def right(self, attempt, case):
        got, expected = attempt.outputs["Q"], self.expected(case)["Q"]
        if wrong_kind(got, expected) or np.shape(got) != expected.shape:
            return {"Q": False}
        square = np.asarray(got, dtype=np.float64)
        return {"Q": same(square.T @ square, np.eye(len(square)), case.tolerance)}

    def narrow(self, case, name, got, right):
        if np.shape(got) != self.expected(case)["Q"].shape or wrong_kind(got, np.ones((1, 1))):
            return super().narrow(case, name, got, right)
        square = np.asarray(got, dtype=np.float64)
        products = square.T @ square
        if same(products, np.diag(np.diag(products)), case.tolerance):
            return ("The columns of Q stand at right angles to each other, but their lengths are "
                    "not 1. Divide each column by its length.")
        worst = np.abs(square.T @ square - np.eye(len(square))).max()
        return ("The result Q is not orthogonal: `Q.T @ Q` has to be the identity matrix, and "
                f"differs from it by up to {worst:.2g}.")

    def examine_more(self, function, cases):
        """Two matrices of one size."""
        first = cases[0]
        other = Case("", {"matrix": first.given["matrix"][::-1] ** 3}, first.sizes)
        results = [self.attempt(function, case).outputs["Q"] for case in (first, other)]
        if same(results[0], results[1], 1e-6):
            raise Wrong("Another matrix gives the same result. The orthogonal matrix has to be "
                        "made out of the argument: of random numbers, a random one.")
        return []


ORTHOGONAL = OrthogonalExercise(
    "orthogonal",
    notebook="LSTM_Captioning",
    shapes={"matrix": "H H", "Q": "H H"},
    arguments=["matrix"],
    outputs=["Q"],
    reference=inspect.unwrap(_cells.orthogonal),
    mistakes=MISTAKES,
    cases=cases,
    advice=[("too many values|tuple", "`np.linalg.qr` returns two matrices; only one of them is "
             "orthogonal.")],
)

EXERCISES = [ORTHOGONAL]
