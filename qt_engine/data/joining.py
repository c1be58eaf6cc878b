"""Several markets on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qt_engine.data.actions import with_actions
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.market import FIELDS, Market


def join_markets(markets: Sequence[Market]) -> Market:
    """Markets of one asset and one interval as one: the sorted union of their times, NaN where one does not trade.

    A bar closes when the last of its assets does, so that nothing is known too early.
    """
    if len(markets) == 1:
        return markets[0]
    ts = np.unique(np.concatenate([market.ts for market in markets]))
    close_ts = np.full(len(ts), np.iinfo(np.int64).min)
    columns: dict[str, Any] = {name: np.full((len(ts), len(markets)), np.nan) for name in FIELDS}
    if any(market.spread.size for market in markets):
        columns["spread"] = np.full((len(ts), len(markets)), np.nan)
    for asset, market in enumerate(markets):
        where = np.searchsorted(ts, market.ts)
        close_ts[where] = np.maximum(close_ts[where], market.close_ts)
        for name in columns:
            if getattr(market, name).size:
                columns[name][where, asset] = getattr(market, name)[:, 0]
    venues = {market.venue for market in markets}
    joined = market_from_arrays(
        [market.symbols[0] for market in markets],
        markets[0].interval,
        ts,
        close_ts=close_ts,
        venue=venues.pop() if len(venues) == 1 else None,
        sources=[source for market in markets for source in market.sources],
        **columns,
    )
    return with_actions(joined, [(market.actions, market.ts) for market in markets])
