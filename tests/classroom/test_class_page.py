"""What a class's page says, and whom it does not name."""

import re

import pytest

from course.grading import results
from course.grading.causes import cause
from course.grading.class_page import class_page, lecture
from course.grading.tally import successor, tally
from cs231n.feedback import check

HINT = "The tanh is <missing>."


def row(learner, outcome, hints=(), cause=None):
    entries = [results.entry("easy", results.RIGHT), results.entry("hard", outcome, hints, cause)]
    return results.result("Some", results.with_points(entries, {"easy": 1, "hard": 3})) \
        | {"learner": learner}


WRONG = [row("Ada", results.WRONG, [HINT], "tanh-missing"),
         row("<b>Bob</b>", results.WRONG, [HINT], "tanh-missing"),
         row("Cem", results.STOPPED, ["It took longer."], "stopped-time"),
         row("Dan", results.RIGHT)]


def test_the_lecture_hears_what_many_got_wrong_and_no_names():
    said = " ".join(lecture(tally(WRONG)))
    assert "4 of 4 have solved easy" in said and "hard was the hardest: 1 of 4" in said
    assert f"2 of you were told about hard: {HINT}" in said
    assert "longer" not in said  # one learner's only


def test_a_line_of_a_learners_is_not_read_out():
    rows = [row(name, results.WRONG, ["with TypeError: my_line"], "raises-TypeError")
            for name in "AB"]
    assert lecture(tally(rows))[-1] == "2 of you stop in hard with TypeError."


@pytest.mark.parametrize("said, name", [
    ("`exit()`, with SystemExit: 0.", "raises-SystemExit"),
    ("`os.fork()`, with Refused: os.fork is refused.", "raises-Refused"),
    ("`a + b`, with ValueError: shapes (2,3) (3,2).", "raises-ValueError"),
])
def test_exceptions_are_counted_by_their_kind(said, name):
    exercise = check.exercises["matmul_backward"]
    assert cause(exercise, results.WRONG, [f"It stops in line 2 of `f`, {said}"]) == name


def test_names_are_listed_only_when_asked_for_and_cannot_be_html():
    assert not re.search("Ada|Bob|Cem|Dan", class_page(tally(WRONG)))
    page = class_page(tally(WRONG), rows=WRONG)
    assert "&lt;b&gt;Bob" in page and "<b>" not in page and "<missing>" not in page
    assert "Ada (1 of 4 points): hard." in page and "Dan" not in page


def test_the_figure_says_the_same_in_words():
    page = class_page(tally(WRONG))
    assert "hard: 1 right, 3 wrong, 0 not done." in re.search("<desc.*?</desc>", page)[0]
    assert "aria-labelledby='bars-title bars-text'" in page
    assert not re.search(r"(src|href)=|url\(|https?:", page)


def test_changes_are_told_since_the_last_run_that_came_out_differently():
    first = successor(None, tally(WRONG))
    assert "first run" in class_page(first["now"], first["before"])
    better = [*WRONG[:2], row("Cem", results.RIGHT), WRONG[3]]
    second = successor(first, tally(better))
    again = successor(second, tally(better))
    for runs in (second, again):
        assert "hard: 50% have solved it, 25% before." in class_page(runs["now"], runs["before"])
        assert "hard has gone from 25% to 50%" in lecture(runs["now"], runs["before"])[-1]


def test_an_empty_class_has_a_page():
    assert "Notebooks: 1, of which 1" in class_page(tally([results.result(None, problem="no")]))
