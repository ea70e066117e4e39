"""The commands on small notebooks: what they write, what they refuse, and how they end."""

import json
import os
import subprocess
import sys

import nbformat
import pytest

from course import ROOT, build, needs, run
from course.builder import execute

PLOT = '''import matplotlib.pyplot as plt


def show_captions():
    plt.figure(figsize=(1, 1))
    plt.plot([1, 2])
    plt.show()


show_captions()'''


def notebook_of(*codes):
    cells = [nbformat.v4.new_code_cell(code, id=f"cell-{i}") for i, code in enumerate(codes)]
    return nbformat.v4.new_notebook(cells=cells)


# ---- make run -----------------------------------------------------------------------------------


@pytest.fixture
def run_notebook(tmp_path, monkeypatch):
    """A function that runs a notebook of the given code cells as `make run` does."""
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "SOLUTIONS", tmp_path)
    monkeypatch.setattr(run, "OUT", tmp_path / "out")

    def run_notebook(*codes):
        nbformat.write(notebook_of(*codes), tmp_path / "RNN_Captioning.ipynb")
        return run.main([])

    return run_notebook


def test_run_shows_the_verdicts_and_writes_what_to_look_at(run_notebook, tmp_path, capsys):
    code = run_notebook("print('h error: 1e-9 (at most 1e-8) PASS')",
                        "print('true captions: 80 % (at least 75 %) PASS')", PLOT)
    said = capsys.readouterr().out
    assert code == 0
    assert said.count("h error: 1e-9 (at most 1e-8) PASS") == 1
    assert said.count("true captions: 80 %") == 2  # as it comes, and at the end
    assert "2 verdicts" in said and "all of them PASS" in said
    assert "h error" in (tmp_path / "out" / "RNN_Captioning.html").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "captions.png").read_bytes().startswith(b"\x89PNG")


def test_run_ends_with_an_error_when_a_cell_fails(run_notebook, capsys):
    code = run_notebook("print('h error: 1 (at most 1e-8) FAIL')", "1 / 0", "print('PASS')")
    said = capsys.readouterr().out
    assert code == 1
    assert "cell-0 says: h error: 1" in said and "cell-1 raised ZeroDivisionError" in said


def test_a_command_that_fails_is_seen(run_notebook, capsys):
    assert run_notebook("!exit 3", "print('PASS')") == 1
    assert "cell-0 raised CalledProcessError" in capsys.readouterr().out


def test_a_notebook_without_verdicts_is_not_praised(run_notebook, capsys):
    assert run_notebook("print('true')") == 0
    said = capsys.readouterr().out
    assert "0 verdicts" in said and "so nothing was checked" in said and "PASS" not in said


def test_a_folder_that_matplotlib_cannot_write_is_no_failure(
        run_notebook, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "file" / "matplotlib"))
    assert run_notebook("import matplotlib\nmatplotlib.get_cachedir()\nprint('x: PASS')") == 0
    assert "all of them PASS" in capsys.readouterr().out


def test_kernels_find_the_font_list_and_a_folder_to_write(tmp_path):
    """What a process prepares, those that it starts need not remark on: nbval would compare it."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    prepare = ("import os, subprocess, sys; from course.builder.execute import prepare_matplotlib\n"
               "prepare_matplotlib()\n"
               "subprocess.run([sys.executable, '-c', 'import matplotlib.font_manager'])\n"
               "print(os.listdir(os.environ['MPLCONFIGDIR']))")
    process = subprocess.run(
        [sys.executable, "-c", prepare], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"MPLCONFIGDIR": str(tmp_path / "file" / "matplotlib")})
    assert "fontlist" in process.stdout and process.stderr == ""


def test_a_kernel_that_dies_is_named(run_notebook, capsys):
    assert run_notebook("import os; os._exit(1)") == 1
    assert "its kernel died" in capsys.readouterr().out


# What Matplotlib says about the machine and not about the notebook.
REMARKS = [
    "Matplotlib is building the font cache; this may take a moment.\n",
    "mkdir -p failed for path /home/a/.config/matplotlib: [Errno 13] Permission denied\n"
    "Matplotlib created a temporary cache directory at /tmp/matplotlib-x because there was an "
    "issue with the default path (/home/a/.config/matplotlib); it is highly recommended to\n",
    "/home/a/.config/matplotlib is not a writable directory\n",
]


@pytest.mark.parametrize("output, says", [
    (nbformat.v4.new_output("stream", text="fine: PASS\n"), None),
    (nbformat.v4.new_output("stream", text="h: 1 (at most 0) FAIL"), "says: h: 1 (at most 0) FAIL"),
    (nbformat.v4.new_output("stream", text="loss  NOT YET\n"), "says: loss  NOT YET"),
    (nbformat.v4.new_output("stream", text="loss: ALMOST\n"), "says: loss: ALMOST"),
    (nbformat.v4.new_output("stream", name="stderr", text="overflow"), "wrote to stderr: overflow"),
    (nbformat.v4.new_output("error", ename="E", evalue="bad"), "raised E: bad"),
    (nbformat.v4.new_output("execute_result", {"text/plain": "x: FAIL"}), "says: x: FAIL"),
    (nbformat.v4.new_output("stream", text="x: \x1b[1;31mFAIL\x1b[0m"), "says: x: FAIL"),
    (nbformat.v4.new_output("display_data", {"text/plain": "<a table>", "text/html":
        "<style>.FAIL {color: red}</style><p id='FAIL'>all</p><table><tr><td>x</td><td>FAIL</td>"}),
     "says: x  FAIL"),
    (nbformat.v4.new_output("display_data", {"text/plain": "b: FAIL", "text/html":
        "<div>\n<b>b</b>: <span class='FAIL'>FAIL</span></div>"}), "says: b: FAIL"),  # once
    (nbformat.v4.new_output("display_data", {"text/markdown": "x is **NOT YET** done"}),
     "says: x is **NOT YET** done"),
    *[(nbformat.v4.new_output("stream", name="stderr", text=remark), None) for remark in REMARKS],
    (nbformat.v4.new_output("stream", name="stderr", text=REMARKS[0] + "overflow\n"),
     f"wrote to stderr: {REMARKS[0]}overflow"),
])
def test_what_counts_as_a_failure(output, says):
    notebook = notebook_of("1")
    assert execute.failures(notebook) == ["the cell cell-0 was never executed"]
    notebook.cells[0] |= {"execution_count": 1, "outputs": [output]}
    assert execute.failures(notebook) == ([f"the cell cell-0 {says}"] if says else [])


# ---- make notebooks -----------------------------------------------------------------------------


@pytest.fixture
def build_notebook(tmp_path, monkeypatch):
    """A function that builds a notebook with one code cell; it returns how the command ends."""
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(build, "SOLUTIONS", tmp_path / "solutions")
    monkeypatch.setattr(build, "scripts", lambda: {"Small": build.ROOT / "course" / "Small.py"})

    def build_notebook(code, *options):
        monkeypatch.setattr("course.builder.script.read_text", lambda path: f"# %%\n{code}\n")
        return build.main(list(options))

    return build_notebook


def pretend_to_run(monkeypatch, *outputs):
    """Let the kernel be replaced by one that gives these outputs; return the list of its runs."""
    runs = []

    def pretend(notebook, folder):
        runs.append(notebook)
        notebook.cells[0] |= {"execution_count": 7, "outputs": list(outputs)}

    monkeypatch.setattr(execute, "run", pretend)
    return runs


def test_both_views_are_built(build_notebook, tmp_path):
    assert build_notebook("import time\nprint('a')\nprint(1)\ntime.time()") == 0
    text = (tmp_path / "solutions" / "Small.ipynb").read_bytes()
    cell = json.loads(text)["cells"][0]
    assert cell["execution_count"] == 1
    assert [output["output_type"] for output in cell["outputs"]] == ["stream", "execute_result"]
    assert cell["outputs"][0]["text"] == ["a\n", "1\n"]
    assert cell["metadata"] == {"course": {"kind": "code"}}  # and no times
    assert json.loads((tmp_path / "Small.ipynb").read_bytes())["cells"][0]["outputs"] == []
    assert b"\r" not in text and list(tmp_path.glob("**/*.part")) == []


def test_a_notebook_runs_again_only_if_a_cell_changed_or_on_demand(build_notebook, monkeypatch):
    runs = pretend_to_run(monkeypatch, nbformat.v4.new_output("stream", text="a\n"))
    for code, options, number in [("x = 1", [], 1), ("x = 1", [], 1), ("x = 1", ["--force"], 2),
                                  ("x = 2", ["--student"], 2), ("x = 2", [], 3)]:
        assert build_notebook(code, *options) == 0
        assert len(runs) == number


def test_a_remark_of_matplotlib_is_not_stored():
    notebook = notebook_of("1")
    notebook.cells[0].outputs = [
        nbformat.v4.new_output("stream", name="stderr", text=REMARKS[0]),
        nbformat.v4.new_output("stream", text="a\n")]
    assert [output["name"] for output in execute.stored_outputs(notebook)["cell-0"]] == ["stdout"]


@pytest.mark.parametrize("output, says", [
    (nbformat.v4.new_output("stream", text="x: 1 (at most 0) FAIL\n"), "FAIL"),
    (nbformat.v4.new_output("stream", text="x" * 2_000_000), "at most 1,500,000"),
])
def test_a_notebook_that_failed_is_not_written(
        build_notebook, monkeypatch, tmp_path, capsys, output, says):
    pretend_to_run(monkeypatch, output)
    assert build_notebook("x = 1") == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "solutions" / "Small.ipynb").exists()


EXERCISE = {"course": {"kind": "exercise", "exercise": "f"}}


@pytest.mark.parametrize("cell", [
    nbformat.v4.new_code_cell("x = 1", execution_count=1),
    nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("stream", text="a\n")]),
    nbformat.v4.new_code_cell("def f():\n    return 2", metadata=EXERCISE),
    nbformat.v4.new_markdown_cell("Because.", metadata={"course": {"kind": "answer"}}),
])
def test_a_notebook_that_somebody_worked_in_is_left_alone(build_notebook, tmp_path, capsys, cell):
    path = tmp_path / "Small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    before = path.read_bytes()
    assert build_notebook("x = 1", "--student") == 1
    assert "somebody has worked in" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_broken_file_is_built_again(build_notebook, tmp_path, monkeypatch):
    pretend_to_run(monkeypatch)
    (tmp_path / "solutions").mkdir()
    for path in (tmp_path / "Small.ipynb", tmp_path / "solutions" / "Small.ipynb"):
        path.write_text("<<<<<<< ours", encoding="utf-8")
    assert build_notebook("x = 1") == 0
    assert execute.read_notebook(tmp_path / "solutions" / "Small.ipynb").cells


def test_a_name_that_is_no_notebook(capsys):
    with pytest.raises(SystemExit):
        build.main(["Nothing"])
    assert "no notebook Nothing; there are: " in capsys.readouterr().err


# ---- A notebook that needs PyTorch --------------------------------------------------------------

SENTENCE = "Small_pytorch needs PyTorch, which is not installed: `make pytorch` installs it."


@pytest.fixture
def no_pytorch(monkeypatch):
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda name: None)


def test_without_pytorch_the_learners_view_is_built_and_the_solved_one_left(
        build_notebook, monkeypatch, tmp_path, capsys, no_pytorch):
    path = build.ROOT / "course" / "Small_pytorch.py"
    monkeypatch.setattr(build, "scripts", lambda: {"Small_pytorch": path})
    runs = pretend_to_run(monkeypatch)
    assert build_notebook("x = 1") == 0
    assert (tmp_path / "Small_pytorch.ipynb").is_file()
    assert runs == [] and not (tmp_path / "solutions").exists()
    assert SENTENCE in capsys.readouterr().out


def test_without_pytorch_nothing_is_run(monkeypatch, tmp_path, capsys, no_pytorch):
    monkeypatch.setattr(run, "SOLUTIONS", tmp_path)
    nbformat.write(notebook_of("1"), tmp_path / "Small_pytorch.ipynb")
    monkeypatch.setattr(execute, "run", None)
    assert run.main(["Small_pytorch"]) == 1
    assert capsys.readouterr().err.strip() == SENTENCE


def test_other_notebooks_need_no_pytorch(no_pytorch):
    assert needs.missing("RNN_Captioning") == ""
