"""Update rules: how a gradient changes a parameter.

Each is `rule(w, dw, config=None) -> (next_w, config)`. `config` holds the rule's settings, and what
the rule remembers from one step to the next; pass it in again at the next step. The update happens
in place: `next_w` is `w` itself, and no array is made anew at each step.
"""

import math
import numbers

import numpy as np


def sgd(w, dw, config=None):
    """Stochastic gradient descent: `w -= learning_rate * dw`.

    Args:
        w: a parameter, of any shape. It is changed.
        dw: the gradient of the loss with respect to it.
        config: `learning_rate` (1e-2).
    """
    config, work = _prepare("sgd", w, dw, config, {"learning_rate": 1e-2})
    w -= np.multiply(dw, config["learning_rate"], out=work)
    return w, config


def sgd_momentum(w, dw, config=None):
    """Gradient descent with momentum: the step is a decaying sum of past gradients.

    `velocity = momentum * velocity - learning_rate * dw; w += velocity`

    Args:
        w: a parameter, of any shape. It is changed.
        dw: the gradient of the loss with respect to it.
        config: `learning_rate` (1e-2), `momentum` (0.9), and its memory `velocity`.
    """
    settings = {"learning_rate": 1e-2, "momentum": 0.9}
    config, work = _prepare("sgd_momentum", w, dw, config, settings, memory=("velocity",))
    velocity = config["velocity"]
    velocity *= config["momentum"]
    velocity -= np.multiply(dw, config["learning_rate"], out=work)
    w += velocity
    return w, config


def rmsprop(w, dw, config=None):
    """RMSProp (Tieleman and Hinton 2012): each number has a step size of its own.

    `cache = decay_rate * cache + (1 - decay_rate) * dw**2`
    `w -= learning_rate * dw / (sqrt(cache) + epsilon)`

    Args:
        w: a parameter, of any shape. It is changed.
        dw: the gradient of the loss with respect to it.
        config: `learning_rate` (1e-2), `decay_rate` (0.99), `epsilon` (1e-8), and its memory
            `cache`.
    """
    settings = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8}
    config, work = _prepare("rmsprop", w, dw, config, settings, memory=("cache",))
    _average_square(config["cache"], dw, config["decay_rate"], work)
    np.sqrt(config["cache"], out=work)
    work += config["epsilon"]
    np.divide(dw, work, out=work)
    work *= config["learning_rate"]
    w -= work
    return w, config


def adam(w, dw, config=None):
    """Adam (Kingma and Ba 2015): momentum and a step size of its own for each number.

    `m` and `v` are running averages of the gradient and of its square. Both start at zero and so
    are too small at first, which the divisions by `1 - beta**t` make good.

    Args:
        w: a parameter, of any shape. It is changed.
        dw: the gradient of the loss with respect to it.
        config: `learning_rate` (1e-3), `beta1` (0.9), `beta2` (0.999), `epsilon` (1e-8), and its
            memory `m`, `v` and `t`, the number of steps so far.
    """
    settings = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
    config, work = _prepare("adam", w, dw, config, settings, memory=("m", "v"))
    config["t"] += 1
    m, v, t = config["m"], config["v"], config["t"]
    m *= config["beta1"]
    m += np.multiply(dw, 1 - config["beta1"], out=work)
    _average_square(v, dw, config["beta2"], work)

    np.divide(v, 1 - config["beta2"] ** t, out=work)
    np.sqrt(work, out=work)
    work += config["epsilon"]
    np.divide(m, work, out=work)
    work *= config["learning_rate"] / (1 - config["beta1"] ** t)
    w -= work
    return w, config


def _average_square(average, dw, decay, work):
    """`average = decay * average + (1 - decay) * dw**2`, in place."""
    average *= decay
    np.multiply(dw, dw, out=work)
    work *= 1 - decay
    average += work


# Outside of these ranges a rule goes uphill, divides by zero, or never forgets.
_RANGES = {
    "learning_rate": (lambda x: x >= 0, "a number of at least 0"),
    "epsilon": (lambda x: x > 0, "a number above 0"),
    "t": (lambda x: x >= 0 and x == int(x), "a whole number of at least 0"),
}
_A_SHARE = (lambda x: 0 <= x < 1, "a number from 0 to below 1")  # how much of the past is kept


def _check_setting(where, name, value):
    fits, expected = _RANGES.get(name, _A_SHARE)
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{where} is {value!r}, expected {expected}")
    if not math.isfinite(value) or not fits(value):
        raise ValueError(f"{where} is {value}, expected {expected}")


def _prepare(rule, w, dw, config, settings, memory=()):
    """Check a call, fill in what `config` leaves open, and find room to compute in.

    `config["work"]` is that room: as large as `w`, and without meaning between two steps.
    """
    config = {} if config is None else config
    unknown = sorted(set(config) - set(settings) - set(memory) - {"work"})
    if unknown:
        raise ValueError(f"{rule}: unknown setting {unknown[0]!r}; it knows {', '.join(settings)}")
    for name, array in (("w", w), ("dw", dw)):
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{rule}: {name} is of type {type(array).__name__}, "
                            "expected a NumPy array")
    if w.dtype.kind != "f":
        raise TypeError(f"{rule}: w has dtype {w.dtype}, expected floats")
    for name, array in [("dw", dw)] + [(name, config[name]) for name in memory if name in config]:
        if np.shape(array) != w.shape:
            raise ValueError(f"{rule}: {name} has shape {np.shape(array)}, "
                             f"expected that of w, {w.shape}")
    for name, value in settings.items():
        config.setdefault(name, value)
        _check_setting(f"{rule}: {name}", name, config[name])
    for name in memory:
        if name not in config:
            config[name] = np.zeros_like(w)
    if "work" not in config:
        config["work"] = np.empty_like(w)
    return config, config["work"]
