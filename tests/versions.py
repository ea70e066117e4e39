"""Test the package on the oldest and the newest Python that it is for: `make test-versions`.

Python 3.10 with NumPy 1.26, and Python 3.13 with the newest of everything: the tests of the
package, and the learners' notebooks, which have to come out byte for byte as they are committed.
Interpreters are looked for on the PATH and among those of pyenv; one that is not there is skipped,
and named.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = {"3.10": ["numpy==1.26.*"], "3.13": []}
ASK = "import sys; print('%d.%d' % sys.version_info[:2])"
# What needs a kernel is left to `make test`.
LEFT_OUT = ["tests/notebooks/test_notebooks_student.py", "tests/notebooks/test_commands.py",
            "tests/notebooks/test_replay.py"]


def main():
    found = {version: find_python(version) for version in VERSIONS}
    for version, python in found.items():
        if python is None:
            print(f"Python {version}: not on this machine, skipped")
    codes = {version: test(version, python) for version, python in found.items() if python}
    for version, code in codes.items():
        print(f"Python {version}: {'passed' if code == 0 else 'FAILED'}")
    if not codes:
        print(f"None of Python {', '.join(VERSIONS)} is installed, so nothing was tested.")
    return 1 if any(codes.values()) or not codes else 0


def find_python(version):
    """An interpreter of this version that starts, as a path, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), sys.executable,
                  *sorted(pyenv.glob(f"{version}*/bin/python"))]
    for candidate in filter(None, candidates):
        asked = subprocess.run([candidate, "-c", ASK], capture_output=True, text=True)
        if asked.returncode == 0 and asked.stdout.strip() == version:
            return str(candidate)
    return None


def test(version, python):
    """Install into an environment of its own, and test there; 0 if all passed."""
    folder = ROOT / ".venvs" / version
    print(f"Python {version} ({python}): installing into {folder.relative_to(ROOT).as_posix()}",
          flush=True)
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
               "--upgrade", "-r", "requirements-dev.txt", *VERSIONS[version]]
    left_out = [f"--ignore={file}" for file in LEFT_OUT]
    pytest = [inside, "-m", "pytest", "-q", "-n", "auto", "--maxprocesses=4", "--dist=loadfile"]
    for command in ([python, "-m", "venv", folder], install, [*pytest, *left_out, "tests"]):
        code = subprocess.run([str(word) for word in command], cwd=ROOT).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
