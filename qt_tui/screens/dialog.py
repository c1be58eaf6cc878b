"""What lies over a mode: a titled box that escape closes."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget

from qt_tui.keymap import bind
from qt_tui.widgets.footer_line import FooterLine
from qt_tui.widgets.pane import Pane

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A subclass gives a `heading` and its `content()`; `width` and `height` are the most it takes."""

    heading: ClassVar[str] = ""
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > #frame { width: 90%; max-width: 100; height: auto; max-height: 90%; background: $background;
      border: round $grid; padding: 0 1; }
    Dialog Pane { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("dialog.close", "close", "Close", "Close without doing anything", show=True),
    ]

    def content(self) -> list[Widget]:
        """The widgets under the title."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield Pane(self.heading, *self.content(), id="dialog-pane")
        yield FooterLine()

    def action_close(self) -> None:
        self.dismiss(None)
