"""One writer at a time: a lock beside a file, held by a process for as long as it lives.

The lock is the operating system's own (`flock`, on Windows `msvcrt.locking`), taken on the file
`NAME.lock`. So it vanishes with the process, however that ends: there is nothing to take over from
one that is gone, no process number to ask about, and of two that come at once one gets it. What is
written in `NAME.lock` only tells others who the holder is.
"""

import contextlib
import datetime
import errno
import os
import socket
import warnings

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

# The byte that Windows locks: no process can read it then, so it lies far behind the text.
_LOCKED_BYTE = 1 << 20
# What the operating system says of a lock that another holds.
_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class LockHeld(ValueError):
    """Another process holds the lock. Its text says who: `process 12 on HOST since TIME`."""


@contextlib.contextmanager
def sole_writer(path):
    """While it is entered, no other process, and no other thread, gets the lock of `path`.

    Args:
        path: the file that will be written, a `Path`. It need not exist, its folder must.

    Yields:
        Whether the lock is held; False where the file system has none, after a warning.

    Raises:
        LockHeld: somebody else holds it.
        OSError: the lock file cannot be opened.
    """
    lock_file = path.with_name(path.name + ".lock")
    handle, held = _open_and_lock(lock_file)
    try:
        if held:
            _write_holder(handle)
        yield held
    finally:
        _release(handle, lock_file, held)


def _open_and_lock(lock_file):
    """Open the lock file and lock it; returns the open file, and whether it is locked."""
    while True:
        # A link planted in its place is refused, not followed.
        handle = os.open(lock_file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _lock(handle)
        except OSError as error:
            holder = _read_holder(handle)
            os.close(handle)
            if error.errno in _HELD:
                raise LockHeld(holder) from error
            # Some network drives have no locks, and training there shall be possible.
            warnings.warn(f"{lock_file.parent} cannot lock files ({error}): take care that no "
                          "other process writes there", stacklevel=4)
            return None, False
        if _is_still_there(handle, lock_file):
            return handle, True
        os.close(handle)  # its holder deleted it between our two calls: what we locked is nothing


def _release(handle, lock_file, held):
    """Delete the lock file before others can lock it; Windows cannot before it is closed."""
    if not held:
        return
    if fcntl:
        lock_file.unlink(missing_ok=True)
        os.close(handle)
    else:
        _lock(handle, msvcrt.LK_UNLCK)
        os.close(handle)
        with contextlib.suppress(PermissionError):  # somebody else has opened it
            lock_file.unlink(missing_ok=True)


def _lock(handle, windows_mode=None):
    """Lock an open file at once, or raise an OSError."""
    if fcntl:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK if windows_mode is None else windows_mode, 1)


def _is_still_there(handle, lock_file):
    try:
        return os.path.samestat(os.fstat(handle), os.stat(lock_file))
    except FileNotFoundError:
        return False


def _write_holder(handle):
    since = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
    text = f"process {os.getpid()} on {socket.gethostname()} since {since}"
    with contextlib.suppress(OSError):  # on a full disk the lock holds all the same
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, text.encode("utf-8"))


def _read_holder(handle):
    os.lseek(handle, 0, os.SEEK_SET)
    text = os.read(handle, 200).decode("utf-8", "replace")
    return "".join(c for c in text if c.isascii() and c.isprintable()) or "another process"
