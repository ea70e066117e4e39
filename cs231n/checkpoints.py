"""Checkpoints: all that a run needs to go on, in one file that is whole or is refused.

A checkpoint holds a nested dictionary. Its arrays go into an `.npz` file, each under its path
(`params/Wx`), and the rest beside them as JSON text, in the array `facts`. It contains no pickle,
so reading one runs no code of its author's, and `np.load` opens it.

It is written beside its place, under a name that no other process has, and renamed: a process
killed at any moment leaves the old file or the new one, and another may read it at any moment. The
one before is kept too, as `NAME.previous.npz`. One process at a time may write (`sole_writer`).
"""

import contextlib
import io
import json
import os
import secrets
import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from cs231n import locks
from cs231n.whole_files import delete_unfinished, replacing, to_disk

FORMAT = "cs231n checkpoint 1"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used: it is damaged, in use, or belongs to something else."""


# ---- Where it lies ------------------------------------------------------------------------------

def full_path(path):
    """The path of a checkpoint; a name without `.npz` gets it."""
    path = Path(path)
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")


def real_path(path):
    """Where a checkpoint is read and written: a name that is a link stands for what it points to.

    Raises:
        CheckpointError: the link leads in a circle, or to something that is no ordinary file.
    """
    path = full_path(path)
    real = Path(os.path.realpath(path))
    if real.is_symlink() or (real.exists() and not real.is_file()):
        raise CheckpointError(f"{path} is no file: name another place for the checkpoint.")
    return real


def previous_path(path):
    """Where the checkpoint before the one at `path` is kept."""
    path = real_path(path)
    return path.with_name(path.stem + ".previous.npz")


def file_state(path):
    """What tells a checkpoint from one that replaces it later; None where there is none."""
    try:
        state = os.stat(real_path(path))
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size


# ---- Writing ------------------------------------------------------------------------------------

@contextlib.contextmanager
def sole_writer(path):
    """While it is entered, no other process, and no other thread, can write this checkpoint.

    Raises:
        CheckpointError: another is writing it.
    """
    path = real_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(locks.sole_writer(path))
        except locks.LockHeld as error:
            raise CheckpointError(f"{path} is in use by {error}: wait until it ends, or stop it, "
                                  "or name another file.") from error
        if held:  # then whoever left an unfinished file here is gone
            delete_unfinished(path)
            delete_unfinished(previous_path(path))
        yield


def write_checkpoint(path, content, locked=False):
    """Write a checkpoint, and keep the one that was there as the one before.

    Args:
        path: where; a name without `.npz` gets it.
        content: a dictionary of arrays, of what JSON can hold, and of further such dictionaries.
        locked: whether the caller is in `sole_writer(path)` already.

    Raises:
        OSError: it cannot be written; what was there still is.
        CheckpointError: another process is writing it.
    """
    arrays = {}
    facts = _take_arrays(content, "", arrays)
    facts.update(format=FORMAT, arrays=sorted(arrays))
    text = json.dumps(facts).encode("utf-8")
    with contextlib.nullcontext() if locked else sole_writer(path):
        path = real_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            with open(beside, "wb") as file:
                _savez(file, facts=np.frombuffer(text, dtype=np.uint8), **arrays)
                to_disk(file)
            if path.exists():
                _keep_as(path, previous_path(path))


def _savez(file, **arrays):
    """What `np.savez` does; but when the disk is full, older ones leave their zip file open."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def write_elsewhere(path, content):
    """Try to write a checkpoint that cannot be written to `path` into another folder.

    Returns:
        written: the path of the new file; None if it could not be written anywhere.
        folders: where it was tried: the current folder, and the one for temporary files.
    """
    name = f"{full_path(path).stem}.rescued-{secrets.token_hex(4)}.npz"
    folders = list(dict.fromkeys([Path.cwd(), Path(tempfile.gettempdir())]))
    for folder in folders:
        with contextlib.suppress(OSError, MemoryError):
            write_checkpoint(folder / name, content)
            return folder / name, folders
    return None, folders


def _keep_as(path, before):
    """Give a file a second name. Where the disk cannot do that, copy it."""
    with replacing(before) as beside:
        try:
            beside.unlink()
            os.link(path, beside)  # takes no room, so a disk that is nearly full suffices
        except OSError:
            with open(path, "rb") as old, open(beside, "wb") as file:
                shutil.copyfileobj(old, file)
                to_disk(file)


def _take_arrays(content, path, arrays):
    """Move the arrays of a nested dictionary into `arrays`, by their path; return what is left."""
    rest = {}
    for name, value in content.items():
        if isinstance(value, dict):
            rest[name] = _take_arrays(value, f"{path}{name}/", arrays)
        elif not isinstance(value, (np.ndarray, np.generic)):
            rest[name] = value
        elif np.asarray(value).dtype.hasobject:  # NumPy would pickle it
            raise TypeError(f"a checkpoint cannot hold {path}{name}: it is of type {value.dtype}")
        else:
            arrays[path + name] = np.asarray(value)
    return rest


# ---- Reading ------------------------------------------------------------------------------------

def read_checkpoint(path, check=None):
    """Read a checkpoint, whole, and return its content: the dictionary that was written.

    Args:
        path: where it is.
        check: a function of `facts`, all that is not an array, and `kinds`, the dtype and the shape
            of each array by its path. It is called before memory is taken for the arrays, and
            raises what it objects to.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is cut off or damaged, or is no checkpoint.
    """
    path = real_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        with open(path, "rb") as opened, zipfile.ZipFile(opened) as file:
            members = _members(file, path.stat().st_size)
            content = json.loads(_read_array(file, members.pop("facts")).tobytes())
            kinds = {name: _kind(file, member) for name, member in members.items()}
            if content.pop("format") != FORMAT:
                raise ValueError("it is of another version")
            if content.pop("arrays") != sorted(kinds):
                raise ValueError("arrays are missing")
            if check is not None:
                check(content, kinds)
            for name, member in members.items():
                _put_array(content, name, _read_array(file, member))
    except (PermissionError, CheckpointError):
        raise
    # A damaged file makes these libraries stumble in many ways; the sentence is the same.
    except Exception as error:
        raise CheckpointError(f"{path} is damaged, or no checkpoint ({_in_brief(error)})."
                              f"{advice(path)}") from error
    return content


def _members(file, file_size):
    """The members of a zip file by name; they are as long as they say, or are refused.

    They are stored without compression, so together they cannot be longer than the file. Nothing
    needs more memory than the file takes on the disk.
    """
    members = file.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ValueError("a part of it is compressed")
    if sum(member.file_size for member in members) > file_size:
        raise ValueError("its parts are longer than the file")
    by_name = {member.filename.removesuffix(".npy"): member for member in members}
    if len(by_name) < len(members):
        raise ValueError("two parts of it have the same name")
    if file.testzip() is not None:  # compares each part with the checksum beside it
        raise ValueError(f"{file.testzip()} is not what was written")
    return by_name


def _kind(file, member):
    """The dtype and the shape of an array, from its header; its length must agree with them."""
    with file.open(member) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{member.filename} is of another version")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        size = member.file_size - stream.tell()
    count = 1
    for length in shape:
        count *= length  # as Python's whole numbers, which do not overflow
    if dtype.hasobject or min(shape, default=0) < 0 or count * dtype.itemsize != size:
        raise ValueError(f"{member.filename} does not hold what it says")
    return dtype, shape


def _read_array(file, member):
    _kind(file, member)  # NumPy would take the memory first
    return np.load(io.BytesIO(file.read(member)), allow_pickle=False)


def _put_array(content, path, array):
    """Put an array back where `_take_arrays` found it; without axes it becomes a number again."""
    *parents, name = path.split("/")
    for parent in parents:
        content = content[parent]
    content[name] = array[()]


def advice(path):
    """The sentence that names the checkpoint before, if it is there."""
    before = previous_path(path)
    return f" The one before it is {before}: resume from that." if before.is_file() else ""


def _in_brief(error):
    text = " ".join(str(error).split()) or type(error).__name__
    text = text if len(text) <= 100 else f"{text[:100]} ..."
    return text.encode("ascii", "backslashreplace").decode("ascii")
