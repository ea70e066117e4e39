"""nbval over solved notebooks, called plainly: what it needs, `conftest.py` sees to."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from course import ROOT
from course.builder import form

DRAWING = "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.close()"


@pytest.fixture
def folder(tmp_path):
    """The settings of the tests, and two solved notebooks whose cells need each other."""
    shutil.copytree(ROOT / "course", tmp_path / "course",
                    ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests" / "helpers").mkdir(parents=True)
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    for name in ("conftest.py", "pyproject.toml", "tests/nbval.cfg"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("A", "B"):
        write(tmp_path / "notebooks" / "solutions" / f"{name}.ipynb")
    return tmp_path


def write(path, last="8\n"):
    """A notebook that counts to 8, one step a cell; `last` is what its last cell has shown."""
    codes = ["x = 0", DRAWING, *["x += 1\nprint(x)"] * 8]
    shown = ["", "", *(f"{x}\n" for x in range(1, 8)), last]
    cells = [nbformat.v4.new_code_cell(
        code, id=f"cell-{i}", execution_count=i + 1, metadata={"course": {"kind": "code"}},
        outputs=[nbformat.v4.new_output("stream", text=text)] if text else [])
        for i, (code, text) in enumerate(zip(codes, shown, strict=True))]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=form.METADATA), path)


def replay(folder, **settings):
    """Call `pytest -n 2`. Returns how many tests ended how, and what was said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider",
         "notebooks/solutions"],
        cwd=folder, env=environment | settings, capture_output=True, text=True)
    return dict(reversed(pair) for pair in re.findall(
        r"(\d+) (passed|failed|skipped)", process.stdout.splitlines()[-1])), process.stdout


def test_the_cells_of_a_notebook_stay_together_and_stderr_stays_empty(folder):
    (folder / "file").touch()  # so that Matplotlib cannot make its folder
    counts, said = replay(folder, MPLCONFIGDIR=str(folder / "file" / "matplotlib"))
    assert counts == {"passed": "20"}, said


def test_another_output_fails(folder):
    write(folder / "notebooks" / "solutions" / "B.ipynb", last="9\n")
    counts, said = replay(folder)
    assert counts == {"passed": "19", "failed": "1"}, said
