"""Running a notebook, and saying what is wrong with one that ran."""

import html
import logging
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
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # what a terminal takes for a colour
UNSEEN = re.compile(r"<(style|script)\b.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
BLOCK = re.compile(r"</?(?:br|p|div|ul|ol|li|table|tr|h\d|pre)\b[^>]*>", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
# What Matplotlib says on stderr about the machine: its font list, a folder that it cannot write.
REMARK = re.compile(r"""Matplotlib\ is\ building\ the\ font\ cache | .*temporary\ cache\ directory
                        | .*is\ not\ a\ writable\ directory | mkdir\ -p\ failed\ for\ path
                        | Could\ not\ save\ font_manager\ cache | \s*$""", re.VERBOSE)
SECONDS_A_CELL = 900
# A command after `!` that fails raises an error. (As an option IPython has it only from 9 on.)
KERNEL_ARGUMENTS = ["--log-level=ERROR",
                    "--IPKernelApp.exec_lines=get_ipython().system_raise_on_error = True"]


def read_notebook(path):
    """A notebook file as `nbformat` holds it."""
    return nbformat.reads(Path(path).read_text(encoding="utf-8"), as_version=4)


def prepare_matplotlib():
    """Let Matplotlib list the fonts, and find a folder that it can write, before a kernel starts.

    Else the first cell that draws says so on stderr. Kernels inherit what is found here.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib.font_manager  # noqa: F401


def run(notebook, folder, after_cell=lambda cell: None):
    """Run a notebook in a fresh kernel, from top to bottom, and put its outputs in.

    An error in a cell ends the run, and so does a command after `!` that fails; `failures` then
    says which.

    Args:
        notebook: as `nbformat` holds it; outputs that it has are replaced.
        folder: where the kernel starts.
        after_cell: called with each code cell that has run.

    Raises:
        CourseError: the kernel died, or a cell took too long.
    """
    prepare_matplotlib()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(notebook, timeout=SECONDS_A_CELL, kernel_name="python3",
                            record_timing=False, extra_arguments=KERNEL_ARGUMENTS,
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
                if not is_remark(output):
                    found.append(f"the cell {cell.id} wrote to stderr: {output.text.strip()}")
            else:
                found += [f"the cell {cell.id} says: {line}"
                          for line in lines_of(output) if FAILURE.search(line)]
    return found


def is_remark(output):
    """Whether an output is nothing but a remark of Matplotlib's on the machine."""
    return output.get("name") == "stderr" and all(
        REMARK.match(line) for line in COLOUR.sub("", output.text).splitlines())


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def lines_of(output):
    """The lines that an output shows, without pictures, colours and tags; none comes twice.

    An output with a page in HTML has a plain text besides, which need not say the same.
    """
    data = output.get("data", {})
    page = BLOCK.sub("\n", UNSEEN.sub("", data.get("text/html", "")))
    texts = [output.get("text", ""), data.get("text/plain", ""), data.get("text/markdown", ""),
             html.unescape(TAG.sub(" ", page))]
    lines = [line.strip() for text in texts for line in COLOUR.sub("", text).splitlines()]
    # Tags leave spaces where the plain text has none, or others; code stands between backticks.
    distinct = {re.sub(r"[\s`]", "", line): line for line in reversed(lines)}
    return [line for key, line in reversed(distinct.items()) if key]


def stored_outputs(notebook):
    """The outputs of each code cell by its id, in the form in which the file format stores them.

    Whatever a kernel happened to send in several pieces is put together.
    """
    return {cell.id: [_stored(output) for output in _joined(cell.outputs)
                      if not is_remark(output)]
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
