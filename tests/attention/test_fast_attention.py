"""The fast captioners with attention give the numbers of the plain ones."""

import numpy as np
import pytest

from cs231n.classifiers.attention import CaptioningAttention
from cs231n.classifiers.fast_attention import FastCaptioningAttention
from cs231n.classifiers.fast_transformer import FastCaptioningTransformer
from cs231n.classifiers.transformer import CaptioningTransformer

WORDS = {word: i for i, word in enumerate(["<NULL>", "<START>", "<END>", *"abcdefgh"])}
D, S = 4, 3
PAIRS = {
    "rnn": (CaptioningAttention, FastCaptioningAttention, (5, 6, "rnn")),
    "lstm": (CaptioningAttention, FastCaptioningAttention, (5, 6, "lstm")),
    "transformer": (CaptioningTransformer, FastCaptioningTransformer, (6, 2, 2)),
    "one head, three layers": (CaptioningTransformer, FastCaptioningTransformer, (6, 1, 3, 4)),
}
CAPTIONS = {
    "ordinary": np.array([[1, 3, 4, 5, 2], [1, 4, 2, 0, 0], [1, 5, 5, 2, 0]]),
    "of one length": np.array([[1, 3, 2], [1, 4, 2]]),
    "of one step": np.array([[1, 2], [1, 3], [1, 0]]),
    "a gap": np.array([[1, 3, 0, 4, 2], [1, 0, 0, 2, 0]]),
    "nothing counts": np.array([[1, 0, 0], [1, 0, 0]]),
    "one caption": np.array([[1, 3, 4, 2]]),
}


def both(pair, dtype=np.float64):
    plain_class, fast_class, sizes = PAIRS[pair]
    np.random.seed(231)
    plain, fast = (kind(WORDS, D, S, *sizes, dtype=dtype) for kind in (plain_class, fast_class))
    for name, value in plain.params.items():
        plain.params[name] = (value + np.random.randn(*value.shape) / 10).astype(dtype)
    fast.params = plain.params
    return plain, fast


def features_of(captions, dtype=np.float64):
    return np.random.RandomState(5).randn(len(captions), S, D).astype(dtype)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("captions", CAPTIONS.values(), ids=CAPTIONS)
def test_loss_and_gradients_are_those_of_the_plain_model(pair, captions):
    plain, fast = both(pair)
    features = features_of(captions)
    for _ in range(2):  # a second call works in arrays that the first has used
        value, grads = plain.loss(features, captions)
        fast_value, fast_grads = fast.loss(features, captions)
        assert fast_value == pytest.approx(value, rel=1e-12, abs=1e-14)
        assert fast_grads.keys() == grads.keys()
        for name in grads:
            np.testing.assert_allclose(fast_grads[name], grads[name], rtol=1e-10, atol=1e-12,
                                       err_msg=name)
        captions = captions[::-1]


@pytest.mark.parametrize("pair", PAIRS)
def test_captions_are_those_of_the_plain_model(pair):
    plain, fast = both(pair)
    features = features_of(range(20))
    np.testing.assert_array_equal(plain.sample(features, 7), fast.sample(features, 7))


@pytest.mark.parametrize("pair", PAIRS)
def test_float32_stays_float32_and_arguments_stay_as_they_are(pair):
    _, fast = both(pair, np.float32)
    captions, features = CAPTIONS["ordinary"].copy(), features_of(range(3), np.float32)
    before = features.copy(), {name: value.copy() for name, value in fast.params.items()}
    _, grads = fast.loss(features, captions)
    assert {gradient.dtype for gradient in grads.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(features, before[0])
    np.testing.assert_array_equal(captions, CAPTIONS["ordinary"])
    for name, value in fast.params.items():
        np.testing.assert_array_equal(value, before[1][name])


@pytest.mark.parametrize("pair", PAIRS)
def test_gradients_belong_to_the_caller(pair):
    _, fast = both(pair)
    _, grads = fast.loss(features_of(range(3)), CAPTIONS["ordinary"])
    kept = {name: gradient.copy() for name, gradient in grads.items()}
    fast.loss(features_of(range(2)), CAPTIONS["of one length"])
    for name in grads:
        np.testing.assert_array_equal(grads[name], kept[name])
