"""The training command, one of whose processes is killed in the midst of the run.

    torchrun --nproc-per-node 2 tests/helpers/killed_process.py RANK ITERATION OPTION...
"""

import os
import signal
import sys

from cs231n import train, training_pytorch


def main(rank, iteration, *options):
    take_step = training_pytorch.TorchSolver._step

    def step(self):
        if os.environ["RANK"] == rank and self.iteration == int(iteration):
            os.kill(os.getpid(), signal.SIGKILL)
        take_step(self)

    training_pytorch.TorchSolver._step = step
    return train.main(list(options))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
