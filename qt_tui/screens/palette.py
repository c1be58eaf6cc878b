"""`ctrl+p`: every command that holds where you are, by name; enter does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.dom import DOMNode
from textual.screen import Screen

from qt_tui.screens.choose import ChooseScreen
from qt_tui.widgets.table import Column, Row

if TYPE_CHECKING:
    from qt_tui.app import QtApp


class PaletteScreen(ChooseScreen):
    """Commands are the bindings that are active behind the palette: one list for keys, help and palette."""

    heading = "Commands"
    prompt = "what do you want to do?   enter does it, escape closes"
    columns = (Column("Command", 18), Column("What it does", 40, grow=True), Column("Key", 12))

    def __init__(self, behind: Screen[object]) -> None:
        super().__init__()
        self.actions: dict[str, tuple[DOMNode, str]] = {}
        self._rows: list[Row] = []
        for active in behind.active_bindings.values():
            binding = active.binding
            if binding.id is None or binding.action in [action for _, action in self.actions.values()]:
                continue
            if binding.id.startswith(("table.", "dialog.")) or binding.id == "app.palette" or not active.enabled:
                continue
            self.actions[binding.id] = (active.node, binding.action)
            key = behind.app.get_key_display(binding)
            self._rows.append(
                Row(
                    binding.id,
                    [binding.description, active.tooltip, key],
                    words=f"{binding.description} {active.tooltip} {binding.id}",
                )
            )

    def rows(self) -> list[Row]:
        return self._rows


def open_palette(app: QtApp) -> None:
    """Show the palette over the current screen and run what was chosen there."""
    palette = PaletteScreen(app.screen)

    async def run(chosen: str | None) -> None:
        if chosen is not None:
            node, action = palette.actions[chosen]
            await app.run_action(action, default_namespace=node)

    app.push_screen(palette, run)
