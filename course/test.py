"""Run all tests: `python -m course.test`, or `make test`.

The style of the code first, then the package, the data and the notebooks, on several processors at
once. Words that follow go to pytest, such as `tests/test_layers.py`.
"""

import subprocess
import sys

from course import ROOT

STYLE = ["-m", "ruff", "check", "."]
TESTS = ["-m", "pytest", "-n", "auto", "--maxprocesses=4", "--dist=loadfile"]


def main():
    commands = [STYLE, TESTS + sys.argv[1:]]
    codes = [subprocess.run([sys.executable, *command], cwd=ROOT).returncode
             for command in commands]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
