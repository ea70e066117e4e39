"""A fifth batch, mostly code that stops, written before it was ever run."""

from collections import Counter

import numpy as np

from .fast import input_products_forward
from .kinds import wrong
from .own_layers import (
    affine_forward,
    rnn_forward,
    rnn_step_backward,
    rnn_step_forward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_forward,
)

__all__ = ["input_products_forward"]


@wrong("rnn_step_backward", says=["`x.T`|transpose"])
def dWx_without_a_transpose(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_forward", says=["`rnn_step_forward`", "tuple|values|cache"])
def step_not_taken_apart(x, h0, Wx, Wh, b):
    h = np.zeros((x.shape[0], x.shape[1], h0.shape[1]))
    prev_h, cache = h0, []
    for t in range(x.shape[1]):
        prev_h = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(prev_h)
    return h, cache


@wrong("rnn_forward", says=["past the end|T - 1|range|axis"])
def one_step_too_many(x, h0, Wx, Wh, b):
    h, cache = [], []
    for t in range(x.shape[1] + 1):
        h0, step_cache = rnn_step_forward(x[:, t], h0, Wx, Wh, b)
        h.append(h0)
        cache.append(step_cache)
    return np.stack(h, axis=1), cache


@wrong("rnn_backward", says=["before it has a value|before|not set|dprev_h", "dprev_h"])
def gradient_used_before_it_is_set(dh, cache):
    dx = []
    for t in reversed(range(dh.shape[1])):
        dnext_h = dh[:, t] + dprev_h  # noqa: F821
        dxt, dprev_h, dWx, dWh, db = rnn_step_backward(dnext_h, cache[t])
        dx.insert(0, dxt)
    return np.stack(dx, axis=1), dprev_h, dWx, dWh, db


@wrong("loss", says=["T columns|words in|shift|`captions[:, 1:]`|mask"])
def mask_of_whole_captions(self, features, captions):
    p = self.params
    h0, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    x, _ = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, _ = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, _ = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    return temporal_softmax_loss(scores, captions[:, 1:], captions != self._null)


@wrong("loss", says=["dictionary|`grads`"])
def gradients_as_a_list(self, features, captions):
    p = self.params
    h0, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    x, _ = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, _ = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, _ = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    return loss, [dscores]


@wrong("sample", says=["`self._start`|number|array", "(N,)|one for each|N times"])
def a_single_start_word(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), self._start
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["`next_scores`", "scores", "tuple|two|values"])
def scores_and_state_not_taken_apart(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores = self.next_scores(word, state)
        word = np.argmax(scores, axis=1)
        captions[:, t] = word
    return captions


@wrong("beam_step", says=["width", "first picture|each picture"])
def loop_that_forgets_the_pictures(totals, log_probs, width):
    flat = totals[0][:, None] + log_probs[0]
    best = np.argsort(-flat.ravel())[:width]
    return flat.ravel()[best], best // flat.shape[1], best % flat.shape[1]


@wrong("modified_precision", says=["list", "text|`split`|caption"])
def references_taken_for_one_text(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        words, others = hypothesis.split(), own.split()
        grams = Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))
        matched += sum((grams & Counter(others)).values())
        total += sum(grams.values())
    return matched / total


@wrong("temperature_probabilities", says=["`e`|sum", "axis|keepdims|row"])
def python_sum_of_the_rows(scores, temperature):
    e = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return e / sum(e)


@wrong("softmax_in_place", says=["row|`rows`|each row"])
def targets_as_columns_of_all_rows(scores, targets, weights):
    scores -= scores.max(axis=1, keepdims=True)
    of_targets = scores[:, targets]
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    scores *= (weights / sums)[:, None]
    return np.sum(weights * (np.log(sums) - of_targets))
