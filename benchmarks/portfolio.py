"""500 assets, 10 years of daily bars, decided every month: `python benchmarks/portfolio.py [METHOD] [--turnover 0.2]`.

Prints one JSON line: {work, wall_s, cpu_s, rebalances, fallbacks, told, hash, peak_mb}. METHOD is one of the strategy
language (default `min_variance`), with 252 returns and Ledoit–Wolf. It goes the road of a user's run, from a strategy
document to a plan; making the data and imports of qt are not counted, those of a solver's library are. `fallbacks` are
the months before there are enough returns, `told` is how often progress was reported, `hash` that of the plan, `peak_mb`
memory above the data.
"""

import argparse
import json
import time

import numpy as np

from engine import peak_mb, reset_peak, resident_mb
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.portfolio.compilation import compile_strategy
from qt_engine.strategies.language import load_document
from qt_engine.strategies.parameters import resolve_parameters

ASSETS, BARS = 500, 2_520
STRATEGY = """
schema: 1
name: portfolio_benchmark
kind: portfolio
weights: {{method: {method}{window}}}
rebalance: {{every: month}}
constraints: {{gross: 100%{turnover}}}
"""


def market() -> Market:
    """Random walks with three common factors and volatilities between 10% and 60% a year."""
    rng = np.random.default_rng(17)
    factors = rng.normal(0.0002, 0.006, (BARS, 3)) @ rng.normal(0.4, 0.5, (3, ASSETS))
    own = rng.normal(0.0002, 1.0, (BARS, ASSETS)) * rng.uniform(0.006, 0.035, ASSETS)
    closes = 100 * np.exp(np.cumsum(factors + own, axis=0))
    days = np.datetime64("2010-01-04") + np.arange(2 * BARS)
    ts = days[np.is_busday(days)][:BARS].astype("datetime64[ns]").astype(np.int64)
    symbols = [f"S{number:03}" for number in range(ASSETS)]
    return market_from_arrays(symbols, "1d", ts, closes, closes, closes, closes, np.ones_like(closes))


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method", nargs="?", default="min_variance")
    parser.add_argument("--turnover", type=float)
    given = parser.parse_args()
    window = "" if given.method == "equal" else ", window: 252"
    if given.method == "black_litterman":
        window += ', views: "(close / close[20] - 1) / 1000"'
    turnover = "" if given.turnover is None else f", max_turnover: {given.turnover}"
    text = STRATEGY.format(method=given.method, window=window, turnover=turnover)
    document = load_document(text, "benchmark.yaml")
    parameters = resolve_parameters(document, {})
    bars = market()
    told: list[float] = []
    base = resident_mb()
    reset_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    plan = compile_strategy(document, parameters, bars, told.append)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    outcome = {
        "work": f"portfolio_{given.method}",
        "wall_s": round(wall, 3),
        "cpu_s": round(cpu, 3),
        "rebalances": len(plan.rebalance),
        "fallbacks": len(plan.fallbacks),
        "told": len(told),
        "hash": plan.hash[:16],
        "peak_mb": round(peak_mb() - base, 1),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
