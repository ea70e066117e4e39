"""Loading a data set, minibatches, and captions to and from word numbers."""

import json
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import stand_in

from cs231n import coco_utils
from cs231n.coco_utils import (
    decode_captions,
    encode_captions,
    load_coco_data,
    sample_coco_minibatch,
    tokenize,
)

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "tests" / "data"

KEYS = ["train_captions", "train_image_idxs", "val_captions", "val_image_idxs", "train_features",
        "val_features", "idx_to_word", "word_to_idx", "train_urls", "val_urls"]


@pytest.fixture
def folder(tmp_path):
    return stand_in.write(tmp_path / "set")


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    """A `datasets/` folder of our own, with the bundled set in it and without COCO."""
    root = tmp_path / "datasets"
    monkeypatch.setattr(coco_utils, "DATASETS", root)
    monkeypatch.setattr(coco_utils, "COCO", root / "coco_captioning")
    monkeypatch.setattr(coco_utils, "EMOJI_SCENES", root / "emoji_scenes")
    monkeypatch.setattr(coco_utils, "_loaded_folder", None)
    monkeypatch.delenv("CS231N_DATASET", raising=False)
    stand_in.write(root / "emoji_scenes", train=5)
    return root


# ---- Loading ------------------------------------------------------------------------------------


def test_gives_the_entries_of_the_assignment_in_its_order(folder, capsys):
    data = load_coco_data(folder)
    assert list(data) == KEYS
    assert data["train_captions"].shape == (24, 17) and data["val_captions"].shape == (12, 17)
    assert data["train_features"].shape == (12, 8) and data["val_features"].shape == (6, 8)
    assert all(data[key].dtype == np.int32 for key in KEYS[:4])
    assert all(data[key].dtype == np.float32 for key in KEYS[4:6])
    assert data["train_urls"].shape == (12,) and data["train_urls"].dtype.kind == "U"
    assert data["idx_to_word"][data["word_to_idx"]["cat"]] == "cat"
    assert capsys.readouterr().out == ""  # who names a folder knows which one


def test_wide_features(folder):
    assert load_coco_data(folder, pca_features=False)["val_features"].shape == (6, 32)


def test_a_folder_may_be_given_as_text(folder):
    assert len(load_coco_data(str(folder))["train_urls"]) == 12


def test_max_train_draws_what_the_assignment_draws(folder):
    whole = load_coco_data(folder)
    np.random.seed(231)
    chosen = np.random.randint(24, size=7)
    after = np.random.rand()
    np.random.seed(231)
    data = load_coco_data(folder, max_train=7)
    assert np.random.rand() == after  # nothing else was drawn
    np.testing.assert_array_equal(data["train_captions"], whole["train_captions"][chosen])
    np.testing.assert_array_equal(data["train_image_idxs"], whole["train_image_idxs"][chosen])
    for key in ("train_features", "val_captions", "val_image_idxs", "train_urls"):
        np.testing.assert_array_equal(data[key], whole[key])


def test_without_max_train_nothing_is_drawn(folder):
    np.random.seed(1)
    expected = np.random.rand()
    np.random.seed(1)
    load_coco_data(folder)
    assert np.random.rand() == expected


@pytest.mark.parametrize("max_train", [0, -3])
def test_max_train_below_one_is_refused(folder, max_train):
    with pytest.raises(ValueError, match=f"max_train is {max_train}, expected at least 1"):
        load_coco_data(folder, max_train=max_train)


@pytest.mark.parametrize("max_train", [2.5, True, "50"])
def test_max_train_must_be_a_whole_number(folder, max_train):
    with pytest.raises(TypeError, match="max_train is .*, expected a whole number"):
        load_coco_data(folder, max_train=max_train)


# ---- Which data set -----------------------------------------------------------------------------


def test_the_bundled_set_is_the_default(datasets, capsys):
    assert len(load_coco_data()["train_urls"]) == 5
    assert capsys.readouterr().out == ("Data set: Emoji Scenes, which comes with the course. "
                                       "To get COCO, in the course's folder: "
                                       "bash datasets/get_datasets.sh\n")


def test_coco_is_preferred_where_it_is_whole(datasets, capsys):
    stand_in.write(datasets / "coco_captioning", train=9)
    assert len(load_coco_data()["train_urls"]) == 9
    assert capsys.readouterr().out == (
        "Data set: COCO, in datasets/coco_captioning. "
        "To use Emoji Scenes instead, set CS231N_DATASET=emoji_scenes.\n")


def test_half_a_coco_is_not_used_and_named(datasets, capsys):
    stand_in.write(datasets / "coco_captioning", train=9)
    (datasets / "coco_captioning" / "val2014_urls.txt").unlink()
    assert len(load_coco_data()["train_urls"]) == 5
    assert "(datasets/coco_captioning has no val2014_urls.txt)" in capsys.readouterr().out


def test_the_environment_names_a_folder_below_datasets(datasets, monkeypatch, capsys):
    stand_in.write(datasets / "coco_captioning", train=9)
    load_coco_data()
    monkeypatch.setenv("CS231N_DATASET", "emoji_scenes")
    assert len(load_coco_data()["train_urls"]) == 5
    # The line is the same as without the variable, since executed notebooks hold it.
    assert capsys.readouterr().out.splitlines()[1].endswith("get_datasets.sh")


def test_the_environment_names_any_folder(datasets, folder, monkeypatch, capsys):
    monkeypatch.setenv("CS231N_DATASET", str(folder))
    assert len(load_coco_data()["train_urls"]) == 12
    assert capsys.readouterr().out == "Data set: set, as CS231N_DATASET says.\n"
    assert coco_utils.current_folder() == folder


def test_the_environment_names_nothing(datasets, monkeypatch):
    monkeypatch.setenv("CS231N_DATASET", "coco_captionning")
    with pytest.raises(FileNotFoundError, match="CS231N_DATASET is 'coco_captionning', but there"):
        load_coco_data()


def test_pca_only_coco_says_how_to_get_the_rest(datasets):
    stand_in.write(datasets / "coco_captioning")
    for split in ("train", "val"):
        (datasets / "coco_captioning" / f"{split}2014_vgg16_fc7.h5").unlink()
    assert load_coco_data()["train_features"].shape == (12, 8)
    with pytest.raises(FileNotFoundError, match="get_datasets.sh` .without --pca-only"):
        load_coco_data(pca_features=False)


def test_the_bundled_set_says_that_it_has_no_wide_features(datasets):
    for split in ("train", "val"):
        (datasets / "emoji_scenes" / f"{split}2014_vgg16_fc7.h5").unlink()
    with pytest.raises(FileNotFoundError, match="512-wide features only: use pca_features=True"):
        load_coco_data(pca_features=False)


# ---- Damage: each test breaks one file, and the error has to name it ----------------------------


def rewrite(folder, file_name, name, change):
    """Replace an array of an HDF5 file by what `change` makes of it; None leaves it out."""
    with h5py.File(folder / file_name, "r+") as file:
        array = file[name][()]
        del file[name]
        if change is not None:
            file[name] = change(array)


def with_entry(value):
    def change(array):
        array = array.copy()
        array.flat[-1] = value
        return array

    return change


CAPTIONS, FEATURES = "coco2014_captions.h5", "val2014_vgg16_fc7_pca.h5"


@pytest.mark.parametrize("file_name, name, change, message", [
    (CAPTIONS, "val_captions", None, "no array 'val_captions' in it"),
    (CAPTIONS, "train_captions", with_entry(10), "holds the number 10, but there are 10 words"),
    (CAPTIONS, "train_captions", with_entry(-1), "holds the number -1, but there are 10 words"),
    (CAPTIONS, "train_captions", lambda a: a.astype(np.int64), "int64 .* 2 axes of int32"),
    (CAPTIONS, "train_captions", lambda a: a[:, 0], r"shape \(24,\), expected 2 axes"),
    (CAPTIONS, "train_captions", lambda a: a[:, :9], "of the two splits differ in length"),
    (CAPTIONS, "val_captions", lambda a: a[:3], "3 val_captions, but 12 val_image_idxs"),
    (CAPTIONS, "val_image_idxs", with_entry(6), "holds the number 6, but there are 6 rows of fea"),
    (CAPTIONS, "val_image_idxs", with_entry(-1), "holds the number -1"),
    (FEATURES, "features", None, "no array 'features' in it"),
    (FEATURES, "features", lambda a: a.astype(float), "float64 .*, expected 2 axes of float32"),
    (FEATURES, "features", lambda a: a[:0], "holds nothing"),
    (FEATURES, "features", with_entry(np.nan), "not all finite"),
    (FEATURES, "features", with_entry(np.inf), "not all finite"),
    (FEATURES, "features", lambda a: a[:, :3], "features are 3 wide, those for training are 8"),
])
def test_a_wrong_array_is_named(folder, file_name, name, change, message):
    rewrite(folder, file_name, name, change)
    with pytest.raises(ValueError, match=f"{file_name}: .*{message}.*build_dataset"):
        load_coco_data(folder)


def caption_row(*words):
    """Make the third row of the captions this one."""
    def change(array):
        array = array.copy()
        array[3] = [*words, *[0] * (17 - len(words))]
        return array

    return change


@pytest.mark.parametrize("row, problem", [
    ([], "is all <NULL>"),
    ([4, 5, 6, 2], "does not start with <START>"),
    ([2, 1, 4], "does not start with <START>"),
    ([1, 4, 5, 6], "has no <END>"),
    ([1] + 16 * [4], "has no <END>"),
    ([1, 4, 2, 5], "goes on after <END>"),
    ([1, 4, 2, 0, 2], "goes on after <END>"),
    ([1, 4, 0, 5, 2], "has <NULL> or <START> among its words"),
    ([1, 4, 1, 5, 2], "has <NULL> or <START> among its words"),
])
@pytest.mark.parametrize("split", ["train", "val"])
def test_captions_that_would_train_a_wrong_model_are_refused(folder, split, row, problem):
    rewrite(folder, CAPTIONS, f"{split}_captions", caption_row(*row))
    with pytest.raises(ValueError, match=f"row 3 of {split}_captions {problem} .1 of .*expected"):
        load_coco_data(folder)


def test_a_full_row_and_a_caption_of_no_word_are_fine(folder):
    rewrite(folder, CAPTIONS, "val_captions", caption_row(1, *15 * [4], 2))
    rewrite(folder, CAPTIONS, "train_captions", caption_row(1, 2))
    load_coco_data(folder)


def test_an_array_that_cannot_be_unpacked_names_file_and_filter(folder, monkeypatch):
    monkeypatch.setattr("h5py.h5z.filter_avail", lambda number: False)
    rewrite(folder, FEATURES, "features", lambda array: array)
    load_coco_data(folder)  # it is not compressed
    with h5py.File(folder / FEATURES, "r+") as file:
        array = file["features"][()]
        del file["features"]
        file.create_dataset("features", data=array, compression="gzip")
    with pytest.raises(ValueError, match=f"{FEATURES}: features is compressed by the HDF5 filter 1 "
                                         ".deflate., which is not installed here"):
        load_coco_data(folder)


def test_text_files_with_a_byte_order_mark_are_read(folder):
    expected = load_coco_data(folder)
    for name in ("coco2014_vocab.json", "train2014_urls.txt", "val2014_urls.txt"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes())
    data = load_coco_data(folder)
    assert data["idx_to_word"] == expected["idx_to_word"]
    np.testing.assert_array_equal(data["train_urls"], expected["train_urls"])


def test_rows_and_addresses_must_agree(folder):
    rewrite(folder, FEATURES, "features", lambda a: a[:4])
    with pytest.raises(ValueError, match="val2014_urls.txt: 6 addresses, but .* have 4 rows"):
        load_coco_data(folder)


@pytest.mark.parametrize("change, message", [
    (lambda v: v["idx_to_word"].append("bird"), "do not agree"),
    (lambda v: v["idx_to_word"].append("cat"), "do not agree|names a word twice"),
    (lambda v: v["idx_to_word"].append(["cat"]), "not a word"),
    (lambda v: v["word_to_idx"].update(cat=6), "do not agree"),
    (lambda v: v["idx_to_word"].reverse(), "words 0 to 3 are"),
    (lambda v: v.pop("word_to_idx"), "expected a list idx_to_word and"),
])
def test_a_wrong_vocabulary_is_named(folder, change, message):
    path = folder / "coco2014_vocab.json"
    vocabulary = json.loads(path.read_text(encoding="utf-8"))
    change(vocabulary)
    path.write_text(json.dumps(vocabulary), encoding="utf-8")
    with pytest.raises(ValueError, match=f"coco2014_vocab.json: .*{message}"):
        load_coco_data(folder)


@pytest.mark.parametrize("name", [
    "coco2014_captions.h5", "coco2014_vocab.json", "train2014_vgg16_fc7_pca.h5",
    "val2014_vgg16_fc7_pca.h5", "train2014_urls.txt", "val2014_urls.txt"])
def test_a_missing_or_damaged_file_is_named(folder, name):
    content = (folder / name).read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"\xff\xfe not what it was"):
        (folder / name).write_bytes(damaged)
        with pytest.raises(ValueError, match=f"{name}: .*To mend it, "):
            load_coco_data(folder)
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{name}: the file is missing. To mend it, "):
        load_coco_data(folder)


def test_advice_fits_the_data_set(datasets):
    (datasets / "emoji_scenes" / "coco2014_vocab.json").unlink()
    with pytest.raises(FileNotFoundError, match="git checkout -- datasets/emoji_scenes"):
        load_coco_data()
    stand_in.write(datasets / "coco_captioning")
    (datasets / "coco_captioning" / "coco2014_vocab.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="bash datasets/get_datasets.sh"):
        load_coco_data()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere"):
        load_coco_data(tmp_path / "nowhere")


# ---- Memory -------------------------------------------------------------------------------------

PEAK_SCRIPT = """
import sys, tracemalloc
import numpy as np
from cs231n.coco_utils import load_coco_data
load_coco_data(sys.argv[1])  # what h5py allocates once and keeps
tracemalloc.start()
data = load_coco_data(sys.argv[1], max_train=eval(sys.argv[2]), pca_features=sys.argv[3] == "pca")
arrays = sum(a.nbytes for a in data.values() if isinstance(a, np.ndarray))
print(tracemalloc.get_traced_memory()[1] / arrays)
"""


@pytest.mark.parametrize("max_train, width", [("None", "pca"), ("1000", "pca"), ("None", "wide")])
def test_memory_stays_close_to_what_is_returned(tmp_path, max_train, width):
    folder = stand_in.write(tmp_path / "set", train=4000, val=2000, captions_each=5)
    for split, rows in (("train", 4000), ("val", 2000)):
        for suffix, columns in (("_pca", 512), ("", 1024)):
            with h5py.File(folder / f"{split}2014_vgg16_fc7{suffix}.h5", "w") as file:
                file["features"] = np.zeros((rows, columns), np.float32)
    command = [sys.executable, "-c", PEAK_SCRIPT, str(folder), max_train, width]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert 1 <= float(done.stdout) <= 1.2


# ---- Minibatches --------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["train", "val"])
def test_minibatch_draws_what_the_assignment_draws(folder, split):
    data = load_coco_data(folder)
    np.random.seed(5)
    chosen = np.random.choice(len(data[f"{split}_captions"]), 4)
    after = np.random.rand()
    np.random.seed(5)
    captions, features, urls = sample_coco_minibatch(data, 4, split)
    assert np.random.rand() == after
    images = data[f"{split}_image_idxs"][chosen]
    np.testing.assert_array_equal(captions, data[f"{split}_captions"][chosen])
    np.testing.assert_array_equal(features, data[f"{split}_features"][images])
    np.testing.assert_array_equal(urls, data[f"{split}_urls"][images])


def test_minibatch_is_of_the_training_split_and_of_100_by_default(folder):
    captions, features, urls = sample_coco_minibatch(load_coco_data(folder))
    assert captions.shape == (100, 17) and features.shape == (100, 8) and urls.shape == (100,)
    assert "/train/" in urls[0]


@pytest.mark.parametrize("arguments, kind, message", [
    ({"split": "test"}, ValueError, "split is 'test', expected 'train' or 'val'"),
    ({"batch_size": 0}, ValueError, "batch_size is 0, expected at least 1"),
    ({"batch_size": 2.0}, TypeError, "batch_size is 2.0, expected a whole number"),
    ({"data": {}}, ValueError, "data has no 'train_captions'"),
])
def test_minibatch_refuses(folder, arguments, kind, message):
    arguments = {"data": load_coco_data(folder), **arguments}
    with pytest.raises(kind, match=message):
        sample_coco_minibatch(**arguments)


@pytest.mark.parametrize("row", [-1, 12])
def test_minibatch_refuses_rows_that_are_not_there(folder, row):
    data = load_coco_data(folder)
    data["train_image_idxs"] = np.full_like(data["train_image_idxs"], row)
    with pytest.raises(ValueError, match=f"data.'train_image_idxs'. holds the row {row}, but"):
        sample_coco_minibatch(data, 4)


# ---- Captions and word numbers ------------------------------------------------------------------

INDEX = {word: i for i, word in enumerate(stand_in.WORDS)}


def test_decode_one_and_many():
    rows = np.array([[1, 4, 5, 2, 0], [1, 0, 6, 7, 8]])
    assert decode_captions(rows[0], stand_in.WORDS) == "<START> a cat <END>"
    assert decode_captions(rows, stand_in.WORDS) == ["<START> a cat <END>",
                                                     "<START> dog on grass"]


def test_decode_stops_after_end():
    assert decode_captions(np.array([4, 2, 5, 5]), stand_in.WORDS) == "a <END>"


def test_decode_takes_the_dictionary_of_a_model_too():
    assert decode_captions([4, 5], dict(enumerate(stand_in.WORDS))) == "a cat"


@pytest.mark.parametrize("number", [-1, 10])
@pytest.mark.parametrize("kind", [list, lambda words: dict(enumerate(words))])
def test_decode_names_a_number_that_is_no_word(number, kind):
    with pytest.raises(ValueError, match=f"the word number {number}, but"):
        decode_captions(np.array([[4, number]]), kind(stand_in.WORDS))


def test_decode_refuses_scores():
    with pytest.raises(TypeError, match="dtype float64, expected integers"):
        decode_captions(np.zeros((2, 3)), stand_in.WORDS)
    with pytest.raises(ValueError, match=r"shape \(2, 3, 4\), expected"):
        decode_captions(np.zeros((2, 3, 4), int), stand_in.WORDS)


def test_encode_one_and_many():
    row = encode_captions("A cat, on the GRASS!", INDEX)
    assert row.dtype == np.int32
    np.testing.assert_array_equal(row, [1, 4, 5, 7, 3, 8, 2] + 10 * [0])
    np.testing.assert_array_equal(encode_captions(["a", "dog"], INDEX, 4),
                                  [[1, 4, 2, 0], [1, 6, 2, 0]])


def test_encode_is_the_inverse_of_decode():
    captions = stand_in.random_captions(200, np.random.default_rng(3))
    decoded = decode_captions(captions, stand_in.WORDS)
    np.testing.assert_array_equal(encode_captions(decoded, INDEX), captions)


def test_encode_refuses_what_does_not_fit():
    assert encode_captions(" ".join(15 * ["cat"]), INDEX)[-1] == INDEX["<END>"]
    with pytest.raises(ValueError, match="16 words in .* at most 15 fit"):
        encode_captions(" ".join(16 * ["cat"]), INDEX)
    with pytest.raises(ValueError, match="word_to_idx lacks <START>, <END>, <UNK>"):
        encode_captions("cat", {"<NULL>": 0, "cat": 2})


def test_tokenize():
    assert tokenize("A man's T-shirt: \"nice\" .") == ["a", "mans", "tshirt", "nice"]
    assert tokenize("<START> a <UNK> cat <END> <NULL>") == ["a", "<UNK>", "cat"]


@pytest.mark.parametrize("caption, words", [
    ("A man\u2019s \u201cbig\u201d hat", ["a", "mans", "big", "hat"]),
    ("cats\u2014and dogs \u2013 too", ["cats", "and", "dogs", "too"]),
    ("a T\u2011shirt, a T\u2010shirt", ["a", "tshirt", "a", "tshirt"]),
    ("\ufeffa\u200b cat\u200d\u2060", ["a", "cat"]),
    ("a\u00a0cat\u2026", ["a", "cat"]),
    ("\u00abun caf\u00e9\u00bb", ["un", "caf\u00e9"]),
    ("cafe\u0301", ["caf\u00e9"]),  # an accent of its own
    ("\u00bfun gato? \u732b\u3002", ["un", "gato", "\u732b"]),
    ("<START> a <UNK> caf\u00e9 <END>", ["a", "<UNK>", "caf\u00e9"]),
])
def test_tokenize_beyond_ascii(caption, words):
    assert tokenize(caption) == words


def test_real_captions():
    text = (DATA / "coco_annotations.json").read_text(encoding="utf-8")
    captions = [annotation["caption"] for annotation in json.loads(text)["annotations"]]
    assert len(captions) == 60
    # Another way to the words: letters and digits, with what lies within a word left out.
    expected = [re.sub(r"[^a-z0-9 ]", "", caption.lower()).split() for caption in captions]
    assert list(map(tokenize, captions)) == expected

    words = sorted({word for caption in expected for word in caption})
    idx_to_word = ["<NULL>", "<START>", "<END>", "<UNK>", *words[::2]]  # half of them are unknown
    word_to_idx = {word: i for i, word in enumerate(idx_to_word)}
    kept = [caption for caption in captions if len(tokenize(caption)) <= 15]
    assert len(kept) == 57
    rows = encode_captions(kept, word_to_idx)
    decoded = decode_captions(rows, idx_to_word)
    np.testing.assert_array_equal(encode_captions(decoded, word_to_idx), rows)
    for caption, text in zip(kept, decoded):
        words = [word if word in word_to_idx else "<UNK>" for word in tokenize(caption)]
        assert text == " ".join(["<START>", *words, "<END>"])
