"""Oscillators and rates of change."""

from __future__ import annotations

import numpy as np

from qt_engine.features._arrays import Floats
from qt_engine.features._compiled import compiled


@compiled
def rsi(x: Floats, window: int, out: Floats) -> None:
    """Wilder's smoothing of gains and losses, seeded with their means over the first `window` changes; 0 without any."""
    n = len(x)
    out[: min(window, n)] = np.nan
    if window >= n:
        return
    gain = 0.0
    loss = 0.0
    for i in range(1, window + 1):
        change = x[i] - x[i - 1]
        gain += max(change, 0.0)
        loss += max(-change, 0.0)
    gain /= window
    loss /= window
    total = gain + loss
    out[window] = 100.0 * (gain / total) if total > 0.0 else 0.0
    keep = (window - 1.0) / window
    weight = 1.0 / window
    for i in range(window + 1, n):
        change = x[i] - x[i - 1]
        gain = gain * keep + weight * max(change, 0.0)
        loss = loss * keep + weight * max(-change, 0.0)
        total = gain + loss
        out[i] = 100.0 * (gain / total) if total > 0.0 else 0.0
