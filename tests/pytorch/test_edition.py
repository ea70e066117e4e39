"""The assignment's PyTorch edition: what its notebook imports, how it calls it, and its figures."""

import importlib
import inspect

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cs231n.gradient_check import (  # noqa: E402
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
)
from cs231n.rnn_layers_pytorch import (  # noqa: E402
    rnn_forward,
    rnn_step_forward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_forward,
)

LAYERS = {
    "affine_forward": "x, w, b",
    "rnn_step_forward": "x, prev_h, Wx, Wh, b",
    "rnn_forward": "x, h0, Wx, Wh, b",
    "word_embedding_forward": "x, W",
    "lstm_step_forward": "x, prev_h, prev_c, Wx, Wh, b",
    "lstm_forward": "x, h0, Wx, Wh, b",
    "temporal_affine_forward": "x, w, b",
    "temporal_softmax_loss": "x, y, mask, verbose=False",
}
INTERFACE = {
    "cs231n.rnn_layers_pytorch": LAYERS,
    "cs231n.classifiers.rnn_pytorch": {
        "CaptioningRNN": "word_to_idx, input_dim=512, wordvec_dim=128, hidden_dim=128, "
                         "cell_type='rnn', dtype=torch.float32",
        "CaptioningRNN.loss": "self, features, captions",
        "CaptioningRNN.sample": "self, features, max_length=30",
    },
    "cs231n.captioning_solver_pytorch": {"CaptioningSolverPytorch.train": "self"},
}


@pytest.mark.parametrize(
    "module, name", [(module, name) for module, names in INTERFACE.items() for name in names])
def test_signatures(module, name):
    thing = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part)
    assert ", ".join(map(str, inspect.signature(thing).parameters.values())) \
        == INTERFACE[module][name]


def test_the_star_import_brings_all_layers_and_torch():
    names = {}
    exec("from cs231n.rnn_layers_pytorch import *", names)
    assert {*LAYERS, "torch"} <= set(names)


# ---- The figures of the notebook ----------------------------------------------------------------


def ramp(low, high, *shape):
    return torch.from_numpy(np.linspace(low, high, num=np.prod(shape)).reshape(shape))


def normal(*shape):
    """Numbers from NumPy's random state, as a tensor that requires a gradient."""
    return torch.from_numpy(np.random.randn(*shape)).requires_grad_()


def hold_against_numeric(function, tensors, at_most):
    """Gradients by autograd and by differences, with functions of arrays around tensors' memory."""
    out = function(*tensors)
    dout = torch.from_numpy(np.random.randn(*out.shape))
    out.backward(dout)
    for tensor in tensors:
        array = tensor.detach().numpy()  # shares its memory, so the function sees the steps
        with torch.no_grad():
            numeric = eval_numerical_gradient_array(
                lambda _: function(*tensors).numpy(), array, dout.numpy())
        assert rel_error(numeric, tensor.grad.numpy()) <= at_most


def test_step_forward():
    N, D, H = 3, 10, 4
    next_h = rnn_step_forward(ramp(-0.4, 0.7, N, D), ramp(-0.2, 0.5, N, H), ramp(-0.1, 0.9, D, H),
                              ramp(-0.3, 0.7, H, H), ramp(-0.2, 0.4, H)).numpy()
    expected = np.array([[-0.58172089, -0.50182032, -0.41232771, -0.31410098],
                         [0.66854692, 0.79562378, 0.87755553, 0.92795967],
                         [0.97934501, 0.99144213, 0.99646691, 0.99854353]])
    assert rel_error(expected, next_h) <= 1e-8


def test_gradients_of_the_step():
    np.random.seed(231)
    N, D, H = 4, 5, 6
    tensors = normal(N, D), normal(N, H), normal(D, H), normal(H, H), normal(H)
    hold_against_numeric(rnn_step_forward, tensors, 1e-8)


def test_forward():
    N, T, D, H = 2, 3, 4, 5
    h = rnn_forward(ramp(-0.1, 0.3, N, T, D), ramp(-0.3, 0.1, N, H), ramp(-0.2, 0.4, D, H),
                    ramp(-0.4, 0.1, H, H), ramp(-0.7, 0.1, H)).numpy()
    expected = np.array([
        [[-0.42070749, -0.27279261, -0.11074945, 0.05740409, 0.22236251],
         [-0.39525808, -0.22554661, -0.0409454, 0.14649412, 0.32397316],
         [-0.42305111, -0.24223728, -0.04287027, 0.15997045, 0.35014525]],
        [[-0.55857474, -0.39065825, -0.19198182, 0.02378408, 0.23735671],
         [-0.27150199, -0.07088804, 0.13562939, 0.33099728, 0.50158768],
         [-0.51014825, -0.30524429, -0.06755202, 0.17806392, 0.40333043]]])
    assert rel_error(expected, h) <= 1e-7


def test_gradients_of_the_sequence():
    np.random.seed(231)
    N, D, T, H = 2, 3, 10, 5
    tensors = normal(N, T, D), normal(N, H), normal(D, H), normal(H, H), normal(H)
    hold_against_numeric(rnn_forward, tensors, 1e-6)


def test_word_embedding():
    x, W = torch.tensor([[0, 3, 1, 2], [2, 1, 0, 3]]), ramp(0, 1, 5, 3)
    rows = np.array([[0, 0.07142857, 0.14285714], [0.21428571, 0.28571429, 0.35714286],
                     [0.42857143, 0.5, 0.57142857], [0.64285714, 0.71428571, 0.78571429]])
    assert rel_error(rows[x.numpy()], word_embedding_forward(x, W).numpy()) <= 2e-8
    np.random.seed(231)
    x = torch.from_numpy(np.random.randint(5, size=(50, 3)))
    hold_against_numeric(lambda W: word_embedding_forward(x, W), [normal(5, 6)], 1e-11)


def test_temporal_affine_and_softmax():
    np.random.seed(231)
    hold_against_numeric(temporal_affine_forward, (normal(2, 3, 4), normal(4, 5), normal(5)), 1e-9)

    def of_chance(N, T, V, p):
        x = 0.001 * torch.from_numpy(np.random.randn(N, T, V))
        y = torch.from_numpy(np.random.randint(V, size=(N, T)))
        mask = torch.from_numpy(np.random.rand(N, T)) <= p
        return temporal_softmax_loss(x, y, mask).item()

    assert of_chance(100, 1, 10, 1.0) == pytest.approx(2.3027781774290146, rel=1e-12)
    assert of_chance(100, 10, 10, 1.0) == pytest.approx(23.025985953127226, rel=1e-12)
    assert 2.2 < of_chance(5000, 10, 10, 0.1) < 2.4

    np.random.seed(231231)
    x = torch.from_numpy(np.random.randn(7, 8, 9)).requires_grad_()
    y = torch.from_numpy(np.random.randint(9, size=(7, 8)))
    mask = torch.from_numpy(np.random.rand(7, 8) > 0.5)
    temporal_softmax_loss(x, y, mask, verbose=False).backward()
    numeric = eval_numerical_gradient(  # of a function with a tensor as its result
        lambda x: temporal_softmax_loss(torch.from_numpy(x), y, mask), x.detach().numpy(),
        verbose=False)
    assert rel_error(x.grad.numpy(), numeric) <= 1e-7


def model_of_ramps(cell_type):
    from cs231n.classifiers.rnn_pytorch import CaptioningRNN

    model = CaptioningRNN({"<NULL>": 0, "cat": 2, "dog": 3}, input_dim=20, wordvec_dim=30,
                          hidden_dim=40, cell_type=cell_type, dtype=torch.float64)
    for name, value in model.params.items():
        model.params[name] = ramp(-1.4, 1.3, *value.shape)
    return model


@pytest.mark.parametrize("cell_type, high, expected", [("rnn", 0.3, 9.83235591003),
                                                       ("lstm", 1.7, 9.82445935443)])
def test_loss(cell_type, high, expected):
    captions = torch.from_numpy((np.arange(10 * 13) % 3).reshape(10, 13))
    low = -1.5 if cell_type == "rnn" else -0.5
    loss = model_of_ramps(cell_type).loss(ramp(low, high, 10, 20), captions)
    assert loss.shape == () and abs(loss.item() - expected) <= 1e-10


def test_gradients_of_the_model():
    """The notebook puts tensors of the perturbed arrays into `model.params`."""
    from cs231n.classifiers.rnn_pytorch import CaptioningRNN

    np.random.seed(231)
    torch.manual_seed(231)
    captions = torch.from_numpy(np.random.randint(3, size=(2, 3)))
    features = torch.from_numpy(np.random.randn(2, 4))
    model = CaptioningRNN({"<NULL>": 0, "cat": 2, "dog": 3}, input_dim=4, wordvec_dim=5,
                          hidden_dim=6, cell_type="rnn", dtype=torch.float64)
    for value in model.params.values():
        value.requires_grad_()
    model.loss(features, captions).backward()
    grads = {name: value.grad.numpy() for name, value in model.params.items()}
    for value in model.params.values():
        value.requires_grad_(False)
    for name in sorted(grads):
        def loss(array, name=name):
            model.params[name] = torch.from_numpy(array)
            return model.loss(features, captions).numpy()

        numeric = eval_numerical_gradient(loss, model.params[name].numpy(), verbose=False, h=1e-6)
        assert rel_error(numeric, grads[name]) <= 1e-5


def test_a_notebook_of_the_edition_from_its_imports_to_its_end(capsys, monkeypatch):
    """The calls of the data, overfit and sampling sections, in their order and with their names."""
    from cs231n.captioning_solver_pytorch import CaptioningSolverPytorch
    from cs231n.classifiers.rnn_pytorch import CaptioningRNN
    from cs231n.coco_utils import decode_captions, load_coco_data, sample_coco_minibatch

    monkeypatch.setenv("CS231N_DATASET", "emoji_scenes")
    data = load_coco_data(pca_features=True)
    np.random.seed(231)
    torch.manual_seed(231)
    small_data = load_coco_data(max_train=50)
    model = CaptioningRNN(cell_type="rnn", word_to_idx=data["word_to_idx"],
                          input_dim=data["train_features"].shape[1], hidden_dim=64, wordvec_dim=32)
    solver = CaptioningSolverPytorch(model, small_data, num_epochs=2, batch_size=25,
                                     learning_rate=5e-3, verbose=True, print_every=2)
    capsys.readouterr()
    solver.train()
    assert all(isinstance(loss, (np.ndarray, np.generic)) for loss in solver.loss_history)
    assert capsys.readouterr().out.splitlines() == [
        f"(Iteration {t + 1} / 4) loss: {solver.loss_history[t]:f}" for t in (0, 2)]

    for split in ("train", "val"):
        captions, features, urls = sample_coco_minibatch(small_data, split=split, batch_size=2)
        truth = decode_captions(captions, data["idx_to_word"])
        written = decode_captions(model.sample(torch.from_numpy(features)).numpy(),
                                  data["idx_to_word"])
        assert len(truth) == len(written) == len(urls) == 2
