"""What builds the notebooks: a script is read, its functions found, both views made, one is run."""
