"""`python -m cs231n.train --engine torch`: one run, whichever engine computes it, and how many."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from cs231n import train, training_pytorch
from cs231n.checkpoints import read_checkpoint, sole_writer
from cs231n.coco_utils import EMOJI_SCENES
from cs231n.processes_pytorch import Processes

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--data", str(EMOJI_SCENES), "--max-train", "75", "--hidden", "8", "--wordvec", "8",
         "--batch-size", "25", "--epochs", "6", "--eval-every", "6", "--eval-size", "20",
         "--checkpoint-every", "5", "--final-size", "0", "--lr-decay", "0.9"]
TORCH = ["--engine", "torch", "--device", "cpu"]


def run_of(path):
    return read_checkpoint(path)


def assert_same(a, b, rtol=1e-4):
    """Whether two checkpoints hold the same run, to float accuracy."""
    np.testing.assert_allclose(a["loss_history"], b["loss_history"], rtol=rtol)
    np.testing.assert_allclose(a["val_loss_history"], b["val_loss_history"], rtol=rtol)
    # A key's bias shifts all scores of a query alike: its gradient is zero but for rounding, of
    # which Adam makes whole steps.
    names = [name for name in a["params"] if not name.endswith("_b_key")]
    for name in names:
        value = a["params"][name]
        np.testing.assert_allclose(value, b["params"][name], rtol=1e-3, atol=2e-5, err_msg=name)
    for name in names:
        config = a["optim_configs"][name]
        assert config.keys() == b["optim_configs"][name].keys()
        for key, value in config.items():
            np.testing.assert_allclose(value, b["optim_configs"][name][key], rtol=2e-3, atol=1e-4)
    np.testing.assert_array_equal(a["random_state"]["keys"], b["random_state"]["keys"])


@pytest.mark.parametrize("options", [
    ["--cell", "lstm", "--clip-norm", "5"], ["--model", "attention"],
    ["--model", "transformer", "--heads", "2"], ["--rule", "sgd_momentum"],
], ids=" ".join)
def test_both_engines_train_alike(options, tmp_path, capsys):
    for name, engine in (("numpy", []), ("torch", TORCH)):
        assert train.main([*SMALL, *options, *engine, "--checkpoint", str(tmp_path / name)]) == 0
    numpy, pytorch = (run_of(tmp_path / name) for name in ("numpy", "torch"))
    assert_same(numpy, pytorch)
    assert numpy["model"] == pytorch["model"] and numpy["settings"] == pytorch["settings"]
    assert len(pytorch["loss_history"]) == 18


@pytest.mark.parametrize("first, second", [([], TORCH), (TORCH, []), (TORCH, TORCH)],
                         ids=["NumPy, PyTorch", "PyTorch, NumPy", "PyTorch, PyTorch"])
def test_either_engine_goes_on_with_the_others_run(first, second, tmp_path):
    options = [*SMALL, "--cell", "lstm"]
    assert train.main([*options, "--checkpoint", str(tmp_path / "alone")]) == 0
    run = ["--checkpoint", str(tmp_path / "run")]
    assert train.main([*options, *first, *run, "--epochs", "3"]) == 0
    assert train.main([*run, "--resume", *second, "--epochs", "6", "--final-size", "0"]) == 0
    alone, resumed = run_of(tmp_path / "alone"), run_of(tmp_path / "run")
    # Validations also happen at the end of a run, where the other has none.
    resumed["val_loss_history"] = [
        loss for i, loss in zip(resumed["val_iterations"], resumed["val_loss_history"])
        if i in alone["val_iterations"]]
    assert_same(alone, resumed)


def test_it_scores_what_it_trained(capsys):
    assert train.main([*SMALL, *TORCH, "--epochs", "1", "--final-size", "20"]) == 0
    assert "ordinary scenes" in capsys.readouterr().out


def test_bf16_trains_about_alike_and_keeps_float32(tmp_path):
    for name, extra in (("float32", []), ("bf16", ["--precision", "bf16"])):
        assert train.main([*SMALL, *TORCH, *extra, "--checkpoint", str(tmp_path / name)]) == 0
    exact, rough = (run_of(tmp_path / name) for name in ("float32", "bf16"))
    np.testing.assert_allclose(rough["loss_history"], exact["loss_history"], rtol=0.03)
    assert np.abs(rough["loss_history"] - exact["loss_history"]).max() > 1e-4  # it was another
    assert {value.dtype for value in rough["params"].values()} == {np.dtype(np.float32)}


def test_ctrl_c_stops_in_order_and_the_run_goes_on(tmp_path, monkeypatch, capsys):
    alone, stopped = ["--checkpoint", str(tmp_path / "alone")], tmp_path / "stopped"
    assert train.main([*SMALL, *TORCH, *alone]) == 0
    take_step = training_pytorch.TorchSolver._step

    def step(self):
        if self.iteration == 7:
            signal.raise_signal(signal.SIGINT)
        take_step(self)

    monkeypatch.setattr(training_pytorch.TorchSolver, "_step", step)
    assert train.main([*SMALL, *TORCH, "--checkpoint", str(stopped)]) == 130
    assert "Stopped after iteration 8 of 18; everything is kept." in capsys.readouterr().out
    monkeypatch.undo()
    assert train.main([*TORCH, "--checkpoint", str(stopped), "--resume", "--final-size", "0"]) == 0
    assert_same(run_of(alone[1]), run_of(stopped), rtol=1e-6)


def test_a_learning_rate_that_is_too_high_ends_in_one_sentence(capsys):
    assert train.main([*SMALL, *TORCH, "--rule", "sgd", "--learning-rate", "1e9"]) == 1
    [error] = capsys.readouterr().err.splitlines()
    assert "the learning rate 1e+09 is likely too high" in error


@pytest.mark.parametrize("options, words", [
    (["--device", "gpu"], "--device is 'gpu', expected auto, cpu, cuda, mps"),
    (["--device", "meta"], "--device is 'meta', expected"),
    (["--device", "cuda"], "--device cuda: PyTorch .* finds no NVIDIA GPU here"),
    (["--device", "mps"], "--device mps: PyTorch finds no GPU of Apple's here"),
])
def test_a_device_that_is_not_there_is_one_sentence(options, words, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert train.main([*SMALL, "--engine", "torch", *options]) == 1
    [error] = capsys.readouterr().err.splitlines()
    assert re.search(words, error)


def test_each_process_gets_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: None)
    for name, value in (("RANK", "5"), ("WORLD_SIZE", "8"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    assert training_pytorch.pick_device("auto") == torch.device("cuda:1")
    with pytest.raises(ValueError, match="several processes cannot share one device"):
        training_pytorch.pick_device("cuda:0")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ValueError, match="would be GPU 2, but there are only 2"):
        training_pytorch.pick_device("auto")


def test_without_a_compiler_compile_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(training_pytorch.shutil, "which", lambda name: None)
    assert train.main([*SMALL, *TORCH, "--compile"]) == 1
    [error] = capsys.readouterr().err.splitlines()
    assert "--compile needs a C++ compiler" in error


def test_a_compiler_that_fails_is_one_sentence(monkeypatch, capsys):
    def compiler(graph, inputs):
        raise ImportError("half.so: file too short")

    monkeypatch.setattr(training_pytorch, "check_compiler", lambda device: None)
    monkeypatch.setattr(training_pytorch.CaptioningModule, "compile",
                        lambda self: torch.nn.Module.compile(self, backend=compiler))
    torch.compiler.reset()
    assert train.main([*SMALL, *TORCH, "--compile"]) == 1
    [error] = capsys.readouterr().err.splitlines()
    assert "--compile: PyTorch's compiler failed" in error and "file too short" in error


@pytest.mark.parametrize("options, words", [
    (["--device", "cpu"], "--device needs --engine torch"),
    (["--compile"], "--compile needs --engine torch"),
    (["--engine", "torch", "--plain"], "--plain is of the NumPy engine"),
])
def test_options_of_the_other_engine_are_refused(options, words, capsys):
    with pytest.raises(SystemExit) as end:
        train.main([*SMALL, *options])
    assert end.value.code == 2 and words in capsys.readouterr().err


def test_numpy_trains_in_one_process_only(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SystemExit):
        train.main(SMALL)
    assert "NumPy trains in one: add --engine torch" in capsys.readouterr().err


# ---- Several processes --------------------------------------------------------------------------

def torchrun(count, *arguments):
    """Start processes that meet on this machine and nowhere else; returns what came out."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(count),
               "--master-addr", "127.0.0.1", "--master-port", str(port), *arguments]
    env = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    env |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": loopback}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True,
                          encoding="utf-8", timeout=300)


def sentences(result):
    """The lines in which the command itself says why it ended."""
    return [line for line in result.stderr.splitlines()
            if line.startswith("python -m cs231n.train: ")]


only_where_gloo_is = pytest.mark.skipif(
    sys.platform == "win32" or not torch.distributed.is_available(),
    reason="torchrun needs Linux or macOS")


def test_shares_cover_a_minibatch_and_differ_by_one_at_most():
    for count in (1, 2, 3, 7):
        processes, rows = Processes(), []
        processes.count = count
        for processes.rank in range(count):
            rows.append(list(range(25))[processes.share(25)])
        assert sum(rows, []) == list(range(25))
        assert max(map(len, rows)) - min(map(len, rows)) <= 1


@only_where_gloo_is
def test_killed_with_two_processes_the_run_goes_on_with_one_and_then_two(tmp_path):
    """No iteration is lost beyond the last checkpoint, and the curve is that of one process."""
    options = [*SMALL, "--cell", "lstm", "--clip-norm", "5"]
    alone, run = str(tmp_path / "alone"), ["--checkpoint", str(tmp_path / "run")]
    assert train.main([*options, *TORCH, "--checkpoint", alone]) == 0

    killed = torchrun(2, "tests/helpers/killed_process.py", "1", "8", *options, *TORCH, *run)
    assert killed.returncode != 0
    [sentence] = sentences(killed)
    assert "another of the 2 processes of this run has ended" in sentence
    assert "holds iteration 5: the same command with --resume goes on" in sentence
    assert len(run_of(run[1])["loss_history"]) == 5

    with_one = [*run, "--resume", *TORCH, "--final-size", "0", "--epochs", "4"]
    assert train.main(with_one) == 0
    assert len(run_of(run[1])["loss_history"]) == 12
    with_two = torchrun(2, "-m", "cs231n.train", *run, "--resume", *TORCH, "--final-size", "0",
                        "--epochs", "6")
    assert with_two.returncode == 0, with_two.stderr
    assert with_two.stdout.count("Resumed at iteration 12 of 18.") == 1
    assert_same(run_of(alone), run_of(run[1]))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "alone.npz", "alone.previous.npz", "run.npz", "run.previous.npz"]


@only_where_gloo_is
def test_what_is_wrong_for_all_processes_is_said_once(tmp_path):
    path = tmp_path / "run.npz"
    with sole_writer(path):
        result = torchrun(2, "-m", "cs231n.train", *SMALL, *TORCH, "--checkpoint", str(path))
    assert result.returncode != 0
    [sentence] = sentences(result)
    assert "is in use by process" in sentence
