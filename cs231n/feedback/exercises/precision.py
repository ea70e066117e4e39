"""The exercise `modified_precision`."""

import inspect
from collections import Counter

import numpy as np

import cs231n.metrics
from cs231n.feedback.cases import Case
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake, Quantities
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Evaluating_Captions"

metrics = private_copy(cs231n.metrics)


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
        case("a last caption with fewer than n words", 2, ["a dog runs on", "a"],
             [["the dog runs"], ["a cat", "a"]]),
        case("no caption with n words", 3, ["a dog", "a"], [["a dog runs"], ["a b c"]]),
        case("no match", 1, ["red", "green blue"], [["a", "b"], ["c d"]]),
        case("captions that equal a reference", 2, ["a dog runs", "on it"],
             [["a dog runs", "x"], ["y", "on it"]]),
    ]


class Precision(Equations):
    PLACES = {"grams": "which n-grams a caption has", "counted": "how often each one counts",
              "allowed": "how often each n-gram may count", "matches": "what is a match",
              "size": "what the matches are divided by",
              "pairs": "which captions and references are looked at together",
              "precision": "what is done with the two numbers in the end"}

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


def grams_of(n):
    """All n-grams of a caption, for n as a function of q."""
    def equation(q):
        def of(caption):
            words, size = caption.split(), n(q)
            return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)] \
                if size else []
        return of
    return equation


def overrunning_grams(q):
    def of(caption):
        words = caption.split()
        return [tuple(words[i : i + q.n]) for i in range(len(words))]
    return of


def fewest(q):
    def of(references):
        first, *others = map(q.counted, references)
        for other in others:
            first &= other
        return first
    return of


def of_one_reference(choose):
    """Matches with each reference for itself, of which `choose` makes one number."""
    def equation(q):
        return lambda hypothesis, references: choose(
            [sum((q.counted(hypothesis) & q.counted(r)).values()) for r in references])
    return equation


def once_each(q):
    return lambda hypothesis, references: len(q.counted(hypothesis) & q.allowed(references))


def earlier_pictures_too(q):
    known, pairs = [], []
    for hypothesis, references in zip(q.hypotheses, q.references):
        known += references
        pairs.append((q.matches(hypothesis, known), q.size(hypothesis, known)))
    return pairs


def smoothed(pairs):
    matched, total = map(sum, zip(*pairs))
    return (matched + 1) / (total + 1)


def _divided(matched, total):
    return matched / total if total else 0.0


def _precision(q, size):
    return Quantities(Precision.all(), {**q.given, "n": size}).precision


def limits_size(q):
    return lambda hypothesis, references: sum(q.allowed(references).values())


def mean_of_long_captions(q):
    return float(np.mean([matched / total for matched, total in q.pairs if total] or [0.0]))


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
    Mistake("fewest-of-the-references",
            "An n-gram counts at most as often as in the reference that has *least* of it (the "
            "smaller count, `&` or `min`). The limit is the reference that has most of it, the "
            "largest of these counts.",
            allowed=fewest),
    Mistake("best-reference",
            "Each caption is held against one reference, the one with the most matches. The limit "
            "is found for each n-gram on its own: different n-grams may find theirs in different "
            "references.",
            matches=of_one_reference(max)),
    Mistake("matches-of-all-references",
            "The matches with each reference are added up, so that an n-gram counts several times. "
            "First comes the limit, the largest count of all references, then the matches.",
            matches=of_one_reference(sum)),
    Mistake("mean-of-the-references",
            "The matches are averaged over the references. The limit of an n-gram is its largest "
            "count in a single one of them.",
            matches=of_one_reference(np.mean)),
    Mistake("clipped-at-one",
            "Each matching n-gram counts once, however often caption and reference have it. It "
            "counts as often as both have it: the smaller of the two counts.",
            matches=once_each),
    Mistake("limits-as-matches",
            "The limits are added up as matches. A match is as often as the caption *and* a "
            "reference have it: the smaller of count and limit.",
            matches=lambda q: lambda hypothesis, references: sum(
                q.allowed(references).values())),
    Mistake("matches-of-the-last-caption",
            "Only the matches of the last caption are left above the line (`=` in place of `+=`).",
            precision=lambda q: _divided(q.pairs[-1][0], sum(t for _, t in q.pairs))),
    Mistake("ngrams-of-the-last-caption",
            "Only the n-grams of the last caption are left below the line (`=` in place of `+=`).",
            precision=lambda q: _divided(sum(m for m, _ in q.pairs), q.pairs[-1][1])),
    Mistake("earlier-references-kept",
            "The limits are kept from one picture to the next, so the references of earlier "
            "pictures count too. Each caption has its own: start with empty limits for each.",
            pairs=earlier_pictures_too),
    Mistake("first-caption-alone",
            "Only the first caption is looked at: the function returns inside the loop. All "
            "captions have to be gone through before it returns.",
            pairs=lambda q: q.usual.pairs[:1]),
    Mistake("last-caption-alone",
            "Only the last caption counts: the sums are set back to 0 for each caption. Set them "
            "to 0 once, before the loop.",
            pairs=lambda q: q.usual.pairs[-1:]),
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
    Mistake("divided-by-captions",
            "The matches are divided by the number of captions. Precision divides by the number of "
            "all their n-grams.",
            size=lambda q: lambda hypothesis, references: 1),
    Mistake("different-ngrams-below-the-line",
            "The matches are divided by the number of *different* n-grams. Repeated ones count "
            "below the line, too, as often as they occur.",
            size=lambda q: lambda hypothesis, references: len(q.counted(hypothesis))),
    Mistake("negative-sizes",
            "A caption with fewer than n words takes something away below the line: "
            "w - n + 1 is below 0 there. It has 0 n-grams.",
            size=lambda q: lambda hypothesis, references: len(hypothesis.split()) - q.n + 1),
    Mistake("limits-below-the-line",
            "The matches are divided by the limits, which come from the references. That would be "
            "a recall; precision divides by the n-grams of the captions.",
            size=limits_size),
    Mistake("recall",
            "The matches are divided by the n-grams of the references. That would be a recall; "
            "precision divides by those of the captions.",
            size=reference_size),
    Mistake("one-word-more",
            "The n-grams have n + 1 words: one too many.",
            grams=grams_of(lambda q: q.n + 1)),
    Mistake("one-word-less",
            "The n-grams have n - 1 words: one is missing.",
            grams=grams_of(lambda q: q.n - 1)),
    Mistake("over-the-end",
            "The slices run over the end of the caption: the last ones have fewer than n words. A "
            "caption of w words has w - n + 1 n-grams, not w.",
            grams=overrunning_grams),
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
    Mistake("mean-of-all-sizes",
            "The precisions for 1 to n words are averaged. Only that for exactly n words is asked "
            "for; `bleu` brings the sizes together.",
            precision=lambda q: float(np.mean([_precision(q, size)
                                               for size in range(1, q.n + 1)]))),
    Mistake("product-of-all-sizes",
            "The precisions for 1 to n words are multiplied. Only that for exactly n words is "
            "asked for; `bleu` brings the sizes together.",
            precision=lambda q: float(np.prod([_precision(q, size)
                                               for size in range(1, q.n + 1)]))),
    Mistake("looked-for-in-the-text",
            "The n-grams are looked for in the text of the reference (`count` or `in` of a text), "
            "where \"a\" is found in \"cat\" too, and what overlaps is not. Count whole words: "
            "split the references, and make n-grams of them.",
            matches=lambda q: lambda hypothesis, references: sum(
                min(count, max(r.count(" ".join(gram)) for r in references))
                for gram, count in q.counted(hypothesis).items())),
    Mistake("letters",
            "Letters are counted, not words: `split()` the caption first.",
            grams=letters),
    Mistake("order-ignored",
            "The words of an n-gram are compared without their order (as a set, or sorted). \"dog "
            "a\" is not \"a dog\".",
            grams=lambda q: lambda caption: [tuple(sorted(g)) for g in q.usual.grams(caption)]),
    Mistake("mean-of-long-captions",
            "The precision of each caption that has n words is taken, and their mean. Matches and "
            "n-grams are added up over all captions first, and divided once.",
            precision=mean_of_long_captions),
    Mistake("whole-part",
            "`//` keeps only the whole part of the quotient, which is 0 unless everything matches. "
            "Divide by `/`.",
            precision=lambda q: q.usual.precision // 1),
    Mistake("zero-for-a-short-last-caption",
            "0 is returned where the *last* caption has no n-grams, whatever the others have. What "
            "must not be 0 is the number that is divided by: the sum over all captions.",
            precision=lambda q: q.usual.precision if q.pairs[-1][1] else 0.0),
    Mistake("zero-for-any-short-caption",
            "0 is returned as soon as one caption has fewer than n words. It has no n-grams, so it "
            "adds nothing; the others still count.",
            precision=lambda q: q.usual.precision if all(t for _, t in q.pairs) else 0.0),
    Mistake("one-added",
            "1 is added above and below the line (smoothing). The plain quotient is asked for.",
            precision=lambda q: smoothed(q.pairs)),
    Mistake("one-minus",
            "The share of n-grams that do *not* match is returned.",
            precision=lambda q: 1 - q.usual.precision),
    Mistake("upside-down",
            "The quotient is upside down: n-grams divided by matches.",
            precision=lambda q: 1 / (q.usual.precision or np.inf)),
    Mistake("n-grams-only",
            "The number of n-grams is returned. The matches have to be divided by it.",
            precision=lambda q: float(sum(total for _, total in q.pairs))),
    Mistake("matches-only",
            "The number of matches is returned. Divide it by the number of n-grams.",
            precision=lambda q: float(sum(matched for matched, _ in q.pairs))),
    Mistake("percent",
            "The result is in percent. A number from 0 to 1 is asked for.",
            precision=lambda q: 100 * q.usual.precision),
]

PRECISION_ADVICE = [
    ("dict_values", "`.values()` gives all counts, not their sum: take the `sum` of them."),
    ("division by zero|divide by zero", "No caption has n words here, so there are no n-grams to "
     "divide by: nothing may be divided by 0. The precision is 0 then."),
    ("object has no attribute 'split'", "A caption is a text, and `references` holds a *list* of "
     "texts for each caption: go through the list."),
    ("empty (sequence|iterable)", "Where there is nothing to choose from, `max` needs "
     "`default=0`."),
]

PRECISION = Exercise(
    "modified_precision",
    notebook=NOTEBOOK,
    shapes={"precision": ""},
    arguments=["hypotheses", "references", "n"],
    outputs=["precision"],
    equations=Precision,
    reference=inspect.unwrap(metrics.modified_precision),
    most_pairs=200,
    advice=PRECISION_ADVICE,
    mistakes=PRECISION_MISTAKES,
    cases=precision_cases,
)

EXERCISES = [PRECISION]
