"""The exercises `loss` and `lstm_loss`."""

import numpy as np

from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercises import lstm, vanilla_rnn, word_embedding
from cs231n.feedback.methods import (
    ORDINARY,
    PARAMS,
    RNN,
    MethodExercise,
    cast,
    draw_captions,
    draw_params,
    vocabulary,
)
from cs231n.feedback.outcomes import HalfDone, Nothing, Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import layers
from cs231n.feedback.wording import number_of_values


def gradient_name(param):
    return f'grads["{param}"]'


class LossExercise(MethodExercise):
    """`loss(features, captions)` -> `value, grads`; each gradient is an output of its own.

    Attributes:
        first_half: the exercise that a `loss` without any gradient has to pass: its value.
    """

    def __init__(self, name, cell_type, captioner=RNN, **rest):
        params = captioner.param_shapes(cell_type)
        self.first_half = LossValueExercise(name, cell_type, captioner, **rest)
        super().__init__(
            name, method="loss", cell_type=cell_type, captioner=captioner,
            arguments=["features", "captions"], outputs=["loss", *map(gradient_name, params)],
            computed_as={"loss": "value", **{gradient_name(p): f"d{p}" for p in params}},
            shapes={"features": captioner.features, "captions": "N T+1", "loss": "",
                    **{gradient_name(p): axes for p, axes in params.items()}}, **rest)

    def unpack(self, result, case):
        if result is None:
            raise Nothing
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            count = len(result) if isinstance(result, (tuple, list)) else 1
            raise Wrong(number_of_values(count, ["loss", "grads"]))
        value, grads = result
        if isinstance(value, dict):
            raise Wrong("The values are returned in another order: expected are first the loss, "
                        "then `grads`.")
        if value is None and not grads:
            raise Nothing
        if grads is None or isinstance(grads, dict) and not grads:
            raise HalfDone("The loss is right, so the forward pass is done. The gradients are "
                           "still missing: `grads` is empty.")
        if not isinstance(grads, dict):
            raise Wrong("`grads` has to be a dictionary: the gradient of each parameter under the "
                        f"name it has in `self.params`. It is of type {type(grads).__name__}.")
        missing = [name for name in self.params if grads.get(name) is None]
        if missing:
            raise Wrong(_missing(missing, grads, self.params))
        return {"loss": value, **{gradient_name(name): grads[name] for name in self.params}}


class LossValueExercise(MethodExercise):
    """The forward half of `loss`: its value alone, whatever the gradients are."""

    def __init__(self, name, cell_type, captioner, *, helpers, mistakes, **rest):
        super().__init__(
            name, method="loss", cell_type=cell_type, captioner=captioner,
            arguments=["features", "captions"], outputs=["loss"], computed_as={"loss": "value"},
            shapes={"features": captioner.features, "captions": "N T+1", "loss": ""},
            helpers=[helper for helper in helpers if helper.name.endswith("_forward")],
            # Of two mistakes with the same loss, the one that says nothing of gradients.
            mistakes=sorted(mistakes, key=lambda mistake: "radient" in mistake.sentence), **rest)

    def unpack(self, result, case):
        return {"loss": result[0]}


def _missing(names, grads, params):
    listed = ", ".join(gradient_name(name) for name in names)
    said = (f"No gradient for {', '.join(f'`{name}`' for name in names)}: {listed} "
            f"{'is' if len(names) == 1 else 'are'} missing. A parameter without a gradient never "
            "learns; each entry of `self.params` needs one under the same name.")
    extra = [key for key in grads if key not in params]
    if extra:
        said += f" (There is {', '.join(map(repr, extra))}, which is no parameter's name.)"
    return said


class Loss(Equations):
    PLACES = {"words_in": "the words that go in", "words_out": "the words to predict",
              "mask": "the mask", "h0": "the first hidden state", "x": "the vectors that go in",
              "h": "what the scores are computed from", "scores": "the scores",
              "softmax": "the loss", "value": "the loss that is returned",
              "dscores": "what goes backward from the softmax",
              "dh": "what goes backward into the hidden states", "dh0": "the way back to `h0`",
              **{f"d{name}": f"`{gradient_name(name)}`" for name in PARAMS}}

    def words_in(q):
        return q.captions[:, :-1]

    def words_out(q):
        return q.captions[:, 1:]

    def mask(q):
        return q.words_out != 0

    def h0(q):
        return q.features @ q.W_proj + q.b_proj

    def x(q):
        return q.W_embed[q.words_in]

    def run(q):
        return q.cell[0](q.x, q.h0, q.Wx, q.Wh, q.b)

    def h(q):
        return q.run[0]

    def scores(q):
        return q.h @ q.W_vocab + q.b_vocab

    def softmax(q):
        return layers.temporal_softmax_loss(q.scores, q.words_out, q.mask)

    def value(q):
        return q.softmax[0]

    def dscores(q):
        return q.softmax[1]

    def dh(q):
        return q.dscores @ q.W_vocab.T

    def dW_vocab(q):
        return np.einsum("nth,ntv->hv", q.h, q.dscores)

    def db_vocab(q):
        return q.dscores.sum(axis=(0, 1))

    def back(q):
        return q.cell[1](q.dh, q.run[1])

    def dx(q):
        return q.back[0]

    def dh0(q):
        return q.back[1]

    def dWx(q):
        return q.back[2]

    def dWh(q):
        return q.back[3]

    def db(q):
        return q.back[4]

    def dW_embed(q):
        dW = np.zeros_like(q.W_embed)
        np.add.at(dW, q.words_in, q.dx)
        return dW

    def dW_proj(q):
        return q.features.T @ q.dh0

    def db_proj(q):
        return q.dh0.sum(axis=0)


class RnnLoss(Loss):
    def cell(q):
        return layers.rnn_forward, layers.rnn_backward


def loss_cases(cell_type):
    def draw(label, seed, sizes=None, dtype=np.float64, scale=1.0):
        sizes = {**ORDINARY, **(sizes or {})}
        N, T, D, V = (sizes[letter] for letter in "NTDV")
        rng = np.random.RandomState(seed)
        given = {"features": scale * rng.randn(N, D), "captions": draw_captions(rng, N, T, V),
                 "word_to_idx": vocabulary(V), **draw_params(rng, cell_type, sizes)}
        return Case(label, cast(given, dtype), sizes, dtype)

    def cases():
        return [
            draw("", 1),
            draw("one example only (N = 1)", 2, {"N": 1}),
            draw("captions of one word (T = 1)", 3, {"T": 1}),
            draw(SQUARE, 4, {"N": 5, "T": 5, "D": 5, "W": 5, "H": 5, "V": 5}),
            draw("large features (up to about 1000)", 5, scale=300.0),
            draw("float32 arguments", 6, dtype=np.float32),
            _without_start(draw("a vocabulary without <START> and <END>", 7)),
        ]

    return cases


def _without_start(case):
    words = case.given["word_to_idx"]
    case.given["word_to_idx"] = {w.replace("<START>", "a").replace("<END>", "b"): i
                                 for w, i in words.items()}
    return case


def scattered(q, words, rows):
    """Rows added up in the rows of their words."""
    dW = np.zeros_like(q.W_embed)
    np.add.at(dW, words, rows)
    return dW


def assigned(q):
    dW = np.zeros_like(q.W_embed)
    dW[q.words_in] = q.dx
    return dW


def scaled(factor):
    """Loss and gradient of the scores times a factor."""
    return lambda q: tuple(factor(q) * part for part in q.usual.softmax)


MISTAKES = [
    # Words in, words out
    Mistake("not-shifted",
            "The captions are not shifted: the words to predict are the words that go in "
            "(`captions[:, :-1]` both). At each step the network reads a word and predicts the "
            "next one: in go all words but the last, out come all but the first.",
            words_out=lambda q: q.captions[:, :-1]),
    Mistake("not-shifted-without-start",
            "The captions are not shifted: the words that go in are the words to predict "
            "(`captions[:, 1:]` both). In go all words but the last, `captions[:, :-1]`, beginning "
            "with `<START>`.",
            words_in=lambda q: q.captions[:, 1:]),
    Mistake("shifted-the-wrong-way",
            "The captions are shifted the wrong way: all words but the first go in, and each "
            "previous word is to be predicted. In go all words but the last (`captions[:, :-1]`), "
            "to be predicted are all but the first (`captions[:, 1:]`).",
            words_in=lambda q: q.captions[:, 1:], words_out=lambda q: q.captions[:, :-1]),
    Mistake("whole-captions",
            "The whole captions go in and are to be predicted, T + 1 words each. In go all words "
            "but the last, out come all but the first.",
            words_in=lambda q: q.captions, words_out=lambda q: q.captions),
    Mistake("last-word-dropped",
            "The last time step is dropped: both `words in` and `words out` lack one word more "
            "than they have to. In go `captions[:, :-1]`, out come `captions[:, 1:]`.",
            words_in=lambda q: q.captions[:, :-2], words_out=lambda q: q.captions[:, 1:-1]),
    Mistake("start-dropped",
            "`<START>` is dropped before the shift: the first word to be read is the first real "
            "word. In go `captions[:, :-1]`, beginning with `<START>`.",
            words_in=lambda q: q.captions[:, 1:-1], words_out=lambda q: q.captions[:, 2:]),
    Mistake("shifted-by-two",
            "The word to be predicted is the one after the next: the shift is one too many.",
            words_in=lambda q: q.captions[:, :-2], words_out=lambda q: q.captions[:, 2:]),
    Mistake("captions-reversed",
            "The captions are read from their last word to their first.",
            words_in=lambda q: q.captions[:, ::-1][:, :-1],
            words_out=lambda q: q.captions[:, ::-1][:, 1:]),
    # The mask
    Mistake("mask-missing",
            "Padding counts in the loss: the mask is missing (or all True). `<NULL>` only fills up "
            "short captions; the mask has to be False where the word to predict is `<NULL>`.",
            mask=lambda q: np.ones_like(q.words_out, dtype=bool)),
    Mistake("mask-of-words-in",
            "The mask is made from the words that go in. It has to be made from the words to "
            "predict: a step counts unless the word to predict is `<NULL>`.",
            mask=lambda q: q.words_in != 0),
    Mistake("mask-inverted",
            "The mask is inverted: only padding counts. It has to be True where the word to "
            "predict is not `<NULL>` (`!=`, not `==`).",
            mask=lambda q: q.words_out == 0),
    Mistake("mask-without-end",
            "The mask leaves out `<END>`. The network has to learn where a caption ends; only "
            "`<NULL>` does not count.",
            mask=lambda q: (q.words_out != 0) & (q.words_out != 2)),
    Mistake("mask-of-end-only",
            "The mask leaves out `<END>` in place of `<NULL>`, so padding counts. It has to be "
            "False where the word to predict is `<NULL>`.",
            mask=lambda q: q.words_out != 2),
    Mistake("mask-of-start",
            "The mask leaves out `<START>` in place of `<NULL>`, so padding counts. It has to be "
            "False where the word to predict is `<NULL>`.",
            mask=lambda q: q.words_in != 1),
    Mistake("mask-without-unknown",
            "The mask leaves out `<UNK>` too. Only `<NULL>` does not count.",
            mask=lambda q: (q.words_out != 0) & (q.words_out != 3)),
    Mistake("mask-without-special",
            "The mask leaves out all special words. Only `<NULL>` does not count.",
            mask=lambda q: q.words_out > 3),
    # From features to the first hidden state
    Mistake("picture-ignored",
            "The picture is ignored: the first hidden state is zero. It has to be "
            "`features @ W_proj + b_proj`.",
            h0=lambda q: np.zeros((len(q.features), len(q.b_proj)))),
    Mistake("features-zero",
            "The picture is ignored: zeros are projected in place of `features`. The first hidden "
            "state is `features @ W_proj + b_proj`.",
            features=lambda q: np.zeros_like(q.given["features"])),
    Mistake("features-zero-forward",
            "The picture is ignored: the first hidden state is `b_proj` alone. It has to be "
            "`features @ W_proj + b_proj`.",
            h0=lambda q: np.tile(q.b_proj, (len(q.features), 1))),
    Mistake("b_proj-missing",
            "`b_proj` is missing: the first hidden state is `features @ W_proj + b_proj`.",
            h0=lambda q: q.features @ q.W_proj),
    Mistake("h0-tanh",
            "The projected features go through a tanh. The first hidden state is "
            "`features @ W_proj + b_proj` as it is.",
            h0=lambda q: np.tanh(q.usual.h0)),
    Mistake("h0-tanh-forward-and-backward",
            "The projected features go through a tanh, forward and backward. The first hidden "
            "state is `features @ W_proj + b_proj` as it is.",
            h0=lambda q: np.tanh(q.usual.h0), dh0=lambda q: q.usual.dh0 * (1 - q.h0**2)),
    Mistake("h0-relu",
            "The projected features go through a ReLU. The first hidden state is "
            "`features @ W_proj + b_proj` as it is.",
            h0=lambda q: np.maximum(0, q.usual.h0)),
    Mistake("h0-relu-forward-and-backward",
            "The projected features go through a ReLU, forward and backward. The first hidden "
            "state is `features @ W_proj + b_proj` as it is.",
            h0=lambda q: np.maximum(0, q.usual.h0), dh0=lambda q: q.usual.dh0 * (q.h0 > 0)),
    Mistake("features-for-h0",
            "The features are used as the first hidden state as they are. They have to be "
            "projected: `features @ W_proj + b_proj`.",
            h0=lambda q: q.features),
    Mistake("W_proj-transposed",
            "The features are multiplied by `W_proj.T`. It is `features @ W_proj + b_proj`.",
            h0=lambda q: q.features @ q.W_proj.T + q.b_proj),
    # Words, hidden states, scores
    Mistake("embedding-of-words-out",
            "The vectors of the words to predict go in, so the network sees the answer. In go the "
            "vectors of `captions[:, :-1]`.",
            x=lambda q: q.W_embed[q.words_out]),
    Mistake("previous-states-scored",
            "The scores are computed from the hidden states before each step. Step t is scored "
            "with the hidden state after it.",
            h=lambda q: np.concatenate([q.h0[:, None], q.run[0][:, :-1]], axis=1)),
    Mistake("vectors-scored",
            "The scores are computed from the word vectors `x`. They are computed from the hidden "
            "states `h` that the RNN returns.",
            h=lambda q: q.x),
    Mistake("b_vocab-missing",
            "`b_vocab` is missing in the scores: they are `h @ W_vocab + b_vocab`.",
            scores=lambda q: q.h @ q.W_vocab),
    Mistake("scores-tanh",
            "The scores go through a tanh. The softmax takes them as they are: "
            "`h @ W_vocab + b_vocab`.",
            scores=lambda q: np.tanh(q.usual.scores)),
    Mistake("scores-softmaxed",
            "The scores go through a softmax before `temporal_softmax_loss`, which takes the "
            "softmax itself: it is taken twice.",
            scores=lambda q: _softmax(q.usual.scores)),
    Mistake("words-out-time-reversed",
            "The hidden states and the words to predict are in opposite time order.",
            words_out=lambda q: q.usual.words_out[:, ::-1]),
    # The loss
    Mistake("averaged-per-word",
            "The loss is averaged over the words that count. It is summed over time and divided by "
            "N, the number of examples.",
            softmax=scaled(lambda q: len(q.captions) / q.mask.sum())),
    Mistake("averaged-over-all-steps",
            "The loss is divided by N * T. It is summed over time and divided by N, the number of "
            "examples.",
            softmax=scaled(lambda q: 1 / q.words_out.shape[1])),
    Mistake("not-averaged",
            "The loss is the sum over all examples. It has to be divided by N, the number of "
            "examples.",
            softmax=scaled(lambda q: len(q.captions))),
    Mistake("averaged-twice",
            "Loss and gradients are divided by N twice: `temporal_softmax_loss` divides already.",
            softmax=scaled(lambda q: 1 / len(q.captions))),
    Mistake("loss-averaged-per-word-only",
            "The returned loss is averaged over the words that count, though its gradients are "
            "not. It is summed over time and divided by N alone.",
            value=lambda q: q.usual.value * len(q.captions) / q.mask.sum()),
    Mistake("loss-divided-by-words-too",
            "The returned loss is divided by the number of words that count, besides N. It is "
            "summed over time and divided by N alone: it is not an average over words.",
            value=lambda q: q.usual.value / q.mask.sum()),
    Mistake("divided-by-words-too",
            "Loss and gradients are divided by the number of words that count, besides N. The loss "
            "is summed over time and divided by N alone: it is not an average over words.",
            softmax=scaled(lambda q: 1 / q.mask.sum())),
    Mistake("loss-averaged-over-time-only",
            "The returned loss is divided by T, though its gradients are not. It is summed over "
            "time and divided by N alone.",
            value=lambda q: q.usual.value / q.words_out.shape[1]),
    Mistake("loss-averaged-twice",
            "The returned loss is divided by N once more: `temporal_softmax_loss` divides already.",
            value=lambda q: q.usual.value / len(q.captions)),
    Mistake("loss-not-averaged",
            "The returned loss is multiplied by N (not averaged), though its gradients are right.",
            value=lambda q: q.usual.value * len(q.captions)),
    Mistake("loss-negative",
            "The returned loss has the wrong sign.",
            value=lambda q: -q.usual.value),
    Mistake("loss-zero", "The returned loss is 0: it is never set.",
            value=lambda q: 0.0),
    Mistake("everything-negative",
            "All gradients have the wrong sign.",
            dscores=lambda q: -q.usual.dscores),
    Mistake("gradients-averaged-twice",
            "The gradients are divided by N once more: `temporal_softmax_loss` divides already.",
            dscores=lambda q: q.usual.dscores / len(q.captions)),
    Mistake("gradients-times-N",
            "The gradients are multiplied by N: they belong to a sum over the examples, the loss "
            "is an average.",
            dscores=lambda q: q.usual.dscores * len(q.captions)),
    # Backward
    Mistake("scores-sent-back",
            "The scores are sent backward. What goes backward from the softmax is its gradient, "
            "`dscores`, the second value of `temporal_softmax_loss`.",
            dscores=lambda q: q.scores),
    Mistake("dscores-sent-to-the-rnn",
            "`dscores` goes into the backward pass of the RNN. It first goes back through the "
            "vocabulary layer (`temporal_affine_backward`), which gives `dh`.",
            dh=lambda q: q.dscores),
    Mistake("states-sent-back",
            "The hidden states `h` are sent backward through the RNN. What goes backward is their "
            "gradient, `dh`.",
            dh=lambda q: q.h),
    Mistake("last-step-sent-back-only",
            "Only the gradient of the last hidden state goes backward. The scores of every time "
            "step act on the loss.",
            dh=lambda q: _only(q.usual.dh, -1)),
    Mistake("W_embed-repeated-words-once",
            "In `grads[\"W_embed\"]` a word that occurs more than once keeps only one of its "
            "gradients (`dW[words] = dx`). All have to be added up, as in "
            "`word_embedding_backward`.",
            dW_embed=assigned),
    Mistake("W_embed-of-words-out",
            "The gradients of the word vectors are added to the rows of the words to predict. They "
            "belong to the words that went in.",
            dW_embed=lambda q: scattered(q, q.words_out, q.dx)),
    Mistake("W_embed-is-dx",
            "`grads[\"W_embed\"]` is `dx` (N, T, W). It still has to go through "
            "`word_embedding_backward`, to the shape of `W_embed`.",
            dW_embed=lambda q: q.dx),
    Mistake("W_proj-from-dh",
            "The features' gradients start from `dh[:, 0]`. They start from `dh0`, which the "
            "backward pass of the RNN returns: the features act on the loss through all steps.",
            dW_proj=lambda q: q.features.T @ q.dh[:, 0], db_proj=lambda q: q.dh[:, 0].sum(axis=0)),
    Mistake("W_proj-from-sum-of-dh",
            "The features' gradients start from the sum of `dh` over time. They start from `dh0`, "
            "which the backward pass of the RNN returns.",
            dW_proj=lambda q: q.features.T @ q.dh.sum(axis=1),
            db_proj=lambda q: q.dh.sum(axis=(0, 1))),
    Mistake("W_proj-from-h0",
            "The features' gradients are made of `h0` itself. They start from its gradient, "
            "`dh0`.",
            dW_proj=lambda q: q.features.T @ q.h0, db_proj=lambda q: q.h0.sum(axis=0)),
    Mistake("W_vocab-of-last-step",
            "`grads[\"W_vocab\"]` and `grads[\"b_vocab\"]` have the gradients of the last time "
            "step only. Those of all time steps add up.",
            dW_vocab=lambda q: q.h[:, -1].T @ q.dscores[:, -1],
            db_vocab=lambda q: q.dscores[:, -1].sum(axis=0)),
    Mistake("b-for-b_vocab",
            "`grads[\"b_vocab\"]` is the gradient of `b`. Two backward functions return a `db`; "
            "the second one has overwritten the first. Store each gradient at once, or give each "
            "a name of its own.",
            db_vocab=lambda q: q.usual.db),
    Mistake("b_vocab-for-b",
            "`grads[\"b\"]` is the gradient of `b_vocab`. Two backward functions return a `db`: "
            "store each gradient at once, or give each a name of its own.",
            db=lambda q: q.usual.db_vocab),
    Mistake("b-for-b_proj",
            "`grads[\"b_proj\"]` is the gradient of `b`. Two backward functions return a `db`: "
            "store each gradient at once, or give each a name of its own.",
            db_proj=lambda q: q.usual.db),
    Mistake("b_proj-for-b",
            "`grads[\"b\"]` is the gradient of `b_proj`. Two backward functions return a `db`; the "
            "second one has overwritten the first. Store each gradient at once, or give each a "
            "name of its own.",
            db=lambda q: q.usual.db_proj),
    Mistake("b_proj-for-all-biases",
            "`grads[\"b\"]` and `grads[\"b_vocab\"]` are the gradient of `b_proj`. Three backward "
            "functions return a `db`; the last one has overwritten the others. Store each gradient "
            "at once, or give each a name of its own.",
            db=lambda q: q.usual.db_proj, db_vocab=lambda q: q.usual.db_proj),
    Mistake("b-for-b_vocab-and-b_proj",
            "`grads[\"b_vocab\"]` and `grads[\"b_proj\"]` are the gradient of `b`. Store each "
            "gradient at once, or give each a name of its own.",
            db_vocab=lambda q: q.usual.db, db_proj=lambda q: q.usual.db),
    Mistake("Wx-for-Wh",
            "`grads[\"Wx\"]` and `grads[\"Wh\"]` are exchanged.",
            dWx=lambda q: q.usual.dWh, dWh=lambda q: q.usual.dWx),
    Mistake("b_proj-averaged",
            "`grads[\"b_proj\"]` is averaged over the examples. Their gradients add up.",
            db_proj=lambda q: q.usual.db_proj / len(q.features)),
    Mistake("b_proj-not-summed",
            "`grads[\"b_proj\"]` has shape (N, H). One bias serves all examples, so their "
            "gradients add up.",
            db_proj=lambda q: q.dh0),
    Mistake("b_vocab-not-summed",
            "`grads[\"b_vocab\"]` is summed over one axis only. One bias serves all examples and "
            "time steps, so all their gradients add up.",
            db_vocab=lambda q: q.dscores.sum(axis=0)),
    Mistake("parameters-for-gradients",
            "`grads` holds the parameters themselves. It has to hold their gradients, as the "
            "backward functions return them.",
            **{f"d{name}": (lambda q, n=name: getattr(q, n)) for name in PARAMS}),
    Mistake("gradients-zero",
            "All gradients are zero: `grads` is filled with zeros and nothing else.",
            **{f"d{name}": (lambda q, n=name: np.zeros_like(getattr(q, n))) for name in PARAMS}),
    Mistake("recurrent-gradients-zero",
            "The gradients of the RNN's weights are zero: its backward pass is left out.",
            **{f"d{name}": (lambda q, n=name: np.zeros_like(getattr(q, n)))
               for name in ("Wx", "Wh", "b")}),
    Mistake("projection-gradients-zero",
            "The gradients of `W_proj` and `b_proj` are zero: `dh0` has to go back through the "
            "projection of the features.",
            **{f"d{name}": (lambda q, n=name: np.zeros_like(getattr(q, n)))
               for name in ("W_proj", "b_proj")}),
    Mistake("embedding-gradient-zero",
            "The gradient of `W_embed` is zero: `dx` has to go back through the word embedding.",
            dW_embed=lambda q: np.zeros_like(q.W_embed)),
]
MISTAKES += [
    Mistake(f"{name}-is-the-parameter",
            f"`{gradient_name(name)}` is the parameter `{name}` itself, not its gradient.",
            **{f"d{name}": lambda q, n=name: getattr(q, n)}) for name in PARAMS]
MISTAKES += [
    Mistake(f"{name}-regularised",
            f"The parameter `{name}` is added to its gradient, as for a penalty on the weights. "
            "This loss has none.",
            **{f"d{name}": lambda q, n=name: getattr(q.usual, f"d{n}") + getattr(q, n)})
    for name in PARAMS]


def _softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _only(array, t):
    """Zeros but for one time step."""
    kept = np.zeros_like(array)
    kept[:, t] = array[:, t]
    return kept


ADVICE = [
    ("matmul|not aligned|mismatch in its core|unpack",
     "Follow the shapes. Forward: features (N, D) to `h0` (N, H) through `W_proj`; words (N, T) to "
     "vectors `x` (N, T, W) through `W_embed`; then hidden states `h` (N, T, H) and scores (N, T, "
     "V). Backward: `dscores` (N, T, V), `dh` (N, T, H), then `dx` (N, T, W) and `dh0` (N, H)."),
    ("broadcast|indexing arrays|boolean index|shape",
     "Words in, words out and mask have T columns each, the captions T + 1: `captions[:, :-1]` go "
     "in, `captions[:, 1:]` are to be predicted, and the mask is made from those. (And the cell's "
     "functions have to be those of the model's `cell_type`.)")]
HELPERS = [word_embedding.FORWARD, word_embedding.BACKWARD]

LOSS = LossExercise("loss", "rnn", equations=RnnLoss, mistakes=MISTAKES, cases=loss_cases("rnn"),
                    helpers=[*HELPERS, vanilla_rnn.RNN_FORWARD, vanilla_rnn.RNN_BACKWARD],
                    most_pairs=400, advice=ADVICE, notebook="RNN_Captioning")


class LstmLoss(Loss):
    def cell(q):
        return layers.lstm_forward, layers.lstm_backward


LSTM_LOSS = LossExercise("lstm_loss", "lstm", equations=LstmLoss, mistakes=MISTAKES,
                         helpers=[*HELPERS, lstm.LSTM_FORWARD, lstm.LSTM_BACKWARD],
                         most_pairs=400, advice=ADVICE, cases=loss_cases("lstm"))

EXERCISES = [LOSS, LSTM_LOSS]
