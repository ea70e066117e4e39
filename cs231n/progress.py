"""What a person sees and does while a long run goes on: a progress bar, and Ctrl-C."""

import math
import os
import shutil
import signal
import sys
import threading
import time

PATIENCE = 3  # Ctrl-C this many times stops at once, in the middle of whatever is going on
DELAY = 1.0  # seconds before a bar shows up: what is done sooner needs none
REFRESH = 0.3  # seconds between two states of a bar
SMOOTHING = 0.95  # the share of the old average in the new one, at each iteration
BAR = ("<div style='background:#d0d0d0; max-width:600px'>"
       "<div style='background:#0072b2; width:{percent}%; height:10px'></div></div>"
       "<div style='font-family:monospace'>{line}</div>")


def progress_bar(total, done, hidden=False):
    """A bar with the smoothed loss, rate and time left, for a notebook or a terminal.

    It stays away from files and pipes, and where the environment variable CS231N_NO_PROGRESS is
    set, as it is while notebooks are built and replayed.

    Args:
        total: how many iterations there are.
        done: how many of them are done already.
        hidden: whether to show nothing.

    Returns:
        A `Progress`, to be entered with `with`.
    """
    if hidden or os.environ.get("CS231N_NO_PROGRESS"):
        return Progress(total, done)
    if running_shell() is not None:
        return NotebookProgress(total, done)
    return TerminalProgress(total, done) if sys.stderr.isatty() else Progress(total, done)


def running_shell():
    """The shell of the Jupyter kernel in which this code runs; None elsewhere."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None


class Progress:
    """How far a run is. This one counts and shows nothing; those below show it."""

    def __init__(self, total, done):
        self.total, self.done, self.first = total, done, done
        self.loss, self._weight = 0.0, 0.0
        self._start = self._shown = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._is_due(wait=0):
            self._show(over=True)

    def update(self, loss):
        """Count an iteration with its loss, and show the new state from time to time."""
        self.done += 1
        self._weight = SMOOTHING * self._weight + 1 - SMOOTHING
        self.loss += (loss - self.loss) * (1 - SMOOTHING) / self._weight
        if self._is_due(wait=REFRESH):
            self._shown = time.monotonic()
            self._show()

    def write(self, line):
        """Print a line where it does not disturb the bar."""
        print(line)

    def line(self, over=False):
        """The state in words: `40 %, 400 of 1000 iterations, loss 12.3, 0:25 left (24/s)`."""
        seconds = max(time.monotonic() - self._start, 1e-9)
        rate = (self.done - self.first) / seconds
        parts = [f"{self._percent()} %", f"{self.done} of {self.total} iterations"]
        if self._weight:
            parts.append(f"loss {self.loss:.4g}")
        if over:
            parts.append(f"{'stopped' if self.done < self.total else 'done'} "
                         f"after {_clock(seconds)}")
        elif rate:
            parts.append(f"{_clock((self.total - self.done) / rate)} left")
        return f"{', '.join(parts)} ({rate:.3g}/s)"

    def _percent(self):
        return 100 * self.done // max(self.total, 1)

    def _is_due(self, wait):
        now = time.monotonic()
        return now - self._start >= DELAY and now - self._shown >= wait

    def _show(self, over=False):
        """Nothing: see below."""


class NotebookProgress(Progress):
    """A bar in the output of a cell: one display, updated in place.

    The notebook file keeps its last state, as text and as HTML, without any widget.
    """

    _display = None

    def _show(self, over=False):
        from IPython.display import display

        line = self.line(over)
        bundle = {"text/plain": line,
                  "text/html": BAR.format(percent=self._percent(), line=line)}
        if self._display is None:
            self._display = display(bundle, raw=True, display_id=True)
        else:
            self._display.update(bundle, raw=True)


class TerminalProgress(Progress):
    """A bar as the last line of a terminal, on stderr."""

    _shows = False

    def __exit__(self, *exception):
        super().__exit__(*exception)
        if self._shows:
            print(file=sys.stderr)

    def write(self, line):
        if self._shows:
            self._put("")
        print(line, flush=True)
        if self._shows:
            self._show()

    def _show(self, over=False):
        self._shows = True
        bar = "#" * (self._percent() // 10)
        self._put(f"[{bar:10}] {self.line(over)}")

    def _put(self, text):
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{text[:width]:{width}}" if text else f"\r{'':{width}}\r", end="",
              file=sys.stderr, flush=True)


def _clock(seconds):
    """Seconds as `1:05`, from an hour on as `2:01:05`."""
    minutes, seconds = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class TrainingStopped(KeyboardInterrupt):
    """A run was stopped by Ctrl-C or the stop button, and all is in order.

    In a notebook it is an error like any other: the cells that wait behind do not run. It shows one
    line and no traceback, since nothing went wrong.
    """

    def _render_traceback_(self):
        return [f"{type(self).__name__}: {self}"]


def how_to_go_on(solver):
    """What to call after a run was stopped, in a sentence with a space before it."""
    shell = running_shell()
    if shell is None:
        return " To go on, call train() again."
    names = [name for name, value in shell.user_ns.items()
             if value is solver and not name.startswith("_")]
    call = f"{names[0]}.train()" if names else "train() of this solver"
    return f" To go on, call {call} in a new cell. (A cell that makes a new solver starts over.)"


class CtrlC:
    """While it is entered, Ctrl-C sets `.pressed` instead of breaking in anywhere.

    `with CtrlC() as ctrl_c: ...` lets a loop end where all is in order. Only the main thread gets
    to hear of Ctrl-C; elsewhere, `.pressed` stays False.
    """

    def __enter__(self):
        self.pressed = 0
        self._listening = threading.current_thread() is threading.main_thread()
        if self._listening:
            self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *exception):
        if self._listening:
            signal.signal(signal.SIGINT, self._before or signal.default_int_handler)

    def _press(self, number, frame):
        self.pressed += 1
        if self.pressed >= PATIENCE:
            raise KeyboardInterrupt
