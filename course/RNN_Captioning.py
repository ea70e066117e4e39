# %% [markdown]
# # Captions for pictures, with a recurrent neural network
#
# In this notebook you build, by hand and in NumPy, a program that looks at a picture and writes a
# sentence about it. During training it sees many pictures, each with sentences that describe it.
# Afterwards it is shown a picture it has never seen, and writes a sentence of its own.
#
# ![A picture goes through a feature extractor; its features become the first hidden state of a recurrent network, which reads the words so far, one a time step, and predicts the next word.](pictures/captioner.png)
#
# You write the parts that think: one step of a recurrent network, the pass over a whole sentence,
# both backward passes, the word vectors, the loss, and the loop that writes a caption. What stands
# between them is given, and explained.
#
# **Afterwards you can**
#
# - write a recurrent network and its back-propagation through time, and prove every gradient right;
# - train a captioner, test it by overfitting, and let it write;
# - say how good its captions are, in numbers that do not flatter;
# - tell vanishing from exploding gradients, and stop the second kind.
#
# **Time:** three to five hours for the exercises (our estimate, not yet measured on a class). Run
# on its own, the solved notebook takes about a minute and a half, most of it in one training.
#
# **It needs** what **Foundations** teaches: the chain rule, the backward pass through a matrix product
# and a tanh, the softmax loss, minibatches and Adam. **It is the second notebook** of the course;
# **LSTM_Captioning** follows. Terms are explained in `docs/glossary.md`.
#
# Work from top to bottom. Each exercise is a cell with `TODO` in it. The cell below it compares
# your numbers with known ones, and `check(...)` tells you what is wrong if something is.

# %% include="setup"

# %%
import math

import numpy as np

import cs231n.classifiers.rnn
from cs231n.captioning_solver import CaptioningSolver
from cs231n.coco_utils import decode_captions, load_coco_data, sample_coco_minibatch
from cs231n.feedback import check
from cs231n.figure_texts import show_figure
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
    verdict,
)
from cs231n.image_utils import image_from_url
from cs231n.rnn_layers import affine_backward, affine_forward
from cs231n.vis_utils import plot_curves, plot_loss, show_captions, show_hidden_states

# %% [markdown]
# ## The data
#
# The assignment that this course goes back to uses **COCO** (Common Objects in Context, the edition
# of 2014): about 80,000 pictures for training and 40,000 for validation, each with five captions
# that people wrote on Amazon Mechanical Turk.
#
# This notebook starts on **Emoji Scenes**, a small set that comes with the course: 8,000 training
# pictures and 1,300 validation pictures, five captions each. It has the same files in the same
# layout, and one advantage that photographs cannot have: of every caption we can *prove* whether it
# is true. Once COCO is downloaded (`bash datasets/get_datasets.sh`), the same cells run on it.
#
# **Features.** A captioner does not start from pixels. A *convolutional network*, a kind made for
# pictures, has looked at each of them before, and its summary is what we get: 512 numbers a picture.
# (You need not know how it works.) For COCO that network is VGG-16, which learned from the photographs
# of ImageNet; its layer fc7 gives 4,096 numbers, which principal component analysis (PCA) condenses to
# 512, to save time and memory. For Emoji Scenes it is a much smaller network. The
# photographs themselves (nearly 20 GB) are not part of the download; their addresses are, so that
# we can fetch a few to look at.
#
# **Captions.** A caption is a row of numbers, one for each word. `idx_to_word` turns a number into
# its word, `word_to_idx` a word into its number, and `decode_captions` a whole row into a sentence.
# Four entries of the vocabulary are not words:
#
# | token | why it exists |
# |---|---|
# | `<START>` | comes first, so that there is something to read before the first word |
# | `<END>` | comes last, so that the network can say that the sentence is over |
# | `<UNK>` | stands for a word that is too rare to have a number of its own |
# | `<NULL>` | pads short captions, so that all rows have one length; it counts neither in the loss nor in the gradient |

# %%
data = load_coco_data(pca_features=True)

for name, entry in data.items():
    if isinstance(entry, np.ndarray):
        print(f"{name:18} array {str(entry.shape):12} {entry.dtype}")
    else:
        print(f"{name:18} {type(entry).__name__} of {len(entry)}")

# %% [markdown]
# `train_captions` has one row for each caption, `train_features` one row for each picture. Which
# picture does a caption belong to? `train_image_idxs` says it: caption `i` describes the picture
# with the features `train_features[train_image_idxs[i]]`.

# %% [markdown]
# ### Look at the data
#
# Before you teach a network anything, look at what it will learn from. `sample_coco_minibatch`
# draws a few captions with the features and the addresses of their pictures.

# %%
np.random.seed(2)
captions, features, urls = sample_coco_minibatch(data, batch_size=3)
sentences = decode_captions(captions, data["idx_to_word"])

show_captions([image_from_url(url) for url in urls], sentences, columns=3)
show_figure()

# %% [markdown]
# And this is what the network gets of the first caption: numbers, with the words they stand for.

# %%
for number in captions[0]:
    print(f"{number:5}  {data['idx_to_word'][number]}")

# %% [markdown]
# ## Recurrent neural networks
#
# A sentence has no fixed length, and each word depends on those before it. A **recurrent** network
# (RNN) reads one word at each **time step** and keeps what it needs to remember in a vector, its
# **hidden state**. The same weights are used at each time step, so that it can read sentences of
# any length. The simplest kind, which you build here, is called a **vanilla** RNN. Drawn with its time
# steps side by side, it is *unrolled*:
#
# ![A recurrent network, unrolled: at each time step the same weights turn the input and the previous hidden state into the next hidden state.](pictures/unrolled_rnn.png)
#
# We build it from the inside out: first one time step, then a whole sequence.
#
# In all formulas, `N` is the number of examples in a minibatch, `T` the number of time steps, `D`
# the size of an input, and `H` the size of a hidden state.
#
# ### How your work is checked
#
# For a forward function we know what should come out. For a backward function there is a better
# judge than any list of numbers: **the definition of a gradient**. Move one entry of an input a
# little to each side and see how far the output moves. That is slow, but it is hard to get wrong.
# (Foundations builds this judge.)
#
# `ramp` makes the inputs of a check, and `check_gradients` compares your gradients with numeric
# ones. The error is relative: `|x - y| / (|x| + |y|)`, at its worst entry.

# %% include="numeric_checks"

# %% [markdown]
# ### One time step, forward
#
# The next hidden state mixes two things, what comes in now and what is remembered:
#
# $$h_t = \tanh(x_t W_x + h_{t-1} W_h + b)$$
#
# | | in the code | shape |
# |---|---|---|
# | $x_t$, the input | `x` | `(N, D)` |
# | $h_{t-1}$, the hidden state before | `prev_h` | `(N, H)` |
# | $W_x$, from input to hidden state | `Wx` | `(D, H)` |
# | $W_h$, from hidden state to hidden state | `Wh` | `(H, H)` |
# | $b$, the bias | `b` | `(H,)` |
# | $h_t$, the hidden state after | `next_h` | `(N, H)` |
#
# An example is a **row** here, so the weights stand on the right. The tanh keeps every number of
# the hidden state between -1 and 1, however long the sentence gets.
#
# The **cache** is for you: put into it whatever your backward function will need. It can be a
# tuple, a list or a dictionary.

# %% exercise="rnn_layers.rnn_step_forward"
# Turn the formula into NumPy.
# What will the backward pass need? Put it into the cache; look one exercise
# ahead if you are not sure.

# %%
N, D, H = 3, 10, 4
x = ramp(-0.4, 0.7, N, D)
prev_h = ramp(-0.2, 0.5, N, H)
Wx = ramp(-0.1, 0.9, D, H)
Wh = ramp(-0.3, 0.7, H, H)
b = ramp(-0.2, 0.4, H)
expected_next_h = np.array(
    [
        [-0.58172089, -0.50182032, -0.41232771, -0.31410098],
        [0.66854692, 0.79562378, 0.87755553, 0.92795967],
        [0.97934501, 0.99144213, 0.99646691, 0.99854353],
    ]
)

next_h, _ = rnn_step_forward(x, prev_h, Wx, Wh, b)
verdict("next_h error", rel_error(expected_next_h, next_h), at_most=1e-8)

# %%
check(rnn_step_forward)

# %% [markdown]
# You have the heart of the network: one time step. Everything below calls it.
#
# ### One time step, backward
#
# Training asks: if the loss should fall, which way must each weight move? The answer starts from
# `dnext_h`, how the loss changes with the hidden state, and walks back along the arrows.
#
# ![The graph of one step: x times Wx, plus prev_h times Wh, plus b gives a; the tanh of a is next_h. Gradients run along the same arrows, the other way.](pictures/rnn_step.png)
#
# Call the sum inside the tanh $a$. Two rules are all you need, and both come from Foundations:
#
# - **Through the tanh.** Its slope at $a$ is $1 - \tanh^2(a)$. You know $\tanh(a)$ already: it is
#   the output. Each number of `a` makes one number of the output and no other, so the gradient that
#   arrives is multiplied by the slope **number by number**: with `*`, not with `@`.
# - **Through a product** $Y = X W$. The gradient of $X$ is $dY\, W^T$, the gradient of $W$ is
#   $X^T dY$. If you forget which is which, let the shapes remind you: a gradient has the shape of
#   what it belongs to.
#
# A sum passes what arrives on to each of its parts, unchanged. The bias was added to each of the `N`
# rows, so its gradient is a sum over the rows.

# %% exercise="rnn_layers.rnn_step_backward"
# First the gradient of a, the sum inside the tanh. The rest follows from it.

# %%
np.random.seed(231)
N, D, H = 4, 5, 6
x = np.random.randn(N, D)
prev_h = np.random.randn(N, H)
Wx = np.random.randn(D, H)
Wh = np.random.randn(H, H)
b = np.random.randn(H)
dnext_h = np.random.randn(N, H)

_, cache = rnn_step_forward(x, prev_h, Wx, Wh, b)
dx, dprev_h, dWx, dWh, db = rnn_step_backward(dnext_h.copy(), cache)
check_gradients(
    lambda: rnn_step_forward(x, prev_h, Wx, Wh, b)[0], dnext_h, 1e-8,
    dx=(x, dx), dprev_h=(prev_h, dprev_h), dWx=(Wx, dWx), dWh=(Wh, dWh), db=(b, db),
)

# %%
check(rnn_step_backward)

# %% [markdown]
# One step can now learn. Next come sentences.
#
# ### A whole sequence, forward
#
# A minibatch of sequences is an array `(N, T, D)`: `x[:, t]` is what comes in at time step `t`,
# with shape `(N, D)`. Start from `h0`, and feed each hidden state into the next step. Return the
# hidden states of **all** steps, shape `(N, T, H)`, because a word will be predicted from each.
#
# To put several arrays together along a new axis, collect them in a list and use `np.stack`: with
# `axis=1`, `T` arrays `(N, H)` become one array `(N, T, H)`.

# %% exercise="rnn_layers.rnn_forward"
# Call rnn_step_forward once for each time step, and keep each step's
# cache: the backward pass needs them all.

# %%
N, T, D, H = 2, 3, 4, 5
x = ramp(-0.1, 0.3, N, T, D)
h0 = ramp(-0.3, 0.1, N, H)
Wx = ramp(-0.2, 0.4, D, H)
Wh = ramp(-0.4, 0.1, H, H)
b = ramp(-0.7, 0.1, H)
expected_h = np.array(
    [
        [
            [-0.42070749, -0.27279261, -0.11074945, 0.05740409, 0.22236251],
            [-0.39525808, -0.22554661, -0.0409454, 0.14649412, 0.32397316],
            [-0.42305111, -0.24223728, -0.04287027, 0.15997045, 0.35014525],
        ],
        [
            [-0.55857474, -0.39065825, -0.19198182, 0.02378408, 0.23735671],
            [-0.27150199, -0.07088804, 0.13562939, 0.33099728, 0.50158768],
            [-0.51014825, -0.30524429, -0.06755202, 0.17806392, 0.40333043],
        ],
    ]
)

h, _ = rnn_forward(x, h0, Wx, Wh, b)
verdict("h error", rel_error(expected_h, h), at_most=1e-7)

# %%
check(rnn_forward)

# %% [markdown]
# The network can read a sentence now.
#
# ### A whole sequence, backward
#
# This is **back-propagation through time**: the same idea as before, on the unrolled network.
# Walk from the last time step to the first.
#
# ![Gradients in the unrolled network: each hidden state receives one gradient from the loss at its own step and one from the step after it; the gradients of the shared weights are summed over the steps.](pictures/backprop_through_time.png)
#
# Two things meet at every step:
#
# - A hidden state is used **twice**: a word is predicted from it, and the next step reads it. So two
#   gradients reach it, `dh[:, t]` from the loss at this step and `dprev_h` from the step after it.
#   They **add up**. After the last step comes nothing, so there the second one is zero.
# - The weights are used at **every** step, so their gradients are sums over all steps.
#
# A sum starts at zero. Make zeros with `np.zeros_like(a)`: it takes the shape and the number type of
# `a`. The captioner computes in float32, while `np.zeros(shape)` alone makes float64, which is slower.

# %% exercise="rnn_layers.rnn_backward"
# Walk backward through the time steps and call rnn_step_backward in each.
# What is dh0, once you have arrived at the first step?

# %%
np.random.seed(231)
N, D, T, H = 2, 3, 10, 5
x = np.random.randn(N, T, D)
h0 = np.random.randn(N, H)
Wx = np.random.randn(D, H)
Wh = np.random.randn(H, H)
b = np.random.randn(H)
dout = np.random.randn(N, T, H)

_, cache = rnn_forward(x, h0, Wx, Wh, b)
dx, dh0, dWx, dWh, db = rnn_backward(dout.copy(), cache)
check_gradients(
    lambda: rnn_forward(x, h0, Wx, Wh, b)[0], dout, 1e-6,
    dx=(x, dx), dh0=(h0, dh0), dWx=(Wx, dWx), dWh=(Wh, dWh), db=(b, db),
)

# %%
check(rnn_backward)

# %% [markdown]
# The recurrent network is complete: it reads a sequence and learns from it. It does not know words
# yet.
#
# ## Words
#
# ### Word embedding, forward
#
# A network computes with vectors, and a word is a number. Number 12 is not "more" than number 11,
# so the number itself is no use as an input. Instead, each word of the vocabulary has a **vector of
# its own**, a row of a table `W` with shape `(V, D)`. The vectors are learned with everything else.
#
# ![Words as numbers pick rows of the embedding table; in the backward pass the gradients of a word that occurs twice are added into its one row.](pictures/embedding.png)
#
# In the forward pass we look up the rows: words `(N, T)` become vectors `(N, T, D)`.

# %% exercise="rnn_layers.word_embedding_forward"
# No loop is needed: NumPy takes a whole array of row numbers between the
# brackets of an index, and gives an array of rows.

# %%
N, T, V, D = 2, 4, 5, 3
x = np.array([[0, 3, 1, 2], [2, 1, 0, 3]])
W = ramp(0, 1, V, D)
rows = np.array(
    [
        [0.0, 0.07142857, 0.14285714],
        [0.21428571, 0.28571429, 0.35714286],
        [0.42857143, 0.5, 0.57142857],
        [0.64285714, 0.71428571, 0.78571429],
    ]
)
expected_out = np.array(
    [[rows[0], rows[3], rows[1], rows[2]], [rows[2], rows[1], rows[0], rows[3]]]
)

out, _ = word_embedding_forward(x, W)
verdict("out error", rel_error(expected_out, out), at_most=2e-8)

# %%
check(word_embedding_forward)

# %% [markdown]
# Words are vectors now, and the RNN can read them.
#
# ### Word embedding, backward
#
# Which rows of the table does the loss depend on? Those of the words that occur, and a word can
# occur **more than once**: "a dog and a cat" looks up the row of "a" twice. Both look-ups used the
# same row, so both gradients belong to it, and they add up.
#
# There is a trap: `+=` on rows that are picked by an array. NumPy reads the old rows, adds, and writes
# them back, so of a row that is named twice only the last addition survives. `np.add.at` adds one
# after the other. (The row numbers may be an array `(N, T)`, too; the additions are then `(N, T, D)`.)

# %%
rows, additions = np.array([0, 2, 2]), np.array([1.0, 10.0, 100.0])

total = np.zeros(3)
total[rows] += additions
print("total[rows] += ...   ", total)

total = np.zeros(3)
np.add.at(total, rows, additions)
print("np.add.at(total, ...)", total)

# %% exercise="rnn_layers.word_embedding_backward"
# Start from a table of zeros, and add the gradient of each looked-up vector
# into the row that it was looked up from.
# A word may occur more than once.

# %%
np.random.seed(231)
N, T, V, D = 50, 3, 5, 6
x = np.random.randint(V, size=(N, T))
W = np.random.randn(V, D)

out, cache = word_embedding_forward(x, W)
dout = np.random.randn(*out.shape)
dW = word_embedding_backward(dout.copy(), cache)
check_gradients(lambda: word_embedding_forward(x, W)[0], dout, 1e-11, dW=(W, dW))

# %%
check(word_embedding_backward)

# %% [markdown]
# Words go in, and gradients come back to their vectors. Now for what comes out.
#
# ### From hidden states to scores
#
# At each time step the hidden state must become a **score for every word** of the vocabulary. An
# affine layer does that, the same one at each time step. Nothing in it depends on time, so we may
# treat the `N` sequences of `T` steps as `N * T` rows. These two functions are given.

# %% given="rnn_layers.temporal_affine_forward"

# %% given="rnn_layers.temporal_affine_backward"

# %%
np.random.seed(231)
N, T, D, M = 2, 3, 4, 5
x = np.random.randn(N, T, D)
w = np.random.randn(D, M)
b = np.random.randn(M)
dout = np.random.randn(N, T, M)

_, cache = temporal_affine_forward(x, w, b)
dx, dw, db = temporal_affine_backward(dout.copy(), cache)
check_gradients(
    lambda: temporal_affine_forward(x, w, b)[0],
    dout,
    1e-9,
    dx=(x, dx),
    dw=(w, dw),
    db=(b, db),
)

# %% [markdown]
# ### From scores to a loss
#
# The softmax loss is that of Foundations, at every time step. The scores of a step become
# probabilities, and its loss is $-\log p$ of the word that should have come: 0 if the network was
# certain of it, large if it thought it impossible. The gradient of the scores is, again, $p - y$.
#
# Over a minibatch the losses are **summed over time and averaged over the examples**. One thing is
# new: captions have different lengths and are padded with `<NULL>`. A **mask** `(N, T)` says which
# words count. Where it is False, a word adds nothing to the loss, and its gradient is zero. This
# function is given too; follow it line by line, since the mask will be yours to make.

# %% given="rnn_layers.temporal_softmax_loss"

# %% [markdown]
# How large should the loss of a network be that knows nothing? It gives each of `V` words the
# probability `1 / V`, so each word that counts costs $\log V$, which is 2.3 for 10 words. With one
# word a caption that is the loss. With ten words it is 23, and with one word in ten counted it is
# 2.3 again.


# %%
def loss_of_guessing(N, T, V, share_counted):
    x = 0.001 * np.random.randn(N, T, V)
    y = np.random.randint(V, size=(N, T))
    mask = np.random.rand(N, T) <= share_counted
    return temporal_softmax_loss(x, y, mask)[0]


verdict("one word", loss_of_guessing(100, 1, 10, 1.0), at_least=2.29, at_most=2.31)
verdict("ten words", loss_of_guessing(100, 10, 10, 1.0), at_least=22.9, at_most=23.1)
verdict(
    "ten words, one counts",
    loss_of_guessing(5000, 10, 10, 0.1),
    at_least=2.2,
    at_most=2.4,
)

# %%
N, T, V = 7, 8, 9
x = np.random.randn(N, T, V)
y = np.random.randint(V, size=(N, T))
mask = np.random.rand(N, T) > 0.5

_, dx = temporal_softmax_loss(x, y, mask, verbose=False)
numeric_dx = eval_numerical_gradient(
    lambda x: temporal_softmax_loss(x, y, mask)[0], x, verbose=False
)
verdict("dx error", rel_error(numeric_dx, dx), at_most=1e-7)

# %% [markdown]
# ## The captioner
#
# All parts are there. The class below is yours: it inherits its parameters from the course's model
# (`W_embed`, `W_proj`, `b_proj`, `Wx`, `Wh`, `b`, `W_vocab`, `b_vocab`, all in `self.params`), and
# you add the methods. We write each as a plain function and attach it.

# %% include="captioner_class"

# %% [markdown]
# Two small methods are given. `cell` says which functions make up the recurrent cell: yours, from
# above. (For `cell_type="lstm"` they are those of the next notebook; until then the course's own
# stand in.) `first_state` turns the features of a picture into the first hidden state: this is how
# the picture enters the network.

# %%
from cs231n.rnn_layers import lstm_backward, lstm_forward, lstm_step_forward

# %% given="classifiers.rnn.CaptioningRNN.cell"

# %% given="classifiers.rnn.CaptioningRNN.first_state"

# %% [markdown]
# ### The loss
#
# During training the network sees the true caption and has to predict, at each step, the word that
# comes next. So the **inputs are all words but the last**, and the **targets are all words but the
# first**: the same row, shifted by one.
#
# ![One caption, twice: as input, from <START> to the last word, and as target, from the first word to <END>. At each time step the target is the next input. Padding is masked.](pictures/shift.png)
#
# The forward pass, with `W` for the size of a word vector:
#
# 1. the features `(N, D)` become the first hidden state `(N, H)` (affine: `W_proj`, `b_proj`);
# 2. the input words `(N, T)` become vectors `(N, T, W)` (embedding: `W_embed`);
# 3. the recurrent network turns them into hidden states `(N, T, H)` (`Wx`, `Wh`, `b`);
# 4. each hidden state becomes scores `(N, T, V)` (temporal affine: `W_vocab`, `b_vocab`);
# 5. scores, target words and mask become one number, the loss.
#
# Two remarks. The first step needs a cache for the way back, so call `affine_forward` itself, and not
# `first_state`, which keeps none. And comparing an array with a number gives an array of True and
# False: that is how a mask is made.
#
# The backward pass goes through the same five, from the last to the first. For each parameter it
# leaves a gradient in a dictionary, under the name that the parameter has in `self.params`.
#
# This is the longest exercise. **Do it in two halves.** Write the forward pass first, return the loss
# with an empty dictionary, and run the next two cells: the loss has a check of its own, and
# `check(loss)` judges what is there. Then come back and write the way back.

# %% exercise="classifiers.rnn.CaptioningRNN.loss"
# Forward: split each caption into input words and target words, and go through
# the five steps of the text above.
# The functions for it are affine_forward, word_embedding_forward,
# temporal_affine_forward and temporal_softmax_loss, and in the middle the second
# of the three functions that self.cell() returns: it runs over a whole sequence.
# A target counts in the loss unless it is padding, the word number self._null.
# Backward: the backward function of each step, from the last to the first (the
# third function of self.cell() is the cell's).
# Which gradient does each of them take, and which does it hand on?

# %%
N, D, W, H = 10, 20, 30, 40
word_to_idx = {"<NULL>": 0, "cat": 2, "dog": 3}
V, T = len(word_to_idx), 13

model = CaptioningRNN(
    word_to_idx,
    input_dim=D,
    wordvec_dim=W,
    hidden_dim=H,
    cell_type="rnn",
    dtype=np.float64,
)
for name, parameter in model.params.items():
    model.params[name] = ramp(-1.4, 1.3, *parameter.shape)
features = ramp(-1.5, 0.3, N, D)
captions = (np.arange(N * T) % V).reshape(N, T)
expected_loss = 9.83235591003

value, grads = model.loss(features, captions)
print(f"loss: {value:.10f}, expected: {expected_loss}")
verdict("difference", abs(value - expected_loss), at_most=1e-10)

# %%
check(loss)

# %% [markdown]
# The right loss shows that the forward pass is right. If `check` says `NOT YET` and that the gradients
# are missing, you are half-way: go on with the backward pass in the cell above.
#
# The gradients are checked one parameter at a time, on a model so small that numeric gradients are
# quick.

# %%
np.random.seed(231)
captions = np.random.randint(3, size=(2, 3))
features = np.random.randn(2, 4)
model = CaptioningRNN(
    word_to_idx,
    input_dim=4,
    wordvec_dim=5,
    hidden_dim=6,
    cell_type="rnn",
    dtype=np.float64,
)

_, grads = model.loss(features, captions)
print(f"gradients: {len(grads)} of {len(model.params)}")
for name in sorted(grads):
    numeric = eval_numerical_gradient(
        lambda _: model.loss(features, captions)[0],
        model.params[name],
        verbose=False,
        h=1e-6,
    )
    verdict(f"{name} relative error", rel_error(numeric, grads[name]), at_most=1e-5)

# %%
check(loss)

# %% [markdown]
# The captioner can learn. Let us make sure that it does.
#
# ### Overfit fifty captions
#
# Before you train a model for long, train it on very little. A model that works can learn fifty
# captions by heart. If it cannot, then something is broken, and you know it after a few seconds
# and not after a night. `CaptioningSolver` draws minibatches, asks your `loss` for gradients, and
# changes the parameters with the update rule Adam. Fifty epochs of two minibatches each are 100
# iterations. After each epoch the learning rate is multiplied by `lr_decay`, so that the steps get
# shorter.

# %%
np.random.seed(231)
small_data = load_coco_data(max_train=50)
small_model = CaptioningRNN(
    data["word_to_idx"],
    input_dim=data["train_features"].shape[1],
    wordvec_dim=256,
    hidden_dim=512,
    cell_type="rnn",
)
small_solver = CaptioningSolver(
    small_model,
    small_data,
    update_rule="adam",
    optim_config={"learning_rate": 5e-3},
    lr_decay=0.95,
    num_epochs=50,
    batch_size=25,
    print_every=10,
)

small_solver.train()
verdict("final loss", small_solver.loss_history[-1], at_most=0.1)
plot_loss(small_solver.loss_history, log=True)
show_figure()

# %% [markdown]
# ### Perplexity: the loss in words
#
# Where does the curve start? A network that knows nothing pays about $\log V$ for each word, as you
# saw above. The loss is summed over a caption, so longer captions make it larger. To compare models
# and data sets, divide it by the words that count, and take `exp`. That is the **perplexity**: the
# network is as unsure as if it had to choose, at each word, among so many words at random.


# %%
def perplexity(model, captions, features):
    """exp of the loss per word; 1 would be certainty."""
    words = np.sum(captions[:, 1:] != model._null) / len(captions)
    return np.exp(model.loss(features, captions)[0] / words)


def all_of(split_data):
    """All training captions of a small data set, each with the features of its
    picture.
    """
    return split_data["train_captions"], split_data["train_features"][
        split_data["train_image_idxs"]
    ]


fresh_model = CaptioningRNN(
    data["word_to_idx"],
    input_dim=data["train_features"].shape[1],
    wordvec_dim=256,
    hidden_dim=512,
)
print("words in the vocabulary:", len(data["word_to_idx"]))
# Several seeds: 208 to 214 before training (fresh scores are not quite equal, which is
# worse than guessing among all words alike), 1.006 after it.
verdict(
    "perplexity before training",
    perplexity(fresh_model, *all_of(small_data)),
    at_least=150,
)
verdict(
    "perplexity of the overfitted model",
    perplexity(small_model, *all_of(small_data)),
    at_most=1.05,
)

# %% [markdown]
# ## Writing captions
#
# ### Training is not writing
#
# During training the network always reads the **true** previous word, even if it would have said
# something else. This is called **teacher forcing**. When it writes there is no truth to read: it
# has to go on from **its own** previous word.
#
# ![Teacher forcing and sampling side by side: in training each step reads the true previous word; in sampling each step reads the word that the network chose in the step before.](pictures/teacher_forcing.png)
#
# So we need a single time step that reads a word and scores what may come next: `next_scores`. The
# state is a list, `[h]` for a vanilla RNN, `[h, c]` for an LSTM. A star makes your method serve both:
# `step_forward(x, *state, ...)` passes all entries of the list as arguments of their own, and on the
# left of an assignment, `*first, last = values` puts all values but the last into a list.

# %% exercise="classifiers.rnn.CaptioningRNN.next_scores"
# Three of the five steps of the loss, for a single word: look up, step, score.
# The step function is the first that self.cell() returns. What it gives back
# ends with its cache, which nobody needs here.
# Scores come from the hidden state, the first entry of the state.

# %%
two_words = np.array([data["word_to_idx"]["<START>"], data["word_to_idx"]["a"]])
first_two = data["val_features"][:2]

scores, state = small_model.next_scores(two_words, small_model.first_state(first_two))
print("scores:", scores.shape, " state:", [s.shape for s in state])

# %%
check(next_scores)

# %% [markdown]
# With the scores at hand, a caption is a short loop: start with `<START>`, take the word with the
# best score, feed it back in, and stop at `<END>`. Always taking the best word is called **greedy**
# decoding.
#
# A minibatch writes `N` captions at once, and they do not all end at the same step. Each row stops
# on its own: after its `<END>` it holds `<NULL>`, while the others go on. So remember for each row
# whether it has ended, in an array of `N` times True or False. `np.where(condition, a, b)` takes each
# number from `a` where the condition is True and from `b` elsewhere, and `argmax(axis=1)` gives the
# place of the largest number in each row.

# %% exercise="classifiers.rnn.CaptioningRNN.sample"
# What is the state before the first word, and which word is read first? The
# numbers of the special words are self._start, self._end and self._null.
# Then, step by step: score, choose the best word of each row, write it down,
# and feed it back in.
# A row that has written its end stays silent.

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
        images, written, truth=truth, columns=2, title=f"overfitted model, {split}"
    )
    show_figure()

# %%
check(sample)

# %% [markdown]
# The captions of the two training pictures should be those that the model learned by heart. Those of
# the two validation pictures need not make sense: fifty captions are not enough to learn what a
# picture shows.
#
# ### Inline question 1
#
# Our captioner chooses among whole words. It could also write **letter by letter**, with a
# vocabulary of some forty characters. Name one advantage and one disadvantage of that. Think of
# what it would mean for the parameters in each case. How much longer would a sentence be? (The notebook
# **Character_Captioning** tries it.)

# %%
texts = decode_captions(data["train_captions"][:5000, 1:], data["idx_to_word"])
texts = [text.removesuffix(" <END>") for text in texts]
print(f"words in a caption:   {np.mean([len(text.split()) for text in texts]):.1f}")
print(
    f"letters in a caption: {np.mean([len(text) for text in texts]):.1f} "
    "(spaces included)"
)

# %% [markdown] answer
# **An advantage.** The tables that depend on the vocabulary shrink. `W_embed` and `W_vocab` have a
# row or a column for every word. For COCO's 1,004 words, with 256 numbers a word and 512 hidden units,
# that is 1,004 x (256 + 512) of 1.43 million parameters, 54 %; with forty characters the tables
# nearly vanish. And there is no `<UNK>`: any word can
# be spelled, also one that was never seen.
#
# **A disadvantage.** Sentences become more than four times as long, as the cell above shows. The
# network has to learn spelling before it can learn grammar, and it has to carry what the picture
# shows over four times as many time steps, and gradients as far back. To hold so much it may need a
# larger hidden state, and then the parameters saved in the tables come back in `Wh`, whose size
# grows with the square of `H`. It is slower too, since the time steps of a sentence cannot be
# computed side by side.

# %% [markdown]
# ## One step further: pictures that the network has never seen
#
# Learning fifty captions by heart was a test. Now train on **all** of Emoji Scenes: 40,000
# captions, five times over. The number of steps is fixed; they take about a minute. (This section
# always uses Emoji Scenes, since only there can a caption be proved true.)

# %%
from cs231n.coco_utils import EMOJI_SCENES
from cs231n.metrics import truth_table
from cs231n.scenes import Group, Scene, draw, extract_features, judge, load_scenes

np.random.seed(231)
scene_data = load_coco_data(base_dir=EMOJI_SCENES)
val_scenes = load_scenes("val")
model = CaptioningRNN(
    scene_data["word_to_idx"],
    input_dim=scene_data["train_features"].shape[1],
    wordvec_dim=256,
    hidden_dim=256,
    cell_type="rnn",
)
solver = CaptioningSolver(
    model,
    scene_data,
    update_rule="adam",
    optim_config={"learning_rate": 2e-3},
    lr_decay=0.5,
    num_epochs=5,
    batch_size=100,
    print_every=200,
)

solver.train()
plot_loss(solver.loss_history, log=True)
show_figure()

# %% [markdown]
# ### What does it write?
#
# Here are twelve ordinary validation pictures, drawn by lot. None of them was in the training set.
# Below each stands what your network wrote, and whether it is true. The judge reads the caption
# and looks at the scene from which the picture was drawn: kinds, counts, sizes, who is left of
# whom.


# %%
def write_captions(features):
    """Greedy captions without their <END>, one text for each row of features."""
    numbers = model.sample(features, max_length=16)
    return [
        c.replace(" <END>", "")
        for c in decode_captions(numbers, scene_data["idx_to_word"])
    ]


ordinary = [i for i, scene in enumerate(val_scenes) if not scene.compositional]
some = np.random.RandomState(5).choice(ordinary, 12, replace=False)

written = write_captions(scene_data["val_features"][some])
correct = [judge(caption, val_scenes[i]).true for caption, i in zip(written, some)]
show_captions([draw(val_scenes[i]) for i in some], written, correct=correct, columns=4)
show_figure()

# %% [markdown]
# ### How many are true?
#
# Twelve pictures prove little, so judge them all. One number would mislead, so there are several:
#
# - **ordinary** scenes are like those of training, but new. Some *repeat* the content of a training
#   scene (the same kinds, counts and sizes in the same setting, elsewhere in the picture), and some
#   do not: for these, remembering is not enough.
# - **compositional** scenes pair two things that never met in training, though each is common there.
#   They ask whether the network understands a picture by its parts.
# - With **shuffled features**, each caption is written for another picture. What is still true then
#   is luck. It shows that the network really looks.

# %%
features = scene_data["val_features"]
shuffled_features = np.random.RandomState(0).permutation(features)

table = truth_table(write_captions(features), val_scenes)
shuffled = truth_table(write_captions(shuffled_features), val_scenes)
print(table)
# Three seeds gave 86.3 to 89.2 % on ordinary scenes (0.4 to 0.5 % with shuffled
# features), 18 to 28 points less where the content is new, and 23 to 30 points less on
# compositional scenes.
verdict("true on ordinary scenes", 100 * table.ordinary, at_least=80, unit="%")
verdict("true with shuffled features", 100 * shuffled.ordinary, at_most=2, unit="%")
verdict(
    "points lost where the content is new",
    100 * (table.repeated - table.new),
    at_least=8,
)
verdict(
    "points lost on compositional scenes",
    100 * (table.ordinary - table.compositional),
    at_least=10,
)

captions, features, _ = sample_coco_minibatch(scene_data, batch_size=1000, split="val")
# Three seeds: 2.30 to 2.32. Guessing among all words would be 198.
verdict(
    "perplexity on new pictures", perplexity(model, captions, features), at_most=2.5
)

# %% [markdown]
# The network does well on what it has seen in some form, and clearly worse on new combinations. That
# is no mistake in your code, and it is why one number is not enough. The perplexity flatters the
# network: on average it wavers between two or three words, and that is no wonder, since a picture
# can be described in more than one way. Whether a caption is *true* it does not say.
#
# ### What happens inside, word by word?
#
# Each column below is the hidden state after reading one word, each row one unit. Above the line are
# the units that change least while the caption is written, below it those that change most.

# %%
busiest = max(some, key=lambda i: len(val_scenes[i].groups))
row = scene_data["val_features"][busiest : busiest + 1]

words = ["<START>"] + write_captions(row)[0].split()
state, states = model.first_state(row), []
for word in words:
    _, state = model.next_scores(np.array([scene_data["word_to_idx"][word]]), state)
    states.append(state[0][0])
states = np.array(states)
show_hidden_states(states, words)
show_figure()

# Over three seeds and ten captions each: 0 to 6 units.
still = np.sum(np.ptp(states, axis=0) < 0.2)
verdict("of 256 units, those that move by less than 0.2", still, at_most=20)

# %% [markdown]
# One might expect some units to carry the picture and others to keep track of the grammar. Then
# many would stand still. Hardly any does: nearly every unit moves with nearly every word.
#
# So where is the picture? **Test it.** Let the network read 30 sentences, each with 30 different
# pictures, 900 pairs in all. How much of what differs among the 900 states, after so many words, is due
# to the picture (same sentence, another picture), and how much to the sentence (same picture, another
# sentence)? What neither explains alone is due to the pair.

# %%
rng = np.random.RandomState(0)
pictures = scene_data["val_features"][rng.choice(ordinary, 30, replace=False)]
long_captions = scene_data["val_captions"]
long_captions = long_captions[np.sum(long_captions != model._null, axis=1) >= 11]
sentences = long_captions[rng.choice(len(long_captions), 30, replace=False), :10]

by_picture, by_sentence = [], []
# Each picture with all sentences
state = model.first_state(np.repeat(pictures, 30, axis=0))
for t in range(10):
    _, state = model.next_scores(np.tile(sentences[:, t], 30), state)
    h = state[0].reshape(30, 30, -1)  # (pictures, sentences, H)
    spread = h.var(axis=(0, 1)).sum()
    by_picture.append(h.mean(axis=1).var(axis=0).sum() / spread)
    by_sentence.append(h.mean(axis=0).var(axis=0).sum() / spread)

plot_curves(
    {"picture": by_picture, "sentence": by_sentence},
    "words read",
    "share of what differs",
)
show_figure(
    "How much of the hidden state is due to the picture and to the sentence, "
    "word by word"
)

# Over three seeds, after ten words: picture 27 to 30 %, sentence 53 to 56 %.
verdict("due to the picture after 1 word", 100 * by_picture[0], at_least=99, unit="%")
verdict(
    "due to the picture after 10 words",
    100 * by_picture[-1],
    at_least=15,
    at_most=45,
    unit="%",
)
verdict(
    "due to the sentence after 10 words", 100 * by_sentence[-1], at_least=40, unit="%"
)

# %% [markdown]
# After `<START>` the state is all picture, since every sentence begins alike. Word by word the
# sentence takes over, and still a part of the state is due to the picture after ten words. Both live
# in the *same* units.
#
# ### Your own picture
#
# Compose a scene and see what your network makes of it. `Group("cat", count=2, size="small")` puts
# two small cats somewhere sensible; `x` and `y` place them where you want, and `on="bed"` puts them
# on the bed. Change the scene and run the cell again.
#
# Try also `Scene("snow", ["snowman", Group("penguin", count=3)])`. Both are common in snow, but in
# training they never stood there together.

# %%
scene = Scene("street", [Group("bus", size="big"), Group("dog", size="small")])
picture = draw(scene)

caption = write_captions(extract_features(picture[None]))[0]
judgement = judge(caption, scene)
show_captions([picture], [caption], correct=[judgement.true], columns=1)
show_figure()

# %% [markdown]
# ## Optional: gradients that explode
#
# This section is harder, and nothing later needs it.
#
# Going back through a time step, a gradient is multiplied by the slope of the tanh and by $W_h^T$. Over
# 40 steps that happens 40 times. A factor a little below 1 in each step makes it **vanish**, one a
# little above makes it **explode**. How far does it come with the captioner's own weights at the
# start of training, and what if `Wh` were half or three times as large?


# %%
def gradient_per_step(scale, T=40, N=20):
    """The length of the gradient 1, 2, ..., T steps back; at the end it is 1."""
    np.random.seed(231)
    start = CaptioningRNN(
        scene_data["word_to_idx"], wordvec_dim=256, hidden_dim=256, dtype=np.float64
    )
    params, caches = start.params, []
    words = np.random.randint(4, len(scene_data["word_to_idx"]), size=(N, T))
    [h] = start.first_state(scene_data["val_features"][:N].astype(np.float64))
    for t in range(T):
        x = params["W_embed"][words[:, t]]
        h, cache = rnn_step_forward(
            x, h, params["Wx"], scale * params["Wh"], params["b"]
        )
        caches.append(cache)
    gradient = np.random.randn(N, 256)
    at_the_end, lengths = np.linalg.norm(gradient), []
    for t in reversed(range(T)):
        _, gradient, *_ = rnn_step_backward(gradient, caches[t])
        lengths.append(np.linalg.norm(gradient))
    return np.array(lengths) / at_the_end


lengths = {f"Wh x {scale}": gradient_per_step(scale) for scale in (0.5, 1, 3)}
plot_curves(lengths, "steps back from the end", "length of the gradient", log=True)
show_figure("The length of the gradient, step by step back")

# Five seeds: 3e-13 to 5e-12; 0.1 to 0.3; 200,000 to 330,000.
verdict("half of Wh, 40 steps back", lengths["Wh x 0.5"][-1], at_most=1e-9)
verdict("Wh as it is", lengths["Wh x 1"][-1], at_least=0.01, at_most=3)
verdict("three times Wh", lengths["Wh x 3"][-1], at_least=10_000)

# %% [markdown]
# A gradient that has exploded throws the parameters far away in a single step. The usual remedy is
# **clipping**: if all gradients, taken together as one long vector, are longer than a limit, shorten
# them to it. All are multiplied by the same factor, so that the direction stays. The length of a
# vector is the root of the sum of the squares of its entries, its **norm**.

# %% exercise="captioning_solver.clip_gradients"
# How long is the vector of all entries of all arrays?
# If it is too long, which factor makes it clip_norm long?
# Leave the dictionary and its arrays as they are, and return new ones.

# %%
grads = {"W": np.array([[3.0, 0.0], [0.0, 4.0]]), "b": np.array([12.0])}
clipped, norm = clip_gradients(grads, 6.5)
print(
    "norm:",
    norm,
    " clipped W:",
    clipped["W"].tolist(),
    " clipped b:",
    clipped["b"].tolist(),
)
verdict("norm error", abs(norm - 13), at_most=1e-12)
verdict("b error", abs(clipped["b"][0] - 6), at_most=1e-12)

# %%
check(clip_gradients)

# %% [markdown]
# Does it help? Adam needs it less, since it makes its steps about equally long anyway. So take plain
# gradient descent, with a learning rate that is too large: 60 steps without and with clipping.


# %%
def descend(clip_norm, steps=60, learning_rate=0.1):
    """Train with plain gradient descent; returns the loss of each step."""
    np.random.seed(231)
    learner = CaptioningRNN(scene_data["word_to_idx"], wordvec_dim=256, hidden_dim=256)
    losses = []
    for _ in range(steps):
        captions, features, _ = sample_coco_minibatch(scene_data, batch_size=100)
        value, grads = learner.loss(features, captions)
        grads, _ = clip_gradients(grads, clip_norm)
        for name, parameter in learner.params.items():
            parameter -= learning_rate * grads[name]
        losses.append(value)
    return losses


runs = {"without clipping": descend(np.inf), "clipped to 5": descend(5)}
plot_loss(runs)
show_figure()

# The mean of the last ten steps, over three seeds: 65 to 185 without clipping, 26 to 27
# with it.
without, clipped = (np.mean(losses[-10:]) for losses in runs.values())
verdict("loss with clipping", clipped, at_most=35)
verdict("loss without clipping, over that", without / clipped, at_least=1.5)

# %% [markdown]
# ## Try it
#
# Answer these by changing a cell and running it again.
#
# 1. Go back to *Your own picture* and compose `Scene("snow", ["snowman", Group("penguin", count=3)])`. Is
#    the caption true? Try other scenes until one is false. What is wrong in it: kind, count, size,
#    setting, or a relation?
# 2. What does your network write if it sees nothing: `write_captions(0 * features[:1])`? Where does
#    such a sentence come from?
# 3. Let the padding count: in your `loss`, make a mask that is True everywhere, and overfit again.
#    Where does the curve of the loss start now? Do the captions get worse? (Put the mask back.)

# %% [markdown] answer
# 1. It differs from run to run, and from scene to scene. The grammar is nearly always right, as the
#    table above says: a false caption is a well-formed sentence about a slightly different picture.
# 2. A grammatical sentence about things that are not there. It is what the words alone make likely: a
#    captioner is also a language model, and where the picture says nothing, that speaks. This is why
#    the test with shuffled features is needed.
# 3. It starts nearly twice as high, since now all 16 positions of a row count and not nine or ten. The
#    captions stay as good: nobody reads what comes after `<END>`. But a share of the gradient is
#    spent on learning to write `<NULL>`, and the loss no longer tells how well words are predicted.

# %% [markdown]
# ## What you have
#
# You have built a captioner by hand: its cell, its memory, its words, its loss, all gradients, and
# the loop that writes. The same code learns from photographs once COCO is there.
#
# ### Recap
#
# Answer from memory, then look it up.
#
# 1. Two gradients meet in each hidden state. Where do they come from, and what happens to them there?
# 2. Your model reaches a loss of 0.07 on fifty captions. What does that prove, and what not?
# 3. 87 % of the captions of new pictures are true. Which three further figures would you ask for?

# %% [markdown] answer
# 1. One comes from the loss at its own time step, one from the next time step, which read it. They add
#    up, since what is used twice gets the sum of both.
# 2. That the parts fit together: forward, backward and update can learn something. It does not prove
#    each part right (many mistakes still overfit), and it says nothing about new pictures.
# 3. The share on pictures whose content is new, the share on new combinations, and the share with
#    shuffled features. And whether the captions say enough: how many things they name.

# %% [markdown]
# ### A question for the next notebook: does it forget?
#
# It is often said that a vanilla RNN forgets: it pushes all that it knows through a tanh at every step,
# so that what the first steps put in is soon gone. What have you seen? With its own weights, the
# gradient that came 40 steps back was still there, neither vanished nor exploded. But after ten
# words less than half of what differs in its state was due to the picture.
#
# Was the picture forgotten, or did the network only keep what it still had to say? Neither figure
# decides that. The next notebook, **LSTM_Captioning**, builds a cell whose memory need not pass through a
# tanh, and measures both cells on the same sentences.
#
# ### Sources
#
# - Captions from a recurrent network: Vinyals, Toshev, Bengio and Erhan, *Show and Tell*, CVPR 2015;
#   Karpathy and Fei-Fei, *Deep Visual-Semantic Alignments for Generating Image Descriptions*, CVPR 2015.
# - Recurrent networks: Elman, *Finding Structure in Time*, Cognitive Science 14, 1990. Back-propagation
#   through time: Werbos, *Backpropagation Through Time: What It Does and How to Do It*, Proceedings
#   of the IEEE 78, 1990.
# - Vanishing and exploding gradients: Bengio, Simard and Frasconi, *Learning Long-Term Dependencies
#   with Gradient Descent is Difficult*, 1994. Clipping: Pascanu, Mikolov and Bengio, *On the
#   Difficulty of Training Recurrent Neural Networks*, ICML 2013.
# - COCO: Lin and others, *Microsoft COCO: Common Objects in Context*, ECCV 2014. VGG-16: Simonyan and
#   Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR 2015.
# - The order of the exercises follows assignment 3 of Stanford's CS231n, *Convolutional Neural
#   Networks for Visual Recognition*.

# %%
check.summary()
