"""The captions of the bundled data set, as text beside their scenes."""

import json
from functools import cache

import h5py

from cs231n.scenes import load_scenes
from cs231n.scenes.bundled import FOLDER


@cache
def bundled_captions(split):
    """Pairs (text, scene) of all captions of a split."""
    words = json.loads((FOLDER / "coco2014_vocab.json").read_text(encoding="utf-8"))["idx_to_word"]
    scenes = load_scenes(split)
    with h5py.File(FOLDER / "coco2014_captions.h5") as file:
        rows, images = file[f"{split}_captions"][:], file[f"{split}_image_idxs"][:]
    texts = (" ".join(words[k] for k in row if k > 2) for row in rows.tolist())
    return [(text, scenes[image]) for text, image in zip(texts, images)]
