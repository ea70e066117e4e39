"""When a run cannot be saved: a second place, one true sentence, and never a good end."""

import signal
import tempfile

import numpy as np
import pytest
from tiny_run import make_data, make_model, make_solver, same_runs

from cs231n.captioning_solver import CaptioningSolver
from cs231n.checkpoints import read_checkpoint
from cs231n.keeping import NotSaved


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A function that fills up some of three folders: `run`, `here` (the current), `temporary`."""
    for name in ("run", "here", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    savez = np.savez

    def fill(*names):
        def savez_unless_full(file, **arrays):
            if any(f"{tmp_path / name}" in file.name for name in names):
                file.write(b"PK half of it")
                raise OSError(28, "No space left on device")
            savez(file, **arrays)

        monkeypatch.setattr(np, "savez", savez_unless_full)

    return fill


def start(tmp_path, **changes):
    solver = make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run" / "run",
                         checkpoint_every=10, **changes)
    solver.save_checkpoint()
    return solver


def test_a_disk_that_is_full_for_a_while_does_not_end_the_run(tmp_path, disk, capsys):
    solver = start(tmp_path)
    solver.model.loss = at_call(solver.model, {5: lambda: disk("run"), 25: disk})
    solver.train()
    assert solver.finished
    assert capsys.readouterr().out.splitlines() == [
        f"The checkpoint of iteration {t} could not be written (No space left on device); "
        "training goes on." for t in (10, 20)]
    assert read_checkpoint(tmp_path / "run" / "run")["iteration"] == 40
    assert read_checkpoint(tmp_path / "run" / "run.previous")["iteration"] == 30


@pytest.mark.parametrize("full, place", [(["run"], "here"), (["run", "here"], "temporary")])
def test_at_the_end_a_full_disk_leaves_the_model_in_a_second_place(tmp_path, disk, full, place):
    solver = start(tmp_path)
    disk(*full)
    with pytest.raises(NotSaved, match=r"run.npz could not be written \(No space") as said:
        solver.train()
    [rescued] = (tmp_path / place).iterdir()
    assert f"All of iteration 40 is in {rescued} instead" in str(said.value)
    assert "run.npz holds iteration 0" in str(said.value)
    assert same_runs(CaptioningSolver.resume(rescued, make_model(), make_data()), solver)


def test_with_no_place_at_all_it_says_that_the_parameters_are_not_saved(tmp_path, disk):
    solver = start(tmp_path)
    disk("run", "here", "temporary")
    with pytest.raises(NotSaved, match="parameters of iteration 40 are NOT saved"):
        solver.train()
    files = [file.name for file in tmp_path.rglob("*") if file.is_file()]
    assert files == ["run.npz"] and solver.finished
    disk()
    solver.save_checkpoint()  # the model was in memory all the time
    assert read_checkpoint(tmp_path / "run" / "run")["iteration"] == 40


def test_parameters_that_are_not_finite_are_not_saved_and_it_is_said(tmp_path):
    solver = start(tmp_path)
    word = solver.model.word_to_idx["<NULL>"]  # no loss depends on what follows it
    solver.model.loss = at_call(solver.model, {40: lambda: break_row(solver.model, word)})
    with pytest.raises(NotSaved, match="are NOT saved .*not all finite.*holds iteration 30"):
        solver.train()
    assert read_checkpoint(tmp_path / "run" / "run")["iteration"] == 30


def break_row(model, word):
    model.params["W_embed"][word] = np.nan
    whole_loss = type(model).loss
    model.loss = lambda features, captions: (1.0, whole_loss(model, features, captions)[1])


@pytest.mark.parametrize("full, words", [
    (["run"], "All of iteration 7 is in "),
    (["run", "here", "temporary"], "parameters of iteration 7 are NOT saved"),
])
def test_ctrl_c_on_a_full_disk_says_one_true_thing(tmp_path, disk, capsys, full, words):
    solver = start(tmp_path)
    disk(*full)
    solver.model.loss = at_call(solver.model, {7: lambda: signal.raise_signal(signal.SIGINT)})
    solver.train()
    [said] = capsys.readouterr().out.splitlines()
    assert said.startswith("Stopped after iteration 7 of 40. ") and words in said
    assert "everything is kept" not in said and "goes on" not in said


def at_call(model, actions):
    """A loss that does something when it is called for the given time."""
    whole_loss, calls = model.loss, []

    def loss(features, captions):
        calls.append(None)
        actions.get(len(calls), lambda: None)()
        return whole_loss(features, captions)

    return loss


def test_a_validation_that_fails_at_the_end_takes_nothing_with_it(tmp_path):
    solver = start(tmp_path, eval_every=40)

    def fail(model):
        raise RuntimeError("no judge today")

    solver._validation.share_true = fail
    with pytest.raises(RuntimeError, match="no judge today"):
        solver.train()
    assert read_checkpoint(tmp_path / "run" / "run")["iteration"] == 40
