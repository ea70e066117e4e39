"""The update rules, against their formulas and in their manners."""

import numpy as np
import pytest

from cs231n import optim

STEPS = 5


def textbook(rule, w, gradients):
    """The rules as their papers state them, with the settings that the tests use."""
    lr, m, v = 0.1, 0, 0
    for t, dw in enumerate(gradients, start=1):
        if rule == "sgd":
            w = w - lr * dw
        elif rule == "sgd_momentum":
            v = 0.9 * v - lr * dw
            w = w + v
        elif rule == "rmsprop":
            v = 0.99 * v + 0.01 * dw**2
            w = w - lr * dw / (np.sqrt(v) + 1e-8)
        else:
            m, v = 0.9 * m + 0.1 * dw, 0.999 * v + 0.001 * dw**2
            m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
            w = w - lr * m_hat / (np.sqrt(v_hat) + 1e-8)
    return w


RULES = ["sgd", "sgd_momentum", "rmsprop", "adam"]


@pytest.fixture
def problem():
    rng = np.random.RandomState(231)
    return rng.randn(4, 3), [rng.randn(4, 3) for _ in range(STEPS)]


@pytest.mark.parametrize("rule", RULES)
def test_steps_follow_the_formula(rule, problem):
    w, gradients = problem
    expected = textbook(rule, w, gradients)
    config = {"learning_rate": 0.1}
    for dw in gradients:
        before = dw.copy()
        w, config = getattr(optim, rule)(w, dw, config)
        np.testing.assert_array_equal(dw, before)
    np.testing.assert_allclose(w, expected, rtol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_updates_happen_in_place_and_keep_float32(rule, problem):
    w, gradients = problem
    w = w.astype(np.float32)
    next_w, config = getattr(optim, rule)(w, gradients[0].astype(np.float32))
    arrays = {name: value for name, value in config.items() if isinstance(value, np.ndarray)}
    again, config = getattr(optim, rule)(next_w, gradients[1].astype(np.float32), config)
    assert again is next_w is w and w.dtype == np.float32
    assert all(config[name] is array for name, array in arrays.items())


def test_default_learning_rates():
    rates = {rule: getattr(optim, rule)(np.ones(1), np.ones(1))[1]["learning_rate"]
             for rule in RULES}
    assert rates == {"sgd": 1e-2, "sgd_momentum": 1e-2, "rmsprop": 1e-2, "adam": 1e-3}


@pytest.mark.parametrize("rule", RULES)
def test_bad_input_is_refused_before_anything_changes(rule):
    step, w = getattr(optim, rule), np.ones((2, 3))
    with pytest.raises(ValueError, match=rule + r": dw has shape \(3,\), expected .*\(2, 3\)"):
        step(w, np.ones(3))
    with pytest.raises(ValueError, match=rule + ": unknown setting 'lr'; it knows learning_rate"):
        step(w, np.ones((2, 3)), {"lr": 1})
    with pytest.raises(TypeError, match=rule + ": w has dtype int64, expected floats"):
        step(np.ones((2, 3), dtype=np.int64), np.ones((2, 3)))
    with pytest.raises(TypeError, match=rule + ": dw is of type float"):
        step(w, 1.0)
    np.testing.assert_array_equal(w, np.ones((2, 3)))


@pytest.mark.parametrize("rule, setting, value, expected", [
    ("sgd", "learning_rate", -0.1, "at least 0"), ("sgd", "learning_rate", np.nan, "at least 0"),
    ("sgd_momentum", "momentum", 1.0, "from 0 to below 1"),
    ("rmsprop", "decay_rate", 1.5, "from 0 to below 1"), ("rmsprop", "epsilon", 0, "above 0"),
    ("adam", "beta1", 1, "from 0 to below 1"), ("adam", "beta2", -0.1, "from 0 to below 1"),
    ("adam", "t", -3, "whole number"), ("adam", "t", 2.5, "whole number"),
])
def test_settings_without_sense_are_refused(rule, setting, value, expected):
    w = np.ones(3)
    with pytest.raises(ValueError, match=f"{rule}: {setting} is {value}, expected .*{expected}"):
        getattr(optim, rule)(w, np.ones(3), {setting: value})
    np.testing.assert_array_equal(w, np.ones(3))
    with pytest.raises(TypeError, match=f"{rule}: {setting} is 'much'"):
        getattr(optim, rule)(w, np.ones(3), {setting: "much"})
