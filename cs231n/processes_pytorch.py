"""The processes of a training run, on one machine or on several: `torch.distributed`.

`torchrun` starts them, and tells each its number (its rank), how many there are, and where they
meet. They train one model together: each has all of it, computes its share of every minibatch, and
all add up their gradients. Everything else is the same in all of them, random numbers included, so
that any of them could write the checkpoint; the first does.
"""

import contextlib
import datetime
import os
import re
import signal

from cs231n.import_pytorch import torch
from cs231n.progress import CtrlC

PATIENCE = datetime.timedelta(minutes=10)  # for another process, while the first judges or writes
# What the libraries say of a process that is no longer there.
LOST = re.compile("connection|peer|gloo|nccl|socket|store|time.?out|timed out", re.IGNORECASE)


def started_by_torchrun():
    """How many processes the run has, as `torchrun` says in the environment; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", 1)) if "RANK" in os.environ else 1


class Processes:
    """This process among those of its run. This class is for one that is alone.

    Attributes:
        rank: its number, from 0 on.
        count: how many there are.
    """

    rank, count = 0, 1

    @property
    def is_first(self):
        """Whether this one prints, judges and writes for all."""
        return self.rank == 0

    def join(self, device):
        """Begin to talk to the others about tensors that are on this device."""

    def share(self, N):
        """Which rows of a minibatch of N are this process's: a slice."""
        return slice(N * self.rank // self.count, N * (self.rank + 1) // self.count)

    def sums(self, *numbers):
        """Add up numbers over the processes: each gets the same sums, as a list of floats."""
        return list(map(float, numbers))

    def from_first(self, *numbers):
        """The numbers of the first process, for all of them, as a list of floats."""
        return list(map(float, numbers))

    def parallel(self, module):
        """A module whose `backward` leaves the mean of all processes' gradients in each."""
        return module

    def speaks(self):
        """Whether this process may say why the run ended; of several, one does."""
        return True

    def lost(self, error):
        """Whether an error means that another process is gone."""
        return False


class ManyProcesses(Processes):
    """One of several, which talk to each other."""

    def __init__(self):
        meeting = torch.distributed.rendezvous("env://", timeout=PATIENCE)
        self._store, self.rank, self.count = next(meeting)

    def join(self, device):
        self.device = device
        torch.distributed.init_process_group(
            "nccl" if device.type == "cuda" else "gloo", rank=self.rank, world_size=self.count,
            store=torch.distributed.PrefixStore("run", self._store), timeout=PATIENCE)

    def sums(self, *numbers):
        tensor = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(tensor)
        return tensor.tolist()

    def from_first(self, *numbers):
        tensor = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        torch.distributed.broadcast(tensor, src=0)
        return tensor.tolist()

    def parallel(self, module):
        return torch.nn.parallel.DistributedDataParallel(module)

    def speaks(self):
        try:  # the one that counts first
            return self._store.add("who says why", 1) == 1
        except RuntimeError:  # whoever kept the count is gone
            return True

    def lost(self, error):
        return isinstance(error, RuntimeError) and bool(LOST.search(str(error)))

    def end(self):
        """Part from the others in order."""
        torch.distributed.destroy_process_group()


@contextlib.contextmanager
def all_processes():
    """The processes of the run, as long as it goes on; they have yet to `join`."""
    if started_by_torchrun() == 1:
        yield Processes()
        return
    processes = ManyProcesses()
    yield processes
    processes.end()  # not after an error: it would wait for those that are gone


class AgreedStop(CtrlC):
    """Ctrl-C, where several processes have to stop after the same iteration.

    Whoever is told to stop only notes that it is `wanted`; the processes tell each other at each
    iteration, and `agree` makes it so. Where there are several, SIGTERM, by which `torchrun` and
    clusters end a process, is taken like Ctrl-C; and after an error it is not heard any more, since
    the process is about to end by itself, and has yet to say why.
    """

    def __init__(self, processes):
        self.wanted = 0
        self._several = processes.count > 1

    def __enter__(self):
        super().__enter__()
        self._hears_term = self._several and self._listening
        if self._hears_term:
            self._before_term = signal.signal(signal.SIGTERM, self._press)
        return self

    def __exit__(self, *exception):
        super().__exit__(*exception)
        if self._hears_term:
            signal.signal(signal.SIGTERM, signal.SIG_IGN if exception[0] else self._before_term)

    def agree(self, how_many_want):
        """Stop, if any process wants to."""
        self.pressed = int(how_many_want > 0)

    def _press(self, number, frame):
        self.wanted += 1
