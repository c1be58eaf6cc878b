"""Markets and selections that the tests of portfolios share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import Market
from qt_engine.strategies.selection import ConstraintsSetting, Selection, WeightsSetting

DAY = 86_400_000_000_000


def market_of(
    closes: NDArray[np.float64], opens: NDArray[np.float64] | None = None, start: str = "2015-01-05"
) -> Market:
    """Daily bars, one a calendar day, of assets A00, A01, … with these closes; a NaN close is a bar without trade."""
    start_ns = int(np.datetime64(start, "ns").astype(np.int64))
    opened = closes if opens is None else opens
    return market_from_arrays(
        tuple(f"A{i:02}" for i in range(closes.shape[1])), "1d", start_ns + DAY * np.arange(len(closes)),
        opened, np.fmax(opened, closes), np.fmin(opened, closes), closes, np.where(np.isnan(closes), np.nan, 1000.0),
    )  # fmt: skip


def random_market(bars: int, assets: int, seed: int = 0, scale: float = 0.012) -> Market:
    """Assets with a common factor and different volatilities."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0.0002, 0.008, (bars, 1)) * rng.uniform(0.5, 1.5, assets)
    own = rng.normal(0.0003, scale, (bars, assets)) * rng.uniform(0.5, 2.0, assets)
    return market_of(100 * np.exp(np.cumsum(common + own, axis=0)))


def select_all(market: Market, bars: Sequence[int], weights: WeightsSetting, **constraints: object) -> Selection:
    """Every asset, long, at these bars."""
    side = np.ones((len(bars), len(market.symbols)), np.int8)
    return Selection(
        np.array(bars, np.int64), np.full(side.shape, np.nan), side, weights,
        ConstraintsSetting(**constraints),  # type: ignore[arg-type]
    )  # fmt: skip
