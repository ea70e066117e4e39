"""Where attacks on `datasets/get_datasets.py` are played, and how it is told who survives.

An attack is survived if the data set arrives whole, or the run ends with one sentence and an exit
status that is not 0: no traceback, no loop without end, nothing written outside the folder, no
file longer than the table allows, no file of the user's touched. Unless an attack says otherwise,
the next run with a good server must then bring the data set whole: nothing bad is kept for ever.
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
import sys
import threading
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import misbehaving
from misbehaving import resumable

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
        if not lines or not lines[-1].startswith(marks) or len(lines) > 1:
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
