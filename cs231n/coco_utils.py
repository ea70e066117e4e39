"""Captions, features and picture addresses of a data set in the layout of `coco_captioning/`.

A data set is a folder with these files; a file of the `val` split lies beside each `train` file:

- `coco2014_captions.h5`: `train_captions` (captions, T) and `train_image_idxs` (captions,), both
  int32. A caption is a row of word numbers: `<START>`, the words, `<END>`, then `<NULL>` up to T.
  `train_image_idxs[i]` is the row of the features that caption i belongs to.
- `train2014_vgg16_fc7_pca.h5`: `features` (images, 512) float32, one row for each picture.
- `train2014_vgg16_fc7.h5`: the same before PCA (images, 4096), for `pca_features=False`.
- `train2014_regions.h5` (optional): `regions` (images, S, C), one row of numbers for each of S
  regions of a picture, float32; or uint8 in steps of 1/64 with `mean` (C,) and `deviation`, by
  which they are centred and divided. For `regions=True`.
- `coco2014_vocab.json`: `idx_to_word`, a list of words, and `word_to_idx`, its inverse.
- `train2014_urls.txt`: one address a line, in the order of the rows of the features.
- `train2014_images.txt`: one file name a line, in the same order. `image_utils` reads it.

Word numbers 0 to 3 are `<NULL>`, `<START>`, `<END>` and `<UNK>`.
"""

import contextlib
import json
import os
import string
import unicodedata
from functools import cache
from pathlib import Path

import h5py
import numpy as np

from cs231n.arguments import a_text, at_least
from cs231n.feature_files import missing_filter

__all__ = [
    "load_coco_data",
    "sample_coco_minibatch",
    "regions_as_features",
    "decode_captions",
    "encode_captions",
    "tokenize",
]

SPECIAL_TOKENS = ("<NULL>", "<START>", "<END>", "<UNK>")
CAPTION_LENGTH = 17  # <START>, at most 15 words, <END>
SPLITS = ("train", "val")
REGION_STEPS = 64  # regions that are stored as uint8 are in steps of 1/64, which compress well

DATASETS = Path(__file__).resolve().parent.parent / "datasets"
COCO = DATASETS / "coco_captioning"
EMOJI_SCENES = DATASETS / "emoji_scenes"

_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)

# The folder that `load_coco_data` read last: relative picture addresses start there.
_loaded_folder = None


# ---- What learners call -------------------------------------------------------------------------


def load_coco_data(base_dir=None, max_train=None, pca_features=True, regions=False):
    """Read a data set into a dictionary, and verify it on the way.

    Args:
        base_dir: folder of the data set. By default `datasets/coco_captioning` if it is there,
            else the bundled `datasets/emoji_scenes`; the environment variable `CS231N_DATASET`,
            the name of a folder below `datasets/` or a path, overrides this.
        max_train: keep this many training captions, drawn at random with replacement. Features
            and addresses stay whole.
        pca_features: read the 512-wide features; False reads the 4096-wide ones.
        regions: read the features of regions besides, for captioners with attention.

    Returns:
        A dictionary of `train_captions`, `train_image_idxs`, `val_captions`, `val_image_idxs`,
        `train_features`, `val_features`, `idx_to_word` (list), `word_to_idx` (dict), `train_urls`
        and `val_urls` (arrays of str); with `regions=True` also `train_regions` and `val_regions`
        (images, S, C) float32. The module's docstring gives their shapes.

    Raises:
        FileNotFoundError: the folder or a file of it is missing.
        ValueError: a file is damaged, or does not belong to the others.
    """
    global _loaded_folder
    if max_train is not None:
        at_least(1)("load_coco_data: max_train", max_train)
    folder = default_folder() if base_dir is None else Path(base_dir)
    if base_dir is None:
        print(_describe_choice(folder))
    elif not folder.is_dir():
        raise FileNotFoundError(f"load_coco_data: there is no folder {folder}")
    vocabulary = read_vocabulary(folder / "coco2014_vocab.json")
    data = _read_captions(folder, vocabulary["idx_to_word"], max_train)
    # The captions that max_train left out are gone by now: features are what needs memory.
    data.update(_read_features(folder, pca_features))
    if regions:
        data.update(_read_regions(folder))
    data.update(vocabulary)
    data.update(_read_urls(folder))
    _check_rows(folder, data)
    _loaded_folder = folder
    return data


def regions_as_features(data):
    """The same data with the features of regions (images, S, C) in the place of `features`.

    So all that reads `train_features` and `val_features`, minibatches, solver and scores, hands a
    captioner with attention what it looks at.

    Args:
        data: what `load_coco_data(regions=True)` returned. It is not changed.
    """
    if "train_regions" not in data:
        raise ValueError("regions_as_features: data has no 'train_regions'; load it with "
                         "load_coco_data(regions=True)")
    return {**data, **{f"{split}_features": data[f"{split}_regions"] for split in SPLITS}}


def sample_coco_minibatch(data, batch_size=100, split="train"):
    """Draw a minibatch of captions at random, with replacement.

    Args:
        data: what `load_coco_data` returned.
        batch_size: number of captions N.
        split: "train" or "val".

    Returns:
        captions: word numbers (N, T).
        features: the features (N, D) of their pictures; (N, S, C) where they are regions.
        urls: the addresses (N,) of their pictures.
    """
    if split not in SPLITS:
        raise ValueError(f"sample_coco_minibatch: split is {split!r}, expected 'train' or 'val'")
    at_least(1)("sample_coco_minibatch: batch_size", batch_size)
    for entry in ("captions", "image_idxs", "features", "urls"):
        if f"{split}_{entry}" not in data:
            raise ValueError(f"sample_coco_minibatch: data has no {split + '_' + entry!r}, "
                             "expected what load_coco_data returns")
    chosen = np.random.choice(data[f"{split}_captions"].shape[0], batch_size)
    images = data[f"{split}_image_idxs"][chosen]
    _check_images(split, images, data)
    captions = data[f"{split}_captions"][chosen]  # (N, T)
    return captions, data[f"{split}_features"][images], data[f"{split}_urls"][images]


def _check_images(split, images, data):
    """Refuse rows that are not there; a negative one would be taken from the end."""
    rows = min(len(data[f"{split}_features"]), len(data[f"{split}_urls"]))
    wrong = images[(images < 0) | (images >= rows)]
    if wrong.size:
        raise ValueError(f"sample_coco_minibatch: data['{split}_image_idxs'] holds the row "
                         f"{wrong[0]}, but the features and addresses have {rows} rows")


def decode_captions(captions, idx_to_word):
    """Turn word numbers back into text: `<NULL>` is dropped, and `<END>` is the last word.

    Args:
        captions: word numbers (T,) of one caption, or (N, T) of many.
        idx_to_word: the word of each number, a list or a dictionary.

    Returns:
        One str for one caption, a list of N str for many.
    """
    if not isinstance(idx_to_word, (list, tuple, dict, np.ndarray)):
        raise TypeError(f"decode_captions: idx_to_word is of type {type(idx_to_word).__name__}, "
                        "expected a list or a dictionary of words")
    captions = np.asarray(captions)
    if captions.ndim not in (1, 2):
        raise ValueError(f"decode_captions: captions has shape {captions.shape}, "
                         "expected (T,) or (N, T)")
    if captions.size and captions.dtype.kind not in "iu":
        raise TypeError(f"decode_captions: captions has dtype {captions.dtype}, expected integers")
    if captions.ndim == 1:
        return _decode_one(captions.tolist(), idx_to_word)
    return [_decode_one(caption, idx_to_word) for caption in captions.tolist()]


def encode_captions(captions, word_to_idx, length=CAPTION_LENGTH):
    """Turn text into rows of word numbers, the inverse of `decode_captions`.

    A caption may be plain ("A man, riding!") or decoded ("<START> a man riding <END>"); a word
    that the vocabulary lacks becomes `<UNK>`.

    Args:
        captions: one str, or a sequence of N str.
        word_to_idx: the number of each word, with all four special tokens.
        length: T, the length of a row; `length - 2` words fit.

    Returns:
        int32 word numbers (T,) for one caption, (N, T) for many.

    Raises:
        ValueError: a caption has too many words, or the vocabulary lacks a special token.
    """
    at_least(2)("encode_captions: length", length)
    if not isinstance(word_to_idx, dict):
        raise TypeError(f"encode_captions: word_to_idx is of type {type(word_to_idx).__name__}, "
                        "expected a dictionary of numbers by word")
    missing = [token for token in SPECIAL_TOKENS if token not in word_to_idx]
    if missing:
        raise ValueError(f"encode_captions: word_to_idx lacks {', '.join(missing)}")
    if isinstance(captions, str):
        return encode_captions([captions], word_to_idx, length)[0]
    rows = np.full((len(captions), length), word_to_idx["<NULL>"], dtype=np.int32)
    for i, (row, caption) in enumerate(zip(rows, captions)):
        a_text(f"encode_captions: captions[{i}]", caption)
        words = tokenize(caption)
        if len(words) > length - 2:
            raise ValueError(f"encode_captions: {len(words)} words in {caption!r}, "
                             f"at most {length - 2} fit in a row of {length}")
        encode_words(words, word_to_idx, row)
    return rows


def tokenize(caption):
    """Split a caption into words as the official captions are: lower case, no punctuation.

    That goes for typographic punctuation too: a curly quotation mark is deleted as a straight one
    is, a long dash parts words, and characters without width leave no trace.

    A special token stays as it is, except `<NULL>`, `<START>` and `<END>`, which are dropped:
    they say where a caption starts and ends, and are no words of it.
    """
    a_text("tokenize: caption", caption)
    if not caption.isascii():
        caption = "".join(map(_plain_letter, unicodedata.normalize("NFC", caption)))
    words = []
    for word in caption.split():
        if word not in SPECIAL_TOKENS:
            words.append(word.lower().translate(_DELETE_PUNCTUATION))
        elif word == "<UNK>":
            words.append(word)
    return [word for word in words if word]


@cache
def _plain_letter(letter):
    """Return what becomes of a character beyond ASCII: itself, nothing, or a blank."""
    category = unicodedata.category(letter)
    if letter == "\u200b" or category[0] == "Z":  # a place where a line may end; all blanks
        return " "
    if category == "Pd":
        return "" if letter in "\u2010\u2011" else " "  # hyphens, as in "T-shirt"; dashes
    if letter == "\u2026":  # three dots
        return " "
    if letter.isascii() or category[0] not in "PC" and letter not in "\u2032\u2033":
        return letter
    return ""  # quotation marks and other punctuation; characters without width, such as U+FEFF


def encode_words(words, word_to_idx, row):
    """Write `<START>`, the numbers of `words` and `<END>` into `row`, which is all `<NULL>`."""
    unknown = word_to_idx["<UNK>"]
    row[0] = word_to_idx["<START>"]
    row[1 : len(words) + 1] = [word_to_idx.get(word, unknown) for word in words]
    row[len(words) + 1] = word_to_idx["<END>"]


def _decode_one(caption, idx_to_word):
    words = []
    for number in caption:
        try:
            word = idx_to_word[number] if number >= 0 else None
        except (IndexError, KeyError):
            word = None
        if word is None:
            raise ValueError(f"decode_captions: captions holds the word number {number}, but "
                             f"idx_to_word has no such word (it has {len(idx_to_word)} words)")
        if word != "<NULL>":
            words.append(word)
        if word == "<END>":
            break
    return " ".join(words)


# ---- Which data set -----------------------------------------------------------------------------


def default_folder():
    """Choose the data set that is read when none is named."""
    wanted = os.environ.get("CS231N_DATASET")
    if wanted:
        for folder in (DATASETS / wanted, Path(wanted).expanduser()):
            if folder.is_dir():
                return folder
        raise FileNotFoundError(
            f"CS231N_DATASET is {wanted!r}, but there is no such folder, neither below {DATASETS} "
            "nor as a path. Unset the variable to use the default data set.")
    return EMOJI_SCENES if _missing_files(COCO) else COCO


def current_folder():
    """Return the folder that `load_coco_data` read last, or would read by default."""
    return _loaded_folder or default_folder()


def _missing_files(folder):
    """List the files that `load_coco_data()` and the pictures need and `folder` lacks."""
    names = ["coco2014_captions.h5", "coco2014_vocab.json"]
    for split in SPLITS:
        names += [f"{split}2014_{end}" for end in ("vgg16_fc7_pca.h5", "urls.txt", "images.txt")]
    return [name for name in names if not (folder / name).is_file()]


def _describe_choice(folder):
    """Say in one line which data set is read, and how to get the other."""
    if folder == COCO:
        return ("Data set: COCO, in datasets/coco_captioning. "
                "To use Emoji Scenes instead, set CS231N_DATASET=emoji_scenes.")
    if folder == EMOJI_SCENES:
        line = ("Data set: Emoji Scenes, which comes with the course. "
                "To get COCO, in the course's folder: bash datasets/get_datasets.sh")
        if COCO.is_dir() and _missing_files(COCO) and "CS231N_DATASET" not in os.environ:
            line += f" (datasets/coco_captioning has no {_missing_files(COCO)[0]})"
        return line
    return f"Data set: {folder.name}, as CS231N_DATASET says."


def _advice(folder):
    if folder == COCO:
        return "To mend it, run in the course's folder: bash datasets/get_datasets.sh"
    if folder == EMOJI_SCENES:
        return "To mend it, run in the course's folder: git checkout -- datasets/emoji_scenes"
    return ("To mend it, build the data set anew with `python -m cs231n.build_dataset`, or fetch "
            "COCO, in the course's folder: bash datasets/get_datasets.sh")


def _broken(path, problem):
    return ValueError(f"{path}: {problem}. {_advice(path.parent)}")


# ---- Reading and verifying ----------------------------------------------------------------------


@contextlib.contextmanager
def _readable(path):
    """Turn whatever goes wrong while `path` is read into one error that names the file."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: the file is missing. {_advice(path.parent)}")
    try:
        yield
    except PermissionError as error:
        raise PermissionError(f"{path}: no permission to read it") from error
    except KeyError as error:
        raise _broken(path, f"no array {error.args[0]!r} in it") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _broken(path, f"cannot be read, it is damaged or cut off ({error})") from error


def _array(file, path, name, dtype, ndim):
    """Read an array of an open HDF5 file straight into the memory where it will stay."""
    if name not in file:
        raise KeyError(name)
    stored = file[name]
    if not isinstance(stored, h5py.Dataset) or stored.dtype != dtype or stored.ndim != ndim:
        raise _broken(path, f"{name} is {_say(stored)}, expected {ndim} axes of {np.dtype(dtype)}")
    if 0 in stored.shape:
        raise _broken(path, f"{name} is {_say(stored)}, which holds nothing")
    problem = missing_filter(stored)
    if problem:
        raise _broken(path, f"{name} {problem}")
    return stored[()]


def _say(stored):
    if not isinstance(stored, h5py.Dataset):
        return "not an array"
    return f"{stored.dtype} of shape {stored.shape}"


def read_vocabulary(path):
    """Read a vocabulary file; return it as a dictionary of `idx_to_word` and `word_to_idx`."""
    with _readable(path):
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(content, dict):
        raise _broken(path, "not a dictionary")
    idx_to_word, word_to_idx = content.get("idx_to_word"), content.get("word_to_idx")
    if not isinstance(idx_to_word, list) or not isinstance(word_to_idx, dict):
        raise _broken(path, "expected a list idx_to_word and a dictionary word_to_idx")
    if tuple(idx_to_word[:4]) != SPECIAL_TOKENS:
        raise _broken(path, f"words 0 to 3 are {idx_to_word[:4]}, expected {list(SPECIAL_TOKENS)}")
    if not all(isinstance(word, str) for word in idx_to_word):
        raise _broken(path, "idx_to_word holds something that is not a word")
    if word_to_idx != {word: i for i, word in enumerate(idx_to_word)}:
        raise _broken(path, "idx_to_word and word_to_idx do not agree")
    if len(word_to_idx) != len(idx_to_word):
        raise _broken(path, "idx_to_word names a word twice")
    return {"idx_to_word": idx_to_word, "word_to_idx": word_to_idx}


def _read_captions(folder, idx_to_word, max_train):
    path = folder / "coco2014_captions.h5"
    data = {}
    with _readable(path), h5py.File(path, "r") as file:
        for split in SPLITS:
            captions = _array(file, path, f"{split}_captions", np.int32, ndim=2)
            images = _array(file, path, f"{split}_image_idxs", np.int32, ndim=1)
            if len(captions) != len(images):
                raise _broken(path, f"{len(captions)} {split}_captions, but {len(images)} "
                                    f"{split}_image_idxs")
            _check_range(path, f"{split}_captions", captions, len(idx_to_word), "words")
            if split == "train" and max_train is not None:
                chosen = np.random.randint(len(captions), size=max_train)
                captions, images = captions[chosen], images[chosen]
            data[f"{split}_captions"], data[f"{split}_image_idxs"] = captions, images
    if data["train_captions"].shape[1] != data["val_captions"].shape[1]:
        raise _broken(path, "captions of the two splits differ in length")
    for split in SPLITS:
        _check_layout(path, f"{split}_captions", data[f"{split}_captions"])
    return data


def _check_layout(path, name, captions):
    """Check that each caption is `<START>`, words, `<END>`, and `<NULL>` up to the end of its row.

    With anything else a model trains as well as ever, and learns something wrong.
    """
    null, start, end = range(3)
    is_end = captions == end
    place = is_end.argmax(axis=1)[:, None]  # of the first <END>
    column = np.arange(captions.shape[1])
    inside = (column > 0) & (column < place)
    for problem, rows in (
            ("is all <NULL>", (captions == null).all(axis=1)),
            ("does not start with <START>", captions[:, 0] != start),
            ("has no <END>", ~is_end.any(axis=1)),
            ("goes on after <END>", ((captions != null) & (column > place)).any(axis=1)),
            ("has <NULL> or <START> among its words",
             (inside & (captions <= start)).any(axis=1))):
        if rows.any():
            row = int(rows.argmax())
            raise _broken(path, f"row {row} of {name} {problem} ({rows.sum():,} of {len(rows):,} "
                                f"rows do); it is {captions[row].tolist()}, expected <START> (1), "
                                "words, <END> (2), and <NULL> (0) up to the end")


def _read_features(folder, pca_features):
    suffix = "_pca" if pca_features else ""
    paths = {split: folder / f"{split}2014_vgg16_fc7{suffix}.h5" for split in SPLITS}
    if not pca_features and not any(path.is_file() for path in paths.values()):
        raise FileNotFoundError(_no_wide_features(folder))
    data = {}
    for split, path in paths.items():
        with _readable(path), h5py.File(path, "r") as file:
            features = _array(file, path, "features", np.float32, ndim=2)
        _check_finite(path, "features", features)
        data[f"{split}_features"] = features
    train, val = data["train_features"], data["val_features"]
    if train.shape[1] != val.shape[1]:
        raise _broken(paths["val"], f"features are {val.shape[1]} wide, those for training are "
                                    f"{train.shape[1]} wide")
    return data


def _read_regions(folder):
    paths = {split: folder / f"{split}2014_regions.h5" for split in SPLITS}
    if not any(path.is_file() for path in paths.values()):
        raise FileNotFoundError(
            f"regions=True: {folder} has no features of regions ({paths['train'].name}). Emoji "
            "Scenes has them (CS231N_DATASET=emoji_scenes); for a data set of your own, give them "
            "to `python -m cs231n.build_dataset` with --regions.")
    data = {}
    for split, path in paths.items():
        with _readable(path), h5py.File(path, "r") as file:
            stepped = "mean" in file
            regions = _array(file, path, "regions", np.uint8 if stepped else np.float32, ndim=3)
            if stepped:
                mean = _array(file, path, "mean", np.float32, ndim=1)
                deviation = _array(file, path, "deviation", np.float32, ndim=0)
                if mean.shape != regions.shape[2:] or not deviation > 0:
                    raise _broken(path, "mean and deviation do not fit the regions")
                regions = from_steps(regions, mean, deviation)
        _check_finite(path, "regions", regions)
        data[f"{split}_regions"] = regions
    train, val = data["train_regions"], data["val_regions"]
    if train.shape[1:] != val.shape[1:]:
        raise _broken(paths["val"], f"pictures have regions of shape {val.shape[1:]}, those for "
                                    f"training of shape {train.shape[1:]}")
    return data


def from_steps(steps, mean, deviation):
    """Numbers of regions that are stored in whole steps (N, S, C), centred and scaled, float32."""
    return (steps.astype(np.float32) / REGION_STEPS - mean) / deviation


def _check_finite(path, name, array):
    # The smallest of all is NaN where one is, and this needs no memory of the array's size.
    if not np.isfinite(array.min()) or not np.isfinite(array.max()):
        raise _broken(path, f"{name} are not all finite numbers")


def _no_wide_features(folder):
    problem = f"pca_features=False: {folder} has no 4096-wide features."
    if folder == EMOJI_SCENES:
        return f"{problem} Emoji Scenes comes with 512-wide features only: use pca_features=True."
    if folder == COCO:
        return (f"{problem} Use pca_features=True, or fetch them with "
                "`bash datasets/get_datasets.sh` (without --pca-only).")
    return f"{problem} Use pca_features=True."


def _read_urls(folder):
    return {f"{split}_urls": np.array(read_lines(folder / f"{split}2014_urls.txt"))
            for split in SPLITS}


def read_lines(path):
    """Read a text file with one entry a line."""
    with _readable(path), open(path, encoding="utf-8-sig") as file:
        lines = [line.strip() for line in file]
    if not lines:
        raise _broken(path, "the file is empty")
    return lines


def _check_rows(folder, data):
    """Check that captions, features and addresses belong to the same pictures."""
    for split in SPLITS:
        images, urls = len(data[f"{split}_features"]), len(data[f"{split}_urls"])
        if images != urls:
            raise _broken(folder / f"{split}2014_urls.txt",
                          f"{urls} addresses, but the features have {images} rows")
        if len(data.get(f"{split}_regions", data[f"{split}_features"])) != images:
            raise _broken(folder / f"{split}2014_regions.h5",
                          f"regions of {len(data[f'{split}_regions'])} pictures, but the features "
                          f"have {images} rows")
        _check_range(folder / "coco2014_captions.h5", f"{split}_image_idxs",
                     data[f"{split}_image_idxs"], images, "rows of features")


def _check_range(path, name, array, size, counted):
    low, high = array.min(), array.max()
    if low < 0 or high >= size:
        raise _broken(path, f"{name} holds the number {low if low < 0 else high}, but there are "
                            f"{size} {counted}")
