# %% [markdown]
# # A fast captioner
#
# The layers of this course are written to be read. In this notebook you keep what they compute, to
# the last digits that matter, and change *how* it is computed, until a training step takes about
# half the time.
#
# You need no compiler and no graphics card for that, only a clear idea of where the time goes. The
# method is always the same:
#
# 1. **Measure.** Without a measurement, you speed up what was not slow.
# 2. **Know the floor.** Some work cannot be avoided. How far above it are you?
# 3. **Change one thing.** Compare the results with the slow version, and measure again.
#
# The same ideas make programs fast in PyTorch, in C or on a graphics card.
#
# **Afterwards you can**
#
# - find out where a program spends its time, and how much of that is necessary;
# - take work out of a loop, leave out work whose result is thrown away, and touch memory less;
# - prove that the fast version computes what the slow one does.
#
# **Time:** two to three hours for the five exercises, half an hour more for the optional one at the end
# (our estimate, not yet measured on a class). The computing takes less than a minute.
#
# **It needs** the captioner's loss and its gradients (from **RNN_Captioning**), and some ease with NumPy's
# indexing. The LSTM appears at the end only, ready-made. **It is the fifth notebook** of the course, and
# can be read at any time after **RNN_Captioning**. Terms are explained in `docs/glossary.md`.

# %% include="setup"

# %%
import cProfile
import pstats
import timeit
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np

import cs231n.classifiers.fast_rnn
import cs231n.classifiers.rnn
from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers.fast_rnn import (
    BLOCK_BYTES,
    Room,
    lstm_packed_backward,
    lstm_packed_forward,
)
from cs231n.coco_utils import load_coco_data
from cs231n.feedback import check
from cs231n.figure_texts import show_figure
from cs231n.gradient_check import rel_error, verdict
from cs231n.rnn_layers import (
    rnn_backward,
    rnn_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)
from cs231n.vis_utils import BLUE, GREY, ORANGE

# %% [markdown]
# ## The starting point
#
# We take the sizes of a real training run on COCO: `N = 128` captions in a minibatch, `T = 16` time
# steps, word vectors of `W = 256` numbers, hidden states of `H = 512`, and a vocabulary of
# `V = 1004` words. How fast a step is depends on these sizes and on the lengths of the captions, but
# not on what the words mean. So the lengths below are those of real captions, and the words are
# drawn at random, the k-th most frequent word 1/k times as often as the first, as in most languages.

# %%
N, T, V, W, H, D = 128, 16, 1004, 256, 512, 512
data = load_coco_data()

rng = np.random.default_rng(0)
captions = data["train_captions"][rng.choice(len(data["train_captions"]), N)]
frequency = 1 / np.arange(1, V - 2)
is_word = captions > 2  # not <NULL>, <START> or <END>
captions[is_word] = 3 + rng.choice(V - 3, is_word.sum(), p=frequency / frequency.sum())
features = data["train_features"][:N]

words = ["<NULL>", "<START>", "<END>"] + [f"word {i}" for i in range(3, V)]
word_to_idx = {word: i for i, word in enumerate(words)}
plain = cs231n.classifiers.rnn.CaptioningRNN(word_to_idx, D, W, H)

true_value, true_grads = plain.loss(features, captions)
print("captions", captions.shape, captions.dtype)
print("features", features.shape, features.dtype)
print("gradients", {grad.dtype.name for grad in true_grads.values()})

# %% [markdown]
# `true_value` and `true_grads` are what every faster version has to give as well. Two small tools
# will be used again and again. `hold_against_plain` compares a model's loss and gradients with them:
# the largest difference, in parts of the largest number. `milliseconds` measures. It takes the
# *fastest* of several runs, because other programs can only make a run slower, never faster.


# %%
def difference(x, y):
    """The largest difference between two arrays, in parts of the largest number in
    y.
    """
    return np.max(np.abs(x - y)) / np.max(np.abs(y))


def hold_against_plain(model):
    """Compare loss and gradients of a model with those of the plain layers."""
    value, grads = model.loss(features, captions)
    verdict("loss, difference", difference(value, true_value), at_most=1e-4)
    worst = max(difference(grads[name], true_grads[name]) for name in true_grads)
    verdict("gradients, largest difference", worst, at_most=1e-4)


def milliseconds(function, runs=8):
    """The time of the fastest of several runs."""
    function()  # the first run also warms up caches and threads, so it does not count
    return 1000 * min(timeit.repeat(function, number=1, repeat=runs))


times = {"plain layers": milliseconds(lambda: plain.loss(features, captions))}

# %% [markdown]
# ## Where does the time go?
#
# Python's own profiler, `cProfile`, knows for each function how long it ran. (It slows Python down a
# little, so it shows *shares* better than times.)


# %%
def profile(function, parts):
    """The seconds that each of the named functions takes, with all that it calls."""
    profiler = cProfile.Profile()
    profiler.runcall(function)
    # (file, line, name) -> (..., cumulative, ...)
    entries = pstats.Stats(profiler).stats.items()
    return [
        sum(entry[3] for (_, _, name), entry in entries if name == part)
        for part in parts
    ]


def draw_shares(parts, seconds, title):
    """A bar for each part, longest time first."""
    shares = 100 * np.array(seconds) / np.sum(seconds)
    figure, ax = plt.subplots(figsize=(9, 0.5 + 0.35 * len(parts)))
    bars = ax.barh(parts[::-1], shares[::-1], color=BLUE)
    ax.bar_label(bars, fmt="%.0f %%", padding=3)
    ax.set(title=title, xlabel="share of the time of one step, in %")
    ax.spines[["top", "right"]].set_visible(False)


parts = ["word_embedding_forward", "rnn_forward", "temporal_affine_forward",
         "temporal_softmax_loss", "temporal_affine_backward", "rnn_backward",
         "word_embedding_backward"]
seconds = profile(lambda: plain.loss(features, captions), parts)
draw_shares(parts, seconds, "Plain layers")
show_figure()

# %% [markdown]
# Three things take nearly all of the time: the recurrent network, the vocabulary scores, and the
# softmax.
#
# ## The floor
#
# The recurrent network and the scores are **matrix products**. Those cannot be avoided, and NumPy
# hands them to a library (BLAS) that runs as fast as the processor can multiply. A product of an
# (n, k) and a (k, m) matrix takes `n * k * m` multiplications and as many additions: `2 n k m`
# operations. Each product of the forward pass has two of the same size in the backward pass, one for
# each factor's gradient.
#
# So we can say what a step costs *at least*: count the operations, without padding, and divide by
# the best rate that this machine reaches in a large square product.


# %%
def count_operations(captions):
    """Operations of the matrix products of one step, without padding."""
    places = np.count_nonzero(captions[:, 1:])  # words to predict
    used = len(np.unique(captions[:, :-1]))  # different words: more on them below
    forward = used * W * H + places * H * H + places * H * V + N * D * H
    return 3 * 2 * forward - 2 * N * D * H  # features need no gradient


square = rng.standard_normal((1536, 1536)).astype(np.float32)


def floor():
    """The milliseconds that the products of one step take at the machine's best
    rate.
    """
    best_rate = 2 * len(square) ** 3 / milliseconds(lambda: square @ square)
    return count_operations(captions) / best_rate


def draw_times(times):
    """A bar for each version so far, the newest in another colour and pattern, and the
    floor.
    """
    figure, ax = plt.subplots(figsize=(9, 0.9 + 0.45 * len(times)))
    names, values = list(times), list(times.values())
    bars = ax.barh(names, values, color=[GREY] * (len(names) - 1) + [BLUE])
    bars[-1].set_hatch("//")
    ax.bar_label(bars, fmt="%.0f ms", padding=3)
    ax.axvline(lowest, color=ORANGE, linestyle="--", linewidth=2)
    ax.invert_yaxis()
    ax.set(xlabel="milliseconds a step", xlim=(0, 1.15 * max(values)))
    ax.set_title(
        f"dashed: the floor, {lowest:.0f} ms (the products alone)",
        loc="left",
        fontsize=10,
    )
    ax.spines[["top", "right"]].set_visible(False)


lowest = floor()
draw_times(times)
show_figure()

# %% [markdown]
# The plain layers take two to three times what they must, on the machines on which we have measured it
# (`benchmarks/README.md` has the figures); your picture says what it is on yours. Where is the rest? In
# products with padding, in many small products instead of a few large ones, and in everything that is *not* a
# product: tanh, exp, sums, copies, new arrays.
#
# ## 1. Products once for all time steps
#
# $$h_t = \tanh(x_t W_x + h_{t-1} W_h + b)$$
#
# Each step waits for $h_{t-1}$. But $x_t W_x + b$ does not: the words are all known from the start. So
# that product can leave the loop (compilers call this *hoisting*): one large product in place of 16
# small ones.
#
# We can go further. All captions begin with `<START>`, and many go on with "a". The same words have the
# same vector, so they have the same product. It is enough to take one product for each *different* word
# of the minibatch, and look up the rows from there. Is that worth it?

# %%
words_in = captions[:, :-1]
print("places:", words_in.size, " different words:", len(np.unique(words_in)))

# %% [markdown]
# It is: several times fewer rows to multiply. From here on we write the words as one long row, in the
# order of time: first the words of all captions at step 0, then those at step 1, and so on. `M` is their
# number.
#
# Two functions of NumPy do the look-up. `np.unique` can tell, besides the different entries, where each
# entry stands among them:

# %%
different, place = np.unique(np.array([7, 5, 7, 9]), return_inverse=True)
print(different, place, different[place])

table = np.array([[0.5, 0.5], [0.7, 0.7], [0.9, 0.9]])
into = np.empty((4, 2))
np.take(table, place, axis=0, out=into, mode="clip")  # into[k] = table[place[k]]
print(into)

# %% [markdown]
# `np.take` is `table[place]`, but it can write into an array that is there already. (`mode="clip"` saves
# a copy: without it, NumPy fills an array of its own first, in case an index is wrong. With `out=None`
# the result is a new array.)

# %% exercise="classifiers.fast_rnn.input_products_forward"
# First write it in one line, for all M words at once, and see that it passes.
# Then save work: one row of products for each different word, and a look-up of M rows among them.
# The rows belong into `out`, where one is given.
# Keep in the cache what the backward pass will need.

# %%
some_words = np.array([1, 1, 4, 2, 4, 3])
small = np.random.RandomState(231)
W_small, Wx_small, b_small = small.randn(6, 3), small.randn(3, 5), small.randn(5)

products, _ = input_products_forward(some_words, W_small, Wx_small, b_small)
vectors, embed_cache = word_embedding_forward(some_words[None], W_small)
verdict(
    "products error",
    rel_error(products, vectors[0] @ Wx_small + b_small),
    at_most=1e-10,
)

# %%
check(input_products_forward)

# %% [markdown]
# Backward, the same saving turns round. Say "a" occurs 90 times, with 90 rows of gradients. All of
# them go through the same product with $W_x^T$ and end in the same row of `dW_embed`. A sum of
# products is the product of the sum: add the 90 rows up first, and one product is enough.
#
# Adding up rows by word is what `np.add.at` does, row by row. The function below does it by pairs,
# for all words at once: with the rows sorted by word, each second row gets its neighbour added, then
# each fourth, and so on. You may use it in the next exercise.

# %% given="classifiers.packing.sum_by_word"

# %% exercise="classifiers.fast_rnn.input_products_backward"
# Begin with the sums of the gradients, word by word.
# All three results come from these sums: how did the table of products depend on the word vectors, on
#   `Wx` and on the bias?
# `dW_embed` has a row for every word of the vocabulary, with zeros where a word does not occur.

# %%
products, products_cache = input_products_forward(
    some_words, W_small, Wx_small, b_small
)
dproducts = small.randn(*products.shape)

dvectors = dproducts @ Wx_small.T  # before dproducts is used up
true_dW_embed = word_embedding_backward(dvectors[None], embed_cache)
true_dWx, true_db = vectors[0].T @ dproducts, dproducts.sum(axis=0)
dW_embed, dWx, db = input_products_backward(dproducts, products_cache)
verdict("dW_embed error", rel_error(dW_embed, true_dW_embed), at_most=1e-10)
verdict("dWx error", rel_error(dWx, true_dWx), at_most=1e-10)
verdict("db error", rel_error(db, true_db), at_most=1e-10)

# %%
check(input_products_backward)

# %% [markdown]
# What is left in the loop is short. The functions below run over all rows in the order of time:
# `batch_sizes` says how many rows each step has. They save one more thing. The plain backward pass
# adds up `dWh` in 16 small products. Here the states before each step are kept in one array,
# `prev_h`, and `dWh` is one product after the loop.
#
# `np.matmul(a, b, out=c)` is `a @ b`, written into an array that is there already. `room` says where
# such arrays come from; `fresh` makes new ones. We come back to both.

# %% given="classifiers.packing.steps_of classifiers.fast_rnn.fresh"

# %% given="classifiers.fast_rnn.rnn_packed_forward classifiers.fast_rnn.rnn_packed_backward"

# %% [markdown]
# Held against the plain layers: three captions of four words, nothing packed yet, so that every step
# has three rows.

# %%
x, h0 = small.randn(3, 4, 3), small.randn(3, 5)
Wh_small, dh = small.randn(5, 5), small.randn(3, 4, 5)


def in_time_order(x):
    """(N, T, H) -> (T * N, H), step 0 of all captions first."""
    return x.swapaxes(0, 1).reshape(-1, x.shape[-1])


true_h, plain_cache = rnn_forward(x, h0, Wx_small, Wh_small, b_small)
_, true_dh0, _, true_dWh, _ = rnn_backward(dh, plain_cache)
rows, rows_cache = rnn_packed_forward(
    in_time_order(x @ Wx_small + b_small), h0, Wh_small, [3] * 4
)
_, dh0, dWh = rnn_packed_backward(in_time_order(dh), rows_cache)
verdict("h error", rel_error(rows, in_time_order(true_h)), at_most=1e-10)
verdict("dh0 error", rel_error(dh0, true_dh0), at_most=1e-10)
verdict("dWh error", rel_error(dWh, true_dWh), at_most=1e-10)

# %% [markdown]
# Now put it together. `FastCaptioningRNN` is the captioner of this notebook; it has everything that
# the plain captioner has, and gets faster methods one by one. `loss_over_rows` is the plain `loss`
# once more, in the same order, on rows: features, words in, hidden states, scores, softmax, and
# back. Read it beside the plain one.


# %%
class FastCaptioningRNN(cs231n.classifiers.rnn.CaptioningRNN):
    """The captioner of this notebook, made fast by your own functions."""

    room = staticmethod(fresh)  # for now, work arrays are made anew at each call


# %% given="classifiers.fast_rnn.FastCaptioningRNN.packed_cell"

# %% given="classifiers.fast_rnn.FastCaptioningRNN.loss_over_rows"

# %% [markdown]
# Two methods are still missing. For now, the softmax is the plain one, and the rows are all there
# are, padding included.


# %%
def plain_softmax(self, scores, words_out, weights):
    """The softmax of the plain layers, for rows: one example with M time steps."""
    scores += self.params["b_vocab"]
    value, dscores = temporal_softmax_loss(
        scores[None], words_out[None], (weights > 0)[None]
    )
    scores[...] = dscores[0] * weights.max()
    return value * weights.max()


def loss_with_padding(self, features, captions):
    """Lay out all places of the minibatch, in the order of time."""
    words_in, words_out = captions[:, :-1], captions[:, 1:]  # (N, T)
    N, T = words_in.shape
    return self.loss_over_rows(
        features, words_in.T.ravel(), words_out.T.ravel(), T * [N]
    )


FastCaptioningRNN.softmax = plain_softmax
FastCaptioningRNN.loss = loss_with_padding
fast = FastCaptioningRNN(word_to_idx, D, W, H)
fast.params = plain.params  # the same weights, so that results can be compared

hold_against_plain(fast)

# %% [markdown]
# The same numbers. And the time?

# %%
times["1. products taken out"] = milliseconds(lambda: fast.loss(features, captions))
draw_times(times)
show_figure()

# %% [markdown]
# **Inline question 1.** The products with $W_x$ and those with the vocabulary weights leave the loop,
# and so do the gradients of all weights. Why can the product $h_{t-1} W_h$ not leave it?

# %% [markdown] answer
# Because its input does not exist yet. $h_{t-1}$ comes out of a tanh that needs the product of the
# step before, so the T products have to follow each other. What is known before the loop begins
# (the words) or after it has ended (all hidden states, all their gradients) can be computed at once.

# %% [markdown]
# ## 2. Without padding
#
# A minibatch is a rectangle, but captions are not all equally long. Each `<NULL>` at the end costs
# as much as a word: a tanh, products, a softmax over 1,004 words. Then the mask throws it all away.

# %%
mask = captions[:, 1:] != 0  # (N, T), the words to predict
by_length = np.argsort(-mask.sum(axis=1), kind="stable")

figure, axes = plt.subplots(1, 2, figsize=(10, 3), sharey=True)
for ax, shown, title in [
    (axes[0], mask, "as they come"),
    (axes[1], mask[by_length], "sorted"),
]:
    ax.imshow(
        shown, aspect="auto", cmap="Blues", vmin=0, vmax=1.4, interpolation="nearest"
    )
    ax.set(title=f"captions {title}", xlabel="time step (dark: a word, white: padding)")
axes[0].set(ylabel="caption")
show_figure("Places of the minibatch that hold a word: as captions come, and sorted")

# %% [markdown]
# The right picture holds the idea. With the longest caption first, the captions that are still
# running at a time step are the **first** ones: a slice, and no mask. So we lay out a minibatch
# column by column, each column only as far down as it is dark. That is called *packing*. A small
# example, with the lengths 2, 3 and 1:
#
# ```
#  captions      sorted        packed
#  A B .         C D E         C A F | D B | E
#  C D E         A B .
#  F . .         F . .         batch_sizes = [3, 2, 1]
# ```
#
# Two functions do it. The first finds the order and the sizes.

# %% exercise="classifiers.packing.packing_order"
# How long is a caption? Its last word that counts says it, and there may be a gap before it.
# Let each caption have at least one step.
# Longest first; of two that are equally long, the one that came first stays first.
# How many captions are still running at each step?

# %%
order, batch_sizes = packing_order(mask)

lengths = mask.sum(axis=1)[order]
print("sorted by length, longest first:", bool(np.all(lengths[:-1] >= lengths[1:])))
print("first and last length:", lengths[0], lengths[-1])
print("every caption is there once:", sorted(order) == list(range(N)))
print("rows in all:", sum(batch_sizes), "for", mask.sum(), "words to predict")

# %%
check(packing_order)

# %% [markdown]
# The second one lays something out in that order: words, or anything else with an entry for each
# caption and time step.

# %% exercise="classifiers.packing.pack"
# Which captions are still running at a time step, and in which order do they stand?
# The steps follow each other in one array.

# %%
letters = np.array([["A", "B", "."], ["C", "D", "E"], ["F", ".", "."]])
packed = pack(letters, *packing_order(letters != "."))
print(" ".join(packed))

# %%
check(pack)

# %% [markdown]
# `loss` packs the words and sorts the features. Nothing else has to change: that is what
# `batch_sizes` was there for.

# %% given="classifiers.fast_rnn.FastCaptioningRNN.loss"

# %%
hold_against_plain(fast)

# %%
times["2. packed"] = milliseconds(lambda: fast.loss(features, captions))
draw_times(times)
show_figure()

# %% [markdown]
# ## 3. The softmax in place
#
# What is left above the floor? Let us look again.

# %%
fast_parts = [
    "packing_order",
    "pack",
    "input_products_forward",
    "rnn_packed_forward",
    "plain_softmax",
    "rnn_packed_backward",
    "input_products_backward",
]
seconds = profile(lambda: fast.loss(features, captions), fast_parts)
draw_shares(
    fast_parts, seconds, "Packed, without the products with the vocabulary weights"
)
show_figure()
print(f"scores: {sum(batch_sizes) * V * 4:,} bytes")

# %% [markdown]
# The softmax is no matrix product, and still it shows in the picture. It does little arithmetic, but
# it walks through memory: `scores` has as many bytes as the cell above says, more than a core's cache
# holds, and each operation on it reads and writes all of them. The plain softmax makes a new array for nearly every
# operation of its formula. And new memory is slow: the operating system hands it out page by page,
# each one cleared first.
#
# The remedy is to work **in place**: `scores -= ...` and `np.exp(scores, out=scores)` overwrite their
# input. At the end the array `scores` holds the gradient. There is one trap: what is overwritten is
# gone. Whatever you still need from the old numbers, you have to read before.
#
# Instead of a mask there is a number for each row that says how much it counts: $1/N$ for a word, 0 for
# padding. (The argument is called `weights`; they have nothing to do with the weights of the network.)
# So the mean over the minibatch needs no pass of its own:
#
# $$L = \sum_m w_m \Big(\log \sum_v e^{s_{mv}} - s_{m y_m}\Big), \qquad
# \frac{\partial L}{\partial s_{mv}} = w_m \Big(\frac{e^{s_{mv}}}{\sum_u e^{s_{mu}}} - [v = y_m]\Big)$$

# %% exercise="classifiers.fast_rnn.softmax_in_place"
# No exp may overflow; what you do against it can be done in place.
# What do you need of the old scores after they are overwritten? Read it before.
# From the exponentials to the gradient it is one product with a number for each row (which number?),
#   and something at the targets.
# The loss needs only what you have kept: one number or two for each row.

# %%
scores = small.randn(6, 9)
targets, weights = small.randint(9, size=6), np.array([1, 1, 0, 1, 0, 1]) / 4
counts = weights[None] > 0
true_loss, true_dscores = temporal_softmax_loss(scores[None], targets[None], counts)

returned = softmax_in_place(scores, targets, weights)
verdict("loss error", rel_error(returned, true_loss / 4), at_most=1e-10)
verdict("gradient error", rel_error(scores, true_dscores[0] / 4), at_most=1e-10)

# %%
check(softmax_in_place)

# %% [markdown]
# How much new memory does each version ask for? `tracemalloc` counts it. Here in parts of the scores
# themselves:


# %%
def new_memory(function, *arguments):
    """The largest number of bytes that a call holds in new arrays at one time."""
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


many_scores = small.randn(500, V).astype(np.float32)
many_targets, many_weights = (
    small.randint(V, size=500),
    np.full(500, 1 / 128, dtype=np.float32),
)
before = new_memory(temporal_softmax_loss, many_scores[None], many_targets[None],
                    many_weights[None] > 0) / many_scores.nbytes
verdict("plain softmax: new memory, in sizes of the scores", before, at_least=2)
after = (
    new_memory(softmax_in_place, many_scores, many_targets, many_weights)
    / many_scores.nbytes
)
verdict("in place: new memory, in sizes of the scores", after, at_most=0.1)

# %% [markdown]
# One more step. In place, we still go through all scores five times: for the largest of each row, the
# difference, `exp`, the sum, and the product. Each time they come from memory, since they do not fit into
# the cache. If we go through them in **blocks** that do fit, a few dozen rows at a time, all five passes
# over a block find it in the cache.
#
# Does that pay? It depends on the machine. Processors have several caches, the last of which may hold
# many million bytes. Where all scores fit into that one, as on the machine on which we measured, blocks
# gain nothing; with a larger vocabulary, or a smaller cache, they do not fit.

# %% given="classifiers.fast_rnn.FastCaptioningRNN.softmax"

# %%
hold_against_plain(fast)

# %%
times["3. softmax in place"] = milliseconds(lambda: fast.loss(features, captions))
draw_times(times)
show_figure()

# %% [markdown]
# ## 4. Arrays kept
#
# Hidden states, scores and gradients are still made anew at each step, and each time the operating
# system hands out the same few megabytes. `Room` keeps them: it returns the array that it gave out
# under this name at the last step, with last step's numbers in it. That is safe because every array
# is filled before it is read.
#
# What `loss` returns is another matter. The gradients belong to the caller, who may keep them, so
# they stay new arrays.
#
# Guess before you run the next cells: will this save time, or memory, or both?

# %%
fast.room = Room()

hold_against_plain(fast)
kept = new_memory(fast.loss, features, captions)
before = new_memory(plain.loss, features, captions)
verdict(
    "new memory of a step, in parts of the plain layers'", kept / before, at_most=0.25
)

# %%
times["4. arrays kept"] = milliseconds(lambda: fast.loss(features, captions))
draw_times(times)
show_figure()

# %% [markdown]
# Memory. A step asks for less than a quarter of the new memory that it took at first. The time hardly
# changes: compare the last two bars. (On one thread of a quiet machine we measured 4 %.) An array that is written
# once in a step costs little to make; it was the many arrays of the plain softmax that were expensive,
# and those had gone before.
#
# ## What you have gained
#
# For a fair comparison, both versions take turns, and what counts is the ratio within a turn. A
# machine that is busy with something else for a while slows both of them.

# %%
turns = np.array(
    [
        [
            milliseconds(lambda model=model: model.loss(features, captions), runs=1)
            for model in (plain, fast)
        ]
        for _ in range(5)
    ]
)  # (turns, 2)
verdict(
    "faster than the plain layers",
    np.median(turns[:, 0] / turns[:, 1]),
    at_least=1.2,
    unit="x",
)

lowest = floor()
draw_times({"plain layers": turns[:, 0].min(), "yours": turns[:, 1].min()})
show_figure()

# %% [markdown]
# Usually it is a little less than two times, 1.7 to 2 on the machines of `benchmarks/README.md`. Most of
# what is left is the matrix products, which is where a fast program should spend its time.

# %% [markdown]
# ### An LSTM
#
# `loss_over_rows` does not ask for the cell type; `packed_cell` does. The package has the two
# functions for an LSTM over packed rows (`lstm_packed_forward`, `lstm_packed_backward`, in
# `cs231n/classifiers/fast_rnn.py`), and all that you wrote works with them. An LSTM computes four
# times as many columns at each step, so the matrix products weigh more.

# %%
plain_lstm = cs231n.classifiers.rnn.CaptioningRNN(
    word_to_idx, D, W, H, cell_type="lstm"
)
fast_lstm = FastCaptioningRNN(word_to_idx, D, W, H, cell_type="lstm")
fast_lstm.params, fast_lstm.room = plain_lstm.params, Room()

true_value, true_grads = plain_lstm.loss(features, captions)
hold_against_plain(fast_lstm)

# %% [markdown]
# ### Training
#
# Last of all, the only thing that matters: training. Both models start from the same weights and see
# the same minibatches, so their losses fall along the same curve. One of them is there sooner.

# %%
training_data = load_coco_data(max_train=1500)
histories, durations = {}, {}
models = {
    "plain layers": cs231n.classifiers.rnn.CaptioningRNN,
    "yours": FastCaptioningRNN,
}
for name, kind in models.items():
    np.random.seed(231)
    model = kind(training_data["word_to_idx"], D, W, H)
    if name == "yours":
        model.room = Room()
    solver = CaptioningSolver(
        model,
        training_data,
        update_rule="adam",
        num_epochs=2,
        batch_size=100,
        optim_config={"learning_rate": 2e-3},
        verbose=False,
    )
    durations[name] = timeit.timeit(solver.train, number=1)
    histories[name] = np.array(solver.loss_history)

verdict(
    "losses, largest difference",
    difference(histories["yours"], histories["plain layers"]),
    at_most=0.02,
)

# %%
figure, ax = plt.subplots(figsize=(9, 3.5))
for (name, history), style in zip(histories.items(), ["o:", "s-"]):
    ax.plot(
        np.linspace(0, durations[name], len(history)),
        history,
        style,
        label=name,
        markersize=4,
    )
ax.set(title="The same losses, sooner", xlabel="seconds", ylabel="loss")
ax.spines[["top", "right"]].set_visible(False)
ax.legend()
show_figure()

# %% [markdown]
# ## What you have
#
# - **Hoisting:** what does not depend on the loop leaves the loop; what repeats is computed once.
# - **Packing:** do not compute what will be thrown away.
# - **In place:** memory is slower than arithmetic. Touch it less. **Blocks** help where a cache is too
#   small, and **kept arrays** save memory, and little time. Only a measurement tells.
# - And above all: a **floor** to know when to stop, and a **slow version** to hold the fast one
#   against.
#
# `cs231n.classifiers.fast_rnn.FastCaptioningRNN` is this captioner, for both cells, ready to be used
# wherever `CaptioningRNN` is. `python -m benchmarks.training_speed` compares it with PyTorch on your
# machine.
#
# ### Recap
#
# Answer from memory, then look it up.
#
# 1. Why does `milliseconds` take the fastest run, and not the mean?
# 2. The product with `Wh` stays in the loop. What would be different in a network whose state at
#    a step did not depend on the step before?
# 3. An operation needs no arithmetic to speak of, and still it is slow. What do you look at?

# %% [markdown] answer
# 1. What disturbs a measurement (other programs, a clock that slows down) can only make it
#    longer. The fastest run was disturbed least. For a comparison of two versions, let them take
#    turns, and compare within a turn.
# 2. All its steps could be computed at once, in a few large products. That is what a Transformer
#    does, and one reason why it trains so fast on hardware with many cores.
# 3. How many bytes it reads and writes, whether they fit into a cache, and whether it makes new
#    arrays.

# %% [markdown]
# ### Try it
#
# 1. Set `BLOCK_BYTES` to `2**12`, `2**18` and `2**26`, and measure the softmax each time. Which are too
#    small, and is any of them too large?
# 2. Run the notebook with `N = 8`, and with `V = 4000`. How much faster are you than the plain layers now?
# 3. Sort the whole data set by length, and make minibatches of captions of one length. What does packing
#    still gain? And what might be bad about such minibatches?

# %% [markdown] answer
# 1. On one thread of an AMD EPYC (Zen 3): 13 ms with blocks of `2**12` bytes, where a block is a single
#    row and Python has the most to do; 1.6 ms with `2**18`, 1.5 ms with all at once. No size is too large
#    there, since its last cache holds all scores.
# 2. `benchmarks/README.md` has such figures: 2 times with `N = 8` and 1.6 times with `V = 4000`, on one
#    thread, where it is 1.9 times with `N = 128` and 1.7 times with `V = 1004`. With few captions, what
#    Python does between the products weighs most; with many words, the products do.
# 3. Nothing: there is no padding left. But such minibatches are less mixed. All long captions, with the
#    crowded pictures that they tell of, come together, and each step pulls to one side.

# %% [markdown]
# ## Optional: a softmax in one walk
#
# The scores of a large vocabulary may not fit into memory at all: with 100,000 words and a few thousand
# rows they are gigabytes. But the loss needs only two numbers of each row: the score of the target, and
# $\log \sum_v e^{s_v}$. Can the second be computed from **blocks of columns**, which come one after the
# other and are forgotten again?
#
# The sum itself is easy: it grows from block to block. The trouble is overflow. We take the largest score
# away before `exp`, and the largest of *all* columns is not known before the last block. The way out:
# take away the largest **so far**. When a larger one comes, what was summed is too large by a known
# factor, and can be put right. Say the largest so far was 3 and is now 5: each term so far was
# $e^{s - 3}$ and should be $e^{s - 5}$. By which factor do you multiply the sum?
#
# This trick is at the heart of FlashAttention, by which the large language models of today are trained.

# %% exercise="classifiers.online_softmax.online_log_sum_exp"
# Two things are carried from block to block, for each row: the largest score so far, and a sum.
# What are they before the first block? The largest of nothing is minus infinity.
# When the largest changes, put the sum right before you add to it.
# Walk through the blocks once; they may come from a generator, which has no length and no index.

# %%
def all_columns(scores):
    """The logarithm of the sum of each row's exponentials, all columns at once (M,)."""
    highest = scores.max(axis=1)
    return highest + np.log(np.sum(np.exp(scores - highest[:, None]), axis=1))


row_scores = 100 * small.randn(4, 12)

in_blocks = online_log_sum_exp(np.split(row_scores, [5, 6], axis=1))
verdict(
    "log of the sums, error",
    rel_error(in_blocks, all_columns(row_scores)),
    at_most=1e-12,
)

# %%
check(online_log_sum_exp)

# %% [markdown]
# A vocabulary of 20,000 words, and hidden states of 500 words: the scores would be 40 million bytes. Each
# block of them is made when it is asked for.

# %%
many_words = 20_000
h_rows = small.randn(500, 64).astype(np.float32)
W_large = small.randn(64, many_words).astype(np.float32)


def by_blocks(columns=500):
    """The denominators of 500 softmaxes, the scores made block by block."""
    starts = range(0, many_words, columns)
    return online_log_sum_exp(
        h_rows @ W_large[:, start : start + columns] for start in starts
    )


def all_at_once():
    """The same with all scores in memory."""
    return all_columns(h_rows @ W_large)


verdict("difference", rel_error(by_blocks(), all_at_once()), at_most=1e-5)
verdict("new memory, in parts of that for all at once",
        new_memory(by_blocks) / new_memory(all_at_once), at_most=0.15)

# %% [markdown]
# Backward it works as well: with the denominators known, each block of the gradient can be made when it is
# needed, from scores that are computed a second time. Computing twice to store less is often the better
# bargain.
#
# ## Sources, and where to go next
#
# - S. Williams, A. Waterman, D. Patterson: *Roofline: An Insightful Visual Performance Model for Multicore
#   Architectures*, Communications of the ACM 52 (2009). Floors, for arithmetic and for memory.
# - K. Goto, R. van de Geijn: *Anatomy of High-Performance Matrix Multiplication*, ACM TOMS 34 (2008). What
#   BLAS does inside.
# - U. Drepper: *What Every Programmer Should Know About Memory*, 2007.
# - J. Appleyard, T. Kocisky, P. Blunsom: *Optimizing Performance of Recurrent Neural Networks on GPUs*,
#   2016. The same hoisting, on a graphics card.
# - M. Milakov, N. Gimelshein: *Online Normalizer Calculation for Softmax*, 2018. T. Dao and others:
#   *FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness*, NeurIPS 2022.
# - A. Vaswani and others: *Attention Is All You Need*, NIPS 2017. A network without the loop.
#
# **Next:** `Attention_Captioning`, a captioner that looks where it speaks. Or train on COCO (`bash
# datasets/get_datasets.sh`, then `python -m cs231n.train --help`), where a faster step saves hours.

# %%
check.summary()
