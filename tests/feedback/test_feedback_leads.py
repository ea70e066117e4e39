"""What a first report says of a mistake: where to look, and for what kind of thing."""

import pytest

from cs231n.feedback.leads import kind_of_mistake


@pytest.mark.parametrize("name, kind", [
    ("dWx-transposed", "a transpose"), ("loss-negative", "a sign"), ("db-averaged", "a factor"),
    ("word-minus-one", "an index"), ("db-not-summed", "a sum"), ("bias-missing", "left out"),
    ("in each step: bias-twice", "a factor"), ("h-for-c", "in the place of another"),
])
def test_the_kind_is_read_from_the_name(name, kind):
    assert kind in kind_of_mistake(name)


@pytest.mark.parametrize("name", ["upstream-accumulated", "mask-inverted", "places-counted",
                                  "input-indexed-by-example"])
def test_parts_of_words_speak_of_no_kind(name):
    assert kind_of_mistake(name) is None
