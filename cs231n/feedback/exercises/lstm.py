"""The exercises `lstm_step_forward`, `lstm_step_backward`, `lstm_forward` and `lstm_backward`."""

import itertools

import numpy as np

from cs231n.feedback.cases import layer_cases
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.exercises import products, sequences, vanilla_rnn
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers

NOTEBOOK = "LSTM_Captioning"
sigmoid = layers.sigmoid


PRODUCTS_FORWARD = [
    *vanilla_rnn.PRODUCTS_FORWARD,
    ("broadcast", "Each gate is a block of H columns of the sum (N, 4H), where H is the length of "
     "a hidden state, `prev_h.shape[1]`: `a[:, :H]`, `a[:, H:2*H]`, `a[:, 2*H:3*H]`, "
     "`a[:, 3*H:]`.")]
PRODUCTS_BACKWARD = [
    ("matmul|not aligned|mismatch", "A matrix product does not fit. The gradients of the four "
     "gates are joined to (N, 4H) along axis 1 (`hstack`, not `vstack`); going back, `dx` comes "
     "through `Wx.T` and `dprev_h` through `Wh.T`; `dWx` is made of `x.T`, `dWh` of `prev_h.T`.")]


# ---- One time step, forward ---------------------------------------------------------------------


class StepForward(Equations):
    PLACES = {"from_x": "the part of the sum that comes from `x`",
              "from_h": "the part of the sum that comes from `prev_h`",
              "a": "the sum that is split into the gates",
              "parts": "how the sum is split into the gates",
              **dict.fromkeys("ifog", "the functions of the gates"),
              "next_c": "how the new cell state is made",
              "c_out": "the cell state that is returned",
              "next_h": "how the hidden state is made of the cell state"}

    def from_x(q):
        return q.x @ q.Wx

    def from_h(q):
        return q.prev_h @ q.Wh

    def a(q):  # (N, 4H)
        return q.from_x + q.from_h + q.b

    def parts(q):  # what goes into i, f, o, g
        return np.split(q.a, 4, axis=1)

    def i(q):
        return sigmoid(q.parts[0])

    def f(q):
        return sigmoid(q.parts[1])

    def o(q):
        return sigmoid(q.parts[2])

    def g(q):
        return np.tanh(q.parts[3])

    def next_c(q):
        return q.f * q.prev_c + q.i * q.g

    def tanh_c(q):
        return np.tanh(q.next_c)

    def next_h(q):
        return q.o * q.tanh_c

    def c_out(q):  # the cell state that is returned
        return q.next_c


GATES = "ifog"
GATE_NAMES = {"i": "input gate", "f": "forget gate", "o": "output gate", "g": "block input"}
ORDERS = [order for order in itertools.permutations(GATES) if order != tuple(GATES)]


def read_in_order(order):
    """The four parts of `a`, taken as gates in another order, as (i, f, o, g)."""
    return lambda q: [q.usual.parts[order.index(gate)] for gate in GATES]


def exchanged_in_next_c(order):
    """What gives the same as one of the orders."""
    if "".join(order) != "fiog":
        return ""
    return ", or `i` and `f` are exchanged in `next_c`, which is `f * prev_c + i * g`"


def without(gate):
    """The equation of a gate without its activation function."""
    return {gate: lambda q: q.parts[GATES.index(gate)]}


def with_tanh(gate):
    return {gate: lambda q: np.tanh(q.parts[GATES.index(gate)])}


def with_sigmoid(gate):
    return {gate: lambda q: sigmoid(q.parts[GATES.index(gate)])}


def peephole(gate):
    """The equation of a gate that sees the old cell state, too."""
    return {gate: lambda q: sigmoid(q.parts[GATES.index(gate)] + q.prev_c)}


def for_gates(gates, change, *arguments):
    """One change for several gates."""
    return {k: v for gate in gates for k, v in change(gate, *arguments).items()}


def gates_listed(gates):
    """Names of gates in a sentence: "the input gate i and the forget gate f"."""
    named = [f"the {GATE_NAMES[gate]} {gate}" for gate in gates]
    return " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)


X = products.Product("from_x", "x", "Wx", ("N D", "D 4H", "N 4H"))
PREV_H = products.Product("from_h", "prev_h", "Wh", ("N H", "H 4H", "N 4H"))
# What never fits, whatever the sizes, ends in an exception, which tells the shapes.
MIXED_FORWARD, MIXED_BACKWARD = products.mixed_up(X, PREV_H, without=[
    "x-with-Wh", "prev_h-with-Wx", "prev_h-in-place-of-x", "x-in-place-of-prev_h",
    "weights-exchanged"])

STEP_FORWARD_MISTAKES = [
    Mistake("one-added-to-forget-gate",
            "1 is added to what goes into the forget gate. That is a way to *start* training with "
            "an open gate, by the bias; the step itself adds nothing.",
            f=lambda q: sigmoid(q.parts[1] + 1)),
    # What goes into the gates
    *products.bias_forward(), *X.forward(),
    *PREV_H.forward(without=["Wh-transposed", "Wh-elementwise", "factors-of-prev_h-swapped"]),
    *MIXED_FORWARD,
    Mistake("gates-from-prev_c",
            "The gates are computed from `prev_c` in place of `prev_h`. `Wh` multiplies the hidden "
            "state; the cell state enters `next_c` only.",
            from_h=lambda q: q.prev_c @ q.Wh),
    Mistake("peephole",
            "`prev_c` is added to the hidden state before `Wh`. The gates see `x` and `prev_h`; "
            "the cell state enters `next_c` only.",
            from_h=lambda q: (q.prev_h + q.prev_c) @ q.Wh),
    *[Mistake(f"peephole-into-{'-'.join(gates)}",
              f"`prev_c` is added to what goes into {gates_listed(gates)}, a \"peephole\". The "
              "gates see `x` and `prev_h`; the cell state enters `next_c` only.",
              **for_gates(gates, peephole)) for gates in ("i", "f", "o", "if", "ifo")],
    Mistake("peephole-new-cell-state",
            "The cell state is added to what goes into the gates (`prev_c` for i and f, `next_c` "
            "for o), a \"peephole\". The gates see `x` and `prev_h`; the cell state enters "
            "`next_c` only.",
            **for_gates("if", peephole), o=lambda q: sigmoid(q.parts[2] + q.next_c)),
    *[Mistake(f"{name}-through-tanh",
              f"`{name}` goes through a tanh before it is multiplied. It enters as it is.",
              **{f"from_{short}": lambda q, name=name, W=W: np.tanh(q[name]) @ q[W]})
      for name, short, W in (("x", "x", "Wx"), ("prev_h", "h", "Wh"))],
    Mistake("tanh-of-the-sum",
            "The whole sum `x @ Wx + prev_h @ Wh + b` goes through a tanh before it is split. Each "
            "part goes through its own function only.",
            a=lambda q: np.tanh(q.usual.a)),
    Mistake("gates-interleaved",
            "The four gates are taken as every fourth column (`a[:, 0::4]`, or a reshape to "
            "(N, H, 4)). They are blocks of H columns one after the other: `a[:, :H]`, "
            "`a[:, H:2*H]`, ...",
            parts=lambda q: [q.a[:, k::4] for k in range(4)]),
    # The functions of the gates
    Mistake("all-sigmoid",
            "The block input g goes through a sigmoid. It has a `tanh`; sigmoids are for the three "
            "gates.",
            **with_sigmoid("g")),
    Mistake("all-tanh",
            "All four parts go through `tanh`. The gates i, f, o have a `sigmoid`, which gives 0 "
            "to 1; only the block input g has a `tanh`.",
            **with_tanh("i"), **with_tanh("f"), **with_tanh("o")),
    Mistake("functions-exchanged",
            "The functions are exchanged: `tanh` for the gates i, f, o and a sigmoid for g. A gate "
            "needs 0 to 1, a `sigmoid`; the block input g has a `tanh`.",
            **with_tanh("i"), **with_tanh("f"), **with_tanh("o"), **with_sigmoid("g")),
    Mistake("no-functions",
            "The gates are used without their functions: i, f, o go through a `sigmoid`, g through "
            "`tanh`.",
            **without("i"), **without("f"), **without("o"), **without("g")),
    Mistake("no-sigmoid",
            "The `sigmoid` is missing: the gates i, f, o have to be between 0 and 1.",
            **without("i"), **without("f"), **without("o")),
    Mistake("g-without-tanh",
            "The block input g is used without its `tanh`.",
            **without("g")),
    Mistake("g-relu", "The block input g goes through a ReLU. It has a `tanh`.",
            g=lambda q: np.maximum(0, q.parts[3])),
    Mistake("sigmoid-sign",
            "The sigmoid is mirrored: `1 / (1 + exp(x))`. It is `1 / (1 + exp(-x))`.",
            i=lambda q: sigmoid(-q.parts[0]), f=lambda q: sigmoid(-q.parts[1]),
            o=lambda q: sigmoid(-q.parts[2])),
    Mistake("sigmoid-twice",
            "The sigmoid is taken twice.",
            i=lambda q: sigmoid(q.usual.i), f=lambda q: sigmoid(q.usual.f),
            o=lambda q: sigmoid(q.usual.o)),
    # The cell state
    Mistake("c-forgotten",
            "The old cell state is missing: `next_c` is `i * g` alone. What the forget gate keeps "
            "of it, `f * prev_c`, has to be added.",
            next_c=lambda q: q.i * q.g),
    Mistake("nothing-new",
            "`next_c` is `f * prev_c` alone: what the input gate lets in, `i * g`, has to be "
            "added.",
            next_c=lambda q: q.f * q.prev_c),
    Mistake("no-forget-gate",
            "The forget gate is missing: `prev_c` is kept whole. It is multiplied by `f`.",
            next_c=lambda q: q.prev_c + q.i * q.g),
    Mistake("no-input-gate",
            "The input gate is missing: `g` is added whole. It is multiplied by `i`.",
            next_c=lambda q: q.f * q.prev_c + q.g),
    Mistake("no-block-input",
            "The block input g is missing: `i` is added by itself. It gates `g`: `i * g`.",
            next_c=lambda q: q.f * q.prev_c + q.i),
    Mistake("c-subtracted",
            "`i * g` is subtracted. The new cell state is the sum of what is kept and what is "
            "new.",
            next_c=lambda q: q.f * q.prev_c - q.i * q.g),
    Mistake("c-multiplied",
            "What is kept, `f * prev_c`, and what is new, `i * g`, are multiplied. They are added.",
            next_c=lambda q: q.f * q.prev_c * q.i * q.g),
    Mistake("forget-gate-mirrored",
            "`prev_c` is multiplied by `1 - f`. The forget gate says how much is kept: "
            "`f * prev_c`.",
            next_c=lambda q: (1 - q.f) * q.prev_c + q.i * q.g),
    Mistake("gates-coupled",
            "`1 - f` is used in place of the input gate (or `1 - i` in place of the forget gate), "
            "as in a GRU. An LSTM has both gates: `f * prev_c + i * g`.",
            next_c=lambda q: q.f * q.prev_c + (1 - q.f) * q.g),
    Mistake("gates-coupled-to-i",
            "`1 - i` is used in place of the forget gate, as in a GRU. An LSTM has both gates: "
            "`f * prev_c + i * g`.",
            next_c=lambda q: (1 - q.i) * q.prev_c + q.i * q.g),
    Mistake("f-over-all",
            "The forget gate multiplies the new part too. It gates `prev_c` only.",
            next_c=lambda q: q.f * (q.prev_c + q.i * q.g)),
    Mistake("input-gate-over-all",
            "The input gate multiplies `prev_c`, too, and the forget gate is missing: `next_c` is "
            "`i * (prev_c + g)`. Each has a gate of its own: `f * prev_c + i * g`.",
            next_c=lambda q: q.i * (q.prev_c + q.g)),
    Mistake("forget-gate-for-both",
            "The forget gate multiplies `g`, too, and the input gate is missing: `next_c` is "
            "`f * (prev_c + g)`. Each has a gate of its own: `f * prev_c + i * g`.",
            next_c=lambda q: q.f * (q.prev_c + q.g)),
    Mistake("forget-gate-added",
            "The forget gate is added to `prev_c`. It is multiplied: `f * prev_c`.",
            next_c=lambda q: q.f + q.prev_c + q.i * q.g),
    Mistake("prev_h-for-prev_c",
            "`f` multiplies `prev_h` in place of `prev_c`. The cell state has a path of its own "
            "through time.",
            next_c=lambda q: q.f * q.prev_h + q.i * q.g),
    Mistake("c-squashed",
            "`next_c` has gone through tanh already. The cell state is kept as it is; the tanh is "
            "only on the way to `next_h`.",
            c_out=lambda q: np.tanh(q.next_c)),
    Mistake("c-squashed-and-kept",
            "`next_c` goes through tanh, and then once more on the way to `next_h`. The cell state "
            "itself has no tanh.",
            next_c=lambda q: np.tanh(q.f * q.prev_c + q.i * q.g)),
    Mistake("c-unchanged",
            "`next_c` is `prev_c` unchanged.",
            next_c=lambda q: q.prev_c),
    Mistake("c-returned-old",
            "The old cell state `prev_c` is returned in place of the new one.",
            c_out=lambda q: q.prev_c),
    Mistake("c-block-input",
            "The block input is added without gates.",
            next_c=lambda q: q.prev_c + q.g),
    # The hidden state
    Mistake("tanh-of-c-missing",
            "`next_h` is `o * next_c`: the tanh is missing. It is `o * tanh(next_c)`.",
            next_h=lambda q: q.o * q.next_c),
    Mistake("no-output-gate",
            "The output gate is missing: `next_h` is `tanh(next_c)`, which has to be multiplied by "
            "`o`.",
            next_h=lambda q: q.tanh_c),
    Mistake("output-gate-alone",
            "`next_h` is the output gate alone. It gates the cell state: `o * tanh(next_c)`.",
            next_h=lambda q: q.o),
    Mistake("h-is-c",
            "`next_h` is the cell state. It is `o * tanh(next_c)`.",
            next_h=lambda q: q.next_c),
    Mistake("h-from-prev_c",
            "`next_h` is computed from the old cell state `prev_c`. It comes from the new one: "
            "`o * tanh(next_c)`.",
            next_h=lambda q: q.o * np.tanh(q.prev_c)),
    Mistake("h-sigmoid-of-c",
            "The cell state goes through a sigmoid on the way to `next_h`. It has a `tanh` there.",
            next_h=lambda q: q.o * sigmoid(q.next_c)),
    Mistake("h-tanh-of-product",
            "`tanh` covers the output gate too: it is `o * tanh(next_c)`, not `tanh(o * next_c)`.",
            next_h=lambda q: np.tanh(q.o * q.next_c)),
    Mistake("h-tanh-of-gate",
            "The tanh is taken of the output gate: it is `o * tanh(next_c)`, not "
            "`tanh(o) * next_c`.",
            next_h=lambda q: np.tanh(q.o) * q.next_c),
    Mistake("h-added",
            "The output gate is added to `tanh(next_c)`. It multiplies it.",
            next_h=lambda q: q.o + q.tanh_c),
    Mistake("h-gated-by-i",
            "`next_h` is gated by the input gate `i`. The output gate `o` belongs there.",
            next_h=lambda q: q.i * q.tanh_c),
    Mistake("h-gated-by-f",
            "`next_h` is gated by the forget gate `f`. The output gate `o` belongs there.",
            next_h=lambda q: q.f * q.tanh_c),
    Mistake("h-from-g",
            "`next_h` is `o * g`: it misses the cell state. It is `o * tanh(next_c)`.",
            next_h=lambda q: q.o * q.g),
    Mistake("h-plus-prev_h",
            "`prev_h` is added to `next_h`. It is `o * tanh(next_c)` alone.",
            next_h=lambda q: q.usual.next_h + q.prev_h),
    Mistake("h-from-tanh-twice",
            "tanh is taken twice on the way to `next_h`. It is `o * tanh(next_c)`.",
            next_h=lambda q: q.o * np.tanh(q.tanh_c)),
]

STEP_FORWARD_MISTAKES += [
    Mistake(f"{gate}-without-sigmoid",
            f"The {GATE_NAMES[gate]} {gate} is used without its `sigmoid`: a gate has to be "
            "between 0 and 1.",
            **without(gate)) for gate in "ifo"]
STEP_FORWARD_MISTAKES += [
    Mistake(f"{gate}-with-tanh",
            f"The {GATE_NAMES[gate]} {gate} goes through `tanh`. A gate has to be between 0 and 1: "
            "use `sigmoid`.",
            **with_tanh(gate)) for gate in "ifo"]
STEP_FORWARD_MISTAKES += [
    Mistake(f"gate-order-{''.join(order)}",
            f"The gates are in another order: the four blocks of columns are read as "
            f"{', '.join(order)}{exchanged_in_next_c(order)}. In `Wx`, `Wh` and `b` the order is "
            "i, f, o, g: input gate, forget gate, output gate, block input.",
            parts=read_in_order(order)) for order in ORDERS]


LSTM_STEP_FORWARD = Exercise(
    "lstm_step_forward",
    notebook=NOTEBOOK,
    computed_as={"next_c": "c_out"},
    equations=StepForward,
    reference=layers.lstm_step_forward,
    most_pairs=2000,
    advice=PRODUCTS_FORWARD,
    mistakes=STEP_FORWARD_MISTAKES,
    cases=layer_cases(layers.lstm_step_forward),
)


# ---- One time step, backward --------------------------------------------------------------------


class StepBackward(StepForward):
    PLACES = {"dc": "how the gradient of the cell state is made up",
              **{f"d{gate}": "the gradient that arrives at a gate" for gate in "ifog"},
              **{f"da{gate}": "the way back through the function of a gate" for gate in "ifog"},
              "da": "how the gradients of the gates are joined"}

    def dc(q):  # two paths lead back to the cell state
        return q.dnext_c + q.dnext_h * q.o * (1 - q.tanh_c**2)

    def di(q):
        return q.dc * q.g

    def df(q):
        return q.dc * q.prev_c

    def do(q):
        return q.dnext_h * q.tanh_c

    def dg(q):
        return q.dc * q.i

    def dai(q):
        return q.di * q.i * (1 - q.i)

    def daf(q):
        return q.df * q.f * (1 - q.f)

    def dao(q):
        return q.do * q.o * (1 - q.o)

    def dag(q):
        return q.dg * (1 - q.g**2)

    def da(q):
        return np.concatenate([q.dai, q.daf, q.dao, q.dag], axis=1)

    def dx(q):
        return q.da @ q.Wx.T

    def dprev_h(q):
        return q.da @ q.Wh.T

    def dprev_c(q):
        return q.dc * q.f

    def dWx(q):
        return q.x.T @ q.da

    def dWh(q):
        return q.prev_h.T @ q.da

    def db(q):
        return q.da.sum(axis=0)


def no_path_through(gate):
    """The equation for what goes into a gate, when no gradient reaches it."""
    return {f"da{gate}": lambda q: np.zeros_like(q.i)}


def activation_slope(gate, slope):
    """The equation for what goes into a gate, with another derivative of its function."""
    return {f"da{gate}": lambda q: getattr(q, f"d{gate}") * slope(getattr(q, gate))}


def slope_from(gate, other, slope):
    """The equation for what goes into a gate, with another gate in its derivative."""
    return {f"da{gate}": lambda q: q[f"d{gate}"] * slope(q[gate], q[other])}


def through_one(gate, W):
    """The gradient that comes back through one block of columns of `W`."""
    return lambda q: q[f"da{gate}"] @ np.split(q[W], 4, axis=1)[GATES.index(gate)].T


def joined(order):
    """The gradients of the four parts joined in another order."""
    return lambda q: np.concatenate([getattr(q, f"da{gate}") for gate in order], axis=1)


STEP_BACKWARD_MISTAKES = [
    # The cell state
    Mistake("h-to-c-missing",
            "The path from `next_h` to the cell state is missing: the gradient of the cell state "
            "is `dnext_c` alone. `next_h = o * tanh(next_c)` depends on `next_c` too, which adds "
            "`dnext_h * o * (1 - tanh(next_c)**2)`.",
            dc=lambda q: q.dnext_c),
    Mistake("dnext_c-ignored",
            "`dnext_c` is left out: the gradient of the cell state comes from `next_h` alone. The "
            "cell state also goes on to the next time step; both gradients add up.",
            dc=lambda q: q.dnext_h * q.o * (1 - q.tanh_c**2)),
    Mistake("h-to-c-without-slope",
            "The derivative of tanh is missing on the way from `next_h` to the cell state: it is "
            "`dnext_h * o * (1 - tanh(next_c)**2)`.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o),
    Mistake("h-to-c-without-o",
            "The output gate is missing on the way from `next_h` to the cell state: it is "
            "`dnext_h * o * (1 - tanh(next_c)**2)`.",
            dc=lambda q: q.dnext_c + q.dnext_h * (1 - q.tanh_c**2)),
    Mistake("h-to-c-whole",
            "`dnext_h` is added to `dnext_c` as it is. On its way to the cell state it passes the "
            "output gate and the tanh: `dnext_h * o * (1 - tanh(next_c)**2)`.",
            dc=lambda q: q.dnext_c + q.dnext_h),
    Mistake("h-to-c-slope-of-next_c",
            "The derivative of the tanh is written `1 - next_c**2`. It is taken at the output of "
            "the tanh: `1 - tanh(next_c)**2`.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o * (1 - q.next_c**2)),
    Mistake("h-to-c-slope-of-next_h",
            "The derivative of the tanh is written `1 - next_h**2`. The tanh is that of the cell "
            "state: `1 - tanh(next_c)**2`.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o * (1 - q.next_h**2)),
    Mistake("h-to-c-slope-not-squared",
            "The derivative of the tanh is written `1 - tanh(next_c)`: the square is missing.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o * (1 - q.tanh_c)),
    Mistake("h-to-c-slope-without-one",
            "The derivative of the tanh is written `tanh(next_c)**2`. It is `1 - tanh(next_c)**2`.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o * q.tanh_c**2),
    Mistake("h-to-c-tanh-again",
            "The derivative of the tanh is taken as `1 - tanh(tanh(next_c))**2`: tanh is taken "
            "twice.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o * (1 - np.tanh(q.tanh_c) ** 2)),
    Mistake("h-to-c-slope-of-prev_c",
            "The derivative of the tanh is taken at `prev_c`. It is the tanh of `next_c`.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o * (1 - np.tanh(q.prev_c) ** 2)),
    Mistake("h-to-c-sigmoid-slope",
            "The derivative of a sigmoid stands on the way from `next_h` to the cell state. It is "
            "a tanh there: `1 - tanh(next_c)**2`.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o * q.tanh_c * (1 - q.tanh_c)),
    Mistake("h-to-c-tanh-value",
            "`tanh(next_c)` itself stands on the way from `next_h` to the cell state. Its "
            "derivative belongs there: `1 - tanh(next_c)**2`.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.o * q.tanh_c),
    Mistake("h-to-c-other-gate",
            "The input gate stands on the way from `next_h` to the cell state, in place of the "
            "output gate.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.i * (1 - q.tanh_c**2)),
    Mistake("h-to-c-forget-gate",
            "The forget gate stands on the way from `next_h` to the cell state, in place of the "
            "output gate.",
            dc=lambda q: q.dnext_c + q.dnext_h * q.f * (1 - q.tanh_c**2)),
    Mistake("dc-subtracted",
            "The two gradients of the cell state are subtracted. Gradients of two uses of one "
            "value add up.",
            dc=lambda q: q.dnext_c - q.dnext_h * q.o * (1 - q.tanh_c**2)),
    Mistake("dc-sum-through-tanh",
            "`dnext_c` is sent through the output gate and the tanh. Only `dnext_h` comes that "
            "way; `dnext_c` reaches `next_c` directly.",
            dc=lambda q: (q.dnext_c + q.dnext_h) * q.o * (1 - q.tanh_c**2)),
    Mistake("dc-multiplied",
            "The two gradients of the cell state are multiplied. Gradients of two uses of one "
            "value add up.",
            dc=lambda q: q.dnext_c * q.dnext_h * q.o * (1 - q.tanh_c**2)),
    Mistake("dc-through-tanh-only-dnext_c",
            "`dnext_c` is sent through the derivative of the tanh. Only `dnext_h` comes that way; "
            "`dnext_c` reaches `next_c` directly.",
            dc=lambda q: q.dnext_c * (1 - q.tanh_c**2) + q.dnext_h * q.o * (1 - q.tanh_c**2)),
    Mistake("h-to-c-without-dnext_h",
            "`dnext_h` is missing on the way from `next_h` to the cell state: `o * (1 - "
            "tanh(next_c)**2)` is only the local derivative, which `dnext_h` multiplies.",
            dc=lambda q: q.dnext_c + q.o * (1 - q.tanh_c**2)),
    Mistake("dc-twice",
            "The path from `next_h` to the cell state is added twice.",
            dc=lambda q: q.dnext_c + 2 * q.dnext_h * q.o * (1 - q.tanh_c**2)),
    # The gates
    Mistake("do-from-next_c",
            "The gradient of the output gate is `dnext_h * next_c`: the tanh is missing. The "
            "output gate multiplied `tanh(next_c)`.",
            do=lambda q: q.dnext_h * q.next_c),
    Mistake("do-from-prev_c",
            "The gradient of the output gate is made of the old cell state. It multiplied "
            "`tanh(next_c)`.",
            do=lambda q: q.dnext_h * np.tanh(q.prev_c)),
    Mistake("do-from-next_h",
            "The gradient of the output gate is `dnext_h * next_h`. The gate multiplied "
            "`tanh(next_c)`, so it is `dnext_h * tanh(next_c)`.",
            do=lambda q: q.dnext_h * q.next_h),
    Mistake("do-from-dc",
            "The gradient of the output gate starts from that of the cell state. The output gate "
            "acts on `next_h` only: `dnext_h * tanh(next_c)`.",
            do=lambda q: q.dc * q.tanh_c),
    Mistake("do-from-sum",
            "`dnext_c` is added to `dnext_h` for the output gate. The output gate does not act on "
            "the cell state: `dnext_h * tanh(next_c)`.",
            do=lambda q: (q.dnext_h + q.dnext_c) * q.tanh_c),
    Mistake("do-from-dnext_c",
            "The gradient of the output gate starts from `dnext_c`. It starts from `dnext_h`.",
            do=lambda q: q.dnext_c * q.tanh_c),
    Mistake("do-without-tanh",
            "The gradient of the output gate is `dnext_h` alone: the factor `tanh(next_c)` is "
            "missing.",
            do=lambda q: q.dnext_h),
    Mistake("do-with-slope",
            "The gradient of the output gate has the derivative of the tanh. Its factor is "
            "`tanh(next_c)` itself.",
            do=lambda q: q.dnext_h * (1 - q.tanh_c**2)),
    Mistake("df-from-next_c",
            "The gradient of the forget gate is made of `next_c`. The forget gate multiplied the "
            "old cell state, `prev_c`.",
            df=lambda q: q.dc * q.next_c),
    Mistake("df-from-prev_h",
            "The gradient of the forget gate is made of `prev_h`. The forget gate multiplied "
            "`prev_c`.",
            df=lambda q: q.dc * q.prev_h),
    Mistake("df-from-f",
            "The gradient of the forget gate is made of `f` itself. It is made of what `f` "
            "multiplied: `prev_c`.",
            df=lambda q: q.dc * q.f),
    Mistake("df-alone",
            "The factor `prev_c` is missing in the gradient of the forget gate.",
            df=lambda q: q.dc),
    Mistake("df-squashed",
            "The gradient of the forget gate is made of `tanh(prev_c)`. The forget gate multiplied "
            "`prev_c` itself.",
            df=lambda q: q.dc * np.tanh(q.prev_c)),
    Mistake("di-from-i",
            "The gradient of the input gate is made of `i` itself. It is made of what `i` "
            "multiplied: the block input `g`.",
            di=lambda q: q.dc * q.i),
    Mistake("di-from-prev_c",
            "The gradient of the input gate is made of `prev_c`. The input gate multiplied the "
            "block input `g`.",
            di=lambda q: q.dc * q.prev_c),
    Mistake("di-alone",
            "The factor `g` is missing in the gradient of the input gate.",
            di=lambda q: q.dc),
    Mistake("dg-from-g",
            "The gradient of the block input is made of `g` itself. It is made of what multiplied "
            "`g`: the input gate `i`.",
            dg=lambda q: q.dc * q.g),
    Mistake("dg-from-f",
            "The gradient of the block input is made of the forget gate. `g` was multiplied by the "
            "input gate `i`.",
            dg=lambda q: q.dc * q.f),
    Mistake("dg-alone",
            "The factor `i` is missing in the gradient of the block input.",
            dg=lambda q: q.dc),
    Mistake("di-dg-exchanged",
            "The gradients of input gate and block input are exchanged: that of `i` is made of "
            "`g`, and that of `g` is made of `i`.",
            di=lambda q: q.dc * q.i, dg=lambda q: q.dc * q.g),
    Mistake("di-df-exchanged",
            "The factors of input gate and forget gate are exchanged: the input gate multiplied "
            "`g`, the forget gate `prev_c`.",
            di=lambda q: q.dc * q.prev_c, df=lambda q: q.dc * q.g),
    Mistake("gates-from-dnext_c",
            "The gradients of the gates i, f, g start from `dnext_c`. They start from the whole "
            "gradient of the cell state, which includes what comes through `next_h`.",
            di=lambda q: q.dnext_c * q.g, df=lambda q: q.dnext_c * q.prev_c,
            dg=lambda q: q.dnext_c * q.i),
    Mistake("di-from-dnext_c",
            "The gradient of the input gate starts from `dnext_c`. It starts from the whole "
            "gradient of the cell state, which includes what comes through `next_h`.",
            di=lambda q: q.dnext_c * q.g),
    Mistake("df-from-dnext_c",
            "The gradient of the forget gate starts from `dnext_c`. It starts from the whole "
            "gradient of the cell state, which includes what comes through `next_h`.",
            df=lambda q: q.dnext_c * q.prev_c),
    Mistake("dg-from-dnext_c",
            "The gradient of the block input starts from `dnext_c`. It starts from the whole "
            "gradient of the cell state, which includes what comes through `next_h`.",
            dg=lambda q: q.dnext_c * q.i),
    # Through the functions of the gates
    Mistake("no-slopes",
            "The derivatives of the gates' functions are missing: `gate * (1 - gate)` for the "
            "sigmoids of i, f, o, and `1 - g**2` for the tanh of g.",
            **for_gates("ifog", activation_slope, lambda s: 1)),
    Mistake("no-sigmoid-slopes",
            "The derivative of the sigmoid is missing for the gates i, f, o: "
            "`gate * (1 - gate)`.",
            **for_gates("ifo", activation_slope, lambda s: 1)),
    Mistake("g-without-slope",
            "The derivative of the tanh is missing for the block input: `1 - g**2`.",
            **activation_slope("g", lambda s: 1)),
    Mistake("g-sigmoid-slope",
            "The block input has the derivative of a sigmoid, `g * (1 - g)`. It went through a "
            "tanh: `1 - g**2`.",
            **activation_slope("g", lambda s: s * (1 - s))),
    Mistake("g-slope-not-squared",
            "The derivative of the tanh of the block input is written `1 - g`: the square is "
            "missing.",
            **activation_slope("g", lambda s: 1 - s)),
    Mistake("g-slope-without-one",
            "The derivative of the tanh of the block input is written `g**2`. It is `1 - g**2`.",
            **activation_slope("g", lambda s: s**2)),
    Mistake("g-tanh-again",
            "The derivative of the tanh is written `1 - tanh(g)**2`, but `g` is already the tanh. "
            "It is `1 - g**2`.",
            **activation_slope("g", lambda s: 1 - np.tanh(s) ** 2)),
    Mistake("tanh-slopes",
            "The gates i, f, o have the derivative of a tanh. They went through a sigmoid: "
            "`gate * (1 - gate)`.",
            **for_gates("ifo", activation_slope, lambda s: 1 - s**2)),
    Mistake("slopes-exchanged",
            "The derivatives are exchanged: that of tanh for the gates i, f, o, that of the "
            "sigmoid for g. It is `gate * (1 - gate)` for i, f, o and `1 - g**2` for g.",
            **for_gates("ifo", activation_slope, lambda s: 1 - s**2),
            **activation_slope("g", lambda s: s * (1 - s))),
    Mistake("sigmoid-again",
            "The derivative of the sigmoid is taken of `sigmoid(gate)`, but the gates are already "
            "sigmoids. It is `gate * (1 - gate)`.",
            **for_gates("ifo", activation_slope, lambda s: sigmoid(s) * (1 - sigmoid(s)))),
    Mistake("sigmoid-slope-half",
            "The derivative of the sigmoid is written `1 - gate`. It is `gate * (1 - gate)`.",
            **for_gates("ifo", activation_slope, lambda s: 1 - s)),
    Mistake("sigmoid-slope-other-half",
            "The derivative of the sigmoid is written `gate` alone. It is `gate * (1 - gate)`.",
            **for_gates("ifo", activation_slope, lambda s: s)),
    Mistake("sigmoid-slope-squared",
            "The derivative of the sigmoid is written `gate * (1 - gate**2)` or with another "
            "square. It is `gate * (1 - gate)`.",
            **for_gates("ifo", activation_slope, lambda s: s * (1 - s**2))),
    Mistake("sigmoid-slope-twice",
            "The derivative of the sigmoid, `gate * (1 - gate)`, is multiplied in twice.",
            **for_gates("ifo", activation_slope, lambda s: (s * (1 - s)) ** 2)),
    Mistake("all-slopes-twice",
            "The derivatives of the gates' functions, `gate * (1 - gate)` and `1 - g**2`, are "
            "multiplied in twice.",
            **for_gates("ifo", activation_slope, lambda s: (s * (1 - s)) ** 2),
            **activation_slope("g", lambda s: (1 - s**2) ** 2)),
    Mistake("g-slope-twice",
            "The derivative of the tanh of the block input, `1 - g**2`, is multiplied in twice.",
            **activation_slope("g", lambda s: (1 - s**2) ** 2)),
    Mistake("do-without-upstream",
            "The gradient that arrives, `dnext_h`, is left out at the output gate: `tanh(next_c)` "
            "is only the local derivative of `o * tanh(next_c)`, which `dnext_h` multiplies.",
            do=lambda q: q.tanh_c),
    Mistake("di-without-upstream",
            "The gradient of the cell state is left out at the input gate: `g` is only the local "
            "derivative of `i * g`, which it multiplies.",
            di=lambda q: q.g),
    Mistake("df-without-upstream",
            "The gradient of the cell state is left out at the forget gate: `prev_c` is only the "
            "local derivative of `f * prev_c`, which it multiplies.",
            df=lambda q: q.prev_c),
    Mistake("dg-without-upstream",
            "The gradient of the cell state is left out at the block input: `i` is only the local "
            "derivative of `i * g`, which it multiplies.",
            dg=lambda q: q.i),
    Mistake("sigmoid-slope-negative",
            "The derivative of the sigmoid has the wrong sign: it is `gate * (1 - gate)`.",
            **for_gates("ifo", activation_slope, lambda s: s * (s - 1))),
]

for _gate in "ifo":
    STEP_BACKWARD_MISTAKES += [
        Mistake(f"{_gate}-without-slope",
                f"The derivative of the sigmoid is missing for the {GATE_NAMES[_gate]}: "
                f"`{_gate} * (1 - {_gate})`.",
                **activation_slope(_gate, lambda s: 1)),
        Mistake(f"{_gate}-tanh-slope",
                f"The {GATE_NAMES[_gate]} has the derivative of a tanh, `1 - {_gate}**2`. It went "
                f"through a sigmoid: `{_gate} * (1 - {_gate})`.",
                **activation_slope(_gate, lambda s: 1 - s**2)),
        Mistake(f"{_gate}-half-slope",
                f"The derivative of the sigmoid of the {GATE_NAMES[_gate]} is written "
                f"`1 - {_gate}`. It is `{_gate} * (1 - {_gate})`.",
                **activation_slope(_gate, lambda s: 1 - s)),
        Mistake(f"{_gate}-other-half-slope",
                f"The derivative of the sigmoid of the {GATE_NAMES[_gate]} is written "
                f"`{_gate}`. It is `{_gate} * (1 - {_gate})`.",
                **activation_slope(_gate, lambda s: s)),
        Mistake(f"{_gate}-slope-twice",
                f"The derivative of the sigmoid of the {GATE_NAMES[_gate]}, `{_gate} * (1 - "
                f"{_gate})`, is multiplied in twice.",
                **activation_slope(_gate, lambda s: (s * (1 - s)) ** 2)),
    ]
for _gate, _other in itertools.permutations("ifo", 2):
    STEP_BACKWARD_MISTAKES += [
        Mistake(f"{_gate}-slope-with-{_other}",
                f"The derivative of the sigmoid of the {GATE_NAMES[_gate]} is written "
                f"`{_gate} * (1 - {_other})`, with the {GATE_NAMES[_other]} in it. It is "
                f"`{_gate} * (1 - {_gate})`.",
                **slope_from(_gate, _other, lambda s, other: s * (1 - other))),
        Mistake(f"{_gate}-slope-from-{_other}",
                f"The {GATE_NAMES[_gate]} has the derivative of the {GATE_NAMES[_other]}, "
                f"`{_other} * (1 - {_other})`. It is `{_gate} * (1 - {_gate})`.",
                **slope_from(_gate, _other, lambda s, other: other * (1 - other))),
    ]
STEP_BACKWARD_MISTAKES += [
    Mistake(f"{dname}-through-{gate}-only",
            f"`{dname}` comes through the {name} {gate} only. `{back}` acts on all four blocks of "
            f"columns, so its gradient comes through the whole `{W}.T`.",
            **{dname: through_one(gate, W)})
    for gate, name in GATE_NAMES.items()
    for dname, back, W in (("dx", "x", "Wx"), ("dprev_h", "prev_h", "Wh"))]
STEP_BACKWARD_MISTAKES += [
    Mistake(f"no-path-through-{gate}",
            f"No gradient goes through the {name} {gate}: its block of columns in the gradient of "
            "the gates is zero.",
            **no_path_through(gate)) for gate, name in GATE_NAMES.items()]
STEP_BACKWARD_MISTAKES += [
    Mistake(f"gate-order-{''.join(order)}",
            f"The gradients of the gates are joined in another order: {', '.join(order)}. In `Wx`, "
            "`Wh` and `b` the order is i, f, o, g: input gate, forget gate, output gate, block "
            "input.",
            da=joined(order)) for order in ORDERS]

STEP_BACKWARD_MISTAKES += [
    # dprev_c
    Mistake("dprev_c-without-f",
            "`dprev_c` is the gradient of the cell state: the forget gate is missing. The old cell "
            "state was multiplied by `f`.",
            dprev_c=lambda q: q.dc),
    Mistake("dprev_c-from-dnext_c",
            "`dprev_c` is `dnext_c * f`. It starts from the whole gradient of the cell state, "
            "which includes what comes through `next_h`.",
            dprev_c=lambda q: q.dnext_c * q.f),
    Mistake("dprev_c-is-dnext_c",
            "`dprev_c` is `dnext_c`, handed on unchanged. The old cell state was multiplied by the "
            "forget gate `f`, and the gradient through `next_h` belongs to it too.",
            dprev_c=lambda q: q.dnext_c),
    Mistake("dprev_c-with-i",
            "`dprev_c` is multiplied by the input gate. The old cell state was multiplied by the "
            "forget gate `f`.",
            dprev_c=lambda q: q.dc * q.i),
    Mistake("dprev_c-with-o",
            "`dprev_c` is multiplied by the output gate. The old cell state was multiplied by the "
            "forget gate `f`.",
            dprev_c=lambda q: q.dc * q.o),
    Mistake("dprev_c-with-prev_c",
            "`dprev_c` is multiplied by `prev_c`. It is multiplied by what multiplied `prev_c`: "
            "the forget gate `f`.",
            dprev_c=lambda q: q.dc * q.prev_c),
    Mistake("dprev_c-with-slope",
            "`dprev_c` is multiplied by the derivative of the forget gate's sigmoid. It is "
            "multiplied by `f` itself.",
            dprev_c=lambda q: q.dc * q.f * (1 - q.f)),
    Mistake("dprev_c-squashed",
            "`dprev_c` is multiplied by `1 - tanh(prev_c)**2`. The old cell state goes through no "
            "tanh on its way to `next_c`.",
            dprev_c=lambda q: q.dc * q.f * (1 - np.tanh(q.prev_c) ** 2)),
    Mistake("dprev_c-plus-dnext_c",
            "`dnext_c` is added to `dprev_c` once more.",
            dprev_c=lambda q: q.dc * q.f + q.dnext_c),
    Mistake("dprev_c-plus-dprev_h",
            "`dprev_h` is added to `dprev_c`. The old cell state does not act through the gates' "
            "sums: `dprev_c` is the gradient of the cell state times `f`.",
            dprev_c=lambda q: q.usual.dprev_c + q.usual.dprev_h),
    Mistake("dprev_c-zero",
            "`dprev_c` is all zeros. The cell state carries the gradient through time.",
            dprev_c=lambda q: np.zeros_like(q.prev_c)),
    # Weights and inputs
    *X.backward(),
    *PREV_H.backward(without=["dprev_h-Wh-not-transposed", "dprev_h-elementwise",
                              "dWh-prev_h-not-transposed", "dWh-elementwise"]),
    *MIXED_BACKWARD, *products.bias_backward("4H"),
    products.all_averaged("dWx", "dWh", "db"),
    Mistake("dprev_h-plus-dnext_h",
            "`dnext_h` is added to `dprev_h`. The previous hidden state acts through `Wh` and the "
            "gates only.",
            dprev_h=lambda q: q.usual.dprev_h + q.dnext_h),
    Mistake("dprev_h-plus-dprev_c",
            "`dprev_c` is added to `dprev_h`. The two states have paths of their own: `dprev_h` "
            "comes from the gates, through `Wh.T`, alone.",
            dprev_h=lambda q: q.usual.dprev_h + q.usual.dprev_c),
    Mistake("dprev_h-is-dnext_h",
            "`dprev_h` is `dnext_h`, handed on unchanged. It comes from the gates, through `Wh.T`.",
            dprev_h=lambda q: q.dnext_h),
    Mistake("dprev_h-with-a-slope",
            "`dprev_h` is multiplied by `1 - prev_h**2`. `prev_h` is an input of this step.",
            dprev_h=lambda q: q.usual.dprev_h * (1 - q.prev_h**2)),
    Mistake("dWh-from-next_h",
            "`dWh` is made of `next_h`. `Wh` multiplied the previous hidden state: "
            "`prev_h.T @ da`. (Is `prev_h` in the cache, in its place?)",
            dWh=lambda q: q.next_h.T @ q.da),
    Mistake("dWh-from-prev_c",
            "`dWh` is made of `prev_c`. `Wh` multiplied the previous hidden state: "
            "`prev_h.T @ da`.",
            dWh=lambda q: q.prev_c.T @ q.da),
]

LSTM_STEP_BACKWARD = BackwardExercise(
    "lstm_step_backward",
    notebook=NOTEBOOK,
    forward=LSTM_STEP_FORWARD,
    needs=["x", "prev_h", "prev_c", "Wx", "Wh"],
    equations=StepBackward,
    reference=layers.lstm_step_backward,
    most_pairs=1000,
    advice=PRODUCTS_BACKWARD,
    mistakes=STEP_BACKWARD_MISTAKES,
    cases=layer_cases(layers.lstm_step_forward, layers.lstm_step_backward),
)


# ---- A sequence, forward ------------------------------------------------------------------------


class Forward(sequences.SequenceForward):
    def c0(q):
        return np.zeros_like(q.h0)

    def prev_c(q, t):
        return q.next_c(t - 1) if t > 0 else q.c0

    def step(q, t):
        return layers.lstm_step_forward(q.x_at(t), q.prev_h(t), q.prev_c(t), q.Wx, q.Wh, q.b)

    def next_c(q, t):
        return q.step(t)[1]


def step_arguments(q, t):
    return {"x": q.x_at(t), "prev_h": q.prev_h(t), "prev_c": q.prev_c(t), "Wx": q.Wx, "Wh": q.Wh,
            "b": q.b}


FORWARD_MISTAKES = [
    Mistake("c-summed",
            "The cell states are added up: a time step starts from the sum of all cell states so "
            "far. The step itself keeps what is to be kept, so it starts from the latest one, "
            "`next_c` of step t - 1, alone.",
            prev_c=lambda q, t: q.c0 + sum(q.next_c(s) for s in range(t))),
    Mistake("c0-is-h0",
            "The first cell state `c0` is `h0`. It is zero: `np.zeros_like(h0)`.",
            c0=lambda q: q.h0),
    Mistake("c0-ones",
            "The first cell state `c0` is one. It is zero: `np.zeros_like(h0)`.",
            c0=lambda q: np.ones_like(q.h0)),
    Mistake("c-not-carried",
            "The cell state is not carried from step to step: every time step starts from a cell "
            "state of zeros. Step t has to start from the `next_c` of step t - 1.",
            prev_c=lambda q, t: np.zeros_like(q.h0)),
    Mistake("c-not-carried-h0",
            "Every time step starts from a cell state equal to `h0`. It starts from zero, and step "
            "t goes on from the `next_c` of step t - 1.",
            prev_c=lambda q, t: q.h0),
    Mistake("neither-carried",
            "Neither hidden state nor cell state is carried from step to step: every time step "
            "starts from `h0` and zeros.",
            prev_h=lambda q, t: q.h0, prev_c=lambda q, t: np.zeros_like(q.h0)),
    Mistake("h-for-c",
            "The hidden state is handed on as the cell state. The two are different: `next_h` "
            "becomes `prev_h`, `next_c` becomes `prev_c`.",
            prev_c=lambda q, t: q.next_h(t - 1) if t > 0 else q.c0),
    Mistake("c-for-h",
            "The cell state is handed on as the hidden state. The two are different: `next_h` "
            "becomes `prev_h`, `next_c` becomes `prev_c`.",
            prev_h=lambda q, t: q.next_c(t - 1) if t > 0 else q.h0),
    Mistake("h-and-c-exchanged",
            "Hidden state and cell state are exchanged from step to step: `next_h` becomes "
            "`prev_h`, `next_c` becomes `prev_c`.",
            prev_h=lambda q, t: q.next_c(t - 1) if t > 0 else q.h0,
            prev_c=lambda q, t: q.next_h(t - 1) if t > 0 else q.c0),
    Mistake("h-and-c-exchanged-always",
            "Hidden state and cell state are exchanged in each call of the step: the arguments are "
            "`x, prev_h, prev_c`, in this order.",
            step=lambda q, t: layers.lstm_step_forward(
                q.x_at(t), q.prev_c(t), q.prev_h(t), q.Wx, q.Wh, q.b)),
    Mistake("results-exchanged",
            "The results of the step are taken in the wrong order: it returns `next_h, next_c, "
            "cache`.",
            step=lambda q, t: [layers.lstm_step_forward(
                q.x_at(t), q.prev_h(t), q.prev_c(t), q.Wx, q.Wh, q.b)[k] for k in (1, 0, 2)]),
    Mistake("cell-states-returned",
            "`h` holds the cell states. It has to hold the hidden states, `next_h`.",
            written=lambda q, t: q.next_c(t)),
    Mistake("c-two-steps-old",
            "A time step starts from the cell state of two steps before: an index is off by one.",
            prev_c=lambda q, t: q.next_c(t - 2) if t > 1 else q.c0),
    Mistake("c0-added",
            "`h0` starts as the hidden state and is also added to the cell states.",
            prev_c=lambda q, t: q.next_c(t - 1) + q.h0 if t > 0 else q.h0),
]


def first_c_is_zero(q, t):  # where a loop starts at t = 1
    return q.next_c(t - 1) if t > 1 else q.c0


WITH_C = {  # mistakes of a sequence that concern the cell state as they do the hidden state
    "time-reversed": lambda q, t: q.next_c(t + 1) if t + 1 < q.T else q.c0,
    "first-step-skipped": first_c_is_zero,
    "first-step-skipped-from-zero": first_c_is_zero,
    "h0-stored-first-step-skipped": first_c_is_zero,
}
FORWARD_MISTAKES += [
    Mistake(m.name, m.sentence, **m.changes, prev_c=WITH_C[m.name]) if m.name in WITH_C else m
    for m in sequences.FORWARD_MISTAKES]
FORWARD_MISTAKES += sequences.in_each_step(
    STEP_FORWARD_MISTAKES, StepForward, step_arguments, ["next_h", "c_out", "cache"],
    replaces="step", calls="lstm_step_forward",
    without=["prev_h-ignored", "c-forgotten", "c-returned-old", "nothing-new", "c-multiplied",
             "c-unchanged"])

LSTM_FORWARD = Exercise(
    "lstm_forward",
    notebook=NOTEBOOK,
    keeps={"x[:, t]": "x_at", "prev_h": "prev_h", "prev_c": "prev_c"},
    equations=Forward,
    reference=layers.lstm_forward,
    advice=PRODUCTS_FORWARD,
    helpers=[LSTM_STEP_FORWARD],
    most_pairs=800,
    mistakes=FORWARD_MISTAKES,
    cases=layer_cases(layers.lstm_forward),
)


# ---- A sequence, backward -----------------------------------------------------------------------


class Backward(Forward, sequences.SequenceBackward):
    PLACES = sequences.SequenceBackward.PLACES

    def c_from_next(q, t):  # what reaches the cell state after step t through step t + 1
        return q.dprev_c(t + 1) if t + 1 < q.T else np.zeros_like(q.h0)

    def dnext_c(q, t):
        return q.c_from_next(t)

    def back(q, t):
        return layers.lstm_step_backward(q.dnext_h(t), q.dnext_c(t), q.cache(t))

    def dprev_c(q, t):
        return q.back(t)[2]

    def truncated(q, t):  # dprev_h of step t, from the loss at step t alone
        return layers.lstm_step_backward(q.dh[:, t], q.dnext_c(t), q.cache(t))[1]


def backward_arguments(q, t):
    return {**step_arguments(q, t), "dnext_h": q.dnext_h(t), "dnext_c": q.dnext_c(t)}


STEP_GRADIENTS = ["dx", "dprev_h", "dprev_c", "dWx", "dWh", "db"]


def zeros(q):
    return np.zeros_like(q.h0)


BACKWARD_MISTAKES = [
    Mistake("dc-not-carried",
            "The gradient of the cell state is not carried from step to step: every step gets "
            "`dnext_c` of zeros. Step t gets the `dprev_c` of step t + 1.",
            dnext_c=lambda q, t: zeros(q)),
    Mistake("neither-carried",
            "No gradient is carried from step to step, neither `dprev_h` nor `dprev_c`. The state "
            "after step t is also used by step t + 1.",
            h_from_next=lambda q, t: zeros(q), dnext_c=lambda q, t: zeros(q)),
    Mistake("dc-is-dprev_h",
            "`dprev_h` is handed on as the gradient of the cell state. `dprev_h` is added to "
            "`dh[:, t]`, `dprev_c` becomes `dnext_c`.",
            c_from_next=lambda q, t: q.dprev_h(t + 1) if t + 1 < q.T else zeros(q)),
    Mistake("dh-is-dprev_c",
            "`dprev_c` is added to `dh[:, t]`. `dprev_h` is added there, and `dprev_c` becomes "
            "`dnext_c`.",
            h_from_next=lambda q, t: q.dprev_c(t + 1) if t + 1 < q.T else zeros(q)),
    Mistake("dh-and-dc-exchanged",
            "`dprev_h` and `dprev_c` are exchanged from step to step: `dprev_h` is added to "
            "`dh[:, t]`, `dprev_c` becomes `dnext_c`.",
            h_from_next=lambda q, t: q.dprev_c(t + 1) if t + 1 < q.T else zeros(q),
            c_from_next=lambda q, t: q.dprev_h(t + 1) if t + 1 < q.T else zeros(q)),
    Mistake("dc-accumulated",
            "`dprev_c` is accumulated over the time steps (`+=`). Step t gets that of step t + 1 "
            "alone, which contains the later ones already.",
            c_from_next=lambda q, t: sum((q.dprev_c(s) for s in range(t + 1, q.T)), zeros(q))),
    Mistake("both-accumulated",
            "`dprev_h` and `dprev_c` are accumulated over the time steps (`+=`). Step t gets those "
            "of step t + 1 alone, which contain the later ones already.",
            h_from_next=lambda q, t: sum((q.dprev_h(s) for s in range(t + 1, q.T)), zeros(q)),
            c_from_next=lambda q, t: sum((q.dprev_c(s) for s in range(t + 1, q.T)), zeros(q))),
    Mistake("dc-gets-dh",
            "`dh[:, t]` is added to the gradient of the cell state. The loss sees the hidden "
            "states only; the step itself carries the gradient to the cell state.",
            dnext_c=lambda q, t: q.c_from_next(t) + q.dh[:, t]),
    Mistake("dc-is-dh",
            "`dh[:, t]` is handed to the step as `dnext_c`. The loss sees the hidden states only: "
            "`dnext_c` is the `dprev_c` of step t + 1.",
            dnext_c=lambda q, t: q.dh[:, t]),
    Mistake("dc-is-dnext_h",
            "`dnext_h` is handed to the step as `dnext_c` too. `dnext_c` is the `dprev_c` of step "
            "t + 1.",
            dnext_c=lambda q, t: q.dnext_h(t)),
    Mistake("dc-starts-from-ones",
            "The gradient of the last cell state is one. The loss does not see it: it is zero.",
            c_from_next=lambda q, t: q.usual.c_from_next(t) if t + 1 < q.T else zeros(q) + 1),
    Mistake("dc-starts-from-dh",
            "The gradient of the last cell state starts from `dh[:, -1]`. The loss does not see "
            "the cell state: it is zero.",
            c_from_next=lambda q, t: q.usual.c_from_next(t) if t + 1 < q.T else q.dh[:, -1]),
    Mistake("dc-twice",
            "The gradient of the cell state is handed on twice as large.",
            c_from_next=lambda q, t: 2 * q.usual.c_from_next(t)),
    Mistake("arguments-exchanged",
            "The step is called with `dnext_c` and `dnext_h` exchanged: its arguments are "
            "`dnext_h, dnext_c, cache`.",
            back=lambda q, t: layers.lstm_step_backward(q.dnext_c(t), q.dnext_h(t), q.cache(t))),
    Mistake("dh0-is-dc0",
            "`dh0` is the gradient of the first cell state, `dprev_c`. It is the `dprev_h` of "
            "t = 0.",
            dh0=lambda q: q.dprev_c(0)),
    Mistake("dh0-plus-dc0",
            "The gradient of the first cell state is added to `dh0`. The first cell state is a "
            "constant zero; it does not depend on `h0`.",
            dh0=lambda q: q.dprev_h(0) + q.dprev_c(0)),
    Mistake("time-forward",
            "Time runs forward: the loop goes from t = 0 to T - 1. A step needs the gradient of "
            "the step after it, so the loop has to go backward, from T - 1 to 0 "
            "(`reversed(range(T))`).",
            h_from_next=lambda q, t: q.dprev_h(t - 1) if t > 0 else zeros(q),
            c_from_next=lambda q, t: q.dprev_c(t - 1) if t > 0 else zeros(q),
            dh0=lambda q: q.dprev_h(q.T - 1)),
    Mistake("last-step-skipped",
            "The last time step is left out: the loop starts at t = T - 2, or that step does not "
            "receive `dh[:, -1]`. The loop starts at T - 1, and step t receives `dh[:, t]`.",
            steps=lambda q: range(q.T - 2, -1, -1),
            h_from_next=lambda q, t: q.dprev_h(t + 1) if t + 2 < q.T else zeros(q),
            c_from_next=lambda q, t: q.dprev_c(t + 1) if t + 2 < q.T else zeros(q)),
]
_DIFFERENT = ["time-forward", "last-step-skipped"]  # these involve the cell state here
BACKWARD_MISTAKES += [m for m in sequences.BACKWARD_MISTAKES if m.name not in _DIFFERENT]
BACKWARD_MISTAKES += sequences.in_each_step(
    STEP_BACKWARD_MISTAKES, StepBackward, backward_arguments, STEP_GRADIENTS, replaces="back",
    calls="lstm_step_backward",
    without=["all-averaged", "dWx-averaged", "dWh-averaged", "db-averaged", "dnext_c-ignored",
             "dc-multiplied", "dprev_c-from-dnext_c", "dprev_c-is-dnext_c", "dprev_c-squashed",
             "dprev_c-plus-dnext_c", "dprev_c-zero", "dprev_h-with-Wx", "dprev_h-transposed"])

LSTM_BACKWARD = BackwardExercise(
    "lstm_backward",
    notebook=NOTEBOOK,
    forward=LSTM_FORWARD,
    equations=Backward,
    reference=layers.lstm_backward,
    advice=vanilla_rnn.CACHES + PRODUCTS_BACKWARD,
    helpers=[LSTM_STEP_BACKWARD],
    most_pairs=300,
    mistakes=BACKWARD_MISTAKES,
    cases=layer_cases(layers.lstm_forward, layers.lstm_backward),
)

EXERCISES = [LSTM_STEP_FORWARD, LSTM_STEP_BACKWARD, LSTM_FORWARD, LSTM_BACKWARD]
