"""Render the sprites of Emoji Scenes from the font Noto Color Emoji (a step of `rebuild.py`)."""

import json

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cs231n.scenes.names import KINDS, SIZES
from cs231n.scenes.sprites import FOLDER

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"  # Debian: fonts-noto-color-emoji
FONT_SIZE = 109  # the one size of the bitmaps in this font
ATLAS_WIDTH = 512


def render(emoji, font):
    """One emoji as an RGBA picture, cropped to what is visible.

    Drawn on black and on white: the difference is the opacity, and no background stays in it.
    """
    black, white = (np.asarray(_on(colour, emoji, font), np.float32) for colour in (0, 255))
    alpha = 255 - (white - black).max(axis=2, keepdims=True)
    colour = np.where(alpha > 0, 255 * black / np.maximum(alpha, 1), 0)
    pixels = np.clip(np.dstack((colour, alpha)) + 0.5, 0, 255).astype(np.uint8)
    picture = Image.fromarray(pixels)
    return picture.crop(picture.getchannel("A").point(lambda a: 255 * (a > 40)).getbbox())


def _on(level, emoji, font):
    picture = Image.new("RGB", (180, 180), (level,) * 3)
    ImageDraw.Draw(picture).text((20, 20), emoji, font=font, embedded_color=True)
    return picture


def scaled(picture, longer_side):
    """Shrink with colours weighted by opacity, so that no dark fringe appears."""
    factor = longer_side / max(picture.size)
    size = tuple(max(1, round(side * factor)) for side in picture.size)
    pixels = np.asarray(picture, np.float32)
    alpha = pixels[..., 3:]
    channels = [Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS)
                for plane in np.moveaxis(np.dstack((pixels[..., :3] * alpha, alpha)), 2, 0)]
    colour, alpha = np.dstack(channels[:3]), np.asarray(channels[3])[..., None]
    colour = np.where(alpha > 1, colour / np.maximum(alpha, 1), 0)
    return np.clip(np.dstack((colour, alpha)) + 0.5, 0, 255).astype(np.uint8)


def pack(sprites):
    """Place sprites row by row, tallest first; returns the places and the height needed."""
    places, x, y, row_height = {}, 0, 0, 0
    for name, pixels in sorted(sprites.items(), key=lambda item: (-item[1].shape[0], item[0])):
        height, width = pixels.shape[:2]
        if x + width > ATLAS_WIDTH:
            x, y, row_height = 0, y + row_height, 0
        places[name] = [x, y, width, height]
        x, row_height = x + width, max(row_height, height)
    return places, y + row_height


def main(font_path=FONT):
    """Write `sprites.png` and `sprites.json` into the package."""
    font = ImageFont.truetype(font_path, FONT_SIZE)
    sprites = {}
    for kind, entry in KINDS.items():
        picture = render(entry.emoji, font)
        for size, pixels in SIZES.items():
            sprites[kind, size] = scaled(picture, pixels * entry.scale)
    places, height = pack(sprites)
    atlas = np.zeros((height, ATLAS_WIDTH, 4), np.uint8)
    for name, (x, y, width, height) in places.items():
        atlas[y:y + height, x:x + width] = sprites[name]
    Image.fromarray(atlas).save(FOLDER / "sprites.png", optimize=True)
    index = {kind: {size: places[kind, size] for size in SIZES} for kind in KINDS}
    with open(FOLDER / "sprites.json", "w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(index) + "\n")


if __name__ == "__main__":
    main()
