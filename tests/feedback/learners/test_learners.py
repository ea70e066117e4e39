"""What `check` says about functions as learners write them."""

import pytest

from . import (  # noqa: F401
    attention,
    characters,
    eighth_batch_layers,
    evaluating,
    fast,
    fifth_batch,
    fourth_batch,
    loss,
    lstm,
    pictures,
    sampling,
    second_batch,
    seventh_batch_layers,
    sixth_batch_captioner,
    sixth_batch_later,
    sixth_batch_layers,
    steps,
    third_batch,
    transformer,
    vanilla_rnn,
    word_embedding,
)
from .kinds import KINDS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_report_says_what_a_good_teacher_would(kind):
    verdict, report = kind.verdict()
    assert verdict == "named", report
