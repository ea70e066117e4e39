"""Which exercises are graded: points.toml, and files like it."""

import pytest
from running import NAMES

from course import CourseError
from course.points import read_points, tasks_of
from cs231n.feedback import check


def test_exercises_are_named_as_check_names_them():
    for notebook in NAMES:
        for task in tasks_of(notebook):
            assert check.exercises[task.name].notebook == notebook, task
    functions = {task.name: task.function for task in tasks_of("Attention_Captioning")}
    assert functions["attention_loss"] == "loss"


def test_the_courses_points_name_every_exercise():
    for notebook, table in read_points().items():
        assert list(table) == [task.name for task in tasks_of(notebook)]
        assert [name for name, points in table.items() if points == 0] == [
            task.name for task in tasks_of(notebook) if task.optional]


def test_a_notebook_without_a_table_gives_one_point_an_exercise(tmp_path):
    empty = tmp_path / "points.toml"
    empty.write_text("", encoding="utf-8")
    assert read_points(empty, ["Foundations"])["Foundations"] == {
        "numeric_derivative": 1, "matmul_backward": 1, "softmax_loss": 1, "two_layer_loss": 0}


@pytest.mark.parametrize("text, said", [
    ("[Fundations]", "no notebook called Fundations"),
    ("[Foundations]\nloss = 1", "no exercise of Foundations called loss"),
    ("[Foundations]\nsoftmax_loss = -1", "softmax_loss = -1; expected a number of points"),
    ("[Foundations]\nsoftmax_loss = nan", "softmax_loss = nan"),
    ("[Foundations]\nsoftmax_loss = true", "softmax_loss = True"),
    ("Foundations = 3", "expected a table"),
    ("[Foundations", "is no TOML"),
    ("[RNN_Captioning_pytorch]\nloss = 1", "no exercise of RNN_Captioning_pytorch called loss"),
])
def test_an_entry_that_means_nothing_is_named(text, said, tmp_path):
    path = tmp_path / "points.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=said):
        read_points(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CourseError, match="points.toml: cannot be read"):
        read_points(tmp_path / "points.toml")
