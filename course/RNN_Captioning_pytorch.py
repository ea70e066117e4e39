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
from cs231n.gradient_check import eval_numerical_gradient, rel_error, verdict
from cs231n.image_utils import image_from_url
from cs231n.import_pytorch import torch
from cs231n.rnn_layers_pytorch import affine_forward
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
# ### Affine and softmax at every time step
#
# Both are given, as they are in RNN_Captioning. In PyTorch each is a few lines.

# %% given="rnn_layers_pytorch.temporal_affine_forward rnn_layers_pytorch.temporal_softmax_loss"

# %%
both_ways(
    temporal_affine_forward, by_hand.temporal_affine_forward,
    by_hand.temporal_affine_backward, "dx dw db", (2, 3, 4), (4, 5), (5,),
)

# %% [markdown]
# A network that knows nothing gives each of 10 words the probability 1/10, and loses $\log 10 = 2.3$ for
# each word that counts.


# %%
def loss_of_guessing(N, T, V, share_counted):
    x = torch.from_numpy(0.001 * np.random.randn(N, T, V))
    y = torch.from_numpy(np.random.randint(V, size=(N, T)))
    mask = torch.from_numpy(np.random.rand(N, T) <= share_counted)
    return temporal_softmax_loss(x, y, mask).item()


one, ten = loss_of_guessing(100, 1, 10, 1.0), loss_of_guessing(100, 10, 10, 1.0)
one_in_ten = loss_of_guessing(5000, 10, 10, 0.1)
verdict("one word", one, at_least=2.29, at_most=2.31)
verdict("ten words", ten, at_least=22.9, at_most=23.1)
verdict("ten words, one counts", one_in_ten, at_least=2.2, at_most=2.4)

# %% [markdown]
# Its gradient, by autograd and by pushing each score a little to both sides. The array and the tensor
# made of it by `torch.from_numpy` **share their memory**: what is written into one is in the other.

# %%
np.random.seed(231231)
N, T, V = 7, 8, 9
scores = np.random.randn(N, T, V)
y = torch.from_numpy(np.random.randint(V, size=(N, T)))
mask = torch.from_numpy(np.random.rand(N, T) > 0.5)

x = torch.from_numpy(scores)
numeric_dx = eval_numerical_gradient(
    lambda _: temporal_softmax_loss(x, y, mask), scores, verbose=False
)
x.requires_grad_()
temporal_softmax_loss(x, y, mask).backward()
verdict("dx error", rel_error(numeric_dx, x.grad.numpy()), at_most=1e-7)

# %% [markdown]
# ## What cuts a gradient
#
# By hand you could forget a term of a gradient. Here you can cut the thread on which autograd finds its
# way back. The loss stays right, and so do all figures of the forward pass. `what_comes_back` treats
# `w` in some way, sums 3 `w`, and asks what gradient comes back. It should be 3, twice.


# %%
def what_comes_back(treat):
    w = torch.ones(2, requires_grad=True)
    try:
        (3 * treat(w)).sum().backward()
    except RuntimeError:
        return "RuntimeError: there is no way back"
    return "nothing, and no error" if w.grad is None else w.grad.tolist()


def under_no_grad(w):
    with torch.no_grad():
        return w * 1


WAYS = {
    "w * 1": lambda w: w * 1,
    "w.clone()": lambda w: w.clone(),
    "w.detach()": lambda w: w.detach(),
    "through NumPy": lambda w: torch.from_numpy(w.detach().numpy() * 1),
    "under torch.no_grad()": under_no_grad,
    "a new leaf": lambda w: w.detach().clone().requires_grad_(),
    "half of it detached": lambda w: (w + w.detach()) / 2,
    "exp, changed in place": lambda w: w.exp().add_(1),
}
answers = {name: what_comes_back(treat) for name, treat in WAYS.items()}
for name, answer in answers.items():
    print(f"{name:22} {answer}")
right = sum(answer == [3.0, 3.0] for answer in answers.values())
verdict("ways that are right", right, at_least=2, at_most=2)

# %% [markdown]
# The errors are the harmless ones. **A new leaf** says nothing: the gradient goes to the copy, and `w`
# is never trained. **Half of it detached** is worse still: something comes back, and it is wrong. The
# last one breaks because `exp` keeps its result for the way back, and the result was changed.
#
# `check` looks for all of these.
#
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
# to scores, scores to one number. `self.cell()` gives the functions; `affine_forward` is
# imported above, `temporal_affine_forward` and `temporal_softmax_loss` are given.

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

# %% [markdown]
# All gradients of the model, from one `backward()`, held against numeric ones. `value.numpy()` shares
# the memory of a parameter, so that pushing a number in it pushes the model.

# %%
np.random.seed(231)
torch.manual_seed(231)
words = torch.from_numpy(np.random.randint(3, size=(2, 3)))
features = torch.from_numpy(np.random.randn(2, 4))
model = CaptioningRNN(
    {"<NULL>": 0, "cat": 2, "dog": 3}, 4, 5, hidden_dim=6, dtype=torch.float64
)
for value in model.params.values():
    value.requires_grad_()
model.loss(features, words).backward()
for name, value in model.params.items():
    numeric = eval_numerical_gradient(
        lambda _: model.loss(features, words).item(),
        value.detach().numpy(), verbose=False,
    )
    verdict(f"{name} error", rel_error(numeric, value.grad.numpy()), at_most=1e-5)

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
# The test of the whole machine, with the settings of the edition: the last loss is below 0.1. Adam is
# PyTorch's own here. (The figure is that of one minibatch. With two other seeds it was up to 0.11.)

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

# %% [markdown]
# Two pictures of the fifty, whose captions should come out as they were learned, and two that it has
# never seen. The true caption stands under each.

# %%
for split in ("train", "val"):
    np.random.seed(231)
    captions, features, urls = sample_coco_minibatch(small_data, 2, split)
    written = small_model.sample(torch.from_numpy(features)).numpy()
    truth = decode_captions(captions, data["idx_to_word"])
    show_captions(
        [image_from_url(url) for url in urls],
        decode_captions(written, data["idx_to_word"]),
        truth=truth, columns=2, title=f"overfitted model, {split}",
    )
    show_figure()

# %% [markdown]
# ### Inline question 1
#
# A captioner may also choose **characters** instead of words, some forty of them. Name one advantage
# and one disadvantage. Think of the tensors in `params`: which of them depend on the vocabulary?

# %%
total = sum(value.numel() for value in small_model.params.values())
for name, value in small_model.params.items():
    share, shape = 100 * value.numel() / total, str(tuple(value.shape))
    print(f"{name:8} {shape:11} {share:5.1f} % of all parameters")

# %% [markdown] answer
# **An advantage.** `W_embed`, `W_vocab` and `b_vocab` have a row, a column or a number for each entry of
# the vocabulary, so that with forty characters they shrink to almost nothing, and the rest is as large
# as before. And every word can be spelled, also one that no training caption has.
#
# **A disadvantage.** A caption has several times as many steps. The picture enters before the first of
# them, so it has to be remembered for longer, and the gradient has to come back from as far. A
# state that can do this may have to be larger, and `Wh` grows with the square of its size.

# %% [markdown]
# ## What the edition leaves out
#
# ### Modules
#
# A dictionary of tensors is fine for learning. PyTorch's own form of a model is the **module**: it knows
# its parameters, moves them to a device, and is made of other modules. `CaptioningModule` is built of
# `nn.Embedding`, `nn.Linear` and `nn.LSTM`, and takes the weights of a captioner in NumPy. Two things
# differ in its LSTM. Its gates stand in another order (i, f, g, o, where this course has i, f, o, g),
# and it adds two biases where one does.

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
# What happens if you copy the weights and do not exchange the gates? All shapes fit, no error is raised,
# and the loss is another. Only a number that is known beforehand shows it.

# %%
with torch.no_grad():
    for weights in (module.cell.weight_ih_l0, module.cell.weight_hh_l0):
        i, f, g, o = weights.chunk(4)
        weights.copy_(torch.cat([i, f, o, g]))
    unexchanged = module.loss(features, captions).item()
difference = abs(unexchanged - value)
verdict("loss, gates not exchanged, difference", difference, at_least=1e-4)

# %% [markdown]
# ### Packing
#
# Captions are padded to one length. `nn.LSTM` takes a **packed sequence** instead: of each time step, the
# rows that still have a word. The loss is the same, and padding costs nothing.

# %%
packed = CaptioningModule.from_numpy(numpy_model)
padded = CaptioningModule.from_numpy(numpy_model, packed=False)
with torch.no_grad():
    one, other = packed.loss(features, captions), padded.loss(features, captions)
verdict("loss, packed and padded", (one - other).abs().item(), at_most=1e-10)
padding = 100 * np.mean(captions[:, 1:] == module.word_to_idx["<NULL>"])
verdict("padding among the words", padding, at_least=10, unit="%")

# %% [markdown]
# Whether that saves *time* is another question: one large step on all rows may be the faster one, on a
# small model or on a GPU. **Fast_Captioning** asks it with a clock.
#
# ### A GPU
#
# Nothing in your functions says where they run. A tensor that is made inside, such as the first cell
# state of an LSTM, has to be made where the others are.

# %%
if torch.cuda.is_available():
    on_gpu = module.to("cuda")
    with torch.no_grad():
        difference = on_gpu.loss(features, captions).item() - unexchanged
    print(f"GPU: the loss differs from the CPU's by {abs(difference):.1e}")
else:
    print("GPU: PyTorch sees none here, so everything above ran on the CPU.")

# %% [markdown]
# ### torch.compile
#
# `torch.compile(module)` turns a whole step into one program. It needs a C++ compiler, and it compiles a
# loop over time once for each of its steps, which may take longer than all the rest of this notebook; so
# it is not run here. In a training of hours it may pay: `python -m cs231n.train --engine torch --compile`.

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
# 3. Which mistake with weights from elsewhere raises no error?
# 4. Where does `loss.item()` belong, and where not?

# %% [markdown] answer
# 1. Each result keeps what its backward pass needs, and drops it after `backward()`.
# 2. `.detach()` and `.data`; a way through NumPy or a plain number; `torch.tensor(...)` of a tensor;
#    computing it under `torch.no_grad()`.
# 3. Gates in another order: all shapes fit. Hold one loss against a known one.
# 4. Where a loss is printed or kept for a curve. Not where it is returned: a plain number has no
#    `backward()`.

# %% [markdown]
# ### If you want more
#
# - Write the captioner as a module of your own: `nn.Embedding`, `nn.Linear` and your `rnn_forward`. Load
#   the weights of `small_model` into it, and compare the two losses.
# - Truncate back-propagation through time: `.detach()` the state after every fifth step of your
#   `rnn_forward`, overfit fifty captions again, and look at the loss. What does `check` say?
# - Train it on all of Emoji Scenes, with `python -m cs231n.train --engine torch`.

# %% [markdown]
# ### Sources, and where to go next
#
# - A. Paszke and others: *PyTorch: An Imperative Style, High-Performance Deep Learning Library*,
#   NeurIPS 2019. [arXiv:1912.01703](https://arxiv.org/abs/1912.01703)
# - A. Paszke and others: *Automatic differentiation in PyTorch*, NIPS 2017 Autodiff Workshop.
# - Assignment 2 of Stanford's CS231n, editions of 2025 and 2026, notebook `RNN_Captioning_pytorch`.

# %%
check.summary()
