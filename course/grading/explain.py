"""Why a function fails with an exception: `check` itself says it, beside the learner's code.

The verdict is found without the learner's code at hand (`judge.py`). To explain an exception, it
takes the failing line and what the names in it hold. So `check` runs once more, in a process that
has both; what comes back is text for the learner, and has no part in the verdict.
"""

import json
import linecache
import os
import subprocess
import sys
import tempfile

from course import ROOT
from course.grading import absent, cells, limits

MOST_HINTS, LONGEST_HINT = 12, 2000
SECONDS = 30  # imports included


def hints(found, name, most):
    """What `check` says of a function.

    Args:
        found: the cells of the notebook.
        name: of the exercise.
        most: the limits, as the judge has them.

    Returns:
        A list of sentences; an empty one where there is nothing to be had.
    """
    request = json.dumps({"cells": [(cell.number, cell.text, cell.exercise) for cell in found],
                          "name": name, "megabytes": most.megabytes})
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory(prefix="graded-", ignore_cleanup_errors=True) as scratch:
        try:
            ran = subprocess.run([sys.executable, "-m", "course.grading.explain"], cwd=scratch,
                                 input=request.encode("utf-8"), stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, env=environment, timeout=SECONDS)
            said = json.loads(ran.stdout[:10**6])
        except (subprocess.TimeoutExpired, ValueError, RecursionError):
            return []
    if not isinstance(said, list) or not all(isinstance(sentence, str) for sentence in said):
        return []
    return [sentence[:LONGEST_HINT] for sentence in said[:MOST_HINTS]]


def main():
    request = json.loads(sys.stdin.buffer.read())
    sink, silence = os.dup(1), os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silence, number)
    from cs231n.feedback import check
    check.exercises  # noqa: B018 (loads the catalogue, before files are out of reach)
    limits.set_limits(request["megabytes"], SECONDS)
    limits.refuse_the_rest(set())
    sys.meta_path.insert(0, absent.Absent("cs231n"))
    space = _defined([cells.Cell(*cell) for cell in request["cells"]])
    report = check(space[request["name"]], request["name"], more=True)
    said = [] if report.passed else list(map(str, report.hints))
    os.write(sink, json.dumps(said).encode("ascii"))


def _defined(found):
    space = {"__name__": "__main__"}
    for cell in found:
        lines = cell.text.splitlines(keepends=True)
        linecache.cache[cell.filename] = len(cell.text), None, lines, cell.filename
    for cell, statement in cells.definitions(found):
        try:
            exec(compile(cells.ast.Module([statement], []), cell.filename, "exec"), space)
        except Exception:  # as in the player; its report says it
            continue
    return space


if __name__ == "__main__":
    main()
