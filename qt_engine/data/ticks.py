"""Trades and quotes as bars of a millisecond, the finest clock that runs are made on.

Every millisecond in which something happened is a bar: first, highest, lowest and last price of that millisecond. Coarser
bars come from `resample`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import MILLISECOND
from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.data.canonical import market_from_arrays
from qt_engine.data.events import Events, find_fault
from qt_engine.data.market import FIELDS, Floats, Market

INTERVAL = "1ms"
Row = tuple[Any, ...]


def market_from_trades(
    symbols: Sequence[str],
    trades: Iterable[Row] | Mapping[str, Events],
    *,
    venue: str | None = None,
    sources: Sequence[tuple[str, str]] = (),
) -> Market:
    """Bars of one millisecond from trades.

    Parameters
    ----------
    symbols
        The assets, one per column.
    trades
        Rows (ts, symbol, price, size): UTC nanoseconds, one of `symbols`, price and size above 0, in order of time; or the
        `Events` of each symbol.
    venue, sources
        See `market_from_arrays`.

    Returns
    -------
    Market
        `volume` is the sum of the sizes.

    Raises
    ------
    InputError
        If a row is out of order, of another symbol, or has a price or size that cannot be; names the row, from 1.
    """
    per_symbol = _by_symbol("trades", ("price", "size"), symbols, trades)
    prices = {symbol: (events.columns["price"], events.columns["size"]) for symbol, events in per_symbol.items()}
    ts, columns = _bars(symbols, per_symbol, prices)
    return market_from_arrays(symbols, INTERVAL, ts, **columns, venue=venue, sources=sources)


def market_from_quotes(
    symbols: Sequence[str],
    quotes: Iterable[Row] | Mapping[str, Events],
    *,
    venue: str | None = None,
    sources: Sequence[tuple[str, str]] = (),
) -> Market:
    """Bars of one millisecond from best bids and asks: prices are mid prices.

    Parameters
    ----------
    quotes
        Rows (ts, symbol, bid, ask, bid size, ask size), the sizes left out or NaN where they are not known; or the `Events`
        of each symbol.

    Returns
    -------
    Market
        `spread` is (ask − bid) / mid of the quote with which the bar opens. `volume` is 0: nothing was traded.

    Raises
    ------
    InputError
        As `market_from_trades`, and if a quote is crossed.
    """
    per_symbol = _by_symbol("quotes", ("bid", "ask", "bid_size", "ask_size"), symbols, quotes)
    mids = {}
    for symbol, events in per_symbol.items():
        mid = (events.columns["bid"] + events.columns["ask"]) / 2.0
        mids[symbol] = (mid, np.zeros(len(mid)))
    ts, columns = _bars(symbols, per_symbol, mids)
    spread = np.full(columns["open"].shape, np.nan)
    for asset, symbol in enumerate(symbols):
        events = per_symbol[symbol]
        first, bars = _groups(events)
        relative = (events.columns["ask"] - events.columns["bid"]) / mids[symbol][0]
        spread[np.searchsorted(ts, bars), asset] = relative[first]
    return market_from_arrays(symbols, INTERVAL, ts, **columns, venue=venue, sources=sources, spread=spread)


def _groups(events: Events) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Position of the first event of each millisecond, and when that begins."""
    milliseconds = events.ts // MILLISECOND * MILLISECOND
    first = np.flatnonzero(np.append(True, milliseconds[1:] != milliseconds[:-1])[: len(events)])
    return first, milliseconds[first]


def _bars(
    symbols: Sequence[str], events: Mapping[str, Events], prices: Mapping[str, tuple[Floats, Floats]]
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """The milliseconds with an event, and the columns; `prices` holds price and size of each event."""
    ts = np.sort(np.concatenate([_groups(events[symbol])[1] for symbol in symbols]))
    ts = ts[
        np.append(True, ts[1:] != ts[:-1])[: len(ts)]
    ]  # np.unique is ten times slower where nearly all are different
    columns = {name: np.full((len(ts), len(symbols)), np.nan) for name in FIELDS}
    for asset, symbol in enumerate(symbols):
        first, bars = _groups(events[symbol])
        if not len(first):
            continue
        where = np.searchsorted(ts, bars)
        price, size = prices[symbol]
        last = np.append(first[1:], len(price)) - 1
        columns["open"][where, asset] = price[first]
        columns["high"][where, asset] = np.maximum.reduceat(price, first)
        columns["low"][where, asset] = np.minimum.reduceat(price, first)
        columns["close"][where, asset] = price[last]
        # one after the other, so that the sum is the same on every machine
        bar = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(price))))
        columns["volume"][where, asset] = np.bincount(bar, size)
    return ts, columns


def _by_symbol(
    kind: str, names: Sequence[str], symbols: Sequence[str], events: Iterable[Row] | Mapping[str, Events]
) -> dict[str, Events]:
    if not symbols or len(set(symbols)) != len(symbols):
        raise InputError("name each symbol once, and at least one")
    if isinstance(events, Mapping):
        found = {symbol: events[symbol] for symbol in symbols}
        for symbol, one in found.items():
            _check(one, np.arange(1, len(one) + 1), f"{kind} of {symbol}")
        return found
    rows = list(events)
    columns: dict[str, NDArray[Any]] = {name: np.full(len(rows), np.nan) for name in names}
    columns["ts"], owner = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    least = 4  # sizes of quotes need not be known
    for position, row in enumerate(rows):
        if not least <= len(row) <= len(names) + 2 or not isinstance(row[0], int | np.integer) or row[1] not in symbols:
            raise InputError(
                f"row {position + 1} of the {kind} is no (ts, symbol, {', '.join(names)}) of one of the given symbols"
            )
        columns["ts"][position], owner[position] = row[0], symbols.index(row[1])
        for name, value in zip(names, row[2:], strict=False):
            try:
                columns[name][position] = value
            except (TypeError, ValueError):
                raise InputError(
                    f"row {position + 1} of the {kind}, {name}: {plain(value, 40)!r} is no number"
                ) from None
    everything = Events.from_columns(kind, columns)
    numbers = np.arange(1, len(rows) + 1)
    _check(everything, numbers, kind)
    return {symbol: everything.take(owner == asset) for asset, symbol in enumerate(symbols)}


def _check(events: Events, numbers: NDArray[np.int64], what: str) -> None:
    back = np.flatnonzero(np.diff(events.ts) < 0)
    if len(back):
        raise InputError(f"row {numbers[back[0] + 1]} of the {what} is earlier than the one before; sort them by time")
    fault = find_fault(events)
    if fault is not None:
        position, column, reason = fault
        raise InputError(f"row {numbers[position]} of the {what}, {column}: {reason}")
