"""Grading notebooks whose authors mean well, and some whose authors do not."""

import csv
import json
import os
import zipfile

import pytest

from course import ROOT, grade
from course.grading import explain, grade_text, submissions
from course.grading.judge import Limits, judge

RIGHT = "    return dY @ W.T, X.T @ dY"
POINTS = {"matmul_backward": 1}


def notebook(*bodies, before=""):
    """The text of a notebook that defines `matmul_backward`, after some code."""
    function = "\n".join(["def matmul_backward(dY, X, W):", *bodies])
    texts = ["import numpy as np\n" + before, function]
    cells = [{"cell_type": "code", "source": text, "metadata": {}} for text in texts]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def judged(text, seconds=10.0):
    """The exercise's entry. The judge is this process, which saves a start; the player is not."""
    entries, _ = judge(text, POINTS, Limits(seconds, megabytes=600))
    return entries[0]


def test_a_right_function_gets_its_points():
    assert grade_text(notebook(RIGHT), "Foundations", POINTS)["points"] == 1


def test_a_wrong_function_gets_the_sentence_of_its_mistake():
    item = judged(notebook("    return dY @ W.T, dY.T @ X"))
    assert item["outcome"] == "wrong" and item["points"] == 0 and item["cause"] and item["hints"]


def test_who_calls_a_helper_that_spoils_its_arguments_is_not_to_blame():
    solved = json.loads((ROOT / "notebooks" / "solutions" / "Foundations.ipynb").read_text(
        encoding="utf-8"))
    helper, = (cell for cell in solved["cells"]
               if cell["metadata"]["course"] == {"kind": "exercise", "exercise": "matmul_backward"})
    helper["source"] = ("def matmul_backward(dY, X, W):\n    dX, dW = dY @ W.T, X.T @ dY\n"
                        "    dY[...] = 0\n    return dX, dW")
    entries, _ = judge(json.dumps(solved), POINTS | {"two_layer_loss": 1}, Limits())
    assert [item["outcome"] for item in entries] == ["almost", "right"]


def test_an_exception_is_explained_with_its_line():
    item = judged(notebook("    return dY @ W.T, X.T @ nothing"))
    assert item["outcome"] == "wrong" and "nothing" in "".join(item["hints"])


HARM = {
    "hangs": ("    while True: pass", "stopped"),
    "sleeps": ("    import time; time.sleep(100)", "stopped"),
    "ends the process": ("    import os; os._exit(0)", "stopped"),
    "exits 0": ("    raise SystemExit(0)", "wrong"),
    "fills the memory": ("    kept = [np.ones(10**7) for _ in range(10**4)]", "stopped"),
    "forks": ("    import os; os.fork()", "wrong"),
    "starts a program": ("    import subprocess; subprocess.run(['true'])", "wrong"),
    "starts a thread": ("    import threading; threading.Thread(target=print).start()", "wrong"),
    "opens a socket": ("    import socket; socket.socket()", "wrong"),
    "kills its parent": ("    import os; os.kill(os.getppid(), 9)", "wrong"),
    "prints without end": ("    print('PASS' * 10**6)", "wrong"),
    "asks the course": ("    from cs231n.foundations import matmul_backward as own\n"
                        "    return own(dY, X, W)", "wrong"),
    "asks for what contains it": ("    from cs231n.rnn_layers import affine_backward\n"
                                  "    return affine_backward(dY, (X, W, 0))[:2]", "wrong"),
    "catches everything": ("    try:\n        from cs231n.foundations import matmul_backward as f\n"
                           "        return f(dY, X, W)\n    except BaseException:\n"
                           "        return dY, X", "wrong"),
    "reads the course's file": (f"    exec(open({str(ROOT / 'cs231n/foundations.py')!r}).read())",
                                "wrong"),
    "forges messages": ("    import os\n    for n in range(3, 20):\n        try:\n"
                        "            os.write(n, b'x' * 9999)\n        except OSError: pass\n"
                        "    return 1", "stopped"),
}


@pytest.mark.parametrize("how", HARM)
def test_harm_and_cheats_get_no_points(how, monkeypatch):
    body, expected = HARM[how]
    if how == "forks" and not hasattr(os, "fork"):
        pytest.skip("no fork on this system")
    monkeypatch.setattr(explain, "hints", lambda *_: [])  # a process of its own, for text only
    item = judged(notebook(body), seconds=1.0 if how in ("hangs", "sleeps") else 10.0)
    assert item["points"] == 0
    assert item["outcome"] == expected


PATCHES = {
    "comparisons": "np.abs = np.allclose = np.array_equal = lambda *a, **k: True",
    "check": "import cs231n.feedback.report as r\nr.Report = None",
    "built-in functions": "import builtins\nbuiltins.all = lambda *a: True",
}


@pytest.mark.parametrize("what", PATCHES)
def test_patches_of_the_learners_process_do_not_reach_the_verdict(what):
    body = "    " + PATCHES[what].replace("\n", "\n    ") + "\n    return dY, X"
    assert judged(notebook(body))["outcome"] == "wrong"


def test_a_file_is_not_written(tmp_path):
    target = tmp_path / "verdict.json"
    judged(notebook(f"    open({str(target)!r}, 'w').write('PASS')", RIGHT))
    assert not target.exists()


def test_a_file_is_not_deleted(tmp_path):
    target = tmp_path / "results.json"
    target.write_text("{}", encoding="utf-8")
    judged(notebook(f"    import os; os.remove({str(target)!r})"))
    assert target.exists()


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Foundations.ipynb", "0" * 10**5)
    found, = submissions.find(tmp_path)
    assert found.learner == "ada" and found.text is None and "larger" in found.problem


def test_a_class_is_graded_once(tmp_path, monkeypatch):
    """A folder, a zip, a broken file; a second call judges nothing again."""
    folder, report = tmp_path / "class", tmp_path / "report"
    (folder / "ada").mkdir(parents=True)
    (folder / "ada" / "Foundations.ipynb").write_text(notebook(RIGHT), encoding="utf-8")
    (folder / "=broken.ipynb").write_text("{", encoding="utf-8")
    with zipfile.ZipFile(folder / "bob.zip", "w") as archive:
        archive.writestr("../../evil.ipynb", notebook("    return X, W"))
    arguments = [str(folder), "--out", str(report)]
    assert grade.main(arguments) == 0
    rows = list(csv.DictReader((report / "points.csv").open(encoding="utf-8")))
    assert [row["matmul_backward"] for row in rows] == ["", "2", "0"]
    assert rows[0]["learner"] == "'=broken" and rows[0]["problem"]
    assert not list(tmp_path.parent.glob("evil*")) and not (tmp_path / "evil.ipynb").exists()
    page = (report / "class.html").read_text(encoding="utf-8")
    assert "matmul_backward" in page and "=broken" not in page
    assert len(list((report / "learners").glob("*.html"))) == 3
    monkeypatch.setattr(grade, "grade_text", None)  # judging again would fail
    assert grade.main([*arguments, "--names"]) == 0
    assert "=broken" in (report / "class.html").read_text(encoding="utf-8")
    assert json.loads((report / "class.json").read_text(encoding="utf-8"))["before"] is None


def test_an_exercise_may_be_called_otherwise_than_its_function():
    """Several notebooks have a function `loss`."""
    text = notebook("    return dY", before="def loss(self, features, captions):\n"
                                           "    raise NotImplementedError('loss')\n")
    found = grade_text(text, "Attention_Captioning", {"attention_loss": 1})
    assert found["exercises"][0]["outcome"] == "open"
