"""Training: minibatch after minibatch, the parameters of a captioner move down the gradient."""

import numbers

from cs231n import optim
from cs231n.coco_utils import sample_coco_minibatch


class CaptioningSolver:
    """Trains a captioner on captions and features.

    An epoch is `max(num_train // batch_size, 1)` iterations, where `num_train` is the number of
    training captions. Each iteration draws a minibatch with `sample_coco_minibatch` (from NumPy's
    global random state; nothing else is drawn), asks the model for the loss and its gradients, and
    lets the update rule change each parameter.

    Args:
        model: has `params`, a dict of arrays, and `loss(features, captions)` -> (loss, gradients).
        data: what `load_coco_data` returns.
        update_rule: the name of a rule in `cs231n.optim`.
        optim_config: settings of that rule, such as `learning_rate`. Each parameter gets its copy.
        lr_decay: what the learning rate is multiplied by after each epoch.
        batch_size: how many captions an iteration looks at.
        num_epochs: how many epochs `train` runs.
        print_every: how many iterations lie between two printed losses.
        verbose: False prints nothing.

    Attributes:
        loss_history: the loss of each iteration so far.

    Raises:
        ValueError: an unknown keyword or update rule, or a size below 1.
    """

    def __init__(self, model, data, *, update_rule="sgd", optim_config=None, lr_decay=1.0,
                 batch_size=100, num_epochs=10, print_every=10, verbose=True, **unknown):
        if unknown:
            raise ValueError(f"CaptioningSolver: unknown keyword {sorted(unknown)[0]!r}")
        sizes = {"batch_size": batch_size, "num_epochs": num_epochs, "print_every": print_every}
        for name, value in sizes.items():
            if not isinstance(value, numbers.Integral) or value < 1:
                raise ValueError(f"CaptioningSolver: {name} is {value!r}, "
                                 "expected a whole number of at least 1")
        if update_rule.startswith("_") or not callable(getattr(optim, update_rule, None)):
            raise ValueError(f"CaptioningSolver: unknown update rule {update_rule!r}")
        self.model = model
        self.data = data
        self.update_rule = update_rule
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self.print_every = print_every
        self.verbose = verbose
        self.loss_history = []
        self.optim_configs = {name: dict(optim_config or {}) for name in model.params}

    def train(self):
        """Run `num_epochs` epochs."""
        epoch_length = max(len(self.data["train_captions"]) // self.batch_size, 1)
        num_iterations = self.num_epochs * epoch_length
        for t in range(num_iterations):
            self._step()
            if self.verbose and t % self.print_every == 0:
                print(f"(Iteration {t + 1} / {num_iterations}) loss: {self.loss_history[-1]:f}")
            if (t + 1) % epoch_length == 0:
                for config in self.optim_configs.values():
                    config["learning_rate"] *= self.lr_decay

    def _step(self):
        """One iteration: a minibatch, its loss and gradients, and an update of each parameter."""
        captions, features, _ = sample_coco_minibatch(self.data, self.batch_size, split="train")
        loss, grads = self.model.loss(features, captions)
        self.loss_history.append(float(loss))
        rule = getattr(optim, self.update_rule)
        for name, value in self.model.params.items():
            config = self.optim_configs[name]
            self.model.params[name], self.optim_configs[name] = rule(value, grads[name], config)
