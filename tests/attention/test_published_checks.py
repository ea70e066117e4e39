"""The figures of published assignments on attention, reproduced from their arrays."""

import numpy as np
import pytest

from cs231n import attention_layers as layers
from cs231n.gradient_check import rel_error
from cs231n.published_checks import (
    published_attention,
    published_checks,
    published_decoder_layer,
)
from cs231n.rnn_layers import temporal_affine_forward

ARRAYS = published_checks()


def ramp(low, high, *shape):
    return np.linspace(low, high, int(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize("edition", ["2024", "2025"])
@pytest.mark.parametrize("inputs", ["self", "masked", "two"])
def test_multi_head_attention(edition, inputs):
    x = ARRAYS["mha/x"]
    source = ARRAYS[f"mha/{edition}/other"] if inputs == "two" else x
    mask = ARRAYS[f"mha/{edition}/mask"] if inputs == "masked" else None
    dropout = ARRAYS[f"mha/2024/keep_{inputs}"][0] / 0.9 if edition == "2024" else None
    out, _ = layers.multi_head_attention_forward(x, source, published_attention("mha"), 2, mask,
                                                 dropout)
    bound = 7e-3 if (edition, inputs) == ("2025", "two") else 1e-3
    assert rel_error(out, ARRAYS[f"mha/{edition}/expected_{inputs}"]) < bound


def test_positional_encoding():
    out = ARRAYS["pe/x"] + layers.positional_encoding(2, 6)
    assert rel_error(out, ARRAYS["pe/2025/expected"]) < 1e-3
    assert rel_error(out * ARRAYS["pe/2024/keep"] / 0.9, ARRAYS["pe/2024/expected"]) < 1e-3


def test_decoder_layer():
    out, _ = layers.decoder_layer_forward(ARRAYS["layer/2025/tgt"], ARRAYS["layer/2025/memory"],
                                          published_decoder_layer(), 2, ARRAYS["layer/2025/mask"],
                                          "gelu")
    assert rel_error(out, ARRAYS["layer/2025/expected"]) < 1e-6


def test_scores_of_the_whole_captioner():
    """Two layers with dropout everywhere; every parameter is a ramp over its (out, in) shape."""
    N, D, E, T, F = 4, 20, 30, 3, 2048
    drops = iter(range(13))

    def dropped(x):
        keep = ARRAYS[f"scores/2024/keep{next(drops)}"]
        if keep.dtype == np.uint8:
            keep = np.unpackbits(keep)
        return x * keep.reshape(x.shape) / 0.9

    def matrix(rows, columns):
        return ramp(-1.4, 1.3, columns, rows).T

    def vector(size):
        return ramp(-1.4, 1.3, size)

    attention = {f"{kind}_{name}": matrix(E, E) if kind == "W" else vector(E)
                 for name in layers.PROJECTIONS for kind in "Wb"}

    def look(x, source, mask=None):
        # The weights' dropout comes as (N, K, T, S); the layer's heads lie in one axis (N K, T, S).
        factors = dropped(np.ones((2 * N, x.shape[1], source.shape[1])))
        found, _ = layers.multi_head_attention_forward(x, source, attention, 2, mask, factors)
        return norm(x + dropped(found))

    def norm(x):
        return layers.layer_norm_forward(x, vector(E), vector(E))[0]

    memory = (ramp(-1.5, 0.3, N, D) @ matrix(D, E) + vector(E))[:, None]  # (N, 1, E)
    words = (np.arange(N * T) % 3).reshape(N, T)
    x = dropped(ramp(-1.4, 1.3, 3, E)[words] + layers.positional_encoding(T, E))
    for _ in range(2):
        x = look(x, x, layers.causal_mask(T))
        x = look(x, memory)
        hidden = np.maximum(temporal_affine_forward(x, matrix(E, F), vector(F))[0], 0)
        found, _ = temporal_affine_forward(dropped(hidden), matrix(F, E), vector(E))
        x = norm(x + dropped(found))
    scores, _ = temporal_affine_forward(x, matrix(E, 3), vector(3))
    assert rel_error(scores, ARRAYS["scores/2024/expected"]) < 1e-5


def test_scaled_dot_product_of_michigans_course():
    q, k, v = ramp(-0.4, 0.6, 1, 5, 4), ramp(-0.8, 0.5, 1, 5, 4), ramp(-0.3, 0.8, 1, 5, 4)
    out, _ = layers.attention_forward(q, k, v)
    np.testing.assert_allclose(out[0, :, 0], [0.08283, 0.13518, 0.18848, 0.24091, 0.29081],
                               atol=1e-5)
    np.testing.assert_allclose(out[0, 0], [0.08283, 0.14073, 0.19862, 0.25652], atol=1e-5)


def test_layer_norm_of_michigans_course():
    out, _ = layers.layer_norm_forward(ramp(-0.4, 0.6, 1, 2, 4), np.ones(4), np.zeros(4), eps=1e-10)
    np.testing.assert_allclose(out[0], 2 * [[-1.34164, -0.44721, 0.44721, 1.34164]], atol=1e-5)
