"""Pages in HTML, each complete in itself: what a learner got, and what the class got wrong."""

import html
from collections import Counter, defaultdict

from course.grading.results import MEANINGS, OUTCOMES, SOLVED, WORDS

STYLE = ("body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
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
    return _page(f"{result['learner']}: {result['notebook'] or result['file']}", parts)


def class_page(rows):
    """The class's page: exercises by outcome, and the causes that came most often. No names."""
    counts, causes, examples = defaultdict(Counter), Counter(), {}
    for row in rows:
        for item in row["exercises"]:
            counts[item["name"]][item["outcome"]] += 1
            if item["outcome"] not in SOLVED and item["hints"]:
                key = item["name"], item["cause"]
                causes[key] += 1
                examples.setdefault(key, item["hints"][0])
    head = "".join(f"<th>{MEANINGS[outcome]}</th>" for outcome in OUTCOMES)
    body = "".join(f"<tr><th><code>{html.escape(name)}</code></th>" + "".join(
        f"<td>{counts[name][outcome] or ''}</td>" for outcome in OUTCOMES) + "</tr>"
        for name in counts)
    listed = "".join(f"<li>{count} in <code>{html.escape(name)}</code>: "
                     f"{html.escape(examples[name, cause])}</li>"
                     for (name, cause), count in causes.most_common(20))
    return _page("What the class got wrong", [
        f"<p>{len(rows)} notebooks.</p><h2>Exercises by outcome</h2>"
        f"<table><tr><th>exercise</th>{head}</tr>{body}</table>",
        f"<h2>The most frequent causes</h2><ol>{listed}</ol>"])


def _page(title, parts):
    title = html.escape(title)
    return (f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
            f"<style>{STYLE}</style></head><body><h1>{title}</h1>{''.join(parts)}</body></html>\n")
