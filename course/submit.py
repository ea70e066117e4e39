"""Hand in your notebook: `python -m course.submit [NAME]`.

NAME is RNN_Captioning, or another notebook of the course. What is solved in work/NAME.ipynb, as it
was last saved, goes through `check`; what is missing is listed; and out/NAME.zip is the one file to
hand in. In it are the notebook and summary.json (what is listed, and versions), nothing else.
"""

import argparse
import json
import sys
import zipfile

from course import ROOT, CourseError, copies
from course.builder.form import PLACE_FOR_ANSWER, source
from course.grading import exercises_of, grade_text, results

OUT = ROOT / "out"
SECONDS = 30.0  # for one exercise; the machine of a learner may be slow
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the same work makes the same file


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m course.submit", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="RNN_Captioning", metavar="NAME",
                        help=f"one of {', '.join(copies.names())}")
    name = parser.parse_args(arguments).name
    if name not in copies.names():
        parser.error(f"there is no notebook {name}; there are: {', '.join(copies.names())}")
    try:
        submit(name)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def submit(name):
    """Check the learner's copy of a notebook, say what is missing, and make the file to hand in.

    Raises:
        CourseError: there is no copy, or it is no notebook.
    """
    content = _content(copies.WORK / f"{name}.ipynb")
    print(f"Checking work/{name}.ipynb as it was last saved.", flush=True)
    graded = grade_text(content.decode("utf-8", "replace"), name, exercises_of(name), SECONDS)
    if graded["problem"]:
        raise CourseError(f"work/{name}.ipynb: {graded['problem']} No file was made.")
    summary = _summary(graded, content)
    _print_summary(summary)
    path = OUT / f"{name}.zip"
    _pack(path, {f"{name}.ipynb": content,
                 "summary.json": (json.dumps(summary, indent=1) + "\n").encode("ascii")})
    print(f"\nHand in {path.relative_to(ROOT).as_posix()}: the notebook, and this summary.")


def _content(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"There is no work/{path.name}. `python -m course.lab {path.stem}` makes "
                          "it, and opens it for you to solve.") from None
    except OSError as error:
        raise CourseError(f"work/{path.name} cannot be read: {error}") from None


def _summary(graded, content):
    """What the teacher may read first: outcomes, open questions, versions. No name, no folder."""
    cells = json.loads(content)["cells"]
    unanswered = sum(source(cell).strip() == PLACE_FOR_ANSWER for cell in cells
                     if cell.get("cell_type") == "markdown")
    return {"format": results.FORMAT, "notebook": graded["notebook"],
            "exercises": [{key: item[key] for key in ("name", "outcome", "hints")}
                          for item in graded["exercises"]],
            "unanswered": unanswered, "versions": graded["versions"]}


def _print_summary(summary):
    items = summary["exercises"]
    solved = [item for item in items if item["outcome"] in results.SOLVED]
    print(f"{len(solved)} of {len(items)} exercises are solved." if items else
          "No exercise of this notebook can be checked here: ask its own cells.")
    for item in items:
        if item["outcome"] != results.RIGHT:
            print(_ascii("  " + results.as_text(item).replace("\n", "\n  ")))
    if summary["unanswered"]:
        print(f"Questions of the text that have no answer yet: {summary['unanswered']}.")


def _ascii(text):
    """Hints hold what the learner wrote; not every console can show all of it."""
    return text.encode("ascii", "replace").decode("ascii")


def _pack(path, files):
    """Write a zip whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".part")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, EARLIEST), content, zipfile.ZIP_DEFLATED)
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main())
