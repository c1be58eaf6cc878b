"""Wilder's directional movement."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats


@compiled
def _both(high: Floats, low: Floats, close: Floats, window: int, plus: Floats, minus: Floats) -> None:
    """+DI and -DI: Wilder's running sums of directional movement over that of the true range, in percent."""
    n = len(close)
    plus[: min(window, n)] = np.nan
    minus[: min(window, n)] = np.nan
    up_sum = 0.0
    down_sum = 0.0
    range_sum = 0.0
    for i in range(1, n):
        up = high[i] - high[i - 1]
        down = low[i - 1] - low[i]
        reach = max(high[i], close[i - 1]) - min(low[i], close[i - 1])
        if i >= window:
            up_sum -= up_sum / window
            down_sum -= down_sum / window
            range_sum -= range_sum / window
        if down > 0.0 and up < down:
            down_sum += down
        elif up > 0.0 and up > down:
            up_sum += up
        range_sum += reach
        if i >= window:
            plus[i] = 100.0 * (up_sum / range_sum) if range_sum > 0.0 else 0.0
            minus[i] = 100.0 * (down_sum / range_sum) if range_sum > 0.0 else 0.0


@compiled
def plus_di(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """Upward movement."""
    _both(high, low, close, window, out, np.empty(len(close)))


@compiled
def minus_di(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """Downward movement."""
    _both(high, low, close, window, np.empty(len(close)), out)


@compiled
def dx(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """|+DI - -DI| in percent of their sum; the value before where there is no movement."""
    n = len(close)
    minus = np.empty(n)
    _both(high, low, close, window, out, minus)
    last = 0.0
    for i in range(min(window, n), n):
        total = out[i] + minus[i]
        if total > 0.0:
            last = 100.0 * (abs(out[i] - minus[i]) / total)
        out[i] = last


@compiled
def adx(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """Wilder's smoothing of DX, seeded with its mean; unchanged by bars without movement."""
    n = len(close)
    minus = np.empty(n)
    _both(high, low, close, window, out, minus)
    value = 0.0
    first = 2 * window - 1
    for i in range(min(window, n), n):
        total = out[i] + minus[i]
        moved = total > 0.0
        strength = 100.0 * (abs(out[i] - minus[i]) / total) if moved else 0.0
        if i <= first:
            value += strength / window
        elif moved:
            value += (strength - value) / window
        out[i] = value if i >= first else np.nan
