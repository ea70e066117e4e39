"""The Transformer: positions, mask, heads, layer norm, a layer of the decoder, the loss."""

import math

import numpy as np

from cs231n.attention_layers import (
    attention_backward,
    attention_forward,
    feed_forward_backward,
    feed_forward_forward,
    part_of,
    prefixed,
)
from cs231n.classifiers.transformer import CaptioningTransformer
from cs231n.rnn_layers import word_embedding_backward, word_embedding_forward

from .kinds import right, wrong
from .own_layers import (
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
)

# ---- What a learner has by the time of a later exercise. All are right. ----------------------


def positional_encoding(T, E):
    P = np.zeros((T, E))
    for t in range(T):
        for j in range(E):
            turn = math.sin if j % 2 == 0 else math.cos
            P[t, j] = turn(t / 10000 ** ((j - j % 2) / E))
    return P


def causal_mask(T):
    return ~np.triu(np.full((T, T), True), 1)


def split_heads(x, num_heads):
    parts = np.array_split(x, num_heads, axis=2)
    return np.stack(parts, axis=1).reshape(-1, x.shape[1], x.shape[2] // num_heads)


def join_heads(heads, num_heads):
    return np.concatenate([heads[k::num_heads] for k in range(num_heads)], axis=2)


def multi_head_attention_forward(x, source, params, num_heads, mask=None, dropout=None):
    q, q_cache = temporal_affine_forward(x, params["W_query"], params["b_query"])
    k, k_cache = temporal_affine_forward(source, params["W_key"], params["b_key"])
    v, v_cache = temporal_affine_forward(source, params["W_value"], params["b_value"])
    q, k, v = split_heads(q, num_heads), split_heads(k, num_heads), split_heads(v, num_heads)
    found, a_cache = attention_forward(q, k, v, mask, dropout)
    found = join_heads(found, num_heads)
    out, out_cache = temporal_affine_forward(found, params["W_out"], params["b_out"])
    return out, (q_cache, k_cache, v_cache, a_cache, out_cache, num_heads)


def multi_head_attention_backward(dout, cache):
    q_cache, k_cache, v_cache, a_cache, out_cache, num_heads = cache
    grads = {}
    dfound, grads["W_out"], grads["b_out"] = temporal_affine_backward(dout, out_cache)
    dq, dk, dv = attention_backward(split_heads(dfound, num_heads), a_cache)
    dq, dk, dv = join_heads(dq, num_heads), join_heads(dk, num_heads), join_heads(dv, num_heads)
    dx, grads["W_query"], grads["b_query"] = temporal_affine_backward(dq, q_cache)
    dsource, grads["W_key"], grads["b_key"] = temporal_affine_backward(dk, k_cache)
    more, grads["W_value"], grads["b_value"] = temporal_affine_backward(dv, v_cache)
    return dx, dsource + more, grads


def layer_norm_forward(x, gamma, beta, eps=1e-5):
    mean, variance = x.mean(2)[..., None], x.var(2)[..., None]
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta, (x, mean, variance, gamma, eps)


def layer_norm_backward(dout, cache):
    x, mean, variance, gamma, eps = cache
    E, spread = x.shape[2], 1 / np.sqrt(variance + eps)
    normed, dnormed = (x - mean) * spread, dout * gamma
    dvariance = (dnormed * (x - mean)).sum(2, keepdims=True) * -0.5 * spread**3
    dmean = -(dnormed * spread).sum(2, keepdims=True)
    dx = dnormed * spread + dvariance * 2 * (x - mean) / E + dmean / E
    return dx, np.einsum("nte,nte->e", dout, normed), np.einsum("nte->e", dout)


def decoder_layer_forward(x, memory, params, num_heads, mask=None, activation="relu"):
    own, other, feed = part_of(params, "self"), part_of(params, "cross"), part_of(params, "feed")
    found, a = multi_head_attention_forward(x, x, own, num_heads, mask)
    x, a_norm = layer_norm_forward(x + found, own["gamma"], own["beta"])
    found, b = multi_head_attention_forward(x, memory, other, num_heads)
    x, b_norm = layer_norm_forward(x + found, other["gamma"], other["beta"])
    found, c = feed_forward_forward(x, feed, activation)
    x, c_norm = layer_norm_forward(x + found, feed["gamma"], feed["beta"])
    return x, (a, a_norm, b, b_norm, c, c_norm)


def decoder_layer_backward(dout, cache):
    a, a_norm, b, b_norm, c, c_norm = cache
    dx, dgamma, dbeta = layer_norm_backward(dout, c_norm)
    through, own = feed_forward_backward(dx, c)
    grads = {**prefixed("feed", own), "feed_gamma": dgamma, "feed_beta": dbeta}
    dx, dgamma, dbeta = layer_norm_backward(dx + through, b_norm)
    through, dmemory, own = multi_head_attention_backward(dx, b)
    grads |= {**prefixed("cross", own), "cross_gamma": dgamma, "cross_beta": dbeta}
    dx, dgamma, dbeta = layer_norm_backward(dx + through, a_norm)
    through, looked_at, own = multi_head_attention_backward(dx, a)
    grads |= {**prefixed("self", own), "self_gamma": dgamma, "self_beta": dbeta}
    return dx + through + looked_at, dmemory, grads


for _function in (positional_encoding, causal_mask, split_heads, join_heads,
                  multi_head_attention_forward, multi_head_attention_backward, layer_norm_forward,
                  layer_norm_backward, decoder_layer_forward, decoder_layer_backward):
    right(_function.__name__)(_function)

# ---- positional_encoding, causal_mask ------------------------------------------------------------


@right("positional_encoding")
def with_exp_and_log(T, E):
    P = np.empty((T, E))
    angle = np.outer(np.arange(T), np.exp(-np.arange(0, E, 2) * np.log(10000) / E))
    P[:, 0::2] = np.sin(angle)
    P[:, 1::2] = np.cos(angle)[:, : E // 2]
    return P


@right("causal_mask")
def filled_word_by_word(T):
    mask = np.zeros((T, T), bool)
    for t in range(T):
        mask[t, : t + 1] = True
    return mask


@wrong("positional_encoding", says=["exponent", "one** clock|odd column"])
def a_clock_for_each_column(T, E):
    P = np.zeros((T, E))
    for j in range(E):
        angle = np.arange(T) / 10000 ** (j / E)
        P[:, j] = np.sin(angle) if j % 2 == 0 else np.cos(angle)
    return P


@wrong("positional_encoding", says=["even columns", "sines"])
def cosines_first(T, E):
    P = np.zeros((T, E))
    angle = np.outer(np.arange(T), 10000.0 ** (-np.arange(0, E, 2) / E))
    P[:, 0::2], P[:, 1::2] = np.cos(angle), np.sin(angle)[:, : E // 2]
    return P


@wrong("causal_mask", says=["after", "wrong way round"])
def the_upper_triangle(T):
    return np.triu(np.ones((T, T))).astype(bool)


@wrong("causal_mask", says=["see itself", "diagonal"])
def strictly_before(T):
    steps = np.arange(T)
    return steps[None, :] < steps[:, None]


# ---- Several heads ------------------------------------------------------------------------------


@wrong("split_heads", says=["`reshape` alone"])
def split_by_one_reshape(x, num_heads):
    return x.reshape(-1, x.shape[1], x.shape[2] // num_heads)


@wrong("join_heads", says=["`reshape`"])
def joined_by_one_reshape(heads, num_heads):
    NK, T, share = heads.shape
    return heads.reshape(NK // num_heads, T, share * num_heads)


@wrong("multi_head_attention_forward", says=["mask", "ignored"])
def mask_not_handed_on(x, source, params, num_heads, mask=None, dropout=None):
    return multi_head_attention_forward(x, source, params, num_heads, None, dropout)


@wrong("multi_head_attention_forward", says=["exchanged|`source`", "values|`x`"])
def values_of_the_words_that_look(x, source, params, num_heads, mask=None, dropout=None):
    return multi_head_attention_forward(source, x, params, num_heads, mask, dropout)


@wrong("multi_head_attention_forward", says=["`W_out`"])
def nothing_mixes_the_heads(x, source, params, num_heads, mask=None, dropout=None):
    q, k, v = [split_heads(vectors @ params["W_" + name] + params["b_" + name], num_heads)
               for vectors, name in ((x, "query"), (source, "key"), (source, "value"))]
    found, cache = attention_forward(q, k, v, mask, dropout)
    return join_heads(found, num_heads), cache


@wrong("multi_head_attention_backward", says=["`dsource`", "add up"])
def keys_overwritten_by_values(dout, cache):
    q_cache, k_cache, v_cache, a_cache, out_cache, num_heads = cache
    grads = {}
    dfound, grads["W_out"], grads["b_out"] = temporal_affine_backward(dout, out_cache)
    dq, dk, dv = attention_backward(split_heads(dfound, num_heads), a_cache)
    for name, gradient, own in (("query", dq, q_cache), ("key", dk, k_cache),
                                ("value", dv, v_cache)):
        back, grads["W_" + name], grads["b_" + name] = temporal_affine_backward(
            join_heads(gradient, num_heads), own)
        if name == "query":
            dx = back
        else:
            dsource = back
    return dx, dsource, grads


# ---- Layer norm ---------------------------------------------------------------------------------


@wrong("layer_norm_forward", says=["E - 1|divided by E"])
def variance_of_a_sample(x, gamma, beta, eps=1e-5):
    normed = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, ddof=1, keepdims=True) + eps)
    return normed * gamma + beta, None


@wrong("layer_norm_forward", says=["examples"])
def batch_norm_from_memory(x, gamma, beta, eps=1e-5):
    normed = (x - x.mean(0)) / np.sqrt(x.var(0) + eps)
    return normed * gamma + beta, None


@wrong("layer_norm_forward", says=["eps"])
def eps_beside_the_root(x, gamma, beta, eps=1e-5):
    normed = (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + eps)
    return normed * gamma + beta, None


@wrong("layer_norm_backward", says=["mean"])
def mean_and_deviation_taken_as_constants(dout, cache):
    x, mean, variance, gamma, eps = cache
    normed = (x - mean) / np.sqrt(variance + eps)
    return dout * gamma / np.sqrt(variance + eps), (dout * normed).sum((0, 1)), dout.sum((0, 1))


# ---- A layer of the decoder ---------------------------------------------------------------------


@wrong("decoder_layer_forward", says=["residual"])
def parts_one_after_the_other(x, memory, params, num_heads, mask=None, activation="relu"):
    own, other, feed = part_of(params, "self"), part_of(params, "cross"), part_of(params, "feed")
    x, _ = multi_head_attention_forward(x, x, own, num_heads, mask)
    x, _ = layer_norm_forward(x, own["gamma"], own["beta"])
    x, _ = multi_head_attention_forward(x, memory, other, num_heads)
    x, _ = layer_norm_forward(x, other["gamma"], other["beta"])
    x, _ = feed_forward_forward(x, feed, activation)
    x, _ = layer_norm_forward(x, feed["gamma"], feed["beta"])
    return x, None


@wrong("decoder_layer_forward", says=["`memory`", "words once more|source"])
def never_looks_at_the_picture(x, memory, params, num_heads, mask=None, activation="relu"):
    own, other, feed = part_of(params, "self"), part_of(params, "cross"), part_of(params, "feed")
    found, _ = multi_head_attention_forward(x, x, own, num_heads, mask)
    x, _ = layer_norm_forward(x + found, own["gamma"], own["beta"])
    found, _ = multi_head_attention_forward(x, x, other, num_heads)
    x, _ = layer_norm_forward(x + found, other["gamma"], other["beta"])
    found, _ = feed_forward_forward(x, feed, activation)
    return layer_norm_forward(x + found, feed["gamma"], feed["beta"])


@wrong("decoder_layer_backward", says=["looked at", "three gradients|add up"])
def words_that_are_looked_at_forgotten(dout, cache):
    a, a_norm, b, b_norm, c, c_norm = cache
    dx, dgamma, dbeta = layer_norm_backward(dout, c_norm)
    through, own = feed_forward_backward(dx, c)
    grads = {**prefixed("feed", own), "feed_gamma": dgamma, "feed_beta": dbeta}
    dx, dgamma, dbeta = layer_norm_backward(dx + through, b_norm)
    through, dmemory, own = multi_head_attention_backward(dx, b)
    grads |= {**prefixed("cross", own), "cross_gamma": dgamma, "cross_beta": dbeta}
    dx, dgamma, dbeta = layer_norm_backward(dx + through, a_norm)
    through, _, own = multi_head_attention_backward(dx, a)
    grads |= {**prefixed("self", own), "self_gamma": dgamma, "self_beta": dbeta}
    return dx + through, dmemory, grads


# ---- The loss -----------------------------------------------------------------------------------


def _loss(self, features, captions, words_out, places=True, first_layer_only=False):
    """The loss as a learner writes it, with switches for what can go wrong."""
    words_in = captions[:, :-1]
    params, grads, caches, T = self.params, {}, [], words_in.shape[1]
    memory, regions = self.looked_at(features)
    x, embedded = word_embedding_forward(words_in, params["W_embed"])
    if places:
        x = x + positional_encoding(T, x.shape[2]).astype(x.dtype)
    for n in range(self.num_layers):
        x, cache = decoder_layer_forward(x, memory, self.layer_params(n), self.num_heads,
                                         self.may_see(T))
        caches.append(cache)
    scores, vocab = temporal_affine_forward(x, params["W_vocab"], params["b_vocab"])
    value, dx = temporal_softmax_loss(scores, words_out, words_out != self._null)
    dx, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dx, vocab)
    dmemory = np.zeros_like(memory)
    for n, cache in reversed(list(enumerate(caches))):
        dx, looked, own = decoder_layer_backward(dx, cache)
        dmemory = looked if first_layer_only else dmemory + looked
        grads.update(prefixed(f"layer{n}", own))
    grads["W_embed"] = word_embedding_backward(dx, embedded)
    grads.update(self.looked_at_backward(dmemory, regions))
    return value, grads


@right("transformer_loss")
class OwnTransformer(CaptioningTransformer):
    def loss(self, features, captions):
        return _loss(self, features, captions, captions[:, 1:])


@wrong("transformer_loss", says=["shift|next word|words out"])
class TargetsNotShifted(CaptioningTransformer):
    def loss(self, features, captions):
        return _loss(self, features, captions, captions[:, :-1])


@wrong("transformer_loss", says=["position"])
class WithoutPositions(CaptioningTransformer):
    def loss(self, features, captions):
        return _loss(self, features, captions, captions[:, 1:], places=False)


@wrong("transformer_loss", says=["layer", "add up|`dmemory`"])
class PictureOfTheFirstLayerOnly(CaptioningTransformer):
    def loss(self, features, captions):
        return _loss(self, features, captions, captions[:, 1:], first_layer_only=True)
