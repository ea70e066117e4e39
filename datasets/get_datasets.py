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
import contextlib
import errno
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import stat
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
SOURCE = "http://cs231n.stanford.edu/coco_captioning.zip"
WIDE = ("train2014_vgg16_fc7.h5", "val2014_vgg16_fc7.h5")  # needed for pca_features=False only
DOWNLOAD = "coco_captioning.zip"  # in the work folder
RECORD = ".verified.json"  # what was verified, so that the next run need not read 2.3 GB
BLOCK = 1 << 20
OTHER_SOURCE = "Another source can be named with --mirror URL, or a zip file given instead."


class Failure(Exception):
    """Ends the run with one sentence."""


class BadZip(Failure):
    """The zip is no good, so it is of no use to keep what was downloaded."""


class PassingFailure(Exception):
    """A failure of the network that may be over at the next try."""


class Entry(NamedTuple):
    """A file of the data set, as the table gives it."""

    name: str
    size: int  # bytes
    sha256: str


def main(arguments=None):
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
    parser.add_argument("--retries", metavar="N", type=int, default=5,
                        help="give up after this many tries without progress (default: 5)")
    parser.add_argument("--pause", metavar="SECONDS", type=float, default=1.0,
                        help="wait before the first retry; it doubles each time (default: 1)")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=30.0,
                        help="try again when no data came for so long (default: 30)")
    parser.add_argument("--table", metavar="FILE", type=Path,
                        default=HERE / "coco_captioning.sha256",
                        help="lines of SHA-256, bytes and name of the files that make up the data "
                        "set (default: coco_captioning.sha256 beside this script)")
    options = parser.parse_args(arguments)
    if options.mirror.endswith("/"):
        options.mirror += "coco_captioning.zip"
    if options.retries < 0 or options.pause < 0 or options.timeout <= 0:
        parser.error("--retries and --pause must be at least 0, --timeout more than 0")
    if urllib.parse.urlsplit(options.mirror).scheme not in ("http", "https"):
        parser.error(f"--mirror {options.mirror}: expected an http:// or https:// address "
                     "(give a zip file on this machine without --mirror)")
    return options


def run(options):
    table = read_table(options.table)
    if options.pca_only:
        table = [entry for entry in table if entry.name not in WIDE]
    # A link to a folder on a bigger disk is followed, since a rename works within one disk only.
    target = (options.into / "coco_captioning").resolve()
    work = target.parent / ".coco_captioning.part"
    wanted = find_missing(target, table, thorough=options.verify)
    if not wanted:
        say(f"{target} is complete: {len(table)} files, all verified.")
        return
    if not target.parent.is_dir():
        raise Failure(f"There is no folder {target.parent} to put the data set into.")
    with work_folder(work):
        fetch_and_install(options, wanted, target, work)
    say(f"Done: {target} has all {len(table)} files, each verified.")


def fetch_and_install(options, wanted, target, work):
    unpacked = sum(entry.size for entry in wanted)
    if options.zip:
        archive = options.zip
        if not archive.is_file():
            raise Failure(f"There is no file {archive}.")
    else:
        archive = Download(options.mirror, work / DOWNLOAD, unpacked).run(options)
    try:
        unpack(archive, wanted, work / "unpacked")
    except BadZip as failure:
        if options.zip:
            raise
        archive.unlink()
        raise Failure(f"{failure} The download was removed: try again. {OTHER_SOURCE}") from failure
    install(work / "unpacked", wanted, target)
    with contextlib.suppress(FileNotFoundError):
        (work / DOWNLOAD).unlink()


# ---- What is there ------------------------------------------------------------------------------


def read_table(path):
    """Read lines of SHA-256, bytes and name; `#` starts a comment line."""
    table = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            words = line.split()
            if len(words) != 3 or not words[1].isdigit():
                raise Failure(f"{path}: expected SHA-256, bytes and name, found {line!r}.")
            table.append(Entry(words[2], int(words[1]), words[0]))
    return table


def find_missing(target, table, thorough):
    """List the entries of the table whose file is missing or damaged."""
    if target.exists() and not target.is_dir():
        raise Failure(f"{target} is in the way: it is no folder. Move it elsewhere.")
    record = {} if thorough else read_record(target)
    progress = Progress("Verifying", sum(entry.size for entry in table))
    missing, verified = [], {}
    for entry in table:
        path = target / entry.name
        if not path.is_file():
            missing.append(entry)
            continue
        note = [*fingerprint(path), entry.sha256]
        if record.get(entry.name) == note or holds(path, entry, progress):
            verified[entry.name] = note
        else:
            say(f"{path} is damaged, it will be replaced.")
            missing.append(entry)
    progress.end()
    if verified and verified != record:
        with contextlib.suppress(OSError):  # a read-only folder can be verified, but not noted
            write_record(target, {**read_record(target), **verified})
    return missing


def holds(path, entry, progress):
    """Tell whether a file has the size and the SHA-256 of its entry."""
    if path.stat().st_size != entry.size:
        return False
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
            progress.add(len(block))
    return digest.hexdigest() == entry.sha256


def fingerprint(path):
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def read_record(folder):
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write_record(folder, record):
    write_whole(folder / RECORD, json.dumps(record, indent=1).encode())


def write_whole(path, content):
    """Write a small file so that it is never seen half written."""
    draft = path.with_name(path.name + ".new")
    with open(draft, "wb") as file:
        file.write(content)
        settle(file)
    os.replace(draft, path)


def settle(file):
    """Have the file on the disk before it is renamed, so that a power cut does not empty it."""
    file.flush()
    os.fsync(file.fileno())


@contextlib.contextmanager
def work_folder(work):
    """Have the work folder for ourselves; leave nothing in it in the end but a part of the zip.

    The lock goes with the process, however that ends.
    """
    work.mkdir(exist_ok=True)
    ours = False
    try:
        with open(work / "lock", "wb") as file:
            try:
                lock(file)
            except (BlockingIOError, PermissionError):
                raise Failure("Another run of this script is at work on the same folder.") from None
            except OSError:
                pass  # some network folders know no locks
            ours = True
            yield
    finally:
        if ours:
            shutil.rmtree(work / "unpacked", ignore_errors=True)
            if not (work / DOWNLOAD).is_file():
                shutil.rmtree(work, ignore_errors=True)


def lock(file):
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# ---- Downloading --------------------------------------------------------------------------------


class Download:
    """A file that grows until it is whole, over as many connections and runs as it takes.

    Beside the file lies a note of where it comes from and how long it will be. Only a file that
    has such a note is continued.
    """

    def __init__(self, url, path, unpacked):
        self.url, self.path, self.unpacked = url, path, unpacked
        self.host = urllib.parse.urlsplit(url).netloc.rpartition("@")[2]
        self.note_path = path.with_name(path.name + ".json")
        self.announced = False

    def run(self, options):
        """Download with retries, and return the path of the whole file."""
        failures, best = 0, self.size()
        while not self.is_whole():
            try:
                self.go_on(options.timeout)
            except PassingFailure as failure:
                # What a server without Range makes us fetch once more is no progress.
                failures = 1 if self.size() > best else failures + 1
                best = max(best, self.size())
                if failures > options.retries:
                    raise Failure(f"{failure}. {OTHER_SOURCE}{self.kept()}") from failure
                pause = options.pause * 2 ** (failures - 1)
                say(f"{failure}. Trying again in {pause:g} s.")
                time.sleep(pause)
        return self.path

    def size(self):
        return self.path.stat().st_size if self.path.is_file() else 0

    def kept(self):
        return " What was downloaded is kept: run this again to go on." if self.size() else ""

    def note(self):
        """Return what is known of the file that is being downloaded: {} for nothing."""
        try:
            note = json.loads(self.note_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) and note.get("url") == self.url else {}

    def is_whole(self):
        return self.size() > 0 and self.size() == self.note().get("bytes")

    def go_on(self, timeout):
        """Open one connection, and add to the file what comes over it."""
        note = self.note()
        start = self.size() if note else 0
        request = urllib.request.Request(self.url, headers={"User-Agent": "get_datasets"})
        if start:
            request.add_header("Range", f"bytes={start}-")
            if note.get("version"):  # have the whole file sent if it is another one by now
                request.add_header("If-Range", note["version"])
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                self.receive(reply, start, note)
        except urllib.error.HTTPError as error:
            error.close()
            self.judge(error, start)
        except socket.timeout as error:  # noqa: UP041 - before Python 3.10, no TimeoutError
            raise PassingFailure(f"{self.host} sent nothing for {timeout:g} s") from error
        except (urllib.error.URLError, ConnectionError, http.client.HTTPException) as error:
            raise PassingFailure(self.describe(error)) from error

    def judge(self, error, start):
        """Decide what an answer that is no success means."""
        if error.code == 416 and start:
            self.discard()
            raise PassingFailure(f"{self.host} has another file by now, starting over") from error
        if error.code in (408, 429) or error.code >= 500:
            raise PassingFailure(f"{self.host} answers {error.code} {error.reason}") from error
        raise Failure(f"{self.url} answers {error.code} {error.reason}. {OTHER_SOURCE}") from error

    def describe(self, error):
        reason = getattr(error, "reason", error)
        if isinstance(reason, socket.gaierror):
            return f"{self.host} cannot be found, there seems to be no network"
        if isinstance(reason, (ConnectionResetError, http.client.HTTPException)):
            return f"{self.host} broke the connection"
        return f"{self.host} cannot be reached ({getattr(reason, 'strerror', None) or reason})"

    def receive(self, reply, start, note):
        length = reply.headers.get("Content-Length")
        if reply.status == 206:
            total = self.total_of_range(reply, start, note)
        else:
            start, total = 0, int(length) if length else None
        first = reply.read1(BLOCK)
        if start == 0 and (first or not total):
            check_is_zip(first, self.url)
        self.announce((total or start) - start + self.unpacked)
        with open(self.path, "r+b" if start else "wb") as file:
            if not start:
                version = reply.headers.get("ETag") or reply.headers.get("Last-Modified")
                self.write_note({"url": self.url, "bytes": total, "version": strong(version)})
            file.seek(start)
            self.append(file, first, reply, start, total)
        if total is None:
            self.write_note({"url": self.url, "bytes": self.size(), "version": None})
        elif self.size() < total:
            raise PassingFailure(f"{self.host} broke off after {self.size():,} of {total:,} bytes")

    def announce(self, needed):
        free = check_space(self.path.parent, needed)
        if not self.announced:
            say(f"Downloading {self.url}: {gigabytes(needed)} of free space are needed, "
                f"{gigabytes(free)} are there.")
        self.announced = True

    def append(self, file, block, reply, start, total):
        progress = Progress("Downloading", total, start)
        while block:
            file.write(block)
            file.flush()
            progress.add(len(block))
            block = reply.read1(BLOCK)
        progress.end()

    def total_of_range(self, reply, start, note):
        """Check that the answer continues the file that we have."""
        wanted = f"bytes {start}-"
        given, _, total = reply.headers.get("Content-Range", "").partition("/")
        if not given.startswith(wanted) or not total.isdigit() or int(total) != note["bytes"]:
            self.discard()
            raise PassingFailure(f"{self.host} has another file by now, starting over")
        return int(total)

    def write_note(self, note):
        write_whole(self.note_path, json.dumps(note).encode())

    def discard(self):
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


def strong(version):
    """Return an ETag or a date that If-Range may carry, or None: weak ETags may not."""
    return None if version is None or version.startswith("W/") else version


def check_is_zip(start, url):
    if start[:2] not in (b"PK", b"P"):
        what = "a web page (a login page, perhaps)" if start.lstrip()[:1] == b"<" else "no zip file"
        raise Failure(f"{url} sends {what}. {OTHER_SOURCE}")


def check_space(folder, needed):
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Failure(f"{gigabytes(needed)} of free space are needed in {folder}, but there are "
                      f"only {gigabytes(free)}.")
    return free


# ---- Unpacking and putting in place -------------------------------------------------------------


def unpack(path, wanted, folder):
    """Unpack the wanted files into a new folder, and verify each on the way."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    total = sum(entry.size for entry in wanted)
    check_space(folder, total)
    progress = Progress("Unpacking", total)
    try:
        with zipfile.ZipFile(path) as archive:
            members = find_members(archive, path)
            for entry in wanted:
                if entry.name not in members:
                    raise BadZip(f"{path.name} has no {entry.name} in it.")
                extract(archive, members[entry.name], entry, folder / entry.name, progress)
    # RuntimeError stands for a password, NotImplementedError for an unknown kind of compression.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadZip(f"{path.name} is no zip file, or damaged or cut off ({error}).") from error
    finally:
        progress.end()


def find_members(archive, path):
    """Map file names to members, and refuse a zip that tries to write anywhere else.

    Members are written under the table's names, never under their own, so that such a zip could
    do no harm; but nobody who packs one means well.
    """
    members = {}
    for member in archive.infolist():
        parts = member.filename.replace("\\", "/").split("/")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise BadZip(f"{path.name} is not safe: {member.filename} leads out of its folder.")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BadZip(f"{path.name} is not safe: {member.filename} is a link, not a file.")
        if parts[:-1] in ([], ["coco_captioning"]) and parts[-1]:
            members[parts[-1]] = member
    return members


def extract(archive, member, entry, path, progress):
    """Unpack one file, and check that it is what the table says."""
    digest, size = hashlib.sha256(), 0
    with archive.open(member) as packed, open(path, "wb") as file:
        # One byte more than expected proves a wrong size; a bomb does not get to fill the disk.
        while True:
            block = packed.read(min(BLOCK, entry.size + 1 - size))
            if not block:
                break
            digest.update(block)
            file.write(block)
            size += len(block)
            progress.add(len(block))
        settle(file)
    if size != entry.size:
        raise BadZip(f"{entry.name} in the zip has the wrong size, expected {entry.size:,} bytes.")
    if digest.hexdigest() != entry.sha256:
        raise BadZip(f"{entry.name} in the zip has the wrong SHA-256, expected {entry.sha256}.")


def install(unpacked, wanted, target):
    """Put the verified files in place: a new folder by one rename, else each file by one."""
    record = {entry.name: [*fingerprint(unpacked / entry.name), entry.sha256] for entry in wanted}
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if not target.exists():
        write_record(unpacked, record)
        os.rename(unpacked, target)
        return
    for entry in wanted:
        os.replace(unpacked / entry.name, target / entry.name)
    write_record(target, {**read_record(target), **record})


# ---- What the user sees -------------------------------------------------------------------------


class Progress:
    """One line that moves on a terminal; elsewhere, such as in a log, a line for each tenth."""

    def __init__(self, what, total, done=0):
        self.what, self.total, self.done = what, total, done
        self.start, self.first = time.monotonic(), done
        self.moving = sys.stderr.isatty()
        self.shown = None if self.moving else 0

    def add(self, count):
        self.done += count
        if (self.total or self.done) < 5e6:
            return  # too small to be worth a line
        # Five times a second; or at each tenth, or each gigabyte where the total is not known.
        tenth = 10 * self.done // self.total if self.total else self.done // 10**9
        step = int(5 * time.monotonic()) if self.moving else tenth
        if step != self.shown:
            self.shown = step
            self.show("\r" if self.moving else "\n")

    def end(self):
        if self.moving and self.shown is not None:
            self.show("\n")

    def show(self, end):
        line = self.line(time.monotonic())
        # Blanks cover what a longer line has left on the terminal.
        print(line.ljust(79) if self.moving else line, end=end, file=sys.stderr, flush=True)

    def line(self, now):
        speed = (self.done - self.first) / max(now - self.start, 1e-3)
        text = f"{self.what}: {self.done / 1e6:,.0f}"
        if self.total:
            left = (self.total - self.done) / max(speed, 1.0)
            text += f" of {self.total / 1e6:,.0f} MB ({100 * self.done // self.total} %)"
            return f"{text}, {speed / 1e6:.1f} MB/s, {left:.0f} s left"
        return f"{text} MB, {speed / 1e6:.1f} MB/s"


def say(text):
    print(text, flush=True)


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


def gigabytes(count):
    return f"{count / 1e9:.2f} GB"


def interrupt(number, frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
