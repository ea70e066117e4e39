"""The exercises `first_state`, `next_scores` and `cell`: what differs between cells, and one step."""

import numpy as np

from cs231n.feedback import diagnosis
from cs231n.feedback.compare import same, snapshot
from cs231n.feedback.diagnosis import SQUARE
from cs231n.feedback.exercise import Case, NotDone, Wrong
from cs231n.feedback.guard import call, innermost
from cs231n.feedback.methods import (
    ORDINARY, MethodExercise, cast, draw_params, vocabulary,
)
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers
from cs231n.feedback.report import Report

STATE_NAMES = ["h", "c"]


def state_names(prefix, cell_type):
    """The names of a state's arrays in a report: `["h0"]` or `["h0", "c0"]`."""
    return [name + prefix for name in STATE_NAMES[: 1 if cell_type == "rnn" else 2]]


def unpack_state(state, names):
    """A state as arrays by name. It is a list (or tuple) with one array or two."""
    if state is None:
        raise NotDone("it returns None")
    if not isinstance(state, (list, tuple)):
        raise Wrong(f"The state has to be a list, `[{', '.join(names)}]`; it is of type "
                    f"{type(state).__name__}. (A list, so that the same `sample` works for a "
                    "vanilla RNN and for an LSTM.)")
    if len(state) != len(names):
        raise Wrong(f"The state is a list of {len(state)}, expected {len(names)} array"
                    f"{'s' if len(names) > 1 else ''}: `[{', '.join(names)}]`.")
    return dict(zip(names, state))


def step_cases(cell_type):
    """Cases with features, words and states."""

    def draw(label, seed, sizes=None, dtype=np.float64, scale=1.0):
        sizes = {**ORDINARY, **(sizes or {})}
        N, D, H, V = (sizes[letter] for letter in "NDHV")
        rng = np.random.RandomState(seed)
        states = [scale * rng.randn(N, H) for _ in state_names("", cell_type)]
        given = {"features": scale * rng.randn(N, D), "word": rng.randint(1, V, size=N),
                 "state": states, "word_to_idx": vocabulary(V),
                 "sequence": rng.randn(N, 3, sizes["W"]), "dh": rng.randn(N, 3, H),
                 **draw_params(rng, cell_type, sizes)}
        return Case(label, cast(given, dtype), sizes, dtype)

    def cases():
        return [
            draw("", 1),
            draw("one example only (N = 1)", 2, {"N": 1}),
            draw(SQUARE, 3, {"N": 5, "D": 5, "W": 5, "H": 5, "V": 5}),
            draw("large numbers (up to about 1000)", 4, scale=300.0),
            draw("float32 arguments", 5, dtype=np.float32),
        ]

    return cases


# ---- first_state --------------------------------------------------------------------------------


class FirstState(Equations):
    def h0(q):
        return q.features @ q.W_proj + q.b_proj

    def c0(q):
        return np.zeros_like(q.h0)


FIRST_STATE_MISTAKES = []


class FirstStateExercise(MethodExercise):
    """`first_state(features)` for one cell type."""

    def __init__(self, name, cell_type, **rest):
        self.states = state_names("0", cell_type)
        super().__init__(name, method="first_state", cell_type=cell_type, arguments=["features"],
                         outputs=self.states, equations=FirstState,
                         shapes={"features": "N D", "h0": "N H", "c0": "N H"},
                         cases=step_cases(cell_type), **rest)

    def unpack(self, result, case):
        return unpack_state(result, self.states)


# ---- next_scores --------------------------------------------------------------------------------


class NextScores(Equations):
    def x(q):
        return q.W_embed[q.word]

    def h(q):
        return q.state[0]

    def scores(q):
        return q.next_h @ q.W_vocab + q.b_vocab


class RnnNextScores(NextScores):
    def next_h(q):
        return layers.rnn_step_forward(q.x, q.h, q.Wx, q.Wh, q.b)[0]


class LstmNextScores(NextScores):
    def c(q):
        return q.state[1]

    def step(q):
        return layers.lstm_step_forward(q.x, q.h, q.c, q.Wx, q.Wh, q.b)

    def next_h(q):
        return q.step[0]

    def next_c(q):
        return q.step[1]


NEXT_SCORES_MISTAKES = []


class NextScoresExercise(MethodExercise):
    """`next_scores(word, state)` -> `scores, state`."""

    def __init__(self, name, cell_type, **rest):
        self.states = [f"next_{s}" for s in state_names("", cell_type)]
        super().__init__(name, method="next_scores", cell_type=cell_type,
                         arguments=["word", "state"], outputs=["scores", *self.states],
                         shapes={"word": "N", "scores": "N V", "next_h": "N H", "next_c": "N H"},
                         cases=step_cases(cell_type), **rest)

    def unpack(self, result, case):
        if result is None:
            raise NotDone("it returns None")
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            count = len(result) if isinstance(result, (tuple, list)) else 1
            raise Wrong(diagnosis.number_of_values(count, ["scores", "state"]))
        if all(value is None for value in result):
            raise NotDone("it returns None")
        return {"scores": result[0], **unpack_state(result[1], self.states)}


NEXT_SCORES = NextScoresExercise("next_scores", "rnn", equations=RnnNextScores,
                                 mistakes=NEXT_SCORES_MISTAKES, notebook="RNN_Captioning")
LSTM_NEXT_SCORES = NextScoresExercise("lstm_next_scores", "lstm", equations=LstmNextScores,
                                      mistakes=NEXT_SCORES_MISTAKES)


# ---- cell ---------------------------------------------------------------------------------------


def functions_of(cell_type):
    """The package's `step_forward, forward, backward` of a cell type."""
    if cell_type == "rnn":
        return layers.rnn_step_forward, layers.rnn_forward, layers.rnn_backward
    return layers.lstm_step_forward, layers.lstm_forward, layers.lstm_backward


ROLES = ["step_forward", "forward", "backward"]


class CellExercise(MethodExercise):
    """`cell()` -> `step_forward, forward, backward`, judged by what the three give."""

    def __init__(self, name, cell_type, **rest):
        super().__init__(name, method="cell", cell_type=cell_type, arguments=[], outputs=ROLES,
                         shapes={}, cases=step_cases(cell_type), **rest)

    def unpack(self, result, case):
        if result is None:
            raise NotDone("it returns None")
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            count = len(result) if isinstance(result, (tuple, list)) else 1
            raise Wrong(diagnosis.number_of_values(count, ROLES))
        return dict(zip(ROLES, result))

    def compare(self, function, case, attempt, passed):
        functions = attempt.outputs
        for role, given in functions.items():
            if not callable(given):
                raise Wrong(f"`{role}` is of type {type(given).__name__}, not a function. Return "
                            "the functions themselves, without calling them: no parentheses.")
        self._check_names(functions)
        self._check_values(functions, case)
        if attempt.changed:
            raise Wrong(*(diagnosis.changed_argument(name) for name in attempt.changed))

    def dtype_hints(self, case, attempt):
        return []

    def check_repeated(self, function, case):
        pass  # functions have no values to compare; what they give is compared above

    def _check_names(self, functions):
        """Functions of the course's names tell by them what they are."""
        known = {f"{kind}_{role}" for kind in ("rnn", "lstm") for role in [*ROLES, "step_backward"]}
        wrong = []
        for role, given in functions.items():
            name = getattr(innermost(given), "__name__", "")
            if name in known and name != f"{self.cell_type}_{role}":
                wrong.append(f"as `{role}` it returns `{name}` instead of "
                             f"`{self.cell_type}_{role}`")
        if wrong:
            raise Wrong(f"For a model with `cell_type` \"{self.cell_type}\", {'; '.join(wrong)}. "
                        "Expected are, in this order, the functions of the model's own cell type "
                        "for one step forward, a sequence forward, and a sequence backward.")

    def _check_values(self, functions, case):
        step, forward, backward = functions_of(self.cell_type)
        x, dh = case.given["sequence"], case.given["dh"]
        state, weights = case.given["state"], [case.given[name] for name in ("Wx", "Wh", "b")]
        for role, right, arguments in (("step_forward", step, [x[:, 0], *state, *weights]),
                                       ("forward", forward, [x, state[0], *weights])):
            got = call(functions[role], *snapshot(arguments))
            self._hold(role, functions[role], got[:-1], right(*arguments)[:-1], case)
        expected = backward(dh, forward(x, state[0], *weights)[-1])
        cache = call(functions["forward"], *snapshot([x, state[0], *weights]))[-1]
        got = call(functions["backward"], dh.copy(), cache)
        self._hold("backward", functions["backward"], got, expected, case)

    def _hold(self, role, given, got, expected, case):
        if len(got) != len(expected) or not all(
                same(g, e, case.tolerance) for g, e in zip(got, expected)):
            raise Wrong(f"The function returned as `{role}`, "
                        f"`{getattr(given, '__name__', 'without a name')}`, gives wrong results for "
                        f"a model with `cell_type` \"{self.cell_type}\". Check that function.")


# ---- Exercises for both cell types --------------------------------------------------------------


class BothCells:
    """An exercise that has to be right for an LSTM and for a vanilla RNN.

    Args:
        name: the exercise.
        exercises: the same exercise for each cell type.
        notebook: as for `Exercise`.
    """

    def __init__(self, name, exercises, notebook=None):
        self.name, self.exercises, self.notebook = name, exercises, notebook

    def examine(self, function):
        """Check an implementation. Returns a `Report`."""
        reports = [exercise.examine(function) for exercise in self.exercises]
        for exercise, report in zip(self.exercises, reports):
            if not report.passed:
                others = [r for r in reports if r.passed and r is not report]
                hints = [f"This is for a model with `cell_type` \"{exercise.cell_type}\"; for the "
                         "other cell type it is right."] if others else []
                return Report(self.name, report.state, report.hints + hints)
        return Report(self.name, reports[0].state, reports[0].hints + reports[1].hints)


CELL = BothCells("cell", [CellExercise("cell", kind) for kind in ("lstm", "rnn")],
                 notebook="LSTM_Captioning")
FIRST_STATE = BothCells("first_state", [
    FirstStateExercise("first_state", kind, mistakes=FIRST_STATE_MISTAKES)
    for kind in ("lstm", "rnn")], notebook="LSTM_Captioning")

EXERCISES = [CELL, FIRST_STATE, NEXT_SCORES, LSTM_NEXT_SCORES]
