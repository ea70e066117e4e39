"""What a learner does in the course's folder, and what git and the tests of the course then say.

Each scene plays in a small copy of the course, with one notebook. Whatever somebody has worked in
makes no test fail; whatever is wrong with the course does.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from course import ROOT
from course.builder.form import to_text
from course.builder.script import scripts
from course.builder.source import find
from course.builder.views import read_cells, to_json

NAME = "RNN_Captioning"
GIT = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
COMPARED = ("learners_view_is or cells_of_the_solved or there_are or no_solution or answer_is_in "
            "or excused")
IGNORED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")


def git(folder, *words):
    return subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True)


def commit(folder, message):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def python(folder, *words, **settings):
    """Run Python in a folder, with its course and no other; return the process."""
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("GIT_", "PYTEST_", "PYTHON"))}
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True,
                          encoding="utf-8", env=environment | {"PYTHONUTF8": "1"} | settings)


def outcome(folder, *words, **settings):
    """Run tests there. Returns how many there were of each outcome, and what was said."""
    process = python(folder, "-m", "pytest", "-p", "no:cacheprovider", *words, **settings)
    counts = re.findall(r"(\d+) (passed|failed|skipped|error)", process.stdout.splitlines()[-1])
    return {word: int(count) for count, word in counts}, process.stdout


def compared(folder):
    """Run the tests that compare the files of notebooks."""
    return outcome(folder, "tests/notebooks/test_notebooks.py", "-k", COMPARED)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A small copy of the course as it is after a clone."""
    folder = tmp_path_factory.mktemp("day") / "the course"
    for name in ("cs231n", "course", "tests/helpers", "tests/notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
    for name in ("conftest.py", "pyproject.toml", ".gitignore", ".gitattributes",
                 "tests/conftest.py", "tests/nbval.cfg"):
        shutil.copy(ROOT / name, folder / name)
    for other in scripts().keys() - {NAME}:
        (folder / "course" / f"{other}.py").unlink()
    cells = read_cells(scripts()[NAME])
    (folder / "notebooks" / "solutions").mkdir(parents=True)
    for solved, place in ((False, "notebooks"), (True, "notebooks/solutions")):
        (folder / place / f"{NAME}.ipynb").write_text(to_json(cells, solved), encoding="utf-8",
                                                      newline="\n")
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "The course")
    return folder


@pytest.fixture
def folder(checkout, tmp_path):
    """A copy of one's own for a scene."""
    shutil.copytree(checkout, tmp_path / "the course", ignore=IGNORED)
    return tmp_path / "the course"


@pytest.fixture(scope="module")
def clean(checkout):
    """How many tests compare the files of a clean checkout; all of them do, and pass."""
    counts, said = compared(checkout)
    assert counts.keys() == {"passed"} and counts["passed"] >= 6, said
    return counts["passed"]


def open_and_wait(path):
    """What JupyterLab's autosave does to a notebook that was opened and not touched."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["language_info"] |= {"version": "3.12.1", "file_extension": ".py"}
    path.write_text(to_text(notebook), encoding="utf-8")


def fill_in(path):
    """Solve an exercise, run it, answer a question, add a cell."""
    open_and_wait(path)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"]["course"].get("exercise") == "rnn_step_forward":
            cell["source"] = find("rnn_layers.rnn_step_forward").text
            cell["execution_count"] = 5
    notebook["cells"].append({"cell_type": "code", "id": "mine", "metadata": {}, "outputs": [],
                              "source": "import os,sys", "execution_count": 6})
    path.write_text(to_text(notebook), encoding="utf-8")


def work_everywhere(folder):
    """Open, fill in and copy, in all the places that a learner may come across."""
    notebooks, solutions = folder / "notebooks", folder / "notebooks" / "solutions"
    for place in (notebooks, solutions):
        fill_in(place / f"{NAME}.ipynb")
        shutil.copy(place / f"{NAME}.ipynb", place / f"{NAME}-Copy1.ipynb")
    (folder / "work").mkdir()
    shutil.copy(notebooks / f"{NAME}.ipynb", folder / "work")
    shutil.copy(solutions / f"{NAME}.ipynb", folder)


# ---- Somebody's work makes no test fail ---------------------------------------------------------


def test_open_and_wait(folder, clean):
    for place in ("notebooks", "notebooks/solutions"):
        open_and_wait(folder / place / f"{NAME}.ipynb")
    counts, said = compared(folder)
    assert counts == {"passed": clean}, said


def test_fill_in_and_copy(folder, clean):
    work_everywhere(folder)
    counts, said = compared(folder)
    assert counts == {"passed": clean}, said  # all of them still compare what git tracks
    style = python(folder, "-m", "course.test", "--collect-only", "-q",
                   "tests/notebooks/test_first_cell.py")
    assert style.returncode == 0, style.stdout
    counts, said = outcome(folder, "notebooks/solutions")
    assert counts == {"skipped": 2}, said
    assert f"somebody has worked in notebooks/solutions/{NAME}.ipynb" in said


def test_without_git_the_tests_say_that_somebody_has_worked_there(folder, clean):
    shutil.rmtree(folder / ".git", onerror=lambda remove, path, _: (os.chmod(path, 0o700),
                                                                    remove(path)))
    work_everywhere(folder)
    counts, said = compared(folder)
    assert counts.keys() == {"passed", "skipped"} and sum(counts.values()) == clean, said
    assert f"somebody has worked in notebooks/{NAME}.ipynb" in said


# ---- What is wrong with the course does ---------------------------------------------------------


def leak(folder):
    """The body of an exercise stands in a text cell."""
    path = folder / "notebooks" / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    text = next(cell for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    text["source"] = find("rnn_layers.rnn_forward").body.splitlines(keepends=True)
    path.write_text(to_text(notebook), encoding="utf-8", newline="\n")


def make_stale(folder):
    script = folder / "course" / f"{NAME}.py"
    text = script.read_text(encoding="utf-8")
    script.write_text(text + "\n# %% [markdown]\n# ## The end\n", encoding="utf-8")


def break_(folder):
    for place in ("notebooks", "notebooks/solutions"):
        path = folder / place / f"{NAME}.ipynb"
        path.write_text("<<<<<<< HEAD\n" + path.read_text(encoding="utf-8"), encoding="utf-8")


@pytest.mark.parametrize("harm, says", [
    (leak, {"learners_view_is_what", "no_solution_is_in_the_learners_view"}),
    (make_stale, {"learners_view_is_what", "cells_of_the_solved_view"}),
    (work_everywhere, {"there_are_notebooks", "learners_view_is_what", "cells_of_the_solved_view",
                       "no_solution_is_in_the_learners_view"}),
    (break_, {"learners_view_is_what", "cells_of_the_solved_view"}),
])
def test_what_is_wrong_in_a_clean_checkout_fails(folder, harm, says):
    harm(folder)
    commit(folder, "Something wrong")
    counts, said = compared(folder)
    failed = " ".join(re.findall(r"^FAILED .*::test_(\w+)", said, re.MULTILINE))
    assert "skipped" not in counts and all(words in failed for words in says), said


# ---- Pull and merge -----------------------------------------------------------------------------


def test_pull_and_merge_leave_the_work_alone(folder, tmp_path):
    git(tmp_path, "clone", "-q", str(folder), "mine")
    mine = tmp_path / "mine"
    lab = ("-c", "import sys; from course import lab; lab.open_jupyterlab = lambda *_: 0; "
                 "sys.exit(lab.main(sys.argv[1:]))", NAME)
    assert python(mine, *lab).returncode == 0
    own = mine / "work" / f"{NAME}.ipynb"
    fill_in(own)
    before = own.read_bytes()
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    commit(mine, "What I have done")  # all that git sees

    cells = read_cells(scripts()[NAME])
    cells[0].student += "\n\nNew words."
    (folder / "notebooks" / f"{NAME}.ipynb").write_text(to_json(cells, False), encoding="utf-8",
                                                        newline="\n")
    commit(folder, "New words")
    git(mine, "pull", "-q", "--no-rebase", "--no-edit")
    assert own.read_bytes() == before
    assert "has changed since you copied it" in python(mine, *lab).stdout

    said = python(mine, *lab, "--update").stdout
    assert "Carried over from yours: rnn_step_forward." in said
    assert "import os,sys" in said  # which is only in the old one
    assert "New words." in own.read_text(encoding="utf-8")
    assert "np.tanh(" in own.read_text(encoding="utf-8")
    assert [p.read_bytes() for p in own.parent.glob(f"{NAME}-*.ipynb")] == [before]
    assert git(mine, "status", "--porcelain").stdout == ""
