"""What an exercise is, and how an implementation of it is run.

An exercise knows its arguments, its outputs, the right function, the cases to try and the mistakes
that learners make. Whether an implementation is right is found out in `examination`, why it is not
in `diagnosis`; neither is called from here. What differs between a forward function, a backward
function and a method is how it is run: `attempt`.
"""

import functools

import numpy as np

from cs231n.feedback import narrowing
from cs231n.feedback.compare import arrays_in, same, snapshot, unchanged, wrong_kind
from cs231n.feedback.guard import call
from cs231n.feedback.inspection import calls, globals_of, innermost, relocated
from cs231n.feedback.outcomes import Crash, NotDone, Nothing, Wrong
from cs231n.feedback.recipe import Quantities
from cs231n.feedback.signature import arguments_of, outputs_of, shapes_of
from cs231n.feedback.wording import letters, listed, number_of_values

UNCOMPUTABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Attempt:
    """What came of running an implementation on one case."""

    def __init__(self, outputs, changed=(), cache=None):
        self.outputs, self.changed, self.cache = outputs, list(changed), cache


class Exercise:
    """A function that a learner writes.

    Attributes:
        RULES: the rules on exceptions in its code, where they are not the usual ones.

    Args:
        name: the name of the function, by which `check` finds the exercise.
        reference: the right function, called like the learner's.
        cases: a function that returns a list of `Case`. The first is the ordinary one. One labelled
            `SQUARE` has all sizes equal, so that a product with a transposed matrix runs through.
        shapes: the axes of arguments and outputs by name, such as `{"x": "N D", "next_h": "N H"}`,
            as far as the docstring of `reference` does not give them; an output that is one number
            has "".
        outputs: names of the outputs, in order; those in that docstring, if left out.
        arguments: names of the arguments, in order; those of `reference`, if left out.
        mistakes: a list of `Mistake`.
        equations: an `Equations` class that computes `outputs` from `arguments`. Without it, a
            mistake replaces whole outputs.
        computed_as: the equations of outputs that are not named like them.
        cache: whether a cache follows the outputs; as that docstring says, if left out.
        keeps: equations of a time step, by the name that a learner knows, whose values the cache
            has to hold for every step: `{"x[:, t]": "x_at"}`.
        notebook: the notebook it belongs to, for `check.summary()`.
        helpers: the exercises whose functions this one usually calls.
        advice: `(pattern, sentence)` of what lies behind an exception whose message has the
            pattern (a regular expression).
        most_pairs: how many combinations of two mistakes are tried, which bounds the time.
    """

    RULES = None

    def __init__(self, name, *, reference, cases, shapes=None, outputs=None, arguments=None,
                 mistakes=(), equations=None, computed_as=None, cache=None, keeps=None,
                 notebook=None, helpers=(), most_pairs=4000, advice=()):
        self.name, self.notebook, self.keeps = name, notebook, keeps or {}
        self.shapes = {**shapes_of(reference), **(shapes or {})}
        self.arguments = arguments_of(reference) if arguments is None else arguments
        returned = outputs_of(reference)
        self.outputs = [n for n in returned if n != "cache"] if outputs is None else outputs
        self.has_cache = outputs is None and "cache" in returned if cache is None else cache
        self.computed_as = computed_as or {}
        self.helpers, self.most_pairs, self.advice = list(helpers), most_pairs, list(advice)
        self.reference, self.mistakes = reference, list(mistakes)
        self.cases = functools.lru_cache(maxsize=None)(cases)
        self.places = getattr(equations, "PLACES", {})
        self.equations = equations.all() if equations else self._whole_outputs()

    def _whole_outputs(self):
        def output(name):
            return lambda q: self.reference_outputs(q.given)[name]

        return {name: output(name) for name in self.outputs}

    def parts(self):
        """The exercises that an implementation has to pass; `BothCells` has several."""
        return [self]

    # ---- Running an implementation; other kinds of exercise override some of this ---------------

    def prepared(self, value):
        """An argument of a case as the function receives it: a copy."""
        return snapshot(value)

    def worded(self, sentence):
        """A sentence on arrays in the words of what this exercise is written with."""
        return sentence

    def attempt(self, function, case):
        """Run the function on copies of the arguments of a case."""
        given = {name: self.prepared(case.given[name]) for name in self.arguments}
        result = call(function, *given.values(), axes=self.axes(self.arguments), sizes=case.sizes)
        outputs, cache = self.unpack(result)
        return Attempt(outputs, self.changed(given, case), cache)

    def unpack(self, result, names=None, cache=None):
        """A function's result as outputs by name, and the cache."""
        names = list(names or self.outputs)
        wanted = names + ["cache"] * (self.has_cache if cache is None else cache)
        if result is None:
            raise Nothing
        if len(wanted) == 1:
            if isinstance(result, tuple) and len(result) > 1:
                raise Wrong(number_of_values(len(result), wanted))
            return {names[0]: result}, None
        if not isinstance(result, (tuple, list)):
            raise Wrong(number_of_values(1, wanted))
        if all(value is None for value in result):
            raise Nothing
        if len(result) != len(wanted):
            raise Wrong(number_of_values(len(result), wanted))
        return dict(zip(names, result)), (result[-1] if len(wanted) > len(names) else None)

    def body(self, function):
        """The function that holds the learner's code."""
        return function

    def is_own(self, function):
        """Whether it is the course's own function (its code, wherever it was imported from)."""
        code = getattr(innermost(function), "__code__", None)
        own = innermost(self.reference).__code__
        return code == own and code.co_filename == own.co_filename

    def changed(self, given, case):
        """The names of the arguments that differ from those of the case."""
        return [name for name, value in given.items() if not unchanged(value, case.given[name])]

    def axes(self, names):
        """The meaning of the shapes of arguments: `{"x": "(N, D)"}`."""
        return {name: letters(self.shapes[name]) for name in names if self.shapes.get(name)}

    # ---- What is right --------------------------------------------------------------------------

    def expected(self, case):
        """The right outputs by name."""
        if None not in case.computed:
            case.computed[None] = self.reference_outputs(case.given)
        return case.computed[None]

    def reference_outputs(self, given):
        result = self.reference(*(self.prepared(given[name]) for name in self.arguments))
        values = result if isinstance(result, tuple) else (result,)
        return dict(zip(self.outputs, values))

    def right(self, attempt, case):
        """For each output, whether it is right."""
        got, expected = attempt.outputs, self.expected(case)
        return {name: same(got[name], expected[name], case.tolerance)
                and not wrong_kind(got[name], expected[name]) for name in expected}

    def alike(self, got, other, name, tolerance=1e-6):
        """Whether an output is the same as another, for instance as a mistake gives it."""
        return same(got, other, tolerance)

    def imprecise(self, attempt, case):
        """Whether all outputs are right to a few digits, as after a detour through float32."""
        expected = self.expected(case)
        return case.dtype == np.float64 and all(
            same(attempt.outputs[name], expected[name], _few_digits(attempt.outputs[name])) and
            not wrong_kind(attempt.outputs[name], expected[name]) for name in expected)

    def overflown(self, attempt, case):
        """Whether what is wrong is only that some numbers are nan or inf."""
        got = [np.asarray(attempt.outputs[name]) for name in self.expected(case)]
        right = list(self.expected(case).values())
        if any(g.dtype.kind != "f" or g.shape != np.shape(r) for g, r in zip(got, right)):
            return False
        finite = [np.isfinite(g) for g in got]
        return not all(f.all() for f in finite) and all(
            same(g[f], np.asarray(r)[f], case.tolerance) for g, r, f in zip(got, right, finite))

    # ---- Further checks; each returns hints or raises `Wrong` -----------------------------------

    def forward_function(self, function):
        """`(exercise, function)` whose cache this one works with, None for most exercises."""
        return None

    def check_structure(self, function, case, attempt):
        """What has to be said before values are compared."""

    def check_repeated(self, function, case):
        """A second call gives the same."""
        first, second = self.attempt(function, case), self.attempt(function, case)
        for name, value in first.outputs.items():
            if not same(second.outputs[name], value, 1e-12):
                raise Wrong(f"A second call with the same arguments gives another `{name}`. The "
                            "result must depend on the arguments alone: no random numbers, and "
                            "nothing kept from one call to the next.")

    def check_gradients(self, function, cases):
        """The way back through a function whose values are right, where it is not written out."""

    def examine_more(self, function, cases):
        """Further checks of a function whose values are right; raises `Wrong`, returns hints."""
        return []

    def explain_more(self, function, case, attempt):
        """Further hints about a wrong result; `attempt` is None after an exception."""
        return []

    def narrow(self, case, name, got, right):
        """A sentence on an output that no mistake explains."""
        expected = self.expected(case)[name]
        arrays = {n: value for n, value in case.given.items()
                  if isinstance(value, (np.ndarray, list, tuple))}  # maybe of ragged parts
        came_in = next((n for n in self.arguments if n in arrays and same(got, arrays[n])
                        and not same(expected, arrays[n])), None)
        if came_in:
            return f"`{name}` is the argument `{came_in}` as it came in."
        if self.shapes.get(name) is None:
            return f"`{name}` is wrong."
        said = narrowing.describe(name, got, expected, self.shapes[name], case.sizes)
        others = [n for n in right if right[n]]
        if others and len(right) > 1:
            said += f" ({listed(others)} {'is' if len(others) == 1 else 'are'} right.)"
        return said

    # ---- The functions of other exercises -------------------------------------------------------

    def called_helpers(self, function):
        """`(exercise, function)` of the helpers that the learner's code calls."""
        body = self.body(function)
        used, home = calls(body), globals_of(body)
        return [(helper, home[helper.name]) for helper in self.helpers
                if helper.name in used and callable(home.get(helper.name))]

    def all_helpers(self):
        """The exercises of the functions that code for this exercise may call."""
        return self.helpers

    def with_course_helpers(self, function):
        """The function as it would be if all that it calls were the course's; None if unknown."""
        if not hasattr(function, "__code__"):
            return None
        return relocated(function, {h.name: h.reference for h in self.all_helpers()})

    def with_course_methods(self, function):
        """`(name, function)` with another method of the same class replaced; for methods only."""
        return []

    # ---- Mistakes -------------------------------------------------------------------------------

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
        except UNCOMPUTABLE:
            return None

    def gives(self, mistake, case, got):
        """Whether a mistake gives the outputs `got`; stops at the first one that it does not."""
        q = Quantities(self.equations, case.given, mistake.changes)
        try:
            return all(self.alike(got[name], getattr(q, self.computed_as.get(name, name)), name)
                       for name in self.outputs)
        except UNCOMPUTABLE:
            return False


class BackwardExercise(Exercise):
    """A function that takes the cache of a forward function, which the same learner wrote.

    Args:
        forward: the exercise of the forward function.
        gradients: the names of the arguments before the cache; those of `reference`, if left out.
        needs: the arguments of the forward function that have to be in the cache.
        The rest is as for `Exercise`; `reference` takes the same arguments as the learner's.
    """

    def __init__(self, name, *, forward, reference, shapes=None, gradients=None, needs=(), **rest):
        self.forward, self.needs = forward, needs
        self.gradients = arguments_of(reference)[:-1] if gradients is None else gradients
        super().__init__(name, arguments=[*forward.arguments, *self.gradients],
                         shapes={**forward.shapes, **shapes_of(reference), **(shapes or {})},
                         reference=reference, **rest)

    def reference_outputs(self, given):
        cache = self.forward.reference(*(given[name] for name in self.forward.arguments))[-1]
        result = self.reference(*(given[name] for name in self.gradients), cache)
        return dict(zip(self.outputs, result if isinstance(result, tuple) else (result,)))

    def attempt(self, function, case):
        given = {name: snapshot(case.given[name]) for name in self.arguments}
        cache = self.run_forward(function, given)
        before = snapshot(arrays_in(cache))
        result = call(function, *(given[name] for name in self.gradients), cache,
                      axes=self.axes(self.arguments), sizes=case.sizes)
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

    def forward_function(self, function):
        forward = globals_of(function).get(self.forward.name)
        if not callable(forward):
            raise Wrong(f"There is no `{self.forward.name}` where `{self.name}` is defined: the "
                        "forward function is missing. The two share a cache, so it has to be there "
                        "first: run its cell (or import both from the course), then check "
                        "again.")
        return self.forward, forward

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
        return [f"The cache that your `{self.forward.name}` returns does not hold "
                f"{listed(missing)} as {'it' if len(missing) == 1 else 'they'} went in, which "
                f"`{self.name}` needs."]


def _few_digits(value):
    return 1e-2 if getattr(value, "dtype", None) == np.float16 else 1e-5
