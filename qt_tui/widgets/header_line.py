"""The one line at the top: modes, workspace, data date, how far runs are, PAPER badge and jobs."""

from __future__ import annotations

from textual import events
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from qt_tui.charts.lines import Line
from qt_tui.look import palette_of
from qt_tui.modes import MODES
from qt_tui.status import Status
from qt_tui.widgets.strips import shown, strip


class HeaderLine(Widget):
    """Reads the app's `Status`; a click on a mode goes there."""

    DEFAULT_CSS = "HeaderLine { dock: top; height: 1; width: 1fr; }"

    status: reactive[Status] = reactive(Status)

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode
        self._spots: list[tuple[int, int, str]] = []

    def render_line(self, y: int) -> Strip:
        palette = palette_of(self)
        width = self.size.width
        status = self.status
        right: Line = []
        if status.data_date:
            right.append((f" data {status.data_date} ", palette.muted))
        if status.runs:
            number = f"{status.runs} " if status.runs > 1 else ""
            right.append((f" run {number}{status.share:.0%} ", f"bold {palette.background} on {palette.accent}"))
        if status.sessions:
            right.append((f" PAPER {status.sessions} ", f"bold {palette.background} on {palette.gain}"))
        if status.jobs:
            right.append((f" jobs {status.jobs} ", f"bold {palette.background} on {palette.accent}"))
        taken = sum(len(text) for text, _ in right)
        left: Line = [(" qt ", f"bold {palette.background} on {palette.accent}")]
        self._spots = []
        column = 4
        everything = 4 + sum(len(mode.title) + 4 for mode in MODES)
        for mode in MODES:
            here = mode.name == self.mode
            if everything + taken + 12 <= width or here:
                text = f" {mode.number} {mode.title} "
            elif everything - 60 + len(MODES) * 2 + taken <= width:
                text = f" {mode.number} "
            else:
                continue
            style = f"bold {palette.accent}" if here else palette.muted
            left.append((text, style))
            self._spots.append((column, column + len(text), mode.name))
            column += len(text)
        room = width - column - taken
        place = shown(status.workspace)
        if room > len(place) + 2:
            left.append((f"{place} ".rjust(room), palette.foreground))
        else:
            left.append((" " * max(0, room), ""))
        return strip([*left, *right], width, palette.surface)

    def on_click(self, event: events.Click) -> None:
        for start, end, mode in self._spots:
            if start <= event.x < end:
                self.app.switch_mode(mode)
