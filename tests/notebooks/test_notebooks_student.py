"""The learner's notebooks in use: unfilled, filled in, and whether the learner's work is what runs.

Cells run in this process, and a training stops after two iterations: nbval runs the real thing.
"""

import ast
import inspect
import textwrap
from importlib import import_module
from importlib.util import find_spec

import pytest
from running import RUNNABLE, run_cells, solved, sources, student

from cs231n.captioning_solver import CaptioningSolver

each_notebook = pytest.mark.parametrize("name", RUNNABLE)


@pytest.fixture(autouse=True)
def short_training(monkeypatch):
    monkeypatch.setattr(CaptioningSolver, "finished", property(lambda self: self.iteration >= 2))
    if find_spec("torch"):
        solver = import_module("cs231n.captioning_solver_pytorch").CaptioningSolverPytorch
        monkeypatch.setattr(solver, "num_iterations", 2)


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
    own_cells = _last_own_cells(name)
    calls, own_calls = {}, {}  # of each exercise so far; of those, up to its own last cell

    def after_cell(cell, namespace):
        if "check" in namespace:
            namespace["check"] = _NoCheck()
        if cell["kind"] == "exercise":
            _count_calls(cell["exercise"], namespace, calls)
        if cell["id"] in own_cells:
            own_calls[own_cells[cell["id"]]] = calls[own_cells[cell["id"]]]
        return len(own_calls) == len(own_cells) and not unused()

    def unused():
        return [exercise for exercise in own_calls if calls[exercise] == own_calls[exercise]]

    run_cells(filled(name), monkeypatch, after_cell)
    assert len(own_calls) == len(own_cells) and unused() == []


class _NoCheck:
    """In place of `check`: its calls would count as well."""

    def __call__(self, function, name=None):
        return None

    def summary(self):
        return None


def _last_own_cells(name):
    """The cell that checks an exercise, or else the one that sets it, by id -> the exercise."""
    cells = student(name)
    exercises = [cell["exercise"] for cell in cells if cell["kind"] == "exercise"]
    return {[cell["id"] for cell in cells if cell["exercise"] == exercise][-1]: exercise
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
