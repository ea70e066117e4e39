"""Editions of the course for the classroom, made by `python -m course.release`."""
