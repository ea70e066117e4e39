"""What `check` says: a report on one exercise, a summary of all."""

import html
import re

from cs231n.badges import FILLS, badge

PASSED, OWN, ALMOST, WRONG, OPEN = "passed", "own", "almost", "wrong", "open"

SEVERITY = [OWN, PASSED, ALMOST, OPEN, WRONG]

WORDS = {PASSED: "PASS", OWN: "PASS", ALMOST: "ALMOST", WRONG: "FAIL", OPEN: "NOT YET"}
LEADS = {
    ALMOST: "All values are right. One thing is still to be put right:",
    OWN: "This is the course's own function, so there is nothing to check.",
    OPEN: "Not done yet.",
}


class _Shown:
    """Something with a `str()` that a notebook shows in colour."""

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        raise NotImplementedError


class Report(_Shown):
    """The outcome of checking one exercise.

    Attributes:
        name: the exercise.
        state: "passed", "own" (the course's own function), "almost" (all values right, one thing
            to put right; it counts as passed), "wrong" or "open" (not done yet).
        hints: all that there is to say: what is wrong, or, where it passed, what could be better
            (a list of sentences).
        stage: how much of it is shown: 1 where and what kind, 2 what was done, 3 or None all.
    """

    def __init__(self, name, state, hints=(), stage=None):
        self.name, self.state, self.hints = name, state, list(dict.fromkeys(hints))
        self.stage = stage

    @property
    def passed(self):
        """Whether all values are right: nothing behind this exercise has to wait."""
        return self.state in (PASSED, OWN, ALMOST)

    @property
    def word(self):
        return WORDS[self.state]

    def require(self):
        """Raise `AssertionError`, with all there is to say as its text, unless it passed."""
        if not self.passed:
            raise AssertionError(self.text(self.hints))

    def at(self, stage):
        """The same report, showing less or more."""
        return Report(self.name, self.state, self.hints, stage)

    def shown(self):
        """The hints as far as they are shown at this stage."""
        if self.stage is None or self.stage >= 3 or self.state != WRONG:
            return self.hints
        shown = [_early(hint, self.stage) for hint in self.hints]
        if shown == self.hints:
            return self.hints
        more = "Check again after a change to be told more; `check(..., more=True)` tells all."
        return list(dict.fromkeys([hint for hint in shown if hint] + [more]))

    def __bool__(self):
        return self.passed

    def text(self, hints):
        """The report with the given hints."""
        lines = [LEADS[self.state]] if self.state in LEADS else []
        return "\n".join([f"{self.name}: {self.word}",
                          *(f"  - {line}" for line in [*lines, *hints])])

    def __str__(self):
        return self.text(self.shown())

    def _repr_html_(self):
        lines = ([LEADS[self.state]] if self.state in LEADS else []) + self.shown()
        items = "".join(f"<li>{_marked_up(line)}</li>" for line in lines)
        return _box(self.word, f"{_bold(self.name)}: {badge(self.word)}"
                    + (f"<ul>{items}</ul>" if items else ""))


def _early(hint, stage):
    """What a hint shows before all is told; a plain sentence gives nothing away."""
    if not hasattr(hint, "lead"):
        return hint
    return hint.lead if stage == 1 else _first_sentence(hint)


class Summary(_Shown):
    """All reports of a session at a glance.

    Args:
        reports: reports by exercise name; None for an exercise that was not checked.
    """

    def __init__(self, reports):
        self.reports = reports

    @property
    def passed(self):
        """Whether every exercise is done and right."""
        return all(report is not None and report.passed for report in self.reports.values())

    def rows(self):
        """`(name, word, remark)` of each exercise."""
        for name, report in self.reports.items():
            if report is None:
                yield name, "NOT YET", "not checked yet"
            else:
                first = report.shown()[0] if report.shown() else ""
                yield name, report.word, "the course's own" if report.state == OWN else first

    def headline(self):
        done = sum(report is not None and report.passed for report in self.reports.values())
        return f"{done} of {len(self.reports)} exercises done"

    def __str__(self):
        width = max(map(len, self.reports), default=0)
        rows = [f"  {name:{width}}  {word:7}  {_first_sentence(remark)}".rstrip()
                for name, word, remark in self.rows()]
        return "\n".join([self.headline(), *rows])

    def _repr_html_(self):
        rows = "".join(
            f"<tr><td style='text-align:left'>{_bold(name)}</td><td>{badge(word)}</td>"
            f"<td style='text-align:left'>{_marked_up(_first_sentence(remark))}</td></tr>"
            for name, word, remark in self.rows())
        return _box("PASS" if self.passed else "NOT YET",
                    f"{self.headline()}<table>{rows}</table>")


def _first_sentence(text):
    return re.split(r"(?<=[.:;]) ", text, maxsplit=1)[0]


def _marked_up(text):
    """Text with `code` in backticks, as HTML."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _bold(name):
    return f"<b><code>{html.escape(name)}</code></b>"


def _box(word, content):
    return (f"<div style='border-left:4px solid {FILLS[word]}; padding:2px 12px'>"
            f"{content}</div>")
