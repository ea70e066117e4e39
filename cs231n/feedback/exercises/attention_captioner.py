"""The captioner that looks: `first_state`, `next_scores_and_looks` and `loss`."""

import numpy as np

import cs231n.classifiers.attention
from cs231n.feedback.cases import LARGE, SQUARE, Case
from cs231n.feedback.exercises import captioner_loss, captioner_steps, lstm, vanilla_rnn
from cs231n.feedback.exercises.attention import BACKWARD, FORWARD, WEIGHTS
from cs231n.feedback.exercises.captioner_loss import LossExercise, gradient_name
from cs231n.feedback.exercises.captioner_steps import FirstStateExercise, unpack_state
from cs231n.feedback.inspection import calls
from cs231n.feedback.methods import (
    PARAM_SHAPES,
    BothCells,
    Captioner,
    MethodExercise,
    cast,
    draw_captions,
    draw_params,
    vocabulary,
)
from cs231n.feedback.outcomes import Nothing, Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import CaptioningAttention, attention, layers
from cs231n.feedback.report import Report
from cs231n.feedback.wording import number_of_values

NOTEBOOK = "Attention_Captioning"
ORDINARY = {"N": 5, "T": 8, "S": 3, "D": 7, "W": 4, "H": 6, "V": 11}
EQUAL = dict.fromkeys("NTSDWHV", 5)


def _sizes(params):
    (D, _), (S, H) = params["W_proj"].shape, params["places"].shape
    return {"input_dim": D, "num_regions": S, "wordvec_dim": params["W_embed"].shape[1],
            "hidden_dim": H}


ATTENTION = Captioner(
    prefix="attention_", course=cs231n.classifiers.attention.CaptioningAttention,
    reference=CaptioningAttention,
    methods=("first_state", "loss", "next_scores_and_looks", "next_scores"),
    shapes={**PARAM_SHAPES, "places": "S H", "W_mix": "2H H", "b_mix": "H"},
    features="N S D", sizes=_sizes)


class BothKinds(BothCells):
    """Code that calls the vanilla RNN's functions itself can only be right for a vanilla RNN."""

    def merge(self, function, reports):
        lstm_report, rnn_report = reports
        used = calls(self.exercises[0].body(function))
        named = sorted(used & {"rnn_step_forward", "rnn_forward", "rnn_backward"})
        if rnn_report.passed and not lstm_report.passed and named and "cell" not in used:
            return Report(self.name, rnn_report.state, [
                *rnn_report.hints, f"Right for a vanilla RNN. One remark: it calls `{named[0]}` "
                "itself, so it cannot serve an LSTM. `self.cell()` returns the functions of the "
                "model's own cell type."])
        return super().merge(function, reports)


def for_both(name, make):
    """An exercise of the captioner for either type of cell."""
    return BothKinds(name, [make(name, cell_type) for cell_type in ("lstm", "rnn")], NOTEBOOK)


def state_names(h, c, cell_type):
    """The names of a state's arrays: with a cell state for an LSTM only."""
    return [h, *([c] if cell_type == "lstm" else []), "looked_at"]


def step_cases(cell_type):
    """Cases with features, words and states."""

    def draw(label, seed, sizes=None, dtype=np.float64, scale=1.0):
        sizes = {**ORDINARY, **(sizes or {})}
        N, S, D, H, V = (sizes[letter] for letter in "NSDHV")
        rng = np.random.RandomState(seed)
        state = [scale * rng.randn(N, H) for _ in range(1 if cell_type == "rnn" else 2)]
        given = {"features": scale * rng.randn(N, S, D), "word": rng.randint(2, V, size=N),
                 "state": [*state, scale * rng.randn(N, S, H)], "word_to_idx": vocabulary(V),
                 **draw_params(rng, cell_type, sizes, captioner=ATTENTION)}
        return Case(label, cast(given, dtype), sizes, dtype)

    def cases():
        return [
            draw("", 1),
            draw("one example only (N = 1)", 2, {"N": 1}),
            draw("one region only (S = 1)", 3, {"S": 1}),
            draw(SQUARE, 4, EQUAL),
            draw(LARGE, 5, scale=300.0),
            draw("float32 arguments", 6, dtype=np.float32),
        ]

    return cases


# ---- first_state --------------------------------------------------------------------------------


class LookedAt(Equations):
    """What is looked at, and the state before the first word that is made of it."""

    PLACES = {"projected": "how the regions are projected", "A": "what is looked at",
              "h0": "how `h0` is made of what is looked at", "c0": "the first cell state",
              "looked_at": "what is looked at"}

    def projected(q):  # (N, S, H)
        return q.features @ q.W_proj + q.b_proj

    def A(q):
        return q.projected + q.places

    def h0(q):
        return q.A.mean(axis=1)

    def c0(q):
        return np.zeros_like(q.h0)

    def looked_at(q):
        return q.A


A_MISTAKES = [
    Mistake("places-missing",
            "`places` is missing in what is looked at. Without it nothing says where in the "
            "picture a region lies: it is added to the projected features.",
            A=lambda q: q.projected),
    Mistake("places-subtracted",
            "`places` is subtracted. It is added to the projected features.",
            A=lambda q: q.projected - q.places),
    Mistake("b_proj-missing",
            "`b_proj` is missing: the regions are projected by `features @ W_proj + b_proj`.",
            projected=lambda q: q.features @ q.W_proj),
    Mistake("looked-at-tanh",
            "What is looked at goes through a tanh. It is the projected features and the places, "
            "added, as they are.",
            A=lambda q: np.tanh(q.usual.A)),
    Mistake("h0-of-first-region",
            "`h0` is the first region alone. It is the mean of all that can be looked at.",
            h0=lambda q: q.A[:, 0]),
    Mistake("h0-of-last-region",
            "`h0` is the last region alone. It is the mean of all that can be looked at.",
            h0=lambda q: q.A[:, -1]),
    Mistake("h0-summed",
            "`h0` is the sum over the regions. It is their mean.",
            h0=lambda q: q.A.sum(axis=1)),
    Mistake("h0-is-the-largest",
            "`h0` holds the largest of each number over the regions. It is their mean.",
            h0=lambda q: q.A.max(axis=1)),
    Mistake("h0-without-places",
            "`h0` is the mean of the projected features, without the places. It is the mean of "
            "what is looked at, places included.",
            h0=lambda q: q.projected.mean(axis=1)),
    Mistake("h0-zero",
            "`h0` is all zeros, so the picture is ignored at the start. It is the mean of what can "
            "be looked at.",
            h0=lambda q: np.zeros_like(q.A[:, 0])),
    Mistake("h0-tanh",
            "`h0` goes through a tanh. It is the mean of what can be looked at, as it is.",
            h0=lambda q: np.tanh(q.usual.h0)),
]
FIRST_STATE_MISTAKES = [
    *A_MISTAKES,
    Mistake("h0-mean-over-pictures",
            "`h0` is the mean over the pictures (axis 0), (S, H). It is the mean over the regions "
            "of each picture (axis 1), (N, H).",
            h0=lambda q: q.A.mean(axis=0)),
    Mistake("h0-mean-over-numbers",
            "`h0` is the mean over the numbers of each region, (N, S). It is the mean over the "
            "regions (axis 1), (N, H).",
            h0=lambda q: q.A.mean(axis=2)),
    Mistake("h0-mean-of-everything",
            "`h0` is the mean over regions and numbers together, (N,). It is the mean over the "
            "regions alone (axis 1), (N, H).",
            h0=lambda q: q.A.mean(axis=(1, 2))),
    Mistake("h0-keepdims",
            "`h0` has kept the axis of the regions, (N, 1, H). A hidden state is (N, H).",
            h0=lambda q: q.A.mean(axis=1, keepdims=True)),
    Mistake("h0-of-first-picture",
            "Every row of `h0` is that of the first picture. Each picture has its own.",
            h0=lambda q: np.repeat(q.usual.h0[:1], len(q.features), axis=0)),
    Mistake("features-looked-at",
            "What is kept to be looked at are the features as they came. It is what "
            "`self.looked_at` makes of them: projected, places added.",
            looked_at=lambda q: q.features),
    Mistake("kept-without-places",
            "What is kept to be looked at are the projected features without the places.",
            looked_at=lambda q: q.projected),
    Mistake("kept-mean-for-all",
            "What is kept to be looked at is the mean of the regions, the same for each of them.",
            looked_at=lambda q: np.repeat(q.A.mean(axis=1, keepdims=True), q.A.shape[1], axis=1)),
    Mistake("state-in-another-order",
            "The state is in another order: what is looked at comes first. The hidden state is the "
            "first entry, what is looked at the last.",
            h0=lambda q: q.A, looked_at=lambda q: q.usual.h0),
]
C0_MISTAKES = [m for m in captioner_steps.C0_MISTAKES
               if m.name not in ("c0-without-bias", "c0-of-features")]
REGIONS = [("unpack|values",
            "`self.looked_at(features)` returns two values: what is looked at (N, S, H), and a "
            "cache, which is not needed here."),
           ("matmul|not aligned|mismatch|broadcast|shape",
            "Follow the shapes: `self.looked_at` turns the features (N, S, D) into what is looked "
            "at (N, S, H); its mean over the regions, axis 1, is (N, H).")]


def first_state(name, cell_type):
    return FirstStateExercise(
        name, cell_type, states=state_names("h0", "c0", cell_type), captioner=ATTENTION,
        equations=LookedAt, cases=step_cases(cell_type), advice=REGIONS,
        shapes={"features": "N S D", "h0": "N H", "c0": "N H", "looked_at": "N S H"},
        mistakes=FIRST_STATE_MISTAKES + (C0_MISTAKES if cell_type == "lstm" else []))


# ---- next_scores_and_looks ----------------------------------------------------------------------


class Looks(Equations):
    """One time step; `asking` is what asks the regions, `scored` what scores the words."""

    PLACES = {"x": "the vector of the word", "h": "the hidden state that goes into the step",
              "c": "the cell state that goes into the step", "step": "the step",
              "asking": "what asks the regions", "scores_of": "the scores of the regions",
              "weights": "how the weights are made", "heard": "what is taken from the regions",
              "both": "what is mixed", "mixed": "the mixing", "scored": "what is scored",
              "scores": "the scores of the words", "h_out": "the state that is returned",
              "c_out": "the state that is returned", "looked_at": "the state that is returned",
              "looks": "the weights that are returned"}

    def x(q):
        return q.W_embed[q.word]

    def h(q):
        return q.state[0]

    def step(q):
        return layers.rnn_step_forward(q.x, q.h, q.Wx, q.Wh, q.b)

    def next_h(q):
        return q.step[0]

    def A(q):
        return q.state[-1]

    def asking(q):
        return q.next_h

    def scores_of(q):  # (N, S)
        return np.einsum("nh,nsh->ns", q.asking, q.A) / np.sqrt(q.A.shape[-1])

    def weights(q):
        return attention.softmax(q.scores_of)

    def heard(q):
        return np.einsum("ns,nsh->nh", q.weights, q.A)

    def both(q):
        return np.concatenate([q.next_h, q.heard], axis=1)

    def mixed(q):
        return np.tanh(q.both @ q.W_mix + q.b_mix)

    def scored(q):
        return q.mixed

    def scores(q):
        return q.scored @ q.W_vocab + q.b_vocab

    def h_out(q):
        return q.next_h

    def c_out(q):
        return q.next_c

    def looked_at(q):
        return q.A

    def looks(q):
        return q.weights


class LstmLooks(Looks):
    def c(q):
        return q.state[1]

    def step(q):
        return layers.lstm_step_forward(q.x, q.h, q.c, q.Wx, q.Wh, q.b)

    def next_c(q):
        return q.step[1]


# Those of a captioner without attention that are the same here, word for word.
_SHARED = ["probabilities", "log-probabilities", "scores-negative", "best-word", "best-score",
           "word-minus-one", "word-plus-one", "first-word-for-all", "start-word", "null-word",
           "word-ignored", "vocab-vectors", "state-ignored", "state-of-first-caption",
           "scores-as-state", "vectors-as-state", "state-zero"]
_SHARED_LSTM = ["c-not-updated", "h-not-updated", "c-ignored", "h-for-c", "c-for-h",
                "arguments-exchanged", "c-is-h", "h-is-c", "c-zero"]


def _uniform(q):
    return np.full(q.scores_of.shape, 1 / q.scores_of.shape[1])


MIX_MISTAKES = [  # those that a whole sequence can make as well
    Mistake("not-mixed",
            "The words are scored from the hidden state alone, so what was heard changes nothing. "
            "Both are joined and mixed, `tanh(both @ W_mix + b_mix)`, and that is scored.",
            scored=lambda q: q.next_h),
    Mistake("heard-scored",
            "The words are scored from what was heard alone. It is joined with the hidden state "
            "and mixed, `tanh(both @ W_mix + b_mix)`, and that is scored.",
            scored=lambda q: q.heard),
    Mistake("heard-added",
            "What was heard is added to the hidden state, and the sum is scored. The two are "
            "joined, (N, 2H), and mixed: `tanh(both @ W_mix + b_mix)`.",
            scored=lambda q: q.next_h + q.heard),
    Mistake("heard-first",
            "The two are joined in another order: what was heard comes first. The first H rows of "
            "`W_mix` belong to the hidden state.",
            both=lambda q: np.concatenate([q.heard, q.next_h], axis=-1)),
    Mistake("state-joined-twice",
            "The hidden state is joined with itself. It is joined with what was heard.",
            both=lambda q: np.concatenate([q.next_h, q.next_h], axis=-1)),
    Mistake("heard-joined-twice",
            "What was heard is joined with itself. It is joined with the hidden state.",
            both=lambda q: np.concatenate([q.heard, q.heard], axis=-1)),
    Mistake("b_mix-missing",
            "`b_mix` is missing: mixed is `tanh(both @ W_mix + b_mix)`.",
            mixed=lambda q: np.tanh(q.both @ q.W_mix)),
    Mistake("mix-sigmoid",
            "The mixture goes through a sigmoid. It goes through a tanh.",
            mixed=lambda q: layers.sigmoid(q.both @ q.W_mix + q.b_mix)),
    Mistake("mix-relu",
            "The mixture goes through a ReLU. It goes through a tanh.",
            mixed=lambda q: np.maximum(0, q.both @ q.W_mix + q.b_mix)),
    Mistake("b_vocab-missing",
            "`b_vocab` is missing in the scores: they are `mixed @ W_vocab + b_vocab`.",
            scores=lambda q: q.scored @ q.W_vocab),
]
LOOKS_MISTAKES = [
    *[m for m in captioner_steps.NEXT_SCORES_MISTAKES if m.name in _SHARED],
    *MIX_MISTAKES,
    Mistake("state-not-updated",
            "The old state is returned. The caller goes on from what is returned, so it has to be "
            "the state after the step.",
            h_out=lambda q: q.state[0], c_out=lambda q: q.state[1]),
    Mistake("mix-tanh-missing",
            "The tanh of the mixture is missing: mixed is `tanh(both @ W_mix + b_mix)`.",
            mixed=lambda q: q.both @ q.W_mix + q.b_mix),
    Mistake("old-state-asks",
            "The hidden state before the step asks the regions. Look after the step: the new "
            "hidden state, which has read the word, asks them.",
            asking=lambda q: q.h),
    Mistake("old-state-joined",
            "What was heard is joined with the hidden state before the step. It is joined with "
            "that after it.",
            both=lambda q: np.concatenate([q.h, q.heard], axis=1)),
    Mistake("scale-missing",
            "The scale is missing: the products of hidden state and regions are divided by "
            "`sqrt(H)` before the softmax (`attention_weights` does so).",
            scores_of=lambda q: np.einsum("nh,nsh->ns", q.asking, q.A)),
    Mistake("scale-without-root",
            "The products of hidden state and regions are divided by H. They are divided by its "
            "square root.",
            scores_of=lambda q: np.einsum("nh,nsh->ns", q.asking, q.A) / q.A.shape[-1]),
    Mistake("softmax-over-captions",
            "The softmax runs over the captions (axis 0). It runs over the regions: the weights of "
            "each caption add up to 1.",
            weights=lambda q: attention.softmax(q.scores_of.T).T),
    Mistake("looks-everywhere-alike",
            "All regions get the same weight, whatever the hidden state asks.",
            weights=_uniform),
    Mistake("looks-at-strongest-only",
            "The region with the best score gets all of the weight. A softmax shares it out.",
            weights=lambda q: np.eye(q.scores_of.shape[1])[q.scores_of.argmax(axis=1)]),
    Mistake("heard-from-first-picture",
            "All captions hear the regions of the first picture. Each has a picture of its own.",
            A=lambda q: np.repeat(q.state[-1][:1], len(q.word), axis=0),
            looked_at=lambda q: q.state[-1]),
    Mistake("mixed-as-state",
            "The mixture is returned as the new hidden state. Nothing changes in the recurrence: "
            "on goes the hidden state of the step; the mixture only scores the words.",
            h_out=lambda q: q.mixed),
    Mistake("heard-as-state",
            "What was heard is returned as the new hidden state. Nothing changes in the "
            "recurrence: on goes the hidden state of the step.",
            h_out=lambda q: q.heard),
    Mistake("looked-at-weighted",
            "What was looked at is returned by its weights. It stays as it came: the next word may "
            "look elsewhere.",
            looked_at=lambda q: q.A * q.weights[..., None]),
    Mistake("looked-at-zero",
            "What is looked at is returned as zeros. It stays as it came.",
            looked_at=lambda q: np.zeros_like(q.A)),
    Mistake("region-scores-returned",
            "The scores of the regions are returned in the place of the weights: the softmax "
            "makes weights of them.",
            looks=lambda q: q.scores_of),
    Mistake("strongest-region-returned",
            "The region with the largest weight is returned in the place of all weights (N, S).",
            looks=lambda q: q.weights.argmax(axis=1)),
    Mistake("weights-with-an-axis-more",
            "The weights have the axis of the one time step still, (N, 1, S). Expected is (N, S).",
            looks=lambda q: q.weights[:, None]),
    Mistake("heard-returned",
            "What was heard is returned in the place of the weights.",
            looks=lambda q: q.heard),
]
STEP_ADVICE = [
    ("matmul|not aligned|mismatch|broadcast|shape|index|dimension|concatenat",
     "Follow the shapes: a word's vector (N, W) and the old state give a hidden state (N, H). "
     "Attention takes queries (N, T, H), here with T = 1: `h[:, None]`. The weights (N, 1, S) and "
     "what is looked at (N, S, H) give what is heard (N, 1, H); without the axis of one, `[:, 0]`, "
     "it is joined with the hidden state along axis 1: (N, 2H), then (N, H), then scores (N, V)."),
    ("unpack|values",
     "The state is a list whose last entry is what is looked at: `*state, looked_at = state` "
     "takes it apart. The step takes what is left of the state: `step_forward(x, *state, Wx, Wh, "
     "b)`, and returns the new one and a cache: `*state, cache`.")]


class LooksExercise(MethodExercise):
    """`next_scores_and_looks(word, state)` -> `scores, state, weights`."""

    def __init__(self, name, cell_type, **rest):
        self.states = state_names("next_h", "next_c", cell_type)
        super().__init__(
            name, method="next_scores_and_looks", cell_type=cell_type, captioner=ATTENTION,
            arguments=["word", "state"], outputs=["scores", *self.states, "weights"],
            computed_as={"next_h": "h_out", "next_c": "c_out", "weights": "looks"},
            shapes={"word": "N", "scores": "N V", "next_h": "N H", "next_c": "N H",
                    "looked_at": "N S H", "weights": "N S"},
            cases=step_cases(cell_type), advice=STEP_ADVICE, **rest)

    def unpack(self, result, case):
        if result is None:
            raise Nothing
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            count = len(result) if isinstance(result, (tuple, list)) else 1
            raise Wrong(number_of_values(count, ["scores", "state", "weights"]))
        if all(value is None for value in result):
            raise Nothing
        scores, state, weights = result
        if not isinstance(state, (list, tuple)) and isinstance(weights, (list, tuple)):
            raise Wrong("The values are returned in another order: expected are `scores`, then the "
                        "new state, then the weights.")
        return {"scores": scores, **unpack_state(state, self.states), "weights": weights}


def next_scores_and_looks(name, cell_type):
    if cell_type == "rnn":
        return LooksExercise(name, cell_type, equations=Looks, mistakes=LOOKS_MISTAKES,
                             helpers=[WEIGHTS, vanilla_rnn.RNN_STEP_FORWARD])
    of_cell = [m for m in captioner_steps.LSTM_NEXT_SCORES_MISTAKES if m.name in _SHARED_LSTM]
    return LooksExercise(name, cell_type, equations=LstmLooks, mistakes=LOOKS_MISTAKES + of_cell,
                         helpers=[WEIGHTS, lstm.LSTM_STEP_FORWARD])


# ---- loss ---------------------------------------------------------------------------------------


class Loss(captioner_loss.Loss):
    """As without attention, but for what lies between hidden states and scores, and below h0."""

    PLACES = {**captioner_loss.Loss.PLACES, "A": "what is looked at", "asking": "what asks",
              "attended": "the call of attention", "heard": "what is heard",
              "both": "what is mixed", "mixed": "the mixing", "scored": "what is scored",
              "dmixed": "what reaches the mixture", "dsum": "the way back through the tanh",
              "dboth": "the way back through the mixing",
              "dh_mixed": "the way to the hidden states",
              "dheard": "the way to what was heard", "dh": "what reaches the hidden states",
              "asked": "the way back through attention", "dA": "what reaches what is looked at",
              "dA_start": "the way back from `h0`",
              **{f"d{name}": f"`{gradient_name(name)}`" for name in ATTENTION.shapes}}

    projected, A, h0 = LookedAt.projected, LookedAt.A, LookedAt.h0

    def next_h(q):  # the hidden states (N, T, H), by the name that MIX_MISTAKES know
        return q.run[0]

    def asking(q):
        return q.next_h

    def attended(q):
        return attention.attention_forward(q.asking, q.A, q.A)

    def heard(q):
        return q.attended[0]

    def both(q):
        return np.concatenate([q.next_h, q.heard], axis=2)

    def mixed(q):
        return np.tanh(q.both @ q.W_mix + q.b_mix)

    def scored(q):
        return q.mixed

    def scores(q):
        return q.scored @ q.W_vocab + q.b_vocab

    def dW_vocab(q):
        return np.einsum("nth,ntv->hv", q.scored, q.dscores)

    def dmixed(q):
        return q.dscores @ q.W_vocab.T

    def dsum(q):
        return q.dmixed * (1 - q.mixed**2)

    def dW_mix(q):
        return np.einsum("nti,nth->ih", q.both, q.dsum)

    def db_mix(q):
        return q.dsum.sum(axis=(0, 1))

    def dboth(q):
        return q.dsum @ q.W_mix.T

    def dh_mixed(q):
        return q.dboth[..., : q.A.shape[-1]]

    def dheard(q):
        return q.dboth[..., q.A.shape[-1]:]

    def asked(q):  # dquery, dkey, dvalue
        return attention.attention_backward(q.dheard, q.attended[1])

    def dh(q):
        return q.dh_mixed + q.asked[0]

    def dA_start(q):  # what comes back from h0, a mean
        return q.dh0[:, None] / q.A.shape[1]

    def dA(q):
        return q.asked[1] + q.asked[2] + q.dA_start

    def dW_proj(q):
        return np.einsum("nsd,nsh->dh", q.features, q.dA)

    def db_proj(q):
        return q.dA.sum(axis=(0, 1))

    def dplaces(q):
        return q.dA.sum(axis=0)


class RnnLoss(Loss):
    def cell(q):
        return layers.rnn_forward, layers.rnn_backward


class LstmLoss(Loss):
    def cell(q):
        return layers.lstm_forward, layers.lstm_backward


def loss_cases(cell_type):
    def draw(label, seed, sizes=None, dtype=np.float64, scale=1.0):
        sizes = {**ORDINARY, **(sizes or {})}
        N, T, S, D, V = (sizes[letter] for letter in "NTSDV")
        rng = np.random.RandomState(seed)
        given = {"features": scale * rng.randn(N, S, D), "captions": draw_captions(rng, N, T, V),
                 "word_to_idx": vocabulary(V),
                 **draw_params(rng, cell_type, sizes, 0.5, ATTENTION)}
        return Case(label, cast(given, dtype), sizes, dtype)

    def cases():
        return [
            draw("", 1),
            draw("one example only (N = 1)", 2, {"N": 1}),
            draw("captions of one word (T = 1)", 3, {"T": 1}),
            draw("one region only (S = 1)", 4, {"S": 1}),
            draw(SQUARE, 5, EQUAL),
            draw("large features (up to about 1000)", 6, scale=300.0),
            draw("float32 arguments", 7, dtype=np.float32),
        ]

    return cases


# Those of a captioner without attention that are the same here, word for word.
_SHARED_LOSS = [
    "not-shifted", "not-shifted-without-start", "shifted-the-wrong-way", "whole-captions",
    "last-word-dropped", "captions-reversed", "mask-missing", "mask-of-words-in", "mask-inverted",
    "mask-without-end", "mask-of-start", "mask-without-unknown", "embedding-of-words-out",
    "averaged-per-word", "averaged-over-all-steps", "not-averaged", "averaged-twice",
    "loss-averaged-per-word-only", "loss-averaged-twice", "loss-negative", "everything-negative",
    "gradients-averaged-twice", "W_embed-repeated-words-once", "W_embed-of-words-out",
    "W_embed-is-dx", "b-for-b_vocab", "b_vocab-for-b", "Wx-for-Wh", "recurrent-gradients-zero",
    "embedding-gradient-zero"]


def _none(q):
    return np.zeros_like(q.A)


def _region(q, s):
    """The gradient of `h0`, given to one region alone."""
    dA = np.zeros_like(q.A)
    dA[:, s] = q.dh0
    return dA


LOSS_MISTAKES = [
    *[m for m in captioner_loss.MISTAKES if m.name in _SHARED_LOSS],
    *A_MISTAKES, *MIX_MISTAKES,
    Mistake("mix-tanh-missing",
            "The tanh of the mixture is missing, though its slope is in the way back: mixed is "
            "`tanh(both @ W_mix + b_mix)`.",
            mixed=lambda q: q.both @ q.W_mix + q.b_mix),
    Mistake("mix-tanh-missing-forward-and-backward",
            "The tanh of the mixture is missing, forward and backward: mixed is "
            "`tanh(both @ W_mix + b_mix)`.",
            mixed=lambda q: q.both @ q.W_mix + q.b_mix, dsum=lambda q: q.dmixed),
    Mistake("previous-states-ask",
            "The hidden state before each step asks the regions. That after it does, which has "
            "read the word.",
            asking=lambda q: np.concatenate([q.h0[:, None], q.next_h[:, :-1]], axis=1)),
    # The way back through the mixing
    Mistake("mix-slope-missing",
            "The slope of the tanh is missing on the way back: what reaches the mixture is "
            "multiplied by `1 - mixed**2` before it goes on.",
            dsum=lambda q: q.dmixed),
    Mistake("mix-slope-not-squared",
            "The slope of the tanh is taken to be `1 - mixed`. It is `1 - mixed**2`.",
            dsum=lambda q: q.dmixed * (1 - q.mixed)),
    Mistake("mix-slope-of-the-tanh-again",
            "The slope of the tanh is `1 - tanh(mixed)**2`, but `mixed` is the tanh already: "
            "`1 - mixed**2`.",
            dsum=lambda q: q.dmixed * (1 - np.tanh(q.mixed) ** 2)),
    Mistake("mix-slope-of-the-sigmoid",
            "The slope is `mixed * (1 - mixed)`, that of a sigmoid. The tanh has `1 - mixed**2`.",
            dsum=lambda q: q.dmixed * q.mixed * (1 - q.mixed)),
    Mistake("W_mix-without-slope",
            "`grads[\"W_mix\"]` and `grads[\"b_mix\"]` are made before the slope of the tanh comes "
            "in. It comes first: the layer of `W_mix` lies below the tanh.",
            dW_mix=lambda q: np.einsum("nti,nth->ih", q.both, q.dmixed),
            db_mix=lambda q: q.dmixed.sum(axis=(0, 1))),
    Mistake("dboth-exchanged",
            "The two halves of what comes back through the mixing are exchanged. The first H "
            "columns belong to the hidden states, the others to what was heard.",
            dh_mixed=lambda q: q.usual.dheard, dheard=lambda q: q.usual.dh_mixed),
    # The hidden states are used twice
    Mistake("dh-without-query",
            "The hidden states are used twice, to be mixed and to ask. What comes back from asking "
            "(`dquery`) is left out: both add up.",
            dh=lambda q: q.dh_mixed),
    Mistake("dh-of-query-only",
            "The hidden states are used twice, to be mixed and to ask. What comes back from mixing "
            "is left out: both add up.",
            dh=lambda q: q.asked[0]),
    Mistake("dheard-sent-to-the-states",
            "What reaches what was heard is added to that of the hidden states as it is. It first "
            "goes back through attention, which gives `dquery` for the hidden states.",
            dh=lambda q: q.dh_mixed + q.dheard),
    Mistake("dh-is-dkey",
            "`attention_backward` returns the gradients of query, key and value, in this order: "
            "the hidden states were the query, what is looked at was key and value.",
            dh=lambda q: q.dh_mixed + q.asked[2], dA=lambda q: q.asked[0] + q.asked[1]
            + q.dA_start),
    # What is looked at is used three times
    Mistake("dA-of-value-only",
            "What is looked at is used three times: as keys, as values, and for `h0`. Only what "
            "comes back from the values is taken. All three add up.",
            dA=lambda q: q.asked[2]),
    Mistake("dA-of-key-only",
            "What is looked at is used three times: as keys, as values, and for `h0`. Only what "
            "comes back from the keys is taken. All three add up.",
            dA=lambda q: q.asked[1]),
    Mistake("dA-of-start-only",
            "What is looked at is used three times: as keys, as values, and for `h0`. Only what "
            "comes back from `h0` is taken. All three add up.",
            dA=lambda q: q.dA_start),
    Mistake("dA-without-start",
            "What is looked at is used three times: as keys, as values, and for `h0`. What comes "
            "back from `h0` is left out.",
            dA=lambda q: q.asked[1] + q.asked[2]),
    Mistake("dA-without-key",
            "What is looked at is used three times: as keys, as values, and for `h0`. What comes "
            "back from the keys is left out.",
            dA=lambda q: q.asked[2] + q.dA_start),
    Mistake("dA-without-value",
            "What is looked at is used three times: as keys, as values, and for `h0`. What comes "
            "back from the values is left out.",
            dA=lambda q: q.asked[1] + q.dA_start),
    Mistake("start-not-divided",
            "`dh0` goes to every region as it is. `h0` is a mean of S vectors, so each of them "
            "gets a share of its gradient: `dh0 / S`.",
            dA_start=lambda q: np.repeat(q.dh0[:, None], q.A.shape[1], axis=1)),
    Mistake("start-divided-by-pictures",
            "`dh0` is divided by N on its way to the regions. `h0` is a mean over the S regions: "
            "it is divided by S.",
            dA_start=lambda q: q.dh0[:, None] / len(q.A)),
    Mistake("start-divided-by-numbers",
            "`dh0` is divided by H on its way to the regions. `h0` is a mean over the S regions: "
            "it is divided by S.",
            dA_start=lambda q: q.dh0[:, None] / q.A.shape[2]),
    Mistake("start-divided-by-steps",
            "`dh0` is divided by T on its way to the regions. `h0` is a mean over the S regions: "
            "it is divided by S.",
            dA_start=lambda q: q.dh0[:, None] / q.words_in.shape[1]),
    Mistake("start-to-first-region",
            "`dh0` goes to the first region alone. `h0` is a mean of all regions, and its gradient "
            "goes to all of them, `dh0 / S` each.",
            dA_start=lambda q: _region(q, 0)),
    Mistake("start-from-dh",
            "What reaches the regions from `h0` is made of `dh[:, 0]`. It is made of `dh0`, which "
            "the backward pass of the recurrent network returns.",
            dA_start=lambda q: q.dh[:, :1] / q.A.shape[1]),
    # The parameters below
    Mistake("places-not-summed",
            "`grads[\"places\"]` has shape (N, S, H). The places serve all pictures, so their "
            "gradients add up: (S, H).",
            dplaces=lambda q: q.dA),
    Mistake("places-averaged",
            "`grads[\"places\"]` is averaged over the pictures. Their gradients add up.",
            dplaces=lambda q: q.dA.mean(axis=0)),
    Mistake("places-summed-over-regions",
            "`grads[\"places\"]` is summed over the regions too, so that all places get the same. "
            "Each region has a place of its own: sum over the pictures alone.",
            dplaces=lambda q: np.repeat(q.dA.sum(axis=(0, 1))[None], q.A.shape[1], axis=0)),
    Mistake("places-is-b_proj",
            "`grads[\"places\"]` is the gradient of `b_proj`, (H,). It is (S, H): sum over the "
            "pictures alone.",
            dplaces=lambda q: q.dA.sum(axis=(0, 1))),
    Mistake("b_proj-is-places",
            "`grads[\"b_proj\"]` is summed over the pictures only, (S, H). One bias serves all "
            "pictures and regions: (H,).",
            db_proj=lambda q: q.dA.sum(axis=0)),
    Mistake("projection-from-dh0",
            "`grads[\"b_proj\"]` and `grads[\"W_proj\"]` are made of `dh0` alone, as without "
            "attention. They are made of all that reaches what is looked at.",
            dW_proj=lambda q: q.features.mean(axis=1).T @ q.dh0,
            db_proj=lambda q: q.dh0.sum(axis=0)),
    Mistake("projection-gradients-zero",
            "The gradients of `W_proj`, `b_proj` and `places` are zero: what reaches what is "
            "looked at has to go back through `self.looked_at_backward`.",
            dA=_none),
    Mistake("b_mix-not-summed",
            "`grads[\"b_mix\"]` is summed over one axis only. One bias serves all examples and "
            "time steps, so all their gradients add up.",
            db_mix=lambda q: q.dsum.sum(axis=0)),
    Mistake("b_mix-for-b_vocab",
            "`grads[\"b_vocab\"]` is the gradient of `b_mix`. Store each gradient at once, or give "
            "each a name of its own.",
            db_vocab=lambda q: q.usual.db_mix),
    Mistake("states-in-W_vocab",
            "`grads[\"W_vocab\"]` is made of the hidden states. The scores were made of the "
            "mixture, so it is made of that.",
            dW_vocab=lambda q: np.einsum("nth,ntv->hv", q.next_h, q.dscores)),
    Mistake("parameters-for-gradients",
            "`grads` holds the parameters themselves. It has to hold their gradients, as the "
            "backward functions return them.",
            **{f"d{name}": (lambda q, n=name: getattr(q, n)) for name in ATTENTION.shapes}),
    Mistake("gradients-zero",
            "All gradients are zero: `grads` is filled with zeros and nothing else.",
            **{f"d{name}": (lambda q, n=name: np.zeros_like(getattr(q, n)))
               for name in ATTENTION.shapes}),
]
LOSS_ADVICE = [
    ("matmul|not aligned|mismatch in its core|unpack|concatenat|broadcast|shape",
     "Follow the shapes. Forward: features (N, S, D) to what is looked at, (N, S, H); its mean "
     "over the regions is `h0` (N, H). Words (N, T) to hidden states (N, T, H), which are the "
     "queries; what they hear is (N, T, H); both joined along axis 2 are (N, T, 2H), mixed (N, T, "
     "H), scored (N, T, V). Backward: the same shapes from the end to the start, and `dh0[:, "
     "None]`, (N, 1, H), meets (N, S, H)."),
    *captioner_loss.ADVICE]


def loss(name, cell_type):
    equations, recurrent = {
        "rnn": (RnnLoss, [vanilla_rnn.RNN_FORWARD, vanilla_rnn.RNN_BACKWARD]),
        "lstm": (LstmLoss, [lstm.LSTM_FORWARD, lstm.LSTM_BACKWARD])}[cell_type]
    return LossExercise(
        name, cell_type, ATTENTION, equations=equations, mistakes=LOSS_MISTAKES,
        helpers=[*captioner_loss.HELPERS, *recurrent, FORWARD, BACKWARD], most_pairs=300,
        advice=LOSS_ADVICE, cases=loss_cases(cell_type))


EXERCISES = [for_both("attention_first_state", first_state),
             for_both("attention_next_scores_and_looks", next_scores_and_looks),
             for_both("attention_loss", loss)]
