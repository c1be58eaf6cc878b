"""500 assets, 10 years of daily bars, minimum variance of the last 252 returns, decided every month.

`python benchmarks/portfolio.py [METHOD]` prints one JSON line: {work, wall_s, cpu_s, rebalances, fallbacks, peak_mb}. Generating
the data is not counted; the time is that of `construct`, from a selection to targets, imports of solvers included.
"""

import json
import resource
import sys
import time

import numpy as np

from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.portfolio.construction import construct
from qt_engine.portfolio.rebalancing import Calendar
from qt_engine.strategies.selection import ConstraintsSetting, Selection, WeightsSetting

ASSETS, BARS, WINDOW = 500, 2_520, 252


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
    method = sys.argv[1] if len(sys.argv) > 1 else "min_variance"
    bars = market()
    rebalances = Calendar("month").bars(bars)
    rebalances = rebalances[rebalances >= WINDOW]
    side = np.ones((len(rebalances), ASSETS), np.int8)
    selection = Selection(
        rebalances, np.full(side.shape, np.nan), side, WeightsSetting(method, window=WINDOW), ConstraintsSetting()
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = []
    wall, cpu = time.perf_counter(), time.process_time()
    made = construct(selection, bars, told.append)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "work": f"portfolio_{method}", "wall_s": round(wall, 3), "cpu_s": round(cpu, 3),
                "rebalances": len(rebalances), "fallbacks": len(made.fallbacks), "progress": len(told),
                "peak_mb": round((peak - before) / 1024, 1),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
