"""The page on a class: what it got wrong, what that says for the next lecture. No names as such."""

import html

from course.grading.pages import page
from course.grading.results import MEANINGS, OUTCOMES, SOLVED
from course.grading.tally import changes, not_done, share, solved

# Told apart by people who do not see all colours; each bar has its word or number besides.
BANDS = (("right", "#0072B2", "#fff"), ("wrong", "#E69F00", "#000"), ("not done", "#ddd", "#000"))
WIDTH, LABELS, ROW, BAR = 800, 230, 28, 22  # pixels of the figure
PER_LETTER = 9
READ_OUT_FROM = 2  # learners: a mistake of one is not for the lecture


def class_page(now, before=None, rows=()):
    """The page as HTML.

    Args:
        now: the class in numbers, from `tally`.
        before: the same of the last run, or None.
        rows: results of notebooks, if who needs help shall be listed by name.
    """
    return page("What the class got wrong", [
        f"<p>{_notebooks(now)}</p>",
        "<h2>To read out in the next lecture</h2>", _list(lecture(now, before)),
        "<h2>Exercises by outcome</h2>", _figure(now), _table(now),
        "<h2>The most frequent causes</h2>", _causes(now),
        "<h2>Since the last run</h2>", _changes(now, before),
        *(["<h2>Who needs help</h2>", _who_needs_help(rows)] if rows else [])])


def lecture(now, before=None):
    """Sentences to read out, a list of texts: what went well, what did not, and why."""
    said, exercises = [], now["exercises"]
    most = max(exercises, key=lambda name: share(exercises[name]), default=None)
    least = min(exercises, key=lambda name: share(exercises[name]), default=None)
    if most and solved(exercises[most]):
        said.append(f"{_of(exercises[most])} have solved {most}.")
    if least and least != most:
        said.append(f"{least} was the hardest: {_of(exercises[least])} have solved it.")
    said += [_read_out(cause) for cause in now["causes"]
             if cause["count"] >= READ_OUT_FROM and cause["cause"] != "waits"]
    better = [change for change in changes(now, before) if change[1] > change[2]]
    if better:
        name, new, old = max(better, key=lambda change: change[1] - change[2])
        said.append(f"Since the last time {name} has gone from {old:.0%} to {new:.0%} solved.")
    return said[:8]


def _read_out(cause):
    kind = str(cause["cause"])
    if kind.startswith("raises-"):  # the example has a line of one learner's in it
        return (f"{cause['count']} of you stop in {cause['exercise']} with "
                f"{kind.removeprefix('raises-')}.")
    return f"{cause['count']} of you were told about {cause['exercise']}: {cause['example']}"


def _notebooks(now):
    unread = now["unreadable"]
    return f"Notebooks: {now['notebooks']}" + (
        f", of which {unread} could not be graded." if unread else ", all of them graded.")


def _of(counts):
    return f"{solved(counts)} of {sum(counts.values())}"


def _list(sentences, tag="ul"):
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f"<{tag}>{items}</{tag}>" if items else "<p>Nothing.</p>"


def _figure(now):
    """A bar for each exercise. Its text alternative says the same in sentences."""
    exercises = now["exercises"]
    if not exercises:
        return ""
    rows = "".join(_bar(number * ROW, name, counts)
                   for number, (name, counts) in enumerate(exercises.items()))
    legend = "".join(f"<span style='background:{back};color:{ink};padding:.1em .6em'>{word}</span> "
                     for word, back, ink in BANDS)
    said = " ".join(f"{name}: {', '.join(f'{count} {word}' for word, count in _bands(counts))}."
                    for name, counts in exercises.items())
    return (f"<p>{legend}</p><svg role='img' aria-labelledby='bars-title bars-text' "
            f"viewBox='0 0 {WIDTH} {ROW * len(exercises)}' width='100%'>"
            f"<title id='bars-title'>How many have solved each exercise</title>"
            f"<desc id='bars-text'>{html.escape(said)}</desc>{rows}</svg>")


def _bands(counts):
    right, open_ = solved(counts), not_done(counts)
    numbers = right, sum(counts.values()) - right - open_, open_
    return [(word, count) for (word, _, _), count in zip(BANDS, numbers)]


def _bar(top, name, counts):
    parts = [f"<text x='{LABELS - 8}' y='{top + 16}' text-anchor='end' font-size='13' "
             f"font-family='monospace'>{html.escape(name)}</text>"]
    left, pixels = LABELS, (WIDTH - LABELS) / max(1, sum(counts.values()))
    for (word, count), (_, back, ink) in zip(_bands(counts), BANDS):
        if count:
            width = count * pixels
            text = f"{count} {word}"
            text = text if len(text) * PER_LETTER < width else str(count)
            parts.append(f"<rect x='{left:.1f}' y='{top}' width='{width:.1f}' height='{BAR}' "
                         f"fill='{back}' stroke='#fff'/><text x='{left + width / 2:.1f}' "
                         f"y='{top + 16}' text-anchor='middle' font-size='13' fill='{ink}'>"
                         f"{text}</text>")
            left += width
    return "".join(parts)


def _table(now):
    head = "".join(f"<th scope='col'>{MEANINGS[outcome]}</th>" for outcome in OUTCOMES)
    body = "".join(f"<tr><th scope='row'><code>{html.escape(name)}</code></th>" + "".join(
        f"<td>{counts[outcome] or ''}</td>" for outcome in OUTCOMES) + "</tr>"
        for name, counts in now["exercises"].items())
    return f"<table><tr><th scope='col'>exercise</th>{head}</tr>{body}</table>"


def _causes(now):
    return _list([f"{cause['count']} in {cause['exercise']}: {cause['example']}"
                  for cause in now["causes"]], "ol")


def _changes(now, before):
    if not before:
        return "<p>This is the first run.</p>"
    said = [f"{name}: {new:.0%} have solved it, {old:.0%} before."
            for name, new, old in changes(now, before)]
    said.append(f"{now['notebooks']} notebooks, {before['notebooks']} before.")
    return f"<p>Compared with the run of {html.escape(before['day'])}:</p>{_list(said)}"


def _who_needs_help(rows):
    """Those with less than half of the points, fewest first, and what they have not solved."""
    rows = [row for row in rows if row["problem"] or row["points"] < row["most"] / 2]
    rows.sort(key=lambda row: row["points"] / (row["most"] or 1))
    said = []
    for row in rows:
        left = [item["name"] for item in row["exercises"] if item["outcome"] not in SOLVED]
        said.append(f"{row['learner']} ({row['points']:g} of {row['most']:g} points): "
                    + (row["problem"] or f"{', '.join(left)}."))
    return _list(said)
