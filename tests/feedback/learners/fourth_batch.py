"""A fourth batch, over all notebooks, written before it was ever run."""

from collections import Counter

import numpy as np

from .fast import input_products_forward
from .kinds import right, wrong
from .own_layers import (
    affine_forward,
    lstm_step_backward,
    lstm_step_forward,
    rnn_backward,
    rnn_forward,
    rnn_step_backward,
    rnn_step_forward,
    sigmoid,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)

__all__ = ["input_products_forward", "lstm_step_backward", "word_embedding_forward"]


@wrong("rnn_step_forward", says=["`h0`|not defined|misspelt"])
def a_name_of_another_function(x, prev_h, Wx, Wh, b):
    return np.tanh(x @ Wx + h0 @ Wh + b), None  # noqa: F821


@wrong("rnn_step_forward", says=["`Wx.T`|transpose|does not fit|swapped"])
def weights_first(x, prev_h, Wx, Wh, b):
    return np.tanh(Wx @ x + Wh @ prev_h + b), None


@wrong("rnn_step_backward", says=["`a`|goes into tanh|already|tanh"])
def slope_at_the_sum_itself(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - a**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_step_backward", says=["exchanged|order", "`dWx`", "`dprev_h`"])
def gradients_in_another_order(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, x.T @ da, da @ Wh.T, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_forward", says=["first time step|`x[:, t]`|`x[:, 0]`|same input"])
def same_input_at_every_step(x, h0, Wx, Wh, b):
    h, cache = [], []
    for _ in range(x.shape[1]):
        h0, step_cache = rnn_step_forward(x[:, 0], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step_cache)
    return np.stack(h, axis=1), cache


@wrong("rnn_backward", says=["`dh0`", "`dh"])
def dh0_is_the_first_of_dh(dh, cache):
    dx, total, dprev_h = [], 0, 0
    for t in reversed(range(dh.shape[1])):
        step = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dx.insert(0, step[0])
        dprev_h = step[1]
        total = step[2:] if len(dx) == 1 else [a + b for a, b in zip(total, step[2:])]
    return (np.stack(dx, axis=1), dh[:, 0], *total)


@wrong("rnn_backward", says=["`dx`", "`cache[0]`|D|H|shape|size"])
def dx_as_wide_as_the_hidden_state(dh, cache):
    N, T, H = dh.shape
    dx, dWx, dWh, db, dprev_h = np.zeros((N, T, H)), 0, 0, 0, 0
    for t in reversed(range(T)):
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dprev_h, dWx, dWh, db


@wrong("word_embedding_forward", says=["sum|added up|each time step|(N, T, D)"])
def vectors_of_a_caption_added_up(x, W):
    return W[x].sum(axis=1), (x, W)


@wrong("lstm_step_forward", says=["`f * prev_c`|old cell state|forget gate", "added|+|sum|missing"])
def products_of_the_cell_state_multiplied(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    next_c = (sigmoid(f) * prev_c) * (sigmoid(i) * np.tanh(g))
    return sigmoid(o) * np.tanh(next_c), next_c, None


@wrong("lstm_step_backward", says=["output gate", "`dnext_c`|cell state|`dnext_h`"])
def output_gate_from_the_gradient_of_the_cell(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dc * t * o * (1 - o),
                    dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_forward", says=["cell state", "hidden state|exchanged"])
def states_exchanged_from_step_to_step(x, h0, Wx, Wh, b):
    h, c, hs, cache = h0, np.zeros_like(h0), [], []
    for t in range(x.shape[1]):
        c, h, step_cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(c)
        cache.append(step_cache)
    return np.stack(hs, axis=1), cache


@wrong("loss", says=["`scores`|softmax", "`dscores`|gradient"])
def scores_sent_backward(self, features, captions):
    p, grads = self.params, {}
    h0, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    words = captions[:, :-1]
    h, c2 = rnn_forward(p["W_embed"][words], h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, _ = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(scores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, (words, p["W_embed"].shape))
    grads["W_proj"], grads["b_proj"] = features.T @ dh0, dh0.sum(axis=0)
    return loss, grads


@wrong("loss", says=["`W_proj`|picture|first hidden state", "zero|ignored"])
def first_state_of_zeros(self, features, captions):
    p, grads = self.params, {}
    h0 = np.zeros((len(features), p["b_proj"].shape[0]), dtype=features.dtype)
    words = captions[:, :-1]
    h, c2 = rnn_forward(p["W_embed"][words], h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, (words, p["W_embed"].shape))
    grads["W_proj"], grads["b_proj"] = features.T @ dh0, dh0.sum(axis=0)
    return loss, grads


@wrong("sample", says=["`<END>`", "first"])
def returns_when_the_first_caption_ends(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word
        if word[0] == self._end:
            return captions
    return captions


@wrong("sample", says=["one number|index|`word`|array", "argmax|axis|(N,)"])
def word_written_into_a_single_place(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[t] = word
    return captions


@wrong("next_scores", says=["`b_vocab`"])
def bias_of_the_scores_left_out(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
    return h @ p["W_vocab"], [h]


@right("cell")
def with_names_looked_up(self):
    both = {"rnn": (rnn_step_forward, rnn_forward, rnn_backward)}
    if self.cell_type in both:
        return both[self.cell_type]
    from . import own_layers
    return own_layers.lstm_step_forward, own_layers.lstm_forward, own_layers.lstm_backward


@wrong("temperature_probabilities", says=["after|before `exp`|divide|add up"])
def probabilities_divided_by_the_temperature(scores, temperature):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) / temperature


@wrong("temperature_probabilities", says=["logarithm"])
def log_probabilities(scores, temperature):
    scaled = scores / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))


@wrong("beam_step", says=["order|sort", "best"])
def argpartition_without_sorting(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.sort(np.argpartition(-flat, width - 1, axis=1)[:, :width], axis=1)
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["`new_totals`", "without|next word"])
def totals_of_the_parents(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    parents = best // V
    return np.take_along_axis(totals, parents, 1), parents, best % V


@wrong("modified_precision", says=["percent|100"])
def in_percent(hypotheses, references, n):
    def counts(caption):
        words = caption.split()
        return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))

    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        mine = counts(hypothesis)
        matched += sum(min(c, max(counts(r)[g] for r in own)) for g, c in mine.items())
        total += sum(mine.values())
    return 100 * matched / total if total else 0


@wrong("modified_precision", says=["single words|n words|`n`"])
def words_whatever_n_is(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        mine = Counter(hypothesis.split())
        matched += sum(min(c, max(r.split().count(w) for r in own)) for w, c in mine.items())
        total += sum(mine.values())
    return matched / total if total else 0.0


@wrong("packing_order", says=["rank|twice|numbers"])
def ranks(mask):
    lengths = np.maximum((mask * np.arange(1, mask.shape[1] + 1)).max(axis=1), 1)
    order = np.argsort(np.argsort(-lengths, kind="stable"))
    return order, [int(np.sum(lengths > t)) for t in range(lengths.max())]


@wrong("pack", says=["order", "`order[k]`|wrong way|turned"])
def order_inverted(x, order, batch_sizes):
    put = np.empty_like(x)
    put[order] = x
    return np.concatenate([put[:size, t] for t, size in enumerate(batch_sizes)])


@wrong("softmax_in_place", says=["averaged|mean|number of rows"])
def mean_of_the_losses(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    of_targets = scores[rows, targets]
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    scores *= (weights / sums)[:, None]
    scores[rows, targets] -= weights
    return np.mean(weights * (np.log(sums) - of_targets))


@wrong("input_products_forward", says=["`Wx`|`W_embed`", "`b`|bias|does not fit|transpose|swapped"])
def weights_before_vectors(words, W_embed, Wx, b, out=None):
    used, index = np.unique(words, return_inverse=True)
    return (Wx @ W_embed[used] + b)[index], None
