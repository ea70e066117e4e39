"""A captioner without recurrence: the decoder of a Transformer (Vaswani et al. 2017).

Where an RNN hands one state from word to word, here every word looks at all words before it and at
the regions of the picture. So all time steps of a true caption are computed side by side.
"""

import numpy as np

from cs231n.arguments import takes
from cs231n.attention_layers import (
    PARTS,
    attention_weights,
    causal_mask,
    decoder_layer_backward,
    decoder_layer_forward,
    feed_forward_forward,
    join_heads,
    layer_norm_forward,
    part_of,
    positional_encoding,
    project,
    split_heads,
)
from cs231n.classifiers.captioner import RegionCaptioner
from cs231n.rnn_layers import (
    affine_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)


class CaptioningTransformer(RegionCaptioner):
    """A captioner that is the decoder of a Transformer.

    Sizes: N pictures in a minibatch, S regions a picture, D numbers a region, E numbers in every
    vector, K heads, L layers, F numbers in the hidden layer of each feed-forward network, V words
    in the vocabulary, T time steps.

    Args:
        word_to_idx: the number of each word; see `CaptioningRNN`.
        input_dim: D.
        num_regions: S.
        wordvec_dim: E, a multiple of K.
        num_heads: K.
        num_layers: L.
        feed_dim: F; by default 2 E.
        dtype: the type of the parameters.

    Attributes:
        params: `W_embed` (V, E); `W_proj` (D, E), `b_proj` (E,) and `places` (S, E) make the
            vectors of the regions; those of `decoder_layer_forward` for each layer, with `layer0_`,
            `layer1_` ... before their names; `W_vocab` (E, V), `b_vocab` (V,).

    Raises:
        ValueError: a size below 1, heads that do not share E evenly, or a vocabulary without
            `<NULL>`.
    """

    def __init__(self, word_to_idx, input_dim=61, num_regions=20, wordvec_dim=128, num_heads=4,
                 num_layers=2, feed_dim=None, dtype=np.float32):
        feed_dim = 2 * wordvec_dim if feed_dim is None else feed_dim
        sizes = {"input_dim": input_dim, "num_regions": num_regions, "wordvec_dim": wordvec_dim,
                 "feed_dim": feed_dim, "num_heads": num_heads, "num_layers": num_layers}
        super().__init__(word_to_idx, sizes, dtype)
        if wordvec_dim % num_heads:
            raise ValueError(f"CaptioningTransformer: wordvec_dim is {wordvec_dim}, which "
                             f"{num_heads} heads cannot share evenly")
        self.num_heads, self.num_layers = num_heads, num_layers
        self.params = self._draw_params(len(word_to_idx), input_dim, num_regions, wordvec_dim,
                                        feed_dim)

    def _draw_params(self, V, D, S, E, F):
        """Draw the weights from NumPy's global random state, scaled to keep activations level."""
        def matrix(rows, columns):
            return np.random.randn(rows, columns) / np.sqrt(rows)

        params = {"W_embed": np.random.randn(V, E), "W_proj": matrix(D, E),
                  "b_proj": np.zeros(E), "places": np.random.randn(S, E)}
        for layer in range(self.num_layers):
            for part in PARTS:
                own = {"W1": matrix(E, F), "b1": np.zeros(F), "W2": matrix(F, E), "b2": np.zeros(E)}
                if part != "feed":
                    own = {}
                    for name in ("query", "key", "value", "out"):
                        own |= {f"W_{name}": matrix(E, E), f"b_{name}": np.zeros(E)}
                own |= {"gamma": np.ones(E), "beta": np.zeros(E)}
                params |= {f"layer{layer}_{part}_{name}": value for name, value in own.items()}
        params |= {"W_vocab": matrix(E, V), "b_vocab": np.zeros(V)}
        return {name: value.astype(self.dtype) for name, value in params.items()}

    @property
    def sizes(self):
        """The sizes of the model by their letters."""
        V, E = self.params["W_embed"].shape
        return {"V": V, "E": E, "D": len(self.params["W_proj"]), "S": len(self.params["places"])}

    def layer_params(self, layer):
        """The parameters of one layer, under the names of `decoder_layer_forward`."""
        return part_of(self.params, f"layer{layer}")

    def may_see(self, T):
        """Which words may look at which: True in row t for what word t may see (T, T)."""
        return causal_mask(T)

    @takes(features="N S D", captions="N T+1 < V")
    def loss(self, features, captions):
        """As `CaptioningRNN.loss`, for the regions of pictures.

        Args:
            features: numbers of each region (N, S, D).
            captions: the true captions (N, T + 1): `<START>`, words, `<END>`, then
                `<NULL>`.

        Returns:
            value: the loss, summed over the words that are not `<NULL>`, averaged over
                pictures.
            grads: the gradient with respect to each entry of `self.params`, under the same
                name.
        """
        words_in, words_out = captions[:, :-1], captions[:, 1:]  # (N, T) each
        params, grads, caches = self.params, {}, []
        T, E = words_in.shape[1], self.sizes["E"]

        # Forward: words and their positions -> layers, which look at the regions -> scores.
        memory, proj_cache = self.looked_at(features)  # (N, S, E)
        x, embed_cache = word_embedding_forward(words_in, params["W_embed"])  # (N, T, E)
        x = x + positional_encoding(T, E).astype(x.dtype)
        for layer in range(self.num_layers):
            x, cache = decoder_layer_forward(
                x, memory, self.layer_params(layer), self.num_heads, self.may_see(T)
            )
            caches.append(cache)
        scores, vocab_cache = temporal_affine_forward(
            x, params["W_vocab"], params["b_vocab"]
        )
        value, dscores = temporal_softmax_loss(scores, words_out, words_out != self._null)

        # Backward: the picture is looked at in every layer, so its gradients add up.
        dx, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(
            dscores, vocab_cache
        )
        dmemory = 0
        for layer in reversed(range(self.num_layers)):
            dx, dmemory_of_layer, own = decoder_layer_backward(dx, caches[layer])
            dmemory = dmemory + dmemory_of_layer
            grads |= {f"layer{layer}_{name}": gradient for name, gradient in own.items()}
        grads["W_embed"] = word_embedding_backward(dx, embed_cache)
        grads |= self.looked_at_backward(dmemory, proj_cache)
        return value, grads

    # ---- Word by word ---------------------------------------------------------------------------

    @takes(features="N S D")
    def first_state(self, features):
        """Turn the regions of pictures into the state before the first word.

        What later words will look at is computed once and kept: of each layer the keys
        and values of the words so far (N, 0, E), which grow by one at each step, and those
        of the regions (N, S, E), which stay. Without this, each new word would need all
        words before it anew.

        Returns:
            A list of 4 L arrays: for each layer keys and values of words, keys and values
            of regions.
        """
        memory, _ = self.looked_at(features)
        state = []
        for layer in range(self.num_layers):
            own = part_of(self.layer_params(layer), "cross")
            no_words = memory[:, :0]  # (N, 0, E)
            state += [no_words, no_words, *keys_and_values(memory, own)]
        return state

    @takes(word="N < V")
    def next_scores(self, word, state):
        """Take one time step: read a word, look, and score each word that may come next.

        Args:
            word: the word that each caption has come to (N,), as numbers.
            state: the state before it, as `first_state` returns it.

        Returns:
            scores: a score for each word of the vocabulary (N, V).
            state: the state after the word, a list like the one that came in.
        """
        scores, state, _ = self.next_scores_and_looks(word, state)
        return scores, state

    def next_scores_and_looks(self, word, state):
        """As `next_scores`, and also how much the last layer looked at each region (N, S).

        Its heads look at different regions; the mean over them is what is returned.
        """
        position = state[0].shape[1]  # how many words were read before this one
        E, next_state = self.sizes["E"], []
        x = self.params["W_embed"][word][:, None]  # (N, 1, E)
        x = x + positional_encoding(position + 1, E)[-1].astype(x.dtype)
        for layer in range(self.num_layers):
            own = {part: part_of(self.layer_params(layer), part) for part in PARTS}
            keys, values, *of_regions = state[4 * layer : 4 * layer + 4]
            key, value = keys_and_values(x, own["self"])  # of this word
            keys = np.concatenate([keys, key], axis=1)
            values = np.concatenate([values, value], axis=1)
            found, _ = self.look(x, keys, values, own["self"])
            x = add_and_norm(x, found, own["self"])
            found, looks = self.look(x, *of_regions, own["cross"])
            x = add_and_norm(x, found, own["cross"])
            found, _ = feed_forward_forward(x, own["feed"])
            x = add_and_norm(x, found, own["feed"])
            next_state += [keys, values, *of_regions]
        scores, _ = affine_forward(x[:, 0], self.params["W_vocab"], self.params["b_vocab"])
        return scores, next_state, looks

    def look(self, x, keys, values, params):
        """What one word takes from what it looks at, and how much of each.

        Args:
            x: the vector of the word (N, 1, E).
            keys, values: of what it looks at (N, S, E) each.
            params: of the attention, as for `multi_head_attention_forward`.

        Returns:
            found: (N, 1, E).
            looks: shares, the mean over the heads (N, S).
        """
        K = self.num_heads
        query, _ = project(x, params, "query")
        query, keys, values = (split_heads(array, K) for array in (query, keys, values))
        weights = attention_weights(query, keys)  # (N K, 1, S)
        found, _ = project(join_heads(weights @ values, K), params, "out")
        return found, weights.reshape(len(x), K, -1).mean(axis=1)


def keys_and_values(source, params):
    """What attention has to know of vectors that are looked at: twice (N, S, E)."""
    return [project(source, params, name)[0] for name in ("key", "value")]


def add_and_norm(x, found, params):
    """Layer norm of what came in plus what a part of a layer has found (N, T, E)."""
    return layer_norm_forward(x + found, params["gamma"], params["beta"])[0]
