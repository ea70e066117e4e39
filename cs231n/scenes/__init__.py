"""Emoji Scenes: pictures that a program can draw, and captions that a program can judge."""

from cs231n.scenes.bundled import load_scenes, repeated_content
from cs231n.scenes.describing import describe
from cs231n.scenes.drawing import draw
from cs231n.scenes.names import KINDS, SETTINGS, SIZES
from cs231n.scenes.scene import Group, Scene
