"""A sixth batch, for Evaluating_Captions, Fast_Captioning and the GRU, written before it ran."""

from collections import Counter

import numpy as np

from cs231n.classifiers.packing import sum_by_word

from .fast import input_products_forward
from .kinds import right, wrong
from .own_layers import sigmoid

__all__ = ["input_products_forward"]


# ---- temperature_probabilities ------------------------------------------------------------------


@right("temperature_probabilities")
def written_with_einsum_and_a_copy(scores, temperature):
    p = scores.copy()
    p /= temperature
    p -= np.amax(p, axis=-1, keepdims=True)
    np.exp(p, out=p)
    return np.einsum("nv,n->nv", p, 1 / np.einsum("nv->n", p))


@wrong("temperature_probabilities", says=["log"])
def log_softmax_of_pytorch(scores, temperature):
    z = scores / temperature
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@wrong("temperature_probabilities", says=["smallest|minimum|`min`|overflow"])
def smallest_taken_away(scores, temperature):
    z = scores / temperature
    e = np.exp(z - z.min(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["largest|maximum|divided|power|`temperature`"])
def sums_of_the_scores_without_temperature(scores, temperature):
    z = scores - scores.max(axis=1, keepdims=True)
    e = np.exp(z / temperature)
    return e / np.exp(z).sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["largest|maximum", "twice|divided|overflow|sum"])
def maximum_taken_away_above_only(scores, temperature):
    z = scores / temperature
    return np.exp(z - z.max(1, keepdims=True)) / np.exp(z).sum(1, keepdims=True)


@wrong("temperature_probabilities", says=["keepdims|attribute|keepdim"])
def pytorch_keepdim(scores, temperature):
    z = scores / temperature
    e = np.exp(z - z.max(axis=1, keepdim=True))
    return e / e.sum(axis=1, keepdim=True)


@wrong("temperature_probabilities", says=["square root|power|temperature"])
def probabilities_to_the_power_of_temperature(scores, temperature):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = (e / e.sum(axis=1, keepdims=True)) ** temperature
    return p / p.sum(axis=1, keepdims=True)


# ---- beam_step ----------------------------------------------------------------------------------


@right("beam_step")
def picture_by_picture(totals, log_probs, width):
    out = [[], [], []]
    for own, after in zip(totals, log_probs):
        every = own.reshape(-1, 1) + after
        flat = every.flatten()
        best = np.argsort(-flat, kind="stable")[:width]
        rows, cols = np.unravel_index(best, every.shape)
        for lst, value in zip(out, (flat[best], rows, cols)):
            lst.append(value)
    return tuple(np.stack(lst) for lst in out)


@wrong("beam_step", says=["exp|probabilit", "log"])
def probabilities_returned(totals, log_probs, width):
    N, K, V = log_probs.shape
    p = np.exp(totals[:, :, None] + log_probs).reshape(N, -1)
    idx = np.argsort(-p, axis=1)[:, :width]
    return np.take_along_axis(p, idx, axis=1), idx // V, idx % V


@wrong("beam_step", says=["shape", "each row|its own"])
def fancy_index_without_the_rows(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    idx = np.argsort(-flat, axis=1)[:, :width]
    return flat[:, idx], idx // V, idx % V


@wrong("beam_step", says=["order|sorted|best first"])
def argpartition_alone(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    idx = np.argpartition(-flat, width - 1, axis=1)[:, :width]
    return np.take_along_axis(flat, idx, axis=1), idx // V, idx % V


@wrong("beam_step", says=["axes of captions and words"])
def reshaped_in_the_wrong_order(totals, log_probs, width):
    N, K, V = log_probs.shape
    every = (totals[:, :, None] + log_probs).transpose(0, 2, 1).reshape(N, K * V)
    idx = np.argsort(-every, axis=1)[:, :width]
    return np.take_along_axis(every, idx, 1), idx // V, idx % V


@wrong("beam_step", says=["topk|attribute"])
def topk_of_pytorch(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    new_totals, idx = flat.topk(width)
    return new_totals, idx // V, idx % V


@wrong("beam_step", says=["mean|average|divided|length|half"])
def mean_of_both_logarithms(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = ((totals[:, :, None] + log_probs) / 2).reshape(N, K * V)
    idx = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, idx, 1), idx // V, idx % V


# ---- modified_precision -------------------------------------------------------------------------


def grams_of(caption, n):
    words = caption.split()
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


@wrong("modified_precision", says=["mean|average|each caption|captions"])
def mean_over_the_captions(hypotheses, references, n):
    result = []
    for hyp, refs in zip(hypotheses, references):
        mine = Counter(grams_of(hyp, n))
        limit = Counter()
        for ref in refs:
            limit |= Counter(grams_of(ref, n))
        result.append(sum((mine & limit).values()) / max(1, sum(mine.values())))
    return sum(result) / len(result)


@wrong("modified_precision", says=["added|sum|add up|together", "largest|most|one of"])
def limits_added_up(hypotheses, references, n):
    hit = total = 0
    for hyp, refs in zip(hypotheses, references):
        mine = Counter(grams_of(hyp, n))
        limit = Counter()
        for ref in refs:
            limit.update(grams_of(ref, n))
        hit += sum((mine & limit).values())
        total += sum(mine.values())
    return hit / total if total else 0


@wrong("modified_precision", says=["letter|character|`split`"])
def letters_for_words(hypotheses, references, n):
    hit = total = 0
    for hyp, refs in zip(hypotheses, references):
        mine = Counter(hyp[i : i + n] for i in range(len(hyp) - n + 1))
        limit = Counter()
        for ref in refs:
            limit |= Counter(ref[i : i + n] for i in range(len(ref) - n + 1))
        hit += sum((mine & limit).values())
        total += sum(mine.values())
    return hit / total if total else 0.0


@wrong("modified_precision", says=["different|set|once|repeat"])
def sets_of_ngrams(hypotheses, references, n):
    hit = total = 0
    for hyp, refs in zip(hypotheses, references):
        mine = set(grams_of(hyp, n))
        theirs = set().union(*(grams_of(ref, n) for ref in refs))
        hit += len(mine & theirs)
        total += len(mine)
    return hit / total if total else 0.0


@wrong("modified_precision", says=["words|1 to n|shorter|n-gram"])
def number_of_words_below_the_line(hypotheses, references, n):
    hit = total = 0
    for hyp, refs in zip(hypotheses, references):
        mine = Counter(grams_of(hyp, n))
        limit = Counter()
        for ref in refs:
            limit |= Counter(grams_of(ref, n))
        hit += sum((mine & limit).values())
        total += len(hyp.split())
    return hit / total if total else 0.0


# ---- diverse_step -------------------------------------------------------------------------------


@right("diverse_step")
def diverse_with_loops(totals, log_probs, strength):
    N, G, V = log_probs.shape
    words = np.zeros((N, G), dtype=int)
    new_totals = np.zeros_like(totals)
    for n in range(N):
        for g in range(G):
            lowered = log_probs[n, g].copy()
            for before in range(g):
                lowered[words[n, before]] -= strength
            words[n, g] = lowered.argmax()
            new_totals[n, g] = totals[n, g] + log_probs[n, g, words[n, g]]
    return new_totals, words


@wrong("diverse_step", says=["lowered|penalty|model's own"])
def penalty_counted_in_the_totals(totals, log_probs, strength):
    N, G, V = log_probs.shape
    used = np.zeros((N, V))
    words, new = [], []
    for g in range(G):
        s = totals[:, g, None] + log_probs[:, g] - strength * used
        w = s.argmax(axis=1)
        used[np.arange(N), w] += 1
        words.append(w)
        new.append(s.max(axis=1))
    return np.stack(new, axis=1), np.stack(words, axis=1)


@wrong("diverse_step", says=["once|each time|how often|several|twice|counted"])
def word_used_or_not(totals, log_probs, strength):
    N, G, V = log_probs.shape
    used = np.zeros((N, V), dtype=bool)
    words = np.zeros((N, G), dtype=int)
    for g in range(G):
        words[:, g] = np.argmax(log_probs[:, g] - strength * used, axis=1)
        used[range(N), words[:, g]] = True
    return totals + np.take_along_axis(log_probs, words[:, :, None], 2)[:, :, 0], words


@wrong("diverse_step", says=["just before|all captions before|one before|previous|last"])
def only_the_caption_just_before(totals, log_probs, strength):
    N, G, V = log_probs.shape
    words = np.zeros((N, G), dtype=int)
    for g in range(G):
        s = log_probs[:, g].copy()
        if g > 0:
            s[np.arange(N), words[:, g - 1]] -= strength
        words[:, g] = s.argmax(1)
    return totals + np.take_along_axis(log_probs, words[:, :, None], 2)[..., 0], words


@wrong("diverse_step", says=["picture"])
def account_shared_by_the_pictures(totals, log_probs, strength):
    N, G, V = log_probs.shape
    used = np.zeros(V)
    words = np.zeros((N, G), dtype=int)
    for g in range(G):
        words[:, g] = np.argmax(log_probs[:, g] - strength * used, axis=1)
        used += np.bincount(words[:, g], minlength=V)
    return totals + np.take_along_axis(log_probs, words[:, :, None], 2)[..., 0], words


@wrong("diverse_step", says=["`[:,|whole column|every picture|all pictures|picture"])
def whole_columns_of_the_account_raised(totals, log_probs, strength):
    N, G, V = log_probs.shape
    used = np.zeros((N, V))
    words = np.zeros((N, G), dtype=int)
    for g in range(G):
        words[:, g] = np.argmax(log_probs[:, g] - strength * used, axis=1)
        used[:, words[:, g]] += 1
    return totals + np.take_along_axis(log_probs, words[:, :, None], 2)[..., 0], words


@wrong("diverse_step", says=["multipl|times|factor"])
def log_probability_multiplied_by_uses(totals, log_probs, strength):
    N, G, V = log_probs.shape
    used = np.zeros((N, V))
    words = np.zeros((N, G), dtype=int)
    for g in range(G):
        words[:, g] = np.argmax(log_probs[:, g] * (1 - strength * used), axis=1)
        used[np.arange(N), words[:, g]] += 1
    return totals + np.take_along_axis(log_probs, words[:, :, None], 2)[..., 0], words


# ---- input products -----------------------------------------------------------------------------


@wrong("input_products_forward", says=["M|words", "V|vocabulary|every word"])
def table_of_the_whole_vocabulary_returned(words, W_embed, Wx, b, out=None):
    table = W_embed.dot(Wx) + b
    return table, (words, W_embed, Wx)


@wrong("input_products_backward", says=["sums|different words|`used`", "`dWx`|dot|product"])
def dWx_from_all_words_and_the_sums(dproducts, cache):
    words, W_embed, Wx = cache
    used, sums = sum_by_word(dproducts, words)
    dW_embed = np.zeros_like(W_embed)
    dW_embed[used] = sums.dot(Wx.T)
    dWx = W_embed[words].T.dot(sums)
    return dW_embed, dWx, np.sum(sums, axis=0)


@wrong("input_products_backward", says=["`dW_embed`", "more than once|repeated|`np.add.at`"])
def plus_equals_with_repeated_words(dproducts, cache):
    words, W_embed, Wx = cache
    dx = dproducts @ Wx.T
    dW_embed = np.zeros(W_embed.shape)
    dW_embed[words] += dx
    return dW_embed, W_embed[words].T @ dproducts, np.sum(dproducts, axis=0)


# ---- packed rows --------------------------------------------------------------------------------


@wrong("packing_order", says=["`batch_sizes`", "lengths|each caption|time step|running"])
def lengths_for_batch_sizes(mask):
    lengths = np.array([max(np.flatnonzero(row), default=0) + 1 for row in mask])
    order = np.argsort(-lengths, kind="stable")
    return order, list(lengths[order])


@wrong("packing_order", says=["last", "length|one|+ 1|short"])
def place_of_the_last_word_for_the_length(mask):
    lengths = np.array([max(np.flatnonzero(row), default=0) for row in mask])
    lengths = np.maximum(lengths, 1)
    order = np.argsort(-lengths, kind="stable")
    return order, [int((lengths > t).sum()) for t in range(lengths.max())]


@wrong("pack", says=["`rows[", "`order`"])
def cut_before_the_order_is_used(x, order, batch_sizes):
    rows = []
    for t in range(len(batch_sizes)):
        step = x[: batch_sizes[t], t]
        rows.append(step[order[: batch_sizes[t]] % batch_sizes[t]])
    return np.concatenate(rows, axis=0)


@right("pack")
def pack_with_a_mask(x, order, batch_sizes):
    T = len(batch_sizes)
    running = np.arange(len(order))[None, :] < np.array(batch_sizes)[:, None]
    return np.swapaxes(x[order][:, :T], 0, 1)[running]


# ---- softmax_in_place, online_log_sum_exp -------------------------------------------------------


@wrong("softmax_in_place", says=["`weights`|weight", "mean|divided|average|number of|sum"])
def weighted_mean(scores, targets, weights):
    M = len(scores)
    scores -= scores.max(axis=1, keepdims=True)
    right_ones = scores[np.arange(M), targets].copy()
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    loss = np.sum(weights * (np.log(sums) - right_ones)) / weights.sum()
    scores *= (weights / sums)[:, None]
    scores[np.arange(M), targets] -= weights
    scores /= weights.sum()
    return loss


@wrong("softmax_in_place", says=["copy|view|overwritten|before|`exp`"])
def score_of_the_target_read_after_exp(scores, targets, weights):
    M = len(scores)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    loss = np.sum(weights * (np.log(sums) - scores[np.arange(M), targets]))
    scores *= (weights / sums)[:, None]
    scores[np.arange(M), targets] -= weights
    return loss


@wrong("softmax_in_place", says=["1|weight", "target|weight"])
def one_taken_off_after_weighting(scores, targets, weights):
    M = len(scores)
    scores -= scores.max(axis=1, keepdims=True)
    right_ones = scores[np.arange(M), targets].copy()
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    scores *= (weights / sums)[:, None]
    scores[np.arange(M), targets] -= 1
    return np.sum(weights * (np.log(sums) - right_ones))


@right("online_log_sum_exp")
def online_with_logaddexp(blocks):
    total = None
    for block in blocks:
        here = np.logaddexp.reduce(block, axis=1)
        total = here if total is None else np.logaddexp(total, here)
    return total


@wrong("online_log_sum_exp", says=["largest|maximum", "add|back|left out|missing"])
def maximum_not_added_back(blocks):
    m, s = -np.inf, 0.0
    for block in blocks:
        new = np.maximum(m, block.max(axis=1))
        s = s * np.exp(m - new) + np.exp(block - new[:, None]).sum(axis=1)
        m = new
    return np.log(s)


@wrong("online_log_sum_exp", says=["`exp(old - new)`"])
def sum_corrected_the_wrong_way(blocks):
    m, s = -np.inf, 0.0
    for block in blocks:
        new = np.maximum(m, block.max(axis=1))
        s = s * np.exp(new - m) + np.exp(block - new[:, None]).sum(axis=1)
        m = new
    return m + np.log(s)


@wrong("online_log_sum_exp", says=["begins at 0"])
def maximum_begins_at_zero(blocks):
    m, s = 0, 0
    for block in blocks:
        new = np.maximum(m, np.max(block, axis=1))
        s = s * np.exp(m - new) + np.sum(np.exp(block - new[:, None]), axis=1)
        m = new
    return np.log(s) + m


@wrong("online_log_sum_exp", says=["one by one|generator", "index|`list`|once|`for`"])
def first_block_by_its_index(blocks):
    m = blocks[0].max(axis=1)
    s = np.exp(blocks[0] - m[:, None]).sum(axis=1)
    for block in blocks[1:]:
        new = np.maximum(m, block.max(axis=1))
        s = s * np.exp(m - new) + np.exp(block - new[:, None]).sum(axis=1)
        m = new
    return m + np.log(s)


# ---- GRU, orthogonal ----------------------------------------------------------------------------


@right("gru_step_forward")
def gru_step_forward(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    Wr, Wz, Wg = Wx[:, :H], Wx[:, H : 2 * H], Wx[:, 2 * H :]
    Ur, Uz, Ug = Wh[:, :H], Wh[:, H : 2 * H], Wh[:, 2 * H :]
    r = sigmoid(x @ Wr + prev_h @ Ur + b[:H])
    z = sigmoid(x @ Wz + prev_h @ Uz + b[H : 2 * H])
    g = np.tanh(x @ Wg + (r * prev_h) @ Ug + b[2 * H :])
    return g + z * (prev_h - g), (x, prev_h, Wx, Wh, r, z, g)


@wrong("gru_step_forward", says=["update|`z`", "reset|`r`", "order|swapped|exchanged|first|blocks"])
def update_gate_first_as_in_keras(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    zr = sigmoid(x @ Wx[:, : 2 * H] + prev_h @ Wh[:, : 2 * H] + b[: 2 * H])
    z, r = zr[:, :H], zr[:, H:]
    g = np.tanh(x @ Wx[:, 2 * H :] + (r * prev_h) @ Wh[:, 2 * H :] + b[2 * H :])
    return z * prev_h + (1 - z) * g, (x, prev_h, Wx, Wh, r, z, g)


@wrong("gru_step_forward", says=["sigmoid|tanh", "block input|`g`"])
def sigmoid_of_all_three(x, prev_h, Wx, Wh, b):
    H = prev_h.shape[1]
    r = sigmoid(x @ Wx[:, :H] + prev_h @ Wh[:, :H] + b[:H])
    z = sigmoid(x @ Wx[:, H : 2 * H] + prev_h @ Wh[:, H : 2 * H] + b[H : 2 * H])
    g = sigmoid(x @ Wx[:, 2 * H :] + (r * prev_h) @ Wh[:, 2 * H :] + b[2 * H :])
    return z * prev_h + (1 - z) * g, (x, prev_h, Wx, Wh, r, z, g)


@wrong("gru_step_backward", says=["prev_h`", "reset|`r`"])
def reset_gate_forgotten_on_the_way_back(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, g = cache
    H = prev_h.shape[1]
    dg = dnext_h * (1 - z) * (1 - g * g)
    dz = dnext_h * (prev_h - g) * z * (1 - z)
    drh = dg @ Wh[:, 2 * H :].T
    dr = drh * prev_h * r * (1 - r)
    da = np.hstack([dr, dz, dg])
    dprev_h = dnext_h * z + drh + np.hstack([dr, dz]) @ Wh[:, : 2 * H].T
    dWh = np.hstack([prev_h.T @ dr, prev_h.T @ dz, (r * prev_h).T @ dg])
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(0)


@wrong("gru_step_backward", says=["`dWh`", "reset|`r * prev_h`"])
def dWh_as_in_an_lstm(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, g = cache
    H = prev_h.shape[1]
    dg = dnext_h * (1 - z) * (1 - g * g)
    dz = dnext_h * (prev_h - g) * z * (1 - z)
    drh = dg @ Wh[:, 2 * H :].T
    dr = drh * prev_h * r * (1 - r)
    da = np.concatenate((dr, dz, dg), axis=1)
    dprev_h = dnext_h * z + drh * r + np.hstack([dr, dz]) @ Wh[:, : 2 * H].T
    return da @ Wx.T, dprev_h, x.T @ da, prev_h.T @ da, da.sum(0)


@wrong("orthogonal", says=["tuple|two|both|pair|2 values"])
def both_factors_returned(matrix):
    return np.linalg.qr(matrix)


@wrong("orthogonal", says=["length 1|length", "right angles|columns"])
def gram_schmidt_without_normalising(matrix):
    Q = matrix.astype(float).copy()
    for j in range(len(Q)):
        for i in range(j):
            Q[:, j] -= (Q[:, i] @ Q[:, j]) / (Q[:, i] @ Q[:, i]) * Q[:, i]
    return Q


# ---- A second part, written after the first was named -------------------------------------------


@wrong("temperature_probabilities", says=["temperature", "twice"])
def divided_twice(scores, temperature):
    z = (scores - scores.max(axis=1, keepdims=True)) / temperature
    e = np.exp(z / temperature)
    return e / e.sum(axis=1, keepdims=True)


@wrong("beam_step", says=["argsort", "axis"], never=["only the first caption"])
def sorted_along_the_pictures(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=0)[:, :width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("modified_precision", says=["first reference|first of|only"])
def first_reference_only(hypotheses, references, n):
    hit = total = 0
    for hyp, refs in zip(hypotheses, references):
        mine = Counter(grams_of(hyp, n))
        hit += sum((mine & Counter(grams_of(refs[0], n))).values())
        total += sum(mine.values())
    return hit / total if total else 0.0


@wrong("diverse_step", says=["best|total|first|all captions|each caption", "totals|own|same"])
def totals_of_the_best_only(totals, log_probs, strength):
    N, G, V = log_probs.shape
    words = np.zeros((N, G), dtype=int)
    used = np.zeros((N, V))
    for g in range(G):
        words[:, g] = np.argmax(log_probs[:, g] - strength * used, axis=1)
        used[np.arange(N), words[:, g]] += 1
    return totals + log_probs.max(axis=2), words


@wrong("input_products_backward", says=["`db`", "mean|average|factor|divided"])
def bias_gradient_averaged(dproducts, cache):
    words, W_embed, Wx = cache
    used, sums = sum_by_word(dproducts, words)
    dW_embed = np.zeros_like(W_embed)
    dW_embed[used] = sums @ Wx.T
    return dW_embed, W_embed[used].T @ sums, sums.mean(axis=0)


@wrong("packing_order", says=["`batch_sizes`", "list|one step|last|missing|longest"])
def last_step_left_out(mask):
    lengths = np.array([max(np.flatnonzero(row), default=0) + 1 for row in mask])
    order = np.argsort(-lengths, kind="stable")
    return order, [int((lengths > t).sum()) for t in range(lengths.max() - 1)]


@wrong("pack", says=["out of bounds|size|order", "`order`"])
def cut_then_ordered(x, order, batch_sizes):
    return np.concatenate([x[:size, t][order[:size]] for t, size in enumerate(batch_sizes)])


@wrong("softmax_in_place", says=["log", "log2|base|natural"])
def logarithm_of_base_two(scores, targets, weights):
    rows = np.arange(len(scores))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    loss = -(weights * np.log2(scores[rows, targets])).sum()
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return loss


@wrong("online_log_sum_exp", says=["old|right|larger|largest"])
def largest_replaced_before_it_is_used(blocks):
    m, s = -np.inf, 0.0
    for block in blocks:
        new = np.maximum(m, block.max(axis=1))
        m = new
        s = s * np.exp(m - new) + np.exp(block - new[:, None]).sum(axis=1)
    return m + np.log(s)


@wrong("gru_step_backward", says=["update gate|`z`", "slope|derivative|sigmoid"])
def slope_of_the_update_gate_forgotten(dnext_h, cache):
    x, prev_h, Wx, Wh, r, z, g = cache
    H = prev_h.shape[1]
    dg = dnext_h * (1 - z) * (1 - g * g)
    dz = dnext_h * (prev_h - g)
    drh = dg @ Wh[:, 2 * H :].T
    dr = drh * prev_h * r * (1 - r)
    da = np.concatenate((dr, dz, dg), axis=1)
    dprev_h = dnext_h * z + drh * r + np.hstack([dr, dz]) @ Wh[:, : 2 * H].T
    dWh = np.hstack([prev_h.T @ dr, prev_h.T @ dz, (r * prev_h).T @ dg])
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(0)
