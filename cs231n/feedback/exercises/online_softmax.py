"""The optional exercise `online_log_sum_exp`: scores that come in blocks."""

import numpy as np

from cs231n.classifiers import online_softmax
from cs231n.feedback.cases import Case
from cs231n.feedback.compare import same, snapshot
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.guard import call
from cs231n.feedback.outcomes import Crash, Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

_module = private_copy(online_softmax)
ONE_BY_ONE = ("They may come one by one, and only once: walk through them with a single `for` "
              "loop, without `len`, an index or a second walk.")


def cases():
    rng = np.random.RandomState(5)

    def case(label, M, widths, scale=1.0, shift=0.0, rising=0.0, dtype=np.float64):
        blocks = [(scale * rng.randn(M, B) + shift + rising * k).astype(dtype)
                  for k, B in enumerate(widths)]
        return Case(label, {"blocks": blocks}, {"M": M}, dtype)

    return [
        case("", 5, [4, 3, 4], scale=2.0),
        case("a single block", 5, [6]),
        case("blocks of one column", 4, [1, 1, 1, 1]),
        case("one row (M = 1)", 1, [3, 4]),
        case("scores that rise from block to block", 5, [3, 3, 3], rising=6.0),
        case("scores that fall from block to block", 5, [3, 3, 3], rising=-6.0),
        case("scores around 1000", 5, [3, 4], shift=1000.0),
        case("scores around -1000", 5, [3, 4], shift=-1000.0),
        case("float32 scores", 5, [4, 3, 4], dtype=np.float32),
    ]


def log_sum_exp(scores, axis=1):
    largest = scores.max(axis=axis, keepdims=True)
    return np.squeeze(largest, axis) + np.log(np.exp(scores - largest).sum(axis=axis))


class Walk(Equations):
    """Block by block: the largest score so far, and the sum that belongs to it."""

    def largest(q):
        return lambda k: np.max(np.hstack(q.blocks[: k + 1]), axis=1)

    def rescale(q):  # what the sum so far is multiplied by when block k comes
        return lambda k: np.exp(q.largest(k - 1) - q.largest(k))

    def new(q):
        return lambda k: np.exp(q.blocks[k] - q.largest(k)[:, None]).sum(axis=1)

    def total(q):
        total = q.new(0)
        for k in range(1, len(q.blocks)):
            total = total * q.rescale(k) + q.new(k)
        return total

    def result(q):
        return q.largest(len(q.blocks) - 1) + np.log(q.total)


MISTAKES = [
    Mistake("not-rescaled",
            "The sum so far is not put right when a larger score comes: it was taken with the old "
            "largest score. Multiply it by `exp(old - new)`.",
            rescale=lambda q: lambda k: 1.0),
    Mistake("rescaled-the-other-way",
            "The sum so far is multiplied by `exp(new - old)`. A larger score makes the terms so "
            "far *smaller*: `exp(old - new)`.",
            rescale=lambda q: lambda k: np.exp(q.largest(k) - q.largest(k - 1))),
    Mistake("largest-of-the-block",
            "The largest score of the block takes the place of the largest so far, even where it "
            "is smaller, and the sum is not put right for that. Take the larger of the two.",
            largest=lambda q: lambda k: q.blocks[k].max(axis=1), rescale=lambda q: lambda k: 1.0),
    Mistake("largest-begins-at-zero",
            "The largest score begins at 0. Where all scores are far below 0 it stays there, and "
            "every `exp` becomes 0. The largest of nothing is minus infinity, `-np.inf`.",
            largest=lambda q: lambda k: np.maximum(0, q.usual.largest(k))),
    Mistake("last-block-only",
            "Only the last block counts. What came before has to stay in the sum.",
            rescale=lambda q: lambda k: 0.0),
    Mistake("first-block-only",
            "Only the first block counts, as where a `return` stands inside the loop.",
            result=lambda q: log_sum_exp(q.blocks[0])),
    Mistake("largest-not-added",
            "The largest score is missing from the result: the sum holds `exp(score - largest)`, "
            "so its logarithm is too small by the largest.",
            result=lambda q: np.log(q.total)),
    Mistake("largest-subtracted",
            "The largest score is subtracted in the end. It was taken away inside `exp`, so it has "
            "to be added.",
            result=lambda q: np.log(q.total) - q.largest(len(q.blocks) - 1)),
    Mistake("largest-only",
            "The largest score is returned. The logarithm of the sum belongs to it.",
            result=lambda q: q.largest(len(q.blocks) - 1)),
    Mistake("sum-only",
            "The sum is returned without its logarithm.",
            result=lambda q: np.exp(log_sum_exp(np.hstack(q.blocks)))),
    Mistake("logs-added",
            "The results of the blocks are added up. The *sums* of the blocks add up, and the "
            "logarithm comes last.",
            result=lambda q: np.sum([log_sum_exp(block) for block in q.blocks], axis=0)),
    Mistake("one-number",
            "One number for all rows: each row has its own sum, over axis 1.",
            result=lambda q: np.full(len(q.blocks[0]),
                                     log_sum_exp(np.hstack(q.blocks).reshape(1, -1))[0])),
    Mistake("mean",
            "The mean of the exponentials is taken. It is their sum.",
            result=lambda q: q.usual.result - np.log(np.hstack(q.blocks).shape[1])),
    Mistake("negative",
            "The sign is turned around.",
            result=lambda q: -q.usual.result),
    Mistake("overflow",
            "`exp` overflows for large scores, or nothing is left of small ones. Take the largest "
            "score so far away before `exp`.",
            result=lambda q: np.log(np.exp(np.hstack(q.blocks)).sum(axis=1))),
]


class OnlineExercise(Exercise):
    """The blocks may arrive one by one, and only once."""

    def narrow(self, case, name, got, right):
        said = super().narrow(case, name, got, right)
        if "holds nan" in said:
            said = ("`result` holds nan. With minus infinity for the largest score before the "
                    "first block, `exp(old - new)` is 0, as it should be; but `exp(new - old)` is "
                    "inf, and inf times the sum so far, 0, is nan, as is -inf less -inf.")
        return said

    def examine_more(self, function, cases):
        for case in cases[:2]:
            blocks = snapshot(case.given["blocks"])
            try:
                got = call(function, iter(blocks), axes={}, sizes=case.sizes)
            except Crash as crash:
                raise Wrong(f"It needs all blocks at once. {ONE_BY_ONE} {crash}") from crash
            if not same(got, self.expected(case)["result"], case.tolerance):
                raise Wrong(f"It is wrong if the blocks come from a generator. {ONE_BY_ONE}")
        return []


ONLINE = OnlineExercise(
    "online_log_sum_exp",
    notebook="Fast_Captioning",
    shapes={"result": "M"},
    arguments=["blocks"],
    outputs=["result"],
    equations=Walk,
    reference=_module.online_log_sum_exp,
    mistakes=MISTAKES,
    cases=cases,
)

EXERCISES = [ONLINE]
