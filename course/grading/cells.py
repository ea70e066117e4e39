"""The cells of a learner's notebook, and what of them is run to grade it: definitions alone.

A notebook is not run from top to bottom: that would train networks. Its functions, classes, imports
and constants are defined, in order, and nothing else happens.

This file imports nothing of the course, since the player loads it by itself.
"""

import ast
import json
from dataclasses import dataclass

MOST_BYTES = 64 * 2**20  # of a notebook, pictures included
VALUES = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Dict, ast.Set,
          ast.UnaryOp, ast.BinOp, ast.Lambda, ast.Load, ast.operator, ast.unaryop, ast.Subscript,
          ast.Slice)
CALLED = ("np", "numpy", "math", "functools", "partial", "dict", "list", "tuple", "set", "range")
SHORT = 10**6  # a number in a constant; of 10**10**10 nobody wants the value


class Unreadable(ValueError):
    """A file is no notebook; says why."""


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Attributes:
        number: its place among the code cells, from 1.
        text: its code, without the lines that only IPython knows.
        exercise: the exercise that the course set in it, or "".
    """

    number: int
    text: str
    exercise: str

    @property
    def filename(self):
        """How it is called in tracebacks."""
        return f"<cell {self.number}>"


def read_notebook(text):
    """The code cells of a notebook.

    Args:
        text: of the file.

    Returns:
        A list of `Cell`.

    Raises:
        Unreadable: it is no notebook.
    """
    try:
        notebook = json.loads(text)
        cells = notebook["cells"]
        found = [cell for cell in cells if cell["cell_type"] == "code"]
        return [Cell(number, _python("".join(cell["source"])), _exercise(cell))
                for number, cell in enumerate(found, start=1)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"it is no notebook that can be read ({type(error).__name__}: "
                         f"{str(error)[:100]})") from None


def _exercise(cell):
    mark = cell.get("metadata", {}).get("course", {})
    exercise = mark.get("exercise") if mark.get("kind") == "exercise" else ""
    return exercise if isinstance(exercise, str) else ""


def _python(text):
    """Code without magics: each such line is left empty, so that the others keep their numbers."""
    if text.lstrip().startswith("%%"):
        return ""
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line
                     for line in text.split("\n"))


def definitions(cells):
    """What is run of each cell, in order: `(cell, statement)`, the statement a syntax tree.

    Where the course's own cell of an exercise defines it, no other cell does.
    """
    trees = [(cell, tree_of(cell)) for cell in cells]
    at_home = {cell.exercise for cell, tree in trees if cell.exercise in _defined(tree)}
    return [(cell, statement) for cell, tree in trees for statement in tree.body
            if _is_definition(statement)
            and not (_names(statement) & at_home - {cell.exercise})]


def tree_of(cell):
    """The syntax tree of a cell, empty where it is not Python."""
    try:
        return ast.parse(cell.text, cell.filename)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def mistake_in(cell):
    """What is wrong with the text of a cell, as a sentence, or "" if it is Python."""
    try:
        ast.parse(cell.text, cell.filename)
    except SyntaxError as error:
        return (f"The code in it is not Python: {error.msg}, in line {error.lineno}"
                + (f", `{error.text.strip()[:100]}`." if error.text else "."))
    except (ValueError, RecursionError, MemoryError) as error:
        return f"The code in it cannot be read ({type(error).__name__})."
    return ""


def _is_definition(statement):
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return True
    value = getattr(statement, "value", None)
    return isinstance(statement, (ast.Assign, ast.AnnAssign)) and value is not None \
        and _is_constant(value)


def _is_constant(value):
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, ast.Call):
        return _root(value.func) in CALLED and "random" not in ast.dump(value.func) and all(
            map(_is_constant, [*value.args, *(keyword.value for keyword in value.keywords)]))
    if isinstance(value, ast.Constant):
        return not isinstance(value.value, int) or abs(value.value) < SHORT
    if isinstance(value, (ast.Name, ast.Attribute)):
        return True
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Pow, ast.LShift)):
        return isinstance(value.right, (ast.Constant, ast.UnaryOp)) and _is_small(value.right)
    return isinstance(value, VALUES) and all(
        map(_is_constant, [child for child in ast.iter_child_nodes(value)
                           if isinstance(child, ast.expr)]))


def _is_small(node):
    node = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) \
        and abs(node.value) <= 64


def _root(node):
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _names(statement):
    """The names that a definition binds; an attribute, as in `Model.loss = loss`, is none."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {node.id for target in targets for node in ast.walk(target)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _defined(tree):
    return {name for statement in tree.body if _is_definition(statement)
            for name in _names(statement)}


def _bodies(cells):
    """The statement that defines each name, methods of classes included."""
    bodies = {}
    for _, statement in definitions(cells):
        for bound in _names(statement):
            bodies[bound] = statement
        for inner in ast.walk(statement) if isinstance(statement, ast.ClassDef) else ():
            if isinstance(inner, ast.FunctionDef):
                bodies.setdefault(inner.name, inner)
    return bodies


def is_open(cells, name):
    """Whether a function is still to be filled in: it only raises `NotImplementedError`."""
    statement = _bodies(cells).get(name)
    body = getattr(statement, "body", [])
    if not isinstance(statement, ast.FunctionDef) or len(body) > 2:
        return False
    return isinstance(body[-1], ast.Raise) and "NotImplementedError" in ast.dump(body[-1])


def names_used(cells, name):
    """The names that a function uses, also by way of other functions of the notebook."""
    bodies = _bodies(cells)
    used, left = set(), [name]
    while left:
        statement = bodies.get(left.pop())
        new = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)} - used \
            if statement is not None else set()
        used |= new
        left += new
    return used - {name}
