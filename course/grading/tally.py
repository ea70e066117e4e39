"""A class in numbers: how many have each outcome, and what lies behind those that are wrong."""

from collections import Counter, defaultdict
from datetime import date

from course.grading.results import MISSING, OPEN, OUTCOMES, OWN, SOLVED

KEPT_CAUSES = 20
NOT_DONE = (OPEN, MISSING, OWN)


def tally(rows):
    """Count what came of a class's notebooks.

    Args:
        rows: results of notebooks, see `results.result`.

    Returns:
        A dictionary that JSON can hold, without names: `day`; `notebooks`, how many; `unreadable`,
        how many of them could not be graded; `exercises`, `{exercise: {outcome: count}}`; `causes`,
        the most frequent first, each with its `exercise`, `cause`, `count` and an `example`, the
        sentence that one learner was told.
    """
    counts, causes, examples = defaultdict(Counter), Counter(), {}
    for row in rows:
        for item in row["exercises"]:
            counts[item["name"]][item["outcome"]] += 1
            if item["outcome"] not in SOLVED and item["hints"]:
                key = item["name"], item["cause"]
                causes[key] += 1
                examples.setdefault(key, item["hints"][0])
    return {"day": date.today().isoformat(), "notebooks": len(rows),
            "unreadable": sum(bool(row["problem"]) for row in rows),
            "exercises": {name: {outcome: counts[name][outcome] for outcome in OUTCOMES}
                          for name in counts},
            "causes": [{"exercise": name, "cause": cause, "count": count,
                        "example": examples[name, cause]}
                       for (name, cause), count in causes.most_common(KEPT_CAUSES)]}


def solved(counts):
    """How many have solved an exercise, given `{outcome: count}`."""
    return sum(counts.get(outcome, 0) for outcome in SOLVED)


def not_done(counts):
    """How many have not written it."""
    return sum(counts.get(outcome, 0) for outcome in NOT_DONE)


def share(counts):
    """Which share has solved it, 0 to 1."""
    return solved(counts) / max(1, sum(counts.values()))


def successor(kept, now):
    """What to keep of the runs: this one, and the last one that came out differently.

    Args:
        kept: what was kept before, `{"now": ..., "before": ...}`, or None.
        now: from `tally`.
    """
    last = (kept or {}).get("now")
    if last is None:
        return {"now": now, "before": None}
    if last | {"day": None} == now | {"day": None}:
        return {"now": last, "before": kept.get("before")}
    return {"now": now, "before": last}


def changes(now, before):
    """Exercises whose share of solutions differs: `(exercise, share now, share before)`."""
    if not before:
        return []
    pairs = [(name, share(counts), share(before["exercises"][name]))
             for name, counts in now["exercises"].items() if name in before["exercises"]]
    return [pair for pair in pairs if round(100 * pair[1]) != round(100 * pair[2])]
