# %%
# Run this cell first. It finds the course's code, wherever this notebook was opened.
import importlib.util
import subprocess
import sys
from pathlib import Path

REPOSITORY = ""  # for Colab: an address that `git clone` takes
CODE = "cs231n/rnn_layers.py"


def find_course():
    """The folder that holds the course's code: the nearest one above this notebook."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / CODE).is_file():
            return folder
    try:
        from google.colab import drive
    except ImportError:
        raise FileNotFoundError(
            f"{here} is not inside the course's folder: no folder above it holds {CODE}. "
            "Open this notebook where it came from."
        ) from None
    return find_course_in_colab(drive)


def find_course_in_colab(drive):
    """The course's folder on Google Drive, or else a clone of the repository."""
    if not REPOSITORY:
        drive.mount(str(Path.cwd() / "drive"))
    for depth in range(4):
        for code in Path.cwd().glob("drive/MyDrive/" + "*/" * depth + CODE):
            return code.parent.parent
    if not REPOSITORY:
        raise FileNotFoundError(
            f"no folder on your Drive holds {CODE}. Upload the course's folder to your Drive, "
            "or write the address of its repository into REPOSITORY above."
        )
    clone = Path.cwd() / "course"
    if not (clone / CODE).is_file():
        subprocess.run(["git", "clone", "--depth=1", REPOSITORY, str(clone)], check=True)
    return clone


if importlib.util.find_spec("cs231n") is None:
    sys.path.insert(0, str(find_course()))
