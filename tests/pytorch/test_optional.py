"""PyTorch is optional: nothing else loads it, and without it one sentence says what to do."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPORT = re.compile(r"^(from|import) (torch\b|cs231n\S*_pytorch\b)|^from \S+ import \S+_pytorch\b",
                    re.MULTILINE)
# As if PyTorch were not installed.
WITHOUT = "import sys; sys.modules['torch'] = None; "


def python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          encoding="utf-8")


def test_only_modules_named_after_pytorch_import_it():
    files = [path for path in (ROOT / "cs231n").rglob("*.py")
             if not path.stem.endswith("_pytorch")]
    assert len(files) > 60
    assert [path.name for path in files if IMPORT.search(path.read_text(encoding="utf-8"))] == []


def test_the_command_does_not_load_pytorch():
    result = python("import sys, cs231n.train, cs231n.feedback; assert 'torch' not in sys.modules")
    assert result.returncode == 0, result.stderr


def test_without_pytorch_one_sentence_says_what_to_do():
    result = python(f"{WITHOUT}from cs231n import train; sys.exit(train.main(['--engine', "
                    "'torch']))")
    assert result.returncode == 1
    sentences = result.stderr.splitlines()
    assert len(sentences) == 1 and "PyTorch is not installed: `make pytorch`" in sentences[0]
