"""True range, its averages, and bands."""

from __future__ import annotations

import numpy as np

from qt_engine.features._arrays import Floats
from qt_engine.features._compiled import compiled


@compiled
def range_of(high: float, low: float, before: float) -> float:
    """True range of a bar whose predecessor closed at `before`."""
    return max(high - low, abs(high - before), abs(low - before))


@compiled
def atr(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """Wilder's smoothing of the true range, seeded with its mean over the first `window` bars that have a predecessor."""
    n = len(close)
    out[: min(window, n)] = np.nan
    if window >= n:
        return
    total = 0.0
    for i in range(1, window + 1):
        total += range_of(high[i], low[i], close[i - 1])
    value = total / window
    out[window] = value
    weight = 1.0 / window
    for i in range(window + 1, n):
        value += weight * (range_of(high[i], low[i], close[i - 1]) - value)
        out[i] = value
