"""The mistakes that every affine product invites, forward and backward, written once.

A layer adds up products such as `x @ Wx` and a bias; what arrives from above is `da`, of the shape
of their sum. The gradients are `dx = da @ Wx.T`, `dWx = x.T @ da` and `db = da.sum(axis=0)`.
"""

import numpy as np

from cs231n.feedback.recipe import Mistake
from cs231n.feedback.wording import letters


class Product:
    """One product of a sum, in the names of its exercise.

    Args:
        equation: the equation that computes it, such as "from_x".
        left: the name of its first factor, whose rows are the examples.
        weights: the name of its second factor.
        axes: the axes of left, weights and result: "N D", "D H", "N H".
        gradient: the name of the gradient that arrives at the result.
    """

    def __init__(self, equation, left, weights, axes, gradient="da"):
        self.equation, self.left, self.weights, self.up = equation, left, weights, gradient
        self.left_axes, self.weights_axes, self.axes = axes

    @property
    def text(self):
        return f"{self.left} @ {self.weights}"

    def forward(self, without=()):
        """Mistakes of the product itself."""
        x, W = self.left, self.weights
        made = [
            Mistake(f"{x}-ignored",
                    f"`{x}` is ignored: `{self.text}` is missing from the sum.",
                    **{self.equation: lambda q: 0}),
            Mistake(f"{x}-subtracted",
                    f"`{self.text}` is subtracted. The products and the bias are added up.",
                    **{self.equation: lambda q: -(q[x] @ q[W])}),
            Mistake(f"{x}-doubled",
                    f"`{self.text}` is added twice. It belongs into the sum once.",
                    **{self.equation: lambda q: 2 * (q[x] @ q[W])}),
            Mistake(f"{W}-transposed",
                    f"`{x}` is multiplied by `{W}.T`. `{x}` is {letters(self.left_axes)} and `{W}` "
                    f"is {letters(self.weights_axes)}, so `{self.text}` fits as it stands and "
                    f"gives {letters(self.axes)}.",
                    **{self.equation: lambda q: q[x] @ q[W].T}),
            Mistake(f"{W}-elementwise",
                    f"`{x} * {W}` multiplies element by element. A matrix product is needed: "
                    f"`{self.text}`.",
                    **{self.equation: lambda q: q[x] * q[W]}),
            Mistake(f"factors-of-{x}-swapped",
                    f"The factors of a product are swapped: `{W} @ {x}`. The examples are the rows "
                    f"of `{x}`, so it comes first: `{self.text}`.",
                    **{self.equation: lambda q: q[W] @ q[x]}),
        ]
        return [mistake for mistake in made if mistake.name not in without]

    def backward(self, without=()):
        """Mistakes of the gradients of its two factors."""
        x, W, up = self.left, self.weights, self.up
        dx, dW = f"d{x}", f"d{W}"
        turned = [letters(" ".join(reversed(axes.split())))
                  for axes in (self.left_axes, self.weights_axes)]
        left, weights, result = map(letters, (self.left_axes, self.weights_axes, self.axes))
        made = [
            Mistake(f"{dx}-{W}-not-transposed",
                    f"`{dx}` looks like `{up} @ {W}`. The forward pass multiplied by `{W}`, so the "
                    f"gradient travels back through its transpose, `{W}.T`: {result} @ "
                    f"{turned[1]} gives {left}.",
                    **{dx: lambda q: q[up] @ q[W]}),
            Mistake(f"{dx}-transposed",
                    f"`{dx}` looks like `{W} @ {up}.T`, which is transposed: shape {turned[0]}. "
                    f"Expected is {left}, as `{x}`.",
                    **{dx: lambda q: q[W] @ q[up].T}),
            Mistake(f"{dx}-elementwise",
                    f"`{dx}` uses `*` (element by element) where a matrix product is needed: "
                    f"`{up} @ {W}.T`.",
                    **{dx: lambda q: q[up] * q[W]}),
            Mistake(f"{dx}-times-{x}",
                    f"`{dx}` is multiplied by `{x}`. The derivative of `{self.text}` with respect "
                    f"to `{x}` depends on `{W}` only.",
                    **{dx: lambda q: q.usual[dx] * q[x]}),
            Mistake(f"{dx}-averaged",
                    f"`{dx}` is divided by N. Each example has a gradient of its own; nothing is "
                    "averaged.",
                    **{dx: lambda q: q.usual[dx] / len(q[x])}),
            *[Mistake(f"{dx}-{which}-example-only",
                      f"`{dx}` is filled for the {which} example only; the other rows are zero. "
                      "Each example has a gradient of its own.",
                      **{dx: lambda q, row=row: _only_row(q.usual[dx], row)})
              for which, row in (("first", 0), ("last", -1))],
            Mistake(f"{dW}-transposed",
                    f"`{dW}` looks like `{up}.T @ {x}`, which is transposed: shape {turned[1]}. A "
                    f"gradient has the shape of its parameter, {weights}: `{x}.T` comes first.",
                    **{dW: lambda q: q[up].T @ q[x]}),
            Mistake(f"{dW}-{x}-not-transposed",
                    f"`{dW}` looks like `{x} @ {up}`. The sum has to run over the N examples, so "
                    f"`{x}` is transposed: {turned[0]} @ {result} gives {weights}.",
                    **{dW: lambda q: q[x] @ q[up]}),
            Mistake(f"{dW}-with-{dx}",
                    f"`{dW}` is made of `{dx}`. It is made of the gradient that arrives at the "
                    f"product: `{x}.T @ {up}`.",
                    **{dW: lambda q: q[x].T @ q[dx]}),
            Mistake(f"{dW}-averaged",
                    f"`{dW}` is divided by N. The gradients of all examples add up here; if the "
                    "loss is an average, what arrives from above has the 1 / N already.",
                    **{dW: lambda q: q.usual[dW] / len(q[x])}),
            Mistake(f"{dW}-first-example",
                    f"`{dW}` has the gradient of the first example only. Those of all examples add "
                    "up.",
                    **{dW: lambda q: q[x][:1].T @ q[up][:1]}),
            Mistake(f"{dW}-last-example",
                    f"`{dW}` has the gradient of the last example only, as when a loop over the "
                    "examples overwrites it (`=` in place of `+=`). Those of all examples add up.",
                    **{dW: lambda q: q[x][-1:].T @ q[up][-1:]}),
            Mistake(f"{dW}-elementwise",
                    f"`{dW}` uses `*` (element by element) where a matrix product is needed: "
                    f"`{x}.T @ {up}`.",
                    **{dW: lambda q: q[x].T * q[up]}),
        ]
        return [mistake for mistake in made if mistake.name not in without]


def _only_row(values, row):
    kept = np.zeros_like(values)
    kept[row] = values[row]
    return kept


def mixed_up(first, second, without=()):
    """Mistakes of two products of one sum that are taken for each other, forward and backward.

    Returns:
        A list for the forward function, and one for the backward function.
    """
    forward, backward = [], []
    for one, other in ((first, second), (second, first)):
        x, W, up = one.left, one.weights, one.up
        forward += [
            Mistake(f"{x}-with-{other.weights}",
                    f"`{x}` is multiplied by `{other.weights}` in place of `{W}`. `{W}` "
                    f"{letters(one.weights_axes)} belongs to `{x}`.",
                    **{one.equation: lambda q, x=x, V=other.weights: q[x] @ q[V]}),
            Mistake(f"{other.left}-in-place-of-{x}",
                    f"`{W}` is multiplied with `{other.left}` in place of `{x}`.",
                    **{one.equation: lambda q, y=other.left, W=W: q[y] @ q[W]}),
        ]
        backward += [
            Mistake(f"d{x}-with-{other.weights}",
                    f"`d{x}` uses `{other.weights}`. `{x}` was multiplied by `{W}`, so its "
                    f"gradient is `{up} @ {W}.T`.",
                    **{f"d{x}": lambda q, up=up, V=other.weights: q[up] @ q[V].T}),
            Mistake(f"d{W}-from-{other.left}",
                    f"`d{W}` is made of `{other.left}`. `{W}` multiplied `{x}`, so its gradient is "
                    f"made of `{x}.T` and `{up}`.",
                    **{f"d{W}": lambda q, up=up, y=other.left: q[y].T @ q[up]}),
        ]
    forward += [
        Mistake("weights-exchanged",
                f"The weights are exchanged: `{first.left}` is multiplied by `{second.weights}` "
                f"and `{second.left}` by `{first.weights}`. `{first.weights}` "
                f"{letters(first.weights_axes)} belongs to `{first.left}`, `{second.weights}` "
                f"{letters(second.weights_axes)} to `{second.left}`.",
                **{first.equation: lambda q: q[first.left] @ q[second.weights],
                   second.equation: lambda q: q[second.left] @ q[first.weights]}),
        Mistake("products-multiplied",
                f"`{first.text}` and `{second.text}` are multiplied with each other. They are "
                "added.",
                a=lambda q: q[first.equation] * q[second.equation] + q.b),
    ]
    return ([m for m in forward if m.name not in without],
            [m for m in backward if m.name not in without])


def bias_forward():
    """Mistakes of the bias of a sum `a`, which is made of `from_x`, `from_h` and `b`."""
    return [
        Mistake("bias-missing",
                "The bias is missing: `b` has to be added to `x @ Wx + prev_h @ Wh`.",
                a=lambda q: q.from_x + q.from_h),
        Mistake("bias-subtracted",
                "The bias `b` is subtracted. It is added to `x @ Wx + prev_h @ Wh`.",
                a=lambda q: q.from_x + q.from_h - q.b),
        Mistake("bias-twice",
                "The bias `b` is added twice, once with each product. There is one bias.",
                a=lambda q: q.from_x + q.from_h + 2 * q.b),
    ]


def bias_backward(axes, gradient="da", db="db"):
    """Mistakes of the gradient of a bias.

    Args:
        axes: the letter of its axis, "H" or "4H".
        gradient: the name of the gradient that arrives at the sum (N, H).
        db: the name of the bias's gradient.
    """
    up = gradient
    return [
        Mistake(f"{db}-not-summed",
                f"`{db}` has shape (N, {axes}): it is `{up}` itself. One bias serves all examples, "
                "so their gradients add up: a sum over axis 0 is missing.",
                **{db: lambda q: q[up]}),
        Mistake(f"{db}-averaged",
                f"`{db}` is the mean over the examples. Their gradients add up: use the sum, not "
                "the mean. If the loss is an average, what arrives from above has the 1 / N "
                "already.",
                **{db: lambda q: q[up].mean(axis=0)}),
        Mistake(f"{db}-wrong-axis",
                f"`{db}` is summed over axis 1, which gives (N,). Sum over axis 0, the examples: "
                f"({axes},).",
                **{db: lambda q: q[up].sum(axis=1)}),
        Mistake(f"{db}-one-number",
                f"`{db}` is one number: `sum()` without an axis sums over everything. Sum over "
                f"axis 0, the examples: ({axes},).",
                **{db: lambda q: q[up].sum()}),
        Mistake(f"{db}-column",
                f"`{db}` has shape ({axes}, 1). `b` has shape ({axes},): sum over axis 0 without "
                "`keepdims` and without a transpose.",
                **{db: lambda q: q[up].sum(axis=0)[:, None]}),
        Mistake(f"{db}-keepdims",
                f"`{db}` has shape (1, {axes}). `b` has shape ({axes},): sum over axis 0 without "
                "`keepdims`.",
                **{db: lambda q: q[up].sum(axis=0, keepdims=True)}),
        Mistake(f"{db}-first-example",
                f"`{db}` is the gradient of the first example only. Those of all examples add up.",
                **{db: lambda q: q[up][0]}),
        Mistake(f"{db}-last-example",
                f"`{db}` is the gradient of the last example only. Those of all examples add up.",
                **{db: lambda q: q[up][-1]}),
        Mistake(f"{db}-times-b",
                f"`{db}` is multiplied by `b`. `b` is added, so its gradient is the sum of "
                f"`{up}`.",
                **{db: lambda q: q.usual[db] * q.b}),
    ]


def all_averaged(*gradients):
    """The gradients of all parameters divided by N at once."""
    listed = ", ".join(f"`{name}`" for name in gradients[:-1]) + f" and `{gradients[-1]}`"
    return Mistake("all-averaged",
                   f"{listed} are divided by N. The gradients of all examples add up here; if the "
                   "loss is an average, what arrives from above has the 1 / N already.",
                   **{name: lambda q, name=name: q.usual[name] / len(q.x) for name in gradients})
