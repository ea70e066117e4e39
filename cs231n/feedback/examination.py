"""Whether an implementation is right: it is run on every case of its exercise.

`examine(exercise, function)` returns a `Report`. It compares each output with the reference, looks
for side effects, asks whether another function is to blame, and leaves the search for the cause to
`diagnosis`. Calls go one way: examination -> diagnosis -> exercise.
"""

import numpy as np

from cs231n.feedback import crash_rules, crashes, diagnosis
from cs231n.feedback.compare import arrays_in, same
from cs231n.feedback.guard import undisturbed
from cs231n.feedback.inspection import is_stub
from cs231n.feedback.outcomes import Crash, HalfDone, NotDone, Nothing, Wrong
from cs231n.feedback.recipe import Quantities
from cs231n.feedback.report import ALMOST, OPEN, OWN, PASSED, WRONG, Report
from cs231n.feedback.wording import changed_arguments, listed, matrices, wide_outputs


def examine(exercise, function, known=None):
    """Check an implementation.

    Args:
        exercise: the exercise.
        function: what the learner wrote; for a method, a class of the learner's will do.
        known: the reports of functions that are examined on the way, kept for the next.

    Returns:
        A `Report`.
    """
    known = {} if known is None else known
    key = exercise.name, id(exercise), id(function)
    if key not in known:
        known[key] = _examine(exercise, function, known), function  # kept, so that the id stays
    return known[key][0]


def _examine(exercise, function, known):
    if len(exercise.parts()) > 1:
        reports = [examine(part, function, known) for part in exercise.parts()]
        return exercise.merge(function, reports)
    if exercise.is_own(function):
        return Report(exercise.name, OWN)
    with undisturbed():
        try:
            return _Examination(exercise, function, known).report()
        except HalfDone as reason:
            report = examine(exercise.first_half, function, known)
            return Report(exercise.name, OPEN, [str(reason), *report.hints]) if report.passed \
                else report
        except NotDone as reason:
            return Report(exercise.name, OPEN, _open_hints(exercise, str(reason)))
        except Nothing:
            return _nothing(exercise, function)
        except Wrong as reason:
            return Report(exercise.name, WRONG, reason.hints)


def _open_hints(exercise, reason):
    """Name the unfilled function where it is another one than this exercise's."""
    other = reason.split("(")[0].strip()
    if other.isidentifier() and other not in (exercise.name, exercise.name.removeprefix("lstm_")):
        return [f"`{other}`, which it needs, is not done yet."]
    return []


def _nothing(exercise, function):
    """A stub is open; a function that computes and returns nothing is wrong."""
    body = exercise.body(function)
    if is_stub(body):
        return Report(exercise.name, OPEN)
    return Report(exercise.name, WRONG, [crashes.nothing_returned(body)])


class _Examination:
    """One exercise, one function."""

    def __init__(self, exercise, function, known):
        self.exercise, self.function, self.known = exercise, function, known
        self.almost = []  # what keeps right values from being all right

    def report(self):
        """The report on a function that is right, or almost; raises if it is not."""
        self._examine_forward()
        cases, passed, remarks, unharmed = self.exercise.cases(), [], [], True
        for case in cases:
            attempt = self._attempt(case, passed)
            self.exercise.check_structure(self.function, case, attempt)
            right = self.exercise.right(attempt, case)
            if not all(right.values()):
                if not (case.extreme and self.exercise.overflown(attempt, case)):
                    self._fail(case, passed, attempt, right)
                self.almost.append(_overflow(case, [n for n in right if not right[n]]))
                continue
            if attempt.changed:
                unharmed = False
                self.almost += map(self.exercise.worded, changed_arguments(attempt.changed))
            remarks += map(self.exercise.worded, _remarks(case, attempt))
            passed.append(case)
        if unharmed:  # else it is known what a second call would meet
            self.exercise.check_repeated(self.function, cases[0])
        self._check_kept(cases[0])
        self._check_gradients(cases)
        remarks += self.exercise.examine_more(self.function, cases)
        self._take_over_from_helpers()
        if self.almost:
            return Report(self.exercise.name, ALMOST, self.almost + remarks)
        return Report(self.exercise.name, PASSED, remarks)

    def _attempt(self, case, passed):
        try:
            return self.exercise.attempt(self.function, case)
        except Crash as crash:
            self._blame_others(crash)
            raise Wrong(*diagnosis.explain_crash(
                self.exercise, self.function, case, crash, passed)) from crash

    def _check_gradients(self, cases):
        try:
            self.exercise.check_gradients(self.function, cases)
        except Wrong:
            self._blame_others()
            raise

    def _fail(self, case, passed, attempt, right):
        self._blame_others()
        raise Wrong(*diagnosis.explain(
            self.exercise, self.function, case, attempt, right, passed))

    # ---- Other functions ------------------------------------------------------------------------

    def _examine_forward(self):
        """A backward function cannot be judged while its forward function is wrong."""
        pair = self.exercise.forward_function(self.function)
        if pair is None:
            return
        report = examine(*pair, self.known)
        name = self.exercise.forward.name
        if report.state == OPEN:
            raise NotDone(name)
        if report.state == WRONG:
            raise Wrong(f"Put `{name}` right first: `{self.exercise.name}` works with its cache.",
                        *report.hints)
        if report.state == ALMOST:
            self.almost += [f"`{name}`: {hint}" for hint in report.hints]

    def _blame_others(self, crash=None):
        """Raise `Wrong` where the fault is in another method of the learner's class, or function.

        A helper is to blame only if the function is right with the course's own in its place. If it
        is wrong even so, it is diagnosed as it is then: by its own fault.
        """
        for method, mended in self.exercise.with_course_methods(self.function):
            if self._outcome(mended) == "right":
                raise Wrong(f"`{self.exercise.method}` itself is right: with the course's own "
                            f"`{method}` it passes. Check `{method}` of the class.",
                            *(crash_rules.telling_advice(crash, self.exercise.RULES)
                              if crash else []))
        helpers = self.exercise.called_helpers(self.function)
        reports = {helper.name: examine(helper, given, self.known) for helper, given in helpers}
        if any(report.state == OPEN for report in reports.values()):
            raise NotDone(next(n for n, report in reports.items() if report.state == OPEN))
        faulty = {n: report for n, report in reports.items() if report.state in (WRONG, ALMOST)}
        if not faulty:
            return
        mended = self.exercise.with_course_helpers(self.function)
        outcome = self._outcome(mended) if mended is not None else None
        names, first = listed(faulty), next(iter(faulty.values()))
        blame = [f"Put `{next(iter(faulty))}` right first, which it calls.", *first.hints]
        if outcome == "right":
            raise Wrong(*blame, f"`{self.exercise.name}` itself is right: with the course's own "
                                f"{listed(reports)} it passes.")
        wrong = {n for n, report in faulty.items() if report.state == WRONG}
        if isinstance(outcome, tuple):  # wrong by itself
            own = diagnosis.explain(self.exercise, mended, *outcome)
            raise Wrong(*own, *([f"(And {names}, which it calls, is not right either: check it on "
                                 "its own.)"] if wrong else []))
        if wrong:  # with the course's own it does not even run, so there is no telling
            raise Wrong(*blame)

    def _outcome(self, function):
        """"right", or what is wrong: `(case, attempt, right, passed)`; None where that is open."""
        passed = []
        for case in self.exercise.cases():
            try:
                attempt = self.exercise.attempt(function, case)
                self.exercise.check_structure(function, case, attempt)
            except (Crash, NotDone, Nothing, Wrong):
                return None
            right = self.exercise.right(attempt, case)
            if not all(right.values()):
                if case.extreme and self.exercise.overflown(attempt, case):
                    continue
                return case, attempt, right, passed
            passed.append(case)
        try:
            self.exercise.check_gradients(function, self.exercise.cases())
        except Wrong:
            return None
        return "right"

    def _take_over_from_helpers(self):
        """A function whose helper is almost right is almost right itself."""
        for helper, given in self.exercise.called_helpers(self.function):
            report = examine(helper, given, self.known)
            if report.state == ALMOST:
                self.almost += [f"`{helper.name}`, which it calls: {report.hints[0]}",
                                *report.hints[1:]]

    # ---- What a cache has to hold ---------------------------------------------------------------

    def _check_kept(self, case):
        """Raise `Wrong` where a cache has something of the last time step only."""
        if not self.exercise.keeps:
            return
        q = Quantities(self.exercise.equations, case.given)
        arrays = arrays_in(self.exercise.attempt(self.function, case).cache)
        for name, equation in self.exercise.keeps.items():
            steps = [getattr(q, equation)(t) for t in range(q.T)]
            last_only = _holds(arrays, steps[-1]) and not any(_holds(arrays, s) for s in steps[:-1])
            overwritten = sum(same(array, steps[-1], 1e-12) for array in arrays) >= len(steps)
            if last_only or overwritten:
                raise Wrong(
                    f"`h` is right, but of `{name}` the cache holds only that of the last time "
                    "step, and the backward pass needs those of all steps. Either only the last "
                    "step's cache is kept (append each to a list), or one array is written again "
                    "at every step, so that all entries show its last content (store a copy).")


def _holds(arrays, value):
    """Whether some array, or a slice of it along one of its first two axes, is a value."""
    parts = list(arrays)
    for array in arrays:
        if array.ndim == value.ndim + 1:
            parts += [*array, *np.moveaxis(array, 1, 0)]
    return any(same(part, value, 1e-12) for part in parts)


def _overflow(case, names):
    return (f"All values are right, but for {case.label} {listed(names)} "
            f"{'holds' if len(names) == 1 else 'hold'} nan or inf: `np.exp` of a large number "
            "overflows, and inf / inf gives nan. Use a form that is safe for large numbers "
            "(`np.tanh`, or `exp` of negative numbers only).")


def _remarks(case, attempt):
    """What could be better about right values."""
    outputs, remarks = attempt.outputs, []
    odd = [name for name, value in outputs.items() if isinstance(value, np.matrix)]
    if odd:
        remarks.append(matrices(odd))
    wide = [name for name, value in outputs.items()
            if getattr(value, "dtype", None) == np.float64 and np.ndim(value) > 0]
    if wide and case.dtype == np.float32:
        remarks.append(wide_outputs(wide))
    return remarks
