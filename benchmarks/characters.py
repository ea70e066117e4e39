"""Letters or words: how true captions are that are written letter by letter, after more training.

    python -m benchmarks.characters                    LSTM and vanilla RNN, 2, 4 and 8 epochs
    python -m benchmarks.characters --epochs 2 --seeds 0 1 2

The captioners are those of the notebook Character_Captioning: 256 hidden units, Adam, a rate that
falls to a fifth before the last part of the run. The rows for words are there to compare.
"""

import argparse
import time

import numpy as np

from benchmarks.training_speed import print_table
from cs231n.captioning_solver import CaptioningSolver
from cs231n.characters import join_characters, spelled_data
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.coco_utils import EMOJI_SCENES, decode_captions, load_coco_data
from cs231n.metrics import plain, truth_table
from cs231n.scenes import load_scenes


def trained(data, wordvec_dim, cell, rate, epochs, seed):
    """A captioner, trained for some epochs, the last half of them at a fifth of the rate."""
    np.random.seed(seed)
    model = FastCaptioningRNN(data["word_to_idx"], 512, wordvec_dim, 256, cell_type=cell)
    solver = CaptioningSolver(model, data, update_rule="adam", lr_decay=1,
                              optim_config={"learning_rate": rate},
                              num_epochs=epochs // 2, verbose=False)
    start = time.process_time()
    solver.train()
    for config in solver.optim_configs.values():
        config["learning_rate"] = rate / 5
    solver.train()
    return model, time.process_time() - start


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, nargs="+", default=[2, 4, 8], help="(2 4 8)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="(0)")
    parser.add_argument("--cells", nargs="+", default=["lstm", "rnn"], help="(lstm rnn)")
    options = parser.parse_args(arguments)
    words, scenes, rows = load_coco_data(base_dir=EMOJI_SCENES), load_scenes("val"), []
    letters = spelled_data(words)
    kinds = {
        "letters": (letters, 32, {"lstm": 8e-3, "rnn": 2e-3},
                    lambda numbers: join_characters(numbers, letters["idx_to_word"])),
        "words": (words, 256, {"lstm": 2e-3, "rnn": 2e-3},
                  lambda numbers: plain(decode_captions(numbers, words["idx_to_word"])))}
    for cell in options.cells:
        for name, (data, wordvec_dim, rates, texts_of) in kinds.items():
            for epochs in options.epochs if name == "letters" else [2]:
                for seed in options.seeds:
                    model, seconds = trained(data, wordvec_dim, cell, rates[cell], epochs, seed)
                    length = data["train_captions"].shape[1] - 1
                    texts = texts_of(model.sample(data["val_features"], length))
                    said = [word for text in texts for word in text.split()]
                    table = truth_table(texts, scenes)
                    rows.append([
                        f"{cell}, {name}", str(epochs), str(seed), f"{seconds:.0f} s",
                        *(f"{100 * share:.1f} %" for share in (
                            table.ordinary, table.repeated, table.new, table.compositional)),
                        f"{sum(word not in words['word_to_idx'] for word in said)} of {len(said)}",
                        f"{sum(p.size for p in model.params.values()):,}"])
                    print(" | ".join(rows[-1]), flush=True)
    print()
    print_table(["", "epochs", "seed", "processor time", "true: ordinary", "content seen",
                 "content new", "compositional", "words that are none", "parameters"], rows)


if __name__ == "__main__":
    main()
