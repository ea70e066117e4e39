"""Which exercises are graded, and how many points each gives: `points.toml`, or a file like it."""

import math
import re
import sys
from dataclasses import dataclass
from functools import cache

from course import HERE, CourseError
from course.builder.script import scripts
from course.builder.views import headings, read_cells

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

POINTS = HERE / "points.toml"


@dataclass(frozen=True)
class Task:
    """An exercise of a notebook.

    Attributes:
        name: as `check` has it, such as "attention_loss".
        function: the name of the function that is written, such as "loss".
        optional: whether it stands under a heading that says so.
    """

    name: str
    function: str
    optional: bool


def read_points(path=POINTS, notebooks=None):
    """The points of each exercise that is graded.

    Args:
        path: a TOML file with a table for each notebook, as `points.toml` explains.
        notebooks: names of notebooks; without them, all of the course.

    Returns:
        `{notebook: {exercise: points}}`, exercises in the order of the notebook.

    Raises:
        CourseError: the file cannot be read, or an entry means nothing; says which.
    """
    tables = _tables(path)
    found = scripts()
    _refuse_unknown(path, "notebook", tables.keys() - found.keys(), found)
    points = {}
    for name in notebooks if notebooks is not None else found:
        tasks = tasks_of(name)
        table = tables.get(name, {task.name: 0 if task.optional else 1 for task in tasks})
        _check_table(path, name, table, tasks)
        points[name] = {task.name: table[task.name] for task in tasks if task.name in table}
    return points


@cache
def tasks_of(notebook):
    """The exercises of a notebook that can be graded, top to bottom, as a tuple of `Task`.

    One is optional if a heading above it, of its part or of a part around that, begins with
    "Optional". Functions on tensors are not graded: what grades runs without PyTorch.
    """
    if notebook.endswith("_pytorch"):
        return ()
    cells = read_cells(scripts()[notebook])
    checks = {checked.group(1): cell.exercise for cell in cells if cell.kind == "check"
              if (checked := re.match(r"check\((\w+)", cell.student))}
    tasks, open_headings = [], []
    for cell in cells:
        for level, title in headings(cell.student) if cell.is_text else []:
            open_headings = [(n, t) for n, t in open_headings if n < level] + [(level, title)]
        if cell.kind == "exercise":
            optional = any(title.startswith("Optional") for _, title in open_headings)
            tasks.append(Task(checks[cell.exercise], cell.exercise, optional))
    return tuple(tasks)


def _tables(path):
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path.name}: cannot be read ({error}); expected a TOML file "
                          "with points, such as course/points.toml") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path.name}: is no TOML ({error}). A table begins with [Foundations], "
                          "an entry looks like matmul_backward = 2") from None


def _check_table(path, notebook, table, tasks):
    if not isinstance(table, dict):
        raise CourseError(f"{path.name}: {notebook} is {table!r}; expected a table, [{notebook}], "
                          "with lines such as loss = 5 below it")
    names = [task.name for task in tasks]
    _refuse_unknown(path, f"exercise of {notebook}", table.keys() - set(names), names)
    for name, value in table.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or value < 0:
            raise CourseError(f"{path.name}: {notebook}, {name} = {value!r}; expected a number of "
                              "points, 0 or more")


def _refuse_unknown(path, what, unknown, known):
    if unknown:
        raise CourseError(f"{path.name}: there is no {what} called {', '.join(sorted(unknown))}; "
                          f"there are: {', '.join(known)}")
