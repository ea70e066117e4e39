"""The exercises `input_products_forward` and `input_products_backward`."""

import numpy as np

import cs231n.classifiers.fast_rnn
import cs231n.classifiers.packing
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.compare import same, snapshot
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.guard import call
from cs231n.feedback.outcomes import Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Fast_Captioning"

packing = private_copy(cs231n.classifiers.packing)
fast_rnn = private_copy(cs231n.classifiers.fast_rnn, sum_by_word=packing.sum_by_word)


def input_case(label, rng, words, V=7, W=3, G=5, scale=1, dtype=np.float64, integers=np.int64):
    words = np.array(words, dtype=integers)
    shapes = {"W_embed": (V, W), "Wx": (W, G), "b": (G,), "dproducts": (len(words), G)}
    given = {name: (scale * rng.randn(*shape)).astype(dtype) for name, shape in shapes.items()}
    sizes = {"M": len(words), "V": V, "W": W, "G": G}
    return Case(label, {"words": words, **given}, sizes, dtype)


def input_cases():
    rng = np.random.RandomState(0)
    repeated = [4, 0, 4, 6, 1, 1, 4, 3, 0]
    return [
        input_case("", rng, repeated),  # words 2 and 5 do not occur
        input_case("words of which none occurs twice", rng, [5, 2, 0, 4]),
        input_case("one word only (M = 1)", rng, [4]),
        input_case("one word again and again", rng, [2] * 11),
        input_case("words as int32, as in the data set", rng, repeated, integers=np.int32),
        input_case("large numbers (up to about 1000)", rng, repeated, scale=300),
        input_case(SQUARE, rng, [3, 0, 3, 1], V=4, W=4, G=4),
        input_case("float32 arguments", rng, repeated, dtype=np.float32),
    ]


class InputForward(Equations):
    PLACES = {"x": "which vector each word gets", "products": "the sum"}

    def x(q):  # the vector of each word
        return q.W_embed[q.words]

    def products(q):
        return q.x @ q.Wx + q.b


INPUT_FORWARD_MISTAKES = [
    Mistake("bias-missing",
            "The bias `b` is missing. It is the same at all time steps, so it belongs into this "
            "sum, which is made once, and not into the loop.",
            products=lambda q: q.x @ q.Wx),
    Mistake("not-looked-up",
            "There is one row for each *different* word. That is the table to look up from: in the "
            "result, each of the M words has a row, in the order of `words` (`np.unique` with "
            "`return_inverse=True` says which row is whose).",
            x=lambda q: q.W_embed[np.unique(q.words)]),
    Mistake("whole-vocabulary",
            "There is one row for each word of the vocabulary. In the result, each of the M words "
            "has a row, in the order of `words`: look them up in what you have.",
            x=lambda q: q.W_embed),
    Mistake("by-word-number",
            "The rows are looked up in the table by the number of the word. The table has a row "
            "for each *different* word only, so a word's row is its place among those: the "
            "`index` that `np.unique` returns with `return_inverse=True`.",
            x=lambda q: _table_by(q, lambda used: np.minimum(q.words, len(used) - 1))),
    Mistake("by-word-number-wrapped",
            "The rows are looked up in the table by the number of the word, with numbers that are "
            "too large wrapped around. A word's row is its place among the different words: the "
            "`index` that `np.unique` returns with `return_inverse=True`.",
            x=lambda q: _table_by(q, lambda used: q.words % len(used))),
    Mistake("by-count",
            "The rows are looked up by how often a word occurs (`return_counts`). A word's row is "
            "its place among the different words: the `index` that `np.unique` returns with "
            "`return_inverse=True`.",
            x=lambda q: _table_by(q, lambda used: np.minimum(
                np.array([np.sum(q.words == w) for w in q.words]), len(used) - 1))),
    Mistake("input-weights-missing",
            "The products are the word vectors themselves: `Wx` is left out.",
            products=lambda q: q.x),
    Mistake("bias-subtracted",
            "The bias `b` is subtracted. It is added.",
            products=lambda q: q.x @ q.Wx - q.b),
    Mistake("taken-without-axis",
            "`np.take` without `axis=0` takes single numbers out of the table, as if it were one "
            "long row. Each word takes a whole row: `axis=0`.",
            products=lambda q: _taken(q, None)),
    Mistake("columns-taken",
            "Columns of the table are taken (`axis=1`). Each word has a *row* in it: `axis=0`.",
            products=lambda q: _taken(q, 1)),
    Mistake("bias-twice",
            "The bias `b` is added twice: once in the table, and once more after the look-up.",
            products=lambda q: q.x @ q.Wx + 2 * q.b),
    Mistake("squashed",
            "The products go through a tanh. That comes later, in each time step, when "
            "`prev_h @ Wh` is there too.",
            products=lambda q: np.tanh(q.usual.products)),
    Mistake("first-occurrences",
            "There is one row for each different word, in the order in which they first occur. In "
            "the result, each of the M words has a row, in the order of `words`.",
            x=lambda q: q.W_embed[list(dict.fromkeys(q.words.tolist()))]),
    Mistake("sorted",
            "The rows are right, but in the order of the sorted words. Row m has to belong to "
            "`words[m]`.",
            x=lambda q: q.W_embed[np.sort(q.words)]),
]


def _table_by(q, place):
    used = np.unique(q.words)
    return q.W_embed[used][place(used)]


def _taken(q, axis):
    used, index = np.unique(q.words, return_inverse=True)
    return np.take(q.W_embed[used] @ q.Wx + q.b, index, axis=axis, mode="clip")


INPUT_ADVICE = [
    ("NoneType' object does not support", "`out` is None unless an array is handed in: make a new "
     "one then (`if out is None`), or let `np.take(..., out=out)` do both."),
    ("out of bounds", "An index runs past the end: the table has a row for each *different* word "
     "only, so a word's row is not its number but its place among the different ones: the `index` "
     "that `np.unique` returns with `return_inverse=True`."),
]


class InputProducts(Exercise):
    """The forward function has an optional argument `out`, which the engine uses."""

    def examine_more(self, function, cases):
        given = {name: snapshot(cases[0].given[name]) for name in self.arguments}
        right = self.expected(cases[0])["products"]
        out = np.full_like(right, np.nan)
        outputs, _ = self.unpack(call(function, *given.values(), out))
        if outputs["products"] is out and np.isnan(out).all():
            raise Wrong("It is right without `out`, but when `out`, an array to write the products "
                        "into, is given, that array is returned without being filled.")
        if not same(outputs["products"], right, cases[0].tolerance):
            raise Wrong("It is right without `out`, but not when `out`, an array to write the "
                        "products into, is given. Return that array then, filled.")
        if not same(out, right, cases[0].tolerance):
            return ["Right. One remark: `out` is ignored, so a new array is made at each step. "
                    "`np.take`, `np.matmul` and `np.add` take `out=out`, and `out=None` too."]
        return []


INPUT_FORWARD = InputProducts(
    "input_products_forward",
    notebook=NOTEBOOK,
    shapes={"words": "M", "W_embed": "V W", "Wx": "W G", "b": "G", "products": "M G"},
    arguments=["words", "W_embed", "Wx", "b"],
    outputs=["products"],
    cache=True,
    equations=InputForward,
    reference=fast_rnn.input_products_forward,
    mistakes=INPUT_FORWARD_MISTAKES,
    advice=INPUT_ADVICE,
    cases=input_cases,
)


class InputBackward(InputForward):
    def dx(q):
        return q.dproducts @ q.Wx.T

    def dW_embed(q):
        dW_embed = np.zeros_like(q.W_embed)
        np.add.at(dW_embed, q.words, q.dx)
        return dW_embed

    def dWx(q):
        return q.x.T @ q.dproducts

    def db(q):
        return q.dproducts.sum(axis=0)


def _assigned(q):
    dW_embed = np.zeros_like(q.W_embed)
    dW_embed[q.words] = q.dx
    return dW_embed


def _first_rows(q):
    used = np.unique(q.words)
    dW_embed = np.zeros_like(q.W_embed)
    dW_embed[: len(used)] = q.usual.dW_embed[used]
    return dW_embed


def _last_of_each_word(q):
    """`dproducts` without all but the last occurrence of each word."""
    last = [m for m, word in enumerate(q.words) if word not in q.words[m + 1 :]]
    kept = np.zeros_like(q.dproducts)
    kept[last] = q.dproducts[last]
    return kept


def _used_up(q):
    """What `sum_by_word` leaves of `dproducts`."""
    rows = q.dproducts.copy()
    packing.sum_by_word(rows, q.words)
    return rows


def _scattered(q, rows):
    dW_embed = np.zeros_like(q.W_embed)
    np.add.at(dW_embed, q.words, rows @ q.Wx.T)
    return dW_embed


WHEN_READ = "when `dproducts` is read: before or after it is used up"

INPUT_BACKWARD_MISTAKES = [
    Mistake("bias-from-used-up-rows",
            "`db` is summed from `dproducts` after `sum_by_word` has used it up: sums overwrite "
            "some of its rows there, so they count twice. Take `db` from the sums, or before.",
            place=WHEN_READ, db=lambda q: _used_up(q).sum(axis=0)),
    Mistake("weights-from-used-up-rows",
            "`dWx` is made of `dproducts` after `sum_by_word` has used it up: sums overwrite some "
            "of its rows there, so they count twice. Take `dWx` from the sums, or before.",
            place=WHEN_READ, dWx=lambda q: q.x.T @ _used_up(q)),
    Mistake("weights-and-bias-from-used-up-rows",
            "`dWx` and `db` are made of `dproducts` after `sum_by_word` has used it up: sums "
            "overwrite some of its rows there, so they count twice. Take both from the sums, or "
            "before.",
            place=WHEN_READ, dWx=lambda q: q.x.T @ _used_up(q),
            db=lambda q: _used_up(q).sum(axis=0)),
    Mistake("embedding-from-used-up-rows",
            "`dW_embed` is made of `dproducts` after `sum_by_word` has used it up: sums overwrite "
            "some of its rows there, so they count twice. Use the sums that it returns.",
            place=WHEN_READ, dW_embed=lambda q: _scattered(q, _used_up(q))),
    Mistake("rows-of-different-words-only",
            "`dW_embed` has one row for each different word. It needs one for each word of the "
            "vocabulary, V rows: zeros, and the sums in the rows of the words that occur.",
            dW_embed=lambda q: q.usual.dW_embed[np.unique(q.words)]),
    Mistake("gradients-of-vectors",
            "`dW_embed` has one row for each of the M words, as they came. The rows of the same "
            "word have to be added up, in the row of `dW_embed` with its number.",
            dW_embed=lambda q: q.dx),
    Mistake("repeated-words-averaged",
            "In `dW_embed`, the gradients of a word that occurs more than once are averaged. They "
            "add up: each occurrence acts on the loss.",
            dW_embed=lambda q: q.usual.dW_embed / np.maximum(
                1, np.bincount(q.words, minlength=len(q.W_embed)))[:, None]),
    Mistake("table-added",
            "`dW_embed` starts from `W_embed` itself (a copy of it). A gradient starts from zeros.",
            dW_embed=lambda q: q.W_embed + q.usual.dW_embed),
    Mistake("bias-not-summed",
            "`db` is `dproducts` as it came, a row for each word. One bias serves all of them, so "
            "their gradients add up.",
            db=lambda q: q.dproducts),
    Mistake("bias-of-different-words-averaged",
            "`db` is the mean over the different words. It has to be the sum of all rows.",
            db=lambda q: q.usual.db / len(np.unique(q.words))),
    Mistake("weights-transposed",
            "`dWx` is transposed: the word vectors come first, `x.T`, and the gradients second.",
            dWx=lambda q: q.usual.dWx.T),
    Mistake("weights-averaged",
            "`dWx` is divided by the number of words. What has to be divided is divided in the "
            "loss already.",
            dWx=lambda q: q.usual.dWx / len(q.words)),
    Mistake("repeated-words-once",
            "In `dW_embed`, a word that occurs more than once keeps only one of its gradients. "
            "`dW_embed[words] = ...` and `dW_embed[words] += ...` write each row once, so the "
            "others are lost: add up the rows of a word first.",
            dW_embed=_assigned),
    Mistake("wrong-rows",
            "In `dW_embed`, the gradients are right but stand in the first rows. The gradient of a "
            "word belongs into the row with its number.",
            dW_embed=_first_rows),
    Mistake("weights-from-one-occurrence",
            "In `dWx`, a word that occurs more than once counts only once. Every row of "
            "`dproducts` has a part in it.",
            dWx=lambda q: q.x.T @ _last_of_each_word(q)),
    Mistake("bias-from-one-occurrence",
            "In `db`, a word that occurs more than once counts only once. `db` is the sum of all "
            "rows of `dproducts`.",
            db=lambda q: _last_of_each_word(q).sum(axis=0)),
    Mistake("bias-averaged",
            "`db` is the mean over the rows of `dproducts`. It has to be their sum: what has to be "
            "divided by N is divided in the loss already.",
            db=lambda q: q.dproducts.mean(axis=0)),
]


class InputProductsBackward(BackwardExercise):
    """The backward function may use up its argument `dproducts`."""

    def reference_outputs(self, given):
        return super().reference_outputs({**given, "dproducts": snapshot(given["dproducts"])})

    def changed(self, given, case):
        return [name for name in super().changed(given, case) if name != "dproducts"]

    def _again(self, function, dout, cache, when):
        return super()._again(function, snapshot(dout), cache, when)


INPUT_BACKWARD = InputProductsBackward(
    "input_products_backward",
    notebook=NOTEBOOK,
    forward=INPUT_FORWARD,
    gradients=["dproducts"],
    shapes={"dproducts": "M G", "dW_embed": "V W", "dWx": "W G", "db": "G"},
    outputs=["dW_embed", "dWx", "db"],
    equations=InputBackward,
    reference=fast_rnn.input_products_backward,
    mistakes=INPUT_BACKWARD_MISTAKES,
    cases=input_cases,
)

EXERCISES = [INPUT_FORWARD, INPUT_BACKWARD]
