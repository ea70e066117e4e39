"""`check` for functions on PyTorch's tensors: the exercises of the PyTorch edition.

    from cs231n.feedback.check_pytorch import check

    check(rnn_step_forward)

It is used like the `check` of `cs231n.feedback`. The exercises have the same names in both
editions; which edition is meant is said by what is imported.
"""

from cs231n.feedback.checker import Checker
from cs231n.import_pytorch import torch

__all__ = ["check"]


class TensorChecker(Checker):
    """A checker that leaves PyTorch's settings and random state as it found them, too."""

    def __init__(self):
        super().__init__(on_tensors=True)

    def __call__(self, function, name=None, more=False):
        """As `Checker` says."""
        default = torch.get_default_dtype()
        try:
            with torch.random.fork_rng(devices=[]), torch.enable_grad():
                return super().__call__(function, name, more)
        finally:
            torch.set_default_dtype(default)


check = TensorChecker()
