"""Where a captioner looks when it writes a word, and whether the thing it names is there.

On Emoji Scenes that can be proved: the scene says which regions of the picture an object covers.
"""

from dataclasses import dataclass

import numpy as np

from cs231n.coco_utils import decode_captions
from cs231n.scenes.judging import judge, mentions
from cs231n.scenes.regions import regions_covered


def looks(model, features, captions):
    """How much each region was looked at for each word of captions.

    Args:
        model: a captioner with attention.
        features: numbers of each region (N, S, D).
        captions: as the decoders return them, without `<START>` (N, T).

    Returns:
        weights: entry [n, t] tells, for the step that scored word t of caption n, how much of each
            region went into it (N, T, S). Each adds up to 1.
    """
    state = model.first_state(features)
    word = np.full(len(features), model._start)
    weights = []
    for next_word in captions.T:
        _, state, of_step = model.next_scores_and_looks(word, state)
        weights.append(of_step)
        word = next_word
    return np.stack(weights, axis=1)


def named_regions(caption, scene):
    """Where in a picture the things lie that a caption names.

    Args:
        caption: a text.
        scene: the `Scene` of the picture.

    Returns:
        A list with an entry for each word: None if it names nothing, else which regions the
        objects of that kind cover (S,), all False if the scene has none. Of a name of two words
        the first one counts.
    """
    kinds = dict(mentions(caption))
    return [regions_covered(scene, kinds[t]) if t in kinds else None
            for t in range(len(caption.split()))]


@dataclass(frozen=True)
class Looking:
    """How well what was looked at is what was named, over `nouns` names of objects in captions.

    weight: the share of attention that lay on regions of the object named, on average.
    strongest: how often the region with the most attention was one of them.
    chance: the share of the picture's regions that the object covers: what a captioner reaches
        that looks anywhere.
    """

    nouns: int
    weight: float
    strongest: float
    chance: float


def proof_of_looking(model, features, scenes, idx_to_word, max_length=17, shuffled=False):
    """Hold where a captioner looks against where the things it names are.

    Only true captions that name at least two kinds count: with one thing in the picture, looking
    at the only thing there proves little.

    Args:
        model: a captioner with attention.
        features: numbers of each region of the scenes' pictures (N, S, D).
        scenes: the `Scene` of each picture.
        idx_to_word: the vocabulary.
        max_length: how many words a caption has at most.
        shuffled: let it read the same captions before the pictures of the next scenes. Looking
            that follows the picture then falls towards chance; a habit, such as looking at the
            left for the first noun, stays.

    Returns:
        A `Looking`, or None if there is no true caption with two kinds.
    """
    captions = model.sample(features, max_length)
    texts = decode_captions(captions, idx_to_word)
    rows = [n for n, (text, scene) in enumerate(zip(texts, scenes))
            if len({kind for _, kind in mentions(text)}) > 1 and judge(text, scene).true]
    if not rows:
        return None
    seen = np.roll(features, 1, axis=0)[rows] if shuffled else features[rows]
    weights = looks(model, seen, captions[rows])
    found = []
    for n, row in enumerate(rows):
        for t, on in enumerate(named_regions(texts[row], scenes[row])):
            if on is None:
                continue
            found.append((weights[n, t][on].sum(), on[weights[n, t].argmax()], on.mean()))
    weight, strongest, chance = np.mean(found, axis=0, dtype=np.float64)
    return Looking(len(found), float(weight), float(strongest), float(chance))


def look_table(model, features, scenes, idx_to_word, max_length=17):
    """Where it looks, in words: beside chance, and beside what another picture gives.

    Args: as for `proof_of_looking`.

    Returns:
        A table as text, one line for each of the two ways of measuring.
    """
    lines = ["at the noun, on the object named:  attention   strongest region   (chance)"]
    for name, shuffled in (("its own picture", False), ("the next picture", True)):
        found = proof_of_looking(model, features, scenes, idx_to_word, max_length, shuffled)
        if found is None:
            return "No true caption names two kinds: there is nothing to hold the looking against."
        lines.append(f"{name:33}  {found.weight:9.0%}   {found.strongest:16.0%}   "
                     f"{found.chance:7.0%}")
    return "\n".join([*lines, f"(over {found.nouns} nouns of true captions that name two kinds)"])
