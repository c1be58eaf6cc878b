"""Candles with volume, prices at the right, dates below, one line above that reads the bar under the crosshair.

Rising candles are drawn with heavy lines, falling ones with full blocks, so that they differ without colour. Each
character holds two steps of price.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qt_tui import formats
from qt_tui.charts.axes import date_axis, row_of, value_axis
from qt_tui.charts.lines import Line, Span, fit, join, message
from qt_tui.charts.palette import Palette
from qt_tui.charts.sparkline import BLOCKS

_RISING = {"1w": "╷", "w1": "╵", "ww": "│", "1b": "╻", "b1": "╹", "bb": "┃", "wb": "╽", "bw": "╿"}
_FALLING = {"1w": "╷", "w1": "╵", "ww": "│", "1b": "▄", "b1": "▀", "bb": "█", "wb": "▄", "bw": "▀"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `ts` is the UTC nanoseconds of its open."""

    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def grouped(bars: Sequence[Bar], size: int) -> list[Bar]:
    """Every `size` bars as one, counted from the last, so that the newest candle is whole."""
    if size <= 1:
        return list(bars)
    groups = []
    first = len(bars) % size
    edges = ([0] if first else []) + list(range(first, len(bars), size))
    for start in edges:
        part = [
            bar for bar in bars[start : start + (first if start == 0 and first else size)] if math.isfinite(bar.close)
        ]
        if part:
            groups.append(
                Bar(
                    part[0].ts, part[0].open, max(b.high for b in part), min(b.low for b in part), part[-1].close,
                    sum(b.volume for b in part if math.isfinite(b.volume)),
                )
            )  # fmt: skip
    return groups


def visible_bars(width: int, spacing: int) -> int:
    """How many candles fit, `spacing` columns each, beside the price axis."""
    return max(1, (width - 10) // spacing)


def draw_candles(
    bars: Sequence[Bar],
    width: int,
    height: int,
    palette: Palette,
    *,
    spacing: int = 2,
    cursor: int | None = None,
    intraday: bool = False,
    marks: Sequence[tuple[int, str, str]] = (),
) -> list[Line]:
    """Draw the last candles that fit into exactly `height` lines of `width` characters.

    Parameters
    ----------
    spacing
        Columns a candle takes, 1 to 3.
    cursor
        Index into `bars` of the bar that is read out and marked; None reads the last one.
    marks
        (index into `bars`, character, style): letters above a bar, such as where a trade was entered.
    """
    volume_rows = max(1, height // 6) if height >= 9 else 0
    rows = height - 2 - volume_rows
    if width < 24 or rows < 3:
        return message("too small to draw", width, height, palette.muted)
    offset = max(0, len(bars) - visible_bars(width, spacing))
    shown = list(bars[offset:])
    finite = [bar for bar in shown if math.isfinite(bar.high) and math.isfinite(bar.low)]
    if not finite:
        return message("no bars", width, height, palette.muted)
    low, high = min(bar.low for bar in finite), max(bar.high for bar in finite)
    if low == high:
        low, high = low * 0.99, high * 1.01 if high else 1.0
    labels = value_axis(low, high, rows)
    gutter = max(max((len(label) for label in labels.values()), default=1), len(formats.price(finite[-1].close))) + 1
    plot = width - gutter
    grid: list[list[Span]] = [[(" ", "")] * plot for _ in range(rows)]
    for row in labels:
        grid[row] = [("┈" if column % 4 == 0 else " ", palette.grid) for column in range(plot)]
    columns = {offset + position: position * spacing for position in range(len(shown)) if position * spacing < plot}
    for index, column in columns.items():
        bar = bars[index]
        if math.isfinite(bar.close):
            _candle(grid, bar, column, low, high, palette)
    for index, letter, style in marks:
        if index in columns and math.isfinite(bars[index].high):
            row = max(0, row_of(bars[index].high, low, high, rows) - 1)
            grid[row][columns[index]] = (letter, style)
    read = cursor if cursor is not None and cursor in columns else None
    if read is not None:
        for row in range(rows):
            if grid[row][columns[read]][0] in " ┈":
                grid[row][columns[read]] = ("┊", palette.accent)
    at = read if read is not None else len(bars) - 1
    lines: list[Line] = [fit(readout(bars, at, palette, intraday=intraday), width)]
    last = bars[-1].close
    last_row = row_of(last, low, high, rows) if math.isfinite(last) else -1
    for row in range(rows):
        label, style = labels.get(row, ""), palette.muted
        if row == last_row:
            label, style = formats.price(last), f"bold {palette.accent}"
        lines.append(fit([*join(grid[row]), (label.rjust(gutter), style)], width))
    lines += _volume(bars, columns, plot, gutter, volume_rows, palette)
    by_column = [shown[min(len(shown) - 1, column // spacing)].ts for column in range(min(plot, len(shown) * spacing))]
    lines.append(fit(date_axis(by_column, plot, palette.muted), width))
    return lines


def readout(bars: Sequence[Bar], index: int, palette: Palette, *, intraday: bool) -> Line:
    """One bar in words: its time, prices, volume and change from the bar before."""
    bar = bars[index]
    before = bars[index - 1].close if index > 0 else math.nan
    change = bar.close / before - 1.0 if before else math.nan
    spans: Line = [(f"{formats.moment(bar.ts, intraday=intraday)}  ", palette.foreground)]
    for name, value in (("O", bar.open), ("H", bar.high), ("L", bar.low), ("C", bar.close)):
        spans += [(f"{name} ", palette.muted), (f"{formats.price(value)} ", palette.foreground)]
    spans += [("V ", palette.muted), (f"{formats.compact(bar.volume)} ", palette.foreground)]
    spans.append((f"{formats.arrow(change)} {formats.percent(change)}", palette.change(change)))
    return spans


def _candle(grid: list[list[Span]], bar: Bar, column: int, low: float, high: float, palette: Palette) -> None:
    steps = len(grid) * 2
    rising = bar.close >= bar.open
    top, bottom = row_of(bar.high, low, high, steps), row_of(bar.low, low, high, steps)
    body_top = row_of(max(bar.open, bar.close), low, high, steps)
    body_bottom = row_of(min(bar.open, bar.close), low, high, steps)
    shapes, style = (_RISING, palette.gain) if rising else (_FALLING, palette.loss)
    for row in range(top // 2, bottom // 2 + 1):
        halves = ""
        for step in (row * 2, row * 2 + 1):
            halves += "b" if body_top <= step <= body_bottom else "w" if top <= step <= bottom else "1"
        if halves != "11":
            grid[row][column] = (shapes[halves], style)


def _volume(
    bars: Sequence[Bar], columns: dict[int, int], plot: int, gutter: int, rows: int, palette: Palette
) -> list[Line]:
    top = max((bars[i].volume for i in columns if math.isfinite(bars[i].volume)), default=0.0)
    lines: list[Line] = []
    for row in range(rows):
        cells: list[Span] = [(" ", "")] * plot
        for index, column in columns.items():
            bar = bars[index]
            if top > 0 and math.isfinite(bar.volume):
                eighths = round(bar.volume / top * rows * 8) - (rows - 1 - row) * 8
                if eighths > 0:
                    style = palette.gain if bar.close >= bar.open else palette.loss
                    cells[column] = (BLOCKS[min(8, eighths) - 1], style)
        label = formats.compact(top) if row == 0 and top > 0 else ""
        lines.append([*join(cells), (label.rjust(gutter), palette.muted)])
    return lines
