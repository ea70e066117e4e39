"""The captioner of `cs231n.classifiers.rnn` on PyTorch's tensors: the same model, no backward pass.

It is a plain class, not an `nn.Module`: its parameters are a dictionary of tensors under the names
of the NumPy edition, and who trains it says which of them require a gradient.
"""

import math

from cs231n.arguments import at_least
from cs231n.arguments_pytorch import takes
from cs231n.classifiers.rnn import needs_start
from cs231n.import_pytorch import torch
from cs231n.rnn_layers_pytorch import (
    affine_forward,
    lstm_forward,
    lstm_step_forward,
    rnn_forward,
    rnn_step_forward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_forward,
)

GATES = {"rnn": 1, "lstm": 4}  # how many affine products of size H a cell computes at each step


class CaptioningRNN:
    """A captioner with a vanilla RNN or an LSTM.

    Sizes: N pictures in a minibatch, D features a picture, W numbers in a word vector, H in a
    hidden state, V words in the vocabulary, T time steps.

    Args:
        word_to_idx: the number of each word, from 0 to V - 1. It has `<NULL>`; `<START>` and
            `<END>` too, if captions are to be sampled.
        input_dim: D.
        wordvec_dim: W.
        hidden_dim: H.
        cell_type: "rnn" or "lstm".
        dtype: the type of the parameters; float32 is fast, float64 suits gradient checks.

    Attributes:
        params: the weights and biases by name, tensors that require no gradient. With m = 1 for a
            vanilla RNN and 4 for an LSTM: `W_embed` (V, W), `W_proj` (D, H), `b_proj` (H,),
            `Wx` (W, mH), `Wh` (H, mH), `b` (mH,), `W_vocab` (H, V), `b_vocab` (V,). An entry may
            be replaced by another tensor at any time, on another device, too.

    Raises:
        ValueError: an unknown `cell_type`, a size below 1, or a vocabulary without `<NULL>`.
    """

    def __init__(self, word_to_idx, input_dim=512, wordvec_dim=128, hidden_dim=128,
                 cell_type="rnn", dtype=torch.float32):
        sizes = {"input_dim": input_dim, "wordvec_dim": wordvec_dim, "hidden_dim": hidden_dim}
        for what, size in sizes.items():
            at_least(1)(f"CaptioningRNN: {what}", size)
        if cell_type not in GATES:
            raise ValueError(f"CaptioningRNN: cell_type is {cell_type!r}, expected "
                             f"{' or '.join(map(repr, GATES))}")
        if "<NULL>" not in word_to_idx:
            raise ValueError("CaptioningRNN: word_to_idx has no '<NULL>', the word that pads "
                             "captions")
        if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
            raise ValueError(f"CaptioningRNN: dtype is {dtype!r}, expected a float type of "
                             "PyTorch's, such as torch.float32")
        self.cell_type, self.dtype = cell_type, dtype
        self.word_to_idx = word_to_idx
        self.idx_to_word = {index: word for word, index in word_to_idx.items()}
        self._null = word_to_idx["<NULL>"]
        self._start, self._end = word_to_idx.get("<START>"), word_to_idx.get("<END>")
        self.params = self._draw_params(len(word_to_idx), input_dim, wordvec_dim, hidden_dim)

    def _draw_params(self, V, D, W, H):
        """Draw the weights from torch's global random state, scaled to keep activations level."""
        G = GATES[self.cell_type] * H
        params = {
            "W_embed": torch.randn(V, W) / 100,
            "W_proj": torch.randn(D, H) / math.sqrt(D),
            "b_proj": torch.zeros(H),
            "Wx": torch.randn(W, G) / math.sqrt(W),
            "Wh": torch.randn(H, G) / math.sqrt(H),
            "b": torch.zeros(G),
            "W_vocab": torch.randn(H, V) / math.sqrt(H),
            "b_vocab": torch.zeros(V),
        }
        return {name: value.to(self.dtype) for name, value in params.items()}

    @property
    def sizes(self):
        """The sizes of the model by their letters."""
        V, W = self.params["W_embed"].shape
        D, H = self.params["W_proj"].shape
        return {"V": V, "W": W, "D": D, "H": H}

    def cell(self):
        """The two functions of the model's cell type.

        Returns:
            step_forward: one time step, `(x, *state, Wx, Wh, b) -> next_h`, or
                `(next_h, next_c)` for an LSTM.
            forward: a whole sequence, `(x, h0, Wx, Wh, b) -> h`.
        """
        if self.cell_type == "lstm":
            return lstm_step_forward, lstm_forward
        return rnn_step_forward, rnn_forward

    @takes(features="N D")
    def first_state(self, features):
        """Turn the features of pictures into the state before the first word.

        Args:
            features: one row for each picture (N, D).

        Returns:
            A list of tensors (N, H): `[h0]` for a vanilla RNN; `[h0, c0]` for an LSTM,
            whose first cell state is zero.
        """
        h0 = affine_forward(features, self.params["W_proj"], self.params["b_proj"])
        if self.cell_type == "lstm":
            return [h0, torch.zeros_like(h0)]
        return [h0]

    @takes(features="N D", captions="N T+1 < V")
    def loss(self, features, captions):
        """How badly the model predicts each next word of true captions.

        The gradients come from `backward()` of what is returned, for those entries of
        `self.params` that require one.

        Args:
            features: one row for each picture (N, D).
            captions: the true captions (N, T + 1): `<START>`, words, `<END>`, then
                `<NULL>`.

        Returns:
            loss: one number, as a tensor: summed over the words that are not `<NULL>`,
                averaged over pictures.
        """
        params = self.params
        words_in, words_out = captions[:, :-1], captions[:, 1:]  # (N, T) each
        _, forward = self.cell()
        h0 = self.first_state(features)[0]
        x = word_embedding_forward(words_in, params["W_embed"])  # (N, T, W)
        h = forward(x, h0, params["Wx"], params["Wh"], params["b"])  # (N, T, H)
        scores = temporal_affine_forward(h, params["W_vocab"], params["b_vocab"])
        return temporal_softmax_loss(scores, words_out, words_out != self._null)

    @takes(word="N < V")
    def next_scores(self, word, state):
        """Take one time step: read a word, and score each word that may come next.

        Args:
            word: the word that each caption has come to (N,), as numbers.
            state: the state before it, a list of tensors (N, H), as `first_state`
                returns it.

        Returns:
            scores: a score for each word of the vocabulary (N, V).
            state: the state after the word, a list like the one that came in.
        """
        params = self.params
        step_forward, _ = self.cell()
        x = word_embedding_forward(word, params["W_embed"])  # (N, W)
        state = step_forward(x, *state, params["Wx"], params["Wh"], params["b"])
        state = list(state) if self.cell_type == "lstm" else [state]
        return affine_forward(state[0], params["W_vocab"], params["b_vocab"]), state

    @needs_start
    @takes(features="N D", max_length=at_least(1))
    def sample(self, features, max_length=30):
        """Write a caption for each picture, always taking the word with the best score.

        Nothing is recorded for a backward pass.

        Args:
            features: one row for each picture (N, D).
            max_length: how many words at most.

        Returns:
            captions: words as numbers (N, max_length), a tensor of integers. The first
                column is the first word of the caption, not `<START>`. After its
                `<END>`, a row holds `<NULL>`.
        """
        N, device = len(features), features.device
        captions = torch.full((N, max_length), self._null, device=device)
        word = torch.full((N,), self._start, device=device)
        ended = torch.zeros(N, dtype=torch.bool, device=device)
        with torch.no_grad():
            state = self.first_state(features)
            for t in range(max_length):
                scores, state = self.next_scores(word, state)
                word = scores.argmax(dim=1).masked_fill(ended, self._null)
                captions[:, t] = word
                ended |= word == self._end
                if ended.all():
                    break
        return captions
