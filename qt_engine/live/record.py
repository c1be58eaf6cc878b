"""What a session wrote down: one `bars` entry of the journal after every bar, or after a lot of them.

An entry holds all that happened in its bars: what was decided, what was filled, which limits were reached, equity at each
close, and the state that the kernel was left in (its hash, and positions and pending orders for people). It is on disk
before the next bar is looked at. `SessionRecord` gathers the entries again: for whoever watches, for going on after a kill,
and for the proof that the session and a backtest are the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qt_engine.storage.journal import Entry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qt_engine.data.market import Market
    from qt_engine.simulation.stepper import StepDelta, Stepper

BARS = "bars"
PENDING = 0
"""Status of an order that nothing has become of yet, as in `qt_engine.simulation.contract.Status`."""
ID, STATUS, FILL_BAR = 0, 6, 7
"""Places in the row of an order."""
Row = Sequence[Any]


def bars_entry(delta: StepDelta, stepper: Stepper, market: Market, waiting: Mapping[int, Row]) -> dict[str, Any]:
    """What is to be written down after a step.

    Parameters
    ----------
    delta, stepper
        The step, and who took it.
    market
        The bars it was taken on.
    waiting
        The orders that were pending before the step, by id, as they were written down last.
    """
    result = stepper.result()
    # The rest of a protective exit has no number; it stands in no row of the orders.
    pending = {order["order"] for order in stepper.pending() if order["order"] >= 0}
    rows = [_status_row(result.orders[number].tolist(), pending) for number in waiting]
    return {
        "first": delta.first,
        "last": delta.last,
        "ts": market.ts[delta.first : delta.last].tolist(),
        "equity": delta.equity.tolist(),
        "fills": [list(row) for row in delta.fills.tolist()],
        "orders": [
            _status_row(row, pending) for row in result.orders[len(result.orders) - len(delta.orders) :].tolist()
        ],
        "settled": [row for row in rows if row != list(waiting[row[ID]])],
        "positions": stepper.positions(),
        "pending": sorted(pending),
        "events": [writable(row) for row in delta.events.tolist()],
        "cash": result.cash,
        "realised_pnl": result.realised_pnl,
        "state": stepper.state_hash(),
    }


@dataclass
class SessionRecord:
    """All that is known of a session from its journal.

    Attributes
    ----------
    bars
        How many bars are acknowledged.
    ts, equity
        UTC nanoseconds of each bar, and equity at its close.
    fills, orders
        Rows with the fields of `FILL` and `ORDER`; the index of an order is its id.
    events
        Rows with the fields of `EVENT`; a number that is not finite (the bound, where there is no limit) is a text.
    positions, pending, cash, realised_pnl, state
        As the last entry has them; `realised_pnl` is of closed round trips and partial exits, after their fees.
    """

    bars: int = 0
    ts: list[int] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    fills: list[list[Any]] = field(default_factory=list)
    orders: list[list[Any]] = field(default_factory=list)
    events: list[list[Any]] = field(default_factory=list)
    positions: list[dict[str, Any]] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    cash: float | None = None
    realised_pnl: float = 0.0
    state: str | None = None

    def add(self, entries: Sequence[Entry]) -> SessionRecord:
        """Take in what the journal says next."""
        for entry in entries:
            if entry.kind == BARS:
                self._add(entry.data)
        return self

    def _add(self, data: dict[str, Any]) -> None:
        self.ts += data["ts"]
        self.equity += data["equity"]
        self.fills += data["fills"]
        for row in data["settled"]:
            self.orders[row[ID]] = row
        self.orders += data["orders"]
        self.events += data.get("events", [])  # journals from before there were events have none
        self.positions, self.pending = data["positions"], data["pending"]
        self.cash, self.realised_pnl, self.state = (
            data["cash"],
            data["realised_pnl"],
            data["state"],
        )
        self.bars = data["last"]

    def fill_rows(self) -> NDArray[np.void]:
        """The fills with dtype `FILL`."""
        import numpy as np

        from qt_engine.simulation.contract import FILL

        return np.array([tuple(row) for row in self.fills], FILL)

    def order_rows(self) -> NDArray[np.void]:
        """The orders with dtype `ORDER`; those still pending count as expired (partial), as at the end of a backtest."""
        import numpy as np

        from qt_engine.simulation.contract import ORDER, Status

        rows = np.array([tuple(row) for row in self.orders], ORDER)
        waiting = rows["status"] == Status.PENDING
        rows["status"][waiting] = np.where(rows["fill_bar"][waiting] >= 0, Status.PARTIAL, Status.EXPIRED)
        return rows

    def event_rows(self) -> NDArray[np.void]:
        """The events with dtype `EVENT`."""
        import numpy as np

        from qt_engine.simulation.contract import EVENT

        return np.array([(*row[:-2], float(row[-2]), float(row[-1])) for row in self.events], EVENT)

    def waiting(self) -> dict[int, list[Any]]:
        """The orders on their way, by id."""
        return {number: self.orders[number] for number in self.pending}

    def equity_rows(self) -> NDArray[np.void]:
        """Equity at the close of each bar, with fields `ts` and `equity`."""
        import numpy as np

        rows = np.zeros(len(self.equity), [("ts", "<i8"), ("equity", "<f8")])
        rows["ts"], rows["equity"] = self.ts, self.equity
        return rows


def _status_row(row: Row, pending: set[int]) -> list[Any]:
    """An order's row from a finished result, where what is pending counts as expired, as it really stands."""
    return [*row[:STATUS], PENDING if row[ID] in pending else row[STATUS], *row[STATUS + 1 :]]


def writable(event: Row) -> list[Any]:
    """JSON has no NaN."""
    return [str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in event]
