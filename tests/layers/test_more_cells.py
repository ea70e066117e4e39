"""The GRU and orthogonal weights: gradients, dtypes, and what the gates are for."""

import numpy as np
import pytest

from cs231n.gradient_check import eval_numerical_gradient_array, rel_error
from cs231n.more_cells import gru_step_backward, gru_step_forward, orthogonal

N, D, H = 3, 4, 5
NAMES = ("x", "prev_h", "Wx", "Wh", "b")


def arguments(dtype=np.float64):
    rng = np.random.RandomState(0)
    shapes = ((N, D), (N, H), (D, 3 * H), (H, 3 * H), (3 * H,))
    return [rng.randn(*shape).astype(dtype) for shape in shapes]


def test_gradients_of_the_gru_equal_numeric_ones():
    given = arguments()
    before = [array.copy() for array in given]
    dnext_h = np.random.RandomState(1).randn(N, H)
    _, cache = gru_step_forward(*given)
    for name, argument, gradient in zip(NAMES, given, gru_step_backward(dnext_h, cache)):
        numeric = eval_numerical_gradient_array(lambda _: gru_step_forward(*given)[0], argument,
                                                dnext_h)
        assert rel_error(numeric, gradient) < 1e-6, name
    for array, original in zip(given, before):
        np.testing.assert_array_equal(array, original)


def test_the_update_gate_keeps_and_the_reset_gate_hides():
    x, prev_h, Wx, Wh, b = arguments()
    always = b.copy()
    always[H : 2 * H] = 1000  # the update gate is open: everything is kept
    np.testing.assert_allclose(gru_step_forward(x, prev_h, Wx, Wh, always)[0], prev_h)
    blind = b.copy()
    blind[:H], blind[H : 2 * H] = -1000, -1000  # nothing is kept, and nothing is seen
    np.testing.assert_allclose(gru_step_forward(x, prev_h, Wx, Wh, blind)[0],
                               np.tanh(x @ Wx[:, 2 * H :] + b[2 * H :]))


def test_float32_stays_float32():
    next_h, cache = gru_step_forward(*arguments(np.float32))
    grads = gru_step_backward(np.ones_like(next_h), cache)
    assert {array.dtype for array in (next_h, *grads)} == {np.dtype(np.float32)}
    assert orthogonal(np.eye(3, dtype=np.float32)).dtype == np.float32


def test_orthogonal_matrices_keep_lengths_and_differ():
    drawn = [orthogonal(np.random.RandomState(seed).randn(H, H)) for seed in range(2)]
    for matrix in drawn:
        np.testing.assert_allclose(matrix.T @ matrix, np.eye(H), atol=1e-12)
    assert np.abs(drawn[0] - drawn[1]).max() > 0.1
    np.testing.assert_allclose(orthogonal(drawn[0]), drawn[0])  # one that is stays as it is


def test_arguments_of_the_wrong_shape_are_named():
    x, prev_h, Wx, Wh, b = arguments()
    with pytest.raises(ValueError, match="gru_step_forward: Wh has shape"):
        gru_step_forward(x, prev_h, Wx, Wh[:, :-1], b)
    with pytest.raises(ValueError, match="orthogonal: matrix has shape"):
        orthogonal(Wx)
