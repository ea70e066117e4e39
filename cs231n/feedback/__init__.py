"""Feedback on a learner's code: `check` says whether it is right and, if not, why.

    from cs231n.feedback import check

    check(rnn_step_forward)             # finds the exercise by the function's name
    check(my_step, "rnn_step_forward")  # or is told its name
    check.summary()                     # all exercises of the notebook at a glance

README.md beside this file shows how to add a mistake or an exercise.
"""

from cs231n.feedback.checker import Checker

__all__ = ["check"]

check = Checker()
