"""The bundled data set: layout, tokens, truth, and what is held out."""

import gzip
import json
import re
from collections import Counter
from itertools import combinations

import h5py
import numpy as np
import pytest
from scenes_captions import bundled_captions

from cs231n.coco_utils import load_coco_data
from cs231n.scenes import (
    KINDS,
    SETTINGS,
    Scene,
    draw,
    extract_features,
    judge,
    load_scenes,
    repeated_content,
)
from cs231n.scenes.bundled import FOLDER
from cs231n.scenes.features import WIDTH, load_weights
from cs231n.scenes.names import ORNAMENTS
from cs231n.scenes.sampling import NEW_PAIRS, NEW_SETTINGS

PACKAGE_FILES = ("sprites.png", "sprites.json", "features.npz")
SIZES = {"train": 8000, "val": 1300}


@pytest.fixture(scope="module")
def captions():
    with h5py.File(FOLDER / "coco2014_captions.h5") as file:
        return {name: values[:] for name, values in file.items()}


@pytest.fixture(scope="module")
def words():
    return json.loads((FOLDER / "coco2014_vocab.json").read_text(encoding="utf-8"))["idx_to_word"]


# Layout


def test_files_have_the_official_names_shapes_and_dtypes(captions):
    assert set(captions) == {f"{split}_{what}" for split in SIZES
                             for what in ("captions", "image_idxs")}
    for split, size in SIZES.items():
        assert captions[f"{split}_captions"].shape == (5 * size, 17)
        assert captions[f"{split}_image_idxs"].shape == (5 * size,)
        assert captions[f"{split}_captions"].dtype == np.int32
        assert captions[f"{split}_image_idxs"].dtype == np.int32
        with h5py.File(FOLDER / f"{split}2014_vgg16_fc7_pca.h5") as file:
            assert list(file) == ["features"]
            assert file["features"].shape == (size, 512) and file["features"].dtype == np.float32


@pytest.mark.parametrize("split", SIZES)
def test_addresses_and_file_names_follow_the_rows(split):
    urls = (FOLDER / f"{split}2014_urls.txt").read_text(encoding="utf-8").splitlines()
    assert urls == [f"emoji-scenes://{split}/{i}" for i in range(SIZES[split])]
    images = (FOLDER / f"{split}2014_images.txt").read_text(encoding="utf-8").splitlines()
    assert len(set(images)) == SIZES[split] and all(name.endswith(".png") for name in images)


def test_every_picture_has_five_captions(captions):
    for split, size in SIZES.items():
        counts = np.bincount(captions[f"{split}_image_idxs"], minlength=size)
        assert (counts == 5).all() and len(counts) == size


def test_the_vocabulary_begins_with_the_special_tokens_and_falls_in_frequency(captions, words):
    vocabulary = json.loads((FOLDER / "coco2014_vocab.json").read_text(encoding="utf-8"))
    assert set(vocabulary) == {"idx_to_word", "word_to_idx"}
    assert words[:4] == ["<NULL>", "<START>", "<END>", "<UNK>"]
    assert vocabulary["word_to_idx"] == {word: i for i, word in enumerate(words)}
    assert 150 <= len(words) <= 250
    counts = np.bincount(captions["train_captions"].ravel(), minlength=len(words))[4:]
    assert (np.diff(counts) <= 0).all() and counts.min() >= 16


@pytest.mark.parametrize("split", SIZES)
def test_captions_follow_the_token_rules(captions, words, split):
    rows = captions[f"{split}_captions"]
    assert (rows[:, 0] == 1).all() and ((rows == 2).sum(axis=1) == 1).all()
    assert rows.min() == 0 and rows.max() < len(words)
    ends = (rows == 2).argmax(axis=1)
    after = np.arange(17) > ends[:, None]
    assert (rows[after] == 0).all() and (rows[~after] != 0).all()
    assert (rows[:, 1:] != 1).all()


def test_only_ornaments_are_unknown(captions, words):
    unknown = [" ".join(words[k] for k in row[1:] if k) for row in captions["train_captions"]
               if 3 in row]
    assert 100 < len(unknown) < 800
    for text in unknown:
        assert re.match(r"an? <UNK> (picture|photo|image) of ", text)
    assert not set(ORNAMENTS) & set(words)


def test_the_set_is_small():
    size = sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file())
    package = FOLDER.parents[1] / "cs231n" / "scenes"
    weights = (package / "features.npz").stat().st_size
    size += sum((package / name).stat().st_size for name in PACKAGE_FILES)
    assert size < 12e6 and weights < 3e6


def test_load_coco_data_reads_it():
    data = load_coco_data(FOLDER)
    assert data["train_features"].shape == (8000, 512) and data["val_urls"].shape == (1300,)
    assert data["train_urls"][17] == "emoji-scenes://train/17"


# Truth


@pytest.mark.parametrize("split", SIZES)
def test_every_caption_is_judged_true(split):
    captions = bundled_captions(split)
    assert len(captions) == 5 * SIZES[split]
    wrong = [(text, judgement.why) for text, scene in captions
             if not (judgement := judge(text, scene)).true]
    assert not wrong, wrong[:5]


def test_captions_are_varied():
    texts = [text for text, _ in bundled_captions("val")]
    assert len(set(texts)) > 0.85 * len(texts)
    lengths = Counter(len(text.split()) for text in texts)
    assert max(lengths) <= 15 and len(lengths) >= 12 and max(lengths.values()) < 0.25 * len(texts)
    for phrase in ("to the left of", "to the right of", "next to", "above", "below", "on top of",
                   "between", "there is", "there are", "in the sky", "a pair of", "a picture of"):
        assert any(phrase in text for text in texts), phrase


# Scenes


def test_scenes_are_stored_as_documented():
    with gzip.open(FOLDER / "scenes.json.gz", "rt", encoding="utf-8") as file:
        stored = json.load(file)
    assert {split: len(scenes) for split, scenes in stored.items()} == SIZES
    assert Scene.from_json(stored["val"][5]) == load_scenes("val")[5]


def test_the_list_of_scenes_is_the_callers_own():
    load_scenes("val").clear()
    assert len(load_scenes("val")) == 1300


def test_every_kind_and_setting_is_common_in_training():
    scenes = load_scenes("train")
    kinds = Counter(group.kind for scene in scenes for group in scene.groups)
    settings = Counter(scene.setting for scene in scenes)
    assert set(kinds) == set(KINDS) and min(kinds.values()) >= 60
    assert set(settings) == set(SETTINGS) and min(settings.values()) >= 800


def combined(scenes):
    """All pairs of kinds and all pairs of kind and setting in these scenes."""
    pairs, places = set(), set()
    for scene in scenes:
        kinds = [group.kind for group in scene.groups]
        pairs |= {frozenset(pair) for pair in combinations(kinds, 2)}
        places |= {(kind, scene.setting) for kind in kinds}
    return pairs, places


def test_held_out_combinations_are_absent_where_they_should_be():
    validation = load_scenes("val")
    ordinary = [scene for scene in validation if not scene.compositional]
    assert len(ordinary) == 1000 and not any(s.compositional for s in load_scenes("train"))
    for scenes in (load_scenes("train"), ordinary):
        pairs, places = combined(scenes)
        assert not pairs & NEW_PAIRS and not places & NEW_SETTINGS


def test_compositional_scenes_hold_what_training_never_shows():
    """Found from the scenes alone, not from the list of what is held out."""
    pairs, places = combined(load_scenes("train"))
    novelties = Counter()
    for scene in load_scenes("val"):
        new_pairs, new_places = (found - known for found, known in
                                 zip(combined([scene]), (pairs, places)))
        if scene.compositional:
            novelties[scene.novelty] += 1
            assert bool(new_pairs & NEW_PAIRS) == (scene.novelty == "new pair")
            assert bool(new_places) == (scene.novelty == "new setting")
    assert novelties == {"new pair": 150, "new setting": 150}


def test_repeated_content_compares_content_only():
    train = load_scenes("train")
    assert all(repeated_content(train[:50]))
    first = train[0]
    elsewhere = Scene(first.setting, first.groups, (first.look + 1) % 8)
    assert repeated_content([elsewhere]) == [True]
    assert not any(repeated_content(load_scenes("val")[1000:]))
    assert repeated_content([first], known=train[1:2]) == [first.content() == train[1].content()]


# Features


def test_extracted_features_equal_the_committed_ones():
    for split in SIZES:
        rows = np.arange(0, SIZES[split], 401)
        scenes = load_scenes(split)
        with h5py.File(FOLDER / f"{split}2014_vgg16_fc7_pca.h5") as file:
            committed = file["features"][:][rows]
        found = extract_features(np.array([draw(scenes[i]) for i in rows]))
        assert found.shape == committed.shape and found.dtype == np.float32
        assert np.abs(found - committed).max() < 1 / 64  # to which they are rounded


def test_features_have_the_documented_length():
    with h5py.File(FOLDER / "train2014_vgg16_fc7_pca.h5") as file:
        features = file["features"][:]
    assert np.isfinite(features).all()
    assert 14 < np.linalg.norm(features, axis=1).mean() < 18
    assert np.array_equal(features * 64, np.round(features * 64))


def test_a_batch_gives_what_its_pictures_give_one_by_one():
    pictures = np.array([draw(scene) for scene in load_scenes("val")[:20]])
    together = extract_features(pictures)
    alone = np.concatenate([extract_features(picture) for picture in pictures])
    assert np.allclose(together, alone, atol=1e-3)


def test_features_see_the_picture_and_not_the_wallpaper():
    """The same objects before another background are nearer than other objects."""
    dog, dog_again, cat = (extract_features(draw(Scene("grass", kind, look)))[0]
                           for kind, look in (("dog", 0), ("dog", 3), ("cat", 0)))
    assert np.linalg.norm(dog - dog_again) < 0.5 * np.linalg.norm(dog - cat)


@pytest.mark.parametrize("images", [
    np.zeros((2, 120, 160, 3)), np.zeros((2, 60, 80, 3), np.uint8),
    np.zeros((160, 120, 3), np.uint8), np.zeros((120, 160), np.uint8)])
def test_other_pictures_are_refused(images):
    with pytest.raises(ValueError, match="uint8"):
        extract_features(images)


def test_no_pictures_give_no_features():
    assert extract_features(np.zeros((0, 120, 160, 3), np.uint8)).shape == (0, WIDTH)


def test_weights_are_arrays_of_numbers_only():
    assert all(value.dtype == np.float32 for value in load_weights().values())
