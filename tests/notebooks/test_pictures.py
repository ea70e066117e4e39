"""The diagrams: each has its file, fits into a notebook, and is what the script draws."""

import io

import matplotlib

matplotlib.use("Agg")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from PIL import Image  # noqa: E402

from course.pictures import draw as pictures  # noqa: E402

NAMES = sorted(diagram.__name__ for diagram in pictures.DIAGRAMS)


def test_every_file_has_its_function_and_every_function_its_file():
    assert sorted(path.stem for path in pictures.FOLDER.glob("*.png")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_small_and_drawn_at_twice_the_size_at_which_it_shows(name):
    path = pictures.FOLDER / f"{name}.png"
    assert path.stat().st_size < 60_000
    with Image.open(path) as picture:
        assert picture.width == 1600
        assert "transparency" not in picture.info  # dark text needs its white page
        corners = np.asarray(picture.convert("RGB"))[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners == 255).all()


@pytest.mark.parametrize("name", ["rnn_step", "shift"])
def test_the_script_draws_what_the_file_shows(name):
    """Seen from far enough away that the fonts of different Matplotlibs look alike."""
    with Image.open(pictures.FOLDER / f"{name}.png") as file:
        kept = _from_afar(file)
    drawn = _from_afar(Image.open(io.BytesIO(getattr(pictures, name)())))
    assert np.abs(drawn - kept).max() < 30
    assert np.abs(drawn[:, ::-1] - kept).max() > 60  # or it would see no difference at all


def _from_afar(picture):
    """Each square of 16 x 16 pixels as one grey value from 0 to 255."""
    return np.asarray(picture.convert("L").reduce(16), float)


def test_an_unknown_diagram_is_refused():
    with pytest.raises(SystemExit, match="no diagram 'shifted'. Diagrams: captioner,"):
        pictures.main(["shifted"])
