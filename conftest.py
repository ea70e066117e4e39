"""Settings for all tests, the notebooks included."""

import os

from course.builder.execute import SETTINGS

os.environ |= SETTINGS
