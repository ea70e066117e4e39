"""Emoji Scenes: pictures that a program can draw, and captions that a program can judge.

    scene = Scene("beach", [Group("dog", count=2), Group("ball", size="small")])
    draw(scene)                       # the picture, uint8 (120, 160, 3)
    describe(scene, seed)             # a true caption
    judge("two dogs on the beach", scene)   # .grammatical, .true, .why
    extract_features(draw(scene))     # float32 (1, 512), what a captioner starts from
    load_scenes("val")                # the bundled scenes, in the order of the features

What the course's figures about captions need: `repeated_content(scenes)` (does the content of a
scene occur in training?), `scene.compositional` and `scene.novelty` ("new pair", "new setting" or
""), and `kinds_named(caption)`. Names: `KINDS`, `SETTINGS`, `SIZES`.
"""

from cs231n.scenes.bundled import load_scenes, repeated_content
from cs231n.scenes.describing import describe
from cs231n.scenes.drawing import draw
from cs231n.scenes.features import extract_features
from cs231n.scenes.judging import Judgement, judge, kinds_named
from cs231n.scenes.names import KINDS, SETTINGS, SIZES
from cs231n.scenes.scene import Group, Scene

__all__ = [
    "Group",
    "Judgement",
    "KINDS",
    "SETTINGS",
    "SIZES",
    "Scene",
    "describe",
    "draw",
    "extract_features",
    "judge",
    "kinds_named",
    "load_scenes",
    "repeated_content",
]
