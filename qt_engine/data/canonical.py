"""Canonical bars: the one form in which every provider's rows are kept, hashed and given to runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qt_engine.core.hashing import hash_arrays
from qt_engine.core.intervals import DAY_NS, interval_ns, is_intraday
from qt_engine.data.market import FIELDS, Floats, Market, Table, Times
from qt_engine.data.venues import TIME_ZONES, UNKNOWN, detect_venue, periods_per_year, session_ends

COLUMNS = ("ts", *FIELDS)


@dataclass(frozen=True)
class Rows:
    """Bars of one series as columns of one length: `ts` int64 UTC nanoseconds of the open, the others float64."""

    ts: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[Any]]) -> Rows:
        """Rows from arrays by name, brought to the canonical types."""
        prices = {name: np.ascontiguousarray(columns[name], np.float64) for name in FIELDS}
        # -0.0 equals 0.0 but has other bytes, so it would have another hash
        prices["volume"] = prices["volume"] + 0.0
        return cls(np.ascontiguousarray(columns["ts"], np.int64), **prices)

    @classmethod
    def empty(cls) -> Rows:
        """No rows."""
        return cls.from_columns({name: np.empty(0) for name in COLUMNS})

    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, `ts` first."""
        return {name: getattr(self, name) for name in COLUMNS}

    def take(self, index: NDArray[Any] | slice) -> Rows:
        """The rows at these positions, or those that a mask marks."""
        return Rows(*(column[index] for column in self.columns().values()))

    def differs(self, other: Rows) -> NDArray[np.bool_]:
        """Where two sets of rows of one length do not hold the same values."""
        return np.asarray(np.logical_or.reduce([getattr(self, name) != getattr(other, name) for name in COLUMNS]))

    def content_hash(self, symbol: str, interval: str, venue: str) -> str:
        """Names exactly these rows of this series."""
        return hash_arrays(self.columns(), symbol=symbol, interval=interval, venue=venue)


def concatenate(pieces: Sequence[Rows]) -> Rows:
    """All rows, one piece after the other."""
    if len(pieces) == 1:
        return pieces[0]
    return Rows(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in COLUMNS))


def market_from_arrays(
    symbols: Sequence[str],
    interval: str,
    ts: ArrayLike,
    open: ArrayLike,
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    volume: ArrayLike,
    *,
    venue: str | None = None,
    sources: Sequence[tuple[str, str]] = (),
    close_ts: ArrayLike | None = None,
    actions: Table | None = None,
    spread: ArrayLike | None = None,
) -> Market:
    """A `Market` from bare arrays.

    Parameters
    ----------
    symbols
        The assets, one per column.
    interval
        Length of a bar, such as `1d`.
    ts
        int64, shape `(T,)`, UTC nanoseconds of each bar's open, strictly increasing.
    open, high, low, close, volume
        Shape `(T, A)`, or `(T,)` for one asset. NaN in all four prices: the asset does not trade in this bar.
    venue
        `24/7`, or a market identifier such as XNYS. None, or a venue that is not known: `24/7` if bars open at a weekend,
        else sessions by UTC day and 252 of them a year.
    sources
        (symbol, snapshot of the series) of each stored series the arrays were cut from.
    close_ts
        int64, shape `(T,)`; where None, one interval after the open, but at the next bar's open where a local day has 23 hours.
    actions, spread
        See `Market`; none where None. `spread` may have shape `(T,)` for one asset.

    Raises
    ------
    InputError
        If the shapes do not fit, the times do not increase, or the interval is none.
    """
    times = np.ascontiguousarray(ts, np.int64)
    shape = (len(times), len(symbols))
    given = dict(zip(FIELDS, (open, high, low, close, volume), strict=True))
    columns: dict[str, Any] = {name: _shaped(values, shape) for name, values in given.items()}
    if spread is not None:
        columns["spread"] = _shaped(spread, shape)
    if actions is not None:
        columns["actions"] = actions
    place = venue or UNKNOWN
    if place not in TIME_ZONES:
        place = detect_venue(times, interval) or place
    return Market(
        tuple(symbols),
        interval,
        times,
        _closes(times, interval) if close_ts is None else np.ascontiguousarray(close_ts, np.int64),
        sample=session_ends(times, interval, place),
        periods_per_year=periods_per_year(interval, place),
        sources=tuple((symbol, snapshot) for symbol, snapshot in sources),
        venue=place,
        **columns,
    )


def _shaped(values: ArrayLike, shape: tuple[int, int]) -> Floats:
    column = np.ascontiguousarray(values, np.float64)
    return column.reshape(shape) if column.ndim == 1 and column.size == shape[0] * shape[1] else column


def _closes(ts: Times, interval: str) -> Times:
    """When bars close that are not known to close at another time.

    Daily bars that open at local midnight stand 23 hours apart when clocks go forward: the earlier one has closed by then.
    """
    closes = ts + interval_ns(interval)
    if not is_intraday(interval) and len(ts) > 1:
        over = closes[:-1] - ts[1:]
        closes[:-1] -= np.where((over > 0) & (over <= DAY_NS // 24), over, 0)
    return closes


def market_of_series(
    series: Sequence[tuple[str, Rows]], interval: str, venue: str | None, sources: Sequence[tuple[str, str]]
) -> Market:
    """A `Market` of several series: the sorted union of their times, NaN where one does not trade."""
    if len(series) == 1:
        symbol, rows = series[0]
        return market_from_arrays([symbol], interval, *rows.columns().values(), venue=venue, sources=sources)
    ts = np.unique(np.concatenate([rows.ts for _, rows in series]))
    columns = {name: np.full((len(ts), len(series)), np.nan) for name in FIELDS}
    for asset, (_, rows) in enumerate(series):
        where = np.searchsorted(ts, rows.ts)
        for name in FIELDS:
            columns[name][where, asset] = getattr(rows, name)
    symbols = [symbol for symbol, _ in series]
    return market_from_arrays(symbols, interval, ts, **columns, venue=venue, sources=sources)
