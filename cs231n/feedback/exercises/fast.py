"""The exercises of Fast_Captioning."""

import tracemalloc

import numpy as np

import cs231n.classifiers.fast_rnn
import cs231n.classifiers.packing
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.compare import as_numbers, same, snapshot
from cs231n.feedback.exercise import Attempt, BackwardExercise, Exercise
from cs231n.feedback.guard import call
from cs231n.feedback.outcomes import Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Fast_Captioning"

packing = private_copy(cs231n.classifiers.packing)
fast_rnn = private_copy(cs231n.classifiers.fast_rnn, sum_by_word=packing.sum_by_word)


# ---- Input products -----------------------------------------------------------------------------


def input_case(label, rng, words, V=7, W=3, G=5, scale=1, dtype=np.float64, integers=np.int64):
    words = np.array(words, dtype=integers)
    shapes = {"W_embed": (V, W), "Wx": (W, G), "b": (G,), "dproducts": (len(words), G)}
    given = {name: (scale * rng.randn(*shape)).astype(dtype) for name, shape in shapes.items()}
    sizes = {"M": len(words), "V": V, "W": W, "G": G}
    return Case(label, {"words": words, **given}, sizes, dtype)


def input_cases():
    rng = np.random.RandomState(0)
    repeated = [3, 0, 3, 5, 1, 1, 3, 2, 0]
    return [
        input_case("", rng, repeated),  # words 4 and 6 do not occur
        input_case("words of which none occurs twice", rng, [5, 2, 0, 4]),
        input_case("one word only (M = 1)", rng, [4]),
        input_case("one word again and again", rng, [2] * 11),
        input_case("words as int32, as in the data set", rng, repeated, integers=np.int32),
        input_case("large numbers (up to about 1000)", rng, repeated, scale=300),
        input_case(SQUARE, rng, [3, 0, 3, 1], V=4, W=4, G=4),
        input_case("float32 arguments", rng, repeated, dtype=np.float32),
    ]


class InputForward(Equations):
    def x(q):  # the vector of each word
        return q.W_embed[q.words]

    def products(q):
        return q.x @ q.Wx + q.b


INPUT_FORWARD_MISTAKES = [
    Mistake("bias-missing",
            "The bias `b` is missing. It is the same at all time steps, so it belongs into this "
            "sum, which is made once, and not into the loop.",
            products=lambda q: q.x @ q.Wx),
    Mistake("not-looked-up",
            "There is one row for each *different* word. That is the table to look up from: in the "
            "result, each of the M words has a row, in the order of `words` (`np.unique` with "
            "`return_inverse=True` says which row is whose).",
            x=lambda q: q.W_embed[np.unique(q.words)]),
    Mistake("whole-vocabulary",
            "There is one row for each word of the vocabulary. In the result, each of the M words "
            "has a row, in the order of `words`: look them up in what you have.",
            x=lambda q: q.W_embed),
    Mistake("sorted",
            "The rows are right, but in the order of the sorted words. Row m has to belong to "
            "`words[m]`.",
            x=lambda q: q.W_embed[np.sort(q.words)]),
]


class InputProducts(Exercise):
    """The forward function has an optional argument `out`, which the engine uses."""

    def examine_more(self, function, cases):
        given = {name: snapshot(cases[0].given[name]) for name in self.arguments}
        right = self.expected(cases[0])["products"]
        out = np.full_like(right, np.nan)
        outputs, _ = self.unpack(call(function, *given.values(), out))
        if not same(outputs["products"], right, cases[0].tolerance):
            raise Wrong("It is right without `out`, but not when `out`, an array to write the "
                        "products into, is given. Return that array then, filled.")
        if not same(out, right, cases[0].tolerance):
            return ["Right. One remark: `out` is ignored, so a new array is made at each step. "
                    "`np.take`, `np.matmul` and `np.add` take `out=out`, and `out=None` too."]
        return []


INPUT_FORWARD = InputProducts(
    "input_products_forward",
    notebook=NOTEBOOK,
    shapes={"words": "M", "W_embed": "V W", "Wx": "W G", "b": "G", "products": "M G"},
    arguments=["words", "W_embed", "Wx", "b"],
    outputs=["products"],
    cache=True,
    equations=InputForward,
    reference=fast_rnn.input_products_forward,
    mistakes=INPUT_FORWARD_MISTAKES,
    cases=input_cases,
)


class InputBackward(InputForward):
    def dx(q):
        return q.dproducts @ q.Wx.T

    def dW_embed(q):
        dW_embed = np.zeros_like(q.W_embed)
        np.add.at(dW_embed, q.words, q.dx)
        return dW_embed

    def dWx(q):
        return q.x.T @ q.dproducts

    def db(q):
        return q.dproducts.sum(axis=0)


def _assigned(q):
    dW_embed = np.zeros_like(q.W_embed)
    dW_embed[q.words] = q.dx
    return dW_embed


def _first_rows(q):
    used = np.unique(q.words)
    dW_embed = np.zeros_like(q.W_embed)
    dW_embed[: len(used)] = q.usual.dW_embed[used]
    return dW_embed


def _last_of_each_word(q):
    """`dproducts` without all but the last occurrence of each word."""
    last = [m for m, word in enumerate(q.words) if word not in q.words[m + 1 :]]
    kept = np.zeros_like(q.dproducts)
    kept[last] = q.dproducts[last]
    return kept


INPUT_BACKWARD_MISTAKES = [
    Mistake("repeated-words-once",
            "In `dW_embed`, a word that occurs more than once keeps only one of its gradients. "
            "`dW_embed[words] = ...` and `dW_embed[words] += ...` write each row once, so the "
            "others are lost: add up the rows of a word first.",
            dW_embed=_assigned),
    Mistake("wrong-rows",
            "In `dW_embed`, the gradients are right but stand in the first rows. The gradient of a "
            "word belongs into the row with its number.",
            dW_embed=_first_rows),
    Mistake("weights-from-one-occurrence",
            "In `dWx`, a word that occurs more than once counts only once. Every row of "
            "`dproducts` has a part in it.",
            dWx=lambda q: q.x.T @ _last_of_each_word(q)),
    Mistake("bias-from-one-occurrence",
            "In `db`, a word that occurs more than once counts only once. `db` is the sum of all "
            "rows of `dproducts`.",
            db=lambda q: _last_of_each_word(q).sum(axis=0)),
    Mistake("bias-averaged",
            "`db` is the mean over the rows of `dproducts`. It has to be their sum: what has to be "
            "divided by N is divided in the loss already.",
            db=lambda q: q.dproducts.mean(axis=0)),
]


class InputProductsBackward(BackwardExercise):
    """The backward function may use up its argument `dproducts`."""

    def reference_outputs(self, given):
        return super().reference_outputs({**given, "dproducts": snapshot(given["dproducts"])})

    def changed(self, given, case):
        return [name for name in super().changed(given, case) if name != "dproducts"]

    def _again(self, function, dout, cache, when):
        return super()._again(function, snapshot(dout), cache, when)


INPUT_BACKWARD = InputProductsBackward(
    "input_products_backward",
    notebook=NOTEBOOK,
    forward=INPUT_FORWARD,
    gradients=["dproducts"],
    shapes={"dproducts": "M G", "dW_embed": "V W", "dWx": "W G", "db": "G"},
    outputs=["dW_embed", "dWx", "db"],
    equations=InputBackward,
    reference=fast_rnn.input_products_backward,
    mistakes=INPUT_BACKWARD_MISTAKES,
    cases=input_cases,
)


# ---- Packing ------------------------------------------------------------------------------------


def mask_of(lengths, T):
    return np.arange(T) < np.array(lengths)[:, None]


def order_cases():
    def case(label, mask):
        return Case(label, {"mask": mask}, {"N": mask.shape[0], "T": mask.shape[1]})

    gap = mask_of([2, 5, 3, 4], 6)
    gap[1, 1:4] = False
    return [
        case("", mask_of([3, 5, 2, 5, 1, 4, 4], 7)),
        case("captions of one length", mask_of([3, 3, 3, 3], 5)),
        case("a minibatch without padding", mask_of([4, 4], 4)),
        case("one caption only (N = 1)", mask_of([3], 6)),
        case("one time step only (T = 1)", mask_of([1, 1, 1], 1)),
        case("a caption that holds nothing but padding", mask_of([2, 0, 3], 5)),
        case("a caption with a gap, whose last word comes after places that do not count", gap),
    ]


class PackingOrder(Equations):
    def places(q):
        return np.arange(1, q.mask.shape[1] + 1)

    def last(q):  # the step of the last word that counts
        return (q.places * q.mask).max(axis=1)

    def lengths(q):
        return np.maximum(q.last, 1)

    def order(q):
        return np.argsort(-q.lengths, kind="stable")

    def sizes(q):  # for all T time steps
        return np.array([np.sum(q.lengths >= place) for place in q.places])

    def batch_sizes(q):
        return q.sizes[: q.lengths.max()]


PACKING_ORDER_MISTAKES = [
    Mistake("shortest-first",
            "`order` begins with the shortest caption. The longest has to come first, so that the "
            "captions that are still running are always the first rows of a step.",
            order=lambda q: np.argsort(q.lengths, kind="stable")),
    Mistake("not-sorted",
            "`order` leaves the captions in their order. They have to be sorted by length, longest "
            "first.",
            order=lambda q: np.arange(len(q.mask))),
    Mistake("rank-for-order",
            "`order` holds the rank of each caption. It has to hold the captions themselves: "
            "`order[0]` is the number of the longest one (`np.argsort` once, not twice).",
            order=lambda q: np.argsort(q.usual.order)),
    Mistake("zeros-at-the-end",
            "`batch_sizes` goes on after the longest caption has ended. It has to stop there: a "
            "step without a row is no step.",
            batch_sizes=lambda q: q.sizes),
    Mistake("one-step-early",
            "`batch_sizes` lets each caption end one step early. A caption of length L has the "
            "steps 0 to L - 1, so at step t those with a length *above* t are running.",
            batch_sizes=lambda q: np.array([np.sum(q.lengths > t + 1)
                                            for t in range(q.lengths.max() - 1)])),
    Mistake("lengths-for-sizes",
            "`batch_sizes` holds the lengths of the captions. It has to hold, for each time step, "
            "how many captions are still running.",
            batch_sizes=lambda q: q.lengths[q.order]),
    Mistake("empty-caption-dropped",
            "A caption that holds nothing but padding has no step at all. It needs one all the "
            "same: every caption has a hidden state, and `batch_sizes[0]` is N.",
            lengths=lambda q: q.last),
    Mistake("places-counted",
            "The length of a caption is taken as the number of places that count. A caption ends "
            "with its *last* word that counts, and what does not count before that word still "
            "belongs to it.",
            last=lambda q: q.mask.sum(axis=1)),
]


class OrderExercise(Exercise):
    """Captions of one length may stand in any order; `batch_sizes` may be a list or an array."""

    def unpack(self, result, names=None, cache=None):
        outputs, cache = super().unpack(result, names, cache)
        if isinstance(outputs["batch_sizes"], (list, tuple)):
            outputs["batch_sizes"] = np.array(outputs["batch_sizes"])
        if isinstance(outputs["order"], (list, tuple)):
            outputs["order"] = np.array(outputs["order"])
        return outputs, cache

    def attempt(self, function, case):
        attempt = super().attempt(function, case)
        right, got = self.expected(case)["order"], as_numbers(attempt.outputs["order"])
        if got is not None and sorted(got.ravel().tolist()) == sorted(right.tolist()):
            lengths = (np.arange(1, case.sizes["T"] + 1) * case.given["mask"]).max(axis=1)
            if got.ndim == 1 and np.array_equal(lengths[got.astype(int)], lengths[right]):
                attempt.outputs["order"] = right
        return attempt

    def reference_outputs(self, given):
        order, batch_sizes = self.reference(given["mask"].copy())
        return {"order": order, "batch_sizes": np.array(batch_sizes)}


PACKING_ORDER = OrderExercise(
    "packing_order",
    notebook=NOTEBOOK,
    shapes={"mask": "N T", "order": "N", "batch_sizes": "T"},
    arguments=["mask"],
    outputs=["order", "batch_sizes"],
    equations=PackingOrder,
    reference=packing.packing_order,
    mistakes=PACKING_ORDER_MISTAKES,
    cases=order_cases,
)


def pack_cases():
    rng = np.random.RandomState(1)

    def case(label, lengths, T, rest=(), dtype=np.float64):
        order, batch_sizes = packing.packing_order(mask_of(lengths, T))
        shape = (len(lengths), T, *rest)
        x = rng.randn(*shape).astype(dtype) if rest else rng.randint(100, size=shape)
        return Case(label, {"x": x, "order": order, "batch_sizes": batch_sizes},
                    {"N": len(lengths), "T": T, "M": sum(lengths)}, dtype)

    return [
        case("", [3, 5, 2, 5, 1, 4], 7),
        case("vectors in place of words, (N, T, D)", [2, 4, 3], 5, (3,)),
        case("a minibatch without padding", [4, 4, 4], 4),
        case("one caption only (N = 1)", [3], 5),
        case("one time step only (T = 1)", [1, 1, 1], 1),
        case("float32 vectors", [2, 4, 3], 5, (3,), np.float32),
    ]


class Pack(Equations):
    def sorted(q):
        return q.x[q.order]

    def step(q, t):
        return q.sorted[: q.batch_sizes[t], t]

    def rows(q):
        return np.concatenate([q.step(t) for t in range(len(q.batch_sizes))])


PACK_MISTAKES = [
    Mistake("not-sorted",
            "The captions are taken in the order of the minibatch. `order` says which caption "
            "comes first, second, and so on.",
            sorted=lambda q: q.x),
    Mistake("order-turned-round",
            "`order` is used the wrong way round: caption n is put at place `order[n]`. Place k "
            "has to hold caption `order[k]`.",
            sorted=lambda q: q.x[np.argsort(q.order)]),
    Mistake("padding-kept",
            "Every time step has a row for every caption, so the padding is still there. Step t "
            "has the first `batch_sizes[t]` captions of the order and no others.",
            step=lambda q, t: q.sorted[:, t]),
    Mistake("caption-by-caption",
            "The rows are those that belong there, but caption by caption. All captions' step 0 "
            "comes first, then step 1 of those that reach it, and so on: then each step is one "
            "slice.",
            rows=lambda q: np.concatenate([
                x[: sum(size > n for size in q.batch_sizes)] for n, x in enumerate(q.sorted)])),
    Mistake("last-captions",
            "Step t takes the *last* `batch_sizes[t]` captions of the order. The longest stand in "
            "front, so those that are still running are the first ones.",
            step=lambda q, t: q.sorted[len(q.order) - q.batch_sizes[t] :, t]),
]

PACK = Exercise(
    "pack",
    notebook=NOTEBOOK,
    shapes={"x": "N T ...", "order": "N", "rows": "M ..."},
    arguments=["x", "order", "batch_sizes"],
    outputs=["rows"],
    equations=Pack,
    reference=packing.pack,
    mistakes=PACK_MISTAKES,
    cases=pack_cases,
)


# ---- Softmax in place ---------------------------------------------------------------------------


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


SOFTMAX_MISTAKES = [
    Mistake("scores-unchanged",
            "`scores` is as it was before. `scores = scores - ...` makes a new array and gives it "
            "the name `scores`; the caller's array does not see it. `scores -= ...`, "
            "`np.exp(scores, out=scores)` and `scores[...] = ...` write into the array itself.",
            scores_now=lambda q: q.scores),
    Mistake("only-shifted-in-place",
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
    Mistake("maximum-not-subtracted",
            "`np.exp` of a large score overflows. Subtract the largest score of each row first (in "
            "place): the softmax stays the same, and no exponential is above 1.",
            shifted=lambda q: q.scores),
    Mistake("one-maximum-for-all",
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

EXERCISES = [INPUT_FORWARD, INPUT_BACKWARD, PACKING_ORDER, PACK, SOFTMAX]
