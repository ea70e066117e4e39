"""Looking at a learner's function without running it: its names, its namespace, its text."""

import ast
import dis
import inspect
import linecache
import textwrap
import types


def innermost(function):
    """The function behind bound methods, `functools.partial` and `functools.wraps`."""
    for _ in range(100):
        for attribute in ("__func__", "__wrapped__", "func"):
            if hasattr(function, attribute):
                function = getattr(function, attribute)
                break
        else:
            break
    return function


def globals_of(function):
    """The namespace a function was defined in, `{}` where there is none to see."""
    inner = innermost(function)
    if not hasattr(inner, "__globals__"):  # an object that can be called
        inner = innermost(vars(type(inner)).get("__call__", inner))
    return getattr(inner, "__globals__", {})


def calls(function):
    """The names of all functions and attributes that a function uses.

    Those that it uses by way of other functions of its namespace are among them.
    """
    home = globals_of(function)
    code = getattr(innermost(function), "__code__", None)
    names, codes = set(), [code] if code else []
    while codes:
        code = codes.pop()
        new = set(code.co_names) - names
        names |= new
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
        codes += [home[name].__code__ for name in new if isinstance(home.get(name),
                                                                   types.FunctionType)
                  and home[name].__globals__ is home]
    return names


_WORK = ("CALL", "BINARY", "COMPARE", "FOR_ITER", "LOAD_ATTR", "LOAD_GLOBAL", "LOAD_METHOD",
         "INPLACE", "STORE_SUBSCR", "LOAD_NAME")


def is_stub(function):
    """Whether a function only sets and returns constants: it is still to be filled in."""
    code = getattr(innermost(function), "__code__", None)
    return code is not None and not any(
        step.opname.startswith(_WORK) for step in dis.get_instructions(code))


def relocated(function, replaced):
    """A copy of a function that finds other functions under some names.

    The functions of its namespace are copied too, so that those it calls see the same.
    """
    home = globals_of(function)
    copy = dict(home)

    def moved(f):
        new = types.FunctionType(f.__code__, copy, f.__name__, f.__defaults__, f.__closure__)
        new.__kwdefaults__ = f.__kwdefaults__
        return new

    copy.update({name: moved(f) for name, f in home.items()
                 if isinstance(f, types.FunctionType) and f.__globals__ is home})
    copy.update(replaced)
    return moved(function)


def tree_of(code, space=None):
    """The syntax tree of the function with a code object, None where its text is not known.

    Line numbers in the tree are those of the file.
    """
    lines = linecache.getlines(code.co_filename, space or {})
    try:
        block = inspect.getblock(lines[code.co_firstlineno - 1:])
        tree = ast.parse(textwrap.dedent("".join(block)))
    except (SyntaxError, ValueError, IndexError):
        return None
    return ast.increment_lineno(tree, code.co_firstlineno - 1)


def statement_at(tree, line):
    """The innermost statement that covers a line, None where there is none."""
    covering = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)
                and node.lineno <= line <= node.end_lineno]
    return min(covering, key=lambda node: node.end_lineno - node.lineno, default=None)
