"""A notebook's script: cells in percent format, with the marks that `course/README.md` explains."""

import ast
import re
from dataclasses import dataclass

import jupytext

from course import HERE, ROOT, CourseError

MARKS = ("exercise", "given", "include", "answer")


@dataclass(frozen=True)
class Marked:
    """One cell of a script.

    Attributes:
        where: the script and the number of the cell in it, for messages.
        is_text: whether it is a text cell.
        text: what stands in it; of a text cell, its Markdown.
        mark: one of `MARKS`, or None.
        value: what the mark says, such as the name of a function.
        shared: the name of the shared script that it comes from, or None.
    """

    where: str
    is_text: bool
    text: str
    mark: str | None = None
    value: str = ""
    shared: str | None = None


def scripts():
    """The scripts of all notebooks, by name: the files in `course/` that begin with a cell."""
    found = [path for path in HERE.glob("*.py") if read_text(path).startswith("# %%")]
    return {path.stem: path for path in sorted(found)}


def read_text(path):
    """The text of a file, with `\\n` at the end of lines on every machine."""
    return path.read_text(encoding="utf-8")


def read_script(path, shared=None):
    """The cells of a script as a list of `Marked`, those of shared scripts put in."""
    cells = []
    for number, cell in enumerate(jupytext.reads(read_text(path), fmt="py:percent").cells, 1):
        marked = _marked(cell, f"{path.relative_to(ROOT).as_posix()}, cell {number}", shared)
        if marked.mark == "include":
            cells += read_script(_shared_script(marked), shared=marked.value)
        else:
            cells.append(marked)
    return cells


def _marked(cell, where, shared):
    options = dict(cell.metadata)
    if options.pop("title", "answer") != "answer":
        raise CourseError(f"{where}: unknown mark {cell.metadata['title']!r}; "
                          f"expected one of {', '.join(MARKS)}")
    found = {mark: options.pop(mark) for mark in MARKS if mark in options}
    if "title" in cell.metadata:
        found["answer"] = ""
    options.pop("lines_to_next_cell", None)  # Jupytext's own note
    if options or len(found) > 1:
        raise CourseError(f"{where}: marks {dict(cell.metadata)}; "
                          f"expected at most one of {', '.join(MARKS)}")
    mark = next(iter(found), None)
    is_text = cell.cell_type == "markdown"
    if (mark == "answer") != is_text and mark is not None:
        raise CourseError(f"{where}: {mark!r} does not go with a cell of type {cell.cell_type}")
    text = cell.source.strip("\n") if is_text else _plain_python(where, cell.source.strip("\n"))
    return Marked(where, is_text, text, mark, str(found.get(mark, "")), shared)


def _plain_python(where, code):
    """The code of a cell without notes to ruff; no magics, since scripts are Python."""
    try:
        ast.parse(code)
    except SyntaxError as error:
        raise CourseError(f"{where}: no plain Python: {error}") from error
    return without_noqa(code)


def without_noqa(code):
    return re.sub(r"\s*# noqa\b.*", "", code)


def _shared_script(cell):
    path = HERE / "shared" / f"{cell.value}.py"
    if not path.is_file():
        raise CourseError(f"{cell.where}: there is no course/shared/{cell.value}.py")
    if cell.text:
        raise CourseError(f"{cell.where}: an include cell is otherwise empty")
    return path
