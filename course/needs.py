"""What a notebook needs that the course does not install by itself: PyTorch."""

import importlib.util


def missing(name):
    """Why a notebook cannot be run here.

    Args:
        name: the notebook's. As with modules, a name that ends in `_pytorch` says what is needed.

    Returns:
        A sentence that says what to do, or "" if the notebook can be run.
    """
    if not name.endswith("_pytorch") or importlib.util.find_spec("torch"):
        return ""
    return f"{name} needs PyTorch, which is not installed: `make pytorch` installs it."
