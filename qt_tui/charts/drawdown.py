"""The loss from the highest value so far, as a filled area that hangs from zero."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qt_tui.charts.line import Curve, draw_lines
from qt_tui.charts.lines import Line
from qt_tui.charts.palette import Palette


def drawdown(equity: Sequence[float]) -> Sequence[float]:
    """Fractions at or below zero, one a point of the equity curve."""
    if len(equity) > 4096:
        import numpy as np

        curve = np.asarray(equity, dtype=np.float64)
        return list((curve / np.maximum.accumulate(curve) - 1.0).tolist())
    losses, peak = [], -math.inf
    for value in equity:
        peak = max(peak, float(value))
        losses.append(float(value) / peak - 1.0 if peak > 0 else math.nan)
    return losses


def draw_drawdown(
    equity: Sequence[float],
    times: Sequence[int],
    width: int,
    height: int,
    palette: Palette,
    *,
    cursor: int | None = None,
) -> list[Line]:
    """Draw the drawdown of an equity curve; see `draw_lines` for the frame."""
    losses = drawdown(equity)
    return draw_lines(
        [Curve("drawdown", losses)], times, width, height, palette,
        percent=True, baseline=0.0, fill=True, cursor=cursor, colour=palette.loss,
    )  # fmt: skip
