"""A page of pictures with their captions: one HTML file that needs nothing beside it."""

import base64
import html
import io

from PIL import Image

from cs231n.whole_files import replacing

WIDEST = 480  # pixels
SMALL = 160  # pixels; so narrow are drawn ones, which JPEG would blur
HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Captions</title>
<style>
body { font-family: sans-serif; margin: 2rem; color: #111; background: #fff; }
main { display: flex; flex-wrap: wrap; gap: 2rem; }
figure { margin: 0; width: 20rem; }
img { width: 100%; height: auto; }
small { color: #595959; overflow-wrap: anywhere; }
</style>
</head>
<body>
"""


def write_page(path, entries, about):
    """Write the page, whole or not at all.

    Args:
        path: the file; one that is there is replaced.
        entries: `(name, picture, captions)` each: a text, pixels (H, W, 3), and a list of
            `(text, probability)`, of which the first is the picture's alternative text.
        about: a line above the pictures.
    """
    figures = "\n".join(_figure(*entry) for entry in entries)
    text = (f"{HEAD}<h1>Captions</h1>\n<p>{html.escape(about)}</p>\n"
            f"<main>\n{figures}\n</main>\n</body>\n</html>\n")
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _figure(name, picture, captions):
    best = html.escape(say_caption(captions[0][0]), quote=True)
    lines = "<br>\n".join(html.escape(line) for line in caption_lines(captions))
    return (f'<figure>\n<img src="{_as_address(picture)}" alt="{best}">\n'
            f"<figcaption>{lines}<br>\n<small>{html.escape(name)}</small></figcaption>\n</figure>")


def _as_address(picture):
    """A picture as an address that holds all of it."""
    image, content = Image.fromarray(picture), io.BytesIO()
    kind = "png" if image.width <= SMALL else "jpeg"
    image.thumbnail((WIDEST, WIDEST))
    image.save(content, kind)
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def caption_lines(captions):
    """Captions as lines, with their probability where it is known."""
    return [say_caption(text) if probability is None else
            f"{100 * probability:7.2g} %  {say_caption(text)}" for text, probability in captions]


def say_caption(text):
    """A caption, or that it has no words."""
    return text or "(no words)"
