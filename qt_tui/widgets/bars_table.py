"""The rows of a series, however many: pages are fetched in a thread when they come near and kept for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from textual.worker import get_current_worker

from qt_tui import formats
from qt_tui.background import explain, log_file, warn
from qt_tui.charts.candles import Bar
from qt_tui.widgets.table import Column, Row, Table

PAGE = 1000
KEPT = 12
"""Pages in memory: 12,000 bars, about 3 MB."""

Fetch = Callable[[int, int], Sequence[Bar]]
"""(offset, limit) to bars; called in a thread."""

COLUMNS = (
    Column("Time", 16), Column("Open", 11, "right"), Column("High", 11, "right"), Column("Low", 11, "right"),
    Column("Close", 11, "right"), Column("Volume", 15, "right"),
)  # fmt: skip


class BarsTable(Table):
    """A table over a fetch function; rows not there yet are drawn as dots and fill in."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, empty="no rows", id=id)
        self._total = 0
        self._fetch: Fetch | None = None
        self._intraday = False
        self._pages: OrderedDict[int, Sequence[Bar]] = OrderedDict()
        self._asked: set[int] = set()
        self._series = 0

    def open(self, total: int, fetch: Fetch, *, intraday: bool, ready: Sequence[Bar] = ()) -> None:
        """Show another series, from its last row; `ready` are its last bars, where they are at hand."""
        self._series += 1
        self._total, self._fetch, self._intraday = total, fetch, intraday
        self._pages.clear()
        self._asked.clear()
        first = total - len(ready)
        for number in range(-(-first // PAGE), -(-total // PAGE)):
            self._pages[number] = ready[number * PAGE - first : (number + 1) * PAGE - first]
        self.set_reactive(Table.cursor, max(0, total - 1))
        self._measure()
        self.call_after_refresh(self._reveal)
        self.refresh()

    @property
    def row_count(self) -> int:
        return self._total

    def bar_at(self, index: int) -> Bar | None:
        """A bar if it is in memory; asks for its page if not."""
        number = index // PAGE
        page = self._pages.get(number)
        if page is None:
            self._want(number)
            return None
        self._pages.move_to_end(number)
        near = number + (1 if index % PAGE > PAGE // 2 else -1)
        if 0 <= near <= (self._total - 1) // PAGE and near not in self._pages:
            self._want(near)
        offset = index % PAGE
        return page[offset] if offset < len(page) else None

    def row_at(self, index: int) -> Row | None:
        if not 0 <= index < self._total:
            return None
        bar = self.bar_at(index)
        if bar is None:
            return None
        prices = [formats.price(v) for v in (bar.open, bar.high, bar.low, bar.close)]
        return Row(
            str(index), [formats.moment(bar.ts, intraday=self._intraday), *prices, formats.number(bar.volume, 0)]
        )

    def _want(self, number: int) -> None:
        if number in self._asked or self._fetch is None:
            return
        self._asked.add(number)
        fetch, series = self._fetch, self._series

        def body() -> None:
            try:
                bars = fetch(number * PAGE, PAGE)
            except Exception as error:  # noqa: BLE001 - told in one line
                self.call_later(warn, self, explain(error, log_file(self)))
                return
            if not get_current_worker().is_cancelled:
                self.call_later(self._arrived, series, number, bars)

        self.run_worker(body, group="pages", thread=True, exclusive=False, exit_on_error=False)

    def _arrived(self, series: int, number: int, bars: Sequence[Bar]) -> None:
        if series != self._series:
            return
        self._asked.discard(number)
        self._pages[number] = bars
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)
        self.refresh()

    def narrow(self, text: str) -> None:
        """Rows of a series are not filtered; a date takes you to its first row."""

    def seek(self, index: int) -> None:
        """Put the cursor on a row."""
        self.move_to(index)
