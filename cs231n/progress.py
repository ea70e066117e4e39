"""What a person sees and does while a long run goes on: a progress bar, and Ctrl-C."""

import os
import signal
import threading

PATIENCE = 3  # Ctrl-C this many times stops at once, in the middle of whatever is going on


def progress_bar(total, done, hidden=False):
    """A bar with rate and time left, for a notebook or a terminal; it shows up after two seconds.

    It stays away from files and pipes, and where the environment variable CS231N_NO_PROGRESS is
    set, as it is while notebooks are built and replayed.

    Args:
        total: how many iterations there are.
        done: how many of them are done already.
        hidden: whether to show nothing.

    Returns:
        A tqdm bar.
    """
    if hidden or os.environ.get("CS231N_NO_PROGRESS"):
        from tqdm import tqdm  # not tqdm.auto, which may warn where it is imported

        return tqdm(disable=True)
    from tqdm.auto import tqdm

    in_notebook = any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__)
    return tqdm(total=total, initial=done, unit="it", delay=2, dynamic_ncols=True,
                disable=False if in_notebook else None)  # None: only where stderr is a terminal


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
