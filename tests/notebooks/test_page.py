"""`out/NAME.html`: a page that shows everything, its formulas too, without network."""

import re
from xml.dom import minidom

import nbformat
import pytest
from running import NAMES, sources

from course.builder import page

TEXT = r"""Inline $h_t = \tanh(x W)$, and

$$\frac{\partial L}{\partial x} < 1 \quad\text{for all } x$$

\begin{equation}
a = b
\end{equation}

but `$code$` stays. ![net](attachment:net.png)"""


def html_of(text, **more):
    cell = nbformat.v4.new_markdown_cell(text, **more)
    html = page.to_html(nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_code_cell("1")]))
    return html.partition("<body")[2]


def test_formulas_are_mathml_and_the_rest_is_as_ever():
    body = html_of(TEXT, attachments={"net.png": {"image/png": "cGljdHVyZQ=="}})
    formulas = re.findall(r"<math.*?</math>", body, re.DOTALL)
    assert ["display=\"block\"" in formula for formula in formulas] == [False, True, True]
    assert "<mfrac>" in formulas[1] and "&lt;" in formulas[1]
    assert "<code>$code$</code>" in body and "\\begin" not in body
    assert 'src="data:image/png;base64,cGljdHVyZQ=="' in body


def test_a_page_takes_nothing_from_the_network():
    html = page.to_html(nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell(TEXT.partition("but")[0])]))
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//[^"'>]*|@import[^;]*""", html) == []


def test_code_that_is_folded_away_is_left_out_and_its_output_stays():
    folded = nbformat.v4.new_code_cell("plumbing = 1")
    folded.metadata["jupyter"] = {"source_hidden": True}
    folded.outputs = [nbformat.v4.new_output("stream", text="found it")]
    cells = [folded, nbformat.v4.new_code_cell("shown = 2")]
    html = page.to_html(nbformat.v4.new_notebook(cells=cells))
    assert "plumbing" not in html and "found it" in html and "shown" in html


def test_a_formula_that_is_none_is_named():
    with pytest.raises(ValueError, match=r"the formula .*frac.* cannot become MathML"):
        html_of(r"$\frac$")


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_of_the_notebooks_becomes_mathml(name):
    """A command that the library does not know would stay as it is, with its backslash."""
    texts = [cell.solved for cell in sources(name) if cell.is_text]
    written = sum(len(re.findall(r"(?<!\\)\$\$?[^$]+\$\$?", without_code(text))) for text in texts)
    bodies = [html_of(re.sub(r"!\[[^]]*]\(.*?\)", "", text)) for text in texts if "$" in text]
    formulas = [formula for body in bodies
                for formula in re.findall(r"<math.*?</math>", body, re.DOTALL)]
    assert len(formulas) == written
    assert [formula for formula in formulas if "\\" in formula] == []
    for formula in formulas:
        minidom.parseString(formula)


def without_code(text):
    return re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
