"""Attack the download of COCO, over loopback, in some two thousand ways; say which it survives.

    python -m benchmarks.attacks_on_downloads

What an attack is, and what it means to survive one, stands in `tests/helpers/download_attacks.py`.
The exit status is 0 if all are survived.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "helpers"))

from download_attacks import KINDS, Stage, attacks_of, play  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="KIND", choices=[kind.__name__ for kind in KINDS],
                        help="one kind: " + ", ".join(kind.__name__ for kind in KINDS))
    parser.add_argument("--seconds", type=float, default=900.0,
                        help="stop after so long, which counts as a failure (default: 900)")
    options = parser.parse_args()
    start, tried, survived = time.monotonic(), 0, 0
    print(f"{'attack':28}{'tried':>8}{'survived':>10}")
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        stage = Stage(Path(folder))
        for kind in KINDS:
            if options.only in (None, kind.__name__):
                attacks = attacks_of(kind, stage)
                good = sum(survives(attack, stage, start + options.seconds) for attack in attacks)
                print(f"{kind.__name__.replace('_', ' '):28}{len(attacks):8}{good:10}", flush=True)
                tried, survived = tried + len(attacks), survived + good
        stage.close()
    print(f"{'all':28}{tried:8}{survived:10}")
    print(f"{time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0 if survived == tried else 1


def survives(attack, stage, deadline):
    problem = play(attack, stage) if time.monotonic() < deadline else "no time was left"
    if problem:
        print(f"not survived: {attack.kind}: {attack.name}: {problem}", file=sys.stderr)
    return not problem


if __name__ == "__main__":
    sys.exit(main())
