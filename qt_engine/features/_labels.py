"""What happened after a bar: the only kernels that look ahead, and never called for a decision."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._returns import ROUNDING, returns_of, weighted_deviation


@compiled
def forward_return(close: Floats, bars: int, out: Floats) -> None:
    """Return over the next `bars` bars; NaN in the last ones."""
    n = len(close)
    out[max(n - bars, 0) :] = np.nan
    for i in range(n - bars):
        out[i] = close[i + bars] / close[i] - 1.0 if close[i] != 0.0 else 0.0


@compiled
def triple_barrier(
    open_: Floats, high: Floats, low: Floats, close: Floats, profit: float, stop: float, bars: int, span: int,
    out: Floats, touch: Floats, returned: Floats,
) -> None:  # fmt: skip
    """Which of three barriers a position opened at the close meets first, where, and what it returns there.

    López de Prado (2018), Advances in Financial Machine Learning, snippets 3.1 to 3.5. +1 profit, -1 stop, 0 neither in
    `bars` bars. The barriers are `profit` and `stop` times the deviation of returns (weights of `span`) away from the
    close; 0 means that there is none. Where a bar touches both, the stop counts. A bar that opens beyond a barrier
    returns its open. NaN while the deviation is not known yet or is none, and where the bars end before anything was met.
    """
    n = len(close)
    out[:] = np.nan
    touch[:] = np.nan
    returned[:] = np.nan
    deviation = np.empty(max(n - 1, 0))
    weighted_deviation(returns_of(close), (span - 1.0) / (span + 1.0), True, deviation)
    for i in range(span, n):
        entry = close[i]
        if deviation[i - 1] <= ROUNDING:
            continue  # barriers at the entry itself would say nothing
        upper = entry * (1.0 + profit * deviation[i - 1]) if profit > 0.0 else np.inf
        lower = entry * (1.0 - stop * deviation[i - 1]) if stop > 0.0 else -np.inf
        for j in range(i + 1, min(i + bars, n - 1) + 1):
            met = 0.0
            price = entry
            if low[j] <= lower:
                met = -1.0
                price = min(open_[j], lower)
            elif high[j] >= upper:
                met = 1.0
                price = max(open_[j], upper)
            elif j == i + bars:
                price = close[j]
            else:
                continue
            # A bar that opens beyond the upper barrier has met it before it can fall to the lower one.
            if met < 0.0 and open_[j] >= upper:
                met = 1.0
                price = open_[j]
            out[i] = met
            touch[i] = j
            returned[i] = price / entry - 1.0
            break
