"""Which names a cell binds, and which it needs from the cells above."""

import ast
import builtins
import symtable

KNOWN = {*dir(builtins), "display", "get_ipython", "__name__"}


def bound(code):
    """The names that a cell binds for the cells below."""
    return {symbol.get_name() for symbol in symtable.symtable(code, "cell", "exec").get_symbols()
            if symbol.is_assigned() or symbol.is_imported()}


def needed(code):
    """The names that a cell, and the functions in it, use without binding them."""
    top = symtable.symtable(code, "cell", "exec")
    names = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    inner = list(top.get_children())
    while inner:
        table = inner.pop()
        inner += table.get_children()
        names |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return names - bound(code) - KNOWN


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
