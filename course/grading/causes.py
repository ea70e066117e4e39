"""What lies behind a wrong solution, as a short name by which a class can be counted."""

import re

ERROR = re.compile(r"(?:with|:) ([A-Z]\w*(?:Error|Exception|Iteration|Exit)|Refused)\b")


def cause(exercise, outcome, hints):
    """The cause of an outcome.

    Returns:
        The name of the catalogue's mistake whose sentence is said; else what stands in the first
        hint, without what differs from one learner to the next; None where nothing is wrong.
    """
    if outcome in ("right", "almost", "own"):
        return None
    if outcome == "open":
        return "open"
    for hint in hints:
        mistake = mistake_that_says(exercise, hint)
        if mistake:
            return mistake.name
    for hint in hints:
        found = ERROR.search(hint)
        if found:
            return f"raises-{found[1]}"
    return skeleton(hints[0]) if hints else "not-explained"


def mistake_that_says(exercise, sentence):
    """The catalogue's mistake with a sentence, or None."""
    return next((mistake for part in exercise.parts() for mistake in part.mistakes
                 if mistake.sentence == sentence), None)


def skeleton(sentence):
    """The first sentence of a hint, without its numbers."""
    first = re.split(r"(?<=[.:;]) ", sentence, maxsplit=1)[0]
    return re.sub(r"\d[\d.e+-]*", "#", first)[:120]
