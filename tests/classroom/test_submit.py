"""The file that a learner hands in, and whether grading reads it."""

import csv
import json
import zipfile

import pytest

from course import copies, grade, submit
from course.builder.form import PLACE_FOR_ANSWER

SOLVED = "def matmul_backward(dY, X, W):\n    return dY @ W.T, X.T @ dY"
WRONG = "def numeric_derivative(f, x, h=1e-5):\n    return (f(x + h) - f(x)) / h"
OPEN = "def softmax_loss(scores, y):\n    raise NotImplementedError('softmax_loss')"


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A learner's folder, with the course's commands pointed to it."""
    monkeypatch.setattr(copies, "WORK", tmp_path / "work")
    monkeypatch.setattr(submit, "ROOT", tmp_path)
    monkeypatch.setattr(submit, "OUT", tmp_path / "out")
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def notebook():
    cells = [{"cell_type": "code", "source": text, "metadata": {}}
             for text in ("import numpy as np", SOLVED, WRONG, OPEN)]
    question = {"cell_type": "markdown", "source": [PLACE_FOR_ANSWER], "metadata": {}}
    return json.dumps({"cells": [*cells, question], "metadata": {}, "nbformat": 4,
                       "nbformat_minor": 5})


def test_one_file_is_made_and_grading_reads_it(work, tmp_path, capsys):
    (work / "Foundations.ipynb").write_text(notebook(), encoding="utf-8")
    assert submit.main(["Foundations"]) == 0
    said = capsys.readouterr().out
    assert "1 of 4 exercises" in said and "out/Foundations.zip" in said
    assert "numeric_derivative: FAIL" in said and "softmax_loss: NOT YET" in said
    assert "two_layer_loss: MISSING" in said and "no answer yet: 1" in said
    with zipfile.ZipFile(tmp_path / "out" / "Foundations.zip") as archive:
        assert archive.namelist() == ["Foundations.ipynb", "summary.json"]
        assert archive.read("Foundations.ipynb").decode() == notebook()
        summary = json.loads(archive.read("summary.json"))
    assert {"python", "numpy", "course"} <= summary["versions"].keys()
    assert str(tmp_path) not in json.dumps(summary)

    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "out" / "Foundations.zip").rename(tmp_path / "class" / "ada" / "Foundations.zip")
    assert grade.main([str(tmp_path / "class"), "--out", str(tmp_path / "report")]) == 0
    with open(tmp_path / "report" / "points.csv", encoding="utf-8") as file:
        row, = csv.DictReader(file)
    assert row["learner"] == "ada" and row["points"] == "2"


@pytest.mark.parametrize("text", [None, "{", '{"cells": 3}'])
def test_no_file_is_made_of_what_is_no_notebook(work, tmp_path, capsys, text):
    if text is not None:
        (work / "Foundations.ipynb").write_text(text, encoding="utf-8")
    assert submit.main(["Foundations"]) == 1
    assert "work/Foundations.ipynb" in capsys.readouterr().err
    assert not list(tmp_path.glob("out/*"))
