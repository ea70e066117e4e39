"""The optional exercises `gru_step_forward` and `gru_step_backward`."""

import inspect

import numpy as np

from cs231n import more_cells
from cs231n.feedback.cases import SQUARE, UNUSUAL, layer_cases
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers, private_copy

NOTEBOOK = "LSTM_Captioning"
SHAPES = {"x": "N D", "prev_h": "N H", "Wx": "D 3H", "Wh": "H 3H", "b": "3H"}
GRADIENTS = {"dx": "N D", "dprev_h": "N H", "dWx": "D 3H", "dWh": "H 3H", "db": "3H"}
sigmoid = layers.sigmoid
_cells = private_copy(more_cells, sigmoid=sigmoid)

# With three blocks of columns, 3H is as long as the other sizes.
CASES = [(label, {"N": 6, "T": 6, "D": 6, "H": 2} if label is SQUARE else sizes, scale, dtype)
         for label, sizes, scale, dtype in UNUSUAL]
PRODUCTS_FORWARD = [
    ("matmul|not aligned|mismatch|broadcast", "Each gate has a block of H columns of its own in "
     "`Wx`, `Wh` and `b`, where H is the length of a hidden state, `prev_h.shape[1]`: the first H "
     "belong to the reset gate, the next H to the update gate, the last H to the block input.")]
PRODUCTS_BACKWARD = [
    ("matmul|not aligned|mismatch|broadcast", "A product does not fit. The gradients of the three "
     "sums stand side by side, (N, 3H), along axis 1; going back, `dx` comes through `Wx.T`, and "
     "each part of `dprev_h` through the transpose of its own H columns of `Wh`.")]


# ---- One time step, forward ---------------------------------------------------------------------


def blocks(array):
    """The columns that belong to r, z and g."""
    return np.split(array, 3, axis=-1)


class StepForward(Equations):
    def W(q):  # from x to each of r, z, g
        return blocks(q.Wx)

    def U(q):  # from prev_h to each of r, z, g
        return blocks(q.Wh)

    def biases(q):
        return blocks(q.b)

    def ar(q):
        return q.x @ q.W[0] + q.prev_h @ q.U[0] + q.biases[0]

    def az(q):
        return q.x @ q.W[1] + q.prev_h @ q.U[1] + q.biases[1]

    def r(q):
        return sigmoid(q.ar)

    def z(q):
        return sigmoid(q.az)

    def reset_h(q):
        return q.r * q.prev_h

    def from_h(q):  # what the block input gets from the hidden state
        return q.reset_h @ q.U[2]

    def ag(q):
        return q.x @ q.W[2] + q.from_h + q.biases[2]

    def g(q):
        return np.tanh(q.ag)

    def next_h(q):
        return q.z * q.prev_h + (1 - q.z) * q.g


def reordered(*order):
    """The three blocks of columns taken in another order."""
    return {"W": lambda q: [blocks(q.Wx)[k] for k in order],
            "U": lambda q: [blocks(q.Wh)[k] for k in order],
            "biases": lambda q: [blocks(q.b)[k] for k in order]}


STEP_FORWARD_MISTAKES = [
    Mistake("bias-missing",
            "The bias is missing: each of the three sums has its part of `b`.",
            biases=lambda q: [0, 0, 0]),
    Mistake("x-ignored",
            "The input is ignored: `x` times its part of `Wx` belongs into each of the three sums.",
            W=lambda q: [np.zeros_like(w) for w in blocks(q.Wx)]),
    Mistake("prev_h-ignored",
            "The hidden state is missing from the sums of the gates and of the block input.",
            U=lambda q: [np.zeros_like(u) for u in blocks(q.Wh)]),
    Mistake("update-mirrored",
            "The update gate is mirrored: `1 - z` multiplies `prev_h`, and `z` the block input. "
            "(Some books define it so.) Here z says how much is *kept*, as a forget gate does.",
            next_h=lambda q: (1 - q.z) * q.prev_h + q.z * q.g),
    Mistake("reset-missing",
            "The reset gate is not used: the block input sees the whole of `prev_h`. It sees "
            "`r * prev_h`.",
            reset_h=lambda q: q.prev_h),
    Mistake("reset-after-product",
            "The reset gate multiplies `prev_h` after the product with `Wh` (PyTorch and cuDNN "
            "define a GRU so). Here it comes before: the block input sees `r * prev_h`.",
            from_h=lambda q: q.r * (q.prev_h @ q.U[2])),
    Mistake("reset-over-the-sum",
            "The reset gate multiplies the whole sum of the block input. It multiplies `prev_h` "
            "only, before the product with `Wh`.",
            ag=lambda q: q.r * (q.x @ q.W[2] + q.prev_h @ q.U[2] + q.biases[2])),
    Mistake("reset-by-z",
            "The update gate stands where the reset gate belongs: the block input sees "
            "`r * prev_h`.",
            reset_h=lambda q: q.z * q.prev_h),
    Mistake("reset-mirrored",
            "The reset gate is mirrored: the block input sees `(1 - r) * prev_h`. It sees "
            "`r * prev_h`.",
            reset_h=lambda q: (1 - q.r) * q.prev_h),
    Mistake("update-by-r",
            "The reset gate mixes old and new in `next_h`. That is what the update gate is for.",
            next_h=lambda q: q.r * q.prev_h + (1 - q.r) * q.g),
    Mistake("reset-h-kept",
            "`next_h` keeps a share of `r * prev_h`. The reset gate acts on the block input only; "
            "what is kept is a share of `prev_h` itself.",
            next_h=lambda q: q.z * q.reset_h + (1 - q.z) * q.g),
    Mistake("nothing-kept",
            "`next_h` holds the new part alone, `(1 - z) * g`: what is kept of `prev_h` is "
            "missing.",
            next_h=lambda q: (1 - q.z) * q.g),
    Mistake("nothing-new",
            "`next_h` holds the kept part alone, `z * prev_h`: the block input is missing.",
            next_h=lambda q: q.z * q.prev_h),
    Mistake("not-shared",
            "Old and new do not share: the block input is added whole. What `z` keeps of the old "
            "state leaves `1 - z` for the new part.",
            next_h=lambda q: q.z * q.prev_h + q.g),
    Mistake("update-ungated",
            "`prev_h` is kept whole. It is multiplied by `z`.",
            next_h=lambda q: q.prev_h + (1 - q.z) * q.g),
    Mistake("one-gate-for-both",
            "`z` multiplies both the old state and the block input. The new part gets `1 - z`.",
            next_h=lambda q: q.z * q.prev_h + q.z * q.g),
    Mistake("g-alone",
            "`next_h` is the block input. It is a mixture of it and the old state.",
            next_h=lambda q: q.g),
    Mistake("h-squashed",
            "`next_h` goes through a tanh once more. In a GRU nothing follows the mixture.",
            next_h=lambda q: np.tanh(q.usual.next_h)),
    Mistake("g-sigmoid",
            "The block input goes through a sigmoid. It has a `tanh`; sigmoids are for the gates.",
            g=lambda q: sigmoid(q.ag)),
    Mistake("g-without-tanh",
            "The block input is used without its `tanh`.",
            g=lambda q: q.ag),
    Mistake("r-tanh",
            "The reset gate goes through `tanh`. A gate has to be between 0 and 1: use `sigmoid`.",
            r=lambda q: np.tanh(q.ar)),
    Mistake("z-tanh",
            "The update gate goes through `tanh`. A gate has to be between 0 and 1: use `sigmoid`.",
            z=lambda q: np.tanh(q.az)),
    Mistake("gates-without-sigmoid",
            "The gates are used without their `sigmoid`: they have to be between 0 and 1.",
            r=lambda q: q.ar, z=lambda q: q.az),
    Mistake("order-z-r-g",
            "The first two blocks of columns are exchanged. In `Wx`, `Wh` and `b` the reset gate "
            "comes first, then the update gate, then the block input.",
            **reordered(1, 0, 2)),
    Mistake("order-g-first",
            "The block input is read from the first block of columns. The order is: reset gate, "
            "update gate, block input.",
            **reordered(1, 2, 0)),
    Mistake("interleaved",
            "The blocks are taken as every third column. They are H columns one after the other.",
            W=lambda q: [q.Wx[:, k::3] for k in range(3)],
            U=lambda q: [q.Wh[:, k::3] for k in range(3)],
            biases=lambda q: [q.b[k::3] for k in range(3)]),
]

GRU_STEP_FORWARD = Exercise(
    "gru_step_forward",
    notebook=NOTEBOOK,
    shapes={**SHAPES, "next_h": "N H"},
    arguments=list(SHAPES),
    outputs=["next_h"],
    cache=True,
    equations=StepForward,
    reference=inspect.unwrap(_cells.gru_step_forward),
    advice=PRODUCTS_FORWARD,
    mistakes=STEP_FORWARD_MISTAKES,
    cases=layer_cases(SHAPES, CASES),
)


# ---- One time step, backward --------------------------------------------------------------------


class StepBackward(StepForward):
    def dz(q):
        return q.dnext_h * (q.prev_h - q.g)

    def dg(q):
        return q.dnext_h * (1 - q.z)

    def dag(q):
        return q.dg * (1 - q.g**2)

    def dreset_h(q):
        return q.dag @ q.U[2].T

    def dr(q):
        return q.dreset_h * q.prev_h

    def dar(q):
        return q.dr * q.r * (1 - q.r)

    def daz(q):
        return q.dz * q.z * (1 - q.z)

    def da(q):
        return np.concatenate([q.dar, q.daz, q.dag], axis=1)

    def dx(q):
        return q.da @ q.Wx.T

    def kept(q):  # to prev_h through the mixture
        return q.dnext_h * q.z

    def through_reset(q):
        return q.dreset_h * q.r

    def through_gates(q):
        return q.dar @ q.U[0].T + q.daz @ q.U[1].T

    def dprev_h(q):
        return q.kept + q.through_reset + q.through_gates

    def dWx(q):
        return q.x.T @ q.da

    def dWh(q):
        return np.concatenate([q.prev_h.T @ q.dar, q.prev_h.T @ q.daz, q.reset_h.T @ q.dag], axis=1)

    def db(q):
        return q.da.sum(axis=0)


STEP_BACKWARD_MISTAKES = [
    # The mixture
    Mistake("dz-old-only",
            "The gradient of the update gate comes from `prev_h` alone. `z` stands twice in "
            "`z * prev_h + (1 - z) * g`, the second time with a minus: it is multiplied by "
            "`prev_h - g`.",
            dz=lambda q: q.dnext_h * q.prev_h),
    Mistake("dz-new-only",
            "The gradient of the update gate comes from the block input alone. `z` stands twice in "
            "`z * prev_h + (1 - z) * g`; both places count.",
            dz=lambda q: -q.dnext_h * q.g),
    Mistake("dz-sign",
            "The gradient of the update gate has the wrong sign: where `z` grows, `prev_h` gains "
            "and `g` loses.",
            dz=lambda q: q.dnext_h * (q.g - q.prev_h)),
    Mistake("dz-plus",
            "In the gradient of the update gate, `prev_h` and `g` are added. `g` is multiplied by "
            "`1 - z`, so it comes with a minus.",
            dz=lambda q: q.dnext_h * (q.prev_h + q.g)),
    Mistake("dg-by-z",
            "The gradient of the block input is multiplied by `z`. What multiplied `g` is `1 - z`.",
            dg=lambda q: q.dnext_h * q.z),
    Mistake("dg-whole",
            "The gradient of the block input is `dnext_h` whole. What multiplied `g` is `1 - z`.",
            dg=lambda q: q.dnext_h),
    # Slopes
    Mistake("g-slope-missing",
            "The slope of the tanh is missing: through the block input the gradient is multiplied "
            "by `1 - g**2`.",
            dag=lambda q: q.dg),
    Mistake("r-slope-missing",
            "The slope of the reset gate's sigmoid is missing: `r * (1 - r)`.",
            dar=lambda q: q.dr),
    Mistake("z-slope-missing",
            "The slope of the update gate's sigmoid is missing: `z * (1 - z)`.",
            daz=lambda q: q.dz),
    Mistake("r-slope-tanh",
            "The slope of the reset gate is that of a tanh, `1 - r**2`. It is a sigmoid: "
            "`r * (1 - r)`.",
            dar=lambda q: q.dr * (1 - q.r**2)),
    Mistake("z-slope-tanh",
            "The slope of the update gate is that of a tanh, `1 - z**2`. It is a sigmoid: "
            "`z * (1 - z)`.",
            daz=lambda q: q.dz * (1 - q.z**2)),
    # The reset gate
    Mistake("dr-missing",
            "No gradient reaches the reset gate: its columns are zero. It multiplies `prev_h` on "
            "the way into the block input.",
            dar=lambda q: np.zeros_like(q.r)),
    Mistake("dr-without-prev_h",
            "`prev_h` is missing from the gradient of the reset gate: a product hands to each "
            "factor the gradient times the other one.",
            dr=lambda q: q.dreset_h),
    Mistake("dr-by-r",
            "The gradient of the reset gate is multiplied by `r`, its own value. A product hands "
            "to each factor the gradient times the *other* one, here `prev_h`.",
            dr=lambda q: q.dreset_h * q.r),
    # The old state
    Mistake("kept-missing",
            "The direct way to `prev_h` is missing from `dprev_h`: it is kept in the mixture, "
            "times `z`.",
            kept=lambda q: 0),
    Mistake("kept-mirrored",
            "On the direct way to `prev_h` stands `1 - z`. What multiplied `prev_h` is `z`.",
            kept=lambda q: q.dnext_h * (1 - q.z)),
    Mistake("kept-whole",
            "`dnext_h` goes to `prev_h` whole. What multiplied `prev_h` in the mixture is `z`.",
            kept=lambda q: q.dnext_h),
    Mistake("reset-way-missing",
            "The way to `prev_h` through the block input is missing from `dprev_h`.",
            through_reset=lambda q: 0),
    Mistake("reset-way-ungated",
            "On the way to `prev_h` through the block input, the reset gate is missing: `prev_h` "
            "was multiplied by `r`.",
            through_reset=lambda q: q.dreset_h),
    Mistake("gate-ways-missing",
            "The ways to `prev_h` through the two gates are missing from `dprev_h`: both gates "
            "read it.",
            through_gates=lambda q: 0),
    Mistake("reset-gate-way-missing",
            "The way to `prev_h` through the reset gate's own sum is missing from `dprev_h`.",
            through_gates=lambda q: q.daz @ q.U[1].T),
    Mistake("update-gate-way-missing",
            "The way to `prev_h` through the update gate's sum is missing from `dprev_h`.",
            through_gates=lambda q: q.dar @ q.U[0].T),
    Mistake("dprev_h-like-lstm",
            "`dprev_h` is the joined gradient times `Wh.T`, as in an LSTM. The last block of `Wh` "
            "multiplies `r * prev_h`, so its part passes the reset gate; and `prev_h` is used a "
            "third time, in the mixture.",
            dprev_h=lambda q: q.da @ q.Wh.T),
    # Weights and bias
    Mistake("dWh-without-reset",
            "The last block of `dWh` is made of `prev_h`. That block multiplied `r * prev_h`.",
            dWh=lambda q: q.prev_h.T @ q.da),
    Mistake("dWh-reset-everywhere",
            "All of `dWh` is made of `r * prev_h`. Only the block input sees that; the gates see "
            "`prev_h`.",
            dWh=lambda q: q.reset_h.T @ q.da),
    Mistake("dWh-from-next_h",
            "`dWh` is made of `next_h`. What came in was the state before, `prev_h`.",
            dWh=lambda q: q.next_h.T @ q.da),
    Mistake("order",
            "The gradients of the two gates are joined in the wrong order: the reset gate comes "
            "first, then the update gate, then the block input.",
            da=lambda q: np.concatenate([q.daz, q.dar, q.dag], axis=1)),
    Mistake("db-mean",
            "`db` is a mean over the examples. The gradient of a bias is a sum.",
            db=lambda q: q.da.mean(axis=0)),
    Mistake("dWx-mean",
            "`dWx` is divided by the number of examples. It is a sum over them.",
            dWx=lambda q: q.x.T @ q.da / len(q.x)),
]

GRU_STEP_BACKWARD = BackwardExercise(
    "gru_step_backward",
    notebook=NOTEBOOK,
    forward=GRU_STEP_FORWARD,
    gradients=["dnext_h"],
    most_pairs=200,
    needs=["x", "prev_h", "Wx", "Wh"],
    shapes={"dnext_h": "N H", **GRADIENTS},
    outputs=list(GRADIENTS),
    equations=StepBackward,
    reference=inspect.unwrap(_cells.gru_step_backward),
    advice=PRODUCTS_BACKWARD,
    mistakes=STEP_BACKWARD_MISTAKES,
    cases=layer_cases({**SHAPES, "dnext_h": "N H"}, CASES),
)

EXERCISES = [GRU_STEP_FORWARD, GRU_STEP_BACKWARD]
