"""From the engine's columns to the bars that charts and tables show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qt_tui.charts.candles import Bar


def bars_of(columns: Any) -> Sequence[Bar]:
    """Rows of anything with columns `ts, open, high, low, close, volume` (arrays of one length)."""
    return [
        Bar(*row)
        for row in zip(
            columns.ts.tolist(), columns.open.tolist(), columns.high.tolist(), columns.low.tolist(),
            columns.close.tolist(), columns.volume.tolist(), strict=True,
        )
    ]  # fmt: skip
