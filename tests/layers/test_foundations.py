"""The functions of the notebook Foundations, held against numeric gradients and known values."""

import numpy as np
import pytest

from cs231n.foundations import matmul_backward, numeric_derivative, softmax_loss, two_layer_loss
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
)
from cs231n.rnn_layers import affine_backward, temporal_softmax_loss


@pytest.fixture
def rng():
    return np.random.RandomState(0)


def test_numeric_derivative():
    assert abs(numeric_derivative(lambda x: x**3, 2.0) - 12) < 1e-8
    assert abs(numeric_derivative(np.tanh, 0.5) - (1 - np.tanh(0.5) ** 2)) < 1e-8
    assert numeric_derivative(abs, 0.0) == 0  # both sides count


def test_matmul_backward_against_numeric_gradients_and_the_affine_layer(rng):
    X, W, dY = rng.randn(4, 3), rng.randn(3, 5), rng.randn(4, 5)
    dX, dW = matmul_backward(dY, X, W)
    assert rel_error(eval_numerical_gradient_array(lambda _: X @ W, X, dY), dX) < 1e-8
    assert rel_error(eval_numerical_gradient_array(lambda _: X @ W, W, dY), dW) < 1e-8
    assert all(map(np.array_equal, (dX, dW), affine_backward(dY, (X, W))))


def test_softmax_loss_is_the_temporal_one_with_one_step(rng):
    scores, y = rng.randn(6, 4), rng.randint(4, size=6)
    loss, dscores = softmax_loss(scores, y)
    expected, dexpected = temporal_softmax_loss(scores[:, None], y[:, None], np.ones((6, 1), bool))
    assert abs(loss - expected) < 1e-12
    assert np.allclose(dscores, dexpected[:, 0], atol=1e-15)


def test_softmax_loss_of_large_scores():
    loss, dscores = softmax_loss(np.array([[1000.0, 0.0], [0.0, 1000.0]]), np.array([0, 0]))
    assert loss == 500 and np.allclose(dscores, [[0, 0], [-0.5, 0.5]])


def test_two_layer_loss_against_numeric_gradients(rng):
    x, y = rng.randn(5, 3), rng.randint(2, size=5)
    params = [rng.randn(3, 4), rng.randn(4), rng.randn(4, 2), rng.randn(2)]
    _, *grads = two_layer_loss(x, y, *params)
    for param, grad in zip(params, grads):
        numeric = eval_numerical_gradient(lambda _: two_layer_loss(x, y, *params)[0], param,
                                          verbose=False)
        assert rel_error(numeric, grad) < 1e-7


def test_float32_stays_float32(rng):
    params = [a.astype(np.float32) for a in (rng.randn(3, 4), rng.randn(4), rng.randn(4, 2),
                                             rng.randn(2))]
    _, *grads = two_layer_loss(rng.randn(5, 3).astype(np.float32), np.array([0, 1, 0, 1, 1]),
                               *params)
    assert {grad.dtype for grad in grads} == {np.dtype(np.float32)}


def test_bad_arguments_get_one_clear_sentence(rng):
    with pytest.raises(ValueError, match=r"matmul_backward: W has shape \(4, 5\), expected"):
        matmul_backward(rng.randn(4, 5), rng.randn(4, 3), rng.randn(4, 5))
    with pytest.raises(ValueError, match="softmax_loss: y holds the index 2, expected 0 to 1"):
        softmax_loss(rng.randn(2, 2), np.array([0, 2]))
