# %% [markdown]
# # Captions with PyTorch
#
# You have written every backward pass of a captioner by hand. PyTorch finds them by itself. In this
# notebook you write the same captioner once more, on PyTorch's tensors, and hold the gradients that it
# finds against your own, number by number. It follows the edition of Stanford's assignment that is
# written in PyTorch.
#
# **Afterwards you can**
#
# - write a recurrent captioner in PyTorch, and say what autograd keeps and what it does with it;
# - see what cuts a gradient off, before a training that does not learn shows it;
# - carry weights from NumPy to PyTorch's own modules, and back.
#
# **Time:** one to two hours for the five exercises, half an hour more for the optional ones (our
# estimate, not yet measured on a class). The computing takes about a minute.
#
# **It needs** what **RNN_Captioning** builds, and PyTorch, which is optional in this course:
# `make pytorch` installs it.

# %% include="setup"

# %%
import numpy as np

import cs231n.classifiers.rnn
import cs231n.rnn_layers as by_hand
from cs231n.captioning_solver_pytorch import CaptioningSolverPytorch
from cs231n.classifiers.module_pytorch import CaptioningModule
from cs231n.classifiers.rnn_pytorch import CaptioningRNN as CourseCaptioner
from cs231n.coco_utils import decode_captions, load_coco_data, sample_coco_minibatch
from cs231n.feedback.check_pytorch import check
from cs231n.figure_texts import show_figure
from cs231n.gradient_check import rel_error, verdict
from cs231n.image_utils import image_from_url
from cs231n.import_pytorch import torch
from cs231n.rnn_layers_pytorch import (
    affine_forward,
    temporal_affine_forward,
    temporal_softmax_loss,
)
from cs231n.vis_utils import plot_loss, show_captions

# %% [markdown]
# ## Tensors remember
#
# A **tensor** is an array that can remember how it was computed. If one that goes in *requires a
# gradient*, what comes out keeps a note of the operation and of what its backward pass needs: the cache
# that you returned by hand. `backward()` walks along these notes from the end to the start.
#
# `ramp` makes test inputs. `both_ways` draws arguments, sends a gradient back through your function by
# autograd and through the course's backward pass by hand, and compares the two.


# %%
def ramp(low, high, *shape):
    """Evenly spaced numbers from low to high, in a tensor of the given shape."""
    numbers = np.linspace(low, high, num=int(np.prod(shape)))
    return torch.from_numpy(numbers.reshape(shape))


def both_ways(forward, by_hand_forward, by_hand_backward, names, *shapes):
    """Hold autograd's gradients against those of a backward pass written by hand."""
    np.random.seed(231)
    arrays = [np.random.randn(*shape) for shape in shapes]
    *outputs, cache = by_hand_forward(*arrays)
    gradients = [np.random.randn(*output.shape) for output in outputs]
    expected = by_hand_backward(*gradients, cache)

    tensors = [torch.from_numpy(array).requires_grad_() for array in arrays]
    found = forward(*tensors)
    found = found if isinstance(found, tuple) else (found,)
    torch.autograd.backward(found, [torch.from_numpy(g) for g in gradients])
    for name, tensor, right in zip(names.split(), tensors, expected):
        verdict(f"{name} error", rel_error(right, tensor.grad.numpy()), at_most=1e-10)


# %% [markdown]
# ### One time step
#
# `next_h = tanh(x Wx + prev_h Wh + b)`, with `x` `(N, D)` and `prev_h` `(N, H)`. No cache is returned.

# %% exercise="rnn_layers_pytorch.rnn_step_forward"
# The sum is written as in NumPy; the function that squashes it has to be PyTorch's.

# %%
N, D, H = 3, 10, 4
x, prev_h = ramp(-0.4, 0.7, N, D), ramp(-0.2, 0.5, N, H)
Wx, Wh, b = ramp(-0.1, 0.9, D, H), ramp(-0.3, 0.7, H, H), ramp(-0.2, 0.4, H)
expected_next_h = np.array(
    [
        [-0.58172089, -0.50182032, -0.41232771, -0.31410098],
        [0.66854692, 0.79562378, 0.87755553, 0.92795967],
        [0.97934501, 0.99144213, 0.99646691, 0.99854353],
    ]
)
next_h = rnn_step_forward(x, prev_h, Wx, Wh, b).numpy()
verdict("next_h error", rel_error(expected_next_h, next_h), at_most=1e-8)

# %%
both_ways(
    rnn_step_forward, by_hand.rnn_step_forward, by_hand.rnn_step_backward,
    "dx dprev_h dWx dWh db", (4, 5), (4, 6), (5, 6), (6, 6), (6,),
)

# %%
check(rnn_step_forward)

# %% [markdown]
# Your five lines of `rnn_step_backward`, and you did not write them.
#
# ### A whole sequence
#
# The states of T steps are joined in the end. Writing each into a tensor that a later step reads
# again would change what the way back still needs; a list does not.

# %% exercise="rnn_layers_pytorch.rnn_forward"
# Call your step at each time step, and keep the states in a list.
# Join them along a new axis for time: (N, T, H).

# %%
N, T, D, H = 2, 3, 4, 5
x, h0 = ramp(-0.1, 0.3, N, T, D), ramp(-0.3, 0.1, N, H)
Wx, Wh, b = ramp(-0.2, 0.4, D, H), ramp(-0.4, 0.1, H, H), ramp(-0.7, 0.1, H)
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
h = rnn_forward(x, h0, Wx, Wh, b).numpy()
verdict("h error", rel_error(expected_h, h), at_most=1e-7)

# %%
both_ways(
    rnn_forward, by_hand.rnn_forward, by_hand.rnn_backward,
    "dx dh0 dWx dWh db", (2, 10, 3), (2, 5), (3, 5), (5, 5), (5,),
)

# %%
check(rnn_forward)

# %% [markdown]
# Back-propagation through time, found by following the notes of ten steps.
#
# ### Word vectors

# %% exercise="rnn_layers_pytorch.word_embedding_forward"
# One indexing is enough.

# %%
words = torch.tensor([[0, 3, 1, 2], [2, 1, 0, 3]])
table = ramp(0, 1, 5, 3).requires_grad_()
out = word_embedding_forward(words, table)
right_out, cache = by_hand.word_embedding_forward(words.numpy(), table.detach().numpy())
verdict("out error", rel_error(right_out, out.detach().numpy()), at_most=2e-8)

out.backward(torch.ones_like(out))
right_dW = by_hand.word_embedding_backward(np.ones_like(right_out), cache)
verdict("dW error", rel_error(right_dW, table.grad.numpy()), at_most=1e-11)

# %%
check(word_embedding_forward)

# %% [markdown]
# ## The captioner
#
# The class below is yours. `cell` says which functions it is made of: your own.


# %%
class CaptioningRNN(CourseCaptioner):
    """The captioner of this notebook, made of your own functions."""

    def cell(self):
        return rnn_step_forward, rnn_forward


# %% given="classifiers.rnn_pytorch.CaptioningRNN.first_state classifiers.rnn_pytorch.CaptioningRNN.next_scores"

# %% [markdown]
# ### The loss
#
# Only forward: features to the first state, words to vectors, vectors to hidden states, hidden states
# to scores, scores to one number. `self.cell()` gives the functions; `affine_forward`,
# `temporal_affine_forward` and `temporal_softmax_loss` are imported above.

# %% exercise="classifiers.rnn_pytorch.CaptioningRNN.loss"
# Words in, words out, as in RNN_Captioning.
# Return the tensor itself: a number taken out of it has no way back.

# %%
model = CaptioningRNN(
    {"<NULL>": 0, "cat": 2, "dog": 3}, 20, 30, 40, dtype=torch.float64
)
for name, value in model.params.items():
    model.params[name] = ramp(-1.4, 1.3, *value.shape)
words = torch.arange(10 * 13).reshape(10, 13) % 3

value = model.loss(ramp(-1.5, 0.3, 10, 20), words).item()
verdict("loss, difference", abs(value - 9.83235591003), at_most=1e-10)

# %%
check(loss)

# %% [markdown]
# ### Writing a caption

# %% exercise="classifiers.rnn_pytorch.CaptioningRNN.sample"
# As in RNN_Captioning: the first state, then <START>, then its own best word, each row until <END>.
# Nobody goes back through a caption: tell PyTorch to record nothing.

# %%
check(sample)

# %% [markdown]
# ### Overfit fifty captions
#
# The test of the whole machine, with the settings of the edition: the last loss is below 0.1.

# %%
data = load_coco_data()
np.random.seed(231)
torch.manual_seed(231)
small_data = load_coco_data(max_train=50)
small_model = CaptioningRNN(
    data["word_to_idx"], data["train_features"].shape[1], 256, hidden_dim=512
)
solver = CaptioningSolverPytorch(
    small_model, small_data, num_epochs=50, batch_size=25, learning_rate=5e-3,
    print_every=10,
)
solver.train()
plot_loss([float(value) for value in solver.loss_history])
show_figure()
verdict("final loss", float(solver.loss_history[-1]), at_most=0.1)

# %%
for split in ("train", "val"):
    truth, features, urls = sample_coco_minibatch(small_data, 2, split)
    written = small_model.sample(torch.from_numpy(features)).numpy()
    show_captions(
        [image_from_url(url) for url in urls],
        decode_captions(written, data["idx_to_word"]),
    )
    show_figure()

# %% [markdown]
# ## What the edition leaves out
#
# PyTorch has modules for all of this. `CaptioningModule` is built of them, and takes the weights of a
# captioner in NumPy. Two things differ in its LSTM. Its gates stand in another order (i, f, g, o, where
# this course has i, f, o, g), and it adds two biases where one does.

# %%
np.random.seed(0)
numpy_model = cs231n.classifiers.rnn.CaptioningRNN(
    data["word_to_idx"], 512, 32, 64, cell_type="lstm", dtype=np.float64
)
captions, features, _ = sample_coco_minibatch(small_data, 20)
features = features.astype(np.float64)
module = CaptioningModule.from_numpy(numpy_model)
value, grads = numpy_model.loss(features, captions)

module_loss = module.loss(torch.from_numpy(features), torch.from_numpy(captions).long())
module_loss.backward()
verdict("loss, NumPy and nn.LSTM", abs(module_loss.item() - value), at_most=1e-10)
for name, gradient in module.numpy_grads().items():
    difference = np.abs(gradient - grads[name]).max()
    verdict(f"{name}, NumPy and nn.LSTM", difference, at_most=1e-10)
back = module.to_numpy()
moved = max(np.abs(back.params[k] - numpy_model.params[k]).max() for k in back.params)
verdict("weights, there and back", moved, at_most=0)

# %% [markdown]
# ## Optional: an LSTM on tensors

# %% exercise="rnn_layers_pytorch.lstm_step_forward"
# One affine product for all four, then split it into four parts of H columns each.

# %%
check(lstm_step_forward)

# %% exercise="rnn_layers_pytorch.lstm_forward"
# As your rnn_forward, with a second state that starts at zero: on the device of the first, and of its
# dtype.

# %%
check(lstm_forward)

# %%
both_ways(
    lstm_forward, by_hand.lstm_forward, by_hand.lstm_backward,
    "dx dh0 dWx dWh db", (2, 10, 3), (2, 6), (3, 24), (6, 24), (24,),
)

# %% [markdown]
# ## What you have
#
# A captioner whose gradients nobody wrote, and the proof that they are those which you wrote.
#
# ### Recap
#
# 1. What became of the cache?
# 2. Name three things that cut a tensor off from its history.

# %% [markdown] answer
# 1. Each result keeps what its backward pass needs, and drops it after `backward()`.
# 2. `.detach()` and `.data`; a way through NumPy or a plain number; `torch.tensor(...)` of a tensor;
#    computing it under `torch.no_grad()`.

# %% [markdown]
# ### Sources, and where to go next
#
# - A. Paszke and others: *PyTorch: An Imperative Style, High-Performance Deep Learning Library*,
#   NeurIPS 2019.
# - Assignment 2 of Stanford's CS231n, editions of 2025 and 2026, notebook `RNN_Captioning_pytorch`.

# %%
check.summary()
