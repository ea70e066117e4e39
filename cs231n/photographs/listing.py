"""Which pictures are meant: those of folders, files, lists and captions files, each with its id."""

import re
from pathlib import Path
from typing import NamedTuple

from cs231n.caption_files import read_captions
from cs231n.image_utils import PictureError, decode_picture, picture_at

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp",
            # not read, but listed with the reason
            ".tif", ".tiff", ".heic", ".heif", ".avif"}
ADDRESSES = re.compile(r"(https?|emoji-scenes)://", re.IGNORECASE)
COCO_PREFIX = re.compile(r"^COCO_[a-z]+20\d\d_")
MAX_BYTES = 100_000_000
MAX_PIXELS = 120_000_000  # what the cameras of telephones deliver at most
MAX_ASPECT = 20  # of a narrower strip, hardly anything would be left


class Picture(NamedTuple):
    """A picture: what it is called in the features, and where it is; "" if it was not found."""

    id: str
    place: str


def read_picture(picture):
    """The pixels of a picture, uint8 RGB (H, W, 3).

    Raises:
        PictureError: why there are none, in words.
    """
    if ADDRESSES.match(picture.place):
        pixels = picture_at(picture.place)
    elif picture.place:
        pixels = decode_picture(_content(Path(picture.place)), MAX_PIXELS)
    else:
        raise PictureError("there is no file of this name in the folders that were given")
    height, width, _ = pixels.shape
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise PictureError(f"a strip of {width} x {height} pixels is too narrow")
    return pixels


def _content(path):
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"the file has more than {MAX_BYTES // 10**6} MB")
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"the file cannot be read ({error.strerror or error})") from error


def list_pictures(places, captions=None):
    """The pictures that are meant, in order.

    Args:
        places: texts: folders (their pictures and those of folders below, by name), picture files,
            addresses, and lists (`.txt`: a path or an address in each line).
        captions: a captions file of a kind that `caption_files` knows: its pictures are meant, in
            its order, and looked for in `places`, which are then folders only.

    Returns:
        A list of `Picture`; no two have the same id.

    Raises:
        FileNotFoundError: a place does not exist.
        ValueError: two pictures have the same id, or there are none.
    """
    if captions is not None:
        pictures = _of_captions(Path(captions), places)
    else:
        folders = [place for place in places if Path(place).is_dir()]
        lists = [place for place in places if _is_list(place)]
        if lists and folders:  # the folders are where the listed pictures lie
            places = [place for place in places if place not in folders]
        pictures = [picture for place in places
                    for picture in _of_place(place, folders if lists else [])]
    if not pictures:
        raise ValueError(f"there is no picture in {', '.join(map(str, places)) or captions}")
    _check_ids(pictures)
    return pictures


def _check_ids(pictures):
    known = {}
    for picture in pictures:
        other = known.setdefault(picture.id, picture)
        if other is not picture:
            raise ValueError(f"two pictures are called {picture.id} ({other.place} and "
                             f"{picture.place}): give the folder above both, or name one only")


def _is_list(place):
    return Path(place).suffix.lower() == ".txt" and not ADDRESSES.match(place)


def _of_place(place, folders):
    if ADDRESSES.match(place):
        return [Picture(place, place)]
    path = Path(place)
    if path.is_dir():
        return [Picture(file.relative_to(path).as_posix(), str(file)) for file in _below(path)]
    if not path.is_file():
        raise FileNotFoundError(f"there is no file or folder {place}")
    if _is_list(place):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        lines = [line.strip() for line in lines if line.strip()]
        return _found(lines, lines, folders or [path.parent])
    return [Picture(path.name, str(path))]


def _of_captions(path, folders):
    for folder in folders:
        if not Path(folder).is_dir():
            raise FileNotFoundError(f"with a captions file, name the folders of its pictures; "
                                    f"{folder} is no folder")
    images = read_captions(path).images.values()
    if folders:
        return _found([image.id for image in images],
                      [image.name or image.address for image in images], folders)
    return _found([image.id for image in images], [image.address for image in images],
                  [path.parent])


def _found(ids, names, folders):
    """Look for each name: as an address, as a path below a folder, and by its last part alone."""
    by_last_part = None
    pictures = []
    for image, name in zip(ids, names):
        if ADDRESSES.match(name):
            pictures.append(Picture(image, name))
            continue
        place = next((path for folder in folders if (path := Path(folder, name)).is_file()), None)
        if place is None:
            by_last_part = _by_last_part(folders) if by_last_part is None else by_last_part
            place = by_last_part.get(_last_part(name), "")
        pictures.append(Picture(image, str(place)))
    return pictures


def _by_last_part(folders):
    """Each picture by its file name, unless two have the same."""
    known, twice = {}, set()
    for folder in folders:
        for path in _below(Path(folder)):
            name = _last_part(path.name)
            if name in known:
                twice.add(name)
            known[name] = path
    return {name: path for name, path in known.items() if name not in twice}


def _last_part(name):
    """COCO's pictures are called COCO_val2014_000000391895.jpg, or 000000391895.jpg."""
    return COCO_PREFIX.sub("", re.split(r"[/\\]", name)[-1])


def _below(folder):
    """The picture files in a folder and those below it, by name; hidden ones are left out."""
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in parts) \
                and path.is_file():
            found.append(path)
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())
