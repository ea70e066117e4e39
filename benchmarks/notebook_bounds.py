"""Where the bounds come from that the notebooks print: their own cells, run with other seeds.

    python -m benchmarks.notebook_bounds                        all notebooks; some minutes each
    python -m benchmarks.notebook_bounds LSTM_Captioning --seeds 0 1 2 3
    python -m benchmarks.notebook_bounds LSTM_Captioning --times

The code of a solved notebook is run in this process, once for each seed. Seed 0 is the notebook as
it is; for any other, each seed in its code is replaced. What comes out is a line for each verdict
with a bound that is not mere rounding: the bound, and the lowest and the highest figure. A bound is
well chosen if it lies outside of that range, on the side where it would break if the notebook's
text were wrong. `--times` adds the cells that take most processor time (of all threads; with
`OMP_NUM_THREADS=1` it is the time on one). Figures of speed are left to `training_speed`.
"""

import argparse
import contextlib
import io
import os
import re
import time
import warnings

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from course.builder.script import scripts  # noqa: E402
from course.builder.views import read_cells  # noqa: E402
from course.needs import missing  # noqa: E402
from cs231n import gradient_check  # noqa: E402
from cs231n.feedback.checker import Checker  # noqa: E402

SEED = re.compile(r"\b(np\.random\.seed|RandomState|default_rng|torch\.manual_seed)\((\d+)\)")
ROUNDING = 1e-4  # bounds below it ask whether two ways to compute the same agree


def main(arguments=None):
    found = scripts()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notebook_bounds",
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description=__doc__)
    parser.add_argument("name", nargs="*", help="notebooks (without one: all of them)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2],
                        help="0 is the notebook as it is (default: 0 1 2)")
    parser.add_argument("--times", action="store_true", help="show where the processor time goes")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.name) - set(found))
    if unknown:
        parser.error(f"no notebook {', '.join(unknown)}; there are: {', '.join(found)}")
    os.environ |= {"CS231N_DATASET": "emoji_scenes", "CS231N_NO_PROGRESS": "1"}
    for name in options.name or found:
        if reason := missing(name):
            print(f"\n{reason}")
            continue
        figures, seconds = {}, {}
        for seed in options.seeds:
            run(read_cells(found[name]), seed, figures, seconds)
        print(f"\n{name}, seeds {', '.join(map(str, options.seeds))}\n")
        print_table(figures)
        if options.times:
            for cell, spent in sorted(seconds.items(), key=lambda pair: -pair[1])[:12]:
                print(f"{spent / len(options.seeds):8.1f} s  {cell}")
            print(f"{sum(seconds.values()) / len(options.seeds):8.1f} s  all cells")


def run(cells, seed, figures, seconds):
    """Run a notebook's cells with another seed, and add to its figures and the cells' times.

    Args:
        cells: those of its script, as the builder reads them.
        seed: 0 for the notebook as it is.
        figures: `(label, bound) -> values`, in the order in which they come.
        seconds: `cell -> seconds`.
    """
    def record(label, value, at_most=None, at_least=None, unit=""):
        bound = f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}"
        smallest = at_most if at_most is not None else at_least
        if unit != "x" and not 0 < smallest < ROUNDING:
            figures.setdefault((label, bound), []).append(float(value))

    namespace = {"__name__": "__main__", "display": lambda *shown: None}
    real, gradient_check.verdict = gradient_check.verdict, record
    show, plt.show = plt.show, lambda: plt.close("all")
    call, Checker.__call__ = Checker.__call__, lambda self, *given: None
    try:
        for cell in cells:
            if not cell.is_text:
                start = time.process_time()
                with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    exec(compile(reseeded(cell.solved, seed), cell.id, "exec"), namespace)
                seconds[cell.id] = seconds.get(cell.id, 0) + time.process_time() - start
    finally:
        gradient_check.verdict, plt.show, Checker.__call__ = real, show, call


def reseeded(code, seed):
    """The code with each seed k in it replaced by `k + 1000 * seed`."""
    return SEED.sub(lambda match: f"{match[1]}({int(match[2]) + 1000 * seed})", code)


def print_table(figures):
    width = max(len(label) for label, _ in figures)
    print(f"{'':{width}}  {'bound':>9}  {'lowest':>9}  {'highest':>9}")
    for (label, bound), values in figures.items():
        print(f"{label:{width}}  {bound:>9}  {min(values):9.3g}  {max(values):9.3g}")


if __name__ == "__main__":
    main()
