"""Run all tests: `python -m course.test`, or `make test`.

The style of the code first, then the package, the data and the notebooks, on several processors at
once. Words that follow go to pytest, such as `tests/layers`.
"""

import os
import subprocess
import sys

from course import ROOT
from course.tracked import is_somebodys

STYLE = ["-m", "ruff", "check", "."]
TESTS = ["-m", "pytest", "-n", "auto", "--maxprocesses=4"]
# Several processes at once, each with a matrix product on every processor, would wait for each
# other most of the time.
ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
                                     "VECLIB_MAXIMUM_THREADS")}


def main():
    commands = [STYLE + _learners_notebooks(), TESTS + sys.argv[1:]]
    codes = [subprocess.run([sys.executable, *command], cwd=ROOT,
                            env=os.environ | ONE_THREAD).returncode
             for command in commands]
    return 1 if any(codes) else 0


def _learners_notebooks():
    """Options of ruff that leave out the notebooks in which somebody has worked."""
    found = [*ROOT.glob("*.ipynb"), *(ROOT / "notebooks").rglob("*.ipynb")]
    return [f"--extend-exclude={path.relative_to(ROOT).as_posix()}"
            for path in found if is_somebodys(path)]


if __name__ == "__main__":
    sys.exit(main())
