"""Where a run keeps its checkpoint: alone while it writes, and with a second place for bad days."""

import contextlib

from cs231n.checkpoints import (
    CheckpointError,
    file_state,
    full_path,
    sole_writer,
    write_checkpoint,
    write_elsewhere,
)


class NotSaved(OSError):
    """A run came to its end, but its parameters could not be written where they belong."""


class Keeper:
    """The checkpoint file of one run.

    Args:
        path: the file.
        state: its `file_state` when this run was read from it; None for a new run.
        iteration: which iteration it holds; None for a new run.
    """

    def __init__(self, path, state=None, iteration=None):
        self.path = full_path(path)
        self._state, self._iteration = state, iteration
        self._is_alone = False

    @contextlib.contextmanager
    def alone(self):
        """While it is entered, no other process can write this checkpoint.

        Raises:
            CheckpointError: another is writing it, or has written since this run last did.
        """
        if self._is_alone:
            yield
            return
        with sole_writer(self.path):
            if file_state(self.path) not in (None, self._state):
                raise CheckpointError(f"{self.path} was written by another run in the meantime. Go "
                                      "on with that one, or name another file.")
            self._is_alone = True
            try:
                yield
            finally:
                self._is_alone = False

    def write(self, content):
        """Write the checkpoint of a run; see `write_checkpoint`."""
        with self.alone():
            write_checkpoint(self.path, content, locked=True)
            self._state, self._iteration = file_state(self.path), content["iteration"]

    def write_or_rescue(self, content):
        """Write the checkpoint, or else a file in a second place.

        Returns:
            None, or, if the checkpoint could not be written, all that a user must know about it.
        """
        try:
            return self.write(content)
        except (OSError, MemoryError) as error:
            failed = f"The checkpoint {self.path} could not be written ({reason(error)})"
        written, folders = write_elsewhere(self.path, content)
        i = content["iteration"]
        if written:
            return f"{failed}. All of iteration {i} is in {written} instead; {self.holds()}."
        places = " nor in ".join(map(str, folders))
        return (f"{failed}, nor one in {places}: the parameters of iteration {i} are NOT saved; "
                f"{self.holds()}.")

    def holds(self):
        """Which iteration the file holds, in words."""
        if self._iteration is None:
            return "there is no checkpoint"
        return f"{self.path} holds iteration {self._iteration}"


def reason(error):
    """What the operating system says, without number and file name."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
