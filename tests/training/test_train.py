"""The command that trains, as a user runs it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cs231n import train
from cs231n.checkpoints import read_checkpoint

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
