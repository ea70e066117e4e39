"""The diagrams in the notebooks: `python -m course.pictures.draw` draws them all into this folder.

`python -m course.pictures.draw shift lstm_cell` draws two of them. A notebook shows a diagram about
half as large as it is drawn, so its lines stay sharp. Colours are shades of those of Okabe and Ito,
which colour-blind people can tell apart. Each has one meaning in all diagrams, and words or shapes
say the same.
"""

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from PIL import Image

FOLDER = Path(__file__).resolve().parent
UNITS_PER_INCH, DPI, WIDTH = 2, 200, 16  # a diagram is 16 units wide: 1600 pixels
INK, SOFT, BACK, RULE = "#222222", "#6F6F6F", "#C24E00", "#DDDDDD"  # BACK: gradients
DASHES = (0, (4, 2.2))

# What a box stands for: (fill, edge).
KINDS = {
    "input": ("#DCEBF6", "#0072B2"),
    "state": ("#FBEBC8", "#C98A00"),
    "memory": ("#E4E0F3", "#5B4DA0"),
    "cell": ("#F2F2F2", "#555555"),
    "output": ("#D8F0E7", "#00805E"),
    "loss": ("#F7E1EE", "#B0578C"),
    "masked": ("#FFFFFF", "#AAAAAA"),
}


@dataclass
class Box:
    """A drawn box. Arrows start and end at the middles of its sides."""

    x: float
    y: float
    w: float
    h: float

    @property
    def left(self):
        return self.x - self.w / 2, self.y

    @property
    def right(self):
        return self.x + self.w / 2, self.y

    @property
    def top(self):
        return self.x, self.y + self.h / 2

    @property
    def bottom(self):
        return self.x, self.y - self.h / 2


class Canvas:
    """A white page, `WIDTH` by `height` units, with y upwards."""

    def __init__(self, height):
        self.figure = plt.figure(figsize=(WIDTH / UNITS_PER_INCH, height / UNITS_PER_INCH))
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
        self.axes.set_axis_off()

    # ---- Boxes ----------------------------------------------------------------------------------

    def box(self, x, y, text, kind, w=1.3, h=0.8, size=11, **style):
        """A rounded box around (x, y)."""
        fill, edge = KINDS[kind]
        masked = kind == "masked"
        self.axes.add_patch(FancyBboxPatch(
            (x - w / 2, y - h / 2), w, h, boxstyle="round,pad=0,rounding_size=0.14", lw=1.3,
            fc=fill, ec=edge, ls="--" if masked else "-", zorder=3))
        self.text(x, y, text, size, **{"color": SOFT if masked else INK, **style})
        return Box(x, y, w, h)

    def word(self, x, y, word, kind, w=1.3):
        """A word of a caption."""
        return self.box(x, y, word, kind, w, h=0.62, size=9 if word.startswith("<") else 10.5)

    def variable(self, x, y, name, kind, w=1.7):
        """A variable of the code."""
        return self.box(x, y, name, kind, w, size=11.5, family="monospace")

    def operation(self, x, y, sign, r=0.33):
        """A circle around (x, y) with a sign in it."""
        fill, edge = KINDS["cell"]
        self.axes.add_patch(Circle((x, y), r, fc=fill, ec=edge, lw=1.3, zorder=3))
        self.text(x, y, sign, 13)
        return Box(x, y, 2 * r, 2 * r)

    def strip(self, x, y, values, kind, side=0.34, down=False):
        """A vector from (x, y) on: cells that are darker the larger their value, from 0 to 1."""
        edge = np.array(to_rgb(KINDS[kind][1]))
        for i, value in enumerate(values):
            corner = (x, y - i * side) if down else (x + i * side, y - side / 2)
            self.axes.add_patch(Rectangle(corner, side, side, ec="white", lw=0.8, zorder=3,
                                          fc=1 - (0.12 + 0.78 * value) * (1 - edge)))

    # ---- Words ----------------------------------------------------------------------------------

    def text(self, x, y, text, size=11, **style):
        style = {"color": INK, "ha": "center", "va": "center", "zorder": 5, **style}
        self.axes.text(x, y, text, fontsize=size, **style)

    def remark(self, x, y, text, size=10, **style):
        self.text(x, y, text, size, **{"color": SOFT, **style})

    def code(self, x, y, text, size=9.5, **style):
        self.text(x, y, text, size, **{"family": "monospace", **style})

    def title(self, y, text, x=0.4):
        self.text(x, y, text, 12, weight="bold", ha="left")

    # ---- Lines ----------------------------------------------------------------------------------

    def path(self, *points, colour=SOFT, width=1.5, dashed=False):
        """A line through points, with an arrow's head at its last one."""
        end, before = np.array(points[-1], float), np.array(points[-2], float)
        direction = (end - before) / np.linalg.norm(end - before)
        neck = end - 0.2 * direction  # the line ends inside the head, which is never dashed
        self.axes.plot(*zip(*points[:-1], neck), color=colour, lw=width, zorder=2,
                       solid_joinstyle="round", solid_capstyle="butt",
                       ls=DASHES if dashed else "-")
        self.axes.add_patch(FancyArrowPatch(end - 0.3 * direction, end, arrowstyle="-|>", lw=1,
                                            color=colour, mutation_scale=10 + width, shrinkA=0,
                                            shrinkB=1.5, zorder=2))

    def gradient(self, *points):
        self.path(*points, colour=BACK, width=1.8, dashed=True)

    def there_and_back(self, start, end, gap=0.14):
        """An arrow forward and, beside it, the gradient's way back."""
        across = abs(start[1] - end[1]) < 1e-6
        dx, dy = (0, gap) if across else (-gap, 0)
        self.path((start[0] + dx, start[1] + dy), (end[0] + dx, end[1] + dy))
        self.gradient((end[0] - dx, end[1] - dy), (start[0] - dx, start[1] - dy))

    def rule(self, start, end):
        self.axes.plot(*zip(start, end), color=RULE, lw=1)

    def key(self, x, y):
        """What the two sorts of arrows mean."""
        self.path((x, y), (x + 1, y))
        self.remark(x + 1.15, y, "forward", ha="left")
        self.gradient((x + 4.0, y), (x + 3.0, y))
        self.text(x + 4.15, y, "gradients, backward", 10, ha="left", color=BACK)

    def png(self, colours=128):
        """The page as a PNG with a palette, a fifth of the size of one without."""
        raw, small = io.BytesIO(), io.BytesIO()
        self.figure.savefig(raw, dpi=DPI, facecolor="white")
        plt.close(self.figure)
        picture = Image.open(raw).convert("RGB").quantize(
            colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        picture.save(small, "PNG", optimize=True)
        return small.getvalue()


# ---- Foundations --------------------------------------------------------------------------------


def derivative():
    page = Canvas(6.2)

    def curve(u):  # in units of the page
        return 1.2 + 0.055 * (u - 1.5) ** 2

    u = np.linspace(2.2, 10.6, 80)
    page.axes.plot(u, curve(u), color=KINDS["input"][1], lw=2.4)
    left, x, right = 5.0, 7.0, 9.0
    for at in (left, x, right):
        page.axes.plot((at, at), (0.95, curve(at)), color=SOFT, lw=1, ls=":")
    slope = (curve(right) - curve(left)) / (right - left)
    ends = np.array([left - 1.1, right + 1.1])
    page.axes.plot(ends, curve(left) + slope * (ends - left), color=BACK, lw=1.8, ls=DASHES)
    page.axes.plot([left, right], [curve(left), curve(right)], "o", color=BACK, ms=7, zorder=4)
    page.path((1.6, 0.95), (11.2, 0.95))
    page.path((1.6, 0.95), (1.6, 5.7))
    for at, name in ((left, "x - h"), (x, "x"), (right, "x + h")):
        page.code(at, 0.55, name, 11)
    page.code(10.95, 5.6, "f", 12, color=KINDS["input"][1])
    page.text(11.5, 3.9, "the line through both points:\nits rise over its width\n"
              "is the derivative, almost", 10.5, ha="left", color=BACK)
    page.remark(11.5, 2.0, "the bend of the curve makes\none side too steep and the\n"
                "other too flat: taken together\nthe two errors cancel", ha="left")
    return page.png()


def chain_rule():
    page = Canvas(6.6)
    w, x, b, a, h = 0.5, 2.0, -0.3, 0.7, np.tanh(0.7)
    dh = 2 * (h - 1)
    da = dh * (1 - h**2)
    middle = 3.3
    first = [(name, value, grad, y) for name, value, grad, y in (
        ("w", w, da * x, 5.4), ("x", x, da * w, middle), ("b", b, da, 1.2))]
    times = page.operation(4.1, (5.4 + middle) / 2, r"$\times$")
    plus = page.operation(6.3, middle, "+")
    boxes = {name: page.variable(1.3, y, name, "input", w=1.1) for name, _, _, y in first}
    a_box = page.variable(8.4, middle, "a", "cell", w=1.1)
    tanh = page.box(10.5, middle, "tanh", "cell", w=1.3)
    h_box = page.variable(12.5, middle, "h", "state", w=1.1)
    loss = page.box(14.8, middle, "(h - 1)$^2$", "loss", w=1.9)
    page.there_and_back(boxes["w"].right, times.left)
    page.there_and_back(boxes["x"].right, times.left)
    page.there_and_back(times.right, plus.left)
    page.there_and_back(boxes["b"].right, plus.left)
    for start, end in ((plus, a_box), (a_box, tanh), (tanh, h_box), (h_box, loss)):
        page.there_and_back(start.right, end.left)
    for box, value, grad in [*((boxes[n], v, g) for n, v, g, _ in first), (a_box, a, da),
                             (h_box, h, dh), (loss, (h - 1) ** 2, 1)]:
        page.text(box.x, box.y + 0.66, f"{value:.2f}", 11.5, weight="bold")
        page.text(box.x, box.y - 0.68, f"{grad:.2f}", 11.5, color=BACK, weight="bold")
    page.text(tanh.x, middle - 0.85, "times the slope\nof tanh at a", 9.5, color=BACK)
    page.key(7.0, 0.55)
    return page.png()


def matrix_product():
    page = Canvas(5.2)
    page.title(4.8, "Forward: Y = X W")
    page.title(4.8, "Backward: where W[d, m] was used", x=8.6)
    page.rule((8.1, 0.3), (8.1, 5.0))
    _grid(page, 0.5, 3.95, (5, 3), "X", "(N, D)", "input", row=2)
    _grid(page, 2.7, 3.95, (3, 4), "W", "(D, M)", "cell", column=1)
    _grid(page, 5.3, 3.95, (5, 4), "Y", "(N, M)", "output", row=2, column=1, only_cell=True)
    page.remark(4.0, 0.4, "a row of X times a column of W:\none number of Y", size=9.5)
    _grid(page, 8.7, 3.95, (5, 3), "X", "(N, D)", "input", column=2)
    _grid(page, 10.8, 3.95, (5, 4), "dY", "(N, M)", "loss", column=1)
    _grid(page, 13.4, 3.95, (3, 4), "dW", "(D, M)", "loss", row=2, column=1, only_cell=True)
    page.text(12.1, 0.4, "W[d, m] was used once for each example:\nthe parts add up", 9.5,
              color=BACK)
    return page.png()


def _grid(page, left, top, shape, name, letters, kind, row=None, column=None, only_cell=False,
          side=0.52):
    """A matrix of small cells, some of them filled: a row, a column, or one cell."""
    fill, edge = KINDS[kind]
    for i in range(shape[0]):
        for j in range(shape[1]):
            in_row, in_column = i == row, j == column
            chosen = in_row and in_column if only_cell else in_row or in_column
            page.axes.add_patch(Rectangle((left + j * side, top - (i + 1) * side), side, side,
                                          fc=edge if chosen else fill, ec="white", lw=1.6,
                                          zorder=3))
    middle = left + shape[1] * side / 2
    page.code(middle, top + 0.28, name, 11.5)
    page.remark(middle, top - shape[0] * side - 0.3, letters)


# ---- The captioner ------------------------------------------------------------------------------


def captioner():
    page = Canvas(4.9)
    _scene(page, 0.3, 1.4)
    page.remark(1.7, 1.02, "a picture")
    page.path((3.2, 2.45), (4.02, 2.45))
    page.remark(3.56, 2.8, "CNN")
    page.strip(4.1, 3.45, np.random.RandomState(3).rand(8), "input", down=True)
    page.remark(4.27, 4.15, "512 features")
    page.path((4.5, 2.45), (5.4, 2.45))
    page.remark(4.92, 2.8, "affine")

    state = page.box(5.82, 2.45, "$h_0$", "state", w=0.8, size=12)
    words = ["<START>", "a", "dog", "on", "the", "grass", "<END>"]
    for t in range(6):
        x = 7.25 + t * 1.56
        cell = page.box(x, 2.45, "RNN", "cell", w=0.95)
        read = page.word(x, 1.05, words[t], "input", w=1.36)
        written = page.word(x, 3.85, words[t + 1], "output", w=1.36)
        page.path(state.right, cell.left)
        page.path(read.top, cell.bottom)
        page.path(cell.top, written.bottom)
        state = cell
    page.remark(11.25, 0.42, "the words so far go in, one a time step")
    page.remark(11.25, 4.5, "the next word comes out")
    return page.png(256)


def _scene(page, x, y):
    """A picture of a dog, 2.8 by 2.1 units, with its lower left corner at (x, y)."""
    from cs231n.scenes import Group, Scene, draw  # no other diagram needs them

    picture = draw(Scene("grass", [Group("dog", size="big", x=80, y=104)]))
    page.axes.imshow(picture, extent=(x, x + 2.8, y, y + 2.1), aspect="auto", zorder=3,
                     interpolation="bicubic")
    page.axes.add_patch(Rectangle((x, y), 2.8, 2.1, fc="none", ec="#888888", lw=1, zorder=4))
    page.axes.set(xlim=(0, WIDTH), ylim=(0, page.figure.get_figheight() * UNITS_PER_INCH))


# ---- The unrolled network -----------------------------------------------------------------------


def unrolled_rnn():
    page = Canvas(4.6)
    cell = page.box(1.6, 2.4, "RNN", "cell", w=1.2)
    page.path((1.6, 1.25), cell.bottom)
    page.path(cell.top, (1.6, 3.65))
    page.text(1.6, 0.95, "$x_t$", 13)
    page.text(1.6, 3.95, "$h_t$", 13)
    page.path((1.6, 3.2), (2.75, 3.2), (2.75, 2.4), cell.right)
    page.remark(2.9, 2.85, "one step\nlater", ha="left", size=9.5)
    page.text(4.75, 2.4, "=", 22, color=SOFT)

    state = page.box(5.9, 2.4, "$h_0$", "state", w=0.85, size=12)
    for t, x in enumerate((7.8, 9.8, 11.8), start=1):
        state = _unrolled_step(page, x, state, str(t))
    page.path(state.right, (13.2, 2.4))
    page.text(13.55, 2.42, "...", 16, color=SOFT)
    _unrolled_step(page, 15.0, Box(13.85, 2.4, 0.1, 0.1), "T")
    page.remark(10.6, 0.42, "the same weights  $W_x$, $W_h$, $b$  at every time step", size=10.5)
    return page.png()


def _unrolled_step(page, x, state, t):
    """One time step of the unrolled network at x; returns its cell."""
    cell = page.box(x, 2.4, "RNN", "cell", w=1.0)
    read = page.box(x, 1.2, f"$x_{t}$", "input", w=0.85, h=0.65, size=12)
    out = page.box(x, 3.8, f"$h_{t}$", "state", w=0.85, h=0.65, size=12)
    page.path(state.right, cell.left)
    page.path(read.top, cell.bottom)
    page.path(cell.top, out.bottom)
    return cell


def backprop_through_time():
    page = Canvas(6.6)
    before = page.box(0.9, 3.4, "$h_0$", "state", w=0.9, size=12)
    for t, x in enumerate((3.1, 6.5, 9.9), start=1):
        state = page.box(x, 3.4, f"$h_{t}$", "state", w=0.9, size=12)
        loss = page.box(x, 5.15, f"loss of step {t}", "loss", w=2.2, h=0.7, size=10.5)
        read = page.box(x, 1.65, f"$x_{t}$", "input", w=0.9, h=0.7, size=12)
        page.there_and_back(before.right, state.left)
        page.there_and_back(state.top, loss.bottom)
        page.there_and_back(read.top, state.bottom)
        page.code(x + 0.3, 4.35, f"dh[:, {t - 1}]", color=BACK, ha="left")
        page.code(x + 0.3, 2.5, f"dx[:, {t - 1}]", color=BACK, ha="left")
        page.code((before.x + x) / 2, 2.98, "dh0" if t == 1 else "dprev_h", color=BACK)
        before = state
    page.gradient((12.3, 3.26), (10.35, 3.26))
    page.code(11.4, 2.88, "zeros", color=BACK)
    page.remark(12.45, 3.26, "nothing comes after\nthe last step", ha="left", size=9.5)
    page.text(12.45, 4.8, "two gradients meet in\neach hidden state:\nthey add up", 10, ha="left",
              color=BACK)
    page.text(8, 0.6, "dWx, dWh, db:  one part from every time step, summed", 11, color=BACK)
    page.key(3.7, 6.15)
    return page.png()


# ---- One time step ------------------------------------------------------------------------------


def rnn_step():
    page = Canvas(5.7)
    middle = 2.8
    x, prev_h, b = (page.variable(1.4, y, name, kind) for y, name, kind in
                    ((4.7, "x", "input"), (middle, "prev_h", "state"), (0.9, "b", "cell")))
    wx, wh = page.variable(4.4, 4.7, "@ Wx", "cell"), page.variable(4.4, middle, "@ Wh", "cell")
    plus = page.operation(7.4, middle, "+")
    a = page.variable(9.3, middle, "a", "cell", w=0.9)
    tanh = page.box(11.5, middle, "tanh", "cell", w=1.4)
    next_h = page.variable(14.5, middle, "next_h", "state")
    for start, end in ((x, wx), (prev_h, wh), (wh, plus), (plus, a), (a, tanh), (tanh, next_h)):
        page.there_and_back(start.right, end.left)
    _around_the_corner(page, wx.right, plus.top)
    _around_the_corner(page, b.right, plus.bottom)
    for box, shape in ((x, "(N, D)"), (wx, "(D, H)"), (prev_h, "(N, H)"), (wh, "(H, H)"),
                       (b, "(H,)"), (a, "(N, H)"), (next_h, "(N, H)")):
        page.remark(box.x, box.y + 0.64, shape)
    page.code(a.x, middle - 0.68, "da", 10.5, color=BACK)
    page.text(tanh.x, middle - 0.8, "times the slope\nof tanh at a",
              10, color=BACK)
    page.code(next_h.x, middle - 0.68, "dnext_h", 10.5, color=BACK)
    page.key(8.3, 0.6)
    return page.png()


def _around_the_corner(page, side, end, gap=0.14):
    """There and back from the side of a box, across and then up or down; the way back is inside."""
    inwards = gap if end[1] > side[1] else -gap
    page.path((side[0], side[1] - inwards), (end[0] + gap, side[1] - inwards),
              (end[0] + gap, end[1]))
    page.gradient((end[0] - gap, end[1]), (end[0] - gap, side[1] + inwards),
                  (side[0], side[1] + inwards))


# ---- Words --------------------------------------------------------------------------------------


def shift():
    page = Canvas(5.4)
    words = ["<START>", "a", "dog", "on", "the", "grass", "<END>", "<NULL>", "<NULL>"]
    places = 4.0 + 1.37 * np.arange(9)
    _row_of_words(page, 4.65, "caption", "captions", words, "cell", places)
    _row_of_words(page, 3.0, "input words", "captions[:, :-1]", words[:-1], "input", places)
    _row_of_words(page, 1.7, "target words", "captions[:, 1:]", words[1:], "output", places)
    page.rule((0.4, 4.0), (15.6, 4.0))
    page.text(0.4, 0.65, "in the loss?", 11.5, ha="left", weight="bold")
    for t, x in enumerate(places[:-1]):
        page.path((x, 2.68), (x, 2.03))
        page.remark(x, 3.6, f"step {t + 1}", size=9)
        if words[t + 1] == "<NULL>":
            page.remark(x, 0.65, "masked")
        else:
            page.text(x, 0.65, "yes", 10.5, weight="bold", color=KINDS["output"][1])
    return page.png()


def _row_of_words(page, y, name, code, words, kind, places):
    page.text(0.4, y + 0.15, name, 11.5, ha="left", weight="bold")
    page.code(0.4, y - 0.28, code, 9, ha="left", color=SOFT)
    for x, word in zip(places, words):
        page.word(x, y, word, "masked" if word == "<NULL>" else kind, w=1.26)


def teacher_forcing():
    page = Canvas(9.8)
    page.title(9.35, "Training: each step reads the true previous word (teacher forcing)")
    truth = ["<START>", "a", "dog", "on", "grass", "<END>"]
    written = ["a", "cat", "on", "the", "<END>"]
    for step, word, target in zip(_steps(page, 6.75, truth[:-1], written), written, truth[1:]):
        wrong = word != target
        page.text(step["written"].x, 8.6, f"should be: {target}", 9.5,
                  weight="bold" if wrong else "normal",
                  color=KINDS["loss"][1] if wrong else SOFT)
    page.rule((0.4, 4.75), (15.6, 4.75))

    page.title(4.3, "Writing: each step reads the word that the network chose in the step before")
    words = ["<START>", "a", "cat", "on", "grass", "<END>"]
    steps = _steps(page, 2.15, words[:-1], words[1:])
    for step, following in zip(steps, steps[1:]):
        start, end = step["written"].right, following["read"].left
        middle = (start[0] + end[0]) / 2
        page.path(start, (middle, start[1]), (middle, end[1]), end, colour=KINDS["output"][1],
                  width=2)
    return page.png()


def _steps(page, y, words_in, words_out):
    """Time steps in a row around y: each reads a word and writes one."""
    state, steps = page.box(1.0, y, "$h_0$", "state", w=0.85, size=12), []
    for t, (word_in, word_out) in enumerate(zip(words_in, words_out)):
        x = 2.9 + t * 2.87
        cell = page.box(x, y, "RNN", "cell", w=1.1)
        read = page.word(x, y - 1.35, word_in, "input", w=1.45)
        written = page.word(x, y + 1.3, word_out, "output", w=1.45)
        page.path(state.right, cell.left)
        page.path(read.top, cell.bottom)
        page.path(cell.top, written.bottom)
        state = cell
        steps.append({"read": read, "written": written})
    return steps


def embedding():
    page = Canvas(7.2)
    vocabulary, caption = ["<NULL>", "a", "and", "cat", "dog"], [1, 4, 2, 1, 3]
    random = np.random.RandomState(8)
    W, dout = random.rand(5, 4), 0.5 * random.rand(5, 4)
    dW = np.zeros((5, 4))
    np.add.at(dW, caption, dout)
    page.title(6.75, "Forward: look up a row for each word")
    page.title(6.75, "Backward: add up in each word's row", x=8.45)
    page.rule((8.0, 0.3), (8.0, 6.9))
    _table_and_words(page, 0.2, vocabulary, caption, W, W[caption], backward=False)
    _table_and_words(page, 8.2, vocabulary, caption, dW, dout, backward=True)
    page.remark(4.2, 0.5, '"a" occurs twice: its row is used twice')
    page.text(12.2, 0.5, '"a" occurs twice: its row gets the sum of both', 10, color=BACK)
    return page.png()


def _table_and_words(page, left, vocabulary, caption, table, vectors, backward):
    """The rows of a table, the vectors of a caption, and an arrow between row and vector."""
    kind, heights = "loss" if backward else "input", 5.4 - 0.88 * np.arange(5)
    for v, (word, row) in enumerate(zip(vocabulary, table)):
        page.text(left + 1.45, heights[v], word, 10.5, ha="right")
        page.remark(left + 1.78, heights[v], str(v), size=9)
        if row.any():
            page.strip(left + 2.05, heights[v], row, kind)
        else:
            page.remark(left + 2.73, heights[v], "zeros")
    for t, v in enumerate(caption):
        page.strip(left + 5.3, heights[t], vectors[t], kind)
        page.text(left + 6.85, heights[t], vocabulary[v], 10.5, ha="left")
        ends = (left + 3.5, heights[v]), (left + 5.2, heights[t])
        page.gradient(*ends[::-1]) if backward else page.path(*ends)
    for x, name, shape in ((2.73, "W", "(V, D)"), (5.98, "out", "(T, D)")):
        page.code(left + x, 6.02, "d" * backward + name, 11)
        page.remark(left + x, 1.25, shape)


# ---- LSTM ---------------------------------------------------------------------------------------


def lstm_cell():
    page = Canvas(7.8)
    page.axes.add_patch(FancyBboxPatch((2.6, 1.5), 10.8, 5.8, fc="#FAFAFA", ec="#CCCCCC", lw=1.2,
                                       boxstyle="round,pad=0,rounding_size=0.25"))
    top, middle, gates, low = 6.4, 5.3, 4.0, 2.25
    prev_c, next_c = (page.variable(x, top, name, "memory", 1.8)
                      for x, name in ((1.25, "prev_c"), (14.75, "next_c")))
    prev_h, next_h = (page.variable(x, low, name, "state", 1.8)
                      for x, name in ((1.25, "prev_h"), (14.75, "next_h")))
    affine, x = page.box(3.8, low, "affine", "cell", w=1.4), page.variable(3.8, 0.7, "x", "input")
    page.path(prev_h.right, affine.left)
    page.path(x.top, affine.bottom)
    page.remark(3.8, 3.05, "(N, 4H),\nsplit in four", size=9)

    f, i, g, o = (_gate(page, at, gates, affine, *texts) for at, *texts in (
        (5.65, "f", "forget", "sigmoid"), (7.4, "i", "input", "sigmoid"),
        (9.15, "g", "block input", "tanh"), (10.9, "o", "output", "sigmoid")))
    keep, write, show = (page.operation(at, height, r"$\times$") for at, height in
                         ((f.x, top), ((i.x + g.x) / 2, middle), (12.6, gates)))
    plus = page.operation(write.x, top, "+")
    tanh = page.box(show.x, middle, "tanh", "cell", w=1.1, h=0.66, size=10.5)
    for start, end in ((prev_c, keep), (keep, plus), (plus, next_c)):
        page.path(start.right, end.left, colour=KINDS["memory"][1], width=3.2)
    page.path(f.top, keep.bottom)
    page.path(i.top, (i.x, middle), write.left)
    page.path(g.top, (g.x, middle), write.right)
    page.path(write.top, plus.bottom)
    page.path((tanh.x, top), tanh.top)
    page.path(tanh.bottom, show.top)
    page.path(o.right, show.left)
    page.path(show.bottom, (show.x, low), next_h.left)
    page.text(10.5, 6.77, "cell state: a conveyor", 10.5, color=KINDS["memory"][1])
    for x, y, question in ((f.x, 6.98, "keep?"), (6.95, middle, "write?"),
                           (9.7, middle, "what?"), (o.x, 4.8, "show?")):
        page.remark(x, y, question, size=9.5)
    return page.png()


def _gate(page, x, y, affine, letter, name, squashing):
    """A quarter of the affine product, squashed."""
    box = page.box(x, y, "", "cell" if letter == "g" else "output", w=1.5, h=1.0)
    page.text(x, y + 0.18, letter, 12, family="monospace", weight="bold")
    page.remark(x, y - 0.24, name, size=8.5)
    page.path(affine.right, (x, affine.y), box.bottom)
    page.remark(x + 0.14, y - 0.95, squashing, size=9, ha="left")
    return box


def gradient_paths():
    page = Canvas(5.6)
    page.title(5.15, "Vanilla RNN: at every step through the weights and through a tanh")
    _chain(page, 4.1, "h", "state", "through tanh, times $W_h^T$", SOFT, 1.5)
    page.rule((0.4, 2.95), (15.6, 2.95))
    page.title(2.5, "LSTM: along the cell state, times the forget gate and nothing else")
    _chain(page, 1.45, "c", "memory", "times $f$", KINDS["memory"][1], 3.2)
    return page.png()


def _chain(page, y, letter, kind, factor, colour, width):
    """States in a row, and what the gradient meets on its way back through them."""
    boxes = [page.box(1.0 + t * 4.65, y, f"${letter}_{t + 1}$", kind, w=1.0, size=12)
             for t in range(4)]
    for one, other in zip(boxes, boxes[1:]):
        page.path((one.right[0], y + 0.16), (other.left[0], y + 0.16), colour=colour, width=width)
        page.gradient((other.left[0], y - 0.16), (one.right[0], y - 0.16))
        page.text((one.x + other.x) / 2, y - 0.6, factor, 10.5, color=BACK)


# ---- Beam search --------------------------------------------------------------------------------


def beam_search():
    page = Canvas(6.9)
    page.title(6.5, "the beam")
    page.title(6.5, "K V candidates: the totals add up", x=5.3)
    page.title(6.5, "the next beam", x=12.3)
    beam = {"a big": (-1.0, {"dog": -0.5, "cat": -0.9, "red": -3.0}),
            "two big": (-1.3, {"dogs": -1.1, "cats": -1.4, "red": -2.6})}
    after = iter((4.7, 2.7))
    for caption, y in zip(beam, (4.9, 2.1)):
        total, next_words = beam[caption]
        start = page.box(1.7, y, f"{caption}   {total}", "state", w=2.7)
        for i, (word, log_prob) in enumerate(next_words.items()):
            _candidate(page, start, y + 0.95 * (1 - i), caption, word, total, log_prob, after)
    page.remark(7.7, 0.35, "numbers are log-probabilities; the best two of all six go on")
    return page.png()


def _candidate(page, start, y, caption, word, total, log_prob, after):
    """One continuation of a caption; where it is among the best, the caption it becomes."""
    new_total = total + log_prob
    best = new_total > -2
    box = page.box(7.7, y, f"{word}   {total} - {-log_prob} = {new_total:.1f}",
                   "output" if best else "masked", w=4.6, h=0.7)
    page.path(start.right, box.left, width=2.4 if best else 1)
    if best:
        end = page.box(13.9, next(after), f"{caption} {word}   {new_total:.1f}", "state", w=3.3)
        page.path(box.right, end.left, width=2.4)


# ---- Attention ----------------------------------------------------------------------------------


def attention():
    page = Canvas(6.2)
    asking = page.box(1.7, 4.9, "$h_t$", "state", size=13)
    page.remark(1.7, 5.75, "what asks")
    regions = [page.box(1.7, 3.0 - 0.95 * s, f"region {name}", "input", w=2.2, h=0.7)
               for s, name in enumerate(("1", "2", "S"))]
    weights = [page.box(7.4, 3.0 - 0.95 * s, weight, "cell", w=2.2, h=0.7)
               for s, weight in enumerate(("0.05", "0.90", "0.01"))]
    page.remark(7.4, 5.75, "product with each region, / root of H, softmax")
    for region, weight in zip(regions, weights):
        page.path(region.right, weight.left)
        page.path(asking.right, weight.left)
    heard = page.box(11.3, 2.05, "heard", "memory", w=1.7)
    page.remark(11.3, 0.35, "sum of the regions by these weights")
    for weight in weights:
        page.path(weight.right, heard.left)
    mixed = page.box(14.4, 3.6, "mixed", "output", w=1.7)
    page.path(heard.right, mixed.bottom)
    page.path(asking.right, mixed.left)
    page.remark(14.4, 4.6, "scores the words")
    return page.png()


# ---- The Transformer ----------------------------------------------------------------------------


def all_at_once():
    page = Canvas(9.0)
    words = ["<START>", "a", "dog", "runs"]
    page.title(8.55, "an RNN: each step waits for the one before it")
    _words_and_vectors(page, 5.4, words, "state", "$h_{}$", chain=True)
    page.rule((0.4, 4.55), (15.6, 4.55))
    page.title(4.1, "self-attention: each word looks at itself and at the words before it")
    _words_and_vectors(page, 0.95, words, "output", "$z_{}$", chain=False)
    return page.png()


def _words_and_vectors(page, y, words, kind, letter, chain):
    """Words in a row at height y, and above each a vector that is made of it and of others."""
    read, made = [], []
    for t, word in enumerate(words):
        x = 3.2 + 3.3 * t
        read.append(page.word(x, y, word, "input", w=1.6))
        made.append(page.box(x, y + 1.9, letter.format(t + 1), kind, w=1.1, size=12))
    for t, end in enumerate(made):
        page.path(read[t].top, end.bottom)
        if chain:
            page.remark(end.x, end.y + 0.72, f"step {t + 1}", size=9.5)
            if t:
                page.path(made[t - 1].right, end.left, width=2.2)
        else:
            page.remark(end.x, end.y + 0.72, "at once", size=9.5)
            for start in read[:t]:
                page.path(start.top, (end.x - 0.18, end.bottom[1]), width=1)


def split_heads():
    page = Canvas(6.0)
    words, rng = ["a", "big", "dog"], np.random.RandomState(4)
    values = 0.15 + 0.85 * rng.rand(3, 6)
    heads = (("head 0", "input", slice(0, 3)), ("head 1", "output", slice(3, 6)))
    page.title(5.5, "vectors (N, T, E)", x=0.6)
    page.title(5.5, "two heads (2 N, T, E / 2)", x=6.1)
    page.title(5.5, "joined again", x=12.2)
    for t, word in enumerate(words):
        y = 3.65 - 0.75 * t
        page.text(0.6, y, word, 11, ha="left")
        for left in (1.7, 12.3):
            for _, kind, part in heads:
                page.strip(left + 0.4 * part.start, y, values[t, part], kind, side=0.4)
        for (_, kind, part), top in zip(heads, (4.6, 2.2)):
            page.text(6.6, top - 0.6 * t, word, 10, ha="left")
            page.strip(7.6, top - 0.6 * t, values[t, part], kind, side=0.4)
    for (name, kind, _), y in zip(heads, (4.0, 1.6)):
        page.text(9.15, y + 0.2, name, 11, ha="left", weight="bold", color=KINDS[kind][1])
        page.remark(9.15, y - 0.25, "attends", size=9.5, ha="left")
        page.path((4.4, 2.9), (6.3, y))
        page.path((10.5, y), (12.0, 2.9))
    page.remark(8, 0.3, "every head has all words, and of each word its own numbers")
    return page.png()


def decoder_layer():
    page = Canvas(13.3)
    x = 5.4
    start = page.variable(x, 0.65, "x", "input", w=2.6)
    page.remark(x + 1.6, 0.65, "a vector for each word (N, T, E)", ha="left")
    texts = {"self": ("self-attention", "looks at the words, with the causal mask"),
             "cross": ("cross-attention", "looks at the regions of the picture"),
             "feed": ("feed-forward", "each vector on its own")}
    below = start
    for i, (part, (name, says)) in enumerate(texts.items()):
        y = 2.35 + 3.6 * i
        box = page.box(x, y, name, "cell", w=3.4, h=0.9, size=11.5)
        page.remark(x + 1.95, y, says, ha="left", size=9.5)
        plus = page.operation(x, y + 1.15, "+")
        norm = page.box(x, y + 2.2, "layer norm", "state", w=2.6, h=0.7)
        page.path(below.top, box.bottom)
        page.path(box.top, plus.bottom)
        page.path(plus.top, norm.bottom)
        bend = below.top[1] + 0.3
        page.path((x, bend), (2.1, bend), (2.1, plus.y), plus.left, width=2.2)
        page.remark(1.95, (bend + plus.y) / 2, "around it", ha="right", size=9.5)
        if part == "cross":
            regions = page.variable(13.4, y + 1.35, "memory", "input", w=2.2)
            page.remark(13.4, y + 2.05, "the regions (N, S, E)", size=9.5)
            page.path(regions.left, (x + 1.2, y + 1.35), (x + 1.2, y + 0.45))
        below = norm
    out = page.variable(x, 12.8, "out", "output", w=2.6)
    page.path(below.top, out.bottom)
    return page.png()


DIAGRAMS = (captioner, derivative, chain_rule, matrix_product, unrolled_rnn,
            backprop_through_time, rnn_step, shift, teacher_forcing, embedding, lstm_cell,
            gradient_paths, beam_search, attention, all_at_once, split_heads, decoder_layer)


def main(names):
    known = {diagram.__name__: diagram for diagram in DIAGRAMS}
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.exit(f"There is no diagram {unknown[0]!r}. Diagrams: {', '.join(known)}")
    FOLDER.mkdir(exist_ok=True)
    for name in names or known:
        content = known[name]()
        (FOLDER / f"{name}.png").write_bytes(content)
        print(f"{name}.png  {len(content) / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
