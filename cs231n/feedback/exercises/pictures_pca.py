"""The exercises of Picture_Features on PCA: `pca_fit` and `pca_apply`."""

import numpy as np

from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.compare import as_numbers, same
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.exercises.pictures import NOTEBOOK, reference
from cs231n.feedback.recipe import Equations, Mistake

# ---- pca_fit ------------------------------------------------------------------------------------


def fit_cases():
    rng = np.random.RandomState(5)

    def case(label, N=12, D=5, K=3, dtype=np.float64):
        spread = 1.6 ** np.arange(D)[::-1]  # far enough apart that the order is clear
        mixed = np.linalg.qr(rng.randn(D, D))[0]
        x = (rng.randn(N, D) * spread) @ mixed + 2 * rng.randn(D)
        return Case(label, {"x": x.astype(dtype), "num_components": K},
                    {"N": N, "D": D, "K": K}, dtype)

    return [
        case(""),
        case("as many directions as numbers in a row (K = D)", N=9, D=4, K=4),
        case("fewer rows than numbers in a row (N < D)", N=5, D=7, K=3),
        case("one direction only (K = 1)", K=1),
        case(SQUARE, N=4, D=4, K=3),
        case("float32 arguments", dtype=np.float32),
    ]


class Fit(Equations):
    PLACES = {"mean": "the mean", "centred": "what is decomposed",
              "chosen": "which directions are taken", "vectors": "where the directions come from",
              "directions": "what is returned as `directions`",
              "variances": "how the variances come from the singular values"}

    def mean(q):
        return q.x.mean(axis=0)

    def centred(q):
        return q.x - q.x.mean(axis=0)

    def parts(q):
        return np.linalg.svd(q.centred, full_matrices=False)

    def chosen(q):  # as a slice
        return slice(0, q.num_components)

    def vectors(q):  # one a column
        return q.parts[2].T

    def directions(q):
        return q.vectors[:, q.chosen]

    def s(q):
        return q.parts[1][q.chosen]

    def variances(q):
        return q.s**2 / len(q.x)


def from_the_end(q):
    """The last directions, the weakest first, as `eigh` gives them."""
    return slice(None, -q.num_components - 1, -1)


FIT_MISTAKES = [
    Mistake("mean-not-subtracted",
            "The mean is not subtracted before the decomposition. So the first direction points "
            "to where the data *are*, and not to where they differ.",
            centred=lambda q: q.x),
    Mistake("mean-along-the-wrong-axis",
            "The mean is taken along axis 1: the mean of each row (N,). The mean row is wanted, "
            "(D,): along axis 0.",
            mean=lambda q: q.x.mean(axis=1),
            centred=lambda q: q.x - q.x.mean(axis=1, keepdims=True)),
    Mistake("row-means-subtracted",
            "From each row its own mean is subtracted. What is subtracted is the mean row, the "
            "same from all.",
            centred=lambda q: q.x - q.x.mean(axis=1, keepdims=True)),
    Mistake("mean-of-all-numbers",
            "The mean of all numbers is taken, one number (`mean()` without an axis). Each column "
            "has a mean of its own: along axis 0.",
            mean=lambda q: q.x.mean(), centred=lambda q: q.x - q.x.mean()),
    Mistake("mean-of-what-is-left",
            "`mean` is zero: it is taken after the mean was subtracted. Return the one from "
            "before.",
            mean=lambda q: q.usual.centred.mean(axis=0)),
    Mistake("median",
            "The median is taken in place of the mean.",
            mean=lambda q: np.median(q.x, axis=0),
            centred=lambda q: q.x - np.median(q.x, axis=0)),
    Mistake("standardised",
            "Each column is divided by its standard deviation. Then a number that hardly differs "
            "weighs as much as one that differs a lot; only the mean is subtracted.",
            centred=lambda q: q.usual.centred / q.usual.centred.std(axis=0)),
    Mistake("rows-normalised",
            "Each row is divided by its length. Only the mean is subtracted.",
            centred=lambda q: q.usual.centred
            / np.linalg.norm(q.usual.centred, axis=1, keepdims=True)),
    # Which matrix, and how it lies
    Mistake("directions-as-rows",
            "The directions are the rows of `directions`, (K, D). They have to be its columns, "
            "(D, K), so that `x @ directions` fits.",
            directions=lambda q: q.usual.directions.T),
    Mistake("columns-of-Vt",
            "The first columns of `Vt` are taken. The directions are its *rows*: take the first K "
            "rows, and transpose.",
            vectors=lambda q: q.parts[2]),
    Mistake("U-for-V",
            "The first factor of the decomposition, `U`, is taken. It has one row for each row of "
            "the data. The directions are in the last factor, which has D numbers each.",
            vectors=lambda q: q.parts[0]),
    Mistake("projections-for-directions",
            "`directions` holds where the rows lie along the directions, `U * s`, (N, K). The "
            "directions themselves are asked for, (D, K).",
            directions=lambda q: (q.parts[0] * q.parts[1])[:, q.chosen]),
    Mistake("whitened",
            "The directions are divided by the standard deviation along them, so that the data "
            "will vary as much along each (\"whitened\"). They have length 1.",
            directions=lambda q: q.usual.directions / np.sqrt(q.usual.variances)),
    Mistake("divided-by-singular-values",
            "The directions are divided by their singular values. They have length 1, as `svd` "
            "gives them.",
            directions=lambda q: q.usual.directions / q.s),
    Mistake("times-singular-values",
            "The directions are multiplied by their singular values. They have length 1, as `svd` "
            "gives them.",
            directions=lambda q: q.usual.directions * q.s),
    Mistake("all-directions",
            "All directions are returned: `num_components` is ignored. The first K are wanted.",
            chosen=lambda q: slice(None)),
    # Which ones
    Mistake("weakest-first",
            "The directions along which the rows differ *least* are returned, the weakest first: "
            "they come from the wrong end. (`eigh` sorts from small to large, `svd` from large to "
            "small.)",
            chosen=from_the_end),
    Mistake("last-directions",
            "The last K directions are returned, those along which the rows differ least.",
            chosen=lambda q: slice(len(q.parts[1]) - q.num_components, None)),
    Mistake("order-reversed",
            "The right directions are returned, but in reverse order: the weakest of them comes "
            "first. The one along which the rows differ most comes first.",
            directions=lambda q: q.usual.directions[:, ::-1],
            variances=lambda q: q.usual.variances[::-1]),
    Mistake("order-of-directions-reversed",
            "The directions are in reverse order, the variances are not.",
            directions=lambda q: q.usual.directions[:, ::-1]),
    Mistake("first-left-out",
            "The first direction is left out: counting begins at 0.",
            chosen=lambda q: slice(1, q.num_components + 1)),
    Mistake("one-too-few",
            "The last of the K directions is left out.",
            chosen=lambda q: slice(0, q.num_components - 1)),
    # The variances
    Mistake("singular-values-for-variances",
            "`variances` holds the singular values as they are. A variance is a mean of *squares*: "
            "square them, and divide by the number of rows.",
            variances=lambda q: q.s),
    Mistake("not-divided-by-rows",
            "The squares of the singular values are sums over all rows. A variance is a mean: "
            "divide by the number of rows.",
            variances=lambda q: q.s**2),
    Mistake("not-squared",
            "The singular values are divided by the number of rows, but not squared.",
            variances=lambda q: q.s / len(q.x)),
    Mistake("divided-by-rows-minus-one",
            "The variances are divided by N - 1, as `np.cov` does if nothing else is said. Here "
            "they are the mean of squares: divided by N.",
            variances=lambda q: q.s**2 / (len(q.x) - 1)),
    Mistake("divided-by-columns",
            "The squares are divided by D, the length of a row. They are sums over the N rows: "
            "divide by that.",
            variances=lambda q: q.s**2 / q.x.shape[1]),
    Mistake("deviations-for-variances",
            "`variances` holds standard deviations: the root is one too many.",
            variances=lambda q: np.sqrt(q.usual.variances)),
    Mistake("shares-for-variances",
            "`variances` holds shares of the whole variance, which add up to 1 (or less). The "
            "variances themselves are asked for.",
            variances=lambda q: q.s**2 / np.sum(q.parts[1] ** 2)),
    Mistake("variances-of-the-columns",
            "`variances` is how much the columns of `x` differ. How much the rows differ *along "
            "the directions* is asked for.",
            variances=lambda q: q.x.var(axis=0)),
]


class FitExercise(Exercise):
    """A direction may point either way, so each is turned towards the right one first."""

    def alike(self, got, other, name, tolerance=1e-6):
        if name == "directions":
            got = turned(got, other)
        return same(got, other, tolerance)

    def right(self, attempt, case):
        right = super().right(attempt, case)
        expected = self.expected(case)["directions"]
        got = attempt.outputs["directions"]
        if isinstance(got, np.ndarray) and got.dtype.kind == "f":
            right["directions"] = self.alike(got, expected, "directions", case.tolerance)
        return right

    def narrow(self, case, name, got, right):
        if name == "directions":
            got = turned(got, self.expected(case)[name])
        return super().narrow(case, name, got, right)


def turned(got, other):
    """Directions (one a column), each with the sign that brings it nearer to another one."""
    numbers = as_numbers(got)
    if numbers is None or numbers.ndim != 2 or numbers.shape != np.shape(other):
        return got
    return got * np.where(np.sum(numbers * other, axis=0) < 0, -1, 1).astype(got.dtype)


FIT = FitExercise(
    "pca_fit",
    notebook=NOTEBOOK,
    shapes={"x": "N D", "mean": "D", "directions": "D K", "variances": "K"},
    arguments=["x", "num_components"],
    outputs=["mean", "directions", "variances"],
    equations=Fit,
    reference=reference.pca_fit,
    mistakes=FIT_MISTAKES,
    cases=fit_cases,
    advice=[("broadcast", "The mean row has shape (D,), and `x` (N, D): NumPy subtracts it from "
             "every row. Along which axis is the mean taken?")],
)


# ---- pca_apply ----------------------------------------------------------------------------------

def apply_cases():
    rng = np.random.RandomState(6)

    def case(label, N=6, D=5, K=3, dtype=np.float64):
        given = {"x": rng.randn(N, D) + 2, "mean": rng.randn(D) + 1,
                 "directions": np.linalg.qr(rng.randn(D, D))[0][:, :K]}
        return Case(label, {name: value.astype(dtype) for name, value in given.items()},
                    {"N": N, "D": D, "K": K}, dtype)

    return [
        case(""),
        case("one row only (N = 1)", N=1),
        case("one direction only (K = 1)", K=1),
        case(SQUARE, N=4, D=4, K=4),
        case("float32 arguments", dtype=np.float32),
    ]


class Apply(Equations):
    PLACES = {"centred": "what is subtracted", "axes": "the directions",
              "projected": "what comes after the product"}

    def centred(q):
        return q.x - q.mean

    def axes(q):
        return q.directions

    def projected(q):
        return q.centred @ q.axes


APPLY_MISTAKES = [
    Mistake("mean-not-subtracted",
            "The mean is not subtracted. A PCA measures from the mean row.",
            centred=lambda q: q.x),
    Mistake("mean-added",
            "The mean is added. It is subtracted.",
            centred=lambda q: q.x + q.mean),
    Mistake("mean-of-the-new-data",
            "The mean of *these* rows is subtracted. It is that of the data on which the PCA was "
            "fitted, the argument `mean`: else the same picture would get other features in other "
            "company.",
            centred=lambda q: q.x - q.x.mean(axis=0)),
    Mistake("mean-of-each-row",
            "From each row its own mean is subtracted. What is subtracted is the argument `mean`, "
            "the same from all rows.",
            centred=lambda q: q.x - q.x.mean(axis=1, keepdims=True)),
    Mistake("mean-twice",
            "The mean is subtracted twice.",
            centred=lambda q: q.x - 2 * q.mean),
    Mistake("mean-of-the-mean",
            "One number is subtracted, the mean of `mean`. Subtract the whole row.",
            centred=lambda q: q.x - q.mean.mean()),
    Mistake("mean-subtracted-last",
            "The mean is subtracted after the product. It belongs to `x`: subtract it before.",
            projected=lambda q: q.x @ q.axes - q.mean),
    Mistake("mean-subtracted-from",
            "`x` is subtracted from the mean, so every sign is turned.",
            centred=lambda q: q.mean - q.x),
    Mistake("directions-transposed",
            "`directions` is transposed. Its columns are the directions, (D, K), so "
            "`(N, D) @ (D, K)` fits as it stands.",
            axes=lambda q: q.directions.T),
    Mistake("factors-swapped",
            "The factors are swapped. The descriptions are rows, (N, D): they come first.",
            projected=lambda q: q.axes @ q.centred),
    Mistake("out-transposed",
            "The result is transposed, (K, N). A description is a row: (N, K).",
            projected=lambda q: q.usual.projected.T),
    Mistake("whitened",
            "Each column is divided by its standard deviation (\"whitened\"). That is another "
            "step, which is not asked for: it makes noise as large as what matters.",
            projected=lambda q: q.usual.projected / q.usual.projected.std(axis=0)),
    Mistake("rows-normalised",
            "Each row is divided by its length. How far a picture is from the mean would be lost.",
            projected=lambda q: q.usual.projected
            / np.linalg.norm(q.usual.projected, axis=1, keepdims=True)),
    Mistake("and-back-again",
            "The result is multiplied by `directions.T` as well: that leads back to D numbers. "
            "The K numbers are asked for.",
            projected=lambda q: q.usual.projected @ q.axes.T),
    Mistake("and-back-again-with-the-mean",
            "The result is led back to D numbers, and the mean added again: the description, as "
            "far as K numbers hold it. The K numbers themselves are asked for.",
            projected=lambda q: q.usual.projected @ q.axes.T + q.mean),
    Mistake("absolute",
            "The sign is dropped (`abs`). A picture may lie on either side of the mean.",
            projected=lambda q: np.abs(q.usual.projected)),
    Mistake("first-direction-only",
            "Only the first direction is used. There is a number for each of the K.",
            axes=lambda q: q.directions[:, :1]),
    Mistake("elementwise",
            "`*` multiplies number by number. A matrix product is needed, which adds up along the "
            "D numbers of a row.",
            projected=lambda q: q.centred * q.axes),
]
APPLY = Exercise(
    "pca_apply",
    notebook=NOTEBOOK,
    shapes={"x": "N D", "mean": "D", "directions": "D K", "projected": "N K"},
    arguments=["x", "mean", "directions"],
    outputs=["projected"],
    equations=Apply,
    reference=reference.pca_apply,
    mistakes=APPLY_MISTAKES,
    cases=apply_cases,
    advice=[("matmul|not aligned|mismatch",
             "The product does not fit. `x` is (N, D) and `directions` (D, K), one direction a "
             "column: which product gives (N, K)?")],
)

EXERCISES = [FIT, APPLY]
