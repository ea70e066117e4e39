"""The captioning models."""
