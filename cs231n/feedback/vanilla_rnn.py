"""The exercises `rnn_step_forward`, `rnn_step_backward`, `rnn_forward` and `rnn_backward`."""

import numpy as np

from cs231n.feedback.cases import layer_cases
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers

NOTEBOOK = "RNN_Captioning"
WEIGHTS = {"Wx": "D H", "Wh": "H H", "b": "H"}
GRADIENTS = {"dWx": "D H", "dWh": "H H", "db": "H"}


# ---- One time step, forward ---------------------------------------------------------------------


class StepForward(Equations):
    def a(q):  # what goes into tanh
        return q.x @ q.Wx + q.prev_h @ q.Wh + q.b

    def next_h(q):
        return np.tanh(q.a)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


STEP_FORWARD_MISTAKES = [
    Mistake("bias-missing",
            "The bias is missing: add `b` to `x @ Wx + prev_h @ Wh` before the tanh.",
            a=lambda q: q.x @ q.Wx + q.prev_h @ q.Wh),
    Mistake("tanh-missing",
            "The `tanh` is missing: the sum `x @ Wx + prev_h @ Wh + b` is returned as it is. "
            "`next_h` is its tanh.",
            next_h=lambda q: q.a),
]

RNN_STEP_FORWARD = Exercise(
    "rnn_step_forward",
    notebook=NOTEBOOK,
    shapes={"x": "N D", "prev_h": "N H", **WEIGHTS, "next_h": "N H"},
    arguments=["x", "prev_h", "Wx", "Wh", "b"],
    outputs=["next_h"],
    cache=True,
    equations=StepForward,
    reference=layers.rnn_step_forward,
    mistakes=STEP_FORWARD_MISTAKES,
    cases=layer_cases({"x": "N D", "prev_h": "N H", **WEIGHTS}),
)


# ---- One time step, backward --------------------------------------------------------------------


class StepBackward(StepForward):
    def da(q):
        return q.dnext_h * (1 - q.next_h**2)

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
    Mistake("transposed-Wh",
            "`dprev_h` looks like `da @ Wh`. The forward pass multiplied by `Wh`, so the gradient "
            "travels back through its transpose, `Wh.T`.",
            dprev_h=lambda q: q.da @ q.Wh),
]

RNN_STEP_BACKWARD = BackwardExercise(
    "rnn_step_backward",
    notebook=NOTEBOOK,
    forward=RNN_STEP_FORWARD,
    gradients=["dnext_h"],
    shapes={"dnext_h": "N H", "dx": "N D", "dprev_h": "N H", **GRADIENTS},
    outputs=["dx", "dprev_h", "dWx", "dWh", "db"],
    equations=StepBackward,
    reference=layers.rnn_step_backward,
    mistakes=STEP_BACKWARD_MISTAKES,
    cases=layer_cases({"x": "N D", "prev_h": "N H", **WEIGHTS, "dnext_h": "N H"}),
)


# ---- A sequence, forward ------------------------------------------------------------------------


class Forward(Equations):
    def T(q):
        return q.x.shape[1]

    def x_at(q, t):
        return q.x[:, t]

    def prev_h(q, t):
        return q.next_h(t - 1) if t > 0 else q.h0

    def step(q, t):
        return layers.rnn_step_forward(q.x_at(t), q.prev_h(t), q.Wx, q.Wh, q.b)

    def next_h(q, t):
        return q.step(t)[0]

    def h(q):
        return np.stack([q.next_h(t) for t in range(q.T)], axis=1)


FORWARD_MISTAKES = [
    Mistake("not-carried",
            "The hidden state is not carried from step to step: every time step starts from `h0`. "
            "Step t has to start from the hidden state that step t - 1 returned.",
            prev_h=lambda q, t: q.h0),
]

RNN_FORWARD = Exercise(
    "rnn_forward",
    notebook=NOTEBOOK,
    shapes={"x": "N T D", "h0": "N H", **WEIGHTS, "h": "N T H"},
    arguments=["x", "h0", "Wx", "Wh", "b"],
    outputs=["h"],
    cache=True,
    equations=Forward,
    reference=layers.rnn_forward,
    mistakes=FORWARD_MISTAKES,
    cases=layer_cases({"x": "N T D", "h0": "N H", **WEIGHTS}),
)


# ---- A sequence, backward -----------------------------------------------------------------------


class Backward(Forward):
    def steps(q):  # the time steps that are visited
        return range(q.T - 1, -1, -1)

    def cache(q, t):
        return q.step(t)[1]

    def from_next(q, t):  # what reaches the hidden state after step t through step t + 1
        return q.dprev_h(t + 1) if t + 1 < q.T else np.zeros_like(q.h0)

    def dnext_h(q, t):
        return q.dh[:, t] + q.from_next(t)

    def back(q, t):
        return layers.rnn_step_backward(q.dnext_h(t), q.cache(t))

    def dprev_h(q, t):
        return q.back(t)[1]

    def dx(q):
        return np.stack([q.back(t)[0] if t in q.steps else np.zeros_like(q.x[:, t])
                         for t in range(q.T)], axis=1)

    def dh0(q):
        return q.dprev_h(min(q.steps))

    def dWx(q):
        return sum(q.back(t)[2] for t in q.steps)

    def dWh(q):
        return sum(q.back(t)[3] for t in q.steps)

    def db(q):
        return sum(q.back(t)[4] for t in q.steps)


BACKWARD_MISTAKES = [
    Mistake("next-step-ignored",
            "The gradient from the next time step is not added. The hidden state after step t is "
            "used twice: by the loss (`dh[:, t]`) and by step t + 1 (its `dprev_h`); their "
            "gradients add up before the step goes backward.",
            from_next=lambda q, t: np.zeros_like(q.h0)),
]

RNN_BACKWARD = BackwardExercise(
    "rnn_backward",
    notebook=NOTEBOOK,
    forward=RNN_FORWARD,
    gradients=["dh"],
    shapes={"dh": "N T H", "dx": "N T D", "dh0": "N H", **GRADIENTS},
    outputs=["dx", "dh0", "dWx", "dWh", "db"],
    equations=Backward,
    reference=layers.rnn_backward,
    mistakes=BACKWARD_MISTAKES,
    cases=layer_cases({"x": "N T D", "h0": "N H", **WEIGHTS, "dh": "N T H"}),
)

EXERCISES = [RNN_STEP_FORWARD, RNN_STEP_BACKWARD, RNN_FORWARD, RNN_BACKWARD]
