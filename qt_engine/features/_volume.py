"""Indicators of price and volume."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._rolling import moving_sum


@compiled
def obv(close: Floats, volume: Floats, out: Floats) -> None:
    """Volume added on rising closes and subtracted on falling ones."""
    total = 0.0
    for i in range(len(close)):
        if i == 0 or close[i] > close[i - 1]:
            total += volume[i]
        elif close[i] < close[i - 1]:
            total -= volume[i]
        out[i] = total


@compiled
def ad(high: Floats, low: Floats, close: Floats, volume: Floats, out: Floats) -> None:
    """Chaikin's accumulation/distribution line: volume weighted by where the bar closed in its range."""
    total = 0.0
    for i in range(len(close)):
        width = high[i] - low[i]
        if width > 0.0:
            total += ((close[i] - low[i]) - (high[i] - close[i])) / width * volume[i]
        out[i] = total


@compiled
def adosc(high: Floats, low: Floats, close: Floats, volume: Floats, fast: int, slow: int, out: Floats) -> None:
    """EMA(fast) - EMA(slow) of the accumulation/distribution line, both started from its first value."""
    n = len(close)
    if n == 0:
        return
    ad(high, low, close, volume, out)
    quick = out[0]
    calm = out[0]
    a = 2.0 / (fast + 1.0)
    b = 2.0 / (slow + 1.0)
    for i in range(n):
        quick = a * out[i] + (1.0 - a) * quick
        calm = b * out[i] + (1.0 - b) * calm
        out[i] = quick - calm
    out[: min(max(fast, slow) - 1, n)] = np.nan


@compiled
def mfi(high: Floats, low: Floats, close: Floats, volume: Floats, window: int, out: Floats) -> None:
    """Money flow of rising typical prices in percent of all, over `window` changes; 0 where none flowed."""
    n = len(close)
    out[: min(window, n)] = np.nan
    rising = np.zeros(max(n - 1, 0))
    falling = np.zeros(max(n - 1, 0))
    for i in range(1, n):
        price = (high[i] + low[i] + close[i]) / 3.0
        before = (high[i - 1] + low[i - 1] + close[i - 1]) / 3.0
        if price > before:
            rising[i - 1] = price * volume[i]
        elif price < before:
            falling[i - 1] = price * volume[i]
    gains = np.empty(max(n - 1, 0))
    losses = np.empty(max(n - 1, 0))
    moving_sum(rising, window, gains)
    moving_sum(falling, window, losses)
    for i in range(window, n):
        total = gains[i - 1] + losses[i - 1]
        out[i] = min(max(100.0 * (gains[i - 1] / total), 0.0), 100.0) if total > 0.0 else 0.0


@compiled
def vwma(x: Floats, volume: Floats, window: int, out: Floats) -> None:
    """Mean of the last `window` values, weighted by volume; NaN where none was traded."""
    n = len(x)
    weighted = np.empty(n)
    traded = np.empty(n)
    for i in range(n):
        weighted[i] = x[i] * volume[i]
    moving_sum(weighted, window, out)
    moving_sum(volume, window, traded)
    for i in range(min(window - 1, n), n):
        out[i] = out[i] / traded[i] if traded[i] > 0.0 else np.nan
