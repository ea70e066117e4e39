"""The notebooks of a class: in one folder, in a folder for each learner, in zips of these."""

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course.grading.cells import MOST_BYTES

MOST_MEMBERS = 5000  # of a zip


@dataclass(frozen=True)
class Submission:
    """One notebook of one learner.

    Attributes:
        learner: whose it is, from the name of the folder or of the file.
        name: of the file, for messages.
        text: its text, or None if it could not be read.
        problem: a sentence, where it could not be read.
    """

    learner: str
    name: str
    text: str | None
    problem: str = ""

    @property
    def key(self):
        """A name for its result, which differs when the notebook differs."""
        digest = hashlib.sha256(f"{self.learner}\0{self.name}\0{self.text}".encode(
            "utf-8", "surrogatepass")).hexdigest()
        return f"{re.sub('[^A-Za-z0-9]+', '-', self.learner)[:40]}-{digest[:16]}"


def find(folder):
    """All submissions in a folder, as a list. Nothing is unpacked to the disk."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or ".ipynb_checkpoints" in path.parts:
            continue
        inside = PurePosixPath(path.relative_to(folder).as_posix())
        if path.suffix == ".ipynb":
            found.append(_notebook(inside, path.stat().st_size, path.open("rb")))
        elif path.suffix == ".zip":
            found += _in_zip(inside, path)
    return found


def _in_zip(name, file, is_inner=False):
    """The notebooks in a zip; one zip may hold others, as platforms hand them out."""
    found = []
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist()[:MOST_MEMBERS]:
                inside = name.with_suffix("") / member.filename
                if "__MACOSX" in inside.parts or ".ipynb_checkpoints" in inside.parts:
                    continue
                if inside.suffix == ".ipynb":
                    found.append(_notebook(inside, member.file_size, archive.open(member)))
                elif inside.suffix == ".zip" and not is_inner and member.file_size <= MOST_BYTES:
                    found += _in_zip(inside, io.BytesIO(archive.read(member)), True)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        found.append(Submission(_learner(name), name.name, None,
                                f"The zip cannot be read ({type(error).__name__})."))
    return found


def _notebook(name, size, stream):
    with stream:
        content = b"" if size > MOST_BYTES else stream.read(MOST_BYTES + 1)
    if size > MOST_BYTES or len(content) > MOST_BYTES:
        return Submission(_learner(name), name.name, None,
                          f"It is larger than {MOST_BYTES >> 20} MB.")
    try:
        return Submission(_learner(name), name.name, content.decode("utf-8"))
    except UnicodeDecodeError:
        return Submission(_learner(name), name.name, None, "It is no text in UTF-8.")


def _learner(name):
    """Whose a file is: the folder's name, or the file's; without what platforms add to it."""
    parts = [part for part in name.parts if part not in ("..", "/", ".")]
    stem = PurePosixPath(parts[-1]).stem
    if len(parts) > 2 and parts[-2] == stem:  # ada/Foundations.zip, as `course.submit` makes it
        del parts[-2]
    own = parts[-2] if len(parts) > 1 else stem
    own = re.sub(r"_\d+_assignsubmission_\w+$", "", own)  # Moodle
    return re.split(r"(?:_late)?_\d+_\d+_", own)[0][:80] or Path(name.name).stem  # Canvas
