"""How fast a training step is: plain layers, fast engine, PyTorch, and the floor below them all.

    python -m benchmarks.training_speed             tables, about five minutes
    python -m benchmarks.training_speed --quick     a few repetitions, no curves
    python -m benchmarks.training_speed --picture speed.png
    OMP_NUM_THREADS=1 python -m benchmarks.training_speed --cpu-time      on a busy machine

Everything is measured in one run, in turns: each round lets every contestant take a few steps on
the same batch, and the ratios compare the times of one round. So a machine that is busy for a
while, or grows warm, slows all of them and not one. `README.md` says how to read the tables.
"""

import argparse
import os
import platform
import time
import tracemalloc

import numpy as np

from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.classifiers.rnn import CELLS, CaptioningRNN
from cs231n.optim import adam

try:
    import torch
except ImportError:
    torch = None

SIZES = {"V": 1004, "W": 256, "H": 512, "D": 512}  # vocabulary, word vector, hidden, features
T = 16  # time steps
# How many of COCO's captions (2017 validation, at most 15 words) have 7, 8, ... 15 words, in %.
LENGTHS = {7: 0.9, 8: 16.7, 9: 23.0, 10: 22.1, 11: 15.8, 12: 10.2, 13: 6.0, 14: 3.4, 15: 1.9}
STEPS = 3  # steps of one contestant in a row; the first, after a pause, is not counted
PAUSE = 0.05  # seconds: the threads of one library stop waiting for work before the next one runs


# ---- What is computed ---------------------------------------------------------------------------


def make_batch(N, V, seed=0):
    """Features (N, D) and captions (N, T + 1) with lengths and word frequencies as in COCO."""
    rng = np.random.default_rng(seed)
    lengths = rng.choice(list(LENGTHS), N, p=np.array(list(LENGTHS.values())) / 100)
    frequency = 1 / np.arange(1, V - 3 + 1)  # the k-th most frequent word comes 1/k times as often
    captions = np.zeros((N, T + 1), dtype=np.int32)
    for row, length in zip(captions, lengths):
        words = 3 + rng.choice(V - 3, length, p=frequency / frequency.sum())
        row[: length + 2] = [1, *words, 2]  # <START>, words, <END>, then <NULL>
    features = rng.standard_normal((N, SIZES["D"])).astype(np.float32)
    return features, captions


def make_models(cell, V, W, H, D):
    """The plain and the fast captioner, on the same parameters."""
    words = ["<NULL>", "<START>", "<END>"] + [f"word{i}" for i in range(3, V)]
    word_to_idx = {word: i for i, word in enumerate(words)}
    plain = CaptioningRNN(word_to_idx, D, W, H, cell)
    fast = FastCaptioningRNN(word_to_idx, D, W, H, cell)
    fast.params = plain.params
    return plain, fast


def flops_of_products(cell, captions, V, W, H, D):
    """Floating-point operations of the matrix products that a step cannot do without.

    No padding, and one input product for each different word of the batch. Each product of the
    forward pass has two of the same size in the backward pass, but for the features, which need no
    gradient.
    """
    N, G = len(captions), CELLS[cell].gates * H
    places = np.count_nonzero(captions[:, 1:])
    used = len(np.unique(captions[:, :-1][captions[:, 1:] != 0]))
    return 6 * (places * H * G + places * H * V + used * W * G) + 4 * N * D * H


class BestRate:
    """The machine's best float32 rate: a large square matrix product, many times."""

    def __init__(self, size=1536):
        self.a = np.random.default_rng(0).standard_normal((size, size)).astype(np.float32)
        self.out = np.empty_like(self.a)
        self.flops = 2 * size**3

    def __call__(self):
        np.matmul(self.a, self.a, out=self.out)


# ---- How it is measured -------------------------------------------------------------------------


clock = time.perf_counter  # or `time.process_time`, which stands still while others are at work


def count_cpu_time(parser):
    """From now on count the time of the processor; it takes one thread to be meaningful."""
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("--cpu-time needs OMP_NUM_THREADS=1 in the environment: with more threads "
                     "it counts those that wait, too")
    global clock
    clock = time.process_time


def in_turns(contestants, rounds):
    """Let the contestants take turns. Returns the milliseconds of a step: name -> (rounds,)."""
    times = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, step in contestants.items():
            time.sleep(PAUSE)
            step()
            times[name].append(min(_milliseconds(step) for _ in range(STEPS - 1)))
    return {name: np.array(values) for name, values in times.items()}


def _milliseconds(step):
    start = clock()
    step()
    return 1000 * (clock() - start)


def contestants_for(cell, N, makers=None, **changed):
    """The contestants on one batch, and the batch. `makers` make more of them: see
    `benchmarks.steps_pytorch.contestants`."""
    sizes = {**SIZES, **changed}
    features, captions = make_batch(N, sizes["V"])
    plain, fast = make_models(cell, **sizes)
    steps = {
        "plain layers": lambda: plain.loss(features, captions)[0],
        "fast engine": lambda: fast.loss(features, captions)[0],
    }
    for name, make in (makers or {}).items():
        steps[name] = make(plain, features, captions)
    losses = {name: step() for name, step in steps.items()}
    assert np.ptp(list(losses.values())) < 1e-3, f"they do not compute the same: {losses}"
    flops = flops_of_products(cell, captions, **sizes)
    return steps, fast, flops, captions


def measure(cell, N, rounds, makers=None, **changed):
    """Times of one setting: name -> milliseconds a round, the floor among them."""
    steps, fast, flops, _ = contestants_for(cell, N, makers, **changed)
    rate = BestRate()
    update = _AdamUpdate(fast)
    times = in_turns({**steps, "best rate": rate, "update by Adam": update}, rounds)
    times["floor"] = times.pop("best rate") * flops / rate.flops
    for step in steps.values():
        if hasattr(step, "close"):
            step.close()
    return times


class _AdamUpdate:
    """Adam on every parameter: what a training step needs besides the gradients."""

    def __init__(self, model):
        self.params = {name: value.copy() for name, value in model.params.items()}
        self.grads = {name: np.ones_like(value) for name, value in self.params.items()}
        self.configs = {name: {} for name in self.params}

    def __call__(self):
        for name, value in self.params.items():
            adam(value, self.grads[name], self.configs[name])


def memory_of(cell, N):
    """Peak megabytes of one step, and how many the fast engine keeps between steps."""
    (features, captions), (plain, fast) = make_batch(N, SIZES["V"]), make_models(cell, **SIZES)
    fast.loss(features, captions)
    kept = sum(array.nbytes for array in fast.room._arrays.values())
    peaks = []
    for model in (plain, fast):
        tracemalloc.start()
        model.loss(features, captions)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return {"plain": peaks[0] / 1e6, "fast, new": peaks[1] / 1e6, "fast, kept": kept / 1e6}


# ---- What is shown ------------------------------------------------------------------------------


def machine():
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    torch_version = "PyTorch is not installed"
    if torch:
        torch_version = f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
    return (f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
            f"Python {platform.python_version()}, NumPy {np.__version__} "
            f"({blas.get('name')} {blas.get('version')}), {torch_version}")


def pytorch_contestants(cpu_time):
    """What PyTorch takes part with: name -> maker. Prints one sentence for what is left out."""
    if not torch:
        print("Left out: all of PyTorch, which is not installed (make pytorch).")
        return {}
    from benchmarks.steps_pytorch import contestants

    makers, left_out = contestants(cpu_time)
    for sentence in left_out:
        print(f"Left out: {sentence}")
    return makers


def show_table(settings, rounds, makers):
    print("Milliseconds a step: median of the rounds (fastest round)\n")
    names, rows = [], []
    for cell, N in settings:
        times = measure(cell, N, rounds, makers)
        names = list(times)
        figures = [f"{np.median(t):.1f} ({t.min():.1f})" for t in times.values()]
        rows.append([f"{cell.upper()}, N = {N}", *figures, ratios(times)])
    print_table(["", *names], [row[:-1] for row in rows])
    print("\nThe fast engine, in the same rounds (median of the ratios)\n")
    columns = list(rows[0][-1])
    print_table(["", *columns], [[row[0], *row[-1].values()] for row in rows])


def ratios(times):
    """How many times faster the fast engine is, and how near to the floor, round by round."""
    fast = times["fast engine"]
    others = [name for name in times
              if name == "plain layers" or name.startswith("PyTorch")]
    result = {f"faster than {name}": f"{np.median(times[name] / fast):.2f} x" for name in others}
    result["of the floor's rate"] = f"{100 * np.median(times['floor'] / fast):.0f} %"
    return result


def show_memory(settings):
    print("\nMegabytes of a step\n")
    rows = []
    for cell, N in settings:
        megabytes = memory_of(cell, N)
        rows.append([f"{cell.upper()}, N = {N}", *(f"{mb:.0f}" for mb in megabytes.values())])
    print_table(["", "plain layers, peak", "fast engine, made anew (peak)",
                  "fast engine, work arrays kept"], rows)


CURVES = {
    "batch size N": ("N", [1, 8, 25, 64, 128, 256]),
    "hidden size H": ("H", [128, 256, 512, 1024]),
    "vocabulary V": ("V", [250, 1004, 4000]),
}


def measure_curves(rounds):
    """Milliseconds against one size, the others as in the table with N = 128."""
    curves = {}
    for title, (letter, values) in CURVES.items():
        for cell in CELLS:
            points = []
            for value in values:
                N, changed = (value, {}) if letter == "N" else (128, {letter: value})
                steps, _, flops, _ = contestants_for(cell, N, **changed)
                rate = BestRate()
                times = in_turns({**steps, "best rate": rate}, rounds)
                floor = times.pop("best rate") * flops / rate.flops
                points.append([np.median(t) for t in (*times.values(), floor)])
            curves[title, cell] = (values, np.array(points))
    return curves


def show_curves(curves):
    print("\nMilliseconds against one size (the others: N = 128, H = 512, V = 1004), medians\n")
    rows = []
    for (title, cell), (values, points) in curves.items():
        for value, (plain, fast, floor) in zip(values, points):
            rows.append([cell.upper(), f"{title} = {value}", f"{plain:.1f}", f"{fast:.1f}",
                         f"{floor:.1f}", f"{plain / fast:.2f} x", f"{100 * floor / fast:.0f} %"])
    print_table(["", "", "plain layers", "fast engine", "floor", "faster", "of the floor's rate"],
                 rows)


def draw_curves(curves, path):
    """Save the curves as a picture."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(CELLS), len(CURVES), figsize=(12, 6), squeeze=False)
    for ax, ((title, cell), (values, points)) in zip(axes.T.flat, curves.items()):
        for column, (name, line) in enumerate([("plain layers", "o:"), ("fast engine", "s-"),
                                               ("floor", "^--")]):
            ax.loglog(values, points[:, column], line, label=name)
        ax.set(title=f"{cell.upper()}", xlabel=title, ylabel="milliseconds a step")
        ax.set_xticks(values, [str(value) for value in values])
    axes[0, 0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def print_table(header, rows):
    widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each table row (15)")
    parser.add_argument("--quick", action="store_true", help="few rounds, and no curves")
    parser.add_argument("--picture", help="also draw the curves into this file")
    parser.add_argument("--cpu-time", action="store_true",
                        help="count the time of the processor, on one thread; other programs that "
                             "run meanwhile then matter little")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.cpu_time:
        count_cpu_time(parser)
    rounds = min(options.rounds, 4) if options.quick else options.rounds
    settings = [(cell, N) for N in (128, 25) for cell in CELLS]

    print(machine() + (", processor time on one thread" if options.cpu_time else ""))
    print(f"Sizes: T = {T}, {', '.join(f'{k} = {v}' for k, v in SIZES.items())}\n")
    show_table(settings, rounds, pytorch_contestants(options.cpu_time))
    show_memory(settings)
    if not options.quick or options.picture:
        curves = measure_curves(max(1, rounds // 3))
        show_curves(curves)
        if options.picture:
            draw_curves(curves, options.picture)
            print(f"\nThe curves are drawn in {options.picture}")


if __name__ == "__main__":
    main()
