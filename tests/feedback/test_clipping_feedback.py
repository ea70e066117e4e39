"""The check of `clip_gradients`: each mistake is named, right functions pass in any style."""

import math

import numpy as np
import pytest

from cs231n.captioning_solver import clip_gradients
from cs231n.feedback import check
from cs231n.feedback.cases import Case
from cs231n.feedback.exercises.clipping import CLIP, SHAPES
from cs231n.feedback.recipe import Mistake


def mistaken(mistake):
    """A function that makes a mistake, as a learner would hand it in."""

    def clip(grads, clip_norm):
        outputs = CLIP.compute(mistake, Case("", {**grads, "clip_norm": clip_norm}, {}))
        *clipped, norm = outputs.values()
        return dict(zip(SHAPES, clipped)), norm

    return clip


def test_the_equations_are_those_of_the_package():
    assert check(mistaken(Mistake("none", "")), "clip_gradients").state == "passed"


@pytest.mark.parametrize("mistake", CLIP.mistakes, ids=str)
def test_every_mistake_is_named(mistake):
    report = check(mistaken(mistake), "clip_gradients")
    assert report.state == "wrong"
    assert [m.name for m in CLIP.mistakes if m.sentence in report.hints] == [mistake.name]


RIGHT = {
    "one vector": '''
def clip_gradients(grads, clip_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads.values()]))
    return {k: g * min(1, clip_norm / norm) for k, g in grads.items()}, norm
''',
    "a loop, and copies": '''
def clip_gradients(grads, clip_norm):
    total = 0.0
    for g in grads.values():
        total += (g * g).sum()
    norm, new = math.sqrt(total), {}
    for name in grads:
        new[name] = grads[name].copy()
        if norm > clip_norm:
            new[name] /= norm / clip_norm
    return new, norm
''',
}


def defined(source):
    space = {"np": np, "math": math}
    exec(source, space)
    return space["clip_gradients"]


@pytest.mark.parametrize("style", RIGHT)
def test_right_functions_pass(style):
    report = check(defined(RIGHT[style]))
    assert report.state == "passed" and report.hints == [], report


def test_the_courses_own_is_said_to_be():
    assert check(clip_gradients).state == "own"


LOOP = RIGHT["a loop, and copies"]


@pytest.mark.parametrize("source, state, words", [
    (LOOP.replace(".copy()", ""), "almost", "changed in place"),
    (LOOP.replace("math.sqrt(total), {}", "math.sqrt(total), grads"), "passed",
     "dictionary of the caller"),
    (LOOP.replace("return new, norm", "return new"), "wrong", "1 value is returned, expected 2"),
    (LOOP.replace("return new, norm", "return norm, new"), "wrong", "another order"),
    (LOOP.replace("return new, norm", "return list(new.values()), norm"), "wrong", "dictionary"),
    (LOOP.replace("return new, norm", "new.pop('b'); return new, norm"), "wrong", "'b' is missing"),
    ("def clip_gradients(grads, clip_norm):\n    raise NotImplementedError('clip_gradients')",
     "open", ""),
    ("def clip_gradients(grads, clip_norm):\n    pass", "open", ""),
])
def test_what_else_can_happen(source, state, words):
    report = check(defined(source))
    assert report.state == state, report
    assert words in " ".join(report.hints), report
