"""What can come of running a learner's code, and of judging it."""


class Crash(Exception):
    """An exception inside the learner's code.

    Attributes:
        error: the exception.
        function: what was called.
        axes: the meaning of the shapes of its arguments, such as `{"x": "(N, D)"}`.
        sizes: the sizes of axes by letter.
    """

    def __init__(self, error, function, axes=None, sizes=None):
        super().__init__(f"{type(error).__name__}: {error}")
        self.error, self.function = error, function
        self.axes, self.sizes = axes or {}, sizes or {}


class NotDone(Exception):
    """The learner's code is an unfilled TODO."""


class Nothing(Exception):
    """The learner's code returns None where values are expected."""


class HalfDone(NotDone):
    """The first half of an exercise is there and the second is not: `Exercise.first_half`."""


class Wrong(Exception):
    """The implementation is wrong; `hints` say why."""

    def __init__(self, *hints):
        super().__init__(" ".join(hints))
        self.hints = list(hints)


class Hint(str):
    """A sentence for the learner that says much; `lead` says less, and comes before it.

    `lead` names where to look and for what kind of thing. It is what a first failed call shows; ""
    shows nothing of this hint then.
    """

    def __new__(cls, sentence, lead=""):
        hint = super().__new__(cls, sentence)
        hint.lead = lead
        return hint
