"""A tiny data set with every file of the official layout, for tests."""

import json

import h5py
import numpy as np

WORDS = ["<NULL>", "<START>", "<END>", "<UNK>", "a", "cat", "dog", "on", "grass", "sand"]
WIDTH, WIDE = 8, 32


def write(folder, train=12, val=6, captions_each=2, seed=0):
    """Write a data set of `train` and `val` pictures into `folder`, and return the folder."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {"idx_to_word": WORDS, "word_to_idx": {word: i for i, word in enumerate(WORDS)}}
    (folder / "coco2014_vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    with h5py.File(folder / "coco2014_captions.h5", "w") as file:
        for split, rows in (("train", train), ("val", val)):
            images = rng.integers(rows, size=rows * captions_each)
            file[f"{split}_captions"] = random_captions(len(images), rng)
            file[f"{split}_image_idxs"] = images.astype(np.int32)
    for split, rows in (("train", train), ("val", val)):
        for name, width in (("fc7_pca", WIDTH), ("fc7", WIDE)):
            with h5py.File(folder / f"{split}2014_vgg16_{name}.h5", "w") as file:
                file["features"] = rng.normal(size=(rows, width)).astype(np.float32)
        urls = [f"http://127.0.0.1:9/{split}/{i}.jpg" for i in range(rows)]
        names = [f"coco/images/{split}2014/COCO_{split}2014_{i:012d}.jpg" for i in range(rows)]
        write_lines(folder / f"{split}2014_urls.txt", urls)
        write_lines(folder / f"{split}2014_images.txt", names)
    return folder


def random_captions(count, rng, length=17):
    """Draw valid rows of word numbers (count, length): <START>, words, <END>, <NULL>."""
    captions = rng.integers(3, len(WORDS), size=(count, length)).astype(np.int32)
    captions[:, 0] = 1
    ends = rng.integers(3, length, size=count)
    captions[np.arange(count), ends] = 2
    captions[np.arange(length) > ends[:, None]] = 0
    return captions


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
