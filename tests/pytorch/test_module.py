"""A captioner as a module of PyTorch: the numbers of its twin in NumPy, and weights both ways."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from cs231n.classifiers.attention import CaptioningAttention
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.classifiers.module_pytorch import CaptioningModule
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.classifiers.transformer import CaptioningTransformer
from cs231n.training_pytorch import HostedModel

WORDS = {word: i for i, word in enumerate(["<NULL>", "<START>", "<END>", *"abcdefgh"])}
D, S = 4, 3
MODELS = {
    "rnn": lambda dtype: CaptioningRNN(WORDS, D, 5, 6, "rnn", dtype),
    "lstm": lambda dtype: FastCaptioningRNN(WORDS, D, 5, 6, "lstm", dtype),
    "attention, rnn": lambda dtype: CaptioningAttention(WORDS, D, S, 5, 6, "rnn", dtype),
    "attention, lstm": lambda dtype: CaptioningAttention(WORDS, D, S, 5, 6, "lstm", dtype),
    "transformer": lambda dtype: CaptioningTransformer(WORDS, D, S, 6, 2, 2, dtype=dtype),
    "one head, three layers": lambda dtype: CaptioningTransformer(WORDS, D, S, 6, 1, 3, 4, dtype),
}
CAPTIONS = {
    "ordinary": [[1, 3, 4, 5, 2, 0], [1, 4, 2, 0, 0, 0], [1, 5, 5, 2, 0, 0]],
    "of one length": [[1, 3, 2], [1, 4, 2]],
    "of one step": [[1, 2], [1, 3], [1, 0]],
    "a gap": [[1, 3, 0, 4, 2], [1, 0, 0, 2, 0]],
    "nothing counts": [[1, 0, 0], [1, 0, 0]],
    "one caption": [[1, 3, 4, 2]],
}


def make_model(name, dtype=np.float64):
    """A model whose parameters, biases included, are all drawn at random."""
    np.random.seed(231)
    model = MODELS[name](dtype)
    for key, value in model.params.items():
        model.params[key] = (value + np.random.randn(*value.shape) / 10).astype(dtype)
    return model


def features_of(model, N):
    shape = (N, S, D) if "places" in model.params else (N, D)
    return np.random.RandomState(5).randn(*shape)


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "padded"])
@pytest.mark.parametrize("name", MODELS)
def test_loss_and_gradients_are_those_of_numpy(name, packed):
    model = make_model(name)
    module = CaptioningModule.from_numpy(model, packed=packed)
    for captions in map(np.array, CAPTIONS.values()):
        features = features_of(model, len(captions))
        value, grads = model.loss(features, captions)
        module.zero_grad()
        loss = module.loss(features, captions)
        loss.backward()
        assert loss.item() == pytest.approx(value, rel=1e-12, abs=1e-14)
        module_grads = module.numpy_grads()
        assert module_grads.keys() == grads.keys()
        for key in grads:
            np.testing.assert_allclose(module_grads[key], grads[key], rtol=1e-10, atol=1e-12,
                                       err_msg=key)


@pytest.mark.parametrize("name", ["rnn", "lstm", "attention, lstm", "transformer"])
def test_what_is_compiled_once_does_for_minibatches_of_all_lengths(name, monkeypatch):
    """A program for each part of the step, and no more of them when other captions come."""
    model, programs = make_model(name), []

    def compiler(graph, inputs):  # in place of the one that writes C++, and takes a minute
        programs.append(graph)
        return graph.forward

    monkeypatch.setattr(CaptioningModule, "compile",
                        lambda self: torch.nn.Module.compile(self, backend=compiler))
    torch.compiler.reset()
    hosted, counts = HostedModel(model, compiled=True), []
    for row in ([1, 3, 4, 5, 2, 0], [1, 4, 2, 0, 0, 0], [1, 5, 2, 0, 0, 0], [1, 2, 0, 0, 0, 0]):
        captions = np.array([row, row[::-1]])
        features = features_of(model, len(captions))
        value, _ = model.loss(features, captions)
        loss = hosted.backward(features, captions, len(captions))
        assert loss.item() == pytest.approx(value, rel=1e-12)
        counts.append(len(programs))
    assert counts == [counts[0]] * 4 and counts[0] > 0


@pytest.mark.parametrize("name", MODELS)
def test_captions_are_those_of_numpy(name):
    model, rng, seen = make_model(name), np.random.default_rng(0), []
    for _ in range(5):  # a model with random weights soon repeats a word, so take several
        for key, value in model.params.items():
            model.params[key] = rng.standard_normal(value.shape)
        model.params["b_vocab"][2] += 3
        features = features_of(model, 10)
        captions = CaptioningModule.from_numpy(model).sample(features, 7)
        assert captions.dtype == torch.int64 and not captions.requires_grad
        np.testing.assert_array_equal(captions.numpy(), model.sample(features, 7))
        seen.append(captions.numpy())
    assert len(np.unique(seen)) > 6 and any(2 in captions for captions in seen)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MODELS)
def test_weights_go_there_and_back_without_a_change(name, dtype):
    model = make_model(name, dtype)
    module = CaptioningModule.from_numpy(model)
    state = np.random.get_state()[1].copy()
    back = module.to_numpy()
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # no number was drawn
    assert type(back) is type(model) and list(back.params) != []
    assert back.params.keys() == model.params.keys()
    for key, value in model.params.items():
        np.testing.assert_array_equal(back.params[key], value)
        assert back.params[key].dtype == dtype
    captions = np.array(CAPTIONS["ordinary"])
    features = features_of(model, 3)
    assert back.loss(features, captions)[0] == model.loss(features, captions)[0]


def test_both_have_weights_of_their_own():
    model = make_model("lstm")
    module = CaptioningModule.from_numpy(model)
    before, back = module.numpy_params(), module.to_numpy()
    for params in (model.params, back.params):
        for value in params.values():
            value += 1
    for key, value in module.numpy_params().items():
        np.testing.assert_array_equal(value, before[key])


def test_the_second_bias_of_pytorch_s_cells_is_zero_and_stays_so():
    module = CaptioningModule.from_numpy(make_model("lstm"))
    module.loss(np.ones((1, D)), np.array([[1, 3, 2]])).backward()
    assert module.cell.bias_hh_l0.grad is None
    assert not module.cell.bias_hh_l0.any()


@pytest.mark.parametrize("features, captions, words", [
    (np.ones((2, D + 1)), [[1, 2], [1, 2]], r"features have shape \(2, 5\), expected \(N, 4\)"),
    (np.ones((2, S, D)), [[1, 2], [1, 2]], r"expected \(N, 4\)"),
    (np.ones((1, D)), [[1, 11]], "captions hold the words 1 to 11, expected 0 to 10"),
    (np.ones((1, D)), [[1.0, 2.0]], "captions are torch.float"),
    (np.ones((1, D)), [[1]], r"expected integers \(N, T \+ 1\)"),
    (np.ones((1, D)), [[1, 2], [1, 2]], "1 pictures, but 2 captions"),
])
def test_what_does_not_fit_is_one_sentence(features, captions, words):
    module = CaptioningModule.from_numpy(make_model("rnn"))
    with pytest.raises(ValueError, match=words):
        module.loss(features, np.array(captions))


def test_other_models_are_refused():
    with pytest.raises(ValueError, match="model is of type dict, expected CaptioningTransformer"):
        CaptioningModule.from_numpy({})
    model = make_model("rnn")
    model.cell_type = "gru"
    with pytest.raises(ValueError, match="cell_type is 'gru', expected 'rnn' or 'lstm'"):
        CaptioningModule.from_numpy(model)
    word_to_idx = {word: i for word, i in WORDS.items() if word != "<START>"}
    module = CaptioningModule.from_numpy(CaptioningRNN({**word_to_idx, "start": 1}, D, 5, 6))
    with pytest.raises(ValueError, match="no '<START>'"):
        module.sample(np.ones((1, D)))
