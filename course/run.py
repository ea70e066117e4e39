"""Run a solved notebook on the bundled data set, and show what came out: `make run`.

`python -m course.run [NAME]`: NAME is RNN_Captioning, or another notebook of the course.
"""

import argparse
import base64
import re
import struct
import sys
import time

from course import ROOT, CourseError
from course.builder import execute, page
from course.needs import missing

SOLUTIONS = ROOT / "notebooks" / "solutions"
OUT = ROOT / "out"
PICTURE = re.compile(r'src="data:image/png;base64,([^"]+)"')
VERDICT = re.compile(r"\b(?:PASS|ALMOST|FAIL|NOT YET)\b")


def main(arguments=None):
    names = sorted(path.stem for path in SOLUTIONS.glob("*.ipynb"))
    parser = argparse.ArgumentParser(prog="python -m course.run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="RNN_Captioning", metavar="NAME",
                        help=f"one of {', '.join(names)}")
    name = parser.parse_args(arguments).name
    if name not in names:
        parser.error(f"there is no solved notebook {name}; there are: {', '.join(names) or 'none'}")
    if reason := missing(name):
        print(reason, file=sys.stderr)
        return 1
    notebook = execute.read_notebook(SOLUTIONS / f"{name}.ipynb")
    print(f"Running notebooks/solutions/{name}.ipynb on Emoji Scenes. It trains captioners, which "
          "takes a minute or two.\n", flush=True)
    start = time.perf_counter()
    try:
        execute.run(notebook, SOLUTIONS, after_cell=_print_verdicts)
    except CourseError as error:
        print(error)
        return 1
    _report(name, notebook, time.perf_counter() - start)
    return 1 if execute.failures(notebook) else 0


def _verdicts(cell):
    """The lines of a cell's output that say PASS or something worse."""
    lines = [line for output in cell.outputs for line in execute.lines_of(output)]
    return [line for line in lines if VERDICT.search(line)]


def _print_verdicts(cell):
    for line in _verdicts(cell):
        print(f"  {line}", flush=True)


def _report(name, notebook, seconds):
    """Say how it went, and write the notebook and its captions where a reader can look."""
    lines = [line for cell in execute.code_cells(notebook) for line in _verdicts(cell)]
    failures = execute.failures(notebook)
    print(f"\n{len(lines)} verdicts in {seconds:.0f} s, {_outcome(lines, failures)}")
    for failure in failures:
        print(f"  {failure}")
    for line in lines:
        if "true" in line.lower():
            print(f"  {line}")
    print("\nLook at")
    for path, what in _written(name, notebook):
        print(f"  {path.relative_to(ROOT).as_posix():30} {what}")
    print(f"  {f'notebooks/{name}.ipynb':30} to write it yourself (make lab opens JupyterLab)")


def _outcome(lines, failures):
    if failures:
        return "and this is wrong:"
    return "all of them PASS." if lines else "so nothing was checked."


def _written(name, notebook):
    """Write the files for the reader; yield each, with a word on what it shows."""
    OUT.mkdir(exist_ok=True)
    html = OUT / f"{name}.html"
    html.write_text(page.to_html(notebook), encoding="utf-8", newline="\n")
    yield html, "the notebook, with all it printed and drew"
    picture = _largest_captions(notebook)
    if picture:
        captions = OUT / "captions.png"
        captions.write_bytes(picture)
        yield captions, "pictures it had never seen, and what it wrote about them"


def _largest_captions(notebook):
    """The largest picture with captions in a notebook that was run, as a PNG's bytes, or None."""
    pictures = [base64.b64decode(png)
                for cell in execute.code_cells(notebook) if "show_captions(" in cell.source
                for output in cell.outputs for png in _pngs(output.get("data", {}))]
    return max(pictures, key=_pixels, default=None)


def _pngs(data):
    """The pictures in an output's data: as they are, or in a page that has a text besides."""
    return filter(None, [data.get("image/png"), *PICTURE.findall(data.get("text/html", ""))])


def _pixels(png):
    width, height = struct.unpack(">II", png[16:24])
    return width * height


if __name__ == "__main__":
    sys.exit(main())
