"""Code of a learner's, as text, for the tests of `check`."""

import itertools
import linecache
import textwrap

import numpy as np

_numbers = itertools.count()


def defined(source, **names):
    """The namespace that a text of code leaves behind; its lines are known, as in a notebook."""
    text = textwrap.dedent(source).lstrip("\n")
    filename = f"<learner {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space = {"np": np, **names}
    exec(compile(text, filename, "exec"), space)
    return space
