"""The answers of the course, and whether one of them can be read in a folder."""

import ast
import json
from functools import cache

from course import CourseError
from course.builder.form import source
from course.builder.leaks import shown, squeezed, statements
from course.builder.script import read_script, scripts
from course.builder.source import find


@cache
def answers():
    """The function of each exercise by its dotted name, such as "rnn_layers.rnn_forward"."""
    return {dotted: find(dotted) for dotted in _notebooks()}


def notebook_of(dotted):
    """The notebook in which the exercise of a dotted name is set."""
    return _notebooks()[dotted]


@cache
def _notebooks():
    """The notebook of each exercise, by its dotted name."""
    return {cell.value: name for name, path in scripts().items()
            for cell in read_script(path) if cell.mark == "exercise"}


def leaks(text):
    """The answers that can be read in a text, by dotted name.

    A text gives an answer away if all statements of it that compute something stand there, or at
    least two, which are at least half of its body.
    """
    text = squeezed(text)
    return [name for name, function in answers().items()
            if _is_told(function.text, len(shown(function.text, text)))]


def _is_told(function_text, count):
    """Whether so many statements of a function are too many to be shown."""
    return count == len(statements(function_text)) or \
        count >= 2 and 2 * count >= _length(function_text)


@cache
def _length(function_text):
    """How many distinct statements the body of a function has, its docstring aside."""
    body = ast.parse(function_text).body[0].body[1:]
    return len({ast.unparse(node) for part in body for node in ast.walk(part)
                if isinstance(node, ast.stmt)})


def refuse_leaks(folder):
    """Read every file of a folder that can be read, and refuse the folder if one holds an answer.

    Raises:
        CourseError: says which file holds which answers.
    """
    found = {path.relative_to(folder).as_posix(): names
             for path in sorted(folder.rglob("*")) if path.is_file()
             if (names := leaks(readable_text(path)))}
    if found:
        raise CourseError("answers could be read in this edition, so it was not made: " + "; ".join(
            f"{', '.join(names)} in {path}" for path, names in found.items()))


def readable_text(path):
    """The text of a file as a reader sees it: of a notebook, its cells; "" where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:  # a picture, an archive, numbers
        return ""
    if path.suffix == ".ipynb":
        return "\n".join(source(cell) for cell in json.loads(text)["cells"])
    return text
