"""The course's own version of a notebook, also where somebody has worked in the file itself.

A learner may open, run and fill in `notebooks/NAME.ipynb` instead of a copy. What is the course's
is then what git tracks. In a clean checkout both are the same, and nothing here makes a difference.
"""

import subprocess

from course import ROOT
from course.builder import form


def course_text(path):
    """The text of a notebook as the course has it.

    Args:
        path: of the file, in `notebooks/` or `notebooks/solutions/`.

    Returns:
        The text, or None: somebody has worked in the file, and git does not know it.

    Raises:
        FileNotFoundError: there is no such file.
    """
    text = path.read_bytes().decode("utf-8")  # line ends as they are
    return _tracked_text(path) if is_touched(path, text) else text


def is_touched(path, text):
    """Whether somebody has opened a notebook file and saved it, or worked in it."""
    solved = path.parent.name == "solutions"  # outputs belong to these
    return form.was_opened(text) or not solved and form.holds_work(text)


def is_somebodys(path):
    """Whether what is in a notebook file is a learner's, and not what the course has there."""
    text = path.read_bytes().decode("utf-8")
    return is_touched(path, text) and _tracked_text(path) != text


def somebody_worked_in(path):
    """The sentence that says so, and what to do."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return (f"somebody has worked in {name}, so it is not compared with the course "
            "(work in a copy instead: make lab)")


def _tracked_text(path):
    """The text of a file in git's index, or None: no git, no repository, or an unknown file."""
    try:
        shown = subprocess.run(["git", "-C", str(path.parent), "show", f":./{path.name}"],
                               capture_output=True)
    except OSError:  # git is not installed
        return None
    return shown.stdout.decode("utf-8") if shown.returncode == 0 else None
