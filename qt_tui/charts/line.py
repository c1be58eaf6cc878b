"""Line charts in braille: one or many series over one time axis, numbers at the right, dates below.

plotext would draw the same, but costs 140 ms to import while the app runs and knows no crosshair; this renderer
draws 100,000 points in a few milliseconds and is a pure function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qt_tui import formats
from qt_tui.charts.axes import date_axis, extent, row_of, value_axis
from qt_tui.charts.canvas import Canvas
from qt_tui.charts.decimate import Bucket, column_index, decimate
from qt_tui.charts.lines import Line, fit, join, message
from qt_tui.charts.palette import Palette

TAGS = "ABCDEFGHIJKLMNOP"


@dataclass(frozen=True)
class Curve:
    """One series; `values` may hold NaN, and is as long as the chart's `times`."""

    label: str
    values: Sequence[float]


def draw_lines(
    curves: Sequence[Curve],
    times: Sequence[int],
    width: int,
    height: int,
    palette: Palette,
    *,
    percent: bool = False,
    baseline: float | None = None,
    fill: bool = False,
    cursor: int | None = None,
    colour: str | None = None,
    legend: bool | None = None,
) -> list[Line]:
    """Draw `curves` into exactly `height` lines of `width` characters.

    Parameters
    ----------
    times
        UTC nanoseconds of each point, shared by all curves.
    percent
        Values are fractions and are labelled as percentages.
    baseline
        A value at which a dotted line is drawn, such as the capital at the start.
    fill
        Fill between the curve and the upper edge: for drawdowns.
    cursor
        Index of the point under the crosshair, or None.
    colour
        Colour of a single curve in place of the palette's first.
    legend
        Whether a first line names the curves; by default where there is more than one.
    """
    named = legend if legend is not None else len(curves) > 1
    total = max((len(curve.values) for curve in curves), default=0)
    rows = height - 1 - int(named)
    if width < 16 or rows < 2:
        return message("too small to draw", width, height, palette.muted)
    if total == 0:
        return message("nothing to draw yet", width, height, palette.muted)
    buckets = [decimate(curve.values, (width - 8) * 2) for curve in curves]
    bounds = extent([[v for bucket in series for v in bucket[:2]] for series in buckets])
    if bounds is None:
        return message("no finite values", width, height, palette.muted)
    low, high = bounds
    if baseline is not None:
        low, high = min(low, baseline), max(high, baseline)
    labels = value_axis(low, high, rows, percent=percent)
    gutter = max((len(label) for label in labels.values()), default=1) + 1
    plot = width - gutter
    if plot * 2 != (width - 8) * 2:
        buckets = [decimate(curve.values, plot * 2) for curve in curves]
    canvas = Canvas(plot, rows)
    if baseline is not None and low < baseline < high:
        y = row_of(baseline, low, high, canvas.rows)
        for x in range(0, canvas.columns, 4):
            canvas.dot(x, y, palette.grid)
    for index, series in enumerate(buckets):
        style = colour or palette.line(index)
        _trace(canvas, series, low, high, style, fill=fill)
    if len(curves) > 1:
        _tag(canvas, buckets, low, high, palette)
    if cursor is not None:
        column = _column_of(cursor, plot * 2, total) // 2
        for row in range(rows):
            if canvas.is_empty(column, row):
                canvas.letter(column, row, "┊", palette.accent)
    lines: list[Line] = []
    if named:
        lines.append(fit(_legend(curves, palette, cursor, percent=percent), width))
    for row in range(rows):
        label = labels.get(row, "")
        lines.append(fit([*canvas.row(row), (label.rjust(gutter), palette.muted)], width))
    shown = [times[column_index(c * 2 + 1, plot * 2, len(times))] for c in range(plot)] if len(times) else []
    lines.append(fit(date_axis(shown, plot, palette.muted), width))
    return lines


def index_at(column: int, width: int, total: int) -> int:
    """The point under a text column of a plot `width` characters wide."""
    return column_index(min(width - 1, max(0, column)) * 2 + 1, width * 2, total)


def _column_of(index: int, columns: int, total: int) -> int:
    if total <= 1:
        return 0
    return round(index * (columns - 1) / (total - 1))


def _trace(canvas: Canvas, series: Sequence[Bucket], low: float, high: float, style: str, *, fill: bool) -> None:
    before: tuple[int, int] | None = None
    for position, (least, most, last) in enumerate(series):
        if math.isnan(last):
            before = None
            continue
        x = _column_of(position, canvas.columns, len(series)) if len(series) < canvas.columns else position
        y = row_of(last, low, high, canvas.rows)
        if before is None:
            canvas.dot(x, y, style)
        else:
            canvas.line(*before, x, y, style)
        if least != most:
            canvas.vertical(x, row_of(most, low, high, canvas.rows), row_of(least, low, high, canvas.rows), style)
        if fill:
            start = x if before is None else before[0] + 1
            for filled in range(start, x + 1):
                canvas.vertical(filled, 0, y, style)
        before = (x, y)


def _tag(canvas: Canvas, buckets: Sequence[Sequence[Bucket]], low: float, high: float, palette: Palette) -> None:
    """A letter at the end of each curve, so that curves are told apart without colour."""
    taken: set[int] = set()
    for index, series in enumerate(buckets):
        finite = [bucket[2] for bucket in series if not math.isnan(bucket[2])]
        if not finite:
            continue
        row = row_of(finite[-1], low, high, canvas.height)
        while row in taken and row + 1 < canvas.height:
            row += 1
        taken.add(row)
        canvas.letter(canvas.width - 1, row, TAGS[index % len(TAGS)], f"bold {palette.line(index)}")


def _legend(curves: Sequence[Curve], palette: Palette, cursor: int | None, *, percent: bool) -> Line:
    cells: Line = []
    for index, curve in enumerate(curves):
        values = curve.values
        at = len(values) - 1 if cursor is None else min(cursor, len(values) - 1)
        value = float(values[at]) if at >= 0 else math.nan
        shown = formats.percent(value) if percent else formats.number(value)
        tag = f"{TAGS[index % len(TAGS)]} " if len(curves) > 1 else ""
        cells.append((f"{tag}{curve.label} {shown}   ", palette.line(index)))
    return join(cells)
