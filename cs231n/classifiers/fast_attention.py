"""The captioner that looks, at the speed of the machine.

The recurrence is that of `FastCaptioningRNN`, over packed rows. After it, hidden states go from
packed rows (M, H) into a rectangle (N, T, H), ask the regions, and come back as rows: attention is
the one place where rows of a caption have to stand together.
"""

import numpy as np

from cs231n.arguments import takes
from cs231n.classifiers.attention import CaptioningAttention
from cs231n.classifiers.fast_rnn import (
    FastCaptioningRNN,
    Room,
    input_products_backward,
    input_products_forward,
)
from cs231n.classifiers.fast_transformer import attend_backward, attend_forward
from cs231n.classifiers.packing import pack, packing_order


class FastCaptioningAttention(CaptioningAttention):
    """A drop-in for `CaptioningAttention`: the same arguments, parameters, loss and gradients.

    The model keeps its work arrays between calls: use one model from one thread at a time.
    """

    packed_cell = FastCaptioningRNN.packed_cell
    softmax = FastCaptioningRNN.softmax

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.room = Room()

    @takes(features="N S D", captions="N T+1 < V")
    def loss(self, features, captions):
        """As `CaptioningAttention.loss`, to the same numbers, without work for padding.

        Args:
            features: numbers of each region (N, S, D).
            captions: the true captions (N, T + 1): `<START>`, words, `<END>`, then `<NULL>`.

        Returns:
            value: the loss.
            grads: the gradient with respect to each entry of `self.params`, under the same name.
        """
        words_in, words_out = captions[:, :-1], captions[:, 1:]  # (N, T) each
        order, batch_sizes = packing_order(words_out != self._null)
        words_in, words_out = (pack(words, order, batch_sizes) for words in (words_in, words_out))
        # Where each packed row stands in the rectangle: its caption, counted in packed order.
        caption = np.concatenate([np.arange(size) for size in batch_sizes])
        step = np.repeat(np.arange(len(batch_sizes)), batch_sizes)

        params, room, grads = self.params, self.room, {}
        (N, S, D), (H, G), V = features.shape, params["Wh"].shape, len(params["b_vocab"])
        M, T, dtype = len(words_in), len(batch_sizes), params["Wh"].dtype
        forward, backward = self.packed_cell()

        def rectangle(rows, name):
            filled = room(name, (N, T, H), dtype)
            filled[...] = 0
            filled[caption, step] = rows
            return filled

        # Forward: regions -> h0; words -> hidden states -> what they hear -> mixed -> scores.
        features = features[order].astype(dtype, copy=False).reshape(N * S, D)
        looked_at = (features @ params["W_proj"]).reshape(N, S, H)
        looked_at += params["places"] + params["b_proj"]
        products, input_cache = input_products_forward(
            words_in, params["W_embed"], params["Wx"], params["b"], room("products", (M, G), dtype))
        h, cell_cache = forward(products, looked_at.mean(axis=1), params["Wh"], batch_sizes, room)
        heard, attention_cache = attend_forward(rectangle(h, "asking"), looked_at, looked_at, 1)
        both = np.concatenate([h, heard[caption, step]], axis=1)  # (M, 2H)
        mixed = both @ params["W_mix"]
        mixed += params["b_mix"]
        np.tanh(mixed, out=mixed)
        scores = np.matmul(mixed, params["W_vocab"], out=room("scores", (M, V), dtype))
        weights = (words_out != self._null) / dtype.type(N)
        value = self.softmax(scores, words_out, weights)

        # Backward: the same way, from the end to the start.
        dscores = scores  # the gradient has taken their place
        grads["W_vocab"], grads["b_vocab"] = mixed.T @ dscores, dscores.sum(axis=0)
        dmixed = dscores @ params["W_vocab"].T
        dmixed -= mixed * mixed * dmixed  # the slope of tanh is 1 - tanh^2
        grads["W_mix"], grads["b_mix"] = both.T @ dmixed, dmixed.sum(axis=0)
        dboth = dmixed @ params["W_mix"].T
        dquery, dkey, dlooked_at = (np.empty_like(x) for x in (heard, looked_at, looked_at))
        attend_backward(rectangle(dboth[:, H:], "dheard"), attention_cache, dquery, dkey,
                        dlooked_at)
        dlooked_at += dkey
        dh = dboth[:, :H] + dquery[caption, step]
        dproducts, dh0, grads["Wh"] = backward(dh, cell_cache, room)
        grads["W_embed"], grads["Wx"], grads["b"] = input_products_backward(dproducts, input_cache)
        dlooked_at += dh0[:, None] / S  # a mean shares out evenly
        grads["places"] = dlooked_at.sum(axis=0)
        dlooked_at = dlooked_at.reshape(N * S, H)
        grads["W_proj"], grads["b_proj"] = features.T @ dlooked_at, dlooked_at.sum(axis=0)
        return value, grads
