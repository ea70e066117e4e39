"""The exercises `first_state`, `next_scores` and `cell`."""

import numpy as np

from cs231n.feedback.cases import LARGE, SQUARE, Case
from cs231n.feedback.compare import same, snapshot
from cs231n.feedback.exercises import lstm, vanilla_rnn
from cs231n.feedback.guard import call
from cs231n.feedback.inspection import calls, innermost
from cs231n.feedback.methods import (
    ORDINARY,
    BothCells,
    MethodExercise,
    cast,
    draw_params,
    vocabulary,
)
from cs231n.feedback.outcomes import Nothing, Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers
from cs231n.feedback.report import Report
from cs231n.feedback.wording import number_of_values

STATE_NAMES = ["h", "c"]


def state_names(prefix, cell_type):
    """The names of a state's arrays in a report: `["h0"]` or `["h0", "c0"]`."""
    return [name + prefix for name in STATE_NAMES[: 1 if cell_type == "rnn" else 2]]


def unpack_state(state, names):
    """A state as arrays by name. It is a list (or tuple) with one array or two."""
    if state is None:
        raise Nothing
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
        given = {"features": scale * rng.randn(N, D), "word": rng.randint(2, V, size=N),
                 "state": states, "word_to_idx": vocabulary(V),
                 "sequence": rng.randn(N, 3, sizes["W"]), "dh": rng.randn(N, 3, H),
                 **draw_params(rng, cell_type, sizes)}
        return Case(label, cast(given, dtype), sizes, dtype)

    def cases():
        return [
            draw("", 1),
            draw("one example only (N = 1)", 2, {"N": 1}),
            draw(SQUARE, 3, {"N": 5, "D": 5, "W": 5, "H": 5, "V": 5}),
            draw(LARGE, 4, scale=300.0),
            draw("float32 arguments", 5, dtype=np.float32),
        ]

    return cases


# ---- first_state --------------------------------------------------------------------------------


class FirstState(Equations):
    PLACES = {"h0": "how `h0` comes from the features", "c0": "the first cell state"}

    def h0(q):
        return q.features @ q.W_proj + q.b_proj

    def c0(q):
        return np.zeros_like(q.h0)


H0_MISTAKES = [
    Mistake("b_proj-missing",
            "`b_proj` is missing: `h0` is `features @ W_proj + b_proj`.",
            h0=lambda q: q.features @ q.W_proj),
    Mistake("b_proj-subtracted",
            "`b_proj` is subtracted: `h0` is `features @ W_proj + b_proj`.",
            h0=lambda q: q.features @ q.W_proj - q.b_proj),
    Mistake("h0-bias-only",
            "`h0` is the bias alone, so every picture has the same first state: it is "
            "`features @ W_proj + b_proj`.",
            h0=lambda q: np.tile(q.b_proj, (len(q.features), 1))),
    Mistake("h0-zero",
            "`h0` is all zeros, so the picture is ignored: it is `features @ W_proj + b_proj`.",
            h0=lambda q: np.zeros((len(q.features), len(q.b_proj)))),
    Mistake("h0-ones",
            "`h0` is all ones, so the picture is ignored: it is `features @ W_proj + b_proj`.",
            h0=lambda q: np.ones((len(q.features), len(q.b_proj)))),
    Mistake("h0-tanh",
            "`h0` goes through a tanh. It is `features @ W_proj + b_proj` as it is.",
            h0=lambda q: np.tanh(q.usual.h0)),
    Mistake("h0-relu",
            "`h0` goes through a ReLU. It is `features @ W_proj + b_proj` as it is.",
            h0=lambda q: np.maximum(0, q.usual.h0)),
    Mistake("h0-sigmoid",
            "`h0` goes through a sigmoid. It is `features @ W_proj + b_proj` as it is.",
            h0=lambda q: layers.sigmoid(q.usual.h0)),
    Mistake("h0-is-features",
            "`h0` holds the features as they are. They have to be projected to H numbers: "
            "`features @ W_proj + b_proj`.",
            h0=lambda q: q.features),
    Mistake("W_proj-transposed",
            "The features are multiplied by `W_proj.T`: `h0` is `features @ W_proj + b_proj`.",
            h0=lambda q: q.features @ q.W_proj.T + q.b_proj),
    Mistake("factors-swapped",
            "The factors are swapped: `W_proj @ features`. The pictures are the rows of "
            "`features`, so it comes first: `features @ W_proj + b_proj`.",
            h0=lambda q: q.W_proj @ q.features + q.b_proj),
    Mistake("h0-with-recurrent-weights",
            "`h0` goes through the recurrent weights of the RNN too. It is "
            "`features @ W_proj + b_proj`, before any time step.",
            h0=lambda q: np.tanh(q.usual.h0 @ q.Wh[:, : len(q.b_proj)] + q.b[: len(q.b_proj)])),
    Mistake("h0-of-first-picture",
            "Every row of `h0` is that of the first picture. Each picture has its own.",
            h0=lambda q: np.repeat(q.usual.h0[:1], len(q.features), axis=0)),
    Mistake("h0-transposed",
            "`h0` is transposed, shape (H, N). Expected is (N, H): one row for each picture.",
            h0=lambda q: q.usual.h0.T),
    Mistake("h0-negative", "`h0` has the wrong sign: it is `features @ W_proj + b_proj`.",
            h0=lambda q: -q.usual.h0),
    Mistake("h0-scaled",
            "`h0` is divided by N. Nothing is averaged here: `h0` is `features @ W_proj + b_proj`.",
            h0=lambda q: q.usual.h0 / len(q.features)),
]

C0_MISTAKES = [
    Mistake("c0-is-h0",
            "The first cell state `c0` is `h0`. It is zero: nothing is remembered yet.",
            c0=lambda q: q.h0),
    Mistake("c0-ones",
            "The first cell state `c0` is one. It is zero: nothing is remembered yet.",
            c0=lambda q: np.ones_like(q.h0)),
    Mistake("c0-tanh-of-h0",
            "The first cell state `c0` is the tanh of `h0`. It is zero: nothing is remembered yet.",
            c0=lambda q: np.tanh(q.h0)),
    Mistake("c0-without-bias",
            "The first cell state `c0` is projected from the features. It is zero: nothing is "
            "remembered yet.",
            c0=lambda q: q.features @ q.W_proj),
    Mistake("c0-one-row",
            "`c0` has shape (H,). Every picture has a cell state of its own: (N, H), all zeros.",
            c0=lambda q: np.zeros(len(q.b_proj))),
    Mistake("c0-single-row",
            "`c0` has shape (1, H). Every picture has a cell state of its own: (N, H), all zeros.",
            c0=lambda q: np.zeros((1, len(q.b_proj)))),
    Mistake("c0-a-number",
            "`c0` is one number. It is an array of zeros, (N, H).",
            c0=lambda q: 0.0),
    Mistake("c0-of-features",
            "`c0` has the shape of the features, (N, D). It has that of `h0`: (N, H).",
            c0=lambda q: np.zeros_like(q.features)),
]


class FirstStateExercise(MethodExercise):
    """`first_state(features)` for one cell type.

    Args: as for `MethodExercise`, or left out for the captioner with one vector a picture; and
        states: the names of the arrays in a state.
    """

    def __init__(self, name, cell_type, states=None, **rest):
        self.states = states or state_names("0", cell_type)
        usual = {"equations": FirstState, "cases": step_cases(cell_type),
                 "shapes": {"features": "N D", "h0": "N H", "c0": "N H"}}
        super().__init__(name, method="first_state", cell_type=cell_type, arguments=["features"],
                         outputs=self.states, **{**usual, **rest})

    def unpack(self, result, case):
        return unpack_state(result, self.states)


# ---- next_scores --------------------------------------------------------------------------------


class NextScores(Equations):
    PLACES = {"x": "the vector of the word", "h": "the hidden state that goes into the step",
              "c": "the cell state that goes into the step", "step": "the step",
              "next_h": "the step", "scored": "what the scores are computed from",
              "scores": "the scores", "h_out": "the state that is returned",
              "c_out": "the state that is returned"}

    def x(q):
        return q.W_embed[q.word]

    def h(q):
        return q.state[0]

    def step(q):
        return layers.rnn_step_forward(q.x, q.h, q.Wx, q.Wh, q.b)

    def next_h(q):
        return q.step[0]

    def scored(q):  # the hidden state that the scores are computed from
        return q.next_h

    def scores(q):
        return q.scored @ q.W_vocab + q.b_vocab

    def h_out(q):
        return q.next_h

    def c_out(q):
        return q.next_c


class LstmNextScores(NextScores):
    def c(q):
        return q.state[1]

    def step(q):
        return layers.lstm_step_forward(q.x, q.h, q.c, q.Wx, q.Wh, q.b)

    def next_c(q):
        return q.step[1]


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


NEXT_SCORES_MISTAKES = [
    Mistake("old-state-scored",
            "The scores are computed from the state before the step. First take the step, then "
            "score the new hidden state.",
            scored=lambda q: q.h),
    Mistake("state-not-updated",
            "The old state is returned. The caller goes on from what is returned, so it has to be "
            "the state after the step.",
            h_out=lambda q: q.state[0], c_out=lambda q: q.state[1]),
    Mistake("b_vocab-missing",
            "`b_vocab` is missing in the scores: they are `next_h @ W_vocab + b_vocab`.",
            scores=lambda q: q.scored @ q.W_vocab),
    Mistake("b_vocab-subtracted",
            "`b_vocab` is subtracted: the scores are `next_h @ W_vocab + b_vocab`.",
            scores=lambda q: q.scored @ q.W_vocab - q.b_vocab),
    Mistake("W_vocab-transposed",
            "The hidden state is multiplied by `W_vocab.T`: the scores are "
            "`next_h @ W_vocab + b_vocab`.",
            scores=lambda q: q.scored @ q.W_vocab.T + q.b_vocab),
    Mistake("probabilities",
            "Probabilities are returned: the scores went through a softmax. The best word is the "
            "same, but what is asked for are the scores (logits).",
            scores=lambda q: softmax(q.usual.scores)),
    Mistake("log-probabilities",
            "Logarithms of probabilities are returned. What is asked for are the scores (logits), "
            "`next_h @ W_vocab + b_vocab`.",
            scores=lambda q: np.log(softmax(q.usual.scores))),
    Mistake("scores-tanh",
            "The scores go through a tanh. They are `next_h @ W_vocab + b_vocab` as they are.",
            scores=lambda q: np.tanh(q.usual.scores)),
    Mistake("scores-sigmoid",
            "The scores go through a sigmoid. They are `next_h @ W_vocab + b_vocab` as they are.",
            scores=lambda q: layers.sigmoid(q.usual.scores)),
    Mistake("scores-negative",
            "The scores have the wrong sign: they are `next_h @ W_vocab + b_vocab`.",
            scores=lambda q: -q.usual.scores),
    Mistake("scores-shifted",
            "The largest score is subtracted from the scores. It changes no probability, but what "
            "is asked for are the scores as they are.",
            scores=lambda q: q.usual.scores - q.usual.scores.max(axis=1, keepdims=True)),
    Mistake("best-word",
            "The best word of each row is returned in place of the scores of all words (N, V).",
            scores=lambda q: q.usual.scores.argmax(axis=1)),
    Mistake("best-score",
            "Only the best score of each row is returned. Expected are the scores of all words, "
            "(N, V).",
            scores=lambda q: q.usual.scores.max(axis=1)),
    Mistake("first-caption-only",
            "All rows have the scores of the first caption. Each caption has its own word and "
            "state.",
            scores=lambda q: np.repeat(q.usual.scores[:1], len(q.word), axis=0)),
    Mistake("hidden-state-as-scores",
            "The hidden state is returned as the scores: the layer that turns H numbers into one "
            "score for each word, `W_vocab` and `b_vocab`, is missing.",
            scores=lambda q: q.next_h),
    Mistake("vectors-scored",
            "The scores are computed from the word vectors. They are computed from the new hidden "
            "state: `next_h @ W_vocab + b_vocab`.",
            scored=lambda q: q.x),
    Mistake("scored-twice-stepped",
            "Two steps are taken for one word.",
            step=lambda q: _second_step(q)),
    Mistake("word-minus-one",
            "The vector of word - 1 is looked up: an index is off by one.",
            x=lambda q: q.W_embed[q.word - 1]),
    Mistake("word-plus-one",
            "The vector of word + 1 is looked up: an index is off by one.",
            x=lambda q: q.W_embed[(q.word + 1) % len(q.W_embed)]),
    Mistake("first-word-for-all",
            "The word of the first caption is read for all captions. Each row has its own word.",
            x=lambda q: np.repeat(q.W_embed[q.word[:1]], len(q.word), axis=0)),
    Mistake("start-word",
            "`<START>` is read at every step, whatever `word` says.",
            x=lambda q: np.repeat(q.W_embed[1:2], len(q.word), axis=0)),
    Mistake("null-word",
            "`<NULL>` is read at every step, whatever `word` says.",
            x=lambda q: np.repeat(q.W_embed[:1], len(q.word), axis=0)),
    Mistake("word-ignored",
            "The word is ignored: its vector is zero.",
            x=lambda q: np.zeros((len(q.word), q.W_embed.shape[1]))),
    Mistake("vector-averaged",
            "The mean of the words' vectors is read by all captions. Each row has its own word.",
            x=lambda q: np.repeat(q.W_embed[q.word].mean(axis=0)[None], len(q.word), axis=0)),
    Mistake("vocab-vectors",
            "The word's vector is taken from `W_vocab`. It is a row of `W_embed`.",
            x=lambda q: q.W_vocab.T[q.word]),
    Mistake("state-as-list",
            "The step is given the state as it is, a list, so that its one array gets an axis in "
            "front. The step takes the arrays in it: `state[0]`, or `*state` for any cell type.",
            h=lambda q: np.array(q.state[:1])),
    Mistake("state-ignored",
            "The hidden state is ignored: the step starts from zeros.",
            h=lambda q: np.zeros_like(q.state[0])),
    Mistake("state-projected",
            "The hidden state is projected with `W_proj` at every step. That is for the features, "
            "once, in `first_state`.",
            h=lambda q: q.state[0] @ q.W_proj + q.b_proj),
    Mistake("state-added",
            "The old hidden state is added to the new one.",
            next_h=lambda q: q.step[0] + q.h),
    Mistake("state-tanh-again",
            "The new hidden state goes through a tanh once more.",
            next_h=lambda q: np.tanh(q.step[0])),
    Mistake("state-of-first-caption",
            "All captions get the state of the first one.",
            h_out=lambda q: np.repeat(q.next_h[:1], len(q.word), axis=0)),
    Mistake("scores-as-state",
            "The scores are returned as the new state. It is the hidden state after the step.",
            h_out=lambda q: q.scores),
    Mistake("vectors-as-state",
            "The word vectors are returned as the new state. It is the hidden state after the "
            "step.",
            h_out=lambda q: q.x),
    Mistake("state-zero",
            "The returned state is all zeros. It is the hidden state after the step.",
            h_out=lambda q: np.zeros_like(q.next_h)),
]

LSTM_NEXT_SCORES_MISTAKES = NEXT_SCORES_MISTAKES + [
    Mistake("c-scored",
            "The scores are computed from the cell state, the last entry of the state "
            "(`state[-1]`). They come from the hidden state, the first entry for every cell type.",
            scored=lambda q: q.next_c),
    Mistake("c-not-updated",
            "The old cell state is returned. It has to be the one after the step.",
            c_out=lambda q: q.state[1]),
    Mistake("h-not-updated",
            "The old hidden state is returned. It has to be the one after the step.",
            h_out=lambda q: q.state[0]),
    Mistake("c-ignored",
            "The cell state is ignored: the step starts from a cell state of zeros.",
            c=lambda q: np.zeros_like(q.state[1])),
    Mistake("h-for-c",
            "The hidden state is handed to the step as the cell state too.",
            c=lambda q: q.state[0]),
    Mistake("c-for-h",
            "The cell state is handed to the step as the hidden state too.",
            h=lambda q: q.state[1]),
    Mistake("arguments-exchanged",
            "Hidden state and cell state are exchanged in the call of the step: its arguments are "
            "`x, prev_h, prev_c`.",
            h=lambda q: q.state[1], c=lambda q: q.state[0]),
    Mistake("c-is-h",
            "The hidden state is returned as the cell state too.",
            c_out=lambda q: q.next_h),
    Mistake("h-is-c",
            "The cell state is returned as the hidden state too.",
            h_out=lambda q: q.next_c),
    Mistake("c-zero",
            "The returned cell state is all zeros. It is the one after the step.",
            c_out=lambda q: np.zeros_like(q.next_c)),
]


NEXT_SCORES_ADVICE = [
    ("matmul|not aligned|mismatch|broadcast|shape|index",
     "Follow the shapes: the word numbers (N,) become vectors (N, W), rows of `W_embed`; the step "
     "turns them and the old state into a new hidden state (N, H); with `W_vocab` and `b_vocab` "
     "that gives scores (N, V).")]


def _second_step(q):
    first = q.usual.step
    if len(q.state) == 1:
        return layers.rnn_step_forward(q.x, first[0], q.Wx, q.Wh, q.b)
    return layers.lstm_step_forward(q.x, first[0], first[1], q.Wx, q.Wh, q.b)


class NextScoresExercise(MethodExercise):
    """`next_scores(word, state)` -> `scores, state`."""

    def __init__(self, name, cell_type, **rest):
        self.states = [f"next_{s}" for s in state_names("", cell_type)]
        super().__init__(name, method="next_scores", cell_type=cell_type,
                         arguments=["word", "state"], outputs=["scores", *self.states],
                         computed_as={"next_h": "h_out", "next_c": "c_out"},
                         shapes={"word": "N", "scores": "N V", "next_h": "N H", "next_c": "N H"},
                         cases=step_cases(cell_type), **rest)

    def unpack(self, result, case):
        if result is None:
            raise Nothing
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            count = len(result) if isinstance(result, (tuple, list)) else 1
            raise Wrong(number_of_values(count, ["scores", "state"]))
        if all(value is None for value in result):
            raise Nothing
        if isinstance(result[0], (list, tuple)) and isinstance(result[1], np.ndarray):
            raise Wrong("The values are returned in another order: expected are first `scores`, "
                        "then the new state.")
        return {"scores": result[0], **unpack_state(result[1], self.states)}


RNN_NEXT_SCORES = NextScoresExercise("next_scores", "rnn", equations=NextScores,
                                     helpers=[vanilla_rnn.RNN_STEP_FORWARD],
                                     advice=NEXT_SCORES_ADVICE, mistakes=NEXT_SCORES_MISTAKES)
LSTM_NEXT_SCORES = NextScoresExercise("lstm_next_scores", "lstm", equations=LstmNextScores,
                                      helpers=[lstm.LSTM_STEP_FORWARD], advice=NEXT_SCORES_ADVICE,
                                      mistakes=LSTM_NEXT_SCORES_MISTAKES)


class NextScoresForBoth(BothCells):
    """Code that calls the vanilla step itself can only be right for a vanilla RNN."""

    def merge(self, function, reports):
        used = calls(self.exercises[0].body(function))
        if reports[0].passed and not reports[1].passed and "rnn_step_forward" in used \
                and "cell" not in used:
            return Report(self.name, reports[0].state, [*reports[0].hints, VANILLA_ONLY])
        return super().merge(function, reports)


VANILLA_ONLY = ("Right for a vanilla RNN. One remark: it calls `rnn_step_forward` itself, so it "
                "cannot serve an LSTM. `self.cell()` returns the step of the model's own cell "
                "type.")
NEXT_SCORES = NextScoresForBoth("next_scores", [RNN_NEXT_SCORES, LSTM_NEXT_SCORES],
                                notebook="RNN_Captioning")


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
            raise Nothing
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            count = len(result) if isinstance(result, (tuple, list)) else 1
            raise Wrong(number_of_values(count, ROLES))
        return dict(zip(ROLES, result))

    def check_structure(self, function, case, attempt):
        functions = attempt.outputs
        for role, given in functions.items():
            if not callable(given):
                raise Wrong(f"`{role}` is of type {type(given).__name__}, not a function. Return "
                            "the functions themselves, without calling them: no parentheses.")
        self._check_names(functions)
        self._check_values(functions, case)

    def right(self, attempt, case):
        return dict.fromkeys(ROLES, True)  # or `check_structure` would have objected

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
            name = getattr(given, "__name__", "without a name")
            raise Wrong(f"The function returned as `{role}`, `{name}`, gives wrong results for a "
                        f"model with `cell_type` \"{self.cell_type}\". Check that function.")


CELL = BothCells("cell", [CellExercise("cell", kind) for kind in ("lstm", "rnn")],
                 notebook="LSTM_Captioning")
FIRST_STATE = BothCells("first_state", [
    FirstStateExercise("first_state", "lstm", mistakes=H0_MISTAKES + C0_MISTAKES),
    FirstStateExercise("first_state", "rnn", mistakes=H0_MISTAKES)], notebook="LSTM_Captioning")

EXERCISES = [CELL, FIRST_STATE, NEXT_SCORES, LSTM_NEXT_SCORES]
