"""The exercise `spell_captions`."""

import numpy as np

import cs231n.characters
from cs231n.coco_utils import SPECIAL_TOKENS
from cs231n.feedback.cases import Case
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Character_Captioning"

characters = private_copy(cs231n.characters)

WORDS = [*SPECIAL_TOKENS, "a", "cat", "eats", "two", "small", "apples", "on", "snow"]


def spelling_cases():
    idx_to_char = characters.character_vocabulary(WORDS)
    usual = {character: i for i, character in enumerate(idx_to_char)}
    # Where numbers are dealt out anew, what leans on <NULL> being 0 is found.
    dealt = {character: 7 + 3 * i for i, character in enumerate(reversed(idx_to_char))}

    def case(label, captions, char_to_idx=usual):
        T = 2 + max(len(caption.split()) for caption in captions)
        rows = [["<START>", *caption.split(), "<END>"] for caption in captions]
        numbers = [[WORDS.index(word) for word in row + ["<NULL>"] * (T - len(row))]
                   for row in rows]
        given = {"captions": np.array(numbers, np.int32), "idx_to_word": list(WORDS),
                 "char_to_idx": dict(char_to_idx)}
        return Case(label, given, {"N": len(captions), "T": T})

    return [
        case("", ["two small cat", "a cat eats two apples on snow", "small apples"]),
        case("captions with <UNK>", ["<UNK> cat", "a <UNK> on snow", "two <UNK>"]),
        case("one caption only (N = 1)", ["two cat eats"]),
        case("captions of one word", ["a", "snow", "on"]),
        case("other numbers for the characters, <NULL> not 0", ["two small cat", "a cat"], dealt),
        case("a caption without a word", ["a cat", "", "on snow"]),
    ]


class Spelling(Equations):
    PLACES = {"words": "which words of a caption are spelled", "letters": "how a word is spelled",
              "gap": "what stands between two words", "start": "how a row begins",
              "end": "how a row ends", "filler": "what fills the shorter rows",
              "length": "how long the rows are", "joined": "what stands between the words",
              "padded": "where the shorter rows are filled up"}

    def words(q):
        def of(caption):
            words = [q.idx_to_word[number] for number in caption]
            return words[1 : words.index("<END>")]
        return of

    def letters(q):
        return lambda word: [word] if word in SPECIAL_TOKENS else list(word)

    def gap(q):
        return [" "]

    def start(q):
        return ["<START>"]

    def end(q):
        return ["<END>"]

    def joined(q):  # the characters of some words
        def of(words):
            row = []
            for i, word in enumerate(words):
                row += (q.gap if i else []) + q.letters(word)
            return row
        return of

    def rows(q):
        return [[q.char_to_idx[c] for c in q.start + q.joined(q.words(caption)) + q.end]
                for caption in q.captions]

    def filler(q):
        return q.char_to_idx["<NULL>"]

    def length(q):
        return max(map(len, q.rows))

    def padded(q):
        return lambda row, missing: row + [q.filler] * missing

    def spelled(q):
        return np.array([q.padded(row[: q.length], q.length - len(row)) for row in q.rows])


def all_words(q):
    def of(caption):
        return [q.idx_to_word[number] for number in caption][1:]
    return of


SPELLING_MISTAKES = [
    Mistake("no-space",
            "The words follow each other without a space. Then nobody can tell where one ends: the "
            "space is a character like any other, and stands between two words.",
            gap=lambda q: []),
    Mistake("space-after-the-last-word",
            "A space follows the last word, too. It stands *between* two words: after the last "
            "letter comes `<END>`.",
            end=lambda q: [" ", "<END>"]),
    Mistake("space-before-the-first-word",
            "A space stands before the first word. It stands *between* two words: after `<START>` "
            "comes the first letter.",
            start=lambda q: ["<START>", " "]),
    Mistake("spaces-on-both-sides",
            "Spaces stand before the first word and after the last one as well. A space stands "
            "*between* two words only.",
            start=lambda q: ["<START>", " "], end=lambda q: [" ", "<END>"]),
    Mistake("space-between-letters",
            "There is a space after every letter. A space stands between two *words*, not "
            "between the characters of one.",
            letters=lambda q: lambda word: [c for letter in q.usual.letters(word)
                                            for c in (" ", letter)][1:]),
    Mistake("start-missing",
            "The rows do not begin with `<START>`. The captioner needs it to be asked for the "
            "first character.",
            start=lambda q: []),
    Mistake("end-missing",
            "The rows have no `<END>`. Without it the captioner never learns where to stop.",
            end=lambda q: []),
    Mistake("no-start-and-no-end",
            "The rows hold neither `<START>` nor `<END>`. The captioner needs both, with "
            "characters as with words: one to begin, one to stop.",
            start=lambda q: [], end=lambda q: []),
    Mistake("unknown-left-out",
            "`<UNK>` is left out. It stands for a word that is not known, and counts as a word of "
            "one character.",
            words=lambda q: lambda caption: [w for w in q.usual.words(caption) if w != "<UNK>"]),
    Mistake("unknown-leaves-its-spaces",
            "`<UNK>` itself is left out, and the spaces around it stay, two in a row. It counts as "
            "a word of one character, and has a number in `char_to_idx`.",
            letters=lambda q: lambda word: [] if word == "<UNK>" else list(word)),
    Mistake("unknown-spelled",
            "`<UNK>` is spelled: the letters of its name that are in `char_to_idx` stand for it. "
            "It is one token, and has a number of its own in `char_to_idx`.",
            letters=lambda q: lambda word: [c for c in word.lower() if c in q.char_to_idx]),
    Mistake("letters-reversed",
            "The letters of each word stand in reverse order.",
            letters=lambda q: lambda word: q.usual.letters(word)[::-1]),
    Mistake("words-reversed",
            "The words of each caption stand in reverse order.",
            words=lambda q: lambda caption: q.usual.words(caption)[::-1]),
    Mistake("each-letter-once",
            "A letter that a word has twice is written once (a set of letters has no repeats). "
            "\"apples\" has two p.",
            letters=lambda q: lambda word: list(dict.fromkeys(q.usual.letters(word)))),
    Mistake("first-letter-only",
            "Only the first letter of each word is written. All of them belong there, one after "
            "the other.",
            letters=lambda q: lambda word: q.usual.letters(word)[:1]),
    Mistake("first-word-missing",
            "The first word of each caption is missing. A row of `captions` begins with `<START>`: "
            "the words begin at column 1.",
            words=lambda q: lambda caption: q.usual.words(caption)[1:]),
    Mistake("last-word-missing",
            "The last word of each caption is missing. The words end right before `<END>`; the end "
            "of a slice does not belong to it.",
            words=lambda q: lambda caption: q.usual.words(caption)[:-1]),
    Mistake("null-spelled",
            "Each `<NULL>` behind a caption is carried over as a word, before `<END>`. A "
            "caption is over at its `<END>`; what stands behind it is only filling.",
            words=lambda q: lambda caption: [w for w in all_words(q)(caption) if w != "<END>"]),
    Mistake("filled-with-zeros",
            "The shorter rows are filled up with 0. That is right only while `<NULL>` has the "
            "number 0: take its number from `char_to_idx`.",
            filler=lambda q: 0),
    Mistake("filled-with-spaces",
            "The shorter rows are filled up with spaces. The captioner would learn to write them: "
            "what does not count is `<NULL>`.",
            filler=lambda q: q.char_to_idx[" "]),
    Mistake("filled-with-end",
            "The shorter rows are filled up with `<END>`, so it counts many times. What does not "
            "count is `<NULL>`.",
            filler=lambda q: q.char_to_idx["<END>"]),
    Mistake("filled-on-the-left",
            "The shorter rows are filled up at the front. A row begins with `<START>`, and "
            "`<NULL>` stands behind `<END>`.",
            padded=lambda q: lambda row, missing: [q.filler] * missing + row),
    Mistake("one-column-too-many",
            "The rows are one longer than the longest caption: the last column holds nothing but "
            "`<NULL>`. L is the length of the longest row, `<START>` and `<END>` counted.",
            length=lambda q: q.usual.length + 1),
    Mistake("two-columns-too-many",
            "The rows are two longer than the longest caption: `<START>` and `<END>` are counted "
            "twice in L.",
            length=lambda q: q.usual.length + 2),
    Mistake("cut-off-at-the-length-in-words",
            "The rows are as long as those of `captions` (T columns), so the spelled captions are "
            "cut off. A caption has many more characters than words: L is the length of the "
            "longest spelled row.",
            length=lambda q: q.captions.shape[1]),
    Mistake("as-long-as-the-first",
            "All rows are as long as the first one; longer captions are cut off. L is the length "
            "of the *longest* row.",
            length=lambda q: len(q.rows[0])),
    Mistake("as-long-as-the-shortest",
            "All rows are cut off at the length of the shortest one. L is the length of the "
            "*longest*; the shorter ones are filled up with `<NULL>`.",
            length=lambda q: min(map(len, q.rows))),
]

EXERCISES = [
    Exercise("spell_captions", notebook=NOTEBOOK, reference=characters.spell_captions,
             cases=spelling_cases, equations=Spelling, outputs=["spelled"],
             shapes={"captions": "N T", "spelled": "N L"}, mistakes=SPELLING_MISTAKES,
             advice=[(r"inhomogeneous|setting an array element with a sequence",
                      "The rows have different lengths, and an array needs one. Fill the shorter "
                      "ones up with the number of `<NULL>`.")]),
]
