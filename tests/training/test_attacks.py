"""A few of each of the attacks of which `python -m benchmarks.attacks_on_training` makes many."""

import pytest
import training_attacks


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork beside the threads of a library
@pytest.mark.parametrize("attack, tries", [
    ("kills", 30), ("rivals", 3), ("full_disks", 4), ("cuts", 50), ("flips", 100),
    ("foreign", None), ("liars", None)])
def test_a_run_survives(attack, tries, tmp_path):
    problems = list(getattr(training_attacks, attack)(tmp_path, tries, seed=5))
    assert len(problems) >= (tries or 3)
    assert [problem for problem in problems if problem] == []
