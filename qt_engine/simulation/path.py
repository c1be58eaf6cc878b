"""The two paths of the kernel, each as one call: which a run needs, and what it remembers beside `KernelState`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qt_engine.data.market import Market
from qt_engine.simulation import book as at
from qt_engine.simulation import layout
from qt_engine.simulation.contract import EVENT, Event
from qt_engine.simulation.state import KernelState, grown, limits_of, programs_of, settings_of
from qt_engine.simulation.terms import Terms
from qt_engine.strategies.plan import LONG, SHORT, Plan, Protect

ROOM = 64
"""Rows an asset that are made room for at a time."""


@dataclass
class Extra:
    """What the complete path remembers beside `KernelState`."""

    slots: NDArray[np.float64]
    slot_ints: NDArray[np.int64]
    purse: NDArray[np.float64]
    tally: NDArray[np.int64]
    active: NDArray[np.int64]
    events: NDArray[Any]

    @classmethod
    def beside(cls, state: KernelState, cash: float, plan: Plan) -> Extra:
        """What belongs to a state that the simple path has left (or to a new one)."""
        assets = len(state.ints)
        slots, slot_ints = np.zeros((assets, at.SLOT_FLOATS)), np.zeros((assets, at.SLOT_INTS), np.int64)
        slots[:, at.REMAINING : at.STOP_PRICE + 1] = np.nan
        slot_ints[:, at.ARRIVAL] = -(2**62)
        slot_ints[:, at.INSIDE] = -1
        purse, tally = np.zeros(at.PURSE), np.zeros(at.TALLY, np.int64)
        purse[at.DAY_BASE] = cash
        tally[at.MONTH] = -(2**62)
        concerned = (state.floats[:, layout.QUANTITY] != 0.0) | (state.ints[:, layout.PENDING] != 0)
        active = np.flatnonzero(concerned).astype(np.int64)
        tally[at.ACTIVE] = len(active)
        for asset in active.tolist():
            _carry_distances(asset, state.ints[asset], slots[asset], plan)
        held = np.zeros(assets, np.int64)
        held[: len(active)] = active
        return cls(slots, slot_ints, purse, tally, held, np.empty(0, EVENT))

    def partly_realised(self) -> float:
        """Profit of partial exits of positions that are still open, after the fees of these exits."""
        return float((self.slots[:, at.REALISED] - self.slots[:, at.EXIT_FEES]).sum())

    def counters(self) -> dict[str, float]:
        """What the complete path counts beside the simple one."""
        purse, tally = self.purse, self.tally
        return {
            "failed_orders": int(tally[at.FAILED_ORDERS]), "borrow": float(purse[at.BORROW]),
            "funding": float(purse[at.FUNDING]), "interest": float(purse[at.INTEREST]),
            "dividends": float(purse[at.DIVIDENDS]),
        }  # fmt: skip

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state by name."""
        return {"slots": self.slots, "slot_ints": self.slot_ints, "purse": self.purse, "tally": self.tally}


def _carry_distances(asset: int, ints: NDArray[np.int64], slot: NDArray[np.float64], plan: Plan) -> None:
    side, bar = int(ints[layout.PENDING]), int(ints[layout.PENDING_BAR])
    if side not in (1, -1):
        return
    row = LONG if side > 0 else SHORT
    for column in range(3):
        if plan.protect_kind[row, column] == Protect.DISTANCE:
            slot[at.STOP_DISTANCE + column] = plan.distances[int(plan.protect_value[row, column]), bar, asset]


def run_simple(
    state: KernelState, terms: Terms, market: Market, plan: Plan, until: int, equity: NDArray[np.float64]
) -> None:
    """Rules with a fixed slippage and fee."""
    from qt_engine.simulation.kernel import advance

    first = state.bar
    state.reserve(int(np.count_nonzero(plan.entry[max(first - 1, 0) : until])))
    programs, program_start, stack = programs_of(plan)
    advance(
        until, market.ts, market.open, market.high, market.low, market.close, market.sample, market.sample_index,
        plan.entry, signals_of(plan, first, until), plan.exit_long.view(np.int8), plan.exit_short.view(np.int8),
        plan.protect_kind, plan.protect_value, plan.distances, plan.volatility, programs, program_start, plan.program_values,
        plan.program_columns, stack, limits_of(plan), settings_of(plan, terms.execution), state.floats, state.ints,
        state.money, state.run, state.fills, state.orders, equity, True,
    )  # fmt: skip


def run_complete(
    state: KernelState, extra: Extra, terms: Terms, market: Market, plan: Plan, until: int, equity: NDArray[np.float64]
) -> None:
    """Everything."""
    from qt_engine.simulation.book import Book, Tape
    from qt_engine.simulation.complete import advance
    from qt_engine.simulation.wiring import bars_of, decisions_of, model_of

    assets = len(state.ints)
    bars = bars_of(market, terms.execution)
    decisions = decisions_of(plan, signals_of(plan, state.bar, until))
    model = model_of(plan, terms.execution, terms.limits(plan), terms.risk, terms.seed, terms.kill_ts)
    while state.bar < until:
        more = ROOM * (assets + 4) + len(market.actions)
        state.fills = grown(state.fills, int(state.run[layout.FILLS]), more)
        state.orders = grown(state.orders, int(state.run[layout.ORDERS]), more)
        extra.events = grown(extra.events, int(extra.tally[at.EVENTS]), more)
        book = Book(
            state.floats, state.ints, state.money, state.run, extra.slots, extra.slot_ints, extra.purse, extra.tally,
            extra.active,
        )  # fmt: skip
        advance(until, bars, decisions, model, book, Tape(state.fills, state.orders, extra.events, equity), True)


def halt_event(state: KernelState, market: Market, plan: Plan) -> NDArray[Any]:
    """The one event that the simple path knows: the drawdown at which it halted."""
    if not state.run[layout.HALTED]:
        return np.empty(0, EVENT)
    bar = int(state.run[layout.HALT_BAR])
    row = (
        0,
        int(market.ts[bar]),
        bar,
        -1,
        Event.MAX_DRAWDOWN,
        state.money[layout.HALT_DRAWDOWN],
        plan.risk.max_drawdown,
    )
    return np.array([row], EVENT)


def signals_of(plan: Plan, first: int, until: int) -> NDArray[np.int8]:
    """int8 `(T,)`: 1 where any asset has an entry signal, or a target is decided.

    With several assets only bars `first` to `until` are looked at.
    """
    if plan.kind == "portfolio":
        at_bars = np.zeros(until, np.int8)
        at_bars[plan.rebalance[plan.rebalance < until]] = 1
        return at_bars
    if plan.entry.shape[1] == 1:
        return plan.entry.reshape(-1)
    some = np.zeros(len(plan.entry), np.int8)
    plan.entry[first:until].any(axis=1, out=some[first:until].view(np.bool_))
    return some
