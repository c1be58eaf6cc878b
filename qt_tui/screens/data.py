"""Mode 1: the symbols of the workspace, candles with volume of the chosen one, and its rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from qt_engine.core.intervals import is_intraday
from qt_tui import formats
from qt_tui.background import in_background
from qt_tui.bars import bars_of
from qt_tui.charts.candles import Bar
from qt_tui.charts.palette import NAMES
from qt_tui.charts.sparkline import sparkline
from qt_tui.keymap import bind
from qt_tui.screens.mode import ModeScreen
from qt_tui.widgets.bars_table import BarsTable
from qt_tui.widgets.candle_chart import CandleChart
from qt_tui.widgets.chart import Chart
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.data.series import SeriesCard

WINDOW = 4000
"""Bars that the candle chart holds: sixteen years of days, three days of minutes."""
EMPTY = (
    "No market data in this workspace yet.\n\nPress i to import real daily bars of AAPL, FB, GOOG, IBM and MSFT (2000–2013),\n"
    "or in a shell:  qt data import FILE --symbol S --interval 1d"
)
SPARK_WIDTH = 12


@dataclass(frozen=True)
class Loaded:
    """The last bars of a series, and how many there are in all."""

    symbol: str
    interval: str
    total: int
    bars: Sequence[Bar]


class DataScreen(ModeScreen):
    """List, candles, rows."""

    mode = "data"
    CSS = """
    DataScreen.-normal #body { grid-size: 2 2; grid-columns: 50 1fr; grid-rows: 3fr 2fr; }
    DataScreen.-normal #symbols { row-span: 2; }
    DataScreen.-wide #body { grid-size: 3 1; grid-columns: 52 1fr 84; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("data.import_sample", "import_sample", "Import sample", "Import the bundled real daily bars", show=True),
        bind("data.run", "run_on", "Backtest", "Backtest a strategy on this symbol", show=True),
    ]

    def panes(self) -> Iterable[Pane]:
        columns = (
            Column("Symbol", 9, grow=True), Column("Last", 10, "right"), Column("Change", 9, "right"),
            Column("", SPARK_WIDTH),
        )  # fmt: skip
        yield Pane("Symbols", Table(columns, empty="looking…", id="symbol-list"), id="symbols")
        yield Pane("Candles", CandleChart(id="candles"), id="chart")
        yield Pane("Rows", BarsTable(id="bars"), id="rows")

    def on_mount(self) -> None:
        super().on_mount()
        self._cards: dict[str, SeriesCard] = {}
        self._shown: tuple[str, str, int] | None = None
        self._window: Sequence[Bar] = ()
        self._first = 0

    def refresh_content(self) -> None:
        in_background(self, "overview", lambda: self.workspace.data.overview(), self._show_cards)

    @property
    def symbols_table(self) -> Table:
        return self.query_one("#symbol-list", Table)

    def _show_cards(self, cards: Sequence[SeriesCard]) -> None:
        palette = NAMES
        table = self.symbols_table
        first = not self._cards
        self._cards = {f"{card.symbol} {card.interval}": card for card in cards}
        several = len({card.interval for card in cards}) > 1
        rows = []
        for key, card in self._cards.items():
            style = palette.change(card.change)
            name = f"{card.symbol} {card.interval}" if several else card.symbol
            rows.append(
                Row(
                    key,
                    [
                        name,
                        formats.price(card.last),
                        (f"{formats.arrow(card.change)} {formats.percent(card.change)}", style),
                        (sparkline(card.spark, SPARK_WIDTH), style),
                    ],
                    figures={"last": card.last, "change": card.change, "rows": card.rows},
                    words=f"{card.symbol} {card.interval}",
                )
            )
        table.show(rows, empty=EMPTY)
        self.note_title(self.query_one("#symbols", Pane), remark=f"{len(rows)} series" if rows else "")
        if not rows:
            self.query_one("#candles", CandleChart).clear("candles of the chosen symbol appear here")
            return
        if first:
            wanted = self.qt.remembered.get("symbol")
            if wanted:
                table.select(wanted)
        self._show_series(table.current)

    @on(Table.Moved, "#symbol-list")
    def _symbol_moved(self, message: Table.Moved) -> None:
        self._show_series(message.row)

    @on(Table.Opened, "#symbol-list")
    def _symbol_opened(self) -> None:
        self.show_pane("chart")

    def _show_series(self, row: Row | None) -> None:
        if row is None or row.key not in self._cards:
            return
        card = self._cards[row.key]
        wanted = (card.symbol, card.interval, card.rows)
        if wanted == self._shown:
            return
        self._shown = wanted
        self.qt.remembered.note("symbol", row.key)
        data = self.workspace.data

        def load() -> Loaded:
            first = max(0, card.rows - WINDOW)
            bars = data.bars(card.symbol, card.interval, offset=first, limit=WINDOW)
            return Loaded(card.symbol, card.interval, card.rows, bars_of(bars))

        # After the paint: the first load brings numpy and DuckDB along.
        self.call_after_refresh(in_background, self, "series", load, self._series_loaded)

    def _series_loaded(self, loaded: Loaded) -> None:
        intraday = is_intraday(loaded.interval)
        name = f"{loaded.symbol} {loaded.interval}"
        self._show_window(loaded.total - len(loaded.bars), loaded.bars, None)
        self.note_title(self.query_one("#chart", Pane), title="Candles", remark=name)
        data = self.workspace.data

        def fetch(offset: int, limit: int) -> Sequence[Bar]:
            return bars_of(data.bars(loaded.symbol, loaded.interval, offset=offset, limit=limit))

        self.query_one("#bars", BarsTable).open(loaded.total, fetch, intraday=intraday, ready=loaded.bars)
        self.note_title(self.query_one("#rows", Pane), remark=f"{name}  {formats.count(loaded.total)} rows")

    # -- rows and crosshair speak of the same bar ----------------------------------------------------------------

    @on(Table.Moved, "#bars")
    def _row_moved(self) -> None:
        table = self.query_one("#bars", BarsTable)
        bar = table.bar_at(table.cursor)
        if bar is None or not table.has_focus or self._shown is None:
            return
        if self._first <= table.cursor < self._first + len(self._window):
            self.query_one("#candles", CandleChart).point_at(bar.ts)
            return
        symbol, interval, _ = self._shown
        data, first = self.workspace.data, max(0, table.cursor - WINDOW // 2)
        in_background(
            self,
            "window",
            lambda: bars_of(data.bars(symbol, interval, offset=first, limit=WINDOW)),
            lambda bars: self._show_window(first, bars, bar.ts),
        )

    def _show_window(self, first: int, bars: Sequence[Bar], point: int | None) -> None:
        """Candles of other bars than the last ones, with the crosshair on the row that was chosen."""
        self._first, self._window = first, bars
        intraday = self._shown is not None and is_intraday(self._shown[1])
        self.query_one("#candles", CandleChart).show_bars(bars, intraday=intraday, point=point)

    @on(Chart.Pointed, "#candles")
    def _crosshair_moved(self, message: Chart.Pointed) -> None:
        if message.ts is not None and self._window:
            position = bisect_right(self._window, message.ts, key=lambda bar: bar.ts) - 1
            self.query_one("#bars", BarsTable).move_to(self._first + max(0, position))

    # -- what the keys do ----------------------------------------------------------------------------------------

    def select_symbol(self, key: str) -> None:
        """Put the cursor on a series, such as `AAPL 1d`."""
        self.qt.remembered.note("symbol", key)
        self.symbols_table.select(key)

    def action_import_sample(self) -> None:
        table = self.symbols_table
        if not self._cards:
            table.show([], empty="importing the sample data…")
        self.tell("importing the sample data")
        in_background(self, "import", lambda: self.workspace.data.import_sample(), self._imported, self._import_failed)

    def _imported(self, reports: Sequence[object]) -> None:
        added = sum(getattr(report, "new_rows", 0) for report in reports)
        self.tell(f"{formats.count(added)} new rows in {len(reports)} series")
        self.refresh_content()
        self.qt.watch_workspace.renew_status()

    def _import_failed(self, line: str) -> None:
        if not self._cards:
            self.symbols_table.show([], empty=EMPTY)
        self.tell(line, severity="error")

    def action_run_on(self) -> None:
        from qt_tui.screens.launch import LaunchScreen

        row = self.symbols_table.current
        symbols = [self._cards[row.key].symbol] if row and row.key in self._cards else []
        self.app.push_screen(LaunchScreen(symbols=symbols))
