"""Pictures for people: captions under pictures, losses, hidden states, gates, looks.

Every function draws on a new figure of its own, and says in words what stands in it; the caller
shows both with `show_figure()`. Colours are those of Okabe and Ito, which colour-blind people can
tell apart, and none of them is the only sign of anything.
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogFormatter, StrMethodFormatter

from cs231n import badges
from cs231n.arguments import at_least
from cs231n.figure_texts import describe

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#5F5F5F"
LINES = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", RED)
STYLES = ("-", "--", "-.", ":")
WIDTH = 11.0  # inches: as wide as a notebook shows a figure without shrinking its text
WIDEST_PICTURE = 4.2  # inches
FILLED = 0.94  # the share of a column that its picture takes
TEXT = {"fontsize": 10, "linespacing": 1.15, "va": "top", "ha": "left"}
LETTERS_PER_INCH = {"normal": 11, "bold": 9.5}  # of such text, if it has many wide letters
LINE_HEIGHT = 0.175  # inches of one line of such text
MARK_WIDTH = 0.68  # inches that the widest badge takes, with the space behind it
DARKEST = 0.8  # how dark a region becomes that is not looked at, from 0 to 1


def show_captions(images, generated, truth=None, correct=None, columns=4, title=None):
    """Draw pictures in a grid, each with what was written about it.

    Args:
        images: N pictures (height, width, 3), uint8 or floats from 0 to 1.
        generated: N captions.
        truth: N reference captions, shown under the others.
        correct: for each caption whether it is true of its picture, or None where that is not
            known.
        columns: pictures in a row.
        title: a line above them all.

    Raises:
        TypeError: an image is no array of pixels, or a caption is no text.
        ValueError: the numbers of pictures and texts differ, or there is no picture.
    """
    at_least(1)("show_captions: columns", columns)
    _check_counts(images, generated=generated, truth=truth, correct=correct)
    _check_entries(images, generated, truth)
    columns = min(columns, len(images))
    side = min(WIDTH / columns, WIDEST_PICTURE)  # inches of one column
    stories = list(zip(generated, _or_nones(truth, images), _or_nones(correct, images)))
    texts = [_caption_lines(*story, width=side) for story in stories]
    aspect = max(np.shape(image)[0] / np.shape(image)[1] for image in images)
    picture = (FILLED * side, FILLED * side * aspect)
    row = picture[1] + max(map(len, texts)) * LINE_HEIGHT + 0.2
    head = 0.4 if title else 0.05
    width, height = columns * side, head + row * -(-len(images) // columns)

    figure = plt.figure(figsize=(width, height))
    if title:
        figure.text(0.01, 1 - 0.08 / height, title, va="top", fontsize=12)
    for k, (image, lines) in enumerate(zip(images, texts)):
        left, bottom = k % columns * side + 0.08, height - head - k // columns * row - picture[1]
        box = (left / width, bottom / height, picture[0] / width, picture[1] / height)
        _draw_picture(figure.add_axes(box), image, lines)
        if stories[k][2] is not None:
            _draw_mark(figure.axes[-1], _mark(stories[k][2]))
    describe(f"{len(images)} {'picture' if len(images) == 1 else 'pictures'} with captions"
             + (f": {title}" if title else ""), [_in_one_line(*story) for story in stories])


def _or_nones(entries, images):
    return [None] * len(images) if entries is None else entries


def _caption_lines(generated, truth, correct, *, width):
    """The lines under one picture, `width` inches at most: (text, colour, weight, indent) each."""
    label = "generated: " if truth is not None and correct is None else ""
    weight = "normal" if truth is None and correct is None else "bold"
    lines = _wrapped(label + (_plain(generated) or "(no words)"), "black", weight, width,
                     indent=0 if correct is None else MARK_WIDTH)
    if truth is not None:
        lines += _wrapped("reference: " + _plain(truth), GREY, "normal", width)
    return lines


def _wrapped(text, colour, weight, width, indent=0.0):
    """A text in lines, the first of them moved to the right by `indent` inches."""
    letters = LETTERS_PER_INCH[weight]
    lines = textwrap.wrap(text, int(letters * width), drop_whitespace=True,
                          initial_indent=" " * round(letters * indent))
    return [(line.strip(), colour, weight, 0.0 if i else indent) for i, line in enumerate(lines)]


def _mark(correct):
    return "TRUE" if correct else "FALSE"


def _in_one_line(generated, truth, correct):
    """What stands under one picture, as text: `TRUE: a dog (reference: a big dog)`."""
    mark = "" if correct is None else f"{_mark(correct)}: "
    reference = "" if truth is None else f" (reference: {_plain(truth)})"
    return mark + (_plain(generated) or "(no words)") + reference


def _plain(caption):
    """A caption without the tokens that only frame it."""
    return " ".join(word for word in caption.split() if word not in ("<START>", "<END>", "<NULL>"))


def _draw_picture(axes, image, lines):
    axes.imshow(np.asarray(image), interpolation="nearest", aspect="equal")
    axes.set_anchor("NW")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#BBBBBB")
    for i, (text, colour, weight, indent) in enumerate(lines):
        # A dollar sign would start a formula.
        axes.annotate(text.replace("$", r"\$"), (0, 0), (72 * indent, -5 - 72 * LINE_HEIGHT * i),
                      xycoords="axes fraction", textcoords="offset points", color=colour,
                      weight=weight, **TEXT)


def _draw_mark(axes, word):
    """A filled badge at the start of the first line: it is read by all eyes, as is its word."""
    axes.annotate(word, (0, 0), (3, -5), xycoords="axes fraction", textcoords="offset points",
                  color=badges.INK, weight="bold", bbox={"facecolor": badges.FILLS[word],
                  "edgecolor": "none", "pad": 0.8}, **TEXT)


def _check_counts(images, **texts):
    if len(images) == 0:
        raise ValueError("show_captions: images is empty, expected at least one picture")
    for name, entries in texts.items():
        if entries is not None and (isinstance(entries, str) or len(entries) != len(images)):
            came = "one text" if isinstance(entries, str) else f"{len(entries)} entries"
            raise ValueError(f"show_captions: {name} is {came}, expected one for each of the "
                             f"{len(images)} images")


def _check_entries(images, *captions):
    for i, image in enumerate(images):
        if np.ndim(image) not in (2, 3):
            raise TypeError(f"show_captions: images[{i}] is of type {type(image).__name__} with "
                            f"shape {np.shape(image)}, expected pixels (height, width, 3)")
    for entry in (entry for entries in captions if entries is not None for entry in entries):
        if not isinstance(entry, str):
            raise TypeError(f"show_captions: a caption is of type {type(entry).__name__}, expected "
                            "a text (decode_captions makes one from word numbers)")


def plot_loss(histories, log=False, smooth=None):
    """Draw the loss over the iterations: each value faintly, their moving average strongly.

    Args:
        histories: the losses of a run, or a dict with the losses of several runs by name.
        log: whether the axis of the loss is logarithmic.
        smooth: how many iterations an average covers; by default a fiftieth of the run.

    Raises:
        ValueError: `smooth` is below 1.
    """
    if smooth is not None:
        at_least(1)("plot_loss: smooth", smooth)
    runs = histories if isinstance(histories, dict) else {"loss": histories}
    for name, losses in runs.items():
        if np.ndim(losses) != 1:
            raise ValueError(f"plot_loss: {name} has shape {np.shape(losses)}, expected one loss "
                             "for each iteration, (iterations,)")
    _, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for i, (name, losses) in enumerate(runs.items()):
        losses, colour = np.asarray(losses, dtype=float), LINES[i % len(LINES)]
        iterations = np.arange(1, len(losses) + 1)
        span = smooth or max(1, len(losses) // 50)
        axes.plot(iterations, losses, color=colour, alpha=0.25 if span > 1 else 1, linewidth=1)
        axes.plot(iterations, moving_average(losses, span), color=colour, linewidth=2,
                  linestyle=STYLES[i % len(STYLES)], label=name)
    _label(axes, "iteration", "loss", log)
    if log:  # plain numbers: 20 and not 2 x 10^1
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
    if isinstance(histories, dict):
        axes.legend(frameon=False)
    describe("Curves of the loss")


def moving_average(values, span):
    """The mean of the `span` values around each place; of those that there are, near the ends."""
    at_least(1)("moving_average: span", span)
    sums = np.cumsum(np.insert(np.asarray(values, dtype=float), 0, 0.0))
    places = np.arange(len(sums) - 1)
    starts = np.maximum(places - (span - 1) // 2, 0)
    ends = np.minimum(places + span // 2 + 1, len(places))
    return (sums[ends] - sums[starts]) / (ends - starts)


def show_hidden_states(states, words, units=40):
    """Draw hidden states word by word: a column for each word, a row for each unit.

    Half of the units shown are those that change least, on top, and half those that change most,
    below a line. Within each half, units that move alike lie beside each other.

    Args:
        states: the hidden state after each word (T, H).
        words: the T words that were read.
        units: how many of the H units to show.

    Raises:
        ValueError: the shape of `states` does not go with `words`.
    """
    at_least(1)("show_hidden_states: units", units)
    states = _check_states("show_hidden_states", "states", states, words)
    order = np.argsort(states.std(axis=0), kind="stable")
    units = min(units, len(order))
    halves = order[: units // 2], order[len(order) - (units - units // 2) :]
    shown = np.hstack([_sorted_alike(states[:, half]) for half in halves if len(half)])
    _, axes = plt.subplots(figsize=(max(5.0, 0.75 * len(words) + 1.5), 4.4), layout="constrained")
    picture = axes.imshow(shown.T, aspect="auto", cmap="PuOr",
                          vmin=-1, vmax=1, interpolation="nearest")
    axes.axhline(units // 2 - 0.5, color="black", linewidth=2)
    _label_words(axes, words)
    axes.set_ylabel(f"{units} of {states.shape[1]} hidden units: above those\n"
                    "that change least, below those that change most")
    axes.set_yticks([])
    plt.colorbar(picture, ax=axes, label="value", pad=0.02, ticks=[-1, 0, 1])
    describe("Hidden states: a column for each word, a row for each unit",
             list(_changes(shown, words)))


def _changes(states, words):
    """How many of the units flip at each word, line by line."""
    yield f"{words[0]}: {np.mean(states[0] > 0):.0%} of the {states.shape[1]} units are positive"
    for before, after, word in zip(states, states[1:], words[1:]):
        yield f"{word}: {np.count_nonzero((before > 0) != (after > 0))} units change their sign"


def _sorted_alike(states):
    """The columns of (T, units) in the order of the direction in which they vary most."""
    centred = states - states.mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2]
    return states[:, np.argsort(directions[0], kind="stable")]


def show_gates(gates, words, units=24):
    """Draw the gates of an LSTM word by word, one panel for each gate.

    Args:
        gates: the activations of each gate by its name, each (T, H), from 0 to 1.
        words: the T words that were read.
        units: how many of the H units to show; those whose gates change most.

    Raises:
        ValueError: there is no gate, or its shape does not go with `words` or with the others.
    """
    at_least(1)("show_gates: units", units)
    if not isinstance(gates, dict):
        raise TypeError(f"show_gates: gates is of type {type(gates).__name__}, expected a "
                        "dictionary of arrays by the gate's name")
    gates = {name: _check_states("show_gates", name, gate, words) for name, gate in gates.items()}
    if len({gate.shape for gate in gates.values()}) != 1:
        raise ValueError("show_gates: the gates have shapes "
                         f"{[gate.shape for gate in gates.values()]}, expected one for all")
    changes = sum(gate.std(axis=0) for gate in gates.values())
    chosen = np.argsort(-changes, kind="stable")[:units]
    figure, panels = plt.subplots(1, len(gates), figsize=(WIDTH, 4.2), layout="constrained",
                                  squeeze=False, sharey=True)
    for axes, (name, gate) in zip(panels[0], gates.items()):
        picture = axes.imshow(gate[:, chosen].T, aspect="auto", cmap="cividis", vmin=0, vmax=1,
                              interpolation="nearest")
        axes.set_title(name, fontsize=11)
        _label_words(axes, words)
    panels[0, 0].set_ylabel(f"{len(chosen)} of {len(changes)} units")
    panels[0, 0].set_yticks([])
    figure.colorbar(picture, ax=panels[0].tolist(), label="0 closed, 1 open", pad=0.01,
                    ticks=[0, 0.5, 1])
    describe(f"Gates: {', '.join(gates)}; a column for each word, a row for each unit", [
        f"{name}, mean from 0 (closed) to 1 (open): "
        + ", ".join(f"{word} {mean:.2f}" for word, mean in zip(words, gate[:, chosen].mean(axis=1)))
        for name, gate in gates.items()])


def show_looks(image, words, weights, named=None, grid=(4, 5), columns=6, title=None):
    """Draw a picture once more for each word, dark where the captioner did not look.

    For each word, the region that was looked at most stays as bright as it is and has a solid
    frame.

    Args:
        image: the picture (height, width, 3), uint8 or floats from 0 to 1.
        words: the T words of a caption.
        weights: how much of each region was looked at for each word (T, S); S regions in reading
            order.
        named: for each word, on which regions the thing lies that it names, S booleans, or None
            if it names none. They get a dashed frame.
        grid: in how many rows and columns the S regions lie.
        columns: pictures in a row.
        title: a line above them all.

    Raises:
        TypeError: the image is no array of pixels.
        ValueError: the shape of `weights` does not go with `words` and `grid`, or the length of
            `named` with `words`.
    """
    at_least(1)("show_looks: columns", columns)
    weights = _check_looks(image, words, weights, named, grid)
    named = [None] * len(words) if named is None else named
    columns = min(columns, len(words) + 1)
    rows = -(-(len(words) + 1) // columns)  # the picture itself comes first
    side = WIDTH / 6
    high = side * np.shape(image)[0] / np.shape(image)[1] + 0.3
    figure, panels = plt.subplots(rows, columns, figsize=(columns * side, rows * high),
                                  layout="constrained", squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    first, *others = panels.flat
    first.imshow(np.asarray(image))
    for axes, word, shares, regions in zip(others, words, weights, named):
        axes.imshow(np.asarray(image))
        axes.set_title(word.replace("$", r"\$"), fontsize=11)
        _darken(axes, shares.reshape(grid), image)
        if regions is not None:
            _frame(axes, regions, grid, image, color="white", linestyle=":", linewidth=1.5)
        _frame(axes, np.arange(shares.size) == shares.argmax(), grid, image, color=ORANGE,
               linewidth=2)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    describe("A picture, and where a captioner looked in it for each word"
             + (f": {title}" if title else ""),
             [_look(*story, grid) for story in zip(words, weights, named)])


def _check_looks(image, words, weights, named, grid):
    if np.ndim(image) not in (2, 3):
        raise TypeError(f"show_looks: image is of type {type(image).__name__} with shape "
                        f"{np.shape(image)}, expected pixels (height, width, 3)")
    weights = np.asarray(weights, dtype=float)
    regions = int(np.prod(grid))
    if len(words) == 0 or weights.shape != (len(words), regions):
        raise ValueError(f"show_looks: weights has shape {weights.shape}, expected (T, S) with "
                         f"T = {len(words)} from words, at least 1, and S = {regions} from grid")
    if named is not None and len(named) != len(words):
        raise ValueError(f"show_looks: named has {len(named)} entries, expected one for each of "
                         f"the {len(words)} words")
    return weights


def _darken(axes, shares, image):
    """Lay a dark veil over a picture, thinner where more was looked at (rows, columns)."""
    height, width = np.shape(image)[:2]
    veil = np.zeros((*shares.shape, 4))  # black, and how dense
    veil[..., 3] = DARKEST * (1 - shares / shares.max())
    axes.imshow(veil, extent=(-0.5, width - 0.5, height - 0.5, -0.5), interpolation="nearest")


def _frame(axes, regions, grid, image, **style):
    """Draw the outline of regions (S,): a line between each of them and what is none of them."""
    height, width = np.shape(image)[:2]
    inside = np.pad(np.reshape(regions, grid).astype(bool), 1)
    y = np.arange(grid[0] + 1) * height / grid[0] - 0.5
    x = np.arange(grid[1] + 1) * width / grid[1] - 0.5
    across = [((x[j], x[j + 1]), (y[i], y[i]))
              for i, j in zip(*np.nonzero(inside[:-1, 1:-1] != inside[1:, 1:-1]))]
    down = [((x[j], x[j]), (y[i], y[i + 1]))
            for i, j in zip(*np.nonzero(inside[1:-1, :-1] != inside[1:-1, 1:]))]
    for ends in across + down:
        axes.plot(*ends, clip_on=False, solid_capstyle="projecting", **style)


def _look(word, shares, regions, grid):
    """`cup: 91% on row 3, column 2; 97% on what it names`"""
    row, column = divmod(int(shares.argmax()), grid[1])
    said = f"{word}: {shares.max():.0%} on row {row + 1}, column {column + 1}"
    return said if regions is None else f"{said}; {shares[regions].sum():.0%} on what it names"


def plot_curves(curves, x_label, y_label, log=False):
    """Draw named curves over 1, 2, 3, ..., told apart by colour and by line style.

    Args:
        curves: values by name; NaN leaves a gap.
        x_label, y_label: what the axes show.
        log: whether the vertical axis is logarithmic.
    """
    if not curves:
        raise ValueError("plot_curves: curves is empty, expected at least one")
    _, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for i, (name, values) in enumerate(curves.items()):
        axes.plot(np.arange(1, len(values) + 1), values, label=name, color=LINES[i % len(LINES)],
                  linestyle=STYLES[i % len(STYLES)], linewidth=2, marker="os^D"[i % 4],
                  markersize=5, markevery=max(1, len(values) // 20))
    _label(axes, x_label, y_label, log)
    axes.legend(frameon=False)
    describe(f"Curves of the {y_label}, by {x_label}")


def _check_states(function, name, states, words):
    states = np.asarray(states, dtype=float)
    if states.ndim != 2 or len(states) != len(words) or states.size == 0:
        raise ValueError(f"{function}: {name} has shape {states.shape}, expected (T, H) with "
                         f"T = {len(words)} from words, and T and H at least 1")
    if not np.isfinite(states).all():
        raise ValueError(f"{function}: {name} holds a number that is not finite")
    return states


def _label_words(axes, words):
    axes.set_xticks(range(len(words)), words, rotation=45, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)


def _label(axes, x_label, y_label, log):
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if log:
        axes.set_yscale("log")
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
