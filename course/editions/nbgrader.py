"""The nbgrader edition: a folder in which nbgrader hands out and grades.

Its source notebooks hold the solutions between nbgrader's marks, and a test cell for each exercise
that gives points. What these call, `require`, asks `check`.
"""

import re

from course import HERE
from course.builder.form import FOLDED, METADATA, to_text, write
from course.editions.answers import refuse_leaks
from course.editions.handout import handed_out
from course.editions.plain import copy_modules, copy_templates, write_course

TESTS = HERE / "editions" / "in_nbgrader.py"  # what the test cells import
SCHEMA = 3  # version of nbgrader's cell metadata


def make(folder, points):
    """Fill a folder with the edition.

    Args:
        folder: an empty one.
        points: `{notebook: {exercise: points}}`.

    Raises:
        CourseError: an answer could be read outside of `source/`, which is the teacher's.
    """
    write_course(folder)
    copy_modules([TESTS], folder)
    copy_templates("nbgrader", folder)
    refuse_leaks(folder)
    for name, values in points.items():
        write(folder / "source" / name / f"{name}.ipynb", source_notebook(name, values))


def source_notebook(name, points):
    """A notebook with nbgrader's marks, as the text of a file.

    Args:
        name: of the notebook.
        points: `{exercise: points}`; exercises that are not in it have no test cell.
    """
    cells = handed_out(name)
    graded = {cell.exercise: cell.id for cell in cells if cell.kind == "check"}  # the last of each
    entries = []
    for cell in cells:
        value = points.get(cell.exercise) if graded.get(cell.exercise) == cell.id else None
        entries.append(_entry(cell, value))
    return to_text({"cells": entries, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5})


def _entry(cell, points):
    """A cell in the file format, with nbgrader's marks."""
    text, marks = cell.student, None
    if cell.kind == "exercise":
        text, marks = _with_solution(cell), _marks(cell, solution=True)
    elif points is not None:
        text = _with_test(cell)
        marks = _marks(cell, grade=True, locked=True, points=points)
    elif cell.kind not in ("text", "code", "answer"):
        marks = _marks(cell, locked=True)
    course = {"kind": cell.kind} | ({"exercise": cell.exercise} if cell.exercise else {})
    metadata = {"course": course} | (FOLDED if cell.kind == "setup" else {})
    entry = {"id": cell.id, "cell_type": "markdown" if cell.is_text else "code",
             "metadata": metadata | ({"nbgrader": marks} if marks else {}),
             "source": text.splitlines(keepends=True)}
    if cell.attachments:
        entry["attachments"] = cell.attachments
    return entry if cell.is_text else entry | {"execution_count": None, "outputs": []}


def _marks(cell, **given):
    """nbgrader's metadata of a cell."""
    usual = {"schema_version": SCHEMA, "grade_id": cell.id, "grade": False, "solution": False,
             "locked": False, "task": False}
    return usual | given


def _with_solution(cell):
    """The TODO cell, with the body of the function above the line that says it is to be done.

    That line stays in the learner's version, where it names the exercise.
    """
    to_do = f'    raise NotImplementedError("{cell.exercise}")'
    solution = f"    ### BEGIN SOLUTION\n{cell.functions[0].body}\n    ### END SOLUTION\n"
    return cell.student.replace(to_do, solution + to_do)


def _with_test(cell):
    """The check cell, with a test that nbgrader takes out for learners and puts in again."""
    function = re.match(r"check\((\w+)", cell.student).group(1)
    return (f"{cell.student}\n"
            "### BEGIN HIDDEN TESTS\n"
            "from course.editions.in_nbgrader import require\n\n"
            f'require({function}, "{cell.exercise}")\n'
            "### END HIDDEN TESTS")
