"""Where notebooks are written: one readable script a notebook, and the builder."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


class CourseError(Exception):
    """Something in `course/` or in a notebook is not as it has to be; says what, where and why."""
