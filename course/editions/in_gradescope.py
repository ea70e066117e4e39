"""What runs on Gradescope: `python -m course.editions.in_gradescope [ROOT]`.

ROOT, by default /autograder, has the folders `source` (what the zip holds), `submission` (what a
learner handed in) and `results`, into which `results.json` is written.
"""

import json
import sys
from pathlib import Path

from course.grading import grade_text, notebook_of, results
from course.grading.cells import Unreadable, read_notebook
from course.grading.submissions import find

SETTINGS = "settings.json"  # in `source`: the notebook, points, limits, whether there is a board


def main(arguments=None):
    root = Path((arguments or ["/autograder"])[0])
    settings = json.loads((root / "source" / SETTINGS).read_text(encoding="utf-8"))
    result = grade(root / "submission", settings)
    target = root / "results" / "results.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(as_gradescope(result, settings["leaderboard"]), indent=1),
                      encoding="utf-8", newline="\n")
    return 0


def grade(submission, settings):
    """Grade the one notebook of the assignment in a folder.

    Args:
        submission: what was handed in, notebooks or zips of them, as a path.
        settings: what `settings.json` holds.

    Returns:
        As `course.grading.grade_notebook`.
    """
    notebook, found = settings["notebook"], find(submission)
    if len(found) > 1:  # other files lie beside it
        found = [one for one in found if one.text and _notebook(one.text) == notebook]
    if len(found) != 1:
        said = "none is here" if not found else \
            f"several are: {', '.join(sorted(one.name for one in found))}"
        return results.result(notebook, problem="Not graded: hand in one notebook, "
                                                f"{notebook}.ipynb; {said}.")
    if found[0].text is None:
        return results.result(notebook, problem=f"Not graded: {found[0].problem}")
    return grade_text(found[0].text, notebook, settings["points"], settings["seconds"],
                      settings["megabytes"])


def as_gradescope(result, leaderboard):
    """A result in the form of Gradescope's results.json.

    Args:
        result: from `grade`.
        leaderboard: whether the points stand on the leaderboard of the class.
    """
    found = {"score": result["points"], "visibility": "visible", "stdout_visibility": "hidden",
             "output": result["problem"] or "",
             "tests": [_test(item) for item in result["exercises"]],
             "extra_data": {"notes": result["notes"], "versions": result["versions"]}}
    if leaderboard:
        solved = sum(item["outcome"] in results.SOLVED for item in result["exercises"])
        found["leaderboard"] = [{"name": "points", "value": result["points"]},
                                {"name": "exercises solved", "value": solved}]
    return found


def _test(item):
    return {"name": item["name"], "score": item["points"], "max_score": item["most"],
            "status": "passed" if item["outcome"] in results.SOLVED else "failed",
            "output": results.as_text(item), "visibility": "visible"}


def _notebook(text):
    """The notebook of the course that a text is; None for another, or none at all."""
    try:
        return notebook_of(read_notebook(text))
    except Unreadable:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
