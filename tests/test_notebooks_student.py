"""The learner's notebooks in use: unfilled, filled in, and whether the learner's work is what runs.

Cells run in this process, and a training stops after two iterations: nbval runs the real thing.
"""

import ast
import inspect
import textwrap

import pytest
from running import NAMES, run_cells, solved, sources, student

from cs231n.captioning_solver import CaptioningSolver

each_notebook = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def short_training(monkeypatch):
    monkeypatch.setattr(CaptioningSolver, "finished", property(lambda self: self.iteration >= 2))


@each_notebook
def test_an_unfilled_notebook_meets_not_implemented_error_only(name, monkeypatch):
    exercises = {cell["exercise"] for cell in student(name) if cell["kind"] == "exercise"}
    errors = run_cells(student(name), monkeypatch)
    others = [(cell["id"], repr(error)) for cell, error in errors
              if not (type(error) is NotImplementedError and str(error) in exercises)]
    assert others == []
    assert {str(error) for _, error in errors}, "a notebook without exercises"


@each_notebook
def test_the_learners_view_filled_in_is_the_solved_view(name):
    for cell, expected in zip(filled(name), solved(name), strict=True):
        if cell["kind"] != "answer":
            assert cell["text"] == expected["text"], cell["id"]


@each_notebook
def test_every_exercise_is_used_by_what_follows(name, monkeypatch):
    """Each is called, through `cell` and other given functions too, after its own check cell."""
    counts, last_own_cell = {}, _last_own_cells(name)
    calls_so_far = {}

    def after_cell(cell, namespace):
        if "check" in namespace:
            namespace["check"] = _NoCheck()
        exercise = cell["exercise"]
        if cell["kind"] == "exercise":
            _count_calls(exercise, namespace, counts)
        for exercise, cell_id in last_own_cell.items():
            if cell["id"] == cell_id:
                calls_so_far[exercise] = counts[exercise]

    errors = run_cells(filled(name), monkeypatch, after_cell)
    assert [(cell["id"], repr(error)) for cell, error in errors] == []
    assert [e for e in counts if counts[e] <= calls_so_far[e]] == []


class _NoCheck:
    """In place of `check`: its calls would count as well."""

    def __call__(self, function, name=None):
        return None

    def summary(self):
        return None


def _last_own_cells(name):
    """For each exercise, the cell that checks it, or else the exercise's own."""
    cells = student(name)
    exercises = [cell["exercise"] for cell in cells if cell["kind"] == "exercise"]
    return {exercise: [cell["id"] for cell in cells if cell["exercise"] == exercise][-1]
            for exercise in exercises}


def _count_calls(name, namespace, counts):
    """Wrap a function of the notebook, and the class attribute that it was attached as."""
    function = namespace[name]
    counts[name] = 0

    def counted(*args, **kwargs):
        counts[name] += 1
        return function(*args, **kwargs)

    namespace[name] = counted
    for value in list(namespace.values()):
        if isinstance(value, type) and vars(value).get(name) is function:
            setattr(value, name, counted)


def filled(name):
    """The cells of the learner's view, with the bodies of the package's functions written in."""
    functions = {cell.exercise: cell.functions[0] for cell in sources(name)
                 if cell.kind == "exercise"}
    cells = student(name)
    for cell in cells:
        if cell["kind"] == "exercise":
            cell["text"] = _filled(cell["text"], functions[cell["exercise"]])
    return cells


def _filled(text, function):
    """Put the body in place of the TODO lines, and leave out how to skip the exercise."""
    head, _, rest = text.partition("    # TODO")
    _, _, rest = rest.partition(f'raise NotImplementedError("{function.name}")')
    attach, _, _ = rest.partition("# To skip this exercise")
    return (head + _body(function) + attach).rstrip("\n")


def _body(function):
    """The body of a function of the package, read from the living function, not by the builder."""
    owner = __import__(function.module, fromlist=["x"])
    if function.owner:
        owner = getattr(owner, function.owner)
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(getattr(owner, function.name))))
    docstring, *_ = ast.parse(source).body[0].body
    return "\n".join(source.split("\n")[docstring.end_lineno :]).strip("\n")
