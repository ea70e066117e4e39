"""The features of many pictures, in parts: an interruption costs no more than one of them.

Beside `NAME.h5` a folder `NAME.h5.parts` grows: a file for each few pictures, whole or absent. When
the last part is there, they are joined to `NAME.h5`, which is whole or absent too, and the folder
goes. A run that was stopped goes on with the parts that are missing. Several processes share the
work: process r of w does each w-th part, and whichever is the last to end joins them.

`NAME.h5` holds `features` (rows, D) float32, `image_ids` (rows,), `unread` (pictures that have no
features, with the reason), and as attributes, in JSON, `made_by`, which says how the features were
made, and `plan`, of which pictures.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from cs231n.image_utils import PictureError
from cs231n.locks import LockHeld, sole_writer
from cs231n.photographs.listing import read_picture
from cs231n.whole_files import delete_unfinished, replacing, to_disk

READERS = min(8, os.cpu_count() or 1)  # threads that read pictures while the network works
QUIET = 30.0  # seconds between two lines of progress in a log


@dataclass(frozen=True)
class Extracted:
    """What became of the pictures: how many rows there are, and the unread as `(id, reason)`."""

    rows: int
    unread: list


def extract(network, pictures, out, *, keep_rows=False, rank=0, workers=1):
    """Write the features of pictures into a file, or go on with that.

    Args:
        network: see `networks.py`.
        pictures: a list of `Picture`.
        out: the `.h5` file.
        keep_rows: pictures that cannot be read get a row of zeros, so that row k belongs to
            picture k; else they have no row.
        rank, workers: this process does part p if p % workers == rank.

    Returns:
        An `Extracted`; None if other processes are still at work, the last of which will join.

    Raises:
        FileExistsError: the file is there, with features of other pictures or another network.
        ValueError: the parts are those of another run, or no picture can be read.
        LockHeld: another process does the same parts.
    """
    out = Path(out)
    plan = _plan(network, pictures, keep_rows)
    if out.exists():
        return _what_is_there(out, plan)
    folder = parts_folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    size = _agree_on_plan(folder, plan, network.part)
    parts = [pictures[start : start + size] for start in range(0, len(pictures), size)]
    with sole_writer(folder / f"process-{rank}-of-{workers}") as alone:
        if alone and workers == 1:
            for k in range(len(parts)):
                delete_unfinished(_part_file(folder, k))
        _do_parts(network, parts, folder, range(rank, len(parts), workers), hidden=rank > 0)
    return _join_if_complete(out, folder, parts, plan, network.width)


def parts_folder(out):
    """Where the parts of a file lie until they are joined."""
    return out.with_name(f"{out.name}.parts")


# ---- The plan -----------------------------------------------------------------------------------


def _plan(network, pictures, keep_rows):
    """What must be the same when a run goes on."""
    names = json.dumps([picture.id for picture in pictures]).encode()
    return {"made_by": network.describe(), "keep_rows": keep_rows, "pictures": len(pictures),
            "digest": hashlib.blake2b(names, digest_size=8).hexdigest()}


def _agree_on_plan(folder, plan, size):
    """Write the plan, or hold it against the one that is there; returns the size of a part."""
    path = folder / "plan.json"
    if not path.exists():
        with replacing(path) as beside:
            beside.write_text(json.dumps({**plan, "part": size}), encoding="utf-8")
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        size = known.pop("part")
    except (ValueError, AttributeError, KeyError, TypeError):
        known = {}
    if known != plan:
        raise ValueError(f"{folder} holds what a run with {_difference(known, plan)} has begun. "
                         "Run that one again, remove the folder, or name another file with --out.")
    return size


def _difference(known, plan):
    same = known.get("made_by") == plan["made_by"]
    return "other pictures" if same else "another network or preparation"


def _what_is_there(out, plan):
    """The outcome of a file that is there already, if it is that of this plan."""
    try:
        with h5py.File(out, "r") as file:
            known, rows = json.loads(file.attrs.get("plan", "{}")), len(file["features"])
            unread = [tuple(entry) for entry in file["unread"].asstr()[:].tolist()]
    except (OSError, KeyError, ValueError) as error:
        raise FileExistsError(f"{out} is there already, and cannot be read: remove it, or name "
                              "another file with --out") from error
    if known != plan:
        raise FileExistsError(f"{out} is there already, made with {_difference(known, plan)}: "
                              "remove it, or name another file with --out")
    shutil.rmtree(parts_folder(out), ignore_errors=True)  # a run that was killed left it behind
    return Extracted(rows, unread)


# ---- The parts ----------------------------------------------------------------------------------


def _do_parts(network, parts, folder, numbers, hidden):
    """Do the parts of these numbers that are not there yet."""
    missing = [k for k in numbers if not _part_file(folder, k).exists()]
    total = sum(len(parts[k]) for k in numbers)
    done = total - sum(len(parts[k]) for k in missing)
    with ThreadPoolExecutor(READERS) as readers, _progress(total, done, hidden) as bar:
        coming = _submitted(readers, network, parts, missing[:1])
        for i, k in enumerate(missing):
            prepared = [future.result() for future in coming]
            coming = _submitted(readers, network, parts, missing[i + 1 : i + 2])
            _write_part(_part_file(folder, k), network, parts[k], prepared)
            bar.update(len(parts[k]))


def _progress(total, done, hidden):
    """Pictures done, and the time left: a bar on a terminal, a line now and then in a log."""
    hidden = hidden or bool(os.environ.get("CS231N_NO_PROGRESS"))
    return tqdm(total=total, initial=done, unit="picture", ascii=True, disable=hidden,
                mininterval=0.3 if sys.stderr.isatty() else QUIET, delay=1)


def _submitted(readers, network, parts, numbers):
    """Have the pictures of the next part read while the network is busy with this one."""
    return [readers.submit(_prepared, network, picture) for k in numbers for picture in parts[k]]


def _prepared(network, picture):
    """A picture as the network reads it, or the reason why there is none."""
    try:
        return network.prepare(read_picture(picture))
    except PictureError as error:
        return error


def _write_part(path, network, pictures, prepared):
    read = [i for i, outcome in enumerate(prepared) if isinstance(outcome, np.ndarray)]
    features = np.zeros((0, network.width), np.float32)
    if read:
        features = network.features([prepared[i] for i in read])
    unread = [[pictures[i].id, str(outcome)] for i, outcome in enumerate(prepared)
              if not isinstance(outcome, np.ndarray)]
    with replacing(path) as beside, open(beside, "wb") as file:
        np.savez(file, features=features, read=np.array(read, np.int64),
                 unread=np.array(json.dumps(unread)))
        to_disk(file)


def _part_file(folder, k):
    return folder / f"part-{k:06d}.npz"


# ---- Joining them -------------------------------------------------------------------------------


def _join_if_complete(out, folder, parts, plan, width):
    if all(_part_file(folder, k).exists() for k in range(len(parts))):
        with contextlib.suppress(LockHeld, FileNotFoundError), sole_writer(out):
            delete_unfinished(out)
            if not out.exists():
                _join(out, folder, parts, plan, width)
    return _what_is_there(out, plan) if out.exists() else None


def _join(out, folder, parts, plan, width):
    """Write all rows, in order, into the file."""
    ids, unread = [], []
    for k, pictures in enumerate(parts):
        _, read, missing = _read_part(folder, k)
        unread += missing
        ids += [picture.id for i, picture in enumerate(pictures)
                if plan["keep_rows"] or i in set(read.tolist())]
    if len(unread) == plan["pictures"]:
        shutil.rmtree(folder, ignore_errors=True)
        raise ValueError(f"none of {len(unread)} pictures could be read; of the first, "
                         f"{unread[0][0]}: {unread[0][1]}")
    with replacing(out) as beside:
        with h5py.File(beside, "w") as file:
            stored, start = file.create_dataset("features", (len(ids), width), np.float32), 0
            for k, pictures in enumerate(parts):
                features, read, _ = _read_part(folder, k)
                if plan["keep_rows"]:
                    rows = np.zeros((len(pictures), width), np.float32)
                    rows[read] = features
                    features = rows
                stored[start : start + len(features)] = features
                start += len(features)
            file.create_dataset("image_ids", data=ids, dtype=h5py.string_dtype())
            file.create_dataset("unread", (len(unread), 2), h5py.string_dtype())
            if unread:
                file["unread"][:] = unread
            file.attrs["made_by"] = json.dumps(plan["made_by"])
            file.attrs["plan"] = json.dumps(plan)
        with open(beside, "r+b") as file:
            to_disk(file)
    shutil.rmtree(folder, ignore_errors=True)


def _read_part(folder, k):
    with np.load(_part_file(folder, k), allow_pickle=False) as part:
        return part["features"], part["read"], json.loads(str(part["unread"]))
