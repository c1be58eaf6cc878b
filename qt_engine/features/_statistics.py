"""Statistics of a sliding window."""

from __future__ import annotations

import numpy as np

from qt_engine.features._arrays import Floats
from qt_engine.features._compiled import compiled
from qt_engine.features._rolling import block_length, moving_sum, moving_variance
from qt_engine.features._trend import sma


@compiled
def rolling_sum(x: Floats, window: int, out: Floats) -> None:
    """Sum of the last `window` values."""
    moving_sum(x, window, False, out)


@compiled
def rolling_std(x: Floats, window: int, out: Floats) -> None:
    """Of a sample: divided by `window - 1`."""
    moving_variance(x, window, window - 1, out)
    for i in range(len(x)):
        out[i] = np.sqrt(out[i])


@compiled
def rolling_zscore(x: Floats, window: int, out: Floats) -> None:
    """How many sample standard deviations x is away from the mean; 0 where there is no deviation."""
    n = len(x)
    mean = np.empty(n)
    sma(x, window, mean)
    rolling_std(x, window, out)
    for i in range(min(window - 1, n), n):
        out[i] = (x[i] - mean[i]) / out[i] if out[i] > 0.0 else 0.0


@compiled
def rolling_quantile(x: Floats, window: int, quantile: float, out: Floats) -> None:
    """Linear between the neighbouring values, as numpy and pandas do. The window is kept sorted."""
    n = len(x)
    out[: min(window - 1, n)] = np.nan
    if window > n:
        return
    ordered = np.empty(window)
    count = 0
    place = quantile * (window - 1)
    below = int(place)
    above = min(below + 1, window - 1)
    share = place - below
    for i in range(n):
        if i >= window:
            gone = np.searchsorted(ordered[:count], x[i - window])
            for j in range(gone, count - 1):
                ordered[j] = ordered[j + 1]
            count -= 1
        here = np.searchsorted(ordered[:count], x[i])
        for j in range(count, here, -1):
            ordered[j] = ordered[j - 1]
        ordered[here] = x[i]
        count += 1
        if count == window:
            low, high = ordered[below], ordered[above]
            out[i] = low if low == high or share == 0.0 else low + (high - low) * share


@compiled
def rolling_median(x: Floats, window: int, out: Floats) -> None:
    """The middle value, or the mean of the two middle ones."""
    rolling_quantile(x, window, 0.5, out)


@compiled
def percent_rank(x: Floats, window: int, out: Floats) -> None:
    """Percent of the `window` values before this one that are not above it."""
    n = len(x)
    out[: min(window, n)] = np.nan
    for i in range(window, n):
        value = x[i]
        count = 0
        past = x[i - window : i]
        for j in range(window):
            count += past[j] <= value
        out[i] = 100.0 * count / window


@compiled
def rolling_correlation(x: Floats, y: Floats, window: int, out: Floats) -> None:
    """Pearson's, -1 to 1; 0 where either series does not vary."""
    n = len(x)
    first = window - 1
    out[: min(first, n)] = np.nan
    x_variance = np.empty(n)
    y_variance = np.empty(n)
    moving_variance(x, window, window, x_variance)
    moving_variance(y, window, window, y_variance)
    length = block_length(window)
    start = first
    while start < n:
        x_mean = 0.0
        y_mean = 0.0
        x0, y0 = x[start - first], y[start - first]
        for j in range(start - first, start + 1):
            x_mean += x[j] - x0
            y_mean += y[j] - y0
        x_mean = x0 + x_mean / window
        y_mean = y0 + y_mean / window
        products = 0.0
        for j in range(start - first, start + 1):
            products += (x[j] - x_mean) * (y[j] - y_mean)
        for i in range(start, min(start + length, n)):
            if i > start:
                x_new, x_old, y_new, y_old = x[i], x[i - window], y[i], y[i - window]
                x_sides = x_old - x_mean
                y_sides = y_old - y_mean
                x_mean += (x_new - x_old) / window
                y_mean += (y_new - y_old) / window
                x_sides += x_new - x_mean
                y_sides += y_new - y_mean
                products += 0.5 * ((x_new - x_old) * y_sides + (y_new - y_old) * x_sides)
            both = np.sqrt(x_variance[i]) * np.sqrt(y_variance[i])
            out[i] = min(max(products / window / both, -1.0), 1.0) if both > 0.0 else 0.0
        start += length
