"""Features of photographs: VGG-16 and the command that extracts them."""

import contextlib
import json

import h5py
import numpy as np
import pytest
import vgg_files
from PIL import Image

from cs231n import extract_features
from cs231n.photographs import extraction
from cs231n.photographs.vgg16 import Vgg16
from cs231n.photographs.vgg16_weights import WeightsError, read_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    layers = vgg_files.random_layers()
    return [vgg_files.write_weights(folder / f"{naming}.h5", layers, naming)
            for naming in ("early", "later")]


def pixels(seed, shape=(60, 80, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(pixels(0)).save(folder / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels(1)).save(folder / "b_turned.jpg", exif=exif)
    Image.fromarray(pixels(2)).convert("L").save(folder / "c_grey.jpg")
    Image.fromarray(pixels(3)).convert("CMYK").save(folder / "d_cmyk.jpg")
    Image.fromarray(pixels(4, (60, 80)).astype(np.uint16) * 257).save(folder / "e_16bit.png")
    frames = [Image.fromarray(pixels(seed)) for seed in (5, 6)]
    frames[0].save(folder / "f_moving.gif", save_all=True, append_images=frames[1:])
    whole = (folder / "b_turned.jpg").read_bytes()
    (folder / "g_truncated.jpg").write_bytes(whole[: len(whole) // 2])
    return folder


def run(photos, out, weights, *more):
    return extract_features.main([str(photos), "--out", str(out), "--weights", str(weights),
                                  "--engine", "numpy", *more])


def test_both_namings_give_the_same(weights):
    early, later = map(Vgg16.from_file, weights)
    assert early.describe() == later.describe() and early.width == 16 and early.weights.side == 64
    x = early.prepare(pixels(0))
    assert np.array_equal(early.features([x]), later.features([x]))
    assert early.features([x]).max() > 0


def test_numpy_equals_pytorch(weights):
    pytest.importorskip("torch")
    from cs231n.photographs.networks_pytorch import Vgg16Pytorch

    ours = Vgg16.from_file(weights[0])
    theirs = Vgg16Pytorch(read_weights(weights[0]), device="cpu")
    pictures = [pixels(0), pixels(1, (90, 50, 3))]
    expected = theirs.features([theirs.prepare(picture) for picture in pictures])
    found = ours.features([ours.prepare(picture) for picture in pictures])
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_weights_that_do_not_fit(tmp_path):
    layers = vgg_files.random_layers()
    layers["fc2"] = (layers["fc2"][0][:-1], layers["fc2"][1])
    with pytest.raises(WeightsError, match="fc2 has the shape"):
        read_weights(vgg_files.write_weights(tmp_path / "w.h5", layers))
    (tmp_path / "text.h5").write_text("no", encoding="utf-8")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_weights(tmp_path / "text.h5")


def test_odd_pictures_give_features_or_a_sentence(photos, weights, tmp_path, capsys):
    assert run(photos, tmp_path / "x", weights[0]) == 0
    printed = capsys.readouterr().out
    assert "g_truncated.jpg: a damaged JPEG" in printed and "6 rows of 16" in printed
    with h5py.File(tmp_path / "x_vgg16_fc7.h5") as file:
        ids = file["image_ids"].asstr()[:].tolist()
        assert ids == sorted(path.name for path in photos.iterdir())[:6]
        assert file["features"].dtype == np.float32 and np.isfinite(file["features"][:]).all()
        assert json.loads(file.attrs["made_by"])["network"] == "vgg16"
        turned = file["features"][1]
    network = Vgg16.from_file(weights[0])
    upright = np.rot90(np.array(Image.open(photos / "b_turned.jpg")), -1)
    assert np.allclose(turned, network.features([network.prepare(upright)]), atol=1e-4)


def test_killed_at_ten_moments_it_ends_with_the_same_file(photos, weights, tmp_path, monkeypatch):
    monkeypatch.setattr(Vgg16, "part", 2)
    assert run(photos, tmp_path / "whole", weights[0]) == 0
    expected = (tmp_path / "whole_vgg16_fc7.h5").read_bytes()
    replacing, out = extraction.replacing, tmp_path / "x_vgg16_fc7.h5"

    class Killed(BaseException):
        pass

    for moment in range(10):  # while, or just after, one of the first five files is written
        count = iter(range(100))

        @contextlib.contextmanager
        def dying(path, moment=moment, count=count):
            mine = next(count) == moment // 2
            with replacing(path) as beside:
                yield beside
                if mine and moment % 2 == 0:
                    raise Killed
            if mine:
                raise Killed

        monkeypatch.setattr(extraction, "replacing", dying)
        with pytest.raises(Killed):
            run(photos, tmp_path / "x", weights[0])
        assert not out.exists()
        monkeypatch.setattr(extraction, "replacing", replacing)
        assert run(photos, tmp_path / "x", weights[0]) == 0
        assert out.read_bytes() == expected
        assert not extraction.parts_folder(out).exists()
        out.unlink()


def test_processes_share_the_work(photos, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Vgg16, "part", 2)
    assert run(photos, tmp_path / "alone", weights[0]) == 0
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        assert run(photos, tmp_path / "shared", weights[0]) == 0
    assert "Process 1 of 2 has done its part" in capsys.readouterr().out
    assert (tmp_path / "shared_vgg16_fc7.h5").read_bytes() == \
        (tmp_path / "alone_vgg16_fc7.h5").read_bytes()


def test_a_file_of_other_pictures_is_not_overwritten(photos, weights, tmp_path, capsys):
    assert run(photos, tmp_path / "x", weights[0]) == 0
    (photos / "a.png").unlink()
    assert run(photos, tmp_path / "x", weights[0]) == 1
    assert "made with other pictures" in capsys.readouterr().err
