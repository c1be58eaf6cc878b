"""From the engine's columns to the bars that charts and tables show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qt_engine.core.intervals import interval_ns
from qt_tui.charts.candles import Bar

if TYPE_CHECKING:
    from qt_engine.workspace import Workspace


def bars_of(columns: Any) -> Sequence[Bar]:
    """Rows of anything with columns `ts, open, high, low, close, volume` (arrays of one length)."""
    return [
        Bar(*row)
        for row in zip(
            columns.ts.tolist(), columns.open.tolist(), columns.high.tolist(), columns.low.tolist(),
            columns.close.tolist(), columns.volume.tolist(), strict=True,
        )
    ]  # fmt: skip


def bars_around(workspace: Workspace, symbol: str, interval: str, first: int, last: int, margin: int) -> Sequence[Bar]:
    """Bars from about `margin` bars before one time to as many after another (UTC nanoseconds)."""
    # Exchanges are closed more than half of the time, so twice the calendar time holds about the bars wanted.
    reach = 2 * margin * interval_ns(interval)
    return bars_of(workspace.data.bars(symbol, interval, start=first - reach, end=last + reach))
