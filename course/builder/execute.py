"""Running a notebook, and saying what is wrong with one that ran."""

import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from course import CourseError

# What a run depends on: the bundled data set; no progress bars, which differ at every run; pictures
# inside the notebook, whatever the machine draws with elsewhere.
SETTINGS = {
    "CS231N_DATASET": "emoji_scenes",
    "CS231N_NO_PROGRESS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
FAILURE = re.compile(r"\b(?:FAIL|ALMOST|NOT YET)\b")
SECONDS_A_CELL = 900


def read_notebook(path):
    """A notebook file as `nbformat` holds it."""
    return nbformat.reads(Path(path).read_text(encoding="utf-8"), as_version=4)


def run(notebook, folder, after_cell=lambda cell: None):
    """Run a notebook in a fresh kernel, from top to bottom, and put its outputs in.

    An error in a cell ends the run; `failures` then says which.

    Args:
        notebook: as `nbformat` holds it; outputs that it has are replaced.
        folder: where the kernel starts.
        after_cell: called with each code cell that has run.

    Raises:
        CourseError: the kernel died, or a cell took too long.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(notebook, timeout=SECONDS_A_CELL, kernel_name="python3",
                            record_timing=False, extra_arguments=["--log-level=ERROR"],
                            resources={"metadata": {"path": str(folder)}})
    client.on_cell_executed = lambda cell, **_: after_cell(cell)
    try:
        client.execute(env=os.environ | SETTINGS)
    except CellExecutionError:
        pass
    except CellTimeoutError as error:
        raise CourseError(f"the notebook could not be run to its end: {error}") from error
    except (DeadKernelError, AssertionError) as error:  # the latter when nbclient then cleans up
        raise CourseError("the notebook could not be run to its end: its kernel died. Was it "
                          "ended, or is there too little memory?") from error


def failures(notebook):
    """What a run notebook must not hold, as a list of sentences; empty for a good one."""
    found = []
    for cell in code_cells(notebook):
        if cell.execution_count is None:
            return [*found, f"the cell {cell.id} was never executed"]
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"the cell {cell.id} raised {output.ename}: {output.evalue}")
            elif output.get("name") == "stderr":
                found.append(f"the cell {cell.id} wrote to stderr: {output.text.strip()}")
            else:
                found += [f"the cell {cell.id} says: {line.strip()}"
                          for line in text_of(output).splitlines() if FAILURE.search(line)]
    return found


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(output):
    """The text of an output, without pictures and HTML."""
    return output.get("text", "") or output.get("data", {}).get("text/plain", "")


def stored_outputs(notebook):
    """The outputs of each code cell by its id, in the form in which the file format stores them.

    Whatever a kernel happened to send in several pieces is put together.
    """
    return {cell.id: [_stored(output) for output in _joined(cell.outputs)]
            for cell in code_cells(notebook)}


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
