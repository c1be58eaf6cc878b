"""Equity curves: one against its starting capital, or several overlaid as returns; and the drawdown of one."""

from __future__ import annotations

from collections.abc import Sequence

from qt_tui.charts import Curve, Line, Palette, draw_drawdown, draw_lines
from qt_tui.widgets.chart import Chart


class EquityChart(Chart):
    """One curve in units of currency, or several as percent since their start."""

    def show_curve(self, times: Sequence[int], equity: Sequence[float], label: str = "equity") -> None:
        """One curve; the dotted line is the first value."""
        start = float(equity[0]) if len(equity) else None

        def paint(width: int, height: int, palette: Palette, cursor: int | None) -> list[Line]:
            return draw_lines(
                [Curve(label, equity)], times, width, height, palette, baseline=start, cursor=cursor, legend=True
            )

        self.draw(times, paint)

    def show_returns(self, times: Sequence[int], curves: Sequence[Curve]) -> None:
        """Several curves of returns over one time axis."""

        def paint(width: int, height: int, palette: Palette, cursor: int | None) -> list[Line]:
            return draw_lines(
                curves, times, width, height, palette, percent=True, baseline=0.0, cursor=cursor, legend=True
            )

        self.draw(times, paint)


class DrawdownChart(Chart):
    """The drawdown of an equity curve."""

    def show_curve(self, times: Sequence[int], equity: Sequence[float]) -> None:
        """Draw the loss from the peak so far."""

        def paint(width: int, height: int, palette: Palette, cursor: int | None) -> list[Line]:
            return draw_drawdown(equity, times, width, height, palette, cursor=cursor)

        self.draw(times, paint)
