"""Closed round trips: what a person calls a trade, gathered from a run's fills.

A round trip goes from flat to flat in one asset. Its position may be entered and left in several fills, and a change of side
is the end of one round trip and the beginning of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.clock import iso
from qt_engine.data.market import SPLIT, Market
from qt_engine.simulation.contract import Kind, Reason, Side
from qt_engine.strategies.plan import UNLIMITED

TRADE = np.dtype([
    ("asset", "<i8"), ("side", "<i8"), ("quantity", "<f8"), ("entry_ts", "<i8"), ("entry_price", "<f8"), ("exit_ts", "<i8"),
    ("exit_price", "<f8"), ("reason", "<i8"), ("pnl", "<f8"), ("fees", "<f8"), ("bars_held", "<i8"),
])  # fmt: skip
"""A round trip as it is stored; `side` is +1 for a long and -1 for a short, `reason` a `Reason`."""

Rows = NDArray[np.void]
Splits = list[tuple[int, float]]


@dataclass(frozen=True)
class Trade:
    """One closed round trip.

    Attributes
    ----------
    quantity
        All units that were entered (as many have left), positive. After a split: units as they are at the exit.
    entry_time, exit_time
        ISO 8601, UTC: the bars of the first entry and of the last exit.
    entry_price, exit_price
        What was paid and received for a unit, slippage included: means over the fills, weighted by quantity. After a split:
        for a unit as it is at the exit, so that quantity × (exit price − entry price) is the profit before fees.
    exit_reason
        Of the fill that closed the position.
    pnl
        In units of currency, net of `fees`, which are those of all fills; without dividends, borrow and funding.
    bars_held
        Bars in which the asset traded, from the first entry's bar to the last one before the last exit.
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
    order = np.argsort(fills["asset"], kind="stable")
    plain = _in_pairs(fills, order, market)
    rows, first_bars, exits = _paired(fills, order[plain])
    if not plain.all():
        more, more_bars, more_exits = _gathered(fills, order[~plain], market)
        rows, exits = np.concatenate([rows, more]), np.concatenate([exits, more_exits])
        first_bars = np.concatenate([first_bars, more_bars])
    last_bars = fills["bar"][exits]
    for asset in np.unique(rows["asset"]):
        traded = np.concatenate([[0], np.cumsum(~np.isnan(market.open[:, asset]))])
        of_asset = rows["asset"] == asset
        rows["bars_held"][of_asset] = traded[last_bars[of_asset]] - traded[first_bars[of_asset]]
    return rows[np.argsort(exits, kind="stable")]


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


def _in_pairs(fills: Rows, order: NDArray[np.int64], market: Market) -> NDArray[np.bool_]:
    """Which fills, in an order by asset, are of assets that are only ever entered and left in one fill each, without splits."""
    assets = fills["asset"][order]
    starts = np.flatnonzero(np.diff(assets, prepend=-1))
    if not len(starts):
        return np.empty(0, np.bool_)
    lengths = np.diff(starts, append=len(order))
    quantity = fills["quantity"][order]
    leaves = (np.arange(len(order)) - np.repeat(starts, lengths)) % 2 == 1
    expected = (fills["kind"][order] == Kind.EXIT) == leaves
    expected[1:] &= ~leaves[1:] | (quantity[1:] == quantity[:-1])
    simple = np.logical_and.reduceat(expected, starts)
    simple &= ~np.isin(assets[starts], market.actions["asset"][market.actions["kind"] == SPLIT])
    return np.repeat(simple, lengths)


def _paired(fills: Rows, order: NDArray[np.int64]) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
    """Round trips of two fills each (without `bars_held`), the bars of their entries, and the places of their exits."""
    ends = np.flatnonzero(fills["kind"][order] == Kind.EXIT)
    bought, sold = order[ends - 1], order[ends]
    rows = np.zeros(len(ends), TRADE)
    for name, column, places in (
        ("asset", "asset", sold), ("side", "side", bought), ("quantity", "quantity", bought), ("entry_ts", "ts", bought),
        ("entry_price", "price", bought), ("exit_ts", "ts", sold), ("exit_price", "price", sold), ("reason", "reason", sold),
    ):  # fmt: skip
        rows[name] = fills[column][places]
    rows["fees"] = fills["fee"][bought] + fills["fee"][sold]
    # In the order of docs/execution.md, so that the sum agrees with the kernel's.
    rows["pnl"] = rows["side"] * rows["quantity"] * (rows["exit_price"] - rows["entry_price"]) - rows["fees"]
    return rows, fills["bar"][bought], sold


def _gathered(
    fills: Rows, order: NDArray[np.int64], market: Market
) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
    """The same for positions that are entered or left in parts, or split on the way."""
    splits: dict[int, Splits] = {}
    for bar, asset, kind, ratio in market.actions.tolist():
        if kind == SPLIT:
            splits.setdefault(asset, []).append((bar, ratio))
    found: list[tuple[Any, ...]] = []
    bars, exits = [], []
    starts = np.flatnonzero(np.diff(fills["asset"][order], prepend=-1))
    for places in np.split(order, starts[1:]):
        asset = int(fills["asset"][places[0]])
        for row, bar, place in _trips(fills[places], splits.get(asset, [])):
            found.append((asset, *row, 0))
            bars.append(bar)
            exits.append(places[place])
    return np.array(found, TRADE), np.array(bars, np.int64), np.array(exits, np.int64)


def _trips(fills: Rows, splits: Splits) -> Iterator[tuple[tuple[Any, ...], int, int]]:
    """Round trips in the fills of one asset: side to fees of `TRADE`, bar of the first entry, index of the last exit.

    What is booked stands in the order of docs/execution-models.md, so that the profit is the kernel's to the last bit.
    """
    names = ["bar", "ts", "side", "kind", "reason", "quantity", "price", "fee"]
    upcoming = iter([*splits, (UNLIMITED, 1.0)])
    split_bar, ratio = next(upcoming)
    held = price = entered = paid = left = received = realised = entry_fee = exit_fees = 0.0
    side = entry_ts = entry_bar = 0
    for index, (bar, ts, fill_side, kind, reason, size, at, fee) in enumerate(fills[names].tolist()):
        while split_bar <= bar:
            held, entered, left = held * ratio, entered * ratio, left * ratio
            price, paid, received = price / ratio, paid / ratio, received / ratio
            split_bar, ratio = next(upcoming)
        if kind == Kind.ENTRY:
            if held == 0.0:
                side, entry_ts, entry_bar = fill_side, ts, bar
                held = price = entered = paid = left = received = realised = entry_fee = exit_fees = 0.0
            price = (held * price + size * at) / (held + size) if held else at
            paid = (entered * paid + size * at) / (entered + size) if entered else at
            held, entered, entry_fee = held + size, entered + size, entry_fee + fee
            continue
        received = (left * received + size * at) / (left + size) if left else at
        left += size
        realised = realised + side * size * (at - price)
        if size < held:
            held, exit_fees = held - size, exit_fees + fee
            continue
        held = 0.0
        fees = entry_fee + (exit_fees + fee)
        yield (side, entered, entry_ts, paid, ts, received, reason, realised - fees, fees), entry_bar, index
