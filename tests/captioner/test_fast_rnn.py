"""The fast captioner computes what the plain one computes, and keeps its arrays to itself."""

import itertools
import tracemalloc

import numpy as np
import pytest

from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers import fast_rnn
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.rnn_layers import temporal_softmax_loss

CELLS = ["rnn", "lstm"]
V, D, W, H = 23, 11, 7, 9
WORDS = {word: i for i, word in enumerate(["<NULL>", "<START>", "<END>", "<UNK>"])}
WORDS.update({f"word{i}": i for i in range(4, V)})


def make_models(cell, dtype=np.float64, words=WORDS):
    """The plain and the fast captioner, with equal parameters."""
    models = []
    for kind in (CaptioningRNN, FastCaptioningRNN):
        np.random.seed(231)
        models.append(kind(words, D, W, H, cell, dtype))
        for name in ("b", "b_proj", "b_vocab"):
            models[-1].params[name] += np.random.randn(*models[-1].params[name].shape).astype(dtype)
    return models


def make_captions(lengths, T=12, seed=0):
    """Captions (N, T + 1) with so many words between `<START>` and `<END>`."""
    captions = np.zeros((len(lengths), T + 1), dtype=np.int32)
    rng = np.random.default_rng(seed)
    for row, length in zip(captions, lengths):
        row[: length + 2] = [1, *rng.integers(3, V, length), 2]
    return captions


def captions_with_gaps():
    """Words of any number anywhere, `<NULL>` between others, and one row of nothing but it."""
    captions = np.random.default_rng(1).integers(0, V, (8, 13))
    captions[:, 4:6] = 0
    captions[2, 8:] = 0
    captions[3] = 0
    return captions


CAPTIONS = {
    "random lengths": make_captions(np.random.default_rng(2).integers(0, 11, 30)),
    "start and end only": make_captions([4, 0, 7]),
    "nothing but start and end": make_captions([0, 0]),
    "one caption": make_captions([6]),
    "one caption without words": make_captions([0]),
    "one length": make_captions([5] * 6),
    "full length": make_captions([11] * 4),
    "one step": make_captions([0] * 3, T=1),
    "the same word again and again": np.full((5, 9), 7),
    "gaps": captions_with_gaps(),
    "only padding": np.zeros((3, 6), dtype=int),
}


def features_for(captions, dtype=np.float64, seed=3):
    return np.random.default_rng(seed).standard_normal((len(captions), D)).astype(dtype)


def error(x, y):
    """The largest difference, relative to the largest number: what single sums can promise."""
    return np.max(np.abs(x - y)) / max(1e-8, np.max(np.abs(y)))


def assert_same_step(plain, fast, features, captions, bound):
    value, grads = plain.loss(features, captions)
    fast_value, fast_grads = fast.loss(features, captions)
    assert error(fast_value, value) <= bound
    assert set(fast_grads) == set(grads) == set(plain.params)
    for name, grad in grads.items():
        assert fast_grads[name].shape == grad.shape, name
        assert fast_grads[name].dtype == grad.dtype, name
        assert error(fast_grads[name], grad) <= bound, name


@pytest.mark.parametrize("case", CAPTIONS)
@pytest.mark.parametrize("dtype, bound", [(np.float64, 1e-10), (np.float32, 1e-4)])
@pytest.mark.parametrize("cell", CELLS)
def test_loss_and_gradients_equal_the_plain_ones(cell, dtype, bound, case):
    captions = CAPTIONS[case]
    plain, fast = make_models(cell, dtype)
    assert_same_step(plain, fast, features_for(captions, dtype), captions, bound)


@pytest.mark.parametrize("cell", CELLS)
def test_float32_stays_float32(cell):
    captions = CAPTIONS["random lengths"]
    _, fast = make_models(cell, np.float32)
    value, grads = fast.loss(features_for(captions, np.float64), captions)
    assert value.dtype == np.float32
    assert {grad.dtype for grad in grads.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("cell", CELLS)
def test_the_softmax_in_several_blocks(cell, monkeypatch):
    monkeypatch.setattr(fast_rnn, "BLOCK_BYTES", 5 * V * 8)
    captions = CAPTIONS["random lengths"]
    assert_same_step(*make_models(cell), features_for(captions), captions, 1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_large_scores_do_not_overflow(cell):
    captions = CAPTIONS["random lengths"]
    plain, fast = make_models(cell)
    for model in (plain, fast):
        model.params["W_vocab"] *= 1e4
        model.params["Wh"] *= 1e4
    with np.errstate(all="raise", under="ignore"):
        assert_same_step(plain, fast, features_for(captions), captions, 1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_no_argument_is_changed(cell):
    captions = CAPTIONS["random lengths"]
    _, fast = make_models(cell)
    features = features_for(captions)
    arrays = {"features": features, "captions": captions, **fast.params}
    before = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    try:
        fast.loss(features, captions)
    finally:
        for array in arrays.values():
            array.flags.writeable = True
    for name, array in arrays.items():
        assert np.array_equal(array, before[name]), name


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_belong_to_the_caller(cell):
    _, fast = make_models(cell)
    first = CAPTIONS["random lengths"]
    _, grads = fast.loss(features_for(first), first)
    before = {name: grad.copy() for name, grad in grads.items()}
    second = first[::-1].copy()
    fast.loss(features_for(second, seed=4), second)
    for name, grad in grads.items():
        assert np.array_equal(grad, before[name]), name
    for grad, array in itertools.product(grads.values(), fast.room._arrays.values()):
        assert not np.shares_memory(grad, array)


@pytest.mark.parametrize("cell", CELLS)
def test_two_models_share_no_work_arrays(cell):
    captions = CAPTIONS["random lengths"]
    features = features_for(captions)
    (_, one), (_, other) = make_models(cell), make_models(cell)
    one.loss(features, captions)
    other.loss(features, captions)
    pairs = itertools.product(one.room._arrays.values(), other.room._arrays.values())
    assert not any(np.shares_memory(a, b) for a, b in pairs)


@pytest.mark.parametrize("cell", CELLS)
def test_what_an_earlier_step_left_behind_does_not_matter(cell):
    plain, fast = make_models(cell)
    for case in ["random lengths", "one caption", "gaps", "one step", "random lengths"]:
        assert_same_step(plain, fast, features_for(CAPTIONS[case]), CAPTIONS[case], 1e-10)
        for array in fast.room._arrays.values():
            array[...] = np.nan


@pytest.mark.parametrize("cell", CELLS)
def test_memory_does_not_grow_over_a_thousand_steps(cell):
    _, fast = make_models(cell, np.float32)
    batches = [make_captions(np.random.default_rng(seed).integers(0, 4, 6), T=5, seed=seed)
               for seed in range(10)]
    features = features_for(batches[0], np.float32)

    def ten_steps():
        for captions in batches:
            fast.loss(features, captions)

    tracemalloc.start()
    try:
        ten_steps()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(100):
            ten_steps()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # An array takes at least 100 bytes. NumPy itself keeps some 30,000 for small arrays.
    assert after - before < 50_000


@pytest.mark.parametrize("cell", CELLS)
def test_padding_costs_no_rows(cell, monkeypatch):
    """The cell works on as many rows as there are words to predict, and not on one more."""
    rows = []
    forward = getattr(fast_rnn, f"{cell}_packed_forward")

    def counting(products, *args):
        rows.append(len(products))
        return forward(products, *args)

    monkeypatch.setattr(fast_rnn, f"{cell}_packed_forward", counting)
    captions = CAPTIONS["random lengths"]
    _, fast = make_models(cell)
    fast.loss(features_for(captions), captions)
    assert rows == [np.count_nonzero(captions[:, 1:])]


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_of_another_type(cell):
    """Parameters may be replaced, as a check of the assignment does, by arrays of another type."""
    plain, fast = make_models(cell, np.float32)
    for model in (plain, fast):
        model.params = {k: v.astype(np.float64) for k, v in model.params.items()}
    captions = CAPTIONS["random lengths"]
    assert_same_step(plain, fast, features_for(captions), captions, 1e-10)


@pytest.mark.parametrize("cell, loss", [("rnn", 9.83235591003), ("lstm", 9.82445935443)])
def test_the_loss_of_the_assignment(cell, loss):
    N, D, W, H, V, T = 10, 20, 30, 40, 3, 13
    model = FastCaptioningRNN({"<NULL>": 0, "cat": 2, "dog": 3}, D, W, H, cell, np.float64)
    for name, value in model.params.items():
        model.params[name] = np.linspace(-1.4, 1.3, num=value.size).reshape(value.shape)
    features = np.linspace(*{"rnn": (-1.5, 0.3), "lstm": (-0.5, 1.7)}[cell], N * D).reshape(N, D)
    captions = (np.arange(N * T) % V).reshape(N, T)
    assert abs(model.loss(features, captions)[0] - loss) < 1e-10


@pytest.mark.parametrize("cell", CELLS)
def test_training_follows_the_plain_captioner(cell):
    captions = CAPTIONS["random lengths"]
    data = {
        "train_captions": captions,
        "train_image_idxs": np.arange(len(captions)),
        "train_features": features_for(captions, np.float32),
        "train_urls": np.array(["emoji-scenes://train/0"] * len(captions)),
    }
    histories = []
    for model in make_models(cell, np.float32):
        np.random.seed(0)
        solver = CaptioningSolver(model, data, update_rule="adam", batch_size=10, num_epochs=4,
                                  optim_config={"learning_rate": 1e-2}, verbose=False)
        solver.train()
        histories.append(np.array(solver.loss_history))
    plain, fast = histories
    assert plain[-1] < plain[0]
    assert error(fast, plain) < 1e-4


# ---- Sampling -----------------------------------------------------------------------------------


def ending_models(cell):
    """Models whose captions end after different numbers of words."""
    models = make_models(cell)
    for model in models:
        model.params["W_embed"] *= 100
        model.params["Wh"] *= 3
        model.params["W_vocab"] *= 3
        model.params["b_vocab"] *= 0
        model.params["b_vocab"][[0, 2]] = -20, 2  # never <NULL>, sometimes <END>
    return models


@pytest.mark.parametrize("cell", CELLS)
def test_samples_equal_the_plain_ones(cell):
    plain, fast = ending_models(cell)
    features = np.random.default_rng(5).standard_normal((40, D))
    captions = plain.sample(features, max_length=12)
    assert len(set((captions == 2).argmax(axis=1))) > 3  # they do end at different steps
    sampled = fast.sample(features, max_length=12)
    assert sampled.dtype == captions.dtype
    assert np.array_equal(sampled, captions)


@pytest.mark.parametrize("cell", CELLS)
def test_sampling_does_no_work_for_captions_that_have_ended(cell, monkeypatch):
    _, fast = ending_models(cell)
    rows = []
    next_scores = fast.next_scores

    def counting(word, state):
        rows.append(len(word))
        return next_scores(word, state)

    monkeypatch.setattr(fast, "next_scores", counting)
    captions = fast.sample(np.random.default_rng(5).standard_normal((40, D)), max_length=12)
    assert sum(rows) == np.count_nonzero(captions)


@pytest.mark.parametrize("cell", CELLS)
def test_samples_without_an_end_run_to_the_full_length(cell):
    words = {word: i for word, i in WORDS.items() if word != "<END>"}
    words["word"] = 2
    plain, fast = make_models(cell, words=words)
    features = np.random.default_rng(5).standard_normal((4, D))
    assert np.array_equal(fast.sample(features, 6), plain.sample(features, 6))


# ---- Errors -------------------------------------------------------------------------------------


def test_bad_arguments_are_named_as_by_the_plain_captioner():
    plain, fast = make_models("rnn")
    captions = CAPTIONS["random lengths"]
    features = features_for(captions)
    for bad in [(features[:-1], captions), (features[:, :-1], captions), (features, captions + V),
                (features, captions[:, :1]), (features.tolist(), captions)]:
        messages = []
        for model in (plain, fast):
            with pytest.raises((TypeError, ValueError)) as error_info:
                model.loss(*bad)
            messages.append(str(error_info.value))
        assert messages[0] == messages[1]
    with pytest.raises(ValueError, match="max_length"):
        fast.sample(features, max_length=0)


# ---- The pieces ---------------------------------------------------------------------------------


def test_softmax_in_place_equals_the_temporal_softmax_loss():
    rng = np.random.default_rng(6)
    scores, targets = rng.standard_normal((10, V)) * 5, rng.integers(0, V, 10)
    mask = rng.random(10) > 0.3
    value, dscores = temporal_softmax_loss(scores[:, None], targets[:, None], mask[:, None])
    assert error(fast_rnn.softmax_in_place(scores, targets, mask / 10), value) < 1e-12
    assert error(scores, dscores[:, 0]) < 1e-12


def test_input_products_go_into_the_array_that_was_given():
    rng = np.random.default_rng(7)
    words = rng.integers(0, V, 15)
    W_embed, Wx, b = (rng.standard_normal(shape) for shape in [(V, W), (W, H), H])
    out = np.empty((15, H))
    products, _ = fast_rnn.input_products_forward(words, W_embed, Wx, b, out)
    assert products is out
    assert error(out, W_embed[words] @ Wx + b) < 1e-12
