"""Mean reversion: how far a price has strayed, and how soon it comes back. Sources stand in each function."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._momentum import rsi
from qt_engine.features._returns import returns_of
from qt_engine.features._rolling import moving_sum
from qt_engine.features._statistics import percent_rank
from qt_engine.features._trend import sma
from qt_engine.features._volatility import stddev


@compiled
def short_term_reversal(close: Floats, window: int, out: Floats) -> None:
    """Minus the return over `window` bars.

    Jegadeesh (1990), Evidence of predictable behavior of security returns, Journal of Finance 45.
    """
    n = len(close)
    out[: min(window, n)] = np.nan
    for i in range(window, n):
        before = close[i - window]
        out[i] = 1.0 - close[i] / before if before != 0.0 else 0.0


@compiled
def bollinger_percent_b(x: Floats, window: int, deviations: float, out: Floats) -> None:
    """Where x stands between the lower band (0) and the upper band (1); 0.5 where they are equal.

    Bollinger (2001), Bollinger on Bollinger Bands.
    """
    n = len(x)
    mean = np.empty(n)
    sma(x, window, mean)
    stddev(x, window, out)
    for i in range(min(window - 1, n), n):
        reach = deviations * out[i]
        out[i] = 0.5 + (x[i] - mean[i]) / (2.0 * reach) if reach > 0.0 else 0.5


@compiled
def half_life(close: Floats, window: int, out: Floats) -> None:
    """Bars in which half of a deviation from the mean goes: ln 2 / -ln(1 + b), with change = a + b * (value before).

    The discrete form of an Ornstein-Uhlenbeck process fitted by least squares over the last `window` changes; Chan
    (2013), Algorithmic Trading, chapter 2. Infinite where the price does not come back, 0 where it overshoots within a bar.
    """
    n = len(close)
    out[: min(window, n)] = np.nan
    for i in range(window, n):
        first = i - window
        anchor = close[first]
        mean = 0.0
        for j in range(first, i):
            mean += close[j] - anchor
        mean /= window
        drift = (close[i] - anchor) / window
        spread = 0.0
        both = 0.0
        for j in range(first, i):
            away = close[j] - anchor - mean
            spread += away * away
            both += away * (close[j + 1] - close[j] - drift)
        kept = 1.0 + both / spread if spread > 0.0 else 1.0
        if kept >= 1.0:
            out[i] = np.inf
        elif kept <= 0.0:
            out[i] = 0.0
        else:
            out[i] = np.log(2.0) / -np.log(kept)


@compiled
def hurst(close: Floats, window: int, out: Floats) -> None:
    """Half the slope of ln(mean squared change over a lag) on ln(lag), for lags 1, 2, 4, … up to a quarter of the window.

    The generalised Hurst exponent of order 2 of Di Matteo, Aste and Dacorogna (2005), Long-term memories of developed
    and emerging markets, Journal of Banking and Finance 29. About 0.5 for a random walk, less where the price comes back,
    more where it trends; 0.5 where nothing moves, 0 where it only moves over a single bar.
    """
    n = len(close)
    out[: min(window - 1, n)] = np.nan
    for i in range(window - 1, n):
        x = close[i - window + 1 : i + 1]
        unit = _mean_squared_change(x, 1)
        points = 0.0
        sum_x = 0.0
        sum_y = 0.0
        sum_xx = 0.0
        sum_xy = 0.0
        lag = 1
        while lag <= window // 4:
            moved = _mean_squared_change(x, lag)
            if moved > 0.0 and unit > 0.0:
                away = np.log(float(lag))
                size = np.log(moved / unit)
                points += 1.0
                sum_x += away
                sum_y += size
                sum_xx += away * away
                sum_xy += away * size
            lag *= 2
        spread = points * sum_xx - sum_x * sum_x
        if unit <= 0.0:
            out[i] = 0.5
        else:
            out[i] = 0.5 * ((points * sum_xy - sum_x * sum_y) / spread) if points > 1.0 else 0.0


@compiled
def _mean_squared_change(x: Floats, lag: int) -> float:
    total = 0.0
    for j in range(lag, len(x)):
        change = x[j] - x[j - lag]
        total += change * change
    return total / (len(x) - lag)


@compiled
def cumulative_rsi(close: Floats, window: int, length: int, out: Floats) -> None:
    """Sum of the last `length` values of RSI(`window`).

    Connors and Alvarez (2009), Short Term Trading Strategies That Work: bought below 35 with a window of 2.
    """
    n = len(close)
    known = min(window, n)
    line = np.empty(n)
    rsi(close, window, line)
    out[:known] = np.nan
    moving_sum(line[known:], length, out[known:])


@compiled
def connors_rsi(close: Floats, window: int, streak: int, rank: int, out: Floats) -> None:
    """Mean of RSI(`window`), RSI(`streak`) of the run of ups or downs, and percent rank of the return among `rank`.

    Connors and Alvarez (2012), An introduction to ConnorsRSI. 0 to 100.
    """
    n = len(close)
    runs = np.zeros(n)
    for i in range(1, n):
        if close[i] > close[i - 1]:
            runs[i] = max(runs[i - 1], 0.0) + 1.0
        elif close[i] < close[i - 1]:
            runs[i] = min(runs[i - 1], 0.0) - 1.0
    strength = np.empty(n)
    run_strength = np.empty(n)
    place = np.empty(max(n - 1, 0))
    rsi(close, window, strength)
    rsi(runs, streak, run_strength)
    percent_rank(returns_of(close), rank, place)
    known = min(max(window, streak, rank + 1), n)
    out[:known] = np.nan
    for i in range(known, n):
        out[i] = (strength[i] + run_strength[i] + place[i - 1]) / 3.0
