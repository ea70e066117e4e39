"""The assignment's figures: every check of a notebook, run on the functions of the package.

The inputs, the expected numbers and the bounds stand in the course scripts and nowhere else. Here
the cells of the solved view are run in order up to the first training run, without Jupyter, so that
a broken layer shows in seconds and on every version of Python and NumPy.
"""

import re

import matplotlib
import pytest

from course.builder.script import scripts
from course.builder.views import read_cells

# How many verdicts stand before the first training run, so that none can get lost.
VERDICTS = {"RNN_Captioning": 30, "LSTM_Captioning": 30}


@pytest.mark.parametrize("name", VERDICTS)
def test_every_figure_is_within_its_bound(name, capsys, monkeypatch):
    monkeypatch.setenv("CS231N_DATASET", "emoji_scenes")
    matplotlib.use("Agg")
    namespace = {"__name__": "notebook"}
    for cell in read_cells(scripts()[name]):
        if ".train()" in cell.solved and not cell.is_text:
            break
        if not cell.is_text:
            exec(compile(cell.solved, cell.id, "exec"), namespace)
    verdicts = re.findall(r"^.*\b(?:PASS|FAIL)$", capsys.readouterr().out, re.MULTILINE)
    assert [line for line in verdicts if line.endswith("FAIL")] == []
    assert len(verdicts) == VERDICTS[name]
