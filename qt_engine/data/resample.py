"""The one way from finer bars to coarser ones.

A coarser bar is made of the finer bars that open in it: first open, highest high, lowest low, last close, sum of
volumes. One that is not over yet is left out, so that more data never changes a bar that was there before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.intervals import interval_ns
from qt_engine.data.buckets import Buckets, check_intervals, find_buckets, is_over
from qt_engine.data.market import ACTIONS, FIELDS, SPLIT, Floats, Market, Table
from qt_engine.data.origins import Origin
from qt_engine.data.venues import periods_per_year, session_ends


def resample(market: Market, interval: str, *, until: int | None = None) -> Market:
    """The market in coarser bars.

    Parameters
    ----------
    market
        Bars of one interval. Its venue says where days begin and end and from when bars are counted.
    interval
        A multiple of the market's own; the same one gives the market itself.
    until
        UTC nanoseconds up to which the market is known to be complete; where None, to its last bar's close. The last
        coarser bar is left out if the venue may trade between then and its end.

    Returns
    -------
    Market
        Bars labelled with the time at which they begin; `close_ts` is the time at which they end. An asset has NaN where
        it did not trade at all. The spread is the one at the first finer bar. An action stands before the first coarser bar
        that opens at or after it; after a split inside a coarser bar, the rest of that bar is in units of before the split.
        The market may be empty.

    Raises
    ------
    InputError
        If the interval is no multiple, or finer bars do not fit into it.
    """
    check_intervals(market.interval, interval)
    if interval_ns(market.interval) == interval_ns(interval):
        return market if market.interval == interval else replace(market, interval=interval)
    buckets = find_buckets(market.ts, market.close_ts, market.interval, interval, market.venue)
    count = len(buckets.start)
    known = until if until is not None else int(market.close_ts[-1]) if len(market) else 0
    if count and not is_over(
        int(buckets.start[-1]), int(buckets.end[-1]), known, market.ts, market.interval, market.venue
    ):
        count -= 1
    columns, actions = _merged(market, buckets, count)
    start = buckets.start[:count]
    return Market(
        market.symbols,
        interval,
        start,
        buckets.end[:count],
        sample=session_ends(start, interval, market.venue),
        periods_per_year=periods_per_year(interval, market.venue),
        sources=tuple((symbol, _origin(source, market.interval)) for symbol, source in market.sources),
        actions=actions,
        venue=market.venue,
        **columns,
    )


def _origin(source: str, interval: str) -> str:
    origin = Origin.parse(source)
    return source if origin.interval else str(replace(origin, interval=interval))


def _merged(market: Market, buckets: Buckets, count: int) -> tuple[dict[str, Any], Table]:
    """Columns (the spread where there is one) and actions of the first `count` coarser bars."""
    assets = len(market.symbols)
    columns = {name: np.full((count, assets), np.nan) for name in FIELDS}
    if market.spread.size:
        columns["spread"] = np.full((count, assets), np.nan)
    moved: list[Table] = []
    for asset in range(assets):
        trades = np.flatnonzero(~np.isnan(market.open[:, asset]) & (buckets.index < count))
        index = buckets.index[trades]
        first = np.flatnonzero(np.diff(index, prepend=-1))
        last = np.append(first[1:], len(index))[: len(first)] - 1
        which = index[first]
        actions = market.actions[market.actions["asset"] == asset]
        if len(actions):
            moved.append(_moved(actions, trades, index, first, count))
        ratio = _units(actions, trades, index, first)
        price = {name: _times(getattr(market, name)[trades, asset], ratio) for name in ("open", "high", "low", "close")}
        volume = market.volume[trades, asset]
        columns["open"][which, asset] = price["open"][first]
        columns["close"][which, asset] = price["close"][last]
        if len(first):
            columns["high"][which, asset] = np.maximum.reduceat(price["high"], first)
            columns["low"][which, asset] = np.minimum.reduceat(price["low"], first)
        # one after the other, so that the sum is the same on every machine
        columns["volume"][which, asset] = np.bincount(
            index, volume if ratio is None else volume / ratio, minlength=count
        )[which]
        if market.spread.size:
            columns["spread"][which, asset] = market.spread[trades[first], asset]
    table = np.concatenate(moved) if moved else np.zeros(0, ACTIONS)
    return columns, table[np.lexsort((table["kind"], table["asset"], table["bar"]))]


def _moved(
    actions: Table, trades: NDArray[np.int64], index: NDArray[np.int64], first: NDArray[np.int64], count: int
) -> Table:
    """Actions of one asset before the first coarser bar, of those in which it trades, that opens at or after them."""
    # an action at the first finer bar of a coarser one comes before it; any later one comes before the next
    place = np.searchsorted(trades[first], actions["bar"])
    kept = place < len(first)
    moved = actions[kept]
    moved["bar"] = index[first][place[kept]]
    return moved


def _units(
    actions: Table, trades: NDArray[np.int64], index: NDArray[np.int64], first: NDArray[np.int64]
) -> Floats | None:
    """How many present units one unit of the beginning of its coarser bar has become, for each finer bar; None: one."""
    inner = actions[(actions["kind"] == SPLIT) & ~np.isin(actions["bar"], trades[first])]
    if not len(inner):
        return None
    ratio = np.ones(len(trades))
    ends = np.append(first[1:], len(trades))
    for bar, value in zip(inner["bar"].tolist(), inner["value"].tolist(), strict=True):
        at = int(np.searchsorted(trades, bar))
        if at < len(trades):
            bucket = int(np.searchsorted(first, at, side="right")) - 1
            if at != first[bucket]:
                ratio[at : ends[bucket]] *= value
    return ratio


def _times(prices: Floats, ratio: Floats | None) -> Floats:
    return prices if ratio is None else prices * ratio
