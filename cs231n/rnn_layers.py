"""The layers of a captioner, each as a forward and a backward function.

Sizes, here and in all of the course:

- N: examples in a minibatch
- T: time steps, one for each word
- D: numbers that come in (features of a picture, or of a word vector)
- H: numbers in a hidden state
- V: words in the vocabulary
- M: numbers that go out of an affine layer

A forward function returns its output and a cache: what its backward function will need. A backward
function takes the gradient of the loss with respect to that output, and the cache, and returns the
gradient with respect to each input, named after it: `dx` has the shape of `x`.
Float32 arrays in give float32 arrays out, and no argument is changed.
"""

import numpy as np

from cs231n.arguments import takes

__all__ = [
    "affine_forward",
    "affine_backward",
    "rnn_step_forward",
    "rnn_step_backward",
    "rnn_forward",
    "rnn_backward",
    "word_embedding_forward",
    "word_embedding_backward",
    "sigmoid",
    "lstm_step_forward",
    "lstm_step_backward",
    "lstm_forward",
    "lstm_backward",
    "temporal_affine_forward",
    "temporal_affine_backward",
    "temporal_softmax_loss",
]

_RNN_STEP_CACHE = ("N D", "N H", "D H", "H H", "N H")
_LSTM_STEP_CACHE = ("N D", "N H", "N H", "D 4H", "H 4H") + 5 * ("N H",)


# ---- Affine -------------------------------------------------------------------------------------


@takes(x="N D...", w="D M", b="M")
def affine_forward(x, w, b):
    """Multiply by a weight matrix and add a bias: `out = x @ w + b`.

    Args:
        x: inputs (N, D), or (N, d1, ..., dk) with d1 * ... * dk = D.
        w: weights (D, M).
        b: biases (M,).

    Returns:
        out: outputs (N, M).
        cache: what `affine_backward` needs.
    """
    out = x.reshape(len(x), -1) @ w + b
    cache = (x, w)
    return out, cache


@takes(dout="N M", cache=("N D...", "D M"))
def affine_backward(dout, cache):
    """Send a gradient back through an affine layer.

    Args:
        dout: gradient of the loss with respect to `out` (N, M).
        cache: from `affine_forward`.

    Returns:
        dx: gradient with respect to `x`, of the shape of `x`.
        dw: gradient with respect to `w` (D, M).
        db: gradient with respect to `b` (M,).
    """
    x, w = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), -1).T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


# ---- Vanilla RNN --------------------------------------------------------------------------------


@takes(x="N? D", prev_h="N? H", Wx="D H", Wh="H H", b="H")
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """Take one time step of a vanilla RNN: from input and previous state to the next
    state.

    Args:
        x: inputs of this time step (N, D).
        prev_h: hidden states before it (N, H).
        Wx: weights from input to hidden state (D, H).
        Wh: weights from hidden state to hidden state (H, H).
        b: biases (H,).

    Returns:
        next_h: hidden states after this time step (N, H).
        cache: what `rnn_step_backward` needs.
    """
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


@takes(dnext_h="N H", cache=_RNN_STEP_CACHE)
def rnn_step_backward(dnext_h, cache):
    """Send a gradient back through one time step of a vanilla RNN.

    Args:
        dnext_h: gradient of the loss with respect to `next_h` (N, H).
        cache: from `rnn_step_forward`.

    Returns:
        dx: gradient with respect to `x` (N, D).
        dprev_h: gradient with respect to `prev_h` (N, H).
        dWx: gradient with respect to `Wx` (D, H).
        dWh: gradient with respect to `Wh` (H, H).
        db: gradient with respect to `b` (H,).
    """
    x, prev_h, Wx, Wh, next_h = cache
    # a is what goes into tanh; the slope there is 1 - tanh(a)^2
    da = dnext_h * (1 - next_h**2)
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


@takes(x="N T D", h0="N H", Wx="D H", Wh="H H", b="H")
def rnn_forward(x, h0, Wx, Wh, b):
    """Run a vanilla RNN over a whole sequence, with the same weights at each time step.

    Args:
        x: inputs of all time steps (N, T, D).
        h0: hidden states before the first time step (N, H).
        Wx: weights from input to hidden state (D, H).
        Wh: weights from hidden state to hidden state (H, H).
        b: biases (H,).

    Returns:
        h: hidden states after each time step (N, T, H).
        cache: what `rnn_backward` needs.
    """
    hidden_states, cache = [], []
    h = h0
    for t in range(x.shape[1]):
        h, step_cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        hidden_states.append(h)
        cache.append(step_cache)
    return np.stack(hidden_states, axis=1), cache  # T arrays (N, H) -> (N, T, H)


@takes(dh="N T H", cache=["T", _RNN_STEP_CACHE])
def rnn_backward(dh, cache):
    """Send gradients back through a whole sequence: back-propagation through time.

    Args:
        dh: gradient of the loss with respect to each hidden state, as far as the loss
            uses that state directly (N, T, H). What reaches it through later time steps
            is added here.
        cache: from `rnn_forward`.

    Returns:
        dx: gradient with respect to `x` (N, T, D).
        dh0: gradient with respect to `h0` (N, H).
        dWx: gradient with respect to `Wx` (D, H), summed over the time steps.
        dWh: gradient with respect to `Wh` (H, H), summed over the time steps.
        db: gradient with respect to `b` (H,), summed over the time steps.
    """
    T = dh.shape[1]
    dx = [None] * T
    dprev_h = np.zeros_like(dh[:, 0])  # no time step comes after the last one
    dWx, dWh, db = 0, 0, 0
    for t in reversed(range(T)):
        dnext_h = dh[:, t] + dprev_h  # from the loss at step t, and from step t + 1
        dx[t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dnext_h, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db


# ---- Word embedding -----------------------------------------------------------------------------


@takes(x="... < V", W="V D")
def word_embedding_forward(x, W):
    """Look up the vector of each word.

    Args:
        x: words as numbers from 0 to V - 1 (N, T); any other shape will do, too.
        W: one vector for each word of the vocabulary (V, D).

    Returns:
        out: the vectors of the words (N, T, D).
        cache: what `word_embedding_backward` needs.
    """
    out = W[x]
    cache = (x, W)
    return out, cache


@takes(cache=("...", "V D"), dout="... D")
def word_embedding_backward(dout, cache):
    """Send the gradients of word vectors back to the table they were looked up in.

    Words are numbers, so there is no gradient with respect to them.

    Args:
        dout: gradient of the loss with respect to `out` (N, T, D).
        cache: from `word_embedding_forward`.

    Returns:
        dW: gradient with respect to `W` (V, D). A word that occurs more than once
            receives the sum of its gradients, a word that does not occur receives
            zeros.
    """
    x, W = cache
    dW = np.zeros(W.shape, dtype=dout.dtype)
    np.add.at(dW, x, dout)  # dW[x] += dout would count a repeated word once only
    return dW


# ---- LSTM ---------------------------------------------------------------------------------------


def sigmoid(x):
    """Squash each number into 0 to 1: `1 / (1 + exp(-x))`, safe for large x of either
    sign.

    Args:
        x: an array of any shape.

    Returns:
        An array of the shape of `x`.
    """
    e = np.exp(-np.abs(1.0 * x))  # between 0 and 1, so it never overflows
    return np.where(x >= 0, 1, e) / (1 + e)


@takes(x="N? D", prev_h="N? H", prev_c="N? H", Wx="D 4H", Wh="H 4H", b="4H")
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """Take one time step of an LSTM
    (Hochreiter and Schmidhuber 1997, with a forget gate).

    The columns of `Wx`, `Wh` and `b` belong to the input gate, the forget gate, the
    output gate and the block input, in this order, H for each. With `i`, `f`, `o` and
    `g` for these four::

        next_c = f * prev_c + i * g
        next_h = o * tanh(next_c)

    Args:
        x: inputs of this time step (N, D).
        prev_h: hidden states before it (N, H).
        prev_c: cell states before it (N, H).
        Wx: weights from input to gates (D, 4H).
        Wh: weights from hidden state to gates (H, 4H).
        b: biases (4H,).

    Returns:
        next_h: hidden states after this time step (N, H).
        next_c: cell states after this time step (N, H).
        cache: what `lstm_step_backward` needs.
    """
    gates = x @ Wx + prev_h @ Wh + b  # (N, 4H)
    in_gate, forget_gate, out_gate, block_input = np.split(
        gates, 4, axis=-1
    )  # (N, H) each
    i, f, o = sigmoid(in_gate), sigmoid(forget_gate), sigmoid(out_gate)
    g = np.tanh(block_input)
    next_c = f * prev_c + i * g
    tanh_c = np.tanh(next_c)
    next_h = o * tanh_c
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, tanh_c)
    return next_h, next_c, cache


@takes(dnext_h="N H", dnext_c="N H", cache=_LSTM_STEP_CACHE)
def lstm_step_backward(dnext_h, dnext_c, cache):
    """Send gradients back through one time step of an LSTM.

    Args:
        dnext_h: gradient of the loss with respect to `next_h` (N, H).
        dnext_c: gradient with respect to `next_c`, as far as it does not pass through
            `next_h` (N, H).
        cache: from `lstm_step_forward`.

    Returns:
        dx: gradient with respect to `x` (N, D).
        dprev_h: gradient with respect to `prev_h` (N, H).
        dprev_c: gradient with respect to `prev_c` (N, H).
        dWx: gradient with respect to `Wx` (D, 4H).
        dWh: gradient with respect to `Wh` (H, 4H).
        db: gradient with respect to `b` (4H,).
    """
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, tanh_c = cache
    # Two paths lead back to the cell state
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    din_gate = dc * g * i * (1 - i)
    dforget_gate = dc * prev_c * f * (1 - f)
    dout_gate = dnext_h * tanh_c * o * (1 - o)
    dblock_input = dc * i * (1 - g**2)
    dgates = np.concatenate(
        [din_gate, dforget_gate, dout_gate, dblock_input], axis=1
    )  # (N, 4H)
    dx = dgates @ Wx.T
    dprev_h = dgates @ Wh.T
    dprev_c = dc * f
    dWx = x.T @ dgates
    dWh = prev_h.T @ dgates
    db = dgates.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


@takes(x="N T D", h0="N H", Wx="D 4H", Wh="H 4H", b="4H")
def lstm_forward(x, h0, Wx, Wh, b):
    """Run an LSTM over a whole sequence. Its first cell state is zero.

    Args:
        x: inputs of all time steps (N, T, D).
        h0: hidden states before the first time step (N, H).
        Wx: weights from input to gates (D, 4H).
        Wh: weights from hidden state to gates (H, 4H).
        b: biases (4H,).

    Returns:
        h: hidden states after each time step (N, T, H).
        cache: what `lstm_backward` needs.
    """
    hidden_states, cache = [], []
    h, c = h0, np.zeros_like(h0)
    for t in range(x.shape[1]):
        h, c, step_cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hidden_states.append(h)
        cache.append(step_cache)
    return np.stack(hidden_states, axis=1), cache  # T arrays (N, H) -> (N, T, H)


@takes(dh="N T H", cache=["T", _LSTM_STEP_CACHE])
def lstm_backward(dh, cache):
    """Send gradients back through a whole sequence of an LSTM.

    Args:
        dh: gradient of the loss with respect to each hidden state, as far as the loss
            uses that state directly (N, T, H).
        cache: from `lstm_forward`.

    Returns:
        dx: gradient with respect to `x` (N, T, D).
        dh0: gradient with respect to `h0` (N, H).
        dWx: gradient with respect to `Wx` (D, 4H), summed over the time steps.
        dWh: gradient with respect to `Wh` (H, 4H), summed over the time steps.
        db: gradient with respect to `b` (4H,), summed over the time steps.
    """
    T = dh.shape[1]
    dx = [None] * T
    dprev_h = dprev_c = np.zeros_like(dh[:, 0])  # no time step comes after the last one
    dWx, dWh, db = 0, 0, 0
    for t in reversed(range(T)):
        dnext_h = dh[:, t] + dprev_h  # from the loss at step t, and from step t + 1
        step_grads = lstm_step_backward(dnext_h, dprev_c, cache[t])
        dx[t], dprev_h, dprev_c, dWx_t, dWh_t, db_t = step_grads
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db


# ---- Layers over all time steps -----------------------------------------------------------------


@takes(x="N T D", w="D M", b="M")
def temporal_affine_forward(x, w, b):
    """Apply one affine layer at every time step.

    Args:
        x: inputs (N, T, D).
        w: weights (D, M).
        b: biases (M,).

    Returns:
        out: outputs (N, T, M).
        cache: what `temporal_affine_backward` needs.
    """
    N, T, D = x.shape
    # Every time step is one more row
    out, _ = affine_forward(x.reshape(N * T, D), w, b)
    cache = (x, w)
    return out.reshape(N, T, -1), cache


@takes(cache=("N T D", "D M"), dout="N.T M")
def temporal_affine_backward(dout, cache):
    """Send gradients back through an affine layer that was applied at every time step.

    Args:
        dout: gradient of the loss with respect to `out` (N, T, M).
        cache: from `temporal_affine_forward`.

    Returns:
        dx: gradient with respect to `x` (N, T, D).
        dw: gradient with respect to `w` (D, M).
        db: gradient with respect to `b` (M,).
    """
    x, w = cache
    N, T, D = x.shape
    dx, dw, db = affine_backward(dout.reshape(N * T, -1), (x.reshape(N * T, D), w))
    return dx.reshape(N, T, D), dw, db


@takes(x="N T V", y="N T < V", mask="N T")
def temporal_softmax_loss(x, y, mask, verbose=False):
    """Cross-entropy of a softmax at every time step, summed over time, averaged over
    examples.

    Args:
        x: scores (logits) of each word of the vocabulary at each time step (N, T, V).
        y: the words that should have come (N, T), each from 0 to V - 1.
        mask: True where a word counts, False where it is padding (N, T).
        verbose: whether to print the shape of `dx`.

    Returns:
        loss: one number. The sum over all words that count, divided by N: the number of
            examples, not of words.
        dx: gradient of the loss with respect to `x` (N, T, V), zero where `mask` is
            False.
    """
    N, T, V = x.shape
    rows, targets = np.arange(N * T), y.reshape(N * T)
    counts = mask.reshape(N * T)

    logits = x.reshape(N * T, V)
    # Same softmax, but exp cannot overflow
    logits = logits - logits.max(axis=1, keepdims=True)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = np.sum(counts * -log_probs[rows, targets] / N)

    dx = np.exp(log_probs)
    dx[rows, targets] -= 1
    dx *= counts[:, None]
    dx /= N
    if verbose:
        print("dx:", (N, T, V))
    return loss, dx.reshape(N, T, V)
