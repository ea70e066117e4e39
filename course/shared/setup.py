# %%
# @title Find the course's code: run this cell first
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = ""  # for Colab: an address that `git clone` takes
MARK = "cs231n/feedback/__init__.py"  # other courses have a cs231n, too, but not this
DEEPEST = 6  # how many folders deep to look on a Drive


def find_course():
    """The course's folder: the nearest one above this notebook; in Colab, see below."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / MARK).is_file():
            return folder
    try:
        from google.colab import drive
    except ImportError:
        raise FileNotFoundError(
            f"This notebook was opened without the rest of the course: neither {here} "
            f"nor a folder above it holds {MARK}. Get the course's whole folder, and "
            "open the notebook in there."
        ) from None
    return find_course_in_colab(drive)


def find_course_in_colab(drive):
    """The course's folder on Google Drive, or else a clone of the repository."""
    mounted = Path.cwd() / "drive"
    if not REPOSITORY:
        try:
            drive.mount(str(mounted))
        except Exception as error:  # it has no class of its own
            raise PermissionError(
                f"Google Drive could not be opened ({error}). Run this cell again and "
                "allow the access: the course's folder has to be on your Drive."
            ) from None
    course = search_drive(mounted)
    if course is None and not REPOSITORY:
        raise FileNotFoundError(
            f"No folder of your Drive or of a shared drive, down to {DEEPEST} folders "
            f"deep, holds {MARK}. Upload the course's whole folder to your Drive, or "
            "write the address of its repository into REPOSITORY above."
        )
    return course or fetch_course(Path.cwd() / "course")


def search_drive(mounted):
    """The folder with the course, one near the top first; None if there is none."""
    level = [mounted / "MyDrive", *folders_in(mounted / "Shareddrives")]
    for _ in range(DEEPEST + 1):
        for folder in level:
            if (folder / MARK).is_file():
                return folder
        level = [inner for folder in level for inner in folders_in(folder)]
    return None


def folders_in(folder):
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:  # there is no such folder, or it must not be read
        return []
    return [folder / name for name in names if not name.startswith(".")]


def fetch_course(folder):
    """Clone the repository, unless it is there already."""
    if not (folder / MARK).is_file():
        command = ["git", "clone", "--depth=1", REPOSITORY, str(folder)]
        said = subprocess.run(command, capture_output=True, text=True).stderr
    if not (folder / MARK).is_file():
        raise FileNotFoundError(
            f"REPOSITORY above is {REPOSITORY!r}, and the course could not be fetched "
            "from there. Is the address right, letter by letter? Git: "
            + " ".join(said.split())
        )
    return folder


def folder_of_course():
    """The folder that cs231n comes from by now; None if that is not the course's."""
    if "cs231n" in sys.modules:
        places = getattr(sys.modules["cs231n"], "__path__", [])
    else:
        spec = importlib.util.find_spec("cs231n")
        places = (spec and spec.submodule_search_locations) or []
    folders = [Path(place).parent for place in places]
    return next((folder for folder in folders if (folder / MARK).is_file()), None)


if folder_of_course() is None:
    if "cs231n" in sys.modules:
        other = getattr(sys.modules["cs231n"], "__file__", None)
        raise ImportError(
            f"Another package called cs231n was imported already ({other}). "
            "Restart the kernel, and run this cell before any other."
        )
    sys.path.insert(0, str(find_course()))

where = folder_of_course()
if where.anchor == Path.cwd().anchor:  # not on another drive of Windows
    where = Path(os.path.relpath(where)).as_posix()
print("The course was found in", where)
