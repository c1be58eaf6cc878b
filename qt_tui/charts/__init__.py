"""Charts as pure functions: data, width, height and palette in, lines of styled text out."""

from qt_tui.charts.candles import Bar, draw_candles, grouped, visible_bars
from qt_tui.charts.drawdown import draw_drawdown, drawdown
from qt_tui.charts.histogram import draw_histogram
from qt_tui.charts.line import Curve, draw_lines, index_at
from qt_tui.charts.lines import Line, Span, as_text, fit, message
from qt_tui.charts.palette import Palette
from qt_tui.charts.sparkline import draw_sparkline, sparkline

__all__ = [
    "Bar",
    "Curve",
    "Line",
    "Palette",
    "Span",
    "as_text",
    "draw_candles",
    "draw_drawdown",
    "draw_histogram",
    "draw_lines",
    "draw_sparkline",
    "drawdown",
    "fit",
    "grouped",
    "index_at",
    "message",
    "sparkline",
    "visible_bars",
]
