"""The layers of a captioner on PyTorch's tensors: forward functions only.

A backward function is missing here for each of them, and so is a cache: PyTorch records what is
computed with tensors that require a gradient, and `backward()` goes the same way back. The letters
of the shapes, and what each layer computes, are those of `cs231n.rnn_layers`.

Nothing here chooses a device or a dtype: what comes out is where the arguments are, and of their
dtype. No argument is changed.
"""

from cs231n.arguments_pytorch import takes
from cs231n.import_pytorch import torch

__all__ = [
    "torch",  # whoever imports everything from here goes on to write torch.from_numpy
    "affine_forward",
    "rnn_step_forward",
    "rnn_forward",
    "word_embedding_forward",
    "lstm_step_forward",
    "lstm_forward",
    "temporal_affine_forward",
    "temporal_softmax_loss",
]


@takes(x="N D...", w="D M", b="M")
def affine_forward(x, w, b):
    """Multiply by a weight matrix and add a bias: `out = x @ w + b`.

    Args:
        x: inputs (N, D), or (N, d1, ..., dk) with d1 * ... * dk = D.
        w: weights (D, M).
        b: biases (M,).

    Returns:
        out: outputs (N, M).
    """
    return x.reshape(len(x), -1) @ w + b


# ---- Vanilla RNN --------------------------------------------------------------------------------


@takes(x="N? D", prev_h="N? H", Wx="D H", Wh="H H", b="H")
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    """Take one time step of a vanilla RNN: from input and previous state to the next
    state.

    Args:
        x: inputs of this time step (N, D).
        prev_h: hidden states before it (N, H).
        Wx: weights from input to hidden state (D, H).
        Wh: weights from hidden state to hidden state (H, H).
        b: biases (H,).

    Returns:
        next_h: hidden states after this time step (N, H).
    """
    return torch.tanh(x @ Wx + prev_h @ Wh + b)


@takes(x="N T D", h0="N H", Wx="D H", Wh="H H", b="H")
def rnn_forward(x, h0, Wx, Wh, b):
    """Run a vanilla RNN over a whole sequence, with the same weights at each time step.

    Args:
        x: inputs of all time steps (N, T, D).
        h0: hidden states before the first time step (N, H).
        Wx: weights from input to hidden state (D, H).
        Wh: weights from hidden state to hidden state (H, H).
        b: biases (H,).

    Returns:
        h: hidden states after each time step (N, T, H).
    """
    hidden_states, h = [], h0
    for t in range(x.shape[1]):
        h = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        hidden_states.append(h)
    return torch.stack(hidden_states, dim=1)  # T tensors (N, H) -> (N, T, H)


# ---- Word embedding -----------------------------------------------------------------------------


@takes(x="... < V", W="V D")
def word_embedding_forward(x, W):
    """Look up the vector of each word.

    Args:
        x: words as numbers from 0 to V - 1 (N, T); any other shape will do, too.
        W: one vector for each word of the vocabulary (V, D).

    Returns:
        out: the vectors of the words (N, T, D).
    """
    return W[x]


# ---- LSTM ---------------------------------------------------------------------------------------


@takes(x="N? D", prev_h="N? H", prev_c="N? H", Wx="D 4H", Wh="H 4H", b="4H")
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """Take one time step of an LSTM
    (Hochreiter and Schmidhuber 1997, with a forget gate).

    The columns of `Wx`, `Wh` and `b` belong to the input gate, the forget gate, the
    output gate and the block input, in this order, H for each. With `i`, `f`, `o` and
    `g` for these four::

        next_c = f * prev_c + i * g
        next_h = o * tanh(next_c)

    Args:
        x: inputs of this time step (N, D).
        prev_h: hidden states before it (N, H).
        prev_c: cell states before it (N, H).
        Wx: weights from input to gates (D, 4H).
        Wh: weights from hidden state to gates (H, 4H).
        b: biases (4H,).

    Returns:
        next_h: hidden states after this time step (N, H).
        next_c: cell states after this time step (N, H).
    """
    gates = x @ Wx + prev_h @ Wh + b  # (N, 4H)
    in_gate, forget_gate, out_gate, block_input = gates.chunk(4, dim=-1)  # (N, H) each
    i, f, o = in_gate.sigmoid(), forget_gate.sigmoid(), out_gate.sigmoid()
    next_c = f * prev_c + i * block_input.tanh()
    next_h = o * next_c.tanh()
    return next_h, next_c


@takes(x="N T D", h0="N H", Wx="D 4H", Wh="H 4H", b="4H")
def lstm_forward(x, h0, Wx, Wh, b):
    """Run an LSTM over a whole sequence. Its first cell state is zero.

    Args:
        x: inputs of all time steps (N, T, D).
        h0: hidden states before the first time step (N, H).
        Wx: weights from input to gates (D, 4H).
        Wh: weights from hidden state to gates (H, 4H).
        b: biases (4H,).

    Returns:
        h: hidden states after each time step (N, T, H).
    """
    hidden_states, h, c = [], h0, torch.zeros_like(h0)
    for t in range(x.shape[1]):
        h, c = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hidden_states.append(h)
    return torch.stack(hidden_states, dim=1)  # T tensors (N, H) -> (N, T, H)


# ---- Layers over all time steps -----------------------------------------------------------------


@takes(x="N T D", w="D M", b="M")
def temporal_affine_forward(x, w, b):
    """Apply one affine layer at every time step.

    Args:
        x: inputs (N, T, D).
        w: weights (D, M).
        b: biases (M,).

    Returns:
        out: outputs (N, T, M).
    """
    return x @ w + b  # a product takes the last axis of x, whatever stands before it


@takes(x="N T V", y="N T < V", mask="N T")
def temporal_softmax_loss(x, y, mask, verbose=False):
    """Cross-entropy of a softmax at every time step, summed over time, averaged over
    examples.

    Args:
        x: scores (logits) of each word of the vocabulary at each time step (N, T, V).
        y: the words that should have come (N, T), each from 0 to V - 1.
        mask: True where a word counts, False where it is padding (N, T).
        verbose: whether to print the shape of `x`.

    Returns:
        loss: one number, as a tensor. The sum over all words that count, divided by N:
            the number of examples, not of words.
    """
    log_probs = torch.log_softmax(x, dim=-1)  # safe for large scores
    of_targets = log_probs.gather(-1, y.long()[..., None]).squeeze(-1)  # (N, T)
    if verbose:
        print("x:", tuple(x.shape))
    # Padding is left out, not multiplied by 0: 0 times an infinite loss would be nan
    return -of_targets.masked_fill(~mask.bool(), 0).sum() / len(x)
