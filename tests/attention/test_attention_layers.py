"""Attention layers: gradients against numeric ones, dtypes, masks, what heads and norms share."""

import numpy as np
import pytest

from cs231n import attention_layers as layers
from cs231n.gradient_check import eval_numerical_gradient_array

N, T, S, E, K, F = 2, 3, 4, 6, 2, 5


@pytest.fixture
def draw():
    rng = np.random.default_rng(231)
    return lambda *shape: rng.normal(size=shape)


def attention_params(draw, before=""):
    return {f"{before}{kind}_{name}": draw(E, E) if kind == "W" else draw(E)
            for name in layers.PROJECTIONS for kind in "Wb"}


def feed_params(draw, before=""):
    return {f"{before}W1": draw(E, F), f"{before}b1": draw(F), f"{before}W2": draw(F, E),
            f"{before}b2": draw(E)}


def layer_params(draw):
    norms = {f"{part}_{name}": 1 + draw(E) / 10 for part in layers.PARTS
             for name in ("gamma", "beta")}
    return (attention_params(draw, "self_") | attention_params(draw, "cross_")
            | feed_params(draw, "feed_") | norms)


def assert_gradients(forward, arrays, gradients, dout):
    """Hold each gradient, by name, against the numeric one of the array of that name."""
    assert arrays.keys() == gradients.keys()
    for name, array in arrays.items():
        numeric = eval_numerical_gradient_array(lambda _: forward(), array, dout)
        np.testing.assert_allclose(gradients[name], numeric, rtol=1e-6, atol=1e-8, err_msg=name)


def masks():
    return {"none": None, "causal": layers.causal_mask(S)[:T],
            "of each example": np.arange(S) < np.array([[[2]], [[4]]])}  # (N, 1, S)


@pytest.mark.parametrize("mask", masks())
@pytest.mark.parametrize("rate", [None, 0.5])
def test_gradients_of_attention(draw, mask, rate):
    arrays = {"query": draw(N, T, E), "key": draw(N, S, E), "value": draw(N, S, 3)}
    dropout = None if rate is None else layers.dropout_factors((N, T, S), rate,
                                                               np.random.default_rng(0))
    def forward():
        return layers.attention_forward(*arrays.values(), masks()[mask], dropout)[0]

    dout = draw(N, T, 3)
    _, cache = layers.attention_forward(*arrays.values(), masks()[mask], dropout)
    gradients = dict(zip(arrays, layers.attention_backward(dout, cache)))
    assert_gradients(forward, arrays, gradients, dout)


def test_weights_are_shares_and_zero_behind_the_mask(draw):
    mask = layers.causal_mask(S)
    weights = layers.attention_weights(draw(N, S, E), draw(N, S, E), mask)
    np.testing.assert_allclose(weights.sum(axis=2), 1)
    assert (weights[:, ~mask] == 0).all() and (weights[:, mask] > 0).all()


def test_large_scores_do_not_overflow(draw):
    out, _ = layers.attention_forward(1e4 * draw(N, T, E), 1e4 * draw(N, S, E), draw(N, S, E))
    assert np.isfinite(out).all()


@pytest.mark.parametrize("mask, error, says", [
    (np.ones((T, S)), TypeError, "booleans"),
    (np.array([[True, True, True, True], [False] * 4, [True] * 4]), ValueError, "nowhere")])
def test_masks_that_mean_nothing_are_refused(draw, mask, error, says):
    with pytest.raises(error, match=f"attention_forward: mask.*{says}"):
        layers.attention_forward(draw(N, T, E), draw(N, S, E), draw(N, S, E), mask)


def test_heads_are_split_and_joined(draw):
    x = draw(N, T, E)
    heads = layers.split_heads(x, K)
    assert heads.shape == (N * K, T, E // K)
    np.testing.assert_array_equal(heads[K * 1 + 1], x[1, :, E // K:])  # example 1, head 1
    np.testing.assert_array_equal(layers.join_heads(heads, K), x)
    with pytest.raises(ValueError, match="4 heads cannot share"):
        layers.split_heads(x, 4)


@pytest.mark.parametrize("mask", [None, layers.causal_mask(S)[:T]])
def test_gradients_of_multi_head_attention(draw, mask):
    x, source, params = draw(N, T, E), draw(N, S, E), attention_params(draw)

    def forward():
        return layers.multi_head_attention_forward(x, source, params, K, mask)[0]

    dout = draw(N, T, E)
    _, cache = layers.multi_head_attention_forward(x, source, params, K, mask)
    dx, dsource, grads = layers.multi_head_attention_backward(dout, cache)
    assert_gradients(forward, params | {"x": x, "source": source},
                     grads | {"x": dx, "source": dsource}, dout)


def test_layer_norm(draw):
    arrays = {"x": draw(N, T, E), "gamma": draw(E), "beta": draw(E)}
    out, _ = layers.layer_norm_forward(5 + 3 * arrays["x"], np.ones(E), np.zeros(E), eps=0)
    np.testing.assert_allclose(out.mean(axis=2), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(axis=2), 1)

    dout = draw(N, T, E)
    _, cache = layers.layer_norm_forward(*arrays.values())
    gradients = dict(zip(arrays, layers.layer_norm_backward(dout, cache)))
    assert_gradients(lambda: layers.layer_norm_forward(*arrays.values())[0], arrays, gradients,
                     dout)


@pytest.mark.parametrize("activation", layers.ACTIVATIONS)
def test_gradients_of_feed_forward(draw, activation):
    x, params = draw(N, T, E), feed_params(draw)
    dout = draw(N, T, E)
    _, cache = layers.feed_forward_forward(x, params, activation)
    dx, grads = layers.feed_forward_backward(dout, cache)
    assert_gradients(lambda: layers.feed_forward_forward(x, params, activation)[0],
                     params | {"x": x}, grads | {"x": dx}, dout)


def test_an_unknown_activation_is_refused(draw):
    with pytest.raises(ValueError, match="'swish', expected one of relu, gelu"):
        layers.feed_forward_forward(draw(N, T, E), feed_params(draw), "swish")


def test_gradients_of_a_decoder_layer(draw):
    x, memory, params = draw(N, T, E), draw(N, S, E), layer_params(draw)
    arguments = (x, memory, params, K, layers.causal_mask(T))
    dout = draw(N, T, E)
    _, cache = layers.decoder_layer_forward(*arguments)
    dx, dmemory, grads = layers.decoder_layer_backward(dout, cache)
    assert_gradients(lambda: layers.decoder_layer_forward(*arguments)[0],
                     params | {"x": x, "memory": memory}, grads | {"x": dx, "memory": dmemory},
                     dout)


def test_a_later_word_changes_nothing_before_it(draw):
    x, memory, params = draw(N, T, E), draw(N, S, E), layer_params(draw)
    other = x.copy()
    other[:, -1] = draw(N, E)
    for mask, same in ((layers.causal_mask(T), True), (None, False)):
        before, after = (layers.decoder_layer_forward(vectors, memory, params, K, mask)[0][:, :-1]
                         for vectors in (x, other))
        assert np.array_equal(before, after) == same


def test_dropout_keeps_the_mean():
    factors = layers.dropout_factors((200, 200), 0.25, np.random.default_rng(0), np.float32)
    assert factors.dtype == np.float32 and set(np.unique(factors)) == {0, np.float32(4 / 3)}
    assert abs(factors.mean() - 1) < 0.02
    with pytest.raises(ValueError, match="rate is 1"):
        layers.dropout_factors((2,), 1, np.random.default_rng(0))


def test_float32_stays_float32(draw):
    x, memory = (draw(N, size, E).astype(np.float32) for size in (T, S))
    params = {name: value.astype(np.float32) for name, value in layer_params(draw).items()}
    out, cache = layers.decoder_layer_forward(x, memory, params, K, layers.causal_mask(T), "gelu")
    dx, dmemory, grads = layers.decoder_layer_backward(out, cache)
    assert {a.dtype for a in (out, dx, dmemory, *grads.values())} == {np.dtype(np.float32)}


def test_no_argument_is_changed(draw):
    x, memory, params = draw(N, T, E), draw(N, S, E), layer_params(draw)
    dout = draw(N, T, E)
    given = {**params, "x": x, "memory": memory, "dout": dout}
    before = {name: value.copy() for name, value in given.items()}
    _, cache = layers.decoder_layer_forward(x, memory, params, K, layers.causal_mask(T))
    first = layers.decoder_layer_backward(dout, cache)
    again = layers.decoder_layer_backward(dout, cache)
    np.testing.assert_array_equal(first[0], again[0])
    for name, value in given.items():
        np.testing.assert_array_equal(value, before[name])


def test_positions_differ_and_do_not_depend_on_how_many_there_are():
    positions = layers.positional_encoding(30, 16)
    np.testing.assert_array_equal(positions[:7], layers.positional_encoding(7, 16))
    apart = np.linalg.norm(positions[:, None] - positions, axis=2)
    assert apart[~np.eye(30, dtype=bool)].min() > 0.5
    assert layers.positional_encoding(2, 5).shape == (2, 5)
