"""Captions letter by letter: the same data and the same captioner, with characters for words.

A character takes the place of a word: `word_to_idx` holds the four special tokens, the space and
the letters, and a row of `captions` is `<START>`, the characters of a caption with a space between
two words, `<END>`, then `<NULL>`. So everything that reads word numbers, from minibatches to beam
search, reads characters. `<UNK>` has no letters and stays one token.
"""

import numpy as np

from cs231n.coco_utils import SPECIAL_TOKENS, SPLITS

__all__ = ["character_vocabulary", "spell_captions", "join_characters", "spelled_data"]


def character_vocabulary(idx_to_word):
    """All characters that a vocabulary of words needs: the special tokens, a space, the letters.

    Args:
        idx_to_word: the word of each number, a list.

    Returns:
        A list of str, the character of each number: the special tokens keep their numbers 0 to 3,
        the others follow in alphabetical order.
    """
    letters = {" "}.union(*(word for word in idx_to_word if word not in SPECIAL_TOKENS))
    return [*SPECIAL_TOKENS, *sorted(letters)]


def spell_captions(captions, idx_to_word, char_to_idx):
    """Spell captions of word numbers as captions of character numbers.

    A row starts with `<START>` and ends with `<END>`, as it does with words. One space
    stands between two words, none before the first and none after the last. `<UNK>`
    counts as a word of one character.

    Args:
        captions: word numbers (N, T): `<START>`, words, `<END>`, then `<NULL>`.
        idx_to_word: the word of each number, a list.
        char_to_idx: the number of each character; of the special tokens, too.

    Returns:
        Character numbers (N, L), an integer array, where L is the length of the longest
        row; shorter ones are filled up with the number of `<NULL>`.
    """
    space, end = [char_to_idx[" "]], [char_to_idx["<END>"]]
    rows = []
    for caption in captions:
        words = [idx_to_word[number] for number in caption]
        words = words[1 : words.index("<END>")]
        row = [char_to_idx["<START>"]]
        for i, word in enumerate(words):
            characters = [word] if word == "<UNK>" else word
            row += (space if i else []) + [char_to_idx[c] for c in characters]
        rows.append(row + end)
    length = max(map(len, rows))
    null = [char_to_idx["<NULL>"]]
    return np.array([row + null * (length - len(row)) for row in rows], dtype=np.int32)


def join_characters(captions, idx_to_char):
    """Turn character numbers back into text, as `decode_captions` does for words.

    Args:
        captions: character numbers (N, L), such as `sample` returns.
        idx_to_char: the character of each number, a list.

    Returns:
        A list of N str: what stands between `<START>` and `<END>`, without the two. A row without
        `<END>` is read to its last column; `<NULL>` is dropped; `<UNK>` is written out.
    """
    texts = []
    for caption in captions:
        characters = [idx_to_char[number] for number in caption]
        if "<END>" in characters:
            characters = characters[: characters.index("<END>")]
        texts.append("".join(c for c in characters if c not in ("<NULL>", "<START>")))
    return texts


def spelled_data(data):
    """The same data with captions of characters in the place of captions of words.

    Args:
        data: what `load_coco_data` returned. It is not changed.

    Returns:
        A dictionary like it. `idx_to_word` and `word_to_idx` hold characters.
    """
    idx_to_char = character_vocabulary(data["idx_to_word"])
    char_to_idx = {character: i for i, character in enumerate(idx_to_char)}
    spelled = {f"{split}_captions": spell_captions(data[f"{split}_captions"], data["idx_to_word"],
                                                   char_to_idx) for split in SPLITS}
    return {**data, **spelled, "idx_to_word": idx_to_char, "word_to_idx": char_to_idx}
