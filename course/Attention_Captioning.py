# %% [markdown]
# # Captions that look
#
# The captioners of the notebooks before see a picture once, as one vector, before the first word. From
# then on they write from memory. A person who describes a picture does otherwise: she looks at the dog
# while she says *dog*. In this notebook you build **attention**, by hand: a captioner that looks at the
# picture anew for each word. And on Emoji Scenes you can prove what others have to believe: that it
# looks at the thing it names.
#
# **Afterwards you can**
#
# - write scaled dot-product attention in NumPy, forward and backward, with a mask;
# - put it into a captioner without changing its recurrent network;
# - draw where a network looks, word by word, and test whether the drawing means anything.
#
# **Time:** three to four hours for the six exercises (our estimate, not yet measured on a class). The
# computing in between takes one to two minutes.
#
# **It needs** the captioner of **RNN_Captioning** and the softmax of **Foundations**. Your code of those
# notebooks is not needed: the same functions are imported here. **Transformer_Captioning** follows.
# Terms are explained in `docs/glossary.md`.
#
# Work from top to bottom. Each exercise is a cell with `TODO` in it. The cell below it compares your
# numbers with known ones, and `check(...)` tells you what is wrong if something is.

# %% include="setup"

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import cs231n.classifiers.attention
from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers.fast_attention import FastCaptioningAttention
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.coco_utils import (
    EMOJI_SCENES,
    decode_captions,
    load_coco_data,
    regions_as_features,
    sample_coco_minibatch,
)
from cs231n.feedback import check
from cs231n.figure_texts import show_figure
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
    verdict,
)
from cs231n.looking import looks, named_regions, proof_of_looking
from cs231n.metrics import plain, truth_table
from cs231n.rnn_layers import (
    affine_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)
from cs231n.scenes import draw, load_scenes
from cs231n.vis_utils import plot_loss, show_looks

# %% [markdown]
# ## A picture as regions
#
# The features that you know sum up a picture in 512 numbers. The network they come from sees more than
# that: it labels each place of the picture. Here its labels stay apart. The picture is divided into 4 x 5
# **regions**, and each region has 61 numbers: how likely each of 47 kinds of things is there, with which
# size and count, and the setting of the picture.
#
# In one array that is `(N, S, D)`: N pictures, S = 20 regions in reading order, D = 61 numbers.

# %%
vector_data = load_coco_data(base_dir=EMOJI_SCENES, regions=True)
data = regions_as_features(vector_data)  # regions in the place of the vectors
val_scenes = load_scenes("val")
print("one vector a picture:", vector_data["train_features"].shape)
print("regions:             ", data["train_features"].shape)

shown = 7
image = draw(val_scenes[shown])
figure, axes = plt.subplots(figsize=(5, 3.75), layout="constrained")
axes.imshow(image)
for s in range(20):
    row, column = divmod(s, 5)
    corner = (32 * column, 30 * row)
    axes.add_patch(plt.Rectangle(corner, 31, 29, fill=False, color="white"))
    axes.text(32 * column + 2, 30 * row + 7, str(s), color="white", fontsize=8,
              bbox={"facecolor": "black", "pad": 1, "alpha": 0.6})
axes.set_axis_off()
show_figure("A picture divided into 4 rows and 5 columns of regions, numbered 0 to 19")

# %% [markdown]
# ## Why one vector is too little
#
# More numbers, better captions? Let us try. Two captioners, both of them the vanilla RNN that you know,
# with 256 hidden units, trained for two epochs. They differ only in what they are given:
#
# - **one vector**: the 512 numbers of the notebooks before;
# - **all regions, flattened**: the 20 x 61 numbers one after the other, in one vector of 1220.
#
# (They are trained by the fast engine of **Fast_Captioning**, which computes the same in less time.)


# %%
def with_features(make):
    """The data with other features, made of the regions (N, S, D)."""
    names = ("train_features", "val_features")
    return {**data, **{name: make(data[name]) for name in names}}


def write_captions(model, features):
    """Greedy captions, one text for each picture."""
    numbers = model.sample(features, max_length=16)
    return plain(decode_captions(numbers, data["idx_to_word"]))


def train(model, model_data, num_epochs, lr_decay):
    """Train a captioner; return its solver and the truth of its captions."""
    solver = CaptioningSolver(
        model, model_data, update_rule="adam", optim_config={"learning_rate": 2e-3},
        lr_decay=lr_decay, num_epochs=num_epochs, batch_size=100, print_every=400,
    )
    solver.train()
    return solver, truth_table(
        write_captions(model, model_data["val_features"]), val_scenes
    )


tables, solvers = {}, {}
for name, model_data in (
    ("one vector", vector_data),
    ("all regions, flattened", with_features(lambda r: r.reshape(len(r), -1))),
):
    np.random.seed(231)
    rnn = FastCaptioningRNN(
        data["word_to_idx"], input_dim=model_data["train_features"].shape[1],
        wordvec_dim=256, hidden_dim=256,
    )
    print(f"---- {name} ----")
    solvers[name], tables[name] = train(rnn, model_data, num_epochs=2, lr_decay=0.2)

for name, table in tables.items():
    print(f"\n---- {name} ----\n{table}")
flattened = tables["all regions, flattened"]
verdict("true on ordinary scenes, flattened", 100 * flattened.ordinary,
        at_most=72, unit="%")
verdict("true on compositional scenes, flattened", 100 * flattened.compositional,
        at_most=42, unit="%")

# %% [markdown]
# With more numbers, captions got **worse**: 61 to 64 % are true (four seeds), where one vector gave 83 to
# 87 % (three seeds). All of it is there, but a dog in region 3 and a dog in region 14 are different inputs
# with different weights: what a dog is has to be learned twenty times. And all of it has to go through one
# hidden state before the first word.
#
# What the network should be able to do is: look at the regions one by one, with the same eyes for each,
# and take from them what the next word needs.
#
# ## Attention
#
# Think of a question and a shelf of boxes. Each box has a label. You compare your question with all
# labels, and take from each box as much as its label fits.
#
# | | in the code | shape |
# |---|---|---|
# | the questions | `query` | `(N, T, E)`: T of them for each example |
# | the labels | `key` | `(N, S, E)`: one for each of S sources |
# | what is in the boxes | `value` | `(N, S, M)` |
# | how much is taken | `weights` | `(N, T, S)` |
# | what is taken | `out` | `(N, T, M)` |
#
# ![A hidden state asks each of S regions. Its product with each of them, divided by the root of H, goes through a softmax and gives twenty weights. The sum of the regions by these weights is what is heard; together with the hidden state it scores the words.](pictures/attention.png)
#
# $$\text{weights} = \text{softmax}\big(Q K^T / \sqrt{E}\big) \qquad\qquad
# \text{out} = \text{weights}\; V$$
#
# ### The weights
#
# A question and a label are compared by their product: large if they point the same way. A softmax along
# the sources makes shares of it, which add up to 1 for each question.
#
# **Why divide by $\sqrt{E}$?** A product of two vectors is a sum of E numbers. The more of them, the
# further such sums spread, and the softmax of large numbers is nearly all or nothing, where it is flat
# and lets no gradient through. Random vectors show it:

# %% given="attention_layers.softmax"

# %%
numbers = np.random.RandomState(0)
for E in (4, 64, 1024):
    products = (numbers.randn(2000, E) * numbers.randn(2000, E)).sum(axis=1)
    print(f"E = {E}: spread over root of E is {products.std() / math.sqrt(E):.1f}")
    largest = {
        how: softmax(products.reshape(100, 20) / scale).max(axis=1).mean()
        for how, scale in (("as they are", 1), ("divided by root of E", math.sqrt(E)))
    }
verdict("largest of 20 weights, E = 1024, products as they are", largest["as they are"],
        at_least=0.85)
verdict("largest of 20 weights, E = 1024, divided", largest["divided by root of E"],
        at_most=0.4)

# %% [markdown]
# **The mask** says where a question may look: an array of booleans, True where it may. (Our captioner
# looks everywhere and has none; the next notebook needs one.) What is hidden must get a weight of exactly
# 0, and the others must still add up to 1. Which score has the exponential 0?

# %% exercise="attention_layers.attention_weights"
# Products of each query with each key (N, T, S): the last two axes of the keys change places.
# Divide them by the square root of E.
# If there is a mask, give the scores that it hides a value whose exponential is 0.
# Then the softmax, which is given.

# %%
numbers = np.random.RandomState(1)
query, key = numbers.randn(2, 3, 4), numbers.randn(2, 5, 4)
mask = np.array([[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)

weights = attention_weights(query, key, mask)
verdict("sums of the weights, difference from 1", np.abs(weights.sum(axis=2) - 1).max(),
        at_most=1e-12)
verdict("largest weight that the mask hides", weights[:, ~mask].max(), at_most=0)

# %%
check(attention_weights)

# %% [markdown]
# You can tell where a network looks.
#
# ### Attention, forward
#
# What is taken is a mean of the values, by these weights. One more argument, `dropout`, is for the next
# notebook: if it is not None, the weights are multiplied with it after the softmax.
#
# The numbers below are those that Michigan's course EECS 498 publishes for its assignment on attention.

# %% exercise="attention_layers.attention_forward"
# Get the weights from attention_weights, and multiply them with dropout if there is any.
# Then one matrix product.
# Keep in the cache what the backward pass will need: the weights before dropout, too.

# %% include="numeric_checks"

# %%
query, key = ramp(-0.4, 0.6, 1, 5, 4), ramp(-0.8, 0.5, 1, 5, 4)
value = ramp(-0.3, 0.8, 1, 5, 4)
first_column = np.array([0.08283, 0.13518, 0.18848, 0.24091, 0.29081])
first_row = np.array([0.08283, 0.14073, 0.19862, 0.25652])

out, _ = attention_forward(query, key, value)
verdict("first column error", rel_error(out[0, :, 0], first_column), at_most=1e-4)
verdict("first row error", rel_error(out[0, 0], first_row), at_most=1e-4)

# %%
check(attention_forward)

# %% [markdown]
# ### Attention, backward
#
# Go back the way you came: the product with the values, the softmax, the scale, the product of queries
# and keys. All but one are products, which hand to each factor the gradient times the other.
#
# **Through the softmax.** With the weights $w$ of one question and the gradient $dw$ that arrives at them,
#
# $$ds_j = w_j \Big(dw_j - \sum_k w_k\, dw_k\Big)$$
#
# The sum has a meaning. Weights add up to 1, so a weight that grows takes from all others. What counts is
# not how good it is to look at a source, but whether it is **better than the average** of where one looks.

# %% exercise="attention_layers.attention_backward"
# First dvalue, and what reaches the weights; both have to do with dropout if there is any.
# Then through the softmax of each query, and through the scale.
# The last product has two factors: query and key.

# %%
numbers = np.random.RandomState(2)
N, T, S, E, M = 2, 3, 4, 5, 2
query, key = numbers.randn(N, T, E), numbers.randn(N, S, E)
value = numbers.randn(N, S, M)
dout = numbers.randn(N, T, M)
mask = numbers.rand(N, T, S) < 0.7
mask[..., 0] = True

_, cache = attention_forward(query, key, value, mask)
dquery, dkey, dvalue = attention_backward(dout.copy(), cache)
check_gradients(
    lambda: attention_forward(query, key, value, mask)[0], dout, 1e-6,
    dquery=(query, dquery), dkey=(key, dkey), dvalue=(value, dvalue),
)

# %%
check(attention_backward)

# %% [markdown]
# Attention is complete. Note what is *not* in it: no weights of its own, nothing to learn. What is learned
# are the vectors that meet in it.
#
# ## A captioner that looks
#
# Nothing changes in the recurrent network. Attention comes **after** it, as Minh-Thang Luong and others
# proposed in 2015:
#
# 1. **What is looked at.** One affine layer turns each region into H numbers, and adds a vector that is
#    learned for its **place**, since nothing in a region's features says where it lies:
#    $A = \text{features}\, W_{proj} + b_{proj} + \text{places}$, `(N, S, H)`.
# 2. **The first hidden state** is the mean of A over the regions.
# 3. The recurrent network reads the words, as ever: hidden states `h` `(N, T, H)`.
# 4. Every hidden state **asks** the regions, all time steps at once. Queries are `h`, keys and values are A.
# 5. What is heard is joined with `h` and **mixed**: $m = \tanh([h, \text{heard}]\, W_{mix} + b_{mix})$, and
#    the words are scored from m.
#
# The first of these is given, with its way back, as methods of the class: `self.looked_at(features)`
# returns A and a cache, `self.looked_at_backward(dA, cache)` the gradients of `W_proj`, `b_proj` and
# `places` in a dictionary. `self.cell()` is as in **RNN_Captioning**.


# %%
class CaptioningAttention(cs231n.classifiers.attention.CaptioningAttention):
    """The captioner of this notebook, made of your own functions."""


# %% [markdown]
# ### The first state of a captioner that looks
#
# The state goes from step to step as a list. What can be looked at travels with it, as its last entry, and
# stays as it is.

# %% exercise="classifiers.attention.CaptioningAttention.first_state"
# A comes from self.looked_at, the first hidden state is its mean over the regions.
# An LSTM (self.cell_type is "lstm") has a cell state of zeros between the two.

# %%
few = data["val_features"][:2]
for cell_type in ("rnn", "lstm"):
    model = CaptioningAttention(data["word_to_idx"], cell_type=cell_type)
    print(cell_type, [array.shape for array in model.first_state(few)])

# %%
check(first_state, name="attention_first_state")

# %% [markdown]
# ### One step, and where it looks
#
# When it writes, the captioner takes one step at a time: read a word, look, score the words. Your method
# returns the weights as well, so that one can see where it looked.

# %% exercise="classifiers.attention.CaptioningAttention.next_scores_and_looks"
# Take what is looked at off the end of the state, without changing the caller's list.
# The step of self.cell() as ever; then the new hidden state asks.
# attention_weights takes (N, T, H): here T is 1.

# %% given="classifiers.attention.CaptioningAttention.next_scores"

# %%
np.random.seed(231)
model = CaptioningAttention(data["word_to_idx"])
word = np.full(2, data["word_to_idx"]["<START>"])

scores, state, weights = model.next_scores_and_looks(word, model.first_state(few))
print("scores", scores.shape, "state", [array.shape for array in state])
verdict("sums of the weights, difference from 1", np.abs(weights.sum(axis=1) - 1).max(),
        at_most=1e-5)

# %%
check(next_scores_and_looks, name="attention_next_scores_and_looks")

# %% [markdown]
# ### The loss of a captioner that looks
#
# Forward, follow the five steps above. Backward, count how often each thing is used. **Where a value is
# used several times, its gradients add up**:
#
# - `h` is used **twice**: it asks, and it is mixed.
# - A is used **three times**: as keys, as values, and for the first hidden state. That is a mean of S
#   regions, so each of them gets an S-th of its gradient.

# %% exercise="classifiers.attention.CaptioningAttention.loss"
# Words in and words out, mask, forward through the recurrent network: as in RNN_Captioning.
# Between hidden states and scores: attention_forward, np.concatenate, W_mix and b_mix, tanh.
# Backward, the same way from the end to the start, and do not forget the slope of the tanh.
# The last line adds the gradients of self.looked_at_backward to the dictionary (grads |= ...).

# %%
np.random.seed(231)
tiny_words = {"<NULL>": 0, "<START>": 1, "<END>": 2, "cat": 3, "dog": 4}
tiny = CaptioningAttention(
    tiny_words, input_dim=4, num_regions=3, wordvec_dim=3, hidden_dim=5,
    dtype=np.float64,
)
tiny_features = np.random.randn(2, 3, 4)
tiny_captions = np.array([[1, 3, 4, 2], [1, 4, 2, 0]])

_, grads = tiny.loss(tiny_features, tiny_captions)
for name in sorted(grads):
    numeric = eval_numerical_gradient(
        lambda _: tiny.loss(tiny_features, tiny_captions)[0], tiny.params[name],
        verbose=False, h=1e-6,
    )
    verdict(f"{name} error", rel_error(numeric, grads[name]), at_most=1e-4)

# %%
check(loss, name="attention_loss")

# %% [markdown]
# ## Training on all scenes
#
# Your captioner is done. For the training there is a faster one, `FastCaptioningAttention`, which leaves out
# the work for padding. Is it the same captioner? Give both the same parameters and the same minibatch:

# %%
np.random.seed(231)
fast = FastCaptioningAttention(data["word_to_idx"], wordvec_dim=256, hidden_dim=256)
captions, features, _ = sample_coco_minibatch(data, batch_size=20)
own = CaptioningAttention(data["word_to_idx"], wordvec_dim=256, hidden_dim=256)
own.params = fast.params

_, fast_grads = fast.loss(features, captions)
_, own_grads = own.loss(features, captions)
worst = max(
    np.abs(fast_grads[name] - own_grads[name]).max() / np.abs(own_grads[name]).max()
    for name in own_grads
)
verdict("gradients of both, largest difference", worst, at_most=1e-3)

# %%
name = "regions, with attention"
np.random.seed(231)
solvers[name], tables[name] = train(fast, data, num_epochs=4, lr_decay=0.4)
plot_loss({name: solver.loss_history for name, solver in solvers.items()}, log=True)
show_figure()

# %% [markdown]
# ### What attention brings
#
# The same regions, the same RNN. It was trained for four epochs, the others for two.

# %%
for name, table in tables.items():
    print(f"---- {name} ----\n{table}\n")
looking, vector = tables["regions, with attention"], tables["one vector"]
bounds = {"ordinary": 87, "repeated": 91, "new": 77, "compositional": 75}
for kind, at_least in bounds.items():
    verdict(f"true with attention, {kind}", 100 * getattr(looking, kind),
            at_least=at_least, unit="%")
gained = 100 * (looking.ordinary - flattened.ordinary)
verdict("gained over the flattened regions, ordinary, in points", gained, at_least=20)
gained = 100 * (looking.new - vector.new)
verdict("gained over one vector, new content, in points", gained, at_least=7)
gained = 100 * (looking.compositional - vector.compositional)
verdict("gained over one vector, compositional, in points", gained, at_least=15)

# %% [markdown]
# 90 to 92 % true on ordinary scenes (four seeds), where the same numbers without attention gave
# 61 to 64. Does that come from the longer training? After two epochs it was 89 to 93 % (four seeds). The gain
# over one vector is greatest where things are **new**: on compositional scenes, which pair what never met in
# training, it is 82 to 85 % instead of 55 to 58. A dog in a new place is still a dog, if one looks at it with the same eyes.
#
# ## Where does it look?
#
# Now your own methods write, with the trained parameters. Each picture is drawn again for each word: bright
# where the captioner looked, with an orange frame around the strongest region. A dotted frame says where
# the thing lies that the word names.

# %%
own.params = fast.params
for n in (shown, 20):
    scene, row = val_scenes[n], data["val_features"][n : n + 1]
    written = own.sample(row, max_length=16)
    words = decode_captions(written[0], data["idx_to_word"]).split()
    weights = looks(own, row, written)[0, : len(words)]
    named = named_regions(" ".join(words), scene)
    show_looks(draw(scene), words, weights, named=named)
    show_figure()

# %% [markdown]
# At a noun it looks at what it names. At *a* or *two* it may look at a thing already: the next word depends
# on it. At *on*, at *the* and at the word for the setting it may look anywhere, at a corner without a thing,
# say, since every region knows the setting. If a caption is wrong, see where it looked at the wrong word.
#
# ### Proof of looking
#
# Two fine pictures prove nothing: one shows those that are fine. So let us count, over **all** true captions
# that name two things or more. At the step that writes a noun, how much of the attention lies on the object
# named, and how often is the strongest region one of its own? Beside it stand
#
# - **chance**: the share of the picture that the object covers;
# - **the next picture**: the same words, read on regions of another picture. A habit, such as looking left
#   for the first noun, would show here.

# %%
proof, shuffled = (
    proof_of_looking(
        own, data["val_features"], val_scenes, data["idx_to_word"], shuffled=other
    )
    for other in (False, True)
)
for label, value, bound in (
    ("attention on the object named", proof.weight, {"at_least": 65}),
    ("strongest region on it", proof.strongest, {"at_least": 94}),
    ("chance", proof.chance, {"at_most": 30}),
    ("strongest region on it, next picture", shuffled.strongest, {"at_most": 50}),
):
    verdict(label, 100 * value, unit="%", **bound)

# %% [markdown]
# The strongest region lies on the object named in 97 to 99 of a hundred nouns, where chance is 25. On the next
# picture it is 41 or 42 (four seeds). That is more than chance: some of the looking is a habit, of looking where things often are.
# But most of it follows the picture. Nobody told the network where to look: it was trained on captions alone.
#
# A caution: weights say what was *taken*, not *why* a word was chosen. Whether attention explains a decision
# is disputed (Jain and Wallace 2019; Wiegreffe and Pinter 2019).
#
# ### Inline question
#
# Multiply the hidden states by 10 before they ask. What happens to the weights, and to the gradient that comes
# back through the softmax?

# %% [markdown] answer
# The scores become ten times as large, so nearly all weight goes to one region. There the softmax is flat: with
# one weight near 1 and the others near 0, $w_j (dw_j - \sum_k w_k dw_k)$ is near 0 for every j. The network
# hardly learns any more where to look. It is what the scale prevents at the start of a training.

# %% [markdown]
# ## What is left of the RNN
#
# You have built a captioner of 2015. What of it is still in the programs that describe pictures today?
#
# **Kept:** words come one at a time, each given those before it; the network is trained on true words
# (*teacher forcing*) with the cross-entropy of the next word; captions are written greedily, by sampling, or
# by beam search. Pictures are vectors of regions, with vectors for their places. And attention: the same
# formula, softmax of scaled products, is the core of all of them.
#
# **Replaced:** the recurrence. A Transformer lets words look at the words before them by attention as well
# (Vaswani and others, 2017), so that all time steps train side by side. The regions come from a Transformer too
# (Dosovitskiy and others, 2021), and often the words look at the picture through a large language model that was
# trained on text first (Flamingo, 2022; LLaVA, 2023).
#
# ### Recap of this notebook
#
# Answer from memory, then look it up.
#
# 1. Along which axis runs the softmax, and what adds up to 1?
# 2. Why is the mean subtracted on the way back through it?
# 3. How often is A used, and how does its gradient come about?
# 4. What would a captioner show that always looks at the left half first?

# %% [markdown] answer
# 1. Along the sources, the last axis: the weights of each query add up to 1.
# 2. A weight that grows takes from the others; what counts is whether a source is better than the average.
# 3. Three times: as keys, as values, and for the first state. The three gradients add up; that of the first
#    state is divided by S.
# 4. A share above chance on its own pictures, and the same share on the next picture: a habit, no looking.

# %% [markdown]
# ### Try it yourself
#
# 1. Leave out the places: set `fast.params["places"]` to zero and its gradient too. Which words suffer?
# 2. Train an LSTM with attention (`cell_type="lstm"`). Is it better? Use three seeds before you decide.
# 3. Harder: *before* the recurrence, as in *Show, Attend and Tell*: the old hidden state asks, and what it hears
#    goes into the step together with the word. What can no longer be computed for all time steps at once?
#
# ## Sources, and where to go on
#
# - D. Bahdanau, K. Cho, Y. Bengio: *Neural Machine Translation by Jointly Learning to Align and Translate*,
#   ICLR 2015. Attention.
# - M.-T. Luong, H. Pham, C. Manning: *Effective Approaches to Attention-based Neural Machine Translation*, EMNLP
#   2015. Attention after the recurrence.
# - K. Xu and others: *Show, Attend and Tell*, ICML 2015. A captioner that looks, and its maps.
# - A. Vaswani and others: *Attention Is All You Need*, NeurIPS 2017. The scale, and life without recurrence.
# - A. Dosovitskiy and others: *An Image is Worth 16x16 Words*, ICLR 2021; J.-B. Alayrac and others: *Flamingo*,
#   NeurIPS 2022; H. Liu and others: *Visual Instruction Tuning* (LLaVA), NeurIPS 2023.
# - S. Jain, B. Wallace: *Attention is not Explanation*, NAACL 2019; S. Wiegreffe, Y. Pinter: *Attention is not not
#   Explanation*, EMNLP 2019.
# - J. Johnson: EECS 498-007, University of Michigan, assignment 5: the numbers of the check above.
#
# **Next:** `Transformer_Captioning` takes the recurrence away.

# %%
check.summary()
