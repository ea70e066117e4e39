"""Build a data set of your own captions and features, in the layout that `load_coco_data` reads.

    python -m cs231n.build_dataset --captions captions.json --features features.npy --out my_set

`captions.json` is in COCO's annotation format::

    {"images": [{"id": 7, "file_name": "cat.jpg", "flickr_url": "http://..."}, ...],
     "annotations": [{"image_id": 7, "caption": "A cat on the grass."}, ...]}

Karpathy's split, neuraltalk2's JSON, the token files of Flickr8k and Flickr30k, and tables with
the columns image and caption are read as well (see `cs231n/caption_files.py`).

Row k of the features belongs to image k of the captions file; an HDF5 file may instead hold an
array `image_ids` that names the image of each row. The picture is fetched from its `flickr_url`,
`coco_url` or `url` when it is looked at; an image without these is the file `file_name` below the
folder of the data set. Captioners with attention look at regions of a picture: their features come
with `--regions`, a row for each row of the features. Features are read and written in blocks of
rows, so that they do not have to fit in memory.
"""

import argparse
import collections
import json
import math
import shutil
import sys
import uuid
from pathlib import Path

import h5py
import numpy as np
from tqdm import tqdm

from cs231n.arguments import at_least
from cs231n.caption_files import DatasetError, read_captions
from cs231n.caption_remarks import remarks_on
from cs231n.coco_utils import (
    CAPTION_LENGTH,
    SPECIAL_TOKENS,
    SPLITS,
    encode_words,
    read_vocabulary,
    tokenize,
)
from cs231n.feature_files import maker_of, open_features

BLOCK_ENTRIES = 1 << 22  # numbers in a block of rows: 16 MB of float32


# ---- The whole, in order ------------------------------------------------------------------------


def build_dataset(captions, features, out, *, val_captions=None, val_features=None,
                  val_fraction=None, seed=231, vocab=None, vocab_size=1000, pca=512, regions=None,
                  val_regions=None):
    """Build a data set in the official layout and return a dictionary of its figures.

    Args:
        captions: captions file, of a layout that `caption_files` knows.
        features: `.npy` file of an array (images, D), or `.h5` file with an array `features`.
        out: folder that will hold the data set; it must not exist yet, or be empty.
        val_captions, val_features: the validation split. Without them, it is a part of the images
            of the first two files: the one that the captions file names, as Karpathy's does, or
            one that is drawn at random.
        val_fraction: how large the part is that is drawn, between 0 and 1; None for what the
            captions file names, and for 0.1 where it names none.
        seed: what that draw starts from.
        vocab: vocabulary file to use; by default, one is made of the training captions.
        vocab_size: how many words a new vocabulary has, besides the four special tokens.
        pca: width of the reduced features. Features that are no wider are taken as they are.
        regions, val_regions: features of regions, `.npy` file of an array (images, S, D), or `.h5`
            file with an array `regions`; row k belongs to row k of the features. They are taken as
            they are.

    Raises:
        DatasetError: the files do not fit together, or hold something that cannot be used.
        OSError: a file cannot be read or written.
    """
    _check_settings(val_fraction, seed, vocab_size, pca)
    out = Path(out)
    target = _free_folder(out)
    given = [Pictures(captions, features, regions)]
    if val_captions is not None:
        given.append(Pictures(val_captions, val_features, val_regions))
    splits = _choose_splits(given, val_fraction, seed)
    words = {split: part.words() for split, part in splits.items()}
    vocabulary = _read_or_make_vocabulary(vocab, vocab_size, words["train"])

    # Under a name that nothing else has: what lies beside the data set may be the user's.
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    draft.mkdir(parents=True)
    try:
        figures = _write_captions(draft, words, vocabulary)
        figures["without_features"] = sum(part.homeless for part in given)
        figures["in_no_split"] = _count_in_no_split(given, splits)
        figures["remarks"] = remarks_on([caption for part in given for caption in part.captions])
        figures["variance_kept"] = _write_features(draft, splits, pca)
        if regions is not None:
            _write_regions(draft, splits)
        for split, part in splits.items():
            _write_lines(draft / f"{split}2014_urls.txt", part.urls())
            _write_lines(draft / f"{split}2014_images.txt", part.names())
        if target.exists():
            target.rmdir()  # it is empty
        draft.rename(target)  # the data set is there as a whole, or not at all
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return figures


def _check_settings(val_fraction, seed, vocab_size, pca):
    at_least(0)("build_dataset: seed", seed)
    at_least(1)("build_dataset: vocab_size", vocab_size)
    at_least(1)("build_dataset: pca", pca)
    if val_fraction is not None and not math.isfinite(val_fraction):
        raise DatasetError(f"val_fraction is {val_fraction}, expected a number between 0 and 1")


def _free_folder(out):
    """Return the folder to write, links followed; it must not be there, or be empty."""
    try:
        target = out.resolve()
        if not target.is_symlink() and (not target.exists() or not any(target.iterdir())):
            return target
    except NotADirectoryError:
        pass
    except RuntimeError as error:  # a link that leads to itself
        raise DatasetError(f"{out} is a link that leads to itself") from error
    raise DatasetError(f"{out} is there already: name another folder, or remove it")


class Pictures:
    """A captions file and the features of its pictures.

    Attributes:
        images: the `Image` of each row of the features.
        captions: list of `(row, caption)`.
        features: the stored array (rows, D), not in memory.
        regions: that of the regions (rows, S, D), or None.
        homeless: number of captions whose picture has no features.
    """

    def __init__(self, captions_path, features_path, regions_path=None):
        images, captions = read_captions(Path(captions_path))
        self.path = Path(features_path)
        self.features, image_ids = open_features(self.path)
        if image_ids is None:
            image_ids = list(images)
            if len(image_ids) != len(self.features):
                raise DatasetError(
                    f"{self.path}: {len(self.features)} rows, but {captions_path} has "
                    f"{len(image_ids)} images; row k has to belong to image k")
        self.regions = None if regions_path is None else self._open_regions(Path(regions_path))
        row_of = {image: row for row, image in enumerate(image_ids)}
        unknown = [image for image in image_ids if image not in images]
        if unknown:
            raise DatasetError(
                f"{self.path}: image_ids has the image {unknown[0]}, which {captions_path} lacks; "
                f"its images are called {', '.join(list(images)[:3])} and so on")
        if len(row_of) != len(image_ids):
            raise DatasetError(f"{self.path}: image_ids has an image twice")
        self.images = [images[image] for image in image_ids]
        self.captions = [(row_of[image], text) for image, text in captions if image in row_of]
        self.homeless = len(captions) - len(self.captions)

    def _open_regions(self, path):
        regions, _ = open_features(path, "regions")
        if len(regions) != len(self.features):
            raise DatasetError(f"{path}: regions of {len(regions)} pictures, but {self.path} has "
                               f"{len(self.features)} rows; row k has to belong to row k")
        return regions

    def blocks(self, rows, what, stored=None):
        """Yield the features of some rows (sorted) in blocks of float32, in order.

        Those of the whole pictures, or of `stored`, which is the array of the regions.
        """
        stored = self.features if stored is None else stored
        size = max(1, BLOCK_ENTRIES // math.prod(stored.shape[1:]))
        starts = range(rows[0] // size * size, rows[-1] + 1, size)
        for start in tqdm(starts, desc=what, unit="block", disable=None, leave=False):
            first, last = np.searchsorted(rows, (start, start + size))
            if first == last:
                continue
            with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
                block = self._read(stored, start, start + size)
            if not np.isfinite(block).all():
                bad = start + np.argwhere(~np.isfinite(block))[0][0]
                raise DatasetError(f"{self.path}: row {bad} holds a number that is not finite")
            yield block[rows[first:last] - start]

    def _read(self, stored, start, stop):
        try:
            return np.asarray(stored[start:stop], dtype=np.float32)
        except OSError as error:
            raise DatasetError(f"{self.path}: the features from row {start} on cannot be read, the "
                               f"file is damaged ({error})") from error


class Split:
    """Some rows of `Pictures`: the training pictures, or those for validation."""

    def __init__(self, pictures, rows):
        self.pictures, self.rows = pictures, rows

    def blocks(self, what, stored=None):
        return self.pictures.blocks(self.rows, what, stored)

    def urls(self):
        return (self.pictures.images[row].address for row in self.rows)

    def names(self):
        return (self.pictures.images[row].name for row in self.rows)

    def words(self):
        """Return the captions to use, as `(row in this split, words)`, and how many were given."""
        place = {row: i for i, row in enumerate(self.rows.tolist())}
        captions = [(place[row], text) for row, text in self.pictures.captions if row in place]
        # Interned: millions of words are a few thousand different ones.
        tokenized = [(row, list(map(sys.intern, tokenize(text)))) for row, text in captions]
        used = [entry for entry in tokenized if 1 <= len(entry[1]) <= CAPTION_LENGTH - 2]
        if not used:
            raise DatasetError(f"none of {len(captions)} captions of the pictures in "
                               f"{self.pictures.path} has 1 to {CAPTION_LENGTH - 2} words")
        return used, len(captions)


def _choose_splits(given, val_fraction, seed):
    if len(given) == 2:
        train, val = given
        if train.features.shape[1] != val.features.shape[1]:
            raise DatasetError(f"features are {train.features.shape[1]} wide in {train.path}, but "
                               f"{val.features.shape[1]} wide in {val.path}")
        if train.regions is not None and train.regions.shape[1:] != val.regions.shape[1:]:
            raise DatasetError(f"the regions of a picture have shape {train.regions.shape[1:]} in "
                               f"training, but {val.regions.shape[1:]} in validation")
        return {split: Split(part, np.arange(len(part.features)))
                for split, part in zip(SPLITS, given)}
    named = {split: [row for row, image in enumerate(given[0].images) if image.split == split]
             for split in SPLITS}
    if val_fraction is None and all(named.values()):
        return {split: Split(given[0], np.array(rows)) for split, rows in named.items()}
    val_fraction = 0.1 if val_fraction is None else val_fraction
    rows = len(given[0].features)
    count = round(rows * val_fraction)
    if not 0 < count < rows:
        raise DatasetError(f"a fraction of {val_fraction:g} of {rows} pictures for validation "
                           "leaves one of the splits empty")
    shuffled = np.random.default_rng(seed).permutation(rows)
    return {"train": Split(given[0], np.sort(shuffled[count:])),
            "val": Split(given[0], np.sort(shuffled[:count]))}


def _count_in_no_split(given, splits):
    """The number of pictures that are in neither split, as those for testing are."""
    return sum(len(part.images) for part in given) - sum(len(p.rows) for p in splits.values())


# ---- Words --------------------------------------------------------------------------------------


def _read_or_make_vocabulary(path, size, train_words):
    if path is not None:
        return read_vocabulary(Path(path))
    counts = collections.Counter(word for _, words in train_words[0] for word in words)
    counts.pop("<UNK>", None)  # in captions that were decoded before
    # Words that are equally frequent follow in the order of the alphabet, to be the same each time.
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[:size]
    idx_to_word = [*SPECIAL_TOKENS, *frequent]
    return {"idx_to_word": idx_to_word, "word_to_idx": {w: i for i, w in enumerate(idx_to_word)}}


def _write_captions(folder, words, vocabulary):
    """Write the vocabulary and the encoded captions; return figures of them."""
    with open(folder / "coco2014_vocab.json", "w", encoding="utf-8", newline="\n") as file:
        json.dump(vocabulary, file)
    figures = {"vocabulary": len(vocabulary["idx_to_word"])}
    with h5py.File(folder / "coco2014_captions.h5", "w") as file:
        for split, (used, given) in words.items():
            rows = np.zeros((len(used), CAPTION_LENGTH), np.int32)  # 0 is <NULL>
            for row, (_, caption) in zip(rows, used):
                encode_words(caption, vocabulary["word_to_idx"], row)
            file[f"{split}_captions"] = rows
            file[f"{split}_image_idxs"] = np.array([image for image, _ in used], np.int32)
            figures[f"{split}_given"], figures[f"{split}_captions"] = given, len(used)
            total = sum(len(caption) for _, caption in used)
            figures[f"{split}_unknown"] = float(np.sum(rows == 3) / total)
            figures[f"{split}_words"] = total / len(used)
    return figures


def _write_lines(path, lines):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


# ---- Features -----------------------------------------------------------------------------------


def _write_features(folder, splits, width):
    """Write the features of both splits, reduced by PCA; return the share of variance kept.

    Features that are no wider than `width` are written as they are, and only once. The training
    file says besides how to make such features of another picture, as far as that is known.
    """
    reduced_file = folder / "train2014_vgg16_fc7_pca.h5"
    made_by = maker_of(splits["train"].pictures.features)
    if splits["train"].pictures.features.shape[1] <= width:
        for split, part in splits.items():
            _write_blocks(folder / f"{split}2014_vgg16_fc7_pca.h5", len(part.rows),
                          part.blocks(f"{split} features"))
        _write_recipe(reduced_file, made_by)
        return 1.0
    mean, components, kept = fit_pca(splits["train"].blocks, width)
    for split, part in splits.items():
        _write_blocks(folder / f"{split}2014_vgg16_fc7.h5", len(part.rows),
                      part.blocks(f"{split} features"))
        reduced = ((block - mean) @ components for block in part.blocks(f"{split} PCA"))
        _write_blocks(folder / f"{split}2014_vgg16_fc7_pca.h5", len(part.rows), reduced)
    _write_recipe(reduced_file, made_by, mean=mean, components=components)
    return kept


def _write_recipe(path, made_by, **pca):
    """Add to a file of features which network they are of, and the PCA that reduced them."""
    with h5py.File(path, "r+") as file:
        if made_by is not None:
            file.attrs["made_by"] = made_by
        for name, array in pca.items():
            file.create_dataset(name, data=array.astype(np.float32))


def _write_regions(folder, splits):
    for split, part in splits.items():
        blocks = part.blocks(f"{split} regions", part.pictures.regions)
        _write_blocks(folder / f"{split}2014_regions.h5", len(part.rows), blocks, "regions")


def _write_blocks(path, rows, blocks, name="features"):
    with h5py.File(path, "w") as file:
        stored, start = None, 0
        for block in blocks:
            if stored is None:
                stored = file.create_dataset(name, (rows, *block.shape[1:]), np.float32)
            stored[start : start + len(block)] = block
            start += len(block)


def fit_pca(blocks, width):
    """Fit a principal component analysis to rows that come in blocks.

    Args:
        blocks: function of a description that yields the rows in blocks (n, D).
        width: number of components K, less than D.

    Returns:
        mean: mean of the rows (D,).
        components: eigenvectors (D, K) of the covariance that have the largest eigenvalues, as
            columns. The entry of largest magnitude is positive, so that the signs, which the
            mathematics leaves open, are the same on each machine.
        kept: share of the variance that these components have.
    """
    count, shift, total, products = 0, None, 0.0, 0.0
    for block in blocks("fitting PCA"):
        # Deviations from a rough mean: far from zero, the difference below would lose digits.
        shift = block.mean(axis=0, dtype=np.float64) if shift is None else shift
        deviations = block - shift  # (n, D) float64
        count += len(block)
        total = total + deviations.sum(axis=0)
        products = products + deviations.T @ deviations  # (D, D)
    offset = total / count
    covariance = products / count - np.outer(offset, offset)
    variances, vectors = np.linalg.eigh(covariance)  # smallest first
    components = vectors[:, ::-1][:, :width]
    largest = np.abs(components).argmax(axis=0)
    components = components * np.sign(components[largest, np.arange(width)])
    kept = variances[::-1][:width].sum() / max(np.trace(covariance), np.finfo(float).tiny)
    return shift + offset, components, float(min(kept, 1.0))


# ---- The command --------------------------------------------------------------------------------


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.build_dataset", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__, epilog="To use the data set: load_coco_data('my_set'), or set the "
        "environment variable CS231N_DATASET to my_set.")
    parser.add_argument("--captions", metavar="FILE", type=Path, required=True,
                        help="captions, in COCO's annotation format or another that is known")
    parser.add_argument("--features", metavar="FILE", type=Path, required=True,
                        help="features (images, D), .npy or .h5")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True,
                        help="folder that will hold the data set")
    parser.add_argument("--val-captions", metavar="FILE", type=Path,
                        help="captions of the validation split, together with --val-features")
    parser.add_argument("--val-features", metavar="FILE", type=Path,
                        help="features of the validation split")
    parser.add_argument("--val-fraction", metavar="F", type=float, default=None,
                        help="without these two: share of the images that are drawn for validation "
                        "(default: the split that the captions file names, else 0.1)")
    parser.add_argument("--seed", type=int, default=231, help="of that draw (default: 231)")
    parser.add_argument("--vocab", metavar="FILE", type=Path,
                        help="vocabulary to use, such as the official coco2014_vocab.json")
    parser.add_argument("--vocab-size", metavar="N", type=int, default=1000,
                        help="words of a new vocabulary, besides the four special tokens; rarer "
                        "words become <UNK> (default: 1000)")
    parser.add_argument("--pca", metavar="K", type=int, default=512,
                        help="width of the reduced features (default: 512)")
    parser.add_argument("--regions", metavar="FILE", type=Path,
                        help="features of regions (images, S, D), .npy or .h5, for captioners with "
                        "attention")
    parser.add_argument("--val-regions", metavar="FILE", type=Path,
                        help="those of the validation split")
    options = parser.parse_args(arguments)
    if (options.val_captions is None) != (options.val_features is None):
        parser.error("--val-captions and --val-features go together")
    if (options.val_regions is not None) != (options.regions is not None
                                             and options.val_captions is not None):
        parser.error("--val-regions goes together with --regions and --val-captions")
    if options.val_captions is not None and options.val_fraction is not None:
        parser.error("--val-fraction has no use where --val-captions is given")
    if options.vocab_size < 1 or options.pca < 1 or options.seed < 0:
        parser.error("--vocab-size and --pca must be at least 1, --seed at least 0")
    return options


def _report(figures, out):
    for split in SPLITS:
        given, kept = figures[f"{split}_given"], figures[f"{split}_captions"]
        print(f"{split}: {kept:,} of {given:,} captions kept ({kept / given:.1%}), "
              f"{figures[f'{split}_words']:.1f} words on average, "
              f"{figures[f'{split}_unknown']:.1%} of them <UNK>")
    if figures["without_features"]:
        print(f"{figures['without_features']:,} captions left out: no features of their pictures")
    if figures["in_no_split"]:
        print(f"{figures['in_no_split']:,} pictures left out: they are for testing")
    print(f"vocabulary: {figures['vocabulary']:,} words with the four special tokens")
    print(f"PCA: {figures['variance_kept']:.1%} of the variance kept")
    for remark in figures["remarks"]:
        print(f"Note: {remark}")
    print(f"Done: {out}")


def main(arguments=None):
    options = _parse(arguments)
    try:
        figures = build_dataset(**vars(options))
    except (DatasetError, OSError, ValueError) as error:
        print(f"build_dataset: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("build_dataset: interrupted, nothing was written", file=sys.stderr)
        return 130
    _report(figures, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
