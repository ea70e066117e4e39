"""The process in which a learner's code runs: `python -I player.py MEGABYTES SECONDS`.

It gets the cells of a notebook over its standard input, defines what they define, and then calls
their functions when the judge asks. There is nothing of the course in this process: `cs231n` is
made of stand-ins that ask the judge (`stand_ins.py`). What the code prints goes nowhere.
"""

import builtins
import importlib.util
import linecache
import os
import random
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np


def _beside(name):
    """A module of this folder, loaded without its package, which would bring the course along."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


wire, cells, limits = _beside("wire"), _beside("cells"), _beside("limits")
absent, stand_ins = _beside("absent"), _beside("stand_ins")


class Player:
    """What the judge may ask for.

    Args:
        source, sink: numbers of the open files to read messages from, and to write them to.
        tried: the set of what the code tried and was refused.
    """

    def __init__(self, source, sink, tried):
        self.source, self.sink, self.tried = source, sink, tried
        self.space, self.loaded, self.functions = {"__name__": "__main__"}, [], {}
        self.peer = wire.Peer(self.send, self.receive, {
            "load": self.load, "call": self.call, "next": self.next, "replace": self.replace,
            "describe": self.describe, "error": stand_ins.error, "tried": lambda: sorted(tried),
        }, stand_ins.reference, self.resolve)
        self.course = stand_ins.Course(self.peer)

    # ---- Messages -------------------------------------------------------------------------------

    def send(self, frame):
        view = memoryview(frame)
        while view:
            view = view[os.write(self.sink, view):]

    def receive(self):
        text, data = wire.FRAME.unpack(self.read(wire.FRAME.size))
        return self.read(text), self.read(data)

    def read(self, count):
        parts = []
        while count:
            part = os.read(self.source, min(count, 2**20))
            if not part:
                os._exit(0)  # the judge is gone
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    # ---- What the judge asks --------------------------------------------------------------------

    def load(self, sources, functions):
        """Define what the cells define.

        Args:
            sources: `(number, text, exercise)` of each cell.
            functions: what the function of each exercise is called, by the exercise's name.

        Returns:
            What was found under each name: "learner", "course" or "missing"; and what went wrong on
            the way, `(name of the cell, sentence)`.
        """
        self.functions = functions
        self.loaded = [cells.Cell(*source) for source in sources]
        sys.meta_path.insert(0, self.course)
        problems = []
        for cell in self.loaded:
            lines = cell.text.splitlines(keepends=True)
            linecache.cache[cell.filename] = len(cell.text), None, lines, cell.filename
        for cell, statement in cells.definitions(self.loaded):
            tree = cells.ast.Module([statement], [])
            try:
                exec(compile(tree, cell.filename, "exec"), self.space)
            except BaseException as error:
                if isinstance(error, wire.Broken):
                    raise
                problems.append((cell.number, self.describe(error)))
        return {name: self.origin(name) for name in functions}, problems

    def find(self, name):
        """A function of the learner's; a method that stands in a class of theirs will do."""
        name = self.functions.get(name, name)
        value = self.space.get(name)
        if value is not None:
            return value
        classes = [value for value in self.space.values() if isinstance(value, type)]
        return next((vars(kind)[name] for kind in reversed(classes) if name in vars(kind)), None)

    def origin(self, name):
        function = self.find(name)
        if function is None or not callable(function):
            return "missing"
        return "course" if isinstance(function, stand_ins.CourseFunction) else "learner"

    def call(self, target, args):
        """Call a function: one of the notebook, by its name, or one that was handed out."""
        function = self.find(target) if isinstance(target, str) else self.peer.mine(target)
        return function(*args)

    def next(self, number):
        """The next value of an iterator, in a list; an empty one at its end."""
        try:
            return [next(self.peer.mine(number))]
        except StopIteration:
            return []

    def replace(self, names):
        """Let the course's own functions stand under some names, the learner's under all others."""
        for name, function in names.items():
            self.space[self.functions[name]] = function

    def describe(self, error):
        """An exception as a dictionary of texts: its kind, its message, where it came from."""
        frames = [frame for frame in traceback.extract_tb(error.__traceback__)
                  if frame.filename.startswith("<cell ")]
        place = f"line {frames[-1].lineno} of {frames[-1].name}" if frames else ""
        try:
            message = str(error)[:2000]
        except Exception:
            message = ""
        return {"type": type(error).__name__[:100], "message": message, "place": place,
                "line": (frames[-1].line or "")[:200] if frames else ""}

    def resolve(self, kind, tree):
        if kind == "course":
            return stand_ins.CourseFunction(self.peer, str(tree["v"]))
        return stand_ins.Model(self.peer, int(tree["n"]), str(tree["v"]))


def main():
    megabytes, seconds = map(float, sys.argv[1:])
    source, sink = os.dup(0), os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silence, number)
    np.random.seed(0)
    random.seed(0)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    tried = set()
    player = Player(source, sink, tried)
    for name in ("copyright", "credits", "exit", "quit", "help", "license"):
        vars(builtins).pop(name, None)
    limits.set_limits(megabytes, seconds)
    limits.refuse_the_rest(tried)
    player.peer.serve_forever()


if __name__ == "__main__":
    main()
