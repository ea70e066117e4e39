"""input_products_forward, input_products_backward, packing_order, pack, softmax_in_place."""

import numpy as np

from cs231n.classifiers.packing import sum_by_word

from .kinds import almost, right, wrong

# ---- input_products_forward ---------------------------------------------------------------------


@right("input_products_forward", says=["`out`"])
def input_products_forward(words, W_embed, Wx, b, out=None):
    used, index = np.unique(words, return_inverse=True)
    table = W_embed[used] @ Wx + b
    return table[index], (words, W_embed, Wx)


@right("input_products_forward")
def products_written_into_out(words, W_embed, Wx, b, out=None):
    different, where = np.unique(words, return_inverse=True)
    rows = np.dot(W_embed[different], Wx) + b
    if out is None:
        out = np.empty((len(words), Wx.shape[1]), dtype=rows.dtype)
    out[:] = rows[where]
    return out, (words, W_embed, Wx)


@wrong("input_products_forward", says=["`index`|return_inverse|place in the table|row of the table",
                                       "word number|number of the word|`words`"])
def looked_up_by_word_number(words, W_embed, Wx, b, out=None):
    used, index = np.unique(words, return_inverse=True)
    table = W_embed[used] @ Wx + b
    return table[np.minimum(words, len(used) - 1)], (words, W_embed, Wx)


@wrong("input_products_forward", says=["`index`|return_inverse|place in the table|row of the table",
                                       "word number|number of the word|`words`"])
def looked_up_by_word_number_out_of_bounds(words, W_embed, Wx, b, out=None):
    used, index = np.unique(words, return_inverse=True)
    table = W_embed[used] @ Wx + b
    return table[words], (words, W_embed, Wx)


@wrong("input_products_forward", says=["*different* word", "each of the M words"])
def table_returned(words, W_embed, Wx, b, out=None):
    used = np.unique(words)
    return W_embed[used] @ Wx + b, (words, W_embed, Wx)


@wrong("input_products_forward", says=["bias"])
def bias_left_to_the_loop(words, W_embed, Wx, b, out=None):
    used, index = np.unique(words, return_inverse=True)
    return (W_embed[used] @ Wx)[index], (words, W_embed, Wx)


@wrong("input_products_forward", says=["`out`", "filled|None|written"])
def out_returned_without_being_filled(words, W_embed, Wx, b, out=None):
    used, index = np.unique(words, return_inverse=True)
    products = (W_embed[used] @ Wx + b)[index]
    return (products if out is None else out), (words, W_embed, Wx)


@wrong("input_products_forward", says=["`out`", "None"])
def out_always_written(words, W_embed, Wx, b, out=None):
    used, index = np.unique(words, return_inverse=True)
    out[:] = (W_embed[used] @ Wx + b)[index]
    return out, (words, W_embed, Wx)


@wrong("input_products_forward", says=["`return_inverse=True`", "two|tuple|2"])
def inverse_not_asked_for(words, W_embed, Wx, b, out=None):
    used, index = np.unique(words)
    return (W_embed[used] @ Wx + b)[index], (words, W_embed, Wx)


# ---- input_products_backward --------------------------------------------------------------------


@right("input_products_backward")
def row_by_row(dproducts, cache):
    words, W_embed, Wx = cache
    dW_embed = np.zeros_like(W_embed)
    np.add.at(dW_embed, words, dproducts @ Wx.T)
    return dW_embed, W_embed[words].T @ dproducts, dproducts.sum(axis=0)


@wrong("input_products_backward", says=["`db`", "used it up|overwrite"])
def buffer_used_again_after_it_was_used_up(dproducts, cache):
    words, W_embed, Wx = cache
    used, sums = sum_by_word(dproducts, words)
    dW_embed = np.zeros_like(W_embed)
    dW_embed[used] = sums @ Wx.T
    return dW_embed, W_embed[used].T @ sums, dproducts.sum(axis=0)


@wrong("input_products_backward", says=["`dWx`", "used it up|overwrite"])
def buffer_used_again_for_the_weights(dproducts, cache):
    words, W_embed, Wx = cache
    used, sums = sum_by_word(dproducts, words)
    dW_embed = np.zeros_like(W_embed)
    dW_embed[used] = sums @ Wx.T
    return dW_embed, W_embed[words].T @ dproducts, sums.sum(axis=0)


@wrong("input_products_backward", says=["`dW_embed`", "more than once|repeated"])
def repeated_words_assigned(dproducts, cache):
    words, W_embed, Wx = cache
    dW_embed = np.zeros_like(W_embed)
    dW_embed[words] = dproducts @ Wx.T
    return dW_embed, W_embed[words].T @ dproducts, dproducts.sum(axis=0)


@wrong("input_products_backward", says=["`dW_embed`", "shape|row", "V|word"])
def one_row_for_each_different_word(dproducts, cache):
    words, W_embed, Wx = cache
    used, sums = sum_by_word(dproducts, words)
    return sums @ Wx.T, W_embed[used].T @ sums, sums.sum(axis=0)


@wrong("input_products_backward", says=["`Wx.T`"])
def sent_back_through_Wx_as_it_is(dproducts, cache):
    words, W_embed, Wx = cache
    used, sums = sum_by_word(dproducts, words)
    dW_embed = np.zeros_like(W_embed)
    dW_embed[used] = sums @ Wx
    return dW_embed, W_embed[used].T @ sums, sums.sum(axis=0)


# ---- packing_order ------------------------------------------------------------------------------


@right("packing_order")
def lengths_by_a_loop(mask):
    lengths = []
    for row in mask:
        counts = [t for t, word in enumerate(row) if word]
        lengths.append(counts[-1] + 1 if counts else 1)
    order = sorted(range(len(mask)), key=lambda n: lengths[n], reverse=True)
    return order, [sum(length > t for length in lengths) for t in range(max(lengths))]


@right("packing_order")
def argsort_turned_around(mask):
    lengths = np.maximum(1, mask.shape[1] - np.argmax(mask[:, ::-1], axis=1))
    lengths[~mask.any(axis=1)] = 1
    order = np.argsort(lengths)[::-1]
    running = lengths[:, None] > np.arange(lengths.max())
    return order, running.sum(axis=0)


@wrong("packing_order", says=["last", "that count|places"])
def places_counted(mask):
    lengths = np.maximum(mask.sum(axis=1), 1)
    order = np.argsort(-lengths, kind="stable")
    return order, [int(np.sum(lengths > t)) for t in range(lengths.max())]


@wrong("packing_order", says=["shortest"])
def shortest_first(mask):
    lengths = np.maximum((mask * np.arange(1, mask.shape[1] + 1)).max(axis=1), 1)
    return np.argsort(lengths), [int(np.sum(lengths > t)) for t in range(lengths.max())]


@wrong("packing_order", says=["`order`", "lengths|`argsort`"])
def sorted_lengths_for_their_order(mask):
    lengths = np.maximum((mask * np.arange(1, mask.shape[1] + 1)).max(axis=1), 1)
    return -np.sort(-lengths), [int(np.sum(lengths > t)) for t in range(lengths.max())]


@wrong("packing_order", says=["sort`", "None|nothing", "`sorted`|`argsort`"])
def list_sort_returns_nothing(mask):
    lengths = [max(1, int((row * np.arange(1, len(row) + 1)).max())) for row in mask]
    order = list(range(len(mask))).sort(key=lambda n: -lengths[n])
    return order, [sum(length > t for length in lengths) for t in range(max(lengths))]


@wrong("packing_order", says=["`batch_sizes`", "zero|without a row|after the longest|goes on"])
def zeros_after_the_longest(mask):
    lengths = np.maximum((mask * np.arange(1, mask.shape[1] + 1)).max(axis=1), 1)
    return np.argsort(-lengths), [int(np.sum(lengths > t)) for t in range(mask.shape[1])]


@wrong("packing_order", says=["`batch_sizes`", "gap|do not count|before"])
def sizes_from_the_columns_of_the_mask(mask):
    lengths = np.maximum((mask * np.arange(1, mask.shape[1] + 1)).max(axis=1), 1)
    sizes = mask.sum(axis=0)[: lengths.max()]
    sizes[0] = len(mask)
    return np.argsort(-lengths, kind="stable"), sizes


@wrong("packing_order", says=["`batch_sizes`", "one step too long|one step late|too long"])
def one_step_too_long(mask):
    lengths = np.maximum((mask * np.arange(1, mask.shape[1] + 1)).max(axis=1), 1)
    return np.argsort(-lengths), [int(np.sum(lengths >= t)) for t in range(lengths.max() + 1)]


@wrong("packing_order", says=["nothing but padding", "one"])
def empty_captions_have_no_step(mask):
    lengths = (mask * np.arange(1, mask.shape[1] + 1)).max(axis=1)
    return np.argsort(-lengths), [int(np.sum(lengths > t)) for t in range(lengths.max())]


@wrong("packing_order", says=["first", "ends|last"])
def length_up_to_the_first_gap(mask):
    lengths = np.array([max(1, list(row).index(False) if not row.all() else len(row))
                        for row in mask])
    return np.argsort(-lengths), [int(np.sum(lengths > t)) for t in range(lengths.max())]


# ---- pack ---------------------------------------------------------------------------------------


@right("pack")
def pack_row_by_row(x, order, batch_sizes):
    rows = []
    for t, size in enumerate(batch_sizes):
        for k in range(size):
            rows.append(x[order[k]][t])
    return np.array(rows)


@wrong("pack", says=["order of the minibatch|`order`"])
def order_not_used(x, order, batch_sizes):
    return np.concatenate([x[:size, t] for t, size in enumerate(batch_sizes)])


@wrong("pack", says=["caption by caption"])
def captions_one_after_the_other(x, order, batch_sizes):
    sizes = np.array(batch_sizes)
    return np.concatenate([x[n, : (sizes > k).sum()] for k, n in enumerate(order)])


@wrong("pack", says=["padding|every caption", "`batch_sizes"])
def padding_kept(x, order, batch_sizes):
    return np.concatenate([x[order, t] for t in range(len(batch_sizes))])


@wrong("pack", says=["list", "`np.concatenate`"])
def list_of_steps(x, order, batch_sizes):
    return [x[order[:size], t] for t, size in enumerate(batch_sizes)]


@wrong("pack", says=["`np.stack`|stack", "concatenate"])
def stacked_steps(x, order, batch_sizes):
    return np.stack([x[order[:size], t] for t, size in enumerate(batch_sizes)])


@wrong("pack", says=["`np.concatenate`", "list|one argument|sequence"])
def concatenate_in_a_loop_without_a_list(x, order, batch_sizes):
    rows = x[order[: batch_sizes[0]], 0]
    for t in range(1, len(batch_sizes)):
        rows = np.concatenate(rows, x[order[: batch_sizes[t]], t])
    return rows


@wrong("pack", says=["second axis|`x[:, t]`|axis", "time|step"])
def time_taken_for_the_first_axis(x, order, batch_sizes):
    return np.concatenate([x[t][: size] for t, size in enumerate(batch_sizes) if t < len(x)])


# ---- softmax_in_place ---------------------------------------------------------------------------


@right("softmax_in_place")
def all_in_place(scores, targets, weights):
    rows = np.arange(len(targets))
    np.subtract(scores, scores.max(axis=1)[:, None], out=scores)
    right_scores = scores[rows, targets].copy()
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    scores /= sums[:, None]
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return float(np.dot(weights, np.log(sums) - right_scores))


@right("softmax_in_place", says=["in place"])
def copied_back_in_the_end(scores, targets, weights):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    rows = np.arange(len(p))
    loss = -np.sum(weights * np.log(p[rows, targets]))
    p[rows, targets] -= 1
    scores[...] = p * weights[:, None]
    return loss


@wrong("softmax_in_place", says=["one value|one number|expected 1", "2 values|several|two values"])
def scores_returned_too(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return loss, scores


@wrong("softmax_in_place", says=["new array", "`scores`"])
def scores_bound_to_a_new_array(scores, targets, weights):
    rows = np.arange(len(targets))
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    scores = scores / scores.sum(axis=1, keepdims=True)
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return loss


@wrong("softmax_in_place", says=["keepdims|`[:, None]`"], never=["which axis has to go away"])
def keepdims_forgotten(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1)
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    return loss


@wrong("softmax_in_place", says=["[:, None]`|keepdims", "`weights`"],
       never=["which axis has to go away"])
def weights_along_the_wrong_axis(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    scores[rows, targets] -= 1
    scores *= weights
    return loss


@wrong("softmax_in_place", says=["largest|maximum", "own|each row"])
def one_maximum_for_all_rows(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max()
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return loss


@wrong("softmax_in_place", says=["overwritten|gradient already|before it is gone"])
def loss_read_when_the_gradient_is_there(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return -np.sum(weights * np.log(scores[rows, targets]))


@wrong("softmax_in_place", says=["all rows|whole array|each row", "sum"])
def softmax_over_the_whole_array(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum()
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return loss


@wrong("softmax_in_place", says=["axis 0|column", "each row|axis 1"])
def softmax_over_the_rows(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=0)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=0)
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return loss


@wrong("softmax_in_place", says=["weight", "gradient"])
def gradient_not_weighted(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    scores[rows, targets] -= 1
    return loss


@wrong("softmax_in_place", says=["`scores[:, targets]`|every row|all rows|row of its own"])
def ones_taken_off_whole_columns(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    loss = -np.sum(weights * np.log(scores[rows, targets]))
    scores[:, targets] -= 1
    scores *= weights[:, None]
    return loss


@wrong("softmax_in_place", says=["one number", "summed|sum"])
def loss_of_each_row(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    losses = -weights * np.log(scores[rows, targets])
    scores[rows, targets] -= 1
    scores *= weights[:, None]
    return losses


@almost("softmax_in_place", says=["`weights`", "in place"])
def weights_changed_too(scores, targets, weights):
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    of_targets = scores[rows, targets]
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    loss = np.sum(weights * (np.log(sums) - of_targets))
    scores *= (weights / sums)[:, None]
    scores[rows, targets] -= weights
    weights *= 0
    return loss


@wrong("softmax_in_place", says=["overflow"])
def maximum_not_taken_away(scores, targets, weights):
    rows = np.arange(len(targets))
    of_targets = scores[rows, targets]
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    loss = np.sum(weights * (np.log(sums) - of_targets))
    scores *= (weights / sums)[:, None]
    scores[rows, targets] -= weights
    return loss
