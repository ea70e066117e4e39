"""The exercise `temperature_probabilities`."""

import inspect

import numpy as np

import cs231n.decoding
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Evaluating_Captions"

decoding = private_copy(cs231n.decoding)


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
        apart(case("rows whose scores lie far apart", 3, 5, 0.5)),
        case("float32 arguments", 3, 5, 0.5, dtype=np.float32),
    ]


def apart(case):
    """Each row 2000 above the one before it: softmax knows no difference, `exp` does."""
    case.given["scores"] += 2000 * np.arange(len(case.given["scores"]))[:, None]
    return case


def softmax(scaled, axis=1):
    weights = np.exp(scaled - scaled.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


class Temperature(Equations):
    PLACES = {"scaled": "what the temperature does to the scores",
              "largest": "what is taken away before `exp`",
              "sums": "what the weights are divided by"}

    def scaled(q):
        return q.scores / q.temperature

    def largest(q):
        return q.scaled.max(axis=1, keepdims=True)

    def weights(q):
        return np.exp(q.scaled - q.largest)

    def sums(q):
        return q.weights.sum(axis=1, keepdims=True)

    def probabilities(q):
        return q.weights / q.sums


def _share(weights):
    return weights / weights.sum(axis=1, keepdims=True)


def overflowing(q):
    weights = np.exp(q.scaled)
    return weights / weights.sum(axis=1, keepdims=True)


TEMPERATURE_MISTAKES = [
    Mistake("shifted-above-only",
            "The largest score is taken away from the weights, but not from those in the sum that "
            "they are divided by. Take it away once, and use the same weights above and below.",
            sums=lambda q: np.exp(q.scaled).sum(axis=1, keepdims=True)),
    Mistake("shifted-below-only",
            "The largest score is taken away in the sum, but not from the weights that are divided "
            "by it. Take it away once, and use the same weights above and below.",
            probabilities=lambda q: np.exp(q.scaled) / q.sums),
    Mistake("sums-without-temperature",
            "The sum that the weights are divided by is that of the scores without temperature. "
            "Use the same weights above and below.",
            sums=lambda q: np.exp(q.scores - q.scores.max(axis=1, keepdims=True)).sum(
                axis=1, keepdims=True)),
    Mistake("temperature-multiplied",
            "The scores are multiplied by the temperature. They are divided by it: a low "
            "temperature makes differences larger.",
            scaled=lambda q: q.scores * q.temperature),
    Mistake("temperature-twice",
            "The scores are divided by the temperature twice. Once is enough, before `exp`.",
            scaled=lambda q: q.scores / q.temperature / q.temperature),
    Mistake("temperature-without-effect",
            "The temperature has no effect. Either it is not used, or weights are divided by it "
            "after `exp`, where the normalisation takes it out again. Divide the scores, before "
            "`exp`.",
            scaled=lambda q: q.scores),
    Mistake("sign",
            "The signs of the scores are turned around: the worst word becomes the most probable.",
            scaled=lambda q: -q.scores / q.temperature),
    Mistake("divided-without-rest",
            "`//` rounds the quotient down to a whole number, so most of what tells the words "
            "apart is lost. Divide by `/`.",
            scaled=lambda q: q.scores // q.temperature),
    Mistake("only-the-maximum-divided",
            "Only the maximum is divided by the temperature, not the score that it is taken from "
            "(`/` comes before `-`), so the temperature has no effect. Divide the whole score.",
            weights=lambda q: np.exp(q.scores - q.largest)),
    Mistake("maximum-of-all-rows",
            "The largest score of the *whole array* is taken away from every row. Where all scores "
            "of a row are far below it, all weights of that row become 0, and 0 / 0 is nan. Each "
            "row needs its own maximum.",
            largest=lambda q: q.scaled.max()),
    Mistake("maximum-of-each-column",
            "The largest score of each column (axis 0) is taken away. That is another number for "
            "each word, so it changes the probabilities; what may be taken away is one number for "
            "a whole row, its own maximum (axis 1).",
            largest=lambda q: q.scaled.max(axis=0)),
    Mistake("sum-over-captions",
            "The weights are divided by the sum of their column (axis 0). Each row is normalised "
            "over its words, axis 1.",
            sums=lambda q: q.weights.sum(axis=0)),
    Mistake("sum-of-all-rows",
            "The weights are divided by the sum of the whole array, so that all rows together add "
            "up to 1. Each row has to, for itself: sum over axis 1, and keep the axis.",
            sums=lambda q: q.weights.sum()),
    Mistake("divided-by-the-number-of-words",
            "The weights are divided by the number of words (a mean in place of a sum), so the "
            "rows do not add up to 1.",
            sums=lambda q: np.full_like(q.usual.sums, q.scores.shape[1])),
    Mistake("multiplied-by-number",
            "The weights are divided by their mean, so that each row adds up to the number of "
            "words. Divide by the sum.",
            sums=lambda q: q.weights.mean(axis=1, keepdims=True)),
    Mistake("multiplied-by-the-sum",
            "The weights are multiplied by the sum of their row. Divide by it.",
            probabilities=lambda q: q.weights * q.sums),
    Mistake("upside-down",
            "The quotient is upside down: the sum of the row is divided by the weights.",
            probabilities=lambda q: q.sums / q.weights),
    Mistake("temperature-upside-down",
            "The quotient is upside down: the temperature is divided by the scores.",
            scaled=lambda q: q.temperature / q.scores),
    Mistake("scores-as-powers",
            "The scores are raised to the power 1 / temperature. It is the *probabilities* that "
            "this may be done to; the scores are divided by the temperature, before `exp`.",
            probabilities=lambda q: _share(np.abs(q.scores) ** (1 / q.temperature))),
    Mistake("powers-of-the-temperature",
            "The temperature itself is raised to the scores. Divide the scores by it, and take "
            "`exp` of the quotient.",
            probabilities=lambda q: _share(q.temperature ** q.scores)),
    Mistake("softmax-twice",
            "The softmax is taken twice: once of the scores, and once more of the probabilities.",
            probabilities=lambda q: softmax(q.weights / q.sums)),
    Mistake("softmax-of-divided-probabilities",
            "The probabilities are divided by the temperature, and the softmax is taken of them "
            "once more. It is the *scores* that are divided, before the only softmax.",
            probabilities=lambda q: softmax(softmax(q.scores) / q.temperature)),
    Mistake("not-exponential",
            "`exp` is missing: the shifted scores are divided by their sum.",
            weights=lambda q: q.scaled - q.largest),
    Mistake("base-two",
            "The base is 2 (`exp2`). Softmax has the base e: `exp`.",
            weights=lambda q: np.exp2(q.scaled - q.largest)),
    Mistake("not-normalised",
            "The rows do not add up to 1. Divide each row by its sum.",
            probabilities=lambda q: np.exp(q.scaled)),
    Mistake("not-normalised-after-shift",
            "The rows do not add up to 1: the largest weight of each row is 1. Divide each row by "
            "its sum.",
            sums=lambda q: np.ones_like(q.usual.sums)),
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
    Mistake("powers",
            "The probabilities are raised to the power 1 / temperature, which is right, but the "
            "rows are not divided by their sums after that.",
            probabilities=lambda q: softmax(q.scores) ** (1 / q.temperature)),
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
    reference=inspect.unwrap(decoding.temperature_probabilities),
    mistakes=TEMPERATURE_MISTAKES,
    cases=temperature_cases,
)

EXERCISES = [TEMPERATURE]
