"""What a reader of captions would ask about before a model is trained on them."""

import unicodedata
from collections import Counter

# Marks of other programs, in the spelling of `str.lower`. Our own, as `<START>`, are known.
MARKS = {"<start>", "<end>", "<unk>", "<pad>", "<null>", "<s>", "</s>", "<bos>", "<eos>", "[unk]",
         "[cls]", "[sep]", "startseq", "endseq", "<sos>"}
OURS = {"<START>", "<END>", "<UNK>", "<NULL>"}
# Scripts that leave no space between words, as the first word of a letter's name in Unicode.
WITHOUT_SPACES = {"CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"}


def remarks_on(captions):
    """Return sentences on what is unusual in captions, an empty list for usual ones.

    Args:
        captions: a list of `(picture, text)`, at least one.
    """
    texts = [text for _, text in captions]
    remarks = [_on_marks(texts), _on_spaces(texts), _on_their_number(captions)]
    return [remark for remark in remarks if remark]


def _on_marks(texts):
    marked = Counter(mark for text in texts for mark in {
        word for word in text.split() if word not in OURS and word.lower() in MARKS})
    if not marked:
        return ""
    mark, count = min(marked.items(), key=lambda entry: (-entry[1], entry[0]))
    return (f"{count:,} of {len(texts):,} captions hold the word {mark}, which looks like the mark "
            "of another program; it was read as a word. Take such marks out of the captions.")


def _on_spaces(texts):
    """Most letters of most captions belong to a script without spaces, and there are none."""
    joined = [text for text in texts if not text.isascii() and _is_without_spaces(text)]
    if 2 * len(joined) <= len(texts):
        return ""
    return (f"{len(joined):,} of {len(texts):,} captions are in a language that is written without "
            "spaces between words, so each caption is a word of its own. Put spaces between the "
            "words (a word segmenter does it), and build the data set anew.")


def _is_without_spaces(text):
    letters = [letter for letter in text if letter.isalpha()]
    scripts = [unicodedata.name(letter, "").split("-")[0].split(" ")[0] for letter in letters]
    share = sum(script in WITHOUT_SPACES for script in scripts) / max(1, len(letters))
    return share > 0.5 and len(letters) / max(1, len(text.split())) > 6


def _on_their_number(captions):
    counts = Counter(picture for picture, _ in captions)
    if max(counts.values()) > 1:
        return ""
    return ("each picture has one caption only. Training works; scores that compare a caption with "
            "other captions of the same picture need several, and are left out.")
