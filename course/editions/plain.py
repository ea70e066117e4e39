"""The plain edition: what a learner needs, and no answer in a file that can be read."""

import ast
import shutil

from course import HERE, ROOT
from course.builder.form import write
from course.builder.script import read_text
from course.builder.views import to_json
from course.editions.answers import refuse_leaks
from course.editions.handout import handed_out
from course.editions.package import write_package

TEMPLATES = HERE / "editions" / "templates"
COPIED = ("LICENSE", "NOTICE", "requirements.txt", "requirements-pytorch.txt", "constraints.txt",
          "docs/glossary.md")
# What a learner has a use for in `course/`; grading starts programs, which nothing imports.
COMMANDS = ("lab.py", "submit.py", "grading/*.py")


def make(folder, points):
    """Fill a folder with the edition.

    Args:
        folder: an empty one.
        points: `{notebook: {exercise: points}}`; here, only which notebooks it names matters.

    Raises:
        CourseError: an answer could be read.
    """
    write_course(folder)
    copy_templates("plain", folder)
    for name in points:
        write(folder / "notebooks" / f"{name}.ipynb", to_json(handed_out(name), solved=False))
    refuse_leaks(folder)


def write_course(folder):
    """Write what a learner needs besides the notebooks: package, data, commands, texts."""
    write_package(folder)
    shutil.copytree(ROOT / "datasets", folder / "datasets", ignore=_left_out_of_data)
    for name in COPIED:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    copy_modules([path for name in COMMANDS for path in sorted(HERE.glob(name))], folder)


def copy_templates(edition, folder):
    """Copy the files that only one edition has."""
    for path in (TEMPLATES / edition).iterdir():
        shutil.copyfile(path, folder / path.name)


def copy_modules(files, folder):
    """Copy files of `course/`, and what they import of it, into an edition's folder."""
    for path in needed(files):
        (folder / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.relative_to(ROOT))


def _left_out_of_data(folder, names):
    """Of the data: what was fetched, what is a cache, and how the bundled set was made."""
    made_by = folder.endswith("emoji_scenes")
    return [name for name in names
            if name in ("coco_captioning", "__pycache__") or name.startswith(".")
            or name.endswith((".zip", ".part")) or made_by and name.endswith(".py")]


def needed(files):
    """Files of `course/` and all of it that they import, with the packages around them."""
    found, open_files = set(), [path for path in files if path.is_file()]
    while open_files:
        path = open_files.pop()
        found |= {path, path.parent / "__init__.py"}
        open_files += [other for other in _imported(path) if other not in found]
    return sorted(found)


def _imported(path):
    """The files of `course/` that a file of it imports."""
    for node in ast.walk(ast.parse(read_text(path))):
        modules = []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            file = ROOT.joinpath(*module.split("."))
            for candidate in (file.with_suffix(".py"), file / "__init__.py"):
                if module.split(".")[0] == HERE.name and candidate.is_file():
                    yield candidate
