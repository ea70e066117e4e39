"""The features are what captions are learned from: shuffled, they teach nothing about pictures."""

import numpy as np
import pytest

from cs231n.captioning_solver import CaptioningSolver
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.coco_utils import decode_captions, load_coco_data
from cs231n.scenes import judge, load_scenes
from cs231n.scenes.bundled import FOLDER

ORDINARY = 1000


@pytest.fixture(scope="module")
def captioner():
    """A captioner after one pass over the training captions, and the data."""
    np.random.seed(0)
    data = load_coco_data(FOLDER)
    model = FastCaptioningRNN(data["word_to_idx"], wordvec_dim=64, hidden_dim=128)
    solver = CaptioningSolver(model, data, update_rule="adam", optim_config={"learning_rate": 5e-3},
                              num_epochs=1, batch_size=100, lr_decay=1.0, verbose=False)
    solver.train()
    return model, data


def share_true(captioner, features):
    model, data = captioner
    captions = decode_captions(model.sample(features, max_length=16), data["idx_to_word"])
    scenes = load_scenes("val")[:ORDINARY]
    return np.mean([judge(caption, scene).true for caption, scene in zip(captions, scenes)])


def test_captions_come_from_the_features(captioner):
    features = captioner[1]["val_features"][:ORDINARY]
    shuffled = np.random.RandomState(1).permutation(features)
    assert share_true(captioner, features) > 0.3
    assert share_true(captioner, shuffled) < 0.03
