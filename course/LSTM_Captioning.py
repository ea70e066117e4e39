# %% [markdown]
# # Captions with an LSTM
#
# The captioner of the first notebook has one weakness: it forgets. In this notebook you find out
# why, and give it a memory that lasts: the **LSTM** (long short-term memory), which Sepp Hochreiter
# and Jürgen Schmidhuber published in 1997 and which most recurrent networks have used since.
#
# You write the LSTM in four functions, as you did for the vanilla RNN: one time step and a whole
# sequence, each forward and backward. Then you put it into the captioner. You will see that two
# small methods are all that changes there. At the end both networks run a race.
#
# Work from top to bottom. Each exercise is a cell with `TODO` in it. The cell below it compares
# your numbers with known ones, and `check(...)` tells you what is wrong if something is. You need
# not have finished the first notebook: what you wrote there is imported here.

# %% include="setup"

# %%
import matplotlib.pyplot as plt
import numpy as np

import cs231n.classifiers.rnn
from cs231n.captioning_solver import CaptioningSolver
from cs231n.coco_utils import decode_captions, load_coco_data, sample_coco_minibatch
from cs231n.feedback import check
from cs231n.gradient_check import eval_numerical_gradient_array, rel_error, verdict
from cs231n.image_utils import image_from_url
from cs231n.rnn_layers import (
    affine_backward,
    affine_forward,
    rnn_backward,
    rnn_forward,
    rnn_step_backward,
    rnn_step_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)
from cs231n.vis_utils import plot_curves, plot_loss, show_captions, show_gates

# %% [markdown]
# ## The data
#
# They are those of the first notebook: pictures as 512 features each, and captions as rows of word
# numbers, from `<START>` over words to `<END>`, padded with `<NULL>`. Three of them, to remember
# what this is about:

# %%
data = load_coco_data(pca_features=True)

np.random.seed(231)
captions, _, urls = sample_coco_minibatch(data, batch_size=3)
sentences = decode_captions(captions, data["idx_to_word"])

show_captions([image_from_url(url) for url in urls], sentences, columns=3)
plt.show()

# %% [markdown]
# ## Why a vanilla RNN forgets
#
# What a picture shows enters the network once, as the first hidden state. Whether the last word of
# the caption is right may depend on it, a dozen time steps later. For the network to learn that, a
# gradient has to come back all the way from the last step to the first.
#
# At every step it passes through the same two things: the slope of a tanh, and the weights `Wh`.
#
# $$dh_{t-1} = \big(dh_t \odot (1 - h_t^2)\big)\, W_h^T$$
#
# The slope is at most 1, and mostly below. So, unless large weights make up for it, the gradient
# **shrinks at every step**, by about the same factor. After a few steps little is left, and after
# forty steps nothing. This is called a **vanishing gradient**. (Large weights are no way out: then
# it may grow at every step, and *explode*.)
#
# Let us see it. `gradient_norms` walks through a sequence, sends a gradient back from the last
# state, and notes how long that gradient is when it reaches each time step. The asterisk lets one
# function serve every cell: the state of a vanilla RNN is one array, that of an LSTM will be two.


# %%
def gradient_norms(step_forward, step_backward, state, x, Wx, Wh, b):
    """How much of a gradient at the last time step reaches each step.

    Args:
        step_forward, step_backward: one time step of a cell, and its gradients.
        state: the arrays (N, H) that the cell carries from step to step, a list.
        x: inputs (N, T, D).
        Wx, Wh, b: the weights and biases of the cell.

    Returns:
        The norm of the gradient at each of the T time steps, as a share of that at the last.
    """
    caches, norms = [], []
    for t in range(x.shape[1]):
        *state, cache = step_forward(x[:, t], *state, Wx, Wh, b)
        caches.append(cache)

    dstate = [np.ones_like(state[0])] + [np.zeros_like(array) for array in state[1:]]
    for cache in reversed(caches):
        norms.append(np.linalg.norm(np.array(dstate)))
        dx, *grads = step_backward(*dstate, cache)
        dstate = grads[: len(dstate)]
    return np.array(norms[::-1]) / norms[0]


# %% [markdown]
# Forty time steps of random inputs are enough to see what happens. The weights are drawn as the
# captioner draws its own. The axis is logarithmic: a straight line that falls means the same factor
# at every step.

# %%
N, T, D, H = 4, 40, 64, 128
numbers = np.random.RandomState(0)
x_long = numbers.randn(N, T, D)
zeros = np.zeros((N, H))
rnn_weights = numbers.randn(D, H) / np.sqrt(D), numbers.randn(H, H) / np.sqrt(H), np.zeros(H)

rnn_norms = gradient_norms(rnn_step_forward, rnn_step_backward, [zeros], x_long, *rnn_weights)
verdict("share that reaches step 30 of 40", rnn_norms[29], at_most=0.05)
verdict("share that reaches step 1 of 40", rnn_norms[0], at_most=1e-6)
plot_curves({"vanilla RNN": rnn_norms}, "time step", "gradient from the last step", log=True)
plt.show()

# %% [markdown]
# The same numbers read the other way: a change in the first hidden state hardly changes the last
# one. The first step is forgotten, and the network cannot learn to remember it, because the gradient
# that should teach it is less than a millionth of what it was.
#
# ## A memory with gates
#
# The cure is to stop pushing all that the network knows through a tanh at every step. An LSTM
# carries **two** vectors from step to step:
#
# - the **cell state** $c$, its memory. It is not computed anew at each step; it is *kept*, and
#   changed a little.
# - the **hidden state** $h$, what the memory shows to the outside: to the next step, and to the
#   scores of the words.
#
# ![One time step of an LSTM. Above, the cell state runs from left to right like a conveyor: it is multiplied by the forget gate, then the product of input gate and block input is added. Below, x and prev_h go through one affine layer, whose output is split into the four gates. The tanh of the cell state times the output gate is next_h.](pictures/lstm_cell.png)
#
# What happens to the memory is decided by **gates**: numbers between 0 and 1, one for each number of
# the memory, computed at each step from the input and the hidden state.
#
# | | asks | is computed as |
# |---|---|---|
# | $i$, the input gate | how much of what is new do I write? | $\sigma(a_i)$ |
# | $f$, the forget gate | how much of what I know do I keep? | $\sigma(a_f)$ |
# | $o$, the output gate | how much of what I know do I show? | $\sigma(a_o)$ |
# | $g$, the block input | what is new? | $\tanh(a_g)$ |
#
# A gate at 0 is closed, a gate at 1 is open. With $\odot$ for a product number by number:
#
# $$c_t = f \odot c_{t-1} + i \odot g \qquad\qquad h_t = o \odot \tanh(c_t)$$
#
# ### The sigmoid
#
# Gates need a function that squashes any number into 0 to 1. That is the **sigmoid**,
# $\sigma(a) = 1 / (1 + e^{-a})$. It is given, because there is a trap in it: for $a = -1000$ the
# power in that formula is too large for any float. Below, the exponent is never positive.

# %% given="rnn_layers.sigmoid"

# %%
a = np.linspace(-6, 6, 121)
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.plot(a, sigmoid(a), color="#0072B2", linewidth=2, label="sigmoid: how much? (the three gates)")
axes.plot(a, np.tanh(a), "--", color="#D55E00", linewidth=2, label="tanh: what? (the block input)")
axes.set_xlabel("a")
axes.grid(color="#DDDDDD")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# Both are flat on both sides: a gate can be clearly shut or clearly open, and stay so.
#
# Your numbers are checked as in the first notebook, and with the same two helpers: `ramp` makes
# inputs, `check_gradients` compares gradients with numeric ones.

# %% include="numeric_checks"

# %% [markdown]
# ### One time step of an LSTM, forward
#
# All four of $a_i, a_f, a_o, a_g$ come from **one** affine layer whose weights stand side by side:
#
# $$a = x_t W_x + h_{t-1} W_h + b$$
#
# | | in the code | shape |
# |---|---|---|
# | $x_t$, the input | `x` | `(N, D)` |
# | $h_{t-1}$, $c_{t-1}$, the states before | `prev_h`, `prev_c` | `(N, H)` each |
# | $W_x$ | `Wx` | `(D, 4H)` |
# | $W_h$ | `Wh` | `(H, 4H)` |
# | $b$ | `b` | `(4H,)` |
# | $a$, all four side by side | | `(N, 4H)` |
# | $h_t$, $c_t$, the states after | `next_h`, `next_c` | `(N, H)` each |
#
# The first `H` columns of $a$ belong to the input gate, the next to the forget gate, then come the
# output gate and the block input. Any order would do; but with this one your numbers agree with
# those below.

# %% exercise="rnn_layers.lstm_step_forward"
# One affine product for all four, then split it into four parts of H columns each.
# From these the gates (sigmoid three times, tanh once), then next_c, then next_h.
# Your backward pass will need the gates and the tanh of next_c, so put them into the cache.

# %%
N, D, H = 3, 4, 5
x = ramp(-0.4, 1.2, N, D)
prev_h = ramp(-0.3, 0.7, N, H)
prev_c = ramp(-0.4, 0.9, N, H)
Wx = ramp(-2.1, 1.3, D, 4 * H)
Wh = ramp(-0.7, 2.2, H, 4 * H)
b = ramp(0.3, 0.7, 4 * H)
expected_next_h = np.array(
    [
        [0.24635157, 0.28610883, 0.32240467, 0.35525807, 0.38474904],
        [0.49223563, 0.55611431, 0.61507696, 0.66844003, 0.7159181],
        [0.56735664, 0.66310127, 0.74419266, 0.80889665, 0.858299],
    ]
)
expected_next_c = np.array(
    [
        [0.32986176, 0.39145139, 0.451556, 0.51014116, 0.56717407],
        [0.66382255, 0.76674007, 0.87195994, 0.97902709, 1.08751345],
        [0.74192008, 0.90592151, 1.07717006, 1.25120233, 1.42395676],
    ]
)

next_h, next_c, _ = lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)
verdict("next_h error", rel_error(expected_next_h, next_h), at_most=1e-8)
verdict("next_c error", rel_error(expected_next_c, next_c), at_most=1e-8)

# %%
check(lstm_step_forward)

# %% [markdown]
# You have a cell that can keep what it knows. Next it has to learn.
#
# ### One time step of an LSTM, backward
#
# Two gradients come in, `dnext_h` and `dnext_c`, and both lead to the cell state. Look at the
# picture of the cell again and count the arrows that leave $c_t$: one goes to the next step
# (`dnext_c` comes back along it), one through the tanh into $h_t$. **Where a value is used twice,
# its gradients add up**:
#
# $$dc_t = dc_t^{\text{next step}} + dh_t \odot o \odot (1 - \tanh^2(c_t))$$
#
# From there each of the gates gets its part. A product hands to each factor the gradient times the
# *other* factor:
#
# | to | the gradient | from |
# |---|---|---|
# | $c_{t-1}$ | $dc_t \odot f$ | $f \odot c_{t-1}$ |
# | $f$ | $dc_t \odot c_{t-1}$ | $f \odot c_{t-1}$ |
# | $i$ | $dc_t \odot g$ | $i \odot g$ |
# | $g$ | $dc_t \odot i$ | $i \odot g$ |
# | $o$ | $dh_t \odot \tanh(c_t)$ | $o \odot \tanh(c_t)$ |
#
# Then back through the squashing functions. Both slopes need only the output: a sigmoid $s$ has the
# slope $s (1 - s)$, a tanh $g$ has $1 - g^2$. Put the four results side by side in the order in which
# you took them apart. What is left is an affine layer, as in the vanilla RNN.

# %% exercise="rnn_layers.lstm_step_backward"
# First the gradient of next_c, which two paths lead to. Make a new array of it:
# dnext_c += ... would change the array of the one who called you.
# Then the four gates, each through its own slope, side by side (N, 4H).
# The rest is the affine layer. And prev_c?

# %%
np.random.seed(231)
N, D, H = 4, 5, 6
x = np.random.randn(N, D)
prev_h = np.random.randn(N, H)
prev_c = np.random.randn(N, H)
Wx = np.random.randn(D, 4 * H)
Wh = np.random.randn(H, 4 * H)
b = np.random.randn(4 * H)
dnext_h = np.random.randn(N, H)
dnext_c = np.random.randn(N, H)


def both_outputs():
    """next_h and next_c side by side (N, 2H): numeric gradients through both."""
    next_h, next_c, _ = lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)
    return np.hstack([next_h, next_c])


_, _, cache = lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)
dx, dprev_h, dprev_c, dWx, dWh, db = lstm_step_backward(dnext_h, dnext_c, cache)
check_gradients(
    both_outputs, np.hstack([dnext_h, dnext_c]), 1e-7,
    dx=(x, dx), dprev_h=(prev_h, dprev_h), dprev_c=(prev_c, dprev_c),
    dWx=(Wx, dWx), dWh=(Wh, dWh), db=(b, db),
)

# %%
check(lstm_step_backward)

# %% [markdown]
# ### The way back along the conveyor
#
# Look at what you wrote for `prev_c`. There is no tanh in it and no matrix: from step to step, the
# gradient along the cell state is multiplied by the **forget gate**, and by nothing else.
#
# ![Two rows of states with gradients going back. In the vanilla RNN each step back multiplies by Wh transposed and by the slope of the tanh. In the LSTM each step back along the cell state multiplies by the forget gate only.](pictures/gradient_paths.png)
#
# If the gate is at 1, the gradient arrives as it left. If it is at 0.5, half of it is lost at each
# step, and the LSTM forgets as fast as any RNN. The gate is computed, so the network can **learn**
# what to keep. We can also help: the bias of the forget gate says how far it is open before anything
# is learned. Let us send the gradient of before through your LSTM, on the same data, with three
# different biases.


# %%
def lstm_weights(forget_bias):
    """Weights and biases of an LSTM (D, 4H), (H, 4H), (4H,), the forget gate's bias as given."""
    numbers = np.random.RandomState(1)
    D, H = x_long.shape[2], zeros.shape[1]
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget_bias
    return numbers.randn(D, 4 * H) / np.sqrt(D), numbers.randn(H, 4 * H) / np.sqrt(H), b


curves = {"vanilla RNN": rnn_norms}
for bias in (0, 2, 4):
    curves[f"LSTM, forget bias {bias} (gate at {sigmoid(bias):.2f})"] = gradient_norms(
        lstm_step_forward, lstm_step_backward, [zeros, zeros], x_long, *lstm_weights(bias)
    )
verdict("share that reaches step 1, forget bias 4", list(curves.values())[-1][0], at_least=0.05)
plot_curves(curves, "time step", "gradient from the last step", log=True)
plt.show()

# %% [markdown]
# Two things to take home. An LSTM **can** carry a gradient over forty steps, where that of a
# vanilla RNN is gone. And it does so only as long as its forget gate is open: with a bias of 0, as
# our captioner starts, it forgets hardly more slowly than the vanilla RNN. It has to learn to
# remember, but it has a way to.
#
# ### A whole sequence through the LSTM, forward
#
# As for the vanilla RNN: start from `h0`, feed both states into the next step, and return the hidden
# states of **all** steps `(N, T, H)`. The cell state is the network's own affair: it starts at
# zero, and nobody outside sees it.

# %% exercise="rnn_layers.lstm_forward"
# The first cell state is zero and has the shape of h0.
# Call lstm_step_forward once for each time step, and keep each step's cache.

# %%
N, D, H, T = 2, 5, 4, 3
x = ramp(-0.4, 0.6, N, T, D)
h0 = ramp(-0.4, 0.8, N, H)
Wx = ramp(-0.2, 0.9, D, 4 * H)
Wh = ramp(-0.3, 0.6, H, 4 * H)
b = ramp(0.2, 0.7, 4 * H)
expected_h = np.array(
    [
        [
            [0.01764008, 0.01823233, 0.01882671, 0.0194232],
            [0.11287491, 0.12146228, 0.13018446, 0.13902939],
            [0.31358768, 0.33338627, 0.35304453, 0.37250975],
        ],
        [
            [0.45767879, 0.4761092, 0.4936887, 0.51041945],
            [0.6704845, 0.69350089, 0.71486014, 0.7346449],
            [0.81733511, 0.83677871, 0.85403753, 0.86935314],
        ],
    ]
)

h, _ = lstm_forward(x, h0, Wx, Wh, b)
verdict("h error", rel_error(expected_h, h), at_most=1e-7)

# %%
check(lstm_forward)

# %% [markdown]
# Your LSTM reads whole sentences.
#
# ### A whole sequence through the LSTM, backward
#
# Back-propagation through time once more, with one difference: **two** gradients travel from step to
# step.
#
# - For the hidden state, as before: `dh[:, t]` from the loss at this step, plus `dprev_h` from the
#   step after it.
# - For the cell state there is only what comes from the step after it. The loss never sees a cell
#   state directly.
#
# After the last step comes nothing, so both start at zero. The first cell state is a constant, so its
# gradient is computed and then dropped.

# %% exercise="rnn_layers.lstm_backward"
# Walk backward through the time steps, with two gradients in hand: dprev_h and dprev_c.
# Those of the weights are sums over all steps.

# %%
np.random.seed(231)
N, D, T, H = 2, 3, 10, 6
x = np.random.randn(N, T, D)
h0 = np.random.randn(N, H)
Wx = np.random.randn(D, 4 * H)
Wh = np.random.randn(H, 4 * H)
b = np.random.randn(4 * H)
dout = np.random.randn(N, T, H)

_, cache = lstm_forward(x, h0, Wx, Wh, b)
dx, dh0, dWx, dWh, db = lstm_backward(dout, cache)
check_gradients(
    lambda: lstm_forward(x, h0, Wx, Wh, b)[0], dout, 1e-7,
    dx=(x, dx), dh0=(h0, dh0), dWx=(Wx, dWx), db=(b, db),
)
check_gradients(lambda: lstm_forward(x, h0, Wx, Wh, b)[0], dout, 1e-5, dWh=(Wh, dWh))

# %%
check(lstm_backward)
