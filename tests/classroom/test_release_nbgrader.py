"""The nbgrader edition: nbgrader's marks, points, and what its test cells say."""

import json

import pytest
from running import sources

from course.editions.in_nbgrader import require
from course.editions.nbgrader import source_notebook


def cells(points):
    found = json.loads(source_notebook("Foundations", points))["cells"]
    return {cell["id"]: cell for cell in found}


def test_an_exercise_with_points_has_a_test_cell_and_the_others_have_none():
    found = cells({"matmul_backward": 2})
    graded = {name: cell["metadata"]["nbgrader"]["points"] for name, cell in found.items()
              if cell["metadata"].get("nbgrader", {}).get("grade")}
    assert graded == {"check-matmul-backward": 2}
    assert 'require(matmul_backward, "matmul_backward")' in \
        "".join(found["check-matmul-backward"]["source"])


def test_solutions_stand_between_nbgraders_marks():
    text = "".join(cells({})["todo-matmul-backward"]["source"])
    before, solution, after = text.replace("### END", "### BEGIN").split("### BEGIN SOLUTION")
    body = next(c for c in sources("Foundations") if c.exercise == "matmul_backward").functions[0]
    assert solution.strip() == body.body.strip()
    assert "X.T" not in before + after
    assert 'raise NotImplementedError("matmul_backward")' in after


def test_a_wrong_function_is_refused_with_the_hints_of_check():
    with pytest.raises(AssertionError, match="one side only"):
        require(lambda f, x, h=1e-5: (f(x + h) - f(x)) / h, "numeric_derivative")


def test_the_courses_own_function_gives_no_points():
    from cs231n.foundations import numeric_derivative
    with pytest.raises(AssertionError, match="course's own"):
        require(numeric_derivative, "numeric_derivative")


def test_a_test_cell_names_the_function_and_the_exercise():
    """Where several notebooks have a function of that name."""
    text = source_notebook("Attention_Captioning", {"attention_loss": 4})
    found = {cell["id"]: "".join(cell["source"]) for cell in json.loads(text)["cells"]}
    assert 'require(loss, "attention_loss")' in found["check-attention-loss"]
