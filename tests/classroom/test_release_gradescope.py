"""The gradescope edition, in a folder that is laid out as Gradescope's: what is handed in, what
comes out."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import filled_in
import pytest
from running import sources

from course import release
from course.builder.views import to_json
from course.editions.in_gradescope import as_gradescope
from course.grading import results
from course.points import read_points

NAME = "Foundations"
POINTS = read_points(notebooks=[NAME])[NAME]
FORWARD_ONLY = "def numeric_derivative(f, x, h=1e-5):\n    return (f(x + h) - f(x)) / h\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the edition of one notebook."""
    folder = tmp_path_factory.mktemp("class") / "gradescope"
    assert release.main(["--for", "gradescope", "--leaderboard", "--out", str(folder), NAME]) == 0
    return folder


@pytest.fixture(scope="module")
def autograder(made):
    """What Gradescope makes of the zip: a folder whose name has a space, as a path."""
    root = made.with_name("auto grader")
    with zipfile.ZipFile(made / f"{NAME}.zip") as archive:
        archive.extractall(root / "source")
    return root


def grade(root, files):
    """results.json for a submission of files, `{name: text}`."""
    shutil.rmtree(root / "submission", ignore_errors=True)
    (root / "submission").mkdir()
    for name, text in files.items():
        (root / "submission" / name).write_text(text, encoding="utf-8")
    program = [sys.executable, "-m", "course.editions.in_gradescope", str(root)]
    if os.name == "posix":
        program = ["bash", str(root / "source" / "run_autograder"), str(root)]
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(program, cwd=root / "source", env=alone | {"PYTHON": sys.executable}, check=True)
    return json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))


def notebook(texts):
    """The learner's notebook, filled in."""
    blank = json.loads(to_json(sources(NAME), solved=False))
    return json.dumps(filled_in.fill_in(blank, texts))


def solutions():
    return {cell.exercise: cell.solved for cell in sources(NAME) if cell.kind == "exercise"}


def scores(found):
    return {test["name"]: test["score"] for test in found["tests"]}


def test_a_blank_notebook_gets_nothing(autograder):
    found = grade(autograder, {"mine.ipynb": notebook({})})
    assert scores(found) == dict.fromkeys(POINTS, 0)
    assert found["score"] == 0 and "NOT YET" in found["tests"][0]["output"]


def test_a_right_notebook_gets_all_whatever_lies_beside_it(autograder):
    found = grade(autograder, {"mine.ipynb": notebook(solutions()), "other.ipynb": "{}"})
    assert scores(found) == POINTS
    assert {test["name"]: test["max_score"] for test in found["tests"]} == POINTS
    assert found["leaderboard"][0] == {"name": "points", "value": sum(POINTS.values())}


def test_a_wrong_function_loses_its_exercise_and_its_hint_is_told(autograder):
    found = grade(autograder, {"mine.ipynb": notebook(
        solutions() | {"numeric_derivative": FORWARD_ONLY})})
    assert scores(found) == POINTS | {"numeric_derivative": 0}
    assert "one side only" in found["tests"][0]["output"]


@pytest.mark.parametrize("files, said", [
    ({"notes.txt": "sorry"}, "none is here"),
    ({"mine.ipynb": "{"}, "Not graded"),
])
def test_what_is_no_notebook_is_said_and_gets_nothing(autograder, files, said):
    found = grade(autograder, files)
    assert said in found["output"] and found["score"] == 0 and found["tests"] == []


def test_two_notebooks_are_not_chosen_from(autograder):
    text = notebook({})
    found = grade(autograder, {"first.ipynb": text, "second.ipynb": text})
    assert "several are: first.ipynb, second.ipynb" in found["output"] and found["score"] == 0


def test_the_zip_holds_what_gradescope_calls_and_no_notebook_of_the_course(made):
    with zipfile.ZipFile(made / f"{NAME}.zip") as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    assert modes["run_autograder"] == modes["setup.sh"] == 0o755
    assert modes["cs231n/rnn_layers.py"] == 0o644
    assert not [name for name in modes if "__pycache__" in name or name.endswith(".ipynb")]


def test_without_a_leaderboard_there_is_none():
    assert "leaderboard" not in as_gradescope(results.result(NAME), leaderboard=False)


def test_what_cannot_be_graded_is_refused(tmp_path, capsys):
    out = str(tmp_path / "out")
    assert release.main(["--for", "gradescope", "--out", out, "RNN_Captioning_pytorch"]) == 1
    assert "No exercise of RNN_Captioning_pytorch is graded" in capsys.readouterr().err
