"""Details of `check`: random states, inlined steps, mistakes alike, caches used up, sentences."""

import random

import numpy as np
import pytest
from learners_code import defined

from cs231n import rnn_layers
from cs231n.feedback import check, narrowing
from cs231n.feedback.cases import Case
from cs231n.feedback.examination import examine
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake

LAYERS = {name: getattr(rnn_layers, name) for name in rnn_layers.__all__}
STEP = '''
import random

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)
'''


# ---- Random states ------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [
    "random.random(), np.random.rand()",
    "random.seed(1), np.random.seed(1)",
    "random.random(), np.random.rand()\n    raise ValueError",
    "random.random(), np.random.rand()\n    raise NotImplementedError",
])
def test_both_random_states_are_put_back_whatever_the_code_does(body):
    source = STEP.replace("    next_h = np", f"    {body}\n    next_h = np", 1)
    random.seed(7)
    np.random.seed(231)
    expected = random.Random(7).random(), np.random.RandomState(231).rand()
    check(defined(source)["rnn_step_forward"])
    assert (random.random(), np.random.rand()) == expected


# ---- A step written out inside the loop ---------------------------------------------------------


INLINE = '''
def rnn_forward(x, h0, Wx, Wh, b):
    h, states = h0, []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ Wx + h @ Wh.T + b)
        states.append(h)
    return np.stack(states, axis=1), (x, h0, Wx, Wh, np.stack(states, axis=1))
'''


def test_a_mistake_of_a_step_that_is_written_out_in_the_loop_is_named_as_one_of_each_step():
    report = check(defined(INLINE)["rnn_forward"])
    assert report.hints[0].startswith("In each time step: `prev_h` is multiplied by `Wh.T`")


def test_the_same_result_by_a_right_step_called_wrongly_is_not_named_as_a_mistake_of_the_step():
    source = INLINE.replace("h = np.tanh(x[:, t] @ Wx + h @ Wh.T + b)",
                            "h = rnn_step_forward(x[:, t], h, Wx, Wh.T, b)[0]")
    report = check(defined(source, **LAYERS)["rnn_forward"])
    assert report.word == "FAIL" and not any("In each time step" in h for h in report.hints)


# ---- Mistakes that are alike on the first case --------------------------------------------------


class Doubled(Equations):
    def y(q):
        return 2 * q.x


TWINS = Exercise(
    "doubled", shapes={"x": "N", "y": "N"}, arguments=["x"], outputs=["y"], equations=Doubled,
    reference=lambda x: 2 * x,
    cases=lambda: [Case("", {"x": np.array([2.0, -3.0])}, {"N": 2}),
                   Case("other numbers", {"x": np.array([5.0, 0.0])}, {"N": 2})],
    mistakes=[Mistake("cut", "It is cut off at 4.", y=lambda q: np.minimum(2 * q.x, 4) + 1),
              Mistake("late", "One too many.", y=lambda q: 2 * q.x + 1)])


@pytest.mark.parametrize("function, sentence", [
    (lambda x: 2 * x + 1, "One too many."),
    (lambda x: np.minimum(2 * x, 4) + 1, "It is cut off at 4."),
])
def test_mistakes_that_are_alike_on_one_case_are_told_apart_by_the_others(function, sentence):
    assert examine(TWINS, function).hints == [sentence]


# ---- The same cache a second time ---------------------------------------------------------------


@pytest.mark.parametrize("first, words", [
    ("used.append(1)\n    x = x if len(used) == 1 else 2 * x",
     "`dWx` is wrong for a second call with the same cache"),
    ("used.append(1)\n    x = {1: x}[len(used)]", "Called a second time with the same cache"),
])
def test_a_backward_function_that_uses_its_cache_up_is_found(first, words):
    source = STEP.replace("(x, prev_h, Wx, Wh, next_h)\n",
                          "(x, prev_h, Wx, Wh, next_h, [])\n").replace(
        "Wh, next_h = cache", f"Wh, next_h, used = cache\n    {first}")
    report = check(defined(source)["rnn_step_backward"])
    assert report.word == "FAIL" and words in report.hints[0], report


# ---- What no mistake explains -------------------------------------------------------------------


RIGHT = np.random.RandomState(0).randn(3, 4)
SIZES = {"N": 3, "H": 4, "T": 5, "D": 2}
OVER_TIME = np.random.RandomState(1).randn(3, 5, 4)


@pytest.mark.parametrize("got, words", [
    (RIGHT.T, "has shape (4, 3), expected (N, H) = (3, 4). Its numbers are right, only transposed"),
    (np.stack([RIGHT / 2, RIGHT / 2]), "A sum over axis 0 is missing"),
    (np.stack([RIGHT / 2, RIGHT / 2], axis=2), "A sum over axis 2 is missing"),
    (RIGHT.sum(), "One number is returned: something is summed (or averaged) over all axes"),
    (RIGHT.reshape(2, 6), "only in another shape"),
    (RIGHT[0], "An axis is missing; expected one for each of N, H"),
    (RIGHT * np.nan, "holds nan"),
    (RIGHT * np.inf, "holds inf"),
    (RIGHT + 1e-7, "right to a few digits only"),
    (RIGHT * 0, "is all zeros"),
    (-RIGHT, "wrong sign everywhere"),
    (RIGHT / 3, "times 1 / N = 1 / 3 everywhere"),
    (RIGHT * 5, "times T = 5 everywhere"),
    (RIGHT * 15, "times (N * T) = 15 everywhere"),
    (RIGHT * 0.3, "times 0.3 everywhere"),
    (RIGHT[::-1], "reversed along the N axis"),
    (RIGHT[:, ::-1], "reversed along the H axis"),
    (np.vstack([RIGHT[:1], RIGHT[1:] + 1]), "wrong for example 1, 2 only (along its N axis)"),
    (RIGHT + np.eye(3, 4) * [1, 2, 1, 1], "the largest difference is at [1, 1]"),
    (np.array([["a"]]), "is not an array of real numbers (dtype <U1)"),
])
def test_how_a_result_differs_is_described(got, words):
    said = narrowing.describe("y", got, RIGHT, "N H", SIZES)
    assert words in said and said.startswith("`y` ")


def late(array):
    return np.concatenate([array[:, :1] + 1, array[:, :-1]], axis=1)


@pytest.mark.parametrize("got, words", [
    (OVER_TIME.transpose(1, 0, 2), "only with the axes in another order"),
    (OVER_TIME[:, ::-1], "is right, but in reverse time order"),
    (late(OVER_TIME), "comes one time step late: what belongs to step t is at t + 1"),
    (np.concatenate([OVER_TIME[:, 1:], OVER_TIME[:, :1] + 1], axis=1), "one time step early"),
    (OVER_TIME + (np.arange(5) > 2)[:, None], "up to time step 2 and wrong from step 3 on"),
    (OVER_TIME + (np.arange(5) < 2)[:, None], "wrong up to time step 1 and right after it"),
    (OVER_TIME + (np.arange(5) == 0)[:, None], "wrong up to time step 0 and right after it"),
])
def test_how_a_result_differs_over_time_is_described(got, words):
    assert words in narrowing.describe("y", got, OVER_TIME, "N T H", SIZES)


def test_gates_and_single_numbers_are_described():
    right = np.random.RandomState(2).randn(3, 16)
    got = right.copy()
    got[:, 4:8] += 1
    assert "wrong in the columns of the forget gate (f) only" in narrowing.describe(
        "y", got, right, "N 4H", SIZES)
    assert narrowing.describe("y", np.float64(2), np.float64(3), "", SIZES) == \
        "`y` is 2, expected 3."
    assert "times 1 / N" in narrowing.describe("y", np.float64(1), np.float64(3), "", SIZES)
