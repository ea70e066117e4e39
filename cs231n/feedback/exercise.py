"""What an exercise is, and how an implementation of it is examined.

`Exercise.examine(function)` runs the function on every case and returns a `Report`. The steps are
the same for all exercises: run it, compare each output with the reference, look for side effects,
and, when something is wrong, ask `diagnosis` for the cause. What differs between a forward
function, a backward function and a method is how it is run: `attempt`.
"""

import functools

import numpy as np

from cs231n.feedback import diagnosis
from cs231n.feedback.compare import arrays_in, same, snapshot
from cs231n.feedback.guard import Crash, NotDone, call, globals_of, innermost, undisturbed
from cs231n.feedback.recipe import Quantities
from cs231n.feedback.report import OPEN, OWN, PASSED, WRONG, Report

PRECISION = {np.float64: 1e-9, np.float32: 1e-4}  # how close to the reference is right


class Wrong(Exception):
    """The implementation is wrong; `hints` say why."""

    def __init__(self, *hints):
        super().__init__(" ".join(hints))
        self.hints = list(hints)


class Case:
    """One set of arguments.

    Args:
        label: what is special about it, to end the sentence "it is wrong for ..."; "" if nothing.
        given: arguments by name.
        sizes: the sizes of the axes by letter.
        dtype: of the arguments that are real numbers.
    """

    def __init__(self, label, given, sizes, dtype=np.float64):
        self.label, self.given, self.sizes, self.dtype = label, given, sizes, dtype
        self.computed = {}  # what the reference (None) and each mistake give, once computed

    @property
    def tolerance(self):
        return PRECISION[self.dtype]


class Attempt:
    """What came of running an implementation on one case."""

    def __init__(self, outputs, changed=(), cache=None):
        self.outputs, self.changed, self.cache = outputs, list(changed), cache


class Exercise:
    """A function that a learner writes.

    Args:
        name: the name of the function, by which `check` finds the exercise.
        shapes: the axes of arguments and outputs by name, such as `{"x": "N D", "next_h": "N H"}`;
            an output that is one number has "".
        arguments: names of the arguments, in order.
        outputs: names of the outputs, in order.
        reference: the right function, called like the learner's.
        cases: a function that returns a list of `Case`. The first is the ordinary one. One labelled
            `SQUARE` has all sizes equal, so that a product with a transposed matrix runs through.
        mistakes: a list of `Mistake`.
        equations: an `Equations` class that computes `outputs` from `arguments`. Without it, a
            mistake replaces whole outputs.
        computed_as: the equations of outputs that are not named like them.
        cache: whether a cache follows the outputs.
        notebook: the notebook it belongs to, for `check.summary()`.
        helpers: the exercises whose functions this one usually calls.
        advice: `(pattern, sentence)` of what lies behind an exception whose message has the
            pattern (a regular expression).
        most_pairs: how many combinations of two mistakes are tried, which bounds the time.
    """

    def __init__(self, name, *, shapes, arguments, outputs, reference, cases, mistakes=(),
                 equations=None, computed_as=None, cache=False, notebook=None, helpers=(),
                 most_pairs=500, advice=()):
        self.name, self.notebook, self.shapes = name, notebook, shapes
        self.arguments, self.outputs, self.has_cache = arguments, outputs, cache
        self.computed_as = computed_as or {}
        self.helpers, self.most_pairs, self.advice = list(helpers), most_pairs, list(advice)
        self.reference, self.mistakes = reference, list(mistakes)
        self.cases = functools.lru_cache(maxsize=None)(cases)
        self.equations = equations.all() if equations else self._whole_outputs()

    def _whole_outputs(self):
        def output(name):
            return lambda q: self.reference_outputs(q.given)[name]

        return {name: output(name) for name in self.outputs}

    # ---- To be overridden by other kinds of exercise --------------------------------------------

    def attempt(self, function, case):
        """Run the function on copies of the arguments of a case."""
        given = {name: snapshot(case.given[name]) for name in self.arguments}
        result = call(function, *given.values(), axes=self.axes(self.arguments), sizes=case.sizes)
        outputs, cache = self.unpack(result)
        return Attempt(outputs, self.changed(given, case), cache)

    def expected(self, case):
        """The right outputs by name."""
        if None not in case.computed:
            case.computed[None] = self.reference_outputs(case.given)
        return case.computed[None]

    def reference_outputs(self, given):
        result = self.reference(*(snapshot(given[name]) for name in self.arguments))
        values = result if isinstance(result, tuple) else (result,)
        return dict(zip(self.outputs, values))

    def examine_more(self, function, cases):
        """Further checks of a function whose values are right; raises `Wrong`, returns hints."""
        return []

    def explain_more(self, function, case, attempt):
        """Further hints about a wrong result; `attempt` is None after an exception."""
        return []

    def imprecise(self, attempt, case):
        """Whether all outputs are right to a few digits, as after a detour through float32."""
        expected = self.expected(case)
        return case.dtype == np.float64 and all(
            same(attempt.outputs[name], expected[name], 1e-5) and
            not diagnosis.wrong_kind(attempt.outputs[name], expected[name]) for name in expected)

    def narrow(self, case, name, got, right):
        """A sentence on an output that no mistake explains."""
        return diagnosis.narrow(self, case, name, got, right)

    def body(self, function):
        """The function that holds the learner's code."""
        return function

    def all_helpers(self):
        """The exercises of the functions that code for this exercise may call."""
        return self.helpers

    # ---- Examining ------------------------------------------------------------------------------

    def examine(self, function):
        """Check an implementation. Returns a `Report`."""
        if self.is_own(function):
            return Report(self.name, OWN)
        with undisturbed():
            try:
                return Report(self.name, PASSED, self.hints_for(function))
            except NotDone as reason:
                return Report(self.name, OPEN, self.open_hints(str(reason)))
            except Wrong as reason:
                return Report(self.name, WRONG, reason.hints)

    def is_own(self, function):
        """Whether it is the course's own function (its code, wherever it was imported from)."""
        code = getattr(innermost(function), "__code__", None)
        own = innermost(self.reference).__code__
        return code == own and code.co_filename == own.co_filename

    def open_hints(self, reason):
        """Name the unfilled function where it is another one than this exercise's."""
        other = reason.split("(")[0].strip()
        if other.isidentifier() and other not in (self.name, self.name.removeprefix("lstm_")):
            return [f"`{other}`, which it needs, is not done yet."]
        return []

    def hints_for(self, function):
        """Examine everything. Returns hints for a right function, raises `Wrong` or `NotDone`."""
        cases = self.cases()
        passed, hints = [], []
        for case in cases:
            attempt = self.try_case(function, case, passed)
            self.compare(function, case, attempt, passed)
            hints += [h for h in self.dtype_hints(case, attempt) if h not in hints]
            passed.append(case)
        self.check_repeated(function, cases[0])
        return hints + self.examine_more(function, cases)

    def try_case(self, function, case, passed):
        try:
            return self.attempt(function, case)
        except Crash as crash:
            raise Wrong(*diagnosis.explain_crash(self, function, case, crash, passed)) from crash

    def right(self, attempt, case):
        """For each output, whether it is right."""
        got, expected = attempt.outputs, self.expected(case)
        return {name: same(got[name], expected[name], case.tolerance)
                and not diagnosis.wrong_kind(got[name], expected[name]) for name in expected}

    def compare(self, function, case, attempt, passed):
        """Raise `Wrong` unless all outputs are right and no argument is changed."""
        right = self.right(attempt, case)
        if not all(right.values()):
            raise Wrong(*diagnosis.explain(self, function, case, attempt, right, passed))
        if attempt.changed:
            raise Wrong(*diagnosis.changed_arguments(attempt.changed))

    def dtype_hints(self, case, attempt):
        """Float64 where all arguments were float32 is right, but slow."""
        if case.dtype != np.float32:
            return []
        wide = [n for n, v in attempt.outputs.items() if np.asarray(v).dtype == np.float64
                and np.ndim(v) > 0]
        return [diagnosis.wide_outputs(wide)] if wide else []

    def check_repeated(self, function, case):
        first, second = self.attempt(function, case), self.attempt(function, case)
        for name, value in first.outputs.items():
            if not same(second.outputs[name], value, 1e-12):
                raise Wrong(f"A second call with the same arguments gives another `{name}`. The "
                            "result must depend on the arguments alone: no random numbers, and "
                            "nothing kept from one call to the next.")

    def alike(self, got, other, name, tolerance=1e-6):
        """Whether an output is the same as another, for instance as a mistake gives it."""
        return same(got, other, tolerance)

    # ---- Tools ----------------------------------------------------------------------------------

    def mistaken(self, mistake, case):
        """What a mistake gives on a case: outputs by name, or None where it cannot be computed."""
        if mistake not in case.computed:
            case.computed[mistake] = self.compute(mistake, case)
        return case.computed[mistake]

    def compute(self, mistake, case):
        """The same, computed anew."""
        q = Quantities(self.equations, case.given, mistake.changes)
        try:
            return {name: getattr(q, self.computed_as.get(name, name)) for name in self.outputs}
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return None

    def unpack(self, result, names=None, cache=None):
        """A function's result as outputs by name, and the cache."""
        names = list(names or self.outputs)
        wanted = names + ["cache"] * (self.has_cache if cache is None else cache)
        if result is None:
            raise NotDone("it returns None")
        if len(wanted) == 1:
            return {names[0]: result}, None
        if not isinstance(result, (tuple, list)):
            raise Wrong(diagnosis.number_of_values(1, wanted))
        if all(value is None for value in result):
            raise NotDone("it returns None")
        if len(result) != len(wanted):
            raise Wrong(diagnosis.number_of_values(len(result), wanted))
        return dict(zip(names, result)), (result[-1] if len(wanted) > len(names) else None)

    def changed(self, given, case):
        """The names of the arguments that differ from those of the case."""
        return [name for name, value in given.items() if not unchanged(value, case.given[name])]

    def axes(self, names):
        """The meaning of the shapes of arguments: `{"x": "(N, D)"}`."""
        return {name: diagnosis.letters(self.shapes[name]) for name in names
                if self.shapes.get(name)}


class BackwardExercise(Exercise):
    """A function that takes the cache of a forward function, which the same learner wrote.

    Args:
        forward: the exercise of the forward function.
        gradients: the names of the arguments before the cache.
        needs: the arguments of the forward function that have to be in the cache.
        The rest is as for `Exercise`; `reference` takes the same arguments as the learner's.
    """

    def __init__(self, name, *, forward, gradients, shapes, needs=(), **rest):
        self.forward, self.gradients, self.needs = forward, gradients, needs
        super().__init__(name, arguments=[*forward.arguments, *gradients],
                         shapes={**forward.shapes, **shapes}, **rest)

    def reference_outputs(self, given):
        cache = self.forward.reference(*(given[name] for name in self.forward.arguments))[-1]
        result = self.reference(*(given[name] for name in self.gradients), cache)
        return dict(zip(self.outputs, result if isinstance(result, tuple) else (result,)))

    def attempt(self, function, case):
        given = {name: snapshot(case.given[name]) for name in self.arguments}
        cache = self.run_forward(function, given)
        before = snapshot(arrays_in(cache))
        result = call(function, *(given[name] for name in self.gradients), cache,
                      axes=self.axes(self.gradients), sizes=case.sizes)
        outputs, _ = self.unpack(result, cache=False)
        changed = self.changed(given, case)
        after = arrays_in(cache)
        if len(after) != len(before):
            changed = ["emptied cache"]
        elif not changed and not unchanged(after, before):
            changed = ["cache"]
        return Attempt(outputs, changed, cache)

    def run_forward(self, function, given):
        """The cache that the learner's own forward function returns."""
        forward = globals_of(function)[self.forward.name]
        try:
            result = call(forward, *(given[name] for name in self.forward.arguments))
        except NotDone as reason:
            raise NotDone(self.forward.name) from reason
        return self.forward.unpack(result)[1]

    def hints_for(self, function):
        forward = globals_of(function).get(self.forward.name)
        if not callable(forward):
            raise Wrong(f"There is no `{self.forward.name}` where `{self.name}` is defined: the "
                        "forward function is missing. The two share a cache, so it has to be there "
                        "first: run its cell (or import both from the course), then check "
                        "again.")
        self.examine_forward(function, forward)
        return super().hints_for(function)

    def examine_forward(self, function, forward):
        """A backward function cannot be judged while its forward function is wrong."""
        report = self.forward.examine(forward)
        if report.state == OPEN:
            raise NotDone(self.forward.name)
        if report.state == WRONG:
            raise Wrong(f"Put `{self.forward.name}` right first: `{self.name}` works with its "
                        "cache. " + " ".join(report.hints))

    def check_repeated(self, function, case):
        """The same cache twice, with another forward pass in between."""
        super().check_repeated(function, case)
        given = {name: snapshot(case.given[name]) for name in self.arguments}
        other = {name: snapshot(value[::-1] if np.ndim(value) else value)
                 for name, value in given.items()}
        cache = self.run_forward(function, given)
        self.run_forward(function, other)
        dout = [given[name] for name in self.gradients]
        first = self._again(function, dout, cache, "after another forward pass")
        self._match(first, self.expected(case), "with the cache of an earlier forward pass")
        second = self._again(function, dout, cache, "a second time with the same cache")
        self._match(second, first, "for a second call with the same cache")

    def _again(self, function, dout, cache, when):
        try:
            return self.unpack(call(function, *dout, cache), cache=False)[0]
        except Crash as crash:
            raise Wrong(f"Called {when}, it fails. A backward function must leave its cache as it "
                        f"is (no `pop`, no `reverse`, no change in place). {crash}") from crash

    def _match(self, got, expected, when):
        for name, value in expected.items():
            if not same(got[name], value, 1e-9):
                raise Wrong(f"`{name}` is wrong {when}. All that the backward function needs has "
                            "to be in the cache, and both functions must leave it unchanged there "
                            "(no `pop`, no `reverse`, no change in place).")

    def all_helpers(self):
        return self.helpers + self.forward.helpers

    def explain_more(self, function, case, attempt):
        """What the cache lacks of the forward function's arguments."""
        if self.forward.is_own(globals_of(function)[self.forward.name]):
            return [f"`{self.forward.name}` is the course's own here, and only the course's "
                    f"`{self.name}` knows its cache. Write both functions, or import both."]
        given = {name: snapshot(case.given[name]) for name in self.forward.arguments}
        arrays = arrays_in(self.run_forward(function, given))
        missing = [name for name in self.needs
                   if not any(same(array, given[name], 1e-12) for array in arrays)]
        if not missing:
            return []
        listed = ", ".join(f"`{name}`" for name in missing)
        return [f"The cache that your `{self.forward.name}` returns does not hold {listed} as "
                f"{'it' if len(missing) == 1 else 'they'} went in, which `{self.name}` needs."]


def unchanged(value, original):
    """Whether a value is what it was: the same numbers, dtype, length."""
    if isinstance(value, (list, tuple)):
        return len(value) == len(original) and all(map(unchanged, value, original))
    if isinstance(value, np.ndarray):
        return value.dtype == original.dtype and np.array_equal(value, original,
                                                               equal_nan=value.dtype.kind == "f")
    return value is original or value == original
