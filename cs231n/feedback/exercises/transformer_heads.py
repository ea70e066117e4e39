"""The exercises on several heads: `split_heads`, `join_heads`, and attention with them."""

import numpy as np

from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.gradients_by_name import GradientsByName, gradient_name
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import attention

NOTEBOOK = "Transformer_Captioning"
NAMES = attention.PROJECTIONS  # query, key, value, out
PARAMS = [f"{kind}_{name}" for name in NAMES for kind in "Wb"]


# ---- split_heads and join_heads -----------------------------------------------------------------


def split_cases():
    def case(label, N, T, E, K, dtype=np.float64):
        x = np.random.RandomState(N + T).randn(N, T, E).astype(dtype)
        return Case(label, {"x": x, "num_heads": K}, {"N": N, "T": T, "E": E, "K": K}, dtype)

    return [
        case("", 3, 5, 8, 2),
        case("one example only (N = 1)", 1, 4, 6, 3),
        case("one time step only (T = 1)", 3, 1, 6, 2),
        case("one head (K = 1)", 2, 3, 4, 1),
        case("heads of one number (K = E)", 2, 3, 4, 4),
        case(SQUARE, 4, 4, 4, 2),
        case("float32 arguments", 3, 5, 8, 4, np.float32),
    ]


class Split(Equations):
    PLACES = {"apart": "how the numbers are shared out", "moved": "how the axes are moved",
              "heads": "which axes are joined at the end"}

    def apart(q):
        N, T, _ = q.x.shape
        return q.x.reshape(N, T, q.num_heads, -1)  # (N, T, K, C)

    def moved(q):
        return q.apart.transpose(0, 2, 1, 3)  # (N, K, T, C)

    def heads(q):
        N, K, T, C = q.moved.shape
        return q.moved.reshape(N * K, T, C)


def _read_on(q):
    N, T, E = q.x.shape
    return q.x.reshape(N * q.num_heads, T, E // q.num_heads)


def _interleaved(q):
    N, T, _ = q.x.shape
    return q.x.reshape(N, T, -1, q.num_heads).swapaxes(2, 3)


SPLIT_MISTAKES = [
    Mistake("reshape-in-place-of-heads",
            "The heads are split by `reshape` alone. It only reads on, number after number, so it "
            "cuts the *words* of a sequence apart: a head would see some words only. Make an axis "
            "for the heads, (N, T, K, E / K), and move it in front of T (`transpose`) before N and "
            "K are joined.",
            heads=_read_on),
    Mistake("numbers-interleaved",
            "The numbers are dealt out in turn: head 0 gets numbers 0, K, 2 K ... of each vector. "
            "It gets the *first* E / K of them: reshape to (N, T, K, E / K), with K before E / K.",
            apart=_interleaved),
    Mistake("heads-before-examples",
            "All examples of head 0 come first, then those of head 1. The heads of one example "
            "stand together, as N comes before K: (N, K, T, E / K) before the last reshape.",
            heads=lambda q: q.moved.swapaxes(0, 1).reshape(q.usual.heads.shape)),
    Mistake("four-axes",
            "The result has four axes, (N, K, T, E / K). N and K have to be joined to one: "
            "(N K, T, E / K).",
            heads=lambda q: q.moved),
    Mistake("four-axes-not-moved",
            "The heads have an axis of their own, (N, T, K, E / K). It has to be moved in front of "
            "T, and then joined with N.",
            heads=lambda q: q.apart),
    Mistake("time-and-numbers-swapped",
            "The last two axes are swapped: (N K, E / K, T). Expected is (N K, T, E / K).",
            heads=lambda q: q.usual.heads.swapaxes(1, 2)),
    Mistake("heads-joined-with-time",
            "The heads are joined with the words, (N, K T, E / K): each word would look at words "
            "of other heads. They are joined with the examples.",
            heads=lambda q: q.moved.reshape(len(q.x), -1, q.moved.shape[-1])),
    Mistake("one-head-only",
            "Only the first head is returned. All K heads of all examples are: (N K, T, E / K).",
            heads=lambda q: q.moved[:, 0]),
    Mistake("heads-scaled",
            "The numbers are divided by a square root. That belongs to the scores, in "
            "`attention_forward`, and once.",
            heads=lambda q: q.usual.heads / np.sqrt(q.x.shape[-1] // q.num_heads)),
]

SPLIT = Exercise(
    "split_heads",
    notebook=NOTEBOOK,
    outputs=["heads"],
    shapes={"heads": "NK T E/K"},
    reference=attention.split_heads,
    equations=Split,
    cases=split_cases,
    mistakes=SPLIT_MISTAKES,
)


def join_cases():
    cases = []
    for case in split_cases():
        given = {"heads": attention.split_heads(**case.given), "num_heads": case.given["num_heads"]}
        label = SQUARE if case.square else case.label
        cases.append(Case(label, given, case.sizes, case.dtype))
    return cases


class Join(Equations):
    PLACES = {"apart": "how examples and heads are told apart", "moved": "how the axes are moved"}

    def apart(q):
        _, T, C = q.heads.shape
        return q.heads.reshape(-1, q.num_heads, T, C)  # (N, K, T, C)

    def moved(q):
        return q.apart.transpose(0, 2, 1, 3)  # (N, T, K, C)

    def x(q):
        N, T, K, C = q.moved.shape
        return q.moved.reshape(N, T, K * C)


def _joined_by_reading_on(q):
    NK, T, C = q.heads.shape
    return q.heads.reshape(NK // q.num_heads, T, C * q.num_heads)


def _heads_first(q):
    NK, T, C = q.heads.shape
    return q.heads.reshape(q.num_heads, NK // q.num_heads, T, C).swapaxes(0, 1)


JOIN_MISTAKES = [
    Mistake("reshape-in-place-of-heads",
            "The heads are joined by `reshape` alone. It only reads on, so a vector gets numbers "
            "of several *words* of one head. Give the heads an axis, (N, K, T, E / K), move it "
            "behind T, and then join the last two.",
            x=_joined_by_reading_on),
    Mistake("heads-before-examples",
            "The first axis is read as (K, N). `split_heads` put the heads of one example "
            "together: it is (N, K).",
            apart=_heads_first),
    Mistake("numbers-interleaved",
            "The numbers of the heads are dealt out in turn: the first of every head, then the "
            "second. Each head's numbers stand together: (N, T, K, E / K) before the last reshape.",
            x=lambda q: q.moved.swapaxes(2, 3).reshape(q.usual.x.shape)),
    Mistake("heads-summed",
            "The heads are added up. Their numbers stand side by side, E in all.",
            x=lambda q: q.moved.sum(axis=2)),
    Mistake("heads-averaged",
            "The mean over the heads is taken. Their numbers stand side by side, E in all.",
            x=lambda q: q.moved.mean(axis=2)),
    Mistake("four-axes",
            "The result has four axes, (N, T, K, E / K). The last two have to be joined: "
            "(N, T, E).",
            x=lambda q: q.moved),
    Mistake("not-joined",
            "The heads have an axis of their own again, (N, K, T, E / K), and are not joined: move "
            "it behind T, and join the last two.",
            x=lambda q: q.apart),
    Mistake("one-head-only",
            "Only the first head is returned. All K heads stand side by side.",
            x=lambda q: q.moved[:, :, 0]),
    Mistake("time-and-numbers-swapped",
            "The last two axes are swapped: (N, E, T). Expected is (N, T, E).",
            x=lambda q: q.usual.x.swapaxes(1, 2)),
]

JOIN = Exercise(
    "join_heads",
    notebook=NOTEBOOK,
    outputs=["x"],
    arguments=["heads", "num_heads"],
    shapes={"x": "N T E"},
    reference=attention.join_heads,
    equations=Join,
    cases=join_cases,
    mistakes=JOIN_MISTAKES,
)


# ---- multi_head_attention_forward ---------------------------------------------------------------


def attention_cases():
    def case(label, seed, N=2, T=4, S=3, E=6, K=2, dtype=np.float64, scale=1.0, same=False,
             mask=False, dropout=False):
        rng = np.random.RandomState(seed)

        def draw(*shape):
            return (scale * rng.randn(*shape)).astype(dtype)

        x = draw(N, T, E)
        source = x.copy() if same else draw(N, S, E)
        S = source.shape[1]
        params = {name: draw(E, E) / 2 if name[0] == "W" else draw(E) for name in PARAMS}
        given = {"x": x, "source": source, "params": params, "num_heads": K,
                 "mask": np.arange(T)[:, None] >= np.arange(S) if mask else None,
                 "dropout": (rng.rand(N * K, T, S) > 0.3) / 0.7 if dropout else None,
                 "dout": draw(N, T, E)}
        return Case(label, given, {"N": N, "T": T, "S": S, "E": E, "K": K}, dtype)

    return [
        case("", 1),
        case("a mask", 2, T=4, S=4, mask=True),
        case("self-attention with a mask (`source` is `x`)", 3, same=True, mask=True),
        case("dropout", 4, dropout=True),
        case("one example only (N = 1)", 5, N=1),
        case("one time step only (T = 1)", 6, T=1),
        case("one head (K = 1)", 7, K=1),
        case("heads of one number (K = E)", 8, K=6),
        case(SQUARE, 9, N=4, T=4, S=4, E=4, K=2, mask=True, dropout=True),
        case("float32 arguments", 10, dtype=np.float32),
    ]


class MultiHead(Equations):
    PLACES = {"projected": "queries, keys and values", "query_of": "what the queries are made of",
              "key_of": "what the keys are made of", "value_of": "what the values are made of",
              "split": "how the heads are split", "join": "how the heads are joined",
              "scale": "the scale of the scores", "seen": "the mask", "weights": "the weights",
              "kept": "dropout", "joined": "what goes into the last layer",
              "out": "the last layer"}

    def query_of(q):
        return q.x

    def key_of(q):
        return q.source

    def value_of(q):
        return q.source

    def input_of(q, name):
        return {"query": q.query_of, "key": q.key_of, "value": q.value_of}[name]

    def projected(q, name):
        return q.input_of(name) @ q.params[f"W_{name}"] + q.params[f"b_{name}"]

    def split(q, x):
        return attention.split_heads(x, q.num_heads)

    def join(q, x):
        return attention.join_heads(x, q.num_heads)

    def heads(q, name):
        return _indexed(q, "split")(q.projected(name))

    def seen(q):
        return q.mask

    def scale(q):
        return np.sqrt(q.heads("query").shape[-1])

    def scores(q):
        scores = q.heads("query") @ q.heads("key").swapaxes(1, 2) / q.scale
        return scores if q.seen is None else np.where(q.seen, scores, -np.inf)

    def weights(q):
        return attention.softmax(q.scores)

    def kept(q):
        return q.weights if q.dropout is None else q.weights * q.dropout

    def found(q):
        return q.kept @ q.heads("value")

    def joined(q):
        return _indexed(q, "join")(q.found)

    def out(q):
        return q.joined @ q.params["W_out"] + q.params["b_out"]


def _indexed(q, name):
    """An equation with an argument that is an array, which cannot be looked up."""
    return lambda x: q._equations[name](q, x)


def _split_by_reading_on(q, x):
    N, T, E = x.shape
    return x.reshape(N * q.num_heads, T, E // q.num_heads)


def _join_by_reading_on(q, x):
    NK, T, C = x.shape
    return x.reshape(NK // q.num_heads, T, C * q.num_heads)


def _in_turn(q, x):
    N, T, E = x.shape
    K = q.num_heads
    return x.reshape(N, T, E // K, K).transpose(0, 3, 1, 2).reshape(N * K, T, E // K)


def _with(**names):
    """`projected` with the weights or biases of other names."""
    def projected(q, name):
        W, b = names.get(f"W_{name}", f"W_{name}"), names.get(f"b_{name}", f"b_{name}")
        return q.input_of(name) @ q.params[W] + (q.params[b] if b else 0)
    return projected


FORWARD_MISTAKES = [
    Mistake("heads-split-by-reshape-alone",
            "The heads are split by `reshape` alone, which cuts the words of a sequence apart. "
            "Call `split_heads`: an axis for the heads, moved in front of T.",
            split=_split_by_reading_on),
    Mistake("heads-joined-by-reshape-alone",
            "The heads are joined by `reshape` alone, so a vector gets numbers of several words of "
            "one head. Call `join_heads`.",
            join=_join_by_reading_on),
    Mistake("heads-by-reshape-alone",
            "The heads are split and joined by `reshape` alone. It only reads on, number after "
            "number, and mixes up words. Call `split_heads` and `join_heads`.",
            split=_split_by_reading_on, join=_join_by_reading_on),
    Mistake("heads-interleaved",
            "The numbers are dealt out to the heads in turn. Head 0 gets the *first* E / K numbers "
            "of each vector, head 1 the next: `split_heads` does it.",
            split=_in_turn),
    Mistake("not-split",
            "The vectors are not split into heads: one head of E numbers looks for all.",
            split=lambda q, x: x, join=lambda q, x: x),
    Mistake("keys-from-x",
            "The keys are made of `x`, the vectors that look. Keys and values belong to what is "
            "looked *at*: `source`.",
            key_of=lambda q: q.x),
    Mistake("values-from-x",
            "The values are made of `x`, the vectors that look. Keys and values belong to what is "
            "looked *at*: `source`.",
            value_of=lambda q: q.x),
    Mistake("source-ignored",
            "`source` is ignored: queries, keys and values are all made of `x`, so that this is "
            "self-attention always. Keys and values are made of `source`.",
            key_of=lambda q: q.x, value_of=lambda q: q.x),
    Mistake("queries-from-source",
            "The queries are made of `source`. `x` is what looks: queries are made of it.",
            query_of=lambda q: q.source),
    Mistake("x-and-source-exchanged",
            "`x` and `source` are exchanged: the queries are made of `source`, keys and values of "
            "`x`. `x` looks, at `source`.",
            query_of=lambda q: q.source, key_of=lambda q: q.x, value_of=lambda q: q.x),
    Mistake("keys-with-W_query",
            "The keys are made with `W_query`, the weights of the queries. They have their own, "
            "`W_key`.",
            projected=_with(W_key="W_query")),
    Mistake("values-as-keys",
            "The values are made with weights and bias of the keys. What is handed out has "
            "weights of its own, `W_value` and `b_value`.",
            projected=_with(W_value="W_key", b_value="b_key")),
    Mistake("queries-and-keys-exchanged",
            "The weights of queries and keys are exchanged.",
            projected=_with(W_key="W_query", b_key="b_query", W_query="W_key", b_query="b_key")),
    Mistake("keys-and-values-exchanged",
            "Keys and values are exchanged: the keys are compared with the queries, the values are "
            "what is taken.",
            projected=_with(W_key="W_value", b_key="b_value", W_value="W_key", b_value="b_key")),
    Mistake("one-projection-for-all",
            "Queries, keys and values are all made with the weights of the queries. Each has "
            "weights of its own.",
            projected=_with(W_key="W_query", b_key="b_query", W_value="W_query",
                            b_value="b_query")),
    Mistake("biases-missing",
            "The biases of queries, keys and values are missing.",
            projected=_with(b_query=None, b_key=None, b_value=None)),
    Mistake("b_query-missing",
            "`b_query` is missing in the queries.",
            projected=_with(b_query=None)),
    Mistake("b_value-missing",
            "`b_value` is missing in the values.",
            projected=_with(b_value=None)),
    Mistake("weights-transposed",
            "The weights of queries, keys and values are transposed, as PyTorch keeps them. Here "
            "it is `x @ W + b`.",
            projected=lambda q, name: q.input_of(name) @ q.params[f"W_{name}"].T
            + q.params[f"b_{name}"]),
    Mistake("not-projected",
            "Queries, keys and values are the vectors as they are: their three affine layers are "
            "missing.",
            projected=lambda q, name: q.input_of(name)),
    Mistake("W_out-missing",
            "The last layer is missing: what the heads have found goes through `W_out` and "
            "`b_out`, which mixes it.",
            out=lambda q: q.joined),
    Mistake("b_out-missing",
            "`b_out` is missing in the last layer.",
            out=lambda q: q.joined @ q.params["W_out"]),
    Mistake("W_out-transposed",
            "`W_out` is transposed. It is `... @ W_out + b_out`.",
            out=lambda q: q.joined @ q.params["W_out"].T + q.params["b_out"]),
    Mistake("x-added",
            "`x` is added to the result. The sum is made outside, in the layer of the decoder.",
            out=lambda q: q.usual.out + q.x),
    Mistake("mask-ignored",
            "The mask is ignored: hand it on to `attention_forward`.",
            seen=lambda q: None),
    Mistake("mask-transposed",
            "The mask is transposed: a word then sees what comes after it.",
            seen=lambda q: None if q.mask is None else q.mask.T),
    Mistake("mask-inverted",
            "The mask is taken the other way round: True is where a query *may* look.",
            scores=lambda q: q.usual.scores if q.mask is None else np.where(
                q.mask, -1e9, q.heads("query") @ q.heads("key").swapaxes(1, 2) / q.scale)),
    Mistake("mask-multiplied",
            "The scores are multiplied by the mask. A score of 0 still gets a share of the "
            "softmax: exp(0) is 1. Where a query may not look, the score is minus infinity.",
            scores=lambda q: q.heads("query") @ q.heads("key").swapaxes(1, 2) / q.scale
            * (1 if q.mask is None else q.mask)),
    Mistake("mask-minus-1",
            "Where a query may not look, the score is lowered by 1 only, so that it still gets a "
            "share. It has to be minus infinity.",
            scores=lambda q: q.heads("query") @ q.heads("key").swapaxes(1, 2) / q.scale
            - (0 if q.mask is None else ~q.mask)),
    Mistake("mask-after-the-softmax",
            "The mask is applied after the softmax: the shares that are left no longer add up to "
            "1. It belongs to the scores, before the softmax.",
            scores=lambda q: q.heads("query") @ q.heads("key").swapaxes(1, 2) / q.scale,
            weights=lambda q: q.usual.weights * (1 if q.mask is None else q.mask)),
    Mistake("dropout-ignored",
            "`dropout` is ignored: hand it on to `attention_forward`.",
            kept=lambda q: q.weights),
    Mistake("scale-missing",
            "The scores are not divided by the square root of a head's numbers, E / K.",
            scale=lambda q: 1),
    Mistake("scale-of-all-heads",
            "The scores are divided by the square root of E. Each head compares E / K numbers: the "
            "square root of these.",
            scale=lambda q: np.sqrt(q.x.shape[-1])),
    Mistake("scale-without-a-root",
            "The scores are divided by E / K. It is the square root of it.",
            scale=lambda q: q.heads("query").shape[-1]),
    Mistake("softmax-over-queries",
            "The softmax runs over the queries. For each query, the shares of the *sources* add up "
            "to 1: the last axis.",
            weights=lambda q: attention.softmax(q.scores.swapaxes(1, 2)).swapaxes(1, 2)),
]

FORWARD = Exercise(
    "multi_head_attention_forward",
    notebook=NOTEBOOK,
    arguments=["x", "source", "params", "num_heads", "mask", "dropout"],
    outputs=["out"],
    cache=True,
    shapes={"x": "N T E", "source": "N S E", "mask": "T S", "out": "N T E"},
    reference=attention.multi_head_attention_forward,
    equations=MultiHead,
    cases=attention_cases,
    helpers=[SPLIT, JOIN],
    most_pairs=400,
    mistakes=FORWARD_MISTAKES,
    advice=[("KeyError|query", "The parameters are called `W_query`, `b_query`, `W_key` ...: "
             "`project(x, params, \"query\")` takes those of one name.")],
)


# ---- multi_head_attention_backward --------------------------------------------------------------


class MultiHeadBackward(MultiHead):
    PLACES = {"dfound": "the way back through the last layer, to the heads",
              "dprojected": "the gradients of queries, keys and values",
              "dx": "what reaches `x`", "dsource": "what reaches `source`",
              **{f"d{name}": f"`{gradient_name(name)}`" for name in PARAMS}}

    def djoined(q):
        return q.dout @ q.params["W_out"].T

    def dfound(q):
        return _indexed(q, "split")(q.djoined)

    def dkept(q):
        return q.dfound @ q.heads("value").swapaxes(1, 2)

    def dscores(q):
        dweights = q.dkept if q.dropout is None else q.dkept * q.dropout
        mean = (q.weights * dweights).sum(axis=-1, keepdims=True)
        return q.weights * (dweights - mean) / q.scale

    def dheads(q, name):
        return {"query": lambda: q.dscores @ q.heads("key"),
                "key": lambda: q.dscores.swapaxes(1, 2) @ q.heads("query"),
                "value": lambda: q.kept.swapaxes(1, 2) @ q.dfound}[name]()

    def dprojected(q, name):
        return _indexed(q, "join")(q.dheads(name))

    def through(q, name):  # what reaches the input of one of the three layers
        return q.dprojected(name) @ q.params[f"W_{name}"].T

    def dx(q):
        return q.through("query")

    def dsource(q):
        return q.through("key") + q.through("value")

    def dW(q, name):
        rows = q.joined if name == "out" else q.input_of(name)
        gradient = q.dout if name == "out" else q.dprojected(name)
        return np.einsum("nte,ntf->ef", rows, gradient)

    def db(q, name):
        return (q.dout if name == "out" else q.dprojected(name)).sum(axis=(0, 1))


def _of_kind(kind, name):
    return lambda q: getattr(q, f"d{kind}")(name)


for _name in NAMES:
    for _kind in "Wb":
        setattr(MultiHeadBackward, f"d{_kind}_{_name}", _of_kind(_kind, _name))


def _all(change):
    """Changes of all eight gradients."""
    return {f"d{name}": (lambda q, name=name: change(q, name)) for name in PARAMS}


BACKWARD_MISTAKES = [
    Mistake("dsource-from-values-only",
            "`dsource` has the gradient of the values only. `source` made the keys as well: both "
            "add up.",
            dsource=lambda q: q.through("value")),
    Mistake("dsource-from-keys-only",
            "`dsource` has the gradient of the keys only. `source` made the values as well: both "
            "add up.",
            dsource=lambda q: q.through("key")),
    Mistake("dx-with-dsource",
            "`dsource` is added to `dx` already. Whether `source` was `x` is not known in here: "
            "return both, and let the caller add them.",
            dx=lambda q: q.through("query") + q.through("key") + q.through("value")),
    Mistake("dx-and-dsource-exchanged",
            "`dx` and `dsource` are exchanged. `x` made the queries, `source` the keys and the "
            "values.",
            dx=lambda q: q.usual.dsource, dsource=lambda q: q.usual.dx),
    Mistake("last-layer-skipped",
            "The gradient does not go back through the last layer: `dout` reaches the heads as it "
            "is. It goes through `W_out` first.",
            djoined=lambda q: q.dout),
    Mistake("W_out-not-transposed",
            "The gradient goes back through `W_out` as it is. It travels back through the "
            "transpose.",
            djoined=lambda q: q.dout @ q.params["W_out"]),
    Mistake("heads-split-by-reshape-alone",
            "The gradient is split into heads by `reshape` alone, which cuts the words apart. The "
            "way back from `join_heads` is `split_heads`.",
            dfound=lambda q: _split_by_reading_on(q, q.djoined)),
    Mistake("heads-joined-by-reshape-alone",
            "The gradients of the heads are joined by `reshape` alone. The way back from "
            "`split_heads` is `join_heads`.",
            dprojected=lambda q, name: _join_by_reading_on(q, q.dheads(name))),
    Mistake("queries-and-keys-exchanged",
            "The gradients of queries and keys are exchanged: `attention_backward` returns "
            "`dquery, dkey, dvalue`.",
            dprojected=lambda q, name: _indexed(q, "join")(q.dheads(
                {"query": "key", "key": "query", "value": "value"}[name]))),
    Mistake("keys-and-values-exchanged",
            "The gradients of keys and values are exchanged: `attention_backward` returns "
            "`dquery, dkey, dvalue`.",
            dprojected=lambda q, name: _indexed(q, "join")(q.dheads(
                {"query": "query", "key": "value", "value": "key"}[name]))),
    Mistake("dropout-ignored",
            "Dropout is ignored on the way back. What was multiplied with the weights is "
            "multiplied with their gradient as well.",
            dscores=lambda q: q.weights * (q.dkept - (q.weights * q.dkept).sum(
                axis=-1, keepdims=True)) / q.scale),
    Mistake("scale-missing",
            "The gradient of the scores is not divided by the square root of E / K, although the "
            "scores were.",
            dscores=lambda q: q.usual.dscores * q.scale),
    Mistake("softmax-slope-without-the-mean",
            "In the gradient of the softmax the mean is missing: a share that grows takes from the "
            "others.",
            dscores=lambda q: q.weights * (
                q.dkept if q.dropout is None else q.dkept * q.dropout) / q.scale),
    Mistake("key-gradients-from-x",
            "`grads[\"W_key\"]` is made of `x`. The keys are made of `source`.",
            dW_key=lambda q: np.einsum("nte,ntf->ef", q.x, q.dprojected("key"))),
    Mistake("value-gradients-from-x",
            "`grads[\"W_value\"]` is made of `x`. The values are made of `source`.",
            dW_value=lambda q: np.einsum("nte,ntf->ef", q.x, q.dprojected("value"))),
    Mistake("W_key-and-W_value-exchanged",
            "`grads[\"W_key\"]` and `grads[\"W_value\"]` are exchanged.",
            dW_key=lambda q: q.usual.dW_value, dW_value=lambda q: q.usual.dW_key),
    Mistake("W_query-and-W_key-exchanged",
            "`grads[\"W_query\"]` and `grads[\"W_key\"]` are exchanged.",
            dW_query=lambda q: q.usual.dW_key, dW_key=lambda q: q.usual.dW_query),
    Mistake("last-gradients-for-all",
            "Queries, keys and values all have the gradients of the values: the names in `grads` "
            "are mixed up, so that one overwrites the others.",
            dW_query=lambda q: q.usual.dW_value, dW_key=lambda q: q.usual.dW_value,
            db_query=lambda q: q.usual.db_value, db_key=lambda q: q.usual.db_value),
    Mistake("weights-transposed",
            "All gradients of the weights are transposed: the input comes first, as in `x.T @ "
            "da`.",
            **{f"dW_{name}": (lambda q, n=name: q.usual[f"dW_{n}"].T) for name in NAMES}),
    Mistake("W_out-from-dfound",
            "`grads[\"W_out\"]` is made of `x`. The last layer's input is what the heads have "
            "found, joined.",
            dW_out=lambda q: np.einsum("nte,ntf->ef", q.x, q.dout)),
    Mistake("b_out-averaged",
            "`grads[\"b_out\"]` is the mean over examples and time steps. Their gradients add up.",
            db_out=lambda q: q.dout.mean(axis=(0, 1))),
    Mistake("biases-not-summed-over-time",
            "The gradients of the biases are summed over the examples only, shape (T, E). One bias "
            "serves all time steps as well: sum over both axes.",
            **{f"db_{name}": (lambda q, n=name: (q.dout if n == "out" else q.dprojected(n)).sum(
                axis=0)) for name in NAMES}),
    Mistake("parameters-for-gradients",
            "`grads` holds the parameters themselves. It has to hold their gradients.",
            **_all(lambda q, name: q.params[name])),
    Mistake("all-averaged",
            "All gradients of the parameters are divided by N. Those of all examples add up; if "
            "the loss is an average, what arrives from above has the 1 / N already.",
            **_all(lambda q, name: q.usual[f"d{name}"] / len(q.x))),
]


class MultiHeadBackwardExercise(GradientsByName, BackwardExercise):
    """`multi_head_attention_backward`."""


BACKWARD = MultiHeadBackwardExercise(
    "multi_head_attention_backward",
    notebook=NOTEBOOK,
    forward=FORWARD,
    plain={"dx": "N T E", "dsource": "N S E"},
    by_name={name: "E E" if name[0] == "W" else "E" for name in PARAMS},
    equations=MultiHeadBackward,
    reference=attention.multi_head_attention_backward,
    helpers=[SPLIT, JOIN],
    most_pairs=200,
    mistakes=BACKWARD_MISTAKES,
    cases=attention_cases,
)

EXERCISES = [SPLIT, JOIN, FORWARD, BACKWARD]
