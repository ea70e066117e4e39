"""Choosing a network: VGG-16 in NumPy, or anything that PyTorch can run.

A network has `prepare(picture)`, `features(prepared)`, `describe()`, `width` and `part`; see
`vgg16.py`. PyTorch is imported only where it is asked for.
"""

from importlib.util import find_spec
from pathlib import Path

from cs231n.coco_utils import DATASETS
from cs231n.photographs.preparing import Preparation
from cs231n.photographs.vgg16 import Vgg16
from cs231n.photographs.vgg16_weights import ADDRESS, read_weights

WEIGHTS = DATASETS / "vgg16" / ADDRESS.rpartition("/")[2]  # where they are looked for
ENGINES = ("auto", "numpy", "pytorch")


def open_network(name="vgg16", *, weights=None, engine="auto", device=None, preparation=None):
    """Open a network by its name.

    Args:
        name: "vgg16" (that of the assignment), "efficientnet-lite0", or "torchvision:NAME".
        weights: the file of its weights; None for those that are in their usual place, or
            come with a package.
        engine: for VGG-16, "numpy", "pytorch", or "auto": PyTorch if it is installed.
        device: of PyTorch, such as "cpu" or "cuda:1"; None for a graphics card if there is one.
        preparation: a `Preparation`, of VGG-16.

    Raises:
        ValueError: there is no such network.
        FileNotFoundError: its weights are not there; the text says how to get them.
        ImportError: PyTorch or another package is missing; the text says which.
    """
    if name == "vgg16":
        return _open_vgg16(weights, engine, device, preparation)
    if preparation is not None and preparation != Preparation():
        raise ValueError(f"pictures are prepared for {name} in its own way only")
    if engine == "numpy":
        raise ValueError(f"{name} runs in PyTorch only: leave out --engine numpy")
    need("torch", f"the network {name}")
    from cs231n.photographs import networks_pytorch

    return networks_pytorch.open_network(name, weights, device)


def _open_vgg16(path, engine, device, preparation):
    path = WEIGHTS if path is None else Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"the weights of VGG-16 are not in {path}. Name a file that has them with --weights "
            f"FILE; the authors' (553 MB) are at {ADDRESS}")
    if engine == "auto":
        engine = "pytorch" if find_spec("torch") else "numpy"
    if engine == "numpy":
        return Vgg16(read_weights(path), preparation)
    need("torch", "--engine pytorch")
    from cs231n.photographs.networks_pytorch import Vgg16Pytorch

    return Vgg16Pytorch(read_weights(path), preparation, device)


def need(package, what):
    """Raise an ImportError in one sentence if a package is not installed."""
    if find_spec(package) is None:
        name = {"torch": "torch (PyTorch)"}.get(package, package)
        raise ImportError(f"{what} needs the package {name}, which is not installed: "
                          f"pip install {package.replace('_', '-')}")


def network_of(description, *, weights=None, engine="auto", device=None):
    """The network that a description (see `describe`) is of.

    Raises:
        ValueError: the weights that are here are others; and what `open_network` raises.
    """
    preparation = None
    if description["network"] == "vgg16":
        preparation = Preparation(**description["preparation"])
    network = open_network(description["network"], weights=weights, engine=engine, device=device,
                           preparation=preparation)
    wanted = description.get("weights")
    if network.width != description["width"] or \
            wanted is not None and network.describe()["weights"] != wanted:
        raise ValueError(f"the features were made by {description['network']} with other weights "
                         f"than those in {weights or 'the file that is here'}: name the file of "
                         "those with --weights FILE")
    return network
