"""temperature_probabilities, beam_step, modified_precision."""

import heapq
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np

from .kinds import almost, right, wrong

# ---- temperature_probabilities ------------------------------------------------------------------


@right("temperature_probabilities")
def row_by_row(scores, temperature):
    rows = []
    for row in scores:
        e = np.exp((row - max(row)) / temperature)
        rows.append(e / sum(e))
    return np.array(rows)


@right("temperature_probabilities")
def by_way_of_the_logarithm(scores, temperature):
    scaled = scores / temperature
    scaled = scaled - np.max(scaled, 1)[:, np.newaxis]
    return np.exp(scaled - np.log(np.sum(np.exp(scaled), 1))[:, None])


@almost("temperature_probabilities", says=["`scores`", "in place"])
def scores_divided_in_place(scores, temperature):
    scores /= temperature
    scores -= scores.max(axis=1, keepdims=True)
    e = np.exp(scores)
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["overflow"])
def without_taking_the_largest_away(scores, temperature):
    e = np.exp(scores / temperature)
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["largest|maximum", "own|each row"])
def one_maximum_for_the_whole_array(scores, temperature):
    scaled = scores / temperature
    e = np.exp(scaled - np.max(scaled))
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["largest|maximum", "axis 0|column|each row"])
def maximum_of_each_column(scores, temperature):
    scaled = scores / temperature
    e = np.exp(scaled - scaled.max(axis=0))
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["all entries|whole array|axis"])
def softmax_over_the_whole_array(scores, temperature):
    e = np.exp((scores - scores.max()) / temperature)
    return e / e.sum()


@wrong("temperature_probabilities", says=["axis 0|columns", "axis 1|rows"])
def softmax_over_the_captions(scores, temperature):
    scaled = scores / temperature
    e = np.exp(scaled - scaled.max(axis=0))
    return e / e.sum(axis=0)


@wrong("temperature_probabilities", says=["keepdims"], never=["which axis has to go away"])
def keepdims_forgotten(scores, temperature):
    scaled = scores / temperature
    e = np.exp(scaled - scaled.max(axis=1))
    return e / e.sum(axis=1)


@wrong("temperature_probabilities", says=["keepdims"], never=["which axis has to go away"])
def keepdims_forgotten_in_the_sum(scores, temperature):
    scaled = scores / temperature
    e = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return e / e.sum(axis=1)


@wrong("temperature_probabilities", says=["multiplied", "divided"])
def multiplied_by_the_temperature(scores, temperature):
    e = np.exp(scores * temperature - (scores * temperature).max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["`//`|whole numbers|rounded|integer"])
def divided_without_rest(scores, temperature):
    scaled = scores // temperature
    e = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["after `exp`|before `exp`|no effect"])
def weights_divided_by_the_temperature(scores, temperature):
    e = np.exp(scores - scores.max(axis=1, keepdims=True)) / temperature
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["power|after|twice|probabilities"])
def softmax_of_the_probabilities(scores, temperature):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True) / temperature
    e = np.exp(p)
    return e / e.sum(axis=1, keepdims=True)


@wrong("temperature_probabilities", says=["add up to 1", "sum"])
def not_normalised(scores, temperature):
    scaled = scores / temperature
    return np.exp(scaled - scaled.max(axis=1, keepdims=True))


@wrong("temperature_probabilities", says=["returns nothing"], never=["not done"])
def prints_and_returns_nothing(scores, temperature):
    e = np.exp(scores / temperature)
    print(e / e.sum(axis=1, keepdims=True))


@wrong("temperature_probabilities", says=["float16"])
def in_half_precision(scores, temperature):
    e = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return (e / e.sum(axis=1, keepdims=True)).astype(np.float16)


# ---- beam_step ----------------------------------------------------------------------------------


@right("beam_step")
def with_a_heap_for_each_picture(totals, log_probs, width):
    N, K, V = log_probs.shape
    chosen = [heapq.nlargest(width, ((totals[n, k] + log_probs[n, k, v], -k, -v)
                                     for k in range(K) for v in range(V))) for n in range(N)]
    values, parents, words = np.moveaxis(np.array(chosen), 2, 0)
    return values.astype(totals.dtype), -parents.astype(int), -words.astype(int)


@right("beam_step")
def partition_then_sort(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[..., None] + log_probs).reshape(N, -1)
    some = np.argpartition(-flat, width - 1, axis=1)[:, :width]
    rows = np.arange(N)[:, None]
    best = some[rows, np.argsort(-flat[rows, some], axis=1)]
    return flat[rows, best], *np.divmod(best, V)


@right("beam_step")
def sorted_upwards_and_turned_around(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals.reshape(N, K, 1) + log_probs).reshape(N, K * V)
    best = np.argsort(flat, axis=1)[:, ::-1][:, :width]
    return (np.take_along_axis(flat, best, 1), *np.unravel_index(best, (K, V)))


@wrong("beam_step", says=["each caption|every caption", "all|compete"])
def best_word_of_each_caption(totals, log_probs, width):
    candidates = totals[:, :, None] + log_probs
    words = candidates.argmax(axis=2)
    new_totals = candidates.max(axis=2)
    parents = np.argsort(-new_totals, axis=1)[:, :width]
    return (np.take_along_axis(new_totals, parents, 1), parents,
            np.take_along_axis(words, parents, 1))


@wrong("beam_step", says=["axis", "broadcast|`totals`"], never=["which axis has to go away"])
def totals_without_an_axis_for_words(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["`totals`", "left out|next word"])
def totals_left_out(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = log_probs.reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["worst", "upwards|argsort"])
def sorted_upwards(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["best", "last|first"])
def last_of_those_sorted_upwards(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(flat, axis=1)[:, -width:]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["`//`"])
def parents_by_true_division(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best / V, best % V


@wrong("beam_step", says=["K", "V", "`//`|divided|told apart"])
def divided_by_the_number_of_captions(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // K, best % K


@wrong("beam_step", says=["swapped|exchanged", "`parents`", "`words`"])
def words_before_parents(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best % V, best // V


@wrong("beam_step", says=["picture", "own|each|together"])
def best_of_all_pictures_together(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(-1)
    best = np.argsort(-flat)[: N * width].reshape(N, width)
    return flat[best], best // V % K, best % V


@wrong("beam_step", says=["2 values", "new_totals"])
def new_totals_not_returned(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return best // V, best % V


@wrong("beam_step", says=["width", "K"])
def as_many_as_there_were(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :K]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["width", "first|K", "compete|all K"])
def first_captions_cut_to_width(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :width, None] + log_probs[:, :width]).reshape(N, -1)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["multiplied|times", "log|plus|add"])
def logarithms_multiplied(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] * log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(flat, best, 1), best // V, best % V


@wrong("beam_step", says=["`new_totals`", "next word", "caption"])
def new_totals_of_the_next_word_alone(totals, log_probs, width):
    N, K, V = log_probs.shape
    flat = (totals[:, :, None] + log_probs).reshape(N, K * V)
    best = np.argsort(-flat, axis=1)[:, :width]
    return np.take_along_axis(log_probs.reshape(N, K * V), best, 1), best // V, best % V


# ---- modified_precision -------------------------------------------------------------------------


def _counts(caption, n):
    words = caption.split()
    return Counter(" ".join(words[k : k + n]) for k in range(len(words) - n + 1))


@right("modified_precision")
def with_dictionaries_and_an_integer_zero(hypotheses, references, n):
    matched, total = 0, 0
    for hypothesis, own in zip(hypotheses, references):
        limits = defaultdict(int)
        for reference in own:
            for gram, count in _counts(reference, n).items():
                limits[gram] = max(limits[gram], count)
        for gram, count in _counts(hypothesis, n).items():
            matched += min(count, limits[gram])
            total += count
    if total == 0:
        return 0
    return matched / total


@right("modified_precision")
def as_a_number_of_numpy(hypotheses, references, n):
    counts = [_counts(hypothesis, n) for hypothesis in hypotheses]
    matched = [sum(min(c, max(_counts(r, n)[g] for r in own)) for g, c in count.items())
               for count, own in zip(counts, references)]
    total = sum(sum(count.values()) for count in counts)
    return np.array(np.float64(sum(matched)) / max(total, 1))


@right("modified_precision")
def as_a_fraction(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        words = hypothesis.split()
        grams = [tuple(words[k : k + n]) for k in range(max(0, len(words) - n + 1))]
        for gram in set(grams):
            limit = 0
            for reference in own:
                others = reference.split()
                limit = max(limit, sum(tuple(others[k : k + n]) == gram
                                       for k in range(len(others))))
            matched += min(grams.count(gram), limit)
        total += len(grams)
    return Fraction(matched, total) if total else Fraction(0)


@wrong("modified_precision",
       says=["one value|one number|expected 1", "2 values|several|two values"])
def both_numbers_returned(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched += sum(min(c, max(_counts(r, n)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched, total


@wrong("modified_precision", says=["as often as the caption|at most|repeats"])
def not_clipped(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched += sum(c for g, c in counts.items() if any(_counts(r, n)[g] for r in own))
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["recall", "precision"])
def divided_by_the_references(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched += sum(min(c, max(_counts(r, n)[g] for r in own)) for g, c in counts.items())
        total += sum(sum(_counts(r, n).values()) for r in own)
    return matched / total if total else 0.0


@wrong("modified_precision", says=["recall", "precision"])
def divided_by_the_limits(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        limits = Counter()
        for reference in own:
            limits |= _counts(reference, n)
        matched += sum((limits & _counts(hypothesis, n)).values())
        total += sum(limits.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["smallest|smaller|fewest|least", "largest|larger|most"])
def smaller_count_of_the_references(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched += sum(min(c, min(_counts(r, n)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["last", "n-gram", "w - n + 1|+ 1"])
def one_ngram_too_few(hypotheses, references, n):
    def counts_of(caption):
        words = caption.split()
        return Counter(tuple(words[k : k + n]) for k in range(len(words) - n))

    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = counts_of(hypothesis)
        matched += sum(min(c, max(counts_of(r)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["n + 1|one word too many|one too many|longer"])
def ngrams_of_one_word_more(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n + 1)
        matched += sum(min(c, max(_counts(r, n + 1)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["shorter|rest|end of the caption|exactly n|fewer than n"])
def slices_that_run_over_the_end(hypotheses, references, n):
    def counts_of(caption):
        words = caption.split()
        return Counter(tuple(words[k : k + n]) for k in range(len(words)))

    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = counts_of(hypothesis)
        matched += sum(min(c, max(counts_of(r)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["mean", "added up|divided once|over all captions"])
def mean_over_the_captions(hypotheses, references, n):
    shares = []
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched = sum(min(c, max(_counts(r, n)[g] for r in own)) for g, c in counts.items())
        shares.append(matched / max(1, sum(counts.values())))
    return sum(shares) / len(shares)


@wrong("modified_precision", says=["first caption", "all|return"])
def returns_inside_the_loop(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched += sum(min(c, max(_counts(r, n)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
        return matched / total if total else 0.0


@wrong("modified_precision", says=["last caption|caption anew|last one"])
def sums_set_back_in_the_loop(hypotheses, references, n):
    for hypothesis, own in zip(hypotheses, references):
        matched = total = 0
        counts = _counts(hypothesis, n)
        matched += sum(min(c, max(_counts(r, n)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["other pictures|earlier pictures|pictures before|its own"])
def limits_kept_from_picture_to_picture(hypotheses, references, n):
    matched = total = 0
    limits = Counter()
    for hypothesis, own in zip(hypotheses, references):
        for reference in own:
            limits |= _counts(reference, n)
        counts = _counts(hypothesis, n)
        matched += sum((limits & counts).values())
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["tuple", "list"])
def lists_as_keys(hypotheses, references, n):
    matched = total = 0
    for hypothesis in hypotheses:
        words = hypothesis.split()
        counts = Counter([words[k : k + n] for k in range(len(words) - n + 1)])
        total += sum(counts.values())
    return matched / total


@wrong("modified_precision", says=["divided by 0|divide by 0|no caption|fewer than n words|zero"],
       never=["an exception"])
def divided_by_zero(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched += sum(min(c, max(_counts(r, n)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched / total


@wrong("modified_precision", says=["`//`|whole number|rounded|behind the decimal point"])
def whole_part_of_the_quotient(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched += sum(min(c, max(_counts(r, n)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched // total if total else 0


@wrong("modified_precision", says=["added up|all references together|single reference"])
def references_joined_to_one(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        limits = sum((_counts(reference, n) for reference in own), Counter())
        counts = _counts(hypothesis, n)
        matched += sum((limits & counts).values())
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["best reference|one reference|single reference|each n-gram"])
def the_reference_with_most_matches(hypotheses, references, n):
    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = _counts(hypothesis, n)
        matched += max(sum((counts & _counts(r, n)).values()) for r in own)
        total += sum(counts.values())
    return matched / total if total else 0.0


@wrong("modified_precision", says=["split|letters|words"], never=["reference only"])
def letters_for_words(hypotheses, references, n):
    def counts_of(caption):
        return Counter(caption[k : k + n] for k in range(len(caption) - n + 1))

    matched = total = 0
    for hypothesis, own in zip(hypotheses, references):
        counts = counts_of(hypothesis)
        matched += sum(min(c, max(counts_of(r)[g] for r in own)) for g, c in counts.items())
        total += sum(counts.values())
    return matched / total if total else 0.0
