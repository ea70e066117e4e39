"""`check`: finds the exercise a function belongs to, and keeps the reports for the summary."""

import importlib
import pkgutil

from cs231n.feedback.guard import innermost
from cs231n.feedback.report import OPEN, OWN, PASSED, WRONG, Report, Summary

# The modules of the first two notebooks in the order in which a notebook meets their exercises.
IN_ORDER = ["vanilla_rnn", "word_embedding", "lstm", "captioner_loss", "captioner_steps",
            "sampling"]


class Checker:
    """Checks functions and remembers the latest report on each exercise."""

    def __init__(self):
        self.reports = {}
        self._exercises = None

    @property
    def exercises(self):
        """All exercises by name: those in the `EXERCISES` of every module of this package."""
        if self._exercises is None:
            self._exercises = {exercise.name: exercise for exercise in _discover()}
        return self._exercises

    def __call__(self, function, name=None):
        """Check what a learner wrote.

        Args:
            function: the function; for a method, the plain function or the learner's class.
            name: the exercise, where it is not the function's name. A class without a name is
                checked method by method.

        Returns:
            A `Report` with `.passed`, `.hints` and `.require()`.

        Raises:
            TypeError: `function` cannot be called.
            ValueError: there is no such exercise.
        """
        if not callable(function):
            raise TypeError(f"check: the first argument is of type {type(function).__name__}, "
                            "expected a function, such as check(rnn_step_forward)")
        if name is None and isinstance(function, type):
            return self._check_methods(function)
        name = name or getattr(innermost(function), "__name__", None)
        if name not in self.exercises:
            raise ValueError(f"check: there is no exercise {name!r}. Exercises: "
                             f"{', '.join(self.exercises)}. For a function of another name say "
                             "which one it is: check(function, name=...)")
        report = self.exercises[name].examine(function)
        self.reports[name] = report
        return report

    def _check_methods(self, kind):
        """One report on all methods that a learner's class has of its own."""
        own = {name for owner in kind.__mro__ if not owner.__module__.startswith("cs231n.")
               for name in vars(owner)}
        names = [name for name, exercise in self.exercises.items()
                 if name == getattr(exercise, "method", None) and name in own]
        if not names:
            raise ValueError(f"check: the class {kind.__name__} has no method of its own that is "
                             "an exercise (such as loss or sample)")
        reports = [self(kind, name) for name in names]
        worst = max(reports, key=lambda report: [OWN, PASSED, OPEN, WRONG].index(report.state))
        return Report(kind.__name__, worst.state,
                      [f"`{r.name}`: {hint}" for r in reports for hint in r.hints or [r.word]])

    def summary(self, *names):
        """What is done, what is wrong and what is open.

        Args:
            names: exercises to list. Without any: all of the notebooks from which at least one
                exercise was checked.

        Returns:
            A `Summary`.
        """
        return Summary({name: self.reports.get(name) for name in names or self._begun()})

    def _begun(self):
        begun = {self.exercises[name].notebook for name in self.reports}
        return [name for name, exercise in self.exercises.items()
                if name in self.reports or exercise.notebook and exercise.notebook in begun]


def _discover():
    """The exercises of all modules beside this one: the first notebooks' in order, then others."""
    package = importlib.import_module(__package__)
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    for name in [*IN_ORDER, *(name for name in names if name not in IN_ORDER)]:
        module = importlib.import_module(f"{__package__}.{name}")
        yield from getattr(module, "EXERCISES", [])
