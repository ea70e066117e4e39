"""Layers as a learner has them by the time of a later exercise. All are right."""

import numpy as np

__all__ = ["affine_forward", "affine_backward", "temporal_affine_forward",
           "temporal_affine_backward", "temporal_softmax_loss", "sigmoid",
           "rnn_step_forward", "rnn_step_backward", "rnn_forward", "rnn_backward",
           "word_embedding_forward", "word_embedding_backward",
           "lstm_step_forward", "lstm_step_backward", "lstm_forward", "lstm_backward"]


def affine_forward(x, w, b):
    return np.dot(x.reshape(x.shape[0], -1), w) + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, _ = cache
    flat = x.reshape(x.shape[0], -1)
    return np.dot(dout, w.T).reshape(x.shape), np.dot(flat.T, dout), np.sum(dout, axis=0)


def temporal_affine_forward(x, w, b):
    return np.tensordot(x, w, axes=1) + b, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    dw = np.tensordot(x, dout, axes=((0, 1), (0, 1)))
    return np.tensordot(dout, w.T, axes=1), dw, np.sum(dout, axis=(0, 1))


def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    e = np.exp(x - np.max(x, axis=2, keepdims=True))
    p = e / np.sum(e, axis=2, keepdims=True)
    ones = np.eye(V, dtype=x.dtype)[y]
    loss = -np.sum(mask * np.log(np.sum(p * ones, axis=2))) / N
    return loss, (p - ones) * mask[..., None] / N


def sigmoid(x):
    return 0.5 * (np.tanh(0.5 * x) + 1)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    next_h = np.tanh(a)
    return next_h, (x, prev_h, Wx, Wh, b, a, next_h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = (1 - next_h * next_h) * dnext_h
    return (np.dot(da, Wx.T), np.dot(da, Wh.T), np.dot(x.T, da), np.dot(prev_h.T, da),
            np.sum(da, axis=0))


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=x.dtype)
    caches = []
    current = h0
    for t in range(T):
        current, step_cache = rnn_step_forward(x[:, t], current, Wx, Wh, b)
        h[:, t] = current
        caches.append(step_cache)
    return h, caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh = cache[0][:4]
    dx = np.zeros((N, T, x.shape[1]), dtype=dh.dtype)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(H, dtype=dh.dtype)
    dprev_h = np.zeros((N, H), dtype=dh.dtype)
    for t in range(T)[::-1]:
        step = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dx[:, t], dprev_h = step[0], step[1]
        dWx, dWh, db = dWx + step[2], dWh + step[3], db + step[4]
    return dx, dprev_h, dWx, dWh, db


def word_embedding_forward(x, W):
    return W[x], (x, W.shape)


def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape, dtype=dout.dtype)
    np.add.at(dW, x, dout)
    return dW


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * tanh_c * o * (1 - o), dc * i * (1 - g**2)])
    return (np.dot(da, Wx.T), np.dot(da, Wh.T), dc * f, np.dot(x.T, da), np.dot(prev_h.T, da),
            np.sum(da, axis=0))


def lstm_forward(x, h0, Wx, Wh, b):
    hs, caches = [], []
    h, c = h0, np.zeros_like(h0)
    for t in range(x.shape[1]):
        h, c, step_cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
        caches.append(step_cache)
    return np.stack(hs, axis=1), caches


def lstm_backward(dh, cache):
    dxs, sums = [], [0, 0, 0]
    dprev_h, dprev_c = np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        dx, dprev_h, dprev_c, *rest = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        dxs.insert(0, dx)
        sums = [total + part for total, part in zip(sums, rest)]
    return (np.stack(dxs, axis=1), dprev_h, *sums)
