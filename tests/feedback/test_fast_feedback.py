"""The checks of Fast_Captioning: right functions pass in any style, each mistake is named."""

import numpy as np
import pytest

from cs231n.classifiers import fast_rnn, packing
from cs231n.feedback import check
from cs231n.feedback.cases import Case
from cs231n.feedback.compare import snapshot
from cs231n.feedback.exercises import input_products, packed_rows, softmax_in_place

EXERCISES = {exercise.name: exercise for module in (input_products, packed_rows, softmax_in_place)
             for exercise in module.EXERCISES}
EVERY_MISTAKE = [(name, mistake) for name, exercise in EXERCISES.items()
                 for mistake in exercise.mistakes]


def mistaken(exercise, mistake):
    """A function that makes a mistake, as a learner would hand it in."""

    def result(*arguments):
        given = dict(zip(exercise.arguments, arguments))
        return tuple(exercise.mistaken(mistake, Case("", given, {})).values())

    if exercise is input_products.INPUT_FORWARD:
        def function(words, W_embed, Wx, b, out=None):
            return result(words, W_embed, Wx, b)[0], None
    elif exercise is input_products.INPUT_BACKWARD:
        def function(dproducts, cache):
            return result(*cache, dproducts)
        function = in_namespace(function, input_products_forward=plain_input_products)
    elif exercise is softmax_in_place.SOFTMAX:
        def function(scores, targets, weights):
            loss, scores[...] = result(scores.copy(), targets, weights)
            return loss
    else:
        def function(*arguments):
            values = result(*arguments)
            return values if len(values) > 1 else values[0]
    return function


def in_namespace(function, **names):
    """The function as if it had been written where these names are defined."""
    return type(function)(function.__code__, {**function.__globals__, **names}, function.__name__,
                          function.__defaults__, function.__closure__)


def plain_input_products(words, W_embed, Wx, b, out=None):
    products = W_embed[words] @ Wx + b
    if out is not None:
        out[...] = products
        products = out
    return products, (words, W_embed, Wx, b)


def plain_input_products_backward(dproducts, cache):
    words, W_embed, Wx, _ = cache
    dW_embed = np.zeros_like(W_embed)
    np.add.at(dW_embed, words, dproducts @ Wx.T)
    return [dW_embed, W_embed[words].T @ dproducts, np.einsum("mg->g", dproducts)]


@pytest.mark.parametrize("name, mistake", EVERY_MISTAKE, ids=lambda value: str(value))
def test_every_mistake_is_named(name, mistake):
    report = check(mistaken(EXERCISES[name], mistake), name)
    assert not report.passed
    assert mistake.sentence in report.hints
    others = [m.sentence for m in EXERCISES[name].mistakes if m is not mistake]
    assert not set(others) & set(report.hints)


@pytest.mark.parametrize("function", [
    fast_rnn.input_products_forward, fast_rnn.input_products_backward, packing.packing_order,
    packing.pack, fast_rnn.softmax_in_place,
], ids=lambda function: function.__name__)
def test_the_reference_passes_as_such_and_as_a_learners_function(function):
    assert check(function).passed
    namespace = {**vars(fast_rnn), "np": np}
    copy = type(function)(function.__code__.replace(co_filename="cell"), namespace,
                          function.__name__, function.__defaults__)
    if function is fast_rnn.input_products_backward:
        namespace["input_products_forward"] = plain_in_three
    report = check(copy)
    assert report.passed and not report.hints, str(report)


def plain_in_three(words, W_embed, Wx, b, out=None):
    products, cache = plain_input_products(words, W_embed, Wx, b, out)
    return products, cache[:3]


def test_other_styles_pass():
    assert check(plain_input_products, "input_products_forward").passed
    backward = in_namespace(plain_input_products_backward,
                            input_products_forward=plain_input_products)
    assert check(backward, "input_products_backward").passed

    def order_backward(mask):
        lengths = [max([t + 1 for t, counts in enumerate(row) if counts] or [1]) for row in mask]
        order = sorted(range(len(mask)), key=lambda n: (-lengths[n], -n))  # ties the other way
        return order, np.array([sum(length > t for length in lengths) for t in range(max(lengths))])

    assert check(order_backward, "packing_order").passed

    def pack_by_mask(x, order, batch_sizes):
        sizes = np.zeros(x.shape[1], dtype=int)
        sizes[: len(batch_sizes)] = batch_sizes
        mask = np.arange(len(order)) < sizes[:, None]  # (T, N)
        return np.swapaxes(x[order], 0, 1)[mask]

    assert check(pack_by_mask, "pack").passed


def test_a_softmax_that_is_copied_back_is_right_with_a_remark():
    def softmax_in_place(scores, targets, weights):
        probs = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs = probs / probs.sum(axis=1, keepdims=True)
        rows = np.arange(len(scores))
        loss = -np.sum(weights * np.log(probs[rows, targets]))
        probs[rows, targets] -= 1
        scores[...] = probs * weights[:, None]
        return loss

    report = check(softmax_in_place)
    assert report.passed
    assert "not done in place" in report.hints[0]


def test_a_softmax_in_log_space_passes():
    def in_log_space(scores, targets, weights):
        shifted = scores - scores.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        rows = np.arange(len(scores))
        scores[...] = np.exp(logs) * weights[:, None]
        scores[rows, targets] -= weights
        return -np.sum(weights * logs[rows, targets])

    assert check(in_log_space, "softmax_in_place").passed


def test_an_ignored_out_is_a_remark_and_a_broken_one_a_mistake():
    def ignored(words, W_embed, Wx, b, out=None):
        return W_embed[words] @ Wx + b, None

    report = check(ignored, "input_products_forward")
    assert report.passed and "`out` is ignored" in report.hints[0]

    def broken(words, W_embed, Wx, b, out=None):
        return (W_embed[words] @ Wx + b if out is None else out), None

    report = check(broken, "input_products_forward")
    assert not report.passed and "when `out`" in report.hints[0]


def test_unfilled_exercises_are_open():
    def todo(*arguments):
        raise NotImplementedError("this exercise")

    for name in EXERCISES:
        if name == "input_products_backward":
            todo = in_namespace(todo, input_products_forward=plain_input_products)
        report = check(todo, name)
        assert not report.passed
        assert "NOT YET" in str(report)


def test_arguments_other_than_those_used_up_must_not_change():
    def changes_targets(scores, targets, weights):
        loss = fast_rnn.softmax_in_place(scores, targets, weights)
        weights *= 2
        return loss

    report = check(changes_targets, "softmax_in_place")
    assert report.word == "ALMOST" and "`weights`" in report.hints[0]


def test_checks_leave_the_random_state_alone():
    np.random.seed(5)
    expected = snapshot(np.random.get_state()[1])
    check(fast_rnn.softmax_in_place)
    check(plain_input_products, "input_products_forward")
    assert np.array_equal(np.random.get_state()[1], expected)
