"""Patches, convolution, pooling and PCA, held against slow and plain versions of them."""

import numpy as np
import pytest

from cs231n.picture_layers import (
    conv_forward,
    conv_network,
    image_patches,
    max_pool,
    pca_apply,
    pca_fit,
    relu,
)

rng = np.random.RandomState(0)
X = rng.randn(2, 7, 9, 3)
W = rng.randn(3, 2, 3, 4)
B = rng.randn(4)
ROWS = rng.randn(30, 6) * [5, 4, 3, 2, 1, 0.5] + 7


def slow_convolution(x, W, b, stride, pad):
    """A convolution as its definition says it, one number at a time."""
    k, l, _, F = W.shape  # noqa: E741
    padded = np.zeros((len(x), x.shape[1] + 2 * pad[0], x.shape[2] + 2 * pad[1], x.shape[3]))
    padded[:, pad[0]:pad[0] + x.shape[1], pad[1]:pad[1] + x.shape[2]] = x
    out = np.zeros((len(x), (padded.shape[1] - k) // stride + 1,
                    (padded.shape[2] - l) // stride + 1, F))
    for n, r, c, f in np.ndindex(out.shape):
        patch = padded[n, r * stride:r * stride + k, c * stride:c * stride + l]
        out[n, r, c, f] = np.sum(patch * W[..., f]) + b[f]
    return out


def test_patches_run_through_rows_columns_and_channels():
    patches = image_patches(X, (3, 2), stride=2, pad=(1, 0))
    assert patches.shape == (2, 4, 4, 18)
    np.testing.assert_array_equal(patches[1, 1, 2], X[1, 1:4, 4:6].reshape(-1))
    np.testing.assert_array_equal(patches[0, 0, 0, :6], 0)  # the padding above


@pytest.mark.parametrize("stride, pad", [(1, (0, 0)), (1, (1, 1)), (2, (1, 0)), (3, (0, 2))])
def test_a_convolution_is_what_its_definition_says(stride, pad):
    np.testing.assert_allclose(conv_forward(X, W, B, stride, pad),
                               slow_convolution(X, W, B, stride, pad))


def test_a_network_has_a_relu_after_every_convolution():
    second = rng.randn(2, 2, 4, 5), rng.randn(5)
    layers = [(W, B, 1, (1, 1)), (*second, 2, (0, 0))]
    hidden = np.maximum(slow_convolution(X, W, B, 1, (1, 1)), 0)
    expected = np.maximum(slow_convolution(hidden, *second, 2, (0, 0)), 0)
    np.testing.assert_allclose(conv_network(X, layers), expected)
    assert (expected == 0).any() and (expected > 0).any()


@pytest.mark.parametrize("size, stride", [(2, 2), (3, 2), (2, 1), (2, 3)])
def test_max_pooling_takes_each_channel_by_itself(size, stride):
    out = max_pool(X, size, stride)
    assert out.shape == (2, (7 - size) // stride + 1, (9 - size) // stride + 1, 3)
    for n, r, c, channel in np.ndindex(out.shape):
        window = X[n, r * stride:r * stride + size, c * stride:c * stride + size, channel]
        assert out[n, r, c, channel] == window.max()


def test_directions_of_a_pca_are_those_of_the_covariance():
    mean, directions, variances = pca_fit(ROWS, 4)
    values, vectors = np.linalg.eigh(np.cov(ROWS.T, bias=True))
    np.testing.assert_allclose(mean, ROWS.mean(axis=0))
    np.testing.assert_allclose(variances, values[::-1][:4])
    np.testing.assert_allclose(np.abs(np.sum(directions * vectors[:, ::-1][:, :4], axis=0)), 1)
    np.testing.assert_allclose(directions.T @ directions, np.eye(4), atol=1e-12)


def test_what_is_projected_varies_as_the_pca_says():
    mean, directions, variances = pca_fit(ROWS, 6)
    projected = pca_apply(ROWS, mean, directions)
    np.testing.assert_allclose(projected.var(axis=0), variances)
    np.testing.assert_allclose(projected @ directions.T + mean, ROWS)  # with all, nothing is lost


def test_float32_stays_float32_and_arguments_stay_as_they_are():
    given = [array.astype(np.float32) for array in (X, W, B, ROWS)]
    before = [array.copy() for array in given]
    x, w, b, rows = given
    made = [image_patches(x, (2, 2)), conv_forward(x, w, b), relu(x), max_pool(x),
            *pca_fit(rows, 2), pca_apply(rows, *pca_fit(rows, 2)[:2])]
    assert {array.dtype for array in made} == {np.dtype(np.float32)}
    for array, original in zip(given, before):
        np.testing.assert_array_equal(array, original)


@pytest.mark.parametrize("call, says", [
    (lambda: image_patches(X[0], (2, 2)), r"x has shape \(7, 9, 3\), expected \(N, h, w, C\)"),
    (lambda: image_patches(X, 2), r"kernel is 2, expected two whole numbers: \(rows, columns\)"),
    (lambda: image_patches(X, (2, 2), pad=1), "pad is 1, expected two whole numbers"),
    (lambda: image_patches(X, (2, 2), pad=(0, -1)), "pad is -1, expected at least 0"),
    (lambda: image_patches(X, (2, 2), stride=0), "stride is 0, expected at least 1"),
    (lambda: image_patches(X, (8, 2)), r"kernel is \(8, 2\), but .* only \(7, 9\)"),
    (lambda: conv_forward(X, W[:, :, :2], B), r"W has shape \(3, 2, 2, 4\), expected .*C = 3"),
    (lambda: conv_forward(X, W, B[:3]), r"b has shape \(3,\), expected \(F,\) with F = 4"),
    (lambda: max_pool(X, 2.0), "size is 2.0, expected a whole number"),
    (lambda: pca_fit(ROWS, 7), "num_components is 7, but 30 rows of 6 numbers have at most 6"),
    (lambda: pca_apply(ROWS, np.zeros(5), np.eye(6)), r"mean has shape \(5,\), expected \(D,\)"),
])
def test_what_does_not_fit_is_refused_in_one_sentence(call, says):
    with pytest.raises((TypeError, ValueError), match=says):
        call()
