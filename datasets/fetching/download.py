"""Downloading one file from a server that may break off, stall, or send something else."""

import contextlib
import http.client
import json
import os
import re
import socket
import time
import urllib.error
import urllib.parse
import urllib.request

from cs231n.web import WebRedirects, web_address
from fetching.files import (
    NOTE,
    check_space,
    open_again,
    open_new,
    own_size,
    read_json,
    write_whole,
)
from fetching.telling import (
    OTHER_SOURCE,
    AnotherFile,
    Failure,
    PassingFailure,
    Progress,
    TooMuch,
    gigabytes,
    plain,
    say,
)

BLOCK = 1 << 20
LONGEST_PAUSE = 300.0  # seconds
PROGRESS = 10_000  # a try that brings this part of what is allowed, or more, is no failure


class Download:
    """A file that grows until it is whole, over as many connections and runs as it takes.

    Beside the file lies a note of where it comes from and how long it will be. Only a file that
    has such a note is continued. It never gets longer than was announced, nor than `most` bytes.
    """

    def __init__(self, url, path, most, unpacked):
        self.url, self.path, self.most, self.unpacked = url, path, most, unpacked
        self.shown, self.address = plain(url), web_address(url)
        self.host = urllib.parse.urlsplit(self.address).netloc
        self.note_path = path.with_name(NOTE)
        self.space_told = False

    def run(self, retries, pause, timeout):
        """Download with retries, and return the path of the whole file."""
        failures, best = 0, self.size()
        while not self.is_whole():
            try:
                self.go_on(timeout)
            except PassingFailure as failure:
                # What a server without Range makes us fetch once more is no progress, and some
                # bytes at a time would be no end.
                progress = self.size() - best >= max(1, self.most // PROGRESS)
                failures = 1 if progress else failures + 1
                best = self.size() if progress else best
                if failures > retries:
                    raise Failure(f"{failure}. {OTHER_SOURCE}{self.kept()}") from failure
                seconds = min(pause * 2.0 ** min(failures - 1, 60), LONGEST_PAUSE)
                say(f"{failure}. Trying again in {seconds:g} s.")
                time.sleep(seconds)
        return self.path

    def size(self):
        return own_size(self.path)

    def kept(self):
        return " What was downloaded is kept: run this again to go on." if self.size() else ""

    def discard(self):
        if os.path.lexists(self.path):
            os.unlink(self.path)

    # ---- The note -------------------------------------------------------------------------------

    def note(self):
        """Return what is known of the file that is being downloaded: {} for nothing."""
        note = read_json(self.note_path)
        total, version = note.get("bytes"), note.get("version")
        known = (note.get("url") == self.url and type(total) is int and 0 < total <= self.most
                 and (version is None or isinstance(version, str) and version == plain(version)))
        return note if known else {}

    def write_note(self, total, version):
        note = {"url": self.url, "bytes": total, "version": version}
        write_whole(self.note_path, json.dumps(note).encode())

    def is_whole(self):
        return self.size() > 0 and self.size() == self.note().get("bytes")

    # ---- One connection -------------------------------------------------------------------------

    def go_on(self, timeout):
        """Open one connection, and add to the file what comes over it."""
        note = self.note()
        start = self.size() if self.size() < note.get("bytes", 0) else 0
        try:
            with self.connect(start, note, timeout) as reply:
                self.receive(reply, start, note, timeout)
        except (AnotherFile, TooMuch):
            self.discard()
            raise

    def connect(self, start, note, timeout):
        headers = {"User-Agent": "get_datasets", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if note.get("version"):  # have the whole file sent if it is another one by now
                headers["If-Range"] = note["version"]
        request = urllib.request.Request(self.address, headers=headers)
        try:
            with self.network(timeout):
                opener = urllib.request.build_opener(WebRedirects)
                return opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            error.close()
            raise self.judged(error.code, error.reason, start) from error

    @contextlib.contextmanager
    def network(self, timeout):
        """Turn whatever goes wrong with a connection into one sentence."""
        try:
            yield
        except urllib.error.HTTPError:
            raise  # an answer, if not the one that was hoped for
        except socket.timeout as error:  # noqa: UP041 - before Python 3.10, no TimeoutError
            raise PassingFailure(f"{self.host} sent nothing for {timeout:g} s") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise PassingFailure(self.describe(error)) from error

    def describe(self, error):
        reason = getattr(error, "reason", error)
        if isinstance(reason, socket.gaierror):
            return f"{self.host} cannot be found, there seems to be no network"
        if isinstance(reason, (ConnectionResetError, http.client.HTTPException)):
            return f"{self.host} broke the connection"
        why = plain(getattr(reason, "strerror", None) or reason)
        return f"{self.host} cannot be reached ({why})"

    def judged(self, code, reason, start):
        """Return the failure that an answer means which is no success."""
        if code == 416 and start:
            return AnotherFile(f"{self.host} has another file by now, starting over")
        if 300 <= code < 400:
            return Failure(f"{self.shown} answers {code}, which leads away from the web, in "
                           f"circles or nowhere. {OTHER_SOURCE}")
        answer = f"answers {code} {plain(reason)}".rstrip()
        if code in (206, 408, 425, 429) or code >= 500:
            return PassingFailure(f"{self.host} {answer}")
        return Failure(f"{self.shown} {answer}. {OTHER_SOURCE}")

    # ---- What comes over it ---------------------------------------------------------------------

    def receive(self, reply, start, note, timeout):
        length = self.announced_length(reply)
        if reply.status == 206 and start:
            end, total = self.range_of(reply, start, length, note)
        elif reply.status in (200, 203):  # the latter is what a proxy makes of the former
            start, end, total = 0, length, length
        else:
            raise self.judged(reply.status, reply.reason, start)
        first = self.read(reply, timeout)
        if start == 0 and (first or not total):
            check_is_zip(first, self.shown)
        self.tell_space((total or start) - start + self.unpacked)
        with self.open_part(start) as file:
            if not start:
                self.write_note(total, version_of(reply))
            self.append(file, first, reply, start, end, timeout)
        if total is None:
            self.write_note(self.size(), None)
        elif self.size() < total:
            raise PassingFailure(f"{self.host} broke off after {self.size():,} of {total:,} bytes")

    def announced_length(self, reply):
        """Return how many bytes are to come, or None where that is not said."""
        text = reply.headers.get("Content-Length")
        if text is None or reply.chunked:
            return None
        if not re.fullmatch("[0-9]{1,18}", text.strip()):
            raise PassingFailure(f"{self.host} announces '{plain(text)}' bytes")
        if int(text) > self.most:
            raise self.too_much()
        return int(text)

    def range_of(self, reply, start, length, note):
        """Check that the answer continues the file; return where it ends, and the file's length."""
        given = reply.headers.get("Content-Range", "").strip()
        found = re.fullmatch("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", given)
        first, last, total = map(int, found.groups()) if found else (0, 0, 0)
        if not (first == start <= last < total == note["bytes"]) or is_changed(reply, note):
            raise AnotherFile(f"{self.host} has another file by now, starting over")
        if length is not None and length != last + 1 - start:
            raise AnotherFile(f"{self.host} announces {length:,} bytes for a range of "
                              f"{last + 1 - start:,}, starting over")
        return last + 1, total

    def read(self, reply, timeout):
        with self.network(timeout):
            return reply.read1(BLOCK)

    def open_part(self, start):
        if not start:
            self.discard()
            return open_new(self.path)
        file = open_again(self.path)
        file.seek(start)
        return file

    def append(self, file, block, reply, start, end, timeout):
        """Write what comes, from `start` on and never beyond `end`."""
        progress = Progress("Downloading", end, start)
        position = start
        while block:
            position += len(block)
            if position > (self.most if end is None else end):
                raise self.too_much() if end is None else AnotherFile(
                    f"{self.host} sends more bytes than it announced, starting over")
            file.write(block)
            file.flush()
            progress.add(len(block))
            block = self.read(reply, timeout)
        progress.end()

    def too_much(self):
        return TooMuch(f"{self.shown} sends more than {self.most:,} bytes, the most that the zip "
                       f"of this data set can have. {OTHER_SOURCE}")

    def tell_space(self, needed):
        free = check_space(self.path.parent, needed)
        if not self.space_told:
            say(f"Downloading {self.shown}: {gigabytes(needed)} of free space are needed, "
                f"{gigabytes(free)} are there.")
        self.space_told = True


def version_of(reply):
    """Return an ETag or a date that If-Range may carry, or None: weak ETags may not."""
    version = reply.headers.get("ETag") or reply.headers.get("Last-Modified")
    return None if version is None or version.startswith("W/") else plain(version)


def is_changed(reply, note):
    """Tell whether the answer says that the file is another one than the note is about."""
    known = note["version"]
    if known is None:
        return False
    given = reply.headers.get("ETag" if known.startswith('"') else "Last-Modified")
    return given is not None and plain(given) != known


def check_is_zip(start, url):
    if start[:2] not in (b"PK", b"P"):
        what = "a web page (a login page, perhaps)" if start.lstrip()[:1] == b"<" else "no zip file"
        raise Failure(f"{url} sends {what}. {OTHER_SOURCE}")
