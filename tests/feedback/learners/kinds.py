"""What a kind is, and whether the report on it says what it has to.

`says` and `never` are lists of texts that have to be (must not be) in the hints, whatever their
case. A bar means "or": `"argmax|best word"`.
"""

import functools
import types

from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.feedback import check

from . import own_layers

KINDS = []
METHODS = ("cell", "first_state", "loss", "next_scores", "next_scores_and_looks", "sample")
PREFIXES = ("lstm_", "attention_")
SPECIAL = {"<NULL>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3, "a": 4, "dog": 5}


class Kind:
    """One function for one exercise.

    Args:
        word: the word that the report has to begin with: PASS, ALMOST or FAIL.
        exercise: the name of the exercise.
        function: what the learner wrote; a class for methods that belong together.
        says, never: texts, see above.
        bound: whether the method is checked as `model.method`.
    """

    def __init__(self, word, exercise, function, says, never, bound):
        self.word, self.exercise, self.function = word, exercise, function
        self.says, self.never, self.bound = list(says), list(never), bound
        self.name = f"{exercise}-{function.__name__}"

    def report(self):
        """The report on it."""
        if isinstance(self.function, type):
            return check(self.function, self.exercise)
        written = as_written(self.function, self.exercise)
        if self.bound:
            written = bound(written, "lstm" if self.exercise.startswith("lstm_") else "rnn")
        return check(written, self.exercise)

    def verdict(self):
        """One word on the report ("named" is the good one), and the report itself."""
        report = self.report()
        text = " ".join(report.hints).lower()
        if report.word != self.word:
            return {"PASS": "accepted", "FAIL": "rejected"}.get(report.word, report.word), report
        if any(_said(words, text) for words in self.never):
            return "misled", report
        if not all(_said(words, text) for words in self.says):
            return "vague", report
        return "named", report


def _said(words, text):
    return any(choice.lower() in text for choice in words.split("|"))


def as_written(function, exercise):
    """The function under the exercise's name, with the helpers that go with it in its namespace."""
    methods = [exercise.removeprefix(prefix) for prefix in PREFIXES]
    name = next((method for method in methods if method in METHODS), exercise)
    space = {**vars(own_layers), **function.__globals__, **getattr(function, "using", {})}
    for key, value in space.items():
        if isinstance(value, types.FunctionType) and value.__module__.startswith(__package__):
            space[key] = moved(value, value.__name__, space)
    return moved(function, name, space)


def moved(function, name, space):
    """A copy of a function in another namespace, such as that of a notebook."""
    code = function.__code__.replace(co_name=name)
    copy = types.FunctionType(code, space, name, function.__defaults__)
    copy.__module__ = function.__module__
    return copy


def bound(function, cell_type):
    """The function as a method of a model with parameters of its own."""
    kind = type("CaptioningRNN", (CaptioningRNN,), {function.__name__: function})
    model = kind(SPECIAL, input_dim=5, wordvec_dim=4, hidden_dim=3, cell_type=cell_type)
    return getattr(model, function.__name__)


def _kind(word, exercise, says=(), never=(), using=(), bound=False):
    """A decorator; `using` are helpers of the learner's that stand beside the function."""
    def added(function):
        function.using = {helper.__name__: helper for helper in using}
        KINDS.append(Kind(word, exercise, function, says, never, bound))
        return function

    return added


right = functools.partial(_kind, "PASS")
almost = functools.partial(_kind, "ALMOST")
wrong = functools.partial(_kind, "FAIL")
