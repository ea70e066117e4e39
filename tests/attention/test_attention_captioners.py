"""Captioners with attention: gradients, steps against sequences, padding, the future, decoders."""

import numpy as np
import pytest

from cs231n import decoding
from cs231n.classifiers.attention import CaptioningAttention
from cs231n.classifiers.transformer import CaptioningTransformer
from cs231n.gradient_check import eval_numerical_gradient

WORDS = {word: i for i, word in enumerate(["<NULL>", "<START>", "<END>", "a", "dog", "sea"])}
D, S = 4, 3
MODELS = {
    "rnn": lambda **more: CaptioningAttention(WORDS, D, S, 5, 6, "rnn", **more),
    "lstm": lambda **more: CaptioningAttention(WORDS, D, S, 5, 6, "lstm", **more),
    "transformer": lambda **more: CaptioningTransformer(WORDS, D, S, 6, 2, 2, **more),
}
CAPTIONS = np.array([[1, 3, 4, 5, 2], [1, 4, 2, 0, 0], [1, 5, 5, 2, 0]])


@pytest.fixture(params=MODELS)
def model(request):
    np.random.seed(231)
    model = MODELS[request.param](dtype=np.float64)
    for value in model.params.values():  # away from zero, so that no gradient vanishes
        value += 0.1 * np.random.randn(*value.shape)
    return model


@pytest.fixture
def features():
    return np.random.RandomState(5).randn(3, S, D)


def test_gradients_of_all_parameters(model, features):
    _, grads = model.loss(features, CAPTIONS)
    assert sorted(grads) == sorted(model.params)
    for name, value in model.params.items():
        numeric = eval_numerical_gradient(lambda _: model.loss(features, CAPTIONS)[0], value,
                                          verbose=False)
        np.testing.assert_allclose(grads[name], numeric, rtol=1e-6, atol=1e-8, err_msg=name)


def test_word_by_word_gives_the_loss_of_the_whole(model, features):
    """Word by word nothing of the future can be seen: so nothing of it leaks into the loss."""
    value, _ = model.loss(features, CAPTIONS)
    total = decoding.log_probability(model, features, CAPTIONS[:, 1:]).sum()
    assert value == pytest.approx(-total / len(features), rel=1e-12)


def test_a_batch_gives_what_its_rows_give(model, features):
    value, _ = model.loss(features, CAPTIONS)
    alone = [model.loss(features[i : i + 1], CAPTIONS[i : i + 1])[0] for i in range(3)]
    assert value == pytest.approx(np.mean(alone), rel=1e-12)
    captions = model.sample(features, 6)
    for i in range(3):
        np.testing.assert_array_equal(model.sample(features[i : i + 1], 6)[0], captions[i])


def test_padding_gets_no_gradient_and_changes_no_loss(model, features):
    value, grads = model.loss(features, CAPTIONS)
    wider = np.concatenate([CAPTIONS, np.zeros((3, 2), int)], axis=1)
    value_of_wider, grads_of_wider = model.loss(features, wider)
    assert value == pytest.approx(value_of_wider, rel=1e-12)
    for name in grads:
        np.testing.assert_allclose(grads[name], grads_of_wider[name], atol=1e-12)
    assert (grads["W_embed"][WORDS["<NULL>"]] == 0).all()


def test_each_region_is_looked_at(model, features):
    _, _, looks = model.next_scores_and_looks(CAPTIONS[:, 0], model.first_state(features))
    assert looks.shape == (3, S)
    np.testing.assert_allclose(looks.sum(axis=1), 1)
    assert (looks > 0).all()


def test_regions_matter_and_so_do_their_places(model, features):
    value, _ = model.loss(features, CAPTIONS)
    assert model.loss(features[:, ::-1], CAPTIONS)[0] != pytest.approx(value, rel=1e-6)
    model.params["places"][:] = 0
    value, _ = model.loss(features, CAPTIONS)
    assert model.loss(features[:, ::-1], CAPTIONS)[0] == pytest.approx(value, rel=1e-9)


def test_decoders_work_with_it(model, features):
    greedy = model.sample(features, 6)
    np.testing.assert_array_equal(decoding.beam_search(model, features, 1, 6), greedy)
    beam = decoding.beam_search(model, features, 4, 6)
    scores = [decoding.log_probability(model, features, captions) for captions in (greedy, beam)]
    assert (scores[1] >= scores[0] - 1e-12).all()
    drawn = decoding.sample(model, features, 6, rng=np.random.default_rng(0))
    assert drawn.shape == (3, 6)


def test_float32_stays_float32(features):
    for make in MODELS.values():
        model = make()
        _, grads = model.loss(features.astype(np.float32), CAPTIONS)
        scores, state = model.next_scores(CAPTIONS[:, 0],
                                          model.first_state(features.astype(np.float32)))
        assert {a.dtype for a in (scores, *state, *grads.values())} == {np.dtype(np.float32)}


@pytest.mark.parametrize("make, says", [
    (lambda: CaptioningAttention({"a": 0}, D, S), "CaptioningAttention: .*'<NULL>'"),
    (lambda: CaptioningAttention(WORDS, D, S, cell_type="gru2"), "cell_type is 'gru2'"),
    (lambda: CaptioningAttention(WORDS, D, 0), "num_regions is 0"),
    (lambda: CaptioningTransformer(WORDS, D, S, 6, 4), "wordvec_dim is 6, which 4 heads"),
    (lambda: CaptioningTransformer(WORDS, D, S, 8, 4, 0), "num_layers is 0"),
    (lambda: CaptioningTransformer(WORDS, D, S, dtype=int), "dtype is")])
def test_sizes_that_make_no_model_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_one_vector_a_picture_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="features has shape .3, 4., expected .N, S, D."):
        MODELS["rnn"]().loss(np.zeros((3, D), np.float32), CAPTIONS)
