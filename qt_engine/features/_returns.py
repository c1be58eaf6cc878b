"""Changes from bar to bar, and how much they vary."""

from __future__ import annotations

import numpy as np

from qt_engine.core.compiled import compiled
from qt_engine.features._arrays import Floats

ROUNDING = 1e-14
"""A deviation of returns below this is rounding of `x / y - 1`, not movement."""


@compiled
def returns_of(x: Floats) -> Floats:
    """x / x before - 1, one fewer than x; 0 where it was 0 before."""
    n = len(x)
    out = np.empty(max(n - 1, 0))
    for i in range(len(out)):
        out[i] = x[i + 1] / x[i] - 1.0 if x[i] != 0.0 else 0.0
    return out


@compiled
def changes_of(x: Floats) -> Floats:
    """x - x before, one fewer than x."""
    n = len(x)
    out = np.empty(max(n - 1, 0))
    for i in range(len(out)):
        out[i] = x[i + 1] - x[i]
    return out


@compiled
def returns(x: Floats, out: Floats) -> None:
    """Of one bar."""
    n = len(x)
    out[: min(1, n)] = np.nan
    out[min(1, n) :] = returns_of(x)


@compiled
def log_returns(x: Floats, out: Floats) -> None:
    """ln(x / x before); 0 where either is not above 0."""
    n = len(x)
    out[: min(1, n)] = np.nan
    for i in range(1, n):
        out[i] = np.log(x[i] / x[i - 1]) if x[i] > 0.0 and x[i - 1] > 0.0 else 0.0


@compiled
def weighted_deviation(x: Floats, decay: float, sample: bool, out: Floats) -> None:
    """Standard deviation with weights 1, decay, decay², … from the newest value back to the first.

    With `sample`, corrected for bias as pandas `ewm(...).std()` is: the first value has none then, and gets NaN.
    """
    weight = 0.0
    squared_weight = 0.0
    total = 0.0
    square = 0.0
    for i in range(len(x)):
        weight = 1.0 + decay * weight
        squared_weight = 1.0 + decay * decay * squared_weight
        total = x[i] + decay * total
        square = x[i] * x[i] + decay * square
        mean = total / weight
        variance = max(square / weight - mean * mean, 0.0)
        if sample:
            free = weight * weight - squared_weight
            variance = variance * (weight * weight / free) if i > 0 else np.nan
        out[i] = np.sqrt(variance)
