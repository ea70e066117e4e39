"""Running a notebook, and refusing one that failed."""

import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course.script import CourseError

# What a run may depend on: the bundled data set, and no progress bars, which change at every run.
SETTINGS = {"CS231N_DATASET": "emoji_scenes", "CS231N_NO_PROGRESS": "1", "PYTHONHASHSEED": "0"}
FAILURE = re.compile(r"^.*\b(?:FAIL|NOT YET)\b.*$", re.MULTILINE)
SECONDS_A_CELL = 900


def run(text, folder, after_cell=lambda cell: None):
    """Run a notebook in a fresh kernel, from top to bottom.

    Args:
        text: the notebook, as the text of an `.ipynb` file.
        folder: where the kernel starts.
        after_cell: called with each code cell that has run.

    Returns:
        The notebook with its outputs, as `nbformat` holds it.

    Raises:
        CourseError: a cell raised an error; says which, with the traceback.
    """
    notebook = nbformat.reads(text, as_version=4)
    client = NotebookClient(notebook, timeout=SECONDS_A_CELL, kernel_name="python3",
                            record_timing=False, resources={"metadata": {"path": str(folder)}})
    client.on_cell_executed = lambda cell, **_: after_cell(cell)
    try:
        client.execute(env={**os.environ, **SETTINGS})
    except CellExecutionError as error:
        failed = next(cell for cell in notebook.cells if any(
            output.output_type == "error" for output in cell.get("outputs", [])))
        raise CourseError(f"the cell {failed.id} raised an error:\n{error}") from None
    return notebook


def failures(notebook):
    """What a run notebook must not hold, as a list of sentences; empty for a good one."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            found.append(f"the cell {cell.id} was never executed")
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"the cell {cell.id} raised {output.ename}: {output.evalue}")
            elif output.get("name") == "stderr":
                found.append(f"the cell {cell.id} wrote to stderr: {output.text.strip()}")
            else:
                found += [f"the cell {cell.id} says: {line.strip()}"
                          for line in FAILURE.findall(text_of(output))]
    return found


def text_of(output):
    """The text of an output, without pictures and HTML."""
    return output.get("text", "") or output.get("data", {}).get("text/plain", "")


def stored_outputs(notebook):
    """The outputs of each code cell by its id, as the format stores them: the same at every run.

    Whatever a kernel sent in several pieces is put together.
    """
    return {cell.id: [_stored(output) for output in _joined(cell.outputs)]
            for cell in notebook.cells if cell.cell_type == "code"}


def _joined(outputs):
    joined = []
    for output in outputs:
        if joined and "name" in output and output.name == joined[-1].get("name"):
            joined[-1].text += output.text
        else:
            joined.append(output.copy())
    return joined


def _stored(output):
    """An output as plain JSON, text split into lines, without the metadata of its moment."""
    stored = {"output_type": output.output_type}
    if output.output_type == "stream":
        return stored | {"name": output.name, "text": output.text.splitlines(keepends=True)}
    if output.output_type == "execute_result":
        stored["execution_count"] = output.execution_count
    data = {mime: value.strip() if mime.startswith("image/") else value.splitlines(keepends=True)
            for mime, value in output.data.items()}
    return stored | {"data": data, "metadata": {}}


def read_notebook(path):
    """A notebook file as `nbformat` holds it."""
    return nbformat.reads(Path(path).read_text(encoding="utf-8"), as_version=4)
