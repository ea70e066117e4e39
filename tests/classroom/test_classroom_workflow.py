"""The steps of the workflow for GitHub Classroom, run in a shell as they stand in the file."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from course import ROOT

WORKFLOW = yaml.safe_load((ROOT / "course" / "classroom" / "grade.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step["run"] for step in WORKFLOW["jobs"]["grade"]["steps"] if "run" in step}
CODE = "import numpy as np\n\n\ndef matmul_backward(dY, X, W):\n    return dY @ W.T, dY.T @ X"

pytestmark = pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"),
                                reason="the workflow runs on Linux")


def run_step(name, folder, **variables):
    """Run a step as GitHub does: `bash -e`, in the folder that holds the checkouts."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(["bash", "-e", "-c", STEPS[name]], cwd=folder, capture_output=True,
                          text=True, env=os.environ | WORKFLOW["env"] | {"PATH": path} | variables)


def test_hints_on_a_pushed_notebook_come_into_the_summary(tmp_path):
    cells = [{"cell_type": "code", "source": CODE, "metadata": {}}]
    path = tmp_path / "submission" / WORKFLOW["env"]["NOTEBOOKS"] / "Foundations.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}}), encoding="utf-8")
    (path.parent / "x.ipynb").write_text('{"cells": "<b>"}', encoding="utf-8")
    (tmp_path / "clean").symlink_to(ROOT)
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n", encoding="utf-8")
    ran = run_step("Grade", tmp_path, GITHUB_STEP_SUMMARY=str(summary))
    assert ran.returncode == 0, ran.stderr
    said = summary.read_text(encoding="utf-8")
    assert said.startswith("# Before\n## Foundations: 0 of ")
    assert "- **matmul_backward**: FAIL, wrong\n  - " in said
    assert "- **softmax_loss**: MISSING" in said and "## x.ipynb: 0 of 0" in said
    assert len(list((tmp_path / "report" / "learners").glob("*.html"))) == 2


def test_a_workflow_without_a_course_says_so(tmp_path):
    ran = run_step("Is the course named", tmp_path)
    assert ran.returncode == 1 and "COURSE" in ran.stderr
    assert run_step("Is the course named", tmp_path, COURSE="a/b").returncode == 0


def test_nothing_of_a_learner_gets_into_a_command():
    assert all("${{" not in run for run in STEPS.values())
    assert WORKFLOW["permissions"] == {"contents": "read"}
