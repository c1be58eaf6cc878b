"""When a book is rebalanced, and what its weights have become in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.data.market import Market
from qt_engine.strategies.schedule import Period, every_bars, period_ends

Floats = NDArray[np.float64]
Bars = NDArray[np.int64]


@dataclass(frozen=True)
class Calendar:
    """At the end of every period, as well as it can be known: see `qt_engine.strategies.schedule`."""

    every: Period = "month"

    def bars(self, market: Market) -> Bars:
        """int64 `(R,)`: the bars at whose close it is time."""
        return period_ends(market, self.every)


@dataclass(frozen=True)
class EveryBars:
    """At every `count`-th bar, the first one after so many bars."""

    count: int

    def bars(self, market: Market) -> Bars:
        """int64 `(R,)`: the bars at whose close it is time.

        Raises
        ------
        InputError
            If `count` is below 1.
        """
        if self.count < 1:
            raise InputError(f"rebalance: the number of bars must be at least 1, not {self.count}")
        return every_bars(market, self.count)


@dataclass(frozen=True)
class DriftBand:
    """Whenever any weight is further than `width` (absolute, a fraction of equity) from its target."""

    width: float

    def is_left(self, weights: Floats, target: Floats) -> bool:
        """Whether weights that have drifted are outside the band around their target."""
        return bool((np.abs(weights - target) > self.width).any())


def drifted(weights: Floats, returns: Floats) -> Floats:
    """Signed weights float64 `(n,)` after simple returns `(n,)` or `(bars, n)` without a trade; cash earns nothing.

    NaN returns are bars in which an asset does not trade. A book whose equity is gone has no weights: zeros.
    """
    steps = np.atleast_2d(np.where(np.isnan(returns), 0.0, returns))
    value = weights * np.prod(1.0 + steps, axis=0)
    equity = 1.0 + float(np.sum(value - weights))
    return value / equity if equity > 0 else np.zeros_like(weights)


def drifted_between(weights: Floats, market: Market, decided: int, bar: int) -> Floats:
    """Weights decided at the close of `decided`, as they stand at the close of `bar`, costs ignored.

    A target is filled at the open after its decision; from there it drifts with prices. An asset that does not trade
    in that bar starts from its last close before, and one without a later price stays.
    """
    held = np.flatnonzero(weights)
    if bar <= decided or not len(held):
        return weights
    growth = np.ones(len(held))
    start = market.open[decided + 1, held]
    start = np.where(start > 0, start, last_closes(market, decided, held))
    end = last_closes(market, bar, held)
    good = (start > 0) & np.isfinite(end)
    growth[good] = end[good] / start[good]
    out = np.zeros_like(weights)
    out[held] = drifted(weights[held], growth - 1.0)
    return out


def last_closes(market: Market, bar: int, assets: NDArray[np.intp] | Sequence[int]) -> Floats:
    """The last close up to and including `bar` of each asset; NaN where it has not traded yet."""
    out = market.close[bar, assets].copy()
    for place in np.flatnonzero(np.isnan(out)):
        column = market.close[: bar + 1, assets[int(place)]]
        known = np.flatnonzero(np.isfinite(column))
        if len(known):
            out[place] = column[known[-1]]
    return out
