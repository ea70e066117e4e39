"""The captioner at the speed of the machine.

`FastCaptioningRNN` computes what `CaptioningRNN` computes, in the same order of ideas, and saves
time or memory in five places:

1. **No padding.** Captions are packed (see `packing.py`): step t has a row for each caption that is
   still running, and for no other.
2. **Products once for all time steps.** Only `prev_h @ Wh` has to wait for the step before. The
   product of word vectors and `Wx` is taken once for each *different* word of the minibatch, and
   each step looks its rows up. The gradients of the weights are one product each over all packed
   rows, after the loop. One large matrix product runs much nearer to the machine's best speed than
   many small ones.
3. **In place.** tanh, the gates and the softmax overwrite their input. An array is read from memory
   and written back once, not once for each operation of a formula.
4. **In blocks.** The softmax goes through the scores in blocks that fit into a small cache; this
   helps where the processor has no larger one that holds them all.
5. **Arrays kept.** The large arrays of a step are made once and used again at the next step, which
   saves most of the new memory of a step, and a little time.

What is left is the matrix products, which no order of operations can save. Arguments are checked
once, by the methods of the model, and not again in the functions that they call.
"""

import math

import numpy as np

from cs231n.arguments import at_least, takes
from cs231n.classifiers.packing import pack, packing_order, steps_of, sum_by_word
from cs231n.classifiers.rnn import CaptioningRNN, needs_start

BLOCK_BYTES = 2**18  # of scores that the softmax works on at a time: half of a usual L2 cache


class Room:
    """Work arrays by name, made when first asked for and handed out again after that."""

    def __init__(self):
        self._arrays = {}

    def __call__(self, name, shape, dtype):
        """An array of this shape, with anything in it: what it held at the last step, say."""
        size = math.prod(shape)
        array = self._arrays.get((name, dtype))
        if array is None or array.size < size:
            array = self._arrays[name, dtype] = np.empty(size, dtype)
        return array[:size].reshape(shape)


def fresh(name, shape, dtype):
    """A room that is always new, for those who keep none."""
    return np.empty(shape, dtype)


# ---- Words in -----------------------------------------------------------------------------------


def input_products_forward(words, W_embed, Wx, b, out=None):
    """Embed words and multiply them by the input weights: what the loop over time steps
    can share.

    `products = W_embed[words] @ Wx + b`, but with one row of the product for each
    different word.

    Args:
        words: the words of all captions at all time steps (M,).
        W_embed: one vector for each word of the vocabulary (V, W).
        Wx: weights from word vector to hidden state or gates (W, G).
        b: biases (G,).
        out: an array (M, G) to write the products into, or None for a new one.

    Returns:
        products: the part of each hidden state's input that does not depend on other
            steps (M, G).
        cache: what `input_products_backward` needs.
    """
    used, index = np.unique(words, return_inverse=True)
    table = W_embed[used] @ Wx
    table += b
    products = np.take(table, index, axis=0, out=out, mode="clip")
    return products, (words, W_embed, Wx)


def input_products_backward(dproducts, cache):
    """Send the gradients of input products back to word vectors and weights.

    Args:
        dproducts: gradient of the loss with respect to `products` (M, G). It is used
            up: changed.
        cache: from `input_products_forward`.

    Returns:
        dW_embed: gradient with respect to `W_embed` (V, W).
        dWx: gradient with respect to `Wx` (W, G).
        db: gradient with respect to `b` (G,).
    """
    words, W_embed, Wx = cache
    # a product of a sum is the sum of the products
    used, sums = sum_by_word(dproducts, words)
    dW_embed = np.zeros_like(W_embed)
    dW_embed[used] = sums @ Wx.T
    return dW_embed, W_embed[used].T @ sums, sums.sum(axis=0)


# ---- Vanilla RNN --------------------------------------------------------------------------------


def rnn_packed_forward(products, h0, Wh, batch_sizes, room=fresh):
    """Run a vanilla RNN over packed rows: `h = tanh(products + prev_h @ Wh)`, step by
    step.

    Args:
        products: from `input_products_forward` (M, H). They are overwritten by the
            hidden states.
        h0: hidden states before the first step, in packed order (N, H).
        Wh: weights from hidden state to hidden state (H, H).
        batch_sizes: from `packing_order`.
        room: where work arrays come from.

    Returns:
        h: hidden states after each step (M, H), in the place of `products`.
        cache: what `rnn_packed_backward` needs.
    """
    h = products
    prev_h = room("prev_h", h.shape, h.dtype)
    recurrent = room("recurrent", h0.shape, h.dtype)
    before = h0
    for rows, size in zip(steps_of(batch_sizes), batch_sizes):
        # Captions that have ended are the last rows: they drop out
        prev_h[rows] = before[:size]
        h[rows] += np.matmul(prev_h[rows], Wh, out=recurrent[:size])
        np.tanh(h[rows], out=h[rows])
        before = h[rows]
    return h, (prev_h, h, Wh, batch_sizes)


def rnn_packed_backward(dh, cache, room=fresh):
    """Back-propagate through time over packed rows.

    Args:
        dh: gradient of the loss with respect to each hidden state, as far as the loss
            uses that state directly (M, H). It is overwritten by the gradients of the
            products.
        cache: from `rnn_packed_forward`.
        room: where work arrays come from.

    Returns:
        dproducts: gradient with respect to `products` (M, H), in the place of `dh`.
        dh0: gradient with respect to `h0` (N, H), in a work array.
        dWh: gradient with respect to `Wh` (H, H).
    """
    prev_h, h, Wh, batch_sizes = cache
    shape = (batch_sizes[0], h.shape[1])
    dprev_h, slope = room("dprev_h", shape, h.dtype), room("slope", shape, h.dtype)
    later = 0  # how many captions run on after this step
    for rows, size in reversed(list(zip(steps_of(batch_sizes), batch_sizes))):
        da = dh[rows]
        da[:later] += dprev_h[:later]
        np.multiply(h[rows], h[rows], out=slope[:size])
        # The slope of tanh is 1 - tanh^2
        da *= np.subtract(1, slope[:size], out=slope[:size])
        np.matmul(da, Wh.T, out=dprev_h[:size])
        later = size
    return dh, dprev_h, prev_h.T @ dh


# ---- LSTM ---------------------------------------------------------------------------------------


def lstm_packed_forward(products, h0, Wh, batch_sizes, room=fresh):
    """Run an LSTM over packed rows. Its first cell state is zero.

    Args:
        products: from `input_products_forward` (M, 4H). They are overwritten by the gates.
        h0: hidden states before the first step, in packed order (N, H).
        Wh: weights from hidden state to gates (H, 4H).
        batch_sizes: from `packing_order`.
        room: where work arrays come from.

    Returns:
        h: hidden states after each step (M, H), in a work array.
        cache: what `lstm_packed_backward` needs.
    """
    gates, H = products, h0.shape[1]
    shape, dtype = (len(gates), H), gates.dtype
    h, tanh_c = room("h", shape, dtype), room("tanh_c", shape, dtype)
    prev_h, prev_c = room("prev_h", shape, dtype), room("prev_c", shape, dtype)
    recurrent, c = room("recurrent", (len(h0), 4 * H), dtype), room("c", h0.shape, dtype)
    before = h0
    c[...] = 0
    for rows, size in zip(steps_of(batch_sizes), batch_sizes):
        prev_h[rows], prev_c[rows] = before[:size], c[:size]
        gates[rows] += np.matmul(prev_h[rows], Wh, out=recurrent[:size])
        i, f, o, g = _gates_in_place(gates[rows])
        np.multiply(f, prev_c[rows], out=c[:size])
        c[:size] += np.multiply(i, g, out=h[rows])
        np.tanh(c[:size], out=tanh_c[rows])
        before = np.multiply(o, tanh_c[rows], out=h[rows])
    return h, (prev_h, prev_c, gates, tanh_c, Wh, batch_sizes)


def _gates_in_place(gates):
    """Squash the columns of gates (n, 4H) in place: three sigmoids and a tanh.

    `sigmoid(x) = (1 + tanh(x / 2)) / 2` is safe for large x of either sign, without branches.
    """
    H = gates.shape[1] // 4
    sigmoids = gates[:, : 3 * H]
    sigmoids *= 0.5
    np.tanh(gates, out=gates)
    sigmoids += 1
    sigmoids *= 0.5
    return [gates[:, k * H : (k + 1) * H] for k in range(4)]


def lstm_packed_backward(dh, cache, room=fresh):
    """Back-propagate through time over packed rows, for an LSTM.

    Args:
        dh: gradient of the loss with respect to each hidden state, as far as the loss uses that
            state directly (M, H). It is changed.
        cache: from `lstm_packed_forward`.
        room: where work arrays come from.

    Returns:
        dproducts: gradient with respect to `products` (M, 4H), in a work array.
        dh0: gradient with respect to `h0` (N, H), in a work array.
        dWh: gradient with respect to `Wh` (H, 4H).
    """
    prev_h, prev_c, gates, tanh_c, Wh, batch_sizes = cache
    dgates = room("dgates", gates.shape, gates.dtype)
    shape = (batch_sizes[0], dh.shape[1])
    dprev_h, dc = room("dprev_h", shape, dh.dtype), room("dc", shape, dh.dtype)
    dc[...] = 0
    later = 0  # how many captions run on after this step
    for rows, size in reversed(list(zip(steps_of(batch_sizes), batch_sizes))):
        dh[rows][:later] += dprev_h[:later]
        _lstm_step_backward(dh[rows], dc[:size], prev_c[rows], gates[rows], tanh_c[rows],
                            dgates[rows], room)
        np.matmul(dgates[rows], Wh.T, out=dprev_h[:size])
        later = size
    return dgates, dprev_h, prev_h.T @ dgates


def _lstm_step_backward(dh, dc, prev_c, gates, tanh_c, dgates, room):
    """Write the gradients of one step into `dgates`, and move `dc` one step back in time."""
    H = dh.shape[1]
    i, f, o, g = (gates[:, k * H : (k + 1) * H] for k in range(4))
    di, df, do, dg = (dgates[:, k * H : (k + 1) * H] for k in range(4))
    slope = room("slope", (len(dh), 3 * H), dh.dtype)
    work = room("work", dh.shape, dh.dtype)

    np.multiply(tanh_c, tanh_c, out=work)
    np.subtract(1, work, out=work)
    work *= o
    dc += np.multiply(work, dh, out=work)  # two paths lead back to the cell state

    np.multiply(dc, g, out=di)
    np.multiply(dc, prev_c, out=df)
    np.multiply(dh, tanh_c, out=do)
    sigmoids = gates[:, : 3 * H]
    np.subtract(1, sigmoids, out=slope)
    slope *= sigmoids
    dgates[:, : 3 * H] *= slope  # the slope of a sigmoid is s * (1 - s)

    np.multiply(g, g, out=work)
    np.subtract(1, work, out=work)
    work *= i
    np.multiply(work, dc, out=dg)
    dc *= f


# ---- Words out ----------------------------------------------------------------------------------


def softmax_in_place(scores, targets, weights):
    """Cross-entropy of a softmax, whose gradient takes the place of the scores.

    Args:
        scores: scores (logits) of each word of the vocabulary (M, V). They are
            overwritten by the gradient of the loss with respect to them.
        targets: the word that should have come, for each row (M,).
        weights: how much each row counts (M,); 0 where it does not.

    Returns:
        loss: one number, the weighted sum over the rows.
    """
    rows = np.arange(len(scores))
    scores -= scores.max(axis=1, keepdims=True)  # same softmax, but exp cannot overflow
    of_targets = scores[rows, targets]
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1)
    scores *= (weights / sums)[:, None]
    scores[rows, targets] -= weights
    return np.sum(weights * (np.log(sums) - of_targets))


# ---- The captioner ------------------------------------------------------------------------------


class FastCaptioningRNN(CaptioningRNN):
    """A drop-in for `CaptioningRNN`: the same arguments, parameters, loss, gradients and captions.

    All is computed in the type of the parameters, whatever that of the features. The model keeps
    its work arrays between calls (about as many bytes as one call needs), so use one model from one
    thread at a time. The gradients that `loss` returns are new arrays at each call and belong to
    the caller.

    Attributes:
        room: where work arrays come from: `room(name, shape, dtype)` returns one.
        The rest is as for `CaptioningRNN`.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.packed_cell()  # a cell type without one is refused here
        self.room = Room()

    @takes(features="N D", captions="N T+1 < V")
    def loss(self, features, captions):
        """As `CaptioningRNN.loss`, to the same numbers, without work for padding.

        Args:
            features: one row for each picture (N, D).
            captions: the true captions (N, T + 1): `<START>`, words, `<END>`, then
                `<NULL>`.

        Returns:
            value: the loss.
            grads: the gradient with respect to each entry of `self.params`, under the
                same name.
        """
        words_in, words_out = captions[:, :-1], captions[:, 1:]  # (N, T) each
        order, batch_sizes = packing_order(words_out != self._null)
        words_in, words_out = (
            pack(words, order, batch_sizes) for words in (words_in, words_out)
        )
        return self.loss_over_rows(features[order], words_in, words_out, batch_sizes)

    def loss_over_rows(self, features, words_in, words_out, batch_sizes):
        """The loss and the gradients of a minibatch that is laid out as packed rows.

        Args:
            features: one row for each picture, in packed order (N, D).
            words_in: the words that the network reads (M,).
            words_out: the words that it has to predict (M,); `<NULL>` does not count.
            batch_sizes: how many captions are still running at each time step.

        Returns:
            value: the loss, summed over the words that count, averaged over the
                pictures.
            grads: the gradient with respect to each entry of `self.params`, under the
                same name.
        """
        params, room, grads = self.params, self.room, {}
        M, (N, _), (H, G) = len(words_in), features.shape, params["Wh"].shape
        V, dtype = len(params["b_vocab"]), params["Wh"].dtype
        forward, backward = self.packed_cell()

        # Forward: features -> h0; words -> input products -> hidden states -> scores ->
        # loss.
        features = features.astype(dtype, copy=False)
        h0 = features @ params["W_proj"] + params["b_proj"]
        products, input_cache = input_products_forward(
            words_in,
            params["W_embed"],
            params["Wx"],
            params["b"],
            room("products", (M, G), dtype),
        )
        h, cell_cache = forward(products, h0, params["Wh"], batch_sizes, room)  # (M, H)
        scores = np.matmul(h, params["W_vocab"], out=room("scores", (M, V), dtype))
        weights = (words_out != self._null) / dtype.type(N)
        value = self.softmax(scores, words_out, weights)

        # Backward: the same way, from the end to the start.
        dscores = scores  # the gradient has taken their place
        grads["W_vocab"], grads["b_vocab"] = h.T @ dscores, dscores.sum(axis=0)
        dh = np.matmul(dscores, params["W_vocab"].T, out=room("dh", (M, H), dtype))
        dproducts, dh0, grads["Wh"] = backward(dh, cell_cache, room)
        grads["W_embed"], grads["Wx"], grads["b"] = input_products_backward(
            dproducts, input_cache
        )
        grads["W_proj"], grads["b_proj"] = features.T @ dh0, dh0.sum(axis=0)
        return value, grads

    def packed_cell(self):
        """The two functions that run the model's cell type over packed rows."""
        if self.cell_type == "rnn":
            return rnn_packed_forward, rnn_packed_backward
        if self.cell_type == "lstm":
            return lstm_packed_forward, lstm_packed_backward
        raise ValueError(
            f"FastCaptioningRNN: cell_type is {self.cell_type!r}, which has no packed "
            "functions, expected 'rnn' or 'lstm'. CaptioningRNN takes it."
        )

    def softmax(self, scores, words_out, weights):
        """Add the biases and run `softmax_in_place`, one block of rows after the other.

        Args:
            scores: scores without their biases (M, V). They are overwritten by their
                gradient.
            words_out: the words that should have come (M,).
            weights: how much each row counts (M,).

        Returns:
            The loss.
        """
        value = scores.dtype.type(0)
        size = max(1, BLOCK_BYTES // scores[0].nbytes)
        for start in range(0, len(scores), size):
            block = slice(start, start + size)
            scores[block] += self.params["b_vocab"]
            value += softmax_in_place(scores[block], words_out[block], weights[block])
        return value

    @needs_start
    @takes(features="N D", max_length=at_least(1))
    def sample(self, features, max_length=30):
        """As `CaptioningRNN.sample`, without work for captions that have ended."""
        captions = np.full((len(features), max_length), self._null)
        rows = np.arange(len(features))  # the captions that are still running
        state, word = self.first_state(features), np.full(len(features), self._start)
        for t in range(max_length):
            scores, state = self.next_scores(word, state)
            word = scores.argmax(axis=1)
            captions[rows, t] = word
            runs_on = word != self._end
            rows, word, state = rows[runs_on], word[runs_on], [s[runs_on] for s in state]
            if len(rows) == 0:
                break
        return captions
