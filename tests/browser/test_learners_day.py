"""A learner's day in a real JupyterLab and a real Chromium: `make test-browser`.

Plain `make test` leaves this folder out: it needs a browser.
"""

import json
import re
import subprocess
import sys

import pytest
from ipykernel.ipkernel import IPythonKernel
from running import NAMES, sources

from course.builder.form import METADATA, to_text
from course.builder.views import to_json

WORDS = {"PASS", "FAIL", "ALMOST", "NOT YET", "TRUE", "FALSE"}
NO_TEXTS = {"", "Image", "No description has been provided for this image"}  # as good as none
THEMES = ["JupyterLab Light", "JupyterLab Dark"]

RIGHT = next(cell.solved for cell in sources("RNN_Captioning")
             if cell.exercise == "rnn_step_forward")
WRONG = RIGHT.replace("np.tanh", "np.sin")
EXERCISE = ["setup", "code-captions-for-pictures-with-a-recurrent-neural", "numeric_checks",
            "todo-rnn-step-forward", "code-one-time-step-forward", "check-rnn-step-forward",
            "check-check-summary"]
SETUP, IMPORTS, NUMBERS, TODO, FIGURES, CHECK, SUMMARY = range(len(EXERCISE))

TRAINING = """
import numpy as np
from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.coco_utils import load_coco_data
from cs231n.figure_texts import show_figure
from cs231n.vis_utils import plot_loss

np.random.seed(231)
data = load_coco_data(max_train=1000)
model = FastCaptioningRNN(data["word_to_idx"], input_dim=512, wordvec_dim=32, hidden_dim=32)
my_solver = CaptioningSolver(model, data, update_rule="adam", batch_size=20, num_epochs={epochs},
                             print_every=1000)
my_solver.train()
plot_loss(my_solver.loss_history)
show_figure()
"""


@pytest.fixture
def notebook(course):
    """A function that writes a notebook into the course's folder, and returns where it lies."""
    def write(name, cells, view="RNN_Captioning"):
        content = json.loads(to_json(sources(view), solved=False))
        by_id = {cell["id"]: cell for cell in content["cells"]}
        content["cells"] = [by_id[cell] if cell in by_id else code_cell(f"own-{i}", cell)
                            for i, cell in enumerate(cells)]
        content["metadata"] = METADATA | {"language_info": IPythonKernel.language_info}
        path = course / "work" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(to_text(content), encoding="utf-8")
        return f"work/{name}.ipynb"

    return write


def code_cell(name, text):
    return {"cell_type": "code", "execution_count": None, "id": name, "metadata": {},
            "outputs": [], "source": text.strip().splitlines(keepends=True)}


def texts_of_outputs(cell):
    """All that a cell shows as plain text or as an error."""
    return "\n".join("".join(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
                     or f"{output.get('ename')}: {output.get('evalue')}"
                     for output in cell["outputs"])


# ---- What would be wrong ------------------------------------------------------------------------

def without_text(pictures):
    return [picture for picture in pictures if picture["alt"].strip() in NO_TEXTS]


def hard_to_read(badges):
    """The badges whose word has too little contrast, of those that are badges."""
    return [badge for badge in badges
            if badge["word"] in WORDS and contrast(badge["ink"], badge["fill"]) < 4.5]


def contrast(*colours):
    """The contrast of two colours as the browser names them, by the formula of WCAG 2."""
    dark, light = sorted(luminance(colour) + 0.05 for colour in colours)
    return light / dark


def luminance(colour):
    numbers = [float(number) for number in re.findall(r"[\d.]+", colour)]
    assert len(numbers) == 3, f"{colour}: a badge has a background of its own"
    parts = [number / 255 for number in numbers]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
              for part in parts]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722)))


def widget_errors(tab):
    return tab.page.get_by_text(re.compile("Error displaying widget|model not found")).count()


# ---- The scenes ---------------------------------------------------------------------------------

def test_a_copy_of_a_notebook_is_clean_after_opening(tab, course):
    subprocess.run([sys.executable, "-c", "from course import copies\n"
                    "copies.make('RNN_Captioning')"], cwd=course, check=True)
    tab.open("work/RNN_Captioning.ipynb")
    seen = tab.look_through()
    assert seen["formulas"] >= 15 and seen["raw_formulas"] == []
    assert any("<START>" in picture["alt"] for picture in seen["pictures"])
    assert not tab.is_dirty()
    assert tab.page.locator(".lm-DockPanel-tabBar .jp-mod-dirty").count() == 0


def test_formulas_are_drawn_and_pictures_have_a_text(tab):
    tab.open(f"notebooks/solutions/{NAMES[0]}.ipynb")
    problems = []
    for name in NAMES:
        tab.show(f"notebooks/solutions/{name}.ipynb")
        seen = tab.look_through()
        problems += [f"{name}: {what}" for what in (
            *seen["raw_formulas"], *without_text(seen["pictures"]), *hard_to_read(seen["badges"]),
            *(picture for picture in seen["pictures"] if not picture["loaded"]))]
        words = [badge["word"] for badge in seen["badges"] if badge["word"] in WORDS]
        if not seen["formulas"] or not seen["pictures"] or "PASS" not in words:
            problems.append(f"{name}: no formula, no picture or no badge was found at all")
    assert problems == []
    assert tab.blocked == []  # nothing was asked of the network


def test_an_exercise_open_wrong_and_right(tab, notebook):
    tab.open(notebook("exercise", EXERCISE))
    for number in (SETUP, IMPORTS, NUMBERS, TODO):
        tab.run(number)
    assert "NotImplementedError: rnn_step_forward" in tab.run(FIGURES).inner_text()
    assert "rnn_step_forward: NOT YET" in tab.run(CHECK).inner_text()

    tab.write_into(TODO, WRONG)
    tab.run(TODO)
    assert "FAIL" in tab.run(FIGURES).inner_text()
    assert "rnn_step_forward: FAIL" in tab.run(CHECK).inner_text()
    tab.run(CHECK)  # a diagnosis is told step by step
    told = tab.run(CHECK).inner_text()
    assert "tanh" in told, told
    assert "0 of" in tab.run(SUMMARY).inner_text()

    tab.write_into(TODO, RIGHT)
    tab.run(TODO)
    assert re.search(r"next_h error: .* PASS", tab.run(FIGURES).inner_text())
    assert "rnn_step_forward: PASS" in tab.run(CHECK).inner_text()
    assert "1 of" in tab.run(SUMMARY).inner_text()
    assert tab.is_dirty()

    for theme in THEMES:
        tab.command("apputils:change-theme", theme=theme)
        tab.page.wait_for_selector(f'body[data-jp-theme-name="{theme}"]', state="attached")
        badges = [badge for badge in tab.look_through()["badges"] if badge["word"] in WORDS]
        assert {badge["word"] for badge in badges} == {"PASS", "NOT YET"}
        assert hard_to_read(badges) == []


def test_a_trained_cell_that_was_saved_shows_its_bar_when_opened_again(tab, notebook):
    path = notebook("trained", ["setup", TRAINING.format(epochs=40)])
    tab.open(path)
    tab.run(0)
    tab.run(1)
    tab.save()
    tab.shut_down_kernel()

    tab.open(path)
    output = tab.cell(1).locator(".jp-Cell-outputArea")
    assert "100 %, 2000 of 2000 iterations, loss " in output.inner_text()
    filled, whole = (output.locator(f'xpath=.//div[contains(@style, "{style}")]').bounding_box()
                     for style in ("height", "max-width"))
    assert filled["height"] >= 8 and abs(filled["width"] - whole["width"]) < 1
    assert widget_errors(tab) == 0
    (picture,) = tab.look_through()["pictures"]
    assert picture["loaded"] and picture["alt"] == "Curves of the loss"
    assert not tab.is_dirty()


def test_stop_in_a_run_all_stops(tab, notebook):
    tab.open(notebook("stopped", ["setup", TRAINING.format(epochs=2000), "print('behind')",
                                  "my_solver.num_epochs = 1\nprint(my_solver.iteration)"]))
    tab.start("notebook:run-all-cells")
    tab.page.get_by_text(re.compile("of 100000 iterations")).first.wait_for()
    tab.page.locator('.jp-Toolbar [data-command="notebook:interrupt-kernel"]').click()
    tab.page.get_by_text("Stopped after iteration").first.wait_for()
    tab.wait_until_idle()
    _, training, behind, _ = tab.saved_cells()
    said = texts_of_outputs(training)
    assert "To go on, call my_solver.train() in a new cell." in said
    assert "TrainingStopped" in said and "Traceback" not in said
    assert "stopped after" in said  # the bar, too
    assert behind["outputs"] == [] and behind["execution_count"] is None
    tab.run(3)
    (told,) = tab.saved_cells()[3]["outputs"]
    stopped = int(re.search(r"Stopped after iteration (\d+) of 100000", said)[1])
    assert int("".join(told["text"])) == stopped > 0


# ---- The tests themselves -----------------------------------------------------------------------

def test_a_widget_a_figure_without_text_and_a_dirty_tab_are_seen(tab, course):
    """What these tests are for: each of the three is brought about here, and must be found."""
    widget = """display({"application/vnd.jupyter.widget-view+json":
        {"model_id": "gone", "version_major": 2, "version_minor": 0}}, raw=True)"""
    content = {"cells": [code_cell("picture", "plt.imshow([[1]]); plt.show()"),
                         code_cell("import", "import matplotlib.pyplot as plt"),
                         code_cell("widget", widget)],
               "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    (course / "work").mkdir(exist_ok=True)
    (course / "work" / "as it was.ipynb").write_text(to_text(content), encoding="utf-8")
    tab.open("work/as it was.ipynb")
    assert tab.is_dirty()  # the kernel's language was added: why `make lab` writes it beforehand
    assert tab.page.locator(".lm-DockPanel-tabBar .jp-mod-dirty").count() == 1
    for number in (1, 0, 2):
        tab.run(number)
    tab.page.get_by_text("Error displaying widget").first.wait_for()
    assert widget_errors(tab) > 0
    seen = tab.look_through()["pictures"]
    assert len(seen) == 1 and without_text(seen) == seen
