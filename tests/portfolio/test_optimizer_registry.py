"""Optimizers by name: qt's own, and those that an installed package brings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qt_engine.core.errors import NotFoundError
from qt_engine.portfolio import optimizer, optimizer_names
from qt_engine.strategies.selection import WEIGHTS_METHODS

PLUGIN = """
import numpy as np
from qt_engine.portfolio import Optimizer

class FirstTakesAll(Optimizer):
    name = "first"
    def propose(self, problem, limits):
        return np.eye(len(problem.symbols))[0] * problem.side
"""
ENTRY_POINTS = "[qt.optimizers]\nfirst = firstplugin:FirstTakesAll\nbroken = nowhere:Nothing\nnone = firstplugin:np\nequal = firstplugin:FirstTakesAll\n"


def test_every_method_of_the_language_has_its_optimizer() -> None:
    for name in WEIGHTS_METHODS:
        assert optimizer(name).name == name
    assert set(WEIGHTS_METHODS) <= set(optimizer_names())


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="min_varianc; did you mean min_variance"):
        optimizer("min_varianc")


def test_installed_packages_bring_their_own(tmp_path: Path) -> None:
    (tmp_path / "firstplugin.py").write_text(PLUGIN)
    package = tmp_path / "firstplugin-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: firstplugin\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(ENTRY_POINTS)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from qt_engine.core.errors import InputError\n"
        "from qt_engine.portfolio import optimizer, optimizer_names\n"
        "from qt_engine.testing.optimizers import problem\n"
        "assert 'first' in optimizer_names()\n"
        "print(optimizer('first').optimize(problem(1)).values.tolist())\n"
        "print(type(optimizer('equal')).__name__)\n"
        "for name in ('broken', 'none'):\n"
        "    try:\n"
        "        optimizer(name)\n"
        "    except InputError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, own, broken, none = done.stdout.splitlines()
    assert first == str([1.0] + [0.0] * 9)
    assert own == "EqualWeight"
    assert broken == "optimizer broken (nowhere:Nothing) cannot be loaded: No module named 'nowhere'"
    assert none.startswith("optimizer none (firstplugin:np) ")
