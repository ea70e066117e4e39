"""Checkpoints: all that a run needs to go on, in one file that is whole or is refused.

A checkpoint holds a nested dictionary. Its arrays go into an `.npz` file, each under its path
(`params/Wx`), and the rest beside them as JSON text, in the array `facts`. It contains no pickle,
so reading one runs no code of its author's, and `np.load` opens it.

It is written beside its place and renamed, so a process killed at any moment leaves the old file or
the new one, and another process may read it at any moment. The one before is kept too, as
`NAME.previous.npz`.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import time
import zipfile
from pathlib import Path

import numpy as np

FORMAT = "cs231n checkpoint 1"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used: it is damaged, or belongs to something else."""


def write_checkpoint(path, content):
    """Write a checkpoint, and keep the one that was there as the one before.

    Args:
        path: where; a name without `.npz` gets it.
        content: a dictionary of arrays, of what JSON can hold, and of further such dictionaries.
    """
    path = full_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {}
    facts = _take_arrays(content, "", arrays)
    facts.update(format=FORMAT, arrays=sorted(arrays))
    text = json.dumps(facts).encode("utf-8")
    with _on_disk(_beside(path)) as file:
        np.savez(file, facts=np.frombuffer(text, dtype=np.uint8), **arrays)
    if path.exists():
        before = previous_path(path)
        with open(path, "rb") as old, _on_disk(_beside(before)) as file:
            shutil.copyfileobj(old, file)
        _rename(_beside(before), before)
    _rename(_beside(path), path)


def read_checkpoint(path):
    """Read a checkpoint, whole, and return its content: the dictionary that was written.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is cut off or damaged, or is no checkpoint.
    """
    path = full_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        arrays = _read_arrays(path)
        content = json.loads(arrays.pop("facts").tobytes().decode("utf-8"))
        if content.pop("arrays") != sorted(arrays):
            raise ValueError("arrays are missing")
        _put_arrays(content, arrays)
    except PermissionError:
        raise
    # A damaged file makes these libraries stumble in many ways; the sentence is the same.
    except Exception as error:
        raise CheckpointError(f"{path} is damaged, or no checkpoint "
                              f"({error or type(error).__name__}).{_advice(path)}") from error
    if content.pop("format") != FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of this course, or one of another version.")
    return content


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


def _put_arrays(content, arrays):
    """Put arrays back where `_take_arrays` found them; those without axes become numbers again."""
    for path, array in arrays.items():
        *parents, name = path.split("/")
        place = content
        for parent in parents:
            place = place[parent]
        place[name] = array[()]


def _read_arrays(path):
    with zipfile.ZipFile(path) as file:
        # Reading a member to its end compares it with the checksum beside it.
        contents = {info.filename: file.read(info) for info in file.infolist()}
    return {name.removesuffix(".npy"): np.load(io.BytesIO(content), allow_pickle=False)
            for name, content in contents.items()}


def _advice(path):
    before = previous_path(path)
    return f" The one before it is {before}: resume from that." if before.is_file() else ""


def full_path(path):
    """The path of a checkpoint; a name without `.npz` gets it."""
    path = Path(path)
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")


def previous_path(path):
    """Where the checkpoint before the one at `path` is kept."""
    path = full_path(path)
    return path.with_name(path.stem + ".previous.npz")


def _beside(path):
    return path.with_name(path.name + ".writing")


@contextlib.contextmanager
def _on_disk(path):
    """Open a file for writing; afterwards it is on the disk, or, after an error, gone."""
    try:
        with open(path, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _rename(source, target):
    """Rename, also where another process has the target open for a moment (Windows minds)."""
    for _ in range(40):
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(0.05)
    return os.replace(source, target)


# ---- Whose checkpoint it is ---------------------------------------------------------------------

def model_fingerprint(model):
    """What a model must have in common with another to go on from its checkpoint."""
    parameters = {name: f"{value.dtype} {value.shape}" for name, value in model.params.items()}
    return {"cell type": str(getattr(model, "cell_type", "")), **parameters,
            "vocabulary": _digest(getattr(model, "word_to_idx", None))}


def data_fingerprint(data):
    """For each entry of the data that training looks at, a digest of all its numbers."""
    names = [f"{split}_{entry}" for split in ("train", "val")
             for entry in ("captions", "image_idxs", "features")]
    return {name: _digest(data[name]) for name in [*names, "idx_to_word"] if name in data}


def _digest(value):
    if isinstance(value, np.ndarray):
        head, body = f"{value.dtype.str} {value.shape}", np.ascontiguousarray(value).data
    else:
        head, body = json.dumps(value, sort_keys=True, default=str), b""
    digest = hashlib.blake2b(head.encode("utf-8"), digest_size=8)
    digest.update(body)
    return digest.hexdigest()
