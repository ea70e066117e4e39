"""Captions of pictures by a trained model: the command, its page, and what it refuses."""

import itertools
import re
import shlex
from pathlib import Path

import h5py
import numpy as np
import pytest
import tiny_run
import vgg_files
from PIL import Image

from cs231n import caption, train
from cs231n.build_dataset import _parse as parse_build
from cs231n.build_dataset import build_dataset
from cs231n.checkpoints import read_checkpoint, write_checkpoint
from cs231n.coco_utils import (
    EMOJI_SCENES,
    decode_captions,
    load_coco_data,
    regions_as_features,
)
from cs231n.decoding import best_captions, greedy, log_probability
from cs231n.extract_features import main as extract_features
from cs231n.extract_features import make_parser as make_extract_parser
from cs231n.metrics import plain
from cs231n.photographs.captioner import open_captioner
from cs231n.scenes import draw, load_scenes


def train_briefly(folder, data=EMOJI_SCENES, kind="vector"):
    path = folder / f"{kind}.npz"
    assert train.main([
        "--data", str(data), "--model", kind, "--hidden", "16", "--wordvec", "16", "--max-train",
        "200", "--batch-size", "20", "--epochs", "1", "--eval-every", "0", "--final-size", "0",
        "--learning-rate", "0.02", "--checkpoint", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return train_briefly(tmp_path_factory.mktemp("models"))


# ---- Emoji Scenes -------------------------------------------------------------------------------


def test_a_scene_gets_the_caption_of_its_features(checkpoint, tmp_path, capsys):
    picture = draw(load_scenes("val")[3])
    Image.fromarray(picture).save(tmp_path / "scene.png")
    assert caption.main(["emoji-scenes://val/3", str(tmp_path / "scene.png"), "--model",
                         str(checkpoint)]) == 0
    _, first, second = capsys.readouterr().out.splitlines()
    captioner, data = open_captioner(checkpoint), load_coco_data(EMOJI_SCENES)
    features = captioner.features_of(picture)
    assert np.abs(features - data["val_features"][3:4]).max() < 0.02 * np.abs(features).max()
    words = decode_captions(greedy(captioner.model, features, 17), data["idx_to_word"])
    assert first == f"emoji-scenes://val/3: {plain(words)[0]}"
    assert second == f"scene.png: {plain(words)[0]}"


@pytest.mark.parametrize("kind", ["attention", "transformer"])
def test_models_with_regions_read_regions(tmp_path, kind):
    captioner = open_captioner(train_briefly(tmp_path, kind=kind))
    data = regions_as_features(load_coco_data(EMOJI_SCENES, regions=True))
    features = captioner.features_of(draw(load_scenes("val")[5]))
    assert np.abs(features - data["val_features"][5:6]).max() < 0.2
    assert captioner.captions(draw(load_scenes("val")[5]), beams=2)


def test_a_scene_of_another_size_is_scaled(checkpoint):
    captioner, picture = open_captioner(checkpoint), draw(load_scenes("val")[3])
    large = picture.repeat(3, axis=0).repeat(3, axis=1)
    expected = captioner.features_of(picture)
    assert np.abs(captioner.features_of(large) - expected).max() < 0.1 * np.abs(expected).max()


def test_beams_and_a_page_that_needs_nothing_else(checkpoint, tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(draw(load_scenes("val")[4])).save(folder / "a&b.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    page = tmp_path / "page.html"
    assert caption.main([str(folder), "--model", str(checkpoint), "--beams", "3", "--html",
                         str(page)]) == 0
    printed = capsys.readouterr().out
    found = re.findall(r"^ +([\d.e+-]+) %  (.*)$", printed, re.MULTILINE)
    shares = [float(share) for share, _ in found]
    assert len(found) == 3 and shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100.1
    assert len({text for _, text in found}) == 3
    assert "broken.jpg: not read: a damaged JPEG" in printed
    text = page.read_text(encoding="utf-8")
    assert f'alt="{found[0][1]}"' in text and "a&amp;b.png" in text
    assert not re.search(r'(src|href)="(?!data:)', text)


def test_nothing_readable_is_an_error(checkpoint, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert caption.main([str(tmp_path), "--model", str(checkpoint)]) == 1
    assert "not read" in capsys.readouterr().out


def test_a_page_that_cannot_be_written_is_told_before_any_work(tmp_path, capsys):
    assert caption.main(["emoji-scenes://val/3", "--model", "nothing", "--html",
                         str(tmp_path / "no" / "page.html")]) == 1
    assert "in a folder that is there" in capsys.readouterr().err


# ---- Other data sets ----------------------------------------------------------------------------


def test_a_model_of_another_vocabulary_is_told_in_a_sentence(tmp_path, capsys):
    path = tmp_path / "run.npz"
    tiny_run.make_solver(tiny_run.make_model(), tiny_run.make_data(), num_epochs=1,
                         checkpoint_path=path).train()
    assert caption.main(["emoji-scenes://val/3", "--model", str(path)]) == 1
    assert "another vocabulary" in capsys.readouterr().err


def own_data_set(tmp_path, weights, pca):
    """A data set of ten pictures, built as docs/your_own_pictures.md says."""
    photos, scenes = tmp_path / "photos", load_scenes("train")[:10]
    photos.mkdir()
    lines = ["image,caption"]
    for i, scene in enumerate(scenes):
        Image.fromarray(draw(scene)).save(photos / f"{i}.png")
        lines += [f"{i}.png,a picture of the {scene.setting}", f"{i}.png,number {i % 3} here"]
    captions = tmp_path / "captions.csv"
    captions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert extract_features([str(photos), "--captions", str(captions), "--out",
                             str(tmp_path / "mine"), "--weights", str(weights),
                             "--engine", "numpy"]) == 0
    build_dataset(captions, tmp_path / "mine_vgg16_fc7.h5", tmp_path / "set", val_fraction=0.2,
                  pca=pca)
    return photos, tmp_path / "set"


@pytest.mark.parametrize("pca", [512, 4])
def test_from_pictures_to_captions_offline(tmp_path, capsys, pca):
    weights = vgg_files.write_weights(tmp_path / "narrow.h5", vgg_files.random_layers())
    photos, folder = own_data_set(tmp_path, weights, pca)
    checkpoint = train_briefly(tmp_path, folder)
    capsys.readouterr()
    assert caption.main([str(photos / "0.png"), "--model", str(checkpoint), "--weights",
                         str(weights)]) == 0
    assert re.search(r"^0.png: .+$", capsys.readouterr().out, re.MULTILINE)

    data = load_coco_data(folder)
    names = (folder / "train2014_images.txt").read_text(encoding="utf-8").split()
    captioner = open_captioner(checkpoint, weights=weights)
    picture = np.array(Image.open(photos / names[0]))
    expected = data["train_features"][:1]
    assert expected.shape[1] == min(pca, 16)
    assert np.allclose(captioner.features_of(picture), expected, atol=1e-3 * np.abs(expected).max())

    others = vgg_files.write_weights(tmp_path / "others.h5", vgg_files.random_layers(seed=1))
    assert caption.main([str(photos), "--model", str(checkpoint), "--weights", str(others)]) == 1
    assert "other weights" in capsys.readouterr().err
    with h5py.File(folder / "train2014_vgg16_fc7_pca.h5", "r+") as file:
        del file.attrs["made_by"]
    assert caption.main([str(photos), "--model", str(checkpoint)]) == 1
    assert "does not say how its features were made" in capsys.readouterr().err


def test_models_of_coco_say_what_is_missing(checkpoint, tmp_path, monkeypatch, capsys):
    """A stand-in: Emoji Scenes' vocabulary in the place of COCO's."""
    coco = tmp_path / "coco_captioning"
    coco.mkdir()
    name = "coco2014_vocab.json"
    (coco / name).write_bytes((EMOJI_SCENES / name).read_bytes())
    with h5py.File(coco / "train2014_vgg16_fc7_pca.h5", "w") as file:
        file["features"] = np.zeros((1, 512), np.float32)
    monkeypatch.setattr("cs231n.photographs.captioner.COCO", coco)
    content = read_checkpoint(checkpoint)
    content["notes"]["data"] = str(coco)
    write_checkpoint(tmp_path / "coco.npz", content)
    assert caption.main(["emoji-scenes://val/3", "--model", str(tmp_path / "coco.npz")]) == 1
    said = capsys.readouterr().err
    assert "weights nor that PCA come with the data set COCO" in said


# ---- The K best ---------------------------------------------------------------------------------


def test_a_wide_beam_finds_the_very_best_captions():
    model, features = tiny_run.make_model(), tiny_run.make_data()["val_features"][:2]
    end, null, V = model._end, model._null, len(tiny_run.WORDS)
    every = {tuple(list(words[:words.index(end) + 1]) + [null] * (2 - words.index(end)))
             if end in words else words for words in itertools.product(range(V), repeat=3)}
    every = np.array(sorted(every))
    captions, totals = best_captions(model, features, V * V, 3)
    for n in range(2):
        repeated = np.repeat(features[n:n + 1], len(every), axis=0)
        expected = log_probability(model, repeated, every)
        order = np.argsort(-expected)[:5]
        assert np.allclose(totals[n, :5], expected[order])
        assert np.array_equal(captions[n, :5], every[order])


def test_a_beam_of_one_is_greedy():
    model, features = tiny_run.make_model(), tiny_run.make_data()["val_features"]
    captions, _ = best_captions(model, features, 1, 6)
    assert np.array_equal(captions[:, 0], greedy(model, features, 6))


# ---- The document -------------------------------------------------------------------------------


def test_the_commands_of_the_document_are_understood():
    text = (Path(caption.__file__).parents[1] / "docs" / "your_own_pictures.md").read_text("utf-8")
    parsers = {"caption": caption.make_parser().parse_args, "train": train.make_parser().parse_args,
               "extract_features": make_extract_parser().parse_args, "build_dataset": parse_build}
    commands = re.findall(r"^python -m cs231n\.(\w+) (.+)$", text, re.MULTILINE)
    assert {name for name, _ in commands} == set(parsers)
    for name, arguments in commands:
        parsers[name](shlex.split(arguments))
