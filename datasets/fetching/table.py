"""The table of a data set's files, and which of them are there and good."""

import contextlib
import hashlib
import json
import string
from typing import NamedTuple

from fetching.files import read_json, write_whole
from fetching.telling import Failure, Progress, plain, say

RECORD = ".verified.json"  # what was verified, so that the next run need not read 2.3 GB
BLOCK = 1 << 20


class Entry(NamedTuple):
    """A file of the data set, as the table gives it."""

    name: str
    size: int  # bytes
    sha256: str


def read_table(path):
    """Read lines of SHA-256, bytes and name; `#` starts a comment line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise Failure(f"{path}: expected a text file in UTF-8.") from None
    table = [_read_entry(path, line) for line in lines if line.strip() and line[0] != "#"]
    if not table:
        raise Failure(f"{path}: expected lines of SHA-256, bytes and name, found none.")
    if len({entry.name for entry in table}) < len(table):
        raise Failure(f"{path}: names a file twice.")
    return table


def _read_entry(path, line):
    words = line.split()
    if len(words) != 3 or not (words[1].isascii() and words[1].isdigit() and len(words[1]) < 19):
        raise Failure(f"{path}: expected SHA-256, bytes and name, found '{plain(line)}'.")
    digest, size, name = words[0].lower(), int(words[1]), words[2]
    if len(digest) != 64 or not set(digest) <= set(string.hexdigits):
        raise Failure(f"{path}: expected a SHA-256 of 64 hexadecimal digits, found "
                      f"'{plain(words[0])}'.")
    # Files are written under these names: none of them may lead out of the folder.
    if not name.isprintable() or set(name) & set('/\\:*?"<>|') or name.startswith("."):
        raise Failure(f"{path}: '{plain(name)}' is not the plain name of a file.")
    return Entry(name, size, digest)


def find_missing(target, table, thorough, tell=say):
    """List the entries of the table whose file is missing or damaged; tell of the damaged ones."""
    if target.exists() and not target.is_dir():
        raise Failure(f"{target} is in the way: it is no folder. Move it elsewhere.")
    known = read_json(target / RECORD)
    progress = Progress("Verifying", sum(entry.size for entry in table))
    missing, verified = [], {}
    for entry in table:
        path = target / entry.name
        if path.is_dir():
            raise Failure(f"{path} is in the way: it is a folder. Move it elsewhere.")
        if not path.is_file():
            missing.append(entry)
            continue
        note = [*fingerprint(path), entry.sha256]
        if (known.get(entry.name) == note and not thorough) or holds(path, entry, progress):
            verified[entry.name] = note
        else:
            tell(f"{path} is damaged, it will be replaced.")
            missing.append(entry)
    progress.end()
    if any(known.get(name) != note for name, note in verified.items()):
        add_to_record(target, verified)
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


def add_to_record(folder, verified):
    """Note which files were verified; a folder that is read-only is verified each time anew."""
    path = folder / RECORD
    with contextlib.suppress(OSError):
        write_whole(path, json.dumps({**read_json(path), **verified}, indent=1).encode())
