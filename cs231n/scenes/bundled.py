"""The scenes of the bundled data set, and what the course's figures about them need."""

import gzip
import json
from functools import cache
from pathlib import Path

from cs231n.scenes.scene import Scene

FOLDER = Path(__file__).parents[2] / "datasets" / "emoji_scenes"
SPLITS = ("train", "val")


def load_scenes(split):
    """The scenes of a split ("train": 8,000; "val": 1,000 ordinary and 300 compositional ones).

    `load_scenes(split)[i]` belongs to row i of the split's features and to the picture with the
    address `emoji-scenes://<split>/<i>`.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; there are 'train' and 'val'")
    return list(_scenes(split))


@cache
def _scenes(split):
    return tuple(Scene.from_json(values) for values in _file()[split])


@cache
def _file():
    path = FOLDER / "scenes.json.gz"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; it is part of the repository: get it back "
                                f"with `git checkout datasets/emoji_scenes`")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def repeated_content(scenes, known=None):
    """For each scene, whether its content (setting, kinds, counts, sizes) is among the known ones.

    known: the scenes to compare with; the training split unless given. Returns a list of bool.
    """
    known = {scene.content() for scene in (_scenes("train") if known is None else known)}
    return [scene.content() in known for scene in scenes]
