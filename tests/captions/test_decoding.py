"""Decoders, for both cell types, against enumeration and against each other."""

import itertools

import numpy as np
import pytest
from tiny_run import make_model

from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.decoding import (
    beam_search,
    beam_step,
    count_words,
    draw_words,
    greedy,
    keep_top_k,
    log_probability,
    log_softmax,
    sample,
    temperature_probabilities,
)


def make_captioner(cell_type, num_words=12, sharpness=4.0, end=1.0):
    """A captioner of random weights, sharp enough to have opinions, whose captions end."""
    np.random.seed(3)
    words = ["<NULL>", "<START>", "<END>", "<UNK>", *(f"w{i}" for i in range(num_words - 4))]
    model = CaptioningRNN({word: i for i, word in enumerate(words)}, input_dim=6, wordvec_dim=5,
                          hidden_dim=16, cell_type=cell_type, dtype=np.float64)
    for value in model.params.values():
        value *= sharpness
    model.params["b_vocab"][2] += end
    return model


FEATURES = np.random.default_rng(7).standard_normal((60, 6))
both_cells = pytest.mark.parametrize("cell_type", ["rnn", "lstm"])


# ---- Probabilities ------------------------------------------------------------------------------

def test_log_softmax_of_large_scores():
    scores = np.array([[1000.0, 1000.0, -1000.0]], dtype=np.float32)
    np.testing.assert_allclose(log_softmax(scores), [[-np.log(2), -np.log(2), -2000 - np.log(2)]])
    assert log_softmax(scores).dtype == np.float64


def test_temperature_probabilities():
    scores = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]]))
    np.testing.assert_allclose(temperature_probabilities(scores, 1.0), np.exp(scores))
    sharp = np.array([[0.01, 0.04, 0.49], [0.25, 0.0625, 0.0625]])
    np.testing.assert_allclose(temperature_probabilities(scores, 0.5),
                               sharp / sharp.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(temperature_probabilities(scores, 1e9), 1 / 3, atol=1e-8)
    np.testing.assert_allclose(temperature_probabilities(scores[:1], 1e-3), [[0, 0, 1]])
    assert temperature_probabilities(scores.astype(np.float32), 0.5).dtype == np.float32


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf"), "warm", None, 1e-308])
def test_a_temperature_without_sense_is_named(temperature):
    with pytest.raises(ValueError, match="temperature is .*greedy"):
        temperature_probabilities(np.zeros((1, 3)), temperature)
    with pytest.raises(ValueError, match="sample: temperature is .*greedy"):
        sample(make_captioner("rnn"), FEATURES, temperature=temperature)


@pytest.mark.parametrize("temperature", [1e-30, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_last_temperatures_that_make_sense(temperature, dtype):
    scores = np.array([[-40.0, 12.5, 80.0]], dtype=dtype)
    expected = [0, 0, 1] if temperature < 1 else [1 / 3] * 3
    np.testing.assert_allclose(temperature_probabilities(scores, temperature), [expected])


def test_keep_top_k():
    scores = np.array([[1.0, 3, 2, 0], [5, 5, 5, 1]])
    np.testing.assert_array_equal(keep_top_k(scores, 2),
                                  [[-np.inf, 3, 2, -np.inf], [5, 5, 5, -np.inf]])
    np.testing.assert_array_equal(keep_top_k(scores, 9), scores)
    with pytest.raises(ValueError, match="k is 0"):
        keep_top_k(scores, 0)


def test_words_are_drawn_by_their_probability():
    probabilities = np.tile([0.0, 0.5, 0.0, 0.2, 0.3, 0.0], (20000, 1))
    drawn = draw_words(probabilities, np.random.default_rng(0))
    shares = np.bincount(drawn, minlength=6) / len(drawn)
    np.testing.assert_allclose(shares, probabilities[0], atol=0.015)
    assert shares[[0, 2, 5]].sum() == 0


# ---- One word after the other -------------------------------------------------------------------

@both_cells
def test_greedy_is_what_the_model_samples(cell_type):
    model = make_captioner(cell_type)
    captions = greedy(model, FEATURES, 12)
    np.testing.assert_array_equal(captions, model.sample(FEATURES, 12))
    assert 1 < count_words(model, captions).mean() < 12


@both_cells
def test_sampling_towards_temperature_zero_and_with_one_word_is_greedy(cell_type):
    model = make_captioner(cell_type)
    expected = greedy(model, FEATURES, 12)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(sample(model, FEATURES, 12, temperature=1e-6, rng=rng), expected)
    np.testing.assert_array_equal(sample(model, FEATURES, 12, top_k=1, rng=rng), expected)


@both_cells
def test_sampling_follows_the_generator_and_leaves_the_global_one_alone(cell_type):
    model = make_captioner(cell_type)
    before = np.random.get_state()[1].copy()
    one, two = (sample(model, FEATURES, 12, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, sample(model, FEATURES, 12))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_top_k_draws_from_the_best_only():
    model = make_captioner("rnn", sharpness=1.0)
    first = sample(model, np.repeat(FEATURES[:1], 500, axis=0), 1, top_k=3,
                   rng=np.random.default_rng(0))
    scores, _ = model.next_scores(np.array([1]), model.first_state(FEATURES[:1]))
    assert set(first[:, 0]) == set(np.argsort(scores[0])[-3:])


@both_cells
@pytest.mark.parametrize("decode", [greedy, sample, beam_search])
def test_after_its_end_a_row_holds_null(cell_type, decode):
    model = make_captioner(cell_type)
    captions = decode(model, FEATURES, max_length=12)
    assert captions.shape == (60, 12)
    for caption in captions.tolist():
        if 2 in caption:
            assert set(caption[caption.index(2) + 1 :]) <= {0}


@pytest.mark.parametrize("decode", [greedy, sample, beam_search])
def test_without_a_start_there_is_a_clear_error(decode):
    model = CaptioningRNN({"<NULL>": 0, "cat": 1, "dog": 2}, input_dim=6)
    with pytest.raises(ValueError, match="<START>"):
        decode(model, FEATURES.astype(np.float32))
    with pytest.raises(ValueError, match="max_length is 0"):
        decode(make_model(), FEATURES.astype(np.float32), max_length=0)


# ---- Beam search --------------------------------------------------------------------------------

def test_beam_step_by_hand():
    totals = np.array([[-1.0, -2.0]])
    log_probs = np.array([[[-3.0, -0.5, -9.0], [-0.1, -4.0, -0.2]]])
    best, parents, words = beam_step(totals, log_probs, 3)
    np.testing.assert_allclose(best, [[-1.5, -2.1, -2.2]])
    np.testing.assert_array_equal(parents, [[0, 1, 1]])
    np.testing.assert_array_equal(words, [[1, 0, 2]])


def test_beam_step_leaves_out_what_is_out():
    totals = np.array([[-np.inf, -5.0]])
    _, parents, _ = beam_step(totals, np.zeros((1, 2, 3)) - 1, 3)
    np.testing.assert_array_equal(parents, [[1, 1, 1]])


def test_beam_step_names_bad_shapes():
    with pytest.raises(ValueError, match="log_probs has shape"):
        beam_step(np.zeros((2, 3)), np.zeros((2, 4, 5)), 3)
    with pytest.raises(ValueError, match="width is 0"):
        beam_step(np.zeros((2, 3)), np.zeros((2, 3, 5)), 0)


@both_cells
@pytest.mark.parametrize("length_power", [0.0, 0.7, 1.0])
def test_width_one_is_greedy(cell_type, length_power):
    model = make_captioner(cell_type)
    np.testing.assert_array_equal(beam_search(model, FEATURES, 1, 12, length_power),
                                  greedy(model, FEATURES, 12))


def all_captions(model, max_length):
    """Every caption that there is: rows of words that end at `<END>` or are full."""
    for words in itertools.product(range(len(model.word_to_idx)), repeat=max_length):
        end = words.index(2) if 2 in words else max_length
        if all(word == 0 for word in words[end + 1 :]):
            yield words


@both_cells
@pytest.mark.parametrize("length_power", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_of_all_captions(cell_type, length_power):
    model = make_captioner(cell_type, num_words=5, sharpness=2.0, end=0.0)
    everything = np.array(list(all_captions(model, 4)))
    for features in FEATURES[:8, None]:
        scores = log_probability(model, np.repeat(features, len(everything), 0), everything)
        scores = scores / count_words(model, everything) ** length_power
        found = beam_search(model, features, 5**3, 4, length_power)
        np.testing.assert_array_equal(found[0], everything[scores.argmax()])


@both_cells
@pytest.mark.parametrize("width, length_power", [(2, 0.0), (3, 0.7), (5, 1.0)])
def test_beam_search_never_scores_below_greedy_and_often_above(cell_type, width, length_power):
    model = make_captioner(cell_type)
    scores = {}
    for decode in (greedy, beam_search):
        more = {} if decode is greedy else {"width": width, "length_power": length_power}
        captions = decode(model, FEATURES, max_length=12, **more)
        scores[decode] = (log_probability(model, FEATURES, captions)
                          / count_words(model, captions) ** length_power)
    assert (scores[beam_search] >= scores[greedy] - 1e-12).all()
    assert (scores[beam_search] > scores[greedy] + 1e-6).mean() > 0.05


@both_cells
def test_a_batch_equals_its_pictures_one_by_one(cell_type):
    model = make_captioner(cell_type)
    batch = beam_search(model, FEATURES, 4, 12)
    singles = [beam_search(model, FEATURES[i : i + 1], 4, 12)[0] for i in range(len(FEATURES))]
    np.testing.assert_array_equal(batch, singles)


def test_a_picture_without_hope_costs_nothing_more(monkeypatch):
    model = make_captioner("rnn")
    rows, next_scores = [], model.next_scores
    monkeypatch.setattr(model, "next_scores", lambda word, state: (rows.append(len(word)),
                                                                   next_scores(word, state))[1])
    beam_search(model, FEATURES, 4, 12)
    searched = rows[rows.index(4 * len(FEATURES)):]  # before it come the greedy captions
    assert searched == sorted(searched, reverse=True)
    assert searched[-1] < searched[0] / 2


def test_length_normalisation_makes_captions_longer():
    model = make_captioner("rnn")
    short, long = (count_words(model, beam_search(model, FEATURES, 5, 12, power)).mean()
                   for power in (0.0, 1.0))
    assert long > short + 0.5


@both_cells
def test_log_probability_is_what_the_loss_is_made_of(cell_type):
    model = make_captioner(cell_type)
    captions = greedy(model, FEATURES, 12)
    # The loss passes over any <NULL>, also one that the model put in the middle of a caption.
    whole = np.array([2 in row and 0 not in row[: row.index(2)] for row in captions.tolist()])
    captions, features = captions[whole], FEATURES[whole]
    assert len(captions) > 10
    with_start = np.hstack([np.full((len(captions), 1), 1), captions])
    loss, _ = model.loss(features, with_start)
    assert log_probability(model, features, captions).mean() == pytest.approx(-loss)


# ---- What makes no sense ------------------------------------------------------------------------

@pytest.mark.parametrize("decode", [greedy, sample, beam_search])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_named(decode, value):
    features = FEATURES.copy()
    features[4, 2] = value
    with pytest.raises(ValueError, match=rf"features is {value} at \[4, 2\]"):
        decode(make_captioner("rnn"), features)


@pytest.mark.parametrize("decode", [greedy, sample, beam_search])
def test_a_model_that_is_broken_writes_no_captions(decode):
    model = make_captioner("lstm")
    model.params["W_vocab"][3, 5] = np.nan
    with pytest.raises(ValueError, match="scores that are not finite.*parameters hold NaN"):
        decode(model, FEATURES)


@pytest.mark.parametrize("decode, arguments, error, words", [
    (beam_search, {"width": 0}, ValueError, "beam_search: width is 0, expected at least 1"),
    (beam_search, {"width": 2.5}, TypeError, "beam_search: width is 2.5"),
    (beam_search, {"length_power": np.nan}, ValueError, "length_power is nan, expected .*0 to 1"),
    (beam_search, {"length_power": -0.5}, ValueError, "length_power is -0.5"),
    (beam_search, {"length_power": "long"}, ValueError, "length_power is 'long'"),
    (beam_search, {"max_length": 0}, ValueError, "beam_search: max_length is 0"),
    (sample, {"top_k": 0}, ValueError, "sample: top_k is 0, expected at least 1"),
    (sample, {"top_k": 1.5}, TypeError, "sample: top_k is 1.5"),
    (greedy, {"features": FEATURES[0]}, ValueError, r"greedy: features has shape \(6,\)"),
    (greedy, {"features": FEATURES.tolist()}, TypeError, "greedy: features is a list of 60"),
])
def test_arguments_without_sense_are_named(decode, arguments, error, words):
    with pytest.raises(error, match=words):
        decode(**{"model": make_captioner("rnn"), "features": FEATURES, **arguments})


@pytest.mark.parametrize("captions, error, words", [
    ([[-1]], TypeError, "captions is a list of 1"),
    (np.array([[-1]]), ValueError, r"captions holds the word -1, expected 0 to 11 "),
    (np.array([[4, 2, 12]]), ValueError, "captions holds the word 12, expected 0 to 11 "),
    (np.array([[4.0, 2.0]]), TypeError, "captions has dtype float64, expected integers"),
    (np.array([4, 2]), ValueError, r"captions has shape \(2,\)"),
    (np.array([[4, 2], [5, 2]]), ValueError, r"captions has shape \(2, 2\), expected .*N = 1"),
])
def test_words_that_the_model_does_not_have_get_no_probability(captions, error, words):
    with pytest.raises(error, match="log_probability: " + words):
        log_probability(make_captioner("rnn"), FEATURES[:1], captions)
