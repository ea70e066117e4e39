"""Fetching COCO: whole and verified or not at all, from a server that misbehaves."""

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import misbehaving
import pytest
import stand_in
from download_attacks import DATASETS, load_get_datasets

WIDE = {"train2014_vgg16_fc7.h5", "val2014_vgg16_fc7.h5"}


def find_bash():
    """Find bash; on Windows the one of Git, since the one on the path is of another system."""
    if os.name != "nt":
        return shutil.which("bash")
    git = shutil.which("git")
    bash = Path(git).resolve().parent.parent / "bin" / "bash.exe" if git else None
    return str(bash) if bash and bash.is_file() else None


BASH = find_bash()
needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs what POSIX systems have")
pytestmark = pytest.mark.skipif(BASH is None, reason="needs bash")


get_datasets = load_get_datasets()
downloading, files, telling, unpacking = (
    sys.modules[f"fetching.{name}"] for name in ("download", "files", "telling", "unpacking"))


class Source:
    """A stand-in data set: its files, their table, and the zip that holds them."""

    def __init__(self, folder):
        self.folder = stand_in.write(folder / "coco_captioning", train=400, val=60)
        self.files = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        self.table = folder / "table.sha256"
        stand_in.write_lines(self.table, ["# SHA-256, bytes, name"] + [
            f"{hashlib.sha256(data).hexdigest()}  {len(data)}  {name}"
            for name, data in self.files.items()])
        self.path = folder / "coco_captioning.zip"
        self.zip = self.pack(self.path)

    def pack(self, path, change=None, **more):
        """Write a zip, with files changed, left out (None) or added; return its bytes."""
        files = {f"coco_captioning/{name}": data for name, data in self.files.items()}
        files.update(change or {}, **more)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("coco_captioning/", b"")
            for name, data in files.items():
                if data is not None:
                    archive.writestr(name, data)
        return path.read_bytes()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return Source(tmp_path_factory.mktemp("source"))


@pytest.fixture
def server():
    server = misbehaving.Server()
    yield server
    server.close()


@pytest.fixture
def into(tmp_path):
    folder = tmp_path / "data sets"
    folder.mkdir()
    return folder


BY_BASH = (BASH, str(DATASETS / "get_datasets.sh"))
DIRECTLY = (sys.executable, "-S", str(DATASETS / "get_datasets.py"))  # starts in half the time


def command(source, into, *arguments, start=BY_BASH):
    return [*start, "--table", str(source.table), "--into", str(into), "--pause", "0.01",
            "--timeout", "60", *map(str, arguments)]


def environment():
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {**kept, "PYTHON": sys.executable}


def fetch(source, into, *arguments, start=DIRECTLY, **options):
    return subprocess.run(command(source, into, *arguments, start=start), capture_output=True,
                          text=True, timeout=120, env=environment(), **options)


def assert_whole(source, into, names=None):
    """The data set is there with the right content, and nothing is left beside it."""
    names = set(names or source.files)
    target = into / "coco_captioning"
    assert {path.name for path in target.iterdir()} == names | {".verified.json"}
    assert all((target / name).read_bytes() == source.files[name] for name in names)
    assert os.listdir(into) == ["coco_captioning"]


def assert_fails(done, into, sentence):
    """One clear sentence, a non-zero exit, and no data set."""
    assert done.returncode == 1, done.stderr
    assert sentence in done.stderr and done.stderr.count("\n") == 1
    assert done.stderr.startswith("get_datasets.sh: ") and "Traceback" not in done.stderr
    assert not (into / "coco_captioning").exists()
    # Nothing is left but what the next run goes on from.
    left = {path.name for path in into.glob(".coco_captioning.part/*")}
    assert left in (set(), {"coco_captioning.zip", "coco_captioning.zip.json", "lock"})


# ---- When all goes well -------------------------------------------------------------------------


def test_the_pinned_table_names_the_ten_official_files():
    table = get_datasets.read_table(DATASETS / "coco_captioning.sha256")
    assert len(table) == 10 and set(get_datasets.WIDE) <= {entry.name for entry in table}
    assert sum(entry.size for entry in table) == 2_329_610_490
    assert all(len(entry.sha256) == 64 for entry in table)


def test_fetches_and_then_does_nothing(source, server, into):
    url = server.serve("/coco_captioning.zip", misbehaving.resumable(source.zip))
    done = fetch(source, into, "--mirror", url, start=BY_BASH)
    assert done.returncode == 0, done.stderr
    assert "of free space are needed" in done.stdout and "Done: " in done.stdout
    assert_whole(source, into)
    again = fetch(source, into, "--mirror", url)
    assert again.returncode == 0 and "is complete: 10 files, all verified" in again.stdout
    assert len(server.requests) == 1


def test_a_mirror_may_be_a_folder_and_come_from_the_environment(source, server, into):
    server.serve("/mirror/coco_captioning.zip", misbehaving.content(source.zip))
    assert fetch(source, into, "--mirror", server.url + "/mirror/").returncode == 0
    shutil.rmtree(into / "coco_captioning")
    variables = {**environment(), "CS231N_MIRROR": server.url + "/mirror/"}
    done = subprocess.run(command(source, into), env=variables, capture_output=True, timeout=120)
    assert done.returncode == 0
    assert_whole(source, into)


def test_a_local_zip_from_any_folder(source, into, tmp_path):
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    shutil.copy(source.path, elsewhere / "my.zip")
    assert fetch(source, into, "my.zip", cwd=elsewhere, start=BY_BASH).returncode == 0
    assert_whole(source, into)
    assert (elsewhere / "my.zip").is_file()


def test_pca_only_and_the_rest_later(source, server, into):
    url = server.serve("/x.zip", misbehaving.content(source.zip))
    names = set(source.files) - WIDE
    assert fetch(source, into, "--pca-only", "--mirror", url).returncode == 0
    assert_whole(source, into, names)
    before = {name: (into / "coco_captioning" / name).stat().st_ino for name in names}
    assert "8 files" in fetch(source, into, "--pca-only", "--mirror", url).stdout
    assert fetch(source, into, "--mirror", url).returncode == 0
    assert_whole(source, into)
    # What was good already was not touched.
    assert before == {name: (into / "coco_captioning" / name).stat().st_ino for name in names}


def test_damage_is_found_and_mended(source, into):
    fetch(source, into, source.path)
    damaged = into / "coco_captioning" / "val2014_urls.txt"
    damaged.write_bytes(damaged.read_bytes().replace(b"http", b"HTTP"))
    os.link(damaged, into.parent / "old")
    (into / "coco_captioning" / "coco2014_vocab.json").unlink()
    (into / "coco_captioning" / "my notes.txt").write_text("mine", encoding="utf-8")
    done = fetch(source, into, source.path)
    assert done.returncode == 0
    assert "val2014_urls.txt is damaged, it will be replaced" in done.stdout
    assert (into / "coco_captioning" / "my notes.txt").read_text(encoding="utf-8") == "mine"
    (into / "coco_captioning" / "my notes.txt").unlink()
    assert_whole(source, into)
    # By a rename: nobody who had the old file open saw it change.
    assert (into.parent / "old").read_bytes().startswith(b"HTTP")


def test_verify_sees_damage_that_keeps_size_and_time(source, into):
    fetch(source, into, source.path)
    path = into / "coco_captioning" / "val2014_urls.txt"
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"http", b"HTTP"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "is complete" in fetch(source, into, source.path).stdout
    assert "is damaged" in fetch(source, into, source.path, "--verify").stdout
    assert_whole(source, into)


def test_files_that_were_put_there_by_hand_are_verified(source, into):
    shutil.copytree(source.folder, into / "coco_captioning")
    done = fetch(source, into)
    assert done.returncode == 0 and "is complete" in done.stdout
    assert_whole(source, into)


@needs_posix
def test_a_link_to_a_folder_elsewhere_is_followed(source, into, tmp_path):
    (tmp_path / "big disk").mkdir()
    (into / "coco_captioning").symlink_to(tmp_path / "big disk")
    assert fetch(source, into, source.path).returncode == 0
    assert_whole(source, into)
    assert len(list((tmp_path / "big disk").iterdir())) == 11


# ---- A server that misbehaves -------------------------------------------------------------------


def test_cut_at_random_bytes_and_continued(source, server, into):
    rng = random.Random(1)
    answers = [misbehaving.resumable(source.zip, at_most=rng.randrange(1, 9000)) for _ in range(6)]
    url = server.serve("/x.zip", *answers, misbehaving.resumable(source.zip))
    done = fetch(source, into, "--mirror", url)
    assert done.returncode == 0 and "broke off after" in done.stdout
    assert_whole(source, into)
    starts = [int(wanted[6:-1]) for _, wanted in server.requests[1:]]
    assert starts == sorted(set(starts)) and starts[0] > 0  # each went on where the last stopped


def test_a_server_that_knows_no_ranges(source, server, into):
    half = len(source.zip) // 2
    url = server.serve("/x.zip", misbehaving.cut(source.zip, half), misbehaving.cut(source.zip, 10),
                       misbehaving.content(source.zip))
    assert fetch(source, into, "--mirror", url).returncode == 0
    assert_whole(source, into)


def test_a_server_that_never_gets_beyond_a_point(source, server, into):
    url = server.serve("/x.zip", misbehaving.cut(source.zip, 5000))
    done = fetch(source, into, "--mirror", url, "--retries", "3")
    assert_fails(done, into, f"broke off after 5,000 of {len(source.zip):,} bytes")
    assert "run this again to go on" in done.stderr
    assert len(server.requests) == 4


def test_a_second_run_goes_on(source, server, into):
    url = server.serve("/x.zip", misbehaving.resumable(source.zip, at_most=5000),
                       misbehaving.status(503), misbehaving.resumable(source.zip))
    assert fetch(source, into, "--mirror", url, "--retries", "0").returncode == 1
    assert fetch(source, into, "--mirror", url, "--retries", "0").returncode == 1
    assert fetch(source, into, "--mirror", url, "--retries", "0").returncode == 0
    assert [wanted for _, wanted in server.requests] == [None, "bytes=5000-", "bytes=5000-"]
    assert_whole(source, into)


def test_the_file_at_the_server_changes_in_between(source, server, into, tmp_path):
    other = source.pack(tmp_path / "other.zip", {"readme.txt": b"now longer"})
    url = server.serve("/x.zip", misbehaving.resumable(source.zip, at_most=5000),
                       misbehaving.resumable(other))
    done = fetch(source, into, "--mirror", url)
    assert done.returncode == 0 and "has another file by now" in done.stdout
    assert_whole(source, into)


def test_another_mirror_starts_over(source, server, into):
    first = server.serve("/x.zip", misbehaving.resumable(source.zip, at_most=5000))
    second = server.serve("/y.zip", misbehaving.resumable(source.zip))
    fetch(source, into, "--mirror", first, "--retries", "0")
    assert fetch(source, into, "--mirror", second).returncode == 0
    assert server.requests[-1] == ("/y.zip", None)
    assert_whole(source, into)


def test_503_twice_then_well(source, server, into):
    busy = misbehaving.status(503)
    url = server.serve("/x.zip", busy, busy, misbehaving.content(source.zip))
    done = fetch(source, into, "--mirror", url)
    assert done.returncode == 0 and done.stdout.count("answers 503 Service Unavailable") == 2
    assert_whole(source, into)


def test_stalls_and_goes_on(source, server, into):
    def stall(handler):
        misbehaving.cut(source.zip, 4000)(handler)
        handler.wfile.flush()
        misbehaving.silence(handler)

    url = server.serve("/x.zip", stall, misbehaving.resumable(source.zip))
    done = fetch(source, into, "--mirror", url, "--timeout", "2")
    assert done.returncode == 0 and "sent nothing for 2 s. Trying again" in done.stdout
    assert server.requests[1][1] == "bytes=4000-"
    assert_whole(source, into)


@pytest.mark.parametrize("answer, sentence", [
    (misbehaving.status(404), "answers 404 Not Found. Another source can be named with --mirror"),
    (misbehaving.status(503), "answers 503 Service Unavailable."),
    (misbehaving.html(), "sends a web page (a login page, perhaps)."),
    (misbehaving.content(b"\x1f\x8b not a zip"), "sends no zip file."),
    (misbehaving.content(b""), "sends no zip file."),
    (misbehaving.content(b"PK\x03\x04" + bytes(5000)), "is no zip file, or damaged or cut off"),
    (misbehaving.redirect("file:///etc/passwd"), "answers 302"),
    (lambda handler: handler.wfile.write(b"no HTTP\r\n\r\n"), "broke the connection."),
])
def test_each_failure_is_one_sentence(source, server, into, answer, sentence):
    url = server.serve("/x.zip", answer)
    assert_fails(fetch(source, into, "--mirror", url, "--retries", "1"), into, sentence)


def test_a_server_that_never_answers(source, server, into):
    url = server.serve("/x.zip", misbehaving.silence)
    done = fetch(source, into, "--mirror", url, "--retries", "1", "--timeout", "0.5")
    assert_fails(done, into, "sent nothing for 0.5 s.")


def test_no_network(source, into):
    done = fetch(source, into, "--mirror", "http://127.0.0.1:9/x.zip", "--retries", "1")
    assert_fails(done, into, "127.0.0.1:9 cannot be reached (")
    done = fetch(source, into, "--mirror", "http://nowhere.invalid/x.zip", "--retries", "1")
    assert_fails(done, into, "nowhere.invalid cannot be found, there seems to be no network.")


@pytest.mark.parametrize("second", [
    # More bytes than the range has, and more than were announced: both had no pause and no end.
    lambda data: misbehaving.reply(data[900:] + b"more", 206,
                                   Content_Range=f"bytes 900-{len(data) - 1}/{len(data)}"),
    lambda data: misbehaving.reply(data, Content_Length=-5),
    lambda data: misbehaving.reply(data, Content_Length="many"),
])
def test_an_unexpected_length_is_a_failure_with_pauses(
        source, server, into, capsys, monkeypatch, second):
    pauses = []
    monkeypatch.setattr(downloading.time, "sleep", pauses.append)
    answers = 9 * [misbehaving.cut(source.zip, 900), second(source.zip)]
    url = server.serve("/x.zip", *answers)
    code, error = run_here(source, into, capsys, "--mirror", url, "--retries", "4")
    assert code == 1 and error.count("\n") == 1
    assert len(server.requests) == len(pauses) + 1 <= 6
    assert pauses[-3:] == [2.0, 4.0, 8.0]


def test_nothing_larger_than_the_table_allows_is_written(source, server, into, capsys, monkeypatch):
    most = 1.05 * sum(map(len, source.files.values())) + (1 << 20)
    sizes, flush = [], downloading.Progress.add

    def add(progress, count):
        sizes.append((into / ".coco_captioning.part" / "coco_captioning.zip").stat().st_size)
        flush(progress, count)

    monkeypatch.setattr(downloading.Progress, "add", add)
    url = server.serve("/x.zip", misbehaving.endless(source.zip))
    code, error = run_here(source, into, capsys, "--mirror", url)
    assert code == 1 and "the most that the zip of this data set can have" in error
    assert len(source.zip) < max(sizes) <= most
    assert not list(into.rglob("*.zip")) and len(server.requests) == 1


def test_pauses_have_a_limit(source, server, into, capsys, monkeypatch):
    pauses = []
    monkeypatch.setattr(downloading.time, "sleep", pauses.append)
    url = server.serve("/x.zip", misbehaving.status(503))
    run_here(source, into, capsys, "--mirror", url, "--retries", "70", "--pause", "100")
    assert pauses[:3] == [100.0, 200.0, 300.0] and max(pauses) == 300.0 and len(pauses) == 70


def test_letters_beyond_ascii_in_the_address(source, server, into):
    server.serve("/%C3%A9%20%E4%B8%AD.zip", misbehaving.content(source.zip))
    assert fetch(source, into, "--mirror", server.url + "/\u00e9 \u4e2d.zip").returncode == 0
    assert_whole(source, into)


def test_a_file_of_another_version_is_not_joined(source, server, into):
    """The server ignores If-Range, and gives itself away by the ETag only."""
    size = len(source.zip)
    url = server.serve(
        "/x.zip", misbehaving.reply(source.zip[:900], ETag='"a"', Content_Length=size),
        misbehaving.reply(bytes(size - 900), 206, ETag='"b"',
                          Content_Range=f"bytes 900-{size - 1}/{size}"),
        misbehaving.content(source.zip))
    done = fetch(source, into, "--mirror", url)
    assert done.returncode == 0 and "has another file by now, starting over" in done.stdout
    assert_whole(source, into)


# ---- Zips that are wrong ------------------------------------------------------------------------


def corrupt(data):
    middle = len(data) // 2
    return data[:middle] + bytes(64) + data[middle + 64 :]


def test_a_corrupt_zip_is_removed_so_that_the_next_run_starts_over(source, server, into):
    url = server.serve("/x.zip", misbehaving.content(corrupt(source.zip)),
                       misbehaving.content(source.zip))
    assert_fails(fetch(source, into, "--mirror", url), into, "The download was removed: try again.")
    assert fetch(source, into, "--mirror", url).returncode == 0
    assert_whole(source, into)


@pytest.mark.parametrize("length", [0, 1, 2, 1000, -1, -30])
def test_a_truncated_local_zip(source, into, tmp_path, length):
    (tmp_path / "cut.zip").write_bytes(source.zip[:length])
    assert_fails(fetch(source, into, tmp_path / "cut.zip"), into, "cut.zip is no zip file, or da")


@pytest.mark.parametrize("content, problem", [
    (lambda data: data[:-1] + b"?", "has the wrong SHA-256"),
    (lambda data: data + b"?", "has the wrong size"),
    (lambda data: data[:-1], "has the wrong size"),
])
def test_a_wrong_file_is_named(source, into, tmp_path, content, problem):
    name = "val2014_urls.txt"
    path = tmp_path / "wrong.zip"
    source.pack(path, {f"coco_captioning/{name}": content(source.files[name])})
    assert_fails(fetch(source, into, path), into, f"{name} in the zip {problem}")


def test_a_missing_member_is_named(source, into, tmp_path):
    source.pack(tmp_path / "x.zip", {"coco_captioning/coco2014_vocab.json": None})
    done = fetch(source, into, tmp_path / "x.zip")
    assert_fails(done, into, "x.zip has no coco2014_vocab.json in it.")


@pytest.mark.parametrize("name", ["../escaped.txt", "coco_captioning/../../escaped.txt",
                                  "/tmp/escaped.txt", "C:/escaped.txt", "..\\escaped.txt"])
def test_a_member_that_climbs_out_is_refused(source, into, tmp_path, name):
    path = tmp_path / "x.zip"
    source.pack(path, {name: b"evil"})
    assert_fails(fetch(source, into, path), into, "is not safe: ")
    assert not list(tmp_path.rglob("escaped.txt"))


def test_a_link_is_refused(source, into, tmp_path):
    path = tmp_path / "x.zip"
    source.pack(path, {"coco_captioning/val2014_urls.txt": None})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("coco_captioning/val2014_urls.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert_fails(fetch(source, into, path), into, "val2014_urls.txt is a link, not a file.")


def test_a_bomb_does_not_fill_the_disk(source, into, tmp_path, capsys, monkeypatch):
    path = tmp_path / "bomb.zip"
    source.pack(path, {"coco_captioning/coco2014_captions.h5": bytes(50_000_000)})
    sizes = []
    monkeypatch.setattr(unpacking, "settle", lambda file: sizes.append(file.tell()))
    code, error = run_here(source, into, capsys, str(path))
    assert code == 1 and "coco2014_captions.h5 in the zip has the wrong size" in error
    assert max(sizes) <= max(map(len, source.files.values())) + 1


# ---- The machine's limits -----------------------------------------------------------------------


def run_here(source, into, capsys, *arguments):
    code = get_datasets.main(["--table", str(source.table), "--into", str(into), *arguments])
    return code, capsys.readouterr().err


def test_free_space_is_checked_first(source, server, into, capsys, monkeypatch):
    url = server.serve("/x.zip", misbehaving.content(source.zip))
    needed = len(source.zip) + sum(map(len, source.files.values()))
    usage = shutil._ntuple_diskusage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, needed - 1))
    code, error = run_here(source, into, capsys, "--mirror", url)
    assert code == 1 and "of free space are needed in" in error
    assert not list(into.rglob("*.zip"))  # not one byte was written
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, needed))
    assert run_here(source, into, capsys, "--mirror", url)[0] == 0
    assert_whole(source, into)


@needs_posix
def test_a_disk_that_fills_up(source, server, into):
    """A limit on the size of files stands in for a full disk: writing fails in the same way."""
    url = server.serve("/x.zip", misbehaving.resumable(source.zip))

    def limit():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = fetch(source, into, "--mirror", url, preexec_fn=limit)
    assert_fails(done, into, "The disk is full. What was downloaded is kept")
    assert fetch(source, into, "--mirror", url).returncode == 0
    assert server.requests[1][1] == "bytes=20000-"
    assert_whole(source, into)


def test_a_disk_that_fills_up_while_unpacking(source, into, capsys, monkeypatch):
    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpacking, "settle", full)
    code, error = run_here(source, into, capsys, str(source.path))
    assert code == 1 and "The disk is full" in error
    assert not (into / "coco_captioning").exists()


def test_no_permission(source, into, capsys, monkeypatch):
    """Tests may run as root, whom no mode of a folder stops: so the system's answer is played."""
    def forbidden(path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    code, error = run_here(source, into, capsys, str(source.path))
    assert code == 1 and "No permission (" in error and "--into FOLDER" in error


def test_a_folder_that_is_not_there_and_a_file_in_the_way(source, into):
    assert_fails(fetch(source, into / "nowhere", source.path), into, "There is no folder ")
    (into / "coco_captioning").write_text("a file", encoding="utf-8")
    done = fetch(source, into, source.path)
    assert done.returncode == 1 and "is in the way: it is no folder." in done.stderr


def test_two_runs_at_once(source, server, into):
    go_on = threading.Event()
    url = server.serve("/x.zip", misbehaving.wait_halfway(source.zip, go_on))
    with subprocess.Popen(command(source, into, "--mirror", url), env=environment(),
                          stdout=subprocess.DEVNULL) as first:
        wait_for(lambda: server.requests)
        done = fetch(source, into, "--mirror", url)
        assert done.returncode == 1 and "Another run of this script is at work" in done.stderr
        go_on.set()
        assert first.wait(120) == 0
    assert_whole(source, into)


def test_a_run_that_ends_takes_the_folder_away_at_the_worst_moment(
        source, into, capsys, monkeypatch):
    """Between making the work folder and opening the lock in it: was "No such file"."""
    check, times = files._check_of_our_making, []

    def late(work):
        check(work)
        times.append(work)
        if len(times) < 3:
            work.rmdir()

    monkeypatch.setattr(files, "_check_of_our_making", late)
    assert run_here(source, into, capsys, str(source.path)) == (0, "")
    assert len(times) == 3
    assert_whole(source, into)


def test_many_runs_at_once(source, into):
    runs = [subprocess.Popen(command(source, into, source.path, start=DIRECTLY),
                             env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             text=True) for _ in range(6)]
    for run in runs:
        error = run.communicate(timeout=120)[1]
        assert run.returncode == 0 or "Another run of this script is at work" in error, error
    assert 0 in [run.returncode for run in runs]
    assert_whole(source, into)


def test_a_users_own_folder_is_not_deleted(source, into):
    work = into / ".coco_captioning.part"
    work.mkdir()
    (work / "my notes.txt").write_text("mine", encoding="utf-8")
    done = fetch(source, into, source.path)
    assert done.returncode == 1 and "holds files that this script has not made" in done.stderr
    assert (work / "my notes.txt").read_text(encoding="utf-8") == "mine"


def test_what_a_user_puts_into_the_work_folder_stays(source, server, into):
    url = server.serve("/x.zip", misbehaving.cut(source.zip, 900), misbehaving.content(source.zip))
    assert fetch(source, into, "--mirror", url, "--retries", "0").returncode == 1
    (into / ".coco_captioning.part" / "my notes.txt").write_text("mine", encoding="utf-8")
    assert fetch(source, into, "--mirror", url).returncode == 0
    assert os.listdir(into / ".coco_captioning.part") == ["my notes.txt"]


def test_a_table_with_a_byte_order_mark(source, into, tmp_path):
    (tmp_path / "table").write_bytes(b"\xef\xbb\xbf" + source.table.read_bytes())
    assert fetch(source, into, source.path, "--table", tmp_path / "table").returncode == 0
    assert_whole(source, into)


@pytest.mark.parametrize("arguments", [
    ("--mirror", "file:///x.zip"), ("--mirror", "http://["), ("--mirror", "http://h:port/"),
    ("--retries", "-1"), ("--timeout", "nan"), ("--timeout", "0"), ("--pause", "inf"), ("--x",)])
def test_wrong_options_are_refused(source, into, arguments):
    done = fetch(source, into, *arguments, start=BY_BASH)
    assert done.returncode == 2 and "error: " in done.stderr


def test_a_missing_zip_and_a_wrong_table(source, into, tmp_path):
    assert_fails(fetch(source, into, "nowhere.zip"), into, "There is no file nowhere.zip.")
    (tmp_path / "table").write_text("abc\n", encoding="utf-8")
    done = fetch(source, into, source.path, "--table", tmp_path / "table")
    assert_fails(done, into, "expected SHA-256, bytes and name, found 'abc'.")


# ---- Interrupted --------------------------------------------------------------------------------


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_politely(source, server, into, number):
    never = threading.Event()
    url = server.serve("/x.zip", misbehaving.wait_halfway(source.zip, never),
                       misbehaving.resumable(source.zip))
    with subprocess.Popen(command(source, into, "--mirror", url), env=environment(), text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        wait_for(lambda: list(into.rglob("*.zip")))
        run.send_signal(number)
        error = run.communicate(timeout=120)[1]
    assert run.returncode == 130
    assert error.startswith("get_datasets.sh: Interrupted.") and error.count("\n") == 1
    never.set()
    assert not (into / "coco_captioning").exists()
    assert fetch(source, into, "--mirror", url).returncode == 0
    assert_whole(source, into)


@needs_posix
def test_nohup_is_respected(source, server, into):
    go_on = threading.Event()
    url = server.serve("/x.zip", misbehaving.wait_halfway(source.zip, go_on))
    with subprocess.Popen(command(source, into, "--mirror", url), env=environment(),
                          stdout=subprocess.DEVNULL,
                          preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as run:
        wait_for(lambda: list(into.rglob("*.zip")))
        run.send_signal(signal.SIGHUP)
        go_on.set()
        assert run.wait(120) == 0
    assert_whole(source, into)


@needs_posix
def test_killed_at_twenty_random_moments(source, server, into):
    rng = random.Random(20)
    step = len(source.zip) // 15
    for _ in range(20):
        # Some of the runs start over and some go on, and some get as far as the rename.
        if rng.random() < 0.4:
            for path in into.iterdir():
                shutil.rmtree(path)
        url = server.serve("/x.zip", misbehaving.resumable(source.zip, pause=0.01, step=step))
        with subprocess.Popen(command(source, into, "--mirror", url), env=environment(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True) as run:
            time.sleep(rng.uniform(0, 0.5))
            os.killpg(run.pid, signal.SIGKILL)
        if (into / "coco_captioning").exists():
            assert set(os.listdir(into / "coco_captioning")) == {*source.files, ".verified.json"}
            assert all((into / "coco_captioning" / name).read_bytes() == data
                       for name, data in source.files.items())
    assert fetch(source, into, "--mirror", url).returncode == 0
    if (into / ".coco_captioning.part").exists():  # killed after the rename, before the tidying
        shutil.rmtree(into / ".coco_captioning.part")
    assert_whole(source, into)


KILLED_AT_A_LINE = """
import os, runpy, sys
script, line = sys.argv[1], int(sys.argv[2])
sys.argv = sys.argv[:1] + sys.argv[3:]
count = 0
def trace(frame, event, argument):
    global count
    if not frame.f_code.co_filename.startswith(os.path.dirname(script)):
        return None
    if event == "line":
        count += 1
        if count == line:
            os._exit(9)  # nothing is flushed, closed or tidied up
    return trace
sys.settrace(trace)
try:
    runpy.run_path(script, run_name="__main__")
finally:
    print(count)
"""


def killed_at_line(source, into, line):
    script = str(DATASETS / "get_datasets.py")
    start = [sys.executable, "-S", "-c", KILLED_AT_A_LINE, script, str(line)]
    return subprocess.run(command(source, into, source.path, start=start), capture_output=True,
                          text=True, timeout=120)


@pytest.mark.parametrize("pca_first", [False, True])
def test_killed_at_lines_from_the_first_to_the_last(source, into, pca_first):
    """As kill -9, but at chosen places: unpacking and renaming are too quick to be hit by time."""
    before = into.parent / "before"
    before.mkdir()
    if pca_first:
        fetch(source, before, "--pca-only", source.path)
    shutil.copytree(before, into, dirs_exist_ok=True)
    lines = int(killed_at_line(source, into, 0).stdout.splitlines()[-1])
    rng = random.Random(0)
    for line in rng.sample(range(1, lines), 6) + [lines - k for k in (8, 14, 20, 26)]:
        shutil.rmtree(into / "coco_captioning", ignore_errors=True)
        shutil.copytree(before, into, dirs_exist_ok=True)
        assert killed_at_line(source, into, line).returncode == 9
        target = into / "coco_captioning"
        there = {path.name for path in target.glob("[!.]*")}
        assert all((target / name).read_bytes() == source.files[name] for name in there)
        assert there >= set(source.files) - WIDE if pca_first else len(there) in (0, 10)
    assert fetch(source, into, source.path).returncode == 0
    names = {path.name for path in (into / "coco_captioning").iterdir()}
    assert {name for name in names if not name.endswith(".new")} == {
        *source.files, ".verified.json"}


def test_the_record_of_what_was_verified_may_be_damaged(source, into):
    fetch(source, into, source.path)
    for content in ("{", "[]", json.dumps({"val2014_urls.txt": 5})):
        (into / "coco_captioning" / ".verified.json").write_text(content, encoding="utf-8")
        assert "is complete" in fetch(source, into, source.path).stdout
    assert_whole(source, into)


@pytest.mark.parametrize("moving, lines", [(False, 10), (True, 1)])
def test_progress(capsys, monkeypatch, moving, lines):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: moving)
    progress = telling.Progress("Downloading", 50_000_000)
    for _ in range(50):
        progress.add(10**6)
    progress.end()
    error = capsys.readouterr().err
    assert error.count("\n") == lines and ("\r" in error) == moving
    assert error.splitlines()[-1].startswith("Downloading: 50 of 50 MB (100 %), ")


# ---- The shell script ---------------------------------------------------------------------------


@needs_posix
def test_without_python_one_sentence(tmp_path):
    """Only bash and the two tools that it needs are on the path."""
    for tool in ("dirname", "bash"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    done = subprocess.run([BASH, str(DATASETS / "get_datasets.sh")], capture_output=True, text=True,
                          env={"PATH": str(tmp_path)}, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("get_datasets.sh: Python 3.8 or newer is needed")


def test_it_says_how_it_is_used(source, into):
    done = fetch(source, into, "--help", start=BY_BASH)
    assert done.returncode == 0 and "--pca-only" in done.stdout and "--mirror URL" in done.stdout
