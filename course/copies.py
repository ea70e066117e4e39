"""A learner's copies of the notebooks, in `work/`, which git ignores and nothing else writes to.

A copy notes what it was copied from: in its own metadata which version of the notebook, and in
those of each cell what stood there. So it can be told later what a learner has written, and whether
the course has changed. Cells are known by their metadata, not by their place: a learner may move,
split and insert cells.
"""

import ast
import datetime
import hashlib
import json

from course import ROOT, CourseError
from course.builder import form
from course.builder.form import source
from course.tracked import course_text

NOTEBOOKS = ROOT / "notebooks"
WORK = ROOT / "work"


def names():
    """The notebooks that can be copied."""
    return sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def make(name):
    """Copy a notebook into `work/`, unless there is a copy already.

    Returns:
        What to tell the learner, a list of sentences.
    """
    path = WORK / f"{name}.ipynb"
    if path.exists():
        return [f"Your notebook is {_shown(path)}.", *_news(name)]
    said = [f"Your notebook is {_shown(path)}, a copy that belongs to you."]
    new = present = _course_notebook(name)
    text = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
    if form.holds_work(text):  # of one who has worked there and not in a copy
        said.append(f"What was written in notebooks/{name}.ipynb is in it.")
        new = json.loads(text)
    form.write(path, form.to_text(_marked(new, present)))
    return said


def make_afresh(name):
    """Copy a notebook into `work/`; a copy that is there is kept under another name."""
    path, said = WORK / f"{name}.ipynb", []
    new = _known(_course_notebook(name), name)
    if path.exists():
        said = [f"Your old notebook is kept: {_shown(_put_aside(path))}."]
    form.write(path, form.to_text(_marked(new, new)))
    return [f"{_shown(path)} is a new copy, with nothing filled in.", *said]


def update(name):
    """Put the course's present notebook in the place of a copy, with the learner's work in it.

    Exercises and answers are carried over. What else the learner wrote is listed, and stays in the
    old copy, which is kept under another name.
    """
    path = WORK / f"{name}.ipynb"
    if not path.exists():
        return make(name)
    old, new = _read(path), _known(_course_notebook(name), name)
    if _version_of(old) == version(new):
        return [f"{_shown(path)} is up to date: the course's notebook has not changed."]
    written, elsewhere = _what_was_written(old, new)
    carried, changed = _carry_over(written, _marked(new, new))
    kept = _put_aside(path)
    form.write(path, form.to_text(new))
    said = [f"{_shown(path)} is the course's present notebook. Carried over from yours: "
            f"{', '.join(carried) or 'nothing, since nothing was filled in'}.",
            f"Your old notebook is kept: {_shown(kept)}."]
    if changed:
        said.append(f"Look at {', '.join(changed)} again: the arguments are others now.")
    left = elsewhere + [key for key in written if key not in carried]
    if left:
        said.append("Only the old one has what you wrote here:\n  " + "\n  ".join(left))
    return said


def version(notebook):
    """A short text that differs when the cells of a notebook differ."""
    return _fingerprint(*[json.dumps([source(cell), cell.get("attachments")], sort_keys=True)
                          for cell in notebook["cells"]])


# ---- Files --------------------------------------------------------------------------------------


def _course_notebook(name):
    """The course's notebook, as JSON holds it; None if only somebody's work is left of it."""
    path = NOTEBOOKS / f"{name}.ipynb"
    text = course_text(path) or path.read_text(encoding="utf-8")
    try:
        return None if form.holds_work(text) else json.loads(text)
    except ValueError as error:
        raise CourseError(f"notebooks/{name}.ipynb is no notebook ({error}). "
                          f"To put it back: git checkout HEAD -- notebooks/{name}.ipynb") from error


def _known(notebook, name):
    if notebook is None:
        raise CourseError(f"somebody has worked in notebooks/{name}.ipynb, and no clean copy of it "
                          "is here. Get the course again, and put its notebooks/ in place of this")
    return notebook


def _read(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CourseError(f"{_shown(path)} is no notebook that can be read ({error}). To start "
                          f"anew, with this file kept: {command(path.stem, '--fresh')}") from error


def _put_aside(path):
    """Rename a copy so that its name holds the date; no file is overwritten."""
    stem, number = f"{path.stem}-{datetime.date.today():%Y-%m-%d}", 1
    while (kept := path.with_stem(stem if number == 1 else f"{stem}-{number}")).exists():
        number += 1
    return path.rename(kept)


def _shown(path):
    return f"work/{path.name}"


def command(name, option):
    """How to call `course.lab`, in words for those with make and those without."""
    return f'make lab NOTEBOOK={name} ARGS="{option}" (or python -m course.lab {name} {option})'


# ---- Marks --------------------------------------------------------------------------------------


def _marked(notebook, original):
    """Note in a copy what it was copied from.

    Args:
        notebook: the copy; it is changed. It may hold work already.
        original: the course's notebook, or None if it is not known.
    """
    # What JupyterLab would write at once, and call the notebook changed before anybody touched it.
    from ipykernel.ipkernel import IPythonKernel
    notebook["metadata"]["language_info"] = IPythonKernel.language_info
    if original is None:
        return notebook
    notebook["metadata"]["course"] = {"version": version(original)}
    fingerprints = {_key(cell): _fingerprint(source(cell)) for cell in original["cells"]}
    for cell in notebook["cells"]:
        key = _key(cell)
        if key in fingerprints:
            cell["metadata"]["course"] |= {"cell": key, "copied": fingerprints[key]}
    return notebook


def _key(cell):
    """What a cell is known by: its exercise, or its name in the course; None for one's own cell."""
    mark = cell["metadata"].get("course")
    if not mark:
        return None
    return mark["exercise"] if mark["kind"] == "exercise" else mark.get("cell") or cell.get("id")


def _version_of(notebook):
    return notebook["metadata"].get("course", {}).get("version")


def _news(name):
    """A sentence for those whose copy is of an older version of the notebook, in a list."""
    copied, present = _version_of(_read(WORK / f"{name}.ipynb")), _course_notebook(name)
    if copied is None or present is None or copied == version(present):
        return []
    return ["The course's notebook has changed since you copied it. To get the new one, with the "
            "exercises that you have solved carried over and your present one kept beside it: "
            + command(name, "--update")]


def _fingerprint(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


# ---- A learner's work ---------------------------------------------------------------------------


def _what_was_written(old, new):
    """What a learner has written into a copy.

    Returns:
        The texts of exercises and answers by key, and a list of lines that name the other cells.
    """
    present = {_key(cell): _fingerprint(source(cell)) for cell in new["cells"]}
    written, elsewhere, heading = {}, [], "the start"
    for cell in old["cells"]:
        key, mark = _key(cell), cell["metadata"].get("course", {})
        if source(cell).startswith("#") and cell["cell_type"] == "markdown":
            heading = source(cell).split("\n")[0].strip("# ")
        if not source(cell).strip():
            continue
        if _fingerprint(source(cell)) == mark.get("copied", present.get(key)):
            continue  # as it was copied
        if mark.get("kind") in ("exercise", "answer"):
            # A cell that was split or doubled comes more than once.
            written[key] = "\n\n\n".join([*filter(None, [written.get(key)]), source(cell)])
        else:
            elsewhere.append(f'below "{heading}": {source(cell).strip().splitlines()[0][:60]}')
    return written, elsewhere


def _carry_over(written, new):
    """Put what was written into the cells of a new copy, which is changed.

    Returns:
        The keys that found their cell, and those of functions that take other arguments by now.
    """
    carried, changed = [], []
    for cell in new["cells"]:
        key = _key(cell)
        if key not in written:
            continue
        if cell["metadata"]["course"]["kind"] == "exercise":
            if _arguments(written[key], key) not in (None, _arguments(source(cell), key)):
                changed.append(key)
        cell["source"] = written[key].splitlines(keepends=True)
        carried.append(key)
    return carried, changed


def _arguments(code, name):
    """The arguments of a function as text, or None if the code does not define it."""
    try:
        found = [node for node in ast.walk(ast.parse(code))
                 if isinstance(node, ast.FunctionDef) and node.name == name]
    except SyntaxError:
        return None
    return ast.unparse(found[-1].args) if found else None
