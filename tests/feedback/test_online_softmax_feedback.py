"""`online_log_sum_exp`: what one walk gives, and what needs more than one."""

import numpy as np
import pytest

from cs231n.classifiers.online_softmax import online_log_sum_exp
from cs231n.feedback import check


def test_it_is_the_logarithm_of_the_sum_whatever_the_blocks_are():
    scores = 300 * np.random.default_rng(0).standard_normal((6, 20))
    largest = scores.max(axis=1)
    expected = largest + np.log(np.exp(scores - largest[:, None]).sum(axis=1))
    for cuts in ([], [7], [1, 2, 19], range(1, 20)):
        blocks = (block for block in np.split(scores, list(cuts), axis=1))  # walked through once
        np.testing.assert_allclose(online_log_sum_exp(blocks), expected)
    assert online_log_sum_exp([scores.astype(np.float32)]).dtype == np.float32


def whole(blocks):
    scores = np.hstack([block for block in blocks])
    largest = scores.max(axis=1)
    return largest + np.log(np.exp(scores - largest[:, None]).sum(axis=1))


def by_logaddexp(blocks):
    total = -np.inf
    for block in blocks:
        total = np.logaddexp(total, np.logaddexp.reduce(block, axis=1))
    return total


def by_index(blocks):
    return whole([blocks[k] for k in range(len(blocks))])


def two_walks(blocks):
    largest = np.max([block.max(axis=1) for block in blocks], axis=0)
    sums = [np.exp(block - largest[:, None]).sum(axis=1) for block in blocks]
    return largest + np.log(np.sum(sums, axis=0))


@pytest.mark.parametrize("function", [whole, by_logaddexp])
def test_other_ways_are_right(function):
    assert check(function, "online_log_sum_exp").passed


@pytest.mark.parametrize("function", [by_index, two_walks])
def test_what_cannot_take_a_generator_is_told_so(function):
    report = check(function, "online_log_sum_exp")
    assert not report.passed and "one by one" in str(report)
