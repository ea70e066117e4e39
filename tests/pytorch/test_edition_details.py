"""The PyTorch edition beside the NumPy one, and what it does with unusual arguments."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cs231n import rnn_layers, rnn_layers_pytorch  # noqa: E402
from cs231n.captioning_solver_pytorch import CaptioningSolverPytorch  # noqa: E402
from cs231n.classifiers import rnn, rnn_pytorch  # noqa: E402

WORDS = {"<NULL>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3, "a": 4, "dog": 5, "cat": 6}
SHAPES = {
    "affine_forward": [(4, 5), (5, 6), (6,)],
    "rnn_step_forward": [(4, 5), (4, 6), (5, 6), (6, 6), (6,)],
    "rnn_forward": [(4, 3, 5), (4, 6), (5, 6), (6, 6), (6,)],
    "lstm_step_forward": [(4, 5), (4, 6), (4, 6), (5, 24), (6, 24), (24,)],
    "lstm_forward": [(4, 3, 5), (4, 6), (5, 24), (6, 24), (24,)],
    "temporal_affine_forward": [(4, 3, 5), (5, 6), (6,)],
}


@pytest.mark.parametrize("name", SHAPES)
def test_values_and_gradients_are_those_of_the_backward_passes_by_hand(name):
    random = np.random.RandomState(0)
    arrays = [random.randn(*shape) for shape in SHAPES[name]]
    *outputs, cache = getattr(rnn_layers, name)(*arrays)
    gradients = [random.randn(*output.shape) for output in outputs]
    by_hand = getattr(rnn_layers, name.replace("forward", "backward"))(*gradients, cache)

    tensors = [torch.from_numpy(array).requires_grad_() for array in arrays]
    found = getattr(rnn_layers_pytorch, name)(*tensors)
    found = found if isinstance(found, tuple) else (found,)
    by_autograd = torch.autograd.grad(found, tensors, list(map(torch.from_numpy, gradients)))
    for right, value in zip([*outputs, *by_hand], [*found, *by_autograd]):
        np.testing.assert_allclose(value.detach().numpy(), right, rtol=1e-10, atol=1e-12)


def both_models(cell_type, dtype=np.float64):
    """A model of each edition with the same weights."""
    sizes = {"input_dim": 5, "wordvec_dim": 4, "hidden_dim": 6, "cell_type": cell_type}
    np.random.seed(1)
    ours = rnn.CaptioningRNN(WORDS, dtype=dtype, **sizes)
    theirs = rnn_pytorch.CaptioningRNN(WORDS, **sizes)
    assert list(theirs.params) == list(ours.params)
    for name, value in ours.params.items():
        value += np.random.randn(*value.shape)  # biases that are not 0
        assert theirs.params[name].shape == value.shape
        theirs.params[name] = torch.from_numpy(value)
    return ours, theirs


@pytest.mark.parametrize("cell_type", ["rnn", "lstm"])
def test_a_model_with_the_same_weights_has_the_same_loss_gradients_and_captions(cell_type):
    ours, theirs = both_models(cell_type)
    features = np.random.randn(8, 5)
    captions = np.array([[1, 4, 5, 2], [1, 6, 2, 0]] * 4)
    value, grads = ours.loss(features, captions)
    for parameter in theirs.params.values():
        parameter.requires_grad_()
    loss = theirs.loss(torch.from_numpy(features), torch.from_numpy(captions))
    loss.backward()
    assert abs(loss.item() - value) <= 1e-10 * value
    for name, parameter in theirs.params.items():
        np.testing.assert_allclose(parameter.grad.numpy(), grads[name], rtol=1e-10, atol=1e-12)
    written = theirs.sample(torch.from_numpy(features), max_length=9)  # gradients are still on
    assert written.dtype == torch.int64 and written.shape == (8, 9)
    np.testing.assert_array_equal(written.numpy(), ours.sample(features, max_length=9))


@pytest.mark.parametrize("cell_type, gates", [("rnn", 1), ("lstm", 4)])
def test_weights_are_drawn_in_order_and_scaled(cell_type, gates):
    torch.manual_seed(3)
    model = rnn_pytorch.CaptioningRNN(WORDS, 5, 4, 6, cell_type, dtype=torch.float64)
    torch.manual_seed(3)
    for name, shape, scale in (("W_embed", (7, 4), 100), ("W_proj", (5, 6), 5**0.5),
                               ("Wx", (4, 6 * gates), 2), ("Wh", (6, 6 * gates), 6**0.5),
                               ("W_vocab", (6, 7), 6**0.5)):
        drawn = (torch.randn(*shape) / scale).double()
        torch.testing.assert_close(model.params[name], drawn)
    assert not any(model.params[name].any() for name in ("b_proj", "b", "b_vocab"))
    assert not any(value.requires_grad for value in model.params.values())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", [torch.int32, torch.int64])
def test_captions_of_either_kind_and_floats_of_either_width(dtype, kind):
    model = rnn_pytorch.CaptioningRNN(WORDS, 5, 4, 6, "lstm", dtype=dtype)
    captions = torch.tensor([[1, 4, 5, 2], [1, 6, 2, 0]], dtype=kind)
    loss = model.loss(torch.randn(2, 5, dtype=dtype), captions)
    assert loss.dtype == dtype and torch.isfinite(loss)


def test_padding_with_an_infinite_loss_counts_nothing():
    x = torch.zeros(1, 2, 3)
    x[0, 1, 1] = -torch.inf
    x.requires_grad_()
    y, mask = torch.tensor([[1, 1]]), torch.tensor([[True, False]])
    loss = rnn_layers_pytorch.temporal_softmax_loss(x, y, mask)
    loss.backward()
    assert loss.item() == pytest.approx(np.log(3))
    assert not x.grad[0, 1].any()


def test_nothing_depends_on_the_device():
    """On `meta`, which knows shapes only, tensors of another device cannot be mixed in."""
    model = rnn_pytorch.CaptioningRNN(WORDS, 5, 4, 6, "lstm")
    model.params = {name: value.to("meta") for name, value in model.params.items()}
    x = torch.zeros(2, 3, 4, device="meta")
    [h0, c0] = model.first_state(torch.zeros(2, 5, device="meta"))
    h = rnn_layers_pytorch.lstm_forward(x, h0, *(model.params[k] for k in ("Wx", "Wh", "b")))
    assert h.device.type == c0.device.type == "meta"


# ---- The solver ---------------------------------------------------------------------------------


class Stops(Exception):
    pass


class Model:
    """A model of one parameter that is to become the mean of all words."""

    def __init__(self, stop_at=None):
        self.params, self.calls, self.stop_at = {"w": torch.zeros(1)}, 0, stop_at

    def loss(self, features, captions):
        assert captions.dtype == torch.int64
        self.calls += 1
        if self.calls == self.stop_at:
            raise Stops
        return ((self.params["w"] - captions.double().mean()) ** 2).sum()


def small_data():
    captions = np.arange(12, dtype=np.int32).reshape(4, 3) % 7
    return {"train_captions": captions, "train_image_idxs": np.arange(4),
            "train_features": np.zeros((4, 2), np.float32), "train_urls": np.array(["u"] * 4)}


def test_the_solver_takes_the_steps_of_adam(capsys):
    np.random.seed(0)
    model = Model()
    solver = CaptioningSolverPytorch(model, small_data(), learning_rate=0.1, batch_size=4,
                                     num_epochs=3, verbose=False)
    solver.train()
    np.random.seed(0)
    w = torch.zeros(1, requires_grad=True)
    adam, losses = torch.optim.Adam([w], lr=0.1), []
    for _ in range(3):
        captions = small_data()["train_captions"][np.random.choice(4, 4)]
        loss = ((w - captions.mean()) ** 2).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    np.testing.assert_allclose(solver.loss_history, losses, rtol=1e-6)
    assert model.params["w"].item() == pytest.approx(w.item())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("stop_at", [None, 2])
def test_gradients_are_off_after_training_however_it_ends(stop_at):
    model = Model(stop_at)
    solver = CaptioningSolverPytorch(model, small_data(), batch_size=2, verbose=False)
    if stop_at:
        with pytest.raises(Stops):
            solver.train()
    else:
        solver.train()
    assert not model.params["w"].requires_grad


# ---- Bad arguments ------------------------------------------------------------------------------


def bad_calls():
    layer, numbers = rnn_layers_pytorch.rnn_step_forward, torch.zeros(3, 4)
    weights = torch.zeros(4, 5), torch.zeros(5, 5), torch.zeros(5)
    model = rnn_pytorch.CaptioningRNN(WORDS, 5, 4, 6)
    without_start = rnn_pytorch.CaptioningRNN({"<NULL>": 0, "a": 1}, 5, 4, 6)
    return [
        (TypeError, "rnn_step_forward: x is a NumPy array, expected a tensor: torch.from_numpy",
         lambda: layer(numbers.numpy(), torch.zeros(3, 5), *weights)),
        (TypeError, "prev_h is None, expected a tensor", lambda: layer(numbers, None, *weights)),
        (ValueError, r"prev_h has shape \(2, 5\), expected \(N, H\) with N = 3 from x",
         lambda: layer(numbers, torch.zeros(2, 5), *weights)),
        (ValueError, "captions holds the index 7, expected 0 to 6",
         lambda: model.loss(torch.zeros(1, 5), torch.tensor([[1, 7]]))),
        (TypeError, "captions has dtype float64, expected integers",
         lambda: model.loss(torch.zeros(1, 5), torch.tensor([[1.0, 2.0]]))),
        (ValueError, "max_length is 0", lambda: model.sample(torch.zeros(1, 5), 0)),
        (ValueError, "sample: word_to_idx has no '<START>'",
         lambda: without_start.sample(torch.zeros(1, 5))),
        (ValueError, "cell_type is 'gru', expected 'rnn' or 'lstm'",
         lambda: rnn_pytorch.CaptioningRNN(WORDS, cell_type="gru")),
        (ValueError, "no '<NULL>'", lambda: rnn_pytorch.CaptioningRNN({"a": 0})),
        (ValueError, "hidden_dim is 0", lambda: rnn_pytorch.CaptioningRNN(WORDS, hidden_dim=0)),
        (ValueError, "dtype is .*, expected a float type of PyTorch's, such as torch.float32",
         lambda: rnn_pytorch.CaptioningRNN(WORDS, dtype=np.float32)),
        (ValueError, "no keyword 'lr_decay'; there are learning_rate",
         lambda: CaptioningSolverPytorch(Model(), small_data(), lr_decay=0.9)),
        (ValueError, "batch_size is 0", lambda: CaptioningSolverPytorch(Model(), {}, batch_size=0)),
    ]


@pytest.mark.parametrize("number", range(len(bad_calls())))
def test_a_bad_argument_gets_one_clear_sentence(number):
    error, says, call = bad_calls()[number]
    with pytest.raises(error, match=says):
        call()
