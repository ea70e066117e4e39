"""Settings for all tests, the notebooks included."""

import os

from course.execute import SETTINGS

os.environ |= SETTINGS
