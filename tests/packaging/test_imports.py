"""What importing the engine brings along: no heavy library at the front door, and never the terminal app."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "pandas",
    "numba",
    "optuna",
    "pandera",
    "exchange_calendars",
    "talib",
    "pydantic",
    "duckdb",
    "numpy",
    "textual",
)
FRONT_DOORS = ("qt_engine", "qt_engine.workspace", "qt_engine.cli", "qt_tui.entry")


def modules_after(code: str) -> set[str]:
    """Names of the modules that a fresh process has imported after running the code."""
    program = f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", FRONT_DOORS)
def test_a_front_door_imports_nothing_heavy(module: str) -> None:
    assert modules_after(f"import {module}") & {*HEAVY} == set()


def test_help_of_the_command_line_imports_nothing_heavy() -> None:
    code = "from qt_engine.cli import main\nassert main(['--help']) == 0"
    assert modules_after(code) & {*HEAVY} == set()


EVERYTHING = """
import importlib, pkgutil, qt_engine
for module in pkgutil.walk_packages(qt_engine.__path__, "qt_engine."):
    importlib.import_module(module.name)
"""


def test_no_module_of_the_engine_imports_the_terminal_app_or_its_toolkit() -> None:
    imported = modules_after(EVERYTHING)
    assert "qt_engine.live.worker" in imported
    assert imported & {"textual", "qt_tui"} == set()


def test_the_engine_can_do_its_work_without_the_terminal_app(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
sys.modules["textual"] = sys.modules["qt_tui"] = None  # an import of either now raises
from pathlib import Path
from qt_engine import Workspace
ws = Workspace.open(Path({str(tmp_path)!r}) / "workspace")
ws.data.import_sample()
assert ws.backtest("sma_cross", ["AAPL"]).metrics.trades
"""
    modules_after(code)
