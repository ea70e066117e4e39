"""How true the captions of captioners that look are, and whether they look at what they name.

    python -m benchmarks.attention_truth                  three seeds of each, about ten minutes
    python -m benchmarks.attention_truth --seeds 0        one seed

Each is trained on Emoji Scenes with Adam, at a rate of 0.002 that falls after each epoch: the RNN
of 256 numbers with attention for four epochs (to 0.4 of what it was) of minibatches of 100, the
Transformer of width 128 for three (to a fifth) of minibatches of 50.
In the row "shuffled" the RNN is trained with the regions of other pictures.
"""

import argparse
import time

import numpy as np

from benchmarks.training_speed import print_table
from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers.fast_attention import FastCaptioningAttention
from cs231n.classifiers.fast_transformer import FastCaptioningTransformer
from cs231n.coco_utils import (
    EMOJI_SCENES,
    decode_captions,
    load_coco_data,
    regions_as_features,
)
from cs231n.looking import proof_of_looking
from cs231n.scenes import judge, load_scenes


def rnn_with_attention(word_to_idx):
    """The captioner of Attention_Captioning."""
    return FastCaptioningAttention(word_to_idx, wordvec_dim=256, hidden_dim=256)


# Epochs, what is left of the rate after each of them, captions in a minibatch, and what makes the
# captioner.
MAKERS = {
    "RNN with attention": (4, 0.4, 100, rnn_with_attention),
    "Transformer": (3, 0.2, 50, FastCaptioningTransformer),
    "RNN with attention, shuffled": (4, 0.4, 100, rnn_with_attention),
}


def trained(name, data, seed):
    """A captioner, trained, and the seconds of processor time that it took."""
    epochs, lr_decay, batch_size, make = MAKERS[name]
    np.random.seed(seed)
    if "shuffled" in name:
        order = np.random.permutation(len(data["train_features"]))
        data = {**data, "train_features": data["train_features"][order]}
    model = make(data["word_to_idx"])
    solver = CaptioningSolver(model, data, update_rule="adam", lr_decay=lr_decay,
                              num_epochs=epochs, batch_size=batch_size,
                              optim_config={"learning_rate": 2e-3},
                              verbose=False)
    start = time.process_time()
    solver.train()
    return model, time.process_time() - start


def judged(model, data, scenes):
    """The share of true captions of ordinary and of compositional scenes, and where it looked."""
    features, length = data["val_features"], data["val_captions"].shape[1]
    texts = decode_captions(model.sample(features, length), data["idx_to_word"])
    true = np.array([judge(text, scene).true for text, scene in zip(texts, scenes)])
    compositional = np.array([scene.compositional for scene in scenes])
    return (true[~compositional].mean(), true[compositional].mean(),
            proof_of_looking(model, features, scenes, data["idx_to_word"], length))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="(0 1 2)")
    options = parser.parse_args(arguments)
    data = regions_as_features(load_coco_data(base_dir=EMOJI_SCENES, regions=True))
    scenes, rows = load_scenes("val"), []
    for name in MAKERS:
        for seed in options.seeds:
            model, seconds = trained(name, data, seed)
            ordinary, compositional, looking = judged(model, data, scenes)
            shares = [""] * 3 if looking is None else [
                f"{100 * share:.0f} %" for share in (looking.weight, looking.strongest,
                                                     looking.chance)]
            rows.append([name, str(seed), f"{seconds:.0f} s", f"{100 * ordinary:.1f} %",
                         f"{100 * compositional:.1f} %", *shares])
            print(" | ".join(rows[-1]), flush=True)
    print()
    print_table(["", "seed", "processor time", "true: ordinary", "compositional",
                 "attention on the object named", "strongest region on it", "chance"], rows)


if __name__ == "__main__":
    main()
