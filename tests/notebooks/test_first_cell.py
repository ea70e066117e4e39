"""The first cell of a notebook finds the course wherever the notebook was opened.

The course is a stand-in here: a folder with the file that the cell looks for. Each case runs the
cell in a Python of its own and asks where `cs231n` came from.
"""

import os
import subprocess
import sys

import pytest
from running import NAMES, student

MOUNT = """
import pathlib
import shutil
def mount(path):
    target = pathlib.Path(path) / "MyDrive"
    if not target.exists():
        shutil.copytree({drive!r}, target)
"""


def first_cell(name="RNN_Captioning"):
    return next(cell["text"] for cell in student(name) if cell["cell_type"] == "code")


def make_course(folder):
    """A folder with a package that looks like the course's."""
    (folder / "cs231n").mkdir(parents=True)
    for file in ("__init__.py", "rnn_layers.py"):
        (folder / "cs231n" / file).write_text("", encoding="utf-8")
    (folder / "notebooks" / "solutions").mkdir(parents=True)
    return folder


def make_colab(folder, drive):
    """A stand-in for the module `google.colab`; mounting Drive copies the folder `drive`."""
    package = folder / "google" / "colab"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("", encoding="utf-8")
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "drive.py").write_text(MOUNT.format(drive=str(drive)), encoding="utf-8")
    return folder


def run_first_cell(cwd, code=None, *, path=()):
    """Run the cell in a Python that starts in `cwd`; return the process."""
    code = (code or first_cell()) + "\nimport cs231n\nprint(ascii(cs231n.__file__))\n"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONUTF8": "1"}
    # -P would keep the current folder off the path; Python 3.10 does not have it.
    start = "import sys; sys.path[:] = [p for p in sys.path if p]; exec(sys.stdin.read())"
    return subprocess.run([sys.executable, "-c", start], cwd=cwd, env=environment, input=code,
                          capture_output=True, text=True, encoding="utf-8")


def assert_found(process, course):
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == ascii(str(course.resolve() / "cs231n" / "__init__.py"))


@pytest.mark.parametrize("name", NAMES)
def test_all_notebooks_begin_with_the_same_cell(name):
    assert first_cell(name) == first_cell()


@pytest.mark.parametrize("start", ["", "notebooks", "notebooks/solutions"])
def test_in_a_folder_with_spaces_wherever_jupyter_starts(tmp_path, start):
    course = make_course(tmp_path / "my course (copy 2)")
    assert_found(run_first_cell(course / start), course)


def test_what_is_importable_is_taken(tmp_path):
    installed = make_course(tmp_path / "installed")
    other = make_course(tmp_path / "other")
    assert_found(run_first_cell(other / "notebooks", path=[installed]), installed)


def test_the_cell_may_run_twice(tmp_path):
    course = make_course(tmp_path / "course")
    assert_found(run_first_cell(course / "notebooks", 2 * (first_cell() + "\n")), course)


def test_outside_of_the_course_it_says_what_to_do(tmp_path):
    process = run_first_cell(tmp_path)
    assert process.returncode != 0
    assert "Open this notebook where it came from" in process.stderr


@pytest.mark.parametrize("place", ["course", "Colab Notebooks/my course"])
def test_in_colab_from_a_folder_on_drive(tmp_path, place):
    make_course(tmp_path / "drive of the user" / place)
    colab = make_colab(tmp_path / "colab", tmp_path / "drive of the user")
    content = tmp_path / "content"
    content.mkdir()
    process = run_first_cell(content, path=[colab])
    assert_found(process, content / "drive" / "MyDrive" / place)


def test_in_colab_without_the_folder_it_says_what_to_do(tmp_path):
    (tmp_path / "empty drive").mkdir()
    colab = make_colab(tmp_path / "colab", tmp_path / "empty drive")
    process = run_first_cell(tmp_path, path=[colab])
    assert process.returncode != 0
    assert "Upload the course's folder to your Drive" in process.stderr


def with_repository(repository):
    """The cell with an address filled in, as a copy of this project for a class would have it."""
    cell = first_cell()
    assert 'REPOSITORY = ""' in cell
    return cell.replace('REPOSITORY = ""', f"REPOSITORY = {repository.as_uri()!r}")


def make_repository(folder):
    make_course(folder)
    git = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "The course"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


def test_in_colab_from_the_repository_once(tmp_path):
    code = with_repository(make_repository(tmp_path / "the repository"))
    colab = make_colab(tmp_path / "colab", tmp_path / "no drive")
    content = tmp_path / "content"
    content.mkdir()
    assert_found(run_first_cell(content, code, path=[colab]), content / "course")
    (content / "course" / "cs231n" / "mark").touch()
    assert_found(run_first_cell(content, code, path=[colab]), content / "course")
    assert (content / "course" / "cs231n" / "mark").exists()  # not fetched again


def test_in_colab_a_mounted_drive_comes_before_the_repository(tmp_path):
    code = with_repository(make_repository(tmp_path / "the repository"))
    colab = make_colab(tmp_path / "colab", tmp_path / "no drive")
    mine = make_course(tmp_path / "content" / "drive" / "MyDrive" / "mine")
    assert_found(run_first_cell(tmp_path / "content", code, path=[colab]), mine)
