"""The plain edition: no answer can be read in it, and everything works as in the full course."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import filled_in
import pytest
from running import NAMES, sources

from course import ROOT, CourseError, release
from course.builder.form import write
from course.builder.views import to_json
from course.editions import plain
from course.editions.answers import answers, leaks, refuse_leaks
from course.editions.handout import handed_out

HAS_PYTORCH = importlib.util.find_spec("torch") is not None
RUN = [name for name in NAMES if HAS_PYTORCH or not name.endswith("_pytorch")]
SKIPPED = "from cs231n.rnn_layers import rnn_step_forward\n"
WRONG = {  # a usual mistake in each
    "Foundations": {
        "numeric_derivative": "def numeric_derivative(f, x, h=1e-5):\n"
                              "    return (f(x + h) - f(x)) / h\n"},
    "RNN_Captioning": {
        "rnn_step_forward": "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n"
                            "    next_h = x @ Wx + prev_h @ Wh + b\n"
                            "    return next_h, (x, prev_h)\n",
        "word_embedding_backward": "def word_embedding_backward(dout, cache):\n"
                                   "    x, W = cache\n    dW = np.zeros_like(W)\n"
                                   "    dW[x] += dout\n    return dW\n"},
    "LSTM_Captioning": {
        "first_state": "def first_state(self, features):\n    return [features]\n\n"
                       "CaptioningRNN.first_state = first_state\n"},
}


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    """The edition of all notebooks, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("class room") / "the course"
    assert release.main(["--for", "plain", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def learners(edition):
    """A learner's copy of the edition, in which notebooks are filled in."""
    return Path(shutil.copytree(edition, edition.with_name("a learner's copy")))


def solutions(*names):
    """The texts of the exercises by notebook and exercise."""
    return {name: {cell.exercise: cell.solved for cell in sources(name) if cell.kind == "exercise"}
            for name in names}


def run(notebooks, texts, folder, course):
    """What `check` says in notebooks, each by its notebook's and its cell's name.

    Args:
        notebooks: a folder with notebooks.
        texts: what is filled into them, by notebook and exercise; others are not run.
        folder: where the notebooks are copied to.
        course: the folder with the package that they use, if it is not above `folder`.
    """
    folder.mkdir()
    paths = [folder / f"{name}.ipynb" for name in texts]
    for path in paths:
        notebook = json.loads((notebooks / path.name).read_text(encoding="utf-8"))
        filled_in.fill_in(notebook, texts[path.stem])
        path.write_text(json.dumps(notebook), encoding="utf-8")
    ran = subprocess.run([sys.executable, filled_in.__file__, *paths], capture_output=True,
                         text=True, cwd=folder, env=os.environ | {"PYTHONPATH": str(course)})
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.splitlines()[-1])
    return {f"{Path(path).stem} {cell}": text
            for path, texts in said.items() for cell, text in texts.items()}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The learners' notebooks of the full course."""
    folder = tmp_path_factory.mktemp("full")
    for name in RUN:
        write(folder / f"{name}.ipynb", to_json(sources(name), solved=False))
    return folder


def test_with_the_answers_filled_in_all_checks_pass_as_in_the_full_course(learners, full,
                                                                          tmp_path):
    there = run(learners / "notebooks", solutions(*RUN), learners / "filled in", "")
    here = run(full, solutions(*RUN), tmp_path / "work", ROOT)
    assert there == here
    assert [cell for cell, text in there.items() if ": PASS" not in text.split("\n")[0]] == []
    checked = {(cell.split()[0], text.split(":")[0]) for cell, text in there.items()}
    assert Counter(name for name, exercise in checked) == {
        name: len(texts) for name, texts in solutions(*RUN).items()}


def test_wrong_functions_are_told_the_same_as_in_the_full_course(learners, full, tmp_path):
    texts = {name: right | WRONG[name] for name, right in solutions(*WRONG).items()}
    there = run(learners / "notebooks", texts, learners / "wrong", "")
    here = run(full, texts, tmp_path / "wrong", ROOT)
    assert there == here
    failed = {text.split("\n")[0] for text in there.values() if "FAIL" in text.split("\n")[0]}
    assert {f"{name}: FAIL" for wrong in WRONG.values() for name in wrong} <= failed


def test_skipped_exercises_are_the_courses_own(learners):
    """The import that a TODO cell names, from a stub, gives what is packed."""
    said = run(learners / "notebooks", {"RNN_Captioning": {"rnn_step_forward": SKIPPED}},
               learners / "skipped", "")
    assert said["RNN_Captioning check-rnn-step-forward"].startswith(
        "rnn_step_forward: PASS\n  - This is the course's own function")
    assert said["RNN_Captioning check-rnn-step-backward"].startswith("rnn_step_backward: NOT YET")


def test_a_notebook_is_handed_in_from_the_edition(learners):
    notebook = json.loads((learners / "notebooks/Foundations.ipynb").read_text(encoding="utf-8"))
    filled_in.fill_in(notebook, solutions("Foundations")["Foundations"])
    write(learners / "work" / "Foundations.ipynb", json.dumps(notebook))
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run([sys.executable, "-m", "course.submit", "Foundations"], cwd=learners,
                         env=alone, capture_output=True, text=True)
    assert ran.stdout.count("4 of 4 exercises are solved.") == 1, ran.stdout + ran.stderr
    assert (learners / "out" / "Foundations.zip").is_file()


# ---- What can be read ---------------------------------------------------------------------------


def test_no_other_file_is_handed_out(edition):
    """Of the course's folders only what learners need: no tests, scripts, solved notebooks."""
    assert sorted(path.name for path in edition.iterdir()) == [
        "LICENSE", "Makefile", "NOTICE", "README.md", "constraints.txt", "course", "cs231n",
        "datasets", "docs", "notebooks", "requirements-pytorch.txt", "requirements.txt"]
    assert [path.stem for path in sorted(edition.glob("notebooks/*"))] == NAMES
    scripts = {path.relative_to(edition).as_posix() for path in edition.glob("course/**/*.py")}
    assert {"course/lab.py", "course/copies.py", "course/grading/judge.py"} <= scripts
    assert not {"course/build.py", "course/Foundations.py"} & scripts
    assert not list(edition.rglob("*.pyc")) and not list(edition.rglob("rebuild.py"))


def test_every_exercise_is_a_stub_that_names_its_notebook(edition):
    for dotted, function in answers().items():
        path = edition.joinpath(*function.module.split(".")).with_suffix(".py")
        text = path.read_text(encoding="utf-8")
        assert f'packed("{dotted}")' in text or "load(" in text, dotted
        assert f"Write {function.name} in the notebook" in text or "load(" in text, dotted


@pytest.mark.parametrize("dotted", ["rnn_layers.lstm_step_backward",
                                    "classifiers.rnn.CaptioningRNN.loss"])
def test_a_readable_answer_is_refused(dotted, edition, tmp_path):
    refuse_leaks(edition)
    told = tmp_path / "notes.md"
    told.write_text(answers()[dotted].text.replace("\n", "\n# "), encoding="utf-8")
    with pytest.raises(CourseError, match=rf"{dotted}.* in notes.md"):
        refuse_leaks(tmp_path)


def test_the_full_course_would_be_refused():
    """The search finds every answer where it stands."""
    found = {name for path in (ROOT / "cs231n").rglob("*.py")
             for name in leaks(path.read_text(encoding="utf-8"))}
    assert found == set(answers())


def test_an_exercise_given_in_another_notebook_comes_from_the_pack():
    cells = {cell.id: cell for cell in handed_out("LSTM_Captioning")}
    assert cells["given-loss"].student == (
        "# What you write in RNN_Captioning is not shown here. The course's own version is\n"
        "# used; it calls the functions of this notebook.\n"
        "from cs231n.packed import define\n\n"
        'loss = define("classifiers.rnn.CaptioningRNN.loss", globals())\n'
        "CaptioningRNN.loss = loss")
    assert "def sigmoid" in cells["given-sigmoid"].student


def test_packed_functions_call_what_the_notebook_defines(edition):
    """So a later notebook uses the learner's functions, as the given cell of the full course."""
    program = ("from cs231n.packed import define\n"
               "def rnn_step_forward(*args): raise RuntimeError('mine')\n"
               "f = define('rnn_layers.rnn_forward', globals() | {'np': __import__('numpy')})\n"
               "try: f(*[__import__('numpy').ones((2, 2, 2))] * 5)\n"
               "except Exception as error: print(type(error).__name__, error)\n")
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                         cwd=edition)
    assert "mine" in ran.stdout, ran.stdout + ran.stderr


def test_a_damaged_pack_is_named(edition, tmp_path):
    shutil.copytree(edition / "cs231n", tmp_path / "cs231n")
    (tmp_path / "cs231n" / "packed.bin").write_bytes(b"nothing")
    ran = subprocess.run([sys.executable, "-c", "import cs231n.rnn_layers"], cwd=tmp_path,
                         capture_output=True, text=True)
    assert "cs231n/packed.bin is missing or damaged" in ran.stderr.splitlines()[-1]


# ---- The command --------------------------------------------------------------------------------


def test_only_the_named_notebooks_are_handed_out(tmp_path):
    release.main(["--for", "plain", "--out", str(tmp_path / "one"), "Foundations"])
    assert [path.name for path in tmp_path.glob("one/notebooks/*")] == ["Foundations.ipynb"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert release.main(["--for", "plain", "--out", str(tmp_path)]) == 1
    assert "is there already and not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_edition_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    def fails(folder):
        (folder / "half.txt").write_text("half", encoding="utf-8")
        raise CourseError("this went wrong")

    monkeypatch.setattr(plain, "write_course", fails)
    assert release.main(["--for", "plain", "--out", str(tmp_path / "out")]) == 1
    assert "this went wrong" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
