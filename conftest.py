"""Settings for all tests, the notebooks included."""

import os

from course.execute import SETTINGS

os.environ |= SETTINGS
if "PYTEST_XDIST_WORKER" in os.environ:  # one process a processor already
    os.environ |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
