"""Every known mistake is rejected with its own sentence and no other."""

import functools

import numpy as np
import pytest

from cs231n.feedback import check
from cs231n.feedback.compare import same
from cs231n.feedback.examination import examine
from cs231n.feedback.exercise import BackwardExercise
from cs231n.feedback.exercises.attention_captioner import LooksExercise
from cs231n.feedback.exercises.captioner_loss import LossExercise
from cs231n.feedback.exercises.captioner_steps import FirstStateExercise, NextScoresExercise
from cs231n.feedback.gradients_by_name import GradientsByName
from cs231n.feedback.methods import MethodExercise
from cs231n.feedback.recipe import Mistake, Quantities

EXERCISES = [part for exercise in check.exercises.values() for part in exercise.parts()
             if part.notebook != "Fast_Captioning"
             and type(part).__module__.rpartition(".")[2] != "clipping" and part.mistakes]


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def ids(exercise):
    return f"{exercise.name} {getattr(exercise, 'cell_type', '')}".strip()


def made(exercise, mistake):
    """A learner's function that makes a mistake."""
    def outputs(given):
        q = Quantities(exercise.equations, given, mistake.changes)
        return [getattr(q, exercise.computed_as.get(name, name)) for name in exercise.outputs]

    if isinstance(exercise, MethodExercise):
        return _method(exercise, outputs)
    if isinstance(exercise, BackwardExercise):
        return _backward(exercise, outputs)

    def function(*arguments):
        values = outputs(dict(zip(exercise.arguments, arguments)))
        if exercise.has_cache:
            values.append(None)
        return tuple(values) if len(values) > 1 else values[0]

    return function


def _method(exercise, outputs):
    def method(self, *arguments):
        values = outputs({**dict(zip(exercise.arguments, arguments)), **self.params,
                          "cell_type": getattr(self, "cell_type", None)})
        if isinstance(exercise, LossExercise):
            return values[0], dict(zip(exercise.params, values[1:]))
        if isinstance(exercise, NextScoresExercise):
            return values[0], values[1:]
        if isinstance(exercise, LooksExercise):
            return values[0], values[1:-1], values[-1]
        return values if isinstance(exercise, FirstStateExercise) else values[0]

    return method


@functools.cache
def forward_of(exercise):
    """A learner's right forward function, the same one for all mistakes of the backward one."""
    def forward(*arguments):
        result = exercise.forward.reference(*arguments)
        return (*result[:-1], dict(zip(exercise.forward.arguments, arguments)))

    return forward


def _backward(exercise, outputs):
    def backward(*arguments):
        given = {**arguments[-1], **dict(zip(exercise.gradients, arguments))}
        values = outputs(given)
        if isinstance(exercise, GradientsByName):
            return exercise.packed(values)
        return tuple(values) if len(values) > 1 else values[0]

    space = {exercise.forward.name: forward_of(exercise), "backward": backward}
    exec(f"def {exercise.name}(*arguments): return backward(*arguments)", space)
    return space[exercise.name]


@pytest.mark.parametrize("exercise", EXERCISES, ids=ids)
def test_equations_are_those_of_the_package(exercise):
    for case in exercise.cases():
        expected, got = exercise.expected(case), exercise.compute(Mistake("none", ""), case)
        for name in expected:
            assert exercise.alike(got[name], expected[name], name, case.tolerance), \
                (case.label, name)


@pytest.mark.parametrize("exercise", EXERCISES, ids=ids)
def test_own_sentence_and_no_other(exercise):
    missed, known = {}, {}  # what is known of the forward function serves all mistakes
    for mistake in exercise.mistakes:
        report = examine(exercise, made(exercise, mistake), known)
        named = [m.name for m in exercise.mistakes if m.sentence in report.hints]
        if report.state != "wrong" or named != [mistake.name]:
            missed[mistake.name] = named or str(report)
    assert missed == {}


@pytest.mark.parametrize("exercise", EXERCISES, ids=ids)
def test_mistakes_differ_from_each_other_and_from_what_is_right(exercise):
    seen = {}
    cases = [case for case in exercise.cases() if not case.label.startswith("large")]
    if len(exercise.mistakes) > 60 and not isinstance(exercise, MethodExercise):
        # those of a sequence: two are enough
        cases = [cases[0], *(case for case in cases if case.square)]
    for mistake in exercise.mistakes:
        assert not all(_alike(exercise, exercise.mistaken(mistake, case), exercise.expected(case))
                       for case in cases), mistake
        key = tuple(_key(exercise.mistaken(mistake, case)) for case in cases)
        assert key not in seen, (mistake, seen.get(key))
        seen[key] = mistake


def _alike(exercise, outputs, expected):
    return outputs is None or all(exercise.alike(outputs[name], value, name, 1e-4)
                                  for name, value in expected.items())


def _key(outputs):
    """Outputs as something that can be looked up: rounded, so that equal results are equal."""
    if outputs is None:
        return None
    return tuple((np.shape(value), tuple(np.round(np.ravel(value).astype(float), 6) + 0.0))
                 for value in outputs.values())


@pytest.mark.parametrize("exercise", EXERCISES, ids=ids)
def test_names_and_sentences_are_unique(exercise):
    names = [mistake.name for mistake in exercise.mistakes]
    sentences = [mistake.sentence for mistake in exercise.mistakes]
    assert len(set(names)) == len(names)
    assert len(set(sentences)) == len(sentences)
    assert all(s.isascii() and s.endswith((".", ".)", "?)")) for s in sentences)


def test_two_mistakes_at_once_are_both_named():
    exercise = check.exercises["rnn_step_backward"]
    by_name = {mistake.name: mistake for mistake in exercise.mistakes}
    first, second = by_name["slope-not-squared"], by_name["dWh-transposed"]
    report = examine(exercise, made(exercise, first.combined(second)))
    assert set(report.hints) == {first.sentence, second.sentence}


def test_three_mistakes_in_three_outputs_are_all_named():
    exercise = check.exercises["rnn_step_backward"]
    by_name = {mistake.name: mistake for mistake in exercise.mistakes}
    three = [by_name[n] for n in ("dx-averaged", "dWh-from-next_h", "db-averaged")]
    report = examine(exercise, made(exercise, three[0].combined(three[1]).combined(three[2])))
    assert set(report.hints) == {mistake.sentence for mistake in three}


def test_every_layer_is_also_checked_where_all_sizes_fit():
    for exercise in EXERCISES:
        if not isinstance(exercise, MethodExercise) and exercise.helpers:
            assert any(case.square for case in exercise.cases())


def test_same_is_strict_about_shapes_and_numbers():
    assert same(np.ones(3), np.ones(3) + 1e-9)
    assert not same(np.ones(3), np.ones((1, 3)))
    assert not same(np.full(3, np.nan), np.ones(3))
    assert not same(None, np.ones(3))
