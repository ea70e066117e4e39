"""loss, for models of both cell types."""

import numpy as np

from .kinds import right, wrong
from .own_layers import (
    affine_backward,
    affine_forward,
    lstm_backward,
    lstm_forward,
    rnn_backward,
    rnn_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)


@right("loss")
@right("loss", bound=True)
@right("lstm_loss")
@right("lstm_loss", bound=True)
def as_in_the_assignment(self, features, captions):
    p, grads = self.params, {}
    captions_in, captions_out = captions[:, :-1], captions[:, 1:]
    mask = captions_out != self._null
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions_in, p["W_embed"])
    run, back = (rnn_forward, rnn_backward) if self.cell_type == "rnn" else (lstm_forward,
                                                                             lstm_backward)
    h, c2 = run(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions_out, mask, verbose=False)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = back(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, c1)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, c0)
    return loss, grads


@right("loss")
def value_is_an_array_without_axes(self, features, captions):
    loss, grads = _all_of_it(self, features, captions)
    return np.array(loss), {name: grads[name] for name in sorted(grads)}


def _all_of_it(self, features, captions, captions_in=None, captions_out=None, mask=None):
    """A right loss with words and mask to be chosen, for the wrong ones below."""
    p, grads = self.params, {}
    captions_in = captions[:, :-1] if captions_in is None else captions_in
    captions_out = captions[:, 1:] if captions_out is None else captions_out
    mask = captions_out != 0 if mask is None else mask
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions_in, p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions_out, mask)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, c1)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, c0)
    return loss, grads


@wrong("loss", says=["(1,)", "one number"])
def value_in_an_array_of_one(self, features, captions):
    loss, grads = _all_of_it(self, features, captions)
    return np.array([loss]), grads


@wrong("loss", says=["second call|second time|call to call|one call to the next"])
def gradients_that_add_up_on_the_model(self, features, captions):
    loss, grads = _all_of_it(self, features, captions)
    if not hasattr(self, "grads"):
        self.grads = {name: np.zeros_like(grad) for name, grad in grads.items()}
    for name, grad in grads.items():
        self.grads[name] = self.grads[name] + grad
    return loss, self.grads


@wrong("loss", says=['`grads["b_vocab"]`', "`b`|shape"])
def db_of_the_rnn_for_b_vocab(self, features, captions):
    loss, grads = _all_of_it(self, features, captions)
    return loss, {**grads, "b_vocab": grads["b"]}


@wrong("loss", says=["`temporal_affine_forward`", "(N, T, H)|time step"])
def affine_where_temporal_affine_is_needed(self, features, captions):
    p = self.params
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    return loss, {}


@wrong("loss", says=["branch|`cell_type`|if"], never=["for instance to zeros"])
def a_branch_for_the_lstm_only(self, features, captions):
    p = self.params
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    if self.cell_type == "lstm":
        h, c2 = lstm_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    return loss, {}


@wrong("lstm_loss", says=["4H", "`lstm_forward`|cell_type|LSTM"])
def vanilla_cell_in_an_lstm_model(self, features, captions):
    return _all_of_it(self, features, captions)


@wrong("loss", says=["mask", "words that go in|words to predict"])
def mask_of_the_words_that_go_in(self, features, captions):
    return _all_of_it(self, features, captions, mask=captions[:, :-1] != self._null)


@wrong("loss", says=["padding", "mask"])
def no_mask(self, features, captions):
    return _all_of_it(self, features, captions, mask=np.ones(captions[:, 1:].shape))


@wrong("loss", says=["shift"])
def words_not_shifted(self, features, captions):
    return _all_of_it(self, features, captions, captions_out=captions[:, :-1])


@wrong("loss", says=["returns nothing"], never=["not done"])
def forgets_return(self, features, captions):
    loss, grads = _all_of_it(self, features, captions)
    self.loss_history = [float(loss)]


@wrong("loss", says=["1 value", "grads"])
def returns_the_value_only(self, features, captions):
    return _all_of_it(self, features, captions)[0]


@wrong("loss", says=['grads["W_embed"]', "missing|No gradient"])
def no_gradient_for_W_embed(self, features, captions):
    loss, grads = _all_of_it(self, features, captions)
    del grads["W_embed"]
    return loss, grads


@wrong("loss", says=["words that count|average over words|averaged over"])
def averaged_over_the_words(self, features, captions):
    loss, grads = _all_of_it(self, features, captions)
    return loss * len(captions) / (captions[:, 1:] != self._null).sum(), grads


@wrong("loss", says=["`scores`|`temporal_affine_forward`", "tuple|two values|cache"])
def output_and_cache_not_unpacked(self, features, captions):
    p = self.params
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    return loss, {}


@wrong("loss", says=["`<NULL>`|mask"], never=["END"])
def mask_inverted(self, features, captions):
    return _all_of_it(self, features, captions, mask=captions[:, 1:] == self._null)


def _embedding_without_sums(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    dW[x] = dout
    return dW


_embedding_without_sums.__name__ = "word_embedding_backward"


@wrong("loss", says=["`word_embedding_backward`"], using=[_embedding_without_sums])
def right_around_a_wrong_helper(self, features, captions):
    p, grads = self.params, {}
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, c1)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, c0)
    return loss, grads


@wrong("loss", says=["mask|padding"], never=["itself is right"], using=[_embedding_without_sums])
def wrong_by_itself_around_a_wrong_helper(self, features, captions):
    p, grads = self.params, {}
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    mask = np.ones(captions[:, 1:].shape, dtype=bool)
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], mask)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, c1)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, c0)
    return loss, grads
