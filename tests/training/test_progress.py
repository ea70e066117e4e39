"""The progress of a run: in a notebook that keeps it, in a terminal, and when it is stopped."""

import contextlib
import io
import re
import sys
import types

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course import ROOT
from cs231n import progress

LONG_RUN = """
import time
from cs231n import progress
progress.DELAY, progress.REFRESH = 0.02, 0.01
with progress.progress_bar(total=40, done=0) as bar:
    for i in range({done}):
        time.sleep(0.002)
        bar.update(loss=80.0 - i)
"""


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test sets going."""
    now = types.SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.seconds)
    return now


def run_cells(*sources, monkeypatch):
    """Run cells in a kernel that shows progress; returns the notebook as it would be saved."""
    monkeypatch.delenv("CS231N_NO_PROGRESS", raising=False)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    with contextlib.suppress(CellExecutionError):
        NotebookClient(notebook, timeout=60, kernel_name="python3",
                       resources={"metadata": {"path": str(ROOT)}}).execute()
    return notebook


def test_a_notebook_keeps_the_last_state_as_text_and_as_html(monkeypatch):
    notebook = run_cells(LONG_RUN.format(done=40), LONG_RUN.format(done=30),
                         monkeypatch=monkeypatch)
    states = []
    for cell in notebook.cells:
        (output,) = cell.outputs  # one display: updated and not added to
        assert set(output.data) == {"text/plain", "text/html"}, "no widget"
        assert output.data["text/plain"] in output.data["text/html"]
        states.append(output.data["text/plain"])
    assert states[0].startswith("100 %, 40 of 40 iterations, loss ")
    assert re.search(r"75 %, 30 of 40 .*, stopped after 0:01", states[1])
    assert "width:75%" in notebook.cells[1].outputs[0].data["text/html"]


def test_the_loss_beside_the_bar_is_fresh_and_smooth(clock):
    bar = progress.Progress(total=100, done=0)
    bar.update(loss=50.0)
    assert "loss 50" in bar.line()  # the first one, and not a blend with zero
    losses = []
    for i in range(60):
        bar.update(loss=10.0 + (-1) ** i)
        losses.append(bar.loss)
    assert max(losses[-2:]) - min(losses[-2:]) < 0.3  # the losses themselves jump by 2
    assert 10 < losses[-1] < 13
    assert all(a != b for a, b in zip(losses, losses[1:]))


def test_the_time_left_counts_only_what_this_call_did(clock):
    bar = progress.Progress(total=1000, done=500)
    clock.seconds += 10
    for _ in range(100):
        bar.update(loss=1.0)
    assert bar.line() == "60 %, 600 of 1000 iterations, loss 1, 0:40 left (10/s)"
    clock.seconds += 3590
    assert bar.line(over=True).endswith("stopped after 1:00:00 (0.0278/s)")


def test_a_short_run_shows_no_bar(clock):
    bar = progress.Progress(total=2, done=0)
    shown = []
    bar._show = lambda over=False: shown.append((bar.done, over))
    with bar:
        bar.update(loss=1.0)
        clock.seconds += progress.DELAY / 2
        bar.update(loss=1.0)
    assert shown == []


def test_a_long_run_is_shown_at_intervals_and_at_its_end(clock):
    bar = progress.Progress(total=1000, done=0)
    shown = []
    bar._show = lambda over=False: shown.append((bar.done, over))
    with bar:
        clock.seconds += progress.DELAY
        for _ in range(10):
            clock.seconds += progress.REFRESH / 4.9
            bar.update(loss=1.0)
    assert shown == [(1, False), (6, False), (10, True)]


def test_a_terminal_keeps_printed_lines_apart_from_the_bar(clock, capsys, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.delenv("CS231N_NO_PROGRESS", raising=False)
    with progress.progress_bar(total=4, done=0) as bar:
        clock.seconds += 2
        for _ in range(4):
            clock.seconds += 1
            bar.write("a line")
            bar.update(loss=3.0)
    assert capsys.readouterr().out == "a line\n" * 4
    states = terminal.getvalue().split("\r")
    assert max(map(len, states)) <= 90
    assert states[-1].rstrip() == ("[" + "#" * 10 + "] 100 %, 4 of 4 iterations, loss 3, "
                                   "done after 0:06 (0.667/s)")
    assert states[-1].endswith("\n")


def test_no_bar_where_it_is_switched_off_or_nobody_looks(monkeypatch):
    monkeypatch.delenv("CS231N_NO_PROGRESS", raising=False)
    assert type(progress.progress_bar(1, 0)) is progress.Progress  # stderr is no terminal here
    monkeypatch.setattr(progress, "running_shell", lambda: types.SimpleNamespace(user_ns={}))
    assert type(progress.progress_bar(1, 0)) is progress.NotebookProgress
    assert type(progress.progress_bar(1, 0, hidden=True)) is progress.Progress
    monkeypatch.setenv("CS231N_NO_PROGRESS", "1")
    assert type(progress.progress_bar(1, 0)) is progress.Progress


# ---- Stop ---------------------------------------------------------------------------------------

STOPPED_RUN = """
import signal
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.captioning_solver import CaptioningSolver
from cs231n.coco_utils import load_coco_data, EMOJI_SCENES
data = load_coco_data(EMOJI_SCENES, max_train=20)
model = CaptioningRNN(data["word_to_idx"], 512, wordvec_dim=4, hidden_dim=4)
my_solver = CaptioningSolver(model, data, batch_size=5, num_epochs=2)
whole_loss = model.loss
def loss(*args):
    if my_solver.iteration == 2:
        signal.raise_signal(signal.SIGINT)
    return whole_loss(*args)
model.loss = loss
my_solver.train()
print("the rest of the cell")
"""


def test_in_a_notebook_a_stop_ends_the_run_and_says_how_to_go_on(monkeypatch):
    notebook = run_cells(STOPPED_RUN, "print('behind')", monkeypatch=monkeypatch)
    printed = "".join(output.get("text", "") for output in notebook.cells[0].outputs)
    assert "To go on, call my_solver.train() in a new cell." in printed
    assert "the rest of the cell" not in printed
    error = notebook.cells[0].outputs[-1]
    assert error.ename == "TrainingStopped" and len(error.traceback) == 1  # one line
    assert notebook.cells[1].outputs == []  # an error ends a Run All

    goes_on = run_cells(STOPPED_RUN.replace("\nmy_solver.train()", "\ntry:\n    my_solver.train()\n"
                                            "except KeyboardInterrupt:\n    pass"),
                        "my_solver.train(); print(my_solver.iteration, my_solver.finished)",
                        monkeypatch=monkeypatch)
    assert "8 True" in goes_on.cells[1].outputs[-1].text
