"""The helper package of the course, named and laid out as in the assignment."""
