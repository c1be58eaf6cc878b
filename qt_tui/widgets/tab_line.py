"""On a narrow terminal one pane is shown at a time; this line names them all."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from qt_tui.charts.lines import Line
from qt_tui.look import palette_of
from qt_tui.widgets.strips import shown, strip


class TabLine(Widget):
    """Titles of the panes, the active one in the accent colour."""

    DEFAULT_CSS = """
    TabLine { height: 1; width: 1fr; display: none; }
    """

    titles: reactive[tuple[str, ...]] = reactive(())
    active: reactive[int] = reactive(0)
    remark: reactive[str] = reactive("")

    @dataclass
    class Chosen(Message):
        """A title was clicked."""

        index: int

    def __init__(self) -> None:
        super().__init__()
        self._spots: list[tuple[int, int]] = []

    def render_line(self, y: int) -> Strip:
        palette = palette_of(self)
        line: Line = []
        self._spots = []
        column = 0
        for index, title in enumerate(self.titles):
            text = f" {shown(title)} "
            here = index == self.active
            line.append((text, f"bold {palette.accent}" if here else palette.muted))
            self._spots.append((column, column + len(text)))
            column += len(text)
        remark = shown(self.remark)
        room = self.size.width - column
        if 0 < len(remark) + 2 <= room:
            line.append((f"{remark} ".rjust(room), palette.muted))
        return strip(line, self.size.width, palette.surface)

    def on_click(self, event: events.Click) -> None:
        for index, (start, end) in enumerate(self._spots):
            if start <= event.x < end:
                self.post_message(self.Chosen(index))
