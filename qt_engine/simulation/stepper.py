"""`Stepper` carries a run forward by any number of bars; `simulate` is one that takes all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import hash_arrays
from qt_engine.data.market import Market
from qt_engine.simulation import layout as at
from qt_engine.simulation.contract import FILL, ORDER, Execution, SimResult, Status
from qt_engine.simulation.state import (
    KernelState,
    counters_of,
    limits_of,
    open_positions_of,
    programs_of,
    settings_of,
)  # fmt: skip
from qt_engine.strategies.plan import Plan


@dataclass(frozen=True)
class StepDelta:
    """What happened between two bars: new `fills` and `orders` (dtypes `FILL`, `ORDER`), `equity` at each close."""

    first: int
    last: int
    fills: NDArray[Any]
    orders: NDArray[Any]
    equity: NDArray[np.float64]


class Stepper:
    """One run of the kernel, advanced bar by bar or in chunks of any length with the same bytes.

    Parameters
    ----------
    assets
        Number of assets of the markets that will be given.
    execution, cash
        As in `SimInput`.
    """

    def __init__(self, assets: int, execution: Execution, cash: float) -> None:
        self.execution = execution
        self.cash = cash
        self._state = KernelState.start(assets, cash)
        self._equity = np.empty(0)
        self._market: Market | None = None

    @property
    def bar(self) -> int:
        """How many bars have been seen."""
        return self._state.bar

    def advance(self, market: Market, plan: Plan, until: int | None = None) -> StepDelta:
        """Run up to bar `until` (exclusive; default all) of a market that begins with the bars seen so far.

        Raises
        ------
        InputError
            If the market or plan is shorter than `until`, or of another number of assets.
        """
        from qt_engine.simulation.kernel import advance

        until = len(market) if until is None else until
        state, first = self._state, self._state.bar
        if (
            market.close.shape != plan.entry.shape
            or market.close.shape[1] != len(state.ints)
            or not first <= until <= len(market)
        ):
            raise InputError(f"cannot advance from bar {first} to {until} on a market of shape {market.close.shape}")
        signals = _signals(plan, first, until)
        state.reserve(int(np.count_nonzero(plan.entry[max(first - 1, 0) : until])))
        if len(self._equity) < until:
            self._equity = _longer(self._equity, first, until)
        fills_before, orders_before = int(state.run[at.FILLS]), int(state.run[at.ORDERS])
        programs, program_start, stack = programs_of(plan)
        advance(
            until, market.ts, market.open, market.high, market.low, market.close, market.sample, market.sample_index,
            plan.entry, signals, plan.exit_long.view(np.int8), plan.exit_short.view(np.int8), plan.protect_kind,
            plan.protect_value, plan.distances, plan.volatility, programs, program_start, plan.program_values,
            plan.program_columns, stack, limits_of(plan), settings_of(plan, self.execution), state.floats,
            state.ints, state.money, state.run, state.fills, state.orders, self._equity, True,
        )  # fmt: skip
        self._market = market
        return StepDelta(
            first, until,
            state.fills[fills_before : int(state.run[at.FILLS])], state.orders[orders_before : int(state.run[at.ORDERS])],
            self._equity[first:until],
        )  # fmt: skip

    def equity(self) -> float:
        """Equity at the last close seen; the capital before the first."""
        return float(self._equity[self.bar - 1]) if self.bar else self.cash

    def state_hash(self) -> str:
        """Names the exact state: equal for equal runs, whatever the steps."""
        state = self._state
        arrays = {"floats": state.floats, "ints": state.ints, "money": state.money, "run": state.run}
        return hash_arrays(arrays)

    def positions(self) -> list[dict[str, Any]]:
        """Open positions as plain values, in the order of the assets; see `OpenPosition`."""
        if self._market is None:
            return []
        return [dict(vars(position)) for position in open_positions_of(self._state, self._market)]

    def pending(self) -> list[dict[str, Any]]:
        """Orders on their way to the next open: `order`, `asset`, `side` (+1, -1) and `kind`."""
        found = []
        for asset, ints in enumerate(self._state.ints):
            if ints[at.PENDING]:
                leaving = int(ints[at.PENDING]) == at.EXIT_ORDER
                held = self._state.floats[asset, at.QUANTITY]
                side = (-1 if held > 0 else 1) if leaving else int(ints[at.PENDING])
                found.append({
                    "order": int(ints[at.PENDING_ORDER]), "asset": asset, "side": side,
                    "kind": "exit" if leaving else "entry", "decided_bar": int(ints[at.PENDING_BAR]),
                })  # fmt: skip
        return found

    def result(self) -> SimResult:
        """The run up to now as a finished one: orders still pending are expired, open positions stay open."""
        state = self._state
        orders: NDArray[Any] = state.orders[: int(state.run[at.ORDERS])].copy()
        orders["status"][orders["status"] == Status.PENDING] = Status.EXPIRED
        positions = open_positions_of(state, self._market) if self._market is not None else ()
        return SimResult(
            fills=state.fills[: int(state.run[at.FILLS])].copy(),
            orders=orders,
            equity=self._equity[: self.bar],
            counters=counters_of(state, self.cash, self.equity()),
            open_positions=positions,
            cash=float(state.money[at.CASH]),
        )


def _signals(plan: Plan, first: int, until: int) -> NDArray[np.int8]:
    """int8 `(T,)`: 1 where any asset has an entry signal; with several assets only bars `first` to `until` are looked at."""
    if plan.entry.shape[1] == 1:
        return plan.entry.reshape(-1)
    some = np.zeros(len(plan.entry), np.int8)
    plan.entry[first:until].any(axis=1, out=some[first:until].view(np.bool_))
    return some


def _longer(curve: NDArray[np.float64], used: int, bars: int) -> NDArray[np.float64]:
    larger = np.empty(max(bars, 2 * used))
    larger[:used] = curve[:used]
    return larger


__all__ = ["FILL", "ORDER", "StepDelta", "Stepper"]
