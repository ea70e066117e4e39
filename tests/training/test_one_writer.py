"""One process at a time writes a checkpoint, under names of its own, and where it belongs."""

import errno
import os
import secrets

import pytest
from tiny_run import make_data, make_model, make_solver, same_runs

from cs231n import locks
from cs231n.captioning_solver import CaptioningSolver
from cs231n.checkpoints import (
    CheckpointError,
    previous_path,
    read_checkpoint,
    sole_writer,
    write_checkpoint,
)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    """Here nobody gets a lock in the very moment in which another asks who has it."""
    monkeypatch.setattr(locks, "PATIENCE", 0)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def link(place, target):
    try:
        place.symlink_to(target)
    except (OSError, NotImplementedError):  # Windows asks for a privilege
        pytest.skip("links cannot be made here")


# ---- The lock -----------------------------------------------------------------------------------

def test_a_second_writer_is_told_who_the_first_is(tmp_path):
    path = tmp_path / "run.npz"
    with sole_writer(path):
        with pytest.raises(CheckpointError, match=rf"in use by process {os.getpid()} on .* since"):
            write_checkpoint(path, {"number": 1})
        with pytest.raises(CheckpointError, match="in use by"):
            make_solver(make_model(), make_data(), checkpoint_path=path).train()
        assert read_checkpoint_or_none(path) is None
        write_checkpoint(tmp_path / "other.npz", {"number": 1})
    write_checkpoint(path, {"number": 2})
    assert read_checkpoint(path)["number"] == 2
    assert names(tmp_path) == ["other.npz", "run.npz"]


def read_checkpoint_or_none(path):
    return read_checkpoint(path) if path.exists() else None


def test_training_keeps_others_out_to_its_end(tmp_path):
    path, model, refused = tmp_path / "run.npz", make_model(), []
    whole_loss = model.loss

    def loss(features, captions):
        try:
            write_checkpoint(path, {})
        except CheckpointError as error:
            refused.append(error)
        return whole_loss(features, captions)

    model.loss = loss
    make_solver(model, make_data(), checkpoint_path=path, num_epochs=1).train()
    assert len(refused) == 5  # four iterations, and the loss after the last
    assert names(tmp_path) == ["run.npz", "run.previous.npz"]


def test_the_lock_of_a_process_that_is_gone_is_taken_over(tmp_path):
    (tmp_path / "run.npz.lock").write_text("process 1 on here since 1999-01-01", encoding="utf-8")
    write_checkpoint(tmp_path / "run", {"number": 1})
    assert names(tmp_path) == ["run.npz"]


def test_a_lock_file_that_was_deleted_meanwhile_is_no_lock(tmp_path, monkeypatch):
    lock, path, times = locks._lock, tmp_path / "run.npz", []

    def lock_late(handle, *arguments):  # the holder deletes its file between open and lock
        times.append(None)
        if len(times) == 1:
            path.with_name("run.npz.lock").unlink()
        lock(handle, *arguments)

    monkeypatch.setattr(locks, "_lock", lock_late)
    with sole_writer(path), pytest.raises(CheckpointError, match="in use"):
        write_checkpoint(path, {})
    assert len(times) == 3


@pytest.mark.skipif(locks.fcntl is None, reason="Windows has no network drives of this sort")
def test_where_there_are_no_locks_it_is_said_and_goes_on(tmp_path, monkeypatch):
    def no_lock(handle):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_lock", no_lock)
    with pytest.warns(UserWarning, match="cannot lock files .*No locks available"):
        write_checkpoint(tmp_path / "run", {"number": 1})
    assert read_checkpoint(tmp_path / "run")["number"] == 1


def test_what_another_run_wrote_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "run.npz"
    early = make_solver(make_model(), make_data(), checkpoint_path=path, num_epochs=2)
    make_solver(make_model(), make_data(), checkpoint_path=path, num_epochs=1).train()
    resumed = CaptioningSolver.resume(path, make_model(), make_data(), num_epochs=2)
    another = CaptioningSolver.resume(path, make_model(), make_data(), num_epochs=3)
    another.train()
    for late in (early, resumed):
        with pytest.raises(CheckpointError, match="written by another run in the meantime"):
            late.train()
        with pytest.raises(CheckpointError, match="in the meantime"):
            late.save_checkpoint()
    assert same_runs(CaptioningSolver.resume(path, make_model(), make_data()), another)


# ---- Names --------------------------------------------------------------------------------------

def test_what_killed_writers_left_behind_is_deleted_and_nothing_else(tmp_path):
    left = ["run.npz.0123abcd.writing", "run.previous.npz.0123abcd.writing"]
    other = ["run.npz.notes.writing", "other.npz.0123abcd.writing", "run.npz.writing"]
    for name in left + other:
        (tmp_path / name).write_bytes(b"half a file")
    write_checkpoint(tmp_path / "run", {"number": 1})
    assert names(tmp_path) == sorted([*other, "run.npz"])


def test_after_a_kill_between_two_renames_nothing_is_left_behind(tmp_path):
    path = tmp_path / "run.npz"
    write_checkpoint(path, {"number": 1})
    os.link(path, previous_path(path))  # the one before had been kept, the new one was not there
    write_checkpoint(path, {"number": 2})
    assert names(tmp_path) == ["run.npz", "run.previous.npz"]
    assert read_checkpoint(previous_path(path))["number"] == 1


def test_a_link_planted_at_a_temporary_name_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    link(tmp_path / "run.npz.planted0.writing", victim)
    tokens = iter(["planted0", "00000001", "00000002"])
    monkeypatch.setattr(secrets, "token_hex", lambda size: next(tokens))
    write_checkpoint(tmp_path / "run", {"number": 1})
    assert victim.read_bytes() == b"precious"
    assert read_checkpoint(tmp_path / "run")["number"] == 1


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs O_NOFOLLOW")
def test_a_link_planted_as_lock_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    link(tmp_path / "run.npz.lock", victim)
    with pytest.raises(OSError, match="run.npz.lock"):
        write_checkpoint(tmp_path / "run", {"number": 1})
    assert victim.read_bytes() == b"precious"


def test_a_checkpoint_that_is_a_link_is_written_where_it_points(tmp_path):
    (tmp_path / "disk").mkdir()
    target = tmp_path / "disk" / "real.npz"
    link(tmp_path / "run.npz", target)
    for number in (1, 2):
        write_checkpoint(tmp_path / "run", {"number": number})
    assert (tmp_path / "run.npz").is_symlink()
    assert read_checkpoint(target)["number"] == 2
    assert read_checkpoint(previous_path(tmp_path / "run"))["number"] == 1
    assert names(tmp_path / "disk") == ["real.npz", "real.previous.npz"]
    with sole_writer(target), pytest.raises(CheckpointError, match="in use"):
        write_checkpoint(tmp_path / "run", {"number": 3})


def test_a_link_to_itself_or_to_a_folder_is_no_place_for_a_checkpoint(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    link(tmp_path / "circle.npz", tmp_path / "circle.npz")
    for name in ("folder", "circle"):
        with pytest.raises(CheckpointError, match=f"{name}.npz is no file"):
            write_checkpoint(tmp_path / name, {"number": 1})
        with pytest.raises(CheckpointError, match=f"{name}.npz is no file"):
            read_checkpoint(tmp_path / name)
    assert names(tmp_path) == ["circle.npz", "folder.npz"]


def test_without_hard_links_the_one_before_is_a_copy(tmp_path, monkeypatch):
    def no_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    for number in (1, 2):
        write_checkpoint(tmp_path / "run", {"number": number})
    assert read_checkpoint(previous_path(tmp_path / "run"))["number"] == 1
    assert names(tmp_path) == ["run.npz", "run.previous.npz"]
