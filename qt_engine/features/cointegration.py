"""Do two series keep together? The test of Engle and Granger, for pairs.

Engle and Granger, *Co-integration and error correction*, Econometrica 55 (1987). Critical values: MacKinnon, *Critical
values for cointegration tests*, Queen's Economics Department Working Paper 1227 (2010), table 2, two variables with a
constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CRITICAL: dict[int, tuple[float, float, float]] = {
    1: (-3.89644, -10.9519, -22.527),
    5: (-3.33613, -6.1101, -6.823),
    10: (-3.04445, -4.2412, -2.720),
}
"""By level in percent: the value for ever longer series, and what 1/T and 1/T² add to it."""


@dataclass(frozen=True, slots=True)
class Cointegration:
    """What the test found for y ≈ intercept + slope × x.

    Attributes
    ----------
    statistic
        t-value of the Dickey-Fuller regression of the residuals; the further below zero, the more they come back.
    intercept, slope
        By least squares; the slope is the hedge ratio.
    deviation
        Standard deviation of the residuals (divided by their number).
    """

    statistic: float
    intercept: float
    slope: float
    deviation: float
    observations: int

    def holds(self, level: int = 5) -> bool:
        """Whether that the residuals wander off is rejected at a level of 1, 5 or 10 percent."""
        return self.statistic < critical_value(self.observations, level)


def critical_value(observations: int, level: int = 5) -> float:
    """What the statistic has to be below, at a level of 1, 5 or 10 percent.

    Raises
    ------
    KeyError
        If the level is another one.
    """
    limit, first, second = CRITICAL[level]
    number = max(observations - 1, 1)
    return limit + first / number + second / number**2


def engle_granger(y: Floats, x: Floats, lags: int = 1) -> Cointegration:
    """Regress y on x and test the residuals for a unit root.

    Parameters
    ----------
    y, x
        float64 `(n,)` without missing values, most often logarithms of prices.
    lags
        Differences of the residuals that the Dickey-Fuller regression takes into account.

    Returns
    -------
    With a statistic of NaN where the series are too short (below 10 + 2 × lags), constant, or lie on a line.
    """
    n = len(y)
    undefined = Cointegration(float("nan"), float("nan"), float("nan"), float("nan"), n)
    if n < 10 + 2 * lags:
        return undefined
    mean_x, mean_y = x.mean(), y.mean()
    around_x, around_y = x - mean_x, y - mean_y
    spread = float(around_x @ around_x)
    if not spread > 0.0:
        return undefined
    slope = float(around_x @ around_y) / spread
    residuals = around_y - slope * around_x
    deviation = float(np.sqrt(residuals @ residuals / n))
    # What is left of a line is the rounding of its numbers.
    tiny = deviation <= 1e-12 * max(float(np.abs(y).max()), 1e-300)
    statistic = float("nan") if tiny else dickey_fuller(residuals, lags)
    return Cointegration(statistic, float(mean_y - slope * mean_x), slope, deviation, n)


def dickey_fuller(series: Floats, lags: int = 1) -> float:
    """t-value of g in Δs(t) = g s(t-1) + Σ c(k) Δs(t-k) + e(t), without a constant; NaN where it is not defined."""
    steps = np.diff(series)
    rows = len(steps) - lags
    if rows <= lags + 1:
        return float("nan")
    columns = [series[lags:-1]] + [steps[lags - k : len(steps) - k] for k in range(1, lags + 1)]
    design, target = np.column_stack(columns), steps[lags:]
    normal = design.T @ design
    try:
        inverse = np.linalg.inv(normal)
    except np.linalg.LinAlgError:
        return float("nan")
    estimate = inverse @ (design.T @ target)
    left = target - design @ estimate
    variance = float(left @ left) / (rows - lags - 1)
    error = variance * float(inverse[0, 0])
    return float(estimate[0]) / error**0.5 if error > 0.0 else float("nan")
