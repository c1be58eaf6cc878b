"""Asks before something is lost; the key that confirms is another one than the key that asked."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from qt_tui.keymap import bind
from qt_tui.screens.dialog import Dialog
from qt_tui.widgets.plain_text import PlainText


class ConfirmScreen(Dialog[bool]):
    """Dismissed with True if it was confirmed, else with None."""

    heading = "Are you sure?"
    DEFAULT_CSS = "ConfirmScreen > #frame { max-width: 70; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("dialog.confirm", "confirm", "Do it", "Confirm; any other key leaves everything as it is", show=True),
    ]

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._text = f"\n{question}\n{consequence}\n\nD does it, escape leaves everything as it is."

    def content(self) -> list[Widget]:
        return [PlainText(self._text)]

    def action_confirm(self) -> None:
        self.dismiss(True)
