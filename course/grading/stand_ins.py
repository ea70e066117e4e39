"""What stands in the player for the package `cs231n`.

A function of the course is a name here: called, it asks the judge, who has the course, and who
answers only where the exercise at hand may use that function (`policy.py`).

This file imports nothing of the course, since the player loads it by itself.
"""

import builtins
import importlib
import sys
import types

from absent import Absent
from wire import Remote


class CourseFunction:
    """A function of the course, which the judge has."""

    def __init__(self, peer, name):
        self._peer, self.__name__, self._full_name = peer, name.rpartition(".")[2], name

    def __call__(self, *args, **named):
        return self._peer.ask("course", self._full_name, args, named)

    def __get__(self, owner, kind=None):
        return self if owner is None else types.MethodType(self, owner)


class Model(Remote):
    """A captioner of the judge's: its values are here, its methods are there."""

    # What code sets on it stays here, from one call to the next.

    def __init__(self, peer, number, kind):
        super().__init__(peer, number)
        self.__dict__.update(_kind=kind, _taken=())

    def take(self, state):
        """Get the values that the judge's model has now."""
        self.__dict__["_taken"] = tuple(state)
        self.__dict__.update(state)

    def state(self):
        """What has become of these values."""
        return {name: self.__dict__.get(name) for name in self._taken}

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self.peer.ask("attribute", self, name)


def reference(value):
    """How a stand-in is called in a message."""
    if isinstance(value, CourseFunction):
        return {"!": "course", "v": value._full_name}
    return None


def error(description):
    """The exception that the judge's answer describes."""
    kind = getattr(builtins, str(description.get("type")), None)
    message = str(description.get("message"))
    if isinstance(kind, type) and issubclass(kind, Exception):
        return kind(message)
    return RuntimeError(message)


class _ClassOfTheCourse(type):
    """The kind of the stand-ins for classes: their attributes are asked for, too."""

    def __getattr__(cls, name):
        for owner in cls.__mro__:
            if "_course_name" in vars(owner) and not name.startswith("__"):
                return vars(owner)["_look"](f"{vars(owner)['_course_name']}.{name}")
        raise AttributeError(name)


class _CourseModule(types.ModuleType):
    """A module of the course."""

    __path__ = ()

    def __getattr__(self, name):
        if name == "__all__":
            return self._course.peer.ask("names", self.__name__)
        if name.startswith("__"):
            raise AttributeError(name)
        return self._course.look(f"{self.__name__}.{name}")


class Course(Absent):
    """Finds the course's modules, besides those that are not there."""

    def __init__(self, peer):
        self.peer = peer

    def create_module(self, spec):
        if spec.name.partition(".")[0] != "cs231n":
            return super().create_module(spec)
        module = _CourseModule(spec.name)
        module._course = self
        return module

    def look(self, name):
        """What the course has under a dotted name."""
        kind, value = self.peer.ask("look", name)
        if kind == "function":
            return CourseFunction(self.peer, value)
        if kind == "class":
            return _ClassOfTheCourse(name.rpartition(".")[2], (), {
                "_course_name": value, "_look": self.look})
        if kind == "module":
            return sys.modules.get(name) or importlib.import_module(name)
        if kind == "value":
            return value
        raise AttributeError(f"the course has no {name} that an exercise could use")
