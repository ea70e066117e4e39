"""The exercises of Evaluating_Captions: temperature, a step of beam search, modified precision."""

import inspect
from collections import Counter

import numpy as np

from cs231n import decoding, metrics
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Evaluating_Captions"
_decoding, _metrics = private_copy(decoding), private_copy(metrics)


# ---- temperature_probabilities ------------------------------------------------------------------

def temperature_cases():
    rng = np.random.RandomState(0)

    def case(label, N, V, temperature, scale=1.0, dtype=np.float64):
        scores = (scale * rng.randn(N, V)).astype(dtype)
        return Case(label, {"scores": scores, "temperature": temperature}, {"N": N, "V": V}, dtype)

    return [
        case("", 3, 5, 0.5),
        case("a temperature above 1", 3, 5, 2.5),
        case("temperature 1", 3, 5, 1.0),
        case("one caption only (N = 1)", 1, 6, 0.7),
        case(SQUARE, 4, 4, 0.6),
        case("scores up to about 1000", 3, 5, 0.5, scale=400),
        case("float32 arguments", 3, 5, 0.5, dtype=np.float32),
    ]


def softmax(scaled, axis=1):
    weights = np.exp(scaled - scaled.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


class Temperature(Equations):
    def scaled(q):
        return q.scores / q.temperature

    def probabilities(q):
        return softmax(q.scaled)


def overflowing(q):
    weights = np.exp(q.scaled)
    return weights / weights.sum(axis=1, keepdims=True)


TEMPERATURE_MISTAKES = [
    Mistake("temperature-multiplied",
            "The scores are multiplied by the temperature. They are divided by it: a low "
            "temperature makes differences larger.",
            scaled=lambda q: q.scores * q.temperature),
    Mistake("temperature-without-effect",
            "The temperature has no effect. Either it is not used, or weights are divided by it "
            "after `exp`, where the normalisation takes it out again. Divide the scores, before "
            "`exp`.",
            scaled=lambda q: q.scores),
    Mistake("sign",
            "The signs of the scores are turned around: the worst word becomes the most probable.",
            scaled=lambda q: -q.scores / q.temperature),
    Mistake("not-normalised",
            "The rows do not add up to 1. Divide each row by its sum.",
            probabilities=lambda q: np.exp(q.scaled)),
    Mistake("not-normalised-after-shift",
            "The rows do not add up to 1: the largest weight of each row is 1. Divide each row by "
            "its sum.",
            probabilities=lambda q: np.exp(q.scaled - q.scaled.max(axis=1, keepdims=True))),
    Mistake("wrong-axis",
            "Columns add up to 1, not rows: the sum runs over the captions (axis 0). Each row is "
            "normalised over its words, axis 1.",
            probabilities=lambda q: softmax(q.scaled, axis=0)),
    Mistake("sum-of-everything",
            "All entries together add up to 1. Each row has to, for itself: sum over axis 1, and "
            "keep the axis (`keepdims=True`).",
            probabilities=lambda q: softmax(q.scaled.reshape(1, -1)).reshape(q.scaled.shape)),
    Mistake("logarithms",
            "These are logarithms of the probabilities.",
            probabilities=lambda q: np.log(softmax(q.scaled))),
    Mistake("divided-afterwards",
            "The probabilities at temperature 1 are divided by the temperature, so the rows do not "
            "add up to 1. Divide the scores, before `exp`.",
            probabilities=lambda q: softmax(q.scores) / q.temperature),
    Mistake("scores-normalised",
            "The scores themselves are divided by their sum. `exp` comes first: scores may be "
            "negative, probabilities may not.",
            probabilities=lambda q: q.scaled / q.scaled.sum(axis=1, keepdims=True)),
    Mistake("best-word-only",
            "The best word gets probability 1. That is the limit for temperature 0; above it, "
            "every word keeps a share.",
            probabilities=lambda q: np.eye(q.scores.shape[1])[q.scores.argmax(axis=1)]),
    Mistake("overflow",
            "`exp` overflows for large scores, and the result is not a number. Take the largest "
            "entry of each row away first: that changes no probability.",
            probabilities=overflowing),
]

TEMPERATURE = Exercise(
    "temperature_probabilities",
    notebook=NOTEBOOK,
    shapes={"scores": "N V", "probabilities": "N V"},
    arguments=["scores", "temperature"],
    outputs=["probabilities"],
    equations=Temperature,
    reference=inspect.unwrap(_decoding.temperature_probabilities),
    mistakes=TEMPERATURE_MISTAKES,
    cases=temperature_cases,
)


# ---- beam_step ----------------------------------------------------------------------------------

def beam_cases():
    rng = np.random.RandomState(1)

    def case(label, N, K, V, width, dtype=np.float64, out=0):
        log_probs = np.log(softmax(2 * rng.randn(N, K, V), axis=2))
        totals = -np.sort(2 + 3 * rng.rand(N, K), axis=1)[:, ::-1]  # close enough to compete
        totals = totals[:, rng.permutation(K)]
        if out:
            totals[:, :out] = -np.inf
        given = {"totals": totals.astype(dtype), "log_probs": log_probs.astype(dtype),
                 "width": width}
        return Case(label, given, {"N": N, "K": K, "V": V, "width": width}, dtype)

    return [
        case("", 5, 4, 7, 4),
        case("a single picture (N = 1)", 1, 3, 6, 3),
        case("a single caption (K = width = 1)", 4, 1, 6, 1),
        case("more continuations than captions (width > K)", 4, 2, 6, 5),
        case("fewer continuations than captions (width < K)", 4, 5, 6, 2),
        case("captions that are out (totals of -inf)", 4, 4, 7, 4, out=2),
        case(SQUARE, 4, 4, 4, 4),
        case("float32 arguments", 5, 4, 7, 4, dtype=np.float32),
    ]


class BeamStep(Equations):
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
    Mistake("probabilities-added",
            "The next word's probability (`exp` of its logarithm) is added to a logarithm. Add "
            "the logarithms as they are.",
            candidates=lambda q: q.totals[:, :, None] + np.exp(q.log_probs)),
    Mistake("worst-first",
            "The worst continuations are taken: `argsort` sorts upwards.",
            best=lambda q: np.argsort(q.flat, axis=1, kind="stable")[:, : q.width]),
    Mistake("best-last",
            "The right continuations, but the best one comes last. The best comes first.",
            best=lambda q: q.usual.best[:, ::-1]),
    Mistake("not-sorted",
            "The right continuations, but not in order (`argpartition` does not sort). The best "
            "comes first.",
            best=lambda q: np.sort(q.usual.best, axis=1)),
    Mistake("one-for-each-caption",
            "Each caption is continued once, with its own best word. The best continuations may "
            "well belong to the same caption: all K V of them compete.",
            best=best_of_each_caption),
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
    Mistake("totals-as-probabilities",
            "`new_totals` holds probabilities. Logarithms are asked for: leave out the `exp`.",
            new_totals=lambda q: np.exp(q.usual.new_totals)),
    Mistake("words-before-captions",
            "The axes of captions and words are swapped before the candidates are put in a row, so "
            "that places no longer mean what `//` and `%` make of them.",
            flat=lambda q: q.candidates.transpose(0, 2, 1).reshape(len(q.candidates), -1)),
]

BEAM = Exercise(
    "beam_step",
    notebook=NOTEBOOK,
    shapes={"totals": "N K", "log_probs": "N K V", "new_totals": "N width",
            "parents": "N width", "words": "N width"},
    arguments=["totals", "log_probs", "width"],
    outputs=["new_totals", "parents", "words"],
    equations=BeamStep,
    reference=inspect.unwrap(_decoding.beam_step),
    mistakes=BEAM_MISTAKES,
    cases=beam_cases,
)


# ---- modified_precision -------------------------------------------------------------------------

def random_captions(seed=3, pictures=23):
    """Captions of a few words, so that n-grams repeat and match; enough of them to tell apart
    results that are fractions of small numbers."""
    rng = np.random.RandomState(seed)

    def caption():
        return " ".join(rng.choice(["a", "dog", "cat", "on"], size=rng.randint(2, 12)))

    return ([caption() for _ in range(pictures)],
            [[caption() for _ in range(rng.randint(1, 4))] for _ in range(pictures)])


def precision_cases():
    ordinary = random_captions()

    def case(label, n, hypotheses=ordinary[0], references=ordinary[1]):
        given = {"hypotheses": list(hypotheses), "references": list(references), "n": n}
        return Case(label, given, {"N": len(hypotheses), "n": n})

    return [
        case("", 2),
        case("n = 1", 1),
        case("n = 3", 3),
        case("n = 4", 4),
        case("a single caption", 1, ["the the the the cat"], [["the cat on the mat", "a cat"]]),
        case("no caption with n words", 3, ["a dog", "a"], [["a dog runs"], ["a b c"]]),
        case("no match", 1, ["red", "green blue"], [["a", "b"], ["c d"]]),
        case("captions that equal a reference", 2, ["a dog runs", "on it"],
             [["a dog runs", "x"], ["y", "on it"]]),
    ]


class Precision(Equations):
    def grams(q):  # all n-grams of one caption, in order
        def of(caption):
            words = caption.split()
            return [tuple(words[i : i + q.n]) for i in range(len(words) - q.n + 1)]
        return of

    def counted(q):
        return lambda caption: Counter(q.grams(caption))

    def allowed(q):  # how often each n-gram may count, from the references of one picture
        def of(references):
            most = Counter()
            for reference in references:
                most |= q.counted(reference)
            return most
        return of

    def matches(q):  # of one caption
        def of(hypothesis, references):
            return sum((q.counted(hypothesis) & q.allowed(references)).values())
        return of

    def size(q):  # what one caption adds to the denominator
        return lambda hypothesis, references: sum(q.counted(hypothesis).values())

    def pairs(q):
        return [(q.matches(h, r), q.size(h, r)) for h, r in zip(q.hypotheses, q.references)]

    def precision(q):
        matched, total = map(sum, zip(*q.pairs))
        return matched / total if total else 0.0


def summed(q):
    def of(references):
        return sum((q.counted(reference) for reference in references), Counter())
    return of


def unclipped(q):
    def of(hypothesis, references):
        known = q.allowed(references)
        return sum(count for gram, count in q.counted(hypothesis).items() if gram in known)
    return of


def shorter_grams(q):
    def of(caption):
        words = caption.split()
        return [tuple(words[i : i + n]) for n in range(1, q.n + 1)
                for i in range(len(words) - n + 1)]
    return of


def cut_grams(q):
    def of(caption):
        words = caption.split()
        return [tuple(words[i : i + q.n]) for i in range(len(words) - q.n)]
    return of


def letters(q):
    return lambda caption: [caption[i : i + q.n] for i in range(len(caption) - q.n + 1)]


def of_all_pictures(q):
    everything = [reference for references in q.references for reference in references]
    return lambda references: q.usual.allowed(everything)


def mean_of_captions(q):
    return float(np.mean([matched / total if total else 0.0 for matched, total in q.pairs]))


def reference_size(q):
    return lambda hypothesis, references: sum(
        sum(q.counted(reference).values()) for reference in references)


PRECISION_MISTAKES = [
    Mistake("not-clipped",
            "An n-gram counts as often as the caption repeats it, however rarely people wrote it. "
            "It counts at most as often as in one of the references, the one that has most of it.",
            matches=unclipped),
    Mistake("references-added-up",
            "An n-gram counts as often as all references together have it. The limit is what a "
            "single reference has, the largest of these counts.",
            allowed=summed),
    Mistake("first-reference-only",
            "Only the first reference of each picture is looked at.",
            allowed=lambda q: lambda references: q.counted(references[0])),
    Mistake("last-reference-only",
            "Only the last reference of each picture is looked at: the counts are made anew for "
            "each one.",
            allowed=lambda q: lambda references: q.counted(references[-1])),
    Mistake("references-of-all-pictures",
            "The references of all pictures count for every caption. Each caption has its own.",
            allowed=of_all_pictures),
    Mistake("different-ngrams-only",
            "Each n-gram counts once, however often it occurs (a set forgets repetitions). Count "
            "them.",
            counted=lambda q: lambda caption: Counter(set(q.grams(caption)))),
    Mistake("mean-of-captions",
            "The precision of each caption is taken, and their mean. Matches and n-grams are added "
            "up over all captions first, and divided once.",
            precision=mean_of_captions),
    Mistake("words-below-the-line",
            "The matches are divided by the number of words. There are fewer n-grams than words: a "
            "caption of 5 words has 4 pairs.",
            size=lambda q: lambda hypothesis, references: len(hypothesis.split())),
    Mistake("recall",
            "The matches are divided by the n-grams of the references. That would be a recall; "
            "precision divides by those of the captions.",
            size=reference_size),
    Mistake("last-ngram-missing",
            "The last n-gram of each caption is missing: w words have w - n + 1 of them.",
            grams=cut_grams),
    Mistake("single-words",
            "Single words are counted whatever `n` is.",
            grams=lambda q: lambda caption: [(word,) for word in caption.split()]),
    Mistake("shorter-ngrams-too",
            "Shorter n-grams are counted together with those of n words. Only those of exactly n "
            "words belong here.",
            grams=shorter_grams),
    Mistake("letters",
            "Letters are counted, not words: `split()` the caption first.",
            grams=letters),
    Mistake("order-ignored",
            "The words of an n-gram are compared without their order (as a set, or sorted). \"dog "
            "a\" is not \"a dog\".",
            grams=lambda q: lambda caption: [tuple(sorted(g)) for g in q.usual.grams(caption)]),
    Mistake("matches-only",
            "The number of matches is returned. Divide it by the number of n-grams.",
            precision=lambda q: float(sum(matched for matched, _ in q.pairs))),
    Mistake("percent",
            "The result is in percent. A number from 0 to 1 is asked for.",
            precision=lambda q: 100 * q.usual.precision),
]

PRECISION = Exercise(
    "modified_precision",
    notebook=NOTEBOOK,
    shapes={"precision": ""},
    arguments=["hypotheses", "references", "n"],
    outputs=["precision"],
    equations=Precision,
    reference=inspect.unwrap(_metrics.modified_precision),
    mistakes=PRECISION_MISTAKES,
    cases=precision_cases,
)

EXERCISES = [TEMPERATURE, BEAM, PRECISION]
