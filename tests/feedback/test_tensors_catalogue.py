"""Every known mistake on tensors is rejected with its own sentence and no other."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cs231n.feedback.check_pytorch import check  # noqa: E402
from cs231n.feedback.examination import examine  # noqa: E402
from cs231n.feedback.recipe import Mistake, Quantities  # noqa: E402
from cs231n.feedback.tensors_pytorch import TensorMethodExercise, as_array  # noqa: E402

each_exercise = pytest.mark.parametrize("exercise", check.exercises.values(),
                                        ids=lambda exercise: exercise.name)


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def made(exercise, mistake):
    """A learner's function on tensors that makes a mistake; the equations compute in NumPy."""
    def outputs(given):
        q = Quantities(exercise.equations, given, mistake.changes)
        values = [torch.from_numpy(np.array(getattr(q, exercise.computed_as.get(name, name))))
                  for name in exercise.outputs]
        return tuple(values) if len(values) > 1 else values[0]

    def function(*arguments):
        return outputs(dict(zip(exercise.arguments, map(as_array, arguments))))

    def method(self, *arguments):
        params = {name: as_array(value) for name, value in self.params.items()}
        return outputs({**dict(zip(exercise.arguments, map(as_array, arguments))), **params,
                        "cell_type": self.cell_type})

    return method if isinstance(exercise, TensorMethodExercise) else function


@each_exercise
def test_equations_are_those_of_the_package(exercise):
    for case in exercise.cases():
        expected, got = exercise.expected(case), exercise.compute(Mistake("none", ""), case)
        for name in expected:
            assert exercise.alike(got[name], expected[name], name, case.tolerance), \
                (case.label, name)


@each_exercise
def test_own_sentence_and_no_other(exercise):
    missed, known = {}, {}
    for mistake in exercise.mistakes:
        report = examine(exercise, made(exercise, mistake), known)
        named = [m.name for m in exercise.mistakes if m.sentence in report.hints]
        if report.state != "wrong" or named != [mistake.name]:
            missed[mistake.name] = named or str(report)
    assert exercise.mistakes and missed == {}


@each_exercise
def test_names_and_sentences_are_unique(exercise):
    names = [mistake.name for mistake in exercise.mistakes]
    sentences = [mistake.sentence for mistake in exercise.mistakes]
    assert len(set(names)) == len(names)
    assert len(set(sentences)) == len(sentences)


@each_exercise
def test_no_sentence_speaks_of_numpy_where_it_means_pytorch(exercise):
    said = [mistake.sentence for mistake in exercise.mistakes]
    assert [s for s in said if "np." in s or "axis=" in s or "cache" in s] == []
