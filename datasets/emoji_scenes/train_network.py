"""Train the network behind the features (a step of `rebuild.py`; needs PyTorch).

The network looks at a picture in 8 x 10 cells and says of each which kind of object covers it, how
big that object is and, along its row, how many there are of it; the mean over all cells tells the
setting. It learns from the training scenes alone, drawn anew in every epoch with another background
and moved by a few pixels. Batch normalization is folded into the convolutions afterwards, the
features (`cs231n/scenes/features.py`) are reduced by PCA, and all is stored in half precision.
"""

import math
import time
from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from cs231n.scenes import KINDS, SETTINGS, SIZES, draw, features
from cs231n.scenes.bundled import load_scenes
from cs231n.scenes.scene import MAX_COUNT

EPOCHS, BATCH, PEAK_RATE = 12, 64, 4e-3
LENGTH = 16.0  # mean length of a feature vector
COLUMNS, ROWS = 10, 8
NOTHING = len(KINDS)  # label of an empty cell
UNSURE = -100  # label that the loss leaves out
SMOOTHING = 0.005  # keeps probabilities away from one, so that features stay informative


class Network(nn.Module):
    """The convolutions and heads of `features.py`, with batch normalization."""

    def __init__(self):
        super().__init__()
        self.layers, channels = nn.ModuleList(), 3
        for width, size, stride, pad in features.CONVOLUTIONS:
            self.layers.append(nn.Sequential(
                nn.Conv2d(channels, width, size, stride, pad, bias=False), nn.BatchNorm2d(width)))
            channels = width
        self.cells = nn.Conv2d(channels, features.CELL_OUTPUTS, 1)
        self.narrow = nn.Conv2d(channels, features.NARROW, 1)
        self.row = nn.Conv2d(features.NARROW, features.NARROW, features.ROW, padding="same")
        self.counts = nn.Conv2d(features.NARROW, MAX_COUNT, 1)
        self.setting = nn.Linear(channels, len(SETTINGS))

    def forward(self, pictures):
        """Scores of kinds and sizes (N, 51, 8, 10), counts (N, 3, 8, 10) and settings (N, 8)."""
        hidden = pictures
        for layer in self.layers:
            hidden = F.relu(layer(hidden))
        counts = self.counts(F.relu(self.row(F.relu(self.narrow(hidden)))))
        return self.cells(hidden), counts, self.setting(hidden.mean((2, 3)))


def moved(scene, rng):
    """The same scene with another look and its groups a few pixels elsewhere."""
    shift = rng.randint(-6, 7)
    groups = [replace(group, x=int(np.clip(group.x + shift, 1, 159)),
                      y=min(group.y + rng.randint(-2, 3), 118)) for group in scene.groups]
    return replace(scene, look=rng.randint(8), groups=groups)


def labels(scene):
    """What each cell may be taken for, and the size and count of what covers it.

    Returns kinds (48, 8, 10) bool, sizes (8, 10) and counts (8, 10). A cell that an object touches
    and does not cover may be taken for its kind or for nothing. Where nothing covers a cell, its
    size and count are UNSURE.
    """
    kinds = np.zeros((NOTHING + 1, ROWS, COLUMNS), bool)
    kinds[NOTHING] = True
    sizes, counts = np.full((2, ROWS, COLUMNS), UNSURE)
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] * np.array([15, 16])[:, None, None] + 7.5
    boxes = [(box, group) for group in scene.groups for box in group.boxes()]
    for box, group in boxes:
        touched = ((x > box.left - 9) & (x < box.right + 9)
                   & (y > box.top - 8) & (y < box.bottom + 8))
        kinds[list(KINDS).index(group.kind), touched] = True
    for box, group in sorted(boxes, key=lambda item: item[0].bottom):
        middle = (box.top + box.bottom) / 2
        inside = ((np.abs(x - box.centre) < 0.42 * (box.right - box.left))
                  & (np.abs(y - middle) < 0.42 * (box.bottom - box.top)))
        inside[np.clip(int(middle // 15), 0, 7), np.clip(int(box.centre // 16), 0, 9)] = True
        kinds[:, inside] = (np.arange(NOTHING + 1) == list(KINDS).index(group.kind))[:, None]
        sizes[inside], counts[inside] = list(SIZES).index(group.size), group.count - 1
    return kinds, sizes, counts


def batches(scenes, rng):
    """Pictures, labels of the cells and of the settings of one epoch, as tensors."""
    order = rng.permutation(len(scenes))
    for start in range(0, len(order), BATCH):
        chosen = [moved(scenes[i], rng) for i in order[start:start + BATCH]]
        pictures = features.prepared(np.array([draw(scene) for scene in chosen]))
        yield (torch.from_numpy(pictures).permute(0, 3, 1, 2),
               *(torch.from_numpy(np.array(part)) for part in zip(*map(labels, chosen))),
               torch.tensor([SETTINGS.index(scene.setting) for scene in chosen]))


def loss_of(model, pictures, kinds, sizes, counts, settings):
    """Cross entropies of kinds, sizes, counts and settings, added. Several of a kind are rare."""
    scores, count_scores, setting = model(pictures)
    kind_scores, size_scores = torch.split(scores, [NOTHING + 1, 3], dim=1)
    likely = F.log_softmax(kind_scores, dim=1)
    allowed = torch.logsumexp(likely.masked_fill(~kinds, -torch.inf), dim=1)
    return (-allowed.mean() - SMOOTHING * likely.mean()
            + 0.1 * F.cross_entropy(size_scores, sizes)
            + 0.15 * F.cross_entropy(count_scores, counts, torch.tensor((0.6, 2.0, 3.0)))
            + 0.05 * F.cross_entropy(setting, settings))


def train(scenes):
    """Train with Adam, the rate rising and falling once; returns the model."""
    torch.manual_seed(231)
    rng = np.random.RandomState(231)
    model = Network().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), PEAK_RATE, weight_decay=0.02)
    steps = EPOCHS * math.ceil(len(scenes) / BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, steps, pct_start=0.2)
    for epoch in range(EPOCHS):
        start, total = time.time(), 0.0
        model.train()
        for batch in batches(scenes, rng):
            loss = loss_of(model, *batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}: loss {total * BATCH / len(scenes):.4f}, "
              f"{time.time() - start:.0f} s", flush=True)
    return model.eval()


def folded(model):
    """The model's weights for NumPy: convolutions as (size, size, in, out), with biases."""
    weights = {}
    with torch.no_grad():
        for i, (convolution, norm) in enumerate(model.layers):
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            kernel = convolution.weight * scale[:, None, None, None]
            weights[f"W{i}"] = kernel.permute(2, 3, 1, 0).numpy()
            weights[f"b{i}"] = (norm.bias - norm.running_mean * scale).numpy()
        for name in ("cells", "narrow", "counts"):
            weights[f"W_{name}"] = getattr(model, name).weight[:, :, 0, 0].T.numpy()
        weights["W_row"] = model.row.weight.permute(2, 3, 1, 0).numpy()
        weights["W_setting"] = model.setting.weight.T.numpy()
        for name in ("cells", "narrow", "row", "counts", "setting"):
            weights[f"b_{name}"] = getattr(model, name).bias.numpy()
    return {name: value.astype(np.float16) for name, value in weights.items()}


def fit_pca(weights, scenes):
    """Mean and directions of the described training pictures, scaled to the wanted length."""
    described = [features.described(np.array([draw(s) for s in scenes[i:i + 100]]), weights)
                 for i in range(0, len(scenes), 100)]
    described = np.concatenate(described).astype(np.float64)
    mean = described.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((described - mean).T))
    directions = vectors[:, ::-1][:, :features.WIDTH]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), range(features.WIDTH)])
    lengths = np.linalg.norm((described - mean) @ directions, axis=1)
    print(f"PCA keeps {values[::-1][:features.WIDTH].sum() / values.sum():.2%} of the variance")
    return {"mean": mean.astype(np.float32),
            "directions": (directions * LENGTH / lengths.mean()).astype(np.float16)}


def report(weights, scenes):
    """Print how many of these scenes the network gets right."""
    pictures = np.array([draw(scene) for scene in scenes])
    right = features.recognized(pictures, weights)
    wanted = [(scene.setting, {(g.kind, g.size, g.count) for g in scene.groups})
              for scene in scenes]
    kinds = [{k for k, _, _ in a[1]} == {k for k, _, _ in b[1]} for a, b in zip(right, wanted)]
    sizes = [{t[:2] for t in a[1]} == {t[:2] for t in b[1]} for a, b in zip(right, wanted)]
    print(f"all kinds right: {np.mean(kinds):.1%}, and sizes: {np.mean(sizes):.1%}, and counts: "
          f"{np.mean([a[1] == b[1] for a, b in zip(right, wanted)]):.1%}; "
          f"setting: {np.mean([a[0] == b[0] for a, b in zip(right, wanted)]):.1%}")


def main():
    """Train, fold, fit the PCA, store `features.npz` in the package."""
    scenes = load_scenes("train")
    weights = folded(train(scenes))
    weights.update(fit_pca(weights, scenes))
    features.save_weights(weights)
    report(weights, load_scenes("val")[:1000])


if __name__ == "__main__":
    main()
