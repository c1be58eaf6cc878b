"""Compiled kernels on disk are dropped when a kernel that was compiled into them changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import qt_engine

PROGRAM = (
    "import numpy as np, qt_engine; from qt_engine.features import compute; "
    "print(qt_engine.__file__, compute('donchian_upper', [np.arange(9.0)], {'window': 2})[-1])"
)


def highest_in(tree: Path) -> float:
    environment = {k: v for k, v in os.environ.items() if k not in {"NUMBA_CACHE_DIR", "PYTHONPATH"}}
    command = [sys.executable, "-c", PROGRAM]
    answer = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=True)
    place, value = answer.stdout.split()
    assert place.startswith(str(tree))
    return float(value)


def test_an_edited_callee_is_compiled_anew(tmp_path: Path) -> None:
    package = tmp_path / "qt_engine"
    shutil.copytree(Path(qt_engine.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    assert highest_in(tmp_path) == 8.0
    callee = package / "features" / "_rolling.py"
    text = callee.read_text(encoding="utf-8")
    edited = text.replace("target[j] = max(extreme, ends[j + 1])", "target[j] = 1.0 + max(extreme, ends[j + 1])")
    assert edited != text
    callee.write_text(edited, encoding="utf-8")
    assert highest_in(tmp_path) == 9.0
