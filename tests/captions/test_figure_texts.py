"""What a blind learner can read of a figure, and what all learners can read on a badge."""

import re
import types

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from course import ROOT
from course.builder.execute import SETTINGS
from cs231n import badges, figure_texts, vis_utils
from cs231n.figure_texts import describe, show_figure, text_of_figure

IMAGES = [np.full((12, 16, 3), shade, dtype=np.uint8) for shade in (0, 100, 200)]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def text():
    return text_of_figure(plt.gcf())


# ---- Captions -----------------------------------------------------------------------------------

def test_every_caption_and_whether_it_is_true():
    vis_utils.show_captions(IMAGES, ["a dog <END>", "two <UNK> cats", ""],
                            truth=["<START> a big dog <END>", "one cat", "a boat"],
                            correct=[True, False, None], title="new pictures")
    assert text() == ("3 pictures with captions: new pictures", [
        "TRUE: a dog (reference: a big dog)", "FALSE: two <UNK> cats (reference: one cat)",
        "(no words) (reference: a boat)"])


def test_hidden_states_and_gates_word_by_word():
    states = np.array([[1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]])
    words = ["<START>", "a", "dog"]
    vis_utils.show_hidden_states(states, words)
    assert text()[1] == ["<START>: 50% of the 2 units are positive", "a: 1 units change their sign",
                         "dog: 2 units change their sign"]
    vis_utils.show_gates({"input gate": np.full((3, 4), 0.25)}, words)
    assert text()[1] == ["input gate, mean from 0 (closed) to 1 (open): <START> 0.25, a 0.25, "
                         "dog 0.25"]


# ---- Read off the axes --------------------------------------------------------------------------

def test_curves_are_read_off_the_axes():
    vis_utils.plot_loss({"RNN": [4.0, 2.0, 1.0], "LSTM": []}, log=True, smooth=1)
    assert text() == ("Curves of the loss", [
        "horizontal axis: iteration; vertical axis: loss, logarithmic",
        "RNN: 4 at 1, 2 at 2, 1 at 3", "LSTM: no values"])
    vis_utils.plot_curves({"norm": [np.nan] + [7.0] * 100}, "step", "size")
    assert text()[1][1] == "norm: 7 at 2, 7 at 27, 7 at 52, 7 at 76, 7 at 101"


@pytest.mark.parametrize("upright", [True, False])
def test_bars_are_read_with_their_names(upright):
    _, axes = plt.subplots()
    for i, label in enumerate(("BLEU-1", "true")):
        places = np.arange(2) + 0.2 * i
        if upright:
            axes.bar(places, [0.5, 0.25 + i], 0.19, label=label)
        else:
            axes.barh(places, [0.5, 0.25 + i], 0.19, label=label)
    (axes.set_xticks if upright else axes.set_yticks)(range(2), ["a person", "constant"])
    axes.set_title("scores")
    assert text() == ("A bar chart", ["scores", "BLEU-1: a person 0.5, constant 0.25",
                                      "true: a person 0.5, constant 1.25"])


def test_any_other_figure_has_a_text_too():
    plt.plot([1, 2], [3, 4])
    plt.axvline(1)
    assert text() == ("A chart of curves", ["3 at 1, 4 at 2", "0 at 1, 1 at 1"])
    plt.figure()
    assert text() == ("A figure", [])
    plt.imshow(np.zeros((2, 3)))
    plt.title("a mask")
    assert text() == ("A picture", ["a mask", "a picture of 2 rows and 3 columns"])
    describe("which words are\n padding")
    assert text() == ("which words are padding", ["a mask", "a picture of 2 rows and 3 columns"])


def test_outside_of_a_notebook_the_figure_is_just_shown(monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(text()[0]))
    vis_utils.show_captions(IMAGES[:1], ["a dog"])
    show_figure()
    show_figure("my own words")
    assert shown == ["1 picture with captions", "my own words"]
    assert text()[1] == ["a dog"]  # still there


# ---- In a notebook ------------------------------------------------------------------------------

CELLS = ["import numpy as np, matplotlib.pyplot as plt\n"
         "from cs231n.vis_utils import show_captions\n"
         "from cs231n.figure_texts import show_figure\n"
         "image = np.zeros((12, 16, 3), dtype=np.uint8)",
         "plt.plot([1, 2], label='<START>')\n"
         "show_captions([image], ['a \"dog\" & <UNK>'], correct=[False])\n"
         "show_figure()"]


def run_cells():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in CELLS])
    NotebookClient(notebook, timeout=60, kernel_name="python3",
                   resources={"metadata": {"path": str(ROOT)}}).execute()
    return notebook.cells[-1].outputs


def test_in_a_notebook_each_figure_is_one_output_with_its_text(monkeypatch):
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    curve, captions = run_cells()
    assert "<START>: 1 at 0, 2 at 1" in curve.data["text/plain"]
    assert "<li>&lt;START&gt;: 1 at 0, 2 at 1</li>" in curve.data["text/html"]
    assert captions.data["text/plain"] == ("Figure: 1 picture with captions\n"
                                           "  - FALSE: a \"dog\" & <UNK>")
    page = captions.data["text/html"]
    assert re.search('<img alt="1 picture with captions" src="data:image/png;base64,[^"]{500,}">',
                     page)
    assert f"{badges.badge('FALSE')} a &quot;dog&quot; &amp; &lt;UNK&gt;</li>" in page


def test_who_prefers_another_format_gets_it(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *args, **kwargs: shown.append(args))
    formatter = types.SimpleNamespace(format=lambda figure, include: ({}, {}))
    figure_texts._publish(plt.figure(), types.SimpleNamespace(display_formatter=formatter))
    assert shown == [(plt.gcf(),)]


# ---- Badges -------------------------------------------------------------------------------------

def contrast(one, other):
    """The contrast of two colours, from 1 to 21, by the formula of WCAG 2."""
    lights = sorted((luminance(colour) + 0.05 for colour in (one, other)), reverse=True)
    return lights[0] / lights[1]


def luminance(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_the_formula_of_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("word", ["PASS", "FAIL", "ALMOST", "NOT YET", "TRUE", "FALSE"])
def test_the_word_on_a_badge_can_be_read(word):
    ink, fill = (re.search(rf"(?<![-\w]){name}: ?(#\w+)", badges.badge(word))[1]
                 for name in ("color", "background-color"))
    assert contrast(ink, fill) >= 4.5
    assert f">{word}<" in badges.badge(word)


def test_the_captions_of_a_picture_can_be_read():
    vis_utils.show_captions(IMAGES, ["a dog"] * 3, truth=["a cat"] * 3, correct=[True, False, None])
    plt.gcf().canvas.draw()
    for label in (label for axes in plt.gcf().axes for label in axes.texts):
        patch = label.get_bbox_patch()
        ground = matplotlib_hex(patch.get_facecolor()) if patch else "#ffffff"
        assert contrast(matplotlib_hex(label.get_color()), ground) >= 4.5


def matplotlib_hex(colour):
    import matplotlib.colors

    return matplotlib.colors.to_hex(colour)
