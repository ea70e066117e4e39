"""Pictures for people: captions under pictures, losses, hidden states, gates.

Every function draws on a new figure of its own; the caller shows it with `plt.show()`. Colours are
those of Okabe and Ito, which colour-blind people can tell apart, and none of them is the only sign
of anything.
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogFormatter, StrMethodFormatter

from cs231n.arguments import at_least

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#5F5F5F"
LINES = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", RED)
STYLES = ("-", "--", "-.", ":")
WIDTH = 11.0  # inches: as wide as a notebook shows a figure without shrinking its text
WIDEST_PICTURE = 4.2  # inches
FILLED = 0.94  # the share of a column that its picture takes
TEXT = {"fontsize": 10, "linespacing": 1.15, "va": "top", "ha": "left"}
LETTERS_PER_INCH = {"normal": 11, "bold": 9.5}  # of such text, if it has many wide letters
LINE_HEIGHT = 0.175  # inches of one line of such text


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
    texts = [_caption_lines(*entry, width=side) for entry in zip(
        generated, _or_nones(truth, images), _or_nones(correct, images))]
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


def _or_nones(entries, images):
    return [None] * len(images) if entries is None else entries


def _caption_lines(generated, truth, correct, *, width):
    """The lines under one picture, `width` inches at most: (text, colour, weight) each."""
    mark, colour, weight = "", "black", "normal"
    if correct is not None:
        mark, colour, weight = ("TRUE: ", BLUE, "bold") if correct else ("FALSE: ", RED, "bold")
    elif truth is not None:
        mark, weight = "generated: ", "bold"
    texts = [(mark + (_plain(generated) or "(no words)"), colour, weight)]
    if truth is not None:
        texts.append(("reference: " + _plain(truth), GREY, "normal"))
    return [(line, colour, weight) for text, colour, weight in texts
            for line in textwrap.wrap(text, int(LETTERS_PER_INCH[weight] * width))]


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
    for i, (text, colour, weight) in enumerate(lines):
        # A dollar sign would start a formula.
        axes.annotate(text.replace("$", r"\$"), (0, 0), (0, -5 - 72 * LINE_HEIGHT * i),
                      xycoords="axes fraction", textcoords="offset points", color=colour,
                      weight=weight, **TEXT)


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

    The units that change most are shown, those that move alike beside each other.

    Args:
        states: the hidden state after each word (T, H).
        words: the T words that were read.
        units: how many of the H units to show.

    Raises:
        ValueError: the shape of `states` does not go with `words`.
    """
    at_least(1)("show_hidden_states: units", units)
    states = _check_states("show_hidden_states", "states", states, words)
    chosen = np.argsort(-states.std(axis=0), kind="stable")[:units]
    _, axes = plt.subplots(figsize=(max(5.0, 0.75 * len(words) + 1.5), 4.4), layout="constrained")
    picture = axes.imshow(_sorted_alike(states[:, chosen]).T, aspect="auto", cmap="PuOr",
                          vmin=-1, vmax=1, interpolation="nearest")
    _label_words(axes, words)
    axes.set_ylabel(f"{len(chosen)} of {states.shape[1]} hidden units")
    axes.set_yticks([])
    plt.colorbar(picture, ax=axes, label="value", pad=0.02, ticks=[-1, 0, 1])


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
