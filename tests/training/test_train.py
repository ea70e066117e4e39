"""The command that trains, as a user runs it."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import stand_in

from cs231n import train
from cs231n.captioning_solver import CaptioningSolver
from cs231n.checkpoints import read_checkpoint, sole_writer, write_checkpoint
from cs231n.coco_utils import load_coco_data

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--data", str(ROOT / "datasets" / "emoji_scenes"), "--max-train", "60", "--hidden", "8",
         "--wordvec", "8", "--batch-size", "20", "--epochs", "4", "--eval-size", "20",
         "--final-size", "0"]


def test_help_names_every_option_and_fits_a_terminal():
    result = subprocess.run([sys.executable, "-m", "cs231n.train", "--help"], cwd=ROOT,
                            capture_output=True, text=True, encoding="utf-8",
                            env={**os.environ, "COLUMNS": "80"})
    assert result.returncode == 0 and result.stderr == ""
    for option in ("--data", "--cell", "--rule", "--epochs", "--checkpoint", "--resume", "--beam"):
        assert option in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stdout.isascii()


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_it_trains_and_scores(cell, capsys):
    assert train.main([*SMALL, "--cell", cell, "--final-size", "20", "--beam", "2",
                       "--eval-every", "6"]) == 0
    printed = capsys.readouterr().out
    for words in ("(Iteration 1 / 12) loss:", "(Iteration 12 / 12) validation loss:", "BLEU-4",
                  "constant caption", "ordinary scenes", "kinds named per caption"):
        assert words in printed


def test_the_plain_model_and_the_fast_one_train_alike(tmp_path):
    losses = []
    for name in ("plain", "fast"):
        extra = ["--plain"] if name == "plain" else []
        assert train.main([*SMALL, *extra, "--checkpoint", str(tmp_path / name)]) == 0
        losses.append(read_checkpoint(tmp_path / name)["loss_history"])
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_resumed_after_ctrl_c_it_ends_like_a_run_left_alone(tmp_path, capsys, monkeypatch):
    alone, stopped = str(tmp_path / "alone"), str(tmp_path / "stopped")
    assert train.main([*SMALL, "--checkpoint", alone]) == 0

    run_loss, calls = train.FastCaptioningRNN.loss, []

    def loss(self, features, captions):
        calls.append(None)
        if len(calls) == 5:
            signal.raise_signal(signal.SIGINT)
        return run_loss(self, features, captions)

    monkeypatch.setattr(train.FastCaptioningRNN, "loss", loss)
    assert train.main([*SMALL, "--checkpoint", stopped, "--resume"]) == 130
    capsys.readouterr()
    assert train.main(["--status", stopped]) == 0
    assert "iteration 5 of 12 (42 %)" in capsys.readouterr().out
    assert train.main([*SMALL, "--checkpoint", stopped, "--resume"]) == 0
    assert "Resumed at iteration 5 of 12." in capsys.readouterr().out
    one, two = read_checkpoint(alone), read_checkpoint(stopped)
    np.testing.assert_array_equal(one["loss_history"], two["loss_history"])
    for name, value in one["params"].items():
        np.testing.assert_array_equal(value, two["params"][name])


@pytest.mark.parametrize("arguments, words", [
    (["--data", "no such folder"], "no such folder"),
    (["--status", "no such checkpoint"], "no such checkpoint"),
])
def test_what_cannot_be_done_is_one_line(arguments, words, capsys):
    assert train.main(arguments) == 1
    error = capsys.readouterr().err
    assert words in error and len(error.splitlines()) == 1


def test_another_runs_checkpoint_is_not_overwritten(tmp_path, capsys):
    path = tmp_path / "run.npz"
    assert train.main([*SMALL, "--checkpoint", str(path)]) == 0
    whole = path.read_bytes()
    assert train.main([*SMALL, "--checkpoint", str(path)]) == 1
    assert "--resume" in capsys.readouterr().err
    assert train.main([*SMALL, "--checkpoint", str(path), "--resume", "--hidden", "9"]) == 1
    assert "--hidden is 9, but was 8" in capsys.readouterr().err
    assert path.read_bytes() == whole


@pytest.mark.parametrize("arguments", [
    ["--epochs", "0"], ["--epochs", "2.5"], ["--learning-rate", "nan"], ["--cell", "gru"],
    ["--resume"], ["--beam", "0"],
])
def test_bad_options_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        train.main(arguments)
    assert end.value.code == 2
    assert arguments[0] in capsys.readouterr().err


# ---- Going on -----------------------------------------------------------------------------------

def test_options_that_are_left_out_are_as_the_checkpoint_says(tmp_path):
    alone, resumed = str(tmp_path / "alone"), str(tmp_path / "resumed")
    odd = [*SMALL, "--cell", "lstm", "--rule", "rmsprop", "--learning-rate", "0.003",
           "--lr-decay", "0.9", "--seed", "7", "--plain", "--clip-norm", "5"]
    assert train.main([*odd, "--epochs", "5", "--checkpoint", alone]) == 0
    assert train.main([*odd, "--epochs", "2", "--checkpoint", resumed]) == 0
    assert train.main(["--checkpoint", resumed, "--resume", "--epochs", "5", "--final-size",
                       "0"]) == 0
    one, two = read_checkpoint(alone), read_checkpoint(resumed)
    np.testing.assert_array_equal(one["loss_history"], two["loss_history"])
    assert len(one["loss_history"]) == 15
    for name, value in one["params"].items():
        np.testing.assert_array_equal(value, two["params"][name])


@pytest.mark.parametrize("options, words", [
    (["--learning-rate", "0.1"], "--learning-rate is 0.1, but was 0.002"),
    (["--rule", "sgd"], "--rule is sgd, but was adam"),
    (["--batch-size", "10"], "--batch-size is 10, but was 20"),
    (["--seed", "3"], "--seed is 3, but was 231"),
    (["--cell", "lstm"], "--cell is lstm, but was rnn"),
    (["--max-train", "50"], "--max-train is 50, but was 60"),
    (["--plain"], "--plain is True, but was not given"),
    (["--seed", "3", "--hidden", "9"], "--hidden is 9, but was 8; --seed is 3, but was 231"),
    (["--epochs", "1"], "num_epochs is 1, which would end the run at iteration 3, but .* done 12"),
])
def test_options_that_contradict_the_checkpoint_are_refused(options, words, tmp_path, capsys,
                                                            finished_run):
    path = tmp_path / "run.npz"
    path.write_bytes(finished_run)
    assert train.main(["--checkpoint", str(path), "--resume", *options]) == 1
    [error] = capsys.readouterr().err.splitlines()
    assert re.search(words, error)
    assert path.read_bytes() == finished_run


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run.npz"
    assert train.main([*SMALL, "--checkpoint", str(path)]) == 0
    return path.read_bytes()


def test_options_that_may_change_are_said(tmp_path, capsys, finished_run):
    path = tmp_path / "run.npz"
    path.write_bytes(finished_run)
    assert train.main(["--checkpoint", str(path), "--resume", "--final-size", "0", "--epochs", "5",
                       "--print-every", "1"]) == 0
    said = capsys.readouterr().out
    assert "12 of 15. From here on: num_epochs 5 (was 4), print_every 1 (was 100)." in said
    assert "(Iteration 15 / 15) loss" in said


def test_a_run_that_was_started_in_python_goes_on_here(tmp_path, capsys):
    folder, path = stand_in.write(tmp_path / "data"), str(tmp_path / "run")
    data = load_coco_data(folder)
    model = train.FastCaptioningRNN(data["word_to_idx"], stand_in.WIDTH, 6, 7, "lstm")
    CaptioningSolver(model, data, checkpoint_path=path, num_epochs=1, batch_size=8,
                     verbose=False).train()
    go_on = ["--data", str(folder), "--checkpoint", path, "--resume", "--final-size", "0"]
    assert train.main([*go_on, "--epochs", "2"]) == 0
    assert read_checkpoint(path)["iteration"] == 6
    assert train.main([*go_on, "--learning-rate", "0.1"]) == 1
    assert "does not say what it was" in capsys.readouterr().err


def test_a_foreign_checkpoint_is_one_sentence(tmp_path, capsys, finished_run):
    path = tmp_path / "run.npz"
    path.write_bytes(finished_run)
    content = read_checkpoint(path)
    write_checkpoint(path, {**content, "iteration": -3})
    for arguments in (["--status", str(path)], ["--resume", "--checkpoint", str(path)]):
        assert train.main(arguments) == 1
        [error] = capsys.readouterr().err.splitlines()
        assert "run.npz is whole, but no checkpoint of a training run: iteration is -3" in error
    write_checkpoint(path, {**content, "notes": {"seed": "x", "hidden": [3], "data": 5}})
    assert train.main([*SMALL[:2], "--resume", "--checkpoint", str(path), "--final-size", "0",
                       "--max-train", "60"]) == 0


# ---- Bad ends -----------------------------------------------------------------------------------

def test_a_model_that_cannot_be_saved_is_no_good_end(tmp_path, capsys, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "here"))
    savez, written = np.savez, []

    def full_disk(file, **arrays):
        if written:
            raise OSError(28, "No space left on device")
        written.append(savez(file, **arrays))

    monkeypatch.setattr(np, "savez", full_disk)
    path = str(tmp_path / "run")
    assert train.main([*SMALL, "--checkpoint", path, "--final-size", "20"]) == 1
    said = capsys.readouterr()
    assert "BLEU-4" in said.out  # what could be told is told
    [error] = said.err.splitlines()
    assert "the parameters of iteration 12 are NOT saved" in error
    assert read_checkpoint(path)["iteration"] == 0


def test_a_run_whose_loss_explodes_is_no_good_end(tmp_path, capfd):
    assert train.main([*SMALL, "--rule", "sgd", "--learning-rate", "1e10"]) == 1
    [error] = capfd.readouterr().err.splitlines()
    assert "the learning rate 1e+10 is likely too high" in error


def test_a_run_that_another_process_has_is_one_sentence(tmp_path, capsys, finished_run):
    path = tmp_path / "run.npz"
    path.write_bytes(finished_run)
    with sole_writer(path):
        assert train.main([*SMALL, "--checkpoint", str(path), "--resume", "--epochs", "5"]) == 1
        [error] = capsys.readouterr().err.splitlines()
        assert f"in use by process {os.getpid()} " in error
        assert train.main(["--status", str(path)]) == 0


# ---- One caption for each picture ---------------------------------------------------------------

ONE_EACH = ["--hidden", "4", "--wordvec", "4", "--batch-size", "6", "--epochs", "1"]


@pytest.fixture
def one_caption_each(tmp_path):
    folder = stand_in.write(tmp_path / "data", captions_each=1)
    with h5py.File(folder / "coco2014_captions.h5", "r+") as file:
        file["val_image_idxs"][:] = np.arange(6)
    return str(folder)


def test_one_caption_for_each_picture_is_scored_without_people(one_caption_each, capsys):
    assert train.main(["--data", one_caption_each, *ONE_EACH]) == 0
    said = capsys.readouterr().out
    assert "BLEU-4" in said and "human, other picture" in said
    assert not re.search(r"^human +\d", said, re.M)
    assert said.count("Each picture has one caption only") == 1


def test_when_the_scores_fail_the_model_is_not_lost(one_caption_each, tmp_path, capsys,
                                                    monkeypatch):
    def fail(*arguments):
        raise ZeroDivisionError("no words at all")

    monkeypatch.setattr(train, "score_table", fail)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for checkpoint in ([], ["--checkpoint", str(tmp_path / "run")]):
        assert train.main(["--data", one_caption_each, *ONE_EACH, *checkpoint]) == 1
        [error] = capsys.readouterr().err.splitlines()
        assert "could not be judged (ZeroDivisionError: no words at all)" in error
        [path] = re.findall("the trained model is in (.*)", error)
        assert read_checkpoint(path)["iteration"] == 2
    assert path == str(tmp_path / "run.npz")
    assert len(list((tmp_path / "here").iterdir())) == 1
