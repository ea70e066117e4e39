"""first_state, next_scores, cell."""

import numpy as np

from cs231n.classifiers.rnn import CaptioningRNN

from .kinds import right, wrong
from .own_layers import (
    lstm_backward,
    lstm_forward,
    lstm_step_forward,
    rnn_backward,
    rnn_forward,
    rnn_step_forward,
)

# ---- first_state --------------------------------------------------------------------------------


@right("first_state")
@right("first_state", bound=True)
def zeros_by_shape(self, features):
    h0 = features.dot(self.params["W_proj"]) + self.params["b_proj"]
    return [h0, np.zeros(h0.shape, dtype=h0.dtype)][: 1 + (self.cell_type == "lstm")]


@wrong("first_state", says=["list"])
def h0_without_a_list(self, features):
    return features @ self.params["W_proj"] + self.params["b_proj"]


@wrong("first_state", says=["cell state|c0", "zero"])
def c0_as_h0(self, features):
    h0 = features @ self.params["W_proj"] + self.params["b_proj"]
    return [h0] if self.cell_type == "rnn" else [h0, h0]


@wrong("first_state", says=["returns nothing"], never=["not done"])
def forgets_return(self, features):
    h0 = features @ self.params["W_proj"] + self.params["b_proj"]
    self.state = [h0] if self.cell_type == "rnn" else [h0, np.zeros_like(h0)]


@wrong("first_state", says=["`cell_type`", "rnn"])
def two_arrays_whatever_the_cell(self, features):
    h0 = features @ self.params["W_proj"] + self.params["b_proj"]
    return [h0, np.zeros_like(h0)]


@wrong("first_state", says=["element by element", "`@`"])
def star_for_the_projection(self, features):
    h0 = features * self.params["W_proj"] + self.params["b_proj"]
    return [h0] if self.cell_type == "rnn" else [h0, np.zeros_like(h0)]


# ---- next_scores --------------------------------------------------------------------------------


@right("next_scores")
@right("lstm_next_scores")
@right("lstm_next_scores", bound=True)
def with_the_models_cell(self, word, state):
    p = self.params
    step = self.cell()[0]
    *new, _ = step(p["W_embed"][word], *state, p["Wx"], p["Wh"], p["b"])
    return np.dot(new[0], p["W_vocab"]) + p["b_vocab"], tuple(new)


@right("next_scores")
def for_a_vanilla_rnn_only(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
    return np.dot(h, p["W_vocab"]) + p["b_vocab"], [h]


@wrong("next_scores", says=["last|state[-1]", "LSTM"])
@wrong("lstm_next_scores", says=["cell state", "hidden state"])
def last_entry_of_the_state_scored(self, word, state):
    p = self.params
    step = self.cell()[0]
    *new, _ = step(p["W_embed"][word], *state, p["Wx"], p["Wh"], p["b"])
    return np.dot(new[-1], p["W_vocab"]) + p["b_vocab"], new


@wrong("next_scores", says=["list"])
def new_state_without_a_list(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
    return np.dot(h, p["W_vocab"]) + p["b_vocab"], h


@wrong("next_scores", says=["state", "old|before|not updated"])
def old_state_returned(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
    return np.dot(h, p["W_vocab"]) + p["b_vocab"], state


@wrong("next_scores", says=["state", "list", "`state[0]`|its array|hold"])
def state_given_to_the_step_as_a_list(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(p["W_embed"][word], state, p["Wx"], p["Wh"], p["b"])
    return np.dot(h, p["W_vocab"]) + p["b_vocab"], [h]


@wrong("next_scores", says=["second call|one call to the next|call to call"])
def state_kept_on_the_model(self, word, state):
    p = self.params
    h = getattr(self, "h", state[0])
    self.h, _ = rnn_step_forward(p["W_embed"][word], h, p["Wx"], p["Wh"], p["b"])
    return np.dot(self.h, p["W_vocab"]) + p["b_vocab"], [self.h]


@wrong("next_scores", says=["probabilities", "scores"])
def probabilities_for_scores(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
    scores = np.dot(h, p["W_vocab"]) + p["b_vocab"]
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True), [h]


@wrong("lstm_next_scores", says=["4H|LSTM", "`lstm_step_forward`|vanilla|`self.cell()`"])
def vanilla_step_for_an_lstm(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
    return np.dot(h, p["W_vocab"]) + p["b_vocab"], [h, state[1]]


# ---- cell ---------------------------------------------------------------------------------------


@right("cell")
@right("cell", bound=True)
def as_a_list_by_name(self):
    return {"rnn": [rnn_step_forward, rnn_forward, rnn_backward],
            "lstm": [lstm_step_forward, lstm_forward, lstm_backward]}[self.cell_type]


@wrong("cell", says=["call", "parentheses|themselves"])
def functions_called(self):
    if self.cell_type == "rnn":
        return rnn_step_forward(), rnn_forward(), rnn_backward()
    return lstm_step_forward(), lstm_forward(), lstm_backward()


@wrong("cell", says=["text|string|str", "function"])
def names_for_functions(self):
    return tuple(f"{self.cell_type}_{part}" for part in ("step_forward", "forward", "backward"))


@wrong("cell", says=["returns nothing", "rnn"], never=["not done"])
def nothing_for_the_other_cell_type(self):
    if self.cell_type == "lstm":
        return lstm_step_forward, lstm_forward, lstm_backward


@wrong("cell", says=["order|`step_forward`", "`lstm_forward`"])
def forward_before_step_forward(self):
    if self.cell_type == "rnn":
        return rnn_forward, rnn_step_forward, rnn_backward
    return lstm_forward, lstm_step_forward, lstm_backward


@wrong("next_scores", says=["`cell`", "nothing|None"])
class CellReturnsNothing(CaptioningRNN):
    def cell(self):
        self.functions = rnn_step_forward, rnn_forward, rnn_backward

    def next_scores(self, word, state):
        p = self.params
        step = self.cell()[0]
        h, _ = step(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
        return np.dot(h, p["W_vocab"]) + p["b_vocab"], [h]
