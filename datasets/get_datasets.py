"""Fetch the COCO captioning data set: whole and verified, or not at all.

`get_datasets.sh` calls this with any Python 3.8 or newer; nothing has to be installed.

1. The zip is downloaded into a work folder beside the target, going on where an earlier run
   stopped.
2. The files that are wanted are unpacked there, and their SHA-256 is held against the table.
3. The folder is put in place by one rename. Where there is a `coco_captioning` already, its good
   files stay, and each missing or damaged one is put in place by one rename of its own.

Whenever a run is stopped, even by a power cut, the old files are as they were or the new ones are
whole, and the next run goes on.
"""

import argparse
import errno
import os
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # for `fetching`, and for `cs231n.web`

from fetching.download import Download  # noqa: E402
from fetching.files import DOWNLOAD, NOTE, remove, work_folder  # noqa: E402
from fetching.table import find_missing, read_table  # noqa: E402
from fetching.telling import OTHER_SOURCE, BadZip, Failure, say  # noqa: E402
from fetching.unpacking import install, unpack  # noqa: E402

from cs231n.web import web_address  # noqa: E402

SOURCE = "http://cs231n.stanford.edu/coco_captioning.zip"
WIDE = ("train2014_vgg16_fc7.h5", "val2014_vgg16_fc7.h5")  # needed for pca_features=False only
LONGEST = 86_400.0  # seconds that an option may ask for: a day


def main(arguments=None):
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name that the terminal lacks letters for is shown
            stream.reconfigure(errors="backslashreplace")
    options = parse_options(arguments)
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup has it ignored
            signal.signal(number, interrupt)
    try:
        run(options)
    except Failure as failure:
        return complain(failure)
    except KeyboardInterrupt:
        complain("Interrupted. Run this again to go on from here.")
        return 130
    except OSError as error:
        return complain(explain(error))
    return 0


def parse_options(arguments):
    parser = argparse.ArgumentParser(
        prog="get_datasets.sh",
        description="Fetch the COCO captioning data set into datasets/coco_captioning: whole and "
        "verified, or not at all. Run it again to go on after an interruption, or to verify.",
    )
    parser.add_argument("zip", nargs="?", type=Path, metavar="ZIP",
                        help="a coco_captioning.zip that is here already; nothing is downloaded")
    parser.add_argument("--pca-only", action="store_true",
                        help="keep only what pca_features=True needs: 0.3 GB instead of 2.3 GB")
    parser.add_argument("--mirror", metavar="URL",
                        default=os.environ.get("CS231N_MIRROR") or SOURCE,
                        help="address of the zip, or of the folder it lies in if it ends in / "
                        f"(default: the environment variable CS231N_MIRROR, else {SOURCE})")
    parser.add_argument("--into", metavar="FOLDER", type=Path, default=HERE,
                        help="put coco_captioning into this folder (default: the one this script "
                        "lies in, where load_coco_data() looks for it)")
    parser.add_argument("--verify", action="store_true",
                        help="read all files that are there, also those verified before")
    parser.add_argument("--retries", metavar="N", type=count, default=5,
                        help="give up after this many tries without progress (default: 5)")
    parser.add_argument("--pause", metavar="SECONDS", type=seconds, default=1.0,
                        help="wait before the first retry; it doubles each time, up to five "
                        "minutes (default: 1)")
    parser.add_argument("--timeout", metavar="SECONDS", type=seconds, default=30.0,
                        help="try again when no data came for so long (default: 30)")
    parser.add_argument("--table", metavar="FILE", type=Path,
                        default=HERE / "coco_captioning.sha256",
                        help="lines of SHA-256, bytes and name of the files that make up the data "
                        "set (default: coco_captioning.sha256 beside this script)")
    options = parser.parse_args(arguments)
    if options.mirror.endswith("/"):
        options.mirror += "coco_captioning.zip"
    if options.timeout == 0:
        parser.error("--timeout must be more than 0")
    try:
        web_address(options.mirror)
    except ValueError as error:
        parser.error(f"--mirror {options.mirror!a}: {error}; expected an http:// or https:// "
                     "address (give a zip file on this machine without --mirror)")
    return options


def count(text):
    """The type of an option that is a whole number from 0 on."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!a} is no whole number from 0 to 999999999")
    return int(text)


def seconds(text):
    """The type of an option that is a time."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST:  # which NaN is not either
        raise argparse.ArgumentTypeError(f"{text!a} is no number of seconds from 0 to {LONGEST:g}")
    return value


def run(options):
    whole_table = read_table(options.table)
    table = [entry for entry in whole_table if not (options.pca_only and entry.name in WIDE)]
    target = find_target(options.into)
    wanted = find_missing(target, table, thorough=options.verify)
    if not wanted:
        say(f"{target} is complete: {len(table)} files, all verified.")
        return
    if not target.parent.is_dir():
        raise Failure(f"There is no folder {target.parent} to put the data set into.")
    with work_folder(target.parent / ".coco_captioning.part") as work:
        # Once more: another run may have put the files in place in the meantime.
        wanted = find_missing(target, wanted, options.verify, tell=lambda text: None)
        if wanted:
            fetch_and_install(options, whole_table, wanted, target, work)
    say(f"Done: {target} has all {len(table)} files, each verified.")


def find_target(into):
    """Return the folder of the data set.

    A link to a folder on a bigger disk is followed, since a rename works within one disk only.
    """
    link = into / "coco_captioning"
    try:
        target = link.resolve()
    except (OSError, RuntimeError):
        target = link
    if target.is_symlink():
        raise Failure(f"{link} is a link that leads to itself. Remove it.")
    return target


def fetch_and_install(options, whole_table, wanted, target, work):
    if options.zip:
        archive = options.zip
        if not archive.is_file():
            raise Failure(f"There is no file {archive}.")
    else:
        archive = download(options, whole_table, wanted, work)
    try:
        unpack(archive, wanted, work / "unpacked")
    except BadZip as failure:
        if options.zip:
            raise
        archive.unlink()
        raise Failure(f"{failure} The download was removed: try again. {OTHER_SOURCE}") from failure
    install(work / "unpacked", wanted, target)
    for name in (DOWNLOAD, NOTE):
        remove(work / name)


def download(options, whole_table, wanted, work):
    """Download the zip, which is at most a little longer than all files without compression."""
    most = int(1.05 * sum(entry.size for entry in whole_table)) + (1 << 20)
    unpacked = sum(entry.size for entry in wanted)
    transfer = Download(options.mirror, work / DOWNLOAD, most, unpacked)
    return transfer.run(options.retries, options.pause, options.timeout)


def complain(problem):
    print(f"get_datasets.sh: {problem}", file=sys.stderr)
    return 1


def explain(error):
    """Put an error of the operating system into one sentence."""
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return (f"The disk is full{place}. What was downloaded is kept: make room and run this "
                "again to go on.")
    if isinstance(error, PermissionError):
        return f"No permission{place}. Another folder can be named with --into FOLDER."
    return f"{error.strerror or error}{place}."


def interrupt(number, frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
