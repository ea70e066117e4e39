"""The exercises `rnn_step_forward`, `rnn_step_backward`, `rnn_forward` and `rnn_backward`."""

import numpy as np

from cs231n.feedback.cases import layer_cases
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.exercises import products, sequences
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers

NOTEBOOK = "RNN_Captioning"


PRODUCTS_FORWARD = [
    ("matmul|not aligned|mismatch", "The matrices fit as they stand, without a transpose: "
     "`x @ Wx` and `prev_h @ Wh`, with the examples as rows.")]
PRODUCTS_BACKWARD = [
    ("matmul|not aligned|mismatch", "A matrix product does not fit, most often because a factor "
     "has to be transposed: going back, `dx` comes through `Wx.T` and `dprev_h` through `Wh.T`; "
     "`dWx` is made of `x.T`, `dWh` of `prev_h.T`.")]
CACHES = [
    ("list index out of range|tuple index out of range|pop from empty",
     "A list ends too early: does the forward pass append the cache of every time step? There "
     "have to be T of them, from `cache[0]` to `cache[T - 1]`."),
    ("out of bounds", "Time steps go from 0 to T - 1, so going backward the first is T - 1: "
     "`reversed(range(T))`.")]


# ---- One time step, forward ---------------------------------------------------------------------


class StepForward(Equations):
    PLACES = {"from_x": "the part of the sum that comes from `x`",
              "from_h": "the part of the sum that comes from `prev_h`",
              "a": "the sum that goes into the tanh",
              "next_h": "what is done with the sum"}

    def from_x(q):
        return q.x @ q.Wx

    def from_h(q):
        return q.prev_h @ q.Wh

    def a(q):  # what goes into tanh
        return q.from_x + q.from_h + q.b

    def next_h(q):
        return np.tanh(q.a)


def softmax(a):
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


X = products.Product("from_x", "x", "Wx", ("N D", "D H", "N H"))
PREV_H = products.Product("from_h", "prev_h", "Wh", ("N H", "H H", "N H"))
MIXED_FORWARD, MIXED_BACKWARD = products.mixed_up(X, PREV_H)

STEP_FORWARD_MISTAKES = [
    *products.bias_forward(), *X.forward(), *PREV_H.forward(), *MIXED_FORWARD,
    Mistake("x-product-twice",
            "`x @ Wx` is added twice; the second time it should be `prev_h @ Wh`.",
            from_h=lambda q: q.x @ q.Wx),
    Mistake("products-averaged",
            "The mean of `x @ Wx` and `prev_h @ Wh` is taken. They are added.",
            a=lambda q: (q.from_x + q.from_h) / 2 + q.b),
    Mistake("sum-halved",
            "The whole sum is divided by 2 before the tanh (or the exponents of a tanh written "
            "with `exp` are halved). It goes into the tanh as it is.",
            a=lambda q: q.usual.a / 2),
    Mistake("Wh-missing",
            "`prev_h` is added without its weights: `prev_h @ Wh` belongs into the sum.",
            from_h=lambda q: q.prev_h),
    Mistake("prev_h-added",
            "`prev_h` itself is added to the sum, besides `prev_h @ Wh`. It enters through `Wh` "
            "only.",
            from_h=lambda q: q.prev_h @ q.Wh + q.prev_h),
    Mistake("tanh-missing",
            "The `tanh` is missing: the sum `x @ Wx + prev_h @ Wh + b` is returned as it is. "
            "`next_h` is its tanh.",
            next_h=lambda q: q.a),
    Mistake("tanh-of-each-product-bias-with-prev_h",
            "`tanh` is taken of `x @ Wx` and of `prev_h @ Wh + b` by itself, and the two are "
            "added. Add everything up first: `next_h` is the tanh of the whole sum.",
            next_h=lambda q: np.tanh(q.from_x) + np.tanh(q.from_h + q.b)),
    Mistake("tanh-of-each-product-bias-with-x",
            "`tanh` is taken of `x @ Wx + b` and of `prev_h @ Wh` by itself, and the two are "
            "added. Add everything up first: `next_h` is the tanh of the whole sum.",
            next_h=lambda q: np.tanh(q.from_x + q.b) + np.tanh(q.from_h)),
    Mistake("prev_h-through-tanh",
            "`prev_h` goes through a tanh before `Wh` multiplies it. It comes out of the tanh of "
            "the step before; here it enters as it is.",
            from_h=lambda q: np.tanh(q.prev_h) @ q.Wh),
    Mistake("x-through-tanh",
            "`x` goes through a tanh before `Wx` multiplies it. It enters as it is; the tanh is "
            "taken of the whole sum.",
            from_x=lambda q: np.tanh(q.x) @ q.Wx),
    Mistake("sum-centred-over-examples",
            "The mean over the examples (axis 0) is taken off the sum before the tanh. Nothing is "
            "normalised here: each example is computed by itself.",
            a=lambda q: q.usual.a - q.usual.a.mean(axis=0)),
    Mistake("sum-centred-over-units",
            "The mean of each row (axis 1) is taken off the sum before the tanh. Nothing is "
            "normalised here: the sum goes into the tanh as it is.",
            a=lambda q: q.usual.a - q.usual.a.mean(axis=1, keepdims=True)),
    Mistake("tanh-twice",
            "`tanh` is taken twice. The sum goes through it once.",
            next_h=lambda q: np.tanh(np.tanh(q.a))),
    Mistake("tanh-negative",
            "`next_h` has the wrong sign: it is -tanh of the sum.",
            next_h=lambda q: -np.tanh(q.a)),
    Mistake("tanh-before-bias",
            "The bias `b` is added after the tanh. It belongs inside: "
            "`tanh(x @ Wx + prev_h @ Wh + b)`.",
            next_h=lambda q: np.tanh(q.from_x + q.from_h) + q.b),
    Mistake("tanh-of-each-product",
            "`tanh` is taken of `x @ Wx` and of `prev_h @ Wh` before they are added. Add all first "
            "and take the tanh of the sum.",
            next_h=lambda q: np.tanh(q.from_x) + np.tanh(q.from_h) + q.b),
    Mistake("tanh-of-tanhs",
            "`tanh` is taken of each product and then of the sum again. Add the products as they "
            "are and take the tanh once.",
            a=lambda q: np.tanh(q.from_x) + np.tanh(q.from_h) + q.b),
    Mistake("tanh-of-x-part-only",
            "The `tanh` covers only `x @ Wx`: close its parenthesis after the whole sum.",
            next_h=lambda q: np.tanh(q.from_x) + q.from_h + q.b),
    Mistake("tanh-of-h-part-only",
            "The `tanh` covers only `prev_h @ Wh + b`: it has to cover the whole sum, `x @ Wx` "
            "too.",
            next_h=lambda q: q.from_x + np.tanh(q.from_h + q.b)),
    Mistake("tanh-without-h-part",
            "`prev_h @ Wh` is added after the tanh. It belongs inside: "
            "`tanh(x @ Wx + prev_h @ Wh + b)`.",
            next_h=lambda q: np.tanh(q.from_x + q.b) + q.from_h),
    Mistake("sigmoid",
            "The sum goes through a sigmoid. A vanilla RNN uses `tanh`, which gives -1 to 1.",
            next_h=lambda q: 1 / (1 + np.exp(-q.a))),
    Mistake("relu",
            "The sum goes through a ReLU, `maximum(0, ...)`. This RNN uses `tanh`.",
            next_h=lambda q: np.maximum(0, q.a)),
    Mistake("softmax",
            "The sum goes through a softmax. A hidden state is the `tanh` of the sum.",
            next_h=lambda q: softmax(q.a)),
    Mistake("tan", "`np.tan` is the tangent of an angle. The function needed is `np.tanh`.",
            next_h=lambda q: np.tan(q.a)),
    Mistake("arctan", "`np.arctan` is used. The function needed is `np.tanh`.",
            next_h=lambda q: np.arctan(q.a)),
    Mistake("arctanh", "`np.arctanh` is the inverse of the function needed, `np.tanh`.",
            next_h=lambda q: np.arctanh(q.a)),
    Mistake("sinh",
            "What is computed is the hyperbolic sine, `(exp(a) - exp(-a)) / 2`, and not the tanh. "
            "That divides by `exp(a) + exp(-a)`; `np.tanh` is safe for large numbers, too.",
            next_h=lambda q: np.sinh(q.a)),
    Mistake("sin", "`np.sin` is used. The function needed is `np.tanh`.",
            next_h=lambda q: np.sin(q.a)),
    Mistake("clipped",
            "The sum is clipped to -1 to 1. The function needed is the smooth `np.tanh`.",
            next_h=lambda q: np.clip(q.a, -1, 1)),
    Mistake("sum-doubled",
            "This is the tanh of twice the sum: the exponents of a tanh written with `exp` are "
            "doubled. tanh(a) = (exp(a) - exp(-a)) / (exp(a) + exp(-a)); `np.tanh` is safe.",
            next_h=lambda q: np.tanh(2 * q.a)),
    Mistake("derivative-returned",
            "`1 - tanh(a)**2` is returned: that is the derivative, which the backward pass needs. "
            "The forward pass returns `tanh(a)`.",
            next_h=lambda q: 1 - np.tanh(q.a) ** 2),
    Mistake("residual",
            "`prev_h` is added to the tanh. The new hidden state is the tanh alone.",
            next_h=lambda q: q.prev_h + np.tanh(q.a)),
    Mistake("blended",
            "The mean of `prev_h` and the tanh is returned. The new hidden state is the tanh "
            "alone.",
            next_h=lambda q: (q.prev_h + np.tanh(q.a)) / 2),
    Mistake("gated",
            "The tanh is multiplied by `prev_h`. The new hidden state is the tanh alone.",
            next_h=lambda q: q.prev_h * np.tanh(q.a)),
    Mistake("prev_h-returned",
            "`prev_h` is returned unchanged. The new hidden state has to be computed from it.",
            next_h=lambda q: q.prev_h),
    Mistake("integer-state",
            "`next_h` is all zeros: it is never filled, or its values pass through an array of "
            "integers, which cuts off everything behind the decimal point (make it with the dtype "
            "of `x`).",
            next_h=lambda q: np.trunc(np.tanh(q.a))),
]

RNN_STEP_FORWARD = Exercise(
    "rnn_step_forward",
    notebook=NOTEBOOK,
    equations=StepForward,
    reference=layers.rnn_step_forward,
    advice=PRODUCTS_FORWARD,
    mistakes=STEP_FORWARD_MISTAKES,
    cases=layer_cases(layers.rnn_step_forward),
)


# ---- One time step, backward --------------------------------------------------------------------


class StepBackward(StepForward):
    PLACES = {"slope": "the way back through the tanh", "da": "the way back through the tanh"}

    def slope(q):  # of the tanh
        return 1 - q.next_h**2

    def da(q):
        return q.dnext_h * q.slope

    def dx(q):
        return q.da @ q.Wx.T

    def dprev_h(q):
        return q.da @ q.Wh.T

    def dWx(q):
        return q.x.T @ q.da

    def dWh(q):
        return q.prev_h.T @ q.da

    def db(q):
        return q.da.sum(axis=0)


STEP_BACKWARD_MISTAKES = [
    # What goes wrong in front of the tanh shows in all gradients.
    Mistake("slope-missing",
            "The derivative of tanh is missing: the gradients start from `dnext_h` itself. Going "
            "back through tanh multiplies by its local derivative, `1 - next_h**2`.",
            slope=lambda q: 1),
    Mistake("upstream-missing",
            "The gradient that arrives, `dnext_h`, is left out: `1 - next_h**2` alone is only the "
            "local derivative. The chain rule multiplies the two.",
            da=lambda q: q.slope),
    Mistake("slope-not-squared",
            "The derivative of tanh is written `1 - next_h`: the square is missing. It is "
            "`1 - next_h**2`.",
            slope=lambda q: 1 - q.next_h),
    Mistake("slope-square-of-difference",
            "The derivative of tanh is written `(1 - next_h)**2`. It is `1 - next_h**2`: only "
            "`next_h` is squared.",
            slope=lambda q: (1 - q.next_h) ** 2),
    Mistake("slope-without-one",
            "The derivative of tanh is written `next_h**2`. It is `1 - next_h**2`.",
            slope=lambda q: q.next_h**2),
    Mistake("slope-negative-without-one",
            "The derivative of tanh is written `-next_h**2`: the 1 is missing. It is "
            "`1 - next_h**2`.",
            slope=lambda q: -q.next_h**2),
    Mistake("slope-plus",
            "The derivative of tanh is written `1 + next_h**2`. The sign is minus: "
            "`1 - next_h**2`.",
            slope=lambda q: 1 + q.next_h**2),
    Mistake("slope-negative",
            "All gradients have the wrong sign. The derivative of tanh is `1 - next_h**2`, and "
            "nothing else changes a sign.",
            slope=lambda q: q.next_h**2 - 1),
    Mistake("slope-tanh-again",
            "The derivative is written `1 - tanh(next_h)**2`, but `next_h` is already the tanh: "
            "tanh is taken twice. It is `1 - next_h**2`.",
            slope=lambda q: 1 - np.tanh(q.next_h) ** 2),
    Mistake("slope-of-the-sum",
            "The derivative is written `1 - a**2` with the `a` that goes into tanh. In terms of "
            "what comes out it is `1 - next_h**2`: use `next_h` (and keep `next_h`, not the sum, "
            "in the cache).",
            slope=lambda q: 1 - q.a**2),
    Mistake("slope-of-prev_h",
            "The derivative of tanh is taken at `prev_h`. It is the tanh that gave `next_h`: "
            "`1 - next_h**2` (is `next_h` in the cache?).",
            slope=lambda q: 1 - q.prev_h**2),
    Mistake("slope-of-b",
            "The derivative of tanh is taken at `b` in place of `next_h`, as when the cache is "
            "unpacked in another order than it was packed.",
            slope=lambda q: 1 - q.b**2),
    Mistake("slope-doubled-in-place-of-squared",
            "The derivative of tanh is written `1 - 2 * next_h`. It is `1 - next_h**2`: the square "
            "of `next_h`.",
            slope=lambda q: 1 - 2 * q.next_h),
    Mistake("slope-cubed",
            "The derivative of tanh is written `1 - next_h**3`. The power is 2: `1 - next_h**2`.",
            slope=lambda q: 1 - q.next_h**3),
    Mistake("slope-of-dnext_h",
            "The derivative of tanh is computed from `dnext_h`, as `1 - dnext_h**2`. It depends on "
            "the output of the forward pass: `1 - next_h**2`.",
            slope=lambda q: 1 - q.dnext_h**2),
    Mistake("slope-of-dnext_h-alone",
            "`1 - dnext_h**2` is used in place of `dnext_h * (1 - next_h**2)`: the derivative of "
            "tanh depends on `next_h`, and `dnext_h` multiplies it.",
            da=lambda q: 1 - q.dnext_h**2),
    Mistake("slope-of-sigmoid",
            "The derivative of the sigmoid, `next_h * (1 - next_h)`, is used. That of tanh is "
            "`1 - next_h**2`.",
            slope=lambda q: q.next_h * (1 - q.next_h)),
    Mistake("slope-of-relu",
            "The derivative of a ReLU (0 or 1) is used. That of tanh is `1 - next_h**2`.",
            slope=lambda q: q.next_h > 0),
    Mistake("slope-is-the-output",
            "`dnext_h` is multiplied by `next_h` in place of the derivative of tanh, "
            "`1 - next_h**2`.",
            slope=lambda q: q.next_h),
    Mistake("slope-is-tanh-of-output",
            "`dnext_h` is multiplied by `tanh(next_h)` in place of the derivative of tanh, "
            "`1 - next_h**2`.",
            slope=lambda q: np.tanh(q.next_h)),
    Mistake("slope-of-square",
            "`dnext_h` is multiplied by `-2 * next_h`, which is the derivative of `1 - next_h**2`. "
            "The derivative of tanh is `1 - next_h**2` itself.",
            slope=lambda q: -2 * q.next_h),
    Mistake("slope-twice",
            "The derivative of tanh, `1 - next_h**2`, is multiplied in twice.",
            slope=lambda q: (1 - q.next_h**2) ** 2),
    Mistake("slope-root",
            "The square root of the derivative is used: the derivative of tanh is `1 - next_h**2`.",
            slope=lambda q: np.sqrt(1 - q.next_h**2)),
    Mistake("slope-divided",
            "`dnext_h` is divided by the derivative of tanh, `1 - next_h**2`. Going backward "
            "multiplies by it.",
            slope=lambda q: 1 / (1 - q.next_h**2)),
    Mistake("slope-halved",
            "The derivative of tanh is halved. It is `1 - next_h**2`.",
            slope=lambda q: (1 - q.next_h**2) / 2),
    Mistake("slope-added",
            "`dnext_h` and the derivative of tanh are added. The chain rule multiplies them.",
            da=lambda q: q.dnext_h + q.slope),
    Mistake("precedence",
            "`dnext_h * 1 - next_h**2` subtracts last: a parenthesis is missing. It has to be "
            "`dnext_h * (1 - next_h**2)`.",
            da=lambda q: q.dnext_h - q.next_h**2),
    Mistake("square-of-product",
            "The product is squared: `1 - (dnext_h * next_h)**2`. It is "
            "`dnext_h * (1 - next_h**2)`.",
            da=lambda q: 1 - (q.dnext_h * q.next_h) ** 2),
    Mistake("upstream-replaced-by-output",
            "`next_h` stands where `dnext_h` belongs: the gradient that arrives is `dnext_h`.",
            da=lambda q: q.next_h * q.slope),
    Mistake("upstream-squared",
            "`dnext_h` is multiplied in twice.",
            da=lambda q: q.dnext_h**2 * q.slope),
    Mistake("tanh-of-upstream",
            "`dnext_h` goes through tanh again. Backward, it is multiplied by the derivative "
            "`1 - next_h**2`.",
            da=lambda q: np.tanh(q.dnext_h)),
    Mistake("slope-of-each-part",
            "The derivative of tanh is taken at `x @ Wx + prev_h @ Wh` without the bias `b`. It "
            "belongs to the whole sum; `1 - next_h**2` has it.",
            slope=lambda q: 1 - np.tanh(q.from_x + q.from_h) ** 2),
    # Products and bias
    *X.backward(), *PREV_H.backward(), *MIXED_BACKWARD, *products.bias_backward("H"),
    products.all_averaged("dWx", "dWh", "db"),
    # dx
    Mistake("dx-without-slope",
            "`dx` starts from `dnext_h`, without the derivative of tanh. It has to start from "
            "`da = dnext_h * (1 - next_h**2)`, as the other gradients do.",
            dx=lambda q: q.dnext_h @ q.Wx.T),
    Mistake("dx-with-slope-of-x",
            "`dx` is multiplied by `1 - x**2`. The input did not go through a tanh before.",
            dx=lambda q: q.usual.dx * (1 - q.x**2)),
    # dprev_h
    Mistake("dprev_h-without-slope",
            "`dprev_h` starts from `dnext_h`, without the derivative of tanh. It has to start from "
            "`da = dnext_h * (1 - next_h**2)`, as the other gradients do.",
            dprev_h=lambda q: q.dnext_h @ q.Wh.T),
    Mistake("dprev_h-without-slope-or-transpose",
            "`dprev_h` looks like `dnext_h @ Wh`: the derivative of tanh is missing, and `Wh` has "
            "to be transposed. It is `da @ Wh.T` with `da = dnext_h * (1 - next_h**2)`.",
            dprev_h=lambda q: q.dnext_h @ q.Wh),
    Mistake("dprev_h-through-Wh-twice",
            "`dprev_h` passes through `Wh.T` twice. The previous state was multiplied by `Wh` "
            "once.",
            dprev_h=lambda q: q.da @ q.Wh.T @ q.Wh.T),
    Mistake("dprev_h-without-weights",
            "`dprev_h` is the gradient in front of the tanh, `da`. It still has to pass through "
            "the weights: `Wh.T`.",
            dprev_h=lambda q: q.da),
    Mistake("dprev_h-is-dnext_h",
            "`dprev_h` is `dnext_h`, handed on unchanged. It has to pass through the tanh and "
            "through `Wh.T`.",
            dprev_h=lambda q: q.dnext_h),
    Mistake("dprev_h-plus-dnext_h",
            "`dnext_h` is added to `dprev_h`. The previous state acts through `Wh` and tanh only, "
            "so there is no such path.",
            dprev_h=lambda q: q.usual.dprev_h + q.dnext_h),
    Mistake("dprev_h-with-another-slope",
            "`dprev_h` is multiplied by `1 - prev_h**2`: the tanh of the step before belongs to "
            "that step. Here `prev_h` is an input.",
            dprev_h=lambda q: q.usual.dprev_h * (1 - q.prev_h**2)),
    Mistake("dprev_h-slope-twice",
            "`dprev_h` is multiplied by `1 - next_h**2` a second time. `da` has it already.",
            dprev_h=lambda q: q.usual.dprev_h * q.slope),
    Mistake("dprev_h-zero",
            "`dprev_h` is all zeros. The previous hidden state acts on `next_h` through `Wh`; "
            "without its gradient nothing is learnt over time.",
            dprev_h=lambda q: np.zeros_like(q.prev_h)),
    # dWx
    Mistake("dWx-without-slope",
            "`dWx` starts from `dnext_h`, without the derivative of tanh. It has to start from "
            "`da = dnext_h * (1 - next_h**2)`, as the other gradients do.",
            dWx=lambda q: q.x.T @ q.dnext_h),
    # dWh
    Mistake("dWh-without-slope",
            "`dWh` starts from `dnext_h`, without the derivative of tanh. It has to start from "
            "`da = dnext_h * (1 - next_h**2)`, as the other gradients do.",
            dWh=lambda q: q.prev_h.T @ q.dnext_h),
    Mistake("dWh-from-next_h",
            "`dWh` is made of `next_h`. `Wh` multiplied the previous hidden state, so its gradient "
            "is made of `prev_h.T` and `da`. (Is `prev_h` in the cache, in its place?)",
            dWh=lambda q: q.next_h.T @ q.da),
    # db
    Mistake("db-without-slope",
            "`db` is the sum of `dnext_h`, without the derivative of tanh. It is the sum of "
            "`da = dnext_h * (1 - next_h**2)`.",
            db=lambda q: q.dnext_h.sum(axis=0)),
    Mistake("db-slope-only",
            "`db` is the sum of the derivative of tanh, without `dnext_h`.",
            db=lambda q: q.slope.sum(axis=0)),
]

RNN_STEP_BACKWARD = BackwardExercise(
    "rnn_step_backward",
    notebook=NOTEBOOK,
    forward=RNN_STEP_FORWARD,
    needs=["x", "prev_h", "Wx", "Wh"],
    equations=StepBackward,
    reference=layers.rnn_step_backward,
    advice=PRODUCTS_BACKWARD,
    mistakes=STEP_BACKWARD_MISTAKES,
    cases=layer_cases(layers.rnn_step_forward, layers.rnn_step_backward),
)


# ---- A sequence, forward ------------------------------------------------------------------------


class Forward(sequences.SequenceForward):
    def step(q, t):
        return layers.rnn_step_forward(q.x_at(t), q.prev_h(t), q.Wx, q.Wh, q.b)


def step_arguments(q, t):
    return {"x": q.x_at(t), "prev_h": q.prev_h(t), "Wx": q.Wx, "Wh": q.Wh, "b": q.b}


FORWARD_MISTAKES = sequences.FORWARD_MISTAKES + sequences.in_each_step(
    STEP_FORWARD_MISTAKES, StepForward, step_arguments, ["next_h", "cache"], replaces="step",
    calls="rnn_step_forward", without=["prev_h-ignored", "integer-state"])

RNN_FORWARD = Exercise(
    "rnn_forward",
    notebook=NOTEBOOK,
    keeps={"x[:, t]": "x_at", "prev_h": "prev_h", "next_h": "next_h"},
    equations=Forward,
    reference=layers.rnn_forward,
    advice=PRODUCTS_FORWARD,
    helpers=[RNN_STEP_FORWARD],
    most_pairs=2000,
    mistakes=FORWARD_MISTAKES,
    cases=layer_cases(layers.rnn_forward),
)


# ---- A sequence, backward -----------------------------------------------------------------------


class Backward(Forward, sequences.SequenceBackward):
    PLACES = sequences.SequenceBackward.PLACES

    def back(q, t):
        return layers.rnn_step_backward(q.dnext_h(t), q.cache(t))

    def truncated(q, t):  # dprev_h of step t, from the loss at step t alone
        return layers.rnn_step_backward(q.dh[:, t], q.cache(t))[1]


def backward_arguments(q, t):
    return {**step_arguments(q, t), "dnext_h": q.dnext_h(t)}


STEP_GRADIENTS = ["dx", "dprev_h", "dWx", "dWh", "db"]

BACKWARD_MISTAKES = sequences.BACKWARD_MISTAKES + sequences.in_each_step(
    STEP_BACKWARD_MISTAKES, StepBackward, backward_arguments, STEP_GRADIENTS, replaces="back",
    calls="rnn_step_backward",
    without=["slope-halved", "all-averaged", "dWx-averaged", "dWh-averaged", "db-averaged"])

RNN_BACKWARD = BackwardExercise(
    "rnn_backward",
    notebook=NOTEBOOK,
    forward=RNN_FORWARD,
    equations=Backward,
    reference=layers.rnn_backward,
    advice=CACHES + PRODUCTS_BACKWARD,
    helpers=[RNN_STEP_BACKWARD],
    most_pairs=600,
    mistakes=BACKWARD_MISTAKES,
    cases=layer_cases(layers.rnn_forward, layers.rnn_backward),
)

EXERCISES = [RNN_STEP_FORWARD, RNN_STEP_BACKWARD, RNN_FORWARD, RNN_BACKWARD]
