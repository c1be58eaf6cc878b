"""Pages of stored bars: a million rows can be walked through without ever holding them all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qt_engine.data.market import FIELDS, Floats, Market, Times
from qt_engine.data.shelf import Series, Shelf


@dataclass(frozen=True)
class Bars:
    """A page of the bars of one series.

    Attributes
    ----------
    total
        How many bars there are in the asked time, on all pages.
    offset
        Which of them the page begins with.
    ts
        int64, UTC nanoseconds of each bar's open, strictly increasing; the other columns are float64 of the same length.
    """

    symbol: str
    interval: str
    total: int
    offset: int
    ts: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.ts)


def read_page(shelf: Shelf, series: Series, span: tuple[int, int], offset: int, limit: int | None) -> Bars:
    """The bars from `offset` on, at most `limit`, of those in positions `span` (first, one past the last) of the series."""
    first = min(span[0] + offset, span[1])
    last = span[1] if limit is None else min(first + limit, span[1])
    ends = np.cumsum([part.rows for part in series.parts])
    low, high = int(np.searchsorted(ends, first, side="right")), int(np.searchsorted(ends, last))
    touched = series.parts[low : high + 1] if last > first else ()
    before = int(ends[low - 1]) if low else 0
    info = series.info
    rows = shelf.read(
        info.symbol, info.interval, [part.name for part in touched], offset=first - before, limit=last - first
    )
    return Bars(info.symbol, info.interval, span[1] - span[0], offset, **rows.columns())


def cut_page(market: Market, offset: int, limit: int | None) -> Bars:
    """The bars from `offset` on, at most `limit`, of a market of one symbol."""
    page = market.window(offset, len(market) if limit is None else offset + limit)
    columns = {name: getattr(page, name)[:, 0] for name in FIELDS}
    return Bars(market.symbols[0], market.interval, len(market), offset, page.ts, **columns)


def find_span(shelf: Shelf, series: Series, low: int, high: int) -> tuple[int, int]:
    """Positions of the first bar that opens at or after `low` and of the first one after `high` (UTC nanoseconds)."""
    return _count_before(shelf, series, low), max(
        _count_before(shelf, series, low), _count_before(shelf, series, high + 1)
    )


def _count_before(shelf: Shelf, series: Series, moment: int) -> int:
    count = 0
    for part in series.parts:
        if part.end_ts < moment:
            count += part.rows
        elif part.start_ts < moment:
            ts = shelf.read_times(series.info.symbol, series.info.interval, part.name)
            count += int(np.searchsorted(ts, moment))
    return count
