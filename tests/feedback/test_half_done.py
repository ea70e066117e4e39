"""`loss` with its forward half only: the value is judged, the gradients are said to be missing."""

import numpy as np
import pytest

from cs231n import rnn_layers
from cs231n.feedback import check

FORWARD = '''
def loss(self, features, captions):
    p = self.params
    words_in, words_out = captions[:, :-1], captions[:, 1:]
    h0, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    x, _ = word_embedding_forward(words_in, p["W_embed"])
    h, _ = self.cell()[1](x, h0, p["Wx"], p["Wh"], p["b"])
    scores, _ = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    value, dscores = temporal_softmax_loss(scores, words_out, words_out != self._null)
    return value, {}
'''


def report_on(source, name="loss", **replaced):
    space = {"np": np, **{n: getattr(rnn_layers, n) for n in rnn_layers.__all__}, **replaced}
    exec(source, space)
    return check(space["loss"], name)


@pytest.mark.parametrize("name", ["loss", "lstm_loss"])
@pytest.mark.parametrize("grads", ["{}", "None"])
def test_a_right_loss_without_gradients_is_half_done(name, grads):
    report = report_on(FORWARD.replace("value, {}", f"value, {grads}"), name)
    assert report.state == "open" and not report.passed
    assert "The loss is right" in str(report) and "gradients are still missing" in str(report)


WRONG = [
    ("words_out != self._null", "words_out > -1", "mask is missing"),
    ("words_out != self._null", "words_in != self._null", "words that go in"),
    ("captions[:, 1:]", "captions[:, :-1]", "not shifted"),
    ("return value", "return value / len(captions)", "divided by N once more"),
    ("return value", "return -value", "wrong sign"),
    ('forward(features, p["W_proj"], p["b_proj"])',
     'forward(0 * features, p["W_proj"], 0 * p["b_proj"])', "picture is ignored"),
]


@pytest.mark.parametrize("right, wrong, words", WRONG)
def test_a_wrong_loss_without_gradients_is_explained(right, wrong, words):
    report = report_on(FORWARD.replace(right, wrong))
    assert report.state == "wrong"
    assert words in " ".join(report.hints), report.hints


def test_a_layer_that_is_wrong_is_named_at_half_time():
    def rnn_forward(x, h0, Wx, Wh, b):
        return rnn_layers.rnn_forward(x, h0, Wx, Wh, 0 * b)

    source = FORWARD.replace("self.cell()[1]", "rnn_forward")
    report = report_on(source, rnn_forward=rnn_forward)
    assert report.state == "wrong" and "`rnn_forward` right first" in " ".join(report.hints)


def test_a_single_missing_gradient_is_no_half_time():
    report = report_on(FORWARD.replace("value, {}", 'value, {"b": np.zeros(1)}'))
    assert report.state == "wrong" and "No gradient for `W_embed`" in report.hints[0]
