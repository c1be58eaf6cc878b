"""Mode 3: every run there was, whatever became of it: metrics, equity, drawdown, trades and events, and the candles of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.timer import Timer

from qt_engine.core.intervals import is_intraday
from qt_tui import formats, models
from qt_tui.background import in_background
from qt_tui.bars import bars_around
from qt_tui.charts.palette import NAMES
from qt_tui.event_rows import Events, counted
from qt_tui.keymap import bind
from qt_tui.run_rows import COLUMNS, named, run_facts, run_notes, run_remarks, run_row
from qt_tui.screens.mode import ModeScreen
from qt_tui.widgets.candle_chart import CandleChart
from qt_tui.widgets.chart import Chart
from qt_tui.widgets.equity_chart import DrawdownChart, EquityChart
from qt_tui.widgets.events_view import EventsView
from qt_tui.widgets.facts import Facts
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.table import Table
from qt_tui.widgets.trades_table import TradesTable

if TYPE_CHECKING:
    from qt_engine.experiments.record import RunRecord
    from qt_engine.experiments.reproduce import Reproduction

MOST_RUNS = 1000
MOST_EVENTS = 5000
"""Events in the table, the first ones; the remark counts all."""
EMPTY = "No runs yet.\n\nPress r to backtest a strategy, or in a shell:  qt backtest sma_cross --symbols AAPL"
LIVE_PERIOD = 0.3
AROUND = 15
"""Bars shown before a trade's entry and after its exit."""


@dataclass(frozen=True)
class Detail:
    """What a completed run left behind."""

    times: Sequence[int]
    equity: Sequence[float]
    trades: Sequence[Any]
    events: Events


class RunsScreen(ModeScreen):
    """List above; metrics, curves and trades of the chosen run below."""

    mode = "runs"
    CSS = """
    RunsScreen.-normal #body { grid-size: 2 3; grid-columns: 36 1fr; grid-rows: 2fr 3fr 2fr; }
    RunsScreen.-normal #list { column-span: 2; }
    RunsScreen.-normal #metrics { row-span: 2; }
    RunsScreen.-wide #body { grid-size: 3 2; grid-columns: 2fr 36 2fr; grid-rows: 1fr 1fr; }
    RunsScreen.-wide #list { row-span: 2; }
    RunsScreen.-wide #metrics { row-span: 2; }
    RunsScreen #equity { height: 2fr; }
    RunsScreen #drawdown { height: 1fr; }
    RunsScreen #around { display: none; }
    RunsScreen .-trade #around { display: block; }
    RunsScreen .-trade #equity, RunsScreen .-trade #drawdown { display: none; }
    RunsScreen #happened { display: none; }
    RunsScreen .-events #happened { display: block; }
    RunsScreen .-events #trades { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("runs.run", "launch", "Run", "Backtest again, or something else", show=True),
        bind("table.mark", "mark", "Mark", "Mark this run for comparison", show=True),
        bind("runs.compare", "compare", "Compare", "Put the marked runs side by side", show=True),
        bind(
            "runs.events", "events", "Events", "From trades to events (limits, splits, dividends) and back", show=True
        ),
        bind("runs.delete", "cancel", "Cancel", "Cancel a run that is still running here"),
        bind(
            "runs.reproduce",
            "reproduce",
            "Reproduce",
            "Run again from the stored spec and snapshot, and compare the bytes",
        ),
        bind("runs.export", "export", "Export", "Write the run's tables to exports/"),
        bind("runs.strategy", "strategy", "Strategy", "Open this run's strategy in the editor"),
        bind("chart.release", "back", "Back", "From the candles of a trade or an event back to the curves"),
    ]

    def panes(self) -> Iterable[Pane]:
        yield Pane("Runs", Table(COLUMNS, empty="looking…", id="run-list"), id="list")
        yield Pane("Metrics", Facts(empty="no run chosen", id="facts"), id="metrics")
        equity = EquityChart(empty="no run chosen", id="equity")
        yield Pane(
            "Equity", equity, DrawdownChart(empty="", id="drawdown"), CandleChart(id="around"), id="curves", home=equity
        )
        trades = TradesTable(id="trades")
        yield Pane("Trades", trades, EventsView(), id="trades-pane", home=trades)

    def on_mount(self) -> None:
        super().on_mount()
        self._records: dict[str, RunRecord] = {}
        self._shown: tuple[str, str] | None = None
        self._live: Timer | None = None
        self._detail: Detail | None = None
        self.table.marked = set(self.qt.marked_runs)

    @property
    def table(self) -> Table:
        return self.query_one("#run-list", Table)

    @property
    def chosen(self) -> RunRecord | None:
        """The run under the cursor."""
        row = self.table.current
        return self._records.get(row.key) if row else None

    # -- the list ------------------------------------------------------------------------------------------------

    def refresh_content(self) -> None:
        in_background(self, "runs", lambda: self.workspace.runs.list(limit=MOST_RUNS), self._show_runs)

    def _show_runs(self, records: Sequence[RunRecord]) -> None:
        palette = NAMES
        first = not self._records
        self._records = {record.run_id: record for record in records}
        self.table.show([run_row(record, palette) for record in records], empty=EMPTY)
        self._mention_marks()
        wanted = self.qt.remembered.get("run")
        if first and wanted:
            self.table.select(wanted)
        if not records:
            self.query_one("#facts", Facts).show([], empty="")
        running = any(record.status == "running" for record in records)
        if running and self._live is None:
            self._live = self.set_interval(LIVE_PERIOD, self.refresh_content)
        elif not running and self._live is not None:
            self._live.stop()
            self._live = None
        self._show_detail()

    def _mention_marks(self) -> None:
        marked = len(self.table.marked)
        remark = f"{len(self._records)} run{'' if len(self._records) == 1 else 's'}" + (
            f", {marked} marked" if marked else ""
        )
        self.note_title(self.query_one("#list", Pane), remark=remark if self._records else "")

    def on_screen_suspend(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @on(Table.Moved, "#run-list")
    def _moved(self) -> None:
        self.set_timer(0.05, self._show_detail)

    @on(Table.Opened, "#run-list")
    def _opened(self) -> None:
        self.show_pane("curves")

    def select_run(self, run_id: str) -> None:
        """Put the cursor on a run."""
        self.qt.remembered.note("run", run_id)
        self.table.select(run_id)

    # -- the chosen run ------------------------------------------------------------------------------------------

    def _show_detail(self) -> None:
        record = self.chosen
        if record is None or (record.run_id, record.status) == self._shown:
            return
        self._shown = (record.run_id, record.status)
        self.qt.remembered.note("run", record.run_id)
        self.action_back()
        notes = run_notes(record, NAMES)
        self.query_one("#facts", Facts).show(run_facts(record, NAMES), notes=[*notes, *run_remarks(record, NAMES)])
        told = f"{len(notes)} note{'' if len(notes) == 1 else 's'}  " if notes else ""
        metrics = f"Metrics {models.PERFECT}" if record.perfect else "Metrics"
        self.note_title(self.query_one("#metrics", Pane), title=metrics, remark=f"{told}{record.run_id[-8:]}")
        self.note_title(self.query_one("#curves", Pane), remark=named(record))
        if record.status != "completed":
            self._detail = None
            self._say_counts()
            reason = f"{record.status}: {record.error}" if record.error else f"the run is {record.status}"
            self.query_one("#equity", EquityChart).clear(reason)
            self.query_one("#drawdown", DrawdownChart).clear("")
            self.query_one("#trades", TradesTable).show([], empty=f"no trades: {reason}")
            self.query_one(EventsView).show_events((), empty=f"no events: {reason}")
            return
        runs = self.workspace.runs

        def load() -> Detail:
            curve = runs.rows_of(record, "equity")
            # Sorting keeps the order of what happened at one time: fallbacks are decided before anything follows from them.
            happened = sorted(
                [*runs.fallbacks_of(record), *runs.events_of(record)], key=lambda event: str(event["time"])
            )
            return Detail(curve["ts"].tolist(), curve["equity"].tolist(), runs.trades_of(record), happened)

        in_background(self, "detail", load, self._detail_loaded)

    def _detail_loaded(self, detail: Detail) -> None:
        self.query_one("#equity", EquityChart).show_curve(detail.times, detail.equity)
        self.query_one("#drawdown", DrawdownChart).show_curve(detail.times, detail.equity)
        self._detail = detail
        self.query_one("#trades", TradesTable).show_trades(detail.trades, empty="this run made no trades")
        self.query_one(EventsView).show_events(
            detail.events[:MOST_EVENTS],
            empty="no limit was reached, and there were no corporate actions of positions it held",
        )
        self._say_counts()

    def _say_counts(self) -> None:
        """Both tables of the pane are told of at its right, whichever is in sight."""
        pane, detail = self.query_one("#trades-pane", Pane), self._detail
        events = pane.has_class("-events")
        remark = ""
        if detail is not None:
            pnl = sum(trade.pnl for trade in detail.trades)
            trades = f"{len(detail.trades)} trades" + (f"  {formats.signed(pnl)}" if detail.trades else "")
            remark = trades if events else f"{trades}   {self._events_counted()}"
            remark = (self._events_counted() or "no events") if events else remark.rstrip()
        self.note_title(pane, title="Events" if events else "Trades", remark=remark)

    def _events_counted(self) -> str:
        return counted(self._detail.events) if self._detail is not None else ""

    def action_events(self) -> None:
        pane = self.query_one("#trades-pane", Pane)
        events = not pane.has_class("-events")
        pane.set_class(events, "-events")
        pane.home = self.query_one("#events" if events else "#trades", Table)
        self._say_counts()
        self.show_pane("trades-pane")

    @on(Table.Opened, "#events")
    def _event_opened(self, message: Table.Opened) -> None:
        """Drill down: the candles around a symbol's event, the curve where one concerns the whole book."""
        event, record = self.query_one(EventsView).event_of(message.row.key), self.chosen
        if event is None or record is None:
            return
        at = formats.nanoseconds(event["time"])
        symbol, kind = event.get("symbol"), str(event.get("kind", "fallback")).replace("_", " ")
        if symbol is None:
            chart = self.query_one("#equity", EquityChart)
            self.show_pane("curves")
            chart.point_at(at)
            self.query_one("#drawdown", DrawdownChart).point_at(at)
            return
        workspace, interval = self.workspace, record.spec.interval
        in_background(
            self, "around", lambda: bars_around(workspace, symbol, interval, at, at, AROUND),
            lambda bars: self._show_candles(bars, [(at, "!", "warning")], at, f"{symbol} {kind}"),
        )  # fmt: skip

    @on(Table.Opened, "#trades")
    def _trade_opened(self, message: Table.Opened) -> None:
        """Drill down: the candles around a trade, with its entry and exit marked."""
        trade = self.query_one("#trades", TradesTable).trade(message.row.key)
        record = self.chosen
        if trade is None or record is None:
            return
        workspace, interval = self.workspace, record.spec.interval
        entry, leave = formats.nanoseconds(trade.entry_time), formats.nanoseconds(trade.exit_time)
        in_background(
            self, "around", lambda: bars_around(workspace, trade.symbol, interval, entry, leave, AROUND),
            lambda bars: self._show_trade(trade, bars),
        )  # fmt: skip

    def _show_trade(self, trade: Any, bars: Any) -> None:
        entry, leave = formats.nanoseconds(trade.entry_time), formats.nanoseconds(trade.exit_time)
        marks = [(entry, "E", "accent"), (leave, "X", "gain" if trade.pnl > 0 else "loss")]
        self._show_candles(bars, marks, leave, f"{trade.symbol} {trade.side} {formats.signed(trade.pnl)}")

    def _show_candles(self, bars: Any, marks: Sequence[tuple[int, str, str]], point: int, remark: str) -> None:
        pane, record = self.query_one("#curves", Pane), self.chosen
        if record is None:
            return
        pane.add_class("-trade")
        chart = self.query_one("#around", CandleChart)
        chart.show_bars(bars, intraday=is_intraday(record.spec.interval), marks=list(marks), point=point)
        self.note_title(pane, remark=f"{remark}   escape: back")
        self.show_pane("curves", focus=False)
        chart.focus()

    @on(Chart.Pointed, "#around")
    def _left_trade(self, message: Chart.Pointed) -> None:
        if message.ts is None:
            self.action_back()

    def action_back(self) -> None:
        pane = self.query_one("#curves", Pane)
        if pane.has_class("-trade"):
            pane.remove_class("-trade")
            record = self.chosen
            if record:
                self.note_title(pane, remark=named(record))
            self.show_pane("trades-pane")

    # -- what the keys do ----------------------------------------------------------------------------------------

    def action_launch(self) -> None:
        from qt_tui.screens.launch import LaunchScreen

        record = self.chosen
        if record is None:
            self.app.push_screen(LaunchScreen())
            return
        spec = record.spec
        self.app.push_screen(
            LaunchScreen(
                strategy=spec.strategy, symbols=spec.symbols, parameters=spec.parameters,
                execution=models.title(models.named(spec.model)), limits=spec.limits,
            )
        )  # fmt: skip

    def action_mark(self) -> None:
        self.table.toggle_mark()
        self.qt.marked_runs = [key for key in self.qt.marked_runs if key in self.table.marked]
        self.qt.marked_runs += [
            key for key in self._records if key in self.table.marked and key not in self.qt.marked_runs
        ]
        self._mention_marks()
        self.table.action_down()

    def action_compare(self) -> None:
        if len(self.qt.marked_runs) < 2:
            self.tell("mark at least two runs with space first", severity="warning")
            return
        self.qt.action_mode("compare")

    def action_cancel(self) -> None:
        record = self.chosen
        # A portfolio is registered once it is decided: until then it has no row, and can be cancelled all the same.
        if not self.qt.running_here.count and (record is None or record.status != "running"):
            self.tell("runs are never deleted: a failure is a result too, and every trial counts", severity="warning")
            return
        from qt_tui.screens.confirm import ConfirmScreen

        ask = ConfirmScreen(
            "Cancel the runs started here?", "They are kept as cancelled. Runs of other processes go on."
        )
        self.app.push_screen(ask, lambda sure: self._cancel() if sure else None)

    def _cancel(self) -> None:
        stopped = self.qt.running_here.cancel_all()
        self.tell(
            f"asked {stopped} runs to stop" if stopped else "no run of this app is running; end it where it was started"
        )

    def action_reproduce(self) -> None:
        record = self.chosen
        if record is not None:
            self.tell("reproducing…")
            in_background(
                self, "reproduce", lambda: self.workspace.reproduce(record.run_id),
                self._reproduced,
            )  # fmt: skip

    def _reproduced(self, found: Reproduction) -> None:
        self.tell(f"{found.verdict}: {found.first_difference or 'the same bytes came out'}")

    def action_export(self) -> None:
        record = self.chosen
        if record is not None:
            in_background(
                self, "export", lambda: self.workspace.export(record.run_id),
                lambda paths: self.tell(f"{len(paths)} files in {paths[0].parent}"),
            )  # fmt: skip

    def action_strategy(self) -> None:
        record = self.chosen
        if record is not None:
            self.qt.remembered.note("strategy", record.spec.strategy)
            self.qt.action_mode("strategies")
