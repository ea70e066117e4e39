"""Numeric gradients, relative errors and verdicts."""

import numpy as np
import pytest

from cs231n.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    rel_error,
    verdict,
)


def test_the_gradient_of_a_known_function():
    x = np.array([[1.0, 2.0], [3.0, -4.0]])
    gradient = eval_numerical_gradient(lambda x: np.sum(x**2), x, verbose=False)
    np.testing.assert_allclose(gradient, 2 * x, rtol=1e-8)


def test_the_gradient_through_an_array():
    x, df = np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 2.0])
    gradient = eval_numerical_gradient_array(lambda x: x**3, x, df)
    np.testing.assert_allclose(gradient, 3 * x**2 * df, rtol=1e-8)


def test_functions_may_ignore_their_argument_or_return_it():
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(
        eval_numerical_gradient(lambda _: x.sum(), x, verbose=False), [1, 1], rtol=1e-6
    )
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda x: x, x, np.ones(2)), [1, 1])


def test_x_is_put_back_even_when_the_function_fails():
    x = np.array([0.1, 0.2])

    def fail(x):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        eval_numerical_gradient(fail, x, verbose=False)
    np.testing.assert_array_equal(x, [0.1, 0.2])


def test_verbose_prints_each_entry(capsys):
    eval_numerical_gradient(lambda x: x.sum(), np.zeros((1, 2)))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(") ")[0] for line in lines] == ["(0, 0", "(0, 1"]


def test_whole_numbers_cannot_be_moved_a_little():
    with pytest.raises(TypeError, match="int"):
        eval_numerical_gradient(np.sum, np.arange(3), verbose=False)


def test_rel_error():
    assert rel_error(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0
    assert rel_error(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == 0.5
    assert rel_error(np.array([0.0]), np.array([1e-9])) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="one shape"):
        rel_error(np.zeros(3), np.zeros((3, 1)))


@pytest.mark.parametrize(
    "value, bounds, line",
    [
        (6.29e-9, dict(at_most=1e-8), "x: 6.29e-09 (at most 1e-08) PASS\n"),
        (6.29e-7, dict(at_most=1e-8), "x: 6.29e-07 (at most 1e-08) FAIL\n"),
        (86.34, dict(at_least=75, unit="%"), "x: 86.3 % (at least 75 %) PASS\n"),
        (2.3, dict(at_least=2.2, at_most=2.4), "x: 2.3 (at least 2.2 and at most 2.4) PASS\n"),
        (2.5, dict(at_least=2.2, at_most=2.4), "x: 2.5 (at least 2.2 and at most 2.4) FAIL\n"),
        (np.nan, dict(at_most=1), "x: nan (at most 1) FAIL\n"),
        (np.inf, dict(at_least=1), "x: inf (at least 1) FAIL\n"),
    ],
)
def test_verdicts(capsys, value, bounds, line):
    verdict("x", value, **bounds)
    assert capsys.readouterr().out == line
