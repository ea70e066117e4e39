"""Running a learner's code: quietly and without lasting effects."""

import contextlib
import io
import random
import warnings

import numpy as np

from cs231n.feedback.outcomes import Crash, NotDone


@contextlib.contextmanager
def undisturbed():
    """Let code run without output, warnings, or a trace in the random states."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    errors = np.geterr()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            np.seterr(all="ignore")
            yield
    finally:
        np.seterr(**errors)
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def call(function, *args, axes=None, sizes=None):
    """Call a learner's function.

    Args:
        function: what the learner wrote.
        args: its arguments.
        axes: for the report, the meaning of shapes by argument name, such as `{"x": "(N, D)"}`.
        sizes: for the report, the sizes of axes by letter.

    Raises:
        NotDone: it raises `NotImplementedError`.
        Crash: it raises anything else.
    """
    try:
        return function(*args)
    except NotImplementedError as error:
        raise NotDone(str(error)) from error
    except (Exception, SystemExit) as error:
        raise Crash(error, function, axes, sizes) from error
