"""Grading a learner's notebook with `check`, whatever else is in it.

    from course.grading import grade_notebook

    result = grade_notebook("submissions/ada/RNN_Captioning.ipynb")

`judge.py` says why the verdict cannot be forged, `limits.py` what the code is kept from.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from course import ROOT
from course.grading import results
from course.grading.cells import MOST_BYTES, Unreadable, read_notebook

__all__ = ["grade_notebook", "grade_text", "exercises_of", "notebook_of"]

SECONDS_TO_START = 120


def grade_notebook(path, notebook=None, points=None, seconds=10.0, megabytes=2000.0):
    """Grade the notebook in a file.

    Args:
        path: an .ipynb file.
        notebook: which one of the course's it is, such as "RNN_Captioning"; without it, that is
            told by its exercises.
        points: the exercises that are graded with their points, `{"rnn_step_forward": 2}`; without
            them, each exercise of the notebook with 1 point.
        seconds: how long judging one exercise may take.
        megabytes: the memory that the learner's code may use.

    Returns:
        A dictionary that JSON can hold, see `results.result`. A file that is no notebook has its
        `problem` set; nothing that is in it raises an error.
    """
    try:
        size = Path(path).stat().st_size
        if size > MOST_BYTES:
            return results.result(notebook, problem=f"Not graded: it has {size >> 20} MB, at most "
                                                    f"{MOST_BYTES >> 20} are read.")
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return results.result(notebook, problem=f"Not graded: it cannot be read "
                                                f"({type(error).__name__}).")
    return grade_text(text, notebook, points, seconds, megabytes)


def grade_text(text, notebook=None, points=None, seconds=10.0, megabytes=2000.0, tables=None):
    """The same for the text of a notebook; `tables` has the points for each notebook."""
    try:
        cells = read_notebook(text)
    except Unreadable as error:
        return results.result(notebook, problem=f"Not graded: {error}.")
    notebook = notebook or notebook_of(cells)
    if points is None and notebook is None:
        return results.result(None, problem="Not graded: no exercise of the course is in it.")
    points = points or (tables or {}).get(notebook) or exercises_of(notebook)
    request = {"text": text, "notebook": notebook, "points": points,
               "limits": {"seconds": seconds, "megabytes": megabytes}}
    # A function, its helper, and each with the course's own: four times the limit is ample.
    patience = SECONDS_TO_START + 4 * seconds * len(points)
    return _judged(request, patience) or results.result(
        notebook, problem="Not graded: judging it came to no end. Look at it by hand.")


def exercises_of(notebook):
    """The exercises of a notebook of the course, each with 1 point."""
    from cs231n.feedback import check
    return {name: 1 for name, exercise in check.exercises.items()
            if exercise.notebook == notebook}


def notebook_of(cells):
    """The notebook of the course whose exercises are in the cells; None if there are none."""
    from cs231n.feedback import check
    marked = {cell.exercise for cell in cells}
    counts = {}
    for name, exercise in check.exercises.items():
        if exercise.notebook and (name in marked or any(f"def {name}(" in cell.text
                                                        for cell in cells)):
            weight = 10 if name in marked else 1  # a name may stand in another notebook, too
            counts[exercise.notebook] = counts.get(exercise.notebook, 0) + weight
    return max(counts, key=counts.get, default=None)


def _judged(request, patience):
    """The result of a judge's process; None if it has none."""
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                  "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    judge = subprocess.Popen([sys.executable, "-m", "course.grading.judge"], cwd=ROOT,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             env=os.environ | one_thread)
    try:
        with contextlib.suppress(OSError):
            judge.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            judge.stdin.flush()
        # Its input stays open: at the end of that, it ends itself and the learner's process.
        return _answer(judge, patience)
    finally:
        with contextlib.suppress(OSError):
            judge.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            judge.wait(timeout=5)
        judge.kill()
        judge.wait()
        judge.stdout.close()


def _answer(judge, patience):
    import threading
    timer = threading.Timer(patience, judge.kill)
    timer.start()
    try:
        return json.loads(judge.stdout.read())
    except ValueError:
        return None
    finally:
        timer.cancel()
