"""The parts of `get_datasets.py`; they need nothing but Python 3.8 or newer."""
