"""Training: minibatch after minibatch, the parameters of a captioner move down the gradient.

One iteration is short (`_step`). The rest of the file is about long runs: nothing is lost when one
is interrupted, by Ctrl-C, by a crash or by a closed laptop, and it goes on as if nothing had been.
"""

import contextlib
import functools
import math
import numbers

import numpy as np

from cs231n import optim
from cs231n.arguments import at_least, finite
from cs231n.checkpoints import CheckpointError, file_state, full_path, write_checkpoint
from cs231n.coco_utils import sample_coco_minibatch
from cs231n.keeping import Keeper, NotSaved, reason
from cs231n.progress import CtrlC, TrainingStopped, how_to_go_on, progress_bar
from cs231n.saved_run import (
    FIXED_SETTINGS,
    OPEN_SETTINGS,
    SMALLEST_SETTINGS,
    VAL_HISTORIES,
    data_fingerprint,
    model_fingerprint,
    read_run,
    say_changes,
    settings_to_go_on_with,
)
from cs231n.validation import Validation

# A loss this many times as high as that of guessing is no bad start, but a run that is lost.
ABSURD = 100


def _alone_with_its_checkpoint(train):
    """No other process can write the checkpoint of a solver while it trains."""

    @functools.wraps(train)
    def alone(self):
        with contextlib.nullcontext() if self._keeper is None else self._keeper.alone():
            return train(self)

    return alone


class CaptioningSolver:
    """Trains a captioner on captions and features.

    An epoch is `max(num_train // batch_size, 1)` iterations, where `num_train` is the number of
    training captions. Each iteration draws a minibatch with `sample_coco_minibatch` (from NumPy's
    global random state; nothing else is drawn), asks the model for the loss and its gradients, and
    lets the update rule change each parameter.

    Args:
        model: has `params`, a dictionary of arrays, and `loss(features, captions)`, which returns
            the loss and a dictionary of gradients.
        data: what `load_coco_data` returns.
        update_rule: the name of a rule in `cs231n.optim`.
        optim_config: settings of that rule, such as `learning_rate`. Each parameter gets its copy.
        lr_decay: what the learning rate is multiplied by after each epoch.
        batch_size: how many captions an iteration looks at.
        num_epochs: how many epochs a run has.
        print_every: how many iterations lie between two printed losses.
        verbose: False prints nothing and shows no progress bar.
        clip_norm: gradients that, taken together as one vector, are longer than this are scaled
            down to this length.
        eval_every: how many iterations lie between two validations; 0 for none.
        eval_size: how many captions and pictures a validation looks at.
        checkpoint_path: where to keep a checkpoint, an `.npz` file.
        checkpoint_every: how many iterations lie between two checkpoints.

    Attributes:
        loss_history: the loss of each iteration so far.
        val_iterations, val_loss_history, val_true_history: for each validation, after how many
            iterations it was made, its loss, and its share of true captions (None where the scenes
            behind the pictures are not known).
        best_params: a copy of the parameters that had the lowest validation loss; None before.
        optim_configs: for each parameter, the settings and the memory of the update rule.
        notes: a dictionary of your own, of what JSON can hold; the checkpoint keeps it.

    Raises:
        ValueError: an unknown keyword, update rule or setting of it, a value out of range, or
            features that are not all finite.
        FileExistsError: `checkpoint_path` holds the checkpoint of another run.
    """

    def __init__(self, model, data, *, update_rule="sgd", optim_config=None, lr_decay=1.0,
                 batch_size=100, num_epochs=10, print_every=10, verbose=True, clip_norm=None,
                 eval_every=0, eval_size=500, checkpoint_path=None, checkpoint_every=100,
                 **unknown):
        if unknown:
            raise ValueError(f"CaptioningSolver: unknown keyword {sorted(unknown)[0]!r}")
        self.model, self.data = model, data
        self.update_rule = update_rule
        self.optim_config = dict(optim_config or {})
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self.print_every = print_every
        self.verbose = verbose
        self.clip_norm = clip_norm
        self.eval_every = eval_every
        self.eval_size = eval_size
        self._keeper = None if checkpoint_path is None else Keeper(checkpoint_path)
        self.checkpoint_every = checkpoint_every
        self._check_settings()
        self._rule, settings = _update_rule(update_rule, self.optim_config)
        self.optim_configs = {name: dict(settings) for name in model.params}

        self.loss_history = []
        self.val_iterations, self.val_loss_history, self.val_true_history = [], [], []
        self.best_params = None
        self.notes = {}
        self._guessing = _loss_of_guessing(data["train_captions"])
        self._last_batch = None  # features and captions
        self._last_iteration = 0  # of this run; a run that is over ends here
        self._over = True
        self._random_state = None  # with which an interrupted run goes on
        self._last_params = None  # before the last update
        self._data_fingerprint = None
        self._validation = Validation(data, eval_size, batch_size) if eval_every else None
        if checkpoint_path is not None and full_path(checkpoint_path).exists():
            raise FileExistsError(
                f"there is a checkpoint of another run at {full_path(checkpoint_path)}. Go on with "
                "that run by CaptioningSolver.resume(path, model, data), or delete the file, or "
                "name another.")

    # ---- A run ----------------------------------------------------------------------------------

    @_alone_with_its_checkpoint
    def train(self):
        """Run `num_epochs` epochs, or go on with a run that was interrupted.

        Ctrl-C, or a notebook's stop button, stops after the iteration that is under way. Everything
        is kept: call `train()` again to go on. After a run that ended, `train()` begins another of
        `num_epochs` epochs.

        Raises:
            TrainingStopped: Ctrl-C stopped the run. (A KeyboardInterrupt: what was to come after
                the run, such as further cells of a notebook, does not go on by itself.)
            FloatingPointError: the loss is not finite, or absurd. The model then holds the
                parameters of the last iteration whose loss was fine.
            CheckpointError: another process writes to `checkpoint_path`, or has done so.
            NotSaved: the run has come to its end, but its last checkpoint could not be written. (An
                OSError.)
        """
        if self._over:
            self._last_iteration = self.iteration + self.num_epochs * self.epoch_length
            self._over = False
        elif self._random_state is not None:
            np.random.set_state(self._random_state)
        if self.checkpoint_path is not None and not full_path(self.checkpoint_path).exists():
            self.save_checkpoint()  # if it cannot be written, better to know now
        try:
            with self._ctrl_c() as ctrl_c, self._progress_bar() as bar:
                while not self.finished and not ctrl_c.pressed:
                    self._step()
                    self._after_step(bar)
        finally:
            self._random_state = np.random.get_state()
        self._over = self.finished
        if ctrl_c.pressed:
            self._stop_by_ctrl_c()

    @property
    def checkpoint_path(self):
        """Where the checkpoint is kept; None without one."""
        return None if self._keeper is None else self._keeper.path

    @property
    def iteration(self):
        """How many iterations there have been."""
        return len(self.loss_history)

    @property
    def epoch_length(self):
        """How many iterations an epoch has."""
        return max(len(self.data["train_captions"]) // self.batch_size, 1)

    @property
    def finished(self):
        """Whether the run has come to its last iteration."""
        return 0 < self._last_iteration <= self.iteration

    @property
    def learning_rate(self):
        """The learning rate of the next iteration (of the first parameter, if they differ)."""
        return next(iter(self.optim_configs.values()))["learning_rate"]

    def _step(self):
        """One iteration: a minibatch, its loss and gradients, and an update of each parameter."""
        captions, features, _ = sample_coco_minibatch(self.data, self.batch_size, split="train")
        self._last_batch = features, captions
        loss, grads = self.model.loss(features, captions)
        self._check_gradients(grads)
        self._check_loss(loss, features)
        if self.clip_norm is not None:
            grads, norm = clip_gradients(grads, self.clip_norm)
            if not math.isfinite(norm):
                self._stop_diverged(f"the norm of the gradients is {norm}", features)
        self._remember_params()
        for name, value in self.model.params.items():
            config = self.optim_configs[name]
            self.model.params[name], self.optim_configs[name] = self._rule(
                value, grads[name], config)
        self.loss_history.append(float(loss))

    def _after_step(self, bar):
        """What is due after an iteration: a printed loss, decay, validation, a checkpoint."""
        t = self.iteration
        say = bar.write
        if self.verbose and (t - 1) % self.print_every == 0:
            say(f"(Iteration {t} / {self._last_iteration}) loss: {self.loss_history[-1]:f}")
        bar.update(self.loss_history[-1])
        if t % self.epoch_length == 0:
            for config in self.optim_configs.values():
                config["learning_rate"] *= self.lr_decay
        if self.finished:
            self._check_last_update()
        if self.eval_every and (t % self.eval_every == 0 or self.finished):
            self._validate_or_save_first(say)
        if self.checkpoint_path is not None and (t % self.checkpoint_every == 0 or self.finished):
            self._save_or_say_why_not(say)

    def _ctrl_c(self):
        return CtrlC()

    def _progress_bar(self):
        return progress_bar(self._last_iteration, self.iteration, hidden=not self.verbose)

    def _validate_or_save_first(self, say):
        """A validation that fails ends the run, but at its end takes nothing computed with it."""
        try:
            self._validate(say)
        except FloatingPointError:  # there is nothing good to save
            raise
        except Exception:
            if self.finished and self.checkpoint_path is not None:
                self._save_or_say_why_not(say)
            raise

    def _validate(self, say):
        loss = self._validation.loss(self.model)
        if not math.isfinite(loss):
            self._stop_diverged(f"the validation loss is {loss}", self._validation.features,
                                f"after iteration {self.iteration}")
        true = self._validation.share_true(self.model)
        if loss < min(self.val_loss_history, default=math.inf):
            self.best_params = {name: value.copy() for name, value in self.model.params.items()}
        self.val_iterations.append(self.iteration)
        self.val_loss_history.append(loss)
        self.val_true_history.append(true)
        if self.verbose:
            captions = "" if true is None else f", true captions: {100 * true:.1f} %"
            say(f"(Iteration {self.iteration} / {self._last_iteration}) "
                f"validation loss: {loss:f}{captions}")

    # ---- When something is wrong ----------------------------------------------------------------

    def _check_settings(self):
        for name, smallest in SMALLEST_SETTINGS.items():
            at_least(smallest)(f"CaptioningSolver: {name}", getattr(self, name))
        for name in ("lr_decay", "clip_norm"):
            value = getattr(self, name)
            if name == "clip_norm" and value is None:
                continue
            if not isinstance(value, numbers.Real) or not 0 < value < math.inf:
                raise ValueError(f"CaptioningSolver: {name} is {value!r}, "
                                 "expected a number above 0")
        rate = self.optim_config.get("learning_rate", 1)
        if isinstance(rate, numbers.Real) and not rate > 0:  # of others, the update rule tells
            raise ValueError(f"CaptioningSolver: learning_rate is {rate}, expected a number above "
                             "0")
        for entry in ("train_captions", "train_image_idxs", "train_features"):
            if entry not in self.data:
                raise ValueError(f"CaptioningSolver: data has no {entry!r}, expected what "
                                 "load_coco_data returns")
        finite("CaptioningSolver: train_features", self.data["train_features"])
        num_train = len(self.data["train_captions"])
        if self.batch_size > 10 * num_train:
            raise ValueError(f"CaptioningSolver: batch_size is {self.batch_size}, but there are "
                             f"only {num_train} training captions")

    def _check_gradients(self, grads):
        """Each parameter needs its gradient: found out here, before any parameter has changed."""
        for name, value in self.model.params.items():
            if name not in grads:
                raise ValueError(f"model.loss returned no gradient for {name!r}")
            if np.shape(grads[name]) != value.shape:
                raise ValueError(f"model.loss returned a gradient of shape {np.shape(grads[name])} "
                                 f"for {name!r}, which has shape {value.shape}")

    def _remember_params(self):
        """Copy the parameters, of which it is known by now that their loss is finite."""
        if self._last_params is None:
            self._last_params = {name: value.copy() for name, value in self.model.params.items()}
        else:
            _copy_into(self._last_params, self.model.params)

    def _check_loss(self, loss, features, where=None):
        """Stop where the loss is not finite, or far above that of guessing all words."""
        most = ABSURD * max(self._guessing, *self.loss_history[:1], 1.0)
        if not math.isfinite(loss):
            self._stop_diverged(f"the loss is {loss}", features, where)
        if loss > most:
            self._stop_diverged(f"the loss is {loss:g}, while guessing would give about "
                                f"{self._guessing:g}", features, where)

    def _check_last_update(self):
        """An update shows in the next loss; after the last one there is none, so it is made."""
        loss, _ = self.model.loss(*self._last_batch)
        self._check_loss(loss, self._last_batch[0], "after the last iteration")

    def _stop_diverged(self, what, features, where=None):
        """Put the last good parameters back, and say what happened and what to do."""
        if self._last_params is not None:
            _copy_into(self.model.params, self._last_params)
        where = where or f"at iteration {self.iteration + 1}"
        if not np.isfinite(features).all():
            raise FloatingPointError(f"{where}, {what}: the features of its minibatch are not all "
                                     "finite.")
        if not self.loss_history:
            raise FloatingPointError(
                f"{where}, {what}, before any step was taken: the model's loss, or the parameters "
                "that it began with and still holds, are at fault.")
        raise FloatingPointError(
            f"{where}, {what}: the learning rate {self.learning_rate:g} is likely too high. "
            "The model holds the last good parameters. Begin a new run, from them or from the "
            f"start, with a learning rate of {self.learning_rate / 10:g} or less, or with "
            "clip_norm=5.")

    def _stop_by_ctrl_c(self):
        """Say how to go on, keep a checkpoint, and end what would have come after the run."""
        stopped = f"Stopped after iteration {self.iteration} of {self._last_iteration}"
        not_written = None if self.checkpoint_path is None else self._save_or_rescue()
        print(f"{stopped}{f'. {not_written}' if not_written else '; everything is kept.'}"
              f"{'' if self.finished else how_to_go_on(self)}")
        if self.checkpoint_path is not None and not not_written:
            print("After a restart, go on with CaptioningSolver.resume("
                  f"{str(self.checkpoint_path)!r}, model, data).train()")
        raise TrainingStopped("what was to come after this run, further cells included, was not "
                              "run.")

    # ---- Checkpoints ----------------------------------------------------------------------------

    def save_checkpoint(self, path=None):
        """Write all that the next iteration depends on to `path`, or else to `checkpoint_path`."""
        if path is None and self._keeper is None:
            raise ValueError("save_checkpoint: this solver has no checkpoint_path, so name a path")
        if path is None or self._keeper and full_path(path) == self._keeper.path:
            self._keeper.write(self.content())
        else:
            write_checkpoint(path, self.content())

    def content(self):
        """All that the next iteration depends on: what a checkpoint holds."""
        if self._data_fingerprint is None:
            self._data_fingerprint = data_fingerprint(self.data)
        generator, keys, *position = np.random.get_state()
        return {
            "model": model_fingerprint(self.model),
            "data": self._data_fingerprint,
            "settings": {name: getattr(self, name) for name in FIXED_SETTINGS + OPEN_SETTINGS},
            "notes": self.notes,
            "iteration": self.iteration,
            "last_iteration": int(self._last_iteration),
            "loss_history": np.array(self.loss_history, dtype=float),
            **{name: getattr(self, name) for name in VAL_HISTORIES},
            "params": self.model.params,
            "best_params": self.best_params,
            # An update rule's `work` is scratch space, without meaning between two iterations.
            "optim_configs": {name: {key: value for key, value in config.items() if key != "work"}
                              for name, config in self.optim_configs.items()},
            "random_state": {"generator": generator, "keys": keys, "position": position},
        }

    def _save_or_say_why_not(self, say):
        """A full disk is no reason to lose a run; at its end, there is nothing to hope for."""
        if self.finished:
            not_saved = self._save_or_rescue()
            if not_saved:
                self._over = True
                raise NotSaved(not_saved)
        elif self._is_broken():
            say(f"There is no checkpoint of iteration {self.iteration}: the parameters are not all "
                "finite numbers.")
        else:
            try:
                self.save_checkpoint()
            except (OSError, MemoryError) as error:
                say(f"The checkpoint of iteration {self.iteration} could not be written "
                    f"({reason(error)}); training goes on.")

    def _save_or_rescue(self):
        """Write what will not be written later. Returns what must be said, if something must."""
        if self._is_broken():
            return (f"The parameters of iteration {self.iteration} are NOT saved (they are not all "
                    f"finite numbers); {self._keeper.holds()}.")
        return self._keeper.write_or_rescue(self.content())

    def _is_broken(self):
        """Such a model is no reason to overwrite the checkpoint of a good one."""
        return not all(np.isfinite(value).all() for value in self.model.params.values())

    @classmethod
    def resume(cls, path, model, data, **changes):
        """A solver that goes on where the one that wrote the checkpoint `path` was.

        `train()` then takes the very steps that the other would have taken: parameters, memory of
        the update rule, histories, position and NumPy's random state are those of the checkpoint.
        Of a run that has ended, `train()` has nothing left to do.

        Args:
            path: the checkpoint. It is also where further ones go.
            model: a model of the same sizes; its parameters are overwritten.
            data: the same data.
            changes: keywords of `CaptioningSolver` that may differ from then on: `num_epochs`,
                `lr_decay`, `clip_norm`, `print_every`, `verbose`, `eval_every`, `eval_size`,
                `checkpoint_path`, `checkpoint_every`.

        Raises:
            FileNotFoundError: there is no checkpoint.
            CheckpointError: it is damaged, or of another model or other data. (A ValueError.)
            ValueError: a keyword that cannot be changed, or fewer epochs than are done.
        """
        unknown = sorted(set(changes) - set(OPEN_SETTINGS) - {"checkpoint_path"})
        if unknown:
            raise ValueError(f"CaptioningSolver.resume: {unknown[0]!r} cannot be changed; these "
                             f"can: {', '.join(OPEN_SETTINGS)}, checkpoint_path")
        state, fingerprint = file_state(path), data_fingerprint(data)
        content = read_run(path, model, fingerprint)
        settings, last_iteration = settings_to_go_on_with(path, content, changes, data)
        new_path = changes.get("checkpoint_path", path)
        moved = new_path is not None and full_path(new_path) != full_path(path)
        try:
            solver = cls(model, data, checkpoint_path=new_path if moved else None, **settings)
        except ValueError as error:
            raise CheckpointError(f"{path} cannot be gone on with: {error}") from error
        if not moved and new_path is not None:
            solver._keeper = Keeper(path, state, content["iteration"])
        solver._data_fingerprint = fingerprint
        solver._check_optim_configs(path, content)
        solver._restore(content, last_iteration)
        if solver.verbose:
            print(f"Resumed at iteration {solver.iteration} of {solver._last_iteration}."
                  f"{say_changes(content['settings'], changes)}")
        return solver

    def _check_optim_configs(self, path, content):
        """Refuse memory of the update rule that is not what the rule would have by now."""
        for name, config in content["optim_configs"].items():
            numbers_only = {key: value for key, value in config.items() if np.ndim(value) == 0}
            try:
                _, trial = self._rule(np.zeros(1), np.zeros(1), dict(numbers_only))
            except (TypeError, ValueError) as error:
                raise CheckpointError(f"{path} cannot be gone on with: optim_configs/{name} does "
                                      f"not suit: {error}") from error
            missing = sorted(set(trial) - {"work"} - set(config)) if content["iteration"] else []
            if missing or "work" in config:
                raise CheckpointError(f"{path} cannot be gone on with: optim_configs/{name} "
                                      f"{'lacks ' + missing[0] if missing else 'holds work'}")

    def _restore(self, content, last_iteration):
        self._last_iteration = last_iteration
        self._over = last_iteration == 0  # written before train() was called
        _copy_into(self.model.params, content["params"])
        self.loss_history = content["loss_history"].tolist()
        for name in (*VAL_HISTORIES, "best_params", "optim_configs"):
            setattr(self, name, content[name])
        self.notes = content.get("notes", {})
        state = content["random_state"]
        self._random_state = (state["generator"], state["keys"], *state["position"])


def _loss_of_guessing(captions):
    """The loss of a model to which all words are the same: log V for each, save `<NULL>`."""
    words_each = np.count_nonzero(captions) / len(captions) - 1  # <START> is given
    return max(words_each, 0) * math.log(max(int(captions.max()), 1) + 1)


def clip_gradients(grads, clip_norm):
    """Scale gradients so that, taken together as one vector, they are at most
    `clip_norm` long.

    Args:
        grads: a dictionary of arrays; it is left alone.
        clip_norm: the longest length.

    Returns:
        grads: a dictionary of arrays with the same names.
        norm: how long they were.
    """
    norm = math.hypot(*(float(np.linalg.norm(grad)) for grad in grads.values()))
    if not clip_norm < norm < math.inf:  # short enough, or beyond repair
        return grads, norm
    return {name: grad * (clip_norm / norm) for name, grad in grads.items()}, norm


def _update_rule(name, optim_config):
    """The rule of this name, and the settings with a learning rate if none was given.

    A trial step shows whether the rule takes these settings.
    """
    rule = None if not isinstance(name, str) or name.startswith("_") else getattr(optim, name, None)
    if not callable(rule):
        raise ValueError(f"CaptioningSolver: update_rule is {name!r}, expected the name of a rule "
                         "in cs231n.optim, such as 'adam'")
    try:
        _, filled_in = rule(np.zeros(1), np.zeros(1), dict(optim_config))
    except (TypeError, ValueError) as error:
        raise ValueError(f"CaptioningSolver: optim_config does not suit: {error}") from error
    return rule, {"learning_rate": filled_in["learning_rate"], **optim_config}


def _copy_into(targets, sources):
    """Copy arrays into the arrays of the same names."""
    for name, target in targets.items():
        target[...] = sources[name]
