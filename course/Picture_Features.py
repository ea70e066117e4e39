# %% [markdown]
# # Picture features: from pixels to 512 numbers
#
# The captioners of this course never see a picture. They start from 512 numbers, its **features**, and
# the other notebooks take those for granted. Who made them, and how? In this notebook you do: you
# write the layers of a network that looks at pictures, put them together, and get the very numbers
# that the captioners were trained on, starting from nothing but pixels.
#
# **Afterwards you can**
#
# - say what a picture is for a program, and what a convolution, a ReLU and a max pooling make of it;
# - write a convolution as one matrix product, with padding and stride;
# - reduce many numbers to few with PCA, and say what is lost;
# - judge whether features are any good, before anything is trained on them;
# - give features to a picture of your own, so that a captioner can write about it.
#
# **Time:** two to three hours for the seven exercises (our estimate, not yet measured on a class). The
# computing takes less than a minute.
#
# **It needs** NumPy's arrays with more than two axes, and the affine layer, `x @ w + b` (from
# **Foundations**). Nothing is trained here, and no recurrent network occurs. **It can be read at any
# time** after **Foundations**. Terms are explained in `docs/glossary.md`.

# %% include="setup"

# %%
import h5py
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from cs231n.coco_utils import EMOJI_SCENES, decode_captions, load_coco_data
from cs231n.feedback import check
from cs231n.figure_texts import describe, show_figure
from cs231n.gradient_check import eval_numerical_gradient_array, rel_error, verdict
from cs231n.scenes import KINDS, Group, Scene, draw, judge, load_scenes
from cs231n.scenes.features import (
    BATCH,
    CONVOLUTIONS,
    NUM_KINDS,
    ROW,
    affine,
    convolutions,
    load_weights,
    of_kinds,
    of_places,
    prepared,
    softmax,
    weights_of,
)
from cs231n.vis_utils import BLUE, ORANGE, plot_curves, show_captions

# %% [markdown]
# ## A picture is an array
#
# The pictures of Emoji Scenes are drawn by a program, so we can order one:

# %%
scene = Scene("grass", [Group("dog", x=45), Group("balloon", x=115)])
picture = draw(scene)

print("shape", picture.shape, "dtype", picture.dtype)
print("the pixel in row 60, column 115:", picture[60, 115])

# %% [markdown]
# It has 120 rows of 160 pixels, and each pixel has three numbers from 0 to 255: how much red, green and
# blue light it sends out. These three are the **channels** of the picture. Each by itself is a grey
# picture:


# %%
def draw_maps(maps, titles, summary, columns=4, **how):
    """Pictures in a grid, each with a title."""
    rows = -(-len(maps) // columns)
    height = 0.3 + 0.8 * 11 / columns  # inches of one row, with its titles
    figure, grid = plt.subplots(
        rows, columns, figsize=(11, height * rows), squeeze=False
    )
    for ax in grid.flat:
        ax.axis("off")
    for ax, image, title in zip(grid.flat, maps, titles):
        ax.imshow(image, interpolation="nearest", **how)
        ax.set_title(title, fontsize=10)
    figure.tight_layout()
    describe(summary, titles)


draw_maps(
    [picture, *np.moveaxis(picture, 2, 0)],
    ["the picture", "red", "green", "blue"],
    "A picture and its three channels, each in grey",
    cmap="gray",
    vmin=0,
    vmax=255,
)
show_figure()

# %% [markdown]
# So a picture is an array of shape `(120, 160, 3)`, and a minibatch of N of them is
# `(N, rows, columns, channels)`: `(N, h, w, C)` for short. Channels come last in this course. (In
# PyTorch they stand before rows and columns. Neither is better, but to take one for the other is a
# common mistake.)
#
# A network works better with numbers around zero. `prepared` makes them: 0 becomes -1, 255 becomes 1.

# %%
images = prepared(picture[None])  # N = 1
print(images.shape, images.dtype, images.min() >= -1, images.max() <= 1)

# %% [markdown]
# ## Patches
#
# Could a picture go straight into an affine layer, as one long row of 57,600 numbers? It could. But then
# the layer needs 57,600 weights for each number that it makes, and a dog on the left has nothing to do
# with the same dog on the right: other pixels, other weights. Everything would have to be learned once
# for every place.
#
# So let us look at a small window, a **patch**, of 6 by 6 pixels, say. What an edge, a spot or an eye
# looks like can be decided there. And use **the same weights at every place**. A layer with these two
# ideas is a **convolution**.
#
# ![A small picture with a window of three by three pixels marked in it. The window is written down as one row of a matrix of patches. That row times a column, which holds a filter, gives one number of the output, at the place of the window.](pictures/convolution.png)
#
# The first half of it is to cut out all patches and write each as one row. Three numbers say which
# patches there are:
#
# - the **kernel**, `(k, l)`: how many rows and columns a patch has;
# - the **stride**: how far it is from one patch to the next, to the right and downwards;
# - the **padding**, `(rows, columns)`: how many zeros are put around the picture first, on each side.
#   Without it, a patch could not have its middle in the corner of the picture, and what comes out would
#   get smaller with every layer.
#
# How many patches are there below each other? The picture has $h + 2p$ rows now. The first patch begins
# in row 0, the last one at the latest in row $h + 2p - k$, and they are $s$ rows apart:
#
# $$h' = \left\lfloor \frac{h + 2 p - k}{s} \right\rfloor + 1$$
#
# What is left over at the lower edge is dropped. For columns it is the same.

# %% include="numeric_checks"

# %% exercise="picture_layers.image_patches"
# Put zeros around the pictures: above and below, left and right, and nowhere else.
# Two loops over the places of the output are a good start. Where does the patch of a place begin, and
#   where does it end?
# For speed, look up `np.lib.stride_tricks.sliding_window_view`: all windows in one call, without a loop.
#   Mind where it puts the axis of the channels.
# Write each patch as one row, in the order that is asked for.

# %%
small_picture = np.arange(12.0).reshape(1, 3, 4, 1)  # three rows of four pixels
print(small_picture[0, :, :, 0])

patches = image_patches(small_picture, (2, 3))
print("patches", patches.shape)
expected_patches = np.array(
    [
        [[0, 1, 2, 4, 5, 6], [1, 2, 3, 5, 6, 7]],
        [[4, 5, 6, 8, 9, 10], [5, 6, 7, 9, 10, 11]],
    ]
)
verdict("patches error", rel_error(patches[0], expected_patches), at_most=1e-12)

colourful = ramp(0, 1, 1, 3, 3, 2)  # two channels: [0, 1], [2, 3], ... in seventeenths
first_patch = image_patches(colourful, (2, 2), stride=2, pad=(1, 0))[0, 0, 0] * 17
verdict(
    "a patch with padding and two channels, error",
    rel_error(first_patch, np.array([0, 0, 0, 0, 0, 1, 2, 3])),
    at_most=1e-12,
)
print("the first layer's patches:", image_patches(images, (6, 6), 4, (1, 1)).shape)

# %%
check(image_patches)

# %% [markdown]
# Every place of the picture is a row of numbers now. The rows overlap: a pixel occurs in several of
# them, so the patches need more memory than the picture. Programs pay that price gladly, for what comes
# next is a matrix product, and nothing is faster than that.
#
# ## Convolution
#
# A **filter** is a patch of weights: `k * l * C` numbers, one for each number of a patch. Multiply the
# two number by number, add up, and add a bias: that is how strongly the filter **answers** at this
# place. It answers most strongly where the patch looks like the filter itself. `F` filters give `F`
# numbers a place, which are the channels of the result:
#
# $$\text{out}[n, r, c, f] = b_f + \sum_{i, j, q} W[i, j, q, f] \; x[n, \, r s + i, \, c s + j, \, q]$$
#
# That sum is the product of a row (the patch) and a column (the filter). All places and all filters
# together are **one matrix product**: an affine layer, applied to every patch.
#
# | | in the code | shape |
# |---|---|---|
# | pictures | `x` | `(N, h, w, C)` |
# | filters | `W` | `(k, l, C, F)` |
# | biases | `b` | `(F,)` |
# | answers | `out` | `(N, h', w', F)` |
#
# (In mathematics, a convolution turns the filter around before it is laid on. Networks do not: filters
# are learned, so it makes no difference, and it is simpler this way.)

# %% exercise="picture_layers.conv_forward"
# Your `image_patches` cuts out the patches, and knows about stride and padding.
# Bring the filters into the shape in which they fit the patches: which of the four axes of `W` is to
#   stay, and do the others run in the order in which a patch is written down?
# Then it is an affine layer. NumPy's `@` multiplies the last axis, however many stand before it.

# %%
x = ramp(-0.1, 0.5, 2, 4, 4, 3)
W = ramp(-0.2, 0.3, 4, 4, 3, 2)
b = ramp(-0.1, 0.2, 2)
expected_of_first = np.array(
    [
        [[0.08787812, 0.3880277], [0.13544598, 0.43828809]],
        [[0.08428809, 0.39520776], [0.00261496, 0.31622715]],
    ]
)
expected_of_second = np.array(
    [
        [[1.12180609, 1.46503601], [0.91089197, 1.2568144]],
        [[0.08428809, 0.43828809], [-0.25586704, 0.10082548]],
    ]
)

answers = conv_forward(x, W, b, stride=2, pad=(1, 1))
print("answers", answers.shape)
verdict("first picture, error", rel_error(answers[0], expected_of_first), at_most=1e-5)
verdict(
    "second picture, error", rel_error(answers[1], expected_of_second), at_most=1e-7
)

# %%
check(conv_forward)

# %% [markdown]
# You have the layer that all networks for pictures are made of. Try it with filters made by hand. This
# one has -1 on its left and 1 on its right, for each colour, so that it answers where the picture gets
# brighter from left to right. Turned by a quarter, it looks for what gets brighter downwards.

# %%
to_the_right = np.array([[-1, 0, 1]] * 3, dtype=np.float32)
by_hand = np.stack([to_the_right, to_the_right.T], axis=-1)  # (3, 3, 2): two filters
by_hand = np.repeat(by_hand[:, :, None], 3, axis=2) / 9  # the same for each colour

edges = conv_forward(images, by_hand, np.zeros(2, np.float32), pad=(1, 1))
draw_maps(
    [picture, edges[0, :, :, 0], edges[0, :, :, 1]],
    ["the picture", "brighter to the right", "brighter downwards"],
    "A picture, and where it gets brighter to the right and downwards",
    columns=3,
    cmap="PuOr",
    vmin=-0.7,
    vmax=0.7,
)
show_figure()

# %% [markdown]
# Purple is where the filter answers with a number above zero, orange where it is below. The outlines of
# dog and balloon can be seen, and the plain sky is gone. (The lines along the frame come from the
# padding: a zero is a medium grey here, and what lies beside it is brighter or darker.)
#
# ## ReLU
#
# Two convolutions in a row could do no more than one larger convolution: an affine function of an affine
# function is affine. Something has to stand between them that is not. The simplest thing that does is
# the **rectified linear unit**, ReLU: what is below zero becomes zero.
#
# $$\text{relu}(x) = \max(x, 0)$$
#
# So a filter says how strongly it found what it looks for, and nothing where it did not.

# %% exercise="picture_layers.relu"
# Compare each number with zero, all of them in one call. The caller may still need `x` as it is.

# %%
verdict(
    "relu error",
    rel_error(relu(np.array([-2.0, -0.5, 0.0, 0.5, 2.0])), np.array([0, 0, 0, 0.5, 2])),
    at_most=1e-12,
)

# %%
check(relu)

# %% [markdown]
# With this you can put convolutions together. A layer of the network is a convolution and a ReLU after
# it. What comes out of one layer goes into the next, and its channels are what the filters there look
# at: the first layer sees colours, the second one sees edges and spots, and so on.

# %% exercise="picture_layers.conv_network"
# One loop over the layers. Each has four things in it.

# %%
two_layers = [
    (W, b, 2, (1, 1)),
    (ramp(-0.3, 0.4, 1, 2, 2, 2), ramp(0, 0.1, 2), 1, (0, 0)),
]
expected_hidden = np.array(
    [
        [[[0.07986482, 0.28482881]], [[0.03032244, 0.21015623]]],
        [[[0, 0.56054294]], [[0, 0.12347258]]],
    ]
)

hidden = conv_network(x, two_layers)
print("hidden", hidden.shape)
verdict("hidden error", rel_error(hidden, expected_hidden), at_most=1e-7)

# %%
check(conv_network)

# %% [markdown]
# ## Max pooling
#
# Further on in a network the question is less and less *where exactly*, and more and more *what*. **Max
# pooling** makes a map smaller: of each window of 2 by 2 places it keeps the largest number, of each
# channel by itself. If a filter answered anywhere in the window, that is what is left.

# %% exercise="picture_layers.max_pool"
# The windows are patches, so you have the function that cuts them out.
# A row of `size * size * C` numbers has to fall apart again, into places and channels. Which of the two
#   came first in the row?
# Then take the largest along the axis of the places.

# %%
small_map = np.array([[1.0, 2, 5, 0], [3, 4, -1, 1], [-7, -3, 2, 2], [-5, -4, 0, 8]])
verdict(
    "max_pool error",
    rel_error(max_pool(small_map[None, :, :, None])[0, :, :, 0],
              np.array([[4, 5], [-3, 8]])),
    at_most=1e-12,
)

brightest = max_pool(images, size=8, stride=8)
print("pooled", brightest.shape)
verdict("the brightest of all, difference",
        abs(brightest.max() - images.max()), at_most=0)

# %%
check(max_pool)

# %% [markdown]
# You have all parts of a network that looks at pictures.
#
# ## The network of Emoji Scenes
#
# The course comes with a small network that was trained on the training scenes (by
# `datasets/emoji_scenes/train_network.py`). It consists of five convolutions, each with a ReLU:

# %%
weights = load_weights()
hidden = images
for (channels, kernel, stride, pad), layer in zip(CONVOLUTIONS, convolutions(weights)):
    print(f"{channels:4} filters of {kernel} x {kernel} x {hidden.shape[3]}, "
          f"stride {stride}, padding {pad}:", end=" ")
    hidden = conv_network(hidden, [layer])
    print(hidden.shape[1:], f"{layer[0].size + layer[1].size:,} weights")

# %% [markdown]
# ![A picture of 120 by 160 pixels becomes 30 by 40 places with 24 channels, then 15 by 20 with 48 and 64, then 8 by 10 cells with 112 and 128. From the cells come kinds, sizes, counts and the setting; their summary has 1,343 numbers, and PCA leaves 512 of them.](pictures/picture_network.png)
#
# ### What the first layer looks at
#
# A filter of the first layer has three channels, as a picture has. So it can be shown as one: a small
# picture of what it answers to.

# %%
first_W = weights["W0"]  # (6, 6, 3, 24)
largest = np.abs(first_W).max(axis=(0, 1, 2))
draw_maps(
    list(np.moveaxis(0.5 + 0.5 * first_W / largest, 3, 0)),
    [f"{f}" for f in range(first_W.shape[3])],
    "The 24 filters of the first layer as small colour pictures",
    columns=12,
)
show_figure()

# %% [markdown]
# Grey is zero: there the filter does not care. Nobody designed these filters. They are what was left
# when training had made the loss small, and they look less tidy than the two that you made by hand. What
# one is good for shows better in its answers. Here are those of three: the ones whose answers differ
# most from place to place.

# %%
maps = conv_network(images, convolutions(weights)[:1])[0]  # (30, 40, 24)
liveliest = np.argsort(-maps.std(axis=(0, 1)))[:3]
draw_maps(
    [picture, *(maps[:, :, f] for f in liveliest)],
    ["the picture", *(f"filter {f}" for f in liveliest)],
    "A picture, and the answers of three filters of the first layer after ReLU",
    cmap="gray",
)
show_figure()

# %% [markdown]
# In this picture, one answers to the meadow, one to the sky, and one to balloon and meadow: all three
# look for colours. A pixel of the maps stands for 4 by 4 of the picture.
#
# ### What the last layers say
#
# After five layers there are 8 by 10 **cells** with 128 numbers each. An affine layer makes scores of
# them, and a softmax makes probabilities: which of the 47 kinds covers this cell, or none? How big is
# it? How many are there? (For counting, one more convolution looks along the row.) The setting comes
# from the mean over all cells. Read `look` once; nothing in it is new to you, and it calls your layers.

# %% given="scenes.features.look"

# %%
kinds, sizes, counts, setting, _ = look(picture[None], weights)
of_kind = dict(zip(KINDS, np.moveaxis(kinds[0], 2, 0)))
draw_maps(
    [picture, of_kind["dog"], of_kind["balloon"], of_kind["cat"]],
    ["the picture", "dog", "balloon", "cat"],
    "A picture, and in which of its cells the network sees a dog, a balloon, a cat",
    cmap="gray",
    vmin=0,
    vmax=1,
)
show_figure()

# %% [markdown]
# White is a probability of one. Does the network get it right on pictures that it has never seen? We
# take 200 scenes of the validation split, and say that a kind is seen if its probability is above one
# half in some cell. `by_batches` gives a function a few pictures at a time, which saves memory.


# %%
def by_batches(function, pictures):
    """The results of a function of pictures, taken a few at a time."""
    starts = range(0, len(pictures), BATCH)
    return np.concatenate([function(pictures[i : i + BATCH]) for i in starts])


def strongest(pictures):
    """The probability of each kind in the cell where it is highest (N, 47)."""
    return look(pictures, weights)[0].max(axis=(1, 2))


new_scenes = load_scenes("val")[:200]
new_pictures = np.array([draw(s) for s in new_scenes])
there = np.array([[s.group(kind) is not None for kind in KINDS] for s in new_scenes])

seen = by_batches(strongest, new_pictures) > 0.5
verdict("pictures with all kinds right",
        100 * np.mean((seen == there).all(axis=1)), at_least=95, unit="%")

# %% [markdown]
# ### A summary
#
# What should a captioner get to know? All cells would be a lot of numbers, and most of them say
# "nothing here". `described` is the summary that was chosen for this course: the kinds in each of 4 by 5
# regions (your max pooling makes regions of cells), which kinds there are at all, the setting, and
# the sizes and counts of each kind and of each place.

# %% given="scenes.features.described"

# %%
print("numbers that describe a picture:", described(picture[None], weights).shape[1])

# %% [markdown]
# ## PCA: fewer numbers
#
# Many of these 1,343 numbers hardly ever change, and many change together: where there is a camel, there
# is a desert. **Principal component analysis**, PCA, finds the directions along which descriptions
# differ most. We keep those and drop the rest.
#
# Say the rows of $X$ are descriptions, with the mean row taken away. The **singular value decomposition**
# writes this matrix as a product of three:
#
# $$X = U \, S \, V^T$$
#
# | | shape | what it is |
# |---|---|---|
# | $V^T$ | `(D, D)` | each **row** is a direction of length 1, at right angles to all others |
# | $S$ | `(D,)` | the singular values: how far the data reach along each direction, largest first |
# | $U$ | `(N, D)` | where each description lies along each direction, in parts of the singular value |
#
# (Shapes for N at least D, as `full_matrices=False` gives them.) $U S = X V$ are the new coordinates:
# the same descriptions, measured along other axes. Their squares add up to $S^2$ along each direction,
# so the **variance** there, the mean square, is $S^2 / N$.
#
# A direction has no arrow: if $v$ is one, $-v$ is as good. Two programs may well differ in signs, and
# both are right.

# %% exercise="picture_layers.pca_fit"
# The mean row comes first: along which axis is that mean?
# `np.linalg.svd` with `full_matrices=False` gives three things. Which of them holds the directions, and
#   are they its rows or its columns?
# Keep the first K, one direction a column. The variances come from the singular values.

# %%
cross = np.array([[8.0, 5.0], [2.0, 5.0], [5.0, 6.0], [5.0, 4.0]])  # around (5, 5)
cross_mean, cross_directions, cross_variances = pca_fit(cross, 2)
verdict("mean error", rel_error(cross_mean, np.array([5, 5])), at_most=1e-12)
verdict(
    "directions error (signs left aside)",
    np.abs(np.abs(cross_directions) - np.eye(2)).max(),
    at_most=1e-12,
)
verdict(
    "variances error", rel_error(cross_variances, np.array([4.5, 0.5])), at_most=1e-12
)

# %%
check(pca_fit)

# %% [markdown]
# Look at it in two dimensions. These points differ most along one slanting line, and little across:

# %%
cloud = np.random.RandomState(0).randn(200, 2) * [2.0, 0.5] @ [[0.8, 0.6], [-0.6, 0.8]]
cloud_mean, cloud_directions, cloud_variances = pca_fit(cloud, 2)

figure, ax = plt.subplots(figsize=(6, 4))
ax.scatter(*cloud.T, s=10, color=BLUE, alpha=0.5)
for k, style in enumerate(("-", "--")):
    reach = 2 * np.sqrt(cloud_variances[k]) * cloud_directions[:, k]
    ends = np.array([cloud_mean - reach, cloud_mean + reach])
    ax.plot(*ends.T, style, color=ORANGE, linewidth=3, label=f"direction {k}")
ax.set(aspect="equal", title="Two directions, each twice its standard deviation long")
ax.spines[["top", "right"]].set_visible(False)
ax.legend()
show_figure("A slanting cloud of points with its two principal directions")

# %% [markdown]
# Now the other half: given mean and directions, where does a *new* description lie?

# %% exercise="picture_layers.pca_apply"
# Measure from the mean of the data on which the PCA was fitted: it is an argument.
# Then one product. Which shapes fit?

# %%
cloud_mean, cloud_directions, cloud_variances = pca_fit(cloud, 2)
projected = pca_apply(cloud, cloud_mean, cloud_directions)
verdict("their mean", np.abs(projected.mean(axis=0)).max(), at_most=1e-12)
verdict(
    "their variances, error",
    rel_error(projected.var(axis=0), cloud_variances),
    at_most=1e-12,
)
back = projected @ cloud_directions.T + cloud_mean
verdict("and back to the points, error", np.abs(back - cloud).max(), at_most=1e-12)

# %%
check(pca_apply)

# %% [markdown]
# ### How many numbers are enough?
#
# With all directions you can go back to where you came from. With fewer, something is lost: the variance
# along the directions that were dropped. How much is that? We describe 2,000 training pictures with your
# network, fit a PCA on them, and add up the variances of the first K directions. And the same for the
# 200 validation pictures, on which it was *not* fitted, for they are what counts.

# %%
train_scenes = load_scenes("train")[:2000]
train_pictures = np.array([draw(s) for s in train_scenes])


def describe_pictures(pictures):
    """What the network sees in pictures (N, 1343)."""
    return by_batches(lambda few: described(few, weights), pictures)


def shares_kept(x, mean, directions):
    """The share of the variance that the first k directions hold, for each k."""
    along = np.mean(pca_apply(x, mean, directions) ** 2, axis=0)
    return np.cumsum(along) / np.sum(np.mean((x - mean) ** 2, axis=0))


train_described = describe_pictures(train_pictures)
new_described = describe_pictures(new_pictures)
mean, directions, variances = pca_fit(train_described, 512)
kept = {
    "pictures of the PCA": shares_kept(train_described, mean, directions),
    "new pictures": shares_kept(new_described, mean, directions),
}
for number, bounds in ((100, {"at_most": 95}), (512, {"at_least": 99})):
    share = 100 * kept["new pictures"][number - 1]
    verdict(f"of new pictures, {number} numbers hold", share, **bounds, unit="%")

plot_curves(
    {name: 100 * share for name, share in kept.items()},
    "directions kept",
    "variance kept, in %",
)
show_figure("The share of the variance that is kept, by the number of directions")

# %% [markdown]
# The 512 of this course are a habit, taken over from the assignment: there 4,096 numbers of a large
# network became 512. Here 200 would do nearly as well, as you can see, and as you will measure below.
#
# ### Whitening
#
# Some programs go on and divide each new coordinate by its standard deviation, so that all 512 vary
# alike. That is called **whitening**. It sounds fair. But the last directions hold next to nothing
# besides noise, and whitening makes that noise as loud as the rest. The features here are not whitened.
# Whether that is right we can measure, too: below.
#
# ## Your features
#
# The course's own PCA was fitted on all 8,000 training pictures; its mean and directions come with the
# weights. (Its directions are a little longer than 1, all by the same factor, so that a vector of
# features has a mean length of 16. That suits the captioners' learning rate and changes nothing else.)

# %%
lengths = np.linalg.norm(weights["directions"], axis=0)
verdict("longest direction by the shortest",
        lengths.max() / lengths.min(), at_most=1.01)


def my_features(pictures):
    """From pixels to features, all with your own functions: (N, 512)."""
    return pca_apply(
        describe_pictures(pictures), weights["mean"], weights["directions"]
    )


# %% [markdown]
# And this is what it was all for. The features that the captioners of this course learn from lie in a
# file, in steps of 1/64. Are yours the same?

# %%
data = load_coco_data(base_dir=EMOJI_SCENES)
of_the_file = data["val_features"][:200]
mine = of_the_file  # until yours are computed
mine = my_features(new_pictures)
worst = np.abs(mine - of_the_file).max()
verdict("200 pictures, largest difference, in 64ths", 64 * worst, at_most=1)

# %% [markdown]
# They are, to half a step, which is what rounding does. The half of the captioner that was taken for
# granted is yours now. (From here on, the training pictures' features are taken from the file, which saves
# the time to compute them again.)
#
# ## What features know
#
# Are they good features? One can ask before any captioner is trained. If two pictures have similar
# features, do they show similar things? For each of the 200 new pictures, let us find its **nearest
# neighbour** among the 2,000 training pictures, once by pixels and once by features.
#
# The squared distance of two rows is $|q - a|^2 = |q|^2 - 2 q \cdot a + |a|^2$. The first part is the
# same for all candidates, and the second is a matrix product.


# %%
def nearest(queries, among):
    """For each row of queries, the number of the nearest row of among."""
    return np.argmin((among**2).sum(axis=1) - 2 * queries @ among.T, axis=1)


def as_rows(pictures):
    """Every second pixel of each picture, as one row."""
    return prepared(pictures[:, ::2, ::2]).reshape(len(pictures), -1)


train_features = data["train_features"][:2000]
neighbours = {
    "by pixels": nearest(as_rows(new_pictures), as_rows(train_pictures)),
    "by features": nearest(mine, train_features),
}

examples = [0, 1, 4, 5]
rows = [new_pictures, *(train_pictures[found] for found in neighbours.values())]
draw_maps(
    [row[i] for row in rows for i in examples],
    [name for name in ("new", *neighbours) for _ in examples],
    "Four new pictures, and below each its nearest neighbour by pixels and by features",
)
show_figure()

# %% [markdown]
# By pixels, the nearest picture is one with the same background, whatever stands on it: the background
# has the most pixels. By features it is one with the same things in it, and often enough before another
# background. Let us count: how many have the same setting, and how many share a kind of object?


# %%
def share(alike, found, scenes):
    """In how many of 100 cases a new scene and its neighbour are alike."""
    return 100 * np.mean([alike(a, scenes[i]) for a, i in zip(new_scenes, found)])


def same_setting(a, b):
    return a.setting == b.setting


def common_kind(a, b):
    return bool({g.kind for g in a.groups} & {g.kind for g in b.groups})


# 200 pictures each from five places of the validation split gave, by pixels:
# setting 100 %, kind 20 to 27 %; by features: setting 81 to 87 %, kind 98 to 100 %.
for name, bounds in (("by pixels", {"at_most": 40}), ("by features", {"at_least": 90})):
    found = neighbours[name]
    print(name)
    verdict("  same setting", share(same_setting, found, train_scenes),
            at_least=70, unit="%")
    verdict("  a kind in common", share(common_kind, found, train_scenes),
            **bounds, unit="%")

# %% [markdown]
# ### A caption, borrowed
#
# If the neighbour shows the same things, its caption may be true as well. That makes the simplest
# captioner there is: **copy the caption of the nearest training picture.** Now all 8,000 may be the
# neighbour, with the features of the file. The judge of Emoji Scenes says what is true.

# %%
all_train = load_scenes("train")
first_caption = {
    picture_number: caption
    for caption, picture_number in zip(
        data["train_captions"][::-1], data["train_image_idxs"][::-1]
    )
}


def borrowed(found):
    """The first caption of each of these training pictures."""
    numbers = np.array([first_caption[i] for i in found])
    texts = decode_captions(numbers, data["idx_to_word"])
    return [text.replace("<START> ", "").replace(" <END>", "") for text in texts]


def share_true(found):
    """How many of 100 borrowed captions are true of the new scenes."""
    return 100 * np.mean(
        [judge(text, s).true for text, s in zip(borrowed(found), new_scenes)]
    )


# 200 pictures each from five places gave 84 to 88 % by features, by whitened
# features 53 to 63 %, and by pixels (among 2,000) 10 to 15 %.
every = data["train_features"]
spread = every.std(axis=0)
verdict("true, by pixels", share_true(neighbours["by pixels"]), at_most=25, unit="%")
verdict("true, by features", share_true(nearest(mine, every)), at_least=78, unit="%")
whitened = nearest(mine / spread, every / spread)
verdict("true, by whitened features", share_true(whitened), at_most=70, unit="%")

# %% [markdown]
# Five captions in six are true, and nothing was trained for it but the network that sees. That is a
# sobering number: a trained RNN gets 87 to 89 % on ordinary scenes (`datasets/emoji_scenes/README.md`).
# What borrowing cannot do is say something new. On a scene that combines what training never combined,
# there is no caption to copy. (Try it, at the end.)
#
# Whitened, the same features find far worse neighbours: the noise is as loud as the picture.
#
# And how many numbers does this need?

# %%
numbers = [5, 10, 20, 50, 100, 200, 350, 512]
true_with = [share_true(nearest(mine[:, :k], every[:, :k])) for k in numbers]
verdict("200 numbers by 512, true captions", true_with[5] / true_with[-1], at_least=0.9)
verdict("10 numbers by 512, true captions", true_with[1] / true_with[-1], at_most=0.7)

figure, ax = plt.subplots(figsize=(9, 3.5))
ax.plot(numbers, true_with, "o-", color=BLUE)
ax.set(xlabel="numbers of the features that are used", ylabel="true captions, in %",
       ylim=(0, 100))
ax.spines[["top", "right"]].set_visible(False)
show_figure("True captions, borrowed with the first few numbers of the features")

# %% [markdown]
# ### A picture of your own
#
# Draw a scene that nobody has drawn before, and let your functions look at it. Below it are its three
# nearest neighbours with their captions, each judged for *your* scene. Change the scene and run the
# cell again: `KINDS` has the names of all objects, and the settings are grass, beach, snow, street,
# table, room, sea and desert.

# %%
my_scene = Scene("beach", [Group("dog", size="big"), Group("umbrella", x=120)])
my_picture = draw(my_scene)

distances = np.linalg.norm(my_features(my_picture[None]) - every, axis=1)
closest = np.argsort(distances)[:3]
texts = borrowed(closest)
show_captions(
    [my_picture, *(draw(all_train[i]) for i in closest)],
    ["your scene", *texts],
    correct=[None, *(judge(text, my_scene).true for text in texts)],
)
show_figure()

# %% [markdown]
# These features are what `model.sample(my_features(my_picture[None]))` of any captioner that you have
# trained takes, in **RNN_Captioning** and the notebooks after it.
#
# ## Photographs
#
# For photographs the parts are the same, and there are more of them. The features of the assignment come
# from **VGG-16** (2014): 13 convolutions of 3 by 3 with padding 1, in five blocks; after each block a
# max pooling, and then two affine layers with 4,096 numbers. In your functions:


# %%
VGG_BLOCKS = (2, 2, 3, 3, 3)  # convolutions in each block


def vgg16(x, arrays):
    """The features of photographs (N, 224, 224, 3), by a network `name: (W, b)`."""
    for block, number in enumerate(VGG_BLOCKS, 1):
        names = [f"block{block}_conv{i}" for i in range(1, number + 1)]
        x = max_pool(conv_network(x, [(*arrays[name], 1, (1, 1)) for name in names]))
    x = x.reshape(len(x), -1)  # (N, 7 * 7 * 512)
    for name in ("fc1", "fc2"):
        W, b = arrays[name]
        x = relu(x @ W + b)
    return x


def vgg_shapes(width):
    """The shape of the weights of each layer; the real network has width 64."""
    channels, shapes = 3, {}
    for block, number in enumerate(VGG_BLOCKS):
        for i in range(number):
            filters = width * min(2**block, 8)
            shapes[f"block{block + 1}_conv{i + 1}"] = (3, 3, channels, filters)
            channels = filters
    shapes["fc1"] = (49 * channels, 64 * width)
    shapes["fc2"] = (64 * width, 64 * width)
    return shapes


numbers_in = {name: np.prod(shape) for name, shape in vgg_shapes(64).items()}
places = {f"block{block}": (224 // 2 ** (block - 1)) ** 2 for block in range(1, 6)}
products = sum(n * places.get(name.split("_")[0], 1) for name, n in numbers_in.items())
print(f"weights: {sum(numbers_in.values()) / 1e6:.1f} million")
print(f"multiplications for one photograph: {products / 1e9:.1f} thousand million")

# %% [markdown]
# Does the code hold? Here it runs with the same layers, only narrow ones (4 channels in place of 64), and
# weights drawn by lot:

# %%
rng = np.random.default_rng(0)
narrow = {
    name: (
        (rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))).astype(np.float32),
        np.zeros(shape[-1], np.float32),
    )
    for name, shape in vgg_shapes(4).items()
}
photograph = rng.standard_normal((1, 224, 224, 3)).astype(np.float32)
print("features", vgg16(photograph, narrow).shape)

# %% [markdown]
# The real weights, learned from 1.3 million photographs, are a download of 553 MB, which this notebook
# does not start: `python -m cs231n.extract_features --help`, in the course's folder, says more, and the
# command makes the features of a whole folder of photographs. If you have the file, in the layout in
# which Keras publishes it, name it below, with a photograph. VGG-16 wants 224 by 224 pixels, blue first,
# less the mean colour of the photographs that it learned from.

# %%
WEIGHTS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
PHOTOGRAPH = "photograph.jpg"
MEAN_COLOUR = np.array([103.939, 116.779, 123.68], np.float32)  # blue, green, red


def read_layer(group):
    """The weights and the bias of a layer, which has one array of each."""
    items = []
    group.visititems(lambda _, item: items.append(item))
    arrays = [item for item in items if isinstance(item, h5py.Dataset)]
    b, W = sorted(arrays, key=lambda array: array.ndim)
    return W[:], b[:]


def photograph_features(photograph, weights_file):
    """The 4,096 features of a picture file, by the weights of a file."""
    with Image.open(photograph) as image:
        pixels = np.array(image.convert("RGB").resize((224, 224)), np.float32)
    with h5py.File(weights_file, "r") as file:
        arrays = {name: read_layer(file[name]) for name in vgg_shapes(64)}
    return vgg16(pixels[None, :, :, ::-1] - MEAN_COLOUR, arrays)


if Path(WEIGHTS_FILE).is_file() and Path(PHOTOGRAPH).is_file():
    print("features", photograph_features(PHOTOGRAPH, WEIGHTS_FILE).shape)
else:
    print("The weights of VGG-16 or the photograph are not here: nothing was computed.")

# %% [markdown]
# ## What you have
#
# - **Patches**: a window at every place, each written as one row. Kernel, stride and padding say which.
# - **Convolution**: the same affine layer for every patch, so one matrix product.
# - **ReLU** makes a stack of layers more than one layer; **max pooling** says whether, not where.
# - **PCA**: measure from the mean, along the directions in which the data differ most. 512 numbers hold
#   nearly all of 1,343; whitening would spoil them.
# - **Neighbours** show what features know, before anything is trained on them.
#
# ### Recap
#
# Answer from memory, then look it up.
#
# 1. A picture is moved by four pixels to the right. What happens to the answers of the first layer
#    (stride 4), away from the edges? And what if it is moved by two?
# 2. Why are there fewer weights in a convolution than in an affine layer between the same two maps?
# 3. A PCA is fitted on the training pictures. Why must new pictures be measured from *their* mean, that
#    of the training pictures, and not from that of the new ones?

# %% [markdown] answer
# 1. They move by one place. Moved by two pixels, the patches are others, and so are the answers: only
#    shifts by whole strides give the same.
# 2. The same weights serve every place, and each number that comes out looks at one patch only.
# 3. Features of one picture must not depend on the company in which it comes: alone, its own mean would
#    turn every picture to zero. And the captioner learned from features measured from that mean.

# %% [markdown]
# ### Try it
#
# 1. Give the edge filter padding with the edge's own values (`np.pad(..., mode="edge")` before the
#    call). What happens to the frame?
# 2. How many borrowed captions are true on the 300 compositional scenes, `load_scenes("val")[1000:]`?
#    Hold that against what your captioner of **RNN_Captioning** writes about them.
# 3. Move a scene's objects by a few pixels, or change its `look` (the background). How far do pixels and
#    features move, measured in distances to the nearest neighbour?

# %% [markdown] answer
# 1. It is gone: at the edge nothing gets brighter or darker any more.
# 2. With the committed features, 62 % (185 of 300), against 84 to 88 % on ordinary scenes.
#    `datasets/emoji_scenes/README.md` has the figures of a trained RNN: 73 to 83 % on new pairs, which it
#    can put together from parts, and 43 to 45 % on kinds in a new setting.
# 3. Another background changes nearly all pixels and hardly the features: the dog before another meadow is
#    nearer to the dog than to a cat before the same one. (A test of this course asks for that.)

# %% [markdown]
# ## Sources, and where to go next
#
# - Y. LeCun and others: *Gradient-Based Learning Applied to Document Recognition*, Proceedings of the IEEE
#   86 (1998). Convolutions that were learned, with pooling.
# - A. Krizhevsky, I. Sutskever, G. Hinton: *ImageNet Classification with Deep Convolutional Neural
#   Networks*, NIPS 2012. ReLU, and what the first layer's filters look like for photographs.
# - K. Simonyan, A. Zisserman: *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR
#   2015. VGG-16.
# - K. Chellapilla, S. Puri, P. Simard: *High Performance Convolutional Neural Networks for Document
#   Processing*, 2006. Convolution as a matrix product.
# - J. Devlin and others: *Exploring Nearest Neighbor Approaches for Image Captioning*, 2015. Borrowed
#   captions, on COCO.
#
# **Next:** the captioners that start from these features, **RNN_Captioning** first; and captioners that
# look at the cells themselves, region by region, while they write (`cs231n/attention_layers.py`).

# %%
check.summary()
