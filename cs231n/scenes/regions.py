"""Features of the regions of a picture, and which regions an object covers.

`features.py` sums up what the network sees in one vector a picture. Here its 8 x 10 cells stay
apart: the strongest of each 2 x 2 make one of 4 x 5 regions, in reading order. A region is 61
numbers: probabilities of the 47 kinds, of 3 sizes and of 3 counts, and of the picture's 8 settings,
the same for each region. Nothing in a region's numbers says where it lies.
"""

from functools import cache

import h5py
import numpy as np

from cs231n.coco_utils import REGION_STEPS, from_steps
from cs231n.scenes.bundled import FOLDER
from cs231n.scenes.features import BATCH, load_weights, look, pictures_of
from cs231n.scenes.scene import HEIGHT, WIDTH

ROWS, COLUMNS = 4, 5
NUM_REGIONS = ROWS * COLUMNS


def extract_regions(images):
    """The features of the regions of pictures: uint8 (N, 120, 160, 3) -> float32 (N, 20, 61).

    One picture (120, 160, 3) counts as N = 1. The numbers are those of
    `load_coco_data(regions=True)`: centred and scaled as the bundled training pictures are.
    """
    mean, deviation = _scale()
    return from_steps(stepped_regions(images), mean, deviation)


def stepped_regions(images):
    """The probabilities of each region in steps of 1/64: uint8 (N, 20, 61)."""
    images = pictures_of(images, "extract_regions")
    if not len(images):
        return np.zeros((0, NUM_REGIONS, len(_scale()[0])), np.uint8)
    weights = load_weights()
    batches = [_probabilities(images[start:start + BATCH], weights)
               for start in range(0, len(images), BATCH)]
    return np.round(np.concatenate(batches) * REGION_STEPS).astype(np.uint8)


def _probabilities(images, weights):
    """What the network says of each region (N, 20, 61)."""
    kinds, sizes, counts, setting, _ = look(images, weights)
    cells = np.concatenate([kinds, sizes, counts], axis=-1)  # (N, 8, 10, 53)
    N, _, _, C = cells.shape
    strongest = cells.reshape(N, ROWS, 2, COLUMNS, 2, C).max(axis=(2, 4)).reshape(N, NUM_REGIONS, C)
    everywhere = np.repeat(setting[:, None], NUM_REGIONS, axis=1)  # (N, 20, 8)
    return np.concatenate([strongest, everywhere], axis=-1)


def scale_of(steps):
    """The mean of each number (C,) and the common standard deviation, of training regions."""
    values = steps.reshape(-1, steps.shape[-1]) / REGION_STEPS
    mean = values.mean(axis=0)
    return mean.astype(np.float32), np.sqrt(((values - mean) ** 2).mean()).astype(np.float32)


@cache
def _scale():
    with h5py.File(FOLDER / "train2014_regions.h5", "r") as file:
        return file["mean"][:], file["deviation"][()]


def regions_covered(scene, kind):
    """Which regions of a scene's picture the objects of a kind lie on, if only in part.

    Args:
        scene: a `Scene`.
        kind: a name of `KINDS`.

    Returns:
        Booleans, one for each region in reading order (20,); all False if there is no such object.
    """
    covered = np.zeros((ROWS, COLUMNS), bool)
    group = scene.group(kind)
    for box in group.boxes() if group else []:
        covered[_touched(box.top, box.bottom, HEIGHT, ROWS),
                _touched(box.left, box.right, WIDTH, COLUMNS)] = True
    return covered.reshape(-1)


def _touched(low, high, pixels, parts):
    """Which of `parts` equal parts of a side a stretch of it, from `low` to `high`, touches."""
    first, last = (int(np.clip(edge * parts / pixels, 0, parts)) for edge in (low, high - 1e-9))
    return slice(first, last + 1)
