"""How often values fall where: one column a bin, the zero bin marked below."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qt_tui import formats
from qt_tui.charts.lines import Line, Span, fit, join, message
from qt_tui.charts.palette import Palette
from qt_tui.charts.sparkline import BLOCKS


def histogram(values: Sequence[float], bins: int) -> tuple[list[int], float, float]:
    """Counts of `bins` equal bins and the range they span; infinite and missing values are left out."""
    finite = [float(v) for v in values if math.isfinite(v)]
    if not finite:
        return [0] * bins, 0.0, 0.0
    low, high = min(finite), max(finite)
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts = [0] * bins
    for value in finite:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    return counts, low, high


def draw_histogram(
    values: Sequence[float], width: int, height: int, palette: Palette, *, percent: bool = False
) -> list[Line]:
    """Bars that grow upward; bins below zero in the colour of losses, above in that of gains."""
    if not any(math.isfinite(v) for v in values):
        return message("nothing to draw yet", width, height, palette.muted)
    rows = height - 1
    if width < 10 or rows < 1:
        return message("too small to draw", width, height, palette.muted)
    counts, low, high = histogram(values, width)
    top = max(counts) or 1
    step = (high - low) / width
    lines: list[Line] = []
    for row in range(rows):
        cells: list[Span] = []
        for position, number in enumerate(counts):
            eighths = round(number / top * rows * 8) - (rows - 1 - row) * 8
            middle = low + (position + 0.5) * step
            text = " " if eighths <= 0 else BLOCKS[min(8, eighths) - 1]
            cells.append((text, palette.change(middle)))
        lines.append(join(cells))
    show = formats.percent if percent else formats.signed
    left, right = show(low), show(high)
    zero = int(-low / step) if low < 0 < high else -1
    axis = [" "] * width
    axis[: len(left)] = left
    axis[width - len(right) :] = right
    if len(left) + 1 < zero < width - len(right) - 1:
        axis[zero] = "0"
    lines.append(fit([("".join(axis), palette.muted)], width))
    return lines
