"""Training with PyTorch: Adam moves the parameters of a captioner down the gradient autograd finds.

Short on purpose. What long runs need (checkpoints, resuming, a learning rate that falls) has
`cs231n.train`.
"""

from cs231n.arguments import at_least
from cs231n.coco_utils import sample_coco_minibatch
from cs231n.import_pytorch import torch


class CaptioningSolverPytorch:
    """Trains a captioner whose parameters are tensors.

    An epoch is `max(num_train // batch_size, 1)` iterations, where `num_train` is the number of
    training captions. Each iteration draws a minibatch with `sample_coco_minibatch` (from NumPy's
    global random state; nothing else is drawn).

    Args:
        model: has `params`, a dictionary of tensors, and `loss(features, captions)`, which returns
            the loss as a tensor. Minibatches are put on the device of the parameters.
        data: what `load_coco_data` returns.
        learning_rate: of `torch.optim.Adam`; it stays the same.
        batch_size: captions in a minibatch.
        num_epochs: how many epochs.
        print_every: after how many iterations the loss is printed.
        verbose: whether to print at all.

    Attributes:
        loss_history: the loss of each iteration, as NumPy arrays of one number and no axis.

    Raises:
        ValueError: an unknown keyword, or a setting out of range.
    """

    SETTINGS = {"learning_rate": 0.001, "batch_size": 100, "num_epochs": 10, "print_every": 10,
                "verbose": True}

    def __init__(self, model, data, **settings):
        unknown = sorted(set(settings) - set(self.SETTINGS))
        if unknown:
            raise ValueError(f"CaptioningSolverPytorch: there is no keyword {unknown[0]!r}; there "
                             f"are {', '.join(self.SETTINGS)}")
        self.model, self.data = model, data
        for name, value in {**self.SETTINGS, **settings}.items():
            setattr(self, name, value)
        for name in ("batch_size", "num_epochs", "print_every"):
            at_least(1)(f"CaptioningSolverPytorch: {name}", getattr(self, name))
        self.optim = torch.optim.Adam(list(model.params.values()), self.learning_rate)
        self.loss_history = []

    @property
    def num_iterations(self):
        """How many iterations `train` takes."""
        num_train = len(self.data["train_captions"])
        return self.num_epochs * max(num_train // self.batch_size, 1)

    def train(self):
        """Train for `num_epochs` epochs.

        The parameters require gradients meanwhile, and none afterwards, however this ends.
        """
        self._require_gradients(True)
        try:
            for t in range(self.num_iterations):
                self._step()
                if self.verbose and t % self.print_every == 0:
                    print(f"(Iteration {t + 1} / {self.num_iterations}) "
                          f"loss: {self.loss_history[-1]:f}")
        finally:
            self._require_gradients(False)

    def _step(self):
        """One minibatch: loss, gradients, one step of Adam."""
        captions, features, _ = sample_coco_minibatch(self.data, self.batch_size, split="train")
        device = next(iter(self.model.params.values())).device
        loss = self.model.loss(torch.from_numpy(features).to(device),
                               torch.from_numpy(captions).long().to(device))
        self.optim.zero_grad()
        loss.backward()
        self.optim.step()
        self.loss_history.append(loss.detach().cpu().numpy())

    def _require_gradients(self, required):
        for parameter in self.model.params.values():
            parameter.requires_grad_(required)
