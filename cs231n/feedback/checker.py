"""`check`: finds the exercise a function belongs to, and keeps the reports for the summary."""

import importlib
import pkgutil

from cs231n.feedback import exercises as catalogue
from cs231n.feedback.examination import examine
from cs231n.feedback.inspection import innermost
from cs231n.feedback.outcomes import Hint
from cs231n.feedback.report import SEVERITY, WRONG, Report, Summary


class Checker:
    """Checks functions and remembers the latest report on each exercise.

    Args:
        on_tensors: whether its exercises are those on PyTorch's tensors. They have the names of
            the exercises on arrays, and modules of their own, whose names end in `_pytorch`.
    """

    def __init__(self, on_tensors=False):
        self._on_tensors = on_tensors
        self.reports = {}
        self._failures = {}  # exercise name -> how many calls in a row have failed
        self._exercises = None

    @property
    def exercises(self):
        """All exercises by name, in the order in which a learner meets them."""
        if self._exercises is None:
            self._exercises = {exercise.name: exercise for exercise in _discover(self._on_tensors)}
        return self._exercises

    def __call__(self, function, name=None, more=False):
        """Check what a learner wrote.

        A wrong function is not told everything at once: the first report shows where it is wrong
        and what kind of thing to look for, the next one, if it is still wrong, what was done, the
        third one all. `.hints` and `.require()` have all of it from the start.

        Args:
            function: the function; for a method, the plain function, the learner's class, or the
                method of one of its models.
            name: the exercise, where it is not the function's name. A class without a name is
                checked method by method.
            more: show all there is to say.

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
            return self._check_methods(function, more)
        name = name or self._name_of(function)
        if name not in self.exercises:
            raise ValueError(f"check: there is no exercise {name!r}. Exercises: "
                             f"{', '.join(self.exercises)}. For a function of another name say "
                             "which one it is: check(function, name=...)")
        exercise = self.exercises[name]
        report = self._staged(examine(exercise, _subject(exercise, function)), more)
        self.reports[name] = report
        return report

    def _name_of(self, function):
        """The exercise that a function is for: its name; of another captioner's method, more."""
        name = getattr(innermost(function), "__name__", None)
        prefixed = self._prefix(type(getattr(function, "__self__", None))) + str(name)
        return prefixed if prefixed in self.exercises else name

    def _prefix(self, kind):
        """How the names of the exercises begin that are methods of a captioner's class."""
        return next((exercise.captioner.prefix for exercise in self.exercises.values()
                     if hasattr(exercise, "captioner")
                     and issubclass(kind, exercise.captioner.course)), "")

    def _staged(self, report, more):
        """The report, showing more with every call in a row that fails."""
        failures = self._failures.get(report.name, 0) + 1 if report.state == WRONG else 0
        self._failures[report.name] = failures
        return report.at(None if more else failures)

    def _check_methods(self, kind, more):
        """One report on all methods that a learner's class has of its own."""
        own = {name for owner in kind.__mro__ if not owner.__module__.startswith("cs231n.")
               for name in vars(owner)}
        prefix = self._prefix(kind)
        names = [name for name, exercise in self.exercises.items()
                 if getattr(exercise, "method", None) in own and name == prefix + exercise.method]
        if not names:
            raise ValueError(f"check: the class {kind.__name__} has no method of its own that is "
                             "an exercise (such as loss or sample)")
        reports = [self(kind, name, more) for name in names]
        worst = max(reports, key=lambda report: SEVERITY.index(report.state))
        hints = [_of_method(report.name, hint)
                 for report in reports for hint in report.hints or [report.word]]
        return Report(kind.__name__, worst.state, hints, worst.stage)

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


def _of_method(name, hint):
    """A hint with the name of the method in front, also of its lead."""
    if not hasattr(hint, "lead"):
        return f"`{name}`: {hint}"
    return Hint(f"`{name}`: {hint}", hint.lead and f"`{name}`: {hint.lead}")


def _subject(exercise, function):
    """What is examined: for the method of a model, the class that it belongs to.

    The model's own parameters are not those of a case, so the bound method itself is of no use.
    """
    model = getattr(function, "__self__", None)
    if model is None or isinstance(model, type) or not hasattr(exercise, "method"):
        return function
    if isinstance(model, exercise.captioner.course) and hasattr(type(model), exercise.method):
        return type(model)
    return function.__func__


def _discover(on_tensors):
    """The exercises of all modules of the catalogue, notebook by notebook."""
    listed = [name for names in catalogue.NOTEBOOKS.values() for name in names]
    found = sorted(module.name for module in pkgutil.iter_modules(catalogue.__path__)
                   if module.name.endswith("_pytorch") == on_tensors)
    modules = sorted(found, key=lambda name: listed.index(name) if name in listed else len(listed))
    exercises = [exercise for name in modules
                 for exercise in getattr(importlib.import_module(f"{catalogue.__name__}.{name}"),
                                         "EXERCISES", [])]
    order = [*catalogue.NOTEBOOKS, None]
    return sorted(exercises, key=lambda exercise: order.index(exercise.notebook)
                  if exercise.notebook in order else len(order))
