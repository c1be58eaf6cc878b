"""`DataService`: everything that can be asked of the data room, in one place (`ws.data`).

Heavy libraries are imported by the calls that need them: asking for the overview needs neither numpy nor DuckDB.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from qt_engine.core.errors import InputError
from qt_engine.data.overview import read_overview
from qt_engine.data.periods import Moment, span_ns
from qt_engine.data.series import EventInfo, EventReport, ImportReport, SeriesCard, SeriesInfo
from qt_engine.storage.catalog import Catalog

if TYPE_CHECKING:
    from qt_engine.data.bars import Bars
    from qt_engine.data.event_pages import EventPage
    from qt_engine.data.market import Market
    from qt_engine.data.providers import Provider
    from qt_engine.data.quality import QualityReport
    from qt_engine.data.shelf import Series, Shelf


class DataService:
    """Market data of the workspace in `folder`: import, list, page through, judge and load. May be shared by threads."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self.folder = Path(folder)
        self.catalog = catalog
        self._guard = threading.Lock()
        self._shelf_or_none: Shelf | None = None
        self._last_span: tuple[tuple[str, int, int], tuple[int, int]] = (("", 0, 0), (0, 0))
        self._markets: WeakValueDictionary[tuple[object, ...], Market] = WeakValueDictionary()

    def import_file(
        self,
        path: str | Path,
        *,
        symbol: str,
        interval: str,
        tz: str | None = None,
        venue: str | None = None,
        replace: bool = False,
    ) -> ImportReport:
        """Import a CSV or Parquet file, all of it or nothing.

        Parameters
        ----------
        path
            The file; its layout, delimiter and kind of time are recognised.
        symbol, interval
            The series its bars belong to, such as `AAPL` and `1d`.
        tz
            IANA time zone of times without an offset, such as `America/New_York`; UTC where None.
        venue
            Where it trades, such as `XNYS` or `24/7`; where None, what the series has, else what its bars tell.
        replace
            Whether rows may take the place of different ones that are stored for the same times.

        Raises
        ------
        InputError
            Names file, line, column and reason; nothing but the raw bytes was stored.
        """
        from qt_engine.data.providers import FileProvider

        provider = FileProvider(path, symbol=symbol, interval=interval, tz=tz, venue=venue or "")
        return self._import(provider, replace=replace)[0]

    def import_events(
        self,
        path: str | Path,
        *,
        symbol: str,
        kind: str,
        tz: str | None = None,
        venue: str | None = None,
        replace: bool = False,
    ) -> EventReport:
        """Import a CSV or Parquet file of events, all of it or nothing.

        Parameters
        ----------
        path
            The file. Trades: time, `price`, `size`, and an `id` if there is one. Quotes: time, `bid`, `ask`, and `bid_size`
            and `ask_size` if they are known. Actions: `date`, `kind` (split, dividend or funding), `value`.
        symbol
            Whose events these are.
        kind
            `trades`, `quotes` or `actions`.
        tz, venue
            As in `import_file`. A date without a time of day stays that date at the venue, whatever the zone.
        replace
            Whether actions may take the place of ones with another value; trades and quotes only ever add up.

        Raises
        ------
        InputError
            Names file, line, column and reason; nothing but the raw bytes was stored.
        """
        from qt_engine.data.event_importing import import_events
        from qt_engine.data.event_shelf import EventShelf
        from qt_engine.data.raw import RawStore

        raw = RawStore(self.folder / "raw")
        return import_events(
            raw,
            EventShelf(self._shelf),
            path,
            symbol=symbol,
            kind=kind,
            tz=tz,
            venue=venue or "",
            replace=replace,
        )

    def import_sample(self) -> list[ImportReport]:
        """Import the real daily bars that come with qt: AAPL, FB, GOOG, IBM and MSFT."""
        from qt_engine.data.providers import SampleProvider

        return self._import(SampleProvider())

    def series(self) -> list[SeriesInfo]:
        """Every stored series, sorted by symbol and interval."""
        return [series.info for series in self._shelf.all().values()]

    def event_series(self) -> list[EventInfo]:
        """All stored events, sorted by symbol and kind."""
        return [events.info for events in self._shelf.stored().events.values()]

    def events(
        self,
        symbol: str,
        kind: str | None = None,
        *,
        start: Moment = None,
        end: Moment = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> EventPage:
        """A page of the events of one symbol.

        Parameters
        ----------
        kind
            `trades`, `quotes` or `actions`; where None, the only one that the symbol has.
        start, end, offset, limit
            As in `bars`.

        Raises
        ------
        InputError
            If there are none of that kind, or a number is negative.
        """
        from qt_engine.data.event_pages import read_page
        from qt_engine.data.event_shelf import EventShelf
        from qt_engine.data.lookup import find_events

        _check_page(offset, limit)
        events = find_events(self._shelf.stored(), symbol, kind)
        return read_page(EventShelf(self._shelf), events, *span_ns(start, end), offset, limit)

    def overview(self) -> list[SeriesCard]:
        """What a list of series shows, sorted by symbol and interval; quick, without DuckDB and numpy."""
        return read_overview(self.folder, self.catalog)

    def bars(
        self,
        symbol: str,
        interval: str | None = None,
        *,
        start: Moment = None,
        end: Moment = None,
        offset: int = 0,
        limit: int | None = None,
        resample: str | None = None,
    ) -> Bars:
        """A page of the bars of one series; takes milliseconds however long the series is.

        Parameters
        ----------
        interval
            Where None, the only one that the symbol has.
        start, end
            As in `load`.
        offset, limit
            How many bars to skip, and how many to give at most (None: all).
        resample
            Give bars of this interval, made of those of `interval`, which may then also be `trades` or `quotes`; where that
            is None, of the longest that are stored and fit. Those are read first, however many they are.

        Raises
        ------
        InputError
            If the series is not stored, or a number is negative.
        """
        from qt_engine.data.bars import read_page

        _check_page(offset, limit)
        if resample is not None:
            from qt_engine.data.bars import cut_page

            return cut_page(self.load(symbol, resample, start, end, made_of=interval or "finer"), offset, limit)
        series = self._series(symbol, interval)
        return read_page(self._shelf, series, self._span(series, *span_ns(start, end)), offset, limit)

    def quality(self, symbol: str, interval: str | None = None) -> QualityReport:
        """What looks wrong in the bars of one series: gaps, duplicates, outliers, stale prices.

        Raises
        ------
        InputError
            If the series is not stored.
        """
        from qt_engine.data.quality import judge

        series = self._series(symbol, interval)
        rows = self._shelf.read(series.info.symbol, series.info.interval, [part.name for part in series.parts])
        return judge(series.info, rows)

    def load(
        self,
        symbols: str | Sequence[str],
        interval: str | None = None,
        start: Moment = None,
        end: Moment = None,
        *,
        made_of: str | None = None,
    ) -> Market:
        """The stored bars of some symbols as a `Market`: the sorted union of their times, NaN where one does not trade.

        Where none of the symbols is stored at that interval, its bars are made of finer ones that all of them have, or of
        their trades or quotes; `Market.sources` says so. Stored actions of the symbols become `Market.actions`.

        Parameters
        ----------
        symbols
            In the order of the market's columns.
        interval
            Where None, the only one that all of them have.
        start, end
            ISO dates or times (UTC), or UTC nanoseconds, both inclusive (a date counts to its end).
        made_of
            A stored interval, `trades` or `quotes`: make the bars of these, even where there are stored ones. `finer`: of
            whatever is stored and finer.

        Raises
        ------
        InputError
            If a symbol or interval is not stored, or a symbol has no bars in that time.
        """
        from qt_engine.data.lookup import common_interval, not_stored
        from qt_engine.data.sourcing import find_sources

        stored = self._shelf.stored()
        names = [symbols] if isinstance(symbols, str) else list(symbols)
        chosen = interval or common_interval(stored, names)
        sources = find_sources(stored, names, chosen, made_of)
        if sources is None:
            raise not_stored(stored, names, chosen)
        return self._market(sources, chosen, *span_ns(start, end))

    def load_snapshot(
        self, sources: Sequence[tuple[str, str]], interval: str, start_ns: int | None = None, end_ns: int | None = None
    ) -> Market:
        """Exactly the rows that snapshots of series name, however the series look now.

        Parameters
        ----------
        sources
            (symbol, origin) of each column, as in `Market.sources`: a bare snapshot, or one with what was made of it.
        start_ns, end_ns
            First and last opening time, UTC nanoseconds, both inclusive; None: no bound.

        Raises
        ------
        NotFoundError
            If a snapshot is not in this workspace.
        StoreError
            If a part of it is missing or damaged.
        """
        from qt_engine.data.periods import FIRST_NS, LAST_NS

        low = FIRST_NS if start_ns is None else start_ns
        return self._market(list(sources), interval, low, LAST_NS if end_ns is None else end_ns)

    @property
    def _shelf(self) -> Shelf:
        from qt_engine.data.shelf import Shelf

        with self._guard:
            if self._shelf_or_none is None:
                self._shelf_or_none = Shelf(self.folder, self.catalog)
            return self._shelf_or_none

    def _import(self, provider: Provider, *, replace: bool = False) -> list[ImportReport]:
        from qt_engine.data.importing import import_source
        from qt_engine.data.raw import RawStore

        raw = RawStore(self.folder / "raw")
        return [import_source(raw, self._shelf, provider, source, replace=replace) for source in provider.sources()]

    def _series(self, symbol: str, interval: str | None) -> Series:
        from qt_engine.data.lookup import find_series

        return find_series(self._shelf.stored(), symbol, interval)

    def _span(self, series: Series, low: int, high: int) -> tuple[int, int]:
        from qt_engine.data.bars import find_span

        key = (series.info.snapshot, low, high)
        last = self._last_span
        if last[0] != key:  # whoever pages asks for the same time again and again
            last = self._last_span = (key, find_span(self._shelf, series, low, high))
        return last[1]

    def _market(self, sources: Sequence[tuple[str, str]], interval: str, low: int, high: int) -> Market:
        key = (tuple(sources), interval, low, high)
        market = self._markets.get(key)  # a market that someone still holds need not be read again
        if market is None:
            market = self._read_market(sources, interval, low, high)
            self._markets[key] = market
        return market

    def _read_market(self, sources: Sequence[tuple[str, str]], interval: str, low: int, high: int) -> Market:
        from qt_engine.data.loading import read_market

        return read_market(self._shelf, sources, interval, low, high)


def _check_page(offset: int, limit: int | None) -> None:
    if offset < 0 or (limit is not None and limit < 0):
        raise InputError("offset and limit must not be negative")
