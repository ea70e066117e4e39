"""PyTorch, which is optional: `from cs231n.import_pytorch import torch`.

Only modules whose name ends in `_pytorch` may import this one. Without PyTorch, one sentence says
what to do.
"""

try:
    import torch
except ModuleNotFoundError as error:
    if error.name != "torch":  # it is there, and lacks something itself
        raise
    raise ModuleNotFoundError(
        "PyTorch is not installed: `make pytorch` installs it (without make: python -m pip install "
        "-r requirements-pytorch.txt -c constraints.txt). The rest of the course does without it.",
        name="torch") from error

__all__ = ["torch"]
