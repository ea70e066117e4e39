"""The benchmark that measures the notebooks' bounds: other seeds, all figures."""

from types import SimpleNamespace

from benchmarks import notebook_bounds
from cs231n import gradient_check

CODE = '''
import numpy as np

from cs231n.gradient_check import verdict

np.random.seed(231)
drawn = np.random.rand(), np.random.RandomState(1).rand(), np.random.default_rng(2).random()
for k in range(3):
    verdict(f"figure {k}", drawn[k], at_most=1)
verdict("rounding", 1e-9, at_most=1e-8)
verdict("none left", 0, at_most=0)
verdict("speed", 2, at_least=1.2, unit="x")
'''


def test_each_seed_of_a_notebook_is_replaced():
    cells = [SimpleNamespace(id="text-start", is_text=True, solved="# A notebook"),
             SimpleNamespace(id="code-start", is_text=False, solved=CODE)]
    verdict, figures, seconds = gradient_check.verdict, {}, {}
    for seed in (0, 0, 1):
        notebook_bounds.run(cells, seed, figures, seconds)
    assert gradient_check.verdict is verdict
    assert list(figures) == [("figure 0", "<= 1"), ("figure 1", "<= 1"), ("figure 2", "<= 1"),
                             ("none left", "<= 0")]
    for (label, _), values in figures.items():
        assert values[0] == values[1]
        assert (values[2] != values[0]) == label.startswith("figure")
    assert list(seconds) == ["code-start"]


def test_the_table_shows_the_range(capsys):
    notebook_bounds.print_table({("true", ">= 70"): [82.0, 80.0, 84.0]})
    assert capsys.readouterr().out.splitlines()[-1].split() == ["true", ">=", "70", "80", "84"]
