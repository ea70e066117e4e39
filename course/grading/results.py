"""What came of a notebook: outcomes, points, and their form as JSON."""

FORMAT = 1

RIGHT, ALMOST, OWN, WRONG, WAITS, OPEN, MISSING, STOPPED = (
    "right", "almost", "own", "wrong", "waits", "open", "missing", "stopped")
OUTCOMES = (RIGHT, ALMOST, WRONG, WAITS, STOPPED, OPEN, MISSING, OWN)
SOLVED = (RIGHT, ALMOST)

WORDS = {RIGHT: "PASS", ALMOST: "ALMOST", OWN: "SKIPPED", WRONG: "FAIL", WAITS: "WAITS",
         OPEN: "NOT YET", MISSING: "MISSING", STOPPED: "STOPPED"}
MEANINGS = {
    RIGHT: "right",
    ALMOST: "all values are right, one thing is to be put right",
    OWN: "the course's own function stands in its place",
    WRONG: "wrong",
    WAITS: "cannot be judged before its forward function is right",
    OPEN: "not done yet",
    MISSING: "not in the notebook",
    STOPPED: "had to be stopped",
}


def entry(name, outcome, hints=(), cause=None, notes=(), seconds=0.0):
    """The result of one exercise, without points."""
    return {"name": name, "outcome": outcome, "hints": list(dict.fromkeys(map(str, hints))),
            "cause": cause, "notes": list(notes), "seconds": round(seconds, 2)}


def with_points(entries, points):
    """Give each entry its points; an outcome other than right or almost right has none."""
    for item in entries:
        most = points[item["name"]]
        item.update(points=most if item["outcome"] in SOLVED else 0, most=most)
    return entries


def result(notebook, entries=(), problem=None, notes=(), seconds=0.0, versions=None):
    """The result of one notebook.

    Args:
        notebook: its name in the course, or None.
        entries: from `with_points`.
        problem: a sentence, where nothing could be judged.
        notes: for the teacher.
    """
    return {"format": FORMAT, "notebook": notebook, "problem": problem,
            "points": sum(item["points"] for item in entries),
            "most": sum(item["most"] for item in entries),
            "exercises": list(entries), "notes": list(notes), "seconds": round(seconds, 1),
            "versions": versions or {}}


def as_text(item):
    """An entry as `check` would print it."""
    lines = [f"{item['name']}: {WORDS[item['outcome']]}"]
    if item["outcome"] not in (RIGHT, WRONG):
        lines.append(f"  - {MEANINGS[item['outcome']].capitalize()}.")
    return "\n".join([*lines, *(f"  - {hint}" for hint in item["hints"])])
