"""lstm_step_forward, lstm_step_backward, lstm_forward, lstm_backward."""

import numpy as np

from . import own_layers
from .kinds import almost, right, wrong
from .own_layers import (
    lstm_backward,
    lstm_forward,
    lstm_step_backward,
    lstm_step_forward,
    rnn_step_forward,
    sigmoid,
)

__all__ = ["lstm_backward", "lstm_forward", "lstm_step_backward", "lstm_step_forward"]

# ---- lstm_step_forward --------------------------------------------------------------------------


@right("lstm_step_forward")
def gates_with_an_axis_of_their_own(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    i, f, o, g = np.moveaxis((x @ Wx + prev_h @ Wh + b).reshape(N, 4, H), 1, 0)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = i * g + f * prev_c
    return np.tanh(next_c) * o, next_c, {"i": i, "f": f, "o": o, "g": g}


def _quotient(x):
    return np.exp(x) / (1 + np.exp(x))


@almost("lstm_step_forward", says=["overflow|large numbers"])
def sigmoid_as_a_quotient_of_exps(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    next_c = _quotient(f) * prev_c + _quotient(i) * np.tanh(g)
    return _quotient(o) * np.tanh(next_c), next_c, None


@wrong("lstm_step_forward", says=["`//`"])
def a_quarter_by_true_division(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    H = a.shape[1] / 4
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
    next_c = f * prev_c + i * np.tanh(a[:, 3 * H :])
    return o * np.tanh(next_c), next_c, None


@wrong("lstm_step_forward", says=["`np.split`|split", "axis"])
def split_without_an_axis(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    i, f, o, g = np.split(a, 4)
    next_c = sigmoid(f) * prev_c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(next_c), next_c, None


@wrong("lstm_step_forward", says=["order", "i, f, o, g|input, forget|f, i, o, g"])
def forget_gate_first(x, prev_h, prev_c, Wx, Wh, b):
    f, i, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    next_c = sigmoid(f) * prev_c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(next_c), next_c, None


@wrong("lstm_step_forward", says=["`next_h`", "tanh"])
def no_tanh_of_the_cell_state(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    next_c = sigmoid(f) * prev_c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * next_c, next_c, None


@wrong("lstm_step_forward", says=["sigmoid"])
def gates_not_squashed(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    next_c = f * prev_c + i * np.tanh(g)
    return o * np.tanh(next_c), next_c, None


@wrong("lstm_step_forward", says=["2 values", "cache"])
def no_cache_returned(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    next_c = sigmoid(f) * prev_c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(next_c), next_c


# ---- lstm_step_backward -------------------------------------------------------------------------


@almost("lstm_step_backward", says=["`dnext_c`", "in place"])
def added_to_dnext_c_in_place(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dnext_c += dnext_h * o * (1 - np.tanh(next_c) ** 2)
    da = np.hstack([dnext_c * g * i * (1 - i), dnext_c * prev_c * f * (1 - f),
                    dnext_h * np.tanh(next_c) * o * (1 - o), dnext_c * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dnext_c * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["sigmoid", "twice|already|once more"])
def slope_of_the_sigmoids_twice(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    di, df, do = dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o)
    dg = dc * i * (1 - g**2)
    da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["sigmoid", "twice|already|once more"])
def sigmoid_of_gates_that_are_squashed_already(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    slopes = [sigmoid(gate) * (1 - sigmoid(gate)) for gate in (i, f, o)]
    da = np.hstack([dc * g * slopes[0], dc * prev_c * slopes[1], dnext_h * t * slopes[2],
                    dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["`next_h`|`dnext_h`", "cell state"])
def path_through_next_h_missing(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dc = dnext_c
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * np.tanh(next_c) * o * (1 - o), dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["`np.concatenate`", "axis"])
def gates_joined_along_the_first_axis(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    da = np.concatenate([dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                         dnext_h * np.tanh(next_c) * o * (1 - o), dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["forget gate", "`prev_c`"])
def forget_gate_from_the_new_cell_state(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    da = np.hstack([dc * g * i * (1 - i), dc * next_c * f * (1 - f),
                    dnext_h * np.tanh(next_c) * o * (1 - o), dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["block input", "tanh"])
def block_input_with_the_slope_of_a_sigmoid(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * np.tanh(next_c) * o * (1 - o), dc * i * g * (1 - g)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


# ---- lstm_forward -------------------------------------------------------------------------------


@wrong("lstm_forward", says=["np.copy", "tuple|different shapes"])
def np_copy_of_a_tuple(x, h0, Wx, Wh, b):
    h, c, hs, cache = h0, np.zeros_like(h0), [], []
    for t in range(x.shape[1]):
        h, c, step_cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
        cache.append(np.copy(step_cache))
    return np.stack(hs, axis=1), cache


@wrong("lstm_forward", says=["cell state", "zero"])
def cell_state_made_anew_at_each_step(x, h0, Wx, Wh, b):
    h, hs, cache = h0, [], []
    for t in range(x.shape[1]):
        h, _, step_cache = lstm_step_forward(x[:, t], h, np.zeros_like(h0), Wx, Wh, b)
        hs.append(h)
        cache.append(step_cache)
    return np.stack(hs, axis=1), cache


@wrong("lstm_forward", says=["cell state", "zero"])
def cell_state_starts_as_h0(x, h0, Wx, Wh, b):
    h, c, hs, cache = h0, h0, [], []
    for t in range(x.shape[1]):
        h, c, step_cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
        cache.append(step_cache)
    return np.stack(hs, axis=1), cache


@wrong("lstm_forward", says=["`rnn_step_forward`|vanilla", "4H|`lstm_step_forward`"])
def vanilla_step_in_an_lstm(x, h0, Wx, Wh, b):
    h, hs, cache = h0, [], []
    for t in range(x.shape[1]):
        h, step_cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        hs.append(h)
        cache.append(step_cache)
    return np.stack(hs, axis=1), cache


@wrong("lstm_forward", says=["cell state", "hidden state"])
def cell_states_returned(x, h0, Wx, Wh, b):
    h, c, cs, cache = h0, np.zeros_like(h0), [], []
    for t in range(x.shape[1]):
        h, c, step_cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        cs.append(c)
        cache.append(step_cache)
    return np.stack(cs, axis=1), cache


@wrong("lstm_forward", says=["`lstm_step_forward`|3 values|three values", "2|`next_c`"])
def two_names_for_three_values(x, h0, Wx, Wh, b):
    h, hs, cache = h0, [], []
    for t in range(x.shape[1]):
        h, step_cache = lstm_step_forward(x[:, t], h, h0 * 0, Wx, Wh, b)
        hs.append(h)
        cache.append(step_cache)
    return np.stack(hs, axis=1), cache


# ---- lstm_backward ------------------------------------------------------------------------------


def _step_in_place(dnext_h, dnext_c, cache):
    o, next_c = cache[7], cache[9]
    through_h = dnext_h * o * (1 - np.tanh(next_c) ** 2)
    dnext_c += through_h
    return own_layers.lstm_step_backward(dnext_h, dnext_c - through_h, cache)


_step_in_place.__name__ = "lstm_step_backward"


@almost("lstm_backward", says=["`lstm_step_backward`", "`dnext_c`", "in place"],
        using=[_step_in_place])
def around_a_step_that_changes_an_argument(dh, cache):
    dx, total = [], 0
    dprev_h, dprev_c = np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        step = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dx.insert(0, step[0])
        dprev_h, dprev_c = step[1], step[2]
        total = step[3:] if len(dx) == 1 else [a + b for a, b in zip(total, step[3:])]
    return (np.stack(dx, axis=1), dprev_h, *total)


@wrong("lstm_backward", says=["cell state"])
def gradient_of_the_cell_state_not_handed_on(dh, cache):
    dx, total = [], 0
    dprev_h = np.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        step = lstm_step_backward(dh[:, t] + dprev_h, np.zeros_like(dprev_h), cache[t])
        dx.insert(0, step[0])
        dprev_h = step[1]
        total = step[3:] if len(dx) == 1 else [a + b for a, b in zip(total, step[3:])]
    return (np.stack(dx, axis=1), dprev_h, *total)


@wrong("lstm_backward", says=["cell state", "zero|same array"],
       using=[_step_in_place])
def one_array_of_zeros_for_two_gradients_and_a_step_in_place(dh, cache):
    dx, total = [], 0
    dprev_h = dprev_c = np.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        dprev_h += dh[:, t]
        step = lstm_step_backward(dprev_h, dprev_c, cache[t])
        dx.insert(0, step[0])
        dprev_h, dprev_c = step[1], step[2]
        total = step[3:] if len(dx) == 1 else [a + b for a, b in zip(total, step[3:])]
    return (np.stack(dx, axis=1), dprev_h, *total)


@wrong("lstm_backward", says=["time order|reverse|one time step|first"])
def dx_in_the_order_of_the_loop(dh, cache):
    dx, total = [], 0
    dprev_h, dprev_c = np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        step = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dx.append(step[0])
        dprev_h, dprev_c = step[1], step[2]
        total = step[3:] if len(dx) == 1 else [a + b for a, b in zip(total, step[3:])]
    return (np.stack(dx, axis=1), dprev_h, *total)
