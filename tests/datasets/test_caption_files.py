"""Captions files of all layouts that are handed around, ids, and what is unusual in captions."""

import json
from pathlib import Path

import numpy as np
import pytest

from cs231n.build_dataset import build_dataset
from cs231n.caption_files import DatasetError, read_captions, same_id
from cs231n.caption_remarks import remarks_on
from cs231n.coco_utils import load_coco_data

DATA = Path(__file__).resolve().parents[1] / "data"


def karpathy(count=6, **changes):
    splits = ["train", "restval", "val", "test", "train", "val"]
    return {"dataset": "coco", "images": [{
        "filepath": "val2014", "filename": f"COCO_val2014_{i:012d}.jpg", "imgid": i,
        "cocoid": 500 + i, "split": splits[i % 6], "sentids": [i],
        "sentences": [{"tokens": ["a", "cat", str(i)], "raw": f"A cat {i}.", "imgid": i}],
        **changes} for i in range(count)]}


@pytest.fixture
def write(tmp_path):
    def write(content, name="captions"):
        if not isinstance(content, (str, bytes)):
            content = json.dumps(content)
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


# ---- What is read -------------------------------------------------------------------------------


def test_coco():
    images, captions = read_captions(DATA / "coco_annotations.json")
    assert len(images) == 12 and len(captions) == 60
    first = next(iter(images.values()))
    assert first.id == "397133" and first.name == "val2017/000000397133.jpg"
    assert first.address.startswith("http://farm7.staticflickr.com/") and first.split is None
    assert captions[0] == ("397133", "A man is in a kitchen making pizzas.")


def test_karpathys_split_of_coco(write):
    images, captions = read_captions(write(karpathy()))
    assert list(images) == ["500", "501", "502", "503", "504", "505"]
    assert [image.split for image in images.values()] == ["train", "train", "val", "test", "train",
                                                          "val"]
    assert images["502"].address == \
        "http://images.cocodataset.org/val2014/COCO_val2014_000000000002.jpg"
    assert captions[2] == ("502", "A cat 2.")


def test_karpathys_split_of_flickr(write):
    content = karpathy()
    for image in content["images"]:
        del image["filepath"], image["cocoid"]
    images, captions = read_captions(write(content))
    image = images["COCO_val2014_000000000001.jpg"]
    assert image.address == image.name == image.id and captions[1][0] == image.id


def test_neuraltalk2(write):
    images, captions = read_captions(write([
        {"file_path": "train2014/a.jpg", "id": 7, "captions": ["A cat.", "The cat"]},
        {"file_path": "train2014/b.jpg", "captions": ["A dog."]}]))
    assert list(images) == ["7", "train2014/b.jpg"] and images["7"].name == "train2014/a.jpg"
    assert captions == [("7", "A cat."), ("7", "The cat"), ("train2014/b.jpg", "A dog.")]


TOKENS = "a.jpg#0\tA cat , sleeping .\na.jpg#1\tThe cat\nb.jpg.1#0\tA #1 dog\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_token_files_of_flickr8k(write, end):
    images, captions = read_captions(write(TOKENS.replace("\n", end)))
    assert list(images) == ["a.jpg", "b.jpg.1"]
    assert captions == [("a.jpg", "A cat , sleeping ."), ("a.jpg", "The cat"),
                        ("b.jpg.1", "A #1 dog")]


@pytest.mark.parametrize("text", [
    "image,caption\na.jpg,A cat\na.jpg,\"A cat, asleep\"\nb.jpg,A dog\n",
    "image,caption\r\na.jpg,A cat\r\na.jpg,A cat, asleep\r\n\r\nb.jpg,A dog",
    "image_name| comment_number| comment\na.jpg| 0| A cat\na.jpg| 1| A cat, asleep\nb.jpg| 0|A dog",
    "Caption\tFile_Name\nA cat\ta.jpg\nA cat, asleep\ta.jpg\nA dog\tb.jpg\n",
])
def test_tables(write, text):
    images, captions = read_captions(write(text))
    assert list(images) == ["a.jpg", "b.jpg"]
    assert captions == [("a.jpg", "A cat"), ("a.jpg", "A cat, asleep"), ("b.jpg", "A dog")]


@pytest.mark.parametrize("content", [
    (DATA / "coco_annotations.json").read_text(encoding="utf-8"), TOKENS,
    "image,caption\na.jpg,A cat\n"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_no_harm(write, content, encoding):
    assert read_captions(write(content.encode(encoding))) == read_captions(write(content, "plain"))


# ---- What is answered with what to do -----------------------------------------------------------


@pytest.mark.parametrize("content, message", [
    ({"ix_to_word": {"1": "a"}, "images": [{"split": "train", "file_path": "a", "id": 1}]},
     "neuraltalk2's prepro.py has made; .* Give the file that went into prepro.py"),
    ([{"image_id": 5, "caption": "a cat"}], "without images, as a captioner's results"),
    ([{"captions": ["a"]}], "entry 0 has no file_path and list of captions"),
    ([{"file_path": "a", "captions": [5]}], "entry 0 has a caption that is no text"),
    ([], "an empty list"),
    (karpathy(split="dev"), "entry 0 of images has the split 'dev', expected one of train"),
    (karpathy(filename=""), "entry 0 of images has no filename"),
    (karpathy(sentences=[5]), "entry 0 of images has no filename, or no sentences"),
    (karpathy(cocoid=7), "the image 7 occurs twice"),
    ({"images": [{"id": 1, "file_name": "a"}, {"id": "01", "file_name": "b"}],
      "annotations": [{"image_id": 1, "caption": "a"}]}, "the image 1 occurs twice"),
    ({"images": {}, "annotations": []}, "expected the lists images and annotations"),
    ("[" * 100_000, "not a JSON file"),
    ("{", "not a JSON file"),
    (b"\xff\x00\xfe", "not a text file in UTF-8; expected captions as COCO"),
    ("", "expected captions as COCO"),
    ("1000268201_693b08cb0e.jpg\n1001773457_577c3a7d70.jpg\n", "expected captions as COCO"),
    ("a.jpg#0\tA cat\nb.jpg A dog\n", "line 2: expected the name of a picture, #, a number"),
    ("image,caption\na.jpg\n", "line 2: expected the 2 columns image, caption, all filled in"),
    ("image,caption\n,A cat\n", "line 2: expected the 2 columns"),
    ("image,caption\n", "a head and no captions"),
])
def test_what_cannot_be_read_gets_one_sentence(write, content, message):
    with pytest.raises(DatasetError, match=message) as problem:
        read_captions(write(content))
    assert "captions: " in str(problem.value) and "\n" not in str(problem.value)


# ---- Ids ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [7, 7.0, "7", " 7 ", "007", b"7", np.int64(7).item()])
def test_the_same_id_in_all_its_spellings(value):
    assert same_id(value) == "7"


@pytest.mark.parametrize("value", [None, True, 7.5, float("nan"), float("inf"), "", " ", [], {}])
def test_what_is_no_id(value):
    assert same_id(value) is None


def test_other_ids_stay_as_they_are():
    assert [same_id(value) for value in ("a.jpg", "0", -3, b"\xc3\xa9")] == ["a.jpg", "0", "-3",
                                                                            "\u00e9"]


# ---- A data set of it ---------------------------------------------------------------------------


def test_the_split_of_the_file_is_used(write, tmp_path):
    np.save(tmp_path / "f.npy", np.arange(12.0).reshape(6, 2))
    figures = build_dataset(write(karpathy()), tmp_path / "f.npy", tmp_path / "out")
    assert figures["in_no_split"] == 1  # for testing
    data = load_coco_data(tmp_path / "out")
    np.testing.assert_array_equal(data["train_features"][:, 0], [0, 2, 8])
    np.testing.assert_array_equal(data["val_features"][:, 0], [4, 10])
    drawn = build_dataset(write(karpathy()), tmp_path / "f.npy", tmp_path / "drawn",
                          val_fraction=0.5)
    assert drawn["in_no_split"] == 0
    assert len(load_coco_data(tmp_path / "drawn")["val_features"]) == 3


def test_a_data_set_of_a_token_file(write, tmp_path):
    np.save(tmp_path / "f.npy", np.eye(2))
    build_dataset(write(TOKENS), tmp_path / "f.npy", tmp_path / "out", val_fraction=0.5)
    data = load_coco_data(tmp_path / "out")
    assert sorted([*data["train_urls"], *data["val_urls"]]) == ["a.jpg", "b.jpg.1"]


# ---- What is unusual ----------------------------------------------------------------------------

USUAL = [(1, "A cat on the grass."), (1, "<START> a <UNK> cat <END>"), (2, "Un caf\u00e9")]


@pytest.mark.parametrize("captions, remark", [
    ([(1, "<start> a cat <end>"), (1, "a cat")], "1 of 2 captions hold the word <end>"),
    ([(1, "startseq a cat"), (1, "a cat")], "1 of 2 captions hold the word startseq"),
    ([(1, "a <unk> cat"), (1, "<unk> cat")], "2 of 2 captions hold the word <unk>"),
    ([(1, "\u4e00\u53ea\u732b\u5750\u5728\u8349\u5730\u4e0a"), (1, "a")] * 2
     + [(1, "\u4e00\u53ea\u732b\u5750\u5728\u8349\u5730\u4e0a")], "3 of 5 captions are in a lang"),
    ([(1, "\u0e41\u0e21\u0e27\u0e19\u0e31\u0e48\u0e07\u0e2d\u0e22\u0e39\u0e48\u0e1a\u0e19"
          "\u0e2b\u0e0d\u0e49\u0e32")] * 2, "2 of 2 captions are in a language"),
    ([(1, "a cat"), (2, "a dog")], "each picture has one caption only"),
])
def test_what_is_unusual_is_told(captions, remark):
    remarks = remarks_on(captions)
    assert len(remarks) == 1 and remarks[0].startswith(remark)


@pytest.mark.parametrize("captions", [
    USUAL, [(1, "\u4e00\u53ea \u732b \u5750\u5728 \u8349\u5730 \u4e0a")] * 2,
    [(1, "\u0433\u0440\u043e\u043c\u0430\u0434\u043d\u0430\u044f")] * 2])
def test_what_is_usual_is_not(captions):
    assert remarks_on(captions) == []
