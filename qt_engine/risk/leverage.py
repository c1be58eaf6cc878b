"""Leverage that keeps a return series at one volatility, decided without seeing the return it is applied to.

Source: Moreira, Muir, "Volatility-managed portfolios", Journal of Finance 72(4), 2017; for the recursive estimate:
J.P. Morgan/Reuters, "RiskMetrics - Technical Document", 4th edition, 1996.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from qt_engine.core.errors import InputError
from qt_engine.risk._arrays import Floats, number, series, whole

Estimate = Literal["sample", "ewma"]


def realised_volatility(
    returns: ArrayLike, periods_per_year: float, *, window: int = 21, estimate: Estimate = "sample", decay: float = 0.94
) -> Floats:
    """Annualised volatility known at the end of each period.

    Parameters
    ----------
    returns
        `(n,)`, simple returns.
    periods_per_year
        How many of them make a year.
    window
        Periods looked back on.
    estimate
        `sample`: the sample standard deviation, as the kernel's `volatility_target` has it; `ewma`: exponentially weighted
        squares around zero, the newest first, with `decay`.

    Returns
    -------
    ndarray
        float64 `(n,)`, NaN in the first `window - 1` places.
    """
    r = series("returns", returns)
    length = whole("window", window, low=2)
    year = number("periods_per_year", periods_per_year, above=0.0)
    if estimate not in get_args(Estimate):
        raise InputError(f"estimate: one of {', '.join(get_args(Estimate))}, not {estimate!r}")
    known = np.full(len(r), np.nan)
    if len(r) < length:
        return known
    windows = np.lib.stride_tricks.sliding_window_view(r, length)
    if estimate == "sample":
        known[length - 1 :] = windows.std(axis=1, ddof=1)
    else:
        known[length - 1 :] = np.sqrt(np.square(windows) @ decay_weights(length, decay))
    return known * math.sqrt(year)


def decay_weights(length: int, decay: float) -> Floats:
    """Weights `decay ** age`, scaled to a sum of 1, the oldest first; float64 `(length,)`."""
    factor = number("decay", decay, above=0.0, below=1.0)
    weights = factor ** np.arange(length - 1, -1, -1, dtype=np.float64)
    return np.asarray(weights / weights.sum(), np.float64)


def volatility_target_leverage(
    returns: ArrayLike, target: float, periods_per_year: float, *, window: int = 21, estimate: Estimate = "sample",
    decay: float = 0.94, max_leverage: float = 1.0,
) -> Floats:  # fmt: skip
    """Leverage for each period, from the returns before it alone.

    Parameters
    ----------
    returns
        `(n,)`, simple returns of the series at a leverage of 1.
    target
        Annualised volatility wanted, a fraction.
    periods_per_year, window, estimate, decay
        As in `realised_volatility`.
    max_leverage
        Upper bound; also what is taken where the volatility was 0.

    Returns
    -------
    ndarray
        float64 `(n,)`: `leverage[t] = min(target / volatility[t - 1], max_leverage)`, to be multiplied with `returns[t]`.
        0 while the volatility is not known yet.
    """
    wanted = number("target", target, above=0.0)
    bound = number("max_leverage", max_leverage, above=0.0)
    volatility = realised_volatility(returns, periods_per_year, window=window, estimate=estimate, decay=decay)
    leverage = np.zeros(len(volatility))
    with np.errstate(divide="ignore"):
        leverage[1:] = np.minimum(wanted / volatility[:-1], bound)
    return np.where(np.isnan(leverage), 0.0, leverage)
