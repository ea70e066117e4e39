"""Which functions of the course a learner's code may call while an exercise is judged.

Whoever skips an exercise may go on with the course's function, and later exercises that build on it
are judged with that. But no exercise is solved by calling the course's solution of it, nor by
calling something that contains it. So what may be called is what the course's own solution calls,
and a few layers that no exercise asks for.
"""

import inspect

from cs231n.feedback.inspection import calls, globals_of, innermost

LAYERS = {"affine_forward", "affine_backward", "temporal_affine_forward",
          "temporal_affine_backward", "sigmoid", "rel_error"}
# What would be the solution under another name.
SOLVES = {"matmul_backward": {"affine_backward", "temporal_affine_backward"}}


class NotAllowed(RuntimeError):
    """The exercise must not be solved with this function of the course."""


class Policy:
    """What may be called.

    Args:
        exercises: all exercises by name, as `check.exercises`.

    Attributes:
        exercise: the name of the one that is judged now, or None: nothing may be called.
        asked: the functions that were asked for and refused since `judge` was called.
    """

    def __init__(self, exercises):
        self.exercises, self.exercise = exercises, None
        self.asked, self._allowed = [], {}

    def judge(self, name):
        """From now on the exercise `name` is judged."""
        self.exercise, self.asked = name, []

    def require(self, function_name):
        """Raise `NotAllowed` unless a function, or a method, may be called now."""
        if self.exercise is None or function_name not in self.allowed(self.exercise):
            self.asked.append(function_name)
            raise NotAllowed(f"{function_name} of the course cannot be called while "
                             f"{self.exercise} is graded")

    def allowed(self, name):
        """The names of what may be called for an exercise."""
        if name not in self._allowed:
            used = set()
            for part in self.exercises[name].parts():
                used |= self._used_by(part)
            self._allowed[name] = (used | LAYERS) - {name} - SOLVES.get(name, set())
        return self._allowed[name]

    def _used_by(self, exercise):
        """What the course's solution calls, and what its forward function is and calls."""
        used = _closure(exercise.reference)
        used |= {helper.name for helper in exercise.all_helpers()}
        forward = getattr(exercise, "forward", None)
        if forward is not None:
            used |= {forward.name} | self._used_by(forward)
        return used


def _closure(function):
    """The names that a function uses, also by way of functions and methods of its module."""
    home = globals_of(function)
    owner = home.get(getattr(innermost(function), "__qualname__", "").partition(".")[0])
    methods = dict(inspect.getmembers(owner, inspect.isfunction)) \
        if inspect.isclass(owner) else {}
    found, left = set(), [function]
    while left:
        new = calls(left.pop()) - found
        found |= new
        candidates = [methods.get(name) or home.get(name) for name in new]
        left += [candidate for candidate in candidates if inspect.isfunction(candidate)]
    return found
