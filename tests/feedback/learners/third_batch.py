"""A third batch, over all notebooks, written before it was ever run."""

from collections import Counter

import numpy as np

from .fast import input_products_forward
from .kinds import almost, right, wrong
from .own_layers import (
    affine_backward,
    affine_forward,
    lstm_step_backward,
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

__all__ = ["input_products_forward"]

# ---- Layers -------------------------------------------------------------------------------------


@wrong("rnn_step_forward", says=["order|exchanged|`cache, next_h`|tuple"])
def cache_returned_first(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return (x, prev_h, Wx, Wh, next_h), next_h


@wrong("rnn_step_forward", says=["`Wx`", "`Wh`|exchanged|other"])
def weights_exchanged(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wh) + prev_h.dot(Wx) + b)
    return next_h, None


@wrong("rnn_step_backward", says=["misspelt|not defined|NameError", "dtanh"])
def a_name_misspelt(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    dtanh_ = dnext_h * (1 - next_h**2)
    return dtanh @ Wx.T, dtanh_ @ Wh.T, x.T @ dtanh_, prev_h.T @ dtanh_, dtanh_.sum(0)  # noqa: F821


@wrong("rnn_step_backward", says=["`dprev_h`", "`Wh"])
def dprev_h_is_the_inner_gradient(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("rnn_step_backward", says=["`db`", "mean|averaged|N", "`dWx`"])
def all_divided_by_the_number_of_examples(dnext_h, cache):
    x, prev_h, Wx, Wh, b, a, next_h = cache
    N = len(x)
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da / N, prev_h.T @ da / N, da.sum(axis=0) / N


@wrong("rnn_forward", says=["last hidden state|all time steps|(N, T, H)"])
def last_state_only(x, h0, Wx, Wh, b):
    h, cache = h0, []
    for t in range(x.shape[1]):
        h, step_cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        cache.append(step_cache)
    return h, cache


@wrong("rnn_backward", says=["forward|order|last"])
def goes_through_time_forward(dh, cache):
    N, T, H = dh.shape
    dx, dWx, dWh, db = np.zeros((N, T, cache[0][0].shape[1])), 0, 0, 0
    dprev_h = np.zeros((N, H))
    for t in range(T):
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        dWx, dWh, db = dWx + dWx_t, dWh + dWh_t, db + db_t
    return dx, dprev_h, dWx, dWh, db


@wrong("word_embedding_backward", says=["`W`|zeros", "start|added|copy"])
def added_to_the_table_itself(dout, cache):
    x, shape = cache
    dW = np.ones(shape)
    np.add.at(dW, x, dout)
    return dW


@almost("lstm_step_forward", says=["overflow|large"])
def tanh_by_exp_of_twice_the_number(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    e = np.exp(2 * g)
    next_c = sigmoid(f) * prev_c + sigmoid(i) * (e - 1) / (e + 1)
    return sigmoid(o) * np.tanh(next_c), next_c, None


@wrong("lstm_step_forward", says=["g|block input|candidate", "output gate|o"])
def output_gate_and_block_input_exchanged(x, prev_h, prev_c, Wx, Wh, b):
    i, f, g, o = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    next_c = sigmoid(f) * prev_c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(next_c), next_c, None


@wrong("lstm_step_backward", says=["`dprev_c`", "forget|`f`"])
def dprev_c_without_the_forget_gate(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dc = dnext_c + dnext_h * o * (1 - np.tanh(next_c) ** 2)
    da = np.hstack([dc * g * i * (1 - i), dc * prev_c * f * (1 - f),
                    dnext_h * np.tanh(next_c) * o * (1 - o), dc * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dc, x.T @ da, prev_h.T @ da, da.sum(axis=0)


@wrong("lstm_backward", says=["`lstm_step_backward`", "values|names|6"])
def five_names_for_six_gradients(dh, cache):
    dprev_h = dprev_c = 0
    for t in reversed(range(dh.shape[1])):
        dx, dprev_h, dWx, dWh, db = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
    return dx, dprev_h, dWx, dWh, db


# ---- The captioner ------------------------------------------------------------------------------


def _loss(self, features, captions, scale=1.0, drop=(), swap=False, out=None):
    p, grads = self.params, {}
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    out = captions[:, 1:] if out is None else out
    loss, dscores = temporal_softmax_loss(scores, out, out != self._null)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores * scale, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, c1)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, c0)
    for name in drop:
        del grads[name]
    return loss, grads


@wrong("loss", says=["divided by N|N, the number|averag"])
def gradients_divided_once_more(self, features, captions):
    return _loss(self, features, captions, scale=1 / len(features))


@wrong("loss", says=['grads["W_proj"]', "missing|No gradient"])
def projection_without_gradients(self, features, captions):
    return _loss(self, features, captions, drop=("W_proj", "b_proj"))


@wrong("loss", says=["`W_vocab`|`b_vocab`|temporal_affine", "argument|given|expected|takes"])
def bias_of_the_scores_forgotten_in_the_call(self, features, captions):
    p = self.params
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"])
    return _loss(self, features, captions)


@wrong("loss", says=["'W_emb'", "entries"])
def a_key_misspelt(self, features, captions):
    x, c1 = word_embedding_forward(captions[:, :-1], self.params["W_emb"])
    return _loss(self, features, captions)


@right("sample")
def with_a_list_of_columns(self, features, max_length=30):
    columns, state = [], self.first_state(features)
    word = [self._start for _ in features]
    done = np.array([False] * len(features))
    while len(columns) < max_length:
        scores, state = self.next_scores(np.array(word), state)
        word = np.argmax(scores, axis=1)
        word[done] = self._null
        done = done | (word == self._end)
        columns.append(word)
    return np.stack(columns, axis=-1)


@wrong("sample", says=["`<NULL>`", "first|`<START>`"])
def begins_with_null(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state = self.first_state(features)
    for t in range(max_length):
        scores, state = self.next_scores(captions[:, t - 1], state)
        captions[:, t] = scores.argmax(axis=1)
    return captions


@wrong("sample", says=["first column|`captions[:, t]`|overwritten|same word"])
def whole_array_overwritten(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for _ in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:] = word[:, None]
    return captions


@wrong("next_scores", says=["state", "before|old|after the step"])
def scored_before_the_step(self, word, state):
    p = self.params
    scores = state[0] @ p["W_vocab"] + p["b_vocab"]
    h, _ = rnn_step_forward(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
    return scores, [h]


# ---- Evaluating ---------------------------------------------------------------------------------


@wrong("temperature_probabilities", says=["mean|number of words|sum"])
def mean_for_sum(scores, temperature):
    e = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return e / e.mean(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["sign|minus|worst"])
def smallest_taken_for_the_best(scores, temperature):
    scaled = -scores / temperature
    e = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@wrong("beam_step", says=["`argsort`|places|`sort`"])
def sort_for_argsort(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = -np.sort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["`width`|row", "first axis|axis 1|each picture|columns|second"])
def cut_along_the_pictures(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("modified_precision", says=["once|different|repetitions|set"])
def sets_of_ngrams(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        def grams(caption):
            words = caption.split()
            return {tuple(words[k : k + n]) for k in range(len(words) - n + 1)}

        known = set().union(*map(grams, own))
        matched += len(grams(hypothesis) & known)
        total += len(grams(hypothesis))
    return matched / total if total else 0.0


@wrong("modified_precision", says=["last reference|first reference|each reference|anew"])
def limits_overwritten_by_each_reference(hypotheses, references, n):
    def counts(caption):
        words = caption.split()
        return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))

    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        for reference in own:
            limits = counts(reference)
        matched += sum((counts(hypothesis) & limits).values())
        total += sum(counts(hypothesis).values())
    return matched / total if total else 0.0


# ---- Fast ---------------------------------------------------------------------------------------


@wrong("packing_order", says=["`batch_sizes`", "lengths"])
def sorted_lengths_as_sizes(mask):
    lengths = np.maximum((mask * np.arange(1, mask.shape[1] + 1)).max(axis=1), 1)
    order = np.argsort(-lengths, kind="stable")
    return order, lengths[order]


@wrong("pack", says=["number|tuple|`range|enumerate|one value at a time|two"])
def sizes_unpacked_without_enumerate(x, order, batch_sizes):
    return np.concatenate([x[order[:size], t] for t, size in batch_sizes])


@wrong("softmax_in_place", says=["new array", "`scores`"])
def exp_into_a_new_array(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    of_targets = scores[rows, targets]
    probs = np.exp(scores)
    sums = probs.sum(axis=1)
    probs *= (weights / sums)[:, None]
    probs[rows, targets] -= weights
    return np.sum(weights * (np.log(sums) - of_targets))


@wrong("input_products_backward", says=["`dWx`", "transposed|`x.T`|first"])
def dWx_with_its_factors_exchanged(dproducts, cache):
    words, W_embed, Wx = cache
    dW_embed = np.zeros_like(W_embed)
    np.add.at(dW_embed, words, dproducts @ Wx.T)
    return dW_embed, dproducts.T @ W_embed[words], dproducts.sum(axis=0)
