"""Grade a class of 100, kill it in the middle, go on: `python -m benchmarks.class_of_100`.

The notebooks (Foundations) are right, wrong, blank, hanging, crashing and cheating. Grading is
killed when half of the results are there, and called again. Printed is how many verdicts came out
as expected, how long it took, and how many notebooks were judged twice. --count N: N notebooks.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from course import ROOT

NAME, CHANGED = "Foundations", "matmul_backward"
RIGHT, ALMOST, WRONG, OPEN, STOPPED = "right", "almost", "wrong", "open", "stopped"
HEAD = "def matmul_backward(dY, X, W):\n"


def body(*lines):
    """The text of the exercise's cell."""
    return HEAD + "".join(f"    {line}\n" for line in lines)


# Of each kind: what stands in the cell of one exercise, and what shall come of it. The other
# exercises are solved, and shall be found right whatever this one does.
KINDS = {
    "right": [(body("return np.einsum('nm,dm->nd', dY, W), np.einsum('nd,nm->dm', X, dY)"), RIGHT),
              (body("dX = np.dot(dY, W.T)", "dW = np.dot(dY.T, X).T", "return dX, dW"), RIGHT)],
    "wrong": [(body("return X.T @ dY, dY @ W.T"), WRONG),
              (body("return dY @ W.T, X.T @ dY / len(X)"), WRONG),
              (body("dY *= 2", "return dY @ W.T / 2, X.T @ dY / 2"), ALMOST)],
    "hanging": [(body("while True:", "    pass"), STOPPED),
                (body("import time", "time.sleep(10**6)"), STOPPED)],
    "crashing": [(body("return dY @ W.T, X.T @ nothing"), WRONG),
                 (body("import os", "os._exit(0)"), STOPPED),
                 (body("return [np.ones(10**7) for _ in range(10**4)]"), STOPPED),
                 (body("return matmul_backward(dY, X, W)"), WRONG),
                 (HEAD + "  return (", WRONG)],
    "cheating": [(body("from cs231n.foundations import matmul_backward as own",
                       "return own(dY, X, W)"), WRONG),
                 (body("np.abs = np.allclose = np.array_equal = lambda *a, **k: True",
                       "return dY, X"), WRONG),
                 (body("import cs231n.feedback.report as report", "report.Report = None",
                       "print('matmul_backward: PASS')"), WRONG),
                 (body("import os, signal", "os.kill(os.getppid(), signal.SIGTERM)"), WRONG),
                 (body("open('verdict.json', 'w').write('PASS')", "return dY @ W.T, X.T @ dY"),
                  WRONG),
                 (body("raise SystemExit(0)"), WRONG)],
}
SHARES = {"right": 30, "wrong": 24, "blank": 10, "hanging": 8, "crashing": 14, "cheating": 14}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        submissions, report = Path(folder) / "class", Path(folder) / "report"
        expected = write_class(submissions, count)
        start = time.perf_counter()
        kept = grade_and_kill(submissions, report, at=count // 2)
        middle = time.perf_counter()
        printed = subprocess.run(command(submissions, report), cwd=ROOT, capture_output=True,
                                 text=True, encoding="utf-8", check=True).stdout
        end = time.perf_counter()
        again = [path for path, when in kept.items() if path.stat().st_mtime_ns != when]
        judged = printed.count(f"{NAME}.ipynb: ")
        wrong = compare(report, expected)
    print(f"{count} notebooks on {middle - start:.0f} + {end - middle:.0f} s; killed with "
          f"{len(kept)} results, the second call judged {judged}; judged twice: {len(again)}")
    return 1 if wrong or again or judged + len(kept) != count else 0


def command(submissions, report):
    return [sys.executable, "-m", "course.grade", str(submissions), "--out", str(report)]


def write_class(folder, count):
    """Write the notebooks, a folder for each learner; returns the outcomes expected of each."""
    blank = (ROOT / "notebooks" / f"{NAME}.ipynb").read_text(encoding="utf-8")
    solved = (ROOT / "notebooks" / "solutions" / f"{NAME}.ipynb").read_text(encoding="utf-8")
    names = [cell["metadata"]["course"]["exercise"] for cell in exercise_cells(json.loads(solved))]
    kinds = [kind for kind, share in SHARES.items() for _ in range(share)]
    variants = {kind: cycle(cells) for kind, cells in KINDS.items()}
    expected = {}
    for number, kind in enumerate(islice(cycle(shuffled(kinds)), count)):
        learner = f"{kind}-{number:03}"
        notebook, outcomes = json.loads(blank), dict.fromkeys(names, OPEN)
        if kind != "blank":
            notebook, outcomes = json.loads(solved), dict.fromkeys(names, RIGHT)
            text, outcomes[CHANGED] = next(variants[kind])
            cell, = (cell for cell in exercise_cells(notebook)
                     if cell["metadata"]["course"]["exercise"] == CHANGED)
            cell["source"] = text
        path = folder / learner / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")
        expected[learner] = outcomes
    return expected


def exercise_cells(notebook):
    return [cell for cell in notebook["cells"]
            if cell["metadata"].get("course", {}).get("kind") == "exercise"]


def shuffled(kinds):
    """In an order that mixes them, the same every time."""
    return [kinds[37 * number % len(kinds)] for number in range(len(kinds))]


def grade_and_kill(submissions, report, at):
    """Grade until there are so many results, then SIGKILL; returns these with their times."""
    process = subprocess.Popen(command(submissions, report), cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None and len(list(report.glob("results/*.json"))) < at:
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    time.sleep(2)  # who was judging then has ended, too
    return {path: path.stat().st_mtime_ns for path in report.glob("results/*.json")}


def compare(report, expected):
    """Print how many verdicts of each kind are as expected; returns how many are not."""
    found = {}
    for path in report.glob("results/*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        found[result["learner"]] = {item["name"]: item["outcome"] for item in result["exercises"]}
    differ = 0
    for kind in SHARES:
        learners = [learner for learner in expected if learner.startswith(kind)]
        verdicts = [(learner, name, outcome, found.get(learner, {}).get(name))
                    for learner in learners for name, outcome in expected[learner].items()]
        others = [verdict for verdict in verdicts if verdict[2] != verdict[3]]
        differ += len(others)
        print(f"{kind:9} {len(learners):3} notebooks, {len(verdicts) - len(others)} of "
              f"{len(verdicts)} verdicts as expected")
        for learner, name, outcome, given in others:
            print(f"  {learner}, {name}: {given}, not {outcome}")
    return differ


if __name__ == "__main__":
    sys.exit(main())
