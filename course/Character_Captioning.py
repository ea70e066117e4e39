# %% [markdown]
# # Letter by letter
#
# **RNN_Captioning** asked (inline question 1) what would change if the captioner wrote characters instead
# of words, and you answered by thinking. Here you answer by experiment: the same pictures, the same
# captions, the same network, and only the alphabet changes.
#
# **Afterwards you can**
#
# - turn a data set of words into one of characters, so that everything else runs unchanged;
# - compare two models that do not even predict the same things;
# - say what a vocabulary costs, and what it saves.
#
# **Time:** about an hour (our estimate, not yet measured on a class). The computing takes about a minute
# and a half.
#
# **It needs** the captioner of **RNN_Captioning** and the LSTM, both ready-made here. Terms are explained in
# `docs/glossary.md`.

# %% include="setup"

# %%
import numpy as np

from cs231n.captioning_solver import CaptioningSolver
from cs231n.characters import character_vocabulary, join_characters
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.coco_utils import EMOJI_SCENES, decode_captions, load_coco_data
from cs231n.decoding import log_probability
from cs231n.feedback import check
from cs231n.figure_texts import show_figure
from cs231n.gradient_check import verdict
from cs231n.metrics import plain, truth_table
from cs231n.scenes import draw, judge, load_scenes
from cs231n.vis_utils import plot_loss, show_captions

# %% [markdown]
# ## An alphabet
#
# The captioner never sees words, only their numbers. So a captioner of characters needs no new network,
# only other numbers: one for each letter, one for the space, and the four special tokens as before.

# %%
data = load_coco_data(base_dir=EMOJI_SCENES)
scenes = load_scenes("val")

idx_to_char = character_vocabulary(data["idx_to_word"])
char_to_idx = {character: i for i, character in enumerate(idx_to_char)}
print(len(data["idx_to_word"]), "words,", len(idx_to_char), "characters:")
print(idx_to_char)

# %% [markdown]
# ### Exercise: spell
#
# A caption of words is a row of T = 17 numbers: `<START>`, the words, `<END>`, then `<NULL>`. Spelled, it is
# a longer row:
#
# | | |
# |---|---|
# | words | `<START>` `a` `cat` `<END>` `<NULL>` |
# | characters | `<START>` `a` ` ` `c` `a` `t` `<END>` |
#
# Between two words stands a space, which is a character like any other: the network has to learn where
# words end. `<UNK>` stands for a word that nobody knows, so nobody can spell it: it stays one token. All
# rows become as long as the longest.

# %% exercise="characters.spell_captions"
# For each caption: the words between <START> and <END>, then their characters, one after the other.
# A str is a sequence of its characters. What about "<UNK>"?
# Only when all rows are there do you know how long the longest is.

# %%
captions = data["train_captions"][:3]
spelled = spell_captions(captions, data["idx_to_word"], char_to_idx)
print("captions", captions.shape, "spelled", spelled.shape)
for row in spelled:
    print(" ".join(idx_to_char[number] for number in row if number > 0))

longest = max(map(len, decode_captions(captions[:, 1:], data["idx_to_word"])))
# A text ends with " <END>", 6 characters too many; <START> and <END> are two tokens.
verdict("columns beyond those needed", spelled.shape[1] - (longest - 6 + 2), at_most=0)

# %%
check(spell_captions)

# %% [markdown]
# Now everything else can stay as it is: minibatches, layers, loss, solver. `join_characters` is the way
# back from numbers to text.

# %%
spelled_data = dict(data)
for split in ("train", "val"):
    spelled_data[f"{split}_captions"] = spell_captions(
        data[f"{split}_captions"], data["idx_to_word"], char_to_idx
    )
spelled_data |= {"idx_to_word": idx_to_char, "word_to_idx": char_to_idx}

# %%
texts = plain(decode_captions(data["val_captions"], data["idx_to_word"]))
back = join_characters(spelled_data["val_captions"], spelled_data["idx_to_word"])
differing = sum(text != same for text, same in zip(texts, back))
verdict("captions that do not come back as they were", differing, at_most=0)

steps = {
    "words": np.mean(np.sum(data["train_captions"][:, 1:] > 0, axis=1)),
    "characters": np.mean(np.sum(spelled_data["train_captions"][:, 1:] > 0, axis=1)),
}
verdict("characters in a caption for each word, with <END>",
        steps["characters"] / steps["words"], at_least=3.5, at_most=6)

# %% [markdown]
# ## Two captioners
#
# Both are an LSTM with 256 hidden units, and both read the same 80,000 captions with their pictures. The word
# vectors have 256 numbers. Characters get 32: there are only a few of them to tell apart.
#
# **Predict, before you run the next cells:** which of the two has fewer parameters, and by how much? Which
# has the lower loss for a caption? Which one writes more true captions? Write your guesses down.

# %%
SIZES = {"words": (data, 256, 2e-3), "characters": (spelled_data, 32, 8e-3)}


def make(name):
    """A captioner and its solver, for words or for characters."""
    its_data, wordvec_dim, learning_rate = SIZES[name]
    np.random.seed(231)
    model = FastCaptioningRNN(
        its_data["word_to_idx"], 512, wordvec_dim, 256, cell_type="lstm"
    )
    solver = CaptioningSolver(
        model,
        its_data,
        update_rule="adam",
        optim_config={"learning_rate": learning_rate},
        lr_decay=0.2,
        num_epochs=1,
        batch_size=100,
        print_every=200,
    )
    return model, solver


models, solvers = {}, {}
for name in SIZES:
    models[name], solvers[name] = make(name)

for name, model in models.items():
    sizes = {key: p.size for key, p in model.params.items()}
    total, in_tables = sum(sizes.values()), sizes["W_embed"] + sizes["W_vocab"]
    print(f"{name:10} {total:7,} parameters, {in_tables:7,} of them in the two tables")

saved = 1 - (sum(p.size for p in models["characters"].params.values())
             / sum(p.size for p in models["words"].params.values()))
verdict("parameters saved by characters", 100 * saved, at_least=35, unit="%")

# %% [markdown]
# ## Training, and what is learned when
#
# Each trains for two epochs. After each epoch all validation pictures get a caption, and three questions
# are asked of it, each harder than the one before:
#
# - are its **words** words of the vocabulary?
# - does it follow the **grammar**?
# - is it **true** of its picture?


# %%
def write(name):
    """Captions of all validation pictures, as texts."""
    model, length = models[name], SIZES[name][0]["train_captions"].shape[1]
    numbers = model.sample(data["val_features"], max_length=length - 1)
    if name == "characters":
        return join_characters(numbers, spelled_data["idx_to_word"])
    return plain(decode_captions(numbers, data["idx_to_word"]))


def judged(texts):
    """The shares of words that exist, of grammatical captions, and of true ones."""
    words = [word for text in texts for word in text.split()]
    found = [judge(text, scene) for text, scene in zip(texts, scenes)]
    return {
        "words that exist": np.mean([word in data["word_to_idx"] for word in words]),
        "grammatical": np.mean([verdict.grammatical for verdict in found]),
        "true": np.mean([verdict.true for verdict in found]),
    }


written, stages = {}, {name: [] for name in SIZES}
for name, solver in solvers.items():
    for epoch in (1, 2):
        solver.train()
        written[name] = write(name)
        stages[name].append(judged(written[name]))
        print(name, "after epoch", epoch, end=": ")
        print(", ".join(f"{100 * v:.0f} % {k}" for k, v in stages[name][-1].items()))

# %% [markdown]
# ### Two losses that can be compared
#
# The two predict different things, and more of them in one case than in the other. Still, their losses mean
# the same. The captioner's loss is the sum over all time steps of $-\log p(\text{next} \mid \text{before})$, a
# mean over captions only. The product of those probabilities is the probability of the **whole caption**, and
# a caption is the same caption however it is cut into pieces. (Had we taken the mean over time steps, the
# letters would look far better for no reason: most letters of a word can be guessed from the first ones.)

# %%
plot_loss({name: solver.loss_history for name, solver in solvers.items()}, log=True)
show_figure()

chosen = np.random.RandomState(0).choice(len(data["val_captions"]), 1000, replace=False)
pictures = data["val_features"][data["val_image_idxs"][chosen]]
cost = {
    name: -log_probability(
        models[name], pictures, SIZES[name][0]["val_captions"][chosen, 1:]
    ).mean()
    for name in SIZES
}
for name, nats in cost.items():
    print(f"{name:10} {nats:.2f} nats a caption, {nats / steps[name]:.2f} a step")
# 3.9 with this seed; were the two equally good, it would be 0.
verdict("nats a caption that letters cost beyond words",
        cost["characters"] - cost["words"], at_least=1)
verdict("nats a step, characters in parts of words",
        (cost["characters"] / steps["characters"]) / (cost["words"] / steps["words"]),
        at_most=0.6)

# %% [markdown]
# Letter by letter, a *step* is easier, and the *caption* is harder.
#
# ### How many are true?

# %%
found = {name: truth_table(texts, scenes) for name, texts in written.items()}
for name, table in found.items():
    print(name)
    print(table)
    print()

# Three seeds: 82.0 to 83.3 % with words, 29.6 to 37.9 % with letters.
verdict("true on ordinary scenes, words", 100 * found["words"].ordinary,
        at_least=78, unit="%")
verdict("points lost by letters", 100 * (found["words"].ordinary
                                         - found["characters"].ordinary), at_least=20)
verdict("words that exist, written by letters",
        100 * stages["characters"][-1]["words that exist"], at_least=98, unit="%")

# %%
ordinary = [i for i, scene in enumerate(scenes) if not scene.compositional]
some = np.random.RandomState(5).choice(ordinary, 8, replace=False)
texts = [written["characters"][i] for i in some]
show_captions(
    [draw(scenes[i]) for i in some],
    texts,
    correct=[judge(text, scenes[i]).true for text, i in zip(texts, some)],
    columns=4,
    title="letter by letter",
)
show_figure()

made_up = sorted({word for text in written["characters"] for word in text.split()}
                 - set(data["word_to_idx"]))
print("words that are none, at most ten:", made_up[:10])

# %% [markdown]
# Spelling and grammar are learned within the first epoch; truth is not. What the letter captioner writes
# reads like captions of the set, and says the wrong things of the picture. It sees the picture once, before
# the first letter, has to carry what it saw over some forty steps, and gradients as far back.
#
# ### Inline question 1, once more
#
# So what is the advantage of letters, what the disadvantage? Answer with the figures that you have now, and
# say what they do *not* show.

# %% [markdown] answer
# **The advantage** is in the tables: they nearly vanish. Most of what is saved here is the table of word
# vectors and that of scores; with COCO's 1,004 words it would be more. Nothing is `<UNK>` that can be spelled.
#
# **The disadvantage** is in the steps: four times as many, one after the other. In the same number of
# iterations the letters reach far fewer true captions, and each iteration takes about three times as long.
# More training closes part of the gap: `python -m benchmarks.characters` measures how much (the share of
# true captions still rises after four times as many iterations).
#
# **What this does not show.** The set has about two hundred words, and every one is frequent. Where words are
# many and rare, with names, typing errors, other languages, letters look better. Today's language models
# take neither: they cut text into **pieces of words** (byte pair encoding), so that frequent words are one
# piece, and anything can still be spelled.

# %% [markdown]
# ## What you have
#
# - A data set is an agreement on numbers. Change the numbers, and the same network writes letters.
# - Losses are compared per *caption*, what both models predict, and not per step.
# - Fewer parameters do not make a problem easier: what was in the tables has to be done in time.
#
# ### Try it
#
# 1. Write every word that occurs fewer than 50 times letter by letter, and keep the others whole. Which
#    vocabulary do you get, and how true are the captions?
# 2. Give the letter captioner attention (**Attention_Captioning**): what it saw is then there at every step,
#    and need not be carried. Predict first which of the three shares gains most.
#
# ## Sources, and where to go next
#
# - A. Karpathy: *The Unreasonable Effectiveness of Recurrent Neural Networks*, 2015. What networks of letters
#   learn, and in which order.
# - I. Sutskever, J. Martens, G. Hinton: *Generating Text with Recurrent Neural Networks*, ICML 2011.
# - R. Sennrich, B. Haddow, A. Birch: *Neural Machine Translation of Rare Words with Subword Units*, ACL 2016.
#   Pieces of words.
#
# **Next:** **Attention_Captioning**, if you have not been there: a captioner that looks again at every word.

# %%
check.summary()
