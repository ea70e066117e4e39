"""Attacks on `datasets/get_datasets.py`: servers, zips, tables and folders that are wrong.

An attack is survived if the data set arrives whole, or the run ends with one sentence and an exit
status that is not 0: no traceback, no loop without end, nothing written outside the folder, no
file longer than the table allows, no file of the user's touched. Unless an attack says otherwise,
the next run with a good server must then bring the data set whole: nothing bad is kept for ever.

`tests/datasets/test_attacks_on_downloads.py` runs some attacks of each kind, and
`python -m benchmarks.attacks_on_downloads` all of them.
"""

import _thread
import contextlib
import hashlib
import importlib.util
import io
import json
import os
import random
import shutil
import stat
import sys
import threading
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import misbehaving
from misbehaving import content, cut, endless, raw, redirect, reply, resumable, status

DATASETS = Path(__file__).resolve().parents[2] / "datasets"
SECONDS = 60.0  # for one run, however busy the machine is
MOST_REQUESTS = 60  # of one run: 3 retries, but each piece of progress gives new ones


def load_get_datasets():
    """Return the script as a module, the same one each time."""
    if "get_datasets" not in sys.modules:
        path = DATASETS / "get_datasets.py"
        spec = importlib.util.spec_from_file_location("get_datasets", path)
        sys.modules["get_datasets"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["get_datasets"])
    return sys.modules["get_datasets"]


# ---- The stage ----------------------------------------------------------------------------------


class Attack(NamedTuple):
    """What is done: `prepare(stage)` sets it up, and may return more arguments for the command."""

    kind: str
    name: str
    prepare: Callable
    heals: bool = True  # the next run with a good server goes well


class Stage:
    """A folder, a server and a small data set, in which one attack after the other is played."""

    def __init__(self, folder):
        self.folder = folder
        self.server = misbehaving.Server()
        rng = random.Random(231)
        self.files = {f"file{i}.bin": rng.randbytes(700) + bytes(900 * i) for i in range(3)}
        self.table = folder / "table.sha256"
        self.table.write_text("".join(f"{hashlib.sha256(data).hexdigest()} {len(data)} {name}\n"
                                      for name, data in self.files.items()), encoding="utf-8")
        self.zip = self.pack()
        self.most = sum(map(len, self.files.values())) * 2 + (1 << 20)
        self.count = 0

    def pack(self, method=zipfile.ZIP_DEFLATED, change=None):
        """Return a zip of the data set, with files changed or added."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, data in {**self.files, **(change or {})}.items():
                archive.writestr(f"coco_captioning/{name}" if "/" not in name else name, data)
        return file.getvalue()

    def clear(self):
        """A new folder to fetch into, with a user's folder and file beside it."""
        self.count += 1
        self.path = f"/{self.count}.zip"
        self.url = self.server.url + self.path
        self.into = self.folder / f"stage{self.count}" / "into"
        self.into.mkdir(parents=True)
        self.work = self.into / ".coco_captioning.part"
        self.target = self.into / "coco_captioning"
        self.outside = self.into.parent / "outside"
        self.outside.mkdir()
        self.victim = self.outside / "precious.txt"
        self.victim.write_bytes(b"a file of the user's")

    def remove(self):
        shutil.rmtree(self.into.parent, ignore_errors=True)

    def serve(self, *answers):
        self.server.serve(self.path, *answers)

    def plant(self, part=b"", note=None, lock=True):
        """Leave a work folder as an earlier run might have left it."""
        self.work.mkdir()
        if lock:
            (self.work / "lock").write_bytes(b"")
        (self.work / "coco_captioning.zip").write_bytes(part)
        if note is not None:
            text = note if isinstance(note, str) else json.dumps(note)
            (self.work / "coco_captioning.zip.json").write_text(text, encoding="utf-8")

    def note(self, **changes):
        return {"url": self.url, "bytes": len(self.zip), "version": None, **changes}

    def close(self):
        self.server.close()


class Run(NamedTuple):
    code: object  # the exit status
    output: str
    error: str
    crash: str  # a traceback, where there was one


def run_command(arguments):
    """Run the script in this process, so that an attack takes milliseconds."""
    output, error, crash, code = io.StringIO(), io.StringIO(), "", None
    watchdog = threading.Timer(SECONDS, _thread.interrupt_main)
    watchdog.daemon = True
    watchdog.start()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(error), \
            mock.patch.dict(os.environ, {"no_proxy": "*", "NO_PROXY": "*"}), \
            mock.patch("os.fsync"):  # that is for power cuts, and takes most of the time
        try:
            code = load_get_datasets().main(arguments)
        except SystemExit as stop:
            code = stop.code
        except BaseException:  # whatever it is, it would have been a traceback
            crash = traceback.format_exc()
    watchdog.cancel()
    return Run(code, output.getvalue(), error.getvalue(), crash)


def play(attack, stage):
    """Play one attack; return what went wrong as a text, empty if it was survived."""
    stage.clear()
    seen = len(stage.server.requests)
    try:
        more = attack.prepare(stage) or []
        run = run_command(["--table", str(stage.table), "--into", str(stage.into), "--mirror",
                           stage.url, "--pause", "0", "--retries", "3", *more])
        problem = judged(run, stage, len(stage.server.requests) - seen)
        if not problem and attack.heals and run.code:
            stage.serve(resumable(stage.zip))
            again = run_command(["--table", str(stage.table), "--into", str(stage.into),
                                 "--mirror", stage.url, "--pause", "0"])
            if again.code != 0:
                # Once more is allowed to who finds out that what was kept is of no use.
                again = run_command(["--table", str(stage.table), "--into", str(stage.into),
                                     "--mirror", stage.url, "--pause", "0"])
            if again.code != 0:
                problem = f"the next run does not go well: {again.error or again.crash}"
            problem = problem or judged(again, stage, 0)
        return problem
    finally:
        stage.remove()


def judged(run, stage, requests):
    """Return what is wrong with the outcome of a run."""
    if run.crash:
        return run.crash
    if run.code not in (0, 1, 2):
        return f"exit status {run.code}: {run.error}"
    if requests > MOST_REQUESTS:
        return f"{requests} requests"
    if run.code == 0 and not is_whole(stage):
        return "exit status 0, but the data set is not whole"
    if run.code:
        lines = run.error.splitlines()
        marks = ("get_datasets.sh: error: " if run.code == 2 else "get_datasets.sh: ")
        if not lines or not lines[-1].startswith(marks) or run.code == 1 and len(lines) > 1:
            return f"not one sentence: {run.error!r}"
        if not run.error.isprintable() and not run.error.replace("\n", "").isprintable():
            return f"control codes: {run.error!r}"
    return traces(stage)


def is_whole(stage):
    with contextlib.suppress(OSError):
        return all((stage.target / name).read_bytes() == data
                   for name, data in stage.files.items())
    return False


def traces(stage):
    """Return what is wrong with the files that are there after a run."""
    if stage.victim.read_bytes() != b"a file of the user's":
        return "a file of the user's was changed"
    if os.listdir(stage.outside) != [stage.victim.name]:
        return f"written outside the folder: {os.listdir(stage.outside)}"
    others = set(os.listdir(stage.into.parent)) - {"into", "outside", "table", "link"}
    if others:
        return f"written outside the folder: {others}"
    for path in stage.into.rglob("*"):
        if not path.is_symlink() and path.is_file() and path.stat().st_size > stage.most:
            return f"{path.name} has {path.stat().st_size} bytes"
    return ""


# ---- Kinds of attacks: each yields attacks, more than a test needs ------------------------------


def status_codes(stage):
    for code in [*range(101, 600, 3), 200, 204, 205, 206, 304, 408, 416, 425, 429, 503]:
        for name, body in (("", b""), (" with the zip", stage.zip)):
            answer = reply(body, code, Content_Length=len(body))
            yield f"{code}{name}, always", serving(answer)
            yield f"{code}{name}, then well", serving(answer, resumable(stage.zip))


def content_lengths(stage):
    size = len(stage.zip)
    values = ["-1", "-99999", "abc", "", "0", "1", size // 2, size - 1, size, size + 1, size * 2,
              10**6, 10**9, 10**12, 10**18, 10**30, "9" * 5000, "1e3", "+5", f"{size}, {size}",
              "0x10", "\u0663", "\u00b2", "nan", "1 2", "\x00", "1_000", "--1", "5;"]
    for value in values:
        answer = reply(stage.zip, Content_Length=value)
        yield f"Content-Length: {value!a:.30}, always", serving(answer)
        yield f"Content-Length: {value!a:.30}, then well", serving(answer, resumable(stage.zip))
        yield f"Content-Length: {value!a:.30} of an endless body", serving(
            endless(stage.zip, Content_Length=value))
        partial = reply(stage.zip[900:], 206, Content_Length=value,
                        Content_Range=f"bytes 900-{size - 1}/{size}")
        yield f"Content-Length: {value!a:.30} of a range", serving(cut(stage.zip, 900), partial)


def content_ranges(stage):
    size, start = len(stage.zip), 900
    rest = stage.zip[start:]
    values = [f"bytes {a}-{b}/{n}" for a in (0, start - 1, start, start + 1, size, -5)
              for b in (0, start, size - 2, size - 1, size, 10**9, -1)
              for n in (size, size - 1, 0, 10**30, "*")]
    values += ["", "bytes", "bytes */*", "items 900-901/902", "bytes 900", "\x00", "bytes a-b/c",
               f"bytes={start}-{size - 1}/{size}", "bytes \u0663-\u0664/\u0665", "\u00b2" * 9]
    for value in values:
        yield f"Content-Range: {value!a}", serving(
            cut(stage.zip, start), reply(rest, 206, Content_Range=value))
    yield "no Content-Range", serving(cut(stage.zip, start), reply(rest, 206))


def ranges_with_another_body(stage):
    size = len(stage.zip)
    for start in range(50, size - 50, max(1, size // 30)):
        given = {"Content_Range": f"bytes {start}-{size - 1}/{size}"}
        first = cut(stage.zip, start)
        for name, body in (("longer", stage.zip[start:] + b"more"), ("shorter", b"less"),
                           ("empty", b""), ("another", bytes(size - start)),
                           ("the whole", stage.zip)):
            yield f"a range from {start}, {name}", serving(first, reply(body, 206, **given))
        yield f"a range from {start}, endless", serving(first, endless(code=206, **given))
    shorter = {"Content_Range": f"bytes 900-1200/{size}"}
    yield "a range that is longer than it says", serving(
        cut(stage.zip, 900), reply(stage.zip[900:], 206, **shorter))


def bodies(stage):
    size = len(stage.zip)
    for after in range(0, size, max(1, size // 60)):
        yield f"cut after {after}, always", serving(cut(stage.zip, after))
        yield f"cut after {after}, then well", serving(cut(stage.zip, after), resumable(stage.zip))
        yield f"cut after {after}, length unknown", serving(reply(stage.zip[:after]))
    for name, headers in (("", {}), (" of -1 bytes", {"Content_Length": -1})):
        yield f"endless zeros{name}", serving(endless(**headers))
        yield f"an endless zip{name}", serving(endless(b"PK\x03\x04", **headers))
        yield f"the zip and no end{name}", serving(endless(stage.zip, **headers))
    yield "one byte at a time", serving(resumable(stage.zip, at_most=1))
    yield "two bytes at a time", serving(resumable(stage.zip, at_most=2))
    yield "silence", lambda stage: stage.serve(misbehaving.silence) or [
        "--timeout", "0.1", "--retries", "1"]


def chunked_bodies(stage):
    def chunks(*pieces):
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)

    good = chunks(stage.zip[:500], stage.zip[500:])
    for name, body in (
            ("well", good + b"0\r\n\r\n"), ("no end", good), ("cut", good[:700]),
            ("size of letters", b"xyz\r\n" + stage.zip), ("negative size", b"-5\r\n" + stage.zip),
            ("huge size", b"fffffffffffffffffff\r\n" + stage.zip), ("no size", b"\r\n" * 50),
            ("long line", b"1" * 100_000), ("empty", b""), ("nothing", b"0\r\n\r\n"),
            ("long trailer", good + b"0\r\n" + b"a: b\r\n" * 500 + b"\r\n")):
        for headers in ({}, {"Content_Length": len(stage.zip)}, {"Content_Length": "-1"}):
            yield f"chunks, {name}, {headers}", serving(
                reply(body, Transfer_Encoding="chunked", **headers))
    yield "chunks without end", serving(endless(
        chunks(stage.zip), chunks(bytes(1 << 16)), Transfer_Encoding="chunked"))


def redirects(stage):
    places = ["", "http://[", "http://[::1", "http://127.0.0.1:port/", "http://127.0.0.1:99999/",
              "file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:x", "data:,x", "//", "///",
              "http://", "https://", "http:", "gopher://x", "http://\u00e9.invalid/",
              "/\u4e2d\u6587.zip", "http://a..b/", "http://127.0.0.1\u2100/", "http://user:x@h/",
              "/" + "x" * 5000, "http://" + "x" * 300 + ".invalid/", "\x00", "\x1b[31m", "?", "#",
              "http://127.0.0.1:9/", "\ud800", "/a b c", "http://h h/", "mailto:x", "itself"]
    for place in places:
        for code in (301, 302, 303, 307, 308):
            yield f"{code} to {place!a:.40}", redirecting(place, code)
    yield "302 with an endless body", serving(
        endless(code=302, Location=stage.server.url + "/nowhere"))
    yield "302 without a place", serving(reply(b"", 302))
    yield "302 to the zip", lambda stage: stage.server.serve(
        stage.path, redirect("/other.zip")) and stage.server.serve(
        "/other.zip", resumable(stage.zip)) and []


def versions(stage):
    size = len(stage.zip)
    names = ['"a"', '"b"', 'W/"a"', "a", "", '"' + "x" * 3000 + '"', '"\u00e9"', "\x1b]0;x\x07"]
    for first in names:
        for second in names:
            ranged = reply(stage.zip[900:], 206, ETag=second,
                           Content_Range=f"bytes 900-{size - 1}/{size}")
            yield f"ETag {first!a:.20}, then {second!a:.20}", serving(
                reply(stage.zip[:900], ETag=first, Content_Length=size), ranged)


def no_http(stage):
    answers = [b"", b"\r\n", b"\x00" * 100, b"HTTP/1.1", b"HTTP/1.1 abc OK\r\n\r\n",
               b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 -200 OK\r\n\r\n", b"ICY 200 OK\r\n\r\n",
               b"HTTP/1.1 99999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500 + b"\r\n",
               b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", b"SSH-2.0-x\r\n",
               b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n" + stage.zip, b"HTTP/1.1 200\r\n\r\n",
               b"HTTP/1.1 404 \x1b[31mred\x07\r\n\r\n",
               b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
               b"HTTP/1.1 503 " + b"x" * 9000 + b"\r\n\r\n",
               b"HTTP/1.1 200 OK\r\n\xff\xfe: x\r\n\r\nPK"]
    rng = random.Random(1)
    answers += [rng.randbytes(rng.randrange(1, 300)) for _ in range(15)]
    answers += [b"HTTP/1.1 200 OK\r\n" + rng.randbytes(rng.randrange(1, 99)) for _ in range(15)]
    for answer in answers:
        yield f"{answer[:30]!a}", serving(raw(answer))
        yield f"{answer[:30]!a}, then well", serving(raw(answer), resumable(stage.zip))


def damaged_zips(stage):
    rng = random.Random(7)
    methods = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED,
               "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}
    for name, method in methods.items():
        whole = stage.pack(method)
        yield f"{name}, well", serving(content(whole))
        for place in range(0, len(whole), max(1, len(whole) // 90)):
            flipped = bytearray(whole)
            flipped[place] ^= rng.randrange(1, 256)
            yield f"{name}, byte {place} of {len(whole)} changed", serving(content(bytes(flipped)))
        for place in range(1, len(whole), max(1, len(whole) // 15)):
            yield f"{name}, cut at {place}", serving(content(whole[:place]))
    for field in range(46):  # each byte of the first entry of the directory, and of the file's end
        for start in (stage.zip.index(b"PK\x01\x02"), stage.zip.index(b"PK\x05\x06")):
            if start + field < len(stage.zip):
                changed = bytearray(stage.zip)
                changed[start + field] = 255 - changed[start + field]
                yield f"byte {field} after {start} turned", serving(content(bytes(changed)))


def hostile_zips(stage):
    for name in ("../x", "coco_captioning/../../x", "/tmp/x", "C:/x", "..\\x", "a/\x1b[31m/../x"):
        yield f"a member {name!a}", serving(content(stage.pack(change={name: b"evil"})))
    for name in stage.files:
        for data in (b"", b"evil", bytes(10**7)):
            yield f"{name} of {len(data)} bytes", serving(
                content(stage.pack(change={name: data})))
    file = io.BytesIO(stage.pack(change={"other": b"x"}))
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo("coco_captioning/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    yield "a link", serving(content(file.getvalue()))
    yield "a zip in a zip", serving(content(stage.pack(change={"file0.bin": stage.zip})))
    yield "no member", serving(content(b"PK\x05\x06" + bytes(18)))


def notes(stage):
    """A part of the zip is there, with a note that is wrong."""
    changes = [{"bytes": value} for value in (None, -1, 0, 1, 10**12, 1e3, "5", [], {}, True)]
    changes += [{"version": value} for value in (5, [], "a\r\nX: y", "\u4e2d", "x" * 10**4, "")]
    changes += [{"url": value} for value in (None, 5, "http://elsewhere/", [])]
    texts = ["", "{", "[]", "null", "5", '"x"', "[" * 100_000, '{"a": ' * 5000, "\ufeff{}",
             "x" * 2_000_000, '{"bytes": 1' + "0" * 9000 + "}"]
    for part in (0, 10, len(stage.zip), len(stage.zip) + 7, 3_000_000):
        data = (stage.zip + bytes(3_000_000))[:part]
        if part <= stage.most:
            for change in changes:
                yield f"{part} bytes and {change!a:.40}", planting(data, change)
            for text in texts:
                yield f"{part} bytes and the note {text[:20]!a}", planting(data, text)
            yield f"{part} bytes and no note", planting(data, None)
            yield f"{part} bytes of zeros", planting(bytes(part), {})


def planted(stage):
    """Links and folders where files are to be written. Those of users stay as they are."""
    def a_link(*names, folder=False):
        def prepare(stage):
            stage.plant(stage.zip[:900], stage.note())
            stage.serve(resumable(stage.zip))
            path = stage.into.joinpath(*names)
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            path.parent.mkdir(exist_ok=True)
            path.symlink_to(stage.outside if folder else stage.victim)
        return prepare

    def a_folder(*names):
        def prepare(stage):
            stage.work.mkdir()
            if names[-1] != "lock":
                (stage.work / "lock").write_bytes(b"")
            stage.into.joinpath(*names).mkdir(parents=True)
            stage.serve(resumable(stage.zip))
        return prepare

    part = ".coco_captioning.part"
    for name in ("coco_captioning.zip", "coco_captioning.zip.json", "lock", "unpacked"):
        for folder in (False, True):
            yield f"{name} is a link", a_link(part, name, folder=folder), name != "lock"
        yield f"{name} is a folder", a_folder(part, name), name == "unpacked"
    for name in (*stage.files, ".verified.json"):
        yield f"{name} is a link", a_link("coco_captioning", name)
        yield f"{name} is a folder", a_folder("coco_captioning", name), name == ".verified.json"

    def hard_link(stage):
        stage.plant(b"", stage.note())
        (stage.work / "coco_captioning.zip").unlink()
        os.link(stage.victim, stage.work / "coco_captioning.zip")
        stage.serve(resumable(stage.zip))

    def work_is_a_link(stage):
        stage.work.symlink_to(stage.outside)
        stage.serve(resumable(stage.zip))

    def work_is_the_users(stage):
        stage.work.mkdir()
        (stage.work / "my notes.txt").symlink_to(stage.victim)
        stage.serve(resumable(stage.zip))

    def work_is_a_file(stage):
        stage.work.write_bytes(b"mine")
        stage.serve(resumable(stage.zip))

    def target_loops(stage):
        stage.target.symlink_to(stage.target.name)
        stage.serve(resumable(stage.zip))

    def target_is_a_file(stage):
        stage.target.write_bytes(b"mine")
        stage.serve(resumable(stage.zip))

    yield "the part is a second name of a user's file", hard_link
    for prepare in (work_is_a_link, work_is_the_users, work_is_a_file, target_loops,
                    target_is_a_file):
        yield prepare.__name__.replace("_", " "), prepare, False


def addresses(stage):
    for place in ("http://[", "http://", "https:///x", "ftp://h/x", "file:///x", "x", "",
                  "http://127.0.0.1:port/", "http://127.0.0.1:99999/", "http://127.0.0.1:9/x",
                  "http://\u00e9\u4e2d.invalid/x", "http://127.0.0.1\u2100/", "http://a..b/",
                  "http://u:p@127.0.0.1:9/x", "http://h h/", "http://\x00/", "\ud800", "http://[::]x/",
                  "http://" + "x" * 400 + "/", "http://x" + ".y" * 200 + "/"):
        yield f"--mirror {place!a:.40}", asking("--mirror", place, "--retries", "0")
    for path in ("/\u00e9 \u4e2d.zip", "/a b?c=\u00e9", "/%zz", "/\x7f", "/#x", "/a\tb"):
        yield f"the path {path!a}", lambda stage, path=path: stage.serve(status(404)) or [
            "--mirror", stage.server.url + path]
    for option in ("--timeout", "--pause", "--retries"):
        for value in ("nan", "inf", "-inf", "-1", "", "x", "1e400", "\u00b2", "9" * 5000, "0x1"):
            yield f"{option} {value!a:.20}", asking(f"{option}={value}")


def tables(stage):
    digest = "0" * 64
    texts = [b"\xff\xfe\x00", b"\xe9", b"", b"#\n", b"abc\n", b"a b c d\n", b"\x00\n",
             *(f"{digest} 5 {name}\n".encode() for name in (
                 "../x", "/tmp/x", "a/b", "a\\b", "..", ".", ".verified.json", "C:x", "\x1b[31m")),
             *(f"{digest} {size} x\n".encode() for size in ("-1", "1e3", "\u00b2", "9" * 5000)),
             b"xyz 5 x\n", f"{digest} 5 x\n{digest} 5 x\n".encode()]
    for text in texts:
        def prepare(stage, text=text):
            (stage.into.parent / "table").write_bytes(text)
            stage.serve(resumable(stage.zip))
            return ["--table", str(stage.into.parent / "table")]

        yield f"the table {text[:40]!a}", prepare

    def loop(stage):
        (stage.into.parent / "link").symlink_to("link")
        return ["--table", str(stage.into.parent / "link")]

    yield "the table is a link to itself", loop
    yield "the table is a folder", lambda stage: ["--table", str(stage.into)]
    yield "the folder is not there", lambda stage: ["--into", str(stage.into / "x")]


# ---- Setting an attack up -----------------------------------------------------------------------


def serving(*answers):
    return lambda stage: stage.serve(*answers)


def asking(*arguments):
    return lambda stage: stage.serve(resumable(stage.zip)) or list(arguments)


def redirecting(place, code):
    def prepare(stage):
        stage.serve(reply(b"", code, Location=stage.url if place == "itself" else place))
        return ["--timeout", "5", "--retries", "1"]

    return prepare


def planting(part, note):
    def prepare(stage):
        stage.plant(part, stage.note(**note) if isinstance(note, dict) else note)
        stage.serve(resumable(stage.zip))

    return prepare


KINDS = (status_codes, content_lengths, content_ranges, ranges_with_another_body, bodies,
         chunked_bodies, redirects, versions, no_http, damaged_zips, hostile_zips, notes, planted,
         addresses, tables)


def attacks_of(kind, stage):
    """List the attacks of a kind."""
    return [Attack(kind.__name__, *entry) for entry in kind(stage)]
