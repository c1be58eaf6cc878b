"""From stored corporate actions to the actions of a market: which bar each of them stands before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qt_engine.core.intervals import DAY_NS
from qt_engine.data.events import Events
from qt_engine.data.market import ACTIONS, Market, Table, Times
from qt_engine.data.venues import bar_days


def place_actions(events: Events, ts: Times, interval: str, venue: str) -> Table:
    """The actions of one asset, with `bar` as positions in its own bars `ts`; the asset is 0.

    An action with a time of day stands before the first bar that opens at or after it, one with a date only before the
    first bar of that or a later day at the venue. Actions from before the first bar or after the last are left out: nobody
    in the market lives through them.
    """
    if not len(events) or not len(ts):
        return np.zeros(0, ACTIONS)
    days = bar_days(ts, interval, venue)
    when, is_date = events.ts, events.columns["dated"] == 1
    bars = np.where(is_date, np.searchsorted(days, when // DAY_NS), np.searchsorted(ts, when))
    is_inside = np.where(is_date, when // DAY_NS >= days[0], when >= ts[0]) & (bars < len(ts))
    table = np.zeros(int(np.count_nonzero(is_inside)), ACTIONS)
    table["bar"] = bars[is_inside]
    table["kind"], table["value"] = events.columns["kind"][is_inside], events.columns["value"][is_inside]
    return table[np.lexsort((table["kind"], table["bar"]))]


def with_actions(market: Market, own: Sequence[tuple[Table, Times]]) -> Market:
    """The market with the actions of each asset, given with the times of that asset's own bars."""
    pieces = []
    for asset, (actions, ts) in enumerate(own):
        piece = actions.copy()
        piece["asset"] = asset
        piece["bar"] = np.searchsorted(market.ts, ts[actions["bar"]])
        pieces.append(piece)
    table = np.concatenate(pieces)
    if not len(table):
        return market
    return replace(market, actions=table[np.lexsort((table["kind"], table["asset"], table["bar"]))])
