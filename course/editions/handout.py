"""Notebooks as they are handed out: learners' views in which no other notebook's answer stands."""

from dataclasses import replace

from course.builder.script import scripts
from course.builder.views import read_cells
from course.editions.answers import answers, notebook_of

FROM = "from cs231n.packed import define"


def handed_out(notebook):
    """The cells of a notebook, those that give another notebook's exercise without its text."""
    return [_without_answers(cell) if cell.kind == "given" else cell
            for cell in read_cells(scripts()[notebook])]


def _without_answers(cell):
    """A given cell in which functions that are exercises elsewhere come from the pack.

    They are defined in the notebook as before, so that they find its functions and no others.
    """
    names = {function: name for name, function in answers().items()}
    hidden = [function for function in cell.functions if function in names]
    if not hidden:
        return cell
    parts = [_remark([names[function] for function in hidden]) + f"\n{FROM}"]
    for function in cell.functions:
        definition = function.text if function not in names else \
            f'{function.name} = define("{names[function]}", globals())'
        attach = f"\n{function.attach}" if function.owner else ""
        parts.append(definition + attach)
    text = "\n\n".join(parts)
    return replace(cell, student=text, solved=text)


def _remark(dotted):
    where = " and ".join(sorted({notebook_of(name) for name in dotted}))
    return (f"# What you write in {where} is not shown here. The course's own version is\n"
            "# used; it calls the functions of this notebook.")
