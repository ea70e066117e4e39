"""What captioners have in common: their vocabulary; and, those that look at regions, some more."""

import numpy as np

from cs231n.arguments import at_least
from cs231n.decoding import greedy
from cs231n.rnn_layers import temporal_affine_backward, temporal_affine_forward


class Captioner:
    """Base of all captioners: it knows the words, and the type of the parameters.

    A subclass has `params`, `first_state(features)`, `next_scores(word, state)` and
    `loss(features, captions)`; the decoders need no more.

    Args:
        word_to_idx: the number of each word, from 0 to V - 1. It has `<NULL>`; `<START>` and
            `<END>` too, if captions are to be sampled.
        sizes: the other sizes, by name; each at least 1.
        dtype: the type of the parameters.

    Raises:
        ValueError: a size below 1, a vocabulary without `<NULL>`, or a type that is no float.
    """

    def __init__(self, word_to_idx, sizes, dtype):
        name = type(self).__name__
        for what, size in sizes.items():
            at_least(1)(f"{name}: {what}", size)
        if "<NULL>" not in word_to_idx:
            raise ValueError(f"{name}: word_to_idx has no '<NULL>', the word that pads captions")
        if np.dtype(dtype).kind != "f":
            raise ValueError(f"{name}: dtype is {dtype!r}, expected a float type such as "
                             "np.float32")
        self.dtype = dtype
        self.word_to_idx = word_to_idx
        self.idx_to_word = {index: word for word, index in word_to_idx.items()}
        self._null = word_to_idx["<NULL>"]
        self._start = word_to_idx.get("<START>")
        self._end = word_to_idx.get("<END>")


class RegionCaptioner(Captioner):
    """Base of the captioners whose pictures are regions (N, S, D) rather than one vector (N, D).

    Sizes: N pictures in a minibatch, S regions a picture, D numbers a region, V words in the
    vocabulary, T time steps.
    """

    def sample(self, features, max_length=30):
        """Write a caption for each picture (N, S, D), always taking the word with the best score.

        Returns word numbers (N, max_length): no `<START>`, and `<NULL>` after a row's `<END>`.
        """
        return greedy(self, features, max_length)

    def looked_at(self, features):
        """Turn the regions of pictures into vectors to look at.

        Each region gets a vector learned for its place added to it: which part of the picture it
        is cannot be seen from its features.

        Args:
            features: numbers of each region (N, S, D).

        Returns:
            looked_at: (N, S, H).
            cache: what `looked_at_backward` needs.
        """
        projected, cache = temporal_affine_forward(features, self.params["W_proj"],
                                                   self.params["b_proj"])
        return projected + self.params["places"], cache

    @staticmethod
    def looked_at_backward(dlooked_at, cache):
        """The gradients of `W_proj`, `b_proj` and `places`, by name."""
        _, dW, db = temporal_affine_backward(dlooked_at, cache)
        return {"W_proj": dW, "b_proj": db, "places": dlooked_at.sum(axis=0)}
