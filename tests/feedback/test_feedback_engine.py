"""How `check` judges: almost right, who is to blame, what is kept, and how much is told at once."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from learners_code import defined

import cs231n.rnn_layers
from cs231n import rnn_layers
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.feedback import check
from cs231n.feedback.checker import Checker
from cs231n.feedback.examination import examine
from cs231n.feedback.reference import private_copy

LAYERS = {name: getattr(rnn_layers, name) for name in rnn_layers.__all__}
RNN = '''
def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return next_h, (x, prev_h, Wx, Wh, next_h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)

def rnn_forward(x, h0, Wx, Wh, b):
    h, cache, states = h0, [], []
    for t in range(x.shape[1]):
        h, step = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        states.append(h)
        cache.append(step)
    return np.stack(states, axis=1), cache

def rnn_backward(dh, cache):
    T = dh.shape[1]
    dx, dprev_h, weights = [None] * T, np.zeros_like(dh[:, 0]), [0, 0, 0]
    for t in reversed(range(T)):
        dx[t], dprev_h, *step = rnn_step_backward(dh[:, t] + dprev_h, cache[t])
        weights = [total + part for total, part in zip(weights, step)]
    return np.stack(dx, axis=1), dprev_h, *weights
'''
LSTM = '''
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2 * H]), sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)

def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dnext_c += dnext_h * o * (1 - t**2)
    da = np.hstack([dnext_c * g * i * (1 - i), dnext_c * prev_c * f * (1 - f),
                    dnext_h * t * o * (1 - o), dnext_c * i * (1 - g**2)])
    return da @ Wx.T, da @ Wh.T, dnext_c * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)

def lstm_forward(x, h0, Wx, Wh, b):
    h, c, cache, states = h0, np.zeros_like(h0), [], []
    for t in range(x.shape[1]):
        h, c, step = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        states.append(h)
        cache.append(step)
    return np.stack(states, axis=1), cache

def lstm_backward(dh, cache):
    T = dh.shape[1]
    dx, weights = [None] * T, [0, 0, 0]
    dprev_h, dprev_c = np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])
    for t in reversed(range(T)):
        dx[t], dprev_h, dprev_c, *step = lstm_step_backward(dh[:, t] + dprev_h, dprev_c, cache[t])
        weights = [total + part for total, part in zip(weights, step)]
    return np.stack(dx, axis=1), dprev_h, *weights
'''
SAMPLE = '''
def sample(self, features, max_length=30):
    N = len(features)
    captions = np.zeros((N, max_length), dtype=int)
    state = self.first_state(features)
    word = np.full(N, self._start)
    for t in range(max_length):
        scores, state = self.next_scores(word, state)
        word = scores.argmax(axis=1)
        captions[:, t] = word
    return captions
'''


def checked(source, name, exercise=None, **names):
    return check(defined(source, **{**LAYERS, **names})[name], exercise)


def replaced(source, *pairs):
    for right, wrong in zip(pairs[::2], pairs[1::2]):
        assert right in source
        source = source.replace(right, wrong)
    return source


# ---- Almost right -------------------------------------------------------------------------------


def test_an_argument_changed_in_place_is_almost_right_and_blocks_nothing():
    step = checked(LSTM, "lstm_step_backward")
    assert step.word == "ALMOST" and step.passed and bool(step)
    assert "All values are right" in str(step) and "`dnext_c`, an array of the caller" in str(step)
    assert "ALMOST" in step._repr_html_()
    step.require()
    whole = checked(LSTM, "lstm_backward")
    assert whole.word == "ALMOST"
    assert "`lstm_step_backward`, which it calls" in whole.hints[0]
    assert step.hints[0] in whole.hints[0]


def test_where_a_change_in_place_makes_wrong_numbers_it_is_to_blame():
    source = replaced(LSTM, "dprev_h, dprev_c = np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])",
                      "dprev_h = dprev_c = np.zeros_like(dh[:, 0])",
                      "lstm_step_backward(dh[:, t] + dprev_h", "back(dprev_h, dh[:, t]")
    source += """
def back(dprev_h, dh, dprev_c, cache):
    first, second = lstm_step_backward(dh + dprev_h, dprev_c, cache), dprev_c
    again = lstm_step_backward(dh + dprev_h, second, cache)
    return again
"""
    report = checked(source, "lstm_backward")
    assert report.word == "FAIL"
    assert "Put `lstm_step_backward` right first" in report.hints[0]
    assert "`dnext_c`, an array of the caller" in report.hints[1]


def test_the_cache_changed_in_place_is_almost_right():
    report = checked(replaced(RNN, "cache[t])\n        weights", "cache.pop())\n        weights"),
                     "rnn_backward")
    assert report.word == "ALMOST" and "`pop`" in report.hints[0]


@pytest.mark.parametrize("tanh", ["(np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))",
                                  "(np.exp(2 * a) - 1) / (np.exp(2 * a) + 1)"])
def test_a_tanh_that_overflows_for_huge_inputs_only_is_almost_right(tanh):
    source = replaced(RNN, "np.tanh(x @ Wx + prev_h @ Wh + b)", "tanh(x @ Wx + prev_h @ Wh + b)")
    source += f"\ndef tanh(a):\n    return {tanh}\n"
    for name in ("rnn_step_forward", "rnn_step_backward", "rnn_forward", "rnn_backward"):
        report = checked(source, name)
        assert report.word == "ALMOST", report
        assert "large numbers" in str(report) and "overflows" in str(report)


def test_a_tanh_that_is_wrong_for_ordinary_inputs_too_is_wrong():
    report = checked(replaced(RNN, "np.tanh(", "np.tan("), "rnn_step_forward")
    assert report.word == "FAIL" and "`np.tan`" in report.hints[0]


def test_almost_counts_as_done_in_a_summary_but_shows():
    fresh = Checker()
    fresh(defined(LSTM, **LAYERS)["lstm_step_backward"])
    assert str(fresh.summary("lstm_step_backward")).startswith("1 of 1 exercises done")
    assert "ALMOST" in str(fresh.summary("lstm_step_backward"))


# ---- Right code ---------------------------------------------------------------------------------


def test_the_method_of_a_model_is_checked_with_the_models_class():
    words = {"<NULL>": 0, "<START>": 1, "<END>": 2, "a": 3}
    space = defined(SAMPLE)
    Own = type("CaptioningRNN", (CaptioningRNN,), {"sample": space["sample"]})
    assert check(Own(words, 3, 4, 5).sample).word == "PASS"
    Wrong = type("CaptioningRNN", (CaptioningRNN,),
                 {"sample": defined(replaced(SAMPLE, "argmax", "argmin"))["sample"]})
    report = check(Wrong(words, 3, 4, 5).sample)
    assert report.word == "FAIL" and "argmin" in report.hints[0]
    own = check(CaptioningRNN(words, 3, 4, 5).loss)
    assert "the course's own" in str(own)


@pytest.mark.parametrize("number", [0, 0.0, np.int64(0), np.float32(0), np.array(0), False,
                                    np.array(0.0), Fraction(0)], ids=repr)
def test_a_number_of_any_kind_is_one_number(number):
    source = '''
        from collections import Counter
        def grams(caption, n):
            words = caption.split()
            return Counter(zip(*(words[i:] for i in range(n))))
        def modified_precision(hypotheses, references, n):
            matched = total = 0
            for hypothesis, own in zip(hypotheses, references):
                counts, most = grams(hypothesis, n), Counter()
                for reference in own:
                    most |= grams(reference, n)
                matched += sum((counts & most).values())
                total += sum(counts.values())
            return matched / total if matched else zero
    '''
    assert checked(source, "modified_precision", zero=number).word == "PASS"


# ---- What is returned ---------------------------------------------------------------------------


@pytest.mark.parametrize("name, source, right, wrong, words", [
    ("word_embedding_backward", "def word_embedding_forward(x, W):\n    return W[x], (x, W)\n"
     "def word_embedding_backward(dout, cache):\n    dW = np.zeros_like(cache[1])\n"
     "    np.add.at(dW, cache[0], dout)\n    return dW\n", "return dW", "return dW, cache",
     "2 values are returned, expected 1: `dW`"),
    ("sample", SAMPLE, "return captions", "return captions, state",
     "2 values are returned, expected 1: `captions`"),
    ("rnn_step_forward", RNN, "return next_h, (x", "return next_h.astype(object), (x",
     "`next_h` has dtype object"),
    ("rnn_step_forward", RNN, "return next_h, (x", "return next_h + 0j, (x",
     "complex numbers (complex128)"),
    ("rnn_step_forward", RNN, "return next_h, (x", "return next_h.astype(np.float16), (x",
     "float16"),
    ("sample", SAMPLE, "return captions",
     "return np.array([[self.idx_to_word[w] for w in row] for row in captions])",
     "`captions` holds words as text"),
])
def test_results_of_the_wrong_kind_are_named(name, source, right, wrong, words):
    report = checked(replaced(source, right, wrong), name)
    assert report.word == "FAIL" and words in report.hints[0], report


def test_a_loss_that_is_an_array_is_named():
    source = '''
def loss(self, features, captions):
    from cs231n.feedback.reference import CaptioningRNN
    value, grads = CaptioningRNN.loss(self, features, captions)
    return np.array([value]), grads
'''
    report = checked(source, "loss")
    assert report.word == "FAIL"
    assert "`loss` is an array of shape (1,), expected one number" in report.hints[0]


def test_a_matrix_gets_a_remark():
    report = checked(replaced(RNN, "return next_h, (x", "return np.matrix(next_h), (x"),
                     "rnn_step_forward")
    assert report.word == "PASS" and "`np.matrix`" in report.hints[0]


@pytest.mark.parametrize("body, state", [
    ("raise NotImplementedError('rnn_step_forward')", "open"),
    ("pass", "open"),
    ("next_h, cache = None, None\n    return next_h, cache", "open"),
    ("next_h = np.tanh(x @ Wx + prev_h @ Wh + b)", "wrong"),
    ("next_h = np.tanh(x @ Wx + prev_h @ Wh + b)\n    return", "wrong"),
])
def test_a_forgotten_return_is_wrong_and_a_stub_is_open(body, state):
    report = checked(f"def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    {body}\n",
                     "rnn_step_forward")
    assert report.state == state
    if state == "wrong":
        assert "It returns nothing" in report.hints[0]


# ---- What is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise, source, right, wrong", [
    ("sample", SAMPLE, "state = self.first_state(features)",
     "state = getattr(self, 'h', None) or self.first_state(features)\n    self.h = state"),
    ("sample", SAMPLE, "return captions",
     "self.kept = getattr(self, 'kept', captions)\n    return self.kept"),
])
def test_state_kept_on_the_model_is_found(exercise, source, right, wrong):
    source = replaced(source, right, wrong).replace("self.h = state", "self.h = state")
    if "self.h" in source:
        source = replaced(source, "return captions", "self.h = state\n    return captions")
    report = checked(source, "sample", exercise)
    assert report.word == "FAIL" and "kept on the model" in report.hints[0]


def test_gradients_that_add_up_on_the_model_are_found():
    source = '''
def loss(self, features, captions):
    from cs231n.feedback.reference import CaptioningRNN
    value, grads = CaptioningRNN.loss(self, features, captions)
    self.grads = {k: v + getattr(self, "grads", {}).get(k, 0) for k, v in grads.items()}
    return value, self.grads
'''
    report = checked(source, "loss")
    assert report.word == "FAIL" and "kept on the model" in report.hints[0]


@pytest.mark.parametrize("right, wrong, of", [
    ("cache.append(step)", "cache = [step]", "`x[:, t]`"),
    ("h, step = rnn_step_forward(x[:, t], h, Wx, Wh, b)",
     "np.copyto(buffer, x[:, t])\n        h, step = rnn_step_forward(buffer, h, Wx, Wh, b)",
     "`x[:, t]`"),
    ("h, step = rnn_step_forward(x[:, t], h, Wx, Wh, b)",
     "np.copyto(state, h)\n        h, step = rnn_step_forward(x[:, t], state, Wx, Wh, b)",
     "`prev_h`"),
])
def test_a_forward_pass_that_keeps_the_last_step_only_is_named_there(right, wrong, of):
    source = replaced(RNN, right, wrong, "h, cache, states = h0, [], []",
                      "h, cache, states = h0, [], []\n"
                      "    buffer, state = x[:, 0].copy(), h0.copy()")
    report = checked(source, "rnn_forward")
    assert report.word == "FAIL" and of in report.hints[0], report
    assert "last time step" in report.hints[0]
    assert "Put `rnn_forward` right first" in checked(source, "rnn_backward").hints[0]


@pytest.mark.parametrize("cache", [
    "(x, np.stack([h0, *states[:-1]], 1), Wx, Wh)", "cache[::-1]", "dict(enumerate(cache))",
    "(x, h0, np.stack(states), Wx, Wh, b)", "lambda: cache",
])
def test_caches_of_other_kinds_are_fine(cache):
    source = replaced(RNN, "axis=1), cache\n\ndef rnn_backward",
                      f"axis=1), {cache}\n\ndef rnn_backward")
    assert checked(source, "rnn_forward").word == "PASS"


def test_a_buffer_used_again_by_a_later_call_is_found():
    """The same cache twice, with another forward pass in between."""
    source = "buffer = {}\n" + replaced(
        RNN, "return next_h, (x, prev_h, Wx, Wh, next_h)",
        "kept = buffer.setdefault(next_h.shape, next_h.copy())\n    kept[...] = next_h\n"
        "    return next_h, (x, prev_h, Wx, Wh, kept)")
    report = checked(source, "rnn_step_backward")
    assert report.word == "FAIL"
    assert "with the cache of an earlier forward pass" in report.hints[0]


# ---- Both cell types ----------------------------------------------------------------------------


NEXT_SCORES = """
def next_scores(self, word, state):
    p = self.params
    *state, _ = self.cell()[0](p["W_embed"][word], *state, p["Wx"], p["Wh"], p["b"])
    return state[0] @ p["W_vocab"] + p["b_vocab"], list(state)
"""


def test_scores_from_the_last_entry_of_the_state_are_right_for_one_cell_type_only():
    assert checked(NEXT_SCORES, "next_scores").word == "PASS"
    report = checked(replaced(NEXT_SCORES, "state[0] @", "state[-1] @"), "next_scores")
    assert report.word == "FAIL" and "computed from the cell state" in report.hints[0]
    assert "`cell_type` \"lstm\"; for the other cell type it is right" in report.hints[-1]


def test_the_vanilla_step_called_by_name_is_right_for_a_vanilla_rnn_with_a_remark():
    report = checked(replaced(NEXT_SCORES, "self.cell()[0](", "rnn_step_forward("), "next_scores")
    assert report.word == "PASS" and "cannot serve an LSTM" in report.hints[0]


# ---- Who is to blame ----------------------------------------------------------------------------


def test_a_helper_is_to_blame_if_the_function_is_right_with_the_courses_own():
    source = replaced(RNN, "da @ Wh.T", "da @ Wh")
    report = checked(source, "rnn_backward")
    assert "Put `rnn_step_backward` right first" in report.hints[0]
    assert any("`rnn_backward` itself is right" in hint for hint in report.hints)


def test_a_function_that_is_wrong_by_itself_is_told_so_although_a_helper_is_wrong_too():
    source = replaced(RNN, "da @ Wh.T", "da @ Wh", "dh[:, t] + dprev_h, cache", "dh[:, t], cache")
    report = checked(source, "rnn_backward")
    assert "The gradient from the next time step is not added" in report.hints[0]
    assert "`rnn_step_backward`, which it calls, is not right either" in report.hints[-1]
    assert not any("Put `" in hint for hint in report.hints)


def test_a_helper_that_is_right_is_never_blamed():
    report = checked(replaced(RNN, "rnn_step_forward(x[:, t], h,", "rnn_step_forward(x[:, t], h0,"),
                     "rnn_forward")
    assert "rnn_step_forward" not in report.hints[0] and "not carried" in report.hints[0]


# ---- How much is told at once -------------------------------------------------------------------


def test_a_first_failed_call_says_where_and_what_kind_and_later_ones_say_all():
    fresh = Checker()
    wrong = defined(replaced(RNN, "da @ Wh.T", "da @ Wh"))["rnn_step_backward"]
    sentence = ("The forward pass multiplied by `Wh`, so the gradient travels back through its "
                "transpose, `Wh.T`")
    first, second, third = [fresh(wrong) for _ in range(3)]
    assert "`dprev_h` is wrong" in str(first) and "transpose" in str(first)
    assert "Wh.T" not in str(first) and "more=True" in str(first)
    assert "`da @ Wh`" in str(second) and sentence not in str(second)
    assert sentence in str(third) and "more=True" not in str(third)
    assert all(sentence in " ".join(report.hints) for report in (first, second, third))
    assert "Wh.T" not in first._repr_html_() and "Wh.T" in third._repr_html_()
    with pytest.raises(AssertionError, match=re.escape(sentence)):
        first.require()
    right = defined(RNN)["rnn_step_backward"]
    assert str(fresh(right)) == "rnn_step_backward: PASS"
    assert "Wh.T" not in str(fresh(wrong))  # it starts anew
    assert sentence in str(Checker()(wrong, more=True))


def test_of_two_mistakes_each_has_a_lead_of_its_own():
    report = Checker()(defined(replaced(RNN, "1 - next_h**2", "1 - next_h", "sum(axis=0)",
                                        "sum(axis=1)"))["rnn_step_backward"])
    assert len(report.hints) == 2
    assert "`dx`, `dprev_h`, `dWx`, `dWh`, `db` are wrong. Look at the way back" in str(report)
    assert "`db` has shape (4,), expected (H,) = (6,)" in str(report)


def test_the_report_on_a_whole_class_has_all_hints_and_shows_as_much_as_one_on_a_method():
    sample = defined(replaced(SAMPLE, "argmax", "argmin"))["sample"]
    Own = type("CaptioningRNN", (CaptioningRNN,), {"sample": sample})
    report = Checker()(Own)
    assert "`sample`: " in report.hints[0] and "argmin" in report.hints[0]
    assert "argmin" not in str(report) and "`sample`: `captions` is wrong" in str(report)
    assert "argmin" in str(Checker()(Own, more=True))


def test_no_first_report_gives_a_mistakes_sentence_away():
    fresh = Checker()
    for exercise in ("rnn_step_forward", "lstm_step_forward", "rnn_step_backward"):
        for mistake in fresh.exercises[exercise].mistakes:
            assert mistake.sentence.isascii()
    report = Checker()(defined(replaced(RNN, " + b)", ")"))["rnn_step_forward"])
    assert "bias" not in str(report) and "`next_h` is wrong" in str(report)


def test_an_exception_shows_its_place_at_once_and_its_cause_later():
    fresh = Checker()
    wrong = defined(replaced(RNN, "dnext_h * (1", "dnext_h @ (1"))["rnn_step_backward"]
    assert "It stops in line" in str(fresh(wrong))
    fresh(wrong)
    assert "element by element" in str(fresh(wrong))


# ---- The private copy ---------------------------------------------------------------------------


def test_a_module_with_postponed_annotations_can_be_copied(tmp_path, monkeypatch):
    (tmp_path / "postponed.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Point:\n    x: int\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import postponed

    copy = private_copy(postponed)
    assert copy.Point(3).x == 3 and copy.Point is not postponed.Point
    assert cs231n.rnn_layers is rnn_layers


# ---- The README beside the engine ---------------------------------------------------------------


README = Path(check.__class__.__call__.__code__.co_filename).with_name("README.md")


def test_the_exercise_in_the_readme_runs():
    """Its code as it stands: right, wrong with its own sentence, and an overlooked case."""
    text = README.read_text(encoding="utf-8")
    source = re.search(r'```python\n("""The exercise of a small.*?)```', text, re.DOTALL).group(1)
    [exercise] = defined(source)["EXERCISES"]
    right = '''
        def clipped_counts(candidate, reference):
            return sum(min(candidate.count(w), reference.count(w)) for w in set(candidate))
    '''
    wrong = '''
        def clipped_counts(candidate, reference):
            return sum(w in reference for w in candidate)
    '''
    assert exercise.arguments == ["candidate", "reference"]
    assert examine(exercise, defined(right)["clipped_counts"]).word == "PASS"
    report = examine(exercise, defined(wrong)["clipped_counts"])
    assert report.hints == [exercise.mistakes[0].sentence]
    assert "Look at how often a word may count" in str(report.at(1))


def test_the_readme_names_every_module_and_calls_go_down_its_table():
    rows = re.findall(r"^\| (`[^|]*) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    ranks = {name.removesuffix(".py"): rank for rank, row in enumerate(rows)
             for name in re.findall(r"`(\w+\.py)`", row)}
    modules = {path.stem for path in README.parent.glob("*.py")} - {"__init__"}
    assert modules == set(ranks)
    for name in modules:
        source = (README.parent / f"{name}.py").read_text(encoding="utf-8")
        used = set(re.findall(r"^\s*from cs231n\.feedback\.(\w+) import", source, re.MULTILINE))
        used |= set(re.findall(r"from cs231n\.feedback import (.*)", source)
                    and re.search(r"from cs231n\.feedback import (.*)", source)[1].split(", "))
        below = {other for other in used & modules if ranks[other] < ranks[name]}
        assert below == set(), (name, below)
