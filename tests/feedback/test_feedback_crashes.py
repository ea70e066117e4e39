"""What `check` says about an exception: the failing line decides, not the message alone."""

import math

import pytest
from learners_code import defined

from cs231n import rnn_layers
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.feedback import check

LAYERS = {name: getattr(rnn_layers, name) for name in rnn_layers.__all__}
STEP = '''
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)
'''
LSTM = '''
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    N, H = prev_h.shape
    a = x @ Wx + prev_h @ Wh + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2 * H]), sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
'''
FORWARD = '''
def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h, cache = np.zeros((N, T, H)), []
    prev = h0
    for t in range(T):
        prev, step = rnn_step_forward(x[:, t], prev, Wx, Wh, b)
        h[:, t] = prev
        cache.append(step)
    return h, cache
'''
EMBEDDING = '''
def word_embedding_forward(x, W):
    return W[x], (x, W)

def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    np.add.at(dW, x, dout)
    return dW
'''
MODEL = '''
def cell(self):
    if self.cell_type == "lstm":
        return lstm_step_forward, lstm_forward, lstm_backward
    return rnn_step_forward, rnn_forward, rnn_backward

def loss(self, features, captions):
    p, grads = self.params, {}
    words_in, words_out = captions[:, :-1], captions[:, 1:]
    h0, cache0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, cache1 = word_embedding_forward(words_in, p["W_embed"])
    h, cache2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, cache3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    value, d = temporal_softmax_loss(scores, words_out, words_out != 0)
    d, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(d, cache3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(d, cache2)
    grads["W_embed"] = word_embedding_backward(dx, cache1)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, cache0)
    return value, grads

def sample(self, features, max_length=30):
    N = len(features)
    captions = np.zeros((N, max_length), dtype=int)
    state = self.first_state(features)
    word = np.full(N, self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word
    return captions
'''
SOFTMAX = '''
def temperature_probabilities(scores, temperature):
    scaled = scores / temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
'''

# exercise, the learner's right code, a piece of it, what stands in its place, the decisive words,
# which have to come in the first sentence
CASES = [
    ("rnn_step_backward", STEP, "dnext_h * (1", "dnext_h @ (1",
     "same shape element by element `*`"),
    ("rnn_step_backward", STEP, "dnext_h * (1 - next_h**2)", "np.dot(dnext_h, 1 - next_h**2)",
     "same shape element by element `*`"),
    ("rnn_step_forward", STEP, "np.tanh(", "math.tanh(", "`math.tanh` single number `np.tanh`"),
    ("lstm_step_forward", LSTM, "i * g", "i @ g", "element by element `*`"),
    ("lstm_step_forward", LSTM, "N, H = prev_h.shape", "H = b.shape[0] / 4",
     "`H` division `/` `//`"),
    ("lstm_step_forward", LSTM, "N, H = prev_h.shape", "H = len(b) / 4", "`H` `/` 6.0 `//`"),
    ("lstm_step_forward", LSTM, "a[:, :H]", "a[:, :len(b) / 4]", "`/` integer `//`"),
    ("rnn_forward", STEP + FORWARD, "np.zeros((N, T, H))", "np.zeros(N, T, H)",
     "`np.zeros` tuple `np.zeros((N, T, H))`"),
    ("temperature_probabilities", SOFTMAX, "sum(axis=1, keepdims=True)", "sum(axis=1)",
     "`weights.sum(axis=1)` axis `keepdims=True`"),
    ("temperature_probabilities", SOFTMAX, "scaled.max(axis=1, keepdims=True)",
     "np.max(scaled, axis=1)", "`np.max(scaled, axis=1)` `keepdims=True`"),
    ("temperature_probabilities", SOFTMAX,
     "weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))",
     "top = scaled.max(axis=1)\n    weights = np.exp(scaled - top)",
     "`scaled.max(axis=1)` `keepdims=True`"),
    ("rnn_step_backward", STEP, "x, prev_h, Wx, Wh, next_h = cache",
     "x, prev_h, Wx, Wh, next_h = np.copy(cache)", "`np.copy(cache)` one array tuple shapes"),
    ("word_embedding_forward", EMBEDDING, "W[x], (x", "W[x.astype(float)], (x", "integer"),
    ("word_embedding_forward", EMBEDDING, "    return W[x]",
     "    words = np.ones(x.shape) * x\n    return W[words]", "`words` float64 `dtype=int`"),
    ("word_embedding_backward", EMBEDDING, "np.add.at(dW, x, dout)\n    return dW",
     "return np.add.at(dW, x, dout)", "returns nothing `np.add.at` None"),
    ("word_embedding_backward", EMBEDDING, "    return dW\n", "", "returns nothing `return`"),
    ("rnn_step_forward", STEP, "    return next_h, (x, prev_h, Wx, Wh, next_h)\n", "",
     "returns nothing `return`"),
    ("rnn_forward", STEP + FORWARD, "cache.append(step)", "cache = cache.append(step)",
     "`cache.append` returns None"),
    ("cell", MODEL, "rnn_step_forward, rnn_forward", "rnn_step_forward(), rnn_forward",
     "`rnn_step_forward()` calls without parentheses"),
    ("loss", MODEL, "scores, cache3 = temporal_affine", "scores, cache3 = affine",
     "`h` three axes `temporal_affine_forward`"),
    ("loss", MODEL, "= temporal_affine_backward", "= affine_backward",
     "`d` three axes `temporal_affine_backward`"),
    ("lstm_loss", MODEL, "value, d =", "value, d =", "`rnn_forward` vanilla LSTM 4H"),
    ("loss", MODEL, "h, cache2 = rnn_forward(x, h0, p[\"Wx\"], p[\"Wh\"], p[\"b\"])",
     "if self.cell_type == \"RNN\":\n"
     "        h, cache2 = rnn_forward(x, h0, p[\"Wx\"], p[\"Wh\"], p[\"b\"])",
     "`h` only inside an `if` zeros hide"),
    ("sample", MODEL, "scores, state = self.next_scores(word, state)",
     "scores, state = self.helper(word, state)", "`self.helper` returns nothing `return`"),
    ("sample", MODEL, "word = scores.argmax(axis=1)", "word = scores.argmax()",
     "`argmax` without an axis `argmax(axis=1)`"),
    ("sample", MODEL, "np.full(N, self._start)", "np.ones(N) * self._start",
     "`word` float64 words integers"),
    ("sample", MODEL, "word = scores.argmax(axis=1)",
     "word = np.squeeze(scores[:, None]).argmax(axis=1)", "`squeeze` every axis of length 1"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}: {c[3].strip()[:50]}")
def test_the_failing_line_tells_what_is_behind_it(case):
    exercise, source, right, wrong, words = case
    source = source.replace(right, wrong)
    space = defined(source, **LAYERS, math=math)
    name = exercise.removeprefix("lstm_") if exercise == "lstm_loss" else exercise
    function = space[name]
    if "self.helper" in wrong:
        function = type("CaptioningRNN", (CaptioningRNN,),
                        {"sample": function, "helper": lambda self, word, state: None})
    report = check(function, exercise)
    assert report.word == "FAIL"
    assert [word for word in words.split() if word not in report.hints[0]] == [], report.hints


@pytest.mark.parametrize("exercise, source", [
    ("rnn_step_forward", STEP), ("rnn_step_backward", STEP), ("lstm_step_forward", LSTM),
    ("rnn_forward", STEP + FORWARD), ("temperature_probabilities", SOFTMAX),
    ("word_embedding_forward", EMBEDDING), ("word_embedding_backward", EMBEDDING),
    ("cell", MODEL), ("loss", MODEL), ("sample", MODEL)])
def test_the_unchanged_text_is_right(exercise, source):
    report = check(defined(source, **LAYERS)[exercise])
    assert report.word == "PASS", report


def test_letters_of_shapes_are_shown_only_if_their_number_fits():
    source = FORWARD.replace("x[:, t], prev", "x[:, t] @ Wh, prev").replace(
        "for t in range(T)", "x = x[:, :, 0]\n    for t in range(T)")
    text = " ".join(check(defined(source, **LAYERS)["rnn_forward"]).hints)
    assert "`x` has shape (N, T) = (4, 5)" in text and "(N, T, D) = (4, 5)" not in text
