"""What the tests share."""

import matplotlib

matplotlib.use("Agg")  # draw into memory, also where the machine has a screen
