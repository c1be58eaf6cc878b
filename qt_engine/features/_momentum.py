"""Oscillators and rates of change."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._rolling import extreme_positions, moving_sum
from qt_engine.features._trend import ema, highest, lowest, sma


@compiled
def _gains_and_losses(x: Floats, window: int, signed: bool, out: Floats) -> None:
    """Wilder's averages of gains and losses: gain, or gain - loss if `signed`, in percent of both; 0 if there are none."""
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
    keep = (window - 1.0) / window
    weight = 1.0 / window
    before, new, target = x[window:], x[window + 1 :], out[window:]
    for i in range(len(target)):
        total = gain + loss
        top = gain - loss if signed else gain
        target[i] = 100.0 * (top / total) if total > 0.0 else 0.0
        if i < len(new):
            change = new[i] - before[i]
            gain = gain * keep + weight * max(change, 0.0)
            loss = loss * keep + weight * max(-change, 0.0)


@compiled
def rsi(x: Floats, window: int, out: Floats) -> None:
    """Relative strength index."""
    _gains_and_losses(x, window, False, out)


@compiled
def cmo(x: Floats, window: int, out: Floats) -> None:
    """Chande's momentum oscillator."""
    _gains_and_losses(x, window, True, out)


@compiled
def momentum(x: Floats, window: int, out: Floats) -> None:
    """x minus x `window` bars ago."""
    n = len(x)
    out[: min(window, n)] = np.nan
    for i in range(window, n):
        out[i] = x[i] - x[i - window]


@compiled
def roc(x: Floats, window: int, out: Floats) -> None:
    """Percent change over `window` bars; 0 where it was 0."""
    n = len(x)
    out[: min(window, n)] = np.nan
    for i in range(window, n):
        out[i] = 100.0 * (x[i] / x[i - window] - 1.0) if x[i - window] != 0.0 else 0.0


@compiled
def _difference_of_emas(x: Floats, fast: int, slow: int, out: Floats, slow_average: Floats) -> None:
    """EMA(fast) - EMA(slow), both seeded to start at the same bar, the `slow`-th; the shorter one is the fast one."""
    n = len(x)
    short = min(fast, slow)
    known = min(max(fast, slow) - short, n)
    out[:known] = np.nan
    ema(x[known:], short, out[known:])
    ema(x, max(fast, slow), slow_average)
    for i in range(n):
        out[i] = out[i] - slow_average[i]


@compiled
def _macd_and_signal(x: Floats, fast: int, slow: int, signal: int, line: Floats, average: Floats) -> None:
    n = len(x)
    _difference_of_emas(x, fast, slow, line, average)
    known = min(max(fast, slow) - 1, n)
    average[:known] = np.nan
    ema(line[known:], signal, average[known:])


@compiled
def macd(x: Floats, fast: int, slow: int, signal: int, out: Floats) -> None:
    """Shown from where its signal line starts, as TA-Lib does."""
    n = len(x)
    _difference_of_emas(x, fast, slow, out, np.empty(n))
    out[: min(max(fast, slow) + signal - 2, n)] = np.nan


@compiled
def macd_signal(x: Floats, fast: int, slow: int, signal: int, out: Floats) -> None:
    """EMA of the MACD line."""
    _macd_and_signal(x, fast, slow, signal, np.empty(len(x)), out)


@compiled
def macd_histogram(x: Floats, fast: int, slow: int, signal: int, out: Floats) -> None:
    """MACD line minus signal line."""
    n = len(x)
    line = np.empty(n)
    _macd_and_signal(x, fast, slow, signal, line, out)
    for i in range(n):
        out[i] = line[i] - out[i]


@compiled
def ppo(x: Floats, fast: int, slow: int, out: Floats) -> None:
    """EMA(fast) minus EMA(slow) in percent of the latter; each has its own seed, unlike those of MACD."""
    n = len(x)
    average = np.empty(n)
    ema(x, min(fast, slow), out)
    ema(x, max(fast, slow), average)
    for i in range(n):
        out[i] = 100.0 * ((out[i] - average[i]) / average[i]) if average[i] != 0.0 else 0.0


@compiled
def stochastic_raw(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """Where the close stands between the lowest low and the highest high, 0 to 100; 0 where they are equal."""
    n = len(close)
    top = np.empty(n)
    highest(high, window, top)
    lowest(low, window, out)
    for i in range(min(window - 1, n), n):
        width = top[i] - out[i]
        out[i] = 100.0 * ((close[i] - out[i]) / width) if width != 0.0 else 0.0


@compiled
def stochastic_k(high: Floats, low: Floats, close: Floats, window: int, smooth: int, out: Floats) -> None:
    """SMA of the raw stochastic."""
    n = len(close)
    raw = np.empty(n)
    stochastic_raw(high, low, close, window, raw)
    known = min(window - 1, n)
    out[:known] = np.nan
    sma(raw[known:], smooth, out[known:])


@compiled
def stochastic_d(high: Floats, low: Floats, close: Floats, window: int, smooth: int, signal: int, out: Floats) -> None:
    """SMA of the smoothed stochastic."""
    n = len(close)
    line = np.empty(n)
    stochastic_k(high, low, close, window, smooth, line)
    known = min(window + smooth - 2, n)
    out[:known] = np.nan
    sma(line[known:], signal, out[known:])


@compiled
def williams_r(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """The stochastic counted down from the highest high, -100 to 0; 0 where high and low are equal."""
    n = len(close)
    bottom = np.empty(n)
    highest(high, window, out)
    lowest(low, window, bottom)
    for i in range(min(window - 1, n), n):
        width = out[i] - bottom[i]
        out[i] = -100.0 * ((out[i] - close[i]) / width) if width != 0.0 else 0.0


@compiled
def cci(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """Typical price minus its SMA, over 0.015 mean absolute deviations; 0 where there is no deviation."""
    n = len(close)
    price = np.empty(n)
    for i in range(n):
        price[i] = (high[i] + low[i] + close[i]) / 3.0
    sma(price, window, out)
    for i in range(min(window - 1, n), n):
        mean = out[i]
        deviation = 0.0
        for j in range(i - window + 1, i + 1):
            deviation += abs(price[j] - mean)
        away = price[i] - mean
        out[i] = away / (0.015 * (deviation / window)) if away != 0.0 and deviation != 0.0 else 0.0


@compiled
def _aroon(x: Floats, window: int, sign: float, out: Floats) -> None:
    n = len(x)
    where = np.empty(n, np.int64)
    extreme_positions(x, window + 1, sign, where)
    for i in range(n):
        out[i] = 100.0 * (window - (i - where[i])) / window
    out[: min(window, n)] = np.nan


@compiled
def aroon_up(high: Floats, window: int, out: Floats) -> None:
    """How recent the highest high of the last `window + 1` bars is, 0 to 100."""
    _aroon(high, window, 1.0, out)


@compiled
def aroon_down(low: Floats, window: int, out: Floats) -> None:
    """How recent the lowest low of the last `window + 1` bars is, 0 to 100."""
    _aroon(low, window, -1.0, out)


@compiled
def aroon_oscillator(high: Floats, low: Floats, window: int, out: Floats) -> None:
    """Aroon up minus Aroon down."""
    down = np.empty(len(high))
    aroon_up(high, window, out)
    aroon_down(low, window, down)
    for i in range(len(high)):
        out[i] -= down[i]


@compiled
def ultimate_oscillator(
    high: Floats, low: Floats, close: Floats, short: int, medium: int, long: int, out: Floats
) -> None:
    """Buying pressure over true range, of three windows weighted 4, 2, 1 from the shortest to the longest."""
    n = len(close)
    out[: min(1, n)] = np.nan
    pressure = np.empty(max(n - 1, 0))
    ranges = np.empty(max(n - 1, 0))
    for i in range(1, n):
        bottom = min(low[i], close[i - 1])
        pressure[i - 1] = close[i] - bottom
        ranges[i - 1] = max(high[i], close[i - 1]) - bottom
    first = min(short, medium, long)
    last = max(short, medium, long)
    middle = short + medium + long - first - last
    top = np.empty(max(n - 1, 0))
    base = np.empty(max(n - 1, 0))
    out[1:] = 0.0
    for window, weight in ((first, 4.0), (middle, 2.0), (last, 1.0)):
        moving_sum(pressure, window, top)
        moving_sum(ranges, window, base)
        for i in range(min(window, n), n):
            out[i] += weight * (top[i - 1] / base[i - 1]) if base[i - 1] > 0.0 else 0.0
    for i in range(min(last, n), n):
        out[i] = 100.0 * (out[i] / 7.0)
    out[: min(last, n)] = np.nan
