"""What `check` says about functions as learners write them."""

import pytest

from . import evaluating, fast, loss, lstm, sampling, steps, vanilla_rnn, word_embedding  # noqa: F401
from .kinds import KINDS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_report_says_what_a_good_teacher_would(kind):
    verdict, report = kind.verdict()
    assert verdict == "named", report
