"""The checks of Foundations: each mistake is named, right functions pass in any style."""

import linecache

import numpy as np
import pytest

from cs231n import foundations
from cs231n.feedback import check
from cs231n.feedback.cases import Case

NAMES = foundations.__all__
EVERY_MISTAKE = [(name, mistake) for name in NAMES for mistake in check.exercises[name].mistakes]


def defined(source, **names):
    """The namespace that a text of code leaves behind."""
    space = {"np": np, **names}
    exec(source, space)
    return space


def mistaken(exercise, mistake):
    """A function that makes a mistake, as a learner would hand it in."""

    def function(*arguments):
        outputs = exercise.compute(mistake, Case("", dict(zip(exercise.arguments, arguments)), {}))
        values = tuple(outputs.values())
        return values if len(values) > 1 else values[0]

    if exercise.name == "numeric_derivative":
        return lambda f, x, h=1e-5: function(f, x, h)
    return function


@pytest.mark.parametrize("name, mistake", EVERY_MISTAKE, ids=lambda value: str(value))
def test_every_mistake_is_named(name, mistake):
    exercise = check.exercises[name]
    with np.errstate(all="ignore"):
        report = check(mistaken(exercise, mistake), name)
    assert report.state == "wrong"
    assert [m.name for m in exercise.mistakes if m.sentence in report.hints] == [mistake.name]


RIGHT = {
    "named differently": '''
def numeric_derivative(f, x, h=1e-5):
    left, right = x - h, x + h
    return (f(right) - f(left)) / (right - left)

def matmul_backward(dY, X, W):
    return [np.einsum("nm,dm->nd", dY, W), np.tensordot(X, dY, (0, 0))]

def softmax_loss(scores, y):
    N = scores.shape[0]
    z = scores - np.max(scores, axis=1).reshape(N, 1)
    total = np.log(np.sum(np.exp(z), axis=1))
    loss = sum(total[n] - z[n, y[n]] for n in range(N)) / N
    one_hot = np.eye(scores.shape[1])[y]
    return loss, (np.exp(z - total[:, None]) - one_hot) / N

def two_layer_loss(x, y, W1, b1, W2, b2):
    h = np.tanh(x.dot(W1) + b1)
    loss, ds = softmax_loss(h.dot(W2) + b2, y)
    da = ds.dot(W2.T) * (1 + h) * (1 - h)
    return loss, x.T.dot(da), np.sum(da, 0), h.T.dot(ds), np.sum(ds, 0)
''',
    "loops": '''
def numeric_derivative(f, x, h=1e-5):
    return f(x + h) / (2 * h) - f(x - h) / (2 * h)

def matmul_backward(dY, X, W):
    dX, dW = np.zeros_like(X), np.zeros_like(W)
    for n in range(len(X)):
        for d in range(len(W)):
            for m in range(W.shape[1]):
                dX[n, d] += dY[n, m] * W[d, m]
                dW[d, m] += X[n, d] * dY[n, m]
    return dX, dW

def softmax_loss(scores, y):
    loss, dscores = 0.0, np.zeros_like(scores)
    for n, row in enumerate(scores):
        row = row - row.max()
        log_sum = np.log(np.exp(row).sum())
        loss += (log_sum - row[y[n]]) / len(y)
        dscores[n] = np.exp(row - log_sum) / len(y)
        dscores[n, y[n]] -= 1 / len(y)
    return loss, dscores

def two_layer_loss(x, y, W1, b1, W2, b2):
    hidden = np.tanh(x @ W1 + b1)
    loss, dscores = softmax_loss(hidden @ W2 + b2, y)
    dhidden, dW2 = matmul_backward(dscores, hidden, W2)
    da = dhidden - dhidden * hidden * hidden
    dx, dW1 = matmul_backward(da, x, W1)
    return (loss, dW1, da.sum(0), dW2, dscores.sum(0))
''',
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("style", RIGHT)
def test_right_functions_pass_in_any_style(style, name):
    report = check(defined(RIGHT[style])[name])
    assert report.state == "passed", report


@pytest.mark.parametrize("name", NAMES)
def test_the_courses_own_pass_and_are_said_to_be(name):
    assert check(getattr(foundations, name)).state == "own"


@pytest.mark.parametrize("name", NAMES)
def test_an_unfilled_function_is_not_done_yet(name):
    raising = defined(f"def {name}(*args): raise NotImplementedError('{name}')")[name]
    assert check(raising).state == "open"
    assert check(defined(f"def {name}(*args): pass")[name]).state == "open"


# exercise, the right text, the wrong text, words that the report has to have
WRONG = [
    ("numeric_derivative", "f(left)", "f(x)", "one side 2 * h"),
    ("numeric_derivative", "(right - left)", "h", "twice too large"),
    ("numeric_derivative", "/ (right - left)", "/ 2 * h", "parentheses"),
    ("numeric_derivative", "h=1e-5)", "h)", "without `h` signature"),
    ("matmul_backward", 'np.einsum("nm,dm->nd", dY, W)', "dY @ W", "`W.T` transpose"),
    ("matmul_backward", "np.tensordot(X, dY, (0, 0))", "dY.T @ X", "`dW` transposed (D, M)"),
    ("softmax_loss", "np.max(scores, axis=1).reshape(N, 1)", "0", "up to 1000 overflows largest"),
    ("softmax_loss", "/ N\n    one_hot", "\n    one_hot", "sum over the examples mean"),
    ("softmax_loss", "- one_hot) / N", "- one_hot)", "`dscores` divided by N"),
    ("softmax_loss", "total[n] - z[n, y[n]]", "z[n, y[n]] - total[n]", "wrong sign"),
    ("two_layer_loss", " * (1 + h) * (1 - h)", "", "tanh slope number by number"),
    ("two_layer_loss", "np.sum(ds, 0)", "ds", "`db2` row for each example"),
    ("two_layer_loss", "x.T.dot(da)", "x.T.dot(ds.dot(W2.T))", "`dW1` tanh"),
    ("two_layer_loss", "- one_hot) / N", "- one_hot)", "`softmax_loss` right first divided by N"),
]


@pytest.mark.parametrize("name, right, wrong, words", WRONG)
def test_wrong_code_is_explained(name, right, wrong, words):
    source = RIGHT["named differently"]
    assert right in source
    report = check(_shown(source.replace(right, wrong))[name])
    assert report.state == "wrong"
    said = " ".join(report.hints)
    assert [word for word in words.split() if word not in said] == [], said


def _shown(source):
    """The namespace of a text whose lines a report can quote, as those of a notebook's cell."""
    linecache.cache["cell"] = (len(source), None, source.splitlines(keepends=True), "cell")
    space = {"np": np}
    exec(compile(source, "cell", "exec"), space)
    return space
