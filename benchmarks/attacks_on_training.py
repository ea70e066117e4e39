"""Attack training and its checkpoints by hundreds: is anything lost, or silently wrong?

    python -m benchmarks.attacks_on_training            about two minutes
    python -m benchmarks.attacks_on_training 7          the same with other random numbers

A run is killed at random moments and resumed; two processes start on one checkpoint; the disk fills
up; checkpoints are cut off, damaged, and made to say nonsense. To survive is: nothing computed is
lost, what goes on is bit-identical to a run left alone, and who is refused is told why in one
sentence. Prints how many attacks were made and survived; exits with 1 if one was not.
"""

import sys
import tempfile
from pathlib import Path

ATTACKS = {  # its name in training_attacks: what it is, and how often
    "kills": ("killed at random moments, then resumed", 30),
    "rivals": ("two processes on one checkpoint", 30),
    "full_disks": ("the disk fills up", 24),
    "cuts": ("checkpoint cut off", 300),
    "flips": ("checkpoint with a changed byte", 600),
    "foreign": ("checkpoint that is whole but makes no sense", None),
    "liars": ("file that says to hold more than it does", None),
}


def main(arguments):
    seed = int(arguments[0]) if arguments else 0
    # The tests make a few of the same attacks, with the same code.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
    import training_attacks

    print(f"{'attack':45}{'tried':>8}{'survived':>10}")
    all_problems = []
    for name, (what, tries) in ATTACKS.items():
        with tempfile.TemporaryDirectory() as folder:
            results = list(getattr(training_attacks, name)(Path(folder), tries, seed))
        problems = [problem for problem in results if problem]
        print(f"{what:45}{len(results):8}{len(results) - len(problems):10}", flush=True)
        all_problems += problems
    for problem in all_problems:
        print(f"not survived: {problem}")
    return 1 if all_problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
