"""Right implementations in many styles: all of them have to be accepted."""

import numpy as np
import pytest

from cs231n import rnn_layers
from cs231n.classifiers import rnn
from cs231n.feedback import check


def defined(source, **names):
    """A namespace in which a text of code was executed."""
    space = {"np": np, **names}
    exec(source, space)
    return space


def layers():
    return {name: getattr(rnn_layers, name) for name in rnn_layers.__all__}


STEPS = {
    "dict": '''
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    h = np.tanh(np.dot(x, Wx) + np.dot(prev_h, Wh) + b)
    return h, dict(x=x, prev_h=prev_h, Wx=Wx, Wh=Wh, h=h)

def rnn_step_backward(dnext_h, cache):
    dz = (1 - cache["h"] * cache["h"]) * dnext_h
    return (dz.dot(cache["Wx"].T), dz.dot(cache["Wh"].T), cache["x"].T.dot(dz),
            cache["prev_h"].T.dot(dz), np.ones(len(dz)) @ dz)
''',
    "einsum": '''
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    a = np.einsum("nd,dh->nh", x, Wx) + np.einsum("ng,gh->nh", prev_h, Wh) + b[None, :]
    return np.tanh(a), [x, prev_h, Wx, Wh, a]

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, a = cache
    da = dnext_h / np.cosh(np.clip(a, -300, 300)) ** 2
    return [np.einsum("nh,dh->nd", da, Wx), np.einsum("nh,gh->ng", da, Wh),
            np.einsum("nd,nh->dh", x, da), np.einsum("ng,nh->gh", prev_h, da),
            np.einsum("nh->h", da)]
''',
    "joined matrices": '''
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    both = np.hstack([x, prev_h])
    W = np.vstack([Wx, Wh])
    next_h = np.tanh(both @ W + b)
    return next_h, (both, W, next_h, x.shape[1])

def rnn_step_backward(dnext_h, cache):
    both, W, next_h, D = cache
    da = dnext_h - dnext_h * next_h ** 2
    dboth, dW = da @ W.T, both.T @ da
    return dboth[:, :D], dboth[:, D:], dW[:D], dW[D:], da.sum(0)
''',
    "loops": '''
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.zeros(prev_h.shape)
    for n in range(x.shape[0]):
        for j in range(len(b)):
            next_h[n, j] = np.tanh(sum(x[n] * Wx[:, j]) + sum(prev_h[n] * Wh[:, j]) + b[j])
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dx, dprev_h = np.zeros(x.shape), np.zeros(prev_h.shape)
    dWx, dWh, db = np.zeros(Wx.shape), np.zeros(Wh.shape), np.zeros(Wh.shape[0])
    for n in range(x.shape[0]):
        dt = dnext_h[n] * (1 - next_h[n] ** 2)
        dx[n] += Wx @ dt
        dprev_h[n] += Wh @ dt
        dWx += np.outer(x[n], dt)
        dWh += np.outer(prev_h[n], dt)
        db += dt
    return dx, dprev_h, dWx, dWh, db
''',
    "an object as cache": '''
class Memory:
    def __init__(self, **kept):
        self.__dict__.update(kept)

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    out = np.tanh(x @ Wx + prev_h @ Wh + b)
    return out, Memory(x=x.copy(), prev_h=prev_h.copy(), Wx=Wx, Wh=Wh, out=out.copy())

def rnn_step_backward(dnext_h, m):
    da = dnext_h.copy()
    da *= 1 - np.square(m.out)
    return da @ m.Wx.T, da @ m.Wh.T, m.x.T @ da, m.prev_h.T @ da, np.sum(da, 0)
''',
    "a function as cache": '''
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    def back(d):
        d = d * (1 - next_h ** 2)
        return d @ Wx.T, d @ Wh.T, x.T @ d, prev_h.T @ d, d.sum(axis=0)
    return next_h, back

def rnn_step_backward(dnext_h, cache):
    return cache(dnext_h)
''',
    "talkative": '''
import random, warnings
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    print("x is", x.shape)
    warnings.warn("beware")
    np.log(-1.0), np.float64(1.0) / np.float64(0.0)
    np.random.rand(), random.random()
    h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return h, (x, prev_h, Wx, Wh, h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, h = cache
    np.random.seed(0)
    d = dnext_h * (1 - h ** 2)
    return d @ Wx.T, d @ Wh.T, x.T @ d, prev_h.T @ d, d.sum(axis=0)
''',
}


@pytest.mark.parametrize("style", STEPS)
def test_steps(style):
    space = defined(STEPS[style])
    for name in ("rnn_step_forward", "rnn_step_backward"):
        report = check(space[name])
        assert report.passed, report


SEQUENCES = {
    "inline, with one cache of arrays": '''
def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.empty((N, T + 1, h0.shape[1]), dtype=x.dtype)
    h[:, 0] = h0
    for t in range(T):
        h[:, t + 1] = np.tanh(x[:, t] @ Wx + h[:, t] @ Wh + b)
    return h[:, 1:], (x, h, Wx, Wh)

def rnn_backward(dh, cache):
    x, h, Wx, Wh = cache
    dx, dWx, dWh, db = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), 0
    g = np.zeros_like(dh[:, 0])
    for t in range(dh.shape[1])[::-1]:
        da = (dh[:, t] + g) * (1 - h[:, t + 1] ** 2)
        dx[:, t], g = da @ Wx.T, da @ Wh.T
        dWx += x[:, t].T @ da
        dWh += h[:, t].T @ da
        db = db + da.sum(0)
    return dx, g, dWx, dWh, db
''',
    "time first, input product at once": '''
def rnn_forward(x, h0, Wx, Wh, b):
    pre = (x @ Wx + b).swapaxes(0, 1)
    states = [h0]
    for p in pre:
        states.append(np.tanh(p + states[-1] @ Wh))
    hs = np.array(states)
    return hs[1:].transpose(1, 0, 2), {"x": x, "hs": hs, "W": (Wx, Wh)}

def rnn_backward(dh, cache):
    x, hs, (Wx, Wh) = cache["x"], cache["hs"], cache["W"]
    das, back = [], 0
    for t in reversed(range(dh.shape[1])):
        das.insert(0, (dh[:, t] + back) * (1 - hs[t + 1] ** 2))
        back = das[0] @ Wh.T
    da = np.stack(das, 1)
    return (da @ Wx.T, back, np.tensordot(x, da, ((0, 1), (0, 1))),
            np.einsum("tng,nth->gh", hs[:-1], da), da.sum((0, 1)))
''',
    "float64 inside": '''
from cs231n.rnn_layers import rnn_step_forward, rnn_step_backward

def rnn_forward(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    caches = {}
    prev = h0
    for t in range(x.shape[1]):
        h[:, t], caches[t] = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        prev = h[:, t]
    return h, caches

def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx, dh0 = np.zeros((N, T, D)), np.zeros((N, H))
    dWx, dWh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    for t in range(T - 1, -1, -1):
        dx[:, t], dh0, a, c, d = rnn_step_backward(dh[:, t] + dh0, cache[t])
        dWx, dWh, db = dWx + a, dWh + c, db + d
    return dx, dh0, dWx, dWh, db
''',
}


@pytest.mark.parametrize("style", SEQUENCES)
def test_sequences(style):
    space = defined(SEQUENCES[style])
    reports = [check(space[name]) for name in ("rnn_forward", "rnn_backward")]
    assert all(report.passed for report in reports), reports
    assert all("float64" in " ".join(r.hints) for r in reports) == (style == "float64 inside")


EMBEDDINGS = {
    "one-hot product": '''
def word_embedding_forward(x, W):
    hot = np.eye(W.shape[0], dtype=W.dtype)[x]
    return hot @ W, hot

def word_embedding_backward(dout, cache):
    return np.tensordot(cache, dout, ((0, 1), (0, 1)))
''',
    "take, and a loop over words": '''
def word_embedding_forward(x, W):
    return np.take(W, x, axis=0), (x, W.shape)

def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape, dtype=dout.dtype)
    for v in np.unique(x):
        dW[v] = dout[x == v].sum(axis=0)
    return dW
''',
    "flat add.at": '''
def word_embedding_forward(x, W):
    N, T = x.shape
    out = np.zeros((N, T, W.shape[1]))
    for n in range(N):
        for t in range(T):
            out[n, t, :] = W[x[n, t], :]
    return out, [x, W]

def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    np.add.at(dW, x.ravel(), dout.reshape(-1, W.shape[1]))
    return dW
''',
}


@pytest.mark.parametrize("style", EMBEDDINGS)
def test_embeddings(style):
    space = defined(EMBEDDINGS[style])
    for name in ("word_embedding_forward", "word_embedding_backward"):
        report = check(space[name])
        assert report.passed, report


LSTM = '''
def sig(a):
    return 1.0 / (1.0 + np.exp(-a))

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i, f, o, g = sig(ai), sig(af), sig(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, [x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c]

def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, c = cache
    da = np.empty((x.shape[0], Wx.shape[1]), dtype=x.dtype)
    H = c.shape[1]
    t = np.tanh(c)
    dc = dnext_h * o * (1 - t * t) + dnext_c
    da[:, :H] = dc * g * i * (1 - i)
    da[:, H:2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H:3 * H] = dnext_h * t * o * (1 - o)
    da[:, 3 * H:] = dc * i * (1 - g * g)
    return da @ Wx.T, da @ Wh.T, f * dc, x.T @ da, prev_h.T @ da, da.sum(0)

def lstm_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h, c = h0, np.zeros(h0.shape)
    out, cache = np.zeros((N, T, h0.shape[1])), []
    for t in range(T):
        h, c, k = lstm_step_forward(x[:, t, :], h, c, Wx, Wh, b)
        out[:, t, :] = h
        cache.append(k)
    return out, tuple(cache)

def lstm_backward(dh, cache):
    total = None
    dx = []
    back_h, back_c = 0, np.zeros(dh[:, 0].shape)
    for t, k in list(enumerate(cache))[::-1]:
        dxt, back_h, back_c, *rest = lstm_step_backward(dh[:, t] + back_h, back_c, k)
        dx.append(dxt)
        total = rest if total is None else [a + r for a, r in zip(total, rest)]
    return (np.stack(dx[::-1], axis=1), back_h, *total)
'''


def test_lstm():
    space = defined(LSTM)
    for name in ("lstm_step_forward", "lstm_step_backward", "lstm_forward", "lstm_backward"):
        report = check(space[name])
        assert report.passed, report


METHODS = '''
def cell(self):
    return {"rnn": [rnn_step_forward, rnn_forward, rnn_backward],
            "lstm": [lstm_step_forward, lstm_forward, lstm_backward]}[self.cell_type]

def first_state(self, features):
    h0 = features.dot(self.params["W_proj"]) + self.params["b_proj"]
    return (h0,) if self.cell_type == "rnn" else (h0, 0 * h0)

def loss(self, features, captions):
    """Calls the layers of its own namespace, as in the assignment."""
    W_proj, b_proj = self.params["W_proj"], self.params["b_proj"]
    W_vocab, b_vocab = self.params["W_vocab"], self.params["b_vocab"]
    Wx, Wh, b = self.params["Wx"], self.params["Wh"], self.params["b"]
    mask = captions[:, 1:] != self._null
    forward = rnn_forward if self.cell_type == "rnn" else lstm_forward
    backward = rnn_backward if self.cell_type == "rnn" else lstm_backward
    h0 = features.dot(W_proj) + b_proj
    x, c1 = word_embedding_forward(captions[:, :-1], self.params["W_embed"])
    h, c2 = forward(x, h0, Wx, Wh, b)
    scores, c3 = temporal_affine_forward(h, W_vocab, b_vocab)
    value, dscores = temporal_softmax_loss(scores, captions[:, 1:], mask, verbose=True)
    dh, dW_vocab, db_vocab = temporal_affine_backward(dscores, c3)
    dx, dh0, dWx, dWh, db = backward(dh, c2)
    return value, dict(W_embed=word_embedding_backward(dx, c1), W_proj=features.T.dot(dh0),
                       b_proj=dh0.sum(axis=0), Wx=dWx, Wh=dWh, b=db, W_vocab=dW_vocab,
                       b_vocab=db_vocab)

def next_scores(self, word, state):
    out = self.cell()[0](self.params["W_embed"][word], *state, self.params["Wx"],
                         self.params["Wh"], self.params["b"])
    return out[0].dot(self.params["W_vocab"]) + self.params["b_vocab"], list(out[:-1])

def sample(self, features, max_length=30):
    """Row by row, and every row goes on after <END>."""
    p = self.params
    captions = np.zeros((features.shape[0], max_length), dtype=np.int32)
    for n in range(features.shape[0]):
        h = features[n : n + 1] @ p["W_proj"] + p["b_proj"]
        c = np.zeros_like(h)
        word = self._start
        for t in range(max_length):
            x = p["W_embed"][word][None]
            if self.cell_type == "rnn":
                h, _ = rnn_step_forward(x, h, p["Wx"], p["Wh"], p["b"])
            else:
                h, c, _ = lstm_step_forward(x, h, c, p["Wx"], p["Wh"], p["b"])
            word = int(np.argmax(h @ p["W_vocab"] + p["b_vocab"]))
            captions[n, t] = word
    return captions
'''


@pytest.mark.parametrize("exercise", ["cell", "first_state", "loss", "lstm_loss", "next_scores",
                                      "lstm_next_scores", "sample", "lstm_sample"])
def test_methods(exercise):
    space = defined(METHODS, **layers())
    report = check(space[exercise.removeprefix("lstm_")], exercise)
    assert report.passed, report


def test_sample_stopping_row_by_row_and_batch_when_all_have_ended():
    space = defined('''
def sample(self, features, max_length=30):
    N = len(features)
    captions = np.full((N, max_length), self._null)
    alive = np.ones(N, bool)
    state, word = self.first_state(features), np.full(N, self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(-1)
        captions[alive, t] = word[alive]
        alive &= word != self._end
        if not alive.any():
            return captions
    return captions
''')
    assert check(space["sample"]).passed
    assert check(space["sample"], "lstm_sample").passed


def test_next_scores_for_a_vanilla_rnn_only():
    space = defined('''
def next_scores(self, word, state):
    x, _ = word_embedding_forward(word[:, None], self.params["W_embed"])
    h, _ = rnn_step_forward(x[:, 0], state[0], self.params["Wx"], self.params["Wh"],
                            self.params["b"])
    return h @ self.params["W_vocab"] + self.params["b_vocab"], [h]
''', **layers())
    assert check(space["next_scores"]).passed


def test_the_learners_class():
    class CaptioningRNN(rnn.CaptioningRNN):
        pass

    for name, function in defined(METHODS, **layers()).items():
        if name in ("cell", "first_state", "loss", "next_scores", "sample"):
            setattr(CaptioningRNN, name, function)
    for exercise in ("cell", "first_state", "loss", "lstm_loss", "next_scores", "sample",
                     "lstm_sample"):
        report = check(CaptioningRNN, exercise)
        assert report.passed, report
        assert report.state == "passed"
    assert rnn.CaptioningRNN.loss is not CaptioningRNN.loss


def test_a_method_by_name_of_an_object_with_call():
    class Step:
        def __call__(self, x, prev_h, Wx, Wh, b):
            return np.tanh(x @ Wx + prev_h @ Wh + b), None

    assert check(Step(), "rnn_step_forward").passed
