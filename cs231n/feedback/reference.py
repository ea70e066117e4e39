"""The package's own layers and model, out of reach of whatever a notebook does to the package.

A notebook may rebind `rnn_layers.rnn_step_forward` or attach methods to `CaptioningRNN`. The
reference must not follow, so these modules are executed once more from their files, under names of
their own.
"""

import importlib.util
import inspect
import sys

from cs231n import attention_layers, rnn_layers
from cs231n.classifiers import attention as course_attention
from cs231n.classifiers import rnn
from cs231n.classifiers import transformer as course_transformer


def private_copy(module, **replaced):
    """Execute a module's file again, as a module that no import statement reaches.

    It is registered under its own name, since dataclasses and annotations look their module up.

    Args:
        module: an imported module.
        replaced: names in the copy to bind to other objects, where the copy has them.
    """
    spec = importlib.util.spec_from_file_location(f"{module.__name__} (reference)", module.__file__)
    copy = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    for name in vars(copy).keys() & replaced.keys():
        setattr(copy, name, replaced[name])
    return copy


def _unchecked(copy):
    """The functions of a copied module by name, without the checks of arguments."""
    for name in copy.__all__:  # those cost time
        setattr(copy, name, inspect.unwrap(getattr(copy, name)))
    return {name: getattr(copy, name) for name in copy.__all__}


layers = private_copy(rnn_layers)
_layers = _unchecked(layers)
model = private_copy(rnn, **_layers)
CaptioningRNN = model.CaptioningRNN

attention = private_copy(attention_layers, **_layers)
_layers |= _unchecked(attention)
CaptioningAttention = private_copy(course_attention, **_layers).CaptioningAttention
CaptioningAttention.cell = CaptioningRNN.cell

CaptioningTransformer = private_copy(course_transformer, **_layers).CaptioningTransformer
