"""README, CONTRIBUTING, glossary: they name what there is, and their links lead somewhere."""

import re

import pytest

from course import ROOT
from course.builder.script import scripts
from course.pictures import report

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/glossary.md", "docs/scaling.md",
             "docs/teaching.md", "course/README.md", "cs231n/feedback/README.md"]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_map_names_every_module():
    the_map = text("README.md").split("## The map")[1].split("## ")[0]
    catalogue = ROOT / "cs231n" / "feedback" / "exercises"  # the map names it as a whole
    modules = [path for path in (ROOT / "cs231n").rglob("*.py")
               if path.name != "__init__.py" and catalogue not in path.parents]
    assert len(modules) > 30
    assert [path.name for path in modules if not re.search(rf"\b{path.name}\b", the_map)] == []


def test_the_readme_lists_every_notebook():
    table = text("README.md").split("## The notebooks")[1].split("## ")[0]
    assert [name for name in scripts() if f"`{name}`" not in table] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_and_pictures_lead_somewhere(name):
    folder = (ROOT / name).parent
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", re.sub(r"```.*?```", "", text(name),
                                                                   flags=re.DOTALL))
             if "://" not in link and not link.startswith("pictures/")]
    assert [link for link in links if not (folder / link).exists()] == []


def test_contributing_names_every_folder_of_tests():
    table = text("CONTRIBUTING.md").split("## Where the tests are")[1]
    folders = [path.name for path in (ROOT / "tests").iterdir()
               if path.is_dir() and any(path.glob("*.py"))]
    assert len(folders) >= 8
    assert [folder for folder in folders if f"`tests/{folder}`" not in table] == []


def test_the_glossary_lists_each_term_once_and_in_order():
    for section in text("docs/glossary.md").split("## ")[1:]:
        terms = re.findall(r"^- \*\*([^*]+)\*\*", section, re.MULTILINE)
        assert terms == sorted(terms, key=str.lower) and len(set(terms)) == len(terms)


def test_the_picture_of_a_report_shows_what_check_says():
    page = report.page()
    assert page.count("FAIL") == 2 and "travels back through its transpose" in page
    assert page.index("check(rnn_step_backward)<") < page.index("more=True)<")
    assert 10_000 < report.TARGET.stat().st_size < 100_000
