"""The form in which notebook files are written, and whether a file is still in it."""

import json

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# The first cell is plumbing: JupyterLab and Colab show it folded away.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}
PLACE_FOR_ANSWER = "**Your answer:** *double-click here, and write it.*"


def to_text(notebook):
    """A notebook as text: the same bytes with every version of every library."""
    return json.dumps(notebook, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def write(path, text):
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(path)


def source(cell):
    """What stands in a cell; the format allows a string and a list of lines."""
    return "".join(cell["source"])


def was_opened(text):
    """Whether a program such as JupyterLab has saved a notebook file.

    As soon as one has opened it and started a kernel, it notes in the file which Python that is.
    """
    notebook = _read(text)
    return notebook is not None and notebook["metadata"] != METADATA


def holds_work(text):
    """Whether a learner's view was run, or an exercise or a question of it filled in."""
    notebook = _read(text)
    return notebook is not None and any(_is_worked_on(cell) for cell in notebook["cells"])


def _read(text):
    """A notebook as JSON holds it, or None: the text is none (but the rest of a merge, say)."""
    try:
        notebook = json.loads(text)
        return notebook if {"cells", "metadata"} <= notebook.keys() else None
    except (ValueError, AttributeError):
        return None


def _is_worked_on(cell):
    kind = cell["metadata"].get("course", {}).get("kind")
    return bool(cell.get("outputs") or cell.get("execution_count")
                or kind == "exercise" and "NotImplementedError" not in source(cell)
                or kind == "answer" and source(cell) != PLACE_FOR_ANSWER)
