"""Data sets of one's own captions and features, and the principal component analysis in them."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from cs231n import build_dataset as module
from cs231n.build_dataset import DatasetError, build_dataset, fit_pca, main
from cs231n.coco_utils import decode_captions, load_coco_data

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "tests" / "data"

TEXTS = ["A cat, on the grass!", "The cat sat.", "A dog on sand", "a DOG"]


def write_captions(path, images=40, texts=TEXTS, change=None):
    content = {
        "images": [{"id": 100 + 3 * i, "file_name": f"COCO_val2014_{i:012d}.jpg",
                    "flickr_url": f"http://flickr.invalid/{i}.jpg"} for i in range(images)],
        "annotations": [{"image_id": 100 + 3 * i, "id": 9000 + i, "caption": text}
                        for i in range(images) for text in texts],
    }
    if change is not None:
        change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def captions(tmp_path):
    return write_captions(tmp_path / "captions.json")


@pytest.fixture
def array():
    """Features (40, 12) whose last entry is the number of the picture."""
    array = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
    array[:, -1] = np.arange(40)
    return array


@pytest.fixture
def features(tmp_path, array):
    np.save(tmp_path / "features.npy", array)
    return tmp_path / "features.npy"


def content_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# ---- What comes out -----------------------------------------------------------------------------


def test_the_official_layout(captions, features, tmp_path):
    build_dataset(captions, features, tmp_path / "out", val_fraction=0.25, pca=5)
    assert set(content_of(tmp_path / "out")) == {
        "coco2014_captions.h5", "coco2014_vocab.json",
        *(f"{split}2014_{end}" for split in ("train", "val")
          for end in ("vgg16_fc7.h5", "vgg16_fc7_pca.h5", "urls.txt", "images.txt"))}
    data = load_coco_data(tmp_path / "out")
    assert data["train_captions"].shape == (120, 17) and data["val_captions"].shape == (40, 17)
    assert data["train_features"].shape == (30, 5) and data["val_features"].shape == (10, 5)
    assert load_coco_data(tmp_path / "out", pca_features=False)["val_features"].shape == (10, 12)


@pytest.mark.parametrize("block", [1, 24, 10**6])
def test_captions_features_addresses_and_names_stay_together(
        captions, features, tmp_path, monkeypatch, array, block):
    monkeypatch.setattr(module, "BLOCK_ENTRIES", block)
    annotations = json.loads(captions.read_text(encoding="utf-8"))
    for annotation in annotations["annotations"]:  # each caption says which picture it is of
        annotation["caption"] = f"picture {(annotation['image_id'] - 100) // 3}"
    captions.write_text(json.dumps(annotations), encoding="utf-8")
    out = tmp_path / "out"
    build_dataset(captions, features, out, val_fraction=0.3, pca=5)
    data = load_coco_data(out, pca_features=False)
    seen = set()
    for split in ("train", "val"):
        names = (out / f"{split}2014_images.txt").read_text(encoding="utf-8").split()
        decoded = decode_captions(data[f"{split}_captions"], data["idx_to_word"])
        for row, caption in zip(data[f"{split}_image_idxs"], decoded):
            number = int(data[f"{split}_features"][row, -1])
            if split == "train" or "<UNK>" not in caption:
                assert caption == f"<START> picture {number} <END>"
            assert data[f"{split}_urls"][row] == f"http://flickr.invalid/{number}.jpg"
            assert names[row] == f"COCO_val2014_{number:012d}.jpg"
            np.testing.assert_array_equal(data[f"{split}_features"][row], array[number])
            assert (number, "train" if split == "val" else "val") not in seen  # in one split only
            seen.add((number, split))
    assert len(seen) == 40


def test_two_pairs_of_files_become_the_two_splits(captions, features, tmp_path, array):
    val_captions = write_captions(tmp_path / "val.json", 7, ["An unseen word", "a cat"])
    with h5py.File(tmp_path / "val.h5", "w") as file:
        file["features"] = array[:7].astype(np.float64)
    build_dataset(captions, features, tmp_path / "out", val_captions=val_captions,
                  val_features=tmp_path / "val.h5")
    data = load_coco_data(tmp_path / "out")
    np.testing.assert_array_equal(data["train_features"], array)
    np.testing.assert_array_equal(data["val_features"], array[:7])
    # Words of the validation captions are no part of the vocabulary.
    assert decode_captions(data["val_captions"][:2], data["idx_to_word"]) == [
        "<START> <UNK> <UNK> <UNK> <END>", "<START> a cat <END>"]


def test_the_same_input_gives_the_same_bytes(captions, features, tmp_path):
    for name in ("one", "two"):
        build_dataset(captions, features, tmp_path / name, pca=5)
    assert content_of(tmp_path / "one") == content_of(tmp_path / "two")
    build_dataset(captions, features, tmp_path / "three", pca=5, seed=1)
    assert content_of(tmp_path / "one") != content_of(tmp_path / "three")


def test_words_by_falling_frequency(captions, features, tmp_path):
    build_dataset(captions, features, tmp_path / "out")
    idx_to_word = load_coco_data(tmp_path / "out")["idx_to_word"]
    assert idx_to_word[:4] == ["<NULL>", "<START>", "<END>", "<UNK>"]
    assert idx_to_word[4:] == ["a", "cat", "dog", "on", "the", "grass", "sand", "sat"]


def test_rare_words_become_unknown(captions, features, tmp_path):
    figures = build_dataset(captions, features, tmp_path / "out", vocab_size=5)
    data = load_coco_data(tmp_path / "out")
    assert len(data["idx_to_word"]) == 9
    decoded = decode_captions(data["train_captions"][:4], data["idx_to_word"])
    assert decoded[1] == "<START> the cat <UNK> <END>"
    assert figures["train_unknown"] == pytest.approx(3 / 14)


def test_captions_of_no_word_or_more_than_fifteen_are_dropped(features, tmp_path):
    captions = write_captions(tmp_path / "c.json", texts=["...", "w " * 15, "w " * 16])
    figures = build_dataset(captions, features, tmp_path / "out")
    assert (figures["train_captions"], figures["train_given"]) == (36, 108)
    assert np.all(load_coco_data(tmp_path / "out")["train_captions"][:, 16] == 2)


def test_narrow_features_are_taken_as_they_are(captions, features, tmp_path, array):
    build_dataset(captions, features, tmp_path / "out", val_fraction=0.5, pca=12)
    data = load_coco_data(tmp_path / "out")
    assert {tuple(row) for row in data["train_features"]} < {tuple(row) for row in array}
    with pytest.raises(FileNotFoundError, match="no 4096-wide features. Use pca_features=True"):
        load_coco_data(tmp_path / "out", pca_features=False)


def test_image_ids_say_which_row_is_which(captions, tmp_path, array, capsys):
    """Rows in another order than the images, and some of them only."""
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["features"] = array[::-2]
        file["image_ids"] = 100 + 3 * np.arange(40)[::-2]
    assert main(["--captions", str(captions), "--features", str(tmp_path / "f.h5"),
                 "--out", str(tmp_path / "out")]) == 0
    assert "80 captions left out: no features of their pictures" in capsys.readouterr().out
    data = load_coco_data(tmp_path / "out")
    for row, url in zip(data["train_features"], data["train_urls"]):
        assert url == f"http://flickr.invalid/{int(row[-1])}.jpg"


@pytest.mark.parametrize("ids", [
    lambda ids: ids.astype("S"),  # texts, as bytes
    lambda ids: [f"{i:012d}" for i in ids],
    lambda ids: ids[:, None].astype(float),
    lambda ids: ids.astype(np.uint16)])
def test_image_ids_in_other_spellings(captions, tmp_path, array, ids):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["features"] = array[::-1]
        file["image_ids"] = ids(100 + 3 * np.arange(40)[::-1])
    build_dataset(captions, tmp_path / "f.h5", tmp_path / "out")
    data = load_coco_data(tmp_path / "out")
    for row, url in zip(data["train_features"], data["train_urls"]):
        assert url == f"http://flickr.invalid/{int(row[-1])}.jpg"


def test_addresses_and_names_of_later_editions(features, tmp_path):
    def later(content):
        for image in content["images"]:
            image["file_name"] = f"{image['id']:012d}.jpg"
            image["coco_url"] = f"http://images.cocodataset.org/val2017/{image['file_name']}"
            del image["flickr_url"]

    captions = write_captions(tmp_path / "c.json", change=later)
    build_dataset(captions, features, tmp_path / "out")
    first = (tmp_path / "out" / "train2014_images.txt").read_text(encoding="utf-8").split()[0]
    assert first == "val2017/000000000100.jpg"
    assert load_coco_data(tmp_path / "out")["train_urls"][0].endswith("org/" + first)


def test_real_annotations(tmp_path):
    np.save(tmp_path / "f.npy", np.random.default_rng(0).normal(size=(12, 8)))
    out = tmp_path / "out"
    figures = build_dataset(DATA / "coco_annotations.json", tmp_path / "f.npy", out,
                            val_fraction=0.5)
    assert figures["train_given"] + figures["val_given"] == 60
    assert figures["train_captions"] + figures["val_captions"] == 57  # three are too long
    assert figures["remarks"] == []
    data = load_coco_data(out)
    images = json.loads((DATA / "coco_annotations.json").read_text(encoding="utf-8"))["images"]
    assert {*data["train_urls"], *data["val_urls"]} == {image["flickr_url"] for image in images}
    names = (out / "train2014_images.txt").read_text(encoding="utf-8").split()
    assert len(names) == 6 and all(name.startswith("val2017/000000") for name in names)


# ---- Principal component analysis ---------------------------------------------------------------


def reference_pca(rows, width):
    """By the singular value decomposition of the centred rows, another way to the same vectors."""
    centred = rows - rows.mean(axis=0)
    _, lengths, vectors = np.linalg.svd(centred, full_matrices=False)
    return vectors[:width].T, np.sum(lengths[:width] ** 2) / np.sum(lengths**2)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_pca_in_blocks_is_that_of_the_whole(offset):
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(300, 9)) * np.arange(1, 10) + offset
    mean, components, kept = fit_pca(lambda what: np.array_split(rows, 7), 4)
    expected, expected_kept = reference_pca(rows, 4)
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(np.abs(components), np.abs(expected), atol=1e-7)
    assert kept == pytest.approx(expected_kept)
    assert np.all(components[np.abs(components).argmax(axis=0), np.arange(4)] > 0)


def test_pca_is_fitted_on_training_rows_only(captions, features, tmp_path, array):
    val = write_captions(tmp_path / "val.json", 7)
    for scale in (1.0, 1000.0):
        np.save(tmp_path / "val.npy", scale * array[:7])
        build_dataset(captions, features, tmp_path / f"out{scale}", val_captions=val,
                      val_features=tmp_path / "val.npy", pca=5)
    one, other = (load_coco_data(tmp_path / f"out{scale}") for scale in (1.0, 1000.0))
    np.testing.assert_array_equal(one["train_features"], other["train_features"])
    centred = array - array.mean(axis=0, dtype=np.float64)
    components, _ = reference_pca(centred, 5)
    expected = np.abs(centred @ components)
    np.testing.assert_allclose(np.abs(one["train_features"]), expected, atol=1e-4)
    # The validation rows are moved and turned in the same way.
    np.testing.assert_allclose(one["val_features"], one["train_features"][:7], atol=1e-4)


# ---- What is refused ----------------------------------------------------------------------------


def drop(key):
    return lambda content: content.pop(key)


@pytest.mark.parametrize("change, message", [
    (drop("images"), "expected the lists images and annotations"),
    (drop("annotations"), "expected the lists images and annotations"),
    (lambda c: c["images"][3].pop("id"), "entry 3 of images has no id"),
    (lambda c: c["images"][3].update(id=100), "the image 100 occurs twice"),
    (lambda c: c["images"][3].update(file_name="", flickr_url=""), "image 109 has neither"),
    (lambda c: c["annotations"][5].pop("caption"), "entry 5 of annotations has no image_id and"),
    (lambda c: c["annotations"][5].update(caption=5), "entry 5 of annotations has no image_id and"),
    (lambda c: c["annotations"][5].update(image_id=1), "names the image 1, which is not among"),
    (lambda c: c["images"].append({"id": 1, "file_name": "x"}), "40 rows, but .* has 41 images"),
    (lambda c: [a.update(caption="!") for a in c["annotations"]], "has 1 to 15 words"),
])
def test_captions_that_are_refused(features, tmp_path, change, message):
    captions = write_captions(tmp_path / "c.json", change=change)
    with pytest.raises(DatasetError, match=message):
        build_dataset(captions, features, tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("array, message", [
    (np.zeros((40, 2, 2)), r"shape \(40, 2, 2\), expected numbers"),
    (np.zeros((0, 2)), "expected numbers"),
    (np.full((40, 2), "x"), "expected numbers"),
    (np.where(np.arange(80).reshape(40, 2) == 41, np.nan, 1), "row 20 holds a number that is not"),
    (np.zeros((39, 2)), "39 rows, but .* has 40 images"),
])
def test_features_that_are_refused(captions, tmp_path, array, message):
    np.save(tmp_path / "f.npy", array)
    with pytest.raises(DatasetError, match=message):
        build_dataset(captions, tmp_path / "f.npy", tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("arrays, message", [
    ({"other": np.zeros((40, 2))}, "has no array named features"),
    ({"features": np.zeros((40, 2)), "image_ids": np.arange(39)}, "40 rows of .*, 39 image_ids"),
    ({"features": np.zeros((2, 2)), "image_ids": [100, 5]}, "image_ids has the image 5, which"),
    ({"features": np.zeros((2, 2)), "image_ids": [100, 100]}, "image_ids has an image twice"),
    ({"features": np.zeros((2, 2)), "image_ids": ["a.jpg", "b.jpg"]},
     "has the image a.jpg, which .* lacks; its images are called 100, 103, 106 and so on"),
    ({"features": np.zeros((2, 2)), "image_ids": 5}, r"image_ids is .* shape \(\), expected one"),
    ({"features": np.zeros((2, 2)), "image_ids": np.zeros((1, 2))}, r"shape \(1, 2\), expected on"),
    ({"features": np.zeros((2, 2)), "image_ids": [1.5, 2]}, "row 0 of image_ids is no whole"),
    ({"features": np.zeros((2, 2)), "image_ids/a": 5}, "image_ids is a group, expected an array"),
    ({"features/a": np.zeros((2, 2))}, "features is a group, expected an array"),
    ({"features": 5.0}, r"features is float64 of shape \(\), expected numbers"),
    ({"features": h5py.Empty("f")}, "features is float32 of shape None, expected numbers"),
    ({"features": np.full((40, 2), 1e300)}, "row 0 holds a number that is not finite"),
])
def test_hdf5_features_that_are_refused(captions, tmp_path, arrays, message):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.update(arrays)
    with pytest.raises(DatasetError, match=message):
        build_dataset(captions, tmp_path / "f.h5", tmp_path / "out")


def test_a_filter_that_is_not_installed_is_named(captions, tmp_path, monkeypatch):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_dataset("features", data=np.zeros((40, 2)), compression="lzf")
    monkeypatch.setattr("h5py.h5z.filter_avail", lambda number: False)
    with pytest.raises(DatasetError, match="f.h5: features is compressed by the HDF5 filter 32000 "
                                           ".lzf., which is not installed here"):
        build_dataset(captions, tmp_path / "f.h5", tmp_path / "out")


@pytest.mark.parametrize("arguments, kind, message", [
    ({"vocab_size": 0}, ValueError, "vocab_size is 0, expected at least 1"),
    ({"pca": -1}, ValueError, "pca is -1, expected at least 1"),
    ({"pca": 2.5}, TypeError, "pca is 2.5, expected a whole number"),
    ({"seed": -1}, ValueError, "seed is -1, expected at least 0"),
    ({"val_fraction": float("nan")}, DatasetError, "val_fraction is nan, expected a number"),
])
def test_settings_that_are_refused(captions, features, tmp_path, arguments, kind, message):
    with pytest.raises(kind, match=message):
        build_dataset(captions, features, tmp_path / "out", **arguments)
    assert not list(tmp_path.glob("*out*"))


def test_a_users_own_folder_beside_it_is_not_deleted(captions, features, tmp_path):
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "my notes.txt").write_text("mine", encoding="utf-8")
    build_dataset(captions, features, tmp_path / "out")
    assert [path.name for path in (tmp_path / ".out.part").iterdir()] == ["my notes.txt"]
    assert sorted(path.name for path in tmp_path.glob("*out*")) == [".out.part", "out"]


def test_links(captions, features, tmp_path):
    try:
        (tmp_path / "link").symlink_to(tmp_path / "big disk" / "set")
        (tmp_path / "loop").symlink_to("loop")
    except OSError:
        pytest.skip("Windows lets not everyone make a link")
    (tmp_path / "big disk").mkdir()
    build_dataset(captions, features, tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "big disk" / "set").is_dir()
    with pytest.raises(DatasetError, match="loop is (a link that leads to itself|there already)"):
        build_dataset(captions, features, tmp_path / "loop")


def test_the_command_tells_what_is_unusual(features, tmp_path, capsys):
    captions = write_captions(tmp_path / "c.json", texts=["startseq a cat endseq"])
    assert main(["--captions", str(captions), "--features", str(features), "--out",
                 str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "Note: 40 of 40 captions hold the word " in told
    assert "Note: each picture has one caption only." in told


@pytest.mark.parametrize("fraction", [0, 1, 0.001])
def test_a_split_without_pictures_is_refused(captions, features, tmp_path, fraction):
    with pytest.raises(DatasetError, match="leaves one of the splits empty"):
        build_dataset(captions, features, tmp_path / "out", val_fraction=fraction)


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "cs231n.build_dataset", *map(str, arguments)],
                          cwd=REPOSITORY, capture_output=True, text=True, timeout=120)


def test_the_command(captions, features, tmp_path):
    done = run("--captions", captions, "--features", features, "--out", tmp_path / "my set",
               "--pca", 5)
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == ("train: 144 of 144 captions kept (100.0%), 3.5 words on average, "
                        "0.0% of them <UNK>")
    assert lines[-1] == f"Done: {tmp_path / 'my set'}"
    again = run("--captions", captions, "--features", features, "--out", tmp_path / "my set")
    assert again.returncode == 1
    assert again.stderr == (f"build_dataset: {tmp_path / 'my set'} is there already: name another "
                            "folder, or remove it\n")


def test_files_that_cannot_be_read_give_one_line(captions, features, tmp_path, capsys):
    broken = tmp_path / "broken.npy"
    broken.write_bytes(features.read_bytes()[:100])
    (tmp_path / "broken.h5").write_bytes(b"no HDF5")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "object.npy").write_bytes(b"")
    np.save(tmp_path / "object.npy", np.array([{}]), allow_pickle=True)
    for c, f, message in [
        (captions, broken, "broken.npy: cannot be read"),
        (captions, tmp_path / "broken.h5", "broken.h5: cannot be read"),
        (captions, tmp_path / "object.npy", "object.npy: cannot be read"),
        (captions, tmp_path / "f.mat", "expected a file that ends in .npy or .h5"),
        (captions, tmp_path / "nowhere.npy", "nowhere.npy"),
        (tmp_path / "nowhere.json", features, "nowhere.json"),
        (tmp_path / "broken.json", features, "not a JSON file"),
    ]:
        code = main(["--captions", str(c), "--features", str(f), "--out", str(tmp_path / "out")])
        error = capsys.readouterr().err
        assert code == 1 and message in error and error.count("\n") == 1


@pytest.mark.parametrize("arguments, message", [
    (["--val-captions", "x"], "--val-captions and --val-features go together"),
    (["--val-captions", "x", "--val-features", "y", "--val-fraction", "0.1"], "has no use"),
    (["--vocab-size", "0"], "must be at least 1"),
    (["--pca", "0"], "must be at least 1"),
])
def test_options_that_are_refused(captions, features, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(["--captions", str(captions), "--features", str(features), "--out",
              str(tmp_path / "out"), *arguments])
    assert stop.value.code == 2 and message in capsys.readouterr().err
