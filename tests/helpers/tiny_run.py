"""A training run so small that it takes a second, for tests of the solver and its checkpoints."""

import numpy as np

from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers.rnn import CaptioningRNN

WORDS = ["<NULL>", "<START>", "<END>", "<UNK>", "a", "red", "blue", "ball"]


def make_data(seed=0, num_train=40, num_val=15):
    """Random captions and features in the shape of a data set."""
    rng = np.random.default_rng(seed)
    data = {"idx_to_word": WORDS, "word_to_idx": {word: i for i, word in enumerate(WORDS)}}
    for split, size in (("train", num_train), ("val", num_val)):
        captions = rng.integers(3, len(WORDS), size=(size, 7)).astype(np.int32)
        captions[:, 0], captions[:, -1] = 1, 2
        data[f"{split}_captions"] = captions
        data[f"{split}_image_idxs"] = rng.integers(10, size=size).astype(np.int32)
        data[f"{split}_features"] = rng.standard_normal((10, 6)).astype(np.float32)
        data[f"{split}_urls"] = np.array([f"http://localhost/{i}.jpg" for i in range(10)])
    return data


def make_model(seed=1, cell_type="rnn", **sizes):
    """A model of tiny sizes; NumPy's global random state is then where `seed` leads."""
    np.random.seed(seed)
    sizes = {"input_dim": 6, "wordvec_dim": 5, "hidden_dim": 8, **sizes}
    return CaptioningRNN({word: i for i, word in enumerate(WORDS)}, cell_type=cell_type, **sizes)


def make_solver(model, data, **changes):
    """A solver with Adam, learning rate decay, and epochs of four iterations."""
    settings = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-2}, "lr_decay": 0.97,
                "batch_size": 10, "num_epochs": 10, "verbose": False}
    return CaptioningSolver(model, data, **{**settings, **changes})


def same_runs(a, b):
    """Whether two solvers have come to the very same place."""
    histories = ("loss_history", "val_iterations", "val_loss_history", "val_true_history")
    return (all(np.array_equal(a.model.params[name], b.model.params[name])
                for name in a.model.params)
            and all(getattr(a, name) == getattr(b, name) for name in histories))


def long_run(checkpoint_path):
    """The run that a test kills and resumes, from its start or from its checkpoint."""
    data, model = make_data(), make_model()
    try:
        return CaptioningSolver.resume(checkpoint_path, model, data)
    except FileNotFoundError:
        return make_solver(model, data, num_epochs=60, eval_every=30, clip_norm=4.0,
                           checkpoint_path=checkpoint_path, checkpoint_every=3)

