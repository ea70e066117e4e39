"""PyTorch's optimizers take the steps of the course's rules, and each goes on from the other."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from cs231n import optim
from cs231n.classifiers.module_pytorch import CaptioningModule
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.optim_pytorch import RULES, Updates

WORDS = {"<NULL>": 0, "<START>": 1, "<END>": 2, "a": 3}
SETTINGS = {"learning_rate": 0.01}


class Numpy:
    """A rule of the course at work on a model."""

    def __init__(self, model, rule, configs):
        self.params, self.rule, self.configs = model.params, getattr(optim, rule), configs

    def step(self, grads):
        for name, value in self.params.items():
            self.rule(value, grads[name], self.configs[name])


class Pytorch:
    """The same, by `Updates`."""

    def __init__(self, model, rule, configs):
        self.module, self.configs = CaptioningModule.from_numpy(model), configs
        self.updates = Updates(self.module, rule, configs)

    def step(self, grads):
        for name, place in self.module.places_of.items():
            self.module.get_parameter(place.name).grad = self.module.tensor_of(name, grads[name])
        self.updates.step(self.configs)

    @property
    def params(self):
        return self.module.numpy_params()


def make_model():
    np.random.seed(1)
    return CaptioningRNN(WORDS, 4, 5, 6, "lstm", dtype=np.float64)


def ten_steps(engines, rule):
    """Five steps in one engine and five in the other, while the learning rate falls."""
    model, rng = make_model(), np.random.default_rng(2)
    configs = {name: dict(SETTINGS) for name in model.params}
    for engine in engines:
        working = engine(model, rule, configs)
        for _ in range(5):
            working.step({name: rng.standard_normal(value.shape)
                          for name, value in model.params.items()})
            for config in working.configs.values():
                config["learning_rate"] *= 0.9
        if engine is Pytorch:
            working.updates.remember_in(configs)
            model.params = working.params
    return model.params, configs


@pytest.mark.parametrize("engines", [(Pytorch, Pytorch), (Numpy, Pytorch), (Pytorch, Numpy)],
                         ids=["PyTorch alone", "from NumPy on", "back to NumPy"])
@pytest.mark.parametrize("rule", RULES)
def test_the_steps_and_the_memory_are_those_of_numpy(rule, engines):
    expected, expected_configs = ten_steps((Numpy, Numpy), rule)
    params, configs = ten_steps(engines, rule)
    for name, value in expected.items():
        np.testing.assert_allclose(params[name], value, rtol=1e-11, atol=1e-13, err_msg=name)
        ours, theirs = ({key: value for key, value in config[name].items() if key != "work"}
                        for config in (configs, expected_configs))
        assert ours.keys() == theirs.keys()
        for key in theirs:
            np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-11, atol=1e-13)


def test_parameters_may_have_learning_rates_of_their_own():
    model = make_model()
    configs = {name: dict(SETTINGS) for name in model.params}
    configs["Wx"]["learning_rate"] = 0.0
    working = Pytorch(model, "adam", configs)
    working.step({name: np.ones_like(value) for name, value in model.params.items()})
    moved = {name for name, value in working.params.items()
             if not np.array_equal(value, model.params[name])}
    assert moved == set(model.params) - {"Wx"}


def test_a_rule_that_pytorch_does_not_have_is_refused():
    with pytest.raises(ValueError, match="no update rule 'nesterov', expected one of sgd, "):
        Updates(CaptioningModule.from_numpy(make_model()), "nesterov", {})
    assert torch.is_grad_enabled()
