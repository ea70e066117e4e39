"""The package's own layers and model, out of reach of whatever a notebook does to the package.

A notebook may rebind `rnn_layers.rnn_step_forward` or attach methods to `CaptioningRNN`. The
reference must not follow, so both modules are executed once more from their files, under names of
their own.
"""

import importlib.util
import inspect
import sys

from cs231n import rnn_layers
from cs231n.classifiers import rnn


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


layers = private_copy(rnn_layers)
for _name in layers.__all__:  # without the checks of arguments, which cost time
    setattr(layers, _name, inspect.unwrap(getattr(layers, _name)))
model = private_copy(rnn, **{name: getattr(layers, name) for name in layers.__all__})
CaptioningRNN = model.CaptioningRNN
course_model = rnn.CaptioningRNN  # what a learner's class is derived from
