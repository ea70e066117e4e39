# %% [markdown]
# # How good is a caption?
#
# A captioner gives every word a score. That leaves two questions, and this notebook is about both:
#
# 1. **Which caption should it write?** Always taking the best word is one way. You will build two
#    others: drawing words at random, with a **temperature**, and following several captions at once,
#    in **beam search**.
# 2. **How good are its captions?** The usual scores, BLEU, ROUGE-L and CIDEr, compare a caption with
#    what people wrote. You will build the heart of BLEU, find out what such scores see and what they
#    do not, and hold them against something that photographs cannot offer: the truth.
#
# **Afterwards you can**
#
# - turn the scores of any language model into text in three ways, and say what each is good for;
# - read a table of BLEU, ROUGE-L and CIDEr, and name what has to stand beside it;
# - test whether a captioner looks at its picture.
#
# **Time:** two to three hours for the three exercises, half an hour more for the optional one at the end
# (our estimate, not yet measured on a class). The computing takes about a minute.
#
# **It needs** the softmax (from **Foundations**), and what a captioner reads and writes at each step
# (from **RNN_Captioning**; how an LSTM works inside does not matter here). **It is the fourth notebook**
# of the course; **Fast_Captioning** follows. Terms are explained in `docs/glossary.md`.
#
# `check(...)` below each exercise tells you what is wrong if something is. The layers, both cells and
# the solver are those of the notebooks before, and are imported here.

# %% include="setup"

# %%
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np

from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.coco_utils import COCO, EMOJI_SCENES, decode_captions, load_coco_data
from cs231n.decoding import (
    count_words,
    draw_words,
    greedy,
    keep_top_k,
    log_probability,
    log_softmax,
    write_words,
)
from cs231n.feedback import check
from cs231n.figure_texts import show_figure
from cs231n.gradient_check import rel_error, verdict
from cs231n.metrics import (
    brevity_penalty,
    captions_of_others,
    cider,
    constant_caption,
    distinct,
    leave_one_out,
    ngrams,
    plain,
    references_of,
    rouge_l,
    share_true,
    truth_table,
)
from cs231n.scenes import draw, judge, load_scenes
from cs231n.vis_utils import plot_loss, show_captions

# %% [markdown]
# ## Two captioners
#
# This notebook uses Emoji Scenes, since only there can a caption be proved true or false. The
# validation pictures come in two sorts. **Ordinary** ones are like those of training, but new.
# **Compositional** ones show something that training left out: two things that never meet there, or
# a thing in a setting where it never is.
#
# Each picture has five captions that describe it. They are the **references** that scores compare
# with.

# %%
data = load_coco_data(base_dir=EMOJI_SCENES)
scenes = load_scenes("val")
ordinary = np.array([not scene.compositional for scene in scenes])
references = references_of(data, "val")
training_captions = plain(decode_captions(data["train_captions"], data["idx_to_word"]))

print(
    f"{ordinary.sum()} ordinary and {(~ordinary).sum()} compositional "
    "validation pictures"
)
for reference in references[0]:
    print("   ", reference)

# %% [markdown]
# Train a vanilla RNN and an LSTM, both with few steps: they need not be perfect. It is better for us
# if they make mistakes. (`FastCaptioningRNN` computes the same as the captioner that you know,
# faster.)


# %%
def train_captioner(cell_type):
    """A captioner, trained; and the solver that trained it."""
    np.random.seed(231)
    model = FastCaptioningRNN(
        data["word_to_idx"],
        input_dim=512,
        wordvec_dim=128,
        hidden_dim=128,
        cell_type=cell_type,
    )
    solver = CaptioningSolver(
        model,
        data,
        update_rule="adam",
        optim_config={"learning_rate": 3e-3},
        lr_decay=0.2,
        num_epochs=2,
        batch_size=100,
        print_every=200,
    )
    solver.train()
    return model, solver


rnn, rnn_solver = train_captioner("rnn")
lstm, lstm_solver = train_captioner("lstm")

plot_loss({"RNN": rnn_solver.loss_history, "LSTM": lstm_solver.loss_history})
show_figure()

# %% [markdown]
# ### Perplexity: how sure is it of the next word?
#
# The loss is a sum over the words of a caption, so longer captions cost more, and the number itself says
# little. The **perplexity**, which you know from **RNN_Captioning**, takes it per word, and takes `exp`
# of it:
#
# $$\text{perplexity} = \exp\Big(-\frac{1}{\text{number of words}} \sum \log p(\text{each true word})\Big)$$
#
# At each word, the model is as unsure as one that has to choose among so many words that are all equally
# likely. One that knows nothing has the perplexity $V$, the size of the vocabulary; one that is always
# sure and right has 1. Like every score, it means little without something beside it. So here it is for
# our two captioners, on a true caption of each validation picture, and for three others: one to which all
# words are alike, one that knows how frequent each word is and nothing else, and the LSTM with the
# features of another picture. (`log_probability` adds up the logarithms for whole captions.)

# %%
features = data["val_features"]
_, first_caption = np.unique(data["val_image_idxs"], return_index=True)
true_words = data["val_captions"][first_caption, 1:]  # (1300, 16), without <START>
is_word = true_words != data["word_to_idx"]["<NULL>"]


def perplexity(model, features):
    """The perplexity of a model on the true captions of the validation pictures."""
    return np.exp(-log_probability(model, features, true_words).sum() / is_word.sum())


V = len(data["idx_to_word"])
seen = data["train_captions"][:, 1:]
frequency = (np.bincount(seen[seen != 0], minlength=V) + 1) / (np.sum(seen != 0) + V)
by_frequency = np.exp(-np.log(frequency[true_words[is_word]]).mean())
perplexities = {
    name: perplexity(model, features) for name, model in (("RNN", rnn), ("LSTM", lstm))
}
other_pictures = perplexity(lstm, np.roll(features, 1, axis=0))

print(f"all words equally likely: {V}")
verdict("perplexity, words by their frequency alone", by_frequency, at_least=40)
verdict("perplexity of the RNN", perplexities["RNN"], at_most=3)
verdict("perplexity of the LSTM", perplexities["LSTM"], at_most=2.6)
verdict(
    "perplexity of the LSTM, features of another picture", other_pictures, at_least=15
)

# %% [markdown]
# An untrained model would have to choose among about 200 words, the LSTM among two or three. And the
# picture matters: with the features of another picture, it is *sure* of the wrong things, and pays for
# that. Perplexity needs no caption to be written and no reference but the true words. That makes it the
# handiest figure while you train. What it does not tell is how good the captions are that the model
# writes when it has to go on from its own words.
#
# (A bound that a cell prints here lies outside of what three seeds gave, on the side where it would break
# if the text were wrong. `python -m benchmarks.notebook_bounds` measures them again.)
#
# A helper turns rows of word numbers into plain sentences.


# %%
def sentences(words):
    """Captions as texts, one for each row of word numbers."""
    return plain(decode_captions(words, data["idx_to_word"]))


greedy_words = {"RNN": greedy(rnn, features, 16), "LSTM": greedy(lstm, features, 16)}
for name, words in greedy_words.items():
    print(
        f"{name}: {100 * share_true(sentences(words), scenes):.1f} % "
        "of its captions are true"
    )

# %% [markdown]
# ## Part 1: from scores to a caption
#
# ### Temperature
#
# The softmax turns scores into probabilities. So a caption can also be *drawn*: at each step, take
# each word as often as its probability says. Two captions of one picture will then differ, as those
# of two people do. But a model gives every wrong word a little probability, and over ten words these
# little chances add up.
#
# A **temperature** $\tau$ (tau) tells how much risk to take. It divides the scores before the softmax:
#
# $$p_{n,v} = \frac{\exp(s_{n,v} / \tau)}{\sum_u \exp(s_{n,u} / \tau)}$$
#
# Dividing by a number below 1 makes differences between scores larger: the best words gain. Towards
# $\tau = 0$ the best word gets everything, which is greedy decoding. Above 1, all words come closer to
# each other.
#
# `scores` has shape `(N, V)`: a row for each caption, a column for each word. `exp(710)` is too large
# for a float64, and `exp(89)` for a float32. So make the largest score of each row 0 first, by
# subtraction: a number taken from all scores of a row cancels in the fraction.

# %% exercise="decoding.temperature_probabilities"
# Where does the temperature come in, before exp or after it?
# Nothing that goes into exp may be large.
# Each row has to add up to 1; with `keepdims=True`, sums of rows fit to the rows.

# %% [markdown]
# At temperature 0.5, every probability is squared before the rows are normalised again. That makes a
# check by hand easy:

# %%
small_scores = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]]))
squares = np.array([[0.01, 0.04, 0.49], [0.25, 0.0625, 0.0625]])
expected = squares / squares.sum(axis=1, keepdims=True)

sharp = temperature_probabilities(small_scores, 0.5)
verdict("probabilities error", rel_error(sharp, expected), at_most=1e-12)

# %%
check(temperature_probabilities)

# %% [markdown]
# Look at what the RNN expects after "a", the first word of a caption, at three temperatures:

# %%
state = rnn.first_state(features[:1])
for word in ("<START>", "a"):
    after_a, state = rnn.next_scores(np.array([data["word_to_idx"][word]]), state)
best = np.argsort(-after_a[0])[:8]

_, panels = plt.subplots(1, 3, figsize=(11, 2.8), sharey=True, layout="constrained")
for axes, temperature in zip(panels, (0.5, 1.0, 2.0)):
    heights = temperature_probabilities(after_a, temperature)[0, best]
    axes.bar(range(8), heights, color="#0072B2")
    axes.set_xticks(
        range(8), [data["idx_to_word"][v] for v in best], rotation=45, ha="right"
    )
    axes.set_title(f"temperature {temperature}")
panels[0].set_ylabel("probability")
show_figure()

# %% [markdown]
# The loop that writes a caption is the same as for greedy decoding, only the choice differs.
# `write_words` is that loop, and `draw_words` draws a word from each row of probabilities. `top_k` is
# another way to be careful: only the k best words may be drawn at all (`keep_top_k` gives all others
# the score $-\infty$).

# %% given="decoding.sample"

# %%
some = np.flatnonzero(ordinary)[:400]
some_scenes = [scenes[i] for i in some]
true_at = {}
for temperature in (0.3, 0.7, 1.0, 1.5):
    rng = np.random.default_rng(0)
    drawn = sentences(
        sample(lstm, features[some], 16, temperature=temperature, rng=rng)
    )
    table = truth_table(drawn, some_scenes)
    true_at[temperature] = table.ordinary
    print(
        f"temperature {temperature}: {100 * table.ordinary:.1f} % true, "
        f"{100 * table.grammatical:.1f} % grammatical, "
        f"{100 * distinct(drawn):.1f} % distinct"
    )
verdict(
    "truth lost from temperature 0.3 to 1.5, in points",
    100 * (true_at[0.3] - true_at[1.5]),
    at_least=40,
)

# %% [markdown]
# Variety has its price: six captions in ten, from the lowest temperature to the highest. At 1, the
# model's own probabilities, more than half of the captions are false already. Where one caption is
# wanted, and a true one, draw carefully or not at all.
#
# ### Beam search
#
# Greedy decoding never looks back. Say that "two" is the best first word, but only by a little, and
# that whatever follows "two" is improbable. A caption that begins with "a" may then be more probable
# as a whole, and greedy decoding never gets to see it.
#
# The probability of a caption is the product of the probabilities of its words, each given those
# before it. In logarithms it is a sum:
#
# $$\log p(w_1 \dots w_T) = \sum_t \log p(w_t \mid w_1 \dots w_{t-1})$$
#
# To find the best of all captions we would have to look at $V^T$ of them. **Beam search** is the
# compromise: it follows the $K$ best captions at once, the **beam**. At each step, every caption in
# the beam is continued with every word of the vocabulary. That makes $K V$ candidates, and the best
# $K$ of them are the next beam.
#
# ![Two captions in a beam are each continued with every word; the log-probabilities add up, and the two best of all candidates go on, here both from one caption.](pictures/beam_search.png)
#
# One step of it is your next exercise, for `N` pictures at a time. Note what it has to return: the
# new log-probabilities, and for each continuation **which caption** it continues, and **with which
# word**.
#
# You will need a function of NumPy that few people know. `np.argsort` gives *places*, one row of places
# for each row of numbers. `np.take_along_axis` fetches what stands at such places, row by row:

# %%
numbers = np.array([[30, 10, 20], [5, 7, 6]])
places = np.argsort(numbers, axis=1)  # upward
print(places)
print(
    np.take_along_axis(numbers, places[:, :2], axis=1), "the two smallest of each row"
)

# %% [markdown]
#
# | array | shape | what it holds |
# |---|---|---|
# | `totals` | `(N, K)` | the log-probability of each caption so far |
# | `log_probs` | `(N, K, V)` | the log-probability of each next word |
# | `new_totals`, `parents`, `words` | `(N, width)` | the best continuations, best first |

# %% exercise="decoding.beam_step"
# How probable is each continuation? That gives an array (N, K, V), by broadcasting.
# All continuations of a picture compete, so they belong into one row. Which are the best?
# A place in that row tells both the caption and the word: think of // and %.

# %% [markdown]
# A beam of two captions and a vocabulary of three words. Best is caption 0 with word 1, -1 - 0.5;
# then come two continuations of caption 1:

# %%
small_totals = np.array([[-1.0, -2.0]])
small_log_probs = np.array([[[-3.0, -0.5, -9.0], [-0.1, -4.0, -0.2]]])

new_totals, parents, next_words = beam_step(small_totals, small_log_probs, 3)
verdict(
    "new_totals error",
    rel_error(new_totals, np.array([[-1.5, -2.1, -2.2]])),
    at_most=1e-12,
)
print("parents:", np.asarray(parents).tolist(), "(expected [[0, 1, 1]])")
print("words:  ", np.asarray(next_words).tolist(), "(expected [[1, 0, 2]])")

# %%
check(beam_step)

# %% [markdown]
# Here is the search around your step. Four things in it are worth a second look.
#
# - **At the first step, only one caption counts.** All `K` captions of a beam begin as `<START>`, and if
#   all were continued, they would be `K` times the same. So all but one start with a log-probability of
#   $-\infty$.
#
# - **A caption that ends leaves the beam.** It is compared with the best caption so far, and the
#   search goes on until nothing in the beam can still beat that.
# - **Short captions have an advantage.** Every further word multiplies by a probability below 1. With
#   `length_power` the log-probability is divided by a power of the number of words, so that
#   captions of different lengths compete more fairly.
# - **A beam can lose the greedy caption on its way.** So the greedy caption is where the comparison
#   starts; the result is never less probable.

# %% given="decoding.beam_search"

# %%
totals_greedy = log_probability(lstm, features, greedy_words["LSTM"])

beam_words = beam_search(lstm, features, width=5, max_length=16)
gain = log_probability(lstm, features, beam_words) - totals_greedy
verdict("captions less probable than greedy", (gain < -1e-4).sum(), at_most=0)
verdict(
    "captions more probable than greedy",
    100 * (gain > 1e-4).mean(),
    at_least=30,
    unit="%",
)

# The three pictures whose caption has gained most: first the greedy captions, then the
# others.
most = np.argsort(-gain)[:3]
for title, words in (("greedy", greedy_words["LSTM"]), ("beam of 5", beam_words)):
    captions = sentences(words[most])
    correct = [judge(caption, scenes[i]).true for caption, i in zip(captions, most)]
    show_captions(
        [draw(scenes[i]) for i in most],
        captions,
        correct=correct,
        columns=3,
        title=title,
    )
    show_figure()

# %% [markdown]
# More probable, by the model's own opinion. Is it also better? And what does length normalisation
# do? Count on all 1,300 pictures.

# %%
normalised_words = beam_search(lstm, features, width=5, max_length=16, length_power=1.0)
written = {"greedy": greedy_words["LSTM"], "beam of 5": beam_words,
           "beam of 5, normalised": normalised_words}
tables = {
    title: truth_table(sentences(words), scenes) for title, words in written.items()
}
true_of = {
    title: 100 * share_true(sentences(words), scenes)
    for title, words in written.items()
}
length = {title: count_words(lstm, words).mean() for title, words in written.items()}
for title, table in tables.items():
    print(
        f"{title:22}  {true_of[title]:.1f} % true,  "
        f"{table.kinds_named:.2f} kinds named each"
    )

verdict(
    "truth gained by beam search, in points",
    true_of["beam of 5"] - true_of["greedy"],
    at_least=1,
)
verdict("truth gained by length normalisation, in points",
        true_of["beam of 5, normalised"] - true_of["beam of 5"], at_most=0)
verdict(
    "kinds named with a beam, as a share of greedy",
    100 * tables["beam of 5"].kinds_named / tables["greedy"].kinds_named,
    at_least=95,
    unit="%",
)
verdict(
    "words that a beam takes away", length["greedy"] - length["beam of 5"], at_least=0.1
)
verdict("words that length normalisation adds",
        length["beam of 5, normalised"] - length["beam of 5"], at_least=0.3)

# %% [markdown]
# Beam search pays: three to five more captions in a hundred are true. It shortens captions somewhat, and who
# says less is wrong less often; so see in the last column whether truth was bought with silence. Nearly
# not: the captions name about as many kinds of objects as before. Length normalisation makes captions
# longer, and here it gives a part of the gain back. That is no law. With other data, where a beam ends its
# sentences too early, it helps; machine translation is such a case (Wu and others, 2016).
#
# ## Part 2: how good is a caption?
#
# ### Counting shared words
#
# For a photograph nobody can prove a caption. So it is compared with what several people wrote. The
# simplest idea is a **precision**: how many of its words occur in a reference too? But "the the the
# the" would be perfect by that. Two refinements make it useful:
#
# - **Clip.** A word counts at most as often as it occurs in one of the references (the one that has
#   most of it). Of "the the the the", two count if no reference has more than two.
# - **n-grams.** Count pairs, triples and fours of neighbouring words too. Single words say what a
#   caption is about; four in a row say whether it is put into words as people do.
#
# The result is the **modified n-gram precision**, the heart of BLEU. Matches and n-grams are added up
# over *all* captions before dividing, so that a long caption weighs more than a short one.
#
# `ngrams(caption, n)` does the counting. It returns a `Counter`, a dictionary from each n-gram to how
# often it occurs. Counters know two useful operations: `a | b` takes the larger count of each entry,
# `a & b` the smaller. (And `a.values()` are the counts, as in every dictionary.)

# %%
print(ngrams("a dog and a dog", 2))
print(ngrams("a dog", 1) | ngrams("a a", 1), " ", ngrams("a dog", 1) & ngrams("a a", 1))

# %% exercise="metrics.modified_precision"
# How often may each n-gram of a caption count? Its references say that, all of them together.
# How many n-grams does the caption have, and how many of them may count?
# Both numbers are those of all captions, and are divided once.
# Mind captions with fewer than n words: nothing may be divided by 0.

# %% [markdown]
# The inventors of BLEU gave this example: "the" seven times in a row, where no reference has it more
# than twice.

# %%
seven = ["the the the the the the the"]
mat = [["the cat is on the mat", "there is a cat on the mat"]]

verdict(
    "error for seven times the",
    abs(modified_precision(seven, mat, 1) - 2 / 7),
    at_most=1e-12,
)
verdict(
    "error for pairs",
    abs(modified_precision(["the cat the cat on the mat"], mat, 2) - 4 / 6),
    at_most=1e-12,
)

# %%
check(modified_precision)

# %% [markdown]
# **BLEU-n** is the geometric mean of the precisions of 1 to n words. Precision alone would favour
# captions that say very little, so there is a **brevity penalty**: if all captions together are
# shorter than their references, the score is scaled down.

# %% given="metrics.bleu"

# %% [markdown]
# Two other scores are used beside it.
#
# **ROUGE-L** looks for the longest common *subsequence*: words that occur in both captions in the
# same order, gaps allowed. It joins precision and recall.
#
# **CIDEr** asks which n-grams say something. What stands in the references of every picture ("a",
# "in the") weighs nothing, what is rare weighs much. Each caption becomes a vector of weights, and the
# score is the cosine between caption and reference, times 10.
#
# Three captions of one picture, the last of which is wrong. (CIDEr weighs n-grams by how few pictures
# have them, so it needs other pictures beside this one. An empty caption scores 0. So the mean over two
# hundred pictures, all but one of which have an empty caption, times two hundred, is the score of the
# one.)

# %%
picture = int(np.flatnonzero([len(scene.groups) == 2 for scene in scenes[:199]])[0])
person, others_of_picture = references[picture][0], references[picture][1:]
half = " ".join(person.split()[: len(person.split()) // 2])
stranger = references[picture + 1][0]


def cider_of_one(caption):
    """CIDEr of one caption of `picture`, weighed by the references of two hundred
    pictures.
    """
    captions, around = [""] * 200, references[:200]
    captions[picture] = caption
    return 200 * cider(
        captions, around[:picture] + [others_of_picture] + around[picture + 1 :]
    )


for label, caption in (
    ("a person", person),
    ("half of it", half),
    ("other picture", stranger),
):
    alone = [caption], [others_of_picture]
    print(
        f"{label:14} BLEU-1 {bleu(*alone)[0]:.3f}  BLEU-2 {bleu(*alone)[1]:.3f}  "
        f"ROUGE-L {rouge_l(*alone):.3f}  CIDEr {cider_of_one(caption):.3f}   {caption}"
    )

# %% [markdown]
# ### What is a good score?
#
# A score means nothing without something beside it. Three comparisons cost nothing, and belong beside
# every score that you report:
#
# - **a person**: one of the five captions, scored against the other four. Is it the best that a captioner
#   can reach? Guess now; you will see below.
# - **a person, another picture**: good language that has nothing to do with the picture.
# - **a constant caption**: always the same sentence, chosen from the training captions for its common
#   phrases. It does not look at the picture at all.

# %%
people, others = leave_one_out(references)
constant = constant_caption(training_captions)
rows = {
    "a person": people,
    "other picture": captions_of_others(others),
    "constant": [constant] * len(others),
}
models = {name: sentences(words) for name, words in greedy_words.items()}
truth = {
    name: share_true(captions, scenes) for name, captions in {**rows, **models}.items()
}

print(f"constant caption: {constant!r}\n")
scores = {}
for name, captions in rows.items():
    scores[name] = bleu(captions, others)
    print(
        f"{name:15} BLEU-1 {scores[name][0]:.3f}  BLEU-4 {scores[name][3]:.3f}  "
        f"ROUGE-L {rouge_l(captions, others):.3f}  CIDEr {cider(captions, others):.3f}"
    )

verdict("BLEU-1 of the constant caption", scores["constant"][0], at_least=0.5)
verdict("true captions, constant", 100 * truth["constant"], at_most=1, unit="%")

# %% [markdown]
# A sentence that never looks at the picture gets more than half of its single words right. Now put the two
# captioners beside these, and beside every score the share of captions that are true.


# %%
def plot_bars(groups, title):
    """Bars side by side: for each name a dictionary of values from 0 to 1."""
    figure, axes = plt.subplots(figsize=(10, 3.4), layout="constrained")
    labels = list(next(iter(groups.values())))
    colours = ["#0072B2", "#56B4E9", "#E69F00", "#009E73"]
    for i, (label, colour) in enumerate(zip(labels, colours)):
        heights = [values[label] for values in groups.values()]
        bars = axes.bar(
            np.arange(len(groups)) + (i - 1.5) * 0.2,
            heights,
            0.19,
            color=colour,
            label=label,
            hatch=["", "//", "..", "xx"][i],
            edgecolor="white",
        )
        axes.bar_label(bars, [f"{height:.2f}" for height in heights], fontsize=8)
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set_ylim(0, 1.12)
    axes.set_title(title)
    axes.legend(ncols=4, frameon=False, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)


bars = {}
for name, captions in {**rows, **models}.items():
    all_bleu = bleu(captions, others)
    bars[name] = {"BLEU-1": all_bleu[0], "BLEU-4": all_bleu[3],
                  "ROUGE-L": rouge_l(captions, others), "true": truth[name]}
plot_bars(bars, "scores and truth, all validation pictures")
show_figure()

for name in models:
    verdict(
        f"BLEU-4 of the {name}, as a share of that of a person",
        100 * bars[name]["BLEU-4"] / bars["a person"]["BLEU-4"],
        at_least=102,
        unit="%",
    )
verdict("true captions of the LSTM", 100 * truth["LSTM"], at_most=80, unit="%")
verdict("different captions, people", 100 * distinct(people), at_least=95, unit="%")
verdict(
    "different captions, LSTM", 100 * distinct(models["LSTM"]), at_most=90, unit="%"
)

# %% [markdown]
# By BLEU-1 the constant caption is more than halfway to a person; by truth it is nowhere. And see what
# becomes of the two captioners. By every score here they are **better than a person**, the LSTM by 11 to
# 15 % in BLEU-4, while a quarter of its captions and more are false. So a person's score is no upper
# limit, and to be above it is no sign of being as good as a person. People put the same thing in
# different words; the captions of the network differ less. It has learned what is said most often, and
# that is what such scores reward. (On COCO it is the same: people reach a BLEU-4 of 0.217 there, and the
# captioner of Vinyals and others, in 2015, reached 0.277.)
#
# ### Where scores and truth disagree
#
# First come the false captions that ROUGE-L likes best: a wrong word or two in a sentence that is
# otherwise what people wrote. Then the true captions that it likes least: nobody happened to put it
# like that.

# %%
captions = models["LSTM"]
single = np.array([rouge_l([c], [r]) for c, r in zip(captions, others)])
is_true = np.array(
    [judge(caption, scene).true for caption, scene in zip(captions, scenes)]
)

liked = np.flatnonzero(~is_true)[np.argsort(-single[~is_true], kind="stable")[:3]]
disliked = np.flatnonzero(is_true)[np.argsort(single[is_true], kind="stable")[:3]]
for title, chosen in (
    ("false, and liked by ROUGE-L", liked),
    ("true, and disliked", disliked),
):
    if len(chosen):
        show_captions(
            [draw(scenes[i]) for i in chosen],
            [captions[i] for i in chosen],
            truth=[others[i][0] for i in chosen],
            correct=is_true[chosen],
            columns=3,
            title=title,
        )
        show_figure()

# %% [markdown]
# ### New combinations
#
# Do the captioners understand a picture by its parts, or do they remember? The compositional pictures
# tell. Here is the table of the LSTM. (RNN_Captioning shows the same for an RNN.)

# %%
table = truth_table(models["LSTM"], scenes)
print(table)

# %% [markdown]
# And now the scores of the same captions, on ordinary and on compositional pictures:

# %%
parts = {}
for name, part in (("ordinary", ordinary), ("compositional", ~ordinary)):
    part = np.flatnonzero(part)
    mine, theirs = [models["LSTM"][i] for i in part], [others[i] for i in part]
    part_bleu = bleu(mine, theirs)
    parts[name] = {
        "BLEU-1": part_bleu[0],
        "BLEU-4": part_bleu[3],
        "ROUGE-L": rouge_l(mine, theirs),
        "true": share_true(mine, [scenes[i] for i in part]),
    }
plot_bars(parts, "LSTM: scores and truth by sort of picture")
show_figure()

kept = {label: 100 * parts["compositional"][label] / parts["ordinary"][label]
        for label in parts["ordinary"]}
verdict("kept on compositional pictures, BLEU-1", kept["BLEU-1"], at_least=88, unit="%")
verdict("kept on compositional pictures, BLEU-4", kept["BLEU-4"], at_least=75, unit="%")
verdict("kept on compositional pictures, truth", kept["true"], at_most=80, unit="%")

# %% [markdown]
# BLEU-1 loses about a twentieth, BLEU-4 a tenth or two, and truth three or four tenths. Most of the words
# are still right: "a ... on the left of a ...". It is the one word that matters that is not.
#
# ### Does it look at the picture at all?
#
# A test that belongs to every captioner: give it the features of **other** pictures. If it keeps its
# score, it never looked.

# %%
shuffled_features = np.random.RandomState(0).permutation(features)

shuffled = sentences(greedy(lstm, shuffled_features, 16))
verdict(
    "true captions with shuffled features",
    100 * share_true(shuffled, scenes),
    at_most=2,
    unit="%",
)
verdict("BLEU-1 with shuffled features", bleu(shuffled, others)[0], at_least=0.4)

# %% [markdown]
# It looks: nearly nothing is true any more. Note what BLEU-1 says of the same captions, more than 0.4,
# which is more than a person's caption of another picture gets.

# %% [markdown]
# ### Photographs
#
# On COCO nobody can count true captions, so the baselines are all that is left to judge a score by.
# If the data set is in `datasets/coco_captioning`, the picture below shows them for its captions too.
# (The data set's authors report a BLEU-4 of 0.217 for a person: people describe a photograph in very
# different ways.)

# %%
compared = {f"scenes: {name}": (captions, others) for name, captions in rows.items()}
if (COCO / "coco2014_captions.h5").is_file():
    coco = load_coco_data(base_dir=COCO)
    coco_references = [r for r in references_of(coco, "val")[:3000] if len(r) >= 5]
    coco_people, coco_others = leave_one_out(coco_references)
    coco_training = plain(
        decode_captions(coco["train_captions"][:20000], coco["idx_to_word"])
    )
    coco_constant = constant_caption(coco_training)
    compared["COCO: a person"] = coco_people, coco_others
    compared["COCO: other picture"] = captions_of_others(coco_others), coco_others
    compared["COCO: constant"] = [coco_constant] * len(coco_others), coco_others

groups = {}
for name, pair in compared.items():
    all_bleu = bleu(*pair)
    groups[name] = {
        "BLEU-1": all_bleu[0],
        "BLEU-4": all_bleu[3],
        "ROUGE-L": rouge_l(*pair),
    }
plot_bars(groups, "baselines")
show_figure()

# %% [markdown]
# ### Inline question
#
# A paper reports that a new captioner raises BLEU-4 on COCO from 0.30 to 0.33. Name two things that
# you would want to see before you believe that its captions have become better.

# %% [markdown] answer
# **What the score would be without looking.** A constant caption, captions for shuffled features, and
# a person against the others, scored in the same way. A gain of 0.03 may come from putting things
# more often as most people do: BLEU rewards common phrases, and says nothing of whether they are true.
#
# **Captions that can be proved wrong.** BLEU adds up all words; the one word that makes a caption false
# weighs no more than an "a". So: a sample judged by people for truth, or pictures with new combinations
# of familiar things, where a captioner that remembers falls behind one that looks. It also helps to
# see how much the captions say and how much they vary, since saying little is safe.

# %% [markdown]
# ## What you have
#
# You can turn a captioner's scores into captions in three ways, and you know what each is good for:
# greedy for one safe caption, beam search for the most probable one, temperature for variety. And you
# can judge captions: you know how BLEU counts, what it cannot see, and what to put beside it.
#
# ### Recap
#
# Answer from memory, then look it up.
#
# 1. Why does drawing words at temperature 1 give so many false captions, although each word is
#    drawn by the model's own probability?
# 2. What do the two refinements of the modified precision prevent?
# 3. A captioner has a higher BLEU-4 than people. What does that mean?

# %% [markdown] answer
# 1. Every wrong word has a little probability, and a caption has some nine words: if each is
#    right with 90 %, all nine are with 39 %. And after a wrong word the model goes on from there.
# 2. Clipping prevents that a caption earns by repeating a common word. Longer n-grams prevent
#    that it earns by right words in the wrong order. Neither prevents that it is false.
# 3. That it puts things as most people do, more than a single person does. By itself it does not
#    mean that its captions are true; in this notebook more than a quarter of them are not.

# %% [markdown]
# ### Try it
#
# 1. How does truth depend on the width of the beam? Try 1, 2, 5 and 10. Is more always better?
# 2. Put the words of each caption into alphabetical order, `" ".join(sorted(caption.split()))`. Which of
#    BLEU-1, BLEU-4, ROUGE-L and CIDEr notice, and how much?
# 3. Draw at temperature 1, with `top_k=3`. Which temperature without `top_k` gives as many true
#    captions, and which of the two gives more different ones?

# %% [markdown] answer
# 1. Two seeds gave 72.6, 75.1, 76.3 and 76.8 % true, and 74.8, 77.1, 78.6 and 79.2 %. Most of the gain
#    comes with the second caption; each further one adds less, and costs as much time.
# 2. BLEU-1 cannot notice: it stays at 0.87. BLEU-4 falls from 0.55 to 0.03, ROUGE-L from 0.75 to 0.53,
#    CIDEr from 3.0 to 1.6. By BLEU-1, a heap of words is as good as a sentence.
# 3. A temperature of about 0.7 (two seeds: 55 and 62 %, beside 55 and 63 %). The variety is the same too:
#    two draws differ for 95 to 97 pictures in a hundred, either way.

# %% [markdown]
# ## Optional: several captions that differ
#
# A program that describes pictures to people who cannot see them may offer three captions and not one.
# The three best of a beam are nearly the same sentence, though, and three drawn at random are false too
# often. **Diverse beam search** goes between: the captions of a picture choose their next words *one
# after the other*, and each word that a caption before has just chosen is made less attractive, by
# taking `strength` from its log-probability, once for each time that it was chosen.
#
# What is taken away counts for the choice only. The total of a caption is the model's own
# log-probability.
#
# | array | shape | what it holds |
# |---|---|---|
# | `totals` | `(N, G)` | the log-probability of each of a picture's `G` captions so far |
# | `log_probs` | `(N, G, V)` | the log-probability of each next word after each caption |
# | `new_totals`, `words` | `(N, G)` | each caption with its new word |

# %% exercise="decoding.diverse_step"
# One caption after the other, all pictures at once.
# Keep account of how often each word was chosen for a picture: an array (N, V).
# What does a word gain a caption that chose it?

# %%
small_log_probs = np.log(
    np.array([[[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.5, 0.3, 0.2]]])
)
expected_totals = [-1, -2, -3] + np.log([[0.6, 0.4, 0.5]])

diverse_totals, diverse_words = diverse_step(
    np.array([[-1.0, -2.0, -3.0]]), small_log_probs, 0.5
)
verdict("new_totals error", rel_error(diverse_totals, expected_totals), at_most=1e-12)
print("words:", np.asarray(diverse_words).tolist(), "(expected [[0, 1, 0]])")

# %%
check(diverse_step)

# %% [markdown]
# The loop around it is that of the other decoders:

# %% given="decoding.diverse_captions"

# %%
def true_of_three(three):
    """For each of the 400 pictures, how many of its captions (400, 3, T) are true."""
    texts = [sentences(three[:, k]) for k in range(3)]
    return np.sum(
        [
            [
                judge(caption, scene).true
                for caption, scene in zip(captions, some_scenes)
            ]
            for captions in texts
        ],
        axis=0,
    )


rng = np.random.default_rng(0)
offers = {"drawn at temperature 1": np.stack(
    [sample(lstm, features[some], 16, rng=rng) for _ in range(3)], axis=1)}
offers["diverse"] = diverse_captions(lstm, features[some], 3, 16, strength=1.0)
hits = {title: true_of_three(three) for title, three in offers.items()}
for title, three in offers.items():
    different = np.mean([len(set(map(tuple, rows))) for rows in three.tolist()])
    print(f"{title:23} {different:.2f} different captions of 3")
one = 100 * np.mean([judge(caption, scene).true for caption, scene
                     in zip(sentences(greedy_words["LSTM"][some]), some_scenes)])
verdict("one of three is true, diverse, more than the greedy one, in points",
        100 * (hits["diverse"] > 0).mean() - one, at_least=5)
verdict(
    "one of three is true, drawn",
    100 * (hits["drawn at temperature 1"] > 0).mean(),
    at_most=75,
    unit="%",
)

# %% [markdown]
# Three different captions, and for nearly nine pictures in ten one of them is true; of the single greedy
# captions it is eight in ten, and of three drawn at random not seven. To find out by running: which
# `strength` is best, and what becomes of the second and the third caption when it is large?
#
# ## Sources, and where to go next
#
# - K. Papineni, S. Roukos, T. Ward, W.-J. Zhu: *BLEU: a Method for Automatic Evaluation of Machine
#   Translation*, ACL 2002. C.-Y. Lin: *ROUGE: A Package for Automatic Evaluation of Summaries*, 2004.
#   R. Vedantam, C. L. Zitnick, D. Parikh: *CIDEr: Consensus-based Image Description Evaluation*, CVPR
#   2015.
# - X. Chen and others: *Microsoft COCO Captions: Data Collection and Evaluation Server*, 2015. How these
#   scores are computed for COCO, and what people reach.
# - O. Vinyals, A. Toshev, S. Bengio, D. Erhan: *Show and Tell: A Neural Image Caption Generator*, and A.
#   Karpathy, L. Fei-Fei: *Deep Visual-Semantic Alignments for Generating Image Descriptions*, both CVPR
#   2015. Captioners, and beam search for them.
# - Y. Wu and others: *Google's Neural Machine Translation System*, 2016. Length normalisation. A.
#   Vijayakumar and others: *Diverse Beam Search*, AAAI 2018. A. Holtzman and others: *The Curious Case of
#   Neural Text Degeneration*, ICLR 2020. Why the most probable text is not always the best.
# - P. Anderson and others: *SPICE: Semantic Propositional Image Caption Evaluation*, ECCV 2016, and A.
#   Rohrbach and others: *Object Hallucination in Image Captioning*, EMNLP 2018. Scores that ask what a
#   caption says, and whether it is there.
#
# **Next:** `Fast_Captioning` makes the captioner about twice as fast, and shows how one finds out what is
# slow.

# %%
check.summary()
