"""Decoding: from the scores that a captioner gives to words, to a caption.

A captioner says how probable each next word is; which caption to write is another question.
`greedy` always takes the best word, `sample` draws words at random by their probability,
`beam_search` follows several captions at once and keeps the most probable, and `diverse_captions`
writes several that differ. All of them ask the model for two things only, `first_state(features)`
and `next_scores(word, state)`, so they work for every cell type.

They return captions as `CaptioningRNN.sample` does: words as numbers (N, max_length), the first
column is the first word and not `<START>`, and after its `<END>` a row holds `<NULL>`.

Sizes: N pictures, K captions in a beam, V words in the vocabulary, H numbers in a hidden state.
"""

import numbers

import numpy as np

from cs231n.arguments import at_least, finite, takes

# Temperatures outside of this range leave the range of float32 when scores are divided by them.
COLDEST, HOTTEST = 1e-30, 1e30


def log_softmax(scores):
    """The logarithm of each word's probability: `scores - log(sum(exp(scores)))` (N, V), float64.

    Taking the largest score away first keeps `exp` from overflowing and changes nothing else.
    """
    scores = scores.astype(np.float64)
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


# ---- One word after the other -------------------------------------------------------------------

@takes(features="N D...", max_length=at_least(1))
def greedy(model, features, max_length=30):
    """Write a caption for each picture (N, D), always taking the word with the best score."""
    return write_words(model, features, max_length, lambda scores: scores.argmax(axis=1))


def _temperature(where, value):
    if not isinstance(value, numbers.Real) or not COLDEST <= value <= HOTTEST:
        raise ValueError(f"{where} is {value!r}, expected a number above 0, from {COLDEST:g} to "
                         f"{HOTTEST:g} (for the limit 0, which always takes the best word, use "
                         "greedy)")


def _none_or_at_least_1(where, value):
    if value is not None:
        at_least(1)(where, value)


@takes(features="N D...", max_length=at_least(1), temperature=_temperature,
       top_k=_none_or_at_least_1)
def sample(model, features, max_length=30, temperature=1.0, top_k=None, rng=None):
    """Write a caption for each picture, drawing each word at random by its probability.

    Args:
        model: a captioner.
        features: one row for each picture (N, D).
        max_length: how many words at most.
        temperature: below 1 the probable words become more so; above 1 all come closer
            together. From 1e-30 to 1e30.
        top_k: draw from the k words with the best scores only.
        rng: the generator to draw from, such as `np.random.default_rng(0)`; a new one
            by default.

    Returns:
        captions: words as numbers (N, max_length).
    """
    rng = np.random.default_rng() if rng is None else rng

    def choose(scores):
        if top_k is not None:
            scores = keep_top_k(scores, top_k)
        return draw_words(temperature_probabilities(scores, temperature), rng)

    return write_words(model, features, max_length, choose)


@takes(scores="N V", temperature=_temperature)
def temperature_probabilities(scores, temperature):
    """Turn scores into probabilities, sharper or flatter than the model's own.

    `p[n, v] = exp(scores[n, v] / temperature)
               / sum over u of exp(scores[n, u] / temperature)`

    At temperature 1 these are the model's probabilities. Towards 0 the best word gets
    all, as in greedy decoding; towards infinity all words become equally probable.

    Args:
        scores: a score for each word (N, V). A score of -inf rules a word out.
        temperature: a number above 0.

    Returns:
        probabilities: not negative, each row adds up to 1 (N, V).
    """
    scaled = scores / temperature
    # Exp of a large score would overflow
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    weights = np.exp(scaled)
    return weights / weights.sum(axis=1, keepdims=True)


@takes(scores="N V", k=at_least(1))
def keep_top_k(scores, k):
    """Rule out all words but the k best of each row: their scores become -inf (N, V).

    Where several words share the k-th score, all of them stay.
    """
    k = min(k, scores.shape[1])
    kth = np.partition(scores, -k, axis=1)[:, -k, None]  # (N, 1)
    return np.where(scores >= kth, scores, -np.inf)


def draw_words(probabilities, rng):
    """Draw one word (N,) from each row of probabilities (N, V)."""
    finite("draw_words: probabilities", probabilities)
    cumulative = probabilities.cumsum(axis=1)
    threshold = rng.random((len(probabilities), 1)) * cumulative[:, -1:]
    return (cumulative <= threshold).sum(axis=1)


def write_words(model, features, max_length, choose):
    """Write captions word by word, as `choose` picks words (N,) from scores (N, V)."""
    _check(model, features, max_length)
    captions = np.full((len(features), max_length), model._null)
    state = model.first_state(features)
    word = np.full(len(features), model._start)
    ended = np.zeros(len(features), dtype=bool)
    for t in range(max_length):
        scores, state = model.next_scores(word, state)
        _check_scores(scores)
        word = np.where(ended, model._null, choose(scores))
        captions[:, t] = word
        ended |= word == model._end
        if ended.all():
            break
    return captions


def _check(model, features, max_length):
    at_least(1)("max_length", max_length)
    finite("features", features)
    _check_start(model)


def _check_start(model):
    if model._start is None:
        raise ValueError("the model's word_to_idx has no '<START>', so there is no first word to "
                         "feed")


def _check_scores(scores):
    """A score of -inf rules a word out; where the best score is no number, nothing is known."""
    if not np.isfinite(scores.max(axis=1)).all():
        raise ValueError("the model gives words scores that are not finite numbers: its parameters "
                         "hold NaN, or are far too large (was it trained with too high a learning "
                         "rate?)")


# ---- Beam search --------------------------------------------------------------------------------

@takes(totals="N K", log_probs="N K V", width=at_least(1))
def beam_step(totals, log_probs, width):
    """Take the best continuations of the captions in a beam.

    Each of the K captions of a picture can go on with each of V words. A continuation
    is as probable as its caption times its next word; for logarithms, times becomes
    plus.

    Args:
        totals: the log-probability of each caption so far (N, K); -inf for one that is
            out.
        log_probs: the log-probability of each next word after each caption (N, K, V).
        width: how many continuations to keep for each picture, at most K V.

    Returns:
        new_totals: the log-probabilities of the best continuations, best first
            (N, width).
        parents: which of the K captions each of them continues (N, width).
        words: the word it continues with (N, width).
    """
    N, K, V = log_probs.shape
    candidates = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-candidates, axis=1, kind="stable")[:, :width]  # index k V + v
    return np.take_along_axis(candidates, best, axis=1), best // V, best % V


def _power(where, value):
    if not isinstance(value, numbers.Real) or not 0 <= value <= 1:
        raise ValueError(f"{where} is {value!r}, expected a number from 0 to 1")


@takes(features="N D...", width=at_least(1), max_length=at_least(1), length_power=_power)
def beam_search(model, features, width=5, max_length=30, length_power=0.0):
    """Write a caption for each picture: the best that a beam of `width` captions comes
    across.

    The score of a caption is `log p / words ** length_power`, where the words include
    `<END>`. With power 0 this is its log-probability, which falls with every word and
    so favours short captions; with power 1 it is the mean of its words. A caption that
    ends leaves the beam and is compared with the best so far, which at first is the
    greedy one: the result never scores below.

    Args:
        model: a captioner.
        features: one row for each picture (N, D).
        width: how many captions to follow at once, K. With 1, the result is the greedy
            caption.
        max_length: how many words at most.
        length_power: the strength of the length normalisation, from 0 to 1.

    Returns:
        captions: words as numbers (N, max_length).
    """
    best = greedy(model, features, max_length)
    best_score = (
        log_probability(model, features, best)
        / count_words(model, best) ** length_power
    )

    N = len(features)
    # The pictures whose beam may still come across something better
    rows = np.arange(N)
    state = [
        np.repeat(array, width, axis=0) for array in model.first_state(features)
    ]  # (N K, H)
    word = np.full((N, width), model._start)
    captions = np.full((N, width, max_length), model._null)
    totals = np.full((N, width), -np.inf)
    # At <START> all captions of a picture are the same: only one counts
    totals[:, 0] = 0.0

    for t in range(max_length):
        scores, state = model.next_scores(word.ravel(), state)
        log_probs = log_softmax(scores).reshape(*word.shape, -1)
        totals, parents, word = beam_step(totals, log_probs, width)  # (N, K) each

        # Each continuation takes over the words and the state of the caption that it
        # continues.
        picture = np.arange(len(rows))[:, None]
        captions = captions[picture, parents]
        captions[:, :, t] = word
        state = [array[(picture * width + parents).ravel()] for array in state]

        # Captions that end here, at <END> or for want of room, leave the beam.
        ended = (word == model._end) | (t == max_length - 1)
        score = np.where(ended, totals / (t + 1) ** length_power, -np.inf)
        k, score = score.argmax(axis=1), score.max(axis=1)
        better = score > best_score[rows]
        best[rows[better]] = captions[better, k[better]]
        best_score[rows[better]] = score[better]
        totals[ended] = -np.inf

        # A log-probability only falls: this is the most that a caption in the beam can
        # still reach. Pictures without that hope are done.
        hope = totals.max(axis=1) / max_length**length_power > best_score[rows]
        if not hope.any():
            break
        rows, word, captions, totals = (a[hope] for a in (rows, word, captions, totals))
        state = [array[np.repeat(hope, width)] for array in state]
    return best


@takes(features="N D...", width=at_least(1), max_length=at_least(1))
def best_captions(model, features, width=5, max_length=30):
    """Write the `width` most probable captions that a beam comes across, best first.

    Unlike in `beam_search`, a caption that has ended keeps its place in the beam until
    `width` more probable ones push it out.

    Args:
        model: a captioner.
        features: one row for each picture (N, D).
        width: how many captions to follow at once, K.
        max_length: how many words at most.

    Returns:
        captions: words as numbers (N, K, max_length).
        totals: the log-probability of each (N, K); -inf where there are fewer captions.
    """
    _check(model, features, max_length)
    N = len(features)
    picture = np.arange(N)[:, None]
    state = [np.repeat(array, width, axis=0) for array in model.first_state(features)]
    word = np.full((N, width), model._start)
    captions = np.full((N, width, max_length), model._null)
    ended = np.zeros((N, width), dtype=bool)
    totals = np.full((N, width), -np.inf)
    totals[:, 0] = 0.0  # at <START> all captions of a picture are the same: one counts
    for t in range(max_length):
        scores, state = model.next_scores(word.ravel(), state)
        _check_scores(scores)
        log_probs = log_softmax(scores).reshape(N, width, -1)
        # a caption that has ended goes on with <NULL>, at no cost
        log_probs[ended] = -np.inf
        log_probs[ended, model._null] = 0.0
        totals, parents, word = beam_step(totals, log_probs, width)
        captions = captions[picture, parents]
        captions[:, :, t] = word
        ended = ended[picture, parents] | (word == model._end)
        state = [array[(picture * width + parents).ravel()] for array in state]
        if ended.all():
            break
    return captions, totals


# ---- Several captions that differ ---------------------------------------------------------------

def _not_below_zero(where, value):
    if not isinstance(value, numbers.Real) or not 0 <= value < np.inf:
        raise ValueError(f"{where} is {value!r}, expected a number that is not below 0")


@takes(totals="N G", log_probs="N G V", strength=_not_below_zero)
def diverse_step(totals, log_probs, strength):
    """Continue several captions of a picture by one word each, so that their words
    differ.

    The G captions of a picture choose one after the other. For each of the captions
    before it that has just chosen a word, a caption finds the log-probability of that
    word lowered by `strength`. (This is diverse beam search, Vijayakumar et al. 2018,
    with groups of one caption each.)

    Args:
        totals: the log-probability of each caption so far (N, G).
        log_probs: the log-probability of each next word after each caption (N, G, V).
        strength: how much a word loses each time that it is chosen; 0 for no
            difference.

    Returns:
        new_totals: the log-probabilities of the captions with their new words (N, G).
            They are the model's own: what was lowered for the choice does not count in
            them.
        words: the word that each caption goes on with (N, G).
    """
    N, G, V = log_probs.shape
    chosen = np.zeros((N, V))  # how many captions of a picture have chosen each word
    words = np.empty((N, G), dtype=int)
    for g in range(G):
        words[:, g] = (log_probs[:, g] - strength * chosen).argmax(axis=1)
        chosen[np.arange(N), words[:, g]] += 1
    gained = np.take_along_axis(log_probs, words[:, :, None], axis=2)  # (N, G, 1)
    return totals + gained[:, :, 0], words


def _can_start(where, model):
    _check_start(model)


@takes(model=_can_start, features="N D...", groups=at_least(1), max_length=at_least(1))
def diverse_captions(model, features, groups=3, max_length=30, strength=1.0):
    """Write several captions for each picture that differ from each other.

    Args:
        model: a captioner.
        features: one row for each picture (N, D).
        groups: how many captions to write for each picture, G. The first is the greedy
            one.
        max_length: how many words at most.
        strength: how much they are to differ, see `diverse_step`.

    Returns:
        captions: words as numbers (N, G, max_length).
    """
    N = len(features)
    captions = np.full((N, groups, max_length), model._null)
    state = [
        np.repeat(array, groups, axis=0) for array in model.first_state(features)
    ]  # (N G, H)
    word, totals = np.full((N, groups), model._start), np.zeros((N, groups))
    ended = np.zeros((N, groups), dtype=bool)
    for t in range(max_length):
        scores, state = model.next_scores(word.ravel(), state)
        log_probs = log_softmax(scores).reshape(N, groups, -1)
        # a caption that has ended goes on with <NULL>, at no cost
        log_probs[ended] = -np.inf
        log_probs[ended, model._null] = 0.0
        totals, word = diverse_step(totals, log_probs, strength)
        captions[:, :, t] = word
        ended |= word == model._end
        if ended.all():
            break
    return captions


# ---- How probable a caption is ------------------------------------------------------------------

def count_words(model, captions):
    """How many words each caption (N, T) has, up to its first `<END>`, which counts too (N,)."""
    is_end = captions == model._end
    return np.where(is_end.any(axis=1), is_end.argmax(axis=1) + 1, captions.shape[1])


@takes(features="N D...", captions="N T")
def log_probability(model, features, captions):
    """The logarithm of the probability that the model gives to whole captions.

    Args:
        model: a captioner.
        features: one row for each picture (N, D).
        captions: as the decoders return them (N, T). `<END>` counts, what follows it does not.

    Returns:
        One number for each caption (N,), float64.
    """
    _check(model, features, captions.shape[1])
    _check_words("log_probability: captions", captions, len(model.word_to_idx))
    totals = np.zeros(len(features))
    state = model.first_state(features)
    word = np.full(len(features), model._start)
    ended = np.zeros(len(features), dtype=bool)
    for next_word in captions.T:
        scores, state = model.next_scores(word, state)
        gained = np.take_along_axis(log_softmax(scores), next_word[:, None], axis=1)[:, 0]
        totals += np.where(ended, 0.0, gained)
        ended |= next_word == model._end
        word = next_word
        if ended.all():
            break
    return totals


def _check_words(where, captions, V):
    if captions.dtype.kind not in "iu":
        raise TypeError(f"{where} has dtype {captions.dtype}, expected integers")
    wrong = (captions < 0) | (captions >= V)
    if wrong.any():
        raise ValueError(f"{where} holds the word {captions[wrong][0]}, expected 0 to {V - 1} (the "
                         f"model knows {V} words)")
