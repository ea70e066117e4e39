"""The builder on small scripts: what each mark gives, and what is refused."""

import json

import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from course import CourseError
from course.builder import names, script, source, views
from course.builder.views import read_cells, to_json

START = '''# %% [markdown]
# # A small notebook

# %%
import numpy as np

import cs231n.classifiers.rnn


# %%
class CaptioningRNN(cs231n.classifiers.rnn.CaptioningRNN):
    """The learner's."""

'''
STEP = '# %% exercise="rnn_layers.rnn_step_forward"\n# Multiply.\n# Then add,\n# and squash.\n\n'


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A function from the text of a script to the cells of its notebook."""
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "HERE", tmp_path)
    monkeypatch.setattr(views, "HERE", tmp_path)

    def build(text):
        path = tmp_path / "Small.py"
        path.write_text(START + text, encoding="utf-8")
        return read_cells(path)

    return build


def refused(build, text):
    with pytest.raises(CourseError) as raised:
        build(text)
    return str(raised.value)


# ---- What a mark gives --------------------------------------------------------------------------


def test_an_exercise_is_the_function_without_its_body(build):
    cell = build(STEP)[-1]
    assert cell.id == "todo-rnn-step-forward"
    assert cell.student.startswith("def rnn_step_forward(x, prev_h, Wx, Wh, b):\n")
    assert cell.student.endswith('''    """
    # TODO: Multiply.
    # TODO: Then add, and squash.
    raise NotImplementedError("rnn_step_forward")


# To skip this exercise, replace the cell by what follows.
# from cs231n.rnn_layers import rnn_step_forward''')
    assert "np.tanh(" in cell.solved and "np.tanh(" not in cell.student
    assert "@" not in cell.solved.split("def ")[0] and "TODO" not in cell.solved
    compile(cell.student, "student", "exec")


def test_a_long_hint_is_wrapped(build):
    cell = build('# %% exercise="rnn_layers.rnn_step_forward"\n# ' + "word " * 30 + "\n")[-1]
    assert max(map(len, cell.student.split("\n"))) <= views.WIDTH
    assert cell.student.count("TODO") == 1


def test_forward_and_backward_are_skipped_together(build):
    cells = build(STEP + '# %% exercise="rnn_layers.rnn_step_backward"\n\n')
    assert "# (Do the same for rnn_step_backward" in cells[-2].student
    assert "# (Do the same for rnn_step_forward" in cells[-1].student


def test_a_method_is_attached_to_the_learners_class(build):
    cell = build("# %%\nfrom cs231n.rnn_layers import affine_forward\n\n"
                 '# %% exercise="classifiers.rnn.CaptioningRNN.next_scores"\n')[-1]
    for text in (cell.student, cell.solved):
        assert text.startswith("def next_scores(self, word, state):")
        assert "\n\n\nCaptioningRNN.next_scores = next_scores" in text
    assert cell.student.endswith("# CaptioningRNN.next_scores = next_scores")
    assert "next_scores = cs231n.classifiers.rnn.CaptioningRNN.next_scores" in cell.student


def test_a_given_function_is_shown_in_both_views(build):
    cell = build('# %% given="rnn_layers.affine_forward rnn_layers.affine_backward"\n')[-1]
    assert cell.student == cell.solved
    assert cell.id == "given-affine-forward"
    assert "def affine_forward(" in cell.solved and "\n\n\ndef affine_backward(" in cell.solved


def test_an_answer_is_in_the_solved_view_only(build):
    cell = build("# %% [markdown] answer\n# Because of the gates.\n")[-1]
    assert cell.solved == "Because of the gates."
    assert "gates" not in cell.student and "Your answer" in cell.student


def test_shared_cells_are_put_in(build, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "setup.py").write_text("# %%\nx = 1\n", encoding="utf-8")
    cell = build('# %% include="setup"\n')[-1]
    assert (cell.id, cell.kind, cell.student) == ("setup", "setup", "x = 1")


def test_a_picture_is_embedded(build, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "net.png").write_bytes(b"picture")
    cell = build("# %% [markdown]\n# ![A net](pictures/net.png)\n")[-1]
    assert cell.student == "![A net](attachment:net.png)"
    assert cell.attachments == {"net.png": {"image/png": "cGljdHVyZQ=="}}


def test_a_token_in_the_text_of_a_picture_is_no_tag(build, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "shift.png").write_bytes(b"picture")
    cell = build("# %% [markdown]\n# ![From <START> on](pictures/shift.png)\n")[-1]
    page = markdown2html_mistune(cell.student.replace("attachment:", ""))
    assert 'alt="From &lt;START&gt; on"' in page


def test_a_cell_that_checks_says_what(build):
    cells = build(STEP + "# %%\ncheck = print\n\n# %%\ncheck(rnn_step_forward)\n\n"
                  "# %%\ncheck(rnn_step_forward, name='other')\n")
    assert [(cell.id, cell.kind) for cell in cells[-2:]] == [
        ("check-rnn-step-forward", "check"), ("check-other", "check")]


def test_cells_are_named_after_their_heading(build):
    cells = build("# %% [markdown]\n# ## Two words & more\n\n# %%\nx = 1\n\n# %%\ny = x\n")
    assert [cell.id for cell in cells[-3:]] == [
        "text-two-words-more", "code-two-words-more", "code-two-words-more-2"]


def test_the_file_is_plain_json_in_one_form(build):
    text = to_json(build(STEP), solved=False)
    notebook = json.loads(text)
    assert text == json.dumps(notebook, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["cells"][-1]["metadata"] == {
        "course": {"exercise": "rnn_step_forward", "kind": "exercise"}}
    assert all(cell["outputs"] == [] and cell["execution_count"] is None
               for cell in notebook["cells"] if cell["cell_type"] == "code")


# ---- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("text, says", [
    ("# %% exercize=\"rnn_layers.sigmoid\"\n", "exercize"),
    ("# %% solved\nx = 1\n", "unknown mark 'solved'"),
    ("# %% exercise=\"rnn_layers.sigmoid\" answer=1\n", "at most one"),
    ("# %% [markdown] exercise=\"rnn_layers.sigmoid\"\n", "does not go with"),
    ("# %% answer\nx = 1\n", "does not go with"),
    ("# %% include=\"nothing\"\n", "no course/shared/nothing.py"),
    ("# %% exercise=\"rnn_layers.sigmoid\"\nx = 1\n", "comments only"),
    ("# %% given=\"rnn_layers.sigmoid\"\nx = 1\n", "otherwise empty"),
    ("# %% given=\"rnn_layers.no_such\"\n", "no_such"),
    ("# %% given=\"no_module.function\"\n", "no module"),
    ("# %% [markdown]\n# ![](pictures/x.png)\n", "no alt text"),
    ("# %% [markdown]\n# ![Alt](pictures/x.png)\n", "no picture"),
    ("# %% [markdown]\n# ## A small notebook!\n", "heading"),
    ("# %% exercise=\"rnn_layers.rnn_forward\"\n", "no cell above binds rnn_step_forward"),
    ("# %%\nprint(unknown)\n", "no cell above binds unknown"),
    ("# %%\n%matplotlib inline\n", "no plain Python"),
    (STEP + "# %%\nrnn_step_forward = None\n", "binds rnn_step_forward"),
    (STEP + "# %%\nfrom cs231n.rnn_layers import rnn_step_forward\n", "binds rnn_step_forward"),
    (STEP + "# %%\nfor rnn_step_forward in []:\n    pass\n", "binds rnn_step_forward"),
    (STEP + STEP, "binds rnn_step_forward"),
])
def test_what_a_script_must_not_hold(build, text, says):
    assert says in refused(build, text)


def test_a_function_needs_a_docstring(build, tmp_path, monkeypatch):
    (tmp_path / "module.py").write_text("def bare():\n    return 1\n", encoding="utf-8")
    monkeypatch.setattr(source, "PACKAGE", tmp_path)
    monkeypatch.setattr(source, "ROOT", tmp_path.parent)
    assert "docstring" in refused(build, '# %% exercise="module.bare"\n')


def test_functions_are_found_in_folders_and_without_noise(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "module.py").write_text(
        'class A:\n    @checked(\n        x="N"\n    )\n    def f(self):\n        """Do."""\n'
        "        return 1  # noqa: E501\n", encoding="utf-8")
    monkeypatch.setattr(source, "PACKAGE", tmp_path)
    monkeypatch.setattr(source, "ROOT", tmp_path.parent)
    function = source.find("folder.module.A.f")
    assert function.text == 'def f(self):\n    """Do."""\n    return 1'
    assert function.attach == "A.f = f"
    assert function.module == f"{tmp_path.name}.folder.module"


# ---- Names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code, bound, needed", [
    ("x = y", {"x"}, {"y"}),
    ("import a.b as c, d.e", {"c", "d"}, set()),
    ("def f(x):\n    y = x + z\n    return y", {"f"}, {"z"}),
    ("[x for x in xs]", set(), {"xs"}),
    ("class A(B):\n    n = m\n    def g(self):\n        return k", {"A"}, {"B", "m", "k"}),
    ("f = lambda v: v * w", {"f"}, {"w"}),
    ("print(len([]))", set(), set()),
    ("with a as b:\n    pass", {"b"}, {"a"}),
    ("x += 1", {"x"}, set()),
])
def test_names_of_a_cell(code, bound, needed):
    assert names.bound(code) == bound
    assert names.needed(code) == needed
