"""Events of a run or a session, and below them all that is said of the one under the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from qt_tui.charts.palette import NAMES
from qt_tui.event_rows import Events, columns, event_row
from qt_tui.widgets.plain_text import PlainText
from qt_tui.widgets.table import Table


class EventsView(Vertical):
    """A table whose rows are keyed by their position, and a sentence."""

    DEFAULT_CSS = """
    EventsView { height: 1fr; }
    EventsView PlainText { height: auto; max-height: 2; color: $muted; }
    """

    def __init__(self) -> None:
        super().__init__(id="happened")
        self.table = Table(columns(()), empty="nothing chosen", id="events")
        self._events: Events = ()

    def compose(self) -> ComposeResult:
        yield self.table
        yield PlainText("", id="happened-said")

    def show_events(self, events: Events, *, empty: str) -> None:
        """Fill anew."""
        self._events = events
        self.table.columns = columns(events)
        self.table.show((event_row(str(number), event, NAMES) for number, event in enumerate(events)), empty=empty)
        self._say()

    def event_of(self, key: str) -> Mapping[str, Any] | None:
        """The event of a row."""
        return self._events[int(key)] if key.isdigit() and int(key) < len(self._events) else None

    @on(Table.Moved, "#events")
    def _say(self) -> None:
        row = self.table.current
        self.query_one("#happened-said", PlainText).say(str(row.cells[-1]) if row is not None else "")
