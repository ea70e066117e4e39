"""What `nbval.cfg` masks when outputs are compared, and what it must not mask."""

import re
from pathlib import Path

import pytest
from nbval.plugin import get_sanitize_patterns

from course.builder.script import read_text
from cs231n.figure_texts import PAGE

PATTERNS = get_sanitize_patterns(read_text(Path(__file__).parents[1] / "nbval.cfg"))
FIGURE = PAGE.format(alt="{}", png="{}", width="", details="<details>FALSE: a cat</details>")


def masked(text):
    for pattern, replacement in PATTERNS:
        text = re.sub(pattern, replacement, text)
    return text


@pytest.mark.parametrize("one, other", [
    ("h error: 6.29e-09 (at most 1e-08) PASS", "h error: 7e-10 (at most 1e-08) PASS"),
    ("loss: 1.2 (at least 1 and at most 2) PASS", "loss: 2 (at least 1 and at most 2) PASS"),
    ("true: 86.3 % (at least 75 %) PASS", "true: 100 % (at least 75 %) PASS"),
    ("(Iteration 1 / 9) loss: 76.913487", "(Iteration 1 / 9) loss: 0.100000"),
    ("(Iteration 1 / 9) validation loss: 7.913487, true captions: 5.4 %",
     "(Iteration 1 / 9) validation loss: 17.91, true captions: 15.4 %"),
    ("a step takes 12.3 ms", "a step takes 9 ms"),
    ("1.9 x as fast", "2 x as fast"),
    ("ordinary scenes     86.3 %   1000", "ordinary scenes      0.0 %   1000"),
    ("GPU: PyTorch sees none here.", "GPU: the loss differs by 1.2e-15"),
    ("kinds named         1.67", "kinds named         11.70"),
    ("<Figure size 840x426.1 with 2 Axes>", "<Figure size 840x391.1 with 2 Axes>"),
    ("Figure: 1 picture\n  - TRUE: a dog", "Figure: 1 picture\n  - FALSE: a big cat\n  - more"),
    (FIGURE.format("a chart", "abc/+="), FIGURE.format("a chart", "xyz")),
])
def test_figures_that_differ_between_machines_are_masked(one, other):
    assert masked(one) == masked(other) != one


@pytest.mark.parametrize("text, worse", [
    ("h error: 6.29e-09 (at most 1e-08) PASS", "h error: 6.29e-09 (at most 1e-08) FAIL"),
    ("h error: 6.29e-09 (at most 1e-08) PASS", "h error: nan (at most 1e-08) PASS"),
    ("h error: 6.29e-09 (at most 1e-08) PASS", "h error: inf (at most 1e-08) PASS"),
    ("h error: 6.29e-09 (at most 1e-08) PASS", "h error: 6.29e-09 (at most 1e-01) PASS"),
    ("h error: 6.29e-09 (at most 1e-08) PASS", "c error: 6.29e-09 (at most 1e-08) PASS"),
    ("(Iteration 1 / 9) loss: 76.913487", "(Iteration 1 / 9) loss: nan"),
    ("(Iteration 1 / 9) loss: 76.913487", "(Iteration 1 / 8) loss: 76.913487"),
    ("ordinary scenes     86.3 %   1000", "ordinary scenes     86.3 %   999"),
    ("train_features (8000, 512) float32", "train_features (8000, 4096) float32"),
    ("160 x 120", "160 x 100"),
    ("GPU: none\nx: 1 (at most 2) PASS", "GPU: none\nx: 1 (at most 2) FAIL"),
    ("<Figure size 840x426.1 with 2 Axes>", "<Figure size 840x426.1 with 3 Axes>"),
    ("  4  a", "  5  a"),
    ("Figure: 1 picture\n  - TRUE: a dog", "Figure: 2 pictures\n  - TRUE: a dog"),
    (FIGURE.format("a chart", "abc"), FIGURE.format("", "abc")),
    (FIGURE.format("a chart", "abc"), FIGURE.format("a chart", "abc") + "FAIL"),
])
def test_everything_else_is_compared(text, worse):
    assert masked(text) != masked(worse)
