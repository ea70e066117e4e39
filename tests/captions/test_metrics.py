"""Scores against known answers, and the judge's figures."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from cs231n import metrics
from cs231n.metrics import (
    bleu,
    brevity_penalty,
    captions_of_others,
    cider,
    constant_caption,
    distinct,
    leave_one_out,
    modified_precision,
    ngrams,
    novel,
    plain,
    rouge_l,
)

REPOSITORY = Path(__file__).resolve().parents[2]
DATASET = REPOSITORY / "datasets" / "emoji_scenes"


# ---- Words shared with references ---------------------------------------------------------------

def test_known_scores_of_ten_coco_captions():
    text = (REPOSITORY / "tests" / "data" / "ten_captions.json").read_text(encoding="utf-8")
    content = json.loads(text)
    hypotheses = [picture["caption"] for picture in content["pictures"]]
    references = [picture["references"] for picture in content["pictures"]]
    known = content["scores"]  # of other programs: tests/data/README.md
    np.testing.assert_allclose(bleu(hypotheses, references), known["BLEU"], atol=1e-6)
    assert rouge_l(hypotheses, references) == pytest.approx(known["ROUGE-L"], abs=1e-6)
    assert cider(hypotheses, references) == pytest.approx(known["CIDEr"], abs=1e-6)


def test_modified_precision_counts_a_word_as_often_as_people_did():
    # The example of the BLEU paper: "the" occurs at most twice in a reference.
    references = [["the cat is on the mat", "there is a cat on the mat"]]
    assert modified_precision(["the the the the the the the"], references, 1) == 2 / 7
    assert modified_precision(["the cat the cat on the mat"], references, 2) == 4 / 6
    assert modified_precision(["cat"], references, 2) == 0


def test_modified_precision_adds_up_before_it_divides():
    assert modified_precision(["a b", "x y z w"], [["a b"], ["q"]], 1) == 2 / 6


def test_bleu_by_hand():
    hypotheses, references = ["a b c d e"], [["a b c x e", "q"]]
    precisions = [4 / 5, 2 / 4, 1 / 3, 0]
    expected = [math.prod(precisions[:n]) ** (1 / n) for n in range(1, 5)]
    np.testing.assert_allclose(bleu(hypotheses, references), expected)


def test_brevity_penalty_looks_at_the_closest_length():
    assert brevity_penalty(["a b c"], [["a b c d", "a b"]]) == 1  # both as close: the shorter one
    assert brevity_penalty(["a b"], [["a b c", "a b c d e"]]) == pytest.approx(math.exp(1 - 3 / 2))
    assert brevity_penalty(["a b", "c"], [["a b c"], ["d"]]) == pytest.approx(math.exp(1 - 4 / 3))
    assert brevity_penalty([""], [["a"]]) == 0


def test_rouge_l_by_hand():
    # "a c d" is the longest common subsequence: precision 3/4, recall 3/5.
    p, r, weight = 3 / 4, 3 / 5, 1.2**2
    assert rouge_l(["a c x d"], [["a b c y d"]]) == pytest.approx(
        (1 + weight) * p * r / (r + weight * p))
    assert rouge_l(["a b"], [["b a", "a b"]]) == 1
    assert rouge_l(["", "z"], [["a"], ["b"]]) == 0


def test_cider_of_one_picture_is_zero_and_of_the_references_is_ten():
    with pytest.warns(metrics.ScoreRemark, match="CIDEr of a single picture is 0"):
        assert cider(["a dog runs"], [["a dog runs"]]) == 0
    same = ["a dog runs on grass", "two cats sleep in bed"]
    assert cider(same, [[caption] for caption in same]) == pytest.approx(10)


def test_cider_asks_for_the_length_of_the_reference(monkeypatch):
    references = [["a red ball lies here"], ["one old dog runs off"]]
    hypotheses = ["a red ball lies here a red ball lies here", "one old dog runs off"]
    with_penalty = 2 * cider(hypotheses, references) - 10  # the second caption earns its 10
    monkeypatch.setattr(metrics, "CIDER_SIGMA", 1e9)
    without = 2 * cider(hypotheses, references) - 10
    assert with_penalty == pytest.approx(without * math.exp(-(5**2) / (2 * 6**2)))
    assert 0 < without < 10


def test_cider_counts_a_repeated_word_no_more_than_the_reference_does():
    """Each word weighs log 2; of "ball ball" one counts: 1 / (2 sqrt 2), and no pair fits."""
    score = cider(["ball ball", ""], [["red ball"], ["old dog"]])
    assert score == pytest.approx(10 * 1 / (2 * math.sqrt(2)) / 4 / 2)


def test_empty_captions_score_zero():
    references = [["a dog"], ["a cat"]]
    assert bleu(["", ""], references) == [0, 0, 0, 0]
    assert rouge_l(["", ""], references) == 0 and cider(["", ""], references) == 0


@pytest.mark.parametrize("score", [bleu, rouge_l, cider])
@pytest.mark.parametrize("hypotheses, references, error, words", [
    ([], [], ValueError, "at least one"),
    ("a dog", [["a dog"]], ValueError, "expected a list of captions"),
    (["a", "b"], [["a"]], ValueError, "2 hypotheses and 1 lists"),
    (["a"], ["a dog"], TypeError, r"references\[0\] is 'a dog'"),
    (["a", "b"], [["a"], []], ValueError, r"references\[1\] is empty"),
    ([["a"]], [["a"]], TypeError, r"hypotheses\[0\] is of type list"),
    (["a"], [[1]], TypeError, r"references\[0\]"),
])
def test_bad_input_is_named(score, hypotheses, references, error, words):
    with pytest.raises(error, match=words):
        score(hypotheses, references)


@pytest.mark.parametrize("n", [0, -1])
def test_an_ngram_has_at_least_one_word(n):
    with pytest.raises(ValueError, match=f"modified_precision: n is {n}, expected at least 1"):
        modified_precision(["a dog"], [["a dog"]], n)
    with pytest.raises(ValueError, match=f"ngrams: n is {n}, expected at least 1"):
        ngrams("a dog", n)


@pytest.mark.parametrize("call, error, words", [
    (lambda: modified_precision(["a"], [["a"]], 1.0), TypeError, "n is 1.0, expected a whole numb"),
    (lambda: ngrams(["a", "dog"], 1), TypeError, "caption is of type list, expected a text"),
    (lambda: brevity_penalty([], []), ValueError, "at least one"),
    (lambda: brevity_penalty(["a"], [[]]), ValueError, r"references\[0\] is empty"),
    (lambda: plain("a dog"), TypeError, "plain: captions is the text 'a dog'"),
    (lambda: novel(["a"], "a dog"), TypeError, "training_captions is a text"),
    (lambda: constant_caption(["a dog"], most=0), ValueError, "most is 0, expected at least 1"),
    (lambda: metrics.references_of({}, "test"), ValueError, "split is 'test', expected"),
    (lambda: captions_of_others([["a", "b"]]), ValueError, "1 pictures, expected at least two"),
])
def test_what_has_no_meaning_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---- Remarks ------------------------------------------------------------------------------------

TWO = [["a dog runs on grass", "a dog runs"], ["two cats sleep in bed", "cats sleep"]]


@pytest.mark.parametrize("score", [bleu, rouge_l, cider])
@pytest.mark.parametrize("hypotheses, references, words", [
    (["<START> a dog runs <END>", "two cats"], TWO, "<START> and <END> count as words"),
    (["a dog runs", "two cats"], [["a dog <END>"], ["two cats <END>"]], "take them out with plain"),
    (["A dog runs.", "Two cats sleep."], TWO, "the captions have capital letters or punctuation"),
    (["a dog", "two cats"], [["A dog."], ["Two cats!"]], "the references have capital letters or"),
])
def test_what_misleads_gets_one_remark(score, hypotheses, references, words):
    with pytest.warns(metrics.ScoreRemark) as told:
        score(hypotheses, references)
    assert len(told) == 1 and words in str(told[0].message)
    assert told[0].filename == __file__  # so that the user sees the line that asked for the score


@pytest.mark.parametrize("score", [bleu, rouge_l, cider])
@pytest.mark.parametrize("hypotheses, references", [
    (["a dog runs", "two cats"], TWO),
    (["a <UNK> runs", ""], TWO),
    (["a dog .", "two cats 's bed"], TWO),  # as the Penn Treebank tokenizer leaves them
    (["A dog.", "Two cats."], [["A dog runs."], ["Cats."]]),
])
def test_usual_captions_get_no_remark(score, hypotheses, references, recwarn):
    score(hypotheses, references)
    assert not recwarn.list


def test_score_table_tells_each_remark_once():
    references = [["a dog", "a dog runs", "dogs"], ["a cat", "a cat sits", "cats"]]
    with pytest.warns(metrics.ScoreRemark) as told:
        metrics.score_table({"one": ["A dog.", "A cat."], "two": ["<END>", "A cat."]}, references,
                            ["a dog"])
    assert sorted(str(remark.message)[:30] for remark in told) == [
        "score_table: <START> and <END>", "score_table: the captions have"]


def test_score_table_of_one_picture_has_no_other_picture():
    with pytest.warns(metrics.ScoreRemark, match="single picture"):
        table = metrics.score_table({"mine": ["a dog"]}, [["a dog", "dogs"]], ["a dog"])
    assert list(table) == ["mine", "human", "constant caption"]


# ---- Variety and baselines ----------------------------------------------------------------------

def test_distinct_and_novel():
    assert distinct(["a", "b", "a", "a"]) == 0.5
    assert novel(["a", "b", "c", "a"], ["a", "x"]) == 0.5
    with pytest.raises(ValueError, match="distinct"):
        distinct([])


def test_baselines():
    captions = ["a dog on a bed", "a cat on a bed", "a cat on a mat", "two birds sing here", "cat"]
    assert constant_caption(captions) == "a cat on a bed"
    references = [["a1", "a2"], ["b1", "b2"], ["c1", "c2", "c3"]]
    assert captions_of_others(references) == ["b1", "c1", "a1"]
    assert leave_one_out(references) == (["a2", "b2", "c3"], [["a1"], ["b1"], ["c1", "c2"]])
    with pytest.raises(ValueError, match=r"references\[1\]"):
        leave_one_out([["a", "b"], ["a"]])


def test_score_table():
    references = [["a dog runs on grass", "a dog runs fast here", "a dog runs on grass"],
                  ["two cats sleep in bed", "cats sleep in a bed", "two cats sleep a lot"]]
    training = ["a dog runs on grass", "a dog runs on sand", "birds fly"]
    mine = ["a dog runs on grass", "birds fly"]
    table = metrics.score_table({"mine": mine}, references, training)
    assert list(table) == ["mine", "human", "human, other picture", "constant caption"]
    others = [["a dog runs on grass", "a dog runs fast here"],
              ["two cats sleep in bed", "cats sleep in a bed"]]
    assert table["mine"]["BLEU-2"] == bleu(mine, others)[1]
    assert table["human"]["CIDEr"] == cider(["a dog runs on grass", "two cats sleep a lot"], others)
    assert table["mine"]["novel"] == 0 and table["constant caption"]["distinct"] == 0.5
    assert "true" not in table["human"]
    lines = str(table).splitlines()
    assert len(lines) == 5 and len({len(line) for line in lines}) == 1


def test_references_of():
    data = {"val_features": np.zeros((3, 2)), "val_image_idxs": np.array([2, 0, 2]),
            "val_captions": np.array([[1, 3, 2, 0], [1, 4, 3, 2], [1, 3, 3, 2]]),
            "idx_to_word": ["<NULL>", "<START>", "<END>", "dog", "a"]}
    assert metrics.references_of(data) == [["a dog"], [], ["dog", "dog dog"]]


def test_plain():
    assert plain(["<START> a dog <END>", "<UNK> cat <END>"]) == ["a dog", "<UNK> cat"]


# ---- Truth --------------------------------------------------------------------------------------

def test_scenes_of_addresses():
    from cs231n.scenes import load_scenes

    scenes = metrics.scenes_of(np.array(["emoji-scenes://val/3", "emoji-scenes://train/5"]))
    assert scenes == [load_scenes("val")[3], load_scenes("train")[5]]
    assert metrics.scenes_of(["emoji-scenes://val/3", "http://localhost/a.jpg"]) is None
    assert metrics.scenes_of([]) is None


def some_scenes():
    from cs231n.scenes import load_scenes

    scenes = load_scenes("val")
    ordinary = [scene for scene in scenes if not scene.compositional][:200]
    return ordinary + [scene for scene in scenes if scene.compositional]


def test_true_captions_are_found_true():
    from cs231n.scenes import describe

    scenes = some_scenes()
    captions = [describe(scene, np.random.default_rng(i)) for i, scene in enumerate(scenes)]
    table = metrics.truth_table(captions, scenes)
    assert (table.ordinary, table.compositional, table.grammatical) == (1, 1, 1)
    assert 1 < table.kinds_named < 3
    assert metrics.share_true(captions, scenes) == 1
    others = captions[1:] + captions[:1]
    assert metrics.share_true(others, scenes) < 0.1


def test_truth_table_counts_each_row():
    scenes = some_scenes()
    ordinary = [scene for scene in scenes if not scene.compositional]
    # A true caption for ordinary scenes alone; of these, the first fifty were seen in training.
    captions = [f"a picture of a {scene.groups[0].kind}" if i < 50 else "colorless green ideas"
                for i, scene in enumerate(ordinary)]
    table = metrics.truth_table(captions, ordinary, training_scenes=ordinary[:50])
    assert table.counts["ordinary"] == 200 == table.counts["repeated"] + table.counts["new"]
    assert table.counts["compositional"] == 0 and math.isnan(table.compositional)
    assert table.new == 0 < table.repeated
    assert table.grammatical <= 50 / 200
    total = table.repeated * table.counts["repeated"]
    assert table.ordinary == pytest.approx(total / 200)

    table = metrics.truth_table(["a b"] * len(scenes), scenes)
    assert table.counts["new_pair"] + table.counts["new_setting"] == table.counts["compositional"]
    assert table.counts["compositional"] > 100


def test_truth_table_reads_well():
    scenes = some_scenes()[:3]
    lines = str(metrics.truth_table(["a dog"] * 3, scenes, scenes)).splitlines()
    assert lines[0].split() == ["true", "captions", "on", "share", "scenes"]
    assert len({len(line) for line in lines[:7]}) == 1
    assert lines[3].split()[-2:] == ["-", "0"]
    with pytest.raises(ValueError, match="2 captions and 3 scenes"):
        metrics.truth_table(["a", "b"], scenes)


def test_validation_during_training_judges_ordinary_scenes():
    from cs231n.coco_utils import load_coco_data
    from cs231n.validation import Validation

    data = load_coco_data(base_dir=DATASET)
    validation = Validation(data, size=300, batch_size=100)
    assert len(validation.scenes) == len(validation.features) == len(validation.captions) == 300
    assert not any(scene.compositional for scene in validation.scenes)

    class Knowing:
        """A captioner that looks up a true caption of the picture."""

        def sample(self, features, max_length):
            picture = {row.tobytes(): i for i, row in enumerate(data["val_features"])}
            first = [np.flatnonzero(data["val_image_idxs"] == picture[row.tobytes()])[0]
                     for row in features]
            return data["val_captions"][first, 1:]

    assert validation.share_true(Knowing()) == 1
