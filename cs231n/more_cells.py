"""Beyond the course's two cells: the GRU, and weights to start a recurrent network with.

They belong to the optional exercises of LSTM_Captioning. The letters are those of `rnn_layers`: N
examples, D numbers that come in, H numbers in a hidden state.
"""

import numpy as np

from cs231n.arguments import takes
from cs231n.rnn_layers import sigmoid

_GRU_STEP_CACHE = ("N D", "N H", "D 3H", "H 3H") + 3 * ("N H",)


@takes(x="N D", prev_h="N H", Wx="D 3H", Wh="H 3H", b="3H")
def gru_step_forward(x, prev_h, Wx, Wh, b):
    """Take one time step of a GRU, a gated recurrent unit (Cho et al. 2014).

    The columns of `Wx`, `Wh` and `b` belong to the reset gate, the update gate and the
    block input, in this order, H for each. The gates are sigmoids of affine functions
    of `x` and `prev_h`, as in an LSTM. The block input is a tanh, and sees of `prev_h`
    only what the reset gate lets through. The next state is a mixture: the update gate
    says which share of `prev_h` is kept, and the block input gets the rest.

    Args:
        x: inputs of this time step (N, D).
        prev_h: hidden states before it (N, H).
        Wx: weights from input to gates (D, 3H).
        Wh: weights from hidden state to gates (H, 3H); those of the block input
            multiply what the reset gate lets through.
        b: biases (3H,).

    Returns:
        next_h: hidden states after this time step (N, H).
        cache: what `gru_step_backward` needs.
    """
    H = prev_h.shape[1]
    gates = sigmoid(
        x @ Wx[:, : 2 * H] + prev_h @ Wh[:, : 2 * H] + b[: 2 * H]
    )  # (N, 2H)
    r, z = np.split(gates, 2, axis=1)  # (N, H) each
    g = np.tanh(x @ Wx[:, 2 * H :] + (r * prev_h) @ Wh[:, 2 * H :] + b[2 * H :])
    next_h = z * prev_h + (1 - z) * g
    cache = (x, prev_h, Wx, Wh, r, z, g)
    return next_h, cache


@takes(dnext_h="N H", cache=_GRU_STEP_CACHE)
def gru_step_backward(dnext_h, cache):
    """Send a gradient back through one time step of a GRU.

    Args:
        dnext_h: gradient of the loss with respect to `next_h` (N, H).
        cache: from `gru_step_forward`.

    Returns:
        dx: gradient with respect to `x` (N, D).
        dprev_h: gradient with respect to `prev_h` (N, H).
        dWx: gradient with respect to `Wx` (D, 3H).
        dWh: gradient with respect to `Wh` (H, 3H).
        db: gradient with respect to `b` (3H,).
    """
    x, prev_h, Wx, Wh, r, z, g = cache
    H = prev_h.shape[1]
    dblock_input = dnext_h * (1 - z) * (1 - g**2)
    dreset_h = dblock_input @ Wh[:, 2 * H :].T  # gradient with respect to r * prev_h
    dreset_gate = dreset_h * prev_h * r * (1 - r)
    dupdate_gate = dnext_h * (prev_h - g) * z * (1 - z)
    dgates = np.concatenate([dreset_gate, dupdate_gate], axis=1)  # (N, 2H)
    da = np.concatenate([dgates, dblock_input], axis=1)  # (N, 3H)
    dx = da @ Wx.T
    # It is used three times
    dprev_h = dnext_h * z + dreset_h * r + dgates @ Wh[:, : 2 * H].T
    dWx = x.T @ da
    dWh = np.concatenate([prev_h.T @ dgates, (r * prev_h).T @ dblock_input], axis=1)
    db = da.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


@takes(matrix="H H")
def orthogonal(matrix):
    """Make an orthogonal matrix out of a square one.

    The result Q has columns of length 1 that stand at right angles to each other,
    `Q.T @ Q = I`, so a product with it leaves the length of every vector as it is. Of a
    matrix of normal random numbers it makes a random rotation (or reflection).

    Args:
        matrix: numbers (H, H), drawn at random, say.

    Returns:
        An orthogonal matrix (H, H).
    """
    columns, triangle = np.linalg.qr(matrix)
    # So that every rotation is as likely
    return columns * np.copysign(1, np.diag(triangle))
