"""The update rules of `cs231n.optim` by PyTorch's optimizers, with a memory that both can read.

A rule of this course keeps its settings and its memory in a dictionary for each parameter, such as
`{"learning_rate": ..., "m": ..., "v": ..., "t": ...}`; so does a checkpoint. `torch.optim` has the
same rules under other names. `Updates` lets PyTorch do the work, where the parameters are, and
translates: so a run that began in NumPy goes on in PyTorch with the moments it had, and back.
"""

import numpy as np

from cs231n import optim
from cs231n.import_pytorch import torch

# For each rule: PyTorch's optimizer, its keywords for the settings of ours, and its memory of ours.
RULES = {
    "sgd": (torch.optim.SGD, {}, {}),
    "sgd_momentum": (torch.optim.SGD, {"momentum": "momentum"}, {"velocity": "momentum_buffer"}),
    "rmsprop": (torch.optim.RMSprop, {"decay_rate": "alpha", "epsilon": "eps"},
                {"cache": "square_avg"}),
    "adam": (torch.optim.Adam, {"epsilon": "eps"}, {"m": "exp_avg", "v": "exp_avg_sq"}),
}


class Updates:
    """An update rule at work on a module.

    Args:
        module: a `CaptioningModule`.
        rule: the name of a rule in `cs231n.optim`.
        configs: for each parameter of the course by its name, the rule's settings and, in a run
            that goes on, its memory: arrays of the course's layout.

    Raises:
        ValueError: a rule that PyTorch has no equal of.
    """

    def __init__(self, module, rule, configs):
        if rule not in RULES:
            raise ValueError(f"the PyTorch engine has no update rule {rule!r}, expected one of "
                             f"{', '.join(RULES)}")
        self.module, self.rule = module, rule
        optimizer, self._settings, self._memory = RULES[rule]
        self._filled_in = {name: self._fill_in(config) for name, config in configs.items()}
        groups = {}  # parameters that have the same settings are updated together
        for name, config in self._filled_in.items():
            groups.setdefault(tuple(config.items()), []).append(name)
        self._names = list(groups.values())
        self._optimizer = optimizer([
            {"params": [self._parameter(name) for name in names],
             **self._keywords(self._filled_in[names[0]])} for names in self._names])
        for name, config in configs.items():
            self._take_memory(name, config)

    def step(self, configs):
        """Update all parameters by the gradients they hold, at the learning rates of `configs`."""
        for group, names in zip(self._groups, self._names):
            self._set_learning_rate(group, configs[names[0]]["learning_rate"])
        self._optimizer.step()

    def remember_in(self, configs):
        """Write settings and memory into `configs`, as the course's rule would have left them."""
        rates = {name: group["lr"] for group, names in zip(self._groups, self._names)
                 for name in names}  # of the last step
        for name, config in configs.items():
            state = self._optimizer.state.get(self._parameter(name), {})
            if not state and self.rule != "sgd":  # no step was taken yet
                continue
            config.update({**self._filled_in[name], "learning_rate": config["learning_rate"]})
            for ours, theirs in self._memory.items():
                config[ours] = self.module.numpy_of(name, state[theirs])
            if self.rule == "adam":
                config["t"] = int(state["step"])
            if self.rule == "sgd_momentum":
                config["velocity"] *= -rates[name]

    # ---- The two languages

    @property
    def _groups(self):
        return self._optimizer.param_groups

    def _parameter(self, name):
        return self.module.get_parameter(self.module.places_of[name].name)

    def _fill_in(self, config):
        """The settings with the rule's own where none was given; its memory is left out."""
        given = {key: value for key, value in config.items() if np.ndim(value) == 0 and key != "t"}
        _, full = getattr(optim, self.rule)(np.zeros(1), np.zeros(1), given)
        return {key: value for key, value in full.items() if np.ndim(value) == 0 and key != "t"}

    def _keywords(self, settings):
        keywords = {theirs: settings[ours] for ours, theirs in self._settings.items()}
        if self.rule == "adam":
            keywords["betas"] = settings["beta1"], settings["beta2"]
        return {"lr": settings["learning_rate"], **keywords}

    def _take_memory(self, name, config):
        state = {theirs: self.module.tensor_of(name, config[ours])
                 for ours, theirs in self._memory.items() if ours in config}
        if self.rule == "adam" and state:
            state["step"] = torch.tensor(float(config["t"]))
        if self.rule == "rmsprop" and state:
            state["step"] = torch.tensor(0.0)  # which RMSProp counts and does not use
        if self.rule == "sgd_momentum" and state:
            state["momentum_buffer"] /= -config["learning_rate"]
        if state:
            self._optimizer.state[self._parameter(name)] = state

    def _set_learning_rate(self, group, rate):
        """Our velocity holds past steps, PyTorch's buffer past gradients: that of the same steps.

        So where the learning rate falls, the buffer has to grow.
        """
        if self.rule == "sgd_momentum" and rate != group["lr"]:
            for parameter in group["params"]:
                if parameter in self._optimizer.state:
                    self._optimizer.state[parameter]["momentum_buffer"] *= group["lr"] / rate
        group["lr"] = rate
