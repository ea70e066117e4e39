"""The committed notebooks: what the sources give, run without a failure, hiding what they should.

What their cells print is compared by nbval, which runs the solved notebooks of this suite.
"""

import ast
import re

import nbformat
import pytest
from running import NAMES, solved, sources, student, text_of

from course.build import LARGEST, NOTEBOOKS, SOLUTIONS, without_outputs
from course.builder import execute
from course.builder.leaks import shown, squeezed
from course.builder.views import PLACE_FOR_ANSWER, WIDTH, to_json
from course.tracked import is_somebodys

SHOWING = ("print", "verdict", "check", "check.summary", "show_figure")

each_notebook = pytest.mark.parametrize("name", NAMES)


def test_there_are_notebooks():
    assert "RNN_Captioning" in NAMES
    for folder in (NOTEBOOKS, SOLUTIONS):  # learners may have copies beside them
        there = {path.stem for path in folder.glob("*.ipynb") if not is_somebodys(path)}
        assert there | set(NAMES) == set(NAMES)
        assert [name for name in NAMES if not (folder / f"{name}.ipynb").is_file()] == []


# ---- One truth ----------------------------------------------------------------------------------


@each_notebook
def test_the_learners_view_is_what_the_sources_give(name):
    expected = to_json(sources(name), solved=False)
    assert text_of(NOTEBOOKS / f"{name}.ipynb") == expected, "call: make notebooks"


@each_notebook
def test_the_cells_of_the_solved_view_are_what_the_sources_give(name):
    committed = text_of(SOLUTIONS / f"{name}.ipynb")
    assert "\r" not in committed
    expected = to_json(sources(name), solved=True)
    assert without_outputs(committed) == expected, "call: make notebooks"


@each_notebook
def test_no_line_of_code_is_wider_than_a_cell_shows(name):
    """The text of a function comes from the package: it is there that a line is too long."""
    texts = {text for cell in sources(name) if not cell.is_text
             for text in (cell.student, cell.solved)}
    assert [line for text in texts for line in text.split("\n") if len(line) > WIDTH] == []


# ---- Executed, and without a failure ------------------------------------------------------------


@each_notebook
def test_every_code_cell_of_the_solved_view_was_executed_in_order(name):
    counts = [cell["execution_count"] for cell in solved(name) if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_every_cell_that_shows_something_has_outputs(name):
    """nbval compares nothing where a notebook has no outputs, and passes."""
    shows = [cell for cell in solved(name) if cell["cell_type"] == "code" and _shows(cell["text"])]
    assert len(shows) >= 10
    assert [cell["id"] for cell in shows if not cell["outputs"]] == []


def _shows(code):
    """Whether a cell prints or draws, outside of functions that it only defines."""
    statements = [node for node in ast.parse(code).body
                  if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    calls = [ast.unparse(node.func) for statement in statements for node in ast.walk(statement)
             if isinstance(node, ast.Call)]
    return any(call in SHOWING for call in calls)


@each_notebook
def test_every_picture_has_a_text(name):
    """`plt.show()` gives none; `show_figure()` does."""
    assert [cell.id for cell in sources(name)
            if not cell.is_text and "plt.show(" in cell.solved] == []
    without = [cell["id"] for cell in solved(name) if cell["cell_type"] == "code"
               for output in cell["outputs"] if not _has_text(output.get("data", {}))]
    assert without == []


def _has_text(data):
    """Whether an output is no picture, or one with an alt text."""
    page = "".join(data.get("text/html", []))
    return not any(mime.startswith("image/") for mime in data) and all(
        re.search(r'\balt="[^"]+"', tag) for tag in re.findall("<img [^>]*>", page))


@each_notebook
def test_no_failure_is_recorded(name):
    notebook = nbformat.reads(text_of(SOLUTIONS / f"{name}.ipynb"), as_version=4)
    assert execute.failures(notebook) == []


@each_notebook
def test_every_exercise_is_checked_and_passed(name):
    texts = {cell["exercise"]: "".join(_texts(cell)) for cell in solved(name)
             if cell["kind"] == "check" and cell["exercise"]}
    exercises = [cell.exercise for cell in sources(name) if cell.kind == "exercise"]
    assert exercises
    missing = [e for e in exercises if not any(
        e in checked and "PASS" in text for checked, text in texts.items())]
    assert missing == []


def _texts(cell):
    for output in cell["outputs"]:
        yield from output.get("text", []) or output["data"].get("text/plain", [])


@each_notebook
def test_no_cell_is_excused_from_comparison(name):
    assert not re.search(r"NBVAL_|PYTEST_VALIDATE", text_of(SOLUTIONS / f"{name}.ipynb"))


@each_notebook
def test_the_solved_notebook_is_small(name):
    assert len(text_of(SOLUTIONS / f"{name}.ipynb").encode()) <= LARGEST


# ---- No solution in the learner's view ----------------------------------------------------------


@each_notebook
def test_no_solution_is_in_the_learners_view(name):
    text = squeezed("\n".join(cell["text"] for cell in student(name)))
    functions = [cell.functions[0] for cell in sources(name) if cell.kind == "exercise"]
    leaks = {function.name: leaked for function in functions
             if len(leaked := shown(function.text, text)) >= 2}
    assert leaks == {}


@each_notebook
def test_no_reference_answer_is_in_the_learners_view(name):
    answers = [cell for cell in student(name) if cell["kind"] == "answer"]
    assert [cell["text"] for cell in answers] == [PLACE_FOR_ANSWER] * len(answers)
    text = " ".join(cell["text"] for cell in student(name))
    for cell in sources(name):
        if cell.kind == "answer":
            sentences = re.split(r"(?<=[.!?])\s+", cell.solved)
            assert [s for s in sentences if len(s) > 30 and s in text] == []
