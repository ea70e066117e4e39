"""The exercise `transformer_loss`: the method `loss` of the Transformer captioner."""

import numpy as np

import cs231n.classifiers.transformer
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercises import captioner_loss, transformer_layer, transformer_places
from cs231n.feedback.exercises import word_embedding as embedding
from cs231n.feedback.exercises.captioner_loss import LossExercise, assigned, scattered
from cs231n.feedback.exercises.transformer_layer import draw_layer
from cs231n.feedback.methods import Captioner, cast, draw_captions, vocabulary
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import CaptioningTransformer, attention, layers

LAYERS, HEADS = 2, 2
OF_LAYERS = {f"layer{layer}_{name}": axes for layer in range(LAYERS)
             for name, axes in transformer_layer.PARAMS.items()}
OTHERS = {"W_embed": "V E", "W_proj": "D E", "b_proj": "E", "places": "S E", "W_vocab": "E V",
          "b_vocab": "V"}


def _sizes(params):
    (D, E), S = params["W_proj"].shape, len(params["places"])
    return {"input_dim": D, "num_regions": S, "wordvec_dim": E, "num_heads": HEADS,
            "num_layers": LAYERS, "feed_dim": params["layer0_feed_W1"].shape[1]}


TRANSFORMER = Captioner(
    prefix="transformer_", course=cs231n.classifiers.transformer.CaptioningTransformer,
    reference=CaptioningTransformer, methods=("loss",), shapes={**OTHERS, **OF_LAYERS},
    features="N S D", sizes=_sizes)


def loss_cases():
    def draw(label, seed, dtype=np.float64, **changed):
        sizes = {"N": 4, "T": 6, "S": 3, "D": 5, "E": 4, "F": 7, "V": 9, **changed}
        N, T, S, D, V = (sizes[letter] for letter in "NTSDV")
        rng = np.random.RandomState(seed)
        given = {"features": rng.randn(N, S, D), "captions": draw_captions(rng, N, T, V),
                 "word_to_idx": vocabulary(V)}
        given |= {name: rng.randn(*(sizes[axis] for axis in axes.split()))
                  for name, axes in OTHERS.items()}
        for layer in range(LAYERS):
            given |= {f"layer{layer}_{name}": value
                      for name, value in draw_layer(rng, sizes).items()}
        return Case(label, cast(given, dtype), sizes, dtype)

    return [
        draw("", 1),
        draw("one example only (N = 1)", 2, N=1),
        draw("captions of one word (T = 1)", 3, T=1),
        draw(SQUARE, 4, N=4, T=4, S=4, D=4, E=4, F=4, V=4),
        draw("float32 arguments", 5, dtype=np.float32),
    ]


class Loss(Equations):
    PLACES = {"words_in": "the words that go in", "words_out": "the words to predict",
              "mask": "which words count", "memory": "the vectors of the regions",
              "placed": "the vectors of the words, and their positions",
              "seen": "which words see which", "order": "the layers", "own": "the layers",
              "scored": "what the scores are computed from", "scores": "the scores",
              "softmax": "the loss", "value": "the loss that is returned",
              "dscores": "what goes backward from the softmax",
              "dmemory": "what reaches the regions", "dx": "what reaches the words' vectors",
              "dW_embed": "`grads[\"W_embed\"]`", "dplaces": "`grads[\"places\"]`"}

    def words_in(q):
        return q.captions[:, :-1]

    def words_out(q):
        return q.captions[:, 1:]

    def mask(q):
        return q.words_out != 0

    def memory(q):
        return q.features @ q.W_proj + q.b_proj + q.places

    def vectors(q):
        return q.W_embed[q.words_in]

    def positions(q):
        _, T, E = q.vectors.shape
        return attention.positional_encoding(T, E).astype(q.vectors.dtype)

    def placed(q):
        return q.vectors + q.positions

    def seen(q):
        return attention.causal_mask(q.words_in.shape[1])

    def order(q):
        return range(LAYERS)

    def own(q, layer):
        return {name: q[f"layer{layer}_{name}"] for name in transformer_layer.PARAMS}

    def run(q):
        """What each layer gives, and its cache, in order."""
        x, done = q.placed, []
        for layer in q.order:
            x, cache = attention.decoder_layer_forward(x, q.memory, q.own(layer), HEADS, q.seen)
            done.append((x, cache))
        return done

    def scored(q):
        return q.run[-1][0]

    def scores(q):
        return q.scored @ q.W_vocab + q.b_vocab

    def softmax(q):
        return layers.temporal_softmax_loss(q.scores, q.words_out, q.mask)

    def value(q):
        return q.softmax[0]

    def dscores(q):
        return q.softmax[1]

    def dW_vocab(q):
        return np.einsum("nte,ntv->ev", q.scored, q.dscores)

    def db_vocab(q):
        return q.dscores.sum(axis=(0, 1))

    def dout(q):
        return q.dscores @ q.W_vocab.T

    def back(q):
        """dx before the first layer, dmemory and grads of each layer."""
        dx, of_memory, grads = q.dout, {}, {}
        for layer, (_, cache) in reversed(list(zip(q.order, q.run))):
            dx, of_memory[layer], grads[layer] = attention.decoder_layer_backward(dx, cache)
        return dx, of_memory, grads

    def dx(q):
        return q.back[0]

    def dmemory(q):
        return sum(q.back[1].values())

    def dW_embed(q):
        return scattered(q, q.words_in, q.dx)

    def dW_proj(q):
        return np.einsum("nsd,nse->de", q.features, q.dmemory)

    def db_proj(q):
        return q.dmemory.sum(axis=(0, 1))

    def dplaces(q):
        return q.dmemory.sum(axis=0)


def _of_layer(layer, name):
    def gradient(q):
        own = q.back[2].get(layer)  # None of a layer that was left out
        return np.zeros_like(q[f"layer{layer}_{name}"]) if own is None else own[name]

    return gradient


for _layer in range(LAYERS):
    for _name in transformer_layer.PARAMS:
        setattr(Loss, f"dlayer{_layer}_{_name}", _of_layer(_layer, _name))


def _of_other_layer(layer):
    """Changes: the gradients of one layer are those of another."""
    return {f"dlayer{1 - layer}_{name}":
            (lambda q, name=name: q.usual[f"dlayer{layer}_{name}"])
            for name in transformer_layer.PARAMS}


# Words, masks and averages are those of every captioner.
SHARED = [
    "not-shifted", "not-shifted-without-start", "shifted-the-wrong-way", "mask-missing",
    "mask-of-words-in", "mask-inverted", "mask-without-end", "embedding-of-words-out",
    "scores-softmaxed", "averaged-per-word", "averaged-over-all-steps", "not-averaged",
    "averaged-twice", "loss-averaged-twice", "loss-not-averaged", "loss-negative",
    "everything-negative", "gradients-averaged-twice", "gradients-times-N", "scores-sent-back"]
MISTAKES = [
    Mistake(mistake.name, mistake.sentence, **{
        {"x": "vectors"}.get(name, name): change for name, change in mistake.changes.items()})
    for mistake in captioner_loss.MISTAKES if mistake.name in SHARED]
MISTAKES += [
    Mistake("positions-missing",
            "The positions are missing: add `positional_encoding(T, E)` to the vectors of the "
            "words.",
            placed=lambda q: q.vectors),
    Mistake("positions-alone",
            "The vectors of the words are lost: the positions are *added* to them.",
            placed=lambda q: np.broadcast_to(q.positions, q.vectors.shape)),
    Mistake("positions-multiplied",
            "The positions are multiplied with the vectors of the words. They are added.",
            placed=lambda q: q.vectors * q.positions),
    Mistake("positions-twice",
            "The positions are added twice.",
            placed=lambda q: q.vectors + 2 * q.positions),
    Mistake("vectors-scaled",
            "The vectors of the words are multiplied by the square root of E first, as the paper "
            "does. Here they are drawn large enough already.",
            placed=lambda q: q.vectors * np.sqrt(q.vectors.shape[-1]) + q.positions),
    Mistake("no-causal-mask",
            "The layers get no causal mask: each word sees the words after it, and with them what "
            "it has to predict. The loss will look wonderful, and nothing it writes will be true.",
            seen=lambda q: None),
    Mistake("causal-mask-transposed",
            "The causal mask is the wrong way round: each word sees the words **after** it, and "
            "with them what it has to predict.",
            seen=lambda q: q.usual.seen.T),
    Mistake("only-itself-seen",
            "Each word sees itself only, and none of the words before it.",
            seen=lambda q: np.eye(q.words_in.shape[1], dtype=bool)),
    Mistake("first-layer-only",
            "Only the first layer is there: all `self.num_layers` follow each other.",
            run=lambda q: q.usual.run[:1]),
    Mistake("layers-not-passed-on",
            "The second layer does not start from what the first one gives. `x` has to be bound "
            "anew by each layer.",
            order=lambda q: [1]),
    Mistake("layers-reversed",
            "The layers follow each other in reverse order: it begins with layer 0.",
            order=lambda q: range(LAYERS)[::-1]),
    Mistake("parameters-of-layer-0-for-all",
            "All layers get the parameters of layer 0: `self.layer_params(layer)` gives each its "
            "own.",
            own=lambda q, layer: q.usual.own(0)),
    Mistake("vectors-scored",
            "The scores are computed from the vectors before the layers. They are computed from "
            "what the last layer gives.",
            scored=lambda q: q.placed),
    Mistake("b_vocab-missing",
            "`b_vocab` is missing in the scores.",
            scores=lambda q: q.scored @ q.W_vocab),
    Mistake("places-missing",
            "The regions' places are missing: `self.looked_at(features)` adds them.",
            memory=lambda q: q.features @ q.W_proj + q.b_proj),
    Mistake("picture-ignored",
            "The picture is ignored: the vectors of the regions are zero.",
            memory=lambda q: np.zeros_like(q.usual.memory)),
    Mistake("regions-averaged",
            "The regions are averaged to one vector, for all of them. Each stays a vector of its "
            "own, so that it can be looked at.",
            memory=lambda q: np.broadcast_to(q.usual.memory.mean(axis=1, keepdims=True),
                                             q.usual.memory.shape)),
    Mistake("dmemory-of-the-first-layer-only",
            "The gradients of the regions come from layer 0 only: each layer overwrites those of "
            "the one before. Every layer looks at the picture, so they add up.",
            dmemory=lambda q: q.back[1][0]),
    Mistake("dmemory-of-the-last-layer-only",
            "The gradients of the regions come from the last layer only. Every layer looks at the "
            "picture, so they add up.",
            dmemory=lambda q: q.back[1][LAYERS - 1]),
    Mistake("dmemory-averaged",
            "The gradients of the regions are averaged over the layers. They add up.",
            dmemory=lambda q: q.usual.dmemory / LAYERS),
    Mistake("layers-not-on-the-way-to-the-words",
            "The gradient of the words' vectors skips the layers: it is what left the scores. It "
            "is what layer 0 gives back.",
            dx=lambda q: q.dout),
    Mistake("gradients-of-layers-exchanged",
            "In `grads`, the names of the two layers are exchanged.",
            **_of_other_layer(0), **_of_other_layer(1)),
    Mistake("gradients-of-layer-0-for-all",
            "In `grads`, all layers have the gradients of layer 0.",
            **_of_other_layer(0)),
    Mistake("gradients-of-the-last-layer-for-all",
            "In `grads`, all layers have the gradients of the last one.",
            **_of_other_layer(1)),
    Mistake("W_embed-repeated-words-once",
            "In `grads[\"W_embed\"]` a word that occurs more than once keeps only one of its "
            "gradients. All have to be added up, as in `word_embedding_backward`.",
            dW_embed=assigned),
    Mistake("W_embed-of-words-out",
            "The gradients of the word vectors are added to the rows of the words to predict. They "
            "belong to the words that went in.",
            dW_embed=lambda q: scattered(q, q.words_out, q.dx)),
    Mistake("places-not-summed",
            "`grads[\"places\"]` has shape (N, S, E). One vector a place serves all pictures, so "
            "their gradients add up.",
            dplaces=lambda q: q.dmemory),
    Mistake("places-averaged",
            "`grads[\"places\"]` is averaged over the pictures. Their gradients add up.",
            dplaces=lambda q: q.dmemory.mean(axis=0)),
    Mistake("parameters-for-gradients",
            "`grads` holds the parameters themselves. It has to hold their gradients.",
            **{f"d{name}": (lambda q, name=name: q[name]) for name in TRANSFORMER.shapes}),
]

LOSS = LossExercise(
    "transformer_loss", None, TRANSFORMER, notebook="Transformer_Captioning", equations=Loss,
    mistakes=MISTAKES, cases=loss_cases, most_pairs=60,
    helpers=[transformer_places.POSITIONS, transformer_layer.FORWARD, transformer_layer.BACKWARD,
             embedding.FORWARD, embedding.BACKWARD],
    advice=[("matmul|not aligned|mismatch in its core|unpack|broadcast",
             "Follow the shapes. `memory` is (N, S, E), the vectors of the words (N, T, E), the "
             "scores (N, T, V); words in and words out have T columns each, the captions T + 1.")])

EXERCISES = [LOSS]
