"""Pictures by their address, for looking at: a picture cell never fails.

`image_from_url` fetches a picture, checks that it is one, and keeps it in a small cache. Many of
COCO's addresses at Flickr are dead; then the copy at COCO's own host is fetched, found through the
data set's list of file names. Where no picture can be had, one that says why is drawn.
"""

import contextlib
import functools
import hashlib
import http.client
import io
import os
import re
import sys
import tempfile
import textwrap
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from cs231n import coco_utils
from cs231n.web import web_address, web_opener

__all__ = ["image_from_url"]

COCO_HOST = "http://images.cocodataset.org"
SECONDS = 10.0  # for one picture from one host, everything included
REST = 60.0  # seconds for which a host that did not answer is left alone
MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
CACHE_BYTES = 200_000_000
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
_NOT_READ = f"which is not read: {', '.join(FORMATS)} are"


class PictureError(Exception):
    """Why a picture cannot be had, in words for the placeholder."""


class HostUnreachable(PictureError):
    """No answer at all: other pictures of that host need not be tried for a while."""


class PassingError(PictureError):
    """A failure that may be over at a second try."""


# ---- What learners call -------------------------------------------------------------------------


def image_from_url(url):
    """Return the picture at an address.

    Args:
        url: `http://` or `https://`, `emoji-scenes://train/17` (the scene is drawn), or the path
            of a file below the folder of the data set that was loaded last.

    Returns:
        uint8 RGB pixels (H, W, 3). Where there is no picture, a drawn one that gives the reason:
        never None, and never an exception.
    """
    try:
        return picture_at(str(url))
    # A cell that shows pictures must not fail, whatever a server sends or a decoder stumbles over.
    except Exception as error:
        kind = "" if isinstance(error, PictureError) else f"{type(error).__name__}: "
        return _placeholder(str(url), f"{kind}{error}")


def picture_at(url):
    """What `image_from_url` returns, but where there is no picture, the reason is raised.

    Raises:
        PictureError: why there is none, in words.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else "file"
    if scheme == "emoji-scenes":
        return _scene_picture(url)
    if scheme in ("http", "https"):
        return _web_picture(url)
    if "://" in url:
        raise PictureError(f"addresses that start with {scheme}:// are not read")
    return _local_picture(url)


# ---- Scenes and files ---------------------------------------------------------------------------


def _scene_picture(url):
    address = re.fullmatch(r"emoji-scenes://(train|val)/(\d+)", url, re.IGNORECASE)
    if not address:
        raise PictureError("expected emoji-scenes://train/NUMBER or emoji-scenes://val/NUMBER")
    # Imported here, since COCO needs neither the scenes nor what they load.
    from cs231n.scenes import draw

    scenes = _scenes(address[1].lower())
    number = int(address[2])
    if number >= len(scenes):
        raise PictureError(f"there are only {len(scenes)} scenes in this split")
    return draw(scenes[number])


@functools.cache
def _scenes(split):
    from cs231n.scenes import load_scenes

    return load_scenes(split)


def _local_picture(name):
    folder = coco_utils.current_folder().resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise PictureError(f"only files below {folder.name} are read")
    if not path.is_file():
        raise PictureError(f"no such file in {folder.name}")
    if path.stat().st_size > MAX_BYTES:
        raise PictureError(f"the file has more than {MAX_BYTES // 10**6} MB")
    return decode_picture(path.read_bytes())


# ---- The web ------------------------------------------------------------------------------------


def _web_picture(url):
    """Try the cache, the address itself, and the copy at COCO's own host, in this order."""
    pixels = _read_cache(url)
    if pixels is not None:
        return pixels
    try:
        content, pixels = _download(url)
    except PictureError as dead:
        copy = _copy_at_coco(url)
        if copy is None:
            raise
        try:
            content, pixels = _download(copy)
        except PictureError as also_dead:
            raise PictureError(f"{dead}; {also_dead}") from dead
    _write_cache(url, content)
    return pixels


def _download(url):
    """Return the bytes of a picture and its pixels; try twice where that may help."""
    try:
        address = web_address(url)
    except ValueError as error:
        raise PictureError(str(error)) from error
    host = urllib.parse.urlsplit(address).netloc
    _network.expect(host)
    deadline = time.monotonic() + SECONDS
    try:
        try:
            content = _within_time(_read_reply, address, host, deadline)
        except PassingError:
            content = _within_time(_read_reply, address, host, deadline)
    except HostUnreachable as error:
        _network.failed(host, str(error))
        raise
    except PictureError:
        _network.answered(host)
        raise
    _network.answered(host)
    return content, decode_picture(content)


def _read_reply(url, host, deadline):
    """Fetch the bytes at a web address, with a limit on their number and on the time."""
    seconds = max(0.1, deadline - time.monotonic())
    request = urllib.request.Request(url, headers={"User-Agent": "cs231n-course"})
    try:
        with web_opener().open(request, timeout=seconds) as reply:
            if "photo_unavailable" in reply.geturl():
                raise PictureError(f"{host} has the picture no longer")
            return _read_body(reply, host, deadline)
    except urllib.error.HTTPError as error:
        error.close()
        raise _http_problem(error, host) from error
    except (ConnectionResetError, http.client.HTTPException) as error:
        raise PassingError(f"{host} broke the connection") from error
    except TimeoutError as error:
        raise HostUnreachable(f"{host} does not answer") from error
    except OSError as error:  # URLError is one of these
        raise HostUnreachable(f"{host} cannot be reached ({_say(error)})") from error


def _read_body(reply, host, deadline):
    length = (reply.headers.get("Content-Length") or "").strip()
    announced = int(length) if re.fullmatch("[0-9]{1,18}", length) else 0
    chunks, size = [], 0
    while True:
        chunk = b"" if max(size, announced) > MAX_BYTES else reply.read1(1 << 16)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
        if time.monotonic() > deadline:
            raise PictureError(f"{host} is too slow: {size} bytes in {SECONDS:g} seconds")
    if max(size, announced) > MAX_BYTES:
        raise PictureError(f"{host} sends more than {MAX_BYTES // 10**6} MB")
    if size < announced:
        raise PassingError(f"{host} broke off after {size} of {announced} bytes")
    return b"".join(chunks)


def _http_problem(error, host):
    if 300 <= error.code < 400:
        return PictureError(f"{host} leads away from the web, or in circles")
    kind = PassingError if error.code >= 500 else PictureError
    return kind(f"{host} answers {error.code} {error.msg}")


def _say(error):
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason)


def _within_time(function, url, host, deadline):
    """Call a function, but wait little longer than to the deadline.

    The function has time limits of its own, but looking up a host's name has none.
    """
    outcome = []

    def run():
        try:
            outcome.append((function(url, host, deadline), None))
        except Exception as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(deadline - time.monotonic() + 1)
    if not outcome:
        raise HostUnreachable(f"{host} cannot be found in time")
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


class _Network:
    """Remembers which hosts did not answer, so that a dead network costs its wait only once."""

    def __init__(self):
        self._failures = {}  # host -> (when, why)
        self._answered = -np.inf

    def failed(self, host, why):
        self._failures[host] = (time.monotonic(), why)

    def answered(self, host):
        self._failures.pop(host, None)
        self._answered = time.monotonic()

    def expect(self, host):
        """Raise at once what would be the outcome of trying again."""
        start = time.monotonic() - REST
        self._failures = {h: failure for h, failure in self._failures.items() if failure[0] > start}
        if host in self._failures:
            raise PictureError(self._failures[host][1])
        if len(self._failures) >= 2 and self._answered < start:
            raise PictureError("there seems to be no network")


_network = _Network()


# ---- The copy at COCO's own host ----------------------------------------------------------------


def _copy_at_coco(url):
    """Return the address of a COCO picture at COCO's own host, or None."""
    for folder in (coco_utils.current_folder(), coco_utils.COCO):
        name = _file_name(url, folder)
        found = re.search(r"COCO_((?:train|val|test)20\d\d)_\d+\.jpg$", name)
        if not found:  # later editions leave the split out of the name, but not out of the path
            found = re.search(r"\b((?:train|val|test)20\d\d)/\d+\.jpg$", name)
        if found:
            return f"{COCO_HOST}/{found[1]}/{name.rpartition('/')[2]}"
    return None


def _file_name(url, folder):
    """Look an address up in the lists of a data set: line k of one belongs to line k of the other.

    Reading both takes some 30 milliseconds for all of COCO, so nothing is kept in memory.
    """
    for split in coco_utils.SPLITS:
        urls, names = (folder / f"{split}2014_{kind}.txt" for kind in ("urls", "images"))
        with contextlib.suppress(OSError, UnicodeDecodeError):
            with open(urls, encoding="utf-8-sig") as urls, \
                    open(names, encoding="utf-8-sig") as names:
                for line, name in zip(urls, names):
                    if line.strip() == url:
                        return name.strip()
    return ""


# ---- Pixels -------------------------------------------------------------------------------------


def decode_picture(content, max_pixels=MAX_PIXELS):
    """Turn the bytes of a picture file into uint8 RGB pixels (H, W, 3).

    It is turned as the camera was held (EXIF), what is transparent becomes white, and of moving
    pictures the first is taken.

    Raises:
        PictureError: why there is no picture, in words.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of big pictures; we refuse them
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > max_pixels:
                    raise Image.DecompressionBombError
                return np.array(_to_rgb(ImageOps.exif_transpose(image)))
        except Image.DecompressionBombError as error:
            limit = max_pixels // 10**6
            raise PictureError(f"the picture has more than {limit} million pixels") from error
        except Exception as error:  # decoders raise all sorts of things on damaged files
            raise PictureError(_what_came(content)) from error


def _what_came(content):
    """Say what the bytes are that cannot be decoded."""
    start = content.lstrip()[:1000].lower()
    if content[:4] in (b"II*\0", b"MM\0*"):
        return f"a TIFF picture came, {_NOT_READ}"
    if content[4:8] == b"ftyp":
        kind = "AVIF" if content[8:12] in (b"avif", b"avis") else "HEIC (or a film)"
        return f"a picture of the kind {kind} came, {_NOT_READ}"
    if start[:1] == b"<" and b"<svg" in start:
        return f"an SVG drawing came, {_NOT_READ}"
    if content[:5] == b"%PDF-":
        return f"a PDF document came, {_NOT_READ}"
    for kind, mark in (("JPEG", b"\xff\xd8\xff"), ("PNG", b"\x89PNG"), ("GIF", b"GIF8"),
                       ("BMP", b"BM"), ("WEBP", b"RIFF")):
        if content.startswith(mark):
            return f"a damaged {kind} came instead of a picture"
    what = "a web page" if start[:1] == b"<" else "something else"
    return f"{what if content else 'nothing'} came instead of a picture"


def _to_rgb(image):
    if image.mode.startswith("I"):  # 16 bits a pixel
        wide = np.asarray(image, dtype=np.float64)
        image = Image.fromarray((wide / 257).clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _placeholder(url, reason):
    """Draw a grey picture that says which picture is missing, and why."""
    image = Image.new("RGB", (320, 240), (236, 236, 236))
    draw = ImageDraw.Draw(image)
    draw.rectangle((4, 4, 315, 235), outline=(120, 120, 120))
    lines = ["No picture:"]
    lines += textwrap.wrap(reason, 38)[:6]
    lines += ["", *textwrap.wrap(url, 38)[:3]]
    text = "\n".join(lines).encode("ascii", "replace").decode("ascii")
    draw.multiline_text((14, 14), text, fill=(40, 40, 40), font=_font(), spacing=5)
    return np.array(image)


def _font():
    try:
        return ImageFont.load_default(size=14)
    except (TypeError, ImportError, OSError):  # an older Pillow has one size only
        return ImageFont.load_default()


# ---- The cache: one file for each address, shared by all kernels of a user ----------------------


def _read_cache(url):
    """Return the pixels that are kept for an address, or None."""
    try:
        path = _cache_path(url)
        pixels = decode_picture(path.read_bytes())
        os.utime(path)  # the pictures used last are kept longest
        return pixels
    except (OSError, RuntimeError, PictureError):
        return None


def _write_cache(url, content):
    """Keep a picture; that it cannot be kept (full disk, no permission) does not matter."""
    with contextlib.suppress(OSError, RuntimeError):
        path = _cache_path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="part-", dir=path.parent)
        try:
            with open(handle, "wb") as file:
                file.write(content)
            os.replace(name, path)  # at once: another kernel sees all of the picture or nothing
        finally:
            Path(name).unlink(missing_ok=True)
        _shrink_cache(path.parent)


def _cache_path(url):
    return _cache_folder() / "pictures" / hashlib.sha256(url.encode()).hexdigest()[:40]


def _cache_folder():
    if os.environ.get("CS231N_CACHE"):
        return Path(os.environ["CS231N_CACHE"]).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cs231n-course"


def _shrink_cache(folder):
    """Remove the pictures that were used longest ago, until the rest fits in CACHE_BYTES."""
    files = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # another kernel may have removed it
            status = path.stat()
            files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for used, size, path in sorted(files):
        left_behind = path.name.startswith("part-") and used < time.time() - 3600
        if total > CACHE_BYTES or left_behind:
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size
