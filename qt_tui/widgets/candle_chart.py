"""Candles of one series: a window that follows the crosshair, zoom from three columns a bar to many bars a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from qt_tui.charts.candles import Bar, draw_candles, grouped, visible_bars
from qt_tui.charts.lines import Line, message
from qt_tui.charts.palette import Palette
from qt_tui.keymap import bind
from qt_tui.widgets.chart import Chart

ZOOMS = ((3, 1), (2, 1), (1, 1), (1, 2), (1, 4), (1, 8), (1, 16), (1, 32), (1, 64))
"""(columns a candle, bars a candle), from near to far."""

Mark = tuple[int, str, str]
"""(UTC nanoseconds, letter, `gain`, `loss` or `accent`)."""


class CandleChart(Chart):
    """Bars are given as a whole window; more of them than fit are reached with the crosshair or by zooming out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("chart.zoom_in", "zoom(-1)", "Zoom in", "Fewer, wider candles"),
        bind("chart.zoom_out", "zoom(1)", "Zoom out", "More bars, several in one candle", show=True),
    ]

    def __init__(self, *, empty: str = "no symbol chosen", id: str | None = None) -> None:
        super().__init__(empty=empty, id=id)
        self._bars: Sequence[Bar] = ()
        self._groups: Sequence[Bar] = ()
        self._intraday = False
        self._marks: Sequence[Mark] = ()
        self._zoom = 1
        self._end = 0

    def show_bars(
        self, bars: Sequence[Bar], *, intraday: bool, marks: Sequence[Mark] = (), point: int | None = None
    ) -> None:
        """Show a window of bars, the newest at the right; `point` is the time to put the crosshair on."""
        self._bars, self._intraday, self._marks = bars, intraday, marks
        self.set_reactive(Chart.cursor, None)
        if marks:
            self._zoom_to_fit()
        self._regroup()
        if point is not None:
            self.point_at(point)

    def _zoom_to_fit(self) -> None:
        """The nearest zoom at which all bars are in sight."""
        width = self.size.width or 80
        self._zoom = next(
            (n for n, (spacing, size) in enumerate(ZOOMS) if len(self._bars) <= visible_bars(width, spacing) * size),
            len(ZOOMS) - 1,
        )

    def _regroup(self, keep: int | None = None) -> None:
        self._groups = grouped(self._bars, ZOOMS[self._zoom][1])
        self._end = len(self._groups)
        self.draw([bar.ts for bar in self._groups], self._paint)
        if keep is not None:
            self.point_at(keep)

    def action_zoom(self, by: int) -> None:
        chosen = max(0, min(self._zoom + by, len(ZOOMS) - 1))
        if chosen != self._zoom:
            at = int(self.times[self.cursor]) if self.cursor is not None else None
            self._zoom = chosen
            self._regroup(at)

    def _paint(self, width: int, height: int, palette: Palette, cursor: int | None) -> list[Line]:
        if not self._groups:
            return message("no bars", width, height, palette.muted)
        spacing = ZOOMS[self._zoom][0]
        room = visible_bars(width, spacing)
        total = len(self._groups)
        self._end = min(max(self._end, min(room, total)), total)
        if cursor is not None:
            if cursor >= self._end:
                self._end = cursor + 1
            elif cursor < self._end - room:
                self._end = min(total, cursor + room)
        else:
            self._end = total
        marks = self._placed(palette) if self._marks else ()
        return draw_candles(
            self._groups[: self._end], width, height, palette,
            spacing=spacing, cursor=cursor, intraday=self._intraday, marks=marks,
        )  # fmt: skip

    def _placed(self, palette: Palette) -> list[tuple[int, str, str]]:
        import bisect

        return [
            (max(0, bisect.bisect_right(self.times, ts) - 1), letter, palette.resolve(f"bold {style}"))
            for ts, letter, style in self._marks
        ]

    def index_at(self, column: int) -> int | None:
        if not self._groups:
            return None
        spacing = ZOOMS[self._zoom][0]
        first = max(0, self._end - visible_bars(self.size.width, spacing))
        return min(self._end - 1, first + column // spacing)

    def copy_text(self) -> str:
        """The bar under the crosshair."""
        if not self._groups:
            return ""
        from qt_tui import formats

        bar = self._groups[self.cursor if self.cursor is not None else -1]
        prices = "\t".join(formats.price(v) for v in (bar.open, bar.high, bar.low, bar.close))
        return f"{formats.moment(bar.ts, intraday=self._intraday)}\t{prices}\t{bar.volume:.0f}"
