"""Finding the cause of a wrong result, and saying it.

Three things are tried, the most telling first: the exercise's known mistakes, alone and combined;
what the exercise itself can tell, such as what is missing in a cache; and, for each wrong output,
what kind of difference it is (`narrowing`).
"""

import itertools
import re
import types

import numpy as np

from cs231n.feedback import narrowing
from cs231n.feedback.compare import as_numbers, same
from cs231n.feedback.guard import Crash, NotDone, calls, globals_of
from cs231n.feedback.report import OPEN, WRONG

SQUARE = "arrays of equal sizes"


# ---- Entry points -------------------------------------------------------------------------------


def explain(exercise, function, case, attempt, right, passed):
    """Hints about a wrong result.

    Args:
        exercise: the `Exercise`.
        function: what the learner wrote.
        case: the case in which it is wrong.
        attempt: what it returned.
        right: for each output, whether it is right.
        passed: the cases in which everything was right.
    """
    helpers = wrong_helpers(exercise, function)
    if helpers:
        return helpers
    hints = [_setting(case, passed)] if passed and case.label else []
    hints += changed_arguments(attempt.changed)
    hints += _causes(exercise, function, case, attempt, right, passed)
    return hints + exercise.explain_more(function, case, attempt)


def _causes(exercise, function, case, attempt, right, passed, narrowing_down=True):
    """Sentences on the cause: the most telling that can be found."""
    got = attempt.outputs
    if exercise.imprecise(attempt, case):
        return [exercise.narrow(case, name, got[name], right) for name in got if not right[name]]
    fitting = likely_mistakes(exercise, function, case, passed)
    agreeing = {m: agreement(exercise, exercise.mistaken(m, case), got) for m in fitting}
    exact = [m for m, agreed in agreeing.items() if len(agreed) == len(got)]
    if exact:
        return [tell_apart(exercise, function, exact).sentence]
    hints = unusable(exercise, case, got, right) or exchanged(exercise, case, got, right)
    if hints:
        return hints
    if not repeatable(exercise, function, case, got):
        return ["Two calls with the same arguments give different results: random numbers are "
                "used (`np.random`, `np.empty`), or something is kept from one call to the next. "
                "The result must depend on the arguments alone."]
    if attempt.changed:
        return ["The result is wrong too; put this right first and check again."]
    mistakes, left = find_mistakes(exercise, case, got, right, agreeing)
    hints = [mistake.sentence for mistake in mistakes]
    if not narrowing_down:
        return hints
    hints += [exercise.narrow(case, name, got[name], right) for name in left[:3]]
    if left[3:]:
        hints.append(f"Also wrong: {', '.join(f'`{name}`' for name in left[3:])}.")
    return hints


def repeatable(exercise, function, case, got):
    """Whether the same call gives the same once more."""
    again = exercise.attempt(function, case).outputs
    return all(exercise.alike(again[name], got[name], name) for name in got
               if as_numbers(got[name]) is not None)


def explain_crash(exercise, function, case, crash, passed):
    """Hints about an exception. Where all sizes are equal, the same mistake may run through."""
    helpers = wrong_helpers(exercise, function)
    if helpers:
        return helpers
    hints = [_setting(case, passed)] if passed and case.label else []
    hints.append(str(crash))
    causes = [] if passed else _explain_where_square(exercise, function)
    return hints + (causes or [*advice(exercise, crash.error),
                               *exercise.explain_more(function, case, None)])


def _explain_where_square(exercise, function):
    square = [case for case in exercise.cases() if case.label == SQUARE]
    for case in square:
        try:
            attempt = exercise.attempt(function, case)
        except (Crash, NotDone):
            return []
        right = exercise.right(attempt, case)
        if not all(right.values()):
            return _causes(exercise, function, case, attempt, right, [], narrowing_down=False)
        return ["With equal sizes the result is right, so the computation is the right one and "
                "one size is taken from the wrong axis or the wrong array."]
    return []


# ---- Functions that the learner's code calls ----------------------------------------------------


def wrong_helpers(exercise, function):
    """Hints where the fault is in another exercise's function, which this one calls."""
    used, home = calls(exercise.body(function)), globals_of(exercise.body(function))
    for helper in exercise.helpers:
        given = home.get(helper.name)
        if helper.name not in used or not callable(given):
            continue
        report = helper.examine(given)
        if report.state == OPEN:
            raise NotDone(helper.name)
        if report.state == WRONG:
            return [f"Put `{helper.name}` right first, which it calls. {' '.join(report.hints)}",
                    *_with_course_functions(exercise, function)]
    return []


def _with_course_functions(exercise, function):
    """Whether the function is right as soon as what it calls is right."""
    if not hasattr(function, "__code__"):
        return []
    names = ", ".join(f"`{helper.name}`" for helper in exercise.helpers
                      if helper.name in calls(function))
    copy = relocated(function, {h.name: h.reference for h in exercise.all_helpers()})
    if exercise.examine(copy).passed:
        return [f"`{exercise.name}` itself is right: with the course's own {names} it passes."]
    return []


def relocated(function, replaced):
    """A copy of a function that finds other functions under some names.

    The functions of its namespace are copied too, so that those it calls see the same.
    """
    home = globals_of(function)
    copy = dict(home)

    def moved(f):
        new = types.FunctionType(f.__code__, copy, f.__name__, f.__defaults__, f.__closure__)
        new.__kwdefaults__ = f.__kwdefaults__
        return new

    copy.update({name: moved(f) for name, f in home.items()
                 if isinstance(f, types.FunctionType) and f.__globals__ is home})
    copy.update(replaced)
    return moved(function)


def _setting(case, passed):
    return f"It is right for ordinary arguments, but not for {case.label}."


# ---- Known mistakes -----------------------------------------------------------------------------


def likely_mistakes(exercise, function, case, passed):
    """The mistakes that this code may have made, in view of what it calls and of what it passed."""
    used = calls(exercise.body(function))
    return [m for m in exercise.mistakes if m.inline not in used
            and not _harmless(exercise, m, [case]) and _harmless(exercise, m, passed)]


def tell_apart(exercise, function, mistakes):
    """Of mistakes that give the same on one case, the one that fits on the other cases too."""
    for case in exercise.cases() if len(mistakes) > 1 else []:
        try:
            got = exercise.attempt(function, case).outputs
        except Crash:
            continue
        fitting = [m for m in mistakes
                   if len(agreement(exercise, exercise.mistaken(m, case), got)) == len(got)]
        mistakes = fitting or mistakes
    return mistakes[0]


def find_mistakes(exercise, case, got, right, agreeing):
    """Several mistakes that together give what the learner's code gives, or a part of it.

    First those of which each explains more outputs; if there is none, any two together.

    Returns:
        The mistakes, and the names of the outputs that they leave unexplained.
    """
    found, agreed = _combine(exercise, case, got, agreeing, {n for n in right if right[n]})
    if not found:
        found = _pair(exercise, case, got, agreeing)
        agreed = set(got) if found else agreed
    return found, [name for name in got if name not in agreed]


def agreement(exercise, outputs, got):
    """The names of the outputs that are as a mistake would give them."""
    if outputs is None:
        return set()
    return {name for name in got if exercise.alike(got[name], outputs[name], name)}


def _harmless(exercise, mistake, cases):
    """Whether a mistake does not show in some cases."""
    for case in cases:
        expected, wrong = exercise.expected(case), exercise.mistaken(mistake, case)
        if wrong is None or not all(exercise.alike(wrong[n], expected[n], n, 10 * case.tolerance)
                                    for n in expected):
            return False
    return True


def _combine(exercise, case, got, agreeing, agreed):
    """Add mistakes as long as each explains at least one more output and spoils none."""
    found, combined = [], None
    while len(agreed) < len(got):
        best = None
        for mistake in agreeing:
            both = combined.combined(mistake) if combined else mistake
            if both is None:
                continue
            now = agreement(exercise, exercise.compute(both, case), got) if combined \
                else agreeing[mistake]
            if now > agreed and (best is None or len(now) > len(best[2])):
                best = mistake, both, now
        if best is None:
            break
        mistake, combined, agreed = best
        found.append(mistake)
    return found, agreed


def _pair(exercise, case, got, mistakes):
    expected = exercise.expected(case)
    if any(np.shape(got[name]) != np.shape(expected[name]) for name in got):
        return []
    pairs = itertools.islice(itertools.combinations(mistakes, 2), exercise.most_pairs)
    for first, second in pairs:
        both = first.combined(second)
        if both and len(agreement(exercise, exercise.compute(both, case), got)) == len(got):
            return [first, second]
    return []


# ---- Results that are no numbers of the right shape ---------------------------------------------


def wrong_kind(got, right):
    """Whether an output is of the wrong sort of number: integers for reals or the reverse."""
    return _kind(got) != _kind(right)


def _kind(value):
    kind = np.asarray(value).dtype.kind if not isinstance(value, (list, dict)) else "O"
    return {"i": "integers", "u": "integers", "b": "booleans", "f": "real numbers"}.get(kind, "O")


def unusable(exercise, case, got, right):
    """Hints about outputs that are None, no arrays, or of the wrong sort of number."""
    hints = []
    expected = exercise.expected(case)
    for name, value in got.items():
        if right[name]:
            continue
        hints += _unusable(name, value, expected[name])
    return hints


def _unusable(name, value, right):
    if value is None:
        return [f"`{name}` is None: it is returned without having been computed."]
    if isinstance(value, (list, tuple, dict)) and np.ndim(right):
        return [f"`{name}` is a {type(value).__name__}, not a NumPy array. Stack its parts into "
                "one array (`np.stack`, or fill an array made before the loop)."]
    kind, right_kind = _kind(value), _kind(right)
    if kind == right_kind:
        return []
    if kind == "integers" and right_kind == "real numbers":
        return [f"`{name}` is an array of integers ({np.asarray(value).dtype}), so everything "
                "behind the decimal point is cut off. It was made with an integer dtype, for "
                "instance by `np.zeros_like` of integers or `dtype=int`: give it the dtype of the "
                "real numbers that go in."]
    if kind == "real numbers":
        return [f"`{name}` has dtype {np.asarray(value).dtype}, and its numbers are {right_kind}: "
                "give the array an integer dtype (`dtype=int`) when you make it."]
    found = type(value).__name__ if kind == "O" else f"an array of {kind}"
    return [f"`{name}` is {found}, not an array of {right_kind}."]


def exchanged(exercise, case, got, right):
    """A hint where the outputs are the right ones, returned in another order."""
    expected = exercise.expected(case)
    places = {}
    for name in got:
        holds = name if right[name] else next(
            (n for n in expected if n not in places.values() and not right[n]
             and same(got[name], expected[n], case.tolerance)), None)
        if holds is None:
            return []
        places[name] = holds
    moved = [f"what is returned as `{name}` is `{holds}`" for name, holds in places.items()
             if name != holds]
    return [f"The values are right, but exchanged: {', '.join(moved)}. Either their order is "
            "wrong, or two of them are computed with each other's factors (such as `Wx` and "
            "`Wh`), or a cache is unpacked in another order than it was packed."]


# ---- Narrowing down -----------------------------------------------------------------------------


def narrow(exercise, case, name, got, right):
    """A sentence on how one output differs from the right one."""
    expected = exercise.expected(case)[name]
    if exercise.shapes.get(name) is None:
        return f"`{name}` is wrong."
    said = narrowing.describe(name, got, expected, exercise.shapes[name], case.sizes)
    others = [n for n in right if right[n]]
    if others and len(right) > 1:
        said += " " + _right_ones(others)
    return said


def _right_ones(names):
    listed = ", ".join(f"`{n}`" for n in names)
    return f"({listed} {'is' if len(names) == 1 else 'are'} right.)"


# ---- Sentences ----------------------------------------------------------------------------------


def letters(axes):
    """`"N D"` as `(N, D)`, `"H"` as `(H,)`."""
    names = axes.split()
    return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"


def number_of_values(count, wanted):
    listed = ", ".join(wanted)
    verb = "is" if count == 1 else "are"
    return (f"{count} value{'s' if count != 1 else ''} {verb} returned, expected {len(wanted)}: "
            f"`{listed}`.")


def changed_arguments(names):
    """Hints about arguments that are changed in place; one is enough for all parameters."""
    if len(names) > 2:
        return [changed_argument(names[0]) + f" So are {', '.join(f'`{n}`' for n in names[1:])}."]
    return [changed_argument(name) for name in names]


def changed_argument(name):
    if name == "emptied cache":
        return ("The cache is emptied or reordered (`pop`, `reverse`). A second call with the same "
                "cache fails: read its entries by index.")
    if name == "cache":
        return ("The arrays in the cache are changed in place. A second call with the same cache "
                "would give another result: compute into new arrays.")
    return (f"`{name}`, an array of the caller, is changed in place (by `+=`, `*=`, `[...] =` or "
            f"`out=`). The caller may still need it: write `{name} = {name} + ...`, which makes a "
            "new array, or work on a copy.")


def wide_outputs(names):
    listed = ", ".join(f"`{name}`" for name in names)
    verb = "is" if len(names) == 1 else "are"
    return (f"Right. One remark: for float32 arguments {listed} {verb} float64, which takes twice "
            "the memory and time. The usual reason is `np.zeros(shape)` without `dtype=x.dtype`.")


ADVICE = [
    ("not subscriptable|NoneType", "Something is None there: a line above it is still to be filled "
     "in, or a function forgets its `return`."),
    ("name '.*' is not defined", "The name is misspelt, or the cell that defines it has not been "
     "run."),
    ("before assignment|not associated with a value", "The variable is used before it has a value: "
     "set it before the loop, for instance to zeros."),
    ("read-only|immutable|does not support item assignment", "Make an array to write into first, "
     "for instance with `np.zeros`."),
    ("values to unpack", "A function returns another number of values than the names on the left "
     "side. For a cache: unpack it in the order in which the forward function packed it."),
    ("positional argument|keyword argument", "The arguments do not fit the function's signature: "
     "keep the signature that the exercise gives."),
    ("out of bounds|out of range", "An index runs past the end: time steps go from 0 to T - 1, "
     "words from 0 to V - 1."),
    ("broadcast|matmul|not aligned|shapes|dimension", "The shapes do not fit: write the shape of "
     "every factor beside the line, and look which axis has to go away in the product."),
    ("truth value", "An array stands where one True or False is needed: handle each row on its own "
     "(`np.where`, a mask), or use `.all()` / `.any()`."),
    ("only .* arrays can be converted|setting an array element", "An array stands where one number "
     "is needed."),
    ("Cannot cast ufunc", "An array of integers stands where real numbers are added: it was made "
     "with an integer dtype, for instance by `np.zeros_like` of integers or `dtype=int`."),
    ("recursion", "The function calls itself without end."),
]


def advice(exercise, error):
    """What usually lies behind an exception."""
    known = [*exercise.advice, *ADVICE]
    return [sentence for pattern, sentence in known if re.search(pattern, str(error))][:1]
