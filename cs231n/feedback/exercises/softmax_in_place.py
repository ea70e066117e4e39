"""The exercise `softmax_in_place`."""

import tracemalloc

import numpy as np

import cs231n.classifiers.fast_rnn
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.compare import snapshot
from cs231n.feedback.exercise import Attempt, Exercise
from cs231n.feedback.guard import call
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Fast_Captioning"

fast_rnn = private_copy(cs231n.classifiers.fast_rnn)


def softmax_case(label, rng, M=6, V=5, dtype=np.float64):
    weights = 0.5 + rng.rand(M)
    weights[1:3] = 0
    given = {"scores": rng.randn(M, V).astype(dtype),
             "targets": rng.randint(V, size=M),
             "weights": weights.astype(dtype)}
    return Case(label, given, {"M": M, "V": V}, dtype)


def softmax_cases():
    rng = np.random.RandomState(2)
    # Large, and of another size in each row; within a row, no probability underflows, since
    # -log of a probability is an honest way to the loss.
    large = softmax_case("large scores (up to 6000)", rng)
    large.given["scores"] += 1000 * np.arange(1, 7)[:, None]
    return [
        softmax_case("", rng),
        softmax_case("one row only (M = 1)", rng, M=1),
        softmax_case("a vocabulary of one word (V = 1)", rng, V=1),
        softmax_case(SQUARE, rng, M=5, V=5),
        large,
        softmax_case("float32 arguments", rng, dtype=np.float32),
    ]


class SoftmaxInPlace(Equations):
    """`scores_now` is what the array `scores` holds afterwards."""

    PLACES = {"shifted": "what is taken away before `exp`", "sums": "the sums of the exponentials",
              "of_targets": "when the scores of the targets are read",
              "loss": "the loss", "scores_now": "what `scores` holds in the end",
              "weighted_probs": "the weights", "weighted_ones": "what is taken off at the targets"}

    def shifted(q):
        return q.scores - q.scores.max(axis=1, keepdims=True)

    def exps(q):
        return np.exp(q.shifted)

    def sums(q):
        return q.exps.sum(axis=1)

    def probs(q):
        return q.exps / q.sums[:, None]

    def rows(q):
        return np.arange(len(q.scores))

    def of_targets(q):
        return q.shifted[q.rows, q.targets]

    def loss(q):
        return np.sum(q.weights * (np.log(q.sums) - q.of_targets))

    def weighted_probs(q):
        return q.probs * q.weights[:, None]

    def weighted_ones(q):
        ones = np.zeros_like(q.scores)
        ones[q.rows, q.targets] = q.weights
        return ones

    def scores_now(q):
        return q.weighted_probs - q.weighted_ones


def _one_hot(q):
    ones = np.zeros_like(q.scores)
    ones[q.rows, q.targets] = 1
    return ones


def _down_the_columns(q):
    exps = np.exp(q.scores - q.scores.max(axis=0))
    return exps / exps.sum(axis=0)


def _loss_of(q, probabilities):
    return -np.sum(q.weights * np.log(probabilities[q.rows, q.targets]))


def _whole_columns(q, weights=1):
    ones = np.zeros_like(q.scores)
    ones[:, q.targets] = weights
    return ones


SOFTMAX_MISTAKES = [
    Mistake("scores-unchanged",
            "`scores` is as it was before. `scores = scores - ...` makes a new array and gives it "
            "the name `scores`; the caller's array does not see it. `scores -= ...`, "
            "`np.exp(scores, out=scores)` and `scores[...] = ...` write into the array itself.",
            scores_now=lambda q: q.scores),
    Mistake("ends-with-shifted-scores",
            "Only the subtraction of the maximum is done in place: `scores` holds the shifted "
            "scores. A later line makes a new array (`scores = np.exp(scores)`, say).",
            scores_now=lambda q: q.shifted),
    Mistake("ends-with-exponentials",
            "`scores` ends up holding the exponentials. Divide them by their sums, and go on to "
            "the gradient, in place too.",
            scores_now=lambda q: q.exps),
    Mistake("ends-with-probabilities",
            "`scores` ends up holding probabilities. The gradient is one step further: 1 less at "
            "the target, and all of it times the weight of the row.",
            scores_now=lambda q: q.probs),
    Mistake("ends-with-weighted-probabilities",
            "`scores` ends up holding the weighted probabilities: at the target of each row, its "
            "weight is still to be subtracted.",
            scores_now=lambda q: q.weighted_probs),
    Mistake("gradient-not-weighted",
            "The gradient is not weighted. A row with weight 0 is padding and must not train "
            "anything; multiply each row by its weight.",
            scores_now=lambda q: q.probs - _one_hot(q)),
    Mistake("one-not-weighted",
            "The probabilities are weighted, but 1 is subtracted at the targets. Their share is "
            "weighted like everything else: subtract the weight of the row.",
            weighted_ones=_one_hot),
    Mistake("probabilities-not-weighted",
            "The weight of the row is subtracted at the targets, but the probabilities are not "
            "multiplied by it.",
            weighted_probs=lambda q: q.probs),
    Mistake("loss-not-weighted",
            "The loss counts every row as 1. Multiply the loss of each row by its weight; where "
            "the weight is 0 there is padding.",
            loss=lambda q: np.sum(np.log(q.sums) - q.of_targets)),
    Mistake("loss-averaged",
            "The loss is averaged over the rows. It is their weighted sum: the weights hold the "
            "1 / N already.",
            loss=lambda q: np.mean(q.weights * (np.log(q.sums) - q.of_targets))),
    Mistake("loss-divided-by-weights",
            "The loss is divided by the sum of the weights: a weighted mean. It is the weighted "
            "sum; the weights hold the 1 / N already.",
            loss=lambda q: q.usual.loss / q.weights.sum()),
    Mistake("gradient-divided-by-weights",
            "The gradient is divided by the sum of the weights. The loss is the weighted sum, no "
            "mean; the weights hold the 1 / N already.",
            scores_now=lambda q: q.usual.scores_now / q.weights.sum()),
    Mistake("read-after-exp",
            "The loss reads the targets' scores from `scores` after `exp` has overwritten them. "
            "Working in place, what is still needed has to be read before it is gone.",
            of_targets=lambda q: q.exps[q.rows, q.targets]),
    Mistake("read-at-the-end",
            "The loss reads the targets' scores from `scores` when it holds the gradient already. "
            "Working in place, what is still needed has to be read before it is gone.",
            of_targets=lambda q: q.scores_now[q.rows, q.targets]),
    Mistake("read-before-the-shift",
            "The loss reads the targets' scores before the maximum is subtracted, and the sums "
            "after that. Both have to belong to the same scores.",
            of_targets=lambda q: q.scores[q.rows, q.targets]),
    Mistake("loss-negative",
            "The loss has the wrong sign: it is `-log` of the probability of the target.",
            loss=lambda q: -np.sum(q.weights * (np.log(q.sums) - q.of_targets))),
    Mistake("sum-of-all-rows",
            "The exponentials are divided by the sum over *all* rows. Each row is a distribution "
            "of its own: divide it by its own sum (axis 1, with `keepdims=True`).",
            sums=lambda q: np.full(len(q.scores), q.exps.sum())),
    Mistake("down-the-columns",
            "The softmax is taken down the columns (axis 0), so that all rows share a word's "
            "probability. Each row is a distribution over the words: maximum and sum along axis 1.",
            place="the softmax",
            probs=_down_the_columns, loss=lambda q: _loss_of(q, q.probs)),
    Mistake("sums-of-columns",
            "The exponentials are divided by the sum of their column (axis 0). Each row is a "
            "distribution over the words: sum along axis 1.",
            place="the softmax",
            probs=lambda q: q.exps / q.exps.sum(axis=0), loss=lambda q: _loss_of(q, q.probs)),
    Mistake("not-normalised",
            "The exponentials are not divided by their sums, so the gradient is not made of "
            "probabilities.",
            probs=lambda q: q.exps),
    Mistake("mean-for-sum",
            "The exponentials are divided by the mean of their row (`mean` in place of `sum`), so "
            "they do not add up to 1.",
            sums=lambda q: q.exps.mean(axis=1)),
    Mistake("one-taken-off-too-early",
            "The target's share is subtracted before the row is divided by its sum, and so is "
            "divided too. First the probabilities, then 1 less at the target.",
            scores_now=lambda q: (q.exps - _one_hot(q)) * (q.weights / q.sums)[:, None]),
    Mistake("targets-overwritten",
            "The gradient at the targets is overwritten by the (negative) weight: `=` in place of "
            "`-=`. There it is the probability less 1, times the weight.",
            scores_now=lambda q: np.where(q.weighted_ones != 0, -q.weighted_ones,
                                          q.weighted_probs)),
    Mistake("targets-set-to-weights",
            "The gradient at the targets is overwritten by the weight: `=` in place of `-=`.",
            scores_now=lambda q: np.where(_one_hot(q) > 0, q.weights[:, None],
                                          q.weighted_probs)),
    Mistake("weights-added",
            "The weights are added to the probabilities. They multiply them.",
            weighted_probs=lambda q: q.probs + q.weights[:, None]),
    Mistake("loss-of-bare-sums",
            "The logarithm of the sums is missing: the loss of a row is `log(sum)` less the "
            "shifted score of its target.",
            loss=lambda q: np.sum(q.weights * (q.sums - q.of_targets))),
    Mistake("loss-without-targets",
            "The loss leaves out the scores of the targets: it is `log(sum)` less the shifted "
            "score of the target.",
            loss=lambda q: np.sum(q.weights * np.log(q.sums))),
    Mistake("target-scores-added",
            "The scores of the targets are added to `log(sum)`. They have to be subtracted: the "
            "better the target's score, the smaller the loss.",
            loss=lambda q: np.sum(q.weights * (np.log(q.sums) + q.of_targets))),
    Mistake("maximum-of-each-column",
            "The largest score of each column (axis 0) is subtracted. That is another number for "
            "each word, so it changes the softmax; one number for a whole row, its own maximum "
            "(axis 1), does not.",
            shifted=lambda q: q.scores - q.scores.max(axis=0)),
    Mistake("whole-columns",
            "1 is taken off whole columns: `scores[:, targets]` is every row at every target. Each "
            "row has a target of its own: `scores[rows, targets]`, with the numbers of the rows.",
            weighted_ones=lambda q: _whole_columns(q) * q.weights[:, None]),
    Mistake("whole-columns-weighted",
            "The weights are taken off whole columns: `scores[:, targets]` is every row at every "
            "target. Each row has a target of its own: `scores[rows, targets]`, with the numbers "
            "of the rows.",
            weighted_ones=lambda q: _whole_columns(q, q.weights)),
    Mistake("gradient-negative",
            "The gradient has the wrong sign: it is the probability, 1 less at the target.",
            scores_now=lambda q: q.weighted_ones - q.weighted_probs),
    Mistake("one-added",
            "1 is added at the targets. It has to be subtracted there.",
            scores_now=lambda q: q.weighted_probs + q.weighted_ones),
    Mistake("gradient-weighted-twice",
            "The gradient is multiplied by the weights twice.",
            scores_now=lambda q: (q.weighted_probs - q.weighted_ones) * q.weights[:, None]),
    Mistake("gradient-divided-by-rows",
            "The gradient is divided by the number of rows besides. The weights hold the 1 / N "
            "already.",
            scores_now=lambda q: (q.weighted_probs - q.weighted_ones) / len(q.scores)),
    Mistake("loss-of-the-gradient",
            "The loss is computed from `scores` when it holds the gradient already. Its logarithm "
            "means nothing (below 0 it is nan). Working in place, what is still needed has to be "
            "read before it is gone.",
            loss=lambda q: _loss_of(q, q.usual.scores_now)),
    Mistake("loss-without-logarithm",
            "The logarithm is missing: the loss of a row is `-log` of the probability of its "
            "target, not the probability.",
            loss=lambda q: -np.sum(q.weights * q.probs[q.rows, q.targets])),
    Mistake("loss-without-sums",
            "The loss leaves out the logarithm of the sums: only the shifted scores of the targets "
            "are added up.",
            loss=lambda q: -np.sum(q.weights * q.of_targets)),
    Mistake("loss-of-all-words",
            "The loss adds up `-log` of the probabilities of all words. Only that of the target "
            "counts.",
            loss=lambda q: -np.sum(q.weights[:, None] * np.log(q.probs))),
    Mistake("loss-of-each-row",
            "There is a loss for each row. One number is asked for: their weighted sum.",
            loss=lambda q: q.weights * (np.log(q.sums) - q.of_targets)),
    Mistake("maximum-missing",
            "`np.exp` of a large score overflows. Subtract the largest score of each row first (in "
            "place): the softmax stays the same, and no exponential is above 1.",
            shifted=lambda q: q.scores),
    Mistake("maximum-of-all-rows",
            "The largest of *all* scores is subtracted from every row. Where a row's own scores "
            "are far below it, all its exponentials become 0. Each row needs its own maximum.",
            shifted=lambda q: q.scores - q.scores.max()),
]


class SoftmaxExercise(Exercise):
    """What counts is the loss that is returned and what the array `scores` holds afterwards."""

    def attempt(self, function, case):
        given = {name: snapshot(case.given[name]) for name in self.arguments}
        result = call(function, *given.values(), axes=self.axes(self.arguments))
        outputs, _ = self.unpack(result, names=["loss"])
        changed = [name for name in self.changed(given, case) if name != "scores"]
        return Attempt({**outputs, "scores_now": given["scores"]}, changed)

    def reference_outputs(self, given):
        scores = given["scores"].copy()
        return {"loss": self.reference(scores, given["targets"], given["weights"]),
                "scores_now": scores}

    def examine_more(self, function, cases):
        """Whether it is done in place, or in new arrays that are copied back in the end."""
        case = softmax_case("", np.random.RandomState(3), M=200, V=500)
        given = [snapshot(case.given[name]) for name in self.arguments]
        already = tracemalloc.is_tracing()
        if not already:
            tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            call(function, *given)
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            if not already:
                tracemalloc.stop()
        if peak < 0.8 * given[0].nbytes:
            return []
        return ["Right. One remark: while it works, it makes new arrays that together are "
                f"{peak / given[0].nbytes:.0f} x as large as `scores`, so it is not done in place "
                "yet. `-=`, `*=` and `np.exp(scores, out=scores)` need none."]


SOFTMAX = SoftmaxExercise(
    "softmax_in_place",
    notebook=NOTEBOOK,
    shapes={"scores": "M V", "targets": "M", "weights": "M", "loss": "", "scores_now": "M V"},
    arguments=["scores", "targets", "weights"],
    outputs=["loss", "scores_now"],
    equations=SoftmaxInPlace,
    reference=fast_rnn.softmax_in_place,
    mistakes=SOFTMAX_MISTAKES,
    cases=softmax_cases,
)

EXERCISES = [SOFTMAX]
