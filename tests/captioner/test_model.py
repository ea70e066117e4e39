"""CaptioningRNN for both cell types: parameters, loss, one step, sampling, bad input."""

import copy

import numpy as np
import pytest

from cs231n import rnn_layers
from cs231n.classifiers import rnn
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.classifiers.rnn import CELLS, CaptioningRNN
from cs231n.gradient_check import eval_numerical_gradient

VOCABULARY = {"<NULL>": 0, "<START>": 1, "<END>": 2, "<UNK>": 3, "a": 4, "cat": 5, "dog": 6}
N, D, W, H, V, T = 4, 5, 6, 7, len(VOCABULARY), 5
BOTH = pytest.mark.parametrize("cell_type", ["rnn", "lstm"])


def build(cell_type, dtype=np.float64, vocabulary=VOCABULARY):
    np.random.seed(231)
    return CaptioningRNN(vocabulary, D, W, H, cell_type, dtype)


def batch(dtype=np.float64):
    """Features, and captions of different lengths padded with <NULL>."""
    features = np.random.randn(N, D).astype(dtype)
    captions = np.random.randint(3, V, size=(N, T + 1))
    captions[:, 0] = 1
    for n, length in enumerate([1, 3, 4, 5]):
        captions[n, length], captions[n, length + 1 :] = 2, 0
    return features, captions


@pytest.mark.parametrize("cell_type, low, high, expected", [
    ("rnn", -1.5, 0.3, 9.83235591003), ("lstm", -0.5, 1.7, 9.82445935443)])
def test_the_loss_of_the_assignment(cell_type, low, high, expected):
    words = {"<NULL>": 0, "cat": 2, "dog": 3}
    model = CaptioningRNN(words, 20, 30, 40, cell_type, np.float64)
    for name, p in model.params.items():
        model.params[name] = np.linspace(-1.4, 1.3, num=p.size).reshape(p.shape)
    features = np.linspace(low, high, num=200).reshape(10, 20)
    value, _ = model.loss(features, (np.arange(130) % 3).reshape(10, 13))
    assert abs(value - expected) < 1e-10


@BOTH
def test_parameters_are_drawn_in_the_order_of_the_assignment(cell_type):
    model = build(cell_type, np.float32)
    G = {"rnn": H, "lstm": 4 * H}[cell_type]
    np.random.seed(231)
    expected = {
        "W_embed": np.random.randn(V, W) / 100,
        "W_proj": np.random.randn(D, H) / np.sqrt(D),
        "b_proj": np.zeros(H),
        "Wx": np.random.randn(W, G) / np.sqrt(W),
        "Wh": np.random.randn(H, G) / np.sqrt(H),
        "b": np.zeros(G),
        "W_vocab": np.random.randn(H, V) / np.sqrt(H),
        "b_vocab": np.zeros(V),
    }
    assert list(model.params) == list(expected)
    for name, value in expected.items():
        assert model.params[name].dtype == np.float32
        np.testing.assert_array_equal(model.params[name], value.astype(np.float32), err_msg=name)


@BOTH
def test_every_gradient_equals_the_numeric_one(cell_type):
    model = build(cell_type)
    features, captions = batch()
    _, grads = model.loss(features, captions)
    assert set(grads) == set(model.params)
    for name, parameter in model.params.items():
        numeric = eval_numerical_gradient(
            lambda _: model.loss(features, captions)[0], parameter, verbose=False
        )
        np.testing.assert_allclose(grads[name], numeric, rtol=1e-5, atol=1e-9, err_msg=name)


@BOTH
def test_float32_throughout_and_nothing_changes(cell_type):
    model = build(cell_type, np.float32)
    features, captions = batch(np.float32)
    before = copy.deepcopy((model.params, features, captions))
    value, grads = model.loss(features, captions)
    model.sample(features)
    assert {value.dtype} | {g.dtype for g in grads.values()} == {np.dtype(np.float32)}
    for name in model.params:
        np.testing.assert_array_equal(model.params[name], before[0][name])
    np.testing.assert_array_equal(features, before[1])
    np.testing.assert_array_equal(captions, before[2])


@BOTH
def test_padding_has_no_influence(cell_type):
    model = build(cell_type)
    features, captions = batch()
    value, grads = model.loss(features, captions)
    longer = np.concatenate([captions, np.zeros((N, 3), dtype=int)], axis=1)
    longer_value, longer_grads = model.loss(features, longer)
    assert longer_value == pytest.approx(value, rel=1e-12)
    for name in grads:
        np.testing.assert_allclose(longer_grads[name], grads[name], rtol=1e-9, atol=1e-15)
    # Scores after the last word that counts do not move when its caption's padding does.
    assert not grads["W_embed"][0].any()


@BOTH
def test_the_loss_is_what_next_scores_say_of_the_true_caption(cell_type):
    model = build(cell_type)
    features, captions = batch()
    expected, state = 0, model.first_state(features)
    for t in range(T):
        scores, state = model.next_scores(captions[:, t], state)
        log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        targets = captions[:, t + 1]
        expected -= np.sum((targets != 0) * log_probs[np.arange(N), targets]) / N
    assert model.loss(features, captions)[0] == pytest.approx(expected, rel=1e-12)


@BOTH
def test_the_first_state(cell_type):
    model = build(cell_type)
    features, _ = batch()
    h0, *cell = model.first_state(features)
    np.testing.assert_allclose(h0, features @ model.params["W_proj"])
    assert len(cell) == (cell_type == "lstm")
    assert all(c.shape == (N, H) and not c.any() for c in cell)


def talkative(cell_type):
    """A model whose greedy captions end at different steps."""
    model = build(cell_type)
    model.params["W_vocab"] *= 4
    model.params["W_embed"] *= 100
    model.params["b_vocab"][2] = 1.0
    return model


@BOTH
def test_sampling_is_greedy_and_each_row_stops_on_its_own(cell_type):
    model = talkative(cell_type)
    features = np.random.RandomState(0).randn(40, D)
    captions = model.sample(features, max_length=9)
    assert captions.shape == (40, 9) and captions.dtype.kind == "i"
    lengths = set()
    for n in range(40):
        word, state = np.array([1]), model.first_state(features[n : n + 1])
        for t in range(9):
            scores, state = model.next_scores(word, state)
            word = scores.argmax(axis=1)
            assert captions[n, t] == word[0]
            if word[0] == 2:
                assert not captions[n, t + 1 :].any()
                break
        lengths.add(t)
    assert len(lengths) > 2, "the rows should end at different steps, or this test shows little"


@BOTH
def test_sampling_draws_nothing_at_random(cell_type):
    model = talkative(cell_type)
    features = np.random.RandomState(0).randn(3, D)
    before = np.random.get_state()[1].copy()
    first = model.sample(features)
    np.testing.assert_array_equal(model.sample(features), first)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert first.shape == (3, 30)


@pytest.mark.parametrize("arguments, message", [
    (dict(cell_type="gru"), "cell_type is 'gru', expected 'rnn' or 'lstm'"),
    (dict(hidden_dim=0), "hidden_dim is 0, expected at least 1"),
    (dict(word_to_idx={"a": 0}), "word_to_idx has no '<NULL>'"),
    (dict(dtype=int), "dtype is <class 'int'>, expected a float type"),
])
def test_a_model_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CaptioningRNN(**{"word_to_idx": VOCABULARY, **arguments})
    with pytest.raises(TypeError, match="wordvec_dim is 2.5, expected a whole number"):
        CaptioningRNN(VOCABULARY, wordvec_dim=2.5)


@BOTH
def test_the_table_of_cells_and_the_method_that_notebooks_show_agree(cell_type):
    assert CELLS[cell_type][1:] == build(cell_type).cell() == build(cell_type)._other_cell()


def test_a_new_cell_needs_a_line_in_the_table_and_nothing_else(monkeypatch):
    """A "leaky" cell: half of the old state stays; its functions are made of the vanilla RNN's."""
    def step_forward(x, prev_h, Wx, Wh, b):
        new, cache = rnn_layers.rnn_step_forward(x, prev_h, Wx, Wh, b)
        return (prev_h + new) / 2, cache

    def forward(x, h0, Wx, Wh, b):
        states, cache, h = [], [], h0
        for t in range(x.shape[1]):
            h, step = step_forward(x[:, t], h, Wx, Wh, b)
            states.append(h)
            cache.append(step)
        return np.stack(states, axis=1), cache

    def backward(dh, cache):
        dx, dprev, weights = [], 0, [0, 0, 0]
        for t in reversed(range(len(cache))):
            half = (dh[:, t] + dprev) / 2
            dxt, through, *grads = rnn_layers.rnn_step_backward(half, cache[t])
            dx.insert(0, dxt)
            dprev, weights = half + through, [a + b for a, b in zip(weights, grads)]
        return np.stack(dx, axis=1), dprev, *weights

    monkeypatch.setitem(rnn.CELLS, "leaky", rnn.Cell(1, step_forward, forward, backward))
    test_every_gradient_equals_the_numeric_one("leaky")
    test_the_loss_is_what_next_scores_say_of_the_true_caption("leaky")
    assert build("leaky").sample(batch()[0], max_length=3).shape == (N, 3)
    with pytest.raises(ValueError, match="FastCaptioningRNN: cell_type is 'leaky', which has no"):
        FastCaptioningRNN(VOCABULARY, cell_type="leaky")


def test_an_unknown_cell_is_never_taken_for_another():
    model = build("rnn")
    model.cell_type = "gru"
    with pytest.raises(KeyError, match="gru"):
        model.cell()
    with pytest.raises(ValueError, match="cell_type is 'gru', expected 'rnn' or 'lstm'"):
        FastCaptioningRNN(VOCABULARY, cell_type="gru")


@BOTH
def test_bad_input_is_named(cell_type):
    model = build(cell_type)
    features, captions = batch()
    with pytest.raises(ValueError, match=r"loss: features has shape \(4, 4\), .* D = 5 from the"):
        model.loss(features[:, :-1], captions)
    with pytest.raises(ValueError, match=r"loss: captions has shape \(3, 6\), .* N = 4 from feat"):
        model.loss(features, captions[:-1])
    with pytest.raises(ValueError, match=r"loss: captions holds the index \d+, expected 0 to 6"):
        model.loss(features, captions + 5)
    with pytest.raises(ValueError, match="T at least 1"):
        model.loss(features, captions[:, :1])
    with pytest.raises(ValueError, match="sample: max_length is 0, expected at least 1"):
        model.sample(features, max_length=0)
    with pytest.raises(ValueError, match="next_scores: state.*expected"):
        model.next_scores(captions[:, 0], [np.zeros((N, H + 1))])
    without_start = build(cell_type, vocabulary={"<NULL>": 0, "a": 1})
    with pytest.raises(ValueError, match="word_to_idx has no '<START>'"):
        without_start.sample(features)
