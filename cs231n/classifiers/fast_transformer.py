"""The Transformer captioner at the speed of the machine.

`FastCaptioningTransformer` computes what `CaptioningTransformer` computes, and saves work as
`FastCaptioningRNN` does (its module explains the ideas):

1. **No padding.** All that is done to each word on its own, which is most of it, works on rows
   (M, E): one for each word that counts, caption after caption. Only attention itself, where words
   meet, puts them into a rectangle (N, T, E) and takes them out again.
2. **One product for several.** Queries, keys and values of the words come from one product, and so
   do the keys and values of the regions for all layers.
3. **In place.** Softmax, ReLU and layer norm overwrite their input.

Heads are not copied apart: K heads of E / K numbers are another view of the same array.
"""

import math

import numpy as np

from cs231n.arguments import takes
from cs231n.attention_layers import positional_encoding
from cs231n.classifiers.fast_rnn import FastCaptioningRNN, Room
from cs231n.classifiers.packing import sum_by_word
from cs231n.classifiers.transformer import CaptioningTransformer

EPS = 1e-5  # of the layer norm, as in attention_layers


class Rows:
    """Which places of a rectangle (N, T) hold a word, and the way there and back.

    Args:
        mask: True where a word counts (N, T). A caption ends with its last word that counts.
    """

    def __init__(self, mask):
        steps = np.arange(1, mask.shape[1] + 1)
        lengths = np.maximum((steps * mask).max(axis=1), 1)
        self.N, self.T = len(mask), int(lengths.max())
        places = steps[: self.T] <= lengths[:, None]  # (N, T)
        self.caption, self.step = np.nonzero(places)  # (M,) each
        self.places = np.flatnonzero(places)

    def of(self, rectangle):
        """The rows (M, ...) of a rectangle (N, T or more, ...)."""
        return rectangle[self.caption, self.step]

    def rectangle(self, rows):
        """A rectangle (N, T, C) of rows (M, C), with zeros where no word is."""
        filled = np.zeros((self.N * self.T, rows.shape[1]), rows.dtype)
        filled[self.places] = rows
        return filled.reshape(self.N, self.T, -1)


def heads_of(x, num_heads):
    """A view (N, K, T, E / K) of vectors (N, T, E): the numbers of each head."""
    N, T, _ = x.shape
    return x.reshape(N, T, num_heads, -1).transpose(0, 2, 1, 3)


# ---- Attention ----------------------------------------------------------------------------------


def attend_forward(query, key, value, num_heads, mask=None):
    """Attention with several heads, between the products before it and after it.

    Args:
        query: (N, T, E).
        key, value: (N, S, E) each.
        num_heads: K.
        mask: True where a query may look (T, S), or None.

    Returns:
        out: (N, T, E).
        cache: what `attend_backward` needs.
    """
    q, k, v = (heads_of(x, num_heads) for x in (query, key, value))
    weights = q @ k.transpose(0, 1, 3, 2)  # (N, K, T, S)
    weights *= 1 / math.sqrt(q.shape[-1])
    if mask is not None:
        np.copyto(weights, -np.inf, where=~mask)
    weights -= weights.max(axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=-1, keepdims=True)
    out = np.empty_like(query)
    np.matmul(weights, v, out=heads_of(out, num_heads))
    return out, (q, k, v, weights)


def attend_backward(dout, cache, dquery, dkey, dvalue):
    """Send a gradient back through `attend_forward`, into arrays made by the caller.

    Args:
        dout: gradient of the loss with respect to `out` (N, T, E).
        cache: from `attend_forward`. Its weights are used up.
        dquery, dkey, dvalue: where the gradients go; parts of larger arrays, if it suits.
    """
    q, k, v, weights = cache
    K = q.shape[1]
    dheads = heads_of(dout, K)
    np.matmul(weights.transpose(0, 1, 3, 2), dheads, out=heads_of(dvalue, K))
    dscores = dheads @ v.transpose(0, 1, 3, 2)  # (N, K, T, S), as yet of the weights
    dscores *= weights
    weights *= dscores.sum(axis=-1, keepdims=True)
    dscores -= weights
    dscores *= 1 / math.sqrt(q.shape[-1])
    np.matmul(dscores, k, out=heads_of(dquery, K))
    np.matmul(dscores.transpose(0, 1, 3, 2), q, out=heads_of(dkey, K))


# ---- Layer norm ---------------------------------------------------------------------------------


def norm_in_place(x, gamma, beta):
    """Layer norm of rows (M, E), which are overwritten by what it needs again: normed rows.

    Returns:
        out: (M, E).
        cache: what `norm_backward` needs.
    """
    E = x.shape[1]
    x -= x.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt(np.einsum("me,me->m", x, x)[:, None] / E + x.dtype.type(EPS))
    x *= scale
    out = x * gamma
    out += beta
    return out, (x, scale, gamma)


def norm_backward(dout, cache):
    """Send a gradient back through `norm_in_place`; `dout` is overwritten.

    Returns:
        dx: in the place of `dout` (M, E).
        dgamma, dbeta: (E,) each.
    """
    normed, scale, gamma = cache
    E = normed.shape[1]
    dgamma, dbeta = np.einsum("me,me->e", dout, normed), dout.sum(axis=0)
    dout *= gamma
    along = np.einsum("me,me->m", dout, normed)[:, None] / E
    dout -= dout.mean(axis=1, keepdims=True)
    dout -= normed * along
    dout *= scale
    return dout, dgamma, dbeta


# ---- The captioner ------------------------------------------------------------------------------


class FastCaptioningTransformer(CaptioningTransformer):
    """A drop-in for `CaptioningTransformer`: the same arguments, parameters, loss and gradients.

    The model keeps its largest work arrays between calls: use one model from one thread at a time.
    """

    softmax = FastCaptioningRNN.softmax  # what comes out is the same: scores of words

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.room = Room()

    @takes(features="N S D", captions="N T+1 < V")
    def loss(self, features, captions):
        """As `CaptioningTransformer.loss`, to the same numbers, without work for padding.

        Args:
            features: numbers of each region (N, S, D).
            captions: the true captions (N, T + 1): `<START>`, words, `<END>`, then `<NULL>`.

        Returns:
            value: the loss.
            grads: the gradient with respect to each entry of `self.params`, under the same name.
        """
        words_in, words_out = captions[:, :-1], captions[:, 1:]  # (N, T) each
        rows = Rows(words_out != self._null)
        words_in, words_out = rows.of(words_in), rows.of(words_out)  # (M,) each
        params, dtype = self.params, self.params["W_embed"].dtype
        (N, S, D), M, (V, E) = features.shape, len(words_in), params["W_embed"].shape
        layers = [self.layer_params(layer) for layer in range(self.num_layers)]
        grads, caches = {}, []

        # Forward.
        features = features.astype(dtype, copy=False).reshape(N * S, D)
        memory = (features @ params["W_proj"]).reshape(N, S, E)
        memory += params["places"] + params["b_proj"]
        memory = memory.reshape(N * S, E)
        of_regions = memory @ _of_regions(layers, "W")  # (N S, 2 E L)
        of_regions += _of_regions(layers, "b")
        of_regions = of_regions.reshape(N, S, -1)
        x = params["W_embed"][words_in]
        x += positional_encoding(rows.T, E).astype(dtype)[rows.step]
        for layer, own in enumerate(layers):
            pair = of_regions[:, :, 2 * layer * E : 2 * (layer + 1) * E]
            x, cache = self._layer_forward(x, pair, own, rows)
            caches.append(cache)
        scores = np.matmul(x, params["W_vocab"], out=self.room("scores", (M, V), dtype))
        weights = (words_out != self._null) / dtype.type(N)
        value = self.softmax(scores, words_out, weights)

        # Backward.
        dscores = scores  # the gradient has taken their place
        grads["W_vocab"], grads["b_vocab"] = x.T @ dscores, dscores.sum(axis=0)
        dx = dscores @ params["W_vocab"].T
        dof_regions = np.empty_like(of_regions)
        for layer in reversed(range(self.num_layers)):
            dpair = dof_regions[:, :, 2 * layer * E : 2 * (layer + 1) * E]
            dx, own = self._layer_backward(dx, dpair, layers[layer], caches[layer], rows)
            grads |= {f"layer{layer}_{name}": gradient for name, gradient in own.items()}
        dof_regions = dof_regions.reshape(N * S, -1)
        names = [f"layer{layer}_cross_{{}}_{name}" for layer in range(self.num_layers)
                 for name in QKV[1:]]
        for kind, joined in (("W", memory.T @ dof_regions), ("b", dof_regions.sum(axis=0))):
            grads |= {name.format(kind): part for name, part
                      in zip(names, np.split(joined, len(names), axis=-1))}
        dmemory = dof_regions @ _of_regions(layers, "W").T
        grads["W_proj"], grads["b_proj"] = features.T @ dmemory, dmemory.sum(axis=0)
        grads["places"] = dmemory.reshape(N, S, E).sum(axis=0)
        used, sums = sum_by_word(dx, words_in)
        grads["W_embed"] = np.zeros_like(params["W_embed"])
        grads["W_embed"][used] = sums
        return value, grads

    def _layer_forward(self, x, of_regions, params, rows):
        """One layer over rows x (M, E), with keys and values of the regions (N, S, 2E)."""
        caches = []

        qkv = x @ _joined(params, "self_W") + _joined(params, "self_b")  # (M, 3E)
        query, key, value = np.split(rows.rectangle(qkv), 3, axis=2)
        out, cache = attend_forward(query, key, value, self.num_heads, self.may_see(rows.T))
        heard = rows.of(out)
        found = heard @ params["self_W_out"] + params["self_b_out"]
        caches.append((x, heard, cache))
        x, norm_cache = _add_and_norm(x, found, params, "self")
        caches.append(norm_cache)

        key, value = np.split(of_regions, 2, axis=2)
        query = rows.rectangle(x @ params["cross_W_query"] + params["cross_b_query"])
        out, cache = attend_forward(query, key, value, self.num_heads)
        heard = rows.of(out)
        found = heard @ params["cross_W_out"] + params["cross_b_out"]
        caches.append((x, heard, cache))
        x, norm_cache = _add_and_norm(x, found, params, "cross")
        caches.append(norm_cache)

        hidden = x @ params["feed_W1"]
        hidden += params["feed_b1"]
        np.maximum(hidden, 0, out=hidden)
        found = hidden @ params["feed_W2"] + params["feed_b2"]
        caches.append((x, hidden))
        x, norm_cache = _add_and_norm(x, found, params, "feed")
        caches.append(norm_cache)
        return x, caches

    @staticmethod
    def _layer_backward(dx, dof_regions, params, caches, rows):
        """Back through one layer: dx (M, E), gradients by name; `dof_regions` is filled in."""
        grads = {}

        def norm(part, dout, cache):
            dsum, grads[f"{part}_gamma"], grads[f"{part}_beta"] = norm_backward(dout, cache)
            return dsum

        def affine(dout, x, W, b):
            grads[W], grads[b] = x.T @ dout, dout.sum(axis=0)
            return dout @ params[W].T

        (of_self, self_norm, of_cross, cross_norm, of_feed, feed_norm) = caches

        dsum = norm("feed", dx, feed_norm)
        x, hidden = of_feed
        dhidden = affine(dsum, hidden, "feed_W2", "feed_b2")
        dhidden *= hidden > 0
        dsum += affine(dhidden, x, "feed_W1", "feed_b1")

        dsum = norm("cross", dsum, cross_norm)
        x, heard, cache = of_cross
        dheard = rows.rectangle(affine(dsum, heard, "cross_W_out", "cross_b_out"))
        dquery = np.empty_like(dheard)
        attend_backward(dheard, cache, dquery, *np.split(dof_regions, 2, axis=2))
        dsum += affine(rows.of(dquery), x, "cross_W_query", "cross_b_query")

        dsum = norm("self", dsum, self_norm)
        x, heard, cache = of_self
        dheard = rows.rectangle(affine(dsum, heard, "self_W_out", "self_b_out"))
        dqkv = np.empty((*dheard.shape[:2], 3 * dheard.shape[2]), dheard.dtype)
        attend_backward(dheard, cache, *np.split(dqkv, 3, axis=2))
        dqkv = rows.of(dqkv)  # (M, 3E)
        dW, db = x.T @ dqkv, dqkv.sum(axis=0)
        dsum += dqkv @ _joined(params, "self_W").T
        for name, of_W, of_b in zip(QKV, np.split(dW, 3, axis=1), np.split(db, 3)):
            grads[f"self_W_{name}"], grads[f"self_b_{name}"] = of_W, of_b
        return dsum, grads


QKV = ("query", "key", "value")


def _joined(params, before):
    """The weights (E, 3E) or biases (3E,) of queries, keys and values, side by side."""
    return np.concatenate([params[f"{before}_{name}"] for name in QKV], axis=-1)


def _of_regions(layers, kind):
    """The weights (E, 2 E L) or biases (2 E L,) of the regions' keys and values, layer by layer."""
    return np.concatenate([own[f"cross_{kind}_{name}"] for own in layers for name in QKV[1:]],
                          axis=-1)


def _add_and_norm(x, found, params, part):
    """Layer norm of what came in plus what a part has found, which is overwritten."""
    found += x
    return norm_in_place(found, params[f"{part}_gamma"], params[f"{part}_beta"])
