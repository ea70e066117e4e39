"""Files that are written whole or not at all, and a work folder that one run has for itself.

No link that lies where a file is to be written is followed, whoever put it there.
"""

import contextlib
import json
import os
import shutil
import stat
import uuid
from pathlib import Path

from fetching.telling import Failure, gigabytes

DOWNLOAD = "coco_captioning.zip"  # in the work folder
NOTE = DOWNLOAD + ".json"
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has none, and lets few users make links
_SMALL = 1 << 20  # bytes of a JSON file that is read at all


def open_new(path):
    """Open a file that was not there before for writing; fail where anything is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _NO_LINK
    return os.fdopen(os.open(path, flags, 0o666), "wb")


def open_again(path):
    """Open a file that is there for writing, with its content kept."""
    return os.fdopen(os.open(path, os.O_WRONLY | _BINARY | _NO_LINK), "r+b")


def own_size(path):
    """Return the size of a file; 0 if there is none, or if it is a link to one of another name."""
    try:
        status = os.lstat(path)
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1 else 0


def read_json(path):
    """Return the dictionary in a small JSON file: {} if there is none, or something else."""
    if own_size(path) > _SMALL:
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if own_size(path) else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def write_whole(path, content):
    """Write a small file so that it is never seen half written, not even by two runs at once."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.new")
    try:
        with open_new(draft) as file:
            file.write(content)
            settle(file)
        os.replace(draft, path)
    except BaseException:
        remove(draft)
        raise


def settle(file):
    """Have the file on the disk before it is renamed, so that a power cut does not empty it."""
    file.flush()
    os.fsync(file.fileno())


def remove(path):
    with contextlib.suppress(OSError):
        os.unlink(path)


def remove_drafts(path):
    """Remove what `write_whole` left behind where a run was killed."""
    for draft in path.parent.glob(f"{path.name}.*.new"):
        remove(draft)


def check_space(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Failure(f"{gigabytes(needed)} of free space are needed in {folder}, but there are "
                      f"only {gigabytes(free)}.")
    return free


# ---- The work folder ----------------------------------------------------------------------------


@contextlib.contextmanager
def work_folder(work):
    """Have the work folder for ourselves; leave nothing in it in the end but a part of the zip.

    The lock goes with the process, however that ends.
    """
    with _open_lock(work):
        _remove_unpacked(work)
        try:
            yield work
        finally:
            _remove_unpacked(work)
            if not own_size(work / DOWNLOAD):
                remove(work / DOWNLOAD)
                remove(work / NOTE)
                remove_drafts(work / NOTE)
                _remove_folder(work)
    if os.name == "nt" and not own_size(work / DOWNLOAD):  # an open file cannot be removed there
        _remove_folder(work)


def _open_lock(work):
    """Return the lock file, open and locked, in a work folder that is there and of our making."""
    for _ in range(1000):
        with contextlib.suppress(FileExistsError):
            work.mkdir()
        # A run that ends at this very moment removes lock and folder: then once more.
        try:
            _check_of_our_making(work)
            flags = os.O_RDWR | os.O_CREAT | _BINARY | _NO_LINK
            file = os.fdopen(os.open(work / "lock", flags, 0o666), "r+b")
        except FileNotFoundError:
            continue
        try:
            _lock(file)
            if os.path.samestat(os.fstat(file.fileno()), os.stat(work / "lock")):
                return file
        except FileNotFoundError:
            pass
        except BaseException:
            file.close()
            raise
        file.close()
    raise Failure("Another run of this script is at work on the same folder.")


def _check_of_our_making(work):
    if work.is_symlink() or not work.is_dir():
        if not os.path.lexists(work):
            raise FileNotFoundError
        raise Failure(f"{work} is in the way: it is no folder of this script. Move it elsewhere.")
    lock = work / "lock"
    if os.path.lexists(lock):
        if lock.is_symlink() or not lock.is_file():
            raise Failure(f"{lock} is in the way: it is no file of this script. Remove it.")
    elif any(name != "lock" for name in os.listdir(work)):
        raise Failure(f"{work} is in the way: it holds files that this script has not made. "
                      "Move it elsewhere.")


def _lock(file):
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise Failure("Another run of this script is at work on the same folder.") from None
    except OSError:
        pass  # some network folders know no locks


def _remove_unpacked(work):
    unpacked = work / "unpacked"
    if unpacked.is_symlink():
        remove(unpacked)
    else:
        shutil.rmtree(unpacked, ignore_errors=True)


def _remove_folder(work):
    """Remove the lock and the folder; it stays where a user has put something into it."""
    remove(work / "lock")
    with contextlib.suppress(OSError):
        Path(work).rmdir()
