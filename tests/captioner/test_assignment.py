"""The public interface of the assignment: what its notebooks import, and how they call it."""

import importlib
import inspect

import numpy as np
import pytest

INTERFACE = {
    "cs231n.rnn_layers": {
        "affine_forward": "x, w, b",
        "affine_backward": "dout, cache",
        "rnn_step_forward": "x, prev_h, Wx, Wh, b",
        "rnn_step_backward": "dnext_h, cache",
        "rnn_forward": "x, h0, Wx, Wh, b",
        "rnn_backward": "dh, cache",
        "word_embedding_forward": "x, W",
        "word_embedding_backward": "dout, cache",
        "sigmoid": "x",
        "lstm_step_forward": "x, prev_h, prev_c, Wx, Wh, b",
        "lstm_step_backward": "dnext_h, dnext_c, cache",
        "lstm_forward": "x, h0, Wx, Wh, b",
        "lstm_backward": "dh, cache",
        "temporal_affine_forward": "x, w, b",
        "temporal_affine_backward": "dout, cache",
        "temporal_softmax_loss": "x, y, mask, verbose=False",
    },
    "cs231n.optim": {
        rule: "w, dw, config=None" for rule in ("sgd", "sgd_momentum", "rmsprop", "adam")
    },
    "cs231n.gradient_check": {
        "eval_numerical_gradient": "f, x, verbose=True, h=1e-05",
        "eval_numerical_gradient_array": "f, x, df, h=1e-05",
    },
    "cs231n.classifiers.rnn": {
        "CaptioningRNN": "word_to_idx, input_dim=512, wordvec_dim=128, hidden_dim=128, "
        "cell_type='rnn', dtype=<class 'numpy.float32'>",
        "CaptioningRNN.loss": "self, features, captions",
        "CaptioningRNN.sample": "self, features, max_length=30",
    },
    "cs231n.captioning_solver": {"CaptioningSolver.train": "self"},
    "cs231n.coco_utils": {
        "sample_coco_minibatch": "data, batch_size=100, split='train'",
        "decode_captions": "captions, idx_to_word",
    },
}


@pytest.mark.parametrize(
    "module, name", [(module, name) for module, names in INTERFACE.items() for name in names]
)
def test_signatures(module, name):
    thing = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part)
    expected = [word.strip() for word in INTERFACE[module][name].split(",")]
    parameters = list(inspect.signature(thing).parameters.values())
    given = [str(p).replace(" ", "") for p in parameters]
    # Further arguments may follow, as long as a call of the assignment does not need them.
    assert given[: len(expected)] == [word.replace(" ", "") for word in expected]
    assert all(p.default is not p.empty or p.kind == p.VAR_KEYWORD
               for p in parameters[len(expected):])


def test_the_star_import_brings_all_layers():
    names = {}
    exec("from cs231n.rnn_layers import *", names)
    assert set(INTERFACE["cs231n.rnn_layers"]) <= set(names)


def test_the_keyword_arguments_of_loader_and_solver():
    from cs231n.captioning_solver import CaptioningSolver
    from cs231n.coco_utils import load_coco_data

    loader = inspect.signature(load_coco_data).parameters
    assert loader["max_train"].default is None and loader["pca_features"].default is True
    assert "base_dir" in loader
    with pytest.raises(ValueError, match="momentun"):
        CaptioningSolver(None, {}, momentun=0.9)


@pytest.mark.parametrize("cell_type", ["rnn", "lstm"])
def test_a_notebook_of_the_assignment_from_its_imports_to_its_end(cell_type, capsys, monkeypatch):
    """The calls of the data, overfit and sampling sections, in their order and with their names."""
    from cs231n.captioning_solver import CaptioningSolver
    from cs231n.classifiers.rnn import CaptioningRNN
    from cs231n.coco_utils import decode_captions, load_coco_data, sample_coco_minibatch
    from cs231n.image_utils import image_from_url

    monkeypatch.setenv("CS231N_DATASET", "emoji_scenes")
    data = load_coco_data(pca_features=True)
    kinds = {key: type(value) for key, value in data.items()}
    assert {key for key, kind in kinds.items() if kind is np.ndarray} == {
        "train_captions", "train_image_idxs", "val_captions", "val_image_idxs",
        "train_features", "val_features", "train_urls", "val_urls",
    }
    assert kinds["idx_to_word"] is list and kinds["word_to_idx"] is dict

    captions, features, urls = sample_coco_minibatch(data, batch_size=3)
    for caption, url in zip(captions, urls):
        assert image_from_url(url).ndim == 3
        assert isinstance(decode_captions(caption, data["idx_to_word"]), str)

    np.random.seed(231)
    small_data = load_coco_data(max_train=50)
    model = CaptioningRNN(
        cell_type=cell_type,
        word_to_idx=data["word_to_idx"],
        input_dim=data["train_features"].shape[1],
        hidden_dim=64,
        wordvec_dim=32,
    )
    solver = CaptioningSolver(
        model, small_data, update_rule="adam", num_epochs=2, batch_size=25,
        optim_config={"learning_rate": 5e-3}, lr_decay=0.95, verbose=True, print_every=2,
    )
    capsys.readouterr()
    solver.train()
    assert len(solver.loss_history) == 4
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("(Iter")]
    assert lines[0] == f"(Iteration 1 / 4) loss: {solver.loss_history[0]:f}"

    for split in ("train", "val"):
        captions, features, urls = sample_coco_minibatch(small_data, split=split, batch_size=2)
        truth = decode_captions(captions, data["idx_to_word"])
        written = decode_captions(model.sample(features), data["idx_to_word"])
        assert len(truth) == len(written) == len(urls) == 2
