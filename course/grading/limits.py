"""What a learner's code may do to the machine: compute. The player puts this on before it starts.

Two layers. The operating system's own limits hold whatever the code does: memory, processor time,
no file of any length, no network. An audit hook, which Python code cannot take off again, refuses
the rest with an error: other files, other processes, signals, sockets, foreign code.

This file imports nothing of the course, since the player loads it by itself.
"""

import os
import sys
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, SIGKILL = 1, 9

REFUSED = (
    "_thread.start", "cpython.remote_debugger", "ctypes.", "fcntl.", "ftplib.", "gc.", "http.",
    "imaplib.", "mmap.", "msvcrt.", "nntplib.", "os.chdir", "os.chflags", "os.chmod", "os.chown",
    "os.exec", "os.fork", "os.getxattr", "os.kill", "os.link", "os.listxattr", "os.lockf",
    "os.mkdir", "os.posix_spawn", "os.putenv", "os.remove", "os.rename", "os.rmdir", "os.setxattr",
    "os.spawn", "os.startfile", "os.symlink", "os.system", "os.truncate", "os.unsetenv", "os.utime",
    "poplib.", "pty.", "resource.", "shutil.", "signal.", "smtplib.", "socket.", "sqlite3.",
    "subprocess.", "syslog.", "telnetlib.", "tempfile.", "urllib.", "webbrowser.", "winreg.",
)
LOOKED_AT = ("open", "os.listdir", "os.scandir", "os.walk", "os.fwalk", "glob.glob")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Refused(PermissionError):
    """Code of a learner's tried to do more than to compute."""


def set_limits(megabytes, seconds):
    """Ask the operating system for limits that this process cannot lift again.

    Args:
        megabytes: of memory.
        seconds: of processor time, for the whole life of the process.
    """
    if sys.platform == "linux":
        _die_with_parent_and_leave_network()
    if resource is None:
        return
    limits = {"RLIMIT_AS": int(megabytes * 2**20), "RLIMIT_CPU": int(seconds), "RLIMIT_FSIZE": 0,
              "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 64, "RLIMIT_NPROC": 0}
    for name, most in limits.items():
        try:
            resource.setrlimit(getattr(resource, name), (most, most))
        except (AttributeError, OSError, ValueError):  # not every system has every limit
            pass


def _die_with_parent_and_leave_network():
    try:
        import ctypes
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
        # Only root may leave the network alone; others need a user's namespace with it.
        if libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    except (ImportError, OSError, AttributeError):  # the hook refuses sockets all the same
        pass


def refuse_the_rest(tried):
    """Put on the audit hook.

    Args:
        tried: a set that gets the names of what was refused.
    """
    for name in ("ctypes", "_ctypes"):  # NumPy has loaded it
        sys.modules[name] = None
    readable = tuple({os.path.realpath(path) + os.sep for path in _libraries()})

    def hook(event, args):
        if event.startswith(REFUSED) or event in LOOKED_AT and not _is_harmless(args, readable):
            tried.add(event)
            raise Refused(f"{event} is refused: code that is graded may compute, and nothing else")

    sys.addaudithook(hook)


def _libraries():
    """The folders of Python and of what is installed with it."""
    import sysconfig
    paths = sysconfig.get_paths()
    return [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")] + \
        [str(Path(os.__file__).parent)]


def _is_harmless(args, readable):
    """Whether a file that is opened, or a folder that is listed, is a library's, and only read."""
    path = args[0]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if isinstance(path, int):  # a file that is open already
        return True
    if not isinstance(path, (str, os.PathLike)):
        return False
    if len(args) > 1 and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        return False
    if len(args) > 2 and isinstance(args[2], int) and args[2] & WRITES:
        return False
    return (os.path.realpath(path) + os.sep).startswith(readable)
