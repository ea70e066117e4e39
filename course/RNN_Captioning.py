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
# Work from top to bottom. Each exercise is a cell with `TODO` in it. The cell below it compares
# your numbers with known ones, and `check(...)` tells you what is wrong if something is.

# %% include="setup"

# %%
import matplotlib.pyplot as plt
import numpy as np

import cs231n.classifiers.rnn
from cs231n.captioning_solver import CaptioningSolver
from cs231n.coco_utils import decode_captions, load_coco_data, sample_coco_minibatch
from cs231n.feedback import check
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
    verdict,
)
from cs231n.image_utils import image_from_url
from cs231n.rnn_layers import affine_backward, affine_forward
from cs231n.vis_utils import plot_loss, show_captions, show_hidden_states

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
# **Features.** A captioner does not start from pixels. A convolutional network has looked at each
# picture before, and its summary is what we get: 512 numbers a picture. For COCO that network is
# VGG-16, trained on ImageNet; its layer fc7 gives 4,096 numbers, which principal component analysis
# (PCA) reduces to 512, to save time and memory. For Emoji Scenes it is a much smaller network. The
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
plt.show()

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
# any length.
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
# Compute the next hidden state in one line, and put what the backward
# pass needs into the cache. Look one exercise ahead if you are not sure.

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
# Call the sum inside the tanh $a$. Two rules are all you need:
#
# - **Through the tanh.** Its slope at $a$ is $1 - \tanh^2(a)$. You know $\tanh(a)$ already: it is
#   the output.
# - **Through a product** $Y = X W$. The gradient of $X$ is $dY\, W^T$, the gradient of $W$ is
#   $X^T dY$. If you forget which is which, let the shapes remind you: a gradient has the shape of
#   what it belongs to.
#
# The bias was added to each of the `N` rows, so its gradient is a sum over the rows.

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
# NumPy can do this in one line, without a loop: index W with an array.

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
expected_out = np.array([[rows[0], rows[3], rows[1], rows[2]], [rows[2], rows[1], rows[0], rows[3]]])

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
# There is a trap. `dW[x] += dout` *looks* right, but NumPy reads the old rows, adds, and writes
# them back, so of a repeated word only the last gradient survives.

# %% exercise="rnn_layers.word_embedding_backward"
# Add each vector of dout into its row of dW. np.add.at does just that,
# also for rows that are named more than once.

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
    lambda: temporal_affine_forward(x, w, b)[0], dout, 1e-9, dx=(x, dx), dw=(w, dw), db=(b, db)
)

# %% [markdown]
# ### From scores to a loss
#
# A softmax turns the scores of a time step into probabilities, and the loss of that step is
# $-\log p$ of the word that should have come: 0 if the network was certain of it, large if it
# thought it impossible.
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
verdict("ten words, one counts", loss_of_guessing(5000, 10, 10, 0.1), at_least=2.2, at_most=2.4)

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
# 1. the features `(N, D)` become the first hidden state `(N, H)` (affine);
# 2. the input words `(N, T)` become vectors `(N, T, W)` (embedding);
# 3. the recurrent network turns them into hidden states `(N, T, H)`;
# 4. each hidden state becomes scores `(N, T, V)` (temporal affine);
# 5. scores, target words and mask become one number, the loss.
#
# The backward pass goes through the same five, from the last to the first. For each parameter it
# leaves a gradient in a dictionary, under the name that the parameter has in `self.params`.

# %% exercise="classifiers.rnn.CaptioningRNN.loss"
# step_forward, forward, backward = self.cell() gives the functions of the cell.
# Which targets count? Those that are not self._null.
# The layers: affine, word_embedding, temporal_affine (each _forward and
# _backward) and temporal_softmax_loss.

# %%
N, D, W, H = 10, 20, 30, 40
word_to_idx = {"<NULL>": 0, "cat": 2, "dog": 3}
V, T = len(word_to_idx), 13

model = CaptioningRNN(
    word_to_idx, input_dim=D, wordvec_dim=W, hidden_dim=H, cell_type="rnn", dtype=np.float64
)
for name, parameter in model.params.items():
    model.params[name] = ramp(-1.4, 1.3, *parameter.shape)
features = ramp(-1.5, 0.3, N, D)
captions = (np.arange(N * T) % V).reshape(N, T)
expected_loss = 9.83235591003

value, grads = model.loss(features, captions)
print(f"loss: {value:.10f}, expected: {expected_loss}")
verdict("difference", abs(value - expected_loss), at_most=1e-10)

# %% [markdown]
# The right loss shows that the forward pass is right. The gradients are checked one parameter at a
# time, on a model so small that numeric gradients are quick.

# %%
np.random.seed(231)
captions = np.random.randint(3, size=(2, 3))
features = np.random.randn(2, 4)
model = CaptioningRNN(
    word_to_idx, input_dim=4, wordvec_dim=5, hidden_dim=6, cell_type="rnn", dtype=np.float64
)

_, grads = model.loss(features, captions)
for name in sorted(grads):
    numeric = eval_numerical_gradient(
        lambda _: model.loss(features, captions)[0], model.params[name], verbose=False, h=1e-6
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
# changes the parameters with the update rule Adam.

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
plt.show()

# %% [markdown]
# Where does the curve start? A network that knows nothing pays about $\log V$ for each word, as you
# saw above, and a caption has about ten words with its `<END>`.
#
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
# state is a list, `[h]` for a vanilla RNN, `[h, c]` for an LSTM. With `step_forward(x, *state, ...)`
# your method serves both.

# %% exercise="classifiers.rnn.CaptioningRNN.next_scores"
# Look up the vectors of the words, take one step with the cell's step function,
# and score the vocabulary from the hidden state, the first entry of the state.

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
# on its own: after its `<END>` it holds `<NULL>`, while the others go on.

# %% exercise="classifiers.rnn.CaptioningRNN.sample"
# Start from self.first_state(features) and the word self._start.
# In each step: self.next_scores, the best word of each row, and into the
# result with it, unless the row has ended. The end is self._end.

# %%
for split in ("train", "val"):
    np.random.seed(231)
    captions, features, urls = sample_coco_minibatch(small_data, batch_size=2, split=split)
    truth = decode_captions(captions, data["idx_to_word"])

    written = decode_captions(small_model.sample(features), data["idx_to_word"])
    images = [image_from_url(url) for url in urls]
    show_captions(images, written, truth=truth, columns=2, title=f"overfitted model, {split}")
    plt.show()

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
# what it would mean for the parameters in each case.

# %% [markdown] answer
# **An advantage.** The tables that depend on the vocabulary shrink. `W_embed` and `W_vocab` have a
# row or a column for every word, which for COCO's 1,004 words and 512 hidden units is more than half
# of all parameters; with forty characters they nearly vanish. And there is no `<UNK>`: any word can
# be spelled, also one that was never seen.
#
# **A disadvantage.** Sentences become about five times as long. The network has to learn spelling
# before it can learn grammar, and it has to carry what the picture shows over fifty time steps and
# not ten, where gradients have vanished long before. To hold so much it needs a larger hidden state,
# and the parameters saved in the tables come back in `Wh`, whose size grows with the square of `H`.
# It is slower too, since the time steps cannot be computed side by side.

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
plt.show()

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
    return [c.replace(" <END>", "") for c in decode_captions(numbers, scene_data["idx_to_word"])]


ordinary = [i for i, scene in enumerate(val_scenes) if not scene.compositional]
some = np.random.RandomState(5).choice(ordinary, 12, replace=False)

written = write_captions(scene_data["val_features"][some])
correct = [judge(caption, val_scenes[i]).true for caption, i in zip(written, some)]
show_captions([draw(val_scenes[i]) for i in some], written, correct=correct, columns=4)
plt.show()

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
verdict("true on ordinary scenes", 100 * table.ordinary, at_least=75, unit="%")
verdict("true with shuffled features", 100 * shuffled.ordinary, at_most=3, unit="%")

# %% [markdown]
# The network does well on what it has seen in some form, and clearly worse on new combinations. That
# is no mistake in your code. It is what such networks do, and the reason why one number is not
# enough.
#
# ### What happens inside, word by word?
#
# Each column below is the hidden state after reading one word. Some units stay as they are through
# the whole sentence: they carry what the picture shows. Others flip from word to word: they keep track
# of the grammar.

# %%
busiest = max(some, key=lambda i: len(val_scenes[i].groups))
row = scene_data["val_features"][busiest : busiest + 1]

words = ["<START>"] + write_captions(row)[0].split()
state, states = model.first_state(row), []
for word in words:
    _, state = model.next_scores(np.array([scene_data["word_to_idx"][word]]), state)
    states.append(state[0][0])
show_hidden_states(np.array(states), words)
plt.show()

# %% [markdown]
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
plt.show()

# %% [markdown]
# ## What you have
#
# You have built a captioner by hand: its cell, its memory, its words, its loss, all gradients, and
# the loop that writes. The same code learns from photographs once COCO is there.
#
# Where does it go wrong? It forgets. A vanilla RNN pushes all that it knows through a tanh at every
# step. The next notebook, **LSTM_Captioning**, gives it a memory that is not overwritten each time.

# %%
check.summary()
