"""The layers of the vanilla RNN: the assignment's figures, gradients, dtypes, bad input.

The figures of the assignment's notebook stand in its course script, where nbval holds them; here
are properties that no single figure shows.
"""

import copy

import numpy as np
import pytest

from cs231n import rnn_layers as layers
from cs231n.gradient_check import eval_numerical_gradient_array, rel_error

N, T, D, H, V, M = 3, 4, 5, 6, 7, 8


def draw(*shape, dtype=np.float64):
    return np.random.randn(*shape).astype(dtype)


def words(*shape):
    return np.random.randint(V, size=shape)


def mask(*shape):
    return np.random.rand(*shape) < 0.6


# name of a layer -> (its float arguments by name, its other arguments by name, outputs' shapes)
FORWARD = {
    "affine": (dict(x=(N, D), w=(D, M), b=(M,)), {}, [(N, M)]),
    "rnn_step": (
        dict(x=(N, D), prev_h=(N, H), Wx=(D, H), Wh=(H, H), b=(H,)), {}, [(N, H)]
    ),
    "rnn": (dict(x=(N, T, D), h0=(N, H), Wx=(D, H), Wh=(H, H), b=(H,)), {}, [(N, T, H)]),
    "lstm_step": (
        dict(x=(N, D), prev_h=(N, H), prev_c=(N, H), Wx=(D, 4 * H), Wh=(H, 4 * H), b=(4 * H,)),
        {},
        [(N, H), (N, H)],
    ),
    "lstm": (
        dict(x=(N, T, D), h0=(N, H), Wx=(D, 4 * H), Wh=(H, 4 * H), b=(4 * H,)), {}, [(N, T, H)]
    ),
    "word_embedding": (dict(W=(V, D)), dict(x=words), [(N, T, D)]),
    "temporal_affine": (dict(x=(N, T, D), w=(D, M), b=(M,)), {}, [(N, T, M)]),
}


@pytest.fixture(autouse=True)
def seed():
    np.random.seed(231)


def make_call(name, dtype=np.float64):
    """The forward function of a layer, arguments for it, and gradients for its outputs."""
    floats, others, outputs = FORWARD[name]
    arguments = {key: draw(*shape, dtype=dtype) for key, shape in floats.items()}
    arguments.update({key: make(N, T) for key, make in others.items()})
    douts = [draw(*shape, dtype=dtype) for shape in outputs]
    return getattr(layers, f"{name}_forward"), arguments, douts


def run_backward(name, douts, cache):
    gradients = getattr(layers, f"{name}_backward")(*douts, cache)
    return gradients if isinstance(gradients, tuple) else (gradients,)


@pytest.mark.parametrize("name", FORWARD)
def test_gradients_equal_numeric_ones(name):
    forward, arguments, douts = make_call(name)
    *_, cache = forward(**arguments)
    gradients = run_backward(name, douts, cache)
    differentiable = [key for key in arguments if key in FORWARD[name][0]]
    assert len(gradients) == len(differentiable)
    for key, gradient in zip(differentiable, gradients):
        numeric = sum(
            eval_numerical_gradient_array(lambda _, i=i: forward(**arguments)[i], arguments[key], d)
            for i, d in enumerate(douts)
        )
        assert gradient.shape == arguments[key].shape
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8, err_msg=f"d{key}")


@pytest.mark.parametrize("name", FORWARD)
def test_float32_stays_float32(name):
    forward, arguments, douts = make_call(name, np.float32)
    *outputs, cache = forward(**arguments)
    results = outputs + list(run_backward(name, douts, cache))
    assert {result.dtype for result in results} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", FORWARD)
def test_no_argument_changes_and_a_second_call_gives_the_same(name):
    forward, arguments, douts = make_call(name)
    before = copy.deepcopy((arguments, douts))
    *outputs, cache = forward(**arguments)
    first = outputs + list(run_backward(name, douts, cache))
    *outputs, _ = forward(**arguments)
    second = outputs + list(run_backward(name, douts, cache))
    for key, value in before[0].items():
        np.testing.assert_array_equal(arguments[key], value, err_msg=key)
    for dout, value in zip(douts, before[1]):
        np.testing.assert_array_equal(dout, value)
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", FORWARD)
def test_a_batch_equals_its_rows_one_by_one(name):
    forward, arguments, _ = make_call(name)
    *outputs, _ = forward(**arguments)
    batched = {"x", "prev_h", "prev_c", "h0"}
    for n in range(N):
        row = {k: v[n : n + 1] if k in batched else v for k, v in arguments.items()}
        *row_outputs, _ = forward(**row)
        for whole, single in zip(outputs, row_outputs):
            np.testing.assert_allclose(whole[n : n + 1], single, rtol=1e-12, atol=1e-12)


def test_affine_flattens_what_comes_after_the_first_axis():
    x, w, b = draw(N, 2, 3), draw(6, M), draw(M)
    out, cache = layers.affine_forward(x, w, b)
    np.testing.assert_allclose(out, x.reshape(N, 6) @ w + b)
    dx, _, _ = layers.affine_backward(draw(N, M), cache)
    assert dx.shape == x.shape


def test_a_sequence_is_its_steps():
    _, a, _ = make_call("rnn")
    h, _ = layers.rnn_forward(**a)
    state = a["h0"]
    for t in range(T):
        state, _ = layers.rnn_step_forward(a["x"][:, t], state, a["Wx"], a["Wh"], a["b"])
        np.testing.assert_array_equal(h[:, t], state)


def test_the_lstm_starts_from_an_empty_cell_and_is_its_steps():
    _, a, _ = make_call("lstm")
    h, _ = layers.lstm_forward(**a)
    state, cell = a["h0"], np.zeros((N, H))
    for t in range(T):
        state, cell, _ = layers.lstm_step_forward(a["x"][:, t], state, cell, a["Wx"], a["Wh"],
                                                  a["b"])
        np.testing.assert_array_equal(h[:, t], state)


def test_large_numbers_saturate_without_a_warning():
    with np.errstate(all="raise", under="ignore"):
        for name in ("rnn_step", "lstm_step"):
            forward, arguments, douts = make_call(name)
            arguments["x"] *= 1e4
            *outputs, cache = forward(**arguments)
            for result in outputs + list(run_backward(name, douts, cache)):
                assert np.isfinite(result).all()


def test_sigmoid():
    with np.errstate(all="raise", under="ignore"):
        y = layers.sigmoid(np.array([-1e4, -30.0, 0.0, 30.0, 1e4]))
    np.testing.assert_allclose(y, [0, 9.357622968839299e-14, 0.5, 1 - 9.357622968839299e-14, 1])
    assert layers.sigmoid(np.ones((2, 3), dtype=np.float32)).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int8, np.int64, bool])
def test_sigmoid_of_integers(dtype):
    """-3 of an unsigned integer is huge, and -128 has no opposite among the smallest integers."""
    x = np.array([0, 1, 3, 127] if dtype is not np.int8 else [0, 1, 3, -128]).astype(dtype)
    np.testing.assert_allclose(layers.sigmoid(x), 1 / (1 + np.exp(-x.astype(float))), rtol=1e-14)


# ---- Softmax loss -------------------------------------------------------------------------------


def softmax_arguments(dtype=np.float64):
    return draw(N, T, V, dtype=dtype), words(N, T), mask(N, T)


def test_softmax_loss_is_a_sum_over_time_and_a_mean_over_examples():
    x, y, m = softmax_arguments()
    loss, _ = layers.temporal_softmax_loss(x, y, m)
    expected = 0
    for n in range(N):
        for t in range(T):
            p = np.exp(x[n, t]) / np.exp(x[n, t]).sum()
            expected -= m[n, t] * np.log(p[y[n, t]]) / N
    assert loss == pytest.approx(expected, rel=1e-12)


def test_softmax_gradient_and_its_zeros():
    x, y, m = softmax_arguments()
    _, dx = layers.temporal_softmax_loss(x, y, m)
    numeric = eval_numerical_gradient_array(
        lambda x: layers.temporal_softmax_loss(x, y, m)[0], x, np.float64(1)
    )
    assert rel_error(dx, numeric) < 1e-6
    assert not dx[~m].any()
    assert (dx[m] != 0).all()


def test_what_is_masked_has_no_influence():
    x, y, m = softmax_arguments()
    loss, dx = layers.temporal_softmax_loss(x, y, m)
    x2, y2 = np.where(m[..., None], x, 1e3 * draw(N, T, V)), np.where(m, y, words(N, T))
    loss2, dx2 = layers.temporal_softmax_loss(x2, y2, m)
    assert loss2 == loss
    np.testing.assert_array_equal(dx2, dx)


def test_softmax_survives_large_scores_and_keeps_float32():
    x, y, m = softmax_arguments(np.float32)
    before = x.copy()
    with np.errstate(all="raise", under="ignore"):
        loss, dx = layers.temporal_softmax_loss(1e4 * x, y, m)
    assert np.isfinite(loss) and np.isfinite(dx).all()
    loss, dx = layers.temporal_softmax_loss(x, y, m)
    assert loss.dtype == dx.dtype == np.float32
    np.testing.assert_array_equal(x, before)


def test_softmax_is_verbose_on_request(capsys):
    layers.temporal_softmax_loss(*softmax_arguments(), verbose=True)
    assert capsys.readouterr().out == f"dx: {(N, T, V)}\n"


# ---- Embedding ----------------------------------------------------------------------------------


def test_a_repeated_word_adds_up_and_an_absent_one_stays_zero():
    x = np.array([[1, 1, 2]])
    _, cache = layers.word_embedding_forward(x, draw(4, 2))
    dW = layers.word_embedding_backward(np.array([[[1.0, 2.0], [10.0, 20.0], [5.0, 6.0]]]), cache)
    np.testing.assert_array_equal(dW, [[0, 0], [11, 22], [5, 6], [0, 0]])


# ---- What the assignment's own layers accept ----------------------------------------------------


@pytest.mark.parametrize("x", [3, np.int64(3), [3, 1, 3], [[1, 2], [0, 1]], np.array([3, 1, 3]),
                               np.array(2), np.ones((2, 1, 3), dtype=np.int32)], ids=str)
def test_words_of_any_shape_are_looked_up_and_their_gradients_sent_back(x):
    W = draw(4, D)
    out, cache = layers.word_embedding_forward(x, W)
    assert out.shape == (*np.shape(x), D)
    np.testing.assert_array_equal(out, W[x])
    dW = layers.word_embedding_backward(np.ones(out.shape), cache)
    np.testing.assert_array_equal(dW[:, 0], np.bincount(np.ravel(x), minlength=4))
    with pytest.raises(ValueError, match="word_embedding_backward: dout has shape"):
        layers.word_embedding_backward(np.ones((5, 5, D)), cache)


@pytest.mark.parametrize("one, many", [("x", "prev_h"), ("prev_h", "x")])
@pytest.mark.parametrize("row", [(1, -1), (-1,)])
@pytest.mark.parametrize("name", ["rnn_step", "lstm_step"])
def test_a_single_row_is_that_of_all_examples(name, row, one, many):
    forward, arguments, _ = make_call(name)
    whole = np.repeat(arguments[one][:1], N, axis=0)
    expected = forward(**{**arguments, one: whole})[0]
    got = forward(**{**arguments, one: arguments[one][0].reshape(row)})[0]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    single = {key: value[0] if key in ("x", "prev_h", "prev_c") else value
              for key, value in arguments.items()}
    np.testing.assert_allclose(forward(**single)[0], forward(**arguments)[0][0], rtol=1e-12)
    with pytest.raises(ValueError, match="has shape"):
        forward(**{**arguments, one: arguments[one][:2]})


def test_a_gradient_over_time_may_come_with_its_first_two_axes_joined():
    forward, arguments, (dout,) = make_call("temporal_affine")
    _, cache = forward(**arguments)
    expected = layers.temporal_affine_backward(dout, cache)
    for got, right in zip(layers.temporal_affine_backward(dout.reshape(N * T, -1), cache),
                          expected):
        np.testing.assert_allclose(got, right, rtol=1e-12)
    with pytest.raises(ValueError, match="dout has shape"):
        layers.temporal_affine_backward(dout.reshape(N * T, -1)[1:], cache)


# ---- Bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORWARD)
def test_every_argument_of_the_wrong_shape_is_named(name):
    forward, arguments, douts = make_call(name)
    *_, cache = forward(**arguments)
    for key in arguments:
        too_long = np.concatenate([arguments[key]] * 2, axis=-1)
        no_axis = arguments[key].ravel()[:1].reshape(())
        for wrong in (too_long, no_axis):
            try:
                forward(**{**arguments, key: wrong})
            except ValueError as error:
                assert f"{name}_forward: " in str(error) and "expected" in str(error)
            else:
                # A longer batch of words, or of the free first axis, is no mistake.
                # Words may have any shape.
                assert (name, key) == ("word_embedding", "x") or key == "W"
    for i, dout in enumerate(douts):
        wrong = list(douts)
        wrong[i] = dout[..., :-1]
        with pytest.raises(ValueError, match=rf"{name}_backward: .* has shape"):
            run_backward(name, wrong, cache)


def test_the_message_says_what_came_what_was_expected_and_why():
    forward, arguments, _ = make_call("rnn_step")
    arguments["Wh"] = draw(H, H + 1)
    with pytest.raises(ValueError) as error:
        forward(**arguments)
    assert str(error.value) == (
        "rnn_step_forward: Wh has shape (6, 7), expected (H, H) with H = 6 from prev_h"
    )


def test_a_gradient_with_another_number_of_steps_is_refused():
    forward, arguments, (dh,) = make_call("rnn")
    _, cache = forward(**arguments)
    with pytest.raises(ValueError, match="T = 3"):
        layers.rnn_backward(dh[:, :3], cache)


@pytest.mark.parametrize("word", [-1, V])
def test_words_out_of_range_are_refused(word):
    x = np.full((N, T), 0)
    x[1, 2] = word
    with pytest.raises(ValueError, match=f"index {word}, expected 0 to {V - 1}"):
        layers.word_embedding_forward(x, draw(V, D))
    with pytest.raises(ValueError, match=f"index {word}, expected 0 to {V - 1}"):
        layers.temporal_softmax_loss(draw(N, T, V), x, mask(N, T))


def test_what_is_no_array_of_numbers_is_refused():
    with pytest.raises(TypeError, match="x is a list of 2, expected a NumPy array"):
        layers.affine_forward([1, 2], draw(D, M), draw(M))
    with pytest.raises(TypeError, match="dtype float64, expected integers"):
        layers.word_embedding_forward(draw(N, T), draw(V, D))
    with pytest.raises(TypeError, match="dtype object, expected real numbers"):
        layers.affine_forward(draw(N, D).astype(object), draw(D, M), draw(M))
    with pytest.raises(TypeError, match="not what the forward function returned"):
        layers.rnn_step_backward(draw(N, H), None)
