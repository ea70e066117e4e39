"""A training run as its checkpoint holds it: what must be in there before anybody relies on it.

A checkpoint may be whole and yet not what it should be: of another model, of other data, or edited
by hand. `read_run` reads one for going on with it or for looking at it. What does not depend on
the numbers in the arrays, shapes above all, it verifies before it takes memory for them.
"""

import hashlib
import json
import math
import numbers

import numpy as np

from cs231n.arguments import at_least
from cs231n.checkpoints import CheckpointError, advice, full_path, read_checkpoint

# What a checkpoint says about how to train, and what of it may be changed when a run goes on.
FIXED_SETTINGS = ("update_rule", "optim_config", "batch_size")
OPEN_SETTINGS = ("lr_decay", "num_epochs", "print_every", "verbose", "checkpoint_every",
                 "clip_norm", "eval_every", "eval_size")
VAL_HISTORIES = ("val_iterations", "val_loss_history", "val_true_history")
SMALLEST_SETTINGS = {"batch_size": 1, "num_epochs": 1, "print_every": 1, "checkpoint_every": 1,
                     "eval_size": 1, "eval_every": 0}
_GENERATOR = "MT19937"  # of NumPy's global random state, with 624 words of memory


def read_run(path, model=None, data=None):
    """Read the checkpoint of a training run, as `CaptioningSolver.save_checkpoint` writes it.

    Args:
        path: the checkpoint.
        model: the model that is to go on with it; None to look at it only.
        data: the fingerprint of the data (`data_fingerprint`) to go on with, or None.

    Returns:
        Its content, a dictionary.

    Raises:
        FileNotFoundError: there is no checkpoint.
        CheckpointError: it is damaged, holds no training run, or is of another model or other data.
    """
    def check(facts, kinds):
        _refuse_other_runs(path, lambda: _check_facts(facts, kinds))
        if model is not None:
            _check_same(path, "another model", facts["model"], model_fingerprint(model))
        if data is not None:
            _check_same(path, "other data", facts["data"], data,
                        hint=" If max_train was given: it draws captions at random, and draws the "
                             "same ones only with the same seed before it.")

    content = read_checkpoint(path, check)
    _refuse_other_runs(path, lambda: _check_numbers(content))
    return content


# ---- Going on with it ---------------------------------------------------------------------------

def settings_to_go_on_with(path, content, changes, data):
    """The settings of a checkpoint with the changes, and the last iteration that follows."""
    old = content["settings"]
    unknown = sorted(set(old) - set(FIXED_SETTINGS + OPEN_SETTINGS))
    if unknown:
        raise CheckpointError(f"{path} cannot be gone on with: unknown setting {unknown[0]!r}")
    settings = {**old, **{name: changes[name] for name in changes if name in OPEN_SETTINGS}}
    at_least(1)("CaptioningSolver: num_epochs", settings["num_epochs"])
    done, last = content["iteration"], content["last_iteration"]
    if last:
        epoch_length = max(len(data["train_captions"]) // old["batch_size"], 1)
        last += (settings["num_epochs"] - old["num_epochs"]) * epoch_length
        if last < done:
            raise ValueError(
                f"CaptioningSolver.resume: num_epochs is {settings['num_epochs']}, which would end "
                f"the run at iteration {max(last, 0)}, but {path} has done {done}: expected at "
                f"least {old['num_epochs'] - (content['last_iteration'] - done) // epoch_length}")
    return settings, int(last)


def say_changes(old, changes):
    """A sentence on what is no longer as the checkpoint says; an empty text if all is."""
    said = [f"{name} {value} (was {old.get(name)})" for name, value in changes.items()
            if name in old and name != "verbose" and value != old[name]]
    return f" From here on: {', '.join(said)}." if said else ""


# ---- Whose checkpoint it is ---------------------------------------------------------------------

def model_fingerprint(model):
    """What a model must have in common with another to go on from its checkpoint."""
    heads = {"heads": model.num_heads} if hasattr(model, "num_heads") else {}  # no shape tells them
    return {"cell type": str(getattr(model, "cell_type", "")), **heads,
            **{name: _say_kind(value.dtype, value.shape) for name, value in model.params.items()},
            "vocabulary": _digest(getattr(model, "word_to_idx", None))}


def has_vocabulary(content, word_to_idx):
    """Whether the model of a checkpoint (see `read_run`) writes with this vocabulary."""
    return content["model"].get("vocabulary") == _digest(word_to_idx)


def data_fingerprint(data):
    """For each entry of the data that training looks at, a digest of all its numbers."""
    names = [f"{split}_{entry}" for split in ("train", "val")
             for entry in ("captions", "image_idxs", "features")]
    return {name: _digest(data[name]) for name in [*names, "idx_to_word"] if name in data}


def _digest(value):
    if isinstance(value, np.ndarray):
        head, body = f"{value.dtype.str} {value.shape}", np.ascontiguousarray(value).data
    else:
        head, body = json.dumps(value, sort_keys=True, default=str), b""
    digest = hashlib.blake2b(head.encode("utf-8"), digest_size=8)
    digest.update(body)
    return digest.hexdigest()


def _check_same(path, what, theirs, ours, hint=""):
    """Refuse a checkpoint of another model or of other data, naming the first difference."""
    for name in [*theirs, *ours]:
        if theirs.get(name) != ours.get(name):
            raise CheckpointError(f"{path} belongs to {what}: {name} differs"
                                  f" ({theirs.get(name)} there, {ours.get(name)} here).{hint}")


# ---- What must be in it -------------------------------------------------------------------------

class _Wrong(Exception):
    """What is wrong with the content, in words that go on after "is no checkpoint of a run: "."""


def _refuse_other_runs(path, check):
    try:
        check()
    except _Wrong as wrong:
        raise CheckpointError(f"{full_path(path)} is whole, but no checkpoint of a training run: "
                              f"{wrong}.{advice(path)}") from wrong


def _check_facts(facts, kinds):
    """Check all that is known without the numbers in the arrays: `facts`, and their `kinds`."""
    for name in ("model", "data", "settings", "params", "optim_configs", "random_state"):
        _need(isinstance(facts.get(name), dict), f"it has no {name}")
    for folder, name in ((facts["settings"], "optim_config"), (facts, "notes")):  # newer
        _need(isinstance(folder.get(name, {}), dict), f"its {name} are no dictionary")
    for name in ("iteration", "last_iteration"):
        value = facts.get(name)
        _need(_is_whole(value) and value >= 0, f"{name} is {value!r}, expected a whole number")
    done, last = facts["iteration"], facts["last_iteration"]
    _need(done <= last or last == 0, f"iteration {done} is after the last, {last}")
    _check_validations(facts)
    _check_array_kinds(facts, kinds)
    for name in kinds:
        parent = name.rpartition("/")[0]
        _need(_has_folder(facts, parent), f"it has {name}, which belongs to nothing")


def _check_validations(facts):
    """The histories of the validations have one entry for each."""
    for name in VAL_HISTORIES:
        _need(isinstance(facts.get(name), list), f"it has no {name}")
    iterations, losses, shares = (facts[name] for name in VAL_HISTORIES)
    _need(len(iterations) == len(losses) == len(shares),
          f"there are {len(iterations)} val_iterations, {len(losses)} val_loss_history and "
          f"{len(shares)} val_true_history, expected the same number")
    _need(all(map(_is_whole, iterations)) and iterations == sorted(set(iterations))
          and all(0 < i <= facts["iteration"] for i in iterations),
          f"val_iterations do not rise from 1 to {facts['iteration']} at most")
    _need(all(map(_is_finite, losses)), "val_loss_history is not all finite numbers")
    _need(all(share is None or _is_finite(share) and 0 <= share <= 1 for share in shares),
          "val_true_history is not all shares from 0 to 1")


def _check_array_kinds(facts, kinds):
    """Dtypes and shapes: those of the parameters as the model's, all others as the parameters'."""
    _expect(kinds, "loss_history", np.dtype(float), (facts["iteration"],))
    _expect(kinds, "random_state/keys", np.dtype(np.uint32), (624,))
    params = {name: kind for name, kind in facts["model"].items()
              if name not in ("cell type", "heads", "vocabulary")}
    _need(params, "it has no parameters")
    best = facts.get("best_params", "")
    _need(best is None or isinstance(best, dict), "best_params is no dictionary")
    for name in params:
        _need(f"params/{name}" in kinds, f"it has no params/{name}")
        _need(best is None or f"best_params/{name}" in kinds, f"it has no best_params/{name}")
        _need(isinstance(facts["optim_configs"].get(name), dict), f"it has no optim_configs/{name}")
    for path, (dtype, shape) in kinds.items():
        group, *rest = path.split("/")
        if group in ("params", "best_params", "optim_configs"):
            _need(rest and rest[0] in params, f"it has {path}, but the model has no such parameter")
            is_number = group == "optim_configs" and shape == ()
            _need(is_number or _say_kind(dtype, shape) == params[rest[0]],
                  f"{path} is {_say_kind(dtype, shape)}, expected {params[rest[0]]}")


def _check_numbers(content):
    """Check the numbers themselves."""
    for name, smallest in SMALLEST_SETTINGS.items():
        value = content["settings"].get(name)
        _need(_is_whole(value) and value >= smallest,
              f"settings/{name} is {value!r}, expected a whole number of at least {smallest}")
    _need_finite("loss_history", content["loss_history"])
    for group in ("params", "best_params"):
        for name, value in (content[group] or {}).items():
            _need_finite(f"{group}/{name}", value)
    for name, config in content["optim_configs"].items():
        for setting, value in config.items():
            _need_finite(f"optim_configs/{name}/{setting}", value)
    state = content["random_state"]
    position = state.get("position")
    _need(state.get("generator") == _GENERATOR and isinstance(position, list)
          and len(position) == 3 and all(map(_is_finite, position)) and 0 <= position[0] <= 624
          and all(map(_is_whole, position[:2])),
          "random_state is not as NumPy's global one")


def _expect(kinds, path, dtype, shape):
    _need(path in kinds, f"it has no {path}")
    _need(kinds[path] == (dtype, shape),
          f"{path} is {_say_kind(*kinds[path])}, expected {_say_kind(dtype, shape)}")


def _has_folder(facts, folder):
    """Whether there is a dictionary at a path such as `optim_configs/Wx`."""
    for name in folder.split("/") if folder else ():
        facts = facts.get(name)
        if not isinstance(facts, dict):
            return False
    return True


def _need_finite(name, value):
    array = np.asarray(value)
    _need(array.dtype.kind in "iuf" and np.isfinite(array).all(),
          f"{name} is not all finite numbers")


def _need(fine, otherwise):
    if not fine:
        raise _Wrong(otherwise)


def _say_kind(dtype, shape):
    return f"{dtype} {shape}"


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_finite(value):
    return (isinstance(value, numbers.Real) and not isinstance(value, bool)
            and math.isfinite(value))
