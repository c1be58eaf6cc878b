"""True range, deviations and bands."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._rolling import moving_variance
from qt_engine.features._trend import sma


@compiled
def true_range(high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """The bar's range, stretched to the close before; the first bar has none."""
    n = len(close)
    out[: min(1, n)] = np.nan
    before, top, bottom, target = close[: max(n - 1, 0)], high[1:], low[1:], out[1:]
    for i in range(len(target)):
        target[i] = max(top[i], before[i]) - min(bottom[i], before[i])


@compiled
def atr(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """Wilder's smoothing of the true range."""
    n = len(close)
    out[: min(window, n)] = np.nan
    if window >= n:
        return
    before, top, bottom, target = close[: n - 1], high[1:], low[1:], out[1:]
    total = 0.0
    for i in range(window):
        total += max(top[i], before[i]) - min(bottom[i], before[i])
    value = total / window
    target[window - 1] = value
    weight = 1.0 / window
    before, top, bottom, target = before[window:], top[window:], bottom[window:], target[window:]
    for i in range(len(target)):
        value += weight * (max(top[i], before[i]) - min(bottom[i], before[i]) - value)
        target[i] = value


@compiled
def natr(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """ATR in percent of the close."""
    atr(high, low, close, window, out)
    for i in range(window, len(close)):
        out[i] = 100.0 * (out[i] / close[i]) if close[i] != 0.0 else 0.0


@compiled
def variance(x: Floats, window: int, out: Floats) -> None:
    """Of the population."""
    moving_variance(x, window, window, out)


@compiled
def stddev(x: Floats, window: int, out: Floats) -> None:
    """Of the population."""
    variance(x, window, out)
    for i in range(len(x)):
        out[i] = np.sqrt(out[i])


@compiled
def bollinger_upper(x: Floats, window: int, deviations: float, out: Floats) -> None:
    """SMA plus `deviations` standard deviations of the population."""
    n = len(x)
    spread = np.empty(n)
    stddev(x, window, spread)
    sma(x, window, out)
    for i in range(n):
        out[i] += deviations * spread[i]


@compiled
def bollinger_lower(x: Floats, window: int, deviations: float, out: Floats) -> None:
    """SMA minus `deviations` standard deviations of the population."""
    bollinger_upper(x, window, -deviations, out)


@compiled
def bollinger_middle(x: Floats, window: int, out: Floats) -> None:
    """The SMA."""
    sma(x, window, out)


@compiled
def bollinger_width(x: Floats, window: int, deviations: float, out: Floats) -> None:
    """Upper minus lower band as a fraction of the middle."""
    n = len(x)
    middle = np.empty(n)
    stddev(x, window, out)
    sma(x, window, middle)
    for i in range(n):
        out[i] = 2.0 * deviations * out[i] / middle[i] if middle[i] != 0.0 else 0.0


@compiled
def keltner_upper(high: Floats, low: Floats, close: Floats, window: int, multiple: float, out: Floats) -> None:
    """EMA of the close plus `multiple` ATR."""
    n = len(close)
    width = np.empty(n)
    atr(high, low, close, window, width)
    value = 0.0
    weight = 2.0 / (window + 1.0)
    for i in range(min(window, n)):
        value += close[i] - close[0]
    value = value / window + close[0]
    for i in range(window, n):
        value += weight * (close[i] - value)
        out[i] = value + multiple * width[i]
    out[: min(window, n)] = np.nan


@compiled
def keltner_lower(high: Floats, low: Floats, close: Floats, window: int, multiple: float, out: Floats) -> None:
    """EMA of the close minus `multiple` ATR."""
    keltner_upper(high, low, close, window, -multiple, out)
