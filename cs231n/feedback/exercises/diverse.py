"""The optional exercise `diverse_step`: several captions of a picture that differ."""

import inspect

import numpy as np

from cs231n import decoding
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

_decoding = private_copy(decoding)


def cases():
    rng = np.random.RandomState(4)

    def case(label, N, G, V, strength, dtype=np.float64, ended=False):
        # The captions of a picture expect much the same words, so that they get into each other's
        # way; the best of some stays the best.
        scores = 1.5 * rng.randn(N, 1, V) + 0.6 * rng.randn(N, G, V)
        log_probs = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
        if ended:
            log_probs[:, 1] = -np.inf
            log_probs[:, 1, 0] = 0.0
        given = {"totals": -5 * rng.rand(N, G).astype(dtype), "log_probs": log_probs.astype(dtype),
                 "strength": strength}
        return Case(label, given, {"N": N, "G": G, "V": V}, dtype)

    return [
        case("", 7, 4, 5, 0.8),
        case("a single picture (N = 1)", 1, 3, 6, 0.8),
        case("a single caption (G = 1)", 4, 1, 6, 0.8),
        case("strength 0", 5, 3, 6, 0),
        case("a large strength", 6, 4, 5, 20.0),
        case("more captions than words", 5, 6, 3, 0.5),
        case("captions that have ended (a single word is possible)", 5, 3, 6, 1.0, ended=True),
        case(SQUARE, 4, 4, 4, 0.8),
        case("float32 arguments", 7, 4, 5, 0.8, dtype=np.float32),
    ]


class DiverseStep(Equations):
    def counts(q):  # of each word for one caption, from the words (N, k) that were chosen before it
        return lambda words: np.stack([(words == v).sum(axis=1) for v in range(q.V)], axis=1)

    def lowered(q):  # what caption g chooses from (N, V), given these counts (N, V)
        return lambda g, counts: q.log_probs[:, g] - q.strength * counts

    def V(q):
        return q.log_probs.shape[2]

    def pick(q):
        return lambda scores: scores.argmax(axis=1)

    def words(q):
        words = np.zeros((len(q.totals), 0), dtype=int)
        for g in range(q.totals.shape[1]):
            chosen = q.pick(q.lowered(g, q.counts(words)))
            words = np.hstack([words, chosen[:, None]])
        return words

    def gained(q):
        return np.take_along_axis(q.log_probs, q.words[:, :, None], axis=2)[:, :, 0]

    def new_totals(q):
        return q.totals + q.gained


def counts_of_all_pictures(q):
    return lambda words: np.tile(q.usual.counts(words).sum(axis=0), (len(words), 1))


def counts_by_whole_columns(q):
    """Each word once for each place g at which any picture chose it."""
    return lambda words: np.tile(
        np.stack([(words == v).any(axis=0).sum() for v in range(q.V)]), (len(words), 1))


def lowered_gains(q):
    """The log-probabilities of the chosen words after they were lowered."""
    parts = []
    for g in range(q.words.shape[1]):
        lowered = q.usual.lowered(g, q.usual.counts(q.words[:, :g]))
        parts.append(lowered[np.arange(len(lowered)), q.words[:, g]])
    return np.stack(parts, axis=1)


MISTAKES = [
    Mistake("nothing-lowered",
            "The words that other captions have chosen are not lowered: each caption takes its own "
            "best word.",
            lowered=lambda q: lambda g, counts: q.log_probs[:, g]),
    Mistake("raised",
            "The words that other captions have chosen are raised, so that all captions become "
            "alike. Their log-probabilities are lowered.",
            lowered=lambda q: lambda g, counts: q.log_probs[:, g] + q.strength * counts),
    Mistake("counted-once",
            "A word is lowered once, however many captions have chosen it. It loses `strength` for "
            "each of them.",
            lowered=lambda q: lambda g, counts: q.log_probs[:, g] - q.strength * (counts > 0)),
    Mistake("last-only",
            "Only the word of the caption right before is lowered. Those of all captions before it "
            "count.",
            counts=lambda q: lambda words: q.usual.counts(words[:, -1:])),
    Mistake("first-only",
            "Only the word of the first caption is lowered. Those of all captions before count.",
            counts=lambda q: lambda words: q.usual.counts(words[:, :1])),
    Mistake("all-pictures",
            "The words chosen for all pictures are lowered. Each picture has captions of its own: "
            "count its words only.",
            counts=counts_of_all_pictures),
    Mistake("whole-columns",
            "Whole columns of the account change: `[:, words]` is every picture at every word that "
            "was chosen for any of them. Each picture has captions of its own: pair each row with "
            "its own word, `[np.arange(N), words]`.",
            counts=counts_by_whole_columns),
    Mistake("multiplied-by-less",
            "The log-probability is multiplied by `1 - strength * count`. A logarithm below 0 "
            "becomes *larger* so. The strength is taken away from it, once for each time that the "
            "word was chosen.",
            lowered=lambda q: lambda g, counts: q.log_probs[:, g] * (1 - q.strength * counts)),
    Mistake("forbidden",
            "A word that was chosen is ruled out altogether. It loses `strength`, and may still be "
            "the best.",
            lowered=lambda q: lambda g, counts: np.where(counts > 0, q.log_probs[:, g] - 1e9,
                                                         q.log_probs[:, g])),
    Mistake("strength-ignored",
            "A word loses 1 each time that it is chosen. It loses `strength`.",
            lowered=lambda q: lambda g, counts: q.log_probs[:, g] - counts),
    Mistake("multiplied",
            "The log-probability is multiplied by `1 + strength * count`. The strength is taken "
            "away from it, once for each time that the word was chosen.",
            lowered=lambda q: lambda g, counts: q.log_probs[:, g] * (1 + q.strength * counts)),
    Mistake("worst-word",
            "The worst word of each caption is taken.",
            pick=lambda q: lambda scores: scores.argmin(axis=1)),
    Mistake("lowered-totals",
            "`new_totals` holds what was lowered. The lowering is for the choice only: a total is "
            "the model's own log-probability.",
            gained=lowered_gains),
    Mistake("old-totals",
            "`new_totals` are the totals without the new words.",
            gained=lambda q: 0.0),
    Mistake("last-word-totals",
            "`new_totals` holds the log-probability of the new word alone. The caption's total "
            "belongs to it.",
            new_totals=lambda q: q.gained),
    Mistake("totals-subtracted",
            "The log-probability of the new word is subtracted. It is added.",
            new_totals=lambda q: q.totals - q.gained),
    Mistake("probabilities-added",
            "The probability of the new word is added to a logarithm. Add its logarithm.",
            new_totals=lambda q: q.totals + np.exp(q.gained)),
]

DIVERSE = Exercise(
    "diverse_step",
    notebook="Evaluating_Captions",
    shapes={"totals": "N G", "log_probs": "N G V", "new_totals": "N G", "words": "N G"},
    arguments=["totals", "log_probs", "strength"],
    outputs=["new_totals", "words"],
    equations=DiverseStep,
    reference=inspect.unwrap(_decoding.diverse_step),
    mistakes=MISTAKES,
    cases=cases,
)

EXERCISES = [DIVERSE]
