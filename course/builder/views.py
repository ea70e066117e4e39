"""From the cells of a script to the two views of a notebook: the learner's and the solved one."""

import base64
import html
import re
import textwrap
from dataclasses import dataclass, field

from course import HERE, CourseError
from course.builder import names
from course.builder.form import FOLDED, METADATA, PLACE_FOR_ANSWER, to_text
from course.builder.script import read_script
from course.builder.source import find

WIDTH = 88  # columns that a cell shows without scrolling


@dataclass
class Cell:
    """One cell of a notebook, in both views.

    Attributes:
        where: where it comes from, for messages.
        is_text: whether it is a text cell.
        kind: "text", "code", "exercise", "given", "check", "answer", or the shared script's name.
        student: what the learner's view shows.
        solved: what the solved view shows.
        functions: the functions of the package that it defines, as `source` finds them.
        exercise: the exercise that it sets or checks, or "".
        id: its name in the notebook.
        attachments: pictures by file name, as the format stores them.
    """

    where: str
    is_text: bool
    kind: str
    student: str
    solved: str
    functions: tuple = ()
    exercise: str = ""
    id: str = ""
    attachments: dict = field(default_factory=dict)


def read_cells(path):
    """The cells of the notebook whose script is `path`, checked, as a list of `Cell`."""
    marked = read_script(path)
    exercises = {find(cell.value).name for cell in marked if cell.mark == "exercise"}
    cells = [MAKERS[cell.mark](cell, exercises) for cell in marked]
    _name(cells)
    _check_names(cells)
    return cells


def to_json(cells, solved, outputs=None):
    """A view of a notebook as the text of an `.ipynb` file.

    Args:
        cells: from `read_cells`.
        solved: which view.
        outputs: of each code cell by its id, in the form in which the format stores them.
    """
    notebook = {"cells": [], "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    executed = 0
    for cell in cells:
        entry = {"id": cell.id, "metadata": _metadata(cell),
                 "cell_type": "markdown" if cell.is_text else "code",
                 "source": (cell.solved if solved else cell.student).splitlines(keepends=True)}
        if cell.attachments:
            entry["attachments"] = cell.attachments
        if not cell.is_text:
            executed += 1
            entry["execution_count"] = executed if outputs else None
            entry["outputs"] = outputs[cell.id] if outputs else []
        notebook["cells"].append(entry)
    return to_text(notebook)


def _metadata(cell):
    course = {"kind": cell.kind} | ({"exercise": cell.exercise} if cell.exercise else {})
    return {"course": course} | (FOLDED if cell.kind == "setup" else {})


# ---- One cell -----------------------------------------------------------------------------------


def _plain(marked, exercises):
    """A cell that both views show as it stands in the script."""
    kind, exercise, attachments, text = "code", "", {}, marked.text
    if marked.is_text:
        kind = "text"
        text, attachments = _embed_pictures(marked)
    elif checks := names.checked(text) or re.findall(r"^check\.summary\b", text, re.MULTILINE):
        kind, exercise = "check", checks[0] if len(checks) == 1 else ""
    if marked.shared and not marked.is_text:
        kind = marked.shared
    return Cell(marked.where, marked.is_text, kind, text, text, exercise=exercise,
                attachments=attachments)


def _exercise(marked, exercises):
    """A TODO cell: the function up to its docstring, the hints, and what the learner replaces."""
    function = find(marked.value)
    todo = [*_hints(marked), f'    raise NotImplementedError("{function.name}")']
    attach = ["", "", function.attach] if function.owner else []
    student = [function.head, *todo, *attach, "", "", *_way_to_skip(function, exercises)]
    solved = [function.text, *attach]
    return Cell(marked.where, False, "exercise", "\n".join(student), "\n".join(solved),
                (function,), function.name)


def _hints(marked):
    """The comment lines of an exercise cell as `# TODO` lines. A hint ends with a sentence."""
    lines = marked.text.split("\n") if marked.text else []
    if not all(line.startswith("#") for line in lines):
        raise CourseError(f"{marked.where}: an exercise cell holds comments only, its hints")
    text = "\n".join(line.removeprefix("#").strip() for line in lines)
    for hint in re.split(r"(?<=[.:?!])\n", text or "Write this function."):
        yield textwrap.fill(" ".join(hint.split()), WIDTH, initial_indent="    # TODO: ",
                            subsequent_indent="    #       ", break_on_hyphens=False,
                            break_long_words=False)


def _way_to_skip(function, exercises):
    """The comment that ends a TODO cell: how to go on with the course's own function."""
    pairs = {"_forward": "_backward", "_backward": "_forward"}
    partners = [function.name.removesuffix(a) + b for a, b in pairs.items()
                if function.name.endswith(a)]
    yield "# To skip this exercise, replace the cell by what follows."
    for partner in exercises.intersection(partners):
        yield f"# (Do the same for {partner}: both share a cache.)"
    if function.owner:
        yield f"# import {function.module}"
        yield from _assignment(function.name, f"{function.module}.{function.owner}.{function.name}")
        yield f"# {function.attach}"
    else:
        yield f"# from {function.module} import {function.name}"


def _assignment(name, value):
    """`name = value` as comment lines, on three of them if a cell does not show it on one."""
    line = f"# {name} = {value}"
    return [line] if len(line) <= WIDTH else [f"# {name} = (", f"#     {value}", "# )"]


def _given(marked, exercises):
    """Functions of the package, shown as they are."""
    if marked.text:
        raise CourseError(f"{marked.where}: a given cell is otherwise empty")
    functions = tuple(find(dotted) for dotted in marked.value.split())
    text = "\n\n\n".join(f.text + (f"\n\n\n{f.attach}" if f.owner else "") for f in functions)
    return Cell(marked.where, False, "given", text, text, functions)


def _answer(marked, exercises):
    text, attachments = _embed_pictures(marked)
    if attachments:
        raise CourseError(f"{marked.where}: an answer with a picture would show it to the learner")
    return Cell(marked.where, True, "answer", PLACE_FOR_ANSWER, text)


MAKERS = {None: _plain, "exercise": _exercise, "given": _given, "answer": _answer}


def _embed_pictures(marked):
    """Turn the pictures of a text into attachments of its cell."""
    attachments = {}

    def embed(match):
        alt, path = match["alt"], HERE / match["path"]
        if not alt.strip():
            raise CourseError(f"{marked.where}: the picture {match['path']} has no alt text")
        if not path.is_file():
            raise CourseError(f"{marked.where}: there is no picture course/{match['path']}")
        encoded = base64.b64encode(path.read_bytes()).decode("ascii")
        attachments[path.name] = {"image/png": encoded}
        # As it stands, a <START> would be taken for an HTML tag, and be lost.
        return f"![{html.escape(alt, quote=False)}](attachment:{path.name})"

    text = re.sub(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^):]+\.png)\)", embed, marked.text)
    return text, attachments


# ---- All cells ----------------------------------------------------------------------------------


def _name(cells):
    """Name each cell after its role and its exercise or heading."""
    known, taken = {"start"}, set()
    heading = "start"
    for cell in cells:
        found = [_slug(title) for _, title in headings(cell.solved) if cell.is_text]
        if known.intersection(found) or len(set(found)) < len(found):
            raise CourseError(f"{cell.where}: another heading of this notebook reads like one of "
                              f"these: {', '.join(found)}")
        known.update(found)
        cell.id = _numbered(_role(cell, found[0] if found else heading), taken)
        heading = found[-1] if found else heading


def _role(cell, heading):
    if cell.kind == "exercise":
        return f"todo-{_slug(cell.exercise)}"
    if cell.kind == "given":
        return f"given-{_slug(cell.functions[0].name)}"
    if cell.kind == "check":
        return f"check-{_slug(cell.exercise or heading)}"
    return f"{cell.kind}-{heading}" if cell.kind in ("text", "code", "answer") else cell.kind


def _numbered(name, taken):
    number = 1
    while (unique := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    taken.add(unique)
    return unique


def headings(markdown):
    """The headings of a text as `(level, title)`, top to bottom; a `#` in a code block is none."""
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^(#{1,6}) +(.+)$", text, re.MULTILINE)
    return [(len(marks), title) for marks, title in found]


def _slug(text, longest=48):
    """Words of a text in a form that a cell's name may have."""
    slug = "-".join(re.findall(r"[a-z0-9]+", text.lower()))
    return slug if len(slug) <= longest else slug[: longest + 1].rpartition("-")[0]


def _check_names(cells):
    """Refuse a name that nothing above binds, and one that hides a function of the notebook."""
    owners = {function.name: cell for cell in cells for function in cell.functions}
    known = set()
    for cell in cells:
        if cell.is_text:
            continue
        new, unknown = names.bound(cell.solved), names.needed(cell.solved) - known
        if unknown:
            raise CourseError(f"{cell.where} ({cell.id}): no cell above binds "
                              f"{', '.join(sorted(unknown))}")
        hidden = sorted(name for name in new & owners.keys() if owners[name] is not cell)
        if hidden:
            raise CourseError(f"{cell.where} ({cell.id}): binds {', '.join(hidden)}, which is a "
                              f"function of this notebook ({owners[hidden[0]].id})")
        known |= new
