"""Moving averages and lines."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._rolling import moving_extreme, moving_line, moving_mean


@compiled
def sma(x: Floats, window: int, out: Floats) -> None:
    """Mean of the last `window` values."""
    moving_mean(x, window, out)


@compiled
def smooth(x: Floats, window: int, weight: float, out: Floats) -> None:
    """`value += weight * (x - value)`, seeded with the mean of the first `window` values."""
    n = len(x)
    first = window - 1
    out[: min(first, n)] = np.nan
    if first >= n:
        return
    total = 0.0
    for i in range(window):
        total += x[i] - x[0]
    value = total / window + x[0]
    out[first] = value
    new, target = x[window:], out[window:]
    for i in range(len(new)):
        value += weight * (new[i] - value)
        target[i] = value


@compiled
def ema(x: Floats, window: int, out: Floats) -> None:
    """Weight 2 / (window + 1)."""
    smooth(x, window, 2.0 / (window + 1.0), out)


@compiled
def wilder(x: Floats, window: int, out: Floats) -> None:
    """Weight 1 / window."""
    smooth(x, window, 1.0 / window, out)


@compiled
def _again(values: Floats, window: int, passes: int) -> Floats:
    """An EMA of an EMA's result, whose warm-up grows by `window - 1`."""
    n = len(values)
    out = np.empty(n)
    known = min(passes * (window - 1), n)
    out[:known] = np.nan
    ema(values[known:], window, out[known:])
    return out


@compiled
def dema(x: Floats, window: int, out: Floats) -> None:
    """2 EMA - EMA of EMA."""
    once = _again(x, window, 0)
    twice = _again(once, window, 1)
    for i in range(len(x)):
        out[i] = 2.0 * once[i] - twice[i]


@compiled
def tema(x: Floats, window: int, out: Floats) -> None:
    """3 EMA - 3 EMA of EMA + EMA of EMA of EMA."""
    once = _again(x, window, 0)
    twice = _again(once, window, 1)
    thrice = _again(twice, window, 2)
    for i in range(len(x)):
        out[i] = 3.0 * (once[i] - twice[i]) + thrice[i]


@compiled
def trix(x: Floats, window: int, out: Floats) -> None:
    """Percent change of the threefold EMA over one bar."""
    n = len(x)
    thrice = _again(_again(_again(x, window, 0), window, 1), window, 2)
    out[: min(1, n)] = np.nan
    for i in range(1, n):
        out[i] = 100.0 * (thrice[i] / thrice[i - 1] - 1.0) if thrice[i - 1] != 0.0 else 0.0
    out[: min(3 * (window - 1) + 1, n)] = np.nan


@compiled
def wma(x: Floats, window: int, out: Floats) -> None:
    """Weights 1 to `window`: the mean plus (window - 1) / 6 of the slope."""
    moving_line(x, window, 1.0, (window - 1.0) / 6.0, out)


@compiled
def trima(x: Floats, window: int, out: Floats) -> None:
    """Triangular weights: an SMA of an SMA."""
    n = len(x)
    inner = (window + 1) // 2
    outer = window // 2 + 1
    means = np.empty(n)
    sma(x, inner, means)
    known = min(inner - 1, n)
    out[:known] = np.nan
    sma(means[known:], outer, out[known:])


@compiled
def kama(x: Floats, window: int, out: Floats) -> None:
    """Kaufman's adaptive average between EMA(2) and EMA(30), by the efficiency of the last `window` changes."""
    n = len(x)
    out[: min(window, n)] = np.nan
    fast = 2.0 / 3.0
    slow = 2.0 / 31.0
    value = x[window - 1] if window <= n else 0.0
    path = 0.0
    for i in range(1, n):
        path += abs(x[i] - x[i - 1])
        if i > window:
            path -= abs(x[i - window] - x[i - window - 1])
        if i < window:
            continue
        if (i - window) % 4096 == 0:  # afresh, so that rounding does not pile up
            path = 0.0
            for j in range(i - window + 1, i + 1):
                path += abs(x[j] - x[j - 1])
        way = abs(x[i] - x[i - window])
        efficiency = 1.0 if path <= way else way / path
        constant = efficiency * (fast - slow) + slow
        value += constant * constant * (x[i] - value)
        out[i] = value


@compiled
def linear_regression(x: Floats, window: int, out: Floats) -> None:
    """End of the least-squares line."""
    moving_line(x, window, 1.0, (window - 1.0) / 2.0, out)


@compiled
def linear_regression_slope(x: Floats, window: int, out: Floats) -> None:
    """Slope of the least-squares line, per bar."""
    moving_line(x, window, 0.0, 1.0, out)


@compiled
def hma(x: Floats, window: int, out: Floats) -> None:
    """Hull: WMA(sqrt(window)) of 2 WMA(window / 2) - WMA(window)."""
    n = len(x)
    short = np.empty(n)
    raw = np.empty(n)
    wma(x, max(window // 2, 1), short)
    wma(x, window, raw)
    for i in range(n):
        raw[i] = 2.0 * short[i] - raw[i]
    known = min(window - 1, n)
    out[:known] = np.nan
    wma(raw[known:], max(int(np.sqrt(window)), 1), out[known:])


@compiled
def highest(x: Floats, window: int, out: Floats) -> None:
    """Largest of the last `window` values."""
    moving_extreme(x, window, True, out)


@compiled
def lowest(x: Floats, window: int, out: Floats) -> None:
    """Smallest of the last `window` values."""
    moving_extreme(x, window, False, out)


@compiled
def midprice(high: Floats, low: Floats, window: int, out: Floats) -> None:
    """Middle between the highest high and the lowest low."""
    n = len(high)
    bottom = np.empty(n)
    highest(high, window, out)
    lowest(low, window, bottom)
    for i in range(n):
        out[i] = (out[i] + bottom[i]) / 2.0


@compiled
def midpoint(x: Floats, window: int, out: Floats) -> None:
    """Middle between the highest and the lowest value."""
    midprice(x, x, window, out)


@compiled
def typical_price(high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """(high + low + close) / 3."""
    for i in range(len(close)):
        out[i] = (high[i] + low[i] + close[i]) / 3.0
