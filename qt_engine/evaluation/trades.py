"""Closed round trips: what a person calls a trade, paired from a run's fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.data.market import Market
from qt_engine.simulation.contract import Kind, Reason, Side

TRADE = np.dtype([
    ("asset", "<i8"), ("side", "<i8"), ("quantity", "<f8"), ("entry_ts", "<i8"), ("entry_price", "<f8"), ("exit_ts", "<i8"),
    ("exit_price", "<f8"), ("reason", "<i8"), ("pnl", "<f8"), ("fees", "<f8"), ("bars_held", "<i8"),
])  # fmt: skip
"""A round trip as it is stored; `side` is +1 for a long and -1 for a short, `reason` a `Reason`."""


@dataclass(frozen=True)
class Trade:
    """One closed round trip.

    Attributes
    ----------
    quantity
        Units, positive.
    entry_time, exit_time
        ISO 8601, UTC: a bar's open for fills at the open, its close for fills inside the bar.
    entry_price, exit_price
        What was paid and received: slippage included.
    pnl
        In units of currency, net of `fees`, which are those of both fills.
    bars_held
        Bars in which the asset traded, from the entry bar to the last one before the exit.
    """

    symbol: str
    side: Literal["long", "short"]
    quantity: float
    entry_time: str
    entry_price: float
    exit_time: str
    exit_price: float
    exit_reason: str
    pnl: float
    fees: float
    bars_held: int

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def round_trips(fills: NDArray[np.void], market: Market) -> list[Trade]:
    """The closed round trips of a run, in the order of their exits.

    Parameters
    ----------
    fills
        Dtype `FILL`, in the order of their sequence.
    market
        The market the run was made on.
    """
    return trades_of(trade_rows(fills, market), market.symbols)


def trade_rows(fills: NDArray[np.void], market: Market) -> NDArray[np.void]:
    """The closed round trips as an array of dtype `TRADE`, in the order of their exits."""
    entries, exits = _pairs(fills)
    bought, sold = fills[entries], fills[exits]
    rows = np.zeros(len(exits), TRADE)
    rows["asset"] = sold["asset"]
    rows["side"] = bought["side"]
    for name, column, source in (
        ("quantity", "quantity", bought), ("entry_ts", "ts", bought), ("entry_price", "price", bought),
        ("exit_ts", "ts", sold), ("exit_price", "price", sold), ("reason", "reason", sold),
    ):  # fmt: skip
        rows[name] = source[column]
    rows["fees"] = bought["fee"] + sold["fee"]
    # In the order of docs/execution.md, so that the sum agrees with the kernel's.
    rows["pnl"] = rows["side"] * rows["quantity"] * (rows["exit_price"] - rows["entry_price"]) - rows["fees"]
    for asset in np.unique(rows["asset"]):
        traded = np.concatenate([[0], np.cumsum(~np.isnan(market.open[:, asset]))])
        of_asset = rows["asset"] == asset
        rows["bars_held"][of_asset] = traded[sold["bar"][of_asset]] - traded[bought["bar"][of_asset]]
    return rows


def trades_of(rows: NDArray[np.void], symbols: Sequence[str]) -> list[Trade]:
    """Stored round trips (dtype `TRADE`) as objects."""
    return [
        Trade(
            symbol=symbols[asset], side="long" if side == Side.BUY else "short", quantity=quantity,
            entry_time=iso(entry_ts), entry_price=entry_price, exit_time=iso(exit_ts), exit_price=exit_price,
            exit_reason=Reason(reason).name.lower(), pnl=pnl, fees=fees, bars_held=bars_held,
        )
        for asset, side, quantity, entry_ts, entry_price, exit_ts, exit_price, reason, pnl, fees, bars_held in rows.tolist()
    ]  # fmt: skip


def _pairs(fills: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of each exit and of the entry it closes: an asset's fills alternate between the two."""
    by_asset = np.argsort(fills["asset"], kind="stable")
    leaving = fills["kind"][by_asset] == Kind.EXIT
    places = np.flatnonzero(leaving)
    exits = by_asset[places]
    order = np.argsort(exits, kind="stable")
    return by_asset[places - 1][order], exits[order]
