"""Momentum: what rose goes on rising. Each function names the paper whose definition it follows."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._returns import ROUNDING, returns_of, weighted_deviation
from qt_engine.features._rolling import moving_mean, moving_variance
from qt_engine.features._trend import highest


@compiled
def momentum_12_1(close: Floats, window: int, skip: int, out: Floats) -> None:
    """Return from `window` bars ago to `skip` bars ago.

    Jegadeesh and Titman (1993), Returns to buying winners and selling losers, Journal of Finance 48; the last month is
    left out because of Jegadeesh's (1990) reversal.
    """
    n = len(close)
    out[: min(window, n)] = np.nan
    for i in range(window, n):
        before = close[i - window]
        out[i] = close[i - skip] / before - 1.0 if before != 0.0 else 0.0


@compiled
def time_series_momentum(close: Floats, window: int, centre: float, target: float, out: Floats) -> None:
    """Sign of the return over `window` bars, times `target` over the volatility of a bar: a position of equal risk.

    Moskowitz, Ooi and Pedersen (2012), Time series momentum, Journal of Financial Economics 104, equations 1 and 5: the
    weights of the volatility have their centre of mass `centre` bars back. 0 where the price does not move.
    """
    n = len(close)
    out[: min(window, n)] = np.nan
    deviation = np.empty(max(n - 1, 0))
    weighted_deviation(returns_of(close), centre / (1.0 + centre), False, deviation)
    for i in range(window, n):
        change = close[i] - close[i - window]
        sign = 1.0 if change > 0.0 else (-1.0 if change < 0.0 else 0.0)
        out[i] = sign * (target / deviation[i - 1]) if deviation[i - 1] > ROUNDING else 0.0


@compiled
def risk_adjusted_momentum(close: Floats, window: int, skip: int, out: Floats) -> None:
    """Mean over sample deviation of the one-bar returns from `window` bars ago to `skip` bars ago; 0 without deviation.

    The Sharpe ratio criterion of Rachev, Jasic, Stoyanov and Fabozzi (2007), Momentum strategies based on reward-risk
    stock selection criteria, Journal of Banking and Finance 31.
    """
    n = len(close)
    out[: min(window, n)] = np.nan
    length = window - skip
    changes = returns_of(close)
    mean = np.empty(len(changes))
    variance = np.empty(len(changes))
    moving_mean(changes, length, mean)
    moving_variance(changes, length, length - 1, variance)
    for i in range(window, n):
        deviation = np.sqrt(variance[i - skip - 1])
        out[i] = mean[i - skip - 1] / deviation if deviation > ROUNDING else 0.0


@compiled
def nearness_to_high(high: Floats, close: Floats, window: int, out: Floats) -> None:
    """The close over the highest high of the last `window` bars: at most 1.

    George and Hwang (2004), The 52-week high and momentum investing, Journal of Finance 59.
    """
    n = len(close)
    highest(high, window, out)
    for i in range(min(window - 1, n), n):
        out[i] = close[i] / out[i] if out[i] != 0.0 else 0.0
