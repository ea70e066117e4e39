"""The exercise `beam_step`."""

import inspect

import numpy as np

import cs231n.decoding
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Evaluating_Captions"

decoding = private_copy(cs231n.decoding)


def log_softmax(scores):
    """Logarithms of probabilities, along the last axis."""
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def beam_cases():
    rng = np.random.RandomState(1)

    def case(label, N, K, V, width, dtype=np.float64, out=0):
        log_probs = log_softmax(2 * rng.randn(N, K, V))
        totals = -np.sort(2 + 3 * rng.rand(N, K), axis=1)[:, ::-1]  # close enough to compete
        totals = totals[:, rng.permutation(K)]
        if out:
            totals[:, :out] = -np.inf
        given = {"totals": totals.astype(dtype), "log_probs": log_probs.astype(dtype),
                 "width": width}
        return Case(label, given, {"N": N, "K": K, "V": V, "width": width}, dtype)

    return [
        case("", 5, 4, 7, 3),
        case("a single picture (N = 1)", 1, 3, 6, 3),
        case("a single caption (K = width = 1)", 4, 1, 6, 1),
        case("more continuations than captions (width > K)", 4, 2, 6, 5),
        case("fewer continuations than captions (width < K)", 4, 5, 6, 2),
        case("captions that are out (totals of -inf)", 4, 4, 7, 4, out=2),
        case(SQUARE, 4, 4, 4, 3),
        case("many continuations (width 600)", 2, 4, 400, 600),
        case("float32 arguments", 5, 4, 7, 4, dtype=np.float32),
    ]


class BeamStep(Equations):
    PLACES = {"candidates": "how the candidates are scored", "flat": "how they are put in a row",
              "best": "which candidates are taken", "V": "how caption and word are told apart"}

    def candidates(q):  # (N, K, V)
        return q.totals[:, :, None] + q.log_probs

    def flat(q):  # (N, K V)
        return q.candidates.reshape(len(q.candidates), -1)

    def best(q):  # indices into flat (N, width)
        return np.argsort(-q.flat, axis=1, kind="stable")[:, : q.width]

    def V(q):
        return q.log_probs.shape[2]

    def new_totals(q):
        return np.take_along_axis(q.flat, q.best, axis=1)

    def parents(q):
        return q.best // q.V

    def words(q):
        return q.best % q.V


def best_of_each_caption(q):
    """Indices of each caption's best word, the best captions first."""
    word = q.candidates.argmax(axis=2)  # (N, K)
    index = np.arange(word.shape[1]) * q.V + word
    order = np.argsort(-np.take_along_axis(q.flat, index, axis=1), axis=1, kind="stable")
    return np.take_along_axis(index, order, axis=1)[:, : q.width]


def _of_all(q):
    """Values and places of the best N width candidates of all pictures together."""
    flat = q.candidates.ravel()
    best = np.argsort(-flat, kind="stable")[: len(q.totals) * q.width]
    best = best.reshape(len(q.totals), -1)
    return flat[best], best


def chosen(q, array):
    """The entries of an array (N, K) for the captions that are continued."""
    return np.take_along_axis(array, q.parents, axis=1)


BEAM_MISTAKES = [
    Mistake("totals-left-out",
            "Only the next word counts: `totals`, the log-probability of the caption so far, is "
            "left out. A continuation is as probable as its caption times its next word.",
            candidates=lambda q: q.log_probs),
    Mistake("multiplied",
            "Log-probabilities are multiplied. Probabilities are; for their logarithms, times "
            "becomes plus.",
            candidates=lambda q: q.totals[:, :, None] * q.log_probs),
    Mistake("subtracted",
            "The log-probability of the next word is subtracted, so that improbable words win.",
            candidates=lambda q: q.totals[:, :, None] - q.log_probs),
    Mistake("probabilities-joined",
            "The probabilities behind the logarithms are added (`logaddexp`). A continuation is as "
            "probable as its caption *times* its next word, so it is the logarithms that add up.",
            candidates=lambda q: np.logaddexp(q.totals[:, :, None], q.log_probs)),
    Mistake("log-of-logarithms",
            "The logarithm is taken once more. `totals` and `log_probs` are logarithms already: "
            "add them up as they are.",
            candidates=lambda q: q.totals[:, :, None] + np.log(-q.log_probs)),
    Mistake("probabilities-added",
            "The next word's probability (`exp` of its logarithm) is added to a logarithm. Add "
            "the logarithms as they are.",
            candidates=lambda q: q.totals[:, :, None] + np.exp(q.log_probs)),
    Mistake("worst-first",
            "The worst continuations are taken: `argsort` sorts upwards.",
            best=lambda q: np.argsort(q.flat, axis=1, kind="stable")[:, : q.width]),
    Mistake("sorted-along-the-pictures",
            "`argsort` sorts along axis 0, so that it compares pictures with each other. The "
            "continuations of a picture stand along axis 1.",
            best=lambda q: np.argsort(-q.flat, axis=0, kind="stable")[:, : q.width]),
    Mistake("best-in-reverse-order",
            "The right continuations, but the best one comes last. The best comes first.",
            best=lambda q: q.usual.best[:, ::-1]),
    Mistake("not-sorted",
            "The right continuations, but not in order (`argpartition` does not sort). The best "
            "comes first.",
            best=lambda q: np.sort(q.usual.best, axis=1)),
    Mistake("not-sorted-after-partition",
            "The right continuations, but in the order in which `argpartition` leaves them: it "
            "does not sort. The best comes first.",
            best=lambda q: np.argpartition(-q.flat, q.width - 1, axis=1)[:, : q.width]),
    Mistake("best-of-each-caption",
            "Each caption is continued once, with its own best word. The best continuations may "
            "well belong to the same caption: all K V of them compete.",
            best=best_of_each_caption),
    Mistake("best-of-each-caption-unsorted",
            "Each caption is continued once, in its own place, with its own best word. All K V "
            "continuations compete, and the best of all comes first.",
            best=lambda q: (np.arange(q.candidates.shape[1]) * q.V
                            + q.candidates.argmax(axis=2))[:, : q.width]),
    Mistake("only-first-captions",
            "Only the first `width` captions of each picture are continued. All K of them compete, "
            "also where K is larger than `width`.",
            flat=lambda q: q.candidates[:, : q.width].reshape(len(q.candidates), -1)),
    Mistake("as-many-as-captions",
            "There are K continuations, as many as captions went in. How many are asked for is "
            "`width`, which may be more or less.",
            best=lambda q: np.argsort(-q.flat, axis=1, kind="stable")[:, : q.totals.shape[1]]),
    Mistake("not-cut",
            "All K V continuations are returned, best first. Only the first `width` of them are "
            "asked for.",
            best=lambda q: np.argsort(-q.flat, axis=1, kind="stable")),
    Mistake("one-only",
            "Only the best continuation of each picture is kept. `width` of them are asked for.",
            best=lambda q: q.usual.best[:, :1]),
    Mistake("all-pictures-together",
            "The candidates of all pictures are put in one row and sorted together, so that those "
            "of one picture push out those of another. Each picture has a beam of its own: a row "
            "for each, (N, K V), sorted along axis 1.",
            new_totals=lambda q: _of_all(q)[0], words=lambda q: _of_all(q)[1] % q.V,
            parents=lambda q: _of_all(q)[1] // q.V % q.totals.shape[1]),
    Mistake("all-pictures-together-and-counted-through",
            "The candidates of all pictures are put in one row and sorted together, and the "
            "captions are counted through all pictures. Each picture has a beam of its own: a row "
            "for each, (N, K V), sorted along axis 1.",
            new_totals=lambda q: _of_all(q)[0], words=lambda q: _of_all(q)[1] % q.V,
            parents=lambda q: _of_all(q)[1] // q.V),
    Mistake("first-picture-only",
            "Only the first picture is looked at. There are N of them, each with a beam of its "
            "own: all three results have a row for each, (N, width).",
            new_totals=lambda q: q.usual.new_totals[0], parents=lambda q: q.best[0] // q.V,
            words=lambda q: q.best[0] % q.V),
    Mistake("first-caption-only",
            "Only the first caption of each picture is continued. All K of them compete.",
            best=lambda q: np.argsort(-q.candidates[:, 0], axis=1, kind="stable")[:, : q.width]),
    Mistake("best-missing",
            "The best continuation is missing: the choice starts with the second.",
            best=lambda q: np.argsort(-q.flat, axis=1, kind="stable")[:, 1 : q.width + 1]),
    Mistake("divided-by-K",
            "Caption and word are told apart with K. In a row of K V candidates, candidate i "
            "belongs to caption `i // V` and word `i % V`.",
            V=lambda q: q.totals.shape[1]),
    Mistake("divided-by-K-and-swapped",
            "Caption and word are told apart with K, and the other way round. In a row of K V "
            "candidates, candidate i belongs to caption `i // V` and word `i % V`.",
            parents=lambda q: q.best % q.totals.shape[1],
            words=lambda q: q.best // q.totals.shape[1]),
    Mistake("divided-by-width",
            "Caption and word are told apart with `width`. In a row of K V candidates, candidate i "
            "belongs to caption `i // V` and word `i % V`: V candidates for each caption.",
            parents=lambda q: q.best // q.width, words=lambda q: q.best % q.width),
    Mistake("parents-by-K",
            "`parents` divides by K. In a row of K V candidates there are V for each caption, so "
            "candidate i belongs to caption `i // V`.",
            parents=lambda q: q.best // q.totals.shape[1]),
    Mistake("words-by-K",
            "`words` is what is left of a division by K. In a row of K V candidates there are V "
            "for each caption, so candidate i has word `i % V`.",
            words=lambda q: q.best % q.totals.shape[1]),
    Mistake("parents-by-width",
            "`parents` divides by `width`. In a row of K V candidates there are V for each "
            "caption, so candidate i belongs to caption `i // V`.",
            parents=lambda q: q.best // q.width),
    Mistake("words-by-width",
            "`words` is what is left of a division by `width`. In a row of K V candidates there "
            "are V for each caption, so candidate i has word `i % V`.",
            words=lambda q: q.best % q.width),
    Mistake("words-for-parents",
            "`parents` holds the words. It has to say which of the captions each continuation "
            "goes on from: `//` in place of `%`.",
            parents=lambda q: q.best % q.V),
    Mistake("parents-for-words",
            "`words` holds the captions that are continued. It has to hold the words that they "
            "continue with: `%` in place of `//`.",
            words=lambda q: q.best // q.V),
    Mistake("places-in-the-beam",
            "`parents` holds 0, 1, 2... for every picture: the new places. It has to say which of "
            "the old captions each of them continues.",
            parents=lambda q: np.broadcast_to(np.arange(q.best.shape[1]), q.best.shape)),
    Mistake("parents-and-words-swapped",
            "`parents` and `words` are swapped.",
            parents=lambda q: q.best % q.V, words=lambda q: q.best // q.V),
    Mistake("index-as-word",
            "`words` holds the place among all K V candidates. The word is what is left of it when "
            "the caption's part, a multiple of V, is taken away.",
            words=lambda q: q.best),
    Mistake("index-as-parent",
            "`parents` holds the place among all K V candidates. Each caption has V of them.",
            parents=lambda q: q.best),
    Mistake("old-totals",
            "`new_totals` holds the totals of the captions that are continued, without their next "
            "word.",
            new_totals=lambda q: chosen(q, q.totals)),
    Mistake("last-word-totals",
            "`new_totals` holds the log-probability of the next word alone. The caption's total "
            "belongs to it.",
            new_totals=lambda q: np.take_along_axis(
                q.log_probs.reshape(len(q.log_probs), -1), q.best, axis=1)),
    Mistake("new-totals-negative",
            "`new_totals` has the wrong sign: the candidates are turned round for sorting, and so "
            "are the values that are returned.",
            new_totals=lambda q: -q.usual.new_totals),
    Mistake("totals-averaged",
            "`new_totals` is divided by the number of words, or halved. A caption's logarithm is "
            "the plain sum; lengths are made up for in `beam_search`.",
            new_totals=lambda q: q.usual.new_totals / 2),
    Mistake("totals-as-probabilities",
            "`new_totals` holds probabilities. Logarithms are asked for: leave out the `exp`.",
            new_totals=lambda q: np.exp(q.usual.new_totals)),
    Mistake("words-before-captions",
            "The axes of captions and words are swapped before the candidates are put in a row, so "
            "that places no longer mean what `//` and `%` make of them.",
            flat=lambda q: q.candidates.transpose(0, 2, 1).reshape(len(q.candidates), -1)),
]

BEAM_ADVICE = [
    ("broadcast|shape mismatch|out of bounds",
     "Each picture has a row of its own, (N, K V): sorting them, cutting them to `width` and "
     "taking values from them all run along axis 1.")]

BEAM = Exercise(
    "beam_step",
    notebook=NOTEBOOK,
    shapes={"totals": "N K", "log_probs": "N K V", "new_totals": "N width",
            "parents": "N width", "words": "N width"},
    arguments=["totals", "log_probs", "width"],
    outputs=["new_totals", "parents", "words"],
    equations=BeamStep,
    reference=inspect.unwrap(decoding.beam_step),
    mistakes=BEAM_MISTAKES,
    advice=BEAM_ADVICE,
    cases=beam_cases,
)

EXERCISES = [BEAM]
