"""The one widget around the drawing functions: size, palette, crosshair and caching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from qt_tui.charts.lines import Line, message
from qt_tui.charts.palette import Palette
from qt_tui.keymap import bind
from qt_tui.look import palette_of
from qt_tui.widgets.strips import strip

Painter = Callable[[int, int, Palette, int | None], list[Line]]
"""(width, height, palette, index under the crosshair) to lines."""


class Chart(Widget, can_focus=True):
    """Draws what its painter gives; `times` lets the crosshair speak in dates that all charts share."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("chart.earlier", "move(-1)", "Earlier", "Crosshair one point back"),
        bind("chart.later", "move(1)", "Later", "Crosshair one point on", show=True),
        bind("chart.page_earlier", "move(-20)", "Much earlier", "Crosshair twenty points back"),
        bind("chart.page_later", "move(20)", "Much later", "Crosshair twenty points on"),
        bind("chart.first", "edge(0)", "Start", "Crosshair to the first point"),
        bind("chart.last", "edge(-1)", "End", "Crosshair to the last point"),
        bind("chart.release", "release", "No crosshair", "Take the crosshair away"),
    ]

    cursor: reactive[int | None] = reactive(None)

    @dataclass
    class Pointed(Message):
        """The crosshair stands at another time; None where it was taken away."""

        chart: Chart
        ts: int | None

        @property
        def control(self) -> Chart:
            return self.chart

    def __init__(self, *, empty: str = "nothing to draw yet", id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty = empty
        self.times: Sequence[int] = ()
        self._painter: Painter | None = None
        self._version = 0
        self._drawn: tuple[object, list[Strip]] | None = None

    def draw(self, times: Sequence[int], painter: Painter) -> None:
        """Show another picture."""
        self.times = times
        self._painter = painter
        if self.cursor is not None and self.cursor >= len(times):
            self.set_reactive(Chart.cursor, None)
        self._renew()

    def clear(self, reason: str) -> None:
        """Show a sentence in place of a picture."""
        self.empty = reason
        self.times = ()
        self._painter = None
        self.set_reactive(Chart.cursor, None)
        self._renew()

    def point_at(self, ts: int | None) -> None:
        """Put the crosshair on the last point at or before a time, without telling others."""
        if ts is None or not len(self.times):
            index = None
        else:
            import bisect

            index = max(0, bisect.bisect_right(self.times, ts) - 1)
        self.set_reactive(Chart.cursor, index)
        self._renew()

    def _renew(self) -> None:
        self._version += 1
        self.refresh()

    def _lines(self, width: int, height: int, palette: Palette) -> list[Line]:
        if self._painter is None:
            return message(self.empty, width, height, palette.muted)
        return self._painter(width, height, palette, self.cursor)

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        palette = palette_of(self)
        ground = palette.background
        key = (width, height, palette, ground, self._version, self.cursor)
        if self._drawn is None or self._drawn[0] != key:
            lines = self._lines(width, height, palette)
            self._drawn = (key, [strip(line, width, ground, palette.foreground) for line in lines])
        strips = self._drawn[1]
        return strips[y] if y < len(strips) else Strip.blank(width, self.rich_style)

    # -- the crosshair -------------------------------------------------------------------------------------------

    def _point(self, index: int) -> None:
        if len(self.times):
            self.cursor = max(0, min(index, len(self.times) - 1))
            self.post_message(self.Pointed(self, int(self.times[self.cursor])))

    def action_move(self, steps: int) -> None:
        start = self.cursor if self.cursor is not None else len(self.times) - 1
        self._point(start + steps)

    def action_edge(self, index: int) -> None:
        self._point(0 if index == 0 else len(self.times) - 1)

    def action_release(self) -> None:
        self.cursor = None
        self.post_message(self.Pointed(self, None))

    def on_click(self, event: events.Click) -> None:
        index = self.index_at(event.x)
        if index is not None:
            self._point(index)

    def index_at(self, column: int) -> int | None:
        """The point under a text column, as near as the axis allows."""
        if not len(self.times) or self.size.width < 16:
            return None
        from qt_tui.charts.line import index_at

        return index_at(column, self.size.width - 8, len(self.times))
