"""The layers of captioners that look: attention, and what else a Transformer is made of.

An RNN gets a picture as one vector. Attention lets a network look at many vectors, one for each
region of the picture, and decide anew for each word how much of each to take.

Sizes, besides those of `rnn_layers`:

- N: examples in a minibatch
- T: queries, one for each time step
- S: sources, what a query can look at: regions of a picture, or the words so far
- E: numbers in a vector
- K: heads, which look side by side; each has E / K numbers
- F: numbers in the hidden layer of a feed-forward network

Parameters of a layer that has several come in a dictionary, and their gradients go out in one with
the same names. Float32 arrays in give float32 arrays out, and no argument is changed.

Sources: Luong et al. 2015, "Effective approaches to attention-based neural machine translation"
(attention after the recurrence); Vaswani et al. 2017, "Attention is all you need" (all else); Ba,
Kiros and Hinton 2016, "Layer normalization"; Hendrycks and Gimpel 2016, "Gaussian error linear
units"; Srivastava et al. 2014, "Dropout".
"""

import functools
import math

import numpy as np

from cs231n.arguments import at_least, takes
from cs231n.rnn_layers import temporal_affine_backward, temporal_affine_forward

__all__ = [
    "softmax",
    "attention_weights",
    "attention_forward",
    "attention_backward",
    "causal_mask",
    "split_heads",
    "join_heads",
    "project",
    "multi_head_attention_forward",
    "multi_head_attention_backward",
    "layer_norm_forward",
    "layer_norm_backward",
    "positional_encoding",
    "feed_forward_forward",
    "feed_forward_backward",
    "dropout_factors",
    "decoder_layer_forward",
    "decoder_layer_backward",
]


# ---- Scaled dot-product attention ---------------------------------------------------------------


def softmax(scores):
    """Turn scores into shares that add up to 1 along the last axis (..., S)."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))  # exp cannot overflow
    return shares / shares.sum(axis=-1, keepdims=True)


def _mask_fits(where, mask):
    """A mask is True where a query may look; each query may look somewhere."""
    if mask is None:
        return
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        raise TypeError(f"{where} is no array of booleans, expected True where a query may look")
    if not mask.any(axis=-1).all():
        raise ValueError(f"{where} lets a query look nowhere, expected a True in each row")


@takes(query="N T E", key="N S E", mask=_mask_fits)
def attention_weights(query, key, mask=None):
    """How much of each source each query takes: `softmax(query @ key^T / sqrt(E))`.

    The product of two vectors of E independent numbers of variance 1 has variance E;
    divided by `sqrt(E)`, scores keep their size whatever E is, and the softmax its
    slope.

    Args:
        query: what is looked for (N, T, E).
        key: what each source has to offer (N, S, E).
        mask: True where a query may look, an array of booleans that broadcasts to
            (N, T, S); or None for everywhere. Each query may look somewhere.

    Returns:
        weights: shares that add up to 1 for each query (N, T, S), 0 where it may not
            look.
    """
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])  # (N, T, S)
    if mask is not None:
        np.copyto(scores, -np.inf, where=~mask)  # exp(-inf) is 0
    return softmax(scores)


@takes(query="N T E", key="N S E", value="N S M", mask=_mask_fits)
def attention_forward(query, key, value, mask=None, dropout=None):
    """Scaled dot-product attention: each query takes a weighted mean of the values.

    Args:
        query: what is looked for (N, T, E).
        key: what each source has to offer (N, S, E).
        value: what is taken from each source (N, S, M).
        mask: True where a query may look, an array of booleans that broadcasts to
            (N, T, S); or None.
        dropout: factors that the weights are multiplied with, after the softmax
            (N, T, S); or None.

    Returns:
        out: for each query, the mean of the values by its weights (N, T, M).
        cache: what `attention_backward` needs.
    """
    weights = attention_weights(query, key, mask)  # (N, T, S)
    kept = weights if dropout is None else weights * dropout
    out = kept @ value
    return out, (query, key, value, weights, dropout)


@takes(dout="N T M", cache=("N T E", "N S E", "N S M", "N T S", None))
def attention_backward(dout, cache):
    """Send a gradient back through scaled dot-product attention.

    Args:
        dout: gradient of the loss with respect to `out` (N, T, M).
        cache: from `attention_forward`.

    Returns:
        dquery: gradient with respect to `query` (N, T, E).
        dkey: gradient with respect to `key` (N, S, E).
        dvalue: gradient with respect to `value` (N, S, M).
    """
    query, key, value, weights, dropout = cache
    kept = weights if dropout is None else weights * dropout
    dvalue = kept.transpose(0, 2, 1) @ dout
    dweights = dout @ value.transpose(0, 2, 1)  # (N, T, S)
    if dropout is not None:
        dweights = dweights * dropout
    # A share that grows takes from all others of its query: hence the mean subtracted.
    dscores = weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True))
    dscores = dscores / math.sqrt(query.shape[-1])
    dquery = dscores @ key
    dkey = dscores.transpose(0, 2, 1) @ query
    return dquery, dkey, dvalue


@takes(T=at_least(1))
def causal_mask(T):
    """The mask with which a word sees itself and the words before it, none after it.

    Args:
        T: how many words.

    Returns:
        mask: True where a word (the row) may look at a word (the column), an array of
            booleans (T, T).
    """
    return np.tri(T, dtype=bool)


# ---- Several heads ------------------------------------------------------------------------------

PROJECTIONS = ("query", "key", "value", "out")


def _shared_evenly(split):
    """A check of arguments: each head gets as many numbers as the others."""

    @functools.wraps(split)
    def checked(x, num_heads):
        if x.shape[-1] % num_heads:
            raise ValueError(f"split_heads: x has {x.shape[-1]} numbers a vector, which "
                             f"{num_heads} heads cannot share evenly")
        return split(x, num_heads)

    return checked


@takes(x="N T E", num_heads=at_least(1))
@_shared_evenly
def split_heads(x, num_heads):
    """Give each head its own numbers of each vector.

    Head 0 gets the first E / K numbers of every vector, head 1 the next, and so on. The
    heads of one example stand together: first all heads of example 0, then those of
    example 1.

    Args:
        x: vectors (N, T, E).
        num_heads: K, a divisor of E.

    Returns:
        heads: as many shorter sequences, one for each head (N K, T, E / K).
    """
    N, T, _ = x.shape
    heads = x.reshape(N, T, num_heads, -1).transpose(0, 2, 1, 3)  # (N, K, T, E / K)
    return heads.reshape(N * num_heads, T, -1)


@takes(heads="NK T E", num_heads=at_least(1))
def join_heads(heads, num_heads):
    """Put the numbers of all heads side by side again, as `split_heads` found them.

    Args:
        heads: what the heads have found (N K, T, E / K).
        num_heads: K.

    Returns:
        x: vectors (N, T, E).
    """
    _, T, share = heads.shape
    x = heads.reshape(-1, num_heads, T, share).transpose(0, 2, 1, 3)  # (N, T, K, E / K)
    return x.reshape(len(x), T, -1)


def project(x, params, name):
    """The affine layer of that name, such as "query".

    Args:
        x: vectors (N, T, E).
        params: holds its weights, such as `W_query` (E, E), and its biases, such as
            `b_query` (E,).
        name: "query", "key", "value" or "out".

    Returns:
        out: (N, T, E).
        cache: what `temporal_affine_backward` needs.
    """
    return temporal_affine_forward(x, params[f"W_{name}"], params[f"b_{name}"])


def multi_head_attention_forward(x, source, params, num_heads, mask=None, dropout=None):
    """Attention with several heads: each compares other numbers, so each can look
    elsewhere.

    Args:
        x: the vectors that look (N, T, E).
        source: the vectors that they look at (N, S, E). In self-attention, `x` itself.
        params: `W_query`, `W_key`, `W_value`, `W_out` (E, E) and `b_query`, `b_key`,
            `b_value`, `b_out` (E,).
        num_heads: K, a divisor of E.
        mask: True where a query may look (T, S), or None.
        dropout: from `dropout_factors`, (N K, T, S), multiplied with the weights; or
            None.

    Returns:
        out: what each vector has taken from the sources (N, T, E).
        cache: what `multi_head_attention_backward` needs.
    """
    inputs = {"query": x, "key": source, "value": source}
    heads, caches = {}, {}
    for name, vectors in inputs.items():
        projected, caches[name] = project(vectors, params, name)
        heads[name] = split_heads(projected, num_heads)
    found, caches["attention"] = attention_forward(**heads, mask=mask, dropout=dropout)
    out, caches["out"] = project(join_heads(found, num_heads), params, "out")
    return out, (caches, num_heads)


def multi_head_attention_backward(dout, cache):
    """Send a gradient back through attention with several heads.

    Args:
        dout: gradient of the loss with respect to `out` (N, T, E).
        cache: from `multi_head_attention_forward`.

    Returns:
        dx: gradient with respect to `x`, as far as it looks (N, T, E).
        dsource: gradient with respect to `source` (N, S, E). In self-attention both add
            up.
        grads: gradients with respect to `params`, by the same names.
    """
    caches, num_heads = cache
    grads = {}

    def back(name, gradient):
        """Through one affine layer: its gradients go into `grads`, that of x back."""
        dx, dW, db = temporal_affine_backward(gradient, caches[name])
        grads[f"W_{name}"], grads[f"b_{name}"] = dW, db
        return dx

    dfound = split_heads(back("out", dout), num_heads)
    dheads = attention_backward(dfound, caches["attention"])
    dquery, dkey, dvalue = (join_heads(dhead, num_heads) for dhead in dheads)
    dx = back("query", dquery)
    dsource = back("key", dkey) + back("value", dvalue)
    return dx, dsource, grads


# ---- Layer norm ---------------------------------------------------------------------------------


@takes(x="N T E", gamma="E", beta="E")
def layer_norm_forward(x, gamma, beta, eps=1e-5):
    """Bring each vector to mean 0 and variance 1, then scale and shift each of its
    numbers.

    `out = gamma * (x - mean) / sqrt(variance + eps) + beta`, mean and variance (divided
    by E, not E - 1) over the numbers of one vector: neither other words nor other
    examples matter.

    Args:
        x: vectors (N, T, E).
        gamma: scales (E,).
        beta: shifts (E,).
        eps: keeps the division safe where all numbers of a vector are equal.

    Returns:
        out: (N, T, E).
        cache: what `layer_norm_backward` needs.
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)  # (N, T, 1)
    normed = centred / deviation
    return gamma * normed + beta, (normed, deviation, gamma)


@takes(dout="N T E", cache=("N T E", None, "E"))
def layer_norm_backward(dout, cache):
    """Send a gradient back through layer norm.

    Args:
        dout: gradient of the loss with respect to `out` (N, T, E).
        cache: from `layer_norm_forward`.

    Returns:
        dx: gradient with respect to `x` (N, T, E).
        dgamma: gradient with respect to `gamma` (E,).
        dbeta: gradient with respect to `beta` (E,).
    """
    normed, deviation, gamma = cache
    dgamma = (dout * normed).sum(axis=(0, 1))
    dbeta = dout.sum(axis=(0, 1))
    dnormed = dout * gamma
    # A change of x that shifts or stretches the whole vector changes nothing: the parts
    # of the gradient that would do so, its mean and what lies along `normed`, drop out.
    along = normed * (dnormed * normed).mean(axis=-1, keepdims=True)
    dx = (dnormed - dnormed.mean(axis=-1, keepdims=True) - along) / deviation
    return dx, dgamma, dbeta


# ---- Positions ----------------------------------------------------------------------------------


@takes(T=at_least(1), E=at_least(1))
def positional_encoding(T, E):
    """A vector for each time step, to be added to the vector of its word.

    `P[t, j] = sin(t 10000^(-j / E))` for even j, and `cos(t 10000^(-(j - 1) / E))` for
    odd j: clocks whose hands turn ever more slowly.

    Args:
        T: how many time steps.
        E: numbers in a vector.

    Returns:
        positions: the vectors, float64 (T, E).
    """
    pair = np.arange(E) // 2 * 2  # 0, 0, 2, 2, 4, 4, ...
    angle = np.arange(T)[:, None] * 10000.0 ** (-pair / E)  # (T, E)
    return np.where(np.arange(E) % 2, np.cos(angle), np.sin(angle))


# ---- Feed-forward -------------------------------------------------------------------------------


def _relu(x):
    """`max(x, 0)`, and its slope at x."""
    return np.maximum(x, 0), (x > 0).astype(x.dtype)


def _gelu(x):
    """`x` times the share of a standard normal distribution below x, and its slope at x."""
    below = 0.5 * (1 + np.vectorize(math.erf, otypes=[x.dtype])(x / math.sqrt(2)))
    density = np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)
    return x * below, below + x * density


ACTIVATIONS = {"relu": _relu, "gelu": _gelu}


def feed_forward_forward(x, params, activation="relu"):
    """Two affine layers with a nonlinearity between them, for each vector on its own.

    Args:
        x: vectors (N, T, E).
        params: `W1` (E, F), `b1` (F,), `W2` (F, E), `b2` (E,).
        activation: "relu" or "gelu".

    Returns:
        out: (N, T, E).
        cache: what `feed_forward_backward` needs.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"feed_forward_forward: activation is {activation!r}, expected one of "
                         f"{', '.join(ACTIVATIONS)}")
    before, first = temporal_affine_forward(x, params["W1"], params["b1"])  # (N, T, F)
    hidden, slope = ACTIVATIONS[activation](before)
    out, second = temporal_affine_forward(hidden, params["W2"], params["b2"])
    return out, (first, slope, second)


def feed_forward_backward(dout, cache):
    """Send a gradient back through a feed-forward network.

    Args:
        dout: gradient of the loss with respect to `out` (N, T, E).
        cache: from `feed_forward_forward`.

    Returns:
        dx: gradient with respect to `x` (N, T, E).
        grads: gradients with respect to `params`, by the same names.
    """
    first, slope, second = cache
    grads = {}
    dhidden, grads["W2"], grads["b2"] = temporal_affine_backward(dout, second)
    dx, grads["W1"], grads["b1"] = temporal_affine_backward(dhidden * slope, first)
    return dx, grads


# ---- Dropout ------------------------------------------------------------------------------------


def dropout_factors(shape, rate, rng, dtype=np.float64):
    """Factors that drop a share of numbers in training: 0, or `1 / (1 - rate)` for what stays.

    What stays is enlarged, so that sums keep their size on average and nothing has to be done when
    captions are written. Forward and backward, one multiplies by the same factors.

    Args:
        shape: of the array that they will be multiplied with.
        rate: the share of numbers that is dropped, from 0 up to, not including, 1.
        rng: a generator, such as `np.random.default_rng(0)`.
        dtype: of the factors.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"dropout_factors: rate is {rate!r}, expected at least 0 and below 1")
    return ((rng.random(shape) >= rate) / (1 - rate)).astype(dtype)


# ---- A layer of the decoder ---------------------------------------------------------------------

# Each of the three parts is added to what came in, and the sum is normed ("post-norm").
PARTS = ("self", "cross", "feed")


def part_of(params, part):
    """The entries of a dictionary whose names begin with `part_`, without that
    beginning.
    """
    return {name[len(part) + 1:]: value for name, value in params.items()
            if name.startswith(f"{part}_")}


def prefixed(part, grads):
    """The same entries with `part_` before their names: the way back from `part_of`."""
    return {f"{part}_{name}": gradient for name, gradient in grads.items()}


def decoder_layer_forward(x, memory, params, num_heads, mask=None, activation="relu"):
    """One layer of a Transformer's decoder: look at the words, look at the picture,
    think.

    Each part adds to the vectors what it has found (a residual connection), so that the
    gradient has a way around it; the sum goes through layer norm.

    Args:
        x: a vector for each word so far (N, T, E).
        memory: a vector for each region of the picture (N, S, E).
        params: those of `multi_head_attention_forward` with `self_` and again with
            `cross_` before their names, those of `feed_forward_forward` with `feed_`,
            and for each part, such as `self`, the scales and shifts of its norm:
            `self_gamma`, `self_beta` (E,).
        num_heads: K.
        mask: True where a word may look at another (T, T), or None.
        activation: of the feed-forward network, "relu" or "gelu".

    Returns:
        out: (N, T, E).
        cache: what `decoder_layer_backward` needs.
    """
    caches = []
    for part in PARTS:
        own = part_of(params, part)
        if part == "self":
            found, cache = multi_head_attention_forward(x, x, own, num_heads, mask)
        elif part == "cross":
            found, cache = multi_head_attention_forward(x, memory, own, num_heads)
        else:
            found, cache = feed_forward_forward(x, own, activation)
        x, norm_cache = layer_norm_forward(x + found, own["gamma"], own["beta"])
        caches.append((cache, norm_cache))
    return x, caches


def decoder_layer_backward(dout, cache):
    """Send a gradient back through one layer of a decoder.

    Args:
        dout: gradient of the loss with respect to `out` (N, T, E).
        cache: from `decoder_layer_forward`.

    Returns:
        dx: gradient with respect to `x` (N, T, E).
        dmemory: gradient with respect to `memory` (N, S, E).
        grads: gradients with respect to `params`, by the same names.
    """
    grads = {}
    for part, (part_cache, norm_cache) in reversed(list(zip(PARTS, cache))):
        dsum, dgamma, dbeta = layer_norm_backward(dout, norm_cache)
        if part == "feed":
            dfound, own = feed_forward_backward(dsum, part_cache)
        else:
            dfound, dsource, own = multi_head_attention_backward(dsum, part_cache)
            if part == "cross":
                dmemory = dsource
            else:
                dfound = dfound + dsource  # the words look, and are looked at
        dout = dsum + dfound  # around the part, and through it
        grads |= prefixed(part, own | {"gamma": dgamma, "beta": dbeta})
    return dout, dmemory, grads
