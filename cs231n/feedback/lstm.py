"""The exercises `lstm_step_forward`, `lstm_step_backward`, `lstm_forward` and `lstm_backward`."""

import numpy as np

from cs231n.feedback.cases import layer_cases
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers

NOTEBOOK = "LSTM_Captioning"
WEIGHTS = {"Wx": "D 4H", "Wh": "H 4H", "b": "4H"}
GRADIENTS = {"dWx": "D 4H", "dWh": "H 4H", "db": "4H"}
sigmoid = layers.sigmoid


# ---- One time step, forward ---------------------------------------------------------------------


class StepForward(Equations):
    def a(q):  # (N, 4H)
        return q.x @ q.Wx + q.prev_h @ q.Wh + q.b

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


STEP_FORWARD_MISTAKES = []

STEP_SHAPES = {"x": "N D", "prev_h": "N H", "prev_c": "N H", **WEIGHTS}

LSTM_STEP_FORWARD = Exercise(
    "lstm_step_forward",
    notebook=NOTEBOOK,
    shapes={**STEP_SHAPES, "next_h": "N H", "next_c": "N H"},
    arguments=["x", "prev_h", "prev_c", "Wx", "Wh", "b"],
    outputs=["next_h", "next_c"],
    cache=True,
    equations=StepForward,
    reference=layers.lstm_step_forward,
    mistakes=STEP_FORWARD_MISTAKES,
    cases=layer_cases(STEP_SHAPES),
)


# ---- One time step, backward --------------------------------------------------------------------


class StepBackward(StepForward):
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


STEP_BACKWARD_MISTAKES = []

LSTM_STEP_BACKWARD = BackwardExercise(
    "lstm_step_backward",
    notebook=NOTEBOOK,
    forward=LSTM_STEP_FORWARD,
    gradients=["dnext_h", "dnext_c"],
    shapes={"dnext_h": "N H", "dnext_c": "N H", "dx": "N D", "dprev_h": "N H", "dprev_c": "N H",
            **GRADIENTS},
    outputs=["dx", "dprev_h", "dprev_c", "dWx", "dWh", "db"],
    equations=StepBackward,
    reference=layers.lstm_step_backward,
    mistakes=STEP_BACKWARD_MISTAKES,
    cases=layer_cases({**STEP_SHAPES, "dnext_h": "N H", "dnext_c": "N H"}),
)


# ---- A sequence, forward ------------------------------------------------------------------------


class Forward(Equations):
    def T(q):
        return q.x.shape[1]

    def c0(q):
        return np.zeros_like(q.h0)

    def x_at(q, t):
        return q.x[:, t]

    def prev_h(q, t):
        return q.next_h(t - 1) if t > 0 else q.h0

    def prev_c(q, t):
        return q.next_c(t - 1) if t > 0 else q.c0

    def step(q, t):
        return layers.lstm_step_forward(q.x_at(t), q.prev_h(t), q.prev_c(t), q.Wx, q.Wh, q.b)

    def next_h(q, t):
        return q.step(t)[0]

    def next_c(q, t):
        return q.step(t)[1]

    def h(q):
        return np.stack([q.next_h(t) for t in range(q.T)], axis=1)


FORWARD_MISTAKES = []

LSTM_FORWARD = Exercise(
    "lstm_forward",
    notebook=NOTEBOOK,
    shapes={"x": "N T D", "h0": "N H", **WEIGHTS, "h": "N T H"},
    arguments=["x", "h0", "Wx", "Wh", "b"],
    outputs=["h"],
    cache=True,
    equations=Forward,
    reference=layers.lstm_forward,
    mistakes=FORWARD_MISTAKES,
    cases=layer_cases({"x": "N T D", "h0": "N H", **WEIGHTS}),
)


# ---- A sequence, backward -----------------------------------------------------------------------


class Backward(Forward):
    def steps(q):  # the time steps that are visited
        return range(q.T - 1, -1, -1)

    def cache(q, t):
        return q.step(t)[2]

    def h_from_next(q, t):  # what reaches the hidden state after step t through step t + 1
        return q.dprev_h(t + 1) if t + 1 < q.T else np.zeros_like(q.h0)

    def c_from_next(q, t):  # the same for the cell state
        return q.dprev_c(t + 1) if t + 1 < q.T else np.zeros_like(q.h0)

    def dnext_h(q, t):
        return q.dh[:, t] + q.h_from_next(t)

    def dnext_c(q, t):
        return q.c_from_next(t)

    def back(q, t):
        return layers.lstm_step_backward(q.dnext_h(t), q.dnext_c(t), q.cache(t))

    def dprev_h(q, t):
        return q.back(t)[1]

    def dprev_c(q, t):
        return q.back(t)[2]

    def dx(q):
        return np.stack([q.back(t)[0] if t in q.steps else np.zeros_like(q.x[:, t])
                         for t in range(q.T)], axis=1)

    def dh0(q):
        return q.dprev_h(min(q.steps))

    def dWx(q):
        return sum(q.back(t)[3] for t in q.steps)

    def dWh(q):
        return sum(q.back(t)[4] for t in q.steps)

    def db(q):
        return sum(q.back(t)[5] for t in q.steps)


BACKWARD_MISTAKES = []

LSTM_BACKWARD = BackwardExercise(
    "lstm_backward",
    notebook=NOTEBOOK,
    forward=LSTM_FORWARD,
    gradients=["dh"],
    shapes={"dh": "N T H", "dx": "N T D", "dh0": "N H", **GRADIENTS},
    outputs=["dx", "dh0", "dWx", "dWh", "db"],
    equations=Backward,
    reference=layers.lstm_backward,
    mistakes=BACKWARD_MISTAKES,
    cases=layer_cases({"x": "N T D", "h0": "N H", **WEIGHTS, "dh": "N T H"}),
)

EXERCISES = [LSTM_STEP_FORWARD, LSTM_STEP_BACKWARD, LSTM_FORWARD, LSTM_BACKWARD]
