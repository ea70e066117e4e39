"""The solver takes the assignment's steps, and says clearly what is wrong."""

import signal

import numpy as np
import pytest
from tiny_run import make_data, make_model, make_solver, same_runs

from cs231n import optim
from cs231n.captioning_solver import CaptioningSolver, clip_gradients
from cs231n.coco_utils import sample_coco_minibatch
from cs231n.progress import TrainingStopped
from cs231n.validation import Validation

FIXED_MODEL = make_model()


def train_by_hand(model, data, rule, optim_config, lr_decay, batch_size, num_epochs):
    """The assignment's training, written down once more without a solver."""
    configs = {name: dict(optim_config) for name in model.params}
    epoch_length = max(len(data["train_captions"]) // batch_size, 1)
    losses = []
    for _ in range(num_epochs):
        for _ in range(epoch_length):
            captions, features, _ = sample_coco_minibatch(data, batch_size, split="train")
            loss, grads = model.loss(features, captions)
            losses.append(loss)
            for name in model.params:
                model.params[name], configs[name] = getattr(optim, rule)(
                    model.params[name], grads[name], configs[name])
        for config in configs.values():
            config["learning_rate"] *= lr_decay
    return losses, configs


@pytest.mark.parametrize("rule", ["sgd", "sgd_momentum", "rmsprop", "adam"])
@pytest.mark.parametrize("batch_size", [10, 13, 60])
def test_numbers_are_those_of_the_plain_loop(rule, batch_size):
    settings = {"optim_config": {"learning_rate": 3e-3}, "lr_decay": 0.7, "batch_size": batch_size,
                "num_epochs": 3}
    by_hand = make_model()
    losses, configs = train_by_hand(by_hand, make_data(), rule, **settings)
    state_by_hand = np.random.get_state()

    model = make_model()
    solver = CaptioningSolver(model, make_data(), update_rule=rule, verbose=False, **settings)
    solver.train()
    assert solver.loss_history == [float(loss) for loss in losses]
    for name, value in model.params.items():
        np.testing.assert_array_equal(value, by_hand.params[name])
        assert value.dtype == np.float32
        assert solver.optim_configs[name]["learning_rate"] == configs[name]["learning_rate"]
    np.testing.assert_array_equal(np.random.get_state()[1], state_by_hand[1])


def test_defaults_are_those_of_the_assignment():
    solver = CaptioningSolver(make_model(), make_data())
    assert (solver.update_rule, solver.lr_decay, solver.batch_size) == ("sgd", 1.0, 100)
    assert (solver.num_epochs, solver.print_every, solver.verbose) == (10, 10, True)
    assert solver.loss_history == []


def test_printed_lines(capsys):
    solver = make_solver(make_model(), make_data(), num_epochs=6, verbose=True)
    solver.train()
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"(Iteration {t} / 24) loss: {solver.loss_history[t - 1]:f}"
                       for t in (1, 11, 21)]


def test_verbose_false_prints_nothing(capfd):
    make_solver(make_model(), make_data(), eval_every=5).train()
    assert capfd.readouterr() == ("", "")


def test_no_progress_bar_in_a_pipe_or_where_it_is_switched_off(capfd, monkeypatch):
    make_solver(make_model(), make_data(), verbose=True).train()
    monkeypatch.setenv("CS231N_NO_PROGRESS", "1")
    make_solver(make_model(), make_data(), verbose=True).train()
    assert capfd.readouterr().err == ""


def test_train_again_adds_a_run():
    long = make_solver(make_model(), make_data(), num_epochs=6)
    long.train()
    twice = make_solver(make_model(), make_data(), num_epochs=3)
    twice.train()
    assert twice.finished and twice.iteration == 12
    twice.train()
    assert same_runs(long, twice)


def test_each_parameter_has_its_copy_of_the_settings():
    settings = {"learning_rate": 0.1}
    solver = make_solver(make_model(), make_data(), optim_config=settings)
    solver.train()
    assert settings == {"learning_rate": 0.1}
    assert solver.optim_configs["Wx"]["m"] is not solver.optim_configs["Wh"]["m"]


@pytest.mark.parametrize("keywords, words", [
    ({"learning_rate": 1e-3}, "unknown keyword 'learning_rate'"),
    ({"update_rule": "adm"}, "'adm'"),
    ({"update_rule": "_prepare"}, "'_prepare'"),
    ({"update_rule": "np"}, "'np'"),
    ({"update_rule": None}, "None"),
    ({"update_rule": "sgd", "optim_config": {"beta1": 0.9}}, "beta1"),
    ({"optim_config": {"learning_rate": "fast"}}, "optim_config"),
    ({"batch_size": 0}, "batch_size"),
    ({"batch_size": 10**9}, "1000000000"),
    ({"num_epochs": 0}, "num_epochs"),
    ({"print_every": 0}, "print_every"),
    ({"eval_every": -1}, "eval_every"),
    ({"checkpoint_every": 0}, "checkpoint_every"),
    ({"lr_decay": float("nan")}, "lr_decay"),
    ({"clip_norm": 0}, "clip_norm"),
])
def test_bad_settings_are_named(keywords, words):
    state = np.random.get_state()[1].copy()
    with pytest.raises(ValueError, match=words):
        CaptioningSolver(FIXED_MODEL, make_data(), **keywords)
    np.testing.assert_array_equal(np.random.get_state()[1], state)

def test_a_fraction_of_a_batch_is_refused():
    with pytest.raises(TypeError, match="batch_size is 2.5"):
        CaptioningSolver(FIXED_MODEL, make_data(), batch_size=2.5)


def test_a_missing_gradient_is_named_before_anything_changes():
    model = make_model()
    before = {name: value.copy() for name, value in model.params.items()}
    whole_loss = model.loss

    def forgetful_loss(features, captions):
        loss, grads = whole_loss(features, captions)
        del grads["b_vocab"]
        return loss, grads

    model.loss = forgetful_loss
    with pytest.raises(ValueError, match="no gradient for 'b_vocab'"):
        make_solver(model, make_data()).train()
    model.loss = lambda features, captions: (1.0, {n: v[:1] for n, v in model.params.items()})
    with pytest.raises(ValueError, match="shape .* for 'W_embed'"):
        make_solver(model, make_data()).train()
    for name, value in model.params.items():
        np.testing.assert_array_equal(value, before[name])


# ---- Clipping -----------------------------------------------------------------------------------

def test_clip_gradients():
    grads = {"a": np.array([3.0, 0.0], dtype=np.float32), "b": np.array([[4.0]], dtype=np.float32)}
    clipped, norm = clip_gradients(grads, 1.0)
    assert norm == pytest.approx(5)
    np.testing.assert_allclose(clipped["a"], [0.6, 0])
    np.testing.assert_allclose(clipped["b"], [[0.8]])
    assert clipped["a"].dtype == np.float32
    assert grads["a"][0] == 3, "the caller's gradients are left alone"
    assert clip_gradients(grads, 5.1)[0] is grads


def test_clip_norm_bounds_the_step():
    model = make_model()
    before = {name: value.copy() for name, value in model.params.items()}
    make_solver(model, make_data(), update_rule="sgd", optim_config={"learning_rate": 1.0},
                num_epochs=1, batch_size=40, clip_norm=0.125).train()  # a single iteration
    moved = sum(np.sum((model.params[name] - before[name]) ** 2) for name in before) ** 0.5
    assert moved == pytest.approx(0.125, rel=1e-4)


# ---- Divergence ---------------------------------------------------------------------------------

@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_not_finite_leaves_the_last_good_parameters():
    model, data = make_model(), make_data()
    solver = make_solver(model, data, update_rule="sgd", optim_config={"learning_rate": 1e25})
    with pytest.raises(FloatingPointError, match=r"iteration \d+.*nan.*learning rate 1e\+25"):
        solver.train()
    assert np.isfinite(solver.loss_history).all() and solver.loss_history
    loss, _ = model.loss(data["train_features"][data["train_image_idxs"]], data["train_captions"])
    assert np.isfinite(loss)


def test_divergence_at_iteration_k_goes_back_before_the_last_update():
    model = make_model()
    seen = []
    whole_loss = model.loss

    def breaking_loss(features, captions):
        loss, grads = whole_loss(features, captions)
        seen.append({name: value.copy() for name, value in model.params.items()})
        return (loss if len(seen) < 6 else float("inf")), grads

    model.loss = breaking_loss
    solver = make_solver(model, make_data())
    with pytest.raises(FloatingPointError, match="iteration 6"):
        solver.train()
    assert solver.iteration == 5
    for name, value in model.params.items():
        np.testing.assert_array_equal(value, seen[4][name])


def test_divergence_at_the_first_iteration_with_default_settings():
    model = make_model()
    model.loss = lambda features, captions: (float("nan"), model.params)
    with pytest.raises(FloatingPointError, match="iteration 1, the loss is nan, .*began with"):
        CaptioningSolver(model, make_data(), verbose=False).train()


def test_features_that_are_not_finite_are_named():
    data = make_data()
    data["train_features"][:, 2] = np.nan
    with pytest.raises(ValueError, match=r"train_features is nan at \[0, 2\]"):
        make_solver(make_model(), data)


def test_gradients_that_are_not_finite_are_not_applied_when_clipping():
    model = make_model()
    model.loss = lambda features, captions: (
        1.0, {name: np.full_like(value, np.inf) for name, value in model.params.items()})
    with pytest.raises(FloatingPointError, match="norm of the gradients"):
        make_solver(model, make_data(), clip_norm=1.0).train()
    assert all(np.isfinite(value).all() for value in model.params.values())


# ---- Ctrl-C -------------------------------------------------------------------------------------

def press_ctrl_c_at(model, iteration, times=1):
    """Let Ctrl-C arrive while the model computes its loss for the given time."""
    whole_loss, calls = model.loss, []

    def loss(features, captions):
        calls.append(None)
        if len(calls) == iteration:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return whole_loss(features, captions)

    model.loss = loss


def test_ctrl_c_stops_after_the_iteration_and_train_goes_on(capsys):
    untouched = make_solver(make_model(), make_data())
    untouched.train()

    model = make_model()
    press_ctrl_c_at(model, 7, times=2)
    handler = signal.getsignal(signal.SIGINT)
    solver = make_solver(model, make_data())
    with pytest.raises(TrainingStopped):
        solver.train()
    assert solver.iteration == 7 and not solver.finished
    assert "iteration 7 of 40; everything is kept. To go on, call" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is handler
    np.random.seed(5)  # what happens in between does not matter
    solver.train()
    assert solver.finished and same_runs(solver, untouched)


def test_ctrl_c_in_the_last_iteration_stops_what_comes_after(capsys):
    model = make_model()
    press_ctrl_c_at(model, 40)
    solver = make_solver(model, make_data())
    with pytest.raises(TrainingStopped):
        solver.train()
    assert solver.finished
    assert "iteration 40 of 40; everything is kept.\n" in capsys.readouterr().out


def test_ctrl_c_without_patience_breaks_in():
    model = make_model()
    press_ctrl_c_at(model, 3, times=3)
    with pytest.raises(KeyboardInterrupt):
        make_solver(model, make_data()).train()


# ---- Validation ---------------------------------------------------------------------------------

def test_validation_takes_no_part_in_training():
    without = make_solver(make_model(), make_data())
    without.train()
    solver = make_solver(make_model(), make_data(), eval_every=7)
    solver.train()
    assert solver.loss_history == without.loss_history
    for name, value in solver.model.params.items():
        np.testing.assert_array_equal(value, without.model.params[name])
    assert solver.val_iterations == [7, 14, 21, 28, 35, 40]
    assert solver.val_true_history == [None] * 6


def test_validation_loss_is_the_mean_over_the_captions():
    data = make_data()
    solver = make_solver(make_model(), data, eval_every=40, batch_size=4)
    solver.train()
    loss, _ = solver.model.loss(data["val_features"][data["val_image_idxs"]], data["val_captions"])
    assert solver.val_loss_history[-1] == pytest.approx(loss, rel=1e-5)


def test_validation_looks_at_captions_and_pictures_from_the_whole_split():
    data = make_data(num_val=40)
    data["val_features"] = np.arange(10.0)[:, None] * np.ones((10, 6))
    validation = Validation(data, size=4, batch_size=3)
    np.testing.assert_array_equal(validation.captions, data["val_captions"][[0, 10, 20, 30]])
    np.testing.assert_array_equal(validation.features[:, 0], [0, 2, 5, 7])
    everything = Validation(data, size=99, batch_size=3)
    assert len(everything.captions) == 40 and len(everything.features) == 10


def test_best_parameters_are_kept():
    solver = make_solver(make_model(), make_data(), eval_every=4, num_epochs=60,
                         optim_config={"learning_rate": 5e-2})
    solver.train()
    best = int(np.argmin(solver.val_loss_history))
    assert best < len(solver.val_loss_history) - 1, "the run should end in overfitting"
    short = make_solver(make_model(), make_data(), num_epochs=best + 1,
                        optim_config={"learning_rate": 5e-2})
    short.train()
    for name, value in solver.best_params.items():
        np.testing.assert_array_equal(value, short.model.params[name])


def test_validation_needs_a_validation_split():
    data = {name: value for name, value in make_data().items() if not name.startswith("val_")}
    make_solver(make_model(), data).train()
    with pytest.raises(ValueError, match="val_captions"):
        make_solver(make_model(), data, eval_every=5)
