"""Some attacks of each kind on downloads; `benchmarks.attacks_on_downloads` plays them all."""

import random

import download_attacks
import pytest
from download_attacks import KINDS, Stage, attacks_of, play

# Where links cannot be made, the attacks that make them say nothing.
LINKS = {"planted", "tables"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("attacks"))
    yield stage
    stage.close()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_attacks_are_survived(stage, kind):
    attacks = attacks_of(kind, stage)
    for attack in random.Random(11).sample(attacks, min(len(attacks), 25)):
        try:
            problem = play(attack, stage)
        except (NotImplementedError, PermissionError, OSError):
            if kind.__name__ not in LINKS:
                raise
            continue
        assert not problem, f"{attack.kind}, {attack.name}: {problem}"


def test_there_are_as_many_attacks_as_promised(stage):
    assert sum(len(attacks_of(kind, stage)) for kind in KINDS) >= 1400


@pytest.mark.parametrize("run, problem", [
    (download_attacks.Run(0, "", "", ""), "not whole"),
    (download_attacks.Run(1, "", "", ""), "not one sentence"),
    (download_attacks.Run(1, "", "get_datasets.sh: a\nget_datasets.sh: b\n", ""), "not one sent"),
    (download_attacks.Run(1, "", "get_datasets.sh: \x1b[31m\n", ""), "control codes"),
    (download_attacks.Run(1, "", "", "Traceback"), "Traceback"),
    (download_attacks.Run(130, "", "", ""), "exit status 130"),
])
def test_what_is_not_survived_is_seen(stage, run, problem):
    stage.clear()
    assert problem in download_attacks.judged(run, stage, requests=1)
    fine = download_attacks.Run(1, "", "get_datasets.sh: a sentence.\n", "")
    assert download_attacks.judged(fine, stage, requests=4) == ""
    assert "1000 requests" in download_attacks.judged(fine, stage, requests=1000)
    (stage.outside / "new").write_bytes(b"")
    assert "written outside" in download_attacks.judged(fine, stage, requests=4)
