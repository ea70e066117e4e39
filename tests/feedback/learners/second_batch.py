"""A second batch, over all notebooks, written after the first and before it was ever run."""

from collections import Counter

import numpy as np

from .fast import input_products_forward
from .kinds import right, wrong
from .own_layers import (
    affine_backward,
    affine_forward,
    lstm_step_backward,
    lstm_step_forward,
    rnn_backward,
    rnn_forward,
    rnn_step_backward,
    rnn_step_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)

__all__ = ["input_products_forward"]

# ---- Layers -------------------------------------------------------------------------------------


@right("rnn_step_forward")
def columns_for_examples(x, prev_h, Wx, Wh, b):
    a = Wx.T.dot(x.T) + Wh.T.dot(prev_h.T) + b[:, None]
    return np.tanh(a).T, (x, prev_h, Wx, Wh, b, a.T, np.tanh(a.T))


@wrong("rnn_step_forward", says=["tanh", "sum"])
def two_tanhs_added(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx) + np.tanh(prev_h @ Wh + b), None


@wrong("rnn_step_backward", says=["square"])
def the_difference_squared(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h) ** 2
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_step_backward", says=["sign|`1 + |plus|minus"])
def slope_with_a_plus(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 + next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_forward", says=["(N, T, D)|second axis|time"])
def axes_taken_in_another_order(x, h0, Wx, Wh, b):
    T, N, D = x.shape
    h, cache = [], []
    for t in range(T):
        h0, step_cache = rnn_step_forward(x[t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step_cache)
    return np.stack(h), cache


@wrong("rnn_backward", says=["first time step|time step 0|step 0"])
def first_step_left_out(dh, cache):
    N, T, H = dh.shape
    dx, dWx, dWh, db = np.zeros((N, T, cache[0][0].shape[1])), 0, 0, 0
    dprev_h = np.zeros((N, H))
    for t in range(T - 1, 0, -1):
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dprev_h, dWx, dWh, db


@wrong("word_embedding_backward", says=["row", "word"])
def rows_by_example(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            dW[n] += dout[n, t]
    return dW


@wrong("lstm_step_forward", says=["forget gate"])
def one_added_to_the_forget_gate(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f - 1)), 1 / (1 + np.exp(-o))
    next_c = f * prev_c + i * np.tanh(g)
    return o * np.tanh(next_c), next_c, None


@wrong("lstm_step_backward", says=["tanh", "cell state|`next_c`|slope|derivative"])
def cell_state_without_the_slope(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dc = dnext_c + dnext_h * o
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * np.tanh(next_c) * o * (1 - o), dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_step_backward", says=["output gate", "tanh"])
def output_gate_from_the_bare_cell_state(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * next_c * o * (1 - o), dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_forward", says=["late|before"])
def written_down_before_the_step(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h, prev_h, prev_c, cache = np.zeros((N, T, h0.shape[1])), h0, np.zeros_like(h0), []
    for t in range(T):
        h[:, t] = prev_h
        prev_h, prev_c, step_cache = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        cache.append(step_cache)
    return h, cache


@wrong("lstm_backward", says=["cell state|`dprev_c`"])
def gradient_of_h_for_that_of_c(dh, cache):
    dx, total = [], 0
    dprev_h = np.zeros_like(dh[:, 0])
    for t in reversed(range(dh.shape[1])):
        step = lstm_step_backward(dh[:, t] + dprev_h, dprev_h, cache[t])
        dx.insert(0, step[0])
        dprev_h = step[1]
        total = step[3:] if len(dx) == 1 else [a + b for a, b in zip(total, step[3:])]
    return (np.stack(dx, axis=1), dprev_h, *total)


# ---- The captioner ------------------------------------------------------------------------------


@right("loss")
def everything_by_hand_before_the_layers(self, features, captions):
    p = self.params
    words, targets = captions[:, : captions.shape[1] - 1], captions[:, 1:]
    mask = (targets > 0).astype(features.dtype)
    h0 = features @ p["W_proj"] + p["b_proj"]
    h, c2 = rnn_forward(p["W_embed"][words], h0, p["Wx"], p["Wh"], p["b"])
    value, dscores = temporal_softmax_loss(h @ p["W_vocab"] + p["b_vocab"], targets, mask)
    dx, dh0, dWx, dWh, db = rnn_backward(dscores @ p["W_vocab"].T, c2)
    dW_embed = np.zeros_like(p["W_embed"])
    np.add.at(dW_embed, words.ravel(), dx.reshape(-1, dx.shape[2]))
    return value, {"W_embed": dW_embed, "W_proj": features.T @ dh0, "b_proj": dh0.sum(0),
                   "Wx": dWx, "Wh": dWh, "b": db, "b_vocab": dscores.sum(axis=(0, 1)),
                   "W_vocab": np.einsum("nth,ntv->hv", h, dscores)}


def _rest(self, features, captions, h0, c0, of_dh0=lambda dh, dh0: dh0):
    p, grads = self.params, {}
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, c1)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(of_dh0(dh, dh0), c0)
    return loss, grads


@wrong("loss", says=["`b_proj`"])
def bias_of_the_projection_left_out(self, features, captions):
    h0, c0 = affine_forward(features, self.params["W_proj"], 0 * self.params["b_proj"])
    return _rest(self, features, captions, h0, c0)


@wrong("loss", says=["`dh0`"])
def projection_from_the_first_hidden_gradient(self, features, captions):
    h0, c0 = affine_forward(features, self.params["W_proj"], self.params["b_proj"])
    return _rest(self, features, captions, h0, c0, lambda dh, dh0: dh[:, 0])


@wrong("loss", says=["order", "x, h0"])
def state_before_the_input(self, features, captions):
    p = self.params
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(h0, x, p["Wx"], p["Wh"], p["b"])
    return _rest(self, features, captions, h0, c0)


@wrong("sample", says=["last column"])
def one_round_too_few(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length - 1):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["first picture|first row"])
def word_of_the_first_row_for_all(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = np.full(len(features), np.argmax(scores[0]))
        captions[:, t] = word
    return captions


@wrong("sample", says=["transposed|(N, max_length)"])
def steps_for_rows(self, features, max_length=30):
    captions = []
    state, word = self.first_state(features), np.full(len(features), self._start)
    for _ in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions.append(word)
    return np.array(captions)


@wrong("next_scores", says=["vector|`W_embed`"])
def word_numbers_into_the_step(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(word, state[0], p["Wx"], p["Wh"], p["b"])
    return h @ p["W_vocab"] + p["b_vocab"], [h]


@wrong("first_state", says=["tuple|cache"])
def output_and_cache_as_the_state(self, features):
    h0 = affine_forward(features, self.params["W_proj"], self.params["b_proj"])
    return [h0] if self.cell_type == "rnn" else [h0, np.zeros((len(features), 1))]


# ---- Evaluating ---------------------------------------------------------------------------------


@wrong("temperature_probabilities", says=["power|raised|divided"])
def scores_raised_to_a_power(scores, temperature):
    e = np.abs(scores) ** (1 / temperature)
    return e / e.sum(axis=1, keepdims=True)


@right("beam_step")
def last_ones_turned_around(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = np.add(totals[:, :, np.newaxis], log_probs).reshape(N, -1)
    best = np.flip(np.argsort(flat, axis=-1)[:, -width:], axis=1)
    return np.sort(flat, axis=-1)[:, ::-1][:, :width], best // V, best - best // V * V


@wrong("beam_step", says=["V", "`//`|belongs|told apart"])
def divided_by_the_width(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // width, best % width


@wrong("beam_step", says=["logarithms|log-probabilities", "add|plus"])
def logarithms_averaged(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = np.logaddexp(totals[:, :, None], log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("modified_precision", says=["exactly n|n words|shorter"])
def mean_over_all_sizes(hypotheses, references, n):
    def share(size):
        matched = total = 0
        for hypothesis, own in zip(hypotheses, references):
            def counts(caption):
                words = caption.split()
                return Counter(zip(*(words[k:] for k in range(size))))

            mine = counts(hypothesis)
            matched += sum(min(c, max(counts(r)[g] for r in own)) for g, c in mine.items())
            total += sum(mine.values())
        return matched / total if total else 0.0

    return float(np.mean([share(size) for size in range(1, n + 1)]))


@wrong("modified_precision", says=["letters|words|text"])
def grams_looked_for_in_the_text(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        words = hypothesis.split()
        grams = Counter(" ".join(words[k : k + n]) for k in range(len(words) - n + 1))
        matched += sum(min(c, max(r.count(g) for r in own)) for g, c in grams.items())
        total += sum(grams.values())
    return matched / total if total else 0.0


# ---- Fast ---------------------------------------------------------------------------------------


@wrong("packing_order", says=["axis|each caption|rows|time step"])
def lengths_of_the_columns(mask):
    lengths = mask.sum(axis=0)
    order = np.argsort(-lengths)
    return order, [int(np.sum(lengths > t)) for t in range(mask.shape[1])]


@wrong("pack", says=["axis|time|`x[:, t]`|step"])
def one_caption_for_each_step(x, order, batch_sizes):
    return np.concatenate([x[order][k, :size] for k, size in enumerate(batch_sizes)
                           if k < len(order)])


@wrong("softmax_in_place", says=["before|order|probabilit"])
def one_taken_off_before_dividing(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    of_targets = scores[rows, targets]
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    scores[rows, targets] -= 1
    scores *= (weights / sums)[:, None]
    return np.sum(weights * (np.log(sums) - of_targets))


@wrong("input_products_backward", says=["`dW_embed`", "mean|averaged|divided"])
def gradients_of_a_word_averaged(dproducts, cache):
    words, W_embed, Wx = cache
    dx = dproducts @ Wx.T
    dW_embed = np.zeros_like(W_embed)
    for word in np.unique(words):
        dW_embed[word] = dx[words == word].mean(axis=0)
    return dW_embed, W_embed[words].T @ dproducts, dproducts.sum(axis=0)
