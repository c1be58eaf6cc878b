"""From snapshots of series to a `Market`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.core.intervals import DAY_NS, interval_ns
from qt_engine.data.actions import place_actions, with_actions
from qt_engine.data.canonical import Rows, market_of_series
from qt_engine.data.event_shelf import EventShelf
from qt_engine.data.events import COLUMNS
from qt_engine.data.joining import join_markets
from qt_engine.data.market import Market, Table, Times
from qt_engine.data.origins import Origin
from qt_engine.data.periods import FIRST_NS, LAST_NS
from qt_engine.data.resample import resample
from qt_engine.data.shelf import Shelf, Snapshot
from qt_engine.data.ticks import market_from_quotes, market_from_trades


def read_market(shelf: Shelf, sources: Sequence[tuple[str, str]], interval: str, low: int, high: int) -> Market:
    """The bars that sources name and that open from `low` to `high` (UTC nanoseconds, inclusive).

    Parameters
    ----------
    sources
        (symbol, origin) of each column; see `qt_engine.data.origins`.

    Raises
    ------
    InputError
        If a symbol is named twice, a snapshot belongs to another series, or a series has no bar in that time.
    """
    symbols = [symbol for symbol, _ in sources]
    if not symbols or len(set(symbols)) != len(symbols):
        raise InputError("name each symbol once, and at least one")
    reader = _Reader(shelf, interval, low, high)
    origins = [(symbol, Origin.parse(name)) for symbol, name in sources]
    if any(origin.interval for _, origin in origins):
        return join_markets([reader.resampled(symbol, origin) for symbol, origin in origins])
    return reader.stored(origins)


class _Reader:
    """Reads columns of one market."""

    def __init__(self, shelf: Shelf, interval: str, low: int, high: int) -> None:
        self._shelf = shelf
        self._events = EventShelf(shelf)
        self._known = {series.info.snapshot: series for series in shelf.all().values()}
        self._interval = interval
        self._low = low
        self._high = high
        self._until = 0

    def stored(self, origins: Sequence[tuple[str, Origin]]) -> Market:
        """Bars that are stored at the interval of the market."""
        series: list[tuple[str, Rows]] = []
        venues: list[str] = []
        for symbol, origin in origins:
            state = self._state(symbol, self._interval, origin.snapshot)
            rows = self._shelf.read(symbol, self._interval, state.parts)
            first, last = np.searchsorted(rows.ts, self._low), np.searchsorted(rows.ts, self._high, side="right")
            if first >= last:
                raise self._nothing(symbol, rows.ts)
            series.append((symbol, rows.take(slice(int(first), int(last)))))
            venues.append(state.venue)
        venue = venues[0] if len(set(venues)) == 1 else None
        market = market_of_series(
            series, self._interval, venue or None, [(symbol, str(origin)) for symbol, origin in origins]
        )
        if not any(origin.actions for _, origin in origins):
            return market
        own = [
            (self._actions(symbol, origin, rows.ts, self._interval, place), rows.ts)
            for (symbol, origin), (_, rows), place in zip(origins, series, venues, strict=True)
        ]
        return with_actions(market, own)

    def resampled(self, symbol: str, origin: Origin) -> Market:
        """One column at the interval of the market, whatever its rows are."""
        if not origin.interval:
            return self.stored([(symbol, origin)])
        finer = self._ticks(symbol, origin) if origin.interval in COLUMNS else self._finer(symbol, origin)
        if origin.actions:
            actions = self._actions(symbol, origin, finer.ts, finer.interval, finer.venue)
            finer = with_actions(finer, [(actions, finer.ts)])
        market = resample(finer, self._interval, until=self._until)
        first, last = np.searchsorted(market.ts, self._low), np.searchsorted(market.ts, self._high, side="right")
        if first >= last:
            raise self._nothing(symbol, market.ts)
        return market.window(int(first), int(last))

    def _finer(self, symbol: str, origin: Origin) -> Market:
        state = self._state(symbol, origin.interval, origin.snapshot)
        rows = self._shelf.read(symbol, origin.interval, state.parts)
        self._until = int(rows.ts[-1]) + interval_ns(origin.interval)
        first, last = self._reach(rows.ts)
        if first >= last:
            raise self._nothing(symbol, rows.ts)
        rows = rows.take(slice(first, last))
        return market_of_series([(symbol, rows)], origin.interval, state.venue or None, [(symbol, str(origin))])

    def _ticks(self, symbol: str, origin: Origin) -> Market:
        venue, parts = self._events.snapshot(origin.snapshot, symbol, origin.interval)
        self._until = parts[-1].end_ts + 1
        low, high = self._bounds
        touched = [part for part in parts if part.end_ts >= low and part.start_ts <= high]
        events = self._events.read(symbol, origin.interval, touched)
        first, last = self._reach(events.ts)
        if first >= last:
            raise self._nothing(symbol, np.array([parts[0].start_ts, parts[-1].end_ts]))
        make = market_from_trades if origin.interval == "trades" else market_from_quotes
        return make(
            [symbol], {symbol: events.take(slice(first, last))}, venue=venue or None, sources=[(symbol, str(origin))]
        )

    @property
    def _bounds(self) -> tuple[int, int]:
        """From when to when finer rows are needed: whole coarser bars on both sides of the asked time."""
        pad = interval_ns(self._interval) + 2 * DAY_NS
        return max(self._low, FIRST_NS + pad) - pad, min(self._high, LAST_NS - pad) + pad

    def _reach(self, ts: Times) -> tuple[int, int]:
        low, high = self._bounds
        return int(np.searchsorted(ts, low)), int(np.searchsorted(ts, high, side="right"))

    def _state(self, symbol: str, interval: str, name: str) -> Snapshot:
        if name in self._known:
            series = self._known[name]
            info = series.info
            state = Snapshot(info.symbol, info.interval, info.venue, tuple(part.name for part in series.parts))
        else:
            state = self._shelf.snapshot(name)
        if (state.symbol, state.interval) != (symbol, interval):
            raise InputError(
                f"snapshot {name[:12]} is one of {state.symbol!r} at {state.interval}, not of {symbol!r} at {interval}"
            )
        return state

    def _actions(self, symbol: str, origin: Origin, ts: Times, interval: str, venue: str) -> Table:
        if not origin.actions:
            return place_actions(self._events.read(symbol, "actions", ()), ts, interval, venue)
        _, parts = self._events.snapshot(origin.actions, symbol, "actions")
        return place_actions(self._events.read(symbol, "actions", parts), ts, interval, venue)

    def _nothing(self, symbol: str, ts: Times) -> InputError:
        if not len(ts):
            return InputError(f"{symbol!r} has no bars of {self._interval} in that time that are over")
        where = f"from {iso(int(ts[0]))} to {iso(int(ts[-1]))}"
        return InputError(f"{symbol!r} has no bars in that time; its bars at {self._interval} run {where}")
