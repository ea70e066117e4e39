"""Features of regions: tied to the network and to the scenes; which regions an object covers."""

import h5py
import numpy as np
import pytest

from cs231n.coco_utils import load_coco_data, regions_as_features, sample_coco_minibatch
from cs231n.scenes import Group, Scene, draw, load_scenes
from cs231n.scenes.bundled import FOLDER
from cs231n.scenes.names import KINDS
from cs231n.scenes.regions import (
    NUM_REGIONS,
    extract_regions,
    regions_covered,
    scale_of,
    stepped_regions,
)

SIZES = {"train": 8000, "val": 1300}


@pytest.fixture(scope="module")
def data():
    return load_coco_data(base_dir=FOLDER, regions=True)


def stored(split, name="regions"):
    with h5py.File(FOLDER / f"{split}2014_regions.h5") as file:
        return file[name][()]


def test_files_have_the_documented_layout():
    for split, size in SIZES.items():
        regions = stored(split)
        assert regions.shape == (size, NUM_REGIONS, 61) and regions.dtype == np.uint8
        assert regions.max() <= 64
        mean, deviation = scale_of(stored("train"))
        np.testing.assert_allclose(stored(split, "mean"), mean, rtol=1e-6)
        np.testing.assert_allclose(stored(split, "deviation"), deviation, rtol=1e-6)
    assert sum((FOLDER / f"{s}2014_regions.h5").stat().st_size for s in SIZES) < 1_200_000


def test_committed_regions_are_what_the_network_gives():
    for split, size in SIZES.items():
        rows = np.arange(0, size, 401)
        scenes = load_scenes(split)
        found = stepped_regions(np.array([draw(scenes[i]) for i in rows]))
        difference = np.abs(found.astype(int) - stored(split)[rows])
        assert difference.max() <= 1 and (difference > 0).mean() < 0.001


def test_loaded_regions_are_what_is_extracted_from_a_picture(data):
    assert data["train_regions"].dtype == np.float32
    assert data["train_features"].shape == (8000, 512)
    np.testing.assert_allclose(data["train_regions"].mean(axis=(0, 1)), 0, atol=1e-4)
    assert data["train_regions"].std() == pytest.approx(1, abs=1e-3)
    picture = draw(load_scenes("val")[7])
    found = extract_regions(picture)
    assert found.shape == (1, NUM_REGIONS, 61) and found.dtype == np.float32
    np.testing.assert_allclose(found[0], data["val_regions"][7], atol=0.1)


def test_regions_take_the_place_of_features(data):
    looking = regions_as_features(data)
    assert looking["val_features"] is data["val_regions"]
    assert data["val_features"].shape == (1300, 512)
    _, features, _ = sample_coco_minibatch(looking, 5)
    assert features.shape == (5, NUM_REGIONS, 61)
    with pytest.raises(ValueError, match="regions=True"):
        regions_as_features(load_coco_data(base_dir=FOLDER))


def test_pictures_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="extract_regions: images must be uint8"):
        extract_regions(np.zeros((2, 60, 80, 3), np.uint8))
    assert extract_regions(np.zeros((0, 120, 160, 3), np.uint8)).shape == (0, NUM_REGIONS, 61)


def test_a_region_says_what_lies_on_it():
    scene = Scene("grass", [Group("dog", x=40, y=100), Group("car", x=120, y=100)])
    regions = stepped_regions(draw(scene))[0]
    for kind in ("dog", "car"):
        strongest = regions[:, list(KINDS).index(kind)].argmax()
        assert regions_covered(scene, kind)[strongest]


def test_regions_that_an_object_covers():
    scene = Scene("sea", Group("whale", x=80, y=100))
    covered = regions_covered(scene, "whale").reshape(4, 5)
    box = scene.groups[0].box()
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    assert (rows[0], rows[-1]) == (int(box.top // 30), int((box.bottom - 1) // 30))
    assert (columns[0], columns[-1]) == (int(box.left // 32), int((box.right - 1) // 32))
    assert not regions_covered(scene, "dog").any()


def test_several_objects_cover_what_each_covers():
    scene = Scene("grass", Group("dog", count=3, size="small", x=80, y=90))
    whole = regions_covered(scene, "dog").reshape(4, 5)
    assert whole.any() and whole.sum() < 20
    for box in scene.groups[0].boxes():
        assert whole[int((box.top + box.bottom) // 2 // 30), int(box.centre // 32)]


def test_every_named_object_of_the_set_covers_some_regions_and_seldom_most():
    shares = [regions_covered(scene, group.kind).mean()
              for scene in load_scenes("val")[:300] for group in scene.groups]
    assert min(shares) > 0 and 0.1 < np.mean(shares) < 0.35


def test_a_set_without_regions_says_how_to_make_them(tmp_path):
    for path in FOLDER.glob("*2014_*"):
        if "regions" not in path.name:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(FileNotFoundError, match="no features of regions.*--regions"):
        load_coco_data(base_dir=tmp_path, regions=True)
    regions = np.random.default_rng(0).normal(size=(8000, 3, 2)).astype(np.float32)
    for split, size in SIZES.items():
        with h5py.File(tmp_path / f"{split}2014_regions.h5", "w") as file:
            file["regions"] = regions[:size]
    assert load_coco_data(base_dir=tmp_path, regions=True)["val_regions"].shape == (1300, 3, 2)
    with h5py.File(tmp_path / "val2014_regions.h5", "w") as file:
        file["regions"] = regions[:7]
    with pytest.raises(ValueError, match="val2014_regions.h5: regions of 7 pictures"):
        load_coco_data(base_dir=tmp_path, regions=True)
