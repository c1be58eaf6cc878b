"""Mode 6: paper sessions as they run: positions, P&L, orders and fills, equity. They go on when the app closes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.timer import Timer

from qt_engine.core.intervals import is_intraday
from qt_tui import formats
from qt_tui.background import in_background
from qt_tui.charts.palette import NAMES
from qt_tui.event_rows import counted
from qt_tui.keymap import bind
from qt_tui.models import PERFECT
from qt_tui.run_rows import MOST_NAMED
from qt_tui.screens.mode import ModeScreen
from qt_tui.session_rows import (
    COLUMNS,
    DAY,
    MINUTE,
    Terms,
    fill_columns,
    fill_row,
    order_columns,
    order_row,
    position_columns,
    position_row,
    session_facts,
    session_row,
)
from qt_tui.widgets.equity_chart import EquityChart
from qt_tui.widgets.events_view import EventsView
from qt_tui.widgets.facts import Facts
from qt_tui.widgets.pane import Pane
from qt_tui.widgets.table import Table

if TYPE_CHECKING:
    from qt_engine.live.parity import Parity
    from qt_engine.live.status import SessionStatus

PERIOD = 0.2
"""Seconds between two looks while a session runs."""
MOST_ROWS = 500
EMPTY = (
    "No paper sessions yet.\n\nPress r to replay stored bars through a strategy, or in a shell:\n"
    "  qt paper start sma_cross --symbols AAPL --feed replay --speed 20"
)


@dataclass(frozen=True)
class Look:
    """All sessions, and the curve of the chosen one."""

    sessions: Sequence[SessionStatus]
    chosen: str | None
    times: Sequence[int]
    equity: Sequence[float]
    terms: Terms


class LiveScreen(ModeScreen):
    """Sessions and state at the left; equity, positions, fills and orders at the right."""

    mode = "live"
    CSS = """
    LiveScreen.-normal #body { grid-size: 2 4; grid-columns: 42 1fr; grid-rows: 1fr 5 1fr 1fr; }
    LiveScreen.-normal #list { row-span: 2; }
    LiveScreen.-normal #state { row-span: 2; }
    LiveScreen.-wide #body { grid-size: 3 3; grid-columns: 48 1fr 1fr; grid-rows: 2fr 1fr 2fr; }
    LiveScreen.-wide #list { row-span: 2; }
    LiveScreen.-wide #curve { column-span: 2; }
    LiveScreen.-wide #holdings { column-span: 2; }
    LiveScreen #happened { display: none; }
    LiveScreen .-events #happened { display: block; }
    LiveScreen .-events #orders { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("live.start", "start", "Start", "Start a paper session on stored bars", show=True),
        bind("live.stop", "stop", "Stop", "Stop this session (it can be resumed)", show=True),
        bind("live.resume", "resume", "Resume", "Let this session go on where it stopped", show=True),
        bind(
            "live.events", "events", "Events", "From orders to events (limits, splits, dividends) and back", show=True
        ),
        bind("live.parity", "parity", "Parity", "Prove that this session is what a backtest of its bars is", show=True),
    ]

    def panes(self) -> Iterable[Pane]:
        yield Pane("Sessions", Table(COLUMNS, empty="looking…", id="sessions"), id="list")
        yield Pane("Equity", EquityChart(empty="no session chosen", id="equity"), id="curve")
        yield Pane("Positions", Table(position_columns(), empty="no open positions", id="positions"), id="holdings")
        yield Pane("State", Facts(empty="no session chosen", id="facts"), id="state")
        yield Pane("Fills", Table(fill_columns(), empty="no fills yet", id="fills"), id="done")
        orders = Table(order_columns(), empty="no orders yet", id="orders")
        yield Pane("Orders", orders, EventsView(), id="asked", home=orders)

    def on_mount(self) -> None:
        super().on_mount()
        self._sessions: dict[str, SessionStatus] = {}
        self._timer: Timer | None = None
        self._terms: dict[str, Terms] = {}
        self._busy = False

    @property
    def table(self) -> Table:
        return self.query_one("#sessions", Table)

    @property
    def chosen(self) -> SessionStatus | None:
        """The session under the cursor."""
        row = self.table.current
        return self._sessions.get(row.key) if row else None

    # -- looking -------------------------------------------------------------------------------------------------

    def refresh_content(self) -> None:
        if self._busy:
            return
        self._busy = True
        row = self.table.current
        wanted = row.key if row else self.qt.remembered.get("session")
        workspace, sessions, terms = self.workspace, self.workspace.sessions, self._terms

        def look() -> Look:
            found = sessions.list()
            ids = [session.session_id for session in found]
            chosen = wanted if wanted in ids else ids[0] if ids else None
            times, equity = sessions.curve(chosen) if chosen else ((), ())
            if chosen and chosen not in terms:  # it never changes: read once
                terms[chosen] = Terms.of(workspace.jobs.get(chosen).spec)
            return Look(found, chosen, times, equity, terms[chosen] if chosen else Terms())

        in_background(self, "sessions", look, self._show, self._failed)

    def _failed(self, line: str) -> None:
        self._busy = False
        self.tell(line, severity="error")

    def _show(self, look: Look) -> None:
        self._busy = False
        palette = NAMES
        first = not self._sessions
        self._sessions = {session.session_id: session for session in look.sessions}
        self.table.show([session_row(session, palette) for session in look.sessions], empty=EMPTY)
        if first and look.chosen:
            self.table.select(look.chosen)
        self.note_title(self.query_one("#list", Pane), remark=str(len(look.sessions) or ""))
        running = any(session.state == "running" for session in look.sessions)
        if running and self._timer is None:
            self._timer = self.set_interval(PERIOD, self.refresh_content)
        elif not running:
            self._rest()
        session = self.chosen
        if session is None or session.session_id != look.chosen:
            return
        notes = [(session.error, palette.error)] if session.error else []
        self.query_one("#facts", Facts).show(session_facts(session, look.terms, palette), notes=notes)
        on = " ".join(session.symbols) if len(session.symbols) <= MOST_NAMED else f"{len(session.symbols)} symbols"
        perfect = f"Equity  {PERFECT}" if session.perfect else "Equity"
        self.note_title(self.query_one("#curve", Pane), title=perfect, remark=f"{session.strategy} on {on}")
        chart = self.query_one("#equity", EquityChart)
        if len(look.times) > 1:
            chart.show_curve(look.times, look.equity)
        else:
            chart.clear(session.error or "waiting for the first bars")
        time = MINUTE if is_intraday(session.interval) else DAY
        for name, columns in (("positions", position_columns), ("fills", fill_columns), ("orders", order_columns)):
            self.query_one(f"#{name}", Table).columns = columns(time)
        self.query_one("#positions", Table).show(position_row(p, session.equity, palette) for p in session.positions)
        self.note_title(self.query_one("#holdings", Pane), remark=_invested(session))
        fills = [fill_row(fill, palette) for fill in reversed(session.fills[-MOST_ROWS:])]
        self.query_one("#fills", Table).show(fills)
        self.note_title(self.query_one("#done", Pane), remark=formats.count(len(session.fills)))
        self.query_one("#orders", Table).show(
            order_row(order, palette) for order in reversed(session.orders[-MOST_ROWS:])
        )
        latest = list(reversed(session.events[-MOST_ROWS:]))
        self.query_one(EventsView).show_events(latest, empty="no limit was reached, no corporate actions")
        self._say_counts(session)

    def _say_counts(self, session: SessionStatus) -> None:
        """Both tables of the pane are told of at its right, whichever is in sight."""
        pane = self.query_one("#asked", Pane)
        events, orders = counted(session.events), formats.count(len(session.orders))
        shown = pane.has_class("-events")
        remark = events if shown else f"{orders}   {events}".rstrip()
        self.note_title(pane, title="Events" if shown else "Orders", remark=remark)

    def action_events(self) -> None:
        pane = self.query_one("#asked", Pane)
        shown = not pane.has_class("-events")
        pane.set_class(shown, "-events")
        pane.home = self.query_one("#events" if shown else "#orders", Table)
        self.note_title(pane, title="Events" if shown else "Orders", remark="")
        if self.chosen is not None:
            self._say_counts(self.chosen)
        self.show_pane("asked")

    @on(Table.Opened, "#events")
    def _event_opened(self, message: Table.Opened) -> None:
        """Drill down: the crosshair of the curve goes to the time of the event."""
        event = self.query_one(EventsView).event_of(message.row.key)
        if event is not None:
            self.show_pane("curve")
            self.query_one("#equity", EquityChart).point_at(formats.nanoseconds(event["time"]))

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def on_screen_suspend(self) -> None:
        self._rest()

    @on(Table.Moved, "#sessions")
    def _moved(self, message: Table.Moved) -> None:
        if message.row is not None:
            self.qt.remembered.note("session", message.row.key)
            self.refresh_content()

    def select_session(self, session_id: str) -> None:
        """Put the cursor on a session."""
        self.qt.remembered.note("session", session_id)
        self.table.select(session_id)

    # -- what the keys do ----------------------------------------------------------------------------------------

    def action_start(self) -> None:
        from qt_tui.screens.session import SessionScreen

        self.app.push_screen(SessionScreen(), self._started)

    def _started(self, session_id: str | None) -> None:
        if session_id is not None:
            self.qt.remembered.note("session", session_id)
            self._busy = False
            self._sessions = {}
            self.table.show([])
            self.refresh_content()
            self.qt.watch_workspace.renew_status()

    def action_stop(self) -> None:
        session = self.chosen
        if session is None or session.state != "running":
            self.tell("this session does not run", severity="warning")
            return
        from qt_tui.screens.confirm import ConfirmScreen

        question = f"Stop {session.session_id}?"
        ask = ConfirmScreen(question, "It stops after the bar it is at; positions stay, and u resumes it.")
        self.app.push_screen(ask, lambda sure: self._do("stop", session.session_id) if sure else None)

    def action_resume(self) -> None:
        if self.chosen is not None:
            self._do("resume", self.chosen.session_id)

    def _do(self, verb: str, session_id: str) -> None:
        act: Any = getattr(self.workspace.sessions, verb)
        in_background(self, verb, lambda: act(session_id), lambda _: self._changed())

    def _changed(self) -> None:
        self._busy = False
        self.refresh_content()
        self.qt.watch_workspace.renew_status()

    def action_parity(self) -> None:
        session = self.chosen
        if session is not None:
            self.tell("replaying the session as a backtest…")
            in_background(
                self, "parity", lambda: self.workspace.sessions.parity(session.session_id),
                self._parity_known,
            )  # fmt: skip

    def _parity_known(self, parity: Parity) -> None:
        counted = f"{parity.bars} bars, {parity.fills} fills, {parity.orders} orders, the same bytes"
        self.tell(f"{parity.verdict}: {parity.first_difference or counted}")


def _invested(session: SessionStatus) -> str:
    """How many positions there are, and their net and gross share of equity."""
    if not session.positions or session.equity <= 0:
        return ""
    values = [position["quantity"] * position["last_price"] for position in session.positions]
    net, gross = sum(values) / session.equity, sum(map(abs, values)) / session.equity
    return f"{len(values)}   net {formats.percent(net, 0)}  gross {formats.percent(gross, 0).lstrip('+')}"
