"""The layers of the PyTorch edition: the mistakes are those of the NumPy edition."""

from cs231n.feedback.exercises import lstm, vanilla_rnn, word_embedding
from cs231n.feedback.recipe import Mistake
from cs231n.feedback.reference_pytorch import layers
from cs231n.feedback.tensors_pytorch import TensorExercise
from cs231n.feedback.wording_pytorch import mistakes_on_tensors

NOTEBOOK = "RNN_Captioning_pytorch"
PRODUCTS = [
    ("cannot be multiplied|size mismatch|must match|broadcast|inconsistent tensor size",
     "The matrices fit as they stand, without a transpose: `x @ Wx` and `prev_h @ Wh`, with the "
     "examples as rows.")]


def on_tensors(exercise, **rest):
    """The exercise of the same name on tensors."""
    return TensorExercise(
        exercise.name, notebook=NOTEBOOK, reference=getattr(layers, exercise.name),
        equations=rest.pop("equations"), computed_as=exercise.computed_as,
        cases=exercise.cases.__wrapped__, most_pairs=exercise.most_pairs, advice=PRODUCTS,
        mistakes=mistakes_on_tensors(exercise.mistakes) + rest.pop("more", []), **rest)


STEP = on_tensors(vanilla_rnn.RNN_STEP_FORWARD, equations=vanilla_rnn.StepForward)
FORWARD = on_tensors(vanilla_rnn.RNN_FORWARD, equations=vanilla_rnn.Forward, helpers=[STEP])
EMBEDDING = on_tensors(
    word_embedding.FORWARD, equations=word_embedding.Forward,
    more=[Mistake("padding-zero-and-shifted",
                  "Word x gets row x - 1 of `W`, and word 0 zeros, as if the table had one row "
                  "more. Words are numbered from 0, as the rows of `W` are.",
                  out=lambda q: q.W[q.x - 1] * (q.x != 0)[..., None])])
LSTM_STEP = on_tensors(lstm.LSTM_STEP_FORWARD, equations=lstm.StepForward)
LSTM_FORWARD = on_tensors(lstm.LSTM_FORWARD, equations=lstm.Forward, helpers=[LSTM_STEP])

EXERCISES = [STEP, FORWARD, EMBEDDING, LSTM_STEP, LSTM_FORWARD]
