"""A run is killed, cut, damaged, watched and mixed up: nothing is lost, nothing goes unnoticed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tiny_run import long_run, make_data, make_model, make_solver, same_runs

from cs231n.captioning_solver import CaptioningSolver
from cs231n.checkpoints import CheckpointError, previous_path, read_checkpoint, write_checkpoint

ROOT = Path(__file__).resolve().parents[2]


# ---- The file -----------------------------------------------------------------------------------

def test_what_is_written_is_read(tmp_path):
    content = {"name": "a \u00fc", "numbers": [1, 2.5, None], "empty": {},
               "deep": {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "rate": 0.1},
               "rate64": np.float64(0.1), "none": np.zeros((0, 3))}
    write_checkpoint(tmp_path / "new folder" / "c", content)
    read = read_checkpoint(tmp_path / "new folder" / "c.npz")
    assert read["name"] == content["name"] and read["numbers"] == content["numbers"]
    assert read["empty"] == {} and read["deep"]["rate"] == 0.1
    np.testing.assert_array_equal(read["deep"]["x"], content["deep"]["x"])
    assert read["deep"]["x"].dtype == np.float32
    assert type(read["rate64"]) is np.float64 and read["rate64"] == 0.1
    assert read["none"].shape == (0, 3)


def test_there_is_no_pickle_in_it(tmp_path):
    with pytest.raises(TypeError, match="deep/odd"):
        write_checkpoint(tmp_path / "c", {"deep": {"odd": np.array([object()])}})
    assert list(tmp_path.iterdir()) == []
    np.savez(tmp_path / "evil.npz", facts=np.array([print], dtype=object))
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(tmp_path / "evil.npz")


def test_the_one_before_is_kept(tmp_path):
    path = tmp_path / "run.npz"
    for number in range(3):
        write_checkpoint(path, {"number": number})
    assert read_checkpoint(path)["number"] == 2
    assert read_checkpoint(previous_path(path))["number"] == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.npz", "run.previous.npz"]


def test_cut_at_any_byte_it_is_refused_and_the_one_before_loads(tmp_path):
    path = tmp_path / "run.npz"
    write_checkpoint(path, {"number": 1})
    write_checkpoint(path, {"number": 2, "x": np.arange(3.0)})
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match="run.previous.npz"):
            read_checkpoint(path)
    assert read_checkpoint(previous_path(path))["number"] == 1


def test_a_changed_byte_never_changes_what_is_read(tmp_path):
    path = tmp_path / "run.npz"
    x = np.arange(3.0)
    write_checkpoint(path, {"number": 2, "x": x})
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x11]) + whole[place + 1 :])
        try:
            content = read_checkpoint(path)
        except CheckpointError:
            refused += 1
        else:  # a byte without meaning, such as the date of a member
            assert content["number"] == 2 and np.array_equal(content["x"], x)
    assert refused > len(whole) / 2


@pytest.mark.parametrize("content", [b"", b"PK", b"not a checkpoint" * 100, b"\x00" * 5000])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "other.npz").write_bytes(content)
    with pytest.raises(CheckpointError, match="other.npz is damaged"):
        read_checkpoint(tmp_path / "other.npz")


def test_an_archive_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "arrays.npz", x=np.zeros(3))
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as file:
        file.writestr("facts.npy", "hello")
    for name in ("arrays.npz", "text.npz"):
        with pytest.raises(CheckpointError, match=name):
            read_checkpoint(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint .*run.npz"):
        read_checkpoint(tmp_path / "run")


# ---- Going on -----------------------------------------------------------------------------------

@pytest.mark.parametrize("rule, cell_type", [("sgd", "rnn"), ("sgd_momentum", "lstm"),
                                             ("rmsprop", "rnn"), ("adam", "lstm")])
def test_resumed_at_any_checkpoint_the_run_is_bit_identical(tmp_path, rule, cell_type):
    settings = {"update_rule": rule, "optim_config": {"learning_rate": 2e-3}, "eval_every": 3}
    untouched = make_solver(make_model(cell_type=cell_type), make_data(), **settings)
    untouched.train()
    for stop in (0, 1, 4, 6, 40):
        model = make_model(cell_type=cell_type)
        solver = make_solver(model, make_data(), **settings)
        solver._last_iteration, solver._over = 40, False  # a run that is left in the middle
        for _ in range(stop):
            solver._step()
            solver._after_step(solver._progress_bar())
        solver.save_checkpoint(tmp_path / "run.npz")

        np.random.seed(99)
        model = make_model(seed=98, cell_type=cell_type)
        resumed = CaptioningSolver.resume(tmp_path / "run.npz", model, make_data())
        np.random.seed(97)
        resumed.train()
        assert same_runs(resumed, untouched), f"after iteration {stop}"
        for name, value in untouched.best_params.items():
            np.testing.assert_array_equal(resumed.best_params[name], value)
        (tmp_path / "run.npz").unlink()


def test_a_learning_rate_of_numpys_stays_one(tmp_path):
    settings = {"optim_config": {"learning_rate": np.float64(1e-2)}, "num_epochs": 2}
    solver = make_solver(make_model(), make_data(), **settings)
    solver.train()
    solver.save_checkpoint(tmp_path / "run.npz")
    resumed = CaptioningSolver.resume(tmp_path / "run.npz", make_model(), make_data())
    assert type(resumed.optim_configs["Wx"]["learning_rate"]) is np.float64


def test_a_finished_run_has_nothing_left_to_do(tmp_path, capsys):
    solver = make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run")
    solver.train()
    resumed = CaptioningSolver.resume(tmp_path / "run", make_model(), make_data(), verbose=True)
    assert "iteration 40 of 40" in capsys.readouterr().out
    assert resumed.finished
    resumed.train()
    assert same_runs(resumed, solver)


def test_more_epochs_on_resuming(tmp_path):
    long = make_solver(make_model(), make_data(), num_epochs=12)
    long.train()
    make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run").train()
    resumed = CaptioningSolver.resume(tmp_path / "run", make_model(), make_data(), num_epochs=12)
    resumed.train()
    assert same_runs(resumed, long)
    assert read_checkpoint(tmp_path / "run")["iteration"] == 48


def test_a_checkpoint_may_be_kept_elsewhere_on_resuming(tmp_path):
    make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "a", num_epochs=1).train()
    resumed = CaptioningSolver.resume(tmp_path / "a", make_model(), make_data(), num_epochs=2,
                                      checkpoint_path=tmp_path / "b")
    resumed.train()
    assert read_checkpoint(tmp_path / "a")["iteration"] == 4
    assert read_checkpoint(tmp_path / "b")["iteration"] == 8
    with pytest.raises(FileExistsError):
        CaptioningSolver.resume(tmp_path / "a", make_model(), make_data(),
                                checkpoint_path=tmp_path / "b")


def test_settings_that_would_make_another_run_cannot_be_changed(tmp_path):
    make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run", num_epochs=1).train()
    with pytest.raises(ValueError, match="'batch_size' cannot be changed"):
        CaptioningSolver.resume(tmp_path / "run", make_model(), make_data(), batch_size=5)


def test_a_new_run_does_not_overwrite_the_checkpoint_of_another(tmp_path):
    make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run", num_epochs=1).train()
    with pytest.raises(FileExistsError, match="CaptioningSolver.resume"):
        make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run")


def another_vocabulary():
    model = make_model()
    model.word_to_idx = {**model.word_to_idx, "ball": 5, "red": 7}
    return model


@pytest.mark.parametrize("make_other, words", [
    (lambda: make_model(hidden_dim=9), r"another model: W_proj differs \(float32 \(6, 8\) there"),
    (lambda: make_model(dtype=np.float64), "another model: W_embed differs"),
    (lambda: make_model(cell_type="lstm"), "another model: cell type differs"),
    (another_vocabulary, "another model: vocabulary differs"),
])
def test_a_checkpoint_of_another_model_is_refused(tmp_path, make_other, words):
    make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run", num_epochs=1).train()
    other = make_other()
    before = {name: value.copy() for name, value in other.params.items()}
    with pytest.raises(CheckpointError, match=words):
        CaptioningSolver.resume(tmp_path / "run", other, make_data())
    for name, value in other.params.items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("entry", ["train_captions", "train_image_idxs", "train_features",
                                   "val_features"])
def test_a_checkpoint_of_other_data_is_refused(tmp_path, entry):
    make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run", num_epochs=1).train()
    data = make_data()
    data[entry] = data[entry].copy()
    data[entry].flat[-1] += 1
    with pytest.raises(CheckpointError, match=f"other data: {entry} differs"):
        CaptioningSolver.resume(tmp_path / "run", make_model(), data)


def test_a_checkpoint_that_cannot_be_written_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OSError):
        make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "file" / "run").train()


def test_a_disk_that_fills_up_does_not_end_the_run(tmp_path, capsys, monkeypatch):
    solver = make_solver(make_model(), make_data(), checkpoint_path=tmp_path / "run",
                         checkpoint_every=10)
    solver.save_checkpoint()

    def full_disk(*arguments, **arrays):
        arguments[0].write(b"PK half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    solver.train()
    assert solver.finished
    assert "iteration 10 could not be written" in capsys.readouterr().out
    assert read_checkpoint(tmp_path / "run")["iteration"] == 0
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


def test_ctrl_c_writes_a_checkpoint_and_says_how_to_go_on(tmp_path, capsys):
    model = make_model()
    whole_loss = model.loss

    def loss(features, captions):
        if solver.iteration == 6:
            signal.raise_signal(signal.SIGINT)
        return whole_loss(features, captions)

    model.loss = loss
    solver = make_solver(model, make_data(), checkpoint_path=tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        solver.train()
    assert read_checkpoint(tmp_path / "run")["iteration"] == 7
    assert "CaptioningSolver.resume(" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_broken_model_does_not_overwrite_a_good_checkpoint(tmp_path):
    model = make_model()
    solver = make_solver(model, make_data(), checkpoint_path=tmp_path / "run", checkpoint_every=1)
    whole_loss = model.loss

    def loss(features, captions):
        value, grads = whole_loss(features, captions)
        if solver.iteration == 6:
            grads["Wx"][0, 0] = np.nan
        return value, grads

    model.loss = loss
    with pytest.raises(FloatingPointError):
        solver.train()
    good = read_checkpoint(tmp_path / "run")
    assert good["iteration"] == 6
    np.testing.assert_array_equal(good["params"]["Wx"], model.params["Wx"])


# ---- Other processes ----------------------------------------------------------------------------

def test_another_reader_sees_whole_checkpoints_only(tmp_path):
    path = tmp_path / "run"
    done, seen, problems = threading.Event(), [], []

    def watch():
        while not done.is_set():
            try:
                seen.append(read_checkpoint(path)["iteration"])
            except FileNotFoundError:
                pass
            except CheckpointError as error:
                problems.append(str(error))

    watcher = threading.Thread(target=watch)
    watcher.start()
    make_solver(make_model(), make_data(), num_epochs=10, checkpoint_path=path,
                checkpoint_every=1).train()
    done.set()
    watcher.join()
    assert problems == []
    assert seen == sorted(seen) and len(set(seen)) > 3


def start_run(path):
    """Start a process that trains; return its number and a function that waits for its end."""
    if hasattr(os, "fork"):  # a copy of this process starts in no time
        number = os.fork()
        if number == 0:
            try:
                long_run(path).train()
                os._exit(0)
            finally:
                os._exit(1)
        return number, lambda: os.waitpid(number, 0)[1]
    process = subprocess.Popen([sys.executable, str(ROOT / "tests" / "tiny_run.py"), str(path)],
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    return process.pid, process.wait


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_killed_at_thirty_random_moments_the_run_is_bit_identical(tmp_path):
    start = time.perf_counter()
    untouched = long_run(tmp_path / "untouched")
    untouched.train()
    seconds = time.perf_counter() - start

    path, moments = tmp_path / "killed.npz", random.Random(5)
    for kill in range(30):
        number, wait = start_run(path)
        time.sleep(moments.uniform(0, seconds / 20))
        os.kill(number, getattr(signal, "SIGKILL", signal.SIGTERM))
        assert wait() != 0, f"the run was over before kill {kill + 1}"
        if path.exists():
            read_checkpoint(path)
    _, wait = start_run(path)
    assert wait() == 0
    killed = long_run(path)
    assert killed.finished and same_runs(killed, untouched) and killed.iteration == 240
