"""Settings of nbgrader for this course. `nbgrader` is called from this folder."""

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.course_id = "captions"

# Nothing that lies beside a submitted notebook is used: no package of the learner's own.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints", "__pycache__", "*.pyc", "*.py", "cs231n", "course", "datasets",
]

# A notebook that trains takes a minute or two. A cell that runs longer than this is stopped.
c.Execute.timeout = 600

c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
