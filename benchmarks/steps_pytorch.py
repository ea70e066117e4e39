"""A training step by PyTorch, in one process or in two: contestants of `training_speed`.

Both compute as `python -m cs231n.train --engine torch` does.
"""

import multiprocessing
import os
import socket
import sys

from cs231n.import_pytorch import torch
from cs231n.processes_pytorch import ManyProcesses
from cs231n.training_pytorch import HostedModel, check_compiler

CPU = torch.device("cpu")


class TorchStep:
    """The loss and the gradients of a captioner's twin, on the same parameters and one batch.

    Args:
        model: the NumPy captioner.
        features, captions: the minibatch, (N, D) or (N, S, D), and (N, T + 1).
        packed: whether padding costs nothing; without it, padding is computed and ignored by the
            loss, as in most programs.
        compiled: whether `torch.compile` makes a program of the step; not if packed.
    """

    def __init__(self, model, features, captions, packed=False, compiled=False):
        if compiled:
            torch.compiler.reset()  # or batches of another size would make a program for any size
        self._hosted = HostedModel(model, compiled=compiled)
        self._hosted.module.packed = packed
        self._batch = features, captions, len(captions)

    def __call__(self):
        return self._hosted.backward(*self._batch).item()


class TwoProcesses:
    """The same, packed, by two processes: each half the minibatch, with half the threads."""

    def __init__(self, model, features, captions):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        threads = max(1, torch.get_num_threads() // 2)
        context = multiprocessing.get_context("spawn")
        self._pipes, self._processes = [], []
        for rank in range(2):
            ours, theirs = context.Pipe()
            process = context.Process(target=_take_steps, daemon=True, args=(
                theirs, rank, port, threads, model, features, captions))
            process.start()
            theirs.close()  # so that `recv` fails, and does not wait, if the process has ended
            self._pipes.append(ours)
            self._processes.append(process)

    def __call__(self):
        for pipe in self._pipes:
            pipe.send("step")
        return sum(pipe.recv() for pipe in self._pipes)

    def close(self):
        """End the processes."""
        for pipe in self._pipes:
            pipe.send("end")
        for process in self._processes:
            process.join()


def _take_steps(pipe, rank, port, threads, model, features, captions):
    """What each of the two does: a step whenever it is told to; it answers with its part."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
                   "MASTER_PORT": str(port),
                   "GLOO_SOCKET_IFNAME": "lo0" if sys.platform == "darwin" else "lo"}
    torch.set_num_threads(threads)
    processes = ManyProcesses()
    processes.join(CPU)
    hosted, share = HostedModel(model, processes=processes), processes.share(len(captions))
    while pipe.recv() == "step":
        pipe.send(hosted.backward(features[share], captions[share], len(captions)).item())
    processes.end()


def contestants(cpu_time):
    """What takes part on this machine, and one sentence for each that does not.

    Args:
        cpu_time: whether the time of this process's processor counts, not that of a clock.

    Returns:
        makers: name -> function of a model, features and captions that returns a contestant.
        left_out: sentences.
    """
    makers, left_out = {
        "PyTorch": TorchStep,
        "PyTorch, packed": lambda *args: TorchStep(*args, packed=True),
    }, []
    try:
        check_compiler(CPU)
        makers["PyTorch, compiled"] = lambda *args: TorchStep(*args, compiled=True)
    except ValueError:
        left_out.append("PyTorch, compiled: no C++ compiler was found.")
    if cpu_time:
        left_out.append("PyTorch, two processes: --cpu-time counts the time of one process only.")
    elif sys.platform == "win32" or not torch.distributed.is_available():
        left_out.append("PyTorch, two processes: they need Linux or macOS.")
    else:
        makers["PyTorch, two processes"] = TwoProcesses
    return makers, left_out
