"""A list to pick from by typing: what `:` and the command palette share."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.widget import Widget
from textual.widgets import Input

from qt_tui.screens.dialog import Dialog
from qt_tui.widgets.table import Column, Row, Table


class ChooseScreen(Dialog[str]):
    """Dismissed with the key of the chosen row, else with None.

    A subclass gives `rows()` and may fill in more later with `offer`.
    """

    DEFAULT_CSS = """
    ChooseScreen { align: center top; }
    ChooseScreen > #frame { margin-top: 2; height: 70%; }
    ChooseScreen Pane { height: 1fr; }
    ChooseScreen Input { height: 1; border: none; background: $panel; }
    ChooseScreen Input:focus { border: none; }
    """
    prompt = ""
    columns: Sequence[Column] = (Column("", 30, grow=True), Column("", 40, grow=True), Column("", 10))

    def content(self) -> list[Widget]:
        return [
            Input(placeholder=self.prompt, compact=True),
            Table(self.columns, empty="nothing of that name", id="choices"),
        ]

    def rows(self) -> list[Row]:
        """What there is to choose."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.offer(self.rows())
        self.query_one(Input).focus()

    def offer(self, rows: Sequence[Row]) -> None:
        """Show these choices."""
        self.query_one("#choices", Table).show(rows)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        table = self.query_one("#choices", Table)
        table.narrow(event.value)
        table.move_to(0)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        row = self.query_one("#choices", Table).current
        if row is not None:
            self.dismiss(row.key)

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        self.dismiss(message.row.key)

    def on_key(self, event: events.Key) -> None:
        table = self.query_one("#choices", Table)
        steps = {"down": 1, "up": -1, "pagedown": table.page, "pageup": -table.page}
        if event.key in steps and not table.has_focus:
            event.stop()
            event.prevent_default()
            table.move_to(table.cursor + steps[event.key])
