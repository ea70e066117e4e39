"""Open JupyterLab on your copy of a notebook: `python -m course.lab`, or `make lab`.

`python -m course.lab [NAME] [--fresh | --update] [...]`: NAME is RNN_Captioning, or another
notebook of the course. It is copied once, to work/NAME.ipynb, which is yours: no other command ever
writes there. Whatever else is given goes to JupyterLab, such as `--no-browser --port 9999`.
"""

import argparse
import os
import sys
from pathlib import PurePath

from course import ROOT, CourseError, copies


def main(arguments=None):
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="python -m course.lab", usage="%(prog)s [NAME] [--fresh | --update] [...]",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False)
    parser.add_argument("--fresh", dest="prepare", action="store_const", const=copies.make_afresh,
                        help="copy the notebook again; the copy that is there is kept, with a date")
    parser.add_argument("--update", dest="prepare", action="store_const", const=copies.update,
                        help="after a change of the course: copy it again, with your exercises")
    name = _name(arguments, parser)
    options, for_jupyterlab = parser.parse_known_args(arguments)
    try:
        for sentence in (options.prepare or copies.make)(name):
            print(sentence, flush=True)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return open_jupyterlab(f"work/{name}.ipynb", for_jupyterlab)


def _name(arguments, parser):
    """Take the notebook's name off the arguments, if they begin with one."""
    if not arguments or arguments[0].startswith("-"):
        return "RNN_Captioning"
    name = PurePath(arguments.pop(0)).name.removesuffix(".ipynb")
    if name not in copies.names():
        parser.error(f"there is no notebook {name}; there are: {', '.join(copies.names())}")
    return name


def open_jupyterlab(notebook, arguments):
    """Run JupyterLab until it is stopped; its file browser and terminals show the whole course.

    Args:
        notebook: what to open, seen from the course's folder.
        arguments: for JupyterLab.

    Returns:
        How it ended, as an exit status.
    """
    try:
        from jupyterlab.labapp import main as jupyterlab
    except ModuleNotFoundError as error:
        print(f"{error}. Install what the course needs: python -m pip install -r requirements.txt",
              file=sys.stderr)
        return 1
    os.chdir(ROOT)
    try:
        jupyterlab([f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url=/lab/tree/{notebook}",
                    *arguments])
    except SystemExit as end:
        if end.code and _is_root() and "--allow-root" not in arguments:
            print('JupyterLab does not run for the user root unless told to: make lab '
                  'ARGS="--allow-root" (or python -m course.lab --allow-root). Outside of a '
                  "container, log in as an ordinary user instead.", file=sys.stderr)
        return end.code or 0
    return 0


def _is_root():
    return hasattr(os, "geteuid") and os.geteuid() == 0  # Windows has no such user


if __name__ == "__main__":
    sys.exit(main())
