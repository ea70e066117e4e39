"""The exercises `decoder_layer_forward` and `decoder_layer_backward`."""

import numpy as np

from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.exercises import transformer_heads, transformer_norm
from cs231n.feedback.gradients_by_name import GradientsByName
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import attention

NOTEBOOK = "Transformer_Captioning"
PARTS = attention.PARTS  # self, cross, feed
OF_ATTENTION = {name: "E E" if name[0] == "W" else "E" for name in transformer_heads.PARAMS}
OF_NORM = {"gamma": "E", "beta": "E"}
PARAMS = {f"{part}_{name}": axes for part in PARTS for name, axes in {
    **({"W1": "E F", "b1": "F", "W2": "F E", "b2": "E"} if part == "feed" else OF_ATTENTION),
    **OF_NORM}.items()}


def draw_layer(rng, sizes, scale=0.5):
    """Parameters of a layer, large enough that each matters."""
    return {name: scale * rng.randn(*(sizes[axis] for axis in axes.split()))
            for name, axes in PARAMS.items()}


def layer_cases():
    def case(label, seed, N=2, T=4, S=3, E=4, F=5, K=2, mask=True, activation="relu",
             dtype=np.float64):
        sizes = {"N": N, "T": T, "S": S, "E": E, "F": F, "K": K}
        rng = np.random.RandomState(seed)
        params = {name: value.astype(dtype) for name, value in draw_layer(rng, sizes).items()}
        given = {"x": rng.randn(N, T, E).astype(dtype), "memory": rng.randn(N, S, E).astype(dtype),
                 "params": params, "num_heads": K,
                 "mask": np.tri(T, dtype=bool) if mask else None, "activation": activation,
                 "dout": rng.randn(N, T, E).astype(dtype)}
        return Case(label, given, sizes, dtype)

    return [
        case("", 1),
        case("no mask", 2, mask=False),
        case("one example only (N = 1)", 3, N=1),
        case("one word only (T = 1)", 4, T=1),
        case("one head (K = 1)", 5, K=1),
        case("`activation` \"gelu\"", 6, activation="gelu"),
        case(SQUARE, 7, N=4, T=4, S=4, E=4, F=4, activation="gelu"),
        case("float32 arguments", 8, dtype=np.float32),
    ]


class Layer(Equations):
    PLACES = {"came_in": "what goes into each part", "source": "what is looked at",
              "looker": "what looks", "mask_of": "the mask", "sum": "the sum before the norm",
              "residual": "the sum before the norm", "normed": "the norms",
              "own": "which parameters a part gets", "act": "the activation", "out": "the end"}

    def own(q, part):
        return attention.part_of(q.params, part)

    def came_in(q, part):
        return {"self": lambda: q.x, "cross": lambda: q.normed("self"),
                "feed": lambda: q.normed("cross")}[part]()

    def looker(q, part):
        return q.came_in(part)

    def source(q, part):
        return q.came_in(part) if part == "self" else q.memory

    def mask_of(q, part):
        return q.mask if part == "self" else None

    def act(q):
        return q.activation

    def run(q, part):
        if part == "feed":
            return attention.feed_forward_forward(q.looker(part), q.own(part), q.act)
        return attention.multi_head_attention_forward(
            q.looker(part), q.source(part), q.own(part), q.num_heads, q.mask_of(part))

    def found(q, part):
        return q.run(part)[0]

    def residual(q, part):
        return q.came_in(part)

    def sum(q, part):
        return q.residual(part) + q.found(part)

    def norm(q, part):
        return attention.layer_norm_forward(q.sum(part), q.own(part)["gamma"],
                                            q.own(part)["beta"])

    def normed(q, part):
        return q.norm(part)[0]

    def out(q):
        return q.normed("feed")


def _only(changed, change, usual):
    """An equation of a part that is changed for some parts only."""
    return lambda q, part: change(q, part) if part in changed else getattr(q.usual, usual)(part)


def _nothing(q, part):
    return 0


def _normed_alone(q, part):
    return attention.layer_norm_forward(q.found(part), q.own(part)["gamma"],
                                        q.own(part)["beta"])[0]


FORWARD_MISTAKES = [
    Mistake("no-residuals",
            "The residual connections are missing: what a part finds has to be *added* to what "
            "came in, in all three parts.",
            residual=_nothing),
    Mistake("no-residual-of-self",
            "In self-attention the residual connection is missing: what it finds is added to what "
            "came in.",
            residual=_only(["self"], _nothing, "residual")),
    Mistake("no-residual-of-cross",
            "In cross-attention the residual connection is missing: what it finds is added to what "
            "came in.",
            residual=_only(["cross"], _nothing, "residual")),
    Mistake("no-residual-of-feed",
            "Around the feed-forward network the residual connection is missing.",
            residual=_only(["feed"], _nothing, "residual")),
    Mistake("residual-from-the-start",
            "Every part's finding is added to `x` as it came into the *layer*. It is added to what "
            "came into that part.",
            residual=lambda q, part: q.x),
    Mistake("residual-twice",
            "What came in is added twice.",
            residual=lambda q, part: 2 * q.came_in(part)),
    Mistake("norm-before-the-sum",
            "The norm is taken of what the part has found, before the sum. Here the *sum* is "
            "normed.",
            normed=lambda q, part: q.came_in(part) + _normed_alone(q, part)),
    Mistake("norm-before-the-part",
            "The norm is taken before each part (\"pre-norm\"), as many newer models do. Here the "
            "sum is normed, after it.",
            looker=lambda q, part: attention.layer_norm_forward(
                q.came_in(part), q.own(part)["gamma"], q.own(part)["beta"])[0],
            source=lambda q, part: q.looker(part) if part == "self" else q.memory,
            normed=lambda q, part: q.sum(part)),
    Mistake("no-norms",
            "The norms are missing: the sum of each part goes through `layer_norm_forward`.",
            normed=lambda q, part: q.sum(part)),
    Mistake("no-last-norm",
            "The norm after the feed-forward network is missing.",
            normed=_only(["feed"], lambda q, part: q.sum(part), "normed")),
    Mistake("norm-of-self-for-all",
            "All three norms have scales and shifts of the first, `self_gamma` and `self_beta`. "
            "Each part has its own.",
            norm=lambda q, part: attention.layer_norm_forward(
                q.sum(part), q.params["self_gamma"], q.params["self_beta"])),
    Mistake("gamma-and-beta-exchanged",
            "`gamma` and `beta` are handed to the norms in the wrong order.",
            norm=lambda q, part: attention.layer_norm_forward(
                q.sum(part), q.own(part)["beta"], q.own(part)["gamma"])),
    Mistake("mask-ignored",
            "The mask is not handed to self-attention: each word sees the words after it. That is "
            "a leak of the future.",
            mask_of=lambda q, part: None),
    Mistake("mask-of-cross-too",
            "Cross-attention gets the mask of the words as well. All regions of the picture may be "
            "seen from the first word on.",
            mask_of=lambda q, part: q.mask),
    Mistake("mask-of-cross-only",
            "Cross-attention gets the mask, and self-attention does not. It is for the words: "
            "self-attention.",
            mask_of=lambda q, part: q.mask if part == "cross" else None),
    Mistake("cross-attention-asks-the-words",
            "Cross-attention looks at the words once more: its source is what came in. Its source "
            "is `memory`, the regions of the picture, which are never looked at now.",
            source=lambda q, part: q.came_in(part)),
    Mistake("self-attention-asks-the-picture",
            "Self-attention looks at `memory`. Its source is `x` itself; the picture comes in the "
            "second part.",
            source=lambda q, part: q.memory, mask_of=lambda q, part: None),
    Mistake("cross-attention-the-wrong-way-round",
            "In cross-attention the picture looks at the words: `memory` and `x` are exchanged. "
            "The words look, at `memory`.",
            looker=_only(["cross"], lambda q, part: q.memory, "looker"),
            source=_only(["cross"], lambda q, part: q.came_in(part), "source")),
    Mistake("cross-attention-of-the-first-x",
            "Cross-attention starts from `x` as it came into the layer. It starts from what "
            "self-attention and its norm have made of it.",
            came_in=_only(["cross"], lambda q, part: q.x, "came_in")),
    Mistake("feed-forward-skips-cross-attention",
            "The feed-forward network starts from what self-attention has found, so that "
            "cross-attention is lost.",
            came_in=_only(["feed"], lambda q, part: q.normed("self"), "came_in")),
    Mistake("feed-forward-missing",
            "The feed-forward network is missing: it is the third part.",
            out=lambda q: q.normed("cross")),
    Mistake("parameters-of-self-for-cross",
            "Cross-attention gets the parameters of self-attention, `self_...`. It has its own, "
            "`cross_...`.",
            run=_only(["cross"], lambda q, part: attention.multi_head_attention_forward(
                q.looker(part), q.source(part), q.own("self"), q.num_heads), "run")),
    Mistake("parts-in-another-order",
            "Cross-attention comes first. The order is: look at the words, look at the picture, "
            "think.",
            came_in=lambda q, part: {"cross": lambda: q.x, "self": lambda: q.normed("cross"),
                                     "feed": lambda: q.normed("self")}[part]()),
    Mistake("activation-ignored",
            "`activation` is ignored: hand it on to the feed-forward network.",
            act=lambda q: "relu"),
    Mistake("one-head",
            "`num_heads` is ignored: both attentions have a single head.",
            run=lambda q, part: attention.feed_forward_forward(
                q.looker(part), q.own(part), q.act) if part == "feed" else
            attention.multi_head_attention_forward(
                q.looker(part), q.source(part), q.own(part), 1, q.mask_of(part))),
]

HELPERS = [transformer_heads.FORWARD, transformer_norm.FORWARD]

FORWARD = Exercise(
    "decoder_layer_forward",
    notebook=NOTEBOOK,
    arguments=["x", "memory", "params", "num_heads", "mask", "activation"],
    outputs=["out"],
    cache=True,
    shapes={"mask": "T T"},
    reference=attention.decoder_layer_forward,
    equations=Layer,
    cases=layer_cases,
    helpers=HELPERS,
    most_pairs=200,
    mistakes=FORWARD_MISTAKES,
    advice=[("KeyError|W_query|W1|gamma", "The parameters are called `self_W_query`, "
             "`cross_gamma` ...: `part_of(params, \"self\")` gives those of one part, without "
             "`self_`.")],
)


class LayerBackward(Layer):
    PLACES = {"around": "the way around a part", "dthrough": "the way through a part",
              "looked_at": "what reaches the vectors that are looked at",
              "dsum": "the way back through the norms", "dx": "`dx`", "dmemory": "`dmemory`",
              "arrives": "what arrives at each part"}

    def arrives(q, part):  # the gradient of what the norm of a part gave
        return {"feed": lambda: q.dout, "cross": lambda: q.dcame_in("feed"),
                "self": lambda: q.dcame_in("cross")}[part]()

    def norm_back(q, part):
        return attention.layer_norm_backward(q.arrives(part), q.norm(part)[1])

    def dsum(q, part):
        return q.norm_back(part)[0]

    def into(q, part):  # what goes backward into a part
        return q.dsum(part)

    def back(q, part):
        """dfound, dsource, grads of a part."""
        if part == "feed":
            dfound, grads = attention.feed_forward_backward(q.into(part), q.run(part)[1])
            return dfound, None, grads
        return attention.multi_head_attention_backward(q.into(part), q.run(part)[1])

    def dthrough(q, part):
        return q.back(part)[0]

    def looked_at(q):  # of the words, in self-attention
        return q.back("self")[1]

    def around(q, part):
        return q.dsum(part)

    def dcame_in(q, part):
        total = q.around(part) + q.dthrough(part)
        return total + q.looked_at if part == "self" else total

    def dx(q):
        return q.dcame_in("self")

    def dmemory(q):
        return q.back("cross")[1]


def _gradient(part, name):
    if name in OF_NORM:
        return lambda q: q.norm_back(part)[1 + list(OF_NORM).index(name)]
    return lambda q: q.back(part)[2][name]


for _name in PARAMS:
    setattr(LayerBackward, f"d{_name}", _gradient(*_name.split("_", 1)))

BACKWARD_MISTAKES = [
    Mistake("residuals-dropped",
            "The gradients that go *around* the parts are dropped. The gradient of a sum goes both "
            "ways: through the part and around it.",
            around=_nothing),
    Mistake("residual-of-self-dropped",
            "In self-attention the gradient that goes around it is dropped. Through it and around "
            "it: both add up.",
            around=_only(["self"], _nothing, "around")),
    Mistake("residual-of-cross-dropped",
            "In cross-attention the gradient that goes around it is dropped. Through it and around "
            "it: both add up.",
            around=_only(["cross"], _nothing, "around")),
    Mistake("residual-of-feed-dropped",
            "The gradient that goes around the feed-forward network is dropped. Through it and "
            "around it: both add up.",
            around=_only(["feed"], _nothing, "around")),
    Mistake("only-around",
            "The gradient goes around the parts only. What comes back *through* them adds to it.",
            dthrough=_nothing, looked_at=lambda q: 0),
    Mistake("around-without-the-norm",
            "The gradient that goes around a part skips the norm: `dout` itself is added. The sum "
            "was normed, so both ways begin at the gradient of the sum.",
            around=lambda q, part: q.arrives(part)),
    Mistake("norms-skipped",
            "The gradient does not go back through the norms. (`layer_norm_backward` comes first "
            "in each part.)",
            dsum=lambda q, part: q.arrives(part)),
    Mistake("words-looked-at-forgotten",
            "In self-attention the gradient of `source` is forgotten. The words look, *and are "
            "looked at*: with the way around, three gradients add up.",
            looked_at=lambda q: 0),
    Mistake("words-looked-at-twice",
            "In self-attention the gradient of `source` is added twice.",
            looked_at=lambda q: 2 * q.usual.looked_at),
    Mistake("words-looking-forgotten",
            "In self-attention the gradient by way of the queries is forgotten: only that of "
            "`source` comes back.",
            dthrough=_only(["self"], _nothing, "dthrough")),
    Mistake("dmemory-added-to-x",
            "The gradient of `memory` is added to that of the words. It belongs to the picture "
            "alone: `dmemory`.",
            dcame_in=lambda q, part: q.usual.dcame_in(part)
            + (q.back("cross")[1] if part == "cross" else 0)),
    Mistake("dmemory-of-self",
            "`dmemory` is what self-attention gave for its source. It is what *cross*-attention "
            "gives for its own.",
            dmemory=lambda q: q.back("self")[1]),
    Mistake("dmemory-of-queries",
            "`dmemory` is the gradient by way of the queries. `memory` made keys and values: it is "
            "the second result of `multi_head_attention_backward`.",
            dmemory=lambda q: q.back("cross")[0]),
    Mistake("dmemory-zero",
            "`dmemory` is zero: what cross-attention gives for its source is lost.",
            dmemory=lambda q: np.zeros_like(q.memory)),
    Mistake("dmemory-of-both",
            "`dmemory` has the gradients of both sources, words and picture. It is that of the "
            "picture alone.",
            dmemory=lambda q: q.back("cross")[1] + q.back("self")[1]),
    Mistake("gradients-of-self-and-cross-exchanged",
            "In `grads`, the parameters of self-attention and of cross-attention are exchanged.",
            **{f"d{one}_{name}": (lambda q, other=other, name=name: q.usual[f"d{other}_{name}"])
               for one, other in (("self", "cross"), ("cross", "self")) for name in OF_ATTENTION}),
    Mistake("gamma-and-beta-exchanged",
            "In `grads`, scales and shifts are exchanged: `layer_norm_backward` returns `dx, "
            "dgamma, dbeta`.",
            **{f"d{part}_{one}": (lambda q, part=part, other=other: q.usual[f"d{part}_{other}"])
               for part in PARTS for one, other in (("gamma", "beta"), ("beta", "gamma"))}),
    Mistake("last-norm-for-all",
            "In `grads`, all three norms have the gradients of one: its names are the same for all "
            "parts, and the last one has overwritten the others.",
            **{f"d{part}_{name}": (lambda q, name=name: q.usual[f"dself_{name}"])
               for part in PARTS[1:] for name in OF_NORM}),
    Mistake("parameters-for-gradients",
            "`grads` holds the parameters themselves. It has to hold their gradients.",
            **{f"d{name}": (lambda q, name=name: q.params[name]) for name in PARAMS}),
]


class LayerBackwardExercise(GradientsByName, BackwardExercise):
    """`decoder_layer_backward`."""


BACKWARD = LayerBackwardExercise(
    "decoder_layer_backward",
    notebook=NOTEBOOK,
    forward=FORWARD,
    plain={"dx": "N T E", "dmemory": "N S E"},
    by_name=PARAMS,
    equations=LayerBackward,
    reference=attention.decoder_layer_backward,
    helpers=[transformer_heads.BACKWARD, transformer_norm.BACKWARD],
    most_pairs=100,
    mistakes=BACKWARD_MISTAKES,
    cases=layer_cases,
)


EXERCISES = [FORWARD, BACKWARD]
