"""The PyTorch edition's layers and model, out of reach of whatever a notebook does to the package.

Private copies, as those of the NumPy edition in `reference.py`.
"""

import inspect

from cs231n import rnn_layers_pytorch
from cs231n.classifiers import rnn_pytorch
from cs231n.feedback.reference import private_copy

FUNCTIONS = [name for name in rnn_layers_pytorch.__all__ if name != "torch"]

layers = private_copy(rnn_layers_pytorch)
for _name in FUNCTIONS:  # without the checks of arguments, which cost time
    setattr(layers, _name, inspect.unwrap(getattr(layers, _name)))
model = private_copy(rnn_pytorch, **{name: getattr(layers, name) for name in FUNCTIONS})
CaptioningRNN = model.CaptioningRNN
course_model = rnn_pytorch.CaptioningRNN  # what a learner's class is derived from
