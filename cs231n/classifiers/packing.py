"""Captions of different lengths without their padding, and the work that this saves.

A minibatch of captions is a rectangle (N, T), filled up with `<NULL>`. About three in ten of its
places are such padding, and a layer that works on the rectangle computes them all for nothing. Here
the captions are sorted, longest first, and cut into columns::

    <START> a   dog on  the beach           step 0: 3 rows
    <START> a   cat in               ->     step 1: 3 rows    (10 rows in all, not 3 * 6 = 18:
    <START> a                               step 2: 2 rows     "packed" rows, in the order of time)
                                            step 3: 2 rows     ...

At each step the captions that are still running are the *first* ones, so step t works on one slice
of an array. PyTorch's `pack_padded_sequence` lays sequences out in the same way.

M is the number of packed rows, and G the number of columns that a cell computes at each step: H for
a vanilla RNN, 4H for an LSTM.
"""

import numpy as np


def packing_order(mask):
    """Find the order and the sizes in which captions are packed.

    Args:
        mask: True where a word counts, False where it is padding (N, T). A caption ends
            with its last word that counts; words before that belong to it even where
            `mask` is False. Every caption has a first step, even if nothing in it
            counts.

    Returns:
        order: the captions, longest first (N,). Captions of one length stay in their
            order.
        batch_sizes: how many captions are still running at each time step, as a list
            that begins with N and ends with the longest caption. Their sum is M.
    """
    steps = np.arange(1, mask.shape[1] + 1)
    lengths = (steps * (mask != 0)).max(axis=1)  # (N,): the last step that counts
    lengths = np.maximum(lengths, 1)
    order = np.argsort(-lengths, kind="stable")
    batch_sizes = [int(np.sum(lengths >= step)) for step in steps[: lengths.max()]]
    return order, batch_sizes


def pack(x, order, batch_sizes):
    """Lay a minibatch out as packed rows: step 0 of all captions, step 1 of those that
    reach it...

    Args:
        x: something for each caption and time step (N, T, ...), such as its words
            (N, T).
        order: from `packing_order` (N,).
        batch_sizes: from `packing_order`.

    Returns:
        rows: an array (M, ...).
    """
    return np.concatenate([x[order[:size], t] for t, size in enumerate(batch_sizes)])


def steps_of(batch_sizes):
    """The slice of packed rows that belongs to each time step."""
    ends = np.cumsum(batch_sizes, dtype=int)
    return [slice(int(end) - size, int(end)) for size, end in zip(batch_sizes, ends)]


def sum_by_word(rows, words):
    """Add up the rows that belong to the same word, by pairs, then pairs of pairs, and
    so on.

    With `rows` sorted by word, each round adds to every second row of a word its
    neighbour. Eight rounds do for a word that occurs 256 times, and a round is one
    operation for all words at once. (`np.add.at` and `np.add.reduceat` do the same row
    by row, several times slower.)

    Args:
        rows: one row for each occurrence of a word (M, G). They are used up: changed.
        words: the word of each row (M,).

    Returns:
        used: the different words (U,), sorted.
        sums: the sum for each of them (U, G).
    """
    used, index, counts = np.unique(words, return_inverse=True, return_counts=True)
    # Rows of the same word become neighbours
    by_word = np.argsort(index, kind="stable")
    first = np.cumsum(counts) - counts  # (U,): where the rows of each word begin
    # (M,): 0, 1, 2... within a word
    place = np.arange(len(words)) - np.repeat(first, counts)
    to_come = np.repeat(counts, counts) - place  # (M,)
    stride = 1
    while stride < counts.max():
        left = np.flatnonzero((place % (2 * stride) == 0) & (to_come > stride))
        rows[by_word[left]] += rows[by_word[left + stride]]
        stride *= 2
    return used, rows[by_word[first]]
