"""The line that opens under a list on `/`: rows that do not pass go away as you type."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import Input

from qt_tui.widgets.table import Table


class FilterBar(Input):
    """Filters one table: enter keeps the filter, escape takes it away."""

    DEFAULT_CSS = """
    FilterBar { dock: bottom; height: 1; border: none; padding: 0 1; display: none; background: $panel;
      &.-open { display: block; }
      &:focus { border: none; }
    }
    """

    @dataclass
    class Filtered(Message):
        """The text changed."""

        table: Table
        text: str

    def __init__(self) -> None:
        super().__init__(placeholder="filter: words, sharpe>1, dd<20%   enter keeps it, escape clears it", compact=True)
        self._table: Table | None = None

    def open_for(self, table: Table) -> None:
        """Start to filter a table."""
        self._table = table
        self.add_class("-open")
        self.focus()

    def _close(self) -> None:
        self.remove_class("-open")
        if self._table is not None:
            self._table.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._table is not None:
            self._table.narrow(event.value)
            self.post_message(self.Filtered(self._table, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.value = ""
            self._close()
