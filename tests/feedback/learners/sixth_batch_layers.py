"""A sixth batch, for the layers, written before the catalogue was looked at."""

import numpy as np

from .kinds import right, wrong
from .own_layers import (
    lstm_step_backward,
    lstm_step_forward,
    rnn_step_backward,
    rnn_step_forward,
    sigmoid,
)

# ---- rnn_step_forward ---------------------------------------------------------------------------


@right("rnn_step_forward")
def with_einsum_and_a_cache_as_dict(x, prev_h, Wx, Wh, b):
    pre = np.einsum("nd,dh->nh", x, Wx)
    pre = pre + np.einsum("nk,kh->nh", prev_h, Wh)
    next_h = np.tanh(pre + b[None, :])
    return next_h, dict(x=x, prev_h=prev_h, Wx=Wx, Wh=Wh, next_h=next_h)


@wrong("rnn_step_forward", says=["`Wh`", "transpose|`Wh.T`"], never=["bias"])
def recurrent_weights_as_in_pytorch(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh.T) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


@wrong("rnn_step_forward", says=["bias|`b`", "twice|two times"])
def bias_with_each_product(x, prev_h, Wx, Wh, b):
    from_input = x @ Wx + b
    from_state = prev_h @ Wh + b
    next_h = np.tanh(from_input + from_state)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_forward", says=["relu|`np.maximum`|maximum", "tanh"])
def relu_for_tanh(x, prev_h, Wx, Wh, b):
    scores = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    next_h = np.maximum(0, scores)
    return next_h, (x, prev_h, Wx, Wh, scores)


@wrong("rnn_step_forward", says=["`prev_h`", "added|blend|residual|itself"])
def old_state_added_once_more(x, prev_h, Wx, Wh, b):
    update = np.tanh(x @ Wx + prev_h @ Wh + b)
    next_h = prev_h + update
    return next_h, (x, prev_h, Wx, Wh, update)


# ---- rnn_step_backward --------------------------------------------------------------------------


@right("rnn_step_backward")
def by_loops_over_examples(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    dx, dprev_h = np.zeros_like(x), np.zeros_like(prev_h)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    for n in range(x.shape[0]):
        da = dnext_h[n] * (1 - next_h[n] ** 2)
        dx[n] = Wx @ da
        dprev_h[n] = Wh @ da
        dWx += np.outer(x[n], da)
        dWh += np.outer(prev_h[n], da)
        db += da
    return dx, dprev_h, dWx, dWh, db


@wrong("rnn_step_backward", says=["slope|`1 - next_h", "tanh"])
def no_slope_at_all(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    dx = dnext_h.dot(Wx.T)
    dprev_h = dnext_h.dot(Wh.T)
    dWx = x.T.dot(dnext_h)
    dWh = prev_h.T.dot(dnext_h)
    db = dnext_h.sum(0)
    return dx, dprev_h, dWx, dWh, db


@wrong("rnn_step_backward", says=["sigmoid", "tanh"])
def slope_of_a_sigmoid(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * next_h * (1 - next_h)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, np.sum(da, axis=0)


@wrong("rnn_step_backward", says=["`db`", "axis"])
def db_over_the_wrong_axis(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, np.sum(da, axis=1)


@wrong("rnn_step_backward", says=["`dprev_h`|`Wh`", "`dWh`|`next_h`"])
def two_at_once(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = (1 - next_h**2) * dnext_h
    dprev_h = np.einsum("nh,hk->nk", da, Wh)
    dWh = next_h.T @ da
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(axis=0)


@wrong("rnn_step_backward", says=["`dnext_h`|upstream", "`db`|bias"])
def db_from_the_gradient_above(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, dnext_h.sum(axis=0)


# ---- rnn_forward --------------------------------------------------------------------------------


@right("rnn_forward")
def time_first_and_back_again(x, h0, Wx, Wh, b):
    x_t = x.transpose(1, 0, 2)
    h = np.empty((x.shape[1], x.shape[0], h0.shape[1]), dtype=x.dtype)
    cache = {}
    for t, step in enumerate(x_t):
        h[t], cache[t] = rnn_step_forward(step, h0 if t == 0 else h[t - 1], Wx, Wh, b)
    return h.transpose(1, 0, 2), cache


@wrong("rnn_forward", says=["axis|example|`x[:, t]`|`x[t]`"])
def loops_over_examples_for_steps(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h, prev, cache = np.zeros((N, T, h0.shape[1])), h0, []
    for t in range(T):
        prev, step = rnn_step_forward(x[t], prev, Wx, Wh, b)
        h[t] = prev
        cache.append(step)
    return h, cache


@wrong("rnn_forward", says=["reshape", "axes|axis|order"])
def reshape_for_transpose(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    steps = x.reshape(T, N, D)
    h, cache, prev_h = [], [], h0
    for t in range(T):
        prev_h, step = rnn_step_forward(steps[t], prev_h, Wx, Wh, b)
        h.append(prev_h)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("rnn_forward", says=["last|time step", "zero|range|left out|T - 1"])
def stops_one_step_early(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    prev_h, cache = h0, []
    for t in range(T - 1):
        h[:, t, :], step = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        prev_h = h[:, t, :]
        cache.append(step)
    return h, cache


@wrong("rnn_forward", says=["`h0`", "last|previous|index|`h[:, t - 1]`|-1"])
def reads_the_zeros_before_the_first_step(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, Wh.shape[0]))
    cache = []
    for t in range(T):
        h[:, t], step = rnn_step_forward(x[:, t], h[:, t - 1], Wx, Wh, b)
        cache.append(step)
    return h, cache


@wrong("rnn_forward", says=["two steps|`t - 2`|h0|step before|off by one|one step too old|earlier"])
def state_of_the_step_before_the_last(x, h0, Wx, Wh, b):
    states = [h0, h0]
    cache = []
    for t in range(x.shape[1]):
        nxt, step = rnn_step_forward(x[:, t], states[-2], Wx, Wh, b)
        states.append(nxt)
        cache.append(step)
    return np.stack(states[2:], axis=1), cache


# ---- rnn_backward -------------------------------------------------------------------------------


@right("rnn_backward")
def with_lists_and_sums(dh, cache):
    later, grads = 0, []
    for step, dh_t in zip(cache[::-1], dh.swapaxes(0, 1)[::-1]):
        grads.append(rnn_step_backward(dh_t + later, step))
        later = grads[-1][1]
    dx, _, dWx, dWh, db = zip(*grads)
    return np.stack(dx[::-1], axis=1), later, sum(dWx), sum(dWh), sum(db)


@wrong("rnn_backward", says=["`db`", "first time step only|last|overwrit", "add up|sum"])
def db_not_summed(dh, cache):
    N, T, H = dh.shape
    dx, dprev, dWx, dWh = [], np.zeros((N, H)), 0, 0
    for t in range(T - 1, -1, -1):
        dxt, dprev, dwx, dwh, db = rnn_step_backward(dh[:, t, :] + dprev, cache[t])
        dx.append(dxt)
        dWx += dwx
        dWh += dwh
    return np.stack(dx[::-1], axis=1), dprev, dWx, dWh, db


@wrong("rnn_backward", says=["divided|mean|average", "`T`|time steps|summed"])
def weight_gradients_averaged(dh, cache):
    N, T, H = dh.shape
    dprev, dx, dWx, dWh, db = np.zeros((N, H)), [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], dprev, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dWx, dWh, db = dWx + a / T, dWh + b / T, db + c / T
    return np.stack(dx, axis=1), dprev, dWx, dWh, db


@wrong("rnn_backward", says=["`dprev_h`|later|accumul", "added|twice|again|sum"])
def hidden_gradient_accumulates(dh, cache):
    N, T, H = dh.shape
    dprev, dx, dWx, dWh, db = np.zeros((N, H)), [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], d, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache[t])
        dprev = dprev + d
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return np.stack(dx, axis=1), dprev, dWx, dWh, db


@wrong("rnn_backward", says=["cache", "`T`|time step|`t`|index|order|reversed"])
def cache_popped_from_the_front(dh, cache):
    cache = list(cache)
    T = dh.shape[1]
    dprev, dx, dWx, dWh, db = np.zeros_like(dh[:, 0]), [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], dprev, a, b, c = rnn_step_backward(dh[:, t] + dprev, cache.pop(0))
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return np.stack(dx, axis=1), dprev, dWx, dWh, db


# ---- word_embedding -----------------------------------------------------------------------------


@right("word_embedding_forward")
def with_take(x, W):
    flat = np.take(W, np.asarray(x).ravel(), axis=0)
    return flat.reshape(x.shape + (W.shape[-1],)), {"words": x, "V": W.shape[0]}


@wrong("word_embedding_forward", says=["1|one", "word|number|row"])
def words_counted_from_one(x, W):
    out = W[x - 1]
    return out, (x, W)


@wrong("word_embedding_forward", says=["axes|axis|order|(N, T, D)|time"])
def time_goes_first(x, W):
    out = W[x.T]
    cache = x, W
    return out, cache


@wrong("word_embedding_backward", says=["count|number of times|often|divided|average|mean"])
def averaged_over_occurrences(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x, dout)
    counts = np.bincount(x.ravel(), minlength=shape[0])
    return dW / np.maximum(counts, 1)[:, None]


@wrong("word_embedding_backward",
       says=["last|overwrit|once|repeated|more than once", "sum|add|`+=`"])
def loop_with_equals_only(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    N, T = x.shape
    for n in range(N):
        for t in range(T):
            dW[x[n, t]] = dout[n, t]
    return dW


# ---- lstm_step_forward --------------------------------------------------------------------------


@right("lstm_step_forward")
def gates_in_one_sigmoid(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    z = np.hstack([x, prev_h]) @ np.vstack([Wx, Wh]) + b
    s = sigmoid(z[:, : 3 * H]).reshape(-1, 3, H)
    g = np.tanh(z[:, 3 * H :])
    next_c = s[:, 1] * prev_c + s[:, 0] * g
    next_h = s[:, 2] * np.tanh(next_c)
    return next_h, next_c, [x, prev_h, prev_c, Wx, Wh, s, g, next_c]


@wrong("lstm_step_forward", says=["order", "gate|block input|`g`"])
def gates_in_the_order_of_pytorch(x, prev_h, prev_c, Wx, Wh, b):
    i, f, g, o = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_forward", says=["coupled|`1 - i`|1 - |forget gate"])
def forget_gate_as_one_minus_input(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_c.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i = sigmoid(a[:, :H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = (1 - i) * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, o, g, next_c)


@wrong("lstm_step_forward", says=["`prev_c`", "`next_c`|new cell state|cell state"])
def state_from_the_old_cell(x, prev_h, prev_c, Wx, Wh, b):
    ai, af, ao, ag = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(prev_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


@wrong("lstm_step_forward", says=["columns|interleaved|every fourth|`0::4`|stride|::4|together"])
def every_fourth_column(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    i, f, o, g = (a[:, k::4] for k in range(4))
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


# ---- lstm_step_backward -------------------------------------------------------------------------


@wrong("lstm_step_backward", says=["`dnext_c`", "left out|missing|not used|dropped|ignored"])
def gradient_of_the_cell_dropped(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    do = dnext_h * t
    dc = dnext_h * o * (1 - t * t)
    di, df, dg = dc * g, dc * prev_c, dc * i
    da = np.concatenate((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g * g)), 1)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("lstm_step_backward", says=["slope|derivative", "gate|sigmoid"])
def gates_without_their_slopes(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack((dc * g, dc * prev_c, dnext_h * t, dc * i))
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["input gate|`i`", "`g`|block input"])
def partners_of_i_and_g_exchanged(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    di, df, do, dg = dc * i, dc * prev_c, dnext_h * t, dc * g
    da = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)))
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["order", "gate|block input|column"])
def gradients_joined_in_the_order_of_pytorch(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack((dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dc * i * (1 - g**2),
                    dnext_h * t * o * (1 - o)))
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


# ---- lstm_forward, lstm_backward ----------------------------------------------------------------


@wrong("lstm_forward", says=["`c`|cell state|`prev_c`|`next_c`", "handed on|zero|every step|each"])
def cell_state_never_renewed(x, h0, Wx, Wh, b):
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    cache = []
    prev_h, prev_c = h0, np.zeros_like(h0)
    for t in range(T):
        prev_h, next_c, step = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step)
    return h, cache


@wrong("lstm_forward", says=["c0|`prev_c`|cell state"])
def cell_state_without_a_beginning(x, h0, Wx, Wh, b):
    h, cache = [], []
    prev_h = h0
    for t in range(x.shape[1]):
        prev_h, prev_c, step = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)  # noqa: F821
        h.append(prev_h)
        cache.append(step)
    return np.stack(h, axis=1), cache


@wrong("lstm_backward", says=["cell state|`dprev_c`|`dnext_c`", "`dh`|added|hidden"])
def dh_added_to_the_cell_gradient(dh, cache):
    T = dh.shape[1]
    dprev_h = np.zeros_like(dh[:, 0])
    dprev_c = np.zeros_like(dprev_h)
    dx, sums = [None] * T, [0, 0, 0]
    for t in reversed(range(T)):
        out = lstm_step_backward(dh[:, t] + dprev_h, dh[:, t] + dprev_c, cache[t])
        dx[t], dprev_h, dprev_c = out[:3]
        sums = [s + d for s, d in zip(sums, out[3:])]
    return np.stack(dx, axis=1), dprev_h, *sums


@wrong("lstm_backward", says=["`dh0`", "cell|`dprev_c`"])
def dh0_from_the_cell_state(dh, cache):
    T = dh.shape[1]
    dprev_h = dprev_c = np.zeros_like(dh[:, 0])
    dx, dWx, dWh, db = [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dx[t], dprev_h, dprev_c, a, b, c = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dWx, dWh, db = dWx + a, dWh + b, db + c
    return np.stack(dx, axis=1), dprev_c, dWx, dWh, db
