"""An eighth batch, for the layers, written before it was ever run."""

import numpy as np

from .kinds import right, wrong
from .own_layers import (
    lstm_step_backward,
    lstm_step_forward,
    rnn_step_backward,
    rnn_step_forward,
    sigmoid,
)


@wrong("rnn_step_forward", says=["`prev_h @ Wh` is missing", "`np.dot` multiplies two arrays"])
def dot_of_three(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.dot(x, Wx, prev_h @ Wh) + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_forward", says=["leak|mean|half|blend|`prev_h`|old state"])
def leaky_state(x, prev_h, Wx, Wh, b):
    candidate = np.tanh(x @ Wx + prev_h @ Wh + b)
    next_h = 0.5 * prev_h + 0.5 * candidate
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_backward", says=["`dWx`|`dWh`", "exchanged|order"])
def weights_returned_in_exchanged_order(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, prev_h.T @ da, x.T @ da, da.sum(0)


@wrong("rnn_step_backward", says=["`dx`", "first example only"])
def dx_of_the_first_row_only(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    dx = np.zeros_like(x)
    dx[0] = da[0] @ Wx.T
    return dx, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("rnn_step_backward", says=["`dprev_h`", "twice"])
def dprev_h_through_the_input_gradient(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    dprev_h = (da @ Wh.T) @ Wh.T
    return da @ Wx.T, dprev_h, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("rnn_forward", says=["`append`|None|list"])
def result_of_append_kept(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, step = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h = h.append(h0)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("rnn_forward", says=["from step 1 on"])
def weights_decay_over_time(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, step = rnn_step_forward(x[:, t], h0, Wx, Wh / (t + 1), b)
        h.append(h0)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("rnn_backward", says=["`return`|inside the loop|last time step"])
def backward_returns_in_the_loop(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh = cache[0][:4]
    dx, dprev = np.zeros((N, T, x.shape[1])), np.zeros((N, H))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H)
    for t in reversed(range(T)):
        dx[:, t], dprev, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dWx += a
        dWh += b
        db += c
        return dx, dprev, dWx, dWh, db


@wrong("rnn_backward", says=["`dWh`", "`dWx`|twice|added|`dWh`"])
def one_sum_for_two_weights_in_place(dh, cache):
    T = dh.shape[1]
    dprev, dx, dWx, dWh, db = 0, [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], dprev, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dWx, dWh, db = dWx + a, dWh - b, db + c
    return np.stack(dx, axis=1), dprev, dWx, dWh, db


@wrong("word_embedding_backward", says=["normal|count|sum|divided|N|mean|average"])
def divided_by_all_examples(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x, dout / x.shape[0])
    return dW


@wrong("word_embedding_backward", says=["order|transpose|exchanged|swapped|word"])
def words_read_by_columns(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x.T.ravel(), dout.reshape(-1, shape[1]))
    return dW


@wrong("lstm_step_forward", says=["`prev_c`|cell state", "`i`|input gate|`g`|f|forget"])
def old_cell_inside_the_input_gate(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = i * (prev_c + g)
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_forward", says=["exchanged|`i`", "`f`|forget gate"])
def gates_on_each_others_partner(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = i * prev_c + f * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_backward", says=["`dprev_c`", "`prev_h`|gate|through|dc|once more|added"])
def dprev_c_with_the_way_through_the_gates(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * t * o * (1 - o), dc * i * (1 - g**2)))
    dprev_h = da @ Wh.T
    return da @ Wx.T, dprev_h, dc * f + dprev_h, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("lstm_step_backward", says=["`dnext_h`|`dnext_c`", "tanh|slope|derivative|output gate"])
def both_gradients_through_the_tanh(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = (dnext_c + dnext_h) * o * (1 - t**2)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * t * o * (1 - o), dc * i * (1 - g**2)))
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("lstm_forward", says=["cell state|`c`", "added|sum|step"])
def cell_states_summed_up(x, h0, Wx, Wh, b):
    h, cache, c = [], [], np.zeros_like(h0)
    for t in range(x.shape[1]):
        h0, new_c, step = lstm_step_forward(x[:, t], h0, c, Wx, Wh, b)
        c = c + new_c
        h.append(h0)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("lstm_backward", says=["cell|`dprev_c`", "forget gate|`f`|zero|twice|doubled|2|two"])
def cell_gradient_doubled(dh, cache):
    T = dh.shape[1]
    dprev_h = dprev_c = np.zeros_like(dh[:, 0])
    dx, sums = [None] * T, [0, 0, 0]
    for t in reversed(range(T)):
        out = lstm_step_backward(dh[:, t] + dprev_h, dprev_c * 2, cache[t])
        dx[t], dprev_h, dprev_c = out[:3]
        sums = [s + d for s, d in zip(sums, out[3:])]
    return np.stack(dx, axis=1), dprev_h, *sums


@right("word_embedding_backward")
def one_product_with_one_hot_rows(dout, cache):
    x, (V, D) = cache
    hot = (np.arange(V)[:, None] == x.reshape(1, -1)).astype(dout.dtype)
    return hot @ dout.reshape(-1, D)


@right("lstm_step_backward")
def by_blocks_of_a_buffer(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    H = i.shape[1]
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t) * (1 + t)
    da = np.empty((len(x), 4 * H), dtype=dnext_h.dtype)
    da[:, :H] = dc * g * i * (1 - i)
    da[:, H : 2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H : 3 * H] = dnext_h * t * o * (1 - o)
    da[:, 3 * H :] = dc * i * (1 - g) * (1 + g)
    return da.dot(Wx.T), da.dot(Wh.T), f * dc, x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)


@wrong("rnn_backward", says=["exactly 0.5 and -0.5", "clipped"])
def clipped_to_a_half(dh, cache):
    T = dh.shape[1]
    dprev, dx, dWx, dWh, db = 0, [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], dprev, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dprev = np.clip(dprev, -0.5, 0.5)
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return np.stack(dx, axis=1), dprev, dWx, dWh, db
