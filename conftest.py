"""Notebooks that nbval would run, and that need what is not installed, are skipped."""

import pytest

from course.needs import missing


def pytest_collection_modifyitems(items):
    """Give each cell of such a notebook the sentence that says what to do."""
    for item in items:
        reason = item.path.suffix == ".ipynb" and missing(item.path.stem)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
