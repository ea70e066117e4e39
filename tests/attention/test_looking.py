"""Where a captioner looks, held against scenes: a captioner whose looks are known beforehand."""

import numpy as np
import pytest

from cs231n.coco_utils import encode_captions
from cs231n.looking import look_table, looks, named_regions, proof_of_looking
from cs231n.scenes import Group, Scene
from cs231n.scenes.judging import mentions
from cs231n.scenes.regions import NUM_REGIONS, regions_covered

WORDS = "<NULL> <START> <END> <UNK> a dog car and teddy bear on the grass".split()
WORD_TO_IDX = {word: i for i, word in enumerate(WORDS)}
SCENES = [
    Scene("grass", [Group("dog", x=30, y=100), Group("car", x=120, y=100)]),
    Scene("grass", [Group("teddy bear", x=120, y=110), Group("car", x=40, y=95)]),
    Scene("grass", [Group("dog", x=120, y=100)]),
]
TEXTS = ["a dog and a car on the grass", "a teddy bear and a car on the grass",
         "a dog on the grass"]


class Scripted:
    """Writes what it is told, and looks at the first region of what it names, or at `elsewhere`.

    The features of picture n are all n, so that it knows which picture it is shown.
    """

    _start = WORD_TO_IDX["<START>"]

    def __init__(self, texts, elsewhere=()):
        self.texts, self.elsewhere = texts, dict(elsewhere)

    def sample(self, features, max_length):
        return np.array([self.words(int(n), max_length) for n in features[:, 0, 0]])

    def words(self, n, length):
        row = [WORD_TO_IDX[word] for word in [*self.texts[n].split(), "<END>"]]
        return row + [0] * (length - len(row))

    def first_state(self, features):
        return [np.zeros(len(features), int), features[:, 0, 0].astype(int)]

    def next_scores_and_looks(self, word, state):
        step, pictures = state
        weights = np.full((len(word), NUM_REGIONS), 0.25 / (NUM_REGIONS - 1))
        for row, picture in enumerate(pictures):
            named = dict(mentions(self.texts[picture]))
            kind = named.get(int(step[row]))
            covered = np.flatnonzero(regions_covered(SCENES[picture], kind)) if kind else [0]
            weights[row, self.elsewhere.get((picture, kind), covered[0])] = 0.75
        return None, [step + 1, pictures], weights


@pytest.fixture
def features():
    return np.arange(3.0)[:, None, None] * np.ones((3, NUM_REGIONS, 2))


def test_mentions_are_where_a_name_begins():
    assert mentions("<START> a dog and two teddy bears <END>") == [(1, "dog"), (4, "teddy bear")]
    assert mentions("the bear") == []


def test_named_regions_stand_at_the_first_word_of_a_name():
    found = named_regions("a teddy bear and a dog", SCENES[1])
    assert [on is None for on in found] == [True, False, True, True, True, False]
    np.testing.assert_array_equal(found[1], regions_covered(SCENES[1], "teddy bear"))
    assert found[1].any() and not found[5].any()  # there is no dog


def test_looks_follow_the_words(features):
    captions = encode_captions(TEXTS[:2], WORD_TO_IDX, 12)[:, 1:]
    weights = looks(Scripted(TEXTS), features[:2], captions)
    assert weights.shape == (2, 11, NUM_REGIONS)
    assert regions_covered(SCENES[0], "dog")[weights[0, 1].argmax()]
    assert regions_covered(SCENES[1], "car")[weights[1, 5].argmax()]


def test_who_looks_at_what_it_names_is_proved_to_do_so(features):
    found = proof_of_looking(Scripted(TEXTS), features, SCENES, WORDS)
    assert found.nouns == 4  # the third picture holds one thing, so it proves nothing
    assert found.strongest == 1 and found.weight > 0.75
    covered = [regions_covered(SCENES[n], kind).mean()
               for n, text in enumerate(TEXTS[:2]) for _, kind in mentions(text)]
    assert found.chance == pytest.approx(np.mean(covered))


def test_who_looks_elsewhere_once_is_found_out(features):
    away = int(np.flatnonzero(~regions_covered(SCENES[0], "dog"))[0])
    found = proof_of_looking(Scripted(TEXTS, {(0, "dog"): away}), features, SCENES, WORDS)
    assert found.strongest == 0.75


def test_false_captions_do_not_count(features):
    texts = ["a car and a teddy bear on the grass", *TEXTS[1:]]
    assert proof_of_looking(Scripted(texts), features, SCENES, WORDS).nouns == 2
    texts[1] = "a dog on the grass"
    assert proof_of_looking(Scripted(texts), features, SCENES, WORDS) is None
    assert "nothing to hold" in look_table(Scripted(texts), features, SCENES, WORDS)


def test_the_next_picture_misleads_who_looks(features):
    own = proof_of_looking(Scripted(TEXTS), features, SCENES, WORDS)
    other = proof_of_looking(Scripted(TEXTS), features, SCENES, WORDS, shuffled=True)
    assert other.nouns == own.nouns and other.strongest < own.strongest
    table = look_table(Scripted(TEXTS), features, SCENES, WORDS)
    assert "100%" in table and "4 nouns" in table
