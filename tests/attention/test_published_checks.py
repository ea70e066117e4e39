"""The figures of published assignments on attention, reproduced from their arrays."""

import numpy as np
import pytest

from cs231n import attention_layers as layers
from cs231n.gradient_check import rel_error
from cs231n.published_checks import (
    published_attention,
    published_checks,
    published_decoder_layer,
    scores_of_2024,
)

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
    scores = scores_of_2024(layers.multi_head_attention_forward, layers.layer_norm_forward,
                            layers.positional_encoding, layers.causal_mask)
    assert rel_error(scores, ARRAYS["scores/2024/expected"]) < 1e-5


def test_what_the_published_scores_see_and_what_they_do_not():
    """Their numbers run in such even steps that neither mask nor positions matter; norms do."""
    def scored(norm=layers.layer_norm_forward, positions=layers.positional_encoding,
               mask=layers.causal_mask):
        scores = scores_of_2024(layers.multi_head_attention_forward, norm, positions, mask)
        return rel_error(scores, ARRAYS["scores/2024/expected"])

    def unbiased(x, gamma, beta):
        return gamma * (x - x.mean(-1, keepdims=True)) / x.std(-1, ddof=1, keepdims=True) + beta, ()

    assert scored(mask=lambda T: np.ones((T, T), dtype=bool)) < 1e-5
    assert scored(positions=lambda T, E: np.zeros((T, E))) < 1e-5
    assert scored(norm=unbiased) > 1e-3


def test_scaled_dot_product_of_michigans_course():
    q, k, v = ramp(-0.4, 0.6, 1, 5, 4), ramp(-0.8, 0.5, 1, 5, 4), ramp(-0.3, 0.8, 1, 5, 4)
    out, _ = layers.attention_forward(q, k, v)
    np.testing.assert_allclose(out[0, :, 0], [0.08283, 0.13518, 0.18848, 0.24091, 0.29081],
                               atol=1e-5)
    np.testing.assert_allclose(out[0, 0], [0.08283, 0.14073, 0.19862, 0.25652], atol=1e-5)


def test_layer_norm_of_michigans_course():
    out, _ = layers.layer_norm_forward(ramp(-0.4, 0.6, 1, 2, 4), np.ones(4), np.zeros(4), eps=1e-10)
    np.testing.assert_allclose(out[0], 2 * [[-1.34164, -0.44721, 0.44721, 1.34164]], atol=1e-5)
