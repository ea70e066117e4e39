"""Where notebooks are written: one readable script a notebook, and the builder."""
