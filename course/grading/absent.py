"""Libraries that no exercise needs, such as those that draw: they can be imported, not used.

This file imports nothing of the course, since the player loads it by itself.
"""

import importlib.machinery
import sys
import types

LIBRARIES = {"numpy", "scipy"}  # what is there, besides Python's own modules
UNNEEDED = {"ctypes", "multiprocessing", "concurrent", "subprocess", "idlelib", "tkinter", "turtle",
            "ensurepip", "venv", "antigravity", "this"}


class AbsentModule(types.ModuleType):
    """In place of a module; whatever is taken from it can be called only to be told so."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return AbsentModule(f"{self.__name__}.{name}")

    def __call__(self, *args, **named):
        raise RuntimeError(f"{self.__name__} is not there while an exercise is graded")


class Absent:
    """A finder of modules, for `sys.meta_path`.

    Args:
        besides: names of further packages that are there.
    """

    def __init__(self, *besides):
        self.besides = besides

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        is_there = top in LIBRARIES or top in getattr(self, "besides", ()) or \
            top in sys.stdlib_module_names and top not in UNNEEDED
        if is_there or name.startswith("_"):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return AbsentModule(spec.name)

    def exec_module(self, module):
        pass
