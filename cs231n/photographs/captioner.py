"""A trained model together with what makes the features that it reads: pictures in, captions out.

A checkpoint holds the parameters and a digest of the vocabulary. The vocabulary tells the data set
that the model was trained on, and the data set what the model reads of a picture: for Emoji Scenes,
the course's own network; for data sets built from `extract_features`, the network named there.
"""

import argparse
import json
from pathlib import Path

import h5py
import numpy as np
from PIL import Image, ImageOps

from cs231n.coco_utils import (
    CAPTION_LENGTH,
    COCO,
    EMOJI_SCENES,
    decode_captions,
    default_folder,
    read_vocabulary,
)
from cs231n.decoding import best_captions, greedy
from cs231n.metrics import plain
from cs231n.photographs.networks import network_of
from cs231n.picture_layers import pca_apply
from cs231n.saved_run import has_vocabulary, read_run
from cs231n.train import make_model, options_of

SCENE_SHAPE = (120, 160, 3)


class CannotCaption(ValueError):
    """Why a model cannot caption pictures here, in one sentence."""


class Captioner:
    """A trained model, its vocabulary, and the function that makes its features.

    Args:
        model: the captioner.
        idx_to_word: its vocabulary, a list.
        features_of: a function of one picture, uint8 (H, W, 3), that returns one row of features
            (1, D) or (1, S, D).
        about: what it reads, in a few words.
    """

    def __init__(self, model, idx_to_word, features_of, about):
        self.model, self.idx_to_word, self.about = model, idx_to_word, about
        self.features_of = features_of

    def captions(self, picture, beams=None):
        """The captions of a picture (H, W, 3), best first: a list of `(text, probability)`.

        Without `beams`, the greedy caption alone, whose probability is then None.
        """
        features = self.features_of(picture)
        if beams is None:
            return [(self._texts(greedy(self.model, features, CAPTION_LENGTH))[0], None)]
        captions, totals = best_captions(self.model, features, beams, CAPTION_LENGTH)
        found = zip(self._texts(captions[0]), np.exp(totals[0]).tolist())
        return [(text, probability) for text, probability in found if probability > 0]

    def _texts(self, captions):
        return plain(decode_captions(captions, self.idx_to_word))


def open_captioner(checkpoint, data=None, weights=None):
    """Open a trained model and what makes its features.

    Args:
        checkpoint: as `python -m cs231n.train --checkpoint` and `CaptioningSolver` write it.
        data: folder of the data set that it was trained on; None to look for it.
        weights: file of the weights of the network that made the features, where there is one.

    Raises:
        FileNotFoundError: there is no checkpoint.
        CheckpointError: it is damaged, or of a model that this course cannot make.
        CannotCaption: its vocabulary or its features cannot be had here.
    """
    content = read_run(checkpoint)
    options = options_of(content)
    folder, vocabulary = _data_set(checkpoint, content, data, options.get("data"))
    shape = _shape_of_features(content)
    kind = argparse.Namespace(**{"plain": False, "wordvec": None, "heads": 4, "layers": 2,
                                 "hidden": None, **options})
    model = make_model(kind, {"train_features": np.empty((0, *shape)), **vocabulary})
    model.params = read_run(checkpoint, model)["params"]
    features_of, about = _features_of(folder, shape, weights)
    return Captioner(model, vocabulary["idx_to_word"], features_of, about)


def _shape_of_features(content):
    """What the model reads of a picture: (D,), or (S, D) if it looks at regions."""
    params = content["params"]
    if "W_proj" not in params:
        raise CannotCaption("the checkpoint has no W_proj, so it is no captioner of this course")
    regions = (len(params["places"]),) if "places" in params else ()
    return (*regions, len(params["W_proj"]))


def _data_set(checkpoint, content, data, noted):
    """The folder of the data set that the model was trained on, and its vocabulary."""
    folders = [Path(data)] if data else [Path(noted)] if noted else []
    if not data:
        folders += [EMOJI_SCENES, COCO, default_folder()]
    for folder in folders:
        path = folder / "coco2014_vocab.json"
        if data or path.is_file():
            vocabulary = read_vocabulary(path)
            if has_vocabulary(content, vocabulary["word_to_idx"]):
                return folder, vocabulary
    raise CannotCaption(f"{checkpoint} was trained with another vocabulary than that of "
                        f"{' and of '.join(str(folder) for folder in dict.fromkeys(folders))}: "
                        "name the folder of its data set with --data FOLDER")


# ---- Features -----------------------------------------------------------------------------------


def _features_of(folder, shape, weights):
    """The function that makes features for models of a data set, and what it is in words."""
    if folder.resolve() == EMOJI_SCENES.resolve():
        return _features_of_scenes(shape)
    if len(shape) > 1:
        raise CannotCaption(f"the model looks at regions, and of the data set {folder.name} it is "
                            "not known how to make them of other pictures")
    network, pca = _recipe(folder, weights)
    width = network.width if pca is None else pca[1].shape[1]
    if (width,) != shape:
        raise CannotCaption(f"the model reads {shape[0]} numbers of a picture, but the features of "
                            f"{folder.name} have {width}")

    def features_of(picture):
        features = network.features([network.prepare(picture)])
        return features if pca is None else pca_apply(features, *pca)

    return features_of, f"features of the network {network.describe()['network']}"


def _features_of_scenes(shape):
    from cs231n.scenes import features, regions  # other data sets need neither

    known = {(features.WIDTH,): features.extract_features,
             (regions.NUM_REGIONS, features.NUM_KINDS + 14): regions.extract_regions}
    if shape not in known:
        raise CannotCaption(f"the model reads features of shape {shape} of a picture, but Emoji "
                            f"Scenes' network gives {' or '.join(map(str, known))}")
    return (lambda picture: known[shape](as_scene(picture)),
            "features of Emoji Scenes' own network, which knows its drawn scenes only")


def as_scene(picture):
    """A picture in the size of Emoji Scenes, uint8 (120, 160, 3): scaled, its middle."""
    if picture.shape == SCENE_SHAPE:
        return picture
    height, width, _ = SCENE_SHAPE
    return np.array(ImageOps.fit(Image.fromarray(picture), (width, height)))


def _recipe(folder, weights):
    """The network that made the features of a data set, and the PCA after it or None."""
    path = folder / "train2014_vgg16_fc7_pca.h5"
    try:
        with h5py.File(path, "r") as file:
            made_by = file.attrs.get("made_by")
            pca = (file["mean"][()], file["components"][()]) if "components" in file else None
        description = None if made_by is None else json.loads(made_by)
    except (OSError, KeyError, ValueError) as error:
        raise CannotCaption(f"{path} does not say how its features were made ({error})") from error
    if description is None:
        raise CannotCaption(_no_recipe(folder))
    try:
        return network_of(description, weights=weights), pca
    except (KeyError, TypeError) as error:
        raise CannotCaption(f"{path} says in a way that is not understood how its features were "
                            f"made ({made_by[:100]})") from error


def _no_recipe(folder):
    if folder.resolve() == COCO.resolve():
        return ("the model reads VGG-16's layer fc7, reduced by a PCA, and neither the network's "
                "weights nor that PCA come with the data set COCO: its models can caption no other "
                "pictures here. Models of Emoji Scenes, and of data sets that are built from the "
                "features of `python -m cs231n.extract_features`, can")
    return (f"the data set {folder.name} does not say how its features were made: build it from "
            "the features of `python -m cs231n.extract_features` and train anew")
