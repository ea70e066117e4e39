"""Notebooks of the course as tests see them, and a quick way to run their cells."""

import json
import warnings
from functools import cache

import matplotlib.pyplot as plt
import pytest

from course.build import NOTEBOOKS, SOLUTIONS
from course.builder.script import scripts
from course.builder.views import read_cells
from course.needs import missing
from course.tracked import course_text, somebody_worked_in

NAMES = list(scripts())
# For tests that run code of a notebook.
RUNNABLE = [pytest.param(name, marks=pytest.mark.skipif(bool(missing(name)), reason=missing(name)))
            for name in NAMES]


@cache
def sources(name):
    """The cells of a notebook as its script and the package give them."""
    return read_cells(scripts()[name])


def student(name):
    """The learner's view as it is committed: a list of cells."""
    return _cells(NOTEBOOKS / f"{name}.ipynb")


def solved(name):
    """The solved view as it is committed: a list of cells."""
    return _cells(SOLUTIONS / f"{name}.ipynb")


def text_of(path):
    """The text of a notebook as the course has it; a test that has none is skipped, with a word."""
    text = course_text(path)
    if text is None:
        pytest.skip(somebody_worked_in(path))
    return text


def _cells(path):
    cells = json.loads(text_of(path))["cells"]
    for cell in cells:
        cell["text"] = "".join(cell["source"])
        cell["kind"] = cell["metadata"]["course"]["kind"]
        cell["exercise"] = cell["metadata"]["course"].get("exercise")
    return cells


def run_cells(cells, monkeypatch, after_cell=lambda cell, namespace: None):
    """Run code cells in this process, without a kernel; go on after an error.

    Args:
        cells: as `student` and `solved` return them.
        after_cell: called with each cell and the notebook's names after it has run; if it returns
            True, the rest is not run.

    Returns:
        The errors that cells raised, as a list of pairs `(cell, error)`.
    """
    monkeypatch.chdir(NOTEBOOKS)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    namespace, errors = {"__name__": "__main__", "display": lambda *shown: None}, []
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(cell["text"], cell["id"], "exec"), namespace)
        except Exception as error:
            errors.append((cell, error))
        if after_cell(cell, namespace):
            break
    plt.close("all")
    return errors
