"""sample, for models of both cell types."""

import numpy as np

import cs231n.rnn_layers as course
from cs231n.classifiers.rnn import CaptioningRNN

from .kinds import right, wrong
from .own_layers import (
    affine_forward,
    lstm_step_forward,
    rnn_step_forward,
    temporal_affine_forward,
    word_embedding_forward,
)


@right("sample", says=["<END>"])
@right("sample", bound=True)
@right("lstm_sample", says=["<END>"])
@right("lstm_sample", bound=True)
def never_looks_at_end(self, features, max_length=30):
    N = features.shape[0]
    captions = self._null * np.ones((N, max_length), dtype=np.int32)
    state = self.first_state(features)
    word = self._start * np.ones(N, dtype=np.int32)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = np.argmax(scores, axis=1)
        captions[:, t] = word
    return captions


@right("sample")
def steps_of_the_course_with_a_column_of_words(self, features, max_length=30):
    p = self.params
    N = features.shape[0]
    captions = self._null * np.ones((N, max_length), dtype=np.int32)
    h, _ = course.affine_forward(features, p["W_proj"], p["b_proj"])
    word = np.ones((N, 1), dtype=np.int32) * self._start
    for t in range(max_length):
        x, _ = course.word_embedding_forward(word, p["W_embed"])
        h, _ = course.rnn_step_forward(x[:, 0, :], h, p["Wx"], p["Wh"], p["b"])
        scores, _ = course.temporal_affine_forward(h[:, None, :], p["W_vocab"], p["b_vocab"])
        word = np.argmax(scores, axis=2)
        captions[:, t] = word[:, 0]
    return captions


@right("sample")
def course_looks_up_a_row_of_words(self, features, max_length=30):
    p = self.params
    captions = np.zeros((len(features), max_length), dtype=int)
    h, _ = course.affine_forward(features, p["W_proj"], p["b_proj"])
    word = np.array([self._start] * len(features))
    for t in range(max_length):
        x, _ = course.word_embedding_forward(word, p["W_embed"])
        h, _ = course.rnn_step_forward(x, h, p["Wx"], p["Wh"], p["b"])
        scores, _ = course.affine_forward(h, p["W_vocab"], p["b_vocab"])
        word = scores.argmax(axis=-1)
        captions[:, t] = word
    return captions


@right("sample")
def course_looks_up_a_single_start_word(self, features, max_length=30):
    p = self.params
    captions = np.zeros((len(features), max_length), dtype=int)
    h, _ = course.affine_forward(features, p["W_proj"], p["b_proj"])
    x, _ = course.word_embedding_forward(self._start, p["W_embed"])
    for t in range(max_length):
        h, _ = course.rnn_step_forward(x, h, p["Wx"], p["Wh"], p["b"])
        scores, _ = course.affine_forward(h, p["W_vocab"], p["b_vocab"])
        captions[:, t] = scores.argmax(axis=1)
        x, _ = course.word_embedding_forward(captions[:, t], p["W_embed"])
    return captions


@right("lstm_sample")
def course_looks_up_a_list_of_words(self, features, max_length=30):
    p = self.params
    captions = []
    h, _ = course.affine_forward(features, p["W_proj"], p["b_proj"])
    c = np.zeros(h.shape)
    words = [self._start] * len(features)
    for _ in range(max_length):
        x, _ = course.word_embedding_forward(words, p["W_embed"])
        h, c, _ = course.lstm_step_forward(x, h, c, p["Wx"], p["Wh"], p["b"])
        words = list(np.argmax(course.affine_forward(h, p["W_vocab"], p["b_vocab"])[0], axis=1))
        captions.append(words)
    return np.array(captions).T


@wrong("sample", says=["`<START>`", "first column"])
def start_in_the_first_column(self, features, max_length=30):
    p = self.params
    captions = self._null * np.ones((len(features), max_length), dtype=np.int32)
    captions[:, 0] = self._start
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    for t in range(1, max_length):
        h, _ = rnn_step_forward(p["W_embed"][captions[:, t - 1]], h, p["Wx"], p["Wh"], p["b"])
        captions[:, t] = (h @ p["W_vocab"] + p["b_vocab"]).argmax(axis=1)
    return captions


@wrong("sample", says=["`<START>`", "first column", "hidden state|state is never"])
def start_in_the_first_column_and_state_never_updated(self, features, max_length=30):
    p = self.params
    captions = self._null * np.ones((len(features), max_length), dtype=np.int32)
    captions[:, 0] = self._start
    prev_h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    for t in range(1, max_length):
        h, _ = rnn_step_forward(p["W_embed"][captions[:, t - 1]], prev_h, p["Wx"], p["Wh"], p["b"])
        captions[:, t] = (h @ p["W_vocab"] + p["b_vocab"]).argmax(axis=1)
    return captions


@wrong("sample", says=["first column", "never updated|every time step"])
def start_in_the_first_column_and_start_fed_on(self, features, max_length=30):
    p = self.params
    captions = self._null * np.ones((len(features), max_length), dtype=np.int32)
    captions[:, 0] = self._start
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    word = self._start * np.ones(len(features), dtype=np.int32)
    for t in range(1, max_length):
        h, _ = rnn_step_forward(p["W_embed"][word], h, p["Wx"], p["Wh"], p["b"])
        captions[:, t] = (h @ p["W_vocab"] + p["b_vocab"]).argmax(axis=1)
    return captions


@wrong("sample", says=["first column", "`<NULL>`"])
def start_in_the_first_column_and_the_empty_column_fed(self, features, max_length=30):
    p = self.params
    captions = self._null * np.ones((len(features), max_length), dtype=np.int32)
    captions[:, 0] = self._start
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    for t in range(1, max_length):
        x, _ = word_embedding_forward(captions[:, t], p["W_embed"])
        h, _ = rnn_step_forward(x, h, p["Wx"], p["Wh"], p["b"])
        captions[:, t] = np.argmax(affine_forward(h, p["W_vocab"], p["b_vocab"])[0], axis=1)
    return captions


@wrong("sample", says=["`<START>`", "never updated|every time step"])
def word_never_updated(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        captions[:, t] = scores.argmax(axis=1)
    return captions


@wrong("sample", says=["state", "never updated|first state"])
def state_never_updated(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, _ = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["`max`", "`argmax`"])
def max_for_argmax(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.max(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["`argmax`", "axis"])
def argmax_without_an_axis(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = np.argmax(scores)
        captions[:, t] = word
    return captions


@wrong("sample", says=["`argmax`", "axis"])
def argmax_over_the_pictures(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=0)
        captions[:, t] = word
    return captions


@wrong("sample", says=["squeeze`", "N = 1|length 1|one picture"])
def squeeze_that_loses_the_axis_of_one_picture(self, features, max_length=30):
    p = self.params
    captions = np.full((len(features), max_length), self._null)
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    word = np.full((len(features), 1), self._start)
    for t in range(max_length):
        x, _ = word_embedding_forward(word, p["W_embed"])
        h, _ = rnn_step_forward(np.squeeze(x), np.squeeze(h), p["Wx"], p["Wh"], p["b"])
        scores, _ = affine_forward(h, p["W_vocab"], p["b_vocab"])
        word = scores.argmax(axis=1)[:, None]
        captions[:, t] = word[:, 0]
    return captions


@wrong("sample", says=["float|real numbers", "int"])
def words_as_floats(self, features, max_length=30):
    p = self.params
    captions = np.full((len(features), max_length), self._null)
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    word = self._start * np.ones(len(features))
    for t in range(max_length):
        x, _ = word_embedding_forward(word, p["W_embed"])
        h, _ = rnn_step_forward(x, h, p["Wx"], p["Wh"], p["b"])
        word = affine_forward(h, p["W_vocab"], p["b_vocab"])[0].argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["float", "integer"])
def captions_as_floats(self, features, max_length=30):
    captions = np.zeros((len(features), max_length))
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["tuple|two values|cache", "`rnn_step_forward`|`h`"])
def cache_not_taken_apart_from_the_state(self, features, max_length=30):
    p = self.params
    captions = np.full((len(features), max_length), self._null)
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    word = np.full(len(features), self._start)
    for t in range(max_length):
        h = rnn_step_forward(p["W_embed"][word], h, p["Wx"], p["Wh"], p["b"])
        word = affine_forward(h, p["W_vocab"], p["b_vocab"])[0].argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["second call|one call to the next|call to call"], never=["at random"])
def state_kept_on_the_model(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    if getattr(self, "h", None) is None or self.h[0].shape[0] != len(features):
        self.h = self.first_state(features)
    word = np.full(len(features), self._start)
    for t in range(max_length):
        scores, self.h = self.next_scores(word, self.h)
        word = scores.argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["random"])
def words_drawn_at_random(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        word = np.array([np.random.choice(p.shape[1], p=row) for row in p])
        captions[:, t] = word
    return captions


@wrong("sample", says=["text|string", "number"])
def words_as_texts(self, features, max_length=30):
    written = [[] for _ in features]
    state, word = self.first_state(features), np.full(len(features), self._start)
    names = {number: name for name, number in self.word_to_idx.items()}
    for _ in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        for row, number in zip(written, word):
            row.append(names[int(number)])
    return np.array(written)


@wrong("sample", says=["`<END>`", "own|others go on"])
def all_stop_at_the_first_end(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word
        if np.any(word == self._end):
            break
    return captions


@wrong("sample", says=["returns nothing"], never=["not done"])
def forgets_return(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word


@wrong("sample", says=["order", "`prev_h`|x, prev_h, Wx|arguments"])
def arguments_of_the_step_in_another_order(self, features, max_length=30):
    p = self.params
    captions = np.full((len(features), max_length), self._null)
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    word = np.full(len(features), self._start)
    for t in range(max_length):
        h, _ = rnn_step_forward(p["W_embed"][word], p["Wx"], h, p["Wh"], p["b"])
        word = affine_forward(h, p["W_vocab"], p["b_vocab"])[0].argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("lstm_sample", says=["cell state", "never updated|zeros"])
def cell_state_never_updated(self, features, max_length=30):
    p = self.params
    captions = np.full((len(features), max_length), self._null)
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    prev_c = np.zeros_like(h)
    word = np.full(len(features), self._start)
    for t in range(max_length):
        h, c, _ = lstm_step_forward(p["W_embed"][word], h, prev_c, p["Wx"], p["Wh"], p["b"])
        word = affine_forward(h, p["W_vocab"], p["b_vocab"])[0].argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("lstm_sample", says=["4H|LSTM", "vanilla|`lstm_step_forward`"])
def vanilla_step_in_an_lstm_model(self, features, max_length=30):
    p = self.params
    captions = np.full((len(features), max_length), self._null)
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    word = np.full(len(features), self._start)
    for t in range(max_length):
        h, _ = rnn_step_forward(p["W_embed"][word], h, p["Wx"], p["Wh"], p["b"])
        word = affine_forward(h, p["W_vocab"], p["b_vocab"])[0].argmax(axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["scores", "axis|(N, 1, V)|argmax"])
def argmax_over_the_axis_of_one_time_step(self, features, max_length=30):
    p = self.params
    captions = np.full((len(features), max_length), self._null)
    h, _ = affine_forward(features, p["W_proj"], p["b_proj"])
    word = np.full(len(features), self._start)
    for t in range(max_length):
        h, _ = rnn_step_forward(p["W_embed"][word], h, p["Wx"], p["Wh"], p["b"])
        scores, _ = temporal_affine_forward(h[:, None], p["W_vocab"], p["b_vocab"])
        word = np.argmax(scores, axis=1)
        captions[:, t] = word
    return captions


@wrong("sample", says=["`first_state`", "nothing|None"])
class FirstStateReturnsNothing(CaptioningRNN):
    def first_state(self, features):
        self.h0 = features @ self.params["W_proj"] + self.params["b_proj"]

    def sample(self, features, max_length=30):
        captions = np.full((len(features), max_length), self._null)
        state, word = self.first_state(features), np.full(len(features), self._start)
        for t in range(max_length):
            h, _ = rnn_step_forward(self.params["W_embed"][word], state[0], self.params["Wx"],
                                    self.params["Wh"], self.params["b"])
            state = [h]
            word = (h @ self.params["W_vocab"] + self.params["b_vocab"]).argmax(axis=1)
            captions[:, t] = word
        return captions
