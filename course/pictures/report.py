"""The picture of a report in README.md: `python -m course.pictures.report` makes it anew.

A wrong function is checked twice, and its code and both reports, as a notebook shows them, are
photographed by Chromium or Chrome (which has to be installed) into `docs/check_report.png`.
"""

import html
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from course import ROOT
from cs231n.feedback.checker import Checker

TARGET = ROOT / "docs" / "check_report.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
WIDTH, HEIGHT, SCALE = 860, 900, 2

FORWARD = """\
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

"""
CODE = """\
def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    dx = da @ Wx.T
    dprev_h = da @ Wh
    dWx, dWh = x.T @ da, prev_h.T @ da
    db = da.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db
"""

PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ font: 15px/1.45 Helvetica, Arial, sans-serif; margin: 16px; width: {width}px; }}
pre, code {{ font-family: Menlo, "DejaVu Sans Mono", monospace; font-size: 13px; }}
pre {{ background: #f5f5f5; border: 1px solid #ddd; padding: 8px 12px; margin: 10px 0; }}
ul {{ margin: 4px 0; }}
</style><body>{body}</body>"""


def page():
    """The code and what two calls of `check` show, as HTML."""
    space = {"np": np}
    exec(FORWARD + CODE, space)
    check, parts = Checker(), [f"<pre>{html.escape(CODE)}</pre>"]
    for options in ({}, {"more": True}):
        report = check(space["rnn_step_backward"], **options)
        if report.passed:
            sys.exit("The code of this picture is right; it has to be wrong.")
        written = "".join(f", {name}={value}" for name, value in options.items())
        parts += [f"<pre>check(rnn_step_backward{written})</pre>", report._repr_html_()]
    return PAGE.format(width=WIDTH - 32, body="".join(parts))


def photograph(text, target):
    """Let a browser draw a page of HTML into a PNG file, and cut off the white around it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"No browser found. Install Chromium or Chrome; looked for {', '.join(BROWSERS)}.")
    with tempfile.TemporaryDirectory() as folder:
        source, shot = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(text, encoding="utf-8")
        root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
        subprocess.run([browser, "--headless", "--disable-gpu", "--hide-scrollbars", *root,
                        f"--force-device-scale-factor={SCALE}", f"--window-size={WIDTH},{HEIGHT}",
                        f"--user-data-dir={folder}/profile", f"--screenshot={shot}",
                        source.as_uri()], check=True, capture_output=True, timeout=120)
        with Image.open(shot) as picture:
            picture = picture.convert("RGB")
    white = Image.new("RGB", picture.size, "white")
    _, _, _, bottom = ImageChops.difference(picture, white).getbbox()
    picture = picture.crop((0, 0, picture.width, min(bottom + 32, picture.height)))
    target.parent.mkdir(exist_ok=True)
    picture.quantize(64).save(target, "PNG", optimize=True)


if __name__ == "__main__":
    photograph(page(), TARGET)
    print(f"{TARGET.relative_to(ROOT).as_posix()}  {TARGET.stat().st_size / 1000:.0f} kB")
