"""The exercises `attention_weights`, `attention_forward` and `attention_backward`."""

import math

import numpy as np

from cs231n.feedback.cases import LARGE, SQUARE, Case
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import attention

NOTEBOOK = "Attention_Captioning"
softmax = attention.softmax
SIZES = {"N": 3, "T": 5, "S": 4, "E": 6, "M": 2}


# ---- The arguments ------------------------------------------------------------------------------


def _mask(rng, *shape):
    """A mask that lets every query look somewhere."""
    mask = rng.rand(*shape) < 0.5
    mask[..., 0] |= ~mask.any(axis=-1)
    return mask


def attention_case(label, seed, mask="", dropout=False, scale=1.0, dtype=np.float64, **changed):
    """A case; `mask` gives the axes of a random mask, "causal" one, "" none."""
    sizes = {**SIZES, **changed}
    N, T, S, E, M = (sizes[letter] for letter in "NTSEM")
    rng = np.random.RandomState(seed)
    given = {"query": scale * rng.randn(N, T, E), "key": scale * rng.randn(N, S, E),
             "value": scale * rng.randn(N, S, M), "dout": scale * rng.randn(N, T, M)}
    given = {name: array.astype(dtype) for name, array in given.items()}
    given["mask"] = given["dropout"] = None
    if mask == "causal":
        given["mask"] = attention.causal_mask(T)
    elif mask:
        given["mask"] = _mask(rng, *(sizes[axis] for axis in mask.split()))
    if dropout:
        given["dropout"] = ((rng.rand(N, T, S) < 0.7) / 0.7).astype(dtype)
    return Case(label, given, sizes, dtype)


def weights_cases():
    return [
        attention_case("", 1),
        attention_case("a mask of as many sources as queries", 9, mask="causal", S=5),
        attention_case("a mask for each example (N, T, S)", 2, mask="N T S"),
        attention_case("a mask that all examples share (T, S)", 3, mask="T S"),
        attention_case("one example only (N = 1)", 4, N=1),
        attention_case("one query only (T = 1)", 5, T=1),
        attention_case("one source only (S = 1)", 6, S=1),
        attention_case("vectors of one number (E = M = 1)", 7, E=1, M=1),
        attention_case(SQUARE, 8, N=4, T=4, S=4, E=4, M=4),
        attention_case(LARGE, 10, scale=300.0),
        attention_case("float32 arguments", 11, mask="T S", dtype=np.float32),
    ]


def attention_cases():
    return [*weights_cases(), attention_case("dropout", 12, dropout=True)]


# ---- attention_weights --------------------------------------------------------------------------


class Weights(Equations):
    PLACES = {"products": "the products of queries and keys", "scale": "the scale",
              "scores": "the scores", "masked": "where the mask comes in",
              "weights": "how scores become weights"}

    def products(q):  # (N, T, S)
        return q.query @ q.key.transpose(0, 2, 1)

    def scale(q):
        return math.sqrt(q.query.shape[-1])

    def scores(q):
        return q.products / q.scale

    def masked(q):
        return hidden(q, -np.inf)

    def weights(q):
        return softmax(q.masked)


def hidden(q, value):
    """The scores, with another value where a query may not look."""
    return q.scores if q.mask is None else np.where(q.mask, q.scores, value)


def only_with_mask(change):
    """An equation that is changed where there is a mask, and as usual where there is none."""
    return lambda q: q.usual.masked if q.mask is None else change(q)


def share_along(*axes):
    """A softmax along other axes than the last."""
    def weights(q):
        exps = np.exp(q.masked - q.masked.max(axis=axes, keepdims=True))
        return exps / exps.sum(axis=axes, keepdims=True)

    return weights


def _normed(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


WEIGHTS_MISTAKES = [
    Mistake("scale-missing",
            "The scale is missing: the products of queries and keys go into the softmax as they "
            "are. They are divided by `sqrt(E)`; else they grow with E, and the softmax puts "
            "nearly all weight on one source.",
            scale=lambda q: 1.0),
    Mistake("scale-without-root",
            "The products are divided by E. They are divided by its square root: that is how far "
            "products of E numbers spread.",
            scale=lambda q: q.query.shape[-1]),
    Mistake("scale-multiplied",
            "The products are multiplied by `sqrt(E)`. They are divided by it.",
            scale=lambda q: 1 / q.usual.scale),
    Mistake("scale-multiplied-without-root",
            "The products are multiplied by E. They are divided by `sqrt(E)`.",
            scale=lambda q: 1 / q.query.shape[-1]),
    Mistake("scale-squared",
            "The products are divided by `E ** 2`. They are divided by `sqrt(E)`, which is "
            "`E ** 0.5`.",
            scale=lambda q: q.query.shape[-1] ** 2),
    Mistake("scale-from-sources",
            "The scale is `sqrt(S)`, from how many sources there are. It is `sqrt(E)`, from the "
            "length of a query, `query.shape[-1]`: a product is a sum of E numbers.",
            scale=lambda q: math.sqrt(q.key.shape[1])),
    Mistake("scale-from-queries",
            "The scale is `sqrt(T)`, from how many queries there are. It is `sqrt(E)`, from the "
            "length of a query, `query.shape[-1]`.",
            scale=lambda q: math.sqrt(q.query.shape[1])),
    Mistake("scale-from-examples",
            "The scale is `sqrt(N)`, from how many examples there are. It is `sqrt(E)`, from the "
            "length of a query, `query.shape[-1]`.",
            scale=lambda q: math.sqrt(len(q.query))),
    Mistake("scale-after-the-softmax",
            "The weights are divided by `sqrt(E)` after the softmax, so they do not add up to 1. "
            "What is divided are the scores, before the softmax.",
            scale=lambda q: 1.0, weights=lambda q: q.usual.weights / math.sqrt(q.query.shape[-1])),
    Mistake("softmax-over-queries",
            "The softmax runs over the queries (axis 1): for each source, the weights of all "
            "queries add up to 1. It is the other way round: each query shares out its attention "
            "over the sources, along the last axis.",
            weights=share_along(1)),
    Mistake("softmax-over-everything",
            "The softmax runs over queries and sources together, so that the weights of a whole "
            "example add up to 1. Those of each query do: the last axis alone.",
            weights=share_along(1, 2)),
    Mistake("softmax-over-all-examples-too",
            "One softmax runs over all examples, queries and sources. The weights of each query "
            "add up to 1: the last axis alone (`axis=-1`, `keepdims=True`).",
            weights=share_along(0, 1, 2)),
    Mistake("softmax-over-examples",
            "The softmax runs over the examples (axis 0). Examples have nothing to do with each "
            "other: it runs over the sources, along the last axis.",
            weights=share_along(0)),
    Mistake("softmax-missing",
            "The scores are returned as they are: the softmax, which makes shares of them, is "
            "missing.",
            weights=lambda q: q.masked),
    Mistake("not-normalised",
            "The exponentials are not divided by their sums, so the weights of a query do not add "
            "up to 1.",
            weights=lambda q: np.exp(q.masked)),
    Mistake("not-normalised-below-one",
            "The exponentials (with the largest score subtracted) are not divided by their sums, "
            "so the weights of a query do not add up to 1.",
            weights=lambda q: np.exp(q.masked - q.masked.max(axis=-1, keepdims=True))),
    Mistake("softmax-twice",
            "The softmax is taken twice. The second one makes all weights nearly the same.",
            weights=lambda q: softmax(softmax(q.masked))),
    Mistake("sigmoid-for-softmax",
            "Each score goes through a sigmoid. The weights of a query have to add up to 1, which "
            "takes a softmax.",
            weights=lambda q: 1 / (1 + np.exp(-q.masked))),
    Mistake("strongest-source-only",
            "The source with the best score gets all of the weight. A softmax shares it out, so "
            "that a small change of a score changes the weights a little: only so a gradient gets "
            "through.",
            weights=lambda q: np.eye(q.masked.shape[-1])[q.masked.argmax(axis=-1)]),
    Mistake("log-of-weights",
            "The logarithms of the weights are returned. The weights themselves are asked for.",
            weights=lambda q: np.log(softmax(q.masked))),
    Mistake("weights-uniform",
            "All weights are the same, 1 / S, whatever query and key are.",
            weights=lambda q: np.full(q.scores.shape, 1 / q.scores.shape[-1])),
    Mistake("scores-negative",
            "The scores have the wrong sign: the less a key is like the query, the more weight it "
            "gets.",
            products=lambda q: -q.usual.products),
    Mistake("key-not-transposed",
            "`query @ key` multiplies the numbers of a query with one number from each source. "
            "Each query is compared with each key: `query @ key.transpose(0, 2, 1)`, (N, T, E) by "
            "(N, E, S).",
            products=lambda q: q.query @ q.key),
    Mistake("factors-swapped",
            "The factors are swapped: `key @ query^T` is (N, S, T), a row for each source. Each "
            "query gets a row of weights, (N, T, S).",
            products=lambda q: q.key @ q.query.transpose(0, 2, 1)),
    Mistake("weights-transposed",
            "The weights are transposed, (N, S, T). Expected is a row for each query, (N, T, S).",
            weights=lambda q: q.usual.weights.transpose(0, 2, 1)),
    Mistake("query-with-itself",
            "The queries are compared with each other. They are compared with the keys.",
            products=lambda q: q.query @ q.query.transpose(0, 2, 1)),
    Mistake("key-with-itself",
            "The keys are compared with each other. The queries are compared with them.",
            products=lambda q: q.key @ q.key.transpose(0, 2, 1)),
    Mistake("key-of-first-example",
            "All examples are compared with the keys of the first one. Each example has keys of "
            "its own.",
            products=lambda q: q.query @ q.key[0].T),
    Mistake("vectors-normed",
            "Queries and keys are brought to length 1 first, which gives the cosine of their "
            "angle. Scaled dot-product attention takes the products as they are, divided by "
            "`sqrt(E)`.",
            products=lambda q: _normed(q.query) @ _normed(q.key).transpose(0, 2, 1)),
    Mistake("distances-for-products",
            "Queries and keys are compared by their distance. Here they are compared by their "
            "product, `query @ key^T`.",
            products=lambda q: -np.linalg.norm(q.query[:, :, None] - q.key[:, None], axis=-1)),
    # The mask
    Mistake("mask-ignored",
            "The mask is ignored. Where it is False, a query may not look: the weight there is 0.",
            masked=lambda q: q.scores),
    Mistake("mask-inverted",
            "The mask is taken the wrong way round: queries look where it is False. It is True "
            "where a query may look.",
            masked=only_with_mask(lambda q: np.where(q.mask, -np.inf, q.scores))),
    Mistake("mask-inverted-finite",
            "The mask is taken the wrong way round: the scores where it is True become a large "
            "negative number. It is True where a query may look: hide where it is False.",
            masked=only_with_mask(lambda q: np.where(q.mask, -1e30, q.scores))),
    Mistake("scores-times-mask",
            "Where a query may not look, the score is set to 0 (the scores are multiplied by the "
            "mask). A score of 0 is a score like others: after the softmax it still has weight, as "
            "`exp(0)` is 1. What gives no weight is `-inf`.",
            masked=only_with_mask(lambda q: hidden(q, 0))),
    Mistake("mask-after-the-softmax",
            "The mask comes in after the softmax: the weights are set to 0 where a query may not "
            "look, and those that are left no longer add up to 1. Hide the scores before the "
            "softmax.",
            masked=lambda q: q.scores,
            weights=lambda q: q.usual.weights if q.mask is None else q.usual.weights * q.mask),
    Mistake("mask-added",
            "The mask is added to the scores as 0 and 1 (or 1 is taken off where it is False). "
            "That changes some scores a little and hides none: where the mask is False, the score "
            "has to become `-inf`.",
            masked=only_with_mask(lambda q: q.scores + q.mask)),
    Mistake("hidden-by-minus-one",
            "Where a query may not look, the score is -1. That is a score like others; what gives "
            "no weight is `-inf`.",
            masked=only_with_mask(lambda q: hidden(q, -1.0))),
    Mistake("hidden-by-minus-ten",
            "Where a query may not look, the score is lowered by 10 or to -10, which leaves some "
            "weight. What leaves none is `-inf`.",
            masked=only_with_mask(lambda q: hidden(q, -10.0))),
    Mistake("hidden-by-plus-infinity",
            "Where a query may not look, the score becomes `+inf`, so that all weight goes there, "
            "and the softmax gives nan. It has to be `-inf`.",
            masked=only_with_mask(lambda q: hidden(q, np.inf))),
    Mistake("mask-for-scores",
            "The scores are replaced by the mask: where a query may look, all weights are the "
            "same. The mask hides some scores and leaves the others as they are.",
            masked=only_with_mask(
                lambda q: np.where(np.broadcast_to(q.mask, q.scores.shape), 0.0, -np.inf))),
    Mistake("mask-transposed",
            "The mask is transposed. Its rows are the queries, its columns the sources, as in the "
            "scores: it fits as it is.",
            masked=only_with_mask(lambda q: np.where(np.swapaxes(q.mask, -1, -2), q.scores,
                                                     -np.inf))),
]
SHAPES = [("matmul|not aligned|mismatch|broadcast|einsum|operand",
           "Follow the shapes: queries (N, T, E) and keys (N, S, E) give scores (N, T, S), a row "
           "for each query, so the last two axes of the keys change places: "
           "`key.transpose(0, 2, 1)`. (`key.T` turns the axis of the examples round as well.) "
           "Weights (N, T, S) and values (N, S, M) give (N, T, M)."),
          ("invert|ufunc|boolean|subtract",
           "The mask is an array of booleans, or None: ask for None first; `~mask` turns it "
           "round.")]

WEIGHTS = Exercise(
    "attention_weights",
    notebook=NOTEBOOK,
    arguments=["query", "key", "mask"],
    equations=Weights,
    reference=attention.attention_weights,
    mistakes=WEIGHTS_MISTAKES,
    advice=SHAPES,
    cases=weights_cases,
    shapes={"weights": "N T S"},
)


# ---- attention_forward --------------------------------------------------------------------------


class Forward(Weights):
    PLACES = {**Weights.PLACES, "kept": "where dropout comes in",
              "out": "what is taken from the values"}

    def kept(q):
        return q.weights if q.dropout is None else q.weights * q.dropout

    def out(q):
        return q.kept @ q.value


def only_with_dropout(change):
    """An equation that is changed where there is dropout, and as usual where there is none."""
    return lambda q: q.usual.kept if q.dropout is None else change(q)


FORWARD_MISTAKES = [
    Mistake("values-not-weighted",
            "Every query takes the same: the plain mean of the values. Each takes a mean of its "
            "own, with its weights: `weights @ value`.",
            out=lambda q: np.broadcast_to(q.value.mean(axis=1, keepdims=True),
                                          q.usual.out.shape).copy()),
    Mistake("values-summed",
            "Every query takes the sum of all values. Each takes a mean of its own, with its "
            "weights: `weights @ value`.",
            out=lambda q: np.broadcast_to(q.value.sum(axis=1, keepdims=True),
                                          q.usual.out.shape).copy()),
    Mistake("key-for-value",
            "What is taken are the keys. The keys say how much to take, the values what: "
            "`weights @ value`.",
            out=lambda q: q.kept @ q.key),
    Mistake("query-for-value",
            "What is taken are the queries. Taken are the values: `weights @ value`.",
            out=lambda q: q.kept @ q.query),
    Mistake("value-by-the-transpose",
            "The values are weighted by the transposed weights: each source's column in the place "
            "of each query's row. The weights (N, T, S) fit as they are: `weights @ value`.",
            out=lambda q: q.kept.transpose(0, 2, 1) @ q.value),
    Mistake("weights-for-out",
            "The weights are returned as `out`. The values are still to be taken by them: "
            "`weights @ value`.",
            out=lambda q: q.kept),
    Mistake("out-divided-by-sources",
            "`out` is divided by S. The weights of a query add up to 1, so `weights @ value` is a "
            "mean already.",
            out=lambda q: q.usual.out / q.value.shape[1]),
    Mistake("query-added",
            "The queries are added to what is taken. That is done around attention in a "
            "Transformer, not in it: `out` is `weights @ value`.",
            out=lambda q: q.usual.out + q.query),
    Mistake("value-of-first-example",
            "All examples take the values of the first one. Each example has values of its own.",
            out=lambda q: q.kept @ q.value[0]),
    Mistake("value-of-strongest-source",
            "Each query takes the value of one source, the one with the largest weight. It takes a "
            "mean of all, by their weights.",
            out=lambda q: np.take_along_axis(q.value, q.weights.argmax(axis=-1)[..., None],
                                             axis=1)),
    Mistake("dropout-ignored",
            "`dropout` is ignored. Where it is given, the weights are multiplied with it.",
            kept=lambda q: q.weights),
    Mistake("dropout-before-the-softmax",
            "The scores are multiplied with `dropout`. It is multiplied with the weights, after "
            "the softmax.",
            kept=lambda q: q.weights,
            scores=lambda q: q.usual.scores if q.dropout is None else q.usual.scores * q.dropout),
    Mistake("dropout-without-enlarging",
            "The weights that `dropout` keeps are not enlarged. Its factors are 0 or somewhat more "
            "than 1: multiply with them as they are.",
            kept=only_with_dropout(lambda q: q.weights * (q.dropout > 0))),
    Mistake("dropout-normalised",
            "After dropout the weights are divided by their sums again. They stay as they are: "
            "the factors are so large that sums keep their size on average.",
            kept=only_with_dropout(lambda q: q.weights * q.dropout
                                   / (q.weights * q.dropout).sum(axis=-1, keepdims=True))),
    Mistake("dropout-twice",
            "The weights are multiplied with `dropout` twice.",
            kept=only_with_dropout(lambda q: q.weights * q.dropout**2)),
    Mistake("dropout-inverted",
            "The weights are divided by `dropout`. They are multiplied with it.",
            kept=only_with_dropout(lambda q: q.weights / q.dropout)),
]
# What the weights alone show, `out` does not: these give nothing of the shape of a mean.
_OF_WEIGHTS_ALONE = ["factors-swapped", "weights-transposed"]

FORWARD = Exercise(
    "attention_forward",
    notebook=NOTEBOOK,
    arguments=["query", "key", "value", "mask", "dropout"],
    equations=Forward,
    reference=attention.attention_forward,
    mistakes=[m for m in WEIGHTS_MISTAKES if m.name not in _OF_WEIGHTS_ALONE] + FORWARD_MISTAKES,
    advice=SHAPES,
    helpers=[WEIGHTS],
    cases=attention_cases,
)


# ---- attention_backward -------------------------------------------------------------------------


class Backward(Forward):
    PLACES = {"dvalue": "the way to the values", "dkept": "what reaches the weights",
              "dweights": "what reaches the weights", "dscores": "the way back through the softmax",
              "scaled": "the scale", "dquery": "the way to the queries",
              "dkey": "the way to the keys"}

    def dvalue(q):
        return q.kept.transpose(0, 2, 1) @ q.dout

    def dkept(q):
        return q.dout @ q.value.transpose(0, 2, 1)

    def dweights(q):
        return q.dkept if q.dropout is None else q.dkept * q.dropout

    def dscores(q):
        inner = (q.weights * q.dweights).sum(axis=-1, keepdims=True)
        return q.weights * (q.dweights - inner)

    def scaled(q):
        return q.dscores / q.scale

    def dquery(q):
        return q.scaled @ q.key

    def dkey(q):
        return q.scaled.transpose(0, 2, 1) @ q.query


def inner_along(*axes):
    """The way back through a softmax along other axes than the last."""
    return lambda q: q.weights * (q.dweights
                                  - (q.weights * q.dweights).sum(axis=axes, keepdims=True))


BACKWARD_MISTAKES = [
    # Through the softmax
    Mistake("softmax-slope-forgotten",
            "The gradient of the weights goes on as that of the scores: the way back through the "
            "softmax is missing.",
            dscores=lambda q: q.dweights),
    Mistake("softmax-share-only",
            "The way back through the softmax is half done: `weights * dweights` is how a share "
            "grows with its own exponential. All shares are divided by one sum, so the mean of "
            "`dweights`, by the weights, is still to be subtracted.",
            dscores=lambda q: q.weights * q.dweights),
    Mistake("softmax-as-sigmoid",
            "The slope of the softmax is taken to be `weights * (1 - weights)`, number by number, "
            "as for a sigmoid. A score also acts on the weights of all other sources of its query.",
            dscores=lambda q: q.weights * (1 - q.weights) * q.dweights),
    Mistake("softmax-sum-not-weighted",
            "In the way back through the softmax, the sum of `dweights` is subtracted. What is "
            "subtracted is their mean by the weights, `(weights * dweights).sum(...)`.",
            dscores=lambda q: q.weights * (q.dweights - q.dweights.sum(axis=-1, keepdims=True))),
    Mistake("softmax-plain-mean",
            "In the way back through the softmax, the plain mean of `dweights` is subtracted. It "
            "is their mean by the weights, `(weights * dweights).sum(...)`.",
            dscores=lambda q: q.weights * (q.dweights - q.dweights.mean(axis=-1, keepdims=True))),
    Mistake("softmax-sum-not-shared",
            "In the way back through the softmax, the sum is subtracted outside of the product. It "
            "belongs to each source by its weight: `weights * (dweights - sum)`.",
            dscores=lambda q: q.weights * q.dweights
            - (q.weights * q.dweights).sum(axis=-1, keepdims=True)),
    Mistake("softmax-sum-added",
            "In the way back through the softmax, the mean of `dweights` is added. It is "
            "subtracted: a share that grows takes from the others.",
            dscores=lambda q: q.weights * (
                q.dweights + (q.weights * q.dweights).sum(axis=-1, keepdims=True))),
    Mistake("softmax-not-times-weights",
            "In the way back through the softmax, the difference is not multiplied by the weights "
            "of the sources.",
            dscores=lambda q: q.dweights - (q.weights * q.dweights).sum(axis=-1, keepdims=True)),
    Mistake("softmax-sum-over-queries",
            "In the way back through the softmax, the sum runs over the queries (axis 1). The "
            "softmax of each query is one of its own: it runs over the sources, the last axis.",
            dscores=inner_along(1)),
    Mistake("softmax-sum-over-everything",
            "In the way back through the softmax, the sum runs over queries and sources. It runs "
            "over the sources of each query, the last axis alone.",
            dscores=inner_along(1, 2)),
    Mistake("softmax-sum-over-all-examples",
            "In the way back through the softmax, one sum runs over all examples. It runs over the "
            "sources of each query (`axis=-1`, `keepdims=True`).",
            dscores=inner_along(0, 1, 2)),
    Mistake("softmax-as-with-targets",
            "The gradient of the scores is `weights - dweights`, as in a softmax loss. There it is "
            "the gradient of softmax and logarithm together; here it is `weights * (dweights - "
            "sum)`.",
            dscores=lambda q: q.weights - q.dweights),
    Mistake("softmax-negative",
            "The gradient of the scores has the wrong sign.",
            dscores=lambda q: -q.usual.dscores),
    # The scale
    Mistake("scale-missing-backward",
            "The scale is missing in `dquery` and `dkey`. The scores were divided by `sqrt(E)`, so "
            "their gradient is divided by it, too.",
            scaled=lambda q: q.dscores),
    Mistake("dquery-scale-missing",
            "The scale is missing in `dquery`. Divide the gradient of the scores by `sqrt(E)` "
            "once, before it goes to queries and keys.",
            dquery=lambda q: q.usual.dquery * q.scale),
    Mistake("dkey-scale-missing",
            "The scale is missing in `dkey`. Divide the gradient of the scores by `sqrt(E)` once, "
            "before it goes to queries and keys.",
            dkey=lambda q: q.usual.dkey * q.scale),
    Mistake("scale-multiplied-backward",
            "The gradient of the scores is multiplied by `sqrt(E)`. It is divided by it, as the "
            "scores were.",
            scaled=lambda q: q.dscores * q.scale),
    Mistake("scale-twice-backward",
            "The gradient of the scores is divided by `sqrt(E)` twice (or by E). Once is right, "
            "as the scores were.",
            scaled=lambda q: q.dscores / q.scale**2),
    Mistake("dvalue-scaled",
            "`dvalue` is divided by `sqrt(E)`. The scale acts on the scores; the values have "
            "nothing to do with it.",
            dvalue=lambda q: q.usual.dvalue / q.scale),
    # To queries, keys and values
    Mistake("dquery-and-dkey-exchanged",
            "`dquery` and `dkey` are exchanged. Returned are, in this order, the gradients of "
            "query, key and value.",
            dquery=lambda q: q.usual.dkey, dkey=lambda q: q.usual.dquery),
    Mistake("dkey-and-dvalue-exchanged",
            "`dkey` and `dvalue` are exchanged. Returned are, in this order, the gradients of "
            "query, key and value.",
            dkey=lambda q: q.usual.dvalue, dvalue=lambda q: q.usual.dkey),
    Mistake("results-reversed",
            "The gradients are returned in another order: expected are those of query, key and "
            "value.",
            dquery=lambda q: q.usual.dvalue, dvalue=lambda q: q.usual.dquery),
    Mistake("dquery-transposed",
            "`dquery` is made with the transposed gradient of the scores. That has a row for each "
            "query, as `dquery` has: it fits as it is.",
            dquery=lambda q: q.scaled.transpose(0, 2, 1) @ q.key),
    Mistake("dquery-from-query",
            "`dquery` is made of the queries. A product hands to each factor the gradient times "
            "the *other* factor: `dquery` is made of the keys.",
            dquery=lambda q: q.scaled @ q.query),
    Mistake("dkey-not-transposed",
            "`dkey` is made without a transpose. The gradient of the scores has a row for each "
            "query and a column for each source, and `dkey` has a row for each source.",
            dkey=lambda q: q.scaled @ q.query),
    Mistake("dkey-from-key",
            "`dkey` is made of the keys. A product hands to each factor the gradient times the "
            "*other* factor: `dkey` is made of the queries.",
            dkey=lambda q: q.scaled.transpose(0, 2, 1) @ q.key),
    Mistake("dkey-not-transposed-from-key",
            "`dkey` is made of the keys, and without a transpose. It is made of the queries, and "
            "has a row for each source.",
            dkey=lambda q: q.scaled @ q.key),
    Mistake("dvalue-not-transposed",
            "`dvalue` is made with the weights as they are. Their rows are the queries, and "
            "`dvalue` has a row for each source: they are transposed.",
            dvalue=lambda q: q.kept @ q.dout),
    Mistake("dvalue-from-scores",
            "`dvalue` is made with the scores. The values were taken by the weights.",
            dvalue=lambda q: q.scores.transpose(0, 2, 1) @ q.dout),
    Mistake("dvalue-not-weighted",
            "`dvalue` is the same for all sources: the sum of `dout`. Each source was taken by a "
            "weight, and its gradient comes back by the same.",
            dvalue=lambda q: np.broadcast_to(q.dout.sum(axis=1, keepdims=True),
                                             q.value.shape).copy()),
    Mistake("dvalue-of-weights-alone",
            "`dvalue` is made of the weights alone; `dout` is missing in it.",
            dvalue=lambda q: np.broadcast_to(q.kept.sum(axis=1)[..., None], q.value.shape).copy()),
    Mistake("dweights-value-not-transposed",
            "`dout @ value` lacks a transpose. Each query's gradient is compared with each value: "
            "`dout @ value.transpose(0, 2, 1)`, (N, T, M) by (N, M, S).",
            dkept=lambda q: q.dout @ q.value),
    Mistake("dweights-from-key",
            "What reaches the weights is made of the keys. `out` is `weights @ value`, so it is "
            "made of the values.",
            dkept=lambda q: q.dout @ q.key.transpose(0, 2, 1)),
    Mistake("dweights-summed",
            "What reaches the weights is the sum of `dout`, without the values. `out` is "
            "`weights @ value`: a product hands on the gradient times the other factor.",
            dkept=lambda q: np.broadcast_to(q.dout.sum(axis=-1, keepdims=True),
                                            q.weights.shape).copy()),
    Mistake("dvalue-only",
            "`dquery` and `dkey` are zero. What reaches the weights goes on, through the softmax, "
            "to queries and keys.",
            dquery=lambda q: np.zeros_like(q.query), dkey=lambda q: np.zeros_like(q.key)),
    Mistake("all-negative",
            "All gradients have the wrong sign.",
            dquery=lambda q: -q.usual.dquery, dkey=lambda q: -q.usual.dkey,
            dvalue=lambda q: -q.usual.dvalue),
    Mistake("dquery-averaged", "`dquery` is divided by N. Nothing is averaged here.",
            dquery=lambda q: q.usual.dquery / len(q.query)),
    Mistake("dkey-averaged",
            "`dkey` is averaged over the queries. The gradients of all queries add up.",
            dkey=lambda q: q.usual.dkey / q.query.shape[1]),
    Mistake("dvalue-averaged",
            "`dvalue` is averaged over the queries. The gradients of all queries add up.",
            dvalue=lambda q: q.usual.dvalue / q.query.shape[1]),
    # Dropout
    Mistake("dropout-ignored-backward",
            "`dropout` is left out on the way back. It was multiplied with the weights: `dvalue` "
            "comes by what was kept, and what reaches the weights is multiplied with it, too.",
            dvalue=lambda q: q.weights.transpose(0, 2, 1) @ q.dout, dweights=lambda q: q.dkept),
    Mistake("dropout-ignored-in-dvalue",
            "`dvalue` is made with the weights before dropout. The values were taken by those "
            "after it.",
            dvalue=lambda q: q.weights.transpose(0, 2, 1) @ q.dout),
    Mistake("dropout-ignored-in-dweights",
            "What reaches the weights is not multiplied with `dropout`, as the weights were.",
            dweights=lambda q: q.dkept),
    Mistake("dropout-in-the-softmax",
            "The way back through the softmax takes the weights after dropout. It takes those that "
            "the softmax gave.",
            dscores=lambda q: q.kept * (
                q.dweights - (q.kept * q.dweights).sum(axis=-1, keepdims=True))),
    Mistake("dropout-twice-backward",
            "What reaches the weights is multiplied with `dropout` twice.",
            dweights=lambda q: q.dkept if q.dropout is None else q.dkept * q.dropout**2),
]

BACKWARD = BackwardExercise(
    "attention_backward",
    notebook=NOTEBOOK,
    forward=FORWARD,
    equations=Backward,
    reference=attention.attention_backward,
    mistakes=BACKWARD_MISTAKES,
    advice=[("matmul|not aligned|mismatch|broadcast|einsum|operand",
             "Follow the shapes: `dout` (N, T, M) and values (N, S, M) give the gradient of the "
             "weights (N, T, S), and so do the scores. From there, with the keys (N, S, E), comes "
             "`dquery` (N, T, E); transposed, (N, S, T), with the queries (N, T, E), `dkey` (N, S, "
             "E). Where axes change places, it is the last two: `.transpose(0, 2, 1)`.")],
    cases=attention_cases,
)

EXERCISES = [WEIGHTS, FORWARD, BACKWARD]
