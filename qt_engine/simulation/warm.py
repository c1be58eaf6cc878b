"""Compiling the kernels before anyone waits for them, in processes of their own.

On a fresh machine numba compiles for some seconds, and holds the interpreter while it does: in the terminal app every
key would wait. So `warm_up` starts one process for the kernel and one for the evaluator, side by side, and they leave
what they compiled in numba's cache on disk, where this process finds it. A mark beside the cache says that it is done.
"""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from qt_engine.core.errors import QtError
from qt_engine.core.hashing import hash_config
from qt_engine.core.kernel_sources import kernel_sources

if TYPE_CHECKING:
    from qt_engine.data.market import Market

STAGES = {"backtest": ("kernel", "evaluator"), "sweep": ("lanes", "indicators"), "complete": ("complete",)}
"""What can be compiled side by side, and what comes after it (a sweep's inner loop holds the other two)."""


def is_warm(*, sweeps: bool = True, complete: bool = False) -> bool:
    """Whether the kernels of this engine, interpreter and machine were compiled before."""
    return all(_mark(stage).exists() for stage in _stages(sweeps, complete))


def warm_up(*, sweeps: bool = True, complete: bool = False) -> None:
    """Compile what a backtest needs, and return when that is done; at once if it was done before.

    Parameters
    ----------
    sweeps
        The inner loop of a sweep as well.
    complete
        The kernel's complete path as well.

    Raises
    ------
    QtError
        If compiling failed; the message ends with numba's own last line.
    """
    stages = [stage for stage in _stages(sweeps, complete) if not _mark(stage).exists()]
    if sweeps or len(stages) < 2:
        for stage in stages:
            _once(stage)
        return
    # Without the sweeps somebody waits for a run: side by side, then.
    with ThreadPoolExecutor(len(stages)) as pool:
        list(pool.map(_once, stages))


def _once(stage: str) -> None:
    """Compile a stage; who comes second waits, instead of compiling the same again."""
    mark = _mark(stage)
    mark.parent.mkdir(parents=True, exist_ok=True)
    with mark.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            _compile(stage)
            mark.touch()


def _compile(stage: str) -> None:
    running = [_start(name) for name in STAGES[stage]]
    ended = [(process, process.communicate()[1]) for process in running]
    for process, said in ended:
        if process.returncode:
            raise QtError(f"the kernels could not be compiled: {(said.strip() or 'killed').splitlines()[-1]}")


def _stages(sweeps: bool, complete: bool) -> list[str]:
    left_out = {"sweep": not sweeps, "complete": not complete}
    return [stage for stage in STAGES if not left_out.get(stage, False)]


def _start(name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", f"from qt_engine.simulation.warm import compile_{name}; compile_{name}()"]
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


@cache
def _mark(stage: str) -> Path:
    """Stands in numba's cache folder, so that whoever empties it removes the mark as well."""
    key = hash_config([kernel_sources(), version("numba"), sys.version, platform.machine(), platform.processor()])
    given = os.environ.get("NUMBA_CACHE_DIR")
    beside = Path(__file__).parent / "__pycache__"
    if given:
        folder = Path(given)
    elif os.access(beside.parent, os.W_OK):
        folder = beside
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("qt")
    return folder / f"compiled-{stage}-{key[:16]}"


def compile_kernel() -> None:
    """A run of two bars with a plan made by hand."""
    _run(complete=False)


def compile_complete() -> None:
    """The same on the complete path, and what measures volatility and volume for it."""
    import numpy as np

    from qt_engine.data.market import no_actions
    from qt_engine.simulation.wiring import conditions

    _run(complete=True)
    conditions(np.ones((3, 1)), np.ones((3, 1)), no_actions(), 2)


def _run(*, complete: bool) -> None:
    import numpy as np

    from qt_engine.simulation.contract import Execution
    from qt_engine.simulation.stepper import Stepper
    from qt_engine.strategies.plan import UNLIMITED, Plan

    flags = np.zeros((2, 1), np.uint8)
    plan = Plan(
        entry=flags.view(np.int8), exit_long=flags, exit_short=flags, protect_kind=np.zeros((2, 3), np.int64),
        protect_value=np.zeros((2, 3)), time_stop=np.full(2, UNLIMITED),
    )  # fmt: skip
    Stepper(1, Execution(), 1000.0, complete=complete).advance(_market(2), plan)


STRATEGY = """
schema: 1
name: warm
kind: rules
params: {window: {type: int, default: 3, low: 2, high: 9}}
entry: {long: "crosses_above(sma(close, window), sma(close, 4)) and close > 5"}
exit: {long: "close < sma(close, 3)"}
"""
COMMON = (("ema", 1), ("rsi", 1), ("atr", 3), ("stddev", 1), ("highest", 1), ("bollinger_upper", 1))
"""Indicators that many strategies use, and how many series they take."""


def compile_evaluator() -> None:
    """The conditions of a small strategy."""
    from qt_engine.strategies.compiler import compile_plan
    from qt_engine.strategies.language import load_document

    compile_plan(load_document(STRATEGY, "warm"), {"window": 3}, _market(8))


def compile_indicators() -> None:
    """The indicators that most strategies use, beside the moving average that every process needs."""
    from qt_engine.features.compute import compute

    prices = _market(64).close[:, 0].copy()
    for name, series in COMMON:
        compute(name, [prices] * series, {"window": 3})


def compile_lanes() -> None:
    """A sweep of one lane."""
    import numpy as np

    from qt_engine.simulation.contract import Execution
    from qt_engine.simulation.sweep import sweep
    from qt_engine.strategies.language import load_document

    sweep(load_document(STRATEGY, "warm"), {"window": np.array([3])}, [_market(8)], Execution(), 1000.0, threads=1)


def _market(bars: int) -> Market:
    import numpy as np

    from qt_engine.core.intervals import DAY_NS
    from qt_engine.data.canonical import market_from_arrays

    prices = np.linspace(10.0, 11.0, bars)
    return market_from_arrays(("WARM",), "1d", np.arange(bars) * DAY_NS, *(prices for _ in range(5)))
