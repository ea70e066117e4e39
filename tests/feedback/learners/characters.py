"""`spell_captions`, as learners write it."""

import itertools

import numpy as np

from .kinds import right, wrong


@right("spell_captions")
def texts_first_then_numbers(captions, idx_to_word, char_to_idx):
    spelled = []
    for row in captions:
        tokens = [idx_to_word[i] for i in row]
        tokens = tokens[tokens.index("<START>") + 1 : tokens.index("<END>")]
        units = []
        for token in tokens:
            units.append(" ")
            units.extend([token] if token == "<UNK>" else token)
        units = ["<START>"] + units[1:] + ["<END>"]
        spelled.append([char_to_idx[u] for u in units])
    out = np.full((len(spelled), max(len(s) for s in spelled)), char_to_idx["<NULL>"])
    for i, s in enumerate(spelled):
        out[i, : len(s)] = s
    return out


@right("spell_captions")
def with_zip_longest(captions, idx_to_word, char_to_idx):
    def units(row):
        yield "<START>"
        first = True
        for number in row[1:]:
            word = idx_to_word[int(number)]
            if word == "<END>":
                break
            if not first:
                yield " "
            first = False
            yield from [word] if word.startswith("<") else word
        yield "<END>"

    columns = itertools.zip_longest(*map(units, captions), fillvalue="<NULL>")
    return np.array([[char_to_idx[u] for u in column] for column in columns]).T


@right("spell_captions")
def a_table_of_words_first(captions, idx_to_word, char_to_idx):
    table = [[char_to_idx[w]] if w in char_to_idx and len(w) > 1 else
             [char_to_idx[c] for c in w] for w in idx_to_word]
    start, end, space = (char_to_idx[c] for c in ("<START>", "<END>", " "))
    last, rows = idx_to_word.index("<END>"), []
    for caption in np.asarray(captions):
        stop = int(np.argmax(caption == last))
        row = [start]
        for k, number in enumerate(caption[1:stop]):
            if k > 0:
                row.append(space)
            row.extend(table[number])
        rows.append(row + [end])
    longest = max(map(len, rows))
    return np.stack([np.pad(row, (0, longest - len(row)), constant_values=char_to_idx["<NULL>"])
                     for row in rows]).astype(np.int64)


@wrong("spell_captions", says=["no entry '<'", "captions with <UNK>"])
def joined_text_spelled_letter_by_letter(captions, idx_to_word, char_to_idx):
    rows = []
    for row in captions:
        words = [idx_to_word[i] for i in row]
        text = " ".join(words[1 : words.index("<END>")])
        rows.append([char_to_idx["<START>"], *(char_to_idx[c] for c in text), char_to_idx["<END>"]])
    longest = max(map(len, rows))
    return np.array([row + [char_to_idx["<NULL>"]] * (longest - len(row)) for row in rows])


def _filled(rows, value):
    longest = max(map(len, rows))
    return np.array([row + [value] * (longest - len(row)) for row in rows])


def _units(words, before=(), after=()):
    units = list(before)
    for i, word in enumerate(words):
        units += ([" "] if i else []) + ([word] if word == "<UNK>" else list(word))
    return units + list(after)


def _words(row, idx_to_word):
    words = [idx_to_word[i] for i in row]
    return words[1 : words.index("<END>")]


@wrong("spell_captions", says=["`<NULL>`", "number 0|zero| 0"], using=[_units, _words])
def filled_up_with_np_zeros(captions, idx_to_word, char_to_idx):
    rows = [[char_to_idx[u] for u in _units(_words(row, idx_to_word), ["<START>"], ["<END>"])]
            for row in captions]
    out = np.zeros((len(rows), max(map(len, rows))), dtype=int)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out


@wrong("spell_captions", says=["`<NULL>`|lengths"], using=[_units, _words])
def rows_of_different_lengths(captions, idx_to_word, char_to_idx):
    return np.array([[char_to_idx[u] for u in _units(_words(row, idx_to_word), ["<START>"],
                                                     ["<END>"])] for row in captions])


@wrong("spell_captions", says=["`<END>`"], using=[_filled, _units, _words])
def forgets_end(captions, idx_to_word, char_to_idx):
    rows = [[char_to_idx[u] for u in _units(_words(row, idx_to_word), ["<START>"])]
            for row in captions]
    return _filled(rows, char_to_idx["<NULL>"])


@wrong("spell_captions", says=["space"], using=[_filled, _words])
def a_space_after_every_word(captions, idx_to_word, char_to_idx):
    rows = []
    for row in captions:
        units = ["<START>"]
        for word in _words(row, idx_to_word):
            units += ([word] if word == "<UNK>" else list(word)) + [" "]
        rows.append([char_to_idx[u] for u in units + ["<END>"]])
    return _filled(rows, char_to_idx["<NULL>"])


@wrong("spell_captions", says=["space"], using=[_filled, _words])
def words_run_together(captions, idx_to_word, char_to_idx):
    rows = []
    for row in captions:
        units = ["<START>"]
        for word in _words(row, idx_to_word):
            units += [word] if word == "<UNK>" else list(word)
        rows.append([char_to_idx[u] for u in units + ["<END>"]])
    return _filled(rows, char_to_idx["<NULL>"])


@wrong("spell_captions", says=["`<UNK>`"], using=[_filled, _units, _words])
def skips_unknown_words(captions, idx_to_word, char_to_idx):
    rows = [[char_to_idx[u] for u in _units(
        [word for word in _words(row, idx_to_word) if word != "<UNK>"], ["<START>"], ["<END>"])]
        for row in captions]
    return _filled(rows, char_to_idx["<NULL>"])


@wrong("spell_captions", says=["returns nothing"], using=[_filled, _units, _words])
def forgets_to_return(captions, idx_to_word, char_to_idx):
    rows = [[char_to_idx[u] for u in _units(_words(row, idx_to_word), ["<START>"], ["<END>"])]
            for row in captions]
    _filled(rows, char_to_idx["<NULL>"])
