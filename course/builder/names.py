"""Which names a cell binds, and which it needs from the cells above."""

import ast
import builtins
import symtable

KNOWN = {*dir(builtins), "display", "get_ipython", "__name__"}


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def bound(code):
    """The names that a cell binds for the cells below."""
    table = symtable.symtable(_without_comprehensions(code), "cell", "exec")
    return {symbol.get_name() for symbol in table.get_symbols()
            if symbol.is_assigned() or symbol.is_imported()}


def needed(code):
    """The names that a cell, and the functions in it, use without binding them."""
    names = _referenced(code)
    # From Python 3.12 on, the variables of a comprehension are listed among those around it.
    only_there = _comprehension_variables(code) - _referenced(_without_comprehensions(code))
    return names - only_there - bound(code) - KNOWN


def _referenced(code):
    """The names that a piece of code reads, in its functions too if they are global there."""
    top = symtable.symtable(code, "cell", "exec")
    names = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    inner = list(top.get_children())
    while inner:
        table = inner.pop()
        inner += table.get_children()
        names |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return names


def _without_comprehensions(code):
    """The code with `None` in place of every comprehension."""

    class Emptied(ast.NodeTransformer):
        def visit(self, node):
            if isinstance(node, COMPREHENSIONS):
                return ast.Constant(None)
            return self.generic_visit(node)

    return ast.unparse(Emptied().visit(ast.parse(code)))


def _comprehension_variables(code):
    return {name.id for node in ast.walk(ast.parse(code)) if isinstance(node, COMPREHENSIONS)
            for part in node.generators for name in ast.walk(part.target)
            if isinstance(name, ast.Name)}


def checked(code):
    """The exercises that a cell hands to `check(...)`, by name."""
    calls = [node for node in ast.walk(ast.parse(code))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
             and node.func.id == "check" and node.args]
    return [_exercise(call) for call in calls]


def _exercise(call):
    for keyword in call.keywords:
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    given = call.args[0]
    return given.attr if isinstance(given, ast.Attribute) else getattr(given, "id", "")
