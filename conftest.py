"""Settings for all tests, the notebooks included."""

import os

import pytest

from course.builder.execute import SETTINGS, prepare_matplotlib
from course.needs import missing
from course.tracked import is_somebodys, somebody_worked_in

os.environ |= SETTINGS
prepare_matplotlib()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of a file on one process, without a word on the command line.

    The cells of a notebook are tests that need each other.
    """
    if config.getvalue("dist") in ("load", "worksteal"):
        from xdist.scheduler import LoadFileScheduling
        return LoadFileScheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    """Leave out a notebook that somebody has worked in, and say so."""
    collectors = yield
    if file_path.suffix == ".ipynb" and collectors and is_somebodys(file_path):
        return [WorkedIn.from_parent(parent, path=file_path)]
    return collectors


def pytest_collection_modifyitems(items):
    """Skip the cells of a notebook that needs what is not installed, and say what to do."""
    for item in items:
        reason = item.path.suffix == ".ipynb" and missing(item.path.stem)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


class WorkedIn(pytest.File):
    """In place of the cells of a learner's notebook."""

    def collect(self):
        pytest.skip(somebody_worked_in(self.path), allow_module_level=True)
