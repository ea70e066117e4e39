"""Judges one notebook: `python -m course.grading.judge`, a request on standard input.

The verdict comes from this process, which holds the course's answers; the learner's functions run
in another one, the player, and are called from here like any function. So what code of a learner's
can forge is what a function returns, and nothing else: not the verdict, not the result.
"""

import dataclasses
import hashlib
import json
import os
import platform
import sys
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np

from course.grading import causes, cells, explain, results
from course.grading.session import RUNNING, Session, course_function, end, function_name
from course.grading.wire import Broken
from cs231n import feedback
from cs231n.feedback import check
from cs231n.feedback.examination import examine
from cs231n.feedback.report import ALMOST, OPEN, OWN, PASSED

OUTCOME_OF = {PASSED: results.RIGHT, OWN: results.OWN, ALMOST: results.ALMOST, OPEN: results.OPEN}
STOPS = {
    "time": "It took longer than {seconds:g} s, which no right solution does. Is there a loop "
            "that never ends?",
    "memory": "It needed more than {megabytes:g} MB of memory. How large are the arrays that it "
              "makes?",
    "ended": "It ended the process that it was running in.",
    "nonsense": "It sent data that are no result of a function.",
}


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a learner's code may use.

    Attributes:
        seconds: for judging one exercise.
        megabytes: of memory (not on Windows, and macOS does not keep to it).
    """

    seconds: float = 10.0
    megabytes: float = 2000.0


def judge(text, points, limits):
    """Judge a notebook.

    Args:
        text: of the file.
        points: the exercises that are graded, with their points.
        limits: `Limits`.

    Returns:
        The entries of the result, with points, and notes for the teacher.
    """
    found = cells.read_notebook(text)
    court = _Court(found, list(points), limits)
    try:
        entries = court.entries()
    finally:
        court.session.stop()
    return results.with_points(entries, points), court.notes()


class _Court:
    """One notebook and the exercises in it."""

    def __init__(self, found, names, limits):
        self.cells, self.names, self.limits = found, names, limits
        self.session = Session(found, check.exercises, limits.seconds, limits.megabytes)
        self.known, self.done = {}, {}  # reports of functions, and entries by exercise
        self._open = set()  # what is being judged

    def entries(self):
        try:
            self.session.start(self._all_names())
        except Broken as stop:
            return [self._stopped(name, stop) for name in self.names]
        for name in self.names:
            if name not in self.done:
                self.done[name] = self._entry(name)
        return [self.done[name] for name in self.names]

    def notes(self):
        """What the code tried and was refused, in words."""
        if self.session.is_running:
            try:
                self.session.refused()
            except Broken:
                pass
        tried = sorted(self.session.tried)
        return [f"The code tried what code that is graded must not: {', '.join(tried)}."] \
            if tried else []

    def _all_names(self):
        """The exercises, and those whose functions they may build on."""
        return list(dict.fromkeys([*self.names, *check.exercises]))

    # ---- One exercise ---------------------------------------------------------------------------

    def _entry(self, name):
        start = time.monotonic()
        self._open.add(name)
        item = self._judged(name)
        self._open.discard(name)
        item["seconds"] = round(time.monotonic() - start, 2)
        return item

    def _judged(self, name):
        origin = self.session.origins.get(name)
        if origin == "missing":
            return self._missing(name)
        if origin == "course":
            return results.entry(name, results.OWN, cause="skipped")
        if cells.is_open(self.cells, function_name(check.exercises[name])):
            return results.entry(name, results.OPEN, cause="open")
        if self._waits_for(name):
            return self._waiting(name)
        item = self._examined(name, self._faulty_helpers(name))
        if item["outcome"] == results.WRONG and self._waits_for(name):
            return self._waiting(name)
        return item

    def _examined(self, name, faulty):
        """Judge a function; with the course's own in place of others of the learner's if need be.

        Args:
            faulty: exercises whose functions it calls, and which are wrong.
        """
        with_own = not any(self._outcome(helper) == results.STOPPED for helper in faulty)
        item = self._tried(name) if with_own else None
        if not faulty or item and item["outcome"] != results.WRONG \
                and item["outcome"] != results.OPEN:
            return item
        with_course = self._tried(name, faulty)
        if with_course["outcome"] in results.SOLVED:
            with_course["hints"].insert(0, (
                f"It is right with the course's own {_listed(faulty)}, which it calls; with yours "
                "it is not."))
        return with_course

    def _tried(self, name, replaced=()):
        """What `check` says of a function, whose helpers may be replaced by the course's."""
        exercise, asked = check.exercises[name], []
        self.session.judge(name)
        try:
            if not self.session.is_running:
                self.session.start(self._all_names())
            with self.session.time():
                if replaced:
                    self._replace(replaced)
                report = examine(exercise, self.session.space[name],
                                 {} if replaced else self.known)
                if replaced:
                    self.session.stop()  # the next player has the learner's own again
        except Broken as stop:
            self.session.stop()
            return self._stopped(name, stop)
        asked = list(dict.fromkeys(self.session.policy.asked))
        outcome = OUTCOME_OF.get(report.state, results.WRONG)
        if outcome == results.WRONG and asked:
            return self._delegated(name, asked)
        hints, error = report.hints, self.session.last_error
        if outcome == results.WRONG and error and not replaced:
            hints = explain.hints(self.cells, name, self.limits) or _with_line(hints, error)
        return results.entry(name, outcome, hints, causes.cause(exercise, outcome, hints))

    def _replace(self, names):
        functions = {name: course_function(check.exercises[name]) for name in names}
        self.session.peer.ask("replace", functions)

    # ---- Outcomes without a report --------------------------------------------------------------

    def _missing(self, name):
        """There is no such function: not written, or its cell could not be run."""
        function = function_name(check.exercises[name])
        homes = [cell for cell in self.cells
                 if cell.exercise == function or f"def {function}(" in cell.text]
        said = [mistake for cell in homes if (mistake := cells.mistake_in(cell))]
        numbers = {cell.number for cell in homes}
        said += [f"Its cell stops with {error['type']}: {error['message'][:300]}."
                 for number, error in self.session.problems if number in numbers]
        if said:
            return results.entry(name, results.WRONG, said[:1], "cannot-be-read")
        return results.entry(name, results.MISSING, cause="missing")

    def _stopped(self, name, stop):
        cause = getattr(stop, "cause", "nonsense")
        said = STOPS[cause].format(**dataclasses.asdict(self.limits))
        return results.entry(name, results.STOPPED, [said], f"stopped-{cause}")

    def _delegated(self, name, asked):
        said = (f"It calls {_listed(asked)} of the course, which cannot be called here: this "
                "exercise asks you to write it.")
        return results.entry(name, results.WRONG, [said], "asks-the-course",
                             [f"asked for {', '.join(asked)}"])

    def _waiting(self, name):
        forward = check.exercises[name].forward.name
        said = (f"Put `{forward}` right first: `{name}` works with its cache, so it cannot be "
                "judged before.")
        return results.entry(name, results.WAITS, [said], "waits")

    # ---- Who depends on whom --------------------------------------------------------------------

    def _outcome(self, name):
        """The outcome of an exercise, which may be one of another notebook."""
        if name in self.done:
            return self.done[name]["outcome"]
        if self.session.origins.get(name) != "learner" or name in self._open:
            return results.OWN  # also where two functions call each other
        self.done[name] = self._entry(name)
        return self.done[name]["outcome"]

    def _waits_for(self, name):
        forward = getattr(check.exercises[name], "forward", None)
        return forward is not None and self.session.origins.get(forward.name) == "learner" and \
            self._outcome(forward.name) not in results.SOLVED

    def _faulty_helpers(self, name):
        """The exercises that a function calls in the learner's notebook, and that are not right."""
        function = function_name(check.exercises[name])
        used = cells.names_used(self.cells, function) & check.exercises.keys()
        return [helper for helper in sorted(used)
                if self.session.origins.get(helper) in ("learner", "missing")
                and helper not in self._partners(name)
                and (self.session.origins.get(helper) == "missing"
                     or self._outcome(helper) not in (results.RIGHT, results.OWN))]

    def _partners(self, name):
        """The other half of a pair shares its cache, so it cannot be replaced alone."""
        forward = getattr(check.exercises[name], "forward", None)
        return {forward.name} if forward is not None else set()


def _with_line(hints, error):
    """Hints on an exception, and the line in which it came up, as the player tells."""
    if not error["line"]:
        return hints
    return [*hints, f"It stops in {str(error['place'])[:100]}, `{str(error['line'])[:200]}`."]


def _listed(names):
    names = [f"`{name}`" for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@cache
def versions():
    """What the verdicts depend on: Python, NumPy, and the course's code as a fingerprint."""
    here = Path(__file__).parent
    package = Path(feedback.__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted([*here.glob("*.py"), *package.rglob("*.py")]):
        digest.update(path.read_bytes())
    return {"python": platform.python_version(), "numpy": np.__version__,
            "course": digest.hexdigest()[:16]}


def main():
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):  # the one that asks was killed in the middle of it
        return
    request = json.loads(line)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limits, start = Limits(**request["limits"]), time.monotonic()
    try:
        entries, notes = judge(request["text"], request["points"], limits)
        found = results.result(request["notebook"], entries, notes=notes,
                               seconds=time.monotonic() - start, versions=versions())
    except cells.Unreadable as error:
        found = results.result(request["notebook"], problem=f"Not graded: {error}.",
                               versions=versions())
    print(json.dumps(found), flush=True)


def _end_with_parent():
    """End this process when the one that asked is gone, killed or not."""
    while os.read(0, 1):  # not the buffer of sys.stdin, which the end of Python wants
        pass
    for process in list(RUNNING):
        end(process)
    os._exit(1)


if __name__ == "__main__":
    main()
