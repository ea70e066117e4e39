"""A sixth batch: the captioner and what training is made of, written before it was ever run."""

import numpy as np

from .kinds import almost, right, wrong
from .own_layers import (
    affine_backward,
    affine_forward,
    lstm_backward,
    lstm_forward,
    lstm_step_forward,
    rnn_backward,
    rnn_forward,
    rnn_step_forward,
    temporal_affine_backward,
    temporal_affine_forward,
    temporal_softmax_loss,
    word_embedding_backward,
    word_embedding_forward,
)

# ---- Foundations --------------------------------------------------------------------------------


@right("numeric_derivative")
def five_points(f, x, h=1e-3):
    return (-f(x + 2 * h) + 8 * f(x + h) - 8 * f(x - h) + f(x - 2 * h)) / (12 * h)


@wrong("numeric_derivative", says=["bracket|parenthes|divi|`2 * h`|`h`"], never=["one-sided"])
def brackets_forgotten_all_over(f, x, h=1e-5):
    above = f(x + h)
    below = f(x - h)
    slope = above - below / 2 * h
    return slope


@wrong("numeric_derivative", says=["`f`", "number|value"])
def calls_the_value(f, x, h=1e-5):
    f = f(x)
    return (f(x + h) - f(x - h)) / (2 * h)


@wrong("numeric_derivative", says=["second|curvature|twice"], never=["always"])
def second_derivative(f, x, h=1e-5):
    return (f(x + h) - 2 * f(x) + f(x - h)) / h**2


@right("matmul_backward")
def with_einsum(dY, X, W):
    return np.einsum("nm,dm->nd", dY, W), np.einsum("nd,nm->dm", X, dY)


@wrong("matmul_backward", says=["last|overwr|sum|add"])
def loop_that_keeps_the_last_example(dY, X, W):
    dX, dW = np.zeros(X.shape), np.zeros(W.shape)
    for n in range(len(X)):
        dX[n] = W @ dY[n]
        dW = np.outer(X[n], dY[n])
    return dX, dW


@wrong("matmul_backward", says=["N|examples|averag|divi"])
def weights_averaged_over_the_minibatch(dY, X, W):
    grad_input = np.dot(dY, W.transpose())
    grad_weight = np.dot(X.transpose(), dY) / X.shape[0]
    return grad_input, grad_weight


@wrong("matmul_backward", says=["PyTorch", "`a @ b`|`.T`"])
def ported_from_torch(dY, X, W):
    dX = dY.mm(W.t())
    dW = X.t().mm(dY)
    return dX, dW


@right("softmax_loss")
def one_hot(scores, y):
    e = np.exp(scores - np.max(scores, axis=1)[:, None])
    p = e / np.sum(e, axis=1)[:, None]
    targets = np.eye(scores.shape[1])[y]
    safe = np.maximum((p * targets).sum(axis=1), 1e-300)
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -np.sum(targets * logs) / len(safe)
    return loss, (p - targets) / len(scores)


@wrong("softmax_loss", says=["column|whole|every row|`np.arange|each row|`y`"])
def one_taken_away_from_whole_columns(scores, y):
    N = scores.shape[0]
    shifted = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    loss = -np.mean(shifted[np.arange(N), y] - np.log(np.exp(shifted).sum(axis=1)))
    dscores = p.copy()
    dscores[:, y] -= 1
    return loss, dscores / N


@wrong("softmax_loss", says=["log", "2|base|natural"])
def logarithm_to_base_two(scores, y):
    z = scores - scores.max(1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    rows = range(len(y))
    loss = -(log_p / np.log(2))[rows, y].mean()
    d = np.exp(log_p)
    d[rows, y] -= 1
    return loss, d / len(y)


@wrong("softmax_loss", says=["largest|max", "overflow|inf|nan|shift"])
def smallest_score_taken_away(scores, y):
    N = len(scores)
    z = scores - scores.min(axis=1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(N), y]).mean()
    p[np.arange(N), y] -= 1
    return loss, p / N


@wrong("softmax_loss", says=["sign|minus|negative", "N|averag|mean|divi"])
def sign_of_the_loss_and_sum_in_the_gradient(scores, y):
    N = len(scores)
    z = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(axis=1, keepdims=True)
    loss = (z[np.arange(N), y] - np.log(np.exp(z).sum(axis=1))).mean()
    dscores = p
    dscores[np.arange(N), y] -= 1
    return loss, dscores


def _softmax(scores, y):
    rows = np.arange(len(scores))
    z = scores - scores.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    d = np.exp(log_p)
    d[rows, y] -= 1
    return -log_p[rows, y].mean(), d / len(scores)


@wrong("two_layer_loss", says=["tanh", "second|twice|`hidden`|scores|output"])
def tanh_on_the_scores_too(x, y, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    s = np.tanh(h @ W2 + b2)
    loss, ds = _softmax(s, y)
    ds = ds * (1 - s**2)
    da = (ds @ W2.T) * (1 - h**2)
    return loss, x.T @ da, da.sum(0), h.T @ ds, ds.sum(0)


@wrong("two_layer_loss", says=["`a`|before|after the tanh|pre-activ|`hidden`|what goes into"])
def gradient_of_W2_from_before_the_tanh(x, y, W1, b1, W2, b2):
    z1 = x.dot(W1) + b1
    a1 = np.tanh(z1)
    z2 = a1.dot(W2) + b2
    loss, dz2 = _softmax(z2, y)
    dW2 = z1.T.dot(dz2)
    db2 = np.sum(dz2, axis=0)
    dz1 = dz2.dot(W2.T) * (1 - np.power(a1, 2))
    return loss, x.T.dot(dz1), np.sum(dz1, axis=0), dW2, db2


@wrong("two_layer_loss", says=["ReLU|relu|tanh"])
def relu_instead_of_tanh(x, y, W1, b1, W2, b2):
    h = np.maximum(0, x @ W1 + b1)
    loss, ds = _softmax(h @ W2 + b2, y)
    dh = ds @ W2.T
    dh[h <= 0] = 0
    return loss, x.T @ dh, dh.sum(axis=0), h.T @ ds, ds.sum(axis=0)


@wrong("two_layer_loss", says=["axis|mean|sum", "`db1`"])
def means_for_the_biases(x, y, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    loss, ds = _softmax(h @ W2 + b2, y)
    dh = ds @ W2.T * (1 - h * h)
    grads = {"W2": h.T @ ds, "b2": ds.mean(axis=0), "W1": x.T @ dh, "b1": dh.mean(axis=0)}
    return loss, grads["W1"], grads["b1"], grads["W2"], grads["b2"]


# ---- clip_gradients -----------------------------------------------------------------------------


@right("clip_gradients")
def with_linalg(grads, clip_norm):
    norm = np.linalg.norm([np.linalg.norm(g.ravel().astype(float)) for g in grads.values()])
    factor = min(1.0, clip_norm / norm) if norm > 0 else 1.0
    return {k: (g * factor).astype(g.dtype) for k, g in grads.items()}, norm


@wrong("clip_gradients", says=["absolute|square"])
def norm_of_absolute_values(grads, clip_norm):
    norm = 0
    for g in grads.values():
        norm += np.abs(g).sum()
    if norm > clip_norm:
        grads = {name: g * clip_norm / norm for name, g in grads.items()}
    return grads, norm


@wrong("clip_gradients", says=["norm", "before|after|clipped"])
def norm_after_the_clipping(grads, clip_norm):
    total = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
    coef = clip_norm / max(total, clip_norm)
    clipped = {}
    for name in grads:
        clipped[name] = grads[name] * coef
    total = np.sqrt(sum(np.sum(g**2) for g in clipped.values()))
    return clipped, total


@wrong("clip_gradients", says=["`.items()`|items|keys|names|text"])
def loops_over_the_names(grads, clip_norm):
    total = 0.0
    for g in grads:
        total += np.sum(g**2)
    total = np.sqrt(total)
    scale = min(1, clip_norm / total)
    return {n: g * scale for n, g in grads.items()}, total


# ---- cell and first_state -----------------------------------------------------------------------


@right("cell")
def from_a_table(self):
    return {"rnn": (rnn_step_forward, rnn_forward, rnn_backward),
            "lstm": (lstm_step_forward, lstm_forward, lstm_backward)}[self.cell_type]


@wrong("cell", says=["call|bracket|parenthes|function"])
def calls_the_functions(self):
    if self.cell_type == "lstm":
        return lstm_step_forward(), lstm_forward(), lstm_backward()
    return rnn_step_forward(), rnn_forward(), rnn_backward()


@wrong("cell", says=["`self.cell_type`"], never=["misspelt"])
def type_without_self(self):
    if cell_type == "rnn":  # noqa: F821
        return rnn_step_forward, rnn_forward, rnn_backward
    return lstm_step_forward, lstm_forward, lstm_backward


@wrong("cell", says=["LSTM|capital|lower|lstm"])
def type_in_capitals(self):
    step, run, back = rnn_step_forward, rnn_forward, rnn_backward
    if self.cell_type == "LSTM":
        step, run, back = lstm_step_forward, lstm_forward, lstm_backward
    return step, run, back


@wrong("first_state", says=["tanh"])
def tanh_of_the_projection(self, features):
    h0 = np.tanh(features @ self.params["W_proj"] + self.params["b_proj"])
    state = [h0]
    if self.cell_type == "lstm":
        state.append(np.zeros_like(h0))
    return state


@wrong("first_state", says=["tuple|cache|two values|values"])
def projection_with_its_cache(self, features):
    h0 = affine_forward(features, self.params["W_proj"], self.params["b_proj"])
    return [h0] if self.cell_type == "rnn" else [h0, np.zeros_like(h0)]


@wrong("first_state", says=["`c0`|cell state", "zero"])
def ones_for_the_cell_state(self, features):
    p = self.params
    h0 = features.dot(p["W_proj"]) + p["b_proj"]
    if self.cell_type == "rnn":
        return [h0]
    c0 = np.ones_like(h0)
    return [h0, c0]


@wrong("first_state", says=["order|swap|first|exchang"])
def cell_state_first(self, features):
    h, _ = affine_forward(features, self.params["W_proj"], self.params["b_proj"])
    return [np.zeros_like(h), h] if self.cell_type == "lstm" else [h]


# ---- next_scores --------------------------------------------------------------------------------


@right("lstm_next_scores")
@right("next_scores")
def by_cell_type(self, word, state):
    p = self.params
    x, _ = word_embedding_forward(word[:, None], p["W_embed"])
    x = x.squeeze(1)
    if self.cell_type == "lstm":
        h, c, _ = lstm_step_forward(x, state[0], state[1], p["Wx"], p["Wh"], p["b"])
        new = [h, c]
    else:
        new = [rnn_step_forward(x, state[0], p["Wx"], p["Wh"], p["b"])[0]]
    return affine_forward(new[0], p["W_vocab"], p["b_vocab"])[0], new


@wrong("next_scores", says=["old|before|previous|new state|next"])
def scores_of_the_old_state(self, word, state):
    p = self.params
    x = p["W_embed"][word]
    h = state[0]
    scores = h @ p["W_vocab"] + p["b_vocab"]
    h = np.tanh(x @ p["Wx"] + h @ p["Wh"] + p["b"])
    return scores, [h]


@wrong("next_scores", says=["word|scores", "argmax|best|scores"])
def word_returned_for_scores(self, word, state):
    p = self.params
    h, _ = rnn_step_forward(p["W_embed"][word], state[0], p["Wx"], p["Wh"], p["b"])
    scores = h @ p["W_vocab"] + p["b_vocab"]
    return scores.argmax(axis=1), [h]


@wrong("next_scores", says=["`b_vocab`"])
def no_vocabulary_bias_and_no_state_list(self, word, state):
    p = self.params
    (h,) = state
    h, cache = rnn_step_forward(p["W_embed"][word], h, p["Wx"], p["Wh"], p["b"])
    return np.dot(h, p["W_vocab"]), [h]


@wrong("lstm_next_scores", says=["cell state|`c`|`state[1]`", "old|not|zero|before"])
def old_cell_state_handed_on(self, word, state):
    p = self.params
    h, c = state
    next_h, next_c, _ = lstm_step_forward(p["W_embed"][word], h, c, p["Wx"], p["Wh"], p["b"])
    return next_h @ p["W_vocab"] + p["b_vocab"], [next_h, c]


# ---- sample -------------------------------------------------------------------------------------


@right("sample")
@right("lstm_sample")
def columns_in_a_list(self, features, max_length=30):
    words = [[self._start] * len(features)]
    state = self.first_state(features)
    done = np.zeros(len(features), bool)
    for _ in range(max_length):
        scores, state = self.next_scores(np.array(words[-1]), state)
        best = np.argmax(scores, -1)
        best[done] = self._null
        done = done | (best == self._end)
        words.append(best)
    return np.stack(words[1:], axis=1)


@wrong("sample", says=["column|axis|(max_length, N)|transpose|shape"])
def rows_are_time_steps(self, features, max_length=30):
    out = []
    state, word = self.first_state(features), np.full(len(features), self._start)
    for _t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        out.append(word)
    return np.array(out)


@wrong("sample", says=["smallest|argmin|worst|lowest|largest|best"])
def sorted_but_first_taken(self, features, max_length=30):
    captions = np.full((len(features), max_length), self._null)
    state, word = self.first_state(features), np.full(len(features), self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = np.argsort(scores, axis=1)[:, 0]
        captions[:, t] = word
    return captions


@wrong("sample", says=["one picture|any|all|ended|every|each"])
def stops_all_when_one_ends(self, features, max_length=30):
    N = features.shape[0]
    captions = np.zeros((N, max_length), dtype=int) + self._null
    state = self.first_state(features)
    word = np.ones(N, dtype=int) * self._start
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = np.argmax(scores, axis=1)
        captions[:, t] = word
        if np.any(word == self._end):
            break
    return captions


@wrong("sample", says=["`<END>`|end"])
def end_overwritten_by_null(self, features, max_length=30):
    N = len(features)
    captions = np.full((N, max_length), self._null)
    state, word = self.first_state(features), np.full(N, self._start)
    ended = np.zeros(N, dtype=bool)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        ended |= word == self._end
        word[ended] = self._null
        captions[:, t] = word
    return captions


@wrong("lstm_sample", says=["cell state|`c`", "zero|carried|each step|every step|again"])
def cell_state_zero_at_each_step(self, features, max_length=30):
    p, N = self.params, len(features)
    captions = np.full((N, max_length), self._null, dtype=np.int32)
    h = features @ p["W_proj"] + p["b_proj"]
    word = np.full(N, self._start)
    for t in range(max_length):
        c = np.zeros_like(h)
        h, c, _ = lstm_step_forward(p["W_embed"][word], h, c, p["Wx"], p["Wh"], p["b"])
        word = (h @ p["W_vocab"] + p["b_vocab"]).argmax(axis=1)
        captions[:, t] = word
    return captions


# ---- loss ---------------------------------------------------------------------------------------


def _loss(self, features, captions, words_in=None, words_out=None, keep=None):
    p, grads = self.params, {}
    words_in = captions[:, :-1] if words_in is None else words_in
    words_out = captions[:, 1:] if words_out is None else words_out
    keep = words_out != self._null if keep is None else keep
    run, back = rnn_forward, rnn_backward
    if self.cell_type == "lstm":
        run, back = lstm_forward, lstm_backward
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(words_in, p["W_embed"])
    h, c2 = run(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, words_out, keep)
    dh, grads["W_vocab"], grads["b_vocab"] = temporal_affine_backward(dscores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = back(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, c1)
    dfeatures, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, c0)
    return loss, grads


@wrong("loss", says=["`<END>`|end"])
def end_masked_as_well(self, features, captions):
    out = captions[:, 1:]
    return _loss(self, features, captions, keep=(out != self._null) & (out != self._end))


@wrong("loss", says=["mask", "null"])
def mask_upside_down(self, features, captions):
    return _loss(self, features, captions, keep=captions[:, 1:] == self._null)


@wrong("lstm_loss", says=["W_vocab", "N", "averaged"])
def gradient_of_the_vocabulary_averaged_again(self, features, captions):
    value, grads = _loss(self, features, captions)
    grads["W_vocab"] = grads["W_vocab"] / captions.shape[0]
    return value, grads


@wrong("loss", says=["regular|penalty|weight decay|weights"])
def with_weight_decay(self, features, captions):
    value, grads = _loss(self, features, captions)
    for name, w in self.params.items():
        if name.startswith("W"):
            value = value + 0.5 * 1e-2 * np.sum(w**2)
            grads[name] = grads[name] + 1e-2 * w
    return value, grads


@almost("loss", says=["`self.params", "solver|only reads"], never=["makes a new array"])
def takes_a_step_of_descent(self, features, captions):
    value, grads = _loss(self, features, captions)
    for name in self.params:
        self.params[name] -= 1e-2 * grads[name]
    return value, grads


@wrong("loss", says=["`d|name|`W_proj`", "`self.params`|same name|entry|key|`W_proj`"])
def gradients_under_names_with_a_d(self, features, captions):
    value, grads = _loss(self, features, captions)
    return value, {"d" + name: grad for name, grad in grads.items()}


@wrong("loss", says=["words", "N|pictures|examples"])
def averaged_over_words(self, features, captions):
    value, grads = _loss(self, features, captions)
    words = (captions[:, 1:] != self._null).sum()
    value = value * len(captions) / words
    return value, {k: g * len(captions) / words for k, g in grads.items()}


@wrong("lstm_loss", says=["features", "zero|ignored"], never=["All gradients"])
def zeros_in_place_of_the_features(self, features, captions):
    value, grads = _loss(self, np.zeros_like(features), captions)
    return value, grads
# ---- A second batch, as unseen as the first one -------------------------------------------------


@wrong("numeric_derivative", says=["complex|imaginary", "real"], never=["one side"])
def with_a_complex_step(f, x, h=1e-5):
    return f(x + 1j * h) / h


@wrong("matmul_backward", says=["`dY`|gradient|arriv", "ones|left out|sum"])
def forgets_that_a_gradient_arrives(dY, X, W):
    dX = np.ones(dY.shape) @ W.T
    dW = X.T @ np.ones(dY.shape)
    return dX, dW


@wrong("softmax_loss", says=["keepdims|column|row|axis|[:, None]"])
def sums_without_keepdims(scores, y):
    e = np.exp(scores - scores.max(axis=1))
    p = e / e.sum(axis=1)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    p[np.arange(len(y)), y] -= 1
    return loss, p / len(y)


@wrong("two_layer_loss", says=["slope|derivative", "tanh", "comes out|hidden"])
def slope_of_the_tanh_from_the_sum(x, y, W1, b1, W2, b2):
    a = x @ W1 + b1
    h = np.tanh(a)
    loss, dscores = _softmax(h @ W2 + b2, y)
    da = (dscores @ W2.T) * (1 - a**2)
    return loss, x.T @ da, da.sum(axis=0), h.T @ dscores, dscores.sum(axis=0)


@wrong("two_layer_loss", says=["order|exchanged|expected are"])
def gradients_in_the_order_of_the_backward_pass(x, y, W1, b1, W2, b2):
    h = np.tanh(x @ W1 + b1)
    loss, ds = _softmax(h @ W2 + b2, y)
    da = ds @ W2.T * (1 - h**2)
    return loss, h.T @ ds, ds.sum(axis=0), x.T @ da, da.sum(axis=0)


@wrong("clip_gradients", says=["each|own|all|together|alone"])
def each_gradient_by_its_own_norm(grads, clip_norm):
    total = 0
    new = {}
    for k, g in grads.items():
        n = np.linalg.norm(g)
        total += n**2
        new[k] = g * min(1, clip_norm / n)
    return new, np.sqrt(total)


@wrong("clip_gradients", says=["longer|short|always|scaled up|already|below"])
def scaled_whatever_the_norm(grads, clip_norm):
    norm = np.sqrt(sum(np.square(g).sum() for g in grads.values()))
    return {k: clip_norm * g / norm for k, g in grads.items()}, norm


@wrong("first_state", says=["`W_proj`|params", "self.params|square brackets|dictionary"])
def parameters_as_attributes(self, features):
    h0 = features @ self.params.W_proj + self.params.b_proj
    return [h0] if self.cell_type == "rnn" else [h0, np.zeros_like(h0)]


@wrong("lstm_next_scores", says=["order|`Wx`|c, Wx|prev_c"])
def state_after_the_weights(self, word, state):
    p = self.params
    h, c = state
    h, c, _ = lstm_step_forward(p["W_embed"][word], h, p["Wx"], p["Wh"], p["b"], c)
    return h @ p["W_vocab"] + p["b_vocab"], [h, c]


@wrong("next_scores", says=["`self.cell`|cell()|parenthes|call"])
def cell_without_parentheses(self, word, state):
    step, forward, backward = self.cell
    *new, _ = step(self.params["W_embed"][word], *state, self.params["Wx"], self.params["Wh"],
                   self.params["b"])
    return new[0] @ self.params["W_vocab"] + self.params["b_vocab"], new


@wrong("sample", says=["`<START>`|start", "every|each|again|same word|fed|never|word"])
def start_fed_at_each_step(self, features, max_length=30):
    N = len(features)
    captions = np.full((N, max_length), self._null)
    state = self.first_state(features)
    word = np.full(N, self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        best = scores.argmax(axis=1)
        captions[:, t] = best
    return captions


@wrong("sample", says=["column|`<START>`|first"])
def start_written_into_the_first_column(self, features, max_length=30):
    N = len(features)
    captions = np.full((N, max_length), self._null)
    captions[:, 0] = self._start
    state = self.first_state(features)
    for t in range(1, max_length):
        scores, state = self.next_scores(captions[:, t - 1], state)
        captions[:, t] = scores.argmax(axis=1)
    return captions


@wrong("sample", says=["random|draw|best|probab"])
def words_drawn_by_probability(self, features, max_length=30):
    N = len(features)
    captions = np.full((N, max_length), self._null)
    state = self.first_state(features)
    word = np.full(N, self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        word = np.array([np.random.choice(len(row), p=row) for row in p])
        captions[:, t] = word
    return captions


@wrong("loss", says=["`captions`|captions", "in place|changed|copy|wrong"])
def captions_shifted_in_place(self, features, captions):
    captions[:, :-1] = captions[:, 1:]
    return _loss(self, features, captions)


@wrong("loss", says=["time", "last", "Every"])
def scores_of_the_last_state_only(self, features, captions):
    p, grads = self.params, {}
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = affine_forward(h[:, -1], p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    dh, grads["W_vocab"], grads["b_vocab"] = affine_backward(dscores, c3)
    dx, dh0, grads["Wx"], grads["Wh"], grads["b"] = rnn_backward(dh, c2)
    grads["W_embed"] = word_embedding_backward(dx, c1)
    _, grads["W_proj"], grads["b_proj"] = affine_backward(dh0, c0)
    return loss, grads


@wrong("lstm_loss", says=["vanilla|`rnn_forward`|lstm|LSTM|`cell_type`"])
def vanilla_functions_for_an_lstm(self, features, captions):
    p, grads = self.params, {}
    h0, c0 = affine_forward(features, p["W_proj"], p["b_proj"])
    x, c1 = word_embedding_forward(captions[:, :-1], p["W_embed"])
    h, c2 = rnn_forward(x, h0, p["Wx"], p["Wh"], p["b"])
    scores, c3 = temporal_affine_forward(h, p["W_vocab"], p["b_vocab"])
    loss, dscores = temporal_softmax_loss(scores, captions[:, 1:], captions[:, 1:] != self._null)
    return loss, grads


@wrong("matmul_backward", says=["`dY.shape`"], never=["square brackets"])
def size_of_a_tensor(dY, X, W):
    N = dY.size(0)
    return dY.dot(W.T), X.T.dot(dY) / N


@wrong("softmax_loss", says=["`axis`", "`keepdims`", "PyTorch"])
def dim_for_axis(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / np.sum(e, dim=1, keepdim=True)
    rows = np.arange(len(y))
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    return loss, p / len(y)


@wrong("two_layer_loss", says=["PyTorch", "NumPy"])
def torch_not_imported(x, y, W1, b1, W2, b2):
    h = torch.tanh(x @ W1 + b1)  # noqa: F821
    return _softmax(h @ W2 + b2, y)


@wrong("two_layer_loss", says=["`W1`", "capital"])
def small_letters(x, y, W1, b1, W2, b2):
    h = np.tanh(x @ w1 + b1)  # noqa: F821
    return _softmax(h @ W2 + b2, y)


@wrong("clip_gradients", says=["`grads.items()`", "names"], never=["returns another number"])
def pairs_without_items(grads, clip_norm):
    total = 0
    for _name, g in grads:
        total += np.sum(g * g)
    norm = total**0.5
    return {name: g * min(1, clip_norm / norm) for name, g in grads.items()}, norm


@wrong("first_state", says=['`self.params["W_proj"]`'], never=["misspelt"])
def parameter_without_self(self, features):
    h0 = features @ W_proj + self.params["b_proj"]  # noqa: F821
    return [h0] if self.cell_type == "rnn" else [h0, np.zeros_like(h0)]


@wrong("numeric_derivative", says=["imaginary", "each side"], never=["always"])
def imaginary_part_of_a_complex_step(f, x, h=1e-5):
    return np.imag(f(x + 1j * h)) / h
