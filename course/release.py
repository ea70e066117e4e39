"""Make an edition of the course for a class: `python -m course.release --for plain --out DIR`.

plain: what a learner needs, in which no answer can be read. nbgrader: the same, with notebooks
that nbgrader hands out and grades. gradescope: for each notebook, the zip of an autograder.
docs/teaching.md says more.
"""

import argparse
import shutil
import sys
from pathlib import Path

from course import CourseError
from course.builder.script import scripts
from course.editions import gradescope, nbgrader, plain
from course.points import POINTS, read_points

EDITIONS = {"plain": plain, "nbgrader": nbgrader, "gradescope": gradescope}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m course.release", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", metavar="NAME",
                        help="notebooks, such as LSTM_Captioning (without one: all of them)")
    parser.add_argument("--for", dest="edition", required=True, choices=EDITIONS,
                        help="which edition")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR",
                        help="a folder that is empty, or is not there yet")
    parser.add_argument("--points", type=Path, default=POINTS, metavar="FILE",
                        help="which exercises are graded, and what they give, as a TOML file "
                             "(default: course/points.toml, which explains itself)")
    parser.add_argument("--leaderboard", action="store_true",
                        help="gradescope: show points on the leaderboard of the class")
    options = parser.parse_args(arguments)
    if options.leaderboard and options.edition != "gradescope":
        parser.error("--leaderboard goes with --for gradescope only")
    unknown = sorted(set(options.name) - set(scripts()))
    if unknown:
        parser.error(f"no notebook {', '.join(unknown)}; there are: {', '.join(scripts())}")
    try:
        release(options)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def release(options):
    """Make the edition beside its place, and put it there when it is complete."""
    folder = options.out.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CourseError(f"{options.out} is there already and not an empty folder. Name another, "
                          "or remove it first.")
    points = read_points(options.points, options.name or None)
    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        settings = {"leaderboard": True} if options.leaderboard else {}
        EDITIONS[options.edition].make(beside, points, **settings)
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    print(f"The {options.edition} edition is in {options.out}: {', '.join(points)}.")


if __name__ == "__main__":
    sys.exit(main())
