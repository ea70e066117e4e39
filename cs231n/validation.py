"""Validation during training: how a captioner does on pictures that it does not learn from.

Always the same captions and pictures are looked at, and no random number is drawn, so a run with
validation takes the very steps of a run without.
"""

import numpy as np

from cs231n.arguments import finite
from cs231n.coco_utils import decode_captions
from cs231n.metrics import plain, scenes_of, share_true


class Validation:
    """The validation loss of a captioner, and the share of true captions where scenes are known.

    Args:
        data: what `load_coco_data` returns; it has the `val` split.
        size: how many captions the loss is taken from, and how many pictures get a caption. They
            are spread evenly over the split. Where the scenes are known, pictures of compositional
            scenes are left out, from both.
        batch_size: how many go through the model at a time.

    Raises:
        ValueError: the data have no `val` split, nothing in it can be looked at, or its features
            are not all finite.
    """

    def __init__(self, data, size, batch_size):
        for entry in ("val_captions", "val_image_idxs", "val_features"):
            if entry not in data:
                raise ValueError(f"validation needs data with {entry!r}, as load_coco_data "
                                 "returns them")
        self.batch_size = batch_size
        self.idx_to_word = data.get("idx_to_word")
        scenes = scenes_of(data.get("val_urls", ()))
        pictures = np.arange(len(data["val_features"]))
        if scenes is not None:
            pictures = np.array([i for i in pictures if not scenes[i].compositional])
        captions = np.flatnonzero(np.isin(data["val_image_idxs"], pictures))
        if not len(captions) or not len(pictures):
            raise ValueError("validation needs captions of pictures in the val split, and there "
                             "are none: leave validation out with eval_every=0")
        finite("val_features", data["val_features"])
        captions, pictures = _spread(captions, size), _spread(pictures, size)
        self.captions = data["val_captions"][captions]  # (size, T)
        self.caption_features = data["val_features"][data["val_image_idxs"][captions]]
        self.features = data["val_features"][pictures]
        self.scenes = None if scenes is None else [scenes[i] for i in pictures]

    def loss(self, model):
        """The loss, averaged over the captions, as in training."""
        total = 0.0
        for part in self._parts(self.captions):
            value, _ = model.loss(self.caption_features[part], self.captions[part])
            total += float(value) * len(self.captions[part])
        return total / len(self.captions)

    def share_true(self, model):
        """The share of pictures whose greedy caption is true; None where no scene is known."""
        if self.scenes is None:
            return None
        length = self.captions.shape[1]
        words = [model.sample(self.features[part], length) for part in self._parts(self.features)]
        captions = plain(decode_captions(np.concatenate(words), self.idx_to_word))
        return share_true(captions, self.scenes)

    def _parts(self, rows):
        return [slice(start, start + self.batch_size)
                for start in range(0, len(rows), self.batch_size)]


def _spread(indices, size):
    """At most `size` of the indices, evenly spread over them."""
    if len(indices) <= size:
        return indices
    return indices[np.arange(size) * len(indices) // size]
