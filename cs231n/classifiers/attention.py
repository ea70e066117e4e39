"""A captioner that looks: an RNN or an LSTM with attention after the recurrence.

Nothing changes in the recurrent network. After it, every hidden state asks the regions of the
picture, all time steps at once, and what it hears is mixed with it before the words get their
scores (Luong et al. 2015).
"""

import numpy as np

from cs231n.arguments import takes
from cs231n.attention_layers import attention_backward, attention_forward, attention_weights
from cs231n.classifiers.captioner import RegionCaptioner
from cs231n.classifiers.rnn import CELLS, CaptioningRNN
from cs231n.rnn_layers import (
    affine_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)


class CaptioningAttention(RegionCaptioner):
    """A captioner with a vanilla RNN or an LSTM that looks at the regions of a picture.

    Sizes: N pictures in a minibatch, S regions a picture, D numbers a region, W numbers in a word
    vector, H in a hidden state, V words in the vocabulary, T time steps.

    Args:
        word_to_idx: the number of each word; see `CaptioningRNN`.
        input_dim: D.
        num_regions: S.
        wordvec_dim: W.
        hidden_dim: H.
        cell_type: "rnn" or "lstm".
        dtype: the type of the parameters.

    Attributes:
        params: `W_proj` (D, H), `b_proj` (H,) and `places` (S, H) make the vectors that are looked
            at; `W_embed` (V, W), `Wx` (W, mH), `Wh` (H, mH), `b` (mH,) are those of the recurrent
            network; `W_mix` (2H, H), `b_mix` (H,) mix what was heard with the hidden state;
            `W_vocab` (H, V), `b_vocab` (V,) score the words.

    Raises:
        ValueError: an unknown `cell_type`, a size below 1, or a vocabulary without `<NULL>`.
    """

    def __init__(self, word_to_idx, input_dim=61, num_regions=20, wordvec_dim=128, hidden_dim=128,
                 cell_type="rnn", dtype=np.float32):
        sizes = {"input_dim": input_dim, "num_regions": num_regions, "wordvec_dim": wordvec_dim,
                 "hidden_dim": hidden_dim}
        super().__init__(word_to_idx, sizes, dtype)
        if cell_type not in CELLS:
            raise ValueError(f"CaptioningAttention: cell_type is {cell_type!r}, expected one of "
                             f"{', '.join(CELLS)}")
        self.cell_type = cell_type
        self.params = self._draw_params(len(word_to_idx), *sizes.values())

    def _draw_params(self, V, D, S, W, H):
        """Draw the weights from NumPy's global random state, scaled to keep activations level."""
        G = CELLS[self.cell_type].gates * H
        params = {
            "W_embed": np.random.randn(V, W) / 100,
            "W_proj": np.random.randn(D, H) / np.sqrt(D),
            "b_proj": np.zeros(H),
            "places": np.random.randn(S, H) / 10,
            "Wx": np.random.randn(W, G) / np.sqrt(W),
            "Wh": np.random.randn(H, G) / np.sqrt(H),
            "b": np.zeros(G),
            "W_mix": np.random.randn(2 * H, H) / np.sqrt(2 * H),
            "b_mix": np.zeros(H),
            "W_vocab": np.random.randn(H, V) / np.sqrt(H),
            "b_vocab": np.zeros(V),
        }
        return {name: value.astype(self.dtype) for name, value in params.items()}

    @property
    def sizes(self):
        """The sizes of the model by their letters."""
        V, W = self.params["W_embed"].shape
        S, H = self.params["places"].shape
        return {"V": V, "W": W, "D": len(self.params["W_proj"]), "S": S, "H": H}

    cell = CaptioningRNN.cell  # the recurrent network is the same

    @takes(features="N S D")
    def first_state(self, features):
        """Turn the regions of pictures into the state before the first word.

        Returns:
            A list of arrays: the hidden state, the mean of what can be looked at
            (N, H); for an LSTM, the cell state, zero (N, H); then what can be looked
            at, which stays (N, S, H).
        """
        looked_at, _ = self.looked_at(features)
        h0 = looked_at.mean(axis=1)
        cell_state = [np.zeros_like(h0)] if self.cell_type == "lstm" else []
        return [h0, *cell_state, looked_at]

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
            grads: the gradient with respect to each entry of `self.params`, under the
                same name.
        """
        words_in, words_out = captions[:, :-1], captions[:, 1:]  # (N, T) each
        mask = words_out != self._null
        params, grads = self.params, {}
        _, forward, backward = self.cell()

        # Forward: regions -> h0; words -> hidden states -> what they hear -> mixed ->
        # scores.
        looked_at, proj_cache = self.looked_at(features)  # (N, S, H)
        h0 = looked_at.mean(axis=1)
        x, embed_cache = word_embedding_forward(words_in, params["W_embed"])  # (N, T, W)
        h, cell_cache = forward(x, h0, params["Wx"], params["Wh"], params["b"])  # (N, T, H)
        heard, attention_cache = attention_forward(h, looked_at, looked_at)  # (N, T, H)
        both = np.concatenate([h, heard], axis=2)  # (N, T, 2H)
        mixed, mix_cache = temporal_affine_forward(both, params["W_mix"], params["b_mix"])
        mixed = np.tanh(mixed)
        scores, vocab_cache = temporal_affine_forward(
            mixed, params["W_vocab"], params["b_vocab"]
        )
        value, dscores = temporal_softmax_loss(scores, words_out, mask)

        # Backward: what is used several times gets a gradient from each use, and they
        # add up.
        dmixed, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(
            dscores, vocab_cache
        )
        dmixed = dmixed * (1 - mixed**2)
        dboth, grads["W_mix"], grads["b_mix"] = temporal_affine_backward(dmixed, mix_cache)
        dh, dheard = np.split(dboth, 2, axis=2)
        dquery, dkey, dvalue = attention_backward(dheard, attention_cache)
        dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = backward(dh + dquery, cell_cache)
        grads["W_embed"] = word_embedding_backward(dx, embed_cache)
        # h0 is a mean of S vectors, which shares its gradient out evenly.
        dlooked_at = dkey + dvalue + dh0[:, None] / looked_at.shape[1]
        grads |= self.looked_at_backward(dlooked_at, proj_cache)
        return value, grads

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
        """As `next_scores`, and also where it looked.

        Args:
            word: the word that each caption has come to (N,), as numbers.
            state: the state before it, as `first_state` returns it.

        Returns:
            scores: a score for each word of the vocabulary (N, V).
            state: the state after the word, a list like the one that came in.
            weights: how much each region was looked at (N, S).
        """
        step_forward, _, _ = self.cell()
        params = self.params
        *state, looked_at = state
        x = params["W_embed"][word]  # (N, W)
        *state, _ = step_forward(x, *state, params["Wx"], params["Wh"], params["b"])
        h = state[0]
        weights = attention_weights(h[:, None], looked_at)  # (N, 1, S)
        heard = (weights @ looked_at)[:, 0]  # (N, H)
        both = np.concatenate([h, heard], axis=1)
        mixed, _ = affine_forward(both, params["W_mix"], params["b_mix"])
        mixed = np.tanh(mixed)
        scores, _ = affine_forward(mixed, params["W_vocab"], params["b_vocab"])
        return scores, [*state, looked_at], weights[:, 0]
