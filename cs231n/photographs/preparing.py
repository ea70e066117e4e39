"""Cutting a picture to the square that a network expects.

Nobody knows how the pictures of the assignment were cut, so there are several ways; holding known
pictures against their features would tell which it was.
"""

from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

SIZINGS = {
    "squash and crop": "the whole picture squashed to 256 x 256, of that the middle",
    "crop": "the shorter side scaled to 256, of that the middle",
    "squash": "the whole picture squashed",
    "largest square": "the largest square in the middle, scaled",
}
RESAMPLINGS = {
    "smooth": "bilinear, over all pixels that become one",
    "plain": "bilinear between four neighbours, as OpenCV and Caffe do it",
    "bicubic": "bicubic, over all pixels that become one",
}
CHANNELS = ("BGR", "RGB")
MEAN = {"R": 123.68, "G": 116.779, "B": 103.939}  # of the pictures that the network learned from
LARGER = 256 / 224  # how much larger a picture is made before its middle is taken


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes what VGG-16 reads: one of each of the tables above."""

    sizing: str = "squash and crop"
    resampling: str = "smooth"
    channels: str = "BGR"

    def __post_init__(self):
        for name, choices in (("sizing", SIZINGS), ("resampling", RESAMPLINGS),
                              ("channels", CHANNELS)):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected one of "
                                 f"{', '.join(choices)}")

    def __str__(self):
        return f"{self.sizing}, {self.resampling}, {self.channels}"

    def describe(self):
        """As a dictionary of texts, which JSON can hold."""
        return asdict(self)

    def apply(self, picture, side):
        """uint8 RGB pixels (H, W, 3) -> float32 (side, side, 3), the mean colour taken away."""
        square = self._square(Image.fromarray(picture), side)
        pixels = np.asarray(square, dtype=np.float32)
        if self.channels == "BGR":
            pixels = pixels[:, :, ::-1]
        return pixels - np.array([MEAN[name] for name in self.channels], np.float32)

    def _square(self, image, side):
        if self.sizing == "squash":
            return self._resized(image, side, side)
        if self.sizing == "largest square":
            return self._resized(_middle(image, min(image.size), min(image.size)), side, side)
        larger = round(side * LARGER)
        width, height = larger, larger
        if self.sizing == "crop":
            scale = larger / min(image.size)
            width, height = (max(larger, round(length * scale)) for length in image.size)
        return _middle(self._resized(image, width, height), side, side)

    def _resized(self, image, width, height):
        if self.resampling == "plain":
            scale = (image.width / width, 0, 0, 0, image.height / height, 0)
            return image.transform((width, height), Image.Transform.AFFINE, scale,
                                   Image.Resampling.BILINEAR)
        smooth = {"smooth": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
        return image.resize((width, height), smooth[self.resampling])


def _middle(image, width, height):
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def all_preparations():
    """Every combination, those of the published examples first."""
    return [Preparation(sizing, resampling, channels) for channels in CHANNELS
            for resampling in RESAMPLINGS for sizing in SIZINGS]
