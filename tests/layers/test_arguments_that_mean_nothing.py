"""Public functions refuse what they cannot mean, and name argument, value and what was expected."""

import math

import numpy as np
import pytest

from cs231n import coco_utils, gradient_check, metrics, scenes, vis_utils
from cs231n.scenes import Group, Scene

NUMBERS, STATES, WORDS = np.ones(3), np.zeros((3, 4)), ["a", "b", "c"]
INDEX = {"<NULL>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3}
DATA = {"val_features": np.zeros((2, 2)), "val_image_idxs": np.array([0, -1]),
        "val_captions": np.array([[1, 3, 2]] * 2), "idx_to_word": list(INDEX)}
TWO = [["a dog", "dogs"], ["a cat", "cats"]]


def number(x):
    return x.sum()


def same(x):
    return x


CALLS = [
    # Each was answered with a number, a picture or nothing, or in words of NumPy's.
    (lambda: gradient_check.eval_numerical_gradient(number, NUMBERS, False, 0), "a step h above 0"),
    (lambda: gradient_check.eval_numerical_gradient(number, NUMBERS, False, math.nan), "got nan"),
    (lambda: gradient_check.eval_numerical_gradient(same, NUMBERS, False), "expected one number"),
    (lambda: gradient_check.eval_numerical_gradient_array(same, NUMBERS, np.ones((3, 3))),
     r"df has shape \(3, 3\), expected that of the result of f, \(3,\)"),
    (lambda: gradient_check.eval_numerical_gradient_array(same, NUMBERS, 1.0), "df has shape"),
    (lambda: gradient_check.rel_error([], []), "compares numbers, got none"),
    (lambda: gradient_check.verdict("loss", 1), "'loss' has no bound"),
    (lambda: vis_utils.show_hidden_states(STATES, WORDS, units=0), "units is 0, expected at least"),
    (lambda: vis_utils.show_hidden_states(STATES, WORDS, units=-1), "units is -1, expected at lea"),
    (lambda: vis_utils.show_hidden_states(STATES * math.nan, WORDS), "states holds a number that"),
    (lambda: vis_utils.show_gates({"input": STATES}, WORDS, units=0), "units is 0, expected at le"),
    (lambda: vis_utils.show_gates([STATES], WORDS), "gates is of type list, expected a dictionary"),
    (lambda: vis_utils.moving_average([1, 2, 3], 0), "span is 0, expected at least 1"),
    (lambda: vis_utils.moving_average([1, 2, 3], 1.5), "span is 1.5, expected a whole number"),
    (lambda: vis_utils.plot_curves({}, "x", "y"), "curves is empty, expected at least one"),
    (lambda: vis_utils.plot_loss(np.ones((3, 3))), r"loss has shape \(3, 3\), expected one loss"),
    (lambda: Group("dog", count=True), "count of 'dog' is True"),
    (lambda: Group("dog", count=2.0), "count of 'dog' is 2.0"),
    (lambda: Group("dog", x="5"), "x of 'dog' is '5', expected a number"),
    (lambda: Scene("beach", "dog", look=1.0), "look is 1.0"),
    (lambda: scenes.draw(5), "draw: scene is of type int, expected a Scene"),
    (lambda: scenes.describe("dog"), "describe: scene is of type str, expected a Scene"),
    (lambda: scenes.judge("a dog", None), "judge: scene is of type NoneType, expected a Scene"),
    (lambda: scenes.judge(["a", "dog"], Scene("beach", "dog")), "of type list, expected a text"),
    (lambda: scenes.kinds_named(5), "a caption is of type int, expected a text"),
    (lambda: metrics.leave_one_out(["a dog", "a cat"]), r"references\[0\] is .a dog., expected"),
    (lambda: metrics.captions_of_others(["a dog", "a cat"]), r"references\[0\] is 'a dog'"),
    (lambda: metrics.distinct([["a"]]), r"captions\[0\] is of type list, expected a text"),
    (lambda: metrics.novel([1, 2], ["a"]), r"captions\[0\] is of type int, expected a text"),
    (lambda: metrics.scenes_of("emoji-scenes://val/1"), "urls is the text .* expected a list"),
    (lambda: metrics.scenes_of(["emoji-scenes://val/9999"]), "val/9999 leads to no scene"),
    (lambda: metrics.share_true(["a dog"], [5]), "judge: scene is of type int"),
    (lambda: metrics.score_table(["a dog"], TWO, ["a"]), "captions is not a dictionary of lists"),
    (lambda: metrics.score_table({}, TWO, ["a"]), "at least one"),
    (lambda: metrics.score_table({"human": ["a", "b"]}, TWO, ["a"]), "none of them called human"),
    (lambda: metrics.references_of(DATA), "holds the row -1, but the features have 2"),
    (lambda: coco_utils.decode_captions([1, 2], "abcdef"), "idx_to_word is of type str, exp"),
    (lambda: coco_utils.encode_captions("a", INDEX, 1), "length is 1, expected at least 2"),
    (lambda: coco_utils.encode_captions("a", INDEX, 4.0), "length is 4.0, expected a whole number"),
    (lambda: coco_utils.encode_captions([5], INDEX), r"captions\[0\] is of type int, expected"),
    (lambda: coco_utils.encode_captions("a", list(INDEX)), "word_to_idx is of type list, expected"),
    (lambda: coco_utils.tokenize(["a"]), "caption is of type list, expected a text"),
]


@pytest.mark.parametrize("call, message", CALLS)
def test_what_means_nothing_is_refused(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_relative_errors_of_unsigned_integers():
    three, five = np.array([3], np.uint8), np.array([5], np.uint8)
    assert gradient_check.rel_error(three, five) == 2 / 8
    assert gradient_check.rel_error(np.array([True]), np.array([False])) == 1
