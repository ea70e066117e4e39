"""Pages in HTML, each complete in itself; here the one on what a learner got."""

import html

from course.grading.results import MEANINGS, WORDS

STYLE = ("body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
         "svg{max-width:60em}@media print{body{margin:0}svg *{print-color-adjust:exact}}"
         "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;"
         "text-align:left}")


def learner_page(result):
    """One notebook's page: each exercise, what came of it, and the sentences of `check`."""
    parts = [f"<p>{result['points']:g} of {result['most']:g} points.</p>"]
    if result["problem"]:
        parts.append(f"<p>{html.escape(result['problem'])}</p>")
    for item in result["exercises"]:
        hints = "".join(f"<li>{html.escape(hint)}</li>" for hint in item["hints"])
        parts.append(f"<h2><code>{html.escape(item['name'])}</code>: {WORDS[item['outcome']]}</h2>"
                     f"<p>{item['points']:g} of {item['most']:g}: {MEANINGS[item['outcome']]}.</p>"
                     f"<ul>{hints}</ul>")
    return page(f"{result['learner']}: {result['notebook'] or result['file']}", parts)


def summary(rows):
    """Hints on notebooks in Markdown, for the page of a run on GitHub. HTML in them is text."""
    parts = []
    for row in rows:
        parts.append(f"## {_line(row['notebook'] or row['file'])}: {row['points']:g} of "
                     f"{row['most']:g} points")
        parts += [_line(row["problem"])] if row["problem"] else []
        for item in row["exercises"]:
            hints = "".join(f"\n  - {_line(hint)}" for hint in item["hints"])
            parts.append(f"- **{item['name']}**: {WORDS[item['outcome']]}, "
                         f"{MEANINGS[item['outcome']]}{hints}")
    return "\n\n".join(parts) + "\n"


def _line(text):
    return html.escape(" ".join(text.split()), quote=False)


def page(title, parts):
    """A page of HTML that needs nothing else, given its title and the HTML of its parts."""
    title = html.escape(title)
    return (f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
            f"<style>{STYLE}</style></head><body><h1>{title}</h1>{''.join(parts)}</body></html>\n")
