"""From snapshots of series to a `Market`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.data.canonical import Rows, market_of_series
from qt_engine.data.market import Market
from qt_engine.data.shelf import Shelf, Snapshot


def read_market(shelf: Shelf, sources: Sequence[tuple[str, str]], interval: str, low: int, high: int) -> Market:
    """The bars that snapshots name and that open from `low` to `high` (UTC nanoseconds, inclusive).

    Raises
    ------
    InputError
        If a symbol is named twice, a snapshot belongs to another series, or a series has no bar in that time.
    """
    symbols = [symbol for symbol, _ in sources]
    if not symbols or len(set(symbols)) != len(symbols):
        raise InputError("name each symbol once, and at least one")
    known = {series.info.snapshot: series for series in shelf.all().values()}
    series: list[tuple[str, Rows]] = []
    venues: set[str] = set()
    for symbol, name in sources:
        if name in known:
            info = known[name].info
            state = Snapshot(info.symbol, info.interval, info.venue, tuple(part.name for part in known[name].parts))
        else:
            state = shelf.snapshot(name)
        if (state.symbol, state.interval) != (symbol, interval):
            raise InputError(
                f"snapshot {name[:12]} is one of {state.symbol!r} at {state.interval}, not of {symbol!r} at {interval}"
            )
        rows = shelf.read(symbol, interval, state.parts)
        first, last = np.searchsorted(rows.ts, low), np.searchsorted(rows.ts, high, side="right")
        if first >= last:
            where = f"from {iso(int(rows.ts[0]))} to {iso(int(rows.ts[-1]))}"
            raise InputError(f"{symbol!r} has no bars in that time; its bars at {interval} run {where}")
        series.append((symbol, rows.take(slice(int(first), int(last)))))
        venues.add(state.venue)
    venue = venues.pop() if len(venues) == 1 else None
    return market_of_series(series, interval, venue or None, sources)
