"""The shipped features that look across assets. Numpy is imported inside, because names are asked for on every key press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qt_engine.features.feature import use
from qt_engine.features.registration import feature

if TYPE_CHECKING:
    from qt_engine.features._arrays import Floats


@feature(
    "market_return", depends=("returns",), across=True, warmup=0, scale=0, kind="indicator", source="Equal weights"
)
def market_return(returns: Floats) -> Floats:
    """Mean return of the assets that trade in the bar, the same for each of them"""
    import numpy as np

    present = ~np.isnan(returns)
    count = present.sum(axis=1)
    mean = np.where(present, returns, 0.0).sum(axis=1) / np.maximum(count, 1)
    made: Floats = np.where(present, mean[:, None], np.nan)
    return made


def _too_short(window: int, skip: int) -> str | None:
    return f"skip must be at most window - 3, not {skip} of {window}" if skip > window - 3 else None


@feature(
    "residual_momentum", depends=("returns", "market_return"), scale=0, refuse=_too_short,
    bounds={"window": (3, 100_000), "skip": (0, 100_000)}, warmup=lambda window, skip: window - 1,
    source="Blitz, Huij, Martens 2011",
)  # fmt: skip
def residual_momentum(returns: Floats, market: Floats, *, window: int = 252, skip: int = 21) -> Floats:
    """Mean over deviation of what the market leaves unexplained, from window bars ago to skip bars ago

    Blitz, Huij and Martens (2011), Residual momentum, Journal of Empirical Finance 18, with one factor, the mean of the
    assets at hand: r = a + b m + e is fitted over `window` bars, and the value is the mean of a + e over the bars that are
    not left out, over their sample deviation. 0 where nothing is left unexplained, as for the only asset of a market.
    """
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    made = np.full(len(returns), np.nan)
    if len(returns) < window:
        return made
    block = max(2_000_000 // window, 1)  # a few windows at a time: memory does not grow with the bars
    for first in range(0, len(returns) - window + 1, block):
        last = min(first + block, len(returns) - window + 1)
        # Copies: the order of additions in a strided view depends on how many windows there are.
        own = np.ascontiguousarray(sliding_window_view(returns[first : last + window - 1], window))
        factor = np.ascontiguousarray(sliding_window_view(market[first : last + window - 1], window))
        away = factor - factor.mean(axis=1, keepdims=True)
        spread = (away * away).sum(axis=1)
        both = (away * (own - own.mean(axis=1, keepdims=True))).sum(axis=1)
        slope = np.divide(both, spread, out=np.zeros(len(both)), where=spread > 0)
        left = (own - slope[:, None] * factor)[:, : window - skip]
        deviation = left.std(axis=1, ddof=1)
        moved = deviation > 1e-14
        made[first + window - 1 : last + window - 1] = np.divide(
            left.mean(axis=1), deviation, out=np.zeros(len(left)), where=moved
        )
    return made


@feature(
    "momentum_rank", depends=(use("momentum_12_1", window="window", skip="skip"),), across=True, scale=0,
    bounds={"window": (2, 100_000), "skip": (0, 100_000)}, source="Jegadeesh and Titman 1993",
)  # fmt: skip
def momentum_rank(momentum: Floats, *, window: int = 252, skip: int = 21) -> Floats:
    """Share of the bar's assets whose momentum_12_1 is at or below, in (0, 1]"""
    import numpy as np

    made: Floats = np.full(momentum.shape, np.nan)
    for bar in np.flatnonzero(~np.isnan(momentum).all(axis=1)):
        known = ~np.isnan(momentum[bar])
        values = np.sort(momentum[bar, known])
        made[bar, known] = np.searchsorted(values, momentum[bar, known], side="right") / len(values)
    return made
