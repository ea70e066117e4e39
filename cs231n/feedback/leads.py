"""What is said first about a known mistake: where it is, and of what kind, but not what it is.

A lead is made from what is there already: the outputs that are wrong, the equations that the
mistake changes (in the words of `PLACES` of their class), and the mistake's name.
"""

import re

import numpy as np

from cs231n.feedback.compare import as_numbers
from cs231n.feedback.wording import is_or_are, letters, listed

KINDS = [
    ("transposed|swapped", "the order of two factors, or a transpose"),
    ("negative|subtracted|sign|mirrored|inverted|minus", "a sign, or what is taken away from what"),
    ("averaged|halved|doubled|twice|scaled|divided|times|percent|normalised|squared", "a factor"),
    ("late|early|index|reversed|shift|time-forward|order|-old", "an index, or an order"),
    ("axis|keepdims|summed|reshaped|concatenated|mixed|flat|column|row", "an axis, or a sum"),
    ("missing|ignored|without|forgotten|left-out|not-|only|skipped|dropped|no-|zero|first|last",
     "something that is left out"),
    ("tanh|sigmoid|relu|softmax|slope|exp", "a function, or its derivative"),
    ("exchanged|with-|from-|for-|-is-|in-place-of", "one thing in the place of another"),
]


def lead(exercise, mistake, case, got, right):
    """The lead of a mistake that explains the outputs `got` of a case."""
    wrong = [name for name in right if not right[name]]
    fine = [name for name in right if right[name]]
    said = [_shape(exercise, name, got[name], case) for name in wrong[:1]]
    if not said[0]:
        said = [f"{listed(wrong)} {is_or_are(wrong)} wrong."]
    if fine and len(fine) <= 4:
        said.append(f"({listed(fine)} {is_or_are(fine)} right.)")
    place = mistake.place or _place(exercise, mistake)
    kind = next((kind for pattern, kind in KINDS if re.search(pattern, mistake.name)), None)
    if place:
        said.append(f"Look at {place}" + (f"; it is about {kind}." if kind else "."))
    elif kind:
        said.append(f"It is about {kind}.")
    return " ".join(said)


def _place(exercise, mistake):
    named = [exercise.places[name] for name in mistake.changes if name in exercise.places]
    return " and ".join(dict.fromkeys(named)) if len(set(named)) <= 2 else ""


def _shape(exercise, name, value, case):
    axes, expected = exercise.shapes.get(name), exercise.expected(case)[name]
    got = as_numbers(value)
    if not axes or got is None or got.shape == np.shape(expected):
        return ""
    return f"`{name}` has shape {got.shape}, expected {letters(axes)} = {np.shape(expected)}."
