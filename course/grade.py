"""Grade the notebooks of a class: `python -m course.grade SUBMISSIONS --out REPORT`.

SUBMISSIONS is a folder of notebooks, of folders or of zips. REPORT gets `points.csv`, a page on
the class (`class.html`, its numbers in `class.json`), and for each notebook a page in `learners/`
and a JSON file in `results/`. Each result is kept as soon as it is there: interrupted and called
again, the command goes on with those that are left.
"""

import argparse
import csv
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from course import CourseError
from course.builder.form import write
from course.grading import class_page, grade_text, pages, results, submissions, tally
from course.grading.judge import versions
from course.points import POINTS, read_points
from cs231n.locks import LockHeld, sole_writer


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m course.grade", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS")
    parser.add_argument("--out", type=Path, required=True, metavar="REPORT")
    parser.add_argument("--notebook", help="grade all as this notebook of the course")
    parser.add_argument("--points", type=Path, default=POINTS, help="like course/points.toml")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (default: 2)")
    parser.add_argument("--seconds", type=float, default=10.0, help="for one exercise")
    parser.add_argument("--megabytes", type=float, default=2000.0, help="for a learner's code")
    parser.add_argument("--names", action="store_true",
                        help="list on the class's page who needs help")
    parser.add_argument("--summary", type=Path, metavar="FILE",
                        help="append the hints to this file, in Markdown")
    options = parser.parse_args(arguments)
    if not options.submissions.is_dir():
        print(f"{options.submissions} is no folder. Name the folder with the class's notebooks.",
              file=sys.stderr)
        return 1
    try:
        tables = read_points(options.points)
        (options.out / "results").mkdir(parents=True, exist_ok=True)
        with sole_writer(options.out / "results.json"):
            return _grade_all(options, tables)
    except (CourseError, OSError) as error:
        print(error, file=sys.stderr)
    except LockHeld as holder:
        print(f"{options.out} is being written by another: {holder}.", file=sys.stderr)
    return 1


def _grade_all(options, tables):
    found = submissions.find(options.submissions)
    if not found:
        print(f"No notebook and no zip is in {options.submissions}.", file=sys.stderr)
        return 1
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        rows = list(pool.map(lambda one: _graded(one, options, tables), found))
    _write_points(options.out / "points.csv", rows)
    for submission, row in zip(found, rows):
        write(options.out / "learners" / f"{submission.key}.html", pages.learner_page(row))
    _write_class(options, rows)
    if options.summary:
        with open(options.summary, "a", encoding="utf-8", newline="\n") as file:
            file.write(pages.summary(rows))
    print(f"{len(rows)} notebooks, points in {options.out / 'points.csv'}")
    return 0


def _write_class(options, rows):
    """The page on the class, and its numbers for other tools and for the next run."""
    path = options.out / "class.json"
    runs = tally.successor(_kept(path), tally.tally(rows))
    write(path, json.dumps(runs, indent=1) + "\n")
    write(options.out / "class.html", class_page.class_page(
        runs["now"], runs["before"], rows if options.names else ()))


def _graded(submission, options, tables):
    """The result of a submission: the one that is kept, or a new one."""
    path = options.out / "results" / f"{submission.key}.json"
    settings = {"points": tables, "notebook": options.notebook, "seconds": options.seconds,
                "megabytes": options.megabytes, "versions": versions()}
    kept = _kept(path)
    if kept and kept.get("settings") == json.loads(json.dumps(settings)):
        return kept
    if submission.text is None:
        graded = results.result(None, problem=submission.problem)
    else:
        graded = grade_text(submission.text, options.notebook, None, options.seconds,
                            options.megabytes, tables)
    graded |= {"learner": submission.learner, "file": submission.name, "settings": settings}
    write(path, json.dumps(graded, indent=1) + "\n")
    print(f"{submission.learner}, {submission.name}: {graded['points']:g} of {graded['most']:g}"
          .encode("ascii", "replace").decode("ascii"), flush=True)
    return graded


def _kept(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write_points(path, rows):
    names = list(dict.fromkeys(item["name"] for row in rows for item in row["exercises"]))
    beside = path.with_suffix(".part")
    with open(beside, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["learner", "file", "notebook", "points", "most", "problem", *names])
        for row in rows:
            points = {item["name"]: item["points"] for item in row["exercises"]}
            cells = [row["learner"], row["file"], row["notebook"] or "", row["points"],
                     row["most"], row["problem"] or "", *(points.get(n, "") for n in names)]
            table.writerow([_harmless(cell) for cell in cells])
    beside.replace(path)


def _harmless(cell):
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell


if __name__ == "__main__":
    sys.exit(main())
