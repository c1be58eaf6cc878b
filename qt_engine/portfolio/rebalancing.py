"""When a book is rebalanced, and what its weights have become in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.data.market import Market

Floats = NDArray[np.float64]
Bars = NDArray[np.int64]
Period = Literal["week", "month", "quarter", "year"]
DAYS_IN_NS = 86_400_000_000_000


@dataclass(frozen=True)
class Calendar:
    """At the last bar of every period (UTC), once a later bar shows that it was the last."""

    every: Period = "month"

    def bars(self, market: Market) -> Bars:
        """int64 `(R,)`: the bars at whose close it is time.

        The period of a bar is that of the day it opens in. The market's last bar is never one: whether more bars of
        its period follow is not known then.
        """
        if len(market) == 0:
            return np.empty(0, np.int64)
        days = market.ts // DAYS_IN_NS
        if self.every == "week":
            label = (days + 3) // 7
        else:
            months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
            label = months // {"month": 1, "quarter": 3, "year": 12}[self.every]
        return np.flatnonzero(label[1:] != label[:-1]).astype(np.int64)


@dataclass(frozen=True)
class EveryBars:
    """At bar `start`, and every `count` bars after it."""

    count: int
    start: int = 0

    def bars(self, market: Market) -> Bars:
        """int64 `(R,)`: the bars at whose close it is time."""
        if self.count < 1 or self.start < 0:
            raise InputError("rebalance: bars must be at least 1 and start at least 0")
        return np.arange(self.start, len(market), self.count, dtype=np.int64)


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
