"""Times the engine beside the hand-written limit kernels: `python benchmarks/engine.py W1 W2 W3 W4 W5 [--repeat 5]`.

Prints one JSON line a workload. It goes the road of a user's run: strategy documents, `compile_plan`, `simulate`, `sweep`.
Making the data and imports are not counted. `ratio` is the median of the ratios of paired runs, engine and limit in turn: by
CPU time, by wall time where two threads are named (W2, W5). `peak_mb` is the memory that the engine takes above the data.

`python benchmarks/engine.py compile` times the first compilation on a fresh machine, `backtest` the whole process of a
backtest on daily bars, `preview` the way from an edit to an equity curve.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WORKS = ("W1", "W2", "W3", "W4", "W5")
THREADED = ("W2", "W5")
COSTS = {"fee_bps": 5.0, "slippage_bps": 2.0}
AS_FEE = {"fee_bps": 7.0, "slippage_bps": 0.0}
"""The same costs for W3, whose limit kernel takes slippage as a part of the fee. It lets cash go below zero by the costs of a
rebalance, so its strategy may hold a little more than its equity."""

SMA = """
schema: 1
name: sma_cross_fixed
kind: rules
interval: {interval}
params:
  fast: {{type: int, default: 20, low: 2, high: 100}}
  slow: {{type: int, default: 100, low: 2, high: 300}}
let:
  fast_ma: sma(close, fast)
  slow_ma: sma(close, slow)
entry:
  long: crosses_above(fast_ma, slow_ma)
exit:
  long: crosses_below(fast_ma, slow_ma)
sizing: {{method: fixed_quantity, value: 100}}
"""
BRACKET = """
schema: 1
name: rsi_bracket
kind: rules
interval: 1m
entry:
  long: rsi(close, 14) < 30
exit:
  stop_loss: 2%
  take_profit: 4%
  trailing_stop: 3%
  time_stop: 60
sizing: {method: fixed_quantity, value: 100}
"""


MOMENTUM = """
schema: 1
name: xmom_limit
kind: portfolio
interval: 1d
let:
  momentum: close[21] / close[252] - 1
select: {rank: momentum, top: 50}
weights: {method: equal}
rebalance: {every: month}
risk: {max_gross: 1.1}
"""


def market_of(data: dict[str, Any], interval: str, asset: int | None = None) -> Any:
    """The workload's arrays as a market."""
    from qt_engine.data.canonical import market_from_arrays

    def column(name: str) -> Any:
        values = data[name] if asset is None else data[name][:, asset]
        return values.reshape(len(values), -1).copy()

    assets = data["close"].shape[1] if asset is None and data["close"].ndim == 2 else 1
    symbols = tuple(f"S{number:03d}" for number in range(assets)) if assets > 1 else (f"S{asset or 0}",)
    market = market_from_arrays(
        symbols, interval, data["ts"] * 1_000_000_000,
        *(column(name) for name in ("open", "high", "low", "close", "volume")),
    )  # fmt: skip
    _ = market.sample_index  # part of the data: every run of the market shares it
    return market


def engine_call(work: str, data: Any) -> Callable[[], tuple[float, int]]:
    """The workload as a call that gives (final equity, trades), summed over lanes; of W3 (final equity, fills)."""
    import workloads as W
    from qt_engine.portfolio.compilation import compile_strategy
    from qt_engine.simulation.contract import Execution, SimInput
    from qt_engine.simulation.simulate import simulate
    from qt_engine.simulation.sweep import sweep
    from qt_engine.strategies.language import load_document
    from qt_engine.strategies.parameters import grid, resolve_parameters

    text = {"W3": MOMENTUM, "W4": BRACKET}.get(work) or SMA.format(interval="1m" if work == "W1" else "1d")
    document = load_document(text, work)
    execution = Execution(**(AS_FEE if work == "W3" else COSTS))

    def single() -> tuple[float, int]:
        from qt_engine.evaluation.metrics import evaluate

        plan = compile_strategy(document, resolve_parameters(document), data)
        result = simulate(SimInput(data, plan, execution, W.CASH))
        metrics = evaluate(result.counters, data.periods_per_year)
        return metrics.final_equity, len(result.fills) if work == "W3" else metrics.trades

    def many() -> tuple[float, int]:
        fasts, slows = (W.FASTS, W.SLOWS) if work == "W2" else (W.W5_FASTS, W.W5_SLOWS)
        parameters = grid(document, {"fast": fasts, "slow": slows})
        result = sweep(document, parameters, data, execution, W.CASH, threads=2)
        return float(result.final_equity.sum()), int(result.trades.sum())

    return many if work in THREADED else single


def data_of(work: str) -> tuple[Any, Any]:
    """The workload's raw arrays, and its market or markets."""
    import workloads as W

    raw = {"W1": W.minutes, "W2": W.daily, "W3": W.panel, "W4": W.brackets, "W5": lambda: W.panel(100)}[work]()
    if work == "W5":
        return raw, [market_of(raw, "1d", asset) for asset in range(100)]
    market = market_of(raw, "1d" if work in ("W2", "W3") else "1m")
    return raw, [market] if work == "W2" else market


def cpu_s() -> float:
    """CPU time of this process and its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident_mb() -> float:
    """Memory of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def reset_peak() -> None:
    """Forget the largest memory so far."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """The largest memory since `reset_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """(wall, CPU, outcome) of a call, in seconds."""
    wall, cpu = time.perf_counter(), cpu_s()
    outcome = call()
    return time.perf_counter() - wall, cpu_s() - cpu, outcome


def measure(work: str, repeat: int) -> dict[str, Any]:
    """One workload in this process, kernels cached on disk."""
    raw, data = data_of(work)
    engine = engine_call(work, data)
    reset_peak()
    base = resident_mb()
    cold_s, _, (final, trades) = timed(engine)
    engine()
    above = peak_mb() - base
    import limit

    prepared = limit.prepared(work, raw)
    limit_final, limit_trades = limit.WORK[work](prepared)
    limit.WORK[work](prepared)
    pairs = [(timed(engine)[:2], timed(lambda: limit.WORK[work](prepared))[:2]) for _ in range(repeat)]
    clock = 0 if work in THREADED else 1
    return {
        "work": work,
        "wall_s": round(statistics.median(ours[0] for ours, _ in pairs), 6),
        "cpu_s": round(statistics.median(ours[1] for ours, _ in pairs), 6),
        "cold_s": round(cold_s, 4),
        "peak_mb": round(above, 1),
        "final": final,
        "trades": trades,
        "limit_wall_s": round(statistics.median(theirs[0] for _, theirs in pairs), 6),
        "limit_cpu_s": round(statistics.median(theirs[1] for _, theirs in pairs), 6),
        "ratio": round(statistics.median(ours[clock] / theirs[clock] for ours, theirs in pairs), 3),
        "ratio_by": "wall" if clock == 0 else "cpu",
        "equal": bool(trades == limit_trades and abs(final / limit_final - 1.0) < 1e-9),
    }


def child(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, with byte code and without this one's memory."""
    # OpenMP threads of the limit kernels would otherwise spin for a while after each of their runs, and slow ours.
    settings = {**os.environ, "PYTHONPATH": str(HERE.parent), "OMP_WAIT_POLICY": "passive", **environment}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run([sys.executable, *arguments], env=settings, check=True, capture_output=True, text=True)


COMPILE = """
import time
from qt_engine.simulation.warm import warm_up
start = time.perf_counter()
warm_up(sweeps=False)
backtest = time.perf_counter() - start
warm_up()
both = time.perf_counter() - start
start = time.perf_counter()
warm_up(complete=True)
print(backtest, both, time.perf_counter() - start)
"""


def compile_time() -> dict[str, Any]:
    """First compilation on a fresh machine, into an empty cache: of each stage."""
    with tempfile.TemporaryDirectory() as folder:
        single, both, complete = (float(word) for word in child("-c", COMPILE, NUMBA_CACHE_DIR=folder).stdout.split())
    return {
        "work": "compile", "backtest_s": round(single, 2), "and_sweep_s": round(both, 2), "complete_s": round(complete, 2),
        "budget_s": 8.0,
    }  # fmt: skip


def backtest_time(repeat: int) -> dict[str, Any]:
    """`qt backtest` on daily bars, the whole process, kernel cached."""
    with tempfile.TemporaryDirectory() as folder:
        qt = ("-c", "import sys; from qt_tui.entry import main; sys.exit(main())", "--workspace", folder)
        child(*qt, "data", "import", "--sample")
        command = (*qt, "backtest", "sma_cross", "--symbols", "AAPL", "--json")
        child(*command)
        walls = []
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(repeat):
            start = time.perf_counter()
            child(*command)
            walls.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / repeat
    return {"work": "backtest", "wall_s": round(statistics.median(walls), 3), "cpu_s": round(cpu, 3), "budget_s": 1.0}


def preview_time(repeat: int) -> dict[str, Any]:
    """From edited text to an equity curve: 20 assets of 2,520 bars."""
    import workloads as W
    from qt_engine import Workspace

    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(Path(folder))
        panel = W.panel(20)
        symbols = [f"S{asset:02d}" for asset in range(20)]
        for asset, symbol in enumerate(symbols):
            path = Path(folder) / f"{symbol}.csv"
            rows = zip(
                panel["ts"],
                *(panel[name][:, asset] for name in ("open", "high", "low", "close", "volume")),
                strict=True,
            )
            path.write_text(
                "timestamp,open,high,low,close,volume\n"
                + "\n".join(",".join(map(repr, map(float, row))) for row in rows)
            )
            workspace.data.import_file(path, symbol=symbol, interval="1d")
        text = workspace.strategies.resolve("sma_cross").text
        workspace.preview(text, symbols)
        walls = []
        for edit in range(repeat):
            edited = text.replace("default: 20", f"default: {21 + edit}")
            walls.append(timed(lambda edited=edited: workspace.preview(edited, symbols))[0])  # type: ignore[misc]
    return {
        "work": "preview",
        "wall_s": round(statistics.median(walls), 4),
        "worst_s": round(max(walls), 4),
        "budget_s": 0.1,
    }


def main() -> int:
    """Run the named workloads, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="+", choices=[*WORKS, "compile", "backtest", "preview"])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    for work in given.works:
        if work == "compile":
            print(json.dumps(compile_time()), flush=True)
        elif work == "backtest":
            print(json.dumps(backtest_time(given.repeat)), flush=True)
        elif work == "preview":
            print(json.dumps(preview_time(given.repeat)), flush=True)
        elif given.here:
            print(json.dumps(measure(work, given.repeat)), flush=True)
        else:
            same = (str(HERE / "engine.py"), "--here", "--repeat", str(given.repeat), work)
            child(*same[:2], "--repeat", "1", work)  # fills the kernel cache
            print(child(*same).stdout.strip(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
