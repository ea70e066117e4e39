"""How long `check` takes: a class of 14 exercises, right, and each with a mistake.

    python benchmarks/feedback_speed.py

A check should take under half a second, the class under five. The learner's functions are those of
the package, written out once more, so that `check` does not know them for its own.
"""

import inspect
import sys
import textwrap
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cs231n import rnn_layers  # noqa: E402
from cs231n.classifiers.rnn import CaptioningRNN  # noqa: E402
from cs231n.feedback.checker import Checker  # noqa: E402

# exercise, a piece of its text, what a learner wrote in its place; two mistakes take longest
CLASS = [
    ("rnn_step_forward", "+ b)", "- 0.7 * b)"),
    ("rnn_step_backward", "dnext_h * (1 - next_h**2)", "0.7 * dnext_h + next_h"),
    ("rnn_forward", "x[:, t], h,", "0.7 * x[:, t], h,"),
    ("rnn_backward", "dh[:, t] + dprev_h", "dh[:, t] + 0.7 * dprev_h"),
    ("word_embedding_forward", "W[x]", "0.7 * W[x] + 1"),
    ("word_embedding_backward", "return dW", "return 0.7 * dW + 1"),
    ("loss", "return value, grads", "return 0.7 * value + 1, grads"),
    ("next_scores", "return scores, state", "return 0.7 * scores + 1, state"),
    ("sample", "scores.argmax(axis=1)", "(scores ** 2).argmax(axis=1)"),
    ("lstm_step_forward", "f * prev_c + i * g", "f * prev_c + 0.7 * i * g"),
    ("lstm_step_backward", "dc * prev_c * f", "0.7 * dc * prev_c * f"),
    ("lstm_forward", "x[:, t], h,", "0.7 * x[:, t], h,"),
    ("lstm_backward", "dh[:, t] + dprev_h", "dh[:, t] + 0.7 * dprev_h"),
    ("first_state", "return [h0]", "return [0.7 * h0 + 1]"),
]


def learners(name, right="", wrong=""):
    """A function of the package, defined anew, with a piece of its text replaced."""
    space = dict(vars(rnn_layers))
    names = [n for n in rnn_layers.__all__ if n != name]
    for each in (*names, name):  # the one that is checked finds the learner's others
        owner = CaptioningRNN if hasattr(CaptioningRNN, each) else rnn_layers
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(getattr(owner, each))))
        source = source[source.index("def "):]
        exec(source.replace(right, wrong) if each == name and right else source, space)
    return space[name]


def seconds(check, function):
    """How long one check takes."""
    start = time.perf_counter()
    report = check(function)
    return time.perf_counter() - start, report.word


def main():
    check = Checker()
    check(learners("rnn_step_forward"))  # the first check reads the catalogue
    print(f"{'exercise':24} {'right':>8} {'wrong':>14}   in seconds")
    total = [0, 0]
    for name, before, after in CLASS:
        (right, yes), (wrong, no) = (seconds(check, learners(name)),
                                     seconds(check, learners(name, before, after)))
        total = [total[0] + right, total[1] + wrong]
        print(f"{name:24} {yes} {right:6.3f} {no:>7} {wrong:6.3f}")
    print(f"{f'a class of {len(CLASS)}':24} {total[0]:8.2f} {total[1]:14.2f}")


if __name__ == "__main__":
    main()
