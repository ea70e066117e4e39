"""rnn_step_forward, rnn_step_backward, rnn_forward, rnn_backward."""

import math

import numpy as np

from . import own_layers
from .kinds import almost, right, wrong
from .own_layers import rnn_backward, rnn_forward, rnn_step_backward, rnn_step_forward

__all__ = ["rnn_backward", "rnn_forward", "rnn_step_backward", "rnn_step_forward"]

# ---- rnn_step_forward ---------------------------------------------------------------------------


@right("rnn_step_forward")
def one_product_of_joined_matrices(x, prev_h, Wx, Wh, b):
    both = np.concatenate([x, prev_h], axis=1)
    next_h = np.tanh(both @ np.concatenate([Wx, Wh], axis=0) + b)
    return next_h, {"both": both, "next_h": next_h}


@right("rnn_step_forward")
def sums_up_in_an_array_of_its_own(x, prev_h, Wx, Wh, b):
    a = x @ Wx
    a += prev_h @ Wh
    a += b
    return np.tanh(a, out=a), (x, prev_h, Wx, Wh, a)


@right("rnn_step_forward", says=["np.matrix"])
def goes_through_np_matrix(x, prev_h, Wx, Wh, b):
    return np.tanh(np.asmatrix(x) * Wx + np.asmatrix(prev_h) * Wh + b), None


@almost("rnn_step_forward", says=["overflow|large numbers"])
def tanh_written_out(x, prev_h, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    up, down = np.exp(a), np.exp(-a)
    return (up - down) / (up + down), None


@wrong("rnn_step_forward", says=["math.tanh", "np.tanh"], never=["axis has to go away"])
def tanh_of_the_math_module(x, prev_h, Wx, Wh, b):
    next_h = math.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_forward", says=["`x * Wx`", "`@`"], never=["axis has to go away"])
def star_for_the_first_product(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x * Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)


@wrong("rnn_step_forward", says=["returns nothing"], never=["not done"])
def forgets_return(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    print(next_h, cache)


@wrong("rnn_step_forward", says=["1 value", "cache"])
def returns_next_h_only(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b)


@wrong("rnn_step_forward", says=["np.zeros", "one argument|one tuple|in parentheses|as a tuple"])
def np_zeros_of_two_numbers(x, prev_h, Wx, Wh, b):
    N, H = prev_h.shape
    next_h = np.zeros(N, H)
    next_h[:] = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, None


@wrong("rnn_step_forward", says=["float16"])
def casts_to_float16(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b).astype(np.float16)
    return next_h, None


@wrong("rnn_step_forward", says=["sigmoid"])
def sigmoid_for_tanh(x, prev_h, Wx, Wh, b):
    return 1 / (1 + np.exp(-(x @ Wx + prev_h @ Wh + b))), None


@wrong("rnn_step_forward", says=["bias", "outside|after the tanh|behind"])
def bias_outside_of_tanh(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh) + b, None


@wrong("rnn_step_forward", says=["prev_h @ Wh", "missing|left out"], never=["`Wx.T`"])
def old_state_left_out(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + b), None


# ---- rnn_step_backward --------------------------------------------------------------------------


@right("rnn_step_backward")
def with_einsum(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h / np.cosh(np.clip(a, -300, 300)) ** 2
    return (np.einsum("nh,dh->nd", da, Wx), np.einsum("nh,kh->nk", da, Wh),
            np.einsum("nd,nh->dh", x, da), np.einsum("nk,nh->kh", prev_h, da), da.sum(0))


@almost("rnn_step_backward", says=["`dnext_h`", "in place"])
def slope_multiplied_in_place(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    dnext_h *= 1 - next_h**2
    return (dnext_h @ Wx.T, dnext_h @ Wh.T, x.T @ dnext_h, prev_h.T @ dnext_h, dnext_h.sum(axis=0))


@wrong("rnn_step_backward", says=["tanh", "already"])
def tanh_of_what_is_a_tanh_already(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - np.tanh(next_h) ** 2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_step_backward", says=["`dnext_h`", "left out|missing"])
def upstream_gradient_left_out(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = 1 - next_h**2
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_step_backward", says=["`dWh`", "`prev_h`"])
def dWh_from_the_new_state(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, next_h.T @ da, da.sum(axis=0)


@wrong("rnn_step_backward", says=["`da * Wx.T`", "`@`"])
def star_for_dx(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    dx = da * Wx.T
    return dx, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_step_backward", says=["`db`", "keepdims|(1,"])
def db_keeps_an_axis(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0, keepdims=True)


@wrong("rnn_step_backward", says=["`db`", "axis"])
def db_is_one_number(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, np.sum(da)


@wrong("rnn_step_backward", says=["cache", "order"])
def cache_unpacked_in_another_order(dnext_h, cache):
    x, Wx, prev_h, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def _without_cache(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + prev_h @ Wh + b), None


_without_cache.__name__ = "rnn_step_forward"


@wrong("rnn_step_backward", says=["cache", "None", "`rnn_step_forward`"], using=[_without_cache])
def forward_has_no_cache(dnext_h, cache):
    x, prev_h, Wx, Wh, b, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_step_backward", says=["squared|square", "`db`"])
def slope_not_squared_and_db_averaged(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.mean(axis=0)


@wrong("rnn_step_backward", says=["4 values", "dWh"])
def one_gradient_too_few(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, da.sum(axis=0)


# ---- rnn_forward --------------------------------------------------------------------------------


@right("rnn_forward")
def stacked_at_the_end(x, h0, Wx, Wh, b):
    states, cache = [h0], []
    for x_t in np.swapaxes(x, 0, 1):
        state, step_cache = rnn_step_forward(x_t, states[-1], Wx, Wh, b)
        states.append(state)
        cache.append(step_cache)
    return np.array(states[1:]).transpose(1, 0, 2), cache


@wrong("rnn_forward", says=["np.zeros", "one argument|one tuple|in parentheses|as a tuple"])
def np_zeros_of_three_numbers(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros(N, T, h0.shape[1])
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step_cache)
    return h, cache


@wrong("rnn_forward", says=["cache", "last time step|last step"])
def cache_of_the_last_step_only(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=x.dtype)
    prev_h = h0
    for t in range(T):
        prev_h, cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
    return h, cache


@wrong("rnn_forward", says=["cache", "overwrit|written again"])
def cached_states_overwritten_by_later_steps(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=x.dtype)
    cache = []
    prev_h = h0.copy()
    for t in range(T):
        next_h, step_cache = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        cache.append(step_cache)
        h[:, t] = next_h
        prev_h[:] = next_h
    return h, cache


@wrong("rnn_forward", says=["`h0`", "carried|every time step|each time step"])
def state_not_handed_on(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=x.dtype)
    cache = []
    for t in range(T):
        h[:, t], step_cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        cache.append(step_cache)
    return h, cache


@wrong("rnn_forward", says=["list", "np.stack"])
def returns_a_list_of_states(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, step_cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step_cache)
    return h, cache


@wrong("rnn_forward", says=["(T, N, H)|axes in another order|axis=1"])
def stacked_along_the_first_axis(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, step_cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step_cache)
    return np.stack(h), cache


def _step_without_bias(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh)
    return next_h, (x, prev_h, Wx, Wh, b, None, next_h)


_step_without_bias.__name__ = "rnn_step_forward"


@wrong("rnn_forward", says=["`rnn_step_forward`"], using=[_step_without_bias])
def right_around_a_wrong_step(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        h0, step_cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step_cache)
    return np.stack(h, axis=1), cache


@wrong("rnn_forward", says=["`h0`", "carried|every time step|each time step"],
       never=["itself is right"], using=[_step_without_bias])
def wrong_by_itself_around_a_wrong_step(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1]):
        next_h, step_cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(next_h)
        cache.append(step_cache)
    return np.stack(h, axis=1), cache


# ---- rnn_backward -------------------------------------------------------------------------------


def _forward_with_one_cache(x, h0, Wx, Wh, b):
    h, _ = own_layers.rnn_forward(x, h0, Wx, Wh, b)
    return h, (x, h0, Wx, Wh, h)


_forward_with_one_cache.__name__ = "rnn_forward"


@right("rnn_backward", using=[_forward_with_one_cache])
def one_cache_for_the_whole_sequence(dh, cache):
    x, h0, Wx, Wh, h = cache
    da, later = np.zeros_like(h), 0
    for t in reversed(range(dh.shape[1])):
        da[:, t] = (dh[:, t] + later) * (1 - h[:, t] ** 2)
        later = da[:, t] @ Wh.T
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    return (da @ Wx.T, later, np.einsum("ntd,nth->dh", x, da), np.einsum("nth,ntk->hk", before, da),
            da.sum(axis=(0, 1)))


@wrong("rnn_backward", says=["next time step|later time step|step t + 1", "added|left out|missing"])
def what_comes_from_later_steps_left_out(dh, cache):
    dx, total = [], 0
    for t in reversed(range(dh.shape[1])):
        step = rnn_step_backward(dh[:, t], cache[t])
        dx.insert(0, step[0])
        total = [0 + part for part in step[2:]] if t == dh.shape[1] - 1 else \
            [old + part for old, part in zip(total, step[2:])]
    return (np.stack(dx, axis=1), step[1], *total)


@wrong("rnn_backward", says=["`dh[:, t]`", "left out|missing|only the last"])
def own_gradient_of_each_step_left_out(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh = cache[0][:4]
    dx, dWx, dWh, db = np.zeros((N, T, x.shape[1])), 0, 0, 0
    dprev_h = dh[:, -1]
    for t in reversed(range(T)):
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dprev_h, dWx, dWh, db


@wrong("rnn_backward", says=["`dWx`", "overwrit|added up|+="])
def weight_gradients_of_one_step_only(dh, cache):
    N, T, H = dh.shape
    dx = np.zeros((N, T, cache[0][0].shape[1]))
    dprev_h = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], dprev_h, dWx, dWh, db = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
    return dx, dprev_h, dWx, dWh, db


@almost("rnn_backward", says=["`dh`", "in place"])
def dh_added_to_in_place(dh, cache):
    N, T, H = dh.shape
    dx, dWx, dWh, db = np.zeros((N, T, cache[0][0].shape[1]), dtype=dh.dtype), 0, 0, 0
    dprev_h = 0
    for t in reversed(range(T)):
        dh[:, t] += dprev_h
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t], cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dprev_h, dWx, dWh, db


@wrong("rnn_backward", says=["`dh0`", "None|never set|without having been computed"])
def dh0_never_set(dh, cache):
    N, T, H = dh.shape
    dx, dh0, dWx, dWh, db = np.zeros((N, T, cache[0][0].shape[1])), None, 0, 0, 0
    dprev_h = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dh0, dWx, dWh, db


@wrong("rnn_backward", says=["sequence|list", "`cache[t]`|one time step|each time step"])
def whole_cache_given_to_each_step(dh, cache):
    N, T, H = dh.shape
    dx, dWx, dWh, db = np.zeros((N, T, H)), 0, 0, 0
    dprev_h = np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache)
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dprev_h, dWx, dWh, db
