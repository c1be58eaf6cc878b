"""What `warm_up` compiles is what every later process runs: nothing is compiled twice, and nothing outdated runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import qt_engine

FRONT = """
import sys
from qt_engine.simulation.warm import is_warm, warm_up
"""
USE = """
import numpy as np
from qt_engine.data.canonical import market_from_arrays
from qt_engine.simulation import kernel, lane_kernel
from qt_engine.simulation.contract import Execution, SimInput
from qt_engine.simulation.simulate import simulate
from qt_engine.simulation.sweep import sweep
from qt_engine.strategies import evaluator
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import grid, resolve_parameters

prices = 50.0 + np.arange(90) % 7
market = market_from_arrays(("A",), "1d", np.arange(90) * 86_400_000_000_000, *(prices for _ in range(5)))
document = load_document('''
schema: 1
name: other
kind: rules
params: {n: 4, k: 1}
let: {quiet: "count(close > open, n) < 2"}
entry: {long: "crosses_above(close, sma(close, n)[k]) and quiet", short: "rising(close, 2)"}
exit: {long: "bars_held > n or close < 51", stop_loss: {atr: 2}}
sizing: {method: volatility_target, value: 10%}
''')
result = simulate(SimInput(market, compile_plan(document, resolve_parameters(document), market)))
count = len(result.fills)
told = [(f.stats.cache_hits, f.stats.cache_misses) for f in (kernel.advance, evaluator.run_code)]
"""
BACKTEST = USE + "print(count > 0, [(sum(h.values()), sum(m.values())) for h, m in told])"
SWEEP = (
    USE
    + """
sweep(document, grid(document, {"n": [2, 3]}), [market], Execution(), 1000.0)
stats = lane_kernel.run_lanes.stats
print(count > 0, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""
)


def answer(program: str, cache: Path, tree: Path | None = None) -> str:
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(cache),
        "PYTHONPATH": str(tree or Path(qt_engine.__file__).parents[1]),
    }
    command = [sys.executable, "-c", FRONT + program]
    done = subprocess.run(command, env=environment, cwd=cache, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def marks(cache: Path) -> list[str]:
    return sorted(path.name.split("-")[1] for path in cache.glob("compiled-*") if path.suffix != ".lock")


@pytest.mark.timeout(180)
def test_the_next_process_compiles_nothing(tmp_path: Path) -> None:
    """Marks stage by stage; then other strategies than the one that was compiled with run from the cache."""
    assert answer("print(is_warm(sweeps=False))", tmp_path) == "False"
    answer("warm_up(sweeps=False)", tmp_path)
    assert marks(tmp_path) == ["backtest"]
    assert answer("print(is_warm(sweeps=False), is_warm())", tmp_path) == "True False"
    assert answer(BACKTEST, tmp_path) == "True [(1, 0), (1, 0)]"
    answer("warm_up()", tmp_path)
    assert marks(tmp_path) == ["backtest", "sweep"]
    assert answer(SWEEP, tmp_path) == "True 1 0"

    # A kernel that was edited is another kernel: nothing is warm, and nothing of the old cache is used.
    tree = tmp_path / "tree"
    package = tree / "qt_engine"
    shutil.copytree(Path(qt_engine.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(Path(qt_engine.__file__).parents[1] / "configs", tree / "configs")
    callee = package / "simulation" / "stateful.py"
    callee.write_text(callee.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    assert answer("print(is_warm(sweeps=False))", tmp_path, tree) == "False"
    shutil.rmtree(tree)

    # Whoever empties the cache removes the marks as well.
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    assert answer("print(is_warm())", tmp_path) == "False"
