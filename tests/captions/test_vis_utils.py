"""What the pictures for people show, and how they refuse what does not fit."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from cs231n import vis_utils  # noqa: E402
from cs231n.figure_texts import text_of_figure  # noqa: E402

IMAGES = [np.full((12, 16, 3), shade, dtype=np.uint8) for shade in (0, 100, 200)]
CAPTIONS = ["a dog", "two small cats on a table", "a boat at sea"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts():
    return [t.get_text() for axes in plt.gcf().axes for t in axes.texts]


def test_every_picture_stands_with_its_caption():
    vis_utils.show_captions(IMAGES, CAPTIONS)
    shown = [axes.images[0].get_array() for axes in plt.gcf().axes]
    for image, array in zip(IMAGES, shown):
        np.testing.assert_array_equal(array, image)
    assert texts() == CAPTIONS


def test_true_and_false_are_told_by_words_and_not_by_colour_alone():
    vis_utils.show_captions(IMAGES, CAPTIONS, correct=np.array([True, False, True]), columns=3)
    assert [axes.texts[-1].get_text() for axes in plt.gcf().axes] == ["TRUE", "FALSE", "TRUE"]


@pytest.mark.parametrize("columns", [1, 3, 4])
def test_a_badge_covers_no_letter(columns):
    vis_utils.show_captions(IMAGES * 2, CAPTIONS * 2, correct=[True, False] * 3, columns=columns)
    plt.gcf().canvas.draw()
    for axes in plt.gcf().axes:
        *lines, mark = axes.texts
        box = mark.get_bbox_patch().get_window_extent()
        assert not any(box.overlaps(line.get_window_extent()) for line in lines)
        assert box.x0 >= axes.get_window_extent().x0 - 1


def test_generated_captions_and_references_are_labelled_and_tokens_left_out():
    vis_utils.show_captions(IMAGES[:1], ["a dog <END>"], truth=["<START> a big dog <END>"])
    assert texts() == ["generated: a dog", "reference: a big dog"]
    weights = [text.get_weight() for text in plt.gca().texts]
    assert weights == ["bold", "normal"]


def test_a_caption_of_unknown_truth_has_no_mark():
    vis_utils.show_captions(IMAGES, CAPTIONS, correct=[True, None, False])
    assert texts() == ["a dog", "TRUE", "two small cats on a table", "a boat at sea", "FALSE"]


def test_a_caption_without_words_says_so():
    vis_utils.show_captions(IMAGES[:1], ["<END>"], correct=[False])
    assert texts() == ["(no words)", "FALSE"]


def test_long_captions_are_wrapped_and_nothing_overlaps_or_leaves_the_figure():
    vis_utils.show_captions(IMAGES * 3, ["a very long caption " * 8] * 9, truth=["short"] * 9,
                            columns=4, title="nine pictures")
    figure = plt.gcf()
    figure.canvas.draw()
    whole = figure.bbox
    pictures = [axes.get_window_extent() for axes in figure.axes]
    for axes in figure.axes:
        for text in axes.texts:
            box = text.get_window_extent()
            assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0
            assert not any(box.overlaps(picture) for picture in pictures)


def test_a_dollar_sign_starts_no_formula():
    vis_utils.show_captions(IMAGES[:1], ["$1 and $2"])
    plt.gcf().canvas.draw()
    assert texts() == [r"\$1 and \$2"]


def test_one_caption_too_few_or_none_at_all():
    with pytest.raises(ValueError, match="generated is 2 entries, expected one for each of the 3"):
        vis_utils.show_captions(IMAGES, CAPTIONS[:2])
    with pytest.raises(ValueError, match="correct is 1 entries"):
        vis_utils.show_captions(IMAGES, CAPTIONS, correct=[True])
    with pytest.raises(ValueError, match="truth is one text"):
        vis_utils.show_captions(IMAGES, CAPTIONS, truth="a dog")
    with pytest.raises(ValueError, match="images is empty"):
        vis_utils.show_captions([], [])
    with pytest.raises(ValueError, match="columns is 0, expected at least 1"):
        vis_utils.show_captions(IMAGES, CAPTIONS, columns=0)
    assert not plt.get_fignums()  # refused before anything was drawn


def test_what_is_no_picture_or_no_text():
    with pytest.raises(TypeError, match=r"images\[1\] is of type NoneType"):
        vis_utils.show_captions([IMAGES[0], None], CAPTIONS[:2])
    with pytest.raises(TypeError, match="a caption is of type ndarray.*decode_captions"):
        vis_utils.show_captions(IMAGES, np.ones((3, 17), dtype=int))
    assert not plt.get_fignums()


def test_loss_curves():
    vis_utils.plot_loss({"RNN": [3, 2, 1], "LSTM": [3, 1, 0.5]}, log=True)
    axes = plt.gca()
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["RNN", "LSTM"]
    styles = {line.get_linestyle() for line in axes.lines if line.get_label() in ("RNN", "LSTM")}
    assert len(styles) == 2
    with pytest.raises(ValueError, match="smooth is 0"):
        vis_utils.plot_loss([1.0], smooth=0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("log", [False, True])
def test_a_run_that_has_not_begun(log):
    vis_utils.plot_loss([], log=log)
    vis_utils.plot_loss({"RNN": [], "LSTM": []}, log=log)
    plt.gcf().canvas.draw()


def test_the_moving_average_lies_on_a_straight_line_and_smooths_the_rest():
    line = np.arange(20.0)
    np.testing.assert_allclose(vis_utils.moving_average(line, 5)[2:-2], line[2:-2])
    np.testing.assert_allclose(vis_utils.moving_average([1, 2, 3, 6], 3), [1.5, 2, 11 / 3, 4.5])
    np.testing.assert_allclose(vis_utils.moving_average([1, 2, 3, 6], 2), [1.5, 2.5, 4.5, 6])
    np.testing.assert_allclose(vis_utils.moving_average([1, 2, 3, 6], 99), [3, 3, 3, 3])


def test_hidden_states_show_the_units_that_stay_and_those_that_change():
    states = np.full((4, 7), 0.7) + 0.01 * np.arange(4)[:, None] * np.arange(7)  # unit 0 stays
    states[:, 2], states[:, 4] = [1, -1, 1, -1], [-0.5, 0.5, -0.5, 0.5]
    vis_utils.show_hidden_states(states, list("abcd"), units=3)
    shown = plt.gcf().axes[0].images[0].get_array()  # a row for each unit
    assert shown[0].tolist() == states[:, 0].tolist()
    assert sorted(shown[1:, 0].tolist()) == [-0.5, 1.0]
    assert [t.get_text() for t in plt.gcf().axes[0].get_xticklabels()] == list("abcd")
    assert "3 of 7 hidden units" in plt.gcf().axes[0].get_ylabel()
    with pytest.raises(ValueError, match=r"states has shape \(4, 7\), .* T = 3 from words"):
        vis_utils.show_hidden_states(states, list("abc"))
    with pytest.raises(ValueError, match=r"states has shape \(0, 7\)"):
        vis_utils.show_hidden_states(states[:0], [])


def test_units_that_move_alike_stand_beside_each_other():
    rise = np.linspace(-1, 1, 5)
    changing = np.stack([rise, -rise, rise, -rise], axis=1)
    vis_utils.show_hidden_states(np.hstack([changing / 10, changing]), list("abcde"))
    first = plt.gcf().axes[0].images[0].get_array()[:, 0].tolist()
    for half in (first[:4], first[4:]):
        assert sorted(half) in (half, half[::-1])
    assert max(map(abs, first[:4])) < min(map(abs, first[4:]))


def test_gates_have_a_panel_each_and_show_the_same_units():
    gates = {"input gate": np.eye(3, 5), "forget gate": np.zeros((3, 5))}
    vis_utils.show_gates(gates, list("abc"), units=3)
    panels = plt.gcf().axes[:2]
    assert [axes.get_title() for axes in panels] == list(gates)
    assert all(axes.images[0].get_array().shape == (3, 3) for axes in panels)
    with pytest.raises(ValueError, match=r"forget gate has shape \(2, 5\)"):
        vis_utils.show_gates({"forget gate": np.zeros((2, 5))}, list("abc"))
    with pytest.raises(ValueError, match="expected one for all"):
        vis_utils.show_gates({"i": np.zeros((3, 5)), "f": np.zeros((3, 6))}, list("abc"))
    with pytest.raises(ValueError, match="expected one for all"):
        vis_utils.show_gates({}, list("abc"))


WEIGHTS = np.array([[0.1, 0.2, 0.6, 0.1], [0.25, 0.25, 0.3, 0.2]])  # of 2 x 2 regions


def test_looks_are_bright_where_most_was_looked_at_and_dark_elsewhere():
    vis_utils.show_looks(IMAGES[1], ["a", "dog"], WEIGHTS, grid=(2, 2))
    picture, *others = [axes for axes in plt.gcf().axes if axes.images]
    assert len(picture.images) == 1
    assert [axes.get_title() for axes in others] == ["a", "dog"]
    for axes, shares in zip(others, WEIGHTS):
        veil = np.asarray(axes.images[1].get_array())[..., 3].ravel()
        assert veil[2] == 0 and (np.argsort(-veil) == np.argsort(shares)).all()
        assert veil.max() < 1  # the picture can still be made out
        corners = {(x, y) for line in axes.lines for x, y in zip(*line.get_data())}
        assert corners == {(x, y) for x in (-0.5, 7.5) for y in (5.5, 11.5)}  # below, on the left


def test_a_thing_that_is_named_has_a_frame_of_its_own_around_all_its_regions():
    on = np.array([True, True, False, False])
    vis_utils.show_looks(IMAGES[1], ["a", "dog"], WEIGHTS, named=[None, on], grid=(2, 2))
    lines = [len(axes.lines) for axes in plt.gcf().axes if axes.images]
    assert lines == [0, 4, 4 + 6]  # two regions side by side have six sides outside
    _, entries = text_of_figure(plt.gcf())
    assert entries == ["a: 60% on row 2, column 1",
                       "dog: 30% on row 2, column 1; 50% on what it names"]


def test_looks_that_do_not_go_with_the_words_or_the_grid():
    with pytest.raises(ValueError, match=r"weights has shape \(2, 4\), expected .* S = 20"):
        vis_utils.show_looks(IMAGES[0], ["a", "dog"], WEIGHTS)
    with pytest.raises(ValueError, match="T = 1 from words"):
        vis_utils.show_looks(IMAGES[0], ["a"], WEIGHTS, grid=(2, 2))
    with pytest.raises(ValueError, match="named has 1 entries, expected one for each of the 2"):
        vis_utils.show_looks(IMAGES[0], ["a", "dog"], WEIGHTS, named=[None], grid=(2, 2))
    with pytest.raises(TypeError, match="image is of type NoneType"):
        vis_utils.show_looks(None, ["a", "dog"], WEIGHTS, grid=(2, 2))
    with pytest.raises(ValueError, match="columns is 0"):
        vis_utils.show_looks(IMAGES[0], ["a", "dog"], WEIGHTS, grid=(2, 2), columns=0)
    assert not plt.get_fignums()


def test_curves():
    vis_utils.plot_curves({"RNN": [1, 2], "LSTM": [2, 3, 4]}, "step", "norm", log=True)
    assert [len(line.get_xdata()) for line in plt.gca().lines] == [2, 3]
