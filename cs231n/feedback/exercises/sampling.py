"""The exercises `sample` and `lstm_sample`."""

import numpy as np

from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.compare import as_numbers, same, wrong_kind
from cs231n.feedback.exercises import lstm, vanilla_rnn, word_embedding
from cs231n.feedback.methods import MethodExercise, cast, draw_params, vocabulary
from cs231n.feedback.outcomes import Wrong
from cs231n.feedback.recipe import Equations, Mistake, Quantities
from cs231n.feedback.reference import layers

NULL, START, END = 0, 1, 2
SIZES = {"N": 6, "D": 7, "W": 4, "H": 6, "V": 11}


class Sample(Equations):
    PLACES = {"h0": "the first state", "first_state": "the first state",
              "word_in": "the word that is fed", "x": "the vector of the word that is fed",
              "state_in": "the state that a time step starts from",
              "state_out": "the state that a time step hands on", "step": "the step",
              "scores": "the scores", "choice": "how the best word is chosen",
              "ended": "when a caption ends", "recorded": "what is written, and in which column",
              "captions": "what is written, and when the loop ends"}

    def T(q):
        return q.max_length

    def h0(q):
        return q.features @ q.W_proj + q.b_proj

    def first_state(q):
        return [q.h0] if q.cell_type == "rnn" else [q.h0, np.zeros_like(q.h0)]

    def word_in(q, t):  # what is fed at step t
        return q.word_out(t - 1) if t > 0 else np.full(len(q.features), START)

    def state_in(q, t):
        return q.state_out(t - 1) if t > 0 else q.first_state

    def x(q, t):
        return q.W_embed[q.word_in(t)]

    def step(q, t):
        return step_from(q, q.x(t), q.state_in(t))

    def state_out(q, t):
        return q.step(t)

    def scores(q, t):
        return q.step(t)[0] @ q.W_vocab + q.b_vocab

    def choice(q, t):
        return q.scores(t).argmax(axis=1)

    def ended(q, t):  # rows that have written <END> before step t
        return q.ended(t - 1) | (q.word_out(t - 1) == END) if t > 0 else \
            np.zeros(len(q.features), dtype=bool)

    def word_out(q, t):
        return np.where(q.ended(t), NULL, q.choice(t))

    def recorded(q, t):  # what is written in column t
        return q.word_out(t)

    def captions(q):
        return np.stack([q.recorded(t) for t in range(q.T)], axis=1)


def step_from(q, x, state):
    """The state after reading the word vectors x."""
    step = layers.rnn_step_forward if q.cell_type == "rnn" else layers.lstm_step_forward
    return list(step(x, *state, q.Wx, q.Wh, q.b)[:-1])


class SampleExercise(MethodExercise):
    """`sample(features, max_length)` -> captions (N, max_length)."""

    def __init__(self, name, cell_type, **rest):
        super().__init__(name, method="sample", cell_type=cell_type,
                         arguments=["features", "max_length"], outputs=["captions"],
                         equations=Sample, shapes={"features": "N D", "captions": "N max_length"},
                         cases=sample_cases(cell_type), most_pairs=100, **rest)

    def check_structure(self, function, case, attempt):
        first, second = (as_numbers(a.outputs["captions"])
                         for a in (attempt, self.attempt(function, case)))
        if first is not None and second is not None and not same(first, second):
            raise Wrong("Two calls with the same features give different captions: words are drawn "
                        "at random. Here the choice is greedy: the word with the best score.")

    def examine_more(self, function, cases):
        """Going on after `<END>` is right, as in the assignment, but no use."""
        got = as_numbers(self.attempt(function, cases[0]).outputs["captions"])
        expected = self.expected(cases[0])["captions"]
        if not np.any(got[after_end(expected)] != NULL):
            return []
        return ["Right. One remark: after its `<END>`, a caption goes on. What comes there means "
                "nothing; let a row hold `<NULL>` from there on, and stop when all have ended."]

    def explain_more(self, function, case, attempt):
        """`<START>` in the first column can be seen whatever else is wrong."""
        got = as_numbers(attempt.outputs["captions"]) if attempt else None
        if got is None or got.ndim != 2 or got.size == 0 or np.any(got[:, 0] != START):
            return []
        return [] if got.shape[1] > case.given["max_length"] or np.all(got == START) else \
            [START_WRITTEN.sentence]

    def right(self, attempt, case):
        got, expected = attempt.outputs["captions"], self.expected(case)["captions"]
        return {"captions": self.alike(got, expected, "captions")
                and not wrong_kind(got, expected)}

    def alike(self, got, other, name, tolerance=0):
        """Equal up to the first `<END>` of each row of `other`."""
        got = as_numbers(got)
        if got is None or got.shape != other.shape:
            return False
        return bool(np.all((got == other) | after_end(other)))

    def narrow(self, case, name, got, right):
        """The first word that is not the best, given the words before it."""
        expected = self.expected(case)["captions"]
        if np.ndim(got) == 2 and self.alike(np.transpose(got), expected, name):
            return "`captions` is transposed, shape (max_length, N). Expected is (N, max_length)."
        if np.shape(got) != expected.shape:
            return super().narrow(case, name, got, right)
        wrong = (np.asarray(got) != expected) & ~after_end(expected)
        t = int(wrong.any(axis=0).argmax())
        n = int(wrong[:, t].argmax())
        words = {i: word for word, i in case.given["word_to_idx"].items()}
        said = f"`captions[{n}, {t}]` is `{words.get(int(got[n, t]), int(got[n, t]))}`, but the " \
               f"model's best word there is `{words[int(expected[n, t])]}`."
        if t == 0:
            return said + " It is the first word already: look at the first state, the word " \
                          "that is fed first, and the choice."
        return said + " The words before it are right: look at what is fed and which state is " \
                      f"used at time step {t}."


def after_end(captions):
    """Where a caption is already over (N, T)."""
    return np.cumsum(captions == END, axis=1) - (captions == END) > 0


# Models whose captions end at different lengths, use many words, and leave no room for doubt: the
# best word leads by at least 0.02. Found by trying seeds.
SEEDS = {"rnn": (692, 1082), "lstm": (2471, 468)}
SQUARE_SEED = {"rnn": 0, "lstm": 1}
SCALES = {"rnn": {}, "lstm": {"W_embed": 2, "W_proj": 0.5, "W_vocab": 2, "b_vocab": 0.4}}


def sample_cases(cell_type):
    def draw(label, seed, N=6, max_length=12, dtype=np.float64, equal=False):
        sizes = {**SIZES, "N": N, "T": max_length}
        sizes = dict.fromkeys(sizes, 6) if equal else sizes
        rng = np.random.RandomState(seed)
        given = {"features": rng.randn(6, sizes["D"])[:N], "max_length": sizes["T"],
                 "cell_type": cell_type, "word_to_idx": vocabulary(sizes["V"]),
                 **draw_params(rng, cell_type, sizes)}
        for name, scale in SCALES[cell_type].items():
            given[name] *= scale
        given["b_vocab"][[NULL, START]] -= 8  # as in a trained model, they are never chosen
        given["b_vocab"][END] -= 8 * equal  # of so few words, it would come too often
        return Case(label, cast(given, dtype), sizes, dtype)

    def cases():
        seed, other = SEEDS[cell_type]
        return [
            draw("", seed),
            draw("one picture only (N = 1)", seed, N=1),
            draw("other pictures", other),
            draw(SQUARE, SQUARE_SEED[cell_type], equal=True),
            _ending(draw("captions that all end early", seed)),
            draw("one word only (max_length = 1)", seed, max_length=1),
            draw("another max_length", seed, max_length=7),
            draw("a float32 model", seed, dtype=np.float32),
        ]

    return cases


def _ending(case):
    """Only the pictures whose captions end."""
    q = Quantities(Sample.all(), case.given)
    ends = (q.captions == END).any(axis=1)
    case.given["features"] = case.given["features"][ends]
    case.sizes["N"] = int(ends.sum())
    return case


def everywhere(q, word):
    """One word for each row (N,)."""
    return np.full(len(q.features), word)


def first_word(word):
    """What is fed at step t, when the first word fed is another than `<START>`."""
    return lambda q, t: q.usual.word_in(t) if t else everywhere(q, word)


def zeros(q):
    return np.zeros_like(q.h0)


def part(k, change):
    """The state at each step with one of its arrays changed."""
    return lambda q, t: [change(q, t, array) if i == k else array
                         for i, array in enumerate(q.usual.state_in(t))]


def until(over):
    """Columns kept until a whole-batch condition, then `<NULL>`."""

    def captions(q):
        words = q.usual.captions.copy()
        for t in range(q.T):
            if over(words, t):
                words[:, t + 1 :] = NULL
                break
        return words

    return captions


START_WRITTEN = Mistake(
    "start-written",
    "The first column is `<START>`. It is fed, but not part of the caption: the first column is "
    "the first word that the model chose.",
    recorded=lambda q, t: q.word_out(t - 1) if t else everywhere(q, START))

MISTAKES = [
    START_WRITTEN,  # in front, since it is seen together with others
    # The word that is fed
    Mistake("starts-from-null",
            "The first word that is fed is `<NULL>`. A caption starts with `<START>`: feed "
            "`self._start` at the first time step.",
            word_in=first_word(NULL)),
    Mistake("starts-from-end",
            "The first word that is fed is `<END>`. A caption starts with `<START>`: feed "
            "`self._start` at the first time step.",
            word_in=first_word(END)),
    Mistake("starts-from-unknown",
            "The first word that is fed is `<UNK>`. A caption starts with `<START>`: feed "
            "`self._start` at the first time step.",
            word_in=first_word(3)),
    Mistake("starts-from-zero-vector",
            "The first word vector is zero. A caption starts with the vector of `<START>`: feed "
            "`self._start` at the first time step.",
            x=lambda q, t: q.usual.x(t) if t else np.zeros_like(q.usual.x(t))),
    Mistake("same-word-fed",
            "`<START>` is fed at every time step: the word is never updated. After the first step, "
            "feed the word that was just chosen.",
            word_in=lambda q, t: everywhere(q, START)),
    Mistake("first-word-fed-on",
            "The first chosen word is fed at all later time steps. Feed the word that was just "
            "chosen.",
            word_in=lambda q, t: q.word_out(0) if t else everywhere(q, START)),
    Mistake("word-one-late",
            "The word that is fed is the one chosen a step too early: an index is off by one. Feed "
            "the word that was just chosen.",
            word_in=lambda q, t: q.word_out(t - 2) if t > 1 else everywhere(q, START)),
    Mistake("null-fed",
            "`<NULL>` (the zeros of an array not yet filled) is fed after the first time step. "
            "Feed the word that was just chosen.",
            word_in=lambda q, t: everywhere(q, NULL if t else START)),
    Mistake("null-always-fed",
            "`<NULL>` (the zeros of an array not yet filled) is fed at every time step. Feed "
            "`<START>` first, then the word that was just chosen.",
            word_in=lambda q, t: everywhere(q, NULL)),
    Mistake("first-rows-word-for-all",
            "All rows hold the caption of the first picture: its word (`word[0]`, `argmax` of the "
            "first row) or its features are used for every row. Each row goes on with its own.",
            choice=lambda q, t: everywhere(q, q.usual.choice(t)[0])),
    Mistake("first-rows-word-fed",
            "The word chosen for the first picture is fed to all pictures. Each row goes on with "
            "its own word.",
            word_in=lambda q, t: everywhere(q, q.word_out(t - 1)[0] if t else START)),
    Mistake("word-minus-one",
            "The vector of word - 1 is looked up: an index is off by one.",
            x=lambda q, t: q.W_embed[q.word_in(t) - 1]),
    Mistake("word-plus-one",
            "The vector of word + 1 is looked up: an index is off by one.",
            x=lambda q, t: q.W_embed[(q.word_in(t) + 1) % len(q.W_embed)]),
    Mistake("words-ignored",
            "The words are ignored: their vectors are zero.",
            x=lambda q, t: np.zeros_like(q.usual.x(t))),
    # The state
    Mistake("state-not-updated",
            "The hidden state is never updated: every time step starts from the first state. It "
            "has to start from the state that the step before returned.",
            state_in=lambda q, t: q.first_state),
    Mistake("state-zero",
            "Every time step starts from a state of zeros. The first starts from the projected "
            "features, each later one from the state before.",
            state_in=lambda q, t: [np.zeros_like(s) for s in q.first_state]),
    Mistake("state-two-steps-old",
            "A time step starts from the state of two steps before: an index is off by one.",
            state_in=lambda q, t: q.state_out(t - 2) if t > 1 else q.first_state),
    Mistake("state-stepped-twice",
            "The state goes two steps ahead for each word: the step is taken once for the scores "
            "and once more for the state.",
            state_out=lambda q, t: again(q, t)),
    Mistake("words-read-twice",
            "Each word is read twice: two steps are taken before the next word is chosen.",
            step=lambda q, t: again_from(q, t)),
    Mistake("state-stepped-before",
            "A step is taken before the loop and its scores are not used: `<START>` is fed twice.",
            state_in=lambda q, t: q.usual.state_in(t) if t else before(q)),
    Mistake("picture-ignored",
            "The picture is ignored: the first hidden state is zero. It has to be the projected "
            "features, `self.first_state(features)`.",
            h0=lambda q: np.zeros((len(q.features), len(q.b_proj)))),
    Mistake("picture-averaged",
            "All rows start from the mean of the pictures' features. Each row has its own.",
            h0=lambda q: np.repeat(q.usual.h0.mean(axis=0)[None], len(q.features), axis=0)),
    Mistake("b_proj-missing",
            "`b_proj` is missing: the first hidden state is `features @ W_proj + b_proj`.",
            h0=lambda q: q.features @ q.W_proj),
    Mistake("h0-tanh",
            "The projected features go through a tanh. The first hidden state is "
            "`features @ W_proj + b_proj` as it is.",
            h0=lambda q: np.tanh(q.usual.h0)),
    Mistake("h0-relu",
            "The projected features go through a ReLU. The first hidden state is "
            "`features @ W_proj + b_proj` as it is.",
            h0=lambda q: np.maximum(0, q.usual.h0)),
    Mistake("features-as-state",
            "The features are used as the first hidden state as they are. They have to be "
            "projected: `features @ W_proj + b_proj`.",
            h0=lambda q: q.features),
    Mistake("W_proj-transposed",
            "The features are multiplied by `W_proj.T`. It is `features @ W_proj + b_proj`.",
            h0=lambda q: q.features @ q.W_proj.T + q.b_proj),
    Mistake("picture-added-at-each-step",
            "The projected features are added to the hidden state at every time step. They are the "
            "state before the first one only.",
            state_in=lambda q, t: [q.usual.state_in(t)[0] + (q.h0 if t else 0),
                                   *q.usual.state_in(t)[1:]]),
    Mistake("state-projected-at-each-step",
            "The hidden state is projected with `W_proj` at every time step. That is for the "
            "features, once.",
            state_in=part(0, lambda q, t, h: h @ q.W_proj + q.b_proj if t else h)),
    # The scores and the choice
    Mistake("b_vocab-missing",
            "`b_vocab` is missing in the scores: they are `h @ W_vocab + b_vocab`.",
            scores=lambda q, t: q.step(t)[0] @ q.W_vocab),
    Mistake("old-state-scored",
            "The scores are computed from the state before the step. First take the step, then "
            "score the new hidden state.",
            scores=lambda q, t: q.state_in(t)[0] @ q.W_vocab + q.b_vocab),
    Mistake("scores-one-late",
            "The word is chosen by the scores of the step before.",
            choice=lambda q, t: q.scores(max(t - 1, 0)).argmax(axis=1)),
    Mistake("worst-word",
            "The word with the lowest score is chosen (`argmin`). The best one has the highest.",
            choice=lambda q, t: q.scores(t).argmin(axis=1)),
    Mistake("second-best",
            "The word with the second best score is chosen. Take the best one: `argmax`.",
            choice=lambda q, t: np.argsort(q.scores(t), axis=1)[:, -2]),
    Mistake("best-but-end",
            "`<END>` is never chosen, even when it has the best score.",
            choice=lambda q, t: without(q.scores(t), END)),
    Mistake("best-but-special",
            "A special word (`<UNK>`, `<END>`) is never chosen, even when it has the best score.",
            choice=lambda q, t: q.scores(t)[:, 4:].argmax(axis=1) + 4),
    Mistake("argmax-axis-0",
            "`argmax` is taken over the pictures (axis 0). The best word of each picture is along "
            "the axis of the vocabulary: axis 1.",
            choice=lambda q, t: q.scores(t).argmax(axis=0),
            ended=lambda q, t: np.zeros(len(q.features), dtype=bool)),
    Mistake("argmax-axis-0-and-ending",
            "`argmax` is taken over the pictures (axis 0), also to see which captions end. The "
            "best word of each picture is along the axis of the vocabulary: axis 1.",
            choice=lambda q, t: q.scores(t).argmax(axis=0)),
    Mistake("argmax-of-all",
            "`argmax` without an axis is the best of all rows together. Each picture has its own "
            "best word: `argmax(axis=1)`.",
            choice=lambda q, t: everywhere(q, q.scores(t).argmax() % q.scores(t).shape[1])),
    Mistake("argmax-of-mean",
            "The word is chosen by the mean of the scores of all pictures. Each picture has its "
            "own best word: `argmax(axis=1)`.",
            choice=lambda q, t: everywhere(q, q.scores(t).mean(axis=0).argmax())),
    Mistake("argmax-of-hidden-state",
            "The word is chosen by the hidden state. It has to become scores first: "
            "`h @ W_vocab + b_vocab`.",
            choice=lambda q, t: q.step(t)[0].argmax(axis=1)),
    Mistake("choice-minus-one",
            "The number of the word is one too low: words are numbered from 0, as `argmax` "
            "counts.",
            choice=lambda q, t: np.maximum(q.usual.choice(t) - 1, 0)),
    # What is written
    Mistake("start-in-front",
            "`<START>` is written in front, so there are max_length + 1 columns. The first column "
            "is the first word that the model chose.",
            captions=lambda q: np.stack([everywhere(q, START)] +
                                        [q.word_out(t) for t in range(q.T)], axis=1)),
    Mistake("written-one-late",
            "The words are written one column late: the first column stays `<NULL>`.",
            recorded=lambda q, t: q.word_out(t - 1) if t else everywhere(q, NULL)),
    Mistake("written-one-early",
            "The first word is missing: the first column is the second word that the model chose.",
            recorded=lambda q, t: q.word_out(t + 1)),
    Mistake("last-column-missing",
            "The last column stays `<NULL>`: the loop ends one step too early. It takes max_length "
            "steps.",
            recorded=lambda q, t: q.word_out(t) if t + 1 < q.T else everywhere(q, NULL)),
    Mistake("first-column-only",
            "Only the first column is written; the rest stays `<NULL>`. Write `captions[:, t]`.",
            recorded=lambda q, t: q.word_out(t) if t == 0 else everywhere(q, NULL)),
    Mistake("last-word-everywhere",
            "All columns hold the same word: the whole array is overwritten in each round. Write "
            "`captions[:, t]`.",
            recorded=lambda q, t: q.word_out(q.T - 1)),
    Mistake("last-word-everywhere-going-on",
            "All columns hold the same word, the last one that was chosen: the whole array is "
            "overwritten in each round. Write `captions[:, t]`.",
            ended=lambda q, t: np.zeros(len(q.features), dtype=bool),
            recorded=lambda q, t: q.choice(q.T - 1)),
    Mistake("first-row-only",
            "Only the first caption is written; the others stay `<NULL>`.",
            captions=lambda q: q.usual.captions * (np.arange(len(q.features)) == 0)[:, None]),
    Mistake("nothing-written",
            "All words are `<NULL>`: the array that is returned is never filled.",
            captions=lambda q: np.zeros((len(q.features), q.T), dtype=int)),
    Mistake("reversed",
            "The words of each caption are in reverse order.",
            captions=lambda q: q.usual.captions[:, ::-1]),
    Mistake("thirty-columns",
            "There are 30 columns whatever `max_length` says. It is an argument: (N, max_length).",
            captions=lambda q: np.stack([q.word_out(t) for t in range(30)], axis=1)),
    Mistake("one-column-less",
            "There are max_length - 1 columns. Expected is (N, max_length).",
            captions=lambda q: q.usual.captions[:, :-1]),
    # The end
    Mistake("batch-stops-at-first-end",
            "All captions stop when the first of them reaches `<END>`. Each row ends on its own; "
            "the others go on.",
            captions=until(lambda words, t: (words[:, t] == END).any())),
    Mistake("batch-stops-with-first-row",
            "All captions stop when that of the first picture reaches `<END>`. Each row ends on "
            "its own; the others go on.",
            captions=until(lambda words, t: words[0, t] == END)),
    Mistake("batch-stops-before-first-end",
            "All captions stop when the first of them reaches `<END>`, which is not even written. "
            "Each row ends on its own; the others go on.",
            captions=lambda q: q.usual.captions * (np.arange(q.T) < first_end(q))),
    Mistake("end-not-written",
            "`<END>` is not written: `<NULL>` stands in its place. It is the last word of a "
            "caption.",
            captions=lambda q: np.where(q.usual.captions == END, NULL, q.usual.captions)),
    Mistake("cut-to-longest",
            "The array is cut to the longest caption. Its shape is (N, max_length), whenever the "
            "captions end.",
            captions=lambda q: q.usual.captions[:, : longest(q)]),
]

# An LSTM that is all saturated hardly feels a projection of its state.
LSTM_MISTAKES = [m for m in MISTAKES if m.name != "state-projected-at-each-step"] + [
    Mistake("c0-is-h0",
            "The first cell state is the projected features too. It is zero, as in "
            "`self.first_state(features)`.",
            first_state=lambda q: [q.h0, q.h0]),
    Mistake("c-not-updated",
            "The cell state is never updated: every time step starts from a cell state of zeros.",
            state_in=part(1, lambda q, t, c: zeros(q))),
    Mistake("h-not-updated",
            "The hidden state is never updated, only the cell state is.",
            state_in=part(0, lambda q, t, h: q.h0)),
    Mistake("h-and-c-exchanged",
            "Hidden state and cell state are exchanged from step to step.",
            state_in=lambda q, t: q.usual.state_in(t)[:: -1 if t else 1]),
    Mistake("h-and-c-exchanged-always",
            "Hidden state and cell state are exchanged in every call: the state is the list "
            "`[h, c]`, in this order.",
            state_in=lambda q, t: q.usual.state_in(t)[::-1]),
    Mistake("c-is-h",
            "The hidden state is handed on as the cell state too.",
            state_in=lambda q, t: [q.usual.state_in(t)[0]] * 2 if t else q.first_state),
    Mistake("c-scored",
            "The scores are computed from the cell state. They come from the hidden state.",
            scores=lambda q, t: q.step(t)[1] @ q.W_vocab + q.b_vocab),
]


def again(q, t):
    """The state after reading the word of step t twice."""
    return step_from(q, q.x(t), q.step(t))


def again_from(q, t):
    """Two steps with the word of step t."""
    return step_from(q, q.x(t), step_from(q, q.x(t), q.state_in(t)))


def before(q):
    """The state after reading `<START>` once before the first step."""
    return step_from(q, q.W_embed[everywhere(q, START)], q.first_state)


def without(scores, word):
    """The best word but one."""
    return np.delete(scores, word, axis=1).argmax(axis=1) + (
        np.delete(scores, word, axis=1).argmax(axis=1) >= word)


def first_end(q):
    ends = (q.usual.captions == END).any(axis=0)
    return ends.argmax() if ends.any() else q.T


def longest(q):
    """How many columns hold a word, `<END>` included."""
    return max(int((q.usual.captions != NULL).sum(axis=1).max()), 1)


ADVICE = [
    ("word is of type|word has shape|word has dtype",
     "The word that is fed is an array (N,), one number for each picture: `<START>` N times at "
     "first (`np.full(N, self._start)`), then the best word of each row (`argmax(axis=1)`)."),
    ("broadcast", "`captions` is (N, max_length): time step t fills its column `captions[:, t]` "
     "with the chosen words (N,), one for each picture (`argmax(axis=1)`)."),
    ("state", "The state is the list that `self.first_state(features)` returns at first, then the "
     "one that `self.next_scores` returned."),
    ("out of bounds", "There are `max_length` columns and as many time steps, whatever "
     "`max_length` is.")]

SAMPLE = SampleExercise("sample", "rnn", mistakes=MISTAKES, advice=ADVICE,
                        notebook="RNN_Captioning",
                        helpers=[vanilla_rnn.RNN_STEP_FORWARD, word_embedding.FORWARD])
LSTM_SAMPLE = SampleExercise("lstm_sample", "lstm", mistakes=LSTM_MISTAKES, advice=ADVICE,
                             helpers=[lstm.LSTM_STEP_FORWARD, word_embedding.FORWARD])

EXERCISES = [SAMPLE, LSTM_SAMPLE]
