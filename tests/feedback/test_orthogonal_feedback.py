"""`orthogonal` has many right results: all of them pass, and what is not orthogonal does not."""

import numpy as np
import pytest

from cs231n.feedback import check


def gram_schmidt(matrix):
    columns = []
    for column in matrix.T.astype(float):
        for other in columns + columns:  # twice, to be exact
            column = column - other * (other @ column)
        columns.append(column / np.linalg.norm(column))
    return np.stack(columns, axis=1)


def nearest(matrix):
    u, _, vt = np.linalg.svd(matrix)
    return u @ vt


@pytest.mark.parametrize("function", [gram_schmidt, nearest, lambda m: np.linalg.qr(m)[0]])
def test_every_orthogonal_matrix_is_right(function):
    assert check(function, "orthogonal").passed


@pytest.mark.parametrize("function, words", [
    (lambda m: np.eye(len(m)), "Another matrix gives the same result"),
    (lambda m: np.linalg.qr(m)[1], "the other factor"),
    (lambda m: np.exp(m / np.abs(m).max()), "has to be the identity matrix"),
    (lambda m: np.linalg.qr(m)[0][:, :-1], "shape"),
])
def test_what_is_not_is_named(function, words):
    report = check(function, "orthogonal")
    assert not report.passed and words in str(report)
