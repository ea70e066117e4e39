# %% [markdown]
# # Foundations: what training is made of
#
# The other notebooks of this course build networks that write sentences about pictures. All of them
# learn in the same way, and this short notebook shows it from a single number up: what a derivative
# is, how the chain rule sends it backward through a computation, what that becomes for a matrix
# product, what a softmax and its loss are, and what one step of training does.
#
# **Afterwards you can**
#
# - find a derivative by moving a number, and use that to check any gradient that you compute;
# - send a gradient backward through a sum, a product, a tanh and a matrix product;
# - turn scores into probabilities, those into a loss, and the loss into a gradient;
# - say what a minibatch, an epoch, a learning rate and Adam are.
#
# **Time:** about half an hour for the reading and three short exercises (our estimate); the optional
# exercise takes another quarter of an hour. The whole notebook runs in about ten seconds.
#
# **It needs** Python, a little NumPy (arrays, their shapes, `@` for a matrix product), and the idea
# that a derivative is a slope. **It comes first** in the course. If you can do the four things above
# already, go on with **RNN_Captioning**. Terms of the course are explained in `docs/glossary.md`.
#
# Work from top to bottom. Each exercise is a cell with `TODO` in it. The cell below it compares
# your numbers with known ones, and `check(...)` tells you what is wrong if something is.

# %% include="setup"

# %%
import matplotlib.pyplot as plt
import numpy as np

from cs231n.coco_utils import EMOJI_SCENES, load_coco_data
from cs231n.feedback import check
from cs231n.figure_texts import show_figure
from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
    verdict,
)
from cs231n.optim import adam, sgd
from cs231n.rnn_layers import affine_backward, affine_forward
from cs231n.scenes import load_scenes
from cs231n.vis_utils import plot_curves, plot_loss

# %% [markdown]
# ## One number
#
# ### A derivative, found by moving a number
#
# The **derivative** of a function at a point says how fast its value changes when its input does.
# You need no rules to find it: move the input a little, and see how far the value moves.
#
# ![A curve with two points on it, a step h to the left and to the right of x; the line through both is almost as steep as the curve at x.](pictures/derivative.png)
#
# $$f'(x) \approx \frac{f(x + h) - f(x - h)}{2 h}$$
#
# Why to both sides? Here is what one side alone gives, for $f(x) = x^2$ at 3, where the derivative is
# 6. With each smaller step the error of one side shrinks as fast as the step.


# %%
def square(x):
    return x**2


for h in (1, 0.1, 0.01):
    print(f"h = {h:<5} one side: {(square(3 + h) - square(3)) / h:.4f}")

# %% [markdown]
# One side goes wrong because a curve bends. It bends the same way on both sides, so that the errors of
# a step to the left and a step to the right nearly cancel. The error of both together shrinks as
# fast as the *square* of the step, as you will see.

# %% exercise="foundations.numeric_derivative"
# Ask f for its value a step to the right of x and a step to the left of it.
# How far apart are these two points?

# %%
verdict(
    "x**3 at 2, error", abs(numeric_derivative(lambda x: x**3, 2.0) - 12), at_most=1e-8
)
verdict(
    "1 / x at 2, error",
    abs(numeric_derivative(lambda x: 1 / x, 2.0) + 0.25),
    at_most=1e-8,
)

for h in (1, 0.1, 0.01):
    error = numeric_derivative(lambda x: x**3, 2.0, h) - 12
    print(f"h = {h:<5} error for x**3 at 2: {error:.4f}")

# %%
check(numeric_derivative)

# %% [markdown]
# You have a judge for every derivative to come. It is slow, since it needs two calls of the function
# for each number that it moves, but it is hard to get wrong.
#
# Use it on a function that you will meet in every network of this course. **tanh** squashes any
# number into -1 to 1. Its slope is $1 - \tanh^2(a)$: one where it rises steepest, at 0, and almost
# nothing far out, where it is flat.

# %%
for a in (-3.0, 0.0, 0.5):
    slope = 1 - np.tanh(a) ** 2
    print(f"a = {a:4}: tanh {np.tanh(a):7.4f}, slope {slope:.4f}")
    verdict("  slope error", abs(numeric_derivative(np.tanh, a) - slope), at_most=1e-8)

# %% [markdown]
# ### The chain rule, on single numbers
#
# A network is a chain of small steps. This one has a weight, an input, a bias and a **loss**: one
# number that says how wrong the result is. The result `h` should be 1.
#
# ![A chain: w times x, plus b, gives a; tanh of a gives h; the loss is h minus 1, squared. Above each name stands its value, below it the gradient of the loss with respect to it.](pictures/chain_rule.png)
#
# How does the loss change when `w` does? Ask each step only about itself, and start at the end:
#
# 1. The loss changes with `h` by $2 (h - 1)$: the slope of a square $u^2$ is $2 u$ (6 at 3, as above).
# 2. `h` changes with `a` by the slope of tanh, $1 - h^2$. So the loss changes with `a` by the
#    **product** of both.
# 3. `a = w * x + b` changes with `w` by `x`, with `x` by `w`, with `b` by 1. Multiply again.
#
# That is the **chain rule**, and going through it from the end to the start is
# **back-propagation**. In the code of this course, `da` is short for "the gradient of the loss with
# respect to `a`". (**Gradient** is the word for a derivative when there are many numbers; here each
# is one.) At every step: *the gradient that arrives, times the derivative of the step itself*.

# %%
w, x, b = 0.5, 2.0, -0.3

a = w * x + b  # forward
h = np.tanh(a)
value = (h - 1) ** 2

dh = 2 * (h - 1)  # backward: each line is what arrived, times a derivative
da = dh * (1 - h**2)
dw, dx, db = da * x, da * w, da * 1

print(f"forward:  a = {a:.2f}, h = {h:.2f}, loss = {value:.2f}")
print(
    f"backward: dh = {dh:.2f}, da = {da:.2f}, "
    f"dw = {dw:.2f}, dx = {dx:.2f}, db = {db:.2f}"
)


def loss_for(w):
    return (np.tanh(w * x + b) - 1) ** 2


verdict("dw error", abs(numeric_derivative(loss_for, w) - dw), at_most=1e-8)

# %% [markdown]
# `dw` is below zero: if `w` grows, the loss falls. That is what training will use.
#
# One more rule, and the chain rule is complete. **What is used twice gets two gradients, and they
# add up.** Here `w` is used twice, once as a factor and once on its own.

# %%


def used_twice(w):
    return np.tanh(w * x) + w


dw_through_tanh = (1 - np.tanh(w * x) ** 2) * x
dw_directly = 1
print(f"through the tanh {dw_through_tanh:.4f}, directly {dw_directly},", end=" ")
print(f"together {dw_through_tanh + dw_directly:.4f}")
numeric = numeric_derivative(used_twice, w)
verdict(
    "error of the sum", abs(numeric - (dw_through_tanh + dw_directly)), at_most=1e-8
)

# %% [markdown]
# ## Many numbers
#
# ### One matrix product, forward and backward
#
# A layer of a network multiplies what comes in by weights: $Y = X W$. Each of the `N` rows of `X`
# is an example. `D` numbers of an example go in, `M` come out. ($X_{nd}$ is the number in row $n$ and
# column $d$ of `X`; $\sum_n$ adds up over all rows $n$.)
#
# ![On the left, a row of X and a column of W make one number of Y. On the right, the gradient of one weight: a column of X and a column of dY, number by number, added up over the examples.](pictures/matrix_product.png)
#
# Suppose that `dY` has arrived from further on: the gradient of the loss with respect to each number
# of `Y`, so it has the shape of `Y`. What are `dX` and `dW`?
#
# Take one weight, $W_{dm}$. The forward pass used it once for each example $n$: it multiplied
# $X_{nd}$, and the product went into $Y_{nm}$. By the chain rule each of these uses contributes
# what arrived, times the derivative of the step; and what is used `N` times gets `N` gradients,
# which add up:
#
# $$dW_{dm} = \sum_n X_{nd} \, dY_{nm} \qquad\qquad dX_{nd} = \sum_m dY_{nm} \, W_{dm}$$
#
# Both sums are matrix products again. Which ones? In a product $A B$ the sum runs over the columns
# of $A$ and the rows of $B$, so one factor has to be transposed (`.T`) each time. The shapes decide
# the rest: **a gradient has the shape of what it belongs to.**

# %% exercise="foundations.matmul_backward"
# Each gradient is one matrix product of two of the three arguments.
# Write the three shapes down, and the shape that has to come out.

# %% [markdown]
# The numeric check is the one from above, done for each number of the array in turn.
# `eval_numerical_gradient_array` moves each entry of `X` to both sides, looks how far all of `Y`
# moves, multiplies that by `dY` and adds it all up. The error is relative:
# `|x - y| / (|x| + |y|)`, at the worst entry.

# %%
np.random.seed(231)
N, D, M = 4, 3, 5
X = np.random.randn(N, D)
W = np.random.randn(D, M)
dY = np.random.randn(N, M)

dX, dW = matmul_backward(dY, X, W)
numeric_dX = eval_numerical_gradient_array(lambda X: X @ W, X, dY)
numeric_dW = eval_numerical_gradient_array(lambda W: X @ W, W, dY)
verdict("dX error", rel_error(numeric_dX, dX), at_most=1e-8)
verdict("dW error", rel_error(numeric_dW, dW), at_most=1e-8)

# %%
check(matmul_backward)

# %% [markdown]
# This one function is the heart of every backward pass in this course.
#
# ### An affine layer
#
# Add a bias, one number for each column, and the product becomes an **affine layer**:
# $Y = X W + b$. NumPy adds `b` to every row. So `b` is used once for each example, its `N` gradients
# add up, and `db` is the sum of the rows of `dY`: `dY.sum(axis=0)`.
#
# The course has this layer ready, `affine_forward` and `affine_backward`. A forward function
# returns its result and a **cache**: whatever the backward function will need. Yours and the
# course's agree:

# %%
b = np.random.randn(M)
Y, cache = affine_forward(X, W, b)
print("X", X.shape, " W", W.shape, " b", b.shape, " ->  Y", Y.shape)

for name, course, yours in zip(
    ("dx", "dw", "db"),
    affine_backward(dY, cache),
    (*matmul_backward(dY, X, W), dY.sum(axis=0)),
):
    verdict(f"{name} difference", np.abs(course - yours).max(), at_most=1e-12)

# %% [markdown]
# What about a tanh on an array? It treats each number on its own, so its backward pass does too: the
# arriving gradient is multiplied by the slope **number by number**, with `*` and not with `@`.
# If `h = np.tanh(a)`, then `da = dh * (1 - h**2)`, as for the single number above.
#
# ### Softmax and cross-entropy
#
# A network that has to choose among `C` classes gives each class a **score**, any number. Three
# steps make a loss of them.
#
# - The **softmax** makes probabilities: take `exp` of each score, which makes it positive, and divide
#   by the sum, so that they add up to 1. $p_c = e^{s_c} / \sum_k e^{s_k}$
# - The **cross-entropy** of an example is $-\log p_y$, where $y$ is its right class (and $\log$ the
#   natural logarithm, `np.log`): 0 if the network was certain of it, large if it thought it
#   impossible.
# - The loss of several examples together (a **minibatch**, more of it below) is the **mean** over them.

# %%
scores = np.array([[2.0, 1.0, -1.0]])
p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
print("probabilities:", p.round(3), " they add up to", p.sum().round(3))
for y in range(3):
    print(f"loss if class {y} is right: {-np.log(p[0, y]):.3f}")

# %% [markdown]
# And the gradient with respect to the scores? It is simpler than one would think: **the
# probabilities, minus 1 at the right class**. With $y$ written as a row that has a
# 1 at the right class and 0 elsewhere, it is $p - y$. (Over a minibatch it is divided by `N`, since
# the loss is a mean.) In words: push each wrong score down by the probability that it got, and pull
# the right one up by what it lacks.
#
# You can derive it: $-\log p_y = -s_y + \log \sum_k e^{s_k}$, and the derivative of the second part
# with respect to $s_c$ is $e^{s_c} / \sum_k e^{s_k}$, which is $p_c$. (The slope of $\log u$ is $1 / u$,
# that of $e^s$ is $e^s$ itself; the chain rule does the rest.) Or you can ask the judge:


# %%
def loss_of_scores(scores):
    return -np.log(np.exp(scores)[0, 0] / np.exp(scores).sum())


right = np.array([[1.0, 0.0, 0.0]])
numeric = eval_numerical_gradient(loss_of_scores, scores, verbose=False)
print("p - y:  ", (p - right).round(4))
print("numeric:", numeric.round(4))

_, axes = plt.subplots(figsize=(8, 2.8), layout="constrained")
places = np.arange(3)
for i, (name, row, hatch) in enumerate(
    [("p", p, ""), ("y", right, "//"), ("p - y, the gradient", p - right, "..")]
):
    axes.bar(
        places + 0.27 * (i - 1),
        row[0],
        0.25,
        label=name,
        hatch=hatch,
        edgecolor="white",
        color=["#0072B2", "#009E73", "#D55E00"][i],
    )
axes.set_xticks(places, [f"class {c}" for c in places])
axes.axhline(0, color="black", linewidth=0.8)
axes.legend(frameon=False)
show_figure("Bars of p, y and p - y for three classes")

# %% [markdown]
# Two things that you need in code:
#
# - **One entry from each row.** `table[rows, columns]` with two arrays of numbers picks the entries
#   at these places, one for each pair. With `rows = np.arange(N)` that is one entry from each row.
# - **No overflow.** `np.exp(1000)` is too large for a float and becomes `inf`. Taking the same number
#   away from all scores of a row changes no probability, since it divides above and below the line
#   by the same factor. So take away the largest one: the largest score is then 0, and `exp` is 1 at most.
#   And do not take the logarithm of a probability that may have been rounded to 0: from the
#   formula above, $\log p_c = s_c - \log \sum_k e^{s_k}$ needs no probability at all.

# %%
table = np.array([[10, 11, 12], [20, 21, 22]])
print("one from each row:", table[np.arange(2), [2, 0]])
print(
    "the largest of each row, kept as a column:",
    table.max(axis=1, keepdims=True).tolist(),
)

# %% exercise="foundations.softmax_loss"
# Shift the scores of each row, and compute the logarithm of each probability.
# The loss is the mean of minus those of the right classes.
# For the gradient you need the probabilities themselves; change the entry of
# the right class in each row, and remember that the loss is a mean.

# %% [markdown]
# How large is the loss of a network that knows nothing? It gives each of `C` classes the probability
# `1 / C`, so its loss is $\log C$, which is 2.30 for 10 classes.

# %%
np.random.seed(231)
N, C = 100, 10
y = np.random.randint(C, size=N)
value, _ = softmax_loss(0.001 * np.random.randn(N, C), y)
print(f"log of 10: {np.log(10):.2f}, log of 1000: {np.log(1000):.2f}")
verdict("loss that knows nothing", value, at_least=2.29, at_most=2.31)

scores = np.random.randn(N, C)
_, dscores = softmax_loss(scores, y)
numeric = eval_numerical_gradient(
    lambda s: softmax_loss(s, y)[0], scores, verbose=False
)
verdict("dscores error", rel_error(numeric, dscores), at_most=1e-5)

# %%
check(softmax_loss)

# %% [markdown]
# You have a loss, and its gradient with respect to whatever made the scores.
#
# ## Learning
#
# ### One step of gradient descent
#
# A gradient says which way the loss rises. So take a step the other way:
#
# $$w \leftarrow w - \text{learning rate} \times dw$$
#
# That is **gradient descent**. The **learning rate** is how long the step is for a gradient of 1. It
# is the one number that you will tune most often. Try three on the simplest loss that there is,
# $(w - 3)^2$, starting from 0:

# %%
curves = {}
for learning_rate in (0.02, 0.3, 1.05):
    w, path = 0.0, []
    for _ in range(20):
        path.append((w - 3) ** 2)
        w = w - learning_rate * 2 * (w - 3)
    curves[f"learning rate {learning_rate}"] = path
    print(f"learning rate {learning_rate}: loss {path[0]:.1f} -> {path[-1]:.2g}")

plot_curves(curves, "step", "loss", log=True)
show_figure()

# %% [markdown]
# Too small, and it crawls. Too large, and each step lands further off on the other side of the
# valley: the loss grows. When a loss explodes in the first steps, a smaller learning rate is the
# first thing to try.
#
# Now with pictures. A picture of the course's small data set, **Emoji Scenes**, comes as 512 numbers,
# its **features**, and shows one of eight settings. Which one? A single affine layer gives each
# setting a score. Its weights `W` and biases `b` are the **parameters**: the numbers that training
# changes.

# %%
data = load_coco_data(base_dir=EMOJI_SCENES)
settings = sorted({scene.setting for scene in load_scenes("train")})
x_train, x_val = data["train_features"], data["val_features"]
y_train = np.array([settings.index(scene.setting) for scene in load_scenes("train")])
y_val = np.array([settings.index(scene.setting) for scene in load_scenes("val")])
print("features:", x_train.shape, " classes:", ", ".join(settings))


def share_right(x, y, W, b):
    """The share of pictures whose right setting gets the best score, in percent."""
    return 100 * np.mean((x @ W + b).argmax(axis=1) == y)


np.random.seed(231)
W, b = 0.01 * np.random.randn(512, 8), np.zeros(8)
x, y = x_train[:100], y_train[:100]

before, dscores = softmax_loss(x @ W + b, y)
dx, dW = matmul_backward(dscores, x, W)
db = dscores.sum(axis=0)
W = W - 0.1 * dW
b = b - 0.1 * db
after, _ = softmax_loss(x @ W + b, y)

# Over three seeds the loss falls from 2.10 ... 2.14 to 1.48 ... 1.52; log of 8 is 2.08.
verdict("loss before the step", before, at_least=2.0, at_most=2.2)
verdict("loss after it", after, at_most=1.8)

# %% [markdown]
# That is all of training: forward, backward, one step; and again.
#
# ### Minibatches and epochs
#
# There are 8,000 training pictures. To compute the gradient over all of them for every step would
# be slow, and it is not needed: a few, drawn by lot, point in about the same direction. Such a
# handful is a **minibatch**, and gradient descent on minibatches is called **stochastic** gradient
# descent (SGD). An **epoch** is as many steps as it takes to draw as many examples as there are: with
# 100 in a minibatch, 80 steps. Pictures that training never uses are kept apart to test what
# was learned, here the **validation** pictures.


# %%
def train(rule, learning_rate, x_all, y_all, epochs=1, batch_size=100):
    """Train the layer above; returns its parameters and the loss of each step."""
    np.random.seed(231)
    params = [0.01 * np.random.randn(512, 8), np.zeros(8)]
    # What the rule remembers of each
    configs = [{"learning_rate": learning_rate} for _ in params]
    losses = []
    for _ in range(epochs * len(x_all) // batch_size):
        some = np.random.choice(len(x_all), batch_size)
        x, y = x_all[some], y_all[some]
        value, dscores = softmax_loss(x @ params[0] + params[1], y)
        grads = [matmul_backward(dscores, x, params[0])[1], dscores.sum(axis=0)]
        for i in range(2):
            params[i], configs[i] = rule(params[i], grads[i], configs[i])
        losses.append(value)
    return params, losses


params, losses = train(sgd, 0.1, x_train, y_train)
print(len(losses), "steps, one epoch")
# Guessing would be right in 12.5 %. Three seeds end at 100 %.
verdict(
    "settings recognised", share_right(x_val, y_val, *params), at_least=97, unit="%"
)

# %% [markdown]
# The features make this an easy task. Naming what stands where is much harder, and that is what the
# next notebooks do.
#
# ### Adam
#
# SGD has one learning rate for all parameters. If the gradients of some are a thousand times as large
# as those of others, no learning rate suits both. **Adam** keeps two running averages for each single
# number: of its gradient, and of the square of its gradient. It steps along the first, divided by
# the root of the second. So a number whose gradients are always large takes steps no longer than
# one whose gradients are always small: at the start, each step is as long as the learning rate,
# almost exactly. Look at the first step of both rules, for gradients of three very different sizes:

# %%
gradient = np.array([0.001, 1.0, -1000.0])
for rule in (sgd, adam):
    stepped, _ = rule(np.zeros(3), gradient, {"learning_rate": 0.01})
    print(f"{rule.__name__:4} steps by", ", ".join(f"{step:.2g}" for step in stepped))

# %% [markdown]
# The price is twice the memory: two numbers to remember for each parameter. The captioners of this
# course are trained with Adam, at learning rates from 0.002 to 0.005.
#
# Does it matter? Make half of the features a hundred times larger, as if they had been measured in
# centimetres and the others in metres. Nothing else changes. SGD may choose among three learning
# rates, Adam gets one.

# %%
scale = np.where(np.arange(512) % 2 == 0, 100, 1)
runs, shares = {}, {}
for rule, learning_rate in ((sgd, 1e-5), (sgd, 1e-4), (sgd, 1e-3), (adam, 1e-3)):
    name = f"{rule.__name__} {learning_rate:g}"
    params, runs[name] = train(rule, learning_rate, scale * x_train, y_train, epochs=2)
    shares[name] = share_right(scale * x_val, y_val, *params)
    print(f"{name:10} settings recognised: {shares[name]:.1f} %")
plot_loss(runs, log=True)
show_figure()

# Over three seeds Adam is 2.8 to 5.3 points ahead of the best of these three.
lead = shares.pop("adam 0.001") - max(shares.values())
verdict("lead of Adam, in points", lead, at_least=1)

# %% [markdown]
# ### Optional: a hidden layer
#
# A **hidden layer** is one between the inputs and the scores. This exercise is harder, and nothing
# later needs it. It puts all the pieces together: affine, tanh, affine, softmax, and the way back
# through all four. The captioner's loss in the next notebook has the same form.
#
# Why would one want a tanh between two layers? Here are points in two rings. No straight line divides
# them, and an affine layer can do nothing but draw straight lines.

# %%
rng = np.random.RandomState(231)
y_rings = rng.randint(2, size=400)
radius = np.where(y_rings == 1, 1.0, 0.35) + 0.1 * rng.randn(400)
angle = 2 * np.pi * rng.rand(400)
x_rings = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

_, axes = plt.subplots(figsize=(4.6, 3.4), layout="constrained")
for c, (colour, marker) in enumerate([("#0072B2", "o"), ("#D55E00", "x")]):
    axes.scatter(
        *x_rings[y_rings == c].T, color=colour, marker=marker, s=14, label=f"class {c}"
    )
axes.set_aspect("equal")
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
show_figure("Points of two classes, in two rings around one centre")

# %% exercise="foundations.two_layer_loss"
# Forward: the hidden values, the scores, and with softmax_loss the loss.
# Backward: through the second product, through the tanh, through the first
# product. What does each bias get?

# %%
np.random.seed(231)
params = [
    np.random.randn(2, 5),
    np.random.randn(5),
    np.random.randn(5, 2),
    np.random.randn(2),
]
some_x, some_y = x_rings[:7], y_rings[:7]

_, *grads = two_layer_loss(some_x, some_y, *params)
for name, parameter, gradient in zip(("dW1", "db1", "dW2", "db2"), params, grads):
    numeric = eval_numerical_gradient(
        lambda _: two_layer_loss(some_x, some_y, *params)[0], parameter, verbose=False
    )
    verdict(f"{name} error", rel_error(numeric, gradient), at_most=1e-6)

# %%
check(two_layer_loss)

# %% [markdown]
# Train it on half of the points, 300 steps, and test it on the other half.

# %%
W1, b1, W2, b2 = (
    np.random.randn(2, 16),
    np.zeros(16),
    np.random.randn(16, 2) / 4,
    np.zeros(2),
)
for _ in range(300):
    value, dW1, db1, dW2, db2 = two_layer_loss(
        x_rings[:200], y_rings[:200], W1, b1, W2, b2
    )
    W1, b1, W2, b2 = W1 - dW1, b1 - db1, W2 - dW2, b2 - db2
chosen = (np.tanh(x_rings[200:] @ W1 + b1) @ W2 + b2).argmax(axis=1)

# Over three seeds: 99.5 to 100 %.
# A single affine layer, trained alike, gets 41 to 53 %.
verdict(
    "ring recognised", 100 * np.mean(chosen == y_rings[200:]), at_least=90, unit="%"
)

# %% [markdown]
# ### Try it
#
# Answer these by changing a cell above and running it again.
#
# 1. In the cell that tries three learning rates on $(w - 3)^2$: at which learning rate does one single
#    step arrive at 3 exactly? From which one on does the loss grow?
# 2. In the cell that compares SGD with Adam: give SGD other learning rates, from 1e-6 to 1. Does any
#    of them come as far as Adam?
# 3. What does `softmax_loss` give if you add 5 to all scores? And if you multiply all of them by 5?

# %% [markdown] answer
# 1. At 0.5: the gradient is $2 (w - 3)$, and half of it is the whole way. Beyond 0.5 the step goes too
#    far, to the other side, and from 1 on it lands at least as far away as it started, so that the
#    loss does not fall any more.
# 2. None of the powers of ten in that range does. With a small learning rate the weights of the small
#    features hardly move; with a large one those of the large features jump back and forth, and the
#    loss stays high.
# 3. Adding the same number changes nothing: the softmax looks at differences only. Multiplying makes
#    the probabilities more extreme, so that right answers cost less and wrong ones more.

# %% [markdown]
# ### Recap
#
# Answer from memory, then look it up.
#
# 1. Your backward function returns a gradient. How do you find out whether it is right, without any
#    known numbers?
# 2. A bias is added to all rows of a minibatch. Why is its gradient a sum over the rows?
# 3. A network with 1,000 classes starts training with a loss of 25. What do you conclude?

# %% [markdown] answer
# 1. Move each input a little to both sides, see how far the loss moves, and compare: a numeric
#    gradient.
# 2. It is used once for each row, and what is used several times gets the sum of the gradients of all
#    its uses.
# 3. One that knows nothing pays $\log 1000$, 6.91 as printed above. This one is not ignorant but *certain and wrong*:
#    its scores are too large at the start, or the loss is summed where it should be averaged.

# %% [markdown]
# ### Sources, and where to go next
#
# - Back-propagation for networks: Rumelhart, Hinton and Williams, *Learning representations by
#   back-propagating errors*, Nature 323, 1986.
# - Adam: Kingma and Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015.
# - The course notes of Stanford's CS231n (cs231n.github.io) treat the same ideas at more length, and
#   so does the book *Dive into Deep Learning* (d2l.ai). Andrej Karpathy's *micrograd* is a
#   program of about a hundred lines that back-propagates through single numbers, as the first
#   section here does.
#
# **Next: RNN_Captioning.** It builds the captioner, and leans on everything here: the backward pass
# through a product and a tanh, gradients that add up, the softmax loss, and Adam.

# %%
check.summary()
