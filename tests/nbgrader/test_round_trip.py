"""The nbgrader edition with the real nbgrader: a notebook is handed out, graded and given back."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import filled_in
import pytest
from running import sources

from course import release
from course.points import read_points

NAME = "Foundations"
POINTS = read_points(notebooks=[NAME])[NAME]
RIGHT = {cell.exercise: cell.solved for cell in sources(NAME) if cell.kind == "exercise"}
FORWARD_ONLY = "def numeric_derivative(f, x, h=1e-5):\n    return (f(x + h) - f(x)) / h\n"
LEARNERS = {  # what each writes, by exercise
    "blank": {},
    "right": RIGHT,
    "wrong": RIGHT | {"numeric_derivative": FORWARD_ONLY},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The edition of one notebook after a class has handed in and nbgrader has graded."""
    made = tmp_path_factory.mktemp("class") / "nbgrader course"
    assert release.main(["--for", "nbgrader", "--out", str(made), NAME]) == 0
    nbgrader(made, "generate_assignment", NAME)
    for learner, texts in LEARNERS.items():
        notebook = filled_in.fill_in(json.loads(handed_out(made)), texts)
        target = made / "submitted" / learner / NAME / f"{NAME}.ipynb"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(notebook), encoding="utf-8")
    nbgrader(made, "autograde", NAME)
    nbgrader(made, "generate_feedback", NAME)
    nbgrader(made, "export")
    return made


def nbgrader(folder, *words):
    """Call a command of nbgrader, which sees no settings but those in the folder."""
    settings = {f"JUPYTER_{name}_DIR": str(folder.parent / name.lower())
                for name in ("CONFIG", "DATA", "RUNTIME")}
    settings["IPYTHONDIR"] = str(folder.parent / "ipython")
    settings["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=folder, text=True,
                         capture_output=True, env=os.environ | settings)
    assert ran.returncode == 0, ran.stderr


def handed_out(folder):
    """The text of the notebook that nbgrader hands out."""
    return (folder / "release" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")


def scores(folder, learner):
    """What nbgrader gave for each exercise."""
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        submission = book.find_submission_notebook(NAME, NAME, learner)
        return {grade.name.removeprefix("check-").replace("-", "_"): grade.score
                for grade in submission.grades}


def test_what_is_handed_out_has_no_solutions_and_no_tests(folder):
    text = handed_out(folder)
    assert "# YOUR CODE HERE" in text
    assert "BEGIN" not in text and "in_nbgrader" not in text
    for solution in RIGHT.values():
        assert solution.strip().splitlines()[-1] not in text


def test_a_blank_notebook_gets_nothing(folder):
    assert scores(folder, "blank") == dict.fromkeys(POINTS, 0)


def test_a_right_notebook_gets_all(folder):
    assert scores(folder, "right") == POINTS


def test_a_wrong_function_loses_exactly_its_exercise(folder):
    assert scores(folder, "wrong") == POINTS | {"numeric_derivative": 0}


def test_the_export_has_the_sums(folder):
    with open(folder / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    total = sum(POINTS.values())
    assert rows == {"blank": 0, "right": total, "wrong": total - POINTS["numeric_derivative"]}


def test_the_feedback_carries_the_hints_of_check(folder):
    page = folder / "feedback" / "wrong" / NAME / f"{NAME}.html"
    assert "one side only" in page.read_text(encoding="utf-8")
