"""Functions of the package `cs231n`, as text."""

import ast
import textwrap
from dataclasses import dataclass
from functools import cache

from course import ROOT, CourseError
from course.builder.script import read_text, without_noqa

PACKAGE = ROOT / "cs231n"


@dataclass(frozen=True)
class Function:
    """A function or class of the package, without its decorators.

    Attributes:
        module: where it is defined, such as "cs231n.classifiers.rnn".
        owner: the class whose method it is, or None.
        name: its name.
        head: its text up to the end of the docstring.
        body: its text after that.
    """

    module: str
    owner: str | None
    name: str
    head: str
    body: str

    @property
    def text(self):
        return f"{self.head}\n{self.body}"

    @property
    def attach(self):
        """The line that makes a method part of the learner's class; empty for a function."""
        return f"{self.owner}.{self.name} = {self.name}" if self.owner else ""


@cache
def find(dotted):
    """The function with a dotted name such as "classifiers.rnn.CaptioningRNN.loss".

    Decorators are left out: those of the package check arguments, which learners need not read.

    Raises:
        CourseError: there is no such function in the package, or it has no docstring.
    """
    path, names = _module_file(dotted)
    text = read_text(path)
    owner, node = None, ast.parse(text)
    for name in names:
        owner, node = node, _definition(node, name, dotted)
    head, body = _split(text.split("\n"), node, dotted)
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return Function(module.removesuffix(".__init__"), getattr(owner, "name", None), names[-1],
                    head, body)


def _module_file(dotted):
    """The file that the first words of a dotted name lead to, and the words that are left."""
    words = dotted.split(".")
    for count in range(len(words) - 1, 0, -1):
        folder = PACKAGE.joinpath(*words[:count])
        for path in (folder.with_suffix(".py"), folder / "__init__.py"):
            if path.is_file():
                return path, words[count:]
    raise CourseError(f"{dotted}: no module of cs231n is called so")


def _definition(parent, name, dotted):
    for node in parent.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            return node
    raise CourseError(f"{dotted}: cs231n defines no {name} there")


def _split(lines, node, dotted):
    """The text of a definition up to the end of its docstring, and the rest."""
    docstring = node.body[0]
    if ast.get_docstring(node) is None or len(node.body) < 2:
        raise CourseError(f"{dotted}: has no docstring, or nothing after it")
    definition = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
    definition = without_noqa(definition).split("\n")
    length = docstring.end_lineno - node.lineno + 1
    return "\n".join(definition[:length]), "\n".join(definition[length:]).strip("\n")
