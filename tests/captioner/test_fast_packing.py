"""Packing of captions of different lengths, and sums over the rows of a word."""

import numpy as np
import pytest

from cs231n.classifiers.packing import pack, packing_order, steps_of, sum_by_word


def test_packing_by_hand():
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 0]], dtype=bool)
    order, batch_sizes = packing_order(mask)
    assert order.tolist() == [1, 3, 0, 2]
    assert batch_sizes == [4, 3, 2]
    words = np.arange(16).reshape(4, 4)
    assert pack(words, order, batch_sizes).tolist() == [4, 12, 0, 8, 5, 13, 1, 6, 14]
    assert steps_of(batch_sizes) == [slice(0, 4), slice(4, 7), slice(7, 9)]


def test_a_gap_does_not_end_a_caption_and_an_empty_one_has_one_step():
    order, batch_sizes = packing_order(np.array([[0, 0, 0], [0, 0, 1]], dtype=bool))
    assert order.tolist() == [1, 0]
    assert batch_sizes == [2, 1, 1]


def test_vectors_are_packed_like_words():
    rng = np.random.default_rng(0)
    mask = np.arange(6) < rng.integers(1, 7, 9)[:, None]
    order, batch_sizes = packing_order(mask)
    x = rng.standard_normal((9, 6, 5))
    rows = pack(x, order, batch_sizes)
    assert rows.shape == (mask.sum(), 5)
    # Every row is one vector of a place that counts, and each such vector is there once.
    assert np.array_equal(np.unique(rows, axis=0), np.unique(x[mask], axis=0))
    for t, step in enumerate(steps_of(batch_sizes)):
        assert np.array_equal(rows[step], x[order, t][mask[order, t]])


@pytest.mark.parametrize("words", [
    [3], [3, 3], [1, 2, 3], [5, 1, 5, 1, 5, 5, 2], [4] * 33,
    np.random.default_rng(2).integers(0, 9, 200).tolist(),
])
def test_sums_by_word(words):
    words = np.array(words)
    rows = np.random.default_rng(3).standard_normal((len(words), 4))
    expected = np.zeros((10, 4))
    np.add.at(expected, words, rows)
    used, sums = sum_by_word(rows, words)
    assert used.tolist() == sorted(set(words.tolist()))
    assert np.allclose(sums, expected[used], rtol=1e-13, atol=1e-13)
