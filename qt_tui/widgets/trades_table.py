"""Closed round trips; enter on one shows its candles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qt_tui import formats
from qt_tui.charts.palette import NAMES
from qt_tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from qt_engine.evaluation.trades import Trade


def columns(time: int = 10) -> tuple[Column, ...]:
    """The columns; `time` is the width of times."""
    return (
        Column("Symbol", 8, grow=True), Column("Side", 5), Column("Entry", time), Column("Price", 9, "right"),
        Column("Exit", time), Column("Price", 9, "right"), Column("P&L", 13, "right"), Column("Why", 13, grow=True),
        Column("Bars", 5, "right"), Column("Quantity", 12, "right"), Column("Fees", 9, "right"),
    )  # fmt: skip


class TradesTable(Table):
    """Rows are keyed by their position."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(columns(), empty="no run chosen", id=id)
        self._trades: Sequence[Trade] = ()

    def show_trades(self, trades: Sequence[Trade], *, empty: str) -> None:
        """Fill anew."""
        self._trades = trades
        palette = NAMES
        times = (formats.time_of(time) for trade in trades for time in (trade.entry_time, trade.exit_time))
        self.columns = columns(16 if any(len(time) > 10 for time in times) else 10)
        self.show(
            (
                Row(
                    str(number),
                    [
                        trade.symbol, trade.side, formats.time_of(trade.entry_time)[:16], formats.price(trade.entry_price),
                        formats.time_of(trade.exit_time)[:16], formats.price(trade.exit_price),
                        (f"{formats.arrow(trade.pnl)} {formats.signed(trade.pnl)}", palette.change(trade.pnl)),
                        trade.exit_reason.replace("_", " "), str(trade.bars_held), formats.number(trade.quantity, 4),
                        formats.number(trade.fees),
                    ],
                    figures={"pnl": trade.pnl, "bars": float(trade.bars_held), "fees": trade.fees},
                )
                for number, trade in enumerate(trades)
            ),
            empty=empty,
        )  # fmt: skip

    def trade(self, key: str) -> Trade | None:
        """The trade of a row."""
        return self._trades[int(key)] if key.isdigit() and int(key) < len(self._trades) else None
