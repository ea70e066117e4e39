"""What validation during training costs, as a share of the time.

    python -m benchmarks.validation_cost            about a minute

With the settings of `python -m cs231n.train`: a validation of `--eval-size` captions and pictures
every `--eval-every` iterations. Training and validation are timed in turns, so that a busy machine
slows both alike; the median of each counts.
"""

import time

import numpy as np

from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.coco_utils import EMOJI_SCENES, load_coco_data
from cs231n.train import make_parser

ROUNDS, STEPS = 7, 10


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(model_class, cell_type, data, settings):
    """Seconds of one iteration and of one validation."""
    np.random.seed(0)
    model = model_class(data["word_to_idx"], 512, settings.wordvec, settings.hidden, cell_type)
    solver = CaptioningSolver(model, data, update_rule="adam", batch_size=settings.batch_size,
                              eval_every=settings.eval_every, eval_size=settings.eval_size,
                              optim_config={"learning_rate": 3e-3}, num_epochs=1, verbose=False)
    for _ in range(150):  # captions are then of the usual length
        solver._step()
    steps, validations = [], []
    for _ in range(ROUNDS):
        steps.append(seconds(lambda: [solver._step() for _ in range(STEPS)]) / STEPS)
        validations.append(seconds(lambda: solver._validate(print)))
    return np.median(steps), np.median(validations)


def main():
    data = load_coco_data(base_dir=EMOJI_SCENES)
    settings = make_parser().parse_args([])
    print(f"{settings.eval_size} captions and pictures every {settings.eval_every} iterations")
    print("model              iteration  validation  share of the time")
    for model_class in (CaptioningRNN, FastCaptioningRNN):
        for cell_type in ("rnn", "lstm"):
            step, validation = measure(model_class, cell_type, data, settings)
            share = validation / (validation + settings.eval_every * step)
            name = f"{'fast' if model_class is FastCaptioningRNN else 'plain'} {cell_type}"
            print(f"{name:18} {1000 * step:6.1f} ms {1000 * validation:8.1f} ms "
                  f"{100 * share:8.1f} %")


if __name__ == "__main__":
    main()
