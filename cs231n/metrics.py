"""Scores of captions: by the words they share with people's captions, and by truth.

`bleu`, `rouge_l` and `cider` compare each caption with several reference captions of the same
picture, as the COCO caption evaluation defines them. They take a list of captions and, for each, a
list of its references; captions are texts, and their words lie between spaces. `distinct` and
`novel` say how varied captions are, and `constant_caption`, `captions_of_others` and
`leave_one_out` make the baselines that a score should stand beside; `score_table` puts them there.

`truth_table(captions, scenes)` holds captions of Emoji Scenes against the scenes themselves. It
looks at no reference: a caption is true or it is not.
"""

import functools
import math
import re
import warnings
from collections import Counter
from dataclasses import dataclass

import numpy as np

from cs231n.arguments import at_least, takes
from cs231n.coco_utils import SPLITS, decode_captions

ROUGE_BETA = 1.2  # how much more recall weighs than precision
CIDER_SIGMA = 6.0  # how strictly CIDEr asks for the length of the reference, in words


class ScoreRemark(UserWarning):
    """A score is right as a number, and hardly what was meant."""


# ---- What a score takes -------------------------------------------------------------------------

def takes_references(score):
    """Refuse, before `score(hypotheses, references, ...)` runs, what would make it meaningless."""

    @functools.wraps(score)
    def checked(hypotheses, references, *args, **kwargs):
        _check_pairs(score.__name__, hypotheses, references)
        return score(hypotheses, references, *args, **kwargs)

    return checked


def remarks(score):
    """Tell, by a warning, where `score(hypotheses, references)` says something else than it seems.

    It stands below `takes_references`.
    """

    @functools.wraps(score)
    def remarking(hypotheses, references):
        for remark in _remarks_on(score.__name__, hypotheses, references):
            warnings.warn(remark, ScoreRemark, stacklevel=3)
        return score(hypotheses, references)

    return remarking


def _remarks_on(name, hypotheses, references):
    if len(hypotheses) == 1 and name in ("cider", "score_table"):
        yield f"{name}: CIDEr of a single picture is 0, whatever its caption; give several pictures"
    references = [reference for alternatives in references for reference in alternatives]
    if any(mark in caption.split() for caption in (*hypotheses, *references)
           for mark in ("<START>", "<END>")):
        yield (f"{name}: <START> and <END> count as words that were guessed rightly, which raises "
               "the score; take them out with plain(captions)")
    raw, raw_references = _share_raw(hypotheses), _share_raw(references)
    if max(raw, raw_references) > 0.5 and min(raw, raw_references) < 0.1:
        which, others = ("captions", "references")[:: 1 if raw > raw_references else -1]
        yield (f"{name}: the {which} have capital letters or punctuation and the {others} have "
               "not, so that 'A cat.' and 'a cat' share no word; write both alike, as "
               "coco_utils.tokenize does")


def _share_raw(captions):
    """The share of captions that start with a capital letter, or end in punctuation."""
    texts = plain(captions)
    raw = [text for text in texts
           if text[:1].isupper() or text[-1:] in (*".,;:!?",) and text[-2:-1].isalnum()]
    return len(raw) / len(texts)


def _check_pairs(name, hypotheses, references):
    """Refuse what would give a number without meaning."""
    if isinstance(hypotheses, str) or len(hypotheses) == 0:
        raise ValueError(f"{name}: hypotheses is {hypotheses!r}, expected a list of captions, "
                         "at least one")
    if len(hypotheses) != len(references):
        raise ValueError(f"{name}: {len(hypotheses)} hypotheses and {len(references)} lists of "
                         "references, expected one list for each hypothesis")
    for i, (hypothesis, alternatives) in enumerate(zip(hypotheses, references)):
        if not isinstance(hypothesis, str):
            raise TypeError(f"{name}: hypotheses[{i}] is of type {type(hypothesis).__name__}, "
                            "expected a text")
        if isinstance(alternatives, str) or not all(isinstance(r, str) for r in alternatives):
            raise TypeError(f"{name}: references[{i}] is {alternatives!r}, "
                            "expected a list of texts")
        if len(alternatives) == 0:
            raise ValueError(f"{name}: references[{i}] is empty, expected at least one caption")


# ---- Words shared with references ---------------------------------------------------------------

def _text(where, value):
    if not isinstance(value, str):
        raise TypeError(f"{where} is of type {type(value).__name__}, expected a text")


@takes(caption=_text, n=at_least(1))
def ngrams(caption, n):
    """Count the sequences of n words in a caption: a Counter of tuples."""
    words = caption.split()
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


@takes(n=at_least(1))
@takes_references
def modified_precision(hypotheses, references, n):
    """The share of the captions' n-grams that occur in a reference too.

    An n-gram counts at most as often as it occurs in one of the references of its
    picture, the one that has most of it: "a a a a" earns no more for its "a" than
    people gave it. Matches and n-grams are summed over all captions before one is
    divided by the other.

    Args:
        hypotheses: a list of N captions.
        references: for each of them, a list of captions that people wrote.
        n: how many words an n-gram has.

    Returns:
        A number from 0 to 1; 0 where no caption has n words.
    """
    matched = total = 0
    for hypothesis, alternatives in zip(hypotheses, references):
        allowed = Counter()
        for reference in alternatives:
            allowed |= ngrams(reference, n)  # the larger count of each n-gram
        counts = ngrams(hypothesis, n)
        matched += sum((counts & allowed).values())  # the smaller count of each n-gram
        total += sum(counts.values())
    return matched / total if total else 0.0


@takes_references
@remarks
def bleu(hypotheses, references):
    """BLEU-1 to BLEU-4 (Papineni et al. 2002) of all captions together.

    BLEU-n is the geometric mean of the modified precisions of 1 to n words, times the
    brevity
    penalty: captions that are too short have an easy time with precision.

    Returns:
        A list of four numbers from 0 to 1.
    """
    penalty = brevity_penalty(hypotheses, references)
    scores, product = [], 1.0
    for n in range(1, 5):
        product *= modified_precision(hypotheses, references, n)
        scores.append(penalty * product ** (1 / n))
    return scores


@takes_references
def brevity_penalty(hypotheses, references):
    """1 for captions that are long enough, `exp(1 - r / c)` for shorter ones.

    c is the number of words of all captions; r adds up, for each, the length of the reference whose
    length is closest (the shorter one, if two are).
    """
    c = r = 0
    for hypothesis, alternatives in zip(hypotheses, references):
        length = len(hypothesis.split())
        lengths = [len(reference.split()) for reference in alternatives]
        c += length
        r += min(lengths, key=lambda other: (abs(other - length), other))
    if c >= r:
        return 1.0
    return math.exp(1 - r / c) if c else 0.0


@takes_references
@remarks
def rouge_l(hypotheses, references):
    """ROUGE-L (Lin 2004): how much of the captions' order of words people share; mean of all.

    The longest common subsequence of caption and reference, divided by the caption's length, is a
    precision, and divided by the reference's length a recall. The best of each over the references
    are joined: `(1 + beta^2) p r / (r + beta^2 p)`.
    """
    return float(np.mean([_rouge_l_of_one(*pair) for pair in zip(hypotheses, references)]))


def _rouge_l_of_one(hypothesis, alternatives):
    words = hypothesis.split()
    precision = recall = 0.0
    for reference in map(str.split, alternatives):
        common = _longest_common_subsequence(words, reference)
        if common:
            precision = max(precision, common / len(words))
            recall = max(recall, common / len(reference))
    if not precision:
        return 0.0
    weight = ROUGE_BETA**2
    return (1 + weight) * precision * recall / (recall + weight * precision)


def _longest_common_subsequence(a, b):
    """The length of the longest list of words that occurs in both in this order, gaps allowed."""
    best = [0] * (len(b) + 1)  # best[j]: for the words of a so far and the first j words of b
    for word in a:
        diagonal = 0
        for j, other in enumerate(b, start=1):
            longer = diagonal + 1 if word == other else max(best[j], best[j - 1])
            diagonal, best[j] = best[j], longer
    return best[-1]


@takes_references
@remarks
def cider(hypotheses, references):
    """CIDEr, in the variant CIDEr-D that COCO uses (Vedantam et al. 2015); mean of all captions.

    Each caption becomes a vector of its n-gram counts, where an n-gram weighs
    `log(number of pictures / number of pictures whose references have it)`: what everyone says of
    every picture weighs nothing. The score is the cosine of caption and reference, with the
    caption's weights cut at the reference's, times `exp(-(difference in length)^2 / (2 sigma^2))`,
    averaged over the references and over n = 1 to 4, times 10.

    Weights come from these references, so the score of a single picture is 0.
    """
    rarity = _Rarity(references)
    scores = []
    for hypothesis, alternatives in zip(hypotheses, references):
        vectors = rarity.vectors(hypothesis)
        length = len(hypothesis.split())
        for reference in alternatives:
            distance = length - len(reference.split())
            likeness = np.mean([_clipped_cosine(mine, theirs) for mine, theirs
                                in zip(vectors, rarity.vectors(reference))])
            scale = math.exp(-(distance**2) / (2 * CIDER_SIGMA**2)) / len(alternatives)
            scores.append(10 * scale * likeness)
    return float(np.sum(scores) / len(hypotheses))


class _Rarity:
    """How rare each n-gram is among the pictures, and captions as vectors of such weights."""

    def __init__(self, references):
        self.pictures = Counter()  # n-gram -> how many pictures have it in a reference
        for alternatives in references:
            self.pictures.update({gram for caption in alternatives
                                  for n in range(1, 5) for gram in ngrams(caption, n)})
        self.log_total = math.log(len(references))

    def vectors(self, caption):
        """Four dicts, for n = 1 to 4: n-gram -> its count times its weight."""
        return [{gram: count * (self.log_total - math.log(max(1, self.pictures[gram])))
                 for gram, count in ngrams(caption, n).items()} for n in range(1, 5)]


def _clipped_cosine(mine, theirs):
    product = sum(min(weight, theirs[gram]) * theirs[gram]
                  for gram, weight in mine.items() if gram in theirs)
    norms = math.hypot(*mine.values()) * math.hypot(*theirs.values())
    return product / norms if norms else 0.0


# ---- Truth --------------------------------------------------------------------------------------

def scenes_of(urls):
    """The scenes behind picture addresses such as `emoji-scenes://val/17`.

    Returns:
        A list of scenes; None where there are no addresses or one of them is of another kind.
    """
    addresses = [re.fullmatch(r"emoji-scenes://(train|val)/(\d+)", url) for url in urls]
    if not addresses or not all(addresses):
        return None
    from cs231n.scenes import load_scenes  # COCO needs neither the scenes nor what they load

    scenes = {split: load_scenes(split) for split in {address[1] for address in addresses}}
    return [scenes[address[1]][int(address[2])] for address in addresses]


def share_true(captions, scenes):
    """The share of captions that `judge` finds true of their scenes."""
    from cs231n.scenes import judge

    _check_scenes("share_true", captions, scenes)
    return sum(judge(*pair).true for pair in zip(captions, scenes)) / len(captions)


def truth_table(captions, scenes, training_scenes=None):
    """How true captions are, in the figures that together leave no excuse.

    One figure misleads: a captioner may know by heart what it has seen, and one that says little is
    seldom wrong. So ordinary scenes are split into those whose content (setting, kinds, counts and
    sizes) a training scene has too and those where it is new, compositional scenes into their two
    sorts, and beside the share of true captions stands how much they say.

    Args:
        captions: one text for each scene, without `<START>` and `<END>` (see `plain`).
        scenes: the scenes.
        training_scenes: those that the captioner learned from; the bundled training split if None.

    Returns:
        A `TruthTable`; `print` it.
    """
    from cs231n.scenes import judge, kinds_named, repeated_content

    _check_scenes("truth_table", captions, scenes)
    verdicts = [judge(*pair) for pair in zip(captions, scenes)]
    true = np.array([verdict.true for verdict in verdicts])
    new_in_it = np.array([scene.novelty for scene in scenes])
    repeated = np.array(repeated_content(scenes, training_scenes))
    ordinary = new_in_it == ""
    rows = {"ordinary": ordinary, "repeated": ordinary & repeated, "new": ordinary & ~repeated,
            "compositional": ~ordinary, "new_pair": new_in_it == "new pair",
            "new_setting": new_in_it == "new setting"}
    return TruthTable(
        **{name: _share(true[row]) for name, row in rows.items()},
        grammatical=_share(np.array([verdict.grammatical for verdict in verdicts])),
        kinds_named=float(np.mean([len(kinds_named(caption)) for caption in captions])),
        counts={name: int(row.sum()) for name, row in rows.items()},
    )


@dataclass(frozen=True)
class TruthTable:
    """What `truth_table` found.

    Shares are numbers from 0 to 1 (NaN where there is no such scene). The first six are shares of
    true captions: on ordinary scenes, on those whose content is repeated from training, on those
    where it is new; on compositional scenes, on those with a new pair of kinds, on those with a
    kind in a new setting. `grammatical` is the share of all captions that follow the grammar,
    `kinds_named` how many kinds of object a caption names, and `counts` how many scenes each of the
    first six looks at.
    """

    ordinary: float
    repeated: float
    new: float
    compositional: float
    new_pair: float
    new_setting: float
    grammatical: float
    kinds_named: float
    counts: dict

    def __str__(self):
        labels = {"ordinary": "ordinary scenes", "repeated": "  content seen in training",
                  "new": "  content new", "compositional": "compositional scenes",
                  "new_pair": "  new pair of kinds", "new_setting": "  kind in a new setting"}
        lines = [f"{'true captions on':26}{'share':>8}{'scenes':>8}"]
        for name, label in labels.items():
            lines.append(f"{label:26}{_percent(getattr(self, name)):>8}{self.counts[name]:>8}")
        lines.append(f"{'grammatical captions':26}{_percent(self.grammatical):>8}")
        lines.append(f"{'kinds named per caption':26}{self.kinds_named:>8.2f}")
        return "\n".join(lines)


def _share(true):
    return float(true.mean()) if true.size else math.nan


def _percent(share):
    return "-" if math.isnan(share) else f"{100 * share:.1f} %"


def _check_scenes(name, captions, scenes):
    _check_captions(name, captions)
    if len(captions) != len(scenes):
        raise ValueError(f"{name}: {len(captions)} captions and {len(scenes)} scenes, "
                         "expected one caption for each scene")


# ---- Variety ------------------------------------------------------------------------------------

def distinct(captions):
    """The share of captions that differ: how many different ones, divided by how many."""
    _check_captions("distinct", captions)
    return len(set(captions)) / len(captions)


def novel(captions, training_captions):
    """The share of captions that are not, word for word, among the training captions."""
    _check_captions("novel", captions)
    if isinstance(training_captions, str):
        raise TypeError("novel: training_captions is a text, expected a list of captions")
    known = set(training_captions)
    return sum(caption not in known for caption in captions) / len(captions)


def _check_captions(name, captions):
    if isinstance(captions, str) or len(captions) == 0:
        raise ValueError(f"{name}: captions is {captions!r}, expected a list of captions, "
                         "at least one")


# ---- Baselines ----------------------------------------------------------------------------------

def constant_caption(training_captions, most=5000):
    """One caption for every picture: the training caption that is made of the commonest phrases.

    Among captions of at least the usual length, it is the one with the largest product of the mean
    frequencies of its 1-, 2-, 3- and 4-grams.

    Args:
        training_captions: a list of captions.
        most: how many of them to look at, evenly spread.
    """
    _check_captions("constant_caption", training_captions)
    at_least(1)("constant_caption: most", most)
    captions = training_captions[:: math.ceil(len(training_captions) / most)]
    frequency = Counter(gram for caption in captions for n in range(1, 5)
                        for gram in ngrams(caption, n))
    usual = sorted(len(caption.split()) for caption in captions)[len(captions) // 2]

    def commonness(caption):
        phrases = [ngrams(caption, n) for n in range(1, 5)]
        return math.prod(sum(frequency[gram] for gram in grams) / max(1, len(grams))
                         for grams in phrases)

    return max((c for c in captions if len(c.split()) >= usual), key=commonness)


def captions_of_others(references):
    """A person's caption, but of another picture: the first reference of the next one.

    Raises:
        ValueError: there is one picture only.
    """
    if len(references) < 2:
        raise ValueError(f"captions_of_others: {len(references)} pictures, expected at least two: "
                         "there is no other picture")
    return [references[(i + 1) % len(references)][0] for i in range(len(references))]


def leave_one_out(references):
    """Human against human: one caption of each picture, and the others as its references.

    A fair comparison scores everything else against these same others.

    Returns:
        hypotheses: the last reference of each picture.
        others: the lists without it.

    Raises:
        ValueError: a picture with a single reference.
    """
    for i, alternatives in enumerate(references):
        if len(alternatives) < 2:
            raise ValueError(f"leave_one_out: references[{i}] has {len(alternatives)} captions, "
                             "expected at least two")
    return ([alternatives[-1] for alternatives in references],
            [list(alternatives[:-1]) for alternatives in references])


# ---- All scores side by side --------------------------------------------------------------------

def score_table(captions, references, training_captions, scenes=None):
    """All scores of one or several lists of captions, beside three baselines.

    The baselines are a person's caption of the same picture, a person's caption of another picture,
    and a constant caption. Since the first of them uses up a reference, everything is scored
    against the references that remain. With one picture there is no other, and no such row.

    Args:
        captions: for each name, a list of N captions: `{"RNN": [...], "LSTM": [...]}`.
        references: N lists of at least two captions each; or of one each, and then the baseline
            of the same picture is left out.
        training_captions: the captions that were trained on.
        scenes: N scenes, where they are known: with them goes the share of true captions.

    Returns:
        A `ScoreTable`: for each name, a dictionary of scores; `print` it.
    """
    people = None
    others = references  # a person's only caption cannot be scored against itself
    if any(len(alternatives) > 1 for alternatives in references):
        people, others = leave_one_out(references)
    for name, row in captions.items():
        _check_pairs(f"score_table: {name}", row, others)
    for remark in {remark: None for row in captions.values()
                   for remark in _remarks_on("score_table", row, others)}:
        warnings.warn(remark, ScoreRemark, stacklevel=2)
    rows = dict(captions) if people is None else {**captions, "human": people}
    if len(others) > 1:
        rows["human, other picture"] = captions_of_others(others)
    rows["constant caption"] = [constant_caption(training_captions)] * len(others)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreRemark)  # each is told once, above
        return _scores(rows, others, training_captions, scenes)


def _scores(rows, others, training_captions, scenes):
    table = ScoreTable()
    for name, row in rows.items():
        scores = {f"BLEU-{n}": score for n, score in enumerate(bleu(row, others), start=1)}
        scores.update({"ROUGE-L": rouge_l(row, others), "CIDEr": cider(row, others)})
        if scenes is not None:
            scores["true"] = share_true(row, scenes)
        scores.update(distinct=distinct(row), novel=novel(row, training_captions))
        table[name] = scores
    return table


class ScoreTable(dict):
    """What `score_table` found: `table["human"]["BLEU-4"]`. As a text, a table."""

    def __str__(self):
        columns = list(next(iter(self.values())))
        width = max(map(len, self))
        lines = [" " * width + "".join(f"{column:>9}" for column in columns)]
        for name, scores in self.items():
            lines.append(f"{name:{width}}" + "".join(f"{scores[c]:9.3f}" for c in columns))
        return "\n".join(lines)


# ---- Texts --------------------------------------------------------------------------------------

def plain(captions):
    """Captions as texts without `<START>` and `<END>`, which `decode_captions` leaves in."""
    if isinstance(captions, str):
        raise TypeError(f"plain: captions is the text {captions!r}, expected a list of captions")
    return [" ".join(word for word in caption.split() if word not in ("<START>", "<END>"))
            for caption in captions]


def references_of(data, split="val"):
    """For each picture of a split, the list of its captions, as texts (see `plain`)."""
    if split not in SPLITS:
        raise ValueError(f"references_of: split is {split!r}, expected 'train' or 'val'")
    references = [[] for _ in data[f"{split}_features"]]
    texts = plain(decode_captions(data[f"{split}_captions"], data["idx_to_word"]))
    for picture, text in zip(data[f"{split}_image_idxs"], texts):
        references[picture].append(text)
    return references
