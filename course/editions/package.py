"""The package of an edition: exercises are stubs, and what they hide stands packed in one file.

`packed.py`, which is part of that package, says how it gets at what is packed.
"""

import ast
import json
import shutil
import zlib

from course import HERE
from course.builder.script import read_text
from course.builder.source import PACKAGE
from course.editions.answers import answers, leaks, notebook_of

LOADER = HERE / "editions" / "packed.py"
# Modules that show the answers in another form: mistakes and equations, and the fast twins.
TELLING = ("feedback/exercises/*.py", "classifiers/fast_*.py")
NEVER = ("feedback/exercises/__init__.py",)  # the order of the notebooks
LEFT_OUT = ("__pycache__", ".cache", "*.md")


def write_package(folder):
    """Write the package `cs231n`, without a readable answer, into a folder.

    Args:
        folder: a path; `folder/cs231n` must not exist.
    """
    target, texts = folder / "cs231n", {}
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for path in sorted(PACKAGE.rglob("*.py")):
        readable = _readable(path, texts)
        beside = target / path.relative_to(PACKAGE)
        beside.write_text(readable, encoding="utf-8", newline="\n")
    shutil.copyfile(LOADER, target / LOADER.name)
    packed = zlib.compress(json.dumps(texts, sort_keys=True).encode("utf-8"), 9)
    (target / "packed.bin").write_bytes(packed)


def _readable(path, texts):
    """A module as the edition shows it; what it does not show is put into `texts`."""
    text = read_text(path)
    exercises = _exercises_in(path)
    stubs = with_stubs(text, exercises) if exercises else text
    if not _is_telling(path) and not leaks(stubs):
        texts |= {dotted: answers()[dotted].text for dotted in exercises}
        return stubs
    name = _dotted(path)
    texts[name] = text
    return (f'"""{ast.get_docstring(ast.parse(text), clean=False)}\n\n'
            "(This module would give answers away, so that it stands in packed.bin.)\n"
            '"""\n\n'
            "from cs231n.packed import load\n\n"
            f'load("{name}", globals())\n')


def _is_telling(path):
    return any(path in PACKAGE.glob(pattern) for pattern in TELLING) and \
        path not in [PACKAGE / name for name in NEVER]


def _dotted(path):
    """The dotted name of a module, from `cs231n` down."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def _exercises_in(path):
    """The exercises that are functions of a module, by dotted name."""
    module = f"cs231n.{_dotted(path)}"
    return [dotted for dotted, function in answers().items() if function.module == module]


def with_stubs(text, exercises):
    """The text of a module in which the bodies of exercises are taken out.

    Args:
        text: of the module.
        exercises: dotted names of functions and methods that it defines.
    """
    lines, tree = text.split("\n"), ast.parse(text)
    found = [(_definition(tree, dotted), dotted) for dotted in exercises]
    for node, dotted in sorted(found, key=lambda pair: -pair[0].lineno):
        indent = " " * node.col_offset
        said = f"Write {node.name} in the notebook {notebook_of(dotted)}."
        lines[node.body[0].end_lineno : node.end_lineno] = [
            f'{indent}    raise NotImplementedError("{said}")']
        lines[node.lineno - 1 : node.lineno - 1] = [f'{indent}@packed("{dotted}")']
    after_docstring = tree.body[0].end_lineno
    lines[after_docstring:after_docstring] = ["", "from cs231n.packed import packed"]
    return "\n".join(lines)


def _definition(tree, dotted):
    """The definition of a function or method in a module's syntax tree."""
    function = answers()[dotted]
    home = tree if not function.owner else next(
        node for node in tree.body if getattr(node, "name", None) == function.owner)
    return next(node for node in home.body
                if isinstance(node, ast.FunctionDef) and node.name == function.name)
