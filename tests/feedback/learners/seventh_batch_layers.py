"""A seventh batch, for the layers: rarer mistakes, written before the catalogue was looked at."""

import numpy as np

from .kinds import almost, right, wrong
from .own_layers import (
    lstm_step_backward,
    lstm_step_forward,
    rnn_step_backward,
    rnn_step_forward,
    sigmoid,
)

# ---- One step of a vanilla RNN ------------------------------------------------------------------


@wrong("rnn_step_forward", says=["`prev_h` goes through a tanh"])
def tanh_of_the_state_first(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + np.tanh(prev_h) @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_forward", says=["example|row|axis|mean|sum"])
def normalised_over_the_batch(x, prev_h, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    a = a - a.mean(axis=0)
    next_h = np.tanh(a)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_forward", says=["subtract|minus|sign"])
def bias_taken_off(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) - b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_forward", says=["axis 1", "joined|concatenate"])
def concatenated_on_the_wrong_axis(x, prev_h, Wx, Wh, b):
    both = np.concatenate([x, prev_h], axis=0)
    W = np.concatenate([Wx, Wh], axis=1)
    next_h = np.tanh(both @ W + b)
    return next_h, (both, W, next_h)


@wrong("rnn_step_forward", says=["`np.tahn` does not exist", "Is `np.tanh` meant"])
def a_function_misspelt(x, prev_h, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    next_h = np.tahn(a)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_forward", says=["exp", "tanh"])
def tanh_with_a_slip_in_the_formula(x, prev_h, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    next_h = (np.exp(a) - np.exp(-a)) / 2
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_backward", says=["square|slope|derivative", "tanh"])
def slope_without_the_one(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = -dnext_h * next_h**2
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("rnn_step_backward", says=["`1 - next_h**2`|power|parenthes|derivative|slope"])
def brackets_in_the_wrong_place(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * 1 - next_h**2
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("rnn_step_backward", says=["slope|derivative", "previous|`prev_h`"])
def slope_of_the_old_state(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - prev_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("rnn_step_backward", says=["twice|squared|two times|fourth"])
def slope_taken_twice(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    da = da * (1 - np.square(next_h))
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("rnn_step_backward", says=["`dx`", "slope|derivative|`dnext_h`"])
def dx_before_the_slope(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    dx = dnext_h @ Wx.T
    da = dnext_h * (1 - next_h**2)
    return dx, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("rnn_step_backward", says=["`dWh`", "transpose|order"])
def dWh_transposed(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, da.T @ prev_h, da.sum(0)


@wrong("rnn_step_backward", says=["`dWx`", "(D, H)|transpose"])
def dWx_transposed_and_db_averaged(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, da.T @ x, prev_h.T @ da, da.mean(0)


@wrong("rnn_step_backward", says=["`dWx`", "last|example|overwritten|sum|add"])
def only_the_last_outer_product(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    for n in range(len(x)):
        dWx = np.outer(x[n], da[n])
        dWh = np.outer(prev_h[n], da[n])
    return da @ Wx.T, da @ Wh.T, dWx, dWh, da.sum(0)


# ---- A vanilla RNN over time --------------------------------------------------------------------


@wrong("rnn_forward", says=["last|backward|revers|order"])
def inputs_read_from_the_end(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, step = rnn_step_forward(x[:, -1 - t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("rnn_forward", says=["`h0`", "zero|ignored|not used"])
def h0_replaced_by_zeros(x, h0, Wx, Wh, b):
    prev = np.zeros_like(h0)
    h, cache = [], []
    for t in range(x.shape[1]):
        prev, step = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        h.append(prev)
        cache.append(step)
    return np.array(h).transpose(1, 0, 2), cache


@wrong("rnn_forward", says=["same array|same|copy|view|overwrit|last"])
def one_buffer_appended_again_and_again(x, h0, Wx, Wh, b):
    state = h0.copy()
    h, cache = [], []
    for t in range(x.shape[1]):
        state[:], step = rnn_step_forward(x[:, t], state, Wx, Wh, b)
        h.append(state)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("rnn_forward", says=["inside|indent|loop|first"])
def return_inside_the_loop(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    prev = h0
    for t in range(T):
        prev, step = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        h[:, t] = prev
        cache.append(step)
        return h, cache


@wrong("rnn_forward", says=["reshape|order|axes|axis"])
def reshaped_at_the_end(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h, cache = [], []
    for t in range(T):
        h0, step = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step)
    return np.array(h).reshape(N, T, -1), cache


@wrong("rnn_forward", says=["`h0`", "(N, T + 1, H)|first|T + 1|one too many|one more"])
def h0_among_the_states(x, h0, Wx, Wh, b):
    h, cache = [h0], []
    for t in range(x.shape[1]):
        nxt, step = rnn_step_forward(x[:, t], h[-1], Wx, Wh, b)
        h.append(nxt)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("rnn_backward", says=["`h0`|`dh0`", "zero|`dh`|time step|step 0|first|t = 0"])
def dh0_from_the_last_step(dh, cache):
    T = dh.shape[1]
    dprev, dx, dWx, dWh, db, dh0 = np.zeros_like(dh[:, 0]), [None] * T, 0, 0, 0, None
    for t in reversed(range(T)):
        dx[t], dprev, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache[t])
        if dh0 is None:
            dh0 = dprev
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return np.stack(dx, axis=1), dh0, dWx, dWh, db


@wrong("rnn_backward", says=["`dh[:, 0]`|step 0|first|t = 0|range", "step"])
def stops_before_step_zero(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh = cache[0][:4]
    dx = np.zeros((N, T, x.shape[1]))
    dprev, dWx, dWh, db = np.zeros((N, H)), 0, 0, 0
    for t in range(T - 1, 0, -1):
        dx[:, t], dprev, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return dx, dprev, dWx, dWh, db


@wrong("rnn_backward", says=["`dh[:, t]`|dh[:, -1]", "last"])
def gradient_of_the_last_state_for_all(dh, cache):
    T = dh.shape[1]
    dnext, dx, dWx, dWh, db = dh[:, -1], [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], dnext, a, b, c = rnn_step_backward(dnext, cache[t])
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return np.stack(dx, axis=1), dnext, dWx, dWh, db


@wrong("rnn_backward", says=["`dh[:, t]`|`dh`", "twice|step t + 1|again|t - 1|off by one"])
def own_gradient_added_after_the_step(dh, cache):
    T = dh.shape[1]
    dnext, dx, dWx, dWh, db = dh[:, -1], [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], dprev, a, b, c = rnn_step_backward(dnext, cache[t])
        dnext = dprev + dh[:, t]
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return np.stack(dx, axis=1), dprev, dWx, dWh, db


@wrong("rnn_backward", says=["`dh`|gradient", "clip"])
def clipped_between_steps(dh, cache):
    T = dh.shape[1]
    dprev, dx, dWx, dWh, db = 0, [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], dprev, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dprev = np.clip(dprev, -1, 1)
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return np.stack(dx, axis=1), dprev, dWx, dWh, db


@wrong("rnn_backward", says=["`dx`", "order|revers"], never=["cache"])
def two_at_once_dx_reversed_and_db_last(dh, cache):
    T = dh.shape[1]
    dprev, dx, dWx, dWh = 0, [], 0, 0
    for t in reversed(range(T)):
        dxt, dprev, a, b, db = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dx.append(dxt)
        dWx, dWh = dWx + a, dWh + b
    return np.stack(dx, axis=1), dprev, dWx, dWh, db


# ---- Word embedding -----------------------------------------------------------------------------


@wrong("word_embedding_forward", says=["float|integer|int|whole number"])
def words_made_float(x, W):
    x = x.astype(np.float64)
    out = W[x]
    return out, (x, W)


@wrong("word_embedding_forward", says=["shape|(N, T, D)|axis|dimension|flat"])
def flattened_and_left_so(x, W):
    out = W[x.reshape(-1)]
    return out, (x, W)


@wrong("word_embedding_forward", says=["scale|divided|multiplied|sqrt|factor|length"])
def scaled_as_in_a_transformer(x, W):
    out = W[x] * np.sqrt(W.shape[1])
    return out, (x, W)


@wrong("word_embedding_backward", says=["zero|empty", "`np.empty`|start|left over|before|sum"])
def starts_from_the_table(dout, cache):
    x, shape = cache
    dW = np.ones(shape)
    np.add.at(dW, x, dout)
    return dW


@wrong("word_embedding_backward", says=["shape|(V, D)|axis|transpose"])
def table_lying_on_its_side(dout, cache):
    x, (V, D) = cache
    dW = np.zeros((D, V))
    for n, row in enumerate(x):
        for t, word in enumerate(row):
            dW[:, word] += dout[n, t]
    return dW


@wrong("word_embedding_backward", says=["V|row|word|shape|vocabulary"])
def as_many_rows_as_words_seen(dout, cache):
    x, shape = cache
    words, places = np.unique(x, return_inverse=True)
    dW = np.zeros((len(words), shape[1]))
    np.add.at(dW, places.reshape(x.shape), dout)
    return dW


@wrong("word_embedding_backward", says=["null|0|word|padding|row"])
def no_gradient_for_padding(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x, dout)
    dW[0] = 0
    return dW


# ---- One step of an LSTM ------------------------------------------------------------------------


@wrong("lstm_step_forward", says=["`g`|block input", "tanh|sigmoid"])
def sigmoid_for_all_four(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(sigmoid(x @ Wx + prev_h @ Wh + b), 4, axis=1)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_forward", says=["`next_h`|`next_c`", "order|exchanged|swapped"])
def c_before_h(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    c = f * prev_c + i * g
    h = o * np.tanh(c)
    return c, h, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, c)


@wrong("lstm_step_forward", says=["sigmoid|exp", "sign|minus|-x"])
def sigmoid_with_the_wrong_sign(x, prev_h, prev_c, Wx, Wh, b):
    def sig(z):
        return 1 / (1 + np.exp(z))
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sig(i), sig(f), sig(o), np.tanh(g)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_forward", says=["overlap|columns|`3 * H`|blocks|3H|slice"])
def slices_one_column_short(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i = sigmoid(a[:, : H - 1])
    f = sigmoid(a[:, H : 2 * H - 1])
    o = sigmoid(a[:, 2 * H : 3 * H - 1])
    g = np.tanh(a[:, 3 * H : -1])
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_forward", says=["forget gate|block|columns", "input gate|H|overlap|same"])
def a_slice_copied_and_not_changed(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i = sigmoid(a[:, 0:H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, H : 2 * H])
    g = np.tanh(a[:, 3 * H : 4 * H])
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_forward", says=["peephole|`prev_c`|cell state"])
def with_a_peephole(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(i + prev_c), sigmoid(f + prev_c), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_forward", says=["input gate|`i`", "left out|missing|without|not multiplied"])
def input_gate_left_out(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@almost("lstm_step_forward", says=["`prev_c`", "in place"])
def cell_state_in_place(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    old = prev_c.copy()
    prev_c *= f
    prev_c += i * g
    return o * np.tanh(prev_c), prev_c.copy(), (x, prev_h, old, Wx, Wh, i, f, o, g, prev_c.copy())


@wrong("lstm_step_backward", says=["`prev_c`|`dprev_c`", "`dnext_c`|path|`next_h`|dc"])
def dprev_c_from_dnext_c_only(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * t * o * (1 - o), dc * i * (1 - g**2)))
    return da @ Wx.T, da @ Wh.T, dnext_c * f, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("lstm_step_backward", says=["tanh|slope|derivative", "next_c|cell"])
def slope_at_the_bare_cell_state(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dc = dnext_c + dnext_h * o * (1 - next_c**2)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * np.tanh(next_c) * o * (1 - o), dc * i * (1 - g**2)))
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("lstm_step_backward", says=["`o`|output gate", "left out|missing|without"])
def output_gate_missing_on_the_way_to_c(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * (1 - t**2)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * t * o * (1 - o), dc * i * (1 - g**2)))
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("lstm_step_backward", says=["`1 - g**2`|block input|`g`", "square|slope|derivative"])
def slope_of_g_not_squared(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * t * o * (1 - o), dc * i * (1 - g)))
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("lstm_step_backward", says=["forget gate|`f`", "input gate|slope|derivative|`i`"])
def slope_of_the_wrong_gate(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - i),
                    dnext_h * t * o * (1 - o), dc * i * (1 - g**2)))
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("lstm_step_backward", says=["`dprev_h`", "gate|Wh|`o`|all|through"])
def dprev_h_with_one_gate_only(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    H = prev_h.shape[1]
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    dao = dnext_h * t * o * (1 - o)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dao, dc * i * (1 - g**2)))
    dprev_h = dao @ Wh[:, 2 * H : 3 * H].T
    return da @ Wx.T, dprev_h, dc * f, x.T @ da, prev_h.T @ da, da.sum(0)


# ---- An LSTM over time --------------------------------------------------------------------------


@wrong("lstm_forward", says=["cell state|`c`|c0", "random|ones|zero"])
def cell_state_begins_with_ones(x, h0, Wx, Wh, b):
    h, cache, c = [], [], np.ones_like(h0)
    prev = h0
    for t in range(x.shape[1]):
        prev, c, step = lstm_step_forward(x[:, t], prev, c, Wx, Wh, b)
        h.append(prev)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("lstm_forward", says=["(N, T, H)|hidden|size|4H|shape", "H"])
def hidden_size_from_b(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, b.shape[0]))
    c, cache = np.zeros_like(h0), []
    for t in range(T):
        h0, c, step = lstm_step_forward(x[:, t], h0, c, Wx, Wh, b)
        h[:, t] = h0
        cache.append(step)
    return h, cache


@wrong("lstm_backward", says=["cell|`dprev_c`|`dnext_c`", "accumul|again|added|+=|once more"])
def cell_gradient_accumulates(dh, cache):
    T = dh.shape[1]
    dprev_h = dprev_c = np.zeros_like(dh[:, 0])
    dx, sums = [None] * T, [0, 0, 0]
    for t in reversed(range(T)):
        dx[t], dprev_h, dc, *rest = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dprev_c = dprev_c + dc
        sums = [s + d for s, d in zip(sums, rest)]
    return np.stack(dx, axis=1), dprev_h, *sums


@wrong("lstm_backward", says=["`dnext_c`", "exchanged|swapped|order"])
def arguments_of_the_step_exchanged(dh, cache):
    T = dh.shape[1]
    dprev_h = dprev_c = np.zeros_like(dh[:, 0])
    dx, sums = [None] * T, [0, 0, 0]
    for t in reversed(range(T)):
        out = lstm_step_backward(dprev_c, dh[:, t] + dprev_h, cache[t])
        dx[t], dprev_h, dprev_c = out[:3]
        sums = [s + d for s, d in zip(sums, out[3:])]
    return np.stack(dx, axis=1), dprev_h, *sums


@wrong("lstm_backward", says=["`dprev_c`|six|`dh0`|too many|return|five"])
def dc0_returned_too(dh, cache):
    T = dh.shape[1]
    dprev_h = dprev_c = np.zeros_like(dh[:, 0])
    dx, sums = [None] * T, [0, 0, 0]
    for t in reversed(range(T)):
        out = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dx[t], dprev_h, dprev_c = out[:3]
        sums = [s + d for s, d in zip(sums, out[3:])]
    return np.stack(dx, axis=1), dprev_h, dprev_c, *sums


@right("lstm_backward")
def sums_in_place_and_dx_in_an_array(dh, cache):
    N, T, H = dh.shape
    x, _, _, Wx, Wh = cache[0][:5]
    dx = np.empty((T, N, x.shape[1]), dtype=dh.dtype)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(4 * H, dtype=dh.dtype)
    dprev_h, dprev_c = np.zeros((2, N, H), dtype=dh.dtype)
    t = T
    while t:
        t -= 1
        dx[t], dprev_h, dprev_c, gx, gh, gb = lstm_step_backward(
            dh[:, t] + dprev_h, dprev_c, cache[t])
        np.add(dWx, gx, out=dWx)
        np.add(dWh, gh, out=dWh)
        db += gb
    return dx.swapaxes(0, 1), dprev_h, dWx, dWh, db
