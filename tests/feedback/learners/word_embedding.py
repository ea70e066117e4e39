"""word_embedding_forward, word_embedding_backward."""

import numpy as np

from .kinds import right, wrong
from .own_layers import word_embedding_backward, word_embedding_forward

__all__ = ["word_embedding_backward", "word_embedding_forward"]


@right("word_embedding_forward")
def one_hot_rows_times_the_table(x, W):
    return np.eye(len(W), dtype=W.dtype)[x] @ W, (x, W)


@right("word_embedding_forward")
def filled_word_by_word(x, W):
    out = np.zeros((*x.shape, W.shape[1]), dtype=W.dtype)
    for n, row in enumerate(x):
        for t, word in enumerate(row):
            out[n, t] = W[word]
    return out, (x, W)


@wrong("word_embedding_forward", says=["`*`|element", "`@`"])
def one_hot_rows_with_a_star(x, W):
    return np.eye(len(W))[x] * W, (x, W)


@wrong("word_embedding_forward", says=["column", "row"])
def columns_for_rows(x, W):
    return W[:, x], (x, W)


@wrong("word_embedding_forward", says=["first word|first time step|x[:, 0]|each time step"])
def first_word_only(x, W):
    return np.repeat(W[x[:, :1]], x.shape[1], axis=1), (x, W)


@right("word_embedding_backward")
def one_hot_rows_summed(dout, cache):
    x, shape = cache
    ones = np.eye(shape[0], dtype=dout.dtype)[x.ravel()]
    return ones.T @ dout.reshape(-1, shape[1])


@wrong("word_embedding_backward", says=["`np.add.at`", "None|nothing"], never=["not done"])
def returns_what_add_at_returns(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    return np.add.at(dW, x, dout)


@wrong("word_embedding_backward", says=["more than once|repeated", "add"])
def plus_equals_with_an_index(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    dW[x] += dout
    return dW


@wrong("word_embedding_backward", says=["`np.add.at`|argument", "order|swapped|integer"])
def add_at_with_arguments_swapped(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, dout, x)
    return dW


@wrong("word_embedding_backward", says=["(V, D)", "(N, T, D)|as it came|words that occur"])
def returns_dout_as_it_came(dout, cache):
    return dout


@wrong("word_embedding_backward", says=["integer"])
def buffer_like_the_words(dout, cache):
    x, shape = cache
    dW = np.zeros(shape, dtype=x.dtype)
    for word, row in zip(x.ravel(), dout.reshape(-1, shape[1])):
        dW[word] += row.astype(dW.dtype)
    return dW
