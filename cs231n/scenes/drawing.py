"""Draw a scene: a painted background, and the sprites on it with their shadows.

All blending is done in whole numbers, so that a scene gives the same pixels everywhere.
"""

from functools import cache

import numpy as np

from cs231n.scenes.backgrounds import background
from cs231n.scenes.scene import HEIGHT, WIDTH, check_scene
from cs231n.scenes.sprites import sprite, sprite_size

SHADOW = np.array((20, 24, 40), np.uint32)
FOAM = np.array((235, 246, 255), np.uint32)


def draw(scene):
    """The picture of a scene, uint8 (120, 160, 3). The same scene always gives the same pixels."""
    check_scene("draw", scene)
    picture = background(scene.setting, scene.look).copy()
    for group in _back_to_front(scene):
        state = scene.state(group)
        for box in group.boxes():
            _draw_object(picture, group, box, state)
    return picture


def _back_to_front(scene):
    """Those further up in the picture stand further back; who rests on another comes after it."""
    def depth(group):
        bases = [other for other in scene.groups if scene.rests_on(group, other)]
        return max([group.y] + [base.y + 0.5 for base in bases])
    return sorted(scene.groups, key=depth)


def _draw_object(picture, group, box, state):
    colours, opacity = sprite(group.kind, group.size)
    width, height = sprite_size(group.kind, group.size)
    if state == "ground":
        shadow = _shadow(width)
        _blend(picture, box.left - 3, box.bottom - len(shadow) // 2 - 1, SHADOW, shadow)
    _blend(picture, box.left, box.top, colours, opacity if state != "water" else
           _dipped(group.kind, group.size))
    if state == "water":
        foam = _foam(width)
        _blend(picture, box.left - 3, box.bottom - len(foam) // 2 - 1, FOAM, foam)


def _blend(picture, left, top, colours, opacity):
    """Lay `colours` over the picture at (left, top), as opaque as `opacity` (h, w, 1) in 0..255."""
    left, top = int(left), int(top)
    height, width = opacity.shape[:2]
    x0, x1 = max(left, 0), min(left + width, WIDTH)
    y0, y1 = max(top, 0), min(top + height, HEIGHT)
    if x0 >= x1 or y0 >= y1:
        return
    inside = np.s_[y0 - top:y1 - top, x0 - left:x1 - left]
    opacity = opacity[inside]
    colours = colours[inside] if colours.ndim == 3 else colours
    under = picture[y0:y1, x0:x1]
    under[...] = (under * (255 - opacity) + colours * opacity + 127) // 255


@cache
def _shadow(width):
    """Opacity (h, width + 6, 1) of the shadow under an object of this width."""
    return _disc(width + 6, max(7, width // 5), 110, softness=0.45)


@cache
def _foam(width):
    """Opacity (h, width + 6, 1) of the foam around an object that swims: the rim of a disc."""
    height = max(7, width // 6)
    outer, inner = (_disc(width + 6, height, 200, softness) for softness in (0.25, 0.9))
    front = np.arange(height)[:, None, None] >= height // 2  # the rim behind the object is hidden
    return np.where(front, outer - np.minimum(inner, outer), 0).astype(np.uint32)


def _disc(width, height, opacity, softness):
    """A flat ellipse (height, width, 1), fading towards its border."""
    x = (np.arange(width) + 0.5) / width * 2 - 1
    y = (np.arange(height) + 0.5) / height * 2 - 1
    inside = 1 - np.hypot(x[None, :], y[:, None])
    return (opacity * np.clip(inside / softness, 0, 1))[:, :, None].astype(np.uint32)


@cache
def _dipped(kind, size):
    """A sprite's opacity with its lowest part fading away under water."""
    opacity = sprite(kind, size)[1]
    height = len(opacity)
    fade = np.clip((height - np.arange(height)) * 255 // max(height // 6, 1), 60, 255)
    return opacity * fade.astype(np.uint32)[:, None, None] // 255
