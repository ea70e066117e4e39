"""Wrong implementations as learners write them, and what the report has to say about each.

They share no code with the catalogue of mistakes. Each is changed from a right implementation by
replacing a piece of its text, so that one sees at a glance what is wrong.
"""

import pytest

from cs231n.feedback import check

LAYERS = '''
import numpy as np

def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), 1 - 1 / (1 + np.exp(-np.abs(x))))

def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1).dot(w) + b, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    return dout.dot(w.T).reshape(x.shape), x.reshape(x.shape[0], -1).T.dot(dout), dout.sum(0)

def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    return x.reshape(N * T, D).dot(w).reshape(N, T, -1) + b, (x, w)

def temporal_affine_backward(dout, cache):
    x, w = cache
    return dout.dot(w.T), np.einsum("ntd,ntm->dm", x, dout), dout.sum(axis=(0, 1))

def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    p = np.exp(x - x.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    n, t = np.indices((N, T))
    loss = -np.sum(mask * np.log(p[n, t, y])) / N
    dx = p.copy()
    dx[n, t, y] -= 1
    return loss, dx * mask[:, :, None] / N

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    next_h = np.tanh(a)
    cache = (x, prev_h, Wx, Wh, b, next_h)
    return next_h, cache

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, b, next_h = cache
    da = dnext_h * (1 - next_h ** 2)
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = np.sum(da, axis=0)
    return dx, dprev_h, dWx, dWh, db

def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H), dtype=x.dtype)
    cache = []
    prev = h0
    for t in range(T):
        prev, c = rnn_step_forward(x[:, t, :], prev, Wx, Wh, b)
        h[:, t, :] = prev
        cache.append(c)
    return h, cache

def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D), dtype=dh.dtype)
    dWx = np.zeros((D, H), dtype=dh.dtype)
    dWh = np.zeros((H, H), dtype=dh.dtype)
    db = np.zeros(H, dtype=dh.dtype)
    dprev = np.zeros((N, H), dtype=dh.dtype)
    for t in range(T - 1, -1, -1):
        dxt, dprev, dwx, dwh, dbt = rnn_step_backward(dh[:, t, :] + dprev, cache[t])
        dx[:, t, :] = dxt
        dWx += dwx
        dWh += dwh
        db += dbt
    dh0 = dprev
    return dx, dh0, dWx, dWh, db

def word_embedding_forward(x, W):
    N, T = x.shape
    out = W[x, :]
    cache = (x, W)
    return out, cache

def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            dW[x[n, t]] += dout[n, t]
    return dW

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i = sigmoid(a[:, 0:H])
    f = sigmoid(a[:, H:2 * H])
    o = sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)
    next_h = o * tc
    cache = {"x": x, "h": prev_h, "c": prev_c, "Wx": Wx, "Wh": Wh, "i": i, "f": f, "o": o, "g": g,
             "tc": tc}
    return next_h, next_c, cache

def lstm_step_backward(dnext_h, dnext_c, cache):
    i, f, o, g, tc = [cache[k] for k in ("i", "f", "o", "g", "tc")]
    do = dnext_h * tc
    dc = dnext_c + dnext_h * o * (1 - tc ** 2)
    df = dc * cache["c"]
    di = dc * g
    dg = dc * i
    dprev_c = dc * f
    da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])
    dx = da @ cache["Wx"].T
    dprev_h = da @ cache["Wh"].T
    dWx = cache["x"].T @ da
    dWh = cache["h"].T @ da
    db = da.sum(0)
    return dx, dprev_h, dprev_c, dWx, dWh, db

def lstm_forward(x, h0, Wx, Wh, b):
    prev_h, prev_c = h0, np.zeros_like(h0)
    hs, cache = [], []
    for t in range(x.shape[1]):
        prev_h, prev_c, c = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        hs.append(prev_h)
        cache.append(c)
    return np.stack(hs, 1), cache

def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dprev_h = np.zeros_like(dh[:, 0])
    dprev_c = np.zeros_like(dh[:, 0])
    dx, dWx, dWh, db = [None] * T, 0, 0, 0
    for t in reversed(range(T)):
        dnext_h = dh[:, t] + dprev_h
        dx[t], dprev_h, dprev_c, dwx, dwh, dbt = lstm_step_backward(dnext_h, dprev_c, cache[t])
        dWx = dWx + dwx
        dWh = dWh + dwh
        db = db + dbt
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db

def cell(self):
    if self.cell_type == "lstm":
        return lstm_step_forward, lstm_forward, lstm_backward
    return rnn_step_forward, rnn_forward, rnn_backward

def first_state(self, features):
    h0 = features @ self.params["W_proj"] + self.params["b_proj"]
    if self.cell_type == "lstm":
        return [h0, np.zeros_like(h0)]
    return [h0]

def loss(self, features, captions):
    p = self.params
    captions_in = captions[:, :-1]
    captions_out = captions[:, 1:]
    mask = (captions_out != self._null)
    grads = {}
    h0, cache_proj = affine_forward(features, p["W_proj"], p["b_proj"])
    x, cache_embed = word_embedding_forward(captions_in, p["W_embed"])
    forward, backward = self.cell()[1:]
    h, cache_rnn = forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, cache_vocab = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    value, dscores = temporal_softmax_loss(scores, captions_out, mask)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, cache_vocab)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = backward(dh, cache_rnn)
    grads["W_embed"] = word_embedding_backward(dx, cache_embed)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, cache_proj)
    return value, grads

def next_scores(self, word, state):
    p = self.params
    step_forward = self.cell()[0]
    x = p["W_embed"][word]
    *state, _ = step_forward(x, *state, p["Wx"], p["Wh"], p["b"])
    scores = state[0] @ p["W_vocab"] + p["b_vocab"]
    return scores, list(state)

def sample(self, features, max_length=30):
    N = features.shape[0]
    captions = self._null * np.ones((N, max_length), dtype=np.int32)
    state = self.first_state(features)
    word = np.array([self._start] * N)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = np.argmax(scores, axis=1)
        captions[:, t] = word
    return captions
'''

# exercise, the right text, the wrong text, words that the report has to have
WRONG = [
    ("rnn_step_forward", " + b\n", "\n", "bias `b`"),
    ("rnn_step_forward", "np.tanh(a)", "a", "`tanh` missing"),
    ("rnn_step_forward", "np.tanh(a)", "sigmoid(a)", "sigmoid tanh"),
    ("rnn_step_forward", "np.tanh(a)", "np.maximum(a, 0)", "ReLU"),
    ("rnn_step_forward", "prev_h.dot(Wh)", "prev_h.dot(Wh.T)", "`Wh.T`"),
    ("rnn_step_forward", "x.dot(Wx)", "x.dot(Wx.T)", "`Wx.T`"),
    ("rnn_step_forward", "x.dot(Wx)", "Wx.dot(x)", "swapped"),
    ("rnn_step_forward", "prev_h.dot(Wh)", "prev_h * Wh", "element"),
    ("rnn_step_forward", "x.dot(Wx) + prev_h.dot(Wh)", "x.dot(Wh) + prev_h.dot(Wx)", "exchanged"),
    ("rnn_step_forward", "return next_h, cache", "return next_h", "1 value expected 2"),
    ("rnn_step_forward", "return next_h, cache", "return cache, next_h", "`next_h` tuple"),
    ("rnn_step_forward", "np.tanh(a)", "np.tanh(a).astype(np.float32)", "float32"),
    ("rnn_step_forward", "np.tanh(a)", "np.tanh(a).astype(int)", "integer"),
    ("rnn_step_forward", "np.tanh(a)",
     "(np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))", "ALMOST large nan `np.tanh`"),
    ("rnn_step_forward", "    a = x.dot(Wx)", "    prev_h += 0.1\n    a = x.dot(Wx)",
     "`prev_h` in place"),
    ("rnn_step_forward", "next_h = np.tanh(a)", "next_h = np.tanh(z)", "NameError z"),
    ("rnn_step_backward", "(1 - next_h ** 2)", "1", "derivative of tanh"),
    ("rnn_step_backward", "(1 - next_h ** 2)", "(1 - next_h)", "square"),
    ("rnn_step_backward", "(1 - next_h ** 2)", "1 - next_h ** 2", "parenthesis"),
    ("rnn_step_backward", "(1 - next_h ** 2)", "(1 - np.tanh(next_h) ** 2)", "already tanh"),
    ("rnn_step_backward", "(1 - next_h ** 2)", "(1 - prev_h ** 2)", "prev_h derivative"),
    ("rnn_step_backward", "b, next_h)", "b, a)", "a goes into tanh cache"),
    ("rnn_step_backward", "(x, prev_h, Wx, Wh, b, next_h)\n    return",
     "(x, next_h, Wx, Wh, b, next_h)\n    return", "`dWh` `prev_h` cache"),
    ("rnn_step_backward", "da.dot(Wh.T)", "da.dot(Wh)", "`Wh.T`"),
    ("rnn_step_backward", "da.dot(Wh.T)", "dnext_h.dot(Wh.T)", "`dprev_h` derivative of tanh"),
    ("rnn_step_backward", "da.dot(Wx.T)", "da.dot(Wx)", "`Wx.T`"),
    ("rnn_step_backward", "np.sum(da, axis=0)", "da", "`db` sum"),
    ("rnn_step_backward", "np.sum(da, axis=0)", "np.mean(da, axis=0)", "`db` mean sum"),
    ("rnn_step_backward", "np.sum(da, axis=0)", "np.sum(da, axis=1)", "`db` axis 0"),
    ("rnn_step_backward", "np.sum(da, axis=0)", "np.sum(da)", "`db` axis"),
    ("rnn_step_backward", "prev_h.T.dot(da)", "next_h.T.dot(da)", "`dWh` `next_h` `prev_h`"),
    ("rnn_step_backward", "prev_h.T.dot(da)", "da.T.dot(prev_h)", "`dWh` transposed"),
    ("rnn_step_backward", "x.T.dot(da)", "x.dot(da)", "`x` transposed"),
    ("rnn_step_backward", "x.T.dot(da)", "x.T.dot(da) / x.shape[0]", "`dWx` N"),
    ("rnn_step_backward", "da = dnext_h * (1", "da = dnext_h\n    da *= (1",
     "ALMOST `dnext_h` in place"),
    ("rnn_step_backward", "return dx, dprev_h, dWx, dWh, db", "return dx, dprev_h, dWh, dWx, db",
     "dWh dWx order"),
    ("rnn_step_backward", "return dx, dprev_h, dWx, dWh, db", "return dx, dprev_h, dWx, dWh",
     "4 values expected 5"),
    ("rnn_forward", "prev, c = rnn_step_forward(x[:, t, :], prev",
     "prev, c = rnn_step_forward(x[:, t, :], h0", "carried `h0`"),
    ("rnn_forward", "prev = h0", "prev = np.zeros_like(h0)", "`h0` ignored"),
    ("rnn_forward", "h[:, t, :] = prev", "h[:, T - 1 - t, :] = prev", "reverse"),
    ("rnn_forward", "dtype=x.dtype", "dtype=int", "integer"),
    ("rnn_forward", "dtype=x.dtype", "dtype=np.float32", "float32"),
    ("rnn_forward", "range(T)", "range(T - 1)", "last time step"),
    ("rnn_forward", "range(T)", "range(1, T)", "first time step"),
    ("rnn_forward", "return h, cache", "return prev, cache", "last hidden state"),
    ("rnn_forward", "x[:, t, :]", "x[t]", "second axis"),
    ("rnn_forward", "x[:, t, :]", "x[:, 0, :]", "first time step `x[:, t]`"),
    ("rnn_forward", "h[:, t, :] = prev", "h[:, :, :] = prev[:, None]", "overwritten"),
    ("rnn_forward", "np.zeros((N, T, H), dtype=x.dtype)", "np.zeros((T, N, H))", "(T, N, H)"),
    ("rnn_backward", "dh[:, t, :] + dprev", "dh[:, t, :]", "next time step not added"),
    ("rnn_backward", "dh[:, t, :] + dprev", "dh[:, t, :] + 2 * dprev", "twice"),
    ("rnn_backward", "range(T - 1, -1, -1)", "range(T)", "forward backward"),
    ("rnn_backward", "range(T - 1, -1, -1)", "range(T - 1, 0, -1)", "first time step"),
    ("rnn_backward", "dWx += dwx", "dWx = dwx", "`dWx` overwrites"),
    ("rnn_backward", "dWh += dwh", "dWh = dwh", "`dWh` overwrites"),
    ("rnn_backward", "cache[t])", "cache[-1])", "cache last"),
    ("rnn_backward", "cache.append(c)\n    return h, cache\n\ndef rnn_b",
     "cache = [c] * T\n    return h, cache\n\ndef rnn_b", "cache last"),
    ("rnn_backward", "dh0 = dprev", "dh0 = np.zeros_like(dprev)", "`dh0` zeros"),
    ("rnn_backward", "dh0 = dprev", "dh0 = dh[:, 0]", "`dh0` `dh[:, 0]`"),
    ("rnn_backward", "cache[t])\n        dx", "cache.pop())\n        dx", "ALMOST cache pop"),
    ("rnn_backward", "dh[:, t, :] + dprev, cache",
     "np.add(dh[:, t, :], dprev, out=dh[:, t, :]), cache", "ALMOST `dh` in place"),
    ("rnn_backward", "db = np.zeros(H", "db = np.zeros((N, H)", "`db` shape"),
    ("word_embedding_forward", "W[x, :]", "W[x - 1, :]", "off by one"),
    ("word_embedding_forward", "W[x, :]", "W[:, x]", "columns row"),
    ("word_embedding_forward", "W[x, :]", "W[x].astype(int)", "integer"),
    ("word_embedding_backward",
     "    for n in range(x.shape[0]):\n        for t in range(x.shape[1]):\n"
     "            dW[x[n, t]] += dout[n, t]\n", "    dW[x] += dout\n", "more than once added up"),
    ("word_embedding_backward", "dW[x[n, t]] += dout[n, t]", "dW[x[n, t]] = dout[n, t]",
     "more than once added up"),
    ("word_embedding_backward", "    return dW\n\ndef lstm", "    return dW / len(x)\n\ndef lstm",
     "divided N"),
    ("word_embedding_backward", "np.zeros_like(W)", "np.zeros_like(W, dtype=int)", "integer"),
    ("word_embedding_backward", "np.zeros_like(W)", "W.copy()", "zeros"),
    ("word_embedding_backward", "np.zeros_like(W)", "np.zeros((x.max() + 1, W.shape[1]))",
     "rows shape V"),
    ("lstm_step_forward", "i = sigmoid(a[:, 0:H])\n    f = sigmoid(a[:, H:2 * H])",
     "f = sigmoid(a[:, 0:H])\n    i = sigmoid(a[:, H:2 * H])", "order f, i, o, g"),
    ("lstm_step_forward", "o = sigmoid(a[:, 2 * H:3 * H])\n    g = np.tanh(a[:, 3 * H:])",
     "g = np.tanh(a[:, 2 * H:3 * H])\n    o = sigmoid(a[:, 3 * H:])", "order i, f, g, o"),
    ("lstm_step_forward", "g = np.tanh(", "g = sigmoid(", "block input tanh"),
    ("lstm_step_forward", "o * tc\n", "o * next_c\n", "tanh next_c"),
    ("lstm_step_forward", "o * tc\n", "tc\n", "output gate"),
    ("lstm_step_forward", "f * prev_c + i * g", "i * g", "old cell state `f * prev_c`"),
    ("lstm_step_forward", "f * prev_c + i * g", "f * prev_h + i * g", "`prev_c`"),
    ("lstm_step_forward", "f * prev_c + i * g", "prev_c + i * g", "forget gate"),
    ("lstm_step_forward", "f = sigmoid(a[:, H:2 * H])", "f = a[:, H:2 * H]",
     "forget gate `sigmoid`"),
    ("lstm_step_forward", "return next_h, next_c, cache", "return next_h, cache",
     "2 values expected 3"),
    ("lstm_step_forward", "return next_h, next_c, cache", "return next_c, next_h, cache",
     "exchanged"),
    ("lstm_step_backward", "dnext_c + dnext_h * o * (1 - tc ** 2)", "dnext_c",
     "`next_h` cell state missing"),
    ("lstm_step_backward", "dnext_c + dnext_h * o * (1 - tc ** 2)",
     "dnext_h * o * (1 - tc ** 2)", "`dnext_c` left out"),
    ("lstm_step_backward", "dc = dnext_c + dnext_h", "dc = dnext_c\n    dc += dnext_h",
     "ALMOST `dnext_c` in place"),
    ("lstm_step_backward", "df * f * (1 - f)", "df * (1 - f)", "forget gate sigmoid"),
    ("lstm_step_backward", "dg * (1 - g ** 2)", "dg * g * (1 - g)", "block input tanh"),
    ("lstm_step_backward", "dprev_c = dc * f", "dprev_c = dnext_c * f",
     "`dprev_c` `next_h`"),
    ("lstm_step_backward", "df = dc * cache", "df = dnext_c * cache", "forget gate `dnext_c`"),
    ("lstm_step_backward", "do = dnext_h * tc", "do = dnext_h * np.tanh(cache['c'])",
     "output gate old"),
    ("lstm_step_backward", "[di * i * (1 - i), df * f * (1 - f),",
     "[df * f * (1 - f), di * i * (1 - i),", "order f, i, o, g"),
    ("lstm_step_backward", 'da @ cache["Wx"].T', 'da @ cache["Wx"]', "`da @ Wx` `Wx.T`"),
    ("lstm_forward", "h0, np.zeros_like(h0)", "h0, h0", "`c0` zero"),
    ("lstm_forward", "prev_h, prev_c, c = lstm_step_forward(x[:, t], prev_h, prev_c",
     "prev_h, _, c = lstm_step_forward(x[:, t], prev_h, prev_c", "cell state not carried"),
    ("lstm_forward", "hs.append(prev_h)", "hs.append(prev_c)", "cell states hidden"),
    ("lstm_forward", "np.stack(hs, 1)", "np.stack(hs)", "(T, N, H)"),
    ("lstm_forward", "np.stack(hs, 1)", "np.array(hs).reshape(x.shape[0], x.shape[1], -1)",
     "reshape mixes"),
    ("lstm_backward", "dprev_c, cache[t])", "np.zeros_like(dprev_c), cache[t])",
     "cell state not carried"),
    ("lstm_backward", "dnext_h = dh[:, t] + dprev_h", "dnext_h = dh[:, t]",
     "next time step not added"),
    ("lstm_backward", "dprev_c, cache[t])", "dnext_h, cache[t])", "`dnext_h` `dnext_c`"),
    ("lstm_backward", "np.stack(dx, axis=1)", "np.stack(dx[::-1], axis=1)", "`dx` reverse"),
    ("lstm_backward", "reversed(range(T))", "range(T)", "forward backward"),
    ("cell", "return lstm_step_forward, lstm_forward, lstm_backward",
     "return lstm_forward, lstm_step_forward, lstm_backward", "`step_forward` `lstm_forward`"),
    ("cell", "lstm_forward, lstm_backward\n", "lstm_forward, lstm_step_backward\n",
     "`lstm_step_backward`"),
    ("cell", 'if self.cell_type == "lstm"', 'if True', "rnn cell_type"),
    ("cell", 'if self.cell_type == "lstm"', 'if False', "lstm cell_type"),
    ("first_state", "[h0, np.zeros_like(h0)]", "[h0, h0]", "`c0` zero"),
    ("first_state", "[h0, np.zeros_like(h0)]", "[np.zeros_like(h0), h0]", "order"),
    ("first_state", "[h0, np.zeros_like(h0)]", "[h0]", "2 c0"),
    ("first_state", "return [h0]\n", "return h0\n", "list"),
    ("first_state", ' + self.params["b_proj"]', "", "`b_proj` missing"),
    ("first_state", 'features @ self.params["W_proj"]', 'features @ self.params["W_proj"].T',
     "`W_proj.T`"),
    ("loss", "captions_out = captions[:, 1:]", "captions_out = captions[:, :-1]", "shifted"),
    ("loss", "captions_in = captions[:, :-1]\n    captions_out = captions[:, 1:]",
     "captions_in = captions[:, 1:]\n    captions_out = captions[:, :-1]", "wrong way"),
    ("loss", "captions_out != self._null", "captions_in != self._null", "mask words that go in"),
    ("loss", "captions_out != self._null", "captions_out == self._null", "mask inverted"),
    ("loss", "captions_out != self._null", "captions_out > -1", "mask missing"),
    ("loss", "captions_out != self._null", "captions_out != self._end", "mask `<END>` `<NULL>`"),
    ("loss", "return value, grads", "return value / mask.sum() * len(mask), grads",
     "averaged words"),
    ("loss", 'grads["b_vocab"] = temporal', '_ = temporal', 'b_vocab'),
    ("loss", 'grads["W_proj"], grads["b_proj"] = ', '_, _ = ', "W_proj b_proj gradient"),
    ("loss", "h0, p[\"Wx\"], p[\"Wh\"], p[\"b\"])", "0 * h0, p[\"Wx\"], p[\"Wh\"], p[\"b\"])",
     "picture ignored"),
    ("loss", "word_embedding_backward(dx, cache_embed)", "dx", "`dx` word_embedding_backward"),
    ("loss", "affine_backward(dh0, cache_proj)", "affine_backward(dh[:, 0], cache_proj)", "`dh0`"),
    ("loss", "affine_backward(dscores, cache_vocab)", "affine_backward(scores, cache_vocab)",
     "scores gradient"),
    ("loss", "return value, grads", "return value", "1 value expected 2"),
    ("loss", "return value, grads", "return value, list(grads.values())", "dictionary"),
    ("loss", "    captions_in = ", '    p["b"] += 1\n    captions_in = ', 'params["b"] place'),
    ("lstm_loss", "captions_out != self._null", "captions_out >= self._null", "mask missing"),
    ("lstm_loss", "captions_in = captions[:, :-1]", "captions_in = captions[:, 1:]", "shifted"),
    ("next_scores", ' + p["b_vocab"]', "", "`b_vocab` missing"),
    ("next_scores", "return scores, list(state)", "return scores, 0", "state list"),
    ("next_scores", "*state, _ = step", "*new, _ = step", "state before step"),
    ("next_scores", "return scores, list(state)",
     "return np.exp(scores) / np.exp(scores).sum(1, keepdims=True), list(state)", "softmax"),
    ("next_scores", 'p["W_embed"][word]', 'p["W_embed"][word - 1]', "off by one"),
    ("next_scores", "return scores, list(state)", "return scores", "1 value expected 2"),
    ("sample", "[self._start] * N", "[self._null] * N", "`<NULL>` `<START>`"),
    ("sample", "        captions[:, t] = word\n", "", "never filled"),
    ("sample", "scores, state = self", "scores, _ = self", "state never updated"),
    ("sample", "word = np.argmax(scores, axis=1)\n        captions[:, t] = word",
     "captions[:, t] = np.argmax(scores, axis=1)", "never updated fed"),
    ("sample", "        captions[:, t] = word",
     "        captions[:, t] = word\n        if (word == self._end).any():\n            break",
     "stop first `<END>`"),
    ("sample", "        captions[:, t] = word",
     "        captions[:, t] = word\n        if word[0] == self._end:\n            break",
     "stop first `<END>`"),
    ("sample", "np.argmax(scores, axis=1)",
     "np.array([np.random.choice(len(s), p=np.exp(s - s.max()) / np.exp(s - s.max()).sum()) "
     "for s in scores])", "random"),
    ("sample", "self.first_state(features)", "[0 * s for s in self.first_state(features)]",
     "picture ignored"),
    ("sample", "word = np.argmax(scores, axis=1)\n        captions[:, t] = word",
     "captions[:, t] = word\n        word = np.argmax(scores, axis=1)", "first column `<START>`"),
    ("sample", "captions[:, t] = word\n", "captions[:, (t + 1) % max_length] = word\n",
     "`captions[0, 0]`"),
    ("sample", "axis=1)", "axis=0)", "argmax axis 0 axis 1"),
    ("sample", "np.argmax(scores, axis=1)", "np.argmin(scores, axis=1)", "argmin"),
    ("sample", "for t in range(max_length)", "for t in range(max_length - 1)", "last column"),
    ("sample", "dtype=np.int32", "dtype=float", "integer dtype"),
    ("sample", "return captions\n", "return captions.T\n", "transposed"),
    ("sample", "return captions\n", "return captions.tolist()\n", "list array"),
    ("sample", "(N, max_length)", "(N, 30)", "30"),
    ("sample", "return captions\n", "return captions, scores\n", "2 values expected 1"),
    ("lstm_sample", "scores, state = self.next_scores(word, state)",
     "scores, (h, _) = self.next_scores(word, state)\n        state = [h, 0 * h]",
     "cell state never updated"),
]


def implementation(exercise, right, wrong):
    """The learner's function, defined with the others in a namespace of its own."""
    name = exercise.removeprefix("lstm_") if exercise in ("lstm_loss", "lstm_sample") else exercise
    source = LAYERS
    if right:
        at = source.index(right, _from(source, name, right))
        source = source[:at] + wrong + source[at + len(right):]
    space = {}
    exec(source, space)
    return space[name]


def _from(source, name, right):
    """Where to look for the text: in the function, else in its forward function."""
    start = source.index(f"def {name}(")
    end = source.find("\ndef ", start)
    found = source.find(right, start, end + len(right))
    if found >= 0 and found < end:
        return start
    return source.index(f"def {name.replace('backward', 'forward')}(")


@pytest.mark.parametrize("case", WRONG, ids=lambda c: f"{c[0]}: {c[2].strip()[:40]}")
def test_the_report_names_the_cause(case):
    exercise, right, wrong, words = case
    report = check(implementation(exercise, right, wrong), exercise)
    assert report.state == ("almost" if words.startswith("ALMOST ") else "wrong")
    text = " ".join(report.hints)
    assert [word for word in words.removeprefix("ALMOST ").split() if word not in text] == []


@pytest.mark.parametrize("exercise", sorted({case[0] for case in WRONG}))
def test_the_unchanged_text_is_right(exercise):
    report = check(implementation(exercise, "", ""), exercise)
    assert report.passed, report
