"""A captioner: the features of a picture go in, a sentence comes out, one word at a time.

The features, through one affine layer, become the first hidden state. At each time step the
network reads the vector of a word and gives every word of the vocabulary a score: how well it would
continue the caption. A vanilla RNN and an LSTM differ in `cell` and `first_state` only.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cs231n.arguments import at_least, takes
from cs231n.classifiers.captioner import Captioner
from cs231n.rnn_layers import (
    affine_backward,
    affine_forward,
    lstm_backward,
    lstm_forward,
    lstm_step_forward,
    rnn_backward,
    rnn_forward,
    rnn_step_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)


class Cell(NamedTuple):
    """What a captioner has to know about a type of recurrent cell.

    `first_state` gives `[h0]` for every cell but the LSTM.
    """

    gates: int  # how many affine products of size H it computes at each step
    step_forward: Callable  # (x, *state, Wx, Wh, b) -> (*next_state, cache)
    forward: Callable  # (x, h0, Wx, Wh, b) -> (h, cache)
    backward: Callable  # (dh, cache) -> (dx, dh0, dWx, dWh, db)


CELLS = {
    "rnn": Cell(1, rnn_step_forward, rnn_forward, rnn_backward),
    "lstm": Cell(4, lstm_step_forward, lstm_forward, lstm_backward),
}


def needs_start(method):
    """A caption can only be started where the vocabulary has a word to start from."""

    @functools.wraps(method)
    def checked(self, *args, **kwargs):
        if self._start is None:
            raise ValueError(f"{method.__name__}: word_to_idx has no '<START>', "
                             "so there is no first word to feed")
        return method(self, *args, **kwargs)

    return checked


class CaptioningRNN(Captioner):
    """A captioner with a vanilla RNN or an LSTM.

    Sizes: N pictures in a minibatch, D features a picture, W numbers in a word vector, H in a
    hidden state, V words in the vocabulary, T time steps.

    Args:
        word_to_idx: the number of each word, from 0 to V - 1. It has `<NULL>`; `<START>` and
            `<END>` too, if captions are to be sampled.
        input_dim: D.
        wordvec_dim: W.
        hidden_dim: H.
        cell_type: "rnn" or "lstm" (the names in `CELLS`).
        dtype: the type of the parameters; float32 is fast, float64 suits gradient checks.

    Attributes:
        params: the weights and biases by name. With m = 1 for a vanilla RNN and 4 for an LSTM:
            `W_embed` (V, W), `W_proj` (D, H), `b_proj` (H,), `Wx` (W, mH), `Wh` (H, mH),
            `b` (mH,), `W_vocab` (H, V), `b_vocab` (V,).

    Raises:
        ValueError: an unknown `cell_type`, a size below 1, or a vocabulary without `<NULL>`.
    """

    def __init__(self, word_to_idx, input_dim=512, wordvec_dim=128, hidden_dim=128,
                 cell_type="rnn", dtype=np.float32):
        sizes = {"input_dim": input_dim, "wordvec_dim": wordvec_dim, "hidden_dim": hidden_dim}
        super().__init__(word_to_idx, sizes, dtype)
        if cell_type not in CELLS:
            raise ValueError(f"CaptioningRNN: cell_type is {cell_type!r}, expected "
                             f"{' or '.join(map(repr, CELLS))}")
        self.cell_type = cell_type
        self.params = self._draw_params(len(word_to_idx), input_dim, wordvec_dim, hidden_dim)

    def _draw_params(self, V, D, W, H):
        """Draw the weights from NumPy's global random state, scaled to keep activations level."""
        G = CELLS[self.cell_type].gates * H
        params = {
            "W_embed": np.random.randn(V, W) / 100,
            "W_proj": np.random.randn(D, H) / np.sqrt(D),
            "b_proj": np.zeros(H),
            "Wx": np.random.randn(W, G) / np.sqrt(W),
            "Wh": np.random.randn(H, G) / np.sqrt(H),
            "b": np.zeros(G),
            "W_vocab": np.random.randn(H, V) / np.sqrt(H),
            "b_vocab": np.zeros(V),
        }
        return {name: value.astype(self.dtype) for name, value in params.items()}

    @property
    def sizes(self):
        """The sizes of the model by their letters."""
        V, W = self.params["W_embed"].shape
        D, H = self.params["W_proj"].shape
        return {"V": V, "W": W, "D": D, "H": H}

    def cell(self):
        """The three functions of the model's cell type.

        Returns:
            step_forward: one time step,
                `(x, *state, Wx, Wh, b) -> (*next_state, cache)`.
            forward: a whole sequence, `(x, h0, Wx, Wh, b) -> (h, cache)`.
            backward: its gradients, `(dh, cache) -> (dx, dh0, dWx, dWh, db)`.
        """
        if self.cell_type == "rnn":
            return rnn_step_forward, rnn_forward, rnn_backward
        if self.cell_type == "lstm":
            return lstm_step_forward, lstm_forward, lstm_backward
        return self._other_cell()

    def _other_cell(self):
        """The functions of a cell type that no notebook writes."""
        _, *functions = CELLS[self.cell_type]
        return tuple(functions)

    @takes(features="N D")
    def first_state(self, features):
        """Turn the features of pictures into the state before the first word.

        Args:
            features: one row for each picture (N, D).

        Returns:
            A list of arrays (N, H): `[h0]` for a vanilla RNN; `[h0, c0]` for an LSTM,
            whose first cell state is zero.
        """
        h0, _ = affine_forward(features, self.params["W_proj"], self.params["b_proj"])
        if self.cell_type == "lstm":
            return [h0, np.zeros_like(h0)]
        return [h0]

    @takes(features="N D", captions="N T+1 < V")
    def loss(self, features, captions):
        """How badly the model predicts each next word of true captions, and which way
        is better.

        Args:
            features: one row for each picture (N, D).
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

        # Forward: features -> h0; words -> vectors -> hidden states -> scores -> loss.
        h0, proj_cache = affine_forward(features, params["W_proj"], params["b_proj"])
        x, embed_cache = word_embedding_forward(
            words_in, params["W_embed"]
        )  # (N, T, W)
        h, cell_cache = forward(
            x, h0, params["Wx"], params["Wh"], params["b"]
        )  # (N, T, H)
        scores, vocab_cache = temporal_affine_forward(
            h, params["W_vocab"], params["b_vocab"]
        )
        value, dscores = temporal_softmax_loss(scores, words_out, mask)  # (N, T, V)

        # Backward: the same way, from the end to the start.
        dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(
            dscores, vocab_cache
        )
        dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = backward(dh, cell_cache)
        grads["W_embed"] = word_embedding_backward(dx, embed_cache)
        _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, proj_cache)
        return value, grads

    @takes(word="N < V", state=["S", "N H"])
    def next_scores(self, word, state):
        """Take one time step: read a word, and score each word that may come next.

        Args:
            word: the word that each caption has come to (N,), as numbers.
            state: the state before it, a list of arrays (N, H), as `first_state`
                returns it.

        Returns:
            scores: a score for each word of the vocabulary (N, V).
            state: the state after the word, a list like the one that came in.
        """
        step_forward, _, _ = self.cell()
        params = self.params
        x = params["W_embed"][word]  # (N, W)
        *state, _ = step_forward(x, *state, params["Wx"], params["Wh"], params["b"])
        scores, _ = affine_forward(state[0], params["W_vocab"], params["b_vocab"])
        return scores, state

    @needs_start
    @takes(features="N D", max_length=at_least(1))
    def sample(self, features, max_length=30):
        """Write a caption for each picture, always taking the word with the best score.

        Args:
            features: one row for each picture (N, D).
            max_length: how many words at most.

        Returns:
            captions: words as numbers (N, max_length). The first column is the first
                word of the caption, not `<START>`. After its `<END>`, a row holds
                `<NULL>`.
        """
        N = len(features)
        captions = np.full((N, max_length), self._null)
        state = self.first_state(features)
        word = np.full(N, self._start)
        ended = np.zeros(N, dtype=bool)
        for t in range(max_length):
            scores, state = self.next_scores(word, state)
            word = np.where(ended, self._null, scores.argmax(axis=1))
            captions[:, t] = word
            ended |= word == self._end
            if ended.all():
                break
        return captions
