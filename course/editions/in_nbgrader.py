"""What the test cells of the nbgrader edition call.

An exercise is judged on its own where that can be done: a function that is wrong only because one
that it calls is wrong gets its points. A backward function works with the cache of its forward
function, so it cannot be judged before that is right.
"""

from cs231n.feedback.checker import Checker
from cs231n.feedback.report import OWN


def require(function, exercise):
    """Raise an error with all hints, unless a learner's function is right by itself.

    Args:
        function: what the learner wrote.
        exercise: the name of the exercise.

    Raises:
        AssertionError: it gives no points; says why.
    """
    report = Checker()(function, exercise)  # another one than the notebook's `check`
    if report.state == OWN:
        raise AssertionError(f"{exercise}: this is the course's own function, which gives no "
                             "points.")
    if not report.passed and not _only_its_helpers_are_wrong(report):
        report.require()
    print(report.text(report.hints))


def _only_its_helpers_are_wrong(report):
    return any(f"`{report.name}` itself is right" in hint for hint in report.hints)
