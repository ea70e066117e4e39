"""Looking for answers in what a learner can read.

Two distinct statements of one body are a leak; one call that a text shows as well is none.
"""

import ast
import re
from functools import cache

TELLING = (ast.BinOp, ast.Call, ast.Compare, ast.Subscript, ast.AugAssign)


@cache
def statements(text):
    """The distinct statements of a function that say how it is done: they compute something.

    Of a statement with a block, such as a loop, its first line.
    """
    found = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.stmt) or isinstance(node, ast.FunctionDef):
            continue
        if any(isinstance(part, TELLING) for part in ast.walk(node)):
            found.add(ast.unparse(node).split("\n")[0])
    return sorted(found)


def squeezed(text):
    """Code without spaces, `#`, quotes and round brackets, which may differ where it stands."""
    return re.sub(r"[\s#\"'()]", "", text)


def shown(function_text, squeezed_text):
    """The statements of a function that stand in a text, which was `squeezed` before."""
    return [line for line in statements(function_text) if squeezed(line) in squeezed_text]
