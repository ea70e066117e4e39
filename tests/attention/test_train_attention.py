"""`python -m cs231n.train --model`: captioners with attention, their checkpoints, their report."""

import pytest

from cs231n import train
from cs231n.scenes.bundled import FOLDER

SMALL = ["--data", str(FOLDER), "--max-train", "60", "--batch-size", "20", "--wordvec", "8",
         "--hidden", "8", "--epochs", "2", "--eval-size", "10", "--final-size", "10",
         "--eval-every", "3"]


def run(capsys, *words):
    code = train.main([*SMALL, *map(str, words)])
    written = capsys.readouterr()
    return code, written.out, written.err


@pytest.mark.parametrize("words", [
    ["--model", "attention"], ["--model", "attention", "--cell", "lstm", "--plain"],
    ["--model", "transformer", "--heads", 2, "--layers", 1],
    ["--model", "transformer", "--plain", "--heads", 4]])
def test_it_trains_keeps_and_goes_on(capsys, tmp_path, words):
    path = tmp_path / "run"
    code, out, err = run(capsys, *words, "--checkpoint", path, "--beam", 2)
    assert code == 0, err
    assert "BLEU-4" in out and "nothing to hold the looking against" in out
    code, out, err = run(capsys, "--checkpoint", path, "--resume", "--epochs", 3)
    assert code == 0, err  # the kind of model and its sizes come from the checkpoint


def test_a_resumed_run_ends_as_one_that_was_never_interrupted(capsys, tmp_path):
    words = ["--model", "transformer", "--heads", 2]
    run(capsys, *words, "--checkpoint", tmp_path / "whole", "--epochs", 4)
    run(capsys, *words, "--checkpoint", tmp_path / "parts", "--epochs", 2)
    run(capsys, "--checkpoint", tmp_path / "parts", "--resume", "--epochs", 4)
    whole, parts = (train.read_run(tmp_path / name) for name in ("whole", "parts"))
    assert whole["loss_history"] == pytest.approx(parts["loss_history"], abs=0)
    for name, value in whole["params"].items():
        assert (value == parts["params"][name]).all()


@pytest.mark.parametrize("words, says", [
    (["--model", "vector"], "--model is vector, but was transformer"),
    (["--heads", 4], "--heads is 4, but was 2"),
    (["--layers", 3], "--layers is 3, but was 2")])
def test_another_model_than_that_of_the_checkpoint_is_refused(capsys, tmp_path, words, says):
    made = ["--model", "transformer", "--heads", 2, "--checkpoint", tmp_path / "run"]
    run(capsys, *made, "--final-size", 0)
    code, _, err = run(capsys, *words, "--checkpoint", tmp_path / "run", "--resume")
    assert code == 1 and says in err


def test_heads_that_do_not_fit_are_told(capsys):
    code, _, err = run(capsys, "--model", "transformer", "--heads", 3)
    assert code == 1 and "wordvec_dim is 8, which 3 heads cannot share" in err


def test_looking_is_part_of_the_report(capsys, monkeypatch):
    monkeypatch.setattr(train, "look_table", lambda *args: f"looked over {len(args[2])} scenes")
    _, out, _ = run(capsys, "--model", "attention")
    assert "looked over 10 scenes" in out
    _, out, _ = run(capsys)
    assert "looked" not in out


@pytest.mark.parametrize("words, size", [
    (["--model", "transformer"], 50), (["--model", "attention"], 100),
    (["--model", "transformer", "--batch-size", 30], 30)])
def test_a_transformer_takes_smaller_minibatches_unless_told_otherwise(capsys, tmp_path, words,
                                                                       size):
    path = str(tmp_path / "run")
    code = train.main(["--data", str(FOLDER), "--max-train", "60", "--wordvec", "8",
                       "--hidden", "8", "--epochs", "1", "--final-size", "0",
                       "--checkpoint", path, *map(str, words)])
    assert code == 0, capsys.readouterr().err
    assert train.read_run(path)["settings"]["batch_size"] == size
    code = train.main(["--resume", "--checkpoint", path, "--epochs", "2", "--final-size", "0"])
    assert code == 0, capsys.readouterr().err
    assert train.read_run(path)["settings"]["batch_size"] == size
