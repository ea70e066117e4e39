# %% [markdown]
# # Captions with an LSTM
#
# The captioner of the notebook before carries all that it knows in one vector, which goes through a
# tanh at every step. It is often said that such a network *forgets*, and that an **LSTM** (long
# short-term memory) is the cure. Is that so? In this notebook you build an LSTM by hand, and measure
# at every turn what is said about it. Some of it will not hold.
#
# **Afterwards you can**
#
# - write an LSTM in NumPy, forward and backward, and put it into a captioner in place of another cell;
# - send a gradient through a recurrent network, and see where it vanishes, where it explodes, and what
#   helps;
# - tell a fair comparison of two networks from an unfair one.
#
# **Time:** three to four hours for the six exercises, one or two more for the optional part at the end
# (our estimate, not yet measured on a class). The computing in between takes about two minutes.
#
# **It needs** the chain rule and a matrix product backward (from **Foundations**), and what a recurrent
# network is and how it learns through time (from **RNN_Captioning**). Your code of those notebooks is
# not needed: the same functions are imported here. **It is the third notebook** of the course;
# **Evaluating_Captions** follows. Terms are explained in `docs/glossary.md`.
#
# Work from top to bottom. Each exercise is a cell with `TODO` in it. The cell below it compares
# your numbers with known ones, and `check(...)` tells you what is wrong if something is.

# %% include="setup"

# %%
import matplotlib.pyplot as plt
import numpy as np

import cs231n.classifiers.rnn
from cs231n.captioning_solver import CaptioningSolver, clip_gradients
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.coco_utils import (
    EMOJI_SCENES,
    decode_captions,
    load_coco_data,
    sample_coco_minibatch,
)
from cs231n.feedback import check
from cs231n.figure_texts import show_figure
from cs231n.gradient_check import eval_numerical_gradient_array, rel_error, verdict
from cs231n.image_utils import image_from_url
from cs231n.optim import adam
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
from cs231n.vis_utils import (
    BLUE,
    GREY,
    ORANGE,
    moving_average,
    plot_curves,
    plot_loss,
    show_captions,
    show_gates,
    show_hidden_states,
)

# %% [markdown]
# ## The data
#
# They are those of **RNN_Captioning**: pictures as 512 features each, and captions as rows of word
# numbers, from `<START>` over words to `<END>`, padded with `<NULL>`. Three of them, to remember
# what this is about:

# %%
data = load_coco_data(pca_features=True)

np.random.seed(231)
captions, _, urls = sample_coco_minibatch(data, batch_size=3)
sentences = decode_captions(captions, data["idx_to_word"])

show_captions([image_from_url(url) for url in urls], sentences, columns=3)
show_figure()

# %% [markdown]
# ## Does a vanilla RNN forget?
#
# What a picture shows enters the network once, as the first hidden state. Whether the last word of
# the caption is right may depend on it, a dozen time steps later. For the network to learn that, a
# gradient has to come back all the way from the last step to the first.
#
# At every step it passes through the same two things. It is multiplied by the slope of the tanh, number
# by number (that is what $\odot$ means), and then by the weights `Wh`:
#
# $$dh_{t-1} = \big(dh_t \odot (1 - h_t^2)\big)\, W_h^T$$
#
# The slope is at most 1, and mostly below: it makes the gradient **smaller** at every step, and if that
# goes on, little is left. This is called a **vanishing gradient**. The weights may make it smaller too,
# or **larger**. If they win, it grows at every step, and *explodes*. Which of the two happens? The
# formula does not say. So let us measure.
#
# `gradient_norms` walks through a sequence, sends a gradient back from the last state, and notes how
# long that gradient is when it reaches the state after each time step. The asterisk lets one function
# serve every cell: the state of a vanilla RNN is one array, that of an LSTM will be two, whose
# gradients are measured together.


# %%
def gradient_norms(step_forward, step_backward, state, x, Wx, Wh, b):
    """How much of a gradient at the last time step reaches each step.

    Args:
        step_forward, step_backward: one time step of a cell, and its gradients.
        state: the arrays (N, H) that the cell carries from step to step, a list.
        x: inputs (N, T, D).
        Wx, Wh, b: the weights and biases of the cell.

    Returns:
        The norm of the gradient at each of the T time steps, as a share of that at the
        last.
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
# First forty time steps, in a network **as it is before training**. Its weights are drawn as the
# captioner draws its own, its inputs and its first state are as large as the captioner's are then: word
# vectors start at about 0.01, projected features at about 0.8. Beside it stand two others that differ
# in one thing each: inputs a hundred times as large, and weights `Wh` three times as large.
#
# The axis is logarithmic: a straight line means the same factor at every step.

# %%
N, T, D, H = 4, 40, 64, 128
numbers = np.random.RandomState(0)
x_long, h_first = numbers.randn(N, T, D) / 100, 0.8 * numbers.randn(N, H)
Wx, Wh, b = (
    numbers.randn(D, H) / np.sqrt(D),
    numbers.randn(H, H) / np.sqrt(H),
    np.zeros(H),
)

rnn_norms = {
    name: gradient_norms(
        rnn_step_forward, rnn_step_backward, [h_first], x, Wx, weights, b
    )
    for name, x, weights in (
        ("as the captioner starts", x_long, Wh),
        ("inputs 100 times as large", 100 * x_long, Wh),
        ("Wh 3 times as large", x_long, 3 * Wh),
    )
}
bounds = [{"at_least": 0.01}, {"at_most": 1e-6}, {"at_least": 1000}]
for (name, norms), bound in zip(rnn_norms.items(), bounds):
    verdict(f"share that reaches step 1, {name}", norms[0], **bound)
plot_curves(rnn_norms, "time step", "gradient from step 40, untrained", log=True)
show_figure()

# %% [markdown]
# One network, three answers. As the captioner starts, a good part of the gradient comes through
# forty steps. With large inputs the tanh is pushed to where it is flat, and nothing comes through.
# With large weights the gradient explodes. So "a vanilla RNN forgets" is too short a sentence: it
# *may*, and it depends on the sizes of the numbers in it.
#
# (Against an exploding gradient there is a simple remedy, **clipping**. The optional part of
# **RNN_Captioning** builds it: where all gradients together are longer than some limit, scale them all
# down to it. `CaptioningSolver` does it with `clip_norm=`, and the test of memory below does too.
# Nothing as simple helps a gradient that has vanished.)
#
# Now our captioner itself, over the dozen steps that a caption has. The function below sends the
# gradient through a model as it reads true captions of validation pictures. (Only captions of at least
# eleven words take part, and the first twelve steps of each. From here on, what is measured on captions
# is measured on Emoji Scenes.)

# %%
scene_data = load_coco_data(base_dir=EMOJI_SCENES)
long_enough = (
    scene_data["val_captions"][:, :12] != scene_data["word_to_idx"]["<NULL>"]
).all(axis=1)
words_in = scene_data["val_captions"][long_enough][:100, :12]  # (100, 12)
long_features = scene_data["val_features"][
    scene_data["val_image_idxs"][long_enough][:100]
]


def along_captions(model, step_forward, step_backward):
    """The gradient norms of a captioner that reads a hundred true captions."""
    return gradient_norms(
        step_forward,
        step_backward,
        model.first_state(long_features),
        model.params["W_embed"][words_in],
        *(model.params[name] for name in ("Wx", "Wh", "b")),
    )


def untrained(cell_type):
    """A captioner of the course before its first training step."""
    np.random.seed(231)
    return cs231n.classifiers.rnn.CaptioningRNN(
        scene_data["word_to_idx"], input_dim=512, cell_type=cell_type
    )


at_start = {"vanilla RNN, untrained": along_captions(untrained("rnn"), rnn_step_forward,
                                                     rnn_step_backward)}
verdict(
    "share that reaches step 1 of 12, vanilla RNN",
    list(at_start.values())[0][0],
    at_least=0.2,
)

# %% [markdown]
# A third to a half arrives (0.32 to 0.49, if other weights are drawn). Over a dozen words, this network
# does not forget, not even before it has learned anything. Keep that in mind: if an LSTM writes better
# captions in the end, it may be for another reason.
#
# ## A memory with gates
#
# The idea of an LSTM is to stop pushing all that the network knows through a tanh at every step. Sepp
# Hochreiter and Jürgen Schmidhuber published it in 1997, with two gates. A third, the forget gate, was
# added in 2000 by Felix Gers, Schmidhuber and Fred Cummins; that is the form in use since, and the one
# that you build here. It carries **two** vectors from step to step:
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
axes.plot(
    a,
    sigmoid(a),
    color="#0072B2",
    linewidth=2,
    label="sigmoid: how much? (the three gates)",
)
axes.plot(
    a,
    np.tanh(a),
    "--",
    color="#D55E00",
    linewidth=2,
    label="tanh: what? (the block input)",
)
axes.set_xlabel("a")
axes.grid(color="#DDDDDD")
axes.legend(frameon=False)
show_figure()

# %% [markdown]
# Both are flat on both sides: a gate can be clearly shut or clearly open, and stay so.
#
# Your numbers are checked as in **RNN_Captioning**, and with the same two helpers: `ramp` makes
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
# The rest of the way needs three rules:
#
# - **Through a product.** It hands to each factor the gradient times the *other* factor. There are
#   three products: $f \odot c_{t-1}$, $i \odot g$ and $o \odot \tanh(c_t)$.
# - **Through a squashing function.** The gradient that arrives is multiplied by the slope, number by
#   number. Both slopes need only the output: a sigmoid with the output $s$ has the slope $s (1 - s)$, a
#   tanh with the output $g$ has $1 - g^2$.
# - **Through the affine layer**, as in the vanilla RNN. Before that, put the gradients of the four
#   parts side by side, in the order in which you took them apart.

# %% exercise="rnn_layers.lstm_step_backward"
# First the gradient of next_c, which two paths lead to. Make a new array of it, since
# `dnext_c += ...` would change the array of the one who called you.
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
dx, dprev_h, dprev_c, dWx, dWh, db = lstm_step_backward(
    dnext_h.copy(), dnext_c.copy(), cache
)
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
# step. The gate is computed, so the network can **learn** what to keep. We can also help: the bias of
# the forget gate says how far it is open before anything is learned.
#
# But the cell state is not the only way back. The gates look at `prev_h`, so there is a second one,
# through the gates and `Wh`, just as in a vanilla RNN. The picture below shows both: **the whole**
# gradient, as `gradient_norms` measures it, and what comes **along the cell state alone**, the other
# way closed. All is as before: forty steps, inputs and first state as the captioner has them before
# training, and three different biases of the forget gate.


# %%
def lstm_weights(forget_bias):
    """Weights and biases of an LSTM (D, 4H), (H, 4H), (4H,), the forget gate's bias as
    given.
    """
    numbers = np.random.RandomState(1)
    D, H = x_long.shape[2], h_first.shape[1]
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget_bias
    return numbers.randn(D, 4 * H) / np.sqrt(D), numbers.randn(H, 4 * H) / np.sqrt(H), b


def cell_state_alone(x, state, Wx, Wh, b):
    """The norm of a gradient that goes back along the cell state and takes no other
    way.
    """
    caches, norms = [], []
    for t in range(x.shape[1]):
        *state, cache = lstm_step_forward(x[:, t], *state, Wx, Wh, b)
        caches.append(cache)
    dc = np.ones_like(state[1])
    for cache in reversed(caches):
        norms.append(np.linalg.norm(dc))
        _, _, dc, *_ = lstm_step_backward(np.zeros_like(dc), dc, cache)
    return np.array(norms[::-1]) / norms[0]


# %%
first_states = [h_first, np.zeros_like(h_first)]
whole, alone = {}, {}
for bias in (0, 2, 4):
    whole[bias] = gradient_norms(
        lstm_step_forward, lstm_step_backward, first_states, x_long, *lstm_weights(bias)
    )
    alone[bias] = cell_state_alone(x_long, first_states, *lstm_weights(bias))

_, panels = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
for axes, bias in zip(panels, whole):
    for label, norms, colour, style in (
        ("LSTM, the whole", whole[bias], BLUE, "-"),
        ("LSTM, along the cell state alone", alone[bias], ORANGE, "--"),
        ("vanilla RNN", rnn_norms["as the captioner starts"], GREY, ":"),
    ):
        axes.semilogy(
            range(1, 41), norms, style, color=colour, linewidth=2, label=label
        )
    axes.set(
        title=f"forget bias {bias}: gate at {sigmoid(bias):.2f}", xlabel="time step"
    )
    axes.grid(color="#DDDDDD", linewidth=0.6)
panels[0].set_ylabel("gradient from step 40, untrained")
panels[0].legend(frameon=False, fontsize=8, loc="lower right")
show_figure("Gradients that go back forty steps, for three biases of the forget gate")

# %%
Wx, Wh, b = lstm_weights(4)
without_Wh = gradient_norms(
    lstm_step_forward, lstm_step_backward, first_states, x_long, Wx, 0 * Wh, b
)
verdict("step 1, bias 0, cell state alone", alone[0][0], at_most=1e-11)
verdict("step 1, bias 4, cell state alone", alone[4][0], at_least=0.4)
verdict("step 1, bias 0, the whole", whole[0][0], at_most=1e-3)
verdict("step 1, bias 4, the whole", whole[4][0], at_least=2)
verdict("step 1, bias 4, the whole with Wh = 0", without_Wh[0], at_most=0.3)
verdict("first step back, bias 4, the whole", whole[4][-2], at_most=0.5)

at_start["LSTM, untrained"] = along_captions(
    untrained("lstm"), lstm_step_forward, lstm_step_backward
)
verdict(
    "share that reaches step 1 of 12, LSTM",
    at_start["LSTM, untrained"][0],
    at_most=0.02,
)
plot_curves(at_start, "time step", "gradient from step 12, untrained")
show_figure()

# %% [markdown]
# There is a lot in these figures.
#
# - **Along the cell state** everything is as the formula says: the gate, once for each step.
#   $0.5^{39}$ is two millionths of a millionth, and $0.982^{39}$ is about a half. With an open gate the
#   gradient survives forty steps, and it does so whatever `Wh` is.
# - **The drop** of the whole at the first step back has a simple cause. The gradient starts in the
#   hidden state. To get into the memory it has to pass the output gate, which is half open, so more
#   than half of it stays behind.
# - **The rise** of the whole comes by the second way. What leaves the memory through the gates returns
#   through `Wh`, one step earlier, and adds to what is there. While the forget gate loses half at each
#   step, that hardly matters; with the gate open nothing is lost, and it piles up. With `Wh = 0`, the
#   second way is closed, and the rise is gone. So an LSTM is not safe from exploding gradients: it has
#   a safe way *besides* the old one.
# - **In our captioner**, before training, the LSTM passes on far **less** than the vanilla RNN: its
#   forget gates stand at a half. It has to learn to remember. It has a way to.
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
dx, dh0, dWx, dWh, db = lstm_backward(dout.copy(), cache)
check_gradients(
    lambda: lstm_forward(x, h0, Wx, Wh, b)[0], dout, 1e-7,
    dx=(x, dx), dh0=(h0, dh0), dWx=(Wx, dWx), db=(b, db),
)
check_gradients(lambda: lstm_forward(x, h0, Wx, Wh, b)[0], dout, 1e-5, dWh=(Wh, dWh))

# %%
check(lstm_backward)

# %% [markdown]
# The LSTM is complete, and it takes and returns the same things as the vanilla RNN.
#
# ### A test of memory
#
# Before it writes captions, let it prove what it is for. Here is a task that needs nothing but
# memory: read forty random letters, and then say which one came **first**. There are eight letters,
# so guessing is right once in eight times, or 12.5 %. A network learns this only if a gradient comes
# back from the last step to the first. And the inputs are large here, a 1 for each letter, which is
# where the gradient of a vanilla RNN vanished above.
#
# The function below trains a small network on this task, with your forward and backward functions.
# (A gradient longer than 1 is clipped to 1. The last three settings are for the optional part of this
# notebook.)


# %%
def learn_to_recall(
    forward,
    backward,
    gates,
    forget_bias=0,
    iterations=300,
    input_scale=1,
    recurrent=np.copy,
    learning_rate=5e-3,
):
    """Train a network to name the first of forty random letters after it has read them
    all.

    Args:
        forward, backward: the functions of a cell for whole sequences.
        gates: how many affine products of size H the cell computes, 1 or 4.
        forget_bias: where the bias of the forget gate starts. (A vanilla RNN has none.)
        iterations: how many minibatches it learns from.
        input_scale: a factor of the input weights `Wx` at the start.
        recurrent: what makes the first `Wh` out of random numbers.
        learning_rate: of Adam.

    Returns:
        The share of right answers at each iteration.
    """
    N, T, H, letters = 32, 40, 32, 8
    numbers = np.random.RandomState(1)
    params = {
        "Wx": input_scale * numbers.randn(letters, gates * H) / np.sqrt(letters),
        "Wh": recurrent(numbers.randn(H, gates * H) / np.sqrt(H)),
        "b": np.zeros(gates * H),
        "w_out": numbers.randn(H, letters) / np.sqrt(H),
        "b_out": np.zeros(letters),
    }
    params["b"][H : 2 * H] = forget_bias  # these columns exist in an LSTM only
    configs = {name: {"learning_rate": learning_rate} for name in params}
    shares = []
    for _ in range(iterations):
        text = numbers.randint(letters, size=(N, T))
        # a 1 in the place of the letter (N, T, 8)
        x, first = np.eye(letters)[text], text[:, :1]

        h, cell_cache = forward(
            x, np.zeros((N, H)), params["Wx"], params["Wh"], params["b"]
        )
        scores, out_cache = affine_forward(
            h[:, -1:], params["w_out"], params["b_out"]
        )  # (N, 8)
        _, dscores = temporal_softmax_loss(
            scores[:, None], first, np.ones((N, 1), dtype=bool)
        )
        shares.append(np.mean(scores.argmax(axis=1) == first[:, 0]))

        grads, dh = {}, np.zeros_like(h)
        dh[:, -1:], grads["w_out"], grads["b_out"] = affine_backward(
            dscores[:, 0], out_cache
        )
        _, _, grads["Wx"], grads["Wh"], grads["b"] = backward(dh, cell_cache)
        grads, _ = clip_gradients(grads, 1)
        for name in params:
            params[name], configs[name] = adam(params[name], grads[name], configs[name])
    return np.array(shares)


# %%
recalled = {"vanilla RNN": learn_to_recall(rnn_forward, rnn_backward, gates=1)}
for bias in (1, 2, 4):
    recalled[f"LSTM, forget bias {bias}"] = learn_to_recall(
        lstm_forward, lstm_backward, gates=4, forget_bias=bias
    )
bounds = [{"at_most": 20}, {"at_most": 20}, {"at_least": 50}, {"at_least": 90}]
for (name, shares), bound in zip(recalled.items(), bounds):
    verdict(
        f"right answers at the end, {name}",
        100 * shares[-50:].mean(),
        unit="%",
        **bound,
    )
smooth = {name: moving_average(shares, 10) for name, shares in recalled.items()}
plot_curves(smooth, "iteration", "share of right answers")
show_figure()

# %% [markdown]
# In these 300 iterations the vanilla RNN learns nothing: it guesses. Your LSTM learns to keep the first
# letter through thirty-nine others, **if** its forget gates are open from the start, at 0.88 or 0.98. At
# 0.73 (bias 1, which many programs use) it guesses as well, since $0.73^{39}$ is five millionths.
#
# Is that fair? The LSTM was started with care, and the vanilla RNN was not. The optional part at the
# end of this notebook gives it the same care, and the result may surprise you.
#
# ## The captioner, with another cell
#
# The class below is yours, as in **RNN_Captioning**: it inherits its parameters from the course's
# model, and you add the methods. The parameters are the same too, but for the width of three: an
# LSTM has `Wx` `(W, 4H)`, `Wh` `(H, 4H)` and `b` `(4H,)`.

# %% include="captioner_class"

# %% [markdown]
# `loss`, `next_scores` and `sample` are given. They are those of **RNN_Captioning**, *unchanged*.
# Read them once more and look for the place where they ask which cell they have. There is none:
# they get their functions from `cell` and their state from `first_state`, and pass both on.

# %% given="classifiers.rnn.CaptioningRNN.loss"

# %% given="classifiers.rnn.CaptioningRNN.next_scores classifiers.rnn.CaptioningRNN.sample"

# %% [markdown]
# So these two are what you have to write.
#
# ### The functions of the cell
#
# `self.cell_type` is `"rnn"` or `"lstm"`. Return the three functions that belong to it: one step
# forward, the whole sequence forward, the whole sequence backward. (Those of the vanilla RNN were
# imported above.)

# %% exercise="classifiers.rnn.CaptioningRNN.cell"
# Return three functions, without calling them.

# %%
for cell_type in ("rnn", "lstm"):
    model = CaptioningRNN(data["word_to_idx"], cell_type=cell_type)
    print(cell_type, [function.__name__ for function in model.cell()])

# %%
check(cell)

# %% [markdown]
# ### The first state of the cell
#
# The projected features of the picture are the first **hidden** state, for either cell. An LSTM
# needs a first **cell** state besides, and starts with an empty memory: zeros. The method returns a
# list, so that the others can pass it on without knowing how long it is.

# %% exercise="classifiers.rnn.CaptioningRNN.first_state"
# One affine layer with self.params["W_proj"] and self.params["b_proj"] gives h0.
# For a vanilla RNN the list holds h0 only, for an LSTM also a c0 of the same shape and dtype.

# %%
few = np.random.RandomState(0).randn(2, 512)

for cell_type in ("rnn", "lstm"):
    model = CaptioningRNN(data["word_to_idx"], cell_type=cell_type, dtype=np.float64)
    print(cell_type, [array.shape for array in model.first_state(few)])

# %%
check(first_state)

# %% [markdown]
# ### Does the loss come out right?
#
# The same check as in **RNN_Captioning**, with the other cell.

# %%
N, D, W, H = 10, 20, 30, 40
word_to_idx = {"<NULL>": 0, "cat": 2, "dog": 3}
V, T = len(word_to_idx), 13

model = CaptioningRNN(
    word_to_idx,
    input_dim=D,
    wordvec_dim=W,
    hidden_dim=H,
    cell_type="lstm",
    dtype=np.float64,
)
for name, parameter in model.params.items():
    model.params[name] = ramp(-1.4, 1.3, *parameter.shape)
features = ramp(-0.5, 1.7, N, D)
captions = (np.arange(N * T) % V).reshape(N, T)
expected_loss = 9.82445935443

value, grads = model.loss(features, captions)
print(f"loss: {value:.10f}, expected: {expected_loss}")
verdict("difference", abs(value - expected_loss), at_most=1e-10)

# %% [markdown]
# ### Overfit fifty captions with the LSTM
#
# Can the whole machine learn fifty captions by heart? The settings are those of **RNN_Captioning**,
# but for the learning rate, which falls more slowly.

# %%
np.random.seed(231)
small_data = load_coco_data(max_train=50)
small_model = CaptioningRNN(
    data["word_to_idx"],
    input_dim=data["train_features"].shape[1],
    wordvec_dim=256,
    hidden_dim=512,
    cell_type="lstm",
)
small_solver = CaptioningSolver(
    small_model,
    small_data,
    update_rule="adam",
    optim_config={"learning_rate": 5e-3},
    lr_decay=0.995,
    num_epochs=50,
    batch_size=25,
    print_every=10,
)

small_solver.train()
verdict("final loss", small_solver.loss_history[-1], at_most=0.5)
plot_loss(small_solver.loss_history, log=True)
show_figure()

# %% [markdown]
# ### Captions of the overfitted LSTM
#
# Two pictures of the fifty, whose captions should come out as they were learned, and two that the
# network has never seen, about which fifty captions have taught it little.

# %%
for split in ("train", "val"):
    np.random.seed(231)
    captions, features, urls = sample_coco_minibatch(
        small_data, batch_size=2, split=split
    )
    truth = decode_captions(captions, data["idx_to_word"])

    written = decode_captions(small_model.sample(features), data["idx_to_word"])
    images = [image_from_url(url) for url in urls]
    show_captions(
        images, written, truth=truth, columns=2, title=f"overfitted LSTM, {split}"
    )
    show_figure()

# %% [markdown]
# ## A race
#
# Which one writes better captions, the vanilla RNN or the LSTM? Your class is both, so let them run
# against each other on **all** of Emoji Scenes: the same pictures, the same minibatches in the same
# order, the same number of iterations, and the same number of hidden units. (The networks are smaller
# than in **RNN_Captioning**, and learn for a shorter time.)
#
# With the same number of units, though, an LSTM has four times the recurrent weights: `Wh` is
# `(128, 512)`. So a third runner takes part, a vanilla RNN of 256 units, whose `Wh` `(256, 256)` has as
# many numbers. (It is trained by `FastCaptioningRNN`, which computes the same in less time; a later
# notebook shows how.)

# %%
from cs231n.metrics import plain, truth_table
from cs231n.scenes import draw, judge, load_scenes

RUNNERS = {
    "vanilla RNN": (CaptioningRNN, "rnn", 128),
    "LSTM": (CaptioningRNN, "lstm", 128),
    "vanilla RNN, 256 units": (FastCaptioningRNN, "rnn", 256),
}
val_scenes = load_scenes("val")
models, solvers = {}, {}
for name, (kind, cell_type, hidden_dim) in RUNNERS.items():
    np.random.seed(231)
    models[name] = kind(
        scene_data["word_to_idx"],
        input_dim=scene_data["train_features"].shape[1],
        wordvec_dim=128,
        hidden_dim=hidden_dim,
        cell_type=cell_type,
    )
    solvers[name] = CaptioningSolver(
        models[name],
        scene_data,
        update_rule="adam",
        optim_config={"learning_rate": 4e-3},
        lr_decay=0.5,
        num_epochs=3,
        batch_size=100,
        print_every=400,
    )

for name, solver in solvers.items():
    print(f"---- {name} ----")
    np.random.seed(231)  # the same minibatches for all
    solver.train()

# %%
plot_loss({name: solver.loss_history for name, solver in solvers.items()}, log=True)
show_figure()

# %% [markdown]
# ### How many captions are true?
#
# A loss is a means; what we want is captions that are true. The judge reads each of them and looks
# at the scene from which its picture was drawn. **Ordinary** scenes are like those of training, but
# new. **Compositional** ones pair two things that never met in training.


# %%
def write_captions(model, features):
    """Greedy captions, one text for each row of features."""
    numbers = model.sample(features, max_length=16)
    return plain(decode_captions(numbers, scene_data["idx_to_word"]))


tables = {
    name: truth_table(write_captions(model, scene_data["val_features"]), val_scenes)
    for name, model in models.items()
}
for name, table in tables.items():
    print(f"---- {name} ----\n{table}\n")

rnn_table, lstm_table, large_table = tables.values()
gained = 100 * (lstm_table.ordinary - rnn_table.ordinary)
verdict("gained by the LSTM on ordinary scenes, in points", gained, at_least=3)
lead = 100 * (lstm_table.ordinary - large_table.ordinary)
verdict("its lead over the large vanilla RNN there, in points", lead, at_most=4)
lead = 100 * (lstm_table.compositional - large_table.compositional)
verdict("its lead on compositional scenes, in points", lead, at_least=3)
for name, table in tables.items():
    verdict(
        f"true where the content was seen, {name}",
        100 * table.repeated,
        at_least=85,
        unit="%",
    )
verdict(
    "true where the content is new, LSTM", 100 * lstm_table.new, at_most=72, unit="%"
)

# %% [markdown]
# At equal units the LSTM wins: 5 to 10 more captions in a hundred are true on ordinary scenes. (Such
# ranges come from runs with three or more seeds; `python -m benchmarks.notebook_bounds` repeats them.
# Each bound above leaves some room beyond its range, and breaks if what is said here is wrong.) The
# difference lies in what is **new**. Where the content was seen in training, all of them are right
# nine times in ten or more.
#
# But at equal *weights* the lead is gone on ordinary scenes: it is between -1 and 2 points. What remains
# is a lead on compositional scenes, 7 points or more. So most of what looked like the work of the gates
# was the work of more weights. A race proves no more than its rules.
#
# ### What did they learn to remember?
#
# Send a gradient back once more along the same captions, now through the **trained** networks. The
# thin curves are those from before training.

# %%
steps = {"rnn": (rnn_step_forward, rnn_step_backward),
         "lstm": (lstm_step_forward, lstm_step_backward)}
after = {}
for name in ("vanilla RNN", "LSTM"):
    after[f"{name}, trained"] = along_captions(
        models[name], *steps[models[name].cell_type]
    )
    verdict(
        f"share that reaches step 1 of 12, {name}, trained",
        after[f"{name}, trained"][0],
        at_least=0.3,
    )
params = models["LSTM"].params
kept = cell_state_alone(
    params["W_embed"][words_in], models["LSTM"].first_state(long_features),
    *(params[name] for name in ("Wx", "Wh", "b")),
)
verdict("along the cell state alone, LSTM, trained", kept[0], at_least=0.2)
plot_curves({**after, **at_start}, "time step", "gradient from step 12")
for line in plt.gca().lines[2:]:
    line.set(linewidth=1, alpha=0.6)
plt.ylim(0, 1.1)
show_figure()

# %% [markdown]
# Both have learned to remember. The LSTM has opened its gates: where a hundredth arrived, it is about a
# half, and along the cell state alone as much. The vanilla RNN, which had less to learn here, passes on as
# much or more: 0.45 to 0.70, beside 0.44 to 0.48. So vanishing gradients did not decide this race. Over forty steps and with large inputs, as in
# the test of memory, the way along the cell state makes the difference; over twelve words it does not.
#
# ### Which units carry the picture?
#
# Here is the hidden state of the LSTM, word by word, as it writes a caption. One would like to say: the
# units that stay as they are carry what the picture shows, and those that flip keep track of the
# grammar. Is that so?

# %%
lstm = models["LSTM"]
shown = 7
row = scene_data["val_features"][shown : shown + 1]

written = lstm.sample(row, max_length=16)[0]
words = ["<START>"] + decode_captions(written, scene_data["idx_to_word"]).split()[:-1]
state, states = lstm.first_state(row), []
for word in words:
    _, state = lstm.next_scores(np.array([scene_data["word_to_idx"][word]]), state)
    states.append(state[0][0])
show_hidden_states(np.array(states), words)
show_figure()

# %% [markdown]
# A picture of one caption cannot tell. An experiment can: that of **RNN_Captioning**, but unit by unit.
# Take forty pictures and forty sentences, and let the network read **every sentence on every picture**.
# Then look at one unit at one step:
#
# - *the same sentence, other pictures*: how much does the unit vary?
# - *the same picture, other sentences*: how much does it vary now?
#
# (The **variance** is the square of the standard deviation: large where numbers are far apart.)
# The first variance, as a share of the sum of both, says how far the unit is about the **picture**: 1
# if words make no difference to it, 0 if pictures make none. Beside it we note how much each unit moves
# while it reads the caption that belongs to its picture.


# %%
def picture_share(model, step_forward, pictures=40):
    """For each unit, how much it moves along a sentence, and how far it is about the
    picture.

    Returns:
        moves: the standard deviation over the steps of a sentence (H,).
        share: the variance over pictures, as a share of that over pictures and over
            sentences (H,).
    """
    chosen = np.random.RandomState(0).choice(len(words_in), pictures, replace=False)
    state = [
        np.repeat(array, pictures, axis=0)
        for array in model.first_state(long_features[chosen])
    ]
    # Row p * pictures + s: picture p, sentence s
    sentences = np.tile(words_in[chosen], (pictures, 1))
    x, h = model.params["W_embed"][sentences], []
    for t in range(sentences.shape[1]):
        *state, _ = step_forward(
            x[:, t], *state, *(model.params[k] for k in ("Wx", "Wh", "b"))
        )
        h.append(state[0].reshape(pictures, pictures, -1))
    h = np.array(h)  # (T, pictures, sentences, H)

    # Each picture with its own sentence
    own = h[:, np.arange(pictures), np.arange(pictures)]
    moves = own.std(axis=0).mean(axis=0)
    h = h[3:]  # the first words are the same in most sentences
    over_pictures, over_sentences = (
        h.var(axis=1).mean(axis=(0, 1)),
        h.var(axis=2).mean(axis=(0, 1)),
    )
    return moves, over_pictures / (over_pictures + over_sentences)


_, panels = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True, layout="constrained")
for axes, name in zip(panels, ("vanilla RNN", "LSTM")):
    moves, share = picture_share(models[name], steps[models[name].cell_type][0])
    least, most = np.argsort(moves)[:20], np.argsort(moves)[-20:]
    axes.scatter(moves, share, s=14, color=GREY, label="other units")
    axes.scatter(
        moves[least], share[least], s=26, color=BLUE, label="the 20 that move least"
    )
    axes.scatter(
        moves[most],
        share[most],
        s=26,
        color=ORANGE,
        marker="^",
        label="the 20 that move most",
    )
    axes.set(title=name, xlabel="how much it moves along a sentence", ylim=(0, 1))
    verdict(
        f"about the picture, the 20 that move least, {name}",
        100 * share[least].mean(),
        at_least=42,
        unit="%",
    )
    verdict(
        f"about the picture, the 20 that move most, {name}",
        100 * share[most].mean(),
        at_most=32,
        unit="%",
    )
    verdict(f"the smallest movement of any unit, {name}", moves.min(), at_least=0.1)
panels[0].set_ylabel("how far it is about the picture")
panels[0].legend(frameon=False)
show_figure(
    "Two clouds of points, one for each hidden unit: how much it moves along a "
    "sentence, and how far it is about the picture"
)

# %% [markdown]
# There is something to it, which all units together do not show, but less than one would like to say.
# The units that move least are about the picture to a half or more, those that move most to a fifth or
# so: that much of the claim holds, for both cells. But no unit stays as it is, and hardly one is about
# the picture alone. And in the LSTM many units move little and are about the words all the same: they
# lie low on the left of its panel. You cannot see from its movement what a unit is for.
#
# ### The gates, word by word
#
# What an LSTM has in any case is a choice: at each word, and for each number of its memory, it can keep,
# overwrite, or hide. Here are its gates as it writes the same caption. Each column is a word that it
# reads, each row a unit of its memory. Of the 128 units, those 26 are shown whose gates change most.

# %%
# The two matrices, one above the other
W_gates = np.vstack([lstm.params["Wx"], lstm.params["Wh"]])
H = len(lstm.params["Wh"])
state, activations = lstm.first_state(row), []
for word in words:
    number = np.array([scene_data["word_to_idx"][word]])
    # What the gates look at
    seen = np.hstack([lstm.params["W_embed"][number], state[0]])
    activations.append(sigmoid(seen @ W_gates + lstm.params["b"])[0])
    _, state = lstm.next_scores(number, state)

# (T, 4H); the last H columns are the block input, no gate
activations = np.array(activations)
gates = {
    "input gate": activations[:, :H],
    "forget gate": activations[:, H : 2 * H],
    "output gate": activations[:, 2 * H : 3 * H],
}
caption = write_captions(lstm, row)
true = judge(caption[0], val_scenes[shown]).true
show_captions([draw(val_scenes[shown])], caption, correct=[true], columns=3)
show_figure()
show_gates(gates, words, units=26)
show_figure()
verdict("forget gates of all units, mean over the caption", gates["forget gate"].mean(),
        at_least=0.65)

# %% [markdown]
# ### Inline question 2
#
# The three gates are sigmoids. In most deep networks a ReLU, $\max(0, a)$, is what one takes first.
# What would go wrong if the gates of an LSTM were ReLUs? Think of the forget gate, over many time
# steps.

# %% [markdown] answer
# A gate says *how much*, as a share between nothing and all. A ReLU has no upper end. A forget gate
# of 1.5 would not keep the memory, it would make it grow: 1.5 to the power of 40, over forty steps,
# is eleven million, and the gradient along the cell state grows by the very same factor. A sigmoid
# can keep what is there, or shrink it, and nothing else.
#
# The other end is worse too. Where a ReLU is 0, its slope is 0 as well, for every negative input: a
# gate that is shut for all inputs gets no gradient any more, so it can hardly learn to open again. A
# sigmoid is never quite shut, and its slope is never quite 0. And nothing would keep a ReLU gate
# near 1, the value at which memory and gradient pass unchanged; a sigmoid is flat there, so the gate
# stays open even if its input changes somewhat.

# %% [markdown]
# ## What you have now
#
# You have built an LSTM by hand, forward and backward, and put it into the captioner, which hardly
# noticed: two small methods changed, and all the rest (the loss, the writing of captions, the training)
# stayed as it was. And you have measured what it is good for.
#
# ### Recap
#
# Answer from memory, then look it up.
#
# 1. Why can a gradient go further in an LSTM than in a vanilla RNN?
# 2. What was wrong with "a vanilla RNN forgets"?
# 3. The LSTM won the race. Why is that no proof that memory helps?

# %% [markdown] answer
# 1. Along the cell state it is multiplied by the forget gate at each step, and by nothing else:
#    no matrix, and no slope of a tanh. With the gate open, it arrives as it left. That is a
#    possibility and no guarantee: with the gates at a half, as they start, it is lost even
#    sooner.
# 2. Whether its gradient vanishes, lasts or explodes depends on the sizes of its inputs and
#    weights, on the number of steps, and on training. Over the twelve words of our captions it
#    does not vanish.
# 3. It had four times the recurrent weights. A vanilla RNN with as many caught up on ordinary
#    scenes. To learn the reason for a difference, change one thing at a time, and repeat with
#    other seeds.

# %% [markdown]
# ### Try it
#
# 1. Start the forget gates of the captioner open: before training, add
#    `models["LSTM"].params["b"][128:256] = 2`. Does it write more true captions? Does it need open gates
#    over twelve words? Run at least three seeds before you decide.
# 2. In the first figure, which factor of `Wh` lies between vanishing and exploding, for small inputs?
#    And is it the same for large ones?
# 3. Clip in the wrong place: scale each parameter's gradient to length 1 by itself, and not all of them
#    together. What changes in the test of memory?

# %% [markdown] answer
# 1. With a bias of 2 at the start, 85 to 86 % were true on ordinary scenes with three seeds, where it had
#    been 82 to 83 % without. It helps somewhat, though over twelve words the gradient was no problem:
#    an open gate is simply a better place to start from.
# 2. For small inputs it lies between 1 and 1.2 (three seeds), for large ones between 1.75 and 2: a tanh
#    that is pushed to its flat sides takes away more, so the weights have to give more.
# 3. With forget bias 2 and three seeds, 47 to 95 % were right in the end, and 74 to 93 % with the usual
#    clipping. The direction of the step is no longer that of the gradient.

# %% [markdown]
# ## Optional: a fair test of memory
#
# In the test of memory, the LSTM got a bias that keeps its memory. What would be the same favour for a
# vanilla RNN? Go back to its gradient, and see what makes it short at each step:
#
# - **the slope of the tanh.** It is near 1 where the sums inside are small. So start with small input
#   weights, a tenth of the usual.
# - **the product with `Wh`.** A random matrix makes some directions longer and others shorter, and after
#   forty products only extremes are left. An **orthogonal** matrix, a rotation, leaves the length of
#   every vector as it is.
#
# Make one. (`np.linalg` is NumPy's linear algebra: look there for a *decomposition*, which
# writes a matrix as a product of others, one of them orthogonal. `check` accepts every way to do it.)

# %% exercise="more_cells.orthogonal"
# Which decomposition of a square matrix has an orthogonal factor?
# The result has to depend on the matrix: of other random numbers, make another rotation.

# %%
turned = orthogonal(np.random.RandomState(0).randn(32, 32))

vectors = np.random.RandomState(1).randn(5, 32)
stretched = np.linalg.norm(vectors @ turned, axis=1) / np.linalg.norm(vectors, axis=1)
verdict(
    "lengths of five vectors, difference", np.abs(stretched - 1).max(), at_most=1e-12
)

# %%
check(orthogonal)

# %%
bound, reached = {"at_least": 40}, {}
reached["vanilla RNN, with care"] = learn_to_recall(
    rnn_forward,
    rnn_backward,
    gates=1,
    iterations=600,
    input_scale=0.1,
    recurrent=orthogonal,
    learning_rate=2e-3,
)
for name, shares in reached.items():
    verdict(
        f"right answers at the end, {name}",
        100 * shares[-50:].mean(),
        unit="%",
        **bound,
    )
smooth = {
    name: moving_average(shares, 10) for name, shares in {**recalled, **reached}.items()
}
plot_curves(smooth, "iteration", "share of right answers")
show_figure()

# %% [markdown]
# A vanilla RNN that remembers over forty steps: 80 % or more after 600 iterations, with each of eight
# seeds. What was said to be a weakness of the cell was, for the most part, a weakness of its start. (Le,
# Jaitly and Hinton showed it in 2015, with `Wh` the identity matrix.)
#
# To find out by running: which of the three changes (small inputs, orthogonal weights, the smaller
# learning rate) did it? Take them away one at a time. And what does the LSTM with bias 1 do if its
# inputs start small as well? Use more than one seed, by changing `RandomState(1)` in `learn_to_recall`:
# some of these answers depend on it.
#
# ## Optional: another cell, the GRU
#
# In 2014 Kyunghyun Cho and others published a cell with gates that has **one** state and is simpler than
# an LSTM: the **gated recurrent unit**. Its update gate $z$ does the work of forget and input gate: what
# is not kept is replaced. Its reset gate $r$ says how much of the old state the new part may see.
#
# $$r = \sigma(a_r) \qquad z = \sigma(a_z) \qquad
# g = \tanh\big(x_t W_{xg} + (r \odot h_{t-1}) W_{hg} + b_g\big) \qquad
# h_t = z \odot h_{t-1} + (1 - z) \odot g$$
#
# $a_r$ and $a_z$ are affine as in an LSTM. `Wx` is `(D, 3H)`, `Wh` `(H, 3H)` and `b` `(3H,)`; the first
# `H` columns belong to $r$, the next to $z$, the last to $g$. (Some programs, PyTorch among them, apply
# the reset gate after the product with `Wh`. That is another cell.)

# %% exercise="more_cells.gru_step_forward"
# The two gates first, from x and prev_h.
# Then the block input: what of prev_h may it see?
# The next state is a mixture of the old one and the block input.

# %%
check(gru_step_forward)

# %% [markdown]
# For the backward step, draw the graph of the forward step and count how often each value is used. The
# old state is used in **four** places: in the mixture, in the product with the reset gate, and in both
# gates.

# %% exercise="more_cells.gru_step_backward"
# Begin at the mixture: it has three factors that depend on something.
# Then back through the block input, to the reset gate and to what it multiplied.
# Join the gradients of the three sums in their order; prev_h gets one part from each of its uses.

# %%
numbers = np.random.RandomState(2)
N, D, H = 4, 5, 6
x, prev_h, dnext_h = numbers.randn(N, D), numbers.randn(N, H), numbers.randn(N, H)
Wx, Wh, b = numbers.randn(D, 3 * H), numbers.randn(H, 3 * H), numbers.randn(3 * H)

_, cache = gru_step_forward(x, prev_h, Wx, Wh, b)
dx, dprev_h, dWx, dWh, db = gru_step_backward(dnext_h.copy(), cache)
check_gradients(
    lambda: gru_step_forward(x, prev_h, Wx, Wh, b)[0], dnext_h, 1e-5,
    dx=(x, dx), dprev_h=(prev_h, dprev_h), dWx=(Wx, dWx), dWh=(Wh, dWh), db=(b, db),
)

# %%
check(gru_step_backward)

# %% [markdown]
# How far does a gradient get in a GRU? Once more forty steps, untrained, with the update gate at a half
# and nearly open.

# %%
numbers = np.random.RandomState(3)
D, H = x_long.shape[2], h_first.shape[1]
Wx, Wh = numbers.randn(D, 3 * H) / np.sqrt(D), numbers.randn(H, 3 * H) / np.sqrt(H)
curves = {"vanilla RNN": rnn_norms["as the captioner starts"]}
for bias in (0, 4):
    b = np.zeros(3 * H)
    b[H : 2 * H] = bias
    curves[f"GRU, update bias {bias}"] = gradient_norms(
        gru_step_forward, gru_step_backward, [h_first], x_long, Wx, Wh, b
    )
verdict(
    "share that reaches step 1 of 40, GRU, update bias 4",
    curves["GRU, update bias 4"][0],
    at_least=0.3,
)
plot_curves(curves, "time step", "gradient from step 40, untrained", log=True)
show_figure()

# %% [markdown]
# Harder, and without a check: write `gru_forward` and `gru_backward` for whole sequences, and let the GRU
# take the test of memory (`gates=3`; the columns that `forget_bias` sets are those of the update gate).
#
# ## Sources, and where to go next
#
# - S. Hochreiter, J. Schmidhuber: *Long Short-Term Memory*, Neural Computation 9 (1997). The cell, and
#   the argument about vanishing gradients (first in Hochreiter's diploma thesis, 1991).
# - F. Gers, J. Schmidhuber, F. Cummins: *Learning to Forget: Continual Prediction with LSTM*, Neural
#   Computation 12 (2000). The forget gate.
# - Y. Bengio, P. Simard, P. Frasconi: *Learning Long-Term Dependencies with Gradient Descent is
#   Difficult*, IEEE Transactions on Neural Networks 5 (1994). R. Pascanu, T. Mikolov, Y. Bengio: *On the
#   Difficulty of Training Recurrent Neural Networks*, ICML 2013. Vanishing and exploding; clipping.
# - K. Cho and others: *Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
#   Translation*, EMNLP 2014. The GRU.
# - Q. Le, N. Jaitly, G. Hinton: *A Simple Way to Initialize Recurrent Networks of Rectified Linear
#   Units*, 2015. A vanilla RNN that remembers.
# - R. Jozefowicz, W. Zaremba, I. Sutskever: *An Empirical Exploration of Recurrent Network
#   Architectures*, ICML 2015. The bias of the forget gate.
# - O. Vinyals and others: *Show and Tell*, and A. Karpathy, L. Fei-Fei: *Deep Visual-Semantic Alignments
#   for Generating Image Descriptions*, both CVPR 2015. Captions by an LSTM and by a vanilla RNN.
#
# **Next:** `Evaluating_Captions` asks which caption to write, and how good it is. The step after an LSTM
# is *attention* (`Attention_Captioning`): a captioner that looks at the picture anew before each word need
# not remember it. `Character_Captioning` is a short way aside: the same LSTM, writing letter by letter.

# %%
check.summary()
