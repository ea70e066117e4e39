"""Figures that those who cannot see them can read: `show_figure` instead of `plt.show`.

A picture in a notebook is a heap of pixels, captions under photographs included. `show_figure`
puts a text beside each: a line that says what it is (the picture's alt text), and a list with what
can be read in it, folded away. The drawing functions of `cs231n.vis_utils` say by `describe` what
they draw. Of any other figure, curves and bars are read off its axes.
"""

import html
import weakref

import matplotlib.pyplot as plt
import numpy as np

from cs231n.badges import FILLS, badge
from cs231n.progress import running_shell

POINTS = 5  # of a curve that are told
BARS = 40  # of one series that are told
SERIES = 12  # curves or series of bars that are told, of each axes
PAGE = """<div class="figure-with-text"><img alt="{alt}" src="data:image/png;base64,{png}"{width}>\
{details}</div>"""
DETAILS = "<details><summary>What it shows, as text</summary><ul>{items}</ul></details>"

_texts = weakref.WeakKeyDictionary()  # (summary, entries) of each figure that has one


def describe(summary, entries=None, figure=None):
    """Say what a figure shows.

    Args:
        summary: one line: what it is. Nothing in it that differs from run to run.
        entries: what can be read in it, a list of lines; None for what its axes say.
        figure: the figure; by default the current one.
    """
    figure = plt.gcf() if figure is None else figure
    _texts[figure] = " ".join(summary.split()), entries


def text_of_figure(figure):
    """`(summary, entries)`: what `describe` said, and what the axes say where it said nothing."""
    summary, entries = _texts.get(figure, (None, None))
    if entries is None:
        entries = [line for axes in figure.axes for line in _read(axes)]
    return summary or _kind(figure), entries


def show_figure(summary=None):
    """Show all open figures, as `plt.show()` does, each with its text.

    Args:
        summary: a line that says what the current figure shows.
    """
    if summary is not None:
        entries = _texts.get(plt.gcf(), (None, None))[1]
        describe(summary, entries)
    shell = running_shell()
    if shell is None or "inline" not in plt.get_backend().lower():
        plt.show()
        return
    for number in plt.get_fignums():
        _publish(plt.figure(number), shell)
    plt.close("all")


def _publish(figure, shell):
    """The figure as an output of the cell.

    JupyterLab gives an `image/png` no alt text, whatever its metadata, so that the picture goes
    into HTML.
    """
    from IPython.display import display

    images, metadata = shell.display_formatter.format(figure, include={"image/png"})
    summary, entries = text_of_figure(figure)
    plain = "\n".join([f"Figure: {summary}", *(f"  - {entry}" for entry in entries)])
    if "image/png" not in images:  # somebody prefers another format
        display(figure)
        return
    width = metadata.get("image/png", {}).get("width")
    page = PAGE.format(alt=html.escape(summary), png=images["image/png"].strip(),
                       width=f' width="{width}"' if width else "", details=_details(entries))
    display({"text/plain": plain, "text/html": page}, raw=True)


def _details(entries):
    items = "".join(f"<li>{_with_badge(entry)}</li>" for entry in entries)
    return DETAILS.format(items=items) if entries else ""


def _with_badge(entry):
    """A line as HTML; the word before its colon stands on a badge, if there is one for it."""
    word, colon, rest = entry.partition(": ")
    return f"{badge(word)} {html.escape(rest)}" if colon and word in FILLS else html.escape(entry)


# ---- Reading axes -------------------------------------------------------------------------------

def _kind(figure):
    """What sort of figure it is, in a few words."""
    if any(axes.containers for axes in figure.axes):
        return "A bar chart"
    if any(axes.lines for axes in figure.axes):
        return "A chart of curves"
    return "A picture" if any(axes.images for axes in figure.axes) else "A figure"


def _read(axes):
    """What stands in one axes, line by line: its labels, its bars, its curves, its images."""
    said = [axes.get_title() or axes.get_title(loc="left")]
    for name, axis in (("horizontal axis", axes.xaxis), ("vertical axis", axes.yaxis)):
        scale = ", logarithmic" if axis.get_scale() == "log" else ""
        if axis.get_label_text():
            said.append(f"{name}: {axis.get_label_text()}{scale}")
    head = "; ".join(_one_line(part) for part in said if part)
    curves = [line for line in axes.lines if _label(line)]
    if not curves and not axes.containers:
        curves = axes.lines
    lines = [_read_bars(bars, axes) for bars in axes.containers if hasattr(bars, "datavalues")]
    lines += [_read_curve(line) for line in curves]
    lines += [_read_image(image) for image in axes.images]
    return ([head] if head else []) + [line for line in lines if line][:SERIES]


def _read_bars(bars, axes):
    """`BLEU-1: a person 0.71, constant 0.45`"""
    upright = bars.orientation != "horizontal"
    axis = axes.xaxis if upright else axes.yaxis
    names = {round(float(place), 6): label.get_text()
             for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels())}
    told = []
    for patch, value in list(zip(bars.patches, np.ravel(bars.datavalues)))[:BARS]:
        middle = (patch.get_x() + patch.get_width() / 2 if upright
                  else patch.get_y() + patch.get_height() / 2)
        nearest = min(names, key=lambda place: abs(place - middle), default=None)
        told.append(f"{'' if nearest is None else names[nearest]} {value:.3g}".strip())
    return _labelled(bars, _one_line(", ".join(told)))


def _read_curve(line):
    """`RNN: 76.9 at 1, 12.3 at 25, 2.1 at 50`"""
    x, y = (np.ravel(np.asarray(values, dtype=float)) for values in line.get_data())
    places = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(places) == 0:
        return _labelled(line, "no values")
    chosen = places[np.unique(np.linspace(0, len(places) - 1, POINTS).round().astype(int))]
    return _labelled(line, ", ".join(f"{y[i]:.3g} at {x[i]:.4g}" for i in chosen))


def _read_image(image):
    rows, columns = np.shape(image.get_array())[:2]
    return f"a picture of {rows} rows and {columns} columns"


def _labelled(artist, text):
    label = _label(artist)
    return f"{label}: {text}" if label else text


def _label(artist):
    """The label of a curve or of bars, or "" if Matplotlib made it up."""
    label = str(artist.get_label())
    return "" if label.startswith("_") else _one_line(label)


def _one_line(text):
    return " ".join(text.split())
