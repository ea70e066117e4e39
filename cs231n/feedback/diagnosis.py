"""Finding the cause of a wrong result, and saying it.

Three things are tried, the most telling first: the exercise's known mistakes, alone and combined;
what the exercise itself can tell, such as what is missing in a cache; and, for each wrong output,
what kind of difference it is (`narrowing`).
"""

import itertools

import numpy as np

from cs231n.feedback import crash_rules, crashes
from cs231n.feedback.compare import as_numbers, kind_of, same
from cs231n.feedback.inspection import calls
from cs231n.feedback.leads import lead
from cs231n.feedback.outcomes import Crash, Hint, NotDone, Nothing, Wrong
from cs231n.feedback.wording import changed_arguments, is_or_are, listed

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
    causes = _causes(exercise, function, case, attempt, right, passed)
    return [*map(exercise.worded, causes), *_setting(case, passed),
            *map(exercise.worded, changed_arguments(attempt.changed)),
            *crashes.suspicions(exercise.body(function), case, attempt),
            *exercise.explain_more(function, case, attempt)]


def explain_crash(exercise, function, case, crash, passed):
    """Hints about an exception. Where all sizes are equal, the same mistake may run through."""
    told = crashes.tell(crash)
    telling = list(map(exercise.worded, crash_rules.telling_advice(crash, exercise.RULES)))
    causes = [] if passed or telling else _explain_where_square(exercise, function)
    if not causes and not telling:
        causes = [*map(exercise.worded, crashes.general_advice(crash, exercise.advice)),
                  *exercise.explain_more(function, case, None)]
    return [*map(Hint, telling or causes), *_setting(case, passed), told]


def _explain_where_square(exercise, function):
    square = [case for case in exercise.cases() if case.square]
    for case in square:
        try:
            attempt = exercise.attempt(function, case)
        except (Crash, NotDone, Nothing, Wrong):
            return []
        right = exercise.right(attempt, case)
        if not all(right.values()):
            return _causes(exercise, function, case, attempt, right, [], narrowing_down=False)
        return ["With equal sizes the result is right, so the computation is the right one and "
                "one size is taken from the wrong axis or the wrong array."]
    return []


def _setting(case, passed):
    return [f"It is right for ordinary arguments, but not for {case.label}."] \
        if passed and case.label else []


def _causes(exercise, function, case, attempt, right, passed, narrowing_down=True):
    """Sentences on the cause: the most telling that can be found."""
    got = attempt.outputs
    if exercise.imprecise(attempt, case):
        return [exercise.narrow(case, name, got[name], right) for name in got if not right[name]]
    fitting = likely_mistakes(exercise, function, case, passed)
    agreeing = {m: agreement(exercise, exercise.mistaken(m, case), got) for m in fitting}
    exact = [m for m, agreed in agreeing.items() if len(agreed) == len(got)]

    def said(mistake):
        return Hint(mistake.sentence, lead(exercise, mistake, case, got, right))

    if exact:
        return [said(tell_apart(exercise, function, exact))]
    hints = unusable(exercise, case, got, right) or exchanged(exercise, case, got, right)
    if hints:
        return hints
    if not repeatable(exercise, function, case, got):
        return ["Two calls with the same arguments give different results: random numbers are "
                "used (`np.random`, `np.empty`), or something is kept from one call to the next. "
                "The result must depend on the arguments alone."]
    if attempt.changed:
        return ["The result is wrong, and an argument is changed; put that right first and check "
                "again."]
    hints = penalty(exercise, case, got, right)
    if hints:
        return hints
    mistakes, left = find_mistakes(exercise, case, got, right, agreeing)
    hints = list(map(said, mistakes))
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


# ---- Known mistakes -----------------------------------------------------------------------------


def likely_mistakes(exercise, function, case, passed):
    """The mistakes that this code may have made, in view of what it calls and of what it passed."""
    used = calls(exercise.body(function))
    return [m for m in exercise.mistakes if m.inline not in used
            and not _harmless(exercise, m, case)
            and all(_harmless(exercise, m, other) for other in passed)]


def tell_apart(exercise, function, mistakes):
    """Of mistakes that give the same on one case, the one that fits on the other cases too."""
    for case in exercise.cases() if len(mistakes) > 1 else []:
        try:
            got = exercise.attempt(function, case).outputs
        except (Crash, NotDone, Nothing, Wrong):
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


def _harmless(exercise, mistake, case):
    """Whether a mistake does not show in a case."""
    if mistake not in case.harmless:
        expected, wrong = exercise.expected(case), exercise.mistaken(mistake, case)
        case.harmless[mistake] = wrong is not None and all(
            exercise.alike(wrong[n], expected[n], n, 10 * case.tolerance) for n in expected)
    return case.harmless[mistake]


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
            if now > agreed and _set_by(exercise, mistake) <= now and \
                    (best is None or len(now) > len(best[2])):
                best = mistake, both, now
        if best is None:
            break
        mistake, combined, agreed = best
        found.append(mistake)
    return found, agreed


def _set_by(exercise, mistake):
    """The outputs that a mistake sets itself: its sentence names them, so all have to fit."""
    return {name for name in exercise.outputs
            if exercise.computed_as.get(name, name) in mistake.changes}


def _pair(exercise, case, got, mistakes):
    """The first two mistakes that together give all of `got`; early ones of the list come first."""
    expected = exercise.expected(case)
    if any(np.shape(got[name]) != np.shape(expected[name]) for name in got):
        return []
    mistakes = list(mistakes)
    pairs = ((first, second) for k, second in enumerate(mistakes) for first in mistakes[:k])
    for first, second in itertools.islice(pairs, exercise.most_pairs):
        both = first.combined(second)
        if both and exercise.gives(both, case, got):
            return [first, second]
    return []


# ---- A penalty on the weights -------------------------------------------------------------------


def penalty(exercise, case, got, right):
    """A hint where each wrong gradient is the right one plus some part of its parameter."""
    expected = exercise.expected(case)
    wrong = [name for name in got if not right[name] and np.ndim(expected[name])]
    added = {name: _part_added(got[name] - expected[name], name, case.given) for name in wrong
             if np.shape(got[name]) == np.shape(expected[name])
             and as_numbers(got[name]) is not None}
    if len(added) < len(wrong) or not wrong or not all(added.values()):
        return []
    parts = listed([argument for argument, _ in added.values()])
    return [f"A penalty on the weights (weight decay) is added: {listed(added)} "
            f"{is_or_are(wrong)} right but for {added[wrong[0]][1]:.3g} times {parts}. The "
            "exercise has no such penalty: its loss is that of the predictions alone."]


def _part_added(difference, name, given):
    """The parameter that a gradient belongs to and the factor it is added with, or None."""
    for argument, value in given.items():
        if name not in (f"d{argument}", f'grads["{argument}"]') or \
                np.shape(value) != difference.shape or not np.any(value):
            continue
        factor = float((difference * value).sum() / (value * value).sum())
        if factor and same(difference / factor, value, 1e-5):
            return argument, factor
    return None


# ---- Results that are no numbers of the right shape ---------------------------------------------


def unusable(exercise, case, got, right):
    """Hints about outputs that are None, no arrays, or of the wrong sort of number."""
    expected = exercise.expected(case)
    return [hint for name, value in got.items() if not right[name]
            for hint in _unusable(name, value, expected[name])]


def _unusable(name, value, right):
    if value is None:
        return [f"`{name}` is None: it is returned without having been computed."]
    if np.ndim(right) and isinstance(value, (list, tuple, dict)):
        return [f"`{name}` is a {type(value).__name__}, not a NumPy array. Stack its parts into "
                "one array (`np.stack`, or fill an array made before the loop)."]
    if not np.ndim(right) and (np.ndim(value) or isinstance(value, (list, tuple, dict))):
        return [_not_one_number(name, value)]
    kind, right_kind = kind_of(value), kind_of(right)
    if kind == right_kind or (not np.ndim(right) and as_numbers(value) is not None):
        return []
    if kind == "integers" and right_kind == "real numbers":
        return [f"`{name}` is an array of integers ({np.asarray(value).dtype}), so everything "
                "behind the decimal point is cut off. It was made with an integer dtype, for "
                "instance by `np.zeros_like` of integers or `dtype=int`: give it the dtype of the "
                "real numbers that go in."]
    if kind == "real numbers" and not np.array_equal(value, np.floor(value)):
        return [f"`{name}` has dtype {np.asarray(value).dtype}, and its numbers are {right_kind}. "
                "Some are not even whole: a division by `/` gives real numbers; `//` gives the "
                "whole part."]
    if kind == "real numbers":
        return [f"`{name}` has dtype {np.asarray(value).dtype}, and its numbers are {right_kind}: "
                "give the array an integer dtype (`dtype=int`) when you make it."]
    if kind == "words (strings)":
        return [f"`{name}` holds words as text (dtype {np.asarray(value).dtype}). Words are "
                "numbers here, the rows of the vocabulary: `idx_to_word` turns them into text "
                "only when they are shown."]
    if kind == "O" and isinstance(value, np.ndarray):
        return [f"`{name}` has dtype {value.dtype}: it holds Python objects, such as arrays of "
                f"different shapes. Expected is an array of {right_kind}."]
    if kind == "complex numbers" and not np.ndim(value) and not np.ndim(right):
        return [f"`{name}` is a complex number, expected a real one. Where does the imaginary unit "
                "(`1j`), or the root of a number below zero, come in?"]
    found = f"of type {type(value).__name__}" if kind == "O" else \
        f"an array of {kind} ({np.asarray(value).dtype})"
    return [f"`{name}` is {found}, expected {'an array of ' if np.ndim(right) else ''}"
            f"{right_kind if np.ndim(right) else 'one number'}."]


def _not_one_number(name, value):
    if isinstance(value, np.ndarray):
        return (f"`{name}` is an array of shape {value.shape}, expected one number. A sum over all "
                "axes, without `axis` and `keepdims`, gives one.")
    return f"`{name}` is a {type(value).__name__}, expected one number."


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
