"""attention_weights, attention_forward, attention_backward, and the captioner that looks."""

import math

import numpy as np

from .kinds import right, wrong
from .own_layers import (
    affine_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)

# ---- attention_weights --------------------------------------------------------------------------


def _shares(scores):
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


@right("attention_weights")
def attention_weights(query, key, mask=None):
    scores = np.einsum("nte,nse->nts", query, key) * query.shape[2] ** -0.5
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return _shares(scores)


@right("attention_weights")
def scaled_before_the_product_and_masked_by_addition(query, key, mask=None):
    scores = np.matmul(query / math.sqrt(query.shape[-1]), np.swapaxes(key, 1, 2))
    if mask is not None:
        scores = scores + np.where(mask, 0, -np.inf)
    return _shares(scores)


@right("attention_weights")
def loops_over_examples_and_queries(query, key, mask=None):
    (N, T, E), S = query.shape, key.shape[1]
    weights = np.zeros((N, T, S), dtype=query.dtype)
    for n in range(N):
        for t in range(T):
            scores = key[n] @ query[n, t] / np.sqrt(E)
            if mask is not None:
                scores = np.where(np.broadcast_to(mask, weights.shape)[n, t], scores, -np.inf)
            exps = np.exp(scores - scores.max())
            weights[n, t] = exps / exps.sum()
    return weights


@wrong("attention_weights", says=["scale", "sqrt(E)"])
def scale_forgotten(query, key, mask=None):
    scores = query @ key.transpose(0, 2, 1)
    return _shares(scores if mask is None else np.where(mask, scores, -np.inf))


@wrong("attention_weights", says=["square root"])
def divided_by_the_length_itself(query, key, mask=None):
    scores = query @ key.transpose(0, 2, 1) / query.shape[-1]
    return _shares(scores if mask is None else np.where(mask, scores, -np.inf))


@wrong("attention_weights", says=["wrong way round"])
def hides_where_the_mask_is_true(query, key, mask=None):
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores[np.broadcast_to(mask, scores.shape)] = -1e30
    return _shares(scores)


@wrong("attention_weights", says=["score of 0|set to 0", "-inf"])
def scores_multiplied_by_the_mask(query, key, mask=None):
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores * mask
    return _shares(scores)


@wrong("attention_weights", says=["after the softmax", "before the softmax"])
def masked_after_the_softmax(query, key, mask=None):
    weights = _shares(query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1]))
    if mask is not None:
        weights = weights * mask
    return weights


@wrong("attention_weights", says=["over the queries", "last axis"])
def softmax_along_the_queries(query, key, mask=None):
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -1e30)
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


@wrong("attention_weights", says=["key.transpose(0, 2, 1)"])
def keys_turned_round_altogether(query, key, mask=None):
    scores = query @ key.T / math.sqrt(query.shape[-1])
    return _shares(scores if mask is None else np.where(mask, scores, -np.inf))


# ---- attention_forward --------------------------------------------------------------------------


@right("attention_forward")
def attention_forward(query, key, value, mask=None, dropout=None):
    weights = attention_weights(query, key, mask)
    kept = weights * (1 if dropout is None else dropout)
    cache = {"query": query, "key": key, "value": value, "w": weights, "d": dropout}
    return np.einsum("nts,nsm->ntm", kept, value), cache


@wrong("attention_forward", says=["keys", "values"])
def takes_the_keys(query, key, value, mask=None, dropout=None):
    weights = attention_weights(query, key, mask)
    kept = weights if dropout is None else weights * dropout
    return kept @ key, (query, key, value, weights, dropout)


@wrong("attention_forward", says=["dropout", "ignored"])
def leaves_dropout_out(query, key, value, mask=None, dropout=None):
    weights = attention_weights(query, key, mask)
    return weights @ value, (query, key, value, weights, dropout)


# ---- attention_backward -------------------------------------------------------------------------


@right("attention_backward")
def attention_backward(dout, cache):
    query, key, value, weights, dropout = (
        cache[name] for name in ("query", "key", "value", "w", "d"))
    factor = np.ones_like(weights) if dropout is None else dropout
    dvalue = np.einsum("nts,ntm->nsm", weights * factor, dout)
    dweights = np.einsum("ntm,nsm->nts", dout, value) * factor
    product = weights * dweights
    dscores = product - weights * product.sum(axis=2)[..., None]
    dscores /= np.sqrt(query.shape[2])
    return (np.einsum("nts,nse->nte", dscores, key),
            np.einsum("nts,nte->nse", dscores, query), dvalue)


@right("attention_backward", using=[attention_forward])
def with_the_whole_jacobian_of_each_query(dout, cache):
    query, key, value = cache["query"], cache["key"], cache["value"]
    weights, dropout = cache["w"], cache["d"]
    kept = weights if dropout is None else weights * dropout
    dkept = dout @ value.transpose(0, 2, 1)
    dweights = dkept if dropout is None else dkept * dropout
    dscores = np.zeros_like(weights)
    for n in range(len(weights)):
        for t in range(weights.shape[1]):
            w = weights[n, t]
            dscores[n, t] = (np.diag(w) - np.outer(w, w)) @ dweights[n, t]
    dscores = dscores / math.sqrt(key.shape[-1])
    return dscores @ key, np.swapaxes(dscores, 1, 2) @ query, np.swapaxes(kept, 1, 2) @ dout


def _parts(dout, cache):
    """What the wrong ones below have in common, all of it right: kept, weights, dweights."""
    weights, dropout = cache["w"], cache["d"]
    factor = 1 if dropout is None else dropout
    return weights * factor, weights, dout @ cache["value"].transpose(0, 2, 1) * factor


def _through_softmax(weights, dweights):
    return weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True))


@wrong("attention_backward", says=["through the softmax is missing"],
       using=[attention_forward, _parts])
def softmax_passed_by(dout, cache):
    kept, _, dweights = _parts(dout, cache)
    dscores = dweights / math.sqrt(cache["query"].shape[-1])
    return (dscores @ cache["key"], dscores.transpose(0, 2, 1) @ cache["query"],
            kept.transpose(0, 2, 1) @ dout)


@wrong("attention_backward", says=["scale", "`dkey`"],
       using=[attention_forward, _parts, _through_softmax])
def scale_in_dquery_only(dout, cache):
    kept, weights, dweights = _parts(dout, cache)
    dscores = _through_softmax(weights, dweights)
    return (dscores @ cache["key"] / math.sqrt(cache["query"].shape[-1]),
            dscores.transpose(0, 2, 1) @ cache["query"], kept.transpose(0, 2, 1) @ dout)


@wrong("attention_backward", says=["exchanged", "query, key and value"],
       using=[attention_forward, _parts, _through_softmax])
def dkey_before_dquery(dout, cache):
    kept, weights, dweights = _parts(dout, cache)
    dscores = _through_softmax(weights, dweights) / math.sqrt(cache["query"].shape[-1])
    return (dscores.transpose(0, 2, 1) @ cache["query"], dscores @ cache["key"],
            kept.transpose(0, 2, 1) @ dout)


# ---- first_state and next_scores_and_looks of the captioner that looks --------------------------


@right("attention_first_state")
def state_of_a_loop_over_regions(self, features):
    looked_at = self.looked_at(features)[0]
    total = np.zeros_like(looked_at[:, 0])
    for s in range(looked_at.shape[1]):
        total += looked_at[:, s]
    h0 = total / looked_at.shape[1]
    if self.cell_type == "lstm":
        return [h0, h0 * 0, looked_at]
    return [h0, looked_at]


@wrong("attention_first_state", says=["regions", "axis 1"])
def mean_over_the_pictures(self, features):
    looked_at, _ = self.looked_at(features)
    h0 = looked_at.mean(axis=0)
    return [h0, looked_at] if self.cell_type == "rnn" else [h0, np.zeros_like(h0), looked_at]


def _step(self, word, state, asks_before=False):
    state, looked_at = list(state[:-1]), state[-1]
    old = state[0]
    p = self.params
    step = self.cell()[0]
    *state, _ = step(p["W_embed"][word], *state, p["Wx"], p["Wh"], p["b"])
    query = old if asks_before else state[0]
    weights = attention_weights(query[:, None, :], looked_at)[:, 0]
    heard = np.einsum("ns,nsh->nh", weights, looked_at)
    mixed = np.tanh(np.hstack([state[0], heard]) @ p["W_mix"] + p["b_mix"])
    return affine_forward(mixed, p["W_vocab"], p["b_vocab"])[0], [*state, looked_at], weights


@right("attention_next_scores_and_looks", using=[_step])
def step_in_a_helper(self, word, state):
    return _step(self, word, state)


@wrong("attention_next_scores_and_looks", says=["before the step", "after"], using=[_step])
def looks_before_it_reads(self, word, state):
    return _step(self, word, state, asks_before=True)


# ---- loss of the captioner that looks -----------------------------------------------------------


def _all_of_it(self, features, captions, h_twice=True, slope=True, share=True, uses="kvs"):
    """The loss; what the arguments name can be left out."""
    p, grads = self.params, {}
    words_in, words_out = captions[:, :-1], captions[:, 1:]
    _, forward, backward = self.cell()
    A, proj_cache = self.looked_at(features)
    x, embed_cache = word_embedding_forward(words_in, p["W_embed"])
    h, cell_cache = forward(x, np.mean(A, axis=1), p["Wx"], p["Wh"], p["b"])
    heard, attention_cache = attention_forward(h, A, A)
    before, mix_cache = temporal_affine_forward(np.dstack([h, heard]), p["W_mix"], p["b_mix"])
    mixed = np.tanh(before)
    scores, vocab_cache = temporal_affine_forward(mixed, p["W_vocab"], p["b_vocab"])
    mask = words_out != self._null
    value, dscores = temporal_softmax_loss(scores, words_out, mask)

    dmixed, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, vocab_cache)
    if slope:
        dmixed = (1 - mixed * mixed) * dmixed
    dboth, grads["W_mix"], grads["b_mix"] = temporal_affine_backward(dmixed, mix_cache)
    H = h.shape[2]
    dh, dheard = dboth[:, :, :H], dboth[:, :, H:]
    dquery, dkey, dvalue = attention_backward(dheard, attention_cache)
    if h_twice:
        dh = dh + dquery
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = backward(dh, cell_cache)
    grads["W_embed"] = word_embedding_backward(dx, embed_cache)
    dA = np.zeros_like(A)
    dA += dkey if "k" in uses else 0
    dA += dvalue if "v" in uses else 0
    if "s" in uses:
        dA += dh0[:, None] / (A.shape[1] if share else 1)
    grads.update(self.looked_at_backward(dA, proj_cache))
    return value, grads


@right("attention_loss", using=[_all_of_it])
def loss_in_a_helper(self, features, captions):
    return _all_of_it(self, features, captions)


@wrong("attention_loss", says=["twice", "`dquery`"], using=[_all_of_it])
def hidden_states_used_once(self, features, captions):
    return _all_of_it(self, features, captions, h_twice=False)


@wrong("attention_loss", says=["slope", "mixed**2"], using=[_all_of_it])
def slope_of_the_mixing_forgotten(self, features, captions):
    return _all_of_it(self, features, captions, slope=False)


@wrong("attention_loss", says=["mean of S", "dh0 / S"], using=[_all_of_it])
def gradient_of_the_mean_not_shared(self, features, captions):
    return _all_of_it(self, features, captions, share=False)


@wrong("attention_loss", says=["three times", "values"], using=[_all_of_it])
def regions_used_as_values_only(self, features, captions):
    return _all_of_it(self, features, captions, uses="v")


@wrong("attention_loss", says=["three times", "`h0`"], using=[_all_of_it])
def first_state_sends_nothing_back(self, features, captions):
    return _all_of_it(self, features, captions, uses="kv")
