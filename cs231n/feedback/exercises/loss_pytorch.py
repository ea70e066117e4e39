"""The methods `loss` and `sample` of the PyTorch edition, for a vanilla RNN and for an LSTM."""

import numpy as np

from cs231n.feedback.exercises import captioner_loss, layers_pytorch, sampling
from cs231n.feedback.methods import LSTM_SHAPES, PARAM_SHAPES
from cs231n.feedback.recipe import Mistake
from cs231n.feedback.tensors_pytorch import CAPTIONER, TensorMethodExercise
from cs231n.feedback.wording_pytorch import mistakes_on_tensors

NOTEBOOK = "RNN_Captioning_pytorch"

# Of the equations of the NumPy edition, those that the value of the loss depends on.
FORWARD = {"words_in", "words_out", "mask", "h0", "x", "h", "scores", "softmax", "value"}
SAME_VALUE = ["loss-averaged-per-word-only", "loss-divided-by-words-too", "loss-averaged-twice",
              "loss-averaged-over-time-only", "loss-not-averaged", "embedding-of-words-out"]
MEAN = ("The loss is averaged over {}, as `cross_entropy` does by itself (`reduction=\"mean\"`). "
        "It is summed over time and divided by N, the number of examples: `reduction=\"sum\"`, "
        "then `/ N`.")
SENTENCES = {
    "averaged-per-word": MEAN.format("the words that count"),
    "averaged-over-all-steps": MEAN.format("all words, N * T"),
    "averaged-twice": "The loss is divided by N twice: `temporal_softmax_loss` divides already.",
    "divided-by-words-too": "The loss is divided by the number of words that count, besides N. It "
                            "is summed over time and divided by N alone.",
    "scores-softmaxed": "The scores go through a softmax before the loss, which takes the softmax "
                        "itself (as `cross_entropy` does, too): it is taken twice.",
}


def score_of_targets(q):
    """The score of each word that should have come (N, T), 0 for padding."""
    return np.take_along_axis(q.scores, q.words_out[..., None], axis=-1)[..., 0] * q.mask


MISTAKES = mistakes_on_tensors(
    [m for m in captioner_loss.MISTAKES if set(m.changes) <= FORWARD], SENTENCES, SAME_VALUE) + [
    Mistake("scores-without-softmax",
            "The scores themselves stand where their logarithms of a softmax belong, as when "
            "`nll_loss` gets scores. It takes `log_softmax(scores)`; `cross_entropy` does both.",
            value=lambda q: -score_of_targets(q).sum() / len(q.captions))]


class TensorLoss(TensorMethodExercise):
    """`loss(features, captions)` -> a tensor of one number."""

    def __init__(self, name, cell_type, **rest):
        super().__init__(
            name, method="loss", cell_type=cell_type, arguments=["features", "captions"],
            outputs=["loss"], computed_as={"loss": "value"},
            shapes={"features": "N D", "captions": "N T+1", "loss": "",
                    **(PARAM_SHAPES if cell_type == "rnn" else LSTM_SHAPES)},
            mistakes=MISTAKES, cases=captioner_loss.loss_cases(cell_type), most_pairs=400,
            advice=ADVICE, **rest)


class TensorSample(TensorMethodExercise, sampling.SampleExercise):
    """`sample(features, max_length)` -> a tensor of integers (N, max_length)."""

    def __init__(self, name, cell_type, **rest):
        sampling.SampleExercise.__init__(self, name, cell_type, captioner=CAPTIONER, **rest)

    def examine_more(self, function, cases):
        return sampling.SampleExercise.examine_more(self, function, cases) + \
            self.graph_remark(function, cases[0])


ADVICE = [
    ("cannot be multiplied|size mismatch|must match|broadcast|shape",
     "Follow the shapes: features (N, D) to `h0` (N, H) through `W_proj`; words (N, T) to vectors "
     "`x` (N, T, W) through `W_embed`; then hidden states `h` (N, T, H) and scores (N, T, V). "
     "Words in, words out and mask have T columns each, the captions T + 1.")]

LOSS = TensorLoss("loss", "rnn", equations=captioner_loss.RnnLoss, notebook=NOTEBOOK,
                  helpers=[layers_pytorch.EMBEDDING, layers_pytorch.FORWARD])
LSTM_LOSS = TensorLoss("lstm_loss", "lstm", equations=captioner_loss.LstmLoss,
                       helpers=[layers_pytorch.EMBEDDING, layers_pytorch.LSTM_FORWARD])
SAMPLE = TensorSample("sample", "rnn", mistakes=mistakes_on_tensors(sampling.MISTAKES),
                      advice=sampling.ADVICE, notebook=NOTEBOOK,
                      helpers=[layers_pytorch.EMBEDDING, layers_pytorch.STEP])
LSTM_SAMPLE = TensorSample("lstm_sample", "lstm",
                           mistakes=mistakes_on_tensors(sampling.LSTM_MISTAKES),
                           advice=sampling.ADVICE,
                           helpers=[layers_pytorch.EMBEDDING, layers_pytorch.LSTM_STEP])

EXERCISES = [LOSS, SAMPLE, LSTM_LOSS, LSTM_SAMPLE]
