"""What `check` does around the catalogue: states of a report, side effects, errors, summaries."""

import random
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import cs231n.classifiers.rnn
import cs231n.rnn_layers
from cs231n.feedback import check
from cs231n.feedback.checker import Checker

ROOT = Path(__file__).resolve().parents[2]


def defined(source, **names):
    """The namespace that a text of code leaves behind."""
    space = {"np": np, **names}
    exec(textwrap.dedent(source), space)
    return space


RIGHT = '''
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)

def rnn_forward(x, h0, Wx, Wh, b):
    h, states, cache = h0, [], []
    for t in range(x.shape[1]):
        h, c = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        states.append(h)
        cache.append(c)
    return np.stack(states, axis=1), cache

def rnn_backward(dh, cache):
    back, dx, total = 0, [], [0, 0, 0]
    for t in reversed(range(dh.shape[1])):
        dxt, back, *rest = rnn_step_backward(dh[:, t] + back, cache[t])
        dx.insert(0, dxt)
        total = [a + b for a, b in zip(total, rest)]
    return (np.stack(dx, axis=1), back, *total)
'''


def hints(source, name, exercise=None, state="wrong", **names):
    report = check(defined(source, **names)[name], exercise)
    assert report.state == state
    return " ".join(report.hints)


# ---- States of a report -------------------------------------------------------------------------


def test_a_right_function_passes():
    report = check(defined(RIGHT)["rnn_step_forward"])
    assert report.passed and report.hints == [] and str(report) == "rnn_step_forward: PASS"
    assert "PASS" in report._repr_html_() and repr(report) == str(report)
    report.require()


def test_a_wrong_function_fails_and_require_raises():
    report = check(defined(RIGHT.replace(" + b)", ")"))["rnn_step_forward"])
    assert not report.passed and "FAIL" in str(report) and "FAIL" in report._repr_html_()
    with pytest.raises(AssertionError, match="bias is missing"):
        report.require()


@pytest.mark.parametrize("body", [
    'raise NotImplementedError("rnn_step_forward")',
    "pass",
    "next_h, cache = None, None\n    return next_h, cache",
])
def test_an_unfilled_function_is_not_done_yet(body):
    space = defined(f"def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    {body}\n")
    report = check(space["rnn_step_forward"])
    assert report.state == "open" and not report.passed
    assert str(report) == "rnn_step_forward: NOT YET\n  - Not done yet."
    with pytest.raises(AssertionError):
        report.require()


@pytest.mark.parametrize("exercise", ["loss", "lstm_loss", "sample", "next_scores", "cell",
                                      "first_state"])
def test_unfilled_methods_are_not_done_yet(exercise):
    name = exercise.removeprefix("lstm_")
    raising = defined(f"def {name}(self, *args):\n    raise NotImplementedError('{name}')")[name]
    silent = defined(f"def {name}(self, *args):\n    pass")[name]
    assert [check(f, exercise).state for f in (raising, silent)] == ["open", "open"]


def test_an_unfilled_function_further_down_is_named():
    source = RIGHT.replace(
        "    next_h = np.tanh",
        "    raise NotImplementedError('rnn_step_forward')\n    next_h = np.tanh")
    report = check(defined(source)["rnn_forward"])
    assert report.state == "open" and "`rnn_step_forward`, which it needs" in str(report)


@pytest.mark.parametrize("name", ["rnn_step_forward", "rnn_backward", "word_embedding_forward",
                                  "lstm_backward"])
def test_the_courses_own_layers_pass_and_are_said_to_be(name):
    report = check(getattr(cs231n.rnn_layers, name))
    assert report.passed and "the course's own" in str(report)


@pytest.mark.parametrize("name", ["loss", "sample", "next_scores", "cell", "first_state"])
def test_the_courses_own_methods_pass_and_are_said_to_be(name):
    model = cs231n.classifiers.rnn.CaptioningRNN
    for candidate in (getattr(model, name), model):
        assert "the course's own" in str(check(candidate, name))


def test_a_solution_with_the_text_of_the_package_is_the_learners():
    import inspect

    source = inspect.getsource(inspect.unwrap(cs231n.rnn_layers.rnn_step_forward))
    source = source[source.index("def "):]
    assert check(defined(source)["rnn_step_forward"]).state == "passed"


# ---- No effect on anything ----------------------------------------------------------------------


def test_random_states_are_left_as_they_were():
    source = RIGHT.replace("    next_h", "    np.random.seed(3); np.random.rand()\n    next_h", 1)
    np.random.seed(231)
    random.seed(7)
    before, python_before = np.random.get_state(), random.getstate()
    for name in ("rnn_step_forward", "rnn_backward"):
        check(defined(source)[name])
    for exercise in ("loss", "sample", "lstm_sample"):
        model = cs231n.classifiers.rnn.CaptioningRNN
        check(type("Own", (model,), {"x": 1}), exercise)
    check(defined("def sample(self, features, max_length=30):\n    return np.random.rand(3)")
          ["sample"])
    after = np.random.get_state()
    assert before[0] == after[0] and np.array_equal(before[1], after[1])
    assert before[2:] == after[2:] and python_before == random.getstate()


def test_nothing_is_printed_warned_or_left_in_numpys_settings():
    program = RIGHT + textwrap.dedent('''
        import warnings
        def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
            print("noise")
            warnings.warn("noise")
            np.seterr(all="raise")
            return np.exp(x @ Wx)[:, : prev_h.shape[1]] / 0.0, prev_c, None
        from cs231n.feedback import check
        before = np.geterr()
        reports = [check(f) for f in (rnn_step_forward, rnn_backward, lstm_step_forward)]
        assert np.geterr() == before
        print([r.state for r in reports])
    ''')
    ran = subprocess.run([sys.executable, "-W", "error", "-c", "import numpy as np\n" + program],
                         cwd=ROOT, capture_output=True, encoding="utf-8")
    assert (ran.stdout.strip(), ran.stderr) == ("['passed', 'passed', 'wrong']", "")


def test_the_reference_cannot_be_changed(monkeypatch):
    monkeypatch.setattr(cs231n.rnn_layers, "rnn_step_forward", lambda *a: (a[1] * 0, None))
    monkeypatch.setattr(cs231n.classifiers.rnn.CaptioningRNN, "loss", lambda *a: (0.0, {}))
    monkeypatch.setattr(cs231n.classifiers.rnn.CaptioningRNN, "next_scores", lambda *a: (0, 0))
    assert check(defined(RIGHT)["rnn_forward"]).passed
    assert check(cs231n.rnn_layers.rnn_step_forward, "rnn_step_forward").state == "wrong"
    assert check(cs231n.classifiers.rnn.CaptioningRNN.loss, "loss").state == "wrong"
    sample = defined('''
        def sample(self, features, max_length=30):
            words, state = [np.full(len(features), self._start)], self.first_state(features)
            for _ in range(max_length):
                scores, state = self.next_scores(words[-1], state)
                words.append(scores.argmax(axis=1))
            return np.stack(words[1:], axis=1)
    ''')["sample"]
    assert check(sample).passed


# ---- Side effects of the learner's code ---------------------------------------------------------


def test_changed_arguments_are_named():
    source = RIGHT.replace("    next_h", "    x -= 0.5\n    x += 0.5 + 1e-12\n    next_h", 1)
    assert "`x`, an array of the caller, is changed in place" in hints(
        source, "rnn_step_forward", state="almost")
    source = RIGHT.replace("da = dnext_h * (1", "dnext_h *= 1.0000000001\n    da = dnext_h * (1")
    assert "`dnext_h`, an array of the caller" in hints(source, "rnn_step_backward", state="almost")


def test_changes_through_the_cache_are_named():
    source = RIGHT.replace("    da = ", "    Wx += 1e-12\n    da = ")
    assert "`Wx`, an array of the caller" in hints(source, "rnn_step_backward", state="almost")
    source = RIGHT.replace("    da = dnext_h * (1 - next_h**2)",
                           "    next_h *= next_h\n    da = dnext_h * (1 - next_h)")
    assert "cache are changed in place" in hints(source, "rnn_step_backward", state="almost")
    assert "`pop`" in hints(RIGHT.replace("cache[t])\n        dx", "cache.pop())\n        dx"),
                            "rnn_backward", state="almost")


def test_what_is_kept_between_calls_is_noticed():
    source = RIGHT.replace("return next_h, (x,",
                           "global kept\n    kept = x\n    return next_h, (x,")
    source = source.replace("    da = dnext_h", "    x = kept\n    da = dnext_h")
    assert "`dWx` is wrong with the cache of an earlier forward pass" in hints(
        source, "rnn_step_backward")


def test_a_state_changed_in_place_is_named():
    source = '''
        def next_scores(self, word, state):
            new = self.cell()[0](self.params["W_embed"][word], *state, self.params["Wx"],
                                 self.params["Wh"], self.params["b"])[:-1]
            state[:] = new
            return new[0] @ self.params["W_vocab"] + self.params["b_vocab"], state
    '''
    assert "`state`, an array of the caller" in hints(source, "next_scores", state="almost")


# ---- Errors in the learner's code ---------------------------------------------------------------


def test_an_exception_names_the_line_and_the_shapes(tmp_path, monkeypatch):
    source = RIGHT.replace("x @ Wx +", "x @ Wx.T +")
    (tmp_path / "learner.py").write_text("import numpy as np\n" + source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import learner

    text = str(check(learner.rnn_step_forward, more=True))
    assert "line 2 of `rnn_step_forward`, `next_h = np.tanh(x @ Wx.T + prev_h @ Wh + b)`" in text
    assert "`x` has shape (N, D) = (4, 3)" in text and "With `Wx` it would fit" in text
    assert "`x` is multiplied by `Wx.T`" in text and str(tmp_path) not in text


@pytest.mark.parametrize("statement, words", [
    ("undefined + 1", "NameError line 2 misspelt"),
    ("total += 1", "UnboundLocalError before"),
    ("x[99]", "IndexError"),
    ("x = None; x[0]", "None filled"),
    ("a, b, c = 1, 2", "unpack"),
    ("raise KeyError('k')", "KeyError"),
    ("raise SystemExit(1)", "SystemExit"),
    ("raise Exception(object())", "0x..."),
    ("rnn_step_forward(x, prev_h, Wx, Wh, b)", "RecursionError"),
])
def test_exceptions_are_told(statement, words):
    source = f"def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    {statement}\n"
    text = hints(source, "rnn_step_forward")
    assert [word for word in words.split() if word not in text] == []


def test_too_few_values_and_none():
    assert "1 value is returned, expected 2: `next_h, cache`" in hints(
        RIGHT.replace("return next_h, (x, prev_h, Wx, Wh, next_h)", "return next_h"),
        "rnn_step_forward")
    assert "`db` is None" in hints(RIGHT.replace("da.sum(axis=0)", "None"), "rnn_step_backward")
    assert "4 values are returned, expected 5" in hints(
        RIGHT.replace(", da.sum(axis=0)", ""), "rnn_step_backward")


# ---- Functions that belong together -------------------------------------------------------------


def test_a_backward_function_without_its_forward():
    space = defined(RIGHT)
    del space["rnn_step_forward"]
    report = check(space["rnn_step_backward"])
    assert "forward function is missing" in str(report) and not report.passed


def test_a_wrong_forward_function_is_named_first():
    text = hints(RIGHT.replace(" + b)", ")"), "rnn_step_backward")
    assert "Put `rnn_step_forward` right first" in text and "bias is missing" in text


def test_a_wrong_step_is_named_in_the_sequence_and_the_sequence_is_cleared():
    text = hints(RIGHT.replace("da @ Wh.T", "da @ Wh"), "rnn_backward")
    assert "Put `rnn_step_backward` right first" in text and "`Wh.T`" in text
    assert "`rnn_backward` itself is right" in text


def test_a_cache_that_lacks_something_is_named():
    source = RIGHT.replace("(x, prev_h, Wx, Wh, next_h)", "(x, next_h, Wx, Wh, next_h)", 1)
    text = hints(source, "rnn_step_backward")
    assert "does not hold `prev_h`" in text and "made of `next_h`" in text


def test_own_backward_with_the_courses_forward():
    source = RIGHT[RIGHT.index("def rnn_step_backward"):]
    text = hints(source.replace("x, prev_h, Wx, Wh, next_h =", "x, prev_h, Wx, Wh, b, next_h ="),
                 "rnn_step_backward", rnn_step_forward=cs231n.rnn_layers.rnn_step_forward)
    assert "`rnn_step_forward` is the course's own here" in text


def test_another_wrong_method_of_a_class_is_named():
    class Own(cs231n.classifiers.rnn.CaptioningRNN):
        def first_state(self, features):
            return [0 * features @ self.params["W_proj"]]

        def sample(self, features, max_length=30):
            words, state = [np.full(len(features), self._start)], self.first_state(features)
            for _ in range(max_length):
                scores, state = self.next_scores(words[-1], state)
                words.append(scores.argmax(axis=1))
            return np.stack(words[1:], axis=1)

    text = str(check(Own, "sample"))
    assert "`sample` itself is right" in text and "`first_state`" in text
    whole = check(Own)
    assert whole.state == "wrong" and whole.name == "Own" and "`first_state`:" in str(whole)


def test_a_class_that_cannot_be_made():
    class Own(cs231n.classifiers.rnn.CaptioningRNN):
        def __init__(self, *args, **kwargs):
            raise ValueError("no such vocabulary")

        def loss(self, features, captions):
            return 0.0, {}

    text = str(check(Own, "loss"))
    assert "Making a model of the class Own fails with ValueError: no such" in text


# ---- dtypes -------------------------------------------------------------------------------------


def test_float64_for_float32_is_a_hint():
    report = check(defined(RIGHT.replace("np.tanh(", "np.float64(1) * np.tanh(np.array(")
                           .replace("+ b)", "+ b, dtype=np.float64))"))["rnn_step_forward"])
    assert report.passed and "float64" in " ".join(report.hints)


def test_integers_for_real_numbers_are_a_failure():
    text = hints('''
        def word_embedding_forward(x, W):
            out = np.zeros((*x.shape, W.shape[1]), dtype=x.dtype)
            out[:] = W[x]
            return out, x
    ''', "word_embedding_forward")
    assert "integer" in text


# ---- The catalogue's neighbours: what no mistake explains ---------------------------------------


@pytest.mark.parametrize("change, words", [
    ("da.sum(axis=0) * 3", "`db` times 3 right."),
    ("-da.sum(axis=0)", "`db` sign"),
    ("da.sum(axis=0)[::-1]", "`db` reversed"),
    ("da.sum(axis=0) + 1", "`db` largest difference (`dx`,"),
    ("np.zeros(len(Wh))", "`db` all zeros"),
    ("da.sum(axis=0) * np.nan", "`db` nan"),
    ("da.sum(axis=0).reshape(2, -1)", "`db` shape (2, 3) another shape"),
])
def test_narrowing_down(change, words):
    text = hints(RIGHT.replace("da.sum(axis=0)", change), "rnn_step_backward")
    assert [word for word in words.split() if word not in text] == []


@pytest.mark.parametrize("change, words", [
    ("h[:, 3:] += 1", "right up to time step 2 wrong from step 3 on"),
    ("h[:, :2] += 1", "wrong up to time step 1 right after"),
    ("h[:, 2] += 1", "wrong at time step 2 only"),
    ("h[1] += 1", "wrong for example 1 only"),
])
def test_narrowing_down_in_time(change, words):
    source = RIGHT.replace("    return np.stack(states, axis=1), cache",
                           f"    h = np.stack(states, axis=1)\n    {change}\n    return h, cache")
    text = hints(source, "rnn_forward")
    assert [word for word in words.split() if word not in text] == []


# ---- Names and summaries ------------------------------------------------------------------------


def test_names():
    right = defined(RIGHT)["rnn_step_forward"]
    right.__name__ = "mine"
    assert check(right, "rnn_step_forward").passed and check(right, name="rnn_step_forward").passed
    with pytest.raises(ValueError, match="no exercise 'mine'"):
        check(right)
    with pytest.raises(TypeError, match="expected a function"):
        check("rnn_step_forward")
    with pytest.raises(ValueError, match="no method of its own"):
        check(cs231n.classifiers.rnn.CaptioningRNN)


def test_summary_shows_what_is_done_wrong_and_open():
    fresh = Checker()
    assert str(fresh.summary()) == "0 of 0 exercises done"
    space = defined(RIGHT.replace("da @ Wh.T", "da @ Wh"))
    fresh(space["rnn_step_forward"])
    fresh(space["rnn_step_backward"])
    text = str(fresh.summary())
    lines = text.splitlines()
    assert lines[0] == "1 of 10 exercises done" and not fresh.summary().passed
    assert lines[1].split() == ["rnn_step_forward", "PASS"]
    assert lines[2].startswith("  rnn_step_backward") and "FAIL" in lines[2]
    assert lines[3].split() == ["rnn_forward", "NOT", "YET", "not", "checked", "yet"]
    assert [line.split()[0] for line in lines[-4:]] == ["loss", "next_scores", "sample",
                                                        "clip_gradients"]
    assert text.isascii() and "FAIL" in fresh.summary()._repr_html_()
    assert str(fresh.summary("rnn_step_forward")).startswith("1 of 1")


def test_reports_are_the_same_each_time():
    source = RIGHT.replace("da @ Wh.T", "da @ Wh + 0.1")
    texts = {str(check(defined(source)["rnn_step_backward"])) for _ in range(2)}
    assert len(texts) == 1 and "0x" not in texts.pop()


def test_every_exercise_of_the_course_is_there():
    names = {"rnn_step_forward", "rnn_step_backward", "rnn_forward", "rnn_backward",
             "word_embedding_forward", "word_embedding_backward", "lstm_step_forward",
             "lstm_step_backward", "lstm_forward", "lstm_backward", "loss", "next_scores",
             "sample", "cell", "first_state", "lstm_loss", "lstm_sample"}
    assert names <= set(check.exercises)
