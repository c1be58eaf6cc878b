"""Liquidity and order flow, estimated from bars. Each function names the paper whose definition it follows."""

from __future__ import annotations

import math

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._returns import changes_of, returns_of
from qt_engine.features._rolling import moving_sum, moving_variance

CURVATURE = 3.0 - 2.0 * math.sqrt(2.0)


@compiled
def amihud(close: Floats, volume: Floats, window: int, out: Floats) -> None:
    """Mean of |return| per million of currency traded, over those of the last `window` bars that traded.

    Amihud (2002), Illiquidity and stock returns, Journal of Financial Markets 5. Infinite where nothing was traded.
    """
    n = len(close)
    known = min(window, n)
    impact = np.abs(returns_of(close))
    traded = np.zeros(len(impact))
    for i in range(len(impact)):
        value = close[i + 1] * volume[i + 1]
        traded[i] = 1.0 if value > 0.0 else 0.0
        impact[i] = 1e6 * (impact[i] / value) if value > 0.0 else 0.0
    total = np.empty(len(impact))
    count = np.empty(len(impact))
    moving_sum(impact, window, total)
    moving_sum(traded, window, count)
    out[:known] = np.nan
    for i in range(known, n):
        out[i] = total[i - 1] / count[i - 1] if count[i - 1] > 0.0 else np.inf


@compiled
def roll_spread(close: Floats, window: int, out: Floats) -> None:
    """2 √-c, where c is the covariance of `window` successive pairs of price changes; 0 where c is not negative.

    Roll (1984), A simple implicit measure of the effective bid-ask spread, Journal of Finance 39. In units of price.
    """
    n = len(close)
    known = min(window + 1, n)
    out[:known] = np.nan
    change = changes_of(close)
    for i in range(known, n):
        last = i - 1  # of the changes
        now = 0.0
        before = 0.0
        for j in range(last - window + 1, last + 1):
            now += change[j]
            before += change[j - 1]
        now /= window
        before /= window
        covariance = 0.0
        for j in range(last - window + 1, last + 1):
            covariance += (change[j] - now) * (change[j - 1] - before)
        covariance /= window
        out[i] = 2.0 * np.sqrt(-covariance) if covariance < 0.0 else 0.0


@compiled
def corwin_schultz(high: Floats, low: Floats, close: Floats, window: int, out: Floats) -> None:
    """Mean of the last `window` two-bar estimates of the relative spread, negative ones taken as 0.

    Corwin and Schultz (2012), A simple way to estimate bid-ask spreads from daily high and low prices, Journal of
    Finance 67, equations 14 and 18, with their adjustment of a bar that opened away from the close before it.
    """
    n = len(close)
    known = min(window, n)
    spread = np.zeros(max(n - 1, 0))
    for i in range(1, n):
        before = close[i - 1]
        shift = min(before - low[i], 0.0) + max(before - high[i], 0.0)
        top, bottom = high[i] + shift, low[i] + shift
        if low[i - 1] <= 0.0 or bottom <= 0.0:
            continue
        first = np.log(high[i - 1] / low[i - 1])
        second = np.log(top / bottom)
        beta = first * first + second * second
        gamma = np.log(max(high[i - 1], top) / min(low[i - 1], bottom))
        alpha = (np.sqrt(2.0 * beta) - np.sqrt(beta)) / CURVATURE - gamma / np.sqrt(CURVATURE)
        spread[i - 1] = max(2.0 * (np.exp(alpha) - 1.0) / (1.0 + np.exp(alpha)), 0.0)
    out[:known] = np.nan
    total = np.empty(len(spread))
    moving_sum(spread, window, total)
    for i in range(known, n):
        out[i] = total[i - 1] / window


@compiled
def kyle_lambda(close: Floats, volume: Floats, window: int, out: Floats) -> None:
    """Slope of price changes on signed volume over the last `window` bars; the sign is that of the change.

    Kyle (1985), Continuous auctions and insider trading, Econometrica 53, estimated as in Hasbrouck (2009). In units of
    price per unit traded; 0 where the signed volume does not vary.
    """
    n = len(close)
    known = min(window, n)
    out[:known] = np.nan
    change = changes_of(close)
    flow = np.zeros(len(change))
    for i in range(len(change)):
        flow[i] = volume[i + 1] if change[i] > 0.0 else (-volume[i + 1] if change[i] < 0.0 else 0.0)
    for i in range(known, n):
        moved = change[i - window : i]
        pressed = flow[i - window : i]
        mean_change = 0.0
        mean_flow = 0.0
        for j in range(window):
            mean_change += moved[j]
            mean_flow += pressed[j]
        mean_change /= window
        mean_flow /= window
        spread = 0.0
        both = 0.0
        for j in range(window):
            away = pressed[j] - mean_flow
            spread += away * away
            both += away * (moved[j] - mean_change)
        out[i] = both / spread if spread > 0.0 else 0.0


@compiled
def vpin(close: Floats, volume: Floats, window: int, volatility_window: int, out: Floats) -> None:
    """Share of the volume of the last `window` bars that buyers and sellers did not match: 0 to 1.

    Easley, López de Prado and O'Hara (2012), Flow toxicity and liquidity in a high-frequency world, Review of Financial
    Studies 25, on bars of time in place of volume: the share bought is Φ(change / deviation of changes), so that bought
    minus sold is volume × erf(|change| / (√2 deviation)). 0 where nothing was traded.
    """
    n = len(close)
    change = changes_of(close)
    variance = np.empty(len(change))
    moving_variance(change, volatility_window, volatility_window - 1, variance)
    start = min(volatility_window - 1, len(change))  # of the changes
    unmatched = np.zeros(len(change) - start)
    traded = np.zeros(len(change) - start)
    for j in range(len(unmatched)):
        i = start + j
        size = abs(change[i])
        deviation = np.sqrt(variance[i])
        certain = 1.0 if size > 0.0 else 0.0
        share = math.erf(size / (math.sqrt(2.0) * deviation)) if deviation > 0.0 else certain
        unmatched[j] = volume[i + 1] * share
        traded[j] = volume[i + 1]
    top = np.empty(len(unmatched))
    base = np.empty(len(unmatched))
    moving_sum(unmatched, window, top)
    moving_sum(traded, window, base)
    known = min(volatility_window + window - 1, n)
    out[:known] = np.nan
    for i in range(known, n):
        j = i - 1 - start
        out[i] = top[j] / base[j] if base[j] > 0.0 else 0.0


@compiled
def order_flow_imbalance(close: Floats, volume: Floats, window: int, out: Floats) -> None:
    """Volume of rising bars minus that of falling bars, over the volume of the last `window` bars: -1 to 1.

    The tick test of Lee and Ready (1991), Inferring trade direction from intraday data, Journal of Finance 46, on bars: one
    that closes unchanged counts as the last one that did not. 0 where nothing was traded.
    """
    n = len(close)
    known = min(window, n)
    signed = np.zeros(max(n - 1, 0))
    traded = np.zeros(max(n - 1, 0))
    sign = 0.0
    for i in range(1, n):
        if close[i] > close[i - 1]:
            sign = 1.0
        elif close[i] < close[i - 1]:
            sign = -1.0
        signed[i - 1] = sign * volume[i]
        traded[i - 1] = volume[i]
    top = np.empty(len(signed))
    base = np.empty(len(signed))
    moving_sum(signed, window, top)
    moving_sum(traded, window, base)
    out[:known] = np.nan
    for i in range(known, n):
        out[i] = top[i - 1] / base[i - 1] if base[i - 1] > 0.0 else 0.0
