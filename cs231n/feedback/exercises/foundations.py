"""The exercises of Foundations: a derivative, a matrix product, softmax, a hidden layer."""

import inspect

import numpy as np

from cs231n import foundations
from cs231n.feedback.cases import LARGE, ORDINARY, SQUARE, Case, shape_of
from cs231n.feedback.compare import same
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.guard import call
from cs231n.feedback.outcomes import Crash, Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Foundations"
_reference = private_copy(foundations)
for _name in _reference.__all__:  # without the checks of arguments, which cost time
    setattr(_reference, _name, inspect.unwrap(getattr(_reference, _name)))


# ---- numeric_derivative -------------------------------------------------------------------------

def cube(x):
    return x**3


def fifth_power(x):
    return x**5


def derivative_cases():
    def case(label, f, x, h):
        return Case(label, {"f": f, "x": x, "h": h}, {})

    return [
        case("", fifth_power, 1.5, 0.1),  # a wide step, so that a one-sided one shows
        case("a narrow step (h = 1e-4)", cube, 2.0, 1e-4),
        case("another function (tanh)", np.tanh, 0.5, 0.2),
        case("a falling function at a point below zero", lambda x: x**2, -1.5, 0.1),
        case("a step as wide as the point is far from zero", cube, 0.5, 0.5),
        case("a constant function", lambda x: 7.0, 1.0, 0.1),
    ]


class Derivative(Equations):
    PLACES = {"high": "the two points", "low": "the two points", "h": "the step `h`",
              "rise": "the difference of the two values",
              "width": "what the difference is divided by"}

    def high(q):
        return q.f(q.x + q.h)

    def low(q):
        return q.f(q.x - q.h)

    def rise(q):
        return q.high - q.low

    def width(q):
        return 2 * q.h

    def derivative(q):
        return q.rise / q.width


DERIVATIVE_MISTAKES = [
    Mistake("to-the-right-only",
            "The function is compared with its value at `x` itself, `h` away on one side only. "
            "That is right to about `h`; one step to each side is right to about `h**2`, because "
            "what the bend of the curve adds on one side it takes away on the other.",
            low=lambda q: q.f(q.x), width=lambda q: q.h),
    Mistake("to-the-left-only",
            "The function is compared with its value at `x` itself, `h` away on the left side "
            "only. Step to each side: the errors of both sides then cancel.",
            high=lambda q: q.f(q.x), width=lambda q: q.h),
    Mistake("x-in-place-of-the-left-point",
            "The difference is taken from `x` to one side, over `h`, and divided by `2 * h`. "
            "Between the two points that are `h` to each side lies `2 * h`.",
            low=lambda q: q.f(q.x)),
    Mistake("divided-by-h",
            "The result is twice too large: it is divided by `h`. From `x - h` to `x + h` the "
            "distance is twice that.",
            width=lambda q: q.h),
    Mistake("divided-by-two-only",
            "The difference is divided by 2 and not by the distance between the two points, which "
            "is `2 * h`.",
            width=lambda q: 2),
    Mistake("not-divided",
            "The difference of the two values is returned. How steep is a rise? Divide it by the "
            "distance over which it happened.",
            width=lambda q: 1),
    Mistake("multiplied-by-h",
            "The difference is multiplied by `h`: in `a / 2 * h` Python divides by 2 and then "
            "multiplies. Put the distance in parentheses.",
            derivative=lambda q: q.rise / 2 * q.h),
    Mistake("difference-without-parentheses",
            "Only the second value is divided, since `/` comes before `-`. Put the difference in "
            "parentheses.",
            derivative=lambda q: q.high - q.low / q.width),
    Mistake("added",
            "The two values are added. The rise is their difference.",
            rise=lambda q: q.high + q.low),
    Mistake("sign",
            "The sign is wrong: the value on the left is taken first. Where a function rises, its "
            "derivative is above zero.",
            rise=lambda q: q.low - q.high),
    Mistake("absolute",
            "The sign is lost (`abs`). Where a function falls, its derivative is below zero.",
            derivative=lambda q: abs(q.usual.derivative)),
    Mistake("h-of-its-own",
            "The step is always 1e-5: `h` is given by the caller.",
            h=lambda q: 1e-5),
    Mistake("second-value-multiplied",
            "In `a - b / 2 * h` only the second value is divided by 2, and then multiplied by `h`. "
            "Put the difference in parentheses, and the distance too.",
            derivative=lambda q: q.high - q.low / 2 * q.h),
    Mistake("second-derivative",
            "That is the second derivative, how fast the slope itself changes. The slope is the "
            "difference of the two values over the distance between the two points.",
            derivative=lambda q: (q.high - 2 * q.f(q.x) + q.low) / q.h**2),
    Mistake("half-a-step-to-each-side",
            "The points are `h / 2` to each side. `h` is how far to move to each side.",
            high=lambda q: q.f(q.x + q.h / 2), low=lambda q: q.f(q.x - q.h / 2),
            width=lambda q: q.h),
    Mistake("complex-step",
            "The step goes into the imaginary direction (`1j * h`). Asked for is the difference "
            "between a point on each side, at real numbers.",
            derivative=lambda q: np.imag(q.f(q.x + 1j * q.h)) / q.h),
    Mistake("divided-by-the-point",
            "The difference is divided by `2 * x`. It belongs over the distance between the two "
            "points, which has nothing to do with where they are.",
            width=lambda q: 2 * q.x),
    Mistake("point-multiplied",
            "The points are `x * (1 + h)` and `x * (1 - h)`. They are `x + h` and `x - h`.",
            high=lambda q: q.f(q.x * (1 + q.h)), low=lambda q: q.f(q.x * (1 - q.h))),
    Mistake("value-returned",
            "The value of the function is returned, and not how fast it changes.",
            derivative=lambda q: q.f(q.x)),
]


def five_points(f, x, h):
    """A rule that is right to about `h**4`, which some learners know."""
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


class DerivativeExercise(Exercise):
    def right(self, attempt, case):
        """A better rule is right, too."""
        finer = five_points(*(case.given[name] for name in self.arguments))
        right = super().right(attempt, case)
        return {"derivative": right["derivative"] or same(attempt.outputs["derivative"], finer)}

    def examine_more(self, function, cases):
        """`h` may be left out."""
        try:
            result = call(function, cube, 2.0)
        except Crash as crash:
            raise Wrong("Called as `numeric_derivative(f, x)`, without `h`, it fails: keep the "
                        f"signature that the exercise gives, with `h=1e-5`. {crash}") from crash
        if not abs(result - 12) < 1e-6:
            raise Wrong("Called as `numeric_derivative(f, x)`, without `h`, it is wrong: keep the "
                        "signature that the exercise gives, with `h=1e-5`.")
        return []


DERIVATIVE = DerivativeExercise(
    "numeric_derivative",
    notebook=NOTEBOOK,
    shapes={"derivative": ""},
    arguments=["f", "x", "h"],
    outputs=["derivative"],
    equations=Derivative,
    reference=_reference.numeric_derivative,
    mistakes=DERIVATIVE_MISTAKES,
    cases=derivative_cases,
)


# ---- matmul_backward ----------------------------------------------------------------------------

MATMUL_SHAPES = {"dY": "N M", "X": "N D", "W": "D M"}
MATMUL_UNUSUAL = [
    ("one example only (N = 1)", {"N": 1}, 1, np.float64),
    ("one number in and one out (D = M = 1)", {"D": 1, "M": 1}, 1, np.float64),
    (SQUARE, {"N": 4, "D": 4, "M": 4}, 1, np.float64),
    (LARGE, {}, 300, np.float64),
    ("float32 arguments", {}, 1, np.float32),
]


def matmul_cases():
    """The usual cases of a layer, with 7 columns that go out."""
    def draw(label, changed, scale, dtype):
        sizes = {**ORDINARY, "M": 7, **changed}
        rng = np.random.RandomState(len(label))
        given = {name: (scale * rng.randn(*shape_of(axes, sizes))).astype(dtype)
                 for name, axes in MATMUL_SHAPES.items()}
        return Case(label, given, sizes, dtype)

    return [draw("", {}, 1, np.float64), *(draw(*case) for case in MATMUL_UNUSUAL)]


class MatmulBackward(Equations):
    PLACES = {"dX": "the product that makes `dX`", "dW": "the product that makes `dW`"}

    def dX(q):
        return q.dY @ q.W.T

    def dW(q):
        return q.X.T @ q.dY


MATMUL_MISTAKES = [
    Mistake("W-not-transposed",
            "`dY` is multiplied by `W` as it stands. Going forward, `W` leads from D numbers to M; "
            "going back, the way from M to D is its transpose.",
            dX=lambda q: q.dY @ q.W),
    Mistake("X-not-transposed",
            "`X` is multiplied with `dY` as it stands. The sum in `dW` runs over the examples, "
            "which are the rows of both: transpose `X`.",
            dW=lambda q: q.X @ q.dY),
    Mistake("dX-factors-swapped",
            "In `dX` the factors are swapped. The examples are rows: `dY` (N, M) comes first.",
            dX=lambda q: q.W.T @ q.dY),
    Mistake("dW-factors-swapped",
            "In `dW` the factors are swapped: `dY` stands before the transpose of `X`. `dW` has "
            "the shape of `W`, (D, M), so what has D comes first.",
            dW=lambda q: q.dY @ q.X.T),
    Mistake("dX-transposed",
            "`dX` is transposed, (D, N). A gradient has the shape of what it belongs to: (N, D).",
            dX=lambda q: q.W @ q.dY.T),
    Mistake("dW-transposed",
            "`dW` is transposed, (M, D). A gradient has the shape of what it belongs to: (D, M).",
            dW=lambda q: q.dY.T @ q.X),
    Mistake("arriving-gradient-missing-in-dX",
            "In `dX` the gradient that arrives, `dY`, is left out (as if it were all ones). The "
            "chain rule multiplies with it.",
            dX=lambda q: np.ones_like(q.dY) @ q.W.T),
    Mistake("arriving-gradient-missing-in-dW",
            "In `dW` the gradient that arrives, `dY`, is left out (as if it were all ones). The "
            "chain rule multiplies with it.",
            dW=lambda q: q.X.T @ np.ones_like(q.dY)),
    Mistake("dW-averaged",
            "`dW` is divided by the number of examples. The product uses `W` for each example, so "
            "the gradients of all examples add up; an average, if any, is part of the loss.",
            dW=lambda q: q.usual.dW / len(q.X)),
    Mistake("dX-averaged",
            "`dX` is divided by the number of examples. An average, if any, is part of the loss.",
            dX=lambda q: q.usual.dX / len(q.X)),
    Mistake("first-example-only",
            "`dW` holds the part of the first example only. All examples use `W`: their parts add "
            "up.",
            dW=lambda q: np.outer(q.X[0], q.dY[0])),
    Mistake("last-example-only",
            "`dW` holds the part of the last example only: each one overwrites the one before. All "
            "examples use `W`: their parts add up (`+=`).",
            dW=lambda q: np.outer(q.X[-1], q.dY[-1])),
    Mistake("dX-negative", "`dX` has the wrong sign: nothing in a product changes it.",
            dX=lambda q: -q.usual.dX),
    Mistake("dW-negative", "`dW` has the wrong sign: nothing in a product changes it.",
            dW=lambda q: -q.usual.dW),
    Mistake("through-the-product-again",
            "`dX` starts from `X @ W`, the result of the forward pass. It starts from `dY`, the "
            "gradient that arrives.",
            dX=lambda q: q.X @ q.W @ q.W.T),
    Mistake("dW-of-the-product",
            "`dW` is made of `X @ W`, the result of the forward pass. It is made of `dY`, the "
            "gradient that arrives.",
            dW=lambda q: q.X.T @ (q.X @ q.W)),
    Mistake("dX-zero", "`dX` is all zeros: it is never computed.",
            dX=lambda q: np.zeros_like(q.X)),
    Mistake("dW-zero", "`dW` is all zeros: it is never computed.",
            dW=lambda q: np.zeros_like(q.W)),
]

MATMUL = Exercise(
    "matmul_backward",
    notebook=NOTEBOOK,
    shapes={**MATMUL_SHAPES, "dX": "N D", "dW": "D M"},
    arguments=["dY", "X", "W"],
    outputs=["dX", "dW"],
    equations=MatmulBackward,
    reference=_reference.matmul_backward,
    mistakes=MATMUL_MISTAKES,
    cases=matmul_cases,
    advice=[("matmul|not aligned|mismatch",
             "A product does not fit: one factor has to be transposed (`.T`). Write the shapes "
             "down, `dY` (N, M), `X` (N, D), `W` (D, M), and look for the product that gives "
             "(N, D), and for the one that gives (D, M).")],
)


# ---- softmax_loss -------------------------------------------------------------------------------

def softmax_cases():
    rng = np.random.RandomState(4)

    def case(label, N, C, scale=1.0, dtype=np.float64, y=None):
        scores = (scale * rng.randn(N, C)).astype(dtype)
        y = rng.randint(C, size=N) if y is None else np.array(y)
        return Case(label, {"scores": scores, "y": y}, {"N": N, "C": C}, dtype)

    return [
        case("", 5, 3, scale=2.0, y=[2, 0, 2, 1, 0]),
        case("one example only (N = 1)", 1, 4),
        case("two classes", 6, 2),
        case("more classes than examples", 3, 7, scale=2.0),
        case(SQUARE, 4, 4),
        case("scores of up to 1000", 5, 3, scale=400.0, y=[0, 1, 1, 2, 0]),
        case("float32 arguments", 5, 3, dtype=np.float32),
    ]


def log_softmax(scores, axis=1):
    shifted = scores - scores.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


class Softmax(Equations):
    PLACES = {"log_p": "the softmax", "p": "the softmax", "losses": "the loss of each example",
              "loss": "how the losses of the examples become one", "dscores": "`dscores`"}

    def N(q):
        return len(q.scores)

    def rows(q):
        return np.arange(len(q.scores))

    def log_p(q):
        return log_softmax(q.scores)

    def p(q):
        return np.exp(q.log_p)

    def losses(q):
        return -q.log_p[q.rows, q.y]

    def loss(q):
        return q.losses.mean()

    def right(q):  # 1 for the right class of each example, 0 elsewhere
        right = np.zeros_like(q.scores)
        right[q.rows, q.y] = 1
        return right

    def dscores(q):
        return (q.p - q.right) / q.N


def without_shift(q):
    e = np.exp(q.scores)
    return e / e.sum(axis=1, keepdims=True)


def right_columns(q):
    """What `p[:, y] -= 1` takes away: 1 in each column that is the right class of somebody."""
    right = np.zeros_like(q.scores)
    right[:, q.y] = 1
    return right


def slope_of_log(q):
    """The gradient with respect to the probabilities: -1 / p at the right class."""
    return -q.right / q.p / q.N


SOFTMAX_MISTAKES = [
    Mistake("loss-negative",
            "The loss has the wrong sign. The logarithm of a probability is below zero; the loss "
            "is minus that.",
            loss=lambda q: -q.usual.loss),
    Mistake("loss-summed",
            "The loss is the sum over the examples. It is their mean, so that it does not depend "
            "on how many there are.",
            loss=lambda q: q.losses.sum()),
    Mistake("loss-over-classes-too",
            "The loss is divided by N * C. Each example has one loss, that of its right class: "
            "divide by N.",
            loss=lambda q: q.losses.sum() / q.scores.size),
    Mistake("losses-returned",
            "The losses of all examples are returned. One number is asked for: their mean.",
            loss=lambda q: q.losses),
    Mistake("log-missing",
            "The logarithm is missing: the mean of the probabilities themselves is taken. The loss "
            "of an example is minus the logarithm of the probability of its right class.",
            losses=lambda q: -np.exp(q.log_p[q.rows, q.y])),
    Mistake("one-minus-p",
            "The loss of an example is taken as 1 minus a probability. It is minus the logarithm "
            "of the probability of the right class.",
            losses=lambda q: 1 - np.exp(q.log_p[q.rows, q.y])),
    Mistake("log-to-base-two",
            "The logarithm has base 2 (`np.log2`). The natural logarithm is `np.log`, and the "
            "gradient `p - y` goes with that one.",
            losses=lambda q: q.usual.losses / np.log(2)),
    Mistake("log-to-base-ten",
            "The logarithm has base 10 (`np.log10`). The natural logarithm is `np.log`, and the "
            "gradient `p - y` goes with that one.",
            losses=lambda q: q.usual.losses / np.log(10)),
    Mistake("scores-for-probabilities",
            "The loss is minus the mean score of the right classes: the softmax is missing. A "
            "score is no logarithm of a probability before the softmax has made the "
            "probabilities of an example add up to 1.",
            losses=lambda q: -q.scores[q.rows, q.y]),
    Mistake("all-classes",
            "The logarithms of all probabilities are added up. Only that of the right class "
            "counts.",
            losses=lambda q: -q.log_p.sum(axis=1)),
    Mistake("loss-of-columns",
            "`[:, y]` takes whole columns, one for each entry of `y`. To take one entry from each "
            "row, give the rows too: `np.arange(N)`.",
            losses=lambda q: -q.log_p[:, q.y].mean(axis=1)),
    Mistake("softmax-over-examples",
            "The softmax runs over the examples (`axis=0`): the probabilities of each class add "
            "up to 1. Those of each example, a row, have to.",
            log_p=lambda q: log_softmax(q.scores, axis=0)),
    Mistake("softmax-over-everything",
            "The softmax runs over the whole array: all probabilities of all examples add up to "
            "1. Those of each row have to: `axis=1, keepdims=True`.",
            log_p=lambda q: log_softmax(q.scores, axis=None)),
    Mistake("overflow",
            "`exp` overflows for large scores, and the result is not a number. Take the largest "
            "entry of each row away first: that changes no probability.",
            p=without_shift, log_p=lambda q: np.log(without_shift(q))),
    Mistake("log-of-zero",
            "The loss becomes infinite: a probability is so small that it is rounded to zero, and "
            "its logarithm is minus infinity. Compute the logarithm without the detour: the "
            "shifted score, minus the logarithm of the row's sum of `exp`.",
            losses=lambda q: -np.log(np.exp(q.log_p[q.rows, q.y]))),
    Mistake("gradient-not-averaged",
            "`dscores` is not divided by N. The loss is a mean over N examples, so each of them "
            "moves it by one part in N only.",
            dscores=lambda q: q.p - q.right),
    Mistake("gradient-averaged-over-classes-too",
            "`dscores` is divided by N * C. The loss is a mean over the N examples alone.",
            dscores=lambda q: (q.p - q.right) / q.scores.size),
    Mistake("gradient-without-the-right-class",
            "`dscores` holds the probabilities, divided by N. At the right class of each example "
            "a 1 has to be taken away: that is what makes its score rise.",
            dscores=lambda q: q.p / q.N),
    Mistake("gradient-negative",
            "`dscores` has the wrong sign. Where a score rises, so does the loss, except for the "
            "score of the right class.",
            dscores=lambda q: (q.right - q.p) / q.N),
    Mistake("one-added",
            "At the right class a 1 is added. It has to be taken away.",
            dscores=lambda q: (q.p + q.right) / q.N),
    Mistake("one-taken-away-everywhere",
            "A 1 is taken away from all probabilities. Only the right class of each example loses "
            "it.",
            dscores=lambda q: (q.p - 1) / q.N),
    Mistake("one-taken-away-after-dividing",
            "The probabilities are divided by N, and the 1 at the right class is not. Take it away "
            "first, and divide all of it.",
            dscores=lambda q: q.p / q.N - q.right),
    Mistake("one-taken-away-in-columns",
            "In `dscores`, `[:, y]` changes whole columns. The right class of each row is one "
            "entry: give the rows too, `np.arange(N)`.",
            dscores=lambda q: (q.p - right_columns(q)) / q.N),
    Mistake("gradient-of-the-probabilities",
            "`dscores` is the gradient with respect to the probabilities, -1 / p at the right "
            "class. It still has to go back through the softmax, and what comes out is simpler.",
            dscores=slope_of_log),
    Mistake("gradient-of-right-class-only",
            "`dscores` is zero but for the right classes. The scores of the wrong ones move the "
            "loss too: each by its probability.",
            dscores=lambda q: q.right * (q.p - 1) / q.N),
    Mistake("gradient-zero", "`dscores` is all zeros: it is never computed.",
            dscores=lambda q: np.zeros_like(q.scores)),
]

SOFTMAX = Exercise(
    "softmax_loss",
    notebook=NOTEBOOK,
    shapes={"scores": "N C", "y": "N", "loss": "", "dscores": "N C"},
    arguments=["scores", "y"],
    outputs=["loss", "dscores"],
    equations=Softmax,
    reference=_reference.softmax_loss,
    mistakes=SOFTMAX_MISTAKES,
    cases=softmax_cases,
    advice=[("broadcast", "A sum over each row has to keep its axis, or it does not fit beside the "
             "rows: `keepdims=True`.")],
)


# ---- two_layer_loss -----------------------------------------------------------------------------

TWO_LAYER_SHAPES = {"x": "N D", "y": "N", "W1": "D H", "b1": "H", "W2": "H C", "b2": "C"}


def two_layer_cases():
    rng = np.random.RandomState(5)

    def case(label, N=6, D=4, H=5, C=3, scale=1.0, dtype=np.float64):
        sizes = {"N": N, "D": D, "H": H, "C": C}
        given = {name: (scale * rng.randn(*(sizes[axis] for axis in axes.split()))).astype(dtype)
                 for name, axes in TWO_LAYER_SHAPES.items() if name != "y"}
        given["y"] = rng.randint(C, size=N)
        return Case(label, given, sizes, dtype)

    return [
        case(""),
        case("one example only (N = 1)", N=1),
        case("one hidden number (H = 1)", H=1),
        case(SQUARE, 4, 4, 4, 4),
        case("large numbers (up to about 100)", scale=30.0),
        case("float32 arguments", dtype=np.float32),
    ]


class TwoLayers(Equations):
    PLACES = {"a": "what goes into the tanh", "hidden": "the hidden values", "scores": "the scores",
              "slope": "the way back through the tanh", "dscores": "what comes back from "
              "`softmax_loss`", **{f"d{name}": f"`d{name}`" for name in ("W1", "b1", "W2", "b2")}}

    def a(q):  # what goes into tanh
        return q.x @ q.W1 + q.b1

    def hidden(q):
        return np.tanh(q.a)

    def scores(q):
        return q.hidden @ q.W2 + q.b2

    def softmax(q):
        return _reference.softmax_loss(q.scores, q.y)

    def loss(q):
        return q.softmax[0]

    def dscores(q):
        return q.softmax[1]

    def dhidden(q):
        return q.dscores @ q.W2.T

    def slope(q):  # of the tanh
        return 1 - q.hidden**2

    def da(q):
        return q.dhidden * q.slope

    def dW1(q):
        return q.x.T @ q.da

    def db1(q):
        return q.da.sum(axis=0)

    def dW2(q):
        return q.hidden.T @ q.dscores

    def db2(q):
        return q.dscores.sum(axis=0)


TWO_LAYER_MISTAKES = [
    Mistake("tanh-missing",
            "The tanh is missing, forward and backward. Without it the two layers are one: a "
            "product of two matrices is a matrix.",
            hidden=lambda q: q.a, slope=lambda q: 1),
    Mistake("tanh-missing-forward",
            "The tanh is missing in the forward pass.",
            hidden=lambda q: q.a),
    Mistake("slope-missing",
            "The gradient goes back through the tanh as if it were not there. It is multiplied by "
            "the slope of the tanh, number by number.",
            slope=lambda q: 1),
    Mistake("slope-not-squared",
            "The slope of the tanh is written 1 minus the hidden value. The hidden value is "
            "squared: 1 - tanh(a)**2.",
            slope=lambda q: 1 - q.hidden),
    Mistake("slope-of-the-sum",
            "The slope of the tanh is computed from what goes into it. In terms of `a` it is "
            "1 - tanh(a)**2: use what comes out.",
            slope=lambda q: 1 - q.a**2),
    Mistake("slope-tanh-again",
            "The slope is computed from the tanh of the hidden values, which are a tanh already.",
            slope=lambda q: 1 - np.tanh(q.hidden) ** 2),
    Mistake("sigmoid",
            "The hidden layer uses a sigmoid, forward and backward. A tanh is asked for.",
            hidden=lambda q: 1 / (1 + np.exp(-q.a)), slope=lambda q: q.hidden * (1 - q.hidden)),
    Mistake("relu",
            "The hidden layer uses a ReLU, forward and backward. A tanh is asked for.",
            hidden=lambda q: np.maximum(0, q.a), slope=lambda q: q.a > 0),
    Mistake("b1-missing", "The bias `b1` is missing in the forward pass.",
            a=lambda q: q.x @ q.W1),
    Mistake("b2-missing", "The bias `b2` is missing in the scores.",
            scores=lambda q: q.hidden @ q.W2),
    Mistake("scores-tanh",
            "The scores go through a tanh. The softmax takes them as they are.",
            scores=lambda q: np.tanh(q.usual.scores)),
    Mistake("da-for-W2",
            "`dW2` is made of what goes into the tanh. The second layer read the hidden values, "
            "so these belong into its gradient.",
            dW2=lambda q: q.a.T @ q.dscores),
    Mistake("db1-before-the-tanh",
            "`db1` is summed before the gradient has gone back through the tanh. The bias stands "
            "inside of it.",
            db1=lambda q: q.dhidden.sum(axis=0)),
    Mistake("dW1-before-the-tanh",
            "`dW1` is made before the gradient has gone back through the tanh. `W1` stands inside "
            "of it.",
            dW1=lambda q: q.x.T @ q.dhidden),
    Mistake("db1-averaged",
            "`db1` is a mean over the examples. The bias serves all examples, so their gradients "
            "add up; the mean is in `dscores` already.",
            db1=lambda q: q.usual.db1 / len(q.x)),
    Mistake("db2-averaged",
            "`db2` is a mean over the examples. The bias serves all examples, so their gradients "
            "add up; the mean is in `dscores` already.",
            db2=lambda q: q.usual.db2 / len(q.x)),
    Mistake("db1-not-summed",
            "`db1` has a row for each example. One bias serves them all: add the rows up.",
            db1=lambda q: q.da),
    Mistake("db2-not-summed",
            "`db2` has a row for each example. One bias serves them all: add the rows up.",
            db2=lambda q: q.dscores),
    Mistake("loss-zero", "The loss is 0: it is never set.", loss=lambda q: 0.0),
    Mistake("gradients-averaged-twice",
            "The gradients are divided by N once more: `softmax_loss` has done it.",
            dscores=lambda q: q.usual.dscores / len(q.x)),
    Mistake("gradients-negative", "All gradients have the wrong sign.",
            dscores=lambda q: -q.usual.dscores),
]

TWO_LAYER = Exercise(
    "two_layer_loss",
    notebook=NOTEBOOK,
    shapes={**TWO_LAYER_SHAPES, "loss": "", "dW1": "D H", "db1": "H", "dW2": "H C", "db2": "C"},
    arguments=["x", "y", "W1", "b1", "W2", "b2"],
    outputs=["loss", "dW1", "db1", "dW2", "db2"],
    equations=TwoLayers,
    reference=_reference.two_layer_loss,
    mistakes=TWO_LAYER_MISTAKES,
    cases=two_layer_cases,
    helpers=[MATMUL, SOFTMAX],
    advice=[("matmul|not aligned|mismatch|broadcast",
             "Follow the shapes. Forward: `x` (N, D), hidden values (N, H), scores (N, C). "
             "Backward the same ones, from the last to the first.")],
)

EXERCISES = [DERIVATIVE, MATMUL, SOFTMAX, TWO_LAYER]
