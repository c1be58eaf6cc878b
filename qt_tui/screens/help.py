"""`?`: every key that holds where you are, what it does, and the id to remap it by."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

from qt_tui.screens.dialog import Dialog
from qt_tui.widgets.table import Column, Row, Table


class HelpScreen(Dialog[None]):
    """Nearest to the focus first."""

    heading = "Keys"
    DEFAULT_CSS = "HelpScreen > #frame { height: 80%; } HelpScreen Pane { height: 1fr; }"

    def __init__(self, behind: Screen[object]) -> None:
        super().__init__()
        self._behind = behind

    def content(self) -> list[Widget]:
        return [Table((Column("Key", 14), Column("Does", 44, grow=True), Column("Action id", 24)), id="keys")]

    def on_mount(self) -> None:
        table = self.query_one("#keys", Table)
        rows: dict[str, tuple[list[str], str, str]] = {}
        for active in self._behind.active_bindings.values():
            binding = active.binding
            if binding.id is None:
                continue
            keys, _, _ = rows.setdefault(binding.id, ([], active.tooltip or binding.description, binding.id))
            keys.append(self.app.get_key_display(binding))
        table.show([Row(name, [" ".join(keys), does, name]) for name, (keys, does, _) in rows.items()])
        pane = self.query_one("#dialog-pane")
        focused = self._behind.focused
        if focused is not None and hasattr(pane, "remark"):
            pane.remark = "remap them in keymap.yaml"
        table.focus()
