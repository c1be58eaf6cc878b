"""A row of eight-step blocks: the shape of a price in a list."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qt_tui.charts.lines import Line
from qt_tui.charts.palette import Palette

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """The last value of each of `width` parts as a block; fewer values give a shorter row."""
    total = len(values)
    if total == 0 or width <= 0:
        return ""
    wanted = min(width, total)
    chosen = [float(values[(i + 1) * total // wanted - 1]) for i in range(wanted)]
    finite = [v for v in chosen if math.isfinite(v)]
    if not finite:
        return " " * wanted
    low, high = min(finite), max(finite)
    span = high - low
    steps = len(BLOCKS) - 1
    return "".join(
        " " if not math.isfinite(v) else BLOCKS[round((v - low) / span * steps) if span > 0 else steps // 2]
        for v in chosen
    )


def draw_sparkline(values: Sequence[float], width: int, height: int, palette: Palette) -> list[Line]:
    """As `sparkline`, in the colour of the change from first to last; `height` lines, the last one filled."""
    finite = [float(v) for v in values if math.isfinite(v)]
    change = finite[-1] - finite[0] if finite else None
    text = sparkline(values, width).ljust(width)
    blank: Line = [(" " * width, "")]
    return [blank for _ in range(height - 1)] + [[(text, palette.change(change))]]
