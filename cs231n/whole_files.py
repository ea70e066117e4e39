"""Files that are there as a whole, or not at all.

What is written goes into a file beside its place, under a name that no other process has, and is
renamed at the end: a process killed at any moment leaves the old file or the new one.
"""

import contextlib
import os
import re
import secrets
import time


@contextlib.contextmanager
def replacing(path):
    """A new, empty file beside `path`; at the end it takes its place, or, after an error, goes."""
    beside = _new_file(path)
    try:
        yield beside
        _rename(beside, path)
    finally:  # renaming a file to another name that it has already does nothing
        beside.unlink(missing_ok=True)


def _new_file(path):
    """Make a file that nobody had before, so that no link planted in its place is followed."""
    while True:
        beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.writing")
        with contextlib.suppress(FileExistsError):
            open(beside, "xb").close()
            return beside


def delete_unfinished(path):
    """Delete what processes that were killed while they wrote `path` have left behind."""
    unfinished = re.compile(re.escape(path.name) + r"\.[0-9a-f]{8}\.writing")
    for file in path.parent.iterdir():
        if unfinished.fullmatch(file.name):
            with contextlib.suppress(OSError):
                file.unlink()


def to_disk(file):
    file.flush()
    os.fsync(file.fileno())


def _rename(source, target):
    """Rename, also where another process has the target open for a moment (Windows minds)."""
    for _ in range(40):
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(0.05)
    return os.replace(source, target)
