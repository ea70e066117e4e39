"""Pictures by their address, from a server that misbehaves, files and scenes."""

import io
import os
import shutil
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import misbehaving
import numpy as np
import pytest
import stand_in
from PIL import Image, ImageFont

from cs231n import coco_utils, image_utils
from cs231n.image_utils import image_from_url

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "tests" / "data"


@pytest.fixture
def server():
    server = misbehaving.Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    """A data set and a cache of our own, and a network that has not failed yet.

    The time limit is longer than a busy machine needs; tests that wait for it make it short.
    """
    folder = stand_in.write(tmp_path / "set")
    monkeypatch.setattr(coco_utils, "_loaded_folder", folder)
    monkeypatch.setattr(image_utils, "_network", image_utils._Network())
    monkeypatch.setattr(image_utils, "SECONDS", 60.0)
    monkeypatch.setattr(image_utils, "COCO_HOST", "http://127.0.0.1:9")  # a closed port
    monkeypatch.setenv("CS231N_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def why(monkeypatch):
    """Collects the reasons that placeholders give."""
    reasons, drawn = [], image_utils._placeholder

    def placeholder(url, reason):
        reasons.append(reason)
        return drawn(url, reason)

    monkeypatch.setattr(image_utils, "_placeholder", placeholder)
    return reasons


def picture(mode="RGB", size=(6, 4), fmt="PNG", **options):
    """Encode a picture of random pixels; return its bytes and the Pillow picture."""
    pixels = np.random.default_rng(0).integers(256, size=(size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    file = io.BytesIO()
    image.save(file, fmt, **options)
    return file.getvalue(), image


def is_placeholder(pixels):
    assert pixels.dtype == np.uint8
    return pixels.shape == (240, 320, 3) and tuple(pixels[0, 0]) == (236, 236, 236)


PNG, PNG_IMAGE = picture()
PNG_PIXELS = np.asarray(PNG_IMAGE)


# ---- Pictures of all sorts ----------------------------------------------------------------------


@pytest.mark.parametrize("mode, fmt", [("RGB", "PNG"), ("L", "PNG"), ("1", "PNG"), ("P", "PNG"),
                                       ("RGB", "BMP"), ("L", "GIF")])
def test_lossless_pictures_arrive_as_rgb(server, mode, fmt):
    data, image = picture(mode, fmt=fmt)
    pixels = image_from_url(server.serve("/x", misbehaving.content(data)))
    assert pixels.dtype == np.uint8 and pixels.flags.writeable
    np.testing.assert_array_equal(pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_pictures_arrive_as_rgb(server, mode):
    data, _ = picture(mode, size=(40, 30), fmt="JPEG")
    pixels = image_from_url(server.serve("/x", misbehaving.content(data)))
    assert pixels.shape == (30, 40, 3) and pixels.dtype == np.uint8


@pytest.mark.parametrize("orientation, turned", [
    (1, lambda pixels: pixels),
    (3, lambda pixels: np.rot90(pixels, 2)),
    (6, lambda pixels: np.rot90(pixels, -1)),  # the camera was held upright
    (8, np.rot90),
])
def test_a_photograph_is_turned_as_its_camera_says(server, orientation, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data, image = picture(exif=exif)
    pixels = image_from_url(server.serve("/x", misbehaving.content(data)))
    np.testing.assert_array_equal(pixels, turned(np.asarray(image)))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_white(server, mode):
    image = Image.new(mode, (3, 2), 0)
    file = io.BytesIO()
    image.save(file, "PNG")
    pixels = image_from_url(server.serve("/x", misbehaving.content(file.getvalue())))
    np.testing.assert_array_equal(pixels, np.full((2, 3, 3), 255))


def test_sixteen_bits_are_scaled(server):
    file = io.BytesIO()
    Image.fromarray(np.array([[0, 257, 65535]], np.uint16)).save(file, "PNG")
    pixels = image_from_url(server.serve("/x", misbehaving.content(file.getvalue())))
    np.testing.assert_array_equal(pixels[0, :, 0], [0, 1, 255])


# ---- A misbehaving server -----------------------------------------------------------------------


@pytest.mark.parametrize("answer, reason", [
    (misbehaving.status(404), "answers 404 Not Found"),
    (misbehaving.status(503), "answers 503 Service Unavailable"),
    (misbehaving.html(), "a web page came instead of a picture"),
    (misbehaving.content(b"\x00\x01" * 500), "something else came instead of a picture"),
    (misbehaving.content(b""), "nothing came instead of a picture"),
    (misbehaving.content(PNG[:60]), "a damaged PNG came instead of a picture"),
    (misbehaving.content(b"II*\0" + bytes(50)), "a TIFF picture came, which is not read: JPEG, "),
    (misbehaving.content(b"\0\0\0\x20ftypavif" + bytes(50)), "a picture of the kind AVIF came"),
    (misbehaving.content(b"\0\0\0\x20ftypheic" + bytes(50)), "a picture of the kind HEIC "),
    (misbehaving.content(b'<?xml version="1.0"?>\n<SVG width="5">'), "an SVG drawing came"),
    (misbehaving.content(b"%PDF-1.7"), "a PDF document came"),
    (misbehaving.redirect("http://["), "leads away from the web"),
    (misbehaving.redirect("http://127.0.0.1:port/"), "leads away from the web"),
    (misbehaving.reply(b"PNG", Content_Length="many"), "something else came instead of"),
    (misbehaving.cut(PNG, 50), f"broke off after 50 of {len(PNG)} bytes"),
    (misbehaving.redirect("file:///etc/passwd"), "leads away from the web"),
    (misbehaving.redirect("ftp://127.0.0.1/x.png"), "leads away from the web"),
    (misbehaving.redirect("/x"), "leads away from the web, or in circles"),
    (misbehaving.redirect("/photo_unavailable.png"), "has the picture no longer"),
    (lambda handler: handler.wfile.write(b"not HTTP at all\r\n\r\n"), "broke the connection"),
])
def test_each_failure_is_a_placeholder_with_its_reason(server, why, answer, reason):
    server.serve("/photo_unavailable.png", misbehaving.content(PNG))
    assert is_placeholder(image_from_url(server.serve("/x", answer)))
    assert len(why) == 1 and reason in why[0]


@pytest.mark.parametrize("answer, reason", [
    (misbehaving.silence, "does not answer"),
    (misbehaving.trickle(b"x" * 10_000), "is too slow"),
])
def test_the_time_is_limited(server, why, monkeypatch, answer, reason):
    monkeypatch.setattr(image_utils, "SECONDS", 1.0)
    assert is_placeholder(image_from_url(server.serve("/x", answer)))
    assert len(why) == 1 and reason in why[0]


def test_too_many_bytes(server, why, monkeypatch):
    monkeypatch.setattr(image_utils, "MAX_BYTES", 1_000_000)
    data = bytes(3_000_000)
    for answer in (misbehaving.content(data),
                   misbehaving.trickle(data, pause=0, step=1 << 16, announce=False)):
        assert is_placeholder(image_from_url(server.serve("/x", answer)))
        assert "sends more than 1 MB" in why.pop()


def test_too_many_pixels(server, why, recwarn):
    """A few bytes that claim to be 100,000 x 100,000 pixels."""
    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    for side in (10_000, 100_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))
        assert is_placeholder(image_from_url(server.serve("/x", misbehaving.content(bomb))))
        assert why.pop() == "the picture has more than 40 million pixels"
    assert not recwarn.list


@pytest.mark.parametrize("first", [misbehaving.status(503), misbehaving.cut(PNG, 20)])
def test_one_retry(server, first):
    url = server.serve("/x", first, misbehaving.content(PNG))
    np.testing.assert_array_equal(image_from_url(url), PNG_PIXELS)
    assert len(server.requests) == 2


def test_no_more_than_one_retry_and_none_where_it_is_of_no_use(server):
    image_from_url(server.serve("/busy", misbehaving.status(503)))
    image_from_url(server.serve("/dead", misbehaving.status(404)))
    assert [path for path, _ in server.requests] == ["/busy", "/busy", "/dead"]


def test_a_redirect_to_the_web_is_followed(server):
    server.serve("/new", misbehaving.content(PNG))
    url = server.serve("/x", misbehaving.redirect("/new"))
    np.testing.assert_array_equal(image_from_url(url), PNG_PIXELS)


def test_an_address_with_letters_beyond_ascii(server):
    server.serve("/a%20cat%20%C3%A9.png?x=1&y=%20", misbehaving.content(PNG))
    pixels = image_from_url(server.url + "/a cat \u00e9.png?x=1&y=%20")
    np.testing.assert_array_equal(pixels, PNG_PIXELS)


@pytest.mark.parametrize("url", [
    "", None, 5, b"x", "http://", "http:///x.jpg", "http://[", "http://127.0.0.1:port/", "\x00",
    "x" * 10_000, "ftp://127.0.0.1/x", "file:///etc/passwd", "javascript://x", "emoji-scenes://",
    "emoji-scenes://test/1", "emoji-scenes://train/-1", "emoji-scenes://train/one"])
def test_no_address_raises(url):
    assert is_placeholder(image_from_url(url))


@pytest.mark.parametrize("url, reason", [
    ("http://[", "the address cannot be parsed"), ("http://127.0.0.1:port/", "cannot be parsed"),
    ("http:///x.jpg", "the address names no host"), ("http://a..b/", "a host that cannot be"),
    ("http://me:secret@127.0.0.1/x", "holds a user name, which is not supported")])
def test_an_address_that_is_wrong_is_not_tried(why, monkeypatch, url, reason):
    monkeypatch.setattr(image_utils, "_read_reply", None)
    assert is_placeholder(image_from_url(url))
    assert reason in why[0]


def test_lists_with_a_byte_order_mark(server, surroundings, monkeypatch):
    monkeypatch.setattr(image_utils, "COCO_HOST", server.url)
    for kind, line in (("urls", server.url + "/dead.jpg"), ("images", "val2017/000000000001.jpg")):
        (surroundings / f"train2014_{kind}.txt").write_bytes(b"\xef\xbb\xbf" + line.encode())
    server.serve("/val2017/000000000001.jpg", misbehaving.content(PNG))
    np.testing.assert_array_equal(image_from_url(server.url + "/dead.jpg"), PNG_PIXELS)


@pytest.mark.parametrize("font", ["", "load_default_imagefont"])
def test_a_placeholder_takes_any_text(monkeypatch, font):
    """Also in the font of Pillow without FreeType, which knows few letters."""
    if font:
        old = getattr(ImageFont, font, ImageFont.load_default)()
        monkeypatch.setattr(image_utils, "_font", lambda: old)
    pixels = image_utils._placeholder("http://h/\u4e2d\u6587 \U0001f63a" * 30, "because " * 200)
    assert is_placeholder(pixels)
    assert (pixels < 100).any()  # something is written on it


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")
def test_no_descriptor_is_leaked(server):
    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    answers = [misbehaving.status(404), misbehaving.cut(PNG, 9), misbehaving.redirect("file:///x"),
               misbehaving.redirect("http://["), misbehaving.redirect("http://127.0.0.1:port/"),
               misbehaving.html(), misbehaving.content(PNG)]
    urls = [server.serve(f"/{i}", answer) for i, answer in enumerate(answers)]
    image_from_url(urls[0])
    before = descriptors()
    for _ in range(5):
        for url in urls:
            image_from_url(url)
    # The server's side of a connection may close a moment later than ours.
    deadline = time.monotonic() + 5
    while descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert descriptors() <= before


# ---- No network ---------------------------------------------------------------------------------


@pytest.fixture
def attempts(monkeypatch):
    """Counts the connections that are tried."""
    hosts, read_reply = [], image_utils._read_reply

    def counting(url, host, deadline):
        hosts.append(host)
        return read_reply(url, host, deadline)

    monkeypatch.setattr(image_utils, "_read_reply", counting)
    return hosts


def test_a_host_that_does_not_answer_is_left_alone_for_a_while(server, why, attempts, monkeypatch):
    monkeypatch.setattr(image_utils, "SECONDS", 0.5)
    for i in range(4):
        image_from_url(server.serve(f"/{i}", misbehaving.silence))
    assert len(attempts) == 1 and len(why) == 4
    assert why[0] == why[3]
    monkeypatch.setattr(image_utils, "REST", 0.0)
    monkeypatch.setattr(image_utils, "SECONDS", 60.0)
    np.testing.assert_array_equal(
        image_from_url(server.serve("/well", misbehaving.content(PNG))), PNG_PIXELS)


def test_without_a_network_two_hosts_are_tried_and_no_more(why, attempts):
    for port in (9, 10, 11, 12):
        assert is_placeholder(image_from_url(f"http://127.0.0.1:{port}/x.jpg"))
    assert attempts == ["127.0.0.1:9", "127.0.0.1:10"]
    assert "cannot be reached" in why[0] and "there seems to be no network" in why[3]


def test_two_dead_hosts_are_no_dead_network_where_a_third_answers(server, attempts):
    image_from_url(server.serve("/a", misbehaving.content(PNG)))
    for port in (9, 10, 11):
        image_from_url(f"http://127.0.0.1:{port}/x.jpg")
    image_from_url(server.serve("/b", misbehaving.content(PNG)))
    assert len(attempts) == 5


def test_a_name_that_takes_forever_to_look_up(why, monkeypatch):
    """Looking up a name has no time limit of its own; the whole call has one."""
    monkeypatch.setattr(image_utils, "SECONDS", -0.8)  # and one second more
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: time.sleep(3))
    assert is_placeholder(image_from_url("http://somewhere.invalid/x.jpg"))
    assert "cannot be found in time" in why[0]


# ---- The copy at COCO's own host ----------------------------------------------------------------


def test_a_dead_address_falls_back_to_cocos_own_host(server, surroundings, monkeypatch, why):
    monkeypatch.setattr(image_utils, "COCO_HOST", server.url)
    urls = [f"{server.url}/flickr/{i}.jpg" for i in range(6)]
    stand_in.write_lines(surroundings / "val2014_urls.txt", urls)
    server.serve("/val2014/COCO_val2014_000000000004.jpg", misbehaving.content(PNG))
    np.testing.assert_array_equal(image_from_url(urls[4]), PNG_PIXELS)
    assert is_placeholder(image_from_url(urls[3]))
    assert why[0].count("answers 404") == 2
    # What came from there is kept under the first address.
    seen = len(server.requests)
    np.testing.assert_array_equal(image_from_url(urls[4]), PNG_PIXELS)
    assert len(server.requests) == seen


def test_later_editions_of_coco_fall_back_too(server, surroundings, monkeypatch):
    monkeypatch.setattr(image_utils, "COCO_HOST", server.url)
    stand_in.write_lines(surroundings / "train2014_urls.txt", [server.url + "/dead.jpg"])
    stand_in.write_lines(surroundings / "train2014_images.txt", ["val2017/000000397133.jpg"])
    server.serve("/val2017/000000397133.jpg", misbehaving.content(PNG))
    np.testing.assert_array_equal(image_from_url(server.url + "/dead.jpg"), PNG_PIXELS)


def test_real_addresses_through_the_official_lists(server, surroundings, monkeypatch):
    """The server plays a proxy: Flickr is dead, and COCO's own host has the pictures."""
    for kind in ("urls", "images"):
        shutil.copy(DATA / f"val2014_{kind}.txt", surroundings)
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(image_utils, "COCO_HOST", "http://images.cocodataset.org")
    urls, names = (coco_utils.read_lines(DATA / f"val2014_{kind}.txt")
                   for kind in ("urls", "images"))
    for i, (url, name) in enumerate(zip(urls, names)):
        data, image = picture(size=(6 + i, 4))
        copy = "http://images.cocodataset.org/" + name.removeprefix("coco/images/")
        server.serve(copy, misbehaving.content(data))
        np.testing.assert_array_equal(image_from_url(url), np.asarray(image))
        assert [path for path, _ in server.requests[-2:]] == [url, copy]


# ---- The cache ----------------------------------------------------------------------------------


def cache_files(tmp_path):
    return sorted((tmp_path / "cache" / "pictures").iterdir())


def test_a_picture_is_fetched_once(server, tmp_path):
    url = server.serve("/x", misbehaving.content(PNG))
    for _ in range(3):
        np.testing.assert_array_equal(image_from_url(url), PNG_PIXELS)
    assert len(server.requests) == 1
    assert [path.read_bytes() for path in cache_files(tmp_path)] == [PNG]  # and nothing besides


def test_failures_are_not_kept(server):
    url = server.serve("/x", misbehaving.status(404), misbehaving.content(PNG))
    assert is_placeholder(image_from_url(url))
    np.testing.assert_array_equal(image_from_url(url), PNG_PIXELS)


def test_a_damaged_cache_file_is_fetched_anew(server, tmp_path):
    url = server.serve("/x", misbehaving.content(PNG))
    image_from_url(url)
    cache_files(tmp_path)[0].write_bytes(PNG[:30])
    np.testing.assert_array_equal(image_from_url(url), PNG_PIXELS)
    assert cache_files(tmp_path)[0].read_bytes() == PNG


def test_a_cache_that_cannot_be_written_does_not_matter(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("CS231N_CACHE", str(tmp_path / "file"))
    np.testing.assert_array_equal(
        image_from_url(server.serve("/x", misbehaving.content(PNG))), PNG_PIXELS)


def test_what_cannot_be_put_in_place_is_not_left_behind(server, tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError("the file is in use")

    monkeypatch.setattr(os, "replace", refuse)
    np.testing.assert_array_equal(
        image_from_url(server.serve("/x", misbehaving.content(PNG))), PNG_PIXELS)
    assert cache_files(tmp_path) == []


def test_the_cache_has_a_limit_and_keeps_what_was_used_last(server, tmp_path, monkeypatch):
    monkeypatch.setattr(image_utils, "CACHE_BYTES", 3 * len(PNG))
    urls = [server.serve(f"/{i}", misbehaving.content(PNG)) for i in range(4)]
    for age, url in enumerate(urls[:3]):
        image_from_url(url)
        os.utime(image_utils._cache_path(url), (age, age))
    image_from_url(urls[0])  # from the cache: it is now the one used last
    image_from_url(urls[3])
    kept = [image_utils._cache_path(url).exists() for url in urls]
    assert kept == [True, False, True, True]


def test_what_a_killed_kernel_left_is_removed(server, tmp_path):
    image_from_url(server.serve("/a", misbehaving.content(PNG)))
    old, fresh = (tmp_path / "cache" / "pictures" / name for name in ("part-old", "part-fresh"))
    old.write_bytes(b"x")
    fresh.write_bytes(b"x")
    os.utime(old, (0, 0))
    image_from_url(server.serve("/b", misbehaving.content(PNG)))
    assert not old.exists() and fresh.exists()


def test_several_kernels_share_the_cache(server, tmp_path):
    data, image = picture(size=(300, 200))
    urls = [server.serve(f"/{i}", misbehaving.content(data)) for i in range(5)]
    script = ("import sys; from cs231n.image_utils import image_from_url\n"
              "for _ in range(3):\n"
              "    for url in sys.argv[1:]: assert image_from_url(url).shape == (200, 300, 3), url")
    kernels = [subprocess.Popen([sys.executable, "-c", script, *urls], cwd=REPOSITORY)
               for _ in range(3)]
    assert [kernel.wait(120) for kernel in kernels] == [0, 0, 0]
    assert [path.read_bytes() for path in cache_files(tmp_path)] == 5 * [data]


@pytest.mark.parametrize("platform, variables, expected", [
    ("linux", {"XDG_CACHE_HOME": "/c"}, "/c/cs231n-course"),
    ("linux", {}, "/home/me/.cache/cs231n-course"),
    ("darwin", {}, "/home/me/Library/Caches/cs231n-course"),
    ("win32", {"LOCALAPPDATA": "/l"}, "/l/cs231n-course"),
])
def test_the_cache_lies_where_the_system_keeps_caches(monkeypatch, platform, variables, expected):
    for name in ("CS231N_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert image_utils._cache_folder() == Path(expected)


# ---- Files and scenes ---------------------------------------------------------------------------


def test_a_file_below_the_data_folder(surroundings):
    (surroundings / "my pictures").mkdir()
    (surroundings / "my pictures" / "x.png").write_bytes(PNG)
    for name in ("my pictures/x.png", str(surroundings / "my pictures" / "x.png")):
        np.testing.assert_array_equal(image_from_url(name), PNG_PIXELS)


def test_a_file_elsewhere_is_not_read(surroundings, tmp_path, why):
    (tmp_path / "x.png").write_bytes(PNG)
    names = ["../x.png", str(tmp_path / "x.png")]
    try:
        (surroundings / "link.png").symlink_to(tmp_path / "x.png")
        names.append("link.png")
    except OSError:
        pass  # Windows lets not everyone make a link
    for name in names:
        assert is_placeholder(image_from_url(name))
        assert why.pop() == "only files below set are read"
    assert is_placeholder(image_from_url("nowhere.png"))
    assert why.pop() == "no such file in set"


def test_a_scene_is_drawn(why):
    scenes = pytest.importorskip("cs231n.scenes")
    scene = scenes.load_scenes("val")[7]
    np.testing.assert_array_equal(image_from_url("emoji-scenes://val/7"), scenes.draw(scene))
    assert is_placeholder(image_from_url("emoji-scenes://val/99999999"))
    assert "there are only" in why[0]
