"""Unpacking the zip, with each file verified on the way, and putting the files in place."""

import contextlib
import hashlib
import os
import stat
import zipfile

from fetching.files import check_space, open_new, remove_drafts, settle
from fetching.table import BLOCK, RECORD, add_to_record, fingerprint
from fetching.telling import BadZip, Progress, plain


def unpack(path, wanted, folder):
    """Unpack the wanted files into a new folder, and verify each on the way."""
    folder.mkdir()
    total = sum(entry.size for entry in wanted)
    check_space(folder, total)
    progress = Progress("Unpacking", total)
    try:
        with open(path, "rb") as file:
            with _damage(path):
                archive = zipfile.ZipFile(file)
                members = find_members(archive, path)
            for entry in wanted:
                if entry.name not in members:
                    raise BadZip(f"{path.name} has no {entry.name} in it.")
                extract(path, archive, members[entry.name], entry, folder / entry.name, progress)
    finally:
        progress.end()


@contextlib.contextmanager
def _damage(path):
    """Turn whatever a damaged zip makes its readers raise into one sentence.

    There have been: BadZipFile, zlib.error, LZMAError, OSError (of bz2, and of a seek to nowhere),
    EOFError, struct.error, UnicodeDecodeError, RuntimeError (a password), NotImplementedError (an
    unknown compression), OverflowError, MemoryError. So only what reads stands in here: an error
    in writing says nothing about the zip.
    """
    try:
        yield
    except BadZip:
        raise
    except Exception as error:
        why = plain(error) or type(error).__name__
        raise BadZip(f"{path.name} is no zip file, or damaged or cut off ({why}).") from error


def find_members(archive, path):
    """Map file names to members, and refuse a zip that tries to write anywhere else.

    Members are written under the table's names, never under their own, so that such a zip could
    do no harm; but nobody who packs one means well.
    """
    members = {}
    for member in archive.infolist():
        parts = member.filename.replace("\\", "/").split("/")
        kind = stat.S_IFMT(member.external_attr >> 16)
        name = plain(member.filename)
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise BadZip(f"{path.name} is not safe: {name} leads out of its folder.")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BadZip(f"{path.name} is not safe: {name} is a link, not a file.")
        if parts[:-1] in ([], ["coco_captioning"]) and parts[-1]:
            members[parts[-1]] = member
    return members


def extract(zip_path, archive, member, entry, path, progress):
    """Unpack one file, and check that it is what the table says."""
    digest, size = hashlib.sha256(), 0
    with _damage(zip_path):
        packed = archive.open(member)
    with packed, open_new(path) as file:
        # One byte more than expected proves a wrong size; a bomb does not get to fill the disk.
        while True:
            with _damage(zip_path):
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
        add_to_record(unpacked, record)
        os.rename(unpacked, target)
        return
    for entry in wanted:
        os.replace(unpacked / entry.name, target / entry.name)
    remove_drafts(target / RECORD)
    add_to_record(target, record)
