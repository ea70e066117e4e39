"""Sentences on arrays, in the words of PyTorch."""

import re

from cs231n.feedback.outcomes import Hint
from cs231n.feedback.recipe import Mistake

SWAPS = [  # the first ones first
    (r"np\.stack\(states, axis=1\)", "torch.stack(states, dim=1)"),
    (r"np\.full\(N, self\._start\)", "torch.full((N,), self._start)"),
    (r"\bnext_h, next_c, cache\b", "next_h, next_c"),
    (r"\bnp\.", "torch."),
    (r"\baxis=", "dim="),
    (r"\bA NumPy array\b", "A tensor"),
    (r"\ba NumPy array\b", "a tensor"),
    (r"\b([Aa])n array\b", r"\1 tensor"),
    (r"(?<!NumPy )\barray(s?)\b", r"tensor\1"),
    (r"(?<!NumPy )\bArrays\b", "Tensors"),
]


def in_torch(sentence):
    """A sentence on arrays as one on tensors; what is said before a hint as well.

    A sentence that is about NumPy itself says `NumPy array`, or names a function without `np`.
    """
    said = sentence
    for pattern, replacement in SWAPS:
        said = re.sub(pattern, replacement, said)
    return Hint(said, in_torch(sentence.lead)) if hasattr(sentence, "lead") else said


def mistakes_on_tensors(mistakes, own=None, without=()):
    """The mistakes of an exercise on arrays, for the same exercise on tensors.

    Args:
        mistakes: of the NumPy edition.
        own: sentences by the mistake's name, where PyTorch has a way of its own to make it.
        without: names of mistakes that cannot be made here, or that give the same as another.
    """
    own = own or {}
    return [Mistake(m.name, own.get(m.name) or in_torch(m.sentence), m.inline, m.place, **m.changes)
            for m in mistakes if m.name not in without]
