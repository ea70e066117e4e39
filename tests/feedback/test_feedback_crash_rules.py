"""What is said of an exception is what lies behind it, as far as the failing statement tells."""

import linecache
import textwrap

import numpy as np
import pytest

import cs231n.rnn_layers
from cs231n.feedback import check, crash_rules
from cs231n.feedback.outcomes import Crash

# exercise, body of a function, what the first hint has to say
STATEMENTS = [
    ("sample", "captions = np.zeros((len(features), max_length), dtype=int)\n"
               "for t in max_length:\n    pass\nreturn captions",
     "`max_length` is a number: `range(max_length)`"),
    ("sample", "h0 = features @ self.params['W_project']\nreturn h0",
     "`self.params` has no entry 'W_project'. Its entries are: 'W_embed'"),
    ("sample", "state = self.first_state(features)\nreturn state.shape",
     "`state` is a list there, not an array."),
    ("sample", "state = self.first_state(features)\n"
               "word = np.full(len(features), self._start)\n"
               "scores, state = self.next_scores(state, word)\nreturn scores",
     "The arguments of `next_scores` are in another order"),
    ("sample", "words = np.ones((3, 2), int)\n"
               "return word_embedding_forward(self.params['W_embed'], words)",
     "first come the words (integers)"),
    ("temperature_probabilities", "return scores / scores.sum(axis=2)",
     "There is no axis 2: the array has 2 axes, counted from 0 (0 and 1)."),
    ("beam_step", "N, K, V = log_probs.shape\nreturn log_probs.reshape(N, V)",
     "140 of them do not go into the shape (5,7)"),
    ("beam_step", "K, N, V = log_probs.shape\nreturn log_probs.reshape(N * K, K)",
     "`N, K, V = log_probs.shape`|takes the axes in another order"),
    ("modified_precision", "counts = {'a': 1}\nreturn 1 + counts.values()",
     "`.values()` gives all counts, not their sum"),
    ("pack", "rows = x[order[0], 0]\nreturn np.concatenate(rows, x[order[1], 0])",
     "takes the arrays as one argument"),
]


def defined(exercise, body):
    arguments = {"sample": "self, features, max_length=30", "pack": "x, order, batch_sizes",
                 "temperature_probabilities": "scores, temperature",
                 "beam_step": "totals, log_probs, width",
                 "modified_precision": "hypotheses, references, n"}[exercise]
    source = f"def {exercise}({arguments}):\n" + textwrap.indent(body, "    ")
    space = {"np": np, "word_embedding_forward": cs231n.rnn_layers.word_embedding_forward}
    name = f"<cell {exercise} {hash(body)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), space)
    return space[exercise]


@pytest.mark.parametrize("exercise, body, said", STATEMENTS)
def test_a_statement_tells(exercise, body, said):
    report = check(defined(exercise, body))
    assert report.word == "FAIL"
    assert any(words in report.hints[0] for words in said.split("|")), report.hints


def test_the_line_of_the_checked_function_is_named_too():
    function = defined("pack", "return helper(x)")
    exec("def helper(x):\n    return x @ np.ones((1000, 2))", function.__globals__)
    told = " ".join(check(function).hints)
    assert "of `helper`" in told
    assert "(It was called in line 2 of `pack`, `return helper(x)`.)" in told


def test_a_rule_that_fails_says_nothing(monkeypatch):
    def broken(scene):
        raise TypeError("not thought of")

    monkeypatch.setattr(crash_rules, "RULES", [broken, lambda scene: "the next one speaks"])
    function = defined("pack", "return x.nothing")
    try:
        function(np.ones(3), None, None)
    except AttributeError as error:
        crash = Crash(error, function)
    assert crash_rules.telling_advice(crash) == ["the next one speaks"]
