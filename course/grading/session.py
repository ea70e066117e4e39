"""A player process, as the judge sees it: started, asked, timed, and ended whatever happens."""

import builtins
import contextlib
import importlib
import inspect
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import types
from pathlib import Path

from course.grading.policy import NotAllowed, Policy
from course.grading.wire import FRAME, MOST_BYTES, PLAIN, Broken, Peer
from cs231n.classifiers.captioner import Captioner

PLAYER = Path(__file__).with_name("player.py")
SECONDS_TO_START = 60  # the judge's own imports and the player's, on a busy machine
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
         "VECLIB_MAXIMUM_THREADS": "1"}
RUNNING = set()  # the players of this process
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # of the environment


class Stopped(Broken):
    """The player had to be ended, or ended itself.

    Attributes:
        cause: "time", "memory", "ended" or "nonsense".
    """

    def __init__(self, cause):
        super().__init__(cause)
        self.cause = cause


class LearnersFunction:
    """A function of the learner's, by its name; it lives in the player, and is called from here.

    Attributes:
        __globals__: what `check` takes for the namespace of the function: the other functions.
    """

    def __init__(self, session, name):
        self._session, self.__name__ = session, name
        self.__globals__ = session.space

    def __call__(self, *args):
        try:
            return self._session.peer.ask("call", self.__name__, args)
        finally:
            if tracemalloc.is_tracing():  # messages shall not count as memory of the learner's
                tracemalloc.reset_peak()

    def __get__(self, owner, kind=None):
        return self if owner is None else types.MethodType(self, owner)


class Session:
    """A learner's notebook, loaded into a player.

    Args:
        cells: a list of `Cell`.
        exercises: all exercises by name.
        seconds: how long judging one exercise may take.
        megabytes: the memory of the player.

    Attributes:
        space: the functions of the exercises by name, the learner's or the course's.
        origins: for each exercise, "learner", "course" or "missing".
        problems: what went wrong where the cells were loaded: `(number of the cell, description)`.
        tried: what the player tried to do and was refused.
    """

    def __init__(self, cells, exercises, seconds, megabytes):
        self.cells, self.exercises = cells, exercises
        self.seconds, self.megabytes = seconds, megabytes
        self.policy = Policy(exercises)
        self.space, self.origins, self.problems, self.tried = {}, {}, [], set()
        self.last_error = None
        self._process = self._frames = self._scratch = None
        self._deadline = 0.0

    # ---- The process ----------------------------------------------------------------------------

    def start(self, names):
        """Start a player and load the cells.

        Args:
            names: of the exercises that may be asked for.
        """
        self.stop()
        self._scratch = tempfile.TemporaryDirectory(prefix="graded-", ignore_cleanup_errors=True)
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | ALONE
        # At most this much processor time, should nobody be left to end it.
        most = SECONDS_TO_START + self.seconds * (len(names) + 1)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(PLAYER), str(self.megabytes), str(most)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=self._scratch.name, env=environment, start_new_session=os.name == "posix")
        RUNNING.add(self._process)
        self._frames = queue.Queue()
        threading.Thread(target=_read_frames, args=(self._process.stdout, self._frames),
                         daemon=True).start()
        self.peer = Peer(self._send, self._receive, {
            "course": self._course, "look": self._look, "names": self._names,
            "attribute": self._attribute, "call": self._call, "next": self._next,
            "describe": _describe, "error": self._error,
        }, self._reference, self._resolve)
        with self.time(SECONDS_TO_START):
            sources = [(cell.number, cell.text, cell.exercise) for cell in self.cells]
            functions = {name: function_name(self.exercises[name]) for name in names}
            self.origins, self.problems = self.peer.ask("load", sources, functions)
        for name in names:
            if self.origins.get(name) == "learner":
                self.space.setdefault(name, LearnersFunction(self, name))
            elif self.origins.get(name) == "course":
                self.space[name] = course_function(self.exercises[name])

    def stop(self):
        """End the player, and whatever it may have started."""
        if self._process is None:
            return
        end(self._process)
        self._process.wait()
        RUNNING.discard(self._process)
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        self._process = None
        self._scratch.cleanup()

    @property
    def is_running(self):
        return self._process is not None and self._process.poll() is None

    @contextlib.contextmanager
    def time(self, seconds=None):
        """While it is entered, the player has so long in all."""
        self._deadline = time.monotonic() + (seconds or self.seconds)
        yield

    def judge(self, name):
        """Say which exercise is judged from now on."""
        self.policy.judge(name)
        self.last_error = None

    def refused(self):
        """What the player tried and was refused, as names of events of Python's."""
        with self.time(SECONDS_TO_START):
            found = self.peer.ask("tried")
        self.tried |= {str(event)[:60] for event in found[:50]}
        return self.tried

    def _send(self, frame):
        try:
            self._process.stdin.write(frame)
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise Stopped(self._how_it_ended()) from None

    def _receive(self):
        try:
            frame = self._frames.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            self.stop()
            raise Stopped("time") from None
        if frame is None:
            raise Stopped(self._how_it_ended())
        if isinstance(frame, str):
            self.stop()
            raise Stopped(frame)
        return frame

    def _how_it_ended(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(timeout=5)
            if os.name == "posix" and code == -signal.SIGXCPU:
                return "time"
        return "ended"

    # ---- What the player may ask ----------------------------------------------------------------

    def _course(self, name, args, named):
        self.policy.require(str(name).rpartition(".")[2])
        function = _find(name)
        if not inspect.isfunction(function):
            raise NotAllowed(f"{name} is no function of the course that could be called here")
        return function(*args, **named)

    def _look(self, name):
        try:
            value = _find(name)
        except (ImportError, AttributeError, ValueError):
            return "missing", None
        if inspect.ismodule(value):
            return "module", name
        if inspect.isclass(value):
            return "class", name
        if isinstance(value, PLAIN) or isinstance(value, tuple) and all(
                isinstance(part, PLAIN) for part in value):
            return "value", value
        return "function", name

    def _names(self, module):
        value = _find(module)
        return [name for name in getattr(value, "__all__", vars(value)) if name[:1] != "_"]

    def _attribute(self, model, name):
        if not isinstance(model, Captioner) or str(name).startswith("__"):
            raise AttributeError(name)
        if callable(getattr(type(model), name, None)):
            self.policy.require(name)
        return getattr(model, name)

    def _call(self, number, args):
        return self.peer.mine(number)(*args)

    def _next(self, number):
        try:
            return [next(self.peer.mine(number))]
        except StopIteration:
            return []

    # ---- What messages hold ---------------------------------------------------------------------

    def _reference(self, value):
        """Functions of the course go by their names, models with the values in them."""
        if inspect.isfunction(value) and "." not in value.__qualname__:
            module = value.__module__.removesuffix(" (reference)")
            if module.startswith("cs231n.") and not module.startswith("cs231n.feedback"):
                return {"!": "course", "v": f"{module}.{value.__qualname__}"}
        if isinstance(value, Captioner):
            return {"!": "model", "n": self.peer.number_of(value), "v": type(value).__name__,
                    "state": dict(vars(value))}
        return None

    def _resolve(self, kind, tree):
        """A function of the course that the player names: it is handed on, not called."""
        if kind != "course":
            raise ValueError(kind)
        return _find(tree["v"])

    def _error(self, description):
        """The exception that a description of the player's is about."""
        name = str(description["type"])
        self.last_error = description
        if name == "MemoryError":
            raise Stopped("memory")
        message = str(description["message"])
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            with contextlib.suppress(TypeError):  # a UnicodeError wants more than a message
                return kind(message)
        return type(name, (Exception,), {})(message)


def end(process):
    """Kill a process that leads a group, and the group with it."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _describe(error):
    """What the player is told of an exception on this side; nothing about the course's code."""
    return {"type": type(error).__name__, "message": str(error)[:500]}


def _read_frames(stream, frames):
    """Put each message of a stream into a queue, and None, or what is wrong, at its end."""
    with contextlib.suppress(OSError, ValueError):
        while True:
            head = stream.read(FRAME.size)
            if len(head) < FRAME.size:
                break
            text, data = FRAME.unpack(head)
            if text + data > MOST_BYTES:
                frames.put("nonsense")
                return
            frames.put((stream.read(text), stream.read(data)))
    frames.put(None)


def _find(name):
    """Something of the course by its dotted name."""
    module, _, rest = str(name).rpartition(".")
    if str(name).partition(".")[0] != "cs231n":
        raise ImportError(f"{name} is not of the course")
    if not module:
        return importlib.import_module(name)
    try:
        owner = importlib.import_module(module)
    except ImportError:
        owner = _find(module)
    if not hasattr(owner, rest):
        return importlib.import_module(name)
    return getattr(owner, rest)


def function_name(exercise):
    """What the function of an exercise is called: `loss` in the exercise "attention_loss"."""
    return course_function(exercise).__name__


def course_function(exercise):
    """The course's own function for an exercise."""
    return exercise.parts()[0].reference
