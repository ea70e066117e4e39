"""The gradescope edition: for each notebook, the zip that Gradescope takes as its autograder.

`in_gradescope.py` runs there. The zip holds the answers, which only the teacher should see.
"""

import json
import zipfile
from fnmatch import fnmatch

from course import HERE, ROOT, CourseError
from course.builder.source import PACKAGE
from course.editions.in_gradescope import SETTINGS
from course.editions.package import LEFT_OUT
from course.editions.plain import TEMPLATES, needed

# What runs there; grading starts programs, which nothing imports.
RUNS = (HERE / "editions" / "in_gradescope.py", *sorted((HERE / "grading").glob("*.py")))
LIMITS = {"seconds": 20.0, "megabytes": 2000.0}  # for an exercise, and for the learner's process
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same course makes the same file


def make(folder, points, leaderboard=False):
    """Fill a folder with `NAME.zip` for each notebook that gives points.

    Args:
        folder: an empty one.
        points: `{notebook: {exercise: points}}`.
        leaderboard: whether the points stand on the leaderboard of the class.

    Raises:
        CourseError: no exercise of the notebooks is graded.
    """
    graded = {name: values for name, values in points.items() if values}
    if not graded:
        raise CourseError(f"No exercise of {', '.join(points)} is graded, so there is nothing that "
                          "Gradescope could do. See course/points.toml.")
    for name, values in graded.items():
        settings = {"notebook": name, "points": values, "leaderboard": leaderboard} | LIMITS
        _write_zip(folder / f"{name}.zip", json.dumps(settings, indent=1))


def _write_zip(path, settings):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, SETTINGS, settings.encode("utf-8"))
        for file in sorted((TEMPLATES / "gradescope").iterdir()):
            _add(archive, file.name, file.read_bytes())
        for file in (*_package(), *needed(RUNS)):
            _add(archive, file.relative_to(ROOT).as_posix(), file.read_bytes())


def _package():
    """The files of the package `cs231n`, with the answers."""
    return [path for path in sorted(PACKAGE.rglob("*")) if path.is_file() and not any(
        fnmatch(part, pattern) for part in path.relative_to(PACKAGE).parts for pattern in LEFT_OUT)]


def _add(archive, name, content):
    """Put a file into a zip; the two that Gradescope calls may be executed."""
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o755 if name in ("run_autograder", "setup.sh") else 0o644) << 16
    archive.writestr(entry, content)
