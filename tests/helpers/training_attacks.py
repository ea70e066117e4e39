"""Attacks on a training run and on its checkpoint, for tests and for a longer bombardment.

Each attack is a generator: for every try it yields None, if the run survived it, or a text that
says what went wrong. `benchmarks/attacks_on_training.py` counts them; the tests make a few.

To survive is: nothing that was computed is lost, the file is whole, what goes on is bit-identical
to a run that was left alone, and whoever is refused is told why in one sentence.
"""

import contextlib
import copy
import functools
import io
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
from tiny_run import long_run, make_data, make_model, make_solver, same_runs
from tqdm import tqdm

from cs231n.captioning_solver import CaptioningSolver
from cs231n.checkpoints import CheckpointError, read_checkpoint, write_checkpoint
from cs231n.train import show_status

REFUSED = 3  # the exit code of a process that was told why it cannot train
ROOT = Path(__file__).resolve().parents[2]


# ---- Processes ----------------------------------------------------------------------------------

class Process:
    """A process that runs a function of this module; what it prints goes into a file.

    Where it can be, it is a copy of this process, which starts in no time.
    """

    def __init__(self, action, *arguments, output):
        self._output = Path(output)
        if hasattr(os, "fork"):
            self.number = os.fork()
            if self.number == 0:
                _run_and_exit(action, arguments, self._output)
            self._wait = lambda: os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1])
        else:
            with open(self._output, "wb") as file:
                process = subprocess.Popen(
                    [sys.executable, __file__, action.__name__, *map(str, arguments)],
                    stdout=file, stderr=file, env={**os.environ, "PYTHONPATH": str(ROOT)})
            self.number, self._wait = process.pid, process.wait

    def kill(self):
        os.kill(self.number, getattr(signal, "SIGKILL", signal.SIGTERM))

    def wait(self):
        """Wait for the end of it; returns the exit code and the text that was printed."""
        return self._wait(), self._output.read_text(encoding="utf-8", errors="replace").strip()


def _run_and_exit(action, arguments, output):
    code = 1
    try:
        # Copies of a process share tqdm's lock, and one that is killed would keep it for ever.
        tqdm.set_lock(threading.RLock())
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.stdout = sys.stderr = open(1, "w", encoding="utf-8", closefd=False)
        code = action(*arguments)
        sys.stdout.flush()
    finally:
        os._exit(code)


def train_to_the_end(path):
    """Start or go on with a run; returns the exit code."""
    try:
        long_run(path).train()
    except (CheckpointError, FileExistsError) as error:
        print(error)
        return REFUSED
    return 0


def left_alone(folder):
    """A run that nobody disturbs, and the seconds that it takes."""
    start = time.perf_counter()
    solver = long_run(Path(folder) / "left_alone.npz")
    solver.train()
    return solver, time.perf_counter() - start


def _end(path, untouched, leftovers=True):
    """What is wrong with the run that came to its end at `path`; None if nothing is."""
    solver = long_run(path)
    if not solver.finished or not same_runs(solver, untouched):
        return f"the run that ended is another: iteration {solver.iteration}"
    unfinished = [file.name for file in path.parent.glob(f"{path.stem}*")
                  if file.suffix in (".lock", ".writing")]
    return f"left behind: {unfinished}" if unfinished and leftovers else None


# ---- Kills --------------------------------------------------------------------------------------

def kills(folder, tries, seed):
    """A run is killed at random moments, resumed, killed again; then it may come to its end."""
    untouched, seconds = left_alone(folder)
    path, moments = folder / "killed.npz", random.Random(seed)
    for _ in range(tries):
        process = Process(train_to_the_end, path, output=folder / "output.txt")
        time.sleep(moments.uniform(0, 1.5 * seconds / tries))
        process.kill()
        process.wait()
        try:
            yield path.exists() and read_checkpoint(path) and None
        except CheckpointError as error:
            yield str(error)
    code, said = Process(train_to_the_end, path, output=folder / "output.txt").wait()
    yield f"exit code {code}: {said}" if code else _end(path, untouched)


# ---- Two processes ------------------------------------------------------------------------------

def rivals(folder, tries, seed):
    """Two processes start on one checkpoint at once; in half of the tries both are killed first.

    So they find no file, or that of a run which was killed, with its lock file beside it.
    """
    untouched, seconds = left_alone(folder)
    moments = random.Random(seed)
    for attempt in range(tries):
        path = folder / f"run{attempt}.npz"
        if attempt % 2:
            pair = _start_two(folder, path)
            time.sleep(moments.uniform(0, seconds / 2))
            for process in pair:
                process.kill()
                process.wait()
        pair = _start_two(folder, path)
        ends = [process.wait() for process in pair]
        problem = _wrong_ends(pair, ends) or _end(path, untouched)
        yield problem and f"try {attempt + 1}: {problem}"


def _start_two(folder, path):
    return [Process(train_to_the_end, path, output=folder / f"output{i}.txt") for i in (1, 2)]


def _wrong_ends(pair, ends):
    """One comes to its end; the other is told who was there, or comes when all is done."""
    if 0 not in [code for code, _ in ends]:
        return f"none came to its end: {ends}"
    for other, (code, said) in zip(reversed(pair), ends):
        if code not in (0, REFUSED) or len(said.splitlines()) > 1:
            return f"exit code {code}: {said}"
        reasons = (f"in use by process {other.number} on ", "by another run in the meantime",
                   "checkpoint of another run")
        if code == REFUSED and not any(reason in said for reason in reasons):
            return f"refused without a reason: {said}"
    return None


# ---- A full disk --------------------------------------------------------------------------------

def full_disks(folder, tries, seed):
    """The disk fills up at a random iteration; there may or may not be room in a second place.

    The disk is a small one in memory that is filled (where the machine lets a user have one), or
    every file of the process may have the size of its first checkpoint and no more.
    """
    moments = random.Random(seed)
    ways = [way for way in (_small_disk, _small_files) if way.possible()]
    for attempt in range(tries):
        place = folder / f"disk{attempt}"
        place.mkdir()
        yield ways[attempt % len(ways)](place, moments.randint(1, 30), ctrl_c=attempt % 4 > 1)


def _small_files(folder, iteration, ctrl_c):
    code, said = Process(train_with_small_files, folder, iteration, int(ctrl_c),
                         output=folder / "output.txt").wait()
    return _wrong_words(code, said, ctrl_c, folder / "run.npz", "are NOT saved")


def _small_disk(folder, iteration, ctrl_c):
    (folder / "small").mkdir()
    ended = subprocess.run(
        [*_NAMESPACE, sys.executable, __file__, "train_on_small_disk", folder, str(iteration),
         str(int(ctrl_c))], cwd=folder, capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)})
    said = (ended.stdout + ended.stderr).strip()
    problem = _wrong_words(ended.returncode, said, ctrl_c, None, " instead; ")
    rescued = list(folder.glob("run.rescued-*.npz"))
    if problem or len(rescued) != 1 or str(rescued[0]) not in said:
        return problem or f"rescued: {rescued}, but said: {said}"
    solver = _start_on(rescued[0])
    solver.train()
    untouched = _start_on(None)
    untouched.train()
    return None if same_runs(solver, untouched) else "what was rescued is another run"


_small_files.possible = lambda: hasattr(signal, "SIGXFSZ") and hasattr(os, "fork")
_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]  # a user may mount in there


@functools.cache
def _can_mount():
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(OSError):
        mount = ["mount", "-t", "tmpfs", "tmpfs", folder]
        return subprocess.run([*_NAMESPACE, *mount], capture_output=True).returncode == 0
    return False


_small_disk.possible = _can_mount


def _wrong_words(code, said, ctrl_c, path, words):
    lines = [line for line in said.splitlines() if "training goes on" not in line]
    if code != REFUSED or len(lines) != 1 or words not in said:
        return f"exit code {code}: {said}"
    if ctrl_c and ("everything is kept" in said or not said.count("Stopped after iteration") == 1):
        return f"untrue: {said}"
    if path and f"holds iteration {read_checkpoint(path)['iteration']}" not in said:
        return f"another iteration is held: {said}"
    return None


def _start_on(path):
    if path is not None and path.exists():
        return CaptioningSolver.resume(path, make_model(), make_data())
    return make_solver(make_model(), make_data(), checkpoint_path=path, checkpoint_every=3)


def train_with_small_files(folder, iteration, ctrl_c):
    """Train; from an iteration on, no file may be larger than the first checkpoint."""
    import resource  # Windows has none

    def limit():
        size = (folder / "run.npz").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        (folder / "run.npz").touch()

    os.chdir(folder)
    tempfile.tempdir = str(folder)
    return _train_until(folder / "run.npz", limit, iteration, ctrl_c)


def train_on_small_disk(folder, iteration, ctrl_c):
    """Train; at an iteration the disk that the checkpoint is on becomes full."""
    disk = Path(folder) / "small"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)

    def fill():
        with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    return _train_until(disk / "run.npz", fill, int(iteration), int(ctrl_c))


def _train_until(path, strike, iteration, ctrl_c):
    """Train, and at an iteration let something strike, and Ctrl-C too if asked for."""
    solver = _start_on(path)
    whole_loss, calls = solver.model.loss, []

    def loss(features, captions):
        calls.append(None)
        if len(calls) == iteration:
            strike()
            if ctrl_c:
                signal.raise_signal(signal.SIGINT)
        return whole_loss(features, captions)

    solver.model.loss = loss
    try:
        solver.train()
    except OSError as error:
        print(error)
        return REFUSED
    return REFUSED if not solver.finished else 0


# ---- Damage -------------------------------------------------------------------------------------

def make_checkpoint(folder):
    """The checkpoint of a short run, with one before it; returns its path and its solver."""
    path = folder / "run.npz"
    solver = make_solver(make_model(), make_data(), checkpoint_path=path, eval_every=5)
    solver.save_checkpoint()
    solver.train()
    return path, solver


def cuts(folder, tries, seed):
    """A checkpoint is cut off somewhere."""
    path, _ = make_checkpoint(folder)
    whole, places = path.read_bytes(), random.Random(seed)
    for _ in range(tries):
        place = places.randrange(len(whole))
        path.write_bytes(whole[:place])
        problem = refusal(path, r"damaged.* one before it is .*run\.previous\.npz")
        yield problem and f"cut at {place}: {problem}"


def flips(folder, tries, seed):
    """Bits of one byte of a checkpoint are turned over: it is refused, or means the same."""
    path, solver = make_checkpoint(folder)
    whole, places = path.read_bytes(), random.Random(seed)
    for _ in range(tries):
        damaged, place = bytearray(whole), places.randrange(len(whole))
        damaged[place] ^= places.randrange(1, 256)
        path.write_bytes(damaged)
        problem = refusal(path, "", unless_same_as=solver)
        yield problem and f"byte {place}: {problem}"


def foreign(folder, tries=None, seed=0):
    """Checkpoints that are whole, but not of a run: something is missing, or makes no sense."""
    path, _ = make_checkpoint(folder)
    content = read_checkpoint(path)
    for i, (name, change) in enumerate(list(FOREIGN.items())[:tries]):
        other = folder / f"foreign{i}.npz"
        write_checkpoint(other, _changed(content, change))
        problem = refusal(other, "is whole, but no checkpoint of|cannot be gone on with|another mo")
        yield problem and f"{name}: {problem}"


def liars(folder, tries=None, seed=0):
    """Files that say to hold much more than they do: refused before memory is taken."""
    path, _ = make_checkpoint(folder)
    for i, lie in enumerate((_claim_much, _compress_much, _say_twice)):
        other = folder / f"liar{i}.npz"
        lie(path, other)
        problem = refusal(other, "is damaged, or no checkpoint")
        yield problem and f"{lie.__name__}: {problem}"


def refusal(path, words, unless_same_as=None):
    """What is wrong with how resuming and `--status` answer to a file; None if nothing is."""
    model = make_model(seed=9)
    before = {name: value.copy() for name, value in model.params.items()}
    try:
        solver = CaptioningSolver.resume(path, model, make_data())
    except CheckpointError as error:
        if len(str(error).splitlines()) != 1 or not re.search(words, str(error)):
            return f"said: {error}"
        if not all(np.array_equal(model.params[name], before[name]) for name in before):
            return "refused, but the model is another"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    else:
        if not unless_same_as or not same_runs(solver, unless_same_as):
            return "taken"
    return _status_problem(path)


def _status_problem(path):
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            show_status(path)
    except CheckpointError as error:
        return None if len(str(error).splitlines()) == 1 else f"status said: {error}"
    except Exception as error:
        return f"status: {type(error).__name__}: {error}"
    return None if printed.getvalue().startswith("iteration ") else "status said nothing"


def _changed(content, change):
    content = copy.deepcopy(content)
    change(content)
    return content


def _without(path):
    def change(content):
        *folders, name = path.split("/")
        for folder in folders:
            content = content[folder]
        del content[name]

    return change


def _with(path, value):
    def change(content):
        *folders, name = path.split("/")
        for folder in folders:
            content = content[folder]
        content[name] = value

    return change


_NAN = float("nan")
FOREIGN = {
    **{f"without {path}": _without(path) for path in (
        "model", "data", "settings", "iteration", "last_iteration", "loss_history",
        "val_iterations", "val_loss_history", "val_true_history", "params", "best_params",
        "optim_configs", "random_state", "params/Wx", "best_params/Wx", "optim_configs/Wx",
        "optim_configs/Wx/m", "optim_configs/Wx/t", "optim_configs/Wx/learning_rate",
        "random_state/keys", "random_state/position", "random_state/generator",
        "settings/update_rule", "settings/batch_size", "settings/num_epochs", "model/Wx")},
    **{f"{path} = {value!r}": _with(path, value) for path, value in (
        ("iteration", -1), ("iteration", _NAN), ("iteration", "many"), ("iteration", 10**12),
        ("last_iteration", -40), ("last_iteration", _NAN), ("last_iteration", 3),
        ("last_iteration", None), ("loss_history", np.zeros(3)), ("loss_history", [1.0]),
        ("loss_history", np.full(40, _NAN)), ("val_iterations", [5]),
        ("val_iterations", [0.5] * 8), ("val_iterations", list(range(100, 108))),
        ("val_loss_history", [_NAN] * 8), ("val_true_history", [7] * 8), ("params", {}),
        ("params", None), ("best_params", 3), ("optim_configs", []), ("random_state", {}),
        ("optim_configs/Wx/t", -3), ("optim_configs/Wx/beta1", 1.0),
        ("optim_configs/Wx/learning_rate", -1.0), ("optim_configs/Wx/learning_rate", "fast"),
        ("optim_configs/Wx/m", 0.0), ("optim_configs/Wx/new", 0.0),
        ("random_state/generator", "PCG64"), ("random_state/position", [9999, 0, 0.0]),
        ("settings/batch_size", -5), ("settings/batch_size", _NAN), ("settings/num_epochs", 0),
        ("settings/update_rule", "adm"), ("settings/update_rule", ["adam"]),
        ("settings/lr_decay", -1), ("settings/clip_norm", _NAN), ("settings/more", 1),
        ("notes", 5), ("settings/optim_config", 3))},
    "a parameter of shape (1, 1)": _with("params/Wx", np.zeros((1, 1), dtype=np.float32)),
    "a parameter of float64": _with("params/b", np.zeros(8)),
    "a parameter that is NaN": _with("params/b", np.full(8, _NAN, dtype=np.float32)),
    "a parameter that is no number": _with("params/b", np.array(["x"] * 8)),
    "a parameter more": _with("params/W_new", np.zeros((2, 2))),
    "memory of another shape": _with("optim_configs/Wx/m", np.zeros((3, 3), dtype=np.float32)),
    "memory that is NaN": _with("optim_configs/b/v", np.full(8, _NAN, dtype=np.float32)),
    "too short a random state": _with("random_state/keys", np.zeros(5, dtype=np.uint32)),
}


def _claim_much(path, other):
    """The header of an array says that it has a quadrillion numbers."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "params/Wx.npy":
                head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000000), }"
                content = (b"\x93NUMPY\x01\x00v\x00" + head.ljust(117) + b"\n" + content[128:])
            new.writestr(name, content)


def _compress_much(path, other):
    """A hundred million zeros, compressed to a thousandth."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("params/W_new.npy", bytes(10**8))


def _say_twice(path, other):
    """The same part a hundred times."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in [*old.namelist(), *["facts.npy"] * 100]:
                new.writestr(name, old.read(name))


if __name__ == "__main__":  # where a process cannot be copied, and on the small disk
    _, name, *arguments = sys.argv
    sys.exit(globals()[name](*arguments))
