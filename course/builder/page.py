"""A notebook as one HTML page that needs no network: formulas become MathML, which browsers draw.

nbconvert's own pages keep formulas as LaTeX, and fetch the program that draws them. The code of a
cell that is folded away in a notebook is left out of its page.
"""

import logging

from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

# nbconvert's page without the scripts that it takes from the network.
TEMPLATE = """
{%- extends "lab/index.html.j2" -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""


def to_html(notebook):
    """The page of a notebook, as text.

    Args:
        notebook: as `nbformat` holds it, with its outputs.

    Raises:
        ValueError: a formula cannot be converted; says which.
    """
    log = logging.getLogger("traitlets")
    log.setLevel(logging.ERROR)  # nbconvert asks for texts of pictures
    exporter = _Exporter(log=log, raw_template=TEMPLATE)
    exporter.register_preprocessor(_without_folded_code, enabled=True)
    return exporter.from_notebook_node(notebook)[0]


def _without_folded_code(notebook, resources):
    for cell in notebook.cells:
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata["transient"] = {"remove_source": True}  # nbconvert's mark for this
    return notebook, resources


def mathml(formula, display="inline"):
    """A formula, given in LaTeX, as MathML; `display` is "inline" or "block"."""
    try:
        return convert(formula, display=display)
    except Exception as error:  # each kind of mistake has a class of its own, without a common one
        raise ValueError(f"the formula {formula!r} cannot become MathML: {error!r}") from error


class _Exporter(HTMLExporter):
    """nbconvert's exporter, with a renderer of its own for text cells."""

    @pass_context
    def markdown2html(self, context, source):
        cell = context.get("cell", {})
        renderer = _Renderer(escape=False, attachments=cell.get("attachments", {}))
        return MarkdownWithMath(renderer=renderer).render(source)


class _Renderer(IPythonRenderer):
    """nbconvert's renderer of Markdown, but for formulas."""

    def inline_math(self, body):
        return mathml(body)

    def block_math(self, body):
        return mathml(body, "block")

    def latex_environment(self, name, body):
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")
