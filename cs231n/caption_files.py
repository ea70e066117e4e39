"""Captions of pictures, read from the files in which they are handed around.

`read_captions(path)` recognises what it is given, and reads

- COCO's annotations (`captions_train2017.json`): lists `images` and `annotations`,
- Karpathy's split (`dataset_coco.json`, `dataset_flickr8k.json`): `images` with `sentences`,
- what neuraltalk2 starts from (`coco_raw.json`): a list of `file_path` and `captions`,
- the token files of Flickr8k and Flickr30k: lines of `NAME.jpg#0`, a tab, and a caption,
- tables with a head (`captions.txt`, `results.csv`): a column of pictures, one of captions.

A byte order mark does no harm. What else is known is answered with what to do.
"""

import csv
import io
import json
import re
from typing import NamedTuple

__all__ = ["DatasetError", "Image", "Annotations", "read_captions", "same_id"]

COCO_HOST = "http://images.cocodataset.org"
KARPATHY_SPLITS = {"train": "train", "restval": "train", "val": "val", "test": "test"}
IMAGE_COLUMNS = ("image", "image_name", "image_id", "file_name", "filename", "file", "path")
CAPTION_COLUMNS = ("caption", "comment", "captions", "sentence", "text", "raw")
EXPECTED = ("expected captions as COCO, Karpathy's split, neuraltalk2 or Flickr8k have them, or a "
            "table with the columns image and caption")


class DatasetError(ValueError):
    """Something in the given files that keeps a data set from being built."""


class Image(NamedTuple):
    """A picture: its id (see `same_id`), where it can be had, its file name, and its split."""

    id: str
    address: str
    name: str
    split: str | None = None  # "train", "val" or "test", where the file says so


class Annotations(NamedTuple):
    """What a captions file holds: `images` in the file's order, `captions` as (id, text)."""

    images: dict  # id -> Image
    captions: list


def same_id(value):
    """Return an id as a text that is the same for 7, 7.0, "7", "007" and b"7"; None for no id."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if isinstance(value, str):
        value = value.strip()
        return (value.lstrip("0") or "0") if value.isascii() and value.isdigit() else value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def read_captions(path):
    """Read a captions file of any known layout.

    Raises:
        DatasetError: it is of no known layout, or something in it is missing or wrong.
        OSError: it cannot be read.
    """
    text = _read_text(path)
    if text.lstrip()[:1] in ("{", "["):
        return _from_json(path, text)
    first = next((line for line in text.split("\n") if line.strip()), "")
    if re.match(r"[^\t]+#\d+\t", first):
        return _from_tokens(path, text)
    return _from_table(path, text, first)


def _read_text(path):
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise DatasetError(f"{path}: not a text file in UTF-8; {EXPECTED}") from None


# ---- JSON ---------------------------------------------------------------------------------------


def _from_json(path, text):
    try:
        content = json.loads(text, object_hook=_slim)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: not a JSON file ({error})") from error
    if isinstance(content, list):
        return _from_list(path, content)
    images = content.get("images")
    if "ix_to_word" in content:
        raise DatasetError(
            f"{path}: this is what neuraltalk2's prepro.py has made; its captions lie in an .h5 "
            "file. Give the file that went into prepro.py, such as coco_raw.json")
    if isinstance(images, list) and images and isinstance(images[0], dict) \
            and "sentences" in images[0]:
        return _from_karpathy(path, images)
    annotations = content.get("annotations")
    if not isinstance(images, list) or not images or not isinstance(annotations, list) \
            or not annotations:
        raise DatasetError(f"{path}: expected the lists images and annotations, as COCO has them")
    return _from_coco(path, images, annotations)


def _slim(entry):
    """Keep of a caption what is needed: all of COCO's would be hundreds of megabytes."""
    if "caption" in entry and "image_id" in entry:
        return entry["image_id"], entry["caption"]
    if isinstance(entry.get("raw"), str) and "tokens" in entry:
        return entry["raw"]
    return entry


def _from_coco(path, entries, annotations):
    images = {}
    for i, entry in enumerate(entries):
        image = same_id(entry.get("id")) if isinstance(entry, dict) else None
        if image is None:
            raise DatasetError(f"{path}: entry {i} of images has no id")
        address = _coco_address(entry, path)
        _add(path, images, Image(image, address, _coco_name(entry) or address))
    captions = []
    for i, annotation in enumerate(annotations):
        if not isinstance(annotation, tuple) or not isinstance(annotation[1], str):
            raise DatasetError(f"{path}: entry {i} of annotations has no image_id and caption")
        image = same_id(annotation[0])
        if image not in images:
            raise DatasetError(f"{path}: entry {i} of annotations names the image {annotation[0]}, "
                               "which is not among images")
        captions.append((image, annotation[1]))
    return Annotations(images, captions)


def _coco_address(entry, path):
    """Return where the picture can be had: at Flickr, as COCO's lists say, or elsewhere."""
    for key in ("flickr_url", "coco_url", "url", "file_name"):
        if entry.get(key):
            return _one_line(entry[key])
    raise DatasetError(f"{path}: the image {entry['id']} has neither a file_name nor a flickr_url, "
                       "coco_url or url")


def _coco_name(entry):
    """Return the file name, after the folder that it has at COCO's own host if that is known."""
    if entry.get("coco_url"):
        return "/".join(_one_line(entry["coco_url"]).split("/")[-2:])
    return _one_line(entry.get("file_name") or "")


def _from_karpathy(path, entries):
    """Karpathy's split of COCO, Flickr8k or Flickr30k; an image is named by cocoid or filename."""
    images, captions = {}, []
    for i, entry in enumerate(entries):
        name = entry.get("filename") if isinstance(entry, dict) else None
        sentences = entry.get("sentences") if name else None
        if not isinstance(sentences, list) or not all(isinstance(s, str) for s in sentences):
            raise DatasetError(f"{path}: entry {i} of images has no filename, or no sentences with "
                               "tokens and raw")
        if entry.get("split") not in KARPATHY_SPLITS:
            raise DatasetError(f"{path}: entry {i} of images has the split {entry.get('split')!r}, "
                               f"expected one of {', '.join(KARPATHY_SPLITS)}")
        name, image = _one_line(name), same_id(entry.get("cocoid", name))
        if image is None:
            raise DatasetError(f"{path}: entry {i} of images has no id")
        if entry.get("filepath"):
            name = f"{_one_line(entry['filepath'])}/{name}"
        address = f"{COCO_HOST}/{name}" if "cocoid" in entry else name
        _add(path, images, Image(image, address, name, KARPATHY_SPLITS[entry["split"]]))
        captions += [(image, sentence) for sentence in sentences]
    return Annotations(images, captions)


def _from_list(path, entries):
    """neuraltalk2's input: entries of `file_path` and `captions`, and perhaps `id`."""
    images, captions = {}, []
    for i, entry in enumerate(entries):
        if isinstance(entry, tuple):
            raise DatasetError(
                f"{path}: a list of captions without images, as a captioner's results are stored; "
                f"{EXPECTED}")
        texts = entry.get("captions") if isinstance(entry, dict) else None
        if not entry or not isinstance(texts, list) or not isinstance(entry.get("file_path"), str):
            raise DatasetError(f"{path}: entry {i} has no file_path and list of captions, as "
                               "neuraltalk2 has them")
        if not all(isinstance(text, str) for text in texts):
            raise DatasetError(f"{path}: entry {i} has a caption that is no text")
        name = _one_line(entry["file_path"])
        image = same_id(entry.get("id", name))
        if image is None:
            raise DatasetError(f"{path}: entry {i} has no id")
        _add(path, images, Image(image, name, name))
        captions += [(image, text) for text in texts]
    if not images:
        raise DatasetError(f"{path}: an empty list; {EXPECTED}")
    return Annotations(images, captions)


# ---- Lines --------------------------------------------------------------------------------------


def _from_tokens(path, text):
    """Flickr8k.token.txt and its like: the picture's file name is its id."""
    images, captions = {}, []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            found = re.match(r"([^\t]+)#\d+\t(.*)", line)
            if not found:
                raise DatasetError(f"{path}: line {number}: expected the name of a picture, #, a "
                                   "number, a tab, and a caption")
            _add_caption(images, captions, found[1], found[2])
    return Annotations(images, captions)


def _from_table(path, text, first):
    """A table with a head: comma, semicolon, tab or bar between the columns."""
    delimiter = max(",;\t|", key=first.count)
    head = [cell.strip().lower() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    image_column = next((head.index(name) for name in IMAGE_COLUMNS if name in head), None)
    caption_column = next((head.index(name) for name in CAPTION_COLUMNS if name in head), None)
    if image_column is None or caption_column is None:
        raise DatasetError(f"{path}: {EXPECTED}")
    images, captions = {}, []
    # In a table with bars, quotation marks are part of the captions.
    rows = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter,
                      quoting=csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL)
    try:
        next(rows)
        for row in rows:
            if any(cell.strip() for cell in row):
                if caption_column == len(head) - 1:  # it may hold the delimiter without quotes
                    row[caption_column:] = [delimiter.join(row[caption_column:])]
                if len(row) != len(head) or not all(map(str.strip, row)):
                    raise DatasetError(f"{path}: line {rows.line_num}: expected the {len(head)} "
                                       f"columns {', '.join(head)}, all filled in")
                _add_caption(images, captions, row[image_column], row[caption_column])
    except csv.Error as error:
        raise DatasetError(f"{path}: line {rows.line_num}: {error}") from error
    if not captions:
        raise DatasetError(f"{path}: a head and no captions")
    return Annotations(images, captions)


def _add_caption(images, captions, name, text):
    name = _one_line(name)
    image = same_id(name)
    images.setdefault(image, Image(image, name, name))
    captions.append((image, text.strip()))


def _add(path, images, image):
    if image.id in images:
        raise DatasetError(f"{path}: the image {image.id} occurs twice")
    images[image.id] = image


def _one_line(text):
    return " ".join(str(text).split())
