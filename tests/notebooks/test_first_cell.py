"""The first cell of a notebook finds the course wherever the notebook was opened.

The course is a stand-in here: a folder with the file that the cell looks for. Each case runs the
cell in a Python of its own and asks where `cs231n` came from.
"""

import json
import os
import subprocess
import sys

import pytest
from running import NAMES, sources

from course.builder.form import FOLDED
from course.builder.views import to_json

MOUNT = """
import pathlib
import shutil
def mount(path):
    if {refused}:
        raise ValueError("mount failed")
    target = pathlib.Path(path)
    if not target.exists():
        shutil.copytree({drive!r}, target)
"""


def first_cell(name="RNN_Captioning"):
    return next(cell.student for cell in sources(name) if not cell.is_text)


def make_course(folder):
    """A folder with a package that looks like the course's."""
    (folder / "cs231n" / "feedback").mkdir(parents=True)
    for file in ("__init__.py", "rnn_layers.py", "feedback/__init__.py"):
        (folder / "cs231n" / file).write_text("", encoding="utf-8")
    (folder / "notebooks" / "solutions").mkdir(parents=True)
    return folder


def make_assignment(folder):
    """A folder as Stanford hands it out: its package has the same name."""
    (folder / "cs231n").mkdir(parents=True)
    for file in ("__init__.py", "rnn_layers.py"):
        (folder / "cs231n" / file).write_text("", encoding="utf-8")
    return folder


def make_colab(folder, drive, refused=False):
    """A stand-in for the module `google.colab`; mounting Drive copies the folder `drive`."""
    package = folder / "google" / "colab"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("", encoding="utf-8")
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "drive.py").write_text(MOUNT.format(drive=str(drive), refused=refused),
                                      encoding="utf-8")
    return folder


def run_first_cell(cwd, code=None, *, path=(), before=""):
    """Run the cell in a Python that starts in `cwd`, after `before`; return the process."""
    code = f"{before}\n{code or first_cell()}\nimport cs231n\nprint(ascii(cs231n.__file__))\n"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONUTF8": "1",
                    "LC_ALL": "C"}
    # -P would keep the current folder off the path; Python 3.10 does not have it.
    start = "import sys; sys.path[:] = [p for p in sys.path if p]; exec(sys.stdin.read())"
    return subprocess.run([sys.executable, "-c", start], cwd=cwd, env=environment, input=code,
                          capture_output=True, text=True, encoding="utf-8")


def assert_found(process, course, said=None):
    """The cell found the course there, and said so in one line that is the same everywhere."""
    assert process.returncode == 0, process.stderr
    *lines, file = process.stdout.splitlines()
    assert file == ascii(str(course.resolve() / "cs231n" / "__init__.py"))
    assert lines == [f"The course was found in {said}"] if said else len(lines) >= 1


def sentence(process):
    """The last line of a traceback: what the learner is told."""
    assert process.returncode != 0
    assert "During handling" not in process.stderr
    return process.stderr.strip().splitlines()[-1]


@pytest.fixture
def content(tmp_path):
    """Where Colab starts."""
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


@pytest.mark.parametrize("name", NAMES)
def test_all_notebooks_begin_with_the_same_cell(name):
    assert first_cell(name) == first_cell()


def test_the_cell_is_folded_away():
    cells = json.loads(to_json(sources("RNN_Captioning"), solved=False))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if FOLDED.keys() <= cell["metadata"].keys()] == ["setup"]
    assert code[0]["metadata"]["jupyter"] == {"source_hidden": True}  # for JupyterLab
    assert code[0]["metadata"]["cellView"] == "form"  # for Colab, which shows the title
    assert code[0]["source"][0].startswith("# @title ")


# ---- On a machine of one's own ------------------------------------------------------------------


@pytest.mark.parametrize("start, said", [
    (".", "."), ("notebooks", ".."), ("notebooks/solutions", "../.."), ("work", "..")])
def test_in_a_folder_with_spaces_wherever_jupyter_starts(tmp_path, start, said):
    course = make_course(tmp_path / "my course (copy 2)")
    (course / "work").mkdir()
    assert_found(run_first_cell(course / start), course, said)


def test_what_is_importable_is_taken(tmp_path):
    installed = make_course(tmp_path / "installed")
    other = make_course(tmp_path / "other")
    assert_found(run_first_cell(other / "notebooks", path=[installed]), installed,
                 "../../installed")


def test_an_importable_assignment_is_not_taken(tmp_path):
    assignment = make_assignment(tmp_path / "assignment3")
    course = make_course(tmp_path / "course")
    assert_found(run_first_cell(course / "notebooks", path=[assignment]), course, "..")


def test_the_cell_may_run_twice(tmp_path):
    course = make_course(tmp_path / "course")
    assert_found(run_first_cell(course / "notebooks", 2 * (first_cell() + "\n")), course)
    again = "import cs231n\n" + first_cell()
    assert_found(run_first_cell(course / "notebooks", first_cell() + "\n" + again), course)


def test_after_another_package_was_imported_it_says_what_to_do(tmp_path):
    assignment = make_assignment(tmp_path / "assignment3")
    course = make_course(tmp_path / "course")
    process = run_first_cell(course / "notebooks", path=[assignment], before="import cs231n")
    assert "Another package called cs231n was imported already" in sentence(process)
    assert "Restart the kernel" in sentence(process)


def test_outside_of_the_course_it_says_what_to_do(tmp_path):
    make_assignment(tmp_path)
    process = run_first_cell(tmp_path)
    assert "opened without the rest of the course" in sentence(process)
    assert "open the notebook in there" in sentence(process)


# ---- In Colab, from Drive -----------------------------------------------------------------------


@pytest.mark.parametrize("place", [
    "MyDrive/course", "MyDrive/Colab Notebooks/my course", "MyDrive/a/b/c/d/course",
    "Shareddrives/Class of 2030/course"])
def test_in_colab_from_a_folder_on_drive(tmp_path, content, place):
    drive = tmp_path / "drive of the user"
    make_assignment(drive / "MyDrive" / "cs231n" / "assignments" / "assignment3")
    make_course(drive / place)
    colab = make_colab(tmp_path / "colab", drive)
    process = run_first_cell(content, path=[colab])
    assert_found(process, content / "drive" / place, f"drive/{place}")


def test_in_colab_without_the_folder_it_says_how_deep_it_looked(tmp_path, content):
    drive = tmp_path / "drive of the user"
    make_course(drive / "MyDrive" / "1" / "2" / "3" / "4" / "5" / "6" / "7")
    colab = make_colab(tmp_path / "colab", drive)
    process = run_first_cell(content, path=[colab])
    assert "down to 6 folders deep" in sentence(process)
    assert "Upload the course's whole folder to your Drive" in sentence(process)
    (drive / "MyDrive" / "1" / "2" / "3" / "4" / "5" / "6" / "7").rename(
        drive / "MyDrive" / "1" / "2" / "3" / "4" / "5" / "7")
    content = tmp_path / "another content"
    content.mkdir()
    assert_found(run_first_cell(content, path=[colab]),
                 content / "drive" / "MyDrive" / "1" / "2" / "3" / "4" / "5" / "7")


def test_in_colab_without_access_to_drive_it_says_what_to_do(tmp_path, content):
    colab = make_colab(tmp_path / "colab", tmp_path, refused=True)
    process = run_first_cell(content, path=[colab])
    assert "Google Drive could not be opened (mount failed)" in sentence(process)
    assert "allow the access" in sentence(process)


# ---- In Colab, from a repository ----------------------------------------------------------------


def with_repository(address):
    """The cell with an address filled in, as a copy of this project for a class would have it."""
    cell = first_cell()
    assert 'REPOSITORY = ""' in cell
    return cell.replace('REPOSITORY = ""', f"REPOSITORY = {address!r}")


def make_repository(folder, make=make_course):
    make(folder)
    git = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "The course"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder.as_uri()


def test_in_colab_from_the_repository_once(tmp_path, content):
    code = with_repository(make_repository(tmp_path / "the repository"))
    colab = make_colab(tmp_path / "colab", tmp_path / "no drive")
    assert_found(run_first_cell(content, code, path=[colab]), content / "course", "course")
    (content / "course" / "cs231n" / "mark").touch()
    assert_found(run_first_cell(content, code, path=[colab]), content / "course", "course")
    assert (content / "course" / "cs231n" / "mark").exists()  # not fetched again


def test_in_colab_a_mounted_drive_comes_before_the_repository(tmp_path, content):
    code = with_repository(make_repository(tmp_path / "the repository"))
    colab = make_colab(tmp_path / "colab", tmp_path / "no drive")
    mine = make_course(content / "drive" / "MyDrive" / "mine")
    assert_found(run_first_cell(content, code, path=[colab]), mine)


def test_a_mistyped_address_is_named(tmp_path, content):
    colab = make_colab(tmp_path / "colab", tmp_path / "no drive")
    address = (tmp_path / "the repositry").as_uri()
    process = run_first_cell(content, with_repository(address), path=[colab])
    assert address in sentence(process) and "Is the address right" in sentence(process)
    assert "Git: Cloning into" in sentence(process)


def test_an_address_of_something_else_is_named(tmp_path, content):
    colab = make_colab(tmp_path / "colab", tmp_path / "no drive")
    address = make_repository(tmp_path / "assignment", make_assignment)
    process = run_first_cell(content, with_repository(address), path=[colab])
    assert address in sentence(process)
