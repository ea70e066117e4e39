"""`make lab`: a copy of a notebook for its learner, which nothing overwrites."""

import datetime
import json
import subprocess

import pytest

from course import copies, lab
from course.builder.form import METADATA, PLACE_FOR_ANSWER, to_text

TODAY = f"{datetime.date.today():%Y-%m-%d}"
STUB = 'def f(x):\n    """Double."""\n    # TODO: Double.\n    raise NotImplementedError("f")'
SOLVED = 'def f(x):\n    """Double."""\n    return 2 * x'


def cell(name, text, kind="code", exercise=None):
    course = {"kind": kind} | ({"exercise": exercise} if exercise else {})
    common = {"id": name, "metadata": {"course": course}, "source": text.splitlines(keepends=True)}
    if kind in ("text", "answer"):
        return common | {"cell_type": "markdown"}
    return common | {"cell_type": "code", "outputs": [], "execution_count": None}


def course_cells():
    return [cell("text-start", "# Start", "text"),
            cell("code-start", "x = 1"),
            cell("todo-f", STUB, "exercise", "f"),
            cell("todo-g", STUB.replace("f", "g"), "exercise", "g"),
            cell("answer-start", PLACE_FOR_ANSWER, "answer")]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with one notebook, `Small`; JupyterLab is replaced by one that only notes its call.

    Returns a function that writes the course's notebook, made of given cells.
    """
    monkeypatch.setattr(copies, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(copies, "WORK", tmp_path / "work")
    monkeypatch.delenv("GIT_DIR", raising=False)
    (tmp_path / "notebooks").mkdir()

    def write(cells):
        notebook = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
        (tmp_path / "notebooks" / "Small.ipynb").write_text(to_text(notebook), encoding="utf-8")

    write(course_cells())
    return write


@pytest.fixture
def opened(monkeypatch):
    """What JupyterLab was called with."""
    calls = []
    monkeypatch.setattr(lab, "open_jupyterlab", lambda *call: calls.append(call) or 0)
    return calls


def work():
    """The learner's notebook, as JSON holds it."""
    return json.loads((copies.WORK / "Small.ipynb").read_text(encoding="utf-8"))


def texts(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"]]


def edit(path, *, cells=None, **changes):
    """Change the cells of a notebook file by their id, as a learner would, and save it."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for each in notebook["cells"]:
        if each.get("id") in changes:
            each["source"] = changes[each["id"]]
    notebook["cells"] += cells or []
    path.write_text(to_text(notebook), encoding="utf-8")


def fill_in(**changes):
    edit(copies.WORK / "Small.ipynb", **changes)


# ---- The copy -----------------------------------------------------------------------------------


def test_a_notebook_is_copied_once_and_opened(course, opened, capsys):
    assert lab.main(["Small", "--no-browser", "--port", "9999"]) == 0
    assert opened == [("work/Small.ipynb", ["--no-browser", "--port", "9999"])]
    assert "work/Small.ipynb, a copy that belongs to you" in capsys.readouterr().out
    assert texts(work()) == texts({"cells": course_cells()})
    fill_in(**{"todo-f": SOLVED})
    before = (copies.WORK / "Small.ipynb").read_bytes()
    assert lab.main(["notebooks/Small.ipynb"]) == 0
    assert (copies.WORK / "Small.ipynb").read_bytes() == before
    assert capsys.readouterr().out == "Your notebook is work/Small.ipynb.\n"


def test_the_copy_says_what_jupyterlab_would_write_into_it(course, opened):
    """Or JupyterLab would call it changed, and save it, as soon as it is opened."""
    from ipykernel.ipkernel import IPythonKernel
    lab.main(["Small"])
    assert work()["metadata"]["language_info"] == IPythonKernel.language_info
    assert work()["metadata"]["kernelspec"] == METADATA["kernelspec"]


def test_afresh_keeps_what_was_there(course, opened, capsys):
    lab.main(["Small"])
    for number, kept in enumerate([f"Small-{TODAY}", f"Small-{TODAY}-2"]):
        fill_in(**{"code-start": f"x = {10 + number}"})
        assert lab.main(["Small", "--fresh"]) == 0
        assert f"kept: work/{kept}.ipynb" in capsys.readouterr().out
        assert f'"x = {10 + number}"' in (copies.WORK / f"{kept}.ipynb").read_text(encoding="utf-8")
        assert texts(work()) == texts({"cells": course_cells()})
    assert len(list(copies.WORK.iterdir())) == 3


def test_work_in_the_courses_own_file_is_taken_along(course, opened, capsys):
    edit(copies.NOTEBOOKS / "Small.ipynb", **{"todo-f": SOLVED})
    before = (copies.NOTEBOOKS / "Small.ipynb").read_bytes()
    assert lab.main(["Small"]) == 0
    assert "What was written in notebooks/Small.ipynb is in it" in capsys.readouterr().out
    assert SOLVED in texts(work())
    assert (copies.NOTEBOOKS / "Small.ipynb").read_bytes() == before
    course([*course_cells(), cell("code-new", "y = 2")])
    lab.main(["Small", "--update"])
    assert SOLVED in texts(work()) and "y = 2" in texts(work())


def test_a_name_that_is_no_notebook(course, opened, capsys):
    with pytest.raises(SystemExit):
        lab.main(["Smal"])
    assert "there is no notebook Smal; there are: Small" in capsys.readouterr().err
    assert opened == []


def test_a_copy_that_cannot_be_read_is_named_and_kept(course, opened, capsys):
    lab.main(["Small"])
    (copies.WORK / "Small.ipynb").write_text("<<<<<<< ours", encoding="utf-8")
    assert lab.main(["Small"]) == 1
    assert "work/Small.ipynb is no notebook" in (said := capsys.readouterr().err)
    assert "--fresh" in said and len(opened) == 1
    assert lab.main(["Small", "--fresh"]) == 0
    assert (copies.WORK / f"Small-{TODAY}.ipynb").read_text(encoding="utf-8") == "<<<<<<< ours"


# ---- A new version of the course's notebook -----------------------------------------------------


def test_a_change_of_the_course_is_told(course, opened, capsys):
    lab.main(["Small"])
    capsys.readouterr()
    course([*course_cells(), cell("code-new", "y = 2")])
    assert lab.main(["Small"]) == 0
    said = capsys.readouterr().out
    assert "has changed since you copied it" in said
    assert 'make lab NOTEBOOK=Small ARGS="--update"' in said
    assert "python -m course.lab Small --update" in said
    assert "y = 2" not in texts(work()) and len(opened) == 2


def test_opening_the_courses_own_file_is_no_change_of_the_course(course, opened, capsys):
    lab.main(["Small"])
    path = copies.NOTEBOOKS / "Small.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.11.7"}
    path.write_text(to_text(notebook), encoding="utf-8")
    capsys.readouterr()
    lab.main(["Small"])
    assert capsys.readouterr().out == "Your notebook is work/Small.ipynb.\n"


def test_an_update_carries_exercises_over_by_exercise(course, opened, capsys):
    lab.main(["Small"])
    own = {"id": "mine", "cell_type": "code", "metadata": {}, "source": "my_note = 5",
           "outputs": [], "execution_count": None}
    fill_in(cells=[own], **{"todo-f": SOLVED, "answer-start": "Because.", "code-start": "x = 7"})
    old = (copies.WORK / "Small.ipynb").read_bytes()
    title, code, f, g, answer = course_cells()
    f["source"] = STUB.replace("Double.", "Double it.")
    course([title, answer, g, cell("text-new", "## New", "text"), f, code])

    assert lab.main(["Small", "--update"]) == 0
    said = capsys.readouterr().out
    assert texts(work()) == ["# Start", "Because.", "".join(g["source"]), "## New", SOLVED, "x = 1"]
    assert "Carried over from yours: answer-start, f." in said
    assert 'below "Start": x = 7' in said and 'below "Start": my_note = 5' in said
    assert f"kept: work/Small-{TODAY}.ipynb" in said
    assert (copies.WORK / f"Small-{TODAY}.ipynb").read_bytes() == old

    assert lab.main(["Small", "--update"]) == 0
    assert "is up to date" in capsys.readouterr().out
    course([title, f, code])  # and what was carried over once is carried over again
    assert lab.main(["Small", "--update"]) == 0
    assert texts(work()) == ["# Start", SOLVED, "x = 1"]
    assert "Only the old one has what you wrote here:\n  answer-start" in capsys.readouterr().out


def test_a_cell_that_was_split_or_doubled_is_carried_over_whole(course, opened):
    lab.main(["Small"])
    mark = work()["cells"][2]["metadata"]
    helper = cell("half", "def helper():\n    return 2") | {"metadata": mark}
    stub = cell("pasted", STUB) | {"metadata": mark}
    fill_in(cells=[helper, stub], **{"todo-f": SOLVED})
    course([*course_cells(), cell("code-new", "y = 2")])
    lab.main(["Small", "--update"])
    assert texts(work())[2] == f"{SOLVED}\n\n\ndef helper():\n    return 2"


def test_other_arguments_are_told(course, opened, capsys):
    lab.main(["Small"])
    fill_in(**{"todo-f": SOLVED, "todo-g": "from cs231n import g"})
    cells = course_cells()
    cells[2]["source"] = STUB.replace("f(x)", "f(x, times=2)")
    course([*cells, cell("code-new", "y = 2")])
    lab.main(["Small", "--update"])
    assert "Look at f again: the arguments are others now" in capsys.readouterr().out


def test_without_a_clean_copy_nothing_is_replaced(course, opened, capsys):
    """Somebody has worked in the course's own file, and there is no git to ask."""
    lab.main(["Small"])
    edit(copies.NOTEBOOKS / "Small.ipynb", **{"todo-f": SOLVED})
    before = (copies.WORK / "Small.ipynb").read_bytes()
    for option in ("--update", "--fresh"):
        assert lab.main(["Small", option]) == 1
        assert "no clean copy of it" in capsys.readouterr().err
    assert lab.main(["Small"]) == 0
    assert [path.name for path in copies.WORK.iterdir()] == ["Small.ipynb"]
    assert (copies.WORK / "Small.ipynb").read_bytes() == before


# ---- JupyterLab ---------------------------------------------------------------------------------


@pytest.fixture
def jupyterlab(monkeypatch, tmp_path):
    """JupyterLab that ends at once; a function that sets how, and the list of its arguments."""
    import jupyterlab.labapp
    calls, status = [], [0]

    def main(arguments):
        calls.append(arguments)
        raise SystemExit(status[0])

    monkeypatch.setattr(jupyterlab.labapp, "main", main)
    monkeypatch.setattr(lab, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return calls, status


def test_the_file_browser_shows_the_whole_course(jupyterlab, tmp_path):
    calls, _ = jupyterlab
    assert lab.open_jupyterlab("work/Small.ipynb", ["--port", "9999"]) == 0
    assert calls == [[f"--ServerApp.root_dir={tmp_path}",
                      "--LabApp.default_url=/lab/tree/work/Small.ipynb", "--port", "9999"]]


def test_where_jupyterlab_refuses_root_there_is_a_word_on_what_to_do(
        jupyterlab, monkeypatch, capsys):
    _, status = jupyterlab
    status[0] = 1
    for root, arguments, told in [(True, [], True), (True, ["--allow-root"], False),
                                  (False, [], False)]:
        monkeypatch.setattr(lab, "_is_root", lambda root=root: root)
        assert lab.open_jupyterlab("work/Small.ipynb", arguments) == 1
        assert ('make lab ARGS="--allow-root"' in capsys.readouterr().err) == told


def test_git_ignores_the_copies_and_make_clean_spares_them():
    ignored = subprocess.run(["git", "check-ignore", "work/RNN_Captioning.ipynb"],
                             cwd=copies.ROOT, capture_output=True)
    if ignored.returncode == 128:
        pytest.skip("no git here")
    assert ignored.returncode == 0
    makefile = (copies.ROOT / "Makefile").read_text(encoding="utf-8")
    removed = [line for line in makefile.splitlines() if "rm -rf" in line]
    assert removed and "work" not in " ".join(removed)
