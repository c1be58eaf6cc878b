"""Statistics of a sliding window."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats
from qt_engine.features._rolling import moving_sum, moving_variance
from qt_engine.features._trend import sma


@compiled
def rolling_sum(x: Floats, window: int, out: Floats) -> None:
    """Sum of the last `window` values."""
    moving_sum(x, window, out)


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
    """Percent of the `window` values before this one that are below it."""
    n = len(x)
    out[: min(window, n)] = np.nan
    for i in range(window, n):
        value = x[i]
        count = 0
        past = x[i - window : i]
        for j in range(window):
            count += past[j] < value
        out[i] = 100.0 * count / window


@compiled
def rolling_correlation(x: Floats, y: Floats, window: int, out: Floats) -> None:
    """Pearson's, -1 to 1; 0 where either series does not vary. Cut into pieces as in `moving_variance`."""
    n = len(x)
    out[: min(window - 1, n)] = np.nan
    ends = np.zeros((window + 1, 5))
    for cut in range(0, n, window):
        x0, y0 = x[cut], y[cut]
        if cut:
            _co_moments(x[cut - window : cut][::-1], y[cut - window : cut][::-1], x0, y0, ends)
        sx = sy = sxx = syy = sxy = 0.0
        for j in range(min(window, n - cut)):
            dx, dy = x[cut + j] - x0, y[cut + j] - y0
            sx += dx
            sy += dy
            sxx += dx * dx
            syy += dy * dy
            sxy += dx * dy
            if cut or j == window - 1:
                rest = ends[window - 1 - j]
                tx, ty = rest[0] + sx, rest[1] + sy
                x_spread = (rest[2] + sxx) - tx * tx / window
                y_spread = (rest[3] + syy) - ty * ty / window
                if x_spread > 0.0 and y_spread > 0.0:
                    joint = ((rest[4] + sxy) - tx * ty / window) / np.sqrt(x_spread) / np.sqrt(y_spread)
                    out[cut + j] = min(max(joint, -1.0), 1.0)
                else:
                    out[cut + j] = 0.0


@compiled
def _co_moments(x: Floats, y: Floats, x0: float, y0: float, ends: Floats) -> None:
    """Row `k`: sums of dx, dy, dx dx, dy dy, dx dy over the first `k` values."""
    for k in range(len(x)):
        dx, dy = x[k] - x0, y[k] - y0
        ends[k + 1, 0] = ends[k, 0] + dx
        ends[k + 1, 1] = ends[k, 1] + dy
        ends[k + 1, 2] = ends[k, 2] + dx * dx
        ends[k + 1, 3] = ends[k, 3] + dy * dy
        ends[k + 1, 4] = ends[k, 4] + dx * dy
