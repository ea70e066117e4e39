"""Build the notebooks: `python -m course.build`, or `make notebooks`."""

import argparse
import json
import sys
import time

import nbformat

from course import ROOT, CourseError
from course.builder import execute
from course.builder.form import holds_work, to_text, write
from course.builder.script import scripts
from course.builder.views import read_cells, to_json
from course.needs import missing

NOTEBOOKS = ROOT / "notebooks"
SOLUTIONS = NOTEBOOKS / "solutions"
LARGEST = 1_500_000  # bytes of a solved notebook


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m course.build", description=__doc__)
    parser.add_argument("name", nargs="*", help="notebooks to build, such as LSTM_Captioning "
                                                "(without one: all of them)")
    parser.add_argument("--student", action="store_true", help="only the learners' views")
    parser.add_argument("--force", action="store_true",
                        help="run solved notebooks again even if none of their cells has changed")
    options = parser.parse_args(arguments)
    found = scripts()
    unknown = sorted(set(options.name) - set(found))
    if unknown:
        parser.error(f"no notebook {', '.join(unknown)}; there are: {', '.join(found)}")
    failed = [name for name in options.name or found
              if not _build(name, found[name], options.student, options.force)]
    return 1 if failed else 0


def _build(name, path, only_student, force):
    try:
        cells = read_cells(path)
        _build_learners(name, cells)
        if not only_student:
            _build_solved(name, cells, force)
    except CourseError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    return True


def _build_learners(name, cells):
    path = NOTEBOOKS / f"{name}.ipynb"
    if path.is_file() and holds_work(path.read_text(encoding="utf-8")):
        raise CourseError(f"somebody has worked in notebooks/{name}.ipynb, so it is left as it is. "
                          "Move it to work/, and build again.")
    write(path, to_json(cells, solved=False))
    print(f"{name}: learner's view written", flush=True)


def _build_solved(name, cells, force):
    path, text = SOLUTIONS / f"{name}.ipynb", to_json(cells, solved=True)
    if not force and is_current(path, text):
        print(f"{name}: solved view is current", flush=True)
        return
    if reason := missing(name):
        print(f"{name}: solved view left as it is: {reason}", flush=True)
        return
    start = time.perf_counter()
    notebook = nbformat.reads(text, as_version=4)
    SOLUTIONS.mkdir(exist_ok=True)
    execute.run(notebook, SOLUTIONS)
    found = execute.failures(notebook)
    if found:
        raise CourseError("the solved notebook is refused:\n  " + "\n  ".join(found))
    solved = to_json(cells, True, execute.stored_outputs(notebook))
    if len(solved.encode()) > LARGEST:
        raise CourseError(f"the solved notebook has {len(solved.encode()):,} bytes, "
                          f"at most {LARGEST:,} are allowed: draw fewer or smaller pictures")
    write(path, solved)
    print(f"{name}: solved view run in {time.perf_counter() - start:.0f} s and written", flush=True)


def is_current(path, text):
    """Whether a solved notebook was run without a failure, and has the cells of `text`."""
    if not path.is_file():
        return False
    try:
        same = without_outputs(path.read_text(encoding="utf-8")) == text
    except ValueError:
        return False  # no notebook: the rest of a merge, say
    return same and not execute.failures(execute.read_notebook(path))


def without_outputs(text):
    """The text of a notebook file with its outputs taken out."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    return to_text(notebook)


if __name__ == "__main__":
    sys.exit(main())
