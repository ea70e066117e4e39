"""What is said first about a known mistake: where it is, and of what kind, but not what it is.

A lead is made from what is there already: the outputs that are wrong, the equations that the
mistake changes (in the words of `PLACES` of their class), and the mistake's name.
"""

import re

import numpy as np

from cs231n.feedback.compare import as_numbers
from cs231n.feedback.wording import is_or_are, letters, listed

# Whole words of a mistake's name, which is written with hyphens, and the kind that they speak of.
KINDS = [
    ("tanhs?|arctanh|sigmoids?|relu|softmax|softmaxed|slopes?|exp|exponentials",
     "a function, or its derivative"),
    ("transposed|swapped|not-transposed", "the order of two factors, or a transpose"),
    ("negative|subtracted|sign|mirrored", "a sign, or what is taken away from what"),
    ("averaged|halved|doubled|twice|scaled|divided|times|percent|normalised|squared", "a factor"),
    ("late|early|index|reversed|shifted|reverse|time-forward|order|old|minus-one|plus-one|worst|"
     "shortest", "an index, or an order"),
    ("axis|keepdims|summed|reshaped|concatenated|mixed|flat|columns?|rows?",
     "an axis, or a sum"),
    ("missing|ignored|without|forgotten|left-out|not|only|skipped|dropped|no|zeros?|first|last",
     "something that is left out"),
    ("exchanged|with|from|for|is|as|in-place-of", "one thing in the place of another"),
]


def kind_of_mistake(name):
    """The kind that a mistake's name speaks of, None where it speaks of none."""
    return next((kind for words, kind in KINDS
                 if re.search(rf"(?:^|[- ])(?:{words})(?:-|$)", name)), None)


def lead(exercise, mistake, case, got, right):
    """The lead of a mistake that explains the outputs `got` of a case."""
    wrong = [name for name in right if not right[name]]
    wrong = [name for name in wrong if _shows(exercise, mistake, case, name)] or wrong
    fine = [name for name in right if right[name]]
    said = [_shape(exercise, name, got[name], case) for name in wrong[:1]]
    if not said[0]:
        said = [f"{listed(wrong)} {is_or_are(wrong)} wrong."]
    if fine and len(fine) <= 4:
        said.append(f"({listed(fine)} {is_or_are(fine)} right.)")
    place = mistake.place or _place(exercise, mistake)
    kind = kind_of_mistake(mistake.name)
    if place:
        said.append(f"Look at {place}" + (f"; it is about {kind}." if kind else "."))
    elif kind:
        said.append(f"It is about {kind}.")
    return " ".join(said)


def _shows(exercise, mistake, case, name):
    """Whether a mistake changes an output: of two mistakes, each has its own."""
    given = exercise.mistaken(mistake, case)
    return given is None or not exercise.alike(given[name], exercise.expected(case)[name], name)


def _place(exercise, mistake):
    named = [exercise.places[name] for name in mistake.changes if name in exercise.places]
    return " and ".join(dict.fromkeys(named)) if len(set(named)) <= 2 else ""


def _shape(exercise, name, value, case):
    axes, expected = exercise.shapes.get(name), exercise.expected(case)[name]
    got = as_numbers(value)
    if not axes or got is None or got.shape == np.shape(expected):
        return ""
    return f"`{name}` has shape {got.shape}, expected {letters(axes)} = {np.shape(expected)}."
