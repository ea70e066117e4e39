"""The exercises `positional_encoding` and `causal_mask`: what tells a Transformer the order."""

import numpy as np

from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import attention

NOTEBOOK = "Transformer_Captioning"


# ---- positional_encoding ------------------------------------------------------------------------


def position_cases():
    def case(label, T, E):
        return Case(label, {"T": T, "E": E}, {"T": T, "E": E})

    return [
        case("", 7, 8),
        case("one time step only (T = 1)", 1, 6),
        case("vectors of an odd number (E = 5)", 4, 5),
        case("vectors of one number (E = 1)", 4, 1),
        case(SQUARE, 6, 6),
        case("many time steps (T = 300)", 300, 4),
    ]


class Positions(Equations):
    PLACES = {"t": "which time steps there are", "pair": "the exponent",
              "base": "how fast the clocks turn", "speed": "how fast the clocks turn",
              "angle": "the angles", "even": "the even columns", "odd": "the odd columns",
              "woven": "in which columns sines and cosines stand"}

    def t(q):
        return np.arange(q.T)

    def column(q):
        return np.arange(q.E)

    def pair(q):  # 0, 0, 2, 2, 4, 4, ...
        return q.column // 2 * 2

    def base(q):
        return 10000.0

    def speed(q):
        return q.base ** (-q.pair / q.E)

    def angle(q):
        return q.t[:, None] * q.speed

    def even(q):
        return np.sin(q.angle)

    def odd(q):
        return np.cos(q.angle)

    def woven(q):
        return np.where(q.column % 2, q.odd, q.even)

    def positions(q):
        return q.woven


def _halves(q):
    """All sines, then all cosines."""
    half = (q.E + 1) // 2
    angle = q.t[:, None] * q.base ** (-2 * np.arange(half) / q.E)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)[:, : q.E]


POSITION_MISTAKES = [
    Mistake("sine-and-cosine-exchanged",
            "Sine and cosine are exchanged: the even columns 0, 2, 4 ... hold sines, the odd ones "
            "cosines.",
            even=lambda q: np.cos(q.angle), odd=lambda q: np.sin(q.angle)),
    Mistake("only-sines",
            "All columns hold sines. With a sine alone a clock's hand has two places that look the "
            "same; the odd columns hold the cosine of the column before.",
            odd=lambda q: np.sin(q.angle)),
    Mistake("only-cosines",
            "All columns hold cosines. The even columns hold sines.",
            even=lambda q: np.cos(q.angle)),
    Mistake("exponent-of-each-column",
            "Each column has an exponent of its own, `j / E`. Two neighbours are sine and cosine "
            "of **one** clock, so the odd column j has the exponent of column j - 1.",
            pair=lambda q: q.column),
    Mistake("exponent-of-the-column-after",
            "An even column has the exponent of the odd one after it. The pair has that of its "
            "even column.",
            pair=lambda q: q.column // 2 * 2 + 1),
    Mistake("exponent-halved",
            "The exponent is the number of the pair (0, 0, 1, 1, 2, 2 ...) over E: half of what it "
            "should be. In the formula stands the number of the pair's even column, 0, 0, 2, 2, "
            "4, 4 ...",
            pair=lambda q: q.column // 2),
    Mistake("exponent-doubled",
            "The exponent is twice as large: 2 j / E for an even column j. Where others write 2 i "
            "/ E, i counts the pairs; here j counts the columns.",
            pair=lambda q: 2 * (q.column // 2 * 2)),
    Mistake("exponent-sign",
            "The exponent has no minus: the clocks turn ever faster in place of ever more slowly.",
            speed=lambda q: q.base ** (q.pair / q.E)),
    Mistake("exponent-not-divided",
            "The exponent is not divided by E, so that all clocks but the first stand still.",
            speed=lambda q: q.base ** (-q.pair.astype(float))),
    Mistake("exponent-divided-by-one-less",
            "The exponent is divided by E - 1 in place of E.",
            speed=lambda q: q.base ** (-q.pair / max(q.E - 1, 1))),
    Mistake("exponent-divided-by-T",
            "The exponent is divided by the number of time steps, T, in place of E: the same word "
            "would have another position in a longer caption.",
            speed=lambda q: q.base ** (-q.pair / q.T)),
    Mistake("all-of-one-speed",
            "All clocks turn at the speed of the first one. (Is the exponent divided with `//`, or "
            "lost otherwise?)",
            speed=lambda q: np.ones(q.E)),
    Mistake("base-of-1000",
            "The base is 1000. It is 10000.",
            base=lambda q: 1000.0),
    Mistake("base-e",
            "The base is e (`np.exp`). It is 10000: `exp` would need the exponent times "
            "log(10000).",
            base=lambda q: np.e),
    Mistake("time-steps-from-1",
            "The time steps are counted from 1. The first one is 0.",
            t=lambda q: np.arange(1, q.T + 1)),
    Mistake("time-as-a-share",
            "The time step is divided by T. A position is counted in words, so that it means the "
            "same in captions of any length.",
            t=lambda q: np.arange(q.T) / q.T),
    Mistake("halves-in-place-of-pairs",
            "The first half of the columns holds the sines, the second half the cosines. Sine and "
            "cosine of a clock stand side by side: even columns, odd columns.",
            woven=_halves),
    Mistake("odd-columns-zero",
            "The odd columns are zero: they are never filled. They hold the cosines.",
            odd=lambda q: np.zeros_like(q.angle)),
    Mistake("even-columns-zero",
            "The even columns are zero: they are never filled. They hold the sines.",
            even=lambda q: np.zeros_like(q.angle)),
    Mistake("angle-returned",
            "The angles are returned. The even columns hold their sines, the odd ones their "
            "cosines.",
            woven=lambda q: q.angle),
    Mistake("tangent-of-a-turn",
            "The angles are multiplied by 2 pi. The formula takes them as they are.",
            angle=lambda q: 2 * np.pi * q.usual.angle),
    Mistake("transposed",
            "The result is transposed, (E, T). Expected is a row for each time step: (T, E).",
            positions=lambda q: q.usual.positions.T),
    Mistake("axis-for-examples",
            "The result has an axis for the examples in front, (1, T, E). Asked for is (T, E), "
            "which broadcasts over examples as well.",
            positions=lambda q: q.usual.positions[None]),
    Mistake("scaled-by-root",
            "The positions are divided by the square root of E. They stay as they are.",
            positions=lambda q: q.usual.positions / np.sqrt(q.E)),
]

POSITIONS = Exercise(
    "positional_encoding",
    notebook=NOTEBOOK,
    outputs=["positions"],
    shapes={"positions": "T E"},
    reference=attention.positional_encoding,
    equations=Positions,
    cases=position_cases,
    mistakes=POSITION_MISTAKES,
    advice=[("could not broadcast|shape mismatch|operands",
             "Where E is odd there is one even column more than odd ones: `P[:, 0::2]` and "
             "`P[:, 1::2]` are not equally wide.")],
)


# ---- causal_mask --------------------------------------------------------------------------------


def mask_cases():
    def case(label, T):
        return Case(label, {"T": T}, {"T": T})

    return [case("", 5), case("one word only (T = 1)", 1), case("two words (T = 2)", 2)]


class Mask(Equations):
    def mask(q):
        return np.arange(q.T)[:, None] >= np.arange(q.T)


def _additive(q, value):
    return np.where(q.usual.mask, 0.0, value)


MASK_MISTAKES = [
    Mistake("transposed",
            "The mask is the wrong way round: each word sees itself and all words **after** it. "
            "Row t is for word t, which may see the columns up to t: True on the diagonal and "
            "below.",
            mask=lambda q: q.usual.mask.T),
    Mistake("word-itself-not-seen",
            "A word does not see itself: the diagonal is False. A word is there when the next one "
            "is predicted; and the first word would see nothing at all.",
            mask=lambda q: q.usual.mask & ~np.eye(q.T, dtype=bool)),
    Mistake("not-what-may-be-seen",
            "The mask says what is *forbidden* (as PyTorch's does). Here True means: may be seen.",
            mask=lambda q: ~q.usual.mask),
    Mistake("one-word-ahead",
            "Each word also sees the one after it, which it has to predict: the diagonal is off by "
            "one. That is a leak of the future.",
            mask=lambda q: np.tri(q.T, k=1, dtype=bool)),
    Mistake("all-seen",
            "Everything is True: every word sees the whole caption, also what it has to predict.",
            mask=lambda q: np.ones((q.T, q.T), dtype=bool)),
    Mistake("only-itself",
            "A word sees itself only. It may look at the words before it, too.",
            mask=lambda q: np.eye(q.T, dtype=bool)),
    Mistake("only-itself-and-the-one-before",
            "A word sees itself and the one before it. It may look at **all** words before it.",
            mask=lambda q: q.usual.mask & np.tri(q.T, k=1, dtype=bool).T),
    Mistake("nothing-seen",
            "Everything is False: the mask is never filled.",
            mask=lambda q: np.zeros((q.T, q.T), dtype=bool)),
    Mistake("minus-infinity",
            "The mask holds 0 and minus infinity, to be added to scores. Asked for is one of "
            "booleans: True where a word may look.",
            mask=lambda q: _additive(q, -np.inf)),
    Mistake("minus-a-billion",
            "The mask holds 0 and a large negative number, to be added to scores. Asked for is one "
            "of booleans: True where a word may look.",
            mask=lambda q: _additive(q, -1e9)),
    Mistake("axis-for-examples",
            "The mask has an axis for the examples in front, (1, T, T). Asked for is (T, T), which "
            "broadcasts over examples and heads as well.",
            mask=lambda q: q.usual.mask[None]),
]

MASK = Exercise(
    "causal_mask",
    notebook=NOTEBOOK,
    outputs=["mask"],
    shapes={"mask": "T T"},
    reference=attention.causal_mask,
    equations=Mask,
    cases=mask_cases,
    mistakes=MASK_MISTAKES,
)

EXERCISES = [POSITIONS, MASK]
